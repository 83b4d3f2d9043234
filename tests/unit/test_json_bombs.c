/*
 * JSON that was made to hurt: nested, wide, duplicate, huge, broken text.  Each
 * case says by itself whether it may be taken; none may cost more than a second
 * of the processor and 128 MiB.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "buf.h"
#include "json.h"
#include "peak.h"
#include "scratch.h"

/* Of the processor, whoever else uses the machine; a sanitizer works ten times
 * as hard. */
#define LIMIT_MS (WITH_ASAN ? 15000 : 1000)
#define LIMIT_KIB (128 * 1024L)

static size_t n_cases, n_taken;
/* The one that took longest, and the one that raised the peak last. */
static struct worst {
	char what[32];
	size_t n;
	long cost;
} slowest, largest;

static long
cpu_ms(void)
{
	struct timespec t = { 0, 0 };

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
worst_keep(struct worst *w, long cost, const char *what, size_t n)
{
	if (cost <= w->cost)
		return;
	(void)snprintf(w->what, sizeof(w->what), "%s", what);
	w->n = n;
	w->cost = cost;
}

static void
repeat(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!buf_str(b, s))
			return;
}

static bool
parse_once(const struct buf *b, long *ms)
{
	struct json_doc *doc = NULL;
	struct err err = { .kind = ERR_NONE };
	const long start = cpu_ms();
	const bool ok = json_parse(buf_text(b), b->len, &doc, &err);

	*ms = cpu_ms() - start;
	assert_int_equal(ok, doc != NULL);
	if (!ok)
		assert_int_equal(err.kind, ERR_PROTOCOL);
	json_free(doc);
	return ok;
}

/* The best of three where one was slow: a machine that does much else has a
 * slower processor. */
static bool
taken(const struct buf *b, const char *what, size_t n)
{
	long best, ms;
	const bool ok = parse_once(b, &best);

	for (int i = 0; i < 2 && best >= LIMIT_MS; i++) {
		assert_int_equal(parse_once(b, &ms), ok);
		best = ms < best ? ms : best;
	}
	worst_keep(&slowest, best, what, n);
	worst_keep(&largest, peak_kib(), what, n);
	if (best >= LIMIT_MS)
		fail_msg("%s x %zu: %ld ms", what, n, best);
	/* The sanitizer keeps what was freed. */
	if (!WITH_ASAN && peak_kib() > LIMIT_KIB)
		fail_msg("%s x %zu: %ld KiB", what, n, peak_kib());
	n_cases++;
	n_taken += ok;
	return ok;
}

static void
expect(const struct buf *b, bool ok, const char *what, size_t n)
{
	if (taken(b, what, n) != ok)
		fail_msg("%s x %zu (%zu bytes): %s", what, n, b->len,
		    ok ? "refused" : "taken");
}

/* ---- nested ------------------------------------------------------------------ */
static const struct {
	const char *open, *core, *close;
	size_t deep;	/* levels of one of them */
} nests[] = {
	{ "[", "1", "]", 1 }, { "[", "", "]", 1 }, { "{\"k\":", "1", "}", 1 },
	{ "[[", "1", "]]", 2 }, { "[{\"k\":", "null", "}]", 2 },
	{ "{\"a\":[", "\"\"", "]}", 2 }, { "[1,", "2", "]", 1 },
	{ "[\"[[[[\",", "2", ",\"]]]]\"]", 1 },
};
static const size_t depths[] = { 1, 15, 16, 17, 31, 32, 33, 64, 2047, 2048,
	2049, 100000 };

static void
test_nested(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(nests); i++)
		for (size_t k = 0; k < ARRAY_LEN(depths); k++) {
			AUTO(buf) struct buf b;
			buf_init(&b, 2 * JSON_MAX_BYTES);
			repeat(&b, nests[i].open, depths[k]);
			buf_str(&b, nests[i].core);
			repeat(&b, nests[i].close, depths[k]);
			expect(&b, depths[k] * nests[i].deep <= JSON_MAX_DEPTH,
			    nests[i].open, depths[k]);
			/* Never closed: refused, however deep. */
			buf_reset(&b);
			repeat(&b, nests[i].open, depths[k]);
			expect(&b, false, nests[i].open, depths[k]);
		}
}

/* ---- wide -------------------------------------------------------------------- */
static const struct {
	const char *unit, *last;
	size_t nodes;	/* of one unit */
} wides[] = {
	{ "{},", "{}", 1 }, { "[],", "[]", 1 }, { "0,", "0", 1 },
	{ "null,", "null", 1 }, { "\"\",", "\"\"", 1 }, { "[0],", "[0]", 2 },
	{ "{\"a\":0},", "{\"a\":0}", 2 }, { "{\"a\":{}},", "{\"a\":{}}", 2 },
	{ "[[[]]],", "[[[]]]", 3 }, { "1.5,", "1.5", 1 },
	{ "\"\\u00e6\",", "\"\\u00e6\"", 1 },
};
static const size_t widths[] = { 10, 1000, 66665, 99998, 99999, 199998,
	199999, 200000, 500000, 1300000 };

static void
test_wide(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wides); i++)
		for (size_t k = 0; k < ARRAY_LEN(widths); k++) {
			AUTO(buf) struct buf b;
			const size_t n = widths[k];
			buf_init(&b, 4 * JSON_MAX_BYTES);
			buf_char(&b, '[');
			repeat(&b, wides[i].unit, n - 1);
			buf_str(&b, wides[i].last);
			buf_char(&b, ']');
			expect(&b, b.len <= JSON_MAX_BYTES &&
			    1 + n * wides[i].nodes <= JSON_MAX_NODES,
			    wides[i].unit, n);
		}
}

/* Many keys in one object, all different or one twice. */
static void
test_keys(void **state)
{
	static const size_t counts[] = { 1, 2, 100, 65536, 199998, 199999,
		200000 };

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(counts); k++)
		for (int twice = 0; twice < 2; twice++) {
			AUTO(buf) struct buf b;
			buf_init(&b, 4 * JSON_MAX_BYTES);
			buf_char(&b, '{');
			for (size_t i = 0; i < counts[k]; i++)
				buf_printf(&b, "\"%zx\":0,", i);
			buf_printf(&b, "\"%s\":0}", twice == 1 ? "0" : "z");
			expect(&b, twice == 0 && b.len <= JSON_MAX_BYTES &&
			    counts[k] + 2 <= JSON_MAX_NODES, "keys",
			    counts[k]);
		}
}

/* ---- long -------------------------------------------------------------------- */
static const struct {
	const char *head, *unit, *tail;
	bool ok_when_short;
} longs[] = {
	{ "\"", "x", "\"", true }, { "\"", "\\\"", "\"", true },
	{ "\"", "\\\\", "\"", true }, { "\"", "\\u00e6", "\"", true },
	{ "\"", "\xc3\xa6", "\"", true }, { "{\"", "k", "\":1}", true },
	{ "\"", "\\ud83d\\ude00", "\"", true },
	{ "1.", "0", "", true }, { "0.", "0", "1", true },
	{ "1", "0", "", false },	/* above 64 bits from 19 zeros on */
	{ "-1", "0", "", false }, { "1e", "9", "", false },
	{ "1e-", "9", "", true }, { "[1,", " ", "2]", true },
	{ "[1,", "\n", "2]", true }, { "[1", ",", "2]", false },
	{ "\"", "\x80", "\"", false }, { "\"", "\xed\xa0\x80", "\"", false },
	{ "\"", "\\ud800", "\"", true }, { "\"", "\\udc00", "\"", true },
	{ "\"", "\\u0000", "\"", true }, { "\"", "\\x", "\"", false },
	{ "\"", "\t", "\"", false }, { "-", "-", "1", false },
	{ "\"", "\\u12", "\"", false }, { "", "tru", "e", false },
	{ "{", "\"a\":1,", "\"b\":2}", false },
	{ "[", ":", "]", false }, { "", "[]", "", false },
	{ "", "\xef\xbb\xbf", "{}", false }, { "", "\\", "1", false },
};
static const size_t lengths[] = { 30, 1000, 10000, 65000, 66000, 1000000 };

/* A number may not: a text or whitespace may fill the whole. */
static bool
is_number(const char *s)
{
	return *s == '0' || *s == '9';
}

static void
test_long(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(longs); i++)
		for (size_t k = 0; k < ARRAY_LEN(lengths); k++) {
			AUTO(buf) struct buf b;
			const size_t body =
			    strlen(longs[i].unit) * lengths[k];
			buf_init(&b, 16 * JSON_MAX_BYTES);
			buf_str(&b, longs[i].head);
			repeat(&b, longs[i].unit, lengths[k]);
			buf_str(&b, longs[i].tail);
			expect(&b, longs[i].ok_when_short &&
			    b.len <= JSON_MAX_BYTES &&
			    (!is_number(longs[i].unit) ||
				body <= JSON_MAX_TEXT - 4), longs[i].unit,
			    lengths[k]);
		}
}

/* A NUL at each place of a document. */
static void
test_nul(void **state)
{
	static const char text[] = "{\"a\":[1,2.5,\"\\u00e6\",true,null]}";

	(void)state;
	for (size_t i = 0; i <= sizeof(text) - 1; i++) {
		AUTO(buf) struct buf b;
		buf_init(&b, 1000);
		buf_add(&b, text, i);
		buf_add(&b, "\0", 1);
		buf_add(&b, text + i, sizeof(text) - 1 - i);
		expect(&b, false, "NUL", i);
	}
}

static void
test_cost(void **state)
{
	(void)state;
	assert_true(n_cases >= 300);
	print_message("# %zu cases, %zu taken; %ld ms at most (%s x %zu), %ld MiB "
	    "at most (%s x %zu)\n", n_cases, n_taken, slowest.cost, slowest.what,
	    slowest.n, largest.cost / 1024, largest.what, largest.n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
