#include "common/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[256], path[300];

static int
make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(dir, sizeof(dir), "%s/npsync-csv-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/in.csv", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static void
put_file(const void *data, size_t len)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	for (size_t done = 0; done < len;) {
		const ssize_t n = write(fd, (const char *)data + done,
		    len - done);
		assert_true(n > 0);
		done += (size_t)n;
	}
	close(fd);
}

/* "1:a|b;" for a row, "2!1 reason;" for a bad one. */
static void
render(const struct csv_format *format, struct buf *out)
{
	AUTO(csv) struct csv *csv = NULL;
	struct csv_row row;
	struct err err = { .kind = ERR_NONE };

	buf_init(out, 1 << 24);
	assert_true(csv_open(path, format, &csv, &err));
	for (;;) {
		switch (csv_next(csv, &row, &err)) {
		case CSV_ROW:
			buf_printf(out, "%ld:", row.line);
			for (size_t i = 0; i < row.n; i++)
				buf_printf(out, "%s%s", i == 0 ? "" : "|",
				    row.field[i]);
			break;
		case CSV_BAD:
			buf_printf(out, "%ld!%zu %s", row.line, row.bad_field,
			    row.bad);
			break;
		case CSV_END:
			return;
		case CSV_FAILED:
			fail_msg("%s", err.msg);
		}
		buf_char(out, ';');
	}
}

struct reading {
	const char *in, *out;
	struct csv_format format;
};

#define EXCEL { CSV_UTF8, ';', '"', false }
#define WINDOWS { CSV_WINDOWS_1252, ';', '"', false }
#define QUOTE_GONE "closing quote missing"

static const struct reading readings[] = {
	{ "", "", EXCEL },
	{ "\n\r\n\n", "", EXCEL },
	{ "a;b\nc;d\n", "1:a|b;2:c|d;", EXCEL },
	{ "a;b\r\nc;d", "1:a|b;2:c|d;", EXCEL },
	{ "a;b\r", "1:a|b;", EXCEL },
	{ "a;\n;b\n;\n", "1:a|;2:|b;3:|;", EXCEL },
	{ "\"\"\n", "1:;", EXCEL },
	{ "\xef\xbb\xbf" "a;b\n", "1:a|b;", EXCEL },
	{ "\"a;b\";\"c\"\"d\"\"\"\n", "1:a;b|c\"d\";", EXCEL },
	{ "\"l1\r\nl2\n\nl4\";x\ny;z\n", "1:l1\r\nl2\n\nl4|x;5:y|z;", EXCEL },
	{ "a\n\n\nb\n", "1:a;4:b;", EXCEL },
	{ " a ;\" b \"\n", "1: a | b ;", EXCEL },
	{ " a ;\" b \";\"\t\"\n", "1:a|b|;", { CSV_UTF8, ';', '"', true } },
	{ "a,b\n'c,d',e\n", "1:a|b;2:c,d|e;", { CSV_UTF8, ',', '\'', false } },
	{ "3\" pipe;\"x\n", "1:3\" pipe|\"x;", { CSV_UTF8, ';', 0, false } },
	/* the delimiter is found in the first line, outside quotes */
	{ "a,b,c\n1;2,3,4\n", "1:a|b|c;2:1;2|3|4;",
	    { CSV_UTF8, 0, '"', false } },
	{ "a\tb\n1;2;3\t4\n", "1:a|b;2:1;2;3|4;", { CSV_UTF8, 0, '"', false } },
	{ "\"a,,,\";b\n", "1:a,,,|b;", { CSV_UTF8, 0, '"', false } },
	{ "a|b\n", "1:a|b;", { CSV_UTF8, 0, '"', false } },
	{ "a\n1;2\n", "1:a;2:1|2;", { CSV_UTF8, 0, '"', false } },
	/* bad quoting, and where reading goes on */
	{ "1;\"a\"b;c\n2;d;e\n", "1!2 text behind the closing quote;2:2|d|e;",
	    EXCEL },
	{ "1;a\"b\n2;c\n", "1!2 quote inside an unquoted field;2:2|c;", EXCEL },
	{ "1;\"open\n2;b\n3;c\n", "1!2 " QUOTE_GONE ";2:2|b;3:3|c;", EXCEL },
	{ "1;\"open\n2;\"b\"\n3;c\n", "1!2 text behind the closing quote;"
	    "2:2|b;3:3|c;", EXCEL },
	{ "\"a\nb\";\"open\n2;x\n", "1!2 " QUOTE_GONE ";3:2|x;", EXCEL },
	{ "1;\"open", "1!2 " QUOTE_GONE ";", EXCEL },
	{ "a\rb;c\n2;d\n", "1!1 carriage return inside an unquoted field;"
	    "2:2|d;", EXCEL },
	/* bytes */
	{ "\xc3\xa6\xc3\xb8\xc3\xa5;\xf0\x9f\x98\x80\n",
	    "1:\xc3\xa6\xc3\xb8\xc3\xa5|\xf0\x9f\x98\x80;", EXCEL },
	{ "a;\xe6\nb;c\n", "1!2 bytes that are no UTF-8;2:b|c;", EXCEL },
	{ "\xc0\xaf\n\xed\xa0\x80\n\xf4\x90\x80\x80\n", "1!1 bytes that are no "
	    "UTF-8;2!1 bytes that are no UTF-8;3!1 bytes that are no UTF-8;",
	    EXCEL },
	{ "\xe6\xf8\xe5;\x80\x9f\x8e\n", "1:\xc3\xa6\xc3\xb8\xc3\xa5|"
	    "\xe2\x82\xac\xc5\xb8\xc5\xbd;", WINDOWS },
	{ "a\nb\x81\nc\n", "1:a;2!1 a byte that windows-1252 does not have;"
	    "3:c;", WINDOWS },
	{ "\"\xe6\"\"\xf8\"\n", "1:\xc3\xa6\"\xc3\xb8;", WINDOWS },
};

static void
reads_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(readings); i++) {
		AUTO(buf) struct buf out;
		put_file(readings[i].in, strlen(readings[i].in));
		render(&readings[i].format, &out);
		if (strcmp(buf_text(&out), readings[i].out) != 0)
			fail_msg("case %zu: expected %s, got %s", i,
			    readings[i].out, buf_text(&out));
	}
}

static void
refuses_nul(void **state)
{
	static const char in[] = "a;b\0c\nd;e\n";
	const struct csv_format format = EXCEL;
	AUTO(buf) struct buf out;

	(void)state;
	put_file(in, sizeof(in) - 1);
	render(&format, &out);
	assert_string_equal(buf_text(&out), "1!2 a NUL byte;2:d|e;");
}

static void
decodes_each_windows_byte(void **state)
{
	/* Positions without a character: WHATWG's table maps them to C1, the
	 * code page itself leaves them undefined. */
	static const unsigned char none[] = { 0x81, 0x8d, 0x8f, 0x90, 0x9d };
	size_t bad = 0;

	(void)state;
	for (unsigned c = 0x80; c <= 0xff; c++) {
		AUTO(buf) struct buf out, back;
		const char byte = (char)(unsigned char)c;
		const struct csv_format format = WINDOWS;
		buf_init(&out, 16);
		buf_init(&back, 16);
		if (csv_decode(&out, CSV_WINDOWS_1252, &byte, 1) != NULL) {
			assert_non_null(memchr(none, (int)c, sizeof(none)));
			bad++;
			continue;
		}
		const char *const field = buf_text(&out);
		assert_true(csv_add_row(&back, &format, &field, 1));
		assert_int_equal(back.len, 3);
		assert_memory_equal(back.s, &byte, 1);
	}
	assert_int_equal(bad, sizeof(none));
}

/* An open quote costs one row, however large the file behind it is. */
static void
goes_on_behind_a_lost_quote(void **state)
{
	const struct csv_format format = EXCEL;
	AUTO(buf) struct buf in, out;
	AUTO(csv) struct csv *csv = NULL;
	struct csv_row row;
	struct err err;
	size_t rows = 0, bad = 0;
	enum csv_step step;

	(void)state;
	buf_init(&out, 16);
	buf_init(&in, 1 << 22);
	buf_str(&in, "0;\"never closed\n");
	for (int i = 1; i <= 50000; i++)
		buf_printf(&in, "%d;some text of a row\n", i);
	put_file(in.s, in.len);
	assert_true(csv_open(path, &format, &csv, &err));
	while ((step = csv_next(csv, &row, &err)) != CSV_END) {
		if (step == CSV_BAD) {
			bad++;
			assert_int_equal(row.line, 1);
			assert_int_equal(row.raw_len,
			    strlen("0;\"never closed"));
			assert_memory_equal(row.raw, "0;\"never closed",
			    row.raw_len);
			continue;
		}
		assert_int_equal(step, CSV_ROW);
		rows++;
		assert_int_equal(row.line, (long)rows + 1);
	}
	assert_int_equal(bad, 1);
	assert_int_equal(rows, 50000);
}

static void
keeps_to_its_limits(void **state)
{
	static const struct { size_t len; bool quoted, good; } cases[] = {
		{ CSV_QUOTED_MAX, true, true },
		{ CSV_QUOTED_MAX + 1, true, false },
		{ CSV_ROW_MAX - 1, false, true },
		{ CSV_ROW_MAX, false, false },
		{ 3 * CSV_ROW_MAX, false, false },
	};
	const struct csv_format format = EXCEL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf) struct buf in;
		AUTO(csv) struct csv *csv = NULL;
		struct csv_row row;
		struct err err;

		buf_init(&in, 1 << 22);
		buf_str(&in, cases[i].quoted ? "\"" : "");
		for (size_t k = 0; k < cases[i].len; k++)
			buf_char(&in, 'x');
		buf_str(&in, cases[i].quoted ? "\"\nnext\n" : "\nnext\n");
		put_file(in.s, in.len);
		assert_true(csv_open(path, &format, &csv, &err));
		const enum csv_step step = csv_next(csv, &row, &err);
		if ((step == CSV_ROW) != cases[i].good)
			fail_msg("case %zu: %s", i, row.bad);
		if (step == CSV_ROW)
			assert_int_equal(strlen(row.field[0]), cases[i].len);
		assert_int_equal(csv_next(csv, &row, &err), CSV_ROW);
		assert_string_equal(row.field[0], "next");
		assert_int_equal(row.line, 2);
		assert_int_equal(csv_next(csv, &row, &err), CSV_END);
	}
}

/* The closing quote is the last byte that fits: what follows belongs to the row
 * all the same, which is too long. */
static void
ends_no_row_at_the_edge(void **state)
{
	const struct csv_format format = EXCEL;
	AUTO(buf) struct buf in;
	AUTO(csv) struct csv *csv = NULL;
	struct csv_row row;
	struct err err;

	(void)state;
	buf_init(&in, 1 << 22);
	while (in.len < CSV_ROW_MAX - 1) {
		const size_t left = CSV_ROW_MAX - 1 - in.len;
		buf_str(&in, in.len == 0 ? "\"" : "\";\"");
		for (size_t i = 0; i < 50000 && in.len < CSV_ROW_MAX - 1; i++)
			buf_char(&in, 'x');
		assert_true(left > 3);
	}
	buf_str(&in, "\";more\nnext\n");
	put_file(in.s, in.len);
	assert_true(csv_open(path, &format, &csv, &err));
	assert_int_equal(csv_next(csv, &row, &err), CSV_BAD);
	assert_string_equal(row.bad, "row longer than 256 KiB");
	assert_int_equal(csv_next(csv, &row, &err), CSV_ROW);
	assert_string_equal(row.field[0], "next");
	assert_int_equal(row.line, 2);
	assert_int_equal(csv_next(csv, &row, &err), CSV_END);
}

static void
counts_fields(void **state)
{
	const struct csv_format format = EXCEL;

	(void)state;
	for (size_t n = CSV_FIELDS_MAX; n <= CSV_FIELDS_MAX + 1; n++) {
		AUTO(buf) struct buf in, out;
		buf_init(&in, 1 << 16);
		for (size_t i = 1; i < n; i++)
			buf_char(&in, ';');
		buf_str(&in, "\nx\n");
		put_file(in.s, in.len);
		render(&format, &out);
		assert_int_equal(strstr(buf_text(&out), "more than 1024") !=
		    NULL, n > CSV_FIELDS_MAX);
		assert_non_null(strstr(buf_text(&out), ";2:x;"));
	}
}

/* Rows of all lengths meet the buffer's edge at every offset. */
static void
survives_refills(void **state)
{
	const struct csv_format format = EXCEL;
	AUTO(buf) struct buf in;
	AUTO(csv) struct csv *csv = NULL;
	struct csv_row row;
	struct err err;
	unsigned seed = 12345;
	size_t i = 0;

	(void)state;
	buf_init(&in, 1 << 23);
	while (in.len < 5 * CSV_ROW_MAX) {
		seed = seed * 1103515245u + 12345u;
		buf_printf(&in, "%zu;\"q\"\"%0*d\n\";%s\r\n", i++,
		    (int)(seed / 65536 % 2000) + 1, 7, "\xc3\xa6");
	}
	put_file(in.s, in.len);
	assert_true(csv_open(path, &format, &csv, &err));
	for (size_t k = 0; k < i; k++) {
		char number[32];
		assert_int_equal(csv_next(csv, &row, &err), CSV_ROW);
		assert_int_equal(row.n, 3);
		snprintf(number, sizeof(number), "%zu", k);
		assert_string_equal(row.field[0], number);
		assert_int_equal(row.line, (long)(2 * k) + 1);
		assert_memory_equal(row.field[1], "q\"", 2);
		assert_string_equal(row.field[2], "\xc3\xa6");
	}
	assert_int_equal(csv_next(csv, &row, &err), CSV_END);
}

static void
refuses_files(void **state)
{
	static const struct { const char *in, *says; enum csv_charset set; }
	cases[] = {
		{ "\xff\xfe" "a", "UTF-16", CSV_UTF8 },
		{ "\xfe\xff" "a", "UTF-16", CSV_WINDOWS_1252 },
		{ "\xfe\xff" "a", "utf-16le", CSV_UTF16LE },
		{ "\xff\xfe" "a", "utf-16be", CSV_UTF16BE },
		{ "\xef\xbb\xbf" "a", "byte order mark", CSV_UTF16 },
		{ "a;b", "\"utf-16le\" or \"utf-16be\"", CSV_UTF16 },
		{ "\xef\xbb\xbf" "a", "byte order mark", CSV_WINDOWS_1252 },
	};
	struct csv_format format = EXCEL;
	struct csv *csv = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		put_file(cases[i].in, strlen(cases[i].in));
		format.charset = cases[i].set;
		assert_false(csv_open(path, &format, &csv, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_non_null(strstr(err.msg, cases[i].says));
	}
	assert_false(csv_open(dir, &format, &csv, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_int_equal(unlink(path), 0);
	assert_false(csv_open(path, &format, &csv, &err));
	assert_int_equal(err.code, ENOENT);
	/* A pipe must neither be read nor waited for. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(csv_open(path, &format, &csv, &err));
	assert_non_null(strstr(err.msg, "regular file"));
	assert_int_equal(unlink(path), 0);
	assert_null(csv);
}

/* ---- UTF-16 --------------------------------------------------------- */

/* As UTF-16, most of it by hand: a unit for each code point below 0x10000. */
static void
add_unit(struct buf *out, unsigned unit, bool big)
{
	const char bytes[2] = { (char)(unsigned char)(big ? unit >> 8 : unit),
		(char)(unsigned char)(big ? unit : unit >> 8) };

	assert_true(buf_add(out, bytes, 2));
}

static void
add_ascii(struct buf *out, const char *text, bool big)
{
	for (; *text != '\0'; text++)
		add_unit(out, (unsigned char)*text, big);
}

static void
expect_utf16(const struct buf *in, enum csv_charset charset,
    const char *expected)
{
	const struct csv_format format = { charset, ';', '"', false };
	AUTO(buf) struct buf out;

	put_file(in->s, in->len);
	render(&format, &out);
	if (strcmp(buf_text(&out), expected) != 0)
		fail_msg("expected %s, got %s", expected, buf_text(&out));
}

static void
reads_utf16(void **state)
{
	(void)state;
	for (int big = 0; big <= 1; big++) {
		AUTO(buf) struct buf in, bare;
		buf_init(&in, 4096);
		buf_init(&bare, 4096);
		add_unit(&in, 0xfeff, big);
		add_ascii(&in, "a;\"b\r\n\"\"c\"\r\n", big);
		add_unit(&in, 0xe6, big);
		add_ascii(&in, ";", big);
		add_unit(&in, 0xd83d, big);	/* U+1F600 */
		add_unit(&in, 0xde00, big);
		add_unit(&in, 0x20ac, big);
		add_ascii(&in, "\n", big);
		const char expected[] = "1:a|b\r\n\"c;3:\xc3\xa6|"
		    "\xf0\x9f\x98\x80\xe2\x82\xac;";
		expect_utf16(&in, CSV_UTF16, expected);
		/* The byte order by option: with the mark and without. */
		const enum csv_charset named = big ? CSV_UTF16BE : CSV_UTF16LE;
		expect_utf16(&in, named, expected);
		assert_true(buf_add(&bare, in.s + 2, in.len - 2));
		expect_utf16(&bare, named, expected);
	}
}

/* Only the row that has it is lost, with its line and field. */
static void
quarantines_broken_utf16(void **state)
{
	static const struct { unsigned unit[3]; bool bad; } pairs[] = {
		{ { 0xd83d, 'x', 'y' }, true },		/* high alone */
		{ { 0xde00, 'x', 'y' }, true },		/* low alone */
		{ { 0xde00, 0xd83d, 'y' }, true },	/* the wrong way */
		{ { 0xd83d, 0xd83d, 0xde00 }, true },	/* one too many */
		{ { 'x', 0xd83d, 0xde00 }, false },
		{ { 0xd7ff, 0xe000, 0xffff }, false },	/* the neighbours */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		AUTO(buf) struct buf in, out;
		const struct csv_format format = { CSV_UTF16LE, ';', '"',
			false };
		buf_init(&in, 4096);
		add_ascii(&in, "h;i\nk;", false);
		for (size_t k = 0; k < 3; k++)
			add_unit(&in, pairs[i].unit[k], false);
		add_ascii(&in, "\nl;m\n", false);
		put_file(in.s, in.len);
		render(&format, &out);
		const bool bad = strstr(buf_text(&out),
		    "2!2 half of a surrogate pair;") != NULL;
		if (bad != pairs[i].bad || strncmp(buf_text(&out), "1:h|i;2",
		    7) != 0 || strstr(buf_text(&out), ";3:l|m;") == NULL)
			fail_msg("case %zu: %s", i, buf_text(&out));
	}
}

static void
sees_a_cut_in_utf16(void **state)
{
	AUTO(buf) struct buf in;

	(void)state;
	buf_init(&in, 4096);
	add_unit(&in, 0xfeff, false);
	add_ascii(&in, "h;i\nk;lm", false);
	in.len--;	/* in the middle of the last unit */
	expect_utf16(&in, CSV_UTF16, "1:h|i;2!2 half a character: the file was "
	    "cut;");
	in.len -= 4;	/* behind the delimiter's first byte */
	expect_utf16(&in, CSV_UTF16, "1:h|i;2!1 half a character: the file was "
	    "cut;");
	/* A high surrogate is all that is left, with half a unit and without. */
	buf_reset(&in);
	add_ascii(&in, "h\nk", false);
	add_unit(&in, 0xd83d, false);
	expect_utf16(&in, CSV_UTF16LE, "1:h;2!1 half of a surrogate pair;");
	assert_true(buf_char(&in, 'x'));
	expect_utf16(&in, CSV_UTF16LE, "1:h;2!1 half of a surrogate pair;");
	/* A NUL is one in any charset. */
	buf_reset(&in);
	add_ascii(&in, "h\nk", false);
	add_unit(&in, 0, false);
	add_ascii(&in, "\nl\n", false);
	expect_utf16(&in, CSV_UTF16LE, "1:h;2!1 a NUL byte;3:l;");
}

/* Through every boundary of the buffers, pairs in all positions. */
static void
streams_utf16(void **state)
{
	const struct csv_format format = { CSV_UTF16BE, ';', '"', false };
	AUTO(buf) struct buf in;
	AUTO(csv) struct csv *csv = NULL;
	struct csv_row row;
	struct err err;
	size_t n = 0;

	(void)state;
	buf_init(&in, 1 << 23);
	for (; in.len < 5 * CSV_ROW_MAX; n++) {
		add_ascii(&in, n % 3 == 0 ? "ab;" : n % 3 == 1 ? "a;" : ";",
		    true);
		for (size_t i = 0; i < n % 97; i++) {
			add_unit(&in, 0xd83d, true);
			add_unit(&in, 0xde00, true);
		}
		add_ascii(&in, "\n", true);
	}
	put_file(in.s, in.len);
	assert_true(csv_open(path, &format, &csv, &err));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(csv_next(csv, &row, &err), CSV_ROW);
		assert_int_equal(row.n, 2);
		assert_int_equal(row.line, (long)i + 1);
		assert_int_equal(strlen(row.field[0]), 2 - i % 3);
		assert_int_equal(strlen(row.field[1]), 4 * (i % 97));
	}
	assert_int_equal(csv_next(csv, &row, &err), CSV_END);
}

/* An export that is rewritten under the reader is no export. */
static void
sees_a_change(void **state)
{
	const struct csv_format format = EXCEL;
	const struct timespec past[2] = { { 1000000, 0 }, { 1000000, 0 } };
	struct csv_row row;
	struct err err;

	(void)state;
	for (int i = 0; i < 3; i++) {
		AUTO(csv) struct csv *csv = NULL;
		put_file("a;b\nc;d\n", 8);
		assert_true(csv_open(path, &format, &csv, &err));
		assert_int_equal(csv_next(csv, &row, &err), CSV_ROW);
		if (i == 1)
			put_file("a;b\nc;d\ne;f\n", 12);
		if (i == 2)	/* the same size */
			assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
		assert_int_equal(csv_next(csv, &row, &err), CSV_ROW);
		enum csv_step step = csv_next(csv, &row, &err);
		if (i == 1 && step == CSV_ROW)
			step = csv_next(csv, &row, &err);
		assert_int_equal(step, i == 0 ? CSV_END : CSV_FAILED);
		if (i > 0)
			assert_int_equal(err.kind, ERR_RETRY);
	}
}

/* A descriptor is read from its beginning, and by two at once. */
static void
reads_descriptors(void **state)
{
	const struct csv_format format = EXCEL;
	AUTO(csv) struct csv *one = NULL, *two = NULL;
	struct csv_row row;
	struct err err;

	(void)state;
	put_file("a;b\nc;d\n", 8);
	const int fd = open(path, O_RDONLY);
	assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
	assert_true(csv_fd_open(fd, "name", &format, &one, &err));
	assert_int_equal(csv_next(one, &row, &err), CSV_ROW);
	assert_string_equal(row.field[1], "b");
	assert_true(csv_fd_open(fd, "name", &format, &two, &err));
	assert_int_equal(csv_next(two, &row, &err), CSV_ROW);
	assert_string_equal(row.field[0], "a");
	assert_int_equal(csv_next(one, &row, &err), CSV_ROW);
	assert_string_equal(row.field[0], "c");
	csv_close(one);
	one = NULL;
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 3);	/* open, untouched */
	assert_int_equal(close(fd), 0);
}

static void
writes_rows(void **state)
{
	static const struct {
		const char *field[2], *out;
		struct csv_format format;
	} cases[] = {
		{ { "a", "b" }, "a;b\r\n", EXCEL },
		{ { "a;b", "c\"d" }, "\"a;b\";\"c\"\"d\"\r\n", EXCEL },
		{ { "a,b", "x\ny" }, "a,b;\"x\ny\"\r\n", EXCEL },
		{ { " a", "b " }, "\" a\";\"b \"\r\n", EXCEL },
		{ { "", "\"" }, ";\"\"\"\"\r\n", EXCEL },
		{ { "\xc3\xa6", "\xe2\x82\xac" }, "\xe6;\x80\r\n", WINDOWS },
		{ { "\xf0\x9f\x98\x80", "b" }, NULL, WINDOWS },
		{ { "\xff", "b" }, NULL, EXCEL },
		{ { "a;b", "c" }, NULL, { CSV_UTF8, ';', 0, false } },
		{ { "a\"b", "c" }, "a\"b;c\r\n", { CSV_UTF8, ';', 0, false } },
		/* An empty line would be no row. */
		{ { "" }, "\"\"\r\n", EXCEL },
		{ { "a" }, "a\r\n", EXCEL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf) struct buf out;
		buf_init(&out, 100);
		buf_str(&out, "before");
		const bool ok = csv_add_row(&out, &cases[i].format,
		    cases[i].field, cases[i].field[1] == NULL ? 1 : 2);
		assert_int_equal(ok, cases[i].out != NULL);
		assert_string_equal(buf_text(&out) + strlen("before"),
		    ok ? cases[i].out : "");
		assert_false(out.failed);
	}
}

#define TRIPS 3000
static char trips[TRIPS][2][9];

/* What is written is read again, whatever it is. */
static void
round_trips(void **state)
{
	static const char alphabet[] = "ab;\"\n\r ,'";
	const struct csv_format format = EXCEL;
	AUTO(buf) struct buf out;
	AUTO(csv) struct csv *csv = NULL;
	struct csv_row row;
	struct err err;
	unsigned seed = 99;

	(void)state;
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < TRIPS; i++) {
		const char *const fields[] = { trips[i][0], trips[i][1],
			"end" };
		for (int k = 0; k < 16; k++) {
			seed = seed * 1103515245u + 12345u;
			/* also the final NUL, which makes short texts */
			trips[i][k / 8][k % 8] = alphabet[seed / 65536 %
			    sizeof(alphabet)];
		}
		assert_true(csv_add_row(&out, &format, fields, 3));
	}
	put_file(out.s, out.len);
	assert_true(csv_open(path, &format, &csv, &err));
	for (size_t i = 0; i < TRIPS; i++) {
		assert_int_equal(csv_next(csv, &row, &err), CSV_ROW);
		assert_int_equal(row.n, 3);
		assert_string_equal(row.field[0], trips[i][0]);
		assert_string_equal(row.field[1], trips[i][1]);
		assert_string_equal(row.field[2], "end");
	}
	assert_int_equal(csv_next(csv, &row, &err), CSV_END);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_rows),
		cmocka_unit_test(refuses_nul),
		cmocka_unit_test(decodes_each_windows_byte),
		cmocka_unit_test(goes_on_behind_a_lost_quote),
		cmocka_unit_test(keeps_to_its_limits),
		cmocka_unit_test(ends_no_row_at_the_edge),
		cmocka_unit_test(counts_fields),
		cmocka_unit_test(survives_refills),
		cmocka_unit_test(refuses_files),
		cmocka_unit_test(reads_utf16),
		cmocka_unit_test(quarantines_broken_utf16),
		cmocka_unit_test(sees_a_cut_in_utf16),
		cmocka_unit_test(streams_utf16),
		cmocka_unit_test(sees_a_change),
		cmocka_unit_test(reads_descriptors),
		cmocka_unit_test(writes_rows),
		cmocka_unit_test(round_trips),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
