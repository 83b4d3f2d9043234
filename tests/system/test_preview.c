/*
 * The preview mail as people get it: sent by the program to a real SMTP server
 * (tests/lib/smtpd.py) and read by a parser that is not ours
 * (tests/lib/readmail.py).
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "mailbox.h"
#include "npsync.h"
#include "place.h"

#define MORNING "2026-12-01T08:00"
#define EVENING "2026-12-01T20:07"
#define LATER "2026-12-01T21:07"
#define NEXT "2026-12-02T14:07"
#define TEXT_MAX ((size_t)1 << 22)
#define NASTY "=SUM(1)<b>&\"'</b>"

struct post {
	struct place place;
	struct mailbox mail;
};

/* ---- files --------------------------------------------------------------- */
static void
read_text(const char *path, struct buf *out)
{
	char part[4096];
	size_t n;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		assert_true(buf_add(out, part, n));
	(void)fclose(f);
}

static void
replace_in_file(const char *path, const char *from, const char *to)
{
	AUTO(buf) struct buf was, is;

	buf_init(&was, TEXT_MAX);
	buf_init(&is, TEXT_MAX);
	read_text(path, &was);
	const char *hit = strstr(buf_text(&was), from);
	assert_non_null(hit);
	assert_true(buf_add(&is, was.s, (size_t)(hit - was.s)) &&
	    buf_str(&is, to) && buf_str(&is, hit + strlen(from)));
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(is.s, 1, is.len, f), is.len);
	assert_int_equal(fclose(f), 0);
}

/* ---- places -------------------------------------------------------------- */
static void
post_make(struct post *p, const char *name, const char *kind, const char *to)
{
	const bool smtps = kind != NULL && strcmp(kind, "--smtps") == 0;
	char text[2000], login[1000] = "", dir[400];

	*p = (struct post){ .place.embedded = false };
	place_make(&p->place, name, name, true);
	(void)snprintf(dir, sizeof(dir), "%s/mail", p->place.dir);
	mailbox_make(&p->mail, dir);
	mailbox_start(&p->mail, kind);
	mailbox_write(&p->mail, "word", "smtp-word\n");
	if (kind != NULL)
		(void)snprintf(login, sizeof(login), "user = \"npsync\"; "
		    "password = \"file:%s/word\"; ca_file = \"%s/ca.pem\"; ",
		    p->mail.dir, p->mail.dir);
	(void)snprintf(text, sizeof(text), "mail = { smtp_url = "
	    "\"smtp%s://127.0.0.1:%d\"; from = \"npsync@npsync-demo.example\"; "
	    "%s}; preview = { to = [ %s ]; }; log = {", smtps ? "s" : "",
	    p->mail.port, login, to);
	place_edit(&p->place, "log = {", text);
	place_clock(&p->place, "2026-12-01T07:00:00Z");
	place_export(&p->place, 1);
	(void)place_run(&p->place, MORNING, 0, "run hourly --quiet");
	(void)place_run(&p->place, MORNING, 0, "activate");
}

static void
post_free(struct post *p)
{
	mailbox_stop(&p->mail);
	place_free(&p->place);
}

static void
hourly(struct post *p, const char *now, int code, int expect)
{
	const struct runproc *r = place_run(&p->place, now, -2, "run hourly");

	if ((code == 0) != (r->code == 0))
		fail_msg("hourly %s: exit %d\n%s%s", now, r->code, r->out, r->err);
	if (mailbox_count(&p->mail) != expect)
		fail_msg("hourly %s: %d mails, not %d\n%s%s", now,
		    mailbox_count(&p->mail), expect, r->out, r->err);
}

/* ---- what it says -------------------------------------------------------- */
static void
check_rows(struct post *p, const json_t *mail)
{
	const struct runproc *r = place_run(&p->place, EVENING, 0, "--csv queue");

	assert_string_equal(mail_part(mail, 2, "type"), "text/csv");
	assert_string_equal(mail_part(mail, 2, "file"), "npsync-2026-12-02.csv");
	assert_string_equal(mail_part(mail, 2, "disposition"), "attachment");
	assert_string_equal(mail_part(mail, 2, "text"), r->out);
	/* What a spreadsheet would run is text. */
	says(mail_part(mail, 2, "text"), "\"'=SUM(1)<b>&\"\"'</b>\"");
}

static void
check_texts(struct post *p, const json_t *mail)
{
	const char *text = mail_part(mail, 0, "text"), *html = mail_part(mail, 1, "text");
	json_t *queue = place_json(&p->place, EVENING, "queue");

	assert_true(json_array_size(queue) > 20);
	for (size_t i = 0; i < json_array_size(queue); i++) {
		char id[40];
		(void)snprintf(id, sizeof(id), "\">%s</td>",
		    place_cell(queue, i, "id"));
		says(html, id);
		says(html, place_cell(queue, i, "verdict"));
		if (strcmp(place_cell(queue, i, "reason"), "go") != 0)
			says(text, place_cell(queue, i, "verdict"));
	}
	json_decref(queue);
	says(text, "Would be asked; the mails leave Wed 2026-12-02 09:00: ");
	says(text, "npsync exclude ID");
	says(text, NASTY);
	says(html, "=SUM(1)&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;");
	assert_null(strstr(html, "<b>"));
	assert_null(strstr(html, "<img"));
	assert_null(strstr(html, "src="));
}

static void
test_mail(void **state)
{
	char companies[500];
	struct post p;

	(void)state;
	post_make(&p, "mailed", "--tls", "\"a@npsync-demo.example\", "
	    "\"b@npsync-demo.example\"");
	/* 08:00 is not 14:00. */
	assert_int_equal(mailbox_count(&p.mail), 0);
	place_export(&p.place, 2);
	(void)snprintf(companies, sizeof(companies), "%s/export/companies.csv",
	    p.place.dir);
	replace_in_file(companies, "Fjordlys Energi A/S",
	    "\"=SUM(1)<b>&\"\"'</b>\"");
	hourly(&p, EVENING, 0, 2);
	json_t *mail = mailbox_read(&p.mail, 1), *other = mailbox_read(&p.mail, 2);
	says(mail_header(mail, "subject"), "npsync demo, night to Wed 2026-12-02: ");
	says(mail_header(mail, "to"), "a@npsync-demo.example, b@npsync-demo.example");
	says(mail_header(mail, "from"), "<npsync@npsync-demo.example>");
	assert_string_equal(mail_header(mail, "auto-submitted"), "auto-generated");
	says(mail_header(mail, "date"), "Tue, 01 Dec 2026 19:07:");
	says(mail_header(mail, "message-id"), "<preview.2026-12-01.");
	assert_string_equal(mail_header(mail, "message-id"),
	    mail_header(other, "message-id"));
	assert_int_equal(json_array_size(json_object_get(mail, "parts")), 3);
	assert_string_equal(mail_part(mail, 0, "type"), "text/plain");
	assert_string_equal(mail_part(mail, 1, "type"), "text/html");
	check_texts(&p, mail);
	check_rows(&p, mail);
	json_decref(mail);
	json_decref(other);
	/* One a date, however often the run comes. */
	hourly(&p, EVENING, 0, 2);
	hourly(&p, LATER, 0, 2);
	post_free(&p);
}

/* What the mail said, and what the night did. */
static void
test_next_day(void **state)
{
	char args[64];
	struct post p;

	(void)state;
	post_make(&p, "nextday", "--smtps", "\"a@npsync-demo.example\"");
	place_export(&p.place, 2);
	hourly(&p, EVENING, 0, 1);
	json_t *queue = place_json(&p.place, EVENING, "queue");
	assert_string_equal(place_cell(queue, 0, "reason"), "go");
	(void)snprintf(args, sizeof(args), "exclude %s --yes --reason busy",
	    place_cell(queue, 0, "id"));
	(void)place_run(&p.place, LATER, 0, args);
	place_clock(&p.place, "2026-12-02T02:10:00Z");
	says(place_run(&p.place, "2026-12-02T03:10", 0, "run night")->out,
	    "sent");
	place_clock(&p.place, "2026-12-02T13:07:00Z");
	hourly(&p, NEXT, 0, 2);
	json_t *mail = mailbox_read(&p.mail, 2);
	const char *text = mail_part(mail, 0, "text");
	says(text, "\nThe night to Wed 2026-12-02: ok\n");
	says(text, " due");
	says(text, " sent");
	says(text, "\nOther than the preview of the night to Wed 2026-12-02 "
	    "said: 1\n");
	says(text, "was to go, but is excluded");
	says(mail_part(mail, 1, "text"), "was to go, but is excluded");
	says(mail_header(mail, "message-id"), "<preview.2026-12-02.");
	json_decref(mail);
	json_decref(queue);
	post_free(&p);
}

static void
test_one_line(void **state)
{
	struct post p;

	(void)state;
	post_make(&p, "oneline", NULL, "\"a@npsync-demo.example\"");
	hourly(&p, "2026-12-01T13:59", 0, 0);
	hourly(&p, "2026-12-01T14:00", 0, 1);
	json_t *mail = mailbox_read(&p.mail, 1);
	assert_string_equal(mail_header(mail, "subject"),
	    "npsync demo: nothing waits for Wed 2026-12-02");
	assert_int_equal(json_array_size(json_object_get(mail, "parts")), 1);
	assert_string_equal(mail_part(mail, 0, "type"), "text/plain");
	assert_string_equal(mail_part(mail, 0, "text"),
	    "Nothing waits for Wed 2026-12-02.\n");
	assert_string_equal(place_run(&p.place, EVENING, 0,
	    "preview --print")->out, "Nothing waits for Wed 2026-12-02.\n");
	json_decref(mail);
	post_free(&p);
}

/* ---- when ---------------------------------------------------------------- */
static void
test_days(void **state)
{
	struct post p;

	(void)state;
	post_make(&p, "holiday", NULL, "\"a@npsync-demo.example\"");
	place_edit(&p.place, "log = {", "send = { weekdays = [ \"tue\" ]; "
	    "closed = [ \"2026-12-03\" ]; }; log = {");
	hourly(&p, "2026-12-03T14:07", 0, 0);	/* closed */
	hourly(&p, "2026-12-05T14:07", 0, 0);	/* Saturday */
	hourly(&p, "2026-12-25T14:07", 0, 0);	/* Friday, Christmas */
	/* People work on a Friday, though no survey leaves. */
	hourly(&p, "2026-12-04T14:07", 0, 1);
	/* Only the hourly run mails. */
	(void)place_run(&p.place, "2026-12-07T14:07", 0, "run");
	assert_int_equal(mailbox_count(&p.mail), 1);
	post_free(&p);
}

/* ---- at most once -------------------------------------------------------- */
/* The server has the message, and is gone before it says so. */
static void
test_cut(void **state)
{
	struct post p;

	(void)state;
	post_make(&p, "cut", "--tls", "\"a@npsync-demo.example\"");
	mailbox_mode(&p.mail, "cut");
	hourly(&p, EVENING, 1, 1);
	says(place_run(&p.place, EVENING, 0, "--csv runs")->out,
	    "nobody knows whether it took the mail");
	mailbox_mode(&p.mail, "ok");
	hourly(&p, LATER, 0, 1);
	hourly(&p, NEXT, 0, 2);
	json_t *mail = mailbox_read(&p.mail, 2);
	says(mail_part(mail, 0, "text"), "Nobody knows whether the preview "
	    "2026-12-01 arrived");
	json_decref(mail);
	post_free(&p);
}

/* The run is killed while the server has the message. */
static void
test_killed(void **state)
{
	struct post p;
	struct runproc r;

	(void)state;
	post_make(&p, "killed", NULL, "\"a@npsync-demo.example\"");
	mailbox_mode(&p.mail, "hang");
	place_start(&r, &p.place, EVENING, "run hourly");
	mailbox_wait(&p.mail, 1);
	assert_int_equal(kill(r.pid, SIGKILL), 0);
	runproc_wait(&r, 20);
	runproc_free(&r);
	mailbox_mode(&p.mail, "ok");
	/* It is told once. */
	hourly(&p, LATER, 1, 1);
	says(place_run(&p.place, LATER, 0, "--csv runs")->out, "a run died while");
	hourly(&p, "2026-12-01T22:07", 0, 1);
	post_free(&p);
}

/* Nothing was handed over: the next hour tries again. */
static void
test_again(void **state)
{
	struct post p;

	(void)state;
	post_make(&p, "again", "--tls", "\"a@npsync-demo.example\", "
	    "\"b@npsync-demo.example\"");
	mailbox_stop(&p.mail);
	hourly(&p, "2026-12-01T15:07", 1, 0);
	mailbox_start(&p.mail, "--tls");
	mailbox_mode(&p.mail, "refuse");
	hourly(&p, "2026-12-01T16:07", 1, 0);
	/* One bad address keeps nobody else's mail back. */
	mailbox_mode(&p.mail, "rcpt a@npsync-demo.example");
	hourly(&p, "2026-12-01T17:07", 1, 1);
	mailbox_mode(&p.mail, "ok");
	hourly(&p, "2026-12-01T18:07", 0, 2);
	hourly(&p, "2026-12-01T19:07", 0, 2);
	post_free(&p);
}

/* ---- the way there ------------------------------------------------------- */
static void
fails_check(struct post *p, const char *expect)
{
	const struct runproc *r = place_run(&p->place, EVENING, -2, "check");

	says(r->out, "FAIL  mail: mail server: ");
	says(r->out, expect);
	assert_null(strstr(r->out, "smtp-word"));
	hourly(p, EVENING, 1, 0);
}

static void
test_trust(void **state)
{
	char other[500];
	struct post p;

	(void)state;
	post_make(&p, "trust", "--tls", "\"a@npsync-demo.example\"");
	says(place_run(&p.place, EVENING, 0, "check")->out, "ok    mail: smtp:");
	mailbox_write(&p.mail, "word", "wrong\n");
	fails_check(&p, "denied");
	mailbox_write(&p.mail, "word", "smtp-word\n");
	/* A certificate of nobody we trust; the server has another by now. */
	(void)snprintf(other, sizeof(other), "%s/old.pem", p.mail.dir);
	place_edit(&p.place, "/ca.pem", "/old.pem");
	char ca[500];
	(void)snprintf(ca, sizeof(ca), "%s/ca.pem", p.mail.dir);
	assert_int_equal(rename(ca, other), 0);
	mailbox_stop(&p.mail);
	mailbox_start(&p.mail, "--tls");
	fails_check(&p, "SSL");
	/* No STARTTLS: neither the password nor the mail leaves. */
	mailbox_stop(&p.mail);
	mailbox_start(&p.mail, NULL);
	fails_check(&p, "STARTTLS");
	post_free(&p);
}

static void
test_check_words(void **state)
{
	struct post p;

	(void)state;
	post_make(&p, "words", NULL, "\"a@npsync-demo.example\"");
	place_edit(&p.place, "smtp_url = \"smtp://127.0.0.1", "#");
	place_edit(&p.place, "from = \"npsync@npsync-demo.example\"; }", "\n}");
	says(place_run(&p.place, EVENING, 0, "check")->out, "warn  mail: "
	    "preview.to is set, but mail.smtp_url is not");
	hourly(&p, EVENING, 0, 0);
	says_one_line(place_run(&p.place, EVENING, 78,
	    "preview --to a@npsync-demo.example")->err, "mail.smtp_url");
	says_one_line(place_run(&p.place, EVENING, 64, "preview")->err,
	    "--print or --to");
	says_one_line(place_run(&p.place, EVENING, 64, "preview --to a")->err,
	    "--to: expected a mail address");
	post_free(&p);
}

/* One line each, with the key. */
static void
test_bad_conf(void **state)
{
	static const struct {
		const char *mail, *expect;
	} bad[] = {
		{ "smtp_url = \"http://127.0.0.1\";", "mail.smtp_url: expected "
		    "smtp://HOST:PORT" },
		{ "smtp_url = \"smtp://a:b@127.0.0.1\";", "mail.smtp_url" },
		/* test = true: no address but this machine's. */
		{ "smtp_url = \"smtp://192.0.2.1\"; from = \"a@b.example\";",
		    "mail.smtp_url: expected this machine" },
		{ "smtp_url = \"smtp://127.0.0.1\";", "mail.from" },
		{ "smtp_url = \"smtp://127.0.0.1\"; from = \"a@b.example\"; "
		    "user = \"u\";", "mail.password" },
		{ "smtp_url = \"smtp://127.0.0.1\"; from = \"a@b.example\"; "
		    "password = \"file:x\";", "mail.password" },
		{ "colour = 1;", "mail.colour" },
		{ "}; preview = { to = [ \"s\xc3\xb8ren@b.example\" ];",
		    "preview.to" },
	};
	char name[16], text[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct place p;
		(void)snprintf(name, sizeof(name), "badmail%zu", i % 100);
		place_make(&p, name, "-", false);
		(void)snprintf(text, sizeof(text), "mail = { %s }; log = {",
		    bad[i].mail);
		place_edit(&p, "log = {", text);
		says_one_line(place_run(&p, NULL, 78, "status")->err,
		    bad[i].expect);
	}
}

/* By hand: to whom one likes, and as often. */
static void
test_by_hand(void **state)
{
	struct post p;

	(void)state;
	post_make(&p, "byhand", "--tls", "\"a@npsync-demo.example\"");
	says_one_line(place_run(&p.place, EVENING, 0,
	    "preview --to c@npsync-demo.example")->out, "sent: npsync demo");
	assert_int_equal(mailbox_count(&p.mail), 1);
	hourly(&p, EVENING, 0, 2);
	mailbox_mode(&p.mail, "refuse");
	says_one_line(place_run(&p.place, EVENING, -2,
	    "preview --to c@npsync-demo.example")->err, "mail server: ");
	assert_int_equal(mailbox_count(&p.mail), 2);
	post_free(&p);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail),
		cmocka_unit_test(test_next_day),
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_check_words),
		cmocka_unit_test(test_bad_conf),
		cmocka_unit_test(test_by_hand),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests(tests, places_begin, places_end);
}
