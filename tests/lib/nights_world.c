#include "nights_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "testdb.h"

#define SAY_MAX 20

DB_STMT(nights_row,
    "SELECT queue_id, attempt, state, coalesce(reason, '') FROM npsync.queue"
    " WHERE tenant_id = $1 AND connector = 'crm' AND trigger = $2"
    "   AND event_id = $3 AND contact_id = $4");

struct scene scene;

void
nights_violation(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!scene.set->judge || scene.got.violations++ >= SAY_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_error("# %s\n", text);
}

int
nights_luck(int n)
{
	return fakecrm_random(&scene.rng, n);
}

const char *
nights_iso(int64_t t)
{
	return sim_time_iso(t);
}

/* ---- configuration ---------------------------------------------------------- */
static const char conf_text[] =
    "tenant = \"nights\";\n"
    "state_dir = \"%s\";\n"
    /* The oracle knows no refusal by a tag that npsync wrote. */
    "writeback = { opt_outs = false; };\n"
    "rules = { own_domains = [ \"egen.example\" ]; throttle_days = %d; "
    "count_foreign = %s; company_max = 0; flood_floor = 0; };\n"
    "trigger = {\n"
    "  sale = { delay_hours = 20; campaign = ( { language = \"da\"; id = 7750; },\n"
    "    { language = \"sv\"; id = 7754; } ); };\n"
    "  loss = { campaign = 7751; require_consent = true; };\n"
    "  case = { campaign = 7752; max_age_days = 14; on_throttle = \"defer\"; };\n"
    "  meet = { campaign = 7749; categories = [ \"Kundepleje\", \"Statusmøde\" ]; };\n"
    "  inact = { enabled = true; campaign = 7753; period_days = 30; width_days = 10; };\n"
    "};\n"
    "crm = ( { name = \"crm\"; driver = \"files\"; dir = \"%s\";\n"
    "  date_format = [ \"dd-MM-yyyy HH:mm\" ];\n"
    "  contacts = { file = \"contacts.csv\"; id = \"KontaktId\"; email = \"E-mail\";\n"
    "    first_name = \"Fornavn\"; last_name = \"Efternavn\"; company_id = \"FirmaId\";\n"
    "    language = \"Sprog\"; employed = \"Ansat\"; consent = \"Samtykke\"; };\n"
    "  companies = { file = \"companies.csv\"; id = \"FirmaId\"; name = \"Firmanavn\"; };\n"
    "  activities = { file = \"activities.csv\"; id = \"Id\"; contact = \"KontaktId\";\n"
    "    kind = \"Type\"; date = \"Tidspunkt\"; status = \"Status\"; category = \"Kategori\"; };\n"
    "  deals = { file = \"deals.csv\"; id = \"Id\"; contact = \"KontaktId\";\n"
    "    date = \"Tidspunkt\"; status = \"Status\"; };\n"
    "  cases = { file = \"cases.csv\"; id = \"Id\"; contact = \"KontaktId\";\n"
    "    date = \"Tidspunkt\"; status = \"Status\"; };\n"
    "  tags = { file = \"tags.csv\"; contact = \"KontaktId\"; tag = \"Infotag\"; };\n"
    "  company_tags = { file = \"company_tags.csv\"; company = \"FirmaId\"; tag = \"Infotag\"; };\n"
    "  out = { dir = \"%s\"; key = \"Kontaktnøgle\"; }; } );\n"
    "survey = { driver = \"npstoday\"; base_url = \"http://127.0.0.1:%d\";\n"
    "  api_key = \"file:%s/key\"; members = { enabled = %s; };\n"
    "  retries = 2; backoff_s = 0.0; backoff_max_s = 0.0; };\n";

static const char *
word(bool yes)
{
	return yes ? "true" : "false";
}

static void
conf_write(const char *path, const char *export, const char *sheets,
    const char *service)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	(void)fprintf(f, conf_text, scene.dir, scene.set->throttle_days,
	    word(scene.set->count_foreign), export, sheets,
	    simproc_port(scene.sim), service, word(scene.set->members));
	assert_int_equal(fclose(f), 0);
}

static void
conf_open(const char *path)
{
	struct err err = { 0 };

	if (!conf_load(path, scene.arena, &scene.conf, &err) ||
	    !conf_load_secrets(scene.conf, scene.arena, &err))
		fail_msg("%s", err.msg);
	/* The real limit would take hours of waiting. */
	scene.conf->survey.http.rate_per_second = 0;
}

/* ---- our session dies at a write --------------------------------------------- */
/* A trigger of the test's own counts the statements that write. */
static const char kill_sql[] =
    "CREATE SEQUENCE public.wound MINVALUE -100000 START 1;"
    "CREATE FUNCTION public.wound() RETURNS trigger LANGUAGE plpgsql AS $$"
    " BEGIN IF nextval('public.wound') = 0 THEN"
    "   PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$;";
static const char *const wounded[] = { "queue", "queue_history",
	"person_send", "cursor", "run_count", "answer", "tag_want", "contact",
	"tenant" };

static void
script(const char *sql)
{
	struct err err = { 0 };

	if (!db_script(scene.db, sql, &err))
		fail_msg("%s", err.msg);
}

static void
kill_prepare(void)
{
	char sql[256];

	script(kill_sql);
	for (size_t i = 0; i < ARRAY_LEN(wounded); i++) {
		(void)snprintf(sql, sizeof(sql), "CREATE TRIGGER wound AFTER "
		    "INSERT OR UPDATE ON npsync.%s FOR EACH STATEMENT "
		    "EXECUTE FUNCTION public.wound()", wounded[i]);
		script(sql);
	}
}

void
nights_kill_at(int n)
{
	char sql[80];

	(void)snprintf(sql, sizeof(sql), "SELECT setval('public.wound', %d)",
	    n > 0 ? -n : 1);
	script(sql);
}

static void
tenant_find(void)
{
	struct err err = { 0 };
	const char *const known[] = { scene.conf->tenant };

	if (!tenant_open(scene.db, known[0], known, 1, scene.arena,
	        &scene.tenant, &err))
		fail_msg("%s", err.msg);
}

void
nights_connect(void)
{
	struct err err = { 0 };

	if (db_script(scene.db, "SELECT 1", &err))
		return;
	scene.got.kills++;
	db_close(scene.db);
	scene.db = testdb_again();
	tenant_find();
}

/* ---- open and close ---------------------------------------------------------- */
void
nights_open(const char *name, const struct nights_settings *set)
{
	char export[320], sheets[320], service[320], conf[320];

	scene = (struct scene){ .set = set, .rng = set->seed ^ 77 };
	(void)snprintf(scene.dir, sizeof(scene.dir), "%s/%s", testdb_dir(),
	    name);
	(void)snprintf(export, sizeof(export), "%s/export", scene.dir);
	(void)snprintf(sheets, sizeof(sheets), "%s/import", scene.dir);
	(void)snprintf(service, sizeof(service), "%s/service", scene.dir);
	(void)snprintf(conf, sizeof(conf), "%s/npsync.conf", scene.dir);
	assert_true(mkdir(scene.dir, 0700) == 0 && mkdir(export, 0700) == 0 &&
	    mkdir(sheets, 0700) == 0);
	scene.arena = arena_new((size_t)16 << 20);
	assert_non_null(scene.arena);
	scene.sim = simproc_start(service, set->options);
	conf_write(conf, export, sheets, service);
	conf_open(conf);
	scene.db = testdb_open();
	if (set->troubles)
		kill_prepare();
	tenant_find();
	fakecrm_open(&scene.crm, set->crm_seed, fakecrm_time(set->day, 20, 7),
	    export, sheets);
	oracle_open(&scene.oracle, &scene.crm);
	scene.oracle.throttle_days = set->throttle_days;
}

void
nights_close(void)
{
	oracle_close(&scene.oracle);
	fakecrm_close(&scene.crm);
	db_close(scene.db);
	simproc_stop(scene.sim);
	arena_free(scene.arena);
}

/* ---- the database ------------------------------------------------------------- */
struct db_result *
nights_ask(const struct db_stmt *stmt, const char *a, const char *b,
    const char *c)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	struct db_result *r = NULL;
	struct err err = { 0 };
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, scene.tenant.id);
	if (a != NULL) {
		db_arg_text(&args, a);
		db_arg_text(&args, b);
		db_arg_text(&args, c);
	}
	if (!db_query(scene.db, stmt, &args, &r, &err))
		fail_msg("%s", err.msg);
	return r;
}

struct db_result *
nights_ask_row(const struct oracle_row *row)
{
	struct db_result *r = nights_ask(&nights_row,
	    oracle_event_name(row->event), row->event_id, row->contact_id);

	if (db_rows(r) != 1)
		nights_violation("I1 %s %s: %d rows in the queue",
		    oracle_event_name(row->event), row->event_id, db_rows(r));
	return r;
}
