/* log.c: one event, one line, whatever the values hold. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "text.h"

static char last[4096];
static enum log_level last_level;
static int lines;

static void
keep_line(enum log_level level, const char *line)
{
	(void)snprintf(last, sizeof(last), "%s", line);
	last_level = level;
	lines++;
}

static int
set_up(void **state)
{
	(void)state;
	log_open(LOG_TARGET_NONE, LOG_LEVEL_DEBUG);
	log_sink(keep_line);
	log_prefix("%s", "");
	lines = 0;
	last[0] = '\0';
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	log_sink(NULL);
	log_prefix("%s", "");
	return 0;
}

static void
test_line(void **state)
{
	(void)state;
	log_ev(LOG_LEVEL_INFO, "push", "queue=%d state=%s", 12, "sent");
	assert_string_equal(last, "push queue=12 state=sent");
	assert_int_equal(last_level, LOG_LEVEL_INFO);
	log_prefix("tenant=%s run=%d", "acme", 412);
	log_ev(LOG_LEVEL_ERROR, "push", "queue=%d", 12);
	assert_string_equal(last, "tenant=acme run=412 push queue=12");
	assert_int_equal(last_level, LOG_LEVEL_ERROR);
	log_ev(LOG_LEVEL_INFO, "done", "%s", "");
	assert_string_equal(last, "tenant=acme run=412 done");
	assert_int_equal(lines, 3);
}

static void
test_level(void **state)
{
	(void)state;
	log_open(LOG_TARGET_NONE, LOG_LEVEL_WARNING);
	log_ev(LOG_LEVEL_DEBUG, "x", "a=1");
	log_ev(LOG_LEVEL_INFO, "x", "a=1");
	log_ev(LOG_LEVEL_NOTICE, "x", "a=1");
	assert_int_equal(lines, 0);
	log_ev(LOG_LEVEL_WARNING, "x", "a=1");
	log_ev(LOG_LEVEL_ERROR, "x", "a=1");
	assert_int_equal(lines, 2);
}

static void
test_injection(void **state)
{
	static const struct {
		const char *value, *line;
	} cases[] = {
		{ "a\r\nnpsync: push queue=13",
		    "x v=a\\r\\nnpsync: push queue=13" },
		{ "\x1b[2J", "x v=\\x1b[2J" },
		{ "%n%s%n", "x v=%n%s%n" },
		{ "\xe2\x80\xaegnp", "x v=\\u202egnp" },
		{ "\xe2\x81\xa6" "a\xe2\x81\xa9", "x v=\\u2066a\\u2069" },
		{ "\xc2\x9b" "31m", "x v=\\u009b31m" },
		{ "\xe2\x80\xa8", "x v=\\u2028" },
		{ "a\x7f", "x v=a\\x7f" },
		{ "a\xffz", "x v=a\\xffz" },
		{ "Møde", "x v=Møde" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		log_ev(LOG_LEVEL_INFO, "x", "v=%s", cases[i].value);
		assert_string_equal(last, cases[i].line);
	}
	/* The same through the prefix. */
	log_prefix("crm=%s", "a\nb");
	log_ev(LOG_LEVEL_INFO, "x", "v=1");
	assert_string_equal(last, "crm=a\\nb x v=1");
}

/* 10,000 names: each gives one line, without a byte that could end it. */
static void
test_fuzzed_names(void **state)
{
	static const char *const parts[] = { "%n", "%s", "\r\n", "\x1b]0;",
		"a", "Møde", "\xe2\x80\xae", "\xc2\x85", "\xff", "\"", "\\",
		" ", "\xf0\x9f\x98\x80", "\xe2\x80", "\x01", "=" };
	uint32_t seed = 4711;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		char name[600] = "";
		size_t len = 0;
		for (int n = i % 100; n > 0; n--) {
			seed = seed * 1664525u + 1013904223u;
			const char *p = parts[(seed >> 8) % ARRAY_LEN(parts)];
			memcpy(name + len, p, strlen(p) + 1);
			len += strlen(p);
		}
		log_ev(LOG_LEVEL_INFO, "x", "name=%s q=%s", name,
		    log_quote(name));
		assert_int_equal(lines, i + 1);
		assert_true(strlen(last) <= 1024);
		assert_true(text_valid(last));
		for (const char *p = last; *p != '\0'; p++)
			if ((unsigned char)*p < 0x20 || *p == 0x7f)
				fail_msg("line %d holds a control byte", i);
	}
}

static void
test_cut(void **state)
{
	char value[3000];

	(void)state;
	/* Two-byte characters at both parities of the border. */
	for (int shift = 0; shift < 2; shift++) {
		for (size_t i = 0; i < sizeof(value) - 1; i++)
			value[i] = i % 2 == 0 ? '\xc3' : '\xb8';
		value[sizeof(value) - 1] = '\0';
		log_ev(LOG_LEVEL_INFO, shift == 0 ? "x" : "xx", "%s", value);
		assert_true(strlen(last) <= 1024 && strlen(last) > 1000);
		assert_true(text_valid(last));
		assert_null(strstr(last, "\\x"));
	}
	for (size_t shift = 0; shift < 4; shift++) {
		memset(value, 'a', shift);
		for (size_t i = shift; i + 4 < sizeof(value); i += 4)
			memcpy(value + i, "\xf0\x9f\x98\x80", 5);
		log_ev(LOG_LEVEL_INFO, "x", "%s", value);
		assert_true(strlen(last) <= 1024 && strlen(last) > 1000);
		assert_null(strstr(last, "\\x"));
	}
	/* An escape stays whole. */
	memset(value, '\n', sizeof(value) - 1);
	log_ev(LOG_LEVEL_INFO, "x", "%s", value);
	assert_true(strlen(last) <= 1024);
	assert_int_equal(last[strlen(last) - 1], 'n');
	/* A prefix cut in the middle of a character. */
	for (size_t i = 0; i < sizeof(value) - 1; i++)
		value[i] = i % 2 == 0 ? '\xc3' : '\xb8';
	log_prefix("%s", value);
	log_ev(LOG_LEVEL_INFO, "x", "v=1");
	assert_null(strstr(last, "\\x"));
	assert_non_null(strstr(last, " x v=1"));
}

static void
test_quote(void **state)
{
	char value[1000];

	(void)state;
	assert_string_equal(log_quote("two words"), "\"two words\"");
	assert_string_equal(log_quote("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
	assert_string_equal(log_quote("a\nb"), "\"a\\nb\"");
	assert_string_equal(log_quote(""), "\"\"");
	assert_string_equal(log_quote(NULL), "\"\"");
	/* Eight at once. */
	const char *first = log_quote("1");
	for (int i = 0; i < 7; i++)
		(void)log_quote("n");
	assert_string_equal(first, "\"1\"");
	/* At most 256 bytes, closed. */
	memset(value, '"', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	const char *quoted = log_quote(value);
	assert_true(strlen(quoted) < 256 && strlen(quoted) > 250);
	assert_int_equal(quoted[strlen(quoted) - 1], '"');
	assert_int_equal(strlen(quoted) % 2, 0);	/* no half escape */
}

static void
test_complain(void **state)
{
	static const unsigned long spoken[] = { 1, 10, 100, 1000 };
	struct complain c = { 0 };
	size_t next = 0;

	(void)state;
	complain_release(&c, "push");
	assert_int_equal(lines, 0);
	for (unsigned long i = 1; i <= 1500; i++) {
		const int before = lines;
		complain(&c, "push", "status=%d", 503);
		const bool expected = next < ARRAY_LEN(spoken) &&
		    spoken[next] == i;
		assert_int_equal(lines - before, expected ? 1 : 0);
		next += expected ? 1 : 0;
	}
	assert_string_equal(last, "push times=1000 status=503");
	assert_int_equal(last_level, LOG_LEVEL_WARNING);
	complain_release(&c, "push");
	assert_string_equal(last, "push recovered after 1500");
	complain_release(&c, "push");
	assert_int_equal(lines, 5);
	complain(&c, "push", "status=%d", 503);
	assert_string_equal(last, "push times=1 status=503");
	log_open(LOG_TARGET_NONE, LOG_LEVEL_ERROR);
	c.count = 9;
	complain(&c, "push", "status=%d", 503);
	assert_int_equal(lines, 6);
}

/* Logs with fd, which is closed, as descriptor 2. */
static void
capture_into(int fd, enum log_target target)
{
	const int saved = dup(STDERR_FILENO);

	assert_true(saved >= 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	log_sink(NULL);
	log_open(target, LOG_LEVEL_INFO);
	log_ev(LOG_LEVEL_WARNING, "x", "v=%s", "a\nb");
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(saved);
	(void)close(fd);
}

/* What reaches descriptor 2 when it is a pipe. */
static void
capture(enum log_target target, char *out, size_t size)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	capture_into(fds[1], target);
	const ssize_t n = read(fds[0], out, size - 1);
	out[n > 0 ? n : 0] = '\0';
	(void)close(fds[0]);
}

static void
test_targets(void **state)
{
	char out[256];

	(void)state;
	(void)unsetenv("JOURNAL_STREAM");
	capture(LOG_TARGET_AUTO, out, sizeof(out));
	assert_string_equal(out, "x v=a\\nb\n");
	capture(LOG_TARGET_STDERR, out, sizeof(out));
	assert_string_equal(out, "x v=a\\nb\n");
	capture(LOG_TARGET_NONE, out, sizeof(out));
	assert_string_equal(out, "");
	capture(LOG_TARGET_SYSLOG, out, sizeof(out));
	assert_string_equal(out, "");
	/* Inherited: the journal was the end of somebody else's stderr. */
	(void)setenv("JOURNAL_STREAM", "8:12345", 1);
	capture(LOG_TARGET_AUTO, out, sizeof(out));
	assert_string_equal(out, "x v=a\\nb\n");
	(void)unsetenv("JOURNAL_STREAM");
}

static void
test_journal(void **state)
{
	static const enum log_target targets[] = { LOG_TARGET_AUTO,
		LOG_TARGET_STDERR };
	char stream[64], out[256];
	struct stat st;
	int fds[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		assert_int_equal(pipe(fds), 0);
		assert_int_equal(fstat(fds[1], &st), 0);
		(void)snprintf(stream, sizeof(stream), "%ju:%ju",
		    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
		(void)setenv("JOURNAL_STREAM", stream, 1);
		capture_into(fds[1], targets[i]);
		(void)unsetenv("JOURNAL_STREAM");
		const ssize_t n = read(fds[0], out, sizeof(out) - 1);
		out[n > 0 ? n : 0] = '\0';
		(void)close(fds[0]);
		assert_string_equal(out, "<4>x v=a\\nb\n");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_level, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_injection, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_fuzzed_names, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_quote, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_complain, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_targets, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_journal, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
