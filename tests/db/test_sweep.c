/*
 * The weekly look back over a CRM and a survey service that the test plays:
 * what only it finds is taken in, counted and told; nothing else is late, and
 * the place of the ordinary pass stays where it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/watermark.h"
#include "fixture.h"
#include "log.h"
#include "stage_collect.h"
#include "stage_pull.h"

#define DAY_S 86400
#define BEGUN FIXTURE_NIGHT	/* the night of the baseline */

/* ---- a source ----------------------------------------------------------------- */
struct source_record {
	const char *id;
	time_t stamp, visible;
};
static struct source {
	struct source_record v[32];
	size_t n;
	int passes, sweeps;
	struct pull last_sweep;
	enum err_kind sweep_fails;
	const char *dead_resume;	/* a place it no longer knows */
	const char *asked_resume;
	struct source_record *appears;	/* once the sweep has begun */
} source;

static void
source_add(const char *id, time_t stamp, time_t visible)
{
	source.v[source.n++] = (struct source_record){ id, stamp, visible };
}

typedef bool source_emit_fn(const struct source_record *r, void *emit,
    void *arg);

static bool
source_begin(struct watermark *w, const struct pull *pull, struct err *err)
{
	const struct watermark_rules rules = { .zone = "UTC",
		.since = NO_TIME };

	source.passes++;
	source.asked_resume = pull->resume;
	if (pull->sweep) {
		source.sweeps++;
		source.last_sweep = *pull;
		if (source.appears != NULL)
			source.v[source.n++] = *source.appears;
		source.appears = NULL;
		if (source.sweep_fails != ERR_NONE)
			return err_set(err, source.sweep_fails, "HTTP 503");
	}
	if (pull->resume != NULL && source.dead_resume != NULL &&
	    strcmp(pull->resume, source.dead_resume) == 0)
		return err_set(err, ERR_GONE, "no such place");
	watermark_init(w, &rules);
	return watermark_begin(w, pull, err);
}

/* Two records a page. */
static bool
source_read(const struct pull *pull, source_emit_fn *emit_one, void *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(65536);
	struct watermark w = { .begin = NO_TIME };
	const char *mark = NULL;
	size_t taken = 0;

	if (!source_begin(&w, pull, err))
		return false;
	for (size_t i = 0; i < source.n; i++) {
		const struct source_record *r = &source.v[i];
		char text[32];
		if (r->stamp < w.begin || r->visible > clock_now())
			continue;
		watermark_take(&w, r->stamp, clock_iso(text, r->stamp));
		if (watermark_wants(&w, r->stamp) && !emit_one(r, emit, arg))
			return err_set(err, ERR_CANCELLED, "stopped");
		if (++taken % 2 == 0 && !checkpoint(arg, "place", NULL))
			return err_set(err, ERR_CANCELLED, "stopped");
	}
	const bool ok = watermark_end(&w, arena, &mark, err) &&
	    (checkpoint(arg, NULL, pull->sweep ? "elsewhere" : mark) ||
	    err_set(err, ERR_CANCELLED, "stopped"));
	watermark_free(&w);
	return ok;
}

static bool
emit_event(const struct source_record *r, void *emit, void *arg)
{
	crm_event_fn *const *fn = emit;
	const struct crm_event ev = { .trigger = "meet", .event_id = r->id,
		.contact_id = "anna", .occurred_at = r->stamp,
		.transition_at = NO_TIME };

	return (*fn)(arg, &ev);
}

static bool
emit_contact(const struct source_record *r, void *emit, void *arg)
{
	crm_contact_fn *const *fn = emit;
	const struct crm_contact card = { .contact_id = r->id,
		.consent_at = NO_TIME };

	return (*fn)(arg, &card);
}

static bool
emit_activity(const struct source_record *r, void *emit, void *arg)
{
	crm_activity_fn *const *fn = emit;
	const struct crm_activity a = { .contact_id = r->id,
		.activity_id = r->id, .kind = ACT_MEETING, .done = true,
		.day = clock_day(FIXTURE_ZONE, r->stamp) };

	return (*fn)(arg, &a);
}

static bool
emit_answer(const struct source_record *r, void *emit, void *arg)
{
	survey_answer_fn *const *fn = emit;
	const struct survey_answer a = { .answer_id = r->id, .score = 9,
		.email = "a@kunde.dk", .answered_at = r->stamp,
		.changed_at = r->stamp };

	return (*fn)(arg, &a);
}

static bool
emit_optout(const struct source_record *r, void *emit, void *arg)
{
	survey_optout_fn *const *fn = emit;
	char email[64];

	(void)snprintf(email, sizeof(email), "%s@kunde.dk", r->id);
	return (*fn)(arg, email, NULL, r->stamp);
}

#define PULL(name, emit_fn, emit_one) \
static bool \
name(void *self, const struct pull *pull, emit_fn *emit, \
    checkpoint_fn *checkpoint, void *arg, struct err *err) \
{ \
	(void)self; \
	return source_read(pull, emit_one, &emit, checkpoint, arg, err); \
}
PULL(pull_events, crm_event_fn, emit_event)
PULL(pull_contacts, crm_contact_fn, emit_contact)
PULL(pull_activities, crm_activity_fn, emit_activity)
PULL(pull_answers, survey_answer_fn, emit_answer)
PULL(pull_optouts, survey_optout_fn, emit_optout)

static const struct crm_connector with_events = {
	.info = { .caps = CRM_CAP_EVENTS }, .pull_events = pull_events };
static const struct crm_connector with_contacts = {
	.info = { .caps = CRM_CAP_CONTACTS }, .pull_contacts = pull_contacts };
static const struct crm_connector with_activities = {
	.info = { .caps = CRM_CAP_ACTIVITIES },
	.pull_activities = pull_activities };
static const struct crm_connector read_whole = {
	.info = { .caps = CRM_CAP_EVENTS, .whole = CRM_CAP_EVENTS },
	.pull_events = pull_events };
static const struct survey_connector with_answers = {
	.pull_answers = pull_answers };
static const struct survey_connector with_optouts = {
	.pull_optouts = pull_optouts };

/* ---- nights --------------------------------------------------------------------- */
static struct crm crm;
static struct survey survey;
static char warned[512];

static void
sink(enum log_level level, const char *line)
{
	if (level == LOG_LEVEL_WARNING)
		(void)snprintf(warned, sizeof(warned), "%s", line);
}

static void
begin(struct fixture *f, const struct crm_connector *c,
    const struct survey_connector *s)
{
	const struct link link = { .name = c != NULL ? "crm" : "service",
		.scratch = arena_new(65536), .kept = arena_new(65536) };

	fixture_tenant(f);
	f->conf.watermark.overlap_s = 900;
	f->conf.watermark.lag_s = 60;
	f->conf.watermark.sweep_days = 30;
	source = (struct source){ .n = 0 };
	crm = (struct crm){ .connector = c };
	survey = (struct survey){ .connector = s };
	if (c != NULL) {
		crm.link = link;
		link_quarantine_clear(&crm.link);
		f->stage.crm = &crm;
		f->stage.n_crm = 1;
	} else {
		survey.link = link;
		link_quarantine_clear(&survey.link);
		f->stage.survey = &survey;
	}
	log_sink(sink);
}

static void
end(struct fixture *f)
{
	log_sink(NULL);
	arena_free(crm.link.scratch);
	arena_free(crm.link.kept);
	arena_free(survey.link.scratch);
	arena_free(survey.link.kept);
	f->stage.n_crm = 0;
	f->stage.survey = NULL;
}

static void
run_night(struct fixture *f, int days)
{
	struct err err = { 0 };

	fixture_night(f, day_add(BEGUN, days));
	f->log.counts = NULL;
	*warned = '\0';
	if (!(f->stage.n_crm > 0 ? stage_pull(&f->stage, &err)
	    : stage_collect(&f->stage, &err)))
		fail_msg("%s", err.msg);
	assert_false(crm.link.failed || survey.link.failed);
}

static long long
swept(struct fixture *f, const char *source_name, const char *outcome)
{
	return runlog_source(&f->log, "sweep", source_name, outcome);
}

static void
assert_swept(struct fixture *f, const char *name, int seen, int late)
{
	assert_int_equal(swept(f, name, "seen"), seen);
	assert_int_equal(swept(f, name, "late"), late);
	assert_int_equal(swept(f, name, "known"), seen - late);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.cursor"
	    " WHERE tenant_id = $1 AND watermark <> 'elsewhere'"), 1);
}

static long long
known_keys(struct fixture *f)
{
	return fixture_int(f, "SELECT count(*) FROM npsync.event_seen"
	    " WHERE tenant_id = $1");
}

static const char *
place(struct fixture *f)
{
	return fixture_text(f, "SELECT concat_ws('|', watermark, resume, pass,"
	    " completed_at) FROM npsync.cursor WHERE tenant_id = $1");
}

/* One that was there, and one that shows two days after its stamp. */
static void
fill(void)
{
	source_add("old", fixture_time(day_add(BEGUN, -3), 12, 0), 0);
	source_add("early", fixture_time(day_add(BEGUN, 1), 12, 0),
	    fixture_time(day_add(BEGUN, 1), 12, 0));
	source_add("tardy", fixture_time(day_add(BEGUN, 1), 13, 0),
	    fixture_time(day_add(BEGUN, 4), 0, 0));
	source_add("next", fixture_time(day_add(BEGUN, 2), 12, 0),
	    fixture_time(day_add(BEGUN, 2), 12, 0));
	source_add("last", fixture_time(day_add(BEGUN, 5), 12, 0),
	    fixture_time(day_add(BEGUN, 5), 12, 0));
}

/* ---- tests ------------------------------------------------------------------------ */
static void
test_late_event_is_found_once(void **state)
{
	struct fixture *f = *state;

	begin(f, &with_events, NULL);
	fill();
	for (int night = 0; night < 7; night++)
		run_night(f, night);
	assert_int_equal(source.sweeps, 0);
	assert_int_equal(source.passes, 7);
	assert_int_equal(known_keys(f), 4);
	/* An hourly run leaves it to the night. */
	f->stage.may_yield = true;
	run_night(f, 7);
	assert_int_equal(source.sweeps, 0);
	f->stage.may_yield = false;
	run_night(f, 7);
	assert_int_equal(source.sweeps, 1);
	assert_int_equal(source.last_sweep.from, clock_now() - 30 * DAY_S);
	/* "last" is the mark; the next pass meets it again. */
	assert_swept(f, "crm/events", 4, 1);
	assert_string_equal(fixture_text(f, "SELECT string_agg(event_id, ' '"
	    " ORDER BY queue_id) FROM npsync.queue WHERE tenant_id = $1"),
	    "early next last tardy");
	assert_non_null(strstr(warned, "connector=crm stream=events late=1 "));
	assert_null(strstr(warned, "tardy"));
	assert_null(strstr(warned, "anna"));
	assert_int_equal(runlog_source(&f->log, "pull", "crm/events", "queued"),
	    0);
	run_night(f, 7);
	run_night(f, 13);
	assert_int_equal(source.sweeps, 1);
	run_night(f, 14);
	assert_int_equal(source.sweeps, 2);
	assert_swept(f, "crm/events", 4, 0);
	assert_string_equal(warned, "");
	assert_int_equal(known_keys(f), 5);
	end(f);
}

static void
test_sweep_moves_nothing(void **state)
{
	struct fixture *f = *state;
	char before[128];

	begin(f, &with_events, NULL);
	fill();
	run_night(f, 0);
	run_night(f, 6);
	/* Without the sweep, what does a pass of that night leave? */
	f->conf.watermark.sweep_days = 0;
	run_night(f, 7);
	(void)snprintf(before, sizeof(before), "%s", place(f));
	assert_int_equal(source.sweeps, 0);
	fixture_exec(f, "UPDATE npsync.cursor SET pass = pass - 1"
	    " WHERE tenant_id = $1");
	f->conf.watermark.sweep_days = 30;
	run_night(f, 7);
	assert_int_equal(source.sweeps, 1);
	assert_string_equal(place(f), before);
	end(f);
}

/* What shows while both passes run is not late: the next one meets it. */
static void
test_what_the_next_pass_meets_is_not_late(void **state)
{
	struct fixture *f = *state;
	struct source_record r = { .id = "now" };

	begin(f, &with_events, NULL);
	fill();
	run_night(f, 0);
	run_night(f, 6);
	assert_int_equal(known_keys(f), 5);
	r.stamp = fixture_time(day_add(BEGUN, 7), 3, 0);
	source.appears = &r;
	run_night(f, 7);
	assert_int_equal(source.sweeps, 1);
	assert_swept(f, "crm/events", 4, 0);
	assert_int_equal(known_keys(f), 5);
	assert_string_equal(warned, "");
	run_night(f, 8);
	assert_int_equal(known_keys(f), 6);
	end(f);
}

static void
test_failed_sweep_is_tried_again(void **state)
{
	struct fixture *f = *state;

	begin(f, &with_events, NULL);
	fill();
	run_night(f, 0);
	run_night(f, 3);
	source.sweep_fails = ERR_RETRY;
	run_night(f, 7);
	assert_int_equal(source.sweeps, 1);
	assert_non_null(strstr(warned, "connector=crm stream=events error="));
	assert_int_equal(known_keys(f), 4);
	source.sweep_fails = ERR_NONE;
	run_night(f, 8);
	assert_int_equal(source.sweeps, 2);
	assert_swept(f, "crm/events", 4, 1);
	end(f);
}

/* sweep_days 0, and what is read whole each time anyway. */
static void
test_never_swept(void **state)
{
	struct fixture *f = *state;

	begin(f, &with_events, NULL);
	fill();
	f->conf.watermark.sweep_days = 0;
	for (int night = 0; night < 30; night += 5)
		run_night(f, night);
	assert_int_equal(source.sweeps, 0);
	end(f);
	begin(f, &read_whole, NULL);
	fill();
	for (int night = 0; night < 30; night += 5)
		run_night(f, night);
	assert_int_equal(source.sweeps, 0);
	end(f);
}

/* The contract: ERR_GONE for a place means that the pass begins again. */
static void
test_dead_place_begins_again(void **state)
{
	struct fixture *f = *state;

	begin(f, &with_events, NULL);
	fill();
	run_night(f, 0);
	fixture_exec(f, "UPDATE npsync.cursor SET resume = 'dead'"
	    " WHERE tenant_id = $1");
	source.dead_resume = "dead";
	run_night(f, 6);
	assert_int_equal(source.passes, 3);
	assert_null(source.asked_resume);
	assert_int_equal(known_keys(f), 5);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.cursor"
	    " WHERE tenant_id = $1 AND resume IS NULL AND pass = 2"), 1);
	end(f);
	begin(f, NULL, &with_answers);
	fill();
	run_night(f, 0);
	fixture_exec(f, "UPDATE npsync.cursor SET resume = 'dead'"
	    " WHERE tenant_id = $1");
	source.dead_resume = "dead";
	run_night(f, 2);
	assert_int_equal(source.passes, 3);
	assert_null(source.asked_resume);
	end(f);
}

static void
test_other_streams(void **state)
{
	static const struct {
		const struct crm_connector *crm;
		const struct survey_connector *survey;
		const char *source, *warning;
		int seen;
	} cases[] = {
		{ &with_contacts, NULL, "crm/contacts",
		    "connector=crm stream=contacts late=1 ", 4 },
		{ NULL, &with_answers, "service/answers",
		    "connector=service stream=answers late=1 ", 4 },
		{ NULL, &with_optouts, "service/optouts",
		    "connector=service stream=optouts late=1 ", 4 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin(f, cases[i].crm, cases[i].survey);
		fill();
		run_night(f, 0);
		run_night(f, 3);
		assert_string_equal(warned, "");
		run_night(f, 7);
		assert_int_equal(source.sweeps, 1);
		assert_swept(f, cases[i].source, cases[i].seen, 1);
		assert_non_null(strstr(warned, cases[i].warning));
		assert_null(strstr(warned, "kunde.dk"));
		run_night(f, 14);
		assert_int_equal(source.sweeps, 2);
		assert_swept(f, cases[i].source, cases[i].seen, 0);
		end(f);
	}
}

/* Late: one that moves the last day of its card. */
static void
test_activities(void **state)
{
	struct fixture *f = *state;

	begin(f, &with_activities, NULL);
	fill();
	for (size_t i = 0; i < source.n; i++)
		fixture_card(f, source.v[i].id, NULL);
	run_night(f, 0);
	run_night(f, 3);
	run_night(f, 7);
	assert_int_equal(source.sweeps, 1);
	assert_swept(f, "crm/activities", 4, 1);
	assert_non_null(strstr(warned, "connector=crm stream=activities late=1 "));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.contact"
	    " WHERE tenant_id = $1 AND last_activity_on IS NOT NULL"), 5);
	run_night(f, 14);
	assert_int_equal(source.sweeps, 2);
	assert_swept(f, "crm/activities", 4, 0);
	end(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late_event_is_found_once),
		cmocka_unit_test(test_sweep_moves_nothing),
		cmocka_unit_test(test_what_the_next_pass_meets_is_not_late),
		cmocka_unit_test(test_failed_sweep_is_tried_again),
		cmocka_unit_test(test_never_swept),
		cmocka_unit_test(test_dead_place_begins_again),
		cmocka_unit_test(test_other_streams),
		cmocka_unit_test(test_activities),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
