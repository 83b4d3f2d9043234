/*
 * The database goes away in the middle of a night, at moments drawn from a
 * recorded one: its server by an immediate stop, or the connection by a proxy
 * that cuts before a statement that commits, or after it, when nobody hears
 * what became of it.  The run must end with 69, and a later one goes on.
 * NPSYNC_STOPS, NPSYNC_CUTS and NPSYNC_SEED: other numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "faultproxy.h"
#include "world.h"

#define MANY 50
#define STOPS 2
#define STOPS_LONG 300
#define CUTS 12			/* one half before, one half after */
#define CUTS_LONG 1000
#define NIGHTS 5
#define FAULTS_A_NIGHT 4
#define EFFECTS_MAX 2000
#define SEED 20261103

static struct world_effect effects[EFFECTS_MAX];
static long n_effects;

/* ---- the server ------------------------------------------------------------ */
static struct {
	int stops, ended_before, between, code_69, code_0, not_let_in;
	struct world_fate fate;
} stops;

/* How long it stays away: sometimes a run comes meanwhile. */
static void
server_away(struct world *w)
{
	assert_true(testdb_kill());
	if (world_random(w, 8) == 0) {
		struct world_run r;
		world_start(w, &r, NULL, "run night --quiet", NULL);
		assert_int_equal(world_ended(&r), 69);
		runproc_free(&r.p);
		stops.not_let_in++;
	}
	assert_true(testdb_revive());
}

static bool
stop_one(struct world *w, enum world_part part)
{
	const struct world_moment m = world_draw(w, effects, n_effects, part);
	struct world_run r;

	world_start(w, &r, NULL, "run night --quiet", NULL);
	const bool reached = world_reach(w, &r, &m);
	if (reached) {
		w->untraced = true;
		server_away(w);
		w->untraced = false;
		world_reconnect(w);
	}
	world_let_go(w);
	const int code = world_ended(&r);
	if (code != 69 && code != 0)
		fail_msg("exit %d after %s: %s", code, r.point, r.p.err);
	runproc_free(&r.p);
	if (!reached) {
		stops.ended_before++;
		return false;
	}
	stops.stops++;
	stops.code_69 += code == 69;
	stops.code_0 += code == 0;
	stops.between += world_rows(w, "sending") > 0;
	return code != 0;
}

static void
stop_world(int seed, int number, int wanted)
{
	const struct world_options options = { .seed = (uint64_t)seed,
		.members = number % 2 == 0, .concurrency = 1 << number % 4 };
	static const enum world_part parts[FAULTS_A_NIGHT] = { WORLD_REQUEST,
		WORLD_ANY, WORLD_SENDING, WORLD_ANY };
	struct world w;

	world_make(&w, &options);
	world_next_night(&w, 8);
	n_effects = world_record(&w, effects, EFFECTS_MAX);
	for (int i = 0; i < NIGHTS && stops.stops < wanted; i++) {
		world_next_night(&w, 8 + world_random(&w, 6));
		for (int k = 0; k < FAULTS_A_NIGHT && stops.stops < wanted; k++)
			if (!stop_one(&w, parts[k]))
				break;
		world_night(&w);
	}
	world_check(&w, &stops.fate);
	world_free(&w);
}

static void
test_stops(void **state)
{
	const int wanted = world_number("NPSYNC_STOPS", STOPS, STOPS_LONG);
	const int seed = world_number("NPSYNC_SEED", SEED, SEED);

	(void)state;
	if (wanted == 0)
		skip();
	for (int i = 0; stops.stops < wanted; i++)
		stop_world(seed + i, i, wanted);
	print_message("# stops: seed %d, %d immediate stops of the server (and "
	    "%d runs that had ended before): %d runs ended with 69, %d were "
	    "through with their work, %d more came while it was away; %d "
	    "between intent and outcome\n", seed, stops.stops,
	    stops.ended_before, stops.code_69, stops.code_0, stops.not_let_in,
	    stops.between);
	world_say("stops", &stops.fate);
	assert_in_range(stops.code_69, wanted / 2, wanted);
	/* Where a few strike is chance. */
	assert_true(wanted < MANY || stops.between > 0);
}

/* The server's last words are waiting when the next statement cannot be sent. */
static void
test_idle(void **state)
{
	static const struct db_stmt one = { "one", "SELECT 1" };
	struct err err = { 0 };
	struct db *db = testdb_open();

	(void)state;
	assert_true(db_query(db, &one, NULL, NULL, &err));
	assert_true(testdb_kill());
	assert_false(db_query(db, &one, NULL, NULL, &err));
	assert_true(testdb_revive());
	if (err.kind != ERR_DB_AWAY)
		fail_msg("kind %d: %s", (int)err.kind, err.msg);
	db_close(db);
}

/* ---- the connection ---------------------------------------------------------- */
static struct {
	int cuts[2], not_met, code_69, code_0, between, sql[64], n_sql;
	char name[64][64];
	struct world_fate fate;
} cuts;
static struct faultproxy *proxy;
static char server[200];

static int
proxy_open(void **state)
{
	char upstream[300];

	(void)state;
	(void)snprintf(upstream, sizeof(upstream), "%s/.s.PGSQL.5432",
	    testdb_dir());
	proxy = faultproxy_open(upstream, FAULTPROXY_PGSQL);
	return 0;
}

static int
proxy_close(void **state)
{
	(void)state;
	faultproxy_close(proxy);
	return 0;
}

/* The statement of an effect "db.before/NAME". */
static const char *
sql_of(const char *name)
{
	size_t n;
	const struct db_stmt *const *stmts = db_stmts(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(stmts[i]->name, name) == 0)
			return stmts[i]->sql;
	fail_msg("no statement is called %s", name);
	return NULL;
}

static bool
writes(const char *sql)
{
	return strstr(sql, "INSERT ") != NULL || strstr(sql, "UPDATE ") != NULL ||
	    strstr(sql, "DELETE ") != NULL;
}

/* What moves rows or claims them is drawn three times as often as the rest. */
static bool
is_fit(struct world *w, const char *point, const char **name)
{
	static const char before[] = "db.before/";

	if (strncmp(point, before, strlen(before)) != 0)
		return false;
	*name = point + strlen(before);
	if (strcmp(*name, "commit") == 0 || strncmp(*name, "queue_", 6) == 0)
		return strcmp(*name, "commit") == 0 || writes(sql_of(*name));
	return writes(sql_of(*name)) && world_random(w, 3) == 0;
}

/* A commit of the recorded night, as the rule that cuts there. */
static const char *
draw_cut(struct world *w, bool after, struct faultproxy_rule *rule)
{
	const char *name = NULL;
	long at;

	do
		at = world_random(w, (int)n_effects);
	while (!is_fit(w, effects[at].point, &name));
	*rule = (struct faultproxy_rule){ .way = FAULTPROXY_UP, .nth = 1,
		.message = 'P', .what = world_random(w, 2) == 0
		    ? FAULTPROXY_CLOSE : FAULTPROXY_RESET };
	for (long i = 0; i < at; i++)
		rule->nth += strcmp(effects[i].point, effects[at].point) == 0;
	if (strcmp(name, "commit") == 0) {
		rule->message = 'Q';
		rule->text = "COMMIT";
	} else {
		rule->text = sql_of(name);
	}
	if (after)
		rule->when = world_random(w, 4) == 0 ? FAULTPROXY_AFTER
		                                     : FAULTPROXY_REPLY;
	return name;
}

/* By name; those of the recorded night may change. */
static void
note(const char *name)
{
	int i = 0;

	while (i < cuts.n_sql && strcmp(cuts.name[i], name) != 0)
		i++;
	assert_in_range(i, 0, 63);
	if (i == cuts.n_sql)
		(void)snprintf(cuts.name[cuts.n_sql++], sizeof(cuts.name[0]),
		    "%s", name);
	cuts.sql[i]++;
}

/* A run that was cut; false = it went through without that statement, or was
 * through with its work. */
static bool
cut_one(struct world *w, bool after)
{
	struct faultproxy_rule rule;
	struct world_run r;
	const char *name = draw_cut(w, after, &rule);
	const int fired = faultproxy_seen(proxy).fired;

	faultproxy_rule(proxy, &rule);
	world_start(w, &r, NULL, "run night --quiet", NULL);
	const int code = world_ended(&r);
	faultproxy_calm(proxy);
	const bool met = faultproxy_seen(proxy).fired > fired;
	/* The last thing is to give the lease back: that may be lost. */
	const bool last = strcmp(name, "tenant_release_lease") == 0;
	if (code != (met && !last ? 69 : 0))
		fail_msg("exit %d, cut %s %s: %s", code, after ? "after"
		    : "before", met ? name : "nothing", r.p.err);
	runproc_free(&r.p);
	cuts.not_met += !met;
	if (!met)
		return false;
	cuts.cuts[after]++;
	cuts.code_69 += code == 69;
	cuts.code_0 += code == 0;
	cuts.between += world_rows(w, "sending") > 0;
	note(name);
	return code != 0;
}

static int
cuts_all(void)
{
	return cuts.cuts[0] + cuts.cuts[1];
}

static void
cut_world(int seed, int number, int wanted)
{
	const struct world_options options = { .seed = (uint64_t)seed,
		.members = number % 2 == 0, .concurrency = 1 << number % 4,
		.server = server };
	struct world w;

	world_make(&w, &options);
	world_next_night(&w, 8);
	n_effects = world_record(&w, effects, EFFECTS_MAX);
	for (int i = 0; i < 2 * NIGHTS && cuts_all() < wanted; i++) {
		world_next_night(&w, 6 + world_random(&w, 6));
		for (int k = 0; k < FAULTS_A_NIGHT && cuts_all() < wanted; k++)
			if (!cut_one(&w, cuts.cuts[1] < cuts.cuts[0]))
				break;
		world_night(&w);
	}
	world_check(&w, &cuts.fate);
	world_free(&w);
}

static void
say_cuts(int seed)
{
	print_message("# cuts: seed %d, %d before and %d after what commits (and "
	    "%d runs that never got there): %d runs ended with 69, %d were "
	    "through with their work; %d between intent and outcome\n", seed,
	    cuts.cuts[0], cuts.cuts[1], cuts.not_met, cuts.code_69,
	    cuts.code_0, cuts.between);
	print_message("# cuts:");
	for (int i = 0; i < cuts.n_sql; i++)
		print_message(" %s %d%s", cuts.name[i], cuts.sql[i],
		    i + 1 < cuts.n_sql ? "," : "\n");
	world_say("cuts", &cuts.fate);
}

static void
test_cuts(void **state)
{
	const int wanted = world_number("NPSYNC_CUTS", CUTS, CUTS_LONG);
	const int seed = world_number("NPSYNC_SEED", SEED, SEED);

	(void)state;
	if (wanted == 0)
		skip();
	(void)snprintf(server, sizeof(server), "host=127.0.0.1 port=%d "
	    "sslmode=disable gssencmode=disable", faultproxy_port(proxy));
	for (int i = 0; cuts_all() < wanted; i++)
		cut_world(seed + i, i, wanted);
	say_cuts(seed);
	assert_in_range(cuts.cuts[1], wanted / 2, wanted);
	assert_in_range(cuts.code_69, wanted / 2, wanted);
	assert_true(wanted < MANY || cuts.between > 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_stops),
		cmocka_unit_test_setup_teardown(test_cuts, proxy_open,
		    proxy_close),
	};

	(void)argc;
	if (!world_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("torture-dbstops", tests,
	    world_begin, world_end);
}
