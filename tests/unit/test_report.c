/*
 * The words and the page of a report: which days are meant, what few answers
 * hide, when an arrow stands, and that what others wrote stays text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "report.h"

#define TODAY 20261126

static struct arena *arena;
static struct conf conf;

static int
start(void **state)
{
	(void)state;
	arena = arena_new((size_t)1 << 22);
	conf = (struct conf){ .tenant = "demo", .timezone = "Europe/Copenhagen" };
	conf.retention.queue_days = 400;
	conf.report.confidence = 95;
	conf.report.hide_below = 5;
	conf.report.plain_from = 30;
	conf.report.sign = true;
	conf.report.low_response_percent = 2;
	conf.report.low_response_min = 200;
	return arena == NULL;
}

static int
stop(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* ---- days -------------------------------------------------------------------- */
static const char *
days(struct report_when when)
{
	struct report_period p;
	struct err err = { .kind = ERR_NONE };

	if (report_period(&when, TODAY, &p, &err))
		return arena_printf(arena, "%d %d %d", p.before, p.from, p.until);
	assert_int_equal(err.kind, ERR_USAGE);
	return arena_strdup(arena, err.msg);
}

static void
test_periods(void **state)
{
	static const struct { struct report_when when; const char *days; }
	    cases[] = {
		{ { NULL, NULL, NULL, NULL, NULL },
		    "20260531 20260829 20261127" },
		{ { .last = "1" }, "20261125 20261126 20261127" },
		{ { .last = "30" }, "20260928 20261028 20261127" },
		{ { .month = "2026-11" }, "20261001 20261101 20261201" },
		{ { .month = "2026-01" }, "20251201 20260101 20260201" },
		{ { .month = "2028-03" }, "20280201 20280301 20280401" },
		{ { .quarter = "2026-Q1" }, "20251001 20260101 20260401" },
		{ { .quarter = "2026-q4" }, "20260701 20261001 20270101" },
		{ { "2026-09-01", "2026-09-10", NULL, NULL, NULL },
		    "20260822 20260901 20260911" },
		{ { "2026-11-26", NULL, NULL, NULL, NULL },
		    "20261125 20261126 20261127" },
		{ { NULL, "2026-03-31", NULL, NULL, NULL },
		    "20251003 20260101 20260401" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(days(cases[i].when), cases[i].days);
}

static void
test_no_periods(void **state)
{
	static const struct { struct report_when when; const char *part; }
	    cases[] = {
		{ { .last = "0" }, "--last: expected 1 to 3660 days" },
		{ { .last = "x" }, "--last: expected" },
		{ { .month = "2026-13" }, "--month: expected one like" },
		{ { .month = "2026-1" }, "--month: expected one like" },
		{ { .month = "11-2026" }, "--month: expected one like" },
		{ { .quarter = "2026-Q5" }, "--quarter: expected one like" },
		{ { .quarter = "2026-04" }, "--quarter: expected one like" },
		{ { .from = "yesterday" }, "--from: expected a day like" },
		{ { .to = "2026-02-30" }, "--to: expected a day like" },
		{ { "2026-09-02", "2026-09-01", NULL, NULL, NULL },
		    "--from: expected a day that is not after --to" },
		{ { "1990-09-02", "2026-09-01", NULL, NULL, NULL },
		    "at most 3660 days" },
		{ { .month = "2026-11", .last = "3" }, "expected one of" },
		{ { .month = "2026-11", .from = "2026-11-01" },
		    "expected one of" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (strstr(days(cases[i].when), cases[i].part) == NULL)
			fail_msg("%zu: %s", i, days(cases[i].when));
}

static void
test_year(void **state)
{
	struct report_period p = { 20261001, 20270101, 20260701 };

	(void)state;
	p = report_year(&p);
	assert_int_equal(p.from, 20260101);
	assert_int_equal(p.until, 20270101);
	p = (struct report_period){ 20260829, 20261127, 20260531 };
	p = report_year(&p);
	assert_int_equal(p.from, 20251201);
	assert_int_equal(p.until, 20261127);
}

/* ---- what is shown ---------------------------------------------------------------- */
static struct nps_counts
counts(int64_t promoters, int64_t passives, int64_t detractors)
{
	return (struct nps_counts){ promoters, passives, detractors };
}

static const char *
shown(int64_t promoters, int64_t passives, int64_t detractors)
{
	const struct nps_counts c = counts(promoters, passives, detractors);
	const char *nps = report_nps(arena, &conf, &c),
	    *interval = report_interval(arena, &conf, &c);

	return arena_printf(arena, "%s|%s|%s", nps != NULL ? nps : "-",
	    interval != NULL ? interval : "-", report_note(arena, &conf, &c));
}

static void
test_few_answers(void **state)
{
	(void)state;
	assert_string_equal(shown(0, 0, 0), "-|-|no answers");
	assert_string_equal(shown(1, 0, 0), "-|-|fewer than 5 answers");
	assert_string_equal(shown(2, 1, 1), "-|-|fewer than 5 answers");
	assert_string_equal(shown(5, 0, 0), "+100|+17 to +100|few answers");
	assert_string_equal(shown(10, 10, 9), "+3|-25 to +31|few answers");
	assert_string_equal(shown(10, 10, 10), "0|-28 to +28|");
	assert_string_equal(shown(47, 31, 22), "+25|+9 to +40|");
	assert_string_equal(shown(62, 60, 78), "-8|-19 to +4|");
	conf.report.sign = false;
	conf.report.confidence = 90;
	assert_string_equal(shown(47, 31, 22), "25|11 to 37|");
	conf.report.interval = NPS_WALD;
	conf.report.confidence = 95;
	assert_string_equal(shown(47, 31, 22), "25|9 to 41|");
	conf.report.interval = NPS_WILSON;
	assert_string_equal(shown(19, 9, 8), "31|2 to 53|");
	conf.report.hide_below = 1;
	assert_string_equal(shown(1, 0, 0), "100|-59 to 100|few answers");
}

static const char *
change(struct nps_counts before, struct nps_counts now)
{
	const struct report_figures f = { .now = now, .before = before };
	const char *text = report_change_text(arena, &conf, &f);

	return text != NULL ? text : "-";
}

/* S1: no arrow unless |z| >= 1.96; nothing beside a hidden figure. */
static void
test_changes(void **state)
{
	(void)state;
	assert_string_equal(change(counts(47, 31, 22), counts(55, 30, 15)),
	    "+15, p 0.17");
	assert_string_equal(change(counts(55, 30, 15), counts(47, 31, 22)),
	    "-15, p 0.17");
	assert_string_equal(change(counts(470, 310, 220), counts(550, 300, 150)),
	    "\xe2\x96\xb2 +15, p < 0.001");
	assert_string_equal(change(counts(550, 300, 150), counts(470, 310, 220)),
	    "\xe2\x96\xbc -15, p < 0.001");
	assert_string_equal(change(counts(2, 1, 1), counts(55, 30, 15)), "-");
	assert_string_equal(change(counts(55, 30, 15), counts(2, 1, 1)), "-");
	assert_string_equal(change(counts(0, 0, 0), counts(55, 30, 15)), "-");
	/* Of the numbers that are shown: +29 and +33. */
	assert_string_equal(change(counts(48, 34, 19), counts(51, 31, 18)),
	    "+4, p 0.70");
}

static void
test_rates(void **state)
{
	struct report_figures f = { .pushed = 1010, .sent = 1000,
		.answered = 209, .bounced = 50, .sum = 16,
		.now = { 1, 0, 1 } };

	(void)state;
	assert_int_equal(report_delivered(&f), 950);
	assert_string_equal(report_rate(arena, f.answered, f.pushed), "20.7 %");
	assert_string_equal(report_rate(arena, f.answered, f.sent), "20.9 %");
	assert_string_equal(report_rate(arena, f.answered,
	    report_delivered(&f)), "22.0 %");
	f.bounced = -1;
	assert_int_equal(report_delivered(&f), -1);
	assert_null(report_rate(arena, f.answered, report_delivered(&f)));
	assert_null(report_rate(arena, 0, 0));
	assert_null(report_mean(arena, &conf, &f));
	conf.report.hide_below = 2;
	assert_string_equal(report_mean(arena, &conf, &f), "8.0");
}

/* ---- notes -------------------------------------------------------------------------- */
static bool
noted(const struct report_block *b, int from, const char *part)
{
	const struct report r = { .conf = &conf, .blocks = b, .n_blocks = 1,
		.query = { .period = { from, 20261127, 20250101 } } };
	const char *const *notes = report_notes(&r, TODAY, arena);

	for (size_t i = 0; notes[i] != NULL; i++)
		if (strstr(notes[i], part) != NULL)
			return true;
	return false;
}

static void
test_notes(void **state)
{
	struct report_block b = { .name = "relation", .kind = "",
		.all = { .sent = 200, .answered = 3, .bounced = -1 } };

	(void)state;
	assert_true(noted(&b, 20261101, "relation: only 1.5 % of 200 surveys"));
	assert_true(noted(&b, 20261101, "delivered is not known"));
	assert_false(noted(&b, 20251022, "retention.queue_days"));
	assert_true(noted(&b, 20251021, "retention.queue_days"));
	b.all.answered = 4;
	assert_false(noted(&b, 20261101, "low_response"));
	b.all.answered = 0;
	b.all.sent = 199;
	assert_false(noted(&b, 20261101, "low_response"));
	/* Enough were sent, but not delivered. */
	b.all.sent = 240;
	b.all.bounced = 41;
	assert_false(noted(&b, 20261101, "low_response"));
	assert_false(noted(&b, 20261101, "delivered is not known"));
	b.all.bounced = 40;
	assert_true(noted(&b, 20261101, "0.0 % of 200 surveys"));
	conf.report.low_response_percent = 0;
	assert_false(noted(&b, 20261101, "low_response"));
}

/* ---- the page ------------------------------------------------------------------------- */
#define HOSTILE "<script>alert(\"x\")</script> & 'Møde' \xe2\x80\xae"

static char *
page_of(const struct report *r, const struct report *months)
{
	const struct report_page page = { r, months, NULL, TODAY, 1795680000 };
	AUTO(arena) struct arena *scratch = arena_new((size_t)1 << 22);
	struct err err = { .kind = ERR_NONE };
	char *text = NULL;
	size_t len = 0;

	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	assert_true(report_html(out, &page, scratch, &err));
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Every element that opens closes where it must; ids are met once. */
static void
well_formed(const char *html)
{
	char open[64][24];
	size_t depth = 0;

	for (const char *p = strchr(html, '<'); p != NULL; p = strchr(p + 1, '<')) {
		const bool closes = p[1] == '/';
		const char *name = p + (closes ? 2 : 1);
		const size_t len = strcspn(name, " >/\n");
		const char *end = strchr(p, '>');
		assert_non_null(end);
		if (*name == '!' || strncmp(name, "meta", len) == 0 || end[-1] == '/')
			continue;
		assert_in_range(len, 1, sizeof(open[0]) - 1);
		if (!closes) {
			assert_in_range(depth, 0, 63);
			(void)snprintf(open[depth++], sizeof(open[0]), "%.*s",
			    (int)len, name);
			continue;
		}
		assert_true(depth > 0);
		depth--;
		if (strlen(open[depth]) != len ||
		    strncmp(open[depth], name, len) != 0)
			fail_msg("<%s> is closed by </%.*s>", open[depth],
			    (int)len, name);
	}
	assert_int_equal(depth, 0);
}

static size_t
times(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *p = strstr(text, part); p != NULL;
	    p = strstr(p + 1, part))
		n++;
	return n;
}

static void
test_page(void **state)
{
	static const struct report_group groups[] = {
		{ HOSTILE, { .now = { 47, 31, 22 }, .before = { 40, 30, 30 },
		    .sum = 810, .pushed = 400, .sent = 390, .answered = 99,
		    .bounced = -1 } },
		{ NULL, { .now = { 1, 1, 1 }, .sum = 23, .bounced = -1 } },
		{ "few", { .now = { 3, 1, 2 }, .sum = 46, .bounced = -1 } } };
	static const struct report_group months[] = {
		{ "2026-01", { .now = { 20, 9, 8 }, .bounced = -1 } },
		{ "2026-04", { .now = { 1, 0, 0 }, .bounced = -1 } },
		{ "2026-11", { .now = { 0, 0, 9 }, .bounced = -1 } } };
	const struct report_block block = { HOSTILE, "transactional",
		groups[0].f, groups, 3, "p:x" };
	const struct report_block by_month = { HOSTILE, "transactional",
		groups[0].f, months, 3, "p:x" };
	struct report r = { &conf, { .period = { 20261101, 20261201, 20261001 },
		.by = REPORT_OWNER }, &block, 1 };
	struct report m = { &conf, { .period = { 20260101, 20270101, 20250101 },
		.by = REPORT_MONTH }, &by_month, 1 };

	(void)state;
	char *html = page_of(&r, &m);
	well_formed(html);
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "http"));
	assert_null(strstr(html, "url("));
	assert_null(strstr(html, "\xe2\x80\xae"));
	assert_int_equal(times(html, "&lt;script&gt;alert(&quot;x&quot;)"), 2);
	assert_non_null(strstr(html, "<span class=\"big\">+25</span>"));
	assert_non_null(strstr(html, "95 % interval: +9 to +40"));
	assert_non_null(strstr(html, "+15 against +10 in the period before: may "
	    "be chance (p 0."));
	assert_non_null(strstr(html, "24.8 % of handed over, 25.4 % of sent"));
	assert_non_null(strstr(html, "fewer than 5 answers"));
	assert_non_null(strstr(html, "6, few"));
	assert_non_null(strstr(html, "2026-01: +32; 2026-02: no answers"));
	assert_non_null(strstr(html, "2026-04: fewer than 5 answers"));
	assert_non_null(strstr(html, "@page"));
	/* A picture says what it shows, or the words beside it do. */
	assert_int_equal(times(html, "<svg "), times(html, "role=\"img\"") +
	    times(html, "aria-hidden=\"true\""));
	assert_int_equal(times(html, "<desc "), times(html, "role=\"img\""));
	assert_int_equal(times(html, "id=\"t1\""), 1);
	free(html);
	r.n_blocks = m.n_blocks = 0;
	html = page_of(&r, &m);
	well_formed(html);
	assert_non_null(strstr(html, "No surveys and no answers"));
	free(html);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_periods, start, stop),
		cmocka_unit_test_setup_teardown(test_no_periods, start, stop),
		cmocka_unit_test_setup_teardown(test_year, start, stop),
		cmocka_unit_test_setup_teardown(test_few_answers, start, stop),
		cmocka_unit_test_setup_teardown(test_changes, start, stop),
		cmocka_unit_test_setup_teardown(test_rates, start, stop),
		cmocka_unit_test_setup_teardown(test_notes, start, stop),
		cmocka_unit_test_setup_teardown(test_page, start, stop),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
