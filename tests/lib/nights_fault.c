/*
 * nights_fault.c - what goes wrong in a night: the first table in turn, or
 * anything a seed may draw.
 */
#include "nights_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define WRITES_MAX 60		/* about as many as a night has */

static const struct fault classic[] = {
	{ .name = "500", .json = "{\"kind\": 500}", .lost = 1 },
	{ .name = "cut after the body",
	    .json = "{\"kind\": \"cut_after_body\", \"after\": 1}" },
	{ .name = "away", .no_transfer = true, .no_list = true },
	{ .name = "429", .json = "{\"kind\": 429, \"retry_after\": 1}" },
	{ .name = "400", .json = "{\"kind\": 400}", .lost = 1 },
	{ .name = "a page", .json = "{\"kind\": \"html\"}", .lost = 1 },
	{ .name = "slow", .json = "{\"kind\": \"slow\", \"seconds\": 1}" },
	{ .name = "401", .json = "{\"kind\": 401, \"after\": 1}" },
	{ .name = "cut at the headers",
	    .json = "{\"kind\": \"cut_before\", \"after\": 1}", .lost = 1 },
	{ .name = "no campaigns",
	    .json = "{\"kind\": 503, \"on\": \"campaigns\", \"times\": 9}",
	    .no_transfer = true },
	{ .name = "garbage", .json = "{\"kind\": \"garbage\"}" },
	{ .name = "no answers",
	    .json = "{\"kind\": 500, \"on\": \"responses\", \"times\": 9}" },
	{ .name = "no id", .json = "{\"kind\": \"no_id\"}" },
};

const struct fault *
nights_fault_classic(void)
{
	return &classic[scene.next_fault++ % (int)ARRAY_LEN(classic)];
}

/* ---- drawn ---------------------------------------------------------------------- */
static char json[200], name[100];
static struct fault drawn;

/* Of a push: kind as JSON; may_store: the effect may have happened. */
struct push_fault {
	const char *kind;
	int times_max;
	bool may_store, loses;
};
static const struct push_fault pushes[] = {
	{ "500", 3, true, true }, { "502", 3, true, true },
	{ "503", 3, true, true }, { "504", 2, true, true },
	{ "408", 2, true, true }, { "\"html\"", 2, true, true },
	{ "\"cut_after_body\"", 3, false, false },
	{ "\"cut_before\"", 3, false, true },
	{ "\"garbage\"", 3, false, false }, { "\"no_id\"", 3, false, false },
	{ "400", 4, false, true }, { "404", 2, false, true },
	{ "422", 3, false, true }, { "401", 2, false, false },
	{ "403", 1, false, false }, { "302", 1, false, false },
	{ "429", 9, false, false }, { "423", 1, false, false },
	{ "425", 2, false, false },
};

static void
draw_push(void)
{
	const struct push_fault *p =
	    &pushes[nights_luck((int)ARRAY_LEN(pushes))];
	const int times = 1 + nights_luck(p->times_max);
	const bool store = p->may_store && nights_luck(2) == 0;

	(void)snprintf(json, sizeof(json), "{\"kind\": %s, \"after\": %d,"
	    " \"times\": %d%s}", p->kind, nights_luck(5), times,
	    store ? ", \"store\": true" : "");
	drawn.lost = p->loses && !store ? times : 0;
}

static const char *
some_failure(void)
{
	static const char *const kinds[] = { "500", "503", "\"html\"",
		"\"garbage\"", "\"cut_after_body\"", "\"cut_before\"", "404" };

	return kinds[nights_luck((int)ARRAY_LEN(kinds))];
}

/* Of a listing, for the whole run. */
static void
fail_listing(const char *on)
{
	(void)snprintf(json, sizeof(json),
	    "{\"kind\": %s, \"on\": \"%s\", \"times\": 999}", some_failure(), on);
	drawn.no_transfer = strcmp(on, "campaigns") == 0;
	if (strcmp(on, "members") == 0) {
		drawn.no_list = drawn.collects = true;
		drawn.audits = !scene.set->members;
	}
}

static void
draw_listing(void)
{
	static const char *const what[] = { "campaigns", "responses",
		"members", "members" };

	fail_listing(what[nights_luck((int)ARRAY_LEN(what))]);
}

const struct fault *
nights_fault_no_list(void)
{
	drawn = (struct fault){ .name = name, .json = json };
	fail_listing("members");
	drawn.lasts = nights_luck(2) == 0;
	(void)snprintf(name, sizeof(name), "service %.80s", json);
	return &drawn;
}

/* One bad answer, which is asked again. */
static void
draw_hiccup(void)
{
	static const char *const what[] = { "campaigns", "responses",
		"members" };
	static const char *const kinds[] = { "500", "503", "429",
		"\"cut_before\"", "\"cut_after_body\"" };

	(void)snprintf(json, sizeof(json),
	    "{\"kind\": %s, \"on\": \"%s\", \"times\": %d}",
	    kinds[nights_luck((int)ARRAY_LEN(kinds))],
	    what[nights_luck((int)ARRAY_LEN(what))], 1 + nights_luck(2));
}

static void
draw_kill(void)
{
	(void)snprintf(json, sizeof(json), "%d", 1 + nights_luck(WRITES_MAX));
	drawn.kill = true;
	drawn.lost = 1;
}

static void
draw_away(void)
{
	drawn.no_transfer = drawn.no_list = true;
	drawn.lasts = nights_luck(2) == 0;
	if (drawn.lasts || nights_luck(2) == 0)
		(void)snprintf(json, sizeof(json), "{\"kind\": %s,"
		    " \"on\": \"any\", \"times\": 999}", some_failure());
	else
		drawn.json = NULL;
}

const struct fault *
nights_fault_drawn(void)
{
	const int what = nights_luck(20);

	drawn = (struct fault){ .name = name, .json = json };
	if (what < 9)
		draw_push();
	else if (what < 12)
		draw_listing();
	else if (what < 13)
		draw_hiccup();
	else if (what < 16)
		draw_kill();
	else if (what < 18 || !scene.facts_are_fresh)
		draw_away();
	else {
		json[0] = '\0';
		drawn.export_bad = drawn.no_transfer = drawn.collects =
		    drawn.audits = true;
	}
	(void)snprintf(name, sizeof(name), "%s %.80s", drawn.kill ? "kill at" :
	    drawn.export_bad ? "bad export" : drawn.json == NULL ? "away" :
	    "service", json);
	return &drawn;
}

/* ---- exports ---------------------------------------------------------------------- */
static void
cut_file(const char *path, int percent)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size * percent / 100), 0);
}

/* By night only what shows: a file that is not there, a list of people of which
 * most are missing.  Half a list of events looks like a quiet day. */
static const char *
spoil(bool by_night)
{
	static const char *const files[] = { "contacts.csv", "activities.csv",
		"deals.csv", "cases.csv", "tags.csv", "companies.csv",
		"company_tags.csv" };
	static char what[64];
	char path[600];
	const int n = nights_luck(by_night ? 5 : (int)ARRAY_LEN(files));

	(void)snprintf(path, sizeof(path), "%s/%s", scene.crm.dir, files[n]);
	(void)snprintf(what, sizeof(what), "%s", files[n]);
	if ((by_night && n != 0) || nights_luck(2) == 0)
		assert_int_equal(unlink(path), 0);
	else
		cut_file(path, by_night ? 30 : nights_luck(100));
	scene.got.bad_exports++;
	return what;
}

const char *
nights_export_spoil(void)
{
	return spoil(false);
}

/* ---- begin and end ------------------------------------------------------------------ */
void
nights_fault_begin(const struct fault *fault)
{
	int64_t n = 0;

	if (fault == NULL)
		return;
	if (fault->kill) {
		assert_true(sim_num(fault->json, &n));
		nights_kill_at((int)n);
	} else if (fault->export_bad) {
		(void)spoil(true);
	} else if (fault->json != NULL) {
		simproc_tell(scene.sim, "fault", "%s", fault->json);
	} else {
		simproc_away(scene.sim);
	}
}

void
nights_fault_end(const struct fault *fault)
{
	if (fault->kill)
		nights_kill_at(0);
	else if (fault->json == NULL)
		simproc_back(scene.sim);
	else if (!fault->export_bad)
		simproc_tell(scene.sim, "fault", "{\"clear\": true}");
}
