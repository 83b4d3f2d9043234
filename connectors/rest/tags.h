/*
 * tags.h - inside of writing tags: tags.c drives the steps, tags_plan.c says
 * what is to be done with a card, tags_names.c knows what tags there are.
 */
#ifndef REST_TAGS_H
#define REST_TAGS_H

#include "crm.h"

/* An id as the other side writes it: 17 or "17". */
struct tag_id {
	const char *text;		/* NULL = none */
	bool number;
};
struct tag_name {
	const char *name;		/* composed */
	struct tag_id id;
};
/* All tags of the CRM; several may bear one name. */
struct tag_names {
	struct arena *arena;
	bool read;
	struct tag_name *v;		/* by name, then id */
	size_t n, room, sorted;		/* sorted = n when v and by_id are */
	const struct tag_name **by_id;
};
struct rest_writer {
	struct tag_names names;
};

/* ---- tags_names.c --------------------------------------------------------- */
NPS_MUSTCHECK bool tag_id_of(json_t *node, struct arena *arena,
    struct tag_id *id);			/* false: neither number nor text */
json_t *tag_id_json(const struct tag_id *id);	/* a new node; NULL = memory */
NPS_MUSTCHECK bool tag_names_add(struct tag_names *names, const char *name,
    const struct tag_id *id, struct err *err);
/* name is composed; of several the one with the smallest id.  NULL = none. */
const struct tag_name *tag_names_find(struct tag_names *names,
    const char *name);
const struct tag_name *tag_names_by_id(struct tag_names *names,
    const char *id);

/* ---- tags_plan.c ---------------------------------------------------------- */
struct rest_tag {
	const char *raw, *name;		/* as on the card; composed; or NULL */
	struct tag_id id;
	bool goes;
};
struct tag_plan {
	struct rest_tag *tag;
	size_t n, n_goes;
	const char *value;		/* what must stand there; NULL = none */
	struct tag_id value_id;		/* where the CRM's tags have ids */
	bool add;			/* and does not */
	const char *text;		/* style text: what to write */
};
/* The answer's card, which is that of contact_id.  ERR_GONE: it has none. */
NPS_MUSTCHECK bool tag_card_of(const struct rest_crm *c,
    const char *contact_id, json_t *root, json_t **card, struct err *err);
NPS_MUSTCHECK bool tag_plan_make(const struct rest_tags *set,
    struct tag_names *names, const struct crm_tag_write *write, json_t *card,
    struct arena *arena, struct tag_plan *plan, struct err *err);
/* What a request names by id has one; goes = the one tag of a call, or NULL. */
NPS_MUSTCHECK bool tag_plan_has_ids(const struct tag_plan *plan,
    const struct rest_tag *goes, const struct rest_request *from,
    struct err *err);
/* A name that the answer does not hold would be dropped from the list. */
NPS_MUSTCHECK bool tag_plan_has_names(const struct tag_plan *plan,
    const struct rest_request *from, struct err *err);
static inline bool
tag_plan_changes(const struct tag_plan *plan)
{
	return plan->add || plan->n_goes > 0;
}

#endif
