#include "cursor.h"

#include "clock.h"

DB_STMT(cursor_get,
    "SELECT watermark, resume, pass,"
    "       extract(epoch from first_completed_at)::bigint,"
    "       extract(epoch from completed_at)::bigint"
    "  FROM npsync.cursor WHERE tenant_id = $1 AND connector = $2 AND stream = $3");

bool
cursor_read(struct db *db, long long tenant_id, const char *connector,
    const char *stream, struct arena *arena, struct cursor *cursor,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	*cursor = (struct cursor){ .pass = 1, .baseline = true,
		.first_completed_at = NO_TIME, .completed_at = NO_TIME };
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, connector);
	db_arg_text(&args, stream);
	if (!db_query(db, &cursor_get, &args, &r, err))
		return false;
	if (db_rows(r) == 0)
		return true;
	cursor->watermark = arena_strdup(arena, db_text(r, 0, 0));
	cursor->resume = arena_strdup(arena, db_text(r, 0, 1));
	cursor->pass = db_int(r, 0, 2) + (cursor->resume == NULL ? 1 : 0);
	cursor->first_completed_at = db_time(r, 0, 3);
	cursor->completed_at = db_time(r, 0, 4);
	cursor->baseline = cursor->first_completed_at == NO_TIME;
	return true;
}

void
cursor_args(struct db_args *args, const struct cursor_move *move)
{
	db_arg_int(args, move->tenant_id);
	db_arg_text(args, move->connector);
	db_arg_text(args, move->stream);
	db_arg_int(args, move->pass);
	db_arg_text(args, move->resume);
	db_arg_text(args, move->watermark);
	db_arg_bool(args, move->complete);
	db_arg_time(args, move->now);
	db_arg_int(args, move->epoch);
}
