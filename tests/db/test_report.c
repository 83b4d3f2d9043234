/*
 * The figures of a report, by hand: what counts in which period, programme and
 * group, what is left out, who blocked whom, who was asked.
 *
 * The period is October 2026, the one before September; clocks go back on
 * 25 October.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "fixture.h"
#include "report.h"

#define OCTOBER "2026-10-15 08:00Z"
#define SEPTEMBER "2026-09-15 08:00Z"
static const struct report_period october = { 20261001, 20261101, 20260901 };

static struct conf_programme programmes[2];
static const char *const meetings[] = { "3", "4" };

/* Campaigns 3 and 4 are a programme, 1, 2 and 5 are their own. */
static void
begin(struct fixture *f)
{
	fixture_tenant(f);
	programmes[0] = (struct conf_programme){ .name = "moments",
		.campaigns = { meetings, 2 } };
	f->conf.programmes = (struct grouplist){ programmes, 1 };
	f->conf.report.hide_below = 5;
	f->conf.report.plain_from = 30;
	f->conf.report.confidence = 95;
	f->conf.report.sign = true;
	fixture_exec(f, "INSERT INTO npsync.campaign (tenant_id, campaign_id, name,"
	    " listed, seen_at) SELECT $1::bigint, i, 'C' || i, true,"
	    " '2026-01-01Z' FROM unnest(ARRAY['1','2','3','4','5']) i");
}

/* A survey of a card that left at a moment. */
static long long
sent(struct fixture *f, const char *card, const char *campaign,
    const char *at, const char *set)
{
	const long long row = fixture_row(f, T_MEET, card, arena_printf(f->run,
	    "state = 'sent', campaign = '%s', send_at = '%s', created_at = '%s'",
	    campaign, at, at));

	if (set != NULL)
		fixture_exec(f, "UPDATE npsync.queue SET %s WHERE tenant_id = $1"
		    " AND queue_id = %lld", set, row);
	return row;
}

/* An answer; row 0 = the service named none, card NULL = nobody is known. */
static void
answer(struct fixture *f, const char *campaign, int score, const char *at,
    long long row, const char *card)
{
	fixture_exec(f, "INSERT INTO npsync.answer (tenant_id, answer_id,"
	    " campaign_id, score, answered_at, matched, queue_id, connector,"
	    " contact_id, first_seen_at) VALUES ($1::bigint, 'a%lld', '%s', %d,"
	    " '%s', '%s', nullif(%lld, 0), %s, %s, '2026-12-01Z')", ++f->events,
	    campaign, score, at, row != 0 ? "ref" : card != NULL ? "card" : "none",
	    row, card != NULL ? "'crm'" : "NULL",
	    card != NULL ? arena_printf(f->run, "'%s'", card) : "NULL");
}

static void
figures(struct arena *a, const char **text, const char *name,
    const struct report_figures *x)
{
	const struct nps_counts *n = &x->now, *b = &x->before;

	*text = arena_printf(a, "%s%s %lld/%lld/%lld was %lld/%lld/%lld sum %lld"
	    " of %lld %lld %lld", *text, name != NULL ? name : "?",
	    (long long)n->promoters, (long long)n->passives,
	    (long long)n->detractors, (long long)b->promoters,
	    (long long)b->passives, (long long)b->detractors, (long long)x->sum,
	    (long long)x->pushed, (long long)x->sent, (long long)x->answered);
}

/* "moments transactional: P/N/D was P/N/D sum S of PUSHED SENT ANSWERED; group
 * ... | next block". */
static const char *
report(struct fixture *f, const struct report_query *q)
{
	struct err err = { .kind = ERR_NONE };
	const char *text = "";
	struct report r;

	if (!report_read(f->db, f->tenant.id, &f->conf, q, f->run, &r, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < r.n_blocks; i++) {
		const struct report_block *b = &r.blocks[i];
		text = arena_printf(f->run, "%s%s%s%s: ", text,
		    i > 0 ? " | " : "", b->name, b->kind);
		figures(f->run, &text, "all", &b->all);
		for (size_t k = 0; k < b->n_groups; k++) {
			text = arena_printf(f->run, "%s; ", text);
			figures(f->run, &text, b->groups[k].name,
			    &b->groups[k].f);
		}
	}
	return text;
}

static const char *
by(struct fixture *f, enum report_by what)
{
	return report(f, &(struct report_query){ october, what, NULL, NULL });
}

/* ---- programmes ------------------------------------------------------------------ */
static void
test_never_mixed(void **state)
{
	struct fixture *f = *state;

	begin(f);
	/* A campaign that is called as the programme is. */
	fixture_exec(f, "UPDATE npsync.campaign SET name = 'moments'"
	    " WHERE tenant_id = $1 AND campaign_id = '1'");
	answer(f, "3", 10, OCTOBER, 0, NULL);
	answer(f, "4", 9, OCTOBER, 0, NULL);
	answer(f, "4", 7, OCTOBER, 0, NULL);
	answer(f, "1", 0, OCTOBER, 0, NULL);
	answer(f, "5", 8, SEPTEMBER, 0, NULL);
	assert_string_equal(by(f, REPORT_PROGRAMME),
	    "momentstransactional: all 2/1/0 was 0/0/0 sum 26 of 0 0 0"
	    " | C5: all 0/0/0 was 0/1/0 sum 0 of 0 0 0"
	    " | moments: all 0/0/1 was 0/0/0 sum 0 of 0 0 0");
	assert_string_equal(by(f, REPORT_CAMPAIGN),
	    "momentstransactional: all 2/1/0 was 0/0/0 sum 26 of 0 0 0"
	    "; C4 1/1/0 was 0/0/0 sum 16 of 0 0 0"
	    "; C3 1/0/0 was 0/0/0 sum 10 of 0 0 0"
	    " | C5: all 0/0/0 was 0/1/0 sum 0 of 0 0 0"
	    "; C5 0/0/0 was 0/1/0 sum 0 of 0 0 0"
	    " | moments: all 0/0/1 was 0/0/0 sum 0 of 0 0 0"
	    "; moments 0/0/1 was 0/0/0 sum 0 of 0 0 0");
	assert_string_equal(report(f, &(struct report_query){ october,
	    REPORT_PROGRAMME, NULL, "moments" }),
	    "momentstransactional: all 2/1/0 was 0/0/0 sum 26 of 0 0 0");
	assert_string_equal(report(f, &(struct report_query){ october,
	    REPORT_PROGRAMME, "4", NULL }),
	    "momentstransactional: all 1/1/0 was 0/0/0 sum 16 of 0 0 0");
}

/* ---- periods ----------------------------------------------------------------------- */
static void
test_local_days(void **state)
{
	struct fixture *f = *state;

	begin(f);
	answer(f, "1", 0, "2026-08-31 21:59:59Z", 0, NULL);	/* August */
	answer(f, "1", 7, "2026-08-31 22:00:00Z", 0, NULL);	/* September */
	answer(f, "1", 8, "2026-09-30 21:59:59Z", 0, NULL);
	answer(f, "1", 9, "2026-09-30 22:00:00Z", 0, NULL);	/* October */
	answer(f, "1", 10, "2026-10-31 22:59:59Z", 0, NULL);
	answer(f, "1", 1, "2026-10-31 23:00:00Z", 0, NULL);	/* November */
	(void)sent(f, "a", "1", "2026-09-30 21:59:59Z", NULL);
	(void)sent(f, "b", "1", "2026-09-30 22:00:00Z", NULL);
	(void)sent(f, "c", "1", "2026-10-31 22:59:59Z", NULL);
	(void)sent(f, "d", "1", "2026-10-31 23:00:00Z", NULL);
	assert_string_equal(by(f, REPORT_PROGRAMME),
	    "C1: all 2/0/0 was 0/2/0 sum 19 of 2 2 0");
}

/* Of a month the one before it, also where the period before ends sooner. */
static void
test_months(void **state)
{
	struct fixture *f = *state;
	const struct report_period two = { 20261001, 20261201, 20260801 },
	    late = { 20261020, 20261101, 20261008 };

	begin(f);
	answer(f, "1", 0, "2026-08-10 08:00Z", 0, NULL);
	answer(f, "1", 8, "2026-09-02 08:00Z", 0, NULL);
	answer(f, "1", 9, "2026-10-30 08:00Z", 0, NULL);
	answer(f, "1", 10, "2026-11-02 08:00Z", 0, NULL);
	answer(f, "1", 10, "2026-11-03 08:00Z", 0, NULL);
	(void)sent(f, "a", "1", "2026-11-02 08:00Z", NULL);
	assert_string_equal(report(f, &(struct report_query){ two, REPORT_MONTH,
	    NULL, NULL }),
	    "C1: all 3/0/0 was 0/1/1 sum 29 of 1 1 0"
	    "; 2026-10 1/0/0 was 0/1/0 sum 9 of 0 0 0"
	    "; 2026-11 2/0/0 was 1/0/0 sum 20 of 1 1 0");
	/* Nothing in the twelve days before, a passive in September. */
	assert_string_equal(report(f, &(struct report_query){ late, REPORT_MONTH,
	    NULL, NULL }),
	    "C1: all 1/0/0 was 0/0/0 sum 9 of 0 0 0"
	    "; 2026-10 1/0/0 was 0/1/0 sum 9 of 0 0 0");
	/* What answered in September alone stands in nobody's block. */
	answer(f, "2", 0, "2026-09-02 08:00Z", 0, NULL);
	assert_string_equal(report(f, &(struct report_query){ late, REPORT_MONTH,
	    NULL, NULL }),
	    "C1: all 1/0/0 was 0/0/0 sum 9 of 0 0 0"
	    "; 2026-10 1/0/0 was 0/1/0 sum 9 of 0 0 0");
	assert_string_equal(report(f, &(struct report_query){ late, REPORT_MONTH,
	    "2", NULL }), "");
}

/* ---- B1, B2 ------------------------------------------------------------------------- */
static void
test_basis(void **state)
{
	struct fixture *f = *state;

	begin(f);
	answer(f, "1", 6, "2026-10-10 08:00Z", 0, "a");
	answer(f, "1", 10, "2026-10-11 08:00Z", 0, "a");
	answer(f, "1", 9, "2026-10-10 08:00Z", 0, "b");
	answer(f, "1", 3, "2026-10-10 08:00Z", 0, "c");
	assert_string_equal(by(f, REPORT_PROGRAMME),
	    "C1: all 2/0/2 was 0/0/0 sum 28 of 0 0 0");
	f->conf.report.basis = REPORT_BASIS_LATEST;
	assert_string_equal(by(f, REPORT_PROGRAMME),
	    "C1: all 2/0/1 was 0/0/0 sum 22 of 0 0 0");
	/* Each period and each campaign has its own latest, each unknown
	 * person is one. */
	answer(f, "1", 0, "2026-09-10 08:00Z", 0, "a");
	answer(f, "1", 7, "2026-09-11 08:00Z", 0, "a");
	answer(f, "2", 8, "2026-10-09 08:00Z", 0, "a");
	answer(f, "2", 8, "2026-10-09 08:00Z", 0, NULL);
	answer(f, "2", 8, "2026-10-09 08:00Z", 0, NULL);
	assert_string_equal(by(f, REPORT_PROGRAMME),
	    "C1: all 2/0/1 was 0/1/0 sum 22 of 0 0 0"
	    " | C2: all 0/3/0 was 0/0/0 sum 24 of 0 0 0");
	/* Each month too. */
	assert_string_equal(report(f, &(struct report_query){
	    { 20260901, 20261101, 20260701 }, REPORT_MONTH, "1", NULL }),
	    "C1: all 2/0/1 was 0/0/0 sum 22 of 0 0 0"
	    "; 2026-09 0/1/0 was 0/0/0 sum 7 of 0 0 0"
	    "; 2026-10 2/0/1 was 0/1/0 sum 22 of 0 0 0");
}

/* R6, R7 */
static void
test_rounding_of_postgresql(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(fixture_text(f, "SELECT concat_ws(' ',"
	    " round(12.5::numeric), round(-12.5::numeric), round(12.5::float8),"
	    " round(-12.5::float8), round(-0.5::float8)) WHERE $1::bigint > 0"),
	    "13 -13 12 -12 -0");
}

/* ---- groups -------------------------------------------------------------------------- */
#define FACTS "employee_id = '%s', owner = '%s', department = 'Dep %s'," \
    " company_id = 'co%s', company = 'Company %s', segment = 'Seg %s'"

static void
test_groups(void **state)
{
	static const struct { enum report_by by; const char *a, *b; } cases[] = {
		{ REPORT_TRIGGER, "meet", NULL }, { REPORT_EMPLOYEE, "Ann", "y" },
		{ REPORT_OWNER, "x", "y" }, { REPORT_DEPARTMENT, "Dep x", "Dep y" },
		{ REPORT_COMPANY, "Company x", "Company y" },
		{ REPORT_SEGMENT, "Seg x", "Seg y" } };
	struct fixture *f = *state;

	begin(f);
	/* Who is an account manager somewhere has a name. */
	fixture_card(f, "k", "owner_id = 'x', owner_name = 'Ann'");
	for (int i = 0; i < 3; i++) {
		const char *s = i < 2 ? "x" : "y";
		const long long row = sent(f, i < 2 ? "k" : "l", "1", OCTOBER,
		    arena_printf(f->run, FACTS, s, s, s, s, s, s));
		answer(f, "1", i < 2 ? 9 : 5, "2026-10-16 08:00Z", row, "k");
	}
	/* No survey, no card: not known. */
	answer(f, "1", 7, OCTOBER, 0, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *all = "C1: all 2/1/1 was 0/0/0 sum 30 of 3 3 3";
		assert_string_equal(by(f, cases[i].by), cases[i].b == NULL
		    ? arena_printf(f->run, "%s; %s 2/0/1 was 0/0/0 sum 23 of 3 3 3"
		        "; ? 0/1/0 was 0/0/0 sum 7 of 0 0 0", all, cases[i].a)
		    : arena_printf(f->run, "%s; %s 2/0/0 was 0/0/0 sum 18 of 2 2 2"
		        "; %s 0/0/1 was 0/0/0 sum 5 of 1 1 1"
		        "; ? 0/1/0 was 0/0/0 sum 7 of 0 0 0", all, cases[i].a,
		        cases[i].b));
	}
}

/* The service names the card and no survey: the last one of card and campaign
 * before it; without one the card's own facts. */
static void
test_survey_of_an_answer(void **state)
{
	struct fixture *f = *state;

	begin(f);
	fixture_card(f, "k", "owner_name = 'today'");
	(void)sent(f, "k", "1", "2026-10-01 08:00Z", "owner = 'old'");
	(void)sent(f, "k", "1", "2026-10-10 08:00Z", "owner = 'then'");
	(void)sent(f, "k", "1", "2026-10-20 08:00Z", "owner = 'later'");
	(void)sent(f, "k", "1", "2026-10-11 08:00Z",
	    "owner = 'failed', state = 'failed'");
	(void)sent(f, "k", "2", "2026-10-12 08:00Z", "owner = 'other'");
	(void)sent(f, "m", "1", "2026-10-13 08:00Z", "owner = 'another'");
	answer(f, "1", 9, "2026-10-15 08:00Z", 0, "k");
	answer(f, "3", 9, "2026-10-15 08:00Z", 0, "k");
	assert_string_equal(by(f, REPORT_OWNER),
	    "momentstransactional: all 1/0/0 was 0/0/0 sum 9 of 0 0 0"
	    "; today 1/0/0 was 0/0/0 sum 9 of 0 0 0"
	    " | C1: all 1/0/0 was 0/0/0 sum 9 of 5 4 1"
	    "; then 1/0/0 was 0/0/0 sum 9 of 1 1 1"
	    "; another 0/0/0 was 0/0/0 sum 0 of 1 1 0"
	    "; failed 0/0/0 was 0/0/0 sum 0 of 1 0 0"
	    "; later 0/0/0 was 0/0/0 sum 0 of 1 1 0"
	    "; old 0/0/0 was 0/0/0 sum 0 of 1 1 0"
	    " | C2: all 0/0/0 was 0/0/0 sum 0 of 1 1 0"
	    "; other 0/0/0 was 0/0/0 sum 0 of 1 1 0");
}

/* ---- response rate -------------------------------------------------------------------- */
/* The published case: 1,010 handed over, 10 refused, 209 answered. */
static void
test_response_rate(void **state)
{
	struct fixture *f = *state;

	begin(f);
	fixture_exec(f, "INSERT INTO npsync.queue (tenant_id, connector, trigger,"
	    " event_id, contact_id, occurred_at, created_at, created_night, state,"
	    " campaign, send_at, client_ref) SELECT $1::bigint, 'crm', 'meet', i,"
	    " 'c' || i, '" OCTOBER "', '" OCTOBER "', '2026-10-15',"
	    " CASE WHEN i <= 1000 THEN 'sent' ELSE 'failed' END, '1', '" OCTOBER
	    "', gen_random_uuid() FROM generate_series(1, 1010) i");
	fixture_exec(f, "INSERT INTO npsync.answer (tenant_id, answer_id,"
	    " campaign_id, score, answered_at, matched, queue_id, first_seen_at)"
	    " SELECT $1::bigint, 'r' || q.event_id, '1', 9, '2026-10-20Z', 'ref',"
	    " q.queue_id, '2026-10-20Z' FROM npsync.queue q"
	    " WHERE q.tenant_id = $1 AND q.event_id::int <= 209");
	assert_string_equal(by(f, REPORT_PROGRAMME),
	    "C1: all 209/0/0 was 0/0/0 sum 1881 of 1010 1000 209");
	/* Answered again, without a score, after the period: one survey each. */
	const long long row = fixture_int(f, "SELECT queue_id FROM npsync.queue"
	    " WHERE tenant_id = $1 AND event_id = '1'");
	answer(f, "1", 9, "2026-11-20Z", row, "c1");
	fixture_exec(f, "INSERT INTO npsync.answer (tenant_id, answer_id,"
	    " campaign_id, answered_at, matched, queue_id, first_seen_at)"
	    " SELECT $1::bigint, 'none', '1', '2026-10-20Z', 'ref', queue_id,"
	    " '2026-10-20Z' FROM npsync.queue WHERE tenant_id = $1"
	    " AND event_id = '300'");
	/* Unsubscribed since: it stays in the denominator. */
	fixture_exec(f, "INSERT INTO npsync.opt_out SELECT $1::bigint,"
	    " convert_to('c' || i, 'UTF8'), 'survey', 'all', '2026-10-20Z'"
	    " FROM generate_series(500, 511) i");
	assert_string_equal(by(f, REPORT_PROGRAMME),
	    "C1: all 209/0/0 was 0/0/0 sum 1881 of 1010 1000 209");
	/* Answered after the period: counts for the survey, not as an answer. */
	answer(f, "1", 9, "2026-11-20Z", row + 400, NULL);
	assert_string_equal(by(f, REPORT_PROGRAMME),
	    "C1: all 209/0/0 was 0/0/0 sum 1881 of 1010 1000 210");
}

/* ---- left out -------------------------------------------------------------------------- */
static void
test_left_out(void **state)
{
	struct fixture *f = *state;

	begin(f);
	const long long row = sent(f, "k", "1", OCTOBER, "owner = 'Ann'");
	const long long test = sent(f, "own", "1", OCTOBER, "test = true");
	answer(f, "1", 10, OCTOBER, test, "own");
	answer(f, "1", 10, "2026-10-16Z", 0, "own");
	answer(f, "1", 9, OCTOBER, row, "k");
	(void)sent(f, "w", "1", OCTOBER, "state = 'sending'");
	(void)sent(f, "v", "1", OCTOBER, "state = 'suppressed'");
	/* By hand from unknown, never handed over at a known time. */
	(void)sent(f, "u", "1", OCTOBER, "state = 'unknown', owner = 'Bo'");
	assert_string_equal(by(f, REPORT_OWNER),
	    "C1: all 1/0/0 was 0/0/0 sum 9 of 2 2 1"
	    "; Ann 1/0/0 was 0/0/0 sum 9 of 1 1 1"
	    "; Bo 0/0/0 was 0/0/0 sum 0 of 1 1 0");
	/* The score is the service's to show; whose it was is not. */
	fixture_exec(f, "UPDATE npsync.answer SET matched = 'anonymised'"
	    " WHERE tenant_id = $1 AND score = 9");
	assert_string_equal(by(f, REPORT_OWNER),
	    "C1: all 1/0/0 was 0/0/0 sum 9 of 2 2 1"
	    "; Ann 0/0/0 was 0/0/0 sum 0 of 1 1 1"
	    "; Bo 0/0/0 was 0/0/0 sum 0 of 1 1 0"
	    "; ? 1/0/0 was 0/0/0 sum 9 of 0 0 0");
	assert_string_equal(by(f, REPORT_CAMPAIGN),
	    "C1: all 1/0/0 was 0/0/0 sum 9 of 2 2 1"
	    "; C1 1/0/0 was 0/0/0 sum 9 of 2 2 1");
	assert_string_equal(by(f, REPORT_MONTH),
	    "C1: all 1/0/0 was 0/0/0 sum 9 of 2 2 1"
	    "; 2026-10 1/0/0 was 0/0/0 sum 9 of 2 2 1");
}

/* ---- lists ------------------------------------------------------------------------------- */
static const char *
lines(struct fixture *f, const struct db_result *r, const int *columns,
    size_t n)
{
	const char *text = "";

	for (int i = 0; i < db_rows(r); i++)
		for (size_t k = 0; k < n; k++)
			text = arena_printf(f->run, "%s%s%s", text,
			    k > 0 ? " " : i > 0 ? "; " : "",
			    db_is_null(r, i, columns[k]) ? "-"
			        : db_text(r, i, columns[k]));
	return text;
}

/* The last move of a row, in October. */
static void
moved(struct fixture *f, long long row, const char *detail)
{
	fixture_exec(f, "INSERT INTO npsync.queue_history SELECT $1::bigint,"
	    " queue_id, version, '" OCTOBER "', 'decide', NULL, 'queued', state,"
	    " '%s' FROM npsync.queue WHERE tenant_id = $1 AND queue_id = %lld",
	    detail, row);
}

static long long
ended(struct fixture *f, enum fixture_trigger trigger, const char *card,
    const char *state, const char *reason)
{
	const long long row = fixture_row(f, trigger, card, arena_printf(f->run,
	    "state = '%s', reason = %s, version = 1, decided_night = '2026-10-15',"
	    " person = ARRAY[convert_to('%s', 'UTF8')]", state, reason, card));

	moved(f, row, "the rule: what is known of it");
	return row;
}

static void
test_suppressed(void **state)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct fixture *f = *state;
	struct err err = { .kind = ERR_NONE };

	begin(f);
	(void)ended(f, T_MEET, "a", "suppressed", "'throttled'");
	(void)ended(f, T_MEET, "b", "suppressed", "'throttled'");
	(void)ended(f, T_MEET, "c", "suppressed", "'no_send'");
	(void)ended(f, T_MEET, "d", "excluded", "'by kaj: Anna is ill'");
	(void)ended(f, T_MEET, "e", "failed", "'HTTP 400: a@kunde.dk'");
	(void)ended(f, T_MEET, "f", "sent", "NULL");
	(void)ended(f, T_MEET, "g", "queued", "NULL");
	(void)ended(f, T_SALE, "h", "held", "'flood'");
	(void)ended(f, T_SALE, "i", "expired", "'company_cap'");
	(void)ended(f, T_SALE, "j", "suppressed",
	    "'duplicate_person: the card was merged into one that has this event'");
	const long long test = ended(f, T_SALE, "k", "suppressed", "'gone'");
	fixture_exec(f, "UPDATE npsync.queue SET test = true WHERE tenant_id = $1"
	    " AND queue_id = %lld", test);
	const long long later = ended(f, T_SALE, "l", "suppressed", "'gone'");
	fixture_exec(f, "UPDATE npsync.queue_history SET at = '2026-11-01Z'"
	    " WHERE tenant_id = $1 AND queue_id = %lld", later);
	if (!report_suppressed(f->db, f->tenant.id, &f->conf, &october, f->run,
	        &r, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(lines(f, r, (const int[]){ 0, 1, 2 }, 3),
	    "meet throttled 2; meet excluded 1; meet no_send 1; meet refused 1; "
	    "meet - 1; sale company_cap 1; sale flood 1; sale merged 1");
	assert_string_equal(report_reason_words("merged"),
	    "its card was merged into one with the same event");
	assert_string_equal(report_reason_words("throttled"),
	    "was asked a short while ago");
}

static void
test_blocked(void **state)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct fixture *f = *state;
	struct err err = { .kind = ERR_NONE };

	begin(f);
	fixture_card(f, "a", NULL);
	/* Two of one person in the night: the sale has the better rank. */
	const long long lost = ended(f, T_MEET, "a", "suppressed",
	    "'duplicate_person'");
	const long long won = fixture_row(f, T_SALE, "a", "state = 'sent',"
	    " due_night = '2026-10-15', due_rank = 1, campaign = '1',"
	    " person = ARRAY[convert_to('a', 'UTF8')]");
	(void)fixture_row(f, T_CASE, "a", "state = 'failed', due_night ="
	    " '2026-10-15', due_rank = 7, person = ARRAY[convert_to('a', 'UTF8')]");
	(void)fixture_row(f, T_CASE, "other", "state = 'sent', due_night ="
	    " '2026-10-15', due_rank = 0, person = ARRAY[convert_to('z', 'UTF8')]");
	/* Asked on the 1st, and by others on the 3rd. */
	const long long late = ended(f, T_CASE, "b", "suppressed", "'throttled'");
	const long long first = fixture_row(f, T_MEET, "b", "state = 'sent',"
	    " person = ARRAY[convert_to('b', 'UTF8')], campaign = '4'");
	fixture_exec(f, "INSERT INTO npsync.person_send SELECT $1::bigint,"
	    " convert_to('b', 'UTF8'), '2026-10-01', client_ref::text, 'own', '4'"
	    " FROM npsync.queue WHERE tenant_id = $1 AND queue_id = %lld", first);
	const long long third = ended(f, T_CASE, "c", "deferred", "'throttled'");
	fixture_exec(f, "INSERT INTO npsync.person_send VALUES ($1::bigint,"
	    " convert_to('c', 'UTF8'), '2026-10-03', 'x', 'foreign', '9')");
	/* Its winner is not known any more. */
	const long long alone = ended(f, T_CASE, "d", "suppressed",
	    "'duplicate_person'");
	if (!report_blocked(f->db, f->tenant.id, &f->conf, &october, f->run, &r,
	        &err))
		fail_msg("%s", err.msg);
	assert_string_equal(lines(f, r, (const int[]){ 0, 1, 2, 4, 6, 7, 8, 9, 10 },
	    9), arena_printf(f->run,
	    "%lld meet a duplicate_person %lld sale 2026-10-15 C1 sent; "
	    "%lld case b throttled %lld meet 2026-10-01 C4 sent; "
	    "%lld case c throttled - another's 2026-10-03 9 foreign; "
	    "%lld case d duplicate_person - - - - -", lost, won, late, first,
	    third, alone));
	assert_string_equal(db_text(r, 0, 3), "Kunde A/S");
	assert_string_equal(db_text(r, 0, 5), "2026-10-15");
	assert_string_equal(db_text(r, 1, 11), "what is known of it");
}

static void
test_asked(void **state)
{
	AUTO(db_result) struct db_result *r = NULL, *m = NULL;
	struct fixture *f = *state;
	struct report_query q = { october, REPORT_CAMPAIGN, NULL, NULL };
	struct err err = { .kind = ERR_NONE };

	begin(f);
	for (const char *const *c = (const char *const[]){ "a", "b", "c", "d", "e",
	        NULL }; *c != NULL; c++)
		fixture_card(f, *c, NULL);
	const long long row = sent(f, "a", "4", "2026-10-01 08:00Z",
	    "owner = 'Ann'");
	answer(f, "4", 3, "2026-10-02 08:00Z", row, "a");
	answer(f, "4", 9, "2026-11-02 23:30Z", row, "a");
	(void)sent(f, "b", "1", "2026-10-02 08:00Z", NULL);
	answer(f, "1", 8, "2026-10-03 08:00Z", 0, "b");
	(void)sent(f, "c", "1", "2026-10-03 08:00Z",
	    "person = ARRAY[convert_to('c before', 'UTF8')]");
	/* Declined by the address of today. */
	fixture_exec(f, "INSERT INTO npsync.opt_out VALUES ($1::bigint,"
	    " convert_to('c', 'UTF8'), 'survey', 'all', '2026-10-04Z')");
	(void)sent(f, "d", "1", "2026-10-04 08:00Z", "state = 'unknown'");
	fixture_exec(f, "UPDATE npsync.contact SET anonymised = true"
	    " WHERE tenant_id = $1 AND contact_id = 'd'");
	(void)sent(f, "e", "1", "2026-10-05 08:00Z", "test = true");
	(void)sent(f, "e", "1", "2026-10-05 08:00Z", "state = 'failed'");
	(void)sent(f, "e", "1", "2026-11-05 08:00Z", NULL);
	if (!report_asked(f->db, f->tenant.id, &f->conf, &q, f->run, &r, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(lines(f, r, (const int[]){ 0, 1, 2, 4, 6, 7, 8, 11 },
	    8),
	    "2026-10-01 a a@kunde.dk Ann C4 2026-11-03 9 -; "
	    "2026-10-02 b b@kunde.dk - C1 2026-10-03 8 -; "
	    "2026-10-03 c - - C1 - - opted_out; "
	    "2026-10-04 - - - C1 - - anonymised");
	q.programme = "moments";
	if (!report_asked(f->db, f->tenant.id, &f->conf, &q, f->run, &m, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(lines(f, m, (const int[]){ 1 }, 1), "a");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_mixed),
		cmocka_unit_test(test_local_days),
		cmocka_unit_test(test_months),
		cmocka_unit_test(test_basis),
		cmocka_unit_test(test_rounding_of_postgresql),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_survey_of_an_answer),
		cmocka_unit_test(test_response_rate),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_suppressed),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_asked),
	};

	return cmocka_run_group_tests_name("report", tests, fixture_start,
	    fixture_stop);
}
