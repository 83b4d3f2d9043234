/*
 * npsync rehearse over a month whose every figure is known by hand: what it
 * counts, that it keeps nothing, and that it is in nobody's way.
 *
 * Now is Tue 2026-12-01 12:00; 30 days begin on Sun 2026-11-01, Wed 18 to Fri 20
 * are closed: 19 nights, the first to Mon 2 November.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "db.h"
#include "place.h"
#include "rehearsal.h"

#define NOW "2026-12-01T12:00"
#define NOW_UTC "2026-12-01T11:00:00Z"
#define REHEARSE "rehearse --days 30"
#define TEXT_MAX ((size_t)1 << 16)

/* ---- the CRM --------------------------------------------------------------- */
struct meeting {
	const char *contact, *at, *kind, *category;
};
static const struct meeting meetings[] = {
	/* Three in ten days: one survey, two throttled. */
	{ "often", "03-11-2026 10:00", "Møde", "Kundepleje" },
	{ "often", "06-11-2026 10:00", "Møde", "Kundepleje" },
	{ "often", "12-11-2026 10:00", "Møde", "Kundepleje" },
	/* Five people of one company in two days: three surveys. */
	{ "crowd1", "09-11-2026 09:00", "Møde", "Kundepleje" },
	{ "crowd2", "09-11-2026 09:30", "Møde", "Kundepleje" },
	{ "crowd3", "09-11-2026 10:00", "Møde", "Kundepleje" },
	{ "crowd4", "10-11-2026 10:30", "Møde", "Kundepleje" },
	{ "crowd5", "10-11-2026 11:00", "Møde", "Kundepleje" },
	/* Three of the company were asked in the night to 30 October. */
	{ "capped", "02-11-2026 10:00", "Møde", "Kundepleje" },
	/* Its night is closed: Monday the 23rd, another week. */
	{ "closed", "17-11-2026 10:00", "Møde", "Kundepleje" },
	/* Asked on 20 October, so throttled until 19 November. */
	{ "before", "04-11-2026 10:00", "Møde", "Kundepleje" },
	/* Really asked on 3 November, which is none of this. */
	{ "within", "05-11-2026 10:00", "Møde", "Kundepleje" },
	/* No night came after it. */
	{ "today", "01-12-2026 10:00", "Møde", "Kundepleje" },
	/* Not of the period: no row at all. */
	{ "old", "31-10-2026 23:59", "Møde", "Kundepleje" },
	/* An administrator took this event out. */
	{ "excluded", "10-11-2026 10:00", "Møde", "Kundepleje" },
	{ "filtered", "11-11-2026 10:00", "Møde", "Frokost" },
	{ "stranger", "11-11-2026 10:00", "Møde", "Kundepleje" },
	/* Silent for 91 days on 4 November; one calls before he is asked. */
	{ "silent", "05-08-2026 10:00", "Telefon", "" },
	{ "calls", "05-08-2026 10:00", "Telefon", "" },
	{ "calls", "04-11-2026 10:00", "Telefon", "" },
	/* Silent for 91 days before the period: had his night then. */
	{ "longer", "20-07-2026 10:00", "Telefon", "" },
	/* Silent too, after an older deal than the one of the period. */
	{ "buyer", "05-08-2026 10:00", "Telefon", "" },
};
static const char *const sold[] = { "silent", "calls", "longer", "buyer" };
/* One more than the floor of a flood, and three of another week. */
#define FLOOD 21
#define CASES 3
/* So many deals lost on a day are none: 5 a night are usual, 25 not too many. */
#define LOST 22
#define EVENTS (16 + FLOOD + CASES + LOST + 1)

static FILE *
export_open(const struct place *p, const char *name, const char *head)
{
	char path[700];

	(void)snprintf(path, sizeof(path), "%s/export/%s", p->dir, name);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fprintf(f, "%s\n", head) > 0);
	return f;
}

static void
contact_write(FILE *f, const char *id, const char *company)
{
	assert_true(fprintf(f, "%s;%s@kunde.example;F;E;%s;;da;DK;;;Ja;;;\n", id,
	    id, company) > 0);
}

static void
export_contacts(const struct place *p)
{
	static const char *const alone[] = { "often", "closed", "before",
		"within", "today", "old", "excluded", "filtered", "silent",
		"calls", "longer", "buyer", "capped" };
	char id[16];
	FILE *f = export_open(p, "contacts.csv", "KontaktId;E-mail;Fornavn;"
	    "Efternavn;FirmaId;Afdeling;Sprog;Land;KAM;KAM e-mail;Ansat;"
	    "Samtykke;Samtykke dato;Kontaktnøgle");

	for (size_t i = 0; i < ARRAY_LEN(alone); i++)
		contact_write(f, alone[i], alone[i]);
	for (int i = 1; i <= 5; i++) {
		(void)snprintf(id, sizeof(id), "crowd%d", i);
		contact_write(f, id, "crowd");
	}
	for (int i = 1; i <= FLOOD + CASES; i++) {
		(void)snprintf(id, sizeof(id), "case%d", i);
		contact_write(f, id, id);
	}
	for (int i = 1; i <= LOST; i++) {
		(void)snprintf(id, sizeof(id), "lost%d", i);
		contact_write(f, id, id);
	}
	assert_int_equal(fclose(f), 0);
}

static void
export_rest(const struct place *p)
{
	FILE *f = export_open(p, "companies.csv",
	    "FirmaId;Firmanavn;Relation;Segment;Land");

	(void)fprintf(f, "crowd;Crowd A/S;Kunde;;DK\n");
	assert_int_equal(fclose(f), 0);
	f = export_open(p, "activities.csv", "AktivitetId;KontaktId;Type;"
	    "Tidspunkt;Status;Kategori;Medarbejder;Automatisk");
	for (size_t i = 0; i < ARRAY_LEN(meetings); i++)
		(void)fprintf(f, "a%zu;%s;%s;%s;Afholdt;%s;;\n", i,
		    meetings[i].contact, meetings[i].kind, meetings[i].at,
		    meetings[i].category);
	assert_int_equal(fclose(f), 0);
	f = export_open(p, "deals.csv",
	    "SalgsmulighedId;KontaktId;Lukket;Status;Sælger");
	for (size_t i = 0; i < ARRAY_LEN(sold); i++)
		(void)fprintf(f, "d%zu;%s;01-03-2026 10:00;Vundet;\n", i,
		    sold[i]);
	for (int i = 1; i <= LOST; i++)
		(void)fprintf(f, "l%d;lost%d;12-11-2026 10:00;Tabt;\n", i, i);
	/* A sale of the period; asked for his silence three weeks ago. */
	(void)fprintf(f, "d9;buyer;25-11-2026 10:00;Vundet;\n");
	assert_int_equal(fclose(f), 0);
	f = export_open(p, "cases.csv",
	    "SagId;KontaktId;Lukket;Status;Kategori;Sagsbehandler");
	for (int i = 1; i <= FLOOD + CASES; i++)
		(void)fprintf(f, "s%d;case%d;%s 10:00;Lukket;;\n", i, i,
		    i <= FLOOD ? "10-11-2026" : "24-11-2026");
	assert_int_equal(fclose(f), 0);
	f = export_open(p, "tags.csv", "KontaktId;Infotag");
	assert_int_equal(fclose(f), 0);
	f = export_open(p, "company_tags.csv", "FirmaId;Infotag");
	assert_int_equal(fclose(f), 0);
}

/* ---- the database ------------------------------------------------------------ */
static struct place crm;
static struct db *db;

static void
sql(const char *text)
{
	struct err err = { .kind = ERR_NONE };

	if (!db_script(db, text, &err))
		fail_msg("%s", err.msg);
}

static const char *
ask(const char *text)
{
	static char answer[20000];
	const struct db_stmt stmt = { "ask", text };
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { .kind = ERR_NONE };

	if (!db_query(db, &stmt, NULL, &r, &err))
		fail_msg("%s", err.msg);
	const char *cell = db_rows(r) > 0 ? db_text(r, 0, 0) : NULL;
	assert_in_range(snprintf(answer, sizeof(answer), "%s",
	    cell == NULL ? "" : cell), 0, sizeof(answer) - 1);
	return answer;
}

/* Every row of every table, and where every sequence stands. */
static char *
all_rows(void)
{
	static const char *const tables = "SELECT string_agg(format("
	    "'SELECT %L || count(*) || coalesce(md5(string_agg(t::text, ''|'' ORDER BY t::text)), '''')"
	    " AS row FROM npsync.%I t', c.relname || ' ', c.relname), ' UNION ALL ' ORDER BY c.relname)"
	    "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
	    " WHERE n.nspname = 'npsync' AND c.relkind = 'r'";
	char query[20000];
	AUTO(buf) struct buf all;

	assert_in_range(snprintf(query, sizeof(query), "SELECT string_agg(row, "
	    "E'\\n' ORDER BY row) FROM (%s) z", ask(tables)), 1,
	    sizeof(query) - 1);
	buf_init(&all, TEXT_MAX);
	assert_true(buf_str(&all, ask(query)) && buf_str(&all,
	    ask("SELECT string_agg(sequencename || ' ' || "
	        "coalesce(last_value, 0), E'\\n' ORDER BY 1)"
	        "  FROM pg_sequences WHERE schemaname = 'npsync'")));
	char *text = strdup(buf_text(&all));
	assert_non_null(text);
	assert_non_null(strstr(text, "queue "));
	return text;
}

/* ---- the set-up ---------------------------------------------------------------- */
/* History read, two sends before the period and one in it, one row taken out, a
 * pause of a company. */
static int
begin(void **state)
{
	if (places_begin(state) != 0)
		return -1;
	place_make(&crm, "month", "month1", true);
	place_edit(&crm, "test = true;", "test = true; send = { closed = "
	    "[ \"2026-11-18..2026-11-20\" ]; };");
	place_edit(&crm, "relations = [ \"Kunde\", \"Samarbejdspartner\" ]; };",
	    "};");
	place_edit(&crm, "inact = { enabled = true; campaign = 7753; };",
	    "inact = { enabled = true; campaign = 7753; "
	    "require_consent = false; };");
	export_contacts(&crm);
	export_rest(&crm);
	place_clock(&crm, NOW_UTC);
	(void)place_run(&crm, NOW, 0, "run hourly --quiet");
	(void)place_run(&crm, NOW, 0, "pause --company often");
	db = place_open_database(&crm);
	sql("INSERT INTO npsync.person_send (tenant_id, person_key, sent_on, ref, source, campaign)"
	    " SELECT c.tenant_id, k, CASE c.contact_id WHEN 'before' THEN date '2026-10-20'"
	    "        WHEN 'old' THEN '2026-02-03' ELSE '2026-11-03' END, 'ref-' || c.contact_id, 'own', '7749'"
	    "   FROM npsync.contact c, unnest(c.person) k WHERE c.contact_id IN ('before', 'within', 'old');"
	    "INSERT INTO npsync.queue (tenant_id, connector, trigger, event_id, contact_id, occurred_at,"
	    "       created_at, created_night, state, reason, client_ref)"
	    " SELECT tenant_id, 'crm', 'meet', 'a14/excluded', 'excluded', '2026-11-10 10:00+01',"
	    "        '2026-11-10 10:07+01', '2026-11-11', 'excluded', 'by hand', gen_random_uuid()"
	    "   FROM npsync.tenant;"
	    "INSERT INTO npsync.queue (tenant_id, connector, trigger, event_id, contact_id, occurred_at,"
	    "       created_at, created_night, state, due_night, company_id, client_ref)"
	    " SELECT t.tenant_id, 'crm', x.trigger, x.trigger || x.night || n, '', '2026-10-01', '2026-10-01',"
	    "        x.night, 'sent', x.night, x.company, gen_random_uuid()"
	    "   FROM npsync.tenant t, (VALUES ('loss', date '2026-10-21', 5, NULL), ('loss', '2026-10-22', 5, NULL),"
	    "        ('meet', '2026-10-30', 3, 'capped')) x(trigger, night, n_rows, company),"
	    "        generate_series(1, x.n_rows) n");
	return 0;
}

static int
end(void **state)
{
	db_close(db);
	place_free(&crm);
	return places_end(state);
}

/* ---- figures ------------------------------------------------------------------- */
struct figure {
	const char *part, *name, *trigger, *outcome;	/* NULL = any */
	long long n;
};

static bool
is_cell(const json_t *row, const char *key, const char *wanted)
{
	const char *is = json_string_value(json_object_get(row, key));

	return wanted == NULL || strcmp(is == NULL ? "" : is, wanted) == 0;
}

/* The sum of all rows that fit. */
static long long
figure(const json_t *rows, const struct figure *f)
{
	const json_t *row;
	long long n = 0;
	size_t i;

	json_array_foreach(rows, i, row) {
		if (is_cell(row, "part", f->part) &&
		    is_cell(row, "name", f->name) &&
		    is_cell(row, "trigger", f->trigger) &&
		    is_cell(row, "outcome", f->outcome))
			n += json_integer_value(json_object_get(row, "n"));
	}
	return n;
}

static void
check_figures(const json_t *rows, const struct figure *figures, size_t n)
{
	int wrong = 0;

	for (size_t i = 0; i < n; i++) {
		const struct figure *f = &figures[i];
		const long long is = figure(rows, f);
		if (is == f->n)
			continue;
		print_error("%s %s %s %s: %lld, not %lld\n", f->part,
		    f->name == NULL ? "" : f->name,
		    f->trigger == NULL ? "" : f->trigger,
		    f->outcome == NULL ? "" : f->outcome, is, f->n);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static long long
total(const json_t *rows, const char *name)
{
	return figure(rows, &(struct figure){ "total", name, NULL, NULL, 0 });
}

/* Every event is in one outcome, every survey in one week. */
static void
adds_up(const json_t *rows)
{
	const struct figure all = { "outcome", NULL, NULL, NULL, 0 };
	const struct figure sent = { "outcome", NULL, NULL, "sent", 0 };
	const struct figure weeks = { "week", NULL, NULL, NULL, 0 };

	assert_int_equal(figure(rows, &all),
	    total(rows, "events") + total(rows, "silences"));
	assert_int_equal(figure(rows, &sent), total(rows, "surveys"));
	assert_int_equal(figure(rows, &weeks), total(rows, "surveys"));
}

/* 16 meetings of the period, 24 cases, 22 deals lost, one won; three silences. */
static void
test_figures(void **state)
{
	static const struct figure figures[] = {
		{ "total", "days", NULL, NULL, 30 },
		{ "total", "nights", NULL, NULL, 19 },
		{ "total", "events", NULL, NULL, EVENTS },
		{ "total", "silences", NULL, NULL, 3 },
		{ "total", "surveys", NULL, NULL, 33 },
		{ "total", "surveys_a_year", NULL, NULL, 402 },
		{ "total", "really_sent", NULL, NULL, 1 },
		{ "total", "really_sent_by_others", NULL, NULL, 0 },
		{ "total", "pauses_left_out", NULL, NULL, 1 },
		{ "outcome", "throttled", "meet", "suppressed", 3 },
		{ "outcome", "company_cap", "meet", "suppressed", 3 },
		{ "outcome", "", "loss", "sent", LOST },
		{ "outcome", "filtered", "meet", "suppressed", 1 },
		{ "outcome", "no_contact", "meet", "suppressed", 1 },
		{ "outcome", "excluded", "meet", "excluded", 1 },
		{ "outcome", "", "meet", "waiting", 1 },
		{ "outcome", "", "meet", "sent", 6 },
		{ "outcome", "flood", "case", "held", FLOOD },
		{ "outcome", "", "case", "sent", CASES },
		{ "outcome", "throttled", "sale", "suppressed", 1 },
		{ "outcome", "active_again", "inact", "suppressed", 1 },
		{ "outcome", "", "inact", "sent", 2 },
		{ "week", "2026-W45", "meet", NULL, 2 },	/* often, within */
		{ "week", "2026-W45", "inact", NULL, 2 },
		{ "week", "2026-W46", "meet", NULL, 3 },	/* crowd */
		{ "week", "2026-W47", NULL, NULL, 0 },
		{ "week", "2026-W48", "meet", NULL, 1 },	/* closed */
		{ "week", "2026-W48", "case", NULL, CASES },
		{ "week", "2026-W48", "sale", NULL, 0 },
		{ "week", "2026-W49", NULL, NULL, 0 },
		{ "company", "Crowd A/S", NULL, NULL, 3 },
	};
	json_t *rows = place_json(&crm, NOW, REHEARSE);

	(void)state;
	check_figures(rows, figures, ARRAY_LEN(figures));
	adds_up(rows);
	json_decref(rows);
}

/* The year has two sends before the period; four more fit. */
static void
test_budget(void **state)
{
	static const struct figure figures[] = {
		{ "total", "surveys", NULL, NULL, 4 },
		{ "total", "budget_a_year", NULL, NULL, 6 },
		/* 4 in the 9 days before it was used up, in the night to the
		 * 10th; then all five of the crowd are left out. */
		{ "total", "surveys_a_year", NULL, NULL, 162 },
		{ "total", "left_out_a_year", NULL, NULL, 156 },
		{ "outcome", "over_budget", NULL, "suppressed", 9 + LOST },
		{ "outcome", "company_cap", NULL, "suppressed", 1 },
		{ "outcome", "flood", "case", "held", FLOOD },
	};

	(void)state;
	place_edit(&crm, "rules = {", "budget = { year = 6; }; rules = {");
	json_t *rows = place_json(&crm, NOW, REHEARSE);
	check_figures(rows, figures, ARRAY_LEN(figures));
	adds_up(rows);
	json_decref(rows);
	says(place_run(&crm, NOW, 0, REHEARSE)->out, "a year at the rate before "
	    "2026-11-10, when the budget was used up: about 162 surveys; "
	    "budget.year is 6: about 156 of them would be left out");
	place_edit(&crm, "budget = { year = 6; }; ", "budget = { year = 1; }; ");
	says(place_run(&crm, NOW, 0, REHEARSE)->out, "a year: cannot be told, "
	    "budget.year (1) was used up by 2026-11-04");
	place_edit(&crm, "budget = { year = 1; }; ", "budget = { year = 1000; }; ");
	says(place_run(&crm, NOW, 0, REHEARSE)->out, "a year at this rate: "
	    "about 402 surveys; budget.year is 1000\n");
	place_edit(&crm, "budget = { year = 1000; }; ", "budget = { year = 6; }; ");
	place_edit(&crm, "budget = { year = 6; }; ", "");
}

/* A trigger that is off: its events end as such; no silence is looked for. */
static void
test_rules_of_the_file(void **state)
{
	static const struct figure figures[] = {
		{ "total", "silences", NULL, NULL, 0 },
		{ "outcome", "trigger_off", "case", "suppressed", FLOOD + CASES },
		{ "outcome", "throttled", "meet", "suppressed", 0 },
		{ "outcome", "", "meet", "sent", 9 },
	};

	(void)state;
	place_edit(&crm, "case = { ", "case = { enabled = false; ");
	place_edit(&crm, "inact = { enabled = true;", "inact = { enabled = false;");
	place_edit(&crm, "rules = {", "rules = { throttle_days = 3;");
	json_t *rows = place_json(&crm, NOW, REHEARSE);
	check_figures(rows, figures, ARRAY_LEN(figures));
	adds_up(rows);
	json_decref(rows);
	place_edit(&crm, "case = { enabled = false; ", "case = { ");
	place_edit(&crm, "inact = { enabled = false;", "inact = { enabled = true;");
	place_edit(&crm, "rules = { throttle_days = 3;", "rules = {");
}

static void
test_text(void **state)
{
	static const char *const parts[] = {
		"the last 30 days, since 2026-11-01: 19 nights before a sending "
		"day\n63 events in the CRM, 3 silences; nothing is stored, "
		"nothing is sent\n",
		"2026-W46     0    22     0     3      0   25\n",
		"held        flood             21  unusually many events",
		"waiting                        1  not judged yet",
		"Crowd A/S        3       3\n",
		"a year at this rate: about 402 surveys; no budget.year is set\n",
		"what the CRM says of them today",
		"what was planned ahead in those nights is not known",
		"(1 by npsync, 0 by others)",
		"sending is paused", "1 pause in force",
		"21 held by a flood in 1 night",
	};

	(void)state;
	const struct runproc *r = place_run(&crm, NOW, 0, REHEARSE);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		says(r->out, parts[i]);
	says(place_run(&crm, NOW, 0, "--csv " REHEARSE)->out,
	    "\r\noutcome,flood,case,held,21,\r\n");
	says(place_run(&crm, NOW, 0, "rehearse --days 1")->out,
	    "the last 1 day, since 2026-11-30: 1 night before");
	says(place_run(&crm, NOW, 0, "rehearse")->out, "the last 90 days");
}

/* ---- nothing is kept, nobody is disturbed ----------------------------------------- */
static void
test_keeps_nothing(void **state)
{
	char *before = all_rows();
	const long long asked = simproc_stat(crm.sim, "requests");
	size_t sent;

	(void)state;
	says(place_run(&crm, NOW, 0, REHEARSE)->out, "63 events");
	assert_int_equal(simproc_stat(crm.sim, "requests"), asked);
	char *after = all_rows();
	assert_string_equal(after, before);
	(void)simproc_ledger(crm.sim, &sent);
	assert_int_equal(sent, 0);
	free(before);
	free(after);
}

/* A night that has taken the lease and written to people. */
static void
test_beside_a_night(void **state)
{
	(void)state;
	sql("BEGIN; UPDATE npsync.tenant SET epoch = epoch + 1, lease_until = now() + interval '1 h';"
	    "UPDATE npsync.contact SET full_name = 'x'; UPDATE npsync.queue SET version = version + 1;"
	    "UPDATE npsync.cursor SET pass = pass + 1");
	says(place_run(&crm, NOW, 0, REHEARSE)->out, "63 events");
	sql("ROLLBACK");
}

/* The other way round: a rehearsal that is still at it. */
static void
test_no_lock(void **state)
{
	AUTO(arena) struct arena *arena = arena_new((size_t)1 << 20);
	struct err err = { .kind = ERR_NONE };
	struct rehearsal r = { .db = db, .of = 1, .zone = "Europe/Copenhagen",
		.days = 30, .from_day = 20261101, .first_night = 20261102,
		.last_night = 20261201, .sends_since = 20260101, .answers = true,
		.known_on = 20261031, .from = 1793487600, .until = 1796122800 };

	(void)state;
	if (!db_begin(db, 500, &err) || !rehearsal_begin(&r, arena, &err) ||
	    !rehearsal_settle(&r, arena, &err))
		fail_msg("%s", err.msg);
	assert_true(r.tenant_id < 0);
	assert_int_equal(r.rows, 1);
	assert_string_equal(ask("SELECT count(*) FROM npsync.tenant"), "2");
	says(place_run(&crm, NOW, 0, "run hourly")->out, "hourly, night to");
	says(place_run(&crm, NOW, 0, "run night")->out, "night to");
	says(place_run(&crm, NOW, 0, REHEARSE)->out, "63 events");
	db_rollback(db);
	assert_string_equal(ask("SELECT count(*) FROM npsync.tenant"), "1");
}

/* Stopped in the middle of its transaction, hundreds of nights before its end. */
static void
test_cancelled(void **state)
{
	const struct timespec pause = { 0, 5000000 };
	char *before = all_rows();
	struct runproc r;

	(void)state;
	place_start(&r, &crm, NOW, "rehearse --days 730");
	for (int i = 0; strcmp(ask("SELECT count(*) FROM pg_stat_activity"
	         " WHERE datname = current_database() AND pid <> pg_backend_pid()"
	         "   AND backend_xid IS NOT NULL"), "0") == 0; i++) {
		assert_true(i < 2000);
		(void)nanosleep(&pause, NULL);
	}
	assert_int_equal(kill(r.pid, SIGINT), 0);
	runproc_wait(&r, 30);
	assert_int_equal(r.code, 1);
	assert_int_equal(r.out_len, 0);
	says_one_line(r.err, "stopped by a signal");
	runproc_free(&r);
	char *after = all_rows();
	assert_string_equal(after, before);
	free(before);
	free(after);
}

static void
test_bad_input(void **state)
{
	static const char *const bad[] = { "0", "731", "x", "-1", "" };
	char args[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		(void)snprintf(args, sizeof(args), "rehearse --days=%s", bad[i]);
		says_one_line(place_run(&crm, NOW, 64, args)->err,
		    "--days: expected 1 to 730");
	}
	says_one_line(place_run(&crm, NOW, 64, "rehearse 30")->err, "got \"30\"");
	/* Figures without one of the files would mislead. */
	place_edit(&crm, "file = \"deals.csv\"", "file = \"none.csv\"");
	const struct runproc *r = place_run(&crm, NOW, 78, REHEARSE);
	says_one_line(r->err, "none.csv");
	assert_int_equal(r->out_len, 0);
	place_edit(&crm, "file = \"none.csv\"", "file = \"deals.csv\"");
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_rules_of_the_file),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_keeps_nothing),
		cmocka_unit_test(test_beside_a_night),
		cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_no_lock),
	};

	if (argc < 1 || !place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests(tests, begin, end);
}
