/*
 * Deleting a respondent at NPS.Today: who is looked up, who is deleted, and
 * that nobody else ever is.
 */
#include "npstoday/rig.h"

#include "simhttpd.h"

#define ON "erase = { enabled = true; };"
#define JSON "Content-Type: application/json\r\n"
#define LIST(text) .headers = JSON, .body = text

struct erase_case {
	const char *name, *conf, *email, *phone;
	struct sim_reply script[4];
	size_t n_replies;
	bool ok;
	enum put_outcome outcome;
	enum err_kind kind;
};

static const struct erase_case cases[] = {
	{ "one", ON, "A@b.example", NULL, {
	    { .want = "GET /respondents?emailAddress=A%40b.example ",
	      LIST("[{\"id\":88,\"emailAddress\":\"a@B.example\"}]") },
	    { .want = "DELETE /respondents/88 ", .status = 204 } }, 2,
	    true, PUT_DONE, ERR_NONE },
	{ "two entries of one address", ON, "a@b.example", NULL, {
	    { .want = "GET ", LIST("{\"items\":[{\"id\":1,"
		"\"emailAddress\":\"a@b.example\"},{\"id\":2,"
		"\"emailAddress\":\"a@b.example\"}]}") },
	    { .want = "DELETE /respondents/1 ", .status = 200 },
	    { .want = "DELETE /respondents/2 ", .status = 404 } }, 3,
	    true, PUT_DONE, ERR_NONE },
	{ "nobody", ON, "a@b.example", NULL, {
	    { .want = "GET ", LIST("[]") } }, 1,
	    true, PUT_UNCHANGED, ERR_NONE },
	/* Nobody is an empty list; this may be a wrong path. */
	{ "not found", ON, "a@b.example", NULL, {
	    { .want = "GET ", .status = 404 } }, 1,
	    false, PUT_UNCHANGED, ERR_PROTOCOL },
	{ "by number", ON, NULL, "+4570123456", {
	    { .want = "GET /respondents?phoneNumber=%2B4570123456 ",
	      LIST("[{\"id\":9,\"phoneNumber\":\"+45 70 12 34 56\"}]") },
	    { .want = "DELETE /respondents/9 ", .status = 204 } }, 2,
	    true, PUT_DONE, ERR_NONE },
	{ "by number, with the mail address", ON, "a@b.example",
	    "+4570123456", {
	    { .want = "GET ", LIST("[]") },
	    { .want = "GET ", LIST("[{\"id\":9,"
		"\"emailAddress\":\"A@b.example\","
		"\"phoneNumber\":\"+4570123456\"}]") },
	    { .want = "DELETE /respondents/9 ", .status = 204 } }, 3,
	    true, PUT_DONE, ERR_NONE },
	/* A colleague at the same telephone: a person decides. */
	{ "the number of another", ON, "a@b.example", "+4570123456", {
	    { .want = "GET ", LIST("[{\"id\":8,"
		"\"emailAddress\":\"a@b.example\"}]") },
	    { .want = "DELETE /respondents/8 ", .status = 204 },
	    { .want = "GET ", LIST("[{\"id\":9,"
		"\"emailAddress\":\"c@b.example\","
		"\"phoneNumber\":\"+4570123456\"}]") } }, 3,
	    false, PUT_UNCHANGED, ERR_DONE },
	{ "the number of somebody with a mail address", ON, NULL,
	    "+4570123456", {
	    { .want = "GET ", LIST("[{\"id\":9,"
		"\"emailAddress\":\"c@b.example\","
		"\"phoneNumber\":\"+4570123456\"}]") } }, 1,
	    false, PUT_UNCHANGED, ERR_DONE },
	/* The service does not know the parameter: not one is deleted. */
	{ "everybody", ON, "a@b.example", NULL, {
	    { .want = "GET ", LIST("[{\"id\":1,"
		"\"emailAddress\":\"a@b.example\"},{\"id\":2,"
		"\"emailAddress\":\"c@d.example\"}]") } }, 1,
	    false, PUT_UNCHANGED, ERR_PROTOCOL },
	{ "another number", ON, NULL, "+4570123456", {
	    { .want = "GET ", LIST("[{\"id\":9,"
		"\"phoneNumber\":\"+457012345\"}]") } }, 1,
	    false, PUT_UNCHANGED, ERR_PROTOCOL },
	{ "without an id", ON, "a@b.example", NULL, {
	    { .want = "GET ", LIST("[{\"emailAddress\":\"a@b.example\"}]") }
	    }, 1, false, PUT_UNCHANGED, ERR_PROTOCOL },
	{ "no array", ON, "a@b.example", NULL, {
	    { .want = "GET ", LIST("{\"count\":0}") } }, 1,
	    false, PUT_UNCHANGED, ERR_PROTOCOL },
	{ "refused", ON, "a@b.example", NULL, {
	    { .want = "GET ", LIST("[{\"id\":1,"
		"\"emailAddress\":\"a@b.example\"}]") },
	    { .want = "DELETE ", .status = 403 } }, 2,
	    false, PUT_UNCHANGED, ERR_AUTH },
	{ "an id that is a path", ON, "a@b.example", NULL, {
	    { .want = "GET ", LIST("[{\"id\":\"../campaigns\","
		"\"emailAddress\":\"a@b.example\"}]") },
	    { .want = "DELETE /respondents/..%2Fcampaigns ",
	      .status = 404 } }, 2, true, PUT_DONE, ERR_NONE },
	{ "switched off", "", "a@b.example", NULL, { { .want = NULL } }, 0,
	    false, PUT_UNCHANGED, ERR_DONE },
};

static void
erase(const struct erase_case *c)
{
	struct put_result result = { .outcome = PUT_UNKNOWN };
	struct rig rig;
	struct simhttpd *sim = simhttpd_start(c->script, c->n_replies);

	assert_non_null(sim);
	rig_open_http(&rig, simhttpd_url(sim), c->conf);
	const bool ok = npstoday_survey.erase(rig.self, c->email, c->phone,
	    &result, &rig.err);
	if (ok != c->ok || (ok && result.outcome != c->outcome) ||
	    (!ok && rig.err.kind != c->kind))
		fail_msg("%s: %d, outcome %d, %s", c->name, ok, result.outcome,
		    rig.err.msg);
	if (simhttpd_problem(sim, true) != NULL)
		fail_msg("%s: %s", c->name, simhttpd_problem(sim, true));
	/* An error names nobody. */
	assert_null(strstr(rig.err.msg, "b.example"));
	rig_close(&rig);
	simhttpd_stop(sim);
}

static void
test_erase(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		erase(&cases[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_erase) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
