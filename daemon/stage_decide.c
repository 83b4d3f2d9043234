#include "stage_decide.h"

#include <string.h>

#include "clock.h"

/*
 * $1 tenant, $2 night, $3 the moment it decides, $4 throttle days, $5 others'
 * sends count; per trigger in the order of priority: $6 code, $7 on, $8 oldest
 * event that may go, $9 age from the transition, $10 consent needed,
 * $11 throttled rows wait, $12 newest event that is ripe (null = any);
 * $13-$15 filters (trigger, kind, value); $16-$23 campaigns (trigger, language,
 * country, relation, category, department, segment, id); $24 own domains;
 * $25-$26 connectors and the day they started; $27 paused; $28 connectors whose
 * rows wait; $29 role addresses are skipped.  Filled by rules.c.
 */
#define RULES_CTE                                                            \
	"rule AS MATERIALIZED ("                                             \
	"  SELECT r.*,"                                                      \
	"         (SELECT array_agg(f.value) FROM unnest($13::text[], $14::text[], $15::text[])" \
	"             AS f(trigger, kind, value) WHERE f.trigger = r.code AND f.kind = 'category') AS categories," \
	"         (SELECT array_agg(f.value) FROM unnest($13::text[], $14::text[], $15::text[])" \
	"             AS f(trigger, kind, value) WHERE f.trigger = r.code AND f.kind = 'relation') AS relations"   \
	"    FROM unnest($6::text[], $7::boolean[], $8::timestamptz[], $9::boolean[], $10::boolean[],"             \
	"                $11::boolean[], $12::timestamptz[]) WITH ORDINALITY"                                       \
	"         AS r(code, enabled, oldest, by_transition, needs_consent, defers, ripe, prio)"                    \
	"), choice AS MATERIALIZED ("                                                                               \
	"  SELECT * FROM unnest($16::text[], $17::text[], $18::text[], $19::text[], $20::text[],"                  \
	"                       $21::text[], $22::text[], $23::text[]) WITH ORDINALITY"                             \
	"         AS m(trigger, language, country, relation, category, department, segment, campaign, ord)"         \
	"), start AS MATERIALIZED ("                                                                                \
	"  SELECT * FROM unnest($25::text[], $26::timestamptz[]) AS s(connector, at)"                              \
	")"

#define CAND_COLUMNS                                                         \
	"  SELECT q.queue_id, q.version, q.state, q.reason AS kept, q.trigger, q.event_id, q.connector,"           \
	"         q.contact_id, q.category, q.created_at, q.created_night, q.occurred_at, q.transition_at,"        \
	"         q.deferred_until, c.contact_id IS NULL AS unseen, coalesce(c.person, '{}') AS person,"           \
	"         c.full_name, c.email, c.company, c.owner_name, c.gone, c.anonymised, c.employed,"                \
	"         c.no_send, c.company_no_send, c.opted_out, c.address_state, c.address_domain,"                   \
	"         c.role_address, c.consent, c.consent_at, c.relation, c.last_activity_on,"                        \
	"         r.enabled, r.needs_consent, r.defers, r.oldest, r.categories, r.relations,"                      \
	"         coalesce(CASE WHEN r.by_transition THEN q.transition_at END, q.occurred_at) AS event_at,"        \
	"         t.at AS started_at,"                                                                              \
	"         (SELECT m.campaign FROM choice m WHERE m.trigger = q.trigger"                                     \
	"             AND (m.language IS NULL OR lower(m.language) IN (lower(c.language), lower(split_part(c.language, '-', 1))))" \
	"             AND (m.country IS NULL OR upper(m.country) = upper(c.country))"                               \
	"             AND (m.relation IS NULL OR m.relation = c.relation)"                                          \
	"             AND (m.category IS NULL OR m.category = q.category)"                                          \
	"             AND (m.department IS NULL OR m.department = c.department)"                                    \
	"             AND (m.segment IS NULL OR m.segment = c.segment)"                                             \
	"           ORDER BY m.ord LIMIT 1) AS campaign,"                                                           \
	"         row_number() OVER (ORDER BY r.prio NULLS LAST, q.occurred_at, q.connector, q.event_id, q.contact_id) AS rnk" \
	"    FROM npsync.queue q"                                                                                   \
	"    LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = q.connector AND c.contact_id = q.contact_id" \
	"    LEFT JOIN rule r ON r.code = q.trigger"                                                                \
	"    LEFT JOIN start t ON t.connector = q.connector"                                                        \
	"   WHERE q.tenant_id = $1"                                                                                 \
	"     AND (q.trigger <> 'inact' OR q.created_night < $2::date)"                                             \
	"     AND q.connector <> ALL ($28::text[])"                                                                 \
	"     AND (r.ripe IS NULL OR coalesce(CASE WHEN r.by_transition THEN q.transition_at END, q.occurred_at) <= r.ripe)"

/* (row, order, reason, blocks, fact) for every rule: decide keeps the first
 * that blocks, explain prints them all. */
#define RULE_ROWS                                                            \
	"  SELECT c.queue_id, v.ord, v.reason, v.hit, v.fact"                \
	"    FROM cand c CROSS JOIN LATERAL (VALUES"                         \
	"      ( 1, 'gone',            c.gone IS TRUE, NULL),"                \
	"      ( 2, 'anonymised',      c.anonymised IS TRUE, NULL),"          \
	"      ( 3, 'excluded',        c.state = 'excluded', c.kept),"        \
	"      ( 4, 'paused',          $27, CASE WHEN $27 THEN 'until `npsync activate`' END)," \
	"      ( 5, 'trigger_off',     c.enabled IS NOT TRUE, c.trigger),"    \
	"      ( 6, 'internal',        coalesce(c.address_domain = ANY ($24::text[]), false), c.address_domain)," \
	"      ( 7, 'left_company',    c.employed IS FALSE, NULL),"           \
	"      ( 8, 'no_send',         c.no_send IS TRUE, NULL),"             \
	"      ( 9, 'company_no_send', c.company_no_send IS TRUE, c.company),"  \
	"      (10, 'opted_out',       c.opted_out IS TRUE OR EXISTS (SELECT 1 FROM unnest(c.person) k" \
	"             JOIN npsync.opt_out o ON o.tenant_id = $1 AND o.person_key = k), NULL),"          \
	"      (11, 'no_contact',      c.contact_id = '' OR c.unseen, nullif(c.contact_id, '')),"       \
	"      (12, 'no_address',      coalesce(c.address_state = 'none', false), NULL),"               \
	"      (13, 'bad_address',     coalesce(c.address_state = 'bad', false), NULL),"                \
	"      (14, 'role_address',    $29 AND c.role_address IS TRUE, NULL),"                          \
	"      (15, 'no_consent',      coalesce(c.needs_consent, false) AND c.consent IS NOT TRUE,"     \
	"             CASE WHEN c.consent IS NULL THEN 'unknown' WHEN c.consent THEN 'yes' ELSE 'no' END)," \
	"      (16, 'no_campaign',     c.campaign IS NULL, NULL),"                                      \
	"      (17, 'filtered',        (c.categories IS NOT NULL AND (c.category = ANY (c.categories)) IS NOT TRUE)" \
	"             OR (c.relations IS NOT NULL AND (c.relation = ANY (c.relations)) IS NOT TRUE),"   \
	"             'category ' || coalesce(c.category, 'none') || ', relation ' || coalesce(c.relation, 'none'))," \
	"      (18, 'before_start',    coalesce(c.transition_at < c.started_at, false), to_char(c.started_at, 'YYYY-MM-DD'))," \
	"      (19, 'too_old',         coalesce(c.event_at < c.oldest, false), to_char(c.event_at, 'YYYY-MM-DD')),"  \
	"      (20, 'active_again',    c.trigger = 'inact' AND coalesce(to_char(c.last_activity_on, 'YYYY-MM-DD')"   \
	"             > left(c.event_id, 10), false), to_char(c.last_activity_on, 'YYYY-MM-DD')),"      \
	"      (21, 'planned',         c.trigger = 'inact' AND EXISTS (SELECT 1 FROM npsync.planned_activity p" \
	"             WHERE p.tenant_id = $1 AND p.connector = c.connector AND p.contact_id = c.contact_id"     \
	"               AND p.planned_on >= $2::date), NULL)"                                           \
	"    ) v(ord, reason, hit, fact)"                                                               \
	"  UNION ALL"                                                                                   \
	"  SELECT o.queue_id, 22, 'throttled', true,"                                                   \
	"         'until ' || (s.sent_on + $4::int) || ', asked ' || s.sent_on || coalesce(' ''' || coalesce(g.name, s.campaign) || '''', '')" \
	"    FROM own o JOIN npsync.person_send s ON s.tenant_id = $1 AND s.person_key = o.k"           \
	"         AND s.sent_on > $2::date - $4::int AND (s.source = 'own' OR $5)"                      \
	"    LEFT JOIN npsync.campaign g ON g.tenant_id = $1 AND g.campaign_id = s.campaign"

/* The same person may have several rows: a row goes if it ranks first for each
 * of its keys; one that lost only to a row that itself does not go waits. */
#define RANK_CTE                                                             \
	"first AS MATERIALIZED ("                                            \
	"  SELECT DISTINCT ON (queue_id) queue_id, reason, fact FROM verdict" \
	"   WHERE hit ORDER BY queue_id, ord, fact DESC"                     \
	"), free AS MATERIALIZED ("                                          \
	"  SELECT c.* FROM cand c WHERE c.deferred_until <= $3::timestamptz"  \
	"     AND NOT EXISTS (SELECT 1 FROM first f WHERE f.queue_id = c.queue_id)" \
	"), best AS MATERIALIZED ("                                          \
	"  SELECT f.queue_id, k, f.rnk, min(f.rnk) OVER (PARTITION BY k) AS first_rnk FROM free f, unnest(f.person) k" \
	"), go AS MATERIALIZED ("                                            \
	"  SELECT queue_id FROM best GROUP BY queue_id HAVING bool_and(rnk = first_rnk)" \
	"), dup AS MATERIALIZED ("                                           \
	"  SELECT DISTINCT o.queue_id, min(w.queue_id) OVER (PARTITION BY o.queue_id) AS winner" \
	"    FROM best o JOIN best w ON w.k = o.k JOIN go g ON g.queue_id = w.queue_id" \
	"   WHERE NOT EXISTS (SELECT 1 FROM go x WHERE x.queue_id = o.queue_id)" \
	")"

#define OWN_CTE "own AS MATERIALIZED (SELECT c.queue_id, k FROM cand c, unnest(c.person) k)"

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
    /* The winner may have waited some nights before it failed. */
    "     AND EXISTS (SELECT 1 FROM npsync.queue w WHERE w.tenant_id = $1 AND w.state = 'failed'"
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
    "   FROM pick p WHERE q.tenant_id = $1 AND q.queue_id = p.queue_id"
    " RETURNING q.queue_id");

/* $30 epoch, $31 run, $32 end of this night, $33 the oldest facts that count: a
 * row whose card could not be read since then waits, it is not sent. */
DB_STMT(decide_night,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $30"
    "     AND lease_until > now() FOR SHARE"
    "), " RULES_CTE ", cand AS MATERIALIZED ("
    CAND_COLUMNS
    "     AND EXISTS (SELECT 1 FROM e)"
    "     AND q.state IN ('queued', 'deferred') AND q.deferred_until <= $3::timestamptz"
    "     AND (q.due_night IS NULL OR q.due_night < $2::date)"
    "     AND (c.contact_id IS NULL OR c.gone OR c.facts_at >= $33::timestamptz"
    "          OR EXISTS (SELECT 1 FROM npsync.cursor k WHERE k.tenant_id = $1"
    "                AND k.connector = q.connector AND k.stream = 'contacts'"
    "                AND k.pass = c.pass AND k.completed_at >= $33::timestamptz))"
    "), " OWN_CTE ", verdict AS ("
    RULE_ROWS
    "  UNION ALL"                       /* due already, by an earlier decide of this night */
    "  SELECT o.queue_id, 24, 'duplicate_person', true, NULL FROM own o"
    "    JOIN (SELECT k FROM npsync.queue q, unnest(q.person) k WHERE q.tenant_id = $1"
    "             AND q.due_night = $2::date AND q.state IN ('queued', 'deferred')) t USING (k)"
    "), " RANK_CTE ", final AS MATERIALIZED ("
    "  SELECT c.queue_id, c.version, c.state AS f, c.person, c.campaign, c.rnk,"
    "         CASE WHEN x.reason IS NOT NULL THEN x.reason"
    "              WHEN g.queue_id IS NULL THEN 'duplicate_person' END AS reason, x.fact,"
    "         CASE WHEN x.reason = 'throttled' AND c.defers"
    "              THEN CASE WHEN $2::date - c.created_night < 7 THEN 'deferred' ELSE 'expired' END"
    "              WHEN x.reason IS NOT NULL OR d.queue_id IS NOT NULL THEN 'suppressed'"
    "              WHEN g.queue_id IS NOT NULL THEN c.state ELSE 'deferred' END AS t"
    "    FROM cand c LEFT JOIN first x USING (queue_id) LEFT JOIN dup d USING (queue_id)"
    "    LEFT JOIN go g USING (queue_id)"
    "), hist AS ("
    "  INSERT INTO npsync.queue_history (tenant_id, queue_id, version, at, actor, run_id,"
    "         from_state, to_state, detail)"
    "  SELECT $1, queue_id, version + 1, $3::timestamptz, 'decide', $31, f, t,"
    "         coalesce(reason || coalesce(': ' || fact, ''), 'due ' || $2::date) FROM final"
    "), moved AS ("
    "  UPDATE npsync.queue q"
    "     SET state = f.t, reason = f.reason, version = q.version + 1, campaign = f.campaign,"
    "         person = f.person, decided_night = $2::date,"
    "         due_night = CASE WHEN f.reason IS NULL THEN $2::date END,"
    "         due_rank = CASE WHEN f.reason IS NULL THEN f.rnk::int END,"
    "         deferred_until = CASE WHEN f.t = 'deferred' AND f.reason IS NOT NULL"
    "                               THEN $32::timestamptz ELSE q.deferred_until END"
    "    FROM final f WHERE q.tenant_id = $1 AND q.queue_id = f.queue_id AND q.version = f.version"
    "  RETURNING q.state, coalesce(q.reason, '') AS reason, q.trigger"
    ")"
    " SELECT state, reason, trigger, count(*) FROM moved GROUP BY state, reason, trigger"
    "  ORDER BY trigger, state, reason");

#define OPEN_CAND                                                            \
	RULES_CTE ", cand AS MATERIALIZED (" CAND_COLUMNS                    \
	"     AND q.state IN ('queued', 'deferred', 'held', 'excluded')"     \
	"), " OWN_CTE ", verdict AS (" RULE_ROWS                             \
	"  UNION ALL SELECT c.queue_id, 28, coalesce(c.kept, 'flood'), true, NULL"  \
	"    FROM cand c WHERE c.state = 'held'"                             \
	"), " RANK_CTE

DB_STMT(decide_preview_rows,
    "WITH " OPEN_CAND
    " SELECT c.queue_id, c.state, c.trigger, extract(epoch from c.created_at)::bigint,"
    "        extract(epoch from c.occurred_at)::bigint, c.contact_id, c.full_name, c.email,"
    "        c.company, c.owner_name, coalesce(p.name, c.campaign),"
    "        CASE WHEN x.reason IS NOT NULL THEN x.reason"
    "             WHEN g.queue_id IS NOT NULL THEN 'go'"
    "             WHEN d.queue_id IS NOT NULL THEN 'duplicate_person' ELSE 'wait' END,"
    "        coalesce(x.fact, CASE WHEN d.queue_id IS NOT NULL THEN 'row ' || d.winner || ' goes' END),"
    "        CASE WHEN isfinite(c.deferred_until) THEN extract(epoch from c.deferred_until)::bigint END,"
    "        c.connector, c.category"
    "   FROM cand c LEFT JOIN first x USING (queue_id) LEFT JOIN dup d USING (queue_id)"
    "   LEFT JOIN go g USING (queue_id)"
    "   LEFT JOIN npsync.campaign p ON p.tenant_id = $1 AND p.campaign_id = c.campaign"
    "  ORDER BY (x.reason IS NULL) DESC, c.rnk");

/* $30 the row */
DB_STMT(decide_explain_rows,
    "WITH " OPEN_CAND
    " SELECT reason, hit, fact FROM ("
    "   SELECT v.ord, v.reason, v.hit, v.fact FROM verdict v"
    "    WHERE v.queue_id = $30"
    "   UNION ALL"
    "   SELECT 22, 'throttled', false, NULL FROM cand c WHERE c.queue_id = $30"
    "      AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.queue_id = $30 AND v.ord = 22)"
    "   UNION ALL"
    "   SELECT 24, 'duplicate_person', d.queue_id IS NOT NULL, 'row ' || d.winner || ' goes'"
    "     FROM cand c LEFT JOIN dup d USING (queue_id) WHERE c.queue_id = $30"
    " ) v ORDER BY ord, hit DESC, fact DESC");

static void
count_outcome(struct stage *stage, const struct db_result *r, int row,
    const char *outcome)
{
	const char *reason = db_text(r, row, 1), *trigger = db_text(r, row, 2);
	const long long n = db_int(r, row, 3);

	runlog_count(stage->log, "decide", trigger, outcome, reason, n);
	runlog_count(stage->log, "decide", trigger, "seen", NULL, n);
}

static bool
requeue(struct stage *stage, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, stage->arena);
	db_arg_int(&args, stage->tenant->id);
	db_arg_int(&args, stage->tenant->epoch);
	db_arg_day(&args, stage->night);
	db_arg_time(&args, clock_now());
	db_arg_int(&args, stage->log->run_id);
	if (!db_query(stage->db, &decide_requeue, &args, &r, err))
		return false;
	return true;
}

static bool
decide(struct stage *stage, struct rules *rules, const struct rules_night *night,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, stage->arena);
	if (!rules_args(rules, stage->db, night, &args, err))
		return false;
	db_arg_int(&args, stage->tenant->epoch);
	db_arg_int(&args, stage->log->run_id);
	db_arg_time(&args, calendar_window_end(&stage->conf->calendar, night->night));
	db_arg_time(&args, night->moment - FACTS_MAX_AGE_S);
	if (!db_query(stage->db, &decide_night, &args, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		const char *state = db_text(r, i, 0);
		const bool due = *db_text(r, i, 1) == '\0';
		count_outcome(stage, r, i, due ? "due" : state);
	}
	return true;
}

bool
stage_decide(struct stage *stage, const char *const *waiting, size_t n_waiting,
    struct err *err)
{
	const struct rules_night night = { .tenant_id = stage->tenant->id,
		.night = stage->night, .moment = clock_now(), .waiting = waiting,
		.n_waiting = n_waiting };
	struct rules rules;

	if (!requeue(stage, err))
		return false;
	rules_init(&rules, stage->conf);
	const bool ok = decide(stage, &rules, &night, err);
	rules_free(&rules);
	return ok;
}

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
