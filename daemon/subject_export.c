/*
 * subject_export.c - everything npsync holds about one person.  A row is what
 * its table has, without the keyed hashes and the tenant's number.
 */
#include "subject.h"

#define ROW(a) "to_jsonb(" a ") - '{tenant_id,person,person_key,address_key,merged_keys,pass}'::text[]"

DB_STMT(export_contacts,
    "SELECT (" ROW("c") ")::text FROM npsync.contact c WHERE c.tenant_id = $1"
    "   AND " SUBJECT_CARD("c") " ORDER BY c.connector, c.contact_id");
DB_STMT(export_plans,
    "SELECT (" ROW("a") ")::text FROM npsync.planned_activity a WHERE a.tenant_id = $1"
    "   AND " SUBJECT_CARD("a") " ORDER BY a.planned_on, a.activity_id");
DB_STMT(export_queue,
    "SELECT (" ROW("q") " || jsonb_build_object('history', coalesce("
    "         (SELECT jsonb_agg(to_jsonb(h) - '{tenant_id,queue_id}'::text[] ORDER BY h.version)"
    "            FROM npsync.queue_history h WHERE h.tenant_id = $1 AND h.queue_id = q.queue_id),"
    "         '[]'::jsonb)))::text"
    "  FROM npsync.queue q WHERE q.tenant_id = $1 AND " SUBJECT_ROW("q")
    " ORDER BY q.created_at, q.client_ref");
DB_STMT(export_sends,
    "SELECT jsonb_build_object('sent_on', s.sent_on, 'source', s.source, 'campaign', s.campaign,"
    "       'ref', s.ref)::text FROM npsync.person_send s WHERE s.tenant_id = $1"
    "   AND s.person_key = ANY ($4::bytea[])"
    "   AND $2::text[] IS NOT NULL AND $3::text[] IS NOT NULL"
    " GROUP BY s.sent_on, s.source, s.campaign, s.ref ORDER BY s.sent_on, s.ref");
DB_STMT(export_answers,
    "SELECT (" ROW("a") ")::text FROM npsync.answer a WHERE a.tenant_id = $1"
    "   AND " SUBJECT_ANSWER("a") " ORDER BY a.answered_at, a.answer_id");
DB_STMT(export_tags,
    "SELECT (" ROW("t") ")::text FROM npsync.tag_want t WHERE t.tenant_id = $1"
    "   AND " SUBJECT_CARD("t") " ORDER BY t.answered_at, t.campaign_id");
DB_STMT(export_commands,
    "SELECT (" ROW("t") ")::text FROM npsync.tag_command t WHERE t.tenant_id = $1"
    "   AND " SUBJECT_CARD("t") " ORDER BY t.seen_at, t.command");
DB_STMT(export_searches,
    "SELECT jsonb_build_object('email', t.email, 'wanted_at', t.wanted_at, 'asked_at', t.asked_at)::text"
    "  FROM npsync.answer_search t WHERE t.tenant_id = $1 AND t.address_key = ANY ($4::bytea[])"
    "   AND $2::text[] IS NOT NULL AND $3::text[] IS NOT NULL");
DB_STMT(export_optouts,
    "SELECT jsonb_build_object('source', o.source, 'scope', o.scope, 'at', min(o.at))::text"
    "  FROM npsync.opt_out o WHERE o.tenant_id = $1 AND o.person_key = ANY ($4::bytea[])"
    "   AND $2::text[] IS NOT NULL AND $3::text[] IS NOT NULL"
    " GROUP BY o.source, o.scope ORDER BY min(o.at), o.source");
DB_STMT(export_effects,
    "SELECT (" ROW("f") ")::text FROM npsync.effect f WHERE f.tenant_id = $1"
    "   AND " SUBJECT_EFFECT("f")
    "   AND $2::text[] IS NOT NULL AND $3::text[] IS NOT NULL AND $4::bytea[] IS NOT NULL"
    " ORDER BY f.updated_at, f.kind, f.subject");
DB_STMT(export_records,
    "SELECT (" ROW("x") ")::text FROM npsync.quarantine x WHERE x.tenant_id = $1"
    "   AND " SUBJECT_RECORD("x") " AND $4::bytea[] IS NOT NULL ORDER BY x.first_at, x.line");
DB_STMT(export_audit,
    "SELECT (" ROW("u") ")::text FROM npsync.audit u WHERE u.tenant_id = $1"
    "   AND (" SUBJECT_TEXT("concat_ws(' ', u.subject, u.detail)")
    "        OR EXISTS (SELECT 1 FROM npsync.queue q WHERE q.tenant_id = $1 AND " SUBJECT_ROW("q")
    "               AND concat_ws(' ', u.subject, u.detail) ~ ('\\mrows? [0-9, ]*\\m' || q.queue_id || '\\M')))"
    " ORDER BY u.at, u.action");
DB_STMT(export_erasures,
    "SELECT (to_jsonb(r) - '{tenant_id,keys}'::text[])::text FROM npsync.erasure r"
    " WHERE r.tenant_id = $1 AND r.keys && $4::bytea[]"
    "   AND $2::text[] IS NOT NULL AND $3::text[] IS NOT NULL ORDER BY r.requested_at");

static const struct section {
	const char *name;
	const struct db_stmt *stmt;
	int args;
} sections[] = { { "contacts", &export_contacts, 3 },
	{ "planned_activities", &export_plans, 3 },
	{ "queue", &export_queue, 4 }, { "sends", &export_sends, 4 },
	{ "answers", &export_answers, 4 }, { "tags", &export_tags, 3 },
	{ "commands", &export_commands, 3 },
	{ "searches", &export_searches, 4 },
	{ "opt_outs", &export_optouts, 4 }, { "effects", &export_effects, 5 },
	{ "unreadable_records", &export_records, 5 },
	{ "audit", &export_audit, 5 }, { "erasures", &export_erasures, 4 } };

static bool
export_section(struct db *db, struct subject *s, const struct section *section,
    subject_emit_fn *emit, void *arg, struct arena *arena, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	subject_args(&args, s, section->args);
	if (!db_query(db, section->stmt, &args, &r, err))
		return false;
	if (db_rows(r) == 0)
		return emit(arg, section->name, NULL, err);
	for (int i = 0; i < db_rows(r); i++)
		if (!emit(arg, section->name, db_text(r, i, 0), err))
			return false;
	return true;
}

bool
subject_export(struct db *db, struct subject *s, subject_emit_fn *emit,
    void *arg, struct arena *arena, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		if (!export_section(db, s, &sections[i], emit, arg, arena, err))
			return false;
	return true;
}
