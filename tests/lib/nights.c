#include "nights.h"
#include "nights_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"

DB_STMT(nights_known,
    "SELECT coalesce(sum(n) FILTER (WHERE outcome = 'seen'), 0),"
    "       coalesce(sum(n) FILTER (WHERE outcome = 'known'), 0)"
    "  FROM npsync.run_count WHERE tenant_id = $1 AND stage = 'pull' AND source = 'crm/events'"
    "   AND run_id = (SELECT max(run_id) FROM npsync.run WHERE tenant_id = $1)");
/* All that a night may change; when a row was last seen in a list is not. */
static const char *const hashed[] = { "queue", "history", "evidence", "answers",
	"opt-outs", "events", "tags" };
DB_STMT(nights_hash,
    "SELECT (SELECT coalesce(sum(hash_record_extended(row(q.queue_id, q.version, q.state, q.reason,"
    "               q.due_night, q.due_rank, q.remote_id, q.attempt, q.deferred_until,"
    "               q.campaign, q.person), 0)), 0) FROM npsync.queue q WHERE tenant_id = $1),"
    " (SELECT coalesce(sum(hash_record_extended(h, 0)), 0) FROM npsync.queue_history h WHERE tenant_id = $1),"
    " (SELECT coalesce(sum(hash_record_extended(s, 0)), 0) FROM npsync.person_send s WHERE tenant_id = $1"
    /* What is older than the throttle may be met late. */
    "    AND source = 'own'),"
    " (SELECT coalesce(sum(hash_record_extended(a, 0)), 0) FROM npsync.answer a WHERE tenant_id = $1),"
    " (SELECT coalesce(sum(hash_record_extended(o, 0)), 0) FROM npsync.opt_out o WHERE tenant_id = $1),"
    " (SELECT coalesce(sum(hash_record_extended(e, 0)), 0) FROM npsync.event_seen e WHERE tenant_id = $1),"
    /* A tag that is put off is tried by each run. */
    " (SELECT coalesce(sum(hashtextextended((to_jsonb(w) - CASE WHEN w.state = 'wanted'"
    "               THEN 'tried_at' ELSE '' END)::text, 0)), 0)"
    "    FROM npsync.tag_want w WHERE tenant_id = $1)");

/* ---- runs ---------------------------------------------------------------------- */
static bool
never(void)
{
	return false;
}

static int
run(enum run_kind kind, int64_t now)
{
	const struct run_options options = { .kind = kind, .only = RUN_ALL,
		.actor = "test", .cancelled = never };
	struct err err = { 0 };
	int code = -1;

	scene.run_at = now;
	clock_shift((time_t)NIGHTS_SKEW_OF(now));
	const bool ok = night_run(scene.db, scene.conf, &scene.tenant,
	    scene.set->troubles ? scene.dir : NULL, &options, &code, &err);
	if (ok != (code == 0))
		nights_violation("a run that is %s ends with %d: %s",
		    ok ? "well" : "not well", code, err.msg);
	scene.got.runs++;
	return code;
}

static void
prepare(int64_t now)
{
	assert_true(fakecrm_export(&scene.crm, now));
	simproc_tell(scene.sim, "now", "{\"now\": \"%s\"}", nights_iso(now));
}

/* ---- one night ------------------------------------------------------------------ */
struct night_plan {
	int date;		/* the model's night of what comes in */
	int64_t at;
	bool transfers, forecasts;
	bool late;		/* after the window: the night was missed */
};

static int64_t
some_time(int date)
{
	static const int times[][2] = { { 3, 10 }, { 3, 10 }, { 0, 20 },
		{ 2, 30 }, { 4, 45 } };
	const int i = nights_luck(6);

	return i == 5 ? fakecrm_time(date - 1, 23, 20)
	              : fakecrm_time(date, times[i][0], times[i][1]);
}

static struct night_plan
night_plan(int i, int date)
{
	struct night_plan n = { date, fakecrm_time(date, 3, 10), false, false,
		i % 40 == 33 };

	if (scene.set->troubles)
		n.at = some_time(date);
	/* Too late for a transfer; and after the window, so that what comes in
	 * belongs to the next night. */
	if (i % 40 == 25)
		n.at = fakecrm_time(date, 5, 57) - scene.set->skew_s;
	if (n.late) {
		n.at = fakecrm_time(date, 6, 10);
		n.date = date + 1;
		if (scene.held && scene.missed_from == 0 &&
		    fakecrm_is_working(date))
			scene.missed_from = date;
		n.forecasts = scene.missed_from != 0 &&
		    fakecrm_is_working(date + 1);
		return n;
	}
	n.forecasts = fakecrm_is_working(date);
	n.transfers = n.forecasts && i % 40 != 25 && !scene.tenant.paused;
	return n;
}

static const struct fault *
pick_fault(const struct night_plan *n)
{
	const struct fault *fault = NULL;

	if (!scene.set->judge || !n->transfers ||
	    (nights_luck(4) != 0 && (scene.audited || !scene.set->troubles)))
		return NULL;
	if (!scene.set->troubles)
		fault = nights_fault_classic();
	else if (scene.set->members && !scene.audited && nights_luck(4) != 0)
		fault = nights_fault_no_list();
	else
		fault = nights_fault_drawn();
	scene.got.faults++;
	return fault;
}

/* Silences that fell into nights that were missed are looked for as well. */
static void
model_forecast(int64_t now, int night)
{
	oracle_forecast(&scene.oracle, now, night,
	    scene.missed_from != 0 ? scene.missed_from : night);
}

static void
model_night(const struct night_plan *n, int64_t now, bool transfers)
{
	oracle_intake(&scene.oracle, now, n->date);
	if (transfers)
		oracle_decide(&scene.oracle, now, n->date);
	if (n->forecasts)
		model_forecast(now, n->date);
}

/* Whom others asked is read before anybody is asked for the first time: false =
 * it could not be, so nobody is. */
static bool
model_first(const struct night_plan *n, const struct fault *fault)
{
	if (!scene.set->members || scene.audited || !n->transfers)
		return true;
	if (fault != NULL && fault->no_list)
		return false;
	nights_audit_model();
	return true;
}

/* What such a run learns at its end. */
static void
model_learn(int64_t now, int code, const struct fault *fault)
{
	if (code == 0 || (fault != NULL && fault->collects))
		nights_learn_opt_outs(now);
	if (code == 0 || (fault != NULL && fault->audits))
		nights_audit_model();
}

static void
judge_code(const struct fault *fault, int code, int64_t now)
{
	if (fault == NULL && code != 0)
		nights_violation("%s: the night ends with %d", nights_iso(now),
		    code);
	if (fault != NULL && fault->no_transfer && code == 0)
		nights_violation("%s: %s ends with 0", nights_iso(now),
		    fault->name);
	if (fault != NULL && fault->no_transfer && !scene.set->troubles &&
	    code != 69)
		nights_violation("%s: %s ends with %d", nights_iso(now),
		    fault->name, code);
}

static void
run_night(const struct night_plan *n, int64_t now, const struct fault *fault)
{
	const bool blind = fault != NULL && fault->export_bad;
	bool no_transfer = fault != NULL && fault->no_transfer;

	prepare(now);
	if (!no_transfer && !model_first(n, fault))
		no_transfer = true;
	nights_settle_model(now, fault == NULL || !fault->no_list);
	/* So that a fault hits the same person whenever this test runs. */
	scene.conf->survey.concurrency = fault == NULL ? 8 : 1;
	nights_fault_begin(fault);
	const int code = run(RUN_NIGHT, now);
	judge_code(fault, code, now);
	if (fault != NULL && fault->kill) {
		nights_connect();
		scene.wounds++;
	}
	if (code == 0 || code == 1)
		nights_check_counts(now);
	/* First what was decided, then what was learnt. */
	if (!blind)
		model_night(n, now, n->transfers && !no_transfer);
	else if (n->forecasts)
		model_forecast(now, n->date);
	nights_settle_night(n->date, fault);
	model_learn(now, code, fault);
}

/* The same night once more: everything known, nothing changed. */
static void
run_again(int64_t now, const struct fault *lasting)
{
	AUTO(db_result) struct db_result *before = nights_ask(&nights_hash,
	    NULL, NULL, NULL);
	size_t lines, after_lines;

	(void)simproc_ledger(scene.sim, &lines);
	prepare(now);
	nights_settle_model(now, lasting == NULL);
	const int code = run(RUN_NIGHT, now);
	nights_check_counts(now);
	(void)simproc_ledger(scene.sim, &after_lines);
	AUTO(db_result) struct db_result *after = nights_ask(&nights_hash, NULL,
	    NULL, NULL);
	AUTO(db_result) struct db_result *known = nights_ask(&nights_known,
	    NULL, NULL, NULL);
	if ((code != 0) != (lasting != NULL))
		nights_violation("%s: the second run ends with %d",
		    nights_iso(now), code);
	if (lines != after_lines)
		nights_violation("I2 %s: the second run asked somebody",
		    nights_iso(now));
	for (size_t i = 0; i < ARRAY_LEN(hashed); i++)
		if (strcmp(db_text(before, 0, (int)i),
		        db_text(after, 0, (int)i)) != 0)
			nights_violation("%s: the second run changed %s",
			    nights_iso(now), hashed[i]);
	if (db_int(known, 0, 0) != db_int(known, 0, 1) ||
	    db_int(known, 0, 0) == 0)
		nights_violation("%s: the second run met %lld rows, %lld as known",
		    nights_iso(now), db_int(known, 0, 0), db_int(known, 0, 1));
	scene.got.repeats++;
}

/* False: the service was away all night. */
static bool
nighttime(int i, int date)
{
	const struct night_plan n = night_plan(i, date);
	const struct fault *fault = pick_fault(&n);
	int64_t now = n.at;

	run_night(&n, now, fault);
	if (fault != NULL && !fault->lasts) {
		nights_fault_end(fault);
		fault = NULL;
		now += 600;
		run_night(&n, now, NULL);
	}
	run_again(now + 60, fault);
	if (fault != NULL)
		nights_fault_end(fault);
	if (n.forecasts && !n.late) {
		scene.held = true;
		scene.missed_from = 0;
	}
	scene.got.nights++;
	scene.got.transfers += n.transfers;
	if (i % 5 == 4)
		nights_check_queue(now);
	return fault == NULL;
}

/* ---- days ---------------------------------------------------------------------------- */
static void
run_by_day(enum run_kind kind, int64_t now, int night)
{
	prepare(now);
	if (kind != RUN_HOURLY)
		nights_settle_model(now, true);
	const int code = run(kind, now);
	nights_check_counts(now);
	if (code != 0)
		nights_violation("%s: a run by day ends with %d",
		    nights_iso(now), code);
	nights_learn_opt_outs(now);
	if (kind != RUN_HOURLY)
		nights_audit_model();
	oracle_intake(&scene.oracle, now, night);
	if (kind != RUN_HOURLY && scene.missed_from != 0 &&
	    fakecrm_is_working(night))
		model_forecast(now, night);
	nights_take_lines(night);	/* there are none */
}

/* Half an export, or the service away: nothing is lost, the night is told. */
static void
run_in_trouble(int64_t now, int night)
{
	prepare(now);
	if (nights_luck(2) == 0) {
		(void)nights_export_spoil();
		(void)run(RUN_HOURLY, now);
		nights_check_counts(now);
		nights_learn_opt_outs(now);
		nights_take_lines(night);
		return;
	}
	simproc_away(scene.sim);
	if (run(RUN_HOURLY, now) == 0)
		nights_violation("%s: nobody misses the service",
		    nights_iso(now));
	simproc_back(scene.sim);
	oracle_intake(&scene.oracle, now, night);
}

static void
evening(int day)
{
	const bool trouble = scene.set->troubles && nights_luck(12) == 0;

	if (trouble)
		run_in_trouble(fakecrm_time(day, 20, 7), day + 1);
	else
		run_by_day(RUN_HOURLY, fakecrm_time(day, 20, 7), day + 1);
	scene.facts_are_fresh = !trouble;
	if (nights_luck(3) == 0 && scene.set->judge)
		nights_administrator();
	if (scene.set->troubles && nights_luck(3) == 0)
		return;
	/* Somebody works late. */
	fakecrm_change(&scene.crm);
	if (scene.set->troubles && nights_luck(3) == 0)
		nights_late_change();
	scene.facts_are_fresh = false;
}

static void
daytime(int day)
{
	nights_noon(fakecrm_time(day, 12, 0));
	fakecrm_change(&scene.crm);
	if (scene.set->troubles && nights_luck(10) == 0)
		fakecrm_merge(&scene.crm);
	fakecrm_day(&scene.crm, day);
	if (nights_luck(4) == 0)
		nights_break_silence(day);
	if (nights_luck(15) == 0)
		run_by_day(RUN_MANUAL, fakecrm_time(day, 14, 30), day + 1);
	evening(day);
}

/* The machine is off; the world goes on. */
static int
days_off(int day)
{
	const int days = 1 + nights_luck(9);

	for (int i = 0; i < days; i++) {
		nights_noon(fakecrm_time(day + i, 12, 0));
		fakecrm_change(&scene.crm);
		fakecrm_day(&scene.crm, day + i);
		/* The night after that day. */
		if (scene.held && scene.missed_from == 0 &&
		    fakecrm_is_working(day + i + 1))
			scene.missed_from = day + i + 1;
	}
	scene.got.paused_days += days;
	return days;
}

/* The cluster of the tests has no autovacuum.  Tables that every run writes;
 * all of the catalog would take longer than the nights between. */
static void
vacuum(void)
{
	struct err err = { 0 };

	if (!db_script(scene.db, "VACUUM (ANALYZE) npsync.queue, npsync.contact,"
	        " npsync.cursor, npsync.tenant, npsync.campaign, npsync.answer,"
	        " npsync.person_send, npsync.event_seen, npsync.tag_want,"
	        " npsync.planned_activity", &err))
		fail_msg("%s", err.msg);
}

static void
pause_or_not(int i)
{
	struct err err = { 0 };
	const int first = scene.set->troubles ? (int)(scene.set->seed % 3) : 2;

	if (i != first && i != 60 && i != 62)
		return;
	if (!tenant_set_paused(scene.db, &scene.tenant, i == 60 && first != 60,
	        &err))
		fail_msg("%s", err.msg);
}

/* Whom others asked before npsync came. */
static void
history(void)
{
	const int64_t start = scene.crm.start;

	for (int i = 0; scene.set->troubles && i < 12; i++) {
		const int64_t at = start - (int64_t)(1 + nights_luck(28)) * DAY_S;
		simproc_tell(scene.sim, "now", "{\"now\": \"%s\"}",
		    nights_iso(at));
		nights_ask_foreign(at);
	}
}

static void
play(int nights, int day)
{
	history();
	prepare(scene.crm.start);
	(void)run(RUN_HOURLY, scene.crm.start);
	oracle_baseline(&scene.oracle, scene.crm.start);
	/* What comes after a violation may only follow from it. */
	for (int i = 0; i < nights && scene.got.violations == 0; i++, day++) {
		pause_or_not(i);
		if (i > 0)
			daytime(day);
		const bool evening_import = nights_luck(5) != 0;
		const bool morning_import = nights_luck(4) != 0;
		if (evening_import)
			nights_import();
		const bool met = nighttime(i, day + 1);
		if (i % 8 == 0)
			vacuum();
		if (morning_import)
			nights_import();
		if (evening_import && morning_import && met)
			nights_check_tags(fakecrm_time(day + 1, 7, 0));
		if (scene.set->troubles && nights_luck(40) == 0)
			day += days_off(day + 1);
	}
	nights_check_queue(fakecrm_time(day, 8, 0));
	nights_check_history();
}

/* ---- worlds ---------------------------------------------------------------------------- */
void
nights_play(const char *name, const struct nights_settings *set, bool say,
    struct nights_result *result)
{
	char first[160];

	nights_open(name, set);
	play(set->nights, set->day);
	scene.got.doubles = ledger_doubles(scene.sim,
	    set->judge ? set->throttle_days : ORACLE_THROTTLE_DAYS, first,
	    sizeof(first));
	if (scene.got.doubles > 0)
		nights_violation("I2 %s", first);
	if (say)
		nights_report(scene.got.doubles);
	scene.got.sent = ledger_respondents(scene.sim);
	scene.got.events = (int)scene.oracle.n;
	*result = scene.got;
	nights_close();
}
