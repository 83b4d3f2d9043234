/*
 * How this stage can lose too much, and what stops it:
 *  - the key of an event, the evidence of a send, an opt-out: no statement here
 *    names their tables;
 *  - a row that waits, or whose outcome is open: only ended states go, counted
 *    from their last move;
 *  - a card that an export left out by mistake: it must have been gone for
 *    log_days, and nothing may hang on it;
 *  - a run that lost its lease: each batch demands it;
 *  - killed in a batch: it is rolled back, and taken by the next night.
 */
#include "stage_retention.h"

#include "clock.h"

#define DAY_S 86400
/* A post or mail is wanted for some days only (EFFECT_FRESH_DAYS): its row goes
 * well after them, whatever is configured. */
#define EFFECT_DAYS_MIN 30

/* $1 tenant, $2 epoch, $3 what is older goes, $4 at most. */
#define FENCE                                                                \
	"WITH e AS MATERIALIZED ("                                           \
	"  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"  \
	"     AND lease_until > now() FOR SHARE), "

DB_STMT(retention_queue,
    FENCE "old AS MATERIALIZED ("
    "  SELECT q.queue_id FROM npsync.queue q"
    "   WHERE q.tenant_id = $1 AND EXISTS (SELECT 1 FROM e)"
    "     AND q.state IN ('suppressed', 'expired', 'excluded', 'sent', 'failed')"
    "     AND q.created_at < $3::timestamptz"
    "     AND NOT EXISTS (SELECT 1 FROM npsync.queue_history h WHERE h.tenant_id = $1"
    "            AND h.queue_id = q.queue_id AND h.at >= $3::timestamptz)"
    "   LIMIT $4)"
    " DELETE FROM npsync.queue q USING old o WHERE q.tenant_id = $1 AND q.queue_id = o.queue_id"
    "    AND q.state IN ('suppressed', 'expired', 'excluded', 'sent', 'failed')");
DB_STMT(retention_comment,
    FENCE "old AS MATERIALIZED ("
    "  SELECT a.answer_id FROM npsync.answer a"
    "   WHERE a.tenant_id = $1 AND EXISTS (SELECT 1 FROM e) AND a.comment IS NOT NULL"
    "     AND coalesce(greatest(a.answered_at, a.changed_at), a.first_seen_at) < $3::timestamptz"
    "   LIMIT $4"
    /* Its record in the CRM keeps the words: never written again from here. */
    "), told AS ("
    "  UPDATE npsync.effect f SET reason = 'the comment is gone here' FROM old o"
    "   WHERE f.tenant_id = $1 AND f.kind = 'history' AND f.subject = o.answer_id AND f.state = 'done')"
    " UPDATE npsync.answer a SET comment = NULL FROM old o"
    "  WHERE a.tenant_id = $1 AND a.answer_id = o.answer_id");
/* The newest that ended well tells `npsync status` since when it does not. */
DB_STMT(retention_run,
    FENCE "old AS MATERIALIZED ("
    "  SELECT r.run_id FROM npsync.run r"
    "   WHERE r.tenant_id = $1 AND EXISTS (SELECT 1 FROM e) AND r.epoch < $2"
    "     AND r.started_at < $3::timestamptz"
    "     AND EXISTS (SELECT 1 FROM npsync.run g WHERE g.tenant_id = $1 AND g.kind = r.kind"
    "            AND g.result = 'ok' AND g.started_at > r.started_at)"
    "   LIMIT $4)"
    " DELETE FROM npsync.run r USING old o WHERE r.tenant_id = $1 AND r.run_id = o.run_id");
DB_STMT(retention_record,
    FENCE "old AS MATERIALIZED ("
    "  SELECT x.connector, x.source, x.line, x.record_key, x.reason FROM npsync.quarantine x"
    "   WHERE x.tenant_id = $1 AND EXISTS (SELECT 1 FROM e) AND x.last_at < $3::timestamptz"
    "   LIMIT $4)"
    " DELETE FROM npsync.quarantine x USING old o WHERE x.tenant_id = $1"
    "    AND (x.connector, x.source, x.line, x.record_key, x.reason)"
    "        = (o.connector, o.source, o.line, o.record_key, o.reason)");
DB_STMT(retention_audit,
    FENCE "old AS MATERIALIZED ("
    "  SELECT u.audit_id FROM npsync.audit u WHERE u.tenant_id = $1"
    "     AND EXISTS (SELECT 1 FROM e) AND u.at < $3::timestamptz LIMIT $4)"
    " DELETE FROM npsync.audit u USING old o WHERE u.tenant_id = $1 AND u.audit_id = o.audit_id");
/* What a card shows, a record of an answer and the tag of a refusal would be
 * written again without their row: it lives as long as the card. */
DB_STMT(retention_effect,
    FENCE "old AS MATERIALIZED ("
    "  SELECT f.kind, f.target, f.subject FROM npsync.effect f WHERE f.tenant_id = $1"
    "     AND EXISTS (SELECT 1 FROM e) AND CASE"
    "         WHEN f.kind = 'history' THEN NOT EXISTS (SELECT 1 FROM npsync.answer a"
    "              WHERE a.tenant_id = $1 AND a.answer_id = f.subject)"
    "         WHEN f.kind IN ('field', 'opt_out') THEN NOT EXISTS (SELECT 1 FROM npsync.contact c"
    "              WHERE c.tenant_id = $1 AND c.connector = f.target AND c.contact_id = f.subject)"
    "         ELSE f.state <> 'doing' AND f.updated_at < $3::timestamptz END LIMIT $4)"
    " DELETE FROM npsync.effect f USING old o WHERE f.tenant_id = $1"
    "    AND (f.kind, f.target, f.subject) = (o.kind, o.target, o.subject)");
/* One that has ended pauses nobody; who made it stands in the audit. */
DB_STMT(retention_pause,
    FENCE "old AS MATERIALIZED ("
    "  SELECT p.pause_id FROM npsync.pause p WHERE p.tenant_id = $1"
    "     AND EXISTS (SELECT 1 FROM e) AND p.until < $3::timestamptz LIMIT $4)"
    " DELETE FROM npsync.pause p USING old o WHERE p.tenant_id = $1 AND p.pause_id = o.pause_id");
/* A merged card stays: its keys tell who was asked. */
DB_STMT(retention_contact,
    FENCE "old AS MATERIALIZED ("
    "  SELECT c.connector, c.contact_id FROM npsync.contact c"
    "   WHERE c.tenant_id = $1 AND EXISTS (SELECT 1 FROM e) AND c.gone AND c.moved_to IS NULL"
    "     AND c.facts_at < $3::timestamptz"
    "     AND (c.last_activity_on IS NULL OR c.last_activity_on < $3::timestamptz::date)"
    "     AND NOT EXISTS (SELECT 1 FROM npsync.queue q WHERE q.tenant_id = $1"
    "            AND q.connector = c.connector AND q.contact_id = c.contact_id"
    "            AND q.state IN ('queued', 'deferred', 'held', 'excluded', 'sending', 'unknown'))"
    "     AND NOT EXISTS (SELECT 1 FROM npsync.answer a WHERE a.tenant_id = $1"
    "            AND a.connector = c.connector AND a.contact_id = c.contact_id)"
    "   LIMIT $4"
    "), plan AS ("
    "  DELETE FROM npsync.planned_activity p USING old o WHERE p.tenant_id = $1"
    "     AND p.connector = o.connector AND p.contact_id = o.contact_id)"
    " DELETE FROM npsync.contact c USING old o WHERE c.tenant_id = $1"
    "    AND c.connector = o.connector AND c.contact_id = o.contact_id");

static bool
batch(struct stage *stage, const struct db_stmt *stmt, time_t before,
    long long *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	arena_reset(stage->scratch);
	db_args_init(&args, stage->scratch);
	db_arg_int(&args, stage->tenant->id);
	db_arg_int(&args, stage->tenant->epoch);
	db_arg_time(&args, before);
	db_arg_int(&args, RETENTION_BATCH);
	if (!db_query(stage->db, stmt, &args, &r, err))
		return false;
	*n = db_affected(r);
	return true;
}

static bool
sweep(struct stage *stage, const struct db_stmt *stmt, const char *what,
    time_t before, struct err *err)
{
	long long n = RETENTION_BATCH, all = 0;

	while (n == RETENTION_BATCH) {
		if (!batch(stage, stmt, before, &n, err) ||
		    !stage_breathe(stage, err))
			return false;
		all += n;
	}
	if (all == 0)
		return true;
	runlog_count(stage->log, "retention", what, "removed", NULL, all);
	runlog_count(stage->log, "retention", what, "seen", NULL, all);
	return true;
}

bool
stage_retention(struct stage *stage, struct err *err)
{
	const struct conf *conf = stage->conf;
	const time_t now = clock_now();
	const time_t queue = now - (time_t)conf->retention.queue_days * DAY_S;
	const time_t comment =
	    now - (time_t)conf->retention.comment_days * DAY_S;
	const time_t logs = now - (time_t)conf->retention.log_days * DAY_S;
	const time_t effects_kept = now - (time_t)EFFECT_DAYS_MIN * DAY_S;
	const time_t effect = queue < effects_kept ? queue : effects_kept;
	/* Who moved a row is told as long as the row. */
	const time_t audit = queue < logs ? queue : logs;

	return sweep(stage, &retention_queue, "queue", queue, err) &&
	    sweep(stage, &retention_comment, "comments", comment, err) &&
	    sweep(stage, &retention_contact, "contacts", logs, err) &&
	    sweep(stage, &retention_run, "runs", logs, err) &&
	    sweep(stage, &retention_record, "unreadable", logs, err) &&
	    sweep(stage, &retention_pause, "pauses", logs, err) &&
	    sweep(stage, &retention_effect, "effects", effect, err) &&
	    sweep(stage, &retention_audit, "audit", audit, err);
}
