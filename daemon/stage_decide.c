#include "stage_decide.h"

#include <string.h>

#include "alarm.h"
#include "clock.h"
#include "decide_sql.h"
#include "log.h"
#include "statistics.h"

/* A loser whose winner then ended unsent gets one more chance (vector D1). */
DB_STMT(decide_requeue,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"
    "     AND lease_until > now() FOR SHARE"
    "), pick AS MATERIALIZED ("
    "  SELECT q.queue_id, q.version FROM npsync.queue q"
    "   WHERE q.tenant_id = $1 AND EXISTS (SELECT 1 FROM e)"
    "     AND q.state = 'suppressed' AND q.reason = 'duplicate_person' AND NOT q.requeued"
    "     AND q.decided_night >= $3::date - 7"
    /* The winner may have waited some nights before it failed, or was not handed
     * over and then ended by a rule or a merge: in a night before, or the same
     * night once more would ask somebody. */
    "     AND EXISTS (SELECT 1 FROM npsync.queue w WHERE w.tenant_id = $1"
    "            AND (w.state = 'failed' OR (w.state IN ('suppressed', 'expired')"
    "                 AND w.decided_night < $3::date)) AND w.queue_id <> q.queue_id"
    "            AND w.due_night >= q.decided_night AND w.person && q.person)"
    "     AND NOT EXISTS (SELECT 1 FROM unnest(q.person) k"
    "           JOIN npsync.person_send s ON s.tenant_id = $1 AND s.person_key = k"
    "            AND s.sent_on >= q.decided_night AND s.source = 'own')"
    "   FOR UPDATE OF q"
    "), hist AS ("
    "  INSERT INTO npsync.queue_history (tenant_id, queue_id, version, at, actor, run_id,"
    "         from_state, to_state, detail)"
    "  SELECT $1, queue_id, version + 1, $4::timestamptz, 'decide', $5, 'suppressed', 'queued',"
    "         'the other event of this person ended unsent' FROM pick"
    ")"
    " UPDATE npsync.queue q SET state = 'queued', reason = NULL, requeued = true,"
    "        decided_night = NULL, version = q.version + 1"
    "   FROM pick p WHERE q.tenant_id = $1 AND q.queue_id = p.queue_id");

/* $45 epoch, $46 run, $47 end of this night, $48 the oldest facts that count: a
 * row whose card could not be read since then waits, it is not sent.  One that a
 * pause, the cap or a loser stops is judged again in the next night. */
DB_STMT(decide_night,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $45"
    "     AND lease_until > now() FOR SHARE"
    "), " RULES_CTE ", cand AS MATERIALIZED ("
    CAND_COLUMNS
    "     AND EXISTS (SELECT 1 FROM e)"
    "     AND q.state IN ('queued', 'deferred') AND q.deferred_until <= $3::timestamptz"
    "     AND (q.due_night IS NULL OR q.due_night < $2::date)"
    "     AND NOT (" LATE_WAIT " AND q.created_at >= $44::timestamptz)"
    "     AND (c.contact_id IS NULL OR c.gone OR c.facts_at >= $48::timestamptz)"
    CAND_END "), " DUE_CTE ", " SETS_CTE ", " JUDGED_CTE ", " FATE_CTE ", ended AS ("
    "  SELECT j.queue_id, j.version, j.state AS f, j.person, j.campaign, z.rnk, j.late,"
    "         j.defers, j.created_night, j.connector, j.company_id, coalesce(j.ord, z.ord) AS ord,"
    "         coalesce(j.fact, z.fact) AS fact,"
    "         j.ord IS NULL AND z.ord = " R_DUPLICATE " AND z.winner IS NULL AS again"
    "    FROM judged j FULL JOIN fate z ON z.queue_id = j.queue_id"
    "), final AS MATERIALIZED ("
    "  SELECT d.*, " REASONS "[d.ord] AS reason,"
    "         CASE WHEN d.ord IS NULL THEN d.f"
    "              WHEN d.ord IN (" R_THROTTLED ", " R_COMPANY ") AND d.defers"
    "              THEN CASE WHEN $2::date - d.created_night < 7 THEN 'deferred' ELSE 'expired' END"
    "              WHEN d.again OR d.ord IN (" R_PAUSED ", " R_CAP ") THEN 'deferred'"
    "              WHEN d.ord = " R_FLOOD " THEN 'held' ELSE 'suppressed' END AS t"
    "    FROM ended d"
    /* A company's mails: what went or is due by an earlier decide of the night
     * has its places already. */
    "), placed AS ("
    "  SELECT z.connector, z.company_id, sum(z.n) AS n FROM ("
    "    SELECT connector, company_id, count(*) AS n FROM due WHERE company_id IS NOT NULL GROUP BY 1, 2"
    "    UNION ALL SELECT q.connector, q.company_id, count(*) FROM npsync.queue q"
    "     WHERE q.tenant_id = $1 AND q.due_night = $2::date AND q.company_id IS NOT NULL"
    "       AND q.state IN ('sending', 'sent', 'unknown') GROUP BY 1, 2) z GROUP BY 1, 2"
    "), slot AS MATERIALIZED ("
    "  SELECT g.queue_id,"
    "         ((coalesce(p.n, 0) + g.nth - 1) * " SPREAD_S " / (coalesce(p.n, 0) + g.n))::int AS after_s"
    "    FROM (SELECT queue_id, connector, company_id, count(*) OVER w AS n,"
    "                 row_number() OVER (PARTITION BY connector, company_id ORDER BY rnk) AS nth"
    "            FROM final WHERE reason IS NULL AND company_id IS NOT NULL"
    "          WINDOW w AS (PARTITION BY connector, company_id)) g"
    "    FULL JOIN placed p ON p.connector = g.connector AND p.company_id = g.company_id"
    "   WHERE coalesce(g.queue_id, 0) > 0"
    /* Kept apart: or what asks for its rows makes nested loops of it. */
    "), timed AS MATERIALIZED ("
    "  SELECT f.*, coalesce(s.after_s, 0) AS after_s FROM final f"
    "    FULL JOIN slot s ON s.queue_id = f.queue_id WHERE coalesce(f.queue_id, 0) > 0"
    "), hist AS ("
    "  INSERT INTO npsync.queue_history (tenant_id, queue_id, version, at, actor, run_id,"
    "         from_state, to_state, detail)"
    "  SELECT $1, queue_id, version + 1, $3::timestamptz, 'decide', $46, f, t,"
    "         coalesce(reason || coalesce(': ' || fact, ''), 'due ' || $2::date) FROM final"
    "), moved AS ("
    "  UPDATE npsync.queue q"
    "     SET state = f.t, reason = f.reason, version = q.version + 1, campaign = f.campaign,"
    "         person = f.person, decided_night = $2::date,"
    /* Kept on a row that ends: it was to go then, and its losers are asked. */
    "         due_night = CASE WHEN f.reason IS NULL THEN $2::date"
    "                          WHEN f.t IN ('suppressed', 'expired') THEN q.due_night END,"
    "         due_rank = CASE WHEN f.reason IS NULL THEN f.rnk::int END,"
    "         send_offset_s = f.after_s,"
    "         deferred_until = CASE WHEN f.t = 'deferred' AND f.reason IS NOT NULL"
    "                               THEN $47::timestamptz ELSE q.deferred_until END"
    "    FROM timed f"
    "   WHERE q.tenant_id = $1 AND q.queue_id = f.queue_id AND q.version = f.version"
    "  RETURNING q.state, coalesce(q.reason, '') AS reason, q.trigger, f.late, f.fact"
    ")"
    " SELECT state, reason, trigger, count(*), count(*) FILTER (WHERE late AND reason = ''),"
    "        CASE WHEN reason = 'over_budget' THEN max(fact) END"
    "   FROM moved GROUP BY state, reason, trigger ORDER BY trigger, state, reason");

/* ---- alarms ------------------------------------------------------------ */
static void
log_alarm(const char *kind, const char *subject, const char *detail)
{
	log_ev(LOG_LEVEL_WARNING, "decide", "alarm=%s subject=%s detail=%s",
	    kind, log_quote(subject), log_quote(detail));
}

static bool
set_floods(struct stage *stage, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!alarm_end_floods(stage->db, stage->tenant->id, clock_now(),
	        stage->arena, err) ||
	    !alarm_set_floods(stage->db, stage->tenant->id, clock_now(),
	        stage->arena, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++)
		log_alarm("flood", db_text(r, i, 0), db_text(r, i, 1));
	return true;
}

static bool
set_budget(struct stage *stage, const char *spent, struct err *err)
{
	const int year_start = stage->night / 10000 * 10000 + 101;
	bool changed;

	if (spent == NULL)
		return alarm_end_budget(stage->db, stage->tenant->id, year_start,
		    stage->night, stage->conf->budget.year,
		    stage->conf->rules.count_foreign, clock_now(), stage->arena,
		    err);
	if (!alarm_set(stage->db, stage->tenant->id, "budget", "", spent,
	        clock_now(), stage->arena, &changed, err))
		return false;
	if (changed)
		log_alarm("budget", "", spent);
	return true;
}

/* One alarm per change: a flood for each trigger, the budget as a whole.  What
 * was over before this night's is another change. */
static bool
set_alarms(struct stage *stage, const struct db_result *r, struct err *err)
{
	const char *spent = NULL;

	for (int i = 0; i < db_rows(r); i++)
		if (strcmp(db_text(r, i, 1), "over_budget") == 0)
			spent = db_text(r, i, 5);
	return set_floods(stage, err) && set_budget(stage, spent, err);
}

static void
count_outcome(struct stage *stage, const struct db_result *r, int row,
    const char *outcome)
{
	const char *reason = db_text(r, row, 1), *trigger = db_text(r, row, 2);
	const long long n = db_int(r, row, 3), late = db_int(r, row, 4);

	runlog_count(stage->log, "decide", trigger, outcome, reason, n);
	runlog_count(stage->log, "decide", trigger, "seen", NULL, n);
	if (late == 0)
		return;
	/* They go, though nobody saw them on a working day. */
	runlog_count(stage->log, "late", trigger, "seen_late", NULL, late);
	runlog_count(stage->log, "late", trigger, "seen", NULL, late);
}

bool
stage_decide_requeue(struct stage *stage, struct err *err)
{
	struct db_args args;

	db_args_init(&args, stage->arena);
	db_arg_int(&args, stage->tenant->id);
	db_arg_int(&args, stage->tenant->epoch);
	db_arg_day(&args, stage->night);
	db_arg_time(&args, clock_now());
	db_arg_int(&args, stage->log->run_id);
	return db_query(stage->db, &decide_requeue, &args, NULL, err);
}

/* facts_since: rows whose facts are older wait. */
static bool
judge(struct stage *stage, const struct rules_night *night, time_t facts_since,
    struct db_result **result, struct err *err)
{
	struct rules rules;
	struct db_args args;

	rules_init(&rules, stage->conf);
	db_args_init(&args, stage->arena);
	bool ok = rules_args(&rules, stage->db, night, &args, err);
	db_arg_int(&args, stage->tenant->epoch);
	db_arg_int(&args, stage->log->run_id);
	db_arg_time(&args, calendar_window_end(&stage->conf->calendar, night->night));
	db_arg_time(&args, facts_since);
	ok = ok && db_query(stage->db, &decide_night, &args, result, err);
	rules_free(&rules);
	return ok;
}

bool
stage_decide_rehearse(struct stage *stage, time_t moment, struct err *err)
{
	const struct rules_night night = { .tenant_id = stage->tenant->id,
		.secret = stage->tenant->secret,
		.night = stage->night, .moment = moment };

	return judge(stage, &night, 0, NULL, err);
}

static bool
decide(struct stage *stage, const struct rules_night *night, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!judge(stage, night, night->moment - FACTS_MAX_AGE_S, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		const char *state = db_text(r, i, 0);
		const bool due = *db_text(r, i, 1) == '\0';
		count_outcome(stage, r, i, due ? "due" : state);
	}
	return set_alarms(stage, r, err);
}

bool
stage_decide(struct stage *stage, const char *const *waiting, size_t n_waiting,
    struct err *err)
{
	const struct rules_night night = { .tenant_id = stage->tenant->id,
		.secret = stage->tenant->secret,
		.night = stage->night, .moment = clock_now(), .waiting = waiting,
		.n_waiting = n_waiting };

	return stage_decide_requeue(stage, err) &&
	    statistics_refresh(stage->db, stage->arena, err) &&
	    decide(stage, &night, err);
}
