/*
 * activities.c - rows of listings as contact with a person, done or planned.
 *
 * How this can lose, and what stops it: a kind that the profile does not map
 * goes up as "other", and the core's own list says whether it counts; a row
 * without a day or an id is quarantined, one about nobody says nothing; a row
 * that does not say whether it was done is what done_default says; all of them,
 * broken off, are read from the beginning: what moved meanwhile to before the
 * place would be taken for called off.
 */
#include "reader.h"

#include <string.h>
#include <strings.h>

#include "map.h"
#include "select.h"

struct activities {
	struct rest_crm *c;
	crm_activity_fn *emit;
	void *arg;
	struct links links;
	struct link_tally tally;
};

static enum act_kind
kind_of(struct map *m, const struct rest_activity *set)
{
	static const struct {
		const char *word;
		enum act_kind kind;
	} words[] = { { "meeting", ACT_MEETING }, { "phone", ACT_PHONE },
		{ "mail", ACT_MAIL }, { "other", ACT_OTHER } };
	const char *word = *set->kind != '\0' ? set->kind
	    : map_text(m, "kind", &set->kind_at);

	for (size_t i = 0; word != NULL && i < ARRAY_LEN(words); i++)
		if (strcasecmp(words[i].word, word) == 0)
			return words[i].kind;
	return ACT_OTHER;
}

static void
map_activity(struct map *m, const struct rest_activity *set,
    struct crm_activity *act)
{
	const enum tri done = map_flag(m, "done", &set->done);

	act->kind = kind_of(m, set);
	act->day = map_day(m, "day", &set->day);
	act->done = done == TRI_UNKNOWN ? set->done_default : done == TRI_YES;
	act->cancelled = map_flag(m, "cancelled", &set->cancelled) == TRI_YES;
	if (act->day == NO_DAY)
		(void)map_refuse(m, "day", "a time");
}

static bool
contacts_of(struct activities *a, struct map *m,
    const struct rest_activity *set, const struct listing_row *row,
    const char *const **out, struct err *err)
{
	if (links_given(&set->link)) {
		a->links.set = &set->link;
		return links_row(&a->links, row->id, m, out, err);
	}
	*out = map_list(m, "contact", &set->contact, "");
	return *out != NULL || err_nomem(err);
}

static bool
on_row(void *arg, const struct listing *l, struct listing_row *row,
    struct err *err)
{
	struct activities *a = arg;
	const struct rest_activity *set = l->of;
	struct map m = { .maps = &set->maps, .zone = a->c->rest.zone,
		.arena = a->c->rest.item, .row = row->json };
	struct crm_activity act = { .activity_id = row->id };
	const char *const *contacts = NULL;

	/* A kind mapped to "" is no contact with anybody. */
	const char *word;
	if (*set->kind == '\0' && map_word(&m, "kind", &set->kind_at, &word) ==
	    MAP_DROPPED) {
		reader_skip(a->c);
		return true;
	}
	map_activity(&m, set, &act);
	if (m.reason[0] == '\0' &&
	    !contacts_of(a, &m, set, row, &contacts, err))
		return false;
	memcpy(row->reason, m.reason, sizeof(row->reason));
	if (arena_failed(a->c->rest.item))
		return err_nomem(err);
	for (; m.reason[0] == '\0' && *contacts != NULL; contacts++) {
		act.contact_id = *contacts;
		if (!a->emit(a->arg, &act))
			return err_set(err, ERR_CANCELLED,
			    "activities: stopped");
	}
	return true;
}

static bool
on_page(void *arg, const struct listing *l, json_t *rows, struct err *err)
{
	struct activities *a = arg;
	const struct rest_activity *set = l->of;

	a->links = links_begin(a->c, l, &set->link, &a->tally);
	return links_page(&a->links, &set->read.id, rows, err);
}

bool
rest_pull_activities(void *self, const struct pull *pull,
    crm_activity_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err)
{
	struct rest_crm *c = self;
	struct activities a = { .c = c, .emit = emit, .arg = arg };
	const struct listing_sink sink = { .page = on_page, .row = on_row,
		.arg = &a, .checkpoint = checkpoint, .checkpoint_arg = arg,
		.sorted = true };

	const struct rest_reader *r = c->reader;
	struct pull mine = *pull;

	if (listing_all_whole(r->activities, r->n_activities))
		mine.resume = NULL;
	return listing_read(&c->rest, r->activities, r->n_activities, &mine,
	    &sink, err);
}
