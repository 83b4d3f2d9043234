/*
 * Alarms as people meet them: the program, the survey service, a mail server,
 * and what is said of all that went wrong.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mailbox.h"
#include "npsync.h"
#include "place.h"

#define MORNING "2026-12-01T08:00"
#define EVENING "2026-12-01T20:07"
#define NIGHT "2026-12-02T03:10"
#define NOON "2026-12-02T12:07"
#define LATER "2026-12-02T13:07"

struct post {
	struct place place;
	struct mailbox mail;
	char asked[2][96];	/* people who were, by the ledger */
};

/* ---- places -------------------------------------------------------------- */
static void
configure(struct post *p, const char *alarm)
{
	char text[2000];

	(void)snprintf(text, sizeof(text), "mail = { smtp_url = "
	    "\"smtp://127.0.0.1:%d\"; from = \"npsync@npsync-demo.example\"; }; "
	    "alarm = { fallback = \"fallback@npsync-demo.example\"; %s }; "
	    "log = {", p->mail.port, alarm);
	place_edit(&p->place, "log = {", text);
}

static void
post_make(struct post *p, const char *name, const char *alarm)
{
	char dir[400];

	*p = (struct post){ .place.embedded = false };
	place_make(&p->place, name, name, true);
	(void)snprintf(dir, sizeof(dir), "%s/mail", p->place.dir);
	mailbox_make(&p->mail, dir);
	mailbox_start(&p->mail, NULL);
	configure(p, alarm);
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

/* The tour's night: people are asked. */
static void
ask(struct post *p)
{
	const struct simproc_line *lines;
	size_t n, found = 0;

	place_export(&p->place, 2);
	(void)place_run(&p->place, EVENING, 0, "run hourly --quiet");
	place_clock(&p->place, "2026-12-02T02:10:00Z");
	(void)place_run(&p->place, NIGHT, 0, "run night --quiet");
	place_clock(&p->place, "2026-12-02T11:07:00Z");
	lines = simproc_ledger(p->place.sim, &n);
	for (size_t i = 0; i < n && found < 2; i++)
		if (lines[i].kind == SIMPROC_RESPONDENT)
			(void)snprintf(p->asked[found++], 96, "%s",
			    lines[i].email);
	assert_int_equal(found, 2);
}

static void
answers(struct post *p, size_t who, int rating, const char *comment)
{
	simproc_tell(p->place.sim, "answer", "{\"email\": \"%s\", \"rating\": "
	    "%d, \"comment\": \"%s\"}", p->asked[who], rating, comment);
}

static const char *
hourly(struct post *p, const char *now, bool well, int expect)
{
	const struct runproc *r = place_run(&p->place, now, -2, "run hourly");

	if (well != (r->code == 0))
		fail_msg("hourly %s: exit %d\n%s%s", now, r->code, r->out, r->err);
	if (mailbox_count(&p->mail) != expect)
		fail_msg("hourly %s: %d mails, not %d\n%s%s", now,
		    mailbox_count(&p->mail), expect, r->out, r->err);
	return r->out;
}

#define LOW "rules = ( { when = \"low\"; to = [ \"owner\" ]; language = " \
    "\"da\"; } ); "
#define HEALTH "health = { to = [ \"it@npsync-demo.example\" ]; }; "

/* ---- an answer, from the service to the owner ---------------------------- */
static void
test_answer(void **state)
{
	struct post p;

	(void)state;
	post_make(&p, "alarmed", LOW);
	ask(&p);
	answers(&p, 0, 2, "Aldrig mere");
	answers(&p, 1, 10, "Tak");
	says(hourly(&p, NOON, true, 1), "alarms");
	says(mailbox_to(&p.mail, 1), "@npsync-demo.example");
	assert_null(strstr(mailbox_to(&p.mail, 1), "fallback"));
	json_t *mail = mailbox_read(&p.mail, 1);
	says(mail_header(mail, "subject"), "Lav karakter (2): ");
	says(mail_part(mail, 0, "text"), "Kommentar: Aldrig mere\n");
	says(mail_part(mail, 0, "text"), "Kundeansvarlig: ");
	says(mail_part(mail, 0, "text"), mailbox_to(&p.mail, 1));
	json_decref(mail);
	/* A comment that comes later writes to nobody. */
	answers(&p, 0, 2, "Og en ting til");
	(void)hourly(&p, LATER, true, 1);
	post_free(&p);
}

/* ---- a server that is away ----------------------------------------------- */
static void
test_away(void **state)
{
	struct post p;

	(void)state;
	post_make(&p, "away", LOW HEALTH);
	ask(&p);
	mailbox_stop(&p.mail);
	answers(&p, 0, 2, "Aldrig mere");
	/* The tag is written all the same. */
	says(hourly(&p, NOON, false, 0), "writeback  ");
	says(place_run(&p.place, NOON, 0, "status")->out,
	    "mails          1 could not be sent");
	says(place_run(&p.place, NOON, 0, "status")->out, "alarm          mail ");
	mailbox_start(&p.mail, NULL);
	/* The answer, and that mails could not be sent. */
	(void)hourly(&p, LATER, true, 2);
	says(mailbox_to(&p.mail, 2), "it@npsync-demo.example");
	says(place_run(&p.place, LATER, 0, "alarms")->out, "over");
	(void)hourly(&p, "2026-12-02T14:07", true, 3);
	json_t *mail = mailbox_read(&p.mail, 3);
	says(mail_header(mail, "subject"), "npsync demo: Over: Messages");
	json_decref(mail);
	(void)hourly(&p, "2026-12-02T15:07", true, 3);
	post_free(&p);
}

/* ---- killed while the server has the mail -------------------------------- */
static void
test_killed(void **state)
{
	struct post p;
	struct runproc r;

	(void)state;
	post_make(&p, "killedalarm", LOW);
	ask(&p);
	answers(&p, 0, 2, "Aldrig mere");
	mailbox_mode(&p.mail, "hang");
	place_start(&r, &p.place, NOON, "run hourly");
	mailbox_wait(&p.mail, 1);
	assert_int_equal(kill(r.pid, SIGKILL), 0);
	runproc_wait(&r, 20);
	runproc_free(&r);
	mailbox_mode(&p.mail, "ok");
	(void)hourly(&p, LATER, false, 1);
	says(place_run(&p.place, LATER, 0, "status")->out, "mails          1 went "
	    "out or not, nobody knows");
	(void)hourly(&p, "2026-12-02T14:07", true, 1);
	post_free(&p);
}

/* ---- health -------------------------------------------------------------- */
static void
test_health(void **state)
{
	struct post p;

	(void)state;
	post_make(&p, "unwell", HEALTH);
	/* A connection that fails: once, and once when it is well. */
	simproc_away(p.place.sim);
	(void)hourly(&p, "2026-12-01T09:07", false, 1);
	json_t *mail = mailbox_read(&p.mail, 1);
	says(mail_header(mail, "subject"), "npsync demo: ALARM: A connection "
	    "failed npstoday");
	json_decref(mail);
	(void)hourly(&p, "2026-12-01T10:07", false, 1);
	simproc_back(p.place.sim);
	(void)hourly(&p, "2026-12-01T11:07", true, 2);
	(void)hourly(&p, "2026-12-01T12:07", true, 2);
	/* What a night noticed only a night calls well: by day not all of it is
	 * tried. */
	simproc_away(p.place.sim);
	(void)place_run(&p.place, "2026-12-01T12:17", 69, "run night --quiet");
	const int told = mailbox_count(&p.mail);
	assert_true(told > 2);
	simproc_back(p.place.sim);
	(void)hourly(&p, "2026-12-01T12:27", true, told);
	(void)place_run(&p.place, "2026-12-01T12:37", 0, "run night --quiet");
	const int over = mailbox_count(&p.mail);
	assert_true(over > told);
	/* 26 hours without a run: by status, and by the run that comes. */
	says(place_run(&p.place, "2026-12-02T15:07", 0, "status")->out,
	    "no run ended well for 2");
	(void)hourly(&p, "2026-12-02T15:07", true, over + 1);
	mail = mailbox_read(&p.mail, over + 1);
	says(mail_header(mail, "subject"), "No run for more than 26 hours");
	/* The clock runs on while a run takes its time. */
	says(mail_part(mail, 0, "text"), "no run ended well between Tue "
	    "2026-12-01 12:");
	says(mail_part(mail, 0, "text"), " and Wed 2026-12-02 15:");
	json_decref(mail);
	(void)hourly(&p, "2026-12-02T16:07", true, over + 2);
	/* A relation that a filter names and no company has. */
	place_edit(&p.place, "\"Samarbejdspartner\"", "\"Partner X\"");
	(void)place_run(&p.place, "2026-12-02T17:07", 0, "run night --quiet");
	assert_int_equal(mailbox_count(&p.mail), over + 3);
	mail = mailbox_read(&p.mail, over + 3);
	says(mail_part(mail, 0, "text"), "ALARM: A value of the configuration "
	    "is gone relation Partner X");
	says(mail_part(mail, 0, "text"), "trigger.meet.relations");
	json_decref(mail);
	(void)place_run(&p.place, "2026-12-02T18:07", 0, "run night --quiet");
	assert_int_equal(mailbox_count(&p.mail), over + 3);
	says(place_run(&p.place, "2026-12-02T18:07", 0, "--csv alarms")->out,
	    "raised,vanished,relation Partner X,");
	place_edit(&p.place, "\"Partner X\"", "\"Samarbejdspartner\"");
	(void)place_run(&p.place, "2026-12-02T19:07", 0, "run night --quiet");
	assert_int_equal(mailbox_count(&p.mail), over + 4);
	post_free(&p);
}

/* ---- what check and the command say -------------------------------------- */
static void
test_check(void **state)
{
	char dir[400], path[500];
	struct post p;

	(void)state;
	post_make(&p, "checked", "templates = \"texts\"; rules = ( { when = "
	    "\"low\"; to = [ \"owner\" ]; campaigns = [ \"4711\" ]; } ); ");
	(void)snprintf(dir, sizeof(dir), "%s/texts", p.place.dir);
	assert_int_equal(mkdir(dir, 0755), 0);
	says(place_run(&p.place, EVENING, 0, "check")->out, "ok    mail: smtp:");
	says(place_run(&p.place, EVENING, 0, "check")->out, "warn  alarm.rules, "
	    "rule 1: the survey service lists no campaign 4711");
	(void)snprintf(path, sizeof(path), "%s/digest.sv.html", dir);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs("<p>{day}</p>\n{antal}\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
	says(place_run(&p.place, EVENING, 78, "check")->out, "FAIL  alarms: "
	    "alarm.templates: digest.sv.html: line 2: there is no {antal}");
	assert_int_equal(unlink(path), 0);
	says(place_run(&p.place, EVENING, 0,
	    "alarms --print-template alarm.nb.txt")->out, "Subject: {why}");
	says_one_line(place_run(&p.place, EVENING, 64,
	    "alarms --print-template alarm.fi.txt")->err, "such as alarm.da.txt");
	says_one_line(place_run(&p.place, EVENING, 0, "alarms --to "
	    "c@npsync-demo.example --language sv")->out, "sent");
	json_t *mail = mailbox_read(&p.mail, 1);
	says(mail_header(mail, "subject"), "[TEST] Vill bli kontaktad");
	json_decref(mail);
	says_one_line(place_run(&p.place, EVENING, 64, "alarms --language da")
	    ->err, "expected nothing");
	post_free(&p);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_away),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_check),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests(tests, places_begin, places_end);
}
