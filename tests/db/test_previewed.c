/*
 * What the preview mail says of the night before: where it came otherwise, told
 * once; one line when there is nothing; and a mail that a dead run left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "effect.h"
#include "fixture.h"
#include "night_preview.h"
#include "stage_preview.h"

#define SAT 0x20u

/* ---- told once ------------------------------------------------------------- */
static void
look(struct fixture *f, int today, int hour, struct preview *p)
{
	struct err err = { 0 };

	clock_set(fixture_time(today, hour, 0));
	f->stage.today = today;
	if (!night_preview(f->db, &f->conf, &f->tenant, f->run, p, &err))
		fail_msg("%s", err.msg);
}

/* A mail said that the row would go in the night; it did not. */
static void
say_go(struct fixture *f, int night)
{
	char day[16];

	fixture_tenant(f);
	const long long row = fixture_row(f, T_MEET, "anna",
	    "state = 'suppressed', reason = 'no_send'");
	fixture_exec(f, "INSERT INTO npsync.previewed VALUES ($1::bigint, '%s',"
	    " %lld, 'go')", day_iso(day, night), row);
	fixture_exec(f, "UPDATE npsync.run SET night = '%s', result = 'ok' WHERE"
	    " tenant_id = $1", day);
}

/* May 2026: the 6th is a Wednesday, Ascension Day the 14th. */
static void
test_told_once(void **state)
{
	static const struct {
		int night, today;
		unsigned weekdays;
		bool told_now;
	} cases[] = {
		{ 20260506, 20260506, 0, true },
		{ 20260506, 20260507, 0, false },
		/* What the Friday mail said of Monday's is Monday's news. */
		{ 20260504, 20260504, 0, true },
		{ 20260504, 20260505, 0, false },
		/* No mail leaves on a Saturday, unless surveys do. */
		{ 20260509, 20260511, 0, true },
		{ 20260509, 20260512, 0, false },
		{ 20260509, 20260511, SAT, false },
		{ 20260509, 20260509, SAT, true },
		/* Nor on a holiday. */
		{ 20260514, 20260515, 0, true },
		{ 20260514, 20260518, 0, false },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct preview p;
		say_go(f, cases[i].night);
		f->conf.calendar.weekdays |= cases[i].weekdays;
		look(f, cases[i].today, 14, &p);
		if ((p.n_differences == 1) != cases[i].told_now ||
		    (p.said_night == NO_DAY) == cases[i].told_now)
			fail_msg("case %zu: %zu differences", i,
			    p.n_differences);
	}
}

/* The night that was foretold is still to come: nothing came otherwise. */
static void
test_not_before_the_night(void **state)
{
	struct fixture *f = *state;
	struct preview p;

	say_go(f, 20260507);
	fixture_exec(f, "UPDATE npsync.run SET night = '2026-05-06' WHERE"
	    " tenant_id = $1");
	look(f, 20260506, 18, &p);
	assert_int_equal(p.n_differences, 0);
	fixture_exec(f, "UPDATE npsync.run SET night = '2026-05-07' WHERE"
	    " tenant_id = $1");
	look(f, 20260507, 14, &p);
	assert_int_equal(p.n_differences, 1);
	assert_string_equal(preview_difference_words(f->run, &p.differences[0]),
	    "was to go, but is suppressed: the contact carries the "
	    "no-send tag");
}

/* ---- one line -------------------------------------------------------------- */
static const char *
text_of(struct fixture *f, const struct preview *p)
{
	char *text = arena_alloc(f->run, 4096);
	struct err err = { 0 };
	FILE *out = tmpfile();

	assert_non_null(out);
	assert_non_null(text);
	if (!preview_text(out, p, f->scratch, &err))
		fail_msg("%s", err.msg);
	rewind(out);
	text[fread(text, 1, 4095, out)] = '\0';
	(void)fclose(out);
	return text;
}

/* A night has been run, and its differences are told: that is nothing new. */
static void
test_one_line_when_there_is_nothing(void **state)
{
	static const char nothing[] = "Nothing waits for Fri 2026-05-08.\n";
	static const char *const more[] = {
		"UPDATE npsync.queue SET state = 'queued', created_night ="
		    " '2026-05-07' WHERE tenant_id = $1",
		"UPDATE npsync.queue SET state = 'held', reason = 'flood' WHERE"
		    " tenant_id = $1",
		"INSERT INTO npsync.alarm VALUES ($1::bigint, 'erasure', '',"
		    " 'raised', now(), 'steps are open at others', NULL)",
		"INSERT INTO npsync.alarm VALUES ($1::bigint, 'erasure', '',"
		    " 'ok', now(), NULL, NULL)",
		"INSERT INTO npsync.effect VALUES ($1::bigint, 'mail', 'a@b.dk',"
		    " 'preview 2026-05-06', 'unknown', NULL, '2026-05-06Z')" };
	struct fixture *f = *state;
	struct preview p;

	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		say_go(f, 20260506);
		look(f, 20260507, 14, &p);
		assert_string_equal(text_of(f, &p), nothing);
		assert_string_equal(preview_subject(f->run, &p),
		    "npsync fixture: nothing waits for Fri 2026-05-08");
		fixture_exec(f, "%s", more[i]);
		look(f, 20260507, 14, &p);
		if (strcmp(text_of(f, &p), nothing) == 0)
			fail_msg("case %zu is not told", i);
	}
	/* An alarm that is over and told is none. */
	say_go(f, 20260506);
	fixture_exec(f, "INSERT INTO npsync.alarm VALUES ($1::bigint, 'erasure',"
	    " '', 'ok', now(), NULL, now())");
	look(f, 20260507, 14, &p);
	assert_string_equal(text_of(f, &p), nothing);
}

/* ---- a mail that a dead run left --------------------------------------------- */
static void
test_interrupted_mail_is_settled(void **state)
{
	static const char *const to[] = { "a@b.dk" };
	static const struct {
		size_t n_to;
		const char *smtp_url;
		int today;
		bool due;
	} cases[] = {
		{ 1, "smtp://localhost", 20260507, true },
		/* Nobody gets mails now, there is no server, it is Sunday. */
		{ 0, "smtp://localhost", 20260507, false },
		{ 1, "", 20260507, false },
		{ 1, "smtp://localhost", 20260510, false } };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 }, problem = { 0 };
		bool due = !cases[i].due;
		fixture_tenant(f);
		f->conf.preview.to = (struct strlist){ to, cases[i].n_to };
		f->conf.mail.smtp_url = cases[i].smtp_url;
		fixture_night(f, cases[i].today);
		fixture_exec(f, "INSERT INTO npsync.effect VALUES ($1::bigint,"
		    " 'mail', 'a@b.dk', 'preview 2026-05-06', 'doing', NULL,"
		    " '2026-05-06Z')");
		if (!stage_preview_due(&f->stage, &due, &problem, &err))
			fail_msg("%s", err.msg);
		if (due != cases[i].due || problem.kind != ERR_RETRY)
			fail_msg("case %zu: due %d, %s", i, due, problem.msg);
		assert_string_equal(fixture_text(f, "SELECT state || ': ' ||"
		    " reason FROM npsync.effect WHERE tenant_id = $1"),
		    "unknown: the run died");
		/* Said once. */
		problem.kind = ERR_NONE;
		assert_true(stage_preview_due(&f->stage, &due, &problem, &err));
		assert_int_equal(problem.kind, ERR_NONE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told_once),
		cmocka_unit_test(test_not_before_the_night),
		cmocka_unit_test(test_one_line_when_there_is_nothing),
		cmocka_unit_test(test_interrupted_mail_is_settled),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
