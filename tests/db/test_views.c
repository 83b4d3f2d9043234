/*
 * The views for reporting tools: figures rounded once, from counts, never over
 * campaigns, without tries; and the role that sees those of one tenant alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "schema_role.h"
#include "tenant.h"

/* n answers of a score to a campaign; set as in fixture_row, NULL = no row. */
static void
answers(struct fixture *f, const char *campaign, int n, int score,
    const char *set)
{
	for (int i = 0; i < n; i++) {
		const long long row = set == NULL ? 0
		    : fixture_row(f, T_MEET, "anna", set);
		fixture_exec(f, "INSERT INTO npsync.answer (tenant_id, answer_id,"
		    " campaign_id, score, comment, answered_at, matched, queue_id,"
		    " connector, contact_id, first_seen_at) SELECT $1::bigint,"
		    " (count(*) + 1)::text, '%s', %d, 'a word',"
		    " '2026-04-30 22:30+00', 'card', nullif(%lld, 0), 'crm',"
		    " 'anna', '2026-05-01' FROM npsync.answer WHERE tenant_id = $1",
		    campaign, score, row);
	}
}

static void
begin(struct fixture *f)
{
	fixture_tenant(f);
	fixture_card(f, "anna", "owner_name = 'Ole', department = 'Nord'");
}

static const char *
figures(struct fixture *f, const char *view, const char *where)
{
	return fixture_text(f, "SELECT string_agg(concat_ws(' ', campaign_id,"
	    " promoters, passives, detractors, n, nps), '; ' ORDER BY"
	    " campaign_id) FROM npsync.v_nps_by_%s WHERE tenant_id = $1 AND %s",
	    view, where);
}

/* Vectors R6 and R7, by what a view makes of N5, N6, N16 and N17. */
static void
test_rounding(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_string_equal(fixture_text(f, "SELECT concat_ws(' ',"
	    " round(12.5::numeric), round(-12.5::numeric),"
	    " round(12.5::float8), round(-12.5::float8))"
	    " WHERE $1::bigint IS NOT NULL"), "13 -13 12 -12");
	answers(f, "5", 2, 9, NULL);
	answers(f, "5", 3, 8, NULL);
	answers(f, "5", 3, 6, NULL);
	answers(f, "6", 3, 10, NULL);
	answers(f, "6", 3, 7, NULL);
	answers(f, "6", 2, 0, NULL);
	answers(f, "7", 1, 9, NULL);
	answers(f, "7", 199, 8, NULL);
	answers(f, "8", 1, 6, NULL);
	answers(f, "8", 199, 7, NULL);
	assert_string_equal(figures(f, "campaign", "true"), "5 2 3 3 8 -13; "
	    "6 3 3 2 8 13; 7 1 199 0 200 1; 8 0 199 1 200 -1");
	/* Midnight of the tenant's zone ends a month. */
	assert_string_equal(figures(f, "month", "month = '2026-05' AND"
	    " campaign_id = '5'"), "5 2 3 3 8 -13");
}

static void
test_what_counts(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };

	begin(f);
	answers(f, "5", 1, 9, "employee_id = 'E1', owner = 'Per'");
	answers(f, "5", 1, 0, "test = true, owner = 'Per'");
	answers(f, "6", 1, 10, NULL);
	fixture_exec(f, "INSERT INTO npsync.answer (tenant_id, answer_id,"
	    " campaign_id, score, matched, first_seen_at) VALUES"
	    " ($1, 'none', '5', NULL, 'none', now()),"
	    " ($1, 'gone', '5', 0, 'erased', now()),"
	    " ($1, 'anon', '5', 0, 'anonymised', now())");
	/* Who was erased or anonymised has answered, and is nobody's. */
	assert_string_equal(figures(f, "campaign", "true"),
	    "5 1 0 2 3 -33; 6 1 0 0 1 100");
	assert_string_equal(figures(f, "trigger", "trigger = 'meet'"),
	    "5 1 0 0 1 100");
	/* The facts of the transfer, else of the card. */
	assert_string_equal(figures(f, "owner", "owner = 'Per'"),
	    "5 1 0 0 1 100");
	assert_string_equal(figures(f, "owner", "owner = 'Ole'"),
	    "6 1 0 0 1 100");
	assert_string_equal(figures(f, "department", "department = 'Nord'"),
	    "6 1 0 0 1 100");
	assert_string_equal(figures(f, "employee", "employee = 'crm:E1'"),
	    "5 1 0 0 1 100");
	assert_string_equal(figures(f, "company", "company = 'Kunde A/S'"),
	    "6 1 0 0 1 100");
	assert_string_equal(figures(f, "segment", "segment IS NULL"),
	    "5 1 0 2 3 -33; 6 1 0 0 1 100");
	assert_string_equal(figures(f, "country", "country = 'DK'"),
	    "6 1 0 0 1 100");
	/* In another zone it was still April. */
	assert_string_equal(figures(f, "month", "month = '2026-04'"), "");
	assert_true(tenant_note_zone(f->db, &f->tenant, "Atlantic/Reykjavik",
	    f->scratch, &err));
	assert_string_equal(figures(f, "month", "month = '2026-04'"),
	    "5 1 0 0 1 100; 6 1 0 0 1 100");
	/* Nobody finds an anonymised one by row or card. */
	fixture_exec(f, "UPDATE npsync.answer SET matched = 'anonymised'"
	    " WHERE tenant_id = $1 AND (queue_id, contact_id) IS NOT NULL");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.v_answers"
	    " WHERE tenant_id = $1 AND matched = 'anonymised'"
	    " AND (contact_id IS NOT NULL OR queue_id IS NOT NULL)"), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.v_answers"
	    " WHERE tenant_id = $1 AND test"), 1);
}

/* Companies may share a name, and change it. */
static void
test_companies(void **state)
{
	struct fixture *f = *state;

	begin(f);
	answers(f, "5", 1, 9, "company_id = 'C1', company = 'Nord A/S'");
	answers(f, "5", 1, 0, "company_id = 'C2', company = 'Nord A/S'");
	answers(f, "5", 1, 7, "company_id = 'C1', company = 'Syd A/S'");
	answers(f, "5", 1, 8, "company = 'Uden id'");
	answers(f, "5", 1, 6, "company = 'Heller ikke'");
	assert_string_equal(figures(f, "company", "company_id = 'crm:C1'"),
	    "5 1 1 0 2 50");
	assert_string_equal(figures(f, "company", "company_id = 'crm:C2'"),
	    "5 0 0 1 1 -100");
	assert_string_equal(figures(f, "company", "company = 'Uden id'"),
	    "5 0 1 0 1 0");
}

/* ---- the role ------------------------------------------------------------- */
static bool
make_role(struct fixture *f, const char *name, bool personal, struct err *err)
{
	const struct schema_role role = { .name = name,
		.tenant_id = f->tenant.id, .personal = personal };
	AUTO(buf) struct buf sql;

	buf_init(&sql, 1 << 18);
	return schema_role_sql(&role, &sql, err) && db_begin(f->db, 5000, err) &&
	    (db_script(f->db, buf_text(&sql), err)
	        ? db_commit(f->db, err) : (db_rollback(f->db), false));
}

static void
as(struct fixture *f, const char *sql)
{
	struct err err = { 0 };

	if (!db_script(f->db, sql, &err))
		fail_msg("%s", err.msg);
}

static void
test_role(void **state)
{
	static const char *const views[] = { "v_log", "v_answers", "v_run",
		"v_nps_by_campaign", "v_nps_by_month", "v_nps_by_trigger",
		"v_nps_by_employee", "v_nps_by_owner", "v_nps_by_department",
		"v_nps_by_company", "v_nps_by_segment", "v_nps_by_country" };
	struct fixture *f = *state;
	struct err err = { 0 };

	begin(f);
	answers(f, "theirs", 3, 9, "state = 'sent'");
	begin(f);
	answers(f, "ours", 2, 9, "state = 'sent'");
	fixture_exec(f, "UPDATE npsync.queue SET state = 'excluded',"
	    " reason = 'by kim: Anna Berg is ill' WHERE tenant_id = $1");
	/* Twice: what is there is brought up to date. */
	assert_true(make_role(f, "views_one", true, &err));
	assert_true(make_role(f, "views_one", false, &err));
	as(f, "SET ROLE views_one");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM views_one.v_log"
	    " WHERE $1::bigint IS NOT NULL"), 2);
	assert_string_equal(fixture_text(f, "SELECT string_agg(campaign_id, ',')"
	    " FROM views_one.v_nps_by_campaign WHERE $1::bigint > 0"), "ours");
	assert_string_equal(fixture_text(f, "SELECT string_agg(DISTINCT reason,"
	    " ',') FROM views_one.v_log WHERE $1::bigint > 0"), "excluded");
	for (size_t i = 0; i < ARRAY_LEN(views); i++) {
		(void)fixture_int(f, "SELECT count(*) FROM views_one.%s"
		    " WHERE $1::bigint > 0", views[i]);
		assert_string_equal(fixture_fails(f, "SELECT 1 FROM npsync.%s"
		    " WHERE tenant_id = $1", views[i]), "42501");
		(void)fixture_fails(f, "DELETE FROM views_one.%s"
		    " WHERE $1::bigint > 0", views[i]);
	}
	assert_string_equal(fixture_fails(f, "SELECT 1 FROM npsync.contact"
	    " WHERE tenant_id = $1"), "42501");
	/* Who they are, only where that was asked for. */
	assert_string_equal(fixture_fails(f, "SELECT comment FROM"
	    " views_one.v_answers WHERE $1::bigint > 0"), "42703");
	assert_string_equal(fixture_fails(f, "SELECT recipient FROM"
	    " views_one.v_log WHERE $1::bigint > 0"), "42703");
	as(f, "RESET ROLE");
	assert_true(make_role(f, "views_one", true, &err));
	as(f, "SET ROLE views_one");
	assert_string_equal(fixture_text(f, "SELECT string_agg(comment, ',')"
	    " FROM views_one.v_answers WHERE $1::bigint > 0"), "a word,a word");
	as(f, "RESET ROLE");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
	    " pg_catalog.pg_views v JOIN pg_catalog.pg_class c ON c.relname ="
	    " v.viewname AND c.relnamespace = 'views_one'::regnamespace"
	    " WHERE v.schemaname = 'views_one' AND $1::bigint > 0 AND"
	    " 'security_barrier=true' = ANY (c.reloptions)"),
	    (long long)ARRAY_LEN(views));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM pg_catalog.pg_roles"
	    " WHERE rolname = 'views_one' AND NOT rolcanlogin AND NOT rolsuper"
	    " AND $1::bigint > 0"), 1);
}

static void
test_role_refused(void **state)
{
	static const char *const bad[] = { "", "Upper", "a-b", "1a", "a\"b",
		"pg_read", "npsync", "public", "none", "a;drop",
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789_x" };
	struct fixture *f = *state;
	struct err err = { 0 };

	begin(f);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(schema_role_valid(bad[i]));
	assert_true(schema_role_valid("power_bi2"));
	as(f, "CREATE ROLE views_mighty SUPERUSER NOLOGIN");
	assert_false(make_role(f, "views_mighty", false, &err));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM"
	    " pg_catalog.pg_namespace WHERE nspname = 'views_mighty' AND"
	    " $1::bigint > 0"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_what_counts),
		cmocka_unit_test(test_companies),
		cmocka_unit_test(test_role),
		cmocka_unit_test(test_role_refused),
	};

	return cmocka_run_group_tests_name("views", tests, fixture_start,
	    fixture_stop);
}
