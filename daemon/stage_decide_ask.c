/*
 * What a night would do, nothing written: the rules of decide_sql.h for the
 * preview and for one row.
 */
#include "contact_sql.h"
#include "decide_sql.h"
#include "stage_decide.h"

/* Rows that are held or taken out are judged too: what else stops them? */
#define OPEN_CTE                                                             \
	RULES_CTE ", cand AS MATERIALIZED (" CAND_COLUMNS                    \
	"     AND q.state IN ('queued', 'deferred', 'held', 'excluded')"     \
	CAND_END "), " DUE_CTE ", " SETS_CTE ", " JUDGED_CTE ", " FATE_CTE

DB_STMT(decide_preview_rows,
    "WITH " OPEN_CTE ", shown AS MATERIALIZED ("
    "  SELECT j.queue_id, j.prio, j.campaign, j.kept, j.ord, j.fact, j.is_due, z.queue_id AS met,"
    "         z.ord AS fate, z.winner, z.fact AS why"
    "    FROM judged j FULL JOIN fate z ON z.queue_id = j.queue_id"
    ") SELECT q.queue_id, q.state, q.trigger, extract(epoch from q.created_at)::bigint,"
    "        extract(epoch from q.occurred_at)::bigint, q.contact_id, " CONTACT_NAME("c") ", c.email,"
    "        c.company, c.owner_name, coalesce(p.name, s.campaign),"
    "        CASE WHEN s.ord = " R_FLOOD " THEN coalesce(s.kept, 'flood')"
    "             WHEN s.ord IS NOT NULL THEN " REASONS "[s.ord]"
    "             WHEN s.is_due THEN 'go'"
    "             WHEN s.met IS NULL OR (s.fate = " R_DUPLICATE " AND s.winner IS NULL) THEN 'wait'"
    "             WHEN s.fate IS NULL THEN 'go' ELSE " REASONS "[s.fate] END,"
    "        coalesce(s.fact, s.why),"
    "        CASE WHEN isfinite(q.deferred_until) THEN extract(epoch from q.deferred_until)::bigint END,"
    "        q.connector, q.category"
    "   FROM shown s JOIN npsync.queue q ON q.tenant_id = $1 AND q.queue_id = s.queue_id"
    "   LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = q.connector"
    "        AND c.contact_id = q.contact_id"
    "   LEFT JOIN npsync.campaign p ON p.tenant_id = $1 AND p.campaign_id = s.campaign"
    "  ORDER BY (s.ord IS NULL) DESC, s.prio NULLS LAST, q.occurred_at, q.connector COLLATE \"C\","
    "        q.event_id COLLATE \"C\", q.contact_id COLLATE \"C\"");

/* $45 the row.  A rule of the row, then what the others leave it. */
DB_STMT(decide_explain_rows,
    "WITH " OPEN_CTE ", mine AS ("
    "  SELECT j.state, j.kept, z.ord, z.winner, z.fact FROM judged j"
    "    LEFT JOIN fate z USING (queue_id) WHERE j.queue_id = $45"
    ") SELECT CASE WHEN v.ord = " R_FLOOD " AND m.state = 'held' THEN coalesce(m.kept, 'flood')"
    "              ELSE v.reason END,"
    "         v.hit OR (v.ord = m.ord AND NOT (m.ord = " R_DUPLICATE " AND m.winner IS NULL)) IS TRUE,"
    "         CASE WHEN v.ord = m.ord THEN m.fact ELSE v.fact END,"
    "         CASE WHEN v.ord = " R_BUDGET " AND m.ord = v.ord"
    "              THEN (date_trunc('year', $2::date) + interval '1 year')::date"
    "              WHEN v.ord IN (" R_CAP ", " R_COMPANY ", " R_DUPLICATE ") AND m.ord = v.ord AND NOT v.hit"
    "              THEN $2::date + 1 WHEN v.hit THEN v.change END"
    "    FROM mine m CROSS JOIN LATERAL ("
    "      SELECT v.* FROM " KNOWN("(" FACTS " AND q.queue_id = $45)", "LEFT JOIN")
    "             c CROSS JOIN LATERAL (VALUES" ROW_RULES(R_VALUES, R_VALUES)
    "             (" R_BUDGET ", 'over_budget', false, NULL, NULL),"
    "             (" R_CAP ", 'over_cap', false, NULL, NULL),"
    "             (" R_FLOOD ", 'flood', c.state = 'held', NULL, NULL)"
    "           ) v(ord, reason, hit, fact, change) WHERE c.queue_id = $45) v"
    "   ORDER BY v.ord");

static bool
ask(struct db *db, const struct db_stmt *stmt, const struct conf *conf,
    const struct rules_night *night, const long long *queue_id,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct rules rules;
	struct db_args args;

	rules_init(&rules, conf);
	db_args_init(&args, arena);
	bool ok = rules_args(&rules, db, night, &args, err);
	if (ok && queue_id != NULL)
		db_arg_int(&args, *queue_id);
	ok = ok && db_query(db, stmt, &args, result, err);
	rules_free(&rules);
	return ok;
}

bool
decide_preview(struct db *db, const struct conf *conf,
    const struct rules_night *night, struct arena *arena,
    struct db_result **result, struct err *err)
{
	return ask(db, &decide_preview_rows, conf, night, NULL, arena, result, err);
}

bool
decide_explain(struct db *db, const struct conf *conf,
    const struct rules_night *night, long long queue_id, struct arena *arena,
    struct db_result **result, struct err *err)
{
	return ask(db, &decide_explain_rows, conf, night, &queue_id, arena, result,
	    err);
}
