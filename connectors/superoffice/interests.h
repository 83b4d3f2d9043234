/*
 * interests.h - the interests that persons can have, and what a tag write makes
 * of those of a card.  Pure.
 */
#ifndef SUPEROFFICE_INTERESTS_H
#define SUPEROFFICE_INTERESTS_H

#include "common/idmap.h"
#include "connector.h"
#include "json.h"

#define SO_INTERESTS_MAX ((size_t)20000)	/* of a tenant */
#define SO_SELECTED_MAX ((size_t)1000)		/* of a card */

struct so_interests {
	struct arena *arena;
	struct idmap ids;		/* by composed name */
	size_t n;
};
/* What UpdateInterests is told. */
struct so_interest_plan {
	int64_t enable;			/* 0 = none */
	const int64_t *disable;
	size_t n_disable;
};

void so_interests_begin(struct so_interests *list, struct arena *arena);
/* An item more; of two of one name the smaller id counts. */
NPS_MUSTCHECK bool so_interests_add(struct so_interests *list,
    const char *name, int64_t id, struct err *err);
/* A list as MDOList or List/{name}/Items has it, without what is deleted. */
NPS_MUSTCHECK bool so_interests_read(struct so_interests *list, json_t *root,
    struct err *err);
/* 0 = there is none. */
int64_t so_interests_id(const struct so_interests *list, const char *name);
/* interests: the card's, available and selected ones.  ERR_RETRY: the list has
 * no item for the tag. */
NPS_MUSTCHECK bool so_interests_plan(const struct so_interests *list,
    json_t *interests, const struct crm_tag_write *write, struct arena *arena,
    struct so_interest_plan *plan, struct err *err);
bool so_interests_unchanged(const struct so_interest_plan *plan);
/* The body of UpdateInterests; NULL = memory. */
const char *so_interests_body(struct arena *arena, int64_t person_id,
    const struct so_interest_plan *plan);

#endif
