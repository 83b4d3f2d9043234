/*
 * Tags over HTTP.  How this can lose or double, and what stops it:
 *  - somebody writes the card between our reading and our writing: the
 *    connector's write names what it read (If-Match); PUT_CONFLICT reads again,
 *    a few times, and then in the next run;
 *  - the reply to a write is lost: the card is read again, and what stands there
 *    already is not written;
 *  - two writes of one card: the second begins when the first has ended;
 *  - a list that grows old while a write of it waits: what is held back (a
 *    Retry-After, the breaker) is read again first;
 *  - a bad card among many: cards of a call that is refused go alone; an odd
 *    answer or a 403 ends that card for this run, and the others go on;
 *  - no right to any card: three that are denied one after the other end the
 *    tags, for this run, and nothing else of the CRM; those of which that was
 *    said in an earlier run tell nothing new;
 *  - a service that answers nothing to anybody: each card a few times, with
 *    growing pauses, eight failures in a row end the writing for this run; that
 *    all calls under way are asked to wait is one failure;
 *  - a day's calls that are used up, and asked on: where the service says that no
 *    other try is of use (pause_ms of the request), the writing ends at once;
 *  - a key that ran out: renewed alone, with nothing in flight; again when what was
 *    refused, a card's reading or a write, ended well meanwhile (a service restarts
 *    in the night), a few times in a run; else it is renewed once more, and then it
 *    is the credentials: one that reads and may not write asks for no login after
 *    the other.
 */
#include "tag_write_int.h"

#include <string.h>
#include <time.h>

#include "clock.h"

/* ---- requests -------------------------------------------------------------- */
static bool
is_reading(const struct http_req *req)
{
	return req->repeatable || strcmp(req->method, "GET") == 0 ||
	    strcmp(req->method, "HEAD") == 0;
}

/* A change that would wait belongs to a card as it was then. */
static bool
would_grow_old(const struct tag_driver *d, const struct http_req *req,
    const struct http_res *before)
{
	return before != NULL && !is_reading(req) &&
	    http_multi_is_held(d->multi);
}

static void
writes_of(struct tag_driver *d, const struct tag_call *call)
{
	for (size_t i = 0; i < call->n; i++)
		d->writes[i] = *d->items[call->item[i]].write;
}

/* The next step of a call; before = the answer to the last one, or NULL. */
static void
ask(struct tag_driver *d, struct tag_call *call, const struct http_res *before)
{
	struct http_req req = { 0 };
	struct err why = { .kind = ERR_NONE };

	arena_reset(d->link->scratch);
	writes_of(d, call);
	if (d->connector->tags_request(d->link->self, d->writes, call->n,
	        call->step, before, &req, &why)) {
		if (arena_failed(d->link->scratch))
			(void)err_nomem(&why);
		else if (would_grow_old(d, &req, before)) {
			tag_driver_release(d, call);	/* read again */
			return;
		} else if (http_multi_add(d->multi, &req, call, &why)) {
			call->wrote |= !is_reading(&req);
			call->round = d->round;
			call->pause_ms = req.pause_ms;
			d->running++;
			return;
		}
		tag_driver_release(d, call);
		tag_driver_stop(d, &why);
	} else if (why.kind == ERR_DONE && before != NULL) {
		tag_call_conclude(d, call, before);
	} else {
		tag_call_refused(d, call, &why);
	}
}

static bool
may_start(const struct tag_driver *d, const struct tag_item *item,
    int64_t now_ms)
{
	return !item->ended && !item->flying && item->not_before_ms <= now_ms &&
	    (item->before == SIZE_MAX || d->items[item->before].ended);
}

static void
gather(struct tag_driver *d, struct tag_call *call, int64_t now_ms)
{
	call->n = 0;
	call->step = 0;
	call->wrote = false;
	for (size_t i = 0; i < d->n && call->n < d->call_max; i++) {
		struct tag_item *item = &d->items[i];
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
start_calls(struct tag_driver *d)
{
	const int64_t now_ms = clock_boottime_ms();

	for (int i = 0; i < TAG_FLIGHTS; i++) {
		struct tag_call *call = &d->calls[i];
		if (d->stopped || d->wants_renewal)
			return;
		if (call->busy)
			continue;
		gather(d, call, now_ms);
		if (call->busy)
			ask(d, call, NULL);
	}
}

/* ---- answers --------------------------------------------------------------- */
static void
unauthorised(struct tag_driver *d, struct tag_call *call)
{
	struct err why;

	if (tag_call_renewable(d, call))
		return;
	tag_driver_release(d, call);
	(void)err_set(&why, ERR_AUTH, "%s: tags: HTTP 401: check the "
	    "credentials", d->link->name);
	tag_driver_stop(d, &why);
}

static bool
is_over(const struct tag_call *call, const struct http_res *res)
{
	return res->phase == HTTP_COMPLETE && call->pause_ms != NULL &&
	    call->pause_ms(res) < 0;
}

/* No other try is of use; the connector has the words for it. */
static void
over(struct tag_driver *d, struct tag_call *call, const struct http_res *res)
{
	struct http_req none = { 0 };
	struct err why = { .kind = ERR_NONE };

	arena_reset(d->link->scratch);
	writes_of(d, call);
	if (d->connector->tags_request(d->link->self, d->writes, call->n,
	        call->step + 1, res, &none, &why) || why.kind == ERR_DONE)
		(void)err_set(&why, ERR_RETRY, "%s: tags: HTTP %ld, and no "
		    "other try is of use now", d->link->name, res->status);
	tag_driver_release(d, call);
	tag_driver_stop(d, &why);
}

static void
answered(struct tag_driver *d, struct tag_call *call,
    const struct http_res *res)
{
	struct err why;

	if (res->phase == HTTP_COMPLETE && res->status == 401) {
		unauthorised(d, call);
	} else if (is_over(call, res)) {
		over(d, call, res);
	} else if (http_is_misconfigured(res)) {
		tag_driver_release(d, call);
		(void)err_set(&why, ERR_CONFIG, "%s: tags: %s", d->link->name,
		    res->problem);
		tag_driver_stop(d, &why);
	} else if (http_is_transient(res) || res->phase != HTTP_COMPLETE) {
		tag_call_failed(d, call, res);
	} else {
		call->step++;
		ask(d, call, res);
	}
}

static void
poll_round(struct tag_driver *d, int wait_ms)
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
drain(struct tag_driver *d)
{
	while (d->running > 0)
		poll_round(d, 1000);
}

/* Nothing else is in flight. */
static void
renew(struct tag_driver *d)
{
	struct err why = { .kind = ERR_NONE };

	d->w->renewals++;
	d->w->in_vain += d->renew_to_read;
	d->w->in_vain_to_write += d->renew_to_write;
	d->wants_renewal = d->renew_to_read = d->renew_to_write = false;
	if (!d->connector->renew(d->link->self, &why))
		tag_driver_stop(d, &why);
}

/* ---- the loop -------------------------------------------------------------- */
static bool
drive(struct tag_driver *d, struct err *err)
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
	return SIZE_MAX;
}

static bool
prepare(struct tag_driver *d, const struct crm_tag_write *writes,
    struct put_result *results, struct arena *arena)
{
	d->call_max = d->connector->tags_max > 0 ? d->connector->tags_max : 1;
	d->items = arena_array(arena, d->n, sizeof(*d->items));
	d->writes = arena_array(arena, d->call_max, sizeof(*d->writes));
	d->results = arena_array(arena, d->call_max, sizeof(*d->results));
	for (int i = 0; i < TAG_FLIGHTS; i++)
		d->calls[i].item = arena_array(arena, d->call_max,
		    sizeof(*d->calls[i].item));
	if (arena_failed(arena))
		return false;
	for (size_t i = 0; i < d->n; i++)
		d->items[i] = (struct tag_item){ .write = &writes[i],
			.result = &results[i],
			.told = d->w->told != NULL && d->w->told[i],
			.before = same_card_before(writes, i) };
	return true;
}

/* The requests in flight are finished, whatever ended the loop. */
bool
tag_write_http(struct tag_writer *w, const struct crm_tag_write *writes,
    size_t n, struct put_result *results, struct arena *arena,
    struct err *err)
{
	struct tag_driver d = { .w = w, .connector = w->crm->connector,
		.link = &w->crm->link, .n = n, .left = n };

	if (n == 0)
		return true;
	if (!prepare(&d, writes, results, arena))
		return err_nomem(err);
	if (!http_multi_open(d.link->http, TAG_FLIGHTS, &d.multi, err))
		return false;
	bool ok = drive(&d, err);
	drain(&d);
	http_multi_close(d.multi);
	/* Nothing but odd answers is no matter of single cards. */
	if (ok && (d.stopped ||
	    (d.problem.kind != ERR_NONE && !d.any_good))) {
		*err = d.problem;
		ok = false;
	}
	return ok;
}
