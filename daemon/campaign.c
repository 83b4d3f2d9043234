#include "campaign.h"

#include "log.h"
#include "tag.h"

/* An answer may name a campaign that is not (any more) listed.  Of one name: who
 * had it keeps it, so that a new campaign cannot take the tags of another. */
DB_STMT(campaign_upsert,
    "WITH page AS MATERIALIZED ("
    "  SELECT DISTINCT ON (p.id) p.id, p.name, p.tag_name, p.tag_fold"
    "    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY"
    "         AS p(id, name, tag_name, tag_fold, ord)"
    "   ORDER BY p.id, p.ord DESC"
    "), known AS MATERIALIZED ("
    "  SELECT coalesce(p.id, c.campaign_id) AS id,"
    "         CASE WHEN p.id IS NULL THEN c.tag_fold ELSE p.tag_fold END AS fold,"
    "         CASE WHEN p.id IS NULL THEN c.listed AND NOT $6 ELSE coalesce(c.listed, false) OR $6 END AS listed,"
    "         coalesce(c.tag_taken_by IS NULL AND (p.id IS NULL OR p.tag_fold = c.tag_fold), false) AS had"
    "    FROM page p FULL JOIN (SELECT * FROM npsync.campaign WHERE tenant_id = $1) c ON c.campaign_id = p.id"
    "), owner AS MATERIALIZED ("
    "  SELECT DISTINCT ON (k.fold) k.fold, k.id FROM known k WHERE k.fold IS NOT NULL"
    "   ORDER BY k.fold, k.listed DESC, k.had DESC, length(k.id), k.id COLLATE \"C\""
    "), named AS MATERIALIZED ("
    "  SELECT k.id, k.listed, nullif(o.id, k.id) AS taken_by"
    "    FROM known k LEFT JOIN owner o ON o.fold = k.fold"
    "), rest AS ("
    "  UPDATE npsync.campaign c SET listed = n.listed, tag_taken_by = n.taken_by FROM named n"
    "   WHERE c.tenant_id = $1 AND c.campaign_id = n.id AND c.campaign_id NOT IN (SELECT id FROM page)"
    "     AND (c.listed, c.tag_taken_by) IS DISTINCT FROM (n.listed, n.taken_by)"
    ")"
    " INSERT INTO npsync.campaign AS c (tenant_id, campaign_id, name, tag_name, tag_fold, tag_taken_by,"
    "        listed, seen_at)"
    " SELECT $1::bigint, p.id, p.name, p.tag_name, p.tag_fold, n.taken_by, $6, $7::timestamptz"
    "   FROM page p JOIN named n ON n.id = p.id"
    " ON CONFLICT (tenant_id, campaign_id) DO UPDATE"
    "    SET name = excluded.name, tag_name = excluded.tag_name, tag_fold = excluded.tag_fold,"
    "        tag_taken_by = excluded.tag_taken_by,"
    "        listed = c.listed OR excluded.listed, seen_at = excluded.seen_at");
DB_STMT(campaign_rows,
    "SELECT c.campaign_id, c.name, c.tag_name, c.listed,"
    "       (SELECT count(*) FROM npsync.queue q WHERE q.tenant_id = $1"
    "           AND q.campaign = c.campaign_id AND q.state = 'sent'),"
    "       (SELECT count(*) FROM npsync.answer a WHERE a.tenant_id = $1"
    "           AND a.campaign_id = c.campaign_id AND a.score IS NOT NULL),"
    "       c.tag_taken_by"
    "  FROM npsync.campaign c WHERE c.tenant_id = $1 ORDER BY c.listed DESC, c.name");
DB_STMT(campaign_unlisted,
    "SELECT i.id FROM unnest($2::text[]) WITH ORDINALITY AS i(id, ord)"
    " WHERE NOT EXISTS (SELECT 1 FROM npsync.campaign c WHERE c.tenant_id = $1"
    "          AND c.campaign_id = i.id AND c.listed)"
    " ORDER BY i.ord LIMIT 1");

void
campaign_page_init(struct campaign_page *page)
{
	db_array_init(&page->id);
	db_array_init(&page->name);
	db_array_init(&page->tag_name);
	db_array_init(&page->tag_fold);
	page->n = 0;
}

void
campaign_page_free(struct campaign_page *page)
{
	db_array_free(&page->id);
	db_array_free(&page->name);
	db_array_free(&page->tag_name);
	db_array_free(&page->tag_fold);
}

bool
campaign_page_add(struct campaign_page *page, const char *id, const char *name,
    struct arena *scratch, struct err *err)
{
	struct err unfit = { .kind = ERR_NONE };
	const char *tag_name = NULL, *tag_fold = NULL;

	if (tag_campaign_check(name, &unfit)) {
		tag_name = tag_normalise(scratch, name);
		tag_fold = tag_campaign_fold(scratch, name);
	} else {
		log_ev(LOG_LEVEL_WARNING, "campaign", "id=%s problem=%s", id,
		    log_quote(unfit.msg));
	}
	db_array_text(&page->id, id);
	db_array_text(&page->name, name);
	db_array_text(&page->tag_name, tag_name);
	db_array_text(&page->tag_fold, tag_fold);
	page->n++;
	return arena_failed(scratch) ? err_nomem(err) : true;
}

bool
campaign_put(struct db *db, long long tenant_id, struct campaign_page *page,
    bool complete, time_t now, struct arena *arena, struct err *err)
{
	struct db_args args;

	if (page->n == 0 && !complete)
		return true;
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_array(&args, &page->id);
	db_arg_array(&args, &page->name);
	db_arg_array(&args, &page->tag_name);
	db_arg_array(&args, &page->tag_fold);
	db_arg_bool(&args, complete);
	db_arg_time(&args, now);
	return db_query(db, &campaign_upsert, &args, NULL, err);
}

bool
campaign_list(struct db *db, long long tenant_id, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	return db_query(db, &campaign_rows, &args, result, err);
}

bool
campaign_find_unlisted(struct db *db, long long tenant_id,
    struct db_array *ids, struct arena *arena, const char **unlisted,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	*unlisted = NULL;
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_array(&args, ids);
	if (!db_query(db, &campaign_unlisted, &args, &r, err))
		return false;
	if (db_rows(r) > 0)
		*unlisted = arena_strdup(arena, db_text(r, 0, 0));
	return true;
}
