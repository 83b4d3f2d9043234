/*
 * A text field with a list of tags, and the guarded write of several cards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http.h"
#include "common/stamp.h"
#include "salesforce/guard.h"
#include "salesforce/tagfield.h"
#include "scratch.h"

static struct err err;

/* ---- lists --------------------------------------------------------------- */
static void
splits(const char *text, const char *joined)
{
	const char *const *tags = sf_tags_split(arena, text);

	assert_non_null(tags);
	assert_string_equal(sf_tags_join(arena, tags, "|"), joined);
}

static void
test_split(void **state)
{
	(void)state;
	splits(NULL, "");
	splits("", "");
	splits(" ; ;\r\n", "");
	splits("a", "a");
	splits("a;b", "a|b");
	splits(" a b ; c\r\nd\n", "a b|c|d");
	splits(";;NPSToday.M\xc3\xb8" "de.9;", "NPSToday.M\xc3\xb8" "de.9");
	assert_string_equal(sf_tags_join(arena, sf_tags_split(arena, "a;b"),
	    "\n"), "a\nb");
}

static void
test_fits(void **state)
{
	(void)state;
	assert_true(sf_tag_fits("NPSToday.a b.9"));
	assert_false(sf_tag_fits(""));
	assert_false(sf_tag_fits("a;b"));
	assert_false(sf_tag_fits("a\nb"));
	assert_false(sf_tag_fits(" a"));
	assert_false(sf_tag_fits("a "));
}

static void
test_length(void **state)
{
	(void)state;
	assert_int_equal(sf_text_length(""), 0);
	assert_int_equal(sf_text_length("a\xc3\xb8\xe2\x82\xac"), 3);
	assert_int_equal(sf_text_length("\xf0\x9f\x98\x80"), 2);
	assert_int_equal(sf_text_head("a\xc3\xb8z", 2), 3);
	assert_int_equal(sf_text_head("a\xc3\xb8z", 3), 4);
	assert_int_equal(sf_text_head("a\xf0\x9f\x98\x80z", 2), 1);
	assert_int_equal(sf_text_head("", 2), 0);
}

/* ---- times --------------------------------------------------------------- */
static void
test_dates(void **state)
{
	char buf[32];

	(void)state;
	/* RFC 9110's own example, and each day of a week. */
	assert_string_equal(stamp_http(buf, 784111777),
	    "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_string_equal(stamp_http(buf, 0),
	    "Thu, 01 Jan 1970 00:00:00 GMT");
	for (int i = 0; i < 7; i++) {
		const time_t t = 1795132800 + (time_t)86400 * i;
		assert_int_equal(http_date(stamp_http(buf, t)), t);
		assert_memory_equal(buf, &"FriSatSunMonTueWedThu"[3 * i], 3);
	}
}

static void
test_stamps(void **state)
{
	(void)state;
	assert_int_equal(stamp_up("1994-11-06T08:49:37.000+0000"), 784111777);
	assert_int_equal(stamp_up("1994-11-06T08:49:37Z"), 784111777);
	assert_int_equal(stamp_up("1994-11-06T08:49:37.001+0000"), 784111778);
	assert_int_equal(stamp_up("1994-11-06T09:49:37.500+0100"), 784111778);
	assert_int_equal(stamp_up(NULL), NO_TIME);
	assert_int_equal(stamp_up("yesterday"), NO_TIME);
}

/* ---- the guarded call ---------------------------------------------------- */
static void
test_guard_refusals(void **state)
{
	static struct sf_guarded many[SF_GUARD_MAX + 1];
	json_t *fields = json_object();
	const char *body;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct sf_guarded){ { "003RM0000068xVCYAY", fields },
			784111777 };
	assert_false(sf_guard_body(arena, "/v", "Contact", many, 0, &body, &err));
	assert_false(sf_guard_body(arena, "/v", "Contact", many,
	    SF_GUARD_MAX + 1, &body, &err));
	assert_true(sf_guard_body(arena, "/v", "Contact", many, SF_GUARD_MAX,
	    &body, &err));
	many[1].unmodified_since = NO_TIME;
	assert_false(sf_guard_body(arena, "/v", "Contact", many, 2, &body, &err));
	many[0].record.id = "../Account/1";
	assert_false(sf_guard_body(arena, "/v", "Contact", many, 1, &body, &err));
	json_decref(fields);
}

#define PART(ref, status, body) "{\"body\":" body ",\"httpStatusCode\":" status \
	",\"referenceId\":\"" ref "\"}"

static void
reads(const char *parts, enum put_outcome a, enum put_outcome b)
{
	static const char *const codes[] = { "UNABLE_TO_LOCK_ROW" };
	static const struct strlist again = { codes, 1 };
	const struct sf_reading how = { .again = &again };
	const char *text = arena_printf(arena, "{\"compositeResponse\":[%s]}",
	    parts);
	struct put_result results[2];
	struct json_doc *doc = NULL;

	assert_true(json_parse(text, strlen(text), &doc, &err));
	sf_guard_read(json_root(doc), 2, &how, results);
	json_free(doc);
	assert_int_equal(results[0].outcome, a);
	assert_int_equal(results[1].outcome, b);
}

static void
test_guard_answers(void **state)
{
	(void)state;
	reads(PART("r1", "412", "null") "," PART("r0", "204", "null"),
	    PUT_DONE, PUT_CONFLICT);
	reads(PART("r0", "404", "[]") "," PART("r1", "400",
	    "[{\"errorCode\":\"UNABLE_TO_LOCK_ROW\"}]"), PUT_GONE, PUT_AGAIN);
	reads(PART("r0", "400", "[{\"errorCode\":\"STRING_TOO_LONG\"}]") ","
	    PART("r1", "500", "null"), PUT_REJECTED, PUT_UNKNOWN);
	reads(PART("r0", "403", "[{\"errorCode\":\"REQUEST_LIMIT_EXCEEDED\"}]")
	    "," PART("r1", "429", "null"), PUT_AGAIN, PUT_AGAIN);
	reads(PART("r0", "204", "null"), PUT_DONE, PUT_UNKNOWN);
	reads(PART("r0", "204", "null") "," PART("r0", "204", "null") ","
	    PART("r7", "204", "null") "," PART("x", "204", "null"),
	    PUT_UNKNOWN, PUT_UNKNOWN);
	reads("", PUT_UNKNOWN, PUT_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_guard_refusals),
		cmocka_unit_test(test_guard_answers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
