/*
 * answer_alarm.h - table answer: which answers people are to be told of, and
 * what a mail says of one.
 */
#ifndef NPSYNC_ANSWER_ALARM_H
#define NPSYNC_ANSWER_ALARM_H

#include "conf.h"
#include "db.h"
#include "tenant.h"

#define ANSWER_ALARM_MAX 500	/* answers of one run; the others wait */

struct answer_alarm {
	const char *id;
	int score;		/* -1 = none */
	const char *comment, *campaign_id, *campaign, *trigger;
	time_t answered_at;
	bool wants_contact, test;
	const char *connector, *contact_id, *name, *email, *company,
	    *department, *link;
	const char *owner_id, *owner_name, *owner_email;
	const char *employee;	/* of the event, as the CRM names it */
	const char *employee_email;	/* of the one owner that is called so */
};

/* Answers first seen, and given, since a moment that a rule fires for and whose
 * alarm is not decided: answer id, number of the rule (0, 1, ...), ordered. */
NPS_MUSTCHECK bool answer_alarm_fired(struct db *db, long long tenant_id,
    const struct grouplist *rules, time_t since, struct arena *arena,
    struct db_result **result, struct err *err);
/* The answers of these ids that may still be told of: not those that were
 * anonymised or erased, or were seen before the moment. */
NPS_MUSTCHECK bool answer_alarm_read(struct db *db, long long tenant_id,
    struct db_array *ids, time_t since, struct arena *arena,
    struct answer_alarm **rows, size_t *n, struct err *err);

/* What follows: rows of table effect, and marks on the answers, in one
 * statement under the lease. */
struct answer_alarm_wish {
	struct db_array kind, target, subject, how;	/* side by side */
	struct db_array scores, contacts;	/* answers decided by each */
};
void answer_alarm_wish_init(struct answer_alarm_wish *wish);
void answer_alarm_wish_free(struct answer_alarm_wish *wish);
NPS_MUSTCHECK bool answer_alarm_decide(struct db *db,
    const struct tenant *tenant, struct answer_alarm_wish *wish, time_t now,
    struct arena *arena, struct err *err);

#endif
