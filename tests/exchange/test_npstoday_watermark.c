/*
 * What the NPS.Today driver asks for and leaves behind, by the rules of
 * common/watermark.h, over a scripted server.  The rig's clock stands at
 * 2026-11-25 02:00; the answers' overlap_h is 48.
 */
#include "npstoday/rig.h"

#include "simhttpd.h"

#define ROW(id, time) "{\"id\":" #id ",\"rating\":9,\"ratingTime\":\"" time "\"}"
#define NONE "responses = { paging = { kind = \"none\"; }; };"
#define PAGED "responses = { paging = { kind = \"page\"; size = 1; }; };"

struct seen {
	char ids[128], resume[512], watermark[64];
	int stop_page, pages;
};

static bool
seen_answer(void *arg, const struct survey_answer *a)
{
	struct seen *seen = arg;
	const size_t len = strlen(seen->ids);

	snprintf(seen->ids + len, sizeof(seen->ids) - len, "%s%s",
	    len == 0 ? "" : " ", a->answer_id);
	return true;
}

static bool
seen_checkpoint(void *arg, const char *resume, const char *watermark)
{
	struct seen *seen = arg;

	snprintf(seen->resume, sizeof(seen->resume), "%s",
	    resume == NULL ? "" : resume);
	snprintf(seen->watermark, sizeof(seen->watermark), "%s",
	    watermark == NULL ? "" : watermark);
	return ++seen->pages != seen->stop_page;
}

static bool
pull_run(const struct sim_reply *script, size_t n, const char *conf,
    struct pull *pull, struct seen *seen)
{
	struct simhttpd *sim = simhttpd_start(script, n);
	struct rig rig;

	assert_non_null(sim);
	rig_open_http(&rig, simhttpd_url(sim), conf);
	if (pull->until == 0)
		pull->until = rig.now;
	const bool ok = npstoday_survey.pull_answers(rig.self, pull,
	    seen_answer, seen_checkpoint, seen, &rig.err);
	if (simhttpd_problem(sim, true) != NULL)
		fail_msg("%s", simhttpd_problem(sim, true));
	rig_close(&rig);
	simhttpd_stop(sim);
	return ok;
}

/* The server's clock at the start, less the overlap. */
static void
test_limit(void **state)
{
	static const char body[] = "[" ROW(1, "2026-11-25T01:30:00.5Z") ","
	    ROW(2, "2026-11-25T01:45:00.0000000+00:00") ","
	    ROW(3, "2026-11-25T01:45:01Z") "," ROW(4, "2026-11-25T01:20:00Z") "]";
	static const struct {
		const char *headers, *mark;
	} cases[] = {
		{ NULL, "2026-11-25T01:45:00.0000000+00:00" },
		{ "Date: Wed, 25 Nov 2026 01:50:00 GMT\r\n",
		    "2026-11-25T01:30:00.5Z" },
		{ "Date: Wed, 25 Nov 2026 02:10:00 GMT\r\n",
		    "2026-11-25T01:45:01Z" },
		{ "Date: never\r\n", "2026-11-25T01:45:00.0000000+00:00" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sim_reply script = { .body = body,
			.headers = cases[i].headers };
		struct pull pull = { .watermark = "2026-11-24T02:00:00Z",
			.overlap_s = 900, .lag_s = 60 };
		struct seen seen = { .pages = 0 };
		assert_true(pull_run(&script, 1, NONE, &pull, &seen));
		assert_string_equal(seen.ids, "1 2 3 4");
		if (strcmp(seen.watermark, cases[i].mark) != 0)
			fail_msg("case %zu: %s", i, seen.watermark);
	}
}

/* The longer one of overlap_h and the core's overlap. */
static void
test_overlap(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "modifiedAfter=2026-11-22T02%3A00%3A00Z", .body = "[]" },
		{ .want = "modifiedAfter=2026-11-24T01%3A45%3A00Z", .body = "[]" },
	};
	static const char *const confs[] = { NONE,
		"responses = { paging = { kind = \"none\"; }; overlap_h = 0; };" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(confs); i++) {
		struct pull pull = { .watermark = "2026-11-24T02:00:00.75Z",
			.overlap_s = 900, .lag_s = 60 };
		struct seen seen = { .pages = 0 };
		assert_true(pull_run(&script[i], 1, confs[i], &pull, &seen));
		assert_string_equal(seen.watermark, "2026-11-24T02:00:00.75Z");
	}
}

/* From `from`, and nothing that the next ordinary pull meets. */
static void
test_sweep(void **state)
{
	static const struct sim_reply script = {
		.want = "modifiedAfter=2026-10-26T02%3A00%3A00Z",
		.body = "[" ROW(1, "2026-11-01T12:00:00Z") ","
		    ROW(2, "2026-11-22T01:59:59Z") "," ROW(3,
		    "2026-11-22T02:00:00Z") "," ROW(4, "2026-11-25T01:00:00Z") "]" };
	struct pull pull = { .watermark = "2026-11-24T02:00:00Z",
		.from = rig_time("2026-10-26T02:00:00Z"), .overlap_s = 900,
		.lag_s = 60, .sweep = true };
	struct seen seen = { .pages = 0 };

	(void)state;
	assert_true(pull_run(&script, 1, NONE, &pull, &seen));
	assert_string_equal(seen.ids, "1 2");
}

/* Page 1 was read at 02:00 of the 25th: what came to it until the next night
 * is behind the place where the pull goes on. */
static void
test_resume_keeps_the_first_start(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "page=1",
		    .body = "[" ROW(1, "2026-11-24T20:00:00Z") "]" },
		{ .want = "page=2",
		    .body = "[" ROW(2, "2026-11-25T18:00:00Z") "]" },
		{ .want = "page=3", .body = "[]" } };
	struct pull pull = { .watermark = "2026-11-24T02:00:00Z",
		.overlap_s = 900, .lag_s = 60 };
	struct seen seen = { .stop_page = 1 };
	struct simhttpd *sim;
	char resume[512];
	struct rig rig;

	(void)state;
	sim = simhttpd_start(script, ARRAY_LEN(script));
	assert_non_null(sim);
	rig_open_http(&rig, simhttpd_url(sim), PAGED);
	pull.until = rig.now;
	assert_false(npstoday_survey.pull_answers(rig.self, &pull, seen_answer,
	    seen_checkpoint, &seen, &rig.err));
	snprintf(resume, sizeof(resume), "%s", seen.resume);
	pull.resume = resume;
	pull.until += 86400;
	assert_true(npstoday_survey.pull_answers(rig.self, &pull, seen_answer,
	    seen_checkpoint, &seen, &rig.err));
	assert_string_equal(seen.ids, "1 2");
	assert_string_equal(seen.watermark, "2026-11-24T20:00:00Z");
	assert_null(simhttpd_problem(sim, true));
	rig_close(&rig);
	simhttpd_stop(sim);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_resume_keeps_the_first_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
