/*
 * The reading side of the superoffice driver against tests/sim/superoffice,
 * which was written after the vendor's pages and knows nothing of the driver:
 * what is read is what is there, whatever goes wrong on the way, and nothing is
 * asked that the published description does not have.
 */
#include "common/idmap.h"
#include "peak.h"
#include "superoffice/sim.h"
#include "with_asan.h"

#define SMALL "page_size = 15;"

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
	char *facts = arena_printf(n->arena, "%s %s",
	    rig_or(ev->contact_id), rig_or(ev->category));

	if (idmap_has(&n->met, key)) {
		n->again++;
		n->changed += strcmp(idmap_get(&n->met, key), facts) != 0;
		return true;
	}
	n->n++;
	for (size_t i = 0; i < ARRAY_LEN(triggers); i++)
		n->of[i] += strcmp(ev->trigger, triggers[i]) == 0;
	return idmap_put(&n->met, key, facts);
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

static bool
night(struct nights *n)
{
	struct rig *rig = &n->w->rig;

	rig->err = (struct err){ .kind = ERR_NONE };
	return superoffice_crm.pull_events(rig->self, rig_pull(rig, n->mark,
	    n->resume), on_event, on_page, n, &rig->err);
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

static void
again(struct world *w, const char *more)
{
	const time_t now = w->rig.now;

	world_close(w);
	world_open(w, more);
	w->rig.now = now;
}

/* ---- what is there ----------------------------------------------------- */


/* SO-09: three rows of one booking are one meeting. */
static size_t
meetings(struct world *w)
{
	struct json_doc *doc = world_ask(w, "rows", "{'table':'appointment',"
	    "'where':{'completed':true,'rawType':1},'limit':100000}");
	json_t *rows = json_object_get(json_root(doc), "rows");
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *v = json_array_get(rows, i);
		const long long type = json_integer_value(json_object_get(v,
		    "type"));
		const long long mother = json_integer_value(json_object_get(v,
		    "motherId"));
		n += (type == 2 || type == 7) && (mother == 0 || mother ==
		    json_integer_value(json_object_get(v, "appointmentId")));
	}
	json_free(doc);
	return n;
}

static void
assert_counts(struct nights *n)
{
	struct world *w = n->w;

	assert_int_equal(n->of[0], meetings(w));
	assert_int_equal(n->of[1], world_count(w, "sale", "'saleStatus':2"));
	assert_int_equal(n->of[2], world_count(w, "sale", "'saleStatus':3"));
	assert_int_equal(n->of[3], world_count(w, "ticket", "'status':2"));
}

static void
one_reading(struct world *w, const char *more, size_t want)
{
	struct nights n;

	world_open(w, more);
	nights_begin(&n, w);
	calm_night(&n);
	if (n.n != want || n.changed != 0)
		fail_msg("%s: %zu events, not %zu", more, n.n, want);
	nights_end(&n);
	world_close(w);
}

/* SO-06, SO-07, SO-08, SO-12: pages, links to elsewhere, Danish texts, a row
 * for each address. */
static void
test_first_reading(void **state)
{
	static const char *const options[] = { "--seed-world", "200",
		"--events", "400", "--email-rows", "--next-link", NULL };
	struct nights n;
	struct world w;

	(void)state;
	world_start(&w, options);
	world_open(&w, "");
	if (!superoffice_crm.check(w.rig.self, &w.rig.err))
		fail_msg("%s", w.rig.err.msg);
	nights_begin(&n, &w);
	calm_night(&n);
	assert_counts(&n);
	const size_t first = n.n;
	calm_night(&n);
	assert_int_equal(n.n, first);
	assert_int_equal(n.changed, 0);
	nights_end(&n);
	world_close(&w);
	one_reading(&w, "page_size = 7;", first);
	one_reading(&w, "booking_list = false; archive_mode = 'full';", first);
	one_reading(&w, "sale_history = false; page_size = 20;", first);
	world_manners(&w);
	/* Once a run, not once a call. */
	assert_int_equal(world_stat(&w, "/by_endpoint/login"), 4);
	world_stop(&w);
}

/* Closed requests that are an entity of their own. */
static void
test_closed_entity(void **state)
{
	static const char *const options[] = { "--seed-world", "50",
		"--events", "100", "--closed-entity", NULL };
	struct nights n;
	struct world w;

	(void)state;
	world_start(&w, options);
	world_open(&w, "ticket_entities = 'ticket,ticketdisplayclosed';");
	nights_begin(&n, &w);
	calm_night(&n);
	assert_counts(&n);
	nights_end(&n);
	world_close(&w);
	world_manners(&w);
	world_stop(&w);
}

/* On a server of one's own: Basic, no ticket, no look for the tenant; a password
 * that is wrong is said once, and reads nothing. */
static void
test_onsite(void **state)
{
	static const char *const options[] = { "--onsite", "--seed-world", "60",
		"--events", "150", NULL };
	struct nights n;
	struct world w;

	(void)state;
	world_start(&w, options);
	world_open_onsite(&w, "falsch", "");
	nights_begin(&n, &w);
	assert_false(night(&n));
	assert_int_equal(w.rig.err.kind, ERR_AUTH);
	assert_null(strstr(w.rig.err.msg, "falsch"));
	assert_null(n.mark);
	assert_true(world_stat(&w, "/by_endpoint/archive") <= 2);
	world_close(&w);
	world_open_onsite(&w, "geheim", SMALL);
	calm_night(&n);
	assert_counts(&n);
	calm_night(&n);
	assert_int_equal(n.changed, 0);
	assert_counts(&n);
	assert_int_equal(world_stat(&w, "/by_endpoint/login"), 0);
	assert_int_equal(world_stat(&w, "/by_endpoint/token"), 0);
	assert_int_equal(world_stat(&w, "/by_endpoint/state"), 0);
	assert_int_equal(world_stat(&w, "/tickets"), 0);
	nights_end(&n);
	world_close(&w);
	world_manners(&w);
	world_stop(&w);
}

/* ---- what goes wrong --------------------------------------------------- */

/* SO-02, SO-05, SO-16 */
static const struct trouble {
	const char *kind;
	bool waits;		/* the pass gets by without an error */
} troubles[] = {
	{ "'503'", false }, { "'503','text':'html'", false },
	{ "'500'", false }, { "'502','text':'empty'", false },
	{ "'429','retry_after':1", false }, { "'429'", false },
	{ "'401'", true }, { "'expired'", true }, { "'recycle'", false },
	{ "'421'", true }, { "'moved'", true }, { "'html'", false },
	{ "'cut_before'", false }, { "'cut_after'", false },
	{ "'truncated'", false }, { "'half'", false },
	{ "'garbage'", false }, { "'empty'", false },
	{ "'duplicate_row'", false }, { "'next_link'", true },
	{ "'pk_int'", true },
};

/* One trouble at the k-th page of a night, then nights until one is calm. */
static void
suffer(struct nights *n, const struct trouble *t, int k)
{
	struct world *w = n->w;

	world_tell(w, "fault", "{'kind':%s,'on':'archive','after':%d,"
	    "'times':1}", t->kind, k);
	const bool first = night(n);
	if (t->waits && !first)
		fail_msg("%s at %d: %s", t->kind, k, w->rig.err.msg);
	if (!first && w->rig.err.msg[0] == '\0')
		fail_msg("%s at %d: no word", t->kind, k);
	/* Nothing is passed over: a night that failed has no watermark. */
	if (!first)
		assert_null(n->mark);
	world_tell(w, "fault", "{'clear':true}");
	again(w, SMALL);
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
	world_open(&w, SMALL);
	nights_begin(&truth, &w);
	calm_night(&truth);
	assert_counts(&truth);
	for (size_t i = 0; i < ARRAY_LEN(troubles); i++)
		for (int k = 0; k < 8; k += 3) {
			struct nights n;
			nights_begin(&n, &w);
			suffer(&n, &troubles[i], k);
			if (n.n != truth.n || n.changed != 0)
				fail_msg("%s at %d: %zu events of %zu",
				    troubles[i].kind, k, n.n, truth.n);
			nights_end(&n);
		}
	world_manners(&w);
	nights_end(&truth);
	world_close(&w);
	world_stop(&w);
}

/* For ever: one new ticket or look at the tenant, one replay, then an error;
 * nothing was read. */
static void
test_for_ever(void **state)
{
	static const char *const options[] = { "--seed-world", "20",
		"--events", "20", NULL };
	static const struct {
		const char *fault, *count;
		int at_most;
	} evils[] = { { "'401'", "/by_endpoint/login", 2 },
		{ "'421'", "/by_endpoint/state", 2 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(evils); i++) {
		struct nights n;
		struct world w;
		world_start(&w, options);
		world_open(&w, "");
		nights_begin(&n, &w);
		world_tell(&w, "fault", "{'kind':%s,'on':'data','times':-1}",
		    evils[i].fault);
		assert_false(night(&n));
		assert_true(w.rig.err.msg[0] != '\0');
		assert_null(n.mark);
		assert_null(n.resume);
		assert_true(world_stat(&w, evils[i].count) <=
		    evils[i].at_most);
		assert_true(world_stat(&w, "/by_endpoint/archive") <= 2);
		nights_end(&n);
		world_close(&w);
		world_stop(&w);
	}
}

/* SO-01: the tenant moved, is down, is maintained while it runs. */
static void
test_tenant(void **state)
{
	static const char *const options[] = { "--seed-world", "20",
		"--events", "40", NULL };
	struct nights n;
	struct world w;

	(void)state;
	world_start(&w, options);
	world_tell(&w, "state", "{'state':'OfflineMaintenance'}");
	world_open(&w, "");
	nights_begin(&n, &w);
	assert_false(night(&n));
	assert_int_equal(world_stat(&w, "/by_endpoint/archive"), 0);
	world_tell(&w, "state", "{'state':'OnlineMaintenance','move':true}");
	again(&w, "");
	calm_night(&n);
	assert_counts(&n);
	nights_end(&n);
	world_close(&w);
	world_manners(&w);
	world_stop(&w);
}

/* SO-03: 200 that says no.  The token is in no message. */
static void
test_refused(void **state)
{
	static const char *const options[] = { "--seed-world", "20",
		"--events", "20", NULL };
	static const int codes[] = { 1, 3, 4, 5, 6, 7 };
	struct world w;

	(void)state;
	world_start(&w, options);
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		struct nights n;
		world_open(&w, "");
		nights_begin(&n, &w);
		world_tell(&w, "fault", "{'kind':'refuse','on':'login','code':"
		    "%d}", codes[i]);
		assert_false(night(&n));
		assert_null(strstr(w.rig.err.msg, "AbCdEf"));
		assert_null(strstr(w.rig.err.msg, "sec\""));
		assert_null(n.mark);
		nights_end(&n);
		world_close(&w);
	}
	/* SO-04: our clock is hours off; the minute is that of the host. */
	struct nights n;
	world_open(&w, "");
	w.rig.now += 7200;
	nights_begin(&n, &w);
	calm_night(&n);
	nights_end(&n);
	world_close(&w);
	world_stop(&w);
}

/* ---- time -------------------------------------------------------------- */

/* A sale that is seen ten minutes after its stamp, and 50 of one second with
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
	world_open(&w, SMALL);
	nights_begin(&n, &w);
	calm_night(&n);
	const size_t before = n.of[1];
	set_now(&w, "2026-11-26T01:55:00Z");
	world_tell(&w, "record", "{'table':'sale','set':{'personId':3},"
	    "'late_s':600}");
	world_tell(&w, "record", "{'table':'sale','set':{'personId':4},"
	    "'count':50}");
	set_now(&w, "2026-11-26T02:00:00Z");
	calm_night(&n);
	assert_int_equal(n.of[1], before + 50);
	set_now(&w, "2026-11-27T02:00:00Z");
	calm_night(&n);
	assert_int_equal(n.of[1], before + 51);
	calm_night(&n);
	assert_int_equal(n.of[1], before + 51);
	nights_end(&n);
	world_close(&w);
	world_manners(&w);
	world_stop(&w);
}

/* SO-10: what was sold long ago, edited today, has the same key; a request
 * that was closed, opened and closed again is found, too. */
static void
test_old_sales_edited(void **state)
{
	static const char *const options[] = { "--seed-world", "50",
		"--events", "200", NULL };
	struct nights n;
	struct world w;

	(void)state;
	world_start(&w, options);
	world_open(&w, "");
	nights_begin(&n, &w);
	calm_night(&n);
	const size_t before = n.n;
	set_now(&w, "2026-11-26T01:00:00Z");
	world_tell(&w, "update", "{'table':'sale','where':{'saleStatus':2},"
	    "'set':{'heading':'Ny overskrift'}}");
	set_now(&w, "2026-11-26T02:00:00Z");
	n.again = 0;
	calm_night(&n);
	assert_int_equal(n.n, before);
	assert_true(n.again >= n.of[1]);
	assert_int_equal(n.changed, 0);
	nights_end(&n);
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

/* A page at a time: twenty times as many events take no more memory. */
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
		if (!superoffice_crm.pull_events(w.rig.self, rig_pull(&w.rig,
		    NULL, NULL), on_counted, on_any_page, &n, &w.rig.err))
			fail_msg("%s", w.rig.err.msg);
		peak[i] = peak_kib();
		assert_true(peak[i] > 0);
		const long long asked = world_stat(&w, "/requests");
		if (i == 1)
			print_message("%s events: %zu emitted, %lld requests, "
			    "%ld KiB more than 1000 events took\n", sizes[i], n,
			    asked, peak[1] - peak[0]);
		world_close(&w);
		world_manners(&w);
		world_stop(&w);
	}
	/* A sanitizer gives nothing back for a while. */
	assert_true(WITH_ASAN || peak[1] - peak[0] < 8192);
}

/* Three bookings that stand together cannot be shown, nor the list of all of them:
 * the service takes the question that finds out, and the night goes on. */
static void
test_odd_bookings(void **state)
{
	static const char *const options[] = { "--seed-world", "20",
		"--events", "60", "--bookings", "100", NULL };
	struct nights n;
	struct world w;

	(void)state;
	world_start(&w, options);
	world_open(&w, "sale_history = false;");
	world_tell(&w, "fault", "{'kind':'500','on':'entity','provider':"
	    "'GetAppointmentList','times':-1}");
	world_tell(&w, "fault", "{'kind':'500','on':'entity','provider':"
	    "'/Appointment/','times':3}");
	nights_begin(&n, &w);
	calm_night(&n);
	assert_non_null(strstr(buf_text(&w.rig.bad), "a number: HTTP 500"));
	assert_true(n.of[0] > 0 && n.of[0] + 3 >= meetings(&w));
	nights_end(&n);
	world_close(&w);
	world_manners(&w);
	world_stop(&w);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		/* First: what others took is no measure. */
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_first_reading),
		cmocka_unit_test(test_closed_entity),
		cmocka_unit_test(test_onsite),
		cmocka_unit_test(test_troubles),
		cmocka_unit_test(test_for_ever),
		cmocka_unit_test(test_tenant),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_late_and_equal),
		cmocka_unit_test(test_old_sales_edited),
		cmocka_unit_test(test_odd_bookings),
	};

	(void)argc;
	crmsim_find(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
