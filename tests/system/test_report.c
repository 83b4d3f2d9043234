/*
 * npsync report as people, spreadsheets and programs get it: the same figures
 * in each form, nothing about people where there must be none, and a file that
 * is there whole or not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "db.h"
#include "place.h"

#define NOW "2026-11-26T10:00"
#define REPORT "report --month 2026-11"

static struct place p;
static struct db *db;

/* ---- the world --------------------------------------------------------------- */
static void
sql(const char *text)
{
	struct err err = { .kind = ERR_NONE };

	if (!db_script(db, text, &err))
		fail_msg("%s", err.msg);
}

/* November: 47 promoters, 31 passives and 22 detractors of 400 surveys about
 * meetings, of which two were not taken; October 25, 50, 25.  A yearly campaign
 * with three answers. */
static void
fill(void)
{
	sql("INSERT INTO npsync.campaign (tenant_id, campaign_id, name, listed,"
	    " seen_at) VALUES (1, '7749', 'M\xc3\xb8" "de', true, '2026-11-01Z'),"
	    " (1, '9000', '=Relation', true, '2026-11-01Z')");
	sql("INSERT INTO npsync.contact (tenant_id, connector, contact_id,"
	    " full_name, email, address_state, company, person, facts_at) SELECT 1,"
	    " 'crm', 'c' || i, 'Name ' || i, 'n' || i || '@kunde.example', 'ok',"
	    " 'Kunde <' || i % 2 || '>', ARRAY[convert_to('c' || i, 'UTF8')],"
	    " '2026-11-01Z' FROM generate_series(1, 400) i");
	sql("INSERT INTO npsync.queue (tenant_id, connector, trigger, event_id,"
	    " contact_id, occurred_at, created_at, created_night, state, campaign,"
	    " version, send_at, due_night, client_ref, person, owner, company)"
	    " SELECT 1, 'crm', 'meet', i, 'c' || i, '2026-11-01Z', '2026-11-01Z',"
	    " '2026-11-02', CASE WHEN i > 398 THEN 'failed' ELSE 'sent' END, '7749',"
	    " 1, '2026-11-02 08:00Z', '2026-11-02', gen_random_uuid(),"
	    " ARRAY[convert_to('c' || i, 'UTF8')], '<b>Ann</b>', 'Kunde'"
	    " FROM generate_series(1, 400) i");
	sql("INSERT INTO npsync.answer (tenant_id, answer_id, campaign_id, score,"
	    " answered_at, matched, queue_id, connector, contact_id, first_seen_at)"
	    " SELECT 1, 'n' || i, '7749', CASE WHEN i <= 47 THEN 9 WHEN i <= 78"
	    " THEN 7 ELSE 0 END, '2026-11-03 08:00Z', 'ref', q.queue_id, 'crm',"
	    " 'c' || i, '2026-11-03Z' FROM generate_series(1, 100) i"
	    " JOIN npsync.queue q ON q.tenant_id = 1 AND q.event_id = i::text");
	sql("INSERT INTO npsync.answer (tenant_id, answer_id, campaign_id, score,"
	    " answered_at, matched, first_seen_at) SELECT 1, 'o' || i, '7749',"
	    " CASE WHEN i <= 25 THEN 9 WHEN i <= 75 THEN 7 ELSE 0 END,"
	    " timestamptz '2026-10-03 08:00Z', 'none', timestamptz '2026-11-03Z'"
	    " FROM generate_series(1, 100) i UNION ALL"
	    " SELECT 1, 'r' || i, '9000', 10, '2026-11-04 08:00Z', 'none',"
	    " '2026-11-04Z' FROM generate_series(1, 3) i");
	sql("INSERT INTO npsync.queue (tenant_id, connector, trigger, event_id,"
	    " contact_id, occurred_at, created_at, created_night, state, reason,"
	    " version, decided_night, client_ref, person) SELECT 1, 'crm', 'sale',"
	    " 's' || i, 'c' || i, '2026-11-01Z', '2026-11-01Z', '2026-11-02',"
	    " 'suppressed', 'duplicate_person', 1, '2026-11-02', gen_random_uuid(),"
	    " ARRAY[convert_to('c' || i, 'UTF8')] FROM generate_series(1, 2) i");
	sql("INSERT INTO npsync.queue_history SELECT 1, queue_id, 1,"
	    " '2026-11-02Z', 'x', NULL, 'queued', state, reason FROM npsync.queue");
}

static int
begin(void **state)
{
	if (places_begin(state) != 0)
		return -1;
	place_make(&p, "report", "report", false);
	place_edit(&p, "rules = {", "programmes = ( { name = \"moments\"; "
	    "campaigns = [ \"7749\" ]; } ); rules = {");
	/* The first command makes the tenant. */
	(void)place_run(&p, NOW, 0, "status");
	db = place_open_database(&p);
	fill();
	return 0;
}

static int
end(void **state)
{
	db_close(db);
	place_free(&p);
	return places_end(state);
}

/* ---- figures ---------------------------------------------------------------------- */
static void
test_text(void **state)
{
	const char *out = place_run(&p, NOW, 0, REPORT)->out;

	(void)state;
	says(out, "NPS of 2026-11-01 to 2026-11-30, before: 2026-10-01 to "
	    "2026-10-31\nall answers; interval: adjusted Wald, 95 %\n");
	says(out, "\nmoments (transactional)\n\n"
	    "CAMPAIGN  NPS   INTERVAL  PROMOTERS  PASSIVES  DETRACTORS    N  MEAN"
	    "  BEFORE          CHANGE  NOTE\n"
	    "all       +25  +9 to +40         47        31          22  100   6.4"
	    "       0  \xe2\x96\xb2 +25, p 0.020\n");
	says(out, "all               400   398          -       100          "
	    "25.0 %   25.1 %             -\n");
	says(out, "\n=Relation\n\nCAMPAIGN   NPS  INTERVAL");
	says(out, "=Relation    -         -          -         -           -  -"
	    "     -       -       -  fewer than 5 answers\n");
	says(out, "note: delivered is not known");
	out = place_run(&p, NOW, 0, "report --month 2025-01")->out;
	says(out, "no surveys and no answers in these days\n");
}

static size_t
row_of(const json_t *rows, const char *by, const char *programme)
{
	for (size_t i = 0; i < json_array_size(rows); i++)
		if (strcmp(place_cell(rows, i, "group_by"), by) == 0 &&
		    strcmp(place_cell(rows, i, "programme"), programme) == 0)
			return i;
	fail_msg("no row %s of %s", by, programme);
	return 0;
}

/* Two decimals of what is no whole number. */
static const char *
cell(const json_t *rows, size_t row, const char *key)
{
	static char text[32];
	const json_t *value = json_object_get(json_array_get(rows, row), key);

	if (!json_is_real(value))
		return place_cell(rows, row, key);
	(void)snprintf(text, sizeof(text), "%.2f", json_real_value(value));
	return text;
}

static void
test_json(void **state)
{
	static const char *const cells[][2] = { { "kind", "transactional" },
		{ "nps", "25" }, { "low", "9.00" }, { "high", "39.50" },
		{ "promoters", "47" }, { "passives", "31" },
		{ "detractors", "22" }, { "n", "100" }, { "mean", "6.40" },
		{ "nps_before", "0" }, { "n_before", "100" }, { "change", "25" },
		{ "significant", "yes" }, { "handed_over", "400" },
		{ "sent", "398" }, { "delivered", "" }, { "answered", "100" },
		{ "percent_of_handed_over", "25.00" },
		{ "percent_of_sent", "25.13" }, { "percent_of_delivered", "" },
		{ "note", "" } };
	json_t *rows = place_json(&p, NOW, REPORT " --by owner");
	const size_t all = row_of(rows, "all", "moments"),
	    hidden = row_of(rows, "all", "=Relation");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		assert_string_equal(cell(rows, all, cells[i][0]), cells[i][1]);
	assert_string_equal(place_cell(rows, all + 1, "name"), "<b>Ann</b>");
	assert_string_equal(place_cell(rows, hidden, "nps"), "");
	assert_string_equal(place_cell(rows, hidden, "n"), "");
	assert_string_equal(place_cell(rows, hidden, "note"),
	    "fewer than 5 answers");
	json_decref(rows);
}

static void
test_csv(void **state)
{
	const char *out = place_run(&p, NOW, 0, REPORT " --csv")->out;

	(void)state;
	says(out, "programme,kind,group_by,name,nps,low,high,promoters,");
	says(out, "\r\nmoments,transactional,all,,25,9.0,39.5,47,31,22,100,6.4,0,"
	    "100,25,2.32,0.0202,yes,400,398,,100,25.00,25.13,,\r\n");
	says(out, "\r\nmoments,transactional,campaign,M\xc3\xb8" "de,25,");
	/* No spreadsheet runs it. */
	says(out, "\r\n'=Relation,,all,,,,,,,,,,,0,,,,,0,0,,0,,,,fewer than 5 "
	    "answers\r\n");
	out = place_run(&p, NOW, 0, REPORT " --by month --programme moments "
	    "--csv")->out;
	says(out, "\r\nmoments,transactional,month,2026-11,25,");
	assert_null(strstr(out, "Relation"));
	out = place_run(&p, NOW, 0, REPORT " --campaign 9000 --csv")->out;
	assert_null(strstr(out, "moments"));
}

/* ---- the page ------------------------------------------------------------------------ */
static const char *
run_html(const char *file)
{
	static char args[800];

	(void)snprintf(args, sizeof(args), REPORT " --by owner --html %s", file);
	return args;
}

static char *
read_text(const char *file)
{
	static char text[200000];
	FILE *f = fopen(file, "re");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	(void)fclose(f);
	return text;
}

static void
test_html(void **state)
{
	char file[400], left[400];
	struct stat st;

	(void)state;
	(void)snprintf(file, sizeof(file), "%s/import/page.html", p.dir);
	says_one_line(place_run(&p, NOW, 0, run_html(file))->out, "page.html");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	const char *html = read_text(file);
	says(html, "<!DOCTYPE html>");
	says(html, "<span class=\"big\">+25</span>");
	says(html, "&lt;b&gt;Ann&lt;/b&gt;");
	assert_null(strstr(html, "<b>Ann"));
	says(html, "2026-10: 0; 2026-11: +25</desc>");
	says(html, "402 events came to an end in these days: 398 led to a survey, "
	    "4 did not.");
	says(html, "the same person is asked for another event");
	says(html, "</html>\n");
	/* Nobody's name or address. */
	assert_null(strstr(html, "kunde.example"));
	assert_null(strstr(html, "Name 1"));
	/* Again over it, to standard output, and where it cannot be. */
	(void)place_run(&p, NOW, 0, run_html(file));
	says(place_run(&p, NOW, 0, run_html("-"))->out, "</html>\n");
	assert_int_equal(unlink(file), 0);
	(void)snprintf(left, sizeof(left), "%s/import", p.dir);
	assert_int_equal(rmdir(left), 0);	/* empty: nothing was left */
	assert_int_equal(mkdir(left, 0711), 0);
	says_one_line(place_run(&p, NOW, 71, run_html("/nonexistent/page.html"))
	    ->err, "/nonexistent/page.html");
}

/* ---- lists ---------------------------------------------------------------------------- */
static void
test_suppressed(void **state)
{
	const char *out = place_run(&p, NOW, 0, REPORT " --suppressed")->out;

	(void)state;
	says(out, "TRIGGER  REASON            EVENTS    SHARE  MEANING\n"
	    "meet     refused                2    0.5 %  the survey service did "
	    "not take it\n"
	    "meet     asked                398   99.5 %  handed over");
	says(out, "sale     duplicate_person       2  100.0 %  the same person");
	says(out, "who blocked whom: 2\n");
	says(out, ", meet, sent  2026-11-02  M\xc3\xb8" "de");
	json_t *rows = place_json(&p, NOW, REPORT " --suppressed");
	assert_int_equal(json_array_size(rows), 5);
	assert_string_equal(place_cell(rows, 0, "part"), "count");
	assert_string_equal(place_cell(rows, 3, "part"), "blocked");
	assert_string_equal(place_cell(rows, 3, "contact"), "c1");
	assert_string_equal(place_cell(rows, 3, "blocked_by_trigger"), "meet");
	assert_string_equal(place_cell(rows, 3, "blocked_by_day"), "2026-11-02");
	json_decref(rows);
}

/* Who was erased has gone from it; who may not be written to has no address. */
static void
test_asked(void **state)
{
	const char *out = place_run(&p, NOW, 0, REPORT " --asked --csv")->out;

	(void)state;
	says(out, "asked,name,mail,company,owner,trigger,campaign,answered,score,"
	    "contact,language,no_mail\r\n");
	says(out, "\r\n2026-11-02,Name 1,n1@kunde.example,Kunde,<b>Ann</b>,meet,"
	    "M\xc3\xb8" "de,2026-11-03,9,c1,,\r\n");
	says(out, "\r\n2026-11-02,Name 200,n200@kunde.example,Kunde,<b>Ann</b>,"
	    "meet,M\xc3\xb8" "de,,,c200,,\r\n");
	assert_null(strstr(out, "Name 399,"));
	sql("UPDATE npsync.contact SET no_send = true WHERE contact_id = 'c200'");
	(void)place_run(&p, NOW, -2, "erase --contact crm/c1 --yes");
	out = place_run(&p, NOW, 0, REPORT " --asked --csv")->out;
	assert_null(strstr(out, "Name 1,"));
	assert_null(strstr(out, "n1@"));
	says(out, "\r\n2026-11-02,Name 200,,Kunde,<b>Ann</b>,meet,M\xc3\xb8"
	    "de,,,c200,,no_send\r\n");
	/* The score is left, the person is not. */
	json_t *rows = place_json(&p, NOW, REPORT " --by owner");
	const size_t all = row_of(rows, "all", "moments");
	assert_string_equal(place_cell(rows, all, "n"), "100");
	assert_string_equal(place_cell(rows, all + 1, "n"), "99");
	json_decref(rows);
}

/* ---- bad input ----------------------------------------------------------------------------- */
static void
test_usage(void **state)
{
	static const char *const bad[][2] = {
		{ "report --by colour", "--by: expected campaign, programme" },
		{ "report --month 2026-11 --last 3", "expected one of --from" },
		{ "report --from tomorrow", "--from: expected a day like" },
		{ "report --programme nobody", "--programme: there is no "
		    "\"nobody\"; the first is moments" },
		{ "report --suppressed --asked", "expected one of --suppressed" },
		{ "report --asked --by owner", "--by is for figures" },
		{ "report --suppressed --campaign 1", "has no campaign" },
		{ "report --html x --csv", "expected one of --html, --json" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		says_one_line(place_run(&p, NOW, 64, bad[i][0])->err, bad[i][1]);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_suppressed),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_asked),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("report", tests, begin, end);
}
