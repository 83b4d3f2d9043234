/*
 * Tags as commands: Skip takes a card's open rows out once, Ask makes a row;
 * both are done once, however often the tag is seen, and again when it is set
 * again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "campaign.h"
#include "cli_fix.h"
#include "fixture.h"
#include "stage_command.h"
#include "stage_writeback.h"
#include "tag_command.h"

#define SKIP "NPSToday.Skip"
#define ASK "NPSToday.Ask.Møde"

/* ---- a CRM whose cards are what the test says ----------------------------- */
static struct {
	char removed[16][64];
	size_t n;
	enum put_outcome outcome;
} crm_side;

static bool
crm_put(void *self, const struct crm_tag_write *writes, size_t n,
    struct put_result *results, struct err *err)
{
	(void)self;
	(void)err;
	for (size_t i = 0; i < n; i++) {
		results[i] = (struct put_result){ .outcome = crm_side.outcome };
		if (writes[i].value == NULL && crm_side.n < 16)
			(void)snprintf(crm_side.removed[crm_side.n++], 64,
			    "%s", writes[i].old);
	}
	return true;
}

static const struct crm_connector connector = { .put_tags = crm_put };
static struct crm crm = { .link = { .name = "crm", .self = &crm_side },
	.connector = &connector };
static struct conf_trigger triggers[T_COUNT + 1];

static void
name_campaign(struct fixture *f, const char *id, const char *name)
{
	struct campaign_page page;
	struct err err = { 0 };

	campaign_page_init(&page);
	/* Not the service's whole list: it is said below that it lists it. */
	if (!campaign_page_add(&page, id, name, f->scratch, &err) ||
	    !campaign_put(f->db, f->tenant.id, &page, false, clock_now(),
	        f->scratch, &err))
		fail_msg("%s", err.msg);
	campaign_page_free(&page);
	fixture_exec(f, "UPDATE npsync.campaign SET listed = true"
	    " WHERE tenant_id = $1");
}

static void
setup(struct fixture *f)
{
	fixture_tenant(f);
	memcpy(triggers, f->trigger, sizeof(f->trigger));
	triggers[T_COUNT] = triggers[T_MEET];
	triggers[T_COUNT].code = "manual";
	f->conf.triggers = triggers;
	f->conf.n_triggers = T_COUNT + 1;
	f->rules.tag_prefix = "NPSToday";
	crm_side.n = 0;
	crm_side.outcome = PUT_DONE;
	f->stage.crm = &crm;
	f->stage.n_crm = 1;
	name_campaign(f, "7749", "Møde");
}

/* The card as the CRM shows it now. */
static void
card(struct fixture *f, const char *id, const char *tag)
{
	const char *const tags[] = { "Kunde", tag, NULL };
	const struct crm_contact c = { .contact_id = id,
		.email = arena_printf(f->run, "%s@kunde.dk", id),
		.tags = tags, .consent_at = NO_TIME };

	fixture_pull_contact(f, "crm", &c, false);
}

static void
commands(struct fixture *f)
{
	struct err err = { 0 };

	if (!stage_command(&f->stage, &err))
		fail_msg("%s", err.msg);
}

static void
writeback(struct fixture *f)
{
	struct err err = { 0 };

	if (!stage_writeback(&f->stage, &err))
		fail_msg("%s", err.msg);
}

static void
later(int hours)
{
	clock_set(clock_now() + hours * 3600);
}

static const char *
command(struct fixture *f)
{
	return fixture_text(f, "SELECT string_agg(command || ' ' || state, ', '"
	    " ORDER BY command) FROM npsync.tag_command WHERE tenant_id = $1");
}

static long long
rows(struct fixture *f, const char *state)
{
	return fixture_int(f, "SELECT count(*) FROM npsync.queue WHERE"
	    " tenant_id = $1 AND state = '%s'", state);
}

static long long
counted(struct fixture *f, const char *outcome)
{
	return runlog_get(&f->log, "command", outcome);
}

/* ---- Skip ------------------------------------------------------------------- */
static void
test_skip(void **state)
{
	struct fixture *f = *state;

	setup(f);
	card(f, "anna", SKIP);
	card(f, "bo", NULL);
	const long long one = fixture_row(f, T_MEET, "anna", NULL);
	const long long two = fixture_row(f, T_SALE, "anna",
	    "state = 'held', reason = 'flood'");
	const long long other = fixture_row(f, T_MEET, "bo", NULL);
	const long long gone = fixture_row(f, T_MEET, "anna",
	    "state = 'sent', due_night = '2026-05-05'");
	commands(f);
	assert_string_equal(fixture_state(f, one), "excluded by tag: " SKIP);
	assert_string_equal(fixture_state(f, two), "excluded by tag: " SKIP);
	assert_string_equal(fixture_state(f, other), "queued");
	assert_string_equal(fixture_state(f, gone), "sent");
	assert_string_equal(fixture_preview(f, one), "excluded");
	assert_string_equal(fixture_text(f, "SELECT actor || ' ' || detail FROM"
	    " npsync.queue_history WHERE tenant_id = $1 AND queue_id = %lld", one),
	    "tag by tag: " SKIP);
	assert_string_equal(fixture_text(f, "SELECT string_agg(concat_ws(' ',"
	    " actor, action, detail), ', ') FROM npsync.audit WHERE"
	    " tenant_id = $1"), "tag exclude by tag: " SKIP
	    ", tag exclude by tag: " SKIP);
	assert_int_equal(counted(f, "skipped"), 1);
	assert_int_equal(counted(f, "seen"), 1);
	/* It is not NoSend. */
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.contact"
	    " WHERE tenant_id = $1 AND no_send"), 0);
	fixture_assert_history(f);
}

/* Seen again and again before the CRM shows it removed; then set again. */
static void
test_once(void **state)
{
	struct fixture *f = *state;

	setup(f);
	card(f, "anna", SKIP);
	(void)fixture_row(f, T_MEET, "anna", NULL);
	commands(f);
	assert_string_equal(command(f), "skip acted");
	const long long later_row = fixture_row(f, T_CASE, "anna", NULL);
	for (int i = 0; i < 3; i++) {
		writeback(f);
		later(1);
		card(f, "anna", i == 1 ? " " SKIP : SKIP);
		commands(f);
		assert_string_equal(command(f), "skip removed");
	}
	assert_int_equal(crm_side.n, 1);
	assert_string_equal(crm_side.removed[0], SKIP);
	assert_string_equal(fixture_state(f, later_row), "queued");
	/* An administrator puts the row back: it stays. */
	assert_int_equal(rows(f, "excluded"), 1);
	/* A day later it is still there: written once more, as it stands. */
	later(24);
	card(f, "anna", SKIP);
	commands(f);
	writeback(f);
	assert_int_equal(crm_side.n, 2);
	assert_string_equal(fixture_state(f, later_row), "queued");
	/* Gone at last, and set again by the seller. */
	later(1);
	card(f, "anna", NULL);
	commands(f);
	assert_string_equal(command(f), "");
	later(1);
	card(f, "anna", SKIP);
	commands(f);
	assert_string_equal(fixture_state(f, later_row), "excluded by tag: " SKIP);
	assert_string_equal(command(f), "skip acted");
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.audit WHERE"
	    " tenant_id = $1 AND action = 'remove tag'"), 2);
}

static void
test_skip_waits_for_a_row(void **state)
{
	struct fixture *f = *state;

	setup(f);
	card(f, "anna", SKIP);
	commands(f);
	assert_string_equal(command(f), "skip open");
	assert_int_equal(counted(f, "open"), 1);
	writeback(f);
	assert_int_equal(crm_side.n, 0);
	/* Both looks of a night count it once. */
	commands(f);
	assert_int_equal(counted(f, "open"), 1);
	const long long row = fixture_row(f, T_MEET, "anna", NULL);
	commands(f);
	assert_string_equal(fixture_state(f, row), "excluded by tag: " SKIP);
	writeback(f);
	assert_int_equal(crm_side.n, 1);
	/* Taken off before there was a row. */
	card(f, "bo", SKIP);
	commands(f);
	card(f, "bo", NULL);
	commands(f);
	const long long bo = fixture_row(f, T_MEET, "bo", NULL);
	commands(f);
	assert_string_equal(fixture_state(f, bo), "queued");
}

/* Decided, and then the tag is seen: the claim does not take the row. */
static void
test_skip_after_decide(void **state)
{
	struct fixture *f = *state;
	struct queue_claimed *claimed;

	setup(f);
	card(f, "anna", NULL);
	card(f, "bo", NULL);
	const long long row = fixture_row(f, T_MEET, "anna", NULL);
	const long long other = fixture_row(f, T_MEET, "bo", NULL);
	fixture_decide(f);
	assert_string_equal(fixture_state(f, row), "due");
	assert_string_equal(fixture_state(f, other), "due");
	card(f, "anna", SKIP);
	commands(f);
	assert_int_equal(fixture_claim(f, 10, &claimed), 1);
	assert_int_equal(claimed[0].queue_id, other);
	/* What is on its way cannot be taken back: the Skip waits. */
	card(f, "bo", SKIP);
	commands(f);
	assert_string_equal(fixture_state(f, other), "sending");
	assert_string_equal(fixture_text(f, "SELECT state FROM npsync.tag_command"
	    " WHERE tenant_id = $1 AND contact_id = 'bo'"), "open");
}

/* ---- Ask -------------------------------------------------------------------- */
static void
test_ask(void **state)
{
	struct fixture *f = *state;

	setup(f);
	card(f, "anna", "NPSToday.ask.MØDE");
	commands(f);
	assert_string_equal(command(f), "ask.møde acted");
	assert_string_equal(fixture_text(f, "SELECT concat_ws(' ', trigger,"
	    " contact_id, campaign_wanted, state) FROM npsync.queue"
	    " WHERE tenant_id = $1"), "manual anna 7749 queued");
	assert_string_equal(fixture_text(f, "SELECT concat_ws(' ', actor,"
	    " from_state, to_state, detail) FROM npsync.queue_history"
	    " WHERE tenant_id = $1"), "tag none queued NPSToday.ask.MØDE");
	assert_string_equal(fixture_text(f, "SELECT concat_ws(' ', actor, action,"
	    " detail) FROM npsync.audit WHERE tenant_id = $1"),
	    "tag enqueue NPSToday.ask.MØDE");
	assert_int_equal(counted(f, "enqueued"), 1);
	/* The same tag again asks nobody. */
	writeback(f);
	assert_string_equal(crm_side.removed[0], "NPSToday.ask.MØDE");
	for (int i = 0; i < 3; i++) {
		later(13);
		card(f, "anna", "NPSToday.ask.MØDE");
		commands(f);
		writeback(f);
	}
	assert_int_equal(rows(f, "queued"), 1);
	/* Through all rules. */
	fixture_decide(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue WHERE"
	    " tenant_id = $1 AND due_night IS NOT NULL AND campaign = '7749'"), 1);
	/* Set again another day: another row. */
	card(f, "anna", NULL);
	commands(f);
	later(24);
	card(f, "anna", ASK);
	commands(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue"
	    " WHERE tenant_id = $1"), 2);
}

static const char *
reason(struct fixture *f)
{
	return fixture_text(f, "SELECT string_agg(reason, ', ') FROM"
	    " npsync.tag_command WHERE tenant_id = $1");
}

/* Nothing is guessed: a name that is near, or no campaign's any more. */
static void
test_ask_unknown(void **state)
{
	static const char *const tags[] = { "NPSToday.Ask.Mød",
		"NPSToday.Ask.Møde 2", "NPSToday.Ask.7749", "NPSToday.Ask.Salg" };
	AUTO(db_result) struct db_result *r = NULL;
	struct fixture *f = *state;
	struct err err = { 0 };

	setup(f);
	name_campaign(f, "8001", "Salg");
	fixture_exec(f, "UPDATE npsync.campaign SET listed = campaign_id <> '8001'"
	    " WHERE tenant_id = $1");
	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		card(f, arena_printf(f->run, "c%zu", i), tags[i]);
	commands(f);
	writeback(f);
	assert_int_equal(crm_side.n, 0);
	assert_int_equal(rows(f, "queued"), 0);
	assert_true(tag_command_waiting(f->db, f->tenant.id, 10, f->scratch, &r,
	    &err));
	assert_int_equal(db_rows(r), ARRAY_LEN(tags));
	for (int i = 0; i < db_rows(r); i++)
		assert_string_equal(db_text(r, i, 3),
		    "the survey service has no campaign of that name");
	/* The service gets it: now it is done. */
	name_campaign(f, "8002", "Mød");
	fixture_exec(f, "UPDATE npsync.campaign SET listed = campaign_id <> '8001'"
	    " WHERE tenant_id = $1");
	commands(f);
	assert_int_equal(rows(f, "queued"), 1);
}

static void
test_ask_without_trigger(void **state)
{
	struct fixture *f = *state;

	setup(f);
	f->conf.n_triggers = T_COUNT;
	card(f, "anna", ASK);
	commands(f);
	assert_int_equal(rows(f, "queued"), 0);
	assert_string_equal(reason(f),
	    "trigger.manual is missing in the configuration, or off");
	f->conf.n_triggers = T_COUNT + 1;
	commands(f);
	assert_int_equal(rows(f, "queued"), 1);
	assert_string_equal(reason(f), "");
}

/* Both on one card: nobody is asked. */
static void
test_skip_and_ask(void **state)
{
	const char *const tags[] = { ASK, SKIP, NULL };
	const struct crm_contact c = { .contact_id = "anna",
		.email = "anna@kunde.dk", .tags = tags, .consent_at = NO_TIME };
	struct fixture *f = *state;

	setup(f);
	fixture_pull_contact(f, "crm", &c, false);
	commands(f);
	assert_int_equal(rows(f, "excluded"), 1);
	assert_int_equal(rows(f, "queued"), 0);
	assert_string_equal(command(f), "ask.møde acted, skip acted");
	writeback(f);
	assert_int_equal(crm_side.n, 2);
}

/* ---- what else may happen ----------------------------------------------------- */
static void
test_refused_and_failed(void **state)
{
	struct fixture *f = *state;

	setup(f);
	card(f, "anna", ASK);
	commands(f);
	crm_side.outcome = PUT_AGAIN;
	writeback(f);
	assert_string_equal(command(f), "ask.møde acted");
	later(1);
	crm_side.outcome = PUT_REJECTED;
	writeback(f);
	assert_string_equal(command(f), "ask.møde refused");
	later(1);
	card(f, "anna", ASK);
	commands(f);
	writeback(f);
	assert_int_equal(crm_side.n, 2);
	assert_int_equal(rows(f, "queued"), 1);
}

/* They come in the same order each night, so three in a row end nothing; but a
 * night that may remove none says so, every time. */
static void
test_no_right_to_remove(void **state)
{
	struct fixture *f = *state;

	setup(f);
	card(f, "anna", ASK);
	card(f, "bo", ASK);
	card(f, "carl", ASK);
	card(f, "dora", ASK);
	commands(f);
	crm_side.outcome = PUT_DENIED;
	for (int i = 0; i < 2; i++) {
		crm.link.aside = (struct err){ .kind = ERR_NONE };
		writeback(f);
		later(1);
		assert_int_equal(crm.link.aside.kind, ERR_AUTH);
		assert_false(crm.link.failed);
	}
	assert_int_equal(crm_side.n, 8);
	crm.link.aside = (struct err){ .kind = ERR_NONE };
	crm_side.outcome = PUT_DONE;
	writeback(f);
	assert_int_equal(crm.link.aside.kind, ERR_NONE);
}

/* Cards that one export lacked, that were erased, of an older prefix. */
static void
test_cards(void **state)
{
	struct fixture *f = *state;

	setup(f);
	card(f, "anna", SKIP);
	card(f, "bo", "NPSToday.NoSend");
	card(f, "cia", "Other.Skip");
	(void)fixture_row(f, T_MEET, "anna", NULL);
	commands(f);
	assert_string_equal(command(f), "skip acted");
	fixture_exec(f, "UPDATE npsync.contact SET gone = true"
	    " WHERE tenant_id = $1");
	commands(f);
	assert_string_equal(command(f), "skip acted");
	card(f, "anna", SKIP);
	const long long row = fixture_row(f, T_MEET, "anna", NULL);
	commands(f);
	assert_string_equal(fixture_state(f, row), "queued");
	fixture_exec(f, "UPDATE npsync.contact SET erased = true, commands = '{}'"
	    " WHERE tenant_id = $1");
	commands(f);
	assert_string_equal(command(f), "");
}

/* A run that lost its lease moves nothing. */
static void
test_lost_lease(void **state)
{
	struct fixture *f = *state;

	setup(f);
	card(f, "anna", SKIP);
	card(f, "bo", ASK);
	const long long row = fixture_row(f, T_MEET, "anna", NULL);
	fixture_takeover(f);
	commands(f);
	assert_string_equal(fixture_state(f, row), "queued");
	assert_int_equal(rows(f, "queued"), 1);
	assert_string_equal(command(f), "");
}

/* check --fix: what people may want to set, and no more. */
static void
test_tags_to_choose(void **state)
{
	struct fixture *f = *state;
	const char *const *tags = NULL;
	struct err err = { 0 };
	size_t n = 0;

	setup(f);
	struct cli cli = { .conf = &f->conf, .db = f->db, .arena = f->run,
		.tenant = f->tenant };
	name_campaign(f, "4", "Opfølgning v2.0");	/* of trigger meet */
	name_campaign(f, "5", "NoSend");
	name_campaign(f, "3", "OPFØLGNING V2.0");
	if (!cli_fix_tags(&cli, &tags, &n, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(n, 3);
	assert_string_equal(tags[0], "NPSToday.NoSend");
	assert_string_equal(tags[1], SKIP);
	assert_string_equal(tags[2], "NPSToday.Ask.Opfølgning v2.0");
	/* check runs without a database too. */
	cli.db = NULL;
	assert_true(cli_fix_tags(&cli, &tags, &n, &err));
	assert_int_equal(n, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_skip_waits_for_a_row),
		cmocka_unit_test(test_skip_after_decide),
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_ask_unknown),
		cmocka_unit_test(test_ask_without_trigger),
		cmocka_unit_test(test_skip_and_ask),
		cmocka_unit_test(test_refused_and_failed),
		cmocka_unit_test(test_no_right_to_remove),
		cmocka_unit_test(test_cards),
		cmocka_unit_test(test_lost_lease),
		cmocka_unit_test(test_tags_to_choose),
	};

	return cmocka_run_group_tests(tests, fixture_start, fixture_stop);
}
