/*
 * Answers to surveys that npsync did not send: whose they are is looked for among
 * the known cards, then in the CRM, so often and no more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "answer.h"
#include "campaign.h"
#include "fixture.h"
#include "stage_place.h"

#define TAKEN ((time_t)1777900000)

/* ---- a CRM that can be asked ------------------------------------------------- */
static struct {
	const char *cards[4];	/* ids that carry every address */
	size_t n;
	int asked;
	enum err_kind fails;
} crm_side;

static bool
crm_find(void *self, const char *email, crm_contact_fn *emit, void *arg,
    struct err *err)
{
	(void)self;
	crm_side.asked++;
	if (crm_side.fails != ERR_NONE)
		return err_set(err, crm_side.fails, "as the test says");
	for (size_t i = 0; i < crm_side.n; i++) {
		const struct crm_contact c = { .contact_id = crm_side.cards[i],
			.email = email, .consent_at = NO_TIME };
		if (!emit(arg, &c))
			return err_set(err, ERR_CANCELLED, "stopped");
	}
	return true;
}

static const struct crm_connector connector = { .find_contact = crm_find };
static struct crm crm;

static void
setup(struct fixture *f)
{
	struct campaign_page page;
	struct err err = { 0 };

	fixture_tenant(f);
	memset(&crm_side, 0, sizeof(crm_side));
	arena_free(crm.link.scratch);
	crm = (struct crm){ .link = { .name = "crm", .self = &crm_side,
	    .scratch = arena_new(65536) }, .connector = &connector };
	f->stage.crm = &crm;
	f->stage.n_crm = 1;
	campaign_page_init(&page);
	if (!campaign_page_add(&page, "7749", "Møde", f->scratch, &err) ||
	    !campaign_put(f->db, f->tenant.id, &page, false, clock_now(),
	        f->scratch, &err))
		fail_msg("%s", err.msg);
	campaign_page_free(&page);
}

static void
answer(struct fixture *f, const char *id, const char *email, bool anonymised)
{
	const struct survey_answer a = { .answer_id = id, .email = email,
		.campaign_id = "7749", .score = 9, .answered_at = TAKEN,
		.changed_at = TAKEN, .anonymised = anonymised };
	const struct cursor_move move = { .tenant_id = f->tenant.id,
		.connector = "npstoday", .stream = "answers", .pass = 1,
		.now = clock_now(), .epoch = f->tenant.epoch };
	AUTO(db_result) struct db_result *r = NULL;
	struct answer_page page;
	struct err err = { 0 };

	answer_page_init(&page);
	page.may_search = true;
	if (!answer_page_add(&page, &a, f->tenant.secret, f->scratch, &err) ||
	    !answer_page_put(&page, f->db, &move, "NPSToday", f->scratch, &r,
	        &err))
		fail_msg("%s", err.msg);
	answer_page_free(&page);
}

static void
place(struct fixture *f)
{
	struct err err = { 0 };

	if (!stage_place(&f->stage, &err))
		fail_msg("%s", err.msg);
}

static const char *
placed(struct fixture *f)
{
	return fixture_text(f, "SELECT string_agg(concat_ws(' ', matched,"
	    " contact_id), ', ' ORDER BY answer_id) FROM npsync.answer"
	    " WHERE tenant_id = $1");
}

static const char *
tags(struct fixture *f)
{
	return fixture_text(f, "SELECT string_agg(contact_id || ' ' || tag, ', ')"
	    " FROM npsync.tag_want WHERE tenant_id = $1");
}

static long long
addresses(struct fixture *f)
{
	return fixture_int(f, "SELECT count(email) FROM npsync.answer_search"
	    " WHERE tenant_id = $1");
}

/* ---- cases -------------------------------------------------------------------- */
static void
test_found_in_the_crm(void **state)
{
	struct fixture *f = *state;

	setup(f);
	crm_side.cards[0] = "far";
	crm_side.n = 1;
	answer(f, "1", "Anna@Kunde.dk", false);
	assert_int_equal(addresses(f), 1);
	place(f);
	assert_string_equal(placed(f), "address far");
	assert_string_equal(tags(f), "far NPSToday.Møde.9");
	assert_int_equal(crm_side.asked, 1);
	assert_int_equal(addresses(f), 0);
	assert_int_equal(runlog_get(&f->log, "place", "found"), 1);
	assert_int_equal(runlog_get(&f->log, "place", "placed"), 1);
	place(f);
	assert_int_equal(crm_side.asked, 1);
}

static void
test_several_in_the_crm(void **state)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct fixture *f = *state;
	struct err err = { 0 };

	setup(f);
	crm_side.cards[0] = "one";
	crm_side.cards[1] = "two";
	crm_side.n = 2;
	answer(f, "1", "post@kunde.dk", false);
	place(f);
	assert_string_equal(placed(f), "ambiguous");
	assert_string_equal(tags(f), "");
	assert_true(answer_list_unplaced(f->db, f->tenant.id, 10, f->scratch, &r,
	    &err));
	assert_int_equal(db_rows(r), 1);
	assert_string_equal(db_text(r, 0, 4), "crm/one, crm/two");
	/* One of them is asked: the answer is its. */
	(void)fixture_row(f, T_MEET, "two", "state = 'sent',"
	    " due_night = '2026-05-05'");
	place(f);
	assert_string_equal(placed(f), "address two");
	assert_string_equal(tags(f), "two NPSToday.Møde.9");
}

/* Once a week, however often the answer is read. */
static void
test_nobody(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	long long n = 0;

	setup(f);
	for (int day = 0; day < 15; day++) {
		answer(f, "1", "gone@kunde.dk", false);
		answer(f, "2", "gone@kunde.dk", false);
		place(f);
		clock_set(clock_now() + 86400);
	}
	assert_int_equal(crm_side.asked, 2);
	assert_string_equal(placed(f), "none, none");
	assert_true(answer_count_homeless(f->db, f->tenant.id, f->scratch, &n,
	    &err));
	assert_int_equal(n, 2);
	/* The card comes in by itself: nobody need be asked. */
	fixture_pull_card(f, "crm", "late", "gone@kunde.dk");
	place(f);
	assert_string_equal(placed(f), "address late, address late");
	assert_int_equal(crm_side.asked, 2);
}

static void
test_so_many_a_run(void **state)
{
	struct fixture *f = *state;

	setup(f);
	for (int i = 0; i < 60; i++)
		answer(f, arena_printf(f->run, "%d", i),
		    arena_printf(f->run, "p%d@kunde.dk", i), false);
	place(f);
	assert_int_equal(crm_side.asked, 50);
	place(f);
	assert_int_equal(crm_side.asked, 60);
	place(f);
	assert_int_equal(crm_side.asked, 60);
}

/* It is asked again in the next run; an address it does not take is not. */
static void
test_failing_crm(void **state)
{
	struct fixture *f = *state;

	setup(f);
	answer(f, "1", "anna@kunde.dk", false);
	crm_side.fails = ERR_RETRY;
	place(f);
	assert_int_equal(addresses(f), 1);
	assert_int_equal(crm.link.aside.kind, ERR_RETRY);
	assert_false(crm.link.failed);
	crm_side.fails = ERR_REJECTED;
	place(f);
	assert_int_equal(addresses(f), 0);
	assert_int_equal(crm_side.asked, 2);
	/* Never asked at all: the address is forgotten. */
	answer(f, "2", "bo@kunde.dk", false);
	clock_set(clock_now() + 31 * 86400);
	place(f);
	assert_int_equal(crm_side.asked, 2);
	assert_int_equal(addresses(f), 0);
}

static void
test_who_is_not_looked_for(void **state)
{
	struct fixture *f = *state;

	setup(f);
	answer(f, "1", "npst8b1@npst.example", true);
	answer(f, "2", NULL, false);
	answer(f, "3", "no address", false);
	assert_int_equal(addresses(f), 0);
	answer(f, "4", "erased@kunde.dk", false);
	fixture_exec(f, "INSERT INTO npsync.opt_out (tenant_id, person_key, source,"
	    " at) SELECT $1, address_key, 'erased', now() FROM"
	    " npsync.answer_search WHERE tenant_id = $1");
	place(f);
	assert_int_equal(crm_side.asked, 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
	    " npsync.answer_search WHERE tenant_id = $1"), 0);
	/* Nor given a card that comes in. */
	fixture_pull_card(f, "crm", "card", "erased@kunde.dk");
	place(f);
	assert_string_equal(tags(f), "");
}

static void
test_lost_lease(void **state)
{
	struct fixture *f = *state;

	setup(f);
	answer(f, "1", "anna@kunde.dk", false);
	f->stage.n_crm = 0;
	fixture_pull_card(f, "crm", "anna", "anna@kunde.dk");
	fixture_takeover(f);
	place(f);
	assert_string_equal(placed(f), "none");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_in_the_crm),
		cmocka_unit_test(test_several_in_the_crm),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_so_many_a_run),
		cmocka_unit_test(test_failing_crm),
		cmocka_unit_test(test_who_is_not_looked_for),
		cmocka_unit_test(test_lost_lease),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
