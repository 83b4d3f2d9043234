#include "effect_answer.h"

#include "denials.h"

/* $1 tenant, $2 epoch, $3 connector, $4 now, $5 since. */
#define FENCE                                                                \
	"WITH e AS MATERIALIZED ("                                           \
	"  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"  \
	"     AND lease_until > now() FOR SHARE"                             \
	"), put AS ("                                                        \
	"  INSERT INTO npsync.effect AS f (tenant_id, kind, target, subject, state, payload_hash, updated_at)"
#define FROM_ANSWERS                                                         \
	"    FROM npsync.answer a JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = $3"                  \
	"         AND c.contact_id = a.contact_id AND NOT c.gone AND NOT c.anonymised AND NOT c.erased"            \
	"   WHERE a.tenant_id = $1 AND a.connector = $3 AND EXISTS (SELECT 1 FROM e)"                              \
	"     AND a.matched NOT IN ('anonymised', 'erased')"
#define FRESH                                                                \
	"     AND a.first_seen_at >= $5::timestamptz AND a.answered_at >= $5::timestamptz"
/* A card that the CRM did not have, and that was read again since: nothing was
 * written. */
#define THERE_AGAIN                                                          \
	"f.state = 'failed' AND f.reason = 'gone' AND EXISTS (SELECT 1 FROM npsync.answer x" \
	" JOIN npsync.contact y ON y.tenant_id = $1 AND y.connector = $3"    \
	"      AND y.contact_id = x.contact_id AND NOT y.gone"               \
	" WHERE x.tenant_id = $1 AND x.answer_id = f.subject AND y.facts_at > f.updated_at)"
#define ONCE                                                                 \
	"  ON CONFLICT (tenant_id, kind, target, subject) DO UPDATE"         \
	"     SET state = 'wanted', reason = NULL, tries = 0, updated_at = excluded.updated_at" \
	"   WHERE " THERE_AGAIN
#define COUNTED                                                              \
	"  RETURNING 1) SELECT (SELECT count(*) FROM e), (SELECT count(*) FROM put)"

/* What is older has perhaps lost its comment here: the record keeps it. */
DB_STMT(answer_history_wanted,
    FENCE
    "  SELECT $1::bigint, 'history', $3, a.answer_id, 'wanted', encode(sha256(convert_to("
    "         jsonb_build_array(a.score, a.comment, a.answered_at, a.campaign_id, g.name,"
    "         a.wants_contact, a.contact_id)::text, 'UTF8')), 'hex') AS hash, $4::timestamptz"
    "    FROM npsync.answer a JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = $3"
    "         AND c.contact_id = a.contact_id AND NOT c.gone AND NOT c.anonymised AND NOT c.erased"
    "    LEFT JOIN npsync.campaign g ON g.tenant_id = $1 AND g.campaign_id = a.campaign_id"
    "   WHERE a.tenant_id = $1 AND a.connector = $3 AND EXISTS (SELECT 1 FROM e)"
    "     AND a.matched NOT IN ('anonymised', 'erased') AND a.score IS NOT NULL"
    "     AND coalesce(greatest(a.answered_at, a.changed_at), a.first_seen_at) >= $5::timestamptz"
    "  ON CONFLICT (tenant_id, kind, target, subject) DO UPDATE"
    "     SET state = 'wanted', payload_hash = excluded.payload_hash, reason = NULL, tries = 0,"
    "         updated_at = excluded.updated_at"
    "   WHERE f.payload_hash IS DISTINCT FROM excluded.payload_hash"
    "     AND f.reason IS DISTINCT FROM 'the comment is gone here' OR " THERE_AGAIN
    COUNTED);
DB_STMT(answer_feed_wanted,
    FENCE
    "  SELECT $1::bigint, 'feed', $3, a.answer_id, 'wanted', NULL, $4::timestamptz"
    FROM_ANSWERS FRESH " AND a.score IS NOT NULL"
    ONCE COUNTED);
/* $6 of this score or less. */
DB_STMT(answer_task_wanted,
    FENCE
    "  SELECT $1::bigint, 'task', $3, a.answer_id, 'wanted', NULL, $4::timestamptz"
    FROM_ANSWERS FRESH " AND (a.score <= $6 OR a.wants_contact)"
    ONCE COUNTED);

/* $4 kind, $5 at most. */
DB_STMT(answer_wishes,
    "SELECT a.answer_id, f.payload_hash, a.contact_id, coalesce(g.name, a.campaign_id), a.campaign_id,"
    "       q.remote_id, left(a.comment, 8000), c.owner_id, q.employee_id, coalesce(a.score, -1),"
    "       extract(epoch from a.answered_at)::bigint, a.wants_contact, " WAS_DENIED("f.reason")
    "  FROM npsync.effect f"
    "  JOIN npsync.answer a ON a.tenant_id = $1 AND a.answer_id = f.subject AND a.connector = f.target"
    "  JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = a.connector AND c.contact_id = a.contact_id"
    "  LEFT JOIN npsync.campaign g ON g.tenant_id = $1 AND g.campaign_id = a.campaign_id"
    "  LEFT JOIN npsync.queue q ON q.tenant_id = $1 AND q.queue_id = a.queue_id"
    " WHERE f.tenant_id = $1 AND f.kind = $4 AND f.target = $2 AND f.state = 'wanted'"
    "   AND (f.tries = 0 OR f.updated_at < $3::timestamptz)"
    "   AND a.matched NOT IN ('anonymised', 'erased') AND NOT c.gone AND NOT c.anonymised AND NOT c.erased"
    " ORDER BY f.tries, a.answered_at, length(a.answer_id), a.answer_id LIMIT $5");

static bool
want(struct db *db, const struct db_stmt *stmt, const struct tenant *tenant,
    const struct db_args *args, long long *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!db_query(db, stmt, args, &r, err))
		return false;
	if (db_int(r, 0, 0) == 0)
		return tenant_lost(tenant, err);
	*n = db_int(r, 0, 1);
	return true;
}

static void
put_args(struct db_args *args, struct arena *arena,
    const struct tenant *tenant, const struct answer_wish *wish)
{
	db_args_init(args, arena);
	db_arg_int(args, tenant->id);
	db_arg_int(args, tenant->epoch);
	db_arg_text(args, wish->connector);
	db_arg_time(args, wish->now);
	db_arg_time(args, wish->since);
}

bool
answer_want_history(struct db *db, const struct tenant *tenant,
    const struct answer_wish *wish, struct arena *arena, long long *n,
    struct err *err)
{
	struct db_args args;

	put_args(&args, arena, tenant, wish);
	return want(db, &answer_history_wanted, tenant, &args, n, err);
}

bool
answer_want_feed(struct db *db, const struct tenant *tenant,
    const struct answer_wish *wish, struct arena *arena, long long *n,
    struct err *err)
{
	struct db_args args;

	put_args(&args, arena, tenant, wish);
	return want(db, &answer_feed_wanted, tenant, &args, n, err);
}

bool
answer_want_task(struct db *db, const struct tenant *tenant,
    const struct answer_wish *wish, struct arena *arena, long long *n,
    struct err *err)
{
	struct db_args args;

	put_args(&args, arena, tenant, wish);
	db_arg_int(&args, wish->at_most);
	return want(db, &answer_task_wanted, tenant, &args, n, err);
}

static struct answer_row
row_of(const struct db_result *r, int i, struct arena *arena)
{
	const char *text[9];

	for (int c = 0; c < 9; c++)
		text[c] = arena_strdup(arena, db_text(r, i, c));
	return (struct answer_row){ .answer_id = text[0], .hash = text[1],
		.contact_id = text[2], .campaign = text[3],
		.campaign_id = text[4], .member_id = text[5],
		.comment = text[6], .owner_id = text[7],
		.employee_id = text[8], .score = (int)db_int(r, i, 9),
		.answered_at = db_time(r, i, 10),
		.wants_contact = db_bool(r, i, 11),
		.told = db_bool(r, i, 12) };
}

bool
answer_wish_list(struct db *db, long long tenant_id, const char *kind,
    const struct answer_wish *wish, int max, struct arena *arena,
    struct answer_row **rows, size_t *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, wish->connector);
	db_arg_time(&args, wish->now);
	db_arg_text(&args, kind);
	db_arg_int(&args, max);
	if (!db_query(db, &answer_wishes, &args, &r, err))
		return false;
	*n = (size_t)db_rows(r);
	*rows = arena_array(arena, *n + 1, sizeof(**rows));
	for (size_t i = 0; *rows != NULL && i < *n; i++)
		(*rows)[i] = row_of(r, (int)i, arena);
	return !arena_failed(arena) || err_nomem(err);
}
