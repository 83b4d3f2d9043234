/*
 * The sending side of the asknicely driver against tests/sim/asknicely, which
 * knows nothing of it: through every fault nobody is asked twice, and whom the
 * driver takes for asked was.  The service's own rule against asking twice is
 * off where a second mail would show.
 */
#include <unistd.h>

#include "asknicely/simrig.h"

#include "stage_push.h"

#define PEOPLE 200
#define ROUND_S (6 * HOUR_S)
#define ROUNDS_MAX 40

enum state { TO_ASK, UNKNOWN, ASKED, NOT_ASKED };
struct person {
	char email[48], ref[40];
	enum state state;
	enum push_outcome last;
	time_t claimed_at, send_at;
	int mails;		/* as the service counts them */
};
static struct person people[PEOPLE];
static size_t n_people;

/* ---- what the core does ------------------------------------------------------- */

static void
people_make(size_t n)
{
	n_people = n;
	memset(people, 0, sizeof(people));
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(people[i].email, sizeof(people[i].email),
		    i % 7 == 0 ? "p%zu+x@example.com" : "p%zu@example.com", i);
		(void)snprintf(people[i].ref, sizeof(people[i].ref),
		    "7d444840-9dc0-41d1-b245-%012zu", i);
		people[i].send_at = RIG_NOW + (i % 3 == 0 ? -60 : 55 * 60);
	}
}

static void
ask(struct person *p)
{
	const struct respondent r = { .ref = p->ref, .campaign_id = "Møde",
		.trigger = "meet", .email = p->email,
		.name = { "Æ & Ø = Å", "Æ & Ø", "= Å" },
		.contact_id = "crm:9001", .send_at = p->send_at };
	struct push_verdict v;
	struct http_req req;
	struct http_res res;
	struct err err;

	arena_reset(rig.scratch);
	if (!asknicely_survey.push_request(rig.self, &r, &req, &err))
		fail_msg("%s", err.msg);
	assert_false(req.repeatable);
	p->claimed_at = simrig_now;
	const bool answered = http_do(rig.env.http, &req, rig.scratch, &res,
	    &err);
	assert_int_equal(answered, res.phase == HTTP_COMPLETE);
	if (!push_judge(&asknicely_survey, rig.self, &res, &v, &err))
		fail_msg("%s", err.msg);
	assert_null(strchr(v.reason, '@'));
	p->last = v.outcome;
	switch (v.outcome) {
	case PUSH_ACCEPTED:
	case PUSH_ACCEPTED_NO_ID:
	case PUSH_DUPLICATE:
		p->state = ASKED;
		break;
	case PUSH_UNKNOWN:
		p->state = UNKNOWN;
		break;
	case PUSH_AGAIN:
	case PUSH_SESSION:
	case PUSH_STOP:
		break;
	case PUSH_SUPPRESSED:
	case PUSH_OPTED_OUT:
	case PUSH_REJECTED:
		p->state = NOT_ASKED;
	}
}

/* As the core drives it: so many a second, by the clock that both share. */
static void
ask_all(const char *const *faults, size_t n_faults)
{
	size_t sent = 0;

	for (size_t i = 0; i < n_people; i++) {
		if (people[i].state != TO_ASK)
			continue;
		if (n_faults > 0 && i % 5 < 3)
			simrig_fault(faults[(i / 5 * 3 + i % 5) % n_faults]);
		ask(&people[i]);
		if (n_faults > 0)
			simrig_fault(NULL);
		if (++sent % 7 == 0)
			simrig_go_to(simrig_now + 1);
	}
}

static void
settle(const char *fault)
{
	struct sent wanted[PEOPLE];
	struct push_result found[PEOPLE];
	enum find_answer answers[PEOPLE];
	size_t of[PEOPLE], n = 0;
	struct err err;

	for (size_t i = 0; i < n_people; i++)
		if (people[i].state == UNKNOWN) {
			of[n] = i;
			wanted[n++] = (struct sent){ .ref = people[i].ref,
				.campaign_id = "Møde", .email = people[i].email,
				.contact_id = "crm:9001",
				.created_at = people[i].claimed_at,
				.mailed_at = NO_TIME };
		}
	if (n == 0)
		return;
	memset(found, 0, sizeof(found));
	simrig_fault(fault);
	arena_reset(rig.scratch);
	const bool ok = asknicely_survey.find_sent(rig.self, wanted, n, answers,
	    found, &err);
	simrig_fault(NULL);
	for (size_t i = 0; ok && i < n; i++)
		if (answers[i] == FIND_ABSENT)
			people[of[i]].state = TO_ASK;
		else if (answers[i] != FIND_CANNOT_SAY)
			people[of[i]].state = found[i].outcome ==
			    PUSH_SUPPRESSED ? NOT_ASKED : ASKED;
}

/* ---- what the service did ------------------------------------------------------- */

static size_t
count(enum state state)
{
	size_t n = 0;

	for (size_t i = 0; i < n_people; i++)
		n += people[i].state == state;
	return n;
}

static void
mails_read(void)
{
	json_t *lines = json_object_get(crmsim_ask(sim, "ledger",
	    "{'kind': 'send'}"), "lines"), *line;
	size_t i;

	for (i = 0; i < n_people; i++)
		people[i].mails = 0;
	json_array_foreach(lines, i, line)
		for (size_t k = 0; k < n_people; k++)
			people[k].mails += strcmp(people[k].email,
			    json_string_value(json_object_get(line, "email")))
			    == 0;
}

/* The words of what is wrong; NULL = nothing. */
static const char *
verdict(void)
{
	mails_read();
	for (size_t i = 0; i < n_people; i++) {
		if (people[i].mails > 1)
			return "asked twice";
		if (people[i].state == ASKED && people[i].mails == 0)
			return "taken for asked";
		if ((people[i].state == NOT_ASKED ||
		    people[i].state == TO_ASK) && people[i].mails == 1)
			return "asked, and not known";
	}
	return NULL;
}

static void
assert_verdict(void)
{
	if (verdict() != NULL)
		fail_msg("%s", verdict());
}

/* ---- tests ------------------------------------------------------------------------ */

static const char *const no_rule[] = { "--rule-days", "0", NULL };
static const char *const faults[] = {
	"'kind': 'cut_before'", "'kind': 'cut_after'", "'kind': 'truncated'",
	"'kind': 'html'", "'kind': 'html', 'store': true",
	"'kind': 'failed'", "'kind': 'failed', 'store': true",
	"'kind': 'no_result'", "'kind': 'no_result', 'store': true",
	"'kind': 500", "'kind': 500, 'store': true", "'kind': 503",
	"'kind': 502, 'store': true", "'kind': 429, 'retry_after': 3",
	"'kind': 429", "'kind': 401", "'kind': 403", "'kind': 302",
	"'kind': 408", "'kind': 408, 'store': true",
	"'kind': 204, 'store': true", "'kind': 202, 'store': true" };
static const char *const lookup_faults[] = {
	"'on': 'lookup', 'kind': 500", "'on': 'lookup', 'kind': 'html'",
	"'on': 'lookup', 'kind': 'failed', 'times': 100",
	"'on': 'lookup', 'kind': 'cut_after', 'after': 1",
	"'on': 'lookup', 'kind': 'truncated', 'after': 2",
	"'on': 'lookup', 'kind': 429, 'retry_after': 2",
	"'on': 'lookup', 'kind': 'no_result'",
	"'on': 'lookup', 'kind': 401" };

/* Rounds of asking and settling; every second lookup meets trouble. */
static void
rounds_run(const char *conf, int rounds)
{
	people_make(PEOPLE);
	simrig_open(conf);
	ask_all(faults, ARRAY_LEN(faults));
	for (int i = 0; i < rounds; i++) {
		simrig_go_to(simrig_now + ROUND_S);
		settle(i % 2 == 1 ? NULL
		    : lookup_faults[i / 2 % (int)ARRAY_LEN(lookup_faults)]);
		ask_all(faults, i < 2 ? ARRAY_LEN(faults) : 0);
	}
	rig_close(&rig);
}

/* AN-10: by default what was never mailed stays undecided for good. */
static void
test_nobody_is_asked_twice_through_faults(void **state)
{
	(void)state;
	simrig_start(no_rule);
	rounds_run("", 16);
	assert_verdict();
	assert_int_equal(count(TO_ASK), 0);
	for (size_t i = 0; i < n_people; i++)
		if (people[i].state == UNKNOWN && people[i].mails > 0)
			fail_msg("%zu: mailed, and not found", i);
	assert_true(count(UNKNOWN) > 0);
	assert_true(count(ASKED) > PEOPLE / 2);
	/* AN-07 */
	assert_in_range(crmsim_stat(sim, "/trigger_peak_10s"), 1, 100);
	assert_in_range(crmsim_stat(sim, "/trigger_peak_60s"), 1, 500);
	simrig_stop();
}

/* Nor do days prove anything of a contact that no mail ever went to. */
static void
test_days_prove_nothing_without_a_mail(void **state)
{
	(void)state;
	simrig_start(no_rule);
	rounds_run("lookup = { absent_after_h = 48; };", ROUNDS_MAX);
	assert_verdict();
	assert_int_equal(count(TO_ASK), 0);
	assert_int_equal(count(ASKED) + count(UNKNOWN), PEOPLE);
	assert_true(count(ASKED) > PEOPLE / 2);
	for (size_t i = 0; i < n_people; i++)
		if (people[i].state == UNKNOWN && people[i].mails > 0)
			fail_msg("%zu: mailed, and not found", i);
	simrig_stop();
}

/* AN-06: faster than the service allows: it says so, and nobody is lost. */
static void
test_the_limits_of_the_service(void **state)
{
	(void)state;
	simrig_start(no_rule);
	people_make(PEOPLE);
	simrig_open("");
	for (int i = 0; i < 40 && count(TO_ASK) > 0; i++)
		for (size_t k = 0; k < n_people; k++)
			if (people[k].state == TO_ASK)
				ask(&people[k]);
	assert_int_equal(count(ASKED), PEOPLE);
	assert_verdict();
	assert_true(crmsim_stat(sim, "/by_status/429") > 0);
	assert_int_equal(crmsim_stat(sim, "/too_early"), 0);
	assert_in_range(crmsim_stat(sim, "/trigger_peak_10s"), 1, 100);
	rig_close(&rig);
	simrig_stop();
}

/* AN-06: who asks on after a refusal is found out, though each of them is refused
 * anew: a client of its own for each, so that nobody remembers Retry-After. */
static void
test_who_does_not_wait_is_noticed(void **state)
{
	static const char *const real[] = { "--limits", "real", NULL };

	(void)state;
	simrig_start(real);
	people_make(1);
	simrig_fault("'kind': 429, 'retry_after': 60, 'times': 20");
	for (int i = 0; i < 10 && crmsim_stat(sim, "/too_early") == 0; i++) {
		simrig_open("");
		ask(&people[0]);
		rig_close(&rig);
		(void)usleep(200000);
	}
	assert_true(crmsim_stat(sim, "/too_early") > 0);
	simrig_stop();
}

/* AN-01 */
static void
test_who_is_not_asked(void **state)
{
	static const char *const sms[] = { "--sms", "Moede", NULL };
	static const enum push_outcome want[] = { PUSH_OPTED_OUT,
		PUSH_OPTED_OUT, PUSH_SUPPRESSED, PUSH_REJECTED, PUSH_ACCEPTED };

	(void)state;
	simrig_start(sms);
	people_make(ARRAY_LEN(want));
	for (size_t i = 0; i < n_people; i++)
		people[i].send_at = NO_TIME;
	(void)crmsim_ask(sim, "optout", "{'email': '%s'}", people[0].email);
	(void)crmsim_ask(sim, "contact", "{'email': '%s', 'active': false}",
	    people[1].email);
	/* With a delay, words that nobody knows may mean: later. */
	simrig_open("send = { use_delay = false; };");
	ask(&people[2]);
	for (size_t i = 0; i < n_people; i++) {
		simrig_fault(want[i] == PUSH_REJECTED ? "'kind': 'third'"
						      : NULL);
		ask(&people[i]);
		if (people[i].last != want[i])
			fail_msg("%zu: %d", i, (int)people[i].last);
	}
	rig_close(&rig);
	simrig_stop();
}

/* A slow answer is no answer: found, not asked again.  AN-10 */
static void
test_a_slow_answer(void **state)
{
	(void)state;
	simrig_start(no_rule);
	people_make(1);
	people[0].send_at = NO_TIME;
	simrig_open("");
	simrig_fault("'kind': 'slow', 'seconds': 3");
	ask(&people[0]);
	assert_int_equal(people[0].state, UNKNOWN);
	settle(NULL);
	assert_int_equal(people[0].state, ASKED);
	assert_verdict();
	rig_close(&rig);
	simrig_stop();
}

/* These tests see what they are there to see. */
static void
test_a_wrong_service_is_noticed(void **state)
{
	static const char *const wrong[][2] = {
		{ "sends-twice", "asked twice" },
		{ "send-lie", "taken for asked" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		simrig_start(no_rule);
		(void)crmsim_ask(sim, "mutate", "{'name': '%s'}", wrong[i][0]);
		people_make(10);
		simrig_open("");
		ask_all(NULL, 0);
		assert_non_null(verdict());
		assert_string_equal(verdict(), wrong[i][1]);
		rig_close(&rig);
		simrig_stop();
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_is_asked_twice_through_faults),
		cmocka_unit_test(test_days_prove_nothing_without_a_mail),
		cmocka_unit_test(test_the_limits_of_the_service),
		cmocka_unit_test(test_who_does_not_wait_is_noticed),
		cmocka_unit_test(test_who_is_not_asked),
		cmocka_unit_test(test_a_slow_answer),
		cmocka_unit_test(test_a_wrong_service_is_noticed),
	};

	(void)argc;
	crmsim_find(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
