/*
 * npsync erase, export-subject and the retention of a night, as the program
 * does them, against the survey service and the CRM's files: afterwards nothing
 * anywhere tells of the person, however often the command was killed.
 */
#include <dirent.h>
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

#define DAY "2026-12-01T08:00"
#define EVENING "2026-12-01T20:07"
#define NIGHT "2026-12-02T03:10"
#define NOON "2026-12-02T13:07"
#define COMMENT "a canary of a comment"

static struct place p;
static char email[96], name[200], card[64], conninfo[600];
static long long campaign;

/* ---- the world ---------------------------------------------------------------- */
static void
read_all(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "re");

	if (f == NULL)
		fail_msg("%s cannot be read", path);
	const size_t n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	(void)fclose(f);
}

/* How to reach a database of the cluster, by the configuration. */
static void
find_database(void)
{
	char text[16384], *at, *end;

	read_all(p.conf, text, sizeof(text));
	at = strstr(text, "database = \"");
	assert_non_null(at);
	at += strlen("database = \"");
	end = strchr(at, '"');
	assert_non_null(end);
	(void)snprintf(conninfo, sizeof(conninfo), "%.*s", (int)(end - at), at);
}

static struct db *
open_database(void)
{
	struct db *db = NULL;
	struct err err = { 0 };

	if (!db_open(conninfo, &db, &err))
		fail_msg("%s", err.msg);
	return db;
}

static long long
number(struct db *db, const char *sql)
{
	AUTO(db_result) struct db_result *r = NULL;
	const struct db_stmt stmt = { "t_number", sql };
	struct err err = { 0 };

	if (!db_query(db, &stmt, NULL, &r, &err))
		fail_msg("%s: %s", sql, err.msg);
	assert_int_equal(db_rows(r), 1);
	return db_int(r, 0, 0);
}

static const char *
text_of(struct db *db, const char *sql)
{
	static char text[200];
	AUTO(db_result) struct db_result *r = NULL;
	const struct db_stmt stmt = { "t_text", sql };
	struct err err = { 0 };

	if (!db_query(db, &stmt, NULL, &r, &err))
		fail_msg("%s: %s", sql, err.msg);
	assert_int_equal(db_rows(r), 1);
	(void)snprintf(text, sizeof(text), "%s", db_text(r, 0, 0));
	return text;
}

static void
import_sheets(void)
{
	char program[1100], sheets[400], dir[400];
	struct runproc r;

	(void)snprintf(program, sizeof(program), "%s/tests/sim/export",
	    simproc_build());
	(void)snprintf(sheets, sizeof(sheets), "%s/import", p.dir);
	(void)snprintf(dir, sizeof(dir), "%s/export", p.dir);
	runproc_start(&r, program, (const char *const[]){ "--import", sheets,
	    "--dir", dir, NULL }, NULL, NULL);
	runproc_wait(&r, 60);
	assert_int_equal(r.code, 0);
	runproc_free(&r);
}

/* The first who was asked. */
static void
choose_person(void)
{
	size_t n = 0;
	const struct simproc_line *lines = simproc_ledger(p.sim, &n);

	assert_true(n > 0);
	(void)snprintf(email, sizeof(email), "%s", lines[0].email);
	campaign = lines[0].campaign;
}

static json_t *
export_json(int code)
{
	char args[160];

	(void)snprintf(args, sizeof(args), "export-subject %s", email);
	json_t *doc = json_loads(place_run(&p, NOON, code, args)->out, 0, NULL);
	assert_non_null(doc);
	return doc;
}

/* Somebody is asked, answers with a comment, and has the tag in the CRM. */
static void
make_world(const char *label)
{
	char database[32];

	(void)snprintf(database, sizeof(database), "%s1", label);
	place_make(&p, label, database, true);
	find_database();
	place_edit(&p, "rate_per_second = 10.0;",
	    "rate_per_second = 10.0; erase = { enabled = true; };");
	place_export(&p, 1);
	place_clock(&p, "2026-12-01T07:00:00Z");
	(void)place_run(&p, DAY, 0, "run hourly --quiet");
	(void)place_run(&p, DAY, 0, "activate");
	place_export(&p, 2);
	(void)place_run(&p, EVENING, 0, "run hourly --quiet");
	place_clock(&p, "2026-12-02T02:10:00Z");
	(void)place_run(&p, NIGHT, 0, "run night --quiet");
	choose_person();
	place_clock(&p, "2026-12-02T12:00:00Z");
	simproc_tell(p.sim, "answer", "{\"email\": \"%s\", \"rating\": 9,"
	    " \"comment\": \"" COMMENT "\", \"at\": \"2026-12-02T09:00:00Z\"}",
	    email);
	(void)place_run(&p, NOON, 0, "run hourly --quiet");
	import_sheets();
	(void)place_run(&p, NOON, 0, "run hourly --quiet");
	json_t *doc = export_json(0);
	const json_t *contact = json_array_get(json_object_get(doc,
	    "contacts"), 0);
	(void)snprintf(name, sizeof(name), "%s %s",
	    json_string_value(json_object_get(contact, "first_name")),
	    json_string_value(json_object_get(contact, "last_name")));
	(void)snprintf(card, sizeof(card), "%s",
	    json_string_value(json_object_get(contact, "contact_id")));
	json_decref(doc);
}

/* ---- looking ------------------------------------------------------------------------ */
/* Rows of any table that hold the text in any column. */
static long long
scan(struct db *db, const char *text)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	char sql[800];
	const struct db_stmt tables = { "t_tables", "SELECT c.relname FROM"
	    " pg_catalog.pg_class c JOIN pg_catalog.pg_namespace s ON s.oid ="
	    " c.relnamespace WHERE s.nspname = 'npsync' AND c.relkind = 'r'" };
	long long n = 0;

	if (!db_query(db, &tables, NULL, &r, &err))
		fail_msg("%s", err.msg);
	assert_true(db_rows(r) > 15);
	for (int i = 0; i < db_rows(r); i++) {
		(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM npsync.%s"
		    " t WHERE strpos(lower(t::text), lower('%s')) > 0",
		    db_text(r, i, 0), text);
		n += number(db, sql);
	}
	return n;
}

static void
assert_known(struct db *db)
{
	assert_true(scan(db, email) > 0);
	assert_true(scan(db, COMMENT) > 0);
	assert_true(scan(db, strrchr(name, ' ') + 1) > 0);
}

static void
assert_forgotten(struct db *db)
{
	/* The first row of a table of names could be another's: the whole name. */
	const char *const texts[] = { email, COMMENT, name };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (scan(db, texts[i]) > 0)
			fail_msg("\"%s\" is still there", texts[i]);
}

/* In the service's ledger a send to the person stands after the last erasure. */
static bool
is_at_service(void)
{
	static char text[1 << 20];
	char path[400], *rest = text, *line;
	bool there = false;

	(void)snprintf(path, sizeof(path), "%s/service/ledger.jsonl", p.dir);
	read_all(path, text, sizeof(text));
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strstr(line, "\"erased\"") != NULL)
			there = false;
		else if (strstr(line, email) != NULL)
			there = true;
	}
	return there;
}

/* How many respondents were ever deleted at the service. */
static int
deleted_there(void)
{
	static char text[1 << 20];
	char path[400], *at = text;
	int n = 0;

	(void)snprintf(path, sizeof(path), "%s/service/ledger.jsonl", p.dir);
	read_all(path, text, sizeof(text));
	for (; (at = strstr(at, "\"erased\"")) != NULL; at++)
		n++;
	return n;
}

/* Does a score of the person stand in the CRM? */
static bool
has_tag(void)
{
	static char text[1 << 18];
	char path[400], *rest = text, *line;

	(void)snprintf(path, sizeof(path), "%s/export/tags.csv", p.dir);
	read_all(path, text, sizeof(text));
	while ((line = strsep(&rest, "\n")) != NULL)
		if (strncmp(line, card, strlen(card)) == 0 &&
		    line[strlen(card)] == ';' &&
		    strstr(line, "NPSToday.") != NULL &&
		    strstr(line, "NoSend") == NULL)
			return true;
	return false;
}

static struct runproc *
erase(int code, const char *options)
{
	char args[300];

	(void)snprintf(args, sizeof(args), "%s erase %s",
	    strncmp(options, "--json", 6) == 0 ? "--json" : "--tenant demo",
	    email);
	if (strstr(options, "--yes") != NULL)
		(void)snprintf(args + strlen(args), sizeof(args) - strlen(args),
		    " --yes");
	return place_run(&p, NOON, code, args);
}

/* ---- tests ----------------------------------------------------------------------------- */
static void
test_bad_calls(void **state)
{
	static const struct {
		const char *args, *part;
		int code;
	} cases[] = {
		{ "erase", "expected an address", 64 },
		{ "erase not-an-address --yes", "expected a mail address", 64 },
		{ "erase a@b.example --contact crm/1", "an address, or", 64 },
		{ "erase --contact 1", "CRM/ID", 64 },
		{ "erase --contact other/1", "CRM/ID", 64 },
		{ "erase --contact crm/no-such --yes", "nothing is known", 1 },
		{ "export-subject", "expected an address", 64 },
		{ "export-subject nobody@nowhere.example", "nothing is known",
		    1 },
		{ "export-subject a@b.example --output /", "cannot be made",
		    64 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		says(place_run(&p, NOON, cases[i].code, cases[i].args)->err,
		    cases[i].part);
	/* Not asked, nothing done; what would go is said. */
	struct runproc *r = erase(1, "");
	says(r->out, "queue, ended");
	says(r->out, "nothing was erased");
	struct db *db = open_database();
	assert_known(db);
	assert_int_equal(number(db, "SELECT count(*) FROM npsync.erasure"), 0);
	db_close(db);
}

static void
test_export_file(void **state)
{
	static const char *const sections[] = { "contacts", "queue", "sends",
		"answers", "tags" };
	char args[600], path[400];
	struct stat st;
	json_error_t error;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/subject.json", p.dir);
	(void)snprintf(args, sizeof(args), "export-subject --contact crm/%s"
	    " --output %s", card, path);
	(void)place_run(&p, NOON, 0, args);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	json_t *doc = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (doc == NULL)
		fail_msg("%s", error.text);
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		if (json_array_size(json_object_get(doc, sections[i])) == 0)
			fail_msg("nothing in %s", sections[i]);
	const json_t *answer = json_array_get(json_object_get(doc, "answers"),
	    0);
	assert_string_equal(json_string_value(json_object_get(answer,
	    "comment")), COMMENT);
	json_decref(doc);
	/* What is there is never written over. */
	says(place_run(&p, NOON, 64, args)->err, "File exists");
}

/* Refused there first: told, kept, and tried again by the night. */
static void
test_erase(void **state)
{
	struct db *db = open_database();
	static char receipt[65536];
	char args[160];

	(void)state;
	assert_known(db);
	assert_true(is_at_service());
	assert_true(has_tag());
	/* Who may not read the keys. */
	place_edit(&p, p.key, "/nowhere/key");
	struct runproc *r = erase(1, "--yes");
	says(r->err, "the coming night erases at others");
	says(r->out, "not complete");
	place_edit(&p, "/nowhere/key", p.key);
	assert_true(is_at_service());
	assert_true(has_tag());
	simproc_tell(p.sim, "fault", "{\"kind\": \"400\", \"on\":"
	    " \"respondents\", \"times\": 1}");
	r = erase(1, "--yes");
	says(r->out, "not complete");
	says(r->out, "HTTP 400");
	assert_true(is_at_service());
	assert_true(scan(db, COMMENT) == 0 && scan(db, name) == 0);
	place_clock(&p, "2026-12-03T02:10:00Z");
	(void)place_run(&p, "2026-12-03T03:10", 0, "run --quiet");
	assert_false(is_at_service());
	import_sheets();
	assert_false(has_tag());
	assert_forgotten(db);
	/* A second one finds nothing; the receipt names nobody. */
	r = erase(0, "--json --yes");
	(void)snprintf(receipt, sizeof(receipt), "%s", r->out);
	says(receipt, "\"contacts\"");
	says(receipt, "respondents at npstoday");
	says(receipt, "tags in crm");
	assert_null(strstr(receipt, email));
	assert_null(strstr(receipt, name));
	says(erase(0, "--yes")->out, "nothing is left of this person");
	(void)snprintf(args, sizeof(args), "explain %s", email);
	says(place_run(&p, NOON, 0, args)->out, "opted_out: erased Wed 2026-12-02");
	assert_int_equal(number(db, "SELECT count(*) FROM npsync.erasure WHERE"
	    " completed_at IS NOT NULL"), 1);
	db_close(db);
}

/* The CRM still has the card, and something happens on it. */
static void
test_not_brought_back(void **state)
{
	struct db *db = open_database();
	char args[100];

	(void)state;
	place_export(&p, 3);
	(void)place_run(&p, "2026-12-03T13:07", 0, "run hourly --quiet");
	assert_forgotten(db);
	assert_int_equal(number(db, "SELECT count(*) FROM npsync.contact WHERE"
	    " erased"), 1);
	const long long row = number(db, "INSERT INTO npsync.queue (tenant_id,"
	    " connector, trigger, event_id, contact_id, occurred_at,"
	    " created_at, created_night, client_ref) SELECT tenant_id,"
	    " connector, 'meet', 'again', contact_id, '2026-12-03 12:00Z',"
	    " '2026-12-03 12:00Z', '2026-12-04', gen_random_uuid() FROM"
	    " npsync.contact WHERE erased RETURNING queue_id");
	(void)snprintf(args, sizeof(args), "explain %lld", row);
	says(place_run(&p, "2026-12-03T13:08", 0, args)->out,
	    "erased 2026-12-02");
	db_close(db);
}

/* ---- a number that is others' too ---------------------------------------------------- */
#define LATE "2026-12-03T13:10"
#define NEIGHBOUR "{\"email\": \"neighbour@npsync-demo.example\", \"phone\":" \
	" \"%s\", \"campaignId\": %lld, \"at\": \"2026-12-01T09:00:00Z\"}"
#define ONE_OPEN "1 step is open at others"

/* Another who was asked, as the CRM has them since. */
static void
choose_another(struct db *db)
{
	char was[96], sql[300];
	size_t n = 0, i = 0;
	const struct simproc_line *lines = simproc_ledger(p.sim, &n);

	(void)snprintf(was, sizeof(was), "%s", email);
	while (i < n && (lines[i].kind != SIMPROC_RESPONDENT ||
	    strcmp(lines[i].email, was) == 0))
		i++;
	assert_true(i < n);
	(void)snprintf(email, sizeof(email), "%s", lines[i].email);
	(void)snprintf(sql, sizeof(sql), "UPDATE npsync.contact SET mobile ="
	    " '+45 70 12 34 56' WHERE lower(email) = lower('%s') RETURNING"
	    " contact_id", email);
	(void)snprintf(card, sizeof(card), "%s", text_of(db, sql));
	/* After the erasures before: others sent to them too. */
	simproc_tell(p.sim, "foreign", "{\"email\": \"%s\", \"campaignId\": %lld,"
	    " \"at\": \"2026-12-01T09:00:00Z\"}", email, campaign);
	assert_true(is_at_service());
}

/* Tried again by the command; no step is tried twice within a second. */
static struct runproc *
erase_again(int code)
{
	static int minute = 10;
	char args[160], now[32];

	(void)snprintf(args, sizeof(args), "erase %s --yes", email);
	(void)snprintf(now, sizeof(now), "2026-12-03T13:%02d", ++minute % 60);
	return place_run(&p, now, code, args);
}

static void
assert_open(const char *reason)
{
	struct runproc *r = place_run(&p, LATE, 0, "status");

	says(r->out, "\nerasures       " ONE_OPEN);
	says(place_run(&p, LATE, -2, "check")->out, "\nwarn  erasures: " ONE_OPEN);
	r = erase_again(1);
	says(r->out, "not complete");
	says(r->out, "npstoday, address");
	says(r->out, reason);
}

/* To the next question, which is the one for the address. */
static void
no_such_list(void)
{
	simproc_tell(p.sim, "fault", "{\"kind\": \"404\", \"on\":"
	    " \"respondents\", \"times\": 1}");
}

/* That there is no such list is no answer: the step stays open, and that is told.
 * Somebody with another mail address under the number is not deleted: whether it
 * is the same person is for somebody to see. */
static void
test_number_of_another(void **state)
{
	struct db *db = open_database();
	const int before = deleted_there();
	char words[160];

	(void)state;
	choose_another(db);
	simproc_tell(p.sim, "foreign", NEIGHBOUR, "+4570123456", campaign);
	no_such_list();
	struct runproc *r = erase_again(1);
	says(r->out, "not complete");
	says(r->out, "HTTP 404, expected a list");
	assert_true(is_at_service());
	no_such_list();
	assert_open("HTTP 404, expected a list");
	assert_string_equal(text_of(db, "SELECT state FROM npsync.alarm WHERE"
	    " kind = 'erasure'"), "raised");
	place_clock(&p, "2026-12-04T02:10:00Z");
	(void)place_run(&p, "2026-12-04T03:10", 0, "run --quiet");
	/* By the address alone. */
	assert_false(is_at_service());
	assert_int_equal(deleted_there(), before + 1);
	assert_int_equal(number(db, "SELECT count(*) FROM npsync.erasure WHERE"
	    " completed_at IS NULL"), 0);
	assert_string_equal(text_of(db, "SELECT state FROM npsync.alarm WHERE"
	    " kind = 'erasure'"), "ok");
	r = place_run(&p, "2026-12-04T03:20", 0, "status");
	assert_null(strstr(r->out, "erasures"));
	r = place_run(&p, "2026-12-04T03:20", -2, "check");
	assert_null(strstr(r->out, "erasures"));
	(void)snprintf(words, sizeof(words), "erase %s --yes", email);
	r = place_run(&p, "2026-12-04T03:30", 0, words);
	says(r->out, "by hand");
	says(r->out, "of a respondent with another mail address");
	assert_null(strstr(r->out, "neighbour"));
	db_close(db);
}

/* Somebody whom nobody was sent to: there is nothing to delete. */
static void
test_nobody_there(void **state)
{
	struct db *db = open_database();
	const int before = deleted_there();

	(void)state;
	(void)snprintf(email, sizeof(email), "%s", text_of(db, "SELECT c.email"
	    " FROM npsync.contact c WHERE NOT c.gone AND c.email LIKE '%@%' AND"
	    " NOT EXISTS (SELECT 1 FROM npsync.queue q WHERE q.contact_id ="
	    " c.contact_id) ORDER BY c.contact_id LIMIT 1"));
	assert_false(is_at_service());
	says(erase_again(0)->out, ": complete");
	assert_int_equal(deleted_there(), before);
	assert_int_equal(scan(db, email), 0);
	assert_int_equal(number(db, "SELECT count(*) FROM npsync.erasure_step"),
	    0);
	db_close(db);
}

/* ---- killed anywhere -------------------------------------------------------------------- */
static void
clear_sheets(void)
{
	char path[800];
	const struct dirent *entry;

	(void)snprintf(path, sizeof(path), "%s/import", p.dir);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (strstr(entry->d_name, ".csv") == NULL)
			continue;
		(void)snprintf(path, sizeof(path), "%s/import/%.200s", p.dir,
		    entry->d_name);
		(void)unlink(path);
	}
	(void)closedir(dir);
}

static int
count_sheets(void)
{
	char path[500];
	const struct dirent *entry;
	int n = 0;

	(void)snprintf(path, sizeof(path), "%s/import", p.dir);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		n += strncmp(entry->d_name, "remove-", 7) == 0;
	(void)closedir(dir);
	return n;
}

/* A copy of the database; the person is at the service again. */
static struct db *
begin_case(struct db *maker, int number_of_case)
{
	static char last[40] = "dbname=kill1";
	char sql[128], now[40];
	struct err err = { 0 };

	(void)snprintf(sql, sizeof(sql), "CREATE DATABASE kill_%d TEMPLATE"
	    " kill1", number_of_case);
	if (!db_script(maker, sql, &err))
		fail_msg("%s", err.msg);
	(void)snprintf(now, sizeof(now), "dbname=kill_%d", number_of_case);
	place_edit(&p, last, now);
	(void)snprintf(last, sizeof(last), "%s", now);
	find_database();
	clear_sheets();
	simproc_tell(p.sim, "foreign", "{\"email\": \"%s\", \"campaignId\": %lld,"
	    " \"at\": \"2026-12-01T09:00:00Z\"}", email, campaign);
	assert_true(is_at_service());
	return open_database();
}

/* Killed at that pass of a point, then as often as it takes.  False: the point
 * is not passed so often. */
static bool
kill_at(struct db *maker, int number_of_case, const char *rule)
{
	char text[100];
	const char *const env[] = { text, NULL };

	(void)snprintf(text, sizeof(text), "NPSYNC_FAILPOINT=%s", rule);
	struct db *db = begin_case(maker, number_of_case);
	place_use("npsync-fault", env);
	const int code = erase(-2, "--yes")->code;
	place_use(NULL, NULL);
	if (code != 137 && code != 0)
		fail_msg("%s: exit %d", rule, code);
	(void)erase(0, "--yes");
	assert_forgotten(db);
	assert_false(is_at_service());
	assert_true(count_sheets() == 1);
	assert_int_equal(number(db, "SELECT count(*) FROM npsync.erasure WHERE"
	    " completed_at IS NOT NULL"), 1);
	assert_int_equal(number(db, "SELECT count(*) FROM npsync.erasure_step"),
	    0);
	db_close(db);
	return code == 137;
}

static void
test_killed_anywhere(void **state)
{
	const int step = getenv("NPSYNC_LONG") != NULL ? 1 : 6;
	static const char *const points[] = { "*.before/commit", "*.after/commit",
		"http.before/*", "http.after/*" };
	char rule[60], *maker_info;
	struct err err = { 0 };
	struct db *maker = NULL;
	int cases = 0, killed = 0;

	(void)state;
	place_free(&p);
	make_world("kill");
	maker_info = strstr(conninfo, "dbname=kill1");
	assert_non_null(maker_info);
	(void)snprintf(maker_info, 24, "dbname=postgres");
	if (!db_open(conninfo, &maker, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < ARRAY_LEN(points); i++)
		for (int n = 1; n < 100; n++, killed++) {
			(void)snprintf(rule, sizeof(rule), "%s=kill@%d",
			    points[i], n);
			if (!kill_at(maker, ++cases, rule))
				break;
		}
	for (int n = 1; n < 1000; n += step, killed++) {
		(void)snprintf(rule, sizeof(rule), "*=kill@%d", n);
		if (!kill_at(maker, ++cases, rule))
			break;
	}
	db_close(maker);
	print_message("killed at %d points\n", killed);
	assert_true(killed > 10);
	place_free(&p);
}

static void
test_world(void **state)
{
	(void)state;
	make_world("erase");
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_world),
		cmocka_unit_test(test_bad_calls),
		cmocka_unit_test(test_export_file),
		cmocka_unit_test(test_erase),
		cmocka_unit_test(test_not_brought_back),
		cmocka_unit_test(test_number_of_another),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_killed_anywhere),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("privacy", tests, places_begin,
	    places_end);
}
