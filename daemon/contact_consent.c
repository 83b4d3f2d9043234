#include "contact_consent.h"

DB_STMT(contact_consents,
    "SELECT count(*), count(consent), count(consent_at),"
    "       count(*) FILTER (WHERE upper(country) = ANY ($2::text[])),"
    "       count(*) FILTER (WHERE length(country) <> 2), min(country) FILTER (WHERE length(country) <> 2)"
    "  FROM npsync.contact WHERE tenant_id = $1 AND NOT gone AND NOT erased");

bool
contact_count_consent(struct db *db, long long tenant_id,
    const struct strlist *countries, struct arena *arena,
    struct contact_consent *count, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_array codes;
	struct db_args args;

	db_array_init(&codes);
	db_array_texts(&codes, countries->v, countries->n);
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_array(&args, &codes);
	const bool ok = db_query(db, &contact_consents, &args, &r, err);
	db_array_free(&codes);
	if (!ok)
		return false;
	const char *text = db_text(r, 0, 5);
	*count = (struct contact_consent){ db_int(r, 0, 0), db_int(r, 0, 1),
		db_int(r, 0, 2), db_int(r, 0, 3), db_int(r, 0, 4),
		text == NULL ? NULL : arena_strdup(arena, text) };
	return text == NULL || count->country != NULL || err_nomem(err);
}
