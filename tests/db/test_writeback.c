/*
 * The tags of a night: which come first, and what of a CRM ends when its cards
 * may not be written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "simhttpd.h"
#include "stage_writeback.h"

/* ---- a CRM whose tags go by HTTP, one card a call --------------------------- */
static struct {
	struct arena *scratch;
	char order[64];		/* cards, by their letters */
	enum err_kind fails;	/* of put_tags */
} crm_side;
static struct crm crm;
static struct simhttpd *sim;

static void
note(const struct crm_tag_write *w)
{
	const size_t len = strlen(crm_side.order);

	(void)snprintf(crm_side.order + len, sizeof(crm_side.order) - len,
	    "%s%c ", w->contact_id, w->prefix[strlen(w->prefix) - 2]);
}

static bool
ask(void *self, const struct crm_tag_write *writes, size_t n, int step,
    const struct http_res *before, struct http_req *req, struct err *err)
{
	(void)self;
	(void)before;
	assert_int_equal(n, 1);
	if (step > 0)
		return err_set(err, ERR_DONE, "no more");
	note(writes);
	*req = (struct http_req){ .method = "PATCH", .body = "x",
		.body_len = 1, .url = arena_printf(crm_side.scratch, "%s/cards/%s",
		    simhttpd_url(sim), writes[0].contact_id) };
	return true;
}

static bool
result(void *self, const struct http_res *res, struct put_result *results,
    size_t n, struct err *err)
{
	(void)self;
	assert_int_equal(n, 1);
	if (res->status == 403) {
		(void)err_set(err, ERR_AUTH, "HTTP 403");
		err->code = 403;
		return false;
	}
	results[0].outcome = PUT_DONE;
	return true;
}

static bool
put(void *self, const struct crm_tag_write *writes, size_t n,
    struct put_result *results, struct err *err)
{
	(void)self;
	for (size_t i = 0; i < n; i++) {
		note(&writes[i]);
		results[i] = (struct put_result){ .outcome = PUT_DONE };
	}
	return crm_side.fails == ERR_NONE || err_set(err, crm_side.fails,
	    "crm: no");
}

static const struct crm_connector by_http = { .tags_max = 1,
	.tags_request = ask, .tags_result = result };
static const struct crm_connector by_call = { .put_tags = put };

static bool
never(void)
{
	return false;
}

static void
begin(struct fixture *f, const struct crm_connector *connector)
{
	struct http_settings set = http_defaults;
	struct err err = { 0 };

	fixture_tenant(f);
	set.rate_per_second = 0;
	crm = (struct crm){ .connector = connector };
	crm.link.name = "crm";
	crm.link.self = &crm_side;
	crm.link.scratch = arena_new((size_t)1 << 20);
	assert_non_null(crm.link.scratch);
	if (!http_open(&set, never, &crm.link.http, &err))
		fail_msg("%s", err.msg);
	crm_side.scratch = crm.link.scratch;
	crm_side.order[0] = '\0';
	crm_side.fails = ERR_NONE;
	f->stage.crm = &crm;
	f->stage.n_crm = 1;
}

static void
end(void)
{
	http_close(crm.link.http);
	arena_free(crm.link.scratch);
}

static void
writeback(struct fixture *f)
{
	struct err err = { 0 };

	if (!stage_writeback(&f->stage, &err))
		fail_msg("%s", err.msg);
}

/* A tag of campaign 1 or 2; tried_at, reason: as SQL has them. */
static void
want(struct fixture *f, const char *card, int campaign, const char *tried_at,
    const char *reason)
{
	fixture_exec(f, "INSERT INTO npsync.tag_want (tenant_id, connector,"
	    " contact_id, campaign_id, answer_id, answered_at, tag_prefix, tag,"
	    " state, tried_at, reason) VALUES ($1, 'crm', '%s', '%d', '%s%d',"
	    " now(), 'NPSToday.C%d.', 'NPSToday.C%d.9', 'wanted', %s, %s)", card,
	    campaign, card, campaign, campaign, campaign, tried_at, reason);
}

static const char *
states(struct fixture *f)
{
	return fixture_text(f, "SELECT string_agg(contact_id || ' ' || state,"
	    " ', ' ORDER BY contact_id) FROM npsync.tag_want"
	    " WHERE tenant_id = $1");
}

/* ---- no right to the cards --------------------------------------------------- */
/* Their tags wait, with one line, and nothing else of that CRM does. */
static void
test_denied_cards_end_the_tags_only(void **state_)
{
	static const struct sim_reply no[] = { { .status = 403, .repeat = 9 } };
	struct fixture *f = *state_;

	sim = simhttpd_start(no, ARRAY_LEN(no));
	assert_non_null(sim);
	begin(f, &by_http);
	for (const char *card = "abcde"; *card != '\0'; card++)
		want(f, (const char[]){ *card, '\0' }, 1, "NULL", "NULL");
	writeback(f);
	assert_false(crm.link.failed);
	assert_int_equal(crm.link.problem.kind, ERR_NONE);
	assert_int_equal(crm.link.aside.kind, ERR_AUTH);
	assert_non_null(strstr(crm.link.aside.msg, "crm: tags: the CRM denies "
	    "three cards one after the other"));
	assert_string_equal(states(f), "a wanted, b wanted, c wanted, d wanted, "
	    "e wanted");
	end();
	simhttpd_stop(sim);
}

/* What another stage went without first is what the report tells. */
static void
test_the_first_reason_stays(void **state_)
{
	static const struct sim_reply no[] = { { .status = 403, .repeat = 9 } };
	struct fixture *f = *state_;

	sim = simhttpd_start(no, ARRAY_LEN(no));
	assert_non_null(sim);
	begin(f, &by_http);
	(void)err_set(&crm.link.aside, ERR_CONFIG, "earlier");
	for (const char *card = "abc"; *card != '\0'; card++)
		want(f, (const char[]){ *card, '\0' }, 1, "NULL", "NULL");
	writeback(f);
	assert_false(crm.link.failed);
	assert_int_equal(crm.link.aside.kind, ERR_CONFIG);
	assert_string_equal(crm.link.aside.msg, "earlier");
	end();
	simhttpd_stop(sim);
}

/* Whatever else goes wrong is the CRM's, and its other stages do not go on. */
static void
test_a_failure_is_no_aside(void **state_)
{
	struct fixture *f = *state_;

	begin(f, &by_call);
	want(f, "a", 1, "NULL", "NULL");
	crm_side.fails = ERR_PROTOCOL;
	writeback(f);
	assert_true(crm.link.failed);
	assert_int_equal(crm.link.problem.kind, ERR_PROTOCOL);
	assert_int_equal(crm.link.aside.kind, ERR_NONE);
	assert_string_equal(states(f), "a wanted");
	end();
}

/* ---- the order ---------------------------------------------------------------- */
/* Cards of which an earlier run told something come last, so that three of them
 * do not keep a new one waiting night after night; a card's tags stay together,
 * and one that has a new tag too is a new one. */
static void
test_what_was_told_comes_last(void **state_)
{
	static const char long_ago[] = "timestamptz '2026-01-01'";
	struct fixture *f = *state_;

	begin(f, &by_call);
	want(f, "a", 1, long_ago, "'denied: HTTP 403'");
	want(f, "a", 2, long_ago, "'denied: HTTP 403'");
	want(f, "b", 1, long_ago, "'denied: HTTP 403'");
	want(f, "b", 2, "NULL", "NULL");
	want(f, "c", 1, long_ago, "'denied: HTTP 403'");
	want(f, "d", 1, "NULL", "NULL");
	want(f, "d", 2, long_ago, "NULL");
	writeback(f);
	assert_string_equal(crm_side.order, "b1 b2 d1 d2 a1 a2 c1 ");
	assert_string_equal(states(f), "a done, a done, b done, b done, c done, "
	    "d done, d done");
	assert_false(crm.link.failed);
	end();
}

/* Three that were denied before are not three one after the other. */
static void
test_a_new_card_is_written_beside_those_denied(void **state_)
{
	static const char long_ago[] = "timestamptz '2026-01-01'";
	static const struct sim_reply script[] = {
		{ .target = "/cards/z", .status = 204 },
		{ .target = "/cards/", .status = 403, .repeat = 2 } };
	struct fixture *f = *state_;

	sim = simhttpd_start(script, ARRAY_LEN(script));
	assert_non_null(sim);
	begin(f, &by_http);
	for (const char *card = "abc"; *card != '\0'; card++)
		want(f, (const char[]){ *card, '\0' }, 1, long_ago,
		    "'denied: HTTP 403'");
	want(f, "z", 1, "NULL", "NULL");
	writeback(f);
	assert_int_equal(crm.link.aside.kind, ERR_NONE);
	assert_false(crm.link.failed);
	assert_string_equal(states(f), "a wanted, b wanted, c wanted, z done");
	assert_string_equal(crm_side.order, "z1 a1 b1 c1 ");
	end();
	simhttpd_stop(sim);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_denied_cards_end_the_tags_only),
		cmocka_unit_test(test_the_first_reason_stays),
		cmocka_unit_test(test_a_failure_is_no_aside),
		cmocka_unit_test(test_what_was_told_comes_last),
		cmocka_unit_test(test_a_new_card_is_written_beside_those_denied),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
