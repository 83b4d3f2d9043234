/*
 * hubspot.h - inside of the driver for HubSpot.
 */
#ifndef HUBSPOT_H
#define HUBSPOT_H

#include "arena.h"
#include "common/apicall.h"
#include "settings.h"

#define HS_BATCH_MAX 100	/* inputs of a batch read or update of objects */
#define HS_NO_SEND_TAG "NPSToday.NoSend"

struct hs_owner;		/* owners.c */
struct hs_stages;		/* stages.c */

struct hubspot {
	struct connector_env env;
	const struct hs_settings *set;
	struct apicall api;
	struct arena *own;		/* for the driver's life */
	long date_ahead_s;	/* of the service's clock, by its last answer */
	bool proven, proven_tags;	/* cards.c: who must not be asked is seen */
	const char *const *contact_columns;	/* cards.c; in own; NULL-ended */
	struct hs_stages *stages[2];	/* deals, tickets: of this run; in own */
	struct hs_owner *owners;	/* of this run; in own */
	size_t n_owners;
	bool cards_doubted;	/* their batch was 404 for one who is there */
	bool label_met;		/* a deal had a contact with deal_contacts */
	bool owners_known;
	struct hs_writer *writer;	/* writing side; may stay NULL */
};

/* ---- paths.c ------------------------------------------------------------- */
enum hs_area { HS_OBJECTS, HS_ASSOCIATIONS, HS_PROPERTIES, HS_PIPELINES,
	HS_PREFERENCES, HS_OWNERS };
/* "/crm/objects/2026-09" + rest, by the version: "/crm/v3/objects" + rest.
 * NULL = memory. */
const char *hs_path(const struct hubspot *h, struct arena *arena,
    enum hs_area area, const char *rest);

/* ---- call.c -------------------------------------------------------------- */
NPS_MUSTCHECK bool hs_call_open(struct hubspot *h, struct err *err);
/* One call that may be repeated (a GET, a search, a batch read), judged; as
 * apicall_do. body NULL: GET, else POST.  Of objects in *res->doc. */
struct hs_call {
	const char *path;	/* of hs_path */
	const char *label;	/* "search deals" */
	const char *body;	/* JSON; NULL = GET */
	bool search;		/* kept below search_rate */
};
NPS_MUSTCHECK bool hs_read(struct hubspot *h, struct arena *arena,
    const struct hs_call *call, struct api_res *res, struct err *err);
/* Are those the words of HubSpot's own errors, none of a gateway's? */
bool hs_is_own_error(json_t *root);
/* A 404, root of its body, that does not say what is missing is of the contact
 * where it is HubSpot's own and the list of contacts shows one right after it; else
 * an error. */
NPS_MUSTCHECK bool hs_prove(struct hubspot *h, json_t *root, struct err *err);
#define HS_LIST "list contacts"
#define HS_LIST_ONE "/contacts?limit=1"
/* root: of its answer; NULL = it is not there. */
NPS_MUSTCHECK bool hs_prove_by(json_t *root, struct err *err);
/* Puts the correlationId of a refusal in front of err.  Returns false. */
bool hs_told(json_t *root, struct err *err);
/* Before apicall_do or apicall_sign: the token is there for this process. */
NPS_MUSTCHECK bool hs_token(struct hubspot *h, struct err *err);
/* The pause before another try, in ms, by what the answer says; below 0 = the
 * day's calls are used up, or the token is none. */
long hs_pause_ms(const struct http_res *res);
/* The service's time: ours, corrected by the last Date. */
time_t hs_now(const struct hubspot *h);

/* ---- text.c ---------------------------------------------------------------- */
/* An id of an object: digits only, at most 20. */
bool hs_is_id(const char *text);
/* The id of a row, or of a member (integer or text) in arena; NULL = none. */
const char *hs_id(json_t *row, const char *key, struct arena *arena);
/* A property of a row as text in arena; NULL = null, "", or not there. */
const char *hs_property(json_t *row, const char *name, struct arena *arena);
/* "true", in any case. */
bool hs_is_true(json_t *row, const char *name, struct arena *arena);
/* Anything but "false", a zero, "" and null: it may say not to ask. */
bool hs_is_set(json_t *row, const char *name, struct arena *arena);
/* ISO 8601, or milliseconds since 1970; NO_TIME = neither. */
time_t hs_time(const char *text);
bool hs_in_list(const struct strlist *list, const char *text);

#endif
