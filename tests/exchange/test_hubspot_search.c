/*
 * HubSpot, searches: exact bodies, pages, slices of time, and what a night of
 * trouble leaves behind.  HS-nn: the pitfall's number.
 *
 * The server holds tickets with an id and a time in ms, and searches them as the
 * service says it does.
 */
#include "hubspot/rig.h"

#include "json.h"
#include "num.h"

#define TICKETS "meetings = false; deals = false; "
#define NIGHT "2026-11-24T00:50:00Z"	/* a watermark: begin 23:50 of the 23rd */
#define BEGIN_MS 1795477800000LL
#define UNTIL_MS 1795571400000LL	/* 01:50 of the 25th */
#define ROWS_MAX 30000

static struct rig rig;
static struct ticket {
	long long id, ms;
	bool late;		/* not in the index yet */
} tickets[ROWS_MAX];
static size_t n_tickets;
static int moves;		/* so many times a row leaves between two pages */
static bool forgets_last;	/* a page lacks its last row */
static bool compares_text;	/* GT goes by letters, the order by numbers */
static int searches;

/* ---- the service ----------------------------------------------------------------- */
struct asked {
	long long from, until, above, after, limit;
	bool windowed;
};

static long long
number(json_t *node)
{
	const char *text = json_string_value(node);
	long long n = 0;

	if (node != NULL && (text == NULL ||
	    !num_parse(text, 0, INT64_MAX, &n)))
		fail_msg("expected a number as a text");
	return n;
}

static struct asked
read_body(const char *text)
{
	struct asked a = { .until = INT64_MAX, .above = -1 };
	struct json_doc *doc = NULL;
	struct err err;
	json_t *filter;
	size_t i;

	if (!json_parse(text, strlen(text), &doc, &err))
		fail_msg("%s: %s", err.msg, text);
	json_t *root = json_root(doc);
	a.after = number(json_object_get(root, "after"));
	a.limit = json_integer_value(json_object_get(root, "limit"));
	json_array_foreach(json_at(root, "/filterGroups/0/filters"), i,
	    filter) {
		const char *op = json_string_value(json_object_get(filter,
		    "operator"));
		if (strcmp(op, "BETWEEN") == 0) {
			a.from = number(json_object_get(filter, "value"));
			a.until = number(json_object_get(filter, "highValue"));
			a.windowed = true;
		} else if (strcmp(op, "GT") == 0) {
			a.above = number(json_object_get(filter, "value"));
		}
	}
	json_free(doc);
	return a;
}

static bool
is_above(long long id, long long above)
{
	char a[32], b[32];

	if (!compares_text || above <= 0)
		return id > above;
	(void)snprintf(a, sizeof(a), "%lld", id);
	(void)snprintf(b, sizeof(b), "%lld", above);
	return strcmp(a, b) > 0;
}

static bool
is_found(const struct ticket *t, const struct asked *a)
{
	return t->id != 0 && !t->late && t->ms >= a->from && t->ms <= a->until &&
	    is_above(t->id, a->above);
}

/* Somebody changes one that a page has told already. */
static void
move_one(const struct asked *a)
{
	for (size_t i = 0; i < n_tickets; i++)
		if (is_found(&tickets[i], a)) {
			tickets[i].ms = UNTIL_MS + 1000;
			return;
		}
}

static void
put_row(struct buf *out, const struct ticket *t)
{
	buf_printf(out, "%s{\"id\":\"%lld\",\"properties\":{"
	    "\"hs_pipeline_stage\":\"4\",\"hs_lastmodifieddate\":\"%lld\"}}",
	    out->s[out->len - 1] == '}' ? "," : "", t->id, t->ms);
}

/* The total, and in *given the rows of this page. */
static long long
put_rows(struct buf *out, const struct asked *a, long long *given)
{
	long long total = 0;

	for (size_t i = 0; i < n_tickets; i++) {
		if (!is_found(&tickets[i], a) || total++ < a->after ||
		    *given == a->limit)
			continue;
		if (++*given < a->limit || !forgets_last)
			put_row(out, &tickets[i]);
	}
	return total;
}

static bool
answer(struct rig *r, const char *asked, struct sim_reply *reply)
{
	struct buf out;
	long long total, given = 0;

	if (strstr(asked, "POST " OBJ "/tickets/search ") != asked)
		return false;
	const struct asked a = read_body(strchr(asked, '{'));
	searches++;
	if (a.after > 0 && moves > 0 && moves-- > 0)
		move_one(&a);
	buf_init(&out, 16 << 20);
	buf_str(&out, "{\"results\":[");
	total = put_rows(&out, &a, &given);
	buf_printf(&out, "],\"total\":%lld", total);
	if (a.after + given < total)
		buf_printf(&out, ",\"paging\":{\"next\":{\"after\":\"%lld\"}}",
		    a.after + given);
	buf_str(&out, "}");
	*reply = (struct sim_reply){ .headers = RIG_DATE,
		.body = arena_strdup(r->reply, buf_text(&out)) };
	if (total > 10000 && a.after >= 10000)
		*reply = (struct sim_reply){ .status = 400, .body = "{}" };
	buf_free(&out);
	return true;
}

static void
begin(const char *conf)
{
	char all[256];

	rig = (struct rig){ .answer = answer };
	searches = moves = 0;
	forgets_last = compares_text = false;
	(void)snprintf(all, sizeof(all), TICKETS "%s", conf);
	rig_open(&rig, all, NULL, 0);
}

static void
fill(size_t n, long long from_ms, long long step_ms)
{
	n_tickets = n;
	for (size_t i = 0; i < n; i++)
		tickets[i] = (struct ticket){ .id = 7000000000LL + (long long)i,
			.ms = from_ms + (long long)i * step_ms };
}

/* Each ticket once, none twice. */
static void
all_seen(size_t n)
{
	size_t lines = 0;
	char line[64];

	for (const char *p = buf_text(&rig.seen); *p != '\0'; p++)
		lines += *p == '\n';
	if (lines != n)
		fail_msg("%zu events, wanted %zu", lines, n);
	for (size_t i = 0; i < n_tickets; i += 1 + n_tickets / 50) {
		(void)snprintf(line, sizeof(line), "case %lld -",
		    tickets[i].id);
		assert_non_null(strstr(buf_text(&rig.seen), line));
	}
}

/* ---- bodies and cursors ------------------------------------------------------------ */
static void
test_body_and_window(void **state)
{
	(void)state;
	n_tickets = 0;
	begin("window_s = 86400;");
	rig_good(&rig, rig_events(&rig, NIGHT));
	assert_int_equal(rig_count(&rig, "POST " OBJ "/tickets/search "
	    "{\"filterGroups\":[{\"filters\":[{\"propertyName\":"
	    "\"hs_lastmodifieddate\",\"operator\":\"BETWEEN\",\"value\":"
	    "\"1795477800000\",\"highValue\":\"1795564199999\"},"
	    "{\"propertyName\":\"hs_pipeline_stage\",\"operator\":\"IN\","
	    "\"values\":[\"4\"]}]}],\"sorts\":[{\"propertyName\":"
	    "\"hs_object_id\",\"direction\":\"ASCENDING\"}],\"properties\":["
	    "\"hs_pipeline_stage\",\"hubspot_owner_id\","
	    "\"hs_lastmodifieddate\",\"createdate\",\"closed_date\","
	    "\"hs_ticket_category\",\"hs_v2_date_entered_4\"],"
	    "\"limit\":200}\n"), 1);
	/* The rest of it, up to upper_margin_s below the service's time. */
	assert_int_equal(rig_count(&rig, "\"value\":\"1795564200000\","
	    "\"highValue\":\"1795571399999\""), 1);
	assert_int_equal(searches, 2);
	assert_string_equal(rig.watermark, "2026-11-25T01:00:00Z");
	assert_string_equal(rig.resume, "");
	rig_close(&rig);
}

/* HS-01 */
static void
test_short_and_empty_pages_with_a_cursor(void **state)
{
	static const struct route routes[] = {
		{ .match = "\"limit\":200}", .times = 1, .body = "{\"total\":2,"
		    "\"results\":[],\"paging\":{\"next\":{\"after\":200}}}" },
		{ .match = "\"after\":\"200\"}", .body = "{\"total\":2,"
		    "\"results\":[" ROW("7", "\"hs_pipeline_stage\":\"4\","
		    "\"hs_lastmodifieddate\":\"2026-11-24T10:00:00Z\"") "],"
		    "\"paging\":{\"next\":{\"after\":\"400\",\"link\":"
		    "\"https://evil.example/\"}}}" },
		{ .match = "\"after\":\"400\"}", .body = FOUND(2, ROW("8",
		    "\"hs_pipeline_stage\":\"4\",\"hs_lastmodifieddate\":"
		    "\"2026-11-24T10:00:00.123Z\"")) } };

	(void)state;
	rig = (struct rig){ .answer = NULL };
	rig_open(&rig, TICKETS "window_s = 86400;", routes,
	    ARRAY_LEN(routes));
	rig_good(&rig, rig_events(&rig, NIGHT));
	rig_is(&rig.seen, "case 7 - -/4 by - at 2026-11-24T10:00:00Z closed -\n"
	    "case 8 - -/4 by - at 2026-11-24T10:00:00Z closed -\n");
	rig_close(&rig);
}

/* HS-02 */
static void
test_a_cursor_that_leads_back_ends_with_an_error(void **state)
{
	static const struct { const char *conf, *words; struct route routes[2]; }
	    all[] = {
		{ "", "leads back", { { .match = "/search", .body =
		    "{\"total\":900,\"results\":[],\"paging\":{\"next\":{"
		    "\"after\":\"200\"}}}" } } },
		/* More is said to come, and not where: no end. */
		{ "", "expected a text or a number \"after\"", { { .match =
		    "/search", .body = "{\"total\":2,\"results\":[],\"paging\":{"
		    "\"next\":{\"after\":null}}}" } } },
		{ "", "expected a text or a number \"after\"", { { .match =
		    "/search", .body = "{\"total\":2,\"results\":[],\"paging\":{"
		    "\"next\":{\"link\":\"x\"}}}" } } },
		{ "", "leads back", { { .match = "\"after\":\"200\"", .body =
		    "{\"total\":900,\"results\":[],\"paging\":{\"next\":{"
		    "\"after\":\"400\"}}}" }, { .match = "/search", .body =
		    "{\"total\":900,\"results\":[],\"paging\":{\"next\":{"
		    "\"after\":\"200\"}}}" } } } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		rig = (struct rig){ .answer = NULL };
		rig_open(&rig, TICKETS, all[i].routes, all[i].routes[1].match ==
		    NULL ? 1 : 2);
		rig_fails(&rig, rig_events(&rig, NIGHT), ERR_PROTOCOL,
		    all[i].words);
		assert_true(rig_count(&rig, "/search") < 12);
		assert_string_equal(rig.watermark, "");
		rig_close(&rig);
	}
}

static bool
counts_on(struct rig *r, const char *asked, struct sim_reply *reply)
{
	if (strstr(asked, "/search ") == NULL)
		return false;
	*reply = (struct sim_reply){ .headers = RIG_DATE,
		.body = arena_printf(r->reply, "{\"total\":5,\"results\":[],"
		    "\"paging\":{\"next\":{\"after\":\"%d\"}}}", ++searches) };
	return true;
}

/* HS-02 */
static void
test_pages_without_end_stop_at_max_pages(void **state)
{
	(void)state;
	rig = (struct rig){ .answer = counts_on };
	rig_open(&rig, TICKETS "max_pages = 25;", NULL, 0);
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_PROTOCOL,
	    "25 pages, and no end (max_pages)");
	assert_int_equal(rig_count(&rig, "/search"), 25);
	rig_close(&rig);
}

static void
test_no_search_beyond_3000_characters(void **state)
{
	(void)state;
	n_tickets = 0;
	begin("");
	struct strlist *list = &rig.set.ticket_closed_stages;
	const char **ids = arena_array(rig.arena, 40, sizeof(*ids));
	const char *filler = arena_printf(rig.arena, "%064d", 0);
	struct buf pipeline;

	buf_init(&pipeline, 1 << 16);
	buf_str(&pipeline, "{\"results\":[{\"stages\":[");
	for (size_t i = 0; i < 40; i++) {
		ids[i] = arena_printf(rig.arena, "%.60s%02zu", filler, i);
		buf_printf(&pipeline, "%s{\"id\":\"%s\"}", i > 0 ? "," : "",
		    ids[i]);
	}
	buf_str(&pipeline, "]}]}");
	*list = (struct strlist){ ids, 40 };
	const struct route routes[] = { { .match = "/pipelines/",
		.body = buf_text(&pipeline) } };
	rig.routes = routes;
	rig.n = 1;
	rig_good(&rig, rig_events(&rig, NIGHT));
	for (const char *p = buf_text(&rig.log), *end; *p != '\0'; p = end + 1) {
		end = strchr(p, '\n');
		assert_true(end - p < 3100);
	}
	buf_free(&pipeline);
	rig_close(&rig);
}

/* ---- slices -------------------------------------------------------------------------- */
/* HS-03 */
static void
test_12000_rows_in_a_window_are_halved(void **state)
{
	(void)state;
	fill(12000, BEGIN_MS + 1000, 250);	/* 50 minutes */
	begin("");
	rig_good(&rig, rig_events(&rig, NIGHT));
	all_seen(12000);
	assert_int_equal(rig_count(&rig, "\"after\":\"9"), 0);
	rig_close(&rig);
}

/* HS-03: down to one second, and to one millisecond. */
static void
test_12000_rows_in_a_second_are_halved(void **state)
{
	(void)state;
	fill(12000, BEGIN_MS + 5000000, 0);
	for (size_t i = 0; i < 12000; i++)
		tickets[i].ms += (long long)i % 1000;
	begin("");
	rig_good(&rig, rig_events(&rig, NIGHT));
	all_seen(12000);
	rig_close(&rig);
}

/* Of one millisecond: by their ids, each once. */
static void
test_25000_rows_of_one_moment_go_by_ids(void **state)
{
	(void)state;
	fill(25000, BEGIN_MS + 5000000, 0);
	begin("");
	rig_good(&rig, rig_events(&rig, NIGHT));
	all_seen(25000);
	assert_true(rig_count(&rig, "{\"propertyName\":\"hs_object_id\","
	    "\"operator\":\"GT\",\"value\":\"7") >= 2);
	rig_close(&rig);
}

/* Where ids are compared in another way than they are sorted, rows would be
 * lost: the reading ends with an error instead. */
/* A service that gives fewer rows for a search is not asked for more. */
static void
test_search_max_bounds_the_pages_by_ids(void **state)
{
	(void)state;
	fill(5000, BEGIN_MS + 5000000, 0);
	begin("search_max = 1000; split_total = 9000;");
	rig_good(&rig, rig_events(&rig, NIGHT));
	all_seen(5000);
	assert_int_equal(rig_count(&rig, "\"after\":\"1000\""), 0);
	rig_close(&rig);
}

static void
test_ids_in_another_order_lose_nothing_silently(void **state)
{
	(void)state;
	fill(25000, BEGIN_MS + 5000000, 0);
	for (size_t i = 0; i < 25000; i++)
		tickets[i].id = 90000 + (long long)i;
	begin("");
	compares_text = true;
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_RETRY, "of 25000 announced "
	    "only");
	assert_string_equal(rig.watermark, "");
	rig_close(&rig);
}

static void
test_quiet_months_take_few_searches(void **state)
{
	struct pull pull;

	(void)state;
	fill(3, BEGIN_MS, 1000);
	begin("");
	pull = rig_pull(&rig, NULL);
	pull.from = 1767225600;			/* 2026-01-01 */
	rig_good(&rig, rig.crm.pull_events(rig.self, &pull, rig_event,
	    rig_checkpoint, &rig, &rig.err));
	all_seen(3);
	assert_true(searches < 20);
	rig_close(&rig);
}

/* ---- rows that change meanwhile ------------------------------------------------------- */
/* One leaves the slice between two pages: all behind it move up by one, and one
 * slips over the edge. */
static void
none_lost(const char *seen)
{
	char line[64];

	for (size_t i = 0; i < n_tickets; i++) {
		(void)snprintf(line, sizeof(line), "case %lld -",
		    tickets[i].id);
		if (tickets[i].ms < UNTIL_MS && strstr(seen, line) == NULL)
			fail_msg("lost: %s", line);
	}
}

static void
test_rows_that_leave_between_pages(void **state)
{
	static const char *const confs[] = { "", "check_total = false;" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(confs); i++) {
		fill(900, BEGIN_MS + 1000, 1000);
		begin(confs[i]);
		moves = 3;
		rig_good(&rig, rig_events(&rig, NIGHT));
		/* Those that left are met by the next pass. */
		none_lost(buf_text(&rig.seen));
		rig_close(&rig);
	}
}

static void
test_a_row_on_two_pages_is_told_once(void **state)
{
#define SEVEN ROW("7", "\"hs_pipeline_stage\":\"4\",\"hs_lastmodifieddate\":" \
	"\"2026-11-24T10:00:00Z\"")
	static const struct route routes[] = {
		{ .match = "\"limit\":200}", .times = 1, .body = "{\"total\":2,"
		    "\"results\":[" SEVEN "],\"paging\":{\"next\":{\"after\":"
		    "\"1\"}}}" }, { .match = "\"after\":\"1\"}", .body =
		    FOUND(2, SEVEN "," ROW("8", "\"hs_pipeline_stage\":\"4\","
		    "\"hs_lastmodifieddate\":\"2026-11-24T10:00:00Z\"")) } };

	(void)state;
	rig = (struct rig){ .answer = NULL };
	rig_open(&rig, TICKETS "window_s = 86400;", routes,
	    ARRAY_LEN(routes));
	rig_good(&rig, rig_events(&rig, NIGHT));
	rig_is(&rig.seen, "case 7 - -/4 by - at 2026-11-24T10:00:00Z closed -\n"
	    "case 8 - -/4 by - at 2026-11-24T10:00:00Z closed -\n");
	rig_close(&rig);
}

static void
test_a_row_that_is_announced_and_does_not_come(void **state)
{
	(void)state;
	fill(250, BEGIN_MS + 5000000, 0);
	begin("");
	forgets_last = true;
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_RETRY, "of 250 announced "
	    "only 249 came (check_total)");
	assert_string_equal(rig.watermark, "");
	rig_close(&rig);
	begin("check_total = false;");
	forgets_last = true;
	rig_good(&rig, rig_events(&rig, NIGHT));
	all_seen(249);
	rig_close(&rig);
}

/* HS-04: changed at 01:45 or 01:25, known to the search after 02:00, when the
 * pass is. */
static void
test_a_row_indexed_20_minutes_late_is_found_once(void **state)
{
	static const long long changed[] = { 1795571100000LL, 1795569900000LL };
	char mark[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changed); i++) {
		fill(1, changed[i], 0);
		tickets[0].late = true;
		begin("");
		rig_good(&rig, rig_events(&rig, NIGHT));
		rig_is(&rig.seen, "");
		(void)snprintf(mark, sizeof(mark), "%s", rig.watermark);
		rig_close(&rig);
		tickets[0].late = false;
		begin("");
		rig_good(&rig, rig_events(&rig, mark));
		all_seen(1);
		rig_close(&rig);
	}
}

/* ---- broken passes -------------------------------------------------------------------- */
static void
test_a_broken_pass_goes_on_where_it_was(void **state)
{
	char resume[1024];

	(void)state;
	fill(2000, BEGIN_MS + 1000, 45000);
	begin("");
	rig.stop_page = 6;
	rig_fails(&rig, rig_events(&rig, NIGHT), ERR_CANCELLED, "stopped");
	assert_true(rig.resume[0] != '\0' && rig.watermark[0] == '\0');
	(void)snprintf(resume, sizeof(resume), "%s", rig.resume);
	char *first = arena_strdup(rig.arena, buf_text(&rig.seen));
	assert_non_null(first);
	struct buf before;
	buf_init(&before, 1 << 20);
	buf_str(&before, first);
	rig_close(&rig);

	begin("");
	struct pull pull = rig_pull(&rig, NIGHT);
	pull.resume = resume;
	pull.until = rig.now = RIG_NOW + 3600;
	rig_good(&rig, rig.crm.pull_events(rig.self, &pull, rig_event,
	    rig_checkpoint, &rig, &rig.err));
	buf_str(&before, buf_text(&rig.seen));
	none_lost(buf_text(&before));
	assert_int_equal(rig_count(&rig, "\"value\":\"1795477800000\""), 0);
	/* As of the pass that broke: what came since is the next one's. */
	assert_string_equal(rig.watermark, "2026-11-25T01:00:00Z");
	buf_free(&before);
	rig_close(&rig);
}

static void
test_a_place_of_another_is_gone(void **state)
{
	static const char *const texts[] = { "x", "-,5,|nobody,3", "-,5,|tickets0",
		"-,5,|tickets0,x", "|" };

	(void)state;
	n_tickets = 0;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		begin("");
		struct pull pull = rig_pull(&rig, NIGHT);
		pull.resume = texts[i];
		rig_fails(&rig, rig.crm.pull_events(rig.self, &pull, rig_event,
		    rig_checkpoint, &rig, &rig.err), ERR_GONE, "not understood");
		rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_body_and_window),
		cmocka_unit_test(test_short_and_empty_pages_with_a_cursor),
		cmocka_unit_test(
		    test_a_cursor_that_leads_back_ends_with_an_error),
		cmocka_unit_test(test_pages_without_end_stop_at_max_pages),
		cmocka_unit_test(test_no_search_beyond_3000_characters),
		cmocka_unit_test(test_12000_rows_in_a_window_are_halved),
		cmocka_unit_test(test_12000_rows_in_a_second_are_halved),
		cmocka_unit_test(test_25000_rows_of_one_moment_go_by_ids),
		cmocka_unit_test(test_search_max_bounds_the_pages_by_ids),
		cmocka_unit_test(
		    test_ids_in_another_order_lose_nothing_silently),
		cmocka_unit_test(test_quiet_months_take_few_searches),
		cmocka_unit_test(test_rows_that_leave_between_pages),
		cmocka_unit_test(test_a_row_on_two_pages_is_told_once),
		cmocka_unit_test(test_a_row_that_is_announced_and_does_not_come),
		cmocka_unit_test(
		    test_a_row_indexed_20_minutes_late_is_found_once),
		cmocka_unit_test(test_a_broken_pass_goes_on_where_it_was),
		cmocka_unit_test(test_a_place_of_another_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
