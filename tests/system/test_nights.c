/*
 * Many nights in one process: a CRM that does not exist, the survey service of
 * tests/sim, a clock that is set.  Each night is run again at once; that must
 * change nothing.  What is looked at, against the service's ledger and a plain
 * model of the rules (oracle.h):
 *  I1 every event is in the queue in one row, in the state and for the reason
 *     that the model says, and the counts of every run add up;
 *  I2 nobody is asked twice: no reference, no event, no address and no card
 *     within 30 days;
 *  I3 nobody is asked who must not be, and only inside a window of a night
 *     before a working day;
 *  I4 the tags in the CRM are those of the newest answers, others untouched;
 *  I5 whoever must be asked is asked in that night, exactly once; at most once
 *     where the service failed in the middle.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "../sim/simtime.h"
#include "clock.h"
#include "conf.h"
#include "ledger.h"
#include "log.h"
#include "night.h"
#include "oracle.h"
#include "queue.h"
#include "simproc.h"
#include "testdb.h"

#define NIGHTS 120
#define SEED UINT64_C(20260301)
#define SAY_MAX 20

DB_STMT(tn_row,
    "SELECT queue_id, attempt, state, coalesce(reason, '') FROM npsync.queue"
    " WHERE tenant_id = $1 AND connector = 'crm' AND trigger = $2"
    "   AND event_id = $3 AND contact_id = $4");
DB_STMT(tn_rows,
    "SELECT trigger, event_id, contact_id, state, coalesce(reason, ''), client_ref::text"
    "  FROM npsync.queue WHERE tenant_id = $1");
/* Stages and sources whose counts do not add up. */
DB_STMT(tn_counts,
    "SELECT stage || ' ' || source || ': seen ' || seen || ', others ' || others FROM ("
    "  SELECT stage, source, sum(n) FILTER (WHERE outcome = 'seen') AS seen,"
    "         coalesce(sum(n) FILTER (WHERE outcome <> 'seen'), 0) AS others"
    "    FROM npsync.run_count WHERE tenant_id = $1"
    "     AND run_id = (SELECT max(run_id) FROM npsync.run WHERE tenant_id = $1)"
    "   GROUP BY stage, source) c WHERE seen <> others"
    " UNION ALL SELECT 'a run without end' FROM npsync.run"
    "  WHERE tenant_id = $1 AND ended_at IS NULL");
DB_STMT(tn_known,
    "SELECT coalesce(sum(n) FILTER (WHERE outcome = 'seen'), 0),"
    "       coalesce(sum(n) FILTER (WHERE outcome = 'known'), 0)"
    "  FROM npsync.run_count WHERE tenant_id = $1 AND stage = 'pull' AND source = 'crm/events'"
    "   AND run_id = (SELECT max(run_id) FROM npsync.run WHERE tenant_id = $1)");
DB_STMT(tn_hash,
    "SELECT md5(string_agg(t, '|' ORDER BY t)) FROM ("
    "  SELECT q::text AS t FROM npsync.queue q WHERE tenant_id = $1"
    "  UNION ALL SELECT h::text FROM npsync.queue_history h WHERE tenant_id = $1"
    "  UNION ALL SELECT s::text FROM npsync.person_send s WHERE tenant_id = $1"
    "  UNION ALL SELECT a::text FROM npsync.answer a WHERE tenant_id = $1"
    "  UNION ALL SELECT o::text FROM npsync.opt_out o WHERE tenant_id = $1"
    "  UNION ALL SELECT e::text FROM npsync.event_seen e WHERE tenant_id = $1"
    "  UNION ALL SELECT w::text FROM npsync.tag_want w WHERE tenant_id = $1) x");
/* Every state change has one history row. */
DB_STMT(tn_history,
    "SELECT count(*) FROM npsync.queue q WHERE tenant_id = $1 AND version <>"
    " (SELECT count(*) FROM npsync.queue_history h WHERE h.tenant_id = $1"
    "     AND h.queue_id = q.queue_id)");

struct fault {
	const char *name, *json;	/* json NULL = the service is away */
	bool no_transfer;	/* nothing is decided in that run */
	int lost;		/* people it may cost their survey */
};
static const struct fault faults[] = {
	{ "500", "{\"kind\": 500}", false, 1 },
	{ "cut after the body", "{\"kind\": \"cut_after_body\", \"after\": 1}",
	    false, 0 },
	{ "away", NULL, true, 0 },
	{ "429", "{\"kind\": 429, \"retry_after\": 1}", false, 0 },
	{ "400", "{\"kind\": 400}", false, 1 },
	{ "a page", "{\"kind\": \"html\"}", false, 1 },
	{ "slow", "{\"kind\": \"slow\", \"seconds\": 1}", false, 0 },
	{ "401", "{\"kind\": 401, \"after\": 1}", false, 0 },
	{ "cut at the headers", "{\"kind\": \"cut_before\", \"after\": 1}",
	    false, 1 },
	{ "no campaigns", "{\"kind\": 503, \"on\": \"campaigns\", \"times\": 9}",
	    true, 0 },
	{ "garbage", "{\"kind\": \"garbage\"}", false, 0 },
	{ "no answers", "{\"kind\": 500, \"on\": \"responses\", \"times\": 9}",
	    false, 0 },
	{ "no id", "{\"kind\": \"no_id\"}", false, 0 },
};

struct world {
	struct db *db;
	struct conf *conf;
	struct tenant tenant;
	struct arena *arena;
	struct simproc *sim;
	struct fakecrm crm;
	struct oracle oracle;
	uint64_t rng;
	bool judge;		/* false: only I2 is of interest */
	size_t n_lines;		/* of the ledger, looked at */
	struct ledger_foreign foreign[400];
	char opted_out[400][96];
	int n_foreign, n_opted_out, next_fault;
	int violations;
	/* for the report */
	int nights, transfers, runs, repeats, imported, excluded, included,
	    faulty, tag_checks, n_tags;
};

static struct world w;

static void __attribute__((format(printf, 1, 2)))
violation(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!w.judge || w.violations++ >= SAY_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_error("# %s\n", text);
}

static int
luck(int n)
{
	return fakecrm_random(&w.rng, n);
}

static const char *
iso(int64_t t)
{
	static char ring[4][40];
	static unsigned next;
	char *out = ring[next++ % 4];

	return sim_time_text(t, "Z", out, sizeof(ring[0]));
}

/* ---- the world ---------------------------------------- */
static const char conf_text[] =
    "tenant = \"nights\";\n"
    "state_dir = \"%s\";\n"
    "rules = { own_domains = [ \"egen.example\" ]; throttle_days = %d; };\n"
    "trigger = {\n"
    "  sale = { delay_hours = 20; campaign = ( { language = \"da\"; id = 7750; },\n"
    "    { language = \"sv\"; id = 7754; } ); };\n"
    "  loss = { campaign = 7751; require_consent = true; };\n"
    "  case = { campaign = 7752; max_age_days = 14; on_throttle = \"defer\"; };\n"
    "  meet = { campaign = 7749; categories = [ \"Kundepleje\", \"Statusmøde\" ]; };\n"
    "  inact = { enabled = true; campaign = 7753; period_days = 30; width_days = 10; };\n"
    "};\n"
    "crm = ( { name = \"crm\"; driver = \"files\"; dir = \"%s\";\n"
    "  date_format = [ \"dd-MM-yyyy HH:mm\" ];\n"
    "  contacts = { file = \"contacts.csv\"; id = \"KontaktId\"; email = \"E-mail\";\n"
    "    first_name = \"Fornavn\"; last_name = \"Efternavn\"; company_id = \"FirmaId\";\n"
    "    language = \"Sprog\"; employed = \"Ansat\"; consent = \"Samtykke\"; };\n"
    "  companies = { file = \"companies.csv\"; id = \"FirmaId\"; name = \"Firmanavn\"; };\n"
    "  activities = { file = \"activities.csv\"; id = \"Id\"; contact = \"KontaktId\";\n"
    "    kind = \"Type\"; date = \"Tidspunkt\"; status = \"Status\"; category = \"Kategori\"; };\n"
    "  deals = { file = \"deals.csv\"; id = \"Id\"; contact = \"KontaktId\";\n"
    "    date = \"Tidspunkt\"; status = \"Status\"; };\n"
    "  cases = { file = \"cases.csv\"; id = \"Id\"; contact = \"KontaktId\";\n"
    "    date = \"Tidspunkt\"; status = \"Status\"; };\n"
    "  tags = { file = \"tags.csv\"; contact = \"KontaktId\"; tag = \"Infotag\"; };\n"
    "  company_tags = { file = \"company_tags.csv\"; company = \"FirmaId\"; tag = \"Infotag\"; };\n"
    "  out = { dir = \"%s\"; key = \"Kontaktnøgle\"; }; } );\n"
    "survey = { driver = \"npstoday\"; base_url = \"http://127.0.0.1:%d\";\n"
    "  api_key = \"file:%s/key\"; retries = 2; backoff_s = 0.0; backoff_max_s = 0.0; };\n";

static void
conf_write(const char *path, const char *dir, const char *export,
    const char *sheets, const char *service, int throttle_days)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	(void)fprintf(f, conf_text, dir, throttle_days, export, sheets,
	    simproc_port(w.sim), service);
	assert_int_equal(fclose(f), 0);
}

static void
conf_open(const char *path)
{
	struct err err = { 0 };

	if (!conf_load(path, w.arena, &w.conf, &err) ||
	    !conf_load_secrets(w.conf, w.arena, &err))
		fail_msg("%s", err.msg);
	/* The real limit would take hours of waiting. */
	w.conf->survey.rate_per_second = 0;
}

static void
world_open(const char *name, int throttle_days, bool judge, int64_t start)
{
	char dir[256], export[300], sheets[300], service[300], conf[300];
	struct err err = { 0 };

	w = (struct world){ .rng = SEED ^ 77, .judge = judge };
	(void)snprintf(dir, sizeof(dir), "%s/%s", testdb_dir(), name);
	(void)snprintf(export, sizeof(export), "%s/export", dir);
	(void)snprintf(sheets, sizeof(sheets), "%s/import", dir);
	(void)snprintf(service, sizeof(service), "%s/service", dir);
	(void)snprintf(conf, sizeof(conf), "%s/npsync.conf", dir);
	assert_true(mkdir(dir, 0700) == 0 && mkdir(export, 0700) == 0 &&
	    mkdir(sheets, 0700) == 0);
	w.arena = arena_new((size_t)16 << 20);
	assert_non_null(w.arena);
	w.sim = simproc_start(service, NULL);
	conf_write(conf, dir, export, sheets, service, throttle_days);
	conf_open(conf);
	w.db = testdb_open();
	const char *const known[] = { w.conf->tenant };
	if (!tenant_open(w.db, known[0], known, 1, w.arena, &w.tenant, &err))
		fail_msg("%s", err.msg);
	fakecrm_open(&w.crm, SEED, start, export, sheets);
	oracle_open(&w.oracle, &w.crm);
}

static void
world_close(void)
{
	oracle_close(&w.oracle);
	fakecrm_close(&w.crm);
	db_close(w.db);
	simproc_stop(w.sim);
	arena_free(w.arena);
}

/* ---- the database ---------------------------------------- */
static struct db_result *
ask(const struct db_stmt *stmt, const char *a, const char *b, const char *c)
{
	AUTO(arena) struct arena *arena = arena_new(4096);
	struct db_result *r = NULL;
	struct err err = { 0 };
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, w.tenant.id);
	if (a != NULL) {
		db_arg_text(&args, a);
		db_arg_text(&args, b);
		db_arg_text(&args, c);
	}
	if (!db_query(w.db, stmt, &args, &r, &err))
		fail_msg("%s", err.msg);
	return r;
}

static struct db_result *
ask_row(const struct oracle_row *row)
{
	struct db_result *r = ask(&tn_row, oracle_event_name(row->event),
	    row->event_id, row->contact_id);

	if (db_rows(r) != 1)
		violation("I1 %s %s: %d rows in the queue",
		    oracle_event_name(row->event), row->event_id, db_rows(r));
	return r;
}

static void
check_counts(int64_t now)
{
	AUTO(db_result) struct db_result *r = ask(&tn_counts, NULL, NULL, NULL);

	for (int i = 0; i < db_rows(r); i++)
		violation("I1 %s: %s", iso(now), db_text(r, i, 0));
}

/* ---- runs ---------------------------------------- */
static bool
never(void)
{
	return false;
}

static int
run(enum run_kind kind, int64_t now)
{
	const struct run_options options = { .kind = kind, .only = RUN_ALL,
		.actor = "test", .cancelled = never };
	struct err err = { 0 };
	int code = -1;

	clock_shift((time_t)now);
	const bool ok = night_run(w.db, w.conf, &w.tenant, NULL, &options,
	    &code, &err);
	if (ok != (code == 0))
		violation("a run that is %s ends with %d: %s",
		    ok ? "well" : "not well", code, err.msg);
	w.runs++;
	check_counts(now);
	return code;
}

static void
prepare(int64_t now)
{
	assert_true(fakecrm_export(&w.crm, now));
	simproc_tell(w.sim, "now", "{\"now\": \"%s\"}", iso(now));
}

static int
run_at(enum run_kind kind, int64_t now)
{
	prepare(now);
	return run(kind, now);
}

/* ---- answers ---------------------------------------- */
/* A collect that went well knows who opted out, if they ever answered. */
static void
learn_opt_outs(int64_t now)
{
	char address[96];

	for (int i = 0; i < w.n_opted_out; i++)
		if (ledger_has_answered(w.sim, w.opted_out[i], now)) {
			ledger_lower(w.opted_out[i], address,
			    sizeof(address));
			oracle_opted_out(&w.oracle, address);
		}
}

static bool
is_shared(const struct fakecrm_contact *c)
{
	for (int i = 0; i < w.crm.n_contacts; i++)
		if (c != &w.crm.contact[i] &&
		    ledger_same_address(c->email, w.crm.contact[i].email))
			return true;
	return false;
}

/* Answers a survey that somebody else sent. */
static void
answer_foreign(int64_t now)
{
	static const int campaigns[] = { 7749, 7750, 7751, 7754 };
	const int i = luck(w.crm.n_contacts);
	const struct fakecrm_contact *c = &w.crm.contact[i];
	struct ledger_foreign *p = &w.foreign[w.n_foreign];

	if (!c->exists || strchr(c->email, '@') == NULL || is_shared(c) ||
	    w.n_foreign == (int)ARRAY_LEN(w.foreign))
		return;
	memcpy(p->address, c->email, sizeof(c->email));
	p->contact = i;
	w.n_foreign++;
	simproc_tell(w.sim, "answer", "{\"email\": \"%s\", \"campaignId\": %d,"
	    " \"rating\": %d, \"at\": \"%s\"}", c->email,
	    campaigns[luck(4)], luck(11), iso(now));
}

/* The newest respondent, or answer, of somebody; NULL = not this time.  By the
 * person, since respondents of one night come in any order. */
static const struct simproc_line *
some_respondent(int64_t now, bool answered)
{
	const char *id = w.crm.contact[luck(w.crm.n_contacts)].id;
	size_t n;
	const struct simproc_line *line = simproc_ledger(w.sim, &n);

	for (size_t i = n; i-- > 0;) {
		const struct simproc_line *l = &line[i];
		if (l->kind != SIMPROC_RESPONDENT ||
		    strcmp(l->external + strcspn(l->external, "K"), id) != 0)
			continue;
		for (size_t k = n; answered && k-- > i;)
			if (line[k].kind == SIMPROC_ANSWER &&
			    line[k].member == l->id && line[k].at < now)
				return &line[k];
		return answered ? NULL : l;
	}
	return NULL;
}

static void
rate_again(int64_t now)
{
	const struct simproc_line *l = NULL;

	for (int tries = 0; l == NULL && tries < 10; tries++)
		l = some_respondent(now, true);
	if (l != NULL)
		simproc_tell(w.sim, "answer", "{\"guid\": \"%s\", \"rating\": %d,"
		    " \"comment\": \"efter omtanke\", \"at\": \"%s\"}", l->guid,
		    luck(11), iso(now));
}

static void
opt_out(int64_t now)
{
	const bool answered = luck(3) != 0;
	const struct simproc_line *l = NULL;

	for (int tries = 0; l == NULL && tries < 10; tries++)
		l = some_respondent(now, answered);
	if (l == NULL || w.n_opted_out == (int)ARRAY_LEN(w.opted_out))
		return;
	memcpy(w.opted_out[w.n_opted_out++], l->email, sizeof(l->email));
	simproc_tell(w.sim, "optout", "{\"email\": \"%s\"}", l->email);
}

static void
noon(int64_t now)
{
	simproc_tell(w.sim, "auto", "{\"seed\": 5, \"percent\": 45, \"now\":"
	    " \"%s\"}", iso(now));
	if (luck(3) == 0)
		rate_again(now);
	if (luck(4) == 0)
		answer_foreign(now);
	if (luck(10) == 0)
		simproc_tell(w.sim, "answer", "{\"email\": \"fremmed%d@andet."
		    "example\", \"campaignId\": 7749, \"rating\": 4}", luck(50));
	if (luck(6) == 0)
		opt_out(now);
}

/* ---- the ledger against the model ----------------------------------------------------- */
static struct oracle_row *
due_row(int contact, long long campaign, int night)
{
	for (size_t i = 0; i < w.oracle.n; i++) {
		struct oracle_row *row = &w.oracle.rows[i];
		if (row->state == ORACLE_DUE && row->due_night == night &&
		    row->contact == contact && row->campaign == campaign)
			return row;
	}
	return NULL;
}

static void
check_allowed(const struct simproc_line *l, int contact, int night)
{
	const struct fakecrm_contact *c = &w.crm.contact[contact];
	const int64_t first = fakecrm_time(night, 9, 0);
	char address[64];

	fakecrm_address(c, address);
	if (!c->exists || c->left || c->no_send || fakecrm_is_own(c) ||
	    w.crm.company_no_send[c->company] ||
	    oracle_is_opted_out(&w.oracle, address))
		violation("I3 %s was asked, %s", c->id, iso(l->received));
	if (!ledger_same_address(l->email, address))
		violation("I3 %s was asked at another address", c->id);
	if (!fakecrm_is_working(night) ||
	    l->received < fakecrm_time(night - 1, 23, 0) ||
	    l->received >= fakecrm_time(night, 5, 55))
		violation("I3 transferred at %s", iso(l->received));
	if (l->send_at < first || l->send_at >= first + 20 * 60)
		violation("I3 a mail leaves at %s", iso(l->send_at));
}

static void
take_line(const struct simproc_line *l, int night)
{
	const int contact = strncmp(l->external, "crm:", 4) == 0
	    ? fakecrm_find(&w.crm, l->external + 4) : -1;

	if (contact < 0) {
		violation("a respondent of nobody: \"%s\"", l->external);
		return;
	}
	check_allowed(l, contact, night);
	struct oracle_row *row = due_row(contact, l->campaign, night);
	if (row == NULL) {
		violation("I5 %s: %s was asked by %lld, which nothing demands",
		    iso(l->received), l->external, l->campaign);
		return;
	}
	(void)snprintf(row->ref, sizeof(row->ref), "%s", l->guid);
	oracle_sent(&w.oracle, row, ORACLE_SENT);
}

static void
take_lines(int night)
{
	size_t n;
	const struct simproc_line *line = simproc_ledger(w.sim, &n);

	for (; w.n_lines < n; w.n_lines++)
		if (line[w.n_lines].kind == SIMPROC_RESPONDENT && w.judge)
			take_line(&line[w.n_lines], night);
}

/* Due, and not in the ledger: only a fault explains that. */
static void
explain_due(struct oracle_row *row, bool faulty)
{
	AUTO(db_result) struct db_result *r = ask_row(row);
	const char *state = db_rows(r) == 1 ? db_text(r, 0, 2) : "";

	if (!faulty)
		violation("I5 %s: %s %s of %s was not transferred; the queue"
		    " says %s %s", iso(clock_now()),
		    oracle_event_name(row->event), row->event_id,
		    row->contact_id, state,
		    db_rows(r) == 1 ? db_text(r, 0, 3) : "");
	else if (strcmp(state, "unknown") == 0)
		oracle_sent(&w.oracle, row, ORACLE_UNKNOWN);
	else if (strcmp(state, "failed") == 0)
		oracle_sent(&w.oracle, row, ORACLE_FAILED);
	else if (strcmp(state, "queued") != 0 && strcmp(state, "deferred") != 0)
		violation("I5 %s %s is %s, but the ledger lacks it",
		    oracle_event_name(row->event), row->event_id, state);
}

static void
settle_night(int night, const struct fault *fault)
{
	int lost = 0;

	take_lines(night);
	for (size_t i = 0; w.judge && i < w.oracle.n; i++) {
		struct oracle_row *row = &w.oracle.rows[i];
		if (row->state != ORACLE_DUE || row->due_night != night)
			continue;
		explain_due(row, fault != NULL);
		lost += row->state == ORACLE_UNKNOWN ||
		    row->state == ORACLE_FAILED;
	}
	if (fault != NULL && lost > fault->lost)
		violation("I5 %s: %s left %d people unasked", iso(clock_now()),
		    fault->name, lost);
}

/* ---- the queue against the model -------------------------------------------------------- */
static bool
state_fits(const struct oracle_row *row, const char *state, const char *reason)
{
	static const char *const names[ORACLE_STATES] = { "queued", "queued",
		"sent", "unknown", "failed", "suppressed", "expired",
		"excluded" };

	switch (row->state) {
	case ORACLE_WAITING:
	case ORACLE_DUE:
		return strcmp(state, "queued") == 0 ||
		    strcmp(state, "deferred") == 0;
	case ORACLE_SENT:
		/* Sent, but the answer was lost. */
		return strcmp(state, "sent") == 0 ||
		    strcmp(state, "unknown") == 0;
	case ORACLE_SUPPRESSED:
	case ORACLE_EXPIRED:
		return strcmp(state, names[row->state]) == 0 &&
		    strcmp(reason, row->reason) == 0;
	case ORACLE_UNKNOWN:
	case ORACLE_FAILED:
	case ORACLE_EXCLUDED:
	case ORACLE_STATES:
		break;
	}
	return strcmp(state, names[row->state]) == 0;
}

static const struct oracle_row *
model_of(const struct db_result *r, int i)
{
	for (size_t k = 0; k < w.oracle.n; k++) {
		const struct oracle_row *row = &w.oracle.rows[k];
		if (strcmp(db_text(r, i, 1), row->event_id) == 0 &&
		    strcmp(db_text(r, i, 2), row->contact_id) == 0 &&
		    strcmp(db_text(r, i, 0), oracle_event_name(row->event)) == 0)
			return row;
	}
	return NULL;
}

/* Each row has a model, and there are as many: so each event has its row. */
static void
check_queue(int64_t now)
{
	AUTO(db_result) struct db_result *r = ask(&tn_rows, NULL, NULL, NULL);

	if ((size_t)db_rows(r) != w.oracle.n)
		violation("I1 %s: %d rows, %zu events", iso(now), db_rows(r),
		    w.oracle.n);
	for (int i = 0; i < db_rows(r); i++) {
		const struct oracle_row *row = model_of(r, i);
		const char *state = db_text(r, i, 3), *reason = db_text(r, i, 4);
		if (row == NULL)
			violation("I1 %s %s should not be there",
			    db_text(r, i, 0), db_text(r, i, 1));
		else if (!state_fits(row, state, reason))
			violation("I1 %s: %s %s of %s is %s %s, expected %d %s",
			    iso(now), db_text(r, i, 0), row->event_id,
			    row->contact_id, state, reason, (int)row->state,
			    row->reason);
		else if (row->ref[0] != '\0' &&
		    strcmp(row->ref, db_text(r, i, 5)) != 0)
			violation("I2 %s went out under another reference",
			    row->event_id);
	}
}

/* ---- tags ---------------------------------------- */
static void
check_tags(int64_t now)
{
	char first[160];

	w.tag_checks++;
	if (ledger_wrong_tags(w.sim, &w.crm, w.foreign, w.n_foreign, &w.n_tags,
	        first, sizeof(first)) > 0)
		violation("I4 %s: %s", iso(now), first);
}

static void
import(void)
{
	int n;

	if (!fakecrm_import(&w.crm, &n))
		violation("I4 a sheet that cannot be imported");
	w.imported += n;
}

/* ---- the administrator ---------------------------------------- */
static void
move_row(struct oracle_row *row, enum queue_state to, const char *why)
{
	AUTO(db_result) struct db_result *r = ask_row(row);
	AUTO(arena) struct arena *arena = arena_new(65536);
	struct err err = { 0 };
	size_t moved = 0;

	if (db_rows(r) != 1)
		return;
	const struct queue_move move = { db_int(r, 0, 0),
		(int)db_int(r, 0, 1), to, why, NULL, NO_TIME };
	if (!queue_move(w.db, &w.tenant, ACTOR_ADMIN, "admin", 0, clock_now(),
	        &move, 1, arena, &moved, &err))
		fail_msg("%s", err.msg);
	if (moved != 1)
		violation("I1 %s could not be moved", row->event_id);
	row->not_before = row->due_night = 0;
	row->state = to == QUEUE_EXCLUDED ? ORACLE_EXCLUDED : ORACLE_WAITING;
	row->reason = "";
}

/* Takes some row out, or puts one back. */
static void
administrator(void)
{
	const bool back = luck(4) == 0;

	for (int tries = 0; w.oracle.n > 0 && tries < 400; tries++) {
		struct oracle_row *row =
		    &w.oracle.rows[luck((int)w.oracle.n)];
		if (back && row->state == ORACLE_EXCLUDED) {
			move_row(row, QUEUE_QUEUED, NULL);
			w.included++;
			return;
		}
		if (!back && row->state == ORACLE_WAITING) {
			move_row(row, QUEUE_EXCLUDED, "by admin: holiday");
			w.excluded++;
			return;
		}
	}
}

/* ---- one night ---------------------------------------- */
struct night {
	int date;		/* the model's night of what comes in */
	int64_t at;
	bool transfers, forecasts;
};

static struct night
night_plan(int i, int date)
{
	struct night n = { date, fakecrm_time(date, 3, 10), false, false };

	/* Too late for a transfer; and after the window, so that what comes in
	 * belongs to the next night. */
	if (i % 40 == 25)
		n.at = fakecrm_time(date, 5, 57);
	if (i % 40 == 33) {
		n.at = fakecrm_time(date, 6, 10);
		n.date = date + 1;
		return n;
	}
	n.forecasts = fakecrm_is_working(date);
	n.transfers = n.forecasts && i % 40 != 25 && !w.tenant.paused;
	return n;
}

static const struct fault *
pick_fault(const struct night *n)
{
	if (!w.judge || !n->transfers || luck(4) != 0)
		return NULL;
	w.faulty++;
	return &faults[w.next_fault++ % (int)ARRAY_LEN(faults)];
}

static void
fault_begin(const struct fault *fault)
{
	if (fault != NULL && fault->json != NULL)
		simproc_tell(w.sim, "fault", "%s", fault->json);
	else if (fault != NULL)
		simproc_away(w.sim);
}

static void
fault_end(const struct fault *fault)
{
	if (fault->json == NULL)
		simproc_back(w.sim);
	else
		simproc_tell(w.sim, "fault", "{\"clear\": true}");
}

static void
model_night(const struct night *n, int64_t now, bool transfers)
{
	oracle_intake(&w.oracle, now, n->date);
	if (transfers)
		oracle_decide(&w.oracle, now, n->date);
	if (n->forecasts)
		oracle_forecast(&w.oracle, now, n->date);
}

static void
run_night(const struct night *n, int64_t now, const struct fault *fault)
{
	prepare(now);
	/* So that a fault hits the same person whenever this test runs. */
	w.conf->survey.concurrency = fault == NULL ? 8 : 1;
	fault_begin(fault);
	const int code = run(RUN_NIGHT, now);
	if (fault == NULL && code != 0)
		violation("%s: the night ends with %d", iso(now), code);
	if (fault != NULL && fault->no_transfer && code != 69)
		violation("%s: %s ends with %d", iso(now), fault->name, code);
	if (code == 0)
		learn_opt_outs(now);
	model_night(n, now, n->transfers &&
	    !(fault != NULL && fault->no_transfer));
	settle_night(n->date, fault);
}

/* The same night once more: everything known, nothing changed. */
static void
run_again(int64_t now)
{
	AUTO(db_result) struct db_result *before = ask(&tn_hash, NULL, NULL,
	    NULL);
	size_t lines, after_lines;

	(void)simproc_ledger(w.sim, &lines);
	const int code = run_at(RUN_NIGHT, now);
	(void)simproc_ledger(w.sim, &after_lines);
	AUTO(db_result) struct db_result *after = ask(&tn_hash, NULL, NULL,
	    NULL);
	AUTO(db_result) struct db_result *known = ask(&tn_known, NULL, NULL,
	    NULL);
	if (code != 0)
		violation("%s: the second run ends with %d", iso(now), code);
	if (lines != after_lines ||
	    strcmp(db_text(before, 0, 0), db_text(after, 0, 0)) != 0)
		violation("%s: the second run changed something", iso(now));
	if (db_int(known, 0, 0) != db_int(known, 0, 1) ||
	    db_int(known, 0, 0) == 0)
		violation("%s: the second run met %lld rows, %lld as known",
		    iso(now), db_int(known, 0, 0), db_int(known, 0, 1));
	w.repeats++;
}

/* ---- days ---------------------------------------- */
static void
run_by_day(enum run_kind kind, int64_t now, int night)
{
	if (run_at(kind, now) != 0)
		violation("%s: a run by day does not end well", iso(now));
	learn_opt_outs(now);
	oracle_intake(&w.oracle, now, night);
	take_lines(night);	/* there are none */
}

/* Somebody thinks of a silent customer: a call, or an appointment. */
static void
break_silence(int day)
{
	for (size_t i = w.oracle.n; i-- > 0;) {
		const struct oracle_row *row = &w.oracle.rows[i];
		if (row->event != FAKECRM_INACT ||
		    row->state != ORACLE_WAITING)
			continue;
		if (luck(2) == 0)
			fakecrm_call(&w.crm, row->contact, day);
		else
			fakecrm_appoint(&w.crm, row->contact, day);
		return;
	}
}

static void
daytime(int day)
{
	noon(fakecrm_time(day, 12, 0));
	fakecrm_change(&w.crm);
	fakecrm_day(&w.crm, day);
	if (luck(4) == 0)
		break_silence(day);
	if (luck(15) == 0)
		run_by_day(RUN_MANUAL, fakecrm_time(day, 14, 30), day + 1);
	run_by_day(RUN_HOURLY, fakecrm_time(day, 20, 7), day + 1);
	if (luck(3) == 0 && w.judge)
		administrator();
	/* Somebody works late. */
	fakecrm_change(&w.crm);
}

static void
nighttime(int i, int date)
{
	const struct night n = night_plan(i, date);
	const struct fault *fault = pick_fault(&n);
	int64_t now = n.at;

	run_night(&n, now, fault);
	if (fault != NULL) {
		fault_end(fault);
		now += 600;
		run_night(&n, now, NULL);
	}
	run_again(now + 60);
	w.nights++;
	w.transfers += n.transfers;
	if (i % 5 == 4)
		check_queue(now);
}

/* The cluster of the tests has no autovacuum. */
static void
vacuum(void)
{
	struct err err = { 0 };

	if (!db_script(w.db, "VACUUM (ANALYZE)", &err))
		fail_msg("%s", err.msg);
}

static void
pause_or_not(int i)
{
	struct err err = { 0 };

	if (i != 2 && i != 60 && i != 62)
		return;
	if (!tenant_set_paused(w.db, &w.tenant, i == 60, &err))
		fail_msg("%s", err.msg);
}

static void
play(int nights, int day)
{
	run_at(RUN_HOURLY, w.crm.start);
	oracle_baseline(&w.oracle, w.crm.start);
	for (int i = 0; i < nights; i++, day++) {
		pause_or_not(i);
		if (i > 0)
			daytime(day);
		const bool evening = luck(5) != 0, morning = luck(4) != 0;
		if (evening)
			import();
		nighttime(i, day + 1);
		if (i % 8 == 0)
			vacuum();
		if (morning)
			import();
		if (evening && morning)
			check_tags(fakecrm_time(day + 1, 7, 0));
	}
}

/* ---- the report ---------------------------------------- */
static void
report_reasons(void)
{
	for (size_t i = 0; i < w.oracle.n; i++) {
		const struct oracle_row *row = &w.oracle.rows[i];
		int n = 0;
		if (row->state != ORACLE_SUPPRESSED)
			continue;
		for (size_t k = 0; k < w.oracle.n; k++)
			if (w.oracle.rows[k].state == ORACLE_SUPPRESSED &&
			    strcmp(w.oracle.rows[k].reason, row->reason) == 0) {
				if (k < i)
					break;
				n++;
			}
		if (n > 0)
			print_message("#   %-18s %4d\n", row->reason, n);
	}
}

static void
report(int doubles)
{
	static const char *const names[ORACLE_STATES] = { "waiting", "due",
		"sent", "unknown", "failed", "suppressed", "expired",
		"excluded" };
	int by_state[ORACLE_STATES] = { 0 }, by_event[FAKECRM_EVENTS] = { 0 };

	for (size_t i = 0; i < w.oracle.n; i++) {
		by_state[w.oracle.rows[i].state]++;
		by_event[w.oracle.rows[i].event] +=
		    w.oracle.rows[i].state == ORACLE_SENT;
	}
	print_message("# %d nights, %d with a transfer, %d with a fault; %d runs,"
	    " %d of them repeats that changed nothing\n", w.nights,
	    w.transfers, w.faulty, w.runs, w.repeats);
	print_message("# %zu events queued; %d respondents at the service, "
	    "%d asked twice; %d excluded, %d put back\n", w.oracle.n,
	    ledger_respondents(w.sim), doubles, w.excluded, w.included);
	for (int i = 0; i < FAKECRM_EVENTS; i++)
		print_message("#  sent for %-6s %5d\n",
		    oracle_event_name((enum fakecrm_event)i), by_event[i]);
	for (int i = 0; i < ORACLE_STATES; i++)
		print_message("#  %-15s %5d\n", names[i], by_state[i]);
	report_reasons();
	print_message("# %lld answers, %zu opted out; %d tags of answers in the "
	    "CRM, %d rows imported, %d looks at all tags\n",
	    simproc_stat(w.sim, "answers"), w.oracle.n_opted_out, w.n_tags,
	    w.imported, w.tag_checks);
}

static void
check_history(void)
{
	AUTO(db_result) struct db_result *r = ask(&tn_history, NULL, NULL,
	    NULL);

	if (db_int(r, 0, 0) != 0)
		violation("%lld rows with another history",
		    db_int(r, 0, 0));
}

/* ---- tests ---------------------------------------- */
/* Sunday 2026-03-01: the change of the clocks and Easter lie ahead. */
static void
test_nights(void **state)
{
	const int day = (int)sim_days(2026, 3, 1);
	char first[160];

	(void)state;
	world_open("nights", ORACLE_THROTTLE_DAYS, true,
	    fakecrm_time(day, 20, 7));
	play(NIGHTS, day);
	check_queue(fakecrm_time(day + NIGHTS, 8, 0));
	check_history();
	const int doubles = ledger_doubles(w.sim, ORACLE_THROTTLE_DAYS, first,
	    sizeof(first));
	if (doubles > 0)
		violation("I2 %s", first);
	report(doubles);
	const int violations = w.violations, sent = ledger_respondents(w.sim);
	world_close();
	assert_int_equal(violations, 0);
	assert_true(sent > 100);
}

/* The control: without the look at earlier sends, I2 must see doubles. */
static void
test_control(void **state)
{
	const int day = (int)sim_days(2026, 3, 1);
	char first[160];

	(void)state;
	world_open("control", 1, false, fakecrm_time(day, 20, 7));
	play(15, day);
	const int sent = ledger_respondents(w.sim);
	const int doubles = ledger_doubles(w.sim, ORACLE_THROTTLE_DAYS, first,
	    sizeof(first));
	print_message("# control without throttle: %d respondents, %d pairs asked"
	    " twice\n", sent, doubles);
	world_close();
	assert_true(sent > 20 && doubles > 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nights),
		cmocka_unit_test(test_control),
	};

	(void)argc;
	if (!simproc_find(argv[0]))
		return 1;
	log_open(LOG_TARGET_NONE, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, testdb_start, testdb_stop);
}
