/* mail_mime.c, mail_check_url: a message as others must be able to read it, and
 * nothing in it that a value could have begun. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mail.h"

#define DATE 1796130420	/* 2026-12-01T13:07:00Z */

static char *text;	/* of the message built last */
static size_t len;

static FILE *
body(const char *s)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	assert_true(fputs(s, f) >= 0);
	rewind(f);
	return f;
}

static bool
build(const struct mail *m, struct err *err)
{
	FILE *out;

	free(text);
	text = NULL;
	out = open_memstream(&text, &len);
	assert_non_null(out);
	const bool ok = mail_write(m, out, err);
	assert_int_equal(fclose(out), 0);
	return ok;
}

static const char *const to[] = { "a@example.dk", "b@example.dk" };

static struct mail
plain(const char *s)
{
	return (struct mail){ .from = "npsync@example.dk", .from_name = "npsync",
		.to = to, .n_to = 2, .subject = "A subject", .id = "x.1@example.dk",
		.date = DATE, .text = body(s) };
}

/* The message, or a word of why not in err. */
static void
made(struct mail *m)
{
	struct err err = { .kind = ERR_NONE };

	if (!build(m, &err))
		fail_msg("%s", err.msg);
	(void)fclose(m->text);
	m->text = NULL;
}

static const char *
after_header(void)
{
	const char *end = strstr(text, "\r\n\r\n");

	assert_non_null(end);
	return end + 4;
}

static int
tear_down(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	return 0;
}

/* ---- headers ------------------------------------------------------------- */
static void
test_header(void **state)
{
	struct mail m = plain("Hello\n");

	(void)state;
	made(&m);
	assert_string_equal(text,
	    "Date: Tue, 1 Dec 2026 13:07:00 +0000\r\n"
	    "From: npsync <npsync@example.dk>\r\n"
	    "To: <a@example.dk>,\r\n <b@example.dk>\r\n"
	    "Subject: A subject\r\n"
	    "Message-ID: <x.1@example.dk>\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "X-Auto-Response-Suppress: All\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=UTF-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "Hello\r\n");
}

static const struct {
	const char *subject, *expect;
} subjects[] = {
	{ "M\xc3\xb8" "de", "Subject: =?UTF-8?B?TcO4ZGU=?=\r\n" },
	/* 44 bytes of ASCII, then a code point of two: it is not torn. */
	{ "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeee\xc3\xb8zz",
	    "=?UTF-8?B?YWFhYWFhYWFhYWJiYmJiYmJiYmJjY2NjY2NjY2NjZGRkZGRkZGRkZGVlZW"
	    "U=?=\r\n =?UTF-8?B?w7h6eg==?=\r\n" },
	{ "two  blanks", "Subject: =?UTF-8?B?dHdvICBibGFua3M=?=\r\n" },
	{ "=?UTF-8?B?eA==?=", "Subject: =?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=" },
	{ "one two three four five six seven eight nine ten eleven twelve "
	    "thirteen fourteen", "ten eleven twelve\r\n thirteen fourteen\r\n" },
};

static void
test_subjects(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
		struct mail m = plain("x\n");
		m.subject = subjects[i].subject;
		made(&m);
		if (strstr(text, subjects[i].expect) == NULL)
			fail_msg("case %zu: no %s in\n%s", i, subjects[i].expect,
			    text);
	}
}

/* ---- injection ----------------------------------------------------------- */
static const struct {
	const char *from, *from_name, *to, *subject, *id, *csv_name, *expect;
} evil[] = {
	{ .subject = "x\r\nBcc: <z@example.com>", .expect = "subject" },
	{ .subject = "x\nBcc: z", .expect = "subject" },
	{ .subject = "x\rBcc: z", .expect = "subject" },
	{ .subject = "x\x01", .expect = "subject" },
	{ .from_name = "x\nBcc: z", .expect = "name of the sender" },
	{ .csv_name = "a\n.csv", .expect = "name of the attachment" },
	{ .from = "a@example.dk\nBcc: z", .expect = "sender" },
	{ .from = "a@example.dk> <z@example.com", .expect = "sender" },
	{ .from = "npsync", .expect = "sender" },
	{ .to = "a@example.dk\r\nRCPT TO:<z@example.com>",
	    .expect = "recipient 1" },
	{ .to = "a@example.dk,z@example.com", .expect = "recipient 1" },
	{ .to = "a@example.dk>", .expect = "recipient 1" },
	{ .to = "a@b@example.dk", .expect = "recipient 1" },
	{ .to = "s\xc3\xb8ren@example.dk", .expect = "recipient 1" },
	{ .to = "a b@example.dk", .expect = "recipient 1" },
	{ .to = "@example.dk", .expect = "recipient 1" },
	{ .to = "a@", .expect = "recipient 1" },
	{ .to = "", .expect = "recipient 1" },
	{ .id = "x>\r\nBcc: z@example.dk", .expect = "Message-ID" },
	{ .id = "x", .expect = "Message-ID" },
};

static void
test_injection(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(evil); i++) {
		struct err err = { .kind = ERR_NONE };
		struct mail m = plain("x\n");
		if (evil[i].from != NULL)
			m.from = evil[i].from;
		if (evil[i].from_name != NULL)
			m.from_name = evil[i].from_name;
		if (evil[i].to != NULL)
			m.to = &evil[i].to;
		if (evil[i].subject != NULL)
			m.subject = evil[i].subject;
		if (evil[i].id != NULL)
			m.id = evil[i].id;
		m.n_to = evil[i].to != NULL ? 1 : 2;
		m.csv_name = evil[i].csv_name;
		if (build(&m, &err) || len != 0)
			fail_msg("case %zu was built", i);
		assert_int_equal(err.kind, ERR_CONFIG);
		/* Which value, never what stands in it. */
		if (strstr(err.msg, evil[i].expect) == NULL ||
		    strstr(err.msg, "example") != NULL)
			fail_msg("case %zu: %s", i, err.msg);
		(void)fclose(m.text);
	}
}

/* ---- bodies -------------------------------------------------------------- */
static const struct {
	const char *in, *out;
} bodies[] = {
	{ "", "" },
	{ "a", "a\r\n" },
	{ "a\n\nb\n", "a\r\n\r\nb\r\n" },
	{ "a\r\nb\r\n", "a\r\nb\r\n" },
	{ "a=b\n", "a=3Db\r\n" },
	{ "M\xc3\xb8" "de\n", "M=C3=B8de\r\n" },
	{ "blank \nb\n", "blank=20\r\nb\r\n" },
	{ "tab\t\n", "tab=09\r\n" },
	/* Nothing that a way-station would change or take for the end. */
	{ ".\n..\n", "=2E\r\n=2E.\r\n" },
	{ "From here\n", "=46rom here\r\n" },
	{ "--=_npsync_a\n", "--=3D_npsync_a\r\n" },
	{ "0123456789012345678901234567890123456789012345678901234567890123456789"
	    "012345\n",
	    "0123456789012345678901234567890123456789012345678901234567890123456789"
	    "012=\r\n345\r\n" },
	{ "012345678901234567890123456789012345678901234567890123456789012345678901"
	    "2.\n",
	    "012345678901234567890123456789012345678901234567890123456789012345678901"
	    "2=\r\n=2E\r\n" },
};

static void
test_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct mail m = plain(bodies[i].in);
		made(&m);
		if (strcmp(after_header(), bodies[i].out) != 0)
			fail_msg("case %zu:\n%s", i, after_header());
	}
}

/* No line of any body is longer than 76. */
static void
test_lines(void **state)
{
	char long_line[4001];
	struct mail m;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(long_line); i++)
		long_line[i] = "ab=.\xc3\xb8 F"[i % 8];
	long_line[sizeof(long_line) - 1] = '\0';
	m = plain(long_line);
	m.html = body(long_line);
	m.csv = body(long_line);
	m.csv_name = "n.csv";
	made(&m);
	for (const char *p = text; *p != '\0';) {
		const size_t n = strcspn(p, "\r");
		assert_true(n <= 76);
		assert_int_equal(p[n + 1], '\n');
		p += n + 2;
	}
	(void)fclose(m.html);
	(void)fclose(m.csv);
}

static void
test_parts(void **state)
{
	struct mail m = plain("text\n");

	(void)state;
	m.html = body("<p>html</p>\n");
	m.csv = body("id\r\n1\r\n");
	m.csv_name = "np sync\"2.csv";
	made(&m);
	assert_non_null(strstr(text, "Content-Type: multipart/mixed;\r\n"
	    " boundary=\"=_npsync_a\"\r\n\r\n--=_npsync_a\r\n"
	    "Content-Type: multipart/alternative;\r\n"
	    " boundary=\"=_npsync_b\"\r\n\r\n--=_npsync_b\r\n"
	    "Content-Type: text/plain; charset=UTF-8\r\n"));
	assert_non_null(strstr(text, "\r\n\r\ntext\r\n--=_npsync_b\r\n"
	    "Content-Type: text/html; charset=UTF-8\r\n"));
	assert_non_null(strstr(text, "</p>\r\n--=_npsync_b--\r\n--=_npsync_a\r\n"));
	assert_non_null(strstr(text, "filename=\"np_sync_2.csv\"\r\n\r\n"
	    "aWQNCjENCg==\r\n--=_npsync_a--\r\n"));
	(void)fclose(m.html);
	(void)fclose(m.csv);
}

/* ---- the server ---------------------------------------------------------- */
static const struct {
	const char *url;
	bool ok, loopback;
} urls[] = {
	{ "smtp://127.0.0.1", true, true },
	{ "smtp://127.0.0.1:2525", true, true },
	{ "smtps://localhost:465", true, true },
	{ "smtp://[::1]:25", true, true },
	{ "smtp://mail.example.dk", true, false },
	{ "smtps://mail.example.dk:465/", true, false },
	{ "smtp://127.example.dk", true, false },	/* a name leads anywhere */
	{ "", false, false },
	{ "mail.example.dk", false, false },
	{ "https://mail.example.dk", false, false },
	{ "file:///etc/passwd", false, false },
	{ "smtp://", false, false },
	{ "smtp://u:p@mail.example.dk", false, false },
	{ "smtp://mail.example.dk/helo", false, false },
	{ "smtp://mail.example.dk?x=1", false, false },
	{ "smtp://mail.example.dk#x", false, false },
	{ "smtp://mail.example.dk:99999", false, false },
	{ "smtp://mail.example.dk\r\nQUIT", false, false },
	{ "smtp://mail example.dk", false, false },
};

static void
test_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct err err = { .kind = ERR_NONE };
		bool loopback = false;
		if (mail_check_url(urls[i].url, &loopback, &err) != urls[i].ok ||
		    loopback != urls[i].loopback)
			fail_msg("%s", urls[i].url);
		assert_int_equal(err.kind, urls[i].ok ? ERR_NONE : ERR_CONFIG);
	}
}

/* Nobody listens: surely nothing was handed over, and it is told in a line
 * without addresses. */
static void
test_away(void **state)
{
	const struct mail_settings s = { .url = "smtp://127.0.0.1:1",
		.user = "", .password = "", .ca_file = "" };
	struct err err = { .kind = ERR_NONE };
	FILE *message = body("x\r\n");

	(void)state;
	assert_int_equal(mail_send(&s, "a@example.dk", "b@example.dk", message,
	    &err), MAIL_NOT_SENT);
	assert_int_equal(err.kind, ERR_RETRY);
	assert_non_null(strstr(err.msg, "mail server: "));
	assert_null(strstr(err.msg, "example"));
	assert_int_equal(mail_send(&s, "a@example.dk", "b@example.dk\n", message,
	    &err), MAIL_NOT_SENT);
	assert_int_equal(err.kind, ERR_CONFIG);
	(void)fclose(message);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_header, tear_down),
		cmocka_unit_test_teardown(test_subjects, tear_down),
		cmocka_unit_test_teardown(test_injection, tear_down),
		cmocka_unit_test_teardown(test_bodies, tear_down),
		cmocka_unit_test_teardown(test_lines, tear_down),
		cmocka_unit_test_teardown(test_parts, tear_down),
		cmocka_unit_test_teardown(test_urls, tear_down),
		cmocka_unit_test_teardown(test_away, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
