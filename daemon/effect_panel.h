/*
 * effect_panel.h - effects of the kind field: what the fields of a card show of
 * its answers and surveys.  The wanted values are worked out for all cards in
 * one statement; a row of effect holds the hash of what was written last.
 */
#ifndef NPSYNC_EFFECT_PANEL_H
#define NPSYNC_EFFECT_PANEL_H

#include "conf.h"
#include "effect.h"

/* Who would be asked next: cards of all CRMs, side by side. */
struct panel_next {
	struct db_array connector, contact, campaign;
	int day;		/* on which those mails leave */
};
struct panel {
	const struct conf *conf;
	const char *connector;
	struct panel_next *next;
	time_t now;
	int today;		/* local day */
};
struct panel_row {
	const char *contact_id, *hash;
	const char **values;	/* one per conf->writeback.fields; "" = empty */
	bool told;		/* an earlier run says that the CRM denied it */
};

/* Cards whose values are others than what was written are wanted; a card that
 * has nothing to show and never had is left alone.  Under the lease.  *n = how
 * many became wanted. */
NPS_MUSTCHECK bool panel_want(struct db *db, const struct tenant *tenant,
    const struct panel *panel, struct arena *arena, long long *n,
    struct err *err);
/* Wanted cards as they are now, but for those tried since panel->now. */
NPS_MUSTCHECK bool panel_list(struct db *db, long long tenant_id,
    const struct panel *panel, int max, struct arena *arena,
    struct panel_row **rows, size_t *n, struct err *err);

#endif
