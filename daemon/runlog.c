#include "runlog.h"

#include <string.h>

#include "clock.h"

struct count {
	struct count *next;
	const char *stage, *source, *outcome, *reason;
	long long n;
};

DB_STMT(run_begin,
    "INSERT INTO npsync.run (tenant_id, kind, night, epoch, actor,"
    "                        settings_digest, started_at)"
    " VALUES ($1, $2, $3::date, $4, $5, $6, $7::timestamptz) RETURNING run_id");
DB_STMT(run_end,
    "WITH ended AS ("
    "  UPDATE npsync.run SET ended_at = $3::timestamptz, result = $4, detail = $5,"
    "         watermarks = (SELECT string_agg(k.connector || '/' || k.stream || ' ' || left(k.watermark, 100),"
    "                                         ', ' ORDER BY k.connector, k.stream)"
    "                         FROM npsync.cursor k WHERE k.tenant_id = $1 AND k.watermark IS NOT NULL)"
    "   WHERE tenant_id = $1 AND run_id = $2 RETURNING run_id)"
    " INSERT INTO npsync.run_count (tenant_id, run_id, stage, source, outcome, reason, n)"
    " SELECT $1, e.run_id, c.stage, c.source, c.outcome, c.reason, c.n"
    "   FROM ended e, unnest($6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[])"
    "        AS c(stage, source, outcome, reason, n)");
DB_STMT(run_list,
    "SELECT r.run_id, r.kind, r.night, extract(epoch from r.started_at)::bigint,"
    "       extract(epoch from r.ended_at)::bigint, coalesce(r.result, 'running or killed'),"
    "       coalesce((SELECT sum(n) FROM npsync.run_count c WHERE c.tenant_id = $1"
    "          AND c.run_id = r.run_id AND c.stage = 'pull' AND c.outcome = 'queued'), 0),"
    "       coalesce((SELECT sum(n) FROM npsync.run_count c WHERE c.tenant_id = $1"
    "          AND c.run_id = r.run_id AND c.stage = 'push' AND c.outcome = 'sent'), 0),"
    "       coalesce((SELECT sum(n) FROM npsync.run_count c WHERE c.tenant_id = $1"
    "          AND c.run_id = r.run_id AND c.stage = 'decide' AND c.outcome = 'suppressed'), 0),"
    "       coalesce((SELECT sum(n) FROM npsync.run_count c WHERE c.tenant_id = $1"
    "          AND c.run_id = r.run_id AND c.stage = 'push' AND c.outcome = 'unknown'), 0),"
    "       coalesce((SELECT sum(n) FROM npsync.run_count c WHERE c.tenant_id = $1"
    "          AND c.run_id = r.run_id AND c.stage = 'collect' AND c.outcome IN ('new', 'updated')), 0),"
    "       coalesce((SELECT sum(n) FROM npsync.run_count c WHERE c.tenant_id = $1"
    "          AND c.run_id = r.run_id AND c.stage = 'writeback' AND c.outcome = 'written'), 0),"
    "       left(r.settings_digest, 6), r.detail, r.watermarks"
    "  FROM npsync.run r WHERE r.tenant_id = $1"
    " ORDER BY r.started_at DESC, r.run_id DESC LIMIT $2");
DB_STMT(run_list_counts,
    "SELECT stage, source, outcome, reason, n FROM npsync.run_count"
    " WHERE tenant_id = $1 AND run_id = $2"
    " ORDER BY array_position(" RUNLOG_ORDER ", stage),"
    "          source, outcome <> 'seen', outcome, reason");
DB_STMT(run_watermarks,
    "SELECT watermarks FROM npsync.run WHERE tenant_id = $1 AND run_id = $2");
DB_STMT(run_last,
    "SELECT extract(epoch from max(started_at) FILTER (WHERE result IN ('ok', 'partial')))::bigint,"
    "       extract(epoch from max(started_at))::bigint"
    "  FROM npsync.run WHERE tenant_id = $1 AND kind <> 'resync'");

bool
runlog_begin(struct runlog *log, struct db *db, struct arena *arena,
    long long tenant_id, const char *kind, int night, long long epoch,
    const char *actor, const char *digest, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	*log = (struct runlog){ .db = db, .arena = arena, .tenant_id = tenant_id };
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_text(&args, kind);
	db_arg_day(&args, night);
	db_arg_int(&args, epoch);
	db_arg_text(&args, actor);
	db_arg_text(&args, digest);
	db_arg_time(&args, clock_now());
	if (!db_query(db, &run_begin, &args, &r, err))
		return false;
	log->run_id = db_int(r, 0, 0);
	return true;
}

void
runlog_count(struct runlog *log, const char *stage, const char *source,
    const char *outcome, const char *reason, long long n)
{
	struct count **p = &log->counts;

	if (reason == NULL)
		reason = "";
	for (; *p != NULL; p = &(*p)->next) {
		struct count *c = *p;
		if (strcmp(c->stage, stage) == 0 && strcmp(c->source, source) == 0 &&
		    strcmp(c->outcome, outcome) == 0 &&
		    strcmp(c->reason, reason) == 0) {
			c->n += n;
			return;
		}
	}
	struct count *c = arena_alloc(log->arena, sizeof(*c));
	if (c == NULL)
		return;		/* runlog_end reports the arena's failure */
	*c = (struct count){ NULL, arena_strdup(log->arena, stage),
		arena_strdup(log->arena, source), arena_strdup(log->arena, outcome),
		arena_strdup(log->arena, reason), n };
	*p = c;
}

long long
runlog_get(const struct runlog *log, const char *stage, const char *outcome)
{
	long long n = 0;

	for (const struct count *c = log->counts; c != NULL; c = c->next)
		if (strcmp(c->stage, stage) == 0 && strcmp(c->outcome, outcome) == 0)
			n += c->n;
	return n;
}

long long
runlog_reason(const struct runlog *log, const char *stage, const char *reason)
{
	long long n = 0;

	for (const struct count *c = log->counts; c != NULL; c = c->next)
		if (strcmp(c->stage, stage) == 0 &&
		    strcmp(c->reason, reason) == 0)
			n += c->n;
	return n;
}

long long
runlog_source(const struct runlog *log, const char *stage, const char *source,
    const char *outcome)
{
	long long n = 0;

	for (const struct count *c = log->counts; c != NULL; c = c->next)
		if (strcmp(c->stage, stage) == 0 && strcmp(c->source, source) == 0 &&
		    strcmp(c->outcome, outcome) == 0)
			n += c->n;
	return n;
}

static bool
end(struct runlog *log, struct db_array cols[5], const char *result,
    const char *detail, struct err *err)
{
	struct db_args args;

	for (const struct count *c = log->counts; c != NULL; c = c->next) {
		db_array_text(&cols[0], c->stage);
		db_array_text(&cols[1], c->source);
		db_array_text(&cols[2], c->outcome);
		db_array_text(&cols[3], c->reason);
		db_array_int(&cols[4], c->n);
	}
	db_args_init(&args, log->arena);
	db_arg_int(&args, log->tenant_id);
	db_arg_int(&args, log->run_id);
	db_arg_time(&args, clock_now());
	db_arg_text(&args, result);
	db_arg_text(&args, detail);
	db_arg_arrays(&args, cols, 5);
	if (arena_failed(log->arena))
		return err_nomem(err);
	return db_query(log->db, &run_end, &args, NULL, err);
}

bool
runlog_end(struct runlog *log, const char *result, const char *detail,
    struct err *err)
{
	struct db_array cols[5];

	db_arrays_init(cols, 5);
	const bool ok = end(log, cols, result, detail, err);
	db_arrays_free(cols, 5);
	return ok;
}

/* The counts of a stage over all its sources. */
static bool
is_first_of_kind(const struct runlog *log, const struct count *c)
{
	for (const struct count *o = log->counts; o != c; o = o->next)
		if (strcmp(o->stage, c->stage) == 0 &&
		    strcmp(o->outcome, c->outcome) == 0 &&
		    strcmp(o->reason, c->reason) == 0)
			return false;
	return true;
}

static long long
sum_of_kind(const struct count *c)
{
	long long n = 0;

	for (const struct count *o = c; o != NULL; o = o->next)
		if (strcmp(o->stage, c->stage) == 0 &&
		    strcmp(o->outcome, c->outcome) == 0 &&
		    strcmp(o->reason, c->reason) == 0)
			n += o->n;
	return n;
}

const char *
runlog_summary(const struct runlog *log, struct arena *arena)
{
	const char *stage = "", *text = "";

	for (const struct count *c = log->counts; c != NULL; c = c->next) {
		const long long n = sum_of_kind(c);
		if (strcmp(c->outcome, "seen") == 0 || n == 0 ||
		    !is_first_of_kind(log, c))
			continue;
		const char *head = strcmp(stage, c->stage) == 0 ? "" : c->stage;
		text = arena_printf(arena, "%s%s%s %s%s%s=%lld", text,
		    *text != '\0' && *head != '\0' ? "; " : "", head, c->outcome,
		    *c->reason != '\0' ? ":" : "", c->reason, n);
		if (text == NULL)
			return "";
		stage = c->stage;
	}
	return text;
}

/* " (2 no_send, 1 too_old)" of one outcome, or "". */
static const char *
reasons_text(const struct runlog *log, const struct count *of,
    struct arena *arena)
{
	const char *text = "";

	for (const struct count *c = of; c != NULL && text != NULL; c = c->next)
		if (strcmp(c->stage, of->stage) == 0 &&
		    strcmp(c->outcome, of->outcome) == 0 && *c->reason != '\0' &&
		    is_first_of_kind(log, c))
			text = arena_printf(arena, "%s%s%lld %s", text,
			    *text == '\0' ? " (" : ", ", sum_of_kind(c), c->reason);
	return text == NULL || *text == '\0' ? "" : arena_printf(arena, "%s)", text);
}

static bool
is_first(const struct runlog *log, const struct count *c, bool of_outcome)
{
	for (const struct count *o = log->counts; o != c; o = o->next)
		if (strcmp(o->stage, c->stage) == 0 &&
		    (!of_outcome || strcmp(o->outcome, c->outcome) == 0))
			return false;
	return true;
}

static const char *
stage_text(const struct runlog *log, const char *stage, struct arena *arena)
{
	const char *text = "";

	for (const struct count *c = log->counts; c != NULL && text != NULL;
	     c = c->next) {
		const long long n = strcmp(c->stage, stage) == 0
		    ? runlog_get(log, stage, c->outcome) : 0;
		if (n == 0 || strcmp(c->outcome, "seen") == 0 ||
		    !is_first(log, c, true))
			continue;
		text = arena_printf(arena, "%s%s%lld %s%s", text,
		    *text == '\0' ? "" : ", ", n, c->outcome,
		    reasons_text(log, c, arena));
	}
	return text == NULL ? "" : text;
}

void
runlog_lines(const struct runlog *log, struct arena *arena,
    runlog_line_fn *line, void *arg)
{
	bool any = false;

	for (const struct count *c = log->counts; c != NULL; c = c->next) {
		const char *counts = is_first(log, c, false)
		    ? stage_text(log, c->stage, arena) : "";
		const char *text = *counts == '\0' ? NULL
		    : arena_printf(arena, "  %-10s %s", c->stage, counts);
		if (text != NULL)
			line(arg, text);
		any = any || text != NULL;
	}
	if (!any)
		line(arg, "  nothing to do");
}

static const char *
time_or_empty(struct arena *arena, const char *zone, time_t t)
{
	char words[32];

	return t == NO_TIME ? NULL
	    : arena_strdup(arena, clock_words(words, zone, t));
}

bool
runlog_list(struct db *db, long long tenant_id, int n, const char *zone,
    struct table *table, struct arena *arena, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_int(&args, n);
	if (!db_query(db, &run_list, &args, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		const char *cells[15];
		for (int c = 0; c < 15; c++)
			cells[c] = db_text(r, i, c);
		cells[3] = time_or_empty(arena, zone, db_time(r, i, 3));
		cells[4] = time_or_empty(arena, zone, db_time(r, i, 4));
		table_row(table, cells);
	}
	return true;
}

bool
runlog_list_counts(struct db *db, long long tenant_id, long long run_id,
    struct table *table, struct arena *arena, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_int(&args, run_id);
	if (!db_query(db, &run_list_counts, &args, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		const char *cells[5];
		for (int c = 0; c < 5; c++)
			cells[c] = db_text(r, i, c);
		table_row(table, cells);
	}
	return true;
}

bool
runlog_last(struct db *db, long long tenant_id, struct arena *arena,
    time_t *last_good, time_t *last, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	if (!db_query(db, &run_last, &args, &r, err))
		return false;
	*last_good = db_time(r, 0, 0);
	*last = db_time(r, 0, 1);
	return true;
}

bool
runlog_watermarks(struct db *db, long long tenant_id, long long run_id,
    struct arena *arena, const char **watermarks, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	*watermarks = NULL;
	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	db_arg_int(&args, run_id);
	if (!db_query(db, &run_watermarks, &args, &r, err))
		return false;
	if (db_rows(r) > 0)
		*watermarks = arena_strdup(arena, db_text(r, 0, 0));
	return true;
}
