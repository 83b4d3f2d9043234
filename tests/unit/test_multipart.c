/*
 * The answer to a batch: line ends, quotes, groups, and what is no answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/multipart.h"

static struct arena *arena;
static struct multipart_part *parts;
static size_t n;
static struct err err;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_new((size_t)1 << 22);
	return arena == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static bool
parse(const char *text)
{
	arena_reset(arena);
	n = 0;
	return multipart_parse(arena, text, strlen(text), "b_1", &parts, &n,
	    &err);
}

static void
test_boundary(void **state)
{
	static const struct { const char *type, *expect; } cases[] = {
		{ "multipart/mixed; boundary=batchresponse_0a-1",
		    "batchresponse_0a-1" },
		{ "multipart/mixed; boundary=\"a b\"; charset=utf-8", "a b" },
		{ "Multipart/Mixed;charset=utf-8;Boundary=x;y=z", "x" },
		{ "multipart/mixed", NULL },
		{ "multipart/mixed; boundary=", NULL },
		{ "application/json; boundary=x", NULL },
		{ NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *boundary = NULL;
		const bool ok = multipart_boundary(arena, cases[i].type,
		    &boundary, &err);
		assert_int_equal(ok, cases[i].expect != NULL);
		if (ok)
			assert_string_equal(boundary, cases[i].expect);
		else
			assert_int_equal(err.kind, ERR_PROTOCOL);
	}
}

#define PART "--b_1\nContent-Type: application/http\n" \
	"Content-Transfer-Encoding: binary\n\n"
#define BAD PART "HTTP/1.1 400 Bad Request\nREQ_ID: 7\n" \
	"Content-Type: application/json\n\n{\"error\":{\"code\":\"0x1\"}}\n"
#define GOOD PART "HTTP/1.1 204 No Content\nOData-Version: 4.0\n\n\n"

static void
check_three(void)
{
	assert_int_equal(n, 3);
	assert_int_equal(parts[0].status, 204);
	assert_string_equal(parts[0].body, "");
	assert_int_equal(parts[1].status, 400);
	assert_string_equal(parts[1].body, "{\"error\":{\"code\":\"0x1\"}}");
	assert_int_equal(parts[1].body_len, strlen(parts[1].body));
	assert_int_equal(parts[2].status, 204);
	assert_false(parts[2].grouped);
}

/* The same with both line ends, and with words around it. */
static void
test_line_ends(void **state)
{
	static const char text[] = GOOD BAD GOOD "--b_1--\n";
	char crlf[4000];
	size_t len = 0;

	(void)state;
	assert_true(parse(text));
	check_three();
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\n')
			crlf[len++] = '\r';
		crlf[len++] = *p;
	}
	crlf[len] = '\0';
	assert_true(parse(crlf));
	check_three();
	assert_true(parse("words before\n" GOOD BAD GOOD "--b_1-- \nafter"));
	check_three();
	/* The end of the text may end the last line. */
	assert_true(parse(GOOD BAD GOOD "--b_1--"));
	check_three();
}

static void
test_groups(void **state)
{
	(void)state;
	assert_true(parse(GOOD "--b_1\nContent-Type: multipart/mixed; "
	    "boundary=c_1\n\n"
	    "--c_1\nContent-Type: application/http\nContent-ID: 5\n\n"
	    "HTTP/1.1 204 No Content\n\n\n"
	    "--c_1\nContent-Type: application/http\nContent-ID: 6\n\n"
	    "HTTP/1.1 200 OK\n\n{\"x\":\"--c_1\"}\n--c_1--\n"
	    BAD "--b_1--\n"));
	assert_int_equal(n, 4);
	assert_false(parts[0].grouped);
	assert_true(parts[1].grouped && parts[2].grouped);
	assert_string_equal(parts[1].content_id, "5");
	assert_string_equal(parts[2].body, "{\"x\":\"--c_1\"}");
	assert_null(parts[3].content_id);
	/* A failed group: one part that names who failed. */
	assert_true(parse("--b_1\nContent-Type: application/http\n"
	    "Content-ID: 2\n\nHTTP/1.1 400 Bad Request\n\n{}\n--b_1--\n"));
	assert_int_equal(n, 1);
	assert_string_equal(parts[0].content_id, "2");
}

static void
test_refused(void **state)
{
	static const char *const cases[] = {
		"", "--b_1", GOOD, GOOD "--b_1", GOOD "--b_1-", GOOD "--b_2--",
		"--b_1\nContent-Type: application/http\n\n<html>\n--b_1--\n",
		"--b_1\nContent-Type: application/http\n\n--b_1--\n",
		PART "HTTP/1.1 2O4 No Content\n\n--b_1--\n",
		"--b_1\nContent-Type: multipart/mixed; boundary=c\n\n--c\n"
		    "Content-Type: multipart/mixed; boundary=d\n\n--d--\n--c--\n"
		    "--b_1--\n",
		"--b_1\nContent-Type: multipart/mixed; boundary=c\n\n--c\n--b_1--\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (parse(cases[i]))
			fail_msg("%zu: taken", i);
		assert_int_equal(err.kind, ERR_PROTOCOL);
	}
	/* The reason of a status may be missing. */
	assert_true(parse(PART "HTTP/1.1 204\n\n--b_1--\n"));
	assert_int_equal(n, 1);
	assert_true(parse("--b_1--\n"));
	assert_int_equal(n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boundary),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("multipart", tests, set_up,
	    tear_down);
}
