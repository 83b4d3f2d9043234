/*
 * rehearsal.h - a tenant that exists in one transaction only: what another one
 * knew before a period begins, and what the CRM says happened in it, to be
 * judged night by night.  No row of the other tenant is locked or changed.
 *
 * It lies in the usual tables, told apart by the queue's ids:
 *  - below 0: what was sent before the period, for caps and the usual number;
 *  - above 0: an event of the period.  It is `deferred` until it happened, and
 *    its states are the real ones from there on.
 * In planned_activity, which decide asks by the connector's name, stand the days
 * of activities ("done/NAME") and of won deals ("sold/NAME"): what is planned is
 * not known of past nights, so that there is nothing else in it.
 */
#ifndef NPSYNC_REHEARSAL_H
#define NPSYNC_REHEARSAL_H

#include "db.h"

struct rehearsal {
	struct db *db;
	long long of;		/* the tenant whose rehearsal it is */
	long long tenant_id;	/* while the transaction lasts */
	long long rows;		/* ids given so far */
	const char *zone;
	/* the period */
	int days, from_day;
	time_t from, until;	/* until: now */
	int first_night, last_night, nights;
	int sends_since;	/* oldest send that some rule still counts */
	bool answers;		/* some rule counts answers */
	/* silences */
	bool silent;		/* they are looked for */
	int history_from;	/* oldest day of activities and won deals */
	int known_on;		/* last day that is rolled up */
	long long unread;	/* records that nobody could read */
};

/* Inside a transaction: makes the tenant and copies what it knew. */
NPS_MUSTCHECK bool rehearsal_begin(struct rehearsal *r, struct arena *arena,
    struct err *err);

/* ---- intake ------------------------------------------------------------- */
#define REHEARSAL_ROWS 5000
struct rehearsal_event {
	const char *trigger, *event_id, *contact_id, *category;
	time_t occurred_at, transition_at;
	time_t known_at;	/* when the CRM could show it */
	int created_night;
};
/* Pages of one connector; a full one is to be sent. */
struct rehearsal_page {
	struct db_array event[9], day[4];
	size_t n_events, n_days;
};
void rehearsal_page_init(struct rehearsal_page *page);
void rehearsal_page_free(struct rehearsal_page *page);
void rehearsal_add_event(struct rehearsal *r, struct rehearsal_page *page,
    const struct rehearsal_event *event);
/* A day on which there was an activity, or (sold) a deal was won. */
void rehearsal_add_day(struct rehearsal_page *page, bool sold,
    const char *contact_id, const char *id, int day);
NPS_MUSTCHECK bool rehearsal_put_events(struct rehearsal *r,
    struct rehearsal_page *page, const char *connector, struct arena *scratch,
    struct err *err);
NPS_MUSTCHECK bool rehearsal_put_days(struct rehearsal *r,
    struct rehearsal_page *page, const char *connector, struct arena *scratch,
    struct err *err);
/* All is read.  Who changed the company is not known of past nights. */
NPS_MUSTCHECK bool rehearsal_settle(struct rehearsal *r, struct arena *arena,
    struct err *err);

/* A tenant that nobody else has seen looks empty to the planner, and every index
 * as good as another.  What it learns here is rolled back too; locks out nobody
 * but VACUUM and another ANALYZE, and waits for nobody. */
NPS_MUSTCHECK bool rehearsal_analyze(struct rehearsal *r, struct err *err);

/* ---- nights ------------------------------------------------------------- */
/* Activities and won deals up to a day. */
NPS_MUSTCHECK bool rehearsal_roll(struct rehearsal *r, int day,
    struct arena *arena, struct err *err);
/* What the night decided is sent. */
NPS_MUSTCHECK bool rehearsal_send(struct rehearsal *r, int night,
    struct arena *arena, struct err *err);
/* Silences that begin to count after `since`; the rest as event_find_silent. */
struct rehearsal_silence {
	int from, until, since, night;
	time_t at;
};
NPS_MUSTCHECK bool rehearsal_find_silent(struct rehearsal *r,
    const struct rehearsal_silence *w, struct arena *arena, struct err *err);

/* ---- what came of it (rehearsal_list.c) ----------------------------------- */
/* ISO week of the night, trigger, surveys; a week without any has one row,
 * its trigger null. */
NPS_MUSTCHECK bool rehearsal_weeks(const struct rehearsal *r,
    struct arena *arena, struct db_result **result, struct err *err);
/* trigger, state, reason ('' = none), rows: every row is in one of them.  A
 * state `queued` or `deferred` waits; one that no night judged has no reason. */
NPS_MUSTCHECK bool rehearsal_outcomes(const struct rehearsal *r,
    struct arena *arena, struct db_result **result, struct err *err);
/* company, surveys, people */
NPS_MUSTCHECK bool rehearsal_companies(const struct rehearsal *r, int max,
    struct arena *arena, struct db_result **result, struct err *err);
struct rehearsal_totals {
	long long events, silences, surveys, people;
	long long flooded;		/* nights that held a flood */
	int spent_on;		/* first night the budget left one out; NO_DAY */
	long long before_spent;	/* surveys before that night */
	long long own, foreign;		/* what was really sent in the period */
	long long pauses;		/* of the real tenant, left out here */
};
NPS_MUSTCHECK bool rehearsal_count(const struct rehearsal *r,
    struct arena *arena, struct rehearsal_totals *totals, struct err *err);

#endif
