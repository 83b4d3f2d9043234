#include "contact.h"

#include <string.h>

#include "clock.h"
#include "json.h"
#include "tag.h"

/* Order of the page's columns; the statement below names them in this order. */
enum { C_ID, C_FULL, C_FIRST, C_LAST, C_EMAIL, C_STATE, C_DOMAIN, C_ROLE,
	C_PHONE, C_MOBILE, C_LANG, C_COUNTRY, C_COMPANY_ID, C_COMPANY, C_RELATION,
	C_SEGMENT, C_DEPARTMENT, C_OWNER_ID, C_OWNER, C_OWNER_EMAIL, C_LINK,
	C_EMPLOYED, C_CONSENT, C_CONSENT_AT, C_OPTED_OUT, C_NO_SEND,
	C_COMPANY_NO_SEND, C_GONE, C_ANON, C_MOVED, C_TAGS, C_KEY1, C_KEY2, C_KEY3,
	C_EXTRA, C_COMMANDS, C_OPTED_OUT_BY };
_Static_assert(C_OPTED_OUT_BY + 1 == CONTACT_COLS, "columns of a contact page");
/* Two days of hourly runs. */
#define RECENT_PASSES 48

DB_STMT(contact_page_put,
    "WITH " CURSOR_CTE ", page AS ("
    "  SELECT DISTINCT ON (p.contact_id) p.*"
    "    FROM unnest($10::text[], $11::text[], $12::text[], $13::text[], $14::text[],"
    "                $15::text[], $16::text[], $17::boolean[], $18::text[], $19::text[],"
    "                $20::text[], $21::text[], $22::text[], $23::text[], $24::text[],"
    "                $25::text[], $26::text[], $27::text[], $28::text[], $29::text[],"
    "                $30::text[], $31::boolean[], $32::boolean[], $33::timestamptz[],"
    "                $34::boolean[], $35::boolean[], $36::boolean[], $37::boolean[],"
    "                $38::boolean[], $39::text[], $40::text[], $41::bytea[], $42::bytea[],"
    "                $43::bytea[], $44::text[], $45::text[], $46::text[]) WITH ORDINALITY"
    "         AS p(contact_id, full_name, first_name, last_name, email, address_state,"
    "              address_domain, role_address, phone, mobile, language, country,"
    "              company_id, company, relation, segment, department, owner_id,"
    "              owner_name, owner_email, link, employed, consent, consent_at,"
    "              opted_out, no_send, company_no_send, gone, anonymised, moved_to,"
    "              tags, key1, key2, key3, extra, commands, opted_out_by, ord)"
    "   ORDER BY p.contact_id, p.ord DESC"
    /* An erased person: f is empty for it, only the keys come in. */
    "), erased AS MATERIALIZED ("
    "  SELECT p.contact_id FROM page p WHERE EXISTS (SELECT 1 FROM npsync.opt_out o"
    "         WHERE o.tenant_id = $1 AND o.source = 'erased'"
    "           AND o.person_key IN (p.key1, p.key3))"
    "), put AS ("
    "  INSERT INTO npsync.contact AS c (tenant_id, connector, contact_id, full_name,"
    "         first_name, last_name, email, address_state, address_domain, role_address,"
    "         phone, mobile, language, country, company_id, company, relation, segment,"
    "         department, owner_id, owner_name, owner_email, link, employed, consent,"
    "         consent_at, opted_out, no_send, company_no_send, gone, anonymised, moved_to,"
    "         tags, commands, person, extra, pass, facts_at, erased, opted_out_by)"
    "  SELECT $1, $2, p.contact_id, f.full_name, f.first_name, f.last_name, f.email,"
    "         coalesce(f.address_state, 'none'), f.address_domain, coalesce(f.role_address, false),"
    "         f.phone, f.mobile, f.language, f.country, f.company_id,"
    "         f.company, f.relation, f.segment, f.department, f.owner_id, f.owner_name, f.owner_email,"
    "         f.link, f.employed, f.consent, f.consent_at, p.opted_out, p.no_send, p.company_no_send,"
    "         p.gone, p.anonymised, p.moved_to, coalesce(f.tags, '{}')::text[],"
    "         coalesce(f.commands, '{}')::text[],"
    "         array_remove(ARRAY[p.key1, p.key2, p.key3], NULL), f.extra::jsonb, $4, $8::timestamptz,"
    "         f.contact_id IS NULL, f.opted_out_by"
    "    FROM page p LEFT JOIN page f ON f.contact_id = p.contact_id"
    "         AND NOT EXISTS (SELECT 1 FROM erased x WHERE x.contact_id = f.contact_id)"
    "   WHERE EXISTS (SELECT 1 FROM e)"
    "  ON CONFLICT (tenant_id, connector, contact_id) DO UPDATE SET"
    "         full_name = excluded.full_name, first_name = excluded.first_name,"
    "         last_name = excluded.last_name, email = excluded.email,"
    "         address_state = excluded.address_state,"
    "         address_domain = excluded.address_domain,"
    "         role_address = excluded.role_address, phone = excluded.phone,"
    "         mobile = excluded.mobile, language = excluded.language,"
    "         country = excluded.country, company_id = excluded.company_id,"
    "         company_since = CASE WHEN c.company_id <> excluded.company_id"
    "                              THEN excluded.facts_at ELSE c.company_since END,"
    "         company = excluded.company, relation = excluded.relation,"
    "         segment = excluded.segment, department = excluded.department,"
    "         owner_id = excluded.owner_id, owner_name = excluded.owner_name, link = excluded.link,"
    "         owner_email = excluded.owner_email, employed = excluded.employed, consent = excluded.consent,"
    "         consent_at = excluded.consent_at, opted_out = excluded.opted_out,"
    "         no_send = excluded.no_send, company_no_send = excluded.company_no_send,"
    "         gone = excluded.gone, anonymised = excluded.anonymised,"
    "         moved_to = excluded.moved_to, tags = excluded.tags, commands = excluded.commands, person = excluded.person,"
    "         extra = excluded.extra, pass = excluded.pass, facts_at = excluded.facts_at,"
    "         erased = excluded.erased, opted_out_by = excluded.opted_out_by,"
    "         last_activity_on = CASE WHEN NOT excluded.erased THEN c.last_activity_on END,"
    "         last_won_on = CASE WHEN NOT excluded.erased THEN c.last_won_on END"
    "  RETURNING (xmax = 0) AS inserted"
    ")"
    " SELECT (SELECT count(*) FROM page), count(*) FILTER (WHERE inserted),"
    "        count(*) FILTER (WHERE NOT inserted), EXISTS (SELECT 1 FROM e) FROM put");

/* A card that is gone keeps its names out of reach: only the flag is set.  One
 * whose record could not be read ($4) is not gone.  Cards of the last passes
 * ($5) count as known though they are gone, or an export that loses a third each
 * time would be believed. */
DB_STMT(contact_sweep_gone,
    "WITH missing AS MATERIALIZED ("
    "  SELECT contact_id, gone FROM npsync.contact"
    "   WHERE tenant_id = $1 AND connector = $2 AND (NOT gone OR pass >= $3::bigint - $5) AND pass < $3"
    "     AND contact_id <> ALL ($4::text[])"
    "), known AS ("
    "  SELECT count(*) AS n, (SELECT count(*) FROM missing) AS missing,"
    "         (SELECT count(*) FROM missing WHERE NOT gone) AS new"
    "    FROM npsync.contact"
    "   WHERE tenant_id = $1 AND connector = $2 AND (NOT gone OR pass >= $3::bigint - $5)"
    "), swept AS ("
    "  UPDATE npsync.contact c SET gone = true, facts_at = $7::timestamptz FROM missing m"
    "   WHERE c.tenant_id = $1 AND c.connector = $2 AND c.contact_id = m.contact_id AND NOT m.gone AND $6"
    "     AND (SELECT (k.n < 20 AND k.missing < k.n) OR k.missing * 2 <= k.n FROM known k)"
    "  RETURNING 1"
    ")"
    " SELECT n, missing, (SELECT count(*) FROM swept), new FROM known");

DB_STMT(activity_page_put,
    "WITH " CURSOR_CTE ", page AS ("
    "  SELECT DISTINCT ON (p.contact_id, p.activity_id) p.*"
    "    FROM unnest($10::text[], $11::text[], $12::text[], $13::date[], $14::boolean[],"
    "                $15::boolean[]) WITH ORDINALITY"
    "         AS p(contact_id, activity_id, kind, day, done, cancelled, ord)"
    "   WHERE p.kind <> 'other' AND EXISTS (SELECT 1 FROM e)"
    "   ORDER BY p.contact_id, p.activity_id, p.ord DESC"
    "), last AS ("
    "  UPDATE npsync.contact c SET last_activity_on = a.day"
    "    FROM (SELECT contact_id, max(day) AS day FROM page"
    "           WHERE done AND NOT cancelled AND day <= $16::date GROUP BY contact_id) a"
    "   WHERE c.tenant_id = $1 AND c.connector = $2 AND c.contact_id = a.contact_id"
    "     AND NOT c.erased AND (c.last_activity_on IS NULL OR c.last_activity_on < a.day)"
    "  RETURNING 1"
    "), plan AS ("
    "  INSERT INTO npsync.planned_activity AS c"
    "         (tenant_id, connector, contact_id, activity_id, planned_on, pass)"
    "  SELECT $1, $2, p.contact_id, p.activity_id, p.day, $4 FROM page p"
    "   WHERE NOT p.done AND NOT p.cancelled AND p.day >= $16::date"
    "     AND NOT EXISTS (SELECT 1 FROM npsync.contact k WHERE k.tenant_id = $1"
    "            AND k.connector = $2 AND k.contact_id = p.contact_id AND k.erased)"
    "  ON CONFLICT (tenant_id, connector, contact_id, activity_id) DO UPDATE"
    "     SET planned_on = excluded.planned_on, pass = excluded.pass"
    "  RETURNING 1"
    "), off AS ("
    "  DELETE FROM npsync.planned_activity c USING page p"
    "   WHERE c.tenant_id = $1 AND c.connector = $2 AND c.contact_id = p.contact_id"
    "     AND c.activity_id = p.activity_id"
    "     AND (p.done OR p.cancelled OR p.day < $16::date)"
    "  RETURNING 1"
    ")"
    " SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM last),"
    "        (SELECT count(*) FROM plan), EXISTS (SELECT 1 FROM e)");

DB_STMT(activity_sweep_off,
    "DELETE FROM npsync.planned_activity"
    " WHERE tenant_id = $1 AND connector = $2 AND (pass < $3 OR planned_on < $4::date)");

/* Each page says when it was read: a pass that broke and went on a day later ends
 * with cards as old as its first page. */
DB_STMT(contact_stale_list,
    "SELECT DISTINCT q.contact_id"
    "  FROM npsync.queue q"
    "  LEFT JOIN npsync.contact c ON c.tenant_id = $1 AND c.connector = q.connector"
    "       AND c.contact_id = q.contact_id"
    " WHERE q.tenant_id = $1 AND q.connector = $2 AND q.contact_id <> ''"
    "   AND q.state IN ('queued', 'deferred')"
    "   AND (c.contact_id IS NULL OR c.facts_at < $3::timestamptz)");

DB_STMT(contact_values,
    "SELECT kind, value, count(*) AS n FROM ("
    "  SELECT 'category' AS kind, category AS value FROM npsync.queue WHERE tenant_id = $1"
    "  UNION ALL SELECT 'relation', relation FROM npsync.contact WHERE tenant_id = $1"
    "  UNION ALL SELECT 'language', language FROM npsync.contact WHERE tenant_id = $1"
    "  UNION ALL SELECT 'country', country FROM npsync.contact WHERE tenant_id = $1"
    "  UNION ALL SELECT 'segment', segment FROM npsync.contact WHERE tenant_id = $1"
    "  UNION ALL SELECT 'department', department FROM npsync.contact WHERE tenant_id = $1"
    "  UNION ALL SELECT 'owner', owner_name FROM npsync.contact WHERE tenant_id = $1"
    "  UNION ALL SELECT 'tag', unnest(tags) FROM npsync.contact WHERE tenant_id = $1"
    ") v WHERE value IS NOT NULL GROUP BY kind, value ORDER BY kind, n DESC, value");

void
contact_page_init(struct contact_page *page)
{
	db_arrays_init(page->col, CONTACT_COLS);
	page->n = 0;
}

void
contact_page_free(struct contact_page *page)
{
	db_arrays_free(page->col, CONTACT_COLS);
}

static void
add_tri(struct db_array *col, enum tri tri)
{
	if (tri == TRI_UNKNOWN)
		db_array_text(col, NULL);
	else
		db_array_bool(col, tri == TRI_YES);
}

static bool
has_tag(const char *const *tags, const char *wanted, struct arena *scratch)
{
	if (tags == NULL)
		return false;
	for (; *tags != NULL; tags++) {
		/* A decomposed spelling or a blank around is the same tag. */
		const char *tag = tag_normalise(scratch, *tags);
		if (tag != NULL && strcmp(tag, wanted) == 0)
			return true;
	}
	return false;
}

static bool
is_command(const char *tag, const char *prefix, struct arena *scratch)
{
	const char *campaign;

	return tag_command_read(scratch, tag, prefix, &campaign) !=
	    TAG_NO_COMMAND;
}

/* prefix NULL = all of them; else the commands among them. */
static const char *
tags_literal(const char *const *tags, const char *prefix,
    struct arena *scratch)
{
	struct db_array array;
	struct db_args args;

	db_array_init(&array);
	for (; tags != NULL && *tags != NULL; tags++)
		if (prefix == NULL || is_command(*tags, prefix, scratch))
			db_array_text(&array, *tags);
	db_args_init(&args, scratch);
	db_arg_array(&args, &array);
	const char *text = args.failed ? NULL : arena_strdup(scratch, args.v[0]);
	db_array_free(&array);
	return text;
}

static const char *
extra_json(const char *const (*extra)[2], struct arena *scratch)
{
	if (extra == NULL || (*extra)[0] == NULL)
		return NULL;
	json_t *object = json_object();
	for (; (*extra)[0] != NULL; extra++)
		if ((*extra)[1] != NULL)
			(void)json_object_set_new(object, (*extra)[0],
			    json_string((*extra)[1]));
	const char *text = json_dump(scratch, object);
	json_decref(object);
	return text;
}

struct keys {
	char address[IDENTITY_KEY_HEX], phone[IDENTITY_KEY_HEX],
	    card[IDENTITY_KEY_HEX];
	bool has_address, has_phone;
};

static bool
make_keys(struct keys *keys, const struct contact_rules *rules,
    const struct crm_contact *c, const char *address, struct arena *scratch,
    struct err *err)
{
	const char *phone = rules->match_phone && c->mobile != NULL
	    ? identity_phone(scratch, c->mobile, rules->phone_prefix) : NULL;

	keys->has_address = address != NULL;
	keys->has_phone = phone != NULL;
	return (address == NULL ||
	           identity_key_address(rules->secret, address, keys->address, err)) &&
	    (phone == NULL ||
	        identity_key_phone(rules->secret, phone, keys->phone, err)) &&
	    identity_key_card(rules->secret, rules->connector, c->contact_id,
	        keys->card, err);
}

static void
add_names(struct db_array *col, const struct crm_contact *c)
{
	db_array_text(&col[C_ID], c->contact_id);
	db_array_text(&col[C_FULL], c->name.full);
	db_array_text(&col[C_FIRST], c->name.first);
	db_array_text(&col[C_LAST], c->name.last);
	db_array_text(&col[C_EMAIL], c->email);
	db_array_text(&col[C_PHONE], c->phone);
	db_array_text(&col[C_MOBILE], c->mobile);
	db_array_text(&col[C_LANG], c->language);
	db_array_text(&col[C_COUNTRY], c->country);
	db_array_text(&col[C_COMPANY_ID], c->company_id);
	db_array_text(&col[C_COMPANY], c->company);
	db_array_text(&col[C_RELATION], c->relation);
	db_array_text(&col[C_SEGMENT], c->segment);
	db_array_text(&col[C_DEPARTMENT], c->department);
	db_array_text(&col[C_OWNER_ID], c->owner_id);
	db_array_text(&col[C_OWNER], c->owner_name);
	db_array_text(&col[C_OWNER_EMAIL], c->owner_email);
	db_array_text(&col[C_LINK], c->link);
	db_array_text(&col[C_MOVED], c->moved_to);
}

bool
contact_page_add(struct contact_page *page, const struct contact_rules *rules,
    const struct crm_contact *c, struct arena *scratch, struct err *err)
{
	static const char *const states[] = { [ADDRESS_OK] = "ok",
		[ADDRESS_NONE] = "none", [ADDRESS_BAD] = "bad" };
	struct db_array *col = page->col;
	const char *address = NULL, *domain = NULL;
	struct keys keys;

	const enum address_state state =
	    identity_address(scratch, c->email, &address, &domain);
	if (state != ADDRESS_OK)
		address = domain = NULL;
	if (!make_keys(&keys, rules, c, address, scratch, err))
		return false;
	add_names(col, c);
	db_array_text(&col[C_STATE], states[state]);
	db_array_text(&col[C_DOMAIN], domain);
	db_array_bool(&col[C_ROLE], address != NULL && identity_is_role(address));
	add_tri(&col[C_EMPLOYED], c->employed);
	add_tri(&col[C_CONSENT], c->consent);
	db_array_time(&col[C_CONSENT_AT], c->consent_at);
	db_array_bool(&col[C_OPTED_OUT], c->opted_out);
	db_array_text(&col[C_OPTED_OUT_BY],
	    c->opted_out ? c->opted_out_by : NULL);
	db_array_bool(&col[C_NO_SEND],
	    has_tag(c->tags, rules->no_send_tag, scratch));
	db_array_bool(&col[C_COMPANY_NO_SEND],
	    has_tag(c->company_tags, rules->no_send_tag, scratch));
	db_array_bool(&col[C_GONE], c->gone);
	db_array_bool(&col[C_ANON], c->anonymised);
	db_array_text(&col[C_TAGS], tags_literal(c->tags, NULL, scratch));
	db_array_text(&col[C_COMMANDS], rules->tag_prefix == NULL ? "{}"
	    : tags_literal(c->tags, rules->tag_prefix, scratch));
	/* The first key is the address, or the card where there is none. */
	db_array_text(&col[C_KEY1], keys.has_address ? keys.address : NULL);
	db_array_text(&col[C_KEY2], keys.has_phone && keys.has_address ? keys.phone : NULL);
	db_array_text(&col[C_KEY3], keys.card);
	db_array_text(&col[C_EXTRA], extra_json(c->extra, scratch));
	page->n++;
	if (arena_failed(scratch))
		return err_nomem(err);
	return true;
}

/* Sends a statement whose arguments are the cursor's and the page's columns;
 * today < 0 = the statement takes no day. */
static bool
page_send(struct db *db, const struct db_stmt *stmt, struct db_array *col,
    size_t cols, const struct cursor_move *move, int today,
    struct arena *scratch, struct err *err)
{
	struct db_args args;

	db_args_init(&args, scratch);
	cursor_args(&args, move);
	db_arg_arrays(&args, col, cols);
	if (today >= 0)
		db_arg_day(&args, today);
	if (!db_send(db, stmt, &args, err))
		return false;
	db_arrays_reset(col, cols);
	return true;
}

bool
contact_page_send(struct contact_page *page, struct db *db,
    const struct cursor_move *move, struct arena *scratch, struct err *err)
{
	page->n = 0;
	return page_send(db, &contact_page_put, page->col, CONTACT_COLS, move, -1,
	    scratch, err);
}

bool
contact_sweep(struct db *db, long long tenant_id, const char *connector,
    long long pass, struct db_array *unread, bool may_mark, time_t now,
    struct arena *scratch, long long *gone, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, scratch);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, connector);
	db_arg_int(&args, pass);
	db_arg_array(&args, unread);
	db_arg_int(&args, RECENT_PASSES);
	db_arg_bool(&args, may_mark);
	db_arg_time(&args, now);
	if (!db_query(db, &contact_sweep_gone, &args, &r, err))
		return false;
	*gone = db_int(r, 0, 2);
	const long long known = db_int(r, 0, 0), missing = db_int(r, 0, 1);
	if (may_mark ? *gone == 0 && db_int(r, 0, 3) > 0
	             : known >= 20 && missing * 2 > known)
		return err_set(err, ERR_PROTOCOL,
		    "%lld of %lld known contacts are missing in the export: not "
		    "trusted, nobody was marked as gone; export all contacts",
		    missing, known);
	return true;
}

void
activity_page_init(struct activity_page *page)
{
	db_arrays_init(page->col, ARRAY_LEN(page->col));
	page->n = 0;
}

void
activity_page_free(struct activity_page *page)
{
	db_arrays_free(page->col, ARRAY_LEN(page->col));
}

void
activity_page_add(struct activity_page *page, const struct crm_activity *a)
{
	static const char *const kinds[] = { [ACT_MEETING] = "meeting",
		[ACT_PHONE] = "phone", [ACT_MAIL] = "mail", [ACT_OTHER] = "other" };

	db_array_text(&page->col[0], a->contact_id);
	db_array_text(&page->col[1], a->activity_id);
	db_array_text(&page->col[2], kinds[a->kind]);
	db_array_day(&page->col[3], a->day);
	db_array_bool(&page->col[4], a->done);
	db_array_bool(&page->col[5], a->cancelled);
	page->n++;
}

bool
activity_page_send(struct activity_page *page, struct db *db,
    const struct cursor_move *move, int today, struct arena *scratch,
    struct err *err)
{
	page->n = 0;
	return page_send(db, &activity_page_put, page->col,
	    ARRAY_LEN(page->col), move, today, scratch, err);
}

bool
activity_sweep(struct db *db, long long tenant_id, const char *connector,
    long long pass, int today, struct arena *scratch, struct err *err)
{
	struct db_args args;

	db_args_init(&args, scratch);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, connector);
	db_arg_int(&args, pass);
	db_arg_day(&args, today);
	return db_query(db, &activity_sweep_off, &args, NULL, err);
}

bool
contact_list_stale(struct db *db, long long tenant_id, const char *connector,
    time_t before, struct arena *arena, struct contact_stale *out,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, connector);
	db_arg_time(&args, before);
	if (!db_query(db, &contact_stale_list, &args, &r, err))
		return false;
	const size_t n = (size_t)db_rows(r);
	const char **ids = arena_array(arena, n + 1, sizeof(*ids));
	if (ids == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		ids[i] = arena_strdup(arena, db_text(r, (int)i, 0));
	*out = (struct contact_stale){ ids, n };
	return arena_failed(arena) ? err_nomem(err) : true;
}

bool
contact_list_values(struct db *db, long long tenant_id, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	return db_query(db, &contact_values, &args, result, err);
}
