/*
 * Listings of the NPS.Today driver over a scripted server: answers, sends,
 * opt-outs, campaigns; paging in all its kinds, watermark, resume, bad answers.
 * Numbers P1..P22 are the pitfalls of the contract.  P8, P9 and P19 end in the
 * core's tables; here stands what the driver hands up.
 */
#include "npstoday/rig.h"

#include "simhttpd.h"

#define TWO(a, b) "[{\"id\":" #a ",\"rating\":9,\"ratingTime\":" \
	"\"2026-11-20T09:00:00.0000000+00:00\"},{\"id\":" #b \
	",\"rating\":3,\"ratingTime\":\"2026-11-21T09:00:00Z\"}]"
#define ONE(a) "[{\"id\":" #a ",\"rating\":10,\"ratingTime\":" \
	"\"2026-11-22T09:34:56.7821525+00:00\"}]"
#define FIRST_SINCE "modifiedAfter=2022-09-01T00%3A00%3A00Z"
#define NO_PAGES "responses = { paging = { kind = \"none\"; }; };"

struct seen {
	char ids[256], log[1024], resume[256], watermark[64];
	int n, pages, stop_after, stop_page;
	size_t comments;	/* bytes of all */
	struct survey_answer last;
	struct arena *scratch;	/* emptied as the core does */
};

static bool
seen_answer(void *arg, const struct survey_answer *a)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->ids);

	snprintf(seen->ids + len, sizeof(seen->ids) - len, "%s%s=%d",
	    len == 0 ? "" : " ", a->answer_id, a->score);
	seen->comments += a->comment == NULL ? 0 : strlen(a->comment);
	seen->last = *a;
	if (seen->scratch != NULL)
		arena_reset(seen->scratch);
	return ++seen->n != seen->stop_after;
}

static bool
seen_checkpoint(void *arg, const char *resume, const char *watermark)
{
	struct seen *seen = arg;

	assert_true((resume == NULL) != (watermark == NULL));
	snprintf(seen->resume, sizeof(seen->resume), "%s",
	    resume == NULL ? "" : resume);
	snprintf(seen->watermark, sizeof(seen->watermark), "%s",
	    watermark == NULL ? "" : watermark);
	return ++seen->pages != seen->stop_page;
}

static bool
answers(struct rig *rig, const struct pull *pull, struct seen *seen)
{
	seen->scratch = rig->scratch;
	return npstoday_survey.pull_answers(rig->self, pull, seen_answer,
	    seen_checkpoint, seen, &rig->err);
}

/* One whole pull: what came up, where it ends, which requests were made. */
struct pull_case {
	const char *name, *conf;
	struct sim_reply script[4];
	size_t n_replies;
	const char *ids, *watermark;
	int pages, quarantined;
};

static const struct pull_case pulls[] = {
	{ "empty first pull", "",
	    { { .want = FIRST_SINCE "&page=1&pageSize=500", .body = "[]" } },
	    1, "", "2022-09-01T00:00:00Z", 1, 0 },
	{ "two pages and a short one", "",
	    { { .want = "page=1", .body = TWO(1, 2) },
		{ .want = "page=2", .body = TWO(3, 4) },
		{ .want = "page=3", .body = ONE(5) } },
	    3, "1=9 2=3 3=9 4=3 5=10", "2026-11-22T09:34:56.7821525+00:00",
	    3, 0 },
	/* P15: the server caps below our size; a short first page is no end. */
	{ "capped", "",
	    { { .want = "page=1", .body = ONE(1) },
		{ .want = "page=2", .body = ONE(2) },
		{ .want = "page=3", .body = "[]" } },
	    3, "1=10 2=10", "2026-11-22T09:34:56.7821525+00:00", 3, 0 },
	/* P14: the parameter is ignored. */
	{ "ignored", "",
	    { { .want = "page=1", .body = TWO(1, 2) },
		{ .want = "page=2", .body = TWO(1, 2) } },
	    2, "1=9 2=3", "2026-11-21T09:00:00Z", 2, 1 },
	{ "none", NO_PAGES,
	    { { .want = "/v2/bi/responses?" FIRST_SINCE " HTTP",
		.body = TWO(1, 2) } },
	    1, "1=9 2=3", "2026-11-21T09:00:00Z", 1, 0 },
	{ "offset", "responses = { paging = { kind = \"offset\"; "
		    "size_param = \"limit\"; size = 2; }; };",
	    { { .want = "offset=0&limit=2", .body = TWO(1, 2) },
		{ .want = "offset=2&limit=2", .body = ONE(3) } },
	    2, "1=9 2=3 3=10", "2026-11-22T09:34:56.7821525+00:00", 2, 0 },
	{ "next link found by auto, relative", "",
	    { { .want = "page=1", .body = "{\"data\":" TWO(1, 2)
		",\"nextLink\":\"/v2/bi/responses?token=a%2Fb\"}" },
		{ .want = "/v2/bi/responses?token=a%2Fb HTTP",
		    .body = "{\"Data\":" ONE(3) ",\"nextLink\":null}" } },
	    2, "1=9 2=3 3=10", "2026-11-22T09:34:56.7821525+00:00", 2, 0 },
	{ "link header found by auto", "",
	    { { .headers = "Link: </x>; rel=\"prev\", "
		"</v2/bi/responses?p=2>; rel=\"next\"\r\n",
		.body = TWO(1, 2) },
		{ .want = "/v2/bi/responses?p=2 HTTP",
		    .headers = "Link: </x>; rel=\"prev\"\r\n",
		    .body = ONE(3) } },
	    2, "1=9 2=3 3=10", "2026-11-22T09:34:56.7821525+00:00", 2, 0 },
	{ "cursor", "responses = { paging = { kind = \"cursor\"; }; };",
	    { { .want = "pageSize=500 HTTP", .body = "{\"items\":" TWO(1, 2)
		",\"nextCursor\":\"a b\"}" },
		{ .want = "pageSize=500&cursor=a%20b HTTP",
		    .body = "{\"items\":[],\"nextCursor\":\"\"}" } },
	    2, "1=9 2=3", "2026-11-21T09:00:00Z", 2, 0 },
	{ "whole feed, other path", "responses = { since_param = \"\"; "
	    "path = \"/campaigns/responses\"; paging = { size_param = \"\"; "
	    "}; };",
	    { { .want = "GET /campaigns/responses?page=1 HTTP",
		.body = "[]" } },
	    1, "", "2022-09-01T00:00:00Z", 1, 0 },
	{ "a bad row does not stop the others", NO_PAGES,
	    { { .body = "[{\"id\":1,\"rating\":2,\"ratingTime\":\"soon\"},"
		"{\"rating\":4},5,{\"id\":2,\"rating\":4}]" } },
	    1, "2=4", "2022-09-01T00:00:00Z", 1, 3 },
	{ "a time ahead of us moves no watermark", NO_PAGES,
	    { { .body = "[{\"id\":1,\"rating\":2,\"ratingTime\":"
		"\"2031-01-01T00:00:00Z\"},{\"id\":2,\"rating\":4,"
		"\"ratingTime\":\"2026-11-20T00:00:00Z\"}]" } },
	    1, "1=2 2=4", "2026-11-20T00:00:00Z", 1, 0 },
	{ "foreign answers ignored", "responses = { foreign = \"ignore\"; "
	    "paging = { kind = \"none\"; }; };",
	    { { .body = "[{\"id\":1,\"rating\":2},{\"id\":2,\"rating\":4,"
		"\"respondent\":{\"externalId\":\"crm:1\"}},{\"id\":3,"
		"\"rating\":5,\"custom\":{\"npsync_ref\":\"r\"}}]" } },
	    1, "2=4 3=5", "2022-09-01T00:00:00Z", 1, 0 },
};

static void
pull_run(const struct pull_case *c)
{
	struct simhttpd *sim = simhttpd_start(c->script, c->n_replies);
	struct seen seen = { .n = 0 };
	struct rig rig;

	assert_non_null(sim);
	rig_open_http(&rig, simhttpd_url(sim), c->conf);
	const struct pull pull = { .from = 0, .until = rig.now };
	if (!answers(&rig, &pull, &seen))
		fail_msg("%s: %s", c->name, rig.err.msg);
	if (simhttpd_problem(sim, true) != NULL)
		fail_msg("%s: %s", c->name, simhttpd_problem(sim, true));
	if (strcmp(seen.ids, c->ids) != 0 || seen.pages != c->pages ||
	    strcmp(seen.watermark, c->watermark) != 0 ||
	    rig.quarantined != c->quarantined)
		fail_msg("%s: [%s] %s pages=%d quarantined=%d", c->name,
		    seen.ids, seen.watermark, seen.pages, rig.quarantined);
	for (size_t i = 0; i < simhttpd_requests(sim); i++) {
		assert_non_null(strstr(simhttpd_request(sim, i),
		    "\r\nAuthorization: apikey " RIG_KEY "\r\n"));
		assert_memory_equal(simhttpd_request(sim, i), "GET ", 4);
	}
	rig_close(&rig);
	simhttpd_stop(sim);
}

static void
test_pulls(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pulls); i++)
		pull_run(&pulls[i]);
}

/* One comment that is too long, or cut in the middle of a character: its page
 * is read, its score counts, and somebody is told of the first. */
static void
test_odd_comments(void **state)
{
	static char body[90000], comment[70001];
	const struct sim_reply script[] = { { .body = body } };
	struct seen seen = { .n = 0 };
	struct rig rig;

	(void)state;
	memset(comment, 'a', sizeof(comment) - 1);
	snprintf(body, sizeof(body), "[{\"id\":1,\"rating\":9},{\"id\":2,"
	    "\"rating\":4,\"userComment\":\"%s\"},{\"id\":3,\"rating\":5,"
	    "\"userComment\":\"x\\ud83d\"}]", comment);
	struct simhttpd *sim = simhttpd_start(script, 1);
	rig_open_http(&rig, simhttpd_url(sim), NO_PAGES);
	const struct pull pull = { .from = 0, .until = rig.now };
	assert_true(answers(&rig, &pull, &seen));
	assert_string_equal(seen.ids, "1=9 2=4 3=5");
	assert_int_equal(seen.comments, 65536 + strlen("x\xef\xbf\xbd"));
	assert_int_equal(rig.quarantined, 1);
	assert_null(simhttpd_problem(sim, true));
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* ---- watermark and resume -------------------------------------------- */

static void
test_watermark(void **state)
{
	static const char mark[] = "2026-11-22T09:34:56.7821525+00:00";
	static const struct sim_reply script[] = {
		{ .want = "modifiedAfter=2026-11-20T09%3A34%3A56Z",
		    .body = TWO(1, 2) },
		{ .want = "modifiedAfter=1795420800 HTTP", .body = "[]" },
	};
	struct simhttpd *sim = simhttpd_start(script, 2);
	const struct pull pull = { .watermark = mark, .until = NO_TIME };
	struct seen seen = { .n = 0 };
	struct rig rig;

	(void)state;
	/* 48 hours earlier; older rows leave it as it is, to the letter. */
	rig_open_http(&rig, simhttpd_url(sim), NO_PAGES);
	assert_true(answers(&rig, &pull, &seen));
	assert_string_equal(seen.watermark, mark);
	rig_close(&rig);
	/* 2026-11-23 09:00 in Copenhagen is 08:00 UTC. */
	rig_open_http(&rig, simhttpd_url(sim), "responses = { paging = { "
	    "kind = \"none\"; }; since_format = \"unix\"; overlap_h = 0; "
	    "zone = \"Europe/Copenhagen\"; };");
	const struct pull local = { .watermark = "2026-11-23T09:00:00",
		.until = NO_TIME };
	assert_true(answers(&rig, &local, &seen));
	assert_null(simhttpd_problem(sim, true));
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* Broken after the first page: the watermark stays, the rest follows. */
static void
test_resume(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "page=1", .body = TWO(1, 2) },
		{ .want = "page=2", .status = 503 },
		{ .want = FIRST_SINCE "&page=2", .body = ONE(3) },
	};
	struct simhttpd *sim = simhttpd_start(script, 3);
	struct pull pull = { .until = NO_TIME };
	struct seen seen = { .n = 0 };
	char resume[256];
	struct rig rig;

	(void)state;
	rig_open_http(&rig, simhttpd_url(sim), "");
	assert_false(answers(&rig, &pull, &seen));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	assert_string_equal(seen.watermark, "");
	assert_string_equal(seen.ids, "1=9 2=3");
	snprintf(resume, sizeof(resume), "%s", seen.resume);
	pull.resume = resume;
	assert_true(answers(&rig, &pull, &seen));
	assert_string_equal(seen.ids, "1=9 2=3 3=10");
	assert_string_equal(seen.watermark,
	    "2026-11-22T09:34:56.7821525+00:00");
	assert_null(simhttpd_problem(sim, true));
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* The watermark of the broken part counts although its rows come no more. */
static void
test_resume_keeps_mark(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "page=1", .body = ONE(1) },
		{ .want = "page=2", .body = "[]" },
	};
	struct simhttpd *sim = simhttpd_start(script, 2);
	struct pull pull = { .until = NO_TIME };
	struct seen seen = { .stop_page = 1 };
	char resume[256];
	struct rig rig;

	(void)state;
	rig_open_http(&rig, simhttpd_url(sim), "");
	assert_false(answers(&rig, &pull, &seen));
	assert_int_equal(rig.err.kind, ERR_CANCELLED);
	snprintf(resume, sizeof(resume), "%s", seen.resume);
	pull.resume = resume;
	assert_true(answers(&rig, &pull, &seen));
	assert_string_equal(seen.watermark,
	    "2026-11-22T09:34:56.7821525+00:00");
	rig_close(&rig);
	simhttpd_stop(sim);
}

#define BASE_URL "http://127.0.0.1:1"
#define PAGES "responses = { paging = { kind = \"page\"; }; };"

/* The listing a place belongs to, as the driver writes it in front. */
static void
listing(char out[17], const char *url, const char *conf)
{
	struct paging p;
	struct rig rig;
	char first[200];

	rig_settings(&rig, url, conf);
	snprintf(first, sizeof(first), "%s/v2/bi/responses?%s", url,
	    FIRST_SINCE);
	paging_init(&p, &rig.set.responses.paging, url, first);
	snprintf(out, 17, "%s", paging_save(&p, NULL, rig.arena));
	paging_free(&p);
	arena_free(rig.scratch);
	arena_free(rig.arena);
}

/* A place that is none: from the beginning, never a stop for good. */
static void
test_resume_unknown(void **state)
{
	/* Without the number of the listing in front, from the fourth on. */
	static const char *const texts[] = { "", "x", "2|7|2||", "2|7",
		"9|7|2||", "2|7|2|mark", "3|7|2||", "2|-1|0||",
		"4|0|2||https://elsewhere.example/v2/x", "2|7|2||" };
	static const struct sim_reply script[] = {
		{ .want = FIRST_SINCE "&page=1", .body = "[]" } };
	char own[17], text[200];
	struct rig rig;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct simhttpd *sim = simhttpd_start(script, 1);
		const char *conf = i == 8 ? "" : PAGES;
		struct pull pull = { .until = NO_TIME, .resume = text };
		struct seen seen = { .n = 0 };

		/* The last one is a good place, in another listing. */
		listing(own, i == 9 ? BASE_URL : simhttpd_url(sim), conf);
		snprintf(text, sizeof(text), "%s%s%s", i < 3 ? "" : own,
		    i < 3 ? "" : "|", texts[i]);
		rig_open_http(&rig, simhttpd_url(sim), conf);
		if (!answers(&rig, &pull, &seen))
			fail_msg("%s: %s", text, rig.err.msg);
		assert_null(simhttpd_problem(sim, true));
		rig_close(&rig);
		simhttpd_stop(sim);
	}
}

/* A page was too large, and the administrator asks for smaller ones: page 2 of
 * those is another page 2, and shorter than the longest so far. */
static void
test_resume_other_size(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "page=1&pageSize=2", .body = TWO(1, 2) },
		{ .want = "page=2&pageSize=2", .body = "{" },
		{ .want = "page=1&pageSize=1", .body = ONE(1) },
		{ .want = "page=2&pageSize=1", .body = ONE(2) },
		{ .want = "page=3&pageSize=1", .body = ONE(3) },
		{ .want = "page=4&pageSize=1", .body = "[]" },
	};
	struct simhttpd *sim = simhttpd_start(script, 6);
	struct pull pull = { .until = NO_TIME };
	struct seen seen = { .n = 0 };
	char resume[256];
	struct rig rig;

	(void)state;
	rig_open_http(&rig, simhttpd_url(sim),
	    "responses = { paging = { size = 2; }; };");
	assert_false(answers(&rig, &pull, &seen));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	rig_close(&rig);
	snprintf(resume, sizeof(resume), "%s", seen.resume);
	pull.resume = resume;
	rig_open_http(&rig, simhttpd_url(sim),
	    "responses = { paging = { size = 1; }; };");
	assert_true(answers(&rig, &pull, &seen));
	assert_string_equal(seen.ids, "1=9 2=3 1=10 2=10 3=10");
	assert_null(simhttpd_problem(sim, true));
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* The link of a broken pull has died: once from the beginning, not for ever to
 * the dead link. */
static void
test_resume_expired(void **state)
{
	static const struct { long status; const char *body; } dead[] = {
		{ 404, "" }, { 410, "" }, { 400, "{}" }, { 200, "<html>" } };
	char resume[256];
	struct rig rig;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(dead); i++) {
		const struct sim_reply script[] = {
			{ .want = "page=1", .body = "{\"data\":" TWO(1, 2)
			    ",\"nextLink\":\"/v2/bi/responses?token=a\"}" },
			{ .want = "token=a", .status = 503 },
			{ .want = "token=a", .status = (int)dead[i].status,
			    .body = dead[i].body },
			{ .want = "page=1", .body = ONE(3) },
			{ .want = "page=2", .body = "[]" },
		};
		struct simhttpd *sim = simhttpd_start(script, 5);
		struct pull pull = { .until = NO_TIME };
		struct seen seen = { .n = 0 };

		rig_open_http(&rig, simhttpd_url(sim), "");
		assert_false(answers(&rig, &pull, &seen));
		snprintf(resume, sizeof(resume), "%s", seen.resume);
		pull.resume = resume;
		if (!answers(&rig, &pull, &seen))
			fail_msg("%ld: %s", dead[i].status, rig.err.msg);
		assert_string_equal(seen.ids, "1=9 2=3 3=10");
		assert_null(simhttpd_problem(sim, true));
		rig_close(&rig);
		simhttpd_stop(sim);
	}
}

static bool
always(void)
{
	return true;
}

static void
test_stops(void **state)
{
	static const struct sim_reply script[] = { { .body = TWO(1, 2) } };
	struct simhttpd *sim = simhttpd_start(script, 1);
	const struct pull pull = { .until = NO_TIME };
	struct seen seen = { .stop_after = 1 };
	struct rig rig;

	(void)state;
	rig_open_http(&rig, simhttpd_url(sim), "");
	assert_false(answers(&rig, &pull, &seen));
	assert_int_equal(rig.err.kind, ERR_CANCELLED);
	assert_string_equal(seen.ids, "1=9");
	assert_int_equal(seen.pages, 0);
	rig_close(&rig);
	rig_settings(&rig, simhttpd_url(sim), "");
	rig.env.cancelled = always;
	assert_true(npstoday_survey.open(&rig.env, &rig.self, &rig.err));
	assert_false(answers(&rig, &pull, &seen));
	assert_int_equal(rig.err.kind, ERR_CANCELLED);
	assert_int_equal(simhttpd_requests(sim), 1);
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* ---- answers that are none ------------------------------------------- */

static void
test_bad_answers(void **state)
{
	static const struct {
		const char *conf;
		struct sim_reply reply[2];
		enum err_kind kind;
		const char *words;
	} cases[] = {
		{ "", { { .headers = "Content-Type: text/html\r\n",
		    .body = "<html>log in, john@example.com</html>" } },
		    ERR_PROTOCOL, "/v2/bi/responses" },
		{ "", { { .body = "{\"error\":\"no\"}" } }, ERR_PROTOCOL,
		    "expected an array" },
		{ "", { { .body = "[{\"id\":1}" } }, ERR_PROTOCOL, "JSON" },
		{ "", { { .status = 401 } }, ERR_AUTH, "401" },
		{ "", { { .status = 403 } }, ERR_AUTH, "403" },
		{ "", { { .status = 404 } }, ERR_GONE, "404" },
		{ "", { { .status = 302, .headers =
		    "Location: http://127.0.0.1:1/\r\n" } }, ERR_CONFIG,
		    "302" },
		{ "", { { .status = 500 } }, ERR_RETRY, "500" },
		{ "", { { .body = TWO(1, 2), .cut = 120, .mode = SIM_CUT } },
		    ERR_RETRY, "" },
		{ "", { { .body = "{\"data\":[{\"id\":1}],\"next\":"
		    "\"https://evil.example/v2/bi/responses\"}" } },
		    ERR_PROTOCOL, "refused" },
		{ "responses = { paging = { max_pages = 2; }; };",
		    { { .body = ONE(1) }, { .body = ONE(2) } },
		    ERR_PROTOCOL, "max_pages" },
		{ "responses = { paging = { kind = \"cursor\"; }; };",
		    { { .body = "{\"data\":[],\"cursor\":\"a\"}" },
			{ .body = "{\"data\":[],\"cursor\":\"a\"}" } },
		    ERR_PROTOCOL, "cursor" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = cases[i].reply[1].body == NULL ? 1 : 2;
		struct simhttpd *sim = simhttpd_start(cases[i].reply, n);
		const struct pull pull = { .until = NO_TIME };
		struct seen seen = { .n = 0 };
		struct rig rig;

		rig_open_http(&rig, simhttpd_url(sim), cases[i].conf);
		assert_false(answers(&rig, &pull, &seen));
		if (rig.err.kind != cases[i].kind ||
		    strstr(rig.err.msg, cases[i].words) == NULL)
			fail_msg("%zu: %s: %s", i,
			    err_kind_name(rig.err.kind), rig.err.msg);
		assert_null(strchr(rig.err.msg, '@'));
		assert_null(strstr(rig.err.msg, RIG_KEY));
		assert_string_equal(seen.watermark, "");
		assert_int_equal(simhttpd_requests(sim), n);
		rig_close(&rig);
		simhttpd_stop(sim);
	}
}

/* P8, P9: a comment that comes later, a rating changed: one id, later change,
 * the same time of the answer where only the comment is new. */
static void
test_answer_grows(void **state)
{
#define RATED "\"id\":1,\"rating\":6,\"ratingTime\":\"2026-11-20T09:00:00Z\""
	static const struct sim_reply script[] = {
		{ .body = "[{" RATED ",\"userComment\":null}]" },
		{ .body = "[{" RATED ",\"userComment\":\"ok\","
		    "\"commentTime\":\"2026-11-21T10:00:00Z\"}]" },
	};
	struct simhttpd *sim = simhttpd_start(script, 2);
	const struct pull pull = { .until = NO_TIME };
	struct seen seen = { .n = 0 };
	struct rig rig;

	(void)state;
	rig_open_http(&rig, simhttpd_url(sim), NO_PAGES);
	assert_true(answers(&rig, &pull, &seen));
	assert_null(seen.last.comment);
	assert_int_equal(seen.last.answered_at,
	    rig_time("2026-11-20T09:00:00Z"));
	assert_int_equal(seen.last.changed_at, seen.last.answered_at);
	assert_true(answers(&rig, &pull, &seen));
	assert_int_equal(seen.last.answered_at,
	    rig_time("2026-11-20T09:00:00Z"));
	assert_int_equal(seen.last.changed_at,
	    rig_time("2026-11-21T10:00:00Z"));
	assert_string_equal(seen.watermark, "2026-11-21T10:00:00Z");
	assert_string_equal(seen.ids, "1=6 1=6");
	rig_close(&rig);
	simhttpd_stop(sim);
#undef RATED
}

/* ---- campaigns and check --------------------------------------------- */

static bool
seen_campaign(void *arg, const char *id, const char *name)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->log);

	snprintf(seen->log + len, sizeof(seen->log) - len, "%s:%s;", id,
	    name == NULL ? "-" : name);
	return true;
}

static void
test_campaigns(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "GET /campaigns/ HTTP", .body =
		    "[{\"id\":7749,\"name\":\"Case Closed - DK\",\"x\":1},"
		    "{\"Id\":4417,\"Name\":\"Kampagne d. 12/02/18\"},"
		    "{\"id\":5000,\"name\":\"v2.0 DK\"},{\"name\":\"none\"}]" },
		{ .want = "GET /v2/bi/campaigns HTTP", .body =
		    "{\"rows\":[{\"key\":1,\"title\":\"A\"}]}" },
	};
	struct simhttpd *sim = simhttpd_start(script, 2);
	struct seen seen = { .n = 0 };
	struct rig rig;

	(void)state;
	rig_open_http(&rig, simhttpd_url(sim),
	    "campaign = ( { id = 5000; alias = \"Møde\"; } );");
	assert_true(npstoday_survey.list_campaigns(rig.self, seen_campaign,
	    &seen, &rig.err));
	assert_string_equal(seen.log, "7749:Case Closed - DK;"
	    "4417:Kampagne d. 12/02/18;5000:Møde;");
	rig_close(&rig);
	rig_open_http(&rig, simhttpd_url(sim), "campaigns = { "
	    "path = \"/v2/bi/campaigns\"; items = \"/rows\"; id = \"key\"; "
	    "name = \"title\"; };");
	seen.log[0] = '\0';
	assert_true(npstoday_survey.list_campaigns(rig.self, seen_campaign,
	    &seen, &rig.err));
	assert_string_equal(seen.log, "1:A;");
	assert_null(simhttpd_problem(sim, true));
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* P1: one request with one form; the message names the others. */
static void
test_check_401(void **state)
{
	static const struct {
		const char *conf, *sent, *used, *other1, *other2;
	} cases[] = {
		{ "", "Authorization: apikey " RIG_KEY "\r\n", "prefix", "raw",
		    "basic" },
		{ "auth = { style = \"raw\"; };",
		    "Authorization: " RIG_KEY "\r\n", "raw", "prefix",
		    "basic" },
		{ "auth = { style = \"basic\"; };", "Authorization: Basic "
		    "QXBpS2V5OmstMDEyMzQ1Njc4OWFiY2RlZg==\r\n", "basic",
		    "raw", "prefix" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = {
			{ .want = cases[i].sent, .status = 401 } };
		struct simhttpd *sim = simhttpd_start(script, 1);
		char want[120];
		struct rig rig;

		rig_open_http(&rig, simhttpd_url(sim), cases[i].conf);
		assert_false(npstoday_survey.check(rig.self, &rig.err));
		assert_int_equal(rig.err.kind, ERR_AUTH);
		assert_int_equal(rig.err.code, 401);
		snprintf(want, sizeof(want), "auth.style = \"%s\"; the other "
		    "forms are \"%s\" and \"%s\"", cases[i].used,
		    cases[i].other1, cases[i].other2);
		assert_non_null(strstr(rig.err.msg, want));
		assert_null(strstr(rig.err.msg, RIG_KEY));
		assert_null(simhttpd_problem(sim, true));
		assert_int_equal(simhttpd_requests(sim), 1);
		rig_close(&rig);
		simhttpd_stop(sim);
	}
}

static void
test_check(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "GET /campaigns/ HTTP", .body = "[]" },
		{ .status = 403 },
		{ .body = "<html>" },
	};
	struct simhttpd *sim = simhttpd_start(script, 3);
	struct rig rig;

	(void)state;
	rig_open_http(&rig, simhttpd_url(sim), "");
	assert_true(npstoday_survey.check(rig.self, &rig.err));
	assert_false(npstoday_survey.check(rig.self, &rig.err));
	assert_int_equal(rig.err.kind, ERR_AUTH);
	assert_null(strstr(rig.err.msg, "other forms"));
	assert_false(npstoday_survey.check(rig.self, &rig.err));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* ---- opt-outs -------------------------------------------------------- */

static bool
seen_optout(void *arg, const char *email, const char *phone, time_t at)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->log);
	char when[32] = "-";

	if (at != NO_TIME)
		clock_iso(when, at);
	snprintf(seen->log + len, sizeof(seen->log) - len, "%s/%s/%s;",
	    email == NULL ? "-" : email, phone == NULL ? "-" : phone, when);
	return true;
}

static void
test_optouts(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "GET /unsubscribes?page=1&pageSize=500 HTTP",
		    .body = "{\"items\":[{\"email\":\"a@b.dk\",\"at\":"
		    "\"2026-11-20T00:00:00Z\"},{\"phoneNumber\":\"+4511\","
		    "\"at\":\"soon\"},{}]}" },
		{ .want = "page=2", .body = "{\"items\":[]}" },
	};
	struct simhttpd *sim = simhttpd_start(script, 2);
	const struct pull pull = { .until = NO_TIME };
	struct seen seen = { .n = 0 };
	struct rig rig;

	(void)state;
	rig_open_http(&rig, simhttpd_url(sim), "");
	assert_false(npstoday_survey.pull_optouts(rig.self, &pull,
	    seen_optout, seen_checkpoint, &seen, &rig.err));
	assert_int_equal(rig.err.kind, ERR_DONE);
	rig_close(&rig);
	rig_open_http(&rig, simhttpd_url(sim), "unsubscribes = { "
	    "path = \"/unsubscribes\"; map = { at = [ \"at\" ]; }; };");
	assert_true(npstoday_survey.pull_optouts(rig.self, &pull, seen_optout,
	    seen_checkpoint, &seen, &rig.err));
	assert_string_equal(seen.log,
	    "a@b.dk/-/2026-11-20T00:00:00Z;-/+4511/-;");
	assert_string_equal(seen.watermark, "2026-11-20T00:00:00Z");
	assert_int_equal(rig.quarantined, 1);
	assert_string_equal(rig.source, "/unsubscribes");
	assert_null(simhttpd_problem(sim, true));
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* ---- sends ----------------------------------------------------------- */

#define MEMBERS "members = { enabled = true; not_sent = [ \"Throttled\" ]; " \
	"paging = { kind = \"none\"; }; };"

static bool
seen_sent(void *arg, const struct sent *s)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->log);

	snprintf(seen->log + len, sizeof(seen->log) - len, "%s/%s/%s/%s/%d;",
	    s->remote_id, s->ref == NULL ? "-" : s->ref, s->campaign_id,
	    s->contact_id == NULL ? "-" : s->contact_id, s->suppressed);
	return true;
}

static void
test_sent(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "GET /v2/bi/campaignmembers?modifiedAfter=",
		    .body = "[{\"id\":1,\"campaignId\":7,\"created\":"
		    "\"2026-11-20T09:00:00.1234567\",\"custom\":"
		    "\"{\\\"npsync_ref\\\":\\\"r1\\\"}\"},"
		    "{\"id\":2,\"campaignId\":8,\"guid\":\"r2\","
		    "\"additionStatus\":\"throttled\","
		    "\"respondent\":{\"externalId\":\"crm:5\"}}]" },
	};
	struct simhttpd *sim = simhttpd_start(script, 1);
	const struct pull pull = { .until = NO_TIME };
	struct seen seen = { .n = 0 };
	struct rig rig;

	(void)state;
	rig_open_http(&rig, simhttpd_url(sim), "");
	assert_false(npstoday_survey.pull_sent(rig.self, &pull, seen_sent,
	    seen_checkpoint, &seen, &rig.err));
	assert_int_equal(rig.err.kind, ERR_DONE);
	rig_close(&rig);
	rig_open_http(&rig, simhttpd_url(sim), MEMBERS);
	assert_true(npstoday_survey.pull_sent(rig.self, &pull, seen_sent,
	    seen_checkpoint, &seen, &rig.err));
	assert_string_equal(seen.log, "1/r1/7/-/0;2/r2/8/crm:5/1;");
	assert_string_equal(seen.watermark, "2026-11-20T09:00:00.1234567");
	rig_close(&rig);
	simhttpd_stop(sim);
}

#define SENT_AT "2026-11-24T22:00:00Z"
#define MEMBER(id, more) "{\"id\":" #id ",\"campaignId\":7" more "}"
#define CREATED(t) ",\"created\":\"2026-11-24T" t "Z\""

/* Looked for: ref r1, campaign 7, contact crm:1, address a@b.dk, number
 * +4520123456, id 77, sent at 22:00; now is 02:00. */
struct find_case {
	const char *name, *body;
	enum find_answer answer;
	enum push_outcome outcome;
	const char *remote_id;
};
static const struct find_case finds[] = {
	{ "by custom", "[" MEMBER(1, ",\"custom\":{\"npsync_ref\":\"R1\"}") "]",
	    FIND_FOUND, PUSH_ACCEPTED, "1" },
	{ "by guid, not mailed", "[" MEMBER(2, ",\"guid\":\"r1\","
	    "\"additionStatus\":\"Throttled\"") "]",
	    FIND_FOUND, PUSH_SUPPRESSED, "2" },
	{ "by contact", "[" MEMBER(3, ",\"externalId\":\"crm:1\""
	    CREATED("22:00:01")) "]", FIND_MATCHED, PUSH_ACCEPTED, "3" },
	{ "by address", "[" MEMBER(4, ",\"emailAddress\":\"A@B.dk\""
	    CREATED("22:00:01")) "]", FIND_MATCHED, PUSH_ACCEPTED, "4" },
	{ "the strongest wins", "[" MEMBER(5, ",\"externalId\":\"crm:1\""
	    CREATED("22:10:00")) "," MEMBER(6, ",\"guid\":\"r1\"") ","
	    MEMBER(7, ",\"emailAddress\":\"a@b.dk\"" CREATED("22:20:00")) "]",
	    FIND_FOUND, PUSH_ACCEPTED, "6" },
	{ "an older send of the same person", "[" MEMBER(8,
	    ",\"externalId\":\"crm:1\"" CREATED("20:00:00")) "]",
	    FIND_CANNOT_SAY, PUSH_ACCEPTED, "" },
	{ "another send of ours", "[" MEMBER(9, ",\"externalId\":\"crm:1\","
	    "\"custom\":{\"npsync_ref\":\"r9\"}" CREATED("22:30:00")) "]",
	    FIND_ABSENT, PUSH_ACCEPTED, "" },
	{ "a guid that may be the service's own", "[" MEMBER(13,
	    ",\"externalId\":\"crm:1\",\"guid\":\"r9\""
	    CREATED("22:30:00")) "]", FIND_CANNOT_SAY, PUSH_ACCEPTED, "" },
	{ "the person, without a time", "[" MEMBER(14, ",\"emailAddress\":"
	    "\"a@b.dk\"") "," MEMBER(15, CREATED("22:30:00")) "]",
	    FIND_CANNOT_SAY, PUSH_ACCEPTED, "" },
	{ "a card whose key differs in case", "[" MEMBER(16,
	    ",\"externalId\":\"CRM:1\"" CREATED("22:30:00")) "]",
	    FIND_ABSENT, PUSH_ACCEPTED, "" },
	{ "by number alone", "[" MEMBER(19, ",\"phoneNumber\":\"0045 20 12 34 56\""
	    CREATED("22:30:00")) "]", FIND_CANNOT_SAY, PUSH_ACCEPTED, "" },
	{ "another number", "[" MEMBER(20, ",\"phoneNumber\":\"+45 21123456\""
	    CREATED("22:30:00")) "]", FIND_ABSENT, PUSH_ACCEPTED, "" },
	{ "a few digits", "[" MEMBER(21, ",\"phoneNumber\":\"123456\""
	    CREATED("22:30:00")) "]", FIND_ABSENT, PUSH_ACCEPTED, "" },
	{ "an older one by number", "[" MEMBER(22, ",\"phoneNumber\":\"20123456\""
	    CREATED("20:00:00")) "," MEMBER(23, ",\"externalId\":\"crm:2\""
	    CREATED("22:30:00")) "]", FIND_ABSENT, PUSH_ACCEPTED, "" },
	{ "nameless", "[" MEMBER(24, CREATED("22:30:00")) "]",
	    FIND_CANNOT_SAY, PUSH_ACCEPTED, "" },
	{ "by its id", "[" MEMBER(77, CREATED("20:30:00")) "]",
	    FIND_FOUND, PUSH_ACCEPTED, "77" },
	{ "its id, another send of ours", "[" MEMBER(77, ",\"custom\":"
	    "{\"npsync_ref\":\"r9\"}" CREATED("22:30:00")) "]",
	    FIND_ABSENT, PUSH_ACCEPTED, "" },
	{ "an unreadable member may be ours", "[" MEMBER(17,
	    CREATED("22:30:00")) "," MEMBER(18, ",\"guid\":\"r1\","
	    "\"created\":\"soon\"") "]",
	    FIND_CANNOT_SAY, PUSH_ACCEPTED, "" },
	{ "another campaign", "[{\"id\":10,\"campaignId\":8,\"externalId\":"
	    "\"crm:1\"" CREATED("22:30:00") "}]",
	    FIND_ABSENT, PUSH_ACCEPTED, "" },
	{ "nothing newer listed", "[" MEMBER(11, CREATED("21:00:00")) "]",
	    FIND_CANNOT_SAY, PUSH_ACCEPTED, "" },
	{ "no times listed", "[" MEMBER(12, ",\"guid\":\"r9\"") "]",
	    FIND_CANNOT_SAY, PUSH_ACCEPTED, "" },
	{ "empty listing", "[]", FIND_CANNOT_SAY, PUSH_ACCEPTED, "" },
};

static void
find_run(const struct find_case *c)
{
	/* Two days and, at that minute, three more. */
	const struct sim_reply script[] = { {
		.want = "modifiedAfter=2026-11-19T22%3A00%3A00Z",
		.body = c->body } };
	struct simhttpd *sim = simhttpd_start(script, 1);
	struct push_result found = { .remote_id = "" };
	enum find_answer answer;
	const struct sent wanted = { .ref = "r1", .campaign_id = "7",
		.contact_id = "crm:1", .email = "a@b.dk",
		.phone = "+4520123456", .remote_id = "77",
		.created_at = rig_time(SENT_AT), .mailed_at = NO_TIME };
	struct rig rig;

	rig_open_http(&rig, simhttpd_url(sim), MEMBERS);
	if (!npstoday_survey.find_sent(rig.self, &wanted, 1, &answer, &found,
		&rig.err))
		fail_msg("%s: %s", c->name, rig.err.msg);
	const bool there = answer == FIND_FOUND || answer == FIND_MATCHED;
	if (answer != c->answer || (there && (found.outcome != c->outcome ||
	    strcmp(found.remote_id, c->remote_id) != 0)))
		fail_msg("%s: answer %d outcome %d id \"%s\"", c->name,
		    (int)answer, (int)found.outcome, found.remote_id);
	if (simhttpd_problem(sim, true) != NULL)
		fail_msg("%s: %s", c->name, simhttpd_problem(sim, true));
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* Looks minutes, an hour or a day apart have other pages and beginnings. */
static void
test_find_is_cut_anew(void **state)
{
	static const struct {
		int minutes;	/* later */
		const char *want;
	} cases[] = {
		{ 0, "modifiedAfter=2026-11-19T22%3A00%3A00Z&page=1&pageSize=473 " },
		{ 15, "modifiedAfter=2026-11-18T22%3A00%3A00Z&page=1&pageSize=458 " },
		{ 60, "modifiedAfter=2026-11-22T22%3A00%3A00Z&page=1&pageSize=474 " },
		{ 1440, "modifiedAfter=2026-11-21T22%3A00%3A00Z&page=1&pageSize=497 " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { { .want = cases[i].want,
			.body = "[]" } };
		struct simhttpd *sim = simhttpd_start(script, 1);
		struct push_result found = { .remote_id = "" };
		enum find_answer answer;
		const struct sent wanted = { .ref = "r1", .campaign_id = "7",
			.created_at = rig_time(SENT_AT), .mailed_at = NO_TIME };
		struct rig rig;

		rig_open_http(&rig, simhttpd_url(sim),
		    "members = { enabled = true; };");
		rig.now += cases[i].minutes * 60;
		if (!npstoday_survey.find_sent(rig.self, &wanted, 1, &answer,
			&found, &rig.err))
			fail_msg("%s", rig.err.msg);
		if (simhttpd_problem(sim, true) != NULL)
			fail_msg("%s", simhttpd_problem(sim, true));
		rig_close(&rig);
		simhttpd_stop(sim);
	}
}

/* The size that a look asks for in a night. */
static void
look_for_cut(const char *text, int night, char cut[static 32])
{
	static const struct sim_reply script[] = { { .body = "[]" } };
	struct simhttpd *sim = simhttpd_start(script, 1);
	struct push_result found = { .remote_id = "" };
	enum find_answer answer;
	const struct sent wanted = { .ref = "r1", .campaign_id = "7",
		.created_at = rig_time(SENT_AT), .mailed_at = NO_TIME };
	struct rig rig;

	rig_open_http(&rig, simhttpd_url(sim), text);
	rig.now += night * 86400;
	if (!npstoday_survey.find_sent(rig.self, &wanted, 1, &answer, &found,
		&rig.err))
		fail_msg("%s", rig.err.msg);
	const char *size = strstr(simhttpd_request(sim, 0), "pageSize=");
	assert_non_null(size);
	(void)snprintf(cut, 32, "%.*s", (int)strcspn(size, " &"), size);
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* The same minute of two nights, for sizes that minutes of a day divide. */
static void
test_find_is_cut_anew_each_night(void **state)
{
	static const int sizes[] = { 8, 20, 28, 60, 92, 140, 236, 500 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char text[160], cut[2][32] = { "", "" };

		(void)snprintf(text, sizeof(text), "members = { enabled = true;"
		    " paging = { size = %d; }; };", sizes[i]);
		for (int night = 0; night < 2; night++)
			look_for_cut(text, night, cut[night]);
		if (strcmp(cut[0], cut[1]) == 0)
			fail_msg("size %d: %s twice", sizes[i], cut[0]);
	}
}

static void
test_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(finds); i++)
		find_run(&finds[i]);
}

/* The service shows its first page over and over: ours may lie behind. */
static void
test_find_one_page(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "page=1", .body = "[" MEMBER(1, CREATED("22:30:00"))
		    "]" },
		{ .want = "page=2", .body = "[" MEMBER(1, CREATED("22:30:00"))
		    "]" } };
	struct simhttpd *sim = simhttpd_start(script, 2);
	const struct sent wanted = { .ref = "r1",
		.created_at = rig_time(SENT_AT) };
	enum find_answer answer = FIND_ABSENT;
	struct push_result found;
	struct rig rig;

	(void)state;
	rig_open_http(&rig, simhttpd_url(sim), "members = { enabled = true; };");
	assert_true(npstoday_survey.find_sent(rig.self, &wanted, 1, &answer,
	    &found, &rig.err));
	assert_int_equal(answer, FIND_CANNOT_SAY);
	assert_null(simhttpd_problem(sim, true));
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* Younger than settle_min: not yet proof.  Several at once: one listing. */
static void
test_find_young(void **state)
{
	static const struct sim_reply script[] = { {
		.body = "[" MEMBER(1, ",\"guid\":\"r3\""
		    CREATED("23:59:59")) "]" } };
	struct simhttpd *sim = simhttpd_start(script, 1);
	enum find_answer answers[3];
	struct push_result found[3];
	const struct sent wanted[3] = {
		{ .ref = "r1", .created_at = rig_time("2026-11-24T23:00:00Z") },
		{ .ref = "r2", .created_at = rig_time("2026-11-24T23:50:00Z") },
		{ .ref = "r3", .created_at = rig_time("2026-11-24T23:59:00Z") },
	};
	struct rig rig;

	(void)state;
	rig_open_http(&rig, simhttpd_url(sim), MEMBERS);
	rig.now = rig_time("2026-11-25T00:10:00Z");
	assert_true(npstoday_survey.find_sent(rig.self, wanted, 3, answers,
	    found, &rig.err));
	assert_int_equal(answers[0], FIND_ABSENT);
	assert_int_equal(answers[1], FIND_CANNOT_SAY);
	assert_int_equal(answers[2], FIND_FOUND);
	assert_string_equal(found[2].remote_id, "1");
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* Not enabled: no request, no guess. */
static void
test_find_disabled(void **state)
{
	const struct sent wanted = { .ref = "r1" };
	enum find_answer answer = FIND_ABSENT;
	struct push_result found;
	struct rig rig;

	(void)state;
	rig_open_http(&rig, BASE_URL, "");
	assert_true(npstoday_survey.find_sent(rig.self, &wanted, 1, &answer,
	    &found, &rig.err));
	assert_int_equal(answer, FIND_CANNOT_SAY);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pulls),
		cmocka_unit_test(test_odd_comments),
		cmocka_unit_test(test_watermark),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_resume_keeps_mark),
		cmocka_unit_test(test_resume_unknown),
		cmocka_unit_test(test_resume_other_size),
		cmocka_unit_test(test_resume_expired),
		cmocka_unit_test(test_stops),
		cmocka_unit_test(test_bad_answers),
		cmocka_unit_test(test_answer_grows),
		cmocka_unit_test(test_campaigns),
		cmocka_unit_test(test_check_401),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_optouts),
		cmocka_unit_test(test_sent),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_is_cut_anew),
		cmocka_unit_test(test_find_is_cut_anew_each_night),
		cmocka_unit_test(test_find_one_page),
		cmocka_unit_test(test_find_young),
		cmocka_unit_test(test_find_disabled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
