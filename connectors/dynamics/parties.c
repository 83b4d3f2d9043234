/*
 * parties.c - who took part in the activities of a page.
 *
 * A party may be a contact, an account, a user or an address that nobody knows:
 * only what the answer itself calls a contact is one.
 */
#include <string.h>

#include "reader.h"

#define COLUMNS "_activityid_value,_partyid_value,participationtypemask"

static bool
has_mask(const struct parties *p, json_t *row)
{
	long long mask;

	if (p->masks == NULL)
		return true;
	if (!row_number(row, "participationtypemask", &mask))
		return false;
	for (size_t i = 0; i < p->masks->n; i++)
		if (p->masks->v[i] == mask)
			return true;
	return false;
}

/* A list has a power of two of places, its NULL too: a thousand guests of one
 * meeting are copied ten times. */
static bool
party_add(struct parties *p, const char *activity, const char *contact)
{
	struct arena *page = p->d->page;
	const char **old = idmap_get(&p->by_activity, activity), **list = old;
	size_t n = 0;

	for (; old != NULL && old[n] != NULL; n++)
		if (strcmp(old[n], contact) == 0)
			return true;
	if (list == NULL || ((n + 1) & n) == 0) {
		list = arena_array(page, 2 * (n + 1), sizeof(*list));
		if (list == NULL)
			return false;
		for (size_t i = 0; i < n; i++)
			list[i] = old[i];
	}
	list[n] = contact;
	list[n + 1] = NULL;
	return list == old || idmap_put(&p->by_activity, activity, list);
}

static bool
on_party(void *arg, json_t *row, struct err *err)
{
	struct parties *p = arg;
	struct arena *page = p->d->page;
	const char *contact = row_lookup(row, "_partyid_value", "contact",
	    page);
	const char *activity = row_id(row, "_activityid_value", page);

	if (contact == NULL || activity == NULL || !has_mask(p, row))
		return !arena_failed(page) || err_nomem(err);
	return party_add(p, activity, contact) || err_nomem(err);
}

bool
parties_load(struct parties *p, struct dynamics *d, json_t *rows,
    const struct intlist *masks, struct err *err)
{
	const struct odata_query q = { .set = "activityparties",
		.select = COLUMNS };
	const char *const *ids;
	size_t n;

	p->d = d;
	p->masks = masks;
	idmap_init(&p->by_activity, d->page);
	return feed_ids(d->page, rows, "activityid", &ids, &n, err) &&
	    feed_by_ids(d, d->page, &q, "_activityid_value", ids, n, on_party,
	        p, err);
}

const char *const *
parties_of(const struct parties *p, const char *activity)
{
	static const char *const none[] = { NULL };
	const char *const *list = idmap_get(&p->by_activity, activity);

	return list == NULL ? none : list;
}
