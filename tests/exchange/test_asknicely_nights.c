/*
 * The reading side of the asknicely driver against tests/sim/asknicely: over
 * nights and through every fault each answer comes as it is, no opt-out is lost,
 * and the storage where large answers lie never sees the key.
 */
#include "asknicely/simrig.h"

#include "common/idmap.h"
#include "num.h"

#define FEW "responses = { pagesize = 7; redirect_hosts = " \
	"[ \"127.0.0.1:%lld\" ]; %s }; unsubscribes = { pagesize = 5; };"

struct known {
	char id[24], ref[40], email[64];
	int score;
};
static struct lab {
	struct arena *arena;
	struct idmap answers, optouts;
	char watermark[2][256], resume[2][512];	/* answers, opt-outs */
	int stream, asked;
	size_t new, doubled;
	int bad;
	char why[2][512];
} lab;

/* ---- what the core keeps --------------------------------------------------------- */

static bool
on_answer(void *arg, const struct survey_answer *a)
{
	struct known *k = idmap_get(&lab.answers, a->answer_id);

	(void)arg;
	if (k == NULL) {
		k = arena_alloc(lab.arena, sizeof(*k));
		assert_non_null(k);
		(void)snprintf(k->id, sizeof(k->id), "%s", a->answer_id);
		assert_true(idmap_put(&lab.answers, k->id, k));
		lab.new++;
	} else {
		lab.doubled++;
	}
	(void)snprintf(k->ref, sizeof(k->ref), "%s", a->ref == NULL ? ""
	    : a->ref);
	(void)snprintf(k->email, sizeof(k->email), "%s", a->email == NULL ? ""
	    : a->email);
	k->score = a->score;
	arena_reset(rig.scratch);
	return true;
}

static bool
on_optout(void *arg, const char *email, const char *phone, time_t at)
{
	(void)arg, (void)phone, (void)at;
	assert_non_null(email);
	if (!idmap_has(&lab.optouts, email))
		assert_true(idmap_put(&lab.optouts,
		    arena_strdup(lab.arena, email), NULL));
	arena_reset(rig.scratch);
	return true;
}

static bool
on_page(void *arg, const char *resume, const char *watermark)
{
	const size_t i = (size_t)lab.stream;

	(void)arg;
	(void)snprintf(lab.resume[i], sizeof(lab.resume[i]), "%s",
	    resume == NULL ? "" : resume);
	if (watermark != NULL)
		(void)snprintf(lab.watermark[i], sizeof(lab.watermark[i]), "%s",
		    watermark);
	arena_reset(rig.scratch);
	return true;
}

static bool
stream_pull(int stream, struct err *err)
{
	char mark[256], resume[512];
	const struct pull pull = { .until = simrig_now,
		.watermark = lab.watermark[stream][0] == '\0' ? NULL : mark,
		.resume = lab.resume[stream][0] == '\0' ? NULL : resume };

	memcpy(mark, lab.watermark[stream], sizeof(mark));
	memcpy(resume, lab.resume[stream], sizeof(resume));
	lab.stream = stream;
	arena_reset(rig.scratch);
	return stream == 0
	    ? asknicely_survey.pull_answers(rig.self, &pull, on_answer, on_page,
		  NULL, err)
	    : asknicely_survey.pull_optouts(rig.self, &pull, on_optout, on_page,
		  NULL, err);
}

/* A driver of its own for each night; opt-outs first, as the core does. */
static bool
night(const char *more)
{
	char conf[512];
	struct err err;
	bool ok = true;

	(void)snprintf(conf, sizeof(conf), FEW,
	    crmsim_stat(sim, "/storage_port"), more);
	simrig_open(conf);
	lab.new = 0;
	for (int i = 1; i >= 0; i--) {
		const bool read = stream_pull(i, &err);
		(void)snprintf(lab.why[i], sizeof(lab.why[i]), "%s",
		    read ? "" : err.msg);
		assert_null(strchr(lab.why[i], '@'));
		assert_null(strstr(lab.why[i], RIG_KEY));
		ok = ok && read;
		/* What was told to wait, waits. */
		simrig_go_to(simrig_now + 60);
	}
	lab.bad = rig.bad;
	rig_close(&rig);
	return ok;
}

static void
good_night(const char *more)
{
	if (!night(more))
		fail_msg("%s %s", lab.why[0], lab.why[1]);
}

/* ---- what happens there ------------------------------------------------------------ */

/* Somebody of npsync's, asked as the driver asks. */
static void
person_ask(int number, const char *ref)
{
	char email[48];
	struct http_req req;
	struct http_res res;

	(void)snprintf(email, sizeof(email), "p%d@example.com", number);
	const struct respondent r = { .ref = ref, .campaign_id = "Møde",
		.email = email, .send_at = NO_TIME };
	arena_reset(rig.scratch);
	if (!asknicely_survey.push_request(rig.self, &r, &req, &rig.err) ||
	    !http_do(rig.env.http, &req, rig.scratch, &res, &rig.err))
		fail_msg("%s", rig.err.msg);
	assert_int_equal(res.status, 200);
}

static void
people_ask(int n)
{
	char ref[40];

	simrig_open("");
	for (int i = 0; i < n; i++, lab.asked++) {
		(void)snprintf(ref, sizeof(ref), "ref-%04d", lab.asked);
		person_ask(lab.asked, ref);
	}
	rig_close(&rig);
}

/* So many answers, of ours and of others, and an opt-out. */
static void
day(int answers, int optouts)
{
	static int others;

	people_ask((answers + 1) / 2);
	simrig_go_to(simrig_now + 12 * HOUR_S);
	for (int i = 0; i < answers; i++, others++) {
		const int mine = lab.asked - 1 - i / 2;
		if (i % 2 == 0)
			(void)crmsim_ask(sim, "answer", "{'email': "
			    "'p%d@example.com', 'ref': 'ref-%04d', 'answer': "
			    "%d, 'comment': 'ærlig talt'}", mine, mine,
			    mine % 11);
		else
			(void)crmsim_ask(sim, "answer", "{'email': "
			    "'o%d@example.org', 'answer': %d}", others,
			    others % 11);
	}
	for (int i = 0; i < optouts; i++)
		(void)crmsim_ask(sim, "optout",
		    "{'email': 'no%d@example.org'}", ++others);
	simrig_go_to(simrig_now + 60);
}

/* ---- what must be known --------------------------------------------------------------- */

static const char *
answer_wrong(const json_t *line)
{
	const char *ref = json_string_value(json_object_get(line, "ref"));
	char id[24];
	long long score;

	(void)snprintf(id, sizeof(id), "%lld", (long long)json_integer_value(
	    json_object_get(line, "id")));
	const struct known *k = idmap_get(&lab.answers, id);
	if (k == NULL)
		return "an answer is lost";
	assert_true(num_parse(json_string_value(json_object_get(line,
	    "answer")), 0, 10, &score));
	if (k->score != score)
		return "a score is another";
	return strcmp(k->ref, ref == NULL ? "" : ref) == 0 ? NULL
	    : "a reference is another";
}

/* The words of what is wrong; NULL = nothing. */
static const char *
verdict(void)
{
	const char *wrong = NULL;
	json_t *line;
	size_t i, n;

	json_t *lines = json_object_get(crmsim_ask(sim, "ledger",
	    "{'kind': 'unsubscribe'}"), "lines");
	json_array_foreach(lines, i, line)
		if (!idmap_has(&lab.optouts, json_string_value(
		    json_object_get(line, "email"))))
			return "an opt-out is lost";
	lines = json_object_get(crmsim_ask(sim, "ledger",
	    "{'kind': 'answer'}"), "lines");
	n = json_array_size(lines);
	json_array_foreach(lines, i, line)
		wrong = wrong == NULL ? answer_wrong(line) : wrong;
	if (wrong == NULL && lab.answers.n != n)
		return "an answer that nobody gave";
	return wrong;
}

static void
assert_verdict(void)
{
	const char *wrong = verdict();

	if (wrong != NULL)
		fail_msg("%s", wrong);
}

static void
start(const char *const *options)
{
	memset(&lab, 0, sizeof(lab));
	lab.arena = arena_new(16 << 20);
	idmap_init(&lab.answers, lab.arena);
	idmap_init(&lab.optouts, lab.arena);
	simrig_start(options);
}

static void
end(void)
{
	simrig_stop();
	arena_free(lab.arena);
}

/* ---- nights ------------------------------------------------------------------------------ */

static const char *const flavours[][6] = {
	{ NULL },
	{ "--redirect-above", "5", NULL },
	{ "--since-sent", NULL },
	{ "--fields-now", "--redirect-above", "1", NULL } };

static void
test_answers_and_optouts_over_nights(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(flavours); i++) {
		start(flavours[i]);
		for (int n = 0; n < 4; n++) {
			day(9, 4);
			good_night("");
			assert_int_equal(lab.new, 9);
			assert_int_equal(lab.bad, 0);
			assert_verdict();
			good_night("");
			assert_int_equal(lab.new, 0);
		}
		assert_true((crmsim_stat(sim, "/redirects") > 0) ==
		    (flavours[i][0] != NULL && i != 2));
		end();
	}
}

/* AN-08: exactly as many as fit on pages. */
static void
test_pages_that_are_just_full(void **state)
{
	(void)state;
	for (int n = 0; n <= 15; n++) {
		start(NULL);
		day(n, n);
		good_night("");
		assert_verdict();
		end();
	}
}

/* AN-05, AN-08, AN-13, AN-14: whatever happens for a while. */
static void
test_nights_of_trouble_lose_nothing(void **state)
{
	static const char *const options[] = { "--redirect-above", "5", NULL };
	static const char *const faults[] = { "'kind': 500", "'kind': 503",
		"'kind': 429, 'retry_after': 3", "'kind': 401", "'kind': 404",
		"'kind': 302", "'kind': 204", "'kind': 'html'",
		"'kind': 'failed'", "'kind': 'no_result'",
		"'kind': 'cut_before'", "'kind': 'cut_after'",
		"'kind': 'truncated'", "'kind': 'short_page'",
		"'kind': 'empty_page'", "'kind': 'insert'",
		"'kind': 'insert', 'at': '2026-11-25T02:00:00Z'",
		"'kind': 'absurd_time', 'times': 9" };
	static const char *const where[] = { "responses", "optouts", "storage" };
	size_t failed = 0;

	(void)state;
	start(options);
	for (size_t i = 0; i < ARRAY_LEN(faults) * ARRAY_LEN(where); i++) {
		char fault[160];
		day(3, 1);
		(void)snprintf(fault, sizeof(fault), "%s, 'on': '%s', 'after': "
		    "%d", faults[i / ARRAY_LEN(where)],
		    where[i % ARRAY_LEN(where)], (int)(i / 3 % 3));
		simrig_fault(fault);
		failed += !night("");
	}
	simrig_fault(NULL);
	good_night("");
	assert_verdict();
	assert_true(failed > 20);
	assert_int_equal(crmsim_stat(sim, "/too_early"), 0);
	end();
}

/* AN-14: longer than what is read again anyway: the watermark stays. */
static void
test_trouble_longer_than_the_overlap(void **state)
{
	static const char *const faults[] = {
		"'on': 'responses', 'kind': 'failed', 'times': 1000",
		"'on': 'responses', 'kind': 'html', 'after': 1, 'times': 1000",
		"'on': 'storage', 'kind': 'truncated', 'times': 1000" };
	static const char *const options[] = { "--redirect-above", "5", NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		size_t failed = 0;
		start(options);
		day(9, 1);
		good_night("");
		for (int n = 0; n < 20; n++) {
			day(5, 0);
			simrig_fault(faults[i]);
			failed += !night("");
		}
		assert_true(failed > 5);
		simrig_fault(NULL);
		good_night("");
		assert_verdict();
		end();
	}
}

/* AN-15: who is asked again shows the later reference on the older answer. */
static void
test_a_later_reference_on_an_old_answer(void **state)
{
	static const char *const options[] = { "--fields-now", "--rule-days",
		"0", NULL };

	(void)state;
	start(options);
	day(1, 0);
	simrig_go_to(simrig_now + 30 * 24 * HOUR_S);
	simrig_open("");
	person_ask(0, "ref-later");
	rig_close(&rig);
	good_night("");
	const struct known *k = idmap_get(&lab.answers, "54120");
	assert_non_null(k);
	assert_string_equal(k->ref, "");
	end();
}

/* From one night to the next all numbers are written as reals: 54120.0. */
static void
test_an_id_written_otherwise_is_no_other_answer(void **state)
{
	(void)state;
	start(NULL);
	day(7, 2);
	good_night("");
	assert_int_equal(lab.new, 7);
	(void)crmsim_ask(sim, "mutate", "{'name': 'numbers-real'}");
	good_night("");
	assert_int_equal(lab.new, 0);
	assert_int_equal(lab.bad, 0);
	assert_verdict();
	end();
}

/* ---- a service that is wrong ---------------------------------------------------------------- */

/* AN-05 and others: the pull ends with words, or these tests see it. */
static void
test_a_wrong_service_is_noticed(void **state)
{
	static const struct {
		const char *mutant, *error, *verdict;
	} wrong[] = {
		{ "page-again", "once more", NULL },
		{ "page-hole", "of 24 rows", NULL },
		{ "page-overlap", "at most 24 rows", NULL },
		{ "total-small", "of 24 rows", NULL },
		{ "numbers-real", NULL, NULL },
		{ "data-null", "expected a list", NULL },
		{ "data-object", "expected a list", NULL },
		{ "answers-lost", "of 24 rows", NULL },
		{ "optout-lost", NULL, "an opt-out is lost" },
		{ "ref-swapped", NULL, "a reference is another" },
		{ "ref-gone", NULL, "a reference is another" },
		{ "score-11", NULL, "a score is another" },
		{ "numbers-huge", NULL, "a score is another" },
		{ "storage-foreign", "not followed", NULL },
		{ "storage-chain", "HTTP 302", NULL } };
	static const char *const options[] = { "--redirect-above", "5", NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		start(options);
		day(24, 12);
		(void)crmsim_ask(sim, "mutate", "{'name': '%s'}",
		    wrong[i].mutant);
		const bool ok = night("");
		const char *seen = ok ? verdict() : NULL;
		if (ok != (wrong[i].error == NULL) ||
		    (!ok && strstr(lab.why[0], wrong[i].error) == NULL))
			fail_msg("%s: %s", wrong[i].mutant, lab.why[0]);
		if ((seen == NULL) != (wrong[i].verdict == NULL) ||
		    (seen != NULL && strcmp(seen, wrong[i].verdict) != 0))
			fail_msg("%s: %s", wrong[i].mutant,
			    seen == NULL ? "nothing" : seen);
		end();
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_and_optouts_over_nights),
		cmocka_unit_test(test_pages_that_are_just_full),
		cmocka_unit_test(test_nights_of_trouble_lose_nothing),
		cmocka_unit_test(test_trouble_longer_than_the_overlap),
		cmocka_unit_test(test_a_later_reference_on_an_old_answer),
		cmocka_unit_test(
		    test_an_id_written_otherwise_is_no_other_answer),
		cmocka_unit_test(test_a_wrong_service_is_noticed),
	};

	(void)argc;
	crmsim_find(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
