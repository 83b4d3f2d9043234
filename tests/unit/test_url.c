/* Addresses: base, building, what a server may offer, what a log may show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "url.h"
#define SCRATCH_BYTES ((size_t)1 << 20)
#include "scratch.h"

#define BASE "https://api.example.dk/v1"
#define CURRENT BASE "/list/x?page=1"

/* ---- the base address ---------------------------------------------------- */
static const struct {
	const char *url;
	bool ok, ok_with_http;
} bases[] = {
	{ "https://api.example.dk", true, true },
	{ "https://api.example.dk/v1/", true, true },
	{ "https://api.example.dk:8443/v1", true, true },
	{ "http://127.0.0.1:8080/v1", true, true },
	{ "http://localhost/v1", true, true },
	{ "http://[::1]:1/", true, true },
	{ "http://api.example.dk", false, true },
	{ "http://127.0.0.1.evil.dk/", false, true },
	{ "http://localhost.evil.dk/", false, true },
	{ "ftp://api.example.dk/", false, false },
	{ "file:///etc/passwd", false, false },
	{ "https://", false, false },
	{ "https:///v1", false, false },
	{ "api.example.dk/v1", false, false },
	{ "", false, false },
	{ NULL, false, false },
	{ "https://user@api.example.dk/", false, false },
	{ "https://user:pw@api.example.dk/", false, false },
	{ "https://api.example.dk/v1?key=1", false, false },
	{ "https://api.example.dk/v1?", false, false },
	{ "https://api.example.dk/v1#a", false, false },
	{ "https://api.example.dk/v 1", false, false },
	{ "https://api.example.dk/v1\r\nX: y", false, false },
	{ "https://api.example.dk\\@evil.dk/", false, false },
	{ "https://api.example.dk:99999/", false, false },
};

static void
test_base(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
		struct err err = { .kind = ERR_NONE };
		if (url_check_base(bases[i].url, false, &err) != bases[i].ok ||
		    url_check_base(bases[i].url, true, &err) !=
			bases[i].ok_with_http)
			fail_msg("%s", bases[i].url);
		if (bases[i].ok)
			continue;
		assert_false(url_check_base(bases[i].url, false, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_null(strstr(err.msg, "pw"));
	}
}

static void
test_loopback(void **state)
{
	(void)state;
	assert_true(url_is_loopback("http://127.0.0.1:80/x"));
	assert_true(url_is_loopback("https://127.8.9.10"));
	assert_true(url_is_loopback("http://LocalHost:1"));
	assert_true(url_is_loopback("http://[::1]/"));
	assert_false(url_is_loopback("http://127.0.0.1.5/"));
	assert_false(url_is_loopback("http://127.0.0.1./"));
	assert_false(url_is_loopback("http://127...1/"));
	assert_false(url_is_loopback("http://128.0.0.1/"));
	assert_false(url_is_loopback("http://127.0.0.1.example.dk/"));
	assert_false(url_is_loopback("http://localhost.example.dk/"));
	assert_false(url_is_loopback("http://127.0.0.1@example.dk/"));
	assert_false(url_is_loopback("ftp://127.0.0.1/"));
	assert_false(url_is_loopback("127.0.0.1"));
	assert_false(url_is_loopback(""));
	assert_false(url_is_loopback(NULL));
}

/* ---- building ------------------------------------------------------------ */
static void
test_join(void **state)
{
	(void)state;
	assert_string_equal(url_join(arena, "https://a.dk", "x"),
	    "https://a.dk/x");
	assert_string_equal(url_join(arena, "https://a.dk/", "/x"),
	    "https://a.dk/x");
	assert_string_equal(url_join(arena, "https://a.dk/v1/", "x/y?z=1"),
	    "https://a.dk/v1/x/y?z=1");
	assert_string_equal(url_join(arena, "https://a.dk/v1", "/x"),
	    "https://a.dk/v1/x");
}

static void
test_escape(void **state)
{
	(void)state;
	assert_string_equal(url_escape(arena, "az-AZ_09.~"), "az-AZ_09.~");
	assert_string_equal(url_escape(arena, "\xc3\xa6 &=+/?#%"),
	    "%C3%A6%20%26%3D%2B%2F%3F%23%25");
	assert_string_equal(url_escape(arena, "\x01\xff\n"), "%01%FF%0A");
	assert_string_equal(url_escape(arena, ""), "");
}

static void
test_query(void **state)
{
	(void)state;
	char *u = url_add_query(arena, "https://a.dk/x", "a b", "c&d");
	assert_string_equal(u, "https://a.dk/x?a%20b=c%26d");
	u = url_add_query(arena, u, "e", "");
	assert_string_equal(u, "https://a.dk/x?a%20b=c%26d&e=");
}

/* ---- the next page ------------------------------------------------------- */
static const struct {
	const char *offered, *followed;
} good[] = {
	{ BASE "/x?page=2", BASE "/x?page=2" },
	{ "/v1/x?page=2", BASE "/x?page=2" },
	{ "?page=2", BASE "/list/x?page=2" },
	{ "y?page=2", BASE "/list/y?page=2" },
	{ "//api.example.dk/v1/y", "https://api.example.dk/v1/y" },
	{ "https://API.example.dk/v1/y", "https://API.example.dk/v1/y" },
	{ "https://api.example.dk:443/v1/y", "https://api.example.dk:443/v1/y" },
	{ "/v1", BASE },
	{ BASE "/x?next=https://other.dk/", BASE "/x?next=https://other.dk/" },
	{ "/v1/a..b/.c/d.?t=..", BASE "/a..b/.c/d.?t=.." },
	{ "/v1/x?cursor=%2e%2e%2f", BASE "/x?cursor=%2e%2e%2f" },
};

static void
test_next_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct err err = { .msg = "" };
		const char *u =
		    url_next(arena, BASE, CURRENT, good[i].offered, &err);
		if (u == NULL)
			fail_msg("%s: %s", good[i].offered, err.msg);
		assert_string_equal(u, good[i].followed);
	}
}

static const char *const hostile[] = {
	/* other host */
	"https://api.example.dk.evil.dk/v1",
	"https://api.example.dk.evil.dk/v1/x",
	"https://api.example.dk@evil.dk/v1",
	"https://api.example.dk:443@evil.dk/v1",
	"https://user:pw@api.example.dk/v1/x",
	"https://@api.example.dk/v1/x",
	"https://evil.dk/v1",
	"https://evil.dk/?https://api.example.dk/v1",
	"https://evil.dk#@api.example.dk/v1",
	"https://evil-api.example.dk/v1",
	"//evil.dk/v1",
	"///evil.dk/v1",
	"////api.example.dk/v1",
	"\\\\evil.dk",
	"/\\evil.dk/v1",
	"https:\\\\evil.dk/v1",
	"https://api.example.dk\\@evil.dk/v1",
	"https:/evil.dk/v1",
	"https:evil.dk/v1",
	"https:///evil.dk/v1",
	/* the same host by another name */
	"https://api.example.dk./v1/x",
	"https://api.example%2edk/v1/x",
	"https://api.ex\xd0\xb0mple.dk/v1/x",
	"https://api.xn--exmple-4uf.dk/v1/x",
	"https://api\xe3\x80\x82" "example.dk/v1/x",
	"https://2130706433/v1/x",
	"https://0x7f000001/v1/x",
	"https://127.0.0.1/v1/x",
	"https://[::1]/v1/x",
	"https://[::ffff:127.0.0.1]/v1/x",
	/* scheme, port */
	"http://api.example.dk/v1/x",
	"https://api.example.dk:8443/v1/x",
	"https://api.example.dk:0443/v1/x",
	"https://api.example.dk:/v1/x",
	"ftp://api.example.dk/v1/x",
	"file:///etc/passwd",
	"gopher://api.example.dk:443/v1/x",
	"javascript:alert(1)",
	/* path */
	"/v1/../admin",
	"/v1/x/../../admin",
	"/v1/%2e%2e/admin",
	"/v1/.%2E/admin",
	"/v1/%252e%252e/admin",
	"/v1/x%%32f..;x",
	"/v1/x%25%32f../admin",
	"/v1/%25252525252525252541",
	"/v1/..%2fadmin",
	"/v1/..%5cadmin",
	"/v1/..;/admin",
	"/v1/..",
	"/v1/./x",
	"../../admin",
	"/v1/x%00/y",
	"/v10/x",
	"/v",
	"/",
	"/admin",
	"/V1/x",
	/* the rest */
	BASE "/x#frag",
	"#",
	BASE "/x y",
	BASE "/x\r\nX-Evil: 1",
	BASE "/x\ty",
	BASE "/x\x7f",
	"",
	CURRENT,
	"?page=1",
	"/v1/list/x?page=1",
	"https://API.EXAMPLE.dk:443/v1/list/x?page=1",
};

static void
test_next_hostile(void **state)
{
	(void)state;
	assert_true(ARRAY_LEN(hostile) >= 40);
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		struct err err = { .kind = ERR_NONE };
		const char *u =
		    url_next(arena, BASE, CURRENT, hostile[i], &err);
		if (u != NULL)
			fail_msg("followed: %s", hostile[i]);
		assert_int_equal(err.kind, ERR_PROTOCOL);
		/* Not a word of what was offered. */
		assert_null(strstr(err.msg, "evil"));
		assert_null(strstr(err.msg, "page=1"));
	}
	assert_null(url_next(arena, BASE, CURRENT, NULL, NULL));
}

/* Met by fuzzing: "%%32f" is "%2f" once and "/" twice unescaped. */
static void
test_next_escape_in_escape(void **state)
{
	static const char *const offers[] = { "/v1/x%%32f..;x",
		"/v1/x%%32f..%%32fadmin", "/v1/%%32e%%32e/admin" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(offers); i++)
		if (url_next(arena, BASE, CURRENT, offers[i], NULL) != NULL)
			fail_msg("followed: %s", offers[i]);
}

static void
test_next_long(void **state)
{
	struct err err = { .kind = ERR_NONE };
	char *u = malloc(65537);

	(void)state;
	assert_non_null(u);
	memset(u, 'a', 65536);
	memcpy(u, BASE "/", strlen(BASE "/"));
	u[65536] = '\0';
	assert_null(url_next(arena, BASE, CURRENT, u, &err));
	u[8193] = '\0';
	assert_null(url_next(arena, BASE, CURRENT, u, &err));
	assert_int_equal(err.kind, ERR_PROTOCOL);
	u[8192] = '\0';
	assert_non_null(url_next(arena, BASE, CURRENT, u, &err));
	free(u);
}

/* Other forms of a base, among them one that ends with a slash. */
static void
test_next_bases(void **state)
{
	struct err err;

	(void)state;
	assert_non_null(url_next(arena, "https://a.dk", "https://a.dk/x", "/y",
	    &err));
	assert_non_null(url_next(arena, "https://a.dk/", "https://a.dk", "?p=2",
	    &err));
	assert_non_null(url_next(arena, BASE "/", CURRENT, "/v1/y", &err));
	assert_null(url_next(arena, BASE "/", CURRENT, "/v10/y", &err));
	assert_non_null(url_next(arena, "http://127.0.0.1:81/a",
	    "http://127.0.0.1:81/a/b", "http://127.0.0.1:81/a/c", &err));
	assert_null(url_next(arena, "http://127.0.0.1:81/a",
	    "http://127.0.0.1:81/a/b", "http://127.0.0.1/a/c", &err));
	assert_null(url_next(arena, "http://127.0.0.1:81/a",
	    "http://127.0.0.1:81/a/b", "http://2130706433:81/a/c", &err));
	assert_null(url_next(arena, "http://127.0.0.1:81/a",
	    "http://127.0.0.1:81/a/b", "http://localhost:81/a/c", &err));
	/* Relative to a current page that is not below the base. */
	assert_null(url_next(arena, BASE, "https://evil.dk/v1/x", "y", &err));
	assert_null(url_next(arena, BASE, "no address", "/v1/y", &err));
	struct arena *small = arena_new(16);
	assert_non_null(small);
	assert_null(url_next(small, BASE, CURRENT, "/v1/y", &err));
	assert_int_equal(err.kind, ERR_NOMEM);
	arena_free(small);
}

/* ---- for messages -------------------------------------------------------- */
static const struct {
	const char *url, *shown;
} shown[] = {
	/* No scheme stands before this "://". */
	{ "anna@kunde.dk/x://y", "*/x:/" "/y" },
	{ "https://a.dk/v1/x?key=secret#f", "https://a.dk/v1/x" },
	{ "https://user:pw@a.dk/v1", "https://a.dk/v1" },
	{ "https://user:p@w@a.dk/v1", "https://a.dk/v1" },
	{ "https://a.dk", "https://a.dk" },
	{ "https://a.dk?x=1", "https://a.dk" },
	{ "https://a.dk/c/anna@d.dk/tags", "https://a.dk/c/*/tags" },
	{ "https://a.dk/c/anna%40d.dk", "https://a.dk/c/*" },
	{ "https://a.dk/x\ny", "https://a.dk/x?y" },
	{ "/v1/x?next=https://b.dk/", "/v1/x" },
	{ "", "" },
};

static void
test_for_log(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		assert_string_equal(url_for_log(arena, shown[i].url),
		    shown[i].shown);
}

static void
test_same_origin(void **state)
{
	static const struct {
		const char *base, *url;
		bool same;
	} c[] = {
		{ "https://a.example/x", "https://a.example/y?z=1", true },
		{ "https://a.example/x", "HTTPS://A.Example:443/y", true },
		{ "https://a.example:443/x", "https://a.example", true },
		{ "https://a.example/x", "https://a.example:444/y", false },
		{ "https://a.example/x", "http://a.example/y", false },
		{ "https://a.example/x", "https://a.example./y", false },
		{ "https://a.example/x", "https://b.a.example/y", false },
		{ "https://a.example/x", "https://a.example@evil.example/", false },
		{ "https://a.example/x", "https://u@a.example/y", false },
		{ "https://a.example/x", "https://a.example\\@evil.example/",
		    false },
		{ "https://a.example/x", "https://a.example\t/", false },
		{ "https://a.example/x", "https://a.%65xample/y", false },
		{ "https://a.example/x", "//a.example/y", false },
		{ "https://a.example/x", "/y", false },
		{ "https://a.example/x", "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		if (url_is_same_origin(c[i].base, c[i].url) != c[i].same)
			fail_msg("%s of %s", c[i].url, c[i].base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_next_good),
		cmocka_unit_test(test_next_hostile),
		cmocka_unit_test(test_next_escape_in_escape),
		cmocka_unit_test(test_next_long),
		cmocka_unit_test(test_next_bases),
		cmocka_unit_test(test_same_origin),
		cmocka_unit_test(test_for_log),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
