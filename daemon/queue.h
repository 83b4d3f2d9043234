/*
 * queue.h - table queue and its history: the moves of design section 5, the
 * claim, and what people see.
 */
#ifndef NPSYNC_QUEUE_H
#define NPSYNC_QUEUE_H

#include "conf.h"
#include "db.h"
#include "tenant.h"

enum queue_state { QUEUE_QUEUED, QUEUE_SUPPRESSED, QUEUE_EXPIRED, QUEUE_EXCLUDED,
	QUEUE_HELD, QUEUE_SENDING, QUEUE_SENT, QUEUE_DEFERRED, QUEUE_FAILED,
	QUEUE_UNKNOWN, QUEUE_STATES };
enum queue_actor { ACTOR_DECIDE, ACTOR_PUSH, ACTOR_SETTLE, ACTOR_REFRESH,
	ACTOR_ADMIN, ACTOR_TAG, QUEUE_ACTORS };

const char *queue_state_name(enum queue_state state);
/* The table of allowed moves.  queued, deferred -> sending belong to the claim
 * alone and are not in it. */
bool queue_move_allowed(enum queue_actor actor, enum queue_state from,
    enum queue_state to);

/* ---- claim and outcome ------------------------------------------------- */
struct queue_claimed {
	long long queue_id;
	int attempt;
	const char *connector, *contact_id, *trigger, *campaign, *client_ref;
	const char *email, *mobile, *full_name, *first_name, *last_name;
	const char *language, *country, *company_id, *company, *segment,
	    *department;
	const char *owner_id, *owner_name, *owner_email, *employee_id;
	time_t send_at;
	const char *extra;	/* JSON object text, or NULL */
};
struct queue_claim {
	int night, at_most, throttle_days;
	bool count_foreign;
	time_t now;
	long long run_id;
	/* When the mails leave: one company's are spread over spread_s seconds. */
	time_t send_at;
	int spread_s;
	const struct conf *conf;	/* frequency and programmes; NULL = none */
};
/* Rows are in arena.  ERR_BUSY: the lease is lost or sending was paused. */
NPS_MUSTCHECK bool queue_claim(struct db *db, const struct tenant *tenant,
    const struct queue_claim *claim, struct arena *arena,
    struct queue_claimed **rows, size_t *n, struct err *err);

/* One move of one row; many are made by one statement. */
struct queue_move {
	long long queue_id;
	int attempt;
	enum queue_state to;
	const char *reason;	/* kept on the row; may be NULL */
	const char *remote_id;	/* may be NULL */
	time_t until;		/* deferred; NO_TIME */
};
/* By an administrator held -> queued lets a flood go: it is never held again.
 * actor_name stands in the history ("push", a login).  *moved = rows moved; a
 * row that did not move was not in an allowed state or attempt any more. */
NPS_MUSTCHECK bool queue_move(struct db *db, const struct tenant *tenant,
    enum queue_actor actor, const char *actor_name, long long run_id,
    time_t now, const struct queue_move *moves, size_t n, struct arena *arena,
    size_t *moved, struct err *err);

/* Rows in 'sending' of an older epoch become 'unknown'. *n = how many. */
NPS_MUSTCHECK bool queue_settle(struct db *db, const struct tenant *tenant,
    long long run_id, time_t now, struct arena *arena, size_t *n,
    struct err *err);

/* ---- what has become of them (queue_settle.c) -------------------------------- */
/* A row whose outcome nobody knows, as it left. */
struct queue_unknown {
	long long queue_id;
	int attempt;
	const char *client_ref, *campaign, *email, *mobile, *connector, *contact_id;
	const char *remote_id;		/* of one that was sent; or NULL */
	time_t claimed_at, absent_at;	/* absent_at: NO_TIME = never missed */
	bool retried;			/* was proven absent once before */
	bool listed;	/* a list showed it, or the card has another address
			 * now: no list proves that it is absent */
};
/* Claimed after a moment, newest first; at most `max`. */
NPS_MUSTCHECK bool queue_list_unknown(struct db *db, long long tenant_id,
    time_t claimed_after, int max, struct arena *arena,
    struct queue_unknown **rows, size_t *n, struct err *err);
/* Sent, claimed after that moment, and shown by a list since then: a list of
 * that time that lacks one of them has holes. */
NPS_MUSTCHECK bool queue_list_witnesses(struct db *db, long long tenant_id,
    time_t claimed_after, int max, struct arena *arena,
    struct queue_unknown **rows, size_t *n, struct err *err);
/* These were not in a complete listing; the first moment stays, until one shows
 * the row (`seen`: those that were sent). */
NPS_MUSTCHECK bool queue_mark_absent(struct db *db, long long tenant_id,
    struct db_array *ids, struct db_array *seen, time_t at,
    struct arena *arena, struct err *err);
/* Which of the service's ids are those of rows of ours already?  bound = as many
 * as there are ids; a null is nobody's. */
NPS_MUSTCHECK bool queue_find_bound(struct db *db, long long tenant_id,
    struct db_array *remote_ids, struct arena *arena, bool *bound,
    struct err *err);

/* Rows that could leave and whose event lies before a moment. */
struct queue_row_id {
	long long queue_id;
	int attempt;
	bool listed;		/* the service's list showed it */
	time_t event_at;
};
NPS_MUSTCHECK bool queue_list_before(struct db *db, long long tenant_id,
    time_t moment, struct arena *arena, struct queue_row_id **rows, size_t *n,
    struct err *err);
/* Rows held since a restored backup. */
NPS_MUSTCHECK bool queue_list_restored(struct db *db, long long tenant_id,
    struct arena *arena, struct queue_row_id **rows, size_t *n,
    struct err *err);
/* Rows that wait though the service lists them. */
NPS_MUSTCHECK bool queue_list_unexpected(struct db *db, long long tenant_id,
    struct arena *arena, struct queue_row_id **rows, size_t *n,
    struct err *err);
/* Of the rows sent between two moments: how many a listing showed. */
NPS_MUSTCHECK bool queue_count_listed(struct db *db, long long tenant_id,
    time_t from, time_t until, struct arena *arena, long long *listed,
    long long *missing, struct err *err);

/* ---- for administrators -------------------------------------------------- */
struct queue_filter {
	const long long *ids;	/* NULL = no restriction by id */
	size_t n_ids;
	const char *trigger, *category, *company, *employee, *connector, *contact;
	int before_day;		/* occurred before; NO_DAY = any */
	const char *timezone;	/* for before_day */
	const char *state;	/* NULL = those the move can take */
	const char *reason;	/* kept on the row; NULL = any */
};
struct queue_picked {
	long long queue_id;
	int attempt;
	const char *state;
	const char *reason;	/* kept on the row, or NULL */
};
/* Rows that match, newest last. */
NPS_MUSTCHECK bool queue_pick(struct db *db, long long tenant_id,
    const struct queue_filter *filter, struct arena *arena,
    struct queue_picked **rows, size_t *n, struct err *err);
/* Transferred rows, newest first (queue --transferred): queue_id, created,
 * trigger, email, employee, transferred, campaign name, state, send_at. */
NPS_MUSTCHECK bool queue_list_transferred(struct db *db, long long tenant_id,
    int max, struct arena *arena, struct db_result **result, struct err *err);
/* The rows of a card, an address key or an id, for explain. */
NPS_MUSTCHECK bool queue_history_list(struct db *db, long long tenant_id,
    long long queue_id, struct arena *arena, struct db_result **result,
    struct err *err);
/* state, count */
NPS_MUSTCHECK bool queue_count_states(struct db *db, long long tenant_id,
    struct arena *arena, struct db_result **result, struct err *err);
/* Due rows of a night that can be claimed; earliest later moment at which one
 * more can (NO_TIME = none). */
NPS_MUSTCHECK bool queue_due(struct db *db, long long tenant_id, int night,
    time_t now, struct arena *arena, long long *ready, time_t *next,
    struct err *err);
/* Rows that an earlier night decided and that were not claimed. */
NPS_MUSTCHECK bool queue_count_left(struct db *db, long long tenant_id,
    int night, struct arena *arena, long long *n, struct err *err);
/* Median of what left in the last 14 nights that sent anything; 0 = none. */
NPS_MUSTCHECK bool queue_usual_night(struct db *db, long long tenant_id,
    struct arena *arena, long long *n, struct err *err);

/* Categories of events met since a moment. */
NPS_MUSTCHECK bool queue_list_categories(struct db *db, long long tenant_id,
    time_t since, struct arena *arena, struct db_result **result,
    struct err *err);

#endif
