/*
 * faultproxy_rule.c - what of a stream may pass: units of bytes or messages,
 * each shown to the rules.
 */
#include <string.h>
#include <time.h>

#include "faultproxy_int.h"

#define HOLD_MS 20	/* how long the begin of a text waits for its end */
#define SSL_REQUEST 80877103u
#define GSS_REQUEST 80877104u

int64_t
faultproxy_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- a rule happens ------------------------------------------------------ */
/* Its count says whether this is the one. */
static bool
is_its_turn(struct armed *armed)
{
	const int nth = armed->rule.nth < 1 ? 1 : armed->rule.nth;

	armed->met++;
	return armed->met == nth || (armed->rule.again && armed->met > nth);
}

/* size = of the unit that met it, which stands behind what is clear. */
static void
happen(struct faultproxy *p, struct link *link, const struct armed *armed,
    size_t size)
{
	const enum faultproxy_way way = armed->rule.way;
	struct lane *lane = &link->lane[way];

	p->seen.fired++;
	if (armed->rule.what == FAULTPROXY_DELAY) {
		lane->release_ms = faultproxy_now_ms() + armed->rule.delay_ms;
		return;
	}
	if (armed->rule.when != FAULTPROXY_BEFORE) {
		lane->clear += size;
		lane->passed += (long long)size;
	}
	link->swallow = armed->rule.when == FAULTPROXY_REPLY;
	link->end_rule = armed->rule;
	link->end = &link->end_rule;
	link->end_way = way;
}

static void
pass(struct lane *lane, size_t size)
{
	lane->clear += size;
	lane->passed += (long long)size;
}

/* ---- bytes --------------------------------------------------------------- */
/* How many of the last bytes could be the begin of the text. */
static size_t
begun(const unsigned char *s, size_t len, const char *text)
{
	size_t n = strlen(text) - 1;

	if (n > len)
		n = len;
	while (n > 0 && memcmp(s + len - n, text, n) != 0)
		n--;
	return n;
}

struct hit {
	struct armed *armed;
	size_t at, size;	/* from what is not clear yet */
};

static bool
hit_text(const struct lane *lane, struct armed *armed, struct hit *hit)
{
	const char *text = armed->rule.text;
	const unsigned char *s = lane->buf + lane->clear;
	const unsigned char *at = memmem(s, lane->len - lane->clear, text,
	    strlen(text));

	*hit = (struct hit){ armed, at == NULL ? 0 : (size_t)(at - s),
		strlen(text) };
	return at != NULL;
}

static bool
hit_bytes(const struct link *link, const struct lane *lane,
    struct armed *armed, size_t index, struct hit *hit)
{
	const long long left = armed->rule.bytes - lane->passed;
	const long long have = (long long)(lane->len - lane->clear);

	*hit = (struct hit){ armed, left < 0 ? 0 : (size_t)left, 0 };
	return !link->met[index] && left >= 0 &&
	    (armed->rule.bytes == 0 ? have > 0 : left <= have);
}

/* The first place where a rule is met. */
static bool
hit_find(struct faultproxy *p, const struct link *link, const struct lane *lane,
    enum faultproxy_way way, struct hit *first)
{
	bool found = false;
	struct hit hit;

	for (size_t i = 0; i < p->n; i++) {
		struct armed *armed = &p->armed[i];
		if (armed->rule.way != way)
			continue;
		const bool met = armed->rule.text != NULL
		    ? hit_text(lane, armed, &hit)
		    : hit_bytes(link, lane, armed, i, &hit);
		if (met && (!found || hit.at < first->at))
			*first = hit;
		found = found || met;
	}
	return found;
}

/* The end of what came may be the begin of a text: it waits a moment. */
static void
pass_rest(const struct faultproxy *p, struct lane *lane,
    enum faultproxy_way way)
{
	const size_t rest = lane->len - lane->clear;
	size_t held = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct faultproxy_rule *r = &p->armed[i].rule;
		if (r->way != way || r->text == NULL)
			continue;
		const size_t n = begun(lane->buf + lane->clear, rest, r->text);
		held = n > held ? n : held;
	}
	const int64_t now = faultproxy_now_ms();
	if (held == 0 || (lane->hold_ms != 0 && now >= lane->hold_ms) ||
	    lane->eof) {
		held = 0;
		lane->hold_ms = 0;
	} else if (lane->hold_ms == 0 || rest > held) {
		lane->hold_ms = now + HOLD_MS;
	}
	pass(lane, rest - held);
}

static void
judge_bytes(struct faultproxy *p, struct link *link, enum faultproxy_way way)
{
	struct lane *lane = &link->lane[way];
	struct hit hit;

	while (link->end == NULL && hit_find(p, link, lane, way, &hit)) {
		pass(lane, hit.at);
		if (hit.armed->rule.text == NULL)
			link->met[hit.armed - p->armed] = true;
		if (is_its_turn(hit.armed))
			happen(p, link, hit.armed, hit.size);
		if (link->end == NULL)
			pass(lane, hit.size);
	}
	if (link->end == NULL)
		pass_rest(p, lane, way);
}

/* ---- messages ------------------------------------------------------------- */
static uint32_t
number(const unsigned char *s)
{
	return (uint32_t)s[0] << 24 | (uint32_t)s[1] << 16 |
	    (uint32_t)s[2] << 8 | s[3];
}

/* The whole message at s, or 0; its type, 0 in the start-up. */
static size_t
message_size(struct link *link, enum faultproxy_way way,
    const unsigned char *s, size_t len, unsigned *type)
{
	struct lane *lane = &link->lane[way];
	const size_t head = lane->typed ? 1 : 0;

	*type = 0;
	if (way == FAULTPROXY_DOWN && lane->single > 0) {
		lane->single--;
		return 1;
	}
	if (len < head + 4)
		return 0;
	const size_t size = head + number(s + head);
	if (len < size)
		return 0;
	if (lane->typed) {
		*type = s[0] & 0x7f;
		return size;
	}
	if (size >= 8 && (number(s + 4) == SSL_REQUEST ||
	    number(s + 4) == GSS_REQUEST))
		link->lane[FAULTPROXY_DOWN].single++;
	else
		lane->typed = true;
	return size;
}

static struct armed *
message_met(struct faultproxy *p, enum faultproxy_way way,
    const unsigned char *s, size_t size, unsigned type)
{
	struct armed *met = NULL;

	for (size_t i = 0; i < p->n; i++) {
		struct armed *armed = &p->armed[i];
		const struct faultproxy_rule *r = &armed->rule;
		if (r->way != way || type == 0 ||
		    (r->message != 0 && (unsigned)r->message != type) ||
		    (r->text != NULL &&
		        memmem(s, size, r->text, strlen(r->text)) == NULL))
			continue;
		if (is_its_turn(armed) && met == NULL)
			met = armed;
	}
	return met;
}

static void
judge_messages(struct faultproxy *p, struct link *link,
    enum faultproxy_way way)
{
	struct lane *lane = &link->lane[way];
	unsigned type;

	while (link->end == NULL && lane->len > lane->clear) {
		const unsigned char *s = lane->buf + lane->clear;
		const size_t size = message_size(link, way, s,
		    lane->len - lane->clear, &type);
		if (size == 0) {
			/* The rest of a message that will not come. */
			if (lane->eof)
				pass(lane, lane->len - lane->clear);
			return;
		}
		struct armed *met = message_met(p, way, s, size, type);
		if (met != NULL)
			happen(p, link, met, size);
		if (link->end == NULL)
			pass(lane, size);
		if (link->end == NULL || link->end->when != FAULTPROXY_BEFORE)
			p->seen.messages[way][type]++;
	}
}

/* The answer to what was forwarded is complete. */
static bool
is_answered(const struct faultproxy *p, struct link *link)
{
	struct lane *lane = &link->lane[FAULTPROXY_DOWN];
	bool ready = false;
	size_t at = lane->clear, size;
	unsigned type;

	if (p->mode == FAULTPROXY_RAW)
		return lane->len > lane->clear;
	while ((size = message_size(link, FAULTPROXY_DOWN, lane->buf + at,
	    lane->len - at, &type)) > 0) {
		at += size;
		ready = ready || type == 'Z';
	}
	/* What was looked at is not looked at again. */
	memmove(lane->buf + lane->clear, lane->buf + at, lane->len - at);
	lane->len -= at - lane->clear;
	return ready;
}

void
faultproxy_judge(struct faultproxy *p, struct link *link,
    enum faultproxy_way way)
{
	struct lane *lane = &link->lane[way];

	const bool news = lane->len > lane->clear;

	if (link->swallow && way == FAULTPROXY_DOWN) {
		if ((news && is_answered(p, link)) || lane->eof) {
			lane->len = lane->clear;
			link->swallow = false;
		}
		return;
	}
	if (!news || lane->stalled || lane->shut)
		return;
	if (link->end == NULL && p->mode == FAULTPROXY_RAW)
		judge_bytes(p, link, way);
	else if (link->end == NULL)
		judge_messages(p, link, way);
	/* What follows belongs to what is to be answered. */
	if (link->swallow)
		pass(lane, lane->len - lane->clear);
}
