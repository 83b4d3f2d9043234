/*
 * The stand-in for the survey service and the reader of its ledger: what the
 * real one would refuse is refused, and a customer who was asked twice is
 * found.  A test that uses them is worth no more than this.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "ledger.h"
#include "npsync.h"
#include "simproc.h"
#include "tmpdir.h"

#define GUID "7d444840-9dc0-41d1-b245-5ffdce74fa"
#define JSON "Content-Type: application/json"

static struct simproc *sim;

static size_t
drop(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

/* The status of the answer. */
static long
call(const char *path, const char *type, const char *body)
{
	char url[200];
	long status = 0;
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL,
	    "Authorization: apikey " SIMPROC_KEY);

	assert_non_null(curl);
	headers = curl_slist_append(headers, type);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s",
	    simproc_port(sim), path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
	if (body != NULL)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	assert_int_equal(curl_easy_perform(curl), CURLE_OK);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return status;
}

static long
push(const char *body)
{
	return call("/campaigns/7749/respondent", JSON, body);
}

static int
setup(void **state)
{
	static const char *const options[] = { "--campaign", "7760/sms=SMS",
		NULL };
	static int n;
	char name[16];

	(void)state;
	(void)snprintf(name, sizeof(name), "sim%d", n++);
	sim = simproc_start(tmpdir_path(name), options);
	simproc_tell(sim, "now", "{\"now\": \"2026-11-25T02:10:00Z\"}");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	simproc_stop(sim);
	return 0;
}

/* ---- what it takes ------------------------------------------------------------ */
#define WHO(more) "{\"respondent\": {\"emailAddress\": \"a@b.example\"" more "}"
static const struct body_case {
	long status;
	const char *body;
} bodies[] = {
	{ 201, WHO("") "}" },
	{ 201, WHO("") ", \"guid\": \"" GUID "d2\"}" },
	{ 201, WHO(", \"sendEmailAt\": \"2026-11-25 08:00:00\"") "}" },
	{ 201, WHO(", \"sendEmailAt\": \"\"") "}" },
	{ 201, WHO("") ", \"custom\": {\"npsync_ref\": \"x\"}}" },
	{ 201, WHO("") ", \"custom\": \"{}\"}" },
	{ 400, "" },
	{ 400, "[]" },
	{ 400, "{}" },
	{ 400, "{\"respondent\": {}}" },
	{ 400, WHO("") "} x" },
	{ 400, WHO("") },
	{ 400, WHO(", \"sendEmailAt\": \"2026-11-25T08:00:00\"") "}" },
	{ 400, WHO(", \"sendEmailAt\": \"2026-11-25 08:00:00Z\"") "}" },
	{ 400, WHO(", \"sendEmailAt\": \"2026-11-25 08:00\"") "}" },
	{ 400, WHO(", \"sendEmailAt\": \"2026-02-31 08:00:00\"") "}" },
	{ 400, WHO(", \"sendEmailAt\": \"25-11-2026 08:00:00\"") "}" },
	{ 400, WHO("") ", \"guid\": \"" GUID "d\"}" },
	{ 400, WHO("") ", \"guid\": \"" GUID "dx\"}" },
	{ 400, WHO("") ", \"guid\": \"\"}" },
	{ 400, WHO("") ", \"guid\": null}" },
	{ 400, WHO("") ", \"guid\": 7}" },
	{ 400, WHO("") ", \"custom\": 7}" },
	{ 400, WHO("") ", \"note\": \"\", \"note\": \"twice\"}" },
	{ 400, "{\"respondent\": {\"emailAddress\": \"\"}}" },
	{ 400, "{\"respondent\": {\"emailAddress\": \"nobody\"}}" },
	{ 400, "{\"respondent\": {\"emailAddress\": \"@b.example\"}}" },
	{ 400, "{\"respondent\": {\"emailAddress\": \"a@\"}}" },
	{ 400, "{\"respondent\": {\"emailAddress\": \"a@b@c\"}}" },
	{ 400, "{\"respondent\": {\"emailAddress\": \"a b@c.example\"}}" },
	{ 400, "{\"respondent\": {\"phoneNumber\": \"+4512345678\"}}" },
};

static void
test_bodies(void **state)
{
	int stored = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		const long status = push(bodies[i].body);
		if (status != bodies[i].status)
			fail_msg("%s: %ld", bodies[i].body, status);
		stored += status == 201;
	}
	assert_int_equal(ledger_respondents(sim), stored);
}

static void
test_refused(void **state)
{
	static const char body[] = WHO("") "}";

	(void)state;
	assert_int_equal(call("/campaigns/7749/respondent",
	    "Content-Type: text/plain", body), 415);
	assert_int_equal(call("/campaigns/7749/respondent",
	    "Content-Type:", body), 415);
	assert_int_equal(call("/campaigns/7749/respondent",
	    JSON "; charset=utf-8", body), 201);
	assert_int_equal(call("/campaigns/1/respondent", JSON, body), 404);
	assert_int_equal(call("/campaigns/7749/respondent", JSON, NULL), 404);
	assert_int_equal(call("/v2/bi/responses?page=0", JSON, NULL), 400);
	assert_int_equal(call("/v2/bi/responses?page=99999999999", JSON, NULL),
	    400);
	assert_int_equal(ledger_respondents(sim), 1);
}

/* A control that is misspelt does not mean something else. */
static void
test_controls(void **state)
{
	(void)state;
	assert_int_equal(call("/sim/hold", JSON, "{\"count\": 1"), 400);
	assert_int_equal(call("/sim/auto", JSON, "[]"), 400);
	assert_int_equal(call("/sim/fault", JSON, "{\"kind\": \"bogus\"}"), 400);
	assert_int_equal(call("/sim/hold", JSON, "{\"count\": 0}"), 200);
}

static void
test_retry_after(void **state)
{
	(void)state;
	simproc_tell(sim, "fault", "{\"kind\": 429, \"retry_after\": 60}");
	assert_int_equal(push(WHO("") "}"), 429);
	assert_int_equal(simproc_stat(sim, "too_early"), 0);
	assert_int_equal(push(WHO("") "}"), 201);
	assert_int_equal(simproc_stat(sim, "too_early"), 1);
}

/* ---- who was asked twice ------------------------------------------------------ */
static void
send_to(long campaign, const char *address, const char *card, const char *end)
{
	char path[64], body[512];

	(void)snprintf(path, sizeof(path), "/campaigns/%ld/respondent",
	    campaign);
	(void)snprintf(body, sizeof(body), "{\"respondent\": {\"%s\": \"%s\","
	    " \"externalId\": \"crm:%s\"}, \"guid\": \"" GUID "%s\","
	    " \"custom\": {\"npsync_ref\": \"" GUID "%s\"}}",
	    campaign == 7760 ? "phoneNumber" : "emailAddress", address, card,
	    end, end);
	assert_int_equal(call(path, JSON, body), 201);
}

static int
doubles(void)
{
	char first[200];

	return ledger_doubles(sim, 30, first, sizeof(first));
}

static void
test_doubles(void **state)
{
	(void)state;
	send_to(7749, "a@b.example", "K1", "01");
	send_to(7749, "c@b.example", "K2", "02");
	assert_int_equal(doubles(), 0);
	/* The same address, written otherwise, of another card. */
	send_to(7750, "A@B.example", "K3", "03");
	assert_int_equal(doubles(), 1);
	/* The same card at another address. */
	send_to(7750, "d@b.example", "K2", "04");
	assert_int_equal(doubles(), 2);
	/* The same reference, whoever it is. */
	send_to(7750, "e@b.example", "K5", "01");
	assert_int_equal(doubles(), 3);
}

static void
test_doubles_of_days(void **state)
{
	(void)state;
	send_to(7749, "a@b.example", "K1", "01");
	simproc_tell(sim, "now", "{\"now\": \"2026-12-25T02:10:00Z\"}");
	send_to(7749, "a@b.example", "K1", "02");
	assert_int_equal(doubles(), 0);
	/* 29 days after the second. */
	simproc_tell(sim, "now", "{\"now\": \"2027-01-23T02:10:00Z\"}");
	send_to(7749, "a@b.example", "K1", "03");
	assert_int_equal(doubles(), 1);
}

static void
test_doubles_by_phone(void **state)
{
	(void)state;
	send_to(7760, "+4512345678", "K1", "01");
	send_to(7760, "+4512345679", "K2", "02");
	assert_int_equal(doubles(), 0);
	send_to(7760, "+4512345679", "K3", "03");
	assert_int_equal(doubles(), 1);
}

/* A restart forgets nothing. */
static void
test_restart(void **state)
{
	(void)state;
	send_to(7749, "a@b.example", "K1", "01");
	simproc_away(sim);
	simproc_back(sim);
	assert_int_equal(simproc_stat(sim, "respondents"), 1);
	send_to(7749, "c@b.example", "K2", "02");
	assert_int_equal(ledger_respondents(sim), 2);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bodies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_controls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retry_after, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_doubles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_doubles_of_days, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_doubles_by_phone, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
	};

	(void)argc;
	if (!simproc_find(argv[0]))
		return 1;
	return cmocka_run_group_tests(tests, tmpdir_make, tmpdir_remove);
}
