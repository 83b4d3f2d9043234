/*
 * Two runs at once.  Sixteen that begin together: the service holds the first
 * push until all others have left with 75, so exactly one works.  And one that
 * was stopped (SIGSTOP) past its lease while a second, from another machine,
 * took over: it makes no effect any more, but what it had begun is recorded.
 * NPSYNC_ROUNDS, NPSYNC_STOPPED and NPSYNC_SEED: other numbers.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "ledger.h"
#include "world.h"

#define STARTS 16
#define ROUNDS 1
#define ROUNDS_LONG 200
#define STOPPED 3
#define STOPPED_LONG 100
#define ROUNDS_A_WORLD 50
#define SEED 20261104

static void
pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL);
}

static void
hold(struct world *w, int count, const char *when)
{
	simproc_tell(w->sim, "hold", "{\"count\": %d, \"when\": \"%s\"}",
	    count, when);
}

static void
wait_holding(struct world *w)
{
	for (int i = 0; i < 12000; i++) {
		if (simproc_stat(w->sim, "holding") > 0)
			return;
		pause_ms(5);
	}
	fail_msg("no push came");
}

/* ---- sixteen at once --------------------------------------------------------- */
static struct {
	int rounds, left, worked, people;
	struct world_fate fate;
} starts;

/* All but one have left; which one. */
static int
wait_others(struct world_run *run)
{
	int running = STARTS, last = -1;

	for (int tries = 0; running > 1; tries++) {
		running = 0;
		for (int i = 0; i < STARTS; i++) {
			siginfo_t info = { .si_pid = 0 };
			(void)waitid(P_PID, (id_t)run[i].p.pid, &info,
			    WEXITED | WNOHANG | WNOWAIT);
			if (info.si_pid != 0)
				continue;
			running++;
			last = i;
		}
		if (tries > 12000)
			fail_msg("%d runs are still there", running);
		pause_ms(5);
	}
	assert_int_equal(running, 1);
	return last;
}

static void
start_round(struct world *w)
{
	static struct world_run run[STARTS];
	const int there = ledger_respondents(w->sim);
	const long long runs = world_runs(w);

	hold(w, 64, "before");
	for (int i = 0; i < STARTS; i++) {
		w->minute = 0;
		world_start(w, &run[i], NULL, "run night --quiet", NULL);
	}
	const int worker = wait_others(run);
	wait_holding(w);
	/* All others are gone, and nobody was asked yet. */
	assert_int_equal(ledger_respondents(w->sim), there);
	for (int i = 0; i < STARTS; i++) {
		if (i == worker)
			continue;
		const int code = world_ended(&run[i]);
		if (code != 75)
			fail_msg("exit %d: %s", code, run[i].p.err);
		runproc_free(&run[i].p);
		starts.left++;
	}
	world_let_go(w);
	const int code = world_ended(&run[worker]);
	if (code != 0)
		fail_msg("exit %d: %s", code, run[worker].p.err);
	runproc_free(&run[worker].p);
	assert_int_equal(world_runs(w), runs + 1);
	starts.people += ledger_respondents(w->sim) - there;
	starts.rounds++;
	starts.worked++;
}

static void
test_starts(void **state)
{
	const int rounds = world_number("NPSYNC_ROUNDS", ROUNDS, ROUNDS_LONG);
	const int seed = world_number("NPSYNC_SEED", SEED, SEED);
	struct world w;

	(void)state;
	if (rounds == 0)
		skip();
	while (starts.rounds < rounds) {
		const struct world_options options = {
			.seed = (uint64_t)(seed + starts.rounds) };
		world_make(&w, &options);
		w.untraced = true;
		for (int i = 0; i < ROUNDS_A_WORLD && starts.rounds < rounds;
		     i++) {
			world_next_night(&w, 2 + world_random(&w, 3));
			start_round(&w);
		}
		world_check(&w, &starts.fate);
		world_free(&w);
	}
	print_message("# starts: seed %d, %d rounds of %d at once: %d worked, %d "
	    "left with 75, %d people asked\n", seed, starts.rounds, STARTS,
	    starts.worked, starts.left, starts.people);
	world_say("starts", &starts.fate);
	assert_int_equal(starts.worked, rounds);
	assert_int_equal(starts.left, rounds * (STARTS - 1));
}

/* ---- stopped past its lease ----------------------------------------------------- */
static struct {
	int rounds, claimed, before, after, at_service, later;
	struct world_fate fate;
} stopped;

static void
copy_file(const char *from, const char *to)
{
	AUTO(buf) struct buf text;
	char part[4096];
	ssize_t n;
	const int in = open(from, O_RDONLY | O_CLOEXEC);
	const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	buf_init(&text, 65536);
	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, part, sizeof(part))) > 0)
		assert_true(buf_add(&text, part, (size_t)n));
	assert_int_equal(write(out, buf_text(&text), text.len),
	    (long)text.len);
	(void)close(in);
	(void)close(out);
}

/* The other machine: a state directory, so a lock, of its own, with the
 * high-water file of the first. */
static void
other_machine(const struct world *w, const char *from, const char *to)
{
	char a[400], b[400];

	(void)snprintf(a, sizeof(a), "%s/%s/high-water-world", w->dir, from);
	(void)snprintf(b, sizeof(b), "%s/%s", w->dir, to);
	(void)mkdir(b, 0700);
	(void)snprintf(b, sizeof(b), "%s/%s/high-water-world", w->dir, to);
	copy_file(a, b);
}

/* "/state" becomes "/other" in a second configuration. */
static void
other_conf(const struct world *w)
{
	char path[400], text[8192];

	(void)snprintf(path, sizeof(path), "%s/npsync.conf", w->dir);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	const size_t n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	char *at = strstr(text, "/state\"");
	assert_non_null(at);
	memcpy(at, "/other", 6);
	(void)snprintf(path, sizeof(path), "%s/other.conf", w->dir);
	f = fopen(path, "we");
	assert_true(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* Rules of failpoints that appear at once. */
static void
rules(const struct world *w, const char *text)
{
	char path[400], tmp[400];

	(void)snprintf(path, sizeof(path), "%s/rules", w->dir);
	(void)snprintf(tmp, sizeof(tmp), "%s/.rules", w->dir);
	FILE *f = fopen(tmp, "we");
	assert_true(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0 &&
	    rename(tmp, path) == 0);
}

static void
wait_stopped(const struct world_run *r)
{
	int status = 0;

	assert_int_equal(waitpid(r->p.pid, &status, WUNTRACED), r->p.pid);
	assert_true(WIFSTOPPED(status));
}

enum place { CLAIMED, BEFORE, AFTER };

/* The first run stands: after the COMMIT of a claim, before its request; or
 * with the request at the service, which has taken the person or not. */
static void
stop_first(struct world *w, struct world_run *first, enum place place)
{
	char file[440], rule[80];
	const char *const env[] = { file, NULL };

	(void)snprintf(file, sizeof(file), "NPSYNC_FAILPOINT_FILE=%s/rules",
	    w->dir);
	(void)snprintf(rule, sizeof(rule),
	    "db.after/queue_claim_rows=stop@%d", 1 + world_random(w, 3));
	rules(w, place == CLAIMED ? rule : "");
	if (place != CLAIMED)
		hold(w, 1, place == BEFORE ? "before" : "after");
	world_start(w, first, NULL, "run night --quiet", env);
	if (place != CLAIMED) {
		wait_holding(w);
		(void)kill(first->p.pid, SIGSTOP);
	}
	wait_stopped(first);
}

/* Its own clock says so too, as after a real pause. */
static void
wake_first(struct world *w, struct world_run *first)
{
	rules(w, "push.before/request=fail+");
	(void)kill(first->p.pid, SIGCONT);
}

static void
stopped_round(struct world *w, enum place place)
{
	struct world_run first, second;

	stop_first(w, &first, place);
	other_machine(w, "state", "other");
	const int claimed = world_rows(w, "sending");
	assert_in_range(claimed, 1, w->options.concurrency);
	world_expire_lease(w);
	world_start(w, &second, "other.conf", "run night --quiet", NULL);
	int code = world_ended(&second);
	if (code != 0)
		fail_msg("the second: exit %d: %s", code, second.p.err);
	runproc_free(&second.p);
	/* What was claimed is left alone, all others went. */
	assert_int_equal(world_rows(w, "sending"), 0);
	const int there = ledger_respondents(w->sim);
	const int unknown = world_rows(w, "unknown");
	wake_first(w, &first);
	if (place == BEFORE)
		pause_ms(50);
	world_let_go(w);
	code = world_ended(&first);
	if (code != 75)
		fail_msg("the first: exit %d: %s", code, first.p.err);
	runproc_free(&first.p);
	/* Held before: what had begun, and nothing else. */
	const int late = ledger_respondents(w->sim) - there;
	assert_int_equal(late, place == BEFORE ? 1 : 0);
	/* Unknown before, it is sent now: the answer came. */
	const int known = unknown - world_rows(w, "unknown");
	assert_int_equal(known, place == BEFORE ||
	    (place == AFTER && !w->options.members) ? 1 : 0);
	other_machine(w, "other", "state");
	stopped.rounds++;
	stopped.claimed += place == CLAIMED;
	stopped.before += place == BEFORE;
	stopped.after += place == AFTER;
	stopped.at_service += late;
	stopped.later += known;
}

static void
test_stopped(void **state)
{
	const int rounds = world_number("NPSYNC_STOPPED", STOPPED,
	    STOPPED_LONG);
	const int seed = world_number("NPSYNC_SEED", SEED, SEED);
	struct world w;

	(void)state;
	if (rounds == 0)
		skip();
	for (int world = 0; stopped.rounds < rounds; world++) {
		const struct world_options options = {
			.seed = (uint64_t)(seed + world),
			.members = world % 2 == 1, .concurrency = 1 };
		world_make(&w, &options);
		w.untraced = true;
		other_conf(&w);
		world_next_night(&w, 4);
		world_night(&w);
		for (int i = 0; i < (rounds + 1) / 2 && i < 25 &&
		     stopped.rounds < rounds; i++) {
			world_next_night(&w, 5 + world_random(&w, 4));
			stopped_round(&w, (enum place)(stopped.rounds % 3));
		}
		world_check(&w, &stopped.fate);
		world_free(&w);
	}
	print_message("# stopped: seed %d, %d runs stopped past their lease (%d "
	    "between claim and request, %d with the request held before, %d "
	    "after its effect): 0 new effects by them, %d had begun and went "
	    "on, %d outcomes recorded after the second run\n", seed,
	    stopped.rounds, stopped.claimed, stopped.before, stopped.after,
	    stopped.at_service, stopped.later);
	world_say("stopped", &stopped.fate);
	assert_int_equal(stopped.rounds, rounds);
	assert_true(stopped.claimed > 0 && stopped.before > 0 &&
	    stopped.after > 0);
}

/* ---- the lease alone --------------------------------------------------------------- */
/* Nobody took over: what was put back goes with the next claim. */
static void
test_put_back(void **state)
{
	const struct world_options options = { .seed = SEED };
	static const char *const env[] = {
		"NPSYNC_FAILPOINT=push.before/request=fail@2", NULL };
	struct world_fate fate = { 0 };
	struct world_run r;
	struct world w;

	(void)state;
	world_make(&w, &options);
	world_next_night(&w, 5);
	world_start(&w, &r, NULL, "run night --quiet", env);
	assert_int_equal(world_ended(&r), 0);
	runproc_free(&r.p);
	assert_int_equal(world_rows(&w, "sent"), 4);
	assert_int_equal(world_rows_there(&w, "sent"), 4);
	world_check(&w, &fate);
	assert_int_equal(fate.resent, 0);
	world_free(&w);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_put_back),
	};

	(void)argc;
	if (!world_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("torture-starts", tests,
	    world_begin, world_end);
}
