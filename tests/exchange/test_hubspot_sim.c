/*
 * The reading side of the hubspot driver against tests/sim/hubspot, which was
 * written after the vendor's pages and knows nothing of the driver: each thing
 * that happens is an event once, over nights and through every fault.
 */
#include <stdlib.h>

#include "hubspot/lab.h"
#include "peak.h"
#include "with_asan.h"

#define EVERY "--search-rate", "0", "--tags", "text"
#define SMALL "search_max = 1000; split_total = 900; "

/* ---- nights ------------------------------------------------------------ */

enum { MEET, SALE, LOSS, CASE, TRIGGERS };
static const char *const triggers[] = { "meet", "sale", "loss", "case" };

/* What the core keeps of a stream, and the events it has met: each key once. */
struct nights {
	struct lab *lab;
	struct arena *arena;
	struct idmap met, things;	/* by key; by trigger and thing alone */
	char *mark, *resume;
	time_t from;
	size_t n, again, changed, alone;
	size_t of[TRIGGERS];		/* things, whoever took part */
};

static void
nights_begin(struct nights *n, struct lab *lab)
{
	*n = (struct nights){ .lab = lab, .arena = arena_new(128 << 20),
		.from = lab->now - 5 * 86400 };
	idmap_init(&n->met, n->arena);
	idmap_init(&n->things, n->arena);
}

static void
nights_end(struct nights *n)
{
	arena_free(n->arena);
}

static void
thing_met(struct nights *n, const struct crm_event *ev)
{
	const char *thing = arena_printf(n->arena, "%s %.*s", ev->trigger,
	    (int)strcspn(ev->event_id, "/"), ev->event_id);

	if (idmap_has(&n->things, thing))
		return;
	assert_true(idmap_put(&n->things, thing, n));
	for (size_t i = 0; i < TRIGGERS; i++)
		n->of[i] += strcmp(ev->trigger, triggers[i]) == 0;
}

static bool
on_event(void *arg, const struct crm_event *ev)
{
	struct nights *n = arg;
	const char *key = arena_printf(n->arena, "%s %s", ev->trigger,
	    ev->event_id);
	char *facts = arena_printf(n->arena, "%s %lld %lld %s",
	    ev->contact_id == NULL ? "-" : ev->contact_id,
	    (long long)ev->occurred_at, (long long)ev->transition_at,
	    ev->category == NULL ? "-" : ev->category);

	arena_reset(n->lab->scratch);
	if (idmap_has(&n->met, key)) {
		n->again++;
		n->changed += strcmp(idmap_get(&n->met, key), facts) != 0;
		return true;
	}
	n->n++;
	n->alone += ev->contact_id == NULL;
	thing_met(n, ev);
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

/* One night's reading; a place that is gone begins again, as in the core. */
static bool
night(struct nights *n)
{
	struct lab *lab = n->lab;
	struct pull pull = { .watermark = n->mark, .resume = n->resume,
		.from = n->from, .until = lab->now, .overlap_s = 900,
		.lag_s = 60 };
	bool ok = lab->crm.pull_events(lab->self, &pull, on_event, on_page, n,
	    &lab->err);

	if (!ok && lab->err.kind == ERR_GONE && pull.resume != NULL) {
		pull.resume = n->resume = NULL;
		ok = lab->crm.pull_events(lab->self, &pull, on_event, on_page,
		    n, &lab->err);
	}
	return ok;
}

static void
calm_night(struct nights *n)
{
	if (!night(n))
		fail_msg("%s", n->lab->err.msg);
	assert_null(n->resume);
}

/* ---- what is there ----------------------------------------------------- */

#define IS(name, value) "{'propertyName':'" name "','operator':'EQ'," \
	"'value':'" value "'}"
#define RECENT "{'propertyName':'hs_lastmodifieddate','operator':'GTE'," \
	"'value':'2026-11-23T21:00:00Z'}"
#define HELD IS("hs_meeting_outcome", "COMPLETED")

static long long
count(struct lab *lab, const char *type, const char *filter)
{
	return json_integer_value(json_object_get(crmsim_ask(lab->sim, "rows",
	    "{'type':'%s','filters':[%s],'limit':0}", type, filter), "total"));
}

/* All but what is younger than the margin, which the caller has moved away. */
static void
assert_counts(const struct nights *n)
{
	struct lab *lab = n->lab;

	assert_int_equal(n->of[MEET], count(lab, "meetings", HELD));
	assert_int_equal(n->of[SALE], count(lab, "deals",
	    IS("hs_is_closed_won", "true")));
	assert_int_equal(n->of[LOSS], count(lab, "deals",
	    IS("hs_is_closed_lost", "true")));
	assert_int_equal(n->of[CASE], count(lab, "tickets",
	    "{'propertyName':'closed_date','operator':'HAS_PROPERTY'}"));
	assert_int_equal(lab->bad, 0);
}

/* Nothing that the service refuses, or puts up with. */
static void
assert_manners(struct lab *lab)
{
	static const char *const what[] = { "unknown_property", "unknown_path",
		"unknown_type", "wrong_verb", "bad_json", "bad_search",
		"body_too_long", "limit_too_large", "cursor_changed",
		"too_many_inputs", "inputs_missing", "input_twice",
		"input_without_id", "channel_missing" };

	for (size_t i = 0; i < ARRAY_LEN(what); i++) {
		char path[64];
		(void)snprintf(path, sizeof(path), "/violations/%s", what[i]);
		if (crmsim_stat(lab->sim, path) != 0)
			fail_msg("%s", what[i]);
	}
	assert_int_equal(crmsim_stat(lab->sim, "/too_early"), 0);
}

/* A world of M events, an hour later, so that none is too young. */
static void
start(struct lab *lab, const char *contacts, const char *events)
{
	const char *const options[] = { EVERY, "--seed-world", contacts,
		"--events", events, "--days", "4", NULL };

	lab_start(lab, options);
	lab_go(lab, "2026-11-25T21:00:00Z");
}

static void
test_first_reading(void **state)
{
	struct nights n;
	struct lab lab;

	(void)state;
	start(&lab, "100", "400");
	lab_open(&lab, "");
	if (!lab.crm.check(lab.self, &lab.err))
		fail_msg("%s", lab.err.msg);
	nights_begin(&n, &lab);
	calm_night(&n);
	assert_counts(&n);
	/* Nobody took part: the event goes up all the same. */
	assert_true(n.alone > 0);
	/* Once more: nothing new. */
	const size_t first = n.n;
	calm_night(&n);
	assert_int_equal(n.n, first);
	assert_int_equal(n.changed, 0);
	lab_close(&lab);
	assert_manners(&lab);
	nights_end(&n);
	lab_stop(&lab);
}

/* HS-01, HS-05, HS-06, HS-15: other forms, small pages, each version: the same. */
static void
test_forms(void **state)
{
	static const struct {
		const char *conf, *more;
	} forms[] = {
		{ "api_version = 'legacy';", "'plain_stages':false" },
		{ "api_version = '2026-03';", "'after_integer':true" },
		{ "search_limit = 10;", "'assoc_text':true" },
		{ "window_s = 60;", "'time_ms':true" },
		{ "split_total = 100; search_limit = 50;", "'id_text':true" },
		{ "", "'in_lower':true,'assoc_page':1" },
	};
	struct nights truth;
	struct lab lab;

	(void)state;
	start(&lab, "50", "300");
	lab_open(&lab, "");
	nights_begin(&truth, &lab);
	calm_night(&truth);
	assert_counts(&truth);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct nights n;
		lab_close(&lab);
		(void)crmsim_ask(lab.sim, "switch", "{%s}", forms[i].more);
		lab_open(&lab, forms[i].conf);
		nights_begin(&n, &lab);
		calm_night(&n);
		if (n.n != truth.n || n.changed != 0)
			fail_msg("%s %s: %zu events of %zu", forms[i].conf,
			    forms[i].more, n.n, truth.n);
		nights_end(&n);
	}
	assert_manners(&lab);
	nights_end(&truth);
	lab_close(&lab);
	lab_stop(&lab);
}

/* ---- what goes wrong --------------------------------------------------- */

static const struct trouble {
	const char *fault;
	bool gets_by;		/* the pass ends well */
} troubles[] = {
	{ "'kind':503", false }, { "'kind':500", false },
	{ "'kind':502", false }, { "'kind':521", false },
	{ "'kind':423", false }, { "'kind':477,'retry_after':1", false },
	{ "'kind':401", false }, { "'kind':530", false },
	{ "'kind':400", false }, { "'kind':'scope'", false },
	{ "'kind':'secondly'", false }, { "'kind':'ten_secondly'", false },
	{ "'kind':'daily'", false }, { "'kind':'html'", false },
	{ "'kind':'garbage'", false }, { "'kind':'empty'", false },
	{ "'kind':'truncated'", false }, { "'kind':'half'", false },
	{ "'kind':'cut_before'", false }, { "'kind':'cut_after'", false },
	{ "'kind':'reset'", false }, { "'kind':'results_gone'", false },
	{ "'kind':'empty_page'", true }, { "'kind':'short_page','value':3", true },
	{ "'kind':'overlap'", true }, { "'kind':'duplicate_row'", true },
};
static const struct {
	const char *on, *type;
	int after;
} places[] = { { "search", "meetings", 0 }, { "search", "meetings", 3 },
	{ "search", "deals", 1 }, { "search", "tickets", 1 },
	{ "assoc", "meetings", 0 }, { "assoc", "deals", 0 } };

/* One trouble in a night, then nights until one is calm. */
static void
suffer(struct nights *n, const struct trouble *t, size_t place)
{
	struct lab *lab = n->lab;
	const bool links = strcmp(places[place].on, "assoc") == 0;
	char *before = n->mark;

	(void)crmsim_ask(lab->sim, "fault", "{%s,'on':'%s','type':'%s',"
	    "'after':%d}", t->fault, places[place].on, places[place].type,
	    places[place].after);
	const bool first = night(n);
	if (t->gets_by && !links && !first)
		fail_msg("%s at %zu: %s", t->fault, place, lab->err.msg);
	if (!first && lab->err.msg[0] == '\0')
		fail_msg("%s at %zu: no word", t->fault, place);
	/* A night that failed leaves the watermark. */
	if (!first)
		assert_ptr_equal(n->mark, before);
	(void)crmsim_ask(lab->sim, "fault", "{'clear':true}");
	lab_close(lab);
	lab_open(lab, "search_limit = 10;");
	calm_night(n);
}

static void
test_troubles(void **state)
{
	struct nights truth;
	struct lab lab;

	(void)state;
	start(&lab, "40", "150");
	lab_open(&lab, "search_limit = 10;");
	nights_begin(&truth, &lab);
	calm_night(&truth);
	assert_counts(&truth);
	for (size_t i = 0; i < ARRAY_LEN(troubles); i++)
		for (size_t place = 0; place < ARRAY_LEN(places); place++) {
			struct nights n;
			nights_begin(&n, &lab);
			suffer(&n, &troubles[i], place);
			if (n.n != truth.n || n.changed != 0)
				fail_msg("%s at %zu: %zu events of %zu",
				    troubles[i].fault, place, n.n, truth.n);
			nights_end(&n);
		}
	assert_manners(&lab);
	nights_end(&truth);
	lab_close(&lab);
	lab_stop(&lab);
}

/* A server that is wrong for good: an error, or all of it; never less. */
static void
test_lies(void **state)
{
	static const char *const lies[] = {
		"'kind':'total','value':0", "'kind':'total','value':99999999",
		"'kind':'total','value':-1", "'kind':'next_gone'",
		/* HS-02 */
		"'kind':'cursor_again'", "'kind':'nulls'",
	};
	struct nights truth;
	struct lab lab;

	(void)state;
	start(&lab, "40", "150");
	lab_open(&lab, "search_limit = 10;");
	nights_begin(&truth, &lab);
	calm_night(&truth);
	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		struct nights n;
		lab_close(&lab);
		lab_open(&lab, "search_limit = 10;");
		nights_begin(&n, &lab);
		(void)crmsim_ask(lab.sim, "fault", "{%s,'on':'search',"
		    "'times':-1}", lies[i]);
		const long long before = crmsim_stat(lab.sim, "/requests");
		if (night(&n) && n.n != truth.n && lab.bad == 0)
			fail_msg("%s: %zu events of %zu", lies[i], n.n,
			    truth.n);
		assert_true(crmsim_stat(lab.sim, "/requests") < before + 4000);
		(void)crmsim_ask(lab.sim, "fault", "{'clear':true}");
		lab.bad = 0;
		nights_end(&n);
	}
	nights_end(&truth);
	lab_close(&lab);
	lab_stop(&lab);
}

/* HS-10, HS-09: what no further try can mend is asked once. */
static void
test_asked_once(void **state)
{
	static const char *const faults[] = { "'kind':401", "'kind':530",
		"'kind':'scope'", "'kind':'daily'" };
	struct lab lab;

	(void)state;
	start(&lab, "10", "20");
	lab.tries = 4;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct nights n;
		lab_open(&lab, "");
		nights_begin(&n, &lab);
		(void)crmsim_ask(lab.sim, "fault", "{%s,'on':'search',"
		    "'times':-1}", faults[i]);
		const long long before = crmsim_stat(lab.sim,
		    "/by_on/search");
		assert_false(night(&n));
		if (crmsim_stat(lab.sim, "/by_on/search") != before + 1)
			fail_msg("%s: asked again", faults[i]);
		assert_null(n.mark);
		(void)crmsim_ask(lab.sim, "fault", "{'clear':true}");
		nights_end(&n);
		lab_close(&lab);
	}
	lab_stop(&lab);
}

/* ---- time -------------------------------------------------------------- */

#define MEETING "'type':'meetings','set':{'hs_meeting_outcome':'COMPLETED'," \
	"'hs_meeting_end_time':'2026-11-25T20:30:00Z'}"

/* HS-04: a row that search shows 20 minutes late, and rows of one instant with
 * fewer to a page: each is met once, in the night it can be seen. */
static void
test_late_and_equal(void **state)
{
	struct nights n;
	struct lab lab;

	(void)state;
	start(&lab, "20", "20");
	lab_open(&lab, "search_limit = 10;");
	nights_begin(&n, &lab);
	calm_night(&n);
	const size_t before = n.of[MEET];
	(void)crmsim_ask(lab.sim, "record", "{" MEETING ",'late_s':1200}");
	(void)crmsim_ask(lab.sim, "record", "{" MEETING ",'count':50}");
	lab_go(&lab, "2026-11-25T21:15:00Z");
	calm_night(&n);
	assert_int_equal(n.of[MEET], before + 50);
	lab_go(&lab, "2026-11-25T22:00:00Z");
	calm_night(&n);
	assert_int_equal(n.of[MEET], before + 51);
	lab_go(&lab, "2026-11-26T21:00:00Z");
	calm_night(&n);
	assert_int_equal(n.of[MEET], before + 51);
	assert_int_equal(n.changed, 0);
	assert_manners(&lab);
	nights_end(&n);
	lab_close(&lab);
	lab_stop(&lab);
}

/* HS-03: more rows than a search gives out, in one hour and in one instant;
 * identifiers of 4 and 5 digits among them. */
static void
many(const char *conf, bool text_order)
{
	static const char *const options[] = { EVERY, "--seed-world", "20",
		"--events", "20", "--days", "4", "--results-max", "1000",
		NULL };
	struct nights n;
	struct lab lab;

	lab_start(&lab, options);
	(void)crmsim_ask(lab.sim, "switch", "{'id_text':%s}",
	    text_order ? "true" : "false");
	for (int minute = 0; minute < 60; minute += 2)
		(void)crmsim_ask(lab.sim, "record", "{" MEETING ",'count':100,"
		    "'stamp':'2026-11-25T18:%02d:00Z'}", minute);
	for (int i = 0; i < 13; i++)
		(void)crmsim_ask(lab.sim, "record", "{" MEETING ",'count':100,"
		    "'stamp':'2026-11-25T17:30:00.500Z'}");
	lab_open(&lab, conf);
	nights_begin(&n, &lab);
	lab_go(&lab, "2026-11-25T21:00:00Z");
	calm_night(&n);
	assert_counts(&n);
	assert_int_equal(n.changed, 0);
	assert_manners(&lab);
	nights_end(&n);
	lab_close(&lab);
	lab_stop(&lab);
}

static void
test_many_in_one_instant(void **state)
{
	(void)state;
	many(SMALL "search_limit = 200;", false);
	many(SMALL "search_limit = 200;", true);
}

/* Somebody edits a row of the window while it is read: the rows behind it move
 * up by one, and none of them is lost. */
static void
edited(const char *first, int after)
{
	struct nights n;
	struct lab lab;

	start(&lab, "20", "20");
	for (int minute = 0; minute < 60; minute++)
		(void)crmsim_ask(lab.sim, "record", "{" MEETING ",'stamp':"
		    "'2026-11-25T18:%02d:00Z'}", minute);
	const char *id = json_string_value(json_object_get(json_array_get(
	    json_object_get(crmsim_ask(lab.sim, "rows", "{'type':'meetings',"
	    "'filters':[" HELD ",{'propertyName':'hs_lastmodifieddate',"
	    "'operator':'EQ','value':'2026-11-25T18:%s:00Z'}]}", first),
	    "rows"), 0), "id"));
	lab_open(&lab, "search_limit = 10; link_late_days = 0;");
	nights_begin(&n, &lab);
	n.from = lab.now - 2 * 86400;
	(void)crmsim_ask(lab.sim, "fault", "{'kind':'edit','on':'search',"
	    "'type':'meetings','after':%d,'id':'%s'}", after, id);
	if (!night(&n))
		print_message("%d: %s\n", after, lab.err.msg);
	(void)crmsim_ask(lab.sim, "fault", "{'clear':true}");
	lab_go(&lab, "2026-11-26T21:00:00Z");
	calm_night(&n);
	const long long held = count(&lab, "meetings", HELD "," RECENT);
	if (n.of[MEET] != (size_t)held)
		fail_msg("edited before search %d: %zu of %lld", after,
		    n.of[MEET], held);
	nights_end(&n);
	lab_close(&lab);
	lab_stop(&lab);
}

static void
test_edited_between_pages(void **state)
{
	(void)state;
	for (int after = 1; after < 12; after++) {
		edited("00", after);
		edited("31", after);
	}
}

/* A night of many searches; how many there were. */
static long long
searching(struct lab *lab, const char *const *options,
    const struct http_clock *clock)
{
	struct nights n;

	lab_start(lab, options);
	lab_go(lab, "2026-11-25T21:00:00Z");
	lab->clock = clock;
	lab_open(lab, "search_rate = 4.0; search_limit = 10; "
	    "window_s = 86400;");
	nights_begin(&n, lab);
	n.from = lab->now - 86400;
	calm_night(&n);
	const long long searches = crmsim_stat(lab->sim, "/by_on/search");
	assert_true(searches > 10);
	assert_int_equal(crmsim_stat(lab->sim, "/refused/SECONDLY"), 0);
	nights_end(&n);
	lab_close(lab);
	lab_stop(lab);
	return searches;
}

/*
 * HS-17: on a clock that only our waiting moves there is more than a quarter of
 * a second from each search to the next, so no second has five of them; and by
 * the machine's clock the service, which lets five of a second go, refuses none.
 */
static void
test_search_rate(void **state)
{
	static const char *const real[] = { "--tags", "text", "--seed-world",
		"10", "--events", "120", "--days", "1", NULL };
	static const char *const free_of_limits[] = { "--search-rate", "0",
		"--tags", "text", "--seed-world", "10", "--events", "120",
		"--days", "1", NULL };
	const int64_t began_ms = lab_ms;
	struct lab lab;

	(void)state;
	const long long n = searching(&lab, free_of_limits, &lab_clock);
	assert_int_equal(lab_ms - began_ms, (n - 1) * 251);
	(void)searching(&lab, real, NULL);
}

/* ---- HS-18: deals that are closed already ------------------------------ */

/* Closed before, and edited afterwards: the first reading, whose keys the core
 * keeps, has it. */
static void
test_closed_before(void **state)
{
	struct nights n;
	struct lab lab;

	(void)state;
	start(&lab, "50", "400");
	lab_open(&lab, "meetings = false;");
	nights_begin(&n, &lab);
	n.from = 0;
	calm_night(&n);
	const size_t known = n.n;
	assert_true(known >= (size_t)(count(&lab, "deals",
	    IS("hs_is_closed", "true"))));
	(void)crmsim_ask(lab.sim, "update", "{'type':'deals','filters':["
	    IS("hs_is_closed", "true") "],'set':{'amount':'1'}}");
	lab_go(&lab, "2026-11-26T02:00:00Z");
	n.from = lab.now - 7 * 3600;
	calm_night(&n);
	assert_int_equal(n.n, known);
	assert_manners(&lab);
	nights_end(&n);
	lab_close(&lab);
	lab_stop(&lab);
}

/* ---- contacts ---------------------------------------------------------- */

struct cards {
	size_t n, gone, out, moved;
	char moved_to[32];
};

static bool
on_card(void *arg, const struct crm_contact *c)
{
	struct cards *cards = arg;

	cards->n++;
	cards->gone += c->gone;
	cards->out += c->opted_out && !c->gone;
	cards->moved += c->moved_to != NULL;
	if (c->moved_to != NULL)
		(void)snprintf(cards->moved_to, sizeof(cards->moved_to), "%s",
		    c->moved_to);
	return true;
}

#define CARDS 150
#define FIRST 9999999950

static void
load(struct lab *lab, struct cards *cards)
{
	const char *ids[CARDS];

	*cards = (struct cards){ .n = 0 };
	for (size_t i = 0; i < CARDS; i++)
		ids[i] = arena_printf(lab->arena, "%lld",
		    (long long)(FIRST + i));
	if (!lab->crm.load_contacts(lab->self, ids, CARDS, on_card, cards,
	        &lab->err))
		fail_msg("%s", lab->err.msg);
}

/* HS-13: merged, archived and erased ones; who wants no mail. */
static void
test_contacts(void **state)
{
	static const char *const versions[] = { "legacy", "2026-03",
		"2026-09" };
	char conf[64];
	struct cards cards;
	struct lab lab;

	(void)state;
	start(&lab, "150", "10");
	(void)crmsim_ask(lab.sim, "update", "{'type':'contacts','filters':["
	    IS("hs_email_bounce", "1") "],'set':{'hs_email_bounce':null}}");
	const long long out = count(&lab, "contacts", IS("hs_email_optout",
	    "true"));
	lab_open(&lab, "");
	load(&lab, &cards);
	assert_int_equal(cards.n, CARDS);
	assert_int_equal(cards.gone + cards.moved, 0);
	assert_int_equal(cards.out, out);
	lab_close(&lab);
	(void)crmsim_ask(lab.sim, "merge", "{'type':'contacts','loser':"
	    "'9999999953','winner':'10000000001'}");
	(void)crmsim_ask(lab.sim, "archive", "{'type':'contacts','id':"
	    "'9999999954'}");
	(void)crmsim_ask(lab.sim, "erase", "{'type':'contacts','id':"
	    "'10000000002'}");
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		(void)snprintf(conf, sizeof(conf), "api_version = '%s';",
		    versions[i]);
		lab_open(&lab, conf);
		load(&lab, &cards);
		assert_int_equal(cards.n, CARDS);
		assert_int_equal(cards.gone, 2);
		assert_int_equal(cards.moved, 1);
		assert_string_equal(cards.moved_to, "10000000001");
		lab_close(&lab);
	}
	assert_manners(&lab);
	lab_stop(&lab);
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

/* A page at a time: more events take no more memory. */
static void
test_large(void **state)
{
	const char *many_events = getenv("NPSYNC_LONG") != NULL ? "20000"
	    : "6000";
	const char *const sizes[] = { "1000", many_events };
	long peak[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct lab lab;
		size_t n = 0;
		start(&lab, "500", sizes[i]);
		lab_open(&lab, "");
		const struct pull pull = { .from = lab.now - 5 * 86400,
			.until = lab.now, .overlap_s = 900, .lag_s = 60 };
		if (!lab.crm.pull_events(lab.self, &pull, on_counted,
		        on_any_page, &n, &lab.err))
			fail_msg("%s", lab.err.msg);
		peak[i] = peak_kib();
		assert_true(peak[i] > 0);
		print_message("%s events: %zu emitted, %lld requests, %ld KiB"
		    "\n", sizes[i], n, crmsim_stat(lab.sim, "/requests"),
		    peak[i]);
		lab_close(&lab);
		lab_stop(&lab);
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
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_troubles),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_asked_once),
		cmocka_unit_test(test_late_and_equal),
		cmocka_unit_test(test_many_in_one_instant),
		cmocka_unit_test(test_edited_between_pages),
		cmocka_unit_test(test_search_rate),
		cmocka_unit_test(test_closed_before),
		cmocka_unit_test(test_contacts),
	};

	(void)argc;
	crmsim_find(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
