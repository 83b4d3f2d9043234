/* table.c: text, JSON, CSV (vectors section 11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "table.h"
#include "text.h"

static const struct table_column columns[] = {
	{ "id", true, 0 },
	{ "name", false, 8 },
	{ "state", false, 0 },
};
#define N ARRAY_LEN(columns)

static char *text;	/* what the table under test wrote */

static int
tear_down(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	return 0;
}

static void
write_table(enum table_format format, const struct table_column *cols, size_t n,
    const char *const *cells, size_t rows)
{
	size_t size = 0;
	struct err err;

	free(text);
	text = NULL;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	struct table *t = table_open(out, format, cols, n);
	assert_non_null(t);
	for (size_t i = 0; i < rows; i++)
		table_row(t, cells + i * n);
	assert_int_equal(table_rows(t), rows);
	assert_true(table_close(t, &err));
	assert_int_equal(fclose(out), 0);
}

/* ---- text ---------------------------------------------------------------- */

static void
test_text(void **state)
{
	static const char *const cells[] = {
		"7", "Anna", "sent",
		"1234", "Søren", NULL,
		NULL, "", "queued",
		"5", "\xe4\xb8\xad\xe6\x96\x87", "x",	/* double width */
	};

	(void)state;
	write_table(TABLE_TEXT, columns, N, cells, 4);
	assert_string_equal(text,
	    "  ID  NAME   STATE\n"
	    "   7  Anna   sent\n"
	    "1234  Søren\n"
	    "             queued\n"
	    "   5  \xe4\xb8\xad\xe6\x96\x87   x\n");
}

static void
test_text_empty(void **state)
{
	(void)state;
	write_table(TABLE_TEXT, columns, N, NULL, 0);
	assert_string_equal(text, "ID  NAME  STATE\n");
}

static void
test_text_is_cut(void **state)
{
	static const char *const cells[] = {
		"1", "12345678", "a",
		"2", "123456789", "b",
		"3", "\xc3\xb8\xc3\xb8\xc3\xb8\xc3\xb8\xc3\xb8\xc3\xb8\xc3\xb8"
		     "\xc3\xb8\xc3\xb8", "c",
		/* four wide ones fit, of five only three and the mark */
		"4", "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", "d",
		"5", "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
		     "\xe4\xb8\xad", "e",
	};

	(void)state;
	write_table(TABLE_TEXT, columns, N, cells, 5);
	assert_string_equal(text,
	    "ID  NAME      STATE\n"
	    " 1  12345678  a\n"
	    " 2  1234567\xe2\x80\xa6  b\n"
	    " 3  \xc3\xb8\xc3\xb8\xc3\xb8\xc3\xb8\xc3\xb8\xc3\xb8\xc3\xb8"
	    "\xe2\x80\xa6  c\n"
	    " 4  \xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad  d\n"
	    " 5  \xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe2\x80\xa6   e\n");
}

/* Nothing reaches the terminal that could drive it. */
static void
test_text_is_escaped(void **state)
{
	static const char *const cells[] = {
		"1", "a\x1b[2J", "x\ny\xe2\x80\xae\xff",
	};

	(void)state;
	write_table(TABLE_TEXT, columns, N, cells, 1);
	assert_string_equal(text,
	    "ID  NAME      STATE\n"
	    " 1  a\\x1b[2J  x\\ny\\u202e\\xff\n");
}

/* ---- JSON ---------------------------------------------------------------- */

static void
test_json(void **state)
{
	static const char *const cells[] = {
		"7", "Søren \"S\" \\", "a\nb\x01\t",
		"-12.5", NULL, "",
		"007", "9", "\xff<\xc3",
		"+25", "a/b", "\xe2\x80\xa8",
	};

	(void)state;
	write_table(TABLE_JSON, columns, N, cells, 4);
	assert_string_equal(text, "[\n"
	    "{\"id\": 7, \"name\": \"Søren \\\"S\\\" \\\\\", "
	    "\"state\": \"a\\nb\\u0001\\u0009\"},\n"
	    "{\"id\": -12.5, \"name\": null, \"state\": \"\"},\n"
	    "{\"id\": \"007\", \"name\": \"9\", "
	    "\"state\": \"\xef\xbf\xbd<\xef\xbf\xbd\"},\n"
	    "{\"id\": \"+25\", \"name\": \"a/b\", "
	    "\"state\": \"\xe2\x80\xa8\"}\n"
	    "]\n");
}

static void
test_json_empty(void **state)
{
	(void)state;
	write_table(TABLE_JSON, columns, N, NULL, 0);
	assert_string_equal(text, "[]\n");
}

static void
test_json_numbers(void **state)
{
	static const struct table_column one[] = { { "n", true, 0 } };
	static const struct {
		const char *cell;
		bool number;
	} cases[] = {
		{ "0", true }, { "-0", true }, { "10", true },
		{ "-12.50", true }, { "1e5", false }, { "1.", false },
		{ ".5", false }, { "", false }, { "-", false }, { "01", false },
		{ "1 ", false }, { "NaN", false }, { "0x1", false },
		{ "1,5", false }, { "--1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char expected[64];
		write_table(TABLE_JSON, one, 1, &cases[i].cell, 1);
		(void)snprintf(expected, sizeof(expected),
		    cases[i].number ? "[\n{\"n\": %s}\n]\n" :
		    "[\n{\"n\": \"%s\"}\n]\n", cases[i].cell);
		assert_string_equal(text, expected);
	}
}

/* ---- CSV ----------------------------------------------------------------- */

static void
test_csv(void **state)
{
	static const char *const cells[] = {
		"7", "Søren", "sent",
		NULL, "", NULL,
		"-5", "a,b", "say \"hi\"",
		"-5x", "a\r\nb", "a;b 'c'",
		"+45", "-5", "a=b",
	};

	(void)state;
	write_table(TABLE_CSV, columns, N, cells, 5);
	assert_string_equal(text, "id,name,state\r\n"
	    "7,Søren,sent\r\n"
	    ",,\r\n"
	    "-5,\"a,b\",\"say \"\"hi\"\"\"\r\n"
	    "'-5x,\"a\r\nb\",a;b 'c'\r\n"
	    "'+45,'-5,a=b\r\n");
}

static void
test_csv_empty(void **state)
{
	static const struct table_column one[] = { { "n", false, 0 } };
	static const char *const cells[] = { "" };

	(void)state;
	write_table(TABLE_CSV, columns, N, NULL, 0);
	assert_string_equal(text, "id,name,state\r\n");
	/* One empty cell: an empty line would be no row. */
	write_table(TABLE_CSV, one, 1, cells, 1);
	assert_string_equal(text, "n\r\n\"\"\r\n");
}

/* A reader as strict as RFC 4180: the next cell of *p, unquoted. */
static void
csv_next(const char **p, struct buf *cell)
{
	buf_reset(cell);
	if (**p != '"') {
		for (; **p != ',' && **p != '\r' && **p != '\0'; (*p)++) {
			assert_int_not_equal(**p, '"');
			(void)buf_char(cell, **p);
		}
		return;
	}
	for ((*p)++; **p != '\0'; (*p)++) {
		if (**p == '"' && *++(*p) != '"')
			return;
		(void)buf_char(cell, **p);
	}
	fail_msg("a quoted cell does not end");
}

static const char *const starters[] = { "=", "+", "-", "@", "\t", "\r",
	"\n", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0" };

/* Every starter before 500 payloads: no cell starts with a trigger, and what
 * is behind the quote is what was given. */
static void
test_csv_formulas(void **state)
{
	static const struct table_column two[] = { { "a", false, 0 },
		{ "b", true, 0 } };
	static const char *const parts[] = { "1", "cmd|' /C calc'!A0", "\"",
		",", "\r\n", "=", "SUM(A1:A9)", "Søren", " ", "-", "'", ";" };
	AUTO(buf) struct buf payload = { .max = 1000 };
	AUTO(buf) struct buf cell = { .max = 1000 };
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(starters) * 500; i++) {
		const char *start = starters[i % ARRAY_LEN(starters)];
		buf_reset(&payload);
		(void)buf_str(&payload, start);
		for (size_t n = i % 7; n > 0; n--) {
			seed = seed * 1664525u + 1013904223u;
			(void)buf_str(&payload,
			    parts[(seed >> 8) % ARRAY_LEN(parts)]);
		}
		const char *cells[] = { buf_text(&payload), "x" };
		write_table(TABLE_CSV, two, 2, cells, 1);
		const char *p = text + strlen("a,b\r\n");
		csv_next(&p, &cell);
		assert_int_equal(buf_text(&cell)[0], '\'');
		assert_string_equal(buf_text(&cell) + 1, buf_text(&payload));
		assert_string_equal(p, ",x\r\n");
	}
}

/* ---- ends ---------------------------------------------------------------- */

static ssize_t
refuse(void *cookie, const char *data, size_t size)
{
	(void)cookie;
	(void)data;
	(void)size;
	return 0;
}

static void
test_write_error(void **state)
{
	static const enum table_format formats[] = { TABLE_TEXT, TABLE_JSON,
		TABLE_CSV };
	static const char *const cells[] = { "1", "a", "b" };

	(void)state;
	for (size_t f = 0; f < ARRAY_LEN(formats); f++)
		for (int early = 0; early < 2; early++) {
			struct err err = { .kind = ERR_NONE };
			FILE *out = fopencookie(NULL, "w",
			    (cookie_io_functions_t){ .write = refuse });
			assert_non_null(out);
			struct table *t = table_open(out, formats[f], columns,
			    N);
			assert_non_null(t);
			table_row(t, cells);
			if (early)
				(void)fflush(out);
			const bool ok = table_close(t, &err);
			/* Text has written nothing before its end. */
			assert_false(ok);
			assert_int_equal(err.kind, ERR_SYSTEM);
			(void)fclose(out);
		}
}

static void
test_null(void **state)
{
	static const char *const cells[] = { "1", "a", "b" };
	struct err err = { .kind = ERR_NONE };

	(void)state;
	table_row(NULL, cells);
	assert_false(table_close(NULL, &err));
	assert_int_equal(err.kind, ERR_NOMEM);
}

/* 64 MiB of text is more than a person reads: one clear refusal. */
static void
test_ceiling(void **state)
{
	static const struct table_column one[] = { { "n", false, 0 } };
	const size_t size = (size_t)9 << 20;
	AUTO(buf) struct buf big = { .max = (size_t)10 << 20 };
	struct err err = { .kind = ERR_NONE };
	size_t written = 0;

	(void)state;
	while (big.len < size)
		(void)buf_str(&big, "0123456789abcdef0123456789abcdef");
	FILE *out = open_memstream(&text, &written);
	assert_non_null(out);
	struct table *t = table_open(out, TABLE_TEXT, one, 1);
	assert_non_null(t);
	for (int i = 0; i < 8; i++) {
		const char *cell = buf_text(&big);
		table_row(t, &cell);
	}
	assert_false(table_close(t, &err));
	assert_int_equal(err.kind, ERR_NOMEM);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(written, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_text, tear_down),
		cmocka_unit_test_teardown(test_text_empty, tear_down),
		cmocka_unit_test_teardown(test_text_is_cut, tear_down),
		cmocka_unit_test_teardown(test_text_is_escaped, tear_down),
		cmocka_unit_test_teardown(test_json, tear_down),
		cmocka_unit_test_teardown(test_json_empty, tear_down),
		cmocka_unit_test_teardown(test_json_numbers, tear_down),
		cmocka_unit_test_teardown(test_csv, tear_down),
		cmocka_unit_test_teardown(test_csv_empty, tear_down),
		cmocka_unit_test_teardown(test_csv_formulas, tear_down),
		cmocka_unit_test_teardown(test_write_error, tear_down),
		cmocka_unit_test(test_null),
		cmocka_unit_test_teardown(test_ceiling, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
