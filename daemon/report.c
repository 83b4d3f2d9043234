/*
 * Figures of a period, one statement for all groups.
 *
 * How they can be wrong, and what stops it:
 * - programmes added up: every set is cut by programme first; one that the
 *   configuration names and a campaign of the same name have other keys;
 * - an answer counted twice, or for another's survey: it belongs to the row it
 *   names, else to the last survey of its card and campaign before it;
 * - an answer in two periods: both are half-open days of the tenant's zone;
 * - tests: neither their rows nor the answers to them are looked at;
 * - people who were erased or anonymised: their scores count where the service
 *   still shows them, but only in totals, by campaign, programme and month.
 */
#include "report.h"

#include <string.h>

#include "clock.h"

/* Ends of the basis: the last answer, as the tag has it. */
#define NEWEST "ORDER BY n.at DESC, length(n.answer_id) DESC, n.answer_id COLLATE \"C\" DESC"
#define MONTH(at) "to_char((" at ") AT TIME ZONE $2::text, 'YYYY-MM')"
#define MONTH_AFTER(at) "to_char(((" at ") AT TIME ZONE $2::text) + interval '1 month', 'YYYY-MM')"

/* $1 tenant, $2 zone, $3 start of the period before, $4 start, $5 end, $6 by,
 * $7 the latest alone, $8 campaign, $9 programme (null = all), $10-$11 campaigns
 * and their programmes, $12 how far back answers are read: a month needs all of
 * the one before it. */
DB_STMT(report_figures,
    "WITH programme AS MATERIALIZED ("
    "  SELECT p.campaign, p.name, min(p.ord) OVER (PARTITION BY p.name) AS ord"
    "    FROM unnest($10::text[], $11::text[]) WITH ORDINALITY AS p(campaign, name, ord)"
    "), given AS MATERIALIZED ("
    "  SELECT a.answer_id, a.campaign_id, a.score, coalesce(a.answered_at, a.first_seen_at) AS at,"
    "         a.connector, a.contact_id, a.matched IN ('anonymised', 'erased') AS nobody,"
    "         coalesce(a.connector || ':' || a.contact_id, encode(a.address_key, 'hex'), a.answer_id) AS person,"
    "         coalesce(a.queue_id, l.queue_id) AS queue_id"
    "    FROM npsync.answer a"
    /* A service that hands over at once does not wait for send_at. */
    "    LEFT JOIN LATERAL (SELECT q.queue_id FROM npsync.queue q"
    "          WHERE q.tenant_id = $1 AND q.connector = a.connector AND q.contact_id = a.contact_id"
    "            AND q.campaign = a.campaign_id AND q.state IN ('sent', 'unknown')"
    "            AND q.send_at <= coalesce(a.answered_at, a.first_seen_at) + interval '24 hours'"
    "          ORDER BY q.send_at DESC, q.client_ref LIMIT 1) l ON a.queue_id IS NULL"
    "   WHERE a.tenant_id = $1 AND a.score IS NOT NULL"
    "     AND coalesce(a.answered_at, a.first_seen_at) >= $12::timestamptz"
    "     AND ($8::text IS NULL OR a.campaign_id = $8)"
    "), met AS MATERIALIZED (SELECT DISTINCT queue_id FROM given WHERE queue_id IS NOT NULL"
    "), staff AS MATERIALIZED ("
    "  SELECT c.connector, c.owner_id, max(c.owner_name) AS name FROM npsync.contact c"
    "   WHERE c.tenant_id = $1 AND $6::text = 'employee' AND c.owner_id IS NOT NULL GROUP BY 1, 2"
    "), fact AS ("
    "  SELECT 'answer' AS kind, g.answer_id, g.campaign_id AS campaign, g.score, g.at, g.person, g.nobody,"
    "         coalesce(q.connector, g.connector) AS connector, q.trigger, q.employee_id,"
    "         CASE WHEN q.queue_id IS NULL THEN c.owner_name ELSE q.owner END AS owner,"
    "         CASE WHEN q.queue_id IS NULL THEN c.department ELSE q.department END AS department,"
    "         CASE WHEN q.queue_id IS NULL THEN c.company_id ELSE q.company_id END AS company_id,"
    "         CASE WHEN q.queue_id IS NULL THEN c.company ELSE q.company END AS company,"
    "         CASE WHEN q.queue_id IS NULL THEN c.segment ELSE q.segment END AS segment,"
    "         NULL::text AS state, false AS met"
    "    FROM given g"
    "    LEFT JOIN npsync.queue q ON q.tenant_id = $1 AND q.queue_id = g.queue_id"
    "    LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = g.connector"
    "         AND c.contact_id = g.contact_id"
    "   WHERE g.at < $5::timestamptz AND q.test IS NOT TRUE"
    "  UNION ALL"
    "  SELECT 'survey', NULL, q.campaign, NULL, coalesce(q.send_at, q.created_at), NULL, false, q.connector,"
    "         q.trigger, q.employee_id, q.owner, q.department, q.company_id, q.company, q.segment, q.state,"
    "         m.queue_id IS NOT NULL"
    "    FROM npsync.queue q LEFT JOIN met m ON m.queue_id = q.queue_id"
    "   WHERE q.tenant_id = $1 AND NOT q.test AND q.state IN ('sent', 'unknown', 'failed')"
    "     AND (q.state <> 'failed' OR q.send_at IS NOT NULL)"
    "     AND coalesce(q.send_at, q.created_at) >= $4::timestamptz"
    "     AND coalesce(q.send_at, q.created_at) < $5::timestamptz"
    "     AND ($8::text IS NULL OR q.campaign = $8)"
    "), named AS ("
    "  SELECT f.kind, f.answer_id, f.campaign, f.score, f.at, f.person, f.state, f.met,"
    "         coalesce('p:' || p.name, 'c:' || f.campaign, 'c:') AS programme,"
    "         p.ord, coalesce(p.name, i.name, f.campaign) AS programme_name,"
    "         CASE $6::text WHEN 'campaign' THEN f.campaign WHEN 'month' THEN " MONTH("f.at")
    "              ELSE CASE WHEN NOT f.nobody THEN CASE $6::text WHEN 'trigger' THEN f.trigger"
    "                WHEN 'employee' THEN f.connector || ':' || f.employee_id WHEN 'owner' THEN f.owner"
    "                WHEN 'department' THEN f.department WHEN 'segment' THEN f.segment"
    "                WHEN 'company' THEN f.connector || ':' || coalesce(f.company_id, f.company) END END END AS key,"
    "         CASE $6::text WHEN 'campaign' THEN coalesce(i.name, f.campaign) WHEN 'month' THEN " MONTH("f.at")
    "              ELSE CASE WHEN NOT f.nobody THEN CASE $6::text WHEN 'trigger' THEN f.trigger"
    "                WHEN 'employee' THEN coalesce(s.name, f.employee_id) WHEN 'owner' THEN f.owner"
    "                WHEN 'department' THEN f.department WHEN 'segment' THEN f.segment"
    "                WHEN 'company' THEN coalesce(f.company, f.company_id) END END END AS name"
    "    FROM fact f"
    "    LEFT JOIN programme p ON p.campaign = f.campaign"
    "    LEFT JOIN npsync.campaign i ON i.tenant_id = $1 AND i.campaign_id = f.campaign"
    "    LEFT JOIN staff s ON s.connector = f.connector AND s.owner_id = f.employee_id"
    "), ranked AS MATERIALIZED ("
    "  SELECT n.*, n.at < $4::timestamptz AS before, n.at >= $3::timestamptz AS near,"
    "         NOT $7::boolean OR n.kind = 'survey' OR row_number() OVER (PARTITION BY n.kind,"
    "           n.at < $4::timestamptz, n.campaign, n.person " NEWEST ") = 1 AS counts,"
    "         NOT $7::boolean OR n.kind = 'survey' OR row_number() OVER (PARTITION BY n.kind,"
    "           n.key, n.campaign, n.person " NEWEST ") = 1 AS counts_by_month"
    "    FROM named n WHERE $9::text IS NULL OR n.programme = $9"
    "), part AS ("
    "  SELECT r.*, true AS total, NULL::text AS k, NULL::text AS label, r.before AS was"
    "    FROM ranked r WHERE r.counts AND r.near"
    "  UNION ALL"
    "  SELECT r.*, false, r.key, r.name, r.before FROM ranked r"
    "   WHERE r.counts AND r.near AND $6::text NOT IN ('month', 'programme')"
    "  UNION ALL"
    "  SELECT r.*, false, r.key, r.name, false FROM ranked r"
    "   WHERE r.counts_by_month AND NOT r.before AND $6::text = 'month'"
    /* Each month is also the one before of the next. */
    "  UNION ALL"
    "  SELECT r.*, false, " MONTH_AFTER("r.at") ", " MONTH_AFTER("r.at") ", true FROM ranked r"
    "   WHERE r.counts_by_month AND r.kind = 'answer' AND $6::text = 'month'"
    "     AND " MONTH_AFTER("r.at") " >= " MONTH("$4::timestamptz")
    "     AND " MONTH_AFTER("r.at") " <= " MONTH("$5::timestamptz - interval '1 second'")
    /* What has nothing in these days has no block to stand in. */
    "     AND r.programme IN (SELECT x.programme FROM ranked x WHERE x.counts AND x.near)"
    ")"
    " SELECT programme, max(programme_name), total, max(label),"
    "        count(*) FILTER (WHERE NOT was AND score >= 9),"
    "        count(*) FILTER (WHERE NOT was AND score BETWEEN 7 AND 8),"
    "        count(*) FILTER (WHERE NOT was AND score <= 6),"
    "        count(*) FILTER (WHERE was AND score >= 9),"
    "        count(*) FILTER (WHERE was AND score BETWEEN 7 AND 8),"
    "        count(*) FILTER (WHERE was AND score <= 6),"
    "        coalesce(sum(score) FILTER (WHERE NOT was), 0)::bigint,"
    "        count(*) FILTER (WHERE kind = 'survey'),"
    "        count(*) FILTER (WHERE kind = 'survey' AND state <> 'failed'),"
    "        count(*) FILTER (WHERE kind = 'survey' AND state <> 'failed' AND met)"
    "   FROM part GROUP BY programme, total, k"
    "  ORDER BY min(ord) NULLS LAST, max(programme_name) NULLS LAST, programme, total DESC,"
    "        CASE WHEN $6::text = 'month' THEN max(label) END, k IS NULL,"
    "        count(*) FILTER (WHERE NOT was AND score IS NOT NULL) DESC,"
    "        count(*) FILTER (WHERE kind = 'survey') DESC, max(label), k");

static const char *const by_names[REPORT_BYS] = {
	[REPORT_CAMPAIGN] = "campaign", [REPORT_PROGRAMME] = "programme",
	[REPORT_TRIGGER] = "trigger", [REPORT_EMPLOYEE] = "employee",
	[REPORT_OWNER] = "owner", [REPORT_DEPARTMENT] = "department",
	[REPORT_COMPANY] = "company", [REPORT_SEGMENT] = "segment",
	[REPORT_MONTH] = "month",
};

const char *
report_by_name(enum report_by by)
{
	return by_names[by];
}

bool
report_by_parse(const char *name, enum report_by *by)
{
	for (int i = 0; i < REPORT_BYS; i++)
		if (strcmp(by_names[i], name) == 0) {
			*by = (enum report_by)i;
			return true;
		}
	return false;
}

/* ---- the question ------------------------------------------------------- */
static void
programme_columns(const struct conf *conf, struct db_array col[2])
{
	const struct conf_programme *p = conf->programmes.v;

	for (size_t i = 0; i < conf->programmes.n; i++)
		for (size_t k = 0; k < p[i].campaigns.n; k++) {
			db_array_text(&col[0], p[i].campaigns.v[k]);
			db_array_text(&col[1], p[i].name);
		}
}

static time_t
start_of(const struct conf *conf, int day)
{
	return clock_day_start(conf->timezone, day);
}

/* The first day of the month before a day's. */
static int
month_before(int day)
{
	const int last = day_add(day / 100 * 100 + 1, -1);

	return last / 100 * 100 + 1;
}

static bool
ask(struct db *db, long long tenant_id, const struct report *rep,
    struct arena *arena, struct db_result **result, struct err *err)
{
	const struct report_query *q = &rep->query;
	const struct report_period *p = &q->period;
	const int first = month_before(p->from);
	struct db_array col[2];
	struct db_args args;

	db_arrays_init(col, 2);
	programme_columns(rep->conf, col);
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, rep->conf->timezone);
	db_arg_time(&args, start_of(rep->conf, p->before));
	db_arg_time(&args, start_of(rep->conf, p->from));
	db_arg_time(&args, start_of(rep->conf, p->until));
	db_arg_text(&args, by_names[q->by]);
	db_arg_bool(&args, rep->conf->report.basis == REPORT_BASIS_LATEST);
	db_arg_text(&args, q->campaign);
	db_arg_text(&args, q->programme == NULL ? NULL
	    : arena_printf(arena, "p:%s", q->programme));
	db_arg_arrays(&args, col, 2);
	db_arg_time(&args, start_of(rep->conf, q->by == REPORT_MONTH &&
	    first < p->before ? first : p->before));
	const bool ok = db_query(db, &report_figures, &args, result, err);
	db_arrays_free(col, 2);
	return ok;
}

/* ---- the answer --------------------------------------------------------- */
static struct report_figures
figures_of(const struct db_result *r, int row)
{
	return (struct report_figures){
		.now = { db_int(r, row, 4), db_int(r, row, 5),
		    db_int(r, row, 6) },
		.before = { db_int(r, row, 7), db_int(r, row, 8),
		    db_int(r, row, 9) },
		.sum = db_int(r, row, 10), .pushed = db_int(r, row, 11),
		.sent = db_int(r, row, 12), .answered = db_int(r, row, 13),
		/* No connector tells of mails that came back. */
		.bounced = -1 };
}

static const char *
kind_of(const struct conf *conf, const char *key)
{
	const struct conf_programme *p = conf->programmes.v;

	for (size_t i = 0; i < conf->programmes.n; i++)
		if (strncmp(key, "p:", 2) == 0 && strcmp(key + 2, p[i].name) == 0)
			return p[i].kind == PROGRAMME_RELATIONSHIP
			    ? "relationship" : "transactional";
	return "";
}

/* A block's total comes before its groups. */
static bool
take_rows(struct report *rep, const struct db_result *r, struct arena *arena,
    struct err *err)
{
	const size_t n = (size_t)db_rows(r);
	struct report_block *blocks = arena_array(arena, n + 1, sizeof(*blocks));
	struct report_group *groups = arena_array(arena, n + 1, sizeof(*groups));

	if (blocks == NULL || groups == NULL)
		return err_nomem(err);
	rep->blocks = blocks;
	size_t met = 0;
	for (int i = 0; i < (int)n; i++) {
		if (db_bool(r, i, 2)) {
			blocks[rep->n_blocks++] = (struct report_block){
				.name = arena_strdup(arena, db_text(r, i, 1)),
				.kind = kind_of(rep->conf, db_text(r, i, 0)),
				.all = figures_of(r, i), .groups = &groups[met],
				.key = arena_strdup(arena, db_text(r, i, 0)) };
			continue;
		}
		groups[met++] = (struct report_group){
			arena_strdup(arena, db_text(r, i, 3)), figures_of(r, i) };
		blocks[rep->n_blocks - 1].n_groups++;
	}
	return arena_failed(arena) ? err_nomem(err) : true;
}

bool
report_read(struct db *db, long long tenant_id, const struct conf *conf,
    const struct report_query *query, struct arena *arena,
    struct report *report, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	*report = (struct report){ .conf = conf, .query = *query };
	return ask(db, tenant_id, report, arena, &r, err) &&
	    take_rows(report, r, arena, err);
}
