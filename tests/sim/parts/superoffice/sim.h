/*
 * sim.h - what the parts of the SuperOffice stand-in share.
 */
#ifndef NPSYNC_SIM_SUPEROFFICE_H
#define NPSYNC_SIM_SUPEROFFICE_H

#include <pthread.h>

#include "../common/base.h"
#include "../common/files.h"
#include "../common/http.h"
#include "../common/url.h"
#include "../common/wrong.h"

#define TICKETS 64
#define LISTENERS 3	/* two numbers of the host, and a stranger */
#define TICKET_S (6 * 3600)
#define BEARER_S 3600
#define CLAIM "http://schemes.superoffice.net/identity/"

enum endpoint { EP_NONE, EP_STATE, EP_LOGIN, EP_TOKEN, EP_ARCHIVE, EP_ENTITY,
	EP_PATCH, EP_INTERESTS, EP_LIST, EP_ITEM, EP_CONSENT, EP_CREATE,
	EP_OTHER, EP_SIM, EP_DATA, EP_ANY };

/* ---- rows: columns under their names, times as seconds ------------------- */
enum table_id { T_ASSOCIATE, T_COMPANY, T_PERSON, T_APPOINTMENT, T_SALE,
	T_HISTORY, T_TICKET, T_INTEREST, TABLES };
struct row {
	int64_t id, seen_at;	/* nobody sees it before */
	json_t *v;
};
struct table {
	const char *name, *key;
	struct row *rows;	/* by id */
	size_t n;
};

/* ---- columns ------------------------------------------------------------- */
enum type { C_NONE, C_INT, C_KEY, C_LIST, C_BOOL, C_TEXT, C_DATE, C_UTC,
	C_TIME, C_INTERESTS };
struct column {
	const char *name;
	enum type type;
	const char *key;	/* in the row; NULL = worked out */
	const char *list;	/* whose texts are shown */
};
struct provider {
	const char *name, *entity;
	enum table_id table;
	const struct column *columns;
	const char *person, *company, *associate;	/* prefixes */
};
enum side { S_OWN, S_PERSON, S_COMPANY, S_ASSOCIATE, S_OWNER };
struct col {
	struct column c;
	enum side side;
	char name[96], udef[64];
};
struct raw {
	bool null;
	int64_t n;
	const char *s;
	const json_t *set;
};
struct node;

/* ---- what goes wrong on request ------------------------------------------ */
struct fault {
	char kind[24], text[160], provider[32];
	enum endpoint on;
	int64_t after, times, retry_after, seconds, code, rows;
	bool store;
};
struct options {
	const char *port_file, *dir, *client_id, *secret, *system_token;
	const char *public_key, *context, *refresh_token, *basic, *issuer;
	const char *interest_list, *site, *now, *offset;
	int64_t port, page_max, seed, persons, events, days, rate, skew_s, base;
	int64_t bookings;
	bool no_sync, onsite, record, email_rows, headings, no_admin, next_link;
	bool no_update_interests, no_appointment_list, closed_entity;
	bool replace_custom;
};
struct ticket {
	char text[80];
	int64_t used_at, ends_at;	/* ends_at 0: slides */
};
struct sim {
	struct options opt;
	char now_file[4096], url[2][64];
	int ledger, log, record, port, host;	/* host: which url is right */
	int64_t now, seq, started_ms, n_tickets, ended;
	char state[32];
	bool running;
	pthread_mutex_t lock;
	struct table tables[TABLES];
	struct ticket tickets[TICKETS];
	struct fault *faults;
	size_t n_faults;
	json_t *contract, *by_status, *by_endpoint, *violations, *extra;
	int64_t requests, rows_sent, too_early, quiet_until_ms, second, in_second;
	int64_t strayed;
	json_t *last_row;	/* of the last page of an archive */
	char last_filter[400];
	struct mutants mutants;
};
struct request;
struct reply;
typedef void handler_fn(struct sim *, struct request *, struct reply *);
struct route {
	const char *method, *path;	/* {} stands for one part */
	enum endpoint ep;
	handler_fn *handle;
};
struct request {
	struct incoming in;
	char *path, *query;	/* path without the tenant, decoded */
	char part[2][128];		/* what {} stood for */
	enum endpoint ep;
	struct fault fault;
	const struct route *route;
	bool faulted, data;
	json_t *args;			/* of the query or the form */
};
struct reply {
	unsigned status;
	json_t *json;
	char *raw;
	size_t missing;
	const char *type;
	char modified[40];
	int64_t retry_after;
	bool cut;
};

/* ---- util.c */
void reply_json(struct reply *out, unsigned status, json_t *json);
void reply_error(struct reply *out, unsigned status, const char *type,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int64_t now_read(const struct sim *s);
bool id_read(const char *s, int64_t *id);

/* ---- columns.c, lists.c */
const struct provider *provider_find(const char *name);
extern const struct provider providers[];
bool col_find(const struct sim *s, const struct provider *p, const char *name,
    struct col *out);
const char *list_text(const struct sim *s, const char *list, int64_t id);
void on_mdo_list(struct sim *s, struct request *r, struct reply *out);
void on_lists(struct sim *s, struct request *r, struct reply *out);
void on_items(struct sim *s, struct request *r, struct reply *out);
void on_item_add(struct sim *s, struct request *r, struct reply *out);
void on_udef(struct sim *s, struct request *r, struct reply *out);

/* ---- store.c */
void tables_init(struct sim *s);
int table_find(const char *name);
struct row *row_find(const struct sim *s, enum table_id t, int64_t id);
struct row *row_add(struct sim *s, enum table_id t, int64_t id, json_t *v);
int64_t next_id(const struct sim *s, enum table_id t);
bool row_seen(const struct sim *s, const struct row *row);
void col_raw(const struct sim *s, const struct row *row, const struct col *c,
    size_t mail, struct raw *out);
const char *updated_key(enum table_id t);

/* ---- filter.c, filter_parse.c */
struct node *filter_parse(struct sim *s, const struct provider *p,
    const char *text, struct reply *out);
bool filter_true(const struct sim *s, const struct node *n,
    const struct row *row);
bool filter_all(const struct node *n);
void filter_free(struct node *n);

/* ---- archive.c, cell.c */
void on_archive(struct sim *s, struct request *r, struct reply *out);
void on_entity_list(struct sim *s, struct request *r, struct reply *out);
void on_person_list(struct sim *s, struct request *r, struct reply *out);
void on_metadata(struct sim *s, struct request *r, struct reply *out);
void on_providers(struct sim *s, struct request *r, struct reply *out);
bool zone_read(const struct request *r, bool *offset, bool *local);
json_t *time_json(const struct sim *s, const struct request *r, int64_t t,
    bool utc);
json_t *cell_json(const struct sim *s, const struct request *r,
    const struct row *row, const struct col *c, size_t mail, bool full);

/* ---- entity.c, patch.c, write.c */
void on_entity(struct sim *s, struct request *r, struct reply *out);
void on_appointment_list(struct sim *s, struct request *r, struct reply *out);
json_t *person_json(const struct sim *s, const struct request *r,
    const struct row *row);
json_t *entity_select(const struct request *r, json_t *entity);
void on_patch(struct sim *s, struct request *r, struct reply *out);
void on_interests(struct sim *s, struct request *r, struct reply *out);
void on_consents(struct sim *s, struct request *r, struct reply *out);
void on_consent(struct sim *s, struct request *r, struct reply *out);
void on_appointment_add(struct sim *s, struct request *r, struct reply *out);
bool has_interest(const json_t *ids, int64_t id);

/* ---- auth.c, crypt.c */
void on_state(struct sim *s, struct request *r, struct reply *out);
void on_login(struct sim *s, struct request *r, struct reply *out);
void on_token(struct sim *s, struct request *r, struct reply *out);
void on_jwks(struct sim *s, struct request *r, struct reply *out);
void on_openid(struct sim *s, struct request *r, struct reply *out);
void on_root(struct sim *s, struct request *r, struct reply *out);
bool authorised(struct sim *s, const struct request *r, struct reply *out);
void tickets_end(struct sim *s);
bool signature_good(const char *key_file, const char *text, size_t len,
    const char *sig);
char *jwt_make(json_t *claims);
json_t *jwks_make(void);
char *base64_read(const char *s, size_t len, size_t *n);

/* ---- contract.c: the extract of the published description */
json_t *contract_load(void);
void contract_judge(struct sim *s, const struct request *r);
void violation(struct sim *s, const struct request *r, const char *rule,
    const char *what);

/* ---- ledger.c */
void ledger_add(struct sim *s, json_t *line);
void ledger_load(struct sim *s);
void history_add(struct sim *s, const json_t *sale, int64_t seen_at);
void row_set(struct sim *s, const char *by, enum table_id t, int64_t id,
    json_t *set);

/* ---- fault.c, mutate.c */
extern const char *const endpoint_names[];
bool fault_add(struct sim *s, const json_t *in);
bool fault_take(struct sim *s, struct request *r);
bool fault_is(const struct request *r, const char *kind);
bool fault_replaces(const struct request *r);
void fault_apply(struct sim *s, const struct request *r, struct reply *out);
enum { MUT_ORDER, MUT_ROW_DROPPED, MUT_FILTER, MUT_TOP, MUT_SELECT,
	MUT_UNKNOWN_OK, MUT_MISSING_200, MUT_ERROR_200, MUT_ENABLE, MUT_DISABLE,
	MUT_OTHERS, MUT_BOTH_OK, MUT_PATCH_LOST, MUT_TEST, MUT_UNMODIFIED,
	MUT_ITEM_LOST, MUT_TICKET_ANY, MUT_SIGNATURE_ANY, MUT_MINUTE_ANY,
	MUT_APP_TOKEN_ANY, MUT_STAMP_STILL, MUT_CUSTOM_OTHERS, MUT_HISTORY,
	MUT_ZONE_IGNORED, MUT_KEY_NUMBER };
extern const char *const mutant_names[];
bool mutant_is(struct sim *s, int name);

/* ---- world.c, control.c, server.c */
void world_draw(struct sim *s);
void sim_now(struct sim *s, struct request *r, struct reply *out);
void sim_record(struct sim *s, struct request *r, struct reply *out);
void sim_update(struct sim *s, struct request *r, struct reply *out);
void sim_delete(struct sim *s, struct request *r, struct reply *out);
void sim_rows(struct sim *s, struct request *r, struct reply *out);
void sim_column(struct sim *s, struct request *r, struct reply *out);
void sim_state(struct sim *s, struct request *r, struct reply *out);
void sim_expire(struct sim *s, struct request *r, struct reply *out);
void sim_fault(struct sim *s, struct request *r, struct reply *out);
void sim_mutate(struct sim *s, struct request *r, struct reply *out);
void sim_ledger(struct sim *s, struct request *r, struct reply *out);
void sim_stats(struct sim *s, struct request *r, struct reply *out);
void listen_on(struct sim *s, struct MHD_Daemon *d[static LISTENERS]);

#endif
