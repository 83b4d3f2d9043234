/*
 * dynamics.h - what the parts of the dynamics connector share.
 *
 * crm.c        the border: open, close, what these settings offer
 * options.c    the option table (settings.h)
 * auth.c       how a token is asked for
 * call.c       a request of the Web API sent and judged
 * odata.c      the texts of all queries
 * feed.c       sets of changed rows, page after page, under one cursor
 * meetings.c, deals.c, cases.c, activities.c   rows as events and activities
 * card.c       a row as a contact
 * contacts.c, changes.c   contacts changed, by id, by address
 * check.c      what `npsync check` proves
 */
#ifndef DYNAMICS_DYNAMICS_H
#define DYNAMICS_DYNAMICS_H

#include "common/apicall.h"
#include "settings.h"

/* Beside the value of a column. */
#define DYNAMICS_FORMATTED "@OData.Community.Display.V1.FormattedValue"
#define DYNAMICS_LOOKUP "@Microsoft.Dynamics.CRM.lookuplogicalname"
#define DYNAMICS_ETAG "@odata.etag"

struct dynamics_reader;
struct dynamics_writer;
struct dynamics {
	const struct dynamics_settings *set;
	struct apicall api;
	const char *zone;	/* the tenant's: of days */
	const char *origin;	/* "https://org.crm4.dynamics.com" */
	const char *path;	/* "/api/data/v9.2/", before a set's name */
	const char *scope;	/* of the token */
	const char *token_url;
	const char *prefer;	/* of every page */
	struct arena *page;	/* emptied before each answer that is read */
	struct arena *item;	/* emptied before each row */
	int64_t waited_ms;	/* for a server that is busy, in this run */
	struct dynamics_reader *reader;
	struct dynamics_writer *writer;
};

/* ---- auth.c ------------------------------------------------------------ */
/* Addresses, scope and keys from the settings; no I/O. */
NPS_MUSTCHECK bool dynamics_auth_open(struct dynamics *d, struct err *err);
/* For struct api_rules; arg = struct dynamics. */
NPS_MUSTCHECK bool dynamics_auth_ask(void *arg, struct arena *arena,
    struct oauth_ask *ask, struct err *err);
/* Days that secret or certificate are good for; false: not known. */
bool dynamics_auth_days_left(const struct dynamics_settings *set, time_t now,
    int *days);

/* ---- call.c ------------------------------------------------------------ */
/* Of each request: OData-Version, OData-MaxVersion. */
extern const char *const dynamics_headers[][2];
/* Of each answer: OData-EntityId, of the row that was made. */
extern const char *const dynamics_wanted[];
void dynamics_judge(void *arg, const struct http_res *res, json_t *root,
    struct api_verdict *v);
/* "/api/data/v9.2/contacts(GUID)" of "contacts(GUID)"; an absolute address is
 * left as it is.  NULL = memory. */
const char *dynamics_target(const struct dynamics *d, struct arena *arena,
    const char *target);
/* from->target: either of the two.  A repeatable request waits for 429 until
 * max_wait_s; then ERR_THROTTLED, and nothing is asked any more in this run. */
NPS_MUSTCHECK bool dynamics_do(struct dynamics *d, struct arena *arena,
    const struct api_req *from, struct api_res *res, struct err *err);
/* A read, prefer NULL = d->prefer.  The body is an object. */
NPS_MUSTCHECK bool dynamics_get(struct dynamics *d, struct arena *arena,
    const char *target, const char *prefer, const char *label,
    struct api_res *res, struct err *err);
/* Its "value". */
NPS_MUSTCHECK bool dynamics_rows(const struct api_res *res, const char *label,
    json_t **rows, struct err *err);

/* ---- small things ------------------------------------------------------ */
/* 8-4-4-4-12 hexadecimal digits. */
bool dynamics_is_guid(const char *text);
/* The card in the CRM's own pages. */
const char *dynamics_card_link(const struct dynamics *d, struct arena *arena,
    const char *contact_id);

/* ---- the reading side -------------------------------------------------- */
NPS_MUSTCHECK bool dynamics_reader_open(struct dynamics *d, struct err *err);
void dynamics_reader_close(struct dynamics *d);	/* half-open, too */
NPS_MUSTCHECK bool dynamics_pull_events(void *self, const struct pull *pull,
    crm_event_fn *emit, checkpoint_fn *checkpoint, void *arg, struct err *err);
NPS_MUSTCHECK bool dynamics_pull_activities(void *self, const struct pull *pull,
    crm_activity_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);
NPS_MUSTCHECK bool dynamics_pull_contacts(void *self, const struct pull *pull,
    crm_contact_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);
NPS_MUSTCHECK bool dynamics_load_contacts(void *self, const char *const *ids,
    size_t n, crm_contact_fn *emit, void *arg, struct err *err);
NPS_MUSTCHECK bool dynamics_find_contact(void *self, const char *email,
    crm_contact_fn *emit, void *arg, struct err *err);
NPS_MUSTCHECK bool dynamics_check(void *self, struct err *err);
NPS_MUSTCHECK bool dynamics_list_values(void *self, enum value_kind kind,
    crm_value_fn *emit, void *arg, struct err *err);


/* ---- the writing side -------------------------------------------------------- */
NPS_MUSTCHECK bool dynamics_writer_open(struct dynamics *d, struct err *err);
void dynamics_writer_close(struct dynamics *d);	/* half-open, too */
/* Takes out of a copy what these settings do not write. */
void dynamics_writing_narrow(const struct dynamics_settings *set,
    struct crm_connector *copy);
/* Members of struct crm_connector; self = struct dynamics.  One card a call. */
NPS_MUSTCHECK bool dynamics_tags_request(void *self,
    const struct crm_tag_write *writes, size_t n, int step,
    const struct http_res *before, struct http_req *req, struct err *err);
NPS_MUSTCHECK bool dynamics_tags_result(void *self, const struct http_res *res,
    struct put_result *results, size_t n, struct err *err);
NPS_MUSTCHECK bool dynamics_put_fields(void *self, const struct crm_effect *e,
    size_t n, struct put_result *results, struct err *err);
NPS_MUSTCHECK bool dynamics_put_answer(void *self, const struct crm_effect *e,
    size_t n, struct put_result *results, struct err *err);
NPS_MUSTCHECK bool dynamics_post_feed(void *self, const struct crm_effect *e,
    size_t n, struct put_result *results, struct err *err);
NPS_MUSTCHECK bool dynamics_put_task(void *self, const struct crm_effect *e,
    size_t n, struct put_result *results, struct err *err);
NPS_MUSTCHECK bool dynamics_setup(void *self, const struct crm_setup *wants,
    crm_setup_fn *emit, void *arg, struct err *err);

#endif
