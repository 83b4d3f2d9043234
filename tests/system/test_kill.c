/*
 * The real program with its own cluster, ended at bad moments, against the
 * ledger of the survey service: nobody is asked twice, nobody is lost, nothing
 * keeps running.  Works as root, whose npsync becomes the user postgres, and
 * as an ordinary user.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "cluster.h"
#include "embedded.h"
#include "embedded_int.h"
#include "fakecrm.h"
#include "ledger.h"
#include "simproc.h"
#include "tmpdir.h"

#define KILLS 4			/* tests/torture/test_kills.c has hundreds */
#define PEOPLE 4		/* new ones each night */
#define FIRST_DAY 20759		/* 2026-11-02 */

static struct simproc *sim;
static char export[600], sheets[600], state_dir[600], pg[640];
static int night;		/* how many days have passed */
static int people;		/* how many there are */

/* ---- the program ------------------------------------------------------------- */
struct run {
	pid_t pid;
	char out[64], errors[64];	/* files in tmpdir */
};

static const char *
moment(const char *clock)
{
	static char text[64];
	char iso[40];

	(void)snprintf(text, sizeof(text), "%sT%s",
	    fakecrm_iso(FIRST_DAY + night, iso), clock);
	return text;
}

static int
open_output(const char *name)
{
	return open(tmpdir_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
}

/* npsync -c CONF --now CLOCK ARGS; args end with NULL. */
static struct run
begin(const char *conf, const char *clock, const char *const *args)
{
	static int runs;
	char program[1100], file[600];
	const char *argv[16] = { "npsync", "-c", file, "--now",
		moment(clock) };
	struct run run = { 0 };
	int n = 5;

	(void)snprintf(program, sizeof(program), "%s/npsync", simproc_build());
	(void)snprintf(file, sizeof(file), "%s", tmpdir_path(conf));
	(void)snprintf(run.out, sizeof(run.out), "out.%d", ++runs);
	(void)snprintf(run.errors, sizeof(run.errors), "err.%d", runs);
	for (; *args != NULL; args++)
		argv[n++] = *args;
	run.pid = fork();
	if (run.pid == 0) {
		const int out = open_output(run.out);
		const int errors = open_output(run.errors);
		if (dup2(out, 1) < 0 || dup2(errors, 2) < 0)
			_exit(126);
		(void)execv(program, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	assert_true(run.pid > 0);
	return run;
}

/* The exit code; 128 + the signal. */
static int
ended(const struct run *run)
{
	int status = 0;

	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status)
	                         : 128 + WTERMSIG(status);
}

static const char *
text_of(const char *name)
{
	static char text[65536];
	FILE *f = fopen(tmpdir_path(name), "re");

	assert_non_null(f);
	const size_t n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return text;
}

static struct run
begin_night(const char *clock)
{
	return begin("npsync.conf", clock,
	    (const char *const[]){ "run", "night", NULL });
}

static void
expect(const struct run *run, int code)
{
	const int got = ended(run);

	if (got != code)
		fail_msg("exit %d, expected %d: %s", got, code,
		    text_of(run->errors));
}

static void
run_night(const char *clock)
{
	const struct run run = begin_night(clock);

	expect(&run, 0);
}

/* One sentence, one line, on stderr. */
static void
expect_sentence(const struct run *run, const char *has)
{
	const char *text = text_of(run->errors);
	const char *end = strchr(text, '\n');

	if (end == NULL || end[1] != '\0' || strstr(text, has) == NULL ||
	    strncmp(text, "npsync: ", 8) != 0)
		fail_msg("expected one line with \"%s\", got: %s", has, text);
}

static void
wait_holding(void)
{
	for (int i = 0; i < 2000; i++) {
		if (simproc_stat(sim, "holding") > 0)
			return;
		embedded_proc_sleep_ms(10);
	}
	fail_msg("no push came");
}

/* ---- the CRM: a meeting with new people each day ---------------------------- */
static void
file_write(const char *name, void (*write_rows)(FILE *))
{
	char path[700], tmp[700];

	(void)snprintf(path, sizeof(path), "%s/%s", export, name);
	(void)snprintf(tmp, sizeof(tmp), "%s/.%s", export, name);
	FILE *f = fopen(tmp, "we");
	assert_non_null(f);
	write_rows(f);
	assert_true(fchmod(fileno(f), 0644) == 0 && fclose(f) == 0 &&
	    rename(tmp, path) == 0);
}

static void
contacts(FILE *f)
{
	(void)fprintf(f, "contact_id;email\n");
	for (int i = 0; i < people; i++)
		(void)fprintf(f, "K%d;k%d@kunde.example\n", i, i);
}

static void
activities(FILE *f)
{
	char iso[40];

	(void)fprintf(f, "activity_id;contact_id;date;status\n");
	for (int i = 0; i < people; i++)
		(void)fprintf(f, "A%d;K%d;%s 14:00;held\n", i, i,
		    fakecrm_iso(FIRST_DAY + i / PEOPLE, iso));
}

/* The next day: somebody was met, and the service's clock goes on. */
static void
next_night(void)
{
	char iso[40];

	people = (night + 1) * PEOPLE;
	file_write("contacts.csv", contacts);
	file_write("activities.csv", activities);
	night++;
	simproc_tell(sim, "now", "{\"now\": \"%sT02:10:00Z\"}",
	    fakecrm_iso(FIRST_DAY + night, iso));
}

/* ---- what became of them ------------------------------------------------------- */
static int
in_ledger(int person)
{
	char address[64];
	size_t n;
	int found = 0;
	const struct simproc_line *line = simproc_ledger(sim, &n);

	(void)snprintf(address, sizeof(address), "k%d@kunde.example", person);
	for (size_t i = 0; i < n; i++)
		found += line[i].kind == SIMPROC_RESPONDENT &&
		    strcmp(line[i].email, address) == 0;
	return found;
}

/* The state of a person's row among the transferred ones; "" = not there. */
static const char *
state_of(const char *list, int person)
{
	static const char *const states[] = { "sent", "unknown", "failed",
		"sending" };
	char address[64], word[16];

	(void)snprintf(address, sizeof(address), ",k%d@kunde.example,",
	    person);
	const char *at = strstr(list, address);
	const size_t len = at == NULL ? 0 : strcspn(at, "\n");
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		(void)snprintf(word, sizeof(word), ",%s,", states[i]);
		const char *hit = at == NULL ? NULL : strstr(at, word);
		if (hit != NULL && hit < at + len)
			return states[i];
	}
	return "";
}

struct fate {
	int sent, unknown, in_ledger;
};

/* All people of this night: sent and in the ledger once, or unknown and there
 * at most once. */
static struct fate
check_night(void)
{
	const struct run run = begin("npsync.conf", "08:00",
	    (const char *const[]){ "--csv", "queue", "--transferred", "--limit",
	        "1000", NULL });
	struct fate fate = { 0 };

	expect(&run, 0);
	const char *list = text_of(run.out);
	for (int i = people - PEOPLE; i < people; i++) {
		const char *state = state_of(list, i);
		const int n = in_ledger(i);
		fate.in_ledger += n;
		if (strcmp(state, "sent") == 0 && n == 1)
			fate.sent++;
		else if (strcmp(state, "unknown") == 0 && n <= 1)
			fate.unknown++;
		else
			fail_msg("person %d is \"%s\", %d times in the ledger",
			    i, state, n);
	}
	return fate;
}

static void
check_all_sent(void)
{
	assert_int_equal(check_night().sent, PEOPLE);
}

/* ---- the rig ----------------------------------------------------------------------- */
static const char conf_text[] =
    "tenant = \"kill\";\n"
    "test = true;\n"
    "state_dir = \"%s\";\n"
    "log = { target = \"stderr\"; level = \"error\"; };\n"
    "%s\n"
    "send = { weekdays = [ \"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\" ];\n"
    "  holidays = []; };\n"
    "rules = { own_domains = [ \"egen.example\" ]; company_max = 0; flood_floor = 0; };\n"
    "trigger = { meet = { campaign = 7749; }; };\n"
    "crm = ( { name = \"crm\"; driver = \"files\"; dir = \"%s\";\n"
    "  date_format = [ \"yyyy-MM-dd HH:mm\" ];\n"
    "  contacts = { file = \"contacts.csv\"; };\n"
    "  activities = { file = \"activities.csv\"; };\n"
    "  out = { dir = \"%s\"; }; } );\n"
    "survey = { driver = \"npstoday\"; base_url = \"http://127.0.0.1:%d\";\n"
    "  api_key = \"file:%s/key\"; rate_per_second = 10.0; concurrency = 2;\n"
    "  retries = 1; backoff_s = 0.0; };\n";

static void
conf_write(const char *name, const char *more)
{
	char text[4096];

	(void)snprintf(text, sizeof(text), conf_text, state_dir, more, export,
	    sheets, simproc_port(sim), tmpdir_path("service"));
	(void)tmpdir_write(name, text, 0644);
}

/* What npsync, which leaves root, must read and write. */
static void
folder(char *path, size_t size, const char *name)
{
	const struct passwd *pw = geteuid() == 0 ? getpwnam("postgres") : NULL;

	(void)snprintf(path, size, "%s", tmpdir_path(name));
	assert_int_equal(mkdir(path, 0700), 0);
	if (geteuid() == 0) {
		assert_non_null(pw);
		assert_int_equal(chown(path, pw->pw_uid, pw->pw_gid), 0);
	}
}

static void
command(const char *clock, const char *const *args)
{
	const struct run run = begin("npsync.conf", clock, args);

	expect(&run, 0);
}

static int
setup(void **state)
{
	if (tmpdir_make(state) != 0 || chmod(tmpdir, 0711) != 0)
		return -1;
	folder(export, sizeof(export), "export");
	folder(sheets, sizeof(sheets), "import");
	folder(state_dir, sizeof(state_dir), "state");
	(void)snprintf(pg, sizeof(pg), "%s/pg", state_dir);
	sim = simproc_start(tmpdir_path("service"), NULL);
	conf_write("npsync.conf", "");
	conf_write("away.conf", "database = \"host=/nonexistent\";");
	file_write("contacts.csv", contacts);
	file_write("activities.csv", activities);
	command("08:00", (const char *const[]){ "run", "hourly", NULL });
	command("08:01", (const char *const[]){ "activate", NULL });
	return 0;
}

static int
teardown(void **state)
{
	const bool quiet = embedded_proc_wait_gone(pg, 0, 5000);

	if (!quiet)
		print_error("process %ld of the cluster still runs\n",
		    (long)embedded_proc_any(pg));
	simproc_stop(sim);
	return tmpdir_remove(state) == 0 && quiet ? 0 : -1;
}

/* Keeps the server up meanwhile, so that a run takes less time. */
struct keeper {
	pid_t pid;
	int fd;
};

static struct keeper
keep_server(void)
{
	struct embedded *cluster = NULL;
	struct keeper k = { 0 };
	struct err err;
	int life[2], ready[2];
	char byte = 0;

	assert_true(pipe2(life, O_CLOEXEC) == 0 && pipe2(ready, O_CLOEXEC) == 0);
	k.pid = fork();
	if (k.pid == 0) {
		(void)close(life[1]);
		const bool ok = embedded_drop_root(state_dir, &err) &&
		    cluster_place(state_dir) &&
		    embedded_start(state_dir, &cluster, &err);
		(void)!write(ready[1], ok ? "y" : "n", 1);
		(void)!read(life[0], &byte, 1);
		embedded_release(cluster);
		_exit(0);
	}
	(void)close(life[0]);
	(void)close(ready[1]);
	k.fd = life[1];
	assert_true(k.pid > 0 && read(ready[0], &byte, 1) == 1 && byte == 'y');
	(void)close(ready[0]);
	return k;
}

static void
leave_server(const struct keeper *k)
{
	(void)close(k->fd);
	assert_int_equal(waitpid(k->pid, NULL, 0), k->pid);
}

/* ---- tests --------------------------------------------------------------------------- */
/* How long an undisturbed night takes: the kills are spread over that. */
static long
measure(void)
{
	next_night();
	const int64_t from = clock_boottime_ms();
	run_night("03:10");
	const long took = (long)(clock_boottime_ms() - from);
	check_all_sent();
	return took;
}

static void
test_killed(void **state)
{
	const struct keeper keeper = keep_server();
	const long whole_ms = measure();
	struct fate all = { 0 };
	int killed = 0;

	(void)state;
	for (int i = 0; i < KILLS; i++) {
		next_night();
		const struct run run = begin_night("03:10");
		embedded_proc_sleep_ms((2 * i + 1) * whole_ms / (2 * KILLS) * 4 / 5);
		(void)kill(run.pid, SIGKILL);
		killed += ended(&run) == 128 + SIGKILL;
		run_night("04:00");
		const struct fate fate = check_night();
		/* No more than were under way. */
		assert_in_range(fate.unknown, 0, 2);
		all.sent += fate.sent;
		all.unknown += fate.unknown;
		all.in_ledger += fate.in_ledger;
	}
	leave_server(&keeper);
	print_message("# %d runs over %ld ms, %d of them killed: %d people, %d "
	    "sent, %d unknown, %d in the ledger, 0 doubled, 0 lost\n", KILLS,
	    whole_ms, killed, KILLS * PEOPLE, all.sent, all.unknown,
	    all.in_ledger);
	assert_int_equal(all.sent + all.unknown, KILLS * PEOPLE);
	/* The first comes after a tenth of a night: in time even where the
	 * measured one was slowed down by others. */
	assert_true(killed > 0);
}

/* Nobody else holds the server: it outlives the kill, and the next run, the
 * last one out, stops it. */
static void
test_killed_alone(void **state)
{
	(void)state;
	next_night();
	simproc_tell(sim, "hold", "{\"count\": 1, \"when\": \"after\"}");
	const struct run run = begin_night("03:10");
	wait_holding();
	(void)kill(run.pid, SIGKILL);
	assert_int_equal(ended(&run), 128 + SIGKILL);
	simproc_tell(sim, "release", "{}");
	assert_true(embedded_proc_any(pg) != 0);
	run_night("04:00");
	assert_true(embedded_proc_wait_gone(pg, 0, 5000));
	const struct fate fate = check_night();
	assert_in_range(fate.unknown, 1, 2);
	assert_in_range(fate.in_ledger, PEOPLE - 1, PEOPLE);
}

static void
test_second_run(void **state)
{
	(void)state;
	next_night();
	simproc_tell(sim, "hold", "{\"count\": 1, \"when\": \"before\"}");
	const struct run first = begin_night("03:10");
	wait_holding();
	const struct run second = begin_night("03:11");
	expect(&second, 75);
	expect_sentence(&second, "another run of tenant \"kill\" is active");
	const struct run third = begin("npsync.conf", "03:12",
	    (const char *const[]){ "run", "night", "--wait", "5s", NULL });
	embedded_proc_sleep_ms(300);
	assert_int_equal(waitpid(third.pid, NULL, WNOHANG), 0);
	simproc_tell(sim, "release", "{}");
	expect(&first, 0);
	expect(&third, 0);
	check_all_sent();
}

static void
test_wait_is_over(void **state)
{
	(void)state;
	next_night();
	simproc_tell(sim, "hold", "{\"count\": 1, \"when\": \"before\"}");
	const struct run first = begin_night("03:10");
	wait_holding();
	const int64_t from = clock_boottime_ms();
	const struct run second = begin("npsync.conf", "03:11",
	    (const char *const[]){ "run", "night", "--wait", "1s", NULL });
	expect(&second, 75);
	expect_sentence(&second, "another run of tenant \"kill\" is active");
	assert_in_range(clock_boottime_ms() - from, 1000, 5000);
	simproc_tell(sim, "release", "{}");
	expect(&first, 0);
	check_all_sent();
}

static void
test_service_away(void **state)
{
	(void)state;
	next_night();
	simproc_away(sim);
	const struct run run = begin_night("03:10");
	expect(&run, 69);
	assert_non_null(strstr(text_of(run.errors), "npsync: "));
	simproc_back(sim);
	run_night("04:00");
	check_all_sent();
}

static void
test_database_away(void **state)
{
	(void)state;
	next_night();
	const struct run run = begin("away.conf", "03:10",
	    (const char *const[]){ "run", "night", NULL });
	expect(&run, 69);
	expect_sentence(&run, "/nonexistent");
	run_night("04:00");
	check_all_sent();
}

/* What is under way is finished and recorded, nothing new is begun. */
static void
test_terminated(void **state)
{
	(void)state;
	next_night();
	const int before = ledger_respondents(sim);
	simproc_tell(sim, "hold", "{\"count\": 1, \"when\": \"after\"}");
	const struct run run = begin_night("03:10");
	wait_holding();
	(void)kill(run.pid, SIGTERM);
	embedded_proc_sleep_ms(200);
	simproc_tell(sim, "release", "{}");
	expect(&run, 0);
	const int by_then = ledger_respondents(sim) - before;
	assert_in_range(by_then, 1, PEOPLE - 1);
	run_night("04:00");
	check_all_sent();
	print_message("# SIGTERM with %d of %d sent: the others went with the "
	    "next run\n", by_then, PEOPLE);
}

static void
test_server_killed(void **state)
{
	struct embedded_pidfile pf;

	(void)state;
	next_night();
	simproc_tell(sim, "hold", "{\"count\": 1, \"when\": \"after\"}");
	const struct run run = begin_night("03:10");
	wait_holding();
	embedded_pidfile_read(pg, &pf);
	assert_true(pf.pid > 0 && embedded_proc_alive(pg, pf.pid));
	(void)kill(pf.pid, SIGKILL);
	assert_true(embedded_proc_wait_gone(pg, pf.pid, 5000));
	simproc_tell(sim, "release", "{}");
	expect(&run, 69);
	expect_sentence(&run, "");
	run_night("04:00");
	const struct fate fate = check_night();
	assert_in_range(fate.unknown, 1, 2);
}

/* Over all the nights of this file. */
static void
test_nobody_twice(void **state)
{
	char first[160];

	(void)state;
	if (ledger_doubles(sim, 400, first, sizeof(first)) > 0)
		fail_msg("%s", first);
	assert_in_range(ledger_respondents(sim), people - 2 * KILLS - 4,
	    people);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_killed_alone),
		cmocka_unit_test(test_second_run),
		cmocka_unit_test(test_wait_is_over),
		cmocka_unit_test(test_service_away),
		cmocka_unit_test(test_database_away),
		cmocka_unit_test(test_terminated),
		cmocka_unit_test(test_server_killed),
		cmocka_unit_test(test_nobody_twice),
	};

	(void)argc;
	if (!simproc_find(argv[0]))
		return 1;
	return cmocka_run_group_tests(tests, setup, teardown);
}
