/*
 * queue_letter.h - the facts of one row and its card, for a letter to the
 * person.
 */
#ifndef NPSYNC_QUEUE_LETTER_H
#define NPSYNC_QUEUE_LETTER_H

#include "db.h"

enum queue_letter_column { QL_STATE, QL_REASON, QL_TRIGGER, QL_EVENT, QL_SEND_AT,
	QL_OWNER, QL_DEPARTMENT, QL_COMPANY, QL_COUNTRY, QL_CONSENT,
	QL_CONSENT_AT, QL_LANGUAGE, QL_NAME, QL_EMAIL, QL_SAME_ADDRESS };
/* One row, or none.  Times are epochs; owner, department, company, country and
 * consent are those of the transfer where there was one; same_address: the
 * card's address is the one the row went to. */
NPS_MUSTCHECK bool queue_letter_facts(struct db *db, long long tenant_id,
    long long queue_id, struct arena *arena, struct db_result **result,
    struct err *err);

#endif
