/*
 * sim.h - the server: people, calls, answers, faults.
 */
#ifndef NPSYNC_SIM_ASKNICELY_SIM_H
#define NPSYNC_SIM_ASKNICELY_SIM_H

#include <pthread.h>

#include "../common/base.h"
#include "../common/files.h"
#include "../common/http.h"
#include "../common/url.h"
#include "../common/wrong.h"

#define SEGMENTS 10
#define FILES 16

enum on { ON_NONE, ON_TRIGGER, ON_LOOKUP, ON_RESPONSES, ON_OPTOUTS, ON_ERASE,
	ON_STORAGE, ON_SIM, ON_ANY };
enum limits { LIMITS_NOW, LIMITS_REAL, LIMITS_OFF };

struct contact {
	char *email;
	json_t *fields;		/* name, segment, *_c: as they are now */
	int64_t id, created, imported, unsubscribed;
	size_t last_send;	/* index + 1, 0 = none */
	bool active, removed;
};
struct send {
	size_t contact, prev;	/* prev: the contact's send before, index + 1 */
	int64_t at;		/* when the mail leaves */
	json_t *fields;		/* as they were then */
	bool answered;
};
struct answer {
	size_t contact;
	int64_t id, sent, responded;
	json_t *rec, *fields;	/* fields: of its send; NULL = of nobody's */
};
struct window {			/* when the last calls were let in */
	int64_t *at;
	size_t n, size;
	int64_t length_ms, peak;
};
struct fault {
	char kind[24];
	enum on on;
	int64_t after, times, retry_after, seconds, at;
	bool store;
};
struct options {
	const char *port_file, *dir, *key, *now, *sms;
	int64_t port, rule_days, redirect_above, absent;
	int limits;
	bool no_sync, pending_ignored, readd_activates, fields_now, since_sent;
	bool scheduled, allow_erase;
};
struct file {			/* on the second port */
	char name[32], *text;
};
struct sim {
	struct options opt;
	char now_file[4096];
	int ledger, log, port, storage_port;
	int64_t now, world_at, seq, started_ms;
	pthread_mutex_t lock;
	struct contact *contacts;
	struct send *sends;
	struct answer *answers;
	struct fault *faults;
	size_t n_contacts, n_sends, n_answers, n_faults, n_files;
	struct file files[FILES];
	json_t *by_email, *by_status, *by_on, *violations;
	struct window all[2], triggers[2];
	int64_t requests, too_early, refused_ms, quiet_ms, redirects;
	struct mutants mutants;
};
struct call {
	struct incoming in;
	char *parts[SEGMENTS];	/* of the path, decoded */
	size_t n_parts;
	json_t *query;		/* name -> text */
	enum on on;
	json_t *body;		/* object: of JSON, or of a form */
	bool faulted, storage;
	struct fault fault;
};
struct reply {
	unsigned status;
	json_t *json;
	char *raw, *location;	/* raw: instead of json */
	size_t missing;		/* announced bytes that never come */
	const char *type;
	int64_t retry_after;
	bool cut;
};
typedef void handler_fn(struct sim *, struct call *, struct reply *);

/* ---- util.c */
/* The service writes numbers as texts; NO_TIME is null. */
json_t *num_text(int64_t n);
int64_t now_read(const struct sim *s);

/* ---- reply.c */
void reply_json(struct reply *out, unsigned status, json_t *json);
/* {"success": false, "msg": ...} */
void reply_failed(struct reply *out, unsigned status, const char *msg);

/* ---- state.c */
struct contact *contact_find(struct sim *s, const char *email);
/* Takes rec; on disk before it is in memory. */
void ledger_add(struct sim *s, json_t *rec);
void ledger_load(struct sim *s);
/* What no client may do; it is counted, and stands in the ledger. */
void violation(struct sim *s, const char *what, const char *detail);
/* The last mail that left; NO_TIME = none. */
int64_t lastemailed_of(const struct sim *s, const struct contact *c);
/* One waits to leave. */
bool is_scheduled(const struct sim *s, const struct contact *c);

/* ---- one file each */
handler_fn on_trigger, on_lookup, on_responses, on_optouts, on_erase;
handler_fn on_storage, sim_control;
/* Somebody answers who is not asked here; at = NO_TIME: now. */
void answer_insert(struct sim *s, int64_t at);
void optout_insert(struct sim *s);
bool call_allowed(struct sim *s, struct call *c, struct reply *out);
bool call_limited(struct sim *s, struct call *c, struct reply *out);
int64_t limit_left(const struct sim *s, const struct call *c, int which,
    int64_t *most);
void limits_open(struct sim *s);
void call_route(struct call *c);

/* ---- fault.c, mutate.c */
extern const char *const on_names[];
bool fault_add(struct sim *s, const json_t *in);
void fault_take(struct sim *s, struct call *c);
bool fault_is(const struct call *c, const char *kind);
/* true = the call is not carried out */
bool fault_replaces(const struct call *c);
void fault_apply(struct sim *s, const struct call *c, struct reply *out);
extern const char *const mutant_names[];
/* Is this one on?  Then it strikes. */
bool mutant(struct sim *s, const char *name);
/* What a wrong server makes of a page's place, and of its answer. */
void mutate_page(struct sim *s, int64_t page, int64_t *first);
void mutate_reply(struct sim *s, const struct call *c, struct reply *out);

/* ---- server.c */
struct MHD_Daemon *listen_on(struct sim *s, int64_t port, bool storage);

#endif
