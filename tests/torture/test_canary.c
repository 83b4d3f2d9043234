/*
 * Secrets and personal data with words of their own, and where those words go:
 * into the ledger of the survey service and into the database, and nowhere
 * else.  Whole nights at log level debug, with a service that refuses and with
 * a database that refuses, and the commands people use; looked at: all that
 * is printed, the arguments and the environment of the process, the log of
 * PostgreSQL, and whether a crash leaves a core.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "canary.h"
#include "db.h"
#include "npsync.h"
#include "place.h"
#include "simhttpd.h"

#define PEOPLE 9		/* their surveys arrive */
#define VICTIMS 3		/* theirs do not, after them */
#define EACH 8			/* canaries of a person */
#define BOTH_MIN 40		/* in the ledger and in the database */
#define PASSWORD "kanari-db-Qw81"
#define LEDGER_MAX ((size_t)64 << 20)
#define NIGHT "2026-12-02T03:10"
#define NIGHT_UTC "2026-12-02T02:10:00Z"

DB_STMT(tc_found,
    "SELECT (SELECT count(*) FROM npsync.contact t WHERE strpos(t::text, $1) > 0)"
    "     + (SELECT count(*) FROM npsync.answer t WHERE strpos(t::text, $1) > 0)");
DB_STMT(tc_secret, "SELECT encode(person_secret, 'hex') FROM npsync.tenant");

enum { AT_SERVICE = 1, AT_DATABASE = 2 };
/* A person's letter in ids, by number - 1. */
static const char letters[] = "123456789ABC";
static struct place place;
static struct db *db;

/* Of a person, in the order of people_write: 0 first name, 2 address. */
static const char *
person(int number, int which)
{
	return canary_get((number - 1) * EACH + which)->word;
}

/* ---- the CRM ---------------------------------------------------------------------- */
static FILE *
file_open(const char *name, const char *header)
{
	char path[700];

	(void)snprintf(path, sizeof(path), "%s/export/%s", place.dir, name);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	(void)fprintf(f, "%s\r\n", header);
	return f;
}

static void
people_write(void)
{
	FILE *f = file_open("contacts.csv", "KontaktId;Kontaktnøgle;Fornavn;"
	    "Efternavn;E-mail;FirmaId;Afdeling;Ansat;Sprog;Land;KAM;KAM e-mail;"
	    "Samtykke;Samtykke dato;Direkte;Mobil");
	FILE *firms = file_open("companies.csv",
	    "FirmaId;Firmanavn;Relation;Segment;Land");
	FILE *tags = file_open("tags.csv", "KontaktId;Infotag");

	for (int i = 1; i <= PEOPLE + VICTIMS; i++) {
		const int both = AT_DATABASE |
		    (i <= PEOPLE ? AT_SERVICE : 0);
		const char c = letters[i - 1];
		(void)fprintf(f, "P-%c;K-%c;%s;", c, c,
		    canary_add(both, "Fornavnkanari#q", i));
		(void)fprintf(f, "%s;", canary_add(both, "Efternavnkanari#q", i));
		(void)fprintf(f, "%s;F-%c;", canary_add(both,
		    "postkanari#q@kunde-kanari.example", i), c);
		(void)fprintf(f, "%s;Ja;da;DK;", canary_add(AT_DATABASE,
		    "Afdelingskanari#q", i));
		(void)fprintf(f, "Egon;egon@npsync-demo.example;Ja;"
		    "27-10-2025 09:00;");
		(void)fprintf(f, "%s;", canary_add(AT_DATABASE, "+45701100#", i));
		(void)fprintf(f, "%s\r\n", canary_add(AT_DATABASE, "+45302200#",
		    i));
		(void)fprintf(firms, "F-%c;%s;Kunde;A;DK\r\n", c,
		    canary_add(both, "Firmakanari#q ApS", i));
		(void)fprintf(tags, "P-%c;%s\r\n", c, canary_add(AT_DATABASE,
		    "Tagkanari#q", i));
	}
	assert_true(fclose(f) == 0 && fclose(firms) == 0 && fclose(tags) == 0);
}

/* Those of the letters have met somebody. */
static void
meetings_write(const char *who)
{
	FILE *f = file_open("activities.csv", "AktivitetId;Type;Kategori;Status;"
	    "Tidspunkt;KontaktId;FirmaId;Medarbejder;Automatisk;Emne");

	for (const char *i = who; *i != '\0'; i++)
		(void)fprintf(f, "A-%c;Møde;Kundepleje;Afholdt;01-12-2026 15:%02d;"
		    "P-%c;F-%c;Egon;Nej;Emne\r\n", *i,
		    (int)(strchr(letters, *i) - letters), *i, *i);
	assert_int_equal(fclose(f), 0);
}

static void
export_write(void)
{
	people_write();
	meetings_write("");
	assert_int_equal(fclose(file_open("deals.csv", "SalgsmulighedId;Emne;"
	    "Status;Lukket;KontaktId;FirmaId;Sælger")), 0);
	assert_int_equal(fclose(file_open("cases.csv", "SagId;Emne;Status;Lukket;"
	    "Kategori;KontaktId;FirmaId;Sagsbehandler")), 0);
	assert_int_equal(fclose(file_open("company_tags.csv",
	    "FirmaId;Infotag")), 0);
}

/* ---- runs -------------------------------------------------------------------------- */
/* shows: standard output is for people's data. */
static int
run(const char *now, int code, const char *args, bool shows)
{
	const struct runproc *r = place_run(&place, now, code, args);
	char what[200];

	(void)snprintf(what, sizeof(what), "npsync %s, what it logs", args);
	canary_note(what, r->err);
	(void)snprintf(what, sizeof(what), "npsync %s, what it prints", args);
	if (!shows)
		canary_note(what, r->out);
	return r->code;
}

static void
fault(const char *kind, const char *on)
{
	simproc_tell(place.sim, "fault", "{\"kind\": %s, \"on\": \"%s\"}", kind,
	    on);
}

/* All that people type by day, and what fails. */
static void
commands(void)
{
	(void)run(NIGHT, -2, "check", false);
	(void)run(NIGHT, -2, "status", false);
	(void)run(NIGHT, -2, "queue", true);
	(void)run(NIGHT, -2, "explain P-1", true);
	(void)run(NIGHT, -2, "explain nobody", true);
	(void)run(NIGHT, -2, "run --dry-run", true);
	(void)run(NIGHT, 64, "explain", false);
	(void)run(NIGHT, -2, "--json status", false);
}

/* ---- a service that quotes ----------------------------------------------------------- */
/* It says in its refusal what it was sent. */
static char refusal[700];

static void
night_quoted(const struct sim_reply *script, size_t n, const char *want)
{
	char from[64], to[64];
	bool met = false;
	struct simhttpd *quoting = simhttpd_start(script, n);

	assert_non_null(quoting);
	(void)snprintf(from, sizeof(from), "127.0.0.1:%d",
	    simproc_port(place.sim));
	(void)snprintf(to, sizeof(to), "127.0.0.1:%d",
	    simhttpd_port(quoting));
	place_edit(&place, from, to);
	/* Even a night in which somebody is refused for good ends well. */
	(void)run(NIGHT, -2, "run night", false);
	(void)run(NIGHT, -2, "check", false);
	for (size_t i = 0; i < simhttpd_requests(quoting); i++)
		met = met || strncmp(simhttpd_request(quoting, i), want,
		    strlen(want)) == 0;
	assert_true(met);
	place_edit(&place, to, from);
	simhttpd_stop(quoting);
}

static void
nights_refused(void)
{
	const struct sim_reply push[] = {
		{ .target = "GET /campaigns/ ", .body = "[{\"id\": 7749, \"name\":"
		    " \"Møde\"}, {\"id\": 7750, \"name\": \"Salg\"}, {\"id\":"
		    " 7751, \"name\": \"Tabt\"}, {\"id\": 7752, \"name\": \"Sag\"},"
		    " {\"id\": 7753, \"name\": \"Stilhed\"}, {\"id\": 7754, \"name\":"
		    " \"Affär\"}, {\"id\": 7755, \"name\": \"N\"}, {\"id\": 7756,"
		    " \"name\": \"F\"}]", .repeat = 50 },
		{ .target = "GET ", .body = "[]", .repeat = 50 },
		{ .target = "POST ", .status = 400, .body = refusal, .repeat = 50 },
	};
	const struct sim_reply all[] = {
		{ .target = " /", .status = 401, .body = refusal, .repeat = 50 },
	};

	(void)snprintf(refusal, sizeof(refusal), "{\"Message\": \"%.80s %.80s of "
	    "%.80s is not wanted, key %s, Authorization: apikey %s\"}",
	    person(PEOPLE + 1, 0), person(PEOPLE + 1, 2), person(PEOPLE + 1, 6), SIMPROC_KEY,
	    SIMPROC_KEY);
	night_quoted(all, ARRAY_LEN(all), "GET ");
	night_quoted(push, ARRAY_LEN(push), "POST ");
	commands();
}

/* ---- the process while it runs --------------------------------------------------------- */
static void
wait_until_stopped(pid_t pid)
{
	siginfo_t info;

	assert_int_equal(waitid(P_PID, (id_t)pid, &info,
	    WSTOPPED | WEXITED | WNOWAIT), 0);
	assert_int_equal(info.si_code, CLD_STOPPED);
}

/* Who may raise its limit again does: then only PR_SET_DUMPABLE stands. */
static int
crash(pid_t pid)
{
	const struct rlimit much = { RLIM_INFINITY, RLIM_INFINITY };
	siginfo_t info;

	const bool raised = prlimit(pid, RLIMIT_CORE, &much, NULL) == 0;
	print_message("# its limit of cores was%s raised before the crash\n",
	    raised ? "" : " not");
	assert_int_equal(kill(pid, SIGSEGV), 0);
	assert_int_equal(kill(pid, SIGCONT), 0);
	do
		assert_int_equal(waitid(P_PID, (id_t)pid, &info,
		    WEXITED | WNOWAIT), 0);
	while (info.si_code == CLD_STOPPED || info.si_code == CLD_CONTINUED);
	assert_int_equal(info.si_status, SIGSEGV);
	return info.si_code;
}

/* Stopped where the keys are in memory and people are about to be asked; its
 * limits and rights there; a crash. */
static void
night_crashed(void)
{
	static const char *const env[] = {
		"NPSYNC_FAILPOINT=db.after/queue_claim_rows=stop",
		/* A build with sanitizers shall die like any other. */
		"ASAN_OPTIONS=handle_segv=0", NULL };
	struct rlimit core = { 1, 1 };
	char path[64];
	struct stat st;
	struct runproc r;

	place_use("npsync-fault", env);
	place_start(&r, &place, NIGHT, "run night");
	place_use(NULL, NULL);
	wait_until_stopped(r.pid);
	canary_sample(r.pid);
	assert_int_equal(prlimit(r.pid, RLIMIT_CORE, NULL, &core), 0);
	assert_true(core.rlim_cur == 0 && core.rlim_max == 0);
	/* What is not dumpable belongs to root in /proc. */
	(void)snprintf(path, sizeof(path), "/proc/%ld/environ", (long)r.pid);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(crash(r.pid), CLD_KILLED);
	runproc_wait(&r, 60);
	assert_int_equal(r.code, 128 + SIGSEGV);
	canary_note("a night that crashed, what it logs", r.err);
	canary_note("a night that crashed, what it prints", r.out);
	runproc_free(&r);
}

/* ---- the database says no ---------------------------------------------------------------- */
static void
rows_refused(const char *table, const char *what)
{
	char sql[200];
	struct err err = { .kind = ERR_NONE };

	(void)snprintf(sql, sizeof(sql), "ALTER TABLE npsync.%s ADD CONSTRAINT"
	    " refused CHECK (false) NOT VALID", table);
	assert_true(db_script(db, sql, &err));
	assert_true(run(NIGHT, -2, what, false) != 0);
	(void)snprintf(sql, sizeof(sql),
	    "ALTER TABLE npsync.%s DROP CONSTRAINT refused", table);
	assert_true(db_script(db, sql, &err));
}

/* ---- what must hold them ------------------------------------------------------------------ */
static bool
in_database(const char *word)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { .kind = ERR_NONE };
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_text(&args, word);
	if (!db_query(db, &tc_found, &args, &r, &err))
		fail_msg("%s", err.msg);
	return db_int(r, 0, 0) > 0;
}

static void
ledger_read(struct buf *out)
{
	char path[700], part[4096];
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/service/ledger.jsonl",
	    place.dir);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		assert_true(buf_add(out, part, n));
	(void)fclose(f);
}

static void
all_arrived(void)
{
	AUTO(buf) struct buf ledger;
	int at_service = 0, at_database = 0, both = 0;

	buf_init(&ledger, LEDGER_MAX);
	ledger_read(&ledger);
	for (int i = 0; i < canary_count(); i++) {
		const struct canary *c = canary_get(i);
		const bool sent = strstr(buf_text(&ledger), c->word) != NULL;
		const bool kept = c->at != 0 && in_database(c->word);
		if (((c->at & AT_SERVICE) != 0 && !sent) ||
		    ((c->at & AT_DATABASE) != 0 && !kept))
			fail_msg("%s did not arrive: the test proves nothing",
			    c->word);
		at_service += sent;
		at_database += kept;
		both += sent && kept;
	}
	print_message("# %d canaries: %d in the ledger of the service, %d in the "
	    "database, %d in both\n", canary_count(), at_service, at_database,
	    both);
	assert_true(both >= BOTH_MIN);
}

/* ---- the test ----------------------------------------------------------------------------- */
static void
secret_take(void)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { .kind = ERR_NONE };

	if (!db_query(db, &tc_secret, NULL, &r, &err))
		fail_msg("%s", err.msg);
	(void)canary_add(0, db_text(r, 0, 0), 0);
}

/* In the configuration itself it is refused, and not repeated. */
static void
passfile_write(void)
{
	char path[700], text[800];

	place_edit(&place, "dbname=canary", "dbname=canary password="
	    PASSWORD);
	(void)run(NIGHT, 78, "status", false);
	(void)snprintf(path, sizeof(path), "%s/pgpass", place.dir);
	const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && dprintf(fd, "*:*:*:*:" PASSWORD "\n") > 0 &&
	    close(fd) == 0);
	(void)snprintf(text, sizeof(text), "passfile=%s", path);
	place_edit(&place, "password=" PASSWORD, text);
}

static void
place_prepare(void)
{
	char conninfo[600];
	struct err err = { .kind = ERR_NONE };

	place_make(&place, "canary", "canary", true);
	export_write();
	(void)snprintf(conninfo, sizeof(conninfo), "%s",
	    strchr(place_database("other"), '"') + 1);
	char *name = strstr(conninfo, "dbname=");
	assert_non_null(name);
	(void)snprintf(name, 20, "dbname=canary");
	if (!db_open(conninfo, &db, &err))
		fail_msg("%s", err.msg);
	(void)canary_add(0, SIMPROC_KEY, 0);
	(void)canary_add(0, PASSWORD, 0);
	passfile_write();
	place_edit(&place, "level = \"warning\";",
	    "level = \"debug\"; target = \"stderr\";");
	place_edit(&place, "employed = \"Ansat\";",
	    "employed = \"Ansat\"; phone = \"Direkte\"; mobile = \"Mobil\";");
}

static void
answers(void)
{
	place_clock(&place, "2026-12-02T11:00:00Z");
	for (int i = 1; i <= PEOPLE; i++)
		simproc_tell(place.sim, "answer", "{\"email\": \"%s\", \"rating\": "
		    "%d, \"comment\": \"%s\", \"at\": \"2026-12-02T10:30:00Z\"}",
		    person(i, 2), i,
		    canary_add(AT_SERVICE | AT_DATABASE, "Kommentarkanari#q", i));
}

static void
postgres_log(void)
{
	char path[700];

	(void)snprintf(path, sizeof(path), "%s", place.dir);
	(void)snprintf(strrchr(path, '/'), 20, "/state/pg.log");
	canary_note_file(path);
}

static void
no_core(void)
{
	DIR *dir = opendir(".");
	const struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "core.", 5) == 0 ||
		    strcmp(entry->d_name, "core") == 0)
			fail_msg("%s was left", entry->d_name);
	(void)closedir(dir);
}

/* Everything once; what is looked at lies in corpus afterwards. */
static void
play(void)
{
	place_clock(&place, "2026-12-01T07:00:00Z");
	/* The row is what PostgreSQL would say in its DETAIL. */
	rows_refused("contact", "run hourly");
	(void)run("2026-12-01T08:00", 0, "run hourly", false);
	(void)run("2026-12-01T08:00", 0, "activate", false);
	secret_take();
	meetings_write("A");
	(void)run("2026-12-01T20:07", 0, "run hourly", false);
	commands();
	place_clock(&place, NIGHT_UTC);
	nights_refused();
	meetings_write("AB");
	fault("\"html\"", "push");
	(void)run(NIGHT, -2, "run night", false);
	meetings_write("ABC");
	night_crashed();
	fault("401", "campaigns");
	(void)run(NIGHT, -2, "run night", false);
	meetings_write("ABC123456789");
	(void)run(NIGHT, -2, "run night", false);
	answers();
	fault("401", "responses");
	(void)run("2026-12-02T12:07", -2, "run hourly", false);
	fault("\"html\"", "responses");
	(void)run("2026-12-02T12:07", -2, "run hourly", false);
	rows_refused("answer", "run hourly");
	(void)run("2026-12-02T12:37", -2, "run hourly", false);
	commands();
}

static void
test_canaries(void **state)
{
	const char *which = "";

	(void)state;
	canary_begin();
	place_prepare();
	play();
	postgres_log();
	no_core();
	all_arrived();
	canary_control();
	const struct canary_seen seen = canary_seen();
	const int found = canary_hits(seen.text, &which);
	print_message("# %d texts of %zu bytes, with the log of PostgreSQL and %d "
	    "files of /proc (%d environments read, %d denied to its own user): "
	    "%d canaries\n", seen.texts, seen.len, seen.files, seen.environs,
	    seen.denied, found);
	assert_true(seen.len > 10000 && seen.texts > 40);
	assert_int_equal(seen.environs + seen.denied, 1);
	/* It is about the runs that were meant. */
	says(seen.text, "HTTP 400");
	says(seen.text, "HTTP 401");
	says(seen.text, "constraint refused");
	assert_int_equal(found, 0);
	db_close(db);
	place_free(&place);
	canary_end();
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canaries),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("torture-canary", tests,
	    places_begin, places_end);
}
