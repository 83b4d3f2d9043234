/*
 * Alarms: who is told of which answer, once, whatever is in the words; the
 * day's list; the webhook; npsync's own health.  The mails go to a real SMTP
 * server (smtpd.py) and are read by a parser that is not ours (readmail.py).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "alarm.h"
#include "clock.h"
#include "fixture.h"
#include "mailbox.h"
#include "simhttpd.h"
#include "stage_alarms.h"
#include "text.h"
#include "tmpdir.h"

#define OWNER "Ole.Owner@npsync.example"
#define KEY "hook-secret"

static struct mailbox box;
static char smtp_url[64];

/* ---- a tenant ------------------------------------------------------------ */
#define LIST(...) { .v = (const char *const[]){ __VA_ARGS__ }, \
	.n = sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *) }

static void
set_rules(struct fixture *f, const struct conf_alarm_rule *rules, size_t n)
{
	f->conf.alarm.rules = (struct grouplist){ .v = rules, .n = n };
}

static const struct conf_alarm_rule low_to_owner[] = { { .when = ALARM_LOW,
	.at_most = 6, .to = LIST("owner"), .language = "en" } };

static void
begin(struct fixture *f)
{
	static const char *const own[] = { "npsync.example" };

	fixture_tenant(f);
	f->conf.tenant = "fixture";
	f->conf.timezone = FIXTURE_ZONE;
	f->conf.rules.own_domains = (struct strlist){ own, 1 };
	f->conf.mail.smtp_url = smtp_url;
	f->conf.mail.from = "npsync@npsync.example";
	f->conf.mail.user = f->conf.mail.password = f->conf.mail.ca_file = "";
	f->conf.alarm = (struct conf_alarm){ .fallback =
		"fallback@npsync.example", .templates = "",
		.digest_min = 8 * 60, .max_age_days = 7,
		.webhook = { .name = "hook", .url = "", .secret = KEY,
		    .ca_file = "" }, .health = { .language = "da" } };
	set_rules(f, low_to_owner, 1);
	fixture_exec(f, "INSERT INTO npsync.campaign (tenant_id,"
	    " campaign_id, name, tag_name, listed, seen_at) VALUES ($1, '1',"
	    " 'Møde', 'Møde', true, now())");
	fixture_card(f, "anna", "owner_name = 'Ole Owner', owner_email = '"
	    OWNER "', link = 'https://crm.example/anna', department = 'Salg'");
	mailbox_mode(&box, "ok");
}

/* Answered an hour ago; set as in fixture_card. */
static void
answer(struct fixture *f, const char *id, int score, const char *set)
{
	char now[32];

	fixture_exec(f, "INSERT INTO npsync.answer (tenant_id, answer_id,"
	    " campaign_id, score, answered_at, matched, connector, contact_id,"
	    " first_seen_at) VALUES ($1, '%s', '1', nullif(%d, -1),"
	    " timestamptz '%s' - interval '1 h', 'card', 'crm', 'anna',"
	    " timestamptz '%s')", id, score, clock_iso(now, clock_now()), now);
	if (set != NULL)
		fixture_exec(f, "UPDATE npsync.answer SET %s WHERE tenant_id"
		    " = $1 AND answer_id = '%s'", set, id);
}

/* Runs the stage; what it says that went wrong, "" = nothing. */
static const char *
run(struct fixture *f)
{
	struct err problem = { .kind = ERR_NONE }, err = { .kind = ERR_NONE };

	if (!stage_alarms(&f->stage, &problem, &err))
		fail_msg("%s", err.msg);
	return problem.kind == ERR_NONE ? "" : arena_strdup(f->run,
	    problem.msg);
}

static const char *
health(struct fixture *f)
{
	struct err problem = { .kind = ERR_NONE }, err = { .kind = ERR_NONE };

	if (!stage_alarms_health(&f->stage, &problem, &err))
		fail_msg("%s", err.msg);
	return problem.kind == ERR_NONE ? "" : arena_strdup(f->run,
	    problem.msg);
}

static void
run_well(struct fixture *f, int mails)
{
	const int before = mailbox_count(&box);

	assert_string_equal(run(f), "");
	assert_int_equal(mailbox_count(&box) - before, mails);
}

/* "alarm 1/score done, ..." of an address, or of all. */
static const char *
effects(struct fixture *f)
{
	return fixture_text(f, "SELECT string_agg(kind || ' ' || target || ' '"
	    " || subject || ' ' || state, ', ' ORDER BY kind, target, subject)"
	    " FROM npsync.effect WHERE tenant_id = $1");
}

static void
has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in\n%s", part, text);
}

/* The newest mail: its text part, in a ring of one. */
static const char *
last_text(struct fixture *f)
{
	json_t *mail = mailbox_read(&box, mailbox_count(&box));
	const char *text = arena_strdup(f->run, mail_part(mail, 0, "text"));

	json_decref(mail);
	return text;
}

static const char *
last_subject(struct fixture *f)
{
	json_t *mail = mailbox_read(&box, mailbox_count(&box));
	const char *text = arena_strdup(f->run, mail_header(mail, "subject"));

	json_decref(mail);
	return text;
}

/* ---- what it says -------------------------------------------------------- */
static void
test_mail(void **state)
{
	struct fixture *f = *state;

	begin(f);
	answer(f, "1", 3, "comment = 'Too slow' || chr(10) || 'and <cold>'");
	run_well(f, 1);
	json_t *mail = mailbox_read(&box, mailbox_count(&box));
	assert_string_equal(mailbox_to(&box, mailbox_count(&box)),
	    "ole.owner@npsync.example");
	assert_string_equal(mail_header(mail, "subject"),
	    "Low score (3): anna, Kunde A/S");
	assert_string_equal(mail_header(mail, "auto-submitted"),
	    "auto-generated");
	has(mail_header(mail, "message-id"), "<alarm.");
	const char *text = mail_part(mail, 0, "text");
	has(text, "anna, Kunde A/S answered \"M\xc3\xb8" "de\".\n");
	has(text, "Score: 3 (detractor)\n");
	has(text, "Comment: Too slow\n> and <cold>\n");
	has(text, "Answered: 2026-05-06 02:10\n");
	has(text, "Account manager: Ole Owner <" OWNER ">\n");
	has(text, "Open the card in the CRM: https://crm.example/anna\n");
	has(text, "Told: ole.owner@npsync.example\n");
	/* Nobody held an event: the line of {trigger} is left out. */
	assert_null(strstr(text, "About:"));
	const char *html = mail_part(mail, 1, "text");
	has(html, "Too slow<br>\nand &lt;cold&gt;");
	has(html, "<a href=\"https://crm.example/anna\">");
	json_decref(mail);
	/* Neither a later comment, nor another owner, nor a lower score. */
	fixture_exec(f, "UPDATE npsync.answer SET comment = 'late', score = 0"
	    " WHERE tenant_id = $1");
	fixture_exec(f, "UPDATE npsync.contact SET owner_email ="
	    " 'new@npsync.example' WHERE tenant_id = $1");
	run_well(f, 0);
	assert_string_equal(effects(f), "mail ole.owner@npsync.example alarm "
	    "1/score done");
}

static const struct {
	const char *language, *subject, *text;
} languages[] = {
	{ "da", "Lav karakter (0): anna, Kunde A/S", "Kommentar: rødgrød" },
	{ "sv", "L\xc3\xa5gt betyg (0): anna, Kunde A/S", "Besvarat: 2026-" },
	{ "nb", "Lav karakter (0): anna, Kunde A/S", "Kundeansvarlig: Ole" },
	{ "no", "Lav karakter (0): anna, Kunde A/S", "har svart p\xc3\xa5" },
	{ "en", "Low score (0): anna, Kunde A/S", "Account manager: Ole" },
};

static void
test_languages(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
		const struct conf_alarm_rule rule = { .when = ALARM_LOW,
			.at_most = 6, .to = LIST("owner"),
			.language = languages[i].language };
		begin(f);
		set_rules(f, &rule, 1);
		answer(f, "1", 0, "comment = 'rødgrød'");
		run_well(f, 1);
		assert_string_equal(last_subject(f), languages[i].subject);
		has(last_text(f), languages[i].text);
	}
}

/* ---- which, and who ------------------------------------------------------ */
static const struct conf_alarm_rule mixed[] = {
	{ .when = ALARM_HIGH, .at_least = 9, .to = LIST("boss@else.example"),
	    .language = "en", .campaigns = LIST("1") },
	{ .when = ALARM_LOW, .at_most = 4, .to = LIST("manager", "owner"),
	    .language = "en" },
	{ .when = ALARM_CONTACT, .to = LIST("owner", "employee"),
	    .language = "en" },
	{ .when = ALARM_LOW, .at_most = 6, .to = LIST("late@else.example"),
	    .language = "en", .triggers = LIST("sale") },
};
static const struct conf_manager managers[] = {
	{ "Support", "", "wrong@npsync.example" },
	{ "salg", "", "manager@npsync.example" },
};

static const struct {
	int score;
	const char *answer, *card, *row, *told;
} cases[] = {
	{ 10, NULL, NULL, NULL, "boss@else.example" },
	{ 9, "campaign_id = '2'", NULL, NULL, "" },
	{ 8, NULL, NULL, NULL, "" },
	{ 5, NULL, NULL, NULL, "" },
	{ 4, NULL, NULL, NULL,
	    "manager@npsync.example ole.owner@npsync.example" },
	/* A rule's own fallback: the other rule's people are known. */
	{ 4, NULL, "department = NULL, owner_email = NULL", NULL,
	    "fallback@npsync.example" },
	/* No mail leaves the house because a CRM says so. */
	{ 4, NULL, "department = NULL, owner_email = 'x@evil.example'", NULL,
	    "fallback@npsync.example" },
	{ 4, "contact_id = NULL, connector = NULL, matched = 'none'", NULL,
	    NULL, "fallback@npsync.example" },
	/* Two rules, one mail. */
	{ 2, "wants_contact = true", NULL, NULL,
	    "manager@npsync.example ole.owner@npsync.example" },
	{ 8, "wants_contact = true", NULL, NULL, "ole.owner@npsync.example" },
	{ -1, "wants_contact = true", NULL, NULL, "ole.owner@npsync.example" },
	{ 8, "wants_contact = true", "owner_id = 'E7'", "employee_id = 'E7'",
	    "ole.owner@npsync.example" },
	{ 8, "wants_contact = true", NULL, "employee_id = 'Else@npsync.example'",
	    "else@npsync.example ole.owner@npsync.example" },
	{ 8, "wants_contact = true", "owner_email = NULL",
	    "employee_id = 'nobody'", "fallback@npsync.example" },
	{ 6, NULL, NULL, "trigger = 'sale'", "late@else.example" },
	{ 6, NULL, NULL, NULL, "" },
	{ 0, "matched = 'anonymised'", NULL, NULL, "" },
	{ 0, "matched = 'erased'", NULL, NULL, "" },
	{ 0, "answered_at = answered_at - interval '8 days'", NULL, NULL, "" },
	{ 0, "first_seen_at = first_seen_at - interval '8 days'", NULL, NULL,
	    "" },
	{ 0, "answered_at = NULL", NULL, NULL, "" },
	/* A try concerns no customer's owner, and is marked. */
	{ 0, NULL, NULL, "test = true", "fallback@npsync.example" },
	{ 10, NULL, NULL, "test = true", "boss@else.example" },
};

static void
test_who(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char set[64];
		begin(f);
		set_rules(f, mixed, ARRAY_LEN(mixed));
		f->conf.alarm.managers = (struct grouplist){ .v = managers,
			.n = ARRAY_LEN(managers) };
		if (cases[i].card != NULL)
			fixture_exec(f, "UPDATE npsync.contact SET %s WHERE"
			    " tenant_id = $1", cases[i].card);
		answer(f, "1", cases[i].score, cases[i].answer);
		if (cases[i].row != NULL) {
			(void)snprintf(set, sizeof(set), "queue_id = %lld",
			    fixture_row(f, T_MEET, "anna", cases[i].row));
			fixture_exec(f, "UPDATE npsync.answer SET %s WHERE"
			    " tenant_id = $1", set);
		}
		assert_string_equal(run(f), "");
		const char *told = fixture_text(f, "SELECT string_agg(DISTINCT"
		    " target, ' ') FROM npsync.effect WHERE tenant_id = $1"
		    " AND state = 'done'");
		if (strcmp(told, cases[i].told) != 0)
			fail_msg("case %zu: %s", i, told);
		if (cases[i].row != NULL &&
		    strcmp(cases[i].row, "test = true") == 0)
			has(last_subject(f), "[TEST] ");
	}
}

/* The score first, the wish to be contacted with the comment: two mails, and no
 * third. */
static void
test_wish_later(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_rules(f, mixed, ARRAY_LEN(mixed));
	answer(f, "1", 3, NULL);
	run_well(f, 1);
	fixture_exec(f, "UPDATE npsync.answer SET wants_contact = true WHERE"
	    " tenant_id = $1");
	run_well(f, 1);
	assert_string_equal(last_subject(f), "Wants to be contacted (3): anna, "
	    "Kunde A/S");
	run_well(f, 0);
}

/* ---- at most once -------------------------------------------------------- */
static void
test_killed(void **state)
{
	struct fixture *f = *state;

	begin(f);
	answer(f, "1", 3, NULL);
	answer(f, "2", 3, NULL);
	run_well(f, 2);
	/* As a run leaves them that is killed while it mails. */
	fixture_exec(f, "UPDATE npsync.effect SET state = 'doing' WHERE"
	    " tenant_id = $1 AND subject = 'alarm 2/score'");
	const int before = mailbox_count(&box);
	has(run(f), "nobody knows whether 1 message went out");
	assert_string_equal(run(f), "");
	assert_int_equal(mailbox_count(&box), before);
	assert_string_equal(effects(f), "mail ole.owner@npsync.example alarm "
	    "1/score done, mail ole.owner@npsync.example alarm 2/score "
	    "unknown");
	/* Cut after the end of the message. */
	answer(f, "3", 3, NULL);
	mailbox_mode(&box, "cut");
	has(run(f), "nobody knows whether it took the mail");
	mailbox_mode(&box, "ok");
	run_well(f, 0);
	/* Another run has the lease: nothing begins. */
	answer(f, "4", 3, NULL);
	fixture_takeover(f);
	struct err problem = { .kind = ERR_NONE }, err = { .kind = ERR_NONE };
	assert_false(stage_alarms(&f->stage, &problem, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	assert_int_equal(mailbox_count(&box), before + 1);
}

static void
test_server_away(void **state)
{
	struct fixture *f = *state;
	char id[16];

	begin(f);
	for (int i = 1; i <= 9; i++) {
		(void)snprintf(id, sizeof(id), "%d", i);
		answer(f, id, 1, NULL);
	}
	f->conf.mail.smtp_url = "smtp://127.0.0.1:1";
	has(run(f), "alarms mail: mail server: ");
	/* It is not asked for each. */
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.effect"
	    " WHERE tenant_id = $1 AND state = 'failed'"), 3);
	assert_int_equal(runlog_get(&f->log, "alarms", "failed"), 3);
	f->conf.mail.smtp_url = smtp_url;
	run_well(f, 9);
	run_well(f, 0);
	/* An address that is refused keeps nobody else's mail back, and is
	 * given up in the end. */
	const struct conf_alarm_rule two = { .when = ALARM_LOW, .at_most = 6,
		.to = LIST("gone@else.example", "owner"), .language = "en" };
	set_rules(f, &two, 1);
	mailbox_mode(&box, "rcpt gone@else.example");
	answer(f, "10", 1, NULL);
	const int before = mailbox_count(&box);
	has(run(f), "alarms mail: ");
	has(run(f), "alarms mail: ");
	assert_int_equal(mailbox_count(&box), before + 1);
	fixture_exec(f, "UPDATE npsync.answer SET first_seen_at = first_seen_at"
	    " - interval '9 days' WHERE tenant_id = $1");
	run_well(f, 0);
	assert_string_equal(fixture_text(f, "SELECT reason FROM npsync.effect"
	    " WHERE tenant_id = $1 AND target = 'gone@else.example'"), "the "
	    "answer is too old, or nobody's any more");
	run_well(f, 0);
}

/* ---- the day's list ------------------------------------------------------ */
static const struct conf_alarm_rule listed[] = {
	{ .when = ALARM_HIGH, .at_least = 9, .digest = true,
	    .to = LIST("owner"), .language = "da" },
	{ .when = ALARM_CONTACT, .digest = true, .to = LIST("owner"),
	    .language = "da" },
	{ .when = ALARM_LOW, .at_most = 6, .to = LIST("owner"),
	    .language = "en" } };

/* Three letters to a mailbox that is no more: the others get their lists. */
static void
test_refusals_stop_no_list(void **state)
{
	struct fixture *f = *state;
	const struct conf_alarm_rule rules[] = {
		{ .when = ALARM_LOW, .at_most = 6,
		    .to = LIST("gone@else.example"), .language = "en" },
		{ .when = ALARM_HIGH, .at_least = 9, .digest = true,
		    .to = LIST("owner"), .language = "en" } };

	begin(f);
	set_rules(f, rules, ARRAY_LEN(rules));
	mailbox_mode(&box, "rcpt gone@else.example");
	for (int i = 1; i <= 4; i++)
		answer(f, arena_printf(f->run, "%d", i), i < 4 ? 1 : 9, NULL);
	const int before = mailbox_count(&box);
	clock_set(fixture_time(FIXTURE_NIGHT, 8, 7));
	has(run(f), "alarms mail: ");
	assert_int_equal(mailbox_count(&box), before + 1);
	/* Silence may cost a mail: none is risked on a list. */
	answer(f, "5", 9, NULL);
	answer(f, "6", 1, NULL);
	clock_set(fixture_time(20260507, 8, 7));
	f->stage.today = 20260507;
	mailbox_mode(&box, "cut");
	has(run(f), "nobody knows");
	mailbox_mode(&box, "ok");
}

static void
test_digest(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_rules(f, listed, ARRAY_LEN(listed));
	answer(f, "1", 9, "comment = 'fint'");
	answer(f, "2", 10, "wants_contact = true");
	/* At once goes before the list. */
	answer(f, "3", 2, "wants_contact = true");
	run_well(f, 1);
	assert_string_equal(last_subject(f), "Wants to be contacted, low score "
	    "(2): anna, Kunde A/S");
	clock_set(fixture_time(FIXTURE_NIGHT, 8, 7));
	run_well(f, 1);
	assert_string_equal(last_subject(f), "2 svar til dig, 2026-05-06");
	const char *text = last_text(f);
	has(text, "9 (ambassad\xc3\xb8r) anna, Kunde A/S: H\xc3\xb8j karakter\n");
	has(text, "  fint\n");
	has(text, "10 (ambassad\xc3\xb8r) anna, Kunde A/S: \xc3\x98nsker at "
	    "blive kontaktet, h\xc3\xb8j karakter\n");
	/* One a day. */
	answer(f, "4", 9, NULL);
	clock_set(fixture_time(FIXTURE_NIGHT, 12, 7));
	run_well(f, 0);
	clock_set(fixture_time(20260507, 8, 0));
	f->stage.today = 20260507;
	mailbox_mode(&box, "refuse");
	has(run(f), "alarms mail: ");
	mailbox_mode(&box, "ok");
	run_well(f, 1);
	assert_string_equal(last_subject(f), "1 svar til dig, 2026-05-07");
	run_well(f, 0);
	/* No run between its hour and midnight: the next one makes up for it,
	 * with all that waits by then. */
	clock_set(fixture_time(20260508, 6, 0));
	answer(f, "5", 9, NULL);
	run_well(f, 0);
	clock_set(fixture_time(20260509, 3, 10));
	answer(f, "6", 9, NULL);
	run_well(f, 1);
	assert_string_equal(last_subject(f), "2 svar til dig, 2026-05-08");
	run_well(f, 0);
}

/* Low and high are what the rules call so. */
static const struct conf_alarm_rule strict[] = {
	{ .when = ALARM_LOW, .at_most = 8, .to = LIST("owner"),
	    .language = "en" } };

static void
test_bounds_of_rules(void **state)
{
	struct fixture *f = *state;

	begin(f);
	set_rules(f, strict, ARRAY_LEN(strict));
	answer(f, "1", 8, NULL);
	run_well(f, 1);
	assert_string_equal(last_subject(f), "Low score (8): anna, Kunde A/S");
}

/* ---- templates ----------------------------------------------------------- */
static void
test_templates(void **state)
{
	struct fixture *f = *state;

	begin(f);
	f->conf.alarm.templates = tmpdir;
	(void)tmpdir_write("alarm.en.txt", "Subject: {name} gave {score}\n\n"
	    "{comment}\nOurs: {campaign}\n", 0644);
	answer(f, "1", 3, NULL);
	run_well(f, 1);
	assert_string_equal(last_subject(f), "anna gave 3");
	assert_string_equal(last_text(f), "Ours: M\xc3\xb8" "de");
	/* One with a fault: ours is used, and it is said. */
	(void)tmpdir_write("alarm.en.txt", "Subject: {nmae}\n\nx\n", 0644);
	answer(f, "2", 3, NULL);
	has(run(f), "alarm.templates: alarm.en.txt: line 1: there is no "
	    "{nmae}");
	assert_string_equal(last_subject(f), "Low score (3): anna, Kunde A/S");
	(void)unlink(tmpdir_path("alarm.en.txt"));
}

/* ---- words that want to be headers --------------------------------------- */
#define PAYLOADS 300

static const char *const seeds[] = {
	"x\r\nBcc: z@evil.example", "x\nBcc: z@evil.example",
	"x\rBcc: z@evil.example", "\r\n\r\n<h1>body</h1>", "\n.\r\nMAIL FROM:<z>",
	"x\r\n\tfolded: y", "=?UTF-8?B?DQpCY2M6IHo=?=", "=?utf-8?q?=0ABcc:_z?=",
	"\xe2\x80\xa8" "Bcc: z", "\xe2\x80\xae" "evil", "\xc2\x85" "Bcc: z",
	"\x0b\x0c\x1c\x1d", "\x7f\x1b[31m", "z@evil.example, y@evil.example",
	"\"<z@evil.example>\"", "--=_npsync_b\r\nContent-Type: text/html",
	"Subject: again", "{score}{link}{nmae}", "%n%s%d\\r\\n", "\xf0\x9f\x92\xa9",
	"<script>alert(1)</script>", "'\"><img src=x>", "\xef\xbb\xbf\xe2\x80\x8b",
	"\xe2\x81\xa6\xe2\x81\xa9", ";\\,:()[]", "\t tab \t", "\r\r\n\n\r",
	"Content-Transfer-Encoding: 8bit", "aaaa aaaa aaaa aaaa aaaa aaaa aaaa "
	"aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa aaaa",
	"To: everybody",
};

/* A literal of SQL. */
static const char *
quoted(struct fixture *f, const char *a, const char *b)
{
	AUTO(buf) struct buf out;

	buf_init(&out, 4096);
	buf_char(&out, '\'');
	for (const char *s = a; s != NULL; s = s == a ? b : NULL)
		for (const char *p = s; *p != '\0'; p++)
			buf_printf(&out, *p == '\'' ? "''" : "%c", *p);
	buf_char(&out, '\'');
	return arena_strdup(f->run, buf_text(&out));
}

static void
put_payload(struct fixture *f, int i)
{
	static const char *const columns[] = { "full_name", "company",
		"owner_name", "department", "link" };
	const char *seed = seeds[(size_t)i % ARRAY_LEN(seeds)];
	const char *word = seeds[(size_t)(i * 7 + 3) % ARRAY_LEN(seeds)];
	const char *evil = quoted(f, i % 2 == 0 ? "" : "Anna ", seed);
	char id[16];

	(void)snprintf(id, sizeof(id), "c%d", i);
	fixture_exec(f, "INSERT INTO npsync.campaign (tenant_id,"
	    " campaign_id, name, tag_name, listed, seen_at) VALUES ($1, '%s', %s,"
	    " NULL, true, now())", id, quoted(f, word, seed));
	fixture_card(f, id, NULL);
	fixture_exec(f, "UPDATE npsync.contact SET full_name = %s, %s = %s,"
	    " owner_email = 'o%d@npsync.example' WHERE tenant_id = $1 AND"
	    " contact_id = '%s'", quoted(f, word, ""), i % 5 == 0 ? "company" :
	    columns[i % 5], evil, i, id);
	answer(f, id, i % 7, NULL);
	fixture_exec(f, "UPDATE npsync.answer SET contact_id = '%s',"
	    " campaign_id = '%s', comment = %s WHERE tenant_id = $1 AND"
	    " answer_id = '%s'", id, id, quoted(f, seed, word), id);
}

static void
check_payload(int n)
{
	static const char *const names[] = { "date", "from", "to", "subject",
		"message-id", "auto-submitted", "x-auto-response-suppress",
		"mime-version", "content-type" };
	json_t *mail = mailbox_read(&box, n);
	const json_t *headers = json_object_get(mail, "headers");

	if (json_object_size(headers) != ARRAY_LEN(names))
		fail_msg("mail %d has %zu headers", n,
		    json_object_size(headers));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)mail_header(mail, names[i]);
	assert_string_equal(mail_header(mail, "to"), mailbox_to(&box, n));
	has(mailbox_to(&box, n), "@npsync.example");
	assert_null(strchr(mailbox_to(&box, n), ' '));
	const char *subject = mail_header(mail, "subject");
	has(subject, "Low score (");
	assert_true(text_is_line(subject));
	assert_int_equal(json_array_size(json_object_get(mail, "parts")), 2);
	const char *html = mail_part(mail, 1, "text");
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "<img"));
	assert_null(strstr(html, "<h1"));
	/* No name of a template that a value holds is filled. */
	if (strstr(mail_part(mail, 0, "text"), "nmae") != NULL)
		has(mail_part(mail, 0, "text"), "{score}{link}{nmae}");
	json_decref(mail);
}

static void
test_payloads(void **state)
{
	struct fixture *f = *state;

	begin(f);
	const int before = mailbox_count(&box);
	for (int i = 0; i < PAYLOADS; i++)
		put_payload(f, i);
	run_well(f, PAYLOADS);
	for (int i = 1; i <= PAYLOADS; i++)
		check_payload(before + i);
	run_well(f, 0);
}

/* ---- webhook ------------------------------------------------------------- */
static json_t *
posted(struct simhttpd *sim, size_t i)
{
	const char *body = simhttpd_body(sim, i);
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	char hex[2 * EVP_MAX_MD_SIZE + 1], line[200];
	json_error_t error;

	assert_non_null(HMAC(EVP_sha256(), KEY, (int)strlen(KEY),
	    (const unsigned char *)body, strlen(body), md, &len));
	text_hex(hex, md, len);
	(void)snprintf(line, sizeof(line), "\r\nX-Npsync-Signature: sha256=%s"
	    "\r\n", hex);
	has(simhttpd_request(sim, i), line);
	has(simhttpd_request(sim, i), "\r\nContent-Type: application/json\r\n");
	json_t *o = json_loads(body, 0, &error);
	assert_non_null(o);
	return o;
}

static const char *
member(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text == NULL ? "" : text;
}

static void
test_webhook(void **state)
{
	static const struct sim_reply script[] = { { .status = 204 },
		{ .status = 403 }, { .status = 204 },
		{ .mode = SIM_CLOSE }, { .status = 200, .body = "{}" } };
	struct simhttpd *sim = simhttpd_start(script, ARRAY_LEN(script));
	struct fixture *f = *state;

	begin(f);
	f->conf.mail.smtp_url = "";
	f->conf.alarm.webhook.url = simhttpd_url(sim);
	answer(f, "1", 3, "comment = 'words'");
	assert_string_equal(run(f), "");
	json_t *o = posted(sim, 0);
	assert_string_equal(member(o, "type"), "answer");
	assert_string_equal(member(o, "answer_id"), "1");
	assert_int_equal(json_integer_value(json_object_get(o, "score")), 3);
	assert_string_equal(member(o, "band"), "detractor");
	assert_string_equal(member(o, "campaign"), "M\xc3\xb8" "de");
	assert_string_equal(member(o, "answered_at"), "2026-05-06T00:10:00Z");
	/* Only what was asked for leaves. */
	assert_null(json_object_get(o, "comment"));
	assert_null(json_object_get(o, "email"));
	json_decref(o);
	/* Once, a refusal again, and what may have arrived never. */
	assert_string_equal(run(f), "");
	f->conf.alarm.webhook.comment = f->conf.alarm.webhook.person = true;
	answer(f, "2", 3, "comment = 'words'");
	has(run(f), "alarms webhook: HTTP 403");
	assert_string_equal(run(f), "");
	o = posted(sim, 2);
	assert_string_equal(member(o, "comment"), "words");
	assert_string_equal(member(o, "email"), "anna@kunde.dk");
	json_decref(o);
	answer(f, "3", 3, NULL);
	has(run(f), "alarms webhook: ");
	assert_string_equal(run(f), "");
	assert_string_equal(effects(f), "webhook hook 1 done, webhook hook 2 "
	    "done, webhook hook 3 unknown");
	/* Health goes the same way. */
	bool changed;
	struct err err;
	assert_true(alarm_set(f->db, f->tenant.id, "run", "night", "it failed",
	    clock_now(), f->arena, &changed, &err));
	assert_string_equal(health(f), "");
	assert_string_equal(health(f), "");
	o = posted(sim, 4);
	assert_string_equal(member(o, "type"), "health");
	assert_string_equal(member(o, "state"), "raised");
	assert_string_equal(member(o, "detail"), "it failed");
	json_decref(o);
	assert_null(simhttpd_problem(sim, true));
	simhttpd_stop(sim);
}

/* ---- health -------------------------------------------------------------- */
static void
raise_alarm(struct fixture *f, const char *kind, const char *subject)
{
	struct err err;
	bool changed;

	assert_true(alarm_set(f->db, f->tenant.id, kind, subject, "a detail",
	    clock_now(), f->arena, &changed, &err));
}

static void
end_alarm(struct fixture *f, const char *kind, const char *subject)
{
	struct err err;

	assert_true(alarm_end(f->db, f->tenant.id, kind, subject, clock_now(),
	    f->arena, &err));
}

static void
tells(struct fixture *f, int mails)
{
	const int before = mailbox_count(&box);

	assert_string_equal(health(f), "");
	assert_int_equal(mailbox_count(&box) - before, mails);
	clock_set(clock_now() + 3600);
}

static void
test_health(void **state)
{
	static const char *const to[] = { "it@npsync.example",
		"boss@else.example" };
	struct fixture *f = *state;

	begin(f);
	f->conf.alarm.health.to = (struct strlist){ to, 2 };
	tells(f, 0);
	raise_alarm(f, "flood", "meet");
	tells(f, 2);
	assert_string_equal(last_subject(f), "npsync fixture: ALARM: "
	    "Us\xc3\xa6" "dvanlig mange h\xc3\xa6ndelser holdes tilbage meet");
	has(last_text(f), "  a detail\n");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.alarm"
	    " WHERE tenant_id = $1 AND told_at IS NOT NULL"), 1);
	/* It still stands, and again: no news. */
	raise_alarm(f, "flood", "meet");
	tells(f, 0);
	/* Two changes, one mail to each. */
	raise_alarm(f, "secret", "npstoday");
	end_alarm(f, "flood", "meet");
	tells(f, 2);
	has(last_subject(f), " (+1)");
	has(last_text(f), "Ovre: Us\xc3\xa6");
	/* Raised once more: another change. */
	raise_alarm(f, "flood", "meet");
	mailbox_mode(&box, "rcpt boss@else.example");
	const int before = mailbox_count(&box);
	has(health(f), "health mail: ");
	assert_int_equal(mailbox_count(&box), before + 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.alarm"
	    " WHERE tenant_id = $1 AND kind = 'flood' AND told_at IS NULL"),
	    1);
	mailbox_mode(&box, "ok");
	tells(f, 1);
	assert_string_equal(mailbox_to(&box, before + 2), "boss@else.example");
	tells(f, 0);
	/* The preview's readers know: here nobody does. */
	raise_alarm(f, "budget", "");
	fixture_tell_alarms(f);
	tells(f, 2);
}

/* Those of a kind, all at once. */
static void
test_sync(void **state)
{
	struct fixture *f = *state;
	struct db_array subjects, details;
	struct err err;

	begin(f);
	db_array_init(&subjects);
	db_array_init(&details);
	for (int round = 0; round < 3; round++) {
		db_array_reset(&subjects);
		db_array_reset(&details);
		db_array_text(&subjects, round < 2 ? "a" : "c");
		db_array_text(&details, "x");
		if (round != 1) {
			db_array_text(&subjects, "b");
			db_array_text(&details, "y");
		}
		assert_true(alarm_sync(f->db, f->tenant.id, "secret",
		    &subjects, &details, clock_now() + round, f->arena,
		    &err));
	}
	db_array_free(&subjects);
	db_array_free(&details);
	assert_string_equal(fixture_text(f, "SELECT string_agg(subject || ' '"
	    " || state || ' ' || extract(epoch from since)::bigint - %lld, ', '"
	    " ORDER BY subject) FROM npsync.alarm WHERE tenant_id = $1",
	    (long long)clock_now()), "a ok 2, b raised 2, c raised 2");
}

/* ---- the group ----------------------------------------------------------- */
static int
start(void **state)
{
	if (tmpdir_make(state) != 0 || chmod(tmpdir, 0777) != 0)
		return -1;
	/* Gives up root: a server started before could not be stopped. */
	const int rc = fixture_start(state);
	mailbox_make(&box, tmpdir_path("mail"));
	mailbox_start(&box, NULL);
	(void)snprintf(smtp_url, sizeof(smtp_url), "smtp://127.0.0.1:%d",
	    box.port);
	return rc;
}

static int
stop(void **state)
{
	mailbox_stop(&box);
	const int rc = fixture_stop(state);

	/* Files of root stay where it was given up. */
	(void)tmpdir_remove(state);
	return rc;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail),
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_who),
		cmocka_unit_test(test_wish_later),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_server_away),
		cmocka_unit_test(test_refusals_stop_no_list),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_bounds_of_rules),
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_payloads),
		cmocka_unit_test(test_webhook),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_sync),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
