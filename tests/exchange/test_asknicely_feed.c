/*
 * Listings of the AskNicely driver over a server of ours: answers page by page,
 * stored answers, who unsubscribed.  AN-1..AN-17 are the pitfalls of the
 * service.
 */
#include "asknicely/rig.h"

#include "asknicely/replies.h"
#include "buf.h"
#include "num.h"

#define SMALL "responses = { pagesize = 2; overlap_h = 1; };"
#define END "1795572000"	/* RIG_NOW */

struct seen {
	char ids[512], resume[256], watermark[64];
	int n, pages, stop_after;
	time_t last_at;
	struct arena *scratch;	/* emptied as the core does */
};

static void
seen_add(struct seen *seen, const char *text)
{
	const size_t len = strlen(seen->ids);

	(void)snprintf(seen->ids + len, sizeof(seen->ids) - len, "%s%s",
	    len == 0 ? "" : " ", text);
	seen->n++;
	arena_reset(seen->scratch);
}

static bool
on_answer(void *arg, const struct survey_answer *a)
{
	struct seen *seen = arg;
	char text[80];

	(void)snprintf(text, sizeof(text), "%s=%d", a->answer_id, a->score);
	seen_add(seen, text);
	return seen->n != seen->stop_after;
}

static bool
on_optout(void *arg, const char *email, const char *phone, time_t at)
{
	struct seen *seen = arg;

	assert_null(phone);
	seen_add(seen, email);
	seen->last_at = at;
	return seen->n != seen->stop_after;
}

static bool
on_page(void *arg, const char *resume, const char *watermark)
{
	struct seen *seen = arg;

	assert_true((resume == NULL) != (watermark == NULL));
	(void)snprintf(seen->resume, sizeof(seen->resume), "%s",
	    resume == NULL ? "" : resume);
	(void)snprintf(seen->watermark, sizeof(seen->watermark), "%s",
	    watermark == NULL ? "" : watermark);
	seen->pages++;
	return true;
}

static bool
answers(struct rig *rig, const struct pull *pull, struct seen *seen)
{
	seen->scratch = rig->scratch;
	return asknicely_survey.pull_answers(rig->self, pull, on_answer,
	    on_page, seen, &rig->err);
}

static bool
optouts(struct rig *rig, const struct pull *pull, struct seen *seen)
{
	seen->scratch = rig->scratch;
	return asknicely_survey.pull_optouts(rig->self, pull, on_optout,
	    on_page, seen, &rig->err);
}

/* ---- whole pulls ------------------------------------------------------------ */

typedef bool reader(struct rig *rig, const struct pull *pull,
    struct seen *seen);
struct pull_case {
	const char *name, *conf;
	struct sim_reply script[5];
	const char *ids, *watermark;	/* NULL = it moves not */
	int pages, bad;
	enum err_kind kind;
	const char *words;		/* of the error */
};

static void
pull_compare(const struct pull_case *c, const struct seen *seen,
    const struct rig *rig)
{
	if (strcmp(seen->ids, c->ids) != 0 || seen->pages != c->pages ||
	    strcmp(seen->watermark, c->watermark == NULL ? "" : c->watermark)
		!= 0 || rig->bad != c->bad)
		fail_msg("%s: [%s] %s pages=%d bad=%d %s", c->name, seen->ids,
		    seen->watermark, seen->pages, rig->bad, rig->reason);
	assert_null(strchr(rig->err.msg, '@'));
	assert_null(strchr(rig->reason, '@'));
}

static size_t
replies_of(const struct pull_case *c)
{
	size_t n = 0;

	while (n < ARRAY_LEN(c->script) && (c->script[n].body != NULL ||
	           c->script[n].status != 0))
		n++;
	return n;
}

static void
pull_run(const struct pull_case *c, reader *read_all)
{
	const struct pull pull = { .from = 0, .until = RIG_NOW };
	struct simhttpd *sim = simhttpd_start(c->script, replies_of(c));
	struct seen seen = { .n = 0 };
	struct rig rig;

	rig_open(&rig, simhttpd_url(sim), c->conf, 5);
	const bool ok = read_all(&rig, &pull, &seen);
	if (ok != (c->kind == ERR_NONE) || (!ok && (rig.err.kind != c->kind ||
	        strstr(rig.err.msg, c->words) == NULL)))
		fail_msg("%s: %d %s", c->name, ok, rig.err.msg);
	pull_compare(c, &seen, &rig);
	if (simhttpd_problem(sim, true) != NULL)
		fail_msg("%s: %s", c->name, simhttpd_problem(sim, true));
	rig_done(&rig, sim, false);
}

#define R(page) "GET /responses/asc/2/" page "/0/json/answered/responded/" \
	END " HTTP/1.1\r\n"
static const struct pull_case answer_pulls[] = {
	{ .name = "none at all", .conf = "", .script = {
	    { .want = "GET /responses/asc/1000/1/0/json/answered/responded/"
		END " HTTP/1.1\r\n", .body = PAGE("1", "0", "") } },
	    .ids = "", .watermark = "1970-01-01T00:00:00Z", .pages = 1 },
	{ .name = "pages by totalpages", .conf = SMALL, .script = {
	    { .want = R("1"), .body = PAGE("1", "2", ROW("1", "9", "1795000001")
		"," ROW("2", "10", "1795000002")) },
	    { .want = R("2"), .body = PAGE("2", "2", ROW("3", "0",
		"1795000003")) } },
	    .ids = "1=9 2=10 3=0", .watermark = "2026-11-18T11:06:43Z",
	    .pages = 2 },
	/* A service that caps the size: the pages it tells of count. */
	{ .name = "short pages", .conf = SMALL, .script = {
	    { .want = R("1"), .body = PAGE("1", "2", ROW("1", "9",
		"1795000001")) },
	    { .want = R("2"), .body = PAGE("2", "2", ROW("3", "0",
		"1795000003")) } },
	    .ids = "1=9 3=0", .watermark = "2026-11-18T11:06:43Z",
	    .pages = 2 },
	{ .name = "no totals", .conf = SMALL, .script = {
	    { .want = R("1"), .body = LIST(ROW("1", "9", "1795000001")) },
	    { .want = R("2"), .body = LIST(ROW("2", "8", "1795000001")) },
	    { .want = R("3"), .body = LIST("") } },
	    .ids = "1=9 2=8", .watermark = "2026-11-18T11:06:41Z",
	    .pages = 3 },
	{ .name = "one page is the other", .conf = SMALL, .script = {
	    { .body = LIST(ROW("1", "9", "1795000001") "," ROW("2", "9",
		"1795000002")) },
	    { .body = LIST(ROW("1", "9", "1795000001") "," ROW("2", "9",
		"1795000002")) } },
	    .ids = "1=9 2=9", .pages = 1, .kind = ERR_PROTOCOL,
	    .words = "the one before once more" },
	{ .name = "another page", .conf = SMALL, .script = {
	    { .body = PAGE("2", "2", ROW("1", "9", "1795000001")) } },
	    .ids = "", .kind = ERR_PROTOCOL, .words = "expected page 1, got 2" },
	{ .name = "an empty page before the last", .conf = SMALL, .script = {
	    { .body = PAGE("1", "3", "") } }, .ids = "", .pages = 1,
	    .kind = ERR_PROTOCOL, .words = "page 1 of 3 is empty" },
	{ .name = "without end", .conf = "responses = { max_pages = 1; };",
	    .script = { { .body = PAGE("1", "99999999999", ROW("1", "9",
		"1795000001")) } }, .ids = "", .kind = ERR_PROTOCOL,
	    .words = "responses.max_pages" },
	/* AN-14 */
	{ .name = "AN-14", .conf = "", .script = {
	    { .body = "{\"success\":false,\"msg\":\"no jane@example.com\","
		"\"data\":[]}" } }, .ids = "", .kind = ERR_PROTOCOL,
	    .words = "expected \"success\": true, got: no ***" },
	{ .name = "AN-14 on the second page", .conf = SMALL, .script = {
	    { .body = PAGE("1", "2", ROW("1", "9", "1795000001")) },
	    { .body = "{\"success\":\"false\",\"data\":[]}" } },
	    .ids = "1=9", .pages = 1, .kind = ERR_PROTOCOL,
	    .words = "expected \"success\": true" },
	{ .name = "no list", .conf = "", .script = {
	    { .body = "{\"success\":true,\"data\":{\"1\":{}}}" } },
	    .ids = "", .kind = ERR_PROTOCOL, .words = "a list at \"data\"" },
	{ .name = "a page of a proxy", .conf = "", .script = {
	    { .body = HTML } }, .ids = "", .kind = ERR_PROTOCOL,
	    .words = "JSON" },
	{ .name = "no key", .conf = "", .script = {
	    { .status = 401, .body = NO_KEY } }, .ids = "",
	    .kind = ERR_AUTH, .words = "Settings > API" },
	{ .name = "bad rows", .conf = "", .script = {
	    { .body = PAGE("1", "1", "{\"answer\":\"9\"},7,"
		ROW("1", "11", "1795000001") "," ROW("2", "7", "soon") ","
		ROW("3", "7", "1795000003")) } },
	    .ids = "1=-1 2=-1 3=7", .watermark = "2026-11-18T11:06:43Z",
	    .pages = 1, .bad = 4 },
	{ .name = "a time ahead moves no watermark", .conf = "", .script = {
	    { .body = PAGE("1", "1", ROW("1", "7", "1795000003") ","
		ROW("2", "7", "9999999999")) } }, .ids = "1=7 2=7",
	    .watermark = "2026-11-18T11:06:43Z", .pages = 1 },
	{ .name = "other since", .conf = "responses = { initial_since = "
	    "\"2026-01-01T00:00:00Z\"; path = \"/r/{since}/{page}\"; };",
	    .script = { { .want = "GET /r/1767225600/1 HTTP",
		.body = PAGE("1", "1", "") } }, .ids = "",
	    .watermark = "2026-01-01T00:00:00Z", .pages = 1 },
};

static void
test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(answer_pulls); i++)
		pull_run(&answer_pulls[i], answers);
}

/* ---- what the head of a page says ---------------------------------------------- */

#define ONE ROW("1", "9", "1795000001")
#define TWO ROW("2", "8", "1795000002")
#define THREE ROW("3", "7", "1795000003")
#define MARK_2 "2026-11-18T11:06:42Z"
#define MARK_3 "2026-11-18T11:06:43Z"
#define NO_CHECKS "responses = { pagesize = 2; check_totals = false; };"
static const struct pull_case heads[] = {
	{ .name = "as told", .conf = SMALL, .script = {
	    { .want = R("1"), .body = PAGE_OF("3", "1", "2", ONE "," TWO) },
	    { .want = R("2"), .body = PAGE_OF("3", "2", "2", THREE) } },
	    .ids = "1=9 2=8 3=7", .watermark = MARK_3, .pages = 2 },
	/* It may count the rows of the page: the next one is asked for. */
	{ .name = "total alone ends no full page", .conf = SMALL, .script = {
	    { .body = HEAD("\"total\":\"2\",", ONE "," TWO) },
	    { .want = R("2"), .body = HEAD("\"total\":\"2\",", "") } },
	    .ids = "1=9 2=8", .watermark = MARK_2, .pages = 2 },
	{ .name = "total alone, and a shorter page", .conf = SMALL, .script = {
	    { .body = HEAD("\"total\":\"3\",", ONE "," TWO) },
	    { .body = HEAD("\"total\":\"3\",", THREE) } },
	    .ids = "1=9 2=8 3=7", .watermark = MARK_3, .pages = 2 },
	/* Cut short by the service, too.  All rows come, and the words. */
	{ .name = "total of the page", .conf = SMALL, .script = {
	    { .body = HEAD("\"total\":1,", ONE) },
	    { .body = HEAD("\"total\":1,", TWO) },
	    { .body = HEAD("\"total\":1,", THREE) },
	    { .want = R("4"), .body = HEAD("\"total\":0,", "") } },
	    .ids = "1=9 2=8 3=7", .pages = 4, .kind = ERR_PROTOCOL,
	    .words = "got 2 (responses.check_totals)" },
	{ .name = "total of the page, shrinking", .conf = SMALL, .script = {
	    { .body = PAGE_OF("2", "1", "2", ONE "," TWO) },
	    { .body = PAGE_OF("1", "2", "2", THREE) },
	    { .want = R("3"), .body = PAGE_OF("0", "3", "2", "") } },
	    .ids = "1=9 2=8 3=7", .pages = 3, .kind = ERR_PROTOCOL,
	    .words = "responses.check_totals" },
	{ .name = "totalpages too small", .conf = SMALL, .script = {
	    { .body = PAGE_OF("3", "1", "1", ONE "," TWO) },
	    { .want = R("2"), .body = PAGE_OF("3", "2", "1", THREE) },
	    { .body = LIST("") } }, .ids = "1=9 2=8 3=7", .pages = 3,
	    .kind = ERR_PROTOCOL, .words = "after 2 of 3 rows" },
	{ .name = "total too small", .conf = SMALL, .script = {
	    { .body = PAGE_OF("1", "1", "1", ONE "," TWO) },
	    { .body = LIST("") } }, .ids = "1=9 2=8", .pages = 2,
	    .kind = ERR_PROTOCOL, .words = "at most 1 rows (total), got 2" },
	{ .name = "total too small over pages", .conf = SMALL, .script = {
	    { .body = PAGE_OF("2", "1", "2", ONE "," TWO) },
	    { .body = PAGE_OF("2", "2", "2", THREE) },
	    { .body = LIST("") } }, .ids = "1=9 2=8 3=7",
	    .pages = 3, .kind = ERR_PROTOCOL,
	    .words = "at most 2 rows (total), got 3" },
	{ .name = "a row is missing on the last page", .conf = SMALL, .script = {
	    { .body = PAGE_OF("4", "1", "2", ONE "," TWO) },
	    { .body = PAGE_OF("4", "2", "2", THREE) },
	    { .body = LIST("") } }, .ids = "1=9 2=8 3=7",
	    .pages = 3, .kind = ERR_PROTOCOL, .words = "after 3 of 4 rows" },
	/* Past the end that was told: the numbers are the reason all the same. */
	{ .name = "the last page for ever", .conf = SMALL, .script = {
	    { .body = PAGE_OF("3", "1", "1", ONE "," TWO) },
	    { .body = PAGE_OF("3", "1", "1", ONE "," TWO) } },
	    .ids = "1=9 2=8", .pages = 1, .kind = ERR_PROTOCOL,
	    .words = "after 2 of 3 rows" },
	{ .name = "a fault, and it breaks off", .conf = SMALL, .script = {
	    { .body = PAGE_OF("1", "1", "2", ONE "," TWO) },
	    { .status = 503 } }, .ids = "1=9 2=8", .pages = 1,
	    .kind = ERR_RETRY, .words = "HTTP 503" },
	{ .name = "an empty page ends it, with rows missing", .conf = SMALL,
	    .script = {
	    { .body = HEAD("\"total\":\"3\",", ONE "," TWO) },
	    { .body = HEAD("\"total\":\"3\",", "") } }, .ids = "1=9 2=8",
	    .pages = 2, .kind = ERR_PROTOCOL, .words = "after 2 of 3 rows" },
	{ .name = "the second page is empty, the third is not", .conf = SMALL,
	    .script = { { .body = PAGE("1", "3", ONE "," TWO) },
	    { .body = PAGE("2", "3", "") } }, .ids = "1=9 2=8",
	    .pages = 2, .kind = ERR_PROTOCOL, .words = "page 2 of 3 is empty" },
	{ .name = "totalpages shrinks", .conf = SMALL, .script = {
	    { .body = PAGE("1", "3", ONE "," TWO) },
	    { .body = PAGE("2", "2", THREE) }, { .body = LIST("") } },
	    .ids = "1=9 2=8 3=7", .pages = 3, .kind = ERR_PROTOCOL,
	    .words = "totalpages was 3, and is 2" },
	{ .name = "totalpages is told no more", .conf = SMALL, .script = {
	    { .body = PAGE("1", "3", ONE "," TWO) },
	    { .body = LIST("") } }, .ids = "1=9 2=8",
	    .pages = 2, .kind = ERR_PROTOCOL, .words = "totalpages was 3" },
	/* A contact was removed: what followed it slid to a page that was read. */
	{ .name = "total shrinks", .conf = SMALL, .script = {
	    { .body = PAGE_OF("4", "1", "2", ONE "," TWO) },
	    { .body = PAGE_OF("3", "2", "2", THREE) },
	    { .body = LIST("") } }, .ids = "1=9 2=8 3=7",
	    .pages = 3, .kind = ERR_PROTOCOL, .words = "total was 4, and is 3" },
	{ .name = "one more arrived", .conf = SMALL, .script = {
	    { .body = PAGE_OF("2", "1", "1", ONE) },
	    { .body = LIST("") } }, .ids = "1=9", .pages = 2,
	    .kind = ERR_PROTOCOL, .words = "after 1 of 2 rows" },
	{ .name = "AN-13 total grows", .conf = SMALL, .script = {
	    { .body = PAGE_OF("3", "1", "2", ONE "," THREE) },
	    { .body = PAGE_OF("4", "2", "2", TWO "," THREE) } },
	    .ids = "1=9 3=7 2=8 3=7", .watermark = MARK_3, .pages = 2 },
	{ .name = "numbers as numbers, and reals", .conf = SMALL, .script = {
	    { .body = HEAD("\"total\":3,\"totalpages\":2,\"pagenumber\":1,",
		ONE "," TWO) },
	    { .body = HEAD("\"total\":3.0,\"totalpages\":2.0,"
		"\"pagenumber\":2.0,", THREE) } },
	    .ids = "1=9 2=8 3=7", .watermark = MARK_3, .pages = 2 },
	{ .name = "null and nothing are not told", .conf = SMALL, .script = {
	    { .body = HEAD("\"total\":null,\"totalpages\":\"\",",
		ONE "," TWO) },
	    { .body = HEAD("\"pagenumber\":null,", "") } },
	    .ids = "1=9 2=8", .watermark = MARK_2, .pages = 2 },
	{ .name = "a total in words", .conf = SMALL, .script = {
	    { .body = PAGE_OF("many", "1", "2", ONE) },
	    { .body = LIST(TWO) }, { .body = LIST("") } }, .ids = "1=9 2=8",
	    .pages = 3, .kind = ERR_PROTOCOL,
	    .words = "total: expected a number" },
	{ .name = "a negative number of pages", .conf = SMALL, .script = {
	    { .body = HEAD("\"totalpages\":-1,", ONE) },
	    { .body = LIST("") } }, .ids = "1=9", .pages = 2,
	    .kind = ERR_PROTOCOL, .words = "totalpages: expected a number" },
	{ .name = "half a page", .conf = SMALL, .script = {
	    { .body = HEAD("\"pagenumber\":1.5,", ONE) } }, .ids = "",
	    .kind = ERR_PROTOCOL, .words = "pagenumber: expected a number" },
	{ .name = "a total beyond all numbers", .conf = SMALL, .script = {
	    { .body = HEAD("\"total\":\"99999999999999999999\",", ONE) },
	    { .body = LIST("") } }, .ids = "1=9", .pages = 2,
	    .kind = ERR_PROTOCOL, .words = "total: expected" },
	/* Who knows that the numbers are about something else. */
	{ .name = "not held against one another", .conf = NO_CHECKS, .script = {
	    { .body = PAGE_OF("999", "1", "3", ONE "," TWO) },
	    { .body = PAGE_OF("1", "2", "2", THREE) },
	    { .want = R("3"), .body = LIST("") } },
	    .ids = "1=9 2=8 3=7", .watermark = MARK_3, .pages = 3 },
	{ .name = "not believed: totalpages", .conf = NO_CHECKS, .script = {
	    { .body = PAGE_OF("2", "1", "1", ONE "," TWO) },
	    { .want = R("2"), .body = PAGE_OF("1", "2", "1", THREE) },
	    { .want = R("3"), .body = PAGE_OF("0", "3", "7", "") } },
	    .ids = "1=9 2=8 3=7", .watermark = MARK_3, .pages = 3 },
	{ .name = "not believed: total", .conf = NO_CHECKS, .script = {
	    { .body = HEAD("\"total\":2,", ONE "," TWO) },
	    { .want = R("2"), .body = HEAD("\"total\":1,", THREE) },
	    { .want = R("3"), .body = HEAD("\"total\":0,", "") } },
	    .ids = "1=9 2=8 3=7", .watermark = MARK_3, .pages = 3 },
	{ .name = "not read: not told, so a short page ends it",
	    .conf = NO_CHECKS, .script = {
	    { .body = HEAD("\"total\":\"10,395\",\"totalpages\":false,",
		ONE "," TWO) },
	    { .want = R("2"), .body = HEAD("\"total\":-1,\"totalpages\":[],",
		THREE) } },
	    .ids = "1=9 2=8 3=7", .watermark = MARK_3, .pages = 2 },
	{ .name = "the number of the page is read strictly",
	    .conf = NO_CHECKS, .script = {
	    { .body = HEAD("\"pagenumber\":false,", ONE) } }, .ids = "",
	    .kind = ERR_PROTOCOL, .words = "pagenumber: expected a number" },
	/* One answer, however its id is written. */
	{ .name = "ids as reals", .conf = "", .script = {
	    { .body = LIST(ROW("54127.0", "9", "1795000001") ",{\"response_id"
		"\":54127.0,\"responded\":1795000002.0},{\"response_id\":"
		"54127},{\"response_id\":54127.5},"
		ROW("54127.50", "9", "1795000001") ",{\"response_id\":"
		"1e300}") }, { .body = LIST("") } },
	    .ids = "54127=9 54127=-1 54127=-1", .watermark = MARK_2,
	    .pages = 2, .bad = 5 },
};

static void
test_heads(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		pull_run(&heads[i], answers);
}

/* What was seen before the run broke off counts in the next one. */
static void
test_totals_over_a_resume(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = R("1"), .body = PAGE_OF("5", "1", "3", ONE "," TWO) },
		{ .status = 503, .body = "{}" },
		{ .want = R("2"), .body = PAGE_OF("5", "2", "3", THREE ","
		    ROW("4", "6", "1795000004")) },
		{ .status = 503, .body = "{}" },
		{ .want = R("3"), .body = PAGE_OF("5", "3", "3",
		    ROW("5", "5", "1795000005")) } };
	struct simhttpd *sim = simhttpd_start(script, ARRAY_LEN(script));
	struct pull pull = { .until = RIG_NOW };
	struct seen seen = { .n = 0 };
	char resume[256];
	struct rig rig;

	(void)state;
	rig_open(&rig, simhttpd_url(sim), SMALL, 5);
	for (int n = 0; n < 2; n++) {
		assert_false(answers(&rig, &pull, &seen));
		assert_non_null(strstr(rig.err.msg, "HTTP 503"));
		(void)snprintf(resume, sizeof(resume), "%s", seen.resume);
		pull.resume = resume;
	}
	if (!answers(&rig, &pull, &seen))
		fail_msg("%s", rig.err.msg);
	assert_string_equal(seen.ids, "1=9 2=8 3=7 4=6 5=5");
	assert_string_equal(seen.watermark, "2026-11-18T11:06:45Z");
	rig_done(&rig, sim, false);
}

/* A fault is never forgotten: the pass begins anew, at its first page. */
static void
test_fault_then_anew(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = R("1"), .body = PAGE_OF("1", "1", "2", ONE "," TWO) },
		{ .want = R("2"), .status = 503 },
		{ .want = R("1"), .body = PAGE_OF("3", "1", "2", ONE "," TWO) },
		{ .want = R("2"), .status = 503 },
		/* Of another night: no fault of the pass that begins. */
		{ .want = R("2"), .body = PAGE_OF("2", "2", "1", "") },
		{ .want = R("1"), .body = PAGE_OF("2", "1", "1", ONE ","
		    TWO) } };
	struct simhttpd *sim = simhttpd_start(script, ARRAY_LEN(script));
	struct pull pull = { .until = RIG_NOW };
	struct seen seen = { .n = 0 };
	char resume[256];
	struct rig rig;

	(void)state;
	rig_open(&rig, simhttpd_url(sim), SMALL, 5);
	for (int n = 0; n < 2; n++) {
		assert_false(answers(&rig, &pull, &seen));
		assert_non_null(strstr(rig.err.msg, "HTTP 503"));
		(void)snprintf(resume, sizeof(resume), "%s", seen.resume);
		pull.resume = resume;
	}
	if (!answers(&rig, &pull, &seen))
		fail_msg("%s", rig.err.msg);
	assert_string_equal(seen.ids, "1=9 2=8 1=9 2=8 1=9 2=8");
	assert_string_equal(seen.watermark, MARK_2);
	rig_done(&rig, sim, false);
}

/* What npsync did not send is left out, and counted. */
static void
test_foreign(void **state)
{
	static const struct sim_reply reply = { .body = PAGE("1", "1",
	    ROW("1", "9", "1795000001") ",{\"response_id\":\"2\",\"responded\":"
	    "\"1795000002\",\"npsync_ref_c\":\"x\"}") };
	const struct pull pull = { .until = RIG_NOW };
	struct simhttpd *sim = simhttpd_start(&reply, 1);
	struct seen seen = { .n = 0 };
	struct rig rig;

	(void)state;
	rig_open(&rig, simhttpd_url(sim),
	    "responses = { foreign = \"ignore\"; };", 5);
	assert_true(answers(&rig, &pull, &seen));
	assert_string_equal(seen.ids, "2=-1");
	assert_int_equal(rig.skipped, 1);
	rig_done(&rig, sim, false);
}

/* ---- AN-13: rows that arrive while we page --------------------------------------- */

struct world {
	struct { int id; long long at; } row[32];
	int n, requests;
	char body[8192];
};

static void
world_add(struct world *w, int id, long long at)
{
	int i = w->n++;

	for (; i > 0 && w->row[i - 1].at > at; i--)
		w->row[i] = w->row[i - 1];
	w->row[i].id = id;
	w->row[i].at = at;
}

/* The number behind the n-th '/' of the request line. */
static long long
world_number(const char *request, int n)
{
	const char *end = request + strcspn(request, "\r");
	long long value = -1;

	while (n-- > 0 && request < end)
		request += strcspn(request, "/") + 1;
	assert_true(num_parse_n(request, strspn(request, "0123456789"), 0,
	    999999999999, &value));
	return value;
}

static void
world_reply(void *arg, const char *request, const char *body,
    struct sim_reply *reply)
{
	struct world *w = arg;
	/* GET /responses/asc/SIZE/PAGE/SINCE/json/answered/responded/END */
	const long long size = world_number(request, 3),
	    page = world_number(request, 4), since = world_number(request, 5),
	    end = world_number(request, 9);
	size_t len = 0;
	int k = 0;

	(void)body;
	rig_check_request(request, false);
	w->requests++;
	len += (size_t)snprintf(w->body, sizeof(w->body),
	    "{\"success\":true,\"data\":[");
	for (int i = 0; i < w->n; i++) {
		if (w->row[i].at < since || w->row[i].at > end)
			continue;
		if (k >= (page - 1) * size && k < page * size)
			len += (size_t)snprintf(w->body + len,
			    sizeof(w->body) - len, "%s" ROW("%d", "9", "%lld"),
			    k > (page - 1) * size ? "," : "", w->row[i].id,
			    w->row[i].at, w->row[i].at);
		k++;
	}
	(void)snprintf(w->body + len, sizeof(w->body) - len, "],\"totalpages\":"
	    "\"%lld\",\"pagenumber\":\"%lld\"}", (k + size - 1) / size, page);
	if (w->requests == 1) {	/* one newer than the window, one late */
		world_add(w, 90, (long long)RIG_NOW + 60);
		world_add(w, 91, (long long)RIG_NOW - 5000);
	}
	*reply = (struct sim_reply){ .body = w->body };
}

static void
test_an13_arrivals(void **state)
{
	struct world w = { .n = 0 };
	struct simhttpd *sim = simhttpd_start_handler(world_reply, &w);
	struct seen seen = { .n = 0 };
	struct pull pull = { .until = RIG_NOW };
	char mark[64];
	struct rig rig;

	(void)state;
	for (int i = 1; i <= 5; i++)
		world_add(&w, i, (long long)RIG_NOW - 3000 + i);
	rig_open(&rig, simhttpd_url(sim), SMALL, 5);
	assert_true(answers(&rig, &pull, &seen));
	/* The late one pushes 2 onto the second page: known by its id. */
	assert_string_equal(seen.ids, "1=9 2=9 2=9 3=9 4=9 5=9");
	assert_int_equal(w.requests, 3);
	(void)snprintf(mark, sizeof(mark), "%s", seen.watermark);
	seen = (struct seen){ .n = 0 };
	pull.watermark = mark;
	rig.now += 86400;
	pull.until = rig.now;
	assert_true(answers(&rig, &pull, &seen));
	assert_string_equal(seen.ids, "91=9 1=9 2=9 3=9 4=9 5=9 90=9");
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* Who made the one rate smaller means reads, too. */
static void
test_rate_of_reads(void **state)
{
	static const struct { const char *conf; double reads; } cases[] = {
		{ "", 12 }, { "rate_per_second = 8.0;", 12 },
		{ "rate_per_second = 7.0;", 12 }, { "rate_per_second = 1.0;", 1 },
		{ "rate_per_second = 1.0; read_rate_per_second = 3.0;", 3 },
		{ "read_rate_per_second = 16.0;", 16 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig rig;
		rig_settings(&rig, RIG_BASE, cases[i].conf);
		const double reads = asknicely_read_rate(&rig.set);
		if (reads < cases[i].reads || reads > cases[i].reads)
			fail_msg("%s: %f", cases[i].conf, reads);
		arena_free(rig.scratch);
		arena_free(rig.arena);
	}
}

/* Reads have a rate of their own. */
static void
test_reads_keep_their_rate(void **state)
{
	struct world w = { .n = 0 };
	struct simhttpd *sim = simhttpd_start_handler(world_reply, &w);
	struct seen seen = { .n = 0 };
	const struct pull pull = { .until = RIG_NOW };
	struct rig rig;

	(void)state;
	for (int i = 1; i <= 9; i++)
		world_add(&w, i, (long long)RIG_NOW - 3000 + i);
	rig_open(&rig, simhttpd_url(sim), SMALL " read_rate_per_second = 10.0;",
	    5);
	const int64_t began = clock_boottime_ms();
	assert_true(answers(&rig, &pull, &seen));
	assert_true(w.requests >= 5);
	if (clock_boottime_ms() - began < 100 * (w.requests - 2))
		fail_msg("%d requests in %lld ms", w.requests,
		    (long long)(clock_boottime_ms() - began));
	rig_close(&rig);
	simhttpd_stop(sim);
}

/* ---- a large account ------------------------------------------------------------- */

#define MANY 20000
#define MANY_PAGES 20
static void
many_reply(void *arg, const char *request, const char *body,
    struct sim_reply *reply)
{
	const long long page = world_number(request, 4);
	struct buf *out = arg;

	(void)body;
	buf_reset(out);
	(void)buf_printf(out, "{\"success\":true,\"totalpages\":\"%d\","
	    "\"data\":[", MANY_PAGES);
	for (long long i = 0; i < MANY / MANY_PAGES; i++)
		(void)buf_printf(out, "%s" ROW("%lld", "9", "1795000001"),
		    i == 0 ? "" : ",", (page - 1) * (MANY / MANY_PAGES) + i);
	assert_true(buf_str(out, "]}"));
	*reply = (struct sim_reply){ .body = buf_text(out) };
}

static bool
count_answer(void *arg, const struct survey_answer *a)
{
	int *n = arg;
	long long id;

	assert_true(num_parse(a->answer_id, 0, MANY, &id));
	assert_int_equal(id, (*n)++);
	return true;
}

/* Each row once, and no more memory than a page or two need. */
static void
test_many(void **state)
{
	const struct pull pull = { .until = RIG_NOW };
	struct buf out;
	struct rig rig;
	int n = 0;

	(void)state;
	buf_init(&out, 4u << 20);
	struct simhttpd *sim = simhttpd_start_handler(many_reply, &out);
	rig_open(&rig, simhttpd_url(sim), "", 30);
	const struct asknicely *a = rig.self;
	if (!asknicely_survey.pull_answers(rig.self, &pull, count_answer, NULL,
	        &n, &rig.err))
		fail_msg("%s", rig.err.msg);
	assert_int_equal(n, MANY);
	assert_true(arena_used(a->page) < 2u << 20);
	assert_true(arena_used(a->item) < 65536);
	assert_true(arena_used(rig.scratch) < 65536);
	rig_close(&rig);
	simhttpd_stop(sim);
	buf_free(&out);
}

/* ---- broken pulls -------------------------------------------------------------- */

/* It goes on in the same window, with the watermark of its beginning. */
static void
test_resume(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = R("1"), .body = PAGE("1", "2", ROW("1", "9",
		    "1795000005")) },
		{ .want = R("2"), .status = 503 },
		{ .want = R("2"), .body = PAGE("2", "2", ROW("2", "9",
		    "1795000003")) } };
	struct simhttpd *sim = simhttpd_start(script, ARRAY_LEN(script));
	struct pull pull = { .until = RIG_NOW };
	struct seen seen = { .n = 0 };
	char resume[256];
	struct rig rig;

	(void)state;
	rig_open(&rig, simhttpd_url(sim), SMALL, 5);
	assert_false(answers(&rig, &pull, &seen));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	assert_string_equal(seen.watermark, "");
	(void)snprintf(resume, sizeof(resume), "%s", seen.resume);
	pull.resume = resume;
	rig.now += 86400;
	pull.until = rig.now;
	assert_true(answers(&rig, &pull, &seen));
	assert_string_equal(seen.ids, "1=9 2=9");
	assert_string_equal(seen.watermark, "2026-11-18T11:06:45Z");
	rig_done(&rig, sim, false);
}

/* A place that is none, of other pages, or gone: from the beginning. */
static void
test_resume_unfit(void **state)
{
	static const char *const places[] = { "", "x", ";", "1795572000;",
		"-1;0|2|1|0||", "1795572000;0000000000000000|2|2|0|-,-,|" };
	const struct pull whole = { .until = RIG_NOW };
	static const struct sim_reply script[] = {
		{ .want = R("1"), .body = PAGE("1", "1", ""), .repeat = 5 },
		{ .want = R("1"), .body = PAGE("1", "2", ROW("1", "9",
		    "1795000005")) },
		{ .want = R("2"), .status = 503 },
		{ .want = R("2"), .body = PAGE("1", "1", ROW("1", "9",
		    "1795000005")) },
		{ .want = R("1"), .body = PAGE("1", "1", ROW("1", "9",
		    "1795000005")) },
		{ .want = "GET /responses/asc/3/1/", .body = PAGE("1", "1",
		    "") } };
	struct simhttpd *sim = simhttpd_start(script, ARRAY_LEN(script));
	struct seen seen = { .n = 0 };
	char resume[256];
	struct rig rig;

	(void)state;
	rig_open(&rig, simhttpd_url(sim), SMALL, 5);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		const struct pull pull = { .until = RIG_NOW,
			.resume = places[i] };
		if (!answers(&rig, &pull, &seen))
			fail_msg("%s: %s", places[i], rig.err.msg);
	}
	assert_false(answers(&rig, &whole, &seen));
	(void)snprintf(resume, sizeof(resume), "%s", seen.resume);
	const struct pull pull = { .until = RIG_NOW, .resume = resume };
	seen = (struct seen){ .n = 0 };
	assert_true(answers(&rig, &pull, &seen));
	assert_string_equal(seen.ids, "1=9");
	rig.set.responses.pagesize = 3;
	assert_true(answers(&rig, &pull, &seen));
	rig_done(&rig, sim, false);
}

/* From the overlap before the watermark; a look back ends where that begins. */
static void
test_since(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "GET /responses/asc/2/1/1794996400/json/",
		    .body = PAGE("1", "1", "") },
		{ .want = "GET /responses/asc/2/1/1790000000/json/",
		    .body = PAGE("1", "1", ROW("1", "9", "1794996399") ","
			ROW("2", "9", "1794996400")) } };
	struct simhttpd *sim = simhttpd_start(script, ARRAY_LEN(script));
	struct pull pull = { .until = RIG_NOW,
		.watermark = "2026-11-18T11:06:40Z" };
	struct seen seen = { .n = 0 };
	struct rig rig;

	(void)state;
	rig_open(&rig, simhttpd_url(sim), SMALL, 5);
	assert_true(answers(&rig, &pull, &seen));
	assert_string_equal(seen.watermark, pull.watermark);
	pull.sweep = true;
	pull.from = 1790000000;
	assert_true(answers(&rig, &pull, &seen));
	assert_string_equal(seen.ids, "1=9");
	rig_done(&rig, sim, false);
}

static void
test_stopped(void **state)
{
	static const struct sim_reply reply = { .body = PAGE("1", "1",
	    ROW("1", "9", "1795000001") "," ROW("2", "9", "1795000002")) };
	const struct pull pull = { .until = RIG_NOW };
	struct simhttpd *sim = simhttpd_start(&reply, 1);
	struct seen seen = { .stop_after = 1 };
	struct rig rig;

	(void)state;
	rig_open(&rig, simhttpd_url(sim), "", 5);
	assert_false(answers(&rig, &pull, &seen));
	assert_int_equal(rig.err.kind, ERR_CANCELLED);
	assert_string_equal(seen.ids, "1=9");
	rig_done(&rig, sim, false);
}

/* ---- AN-5: answers stored elsewhere ------------------------------------------- */

struct stored_case {
	const char *name;
	const char *before, *after;	/* the port of the store; NULL = no header */
	bool allowed;
	struct sim_reply reply;	/* of the store */
	size_t n;
	enum err_kind kind;
	const char *words;
};

static const struct stored_case stored[] = {
	{ "fetched", "http://127.0.0.1:", "/file?sig=a%2Bb", true,
	    { .want = "GET /file?sig=a%2Bb HTTP/1.1\r\n",
	      .body = PAGE("1", "1", ROW("1", "9", "1795000001")) }, 1,
	    ERR_NONE, "" },
	{ "host not allowed", "http://127.0.0.1:", "/file", false, { 0 }, 0,
	    ERR_PROTOCOL, "not of responses.redirect_hosts" },
	{ "http", "http://b.s3.amazonaws.com:", "/file", true, { 0 }, 0,
	    ERR_PROTOCOL, "no https" },
	/* Met by fuzzing: they stood in the message. */
	{ "no text", "https://b.example\x86:", "/file", true, { 0 }, 0,
	    ERR_PROTOCOL, "not to an address" },
	{ "no URL", "http://127.0.0.1:", "/\"file", true, { 0 }, 0,
	    ERR_PROTOCOL, "not to an address" },
	{ "our key", "http://127.0.0.1:", "/x." RIG_KEY ".json", true, { 0 }, 0,
	    ERR_PROTOCOL, "our key" },
	{ "our key as its host", "https://" RIG_KEY ".example:", "/x", true, { 0 },
	    0, ERR_PROTOCOL, "our key" },
	{ "one hop", "http://127.0.0.1:", "/file", true,
	    { .status = 302, .headers = "Location: /again\r\n" }, 1,
	    ERR_RETRY, "HTTP 302" },
	{ "gone", "http://127.0.0.1:", "/file", true, { .status = 403 }, 1,
	    ERR_RETRY, "HTTP 403" },
	{ "no success", "http://127.0.0.1:", "/file", true,
	    { .body = "{\"data\":[]}" }, 1, ERR_PROTOCOL,
	    "expected \"success\"" },
	{ "no address", NULL, "", true, { 0 }, 0, ERR_PROTOCOL, "redirected" },
};

static void
stored_run(const struct stored_case *c)
{
	struct simhttpd *store = simhttpd_start(&c->reply, c->n);
	char location[200] = "", conf[200];
	const struct sim_reply reply = { .status = 302, .headers = location };
	struct simhttpd *sim = simhttpd_start(&reply, 1);
	const struct pull pull = { .until = RIG_NOW };
	struct seen seen = { .n = 0 };
	struct rig rig;

	if (c->before != NULL)
		(void)snprintf(location, sizeof(location),
		    "Location: %s%d%s\r\n", c->before, simhttpd_port(store),
		    c->after);
	(void)snprintf(conf, sizeof(conf), "responses = { redirect_hosts = [ "
	    "\".amazonaws.com\", \"127.0.0.1:%d\" ]; };",
	    c->allowed ? simhttpd_port(store) : 1);
	rig_open(&rig, simhttpd_url(sim), conf, 5);
	const bool ok = answers(&rig, &pull, &seen);
	if (ok != (c->kind == ERR_NONE) || (!ok && (rig.err.kind != c->kind ||
	        strstr(rig.err.msg, c->words) == NULL ||
	        strstr(rig.err.msg, "sig=") != NULL)))
		fail_msg("%s: %d %s", c->name, ok, rig.err.msg);
	assert_string_equal(seen.ids, ok ? "1=9" : "");
	assert_int_equal(simhttpd_requests(store), c->n);
	if (simhttpd_problem(store, true) != NULL)
		fail_msg("%s: %s", c->name, simhttpd_problem(store, true));
	for (size_t i = 0; i < c->n; i++) {
		assert_null(strcasestr(simhttpd_request(store, i), "apikey"));
		assert_null(strstr(simhttpd_request(store, i), RIG_KEY));
	}
	rig_done(&rig, sim, false);
	simhttpd_stop(store);
}

static void
test_an5_stored(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(stored); i++)
		stored_run(&stored[i]);
}

/* ---- AN-8: who unsubscribed ------------------------------------------------------ */

#define OUT(id, at) "{\"id\":\"" id "\",\"unsubscribetime\":\"" at \
	"\",\"email\":\"p" id "@example.com\"}"
#define U(page) "GET /contacts/unsubscribed?pagenumber=" page \
	"&pagesize=2 HTTP/1.1\r\n"
#define TWOS "unsubscribes = { pagesize = 2; };"
#define P(id) "p" id "@example.com"
#define NOW_TEXT "2026-11-25T02:00:00Z"
static const struct pull_case optout_pulls[] = {
	{ .name = "AN-8 two pages, an absurd time", .conf = TWOS, .script = {
	    { .want = U("1"), .body = LIST(OUT("1", "1452219376") ","
		OUT("2", "14522193485")) },
	    { .want = U("2"), .body = LIST(OUT("3", "never")) } },
	    .ids = P("1") " " P("2") " " P("3"), .watermark = NOW_TEXT,
	    .pages = 2 },
	{ .name = "AN-8 a full page and an empty one", .conf = TWOS,
	    .script = { { .want = U("1"), .body = LIST(OUT("1", "1") ","
		OUT("2", "")) }, { .want = U("2"), .body = LIST("") } },
	    .ids = P("1") " " P("2"), .watermark = NOW_TEXT, .pages = 2 },
	/* It gives less than we ask for: a short page is no end then. */
	{ .name = "capped", .conf = TWOS, .script = {
	    { .want = U("1"), .body = LIST(OUT("1", "1")) },
	    { .want = U("2"), .body = LIST(OUT("2", "1")) },
	    { .want = U("3"), .body = LIST("") } },
	    .ids = P("1") " " P("2"), .watermark = NOW_TEXT, .pages = 3 },
	{ .name = "nobody", .conf = "", .script = {
	    { .want = "GET /contacts/unsubscribed?pagenumber=1&pagesize=1000 "
		"HTTP/1.1\r\n", .body = LIST("") } }, .ids = "",
	    .watermark = NOW_TEXT, .pages = 1 },
	{ .name = "pages ignored", .conf = TWOS, .script = {
	    { .body = LIST(OUT("1", "1") "," OUT("2", "1")) },
	    { .body = LIST(OUT("1", "1") "," OUT("2", "1")) } },
	    .ids = P("1") " " P("2"), .pages = 1, .kind = ERR_PROTOCOL,
	    .words = "once more" },
	/* Capped too: whether there are others is not known. */
	{ .name = "the same page for ever", .conf = TWOS, .script = {
	    { .body = LIST(OUT("1", "1")) },
	    { .body = LIST(OUT("1", "1")) } }, .ids = P("1"), .pages = 1,
	    .kind = ERR_PROTOCOL, .words = "once more" },
	{ .name = "no address", .conf = "", .script = {
	    { .body = LIST("{\"id\":\"7\"},null," OUT("1", "1")
		",{\"id\":8,\"email\":\"\"}") }, { .body = LIST("") } },
	    .ids = P("1"), .watermark = NOW_TEXT, .pages = 2, .bad = 3 },
	{ .name = "no success", .conf = "", .script = {
	    { .body = "{\"success\":false,\"data\":[]}" } }, .ids = "",
	    .kind = ERR_PROTOCOL, .words = "expected \"success\"" },
	{ .name = "no list", .conf = "", .script = {
	    { .body = "{\"success\":true}" } }, .ids = "",
	    .kind = ERR_PROTOCOL, .words = "a list at \"data\"" },
	{ .name = "redirected", .conf = "", .script = { { .status = 302,
	    .headers = "Location: https://b.s3.amazonaws.com/x\r\n" } },
	    .ids = "", .kind = ERR_CONFIG, .words = "HTTP 302" },
	{ .name = "broken in the middle", .conf = TWOS, .script = {
	    { .body = LIST(OUT("1", "1") "," OUT("2", "1")) },
	    { .status = 503 } }, .ids = P("1") " " P("2"), .pages = 1,
	    .kind = ERR_RETRY, .words = "HTTP 503" },
};

static void
test_an8_optouts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(optout_pulls); i++)
		pull_run(&optout_pulls[i], optouts);
}

/* Broken off, it is read from its first page; a look back asks nothing. */
static void
test_optouts_again(void **state)
{
	static const struct sim_reply reply = { .want = U("1"),
		.body = LIST("") };
	struct simhttpd *sim = simhttpd_start(&reply, 1);
	struct pull pull = { .until = RIG_NOW, .resume = "again" };
	struct seen seen = { .n = 0 };
	struct rig rig;

	(void)state;
	rig_open(&rig, simhttpd_url(sim), TWOS, 5);
	assert_true(optouts(&rig, &pull, &seen));
	pull.sweep = true;
	assert_true(optouts(&rig, &pull, &seen));
	assert_string_equal(seen.watermark, NOW_TEXT);
	rig_done(&rig, sim, false);
}

static void
test_optout_times(void **state)
{
	static const struct { const char *at; time_t time; } cases[] = {
		{ LIST(OUT("1", "1452219376")), 1452219376 },
		{ LIST(OUT("1", "14522193485")), NO_TIME },
		{ LIST(OUT("1", "")), NO_TIME } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script[] = { { .body = cases[i].at },
			{ .body = LIST("") } };
		struct simhttpd *sim = simhttpd_start(script, 2);
		const struct pull pull = { .until = RIG_NOW };
		struct seen seen = { .n = 0 };
		struct rig rig;

		rig_open(&rig, simhttpd_url(sim), "", 5);
		assert_true(optouts(&rig, &pull, &seen));
		assert_int_equal(seen.n, 1);
		assert_int_equal(seen.last_at, cases[i].time);
		rig_done(&rig, sim, false);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_totals_over_a_resume),
		cmocka_unit_test(test_fault_then_anew),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_an13_arrivals),
		cmocka_unit_test(test_rate_of_reads),
		cmocka_unit_test(test_reads_keep_their_rate),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_resume_unfit),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_an5_stored),
		cmocka_unit_test(test_an8_optouts),
		cmocka_unit_test(test_optouts_again),
		cmocka_unit_test(test_optout_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
