/*
 * writing.h - the writing side of the driver for Salesforce.
 */
#ifndef SALESFORCE_WRITING_H
#define SALESFORCE_WRITING_H

#include "collections.h"
#include "describe.h"

#define SF_FLIGHTS 16		/* more than the core has under way */

/* A call of tags_request whose write is under way: which cards it holds. */
struct sf_flight {
	char first[256];	/* the first card of the call; "" = free */
	bool busy;		/* written, the answer is still to come */
	size_t n, n_sent;
	struct put_result result[SF_COLLECTION_MAX];
	struct sf_record sent[SF_COLLECTION_MAX];	/* id only */
	char ids[SF_COLLECTION_MAX][20];
	size_t of[SF_COLLECTION_MAX];	/* sent[k] is of write of[k] */
};
struct sf_writer {
	struct sf_flight flight[SF_FLIGHTS];
	size_t next;			/* to be taken when none is free */
	struct sf_flight *ended;	/* what tags_result is asked about */
	const struct sf_field *tag;	/* the field, once it was described */
	bool has_account;		/* AccountId may be read */
};

/* ---- flight.c ---------------------------------------------------------- */
/* By its first card, which is in one call only; NULL = none. */
struct sf_flight *sf_flight_of(struct sf_writer *w, const char *first);
/* An earlier one of that card is forgotten; all cards are PUT_UNKNOWN. */
struct sf_flight *sf_flight_new(struct sf_writer *w, const char *first,
    size_t n);

/* ---- writing.c ----------------------------------------------------------- */
/* Made at first use, in s->own. */
NPS_MUSTCHECK bool sf_writer_ready(struct salesforce *s, struct err *err);
/* What these settings do not write goes out of the copy. */
void sf_writing_narrow(const struct sf_settings *set,
    struct crm_connector *copy);
/* A text as a field of that kind takes it; "" empties.  NULL = memory. */
json_t *sf_value_json(const struct salesforce *s, const struct sf_field *field,
    const char *text);

/* ---- members of struct crm_connector ------------------------------------- */
NPS_MUSTCHECK bool sf_ensure_tags(void *self, const char *const *tags, size_t n,
    struct err *err);
NPS_MUSTCHECK bool sf_tags_request(void *self, const struct crm_tag_write *,
    size_t n, int step, const struct http_res *before, struct http_req *,
    struct err *);
NPS_MUSTCHECK bool sf_tags_result(void *self, const struct http_res *,
    struct put_result *results, size_t n, struct err *);
#define SF_PUT(name) NPS_MUSTCHECK bool name(void *self, \
	const struct crm_effect *, size_t n, struct put_result *, struct err *)
SF_PUT(sf_put_fields);
SF_PUT(sf_put_answer);
SF_PUT(sf_post_feed);
SF_PUT(sf_put_task);
NPS_MUSTCHECK bool sf_setup(void *self, const struct crm_setup *wants,
    crm_setup_fn *emit, void *arg, struct err *err);

#endif
