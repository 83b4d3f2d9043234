/*
 * Fields, records, posts, tasks and the tag of who declined, through a CRM that
 * keeps what it is told: what a card shows, how often each thing is written,
 * and what becomes of it when a run is killed in between.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "erasure.h"
#include "fixture.h"
#include "stage_effects.h"
#include "stage_retention.h"

/* ---- the CRM, in memory that a killed child shares ---------------------------- */
#define WRITES_MAX 64
struct written {
	char kind[16], contact[32], ref[32], text[512];
};
struct board {
	int n;
	struct written write[WRITES_MAX];
};
static struct board *board;
static bool kill_after;
static enum put_outcome answer_with;
static bool fail_call;
static const char *denied;	/* cards that may not be written */

static struct written *
take(const char *kind, const char *contact, const char *ref)
{
	assert_in_range(board->n, 0, WRITES_MAX - 1);
	struct written *w = &board->write[board->n];

	(void)snprintf(w->kind, sizeof(w->kind), "%s", kind);
	(void)snprintf(w->contact, sizeof(w->contact), "%s", contact);
	(void)snprintf(w->ref, sizeof(w->ref), "%s", ref == NULL ? "" : ref);
	w->text[0] = '\0';
	board->n++;
	return w;
}

static bool
end_call(struct put_result *results, size_t n, struct err *err)
{
	if (kill_after && n > 0)
		(void)kill(getpid(), SIGKILL);
	for (size_t i = 0; i < n; i++) {
		const char *card = board->write[board->n - (int)(n - i)].contact;
		results[i].outcome = denied != NULL && strchr(denied, card[0]) !=
		    NULL ? PUT_DENIED : answer_with;
		(void)snprintf(results[i].reason, sizeof(results[i].reason),
		    "%s", results[i].outcome == PUT_DENIED ? "HTTP 403" : "");
	}
	if (fail_call && n > 0)
		return err_set(err, ERR_PROTOCOL, "cut");
	return true;
}

static bool
put(const char *kind, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct written *w = take(kind, e[i].contact_id, e[i].ref);
		size_t at = 0;
		for (size_t k = 0; e[i].fields != NULL &&
		     e[i].fields[k][0] != NULL; k++)
			at += (size_t)snprintf(w->text + at,
			    sizeof(w->text) - at, "%s=%s;", e[i].fields[k][0],
			    e[i].fields[k][1]);
		(void)snprintf(w->text + at, sizeof(w->text) - at,
		    "%s|%s|%s|%d", e[i].subject == NULL ? "" : e[i].subject,
		    e[i].text == NULL ? "" : e[i].text,
		    e[i].employee_id == NULL ? "" : e[i].employee_id,
		    e[i].day);
	}
	return end_call(results, n, err);
}

#define PUT(name)                                                            \
	static bool                                                          \
	name(void *self, const struct crm_effect *e, size_t n,               \
	    struct put_result *results, struct err *err)                     \
	{                                                                    \
		(void)self;                                                  \
		return put(#name, e, n, results, err);                       \
	}
PUT(fields)
PUT(history)
PUT(feed)
PUT(task)

static bool
put_tags(void *self, const struct crm_tag_write *writes, size_t n,
    struct put_result *results, struct err *err)
{
	(void)self;
	for (size_t i = 0; i < n; i++)
		(void)snprintf(take("tag", writes[i].contact_id,
		    writes[i].prefix)->text, 512, "%s", writes[i].value);
	return end_call(results, n, err);
}

static const struct crm_connector connector = { .effects_max = 2,
	.tags_max = 10, .put_tags = put_tags, .put_fields = fields,
	.put_answer = history, .post_feed = feed, .put_task = task };

/* ---- a run ----------------------------------------------------------------------- */
static struct crm crm;
static struct panel_next next;

static const struct conf_field all_fields[] = {
	{ VALUE_AVERAGE_TOTAL, "avg" }, { VALUE_AVERAGE_30D, "avg30" },
	{ VALUE_RECENT_DATE, "date" }, { VALUE_RECENT_SCORE, "score" },
	{ VALUE_RECENT_TYPE, "type" }, { VALUE_RECENT_COMMENT, "comment" },
	{ VALUE_NEXT_CAMPAIGN, "next" }, { VALUE_NEXT_DATE, "on" },
	{ VALUE_LAST_ASKED, "asked" }, { VALUE_NOT_BEFORE, "free" },
	{ VALUE_ASKED_COUNT, "times" }, { VALUE_OPTED_OUT, "out" } };

static void
show(struct fixture *f, size_t from, size_t n)
{
	f->conf.writeback.fields = (struct grouplist){ all_fields + from, n };
}

static void
forget_next(void)
{
	db_array_reset(&next.connector);
	db_array_reset(&next.contact);
	db_array_reset(&next.campaign);
	next.day = NO_DAY;
}

static void
begin(struct fixture *f)
{
	fixture_tenant(f);
	memset(board, 0, sizeof(*board));
	kill_after = fail_call = false;
	denied = NULL;
	answer_with = PUT_DONE;
	forget_next();
	arena_free(crm.link.scratch);
	crm = (struct crm){ .connector = &connector, .link = { .name = "crm",
		.self = &crm, .scratch = arena_new(65536) } };
	f->stage.crm = &crm;
	f->stage.n_crm = 1;
	f->conf.writeback.comment_max = 255;
	f->conf.writeback.task.at_most = -1;
	f->conf.writeback.task.subject = "NPS ${score}, ${campaign} ${x}";
	f->conf.writeback.task.contact_subject = "Call: ${type}";
	f->conf.writeback.task.due_days = 2;
	f->conf.retention.comment_days = 365;
	f->conf.retention.queue_days = 400;
	f->conf.retention.log_days = 1;
	fixture_exec(f, "INSERT INTO npsync.campaign (tenant_id, campaign_id,"
	    " name, tag_name, listed, seen_at) VALUES ($1::bigint, '4',"
	    " 'Møde', 'Møde', true, now())");
}

static void
run(struct fixture *f)
{
	struct err err = { 0 };

	/* The next run is a later one. */
	clock_set(clock_now() + 60);
	if (!stage_effects(&f->stage, &next, &err))
		fail_msg("%s", err.msg);
}

/* The run of a process that dies in its first write. */
static void
run_killed(struct fixture *f)
{
	int status = 0;
	const pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		kill_after = true;
		run(f);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
answer(struct fixture *f, const char *id, const char *card, int score,
    const char *comment, time_t at)
{
	char iso[32], seen[32];

	(void)clock_iso(iso, at);
	fixture_exec(f, "INSERT INTO npsync.answer (tenant_id, answer_id,"
	    " campaign_id, score, comment, answered_at, changed_at, matched,"
	    " connector, contact_id, first_seen_at) VALUES ($1, '%s', '4', %d,"
	    " nullif('%s', ''), '%s', '%s', 'card', 'crm', '%s', '%s')", id,
	    score, comment, iso, iso, card, clock_iso(seen, clock_now()));
}

static const char *
state(struct fixture *f, const char *kind, const char *subject)
{
	return fixture_text(f, "SELECT state FROM npsync.effect WHERE tenant_id"
	    " = $1 AND kind = '%s' AND target = 'crm' AND subject = '%s'", kind,
	    subject);
}

static int
count_writes(const char *kind)
{
	int n = 0;

	for (int i = 0; i < board->n; i++)
		n += strcmp(board->write[i].kind, kind) == 0;
	return n;
}

static const char *
last(void)
{
	return board->n == 0 ? "" : board->write[board->n - 1].text;
}

/* "seen" is the sum of the other outcomes. */
static void
assert_adds_up(struct fixture *f, const char *kind)
{
	static const char *const outcomes[] = { "written", "unchanged", "gone",
		"rejected", "later", "unknown" };
	const char *source = arena_printf(f->run, "crm %s", kind);
	long long sum = 0;

	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
		sum += runlog_source(&f->log, "effects", source, outcomes[i]);
	assert_int_equal(sum, runlog_source(&f->log, "effects", source, "seen"));
}

/* ---- what a card shows -------------------------------------------------------------- */
static void
test_the_panel_of_the_dynamics_screen(void **state_)	/* B3 */
{
	struct fixture *f = *state_;

	begin(f);
	show(f, 0, 6);
	fixture_card(f, "a", NULL);
	answer(f, "1", "a", 10, "godt", fixture_time(FIXTURE_NIGHT, 1, 34));
	answer(f, "2", "a", 6, "", fixture_time(FIXTURE_NIGHT, 2, 49));
	run(f);
	assert_string_equal(last(), "avg=8.0;avg30=8.0;date=2026-05-06;score=6;"
	    "type=0-6 detractor;comment=;|||0");
	run(f);
	assert_int_equal(board->n, 1);
	assert_string_equal(state(f, "field", "a"), "done");
	assert_adds_up(f, "field");
}

static void
test_without_an_answer_all_is_empty(void **state_)	/* B4 */
{
	struct fixture *f = *state_;

	begin(f);
	show(f, 0, 6);
	fixture_card(f, "a", NULL);
	fixture_card(f, "b", NULL);
	fixture_exec(f, "INSERT INTO npsync.person_send VALUES ($1::bigint, 'a',"
	    " '2026-05-01', 'r', 'own', '4')");
	run(f);
	assert_int_equal(board->n, 0);	/* nothing to show, nothing to clear */
	show(f, 0, 9);
	run(f);
	assert_int_equal(board->n, 1);
	assert_string_equal(last(), "avg=;avg30=;date=;score=;type=;comment=;"
	    "next=;on=;asked=2026-05-01;|||0");
}

static void
test_days_of_the_panel(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	show(f, 0, 2);
	fixture_card(f, "a", NULL);
	/* 29 and 30 days ago, by the calendar. */
	answer(f, "1", "a", 9, "", fixture_time(20260407, 0, 1));
	answer(f, "2", "a", 0, "", fixture_time(20260406, 23, 59));
	answer(f, "3", "a", 1, "", fixture_time(20250101, 12, 0));
	run(f);
	assert_string_equal(last(), "avg=3.3;avg30=9.0;|||0");
	fixture_night(f, 20260507);
	run(f);
	assert_string_equal(last(), "avg=3.3;avg30=;|||0");
}

static void
test_who_was_asked_and_when_again(void **state_)
{
	struct fixture *f = *state_;
	static const struct conf_frequency twice = { SCOPE_ANY, 2, 90,
		FROM_SEND };

	begin(f);
	show(f, 8, 4);
	fixture_card(f, "a", NULL);
	fixture_exec(f, "INSERT INTO npsync.person_send VALUES"
	    " ($1::bigint, 'a', '2026-03-01', 'r1', 'own', '4'),"
	    " ($1::bigint, 'card:a', '2026-03-01', 'r1', 'own', '4'),"
	    " ($1::bigint, 'a', '2026-04-20', 'r2', 'foreign', '4')");
	run(f);
	assert_string_equal(last(),
	    "asked=2026-04-20;free=2026-05-20;times=2;out=;|||0");
	f->conf.rules.frequency = (struct grouplist){ &twice, 1 };
	run(f);
	assert_string_equal(last(),
	    "asked=2026-04-20;free=2026-05-30;times=2;out=;|||0");
	f->conf.rules.count_foreign = false;
	fixture_exec(f, "INSERT INTO npsync.opt_out VALUES ($1::bigint, 'a',"
	    " 'survey', 'all', '2026-05-01T22:30:00Z')");
	run(f);
	assert_string_equal(last(),
	    "asked=2026-03-01;free=;times=1;out=2026-05-02;|||0");
}

static void
test_next_follows_the_row(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	show(f, 6, 2);
	fixture_card(f, "a", NULL);
	db_array_text(&next.connector, "crm");
	db_array_text(&next.contact, "a");
	db_array_text(&next.campaign, "Møde");
	db_array_text(&next.connector, "other");
	db_array_text(&next.contact, "b");
	db_array_text(&next.campaign, "Salg");
	next.day = 20260507;
	run(f);
	assert_string_equal(last(), "next=Møde;on=2026-05-07;|||0");
	run(f);
	assert_int_equal(board->n, 1);
	/* Taken out of the queue. */
	forget_next();
	run(f);
	assert_string_equal(last(), "next=;on=;|||0");
	/* Handed over: until the mail leaves. */
	fixture_exec(f, "UPDATE npsync.queue SET campaign = '4', send_at ="
	    " '2026-05-06T07:00:00Z' WHERE tenant_id = $1 AND queue_id = %lld",
	    fixture_row(f, T_MEET, "a", "state = 'sent'"));
	run(f);
	assert_string_equal(last(), "next=Møde;on=2026-05-06;|||0");
	clock_set(fixture_time(FIXTURE_NIGHT, 9, 7));
	run(f);
	assert_string_equal(last(), "next=;on=;|||0");
	assert_int_equal(board->n, 4);
}

static void
test_a_comment_is_cut_between_letters(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	show(f, 5, 1);
	f->conf.writeback.comment_max = 3;
	fixture_card(f, "a", NULL);
	answer(f, "1", "a", 9, "a😀ø😀", clock_now());
	run(f);
	assert_string_equal(last(), "comment=a😀ø;|||0");
}

static void
test_who_must_not_be_touched(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	show(f, 0, 6);
	f->conf.writeback.history = f->conf.writeback.feed = true;
	f->conf.writeback.task.at_most = 10;
	fixture_card(f, "gone", "gone = true");
	fixture_card(f, "erased", "erased = true");
	fixture_card(f, "anon", NULL);
	answer(f, "1", "gone", 9, "x", clock_now());
	answer(f, "2", "erased", 9, "x", clock_now());
	answer(f, "3", "anon", 9, "x", clock_now());
	fixture_exec(f, "UPDATE npsync.answer SET matched = 'anonymised'"
	    " WHERE tenant_id = $1 AND answer_id = '3'");
	run(f);
	assert_int_equal(board->n, 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.effect"
	    " WHERE tenant_id = $1"), 0);
}

/* ---- until done ----------------------------------------------------------------------- */
static void
test_a_field_is_written_until_it_stands(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	show(f, 3, 1);
	fixture_card(f, "a", NULL);
	answer(f, "1", "a", 9, "", clock_now());
	answer_with = PUT_AGAIN;
	run(f);
	assert_int_equal(board->n, 1);	/* once a run */
	assert_string_equal(state(f, "field", "a"), "wanted");
	fail_call = true;
	run(f);
	assert_true(crm.link.failed);
	assert_string_equal(state(f, "field", "a"), "wanted");
	crm.link.failed = fail_call = false;
	answer_with = PUT_DONE;
	run(f);
	assert_string_equal(state(f, "field", "a"), "done");
	assert_int_equal(board->n, 3);
	assert_adds_up(f, "field");
	/* Put off for ever: it fails, and is shown. */
	answer(f, "2", "a", 8, "", clock_now() + 1);
	answer_with = PUT_AGAIN;
	run(f);
	fixture_exec(f, "UPDATE npsync.effect SET tries = %d WHERE tenant_id ="
	    " $1", EFFECT_TRIES_MAX - 1);
	run(f);
	assert_string_equal(state(f, "field", "a"), "failed");
	run(f);
	assert_int_equal(board->n, 5);
}

static void
test_a_refused_value_waits_for_another(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	show(f, 3, 1);
	fixture_card(f, "a", "facts_at = '2026-01-01Z'");
	answer(f, "1", "a", 9, "", clock_now());
	answer_with = PUT_REJECTED;
	run(f);
	run(f);
	assert_string_equal(state(f, "field", "a"), "failed");
	assert_int_equal(board->n, 1);
	answer(f, "2", "a", 8, "", clock_now());
	answer_with = PUT_GONE;
	run(f);
	run(f);
	assert_int_equal(board->n, 2);
	/* The card was read again since: it is there after all. */
	fixture_exec(f, "UPDATE npsync.contact SET facts_at = '2027-01-01Z'"
	    " WHERE tenant_id = $1");
	answer_with = PUT_DONE;
	run(f);
	assert_string_equal(state(f, "field", "a"), "done");
	assert_int_equal(board->n, 3);
}

/* What the CRM did not have was not written: a post and a task follow when the
 * card is there again, once. */
static void
test_a_card_that_comes_back(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	show(f, 0, 0);
	f->conf.writeback.history = f->conf.writeback.feed = true;
	f->conf.writeback.task.at_most = 10;
	fixture_card(f, "a", "facts_at = '2026-01-01Z'");
	answer(f, "1", "a", 9, "", clock_now());
	answer_with = PUT_GONE;
	run(f);
	assert_int_equal(board->n, 3);
	run(f);
	assert_int_equal(board->n, 3);
	fixture_exec(f, "UPDATE npsync.contact SET facts_at = '2027-01-01Z'"
	    " WHERE tenant_id = $1");
	answer_with = PUT_DONE;
	run(f);
	run(f);
	assert_int_equal(board->n, 6);
	assert_string_equal(state(f, "feed", "1"), "done");
	assert_string_equal(state(f, "task", "1"), "done");
	assert_string_equal(state(f, "history", "1"), "done");
}

static void
test_a_late_comment_changes_the_record_only(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	f->conf.writeback.history = f->conf.writeback.feed = true;
	f->conf.writeback.task.at_most = 6;
	fixture_card(f, "a", "owner_id = 'kam'");
	answer(f, "1", "a", 6, "", fixture_time(FIXTURE_NIGHT, 2, 0));
	run(f);
	assert_int_equal(board->n, 3);
	assert_string_equal(board->write[0].text, "answered_at="
	    "2026-05-06T00:00:00Z;score=6;type=0-6 detractor;campaign_id=4;"
	    "member_id=;wants_contact=no;Møde|||20260506");
	assert_string_equal(board->write[1].text,
	    "|NPS 6 (0-6 detractor), Møde||20260506");
	assert_string_equal(board->write[2].text,
	    "NPS 6, Møde ${x}||kam|20260508");
	fixture_exec(f, "UPDATE npsync.answer SET comment = 'late' WHERE"
	    " tenant_id = $1");
	run(f);
	assert_int_equal(board->n, 4);
	assert_string_equal(board->write[3].ref, "1");
	assert_non_null(strstr(last(), "Møde|late|"));
	assert_adds_up(f, "history");
	assert_adds_up(f, "feed");
	/* Retention takes the words here, not those in the CRM. */
	fixture_exec(f, "UPDATE npsync.answer SET comment = NULL WHERE"
	    " tenant_id = $1");
	f->conf.retention.comment_days = 0;
	run(f);
	assert_int_equal(board->n, 4);
}

static void
test_who_gets_a_task(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	f->conf.writeback.task.at_most = 6;
	f->conf.writeback.task.to = TASK_TO_EMPLOYEE;
	/* Friday before a holiday on Thursday: Saturday and Sunday are none. */
	fixture_night(f, 20260508);
	fixture_card(f, "a", "owner_id = 'kam'");
	answer(f, "1", "a", 7, "", clock_now());
	run(f);
	assert_int_equal(board->n, 0);
	fixture_exec(f, "UPDATE npsync.answer SET wants_contact = true WHERE"
	    " tenant_id = $1");
	run(f);
	assert_int_equal(board->n, 1);
	/* The event's employee is not known: the other one. */
	assert_string_equal(last(), "Call: 7-8 passive||kam|20260512");
}

static void
test_old_answers_make_records_only(void **state_)
{
	struct fixture *f = *state_;
	char iso[32];

	begin(f);
	f->conf.writeback.history = f->conf.writeback.feed = true;
	f->conf.writeback.task.at_most = 6;
	fixture_card(f, "a", NULL);
	answer(f, "1", "a", 3, "", clock_now() - 8 * 86400);
	answer(f, "2", "a", 3, "", clock_now());
	fixture_exec(f, "UPDATE npsync.answer SET first_seen_at = '%s' WHERE"
	    " tenant_id = $1 AND answer_id = '2'", clock_iso(iso,
	        clock_now() - 8 * 86400));
	run(f);
	assert_int_equal(count_writes("history"), 2);
	assert_int_equal(board->n, 2);
}

/* ---- killed between the write and its note -------------------------------------------- */
static void
test_killed_in_a_write(void **state_)
{
	static const struct { const char *kind, *write, *subject, *state; int n; }
	    kinds[] = { { "field", "fields", "a", "done", 2 },
		{ "history", "history", "1", "done", 2 },
		{ "feed", "feed", "1", "unknown", 1 },
		{ "task", "task", "1", "unknown", 1 },
		{ "opt_out", "tag", "a", "done", 2 } };
	struct fixture *f = *state_;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		begin(f);
		if (i == 0)
			show(f, 0, 6);
		f->conf.writeback.history = i == 1;
		f->conf.writeback.feed = i == 2;
		f->conf.writeback.task.at_most = i == 3 ? 6 : -1;
		f->conf.writeback.opt_outs = i == 4;
		fixture_card(f, "a", NULL);
		answer(f, "1", "a", 3, "", clock_now());
		fixture_exec(f, "INSERT INTO npsync.opt_out VALUES ($1::bigint,"
		    " 'a', 'survey', 'all', now())");
		run_killed(f);
		run(f);
		run(f);
		if (count_writes(kinds[i].write) != kinds[i].n)
			fail_msg("%s: %d", kinds[i].kind,
			    count_writes(kinds[i].write));
		assert_string_equal(state(f, kinds[i].kind, kinds[i].subject),
		    kinds[i].state);
	}
}

static void
test_the_unknown_is_shown_and_settled(void **state_)
{
	struct fixture *f = *state_;
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	long long n = 0;

	begin(f);
	f->conf.writeback.feed = true;
	fixture_card(f, "a", NULL);
	answer(f, "1", "a", 3, "", clock_now());
	answer(f, "2", "a", 3, "", clock_now());
	answer(f, "3", "a", 3, "", clock_now());
	answer_with = PUT_UNKNOWN;
	run(f);
	answer_with = PUT_DONE;
	assert_int_equal(board->n, 3);
	assert_true(effect_list_doubtful(f->db, f->tenant.id, clock_now() - 60,
	    f->scratch, &r, &err));
	assert_int_equal(db_rows(r), 3);
	assert_string_equal(db_text(r, 0, 0), "feed");
	assert_string_equal(db_text(r, 0, 1), "crm");
	assert_string_equal(db_text(r, 2, 4), "3");
	assert_true(effect_resolve(f->db, f->tenant.id, "feed", "1",
	    EFFECT_DONE, clock_now(), f->scratch, &n, &err) && n == 1);
	assert_true(effect_resolve(f->db, f->tenant.id, "feed", "2",
	    EFFECT_WANTED, clock_now(), f->scratch, &n, &err) && n == 1);
	assert_true(effect_resolve(f->db, f->tenant.id, "feed", "1",
	    EFFECT_WANTED, clock_now(), f->scratch, &n, &err) && n == 0);
	run(f);
	assert_int_equal(board->n, 4);
	assert_string_equal(board->write[3].ref, "2");
	assert_string_equal(state(f, "feed", "3"), "unknown");
	assert_adds_up(f, "feed");
}

/* What the connector had told before its call failed counts. */
static void
test_a_call_that_fails(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	f->conf.writeback.feed = true;
	fixture_card(f, "a", NULL);
	answer(f, "1", "a", 3, "", clock_now());
	fail_call = true;
	answer_with = PUT_AGAIN;
	run(f);
	assert_true(crm.link.failed);
	assert_string_equal(state(f, "feed", "1"), "wanted");
	crm.link.failed = false;
	answer_with = PUT_UNKNOWN;
	run(f);
	assert_string_equal(state(f, "feed", "1"), "unknown");
	crm.link.failed = fail_call = false;
	run(f);
	assert_int_equal(board->n, 2);
}

/* "abc": in which order cards were written, since that write. */
static const char *
order(int since)
{
	static char text[WRITES_MAX + 1];
	int n = 0;

	for (int i = since; i < board->n; i++)
		text[n++] = board->write[i].contact[0];
	text[n] = '\0';
	return text;
}

static void
five_cards(struct fixture *f)
{
	for (int i = 0; i < 5; i++) {
		char id[2] = { (char)('1' + i), '\0' };
		char card[2] = { (char)('a' + i), '\0' };
		fixture_card(f, card, NULL);
		answer(f, id, card, 9, "", clock_now() - 60 + i);
	}
}

/* One card that we may not write stops no other, and comes last from then on. */
static void
test_a_card_that_is_denied(void **state_)
{
	static const char *const kinds[] = { "field", "history", "feed" };
	struct fixture *f = *state_;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		begin(f);
		if (i == 0)
			show(f, 3, 1);
		f->conf.writeback.history = i == 1;
		f->conf.writeback.feed = i == 2;
		five_cards(f);
		denied = "a";
		run(f);
		assert_string_equal(order(0), "abcde");
		assert_false(crm.link.failed);
		assert_int_equal(crm.link.aside.kind, ERR_NONE);
		assert_string_equal(state(f, kinds[i], i == 0 ? "a" : "1"),
		    "wanted");
		assert_string_equal(state(f, kinds[i], i == 0 ? "e" : "5"),
		    "done");
		assert_adds_up(f, kinds[i]);
		answer(f, "6", "c", 8, "", clock_now());
		run(f);
		assert_string_equal(order(5), "ca");
		denied = NULL;
		run(f);
		assert_string_equal(order(7), "a");
		assert_string_equal(state(f, kinds[i], i == 0 ? "a" : "1"),
		    "done");
		show(f, 0, 0);
		f->conf.writeback.history = f->conf.writeback.feed = false;
	}
}

/* Three cards one after the other: that is not the cards.  Several answers of
 * one card are one. */
static void
test_all_cards_are_denied(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	show(f, 3, 1);
	f->conf.writeback.history = true;
	five_cards(f);
	denied = "abcde";
	run(f);
	/* The connector takes two at a time; records are another permission. */
	assert_string_equal(order(0), "abcdabcd");
	assert_false(crm.link.failed);
	assert_int_equal(crm.link.aside.kind, ERR_AUTH);
	assert_string_equal(crm.link.aside.msg, "field: the CRM denies three "
	    "cards one after the other: may the user of npsync write this?");
	assert_string_equal(state(f, "field", "a"), "wanted");
	assert_string_equal(state(f, "field", "e"), "wanted");
	/* Four that were denied before stand one after the other. */
	crm.link.aside.kind = ERR_NONE;
	denied = "abcd";
	run(f);
	assert_string_equal(order(8), "eabcdeabcd");
	assert_int_equal(crm.link.aside.kind, ERR_NONE);
	assert_string_equal(state(f, "field", "d"), "wanted");
	assert_string_equal(state(f, "field", "e"), "done");
	denied = "abd";
	run(f);
	assert_string_equal(order(18), "abcdabcd");
	assert_int_equal(crm.link.aside.kind, ERR_NONE);
	/* None of three: told again, though each was denied before. */
	run(f);
	assert_string_equal(order(26), "abdabd");
	assert_int_equal(crm.link.aside.kind, ERR_AUTH);
	assert_string_equal(crm.link.aside.msg, "field: the CRM denies every "
	    "card: may the user of npsync write this?");
	assert_false(crm.link.failed);
	crm.link.aside.kind = ERR_NONE;
	/* Two cards, one of them twice. */
	denied = "ab";
	answer(f, "7", "a", 8, "", clock_now() - 100);
	answer(f, "8", "b", 7, "", clock_now() - 99);
	answer(f, "9", "a", 7, "", clock_now() - 98);
	show(f, 0, 0);
	run(f);
	assert_int_equal(crm.link.aside.kind, ERR_NONE);
	f->conf.writeback.history = false;
}

/* What was put off before, for another reason, is new when it is denied. */
static void
test_put_off_is_not_denied(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	show(f, 3, 1);
	five_cards(f);
	answer_with = PUT_AGAIN;
	run(f);
	assert_string_equal(order(0), "abcde");
	answer_with = PUT_DONE;
	denied = "abcde";
	run(f);
	assert_string_equal(order(5), "abcd");
	assert_string_equal(crm.link.aside.msg, "field: the CRM denies three "
	    "cards one after the other: may the user of npsync write this?");
	show(f, 0, 0);
}

/* A denial is the card's, also when the call fails for another one. */
static void
test_denied_in_a_call_that_fails(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	show(f, 3, 1);
	five_cards(f);
	denied = "a";
	fail_call = true;
	answer_with = PUT_UNKNOWN;
	run(f);
	assert_true(crm.link.failed);
	assert_string_equal(fixture_text(f, "SELECT string_agg(subject || tries"
	    " || coalesce(' ' || reason, ''), ', ' ORDER BY subject) FROM"
	    " npsync.effect WHERE tenant_id = $1 AND kind = 'field'"),
	    "a1 denied: HTTP 403, b0, c0, d0, e0");
	show(f, 0, 0);
}

/* Of opt-outs, too, those denied before say nothing new, and come last. */
static void
test_opt_outs_that_are_denied(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	f->conf.writeback.opt_outs = true;
	for (int i = 0; i < 5; i++) {
		const char id[] = { (char)('a' + i), '\0' };
		fixture_card(f, id, NULL);
		if (i < 3)
			fixture_exec(f, "INSERT INTO npsync.opt_out VALUES"
			    " ($1::bigint, '%s', 'survey', 'all', now())", id);
	}
	denied = "abc";
	run(f);
	assert_string_equal(order(0), "abc");
	assert_int_equal(crm.link.aside.kind, ERR_AUTH);
	crm.link.aside.kind = ERR_NONE;
	fixture_exec(f, "INSERT INTO npsync.opt_out VALUES ($1::bigint, 'd',"
	    " 'survey', 'all', now()), ($1::bigint, 'e', 'survey', 'all', now())");
	run(f);
	assert_string_equal(order(3), "deabc");
	assert_int_equal(crm.link.aside.kind, ERR_NONE);
	assert_string_equal(state(f, "opt_out", "d"), "done");
	assert_string_equal(state(f, "opt_out", "a"), "wanted");
	/* None of three: told again. */
	run(f);
	assert_int_equal(crm.link.aside.kind, ERR_AUTH);
	assert_non_null(strstr(crm.link.aside.msg, "denies every card"));
	/* Too often; a day later the right is there again. */
	crm.link.aside.kind = ERR_NONE;
	denied = "";
	fixture_exec(f, "UPDATE npsync.effect SET state = 'failed', tries = 100"
	    " WHERE tenant_id = $1 AND subject IN ('a', 'b')");
	fixture_exec(f, "UPDATE npsync.effect SET updated_at = updated_at -"
	    " interval '25 hours' WHERE tenant_id = $1 AND subject = 'a'");
	run(f);
	assert_string_equal(state(f, "opt_out", "a"), "done");
	assert_string_equal(state(f, "opt_out", "b"), "failed");
	assert_string_equal(state(f, "opt_out", "c"), "done");
	f->conf.writeback.opt_outs = false;
}

static void
test_nothing_without_the_lease(void **state_)
{
	struct fixture *f = *state_;
	struct err err = { 0 };

	begin(f);
	show(f, 0, 6);
	fixture_card(f, "a", NULL);
	answer(f, "1", "a", 3, "", clock_now());
	fixture_takeover(f);
	assert_false(stage_effects(&f->stage, &next, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	f->conf.writeback.fields.n = 0;
	f->conf.writeback.feed = true;
	assert_false(stage_effects(&f->stage, &next, &err));
	assert_int_equal(err.kind, ERR_BUSY);
	assert_int_equal(board->n, 0);
}

/* ---- who declined ------------------------------------------------------------------------ */
static void
test_a_refusal_becomes_a_tag_once(void **state_)
{
	struct fixture *f = *state_;

	begin(f);
	f->conf.writeback.opt_outs = true;
	fixture_card(f, "a", NULL);
	fixture_card(f, "known", "no_send = true");
	fixture_card(f, "flag", "opted_out = true");
	fixture_card(f, "erased", NULL);
	fixture_exec(f, "INSERT INTO npsync.opt_out VALUES"
	    " ($1::bigint, 'a', 'survey', 'all', now()),"
	    " ($1::bigint, 'card:a', 'survey', 'all', now()),"
	    " ($1::bigint, 'known', 'survey', 'all', now()),"
	    " ($1::bigint, 'flag', 'survey', 'all', now()),"
	    " ($1::bigint, 'erased', 'erased', 'all', now())");
	run(f);
	assert_int_equal(board->n, 1);
	assert_string_equal(last(), "NPSToday.NoSend");
	assert_string_equal(board->write[0].contact, "a");
	assert_string_equal(board->write[0].ref, "");	/* replaces nothing */
	/* Taken away by hand: that is somebody's decision. */
	run(f);
	assert_int_equal(board->n, 1);
	assert_adds_up(f, "opt_out");
}

/* ---- how long rows live, and whose they are ------------------------------------------------ */
static void
test_rows_outlive_what_could_want_them(void **state_)
{
	struct fixture *f = *state_;
	struct err err = { 0 };

	begin(f);
	f->conf.retention.queue_days = 30;
	f->conf.writeback.opt_outs = f->conf.writeback.history = true;
	f->conf.writeback.feed = true;
	show(f, 0, 6);
	fixture_card(f, "a", NULL);
	answer(f, "1", "a", 3, "x", clock_now());
	fixture_exec(f, "INSERT INTO npsync.opt_out VALUES ($1::bigint, 'a',"
	    " 'survey', 'all', now())");
	run(f);
	assert_int_equal(board->n, 4);
	fixture_night(f, 20260604);	/* 29 days */
	assert_true(stage_retention(&f->stage, &err));
	assert_string_equal(state(f, "feed", "1"), "done");
	fixture_night(f, 20260607);
	assert_true(stage_retention(&f->stage, &err));
	assert_string_equal(state(f, "feed", "1"), "");
	run(f);
	assert_int_equal(count_writes("feed"), 1);
	assert_int_equal(count_writes("history"), 1);
	assert_int_equal(count_writes("tag"), 1);
	/* With the card its rows go. */
	fixture_exec(f, "UPDATE npsync.answer SET contact_id = NULL WHERE"
	    " tenant_id = $1");
	fixture_exec(f, "DELETE FROM npsync.contact WHERE tenant_id = $1");
	assert_true(stage_retention(&f->stage, &err));
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.effect"
	    " WHERE tenant_id = $1 AND kind <> 'history'"), 0);
}

static void
test_erased_with_the_person(void **state_)
{
	struct fixture *f = *state_;
	AUTO(db_result) struct db_result *r = NULL;
	const struct subject_given given = { .connector = "crm",
		.contact_id = "a" };
	struct subject s;
	struct err err = { 0 };
	long long id = 0;

	begin(f);
	f->conf.writeback.opt_outs = f->conf.writeback.history = true;
	f->conf.writeback.feed = true;
	f->conf.writeback.task.at_most = 10;
	show(f, 0, 6);
	fixture_card(f, "a", NULL);
	fixture_card(f, "b", NULL);
	answer(f, "1", "a", 3, "x", clock_now());
	answer(f, "2", "b", 3, "x", clock_now());
	fixture_exec(f, "INSERT INTO npsync.opt_out VALUES ($1::bigint, 'a',"
	    " 'survey', 'all', now())");
	run(f);
	assert_int_equal(board->n, 9);
	subject_init(&s);
	assert_true(subject_find(f->db, &f->tenant, &given, f->scratch, &s,
	    &err));
	assert_true(subject_count(f->db, &s, f->scratch, &r, &err));
	for (int i = 0; i < db_rows(r); i++)
		if (strcmp(db_text(r, i, 0), "effects") == 0)
			assert_int_equal(db_int(r, i, 1), 5);
	const struct erasure_order order = { .actor = "test",
		.now = clock_now(), .survey = "survey",
		.tag_prefix = "NPSToday" };
	const struct erasure_known known = { .completed_at = NO_TIME };
	if (!erasure_begin(f->db, &f->tenant, &s, &order, &known, f->scratch,
	        &id, &err))
		fail_msg("%s", err.msg);
	subject_free(&s);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.effect"
	    " WHERE tenant_id = $1"), 4);
	run(f);
	assert_int_equal(board->n, 9);
}

/* ---- texts ---------------------------------------------------------------------------------- */
static void
test_due_days(void **state_)
{
	const struct fixture *f = *state_;
	const struct calendar *cal = &f->conf.calendar;

	/* Ascension is Thursday 14 May 2026. */
	assert_int_equal(effects_due_day(cal, 20260508, 0), 20260508);
	assert_int_equal(effects_due_day(cal, 20260509, 0), 20260511);
	assert_int_equal(effects_due_day(cal, 20260508, 2), 20260512);
	assert_int_equal(effects_due_day(cal, 20260513, 1), 20260515);
}

static int
start(void **state_)
{
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		return -1;
	db_array_init(&next.connector);
	db_array_init(&next.contact);
	db_array_init(&next.campaign);
	return fixture_start(state_);
}

static int
stop(void **state_)
{
	db_array_free(&next.connector);
	db_array_free(&next.contact);
	db_array_free(&next.campaign);
	arena_free(crm.link.scratch);
	(void)munmap(board, sizeof(*board));
	return fixture_stop(state_);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_panel_of_the_dynamics_screen),
		cmocka_unit_test(test_without_an_answer_all_is_empty),
		cmocka_unit_test(test_days_of_the_panel),
		cmocka_unit_test(test_who_was_asked_and_when_again),
		cmocka_unit_test(test_next_follows_the_row),
		cmocka_unit_test(test_a_comment_is_cut_between_letters),
		cmocka_unit_test(test_who_must_not_be_touched),
		cmocka_unit_test(test_a_field_is_written_until_it_stands),
		cmocka_unit_test(test_a_refused_value_waits_for_another),
		cmocka_unit_test(test_a_card_that_comes_back),
		cmocka_unit_test(test_a_late_comment_changes_the_record_only),
		cmocka_unit_test(test_who_gets_a_task),
		cmocka_unit_test(test_old_answers_make_records_only),
		cmocka_unit_test(test_killed_in_a_write),
		cmocka_unit_test(test_the_unknown_is_shown_and_settled),
		cmocka_unit_test(test_a_call_that_fails),
		cmocka_unit_test(test_a_card_that_is_denied),
		cmocka_unit_test(test_all_cards_are_denied),
		cmocka_unit_test(test_put_off_is_not_denied),
		cmocka_unit_test(test_denied_in_a_call_that_fails),
		cmocka_unit_test(test_opt_outs_that_are_denied),
		cmocka_unit_test(test_nothing_without_the_lease),
		cmocka_unit_test(test_a_refusal_becomes_a_tag_once),
		cmocka_unit_test(test_rows_outlive_what_could_want_them),
		cmocka_unit_test(test_erased_with_the_person),
		cmocka_unit_test(test_due_days),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
