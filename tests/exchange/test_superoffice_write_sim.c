/*
 * The writing side of the superoffice driver against tests/sim/superoffice,
 * which knows nothing of the driver: tags written once and again, with troubles
 * on the way; nobody loses an interest or a field that is not ours; fields of an
 * answer, and a follow-up that is there once or, if nobody knows, not made again.
 */
#include "superoffice/sim.h"
#include "tag_write.h"

#define TAG "NPSToday.For\303\245r."
#define CARDS 12
#define FIELD "tag_mode = 'field'; tag_field = 'SuperOffice:1';"

struct writes {
	struct world w;
	char id[CARDS][24];
	struct crm_tag_write tags[CARDS];
	struct put_result r[CARDS];
};

static void
start(struct writes *t, const char *const *options, const char *more)
{
	world_start(&t->w, options);
	world_open(&t->w, more);
	/* People with interests and a field of their own. */
	for (size_t i = 0; i < CARDS; i++)
		(void)snprintf(t->id[i], sizeof(t->id[i]), "%lld",
		    world_record(&t->w, "{'table':'person','set':{"
		    "'interests':[4,1],'custom':{'SuperOffice:2':'VIP'}}}"));
}

/* As with start, on a server of one's own. */
static void
start_onsite(struct writes *t, const char *const *options)
{
	start(t, options, "");
	world_close(&t->w);
	world_open_onsite(&t->w, "geheim", "");
}

static void
stop(struct writes *t)
{
	world_manners(&t->w);
	world_close(&t->w);
	world_stop(&t->w);
}

static bool
breathe(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	return true;
}

static bool
ensure(struct writes *t)
{
	static const char *const names[] = { TAG "7", TAG "9" };
	struct rig *rig = &t->w.rig;
	struct crm_connector c = superoffice_crm;

	superoffice_crm.narrow(&rig->set, &c);
	return c.ensure_tags == NULL ||
	       c.ensure_tags(rig->self, names, 2, &rig->err);
}

static bool
tags_try(struct writes *t, const char *value)
{
	struct rig *rig = &t->w.rig;
	struct crm crm = { .connector = &superoffice_crm,
		.link = { .name = "crm", .self = rig->self,
		    .scratch = rig->scratch, .http = rig->http } };
	struct tag_writer writer;

	rig->err = (struct err){ .kind = ERR_NONE };
	tag_writer_init(&writer, &crm, rig->arena, breathe, NULL);
	writer.backoff_s = 0.01;
	writer.backoff_max_s = 0.02;
	for (size_t i = 0; i < CARDS; i++)
		t->tags[i] = (struct crm_tag_write){ .contact_id = t->id[i],
			.prefix = TAG, .value = value };
	memset(t->r, 0, sizeof(t->r));
	return tag_write(&writer, t->tags, CARDS, t->r, &rig->err);
}

/* As the core does it: what is not done is tried again. */
static void
write_tags(struct writes *t, const char *value, const char *what)
{
	size_t open = CARDS;

	for (int tries = 0; tries < 4 && open > 0; tries++) {
		if (!ensure(t) || !tags_try(t, value))
			continue;
		open = 0;
		for (size_t i = 0; i < CARDS; i++)
			open += t->r[i].outcome == PUT_AGAIN ||
			    t->r[i].outcome == PUT_UNKNOWN;
	}
	for (size_t i = 0; i < CARDS; i++)
		if (t->r[i].outcome != PUT_DONE &&
		    t->r[i].outcome != PUT_UNCHANGED)
			fail_msg("%s: %zu: %d %s %s", what, i,
			    (int)t->r[i].outcome, t->r[i].reason,
			    t->w.rig.err.msg);
}

/* The id of our interest; 0 = none, and there may be no two. */
static long long
interest(struct writes *t, const char *name)
{
	struct json_doc *doc = world_ask(&t->w, "rows",
	    "{'table':'interest','where':{'name':'%s'}}", name);
	json_t *rows = json_object_get(json_root(doc), "rows");

	assert_true(json_array_size(rows) < 2);
	const long long id = json_integer_value(json_object_get(json_array_get(
	    rows, 0), "interestId"));
	json_free(doc);
	return id;
}

/* How many carry it, beside what they had. */
static long long
carriers(struct writes *t, const char *name)
{
	char where[80];

	(void)snprintf(where, sizeof(where), "'interests':[4,1,%lld]",
	    interest(t, name));
	return world_count(&t->w, "person", where);
}

/* Each change of ours, by the ledger: it adds and takes away ours alone. */
static void
assert_others_untouched(struct writes *t)
{
	char line[4096];
	FILE *f = fopen(arena_printf(t->w.rig.arena, "%s/ledger.jsonl",
	    crmsim_dir(t->w.sim)), "re");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strstr(line, "\"by\":\"api\"") == NULL ||
		    strstr(line, "\"table\":\"person\"") == NULL)
			continue;
		const char *set = strstr(line, "\"set\":");
		const char *was = strstr(line, "\"was\":");
		assert_true(set != NULL && was != NULL);
		if (strstr(set, "\"interests\":[4,1") == NULL &&
		    strstr(set, "\"SuperOffice:2\":\"VIP\"") == NULL)
			fail_msg("%s", line);
	}
	(void)fclose(f);
}

/* ---- cases ------------------------------------------------------------------ */
/* SO-14: 7 becomes 9, in one call; twice the same is nothing. */
static void
test_interests(void **state)
{
	static const char *const options[] = { "--seed-world", "20", NULL };
	static struct writes t;

	(void)state;
	start(&t, options, "");
	write_tags(&t, TAG "7", "7");
	assert_int_equal(carriers(&t, TAG "7"), CARDS);
	const long long calls = world_stat(&t.w, "/by_endpoint/interests");
	assert_int_equal(calls, CARDS);
	write_tags(&t, TAG "9", "9");
	assert_int_equal(carriers(&t, TAG "9"), CARDS);
	assert_int_equal(carriers(&t, TAG "7"), 0);
	assert_int_equal(world_stat(&t.w, "/by_endpoint/interests"), 2 * CARDS);
	assert_int_equal(world_stat(&t.w, "/by_endpoint/item"), 2);
	write_tags(&t, TAG "9", "9 again");
	for (size_t i = 0; i < CARDS; i++)
		assert_int_equal(t.r[i].outcome, PUT_UNCHANGED);
	write_tags(&t, NULL, "none");
	assert_int_equal(world_count(&t.w, "person", "'interests':[4,1]"),
	    CARDS);
	assert_others_untouched(&t);
	stop(&t);
}

/* With a password: interests are made, found and changed. */
static void
test_onsite(void **state)
{
	static const char *const options[] = { "--onsite", "--seed-world", "20",
		NULL };
	static struct writes t;

	(void)state;
	start_onsite(&t, options);
	write_tags(&t, TAG "7", "7");
	write_tags(&t, TAG "9", "9");
	assert_int_equal(carriers(&t, TAG "9"), CARDS);
	assert_int_equal(carriers(&t, TAG "7"), 0);
	assert_int_equal(world_stat(&t.w, "/by_endpoint/login"), 0);
	assert_others_untouched(&t);
	stop(&t);
}

/* Also where headings stand above the interests. */
static void
test_headings(void **state)
{
	static const char *const options[] = { "--seed-world", "20",
		"--headings", NULL };
	static struct writes t;

	(void)state;
	start(&t, options, "");
	write_tags(&t, TAG "9", "9");
	world_close(&t.w);
	world_open(&t.w, "");
	write_tags(&t, TAG "9", "9, another run");
	assert_int_equal(carriers(&t, TAG "9"), CARDS);
	assert_int_equal(world_stat(&t.w, "/by_endpoint/item"), 2);
	stop(&t);
}

/* A field beside others, where a patch of the whole would empty them. */
static void
test_field(void **state)
{
	static const char *const options[] = { "--seed-world", "20",
		"--replace-custom", NULL };
	static struct writes t;

	(void)state;
	start(&t, options, FIELD);
	write_tags(&t, TAG "7", "7");
	write_tags(&t, TAG "9", "9");
	assert_int_equal(world_count(&t.w, "person", "'custom':{"
	    "'SuperOffice:1':'" TAG "9','SuperOffice:2':'VIP'}"), CARDS);
	write_tags(&t, TAG "9", "9 again");
	for (size_t i = 0; i < CARDS; i++)
		assert_int_equal(t.r[i].outcome, PUT_UNCHANGED);
	assert_others_untouched(&t);
	stop(&t);
}

/* SO-16: each trouble once in the middle of it: everything is there, once. */
static void
test_troubles(void **state)
{
	static const char *const options[] = { "--seed-world", "20", NULL };
	static const char *const settings[] = { "", FIELD };
	static const char *const places[] = { "entity", "interests", "patch" };
	static const char *const faults[] = { "'503'", "'503','text':'html'",
		"'500','store':true", "'429','retry_after':1", "'cut_before'",
		"'cut_after'", "'expired'", "'recycle'", "'moved'", "'421'",
		"'truncated'", "'empty'", "'html'" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		static struct writes t;
		start(&t, options, settings[i]);
		for (size_t k = 0; k < ARRAY_LEN(faults); k++)
			for (size_t p = 0; p < ARRAY_LEN(places); p++) {
				world_tell(&t.w, "fault", "{'kind':%s,'on':"
				    "'%s','after':2}", faults[k], places[p]);
				write_tags(&t, (k + p) % 2 == 0 ? TAG "9"
								: TAG "7",
				    faults[k]);
				world_tell(&t.w, "fault", "{'clear':true}");
			}
		write_tags(&t, TAG "9", "at last");
		if (i == 0)
			assert_int_equal(carriers(&t, TAG "9"), CARDS);
		assert_others_untouched(&t);
		stop(&t);
	}
}

/* An interest whose making nobody answered is made once. */
static void
test_item_unanswered(void **state)
{
	static const char *const options[] = { "--seed-world", "20", NULL };
	static struct writes t;

	(void)state;
	start(&t, options, "");
	world_tell(&t.w, "fault", "{'kind':'cut_after','on':'item'}");
	write_tags(&t, TAG "9", "9");
	assert_int_equal(carriers(&t, TAG "9"), CARDS);
	assert_true(interest(&t, TAG "7") != 0);
	stop(&t);
}

/* SO-15: an old server: the message names what to do. */
static void
test_old_server(void **state)
{
	static const char *const options[] = { "--seed-world", "20",
		"--no-update-interests", NULL };
	static struct writes t;

	(void)state;
	start(&t, options, "");
	assert_true(ensure(&t));
	const bool went = tags_try(&t, TAG "9");
	const char *said = went ? t.r[0].reason : t.w.rig.err.msg;
	if (strstr(said, "tag_mode") == NULL)
		fail_msg("%s", said);
	assert_int_equal(world_count(&t.w, "person", "'interests':[4,1]"),
	    CARDS);
	world_close(&t.w);
	world_stop(&t.w);
}

/* Who was deleted stays so, and nobody else is held up. */
static void
test_deleted(void **state)
{
	static const char *const options[] = { "--seed-world", "20", NULL };
	static const char *const settings[] = { "", FIELD };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		static struct writes t;
		start(&t, options, settings[i]);
		world_tell(&t.w, "delete", "{'table':'person','id':%s}",
		    t.id[3]);
		assert_true(ensure(&t));
		if (!tags_try(&t, TAG "9"))
			fail_msg("%s", t.w.rig.err.msg);
		for (size_t k = 0; k < CARDS; k++)
			assert_int_equal(t.r[k].outcome, k == 3 ? PUT_GONE
								: PUT_DONE);
		stop(&t);
	}
}

/* ---- fields and follow-ups ---------------------------------------------------- */
#define TASK "task_type_id = 5; task_associate_id = 7;"

/* Each once; as the core does it, what is unknown is not sent again. */
static void
put(struct writes *t, bool (*fn)(void *, const struct crm_effect *, size_t,
    struct put_result *, struct err *), const struct crm_effect *like,
    int tries_max)
{
	struct rig *rig = &t->w.rig;

	memset(t->r, 0, sizeof(t->r));
	for (size_t i = 0; i < CARDS; i++) {
		struct crm_effect e = *like;
		e.contact_id = e.ref = t->id[i];
		t->r[i].outcome = PUT_AGAIN;
		for (int n = 0; n < tries_max && t->r[i].outcome == PUT_AGAIN;
		     n++) {
			t->r[i].outcome = PUT_UNKNOWN;
			rig->err = (struct err){ .kind = ERR_NONE };
			(void)fn(rig->self, &e, 1, &t->r[i], &rig->err);
			arena_reset(rig->scratch);
		}
	}
}

static void
all_are(struct writes *t, enum put_outcome outcome, const char *what)
{
	for (size_t i = 0; i < CARDS; i++)
		if (t->r[i].outcome != outcome)
			fail_msg("%s, %zu: %d %s (%s)", what, i,
			    (int)t->r[i].outcome, t->r[i].reason,
			    t->w.rig.err.msg);
}

/* By the types that the layout tells; fields of others stay; twice the same. */
static void
test_panel(void **state)
{
	static const char *const options[] = { "--seed-world", "20",
		"--replace-custom", NULL };
	static const char *const panel[][2] = { { "SuperOffice:1", "Tak & hej" },
		{ "SuperOffice:3", "9" }, { "SuperOffice:6", "true" },
		{ NULL, NULL } };
	static const struct crm_effect e = { .fields = panel };
	static struct writes t;

	(void)state;
	start(&t, options, "");
	for (int i = 0; i < 2; i++) {
		put(&t, superoffice_crm.put_fields, &e, 1);
		all_are(&t, PUT_DONE, "fields");
		assert_int_equal(world_count(&t.w, "person", "'custom':{"
		    "'SuperOffice:1':'Tak & hej','SuperOffice:2':'VIP',"
		    "'SuperOffice:3':'[I:9]','SuperOffice:6':'[I:1]'}"), CARDS);
	}
	assert_int_equal(world_stat(&t.w, "/by_endpoint/patch"), 2 * CARDS);
	world_tell(&t.w, "fault", "{'kind':'503','on':'patch','after':2}");
	put(&t, superoffice_crm.put_fields, &e, 1);
	assert_int_equal(t.r[2].outcome, PUT_UNKNOWN);
	assert_int_equal(t.r[3].outcome, PUT_DONE);
	assert_others_untouched(&t);
	stop(&t);
}

static long long
follow_ups(struct writes *t, const char *more)
{
	char where[200];

	(void)snprintf(where, sizeof(where), "'type':5,'text':'Ring op\\nTak',"
	    "'completed':false%s", more);
	return world_count(&t->w, "appointment", where);
}

/* The employee's, else that of the owner of the company, and at the company of
 * the person; of those that nobody answered some are there, each once. */
static void
test_follow_ups(void **state)
{
	static const char *const options[] = { "--seed-world", "20", NULL };
	static const char *const faults[] = { "'cut_after'", "'cut_before'",
		"'500','store':true", "'empty','store':true" };
	struct crm_effect e = { .subject = "Ring op", .text = "Tak",
		.employee_id = "USR3", .day = 20783 };
	static struct writes t;

	(void)state;
	start(&t, options, TASK);
	world_tell(&t.w, "update", "{'table':'contact','where':{'contactId':1},"
	    "'set':{'associateId':5}}");
	put(&t, superoffice_crm.put_task, &e, 1);
	all_are(&t, PUT_DONE, "follow-ups");
	assert_int_equal(follow_ups(&t, ",'associateId':3,'contactId':1"),
	    CARDS);
	e.employee_id = "NOBODY";
	put(&t, superoffice_crm.put_task, &e, 1);
	assert_int_equal(follow_ups(&t, ",'associateId':5,'contactId':1"),
	    CARDS);
	assert_int_equal(follow_ups(&t, ""), 2 * CARDS);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		world_tell(&t.w, "fault", "{'kind':%s,'on':'create','after':1}",
		    faults[i]);
		const long long before = follow_ups(&t, "");
		put(&t, superoffice_crm.put_task, &e, 4);
		assert_int_equal(t.r[1].outcome, PUT_UNKNOWN);
		t.r[1].outcome = PUT_DONE;
		all_are(&t, PUT_DONE, faults[i]);
		assert_int_equal(follow_ups(&t, "") - before, CARDS -
		    (strcmp(faults[i], "'cut_before'") == 0));
	}
	stop(&t);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interests),
		cmocka_unit_test(test_onsite),
		cmocka_unit_test(test_headings),
		cmocka_unit_test(test_field),
		cmocka_unit_test(test_troubles),
		cmocka_unit_test(test_item_unanswered),
		cmocka_unit_test(test_old_server),
		cmocka_unit_test(test_deleted),
		cmocka_unit_test(test_panel),
		cmocka_unit_test(test_follow_ups),
	};

	(void)argc;
	crmsim_find(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
