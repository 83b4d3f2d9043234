#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alarm.h"
#include "testdb.h"

#define ARENA_MAX ((size_t)64 << 20)

static const char *const codes[T_COUNT] = { "sale", "loss", "case", "meet",
	"inact" };
static const char *const campaign_ids[T_COUNT] = { "1", "2", "3", "4", "5" };
static const int ages[T_COUNT] = { 14, 14, 3, 7, 365 };

static struct fixture fixture;

static bool
never(void)
{
	return false;
}

int
fixture_start(void **state)
{
	struct fixture *f = &fixture;

	if (testdb_start(state) != 0)
		return -1;
	*f = (struct fixture){ .run = arena_new(ARENA_MAX),
		.arena = arena_new(ARENA_MAX), .scratch = arena_new(ARENA_MAX) };
	if (f->run == NULL || f->arena == NULL || f->scratch == NULL)
		return -1;
	f->db = testdb_open();
	*state = f;
	return 0;
}

int
fixture_stop(void **state)
{
	struct fixture *f = &fixture;

	clock_set(NO_TIME);
	db_close(f->db);
	arena_free(f->run);
	arena_free(f->arena);
	arena_free(f->scratch);
	return testdb_stop(state);
}

/* ---- SQL ----------------------------------------------------------------- */
static NPS_PRINTF(4, 0) bool
query(struct fixture *f, struct db_result **r, struct err *err,
    const char *fmt, va_list ap)
{
	struct db_args args;
	char text[4096];

	assert_in_range(vsnprintf(text, sizeof(text), fmt, ap), 1,
	    sizeof(text) - 1);
	const struct db_stmt stmt = { text, text };
	db_args_init(&args, f->scratch);
	db_arg_int(&args, f->tenant.id);
	return db_query(f->db, &stmt, &args, r, err);
}

void
fixture_exec(struct fixture *f, const char *fmt, ...)
{
	struct err err = { 0 };
	va_list ap;

	va_start(ap, fmt);
	const bool ok = query(f, NULL, &err, fmt, ap);
	va_end(ap);
	if (!ok)
		fail_msg("%s", err.msg);
}

long long
fixture_int(struct fixture *f, const char *fmt, ...)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	va_list ap;

	va_start(ap, fmt);
	const bool ok = query(f, &r, &err, fmt, ap);
	va_end(ap);
	if (!ok)
		fail_msg("%s", err.msg);
	assert_int_equal(db_rows(r), 1);
	return db_int(r, 0, 0);
}

void
fixture_ints(struct fixture *f, long long *out, size_t n, const char *fmt, ...)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	va_list ap;

	va_start(ap, fmt);
	const bool ok = query(f, &r, &err, fmt, ap);
	va_end(ap);
	if (!ok)
		fail_msg("%s", err.msg);
	assert_int_equal(db_rows(r), n);
	for (size_t i = 0; i < n; i++)
		out[i] = db_int(r, (int)i, 0);
}

const char *
fixture_text(struct fixture *f, const char *fmt, ...)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };
	va_list ap;

	va_start(ap, fmt);
	const bool ok = query(f, &r, &err, fmt, ap);
	va_end(ap);
	if (!ok)
		fail_msg("%s", err.msg);
	if (db_rows(r) == 0 || db_is_null(r, 0, 0))
		return "";
	return arena_strdup(f->run, db_text(r, 0, 0));
}

const char *
fixture_fails(struct fixture *f, const char *fmt, ...)
{
	struct err err = { 0 };
	va_list ap;

	va_start(ap, fmt);
	const bool ok = query(f, NULL, &err, fmt, ap);
	va_end(ap);
	assert_false(ok);
	return arena_strdup(f->run, err.sqlstate);
}

/* ---- tenant --------------------------------------------------------------- */
static void
configure(struct fixture *f)
{
	static const char *const own[] = { "npsync.example" };
	static const char *const holidays[] = { "DK" };
	struct conf *conf = &f->conf;

	*conf = (struct conf){ .file = "fixture", .tenant = "fixture",
		.timezone = FIXTURE_ZONE, .digest = "0", .triggers = f->trigger,
		.n_triggers = T_COUNT };
	conf->rules.throttle_days = 30;
	conf->rules.own_domains = (struct strlist){ own, 1 };
	conf->rules.no_send_tag = "NPSToday.NoSend";
	conf->rules.role_address = "send";
	conf->rules.count_foreign = true;
	conf->writeback.tag_prefix = "NPSToday";
	conf->writeback.task.at_most = -1;
	conf->mail.smtp_url = conf->alarm.webhook.url = "";
	conf->alarm.templates = conf->export.dir = "";
	conf->calendar = (struct calendar){ .zone = FIXTURE_ZONE,
		.weekdays = 0x1f, .holidays = holidays, .n_holidays = 1,
		.window_from_min = 23 * 60, .window_until_min = 6 * 60,
		.send_at_min = 9 * 60 };
	for (int i = 0; i < T_COUNT; i++) {
		f->campaign[i] = (struct conf_campaign){ .id = campaign_ids[i] };
		f->trigger[i] = (struct conf_trigger){ .code = codes[i],
			.enabled = true, .campaigns = &f->campaign[i],
			.n_campaigns = 1, .max_age_days = ages[i],
			.by_transition = i < T_MEET, .period_days = 90,
			.width_days = 30 };
	}
}

static void
begin_run(struct fixture *f)
{
	struct err err = { 0 };

	if (!runlog_begin(&f->log, f->db, f->run, f->tenant.id, "night",
	        f->stage.night, f->tenant.epoch, "test", "0", &err))
		fail_msg("%s", err.msg);
}

void
fixture_tenant(struct fixture *f)
{
	struct err err = { 0 };

	db_rollback(f->db);
	arena_reset(f->run);
	arena_reset(f->arena);
	arena_reset(f->scratch);
	f->tenant = (struct tenant){ .id = ++f->last_tenant, .name = "fixture",
		.lock_fd = -1 };
	memset(f->tenant.secret, 0xab, sizeof(f->tenant.secret));
	fixture_exec(f, "INSERT INTO npsync.tenant (tenant_id, name,"
	    " person_secret, paused, created_at) VALUES ($1::bigint, 't' || $1::bigint,"
	    " decode(repeat('ab', 32), 'hex'), false, '2026-01-01Z')");
	if (!tenant_acquire(f->db, &f->tenant, NULL, &err))
		fail_msg("%s", err.msg);
	configure(f);
	f->rules = (struct contact_rules){ f->tenant.secret, "crm",
		f->conf.rules.no_send_tag, f->conf.writeback.tag_prefix, false,
		"+45" };
	f->stage = (struct stage){ .db = f->db, .conf = &f->conf,
		.tenant = &f->tenant, .log = &f->log, .arena = f->arena,
		.scratch = f->scratch, .cancelled = never };
	fixture_night(f, FIXTURE_NIGHT);
	begin_run(f);
}

time_t
fixture_time(int day, int hour, int minute)
{
	const struct civil c = { day / 10000, day / 100 % 100, day % 100, hour,
		minute, 0 };

	return clock_utc(FIXTURE_ZONE, &c);
}

void
fixture_night(struct fixture *f, int night)
{
	f->stage.night = f->stage.today = night;
	clock_set(fixture_time(night, 3, 10));
}

void
fixture_takeover(struct fixture *f)
{
	struct tenant other = f->tenant;
	struct err err = { 0 };

	fixture_exec(f, "UPDATE npsync.tenant SET lease_until = '-infinity'"
	    " WHERE tenant_id = $1");
	if (!tenant_acquire(f->db, &other, NULL, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(other.epoch, f->tenant.epoch + 1);
}

/* ---- rows ------------------------------------------------------------------ */
void
fixture_card(struct fixture *f, const char *id, const char *set)
{
	fixture_exec(f, "INSERT INTO npsync.contact (tenant_id, connector,"
	    " contact_id, full_name, email, address_state, address_domain,"
	    " language, country, company, relation, person, facts_at)"
	    " VALUES ($1, 'crm', '%s', '%s', '%s@kunde.dk', 'ok', 'kunde.dk',"
	    " 'da', 'DK', 'Kunde A/S', 'Kunde', ARRAY[convert_to('%s', 'UTF8'),"
	    " convert_to('card:%s', 'UTF8')], 'infinity')", id, id, id, id, id);
	if (set != NULL)
		fixture_exec(f, "UPDATE npsync.contact SET %s WHERE tenant_id = $1"
		    " AND contact_id = '%s'", set, id);
}

void
fixture_pull_contact(struct fixture *f, const char *connector,
    const struct crm_contact *c, bool match_phone)
{
	const struct cursor_move move = { .tenant_id = f->tenant.id,
		.connector = connector, .stream = "contacts", .pass = 1,
		.now = clock_now(), .epoch = f->tenant.epoch };
	AUTO(db_result) struct db_result *r = NULL;
	struct contact_rules rules = f->rules;
	struct contact_page page;
	struct err err = { 0 };

	rules.connector = connector;
	rules.match_phone = match_phone;
	contact_page_init(&page);
	const bool ok = contact_page_add(&page, &rules, c, f->scratch, &err) &&
	    contact_page_send(&page, f->db, &move, f->scratch, &err) &&
	    db_finish(f->db, &r, &err);
	contact_page_free(&page);
	if (!ok)
		fail_msg("%s", err.msg);
}

void
fixture_pull_card(struct fixture *f, const char *connector, const char *id,
    const char *email)
{
	const struct crm_contact c = { .contact_id = id, .email = email,
		.consent_at = NO_TIME };

	fixture_pull_contact(f, connector, &c, f->rules.match_phone);
}

long long
fixture_row(struct fixture *f, enum fixture_trigger trigger, const char *card,
    const char *set)
{
	const long long event = ++f->events;
	char night[16], now[32];

	const long long id = fixture_int(f, "INSERT INTO npsync.queue (tenant_id,"
	    " connector, trigger, event_id, contact_id, category, occurred_at,"
	    " created_at, created_night, client_ref) VALUES ($1, 'crm', '%s',"
	    " '%s%lld', '%s', 'Kundepleje', timestamptz '%s' - interval '24 h',"
	    " timestamptz '%s' - interval '12 h', date '%s' - 1,"
	    " gen_random_uuid()) RETURNING queue_id", codes[trigger],
	    trigger == T_INACT ? "2026-01-15/" : "e", event,
	    card != NULL ? card : "", clock_iso(now, clock_now()), now,
	    day_iso(night, f->stage.night));
	if (set != NULL)
		fixture_exec(f, "UPDATE npsync.queue SET %s WHERE tenant_id = $1"
		    " AND queue_id = %lld", set, id);
	return id;
}

long long
fixture_due(struct fixture *f, int rank)
{
	char card[16], set[256], night[16];

	(void)snprintf(card, sizeof(card), "p%d", rank);
	(void)snprintf(set, sizeof(set), "due_night = '%s', due_rank = %d,"
	    " campaign = '4', person = ARRAY[convert_to('%s', 'UTF8')]",
	    day_iso(night, f->stage.night), rank, card);
	return fixture_row(f, T_MEET, card, set);
}

/* ---- decide ------------------------------------------------------------------ */
static void
decide(struct fixture *f, const char *const *waiting, size_t n)
{
	struct err err = { 0 };

	begin_run(f);
	if (!stage_decide(&f->stage, waiting, n, &err))
		fail_msg("%s", err.msg);
}

void
fixture_decide(struct fixture *f)
{
	decide(f, NULL, 0);
}

void
fixture_decide_waiting(struct fixture *f, const char *connector)
{
	decide(f, &connector, 1);
}

struct rules_night
fixture_rules_night(const struct fixture *f)
{
	return (struct rules_night){ .tenant_id = f->tenant.id,
		.secret = f->tenant.secret,
		.night = f->stage.night, .moment = clock_now(),
		.paused = f->tenant.paused };
}

const char *
fixture_state(struct fixture *f, long long row)
{
	char night[16];

	return fixture_text(f, "SELECT CASE WHEN due_night = '%s' AND state IN"
	    " ('queued', 'deferred') THEN 'due' ELSE state ||"
	    " coalesce(' ' || reason, '') END FROM npsync.queue"
	    " WHERE tenant_id = $1 AND queue_id = %lld",
	    day_iso(night, f->stage.night), row);
}

const char *
fixture_preview(struct fixture *f, long long row)
{
	const struct rules_night night = fixture_rules_night(f);
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	if (!decide_preview(f->db, &f->conf, &night, f->scratch, &r, &err))
		fail_msg("%s", err.msg);
	for (int i = 0; i < db_rows(r); i++)
		if (db_int(r, i, PREVIEW_ID) == row)
			return arena_strdup(f->run, db_text(r, i, PREVIEW_VERDICT));
	return "";
}

const char *
fixture_explain(struct fixture *f, long long row)
{
	const struct rules_night night = fixture_rules_night(f);
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	if (!decide_explain(f->db, &f->conf, &night, row, f->scratch, &r, &err))
		fail_msg("%s", err.msg);
	for (int i = 0; i < db_rows(r); i++)
		if (db_bool(r, i, 1))
			return arena_strdup(f->run, db_text(r, i, 0));
	return "";
}

/* ---- claim and moves ------------------------------------------------------------ */
size_t
fixture_claim(struct fixture *f, int at_most, struct queue_claimed **rows)
{
	const struct queue_claim claim = { .night = f->stage.night,
		.at_most = at_most, .throttle_days = f->conf.rules.throttle_days,
		.count_foreign = f->conf.rules.count_foreign,
		.now = clock_now(), .run_id = f->log.run_id,
		.send_at = calendar_send_at(&f->conf.calendar, f->stage.night),
		.spread_s = 1200, .conf = &f->conf };
	struct queue_claimed *own = NULL;
	struct err err = { 0 };
	size_t n = 0;

	if (!queue_claim(f->db, &f->tenant, &claim, f->arena,
	        rows != NULL ? rows : &own, &n, &err))
		fail_msg("%s", err.msg);
	return n;
}

size_t
fixture_move(struct fixture *f, enum queue_actor actor, long long row,
    int attempt, enum queue_state to)
{
	const struct queue_move move = { row, attempt, to, NULL, NULL, NO_TIME };
	struct err err = { 0 };
	size_t moved = 0;

	if (!queue_move(f->db, &f->tenant, actor, "test", f->log.run_id,
	        clock_now(), &move, 1, f->scratch, &moved, &err))
		fail_msg("%s", err.msg);
	return moved;
}

void
fixture_assert_history(struct fixture *f)
{
	/* Of no rows all of this would be true. */
	assert_true(fixture_int(f, "SELECT count(*) FROM npsync.queue"
	    " WHERE tenant_id = $1") > 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM npsync.queue q"
	    " LEFT JOIN LATERAL (SELECT count(*) AS n, max(h.version) AS last FROM"
	    " npsync.queue_history h WHERE h.tenant_id = $1"
	    " AND h.queue_id = q.queue_id) h ON true WHERE q.tenant_id = $1"
	    " AND (h.n <> q.version OR coalesce(h.last, 0) <> q.version)"), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM ("
	    "SELECT to_state, lead(from_state, 1, q.state) OVER (PARTITION BY"
	    " h.queue_id ORDER BY h.version) AS next FROM npsync.queue_history h"
	    " JOIN npsync.queue q ON q.tenant_id = $1 AND q.queue_id = h.queue_id"
	    " WHERE h.tenant_id = $1) x WHERE next <> to_state"), 0);
}

void
fixture_tell_alarms(struct fixture *f)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct err err = { 0 };

	assert_true(alarm_list(f->db, f->tenant.id, f->scratch, &r, &err));
	for (int i = 0; i < db_rows(r); i++)
		assert_true(alarm_tell(f->db, f->tenant.id, db_text(r, i, 0),
		    db_text(r, i, 1), db_time(r, i, 3), clock_now(), f->scratch,
		    &err));
}
