#include "event_unmet.h"

#include <string.h>

DB_STMT(event_unmet,
    "SELECT t.code FROM unnest($2::text[]) WITH ORDINALITY AS t(code, n)"
    " WHERE EXISTS (SELECT 1 FROM npsync.event_seen s WHERE s.tenant_id = $1)"
    "   AND NOT EXISTS (SELECT 1 FROM npsync.event_seen e WHERE e.tenant_id = $1"
    "        AND e.trigger = t.code)"
    " ORDER BY t.n");

bool
event_find_unmet(struct db *db, long long tenant_id, const struct conf *conf,
    struct arena *arena, struct db_result **result, struct err *err)
{
	struct db_array codes;
	struct db_args args;

	db_array_init(&codes);
	for (size_t i = 0; i < conf->n_triggers; i++) {
		const struct conf_trigger *t = &conf->triggers[i];
		/* We find silences, and people wish by hand. */
		if (t->enabled && strcmp(t->code, "inact") != 0 &&
		    strcmp(t->code, "manual") != 0)
			db_array_text(&codes, t->code);
	}
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_array(&args, &codes);
	const bool ok = db_query(db, &event_unmet, &args, result, err);
	db_array_free(&codes);
	return ok;
}
