/*
 * npsync status, audit, export, resync and why, as the program does them, in
 * one installation: two events days are read, one night transfers, one person
 * answers.
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
#include "npsync.h"
#include "place.h"

#define DAY "2026-12-01T08:00"
#define EVENING "2026-12-01T20:07"
#define NIGHT "2026-12-02T03:10"
#define NOON "2026-12-02T13:07"
#define LATER "2026-12-02T13:30"

static struct place p;
static char email[96];
static long long asked;		/* rows the service took */

static struct db *db;

/* ---- the database ------------------------------------------------------------- */
static void
sql(const char *text)
{
	struct err err = { 0 };

	if (!db_script(db, text, &err))
		fail_msg("%s", err.msg);
}

static long long
number(const char *text)
{
	AUTO(db_result) struct db_result *r = NULL;
	const struct db_stmt stmt = { "t_number", text };
	struct err err = { 0 };

	if (!db_query(db, &stmt, NULL, &r, &err))
		fail_msg("%s: %s", text, err.msg);
	assert_int_equal(db_rows(r), 1);
	return db_int(r, 0, 0);
}

/* ---- the world ---------------------------------------------------------------- */
static void
choose_person(void)
{
	size_t n = 0;
	const struct simproc_line *lines = simproc_ledger(p.sim, &n);

	assert_true(n > 0);
	asked = (long long)n;
	(void)snprintf(email, sizeof(email), "%s", lines[0].email);
}

static int
begin(void **state)
{
	if (places_begin(state) != 0)
		return -1;
	place_make(&p, "cockpit", "cockpit1", true);
	place_edit(&p, "test = true;", "test = true; budget = { year = 100; };");
	place_export(&p, 1);
	place_clock(&p, "2026-12-01T07:00:00Z");
	(void)place_run(&p, DAY, 0, "run hourly --quiet");
	(void)place_run(&p, DAY, 0, "activate");
	place_export(&p, 2);
	(void)place_run(&p, EVENING, 0, "run hourly --quiet");
	(void)place_run(&p, EVENING, 0, "exclude 1 2 --reason holiday --yes");
	(void)place_run(&p, "2026-12-01T20:20", 0, "include 2 --yes");
	place_clock(&p, "2026-12-02T02:10:00Z");
	(void)place_run(&p, NIGHT, 0, "run night --quiet");
	choose_person();
	place_clock(&p, "2026-12-02T12:00:00Z");
	simproc_tell(p.sim, "answer", "{\"email\": \"%s\", \"rating\": 9,"
	    " \"comment\": \"=HYPERLINK()\", \"at\": \"2026-12-02T09:00:00Z\"}",
	    email);
	(void)place_run(&p, NOON, 0, "run hourly --quiet");
	db = place_open_database(&p);
	return 0;
}

static int
end(void **state)
{
	db_close(db);
	place_free(&p);
	return places_end(state);
}

/* ---- status ---------------------------------------------------------------------- */
static json_t *
object(const char *args)
{
	char words[200];

	(void)snprintf(words, sizeof(words), "--json %s", args);
	json_t *doc = json_loads(place_run(&p, LATER, 0, words)->out, 0, NULL);
	assert_true(json_is_object(doc));
	return doc;
}

static long long
integer(const json_t *doc, const char *section, size_t row, const char *key)
{
	const json_t *s = json_object_get(doc, section);

	return json_integer_value(json_object_get(json_is_array(s)
	    ? json_array_get(s, row) : s, key));
}

static void
test_status_json(void **state)
{
	(void)state;
	json_t *doc = object("status");
	const json_t *runs = json_object_get(doc, "runs");
	assert_string_equal(place_cell(runs, 0, "kind"), "night");
	says(place_cell(runs, 0, "last"), "2026-12-02T02:10:0");
	assert_string_equal(place_cell(runs, 0, "result"), "ok");
	assert_string_equal(place_cell(runs, 1, "kind"), "hourly");
	assert_string_equal(place_cell(runs, 1, "next"),
	    "2026-12-02T13:07:00Z");
	assert_int_equal(json_array_size(json_object_get(doc, "nights")), 14);
	assert_int_equal(integer(doc, "nights", 13, "sent"), asked);
	assert_int_equal(integer(doc, "nights", 13, "answered"), 1);
	assert_int_equal(integer(doc, "nights", 12, "sent"), 0);
	assert_int_equal(integer(doc, "last_night", 0, "sent"), asked);
	assert_int_equal(integer(doc, "plan", 0, "used"), asked);
	assert_int_equal(integer(doc, "plan", 0, "budget"), 100);
	assert_int_equal(integer(doc, "plan", 0, "recent_days"), 1);
	bool events = false, answers = false;
	const json_t *streams = json_object_get(doc, "streams");
	for (size_t i = 0; i < json_array_size(streams); i++) {
		events = events || strcmp(place_cell(streams, i, "stream"),
		    "events") == 0;
		answers = answers || strcmp(place_cell(streams, i, "stream"),
		    "answers") == 0;
		assert_in_range(integer(doc, "streams", i, "age_s"), 1300, 40000);
	}
	assert_true(events && answers);
	json_decref(doc);
}

static void
test_status_text(void **state)
{
	static const char *const utf8[] = { "LC_ALL=da_DK.UTF-8", NULL };

	(void)state;
	const struct runproc *r = place_run(&p, LATER, 0, "status");
	says(r->out, "\nnight  run     last Wed 2026-12-02 03:10, ok; ");
	says(r->out, "\nhourly run     last Wed 2026-12-02 13:07, ok; ");
	says(r->out, "\nnext transfer  window opens Wed 2026-12-02 23:00");
	says(r->out, " of 100 surveys of 2026 used; used up on 2026-12-0");
	says(r->out, "\n14 nights sent     _____________#  ");
	says(r->out, "\n          answered _____________#  1, last night 1\n");
	says(r->out, "\nlast night, to 2026-12-02: ok\n");
	says(r->out, " minutes ago");
	place_use("npsync", utf8);
	says(place_run(&p, LATER, 0, "status")->out, "\xe2\x96\x81\xe2\x96\x88  ");
	place_use(NULL, NULL);
}

/* ---- audit ------------------------------------------------------------------------ */
static void
test_audit(void **state)
{
	(void)state;
	json_t *rows = place_json(&p, LATER, "audit");
	assert_int_equal(json_array_size(rows), 3);
	assert_string_equal(place_cell(rows, 0, "action"), "include");
	assert_string_equal(place_cell(rows, 0, "ids"), "2");
	assert_string_equal(place_cell(rows, 1, "action"), "exclude");
	assert_string_equal(place_cell(rows, 1, "ids"), "1, 2");
	assert_string_equal(place_cell(rows, 1, "why"), "holiday");
	assert_string_equal(place_cell(rows, 2, "action"), "activate");
	json_decref(rows);
	rows = place_json(&p, LATER, "audit --action exclude --since 2026-12-02");
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
	says(place_run(&p, LATER, 0, "audit --owners")->out, "few: a share of less");
	says_one_line(place_run(&p, LATER, 64, "audit --since soon")->err,
	    "--since: expected a day");
	says_one_line(place_run(&p, LATER, 64, "audit --owners --actor a")->err,
	    "--owners takes no filter");
}

/* ---- resync ----------------------------------------------------------------------- */
#define QUEUED "SELECT count(*) FROM npsync.queue WHERE state IN ('queued', 'deferred', 'held')"

#define LOST "SELECT trigger, event_id FROM npsync.event_seen WHERE trigger <> 'inact'" \
	" ORDER BY event_id LIMIT 20"

static void
test_resync_events(void **state)
{
	(void)state;
	const long long before = number(QUEUED);
	const long long sent = number("SELECT sends FROM npsync.tenant");
	says_one_line(place_run(&p, LATER, 64, "resync")->err,
	    "expected answers or events");
	says(place_run(&p, LATER, 1, "resync events")->out, "nothing was read");
	/* Twenty events were lost here, with their rows. */
	sql("DELETE FROM npsync.queue WHERE (trigger, event_id) IN (" LOST ");"
	    "DELETE FROM npsync.event_seen WHERE (trigger, event_id) IN (" LOST ")");
	const long long rows = number("SELECT count(*) FROM npsync.queue");
	const long long kept = number(QUEUED);
	struct runproc *r = place_run(&p, LATER, 0, "resync events --yes");
	says(r->out, "20 recorded (20 before_start)");
	assert_int_equal(number(QUEUED), kept);
	assert_true(kept <= before);
	assert_int_equal(number("SELECT count(*) FROM npsync.queue"), rows + 20);
	assert_int_equal(number("SELECT count(*) FROM npsync.queue WHERE state ="
	    " 'suppressed' AND reason = 'before_start'"), 20);
	/* Nor do they come back by a later run. */
	(void)place_run(&p, "2026-12-02T14:07", 0, "run hourly --quiet");
	assert_int_equal(number("SELECT count(*) FROM npsync.queue"), rows + 20);
	assert_int_equal(number(QUEUED), kept);
	assert_int_equal(number("SELECT sends FROM npsync.tenant"), sent);
	r = place_run(&p, LATER, 0, "resync events --since 2026-11-01 --yes");
	says(r->out, " known");
	assert_null(strstr(r->out, "recorded"));
	assert_int_equal(number("SELECT count(*) FROM npsync.audit WHERE action ="
	    " 'resync' AND subject = 'events'"), 2);
}

static void
test_resync_answers(void **state)
{
	(void)state;
	sql("UPDATE npsync.answer SET score = 1, changed_at = NULL;"
	    "UPDATE npsync.tag_want SET tag = 'x', state = 'done'");
	struct runproc *r = place_run(&p, LATER, 0,
	    "resync answers --since 2026-12-01 --yes");
	says(r->out, "1 updated");
	assert_int_equal(number("SELECT score FROM npsync.answer"), 9);
	assert_int_equal(number("SELECT count(*) FROM npsync.tag_want WHERE"
	    " tag LIKE 'NPSToday.%.9'"), 1);
	says(place_run(&p, LATER, 0, "resync answers --yes")->out, "1 same");
	/* No night was held by it, and runs tells what it was. */
	json_t *runs = place_json(&p, LATER, "runs");
	bool seen = false;
	for (size_t i = 0; i < json_array_size(runs); i++)
		if (strcmp(place_cell(runs, i, "kind"), "resync") == 0) {
			seen = true;
			says(place_cell(runs, i, "watermarks"), "npstoday/answers ");
		}
	assert_true(seen);
	json_decref(runs);
}

/* ---- export ----------------------------------------------------------------------- */
static char folder[400];

static const char *
file(const char *name)
{
	static char text[1 << 18];
	char path[500];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		fail_msg("there is no %s", path);
	const size_t n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return text;
}

static ino_t
inode(const char *name)
{
	struct stat st;
	char path[500];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	return st.st_ino;
}

static void
test_export(void **state)
{
	char conf[500], path[500];

	(void)state;
	says_one_line(place_run(&p, LATER, 78, "export")->err, "export.dir: ");
	(void)snprintf(folder, sizeof(folder), "%s/out", p.dir);
	assert_int_equal(mkdir(folder, 0777), 0);
	assert_int_equal(chmod(folder, 0777), 0);
	(void)snprintf(conf, sizeof(conf), "test = true; export = { dir = "
	    "\"%s\"; };", folder);
	place_edit(&p, "test = true;", conf);
	says(place_run(&p, LATER, 0, "export")->out, "/out/answers.csv\n");
	/* Nobody is named, and nothing they wrote stands there. */
	says(file("answers.csv"), "answer,answered,score,band,campaign,");
	says(file("answers.csv"), ",2026-12-02 10:00:00,9,promoter,");
	assert_null(strstr(file("answers.csv"), "HYPERLINK"));
	says(file("log.csv"), "created,trigger,state,reason,transferred,");
	assert_null(strchr(file("log.csv"), '@'));
	assert_null(strstr(file("log.csv"), "recipient"));
	says(file("nps_by_month.csv"), "2026-12,");
	says(file("nps_by_month.csv"), ",1,0,0,1,100\r\n");
	says(file("runs.csv"), ",night,2026-12-02,2026-12-02 03:10:0");
	/* A file is replaced, not written over; a link beside it is not followed. */
	(void)snprintf(path, sizeof(path), "%s/.log.csv.new", folder);
	assert_int_equal(symlink("/dev/full", path), 0);
	const ino_t before = inode("log.csv");
	place_edit(&p, "export = {", "export = { personal = true; bom = true; "
	    "separator = \"semicolon\";");
	(void)place_run(&p, LATER, 0, "export");
	assert_int_not_equal(inode("log.csv"), before);
	assert_int_not_equal(access(path, F_OK), 0);
	says(file("log.csv"), "\xef\xbb\xbf" "created;trigger;");
	says(file("log.csv"), email);
	says(file("answers.csv"), ";'=HYPERLINK()\r\n");
}

/* The folder is gone: the night is none the worse, and people are told. */
static void
test_export_fails(void **state)
{
	char away[500];

	(void)state;
	(void)snprintf(away, sizeof(away), "%s.away", folder);
	assert_int_equal(rename(folder, away), 0);
	place_clock(&p, "2026-12-03T02:10:00Z");
	struct runproc *r = place_run(&p, "2026-12-03T03:10", 0, "run night");
	says(r->out, ": ok\n");
	says(r->out, "no files for reporting tools: export.dir ");
	says(r->out, "export     4 failed\n");
	assert_int_equal(number("SELECT count(*) FROM npsync.alarm WHERE kind ="
	    " 'export' AND state = 'raised'"), 1);
	says(place_run(&p, "2026-12-03T03:20", 71, "export")->err, "export.dir ");
	assert_int_equal(rename(away, folder), 0);
	r = place_run(&p, "2026-12-03T03:30", 0, "run night");
	says(r->out, "export     4 written\n");
	assert_int_equal(number("SELECT count(*) FROM npsync.alarm WHERE kind ="
	    " 'export' AND state = 'ok'"), 1);
}

/* ---- why -------------------------------------------------------------------------- */
static void
test_why(void **state)
{
	char args[200];

	(void)state;
	(void)snprintf(args, sizeof(args), "why %s", email);
	says(place_run(&p, LATER, 0, args)->out, ": sent\n");
	(void)snprintf(args, sizeof(args), "why %s --letter --language en", email);
	struct runproc *r = place_run(&p, LATER, 0, args);
	says(r->out, "You asked why you received a survey from us.");
	says(r->out, "On 1 December 2026 ");
	says(r->out, "So we sent you a survey on 2 December 2026. We sent it once");
	says(r->out, "- your mail address: ");
	says(r->out, email);
	says(r->out, "\nKind regards\ndemo\n");
	says(place_run(&p, LATER, 0, "why 1 --letter --language sv")->out,
	    "En av våra medarbetare valde att inte fråga den här gången.");
	says_one_line(place_run(&p, LATER, 64, "why 1 --language fi")->err,
	    "--language: expected da, sv, nb or en");
	(void)place_run(&p, LATER, 1, "why nobody@nowhere.example --letter");
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_json),
		cmocka_unit_test(test_status_text),
		cmocka_unit_test(test_audit),
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_export),
		cmocka_unit_test(test_resync_answers),
		cmocka_unit_test(test_resync_events),
		cmocka_unit_test(test_export_fails),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("cockpit", tests, begin, end);
}
