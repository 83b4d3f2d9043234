/*
 * The rest driver against servers drawn from a seed (randcrm.h): each with a
 * profile of its own, read from a file as the program reads it, night after
 * night with late rows, changed rows and passes that break.  Every event of the
 * ledger must have come, by its key, with its facts, and nothing else.  Then
 * servers that break their word: what that costs must be told.
 *
 * NPSYNC_LONG=1: 1,000 servers, and more mutants.  RAND_SEED=n: only that one,
 * with its profile; RAND_MUTANT=n: only mutants of that kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "connector.h"
#include "http.h"
#include "npsync.h"
#include "options.h"
#include "randcrm.h"
#include "rest/profile.h"
#include "tmpdir.h"

#define SERVERS 20
#define SERVERS_LONG 1000
#define MUTANTS 4		/* servers per kind of mutant */
#define MUTANTS_LONG 40
#define NIGHTS 4
#define PENDING_MAX 20000

extern const struct crm_connector rest_crm;

struct taken {
	struct rand_row *row;
	int which;
};
struct run {
	struct randcrm crm;
	struct arena *arena, *scratch;
	struct rest_crm_settings set;
	struct connector_env env;
	struct crm_connector connector;	/* narrowed */
	struct http *http;
	/* What the core keeps: its cursor, and the page it fills. */
	char watermark[4096], resume[65536];
	struct taken pending[PENDING_MAX];
	size_t n_pending;
	/* The pass: which checkpoint says stop, and whether it was kept then. */
	int checkpoints, stop_at;
	bool kept, sweep;
	struct err err;
	char fault[256];		/* what must never be: the first */
	long emitted, events, known, requests, broken, quarantined, nobody,
	    strange, late;
};

static struct simhttpd *sim;
static struct run *current;

static void
answer(void *arg, const char *request, const char *body,
    struct sim_reply *reply)
{
	(void)arg;
	randcrm_answer(&current->crm, request, body, reply);
}

static void
sim_begin(void)
{
	simhttpd_stop(sim);
	sim = simhttpd_start_handler(answer, NULL);
	assert_non_null(sim);
}

/* ---- the core, as daemon/stage_pull.c does ------------------------------------------ */

static void
fault(struct run *run, const char *what, const char *of)
{
	if (run->fault[0] == '\0')
		(void)snprintf(run->fault, sizeof(run->fault), "%s: %.150s",
		    what, of);
}

static bool
is_right(const struct rand_listing *l, const struct rand_row *r, int which,
    const struct crm_event *ev)
{
	char person[16] = "";

	if (r->n_persons > 0)
		(void)snprintf(person, sizeof(person), "P%d",
		    r->persons[which]);
	return strcmp(ev->trigger, l->trigger) == 0 &&
	    ev->occurred_at == r->at &&
	    strcmp(ev->contact_id == NULL ? "" : ev->contact_id, person) == 0;
}

static bool
on_event(void *arg, const struct crm_event *ev)
{
	struct run *run = arg;
	struct rand_listing *l;
	int which = 0;

	struct rand_row *r = randcrm_find(&run->crm, ev->event_id, &l, &which);
	run->emitted++;
	if (ev->contact_id == NULL && (r == NULL || r->n_persons > 0))
		run->nobody++;		/* the core counts it: no_contact */
	else if (r == NULL)
		run->strange++;
	else if (!is_right(l, r, which, ev))
		fault(run, "wrong facts", ev->event_id);
	if (r == NULL && run->crm.mutant == RAND_SOUND)
		fault(run, "an event that never was", ev->event_id);
	if (r != NULL && r->visible > run->crm.now + run->crm.skew)
		fault(run, "not there yet", ev->event_id);
	if (r != NULL && run->n_pending < PENDING_MAX)
		run->pending[run->n_pending++] = (struct taken){ r, which };
	arena_reset(run->scratch);
	return true;
}

/* The page's own statement: what is new, what event_seen has. */
static void
commit(struct run *run)
{
	for (size_t i = 0; i < run->n_pending; i++) {
		const struct taken *t = &run->pending[i];
		const unsigned bit = 1u << t->which;
		if ((t->row->taken & bit) != 0)
			run->known++;
		else
			run->events++;
		if ((t->row->taken & bit) == 0 && run->sweep)
			run->late++;
		t->row->taken |= bit;
	}
	run->n_pending = 0;
}

static bool
on_checkpoint(void *arg, const char *resume, const char *watermark)
{
	struct run *run = arg;
	const bool sorted = (run->connector.info.sorted & CRM_CAP_EVENTS) != 0;
	const bool stop = ++run->checkpoints == run->stop_at;

	if (stop && !run->kept)
		return false;
	commit(run);
	if (run->sweep)
		return !stop;
	if (resume != NULL && strlen(resume) >= sizeof(run->resume))
		fault(run, "resume", "too long");
	(void)snprintf(run->resume, sizeof(run->resume), "%s", resume == NULL ||
	    (watermark != NULL && !sorted) ? "" : resume);
	if (watermark != NULL)
		(void)snprintf(run->watermark, sizeof(run->watermark), "%s",
		    watermark);
	return !stop;
}

static void
on_quarantine(void *arg, const char *source, long line, const char *key,
    const char *reason)
{
	struct run *run = arg;

	(void)line;
	run->quarantined++;
	if (run->crm.mutant == RAND_SOUND)
		fault(run, source, reason);
	(void)key;
}

static time_t
run_now(void *clock)
{
	return ((const struct run *)clock)->crm.now;
}

static bool
pull(struct run *run, void *self)
{
	struct pull pull = { .until = run->crm.now, .overlap_s = 900,
		.lag_s = 60, .sweep = run->sweep,
		.watermark = *run->watermark == '\0' ? NULL : run->watermark,
		.resume = *run->resume == '\0' || run->sweep ? NULL
		    : run->resume };
	char resume[sizeof(run->resume)], watermark[sizeof(run->watermark)];

	/* What is lent does not change under the connector. */
	(void)snprintf(resume, sizeof(resume), "%s", run->resume);
	(void)snprintf(watermark, sizeof(watermark), "%s", run->watermark);
	if (pull.resume != NULL)
		pull.resume = resume;
	if (pull.watermark != NULL)
		pull.watermark = watermark;
	if (run->sweep)
		pull.from = run->crm.now - 30 * 86400;
	bool ok = run->connector.pull_events(self, &pull, on_event,
	    on_checkpoint, run, &run->err);
	if (!ok && run->err.kind == ERR_GONE && pull.resume != NULL) {
		pull.resume = NULL;
		ok = run->connector.pull_events(self, &pull, on_event,
		    on_checkpoint, run, &run->err);
	}
	return ok;
}

/* A process of its own each time: opened, read, closed. */
static bool
pass(struct run *run)
{
	void *self = NULL;

	run->checkpoints = 0;
	run->crm.requests = 0;
	run->err = (struct err){ .kind = ERR_NONE };
	const bool ok = run->connector.open(&run->env, &self, &run->err) &&
	    pull(run, self);
	run->connector.close(self);
	run->requests += run->crm.requests;
	if (ok) {
		commit(run);
		if (!run->sweep)
			run->resume[0] = '\0';
	} else {
		run->broken++;
		/* A page too large for one statement was sent without cursor. */
		if (randcrm_draw(&run->crm, 3) == 0)
			commit(run);
		run->n_pending = 0;
	}
	return ok;
}

/* ---- a server, opened as the program does ---------------------------------------------- */

static void
files_write(const struct run *run, const char *profile)
{
	char conf[512];

	(void)mkdir(tmpdir_path("crm.d"), 0700);
	(void)tmpdir_write("crm.d/drawn.conf", profile, 0600);
	(void)tmpdir_write("secret", "s3cret\n", 0600);
	(void)snprintf(conf, sizeof(conf), "crm = ( { name = \"crm\"; driver = "
	    "\"rest\"; profile = \"drawn\"; base_url = \"%s/api\"; user = "
	    "\"npsync\"; secret = \"file:secret\"; } );\n", run->crm.url);
	(void)tmpdir_write("npsync.conf", conf, 0600);
}

static bool
settings_read(struct run *run)
{
	static const char *const ours[] = { "name", "driver", NULL };
	const char *name = tmpdir_path("npsync.conf");
	struct options_file *file = NULL;
	struct err *err = &run->err;

	const bool ok = options_open(name, &file, err) &&
	    options_fill(rest_crm_opts, &run->set, options_at(options_member(
	        options_root(file), "crm"), 0), name, "crm.[0]", ours,
	        run->arena, err) &&
	    options_load_secrets(rest_crm_opts, &run->set, tmpdir, "crm.[0]",
	        run->arena, err);
	options_close(file);
	return ok;
}

static void
run_begin(struct run *run, uint64_t seed, enum rand_mutant mutant)
{
	struct http_settings settings = http_defaults;

	*run = (struct run){ .arena = arena_new((size_t)16 << 20),
		.scratch = arena_new((size_t)4 << 20) };
	current = run;
	randcrm_begin(&run->crm, seed, mutant);
	run->crm.url = arena_strdup(run->arena, simhttpd_url(sim));
	const char *profile = randcrm_profile(&run->crm);
	files_write(run, profile);
	settings.tries = 1;
	settings.rate_per_second = 0;
	settings.answer_timeout_s = 10;
	if (!settings_read(run) ||
	    !http_open(&settings, NULL, &run->http, &run->err))
		fail_msg("seed %llu: %s\n%s", (unsigned long long)seed,
		    run->err.msg, profile);
	run->env = (struct connector_env){ .instance = "crm",
		.settings = &run->set, .timezone = "Europe/Stockholm",
		.http = run->http, .scratch = run->scratch, .now = run_now,
		.clock = run, .quarantine = on_quarantine,
		.quarantine_arg = run };
	run->connector = rest_crm;
	rest_crm.narrow(&run->set, &run->connector);
}

static void
run_end(struct run *run)
{
	http_close(run->http);
	randcrm_end(&run->crm);
	arena_free(run->scratch);
	arena_free(run->arena);
}

/* ---- nights ----------------------------------- */

static long
missing(const struct run *run, const char **first)
{
	const struct randcrm *crm = &run->crm;
	long n = 0;

	for (int i = 0; i < crm->n_listings; i++) {
		const struct rand_listing *l = &crm->listing[i];
		for (int k = 0; k < l->n_rows; k++)
			for (int e = 0; e < randcrm_events_of(l, &l->row[k]);
			     e++) {
				if ((l->row[k].taken >> e & 1) != 0)
					continue;
				if (n++ == 0)
					*first = randcrm_id(l, l->row[k].n);
			}
	}
	return n;
}

static void
fails_with(const struct run *run, const char *what, const char *detail)
{
	struct randcrm again = run->crm;

	fail_msg("RAND_SEED=%llu: %s: %s\n%s\n%s",
	    (unsigned long long)run->crm.seed, what, detail,
	    randcrm_describe(&run->crm), getenv("RAND_SEED") != NULL
	    ? randcrm_profile(&again) : "");
}

static void
incident_draw(struct run *run)
{
	struct randcrm *crm = &run->crm;

	run->stop_at = 0;
	run->kept = false;
	crm->fail_in = 0;
	switch (randcrm_draw(crm, 6)) {
	case 0:
	case 1:
		run->stop_at = 1 + randcrm_draw(crm, 5);
		run->kept = randcrm_draw(crm, 3) > 0;
		break;
	case 2:
		crm->fail_in = 1 + randcrm_draw(crm, 12);
		crm->fail_how = randcrm_draw(crm, 3);
		break;
	default:
		break;
	}
}

/* A night with what may go wrong in it. */
static void
night(struct run *run)
{
	incident_draw(run);
	const bool incident = run->stop_at > 0 || run->crm.fail_in > 0;
	const bool ok = pass(run);
	run->stop_at = run->crm.fail_in = 0;
	if (!ok && !incident)
		fails_with(run, "failed", run->err.msg);
	if (ok || randcrm_draw(&run->crm, 2) == 0)
		return;
	run->crm.now += 900;
	if (!pass(run))
		fails_with(run, "failed the second time", run->err.msg);
}

static void
look_back(struct run *run)
{
	run->sweep = true;
	if (!pass(run))
		fails_with(run, "look back", run->err.msg);
	if (run->late > 0)
		fails_with(run, "only a look back", "found events");
	run->sweep = false;
}

static void
check_ledger(const struct run *run)
{
	const char *first = NULL;
	const long n = missing(run, &first);
	char text[128];

	if (run->fault[0] != '\0')
		fails_with(run, "fault", run->fault);
	(void)snprintf(text, sizeof(text), "%ld, the first of row %s", n,
	    n == 0 ? "" : first);
	if (n > 0)
		fails_with(run, "lost", text);
}

static void
run_server(struct run *run)
{
	struct randcrm *crm = &run->crm;
	const time_t first = crm->now;

	for (int i = 1; i <= NIGHTS; i++) {
		randcrm_night(crm, first + i * 86400L + randcrm_draw(crm, 7200),
		    false);
		night(run);
	}
	randcrm_night(crm, crm->now + 2 * 86400, true);
	/* A pass that goes on where one broke has not seen what came since. */
	const bool resumed = run->resume[0] != '\0';
	if (!pass(run) || (resumed && !pass(run)))
		fails_with(run, "failed", run->err.msg);
	check_ledger(run);
	look_back(run);
	check_ledger(run);
}

static bool
is_long(void)
{
	const char *s = getenv("NPSYNC_LONG");

	return s != NULL && strcmp(s, "1") == 0;
}

static void
test_servers(void **state)
{
	static struct run run;
	const char *only = getenv("RAND_SEED");
	const int n = is_long() ? SERVERS_LONG : SERVERS;
	const int from = only == NULL ? 1 : (int)strtoll(only, NULL, 10);
	long events = 0, requests = 0, known = 0, broken = 0;

	(void)state;
	if (getenv("RAND_MUTANT") != NULL)
		return;
	for (int i = 0; i < (only == NULL ? n : 1); i++) {
		if (i % 50 == 0)
			sim_begin();
		run_begin(&run, (uint64_t)(from + i), RAND_SOUND);
		run_server(&run);
		events += run.events;
		requests += run.requests;
		known += run.known;
		broken += run.broken;
		run_end(&run);
	}
	print_message("%d servers: %ld events, each once; %ld met again and "
	    "known; %ld broken passes; %ld requests, %.0f per 1,000 events\n",
	    only == NULL ? n : 1, events, known, broken, requests,
	    1000.0 * (double)requests / (double)events);
	assert_true(events > 0);
}

/* ---- servers that break their word ----------------------------------- */

enum outcome { HARMLESS, CAUGHT, TOLD, SILENT, OUTCOMES };

static bool
is_clear(const struct err *err)
{
	return err->kind != ERR_NONE && err->kind != ERR_BUG &&
	    strlen(err->msg) > 10 && strchr(err->msg, '\n') == NULL &&
	    strstr(err->msg, "s3cret") == NULL;
}

/* The mutant at work for some nights; how often that ended with an error. */
static int
wild_nights(struct run *run)
{
	struct randcrm *crm = &run->crm;
	int failed = 0;

	crm->wild = true;
	for (int i = 0; i < 3; i++) {
		randcrm_night(crm, crm->now + 86400, i == 2);
		if (pass(run))
			continue;
		failed++;
		if (!is_clear(&run->err))
			fault(run, "no clear line", run->err.msg);
		if (crm->requests > crm->limit)
			fault(run, "without end", run->err.msg);
	}
	crm->wild = false;
	return failed;
}

/* What it cost must be told: by an error, by the quarantine, by events without
 * a person; and once the server is what it was, what an error held up comes. */
static enum outcome
mutant_run(struct run *run)
{
	struct randcrm *crm = &run->crm;
	const char *first;

	randcrm_night(crm, crm->now + 86400, false);
	/* Some are wild from the first day on. */
	if (crm->seed % 8 > 3 && !pass(run))
		fails_with(run, "failed", run->err.msg);
	const int failed = wild_nights(run);
	const bool told = run->quarantined > 0 || run->nobody > 0;
	bool whole = missing(run, &first) == 0;
	if (failed > 0 && !whole) {
		randcrm_night(crm, crm->now + 86400, true);
		/* The first goes on where one broke. */
		if (!pass(run) || !pass(run))
			fault(run, "not healed", run->err.msg);
		whole = missing(run, &first) == 0;
	}
	if (run->fault[0] != '\0' || run->strange > 0)
		return SILENT;
	if (!whole)
		return told ? TOLD : SILENT;
	return failed > 0 ? CAUGHT : told ? TOLD : HARMLESS;
}

static void
mutants_of(enum rand_mutant kind, int n, long count[OUTCOMES])
{
	static struct run run;
	const char *only = getenv("RAND_SEED");
	long own[OUTCOMES] = { 0 };

	for (int i = 0; i < n; i++) {
		const uint64_t seed = only != NULL
		    ? (uint64_t)strtoll(only, NULL, 10)
		    : 5000 + 100 * (uint64_t)kind + (uint64_t)i;
		run_begin(&run, seed, kind);
		const enum outcome got = mutant_run(&run);
		own[got]++;
		count[got]++;
		if (got == SILENT)
			print_message("silent: RAND_SEED=%llu RAND_MUTANT=%d: %s: "
			    "%s%ld strange events\n%s\n",
			    (unsigned long long)seed, (int)kind,
			    randcrm_mutant_name(kind), run.fault, run.strange,
			    randcrm_describe(&run.crm));
		run_end(&run);
	}
	if (is_long())
		print_message("%s: %ld harmless, %ld caught, %ld told by "
		    "counts\n", randcrm_mutant_name(kind), own[HARMLESS],
		    own[CAUGHT], own[TOLD]);
}

static void
test_mutants(void **state)
{
	const char *only = getenv("RAND_MUTANT"), *seed = getenv("RAND_SEED");
	const int n = seed != NULL ? 1 : is_long() ? MUTANTS_LONG : MUTANTS;
	long count[OUTCOMES] = { 0 };

	(void)state;
	if (only == NULL && seed != NULL)
		return;
	for (int kind = RAND_SOUND + 1; kind < RAND_MUTANTS; kind++) {
		if (only != NULL && strtoll(only, NULL, 10) != kind)
			continue;
		sim_begin();
		mutants_of((enum rand_mutant)kind, n, count);
	}
	print_message("%ld mutants: %ld caught or harmless (%ld ended with an "
	    "error, %ld were told by counts, %ld cost nothing), %ld silent\n",
	    count[0] + count[1] + count[2] + count[3],
	    count[0] + count[1] + count[2], count[CAUGHT], count[TOLD],
	    count[HARMLESS], count[SILENT]);
	assert_int_equal(count[SILENT], 0);
	assert_true(only != NULL || count[CAUGHT] > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_mutants),
	};

	const int failed = cmocka_run_group_tests(tests, tmpdir_make,
	    tmpdir_remove);
	simhttpd_stop(sim);
	return failed;
}
