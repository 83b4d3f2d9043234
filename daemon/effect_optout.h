/*
 * effect_optout.h - effects of the kind opt_out: who declined at the survey
 * service gets the tag in the CRM that stops all surveys.  Once a card; whoever
 * takes the tag away again is not overruled.
 */
#ifndef NPSYNC_EFFECT_OPTOUT_H
#define NPSYNC_EFFECT_OPTOUT_H

#include "effect.h"

/* Under the lease.  *n = cards that became wanted. */
NPS_MUSTCHECK bool optout_want(struct db *db, const struct tenant *tenant,
    const char *connector, time_t now, struct arena *arena, long long *n,
    struct err *err);
struct optout_wish {
	const char *contact_id;
	bool told;		/* an earlier run says that the CRM denied it */
};
/* Wanted cards, but for those tried since now. */
NPS_MUSTCHECK bool optout_wish_list(struct db *db, long long tenant_id,
    const char *connector, time_t now, int max, struct arena *arena,
    struct optout_wish **wishes, size_t *n, struct err *err);

#endif
