/*
 * contact_consent.h - what the cards say of consent, in numbers.
 */
#ifndef NPSYNC_CONTACT_CONSENT_H
#define NPSYNC_CONTACT_CONSENT_H

#include "connector.h"
#include "db.h"

struct contact_consent {
	long long cards;	/* that are still there */
	long long said, dated;	/* of these: yes or no; with a date */
	long long by_law;	/* in one of the countries */
	/* Whose country is no code of two letters: for the rules it is unknown. */
	long long no_code;
	const char *country;	/* the first of these; NULL, or in the arena */
};
NPS_MUSTCHECK bool contact_count_consent(struct db *db, long long tenant_id,
    const struct strlist *countries, struct arena *arena,
    struct contact_consent *count, struct err *err);

#endif
