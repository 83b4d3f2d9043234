#include "answer_alarm.h"

#include "clock.h"

/* More of a comment than anybody reads in a mail. */
#define COMMENT_MAX "4000"

DB_STMT(answer_alarm_hits,
    "WITH rule AS MATERIALIZED ("
    "  SELECT r.n, r.kind, r.bound, string_to_array(r.campaigns, ' ') AS campaigns,"
    "         string_to_array(r.triggers, ' ') AS triggers"
    "    FROM unnest($3::int[], $4::int[], $5::int[], $6::text[], $7::text[])"
    "         AS r(n, kind, bound, campaigns, triggers)"
    "), hit AS MATERIALIZED ("
    "  SELECT a.answer_id, a.first_seen_at, r.n FROM npsync.answer a"
    "    LEFT JOIN npsync.queue q ON q.tenant_id = $1 AND q.queue_id = a.queue_id"
    "    JOIN rule r ON CASE r.kind WHEN 0 THEN a.alarm_score_at IS NULL AND a.score <= r.bound"
    "                               WHEN 1 THEN a.alarm_score_at IS NULL AND a.score >= r.bound"
    "                               ELSE a.alarm_contact_at IS NULL AND a.wants_contact END"
    "         AND (r.campaigns = '{}' OR a.campaign_id = ANY (r.campaigns))"
    "         AND (r.triggers = '{}' OR q.trigger = ANY (r.triggers))"
    "   WHERE a.tenant_id = $1 AND a.first_seen_at >= $2::timestamptz"
    "     AND coalesce(a.answered_at, a.changed_at) >= $2::timestamptz"
    "     AND a.matched NOT IN ('anonymised', 'erased')"
    ")"
    " SELECT h.answer_id, h.n FROM hit h"
    "  WHERE h.answer_id IN (SELECT x.answer_id FROM hit x GROUP BY x.answer_id"
    "                         ORDER BY min(x.first_seen_at), x.answer_id LIMIT $8)"
    "  ORDER BY h.first_seen_at, h.answer_id, h.n");

/* A CRM names the employee of an event by id or name; an address is known only
 * of people who own cards, and counts if it is one address. */
DB_STMT(answer_alarm_rows,
    "WITH a AS MATERIALIZED ("
    "  SELECT w.*, q.trigger, q.employee_id, q.test, coalesce(q.connector, w.connector) AS crm"
    "    FROM npsync.answer w"
    "    LEFT JOIN npsync.queue q ON q.tenant_id = $1 AND q.queue_id = w.queue_id"
    "   WHERE w.tenant_id = $1 AND w.answer_id = ANY ($2::text[])"
    "     AND w.first_seen_at >= $3::timestamptz AND w.matched NOT IN ('anonymised', 'erased')"
    "), who AS MATERIALIZED ("
    "  SELECT x.crm, x.employee_id, min(c.owner_email) AS email"
    "    FROM (SELECT DISTINCT a.crm, a.employee_id FROM a WHERE a.employee_id IS NOT NULL) x"
    "    JOIN (npsync.contact c CROSS JOIN LATERAL (VALUES (c.owner_id), (c.owner_name)) k(id))"
    "      ON k.id = x.employee_id AND c.connector = x.crm"
    "   WHERE c.tenant_id = $1 AND c.owner_email IS NOT NULL"
    "   GROUP BY x.crm, x.employee_id HAVING count(DISTINCT lower(c.owner_email)) = 1"
    ")"
    " SELECT a.answer_id, coalesce(a.score, -1), left(a.comment, " COMMENT_MAX "), a.campaign_id,"
    "        coalesce(g.name, a.campaign_id), a.trigger,"
    "        extract(epoch from coalesce(a.answered_at, a.changed_at))::bigint, a.wants_contact, coalesce(a.test, false),"
    "        a.connector, a.contact_id, c.full_name, c.email, c.company, c.department, c.link,"
    "        c.owner_id, c.owner_name, c.owner_email, a.employee_id, who.email"
    "   FROM a"
    "   LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = a.connector"
    "        AND c.contact_id = a.contact_id AND NOT c.erased AND NOT c.anonymised"
    "   LEFT JOIN npsync.campaign g ON g.tenant_id = $1 AND g.campaign_id = a.campaign_id"
    "   LEFT JOIN who ON who.crm = a.crm AND who.employee_id = a.employee_id"
    "  ORDER BY a.first_seen_at, a.answer_id");

DB_STMT(answer_alarm_put,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"
    "     AND lease_until > now() FOR SHARE"
    "), score AS ("
    "  UPDATE npsync.answer a SET alarm_score_at = $9::timestamptz"
    "   WHERE a.tenant_id = $1 AND a.answer_id = ANY ($7::text[]) AND EXISTS (SELECT 1 FROM e)"
    "     AND NOT a.answer_id = ANY ($8::text[])"
    "), contact AS ("
    "  UPDATE npsync.answer a SET alarm_contact_at = $9::timestamptz,"
    "         alarm_score_at = CASE WHEN a.answer_id = ANY ($7::text[]) THEN $9::timestamptz"
    "                               ELSE a.alarm_score_at END"
    "   WHERE a.tenant_id = $1 AND a.answer_id = ANY ($8::text[]) AND EXISTS (SELECT 1 FROM e)"
    "), put AS ("
    "  INSERT INTO npsync.effect (tenant_id, kind, target, subject, state, updated_at, how)"
    "  SELECT DISTINCT ON (w.kind, w.target, w.subject) $1::bigint, w.kind, w.target, w.subject,"
    "         'wanted', $9::timestamptz, w.how"
    "    FROM e, unnest($3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY"
    "         AS w(kind, target, subject, how, ord)"
    "   ORDER BY w.kind, w.target, w.subject, w.ord"
    "  ON CONFLICT (tenant_id, kind, target, subject) DO NOTHING)"
    " SELECT EXISTS (SELECT 1 FROM e)");

/* Ids and codes hold no blank. */
static void
add_words(struct db_array *col, const struct strlist *list)
{
	AUTO(buf) struct buf text;

	buf_init(&text, (size_t)1 << 20);
	for (size_t i = 0; i < list->n; i++)
		buf_printf(&text, "%s%s", i == 0 ? "" : " ", list->v[i]);
	db_array_text(col, buf_text(&text));
	col->buf.failed |= text.failed;
}

static void
add_rules(struct db_array *cols, const struct grouplist *rules)
{
	const struct conf_alarm_rule *r = rules->v;

	for (size_t i = 0; i < rules->n; i++) {
		db_array_int(&cols[0], (long long)i);
		db_array_int(&cols[1], r[i].when);
		db_array_int(&cols[2], r[i].when == ALARM_LOW ? r[i].at_most
		                                              : r[i].at_least);
		add_words(&cols[3], &r[i].campaigns);
		add_words(&cols[4], &r[i].triggers);
	}
}

bool
answer_alarm_fired(struct db *db, long long tenant_id,
    const struct grouplist *rules, time_t since, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_array cols[5];
	struct db_args args;

	db_arrays_init(cols, ARRAY_LEN(cols));
	add_rules(cols, rules);
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_time(&args, since);
	db_arg_arrays(&args, cols, ARRAY_LEN(cols));
	db_arg_int(&args, ANSWER_ALARM_MAX);
	const bool ok = db_query(db, &answer_alarm_hits, &args, result, err);
	db_arrays_free(cols, ARRAY_LEN(cols));
	return ok;
}

static const char *
copy(struct arena *arena, const struct db_result *r, int row, int col)
{
	return arena_strdup(arena, db_text(r, row, col));
}

static struct answer_alarm
row_of(struct arena *a, const struct db_result *r, int i)
{
	return (struct answer_alarm){ .id = copy(a, r, i, 0),
		.score = (int)db_int(r, i, 1), .comment = copy(a, r, i, 2),
		.campaign_id = copy(a, r, i, 3), .campaign = copy(a, r, i, 4),
		.trigger = copy(a, r, i, 5), .answered_at = db_time(r, i, 6),
		.wants_contact = db_bool(r, i, 7), .test = db_bool(r, i, 8),
		.connector = copy(a, r, i, 9), .contact_id = copy(a, r, i, 10),
		.name = copy(a, r, i, 11), .email = copy(a, r, i, 12),
		.company = copy(a, r, i, 13), .department = copy(a, r, i, 14),
		.link = copy(a, r, i, 15), .owner_id = copy(a, r, i, 16),
		.owner_name = copy(a, r, i, 17),
		.owner_email = copy(a, r, i, 18),
		.employee = copy(a, r, i, 19),
		.employee_email = copy(a, r, i, 20) };
}

bool
answer_alarm_read(struct db *db, long long tenant_id, struct db_array *ids,
    time_t since, struct arena *arena, struct answer_alarm **rows, size_t *n,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_array(&args, ids);
	db_arg_time(&args, since);
	if (!db_query(db, &answer_alarm_rows, &args, &r, err))
		return false;
	*n = (size_t)db_rows(r);
	*rows = arena_array(arena, *n + 1, sizeof(**rows));
	for (size_t i = 0; *rows != NULL && i < *n; i++)
		(*rows)[i] = row_of(arena, r, (int)i);
	return arena_failed(arena) ? err_nomem(err) : true;
}

void
answer_alarm_wish_init(struct answer_alarm_wish *wish)
{
	db_array_init(&wish->kind);
	db_array_init(&wish->target);
	db_array_init(&wish->subject);
	db_array_init(&wish->how);
	db_array_init(&wish->scores);
	db_array_init(&wish->contacts);
}

void
answer_alarm_wish_free(struct answer_alarm_wish *wish)
{
	db_array_free(&wish->kind);
	db_array_free(&wish->target);
	db_array_free(&wish->subject);
	db_array_free(&wish->how);
	db_array_free(&wish->scores);
	db_array_free(&wish->contacts);
}

bool
answer_alarm_decide(struct db *db, const struct tenant *tenant,
    struct answer_alarm_wish *wish, time_t now, struct arena *arena,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_int(&args, tenant->epoch);
	db_arg_array(&args, &wish->kind);
	db_arg_array(&args, &wish->target);
	db_arg_array(&args, &wish->subject);
	db_arg_array(&args, &wish->how);
	db_arg_array(&args, &wish->scores);
	db_arg_array(&args, &wish->contacts);
	db_arg_time(&args, now);
	if (!db_query(db, &answer_alarm_put, &args, &r, err))
		return false;
	return db_bool(r, 0, 0) || tenant_lost(tenant, err);
}
