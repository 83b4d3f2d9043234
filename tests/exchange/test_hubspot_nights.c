/*
 * The reading side of the hubspot driver against tests/sim/hubspot, which knows
 * nothing of it: each thing that happens is an event once, over nights and
 * through every fault, and nothing else is.
 */
#include "hubspot/rig.h"

#include "common/idmap.h"
#include "crmsim.h"
#include "json.h"

#define START "2026-11-25T02:00:00Z"
#define TOKEN "pat-eu1-11111111-2222-4333-8444-555555555555"

static struct rig rig;
static struct crmsim *sim;
static struct lab {
	struct arena *arena;
	struct idmap keys;	/* what the core would know */
	size_t new, again;
	size_t before;		/* new ones that the core does not ask about */
	char watermark[256], contact[32];
	time_t now;
} lab;

/* ---- what the core would do ------------------------------------------------------- */
static void
note(const char *trigger, const char *id)
{
	const char *key = arena_printf(lab.arena, "%s %s", trigger, id);

	if (idmap_has(&lab.keys, key)) {
		lab.again++;
		return;
	}
	lab.new++;
	assert_true(idmap_put(&lab.keys, key, NULL));
}

static bool
on_event(void *arg, const struct crm_event *ev)
{
	time_t started;
	const size_t had = lab.new;

	(void)arg;
	assert_true(clock_parse_iso(START, "UTC", &started));
	note(ev->trigger, ev->event_id);
	lab.before += lab.new > had && ev->transition_at != NO_TIME &&
	    ev->transition_at < started;
	return true;
}

static bool
on_checkpoint(void *arg, const char *resume, const char *watermark)
{
	(void)arg, (void)resume;
	if (watermark != NULL)
		(void)snprintf(lab.watermark, sizeof(lab.watermark), "%s",
		    watermark);
	return true;
}

static void
driver_open(const char *conf)
{
	rig = (struct rig){ .url = crmsim_url(sim), .token = TOKEN, .tries = 2 };
	rig_open(&rig, conf, NULL, 0);
	rig.now = lab.now;
}

/* A driver of its own for each night; what it met for the first time. */
static bool
night(size_t *new, struct err *err)
{
	char mark[256];
	struct pull pull;

	memcpy(mark, lab.watermark, sizeof(mark));
	driver_open("");
	pull = rig_pull(&rig, *mark == '\0' ? NULL : mark);
	lab.new = lab.again = lab.before = 0;
	const bool ok = rig.crm.pull_events(rig.self, &pull, on_event,
	    on_checkpoint, NULL, err);
	*new = lab.new;
	rig_close(&rig);
	return ok;
}

static size_t
good_night(void)
{
	struct err err;
	size_t new;

	if (!night(&new, &err))
		fail_msg("%s", err.msg);
	return new;
}

static void
go_to(const char *when)
{
	if (!clock_parse_iso(when, "UTC", &lab.now))
		fail_msg("%s", when);
	(void)crmsim_ask(sim, "now", "{'now': '%s'}", when);
}

static long long
rows_of(const char *type)
{
	return json_integer_value(json_object_get(crmsim_ask(sim, "rows",
	    "{'type': '%s', 'limit': 1}", type), "total"));
}

/* ---- begin and end ------------------------------------------------------------------ */
static void
start(const char *const *options)
{
	struct pull pull;

	memset(&lab, 0, sizeof(lab));
	lab.arena = arena_new(64 << 20);
	idmap_init(&lab.keys, lab.arena);
	sim = crmsim_start("hubspot", START, options);
	go_to(START);
	json_t *rows = crmsim_ask(sim, "rows", "{'type': 'contacts', "
	    "'limit': 1}");
	(void)snprintf(lab.contact, sizeof(lab.contact), "%s",
	    json_string_value(json_at(rows, "/rows/0/id")));
	driver_open("");
	pull = rig_pull(&rig, NULL);
	/* The first night: the core keeps the keys, and asks nobody. */
	if (!rig.crm.pull_events(rig.self, &pull, on_event, NULL, NULL,
	    &rig.err))
		fail_msg("%s", rig.err.msg);
	rig_close(&rig);
}

static void
end(void)
{
	static const char *const kinds[] = { "unknown_path", "unknown_type",
		"unknown_property", "wrong_verb", "bad_json", "bad_search",
		"body_too_long", "limit_too_large", "cursor_changed",
		"too_many_inputs", "inputs_missing", "input_twice",
		"input_without_id", "channel_missing" };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char path[64];
		(void)snprintf(path, sizeof(path), "/violations/%s", kinds[i]);
		if (crmsim_stat(sim, path) != 0)
			fail_msg("%s", kinds[i]);
	}
	crmsim_stop(sim);
	arena_free(lab.arena);
}

static void
happens(const char *type, const char *set, const char *more)
{
	(void)crmsim_ask(sim, "record", "{'type': '%s', 'set': {%s}, "
	    "'contacts': ['%s']%s}", type, set, lab.contact, more);
}

#define VISIT "'hs_meeting_outcome': 'COMPLETED', 'hs_meeting_end_time': " \
	"'2026-11-25T10:00:00Z', 'hs_timestamp': '2026-11-25T10:00:00Z'"

/* ---- nights --------------------------------------------------------------------------- */
/* However the service writes numbers, orders ids and pages its links. */
static void
test_each_event_once_over_nights(void **state)
{
	static const char *const flavours[][8] = {
		{ "--tags", "text", "--search-rate", "0", NULL },
		{ "--tags", "text", "--search-rate", "0", "--id-text",
		    "--after-integer", "--assoc-text", NULL },
		{ "--tags", "text", "--search-rate", "0", "--time-ms",
		    "--assoc-page", "1", NULL } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(flavours); i++) {
		start(flavours[i]);
		const size_t closed = lab.new;
		assert_true(closed > 0);
		/* The first night meets what was closed before, and meetings. */
		(void)good_night();
		assert_true(lab.again > 0);
		assert_int_equal(good_night(), 0);
		go_to("2026-11-25T12:00:00Z");
		happens("meetings", VISIT, "");
		happens("meetings", "'hs_meeting_outcome': 'SCHEDULED', "
		    "'hs_meeting_end_time': '2026-11-25T10:00:00Z', "
		    "'hs_timestamp': '2026-11-25T10:00:00Z'", "");
		happens("meetings", VISIT, ", 'late_s': 1200");
		/* An old deal gets another owner: no event. */
		(void)crmsim_ask(sim, "update", "{'type': 'deals', 'filters': "
		    "[{'propertyName': 'hs_is_closed', 'operator': 'EQ', "
		    "'value': 'true'}], 'set': {'hubspot_owner_id': '1'}}");
		go_to("2026-11-26T02:00:00Z");
		assert_int_equal(good_night(), 2);
		assert_int_equal(good_night(), 0);
		end();
	}
}

/* HS-04: changed just before the window's end, known to the search after it. */
static void
test_a_late_index_loses_nothing(void **state)
{
	static const char *const options[] = { "--tags", "text",
		"--search-rate", "0", NULL };

	(void)state;
	start(options);
	(void)good_night();
	go_to("2026-11-26T01:49:00Z");
	happens("meetings", VISIT, ", 'late_s': 1200");
	go_to("2026-11-26T02:00:00Z");
	assert_int_equal(good_night(), 0);
	go_to("2026-11-27T02:00:00Z");
	assert_int_equal(good_night(), 1);
	end();
}

/* ---- whom an event is about ----------------------------------------------------------- */
static const char *
made(const char *type, const char *set, const char *contact)
{
	return arena_strdup(lab.arena, json_string_value(json_object_get(
	    crmsim_ask(sim, "record", "{'type': '%s', 'set': {%s}, "
	    "'contacts': [%s%s%s]}", type, set, contact == NULL ? "" : "'",
	    contact == NULL ? "" : contact, contact == NULL ? "" : "'"),
	    "id")));
}

/* No stamp moves by it. */
static void
linked(const char *type, const char *id, const char *contact, const char *more)
{
	(void)crmsim_ask(sim, "link", "{'type': '%s', 'id': '%s', 'to': "
	    "'contacts', 'with': '%s'%s}", type, id, contact, more);
}

static const char *
person(size_t n)
{
	return arena_strdup(lab.arena, json_string_value(json_object_get(
	    json_array_get(json_object_get(crmsim_ask(sim, "rows",
	    "{'type': 'contacts', 'limit': 4}"), "rows"), n), "id")));
}

static bool
was_met(const char *trigger, const char *id, const char *contact)
{
	return idmap_has(&lab.keys, contact == NULL ? arena_printf(lab.arena,
	    "%s %s", trigger, id) : arena_printf(lab.arena, "%s %s/%s", trigger,
	    id, contact));
}

/* HS-14: only the association changes between what happened and the night: the
 * event is about who belongs to it then. */
static void
test_an_association_changes_alone(void **state)
{
	static const char *const options[] = { "--tags", "text",
		"--search-rate", "0", NULL };

	(void)state;
	start(options);
	(void)good_night();
	const char *was = person(0), *is = person(1);
	go_to("2026-11-25T12:00:00Z");
	const char *moved = made("meetings", VISIT, was);
	const char *added = made("deals", "'dealstage': 'closedwon'", NULL);
	const char *taken = made("meetings", VISIT, was);
	go_to("2026-11-25T20:00:00Z");
	linked("meetings", moved, was, ", 'gone': true");
	linked("meetings", moved, is, "");
	linked("deals", added, is, "");
	linked("meetings", taken, was, ", 'gone': true");
	go_to("2026-11-26T02:00:00Z");
	assert_int_equal(good_night(), 3);
	assert_true(was_met("meet", moved, is));
	assert_false(was_met("meet", moved, was));
	assert_true(was_met("sale", added, is));
	assert_false(was_met("sale", added, NULL));
	assert_true(was_met("meet", taken, NULL));
	assert_int_equal(good_night(), 0);
	end();
}

/* What ended before npsync was started, of each kind, and gets a contact only
 * afterwards: a key that is new, of a time that is old. */
static void
test_linked_after_the_start(void **state)
{
	static const char *const options[] = { "--tags", "text",
		"--search-rate", "0", NULL };
	static const struct { const char *type, *trigger, *set; } all[] = {
		{ "meetings", "meet", "'hs_meeting_outcome': 'COMPLETED', "
		    "'hs_meeting_end_time': '2026-11-24T10:00:00Z', "
		    "'hs_timestamp': '2026-11-24T09:00:00Z'" },
		{ "deals", "sale", "'dealstage': 'closedwon'" },
		{ "tickets", "case", "'hs_pipeline_stage': '4'" } };
	const char *ids[ARRAY_LEN(all)];

	(void)state;
	start(options);
	go_to("2026-11-24T23:00:00Z");
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		ids[i] = made(all[i].type, all[i].set, person(0));
	go_to(START);
	(void)good_night();
	(void)good_night();
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		linked(all[i].type, ids[i], person(1), "");
	go_to("2026-11-26T02:00:00Z");
	assert_int_equal(good_night(), ARRAY_LEN(all));
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_true(was_met(all[i].trigger, ids[i], person(1)));
	assert_int_equal(lab.before, ARRAY_LEN(all));
	end();
}

static enum setup_state label_state;

static bool
on_thing(void *arg, const char *what, enum setup_state state,
    const char *advice)
{
	(void)arg;
	if (strstr(what, "deal_contacts") != NULL) {
		label_state = state;
		assert_non_null(strstr(advice, "\"Billing\""));
	}
	return true;
}

/* A label with a slip of the pen: the pass tells it, and check names those that
 * there are. */
static void
test_a_label_is_mistyped(void **state)
{
	static const char *const options[] = { "--tags", "text",
		"--search-rate", "0", NULL };
	static const char *const labels[] = { "Billing", "Biling" };
	const struct crm_setup wants = { .tags = false };

	(void)state;
	start(options);
	const char *deal = made("deals", "'dealstage': 'closedwon'", NULL);
	linked("deals", deal, person(0), ", 'label': 'Billing'");
	go_to("2026-11-26T02:00:00Z");
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		driver_open(arena_printf(lab.arena, "deal_contacts = '%s';",
		    labels[i]));
		const struct pull pull = rig_pull(&rig, NULL);
		rig_good(&rig, rig.crm.pull_events(rig.self, &pull, on_event,
		    NULL, NULL, &rig.err));
		assert_true((strstr(buf_text(&rig.bad), "\"Biling\"") != NULL) ==
		    (i == 1));
		label_state = SETUP_OK;
		rig_good(&rig, i == 0 || rig.crm.setup(rig.self, &wants,
		    on_thing, NULL, &rig.err));
		assert_int_equal(label_state, i == 0 ? SETUP_OK :
		    SETUP_MISSING);
		rig_close(&rig);
	}
	end();
}

static void
test_contacts_are_all_there(void **state)
{
	static const char *const options[] = { "--tags", "text",
		"--search-rate", "0", "--seed-world", "450", NULL };
	struct pull pull;
	size_t lines = 0;

	(void)state;
	start(options);
	go_to("2026-11-25T04:00:00Z");
	const long long all = rows_of("contacts");
	driver_open("");
	pull = rig_pull(&rig, NULL);
	if (!rig.crm.pull_contacts(rig.self, &pull, rig_contact,
	    rig_checkpoint, &rig, &rig.err))
		fail_msg("%s", rig.err.msg);
	for (const char *p = buf_text(&rig.seen); *p != '\0'; p++)
		lines += *p == '\n';
	assert_int_equal(lines, all);
	assert_true(all >= 450);
	rig_close(&rig);
	end();
}

/* HS-13 */
static void
test_merged_and_erased_contacts(void **state)
{
	static const char *const options[] = { "--tags", "text",
		"--search-rate", "0", NULL };
	char want[128];

	(void)state;
	start(options);
	json_t *rows = json_object_get(crmsim_ask(sim, "rows", "{'type': "
	    "'contacts', 'limit': 4}"), "rows");
	const char *ids[4];
	for (size_t i = 0; i < 4; i++)
		ids[i] = arena_strdup(lab.arena, json_string_value(
		    json_object_get(json_array_get(rows, i), "id")));
	(void)crmsim_ask(sim, "merge", "{'type': 'contacts', 'loser': '%s', "
	    "'winner': '%s'}", ids[0], ids[1]);
	(void)crmsim_ask(sim, "erase", "{'type': 'contacts', 'id': '%s'}",
	    ids[2]);
	(void)crmsim_ask(sim, "archive", "{'type': 'contacts', 'id': '%s'}",
	    ids[3]);
	driver_open("");
	rig_good(&rig, rig_load(&rig, ids, 4));
	(void)snprintf(want, sizeof(want), "%s -> %s ", ids[0], ids[1]);
	assert_non_null(strstr(buf_text(&rig.seen), want));
	for (size_t i = 2; i < 4; i++) {
		(void)snprintf(want, sizeof(want), "%s gone ", ids[i]);
		assert_non_null(strstr(buf_text(&rig.seen), want));
	}
	rig_close(&rig);
	end();
}

/* Whatever the service does for a while: in the end each event once. */
static void
test_nights_of_trouble_lose_and_double_nothing(void **state)
{
	static const char *const options[] = { "--tags", "text",
		"--search-rate", "0", NULL };
	static const char *const faults[] = {
		"'kind': 'secondly'", "'kind': 'ten_secondly'",
		"'kind': 'daily'", "'kind': '500'", "'kind': '503'",
		"'kind': '403'", "'kind': 'html'", "'kind': 'garbage'",
		"'kind': 'empty'", "'kind': 'truncated'", "'kind': 'half'",
		"'kind': 'cut_before'", "'kind': 'cut_after'",
		"'kind': 'reset'", "'kind': 'results_gone'",
		"'kind': 'empty_page'", "'kind': 'short_page', 'value': 1",
		"'kind': 'duplicate_row'", "'kind': 'cursor_again'",
		"'kind': 'total', 'value': 5" };
	static const char *const where[] = { "search", "assoc", "pipelines",
		"property" };
	size_t made = 0, met = 0, failed = 0;

	(void)state;
	start(options);
	(void)good_night();
	for (size_t i = 0; i < ARRAY_LEN(faults) * ARRAY_LEN(where); i++) {
		char when[32];
		struct err err;
		size_t new;
		(void)crmsim_ask(sim, "fault", "{'clear': true}");
		happens("meetings", VISIT, "");
		made++;
		(void)clock_iso(when, lab.now + 7200);
		go_to(when);
		(void)crmsim_ask(sim, "fault", "{%s, 'on': '%s', 'after': %d, "
		    "'times': 2}", faults[i / ARRAY_LEN(where)],
		    where[i % ARRAY_LEN(where)], (int)(i % 3));
		failed += !night(&new, &err);
		met += new;
	}
	(void)crmsim_ask(sim, "fault", "{'clear': true}");
	met += good_night();
	assert_int_equal(met, made);
	assert_int_equal(good_night(), 0);
	assert_true(failed > 10);
	end();
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_event_once_over_nights),
		cmocka_unit_test(test_a_late_index_loses_nothing),
		cmocka_unit_test(test_an_association_changes_alone),
		cmocka_unit_test(test_linked_after_the_start),
		cmocka_unit_test(test_a_label_is_mistyped),
		cmocka_unit_test(test_contacts_are_all_there),
		cmocka_unit_test(test_merged_and_erased_contacts),
		cmocka_unit_test(
		    test_nights_of_trouble_lose_and_double_nothing),
	};

	(void)argc;
	crmsim_find(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
