/*
 * sim.h - the server: options, calls, answers, faults.
 */
#ifndef NPSYNC_SIM_HUBSPOT_SIM_H
#define NPSYNC_SIM_HUBSPOT_SIM_H

#include <pthread.h>

#include "../common/files.h"
#include "../common/http.h"
#include "../common/wrong.h"
#include "store.h"

#define ARGS 3
#define KEPT 16

enum on { ON_NONE, ON_SEARCH, ON_LIST, ON_ROW, ON_READ, ON_UPDATE, ON_ASSOC,
	ON_PIPELINES, ON_PROPERTY, ON_PROPERTY_WRITE, ON_PREFS, ON_OWNERS,
	ON_USAGE, ON_SIM, ON_ANY };
/* The order of their dates. */
enum version { V_LEGACY, V_2026_03, V_2026_09 };
struct fault {
	char kind[24], type[16], text[200], category[40];
	enum on on;
	int64_t after, times, retry_after, seconds, value, id;
	bool store;
	json_t *set;
};
struct options {
	const char *port_file, *dir, *token, *scopes, *now;
	int64_t port, seed, contacts, events, days;
	int64_t search_rate, rate, daily, url_max, lag_s, list_max, assoc_page;
	int64_t results_max;
	bool no_sync, bodies, id_text, after_integer, assoc_text, time_ms;
	bool whole_batch, each_input, rate_by_now, plain_stages, in_lower;
};
struct window {			/* when the last calls were let in */
	int64_t *at;
	size_t n;
};
struct sim {
	struct options opt;
	char now_file[4096];
	int ledger, log, port;
	int64_t now, world_at, seq, next_id, started_ms;
	pthread_mutex_t lock;
	struct kind kinds[OBJ_N];
	struct fault *faults;
	size_t n_faults;
	struct window searches, calls, seconds;
	int64_t requests, used_today, day, too_early, quiet_ms[2];
	int64_t search_peak, correlation;
	int64_t shift, shift_from;	/* after an empty page of a search */
	json_t *by_status, *by_on, *violations, *refused;
	struct mutants mutants;
};
struct call;
struct reply;
typedef void handler_fn(struct sim *, struct call *, struct reply *);
struct route {
	const char *method, *legacy, *dated;
	enum on on;
	const char *scope;	/* NULL = that of the object type */
	handler_fn *handle;
};
struct call {
	struct incoming in;
	const char *query;	/* still encoded */
	char *path;
	const struct route *route;
	enum version version;
	char *args[ARGS], *kept[KEPT];
	size_t n_args, n_kept;
	json_t *body;
	struct kind *kind;	/* args[0] is its name */
	bool faulted;
	struct fault fault;
};
struct reply {
	unsigned status;
	json_t *json;
	char *raw;		/* instead of json */
	size_t missing;		/* announced bytes that never come */
	const char *type;
	int64_t retry_after;
	bool cut, reset, counted;
};

/* ---- reply.c */
void reply_json(struct reply *out, unsigned status, json_t *json);
/* category may be NULL */
PRINTF(5, 6) void reply_error(struct sim *s, struct reply *out, unsigned status,
    const char *category, const char *fmt, ...);
void reply_limit(struct sim *s, const struct call *c, struct reply *out,
    const char *policy);
/* results and errors of a batch, in the form of the version */
void reply_batch(struct sim *s, const struct call *c, struct reply *out,
    json_t *results, json_t *errors);
json_t *batch_error(struct sim *s, const char *category, const char *text,
    const json_t *id);
/* A parameter of the query, kept until the call ends. */
const char *call_param(struct call *c, const char *name);
/* A row as the service shows it; names: array of texts, or a list "a,b". */
json_t *row_json(struct sim *s, const struct kind *k, const struct record *r,
    const json_t *names);
json_t *row_values(struct sim *s, const struct kind *k, char *const *v,
    size_t n, const json_t *names);
json_t *names_split(const char *list);

/* ---- one file each */
handler_fn on_search, on_list, on_row, on_patch, on_batch_read;
handler_fn on_batch_update, on_assoc, on_labels, on_pipelines, on_properties;
handler_fn on_property, on_property_create, on_property_change, on_status;
handler_fn on_unsubscribed, on_status_batch, on_unsubscribed_batch;
handler_fn on_status_v3, on_owners, on_usage;
handler_fn sim_now, sim_record, sim_update, sim_archive, sim_erase, sim_merge;
handler_fn sim_link, sim_property, sim_rows, sim_fault, sim_mutate, sim_token;
handler_fn sim_ledger, sim_stats, sim_switch;

/* ---- route.c, limits.c */
/* false = *out is answered already */
bool route_find(struct sim *s, struct call *c, struct reply *out);
bool call_allowed(struct sim *s, struct call *c, struct reply *out);
bool call_limited(struct sim *s, struct call *c, struct reply *out);
void reply_scope(struct sim *s, struct reply *out, const char *scope);

/* ---- fault.c, mutate.c */
extern const char *const on_names[];
bool fault_add(struct sim *s, const json_t *in);
void faults_clear(struct sim *s);
bool fault_take(struct sim *s, struct call *c);
bool fault_is(const struct call *c, const char *kind);
void fault_before(struct sim *s, const struct call *c);
/* true = the answer stands and the call is not carried out */
bool fault_replaces(struct sim *s, struct call *c, struct reply *out);
void fault_after(struct sim *s, const struct call *c, struct reply *out);
void fault_page(const struct call *c, json_t *page);
/* The error that a record meets in a batch; NULL = none. */
const char *fault_record(struct sim *s, const struct call *c, int64_t id);
extern const char *const mutant_names[];
/* Is this one on?  Then it strikes. */
bool mutant(struct sim *s, const char *name);

/* ---- server.c */
int64_t now_read(const struct sim *s);
void now_set(struct sim *s, int64_t t);
int64_t now_ms(const struct sim *s);
struct MHD_Daemon *listen_on(struct sim *s);

#endif
