#include "reading.h"

bool
so_reader_open(struct superoffice *s, struct err *err)
{
	s->reader = arena_alloc(s->api.own, sizeof(*s->reader));
	return s->reader == NULL ? err_nomem(err) : so_events_open(s, err) &&
	    so_activities_open(s, err) && so_contacts_open(s, err);
}

/* ---- check ------------------------------------------------------------- */
/* One row of a query proves its columns, its ids and the right to it; of cards,
 * that what keeps people out is shown, too. */
static bool
try_query(struct superoffice *s, const struct so_query *q, bool cards,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct so_query one = *q;
	json_t *rows;

	one.top = 1;
	arena_reset(s->page);
	return so_query_page(s, s->page, &one, 0, &res, &rows, err) &&
	    (!cards || so_card_shown(s->set, rows, true, err));
}

static bool
on_item(void *arg, json_t *item, struct err *err)
{
	(void)arg, (void)item, (void)err;
	return true;
}

bool
so_reader_check(struct superoffice *s, struct err *err)
{
	const struct so_reader *r = s->reader;

	if (!try_query(s, &r->persons.q, true, err))
		return false;
	for (size_t i = 0; i < r->n_events; i++)
		if (!try_query(s, &r->events[i].q, false, err))
			return false;
	for (size_t i = 0; i < r->n_activities; i++)
		if (!try_query(s, &r->activities[i].q, false, err))
			return false;
	return s->set->tag_mode != SO_TAGS_INTERESTS ||
	    so_list_items(s, "persint", on_item, NULL, err);
}
