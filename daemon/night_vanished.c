/*
 * How a filter that is right could be called gone, and what stops it:
 *  - a list that could not be read, or came empty: nothing is said of its kind,
 *    what was raised stays, as long as the configuration names it;
 *  - a CRM beside the one that lists, whose values nobody lists: a kind counts
 *    only if each CRM that can bring such a value gave at least one.  Triggers do
 *    not name a CRM, so an event may come from any that has events, a card from
 *    all;
 *  - a list of what is in use just now: categories that events had lately count.
 */
#include "night_vanished.h"

#include <string.h>

#include "alarm.h"
#include "campaign.h"
#include "clock.h"
#include "log.h"
#include "queue.h"

/* An export shows the categories of its days only, so one that an event had
 * since then is not gone. */
#define MET_DAYS 60

struct listed {
	struct listed *next;
	const char *text;
};
struct search {
	struct night *n;
	struct arena *arena;
	struct listed *found[2];	/* categories, relations */
	bool whole[2];		/* each CRM that can bring one gave some */
	bool never[2];		/* ... and one of them has no such list at all */
	struct db_array subjects, details;
};
enum { CATEGORIES, RELATIONS };
static const enum value_kind kinds[] = { VAL_CATEGORY, VAL_RELATION };
static const char *const words[] = { "category", "relation" };

/* ---- lists --------------------------------------------------------------- */
static bool
add(struct search *s, int kind, const char *text)
{
	struct listed *l = arena_alloc(s->arena, sizeof(*l));

	if (l == NULL)
		return false;
	*l = (struct listed){ s->found[kind], arena_strdup(s->arena, text) };
	s->found[kind] = l;
	return l->text != NULL;
}

static bool
on_category(void *arg, const char *id, const char *label, long count)
{
	(void)count;
	return add(arg, CATEGORIES, id) && add(arg, CATEGORIES, label);
}

static bool
on_relation(void *arg, const char *id, const char *label, long count)
{
	(void)count;
	return add(arg, RELATIONS, id) && add(arg, RELATIONS, label);
}

static bool
list_crm(struct search *s, struct crm *crm, int kind)
{
	struct err why = { .kind = ERR_NONE };
	bool ok = true;

	if (crm->link.failed)	/* perhaps it was never opened */
		return false;
	if (crm->connector->list_values != NULL)
		ok = crm->connector->list_values(crm->link.self, kinds[kind],
		    kind == CATEGORIES ? on_category : on_relation, s, &why);
	if (!ok && why.kind != ERR_NONE)
		log_ev(LOG_LEVEL_WARNING, "health", "connector=%s error=%s",
		    crm->link.name, log_quote(why.msg));
	arena_reset(crm->link.scratch);
	return ok;
}

/* An event has its category, a card its relation. */
static bool
can_bring(const struct crm *crm, int kind)
{
	return kind == RELATIONS || crm->connector->pull_events != NULL;
}

static void
list_kind(struct search *s, int kind)
{
	struct stage *stage = &s->n->stage;

	for (size_t i = 0; i < stage->n_crm; i++) {
		struct crm *crm = &s->n->crms[i];
		const struct listed *before = s->found[kind];
		if (!list_crm(s, crm, kind) ||
		    (s->found[kind] == before && can_bring(crm, kind)))
			s->whole[kind] = false;
		if (crm->connector != NULL && can_bring(crm, kind) &&
		    crm->connector->list_values == NULL)
			s->never[kind] = true;
	}
}

static bool
names_any(const struct conf *conf, int kind)
{
	for (size_t t = 0; t < conf->n_triggers; t++) {
		const struct conf_trigger *c = &conf->triggers[t];
		if (c->enabled && (kind == CATEGORIES ? c->categories.n
		    : c->relations.n) > 0)
			return true;
		for (size_t i = 0; c->enabled && i < c->n_campaigns; i++)
			if ((kind == CATEGORIES ? c->campaigns[i].category
			    : c->campaigns[i].relation) != NULL)
				return true;
	}
	return false;
}

static bool
is_judged(const struct search *s, int kind)
{
	return s->found[kind] != NULL && s->whole[kind];
}

static bool
list_all(struct search *s, struct err *err)
{
	struct stage *stage = &s->n->stage;
	AUTO(db_result) struct db_result *r = NULL;

	for (int kind = CATEGORIES; kind <= RELATIONS; kind++)
		if (names_any(stage->conf, kind))
			list_kind(s, kind);
	if (!is_judged(s, CATEGORIES))
		return true;
	if (!queue_list_categories(stage->db, stage->tenant->id, clock_now() -
	        (time_t)MET_DAYS * 86400, s->arena, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++)
		if (!add(s, CATEGORIES, db_text(r, i, 0)))
			return err_nomem(err);
	return true;
}

/* ---- names --------------------------------------------------------------- */
/* where = NULL: nobody knows, so what was said of it stands. */
static void
gone(struct search *s, const char *what, const char *name, const char *where)
{
	db_array_text(&s->subjects, arena_printf(s->arena, "%s %s", what,
	    name));
	db_array_text(&s->details, where);
}

static void
look_up(struct search *s, int kind, const char *name, const char *where)
{
	/* What nobody will ever list is let go. */
	if (name == NULL || s->never[kind])
		return;
	/* One that lists it is enough, be the others heard or not. */
	for (const struct listed *l = s->found[kind]; l != NULL; l = l->next)
		if (strcmp(l->text, name) == 0)
			return;
	gone(s, words[kind], name, is_judged(s, kind) ? where : NULL);
}

static void
look_up_trigger(struct search *s, const struct conf_trigger *t)
{
	struct arena *a = s->arena;
	const char *campaign = arena_printf(a, "trigger.%s.campaign", t->code);

	for (size_t i = 0; i < t->categories.n; i++)
		look_up(s, CATEGORIES, t->categories.v[i],
		    arena_printf(a, "trigger.%s.categories", t->code));
	for (size_t i = 0; i < t->relations.n; i++)
		look_up(s, RELATIONS, t->relations.v[i],
		    arena_printf(a, "trigger.%s.relations", t->code));
	for (size_t i = 0; i < t->n_campaigns; i++) {
		look_up(s, CATEGORIES, t->campaigns[i].category, campaign);
		look_up(s, RELATIONS, t->campaigns[i].relation, campaign);
	}
}

static bool
is_campaign_listed(const struct db_result *r, const char *id)
{
	for (int i = 0; i < db_rows(r); i++)
		if (strcmp(db_text(r, i, 0), id) == 0)
			return db_bool(r, i, 3);
	return false;
}

static bool
look_up_campaigns(struct search *s, struct err *err)
{
	struct stage *stage = &s->n->stage;
	const struct conf *conf = stage->conf;
	AUTO(db_result) struct db_result *r = NULL;

	if (s->n->survey.connector->list_campaigns == NULL)
		return true;
	if (s->n->listed && !campaign_list(stage->db, stage->tenant->id,
	        s->arena, &r, err))
		return false;
	for (size_t t = 0; t < conf->n_triggers; t++)
		for (size_t i = 0; conf->triggers[t].enabled &&
		     i < conf->triggers[t].n_campaigns; i++)
			if (r == NULL || !is_campaign_listed(r,
			    conf->triggers[t].campaigns[i].id))
				gone(s, "campaign",
				    conf->triggers[t].campaigns[i].id, r == NULL
				    ? NULL : arena_printf(s->arena,
				    "trigger.%s.campaign",
				    conf->triggers[t].code));
	return true;
}

static bool
search(struct search *s, struct err *err)
{
	struct stage *stage = &s->n->stage;

	if (!list_all(s, err))
		return false;
	if (stage->survey == NULL || s->n->survey.link.failed)
		return true;
	for (size_t t = 0; t < stage->conf->n_triggers; t++)
		if (stage->conf->triggers[t].enabled)
			look_up_trigger(s, &stage->conf->triggers[t]);
	if (!look_up_campaigns(s, err))
		return false;
	if (arena_failed(s->arena))
		return err_nomem(err);
	return alarm_sync(stage->db, stage->tenant->id, "vanished",
	    &s->subjects, &s->details, clock_now(), s->arena, err);
}

bool
night_find_vanished(struct night *n, struct err *err)
{
	struct search s = { .n = n, .arena = n->stage.arena,
		.whole = { true, true } };

	db_array_init(&s.subjects);
	db_array_init(&s.details);
	const bool ok = search(&s, err);
	db_array_free(&s.subjects);
	db_array_free(&s.details);
	return ok;
}
