/*
 * The reading side of the dynamics driver against tests/sim/dynamics, which was
 * written after the vendor's pages and knows nothing of the driver: what is
 * read is what is there, whatever goes wrong on the way.
 */
#include "common/idmap.h"
#include "dynamics/sim.h"
#include "peak.h"
#include "runproc.h"
#include "tmpdir.h"
#include "with_asan.h"

/* ---- nights ------------------------------------------------------------ */

/* What the core keeps of a stream, and the events it has met: each key once. */
struct nights {
	struct world *w;
	struct arena *arena;
	struct idmap met;
	char *mark, *resume;
	size_t n, again, changed;
	size_t of[4];		/* meet, sale, loss, case */
};

static const char *const triggers[] = { "meet", "sale", "loss", "case" };

static void
nights_begin(struct nights *n, struct world *w)
{
	*n = (struct nights){ .w = w, .arena = arena_new(64 << 20) };
	idmap_init(&n->met, n->arena);
}

static void
nights_end(struct nights *n)
{
	arena_free(n->arena);
}

static bool
on_event(void *arg, const struct crm_event *ev)
{
	struct nights *n = arg;
	const char *key = arena_printf(n->arena, "%s %s", ev->trigger,
	    ev->event_id);
	const char *facts = arena_printf(n->arena, "%s %lld %s",
	    rig_or(ev->contact_id), (long long)ev->occurred_at,
	    rig_or(ev->category));

	if (idmap_has(&n->met, key)) {
		n->again++;
		n->changed += strcmp(idmap_get(&n->met, key), facts) != 0;
		return true;
	}
	n->n++;
	for (size_t i = 0; i < ARRAY_LEN(triggers); i++)
		n->of[i] += strcmp(ev->trigger, triggers[i]) == 0;
	return idmap_put(&n->met, key, arena_strdup(n->arena, facts));
}

static bool
on_page(void *arg, const char *resume, const char *watermark)
{
	struct nights *n = arg;

	n->resume = resume == NULL ? NULL : arena_strdup(n->arena, resume);
	if (watermark != NULL)
		n->mark = arena_strdup(n->arena, watermark);
	return true;
}

/* One night's reading; a place that is gone begins again, as in the core. */
static bool
night(struct nights *n)
{
	struct rig *rig = &n->w->rig;
	struct pull pull = rig_pull(rig, n->mark, n->resume);
	bool ok = dynamics_crm.pull_events(rig->self, &pull, on_event, on_page,
	    n, &rig->err);

	if (!ok && rig->err.kind == ERR_GONE && pull.resume != NULL) {
		pull.resume = n->resume = NULL;
		ok = dynamics_crm.pull_events(rig->self, &pull, on_event,
		    on_page, n, &rig->err);
	}
	return ok;
}

static void
calm_night(struct nights *n)
{
	if (!night(n))
		fail_msg("%s", n->w->rig.err.msg);
	assert_null(n->resume);
}

static void
set_now(struct world *w, const char *now)
{
	w->rig.now = rig_time(now);
	world_tell(w, "now", "{'now':'%s'}", now);
}

/* Nothing that a server of theirs would put up with, but should not have to. */
static void
assert_manners(struct world *w)
{
	static const char *const faults[] = { "patch_without_if_match",
		"page_size_not_repeated", "link_changed", "plus_in_query",
		"no_odata_version", "no_accept", "if_none_match_on_write" };

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		char path[80];
		snprintf(path, sizeof(path), "/complaints/%s", faults[i]);
		if (world_stat(w, path) != 0)
			fail_msg("%s", faults[i]);
	}
}

/* ---- what is there ----------------------------------------------------- */

static void
assert_counts(struct nights *n)
{
	struct world *w = n->w;

	assert_int_equal(n->of[1], world_count(w, "opportunities",
	    "statecode eq 1"));
	assert_int_equal(n->of[2], world_count(w, "opportunities",
	    "statecode eq 2"));
	assert_int_equal(n->of[3], world_count(w, "incidents",
	    "statecode eq 1 and statuscode ne 2000"));
	assert_true(n->of[0] >= (size_t)world_count(w, "appointments",
	    "statecode eq 1"));
}

static void
test_first_reading(void **state)
{
	static const char *const options[] = { "--seed-world", "200",
		"--events", "500", NULL };
	struct nights small, large, again;
	struct world w;

	(void)state;
	world_start(&w, options);
	world_open(&w, "");
	if (!dynamics_crm.check(w.rig.self, &w.rig.err))
		fail_msg("%s", w.rig.err.msg);
	nights_begin(&large, &w);
	calm_night(&large);
	assert_counts(&large);
	/* Once more: nothing new. */
	const size_t first = large.n;
	calm_night(&large);
	assert_int_equal(large.n, first);
	assert_int_equal(large.changed, 0);
	world_close(&w);
	/* Seven rows a page, or other forms of the query: the same. */
	world_open(&w, "page_size = 7;");
	nights_begin(&small, &w);
	calm_night(&small);
	assert_int_equal(small.n, first);
	assert_int_equal(small.again, 0);
	world_close(&w);
	world_open(&w, "in_style = 'function'; url_max_bytes = 1000;");
	nights_begin(&again, &w);
	calm_night(&again);
	assert_int_equal(again.n, first);
	world_close(&w);
	assert_manners(&w);
	nights_end(&small);
	nights_end(&large);
	nights_end(&again);
	world_stop(&w);
}

/* The logs tell the same story as the records. */
static void
test_sources(void **state)
{
	static const char *const options[] = { "--seed-world", "100",
		"--events", "300", NULL };
	struct nights records, logs;
	struct world w;

	(void)state;
	world_start(&w, options);
	world_open(&w, "meeting_sets = [];");
	nights_begin(&records, &w);
	calm_night(&records);
	world_close(&w);
	world_open(&w, "meeting_sets = []; deal_source = 'opportunitycloses'; "
	    "case_source = 'incidentresolutions';");
	nights_begin(&logs, &w);
	calm_night(&logs);
	for (size_t i = 1; i < ARRAY_LEN(triggers); i++)
		assert_int_equal(logs.of[i], records.of[i]);
	world_close(&w);
	nights_end(&records);
	nights_end(&logs);
	world_stop(&w);
}

/* ---- what goes wrong --------------------------------------------------- */

static const struct trouble {
	const char *kind, *more;
	bool waits;		/* the pass gets by without an error */
} troubles[] = {
	{ "'503'", "", false }, { "'500'", "", false },
	{ "'502','bare':true", "", false },
	{ "'429','retry_after':1", "", true }, { "'expired'", "", true },
	{ "'401','empty':true", "", true }, { "'html','status':200", "", false },
	{ "'html','status':503", "", false }, { "'cut_before'", "", false },
	{ "'cut_body'", "", false }, { "'half'", "", false },
	{ "'garbage'", "", false }, { "'empty'", "", false },
	{ "'short_page'", "", true }, { "'empty_page'", "", true },
	{ "'duplicate_row'", "", true }, { "'link_again'", "", false },
	{ "'link_host'", "", false }, { "'link_scheme'", "", false },
};

/* One trouble at the k-th list of a night, then nights until one is calm. */
static void
suffer(struct nights *n, const struct trouble *t, int k)
{
	struct world *w = n->w;

	world_tell(w, "fault", "{'kind':%s,'on':'list','after':%d,'times':1}",
	    t->kind, k);
	const bool first = night(n);
	if (t->waits && !first)
		fail_msg("%s at %d: %s", t->kind, k, w->rig.err.msg);
	if (!first && w->rig.err.msg[0] == '\0')
		fail_msg("%s at %d: no word", t->kind, k);
	world_tell(w, "fault", "{'clear':true}");
	/* A stop is for one run. */
	world_close(w);
	world_open(w, "page_size = 15; max_wait_s = 5;");
	calm_night(n);
}

static void
test_troubles(void **state)
{
	static const char *const options[] = { "--seed-world", "60",
		"--events", "150", NULL };
	struct nights truth;
	struct world w;

	(void)state;
	world_start(&w, options);
	world_open(&w, "page_size = 15; max_wait_s = 5;");
	nights_begin(&truth, &w);
	calm_night(&truth);
	for (size_t i = 0; i < ARRAY_LEN(troubles); i++)
		for (int k = 0; k < 4; k += 3) {
			struct nights n;
			nights_begin(&n, &w);
			suffer(&n, &troubles[i], k);
			if (n.n != truth.n || n.changed != 0)
				fail_msg("%s at %d: %zu events of %zu",
				    troubles[i].kind, k, n.n, truth.n);
			nights_end(&n);
		}
	assert_int_equal(world_stat(&w, "/strayed"), 0);
	assert_int_equal(world_stat(&w, "/strayed_bearer"), 0);
	assert_int_equal(world_stat(&w, "/too_early"), 0);
	assert_manners(&w);
	nights_end(&truth);
	world_close(&w);
	world_stop(&w);
}

/* 401 for ever: one new token, one replay; the mark stays. */
static void
test_401_for_ever(void **state)
{
	static const char *const options[] = { "--seed-world", "20",
		"--events", "20", NULL };
	struct nights n;
	struct world w;

	(void)state;
	world_start(&w, options);
	world_open(&w, "");
	nights_begin(&n, &w);
	world_tell(&w, "fault", "{'kind':'401','on':'data','times':-1}");
	assert_false(night(&n));
	assert_int_equal(w.rig.err.kind, ERR_AUTH);
	assert_null(n.mark);
	assert_null(n.resume);
	nights_end(&n);
	world_close(&w);
	world_stop(&w);
}

/* ---- a certificate in place of the secret ------------------------------ */

static void
openssl_make(const char *const *args)
{
	const char *argv[24] = { "openssl" };
	struct runproc p;

	for (size_t i = 0; args[i] != NULL; i++)
		argv[i + 1] = args[i];
	runproc_start(&p, "/usr/bin/env", argv, NULL, NULL);
	runproc_wait(&p, 60);
	assert_int_equal(p.code, 0);
	runproc_free(&p);
}

static const char *
slurp(struct arena *to, const char *name)
{
	char text[16384];
	FILE *f = fopen(tmpdir_path(name), "re");

	assert_non_null(f);
	const size_t n = fread(text, 1, sizeof(text) - 1, f);
	assert_true(n > 0);
	(void)fclose(f);
	return arena_strndup(to, text, n);
}

/* The server checks the signature and who it is of. */
static void
test_certificate(void **state)
{
	struct arena *mine = arena_new(1 << 20);
	struct world w;

	assert_int_equal(tmpdir_make(state), 0);
	const char *const key = arena_strdup(mine, tmpdir_path("key"));
	const char *const cert = arena_strdup(mine, tmpdir_path("cert"));
	openssl_make((const char *const[]){ "req", "-x509", "-newkey",
	    "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "30",
	    "-subj", "/CN=npsync", NULL });
	const char *const options[] = { "--seed-world", "5", "--events", "5",
		"--certificate", cert, NULL };
	world_start(&w, options);
	w.certificate = arena_printf(mine, "%s%s", slurp(mine, "key"),
	    slurp(mine, "cert"));
	world_open(&w, "auth = 'certificate'; certificate = 'credential:c';");
	if (!dynamics_crm.check(w.rig.self, &w.rig.err))
		fail_msg("%s", w.rig.err.msg);
	world_close(&w);
	/* Another's certificate under our name. */
	openssl_make((const char *const[]){ "req", "-x509", "-newkey",
	    "rsa:2048", "-nodes", "-keyout", tmpdir_path("other-key"), "-out",
	    arena_strdup(mine, tmpdir_path("other")), "-days", "30", "-subj",
	    "/CN=npsync", NULL });
	w.certificate = arena_printf(mine, "%s%s", slurp(mine, "other-key"),
	    slurp(mine, "other"));
	world_open(&w, "auth = 'certificate'; certificate = 'credential:c';");
	assert_false(dynamics_crm.check(w.rig.self, &w.rig.err));
	assert_int_equal(w.rig.err.kind, ERR_AUTH);
	world_close(&w);
	world_stop(&w);
	arena_free(mine);
	assert_int_equal(tmpdir_remove(state), 0);
}

/* ---- time -------------------------------------------------------------- */

#define RESOLVED "'statecode':1,'statuscode':5"

/* A row that is seen ten minutes after its stamp, and 50 rows of one second with
 * 15 to a page: each is met once, on the night it can be seen. */
static void
test_late_and_equal(void **state)
{
	static const char *const options[] = { "--seed-world", "20",
		"--events", "20", NULL };
	struct nights n;
	struct world w;

	(void)state;
	world_start(&w, options);
	world_open(&w, "page_size = 15;");
	nights_begin(&n, &w);
	calm_night(&n);
	const size_t before = n.of[3];
	set_now(&w, "2026-11-26T01:55:00Z");
	world_tell(&w, "record", "{'table':'incidents','set':{" RESOLVED "},"
	    "'late_s':600}");
	world_tell(&w, "record", "{'table':'incidents','set':{" RESOLVED "},"
	    "'count':50}");
	set_now(&w, "2026-11-26T02:00:00Z");
	calm_night(&n);
	assert_int_equal(n.of[3], before + 50);
	set_now(&w, "2026-11-27T02:00:00Z");
	calm_night(&n);
	assert_int_equal(n.of[3], before + 51);
	calm_night(&n);
	assert_int_equal(n.of[3], before + 51);
	assert_int_equal(n.changed, 0);
	nights_end(&n);
	world_close(&w);
	world_stop(&w);
}

/* Closed long ago, given to somebody else in one go: no event. */
static void
test_closed_deals_reassigned(void **state)
{
	static const char *const options[] = { "--seed-world", "50",
		"--events", "400", NULL };
	struct nights n;
	struct world w;

	(void)state;
	world_start(&w, options);
	world_open(&w, "");
	nights_begin(&n, &w);
	calm_night(&n);
	const size_t before = n.n;
	set_now(&w, "2026-11-26T01:00:00Z");
	world_tell(&w, "update", "{'table':'opportunities','where':"
	    "'statecode eq 1','set':{'description':'moved'}}");
	set_now(&w, "2026-11-26T02:00:00Z");
	n.again = 0;
	calm_night(&n);
	assert_int_equal(n.n, before);
	assert_true(n.again >= n.of[1]);
	nights_end(&n);
	world_close(&w);
	world_stop(&w);
}

/* ---- contacts ---------------------------------------------------------- */

struct cards {
	size_t n, gone, out;
	char *mark, *resume;
	struct arena *arena;
};

static bool
on_card(void *arg, const struct crm_contact *c)
{
	struct cards *cards = arg;

	cards->n += !c->gone;
	cards->gone += c->gone;
	cards->out += c->opted_out;
	return true;
}

static bool
on_cards_page(void *arg, const char *resume, const char *watermark)
{
	struct cards *cards = arg;

	cards->resume = resume == NULL ? NULL : arena_strdup(cards->arena,
	    resume);
	if (watermark != NULL)
		cards->mark = arena_strdup(cards->arena, watermark);
	return true;
}

static void
read_cards(struct world *w, struct cards *cards)
{
	struct rig *rig = &w->rig;
	const struct pull pull = rig_pull(rig, cards->mark, cards->resume);

	cards->n = cards->gone = cards->out = 0;
	if (!dynamics_crm.pull_contacts(rig->self, &pull, on_card,
	    on_cards_page, cards, &rig->err))
		fail_msg("%s", rig->err.msg);
}

/* All, then what changed and went; after eight days all again, by itself. */
static void
test_change_tracking(void **state)
{
	static const char *const options[] = { "--seed-world", "100",
		"--events", "10", NULL };
	struct cards cards = { .arena = arena_new(1 << 20) };
	struct world w;

	(void)state;
	world_start(&w, options);
	world_open(&w, "contact_mirror = 'delta'; page_size = 30;");
	read_cards(&w, &cards);
	assert_int_equal(cards.n, 100);
	assert_int_equal(cards.out, world_count(&w, "contacts",
	    "donotemail eq true or donotbulkemail eq true"));
	read_cards(&w, &cards);
	assert_int_equal(cards.n + cards.gone, 0);
	set_now(&w, "2026-11-26T01:00:00Z");
	world_tell(&w, "update", "{'table':'contacts','where':"
	    "'donotemail eq false','set':{'donotemail':true},'limit':3}");
	struct json_doc *doc = world_ask(&w, "rows", "{'table':'contacts',"
	    "'where':'donotemail eq false','limit':1}");
	const char *id = json_string_value(json_at(json_root(doc),
	    "/rows/0/contactid"));
	if (id == NULL)
		id = json_string_value(json_at(json_root(doc), "/rows/0/id"));
	assert_non_null(id);
	char gone[64];
	snprintf(gone, sizeof(gone), "%s", id);
	json_free(doc);
	world_tell(&w, "delete", "{'table':'contacts','id':'%s'}", gone);
	read_cards(&w, &cards);
	assert_int_equal(cards.n, 3);
	assert_int_equal(cards.out, 3);
	assert_int_equal(cards.gone, 1);
	/* DV-14 */
	set_now(&w, "2026-12-04T02:00:00Z");
	world_tell(&w, "update", "{'table':'contacts','where':"
	    "'donotemail eq false','set':{'donotemail':true},'limit':2}");
	read_cards(&w, &cards);
	assert_int_equal(cards.n, 99);
	assert_int_equal(cards.out, world_count(&w, "contacts",
	    "donotemail eq true or donotbulkemail eq true"));
	assert_manners(&w);
	arena_free(cards.arena);
	world_close(&w);
	world_stop(&w);
}

/* ---- a large night ----------------------------------------------------- */

static bool
on_counted(void *arg, const struct crm_event *ev)
{
	(void)ev;
	++*(size_t *)arg;
	return true;
}

static bool
on_any_page(void *arg, const char *resume, const char *watermark)
{
	(void)arg, (void)resume, (void)watermark;
	return true;
}

/* A page at a time: twenty times as many events take no more memory, and their
 * requests are counted. */
static void
test_large(void **state)
{
	const char *many = getenv("NPSYNC_LONG") != NULL ? "20000" : "4000";
	const char *const sizes[] = { "1000", many };
	long peak[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const char *const options[] = { "--seed-world", "500",
			"--events", sizes[i], NULL };
		struct world w;
		size_t n = 0;
		world_start(&w, options);
		world_open(&w, "page_size = 250;");
		const struct pull pull = rig_pull(&w.rig, NULL, NULL);
		if (!dynamics_crm.pull_events(w.rig.self, &pull, on_counted,
		    on_any_page, &n, &w.rig.err))
			fail_msg("%s", w.rig.err.msg);
		peak[i] = peak_kib();
		assert_true(peak[i] > 0);
		const long long asked = world_stat(&w, "/requests");
		if (i == 1)
			print_message("%s events: %zu emitted, %lld requests, "
			    "%ld KiB more than 1000 events took\n", sizes[i], n,
			    asked, peak[1] - peak[0]);
		world_close(&w);
		world_stop(&w);
	}
	/* A sanitizer gives nothing back for a while. */
	assert_true(WITH_ASAN || peak[1] - peak[0] < 8192);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		/* First: what others took is no measure. */
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_first_reading),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_troubles),
		cmocka_unit_test(test_401_for_ever),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_late_and_equal),
		cmocka_unit_test(test_closed_deals_reassigned),
		cmocka_unit_test(test_change_tracking),
	};

	(void)argc;
	crmsim_find(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
