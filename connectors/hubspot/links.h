/*
 * links.h - who belongs to what: the contacts of meetings, deals, tickets.
 */
#ifndef HUBSPOT_LINKS_H
#define HUBSPOT_LINKS_H

#include "common/idmap.h"
#include "hubspot.h"

#define HS_LINKS_MAX 1000	/* inputs of one call */

struct hs_links {
	struct idmap by_id;	/* const char *const *, NULL-ended */
	size_t n_linked;	/* rows with contacts, whatever their labels */
};
/* The contacts of the rows (an array of objects with ids); label NULL = all, else
 * those whose association has it.  All of it lives in arena. */
NPS_MUSTCHECK bool hs_links_load(struct hubspot *h, const char *type,
    json_t *rows, const char *label, struct arena *arena, struct hs_links *out,
    struct err *err);
/* NULL = none. */
const char *const *hs_links_of(const struct hs_links *l, const char *id);

#endif
