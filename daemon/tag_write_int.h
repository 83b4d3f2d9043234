/*
 * tag_write_int.h - inside of writing tags over HTTP: tag_write_http.c drives
 * the requests, tag_write_ends.c says what becomes of cards.
 */
#ifndef NPSYNC_TAG_WRITE_INT_H
#define NPSYNC_TAG_WRITE_INT_H

#include "denials.h"
#include "tag_write.h"

#define TAG_FLIGHTS 4

struct tag_item {
	const struct crm_tag_write *write;
	struct put_result *result;
	size_t before;	/* an earlier write of the same card, or SIZE_MAX */
	int tries, conflicts;
	int64_t not_before_ms;
	bool flying, ended, alone, told;
};

struct tag_call {
	size_t *item;		/* their numbers */
	size_t n;
	int step, round;
	bool busy;
	bool wrote;		/* something other than a reading left */
	long (*pause_ms)(const struct http_res *res);	/* of its request */
};

struct tag_driver {
	struct tag_writer *w;
	const struct crm_connector *connector;
	struct link *link;
	struct http_multi *multi;
	struct tag_item *items;
	size_t n, left, call_max;
	struct tag_call calls[TAG_FLIGHTS];
	struct crm_tag_write *writes;	/* of the call at hand */
	struct put_result *results;
	int running, failures;
	int round;		/* grows when the service asks for time */
	struct denials denials;	/* one after the other; of the writes' */
	bool wants_renewal, stopped;
	bool renew_to_read, renew_to_write;	/* what was refused */
	bool any_good;		/* some card was answered with sense */
	struct err problem;	/* why it was stopped, or the last odd answer */
};

/* ---- tag_write_ends.c ------------------------------------------------------ */
/* Nothing begins any more; the first reason counts. */
void tag_driver_stop(struct tag_driver *d, const struct err *why);
/* The call is free, its cards may go again. */
void tag_driver_release(struct tag_driver *d, struct tag_call *call);
/* No answer that means something. */
void tag_call_failed(struct tag_driver *d, struct tag_call *call,
    const struct http_res *res);
/* The connector says what it has against the call. */
void tag_call_refused(struct tag_driver *d, struct tag_call *call,
    const struct err *why);
/* The last answer. */
void tag_call_conclude(struct tag_driver *d, struct tag_call *call,
    const struct http_res *res);
/* The session is over: true = there will be a new one. */
NPS_MUSTCHECK bool tag_call_renewable(struct tag_driver *d,
    struct tag_call *call);

#endif
