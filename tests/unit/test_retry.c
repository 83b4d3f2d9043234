/* The outcome tables: every row, every status, Retry-After, back-off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "http.h"

/* ---- by phase ------------------------------------------------------------ */
struct row {
	const char *name;
	int curl_code;
	long status;
	enum http_phase phase;
	const char *body;
	enum http_class class;
};

static const struct row rows[] = {
	{ "DNS failure", 6, 0, HTTP_NOT_SENT, "", HTTP_SAFE },
	{ "refused", 7, 0, HTTP_NOT_SENT, "", HTTP_SAFE },
	{ "TLS times out", 28, 0, HTTP_NOT_SENT, "", HTTP_SAFE },
	{ "TLS breaks", 35, 0, HTTP_NOT_SENT, "", HTTP_SAFE },
	{ "certificate", 60, 0, HTTP_NOT_SENT, "", HTTP_MISCONFIGURED },
	{ "CA file", 77, 0, HTTP_NOT_SENT, "", HTTP_MISCONFIGURED },
	{ "bad address", 3, 0, HTTP_NOT_SENT, "", HTTP_MISCONFIGURED },
	{ "http not allowed", 1, 0, HTTP_NOT_SENT, "", HTTP_MISCONFIGURED },
	{ "RST in the body", 56, 0, HTTP_PARTLY_SENT, "", HTTP_SAFE },
	{ "closed after read", 52, 0, HTTP_SENT, "", HTTP_UNKNOWN },
	{ "RST after read", 56, 0, HTTP_SENT, "", HTTP_UNKNOWN },
	{ "no answer in time", 28, 0, HTTP_SENT, "", HTTP_UNKNOWN },
	{ "half a status line", 52, 0, HTTP_SENT, "", HTTP_UNKNOWN },
	{ "not HTTP at all", 1, 0, HTTP_SENT, "", HTTP_UNKNOWN },
	{ "certificate code late", 60, 0, HTTP_SENT, "", HTTP_UNKNOWN },
	{ "headers cut", 0, 201, HTTP_ANSWER_CUT, "", HTTP_DONE_NO_BODY },
	{ "body cut", 18, 201, HTTP_ANSWER_CUT, "{\"a\"",
	    HTTP_DONE_NO_BODY },
	{ "body cut, yet JSON", 18, 201, HTTP_ANSWER_CUT, "{}",
	    HTTP_DONE_NO_BODY },
	{ "201, not JSON", 0, 201, HTTP_COMPLETE, "<p>", HTTP_DONE_NO_BODY },
	{ "201, JSON", 0, 201, HTTP_COMPLETE, "{\"id\":1}", HTTP_DONE },
	{ "500", 0, 500, HTTP_COMPLETE, "", HTTP_UNKNOWN },
	{ "504", 0, 504, HTTP_COMPLETE, "", HTTP_UNKNOWN },
	{ "500, cut", 18, 500, HTTP_ANSWER_CUT, "", HTTP_UNKNOWN },
	{ "refused seek", 65, 0, HTTP_SENT, "", HTTP_UNKNOWN },
	{ "reused died", 55, 0, HTTP_SENT, "", HTTP_UNKNOWN },
};

static struct http_res
res_of(enum http_phase phase, int code, long status, const char *body)
{
	return (struct http_res){ .phase = phase, .curl_code = code,
		.status = status, .body = body, .body_len = strlen(body),
		.body_sent = phase >= HTTP_SENT, .retry_after_s = -1,
		.date = NO_TIME };
}

static void
test_phases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		const struct http_res res =
		    res_of(r->phase, r->curl_code, r->status, r->body);
		if (http_classify(&res) != r->class)
			fail_msg("%s: %s", r->name,
			    http_class_name(http_classify(&res)));
	}
}

/* Any CURLcode: without a status the phase alone decides. */
static void
test_codes(void **state)
{
	static const int config[] = { 1, 3, 58, 59, 60, 66, 67, 77, 83, 90,
		91 };

	(void)state;
	for (int code = 1; code < 100; code++) {
		enum http_class none = HTTP_SAFE;
		for (size_t i = 0; i < ARRAY_LEN(config); i++)
			if (config[i] == code)
				none = HTTP_MISCONFIGURED;
		struct http_res res = res_of(HTTP_NOT_SENT, code, 0, "");
		assert_int_equal(http_classify(&res), none);
		assert_int_equal(http_is_misconfigured(&res),
		    none == HTTP_MISCONFIGURED);
		res.phase = HTTP_PARTLY_SENT;
		assert_int_equal(http_classify(&res), HTTP_SAFE);
		assert_false(http_is_misconfigured(&res));
		res.phase = HTTP_SENT;
		assert_int_equal(http_classify(&res), HTTP_UNKNOWN);
		res.phase = HTTP_ANSWER_CUT;
		res.status = 201;
		assert_int_equal(http_classify(&res), HTTP_DONE_NO_BODY);
	}
}

/* ---- by status ----------------------------------------------------------- */
static bool
among(long status, const long *list)
{
	for (; *list != 0; list++)
		if (*list == status)
			return true;
	return false;
}

/* Written from the table, not from the code. */
static enum http_class
expected(long status, bool json)
{
	static const long permanent[] = { 400, 404, 405, 406, 410, 411, 413,
		414, 415, 422, 0 };
	static const long auth[] = { 401, 402, 403, 0 };
	static const long safe[] = { 423, 425, 429, 0 };

	if (status / 100 == 2)
		return json ? HTTP_DONE : HTTP_DONE_NO_BODY;
	if (status / 100 == 3)
		return HTTP_MISCONFIGURED;
	if (among(status, permanent))
		return HTTP_PERMANENT;
	if (among(status, auth))
		return HTTP_AUTH;
	return among(status, safe) ? HTTP_SAFE : HTTP_UNKNOWN;
}

static void
test_statuses(void **state)
{
	static const char *const bodies[] = { "{\"id\": 7}", "", "<html>\x01" };

	(void)state;
	for (long status = 100; status < 600; status++)
		for (size_t b = 0; b < ARRAY_LEN(bodies); b++) {
			const struct http_res res =
			    res_of(HTTP_COMPLETE, 0, status, bodies[b]);
			if (http_classify(&res) != expected(status, b == 0))
				fail_msg("status %ld, body %zu: %s", status, b,
				    http_class_name(http_classify(&res)));
		}
}

static void
test_408(void **state)
{
	struct http_res res = res_of(HTTP_COMPLETE, 0, 408, "");

	(void)state;
	assert_int_equal(http_classify(&res), HTTP_UNKNOWN);
	res.body_sent = false;
	assert_int_equal(http_classify(&res), HTTP_SAFE);
}

static void
test_transient(void **state)
{
	static const long yes[] = { 408, 425, 429, 0 };

	(void)state;
	for (long status = 100; status < 600; status++) {
		struct http_res res = res_of(HTTP_COMPLETE, 0, status, "");
		assert_int_equal(http_is_transient(&res),
		    status >= 500 || among(status, yes));
		res.phase = HTTP_ANSWER_CUT;
		assert_true(http_is_transient(&res));
	}
	struct http_res res = res_of(HTTP_NOT_SENT, 60, 0, "");
	assert_false(http_is_transient(&res));
	res.curl_code = 7;
	assert_true(http_is_transient(&res));
}

/* ---- Retry-After --------------------------------------------------------- */
#define NOW ((time_t)784111777)	/* Sun, 06 Nov 1994 08:49:37 GMT */

static const struct {
	const char *value;
	long wait;
} waits[] = {
	{ "0", 0 }, { "1", 1 }, { "60", 60 }, { "900", 900 }, { "901", 900 },
	{ "3600", 900 }, { "99999999999999999999999999", 900 },
	{ "-1", -1 }, { "abc", -1 }, { "", -1 }, { NULL, -1 }, { "+5", -1 },
	{ " 5", -1 }, { "5 ", -1 }, { "5s", -1 }, { "1.5", -1 }, { "0x10", -1 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
	{ "Sun, 06 Nov 1994 08:49:36 GMT", 0 },
	{ "Sat, 01 Jan 1983 00:00:00 GMT", 0 },
	{ "Sun, 06 Nov 1994 08:50:07 GMT", 30 },
	{ "Sunday, 06-Nov-94 08:50:07 GMT", 30 },
	{ "Sun Nov  6 08:50:07 1994", 30 },
	{ "Sun, 06 Nov 2094 08:49:37 GMT", 900 },
	{ "Sun, 06 Nov 1994 08:50:07", -1 },
	{ "Sun, 06 Nov 1994 08:50:07 CET", -1 },
	{ "Sun, 06 Nov 1994 24:50:07 GMT", -1 },
	{ "Sun, 31 Feb 1994 08:50:07 GMT", -1 },
	{ "Sun, 06 Nux 1994 08:50:07 GMT", -1 },
	{ "Sun", -1 }, { "Sun,", -1 }, { ", 06 Nov 1994 08:49:37 GMT", -1 },
	{ "1994-11-06T08:50:07Z", -1 },
};

static void
test_retry_after(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		const long wait = http_retry_after(waits[i].value, NOW);
		if (wait != waits[i].wait)
			fail_msg("\"%s\": %ld, not %ld",
			    waits[i].value == NULL ? "-" : waits[i].value, wait,
			    waits[i].wait);
	}
}

static void
test_date(void **state)
{
	(void)state;
	assert_int_equal(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), NOW);
	assert_int_equal(http_date("Sunday, 06-Nov-94 08:49:37 GMT"), NOW);
	assert_int_equal(http_date("Sun Nov  6 08:49:37 1994"), NOW);
	assert_int_equal(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
	/* A leap second counts as the one before it. */
	assert_int_equal(http_date("Tue, 29 Feb 2028 12:00:60 GMT"),
	    1835438459);
	assert_int_equal(http_date("Wed, 31 Dec 1969 23:59:59 GMT"), NO_TIME);
	assert_int_equal(http_date(NULL), NO_TIME);
	assert_int_equal(http_date("yesterday"), NO_TIME);
}

/* ---- back-off ------------------------------------------------------------ */
static void
test_backoff(void **state)
{
	static const long full[] = { 5, 10, 20, 40, 80, 160, 300, 300, 300 };

	(void)state;
	for (int n = 0; n < (int)ARRAY_LEN(full); n++) {
		assert_int_equal((long)http_backoff_s(5, 300, n, 1), full[n]);
		assert_int_equal((long)http_backoff_s(5, 300, n, 0), 0);
		assert_int_equal((long)(2 * http_backoff_s(5, 300, n, 0.5)),
		    full[n]);
	}
	assert_int_equal((long)http_backoff_s(5, 300, 1000000, 1), 300);
	assert_int_equal((long)http_backoff_s(0, 300, 50, 1), 0);
}

static void
test_names(void **state)
{
	(void)state;
	for (int i = HTTP_NOT_SENT; i <= HTTP_COMPLETE; i++)
		assert_string_not_equal(http_phase_name((enum http_phase)i),
		    "unknown");
	assert_string_equal(http_class_name(HTTP_DONE_NO_BODY),
	    "done_no_body");
	assert_string_equal(http_class_name(HTTP_UNKNOWN), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_408),
		cmocka_unit_test(test_transient),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_date),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
