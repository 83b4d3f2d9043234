#include "verdict.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"

const char *const verdict_codes[] = { "gone", "anonymised", "excluded",
	"paused", "trigger_off", "internal", "left_company", "no_send",
	"company_no_send", "opted_out", "no_contact", "no_address",
	"bad_address", "role_address", "no_consent", "no_campaign", "filtered",
	"before_start", "too_old", "active_again", "planned", "throttled",
	"company_cap", "duplicate_person", "pilot", "over_budget", "over_cap",
	"flood", NULL };

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool
listed(const struct strlist *list, const char *value)
{
	for (size_t i = 0; i < list->n; i++)
		if (same(list->v[i], value))
			return true;
	return false;
}

static int
day_of(const struct verdict_case *c, time_t t)
{
	return clock_day(c->w->conf->timezone, t);
}

static bool
is_silence(const struct verdict_case *c)
{
	return strcmp(c->row->trigger, "inact") == 0;
}

bool
verdict_has_key(const struct verdict_card *card, int key)
{
	for (int i = 0; i < card->n_keys; i++)
		if (card->keys[i] == key)
			return true;
	return card->merged == key;
}

int
verdict_keys(const struct verdict_card *card, int keys[VERDICT_KEYS + 1])
{
	bool met = card->merged < 0;

	for (int i = 0; i < card->n_keys; i++) {
		keys[i] = card->keys[i];
		met |= keys[i] == card->merged;
	}
	keys[card->n_keys] = card->merged;
	return card->n_keys + (met ? 0 : 1);
}

int
verdict_place(const char *code)
{
	int i = 0;

	while (verdict_codes[i] != NULL && strcmp(verdict_codes[i], code) != 0)
		i++;
	return i;
}

/* ---- the rules, each alone --------------------------------------------- */
static bool
rule_gone(const struct verdict_case *c)
{
	return c->card != NULL && c->card->gone;
}

static bool
rule_anonymised(const struct verdict_case *c)
{
	return c->card != NULL && c->card->anonymised;
}

static bool
rule_excluded(const struct verdict_case *c)
{
	return c->row->state == QUEUE_EXCLUDED;
}

static bool
is_house(int house, const struct verdict_case *c)
{
	return c->card != NULL && c->card->house == house;
}

static bool
rule_paused(const struct verdict_case *c)
{
	if (c->w->paused)
		return true;
	for (size_t i = 0; i < c->w->n_pauses; i++) {
		const struct verdict_pause *p = &c->w->pauses[i];
		if (p->until != NO_TIME && p->until <= c->w->moment)
			continue;
		if (p->trigger != NULL && !same(p->trigger, c->row->trigger))
			continue;
		if (p->campaign != NULL && !same(p->campaign, c->campaign))
			continue;
		if (p->house != HOUSE_NONE && !is_house(p->house, c))
			continue;
		if (p->country != NULL && (c->card == NULL ||
		        !same(p->country, c->card->country)))
			continue;
		return true;
	}
	return false;
}

static bool
rule_trigger_off(const struct verdict_case *c)
{
	return c->trigger == NULL || !c->trigger->enabled;
}

static bool
rule_internal(const struct verdict_case *c)
{
	const bool own = c->card != NULL &&
	    listed(&c->w->conf->rules.own_domains, c->card->domain);

	return own != c->row->test;
}

/* Or works elsewhere since the row was made: the event was with another house. */
static bool
rule_left_company(const struct verdict_case *c)
{
	if (c->card == NULL)
		return false;
	return c->card->employed == FACT_NO ||
	    (c->card->company_since != NO_TIME &&
	    c->row->created_at < c->card->company_since);
}

static bool
rule_no_send(const struct verdict_case *c)
{
	return c->card != NULL && c->card->no_send;
}

static bool
rule_company_no_send(const struct verdict_case *c)
{
	return c->card != NULL && c->card->company_no_send;
}

static bool
is_opted_out(const struct verdict_case *c, int key)
{
	const struct verdict_links *l = &c->index->opt_outs;

	for (int i = key < 0 ? -1 : l->first[key]; i >= 0; i = l->next[i]) {
		const char *scope = c->w->opt_outs[l->item[i]].scope;
		if (same(scope, "all") || same(scope, c->campaign))
			return true;
	}
	return false;
}

static bool
rule_opted_out(const struct verdict_case *c)
{
	if (c->card == NULL)
		return false;
	for (int i = 0; i < c->card->n_keys; i++)
		if (is_opted_out(c, c->card->keys[i]))
			return true;
	return c->card->opted_out || is_opted_out(c, c->card->merged);
}

static bool
rule_no_contact(const struct verdict_case *c)
{
	return c->card == NULL;
}

static bool
rule_no_address(const struct verdict_case *c)
{
	return c->card != NULL && c->card->address == ADDRESS_NONE;
}

static bool
rule_bad_address(const struct verdict_case *c)
{
	return c->card != NULL && c->card->address == ADDRESS_BAD;
}

static bool
rule_role_address(const struct verdict_case *c)
{
	return c->card != NULL && c->card->role &&
	    same(c->w->conf->rules.role_address, "skip");
}

static bool
is_consent_needed(const struct verdict_case *c)
{
	const struct conf *conf = c->w->conf;

	if (c->trigger != NULL && c->trigger->require_consent)
		return true;
	/* A word is no country: only a code of two letters is. */
	return c->card->country == NULL || strlen(c->card->country) != 2
	    ? conf->policy.unknown : listed(&conf->policy.countries, c->card->country);
}

static bool
rule_no_consent(const struct verdict_case *c)
{
	const int most = c->w->conf->consent.max_age_days;

	if (c->row->test || c->card == NULL || !is_consent_needed(c))
		return false;
	if (c->card->consent != FACT_YES)
		return true;
	if (most == 0)
		return false;
	return c->card->consent_at == NO_TIME ||
	    day_diff(c->w->night, day_of(c, c->card->consent_at)) > most;
}

static bool
rule_no_campaign(const struct verdict_case *c)
{
	return c->campaign == NULL;
}

static bool
rule_filtered(const struct verdict_case *c)
{
	const struct conf_trigger *t = c->trigger;

	if (c->row->test || t == NULL)
		return false;
	return (t->categories.n > 0 && !listed(&t->categories,
	    c->row->category)) || (t->relations.n > 0 &&
	    !listed(&t->relations, c->card != NULL ? c->card->relation : NULL));
}

static bool
rule_before_start(const struct verdict_case *c)
{
	return c->w->started != NO_TIME && c->row->transition_at != NO_TIME &&
	    day_of(c, c->row->transition_at) < day_of(c, c->w->started);
}

/* The moment that an age counts from. */
static time_t
begins(const struct verdict_case *c)
{
	if (c->trigger != NULL && c->trigger->by_transition &&
	    c->row->transition_at != NO_TIME)
		return c->row->transition_at;
	return c->row->occurred_at;
}

/* Days right before the night on which nothing could leave do not count. */
static bool
rule_too_old(const struct verdict_case *c)
{
	const struct calendar *cal = &c->w->conf->calendar;
	int closed = 0;

	if (c->trigger == NULL || is_silence(c))
		return false;
	while (!cal->push_ahead && closed < 366 && !calendar_is_sending_day(cal,
	    day_add(c->w->night, -1 - closed)))
		closed++;
	return day_diff(c->w->night, day_of(c, begins(c))) - closed >
	    c->trigger->max_age_days;
}

static bool
rule_active_again(const struct verdict_case *c)
{
	return c->card != NULL && is_silence(c) &&
	    c->card->last_activity_on > c->row->silent_since;
}

static bool
rule_planned(const struct verdict_case *c)
{
	return c->card != NULL && is_silence(c) &&
	    c->card->planned_on != NO_DAY && c->card->planned_on >= c->w->night;
}

/* ---- how often --------------------------------------------------------- */
static const char *
programme_of(const struct conf *conf, const char *campaign)
{
	const struct conf_programme *p = conf->programmes.v;

	for (size_t i = 0; i < conf->programmes.n; i++)
		if (listed(&p[i].campaigns, campaign))
			return p[i].name;
	return NULL;
}

static bool
in_scope(const struct verdict_case *c, int scope, const char *campaign)
{
	if (scope == SCOPE_ANY)
		return true;
	if (same(c->campaign, campaign))
		return true;
	const char *own = programme_of(c->w->conf, c->campaign);
	return scope == SCOPE_PROGRAMME && own != NULL &&
	    same(own, programme_of(c->w->conf, campaign));
}

bool
verdict_counts(const struct verdict_world *w, const struct verdict_send *send)
{
	return send->row >= 0 || w->conf->rules.count_foreign;
}

/* By address: whoever has it gave the answer. */
static int
count_answers(const struct verdict_case *c, int scope, int days)
{
	const struct verdict_links *l = &c->index->answers;
	int n = 0;

	for (int k = 0; k < c->card->n_keys; k++)
		for (int i = l->first[c->card->keys[k]]; i >= 0; i = l->next[i]) {
			const struct verdict_answer *a =
			    &c->w->answers[l->item[i]];
			n += in_scope(c, scope, a->campaign) &&
			    day_diff(c->w->night, day_of(c, a->at)) < days;
		}
	return n;
}

/* A send stands under each key it was made with: it counts once. */
static bool
is_first_match(const struct verdict_case *c, const struct verdict_send *send,
    int key)
{
	int i = 0;

	while (!verdict_has_key(c->card, send->keys[i]))
		i++;
	return send->keys[i] == key;
}

static int
count_key(const struct verdict_case *c, int key, int scope, int days)
{
	const struct verdict_links *l = &c->index->sends;
	int n = 0;

	for (int i = l->first[key]; i >= 0; i = l->next[i]) {
		const struct verdict_send *s = &c->w->sends[l->item[i]];
		n += verdict_counts(c->w, s) && is_first_match(c, s, key) &&
		    in_scope(c, scope, s->campaign) &&
		    day_diff(c->w->night, s->day) < days;
	}
	return n;
}

static bool
is_asked_enough(const struct verdict_case *c, const struct conf_frequency *f)
{
	if (f->from == FROM_ANSWER)
		return count_answers(c, f->scope, f->days) >= f->max;
	int keys[VERDICT_KEYS + 1], n = 0;
	for (int i = verdict_keys(c->card, keys) - 1; i >= 0; i--)
		n += count_key(c, keys[i], f->scope, f->days);
	return n >= f->max;
}

static bool
rule_throttled(const struct verdict_case *c)
{
	const struct conf *conf = c->w->conf;
	const struct conf_frequency *f = conf->rules.frequency.v;
	const struct conf_frequency shortly = { SCOPE_ANY, 1,
		conf->rules.throttle_days, FROM_SEND };

	if (c->row->test || c->card == NULL)
		return false;
	for (size_t i = 0; i < conf->rules.frequency.n; i++)
		if (is_asked_enough(c, &f[i]))
			return true;
	return is_asked_enough(c, &shortly);
}

static bool
rule_company_cap(const struct verdict_case *c)
{
	const int most = c->w->conf->rules.company_max;

	/* One that is due has its place. */
	if (verdict_is_due(c->w, c->row))
		return false;
	return most > 0 && c->card != NULL && c->card->house != HOUSE_NONE &&
	    c->index->house_used[c->card->house] >= most;
}

/* Another row of the person is due already, by an earlier look at the night. */
static bool
rule_duplicate(const struct verdict_case *c)
{
	int keys[VERDICT_KEYS + 1];

	if (c->card == NULL || !c->judged)
		return false;
	for (int i = verdict_keys(c->card, keys) - 1; i >= 0; i--) {
		const int due = c->index->due[keys[i]];
		if (due >= 0 && &c->w->rows[due] != c->row)
			return true;
	}
	return false;
}

static bool
is_named(const struct strlist *companies, int house)
{
	char id[24], name[24];

	(void)snprintf(id, sizeof(id), "h%d", house);
	(void)snprintf(name, sizeof(name), "House %d", house);
	return house != HOUSE_NONE &&
	    (listed(companies, id) || listed(companies, name));
}

static bool
rule_pilot(const struct verdict_case *c)
{
	const struct conf *conf = c->w->conf;

	if (c->row->test || conf->pilot.addresses.n + conf->pilot.domains.n +
	    conf->pilot.companies.n == 0 || c->card == NULL)
		return false;
	return (c->card->keys[0] >= VERDICT_PILOT ||
	    conf->pilot.addresses.n == 0) &&
	    !listed(&conf->pilot.domains, c->card->domain) &&
	    !is_named(&conf->pilot.companies, c->card->house);
}

static bool (*const rules[])(const struct verdict_case *) = { rule_gone,
	rule_anonymised, rule_excluded, rule_paused, rule_trigger_off,
	rule_internal, rule_left_company, rule_no_send, rule_company_no_send,
	rule_opted_out, rule_no_contact, rule_no_address, rule_bad_address,
	rule_role_address, rule_no_consent, rule_no_campaign, rule_filtered,
	rule_before_start, rule_too_old, rule_active_again, rule_planned,
	rule_throttled, rule_company_cap, rule_duplicate, rule_pilot };

const char *
verdict_first(const struct verdict_case *c)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i](c))
			return verdict_codes[i];
	return NULL;
}
