/*
 * sim.h - what the parts of the test server share.
 */
#ifndef NPSYNC_SIM_H
#define NPSYNC_SIM_H

#include <pthread.h>

#include "../common/base.h"
#include "../common/files.h"
#include "../common/http.h"
#include "../common/url.h"
#include "../common/wrong.h"

#define WINDOW 1024

enum endpoint {
	EP_NONE,
	EP_CAMPAIGNS,
	EP_PUSH,
	EP_RESPONSES,
	EP_MEMBERS,
	EP_PERSONS,
	EP_SIM,
	EP_ANY
};
enum auth { AUTH_RAW, AUTH_PREFIX, AUTH_BASIC };
enum dup { DUP_ALLOW, DUP_REFUSE, DUP_IGNORE };
enum paging { PAGING_HONOUR, PAGING_IGNORE, PAGING_NEXT };
enum hold { HOLD_NONE, HOLD_BEFORE, HOLD_AFTER };

struct fault {
	char kind[24];
	enum endpoint on;
	int64_t after, times, retry_after, seconds;
	bool store; /* does the effect happen although the answer is bad */
};
struct campaign {
	int64_t id;
	char *name;
	bool sms;
};
struct person {
	char *email;
	const char *phone;	/* beside the mail address; of a ledger line */
	int64_t id, changed;
	bool opted_out, anonymised, erased;
};
struct member {
	json_t *rec;	       /* its ledger line */
	size_t person, answer; /* answer: index + 1, 0 = none */
	int64_t id, campaign, send_at, received;
	bool added;
};
struct rating { /* one state of an answer; the newest in time counts */
	json_t *rec;
	int64_t at, comment_at, recorded;
	size_t prev; /* index + 1, 0 = none */
};
struct answer {
	int64_t id;
	size_t member, last;
};
struct window {
	int64_t ms[WINDOW];
	size_t n;
};
struct options {
	const char *port_file, *dir, *key, *items;
	int64_t port, page_max, rate;
	int auth, dup, paging;
	bool pascal, no_sync, no_members, person_id, idempotent,
	    member_in_answer;
	bool date_header, newest;
};
struct mutant; /* mutate.h */
struct sim {
	struct options opt;
	char now_file[4096], auth_value[512];
	int ledger, log, port;
	int64_t now, seq, started_ms;
	pthread_mutex_t lock;
	pthread_cond_t released;
	int holds, holding, hold_round;
	enum hold hold;
	struct campaign *campaigns;
	struct person *persons;
	struct member *members;
	struct rating *ratings;
	struct answer *answers;
	struct fault *faults;
	size_t n_campaigns, n_persons, n_members, n_ratings, n_answers,
	    n_faults;
	json_t *by_email, *by_guid, *by_pair; /* -> index */
	struct window all, taken;
	int64_t requests, pushes, refused, limited, max_per_second, too_early;
	int64_t quiet_until_ms; /* what a Retry-After asked for */
	json_t *by_status;
	const struct mutant *mutant;
	int64_t struck, mutant_seen;
	char mutant_person[320];
};
struct request {
	struct incoming in;
	char path[256];
	enum endpoint ep;
	int64_t campaign; /* of a push */
	struct fault fault;
	bool faulted, limited;
};
struct reply {
	unsigned status;
	json_t *json;
	char *raw;	/* instead of json */
	size_t raw_len; /* 0 = up to its NUL */
	size_t missing; /* bytes that are announced and never come */
	const char *type, *encoding, *location, *retry_text;
	int64_t retry_after;
	bool cut, empty;
};
typedef void handler_fn(struct sim *, struct request *, struct reply *);
typedef bool match_fn(struct sim *, size_t i, int64_t since);
typedef json_t *make_fn(struct sim *, size_t i);

/* ---- util.c */
json_t *time_json(int64_t t);
json_t *stamp_json(int64_t t, int64_t id);
void reply_json(struct reply *out, unsigned status, json_t *json);
void reply_error(
    struct reply *out, unsigned status, const char *what, const char *value);
void key_lower(char *out, size_t size, const char *s);
json_t *cased(const struct sim *s, json_t *json);
int64_t now_read(const struct sim *s);
void now_set(struct sim *s, int64_t t);

/* ---- state.c */
bool index_get(const json_t *map, const char *key, size_t *i);
size_t person_get(struct sim *s, const char *email);
const char *pair_key(char *out, size_t size, int64_t campaign, size_t person);
void ledger_add(struct sim *s, json_t *rec);
void ledger_load(struct sim *s);

/* ---- read.c */
bool answer_match(struct sim *s, size_t i, int64_t since);
void on_responses(struct sim *s, struct request *r, struct reply *out);
void on_members(struct sim *s, struct request *r, struct reply *out);
void on_feed(struct sim *s, struct request *r, struct reply *out);
void on_campaigns(struct sim *s, struct request *r, struct reply *out);

/* ---- push.c */
void on_push(struct sim *s, struct request *r, struct reply *out);

/* ---- erase.c */
void on_respondents(struct sim *s, struct request *r, struct reply *out);
void on_erase(struct sim *s, struct request *r, struct reply *out);
void person_erase(struct sim *s, int64_t id);

/* ---- fault.c */
bool fault_is_status(const struct fault *f, int64_t *status);
bool fault_add(struct sim *s, const json_t *in);
bool fault_take(struct sim *s, enum endpoint ep, struct fault *out);
void fault_apply(const struct fault *f, struct reply *out);

/* ---- control.c */
bool sim_body_ok(const struct request *r);
void sim_answer(struct sim *s, struct request *r, struct reply *out);
void sim_foreign(struct sim *s, struct request *r, struct reply *out);
void sim_auto(struct sim *s, struct request *r, struct reply *out);
void sim_now(struct sim *s, struct request *r, struct reply *out);
void sim_person(struct sim *s, struct request *r, struct reply *out);
void sim_fault(struct sim *s, struct request *r, struct reply *out);
void sim_hold(struct sim *s, struct request *r, struct reply *out);
void sim_release(struct sim *s, struct request *r, struct reply *out);
void sim_ledger(struct sim *s, struct request *r, struct reply *out);
void sim_stats(struct sim *s, struct request *r, struct reply *out);

/* ---- mutate.c */
bool mutant_set(struct sim *s, const char *name);
void sim_mutate(struct sim *s, struct request *r, struct reply *out);
bool mutate_before(struct sim *s, struct request *r, struct reply *out);
void mutate_page(struct sim *s, enum endpoint ep, int64_t page, int64_t size,
    int64_t *first, bool *newest);
bool mutate_hides(struct sim *s, enum endpoint ep, size_t i);
void mutate_reply(struct sim *s, const struct request *r, struct reply *out);

/* ---- server.c */
struct MHD_Daemon *listen_on(struct sim *s);

#endif
