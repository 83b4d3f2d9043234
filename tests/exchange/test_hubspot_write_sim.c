/*
 * The writing side of the hubspot driver against tests/sim/hubspot, which knows
 * nothing of the driver: a card ends with its new tag once and with all that
 * others put there, and with the fields of its answer, whatever goes wrong on the
 * way.
 */
#include <stdlib.h>

#include "hubspot/lab.h"
#include "tag_write.h"

#define CARDS 130
#define FIRST 9999999950
#define MEET "NPSToday.M\303\270de."
#define SALE "NPSToday.Salg."

struct writes {
	struct lab lab;
	char id[CARDS][24], foreign[CARDS][160];
	struct crm_tag_write tags[CARDS];
	struct put_result r[CARDS];
};

static const char *const text[] = { "--search-rate", "0", "--tags", "text",
	"--seed-world", "130", "--events", "10", NULL };
static const char *const choices[] = { "--search-rate", "0", "--tags",
	"enumeration", "--seed-world", "130", "--events", "10", NULL };

/* ---- what is on the cards ---------------------------------------------- */

/* tags: of each card as it stands there, "" = none */
static void
cards_read(struct writes *t, char tags[CARDS][160])
{
	const json_t *rows = json_object_get(crmsim_ask(t->lab.sim, "rows",
	    "{'type':'contacts','limit':1000}"), "rows");
	const json_t *row;
	size_t i;

	memset(tags, 0, CARDS * sizeof(tags[0]));
	json_array_foreach((json_t *)(uintptr_t)rows, i, row) {
		const char *id = json_string_value(json_object_get(row, "id"));
		const char *has = json_string_value(json_object_get(
		    json_object_get(row, "properties"), "npstoday_tags"));
		for (size_t n = 0; n < CARDS; n++)
			if (strcmp(t->id[n], id) == 0)
				(void)snprintf(tags[n], sizeof(tags[n]), "%s",
				    has == NULL ? "" : has);
	}
}

/* How often a tag stands there that begins so; *rest: the others. */
static size_t
ours_of(const char *tags, const char *prefix, const char *value, char rest[160])
{
	size_t n = 0, len = 0;

	rest[0] = '\0';
	while (*tags != '\0') {
		const size_t word = strcspn(tags, ";");
		if (strncmp(tags, prefix, strlen(prefix)) == 0)
			n += strlen(value) == word &&
			    strncmp(tags, value, word) == 0 ? 1 : 100;
		else
			len += (size_t)snprintf(rest + len, 160 - len, "%s%.*s",
			    len > 0 ? ";" : "", (int)word, tags);
		tags += word + (tags[word] == ';');
	}
	return n;
}

/* Each has the value once, and what others put there. */
static void
cards_have(struct writes *t, const char *prefix, const char *value)
{
	static char tags[CARDS][160];
	char rest[160];

	cards_read(t, tags);
	for (size_t i = 0; i < CARDS; i++) {
		const size_t n = ours_of(tags[i], prefix, value, rest);
		if (n != 1 || strcmp(rest, t->foreign[i]) != 0)
			fail_msg("card %zu has \"%s\", and had \"%s\"", i,
			    tags[i], t->foreign[i]);
	}
}

/* ---- writing ----------------------------------------------------------- */

static void
start(struct writes *t, const char *const *options, const char *conf)
{
	lab_start(&t->lab, options);
	for (size_t i = 0; i < CARDS; i++)
		(void)snprintf(t->id[i], sizeof(t->id[i]), "%lld",
		    (long long)(FIRST + i));
	cards_read(t, t->foreign);
	lab_open(&t->lab, conf);
}

/* HS-12: nothing is appended; HS-11: nobody's option goes. */
static void
stop(struct writes *t)
{
	static const char *const what[] = { "leading_semicolon", "option_lost",
		"unknown_property", "too_many_inputs", "input_twice",
		"bad_property", "wrong_verb", "unknown_path" };

	for (size_t i = 0; i < ARRAY_LEN(what); i++) {
		char path[64];
		(void)snprintf(path, sizeof(path), "/violations/%s", what[i]);
		if (crmsim_stat(t->lab.sim, path) != 0)
			fail_msg("%s", what[i]);
	}
	lab_close(&t->lab);
	lab_stop(&t->lab);
}

/* HS-13: a merge once the cards were read, before they are written. */
static struct {
	struct lab *lab;	/* NULL = none, or it was made */
	const char *loser, *winner;
	long long reads;	/* until then */
} merging;

static void
merge(struct lab *lab, const char *loser, const char *winner)
{
	(void)crmsim_ask(lab->sim, "merge", "{'type':'contacts','loser':'%s',"
	    "'winner':'%s'}", loser, winner);
}

static bool
breathe(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	if (merging.lab != NULL && crmsim_stat(merging.lab->sim,
	    "/by_on/read") >= merging.reads) {
		merge(merging.lab, merging.loser, merging.winner);
		merging.lab = NULL;
	}
	return true;
}

static bool
try_tags(struct writes *t, const char *prefix, const char *value)
{
	struct lab *lab = &t->lab;
	struct crm crm = { .connector = &lab->crm, .link = { .name = "crm",
		.self = lab->self, .scratch = lab->scratch,
		.http = lab->http } };
	struct tag_writer writer;

	tag_writer_init(&writer, &crm, lab->arena, breathe, NULL);
	writer.backoff_s = 0.01;
	writer.backoff_max_s = 0.02;
	for (size_t i = 0; i < CARDS; i++)
		t->tags[i] = (struct crm_tag_write){ .contact_id = t->id[i],
			.prefix = prefix, .value = value };
	memset(t->r, 0, sizeof(t->r));
	return tag_write(&writer, t->tags, CARDS, t->r, &lab->err);
}

static void
write_tags(struct writes *t, const char *prefix, const char *value)
{
	if (!try_tags(t, prefix, value))
		fail_msg("%s", t->lab.err.msg);
}

static size_t
count(const struct writes *t, enum put_outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < CARDS; i++)
		n += t->r[i].outcome == outcome;
	return n;
}

static void
all(const struct writes *t, enum put_outcome outcome)
{
	for (size_t i = 0; i < CARDS; i++)
		if (t->r[i].outcome != outcome)
			fail_msg("card %zu: %d %s", i, (int)t->r[i].outcome,
			    t->r[i].reason);
}

/* ---- cases ------------------------------------------------------------- */

static const struct {
	const char *const *options;
	const char *conf;
} settings[] = {
	{ text, "" }, { text, "api_version = 'legacy';" },
	{ text, "api_version = '2026-03'; batch_max = 7;" },
	{ choices, "tag_type = 'enumeration';" },
	{ choices, "tag_type = 'enumeration'; api_version = 'legacy';" },
};

/* HS-11, HS-12, HS-15: two campaigns, one replaced, the same once more. */
static void
test_tags(void **state)
{
	static struct writes t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		start(&t, settings[i].options, settings[i].conf);
		write_tags(&t, MEET, MEET "9");
		all(&t, PUT_DONE);
		cards_have(&t, MEET, MEET "9");
		write_tags(&t, MEET, MEET "3");
		all(&t, PUT_DONE);
		cards_have(&t, MEET, MEET "3");
		const long long effects = crmsim_stat(t.lab.sim, "/effects");
		write_tags(&t, MEET, MEET "3");
		all(&t, PUT_UNCHANGED);
		assert_int_equal(crmsim_stat(t.lab.sim, "/effects"), effects);
		/* The other campaign's stay, and theirs behind it. */
		for (size_t n = 0; n < CARDS; n++)
			(void)snprintf(t.foreign[n] + strlen(t.foreign[n]),
			    sizeof(t.foreign[n]) - strlen(t.foreign[n]), "%s%s",
			    t.foreign[n][0] == '\0' ? "" : ";", MEET "3");
		write_tags(&t, SALE, SALE "10");
		all(&t, PUT_DONE);
		cards_have(&t, SALE, SALE "10");
		stop(&t);
	}
}

/* HS-08: one card is locked: it is for another try, the others are written. */
static void
test_locked(void **state)
{
	static struct writes t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		start(&t, settings[i].options, settings[i].conf);
		(void)crmsim_ask(t.lab.sim, "fault", "{'kind':'record','on':"
		    "'update','id':'%s','times':-1}", t.id[3]);
		(void)try_tags(&t, MEET, MEET "9");
		assert_int_equal(count(&t, PUT_DONE), CARDS - 1);
		assert_int_equal(t.r[3].outcome, PUT_AGAIN);
		(void)crmsim_ask(t.lab.sim, "fault", "{'clear':true}");
		write_tags(&t, MEET, MEET "9");
		assert_int_equal(t.r[3].outcome, PUT_DONE);
		cards_have(&t, MEET, MEET "9");
		stop(&t);
	}
}

/* HS-16, HS-08: the administrator's rule refuses one card, by itself or with all
 * of its batch: that one is marked with the reason, the others are written. */
static void
test_refused(void **state)
{
	static const char *const ways[] = { "'each_input':true",
		"'whole_batch':true" };
	static char tags[CARDS][160];
	static struct writes t;
	char rest[160];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		start(&t, text, "");
		(void)crmsim_ask(t.lab.sim, "switch", "{%s}", ways[i]);
		(void)crmsim_ask(t.lab.sim, "property", "{'type':'contacts',"
		    "'name':'npstoday_tags','chars_max':45}");
		(void)crmsim_ask(t.lab.sim, "record", "{'type':'contacts','id':"
		    "'%s','set':{'npstoday_tags':'A long word of theirs, with "
		    "many letters'}}", t.id[77]);
		(void)try_tags(&t, MEET, MEET "9");
		assert_int_equal(count(&t, PUT_DONE), CARDS - 1);
		assert_int_equal(t.r[77].outcome, PUT_REJECTED);
		assert_true(strlen(t.r[77].reason) > 0);
		cards_read(&t, tags);
		for (size_t n = 0; n < CARDS; n++)
			if (n != 77 && (ours_of(tags[n], MEET, MEET "9",
			    rest) != 1 || strcmp(rest, t.foreign[n]) != 0))
				fail_msg("card %zu: %s", n, tags[n]);
		stop(&t);
	}
}

/* Who is gone stays so, and nobody else is held up. */
static void
test_gone(void **state)
{
	static struct writes t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		start(&t, settings[i].options, settings[i].conf);
		(void)crmsim_ask(t.lab.sim, "archive", "{'type':'contacts',"
		    "'id':'%s'}", t.id[3]);
		(void)crmsim_ask(t.lab.sim, "erase", "{'type':'contacts',"
		    "'id':'%s'}", t.id[120]);
		write_tags(&t, MEET, MEET "9");
		assert_int_equal(t.r[3].outcome, PUT_GONE);
		assert_int_equal(t.r[120].outcome, PUT_GONE);
		assert_int_equal(count(&t, PUT_DONE), CARDS - 2);
		stop(&t);
	}
}

/* A contact that is no card of the test, with a tag of somebody's. */
static const char *
survivor_make(struct writes *t)
{
	return arena_strdup(t->lab.arena, json_string_value(json_object_get(
	    crmsim_ask(t->lab.sim, "record", "{'type':'contacts','set':{"
	    "'npstoday_tags':'VIP'}}"), "id")));
}

static const char *
tags_of(struct writes *t, const char *id)
{
	const json_t *rows = json_object_get(crmsim_ask(t->lab.sim, "rows",
	    "{'type':'contacts','filters':[{'propertyName':'hs_object_id',"
	    "'operator':'EQ','value':'%s'}]}", id), "rows");

	return arena_strdup(t->lab.arena, json_string_value(json_object_get(
	    json_object_get(json_array_get(rows, 0), "properties"),
	    "npstoday_tags")));
}

/* HS-13: merged before the night: its tag ends, the survivor's card stays as it
 * is, and all others are written. */
static void
test_merged_before_the_reading(void **state)
{
	static struct writes t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		start(&t, settings[i].options, settings[i].conf);
		const char *winner = survivor_make(&t);
		merge(&t.lab, t.id[3], winner);
		write_tags(&t, MEET, MEET "9");
		assert_int_equal(t.r[3].outcome, PUT_GONE);
		assert_int_equal(count(&t, PUT_DONE), CARDS - 1);
		assert_string_equal(tags_of(&t, winner), "VIP");
		assert_int_equal(crmsim_stat(t.lab.sim, "/by_on/row"), 1);
		stop(&t);
	}
}

/* HS-13: merged while its reading is answered. */
static void
test_merged_before_the_writing(void **state)
{
	static struct writes t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(settings); i += 3) {
		start(&t, settings[i].options, settings[i].conf);
		const char *winner = survivor_make(&t);
		(void)crmsim_ask(t.lab.sim, "fault", "{'kind':'slow','on':"
		    "'read','times':2}");
		merging.lab = &t.lab;
		merging.loser = t.id[3];
		merging.winner = winner;
		merging.reads = 2;
		write_tags(&t, MEET, MEET "9");
		assert_null(merging.lab);
		assert_int_equal(t.r[3].outcome, PUT_GONE);
		assert_int_equal(count(&t, PUT_DONE), CARDS - 1);
		assert_int_equal(crmsim_stat(t.lab.sim, "/by_on/row"), 1);
		stop(&t);
	}
}

/* Each trouble once at a read or at a write; then a calm night: everything is
 * there once, and what others have stays. */
static void
test_troubles(void **state)
{
	static const char *const faults[] = { "'kind':503", "'kind':502",
		"'kind':521", "'kind':423", "'kind':477,'retry_after':1",
		"'kind':500,'store':true", "'kind':'secondly'",
		"'kind':'ten_secondly'", "'kind':'daily'", "'kind':'html'",
		"'kind':'html','store':true", "'kind':'garbage','store':true",
		"'kind':'empty','store':true", "'kind':'truncated'",
		"'kind':'half'", "'kind':'cut_before'", "'kind':'cut_after'",
		"'kind':'reset'", "'kind':'reset','store':true",
		"'kind':'results_gone'", "'kind':401", "'kind':'scope'" };
	static const char *const places[] = { "read", "update" };
	static struct writes t;

	(void)state;
	start(&t, text, "batch_max = 50;");
	for (size_t i = 0; i < 2 * ARRAY_LEN(faults); i++) {
		const char *value = i % 4 < 2 ? MEET "9" : MEET "3";
		(void)crmsim_ask(t.lab.sim, "fault", "{%s,'on':'%s','after':"
		    "1}", faults[i / 2], places[i % 2]);
		const bool ok = try_tags(&t, MEET, value);
		/* What is called done is done. */
		if (ok && count(&t, PUT_DONE) + count(&t, PUT_UNCHANGED) ==
		    CARDS)
			cards_have(&t, MEET, value);
		(void)crmsim_ask(t.lab.sim, "fault", "{'clear':true}");
		lab_close(&t.lab);
		lab_open(&t.lab, "batch_max = 50;");
		write_tags(&t, MEET, value);
		if (count(&t, PUT_DONE) + count(&t, PUT_UNCHANGED) != CARDS)
			fail_msg("%s at %s", faults[i / 2], places[i % 2]);
		cards_have(&t, MEET, value);
	}
	stop(&t);
}

/* A server that leaves cards out of what it read, errors without their ids, odd
 * rows: no card is called done that is not. */
static void
test_lies(void **state)
{
	static const char *const lies[] = { "errors-hidden",
		"errors-without-ids", "read-drops", "id-number",
		"properties-gone", "error-shape" };
	static char tags[CARDS][160];
	static struct writes t;
	char rest[160];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		start(&t, text, "");
		(void)crmsim_ask(t.lab.sim, "fault", "{'kind':'record','on':"
		    "'update','id':'%s','times':-1}", t.id[5]);
		(void)crmsim_ask(t.lab.sim, "mutate", "{'name':'%s'}",
		    lies[i]);
		(void)try_tags(&t, MEET, MEET "9");
		(void)crmsim_ask(t.lab.sim, "mutate", "{'clear':true}");
		cards_read(&t, tags);
		for (size_t n = 0; n < CARDS; n++) {
			const size_t ours = ours_of(tags[n], MEET, MEET "9",
			    rest);
			if ((t.r[n].outcome == PUT_DONE && ours != 1) ||
			    strcmp(rest, t.foreign[n]) != 0)
				fail_msg("%s: card %zu is %d and has \"%s\", "
				    "had \"%s\"", lies[i], n,
				    (int)t.r[n].outcome, tags[n],
				    t.foreign[n]);
		}
		stop(&t);
	}
}

/* ---- fields ------------------------------------------------------------ */
static const char *const panel[][2] = { { "nps_last_score", "9" },
	{ "nps_last_date", "2026-11-24T23:30:00Z" },
	{ "nps_last_comment", "Tak; \"fin\" hj\303\246lp" }, { NULL, NULL } };

static void
panel_make(struct writes *t)
{
	static const char *const is[][2] = { { "nps_last_score", "number" },
		{ "nps_last_date", "date" }, { "nps_last_comment", "string" } };

	for (size_t i = 0; i < ARRAY_LEN(is); i++)
		(void)crmsim_ask(t->lab.sim, "property", "{'type':'contacts',"
		    "'name':'%s','is':'%s'}", is[i][0], is[i][1]);
}

static bool
try_panel(struct writes *t)
{
	struct lab *lab = &t->lab;
	const size_t most = lab->crm.effects_max;
	static struct crm_effect e[CARDS];

	lab->err = (struct err){ .kind = ERR_NONE };
	for (size_t i = 0; i < CARDS; i++) {
		e[i] = (struct crm_effect){ .ref = t->id[i],
			.contact_id = t->id[i], .fields = panel };
		t->r[i] = (struct put_result){ .outcome = PUT_UNKNOWN };
	}
	for (size_t i = 0; i < CARDS; i += most) {
		const size_t n = CARDS - i < most ? CARDS - i : most;
		if (!lab->crm.put_fields(lab->self, &e[i], n, &t->r[i],
		    &lab->err))
			return false;
		arena_reset(lab->scratch);
	}
	return true;
}

/* How many cards have all of it. */
static size_t
panels(struct writes *t)
{
	const json_t *all = crmsim_ask(t->lab.sim, "rows", "{'type':'contacts',"
	    "'limit':0,'filters':[{'propertyName':'nps_last_score','operator':"
	    "'EQ','value':'9'},{'propertyName':'nps_last_date','operator':"
	    "'EQ','value':'2026-11-25'},{'propertyName':'nps_last_comment',"
	    "'operator':'HAS_PROPERTY'}]}");

	return (size_t)json_integer_value(json_object_get(all, "total"));
}

/* HS-08, HS-15: one is gone, one is locked: the others have their fields, and the
 * tags of all stay as they were. */
static void
test_panel(void **state)
{
	static char tags[CARDS][160];
	static struct writes t;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		start(&t, settings[i].options, settings[i].conf);
		panel_make(&t);
		(void)crmsim_ask(t.lab.sim, "erase", "{'type':'contacts',"
		    "'id':'%s'}", t.id[120]);
		(void)crmsim_ask(t.lab.sim, "fault", "{'kind':'record','on':"
		    "'update','id':'%s','times':-1}", t.id[3]);
		(void)try_panel(&t);
		assert_int_equal(count(&t, PUT_DONE), CARDS - 2);
		assert_int_equal(t.r[3].outcome, PUT_AGAIN);
		assert_int_equal(t.r[120].outcome, PUT_GONE);
		assert_int_equal(panels(&t), CARDS - 2);
		(void)crmsim_ask(t.lab.sim, "fault", "{'clear':true}");
		if (!try_panel(&t))
			fail_msg("%s", t.lab.err.msg);
		assert_int_equal(count(&t, PUT_DONE), CARDS - 1);
		assert_int_equal(panels(&t), CARDS - 1);
		cards_read(&t, tags);
		for (size_t n = 0; n < CARDS; n++)
			if (n != 120)
				assert_string_equal(tags[n], t.foreign[n]);
		stop(&t);
	}
}

/* What a portal does not have, or takes only as another type, ends the kind or
 * is refused; a reply that is lost is written again. */
static void
test_panel_troubles(void **state)
{
	static const char *const faults[] = { "'kind':503", "'kind':'cut_after'",
		"'kind':500,'store':true", "'kind':'html','store':true",
		"'kind':'reset'", "'kind':'secondly'", "'kind':'truncated'" };
	static struct writes t;

	(void)state;
	start(&t, text, "");
	assert_false(try_panel(&t));
	assert_int_equal(t.lab.err.kind, ERR_CONFIG);
	assert_non_null(strstr(t.lab.err.msg, "nps_last_score"));
	assert_int_equal(crmsim_stat(t.lab.sim, "/by_endpoint/update"), 0);
	panel_make(&t);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		lab_close(&t.lab);
		lab_open(&t.lab, "");
		(void)crmsim_ask(t.lab.sim, "fault", "{%s,'on':'update','after'"
		    ":1}", faults[i]);
		(void)try_panel(&t);
		if (count(&t, PUT_DONE) != 100 || panels(&t) < 100)
			fail_msg("%s: %zu", faults[i], count(&t, PUT_DONE));
		(void)crmsim_ask(t.lab.sim, "fault", "{'clear':true}");
	}
	if (!try_panel(&t))
		fail_msg("%s", t.lab.err.msg);
	all(&t, PUT_DONE);
	assert_int_equal(panels(&t), CARDS);
	stop(&t);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_merged_before_the_reading),
		cmocka_unit_test(test_merged_before_the_writing),
		cmocka_unit_test(test_troubles),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_panel),
		cmocka_unit_test(test_panel_troubles),
	};

	(void)argc;
	crmsim_find(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
