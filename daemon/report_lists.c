/*
 * report_lists.c - who was not asked and why, who was asked and answered.
 * Tests are left out; who was erased has no rows any more.
 */
#include "report.h"

#include <string.h>

#include "clock.h"

/* The move that ended a row. */
#define LAST_MOVE                                                            \
	" JOIN npsync.queue_history h ON h.tenant_id = $1 AND h.queue_id = q.queue_id AND h.version = q.version"

/* Behind a colon stands what somebody said, and what a service refuses has many
 * words: neither is a reason that can be counted. */
#define REASON                                                               \
	"CASE WHEN q.state IN ('sent', 'unknown') THEN NULL WHEN q.state = 'excluded' THEN 'excluded'" \
	" WHEN q.state = 'failed' AND q.reason IS DISTINCT FROM 'opted_out' THEN 'refused'" \
	" WHEN q.reason LIKE 'duplicate_person: the card%' OR q.reason LIKE 'the card was merged%' THEN 'merged'" \
	" ELSE coalesce(nullif(split_part(q.reason, ':', 1), ''), q.state) END"

/* $1 tenant, $2 from, $3 until. */
DB_STMT(report_reasons,
    "SELECT x.trigger, x.reason, count(*) FROM ("
    "  SELECT q.trigger, " REASON " AS reason FROM npsync.queue q" LAST_MOVE
    "   WHERE q.tenant_id = $1 AND NOT q.test AND h.at >= $2::timestamptz AND h.at < $3::timestamptz"
    "     AND q.state IN ('suppressed', 'expired', 'excluded', 'held', 'failed', 'sent', 'unknown')) x"
    " GROUP BY x.trigger, x.reason"
    " ORDER BY x.trigger, x.reason IS NULL, count(*) DESC, x.reason");

/*
 * A duplicate lost to a row of the person that was due in the same night; a
 * throttled one to the last survey that the person got before it.
 */
DB_STMT(report_blockers,
    "WITH lost AS MATERIALIZED ("
    "  SELECT q.queue_id, q.trigger, q.connector, q.contact_id, q.person, q.decided_night, h.at,"
    "         split_part(q.reason, ':', 1) AS reason,"
    "         nullif(ltrim(substr(h.detail, length(split_part(h.detail, ':', 1)) + 2)), '') AS said"
    "    FROM npsync.queue q" LAST_MOVE
    "   WHERE q.tenant_id = $1 AND NOT q.test AND h.at >= $2::timestamptz AND h.at < $3::timestamptz"
    "     AND q.state IN ('suppressed', 'expired', 'deferred')"
    "     AND split_part(q.reason, ':', 1) IN ('duplicate_person', 'throttled')"
    "), loser AS MATERIALIZED ("
    "  SELECT l.queue_id, l.reason, l.decided_night, unnest(l.person) AS k FROM lost l"
    "), due AS MATERIALIZED ("
    "  SELECT d.queue_id, d.trigger, d.due_night, d.campaign, d.state, d.due_rank, d.client_ref, unnest(d.person) AS k"
    "    FROM npsync.queue d WHERE d.tenant_id = $1"
    "     AND d.due_night IN (SELECT l.decided_night FROM lost l WHERE l.reason = 'duplicate_person')"
    "), won AS MATERIALIZED ("
    "  SELECT DISTINCT ON (x.loser) x.* FROM ("
    "    SELECT o.queue_id AS loser, d.queue_id, d.trigger, d.due_night AS day, d.campaign, d.state,"
    "           d.due_rank AS turn, d.client_ref"
    "      FROM loser o JOIN due d ON d.k = o.k AND d.due_night = o.decided_night AND d.queue_id <> o.queue_id"
    "     WHERE o.reason = 'duplicate_person'"
    "    UNION ALL"
    "    SELECT o.queue_id, t.queue_id, coalesce(t.trigger, CASE WHEN s.source = 'foreign' THEN 'another''s' END),"
    "           s.sent_on, s.campaign, coalesce(t.state, s.source), NULL, t.client_ref"
    "      FROM loser o"
    "      JOIN npsync.person_send s ON s.tenant_id = $1 AND s.person_key = o.k AND s.sent_on <= o.decided_night"
    "      LEFT JOIN npsync.queue t ON t.tenant_id = $1"
    "           AND t.client_ref = CASE WHEN s.ref ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN s.ref::uuid END"
    "     WHERE o.reason = 'throttled' AND t.queue_id IS DISTINCT FROM o.queue_id) x"
    "   ORDER BY x.loser, x.day DESC, x.turn, x.client_ref"
    ")"
    " SELECT l.queue_id, l.trigger, l.contact_id, c.company, l.reason, l.decided_night,"
    "        w.queue_id, w.trigger, w.day, coalesce(g.name, w.campaign), w.state, l.said"
    "   FROM lost l"
    "   LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = l.connector AND c.contact_id = l.contact_id"
    "   LEFT JOIN won w ON w.loser = l.queue_id"
    "   LEFT JOIN npsync.campaign g ON g.tenant_id = $1 AND g.campaign_id = w.campaign"
    "  ORDER BY l.at, l.queue_id");

/* No address of somebody who may not be written to: this list is for mails.
 * $4 zone, $5 campaign, $6 programme's campaigns (null = all). */
DB_STMT(report_people,
    "WITH sent AS MATERIALIZED ("
    "  SELECT q.*, coalesce(q.send_at, q.created_at) AS at FROM npsync.queue q"
    "   WHERE q.tenant_id = $1 AND NOT q.test AND q.state IN ('sent', 'unknown')"
    "     AND coalesce(q.send_at, q.created_at) >= $2::timestamptz"
    "     AND coalesce(q.send_at, q.created_at) < $3::timestamptz"
    "     AND ($5::text IS NULL OR q.campaign = $5)"
    "     AND ($6::text[] IS NULL OR q.campaign = ANY ($6::text[]))"
    "), reply AS MATERIALIZED ("
    "  SELECT DISTINCT ON (z.queue_id) z.queue_id, z.at, z.score FROM ("
    "    SELECT a.queue_id, coalesce(a.answered_at, a.first_seen_at) AS at, a.score, a.answer_id"
    "      FROM npsync.answer a WHERE a.tenant_id = $1 AND a.queue_id IS NOT NULL"
    "       AND a.matched NOT IN ('anonymised', 'erased')"
    "    UNION ALL"
    "    SELECT l.queue_id, coalesce(a.answered_at, a.first_seen_at), a.score, a.answer_id"
    "      FROM npsync.answer a JOIN LATERAL (SELECT s.queue_id FROM npsync.queue s"
    "            WHERE s.tenant_id = $1 AND s.connector = a.connector AND s.contact_id = a.contact_id"
    "              AND s.campaign = a.campaign_id AND s.state IN ('sent', 'unknown')"
    "              AND s.send_at <= coalesce(a.answered_at, a.first_seen_at) + interval '24 hours'"
    "            ORDER BY s.send_at DESC, s.client_ref LIMIT 1) l ON true"
    "     WHERE a.tenant_id = $1 AND a.queue_id IS NULL"
    "       AND coalesce(a.answered_at, a.first_seen_at) >= $2::timestamptz - interval '24 hours'"
    "       AND a.matched NOT IN ('anonymised', 'erased')) z"
    "   WHERE z.score IS NOT NULL AND z.queue_id IN (SELECT s.queue_id FROM sent s)"
    "   ORDER BY z.queue_id, z.at DESC, length(z.answer_id) DESC, z.answer_id COLLATE \"C\" DESC"
    "), judged AS ("
    "  SELECT s.*, c.full_name, c.email, c.language, coalesce(s.owner, c.owner_name) AS keeper,"
    "         coalesce(s.company, c.company) AS house,"
    "         CASE WHEN c.contact_id IS NULL OR c.gone THEN 'gone' WHEN c.anonymised OR c.erased THEN 'anonymised'"
    "              WHEN c.employed IS FALSE THEN 'left_company'"
    "              WHEN c.no_send THEN 'no_send' WHEN c.company_no_send THEN 'company_no_send'"
    "              WHEN c.opted_out OR EXISTS (SELECT 1 FROM unnest(s.person || c.person || c.merged_keys) k"
    "                JOIN npsync.opt_out o ON o.tenant_id = $1 AND o.person_key = k"
    "                 AND o.scope IN ('all', s.campaign)) THEN 'opted_out'"
    "              WHEN c.address_state <> 'ok' THEN 'no_address' END AS silent"
    "    FROM sent s LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = s.connector"
    "         AND c.contact_id = s.contact_id"
    ")"
    " SELECT (j.at AT TIME ZONE $4::text)::date, CASE WHEN j.silent IN ('gone', 'anonymised') IS NOT TRUE"
    "             THEN j.full_name END, CASE WHEN j.silent IS NULL THEN j.email END, j.house, j.keeper,"
    "        j.trigger, coalesce(g.name, j.campaign), (r.at AT TIME ZONE $4::text)::date, r.score,"
    "        j.contact_id, j.language, j.silent"
    "   FROM judged j LEFT JOIN reply r ON r.queue_id = j.queue_id"
    "   LEFT JOIN npsync.campaign g ON g.tenant_id = $1 AND g.campaign_id = j.campaign"
    "  ORDER BY j.at, j.house, j.full_name, j.client_ref");

static void
period_args(struct db_args *args, long long tenant_id,
    const struct conf *conf, const struct report_period *p,
    struct arena *arena)
{
	db_args_init(args, arena);
	db_arg_int(args, tenant_id);
	db_arg_time(args, clock_day_start(conf->timezone, p->from));
	db_arg_time(args, clock_day_start(conf->timezone, p->until));
}

bool
report_suppressed(struct db *db, long long tenant_id, const struct conf *conf,
    const struct report_period *p, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_args args;

	period_args(&args, tenant_id, conf, p, arena);
	return db_query(db, &report_reasons, &args, result, err);
}

bool
report_blocked(struct db *db, long long tenant_id, const struct conf *conf,
    const struct report_period *p, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_args args;

	period_args(&args, tenant_id, conf, p, arena);
	return db_query(db, &report_blockers, &args, result, err);
}

/* The campaigns of a programme; NULL = all. */
static const struct strlist *
campaigns_of(const struct conf *conf, const char *programme)
{
	const struct conf_programme *p = conf->programmes.v;

	for (size_t i = 0; programme != NULL && i < conf->programmes.n; i++)
		if (strcmp(p[i].name, programme) == 0)
			return &p[i].campaigns;
	return NULL;
}

bool
report_asked(struct db *db, long long tenant_id, const struct conf *conf,
    const struct report_query *query, struct arena *arena,
    struct db_result **result, struct err *err)
{
	const struct strlist *ids = campaigns_of(conf, query->programme);
	struct db_array list;
	struct db_args args;

	db_array_init(&list);
	if (ids != NULL)
		db_array_texts(&list, ids->v, ids->n);
	period_args(&args, tenant_id, conf, &query->period, arena);
	db_arg_text(&args, conf->timezone);
	db_arg_text(&args, query->campaign);
	if (ids != NULL)
		db_arg_array(&args, &list);
	else
		db_arg_text(&args, NULL);
	const bool ok = db_query(db, &report_people, &args, result, err);
	db_array_free(&list);
	return ok;
}
