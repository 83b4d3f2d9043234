/*
 * check.c - what can be proven without a write: address, token, and each table
 * that a night reads, with the columns it asks for.
 */
#include "reader.h"

/* One row is enough: a missing right or column is told all the same. */
static bool
try_feed(struct dynamics *d, const struct feed *f, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const struct odata_query q = { .set = f->set, .select = f->select,
		.expand = f->expand, .filter = f->filter, .top = 1 };
	json_t *rows;

	arena_reset(d->page);
	const char *target = odata_target(d->page, &q);
	return target == NULL ? err_nomem(err) : dynamics_get(d, d->page,
	    target, NULL, f->set, &res, err) &&
	    dynamics_rows(&res, f->set, &rows, err);
}

bool
dynamics_check(void *self, struct err *err)
{
	static const struct feed parties = { .set = "activityparties",
		.select = "_activityid_value,_partyid_value,"
		    "participationtypemask" };
	struct dynamics *d = self;
	const struct dynamics_reader *r = d->reader;

	if (!try_feed(d, &r->contacts, err))
		return false;
	for (size_t i = 0; i < r->n_events; i++)
		if (!try_feed(d, &r->events[i], err))
			return false;
	return try_feed(d, &parties, err) &&
	    try_feed(d, &r->activities, err);
}
