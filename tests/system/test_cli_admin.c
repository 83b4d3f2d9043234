/*
 * An administrator's hand on the queue: pauses, a flood let go, a person
 * queued by hand, names that nobody knows, what an edited file would change.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "db.h"
#include "npsync.h"
#include "place.h"

#define DAY "2026-12-01T08:00"
#define EVENING "2026-12-01T20:07"
#define NIGHT "2026-12-02T03:10"
#define NIGHT_UTC "2026-12-02T02:10:00Z"
#define STOPPED "\nsending is paused: nobody is asked before `npsync activate`\n"

static struct place tour;
static char words[900];

/* Rows of a column with that text. */
static size_t
count(const char *now, const char *args, const char *key, const char *text)
{
	size_t n = 0;
	json_t *rows = place_json(&tour, now, args);

	for (size_t i = 0; i < json_array_size(rows); i++)
		n += strcmp(place_cell(rows, i, key), text) == 0;
	json_decref(rows);
	return n;
}

static size_t
verdicts(const char *reason)
{
	return count(EVENING, "queue", "reason", reason);
}

static const char *
run(int code, const char *args)
{
	return place_run(&tour, EVENING, code, args)->out;
}

/* ---- bad words ----------------------------------------------------------- */
static void
test_bad_words(void **state)
{
	static const struct { const char *args, *expect; } bad[] = {
		{ "pause --trigger nonsense", "no trigger \"nonsense\"" },
		{ "pause --campaign 7799", "has the campaign \"7799\"" },
		{ "pause --country Danmark", "--country: expected an ISO code" },
		{ "pause --country XX", "--country: expected an ISO code" },
		{ "pause --country DK --until soon", "--until: expected" },
		{ "pause --country DK --until 2026-12-01", "is over already" },
		{ "pause --until 2026-12-24", "--until: expected a condition" },
		{ "pause 7", "got \"7\" too" },
		{ "resume first", "expected the number of a pause" },
		{ "resume 1 --all", "expected one of" },
		{ "resume 1 --country DK", "expected one of" },
		{ "release", "expected ids or a filter" },
		{ "release abc", "expected the id of a row" },
		{ "release --reason anger", "--reason: expected flood" },
		{ "release --reason restore",
		    "`npsync resolve --after-restore TIME`" },
		{ "enqueue", "expected --contact CRM/ID" },
		{ "enqueue --contact P-1001", "expected --contact CRM/ID" },
		{ "enqueue --contact other/P-1001", "no CRM \"other\"" },
		{ "enqueue --contact crm/P-1001 --campaign 7750",
		    "add `manual = { campaign = ID; };`" },
		{ "enqueue --contact crm/P-1001 --trigger inact --campaign 7750",
		    "it cannot be enqueued" },
		{ "enqueue --contact crm/P-1001 --trigger sale",
		    "expected --campaign ID" },
		{ "check --fix --diff x", "expected one of --diff, --fix" },
	};
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const struct runproc *r = place_run(&tour, EVENING, -2,
		    bad[i].args);
		if (r->code == 64 && strstr(r->err, bad[i].expect) != NULL &&
		    strchr(r->err, '\n') == strrchr(r->err, '\n'))
			continue;
		print_error("npsync %s: exit %d, %s\n", bad[i].args, r->code,
		    r->err);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* ---- the switch for all --------------------------------------------------- */
static void
test_switch(void **state)
{
	(void)state;
	/* Nobody looked at it yet. */
	says_one_line(place_run(&tour, EVENING, 1, "resume")->err,
	    "was never active");
	says_one_line(place_run(&tour, EVENING, 1, "resume --all")->err,
	    "was never active");
	says(run(0, "activate"), "is now active");
	says(run(0, "resume"), "was already active");
	says(run(0, "pause --reason holidays"), "is now paused");
	says(run(0, "pause --list"), "sending is paused for all");
	says(run(0, "resume"), "sending is now active");
}

/* ---- pauses of some -------------------------------------------------------- */
static void
test_pause(void **state)
{
	const size_t go = verdicts("go");

	(void)state;
	const size_t meets = count(EVENING, "queue --trigger meet", "reason",
	    "go");
	assert_true(meets > 0 && go > meets);
	const char *out = run(0, "pause --trigger meet --until 2027-01-04T12:00 "
	    "--reason rebuilding");
	says(out, "paused: trigger meet, until Mon 2027-01-04 12:00 "
	    "(`npsync resume ");
	(void)snprintf(words, sizeof(words), "the night to 2026-12-02 asks %zu "
	    "(%zu fewer)\n", go - meets, meets);
	says(out, words);
	assert_null(strstr(out, "nobody is asked"));
	assert_int_equal(verdicts("go"), go - meets);
	const size_t waiting = verdicts("paused");
	assert_true(waiting >= meets);
	says(run(0, "queue --trigger meet"), "until 2027-01-04: rebuilding");
	says(run(0, "status"), "paused         trigger meet, until Mon "
	    "2027-01-04 12:00: rebuilding (`npsync resume ");
	/* The same once more replaces it; another stands beside it. */
	(void)run(0, "pause --trigger meet");
	(void)run(0, "pause --country se --campaign 7754");
	assert_int_equal(count(EVENING, "pause --list", "country", "SE"), 1);
	json_t *list = place_json(&tour, EVENING, "pause --list");
	assert_int_equal(json_array_size(list), 2);
	const size_t country = *place_cell(list, 0, "country") == '\0';
	assert_string_equal(place_cell(list, !country, "trigger"), "meet");
	assert_string_equal(place_cell(list, !country, "until"), "");
	(void)snprintf(words, sizeof(words), "resume %s",
	    place_cell(list, country, "id"));
	json_decref(list);
	says(run(0, words), "1 pause taken off");
	says_one_line(place_run(&tour, EVENING, 1, words)->err,
	    "there is no such pause");
	says_one_line(place_run(&tour, EVENING, 1, "resume --trigger sale")->err,
	    "there is no such pause");
	(void)snprintf(words, sizeof(words), "%zu rows of the queue no longer "
	    "wait; the night to 2026-12-02 asks %zu (%zu more)\n", waiting, go,
	    meets);
	says(run(0, "resume --trigger meet"), words);
	assert_int_equal(verdicts("go"), go);
}

/* One that ends before the coming night stops nobody. */
static void
test_pause_ends(void **state)
{
	(void)state;
	says(run(0, "pause --country DK --until 2026-12-01T21:00"),
	    "0 rows of the queue wait now");
	says(run(0, "pause --country DK"), "fewer)");
	says(run(0, "pause"), "is now paused");
	says(run(0, "resume"), "is now active");
	assert_true(verdicts("paused") > 0);
	says(run(0, "pause"), "is now paused");
	/* What is foretold is as if active, and that is said. */
	says(run(0, "pause --trigger sale"), STOPPED);
	says(run(0, "resume --trigger sale"), STOPPED);
	const char *out = run(0, "resume --all");
	says(out, "is now active");
	says(out, "1 pause taken off");
	assert_int_equal(verdicts("paused"), 0);
}

/* ---- by hand ----------------------------------------------------------------- */
static void
test_enqueue(void **state)
{
	static const char *const as_anna[] = { "SUDO_USER=anna", NULL };

	(void)state;
	place_edit(&tour, "trigger = {", "trigger = { manual = { campaign = "
	    "7751; };");
	says_one_line(place_run(&tour, EVENING, 64, "enqueue --contact "
	    "crm/P-1030 --campaign 7799")->err, "no campaign \"7799\"");
	says_one_line(place_run(&tour, EVENING, 1, "enqueue --contact crm/P-0 "
	    "--campaign 7750")->err, "nothing was enqueued");
	place_use("npsync", as_anna);
	const char *out = run(0, "enqueue --contact crm/P-1004 --campaign 7750 "
	    "--reason asked");
	place_use(NULL, NULL);
	says(out, " enqueued\n");
	/* All rules hold. */
	says(out, "would not: no longer works there");
	assert_null(strstr(out, "nobody is asked"));
	says(run(0, "enqueue --contact crm/P-1004 --campaign 7750"),
	    "was enqueued today already: it is queued");
	says(run(0, "explain P-1004"), "none -> queued by anna: asked");
	/* The campaign is the one that was wished, not the trigger's. */
	json_t *rows = place_json(&tour, EVENING, "queue --trigger manual");
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(place_cell(rows, 0, "reason"), "left_company");
	assert_string_equal(place_cell(rows, 0, "campaign"), "Salg");
	json_decref(rows);
	/* A try is for colleagues, and may be repeated. */
	says_one_line(place_run(&tour, EVENING, 1, "enqueue --test --contact "
	    "crm/P-1004 --campaign 7750")->err, "no card of that id with an "
	    "address in rules.own_domains");
	out = run(0, "enqueue --test --contact crm/P-1007 --campaign 7750");
	says(out, " enqueued\n");
	says(out, "would go Wed 2026-12-02");
	/* On another day it is another event. */
	says(place_run(&tour, "2026-12-02T08:00", 0, "enqueue --contact "
	    "crm/P-1004 --campaign 7750")->out, " enqueued\n");
	/* An event that nobody may be asked about for two days yet. */
	place_edit(&tour, "campaign = 7751; };", "campaign = 7751; "
	    "delay_hours = 48; };");
	(void)run(0, "pause");
	out = run(0, "enqueue --contact crm/P-1001 --campaign 7750");
	says(out, ": not ripe yet (trigger.manual.delay_hours)\n");
	says(out, STOPPED);
	(void)run(0, "resume");
	place_edit(&tour, "campaign = 7751; delay_hours = 48; };",
	    "campaign = 7751; };");
	(void)run(0, "exclude --trigger manual --yes");
}

/* ---- names -------------------------------------------------------------------- */
static void
test_lists(void **state)
{
	(void)state;
	assert_null(strstr(run(0, "lists"), "not known"));
	place_edit(&tour, "\"Kunde\", \"Sam", "\"Kunnde\", \"Sam");
	says(run(0, "lists"), "\ntrigger.meet.relations: relation \"Kunnde\" is "
	    "not known to the CRM; nearest: \"Kunde\" (");
	assert_null(strstr(run(0, "lists relation"), "Kunnde"));
	says(run(0, "check"), "\nwarn  trigger.meet.relations: relation "
	    "\"Kunnde\" is not known to the CRM; nearest: \"Kunde\" (");
	place_edit(&tour, "\"Kunnde\", \"Sam", "\"Kunde\", \"Sam");
	place_edit(&tour, "campaign = 7752;", "campaign = 7725;");
	says(place_run(&tour, EVENING, 78, "check")->out,
	    "FAIL  trigger case, campaign 7725: the survey service has no such "
	    "campaign; nearest: \"7752\" (");
	place_edit(&tour, "campaign = 7725;", "campaign = 7752;");
	says(run(0, "check --fix"), "there is nothing to fix");
}

/* ---- what cannot be meant -------------------------------------------------------- */
/* In one line each: the key, what is wrong with it, what to do. */
static void
test_doubts(void **state)
{
	static const char wrong[] = "consent = { max_age_days = 30; };\n"
	    "programmes = ( { name = \"r\"; kind = \"relationship\"; campaigns = "
	    "[ \"7752\", \"9999\" ]; } );\nrules = { frequency = ( { scope = \"campaign\"; days = 20; } );";

	(void)state;
	assert_null(strstr(run(0, "check"), "warn  trigger."));
	place_edit(&tour, "language = \"fi\"; id", "language = \"da\"; id");
	place_edit(&tour, "rules = {", wrong);
	const char *out = run(0, "check");
	says(out, "\nwarn  trigger.sale.campaign: line 4 (7756) is never reached: "
	    "line 1 (7750) fits all that it does; put it before that one, or take "
	    "it out\n");
	says(out, "\nwarn  trigger.case.campaign: 7752 measures the relationship "
	    "(programme \"r\"), but is asked after an event: the two are not to be "
	    "mixed; give the event a campaign of its own\n");
	says(out, "\nwarn  programme r, campaign 9999: the survey service has no "
	    "such campaign; see `npsync campaigns`\n");
	says(out, "\nwarn  rules.frequency[0]: 1 in 20 days never decides: ");
	place_edit(&tour, wrong, "rules = {");
	place_edit(&tour, "language = \"da\"; id = 7756",
	    "language = \"fi\"; id = 7756");
}

DB_STMT(test_somebody,
    "SELECT lower(email), address_domain, company, company_id FROM"
    " npsync.contact WHERE email ~ '^[a-z.]+@[a-z.]+$' AND company ~ '^[A-Za-z ]+$'"
    " AND NOT gone ORDER BY contact_id LIMIT 1");

static void
card_of_somebody(struct db *db, struct arena *arena, struct db_result **r)
{
	struct db_args args;
	struct err err;

	db_args_init(&args, arena);
	if (!db_query(db, &test_somebody, &args, r, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(db_rows(*r), 1);
}

/* A trial of nobody, a category and codes that no event had, a relation far from
 * any. */
static void
test_unmet(void **state)
{
	static const char pilot[] = "pilot = { addresses = [ \"no@where.example\" ]; "
	    "domains = [ \"where.example\" ]; companies = [ \"Ingen A/S\" ]; };\n"
	    "rules = {";
	static const char codes[] = "trigger = { meets = { campaign = 7749; }; "
	    "renewal = { campaign = 7750; }; ";
	static const char known[] = "pilot = { addresses = [ \"%s\" ]; domains = "
	    "[ \"%s\" ]; companies = [ \"%s\", \"%s\" ]; };\nrules = {";
	struct db *db = place_open_database(&tour);
	AUTO(arena) struct arena *arena = arena_new(1 << 16);
	AUTO(db_result) struct db_result *r = NULL;
	char text[600];

	(void)state;
	place_edit(&tour, "rules = {", pilot);
	place_edit(&tour, "trigger = {", codes);
	place_edit(&tour, "\"Kundepleje\", \"", "\"Kundeplej\", \"");
	place_edit(&tour, "\"Kunde\", \"Sam", "\"Xyzzyx\", \"Sam");
	const char *out = run(0, "check");
	says(out, "\nwarn  pilot.addresses: number 1 is never asked: no card has it; "
	    "name one that a card has\n");
	says(out, "\nwarn  pilot.domains: \"where.example\" is never asked: no card "
	    "has it; name one that a card has\n");
	says(out, "\nwarn  pilot.companies: \"Ingen A/S\" is never asked: no card "
	    "has it; name one that a card has\n");
	says(out, "\nwarn  trigger.meet.categories: category \"Kundeplej\" was met "
	    "in no event yet; nearest: \"Kundepleje\" (");
	says(out, "\nwarn  trigger.meet.relations: relation \"Xyzzyx\" is not known "
	    "to the CRM; see `npsync lists relation`\n");
	assert_null(strstr(out, "no@where"));
	says(out, "\nwarn  trigger.meets: no event of that code came in yet; nearest: "
	    "\"meet\"\n");
	says(out, "\nwarn  trigger.renewal: no event of that code came in yet; name "
	    "one that the CRM's connector gives, or take the trigger out\n");
	assert_null(strstr(out, "warn  trigger.manual"));
	assert_null(strstr(out, "no such event came in yet"));
	place_edit(&tour, codes, "trigger = {");
	/* Those of a card. */
	assert_non_null(arena);
	card_of_somebody(db, arena, &r);
	(void)snprintf(text, sizeof(text), known, db_text(r, 0, 0),
	    db_text(r, 0, 1), db_text(r, 0, 2), db_text(r, 0, 3));
	place_edit(&tour, pilot, text);
	out = run(0, "check");
	says(out, "\nwarn  pilot: is set: ");
	assert_null(strstr(out, "warn  pilot."));
	place_edit(&tour, text, "rules = {");
	place_edit(&tour, "\"Kundeplej\", \"", "\"Kundepleje\", \"");
	place_edit(&tour, "\"Xyzzyx\", \"Sam", "\"Kunde\", \"Sam");
	db_close(db);
}

static void
script(struct db *db, const char *sql)
{
	struct err err;

	if (!db_script(db, sql, &err))
		fail_msg("%s", err.msg);
}

/* Rules of consent and no card that has any; a trigger without events. */
static void
test_no_consent(void **state)
{
	struct db *db = place_open_database(&tour);

	(void)state;
	script(db, "CREATE TABLE public.kept AS SELECT contact_id, consent,"
	    " consent_at, country FROM npsync.contact");
	script(db, "UPDATE npsync.contact SET consent = NULL, consent_at = NULL,"
	    " country = CASE contact_id WHEN 'P-1001' THEN 'DE'"
	    " WHEN 'P-1002' THEN 'Tyskland' ELSE country END");
	const char *out = run(0, "check");
	says(out, "\nwarn  trigger.inact.require_consent: nobody is ever asked: no "
	    "card says yes or no; name the CRM's field of consent, or set it to "
	    "false\n");
	says(out, "\nwarn  policy: 1 card of countries whose law asks for consent is "
	    "never asked: no card says yes or no; name the CRM's field of consent, "
	    "or change the policy\n");
	says(out, "\nwarn  policy: 1 card has no ISO code as country (\"Tyskland\"): "
	    "for every rule the country is unknown; let the CRM's export give codes "
	    "such as DE\n");
	/* A CRM without cases. */
	script(db, "UPDATE npsync.event_seen SET trigger = 'kept' WHERE trigger ="
	    " 'case'");
	says(run(0, "check"), "\nwarn  trigger.case: no such event came in yet: name "
	    "the CRM's table of them, or take the trigger out\n");
	script(db, "UPDATE npsync.event_seen SET trigger = 'case' WHERE trigger ="
	    " 'kept'");
	script(db, "UPDATE npsync.contact SET consent = true");
	place_edit(&tour, "rules = {", "consent = { max_age_days = 30; };\n"
	    "rules = {");
	out = run(0, "check");
	assert_null(strstr(out, "says yes or no"));
	says(out, "\nwarn  consent.max_age_days: no consent counts: no card has the "
	    "date of its consent; name the CRM's field of that date, or take the "
	    "key out\n");
	place_edit(&tour, "consent = { max_age_days = 30; };\nrules = {",
	    "rules = {");
	script(db, "UPDATE npsync.contact c SET consent = k.consent, consent_at ="
	    " k.consent_at, country = k.country FROM public.kept k WHERE"
	    " k.contact_id = c.contact_id");
	script(db, "DROP TABLE public.kept");
	db_close(db);
	assert_null(strstr(run(0, "check"), "consent"));
}

/* Campaigns whose answers cannot be told apart on a card, or not be written. */
static void
test_campaign_names(void **state)
{
	static const char *const options[] = { "--campaigns",
		"7757=NoSend,7758=m\xc3\xb8" "de,7755=Salg (NO),7756=Kauppa", NULL };
	char dir[400], was[40], is[40];

	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s/names", tour.dir);
	struct simproc *sim = simproc_start(dir, options);
	(void)snprintf(was, sizeof(was), "127.0.0.1:%d", simproc_port(tour.sim));
	(void)snprintf(is, sizeof(is), "127.0.0.1:%d", simproc_port(sim));
	place_edit(&tour, was, is);
	(void)run(0, "check");
	place_edit(&tour, "loss = { campaign = 7751;",
	    "loss = { campaign = 7757;");
	place_edit(&tour, "case = { campaign = 7752;",
	    "case = { campaign = 7758;");
	const char *out = run(78, "check");
	says(out, "\nFAIL  trigger loss, campaign 7757: its answers can be written to "
	    "no card; rename it at the survey service: campaign name: \"NoSend\" is "
	    "the tag of people who want no surveys\n");
	says(out, "\nok    trigger case, campaign 7758: m\xc3\xb8" "de\n");
	says(out, "\nFAIL  trigger meet, campaign 7749: its tags would be those of "
	    "campaign 7758, \"m\xc3\xb8" "de\"; rename one at the survey service\n");
	place_edit(&tour, "loss = { campaign = 7757;",
	    "loss = { campaign = 7751;");
	place_edit(&tour, "case = { campaign = 7758;",
	    "case = { campaign = 7752;");
	place_edit(&tour, is, was);
	simproc_stop(sim);
}

/* ---- an edited file ----------------------------------------------------------------- */
static void
copy_conf(char path[500])
{
	char text[8000] = "";
	FILE *f = fopen(tour.conf, "re");

	assert_non_null(f);
	(void)snprintf(path, 500, "%s/edited.conf", tour.dir);
	const size_t n = fread(text, 1, sizeof(text) - 1, f);
	assert_true(n > 0 && feof(f));
	(void)fclose(f);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void
test_diff(void **state)
{
	struct place edited = tour;
	char path[500], args[600];

	(void)state;
	copy_conf(path);
	(void)snprintf(edited.conf, sizeof(edited.conf), "%.399s", path);
	(void)snprintf(args, sizeof(args), "check --diff %s", path);
	says(run(0, args), "no setting differs\n");
	assert_null(strstr(run(0, args), "would"));
	const size_t go = verdicts("go");
	const size_t losses = count(EVENING, "queue --trigger loss", "reason",
	    "go");
	assert_true(losses > 0);
	place_edit(&edited, "loss = { campaign = 7751; require_consent = false;",
	    "loss = { enabled = false; campaign = 7751; require_consent = "
	    "false;");
	place_edit(&edited, "relations = [ \"Kunde\", \"Samarbejdspartner\" ]; "
	    "}", "}");
	place_edit(&edited, "rules = {", "send = { at = \"10:00\"; };\nrules = {");
	const char *out = run(0, args);
	says(out, "  trigger.loss.enabled: true -> false\n");
	says(out, "  trigger.meet.relations: \"Kunde\",\"Samarbejdspartner\" -> "
	    "(empty)\n");
	says(out, "the next mails leave Wed 2026-12-02 10:00, not Wed "
	    "2026-12-02 09:00\n");
	(void)snprintf(words, sizeof(words), "%zu row%s would no longer go:\n",
	    losses, losses == 1 ? "" : "s");
	says(out, words);
	says(out, " more would go:\n");
	says(out, "would go Wed 2026-12-02 10:00; now: would not: category");
	json_t *rows = place_json(&tour, EVENING, args);
	assert_true(json_array_size(rows) > losses);
	json_decref(rows);
	assert_int_equal(count(EVENING, args, "is", "trigger_off"),
	    count(EVENING, "queue --trigger loss", "trigger", "loss"));
	/* Nothing came of it. */
	assert_int_equal(verdicts("go"), go);
	place_edit(&edited, "tenant = \"demo\"", "tenant = \"other\"");
	says_one_line(place_run(&tour, EVENING, 64, args)->err,
	    "is of the tenant \"other\", not \"demo\"");
}

/* ---- a flood ------------------------------------------------------------------------- */
/* What a restored backup left is not a flood. */
static void
hold_for(const char *reason, const char *id)
{
	struct db *db = place_open_database(&tour);
	struct err err;
	char sql[200];

	(void)snprintf(sql, sizeof(sql), "UPDATE npsync.queue SET reason = '%s' "
	    "WHERE queue_id = %s AND state = 'held'", reason, id);
	if (!db_script(db, sql, &err))
		fail_msg("%s", err.msg);
	db_close(db);
}

static void
test_release(void **state)
{
	char id[32];

	const size_t meets = count(EVENING, "queue --trigger meet", "reason",
	    "go");

	(void)state;
	place_clock(&tour, NIGHT_UTC);
	place_edit(&tour, "rules = {", "rules = { flood_floor = 1; ");
	says(place_run(&tour, NIGHT, 0, "run night")->out, "held");
	const size_t held = count(NIGHT, "queue", "reason", "flood");
	assert_true(held > meets && meets > 1);
	says(place_run(&tour, NIGHT, 1, "release --trigger meet")->out,
	    "rows would be changed; nothing was");
	assert_int_equal(count(NIGHT, "queue", "reason", "flood"), held);
	json_t *rows = place_json(&tour, NIGHT, "queue --trigger meet");
	(void)snprintf(id, sizeof(id), "%s", place_cell(rows, 0, "id"));
	json_decref(rows);
	(void)snprintf(words, sizeof(words), "release %s --yes", id);
	hold_for("restore", id);
	says_one_line(place_run(&tour, NIGHT, 1, words)->err, "for those held "
	    "for restore: `npsync resolve --after-restore TIME`");
	says(place_run(&tour, NIGHT, 1, "release --trigger meet")->out,
	    "1 held for another reason stays");
	hold_for("flood", id);
	says(place_run(&tour, NIGHT, 0, words)->out, "1 row released\n");
	says_one_line(place_run(&tour, NIGHT, 1, words)->err,
	    "it cannot be changed by this command");
	says(place_run(&tour, NIGHT, 0, "release --reason flood --yes")->out,
	    " released\n");
	assert_int_equal(count(NIGHT, "queue", "reason", "flood"), 0);
	/* Never again. */
	says(place_run(&tour, NIGHT, 0, "run night")->out, " sent");
	assert_int_equal(count(NIGHT, "queue", "reason", "flood"), 0);
	says(place_run(&tour, NIGHT, 0, "release --reason flood --yes")->out,
	    "no row to release");
}

/* ---- settings -------------------------------------------------------------------------- */
static void
test_settings(void **state)
{
	(void)state;
	/* Apart: a slow start moves a run that begins at a fixed time. */
	assert_null(strstr(place_run(&tour, "2026-12-02T03:30", 0, "run night")->out,
	    "settings"));
	json_t *runs = place_json(&tour, NIGHT, "runs --limit 2");
	assert_string_equal(place_cell(runs, 0, "settings"),
	    place_cell(runs, 1, "settings"));
	assert_int_equal(strlen(place_cell(runs, 0, "settings")), 6);
	(void)snprintf(words, sizeof(words), "settings changed since run %s: "
	    "rules.throttle_days 30 -> 45, pilot.domains - -> \"b.example\"\n",
	    place_cell(runs, 0, "run"));
	json_decref(runs);
	place_edit(&tour, "level = \"warning\"", "level = \"notice\"");
	place_edit(&tour, "rules = {", "pilot = { domains = [ \"b.example\" ]; "
	    "addresses = [ \"canary@b.example\" ]; };\n"
	    "rules = { throttle_days = 45; ");
	const struct runproc *r = place_run(&tour, "2026-12-02T04:00", 0, "run night");
	says(r->out, words);
	says(r->err, "changed=\"rules.throttle_days 30 -> 45, ");
	assert_null(strstr(r->err, "canary"));
	/* Told once. */
	assert_null(strstr(place_run(&tour, "2026-12-02T04:30", 0, "run night")->out,
	    "settings"));
	/* The hourly run has its own run before. */
	says(place_run(&tour, "2026-12-02T05:00", 0, "run hourly")->out, "settings changed");
}

/* ---- who did what ----------------------------------------------------------------------- */
DB_STMT(test_audit_rows,
    "SELECT action || ' ' || subject || coalesce(': ' || detail, '') FROM npsync.audit"
    " WHERE actor <> 'anna' ORDER BY audit_id");

static void
test_audit(void **state)
{
	static const char *const expected[] = { "activate demo", "pause demo: "
	    "holidays", "resume demo", "pause trigger meet: until Mon 2027-01-04 "
	    "12:00: rebuilding", "pause trigger meet", "pause campaign 7754, "
	    "country SE", "resume pause ", "resume trigger meet",
	    "pause country DK: until ", "pause country DK", "pause demo",
	    "resume demo", "pause demo", "pause trigger sale",
	    "resume trigger sale", "resume demo", "resume all",
	    "enqueue row ", "enqueue row ", "pause demo", "enqueue row ",
	    "resume demo",
	    "exclude 4 rows", "release 1 rows", "release " };
	AUTO(db_result) struct db_result *r = NULL;
	AUTO(arena) struct arena *arena = arena_new(1 << 16);
	struct db_args args;
	struct err err;
	struct db *db = place_open_database(&tour);

	(void)state;
	db_args_init(&args, arena);
	if (!db_query(db, &test_audit_rows, &args, &r, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(db_rows(r), ARRAY_LEN(expected));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		const char *row = db_text(r, (int)i, 0);
		if (strncmp(row, expected[i], strlen(expected[i])) != 0)
			fail_msg("%zu: %s", i, row);
	}
	db_close(db);
}

/* ---- a new installation ----------------------------------------------------------------- */
static void
put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
test_init(void **state)
{
	static const struct { const char *answers, *expect; int code; } bad[] = {
		{ "tenant = a\n", "own_domains: an answer is missing", 64 },
		{ "own_domains = a.dk\n", "tenant: an answer is missing", 64 },
		{ "tenant = a\nown_domains = a.dk\ncolour = red\n",
		    ":3: expected KEY = VALUE", 64 },
		{ "tenant\n", ":1: expected KEY = VALUE", 64 },
		{ "tenant = a\nown_domains = a.dk\nmeet_campaign = x\n",
		    "meet_campaign: expected a number, got \"x\"", 64 },
		{ "tenant = a\nown_domains = a.dk\nmeet_campaign = "
		    "1234567890123456789\n", "meet_campaign: expected a number",
		    64 },
		{ "tenant = a b\nown_domains = a.dk\n",
		    "nothing was written: ", 78 },
		{ "tenant = \"a\\\nown_domains = a.dk\n",
		    "nothing was written: ", 78 },
		{ "tenant = a\nown_domains = a.dk\ntimezone = Europe/Nowhere\n",
		    "nothing was written: ", 78 },
	};
	struct place p = tour;
	char path[500], args[600];
	struct stat st;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/answers", tour.dir);
	(void)snprintf(args, sizeof(args), "init --answers %s", path);
	(void)snprintf(p.conf, sizeof(p.conf), "%.380s/first.conf", tour.dir);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		put_file(path, bad[i].answers);
		says_one_line(place_run(&p, NULL, bad[i].code, args)->err,
		    bad[i].expect);
		assert_int_not_equal(stat(p.conf, &st), 0);
	}
	says_one_line(place_run(&p, NULL, 64, "init")->err,
	    "expected a terminal");
	put_file(path, "# ours\ntenant = acme\nown_domains = a.dk, b.dk\n\n"
	    "meet_campaign = 7749\nbudget_year = 500\n"
	    "state_dir = /nonexistent/npsync\n");
	const char *out = place_run(&p, NULL, 0, args)->out;
	says(out, "first.conf is written\nnot tried yet: survey.api_key: ");
	says(out, " secret set npstoday ");
	assert_int_equal(stat(p.conf, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	/* Each answer has found its place, and what is not used is off. */
	place_edit(&p, "\ntenant = \"acme\";\n", "\ntenant = \"acme\";\n");
	place_edit(&p, "[ \"a.dk\", \"b.dk\" ]", "[ \"a.dk\", \"b.dk\" ]");
	place_edit(&p, "\tyear = 500;", "\tyear = 500;");
	place_edit(&p, "sale = {\n\t\t# The first line",
	    "sale = {\n\t\t# The first line");
	place_edit(&p, "\t\tenabled = false;\n\t\t#campaign = ( {",
	    "\t\tenabled = false;\n\t\t#campaign = ( {");
	says_one_line(place_run(&p, NULL, 64, args)->err,
	    "is there already: nothing was written");
	/* With a key it is tried at once. */
	(void)snprintf(p.conf, sizeof(p.conf), "%.380s/second.conf", tour.dir);
	(void)snprintf(words, sizeof(words), "tenant = acme\nown_domains = a.dk\n"
	    "sale_campaign = 7750\napi_key = file:%s\nbase_url = "
	    "http://127.0.0.1:%d\nstate_dir = /nonexistent/npsync\n", tour.key,
	    simproc_port(tour.sim));
	put_file(path, words);
	out = place_run(&p, NULL, -2, args)->out;
	says(out, "\nok    survey npstoday\nok    trigger sale, campaign 7750: ");
	says(out, "\nFAIL  database: ");
	says(out, "\nnext:\n");
}

/* The sample that was installed holds nobody's decision. */
static void
test_init_over_sample(void **state)
{
	struct place p = tour;
	char path[500], args[600], fresh[500];
	struct stat st;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/answers", tour.dir);
	(void)snprintf(args, sizeof(args), "init --answers %s", path);
	(void)snprintf(p.conf, sizeof(p.conf), "%.380s/third.conf", tour.dir);
	(void)snprintf(fresh, sizeof(fresh), "%s.new", p.conf);
	put_file(p.conf, place_run(&p, NULL, 0, "--print-config")->out);
	assert_int_equal(stat(p.conf, &st), 0);
	const off_t sample = st.st_size;
	/* What is no good leaves it where it was. */
	put_file(path, "tenant = a b\nown_domains = a.dk\n");
	says_one_line(place_run(&p, NULL, 78, args)->err,
	    "nothing was written: ");
	assert_int_equal(stat(p.conf, &st), 0);
	assert_int_equal(st.st_size, sample);
	assert_int_not_equal(stat(fresh, &st), 0);
	/* Another init is at it. */
	put_file(path, "tenant = acme\nown_domains = a.dk\n"
	    "meet_campaign = 123456789012345678\n");
	put_file(fresh, "");
	says_one_line(place_run(&p, NULL, 64, args)->err,
	    "third.conf.new: File exists");
	assert_int_equal(unlink(fresh), 0);
	says(place_run(&p, NULL, 0, args)->out, "third.conf is written\n");
	assert_int_not_equal(stat(fresh, &st), 0);
	assert_int_equal(stat(p.conf, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	place_edit(&p, "campaign = 123456789012345678L;", "campaign = 7749;");
	/* Touched by hand: no longer the sample. */
	put_file(p.conf, place_run(&p, NULL, 0, "--print-config")->out);
	place_edit(&p, "tenant = \"example\"", "tenant = \"example2\"");
	says_one_line(place_run(&p, NULL, 64, args)->err,
	    "is there already: nothing was written");
}

/* Somebody else writes the file while the questions are answered. */
static void
test_init_meanwhile(void **state)
{
	static const char answers[] = "tenant = acme\nown_domains = a.dk\n";
	struct place p = tour;
	char fifo[500], args[600], fresh[500], kept[100];
	struct runproc r;
	struct stat st;

	(void)state;
	(void)snprintf(fifo, sizeof(fifo), "%s/answers.fifo", tour.dir);
	(void)snprintf(args, sizeof(args), "init --answers %s", fifo);
	(void)snprintf(p.conf, sizeof(p.conf), "%.380s/raced.conf", tour.dir);
	(void)snprintf(fresh, sizeof(fresh), "%s.new", p.conf);
	assert_int_equal(mkfifo(fifo, 0644), 0);
	place_start(&r, &p, NULL, args);
	/* Opened by both: it has looked for the file before. */
	const int fd = open(fifo, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	put_file(p.conf, "# mine\n");
	assert_int_equal(write(fd, answers, strlen(answers)), strlen(answers));
	(void)close(fd);
	runproc_wait(&r, 30);
	assert_int_equal(r.code, 64);
	says_one_line(r.err, "raced.conf is there already: nothing was written");
	runproc_free(&r);
	FILE *f = fopen(p.conf, "re");
	assert_non_null(f);
	assert_non_null(fgets(kept, sizeof(kept), f));
	(void)fclose(f);
	assert_string_equal(kept, "# mine\n");
	assert_int_not_equal(stat(fresh, &st), 0);
	assert_int_equal(unlink(fifo), 0);
}

/* npsync init at a terminal, where somebody types that and then ends it. */
static int
type_at(const struct place *p, const char *typed, char *said, size_t max)
{
	char program[1100];
	size_t len = 0;
	ssize_t n;
	int status;
	const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(master >= 0 && grantpt(master) == 0 &&
	    unlockpt(master) == 0);
	(void)snprintf(program, sizeof(program), "%s/npsync", simproc_build());
	const int tty = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(tty >= 0);
	const pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < 3; i++)
			if (dup2(tty, i) < 0)
				_exit(126);
		(void)execl(program, "npsync", "-c", p->conf, "init",
		    (char *)NULL);
		_exit(127);
	}
	(void)close(tty);
	assert_int_equal(write(master, typed, strlen(typed)), strlen(typed));
	assert_int_equal(write(master, "\004", 1), 1);
	while (len + 1 < max &&
	    (n = read(master, said + len, max - len - 1)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	(void)close(master);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_init_asks(void **state)
{
	static char said[16000];
	struct place p = tour;
	char typed[700], path[501], wanted[600];
	struct stat st;

	(void)state;
	(void)snprintf(p.conf, sizeof(p.conf), "%.380s/typed.conf", tour.dir);
	memset(path, 'x', 500);
	path[0] = '/';
	path[500] = '\0';
	/* What is too long for one answer is not the next. */
	(void)snprintf(typed, sizeof(typed), "acme\n\n\n\na.dk\n%sy\n"
	    "\n\n\n\n\n\n\n\n", path);
	assert_int_equal(type_at(&p, typed, said, sizeof(said)), 64);
	says(said, "exports: expected at most 500 characters; nothing was");
	assert_int_not_equal(stat(p.conf, &st), 0);
	(void)snprintf(typed, sizeof(typed), "\nacme\n\n\n\na.dk\n%s\n"
	    "\n\n\n\n\n\n\n\n", path);
	assert_int_equal(type_at(&p, typed, said, sizeof(said)), 0);
	says(said, "typed.conf is written\r\n");
	(void)snprintf(wanted, sizeof(wanted), "dir = \"%s\";", path);
	place_edit(&p, wanted, wanted);
	place_edit(&p, "tenant = \"acme\";", "tenant = \"acme\";");
	/* Ended before the last answer. */
	(void)snprintf(p.conf, sizeof(p.conf), "%.380s/cut.conf", tour.dir);
	assert_int_equal(type_at(&p, "acme\n", said, sizeof(said)), 64);
	says(said, "no answer; nothing was written");
	assert_int_not_equal(stat(p.conf, &st), 0);
}

/* ---- who did it ------------------------------------------------------------------------ */
static int
set_up(void **state)
{
	if (places_begin(state) != 0)
		return -1;
	place_make(&tour, "admin", "admin", true);
	place_export(&tour, 1);
	(void)place_run(&tour, DAY, 0, "run hourly");
	place_export(&tour, 2);
	(void)place_run(&tour, EVENING, 0, "run hourly");
	return 0;
}

static int
tear_down(void **state)
{
	place_free(&tour);
	return places_end(state);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_words),
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_pause_ends),
		cmocka_unit_test(test_enqueue),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_doubts),
		cmocka_unit_test(test_unmet),
		cmocka_unit_test(test_no_consent),
		cmocka_unit_test(test_campaign_names),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_audit),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_init_over_sample),
		cmocka_unit_test(test_init_meanwhile),
		cmocka_unit_test(test_init_asks),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("cli_admin", tests, set_up,
	    tear_down);
}
