/* preview*.c: what the mail about the coming night says, from plain data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "preview.h"
#include "scratch.h"

#define ZONE "Europe/Copenhagen"
#define NIGHT 20261202
#define SEND_AT ((time_t)1796198400)	/* 2026-12-02T08:00:00Z */
#define MANY 1000

typedef bool part_fn(FILE *out, const struct preview *p, struct arena *scratch,
    struct err *err);

static char *text;	/* of the part written last */

static const char *
written(part_fn *fn, const struct preview *p)
{
	struct err err = { .kind = ERR_NONE };
	size_t len;

	free(text);
	text = NULL;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	if (!fn(out, p, arena, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(fclose(out), 0);
	return text;
}

static int
done(void **state)
{
	free(text);
	text = NULL;
	return teardown(state);
}

static struct preview
nothing(void)
{
	return (struct preview){ .tenant = "demo", .zone = ZONE, .night = NIGHT,
		.send_at = SEND_AT, .last_night = NO_DAY, .said_night = NO_DAY };
}

static struct preview_row
row(const char *id, const char *state, const char *verdict, const char *fact)
{
	return (struct preview_row){ .id = id, .state = state,
		.trigger = "meet", .contact = "Anna", .card = "P-1", .crm = "crm",
		.name = "Anna", .mail = "a@nord.example",
		.company = "Nord", .employee = "Bo", .campaign = "Visit",
		.verdict = verdict, .fact = fact, .created = SEND_AT,
		.until = NO_TIME };
}

static void
has(const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in\n%s", part, text);
}

static size_t
count(const char *part)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, part)) != NULL; p++)
		n++;
	return n;
}

/* ---- words --------------------------------------------------------------- */
static const struct {
	const char *verdict, *fact;
	time_t until;
	const char *words;
} verdicts[] = {
	{ "go", NULL, NO_TIME, "would go Wed 2026-12-02 09:00" },
	{ "wait", NULL, NO_TIME, "waits a night" },
	{ "wait", NULL, SEND_AT, "waits until Wed 2026-12-02 09:00" },
	{ "throttled", "until 2026-12-14, asked 2026-11-14 'Visit'", NO_TIME,
	    "would not: throttled until 2026-12-14, asked 2026-11-14 'Visit'" },
	{ "internal", "nord.example", NO_TIME,
	    "would not: own employee (nord.example)" },
	{ "no_send", NULL, NO_TIME,
	    "would not: the contact carries the no-send tag" },
	{ "new_reason", NULL, NO_TIME, "would not: new_reason" },
};

static void
test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++)
		assert_string_equal(preview_words(arena, ZONE,
		    verdicts[i].verdict, verdicts[i].fact, verdicts[i].until,
		    SEND_AT), verdicts[i].words);
}

static const struct {
	const char *said, *state, *reason, *words;
} others[] = {
	{ "go", "excluded", "excluded", "was to go, but is excluded" },
	{ "go", "suppressed", "internal",
	    "was to go, but is suppressed: own employee" },
	{ "go", "deferred", NULL, "was to go, but is deferred" },
	{ "go", "queued", "", "was to go, but is queued" },
	{ "internal", "sent", NULL, "was not to go (own employee), and went" },
	{ "wait", "sent", NULL, "was to wait, and went" },
	{ NULL, "sent", NULL, "came in after the preview and went" },
};

static void
test_differences(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		const struct preview_difference d = { .said = others[i].said,
			.state = others[i].state, .reason = others[i].reason };
		assert_string_equal(preview_difference_words(arena, &d),
		    others[i].words);
	}
}

static void
test_release(void **state)
{
	(void)state;
	assert_string_equal(preview_release(arena, "flood"),
	    "npsync release --reason flood");
	assert_string_equal(preview_release(arena, "restore"),
	    "npsync resolve --after-restore TIME");
	assert_string_equal(preview_release(arena, "at_service"),
	    "npsync exclude ID");
}

/* ---- the mail ------------------------------------------------------------ */
static void
test_empty(void **state)
{
	struct preview p = nothing();

	(void)state;
	assert_true(preview_is_empty(&p));
	assert_string_equal(written(preview_text, &p),
	    "Nothing waits for Wed 2026-12-02.\n");
	assert_string_equal(preview_subject(arena, &p),
	    "npsync demo: nothing waits for Wed 2026-12-02");
	/* That a CRM could not be read is something. */
	p.notes = (const char *const[]){ "crm: away" };
	p.n_notes = 1;
	assert_false(preview_is_empty(&p));
	has("Nothing waits");
	(void)written(preview_text, &p);
	has("\nNote\n  crm: away\n");
}

static void
test_groups(void **state)
{
	const struct preview_row rows[] = { row("1", "queued", "go", NULL),
		row("2", "deferred", "wait", NULL),
		row("3", "held", "flood", NULL),
		row("4", "queued", "internal", NULL),
		/* Held is held, whatever a rule says of it beside. */
		row("5", "held", "internal", NULL) };
	const struct preview_held held = { "flood", 2 };
	struct preview p = nothing();

	(void)state;
	p.rows = rows;
	p.n_rows = ARRAY_LEN(rows);
	p.held = &held;
	p.n_held = 1;
	p.paused = true;
	assert_string_equal(preview_subject(arena, &p), "npsync demo, night to "
	    "Wed 2026-12-02: 1 would be asked, 1 wait, 2 are held, 1 would not");
	(void)written(preview_text, &p);
	has("leave Wed 2026-12-02 09:00: 1\n");
	has("Wait for a later night: 1\n");
	has("Held: they wait for you: 2\n");
	has("Would not be asked: 1\n");
	has("2 held (flood):  npsync release --reason flood\n");
	has("npsync exclude ID");
	has("npsync activate");
	(void)written(preview_html, &p);
	has("2 held (flood): <code>npsync release --reason flood</code>");
	assert_int_equal(count("<td"), 5 * 8);
}

static void
test_alarms(void **state)
{
	const struct preview_alarm alarms[] = {
		{ "flood", "sale", "41 rows, <usual> 3", true, SEND_AT },
		{ "budget", "2026", "", false, SEND_AT } };
	struct preview p = nothing();

	(void)state;
	p.alarms = alarms;
	p.n_alarms = 2;
	assert_string_equal(preview_subject(arena, &p), "npsync demo, night to "
	    "Wed 2026-12-02: 0 would be asked, 0 would not, 1 alarm");
	(void)written(preview_text, &p);
	has("\n  since Wed 2026-12-02 09:00  flood sale: 41 rows, <usual> 3\n");
	has("\n  over Wed 2026-12-02 09:00  budget 2026\n");
	(void)written(preview_html, &p);
	has("41 rows, &lt;usual&gt; 3");
}

/* Long: 200 rows of a kind and the number of the others; the file has all. */
static void
test_many(void **state)
{
	static struct preview_row rows[MANY];
	static struct preview_difference d[MANY];
	static char ids[MANY][8];
	struct preview p = nothing();

	(void)state;
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "%d", 1000 + i);
		rows[i] = row(ids[i], "queued", i % 2 ? "go" : "internal", NULL);
		d[i] = (struct preview_difference){ .id = ids[i],
			.trigger = "meet", .state = "excluded", .said = "go" };
	}
	p.rows = rows;
	p.n_rows = MANY;
	p.differences = d;
	p.n_differences = MANY;
	p.said_night = p.last_night = 20261201;
	p.last_result = "ok";
	(void)written(preview_text, &p);
	assert_int_equal(count("  meet "), 3 * PREVIEW_ROWS_MAX);
	assert_int_equal(count("and 300 more"), 2);
	assert_int_equal(count("and 800 more"), 1);
	(void)written(preview_html, &p);
	assert_int_equal(count("<tr>"), 3 + 3 * PREVIEW_ROWS_MAX);
	assert_int_equal(count("and 300 more"), 2);
	(void)written(preview_csv, &p);
	assert_int_equal(count("\r\n"), 1 + MANY);
}

/* ---- what others wrote --------------------------------------------------- */
static void
test_evil_text(void **state)
{
	struct preview_row evil = row("1", "queued", "go", NULL);
	struct preview p = nothing();

	(void)state;
	evil.company = "<script>alert(\"x\")</script>&'";
	evil.contact = "a\nb\x1b[31m\xe2\x80\xae";
	evil.campaign = "=1+1";
	p.rows = &evil;
	p.n_rows = 1;
	p.notes = (const char *const[]){ "<i>\r\nx" };
	p.n_notes = 1;
	(void)written(preview_html, &p);
	has("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;");
	has("a\\nb\\x1b[31m\\u202e");
	has("&lt;i&gt;\\r\\nx");
	assert_int_equal(count("<script") + count("<i>"), 0);
	(void)written(preview_text, &p);
	has("a\\nb\\x1b[31m\\u202e");
	has("<i>\\r\\nx\n");
	(void)written(preview_csv, &p);
	has(",'=1+1,");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words, setup, done),
		cmocka_unit_test_setup_teardown(test_differences, setup, done),
		cmocka_unit_test_setup_teardown(test_release, setup, done),
		cmocka_unit_test_setup_teardown(test_empty, setup, done),
		cmocka_unit_test_setup_teardown(test_groups, setup, done),
		cmocka_unit_test_setup_teardown(test_alarms, setup, done),
		cmocka_unit_test_setup_teardown(test_many, setup, done),
		cmocka_unit_test_setup_teardown(test_evil_text, setup, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
