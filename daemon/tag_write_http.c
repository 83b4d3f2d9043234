/*
 * Tags over HTTP.  How this can lose or double, and what stops it:
 *  - somebody writes the card between our reading and our writing: the
 *    connector's write names what it read (If-Match); PUT_CONFLICT reads again,
 *    a few times, and then in the next run;
 *  - the reply to a write is lost: the card is read again, and what stands there
 *    already is not written;
 *  - two writes of one card: the second begins when the first has ended;
 *  - a bad card among many: cards of a call that is refused go alone;
 *  - a service that answers nothing to anybody: each card a few times, with
 *    growing pauses, eight failures in a row end the writing for this run;
 *  - a key that ran out: renewed once, alone, with nothing in flight.
 */
#include "tag_write.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "identity.h"

#define FLIGHTS 4
#define TRIES_MAX 4
#define FAILURES_MAX 8
#define NONE SIZE_MAX

struct item {
	const struct crm_tag_write *write;
	struct put_result *result;
	size_t before;		/* an earlier write of the same card, or NONE */
	int tries, conflicts;
	int64_t not_before_ms;
	bool flying, ended, alone;
};

struct call {
	size_t *item;		/* their numbers */
	size_t n;
	int step;
	bool busy;
	bool wrote;		/* something other than a reading left */
};

struct driver {
	struct tag_writer *w;
	const struct crm_connector *connector;
	struct link *link;
	struct http_multi *multi;
	struct item *items;
	size_t n, left, call_max;
	struct call calls[FLIGHTS];
	struct crm_tag_write *writes;	/* of the call at hand */
	struct put_result *results;
	int running, failures;
	bool wants_renewal, stopped;
	struct err problem;	/* why it was stopped */
};

/* ---- ends ------------------------------------------------------------------ */
static void
end_item(struct driver *d, struct item *item, enum put_outcome outcome,
    const char *reason)
{
	item->flying = false;
	item->ended = true;
	item->result->outcome = outcome;
	(void)snprintf(item->result->reason, sizeof(item->result->reason),
	    "%.127s", reason);
	d->left--;
}

static void
stop(struct driver *d, const struct err *why)
{
	if (!d->stopped)
		d->problem = *why;
	d->stopped = true;
}

static void
release(struct driver *d, struct call *call)
{
	for (size_t i = 0; i < call->n; i++)
		d->items[call->item[i]].flying = false;
	call->busy = false;
}

static int64_t
pause_ms(const struct tag_writer *w, int tries)
{
	unsigned char random = 128;
	struct err ignored;

	if (!identity_random(&random, sizeof(random), &ignored))
		random = 128;
	return (int64_t)(1000 * http_backoff_s(w->backoff_s, w->backoff_max_s,
	    tries, (double)random / 255.0));
}

/* From the reading on, later; after TRIES_MAX in the next run. */
static void
put_off(struct driver *d, struct item *item, enum put_outcome outcome,
    const char *reason)
{
	item->flying = false;
	if (++item->tries >= TRIES_MAX) {
		end_item(d, item, outcome, reason);
		return;
	}
	item->not_before_ms = clock_boottime_ms() + pause_ms(d->w, item->tries);
}

static void
conflict(struct driver *d, struct item *item, const char *reason)
{
	item->flying = false;
	if (++item->conflicts >= TRIES_MAX)
		end_item(d, item, PUT_CONFLICT, reason);
	else
		item->not_before_ms = clock_boottime_ms() +
		    pause_ms(d->w, item->conflicts - 1);
}

/* ---- what became of a call ------------------------------------------------- */
/* No answer that means something: all of its cards again. */
static void
failed(struct driver *d, struct call *call, const struct http_res *res)
{
	const bool unknown = call->wrote && http_classify(res) == HTTP_UNKNOWN;
	char reason[64];

	if (res->status > 0)
		(void)snprintf(reason, sizeof(reason), "HTTP %ld", res->status);
	else
		(void)snprintf(reason, sizeof(reason), "%s",
		    http_phase_name(res->phase));
	if (res->retry_after_s > 0)
		http_multi_hold(d->multi, res->retry_after_s);
	release(d, call);
	for (size_t i = 0; i < call->n; i++)
		put_off(d, &d->items[call->item[i]],
		    unknown ? PUT_UNKNOWN : PUT_AGAIN, reason);
	if (++d->failures >= FAILURES_MAX) {
		struct err why;
		(void)err_set(&why, ERR_RETRY, "%s: tags: %d failures in a row, "
		    "the last: %s", d->link->name, d->failures, reason);
		stop(d, &why);
	}
}

/* The connector has something against these cards: alone each, then for good. */
static void
refused(struct driver *d, struct call *call, enum put_outcome outcome,
    const struct err *why)
{
	release(d, call);
	for (size_t i = 0; i < call->n; i++) {
		struct item *item = &d->items[call->item[i]];
		if (call->n > 1)
			item->alone = true;
		else
			end_item(d, item, outcome, why->msg);
	}
}

static void
settle_item(struct driver *d, struct item *item, const struct put_result *r,
    bool wrote)
{
	switch (r->outcome) {
	case PUT_DONE:
		memcpy(item->result->remote_id, r->remote_id,
		    sizeof(r->remote_id));
		/* Nothing left the house but readings. */
		end_item(d, item, wrote ? PUT_DONE : PUT_UNCHANGED, r->reason);
		break;
	case PUT_UNCHANGED:
	case PUT_GONE:
	case PUT_REJECTED:
		end_item(d, item, r->outcome, r->reason);
		break;
	case PUT_CONFLICT:
		conflict(d, item, r->reason);
		break;
	case PUT_AGAIN:
	case PUT_UNKNOWN:
		put_off(d, item, r->outcome, r->reason);
		break;
	}
}

/* The connector read in the answer that it is too early. */
static void
too_early(struct driver *d, struct call *call, const struct err *why)
{
	if (why->retry_after_s > 0)
		http_multi_hold(d->multi, why->retry_after_s);
	release(d, call);
	for (size_t i = 0; i < call->n; i++)
		put_off(d, &d->items[call->item[i]], PUT_AGAIN, why->msg);
}

/* The session is over: a new one, once. */
static bool
renewable(struct driver *d, struct call *call)
{
	if (d->connector->renew == NULL || d->w->renewed)
		return false;
	release(d, call);
	d->wants_renewal = true;
	return true;
}

static void
refusal(struct driver *d, struct call *call, const struct err *why)
{
	if (why->kind == ERR_AUTH && why->code != 403 && renewable(d, call))
		return;
	if (why->kind == ERR_GONE) {
		refused(d, call, PUT_GONE, why);
	} else if (why->kind == ERR_REJECTED) {
		refused(d, call, PUT_REJECTED, why);
	} else if (why->kind == ERR_RETRY || why->kind == ERR_THROTTLED) {
		too_early(d, call, why);
	} else {
		release(d, call);
		stop(d, why);
	}
}

static void
conclude(struct driver *d, struct call *call, const struct http_res *res)
{
	struct err why = { .kind = ERR_NONE };

	for (size_t i = 0; i < call->n; i++)
		d->results[i] = (struct put_result){ .outcome = PUT_UNKNOWN };
	if (!d->connector->tags_result(d->link->self, res, d->results, call->n,
	        &why)) {
		refusal(d, call, &why);
		return;
	}
	release(d, call);
	d->failures = 0;
	for (size_t i = 0; i < call->n; i++)
		settle_item(d, &d->items[call->item[i]], &d->results[i],
		    call->wrote);
}

/* ---- requests -------------------------------------------------------------- */
static bool
is_reading(const struct http_req *req)
{
	return req->repeatable || strcmp(req->method, "GET") == 0 ||
	    strcmp(req->method, "HEAD") == 0;
}

/* The next step of a call; before = the answer to the last one, or NULL. */
static void
ask(struct driver *d, struct call *call, const struct http_res *before)
{
	struct http_req req = { 0 };
	struct err why = { .kind = ERR_NONE };

	arena_reset(d->link->scratch);
	for (size_t i = 0; i < call->n; i++)
		d->writes[i] = *d->items[call->item[i]].write;
	if (d->connector->tags_request(d->link->self, d->writes, call->n,
	        call->step, before, &req, &why)) {
		if (arena_failed(d->link->scratch))
			(void)err_nomem(&why);
		else if (http_multi_add(d->multi, &req, call, &why)) {
			call->wrote |= !is_reading(&req);
			d->running++;
			return;
		}
		release(d, call);
		stop(d, &why);
	} else if (why.kind == ERR_DONE && before != NULL) {
		conclude(d, call, before);
	} else {
		refusal(d, call, &why);
	}
}

static bool
may_start(const struct driver *d, const struct item *item, int64_t now_ms)
{
	return !item->ended && !item->flying && item->not_before_ms <= now_ms &&
	    (item->before == NONE || d->items[item->before].ended);
}

static void
gather(struct driver *d, struct call *call, int64_t now_ms)
{
	call->n = 0;
	call->step = 0;
	call->wrote = false;
	for (size_t i = 0; i < d->n && call->n < d->call_max; i++) {
		struct item *item = &d->items[i];
		if (!may_start(d, item, now_ms) || (item->alone && call->n > 0))
			continue;
		item->flying = true;
		call->item[call->n++] = i;
		if (item->alone)
			break;
	}
	call->busy = call->n > 0;
}

static void
start_calls(struct driver *d)
{
	const int64_t now_ms = clock_boottime_ms();

	for (int i = 0; i < FLIGHTS && !d->stopped && !d->wants_renewal; i++) {
		struct call *call = &d->calls[i];
		if (call->busy)
			continue;
		gather(d, call, now_ms);
		if (call->busy)
			ask(d, call, NULL);
	}
}

/* ---- answers --------------------------------------------------------------- */
static void
unauthorised(struct driver *d, struct call *call)
{
	struct err why;

	if (renewable(d, call))
		return;
	release(d, call);
	(void)err_set(&why, ERR_AUTH, "%s: tags: HTTP 401: check the credentials",
	    d->link->name);
	stop(d, &why);
}

static void
answered(struct driver *d, struct call *call, const struct http_res *res)
{
	struct err why;

	if (res->phase == HTTP_COMPLETE && res->status == 401) {
		unauthorised(d, call);
	} else if (http_is_misconfigured(res)) {
		release(d, call);
		(void)err_set(&why, ERR_CONFIG, "%s: tags: %s", d->link->name,
		    res->problem);
		stop(d, &why);
	} else if (http_is_transient(res) || res->phase != HTTP_COMPLETE) {
		failed(d, call, res);
	} else {
		call->step++;
		ask(d, call, res);
	}
}

static void
poll_round(struct driver *d, int wait_ms)
{
	struct http_res res;
	void *tag;

	while (http_multi_poll(d->multi, wait_ms, &tag, &res)) {
		wait_ms = 0;
		d->running--;
		answered(d, tag, &res);
	}
}

static void
drain(struct driver *d)
{
	while (d->running > 0)
		poll_round(d, 1000);
}

/* Nothing else is in flight. */
static void
renew(struct driver *d)
{
	struct err why = { .kind = ERR_NONE };

	d->wants_renewal = false;
	d->w->renewed = true;
	if (!d->connector->renew(d->link->self, &why))
		stop(d, &why);
}

/* ---- the loop -------------------------------------------------------------- */
static bool
drive(struct driver *d, struct err *err)
{
	const struct timespec pause = { 0, 20000000 };

	while (d->left > 0 && !d->stopped) {
		if (!d->w->breathe(d->w->arg, err))
			return false;
		if (d->wants_renewal && d->running == 0)
			renew(d);
		start_calls(d);
		if (d->running > 0)
			poll_round(d, 200);
		else if (d->left > 0 && !d->stopped)
			(void)nanosleep(&pause, NULL);
	}
	return true;
}

static size_t
same_card_before(const struct crm_tag_write *writes, size_t i)
{
	for (size_t k = i; k-- > 0;)
		if (strcmp(writes[k].contact_id, writes[i].contact_id) == 0)
			return k;
	return NONE;
}

static bool
prepare(struct driver *d, const struct crm_tag_write *writes,
    struct put_result *results, struct arena *arena)
{
	d->call_max = d->connector->tags_max > 0 ? d->connector->tags_max : 1;
	d->items = arena_array(arena, d->n, sizeof(*d->items));
	d->writes = arena_array(arena, d->call_max, sizeof(*d->writes));
	d->results = arena_array(arena, d->call_max, sizeof(*d->results));
	for (int i = 0; i < FLIGHTS; i++)
		d->calls[i].item = arena_array(arena, d->call_max,
		    sizeof(*d->calls[i].item));
	if (arena_failed(arena))
		return false;
	for (size_t i = 0; i < d->n; i++)
		d->items[i] = (struct item){ .write = &writes[i],
			.result = &results[i],
			.before = same_card_before(writes, i) };
	return true;
}

/* The requests in flight are finished, whatever ended the loop. */
bool
tag_write_http(struct tag_writer *w, const struct crm_tag_write *writes,
    size_t n, struct put_result *results, struct arena *arena,
    struct err *err)
{
	struct driver d = { .w = w, .connector = w->crm->connector,
		.link = &w->crm->link, .n = n, .left = n };

	if (n == 0)
		return true;
	if (!prepare(&d, writes, results, arena))
		return err_nomem(err);
	if (!http_multi_open(d.link->http, FLIGHTS, &d.multi, err))
		return false;
	bool ok = drive(&d, err);
	drain(&d);
	http_multi_close(d.multi);
	if (ok && d.stopped) {
		*err = d.problem;
		ok = false;
	}
	return ok;
}
