#include "tag_want.h"

#include "denials.h"

/* Rows of a campaign whose name is another's by now: what the card carries may
 * be the other's tag. */
#define NAME_IS_OURS                                                         \
	"NOT EXISTS (SELECT 1 FROM npsync.campaign g WHERE g.tenant_id = $1" \
	" AND g.campaign_id = t.campaign_id AND g.tag_taken_by IS NOT NULL)"

/* The tag of the old name goes in the same write; of two renames without a
 * write between them the first counts, what was written by then had its name. */
DB_STMT(tag_want_renamed,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"
    "     AND lease_until > now() FOR SHARE"
    "), n AS MATERIALIZED ("
    "  SELECT g.campaign_id, $3 || '.' || g.tag_name || '.' AS begins"
    "    FROM npsync.campaign g WHERE g.tenant_id = $1 AND g.tag_name IS NOT NULL"
    "     AND g.tag_taken_by IS NULL AND EXISTS (SELECT 1 FROM e)"
    ")"
    " UPDATE npsync.tag_want t"
    "    SET tag_prefix = n.begins, tag = n.begins || substr(t.tag, length(t.tag_prefix) + 1),"
    "        old_prefix = nullif(coalesce(t.old_prefix, t.tag_prefix), n.begins),"
    "        state = CASE WHEN t.state = 'gone' THEN 'gone' ELSE 'wanted' END,"
    "        reason = NULL, tried_at = CASE WHEN t.state = 'gone' THEN t.tried_at END"
    "   FROM n WHERE t.tenant_id = $1 AND t.campaign_id = n.campaign_id AND t.tag_prefix <> n.begins");
/* What belongs to another campaign by now is left to that one's own write. */
DB_STMT(tag_want_rows,
    "SELECT t.contact_id, t.tag_prefix,"
    "       CASE WHEN NOT EXISTS (SELECT 1 FROM npsync.tag_want x WHERE x.tenant_id = $1"
    "            AND x.connector = $2 AND x.contact_id = t.contact_id"
    "            AND x.campaign_id <> t.campaign_id AND x.tag_prefix = t.old_prefix)"
    "            THEN t.old_prefix END,"
    "       CASE WHEN NOT EXISTS (SELECT 1 FROM npsync.tag_want x WHERE x.tenant_id = $1"
    "            AND x.connector = $2 AND x.contact_id = t.contact_id"
    "            AND x.campaign_id <> t.campaign_id AND x.tag = t.applied_tag)"
    "            THEN t.applied_tag END,"
    "       t.tag, t.campaign_id, t.answer_id, " WAS_DENIED("t.reason")
    "  FROM (SELECT t.* FROM npsync.tag_want t WHERE t.tenant_id = $1 AND t.connector = $2"
    "           AND t.state IN ('wanted', 'conflict')"
    "           AND (t.tried_at IS NULL OR t.tried_at < $3::timestamptz) AND " NAME_IS_OURS
    "         ORDER BY t.tried_at NULLS FIRST, t.answered_at, t.contact_id LIMIT $4) t"
    " ORDER BY bool_and(t.reason IS NOT NULL) OVER (PARTITION BY t.contact_id),"
    "          t.contact_id, t.campaign_id");
DB_STMT(tag_want_result,
    "UPDATE npsync.tag_want t"
    "   SET state = r.state, reason = r.reason, tried_at = $3::timestamptz,"
    "       applied_tag = CASE WHEN r.state = 'done' THEN t.tag ELSE t.applied_tag END,"
    "       applied_at = CASE WHEN r.state = 'done' THEN $3::timestamptz ELSE t.applied_at END,"
    "       old_prefix = CASE WHEN r.state <> 'done' THEN t.old_prefix END"
    "  FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])"
    "       AS r(contact_id, campaign_id, answer_id, tag, state, reason)"
    " WHERE t.tenant_id = $1 AND t.connector = $2 AND t.contact_id = r.contact_id"
    "   AND t.campaign_id = r.campaign_id AND t.answer_id = r.answer_id AND t.tag = r.tag");
/* A card that one export lacked and that was read again since; and, once a day,
 * one that still carries another score of the campaign: the list of tags that the
 * write went by was not whole, or a run was killed between write and note. */
DB_STMT(tag_want_again,
    "UPDATE npsync.tag_want t SET state = 'wanted', reason = NULL, tried_at = NULL"
    "  FROM npsync.contact c"
    " WHERE t.tenant_id = $1 AND t.connector = $2 AND t.state IN ('gone', 'done')"
    "   AND c.tenant_id = $1 AND c.connector = $2 AND c.contact_id = t.contact_id"
    "   AND NOT c.gone AND NOT c.anonymised"
    "   AND (c.facts_at > t.tried_at OR EXISTS (SELECT 1 FROM npsync.cursor k"
    "         WHERE k.tenant_id = $1 AND k.connector = $2 AND k.stream = 'contacts'"
    "           AND k.pass = c.pass AND k.completed_at > t.tried_at))"
    "   AND (t.state = 'gone' OR (t.tried_at < $3::timestamptz - interval '20 hours'"
    "         AND " NAME_IS_OURS " AND EXISTS ("
    "         SELECT 1 FROM unnest(c.tags) g WHERE g <> t.tag"
    "            AND left(g, length(t.tag_prefix)) = t.tag_prefix"
    "            AND substr(g, length(t.tag_prefix) + 1) ~ '^([0-9]|10)$')))");

bool
tag_want_rename(struct db *db, const struct tenant *tenant,
    const char *tag_prefix, struct arena *arena, long long *n,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_int(&args, tenant->epoch);
	db_arg_text(&args, tag_prefix);
	if (!db_query(db, &tag_want_renamed, &args, &r, err))
		return false;
	*n = db_affected(r);
	return true;
}

bool
tag_want_revive(struct db *db, long long tenant_id, const char *connector,
    time_t now, struct arena *arena, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, connector);
	db_arg_time(&args, now);
	return db_query(db, &tag_want_again, &args, NULL, err);
}

static struct tag_wanted
wanted_of(const struct db_result *r, int row, struct arena *arena)
{
	const char *text[7];

	for (int i = 0; i < 7; i++)
		text[i] = arena_strdup(arena, db_text(r, row, i));
	return (struct tag_wanted){ text[0], text[1], text[2], text[3], text[4],
		text[5], text[6], db_bool(r, row, 7) };
}

bool
tag_want_list(struct db *db, long long tenant_id, const char *connector,
    time_t before, int max, struct arena *arena, struct tag_wanted **rows,
    size_t *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, connector);
	db_arg_time(&args, before);
	db_arg_int(&args, max);
	if (!db_query(db, &tag_want_rows, &args, &r, err))
		return false;
	*n = (size_t)db_rows(r);
	*rows = arena_array(arena, *n + 1, sizeof(**rows));
	if (*rows == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < *n; i++)
		(*rows)[i] = wanted_of(r, (int)i, arena);
	return arena_failed(arena) ? err_nomem(err) : true;
}

static const char *
reason_of(const struct put_result *r, struct arena *arena)
{
	if (r->outcome == PUT_DENIED)
		return denials_reason(arena, r->reason);
	return r->reason[0] != '\0' ? r->reason : NULL;
}

static const char *
state_of(enum put_outcome outcome)
{
	switch (outcome) {
	case PUT_DONE:
	case PUT_UNCHANGED:
		return "done";
	case PUT_GONE:
		return "gone";
	case PUT_REJECTED:
		return "rejected";
	case PUT_CONFLICT:
		return "conflict";
	case PUT_AGAIN:
	case PUT_DENIED:
	case PUT_UNKNOWN:	/* idempotent: written again next time */
		return "wanted";
	}
	return "wanted";
}

bool
tag_want_done(struct db *db, long long tenant_id, const char *connector,
    const struct tag_wanted *rows, const struct put_result *results, size_t n,
    time_t now, struct arena *arena, struct err *err)
{
	struct db_array col[6];
	struct db_args args;

	db_arrays_init(col, 6);
	for (size_t i = 0; i < n; i++) {
		db_array_text(&col[0], rows[i].contact_id);
		db_array_text(&col[1], rows[i].campaign_id);
		db_array_text(&col[2], rows[i].answer_id);
		db_array_text(&col[3], rows[i].tag);
		db_array_text(&col[4], state_of(results[i].outcome));
		db_array_text(&col[5], reason_of(&results[i], arena));
	}
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, connector);
	db_arg_time(&args, now);
	db_arg_arrays(&args, col, 6);
	const bool ok = db_query(db, &tag_want_result, &args, NULL, err);
	db_arrays_free(col, 6);
	return ok;
}
