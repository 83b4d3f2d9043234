#include "contact_pilot.h"

#include "identity.h"

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

static void
add_texts(struct db_array *array, const struct strlist *list)
{
	db_array_init(array);
	for (size_t i = 0; i < list->n; i++)
		db_array_text(array, list->v[i]);
}

static bool
add_keys(struct db_array *array, const unsigned char *secret,
    const struct strlist *addresses, struct err *err)
{
	char key[IDENTITY_KEY_HEX];

	db_array_init(array);
	for (size_t i = 0; i < addresses->n; i++) {
		if (!identity_key_address(secret, addresses->v[i], key, err))
			return false;
		db_array_text(array, key);
	}
	return true;
}

bool
contact_find_unmet(struct db *db, long long tenant_id,
    const unsigned char *secret, const struct conf *conf, struct arena *arena,
    struct db_result **result, struct err *err)
{
	struct db_array lists[3];
	struct db_args args;

	const bool ok = add_keys(&lists[0], secret, &conf->pilot.addresses, err);
	add_texts(&lists[1], &conf->pilot.domains);
	add_texts(&lists[2], &conf->pilot.companies);
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		db_arg_array(&args, &lists[i]);
	const bool done = ok &&
	    db_query(db, &contact_pilot_unmet, &args, result, err);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		db_array_free(&lists[i]);
	return done;
}
