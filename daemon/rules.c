#include "rules.h"

#include <string.h>

#include "clock.h"

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
	{ "excluded", "taken out by an administrator" },
	{ "paused", "sending is paused" },
	{ "trigger_off", "this trigger is switched off" },
	{ "internal", "own employee" },
	{ "left_company", "no longer works there" },
	{ "no_send", "the contact carries the no-send tag" },
	{ "company_no_send", "the company carries the no-send tag" },
	{ "opted_out", "declined surveys" },
	{ "no_contact", "the event names no known contact" },
	{ "no_address", "the contact has no mail address" },
	{ "bad_address", "the mail address is not valid" },
	{ "role_address", "the address belongs to a role, not a person" },
	{ "no_consent", "no consent on record" },
	{ "no_campaign", "no campaign fits (language, country, ...)" },
	{ "filtered", "category or relation is not among the chosen ones" },
	{ "before_start", "happened before npsync was started" },
	{ "too_old", "the event is too old" },
	{ "active_again", "there was activity again" },
	{ "planned", "an activity is planned ahead" },
	{ "throttled", "was asked a short while ago" },
	{ "company_cap", "enough people of this company were asked" },
	{ "duplicate_person", "the same person is asked for another event" },
	{ "pilot", "not on the pilot list" },
	{ "over_budget", "the yearly budget is used up" },
	{ "over_cap", "more than one run may send" },
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
		&rules->own_domains, rules->connector, &rules->waiting };
	static const size_t sizes[] = { 7, 3, 8, 1, 2, 1 };

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

bool
rules_args(struct rules *rules, struct db *db, const struct rules_night *night,
    struct db_args *args, struct err *err)
{
	const struct conf *conf = rules->conf;

	each(rules, db_array_reset);
	for (size_t i = 0; i < conf->n_triggers; i++)
		add_trigger(rules, &conf->triggers[i], night->night);
	for (size_t i = 0; i < conf->rules.own_domains.n; i++)
		db_array_text(&rules->own_domains, conf->rules.own_domains.v[i]);
	for (size_t i = 0; i < night->n_waiting; i++)
		db_array_text(&rules->waiting, night->waiting[i]);
	if (!read_starts(rules, db, night->tenant_id, args->arena, err))
		return false;

	db_arg_int(args, night->tenant_id);
	db_arg_day(args, night->night);
	db_arg_time(args, night->moment);
	db_arg_int(args, conf->rules.throttle_days);
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
	return true;
}
