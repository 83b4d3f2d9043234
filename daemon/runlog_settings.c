#include "runlog_settings.h"

#include "clock.h"

DB_STMT(settings_put,
    "WITH old AS ("
    "  DELETE FROM npsync.settings s WHERE s.tenant_id = $1 AND s.digest <> $2"
    "     AND NOT EXISTS (SELECT 1 FROM npsync.run r WHERE r.tenant_id = $1"
    "            AND r.settings_digest = s.digest)"
    ")"
    " INSERT INTO npsync.settings (tenant_id, digest, first_at, text)"
    " VALUES ($1, $2, $3::timestamptz, $4) ON CONFLICT DO NOTHING");
DB_STMT(settings_earlier,
    "SELECT r.run_id, r.settings_digest, s.text FROM npsync.run r"
    "  LEFT JOIN npsync.settings s ON s.tenant_id = $1 AND s.digest = r.settings_digest"
    " WHERE r.tenant_id = $1 AND r.run_id < $2"
    "   AND r.kind = (SELECT kind FROM npsync.run WHERE tenant_id = $1 AND run_id = $2)"
    " ORDER BY r.run_id DESC LIMIT 1");

bool
runlog_put_settings(const struct runlog *log, const char *digest,
    const char *text, struct err *err)
{
	struct db_args args;

	db_args_init(&args, log->arena);
	db_arg_int(&args, log->tenant_id);
	db_arg_text(&args, digest);
	db_arg_time(&args, clock_now());
	db_arg_text(&args, text);
	return db_query(log->db, &settings_put, &args, NULL, err);
}

bool
runlog_earlier_settings(const struct runlog *log, long long *run_id,
    const char **digest, const char **text, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	*run_id = 0;
	*digest = *text = NULL;
	db_args_init(&args, log->arena);
	db_arg_int(&args, log->tenant_id);
	db_arg_int(&args, log->run_id);
	if (!db_query(log->db, &settings_earlier, &args, &r, err))
		return false;
	if (db_rows(r) == 0)
		return true;
	*run_id = db_int(r, 0, 0);
	*digest = arena_strdup(log->arena, db_text(r, 0, 1));
	*text = arena_strdup(log->arena, db_text(r, 0, 2));
	return *digest != NULL || err_nomem(err);
}
