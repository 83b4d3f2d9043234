/* err.c: messages, context, names, exit codes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "err.h"

static void
test_set(void **state)
{
	struct err err = { .code = 7, .retry_after_s = 8, .sqlstate = "23505" };

	(void)state;
	assert_false(err_set(&err, ERR_CONFIG, "%s:%d: no", "a.conf", 3));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_string_equal(err.msg, "a.conf:3: no");
	/* Nothing of the error before it is left. */
	assert_int_equal(err.code, 0);
	assert_int_equal(err.retry_after_s, 0);
	assert_string_equal(err.sqlstate, "");
}

static void
test_null_is_allowed(void **state)
{
	(void)state;
	assert_false(err_set(NULL, ERR_BUG, "x"));
	assert_false(err_errno(NULL, ERR_BUG, "x"));
	assert_false(err_wrap(NULL, "x"));
	assert_false(err_nomem(NULL));
}

static void
test_one_line(void **state)
{
	struct err err;

	(void)state;
	(void)err_set(&err, ERR_DB, "ERROR: x\r\nHINT: y\n");
	assert_null(strpbrk(err.msg, "\r\n"));
	assert_non_null(strstr(err.msg, "HINT: y"));
}

static void
test_errno(void **state)
{
	struct err err;

	(void)state;
	errno = ENOENT;
	assert_false(err_errno(&err, ERR_SYSTEM, "open %s", "x"));
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.msg, "open x: No such file or directory");
}

static void
test_wrap_keeps_the_rest(void **state)
{
	struct err err;

	(void)state;
	(void)err_set(&err, ERR_THROTTLED, "HTTP 429");
	err.code = 429;
	err.retry_after_s = 60;
	assert_false(err_wrap(&err, "push %s", "npstoday"));
	assert_string_equal(err.msg, "push npstoday: HTTP 429");
	assert_int_equal(err.kind, ERR_THROTTLED);
	assert_int_equal(err.code, 429);
	assert_int_equal(err.retry_after_s, 60);
}

static void
test_long_text_is_cut(void **state)
{
	char text[2000];
	struct err err;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)err_set(&err, ERR_BUG, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	errno = EIO;
	(void)err_errno(&err, ERR_BUG, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	for (int i = 0; i < 100; i++)
		(void)err_wrap(&err, "level %d", i);
	assert_true(strlen(err.msg) < sizeof(err.msg));
	assert_memory_equal(err.msg, "level 99: level 98: ", 20);
}

static void
test_kinds(void **state)
{
	static const struct {
		enum err_kind kind;
		const char *name;
		int exit_code;
	} cases[] = {
		{ ERR_NONE, "none", 0 },
		{ ERR_RETRY, "retry", 69 },
		{ ERR_THROTTLED, "throttled", 69 },
		{ ERR_REJECTED, "rejected", 1 },
		{ ERR_GONE, "gone", 1 },
		{ ERR_AUTH, "auth", 1 },
		{ ERR_CONFIG, "config", 78 },
		{ ERR_PROTOCOL, "protocol", 1 },
		{ ERR_DB, "database", 71 },
		{ ERR_DB_AWAY, "database_away", 69 },
		{ ERR_NOMEM, "memory", 71 },
		{ ERR_SYSTEM, "system", 71 },
		{ ERR_BUG, "bug", 71 },
		{ ERR_USAGE, "usage", 64 },
		{ ERR_BUSY, "busy", 75 },
		{ ERR_PERMISSION, "permission", 77 },
		{ ERR_CANCELLED, "cancelled", 0 },
		{ ERR_DONE, "done", 0 },
	};

	(void)state;
	assert_int_equal(ARRAY_LEN(cases), ERR_DONE + 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_string_equal(err_kind_name(cases[i].kind),
		    cases[i].name);
		assert_int_equal(err_exit_code(cases[i].kind),
		    cases[i].exit_code);
	}
}

static void
test_nomem(void **state)
{
	struct err err;

	(void)state;
	assert_false(err_nomem(&err));
	assert_int_equal(err.kind, ERR_NOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_null_is_allowed),
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_wrap_keeps_the_rest),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_nomem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
