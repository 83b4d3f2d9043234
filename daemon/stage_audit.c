/*
 * How this stage can mislead, and what stops it:
 *  - a list that breaks off proves nothing: rows are missed only after a
 *    complete one;
 *  - a respondent that appears late: rows of the last hour are not missed yet;
 *  - somebody asked by others and again by us: evidence is written for whoever
 *    the list shows and no row of ours explains, page by page;
 *  - a row we put off though the service has it: held for people.
 */
#include "stage_audit.h"

#include <string.h>

#include "clock.h"
#include "log.h"
#include "person.h"
#include "quarantine.h"
#include "queue.h"
#include "rules.h"

#define HOUR_S 3600
#define DAY_S 86400
#define LOOK_BACK_S (2 * DAY_S)
#define CRMS_MAX 64

struct auditor {
	struct stage *stage;
	struct cursor_move move;
	struct sent_page page;
	struct contact_rules contact;
	struct sent_rules rules;
	const char *names[CRMS_MAX];
	long long emitted, faulty;
	bool complete;
	struct err err;
};

static void
auditor_init(struct auditor *a, struct stage *stage, long long pass)
{
	const struct conf *conf = stage->conf;

	*a = (struct auditor){ .stage = stage,
		.contact = { .secret = stage->tenant->secret,
		    .match_phone = stage_matches_phone(conf),
		    .phone_prefix = conf->identity.phone_prefix } };
	for (size_t i = 0; i < conf->n_crm && i < CRMS_MAX; i++)
		a->names[i] = conf->crm[i].name;
	a->rules = (struct sent_rules){ .contact = &a->contact, .crm = a->names,
		.n_crm = conf->n_crm < CRMS_MAX ? conf->n_crm : CRMS_MAX,
		.zone = conf->timezone, .today = stage->today };
	a->move = (struct cursor_move){ .tenant_id = stage->tenant->id,
		.connector = stage->survey->link.name, .stream = "sent",
		.pass = pass, .epoch = stage->tenant->epoch };
	sent_page_init(&a->page);
}

static bool
take(struct auditor *a, const struct sent *s)
{
	const char *fault = connect_sent_fault(s);

	a->emitted++;
	if (fault != NULL) {
		a->faulty++;
		link_quarantine(&a->stage->survey->link, "sent", 0, s->remote_id,
		    fault);
		return true;
	}
	if (sent_page_add(&a->page, &a->rules, s, a->stage->scratch, &a->err))
		return true;
	a->emitted--;		/* on no page, so that nothing becomes of it */
	return false;
}

static bool
on_sent(void *arg, const struct sent *s)
{
	struct auditor *a = arg;
	const bool ok = take(a, s);

	arena_reset(a->stage->survey->link.scratch);
	return ok;
}

static bool
on_checkpoint(void *arg, const char *resume, const char *watermark)
{
	struct auditor *a = arg;
	struct stage *stage = a->stage;
	AUTO(db_result) struct db_result *r = NULL;

	a->move.resume = resume;
	a->move.watermark = watermark;
	a->move.complete = watermark != NULL;
	a->move.now = clock_now();
	if (!sent_page_put(&a->page, stage->db, &a->move, stage->scratch, &r,
	        &a->err))
		return false;
	if (db_rows(r) > 0 && db_int(r, 0, 2) == 0)
		return tenant_lost(stage->tenant, &a->err);
	for (int i = 0; i < db_rows(r); i++)
		runlog_count(stage->log, "audit", stage->survey->link.name,
		    db_text(r, i, 0), NULL, db_int(r, i, 1));
	if (a->move.complete)
		a->complete = true;
	arena_reset(stage->scratch);
	return stage_breathe(stage, &a->err);
}

static bool
keep_faults(struct auditor *a, struct err *err)
{
	struct stage *stage = a->stage;
	const bool ok = quarantine_put(stage->db, stage->tenant->id,
	    stage->log->run_id, &stage->survey->link, stage->scratch, err);

	link_quarantine_clear(&stage->survey->link);
	return ok;
}

static void
count_seen(struct auditor *a)
{
	struct runlog *log = a->stage->log;
	const char *source = a->stage->survey->link.name;
	const long bad = a->stage->survey->link.n_quarantined;

	if (a->emitted + bad == 0)
		return;
	runlog_count(log, "audit", source, "seen", NULL,
	    a->emitted - a->faulty + bad - (long long)a->page.n);
	if (bad > 0)
		runlog_count(log, "audit", source, "quarantined", NULL, bad);
}

/* ---- what follows from a complete list ------------------------------------------- */
static bool
hold_unexpected(struct stage *stage, struct err *err)
{
	struct queue_row_id *rows = NULL;
	size_t n = 0, moved;

	if (!queue_list_unexpected(stage->db, stage->tenant->id, stage->scratch,
	        &rows, &n, err))
		return false;
	struct queue_move *moves = arena_array(stage->scratch, n + 1,
	    sizeof(*moves));
	if (moves == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		moves[i] = (struct queue_move){ rows[i].queue_id, rows[i].attempt,
			QUEUE_HELD, "at_service", NULL, NO_TIME };
	if (n > 0)
		log_ev(LOG_LEVEL_ERROR, "audit", "held=%zu hint=%s", n, log_quote(
		    "the service lists people whose rows still wait; `npsync "
		    "exclude` takes such a row out"));
	return queue_move(stage->db, stage->tenant, ACTOR_SETTLE, "audit",
	    stage->log->run_id, clock_now(), moves, n, stage->scratch, &moved, err);
}

static bool
count_missing(struct stage *stage, struct err *err)
{
	struct runlog *log = stage->log;
	const time_t now = clock_now();
	long long listed = 0, missing = 0;

	if (!queue_count_listed(stage->db, stage->tenant->id, now - LOOK_BACK_S,
	        now - HOUR_S, stage->scratch, &listed, &missing, err))
		return false;
	runlog_count(log, "audit", "sent", "seen", NULL, listed + missing);
	runlog_count(log, "audit", "sent", "listed", NULL, listed);
	if (missing == 0)
		return true;
	runlog_count(log, "audit", "sent", "missing", NULL, missing);
	log_ev(LOG_LEVEL_ERROR, "audit", "missing=%lld hint=%s", missing, log_quote(
	    "sent in the last 48 hours, but the service does not list them"));
	return true;
}

static bool
conclude(struct auditor *a, struct err *err)
{
	const char *source = a->stage->survey->link.name;
	const long long foreign = runlog_source(a->stage->log, "audit", source,
	    "foreign");

	if (foreign > 0)
		log_ev(LOG_LEVEL_NOTICE, "audit", "foreign=%lld hint=%s", foreign,
		    log_quote("asked by others; they count for the throttle unless "
		    "rules.count_foreign is off"));
	arena_reset(a->stage->scratch);
	return hold_unexpected(a->stage, err) && count_missing(a->stage, err);
}

/* All that a rule may count: the longest limit, and the year of the budget. */
static time_t
first_day(const struct stage *stage)
{
	const struct conf *conf = stage->conf;
	const time_t from = clock_now() -
	    (time_t)rules_send_days(conf) * DAY_S;
	const time_t year = clock_day_start(conf->timezone,
	    stage->today / 10000 * 10000 + 101);
	return conf->budget.year > 0 && conf->rules.count_foreign && year < from
	    ? year : from;
}

static bool
audit(struct auditor *a, const struct pull *pull, struct err *err)
{
	struct stage *stage = a->stage;
	const struct survey_connector *s = stage->survey->connector;
	bool ok = s->pull_sent(stage->survey->link.self, pull, on_sent,
	    on_checkpoint, a, err);

	if (!ok && a->err.kind != ERR_NONE)
		*err = a->err;
	count_seen(a);
	/* Not offered under this configuration. */
	if (!ok && err->kind == ERR_DONE)
		return true;
	if (!ok)
		return err_wrap(err, "%s list of respondents",
		    stage->survey->link.name);
	return keep_faults(a, err) && (!a->complete || conclude(a, err));
}

bool
stage_audit(struct stage *stage, bool *complete, struct err *err)
{
	const char *name = stage->survey->link.name;
	struct auditor a;
	struct cursor cursor;

	*complete = false;
	if (stage->survey->connector->pull_sent == NULL)
		return true;
	arena_reset(stage->scratch);
	if (!cursor_read(stage->db, stage->tenant->id, name, "sent",
	        stage->log->arena, &cursor, err))
		return false;
	auditor_init(&a, stage, cursor.pass);
	struct pull pull = cursor_pull(&cursor, stage->conf, clock_now());
	pull.from = cursor.baseline ? first_day(stage) : clock_now() - LOOK_BACK_S;
	const bool ok = audit(&a, &pull, err);
	*complete = a.complete;
	sent_page_free(&a.page);
	return ok;
}

bool
stage_audit_first(struct stage *stage, bool *first, struct err *err)
{
	struct cursor cursor;

	*first = false;
	if (stage->survey->connector->pull_sent == NULL)
		return true;
	if (!cursor_read(stage->db, stage->tenant->id, stage->survey->link.name,
	        "sent", stage->log->arena, &cursor, err))
		return false;
	*first = cursor.baseline;
	return true;
}
