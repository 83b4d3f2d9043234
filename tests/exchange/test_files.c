/*
 * The files connector over folders made here: every stream, look-ups, bad
 * rows, import sheets, memory.
 */
#include "connector.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "buf.h"
#include "num.h"
#include "options.h"
#include "with_asan.h"

extern const struct crm_connector files_crm;

#define NOW "2026-11-25T12:00:00Z"
#define CONTACTS "contacts = { file = \"contacts*.csv\"; }; "
#define ALL CONTACTS "companies = { file = \"companies.csv\"; }; " \
	"tags = { file = \"tags.csv\"; }; " \
	"company_tags = { file = \"company_tags.csv\"; }; " \
	"activities = { file = \"activities.csv\"; }; " \
	"deals = { file = \"deals.csv\"; }; cases = { file = \"cases.csv\"; }; "
#define OUT "out = { dir = \"%OUT%\"; }; "

/* One test: a folder, an open connector, and all that came out of it. */
struct world {
	char root[256], in[300], out[300];
	struct arena *arena, *scratch;
	struct options_file *file;
	void *settings, *self;
	struct buf seen;	/* emitted records and checkpoints as text */
	struct buf bad;		/* quarantine as text */
	size_t n_seen, n_bad, n_checkpoints, stop_after;
	bool checkpoints;	/* render them */
	time_t now;
	struct err err;
};

static struct world w;
static bool cancel;

/* ---- the folder ----------------------------------------------------- */

static void
put_bytes(const char *dir, const char *name, const char *data, size_t len)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_not_equal(fd, -1);
	for (size_t done = 0; done < len;) {
		const ssize_t n = write(fd, data + done, len - done);
		assert_true(n > 0);
		done += (size_t)n;
	}
	close(fd);
}

static void
put(const char *name, const char *text)
{
	put_bytes(w.in, name, text, strlen(text));
}

static void
empty_dir(const char *path)
{
	DIR *dir = opendir(path);

	if (dir == NULL)
		return;
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			(void)unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
}

/* Names of out.dir that match, sorted by nothing: tests expect one. */
static size_t
find_out(const char *starts, char name[300])
{
	DIR *dir = opendir(w.out);
	size_t n = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		if (*e->d_name != '.' || *starts == '.')
			if (strncmp(e->d_name, starts, strlen(starts)) == 0 &&
			    strcmp(e->d_name, ".") != 0 &&
			    strcmp(e->d_name, "..") != 0) {
				snprintf(name, 300, "%s", e->d_name);
				n++;
			}
	closedir(dir);
	return n;
}

static size_t
size_out(const char *starts)
{
	DIR *dir = opendir(w.out);
	struct stat st;
	size_t size = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		if (strncmp(e->d_name, starts, strlen(starts)) == 0 &&
		    fstatat(dirfd(dir), e->d_name, &st, 0) == 0)
			size += (size_t)st.st_size;
	closedir(dir);
	return size;
}

static void
expect_file(const char *name, const char *content)
{
	char path[700], text[4096];

	snprintf(path, sizeof(path), "%s/%s", w.out, name);
	const int fd = open(path, O_RDONLY);
	assert_int_not_equal(fd, -1);
	const ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, content);
}

static void
expect_out(const char *starts, const char *content)
{
	char name[300];

	assert_int_equal(find_out(starts, name), 1);
	expect_file(name, content);
}

/* ---- the connector -------------------------------------------------- */

static time_t
now(void *clock)
{
	return *(const time_t *)clock;
}

static bool
cancelled(void)
{
	return cancel;
}

static void
quarantine(void *arg, const char *source, long line, const char *key,
    const char *reason)
{
	(void)arg;
	w.n_bad++;
	buf_printf(&w.bad, "%s:%ld %s %s\n", source, line,
	    key == NULL ? "-" : key, reason);
}

static void
close_world(void)
{
	if (w.self != NULL)
		files_crm.close(w.self);
	w.self = NULL;
	options_close(w.file);
	w.file = NULL;
	arena_reset(w.arena);
}

static bool
fill_settings(const char *text)
{
	AUTO(buf) struct buf conf;

	buf_init(&conf, 1 << 16);
	buf_printf(&conf, "crm = { dir = \"%s\"; ", w.in);
	for (const char *out; (out = strstr(text, "%OUT%")) != NULL;
	    text = out + strlen("%OUT%")) {
		buf_add(&conf, text, (size_t)(out - text));
		buf_str(&conf, w.out);
	}
	buf_printf(&conf, "%s};", text);
	if (!options_open_text(buf_text(&conf), "test.conf", &w.file, &w.err))
		return false;
	w.settings = arena_alloc(w.arena, files_crm.info.settings_size);
	return options_fill(files_crm.info.opts, w.settings,
	    options_find(w.file, "crm"), "test.conf", "crm", NULL, w.arena,
	    &w.err);
}

static bool
try_open(const char *text)
{
	close_world();
	if (!fill_settings(text))
		return false;
	const struct connector_env env = { .instance = "crm",
		.settings = w.settings, .timezone = "Europe/Copenhagen", .scratch = w.scratch, .now = now,
		.clock = &w.now, .cancelled = cancelled,
		.quarantine = quarantine };
	return files_crm.open(&env, &w.self, &w.err);
}

static void
open_world(const char *text)
{
	if (!try_open(text))
		fail_msg("%s", w.err.msg);
	buf_reset(&w.seen);
	buf_reset(&w.bad);
	w.n_seen = w.n_bad = w.n_checkpoints = w.stop_after = 0;
	w.checkpoints = cancel = false;
}

static int
set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	memset(&w, 0, sizeof(w));
	snprintf(w.root, sizeof(w.root), "%s/npsync-files-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(w.root) == NULL)
		return -1;
	snprintf(w.in, sizeof(w.in), "%s/in", w.root);
	snprintf(w.out, sizeof(w.out), "%s/out", w.root);
	w.arena = arena_new(1 << 24);
	w.scratch = arena_new(1 << 20);
	buf_init(&w.seen, 1 << 26);
	buf_init(&w.bad, 1 << 24);
	return mkdir(w.in, 0700) || mkdir(w.out, 0700) ||
	    !clock_parse_iso(NOW, "UTC", &w.now) ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	close_world();
	arena_free(w.arena);
	arena_free(w.scratch);
	buf_free(&w.seen);
	buf_free(&w.bad);
	empty_dir(w.in);
	empty_dir(w.out);
	return rmdir(w.in) || rmdir(w.out) || rmdir(w.root) ? -1 : 0;
}

/* ---- what is emitted ------------------------------------------------ */

static void
show(const char *name, const char *value)
{
	if (value != NULL)
		buf_printf(&w.seen, " %s=%s", name, value);
}

static void
show_time(const char *name, time_t t)
{
	char text[32];

	if (t != NO_TIME)
		show(name, clock_iso(text, t));
}

static void
show_tri(const char *name, enum tri tri)
{
	if (tri != TRI_UNKNOWN)
		show(name, tri == TRI_YES ? "yes" : "no");
}

static bool
go_on(void)
{
	buf_char(&w.seen, '\n');
	arena_reset(w.scratch);
	return ++w.n_seen != w.stop_after;
}

static bool
on_event(void *arg, const struct crm_event *ev)
{
	(void)arg;
	buf_printf(&w.seen, "%s %s", ev->trigger, ev->event_id);
	show("contact", ev->contact_id);
	show("category", ev->category);
	show("stage", ev->stage);
	show("employee", ev->employee_id);
	show_time("at", ev->occurred_at);
	show_time("closed", ev->transition_at);
	show("automatic", ev->automatic ? "yes" : NULL);
	return go_on();
}

static bool
on_activity(void *arg, const struct crm_activity *act)
{
	static const char *const kinds[] = { "meeting", "phone", "mail",
		"other" };

	(void)arg;
	buf_printf(&w.seen, "%s %s %s %d", act->activity_id, act->contact_id,
	    kinds[act->kind], act->day);
	show("done", act->done ? "yes" : NULL);
	show("cancelled", act->cancelled ? "yes" : NULL);
	return go_on();
}

static void
show_tags(const char *name, const char *const *tags)
{
	for (; tags != NULL && *tags != NULL; tags++)
		show(name, *tags);
}

static bool
on_contact(void *arg, const struct crm_contact *c)
{
	(void)arg;
	buf_str(&w.seen, c->contact_id);
	show("gone", c->gone ? "yes" : NULL);
	show("full", c->name.full);
	show("first", c->name.first);
	show("last", c->name.last);
	show("email", c->email);
	show("phone", c->phone);
	show("mobile", c->mobile);
	show("language", c->language);
	show("country", c->country);
	show("company_id", c->company_id);
	show("company", c->company);
	show("relation", c->relation);
	show("segment", c->segment);
	show("department", c->department);
	show("owner", c->owner_id);
	show("owner_name", c->owner_name);
	show("owner_email", c->owner_email);
	show_tri("employed", c->employed);
	show_tri("consent", c->consent);
	show_time("consent_at", c->consent_at);
	show("opted_out", c->opted_out ? "yes" : NULL);
	show_tags("tag", c->tags);
	show_tags("company_tag", c->company_tags);
	for (size_t i = 0; c->extra != NULL && c->extra[i][0] != NULL; i++)
		show(c->extra[i][0], c->extra[i][1]);
	return go_on();
}

static bool
on_value(void *arg, const char *id, const char *label, long count)
{
	(void)arg;
	buf_printf(&w.seen, "%s (%s) %ld", id, label, count);
	return go_on();
}

static bool
on_checkpoint(void *arg, const char *resume, const char *watermark)
{
	(void)arg;
	w.n_checkpoints++;
	if (w.checkpoints)
		buf_printf(&w.seen, "checkpoint %s %s\n",
		    resume == NULL ? "-" : resume,
		    watermark == NULL ? "-" : watermark);
	return true;
}

static const struct pull whole = { .watermark = NULL };

static bool
pull_events(void)
{
	return files_crm.pull_events(w.self, &whole, on_event, on_checkpoint,
	    NULL, &w.err);
}

static bool
pull_activities(void)
{
	return files_crm.pull_activities(w.self, &whole, on_activity,
	    on_checkpoint, NULL, &w.err);
}

static bool
pull_contacts(void)
{
	return files_crm.pull_contacts(w.self, &whole, on_contact,
	    on_checkpoint, NULL, &w.err);
}

static void
expect_seen(bool ok, const char *seen, const char *bad)
{
	if (!ok)
		fail_msg("%s", w.err.msg);
	assert_string_equal(buf_text(&w.seen), seen);
	assert_string_equal(buf_text(&w.bad), bad);
}

static void
expect_error(bool ok, enum err_kind kind, const char *says)
{
	assert_false(ok);
	if (w.err.kind != kind || strstr(w.err.msg, says) == NULL)
		fail_msg("expected %s \"%s\", got %s \"%s\"",
		    err_kind_name(kind), says, err_kind_name(w.err.kind),
		    w.err.msg);
}

/* ---- streams -------------------------------------------------------- */

static void
emits_deals_and_cases(void **state)
{
	(void)state;
	put("deals.csv", "deal_id;contact_id;close_date;status;employee;"
	    "category\n"
	    "D1;K1;2026-11-20;Won;U7;New\n"
	    "D2;K2;2026-11-20 14:30;TABT;;\n"
	    "D3;K3;;Open;;\n"
	    "D4;;2026-11-20T23:30:00Z;vundet;;\n");
	put("cases.csv", "case_id;contact_id;close_date;status\n"
	    "C1;K1;2026-07-01 00:00;Lukket\nC2;K1;;Open\n");
	open_world("deals = { file = \"deals.csv\"; }; "
	    "cases = { file = \"cases.csv\"; }; ");
	w.checkpoints = true;
	expect_seen(pull_events(),
	    "sale D1 contact=K1 category=New stage=Won employee=U7"
	    " at=2026-11-19T23:00:00Z closed=2026-11-19T23:00:00Z\n"
	    "loss D2 contact=K2 stage=TABT at=2026-11-20T13:30:00Z"
	    " closed=2026-11-20T13:30:00Z\n"
	    "sale D4 stage=vundet at=2026-11-20T23:30:00Z"
	    " closed=2026-11-20T23:30:00Z\n"
	    "case C1 contact=K1 stage=Lukket at=2026-06-30T22:00:00Z"
	    " closed=2026-06-30T22:00:00Z\n"
	    "checkpoint - " NOW "\n", "");
	/* A case list without a status column: closed once it has a date. */
	put("cases.csv", "case_id;contact_id;close_date\nC1;K1;\n"
	    "C2;K1;2026-11-01\n");
	open_world("cases = { file = \"cases.csv\"; }; ");
	expect_seen(pull_events(), "case C2 contact=K1 at=2026-10-31T23:00:00Z "
	    "closed=2026-10-31T23:00:00Z\n", "");
}

static const char activities[] =
	"activity_id;contact_id;kind;date;status;automatic\n"
	"A1;K1;Møde;2026-11-20 14:30;Afholdt;nej\n"
	"A1;K2;MØDE;2026-11-20 14:30;afholdt;ja\n"
	"A2;K1;Meeting;2026-12-01;Planned;\n"
	"A3;K1;Meeting;2026-11-10;Aflyst;\n"
	"A4;K1;Call;2026-11-11;Done;\n"
	"A5;K1;E-mail;2026-11-12 23:59;Done;\n"
	"A6;K1;Newsletter;2026-11-13;Done;\n"
	"A7;;Meeting;2026-11-13;Done;\n"
	"A8;K3;Meeting;2026-11-24;Whatever;\n"
	"A9;K3;Meeting;2026-11-25;;\n"
	"A10;K3;Meeting;2026-11-25 12:59;;\n"
	"A11;K3;Meeting;2026-11-01;Planlagt;\n";

static void
emits_activities(void **state)
{
	(void)state;
	put("activities.csv", activities);
	open_world("activities = { file = \"activities.csv\"; }; ");
	expect_seen(pull_activities(),
	    "A1 K1 meeting 20261120 done=yes\n"
	    "A1 K2 meeting 20261120 done=yes\n"
	    "A2 K1 meeting 20261201\n"
	    "A3 K1 meeting 20261110 cancelled=yes\n"
	    "A4 K1 phone 20261111 done=yes\n"
	    "A5 K1 mail 20261112 done=yes\n"
	    "A6 K1 other 20261113 done=yes\n"
	    "A8 K3 meeting 20261124\n"
	    "A9 K3 meeting 20261125\n"
	    "A10 K3 meeting 20261125\n"
	    "A11 K3 meeting 20261101\n", "");
	open_world("activities = { file = \"activities.csv\"; }; ");
	expect_seen(pull_events(),
	    "meet A1/K1 contact=K1 stage=Afholdt at=2026-11-20T13:30:00Z\n"
	    "meet A1/K2 contact=K2 stage=afholdt at=2026-11-20T13:30:00Z "
	    "automatic=yes\n"
	    "meet A7/ stage=Done at=2026-11-12T23:00:00Z\n", "");
}

static void
takes_past_meetings_as_held(void **state)
{
	(void)state;
	put("activities.csv", activities);
	open_world("activities = { file = \"activities.csv\"; "
	    "past_is_done = true; }; ");
	/* 12:59 in Copenhagen is a minute ago; a day is over at midnight. */
	expect_seen(pull_events(),
	    "meet A1/K1 contact=K1 stage=Afholdt at=2026-11-20T13:30:00Z\n"
	    "meet A1/K2 contact=K2 stage=afholdt at=2026-11-20T13:30:00Z "
	    "automatic=yes\n"
	    "meet A7/ stage=Done at=2026-11-12T23:00:00Z\n"
	    "meet A8/K3 contact=K3 stage=Whatever at=2026-11-23T23:00:00Z\n"
	    "meet A10/K3 contact=K3 at=2026-11-25T11:59:00Z\n", "");
	put("activities.csv", "activity_id,contact_id,date\nA1,K1,2026-11-24\n"
	    "A2,K1,2026-11-26\n");
	open_world("activities = { file = \"activities.csv\"; }; ");
	expect_seen(pull_activities(), "A1 K1 meeting 20261124 done=yes\n"
	    "A2 K1 meeting 20261126\n", "");
}

static void
joins_contacts(void **state)
{
	(void)state;
	put("contacts.csv",
	    "contact_id;first_name;last_name;email;mobile;language;company_id;"
	    "department;owner_name;employed;consent;consent_date;opted_out;"
	    "Title\n"
	    "K1;Åse;Ærø;aase@example.com;+4512345678;da;C1;;;ja;yes;"
	    "2026-01-02;;CEO\n"
	    "K2;Bo;;;;;C1;Salg;Ib;0;nej;;1;\n"
	    "K3;;;;;;C9;;;;;;;\n");
	put("companies.csv", "company_id;name;relation;segment;department;"
	    "country;owner;owner_name;owner_email;tags\n"
	    "C1;Acme A/S;Kunde;Big;Nord;DK;U1;Ole;ole@example.com;"
	    "Guld, NPSToday.NoSend\n");
	put("tags.csv", "contact_id;tag\nK1;NPSToday.Møde.9\n"
	    "K2;NPSToday.NoSend\nK2;x;y\nK2;\n");
	put("company_tags.csv", "company_id;tag\nC1;VIP\n");
	open_world(CONTACTS "companies = { file = \"companies.csv\"; }; "
	    "tags = { file = \"tags.csv\"; }; "
	    "company_tags = { file = \"company_tags.csv\"; }; ");
	expect_seen(pull_contacts(),
	    "K1 first=Åse last=Ærø email=aase@example.com mobile=+4512345678 "
	    "language=da country=DK company_id=C1 company=Acme A/S "
	    "relation=Kunde segment=Big department=Nord owner=U1 "
	    "owner_name=Ole owner_email=ole@example.com employed=yes "
	    "consent=yes consent_at=2026-01-01T23:00:00Z "
	    "tag=NPSToday.Møde.9 company_tag=VIP company_tag=NPSToday.NoSend "
	    "company_tag=Guld\n"
	    "K2 first=Bo country=DK company_id=C1 company=Acme A/S "
	    "relation=Kunde segment=Big department=Salg owner_name=Ib "
	    "employed=no consent=no opted_out=yes tag=NPSToday.NoSend "
	    "company_tag=VIP company_tag=NPSToday.NoSend company_tag=Guld\n"
	    "K3 company_id=C9\n",
	    "tags.csv:4 - expected 2 fields, got 3\n"
	    "tags.csv:5 K2 column \"tag\": expected a tag\n");
}

static void
takes_options_of_contacts(void **state)
{
	(void)state;
	put("contacts.csv", "Name,Stilling,Mærker,Aktiv\n"
	    "Gekko & Co,CEO,a| b |,x\nACME Corp,,,\n");
	open_world("yes = [ \"x\" ]; contacts = { file = \"contacts.csv\"; "
	    "id = \"name\"; company = \"name\"; tags = \"mærker\"; "
	    "tag_separator = \"|\"; employed = \"aktiv\"; "
	    "employed_default = \"employed\"; "
	    "fields = [ \"Stilling\", \"Other?\" ]; "
	    "email_template = \"${id}@example.com\"; }; ");
	expect_seen(pull_contacts(),
	    "Gekko & Co full=Gekko & Co email=gekko.-.co@example.com "
	    "company=Gekko & Co employed=yes tag=a tag=b Stilling=CEO\n"
	    "ACME Corp full=ACME Corp email=acme.corp@example.com "
	    "company=ACME Corp employed=yes\n", "");
}

static void
reads_all_files_by_name(void **state)
{
	(void)state;
	put("contacts-5.csv", "contact_id;email\nK5;\n");
	put("contacts-2.csv", "contact_id;email\nK3;c@example.com\n");
	put("contacts-7.csv", "contact_id;email\nK7;\n");
	put("contacts-1.csv", "email;contact_id\na@example.com;K1\n"
	    "b@example.com;K2\n");
	put("contacts-6.csv", "contact_id;email\nK6;\n");
	put("contacts-4.csv", "contact_id;email\nK4;\n");
	put(".contacts-3.csv", "half written");
	put("contacts-4.csv.part", "half written");
	open_world("contacts = { file = \"*.csv\"; }; ");
	expect_seen(pull_contacts(), "K1 email=a@example.com\n"
	    "K2 email=b@example.com\nK3 email=c@example.com\nK4\nK5\nK6\n"
	    "K7\n", "");
}

static void
reads_by_position(void **state)
{
	(void)state;
	put("deals.csv", "D1\tx\t31/12-25\tWon\tK1\textra\nD2\tx\n"
	    "D3\tx\t30.12.2025 10:05\tLost\tK2\n");
	open_world("header = false; delimiter = \"tab\"; "
	    "date_format = [ \"dd/MM-yy\", \"dd.MM.yyyy HH:mm\" ]; "
	    "deals = { file = \"deals.csv\"; id = \"#1\"; contact = \"#5\"; "
	    "date = \"#3\"; status = \"#4\"; }; ");
	expect_seen(pull_events(),
	    "sale D1 contact=K1 stage=Won at=2025-12-30T23:00:00Z "
	    "closed=2025-12-30T23:00:00Z\n"
	    "loss D3 contact=K2 stage=Lost at=2025-12-30T09:05:00Z "
	    "closed=2025-12-30T09:05:00Z\n",
	    "deals.csv:2 - expected at least 5 fields, got 2\n");
}

/* Pitfall 14 of the ChannelCRM contract, and Danish Excel. */
static void
reads_what_spreadsheets_write(void **state)
{
	(void)state;
	put("contacts.csv", "\xef\xbb\xbf" "Unknown;\"E-mail\";contact_id;Name"
	    "\r\n;a@example.com;K1;\"Line 1\r\nLine 2; \"\"x\"\"\"\r\n\r\n"
	    ";;;\r\n;b@example.com; K2 ;B");
	open_world("contacts = { file = \"contacts.csv\"; "
	    "email = \"e-mail\"; }; ");
	expect_seen(pull_contacts(), "K1 full=Line 1\r\nLine 2; \"x\" "
	    "email=a@example.com\nK2 full=B email=b@example.com\n", "");
	put("contacts.csv", "contact_id;Navn\nK1;\xc6r\xf8 \x80\nK2;\x9d\n");
	open_world("charset = \"windows-1252\"; "
	    "contacts = { file = \"contacts.csv\"; name = \"navn\"; }; ");
	expect_seen(pull_contacts(), "K1 full=Ærø €\n", "contacts.csv:3 - "
	    "field 2 (name): expected a readable text, got a byte that "
	    "windows-1252 does not have\n");
	/* The same bytes as UTF-8: rows are refused, not guessed. */
	open_world(CONTACTS);
	expect_seen(pull_contacts(), "", "contacts.csv:2 - field 2: expected a "
	    "readable text, got bytes that are no UTF-8\ncontacts.csv:3 - "
	    "field 2: expected a readable text, got bytes that are no "
	    "UTF-8\n");
}

static void
knows_the_clock_changes(void **state)
{
	(void)state;
	put("activities.csv", "activity_id;contact_id;date;status\n"
	    "A1;K1;2026-03-29 02:30;done\nA2;K1;2026-10-25 02:30;done\n"
	    "A3;K1;2026-03-29;done\nA4;K1;2026-10-26;done\n");
	open_world("activities = { file = \"activities.csv\"; }; ");
	expect_seen(pull_events(),
	    "meet A1/K1 contact=K1 stage=done at=2026-03-29T01:00:00Z\n"
	    "meet A2/K1 contact=K1 stage=done at=2026-10-25T00:30:00Z\n"
	    "meet A3/K1 contact=K1 stage=done at=2026-03-28T23:00:00Z\n"
	    "meet A4/K1 contact=K1 stage=done at=2026-10-25T23:00:00Z\n", "");
}

static void
quarantines_bad_rows(void **state)
{
	(void)state;
	put("deals.csv", "deal_id;contact_id;close_date;status\n"
	    "D1;K1;2026-11-20;Won\n"
	    "D2;K1;20-11-2026;Won\n"
	    "D3;K1;;Lost\n"
	    ";K1;2026-11-20;Won\n"
	    "D5;K1;2026-11-20\n"
	    "D6;\"K1;2026-11-20;Won\n"
	    "D7;K\"1;2026-11-20;Won\n"
	    "D8;K1;2026-02-30;Won\n"
	    "D9;K1;2026-11-21;Won\n");
	open_world("deals = { file = \"deals.csv\"; }; ");
	expect_seen(pull_events(),
	    "sale D1 contact=K1 stage=Won at=2026-11-19T23:00:00Z "
	    "closed=2026-11-19T23:00:00Z\n"
	    "sale D9 contact=K1 stage=Won at=2026-11-20T23:00:00Z "
	    "closed=2026-11-20T23:00:00Z\n",
	    "deals.csv:3 D2 column \"close_date\": expected a date as iso\n"
	    "deals.csv:4 D3 column \"close_date\": expected a date, it is "
	    "empty\n"
	    "deals.csv:5 - column \"deal_id\": expected a key\n"
	    "deals.csv:6 - expected 4 fields, got 3\n"
	    "deals.csv:7 - field 2 (contact): expected a readable text, got "
	    "text behind the closing quote\n"
	    "deals.csv:8 - field 2 (contact): expected a readable text, got "
	    "quote inside an unquoted field\n"
	    "deals.csv:9 D8 column \"close_date\": expected a date as iso\n");
	put("contacts.csv", "contact_id;employed;consent_date\nK1;perhaps;\n"
	    "K2;1;soon\nK3;;\n");
	open_world(CONTACTS);
	expect_seen(pull_contacts(), "K3\n",
	    "contacts.csv:2 K1 column \"employed\": expected a word of yes or "
	    "no\ncontacts.csv:3 K2 column \"consent_date\": expected a date as "
	    "iso\n");
}

static void
marks_pages_and_stops(void **state)
{
	AUTO(buf) struct buf in;

	(void)state;
	buf_init(&in, 1 << 20);
	buf_str(&in, "contact_id\n");
	for (int i = 1; i <= 12000; i++)
		buf_printf(&in, "K%d\n", i);
	put("contacts.csv", buf_text(&in));
	open_world(CONTACTS);
	w.checkpoints = true;
	assert_true(pull_contacts());
	assert_int_equal(w.n_seen, 12000);
	assert_int_equal(w.n_checkpoints, 3);
	assert_non_null(strstr(buf_text(&w.seen), "K5000\ncheckpoint "
	    "records=5000 -\nK5001\n"));
	assert_non_null(strstr(buf_text(&w.seen), "K10000\ncheckpoint "
	    "records=10000 -\nK10001\n"));
	assert_non_null(strstr(buf_text(&w.seen), "K12000\ncheckpoint - "
	    NOW "\n"));
	open_world(CONTACTS);
	w.stop_after = 7;
	expect_error(pull_contacts(), ERR_CANCELLED, "stopped");
	assert_int_equal(w.n_seen, 7);
	assert_int_equal(w.n_checkpoints, 0);
	open_world(CONTACTS);
	cancel = true;
	expect_error(pull_contacts(), ERR_CANCELLED, "stopped");
	assert_true(w.n_seen < 5001);
	cancel = false;
}

static void
needs_no_table(void **state)
{
	(void)state;
	put("contacts.csv", "contact_id\n");
	open_world(CONTACTS);
	assert_true(pull_events() && pull_activities() && pull_contacts());
	assert_int_equal(w.n_seen, 0);
	assert_int_equal(w.n_checkpoints, 3);
}

/* ---- look-ups ------------------------------------------------------- */

static bool
load(const char *a, const char *b, const char *c)
{
	const char *const ids[] = { a, b, c };

	return files_crm.load_contacts(w.self, ids, 3, on_contact, NULL,
	    &w.err);
}

static void
loads_contacts(void **state)
{
	(void)state;
	put("contacts.csv", "contact_id;employed;company_id\nK1;ja;C1\n"
	    "K2;nej;\nK3;perhaps;\nK4;\"open\nK5;ja\nK6;ja;\n");
	put("companies.csv", "company_id;name\nC1;Acme\n");
	open_world(CONTACTS "companies = { file = \"companies.csv\"; }; ");
	expect_seen(load("K6", "K0", "K1"), "K1 company_id=C1 company=Acme "
	    "employed=yes\nK6 employed=yes\nK0 gone=yes\n", "");
	/* A row that cannot be read does not make a person disappear; and an
	 * id asked for twice is told once. */
	buf_reset(&w.seen);
	expect_seen(load("K3", "K4", "K5"), "", "");
	expect_seen(load("K9", "K2", "K9"), "K2 employed=no\nK9 gone=yes\n",
	    "");
	/* Without contacts nothing is said about anybody. */
	open_world("companies = { file = \"companies.csv\"; }; ");
	expect_seen(load("K1", "K2", "K3"), "", "");
}

/* Whether a key beyond ASCII, or with a quote, stands in a row that cannot be
 * read is not seen in its bytes: nobody of them is called gone. */
static void
calls_nobody_gone_by_bytes(void **state)
{
	(void)state;
	put("contacts.csv", "contact_id;employed\nK1;ja\n"
	    "S\xf8ren;perhaps;\n\"A \"\"B\"\"\";ja;\nK9;ja\n");
	open_world("charset = \"windows-1252\"; " CONTACTS);
	expect_seen(load("K1", "K2", "Søren"), "K1 employed=yes\n"
	    "K2 gone=yes\n", "");
	buf_reset(&w.seen);
	expect_seen(load("K1", "K3", "A \"B\""), "K1 employed=yes\n"
	    "K3 gone=yes\n", "");
	/* It ends in the middle of a line: who knows what else is missing. */
	put("contacts.csv", "contact_id;employed\nK1;ja\nK");
	open_world(CONTACTS);
	expect_seen(load("K1", "K2", "K3"), "K1 employed=yes\n", "");
	/* In a file without bad rows whoever is missing is gone. */
	put("contacts.csv", "contact_id;employed\nK1;ja\n");
	open_world("charset = \"windows-1252\"; " CONTACTS);
	expect_seen(load("K1", "Søren", "A \"B\""), "K1 employed=yes\n"
	    "Søren gone=yes\nA \"B\" gone=yes\n", "");
}

static bool
find(const char *email)
{
	buf_reset(&w.seen);
	return files_crm.find_contact(w.self, email, on_contact, NULL, &w.err);
}

static void
finds_contacts(void **state)
{
	(void)state;
	put("contacts.csv", "contact_id;email\nK1;Jane@Example.com\n"
	    "K2;jane@example.com\nK3;\nK 4;\n");
	open_world(CONTACTS);
	expect_seen(find("jane@example.COM"), "K1 email=Jane@Example.com\n"
	    "K2 email=jane@example.com\n", "");
	expect_seen(find("nobody@example.com"), "", "");
	open_world("contacts = { file = \"contacts.csv\"; "
	    "email_template = \"${id}@example.com\"; }; ");
	expect_seen(find("k.4@example.com"), "K 4 email=k.4@example.com\n",
	    "");
}

static bool
list(enum value_kind kind)
{
	buf_reset(&w.seen);
	return files_crm.list_values(w.self, kind, on_value, NULL, &w.err);
}

static void
lists_values(void **state)
{
	(void)state;
	put("contacts.csv", "contact_id;owner;owner_name;tags;Title\n"
	    "K1;U1;Ole;a,b;x\nK2;U1;;b;\nK3;;Ib;;y\n");
	put("companies.csv", "company_id;relation\nC1;Kunde\nC2;Kunde\n"
	    "C3;Partner\nC4;\n");
	put("deals.csv", "deal_id;contact_id;close_date;status;category;"
	    "employee\nD1;K1;2026-11-20;Won;New;U1\nD2;;;Open;New;U2\n");
	put("tags.csv", "contact_id;tag\nK1;b\nK2;c\n");
	open_world("contacts = { file = \"contacts.csv\"; "
	    "fields = [ \"title\" ]; }; "
	    "companies = { file = \"companies.csv\"; }; "
	    "deals = { file = \"deals.csv\"; }; "
	    "tags = { file = \"tags.csv\"; }; ");
	expect_seen(list(VAL_CATEGORY), "New (New) 2\n", "");
	expect_seen(list(VAL_RELATION), "Kunde (Kunde) 2\n"
	    "Partner (Partner) 1\n", "");
	expect_seen(list(VAL_STAGE), "Won (Won) 1\nOpen (Open) 1\n", "");
	expect_seen(list(VAL_OWNER), "U1 (Ole) 3\nIb (Ib) 1\nU2 (U2) 1\n", "");
	expect_seen(list(VAL_TAG), "a (a) 1\nb (b) 3\nc (c) 1\n", "");
	expect_seen(list(VAL_FIELD), "title (title) 2\n", "");
}

/* ---- configuration -------------------------------------------------- */

static void
names_what_is_wrong(void **state)
{
	static const struct { const char *conf, *says; } cases[] = {
		{ CONTACTS "delimiter = \";;\"; ", "delimiter: expected one" },
		{ CONTACTS "delimiter = \"\\\"\"; ",
		    "quote: expected another" },
		{ CONTACTS "quote = \"æ\"; ", "quote: expected one ASCII" },
		{ CONTACTS "timezone = \"Mars/Base\"; ", "Mars/Base" },
		{ CONTACTS "date_format = []; ", "date_format" },
		{ CONTACTS "date_format = [ \"iso\", \"dd MMM yyyy\" ]; ",
		    "date_format: expected \"iso\" or a pattern" },
		{ CONTACTS "charset = \"latin\"; ", "charset" },
		{ CONTACTS "out = { delimiter = \"xx\"; }; ", "out.delimiter" },
		{ CONTACTS "out = { delimiter = \"double\"; }; ",
		    "out.delimiter: expected another" },
		{ "contacts = { file = \"../c.csv\"; }; ", "without '/'" },
		{ "", "at least one table" },
		{ "contacts = { fil = \"x\"; }; ", "contacts.fil" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_error(try_open(cases[i].conf), ERR_CONFIG,
		    cases[i].says);
}

static bool
check(const char *conf)
{
	open_world(conf);
	return files_crm.check(w.self, &w.err);
}

/* As Excel writes "Unicode text": tabs, CRLF, a byte order mark. */
static void
reads_utf16(void **state)
{
	static const char text[] = "\xff\xfe" "c\0o\0n\0t\0a\0c\0t\0_\0i\0d\0\t\0"
	    "n\0a\0m\0e\0\r\0\n\0" "K\0" "1\0\t\0S\0\xf8\0r\0e\0n\0\r\0\n\0"
	    "K\0" "2\0\t\0\x3d\xd8\r\0\n\0" "K\0" "3\0\t\0\x3d\xd8\x00\xde\r\0\n\0";

	(void)state;
	put_bytes(w.in, "contacts.csv", text, sizeof(text) - 1);
	open_world("charset = \"utf-16\"; " CONTACTS);
	expect_seen(pull_contacts(), "K1 full=S\xc3\xb8ren\n"
	    "K3 full=\xf0\x9f\x98\x80\n", "contacts.csv:3 - field 2 (name): "
	    "expected a readable text, got half of a surrogate pair\n");
}

static void
checks_the_folder(void **state)
{
	(void)state;
	put("contacts.csv", "Id;Navn;navn;E-mail\nK1;a;b;c\n");
	assert_true(check("contacts = { file = \"contacts.csv\"; "
	    "id = \"id\"; }; " OUT));
	assert_int_equal(w.n_seen + w.n_bad, 0);
	expect_error(check(CONTACTS), ERR_CONFIG, "contacts.csv: column "
	    "\"contact_id\" (contacts.id) is missing; found: Id, Navn, navn, "
	    "E-mail");
	expect_error(pull_contacts(), ERR_CONFIG, "is missing");
	expect_error(check("contacts = { file = \"contacts.csv\"; "
	    "id = \"Id\"; name = \"Navn\"; }; "), ERR_CONFIG, "stands twice");
	expect_error(check("contacts = { file = \"contacts.csv\"; "
	    "id = \"Id\"; email = \"Mail\"; }; "), ERR_CONFIG,
	    "\"Mail\" (contacts.email) is missing");
	expect_error(check("contacts = { file = \"contacts.csv\"; "
	    "id = \"\"; }; "), ERR_CONFIG, "contacts.id");
	expect_error(check("contacts = { file = \"people.csv\"; }; "),
	    ERR_CONFIG, "no file matches \"people.csv\" (contacts.file)");
	expect_error(check("contacts = { file = \"contacts.csv\"; "
	    "id = \"Id\"; }; out = { dir = \"%OUT%/none\"; }; "), ERR_CONFIG,
	    "(out.dir)");
	/* A file without header would bring people into the message. */
	put("contacts.csv", "K1;Jane Doe;jane@example.com\n");
	expect_error(check(CONTACTS), ERR_CONFIG, "found: no header");
	assert_null(strstr(w.err.msg, "Jane"));
	put("contacts.csv", "1C1I7A6R;Jane Doe;Acme\n");
	expect_error(check(CONTACTS), ERR_CONFIG, "found: no header");
	put("contacts.csv", "Jane Doe;Acme;2026-11-25\n");
	expect_error(check(CONTACTS), ERR_CONFIG, "found: no header");
	put("contacts.csv", "K2;Phone 1;Post code 100\n");
	expect_error(check(CONTACTS), ERR_CONFIG, "found: K2, Phone 1, ");
	put("contacts.csv", "");
	expect_error(check(CONTACTS), ERR_CONFIG, "empty file");
	put("contacts.csv", "\"contact_id\n");
	expect_error(check(CONTACTS), ERR_CONFIG, "expected a header");
	put("contacts.csv", "\xff\xfe" "c");
	expect_error(check(CONTACTS), ERR_CONFIG, "UTF-16");
}

static void
keeps_the_ceiling(void **state)
{
	AUTO(buf) struct buf in;

	(void)state;
	buf_init(&in, 1 << 22);
	buf_str(&in, "contact_id;tag\n");
	for (int i = 1; i <= 20000; i++)
		buf_printf(&in, "K%d;NPSToday.Sale.9\n", i);
	put("tags.csv", buf_text(&in));
	put("contacts.csv", "contact_id\nK20000\n");
	open_world(CONTACTS "tags = { file = \"tags.csv\"; }; "
	    "lookup_mb = 1; ");
	expect_error(pull_contacts(), ERR_CONFIG, "tags.csv: companies and "
	    "tags need more than lookup_mb = 1 MiB");
	open_world(CONTACTS "tags = { file = \"tags.csv\"; }; "
	    "lookup_mb = 4; ");
	expect_seen(pull_contacts(), "K20000 tag=NPSToday.Sale.9\n", "");
}

/* ---- import sheets -------------------------------------------------- */

#define HEAD "contact.contactkey;infotagcontact.text\r\n"
#define MEET "NPSToday.Møde."

static struct put_result result[8];

static bool
put_tags(const struct crm_tag_write *writes, size_t n)
{
	memset(result, 0xff, sizeof(result));
	return files_crm.put_tags(w.self, writes, n, result, &w.err);
}

static void
put_one(const char *id, const char *value, enum put_outcome outcome)
{
	const struct crm_tag_write write = { id, MEET, NULL, value, NULL };

	if (!put_tags(&write, 1))
		fail_msg("%s", w.err.msg);
	if (result[0].outcome != outcome)
		fail_msg("%s %s: outcome %d, %s", id, value,
		    (int)result[0].outcome, result[0].reason);
}

/* Pitfall 10. */
static void
writes_sheets(void **state)
{
	const struct crm_tag_write writes[] = {
		{ "K1", MEET, NULL, MEET "9", NULL },
		{ "æ;ø\"å", MEET, NULL, MEET "10", NULL },
		{ "=K3", MEET, NULL, MEET "1", NULL },
		{ "@K4", MEET, NULL, MEET "2", NULL },
		{ "", MEET, NULL, MEET "3", NULL },
		{ "\uff1dK5", MEET, NULL, MEET "3", NULL },
		{ "K6", "=x.", NULL, "=x.3", NULL },
		{ "K1", MEET, NULL, MEET "9", NULL },
	};
	static const enum put_outcome outcomes[] = { PUT_DONE, PUT_DONE,
		PUT_REJECTED, PUT_REJECTED, PUT_REJECTED, PUT_REJECTED,
		PUT_REJECTED, PUT_DONE };
	char name[300], path[700];
	struct stat st;

	(void)state;
	put("deals.csv", "deal_id;contact_id;close_date;status\n");
	open_world("deals = { file = \"deals.csv\"; }; " OUT);
	umask(077);
	assert_true(put_tags(writes, ARRAY_LEN(writes)));
	for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
		assert_int_equal(result[i].outcome, outcomes[i]);
		assert_int_equal(*result[i].reason == '\0',
		    outcomes[i] == PUT_DONE);
	}
	expect_out("", HEAD "K1;" MEET "9\r\n\"æ;ø\"\"å\";" MEET "10\r\n");
	assert_int_equal(find_out("tags-2026-11-25-", name), 1);
	assert_string_equal(result[0].remote_id, name);
	snprintf(path, sizeof(path), "%s/%s", w.out, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(find_out(".", name), 0);
	/* Nothing stands twice, in this batch or another. */
	assert_true(put_tags(writes, ARRAY_LEN(writes)));
	assert_int_equal(result[0].outcome, PUT_DONE);
	assert_int_equal(find_out("", name), 1);
	/* The other options. */
	empty_dir(w.out);
	open_world("deals = { file = \"deals.csv\"; }; out = { "
	    "dir = \"%OUT%\"; delimiter = \",\"; bom = true; "
	    "contact_column = \"Key, unique\"; tag_column = \"Tag\"; }; ");
	put_one("K1", MEET "9", PUT_DONE);
	expect_out("", "\xef\xbb\xbf\"Key, unique\",Tag\r\nK1," MEET "9\r\n");
	put_one("K1", MEET "9", PUT_DONE);
	assert_int_equal(find_out("", name), 1);
	empty_dir(w.out);
	open_world("deals = { file = \"deals.csv\"; }; out = { "
	    "dir = \"%OUT%\"; charset = \"windows-1252\"; }; ");
	put_one("K1", MEET "9", PUT_DONE);
	expect_out("", HEAD "K1;NPSToday.M\xf8" "de.9\r\n");
	put_one("K1", "NPSToday.\xe2\x88\x9e.9", PUT_REJECTED);
}

/* Pitfall 11. */
static void
lists_replaced_tags(void **state)
{
	char name[300];

	(void)state;
	/* Beside our own: campaigns and texts that must stay untouched. */
	put("tags.csv", "contact_id;tag\nK1;" MEET "9\nK1;NPSToday.NoSend\n"
	    "K1;" MEET "2.8\nK1;NPSToday.Sale.3\nK1;" MEET "07\n"
	    "K1;" MEET "11\nK2;" MEET "7\n");
	open_world("tags = { file = \"tags.csv\"; }; " OUT);
	put_one("K1", MEET "9", PUT_UNCHANGED);
	assert_int_equal(find_out("", name), 0);
	put_one("K1", MEET "10", PUT_DONE);
	expect_out("tags-", HEAD "K1;" MEET "10\r\n");
	expect_out("remove-", HEAD "K1;" MEET "9\r\n");
	put_one("K1", MEET "10", PUT_DONE);
	assert_int_equal(find_out("", name), 2);
	/* A batch with others puts down only what is new. */
	const struct crm_tag_write two[] = { { "K1", MEET, NULL, MEET "10", NULL },
		{ "K2", MEET, NULL, MEET "8", NULL } };
	assert_true(put_tags(two, 2));
	assert_int_equal(result[0].outcome, PUT_DONE);
	assert_string_equal(result[0].remote_id, "");
	assert_int_equal(find_out("tags-", name), 2);
	expect_file(result[1].remote_id, HEAD "K2;" MEET "8\r\n");
	assert_int_equal(find_out("remove-", name), 2);
	assert_int_equal(size_out("remove-"), 2 * strlen(HEAD) +
	    strlen("K1;" MEET "9\r\nK2;" MEET "7\r\n"));
	/* Back to 9, while a list still says to remove it: it has to wait. */
	put_one("K1", MEET "9", PUT_AGAIN);
	assert_int_equal(find_out("", name), 4);
	/* Imported and cleared away, the export shows it: now it goes. */
	empty_dir(w.out);
	put("tags.csv", "contact_id;tag\nK1;" MEET "10\n");
	open_world("tags = { file = \"tags.csv\"; }; " OUT);
	put_one("K1", MEET "10", PUT_UNCHANGED);
	put_one("K1", MEET "9", PUT_DONE);
	expect_out("tags-", HEAD "K1;" MEET "9\r\n");
	expect_out("remove-", HEAD "K1;" MEET "10\r\n");
}

/* G11: a crash between the two, or an import without the other list, left both. */
static void
leaves_only_the_newest(void **state)
{
	char name[300];

	(void)state;
	put("tags.csv", "contact_id;tag\nK1;" MEET "9\nK1;" MEET "10\n"
	    "K1;" MEET "2.8\nK2;" MEET "10\n");
	open_world("tags = { file = \"tags.csv\"; }; " OUT);
	put_one("K2", MEET "10", PUT_UNCHANGED);
	put_one("K1", MEET "10", PUT_DONE);
	assert_int_equal(find_out("tags-", name), 0);
	expect_out("remove-", HEAD "K1;" MEET "9\r\n");
}

static void
replaces_what_was_not_imported_yet(void **state)
{
	const struct crm_tag_write renamed = { "K1", MEET, "NPSToday.Meet.4",
		MEET "5", "NPSToday.Meeting." };
	const struct crm_tag_write removal = { "K1", MEET, NULL, NULL, NULL };
	char name[300];

	(void)state;
	put("tags.csv", "contact_id;tag\nK9;" MEET "1\nK1;NPSToday.Meeting.6\n"
	    "K1;NPSToday.Meeting.2.6\n");
	open_world("tags = { file = \"tags.csv\"; }; " OUT);
	put_one("K1", MEET "3", PUT_DONE);
	assert_true(put_tags(&renamed, 1));
	assert_int_equal(result[0].outcome, PUT_DONE);
	assert_int_equal(find_out("tags-", name), 2);
	expect_out("remove-", HEAD "K1;" MEET "3\r\nK1;NPSToday.Meeting.6\r\n"
	    "K1;NPSToday.Meet.4\r\n");
	/* Removal alone: what is known, once. */
	empty_dir(w.out);
	assert_true(put_tags(&removal, 1));
	assert_int_equal(result[0].outcome, PUT_UNCHANGED);
	assert_int_equal(find_out("", name), 0);
	put_one("K9", NULL, PUT_DONE);
	expect_out("", HEAD "K9;" MEET "1\r\n");
	put_one("K9", NULL, PUT_DONE);
	assert_int_equal(find_out("", name), 1);
	empty_dir(w.out);
	open_world("tags = { file = \"tags.csv\"; }; out = { dir = \"%OUT%\"; "
	    "remove_list = false; }; ");
	put_one("K9", NULL, PUT_REJECTED);
	put_one("K9", MEET "2", PUT_DONE);
	assert_int_equal(find_out("remove-", name), 0);
}

static void
knows_composed_letters(void **state)
{
	(void)state;
	/* "Café" in two spellings: the CRM's own goes into the list. */
	put("tags.csv", "contact_id;tag\nK1;NPSToday.Cafe\xcc\x81.9\n"
	    "K2;NPSToday.Cafe\xcc\x81.10\n");
	open_world("tags = { file = \"tags.csv\"; }; " OUT);
	const struct crm_tag_write writes[] = {
		{ "K1", "NPSToday.Caf\xc3\xa9.", NULL,
		    "NPSToday.Caf\xc3\xa9.10", NULL },
		{ "K2", "NPSToday.Caf\xc3\xa9.", NULL,
		    "NPSToday.Caf\xc3\xa9.10", NULL },
	};
	assert_true(put_tags(writes, 2));
	assert_int_equal(result[0].outcome, PUT_DONE);
	assert_int_equal(result[1].outcome, PUT_UNCHANGED);
	expect_out("tags-", HEAD "K1;NPSToday.Caf\xc3\xa9.10\r\n");
	expect_out("remove-", HEAD "K1;NPSToday.Cafe\xcc\x81.9\r\n");
}

static void
takes_keys_from_a_column(void **state)
{
	const struct crm_tag_write writes[] = {
		{ "K1", MEET, NULL, MEET "1", NULL }, { "K2", MEET, NULL, MEET "2", NULL },
		{ "K3", MEET, NULL, MEET "3", NULL }, { "K4", MEET, NULL, MEET "4", NULL },
		{ "K5", MEET, NULL, MEET "5", NULL }, { "K6", MEET, NULL, MEET "6", NULL },
	};
	/* The file ends inside a text, so nobody is gone. */
	static const enum put_outcome outcomes[] = { PUT_DONE, PUT_REJECTED,
		PUT_REJECTED, PUT_REJECTED, PUT_AGAIN, PUT_AGAIN };
	char name[300];

	(void)state;
	put("contacts.csv", "contact_id;email\nK1;a@example.com\n"
	    "K2;b@example.com\nK7;B@example.com\nK3;\nK4;=x@example.com\n"
	    "K5;\"lost\n");
	open_world(CONTACTS "out = { dir = \"%OUT%\"; key = \"email\"; "
	    "contact_column = \"contact.email1\"; }; ");
	assert_true(put_tags(writes, 6));
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(result[i].outcome, outcomes[i]);
	expect_out("", "contact.email1;infotagcontact.text\r\n"
	    "a@example.com;" MEET "1\r\n");
	assert_true(put_tags(writes, 6));
	assert_int_equal(find_out("", name), 1);
	open_world("deals = { file = \"deals.csv\"; }; out = { "
	    "dir = \"%OUT%\"; key = \"email\"; }; ");
	expect_error(put_tags(writes, 1), ERR_CONFIG, "out.key");
	open_world(CONTACTS);
	expect_error(put_tags(writes, 1), ERR_DONE, "out.dir");
}

/* Pitfall 12: a full disk, then a crash that left a temporary file. */
static void
leaves_no_half_sheet(void **state)
{
	const struct rlimit tiny = { 20, RLIM_INFINITY };
	struct rlimit before;
	char name[300];

	(void)state;
	put("deals.csv", "deal_id;contact_id;close_date;status\n");
	open_world("deals = { file = \"deals.csv\"; }; " OUT);
	const struct crm_tag_write write = { "K1", MEET, NULL, MEET "9", NULL };
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
	const bool ok = put_tags(&write, 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	expect_error(ok, ERR_SYSTEM, "write");
	assert_int_equal(find_out("", name) + find_out(".", name), 0);
	put_bytes(w.out, ".tags-2026-11-24-0011223344556677.csv.tmp",
	    "contact.con", 11);
	put_one("K1", MEET "9", PUT_DONE);
	assert_int_equal(find_out(".", name), 0);
	expect_out("", HEAD "K1;" MEET "9\r\n");
	/* The same rows again, as after a crash before they were noted down:
	 * the same name, however often. */
	assert_int_equal(find_out("", name), 1);
	empty_dir(w.out);
	char again[300];
	put_one("K1", MEET "9", PUT_DONE);
	assert_int_equal(find_out("", again), 1);
	assert_string_equal(name, again);
}

/* ---- memory, and a public export ------------------------------------ */

static long
peak_kib(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	long long kib = -1;

	while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
		if (strncmp(line, "VmHWM:", 6) != 0)
			continue;
		const char *digits = line + 6 + strspn(line + 6, " \t");
		if (!num_parse_n(digits, strspn(digits, "0123456789"), 0,
		        INT32_MAX, &kib))
			kib = -1;
		break;
	}
	if (status != NULL)
		fclose(status);
	return (long)kib;
}

static bool
count_event(void *arg, const struct crm_event *ev)
{
	(void)ev;
	++*(size_t *)arg;
	return true;
}

static bool
count_contact(void *arg, const struct crm_contact *c)
{
	(void)c;
	++*(size_t *)arg;
	return true;
}

static bool
no_checkpoint(void *arg, const char *resume, const char *watermark)
{
	(void)arg;
	(void)resume;
	(void)watermark;
	return true;
}

static void
put_many(int rows)
{
	AUTO(buf) struct buf in;

	buf_init(&in, 1 << 26);
	buf_str(&in, "deal_id;contact_id;close_date;status;category;"
	    "employee\n");
	for (int i = 0; i < rows; i++)
		buf_printf(&in, "D%d;K%d;2026-11-20;%s;\"A category, quoted\";"
		    "U%d\n", i, i % 1000, i % 3 == 0 ? "Won" : "Lost", i % 50);
	put_bytes(w.in, "deals.csv", in.s, in.len);
}

/* In a child: the peak of a process never falls again. */
static long
peak_of_pull(size_t rows)
{
	int fds[2];
	long peak = -1;

	assert_int_equal(pipe(fds), 0);
	const pid_t child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		size_t n = 0;
		const bool ok = files_crm.pull_events(w.self, &whole,
		    count_event, no_checkpoint, &n, &w.err);
		peak = ok && n == rows ? peak_kib() : -2;
		_exit(write(fds[1], &peak, sizeof(peak)) != sizeof(peak));
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &peak, sizeof(peak)), sizeof(peak));
	close(fds[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(peak > 0);
	return peak;
}

static void
stays_flat(void **state)
{
	(void)state;
	if (WITH_ASAN)
		skip();
	put_many(1000);
	open_world("deals = { file = \"deals.csv\"; }; ");
	(void)peak_of_pull(1000);
	const long small = peak_of_pull(1000);
	put_many(300000);
	const long large = peak_of_pull(300000);
	print_message("VmHWM: %ld KiB for 1,000 rows, %ld KiB for 300,000\n",
	    small, large);
	assert_true(large - small < 1024);
}

static void
reads_the_public_sample(void **state)
{
	const char *dir = getenv("NPSYNC_SAMPLE_DATA");
	size_t events = 0, contacts = 0;

	(void)state;
	if (dir == NULL || access(dir, R_OK) != 0)
		skip();
	snprintf(w.in, sizeof(w.in), "%s", dir);
	open_world("date_format = [ \"m/d/yyyy\" ]; contacts = { "
	    "file = \"accounts.csv\"; id = \"account\"; name = \"account\"; "
	    "company = \"account\"; segment = \"sector\"; "
	    "email_template = \"${id}@example.com\"; "
	    "employed_default = \"employed\"; }; "
	    "deals = { file = \"sales_pipeline.csv\"; id = \"opportunity_id\"; "
	    "contact = \"account\"; date = \"close_date\"; "
	    "status = \"deal_stage\"; employee = \"sales_agent\"; "
	    "category = \"product\"; }; ");
	snprintf(w.in, sizeof(w.in), "%s/in", w.root);
	assert_true(files_crm.check(w.self, &w.err));
	assert_true(files_crm.pull_events(w.self, &whole, count_event,
	    no_checkpoint, &events, &w.err));
	assert_true(files_crm.pull_contacts(w.self, &whole, count_contact,
	    no_checkpoint, &contacts, &w.err));
	assert_int_equal(events, 4238 + 2473);
	assert_int_equal(contacts, 85);
	assert_int_equal(w.n_bad, 0);
	expect_seen(list(VAL_STAGE), "Won (Won) 4238\n"
	    "Engaging (Engaging) 1589\nLost (Lost) 2473\n"
	    "Prospecting (Prospecting) 500\n", "");
}

/* ---- fields, answers, posts, tasks ---------------------------------- */

static const char *const panel[][2] = { { "NPS, average", "8.0" },
	{ "NPS note", "=1+1" }, { "NPS next", "" }, { NULL, NULL } };
static const char *const record[][2] = { { "answered_at",
	"2026-11-24T10:00:00Z" }, { "score", "6" }, { "type",
	"0-6 detractor" }, { "campaign_id", "4" }, { "member_id", "77" },
	{ "wants_contact", "no" }, { NULL, NULL } };

/* Values that a later import replaces: sheets in the order of their making. */
static void
writes_fields(void **state)
{
	const struct crm_effect effects[] = {
		{ .ref = "K1", .contact_id = "K1", .fields = panel },
		{ .ref = "=K2", .contact_id = "=K2", .fields = panel } };
	const char *second[][2] = { { "NPS, average", "7.5" },
		{ "NPS note", "\xf0\x9f\x98\x80" }, { "NPS next", "x" },
		{ NULL, NULL } };
	const struct crm_effect later = { .ref = "K1", .contact_id = "K1",
		.fields = (const char *const (*)[2])second };
	char first[300], name[300];

	(void)state;
	put("deals.csv", "deal_id;contact_id;close_date;status\n");
	open_world("deals = { file = \"deals.csv\"; }; " OUT);
	assert_true(files_crm.put_fields(w.self, NULL, 0, NULL, &w.err));
	assert_true(files_crm.put_fields(w.self, effects, 2, result, &w.err));
	assert_int_equal(result[0].outcome, PUT_DONE);
	assert_int_equal(result[1].outcome, PUT_REJECTED);
	expect_out("", "contact.contactkey;NPS, average;NPS note;NPS next\r\n"
	    "K1;8.0;\" =1+1\";\r\n");
	assert_int_equal(find_out("fields-2026-11-25T120000Z-", first), 1);
	assert_string_equal(result[0].remote_id, first);
	/* The same after a crash: no second sheet. */
	w.now += 60;
	assert_true(files_crm.put_fields(w.self, effects, 1, result, &w.err));
	assert_int_equal(find_out("", name), 1);
	assert_true(files_crm.put_fields(w.self, &later, 1, result, &w.err));
	assert_int_equal(find_out("fields-2026-11-25T120100Z-", name), 1);
	expect_file(name, "contact.contactkey;NPS, average;NPS note;NPS next\r\n"
	    "K1;7.5;\xf0\x9f\x98\x80;x\r\n");
	/* Back to what the first sheet says: that one is older. */
	w.now += 60;
	assert_true(files_crm.put_fields(w.self, effects, 1, result, &w.err));
	assert_int_equal(find_out("", name), 3);
	empty_dir(w.out);
	open_world("deals = { file = \"deals.csv\"; }; out = { "
	    "dir = \"%OUT%\"; charset = \"windows-1252\"; }; ");
	assert_true(files_crm.put_fields(w.self, &later, 1, result, &w.err));
	assert_int_equal(result[0].outcome, PUT_REJECTED);
	assert_int_equal(find_out("", name), 0);
}

static void
writes_answers_posts_and_tasks(void **state)
{
	const struct crm_effect answers[] = {
		{ .ref = "1", .contact_id = "K1", .subject = "M\xc3\xb8" "de",
		    .text = "slow;\n\"very\"", .fields = record,
		    .day = 20261124 },
		{ .ref = "2", .contact_id = "K1", .subject = "Salg",
		    .fields = record } };
	const struct crm_effect post = { .ref = "1", .contact_id = "K1",
		.text = "NPS 6", .day = 20261124 };
	const struct crm_effect task = { .ref = "1", .contact_id = "K1",
		.employee_id = "kam", .subject = "Follow up",
		.day = 20261127 };

	(void)state;
	put("deals.csv", "deal_id;contact_id;close_date;status\n");
	open_world("deals = { file = \"deals.csv\"; }; " OUT);
	assert_true(files_crm.put_answer(w.self, answers, 2, result, &w.err));
	expect_out("answers-", "contact.contactkey;answer_id;answered_at;score;"
	    "type;campaign;campaign_id;member_id;wants_contact;comment\r\n"
	    "K1;1;2026-11-24T10:00:00Z;6;0-6 detractor;M\xc3\xb8" "de;4;77;no;"
	    "\"slow;\n\"\"very\"\"\"\r\n"
	    "K1;2;2026-11-24T10:00:00Z;6;0-6 detractor;Salg;4;77;no;\r\n");
	assert_true(files_crm.post_feed(w.self, &post, 1, result, &w.err));
	expect_out("feed-", "contact.contactkey;answer_id;date;text\r\n"
	    "K1;1;2026-11-24;NPS 6\r\n");
	assert_true(files_crm.put_task(w.self, &task, 1, result, &w.err));
	expect_out("tasks-", "contact.contactkey;answer_id;employee;due;subject;"
	    "text\r\nK1;1;kam;2026-11-27;Follow up;\r\n");
	open_world("deals = { file = \"deals.csv\"; }; ");
	expect_error(files_crm.put_task(w.self, NULL, 0, NULL, &w.err), ERR_DONE,
	    "out.dir");
}

/* Keys and cards are looked up as for tags; what was not written may be tried
 * again. */
static void
knows_the_cards_of_effects(void **state)
{
	const struct crm_effect effects[] = {
		{ .ref = "1", .contact_id = "K1", .text = "a" },
		{ .ref = "2", .contact_id = "K9", .text = "b" },
		{ .ref = "3", .contact_id = "K2", .text = "c" } };
	char name[300];

	(void)state;
	put("contacts.csv", "contact_id;email;no\nK1;a@b.dk;n1\nK2;c@d.dk;\n");
	open_world(CONTACTS "out = { dir = \"%OUT%\"; key = \"no\"; }; ");
	assert_true(files_crm.post_feed(w.self, effects, 3, result, &w.err));
	assert_int_equal(result[0].outcome, PUT_DONE);
	assert_int_equal(result[1].outcome, PUT_GONE);
	assert_int_equal(result[2].outcome, PUT_REJECTED);
	expect_out("feed-", "contact.contactkey;answer_id;date;text\r\n"
	    "n1;1;;a\r\n");
	empty_dir(w.out);
	assert_int_equal(rmdir(w.out), 0);
	assert_false(files_crm.post_feed(w.self, effects, 1, result, &w.err));
	assert_int_equal(result[0].outcome, PUT_AGAIN);
	assert_int_equal(mkdir(w.out, 0700), 0);
	assert_int_equal(find_out("", name), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(emits_deals_and_cases),
		TEST(emits_activities),
		TEST(takes_past_meetings_as_held),
		TEST(joins_contacts),
		TEST(takes_options_of_contacts),
		TEST(reads_all_files_by_name),
		TEST(reads_by_position),
		TEST(reads_what_spreadsheets_write),
		TEST(knows_the_clock_changes),
		TEST(quarantines_bad_rows),
		TEST(marks_pages_and_stops),
		TEST(needs_no_table),
		TEST(loads_contacts),
		TEST(calls_nobody_gone_by_bytes),
		TEST(finds_contacts),
		TEST(lists_values),
		TEST(names_what_is_wrong),
		TEST(checks_the_folder),
		TEST(keeps_the_ceiling),
		TEST(writes_sheets),
		TEST(lists_replaced_tags),
		TEST(leaves_only_the_newest),
		TEST(replaces_what_was_not_imported_yet),
		TEST(knows_composed_letters),
		TEST(takes_keys_from_a_column),
		TEST(leaves_no_half_sheet),
		TEST(writes_fields),
		TEST(writes_answers_posts_and_tasks),
		TEST(knows_the_cards_of_effects),
		TEST(stays_flat),
		TEST(reads_utf16),
		TEST(reads_the_public_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
