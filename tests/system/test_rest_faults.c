/*
 * One of two CRMs is wrong: its profile, or what it answers.  It stops with one
 * line; the other one is read, its people are asked, its answers written back.
 *
 * Both are one server of ours, /good and /bad.  For each fault there is a night
 * with one more deal in either; the answer to the last one comes by day.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "buf.h"
#include "npsync.h"
#include "place.h"
#include "simhttpd.h"

#define DAYS_MAX 10
#define BEFORE 9		/* a person whose deal is older than npsync */
#define ROWS_JUDGED 100		/* MAP_ROWS_JUDGED, which a profile promises */

/* ---- the CRMs ------------------------------------------------------------------ */
enum lie { LIE_NONE, LIE_NEXT_ELSEWHERE, LIE_SAME_PAGE };

static struct world {
	struct place place;
	struct simhttpd *sim;
	struct buf answer;
	char tags[DAYS_MAX][256];	/* of the good cards, as JSON */
	int days;			/* so many deals are closed, one a day */
	enum lie lie;			/* of the bad one */
	int writes_to_bad;
} w;

/* Nights to Wednesday 2 to Friday 4 and Monday 7 to Friday 11, ... */
static int
day_of_month(int night)
{
	return night < 3 ? 2 + night : night < 8 ? 4 + night : 6 + night;
}

/* Deal n was closed on the day before the night n. */
static void
put_deal(int n)
{
	buf_printf(&w.answer, ", {\"id\": %d, \"person\": {\"id\": %d}, "
	    "\"closed\": \"2026-12-%02dT10:00:00Z\"%s}", n + 1, n,
	    day_of_month(n) - 1, n % 2 == 0 ? "" : ", \"stage\": \"won\"");
}

static void
put_deals(const char *request, bool bad)
{
	buf_str(&w.answer, "{\"items\": [");
	/* About nobody, and long ago: what makes a listing long. */
	for (int i = 0; bad && i < ROWS_JUDGED; i++)
		buf_printf(&w.answer, "{\"id\": %d, \"person\": null, "
		    "\"closed\": \"2026-01-01T10:00:00Z\", \"stage\": \"open\"}, ",
		    1000 + i);
	/* Won the day before the first run, which asks nobody. */
	buf_printf(&w.answer, "{\"id\": 500, \"person\": {\"id\": %d}, "
	    "\"closed\": \"2026-11-30T10:00:00Z\"}", BEFORE);
	for (int i = 0; i < w.days; i++)
		put_deal(i);
	buf_str(&w.answer, "]");
	if (bad && w.lie == LIE_NEXT_ELSEWHERE)
		buf_str(&w.answer, ", \"next\": \"http://127.0.0.2:9/"
		    "deals?page=2\"");
	buf_str(&w.answer, "}");
	if (strstr(request, "page=") != NULL && w.lie != LIE_SAME_PAGE &&
	    strstr(request, "page=1 ") == NULL) {
		buf_reset(&w.answer);
		buf_str(&w.answer, "{\"items\": []}");
	}
}

static void
put_card(bool bad, int n)
{
	buf_printf(&w.answer, "{\"id\": %d, \"name\": \"%s %d\", \"mail\": "
	    "\"%s%d@%s%d.example\", \"lang\": \"da\", \"tags\": [%s]}", n,
	    bad ? "Bo" : "Gerda", n, bad ? "bo" : "gerda", n,
	    bad ? "bad" : "good", n, bad ? "" : w.tags[n]);
}

static void
take_tags(const char *body, int n)
{
	const char *from = strchr(body, '['), *to = strchr(body, ']');

	if (from != NULL && to != NULL)
		(void)snprintf(w.tags[n], sizeof(w.tags[n]), "%.*s",
		    (int)(to - from - 1), from + 1);
}

static void
serve(void *arg, const char *request, const char *body, struct sim_reply *reply)
{
	const bool bad = strstr(request, " /bad/") != NULL;
	const bool is_get = strncmp(request, "GET ", 4) == 0;
	const char *people = strstr(request, "/people/");
	const int n = people == NULL ? 0 : people[8] - '0';

	(void)arg;
	*reply = (struct sim_reply){ 0 };
	buf_reset(&w.answer);
	w.writes_to_bad += bad && !is_get;
	if (strstr(request, "/me ") != NULL)
		buf_str(&w.answer, "{}");
	else if (strstr(request, "/deals") != NULL)
		put_deals(request, bad);
	else if (n < 0 || n >= DAYS_MAX)
		reply->status = 404;
	else {
		if (!is_get)
			take_tags(body, n);
		put_card(bad, n);
	}
	reply->body = buf_text(&w.answer);
}

/* ---- profiles -------------------------------------------------------------------- */
#define HEAD "summary = \"a test's\"; timezone = \"UTC\";\n" \
    "auth = { style = \"header\"; header = \"X-Key\"; };\n" \
    "check = { path = \"/me\"; };\n"
#define DEALS(path_, paging_, more_) "events = ( { name = \"deals\"; " \
    "trigger = \"sale\";\n" \
    "  read = { request = {\n" \
    "      path = \"" path_ "\"; rows = [ \"/items\" ]; };\n" \
    "    paging = { " paging_ " }; id = [ \"/id\" ]; };\n" \
    more_ \
    "  stage = [ \"/stage\", \"\" ]; } );\n"
#define PERSON "  contact = [ \"/person/id\", \"\" ];\n"
#define CLOSED "  occurred_at = [ \"/closed\" ];\n"
#define CARDS "contacts = { by_id = { request = { path = \"/people/{id}\"; " \
    "}; id = [ \"/id\" ]; at = [ \".\" ]; };\n" \
    "  fields = { full_name = [ \"/name\" ]; email = [ \"/mail\" ]; " \
    "language = [ \"/lang\" ]; tags = [ \"/tags.*\", \"\" ]; }; };\n" \
    "tags = { style = \"list\"; at = [ \"/tags\" ];\n" \
    "  read = { path = \"/people/{contact_id}\"; };\n" \
    "  write = { method = \"PUT\"; path = \"/people/{contact_id}\"; " \
    "json = \"{\\\"tags\\\": \\\"{tags:list}\\\"}\"; }; };\n"
#define ONE_PAGE "kind = \"none\";"
/* "open" is no trigger, whatever else is won. */
#define BY_STAGE "events = ( { name = \"deals\"; trigger_at = [ \"/stage\" ];\n" \
    "  read = { request = { path = \"/deals\"; rows = [ \"/items\" ]; };\n" \
    "    paging = { kind = \"none\"; }; id = [ \"/id\" ]; };\n" PERSON CLOSED \
    "  values = ( { field = \"trigger\"; from = \"open\"; to = \"\"; }, " \
    "{ field = \"trigger\"; from = \"*\"; to = \"sale\"; },\n" \
    "    { field = \"trigger\"; from = \"\"; to = \"sale\"; } ); } );\n"
#define SOUND HEAD DEALS("/deals", ONE_PAGE, PERSON CLOSED) CARDS

static void
put_profile(const char *name, const char *text)
{
	char path[500];

	(void)snprintf(path, sizeof(path), "%s/%s.conf", w.place.dir, name);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

/* Two CRMs instead of the demo's, the bad one first. */
static void
put_crms(void)
{
	char crms[2000], crm[2][800];

	for (int i = 0; i < 2; i++)
		(void)snprintf(crm[i], sizeof(crm[i]), "{ name = \"%s\"; "
		    "driver = \"rest\"; profile = \"%s.conf\"; base_url = "
		    "\"%s/%s\"; secret = \"file:%s\"; backoff_s = 0.0; rate_per_second = "
		    "10.0; }",
		    i == 0 ? "bad" : "good", i == 0 ? "bad" : "good",
		    simhttpd_url(w.sim), i == 0 ? "bad" : "good", w.place.key);
	(void)snprintf(crms, sizeof(crms), "crm = ( %s, %s ); /*", crm[0],
	    crm[1]);
	place_edit(&w.place, "crm = ( {", crms);
	place_edit(&w.place, "survey = {", "*/ survey = {");
}

/* ---- nights ---------------------------------------------------------------------- */
static void
clock_to(int day, const char *utc)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "2026-12-%02dT%s:00Z", day, utc);
	place_clock(&w.place, text);
}

static size_t
asked(const char *who)
{
	size_t n, found = 0;
	const struct simproc_line *lines = simproc_ledger(w.place.sim, &n);

	for (size_t i = 0; i < n; i++)
		found += lines[i].kind == SIMPROC_RESPONDENT &&
		    strncmp(lines[i].email, who, strlen(who)) == 0;
	return found;
}

/* One more deal in either CRM, and the night after it. */
static const struct runproc *
night(int code)
{
	const int day = day_of_month(w.days++);
	char now[32];

	clock_to(day, "02:10");
	(void)snprintf(now, sizeof(now), "2026-12-%02dT03:10", day);
	return place_run(&w.place, now, code, "run night");
}

/* Who was asked last says 9. */
static void
answer(void)
{
	const int day = day_of_month(w.days - 1);

	clock_to(day, "11:00");
	simproc_tell(w.place.sim, "answer", "{\"email\": \"gerda%d@good%d.example\","
	    " \"rating\": 9, \"campaignId\": 7750, \"at\": "
	    "\"2026-12-%02dT10:00:00Z\"}", w.days - 1, w.days - 1, day);
}

/* Of all that standard error has, the line for whoever started it, and one of
 * the log for the connector; both say the same. */
static void
says_once(const char *text, const char *part)
{
	const char *last = strstr(text, "npsync: ");
	size_t lines = 0;

	assert_non_null(last);
	says_one_line(last, part);
	for (const char *s = text; s < last; s = strchr(s, '\n') + 1)
		lines += strstr(s, "connector=bad") != NULL &&
		    strstr(s, "connector=bad") < strchr(s, '\n');
	if (lines != 1)
		fail_msg("%zu lines of the connector:\n%s", lines, text);
	says(text, part);
	assert_null(strstr(text, "connector=good"));
}

/* The good CRM came to its end: its deal became a survey, the answer to the last
 * one a tag on the card. */
static void
goes_on(const char *part)
{
	const size_t before = asked("gerda"), bad = asked("bo");
	const int last = w.days - 1;

	answer();
	const struct runproc *r = night(1);
	says_once(r->err, part);
	says(r->out, ": partial");
	assert_int_equal(asked("gerda"), before + 1);
	assert_int_equal(asked("bo"), bad);
	if (strstr(w.tags[last], ".9\"") == NULL)
		fail_msg("card %d has [%s]\n%s", last, w.tags[last], r->err);
}

/* ---- the faults ------------------------------------------------------------------ */
/* What is wrong with the file: known before anything is done, and nothing is. */
static void
test_unreadable(void **state)
{
	const size_t before = asked("gerda");
	const size_t requests = simhttpd_requests(w.sim);

	(void)state;
	put_profile("bad", HEAD "colour = 1;\n");
	says_one_line(place_run(&w.place, "2026-12-02T20:00", 78,
	    "run night")->err, "/bad.conf:4: colour: unknown");
	put_profile("bad", HEAD DEALS("/deals/{", ONE_PAGE, PERSON CLOSED));
	says_one_line(place_run(&w.place, "2026-12-02T20:00", 78,
	    "run night")->err, "/bad.conf:6: events[0].read.request.path: ");
	assert_int_equal(asked("gerda"), before);
	assert_int_equal(simhttpd_requests(w.sim), requests);
}

/* Sound as a file, and yet no profile: a name that nothing has. */
static void
test_contradiction(void **state)
{
	(void)state;
	put_profile("bad", HEAD DEALS("/deals?of={nobody}", ONE_PAGE,
	    PERSON CLOSED) CARDS);
	goes_on("/bad.conf:6: events.deals.read.request.path: {nobody}");
	put_profile("bad", HEAD DEALS("/deals", ONE_PAGE, PERSON) CARDS);
	says(place_run(&w.place, "2026-12-03T04:10", 78, "check")->out,
	    "/bad.conf:4: events.deals: expected occurred_at or ");
}

static void
test_path(void **state)
{
	(void)state;
	put_profile("bad", HEAD DEALS("/deals", ONE_PAGE, PERSON
	    "  occurred_at = [ \"/klosed\" ];\n") CARDS);
	goes_on("/bad.conf:9: events.deals.occurred_at: none of /klosed was in "
	    "the first 100 rows");
}

static void
test_elsewhere(void **state)
{
	(void)state;
	w.lie = LIE_NEXT_ELSEWHERE;
	put_profile("bad", HEAD DEALS("/deals", "kind = \"next_link\"; next = "
	    "[ \"/next\" ];", PERSON CLOSED) CARDS);
	goes_on("events.deals: next-page address refused: ");
	w.lie = LIE_NONE;
}

static void
test_same_page(void **state)
{
	(void)state;
	w.lie = LIE_SAME_PAGE;
	put_profile("bad", HEAD DEALS("/deals", "kind = \"page\"; first = 1;",
	    PERSON CLOSED) CARDS);
	goes_on("events.deals: the service sent one page twice");
	w.lie = LIE_NONE;
}

static void
test_hole(void **state)
{
	(void)state;
	put_profile("bad", HEAD DEALS("/deals", ONE_PAGE, CLOSED
	    "  link = { contact = [ \"/id\" ]; request = {\n"
	    "    path = \"/people/{row./person/id}\"; }; };\n") CARDS);
	goes_on("{row./person/id}");
}

/* Mended, it is where it was: nobody of its nights was lost, and rows that are
 * none of ours are counted. */
static void
test_mended(void **state)
{
	const size_t before = asked("bo");

	(void)state;
	put_profile("bad", HEAD BY_STAGE CARDS);
	const struct runproc *r = night(0);
	says(r->out, ": ok");
	says(r->out, "100 not_ours");
	assert_int_equal(asked("bo"), before + 6);
	assert_int_equal(w.writes_to_bad, 0);
	assert_null(simhttpd_problem(w.sim, false));
}

/* ---- begin and end ---------------------------------------------------------------- */
/* Both are sound, and their first night is over. */
static int
begin(void **state)
{
	if (places_begin(state) != 0)
		return -1;
	buf_init(&w.answer, 1 << 20);
	w.sim = simhttpd_start_handler(serve, NULL);
	place_make(&w.place, "faults", "-", true);
	put_profile("bad", SOUND);
	put_profile("good", SOUND);
	put_crms();
	char text[700];
	(void)snprintf(text, sizeof(text), "test = true; %s",
	    place_database("faults1"));
	place_edit(&w.place, "test = true;", text);
	(void)place_run(&w.place, NULL, 0, "schema --apply");
	place_clock(&w.place, "2026-12-01T06:00:00Z");
	(void)place_run(&w.place, "2026-12-01T07:00", 0, "run hourly --quiet");
	(void)place_run(&w.place, "2026-12-01T07:00", 0, "activate");
	(void)night(0);
	return asked("gerda0@") == 1 && asked("gerda") == 1 &&
	    asked("bo0@") == 1 && asked("bo") == 1 ? 0 : -1;
}

static int
end(void **state)
{
	place_free(&w.place);
	simhttpd_stop(w.sim);
	buf_free(&w.answer);
	return places_end(state);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_contradiction),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_same_page),
		cmocka_unit_test(test_hole),
		cmocka_unit_test(test_mended),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests(tests, begin, end);
}
