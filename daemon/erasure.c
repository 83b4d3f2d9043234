#include "erasure.h"

#include "audit.h"
#include "clock.h"
#include "optout.h"

DB_STMT(erasure_known_of,
    "SELECT r.erasure_id, extract(epoch from r.requested_at)::bigint,"
    "       extract(epoch from r.completed_at)::bigint,"
    "       (SELECT count(*) FROM npsync.erasure_step t WHERE t.tenant_id = $1"
    "           AND t.erasure_id = r.erasure_id)"
    "  FROM npsync.erasure r WHERE r.tenant_id = $1 AND r.keys && $2::bytea[]"
    " ORDER BY r.completed_at DESC NULLS FIRST, r.requested_at DESC LIMIT 1");
DB_STMT(erasure_put,
    "WITH e AS MATERIALIZED ("
    "  SELECT 1 FROM npsync.tenant WHERE tenant_id = $1 AND epoch = $2"
    "     AND lease_until > now() FOR SHARE"
    "), again AS ("
    "  UPDATE npsync.erasure SET completed_at = NULL,"
    "         keys = (SELECT array_agg(DISTINCT k) FROM unnest(keys || $4::bytea[]) k)"
    "   WHERE tenant_id = $1 AND erasure_id = $3::bigint AND EXISTS (SELECT 1 FROM e)"
    "  RETURNING erasure_id"
    "), put AS ("
    "  INSERT INTO npsync.erasure (tenant_id, keys, actor, reason, requested_at)"
    /* A reason that names the person would outlive the rest. */
    "  SELECT $1::bigint, $4::bytea[], $5, CASE WHEN NOT EXISTS (SELECT 1 FROM unnest($8::text[]) w"
    "         WHERE strpos(lower($6::text), w) > 0) THEN $6::text END, $7::timestamptz"
    "    FROM e WHERE $3::bigint = 0"
    "  RETURNING erasure_id)"
    " SELECT erasure_id FROM again UNION ALL SELECT erasure_id FROM put");

/* What was written beside tags cannot be taken back. */
DB_STMT(erasure_note_effects,
    "UPDATE npsync.erasure r SET by_hand = ARRAY(SELECT unnest(r.by_hand) UNION"
    "   SELECT 'what was written in ' || f.target || ' (' || f.kind || '): remove it there'"
    "     FROM npsync.effect f WHERE f.tenant_id = $1"
    "      AND f.kind IN ('field', 'history', 'feed', 'task')"
    "      AND (f.state IN ('doing', 'done', 'unknown') OR f.kind IN ('field', 'history'))"
    "      AND " SUBJECT_EFFECT("f") " ORDER BY 1)"
    " WHERE r.tenant_id = $1 AND r.erasure_id = $6");

/* ---- what goes, table by table: each counts its rows ---------------------- */
DB_STMT(erase_effects,
    "DELETE FROM npsync.effect f WHERE f.tenant_id = $1 AND " SUBJECT_OLD_EFFECT("f")
    "   AND $2::text[] IS NOT NULL AND $3::text[] IS NOT NULL AND $4::bytea[] IS NOT NULL");
/* The score stays: it belongs to nobody now. */
DB_STMT(erase_answers,
    "UPDATE npsync.answer a SET comment = NULL, address_key = NULL, wants_contact = false,"
    "       matched = 'erased', queue_id = NULL, connector = NULL, contact_id = NULL"
    " WHERE a.tenant_id = $1 AND " SUBJECT_ANSWER("a"));
DB_STMT(erase_tags,
    "DELETE FROM npsync.tag_want t WHERE t.tenant_id = $1 AND " SUBJECT_CARD("t"));
DB_STMT(erase_commands,
    "DELETE FROM npsync.tag_command t WHERE t.tenant_id = $1 AND " SUBJECT_CARD("t"));
DB_STMT(erase_searches,
    "DELETE FROM npsync.answer_search t WHERE t.tenant_id = $1 AND t.address_key = ANY ($4::bytea[])"
    "   AND $2::text[] IS NOT NULL AND $3::text[] IS NOT NULL");
DB_STMT(erase_plans,
    "DELETE FROM npsync.planned_activity a WHERE a.tenant_id = $1 AND " SUBJECT_CARD("a"));
/* The card's keys stay, and with them `opted_out`. */
DB_STMT(erase_contacts,
    "UPDATE npsync.contact c SET erased = true, full_name = NULL, first_name = NULL,"
    "       last_name = NULL, email = NULL, address_state = 'none', address_domain = NULL,"
    "       role_address = false, phone = NULL, mobile = NULL, language = NULL, country = NULL,"
    "       company_id = NULL, company = NULL, company_since = NULL, relation = NULL, segment = NULL,"
    "       department = NULL, owner_id = NULL, owner_name = NULL, owner_email = NULL,"
    "       link = NULL, employed = NULL, consent = NULL, consent_at = NULL, tags = '{}', commands = '{}',"
    "       last_activity_on = NULL, last_won_on = NULL, extra = NULL, opted_out_by = NULL"
    " WHERE c.tenant_id = $1 AND NOT c.erased AND " SUBJECT_CARD("c"));
DB_STMT(erase_records,
    "DELETE FROM npsync.quarantine x WHERE x.tenant_id = $1 AND " SUBJECT_RECORD("x")
    "   AND $4::bytea[] IS NOT NULL");
DB_STMT(erase_texts,
    "WITH u AS ("
    "  UPDATE npsync.audit u SET detail = '(erased)',"
    "         subject = CASE WHEN " SUBJECT_TEXT("u.subject") " THEN '(erased)' ELSE u.subject END"
    "   WHERE u.tenant_id = $1 AND " SUBJECT_TEXT("concat_ws(' ', u.subject, u.detail)")
    "     AND $2::text[] IS NOT NULL AND $3::text[] IS NOT NULL AND $4::bytea[] IS NOT NULL"
    "  RETURNING 1"
    "), r AS ("
    "  UPDATE npsync.run r SET detail = '(erased)'"
    "   WHERE r.tenant_id = $1 AND " SUBJECT_TEXT("r.detail") " RETURNING 1"
    "), m AS ("
    "  DELETE FROM npsync.alarm m WHERE m.tenant_id = $1"
    "     AND " SUBJECT_TEXT("concat_ws(' ', m.subject, m.detail)") " RETURNING 1"
    "), p AS ("
    "  UPDATE npsync.pause p SET reason = '(erased)'"
    "   WHERE p.tenant_id = $1 AND " SUBJECT_TEXT("p.reason") " RETURNING 1)"
    " SELECT (SELECT count(*) FROM u) + (SELECT count(*) FROM r) + (SELECT count(*) FROM m)"
    "      + (SELECT count(*) FROM p)");

/* ---- steps ------------------------------------------------------------------ */
DB_STMT(erasure_put_people,
    "INSERT INTO npsync.erasure_step (tenant_id, erasure_id, place, kind, target)"
    " SELECT DISTINCT $1::bigint, $2::bigint, $3, x.kind, x.target FROM ("
    "   SELECT 'address' AS kind, unnest($4::text[]) AS target"
    "   UNION ALL SELECT 'phone', unnest($5::text[])) x"
    " ON CONFLICT DO NOTHING");
/* What we wrote, and what looks like it: an older score, another's writing. */
DB_STMT(erasure_put_tags,
    "INSERT INTO npsync.erasure_step (tenant_id, erasure_id, place, kind, target, tag_prefix, tag)"
    " SELECT DISTINCT ON (x.connector, x.contact_id, x.tag) $1::bigint, $4::bigint, x.connector,"
    "        'tag', x.contact_id, x.tag_prefix, x.tag FROM ("
    "   SELECT t.connector, t.contact_id, t.tag_prefix, coalesce(t.applied_tag, t.tag) AS tag"
    "     FROM npsync.tag_want t WHERE t.tenant_id = $1 AND " SUBJECT_CARD("t")
    "      AND (t.applied_tag IS NOT NULL OR t.state <> 'rejected')"
    "   UNION ALL"
    "   SELECT c.connector, c.contact_id, regexp_replace(g, '(10|[0-9])$', ''), g"
    "     FROM npsync.contact c, unnest(c.tags) g WHERE c.tenant_id = $1 AND " SUBJECT_CARD("c")
    "      AND left(g, length($5) + 1) = $5 || '.' AND g ~ '\\.(10|[0-9])$') x"
    " ORDER BY x.connector, x.contact_id, x.tag, x.tag_prefix"
    " ON CONFLICT DO NOTHING");
DB_STMT(erasure_add_count,
    "UPDATE npsync.erasure SET counts = counts || jsonb_build_object($3::text,"
    "       coalesce((counts->>$3::text)::bigint, 0) + $4::bigint)"
    " WHERE tenant_id = $1 AND erasure_id = $2");

bool
erasure_find(struct db *db, struct subject *s, struct arena *arena,
    struct erasure_known *known, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	*known = (struct erasure_known){ .requested_at = NO_TIME,
		.completed_at = NO_TIME };
	db_args_init(&args, arena);
	db_arg_int(&args, s->tenant_id);
	db_arg_array(&args, &s->keys);
	if (!db_query(db, &erasure_known_of, &args, &r, err))
		return false;
	if (db_rows(r) == 1)
		*known = (struct erasure_known){ db_int(r, 0, 0),
			db_time(r, 0, 1), db_time(r, 0, 2), db_int(r, 0, 3) };
	return true;
}

static bool
add_count(struct db *db, long long tenant_id, long long id, const char *what,
    long long n, struct arena *arena, struct err *err)
{
	struct db_args args;

	if (n == 0)
		return true;
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_int(&args, id);
	db_arg_text(&args, what);
	db_arg_int(&args, n);
	return db_query(db, &erasure_add_count, &args, NULL, err);
}

static bool
put(struct db *db, const struct tenant *tenant, struct subject *s,
    const struct erasure_order *order, long long open, struct arena *arena,
    long long *id, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;
	long long blocked;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant->id);
	db_arg_int(&args, tenant->epoch);
	db_arg_int(&args, open);
	db_arg_array(&args, &s->keys);
	db_arg_text(&args, order->actor);
	db_arg_text(&args, order->reason);
	db_arg_time(&args, order->now);
	db_arg_array(&args, &s->words);
	if (!db_query(db, &erasure_put, &args, &r, err))
		return false;
	if (db_rows(r) == 0)
		return tenant_lost(tenant, err);
	*id = db_int(r, 0, 0);
	return optout_put(db, tenant->id, &s->keys, "erased", order->now, arena,
	           &blocked, err) &&
	    add_count(db, tenant->id, *id, "keys blocked", blocked, arena, err) &&
	    audit_put(db, tenant->id, order->actor, "erase",
	        arena_printf(arena, "erasure %lld", *id), order->reason, arena,
	        err);
}

static bool
put_steps(struct db *db, struct subject *s, const struct erasure_order *order,
    long long id, struct arena *arena, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, s->tenant_id);
	db_arg_int(&args, id);
	db_arg_text(&args, order->survey);
	db_arg_array(&args, &s->emails);
	db_arg_array(&args, &s->mobiles);
	if (!db_query(db, &erasure_put_people, &args, NULL, err))
		return false;
	db_args_init(&args, arena);
	subject_args(&args, s, 3);
	db_arg_int(&args, id);
	db_arg_text(&args, order->tag_prefix);
	return db_query(db, &erasure_put_tags, &args, NULL, err);
}

/* One table; a statement that returns a row says the number there. */
static bool
take(struct db *db, const struct db_stmt *stmt, struct subject *s, int args_to,
    struct arena *arena, long long *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	subject_args(&args, s, args_to);
	if (!db_query(db, stmt, &args, &r, err))
		return false;
	*n += db_rows(r) == 1 ? db_int(r, 0, 0) : db_affected(r);
	return true;
}

static bool
take_queue(struct db *db, struct subject *s, long long id,
    struct arena *arena, struct err *err)
{
	long long open = 0, ended = 0;

	return queue_erase(db, s, arena, &open, &ended, err) &&
	    add_count(db, s->tenant_id, id, "queue, open", open, arena, err) &&
	    add_count(db, s->tenant_id, id, "queue, ended", ended, arena, err);
}

static bool
take_texts(struct db *db, struct subject *s, long long id,
    struct arena *arena, struct err *err)
{
	long long n = 0;

	return queue_erase_texts(db, s, arena, &n, err) &&
	    take(db, &erase_texts, s, 5, arena, &n, err) &&
	    add_count(db, s->tenant_id, id, "texts", n, arena, err);
}

/* A note for people. */
static bool
note_effects(struct db *db, struct subject *s, long long id,
    struct arena *arena, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	subject_args(&args, s, 5);
	db_arg_int(&args, id);
	return db_query(db, &erasure_note_effects, &args, NULL, err);
}

/* What tells an effect or an answer of the person stands in the queue: that
 * goes after them. */
static bool
take_all(struct db *db, struct subject *s, long long id, struct arena *arena,
    struct err *err)
{
	static const struct {
		const char *what;
		const struct db_stmt *stmt;
		int args;
	} tables[] = { { "effects", &erase_effects, 6 },
		{ "answers", &erase_answers, 4 }, { "tags", &erase_tags, 3 },
		{ "commands", &erase_commands, 3 },
		{ "searches", &erase_searches, 4 },
		{ "plans", &erase_plans, 3 }, { "contacts", &erase_contacts, 3 },
		{ "unreadable records", &erase_records, 5 } };

	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		long long n = 0;
		if (!take(db, tables[i].stmt, s, tables[i].args, arena, &n,
		        err) ||
		    !add_count(db, s->tenant_id, id, tables[i].what, n, arena,
		        err))
			return false;
	}
	return take_queue(db, s, id, arena, err) &&
	    take_texts(db, s, id, arena, err);
}

bool
erasure_begin(struct db *db, const struct tenant *tenant, struct subject *s,
    const struct erasure_order *order, const struct erasure_known *known,
    struct arena *arena, long long *id, struct err *err)
{
	const long long open = known->completed_at == NO_TIME ? known->id : 0;

	return put(db, tenant, s, order, open, arena, id, err) &&
	    put_steps(db, s, order, *id, arena, err) &&
	    note_effects(db, s, *id, arena, err) &&
	    take_all(db, s, *id, arena, err);
}
