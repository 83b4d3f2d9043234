#include "rules.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "identity.h"

/* Order and codes: design section 6. Add, never rename. */
const char *const rules_reasons[] = { "gone", "anonymised", "excluded", "paused",
	"trigger_off", "internal", "left_company", "no_send", "company_no_send",
	"opted_out", "no_contact", "no_address", "bad_address", "role_address",
	"no_consent", "no_campaign", "filtered", "before_start", "too_old",
	"active_again", "planned", "throttled", "company_cap", "duplicate_person",
	"pilot", "over_budget", "over_cap", "flood", "restore", "at_service", NULL };

static const char *const words[][2] = {
	{ "gone", "the contact exists no longer in the CRM" },
	{ "anonymised", "the contact was anonymised" },
	{ "excluded", "taken out by hand" },
	{ "paused", "sending is paused, or for rows like this one" },
	{ "trigger_off", "this trigger is switched off" },
	{ "internal", "own employee" },
	{ "left_company", "no longer works there, or moved to another company" },
	{ "no_send", "the contact carries the no-send tag" },
	{ "company_no_send", "the company carries the no-send tag" },
	{ "opted_out", "declined surveys" },
	{ "no_contact", "the event names no known contact" },
	{ "no_address", "the contact has no mail address" },
	{ "bad_address", "the mail address is not valid" },
	{ "role_address", "the address belongs to a role, not a person" },
	{ "no_consent", "no consent on record, or too old a one" },
	{ "no_campaign", "no campaign fits (language, country, ...)" },
	{ "filtered", "category or relation is not among the chosen ones" },
	{ "before_start", "happened before npsync was started" },
	{ "too_old", "the event is too old" },
	{ "active_again", "there was activity again" },
	{ "planned", "an activity is planned ahead" },
	{ "throttled", "was asked a short while ago" },
	{ "company_cap", "enough people of this company are asked" },
	{ "duplicate_person", "the same person is asked for another event" },
	{ "pilot", "not on the pilot list" },
	{ "over_budget", "the yearly budget is used up" },
	{ "over_cap", "more than one night may send: waits for the next" },
	{ "flood", "unusually many events: held for an administrator" },
	{ "restore", "held: may have been sent before the backup was restored" },
	{ "at_service", "held: the survey service lists it already" },
};

DB_STMT(rules_starts,
    "SELECT connector, extract(epoch from first_completed_at)::bigint"
    "  FROM npsync.cursor WHERE tenant_id = $1 AND stream = 'events'"
    "   AND first_completed_at IS NOT NULL");

const char *
rules_words(const char *reason)
{
	for (size_t i = 0; reason != NULL && i < ARRAY_LEN(words); i++)
		if (strcmp(words[i][0], reason) == 0)
			return words[i][1];
	return reason != NULL ? reason : "";
}

static void
each(struct rules *rules, void (*fn)(struct db_array *))
{
	struct db_array *groups[] = { rules->rule, rules->filter, rules->choice,
		&rules->own_domains, rules->connector, &rules->waiting,
		rules->frequency, rules->programme, &rules->countries,
		rules->pilot, &rules->limits };
	static const size_t sizes[] = { 7, 3, 8, 1, 2, 1, 4, 2, 1, 3, 1 };

	for (size_t g = 0; g < ARRAY_LEN(groups); g++)
		for (size_t i = 0; i < sizes[g]; i++)
			fn(&groups[g][i]);
}

void
rules_init(struct rules *rules, const struct conf *conf)
{
	rules->conf = conf;
	each(rules, db_array_init);
}

void
rules_free(struct rules *rules)
{
	each(rules, db_array_free);
}

static void
add_filter(struct rules *rules, const char *trigger, const char *kind,
    const struct strlist *values)
{
	for (size_t i = 0; i < values->n; i++) {
		db_array_text(&rules->filter[0], trigger);
		db_array_text(&rules->filter[1], kind);
		db_array_text(&rules->filter[2], values->v[i]);
	}
}

static void
add_choices(struct rules *rules, const struct conf_trigger *t)
{
	for (size_t i = 0; i < t->n_campaigns; i++) {
		const struct conf_campaign *c = &t->campaigns[i];
		const char *const row[8] = { t->code, c->language, c->country,
			c->relation, c->category, c->department, c->segment, c->id };
		for (size_t k = 0; k < ARRAY_LEN(row); k++)
			db_array_text(&rules->choice[k], row[k]);
	}
}

static void
add_trigger(struct rules *rules, const struct conf_trigger *t, int night)
{
	const struct conf *conf = rules->conf;
	const struct calendar *cal = &conf->calendar;
	const int oldest = calendar_oldest_day(cal, night, t->max_age_days);
	const time_t ready = t->delay_hours == 0 ? NO_TIME
	    : calendar_send_at(cal, night) - (time_t)t->delay_hours * 3600;

	db_array_text(&rules->rule[0], t->code);
	db_array_bool(&rules->rule[1], t->enabled);
	/* A silence is judged by its days, not by the age of its row. */
	db_array_time(&rules->rule[2], strcmp(t->code, "inact") == 0 ? NO_TIME
	    : clock_day_start(conf->timezone, oldest));
	db_array_bool(&rules->rule[3], t->by_transition);
	db_array_bool(&rules->rule[4], t->require_consent);
	db_array_bool(&rules->rule[5], t->on_throttle == ON_THROTTLE_DEFER);
	db_array_time(&rules->rule[6], ready);
	add_filter(rules, t->code, "category", &t->categories);
	add_filter(rules, t->code, "relation", &t->relations);
	add_choices(rules, t);
}

static bool
read_starts(struct rules *rules, struct db *db, long long tenant_id,
    struct arena *arena, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	const char *zone = rules->conf->timezone;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	if (!db_query(db, &rules_starts, &args, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		db_array_text(&rules->connector[0], db_text(r, i, 0));
		/* By day: close dates of an export often have no time. */
		db_array_time(&rules->connector[1],
		    clock_day_start(zone, clock_day(zone, db_time(r, i, 1))));
	}
	return true;
}

/* ---- frequency, programmes --------------------------------------------- */
static void
add_frequency(struct db_array *frequency, const struct conf_frequency *f)
{
	static const char *const scopes[] = { [SCOPE_ANY] = "any",
		[SCOPE_PROGRAMME] = "programme", [SCOPE_CAMPAIGN] = "campaign" };

	db_array_text(&frequency[0], scopes[f->scope]);
	db_array_int(&frequency[1], f->max);
	db_array_int(&frequency[2], f->days);
	db_array_text(&frequency[3],
	    f->from == FROM_ANSWER ? "answer" : "send");
}

int
rules_send_days(const struct conf *conf)
{
	const struct conf_frequency *f = conf->rules.frequency.v;
	int days = conf->rules.throttle_days;

	for (size_t i = 0; i < conf->rules.frequency.n; i++)
		if (f[i].from == FROM_SEND && f[i].days > days)
			days = f[i].days;
	return days;
}

void
rules_frequency(const struct conf *conf, struct db_array *frequency,
    struct db_array *programme)
{
	const struct conf_frequency *f = conf->rules.frequency.v;
	const struct conf_programme *p = conf->programmes.v;
	const struct conf_frequency throttle = { SCOPE_ANY, 1,
		conf->rules.throttle_days, FROM_SEND };

	add_frequency(frequency, &throttle);
	for (size_t i = 0; i < conf->rules.frequency.n; i++)
		add_frequency(frequency, &f[i]);
	for (size_t i = 0; i < conf->programmes.n; i++)
		for (size_t k = 0; k < p[i].campaigns.n; k++) {
			db_array_text(&programme[0], p[i].campaigns.v[k]);
			db_array_text(&programme[1], p[i].name);
		}
}

/* ---- pilot ------------------------------------------------------------- */
bool
rules_pilot(const struct conf *conf, const unsigned char *secret,
    struct db_array pilot[RULES_PILOT], struct err *err)
{
	const struct strlist *addresses = &conf->pilot.addresses;
	char key[IDENTITY_KEY_HEX];

	for (size_t i = 0; i < addresses->n; i++) {
		if (!identity_key_address(secret, addresses->v[i], key, err))
			return false;
		db_array_text(&pilot[0], key);
	}
	db_array_texts(&pilot[1], conf->pilot.domains.v, conf->pilot.domains.n);
	db_array_texts(&pilot[2], conf->pilot.companies.v,
	    conf->pilot.companies.n);
	return true;
}

/* ---- limits ------------------------------------------------------------ */
/* In the order of decide_sql.h. */
static void
add_limits(struct rules *rules)
{
	const struct conf *conf = rules->conf;
	const char *late = conf->rules.late_rows;
	const int limits[] = { conf->rules.company_max, conf->rules.company_days,
		conf->rules.flood_floor, conf->budget.year,
		conf->rules.night_max,
		late != NULL && strcmp(late, "wait") == 0,
		conf->send.spread_min * 60 };

	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		db_array_int(&rules->limits, limits[i]);
}

/* What came in since the end of the last sending day before the night was not
 * in sight on a working day. */
static time_t
late_since(const struct conf *conf, int night)
{
	const struct calendar *cal = &conf->calendar;
	/* A window of the evening ends on the day that people could see it. */
	const bool evening = cal->window_from_min < cal->window_until_min &&
	    cal->window_from_min >= 12 * 60;
	int day = evening ? night : day_add(night, -1);

	for (int i = 0; i < 370 && !calendar_is_sending_day(cal, day);
	     i++)
		day = day_add(day, -1);
	return clock_day_start(conf->timezone, day_add(day, 1));
}

static time_t
consent_since(const struct conf *conf, int night)
{
	return conf->consent.max_age_days == 0 ? NO_TIME
	    : clock_day_start(conf->timezone,
	          day_add(night, -conf->consent.max_age_days));
}

static void
arg_number(struct db_args *args, double value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%.15g", value);
	db_arg_text(args, arena_strdup(args->arena, text));
}

bool
rules_args(struct rules *rules, struct db *db, const struct rules_night *night,
    struct db_args *args, struct err *err)
{
	const struct conf *conf = rules->conf;

	each(rules, db_array_reset);
	for (size_t i = 0; i < conf->n_triggers; i++)
		add_trigger(rules, &conf->triggers[i], night->night);
	db_array_texts(&rules->own_domains, conf->rules.own_domains.v,
	    conf->rules.own_domains.n);
	db_array_texts(&rules->waiting, night->waiting, night->n_waiting);
	rules_frequency(conf, rules->frequency, rules->programme);
	db_array_texts(&rules->countries, conf->policy.countries.v,
	    conf->policy.countries.n);
	add_limits(rules);
	if (!read_starts(rules, db, night->tenant_id, args->arena, err) ||
	    !rules_pilot(conf, night->secret, rules->pilot, err))
		return false;

	db_arg_int(args, night->tenant_id);
	db_arg_day(args, night->night);
	db_arg_time(args, night->moment);
	db_arg_text(args, conf->timezone);
	db_arg_bool(args, conf->rules.count_foreign);
	db_arg_arrays(args, rules->rule, ARRAY_LEN(rules->rule));
	db_arg_arrays(args, rules->filter, ARRAY_LEN(rules->filter));
	db_arg_arrays(args, rules->choice, ARRAY_LEN(rules->choice));
	db_arg_array(args, &rules->own_domains);
	db_arg_array(args, &rules->connector[0]);
	db_arg_array(args, &rules->connector[1]);
	db_arg_bool(args, night->paused);
	db_arg_array(args, &rules->waiting);
	db_arg_bool(args, strcmp(conf->rules.role_address, "skip") == 0);
	db_arg_arrays(args, rules->frequency, ARRAY_LEN(rules->frequency));
	db_arg_arrays(args, rules->programme, ARRAY_LEN(rules->programme));
	db_arg_array(args, &rules->countries);
	db_arg_bool(args, conf->policy.unknown);
	db_arg_time(args, consent_since(conf, night->night));
	db_arg_arrays(args, rules->pilot, ARRAY_LEN(rules->pilot));
	db_arg_array(args, &rules->limits);
	arg_number(args, conf->rules.flood_factor);
	db_arg_time(args, late_since(conf, night->night));
	return true;
}
