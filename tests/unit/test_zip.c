/*
 * Archives, sound and hostile: what is unpacked is whole or not there, and
 * never larger than it may be.
 */
#include "common/zip.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <signal.h>

#include <cmocka.h>

#include "text.h"
#include "zipmake.h"

#define MIB ((int64_t)1 << 20)

static int
memory_file(const void *data, size_t len)
{
	const int fd = memfd_create("test.zip", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(pwrite(fd, data, len, 0), len);
	return fd;
}

static struct unpack
ceiling(int64_t max_bytes)
{
	return (struct unpack){ .max_bytes = max_bytes };
}

static void
expect_content(int fd, const void *data, size_t len)
{
	struct stat st;
	char *got = malloc(len + 1);

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_size, len);
	assert_int_equal(pread(fd, got, len, 0), len);
	assert_memory_equal(got, data, len);
	free(got);
	assert_int_equal(close(fd), 0);
}

/* All members as "name=content;", or the first error. */
static bool
render(const struct buf *archive, struct unpack *u, struct buf *out,
    struct err *err)
{
	const int fd = memory_file(archive->s, archive->len);
	struct zip zip;
	struct zip_member m;
	bool more = true;

	buf_init(out, 1 << 24);
	bool ok = zip_begin(&zip, fd, "test.zip", err);
	while (ok && (ok = zip_next(&zip, &m, &more, err)) && more) {
		int to;
		char text[256];
		ok = zip_unpack(&zip, &m, u, &to, err);
		assert_int_equal(ok, to != -1);
		if (!ok)
			break;
		const ssize_t n = pread(to, text, sizeof(text), 0);
		assert_true(n >= 0);
		assert_int_equal(close(to), 0);
		buf_printf(out, "%s=%.*s;", m.name, (int)n, text);
	}
	assert_int_equal(close(fd), 0);
	return ok;
}

static void
expect(const struct buf *archive, const char *expected)
{
	AUTO(buf) struct buf out;
	struct unpack u = ceiling(MIB);
	struct err err;

	if (!render(archive, &u, &out, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(buf_text(&out), expected);
}

static void
refuse(const struct buf *archive, enum err_kind kind, const char *says)
{
	AUTO(buf) struct buf out;
	struct unpack u = ceiling(MIB);
	struct err err = { .kind = ERR_NONE };

	if (render(archive, &u, &out, &err))
		fail_msg("expected \"%s\", got %s", says, buf_text(&out));
	if (err.kind != kind || strstr(err.msg, says) == NULL ||
	    strncmp(err.msg, "test.zip", 8) != 0 || !text_valid(err.msg))
		fail_msg("expected \"%s\", got %s: %s", says,
		    err_kind_name(err.kind), err.msg);
}

/* ---- sound ------------------------------------------------------------ */
static void
reads_archives(void **state)
{
	static const unsigned hows[] = { 0, ZIP_STORED, ZIP_STREAMED,
		ZIP_STORED | ZIP_STREAMED, ZIP_LARGE, ZIP_LARGE | ZIP_STREAMED };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hows); i++) {
		AUTO(zipmake) struct zipmake z;
		zipmake_init(&z);
		zipmake_add(&z, "contacts.csv", "id;name\n1;x\n", 12, hows[i]);
		zipmake_add(&z, "out/", "", 0, ZIP_STORED);
		zipmake_add(&z, "out\\d..x.csv", "a", 1, hows[i]);
		zipmake_add(&z, "empty", "", 0, hows[i]);
		zipmake_end(&z, (hows[i] & ZIP_LARGE) != 0);
		expect(&z.out, "contacts.csv=id;name\n1;x\n;out/=;"
		    "out/d..x.csv=a;empty=;");
	}
	AUTO(zipmake) struct zipmake none;
	zipmake_init(&none);
	zipmake_end(&none, false);
	expect(&none.out, "");
	/* A comment, even one that looks like another end. */
	AUTO(zipmake) struct zipmake z;
	zipmake_init(&z);
	zipmake_add(&z, "a", "b", 1, 0);
	zipmake_end(&z, false);
	z.out.s[z.out.len - 2] = 25;
	assert_true(buf_add(&z.out, "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	    "\0\1end", 25));
	expect(&z.out, "a=b;");
}

static void
knows_the_last_part_of_a_name(void **state)
{
	struct zip_member m = { .name = "a/b/c.csv" };

	(void)state;
	assert_string_equal(zip_base(&m), "c.csv");
	m = (struct zip_member){ .name = "c.csv" };
	assert_string_equal(zip_base(&m), "c.csv");
	m = (struct zip_member){ .name = "a/b/" };
	assert_string_equal(zip_base(&m), "");
}

/* 12 MiB that nobody could guess, and the memory of a few. */
static void
stays_flat(void **state)
{
	AUTO(buf) struct buf big;
	AUTO(zipmake) struct zipmake z;
	struct unpack u = ceiling(64 * MIB);
	struct zip zip;
	struct zip_member m;
	struct err err;
	struct rusage before, after;
	unsigned seed = 1;
	bool more;
	int to;

	(void)state;
	buf_init(&big, 1 << 27);
	while (big.len < (size_t)(12 * MIB)) {
		char block[1024];
		for (size_t i = 0; i < sizeof(block); i++) {
			seed = seed * 1103515245u + 12345u;
			block[i] = "0123456789;\n"[seed / 65536 % 12];
		}
		assert_true(buf_add(&big, block, sizeof(block)));
	}
	zipmake_init(&z);
	zipmake_add(&z, "big.csv", big.s, big.len, 0);
	zipmake_end(&z, false);
	const int fd = memory_file(z.out.s, z.out.len);
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	assert_true(zip_begin(&zip, fd, "big.zip", &err));
	assert_true(zip_next(&zip, &m, &more, &err));
	assert_true(zip_unpack(&zip, &m, &u, &to, &err));
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_true(after.ru_maxrss - before.ru_maxrss < 4 * 1024);
	assert_int_equal(u.bytes, big.len);
	expect_content(to, big.s, big.len);
	assert_int_equal(close(fd), 0);
}

/* ---- hostile ---------------------------------------------------------- */
static void
refuses_names_that_lead_out(void **state)
{
	static const char *const names[] = { "../contacts.csv", "a/../../b",
		"..", "a/..", "/etc/passwd", "..\\b", "a\\..\\b", "C:\\b.csv",
		"a\nb", "a\033[2Jb", "\x7f" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO(zipmake) struct zipmake z;
		zipmake_init(&z);
		zipmake_add(&z, names[i], "x", 1, 0);
		zipmake_end(&z, false);
		refuse(&z.out, ERR_PROTOCOL, "name leads out");
	}
	/* In no charset that is told: no reason to refuse. */
	AUTO(zipmake) struct zipmake z;
	zipmake_init(&z);
	zipmake_add(&z, "k\x9b" "bt.csv", "x", 1, 0);
	zipmake_end(&z, false);
	expect(&z.out, "k_bt.csv=x;");
}

/* Cut anywhere, it is no archive, and nothing of it is unpacked. */
static void
refuses_what_was_cut(void **state)
{
	AUTO(zipmake) struct zipmake z;

	(void)state;
	zipmake_init(&z);
	zipmake_add(&z, "a.csv", "id;name\n1;x\n", 12, ZIP_STORED);
	zipmake_add(&z, "b.csv", "id;name\n1;x\n", 12, 0);
	zipmake_end(&z, false);
	for (size_t len = 0; len < z.out.len; len++) {
		struct buf part = z.out;
		part.len = len;
		refuse(&part, ERR_PROTOCOL, "no whole zip archive");
	}
}

static void
refuses_other_archives(void **state)
{
	(void)state;
	AUTO(zipmake) struct zipmake z;
	zipmake_init(&z);
	zipmake_add(&z, "a.csv", "x", 1, ZIP_ENCRYPTED);
	zipmake_end(&z, false);
	refuse(&z.out, ERR_PROTOCOL, "is encrypted");
	AUTO(zipmake) struct zipmake lzma;
	zipmake_init(&lzma);
	zipmake_add(&lzma, "a.csv", "x", 1, 0);
	lzma.out.s[lzma.last + 8] = lzma.dir.s[lzma.entry + 10] = 14;
	zipmake_end(&lzma, false);
	refuse(&lzma.out, ERR_PROTOCOL, "method 14");
	AUTO(zipmake) struct zipmake part;
	zipmake_init(&part);
	zipmake_end(&part, false);
	part.out.s[part.out.len - 18] = 1;
	refuse(&part.out, ERR_PROTOCOL, "one part of several");
}

/* Bytes of the local header (from 0) and the directory (from 1000), and of
 * the content (from 2000), that are changed. */
static const struct {
	size_t at;
	char value;
	const char *says;
} lies[] = {
	{ 0, 'x', "does not fit" }, { 3, 'x', "does not fit" },
	{ 6, 1, "does not fit" },	/* encrypted, in one place only */
	{ 8, 0, "does not fit" },	/* another method */
	{ 14, 'x', "does not fit" },	/* checksum */
	{ 18, 3, "does not fit" },	/* packed size */
	{ 22, 3, "does not fit" },	/* size */
	{ 26, 4, "does not fit" }, { 27, 1, "does not fit" },
	{ 30, 'b', "does not fit" },	/* another name */
	{ 1000, 'x', "does not fit" },
	{ 1016, 'x', "does not fit" }, { 1020, 3, "does not fit" },
	{ 1023, 1, "does not fit" },	/* beyond its end */
	{ 1024, 3, "does not fit" },
	{ 1028, 4, "does not fit" }, { 1028, 6, "does not fit" },
	{ 1029, 1, "does not fit" },
	{ 1028, 0, "longer than 511" },
	{ 1030, 1, "does not fit" }, { 1032, 1, "does not fit" },
	{ 1042, 1, "does not fit" }, { 1045, 1, "does not fit" },
	{ 2000, 'x', "broken" },
};

static void
refuses_what_lies(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		AUTO(zipmake) struct zipmake z;
		const size_t at = lies[i].at % 1000;
		zipmake_init(&z);
		zipmake_add(&z, "a.csv", "0123456789", 10,
		    at == 8 ? 0 : ZIP_STORED);
		char *const place = lies[i].at < 1000 ? z.out.s + at :
		    lies[i].at < 2000 ? z.dir.s + at : z.out.s + 35 + at;
		assert_int_not_equal(*place, lies[i].value);
		*place = lies[i].value;
		zipmake_end(&z, false);
		refuse(&z.out, ERR_PROTOCOL, lies[i].says);
	}
}

/* Sizes that agree with each other and not with the content. */
static void
refuses_sizes_that_are_none(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		AUTO(zipmake) struct zipmake z;
		zipmake_init(&z);
		zipmake_add(&z, "a.csv", "0123456789", 10, 0);
		const int off = i == 2 ? 0 : i == 0 ? -1 : 1;
		z.out.s[z.last + 22] = z.dir.s[z.entry + 24] = (char)(10 + off);
		if (i == 2)	/* a byte that belongs to no stream */
			z.out.s[z.last + 18] = ++z.dir.s[z.entry + 20];
		if (i == 2)
			assert_true(buf_char(&z.out, 'x'));
		zipmake_end(&z, false);
		refuse(&z.out, ERR_PROTOCOL, i == 0 ? "holds more than" :
		    "broken");
	}
	/* A directory that is longer or shorter than its end says. */
	for (int i = 0; i < 4; i++) {
		AUTO(zipmake) struct zipmake z;
		zipmake_init(&z);
		zipmake_add(&z, "a.csv", "0123456789", 10, 0);
		zipmake_end(&z, false);
		static const size_t places[] = { 12, 16, 8, 10 };
		z.out.s[z.out.len - 22 + places[i]]++;
		if (i == 3)
			z.out.s[z.out.len - 22 + 8]++;
		refuse(&z.out, ERR_PROTOCOL, i == 2 ? "one part" :
		    "does not fit");
	}
}

static void
keeps_to_the_ceiling(void **state)
{
	AUTO(zipmake) struct zipmake z;
	AUTO(buf) struct buf out, again;
	struct unpack u = ceiling(25);
	struct err err;

	(void)state;
	zipmake_init(&z);
	for (int i = 0; i < 3; i++)
		zipmake_add(&z, i == 0 ? "a" : i == 1 ? "b" : "c",
		    "0123456789", 10, 0);
	zipmake_end(&z, false);
	assert_false(render(&z.out, &u, &out, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "max_mb"));
	assert_string_equal(buf_text(&out), "a=0123456789;b=0123456789;");
	u = ceiling(30);
	assert_true(render(&z.out, &u, &again, &err));
}

/* 66 MiB of nothing in 66 KiB: refused before a byte is written, and where
 * the sizes are not told in advance, at the first chance. */
static void
defuses_bombs(void **state)
{
	const size_t len = (size_t)(66 * MIB);
	char *const zeros = calloc(1, len);
	AUTO(zipmake) struct zipmake z;
	AUTO(buf) struct buf gz, out;
	struct unpack u = ceiling(1024 * MIB);
	struct err err;
	int to;

	(void)state;
	assert_non_null(zeros);
	zipmake_init(&z);
	zipmake_add(&z, "bomb.csv", zeros, len, 0);
	zipmake_end(&z, false);
	assert_false(render(&z.out, &u, &out, &err));
	assert_int_equal(err.kind, ERR_PROTOCOL);
	assert_non_null(strstr(err.msg, "250 times"));
	assert_int_equal(u.bytes, 0);
	buf_init(&gz, 1 << 20);
	zipmake_gzip(&gz, zeros, len);
	free(zeros);
	const int fd = memory_file(gz.s, gz.len);
	assert_false(unpack_gzip(&u, fd, "bomb.gz", &to, &err));
	assert_non_null(strstr(err.msg, "250 times"));
	assert_true(u.bytes <= UNPACK_FREE);
	assert_int_equal(close(fd), 0);
}

static void
counts_members(void **state)
{
	AUTO(zipmake) struct zipmake z;
	struct zip zip;
	struct zip_member m;
	struct err err;
	bool more = true;
	size_t n = 0;

	(void)state;
	zipmake_init(&z);
	for (int i = 0; i < 10000; i++) {
		char name[32];
		snprintf(name, sizeof(name), "f%d.csv", i);
		zipmake_add(&z, name, "", 0, ZIP_STORED);
	}
	zipmake_end(&z, false);
	int fd = memory_file(z.out.s, z.out.len);
	assert_true(zip_begin(&zip, fd, "many.zip", &err));
	for (; more; n += more)
		assert_true(zip_next(&zip, &m, &more, &err));
	assert_int_equal(n, 10000);
	assert_int_equal(close(fd), 0);
	/* It says that there are ten million. */
	AUTO(zipmake) struct zipmake many;
	zipmake_init(&many);
	many.n = 10000000;
	zipmake_end(&many, true);
	refuse(&many.out, ERR_PROTOCOL, "more than 65536");
}

/* ---- gzip --------------------------------------------------------------- */
static bool
gunzip(const struct buf *in, int *to, struct err *err)
{
	struct unpack u = ceiling(MIB);
	const int fd = memory_file(in->s, in->len);
	const bool ok = unpack_gzip(&u, fd, "a.csv.gz", to, err);

	assert_int_equal(ok, *to != -1);
	assert_int_equal(close(fd), 0);
	return ok;
}

static void
reads_gzip(void **state)
{
	AUTO(buf) struct buf in;
	struct err err;
	int to;

	(void)state;
	buf_init(&in, 1 << 16);
	zipmake_gzip(&in, "id;name\n", 8);
	assert_true(gunzip(&in, &to, &err));
	expect_content(to, "id;name\n", 8);
	/* Several parts behind each other are one file. */
	zipmake_gzip(&in, "1;x\n", 4);
	zipmake_gzip(&in, "", 0);
	assert_true(gunzip(&in, &to, &err));
	expect_content(to, "id;name\n1;x\n", 12);
	const size_t whole = in.len;
	assert_true(buf_char(&in, '\0'));
	assert_false(gunzip(&in, &to, &err));
	in.len = whole;
	/* Cut anywhere but between two parts. */
	size_t good = 0;
	for (in.len = 0; in.len < whole; in.len++) {
		if (gunzip(&in, &to, &err)) {
			good++;
			assert_int_equal(close(to), 0);
		} else {
			assert_int_equal(err.kind, ERR_PROTOCOL);
			assert_non_null(strstr(err.msg, "is cut"));
		}
	}
	assert_int_equal(good, 2);
	/* Any bit of checksum or length. */
	for (size_t i = whole - 8; i < whole; i++) {
		in.s[i] ^= 1;
		assert_false(gunzip(&in, &to, &err));
		assert_non_null(strstr(err.msg, "is broken"));
		in.s[i] ^= 1;
	}
}

static void
tells_kinds_apart(void **state)
{
	static const struct { const char *in; size_t len; bool gzip, zip; }
	cases[] = {
		{ "", 0, false, false }, { "\x1f", 1, false, false },
		{ "\x1f\x8b", 2, true, false }, { "PK", 2, false, false },
		{ "PK\3\4", 4, false, true }, { "PK\5\6x", 5, false, true },
		{ "PKID;x", 6, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const int fd = memory_file(cases[i].in, cases[i].len);
		assert_int_equal(unpack_is_gzip(fd), cases[i].gzip);
		assert_int_equal(unpack_is_zip(fd), cases[i].zip);
		assert_int_equal(close(fd), 0);
	}
}

/* ---- this machine -------------------------------------------------------- */
static bool
yes(void)
{
	return true;
}

static void
stops_and_fails(void **state)
{
	const struct rlimit small = { 4096, RLIM_INFINITY };
	AUTO(zipmake) struct zipmake z;
	AUTO(buf) struct buf a, b, c;
	static char data[100000];
	struct unpack u = ceiling(MIB);
	struct rlimit old;
	struct err err;

	(void)state;
	zipmake_init(&z);
	zipmake_add(&z, "a", data, sizeof(data), 0);
	zipmake_end(&z, false);
	u.cancelled = yes;
	assert_false(render(&z.out, &u, &a, &err));
	assert_int_equal(err.kind, ERR_CANCELLED);
	u = ceiling(MIB);
	u.dir = "/nonexistent";
	assert_false(render(&z.out, &u, &b, &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
	/* A full disk. */
	u = ceiling(MIB);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	void (*const before)(int) = signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	const bool ok = render(&z.out, &u, &c, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	(void)signal(SIGXFSZ, before);
	assert_false(ok);
	assert_int_equal(err.kind, ERR_SYSTEM);
	assert_non_null(strstr(err.msg, "temporary file"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_archives),
		cmocka_unit_test(knows_the_last_part_of_a_name),
		cmocka_unit_test(stays_flat),
		cmocka_unit_test(refuses_names_that_lead_out),
		cmocka_unit_test(refuses_what_was_cut),
		cmocka_unit_test(refuses_other_archives),
		cmocka_unit_test(refuses_what_lies),
		cmocka_unit_test(refuses_sizes_that_are_none),
		cmocka_unit_test(keeps_to_the_ceiling),
		cmocka_unit_test(defuses_bombs),
		cmocka_unit_test(counts_members),
		cmocka_unit_test(reads_gzip),
		cmocka_unit_test(tells_kinds_apart),
		cmocka_unit_test(stops_and_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
