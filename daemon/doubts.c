#include "doubts.h"

#include <string.h>
#include <strings.h>

struct doubts {
	const struct conf *conf;
	struct arena *arena;
	doubt_fn *fn;
	void *arg;
};

/* A line without memory is not said. */
static void
say(const struct doubts *d, const char *key, const char *text)
{
	if (key != NULL && text != NULL)
		d->fn(d->arg, key, text);
}

static bool
is_in(const struct strlist *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], text) == 0)
			return true;
	return false;
}

/* ---- campaigns --------------------------------------------------------- */
/* Whoever meets `other` meets `when` too. */
static bool
covers_one(const char *when, const char *other)
{
	return when == NULL || (other != NULL && strcmp(when, other) == 0);
}

static bool
covers_language(const char *when, const char *other)
{
	return when == NULL ||
	    (other != NULL && conf_language_fits(when, other));
}

static bool
covers_country(const char *when, const char *other)
{
	return when == NULL || (other != NULL && strcasecmp(when, other) == 0);
}

static bool
covers(const struct conf_campaign *a, const struct conf_campaign *b)
{
	return covers_language(a->language, b->language) &&
	    covers_country(a->country, b->country) &&
	    covers_one(a->relation, b->relation) &&
	    covers_one(a->category, b->category) &&
	    covers_one(a->department, b->department) &&
	    covers_one(a->segment, b->segment);
}

static void
doubt_order(const struct doubts *d, const struct conf_trigger *t, size_t i,
    const char *key)
{
	for (size_t k = 0; k < i; k++)
		if (covers(&t->campaigns[k], &t->campaigns[i])) {
			say(d, key, arena_printf(d->arena, "line %zu (%s) is "
			    "never reached: line %zu (%s) fits all that it does; "
			    "put it before that one, or take it out", i + 1,
			    t->campaigns[i].id, k + 1, t->campaigns[k].id));
			return;
		}
}

static void
doubt_filter(const struct doubts *d, const char *key, const char *name,
    size_t i, const struct strlist *filter, const char *value)
{
	if (value != NULL && filter->n > 0 && !is_in(filter, value))
		say(d, key, arena_printf(d->arena, "line %zu is never reached: "
		    "the trigger lets no %s \"%s\" through; add it to the "
		    "trigger's list, or take the line out", i + 1, name, value));
}

static void
doubt_country(const struct doubts *d, const char *key, size_t i,
    const char *country)
{
	if (country != NULL && !conf_country_known(country))
		say(d, key, arena_printf(d->arena, "line %zu: there is no country "
		    "\"%s\"; expected an ISO code such as \"SE\"", i + 1,
		    country));
}

static const struct conf_programme *
relationship(const struct conf *conf, const char *campaign)
{
	const struct conf_programme *p = conf->programmes.v;

	for (size_t i = 0; i < conf->programmes.n; i++)
		if (p[i].kind == PROGRAMME_RELATIONSHIP &&
		    is_in(&p[i].campaigns, campaign))
			return &p[i];
	return NULL;
}

/* Silence and an administrator's wish are no transactions. */
static void
doubt_programme(const struct doubts *d, const struct conf_trigger *t,
    size_t i, const char *key)
{
	const struct conf_programme *p =
	    relationship(d->conf, t->campaigns[i].id);

	if (p == NULL || strcmp(t->code, "inact") == 0 ||
	    strcmp(t->code, "manual") == 0)
		return;
	say(d, key, arena_printf(d->arena, "%s measures the relationship "
	    "(programme \"%s\"), but is asked after an event: the two are not "
	    "to be mixed; give the event a campaign of its own",
	    t->campaigns[i].id, p->name));
}

static void
doubt_campaigns(const struct doubts *d, const struct conf_trigger *t)
{
	const char *key = arena_printf(d->arena, "trigger.%s.campaign", t->code);

	for (size_t i = 0; i < t->n_campaigns; i++) {
		const struct conf_campaign *c = &t->campaigns[i];
		doubt_order(d, t, i, key);
		doubt_filter(d, key, "relation", i, &t->relations, c->relation);
		doubt_filter(d, key, "category", i, &t->categories, c->category);
		doubt_country(d, key, i, c->country);
		doubt_programme(d, t, i, key);
	}
}

/* ---- what has no category ---------------------------------------------- */
/* A row that no event of a CRM stands behind. */
static const char *
without_category(const struct conf_trigger *t)
{
	if (strcmp(t->code, "inact") == 0)
		return "a silence";
	return strcmp(t->code, "manual") == 0 ? "a wish by hand" : NULL;
}

static void
doubt_categories(const struct doubts *d, const struct conf_trigger *t)
{
	const char *what = without_category(t);

	if (what == NULL)
		return;
	if (t->categories.n > 0)
		say(d, arena_printf(d->arena, "trigger.%s.categories", t->code),
		    arena_printf(d->arena, "nobody is ever asked: %s has no "
		        "category; take the list out", what));
	for (size_t i = 0; i < t->n_campaigns; i++)
		if (t->campaigns[i].category != NULL)
			say(d, arena_printf(d->arena, "trigger.%s.campaign",
			    t->code), arena_printf(d->arena, "line %zu is never "
			    "reached: %s has no category; take \"%s\" out of it",
			    i + 1, what, t->campaigns[i].category));
}

/* The only trigger that has to be switched on. */
static void
doubt_off(const struct doubts *d, const struct conf_trigger *t)
{
	if (t->n_campaigns > 0 && strcmp(t->code, "inact") == 0)
		say(d, "trigger.inact.enabled", arena_printf(d->arena, "is false: "
		    "campaign %s is never sent; set it to true, or take the "
		    "campaign out", t->campaigns[0].id));
}

/* ---- ages -------------------------------------------------------------- */
/* Closed days right before a night make no row older, unless nothing waits for
 * the mails' day. */
static void
doubt_delay(const struct doubts *d, const struct conf_trigger *t)
{
	if (strcmp(t->code, "inact") != 0 &&
	    t->delay_hours >= 24 * (t->max_age_days + 1))
		say(d, arena_printf(d->arena, "trigger.%s.delay_hours", t->code),
		    arena_printf(d->arena, "%s: after %d hours the event is "
		        "older than max_age_days = %d; raise that, or wait less",
		        d->conf->send.push_ahead ? "nobody is ever asked"
		            : "asked only after closed days", t->delay_hours,
		        t->max_age_days));
}

#define INACT_AGE 365	/* its default, which nobody wrote down */

static void
doubt_age(const struct doubts *d, const struct conf_trigger *t)
{
	if (strcmp(t->code, "inact") == 0 && t->max_age_days != INACT_AGE)
		say(d, "trigger.inact.max_age_days", "decides nothing: a silence has "
		    "no age; set width_days, which bounds it, or take the key out");
}

/* ---- how often --------------------------------------------------------- */
/* Surveys that are throttle_days apart: so many lie within f->days.  Those of
 * others may be closer. */
static bool
is_idle(const struct conf *conf, const struct conf_frequency *f)
{
	const int throttle = conf->rules.throttle_days;

	if (f->from != FROM_SEND)
		return false;
	if (f->max == 1 || conf->rules.count_foreign)
		return f->days <= throttle;
	return (f->days - 1) / throttle < f->max;
}

static void
doubt_frequency(const struct doubts *d)
{
	const struct conf_frequency *f = d->conf->rules.frequency.v;

	for (size_t i = 0; i < d->conf->rules.frequency.n; i++)
		if (is_idle(d->conf, &f[i]))
			say(d, arena_printf(d->arena, "rules.frequency[%zu]", i),
			    arena_printf(d->arena, "%d in %d days never decides: "
			        "rules.throttle_days = %d is stricter; give it "
			        "more days, or take it out", f[i].max, f[i].days,
			        d->conf->rules.throttle_days));
}

static void
doubt_company(const struct doubts *d)
{
	const struct conf *conf = d->conf;

	if (conf->rules.company_max > 0 &&
	    conf->rules.company_days > conf->retention.queue_days)
		say(d, "rules.company_days", arena_printf(d->arena, "counts no "
		    "further back than retention.queue_days = %d; raise that",
		    conf->retention.queue_days));
}

/* ---- rules that nobody meets -------------------------------------------- */
static bool
is_used(const struct conf *conf, const struct conf_programme *p)
{
	for (size_t i = 0; i < conf->n_triggers; i++) {
		const struct conf_trigger *t = &conf->triggers[i];
		/* Any campaign can be wished by hand. */
		if (t->enabled && strcmp(t->code, "manual") == 0)
			return true;
		for (size_t k = 0; t->enabled && k < t->n_campaigns; k++)
			if (is_in(&p->campaigns, t->campaigns[k].id))
				return true;
	}
	return false;
}

static void
doubt_programmes(const struct doubts *d)
{
	const struct conf_programme *p = d->conf->programmes.v;

	for (size_t i = 0; i < d->conf->programmes.n; i++)
		if (!is_used(d->conf, &p[i]))
			say(d, arena_printf(d->arena, "programmes[%zu]", i),
			    arena_printf(d->arena, "\"%s\" decides nothing: no "
			        "trigger asks with one of its campaigns; give it "
			        "those of a trigger, or take it out", p[i].name));
}

static void
doubt_consent(const struct doubts *d)
{
	const struct conf *conf = d->conf;
	bool asks = conf->policy.countries.n > 0;

	for (size_t i = 0; i < conf->n_triggers; i++)
		asks |= conf->triggers[i].enabled &&
		    conf->triggers[i].require_consent;
	if (conf->consent.max_age_days > 0 && !asks)
		say(d, "consent.max_age_days", "decides nothing: no trigger and no "
		    "policy asks for consent; set require_consent, or take the key "
		    "out");
}

/* ---- pilot ------------------------------------------------------------- */
static bool
is_own(const struct conf *conf, const char *domain)
{
	return domain != NULL && is_in(&conf->rules.own_domains, domain);
}

/* An address is not shown. */
static void
doubt_pilot(const struct doubts *d)
{
	const struct strlist *addresses = &d->conf->pilot.addresses;
	const struct strlist *domains = &d->conf->pilot.domains;

	for (size_t i = 0; i < addresses->n; i++) {
		const char *at = strrchr(addresses->v[i], '@');
		if (is_own(d->conf, at == NULL ? NULL : at + 1))
			say(d, "pilot.addresses", arena_printf(d->arena,
			    "number %zu is never asked: its domain is one of "
			    "rules.own_domains; name somebody of another", i + 1));
	}
	for (size_t i = 0; i < domains->n; i++)
		if (is_own(d->conf, domains->v[i]))
			say(d, "pilot.domains", arena_printf(d->arena, "\"%s\" is "
			    "never asked: it is one of rules.own_domains; name "
			    "another", domains->v[i]));
	if (addresses->n + domains->n + d->conf->pilot.companies.n > 0)
		say(d, "pilot", "is set: nobody else is asked; take the group out "
		    "when the trial is over");
}

/* ---- writeback --------------------------------------------------------- */
/* What a connector of a CRM cannot write. */
static void
doubt_writeback(const struct doubts *d)
{
	const struct conf *conf = d->conf;
	const struct {
		const char *key, *what;
		bool on;
		uint32_t cap;
	} wishes[] = {
		{ "writeback.fields", "fields of a card",
		    conf->writeback.fields.n > 0, CRM_CAP_FIELDS },
		{ "writeback.history", "a record for each answer",
		    conf->writeback.history, CRM_CAP_ANSWERS },
		{ "writeback.feed", "a post in the feed", conf->writeback.feed,
		    CRM_CAP_FEED },
		{ "writeback.task", "a task", conf->writeback.task.at_most >= 0,
		    CRM_CAP_TASKS } };

	for (size_t i = 0; i < ARRAY_LEN(wishes); i++)
		for (size_t k = 0; k < conf->n_crm && wishes[i].on; k++) {
			const struct conf_crm *crm = &conf->crm[k];
			if ((crm->connector->info.caps & wishes[i].cap) == 0)
				say(d, wishes[i].key, arena_printf(d->arena,
				    "does nothing in crm \"%s\": the connector "
				    "%s cannot write %s", crm->name,
				    crm->driver, wishes[i].what));
		}
}

void
doubts_find(const struct conf *conf, struct arena *arena, doubt_fn *fn,
    void *arg)
{
	const struct doubts d = { conf, arena, fn, arg };

	for (size_t i = 0; i < conf->n_triggers; i++) {
		const struct conf_trigger *t = &conf->triggers[i];
		if (!t->enabled) {
			doubt_off(&d, t);
			continue;
		}
		doubt_campaigns(&d, t);
		doubt_categories(&d, t);
		doubt_delay(&d, t);
		doubt_age(&d, t);
	}
	doubt_programmes(&d);
	doubt_frequency(&d);
	doubt_company(&d);
	doubt_consent(&d);
	doubt_pilot(&d);
	doubt_writeback(&d);
}
