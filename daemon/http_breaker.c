#include "http_breaker.h"

void
breaker_init(struct breaker *b, const struct breaker_settings *set)
{
	*b = (struct breaker){ .set = *set, .wait_s = set->probe_s };
	if (b->set.window > BREAKER_WINDOW_MAX)
		b->set.window = BREAKER_WINDOW_MAX;
}

int64_t
breaker_wait_ms(const struct breaker *b, int64_t now_ms)
{
	switch (b->state) {
	case BREAKER_CLOSED:
		return 0;
	case BREAKER_OPEN:
		return b->until_ms > now_ms ? b->until_ms - now_ms : 0;
	case BREAKER_PROBING:
		return BREAKER_WAIT_FOR_PROBE;
	}
	return 0;
}

bool
breaker_begin(struct breaker *b)
{
	if (b->state != BREAKER_OPEN)
		return false;
	b->state = BREAKER_PROBING;
	return true;
}

static void
open_for(struct breaker *b, long wait_s, int64_t now_ms)
{
	b->state = BREAKER_OPEN;
	b->wait_s = wait_s < b->set.probe_max_s ? wait_s : b->set.probe_max_s;
	b->until_ms = now_ms + 1000 * (int64_t)b->wait_s;
}

/* Forgets the past: what comes next is judged by itself. */
static void
close_again(struct breaker *b)
{
	const struct breaker_settings set = b->set;

	breaker_init(b, &set);
}

static void
end_probe(struct breaker *b, enum breaker_result result, int64_t now_ms)
{
	switch (result) {
	case BREAKER_GOOD:
		close_again(b);
		break;
	case BREAKER_BAD:
		open_for(b, b->wait_s * 2, now_ms);
		break;
	case BREAKER_NEITHER:
		b->state = BREAKER_OPEN;	/* the next one probes */
		break;
	}
}

static bool
too_many_of_the_last(const struct breaker *b)
{
	const int n = b->set.window;
	const uint64_t mask =
	    n >= BREAKER_WINDOW_MAX ? UINT64_MAX : ((uint64_t)1 << n) - 1;

	return n > 0 && b->n_results >= n &&
	    __builtin_popcountll(b->bad & mask) * 100 >= b->set.percent * n;
}

static void
note(struct breaker *b, bool bad)
{
	b->bad = b->bad << 1 | bad;
	if (b->n_results < BREAKER_WINDOW_MAX)
		b->n_results++;
	b->in_a_row = bad ? b->in_a_row + 1 : 0;
}

void
breaker_end(struct breaker *b, bool is_probe, enum breaker_result result,
    int64_t now_ms)
{
	if (b->set.in_a_row <= 0)
		return;
	if (is_probe) {
		end_probe(b, result, now_ms);
		return;
	}
	/* What was under way when it opened proves nothing new. */
	if (result == BREAKER_NEITHER || b->state != BREAKER_CLOSED)
		return;
	note(b, result == BREAKER_BAD);
	if (result == BREAKER_BAD &&
	    (b->in_a_row >= b->set.in_a_row || too_many_of_the_last(b)))
		open_for(b, b->set.probe_s, now_ms);
}
