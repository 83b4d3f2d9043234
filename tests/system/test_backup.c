/*
 * backup and restore: every row comes back; what is broken, killed or refused
 * leaves all as it was; a cluster whose programs are gone is rebuilt.
 *
 * And an old backup must not ask anybody again (reliability F4): a dump at
 * night k, three more nights with faults, the dump restored, more nights.
 * Nobody may be asked twice by the service's ledger,
 *  - where it lists its respondents: by itself;
 *  - where it lists nothing: nobody is asked until resolve --after-restore.
 * The nights run in this process; backup, restore and resolve are the program's
 * commands.  NPSYNC_LONG=1: 50 of each; NPSYNC_SEED: that one alone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../sim/simtime.h"
#include "clock.h"
#include "cluster.h"
#include "dump.h"
#include "embedded.h"
#include "embedded_int.h"
#include "highwater.h"
#include "ledger.h"
#include "log.h"
#include "night.h"
#include "num.h"
#include "runproc.h"
#include "schema.h"

#define SEED_FIRST 20261125
#define THROTTLE_DAYS 30

DB_STMT(tr_unsettled,
    "SELECT count(*) FROM npsync.queue WHERE tenant_id = $1 AND state = 'held' AND reason = 'restore'");
DB_STMT(tr_flag,
    "SELECT count(*) FROM npsync.tenant WHERE tenant_id = $1 AND restored_at IS NOT NULL");

/* Every row of every table but audit, which restore writes. */
DB_STMT(tr_rows,
    "SELECT md5(string_agg(c.relname || md5(x.t), '|' ORDER BY c.relname)), count(*),"
    "       sum(regexp_count(x.t, '<r>')), min(regexp_count(x.t, '<r>')) FILTER (WHERE c.relname IN"
    "        ('queue', 'queue_history', 'person_send', 'event_seen', 'contact', 'tenant', 'cursor'))"
    "  FROM pg_catalog.pg_class c, LATERAL (SELECT query_to_xml(format('SELECT t::text AS r"
    "         FROM npsync.%I t ORDER BY 1', c.relname), true, false, '')::text AS t) x"
    " WHERE c.relnamespace = 'npsync'::regnamespace AND c.relkind = 'r' AND c.relname <> 'audit'");
DB_STMT(tr_databases,
    "SELECT count(*) FROM pg_catalog.pg_database WHERE NOT datistemplate");
DB_STMT(tr_audit,
    "SELECT count(*) FROM npsync.audit WHERE action = 'restore'");

static const char *const faults[] = {
	"{\"kind\": 500}", "{\"kind\": \"cut_after_body\", \"after\": 1}",
	"{\"kind\": 429, \"retry_after\": 1}", "{\"kind\": \"html\"}",
	"{\"kind\": \"cut_before\", \"after\": 2}", "{\"kind\": \"no_id\"}",
	"{\"kind\": 503, \"on\": \"campaigns\", \"times\": 9}" };

static char base[200], program[300];

static struct world {
	char dir[300], state[340], conf_file[340];
	struct arena *arena;
	struct conf *conf;
	struct embedded *cluster;
	struct db *db;
	struct tenant tenant;
	struct simproc *sim;
	struct fakecrm crm;
	uint64_t rng;
	int day;		/* the evening that comes next */
	bool listing;
} w;

static int
luck(int n)
{
	return fakecrm_random(&w.rng, n);
}

/* ---- the world ----------------------------------------------------------- */
static const char conf_text[] =
    "tenant = \"restore\"; test = true; state_dir = \"%s\";\n"
    "log = { level = \"error\"; };\n"
    "rules = { own_domains = [ \"egen.example\" ]; company_max = 0; flood_floor = 0; };\n"
    "trigger = { sale = { campaign = 7750; };\n"
    "  loss = { campaign = 7751; require_consent = true; };\n"
    "  case = { campaign = 7752; max_age_days = 14; on_throttle = \"defer\"; };\n"
    "  meet = { campaign = 7749; };\n"
    "  inact = { enabled = true; campaign = 7753; period_days = 30; width_days = 10; }; };\n"
    "crm = ( { name = \"crm\"; driver = \"files\"; dir = \"%s/export\";\n"
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
    "  out = { dir = \"%s/import\"; key = \"Kontaktnøgle\"; }; } );\n"
    "survey = { driver = \"npstoday\"; base_url = \"http://127.0.0.1:%d\";\n"
    "  api_key = \"file:%s/service/key\"; retries = 2; backoff_s = 0.0; backoff_max_s = 0.0;\n"
    "  members = { enabled = %s; }; };\n";

static void
database_open(void)
{
	struct err err = { 0 };
	const char *const known[] = { w.conf->tenant };

	if (!embedded_start(w.state, &w.cluster, &err) ||
	    !db_open(embedded_conninfo(w.cluster), &w.db, &err) ||
	    !schema_apply(w.db, NULL, &err) ||
	    !tenant_open(w.db, known[0], known, 1, w.arena, &w.tenant, &err))
		fail_msg("%s", err.msg);
}

static void
database_close(void)
{
	db_close(w.db);
	embedded_release(w.cluster);
	w.db = NULL;
	w.cluster = NULL;
}

/* Nothing here is about power that fails: a disk's time is saved. */
static void
fsync_off(void)
{
	char path[400];

	assert_true(cluster_place(w.state));
	(void)snprintf(path, sizeof(path), "%s/pg/postgresql.conf", w.state);
	FILE *f = fopen(path, "ae");
	assert_non_null(f);
	(void)fputs("fsync = off\nfull_page_writes = off\n", f);
	assert_int_equal(fclose(f), 0);
}

static void
conf_open(void)
{
	struct err err = { 0 };
	FILE *f = fopen(w.conf_file, "we");

	assert_non_null(f);
	(void)fprintf(f, conf_text, w.state, w.dir, w.dir,
	    simproc_port(w.sim), w.dir, w.listing ? "true" : "false");
	assert_int_equal(fclose(f), 0);
	if (!conf_load(w.conf_file, w.arena, &w.conf, &err) ||
	    !conf_load_secrets(w.conf, w.arena, &err))
		fail_msg("%s", err.msg);
	/* The real limit would take hours of waiting. */
	w.conf->survey.http.rate_per_second = 0;
}

static void
world_open(unsigned seed, bool listing)
{
	static const char *const options[] = { "--no-sync", NULL };
	static int number;
	char export[340], sheets[340], service[340];
	const int64_t start = fakecrm_time((int)sim_days(2026, 3, 1) +
	    (int)(seed % 7), 20, 7);

	w = (struct world){ .rng = seed, .listing = listing,
		.day = fakecrm_day_of(start) };
	(void)snprintf(w.dir, sizeof(w.dir), "%s/w%d", base, number++);
	(void)snprintf(w.state, sizeof(w.state), "%s/state", w.dir);
	(void)snprintf(w.conf_file, sizeof(w.conf_file), "%s/conf", w.dir);
	(void)snprintf(export, sizeof(export), "%s/export", w.dir);
	(void)snprintf(sheets, sizeof(sheets), "%s/import", w.dir);
	(void)snprintf(service, sizeof(service), "%s/service", w.dir);
	assert_true(mkdir(w.dir, 0700) == 0 && mkdir(export, 0700) == 0 &&
	    mkdir(sheets, 0700) == 0 && mkdir(w.state, 0700) == 0);
	w.arena = arena_new((size_t)16 << 20);
	assert_non_null(w.arena);
	w.sim = simproc_start(service, options);
	conf_open();
	fakecrm_open(&w.crm, seed, start, export, sheets);
	fsync_off();
	database_open();
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void
world_close(void)
{
	database_close();
	fakecrm_close(&w.crm);
	simproc_stop(w.sim);
	arena_free(w.arena);
	(void)nftw(w.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static long long
count_of(const struct db_stmt *stmt)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	if (!db_query(w.db, stmt, NULL, &r, &err))
		fail_msg("%s", err.msg);
	return db_int(r, 0, 0);
}

static long long
count(const struct db_stmt *stmt)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, w.tenant.id);
	if (!db_query(w.db, stmt, &args, &r, &err))
		fail_msg("%s", err.msg);
	return db_int(r, 0, 0);
}

/* ---- runs and commands --------------------------------------------------- */
static bool
never(void)
{
	return false;
}

static void
moment(int64_t now)
{
	assert_true(fakecrm_export(&w.crm, now));
	simproc_tell(w.sim, "now", "{\"now\": \"%s\"}", sim_time_iso(now));
	clock_shift((time_t)now);
}

static int
run(enum run_kind kind, int64_t now)
{
	const struct run_options options = { .kind = kind, .only = RUN_ALL,
		.actor = "test", .cancelled = never };
	struct err err = { 0 };
	int code = -1;

	moment(now);
	(void)!night_run(w.db, w.conf, &w.tenant, w.state, &options, &code,
	    &err);
	return code;
}

static void
command_start(struct runproc *r, int64_t now, const char *const *words)
{
	const char *args[16] = { "-c", w.conf_file, "--now", sim_time_iso(now) };

	for (size_t i = 0; words[i] != NULL; i++)
		args[4 + i] = words[i];
	runproc_start(r, program, args, NULL, NULL);
}

/* What it said stays until the next. */
static const struct runproc *
command(int64_t now, int code, const char *const *words)
{
	static struct runproc r = { .fd = { -1, -1 } };

	runproc_free(&r);
	command_start(&r, now, words);
	runproc_wait(&r, 120);
	if (r.code != code)
		fail_msg("npsync %s: exit %d, not %d\n%s%s", words[0], r.code,
		    code, r.out, r.err);
	return &r;
}

/* A day in the CRM, its evening and its night. */
static int
one_night(const char *fault)
{
	fakecrm_change(&w.crm);
	fakecrm_day(&w.crm, w.day);
	(void)run(RUN_HOURLY, fakecrm_time(w.day, 20, 7));
	w.day++;
	if (fault != NULL)
		simproc_tell(w.sim, "fault", "%s", fault);
	const int code = run(RUN_NIGHT, fakecrm_time(w.day, 3, 10));
	if (fault != NULL)
		simproc_tell(w.sim, "fault", "{\"clear\": true}");
	return code;
}

static int
doubles(void)
{
	char first[160];
	const int n = ledger_doubles(w.sim, THROTTLE_DAYS, first,
	    sizeof(first));

	if (n > 0)
		print_message("#   %s\n", first);
	return n;
}

/* ---- the story ----------------------------------------------------------- */
static void
nights(int n)
{
	for (int i = 0; i < n; i++)
		(void)one_night(NULL);
}

/* Dump at night k, three nights more, the dump put back.  How many people were
 * asked meanwhile. */
static int
lose_three_nights(int k)
{
	char dump[400];

	(void)run(RUN_HOURLY, fakecrm_time(w.day, 20, 7));
	if (!tenant_set_paused(w.db, &w.tenant, false, &(struct err){ 0 }))
		fail_msg("not activated");
	nights(k);
	(void)snprintf(dump, sizeof(dump), "%s/k.dump", w.dir);
	command(fakecrm_time(w.day, 4, 0), 0,
	    (const char *const[]){ "backup", dump, NULL });
	const int before = ledger_respondents(w.sim);
	for (int i = 0; i < 3; i++)
		(void)one_night(luck(2) == 0 ? NULL
		    : faults[luck((int)ARRAY_LEN(faults))]);
	const int lost = ledger_respondents(w.sim) - before;
	database_close();
	command(fakecrm_time(w.day, 12, 0), 0,
	    (const char *const[]){ "restore", "--yes", dump, NULL });
	database_open();
	return lost;
}

static const char *
last_transfer(void)
{
	static char text[40];
	char day[40];

	(void)snprintf(text, sizeof(text), "%sT04:10",
	    fakecrm_iso(w.day, day));
	return text;
}

/* Nobody may be asked before somebody decided. */
static void
wait_for_people(void)
{
	const char *until = last_transfer();
	const int before = ledger_respondents(w.sim);
	const bool by_day = luck(2) == 0;
	int64_t now = fakecrm_time(w.day, 13, 0);

	/* The CRM was not read since. */
	command(now, 75, (const char *const[]){ "resolve", "--after-restore",
	    until, "--yes", NULL });
	if (by_day) {
		(void)run(RUN_HOURLY, now += 600);
	} else {
		bool refused = false;
		for (int i = 0; i < 4; i++)
			refused |= one_night(NULL) == 78;
		assert_true(refused);
		now = fakecrm_time(w.day, 13, 0);
	}
	assert_int_equal(count(&tr_flag), 1);
	assert_int_equal(ledger_respondents(w.sim), before);
	command(now + 60, 0, (const char *const[]){ "resolve",
	    "--after-restore", until, "--yes", NULL });
}

/* The list settles it in the next transfer night, if it can be read. */
static void
wait_for_list(void)
{
	const int before = ledger_respondents(w.sim);

	if (luck(3) == 0) {
		(void)one_night("{\"kind\": 500, \"on\": \"members\","
		    " \"times\": 99}");
		assert_int_equal(ledger_respondents(w.sim), before);
		assert_int_equal(count(&tr_flag), 1);
	}
	for (int i = 0; i < 5 && count(&tr_flag) > 0; i++)
		(void)one_night(NULL);
}

/* How many were asked between dump and restore. */
static int
trial(unsigned seed, bool listing)
{
	world_open(seed, listing);
	const int k = 2 + luck(6);
	const int lost = lose_three_nights(k);
	const int before = ledger_respondents(w.sim);

	if (listing)
		wait_for_list();
	else
		wait_for_people();
	assert_int_equal(count(&tr_flag), 0);
	assert_int_equal(count(&tr_unsettled), 0);
	nights(8);
	const int after = ledger_respondents(w.sim) - before;
	const int twice = doubles();
	print_message("# seed %u, k %d: %d asked before, %d in what was lost, "
	    "%d after the restore, %d twice\n", seed, k, before - lost, lost,
	    after, twice);
	world_close();
	assert_true(after > 0);
	assert_int_equal(twice, 0);
	return lost;
}

static void
trials(bool listing)
{
	const char *one = getenv("NPSYNC_SEED"), *all = getenv("NPSYNC_LONG");
	const int n = all != NULL && *all != '\0' ? 50 : 1;
	long long seed = 0;
	int lost = 0;

	if (one != NULL && num_parse(one, 0, UINT32_MAX, &seed)) {
		(void)trial((unsigned)seed, listing);
		return;
	}
	for (int i = 0; i < n; i++)
		lost += trial((unsigned)(SEED_FIRST + i), listing);
	print_message("# %d restores, %d sends forgotten, 0 doubled\n", n,
	    lost);
	assert_true(lost > 0);
}

static void
test_by_list(void **state)
{
	(void)state;
	trials(true);
}

static void
test_by_people(void **state)
{
	(void)state;
	trials(false);
}

/* Without the file the next run must notice all the same. */
static void
test_file_gone(void **state)
{
	char path[400];

	(void)state;
	world_open(SEED_FIRST, false);
	(void)run(RUN_HOURLY, fakecrm_time(w.day, 20, 7));
	if (!tenant_set_paused(w.db, &w.tenant, false, &(struct err){ 0 }))
		fail_msg("not activated");
	(void)snprintf(path, sizeof(path), "%s/high-water-restore", w.state);
	/* Nothing was sent yet: a new installation. */
	assert_int_equal(unlink(path), 0);
	nights(1);
	assert_int_equal(count(&tr_flag), 0);
	nights(4);
	const int before = ledger_respondents(w.sim);
	assert_true(before > 0);
	assert_int_equal(unlink(path), 0);
	bool refused = false;
	for (int i = 0; i < 4; i++)
		refused |= one_night(NULL) == 78;
	assert_true(refused);
	assert_int_equal(count(&tr_flag), 1);
	assert_int_equal(ledger_respondents(w.sim), before);
	world_close();
}

/* The control: with a file that knows nothing, people are asked twice. */
static void
test_control(void **state)
{
	const struct highwater nothing = { "1", 0, 0, 0 };
	struct err err = { 0 };
	int twice = 0;

	(void)state;
	for (unsigned i = 0; i < 4 && twice == 0; i++) {
		world_open(SEED_FIRST + i, false);
		(void)lose_three_nights(3);
		assert_true(highwater_write(w.state, "restore", &nothing,
		    &err));
		nights(4);
		twice = doubles();
		world_close();
	}
	print_message("# control: %d pairs asked twice\n", twice);
	assert_true(twice > 0);
}

/* ---- the commands -------------------------------------------------------- */
static int64_t
noon(void)
{
	return fakecrm_time(w.day, 12, 0);
}

static const char *
rows(void)
{
	static char ring[32][64];
	static unsigned next;
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	char *out = ring[next++ % 32];

	if (!db_query(w.db, &tr_rows, NULL, &r, &err))
		fail_msg("%s", err.msg);
	(void)snprintf(out, sizeof(ring[0]), "%s", db_text(r, 0, 0));
	print_message("# %lld tables, %lld rows\n", db_int(r, 0, 1),
	    db_int(r, 0, 2));
	assert_true(db_int(r, 0, 3) > 0);
	return out;
}

static void
restore(int code, const char *file, const char *part)
{
	database_close();
	const struct runproc *r = command(noon(), code,
	    (const char *const[]){ "restore", "--yes", file, NULL });
	if (strstr(code == 0 ? r->out : r->err, part) == NULL)
		fail_msg("no \"%s\" in:\n%s%s", part, r->out, r->err);
	database_open();
	assert_int_equal(count_of(&tr_databases), 2);
}

static int
dumps(const char *end)
{
	const size_t tail = strlen(end);
	const struct dirent *entry;
	char path[400];
	int n = 0;

	(void)snprintf(path, sizeof(path), "%s/dumps", w.state);
	DIR *dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		const size_t len = strlen(entry->d_name);
		n += len > tail && strcmp(entry->d_name + len - tail, end) == 0;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return n;
}

static const char *
file_in(const char *name)
{
	static char ring[64][400];
	static unsigned next;
	char *out = ring[next++ % 64];

	(void)snprintf(out, sizeof(ring[0]), "%s/%s", w.dir, name);
	return out;
}

/* So that a dump takes a while. */
static void
ballast(void)
{
	struct err err = { 0 };

	if (!db_script(w.db, "CREATE TABLE IF NOT EXISTS public.ballast AS SELECT"
	    " md5(i::text) AS t FROM generate_series(1, 400000) i", &err))
		fail_msg("%s", err.msg);
}

/* The world of the tests that follow, and its dump "good". */
static void
test_round_trip(void **state)
{
	struct stat st;

	(void)state;
	world_open(SEED_FIRST, true);
	(void)run(RUN_HOURLY, fakecrm_time(w.day, 20, 7));
	if (!tenant_set_paused(w.db, &w.tenant, false, &(struct err){ 0 }))
		fail_msg("not activated");
	nights(5);
	const char *was = rows();
	const struct runproc *r = command(noon(), 0, (const char *const[]){
	    "backup", file_in("good"), NULL });
	assert_non_null(strstr(r->out, file_in("good")));
	assert_non_null(strstr(r->out, " kB\n"));
	assert_int_equal(stat(file_in("good"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	nights(1);
	assert_string_not_equal(rows(), was);
	restore(0, file_in("good"), "is restored");
	assert_string_equal(rows(), was);
	assert_int_equal(count_of(&tr_audit), 1);
	/* Numbers go on behind the highest. */
	nights(2);
	assert_int_equal(doubles(), 0);
}

static size_t
copy(const char *from, const char *to, long long bytes)
{
	static char data[1 << 20];
	const int in = open(from, O_RDONLY | O_CLOEXEC);
	const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n = read(in, data, sizeof(data));

	assert_true(n > 0 && n < (ssize_t)sizeof(data));
	if (bytes < 0)
		data[n * 7 / 8] = (char)(data[n * 7 / 8] ^ 0x10);
	else if (bytes < n)
		n = (ssize_t)bytes;
	assert_int_equal(write(out, data, (size_t)n), n);
	assert_true(close(in) == 0 && close(out) == 0);
	return (size_t)n;
}

/* Cut anywhere, or one bit of the rows turned: the old state stays. */
static void
test_broken(void **state)
{
	const char *was = rows(), *bad = file_in("bad");
	const long long len = (long long)copy(file_in("good"), bad, INT64_MAX);
	const long long cuts[] = { 0, 4, 60, len / 2, len - 1, -1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		(void)copy(file_in("good"), bad, cuts[i]);
		restore(78, bad, "bad");
		assert_string_equal(rows(), was);
	}
}

static void
test_busy(void **state)
{
	const char *was = rows();
	struct err err = { 0 };
	const struct runproc *r;

	(void)state;
	/* This process uses the cluster. */
	r = command(noon(), 75, (const char *const[]){ "restore", "--yes",
	    file_in("good"), NULL });
	assert_non_null(strstr(r->err, "another command uses the database"));
	if (!tenant_acquire(w.db, &w.tenant, w.state, &err))
		fail_msg("%s", err.msg);
	(void)command(noon(), 75, (const char *const[]){ "backup", NULL });
	tenant_release(w.db, &w.tenant);
	r = command(noon(), 1, (const char *const[]){ "restore",
	    file_in("good"), NULL });
	assert_non_null(strstr(r->out, "nothing was changed"));
	assert_int_equal(dumps(".new"), 0);
	/* Only the epoch moved. */
	assert_string_not_equal(rows(), was);
}

static void
test_disk_full(void **state)
{
	const int fd = open(file_in("small"), O_WRONLY | O_CREAT | O_CLOEXEC,
	    0600);
	struct err err = { 0 };

	(void)state;
	ballast();
	assert_false(embedded_dump(w.cluster, fd, 100000, never, &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
	if (strstr(err.msg, "the disk is full") == NULL)
		fail_msg("%s", err.msg);
	assert_int_equal(close(fd), 0);
}

/* Until a dump is being written, or was, however slow the machine. */
static void
wait_for_half_dump(int whole)
{
	for (int i = 0; i < 6000 && dumps(".new") == 0 &&
	    dumps(".dump") == whole; i++)
		embedded_proc_sleep_ms(5);
}

/* SIGKILL at any time: a dump is there whole, or not at all. */
static void
test_killed_backup(void **state)
{
	/* The last: in the midst of writing. */
	static const long delays[] = { 30, 90, 150, 250, 400, 600, 900, -1 };
	const int before = dumps(".dump");
	int left = 0, done = 0;
	struct runproc r;

	(void)state;
	ballast();
	for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
		command_start(&r, noon() + 60 * (int64_t)i,
		    (const char *const[]){ "backup", NULL });
		if (delays[i] < 0)
			wait_for_half_dump(before + done);
		else
			embedded_proc_sleep_ms(delays[i]);
		(void)kill(r.pid, SIGKILL);
		runproc_wait(&r, 60);
		done += r.code == 0;
		runproc_free(&r);
		left += dumps(".new");
		assert_int_equal(dumps(".dump"), before + done);
	}
	print_message("# %zu kills: %d backups had ended, %d left a half file\n",
	    ARRAY_LEN(delays), done, left);
	assert_true(left > 0);
	(void)command(noon() + 3600, 0, (const char *const[]){ "backup", NULL });
	assert_int_equal(dumps(".new"), 0);
	assert_int_equal(dumps(".dump"), before + done + 1);
}

/* SIGKILL at any time: the old state or the new one, nothing between. */
static void
test_killed_restore(void **state)
{
	const char *was = rows();
	int old = 0, fresh = 0;

	(void)state;
	(void)command(noon() + 7200, 0, (const char *const[]){ "backup",
	    file_in("full"), NULL });
	nights(1);
	const char *is = rows();
	assert_string_not_equal(is, was);
	for (long delay = 200; fresh == 0 && delay < 60000; delay *= 2) {
		struct runproc r;

		database_close();
		command_start(&r, noon(), (const char *const[]){ "restore",
		    "--yes", file_in("full"), NULL });
		embedded_proc_sleep_ms(delay);
		(void)kill(r.pid, SIGKILL);
		runproc_wait(&r, 60);
		runproc_free(&r);
		database_open();
		const char *now = rows();
		old += strcmp(now, is) == 0;
		fresh += strcmp(now, was) == 0;
		assert_true(strcmp(now, is) == 0 || strcmp(now, was) == 0);
	}
	print_message("# killed restores: %d without effect, %d done\n", old,
	    fresh);
	assert_true(old > 0 && fresh > 0);
	restore(0, file_in("good"), "is restored");
	world_close();
}

static void
conf_add(const char *text)
{
	FILE *f = fopen(w.conf_file, "ae");

	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* Nights make dumps, so many are kept; a cluster whose programs are gone is
 * rebuilt from the newest. */
static void
pretend_old(void)
{
	char path[400];

	(void)snprintf(path, sizeof(path), "%s/pg/PG_VERSION", w.state);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	(void)fputs("10\n", f);
	assert_int_equal(fclose(f), 0);
}

static bool
is_there(const char *name)
{
	char path[400];

	(void)snprintf(path, sizeof(path), "%s/%s", w.state, name);
	return access(path, F_OK) == 0;
}

static void
night_by_command(int64_t now)
{
	moment(now);
	(void)command(now, 0, (const char *const[]){ "run", "night", "--quiet",
	    NULL });
}

static void
test_rebuild(void **state)
{
	static const long delays[] = { 150, 800, 1500, 2500 };
	const struct runproc *r;

	(void)state;
	world_open(SEED_FIRST + 1, false);
	(void)run(RUN_HOURLY, fakecrm_time(w.day, 20, 7));
	if (!tenant_set_paused(w.db, &w.tenant, false, &(struct err){ 0 }))
		fail_msg("not activated");
	nights(3);
	database_close();
	pretend_old();
	r = command(noon(), 78, (const char *const[]){ "status", NULL });
	assert_non_null(strstr(r->err, "PostgreSQL 10"));
	assert_non_null(strstr(r->err, "there is no dump"));
	assert_false(is_there("pg-10"));
	FILE *f = fopen(file_in("state/pg/PG_VERSION"), "we");
	assert_non_null(f);
	(void)fputs("15\n", f);
	assert_int_equal(fclose(f), 0);

	conf_add("embedded = { keep_dumps = 2; };\n");
	for (int i = 0; i < 3; i++)
		night_by_command(fakecrm_time(w.day, 4, 10 * i));
	assert_int_equal(dumps("Z.dump"), 2);
	database_open();
	const char *was = rows();
	(void)run(RUN_HOURLY, fakecrm_time(w.day, 5, 7));
	assert_int_equal(dumps("Z.dump"), 2);
	assert_string_not_equal(rows(), was);
	database_close();

	pretend_old();
	for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
		struct runproc killed;

		command_start(&killed, noon(), (const char *const[]){ "status",
		    NULL });
		embedded_proc_sleep_ms(delays[i]);
		(void)kill(killed.pid, SIGKILL);
		runproc_wait(&killed, 60);
		runproc_free(&killed);
	}
	(void)command(noon(), 0, (const char *const[]){ "status", NULL });
	assert_true(is_there("pg-10"));
	assert_false(is_there("pg-10.1"));
	assert_false(is_there("pg.rebuild"));
	database_open();
	assert_string_equal(rows(), was);
	/* The dump was older than the last run. */
	(void)run(RUN_HOURLY, fakecrm_time(w.day, 20, 7));
	assert_int_equal(count(&tr_flag), 1);
	world_close();
}

/* A server of the administrator's own has means of its own. */
static void
test_server(void **state)
{
	const struct runproc *r;

	(void)state;
	world_open(SEED_FIRST, false);
	conf_add("database = \"host=/nowhere dbname=npsync\";\n");
	r = command(noon(), 78, (const char *const[]){ "backup", NULL });
	assert_non_null(strstr(r->err, "pg_dump"));
	assert_ptr_equal(strchr(r->err, '\n'), r->err + strlen(r->err) - 1);
	r = command(noon(), 78, (const char *const[]){ "restore", "x", NULL });
	assert_non_null(strstr(r->err, "pg_restore"));
	world_close();
}

/* ---- begin and end ------------------------------------------------------- */
static void
copy_program(void)
{
	char from[1100], part[65536];
	ssize_t n;

	(void)snprintf(from, sizeof(from), "%s/npsync", simproc_build());
	(void)snprintf(program, sizeof(program), "%s/npsync", base);
	const int in = open(from, O_RDONLY | O_CLOEXEC);
	const int out = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	while ((n = read(in, part, sizeof(part))) > 0)
		assert_int_equal(write(out, part, (size_t)n), n);
	assert_true(n == 0 && close(out) == 0 && close(in) == 0);
}

/* Root becomes the server's user, for good. */
static int
begin(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct err err = { 0 };

	(void)state;
	(void)snprintf(base, sizeof(base), "%.150s/back-XXXXXX",
	    tmp == NULL || *tmp == '\0' ? "/tmp" : tmp);
	if (mkdtemp(base) == NULL)
		return -1;
	copy_program();
	if (embedded_drop_root(base, &err))
		return 0;
	print_error("%s\n", err.msg);
	return -1;
}

static int
end(void **state)
{
	(void)state;
	return nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 ||
	    rmdir(base) == 0 || errno == EACCES || errno == EPERM ? 0 : -1;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_killed_backup),
		cmocka_unit_test(test_killed_restore),
		cmocka_unit_test(test_rebuild),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_by_list),
		cmocka_unit_test(test_by_people),
		cmocka_unit_test(test_file_gone),
		cmocka_unit_test(test_control),
	};

	(void)argc;
	if (!simproc_find(argv[0]))
		return 1;
	log_open(LOG_TARGET_NONE, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, begin, end);
}
