/*
 * The writing side of the dynamics driver against tests/sim/dynamics, which was
 * written after the vendor's pages and knows nothing of the driver: set up from
 * nothing, written once and again, with troubles on the way.
 */
#include "dynamics/sim.h"
#include "tag_write.h"

#define TAG "NPSToday.M\303\270de."
#define CARDS 12
#define TABLE "response_table = 'npt_npsresponses';"

struct writes {
	struct world w;
	char id[CARDS][40];
	struct crm_effect e[CARDS];
	struct crm_tag_write tags[CARDS];
	struct put_result r[CARDS];
};

static const char *const panel[][2] = { { "npt_average", "8.3" },
	{ "npt_recentscore", "9" }, { "npt_recentdate", "2026-11-24" },
	{ "npt_recentcomment", "lang \"tid\" \303\270" }, { NULL, NULL } };
static const char *const rating[][2] = {
	{ "answered_at", "2026-11-24T18:05:09Z" }, { "score", "6" },
	{ "type", "0-6 detractor" }, { "wants_contact", "no" },
	{ NULL, NULL } };

/* ---- set up ------------------------------------------------------------------- */
static bool
on_thing(void *arg, const char *what, enum setup_state state,
    const char *advice)
{
	int *counts = arg;

	(void)what;
	(void)advice;
	counts[state]++;
	return true;
}

/* *counts by enum setup_state. */
static void
set_up(struct writes *t, bool fix, int counts[4])
{
	static const struct crm_field fields[] = {
		{ "npt_average", FIELD_DECIMAL },
		{ "npt_recentscore", FIELD_INTEGER },
		{ "npt_recentdate", FIELD_DATE },
		{ "npt_recentcomment", FIELD_LONG_TEXT } };
	const struct crm_setup wants = { .fix = fix, .tags = true,
		.answers = true, .fields = fields, .n_fields = 4,
		.comment_max = 255 };

	memset(counts, 0, 4 * sizeof(*counts));
	if (!dynamics_crm.setup(t->w.rig.self, &wants, on_thing, counts,
	        &t->w.rig.err))
		fail_msg("%s", t->w.rig.err.msg);
}

static void
cards_find(struct writes *t)
{
	struct json_doc *doc = world_ask(&t->w, "rows", "{'table':'contacts',"
	    "'where':'statecode eq 0','limit':%d}", CARDS);
	json_t *rows = json_object_get(json_root(doc), "rows");

	assert_int_equal(json_array_size(rows), CARDS);
	for (size_t i = 0; i < CARDS; i++)
		(void)snprintf(t->id[i], sizeof(t->id[i]), "%s",
		    json_string_value(json_object_get(json_array_get(rows, i),
		    "contactid")));
	json_free(doc);
}

static void
start(struct writes *t, const char *more)
{
	static const char *const options[] = { "--seed-world", "40", "--events",
		"10", "--bare", NULL };
	int counts[4];

	world_start(&t->w, options);
	world_open(&t->w, more);
	set_up(t, false, counts);
	/* Tag, panel, table: what stands in the table nobody asked yet. */
	assert_int_equal(counts[SETUP_MISSING], 6);
	set_up(t, true, counts);
	assert_int_equal(counts[SETUP_MISSING], 0);
	assert_true(counts[SETUP_MADE] > 6);
	world_close(&t->w);
	/* Another run. */
	world_open(&t->w, more);
	set_up(t, true, counts);
	assert_int_equal(counts[SETUP_MISSING] + counts[SETUP_MADE], 0);
	cards_find(t);
}

static void
stop(struct writes *t)
{
	assert_int_equal(world_stat(&t->w,
	    "/complaints/patch_without_if_match"), 0);
	assert_int_equal(world_stat(&t->w,
	    "/complaints/if_none_match_on_write"), 0);
	world_close(&t->w);
	world_stop(&t->w);
}

/* ---- writing ------------------------------------------------------------------ */
static bool
breathe(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	return true;
}

static void
write_tags(struct writes *t, const char *value)
{
	struct rig *rig = &t->w.rig;
	struct crm crm = { .connector = &dynamics_crm, .link = { .name = "crm",
		.self = rig->self, .scratch = rig->scratch,
		.http = rig->http } };
	struct tag_writer writer;

	tag_writer_init(&writer, &crm, rig->arena, breathe, NULL);
	writer.backoff_s = 0.01;
	writer.backoff_max_s = 0.02;
	for (size_t i = 0; i < CARDS; i++)
		t->tags[i] = (struct crm_tag_write){ .contact_id = t->id[i],
			.prefix = TAG, .value = value };
	memset(t->r, 0, sizeof(t->r));
	if (!tag_write(&writer, t->tags, CARDS, t->r, &rig->err))
		fail_msg("%s", rig->err.msg);
}

typedef bool put_fn(void *self, const struct crm_effect *, size_t n,
    struct put_result *, struct err *);

/* As the core does: effects_max a call; what is not done, once more. */
static void
put(struct writes *t, put_fn *fn, const char *const (*fields)[2])
{
	struct rig *rig = &t->w.rig;
	struct crm_connector c = dynamics_crm;

	dynamics_crm.narrow(&rig->set, &c);
	memset(t->r, 0, sizeof(t->r));
	for (size_t i = 0; i < CARDS; i++)
		t->e[i] = (struct crm_effect){ .contact_id = t->id[i],
			.ref = arena_printf(rig->arena, "%d", 400 + (int)i),
			.subject = "O'Hara & M\303\270de/9", .text = "tak",
			.fields = fields };
	for (size_t i = 0; i < CARDS; i += c.effects_max) {
		const size_t left = CARDS - i;
		const size_t n = left < c.effects_max ? left : c.effects_max;
		for (int tries = 0; tries < 3; tries++) {
			for (size_t k = i; k < i + n; k++)
				t->r[k].outcome = PUT_UNKNOWN;
			if (fn(rig->self, &t->e[i], n, &t->r[i], &rig->err) &&
			    t->r[i].outcome != PUT_UNKNOWN &&
			    t->r[i].outcome != PUT_AGAIN)
				break;
		}
		arena_reset(rig->scratch);
	}
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
all(const struct writes *t, enum put_outcome outcome, const char *what)
{
	for (size_t i = 0; i < CARDS; i++)
		if (t->r[i].outcome != outcome)
			fail_msg("%s %zu: %d %s", what, i,
			    (int)t->r[i].outcome, t->r[i].reason);
}

#define TAGGED "npt_npstags eq `NPSToday.M\303\270de.9`"
static long long
there(struct writes *t, const char *table, const char *where)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "%s", where);
	for (char *c = text; *c != '\0'; c++)
		*c = *c == '`' ? '\x01' : *c;
	/* world_ask takes ' for ": quotes of OData go as their escape. */
	char escaped[400];
	size_t n = 0;
	for (char *c = text; *c != '\0' && n < sizeof(escaped) - 8; c++)
		if (*c == '\x01')
			n += (size_t)snprintf(escaped + n, 8, "\\u0027");
		else
			escaped[n++] = *c;
	escaped[n] = '\0';
	return world_count(&t->w, table, escaped);
}

/* ---- cases ---------------------------------------------------------------------- */
static void
write_everything(struct writes *t)
{
	write_tags(t, TAG "9");
	put(t, dynamics_crm.put_fields, panel);
	all(t, PUT_DONE, "fields");
	put(t, dynamics_crm.put_answer, rating);
	all(t, PUT_DONE, "answers");
	assert_int_equal(there(t, "contacts", TAGGED), CARDS);
	assert_int_equal(there(t, "contacts", "npt_recentscore eq 9 and "
	    "npt_recentdate eq 2026-11-24"), CARDS);
	assert_int_equal(there(t, "npt_npsresponses", "npt_score eq 6 and "
	    "npt_campaign eq `O``Hara & M\303\270de/9` and npt_ratedon eq "
	    "2026-11-24T18:05:09Z"), CARDS);
}

/* Twice the same is once; one by one, and in batches. */
static void
test_everything(void **state)
{
	static const char *const settings[] = { TABLE, TABLE "batch_size = 5;" };
	static struct writes t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		start(&t, settings[i]);
		write_everything(&t);
		write_everything(&t);
		write_tags(&t, TAG "9");
		all(&t, PUT_UNCHANGED, "tags");
		assert_int_equal(there(&t, "npt_npsresponses", "statecode eq 0"),
		    CARDS);
		assert_int_equal(world_stat(&t.w, "/batches"), i * 12);
		stop(&t);
	}
}

/* DV-01: who was deleted stays so, and nobody else is held up. */
static void
test_deleted(void **state)
{
	static const char *const settings[] = { TABLE, TABLE "batch_size = 5;" };
	static struct writes t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		start(&t, settings[i]);
		world_tell(&t.w, "delete", "{'table':'contacts','id':'%s'}",
		    t.id[3]);
		const long long n = world_stat(&t.w, "/rows/contacts");
		write_tags(&t, TAG "9");
		assert_int_equal(t.r[3].outcome, PUT_GONE);
		assert_int_equal(count(&t, PUT_DONE), CARDS - 1);
		put(&t, dynamics_crm.put_fields, panel);
		assert_int_equal(t.r[3].outcome, PUT_GONE);
		assert_int_equal(count(&t, PUT_DONE), CARDS - 1);
		put(&t, dynamics_crm.put_answer, rating);
		assert_int_equal(t.r[3].outcome, PUT_GONE);
		assert_int_equal(count(&t, PUT_DONE), CARDS - 1);
		assert_int_equal(world_stat(&t.w, "/rows/contacts"), n);
		stop(&t);
	}
}

/* DV-09: somebody else changes the card in between. */
static void
test_conflict(void **state)
{
	static struct writes t;

	(void)state;
	start(&t, TABLE);
	world_tell(&t.w, "fault", "{'kind':'conflict','on':'patch','table':"
	    "'contacts','times':3,'set':{'npt_npstags':'VIP'}}");
	write_tags(&t, TAG "9");
	all(&t, PUT_DONE, "tags");
	assert_int_equal(there(&t, "contacts", TAGGED), CARDS - 3);
	assert_int_equal(there(&t, "contacts",
	    "npt_npstags eq `VIP;NPSToday.M\303\270de.9`"), 3);
	stop(&t);
}

/* Each trouble once in the middle of it: everything is there, once. */
static void
test_troubles(void **state)
{
	static const char *const faults[] = {
		"'kind':'429','retry_after':1", "'kind':'503'",
		"'kind':'500','store':true", "'kind':'html','status':502",
		"'kind':'cut_before'", "'kind':'cut_after'",
		"'kind':'expired','times':1" };
	static struct writes t;

	(void)state;
	start(&t, TABLE);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		world_tell(&t.w, "fault", "{%s,'on':'patch','after':2}",
		    faults[i]);
		write_tags(&t, i % 2 == 0 ? TAG "9" : TAG "3");
		/* A write whose answer was lost is found there. */
		if (count(&t, PUT_DONE) + count(&t, PUT_UNCHANGED) != CARDS)
			fail_msg("%s", faults[i]);
		world_tell(&t.w, "fault", "{'clear':true}");
		world_tell(&t.w, "fault", "{%s,'on':'patch','after':2}",
		    faults[i]);
		put(&t, dynamics_crm.put_fields, panel);
		all(&t, PUT_DONE, faults[i]);
		world_tell(&t.w, "fault", "{'clear':true}");
		world_tell(&t.w, "fault", "{%s,'on':'patch','after':2}",
		    faults[i]);
		put(&t, dynamics_crm.put_answer, rating);
		all(&t, PUT_DONE, faults[i]);
		world_tell(&t.w, "fault", "{'clear':true}");
	}
	assert_int_equal(there(&t, "contacts", TAGGED), CARDS);
	assert_int_equal(there(&t, "npt_npsresponses", "statecode eq 0"), CARDS);
	/* Those that were under way when the first was told to wait. */
	assert_true(world_stat(&t.w, "/too_early") <= 3);
	stop(&t);
}

/* A task whose reply is lost was made once, and nobody knows: it stays so. */
static void
test_task_once(void **state)
{
	static struct writes t;
	struct put_result r = { .outcome = PUT_UNKNOWN };

	(void)state;
	start(&t, TABLE);
	const struct crm_effect e = { .ref = "1", .contact_id = t.id[0],
		.subject = "Ring", .day = 20261203 };
	const long long n = world_stat(&t.w, "/rows/tasks");
	world_tell(&t.w, "fault", "{'kind':'cut_after','on':'post',"
	    "'table':'tasks'}");
	assert_false(dynamics_crm.put_task(t.w.rig.self, &e, 1, &r,
	    &t.w.rig.err));
	assert_int_equal(r.outcome, PUT_UNKNOWN);
	assert_int_equal(world_stat(&t.w, "/rows/tasks"), n + 1);
	r.outcome = PUT_UNKNOWN;
	RIG_OK(&t.w.rig, dynamics_crm.put_task(t.w.rig.self, &e, 1, &r,
	    &t.w.rig.err));
	assert_int_equal(r.outcome, PUT_DONE);
	assert_int_equal(strlen(r.remote_id), 36);
	stop(&t);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_deleted),
		cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_troubles),
		cmocka_unit_test(test_task_once),
	};

	(void)argc;
	crmsim_find(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
