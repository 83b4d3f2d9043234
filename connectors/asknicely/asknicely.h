/*
 * asknicely.h - inside of the AskNicely driver.  README.md says what is
 * documented and what is a default that waits for a live account.
 */
#ifndef ASKNICELY_ASKNICELY_H
#define ASKNICELY_ASKNICELY_H

#include "arena.h"
#include "connector.h"
#include "json.h"
#include "settings.h"

#define ASKNICELY_DAY_S 86400

struct asknicely {
	const struct asknicely_settings *set;
	const struct connector_env *env;	/* &lent */
	struct connector_env lent;
	struct arena *own;		/* for the connector's life */
	struct arena *page;		/* one answer */
	struct arena *item;		/* one row of it */
	const char *const (*read_headers)[2], *const (*send_headers)[2],
	    *const (*json_headers)[2];
	bool looked;			/* lookup.path has shown a contact */
};
/* NULL = not in the configuration. */
const struct asknicely_campaign *asknicely_campaign(
    const struct asknicely_settings *set, const char *campaign_id);
time_t asknicely_now(const struct asknicely *a);

/* ---- map.c: JSON to structs, pure ------------------------------------ */
/* Numbers and flags come as texts: "1", "0", "true". */
enum tri asknicely_flag(json_t *node);
/* An id: digits, however the number is written (54127, "54127", 54127.0), so
 * that one thing has one id; another text as it is.  NULL: none, or a number
 * with a fraction. */
const char *asknicely_id(json_t *row, const char *name, struct arena *arena);
/* NULL when absent, empty or no scalar. */
const char *asknicely_text(json_t *row, const char *name,
    struct arena *arena);
/* Unix seconds; absent, "" and 0: NO_TIME.  False: something else. */
bool asknicely_time(json_t *row, const char *name, time_t *out);
/* An answer as far as a pull needs it. */
struct asknicely_row {
	time_t mark_at;		/* of its watermark; NO_TIME = none */
	const char *mark;
	const char *key;	/* id, for the quarantine */
	char reason[96];	/* what could not be read; "" = nothing */
	bool skip;		/* not wanted by configuration */
};
/* Strings live in arena.  False: nothing to hand up, reason says why. */
bool asknicely_map_answer(const struct asknicely_settings *set, json_t *row,
    struct arena *arena, struct survey_answer *a, struct asknicely_row *r);

/* ---- totals.c: the head of a page of answers, pure -------------------- */
#define ASKNICELY_NOT_TOLD (-1LL)
struct asknicely_head {
	long long page, pages, total;
	const char *unreadable;	/* total or totalpages; counts as not told */
};
/* What the pages of a pass said and held so far. */
struct asknicely_totals {
	bool checks;		/* responses.check_totals; kept by init */
	long long seen, total, pages;
	size_t longest;		/* page, in rows */
	struct err fault;	/* the first number that did not fit */
};
/* ERR_PROTOCOL: the number of the page cannot be read. */
NPS_MUSTCHECK bool asknicely_head_read(json_t *root,
    struct asknicely_head *head, struct err *err);
void asknicely_totals_init(struct asknicely_totals *t);
/* Page `asked` with so many rows: is it the one, and is it the last?
 * ERR_PROTOCOL: another page.  Numbers that do not fit one another, or the rows,
 * are t->fault: such a pass is read to its end, and then failed. */
NPS_MUSTCHECK bool asknicely_totals_take(struct asknicely_totals *t,
    const struct asknicely_head *head, long long asked, size_t rows,
    bool *is_last, struct err *err);

/* ---- call.c: reads ---------------------------------------------------- */
/* One request for target, a path below base_url, in a->page; *doc is the
 * caller's to free.  True: 2xx and {"success": true}. */
NPS_MUSTCHECK bool asknicely_read(struct asknicely *a, const char *target,
    struct http_res *res, struct json_doc **doc, struct err *err);
/* The same, but a redirect is followed once, without the key, to a host of
 * responses.redirect_hosts. */
NPS_MUSTCHECK bool asknicely_read_stored(struct asknicely *a,
    const char *target, struct http_res *res, struct json_doc **doc,
    struct err *err);
/* The rows of a page: NULL when it has none at "data". */
json_t *asknicely_rows(const struct json_doc *doc);
/* A blocking request that may be repeated, signed; body = JSON, or NULL. */
NPS_MUSTCHECK bool asknicely_send(struct asknicely *a, const char *method,
    const char *target, const char *body, struct http_req *req,
    struct http_res *res, struct err *err);
/* Reads a second: as set; else no more than a rate_per_second that an
 * administrator made smaller.  Pure. */
double asknicely_read_rate(const struct asknicely_settings *set);
/* The answer to it: 2xx and {"success": true}?  *doc is set also where only
 * the latter is missing. */
NPS_MUSTCHECK bool asknicely_judge(struct asknicely *a,
    const struct http_req *req, const struct http_res *res,
    struct json_doc **doc, struct err *err);
/* May a redirect lead there?  Pure. */
NPS_MUSTCHECK bool asknicely_may_follow(const struct strlist *hosts,
    const char *location, struct err *err);
void asknicely_complain(const struct asknicely *a, const char *source,
    const char *key, const char *reason);

/* ---- send.c, outcome.c -------------------------------------------------- */
NPS_MUSTCHECK bool asknicely_push_request(void *self,
    const struct respondent *r, struct http_req *req, struct err *err);
NPS_MUSTCHECK bool asknicely_push_result(void *self,
    const struct http_res *res, struct push_result *result, struct err *err);
/* A name of send.*_field or survey.fields: snake_case that ends in "_c". */
bool asknicely_is_custom_name(const char *name);

/* ---- lookup.c ----------------------------------------------------------- */
NPS_MUSTCHECK bool asknicely_find_sent(void *self, const struct sent *wanted,
    size_t count, enum find_answer *answers, struct push_result *found,
    struct err *err);

/* lookup.path for an address. */
NPS_MUSTCHECK bool asknicely_lookup_target(
    const struct asknicely_settings *set, const char *email,
    struct arena *arena, const char **target, struct err *err);

/* The status is one of lookup.absent_status. */
bool asknicely_is_absent(const struct asknicely_settings *set, long status);
/* No such contact: a status of lookup.absent_status, or a 200 with a success of
 * false.  A wrong path may say the same.  doc may be NULL. */
bool asknicely_is_nobody(const struct asknicely_settings *set,
    const struct http_res *res, const struct json_doc *doc);

/* ---- confirm.c ---------------------------------------------------------- */
NPS_MUSTCHECK bool asknicely_confirm_request(void *self,
    const struct respondent *r, struct http_req *req, struct err *err);
NPS_MUSTCHECK bool asknicely_confirm_result(void *self,
    const struct respondent *r, const struct http_res *res,
    struct push_result *result, struct err *err);

/* ---- answers.c, optouts.c ----------------------------------------------- */
NPS_MUSTCHECK bool asknicely_pull_answers(void *self, const struct pull *pull,
    survey_answer_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);
NPS_MUSTCHECK bool asknicely_pull_optouts(void *self, const struct pull *pull,
    survey_optout_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);
/* Holes of responses.path and lookup.path; NULL-ended. */
extern const char *const asknicely_page_holes[];
extern const char *const asknicely_person_holes[];

/* ---- erase.c -------------------------------------------------------------- */
NPS_MUSTCHECK bool asknicely_erase(void *self, const char *email,
    const char *phone, struct put_result *result, struct err *err);

#endif
