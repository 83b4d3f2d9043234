/*
 * Names of filters that the CRM's lists do not have: an alarm only if each CRM
 * that could bring such a value was heard, else a healthy filter of one CRM would
 * be called gone because of the other's list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "night_vanished.h"

/* A CRM: its lists, with ' ' between; NULL = it knows none of that kind. */
struct lists {
	const char *categories, *relations;
	bool fails, no_lists, no_events, never_opened;
};

static bool
list_values(void *self, enum value_kind kind, crm_value_fn *emit, void *arg,
    struct err *err)
{
	const struct lists *l = self;
	const char *text = kind == VAL_CATEGORY ? l->categories : l->relations;
	char word[32];

	for (int len; text != NULL && *text != '\0'; text += len) {
		text += *text == ' ';
		len = (int)strcspn(text, " ");
		(void)snprintf(word, sizeof(word), "%.*s", len, text);
		if (!emit(arg, word, word, -1))
			return err_nomem(err);
	}
	return !l->fails || err_set(err, ERR_RETRY, "HTTP 503");
}

static bool
pull_events(void *self, const struct pull *pull, crm_event_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	(void)self, (void)pull, (void)emit, (void)checkpoint, (void)arg;
	return err_set(err, ERR_BUG, "nobody asks here");
}

#define SOURCES 2
#define LISTS(c, r) { .categories = c, .relations = r }
static const struct survey_connector service;

/* The subjects that are raised, after a look at these CRMs. */
static const char *
look(struct fixture *f, struct lists *lists, size_t n)
{
	struct crm_connector crms[SOURCES];
	struct err err = { 0 };
	static struct night night;

	night = (struct night){ .stage = f->stage,
		.survey = { .connector = &service } };
	night.stage.conf = &f->conf;
	night.stage.survey = &night.survey;
	night.stage.n_crm = n;
	for (size_t i = 0; i < n; i++) {
		crms[i] = (struct crm_connector){
			.list_values = lists[i].no_lists ? NULL : list_values,
			.pull_events = lists[i].no_events ? NULL : pull_events };
		night.crms[i] = (struct crm){ .connector = &crms[i], .link = {
		    .self = &lists[i], .scratch = f->scratch,
		    .name = i == 0 ? "crm" : "other" } };
		if (lists[i].never_opened)
			night.crms[i].link = (struct link){ .name = "other",
				.failed = true };
	}
	night.stage.crm = night.crms;
	if (!night_find_vanished(&night, &err))
		fail_msg("%s", err.msg);
	return fixture_text(f, "SELECT string_agg(subject, ', ' ORDER BY subject)"
	    " FROM npsync.alarm WHERE tenant_id = $1 AND kind = 'vanished'"
	    " AND state = 'raised'");
}

static const char *const categories[] = { "Visit", "Demo" };
static const char *const relations[] = { "Kunde", "Partner" };

static void
begin(struct fixture *f)
{
	fixture_tenant(f);
	f->trigger[T_MEET].categories = (struct strlist){ categories, 2 };
	f->trigger[T_MEET].relations = (struct strlist){ relations, 2 };
}

static void
test_each_crm_is_heard(void **state)
{
	static struct { const char *name; struct lists lists[SOURCES]; size_t n;
		const char *raised; } cases[] = {
		{ "one, all there", { LISTS("Demo Visit", "Partner Kunde") }, 1, "" },
		{ "one, some gone", { LISTS("Visit", "Kunde") }, 1,
		    "category Demo, relation Partner" },
		{ "one, no list of relations", { LISTS("Visit", NULL) }, 1,
		    "category Demo" },
		{ "one, no lists", { { .no_lists = true } }, 1, "" },
		{ "each lists its own", { LISTS("Visit", "Kunde"),
		    LISTS("Demo", "Partner") }, 2, "" },
		{ "none lists it", { LISTS("Visit", "Kunde"), LISTS("Visit", "Kunde") },
		    2, "category Demo, relation Partner" },
		/* The other's meetings and companies may have it. */
		{ "the other has no lists", { LISTS("Visit", "Kunde"),
		    { .no_lists = true } }, 2, "" },
		{ "the first has no lists", { { .no_lists = true },
		    LISTS("Visit", "Kunde") }, 2, "" },
		{ "the other lists no relations", { LISTS("Visit", "Kunde"),
		    LISTS("Visit", NULL) }, 2, "category Demo" },
		{ "the other lists no categories", { LISTS("Visit", "Kunde"),
		    LISTS(NULL, "Kunde") }, 2, "relation Partner" },
		/* Cards without events bring relations, and no categories. */
		{ "the other has no events", { LISTS("Visit", "Kunde"),
		    { .relations = "Kunde", .no_events = true } }, 2,
		    "category Demo, relation Partner" },
		{ "the other has no events and no lists", { LISTS("Visit", "Kunde"),
		    { .no_lists = true, .no_events = true } }, 2,
		    "category Demo" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin(f);
		const char *raised = look(f, cases[i].lists, cases[i].n);
		if (strcmp(raised, cases[i].raised) != 0)
			fail_msg("%s: %s", cases[i].name, raised);
	}
}

/* A list that fails says nothing new, and what was raised stays. */
static void
test_a_list_that_fails(void **state)
{
	struct lists lists[] = { LISTS("Visit", "Kunde"),
		LISTS("Visit", "Kunde Partner") };
	struct fixture *f = *state;

	begin(f);
	assert_string_equal(look(f, lists, 2), "category Demo");
	lists[1].fails = true;
	lists[0].categories = "Demo Visit";
	lists[1].relations = NULL;
	assert_string_equal(look(f, lists, 2), "");
	lists[0].categories = "Visit";
	assert_string_equal(look(f, lists, 2), "");
	lists[1].never_opened = true;
	assert_string_equal(look(f, lists, 2), "");
	lists[1].fails = lists[1].never_opened = false;
	lists[1].relations = "Kunde Partner";
	assert_string_equal(look(f, lists, 2), "category Demo");
}

/* A CRM that lists it again says that it is there; whether another one could be
 * heard does not matter. */
static void
test_listed_again_beside_a_failure(void **state)
{
	struct lists lists[] = { LISTS("Visit", "Kunde"), LISTS("Visit", "Kunde") };
	struct fixture *f = *state;

	begin(f);
	assert_string_equal(look(f, lists, 2),
	    "category Demo, relation Partner");
	lists[1].categories = NULL;
	assert_string_equal(look(f, lists, 2),
	    "category Demo, relation Partner");
	lists[0].categories = "Visit Demo";
	lists[1].fails = true;
	lists[0].relations = "Kunde Partner";
	assert_string_equal(look(f, lists, 2), "");
	lists[1].never_opened = true;
	assert_string_equal(look(f, lists, 2), "");
}

/* A list that came empty, beside a whole one: what was raised of its kind stays for
 * as long as the configuration names it and somebody could list it. */
static void
test_a_list_that_came_empty(void **state)
{
	struct lists lists[] = { LISTS("Visit", "Kunde"), LISTS("Visit", "Kunde") };
	struct fixture *f = *state;

	begin(f);
	assert_string_equal(look(f, lists, 2),
	    "category Demo, relation Partner");
	lists[1].relations = NULL;
	lists[0].categories = "Visit Demo";
	assert_string_equal(look(f, lists, 2), "relation Partner");
	/* Another kind's list that fails is no matter of this kind. */
	lists[1].relations = "Partner";
	lists[1].categories = NULL;
	assert_string_equal(look(f, lists, 2), "");
	lists[0].categories = "Visit";
	assert_string_equal(look(f, lists, 2), "");
	lists[1].categories = "Visit";
	assert_string_equal(look(f, lists, 2), "category Demo");
	lists[0].categories = NULL;
	f->trigger[T_MEET].categories.n = 1;
	assert_string_equal(look(f, lists, 2), "");
	f->trigger[T_MEET].categories.n = 2;
	lists[0].categories = "Visit";
	assert_string_equal(look(f, lists, 2), "category Demo");
	lists[1].no_lists = true;
	assert_string_equal(look(f, lists, 2), "");
}

/* ---- campaigns ------------------------------------------------------------ */
static bool
list_campaigns(void *self, survey_campaign_fn *emit, void *arg, struct err *err)
{
	(void)self, (void)emit, (void)arg;
	return err_set(err, ERR_BUG, "nobody asks here");
}

/* One that could not be looked for stays as it was. */
static void
test_campaigns_not_listed(void **state)
{
	static const struct survey_connector lists_them = {
		.list_campaigns = list_campaigns }, lists_none;
	const struct run_options options = { .kind = RUN_NIGHT };
	struct fixture *f = *state;
	struct err err = { 0 };

	begin(f);
	f->trigger[T_MEET].categories.n = f->trigger[T_MEET].relations.n = 0;
	fixture_exec(f, "INSERT INTO npsync.alarm (tenant_id, kind, subject, state,"
	    " since) VALUES ($1, 'vanished', 'campaign 4', 'raised', now())");
	for (int i = 0; i < 2; i++) {
		static struct night night;
		night = (struct night){ .stage = f->stage, .options = &options,
			.survey = { .connector = i == 0 ? &lists_them
			                                : &lists_none } };
		night.stage.conf = &f->conf;
		night.stage.survey = &night.survey;
		if (!night_find_vanished(&night, &err))
			fail_msg("%s", err.msg);
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.alarm"
		    " WHERE tenant_id = $1 AND state = 'raised'"), i == 0);
	}
}

/* An export shows its days only: what an event had lately is there. */
static void
test_met_lately(void **state)
{
	struct lists lists[] = { LISTS("Visit", "Kunde Partner") };
	struct fixture *f = *state;

	begin(f);
	fixture_card(f, "k1", NULL);
	(void)fixture_row(f, T_MEET, "k1", "category = 'Demo'");
	assert_string_equal(look(f, lists, 1), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_crm_is_heard),
		cmocka_unit_test(test_a_list_that_fails),
		cmocka_unit_test(test_a_list_that_came_empty),
		cmocka_unit_test(test_listed_again_beside_a_failure),
		cmocka_unit_test(test_campaigns_not_listed),
		cmocka_unit_test(test_met_lately),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
