/*
 * npstoday.h - inside of the NPS.Today driver.  README.md says what is
 * confirmed and what is a default that waits for a live account.
 */
#ifndef NPSTODAY_NPSTODAY_H
#define NPSTODAY_NPSTODAY_H

#include "arena.h"
#include "buf.h"
#include "connector.h"
#include "json.h"
#include "settings.h"

struct npstoday {
	const struct npstoday_settings *set;
	const struct connector_env *env;	/* &lent */
	struct connector_env lent;
	struct arena *own;		/* for the connector's life */
	struct arena *page;		/* one answer */
	struct arena *item;		/* one record of it */
	const char *const (*read_headers)[2], *const (*send_headers)[2];
	const struct watermark *reading;	/* of the listing that is read now */
	struct json_doc *template;
	/* By enum channel: the template's object that gets the sending time,
	 * and under which name; NULL = left out. */
	const json_t *send_at_node[2];
	const char *send_at_name[2];
};
const struct campaign_settings *npstoday_campaign(
    const struct npstoday_settings *set, const char *campaign_id);
const char *npstoday_method(int method);

/* ---- map.c: JSON to structs, pure ------------------------------------ */
/* A record as far as a pull needs it. */
struct mapped {
	time_t mark_at;		/* of its watermark; NO_TIME = none */
	const char *mark;	/* as received */
	const char *key;	/* id, for the quarantine */
	char reason[96];	/* why it could not be read; "" = it could */
	bool skip;		/* not wanted by configuration */
	bool ref_is_ours;	/* a member's: only npsync writes it */
};
/* Strings live in arena.  False: reason says what was expected. */
bool npstoday_map_answer(const struct npstoday_settings *set, json_t *item,
    struct arena *arena, struct survey_answer *a, struct mapped *m);
bool npstoday_map_member(const struct npstoday_settings *set, json_t *item,
    struct arena *arena, struct sent *s, struct mapped *m);

/* ---- template.c: the body of a send ---------------------------------- */
/* Reads send.template_file, or takes the one compiled in, and checks holes. */
NPS_MUSTCHECK bool npstoday_template_open(struct npstoday *n, struct err *err);
NPS_MUSTCHECK bool npstoday_template_write(const struct npstoday *n,
    const struct respondent *r, struct buf *out, struct err *err);

/* ---- send.c ---------------------------------------------------------- */
NPS_MUSTCHECK bool npstoday_push_request(void *self,
    const struct respondent *r, struct http_req *req, struct err *err);
NPS_MUSTCHECK bool npstoday_push_result(void *self, const struct http_res *res,
    struct push_result *result, struct err *err);

/* ---- feed.c: listings, page by page ---------------------------------- */
struct feed {
	const char *path, *since_param, *since_format, *zone, *initial_since;
	int method, overlap_h;
	const struct strlist *items, *id;
	const struct paging_settings *paging;
};
/* Maps and emits one record in n->item; false = stop (emit said so). */
typedef bool feed_item_fn(struct npstoday *n, json_t *item, void *arg,
    struct mapped *m);
struct feed_sink {
	feed_item_fn *each;
	void *each_arg;
	checkpoint_fn *checkpoint;	/* may be NULL */
	void *arg;
	bool *partial;	/* may be NULL; set when the service sent one page twice:
			 * there may be rows that it never showed */
};
/* Whole listing from pull->watermark (less the overlap), or from pull->resume
 * if that place is still there, else from the beginning once more. */
NPS_MUSTCHECK bool npstoday_feed_read(struct npstoday *n,
    const struct feed *feed, const struct pull *pull,
    const struct feed_sink *sink, struct err *err);
/* One request; *root lives in *doc, which the caller frees. */
NPS_MUSTCHECK bool npstoday_get(struct npstoday *n, int method,
    const char *url, struct http_res *res, struct json_doc **doc,
    struct err *err);

/* ---- erase.c --------------------------------------------------------- */
NPS_MUSTCHECK bool npstoday_erase(void *self, const char *email,
    const char *phone, struct put_result *result, struct err *err);

/* ---- members.c ------------------------------------------------------- */
NPS_MUSTCHECK bool npstoday_find_sent(void *self, const struct sent *wanted,
    size_t count, enum find_answer *answers, struct push_result *found,
    struct err *err);
NPS_MUSTCHECK bool npstoday_pull_sent(void *self, const struct pull *pull,
    survey_sent_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);

#endif
