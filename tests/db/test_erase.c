/*
 * One person erased from every table, what stays, and what comes in again
 * afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "answer.h"
#include "erasure.h"
#include "clock.h"
#include "fixture.h"
#include "stage_preview.h"

#define ADDRESS "Canary.Quill@kunde.example"
#define NAME "Canary Quillfeather"
#define PHONE "+45 70 12 34 56"
#define COMMENT "the canary sang in the queue"

static const char *const canaries[] = { "canary.quill", "quillfeather",
	"70 12 34 56", "canary sang", "Finch Birdseed" };

/* ---- the world -------------------------------------------------------------- */
static void
pull(struct fixture *f, const char *id, const char *email, const char *mobile)
{
	static const char *const tags[] = { "NPSToday.Meet.9",
		"NPSToday.Old.10", "NPSToday.NoSend.x", "VIP", NULL };
	static const char *const extra[][2] = { { "nick", "canary.quill" },
		{ NULL, NULL } };
	const struct crm_contact c = { .contact_id = id, .email = email,
		.name = { NAME, "Canary", "Quillfeather" }, .phone = mobile,
		.mobile = mobile, .company = "Finch Birdseed", .tags = tags,
		.extra = extra, .consent_at = NO_TIME };

	fixture_pull_contact(f, "crm", &c, true);
}

static void
collect(struct fixture *f, const struct survey_answer *a)
{
	const struct cursor_move move = { .tenant_id = f->tenant.id,
		.connector = "survey", .stream = "answers", .pass = 1,
		.now = clock_now(), .epoch = f->tenant.epoch };
	AUTO(db_result) struct db_result *r = NULL;
	struct answer_page page;
	struct err err = { 0 };

	answer_page_init(&page);
	const bool ok = answer_page_add(&page, a, f->tenant.secret, f->scratch,
	        &err) &&
	    answer_page_put(&page, f->db, &move, "NPSToday", f->scratch, &r,
	        &err);
	answer_page_free(&page);
	if (!ok)
		fail_msg("%s", err.msg);
}

static struct survey_answer
answer_of(const char *id, const char *email, const char *card)
{
	return (struct survey_answer){ .answer_id = id, .email = email,
		.contact_id = card, .campaign_id = "4", .score = 9,
		.comment = COMMENT, .answered_at = clock_now(),
		.changed_at = clock_now() };
}

/* Two cards with the address, a stranger, and something in every table. */
static void
make_world(struct fixture *f)
{
	const struct survey_answer a = answer_of("a1", ADDRESS, NULL);
	char set[400];

	fixture_tenant(f);
	fixture_exec(f, "INSERT INTO npsync.campaign VALUES ($1::bigint, '4',"
	    " 'Meet', 'Meet', 'meet', NULL, true, now())");
	pull(f, "k1", ADDRESS, PHONE);
	pull(f, "k2", "canary.quill@KUNDE.example", NULL);
	fixture_card(f, "other", "tags = '{VIP}'");
	(void)snprintf(set, sizeof(set), "state = 'sent', remote_id = '7',"
	    " owner = 'Finch Birdseed', company = 'Finch Birdseed', person ="
	    " (SELECT person FROM npsync.contact c WHERE c.tenant_id ="
	    " queue.tenant_id AND contact_id = 'k1')");
	const long long sent = fixture_row(f, T_MEET, "k1", set);
	(void)fixture_row(f, T_SALE, "k1", NULL);
	(void)fixture_row(f, T_SALE, "k2", "state = 'excluded', reason ="
	    " 'by root: Canary Quillfeather asked'");
	fixture_exec(f, "INSERT INTO npsync.queue_history VALUES ($1::bigint,"
	    " %lld, 1, now(), 'decide', NULL, 'queued', 'sent',"
	    " 'company_cap: Finch Birdseed')", sent);
	fixture_exec(f, "INSERT INTO npsync.person_send SELECT $1::bigint, k,"
	    " '2026-05-01', client_ref::text, 'own', '4' FROM npsync.queue q,"
	    " unnest(person) k WHERE tenant_id = $1 AND queue_id = %lld", sent);
	const long long other = fixture_row(f, T_MEET, "other",
	    "state = 'excluded', reason = 'by root: see CANARY Quillfeather'");
	fixture_exec(f, "INSERT INTO npsync.queue_history VALUES ($1::bigint,"
	    " %lld, 1, now(), 'root', NULL, 'queued', 'excluded',"
	    " 'by root: see " NAME "')", other);
	collect(f, &a);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.tag_want"
	    " WHERE tenant_id = $1"), 0);	/* two cards: ambiguous */
	fixture_exec(f, "INSERT INTO npsync.tag_want VALUES ($1::bigint, 'crm',"
	    " 'k1', '4', 'a1', now(), 'NPSToday.Meet.', NULL, 'NPSToday.Meet.9',"
	    " 'NPSToday.Meet.9', now(), now(), 'done', NULL)");
	fixture_exec(f, "INSERT INTO npsync.answer_search SELECT $1::bigint,"
	    " address_key, '" ADDRESS "', now(), NULL FROM npsync.contact"
	    " WHERE tenant_id = $1 AND contact_id = 'k1'");
	fixture_exec(f, "INSERT INTO npsync.tag_command VALUES ($1::bigint,"
	    " 'crm', 'k1', 'ask.canary.quill', 'NPSToday.Ask.canary.quill',"
	    " 'canary.quill', 'open', NULL, now(), NULL, NULL)");
	fixture_exec(f, "INSERT INTO npsync.planned_activity VALUES"
	    " ($1::bigint, 'crm', 'k1', 'canary.quill', '2026-06-01', 1)");
	fixture_exec(f, "INSERT INTO npsync.effect VALUES ($1::bigint, 'mail',"
	    " '" ADDRESS "', 'preview 2026-05-04', 'failed', 'canary.quill',"
	    " '2026-05-04 12:00Z')");
	fixture_exec(f, "INSERT INTO npsync.quarantine VALUES ($1::bigint,"
	    " 'crm', 'deals.csv', 3, 'k1', 'canary.quill', now(), now(), 1)");
	fixture_exec(f, "INSERT INTO npsync.audit (tenant_id, at, actor,"
	    " action, subject, detail) VALUES ($1, now(), 'root', 'exclude',"
	    " '1 rows', '" NAME " rang')");
	fixture_exec(f, "INSERT INTO npsync.pause (tenant_id, trigger, reason,"
	    " actor, at) VALUES ($1, 'sale', 'until " NAME " is back', 'root',"
	    " now()), ($1, 'case', 'stock-taking', 'root', now())");
	fixture_exec(f, "INSERT INTO npsync.alarm VALUES ($1::bigint, 'x', 'y',"
	    " 'ok', now(), '" NAME "', NULL)");
}

/* Rows of all tables that hold the text, whatever the column. */
static long long
scan(struct fixture *f, const char *text, bool without_steps)
{
	char tables[2000], *rest = tables, *table;
	long long n = 0;

	(void)snprintf(tables, sizeof(tables), "%s", fixture_text(f,
	    "SELECT string_agg(c.relname, ',') FROM pg_catalog.pg_class c JOIN"
	    " pg_catalog.pg_namespace s ON s.oid = c.relnamespace WHERE"
	    " s.nspname = 'npsync' AND c.relkind = 'r' AND $1::bigint > 0"));
	assert_non_null(strstr(tables, "contact"));
	while ((table = strsep(&rest, ",")) != NULL)
		if (strcmp(table, "migration") != 0 &&
		    (!without_steps || strcmp(table, "erasure_step") != 0))
			n += fixture_int(f, "SELECT count(*) FROM npsync.%s t"
			    " WHERE t.tenant_id = $1 AND strpos(lower(t::text),"
			    " lower('%s')) > 0", table, text);
	return n;
}

/* ---- erase ---------------------------------------------------------------- */
struct erased {
	long long id, left;	/* left: rows that were there before it */
	long long sharing;	/* others' cards with a number of theirs */
	struct erasure_known known;
	enum err_kind kind;
};

static long long
sum(struct fixture *f, struct subject *s)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	long long n = 0;

	if (!subject_count(f->db, s, f->scratch, &r, &err))
		fail_msg("%s", err.msg);
	for (int i = 0; i < db_rows(r); i++)
		n += db_int(r, i, 1);
	return n;
}

static struct erased
erase(struct fixture *f, const struct subject_given *given, const char *reason)
{
	const struct erasure_order order = { .actor = "root", .reason = reason,
		.survey = "survey", .tag_prefix = "NPSToday",
		.now = clock_now() };
	struct erased e = { 0 };
	struct err err = { 0 };
	struct subject s;

	subject_init(&s);
	if (!subject_find(f->db, &f->tenant, given, f->scratch, &s, &err) ||
	    !erasure_find(f->db, &s, f->scratch, &e.known, &err))
		fail_msg("%s", err.msg);
	e.left = sum(f, &s);
	e.sharing = s.n_sharing;
	assert_true(db_begin(f->db, 5000, &err));
	if (!erasure_begin(f->db, &f->tenant, &s, &order, &e.known, f->scratch,
	        &e.id, &err))
		e.kind = err.kind;
	if (e.kind == ERR_NONE)
		assert_true(db_commit(f->db, &err));
	else
		db_rollback(f->db);
	subject_free(&s);
	return e;
}

static const struct subject_given by_address = { .address = ADDRESS };

static void
test_every_table_forgets(void **state)
{
	struct fixture *f = *state;

	make_world(f);
	for (size_t i = 0; i < ARRAY_LEN(canaries); i++)
		assert_true(scan(f, canaries[i], false) > 0);
	fixture_exec(f, "UPDATE npsync.contact SET opted_out = true,"
	    " opted_out_by = 'field canary.quill' WHERE tenant_id = $1"
	    " AND contact_id = 'k1'");
	const struct erased e = erase(f, &by_address, "ticket 7 of " NAME);
	assert_int_equal(e.kind, ERR_NONE);
	assert_true(e.left >= 12);
	/* That it is so stays, for what reason does not. */
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.contact"
	    " WHERE tenant_id = $1 AND contact_id = 'k1' AND opted_out"
	    " AND opted_out_by IS NULL"), 1);
	for (size_t i = 0; i < ARRAY_LEN(canaries); i++)
		if (scan(f, canaries[i], true) > 0)
			fail_msg("\"%s\" is still there", canaries[i]);
	/* What the steps at others need, and no more. */
	assert_string_equal(fixture_text(f, "SELECT string_agg(place || ' ' ||"
	    " kind || ' ' || target || ' ' || tag, '; ' ORDER BY place, kind,"
	    " target, tag) FROM npsync.erasure_step WHERE tenant_id = $1"),
	    "crm tag k1 NPSToday.Meet.9; crm tag k1 NPSToday.Old.10;"
	    " crm tag k2 NPSToday.Meet.9; crm tag k2 NPSToday.Old.10;"
	    " survey address Canary.Quill@kunde.example ;"
	    " survey address canary.quill@KUNDE.example ;"
	    " survey phone +45 70 12 34 56 ");
	/* The other person is what it was, but for the words about this one. */
	assert_string_equal(fixture_text(f, "SELECT full_name || email ||"
	    " tags[1] FROM npsync.contact WHERE tenant_id = $1 AND contact_id ="
	    " 'other'"), "otherother@kunde.dkVIP");
	assert_string_equal(fixture_text(f, "SELECT state || ' ' || reason FROM"
	    " npsync.queue WHERE tenant_id = $1"), "excluded by root");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue_history"
	    " WHERE tenant_id = $1 AND detail = 'by root'"), 1);
	/* A pause holds on, without the words. */
	assert_string_equal(fixture_text(f, "SELECT string_agg(reason, ', ' ORDER"
	    " BY pause_id) FROM npsync.pause WHERE tenant_id = $1"),
	    "(erased), stock-taking");
	/* The score, the evidence and the hash stay. */
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.answer"
	    " WHERE tenant_id = $1 AND score = 9 AND matched = 'erased'"), 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.person_send"
	    " WHERE tenant_id = $1"), 3);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.opt_out"
	    " WHERE tenant_id = $1 AND source = 'erased'"), 4);
}

static void
test_second_time_nothing(void **state)
{
	struct fixture *f = *state;
	const struct subject_given by_card = { .connector = "crm",
		.contact_id = "k2" };

	make_world(f);
	const struct erased first = erase(f, &by_card, NULL);
	assert_true(first.left >= 12);
	assert_int_equal(first.known.id, 0);
	struct erased again = erase(f, &by_address, NULL);
	assert_int_equal(again.left, 0);
	assert_int_equal(again.known.id, first.id);
	assert_int_equal(again.id, first.id);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.erasure"
	    " WHERE tenant_id = $1"), 1);
}

/* Whoever has lost the lease erases nothing. */
static void
test_needs_the_lease(void **state)
{
	struct fixture *f = *state;

	make_world(f);
	fixture_exec(f, "UPDATE npsync.tenant SET lease_until = '-infinity'"
	    " WHERE tenant_id = $1");
	assert_int_equal(erase(f, &by_address, NULL).kind, ERR_BUSY);
	fixture_takeover(f);
	assert_int_equal(erase(f, &by_address, NULL).kind, ERR_BUSY);
	assert_true(scan(f, "quillfeather", false) > 0);
	assert_int_equal(fixture_int(f, "SELECT (SELECT count(*) FROM"
	    " npsync.erasure WHERE tenant_id = $1) + (SELECT count(*) FROM"
	    " npsync.opt_out WHERE tenant_id = $1)"), 0);
}

static const char *
steps_text(struct fixture *f, const char *kind)
{
	return fixture_text(f, "SELECT string_agg(target, ', ' ORDER BY target)"
	    " FROM npsync.erasure_step WHERE tenant_id = $1 AND kind = '%s'",
	    kind);
}

/* The number of a switchboard belongs to others too, however it is written
 * there: nobody is looked up by it, and it is not blocked. */
static void
test_shared_number_stays_free(void **state)
{
	struct fixture *f = *state;

	make_world(f);
	pull(f, "k3", "colleague@kunde.example", PHONE);
	const struct erased e = erase(f, &by_address, NULL);
	assert_int_equal(e.sharing, 1);
	assert_string_equal(steps_text(f, "phone"), "");
	assert_string_equal(steps_text(f, "address"),
	    ADDRESS ", canary.quill@KUNDE.example");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.opt_out"
	    " WHERE tenant_id = $1"), 3);
	assert_string_equal(fixture_text(f, "SELECT email FROM npsync.contact"
	    " WHERE tenant_id = $1 AND contact_id = 'k3'"),
	    "colleague@kunde.example");
	pull(f, "k3", "colleague@kunde.example", PHONE);
	const long long row = fixture_row(f, T_MEET, "k3", NULL);
	fixture_exec(f, "UPDATE npsync.contact SET facts_at = 'infinity',"
	    " relation = 'Kunde' WHERE tenant_id = $1");
	assert_string_not_equal(fixture_explain(f, row), "opted_out");
}

/* Who shares a number with the person, and who does not. */
static void
test_who_shares_a_number(void **state)
{
	static const struct {
		const char *id, *email, *mobile, *phone;
		long long sharing;
		const char *second;	/* number of the person's other card */
	} cases[] = {
		{ "k3", "a@b.example", "004570123456", NULL, 1, NULL },
		{ "k3", "a@b.example", NULL, "70-12-34-56", 1, NULL },
		{ "k3", NULL, "+45 70 12 34 56", "70123456", 1, NULL },
		{ "k3", "a@b.example", "+45 70 12 34 57", NULL, 0, NULL },
		{ "k3", "a@b.example", NULL, NULL, 0, NULL },
		/* Two numbers shared with one card. */
		{ "k3", NULL, PHONE, "99887766", 1, "+4599887766" },
		/* A third card of the person. */
		{ "k3", "CANARY.quill@kunde.example", PHONE, NULL, 0, NULL },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct crm_contact c = { .contact_id = cases[i].id,
			.email = cases[i].email, .mobile = cases[i].mobile,
			.phone = cases[i].phone, .consent_at = NO_TIME };
		make_world(f);
		fixture_pull_contact(f, "crm", &c, true);
		pull(f, "k2", ADDRESS, cases[i].second);
		const struct erased e = erase(f, &by_address, NULL);
		if (e.sharing != cases[i].sharing)
			fail_msg("case %zu: %lld share it", i, e.sharing);
		if ((*steps_text(f, "phone") == '\0') != (e.sharing > 0))
			fail_msg("case %zu: steps %s", i,
			    steps_text(f, "phone"));
	}
}

/* Cards merged into one of the person's, or it into them, over several. */
static void
test_merged_card(void **state)
{
	static const struct {
		const char *moved[3][2];	/* from, to */
		const char *own;	/* that are the person's */
	} cases[] = {
		{ { { "old", "k1" } }, "k1 k2 old" },
		{ { { "k1", "new" } }, "k1 k2 new" },
		{ { { "older", "old" }, { "old", "k1" } }, "k1 k2 old older" },
		{ { { "k2", "new" }, { "new", "newer" } }, "k1 k2 new newer" },
		/* Another that went the same way. */
		{ { { "k1", "new" }, { "old", "new" } }, "k1 k2 new old" },
		{ { { "new", "newer" } }, "k1 k2" },
	};
	static const char *const ids[] = { "old", "older", "new", "newer" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		make_world(f);
		for (size_t k = 0; k < ARRAY_LEN(ids); k++)
			pull(f, ids[k], arena_printf(f->run, "%s@before.example",
			    ids[k]), NULL);
		for (size_t k = 0; k < 3 && cases[i].moved[k][0] != NULL; k++)
			fixture_exec(f, "UPDATE npsync.contact SET gone = true,"
			    " moved_to = '%s' WHERE tenant_id = $1 AND contact_id"
			    " = '%s'", cases[i].moved[k][1],
			    cases[i].moved[k][0]);
		(void)erase(f, &by_address, NULL);
		const char *own = fixture_text(f, "SELECT string_agg(contact_id,"
		    " ' ' ORDER BY contact_id) FROM npsync.contact WHERE"
		    " tenant_id = $1 AND erased");
		if (strcmp(own, cases[i].own) != 0)
			fail_msg("case %zu: %s", i, own);
		/* The keys of each card, the address of each, and the number. */
		assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
		    " npsync.opt_out WHERE tenant_id = $1 AND source ="
		    " 'erased'"), fixture_int(f, "SELECT count(DISTINCT k) FROM"
		    " npsync.contact c, unnest(c.person) k WHERE c.tenant_id ="
		    " $1 AND c.erased"));
		for (size_t k = 0; k < ARRAY_LEN(ids); k++)
			if ((scan(f, arena_printf(f->run, "%s@before",
			    ids[k]), true) == 0) != (strstr(own, ids[k]) != NULL))
				fail_msg("case %zu: %s", i, ids[k]);
	}
}

/* The preview mail of today went to the person: without its record it would go
 * out again.  It is no reason to erase once more. */
static void
test_mail_of_today_stays(void **state)
{
	static const char *const to[] = { ADDRESS };
	struct fixture *f = *state;
	struct err err = { 0 }, problem = { 0 };
	bool due = true;

	make_world(f);
	f->conf.preview.to = (struct strlist){ to, 1 };
	f->conf.mail.smtp_url = "smtp://localhost";
	f->conf.preview.at_min = 0;
	fixture_exec(f, "INSERT INTO npsync.effect VALUES ($1::bigint, 'mail',"
	    " '" ADDRESS "', 'preview 2026-05-06', 'done', NULL,"
	    " '2026-05-06 00:10Z'), ($1::bigint, 'mail', '" ADDRESS "',"
	    " 'preview 2026-05-05', 'done', NULL, '2026-05-05 00:11Z'),"
	    " ($1::bigint, 'mail', '" ADDRESS "', 'preview 2026-05-03', 'done',"
	    " NULL, '2026-05-05 00:09Z'), ($1::bigint, 'mail', 'b@c.example',"
	    " 'preview 2026-05-02', 'done', NULL, '2026-05-02 00:10Z')");
	const struct erased e = erase(f, &by_address, NULL);
	assert_string_equal(fixture_text(f, "SELECT string_agg(subject, ', '"
	    " ORDER BY subject) FROM npsync.effect WHERE tenant_id = $1"),
	    "preview 2026-05-02, preview 2026-05-05, preview 2026-05-06");
	assert_string_equal(fixture_text(f, "SELECT counts->>'effects' FROM"
	    " npsync.erasure WHERE tenant_id = $1"), "2");
	if (!stage_preview_due(&f->stage, &due, &problem, &err))
		fail_msg("%s", err.msg);
	assert_false(due);
	const struct erased again = erase(f, &by_address, NULL);
	assert_int_equal(again.left, 0);
	assert_int_equal(again.id, e.id);
	/* Two days later nothing hangs on them. */
	clock_set(fixture_time(20260508, 3, 10));
	assert_int_equal(erase(f, &by_address, NULL).left, 2);
	assert_string_equal(fixture_text(f, "SELECT string_agg(target, ', ')"
	    " FROM npsync.effect WHERE tenant_id = $1"), "b@c.example");
}

/* ---- what comes in afterwards --------------------------------------------------- */
static void
test_pull_brings_nobody_back(void **state)
{
	struct fixture *f = *state;

	make_world(f);
	(void)erase(f, &by_address, NULL);
	pull(f, "k1", ADDRESS, PHONE);
	/* The card with another address; another card with the address. */
	pull(f, "k2", "canary.quill@elsewhere.example", NULL);
	pull(f, "k9", ADDRESS, NULL);
	for (size_t i = 0; i < ARRAY_LEN(canaries); i++)
		assert_int_equal(scan(f, canaries[i], true), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.contact"
	    " WHERE tenant_id = $1 AND erased AND tags = '{}'"), 3);
	const long long row = fixture_row(f, T_MEET, "k9", NULL);
	assert_string_equal(fixture_explain(f, row), "opted_out");
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "suppressed opted_out");
}

static const char *
fact_of(struct fixture *f, const char *card)
{
	const long long row = fixture_row(f, T_MEET, card, NULL);
	const struct rules_night night = fixture_rules_night(f);
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	if (!decide_explain(f->db, &f->conf, &night, row, f->scratch, &r, &err))
		fail_msg("%s", err.msg);
	int at = 0;
	while (at < db_rows(r) && strcmp(db_text(r, at, 0), "opted_out") != 0)
		at++;
	assert_true(db_bool(r, at, 1));
	return db_is_null(r, at, 2) ? "" : arena_strdup(f->run,
	    db_text(r, at, 2));
}

static void
test_fact_of_explain(void **state)
{
	struct fixture *f = *state;

	make_world(f);
	/* Both had declined long before; one of them was erased. */
	fixture_exec(f, "INSERT INTO npsync.opt_out SELECT tenant_id, k,"
	    " 'survey', 'all', '2020-01-01Z' FROM npsync.contact,"
	    " unnest(person) k WHERE tenant_id = $1 ON CONFLICT DO NOTHING");
	(void)erase(f, &by_address, NULL);
	assert_string_equal(fact_of(f, "k1"), "erased 2026-05-06");
	assert_string_equal(fact_of(f, "other"), "");
}

/* Told by address, by card, by our reference: all without a comment. */
static void
test_answers_come_without_words(void **state)
{
	struct fixture *f = *state;
	struct survey_answer a;

	make_world(f);
	const char *ref = fixture_text(f, "SELECT min(ref) FROM"
	    " npsync.person_send WHERE tenant_id = $1");
	(void)erase(f, &by_address, NULL);
	a = answer_of("a1", ADDRESS, NULL);
	a.changed_at++;
	collect(f, &a);
	a = answer_of("a2", "CANARY.quill@kunde.example", NULL);
	collect(f, &a);
	a = answer_of("a3", NULL, "crm:k1");
	collect(f, &a);
	a = answer_of("a4", NULL, NULL);
	a.ref = ref;
	collect(f, &a);
	assert_int_equal(scan(f, "canary sang", false), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.answer"
	    " WHERE tenant_id = $1 AND matched IN ('anonymised', 'erased')"
	    " AND contact_id IS NULL AND address_key IS NULL"), 4);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.tag_want"
	    " WHERE tenant_id = $1"), 0);
	a = answer_of("a5", "other@kunde.example", NULL);
	collect(f, &a);
	assert_int_equal(scan(f, "canary sang", false), 1);
}

static void
test_activities_leave_no_day(void **state)
{
	struct fixture *f = *state;
	const struct crm_activity acts[] = {
		{ "k1", "1", ACT_MEETING, 20260501, true, false },
		{ "k1", "2", ACT_MEETING, 20260601, false, false },
		{ "other", "3", ACT_MEETING, 20260501, true, false },
		{ "other", "4", ACT_MEETING, 20260601, false, false } };
	const struct cursor_move move = { .tenant_id = f->tenant.id + 1,
		.connector = "crm", .stream = "activities", .pass = 1,
		.now = clock_now(), .epoch = f->tenant.epoch };
	AUTO(db_result) struct db_result *r = NULL;
	struct activity_page page;
	struct err err = { 0 };

	make_world(f);
	(void)erase(f, &by_address, NULL);
	struct cursor_move mine = move;
	mine.tenant_id = f->tenant.id;
	mine.epoch = f->tenant.epoch;
	activity_page_init(&page);
	for (size_t i = 0; i < ARRAY_LEN(acts); i++)
		activity_page_add(&page, &acts[i]);
	if (!activity_page_send(&page, f->db, &mine, FIXTURE_NIGHT, f->scratch,
	        &err) || !db_finish(f->db, &r, &err))
		fail_msg("%s", err.msg);
	activity_page_free(&page);
	assert_string_equal(fixture_text(f, "SELECT string_agg(contact_id, ',')"
	    " FROM npsync.contact WHERE tenant_id = $1 AND last_activity_on IS"
	    " NOT NULL"), "other");
	assert_string_equal(fixture_text(f, "SELECT string_agg(contact_id, ',')"
	    " FROM npsync.planned_activity WHERE tenant_id = $1"), "other");
}

/* ---- steps -------------------------------------------------------------------- */
static struct erasure_step *
steps_of(struct fixture *f, size_t *n)
{
	struct erasure_step *steps = NULL;
	struct err err = { 0 };

	if (!erasure_steps(f->db, f->tenant.id, clock_now() + 1, 100, f->run,
	        &steps, n, &err))
		fail_msg("%s", err.msg);
	return steps;
}

static long long
end(struct fixture *f)
{
	struct err err = { 0 };
	long long open = -1;

	if (!erasure_end(f->db, f->tenant.id, clock_now(), f->scratch, &open,
	        &err))
		fail_msg("%s", err.msg);
	return open;
}

static void
test_steps_until_complete(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	size_t n = 0;

	make_world(f);
	const struct erased e = erase(f, &by_address, "ticket 7");
	struct erasure_step *steps = steps_of(f, &n);
	assert_int_equal(n, 7);
	assert_int_equal(end(f), 7);
	for (size_t i = 0; i < n; i++) {
		const bool is_tag = strcmp(steps[i].kind, "tag") == 0;
		const bool ok = is_tag ? erasure_step_done(f->db, f->tenant.id,
		        &steps[i], "tags in crm", f->scratch, &err)
		    : strcmp(steps[i].kind, "phone") == 0
		    ? erasure_step_by_hand(f->db, f->tenant.id, &steps[i],
		        "ask them", f->scratch, &err)
		    : erasure_step_open(f->db, f->tenant.id, &steps[i],
		        "HTTP 503", clock_now() + 2, f->scratch, &err);
		assert_true(ok);
	}
	assert_int_equal(end(f), 2);
	assert_string_equal(fixture_text(f, "SELECT reason || ' ' || (counts->>"
	    "'tags in crm') || ' ' || by_hand[1] || ' ' || (completed_at IS"
	    " NULL) FROM npsync.erasure WHERE tenant_id = $1"),
	    "ticket 7 4 ask them true");
	(void)steps_of(f, &n);
	assert_int_equal(n, 0);		/* both were tried */
	fixture_exec(f, "UPDATE npsync.erasure_step SET tried_at = NULL"
	    " WHERE tenant_id = $1");
	steps = steps_of(f, &n);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++)
		/* A second time is no second count. */
		for (int k = 0; k < 2; k++)
			assert_true(erasure_step_done(f->db, f->tenant.id,
			    &steps[i], "respondents", f->scratch, &err));
	assert_int_equal(end(f), 0);
	assert_string_equal(fixture_text(f, "SELECT (counts->>'respondents') ||"
	    " ' ' || (completed_at IS NULL) FROM npsync.erasure WHERE tenant_id"
	    " = $1"), "2 false");
	for (size_t i = 0; i < ARRAY_LEN(canaries); i++)
		assert_int_equal(scan(f, canaries[i], false), 0);
	assert_true(e.id > 0);
}

/* ---- export -------------------------------------------------------------------- */
struct exported {
	char text[20000];
	size_t len;
	const char *empty[16];
	size_t n_empty;
};

static bool
emit(void *arg, const char *section, const char *json, struct err *err)
{
	struct exported *x = arg;

	(void)err;
	if (json == NULL) {
		x->empty[x->n_empty++] = section;
		return true;
	}
	x->len += (size_t)snprintf(x->text + x->len, sizeof(x->text) - x->len,
	    "%s %s\n", section, json);
	assert_true(x->len < sizeof(x->text));
	return true;
}

static void
export(struct fixture *f, struct exported *x)
{
	struct err err = { 0 };
	struct subject s;

	*x = (struct exported){ .len = 0 };
	subject_init(&s);
	if (!subject_find(f->db, &f->tenant, &by_address, f->scratch, &s, &err) ||
	    !subject_export(f->db, &s, emit, x, f->scratch, &err))
		fail_msg("%s", err.msg);
	subject_free(&s);
}

static void
test_export(void **state)
{
	static const char *const parts[] = { "contacts {", NAME, "\"k2\"",
		"planned_activities {", "queue {", "\"history\": [{",
		"company_cap: Finch Birdseed", "sends {", "\"2026-05-01\"",
		"answers {", COMMENT, "tags {", "NPSToday.Meet.9", "effects {",
		"unreadable_records {", "audit {", "rang" };
	struct fixture *f = *state;
	static struct exported x;

	make_world(f);
	export(f, &x);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (strstr(x.text, parts[i]) == NULL)
			fail_msg("no %s in\n%s", parts[i], x.text);
	assert_null(strstr(x.text, "other"));
	assert_null(strstr(x.text, "tenant_id"));
	assert_null(strstr(x.text, "\\\\x"));	/* no hash */
	assert_int_equal(x.n_empty, 2);
	assert_string_equal(x.empty[0], "opt_outs");
	/* Erased: the date, and nothing that names the person. */
	(void)erase(f, &by_address, NULL);
	export(f, &x);
	assert_non_null(strstr(x.text, "opt_outs {"));
	assert_non_null(strstr(x.text, "erasures {"));
	for (size_t i = 0; i < ARRAY_LEN(canaries); i++)
		assert_null(strstr(x.text, canaries[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_table_forgets),
		cmocka_unit_test(test_second_time_nothing),
		cmocka_unit_test(test_needs_the_lease),
		cmocka_unit_test(test_shared_number_stays_free),
		cmocka_unit_test(test_who_shares_a_number),
		cmocka_unit_test(test_merged_card),
		cmocka_unit_test(test_mail_of_today_stays),
		cmocka_unit_test(test_pull_brings_nobody_back),
		cmocka_unit_test(test_fact_of_explain),
		cmocka_unit_test(test_answers_come_without_words),
		cmocka_unit_test(test_activities_leave_no_day),
		cmocka_unit_test(test_steps_until_complete),
		cmocka_unit_test(test_export),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
