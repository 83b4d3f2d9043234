#include "verdict_facts.h"

#include <string.h>

#include "clock.h"
#include "verdict_load.h"

/* Houses of every such world. */
enum { HOUSE_PAUSED_ID, HOUSE_PAUSED_NAME, HOUSE_CAPPED, HOUSE_PILOT,
	HOUSE_PAUSED_SALE, HOUSES };
/* Cards of every such world. */
enum { CARD_ASKED_1, CARD_ASKED_2, CARD_ASKED_3, CARD_DUE };

#define TRIGGERS 7
#define COMPANY_MAX 3
#define COMPANY_DAYS 7

static struct conf_trigger triggers[TRIGGERS];
static const struct conf_campaign by_language[] = {
	{ .language = "da", .id = "7750" },
	{ .language = "sv", .id = "7752" },
	{ .language = "fi", .id = "7760" },	/* paused */
};
static const char *const own[] = { "own.example", "own2.example" };
static const char *const categories[] = { "Kundepleje", "Service" };
static const char *const relations[] = { "Kunde", "Samarbejdspartner" };
static const char *const law[] = { "DE" };
static const char *const pilot_domains[] = { "kunde.dk", "own.example" };
static const char *const pilot_companies[] = { "h3" };
static const char *const programme[] = { "7750", "7752" };
static const struct conf_programme programmes[] = {
	{ "relation", { programme, ARRAY_LEN(programme) },
	    PROGRAMME_TRANSACTIONAL },
};
static const struct conf_frequency frequency[] = {
	{ SCOPE_CAMPAIGN, 1, 90, FROM_SEND },
	{ SCOPE_PROGRAMME, 2, 180, FROM_SEND },
	{ SCOPE_ANY, 1, 14, FROM_ANSWER },
	{ SCOPE_CAMPAIGN, 2, 40, FROM_ANSWER },
};
static char pilot_text[VERDICT_PILOT][32];
static const char *pilot_addresses[VERDICT_PILOT];

/* ---- rules ------------------------------------------------------------- */
static void
configure_triggers(struct fixture *f, const struct facts_rules *r)
{
	static const struct {
		const char *code;
		enum fixture_trigger like;
	} all[TRIGGERS] = { { "sale", T_SALE }, { "loss", T_LOSS },
		{ "case", T_CASE }, { "meet", T_MEET }, { "visit", T_MEET },
		{ "demo", T_CASE }, { "inact", T_INACT } };

	for (size_t i = 0; i < TRIGGERS; i++) {
		struct conf_trigger *t = &triggers[i];
		*t = f->trigger[all[i].like];
		t->code = all[i].code;
		t->campaigns = by_language;
		t->n_campaigns = ARRAY_LEN(by_language);
		t->on_throttle = r->defer ? ON_THROTTLE_DEFER : ON_THROTTLE_DROP;
		t->require_consent = r->consent;
		t->delay_hours = r->delay_hours;
		if (r->few_rules)
			continue;
		t->categories = (struct strlist){ categories,
			ARRAY_LEN(categories) };
		t->relations = (struct strlist){ relations,
			ARRAY_LEN(relations) };
	}
	triggers[4].enabled = false;
	triggers[6].enabled = !r->inact_off;
	f->conf.triggers = triggers;
	f->conf.n_triggers = TRIGGERS;
}

static void
configure_pilot(struct conf *conf)
{
	for (int i = 0; i < VERDICT_PILOT; i++)
		pilot_addresses[i] = verdict_pilot_address(i, pilot_text[i]);
	conf->pilot.addresses = (struct strlist){ pilot_addresses,
		VERDICT_PILOT };
	conf->pilot.domains = (struct strlist){ pilot_domains,
		ARRAY_LEN(pilot_domains) };
	conf->pilot.companies = (struct strlist){ pilot_companies,
		ARRAY_LEN(pilot_companies) };
}

void
facts_configure(struct fixture *f, const struct facts_rules *r)
{
	struct conf *conf = &f->conf;

	configure_triggers(f, r);
	conf->rules.own_domains = (struct strlist){ own, ARRAY_LEN(own) };
	conf->rules.role_address = r->roles_go ? "send" : "skip";
	conf->rules.count_foreign = !r->no_foreign;
	conf->rules.late_rows = r->wait_late ? "wait" : "send";
	conf->rules.company_max = COMPANY_MAX;
	conf->rules.company_days = COMPANY_DAYS;
	conf->calendar.push_ahead = conf->send.push_ahead = r->push_ahead;
	if (!r->few_rules) {
		conf->rules.frequency.v = frequency;
		conf->rules.frequency.n = ARRAY_LEN(frequency);
		conf->programmes.v = programmes;
		conf->programmes.n = ARRAY_LEN(programmes);
		conf->policy.countries = (struct strlist){ law, ARRAY_LEN(law) };
		conf->policy.unknown = true;
		conf->consent.max_age_days = 365;
	}
	if (r->pilot)
		configure_pilot(conf);
}

static void
add_pauses(struct verdict_world *w)
{
	verdict_add_pause(w)->country = "NO";
	verdict_add_pause(w)->house = HOUSE_PAUSED_ID;
	verdict_add_pause(w)->campaign = "7760";
	struct verdict_pause *p = verdict_add_pause(w);
	p->house = HOUSE_PAUSED_NAME;
	p->by_name = true;
	p->until = w->moment + 1;
	p = verdict_add_pause(w);
	p->country = "SE";
	p->until = w->moment;
	p = verdict_add_pause(w);
	p->house = HOUSE_PAUSED_SALE;
	p->trigger = "sale";
	verdict_add_pause(w)->trigger = "demo";
}

void
facts_world(struct verdict_world *w, const struct facts_rules *r)
{
	verdict_world_empty(w, r->night);
	w->paused = r->paused;
	w->n_houses = HOUSES;
	w->started = verdict_time(w, day_add(w->night, -9), 12, 0);
	for (int i = CARD_ASKED_1; i <= CARD_DUE; i++) {
		const int card = verdict_add_card(w);
		w->cards[card].house = HOUSE_CAPPED;
	}
	w->cards[CARD_DUE].house = HOUSE_NONE;
	for (int i = CARD_ASKED_1; i <= CARD_ASKED_3; i++)
		(void)verdict_add_sent(w, "meet", i, day_add(w->night,
		    1 - COMPANY_DAYS), "9");
	(void)verdict_add_due(w, "meet", CARD_DUE);
	add_pauses(w);
}

void
facts_forget_due(struct verdict_world *w)
{
	for (size_t i = 0; i < w->n_rows; i++)
		if (w->rows[i].card == CARD_DUE) {
			w->rows[i].state = QUEUE_SUPPRESSED;
			w->rows[i].due_night = NO_DAY;
		}
}

/* ---- facts ------------------------------------------------------------- */
static struct verdict_card *
card_of(struct verdict_world *w, int row)
{
	return &w->cards[w->rows[row].card];
}

static void
ask(struct verdict_world *w, int card, int days, const char *campaign)
{
	(void)verdict_add_sent(w, "meet", card, day_add(w->night, -days),
	    campaign);
}

static void
fact_trigger(struct verdict_world *w, int row, int level)
{
	static const char *const codes[] = { NULL, "visit", "strange", "sale",
		"loss", "case", "demo", "inact", "meet" };

	if (level > 0)
		w->rows[row].trigger = codes[level];
}

static void
fact_gone(struct verdict_world *w, int row, int level)
{
	card_of(w, row)->gone = level != 0;
}

static void
fact_anonymised(struct verdict_world *w, int row, int level)
{
	card_of(w, row)->anonymised = level != 0;
}

static void
fact_country(struct verdict_world *w, int row, int level)
{
	static const char *const countries[] = { "DK", "NO", "SE", "DE", NULL,
		"Tyskland" };

	card_of(w, row)->country = countries[level];
}

static void
fact_domain(struct verdict_world *w, int row, int level)
{
	static const char *const domains[] = { "kunde.dk", "own.example",
		"sub.own.example" };

	card_of(w, row)->domain = domains[level];
}

static void
fact_employed(struct verdict_world *w, int row, int level)
{
	static const enum verdict_fact facts[] = { FACT_UNKNOWN, FACT_NO,
		FACT_YES };

	card_of(w, row)->employed = facts[level];
}

static void
fact_moved(struct verdict_world *w, int row, int level)
{
	const time_t at = w->rows[row].created_at;

	if (level > 0)
		card_of(w, row)->company_since = level == 1 ? at + 1 : at;
}

static void
fact_no_send(struct verdict_world *w, int row, int level)
{
	card_of(w, row)->no_send = level != 0;
}

static void
fact_company_no_send(struct verdict_world *w, int row, int level)
{
	card_of(w, row)->company_no_send = level != 0;
}

static void
fact_merged(struct verdict_world *w, int row, int level)
{
	if (level > 0)
		card_of(w, row)->merged = verdict_add_key(w);
}

static void
fact_opt_out(struct verdict_world *w, int row, int level)
{
	static const char *const scopes[] = { NULL, "all", "all", "7750", "9",
		"7752", NULL, "all" };
	struct verdict_card *c = card_of(w, row);

	if (level == 6)
		c->opted_out = true;
	else if (level == 7)
		verdict_add_opt_out(w, c->merged >= 0 ? c->merged : 0,
		    scopes[level]);
	else if (level > 0)
		verdict_add_opt_out(w, c->keys[level == 1 ? 0 : 1],
		    scopes[level]);
}

static void
fact_address(struct verdict_world *w, int row, int level)
{
	static const enum address_state states[] = { ADDRESS_OK, ADDRESS_NONE,
		ADDRESS_BAD };

	card_of(w, row)->address = states[level];
}

static void
fact_role(struct verdict_world *w, int row, int level)
{
	card_of(w, row)->role = level != 0;
}

/* Neutral has a fresh one, as a rule that asks for it needs. */
static void
fact_consent(struct verdict_world *w, int row, int level)
{
	struct verdict_card *c = card_of(w, row);

	c->consent = level == 1 ? FACT_NO : level == 2 ? FACT_UNKNOWN : FACT_YES;
	c->consent_at = verdict_time(w, day_add(w->night, level == 3 ? -366 :
	    level == 4 ? -365 : -20), level == 3 ? 23 : 0, level == 3 ? 59 : 0);
	if (level == 5)
		c->consent_at = NO_TIME;
}

static void
fact_language(struct verdict_world *w, int row, int level)
{
	static const char *const languages[] = { "da", "no", "sv-SE", "fi", NULL,
		"DA" };

	card_of(w, row)->language = languages[level];
}

static void
fact_category(struct verdict_world *w, int row, int level)
{
	static const char *const all[] = { "Kundepleje", "Intern", NULL,
		"Service" };

	w->rows[row].category = all[level];
}

static void
fact_relation(struct verdict_world *w, int row, int level)
{
	static const char *const all[] = { "Kunde", "Leverandør", NULL,
		"Samarbejdspartner" };

	card_of(w, row)->relation = all[level];
}

static int
max_age(const struct verdict_world *w, const char *trigger)
{
	for (size_t i = 0; i < w->conf->n_triggers; i++)
		if (strcmp(w->conf->triggers[i].code, trigger) == 0)
			return w->conf->triggers[i].max_age_days;
	return 7;
}

static void
fact_start(struct verdict_world *w, int row, int level)
{
	const int day = clock_day(w->conf->timezone, w->started);

	if (level == 1)
		w->rows[row].transition_at = verdict_time(w, day_add(day, -1), 23,
		    59);
	else if (level == 2)
		w->rows[row].transition_at = verdict_time(w, day, 0, 0);
	else if (level == 3)
		w->rows[row].transition_at = w->rows[row].occurred_at;
}

/* The border day, the day before it; by the event, by the transition. */
static void
fact_age(struct verdict_world *w, int row, int level)
{
	struct verdict_row *r = &w->rows[row];
	const int last = day_add(w->night, -max_age(w, r->trigger));
	const time_t in = verdict_time(w, last, 0, 0);
	const time_t out = verdict_time(w, day_add(last, -1), 23, 59);

	if (level == 1)
		r->occurred_at = out;
	else if (level == 2)
		r->occurred_at = in;
	else if (level == 3)
		r->transition_at = out;
	else if (level == 4) {
		r->transition_at = in;
		r->occurred_at = verdict_time(w, day_add(w->night, -60), 8, 0);
	} else if (level == 5)
		r->occurred_at = verdict_time(w, day_add(last, -2), 12, 0);
}

static void
fact_activity(struct verdict_world *w, int row, int level)
{
	if (level > 0)
		card_of(w, row)->last_activity_on = day_add(
		    w->rows[row].silent_since, level == 1 ? 1 : 0);
}

static void
fact_planned(struct verdict_world *w, int row, int level)
{
	static const int days[] = { 0, 0, -1, 30 };

	if (level > 0)
		card_of(w, row)->planned_on = day_add(w->night, days[level]);
}

static void
ask_twice(struct verdict_world *w, int card, int days)
{
	ask(w, card, days, "7750");
	ask(w, card, days + 1, "7752");
}

static void
fact_sends(struct verdict_world *w, int row, int level)
{
	const int card = w->rows[row].card;
	const struct verdict_card c = w->cards[card];
	const int other = c.merged >= 0 ? c.merged : c.keys[1];

	switch (level) {
	case 1: ask(w, card, 29, "9"); break;
	case 2: ask(w, card, 30, "9"); break;
	case 3: verdict_add_foreign(w, c.keys[0], day_add(w->night, -29), NULL);
		break;
	case 4: verdict_add_foreign(w, c.keys[0], day_add(w->night, -30), "7750");
		break;
	case 5: ask(w, card, 89, "7750"); break;
	case 6: ask(w, card, 90, "7750"); break;
	case 7: ask_twice(w, card, 100); break;
	case 8: ask_twice(w, card, 179); break;
	case 9: verdict_add_foreign(w, other, day_add(w->night, -10), "9");
		break;
	case 10: ask(w, card, 60, "7760"); break;
	default: break;
	}
}

static void
fact_answers(struct verdict_world *w, int row, int level)
{
	const int card = w->rows[row].card;

	if (level == 1 || level == 2)
		verdict_add_answer(w, card, day_add(w->night, -12 - level), "9");
	if (level == 3 || level == 4) {
		verdict_add_answer(w, card, day_add(w->night, -20), "7750");
		verdict_add_answer(w, card, day_add(w->night, -36 - level),
		    "7750");
	}
}

static void
fact_house(struct verdict_world *w, int row, int level)
{
	const int card = w->rows[row].card;

	if (level == 0)
		return;
	if (level <= HOUSES) {
		static const int order[] = { HOUSE_CAPPED, HOUSE_PAUSED_ID,
			HOUSE_PAUSED_NAME, HOUSE_PILOT, HOUSE_PAUSED_SALE };
		w->cards[card].house = order[level - 1];
		return;
	}
	/* One of its own: others of it were asked once too seldom, or too long
	 * ago. */
	const int more = verdict_add_card(w), days = level == HOUSES + 1
	    ? COMPANY_DAYS - 1 : COMPANY_DAYS;
	w->cards[card].house = w->cards[more].house = w->n_houses++;
	for (int i = 0; i < COMPANY_MAX - (level == HOUSES + 1); i++)
		ask(w, more, days, "9");
}

static void
fact_due(struct verdict_world *w, int row, int level)
{
	struct verdict_card *c = card_of(w, row);

	const int key = w->cards[CARD_DUE].keys[level == 2];

	if (level > 0 && c->n_keys < VERDICT_KEYS && !verdict_has_key(c, key))
		c->keys[c->n_keys++] = key;
}

/* Outside the pilot domains, in by another list. */
static void
fact_pilot(struct verdict_world *w, int row, int level)
{
	struct verdict_card *c = card_of(w, row);

	if (level == 0)
		return;
	c->domain = strcmp(c->domain, "own.example") == 0 ? "own2.example"
	    : "other.dk";
	if (level == 2)
		c->keys[0] = row % VERDICT_PILOT;
	else if (level == 3)
		c->house = HOUSE_PILOT;
}

static void
fact_made(struct verdict_world *w, int row, int level)
{
	static const struct {
		int days, night, hour;
	} made[] = { { 0, 0, 0 }, { 0, 0, 1 }, { -1, 0, 12 }, { -7, -6, 12 },
		{ -8, -7, 12 }, { -2, -1, 12 }, { -3, -2, 12 } };

	if (level == 0)
		return;
	w->rows[row].created_night = day_add(w->night, made[level].night);
	w->rows[row].created_at = verdict_time(w, day_add(w->night,
	    made[level].days), made[level].hour, 0);
}

static void
fact_state(struct verdict_world *w, int row, int level)
{
	static const enum queue_state states[] = { QUEUE_QUEUED, QUEUE_EXCLUDED,
		QUEUE_DEFERRED, QUEUE_DEFERRED, QUEUE_DEFERRED, QUEUE_HELD,
		QUEUE_QUEUED, QUEUE_QUEUED };
	struct verdict_row *r = &w->rows[row];

	r->state = states[level];
	if (r->state == QUEUE_DEFERRED)
		r->deferred_until = w->moment + level - 3;
	r->released = level == 6;
	if (level == 7) {
		r->due_night = day_add(w->night, -1);
		r->campaign = "7750";
	}
}

static void
fact_named(struct verdict_world *w, int row, int level)
{
	if (level > 0)
		w->rows[row].card = level == 1 ? CARD_NONE : CARD_UNSEEN;
}

static void
fact_test(struct verdict_world *w, int row, int level)
{
	w->rows[row].test = level == 1;
}

const struct fact_factor fact_factors[] = {
	{ "trigger", fact_trigger, 9, 1, "trigger_off" },
	{ "gone", fact_gone, 2, 1, "gone" },
	{ "anonymised", fact_anonymised, 2, 1, "anonymised" },
	{ "country", fact_country, 6, 1, "paused" },
	{ "domain", fact_domain, 3, 1, "internal" },
	{ "house", fact_house, 8, 1, "company_cap" },
	{ "pilot", fact_pilot, 4, 1, "pilot" },
	{ "made", fact_made, 7, 0, NULL },
	{ "employed", fact_employed, 3, 1, "left_company" },
	{ "no_send", fact_no_send, 2, 1, "no_send" },
	{ "company_no_send", fact_company_no_send, 2, 1, "company_no_send" },
	{ "merged", fact_merged, 2, 0, NULL },
	{ "opt_out", fact_opt_out, 8, 1, "opted_out" },
	{ "address", fact_address, 3, 1, "no_address" },
	{ "role", fact_role, 2, 1, "role_address" },
	{ "consent", fact_consent, 6, 1, "no_consent" },
	{ "language", fact_language, 6, 1, "no_campaign" },
	{ "category", fact_category, 4, 1, "filtered" },
	{ "relation", fact_relation, 4, 0, NULL },
	{ "start", fact_start, 4, 1, "before_start" },
	{ "age", fact_age, 6, 1, "too_old" },
	{ "moved", fact_moved, 3, 0, NULL },
	{ "activity", fact_activity, 3, 1, "active_again" },
	{ "planned", fact_planned, 4, 1, "planned" },
	{ "sends", fact_sends, 11, 1, "throttled" },
	{ "answers", fact_answers, 5, 0, NULL },
	{ "due", fact_due, 3, 1, "duplicate_person" },
	{ "state", fact_state, 8, 0, NULL },
	{ "named", fact_named, 3, 0, NULL },
	{ "test", fact_test, 2, 0, NULL },
};
const size_t n_fact_factors = ARRAY_LEN(fact_factors);

int
facts_add(struct verdict_world *w, const struct facts_rules *rules,
    const int levels[FACTS_MAX])
{
	const int row = verdict_add_row(w, rules->trigger, verdict_add_card(w));

	for (size_t i = 0; i < n_fact_factors; i++)
		fact_factors[i].apply(w, row, levels[i]);
	return row;
}
