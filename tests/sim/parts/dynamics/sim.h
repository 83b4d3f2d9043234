/*
 * sim.h - the server: options, requests, replies, faults.
 */
#ifndef NPSYNC_SIM_DYNAMICS_SIM_H
#define NPSYNC_SIM_DYNAMICS_SIM_H

#include <pthread.h>

#include "../common/files.h"
#include "../common/http.h"
#include "../common/url.h"
#include "../common/wrong.h"
#include "store.h"

#define TOKENS 16

enum on { ON_NONE, ON_TOKEN, ON_LIST, ON_ROW, ON_DELTA, ON_PATCH, ON_POST,
	ON_DELETE, ON_BATCH, ON_META, ON_SIM, ON_DATA, ON_ANY };
struct fault {
	char kind[24], code[40], message[240], table[64];
	enum on on;
	int64_t after, times, retry_after, seconds, status, nth;
	bool store, bare, empty;
	json_t *set;
};
struct token {
	char text[200];
	int64_t expires;
	bool foreign;		/* good, and for another audience */
};
struct options {
	const char *port_file, *dir, *tenant, *client, *secret, *prefix, *base;
	const char *certificate, *public_key, *x5t;
	int64_t port, page_max, token_s, rate, window_s, url_max, conditions_max;
	int64_t expand_max, seed, contacts, events, days, key_s;
	bool no_sync, bare, number_key, record, no_tracking, no_etags;
};
struct undo;
struct sim {
	struct options opt;
	char now_file[4096], base[256], secret[260];
	int ledger, log, exchanges, port, decoy;
	int64_t now, seq, version, started_ms, world_at;
	pthread_mutex_t lock;
	struct table *tables;
	size_t n_tables;
	struct text *set_lines;	/* of the change set that is open */
	struct undo *undo;
	struct token tokens[TOKENS];
	size_t n_tokens;
	struct fault *faults;
	size_t n_faults;
	int64_t *taken;		/* when the last calls were let in, in ms */
	size_t n_taken;
	int64_t requests, too_early, strayed, strayed_bearer, quiet_until_ms;
	int64_t batches, parts, tokens_asked;
	json_t *by_status, *complaints;
	struct mutants mutants;
};
struct headers {
	const char *authorization, *prefer, *if_match, *if_none, *type, *accept,
	    *version, *host, *id;
};
struct request {
	struct incoming in;
	struct pool pool;
	const char *path, *query;	/* both still encoded */
	struct headers h;
	enum on on;
	bool faulted, inner;
	struct fault fault;
	const char **ids, **urls;	/* of a change set: $1 and what it made */
	size_t n_ids;
};
struct reply {
	unsigned status;
	json_t *json;
	char *raw;		/* instead of json */
	size_t raw_len, missing;	/* announced bytes that never come */
	char type[160];
	const char *entity, *preference, *etag, *location, *challenge;
	int64_t retry_after;
	bool cut;
};
typedef void handler_fn(struct sim *, struct request *, struct reply *);

/* ---- reply.c */
void reply_json(struct reply *out, unsigned status, json_t *json);
PRINTF(4, 5) void reply_error(struct reply *out, unsigned status,
    const char *code, const char *fmt, ...);
void reply_clear(struct reply *out);
void complain(struct sim *s, const char *what);
const char *base_of(struct sim *s, struct request *r);
const char *set_base(struct sim *s, struct request *r);

/* ---- token.c, jwt.c */
void on_token(struct sim *s, struct request *r, struct reply *out);
bool token_good(struct sim *s, const struct request *r, const char **why);
/* NULL = it is signed by the certificate's key; else what is wrong. */
const char *jwt_check(struct sim *s, struct request *r, const char *jwt,
    const char *client, unsigned *code);

/* ---- data.c: everything behind the prefix */
void on_data(struct sim *s, struct request *r, struct reply *out);
void fault_match(struct sim *s, struct request *r, const char *rest);

/* ---- write.c, body.c */
void on_patch(struct sim *s, struct request *r, struct reply *out,
    size_t table, const char *key);
void on_create(struct sim *s, struct request *r, struct reply *out, size_t t);
void on_remove(struct sim *s, struct request *r, struct reply *out, size_t t,
    const char *key);
/* What the client sent, as columns of the store; NULL = refused. */
json_t *body_read(struct sim *s, struct request *r, struct reply *out,
    size_t table, int key_col);

/* ---- key.c */
struct address {
	struct guid id;
	bool by_id;
	int col;		/* of an alternate key */
	struct cell value;
};
/* "60c4...", "npt_responseid='406359'"; false = answered already */
bool key_read(struct sim *s, struct request *r, struct reply *out, size_t table,
    const char *text, struct address *a);
/* "/contacts(60c4...)", also absolute; text of the error or NULL */
const char *bind_read(struct sim *s, struct request *r, const char *text,
    size_t *table, struct guid *id);

/* ---- batch.c, meta.c */
void on_batch(struct sim *s, struct request *r, struct reply *out);
void on_meta(struct sim *s, struct request *r, struct reply *out, char *rest);
void meta_create(struct sim *s, struct request *r, struct reply *out,
    char *rest);
void undo_note(struct sim *s, size_t table, struct guid id);

/* ---- fault.c, mutate.c */
bool fault_add(struct sim *s, const json_t *in);
bool fault_take(struct sim *s, struct request *r, const char *table);
bool fault_is(const struct request *r, const char *kind);
void fault_before(struct sim *s, struct request *r);
/* true = the answer stands, the request is not carried out */
bool fault_replaces(struct sim *s, struct request *r, struct reply *out);
void fault_after(struct request *r, struct reply *out);
extern const char *const mutant_names[];
/* Is this one on? Then it strikes. */
bool mutant(struct sim *s, const char *name);
void sim_mutate(struct sim *s, struct request *r, struct reply *out);

/* ---- control.c, server.c */
handler_fn *control_find(const char *method, const char *path);
int64_t now_read(const struct sim *s);
void now_set(struct sim *s, int64_t t);
void listen_on(struct sim *s);
void listen_end(void);
void request_log(struct sim *s, const struct request *r,
    const struct reply *out);

#endif
