#include "contact_pilot.h"

#include "rules.h"

/* As decide compares them. */
DB_STMT(contact_pilot_unmet,
    "SELECT 'addresses', a.ord::text FROM unnest($2::bytea[]) WITH ORDINALITY AS a(key, ord)"
    " WHERE NOT EXISTS (SELECT 1 FROM npsync.contact c WHERE c.tenant_id = $1"
    "       AND NOT c.gone AND a.key = ANY (c.person))"
    " UNION ALL SELECT 'domains', d FROM unnest($3::text[]) d"
    " WHERE NOT EXISTS (SELECT 1 FROM npsync.contact c WHERE c.tenant_id = $1"
    "       AND NOT c.gone AND c.address_domain = d)"
    " UNION ALL SELECT 'companies', k FROM unnest($4::text[]) k"
    " WHERE NOT EXISTS (SELECT 1 FROM npsync.contact c WHERE c.tenant_id = $1"
    "       AND NOT c.gone AND (c.company_id = k OR c.company = k))");

bool
contact_find_unmet(struct db *db, long long tenant_id,
    const unsigned char *secret, const struct conf *conf, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_array lists[RULES_PILOT];
	struct db_args args;

	db_arrays_init(lists, ARRAY_LEN(lists));
	bool ok = rules_pilot(conf, secret, lists, err);
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_arrays(&args, lists, ARRAY_LEN(lists));
	ok = ok && db_query(db, &contact_pilot_unmet, &args, result, err);
	db_arrays_free(lists, ARRAY_LEN(lists));
	return ok;
}
