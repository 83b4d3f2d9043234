/*
 * tag_write_ends.c - what becomes of the cards of a call.  tag_write_http.c
 * says how this can lose or double.
 */
#include "tag_write_int.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "identity.h"

#define TRIES_MAX 4
#define FAILURES_MAX 8
#define RENEWALS_MAX 10	/* in a run */
#define IN_VAIN_MAX 2	/* in a row */

/* ---- ends ------------------------------------------------------------------ */
static void
end_item(struct tag_driver *d, struct tag_item *item, enum put_outcome outcome,
    const char *reason)
{
	item->flying = false;
	item->ended = true;
	item->result->outcome = outcome;
	(void)snprintf(item->result->reason, sizeof(item->result->reason),
	    "%.127s", reason);
	d->left--;
}

void
tag_driver_stop(struct tag_driver *d, const struct err *why)
{
	if (!d->stopped)
		d->problem = *why;
	d->stopped = true;
}

void
tag_driver_release(struct tag_driver *d, struct tag_call *call)
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
put_off(struct tag_driver *d, struct tag_item *item, enum put_outcome outcome,
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
conflict(struct tag_driver *d, struct tag_item *item, const char *reason)
{
	item->flying = false;
	if (++item->conflicts >= TRIES_MAX)
		end_item(d, item, PUT_CONFLICT, reason);
	else
		item->not_before_ms = clock_boottime_ms() +
		    pause_ms(d->w, item->conflicts - 1);
}

/* ---- what became of a call ------------------------------------------------- */
static void
count_failure(struct tag_driver *d, enum err_kind kind, const char *reason)
{
	struct err why;

	if (++d->failures < FAILURES_MAX)
		return;
	(void)err_set(&why, kind, "%s: tags: %d failures in a row, the last: "
	    "%.200s", d->link->name, d->failures, reason);
	tag_driver_stop(d, &why);
}

/* Whoever was under way when the service first asked for time hears it too. */
static void
count_wait(struct tag_driver *d, const struct tag_call *call,
    enum err_kind kind, const char *reason)
{
	if (call->round != d->round)
		return;
	d->round++;
	count_failure(d, kind, reason);
}

/* No answer that means something: all of its cards again. */
void
tag_call_failed(struct tag_driver *d, struct tag_call *call,
    const struct http_res *res)
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
	tag_driver_release(d, call);
	for (size_t i = 0; i < call->n; i++)
		put_off(d, &d->items[call->item[i]],
		    unknown ? PUT_UNKNOWN : PUT_AGAIN, reason);
	if (res->status == 429 || res->retry_after_s > 0)
		count_wait(d, call, ERR_RETRY, reason);
	else
		count_failure(d, ERR_RETRY, reason);
}

/* ---- no right to a card ------------------------------------------------------ */
static void
denied(struct tag_driver *d, struct tag_item *item, const char *reason)
{
	struct err why;

	end_item(d, item, PUT_DENIED, reason);
	if (!item->told)
		denials_add(&d->denials, item->write->contact_id);
	if (!denials_are_full(&d->denials))
		return;
	d->w->gives_up = true;
	(void)err_set(&why, ERR_AUTH, "%s: tags: the CRM denies three cards one "
	    "after the other: may the user of npsync write this? (%.100s)",
	    d->link->name, reason);
	tag_driver_stop(d, &why);
}

/* The connector has something against these cards: alone each, then for good. */
static void
refused(struct tag_driver *d, struct tag_call *call, enum put_outcome outcome,
    const struct err *why)
{
	tag_driver_release(d, call);
	d->any_good |= outcome != PUT_AGAIN;
	if (outcome == PUT_GONE || outcome == PUT_REJECTED)
		d->denials.n = 0;
	for (size_t i = 0; i < call->n; i++) {
		struct tag_item *item = &d->items[call->item[i]];
		if (call->n > 1)
			item->alone = true;
		else if (outcome == PUT_DENIED)
			denied(d, item, why->msg);
		else
			end_item(d, item, outcome, why->msg);
	}
}

static void
settle_item(struct tag_driver *d, struct tag_item *item,
    const struct put_result *r, bool wrote)
{
	if (r->outcome <= PUT_REJECTED)
		d->denials.n = 0;
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
	case PUT_DENIED:
		denied(d, item, r->reason);
		break;
	}
}

/* The connector read in the answer that it is too early. */
static void
too_early(struct tag_driver *d, struct tag_call *call, const struct err *why)
{
	if (why->retry_after_s > 0)
		http_multi_hold(d->multi, why->retry_after_s);
	tag_driver_release(d, call);
	for (size_t i = 0; i < call->n; i++)
		put_off(d, &d->items[call->item[i]], PUT_AGAIN, why->msg);
	if (why->kind == ERR_THROTTLED || why->retry_after_s > 0)
		count_wait(d, call, why->kind, why->msg);
	else
		count_failure(d, why->kind, why->msg);
}

bool
tag_call_renewable(struct tag_driver *d, struct tag_call *call)
{
	const int in_vain = call->wrote ? d->w->in_vain_to_write : d->w->in_vain;

	if (d->connector->renew == NULL || in_vain >= IN_VAIN_MAX ||
	    d->w->renewals >= RENEWALS_MAX)
		return false;
	tag_driver_release(d, call);
	d->wants_renewal = true;
	*(call->wrote ? &d->renew_to_write : &d->renew_to_read) = true;
	return true;
}

void
tag_call_refused(struct tag_driver *d, struct tag_call *call,
    const struct err *why)
{
	if (why->kind == ERR_AUTH && why->code != 403 &&
	    tag_call_renewable(d, call))
		return;
	if (why->kind == ERR_GONE) {
		refused(d, call, PUT_GONE, why);
	} else if (why->kind == ERR_REJECTED) {
		refused(d, call, PUT_REJECTED, why);
	} else if (why->kind == ERR_RETRY || why->kind == ERR_THROTTLED) {
		too_early(d, call, why);
	} else if (why->kind == ERR_AUTH && why->code == 403) {
		refused(d, call, PUT_DENIED, why);
	} else if (why->kind == ERR_PROTOCOL) {
		/* An odd answer: perhaps of this card alone. */
		d->problem = *why;
		refused(d, call, PUT_AGAIN, why);
		count_failure(d, why->kind, why->msg);
	} else {
		tag_driver_release(d, call);
		tag_driver_stop(d, why);
	}
}

void
tag_call_conclude(struct tag_driver *d, struct tag_call *call,
    const struct http_res *res)
{
	struct err why = { .kind = ERR_NONE };

	for (size_t i = 0; i < call->n; i++)
		d->results[i] = (struct put_result){ .outcome = PUT_UNKNOWN };
	if (!d->connector->tags_result(d->link->self, res, d->results, call->n,
	        &why)) {
		tag_call_refused(d, call, &why);
		return;
	}
	tag_driver_release(d, call);
	d->failures = 0;
	d->any_good = true;
	d->w->in_vain = 0;
	/* A session that reads may yet be refused where it writes. */
	if (call->wrote)
		d->w->in_vain_to_write = 0;
	for (size_t i = 0; i < call->n; i++)
		settle_item(d, &d->items[call->item[i]], &d->results[i],
		    call->wrote);
}
