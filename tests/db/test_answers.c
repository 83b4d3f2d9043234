/*
 * Answers: whose card they belong to, and the one tag per card and campaign
 * that is left in the end, whatever order they come in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "answer.h"
#include "campaign.h"
#include "contact.h"
#include "fixture.h"
#include "tag_want.h"

/* ---- pages -------------------------------------------------------------------- */
static void
put_answers(struct fixture *f, const struct survey_answer *answers, size_t n,
    struct db_result **result)
{
	const struct cursor_move move = { .tenant_id = f->tenant.id,
		.connector = "npstoday", .stream = "answers", .pass = 1,
		.now = clock_now(), .epoch = f->tenant.epoch };
	struct answer_page page;
	struct err err = { 0 };
	bool ok = true;

	answer_page_init(&page);
	for (size_t i = 0; ok && i < n; i++)
		ok = answer_page_add(&page, &answers[i], f->tenant.secret,
		    f->scratch, &err);
	ok = ok && answer_page_put(&page, f->db, &move, "NPSToday", f->scratch,
	    result, &err);
	answer_page_free(&page);
	if (!ok)
		fail_msg("%s", err.msg);
}

/* "new ref 1": outcome, matched, count of the only line. */
static const char *
put_answer(struct fixture *f, const struct survey_answer *a)
{
	AUTO(db_result) struct db_result *r = NULL;

	put_answers(f, a, 1, &r);
	if (db_rows(r) == 0)
		return "";
	assert_int_equal(db_rows(r), 1);
	return arena_printf(f->run, "%s %s %lld", db_text(r, 0, 0),
	    db_text(r, 0, 1), db_int(r, 0, 2));
}

static void
name_campaign(struct fixture *f, const char *id, const char *name)
{
	struct campaign_page page;
	struct err err = { 0 };

	campaign_page_init(&page);
	const bool ok = campaign_page_add(&page, id, name, f->scratch, &err) &&
	    campaign_put(f->db, f->tenant.id, &page, false, clock_now(),
	    f->scratch, &err);
	campaign_page_free(&page);
	if (!ok)
		fail_msg("%s", err.msg);
}

#define TAKEN ((time_t)1777900000)

/* An answer of Anna's card by its number. */
static struct survey_answer
answer(const char *id, int score, int at)
{
	return (struct survey_answer){ .answer_id = id, .contact_id = "crm:anna",
		.campaign_id = "7749", .score = score,
		.answered_at = TAKEN + at, .changed_at = TAKEN + at };
}

static void
setup(struct fixture *f)
{
	fixture_tenant(f);
	fixture_card(f, "anna", NULL);
	name_campaign(f, "7749", "Møde");
	name_campaign(f, "7751", "Salg");
}

/* Tags of a card with their states, by campaign. */
static const char *
tags(struct fixture *f, const char *contact)
{
	return fixture_text(f, "SELECT string_agg(tag || ' ' || state, ', '"
	    " ORDER BY campaign_id) FROM npsync.tag_want WHERE tenant_id = $1"
	    " AND connector = 'crm' AND contact_id = '%s'", contact);
}

/* ---- write-back -------------------------------------------------------------------- */
static size_t
wanted(struct fixture *f, struct tag_wanted **list)
{
	struct err err = { 0 };
	size_t n = 0;

	if (!tag_want_list(f->db, f->tenant.id, "crm", clock_now() + 1, 100,
	        f->run, list, &n, &err))
		fail_msg("%s", err.msg);
	return n;
}

static void
record(struct fixture *f, const struct tag_wanted *list, size_t n,
    enum put_outcome outcome)
{
	struct put_result results[4] = { { .outcome = outcome } };
	struct err err = { 0 };

	assert_in_range(n, 1, ARRAY_LEN(results));
	for (size_t i = 0; i < n; i++) {
		results[i].outcome = outcome;
		if (outcome == PUT_REJECTED || outcome == PUT_AGAIN ||
		    outcome == PUT_DENIED)
			(void)snprintf(results[i].reason,
			    sizeof(results[i].reason), "read only");
	}
	if (!tag_want_done(f->db, f->tenant.id, "crm", list, results, n,
	        clock_now(), f->scratch, &err))
		fail_msg("%s", err.msg);
}

static void
write_all(struct fixture *f)
{
	struct tag_wanted *list;
	const size_t n = wanted(f, &list);

	if (n > 0)
		record(f, list, n, PUT_DONE);
}

/* G1, G2, G3, G14 */
static void
test_newer_score(void **state)
{
	struct fixture *f = *state;
	struct tag_wanted *list;

	setup(f);
	struct survey_answer sale = answer("1", 7, 0), first = answer("2", 9, 0),
	    second = answer("3", 10, 60), same = answer("4", 10, 120);
	sale.campaign_id = "7751";
	assert_string_equal(put_answer(f, &sale), "new card 1");
	assert_string_equal(put_answer(f, &first), "new card 1");
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.9 wanted,"
	    " NPSToday.Salg.7 wanted");
	write_all(f);
	(void)put_answer(f, &second);
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.10 wanted,"
	    " NPSToday.Salg.7 done");
	assert_int_equal(wanted(f, &list), 1);
	assert_string_equal(list[0].contact_id, "anna");
	assert_string_equal(list[0].prefix, "NPSToday.Møde.");
	assert_string_equal(list[0].old, "NPSToday.Møde.9");
	assert_string_equal(list[0].tag, "NPSToday.Møde.10");
	write_all(f);
	(void)put_answer(f, &same);
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.10 done,"
	    " NPSToday.Salg.7 done");
	assert_int_equal(wanted(f, &list), 0);
}

/* Read again when the service has forgotten what it was about. */
static void
test_campaign_stays(void **state)
{
	struct fixture *f = *state;

	setup(f);
	struct survey_answer a = answer("1", 9, 0);
	(void)put_answer(f, &a);
	a.campaign_id = NULL;
	a.changed_at += 60;
	(void)put_answer(f, &a);
	assert_string_equal(fixture_text(f, "SELECT campaign_id FROM npsync.answer"
	    " WHERE tenant_id = $1"), "7749");
	/* Placed: a later send's campaign is not its own. */
	const long long id = fixture_row(f, T_MEET, "anna", "state = 'sent',"
	    " due_night = '2026-05-05'");
	fixture_exec(f, "UPDATE npsync.answer SET queue_id = %lld, matched ="
	    " 'ref' WHERE tenant_id = $1", id);
	a.campaign_id = "7751";
	a.changed_at += 60;
	(void)put_answer(f, &a);
	assert_string_equal(fixture_text(f, "SELECT campaign_id FROM npsync.answer"
	    " WHERE tenant_id = $1"), "7749");
}

/* G6 */
static void
test_renamed_campaign(void **state)
{
	struct fixture *f = *state;
	struct tag_wanted *list;
	const struct survey_answer first = answer("1", 9, 0),
	    second = answer("2", 8, 60);

	setup(f);
	(void)put_answer(f, &first);
	write_all(f);
	name_campaign(f, "7749", "Besøg");
	(void)put_answer(f, &second);
	assert_int_equal(wanted(f, &list), 1);
	assert_string_equal(list[0].prefix, "NPSToday.Besøg.");
	assert_string_equal(list[0].old, "NPSToday.Møde.9");
	assert_string_equal(list[0].tag, "NPSToday.Besøg.8");
}

static void
rename_tags(struct fixture *f, const char *prefix, long long expected)
{
	struct err err = { 0 };
	long long n = -1;

	if (!tag_want_rename(f->db, &f->tenant, prefix, f->scratch, &n, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(n, expected);
}

/* G6: without a new answer, on every card; also one that was not written yet. */
static void
test_rename_rewrites(void **state)
{
	struct fixture *f = *state;
	struct tag_wanted *list;
	struct survey_answer anna = answer("1", 9, 0), bo = answer("2", 4, 0);

	setup(f);
	fixture_card(f, "bo", NULL);
	bo.contact_id = "crm:bo";
	(void)put_answer(f, &anna);
	write_all(f);
	(void)put_answer(f, &bo);
	rename_tags(f, "NPSToday", 0);
	name_campaign(f, "7749", "Møde v2.0/nord");
	rename_tags(f, "NPSToday", 2);
	rename_tags(f, "NPSToday", 0);
	assert_int_equal(wanted(f, &list), 2);
	assert_string_equal(list[0].contact_id, "anna");
	assert_string_equal(list[0].prefix, "NPSToday.Møde v2.0/nord.");
	assert_string_equal(list[0].old_prefix, "NPSToday.Møde.");
	assert_string_equal(list[0].old, "NPSToday.Møde.9");
	assert_string_equal(list[0].tag, "NPSToday.Møde v2.0/nord.9");
	assert_string_equal(list[1].old_prefix, "NPSToday.Møde.");
	assert_null(list[1].old);
	assert_string_equal(list[1].tag, "NPSToday.Møde v2.0/nord.4");
	/* Again before it was written: what may stand there is the first name. */
	name_campaign(f, "7749", "Besøg");
	rename_tags(f, "NPSToday", 2);
	assert_int_equal(wanted(f, &list), 2);
	assert_string_equal(list[0].old_prefix, "NPSToday.Møde.");
	write_all(f);
	assert_int_equal(wanted(f, &list), 0);
	assert_string_equal(fixture_text(f, "SELECT string_agg(tag || state ||"
	    " coalesce(old_prefix, ''), ' ' ORDER BY contact_id) FROM"
	    " npsync.tag_want WHERE tenant_id = $1"), "NPSToday.Besøg.9done"
	    " NPSToday.Besøg.4done");
	/* Another prefix in the configuration is another name of all. */
	rename_tags(f, "NPS", 2);
	assert_int_equal(wanted(f, &list), 2);
	assert_string_equal(list[0].tag, "NPS.Besøg.9");
	assert_string_equal(list[0].old_prefix, "NPSToday.Besøg.");
}

/* Two campaigns that take each other's name: neither write takes the other's
 * new tag away. */
static void
test_names_are_swapped(void **state)
{
	struct fixture *f = *state;
	struct tag_wanted *list;
	struct survey_answer meet = answer("1", 9, 0), sale = answer("2", 9, 0);

	setup(f);
	sale.campaign_id = "7751";
	(void)put_answer(f, &meet);
	(void)put_answer(f, &sale);
	write_all(f);
	name_campaign(f, "7749", "Tredje");
	name_campaign(f, "7751", "Møde");
	name_campaign(f, "7749", "Salg");
	rename_tags(f, "NPSToday", 2);
	assert_int_equal(wanted(f, &list), 2);
	assert_string_equal(list[0].tag, "NPSToday.Salg.9");
	assert_null(list[0].old);
	assert_null(list[0].old_prefix);
	assert_string_equal(list[1].tag, "NPSToday.Møde.9");
	assert_null(list[1].old);
	assert_null(list[1].old_prefix);
}

static const char *
named(struct fixture *f)
{
	return fixture_text(f, "SELECT string_agg(campaign_id || coalesce('<' ||"
	    " tag_taken_by, ''), ' ' ORDER BY campaign_id) FROM npsync.campaign"
	    " WHERE tenant_id = $1");
}

/* G13: who had the name keeps it; the other gets no tags, and is told. */
static void
test_names_collide(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = answer("1", 9, 0), b = answer("2", 3, 60);

	setup(f);
	b.campaign_id = "12";
	name_campaign(f, "12", "MØDE ");
	assert_string_equal(named(f), "12<7749 7749 7751");
	(void)put_answer(f, &a);
	(void)put_answer(f, &b);
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.9 wanted");
	write_all(f);
	/* One that is renamed to a name in use does not take it either. */
	name_campaign(f, "7749", "Salg");
	assert_string_equal(named(f), "12 7749<7751 7751");
	rename_tags(f, "NPSToday", 0);
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.9 done");
	/* Given free again. */
	name_campaign(f, "7751", "Handel");
	name_campaign(f, "7749", "Salg");
	assert_string_equal(named(f), "12 7749 7751");
	rename_tags(f, "NPSToday", 1);
	assert_string_equal(tags(f, "anna"), "NPSToday.Salg.9 wanted");
}

/* G5, and a campaign whose name cannot stand in a tag. */
static void
test_campaign_names(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = answer("1", 7, 0), b = answer("2", 7, 0),
	    c = answer("3", 7, 0);

	setup(f);
	name_campaign(f, "8001", "v2.0 DK");
	name_campaign(f, "8002", "NoSend");
	a.campaign_id = "8001";
	b.campaign_id = "8002";
	c.campaign_id = "never listed";
	(void)put_answer(f, &a);
	(void)put_answer(f, &b);
	(void)put_answer(f, &c);
	assert_string_equal(tags(f, "anna"), "NPSToday.v2.0 DK.7 wanted");
}

/* G7: delivered late, or by a full re-sync. */
static void
test_older_answer_comes_late(void **state)
{
	struct fixture *f = *state;
	const struct survey_answer newer = answer("1", 10, 86400),
	    older = answer("2", 6, 0);

	setup(f);
	(void)put_answer(f, &newer);
	write_all(f);
	assert_string_equal(put_answer(f, &older), "new card 1");
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.10 done");
	assert_string_equal(put_answer(f, &newer), "same card 1");
	assert_string_equal(put_answer(f, &older), "same card 1");
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.10 done");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.answer"
	    " WHERE tenant_id = $1"), 2);
}

/* G12: equal times; the greater number wins, in any order, each twice, page by
 * page or in one. */
static const char *
tag_after(struct fixture *f, const struct survey_answer order[4], bool at_once)
{
	AUTO(db_result) struct db_result *r = NULL;

	setup(f);
	if (at_once)
		put_answers(f, order, 4, &r);
	for (size_t i = 0; !at_once && i < 4; i++)
		(void)put_answer(f, &order[i]);
	return fixture_text(f, "SELECT tag FROM npsync.tag_want"
	    " WHERE tenant_id = $1");
}

static void
test_equal_times(void **state)
{
	static const char *const pairs[][2] = { { "41", "42" }, { "9", "10" },
		{ "a1", "b1" } };
	static const int orders[][4] = { { 0, 0, 1, 1 }, { 1, 1, 0, 0 },
		{ 0, 1, 0, 1 }, { 1, 0, 1, 0 }, { 0, 1, 1, 0 }, { 1, 0, 0, 1 } };

	for (size_t p = 0; p < ARRAY_LEN(pairs); p++)
		for (size_t o = 0; o < 2 * ARRAY_LEN(orders); o++) {
			struct survey_answer order[4];
			for (size_t i = 0; i < 4; i++) {
				const int which = orders[o / 2][i];
				order[i] = answer(pairs[p][which], which == 1 ? 8 : 3,
				    0);
			}
			const char *tag = tag_after(*state, order, o % 2 == 1);
			if (strcmp(tag, "NPSToday.Møde.8") != 0)
				fail_msg("%s before %s, order %zu: %s", pairs[p][0],
				    pairs[p][1], o, tag);
		}
}

/* E6 */
static void
test_comment_comes_later(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = answer("1", 9, 0);

	setup(f);
	a.changed_at = NO_TIME;
	assert_string_equal(put_answer(f, &a), "new card 1");
	a.comment = "godt";
	a.changed_at = TAKEN + 60;
	assert_string_equal(put_answer(f, &a), "updated card 1");
	assert_string_equal(put_answer(f, &a), "same card 1");
	/* An older version, and one without the comment. */
	a.comment = "gammel";
	a.changed_at = TAKEN + 30;
	assert_string_equal(put_answer(f, &a), "same card 1");
	a.comment = NULL;
	a.changed_at = TAKEN + 90;
	assert_string_equal(put_answer(f, &a), "same card 1");
	assert_string_equal(fixture_text(f, "SELECT concat_ws(' ', score,"
	    " comment, extract(epoch FROM answered_at)::bigint) FROM"
	    " npsync.answer WHERE tenant_id = $1"), "9 godt 1777900000");
}

/* The same answer with another score: the tag follows, both ways. */
static void
test_rated_again(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = answer("1", 9, 0);

	setup(f);
	(void)put_answer(f, &a);
	write_all(f);
	a.score = 4;
	a.changed_at += 60;
	assert_string_equal(put_answer(f, &a), "updated card 1");
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.4 wanted");
	/* Whether 4 was written nobody knows: 9 is written again. */
	struct tag_wanted *list;
	assert_int_equal(wanted(f, &list), 1);
	record(f, list, 1, PUT_UNKNOWN);
	a.score = 9;
	a.changed_at += 60;
	assert_string_equal(put_answer(f, &a), "updated card 1");
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.9 wanted");
	write_all(f);
	/* Taken back: there is no score to show, and no tag is invented. */
	a.score = -1;
	a.changed_at += 60;
	assert_string_equal(put_answer(f, &a), "updated card 1");
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.9 done");
}

/* Two versions of one answer in one page: the newer one. */
static void
test_versions_in_one_page(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *r = NULL;
	struct survey_answer two[2] = { answer("1", 3, 0), answer("1", 9, 0) };

	setup(f);
	two[0].changed_at += 60;
	put_answers(f, two, 2, &r);
	assert_int_equal(db_int(r, 0, 2), 1);
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.3 wanted");
}

/* ---- anonymised: E7 ------------------------------------------------------------------ */
static long long
sent_row(struct fixture *f, const char *card, const char *remote, int night)
{
	char set[128], day[16];

	(void)snprintf(set, sizeof(set), "state = 'sent', remote_id = '%s',"
	    " due_night = '%s'", remote, day_iso(day, night));
	return fixture_row(f, T_MEET, card, set);
}

static void
test_anonymised(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = answer("1", 9, 0);

	setup(f);
	a.anonymised = true;
	a.comment = "mit navn er Anna";
	a.email = "anna@kunde.dk";
	a.remote_id = "r-1";
	const long long row = sent_row(f, "anna", "r-1", FIXTURE_NIGHT);
	a.ref = fixture_text(f, "SELECT client_ref FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", row);
	assert_string_equal(put_answer(f, &a), "new anonymised 1");
	assert_string_equal(tags(f, "anna"), "");
	assert_string_equal(fixture_text(f, "SELECT concat_ws('|', score, comment,"
	    " address_key, queue_id, connector, contact_id) FROM npsync.answer"
	    " WHERE tenant_id = $1"), "9");
}

/* What was known of the person goes when the service lets go of it. */
static void
test_anonymised_later(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = answer("1", 9, 0);

	setup(f);
	a.comment = "mit navn er Anna";
	a.email = "anna@kunde.dk";
	(void)put_answer(f, &a);
	write_all(f);
	a = answer("1", 4, 0);
	a.changed_at += 60;
	a.anonymised = true;
	(void)put_answer(f, &a);
	assert_string_equal(fixture_text(f, "SELECT concat_ws('|', comment,"
	    " address_key) FROM npsync.answer WHERE tenant_id = $1"), "");
	/* Nothing is written to the card. */
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.9 done");
}

/* ---- whose card ------------------------------------------------------------------------ */
static struct survey_answer
stranger(const char *id)
{
	return (struct survey_answer){ .answer_id = id, .campaign_id = "7749",
		.score = 9, .answered_at = TAKEN, .changed_at = TAKEN };
}

static const char *
placed(struct fixture *f, const char *id)
{
	return fixture_text(f, "SELECT concat_ws(' ', matched, connector,"
	    " contact_id, queue_id IS NOT NULL) FROM npsync.answer"
	    " WHERE tenant_id = $1 AND answer_id = '%s'", id);
}

/* Each clue alone, and the stronger one where two disagree. */
static void
test_matching(void **state)
{
	struct fixture *f = *state;

	setup(f);
	fixture_pull_card(f, "crm", "by ref", "ref@x.dk");
	fixture_pull_card(f, "crm", "by remote", "remote@x.dk");
	fixture_pull_card(f, "crm", "by address", "address@x.dk");
	const long long row = sent_row(f, "by ref", "r-1", FIXTURE_NIGHT);
	(void)sent_row(f, "by remote", "r-2", FIXTURE_NIGHT);
	(void)sent_row(f, "by ref", "r-3", FIXTURE_NIGHT);
	(void)sent_row(f, "by remote", "r-3", FIXTURE_NIGHT);
	const char *ref = fixture_text(f, "SELECT client_ref FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", row);
	const char *capitals = fixture_text(f, "SELECT upper('%s')"
	    " WHERE $1::bigint > 0", ref);
	const struct {
		const char *id, *ref, *remote, *card, *email, *place;
	} cases[] = {
		{ "1", ref, NULL, NULL, NULL, "ref crm by ref t" },
		{ "11", capitals, NULL, NULL, NULL, "ref crm by ref t" },
		{ "2", ref, "r-2", "crm:anna", "address@x.dk",
		    "ref crm by ref t" },
		{ "3", "ours no more", "r-2", "crm:anna", NULL,
		    "remote crm by remote t" },
		{ "4", NULL, "r-3", "crm:anna", "address@x.dk",
		    "card crm anna f" },	/* two rows have that id */
		{ "5", NULL, NULL, "crm:ghost", " Address@X.dk",
		    "address crm by address f" },
		{ "6", NULL, NULL, "crm2:anna", NULL, "none f" },
		{ "7", NULL, NULL, "anna", NULL, "none f" },
		{ "8", NULL, NULL, NULL, "nobody@x.dk", "none f" },
		{ "9", NULL, NULL, NULL, "no address", "none f" },
		{ "10", NULL, NULL, NULL, NULL, "none f" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct survey_answer a = stranger(cases[i].id);
		a.ref = cases[i].ref;
		a.remote_id = cases[i].remote;
		a.contact_id = cases[i].card;
		a.email = cases[i].email;
		(void)put_answer(f, &a);
		const char *got = placed(f, cases[i].id);
		if (strcmp(got, cases[i].place) != 0)
			fail_msg("answer %s: %s", cases[i].id, got);
	}
	assert_string_equal(tags(f, "by address"), "NPSToday.Møde.9 wanted");
}

/* Of several cards the one asked last; else people have to look. */
static void
test_address_of_several_cards(void **state)
{
	struct fixture *f = *state;
	AUTO(db_result) struct db_result *r = NULL;
	struct survey_answer a = stranger("1"), b = stranger("2"),
	    c = stranger("3");
	struct err err = { 0 };

	setup(f);
	a.email = b.email = c.email = "post@x.dk";
	fixture_pull_card(f, "crm", "one", "post@x.dk");
	fixture_pull_card(f, "crm", "two", "post@x.dk");
	assert_string_equal(put_answer(f, &a), "new ambiguous 1");
	assert_string_equal(placed(f, "1"), "ambiguous f");
	assert_string_equal(tags(f, "one"), "");
	assert_true(answer_list_unplaced(f->db, f->tenant.id, 10, f->scratch, &r,
	    &err));
	assert_int_equal(db_rows(r), 1);
	assert_string_equal(db_text(r, 0, 4), "crm/one, crm/two");
	(void)sent_row(f, "two", "x", 20260301);
	(void)fixture_row(f, T_MEET, "one", "state = 'failed',"
	    " due_night = '2026-03-15'");
	assert_string_equal(put_answer(f, &b), "new address 1");
	assert_string_equal(placed(f, "2"), "address crm two f");
	(void)sent_row(f, "one", "y", 20260401);
	(void)put_answer(f, &c);
	assert_string_equal(placed(f, "3"), "address crm one f");
	/* Once placed it stays; what was ambiguous is placed now. */
	assert_string_equal(put_answer(f, &b), "same address 1");
	assert_string_equal(placed(f, "2"), "address crm two f");
	assert_string_equal(put_answer(f, &a), "updated address 1");
	assert_string_equal(placed(f, "1"), "address crm one f");
	/* A card that is gone is no card. */
	fixture_exec(f, "UPDATE npsync.contact SET gone = true WHERE"
	    " tenant_id = $1 AND contact_id = 'one'");
	a = stranger("4");
	a.email = "post@x.dk";
	(void)put_answer(f, &a);
	assert_string_equal(placed(f, "4"), "address crm two f");
}

static long long
place_again(struct fixture *f)
{
	long long placed_now = 0, ambiguous = 0;
	struct err err = { 0 };

	if (!answer_place(f->db, &f->tenant, "NPSToday", f->scratch, &placed_now,
	        &ambiguous, &err))
		fail_msg("%s", err.msg);
	return placed_now;
}

/* Whoever was asked with another campaign, or after the answer, is not meant. */
static void
test_address_and_campaign(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = stranger("1"), b = stranger("2"),
	    c = stranger("3");

	setup(f);
	a.email = b.email = c.email = "post@x.dk";
	b.campaign_id = "7751";
	fixture_pull_card(f, "crm", "one", "post@x.dk");
	fixture_pull_card(f, "crm", "two", "post@x.dk");
	/* TAKEN lies on the 4th of May 2026. */
	(void)fixture_row(f, T_MEET, "one", "state = 'sent',"
	    " campaign = '7749', due_night = '2026-05-06'");
	assert_string_equal(put_answer(f, &c), "new ambiguous 1");
	(void)fixture_row(f, T_MEET, "one", "state = 'sent',"
	    " campaign = '7749', due_night = '2026-03-01'");
	(void)fixture_row(f, T_MEET, "two", "state = 'sent',"
	    " campaign = '7751', due_night = '2026-04-01'");
	assert_string_equal(put_answer(f, &a), "new address 1");
	assert_string_equal(placed(f, "1"), "address crm one f");
	assert_string_equal(put_answer(f, &b), "new address 1");
	assert_string_equal(placed(f, "2"), "address crm two f");
	/* Placed again by the same rule. */
	assert_int_equal(place_again(f), 1);
	assert_string_equal(placed(f, "3"), "address crm one f");
}

/* A row that is mailed so many hours after TAKEN. */
static long long
mailed_row(struct fixture *f, const char *card, const char *campaign, int hours)
{
	return fixture_row(f, T_MEET, card, arena_printf(f->run,
	    "state = 'sent', campaign = '%s', due_night = '2026-05-01',"
	    " send_at = to_timestamp(%lld)", campaign,
	    (long long)TAKEN + hours * 3600LL));
}

static const char *
row_of(struct fixture *f, const char *id)
{
	return fixture_text(f, "SELECT queue_id FROM npsync.answer"
	    " WHERE tenant_id = $1 AND answer_id = '%s'", id);
}

static const char *
number(struct fixture *f, long long n)
{
	return arena_printf(f->run, "%lld", n);
}

/* What names no row belongs to the last survey of its card and campaign. */
static void
test_last_survey(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = answer("1", 9, 0);

	setup(f);
	fixture_pull_card(f, "crm", "bo", "bo@x.dk");
	(void)mailed_row(f, "anna", "7749", -90 * 24);
	const long long last = mailed_row(f, "anna", "7749", 23);
	(void)mailed_row(f, "anna", "7749", 25);	/* after it */
	(void)mailed_row(f, "anna", "7751", -1);
	const long long bo = mailed_row(f, "bo", "7749", -1);
	(void)fixture_row(f, T_MEET, "anna", "state = 'failed',"
	    " campaign = '7749', send_at = to_timestamp(1777899999)");
	assert_string_equal(put_answer(f, &a), "new card 1");
	assert_string_equal(row_of(f, "1"), number(f, last));
	/* Read again it keeps it, also when rated later. */
	a.answered_at = a.changed_at = TAKEN + 3 * 86400;
	assert_string_equal(put_answer(f, &a), "updated card 1");
	assert_string_equal(row_of(f, "1"), number(f, last));
	/* The row that it names comes first, however late. */
	a.changed_at += 60;
	a.ref = fixture_text(f, "SELECT client_ref FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", bo);
	assert_string_equal(put_answer(f, &a), "same card 1");
	assert_string_equal(row_of(f, "1"), number(f, bo));
	a = stranger("2");
	a.email = "bo@x.dk";
	assert_string_equal(put_answer(f, &a), "new address 1");
	assert_string_equal(row_of(f, "2"), number(f, bo));
	a = answer("3", 9, 0);
	a.campaign_id = "9";
	assert_string_equal(put_answer(f, &a), "new card 1");
	assert_string_equal(row_of(f, "3"), "");
	a = answer("4", 9, 0);
	a.anonymised = true;
	assert_string_equal(put_answer(f, &a), "new anonymised 1");
	assert_string_equal(row_of(f, "4"), "");
}

/* A card that was merged since; and never the row of a card where the answer
 * does not stay. */
static void
test_last_survey_of_which_card(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = answer("1", 9, 0), b = stranger("2");

	setup(f);
	fixture_card(f, "heir", NULL);
	const long long old = mailed_row(f, "anna", "7749", -1);
	fixture_exec(f, "UPDATE npsync.contact SET gone = true,"
	    " moved_to = 'heir' WHERE tenant_id = $1 AND contact_id = 'anna'");
	assert_string_equal(put_answer(f, &a), "new card 1");
	assert_string_equal(placed(f, "1"), "card crm heir t");
	assert_string_equal(row_of(f, "1"), number(f, old));
	fixture_pull_card(f, "crm", "one", "post@x.dk");
	b.email = "post@x.dk";
	assert_string_equal(put_answer(f, &b), "new address 1");
	assert_string_equal(placed(f, "2"), "address crm one f");
	fixture_pull_card(f, "crm", "two", "post@x.dk");
	(void)mailed_row(f, "two", "7749", -1);
	assert_string_equal(put_answer(f, &b), "same address 1");
	assert_string_equal(placed(f, "2"), "address crm one f");
}

static void
test_last_survey_of_one_placed_later(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = stranger("1");

	setup(f);
	a.email = "post@x.dk";
	assert_string_equal(put_answer(f, &a), "new none 1");
	fixture_pull_card(f, "crm", "one", "post@x.dk");
	const long long row = mailed_row(f, "one", "7749", -1);
	assert_int_equal(place_again(f), 1);
	assert_string_equal(placed(f, "1"), "address crm one t");
	assert_string_equal(row_of(f, "1"), number(f, row));
}

/* A colleague's answer to a try names no row either. */
static void
test_answer_to_a_test(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = answer("1", 2, 0);

	setup(f);
	const long long row = mailed_row(f, "anna", "7749", -1);
	fixture_exec(f, "UPDATE npsync.queue SET test = true WHERE"
	    " tenant_id = $1 AND queue_id = %lld", row);
	assert_string_equal(put_answer(f, &a), "new card 1");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.v_nps_answer"
	    " WHERE tenant_id = $1"), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.v_answers"
	    " WHERE tenant_id = $1 AND test AND trigger IS NOT NULL"), 1);
}

static void
merge(struct fixture *f)
{
	const struct contact_merge how = { .tenant_id = f->tenant.id,
		.connector = "crm", .epoch = f->tenant.epoch,
		.run_id = f->log.run_id, .now = clock_now() };
	struct err err = { 0 };
	long long moved, ended;

	if (!contact_merge(f->db, &how, f->scratch, &moved, &ended, &err))
		fail_msg("%s", err.msg);
}

/* The survivor has the answers of both, and the newest score of each campaign. */
static void
test_merged_card(void **state)
{
	struct fixture *f = *state;
	struct survey_answer newer = answer("1", 9, 60), older = answer("2", 7, 0),
	    theirs = answer("3", 5, 30), latest = answer("4", 8, 30);

	setup(f);
	fixture_card(f, "heir", NULL);
	older.campaign_id = latest.campaign_id = "7751";
	theirs.contact_id = latest.contact_id = "crm:heir";
	(void)put_answer(f, &newer);
	(void)put_answer(f, &older);
	(void)put_answer(f, &theirs);
	(void)put_answer(f, &latest);
	write_all(f);
	fixture_exec(f, "UPDATE npsync.contact SET gone = true,"
	    " moved_to = 'heir' WHERE tenant_id = $1 AND contact_id = 'anna'");
	for (int i = 0; i < 2; i++) {
		merge(f);
		assert_string_equal(tags(f, "heir"), i == 0 ?
		    "NPSToday.Møde.9 wanted, NPSToday.Salg.8 done" :
		    "NPSToday.Møde.9 done, NPSToday.Salg.8 done");
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
		    " npsync.answer WHERE tenant_id = $1 AND contact_id ="
		    " 'heir'"), 4);
		write_all(f);
	}
	/* Rated again it is the survivor's. */
	newer.score = 2;
	newer.changed_at += 600;
	assert_string_equal(put_answer(f, &newer), "updated card 1");
	assert_string_equal(tags(f, "heir"),
	    "NPSToday.Møde.2 wanted, NPSToday.Salg.8 done");
}

/* Nothing comes to a card whose person was erased. */
static void
test_merged_into_an_erased_card(void **state)
{
	struct fixture *f = *state;
	const struct survey_answer a = answer("1", 9, 0);

	setup(f);
	fixture_card(f, "heir", "erased = true");
	(void)put_answer(f, &a);
	fixture_exec(f, "UPDATE npsync.contact SET gone = true,"
	    " moved_to = 'heir' WHERE tenant_id = $1 AND contact_id = 'anna'");
	merge(f);
	assert_string_equal(tags(f, "heir"), "");
	assert_string_equal(placed(f, "1"), "card crm anna f");
}

static void
test_other_tenants_answers(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = stranger("1");

	setup(f);
	fixture_pull_card(f, "crm", "theirs", "a@x.dk");
	const long long row = sent_row(f, "theirs", "r-9", FIXTURE_NIGHT);
	a.ref = fixture_text(f, "SELECT client_ref FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld", row);
	a.remote_id = "r-9";
	a.contact_id = "crm:theirs";
	a.email = "a@x.dk";
	fixture_tenant(f);
	name_campaign(f, "7749", "Møde");
	assert_string_equal(put_answer(f, &a), "new none 1");
}

/* No score: kept and counted, no tag. */
static void
test_no_score(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = answer("1", -1, 0);

	setup(f);
	a.comment = "kun ord";
	a.answered_at = NO_TIME;
	assert_string_equal(put_answer(f, &a), "new card 1");
	assert_string_equal(tags(f, "anna"), "");
	assert_string_equal(fixture_text(f, "SELECT coalesce(score, -1) ||"
	    " comment FROM npsync.answer WHERE tenant_id = $1"), "-1kun ord");
	a.score = 0;
	a.answered_at = TAKEN;
	a.changed_at += 60;
	assert_string_equal(put_answer(f, &a), "updated card 1");
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.0 wanted");
}

/* ---- what was written ------------------------------------------------------------------- */
/* A newer answer came while the older tag was being written. */
static void
test_written_meanwhile(void **state)
{
	struct fixture *f = *state;
	const struct survey_answer first = answer("1", 9, 0),
	    second = answer("2", 10, 60);
	struct tag_wanted *list;

	setup(f);
	(void)put_answer(f, &first);
	assert_int_equal(wanted(f, &list), 1);
	assert_null(list[0].old);
	(void)put_answer(f, &second);
	record(f, list, 1, PUT_DONE);
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.10 wanted");
	assert_string_equal(fixture_text(f, "SELECT applied_tag FROM"
	    " npsync.tag_want WHERE tenant_id = $1"), "");
	write_all(f);
	assert_string_equal(fixture_text(f, "SELECT applied_tag || state FROM"
	    " npsync.tag_want WHERE tenant_id = $1"), "NPSToday.Møde.10done");
}

/* ... or the same answer was rated again. */
static void
test_rated_again_meanwhile(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a = answer("1", 9, 0);
	struct tag_wanted *list;

	setup(f);
	(void)put_answer(f, &a);
	assert_int_equal(wanted(f, &list), 1);
	a.score = 2;
	a.changed_at += 60;
	(void)put_answer(f, &a);
	record(f, list, 1, PUT_DONE);
	assert_string_equal(tags(f, "anna"), "NPSToday.Møde.2 wanted");
}

static void
test_results_of_writing(void **state)
{
	static const struct {
		enum put_outcome outcome;
		const char *state;
		size_t left;
	} cases[] = {
		{ PUT_DONE, "done", 0 }, { PUT_UNCHANGED, "done", 0 },
		{ PUT_GONE, "gone", 0 }, { PUT_REJECTED, "rejected", 0 },
		{ PUT_CONFLICT, "conflict", 1 }, { PUT_AGAIN, "wanted", 1 },
		{ PUT_UNKNOWN, "wanted", 1 }, { PUT_DENIED, "wanted", 1 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct survey_answer first = answer("1", 9, 0),
		    second = answer("2", 3, 60);
		struct tag_wanted *list;
		setup(f);
		(void)put_answer(f, &first);
		assert_int_equal(wanted(f, &list), 1);
		record(f, list, 1, cases[i].outcome);
		assert_string_equal(fixture_text(f, "SELECT state FROM"
		    " npsync.tag_want WHERE tenant_id = $1"), cases[i].state);
		assert_string_equal(fixture_text(f, "SELECT reason FROM"
		    " npsync.tag_want WHERE tenant_id = $1"),
		    cases[i].outcome == PUT_DENIED ? "denied: read only"
		    : cases[i].outcome == PUT_REJECTED ||
		    cases[i].outcome == PUT_AGAIN ? "read only" : "");
		assert_int_equal(wanted(f, &list), cases[i].left);
		assert_int_equal(cases[i].left == 1 && list[0].told,
		    cases[i].outcome == PUT_DENIED);
		/* A newer answer tries again. */
		(void)put_answer(f, &second);
		assert_int_equal(wanted(f, &list), 1);
	}
}

/* A run that lost its lease takes no answer. */
static void
test_lost_lease(void **state)
{
	struct fixture *f = *state;
	const struct survey_answer a = answer("1", 9, 0);

	setup(f);
	fixture_takeover(f);
	assert_string_equal(put_answer(f, &a), "");
	assert_int_equal(fixture_int(f, "SELECT (SELECT count(*) FROM"
	    " npsync.answer WHERE tenant_id = $1) + (SELECT count(*) FROM"
	    " npsync.tag_want WHERE tenant_id = $1) + (SELECT count(*) FROM"
	    " npsync.cursor WHERE tenant_id = $1)"), 0);
	assert_string_equal(tags(f, "anna"), "");
}

/* ---- many ---------------------------------------------------------------------------------- */
#define MANY 60

/* Answers in random orders, each twice, times often equal: one final score. */
static void
test_any_order(void **state)
{
	struct fixture *f = *state;
	unsigned seed = 11;

	for (int round = 0; round < 8; round++) {
		struct survey_answer list[2 * MANY];
		setup(f);
		for (int i = 0; i < 2 * MANY; i++)
			list[i] = answer(arena_printf(f->run, "%d", i % MANY),
			    i * 7 % 11, (MANY - i % MANY) % 5 * 60);
		for (int i = 0; i < MANY; i++)
			list[i + MANY] = list[i];
		for (size_t i = 2 * MANY - 1; i > 0; i--) {
			seed = seed * 1103515245u + 12345u;
			const size_t k = (seed >> 8) % (i + 1);
			const struct survey_answer a = list[i];
			list[i] = list[k];
			list[k] = a;
		}
		for (size_t at = 0, n; at < 2 * MANY; at += n) {
			AUTO(db_result) struct db_result *r = NULL;
			seed = seed * 1103515245u + 12345u;
			n = 1 + (seed >> 8) % 40;
			if (n > 2 * MANY - at)
				n = 2 * MANY - at;
			put_answers(f, list + at, n, &r);
		}
		/* Answer 56 has the greatest number of the newest. */
		assert_string_equal(tags(f, "anna"), "NPSToday.Møde.7 wanted");
	}
}

/* A thousand cards get the same twelve answers twice, each card in an order of its
 * own: all end with the same tag. */
#define CARDS 1000
#define EACH 12

static void
put_round(struct fixture *f, unsigned char order[CARDS][2 * EACH], int round)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct survey_answer *list = arena_array(f->run, CARDS, sizeof(*list));

	for (int c = 0; c < CARDS; c++) {
		const int which = order[c][round] % EACH;
		list[c] = answer(arena_printf(f->run, "%d", 100000 + 100 * c +
		    which), which * 7 % 11, which % 4 * 60);
		list[c].contact_id = arena_printf(f->run, "crm:c%d", c);
	}
	put_answers(f, list, CARDS, &r);
}

static void
test_a_thousand_orders(void **state)
{
	static unsigned char order[CARDS][2 * EACH];
	struct fixture *f = *state;
	unsigned seed = 20261126;

	setup(f);
	fixture_exec(f, "INSERT INTO npsync.contact (tenant_id, connector,"
	    " contact_id, address_state, person, facts_at) SELECT $1, 'crm',"
	    " 'c' || n, 'none', ARRAY[convert_to('c' || n, 'UTF8')], now()"
	    " FROM generate_series(0, 999) n");
	for (int c = 0; c < CARDS; c++)
		for (unsigned i = 0; i < 2 * EACH; i++) {
			seed = seed * 1103515245u + 12345u;
			const unsigned k = (seed >> 8) % (i + 1);
			order[c][i] = order[c][k];
			order[c][k] = (unsigned char)i;
		}
	for (int round = 0; round < 2 * EACH; round++)
		put_round(f, order, round);
	/* Answers 3, 7 and 11 are the newest, and 11 has the greatest number. */
	assert_string_equal(fixture_text(f, "SELECT string_agg(x, ', ') FROM"
	    " (SELECT tag || ' ' || count(*) AS x FROM npsync.tag_want"
	    " WHERE tenant_id = $1 GROUP BY tag) y"), "NPSToday.Møde.0 1000");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_newer_score),
		cmocka_unit_test(test_campaign_stays),
		cmocka_unit_test(test_renamed_campaign),
		cmocka_unit_test(test_rename_rewrites),
		cmocka_unit_test(test_names_are_swapped),
		cmocka_unit_test(test_names_collide),
		cmocka_unit_test(test_campaign_names),
		cmocka_unit_test(test_older_answer_comes_late),
		cmocka_unit_test(test_equal_times),
		cmocka_unit_test(test_comment_comes_later),
		cmocka_unit_test(test_rated_again),
		cmocka_unit_test(test_versions_in_one_page),
		cmocka_unit_test(test_anonymised),
		cmocka_unit_test(test_anonymised_later),
		cmocka_unit_test(test_matching),
		cmocka_unit_test(test_address_of_several_cards),
		cmocka_unit_test(test_address_and_campaign),
		cmocka_unit_test(test_last_survey),
		cmocka_unit_test(test_last_survey_of_which_card),
		cmocka_unit_test(test_last_survey_of_one_placed_later),
		cmocka_unit_test(test_answer_to_a_test),
		cmocka_unit_test(test_merged_card),
		cmocka_unit_test(test_merged_into_an_erased_card),
		cmocka_unit_test(test_other_tenants_answers),
		cmocka_unit_test(test_no_score),
		cmocka_unit_test(test_written_meanwhile),
		cmocka_unit_test(test_rated_again_meanwhile),
		cmocka_unit_test(test_results_of_writing),
		cmocka_unit_test(test_lost_lease),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_a_thousand_orders),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
