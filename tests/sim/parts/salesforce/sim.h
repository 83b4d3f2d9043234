/*
 * sim.h - what the parts of the Salesforce stand-in share.
 */
#ifndef NPSYNC_SIM_SALESFORCE_H
#define NPSYNC_SIM_SALESFORCE_H

#include <pthread.h>

#include "../common/base.h"
#include "../common/files.h"
#include "../common/http.h"
#include "../common/url.h"
#include "../common/wrong.h"

#define ID_LEN 18
#define PAGE_MIN 200
#define PAGE_MAX 2000
#define CURSORS 10
#define JOBS 20
#define TOKENS 64
#define HOPS 3

enum endpoint {
	EP_NONE, EP_TOKEN, EP_DESCRIBE, EP_QUERY, EP_NEXT, EP_COLLECTION,
	EP_RECORD, EP_COMPOSITE, EP_CHATTER, EP_TOOLING, EP_BULK, EP_OTHER, EP_SIM, EP_ANY
};

/* ---- the schema: objects, their fields ----------------------------------- */
enum type { T_ID, T_REF, T_TEXT, T_LONG, T_EMAIL, T_PHONE, T_PICKLIST, T_BOOL,
	T_INT, T_NUM, T_DATE, T_DATETIME };
enum { F_HIDDEN = 1, F_UNFILTERABLE = 2, F_EXTERNAL = 4, F_READONLY = 8,
	F_CUSTOM = 16, F_REQUIRED = 32 };
struct field {
	char *name;
	enum type type;
	unsigned flags;
	int length;
	char *refs;	/* "User,Group": what a T_REF may point to */
	char *relation;	/* the name of that parent in a path */
	char *values;	/* "A;B": no other is taken */
};
struct value {
	bool set;
	union {
		int64_t n;	/* T_BOOL, T_INT, days, milliseconds */
		double d;	/* T_NUM */
		char *s;	/* owned */
	} u;
};
struct object;
struct record {
	struct object *obj;
	struct value *v;	/* as many as obj->n_fields; v[0] is the Id */
};
struct object {
	char *name, *prefix;
	struct field *fields;
	size_t n_fields;
	struct record **rows;
	size_t n_rows;
	bool hidden;
};

/* ---- SOQL ---------------------------------------------------------------- */
struct pool {		/* memory that goes all at once */
	void **v;
	size_t n;
};
struct path {
	struct field *hop[HOPS];
	size_t n_hops;
	bool many;	/* a parent may be of several objects */
	struct field *leaf;
	char text[160];	/* as the schema spells it */
};
struct node;
struct order {
	struct path path;
	bool down, nulls_last;
};
struct query {
	struct pool pool;
	struct object *from;
	struct path *select;
	size_t n_select;
	bool count, all;
	struct node *where;
	struct order *order;
	size_t n_order;
	int64_t limit, offset;
};
struct cursor {
	char id[ID_LEN + 1];
	struct query *q;
	struct record **rows;
	size_t n;
	int64_t used;
};

struct job {		/* of Bulk API 2.0 */
	char id[ID_LEN + 1], version[16];
	struct query *q;	/* NULL = none */
	struct record **rows;
	size_t n;
	int64_t made, asked, polls;
	bool failed, aborted, crlf;
};

/* ---- what goes wrong on request -------------------------------------------- */
struct fault {
	char kind[24], code[64], text[200], object[64], id[24], key[16];
	enum endpoint on;
	int64_t after, times, retry_after, seconds, records, rows;
	bool store;
};
struct pending {	/* committed, not visible yet */
	json_t *line;
	int64_t visible_at, after_queries;
};
struct options {
	const char *port_file, *dir, *client_id, *secret, *jwt_key, *user;
	const char *audience, *instance_host, *now;
	int64_t port, page_max, api_limit, uri_max, token_calls, seed, events;
	int64_t contacts, history, base, bulk_polls;
	bool no_sync, no_chatter, bodies, shared_activities, bare, error_code;
	bool plain;
	int limit_info;
};
struct sim {
	struct options opt;
	char now_file[4096];
	int ledger, log, port;
	int64_t now, seq, started_ms;
	pthread_mutex_t lock;
	struct object *objects;
	size_t n_objects;
	struct record **ids;	/* open addressing by id */
	size_t n_ids, room_ids;
	int64_t next_id;
	struct cursor cursors[CURSORS];
	struct job jobs[JOBS];
	char tokens[TOKENS][80];
	int64_t n_tokens, tokens_ended, token_calls;
	char url[300], host[64];
	struct fault *faults;
	size_t n_faults;
	struct pending *pending;
	size_t n_pending;
	int64_t requests, queries, too_early, quiet_until_ms, api_used;
	json_t *by_status, *by_endpoint, *by_kind;
	struct mutants mutants;
};
struct request;
struct reply;
typedef void handler_fn(struct sim *, struct request *, struct reply *);
struct route {
	const char *method, *path;	/* "*" at the end: and what follows */
	enum endpoint ep;
	handler_fn *handle;
};
struct request {
	struct incoming in;
	char *path;		/* without the version */
	char version[16];
	enum endpoint ep;
	struct fault fault;
	const struct route *route;
	char *q;		/* decoded */
	const char *unmodified;	/* If-Unmodified-Since of a part of composite */
	bool faulted, counted, too_long;
};
struct reply {
	unsigned status;
	json_t *json;
	char *raw;
	size_t missing;
	const char *type;
	char locator[32], rows[16];
	int64_t retry_after;
	bool cut, limit;
};

/* ---- util.c */
json_t *time_json(int64_t t);
bool same_name(const char *a, const char *b);
void reply_json(struct reply *out, unsigned status, json_t *json);
void reply_error(struct reply *out, unsigned status, const char *code,
    const char *text);
int64_t now_read(const struct sim *s);
void now_set(struct sim *s, int64_t t);
bool decimal_read(const char *s, double *d);
bool word_cut(const char **p, char sep, char *out, size_t size);

/* ---- schema.c, tables.c */
extern const char *const schema_tables[];
void schema_load(struct sim *s);
struct object *object_find(const struct sim *s, const char *name);
struct object *object_of_id(const struct sim *s, const char *id);
struct field *field_find(const struct object *o, const char *name);
struct field *field_of_relation(const struct object *o, const char *name);
size_t field_index(const struct object *o, const struct field *f);
bool field_add(struct sim *s, const char *object, const char *line);
json_t *object_describe(const struct object *o, bool blind, bool feed);
void on_describe(struct sim *s, struct request *r, struct reply *out);
void on_sobjects(struct sim *s, struct request *r, struct reply *out);

/* ---- store.c */
bool id_normal(const char *in, char out[static ID_LEN + 1]);
void id_make(struct sim *s, const struct object *o, char out[static ID_LEN + 1]);
struct record *record_find(const struct sim *s, const char *id);
struct record *record_add(struct sim *s, struct object *o, const char *id);
struct value *value_of(const struct record *r, const char *field);
const char *value_text(const struct record *r, const char *field);
bool value_true(const struct record *r, const char *field);
void value_set_text(struct record *r, const char *field, const char *s);
void value_set_num(struct record *r, const char *field, int64_t n);
json_t *value_json(const struct field *f, const struct value *v, bool mutant);
const char *value_check(const struct field *f, const json_t *in);
void value_take(const struct field *f, struct value *v, const json_t *in);
bool stamp_parse(const char *s, int64_t *ms);

/* ---- ledger.c: every change goes through here */
void ledger_add(struct sim *s, json_t *line);
void ledger_load(struct sim *s);
void pending_apply(struct sim *s, bool query);

/* ---- soql.c, soql_eval.c */
struct query *query_parse(struct sim *s, const char *text, bool all,
    struct reply *out);
void query_free(struct query *q);
void *pool_get(struct pool *p, size_t size);
void pool_free(struct pool *p);
bool path_value(const struct sim *s, const struct path *p,
    const struct record *r, struct field **f, struct value *v,
    struct record **owner);
struct record **query_rows(struct sim *s, const struct query *q, size_t *n);
bool node_true(const struct sim *s, const struct node *n,
    const struct record *r);

/* ---- query.c, bulk.c */
void on_query(struct sim *s, struct request *r, struct reply *out);
void on_next(struct sim *s, struct request *r, struct reply *out);
json_t *row_json(const struct sim *s, const struct query *q,
    const struct record *r);
void on_bulk(struct sim *s, struct request *r, struct reply *out);

/* ---- auth.c */
void on_token(struct sim *s, struct request *r, struct reply *out);
bool authorised(struct sim *s, const struct request *r);
void tokens_end(struct sim *s);
bool jwt_good(struct sim *s, const char *assertion, const char **why);

/* ---- write.c, single.c, extra.c */
json_t *write_one(struct sim *s, struct object *o, struct record *r,
    const json_t *fields, bool *created);
json_t *result_error(const struct sim *s, const char *code, const char *text,
    const char *field);
struct record *external_find(const struct sim *s, const struct object *o,
    const struct field *f, const char *text, size_t *n);
void on_collection(struct sim *s, struct request *r, struct reply *out);
void on_record(struct sim *s, struct request *r, struct reply *out);
void on_chatter(struct sim *s, struct request *r, struct reply *out);
void on_chatter_me(struct sim *s, struct request *r, struct reply *out);
void on_tooling(struct sim *s, struct request *r, struct reply *out);
void on_composite(struct sim *s, struct request *r, struct reply *out);
void on_limits(struct sim *s, struct request *r, struct reply *out);
void on_versions(struct sim *s, struct request *r, struct reply *out);
void on_identity(struct sim *s, struct request *r, struct reply *out);

/* ---- fault.c */
extern const char *const endpoint_names[];
bool fault_add(struct sim *s, const json_t *in);
bool fault_take(struct sim *s, struct request *r);
bool fault_is(const struct request *r, const char *kind);
bool fault_replaces(const struct request *r);
void fault_apply(struct sim *s, const struct request *r, struct reply *out);
void fault_page(struct request *r, json_t *page, struct sim *s);
const struct fault *fault_record(struct sim *s, const struct request *r,
    const char *id);

/* ---- mutate.c */
enum { MUT_DROP_NEXT, MUT_DONE_EARLY, MUT_WRONG_ORDER,
	MUT_MISSING_200, MUT_NO_ERROR, MUT_CREATED_TRUE, MUT_IDS_LOWER,
	MUT_TOKEN_FOREVER, MUT_SECRET_ANY, MUT_JWT_UNSIGNED, MUT_MALFORMED_OK,
	MUT_OVER_200, MUT_TOTAL, MUT_WHERE, MUT_STAMP_STILL, MUT_DATE_Z,
	MUT_LIMIT_GONE, MUT_BATCH, MUT_QUOTED_OK, MUT_AUDIENCE_ANY,
	MUT_CHATTER_LOST, MUT_WRITE_LOST, MUT_EXPIRY_ANY, MUT_DESCRIBE,
	MUT_UNMODIFIED, MUT_BULK_HEAD, MUT_BULK_END };
extern const char *const mutant_names[];
bool mutant_is(struct sim *s, int name);
void sim_mutate(struct sim *s, struct request *r, struct reply *out);

/* ---- world.c, control.c */
void world_draw(struct sim *s);
void sim_now(struct sim *s, struct request *r, struct reply *out);
void sim_record(struct sim *s, struct request *r, struct reply *out);
void sim_schema(struct sim *s, struct request *r, struct reply *out);
void sim_fault(struct sim *s, struct request *r, struct reply *out);
void sim_ledger(struct sim *s, struct request *r, struct reply *out);
void sim_stats(struct sim *s, struct request *r, struct reply *out);
void sim_expire(struct sim *s, struct request *r, struct reply *out);
void sim_get(struct sim *s, struct request *r, struct reply *out);
void sim_merge(struct sim *s, struct request *r, struct reply *out);
void sim_touch(struct sim *s, struct request *r, struct reply *out);
void sim_limit(struct sim *s, struct request *r, struct reply *out);
bool sim_body_ok(const struct request *r);
void cursors_drop(struct sim *s);
void jobs_drop(struct sim *s);

/* ---- server.c */
void route_find(struct request *r);
struct MHD_Daemon *listen_on(struct sim *s);

#endif
