#include "effect_optout.h"

#include "denials.h"

/* $1 tenant, $2 epoch, $3 connector, $4 now.  A card that the CRM says this of
 * already needs no tag. */
DB_STMT(optout_wanted,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"
    "     AND lease_until > now() FOR SHARE"
    "), declined AS MATERIALIZED ("
    "  SELECT DISTINCT o.person_key FROM npsync.opt_out o WHERE o.tenant_id = $1"
    "     AND o.source = 'survey' AND o.scope = 'all'"
    "), put AS ("
    "  INSERT INTO npsync.effect AS f (tenant_id, kind, target, subject, state, updated_at)"
    "  SELECT DISTINCT $1::bigint, 'opt_out', $3, c.contact_id, 'wanted', $4::timestamptz"
    "    FROM npsync.contact c, unnest(c.person) k JOIN declined d ON d.person_key = k"
    "   WHERE c.tenant_id = $1 AND c.connector = $3 AND EXISTS (SELECT 1 FROM e)"
    "     AND NOT c.no_send AND NOT c.opted_out AND NOT c.gone AND NOT c.anonymised AND NOT c.erased"
    /* A card that was gone and has been read again, and one that was denied so
     * often that it failed, once a day: the right may come back. */
    "  ON CONFLICT (tenant_id, kind, target, subject) DO UPDATE"
    "     SET state = 'wanted', reason = NULL, tries = 0, updated_at = excluded.updated_at"
    "   WHERE f.state = 'failed' AND (f.reason = 'gone' AND EXISTS (SELECT 1 FROM npsync.contact x"
    "         WHERE x.tenant_id = $1 AND x.connector = $3 AND x.contact_id = f.subject"
    "           AND NOT x.gone AND x.facts_at > f.updated_at)"
    "      OR " WAS_DENIED("f.reason") " AND f.updated_at < $4::timestamptz - interval '1 day')"
    "  RETURNING 1)"
    " SELECT (SELECT count(*) FROM e), (SELECT count(*) FROM put)");
DB_STMT(optout_wishes,
    "SELECT f.subject, " WAS_DENIED("f.reason") " FROM npsync.effect f"
    "  JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = f.target AND c.contact_id = f.subject"
    " WHERE f.tenant_id = $1 AND f.kind = 'opt_out' AND f.target = $2 AND f.state = 'wanted'"
    "   AND (f.tries = 0 OR f.updated_at < $3::timestamptz)"
    "   AND NOT c.gone AND NOT c.anonymised AND NOT c.erased"
    " ORDER BY f.tries, f.updated_at, f.subject LIMIT $4");

bool
optout_want(struct db *db, const struct tenant *tenant, const char *connector,
    time_t now, struct arena *arena, long long *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_int(&args, tenant->epoch);
	db_arg_text(&args, connector);
	db_arg_time(&args, now);
	if (!db_query(db, &optout_wanted, &args, &r, err))
		return false;
	if (db_int(r, 0, 0) == 0)
		return tenant_lost(tenant, err);
	*n = db_int(r, 0, 1);
	return true;
}

bool
optout_wish_list(struct db *db, long long tenant_id, const char *connector,
    time_t now, int max, struct arena *arena, struct optout_wish **wishes,
    size_t *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, connector);
	db_arg_time(&args, now);
	db_arg_int(&args, max);
	if (!db_query(db, &optout_wishes, &args, &r, err))
		return false;
	*n = (size_t)db_rows(r);
	*wishes = arena_array(arena, *n + 1, sizeof(**wishes));
	for (size_t i = 0; *wishes != NULL && i < *n; i++)
		(*wishes)[i] = (struct optout_wish){ arena_strdup(arena,
		    db_text(r, (int)i, 0)), db_bool(r, (int)i, 1) };
	return !arena_failed(arena) || err_nomem(err);
}
