#include "runlog_export.h"

#define IN_SPAN(column)                                                      \
	" AND coalesce(" column ", '-infinity') >= coalesce($2::timestamptz, '-infinity')" \
	" AND coalesce(" column ", '-infinity') < coalesce($3::timestamptz, 'infinity')"
#define EPOCH(column) "extract(epoch from " column ")::bigint"

DB_STMT(files_log,
    "SELECT " EPOCH("v.created") ", v.source, v.state,"
    /* Behind the colon stands what somebody said, perhaps of a person. */
    "       CASE WHEN v.state = 'excluded' THEN 'excluded' ELSE split_part(v.reason, ':', 1) END, " EPOCH("v.transferred") ","
    "       " EPOCH("v.send_at") ", v.campaign, v.campaign_name, v.queue_id, v.connector, v.due_night,"
    "       v.test, v.recipient, v.employee, v.contact_id"
    "  FROM npsync.v_log v WHERE v.tenant_id = $1" IN_SPAN("v.created")
    " ORDER BY v.created, v.connector, v.source, v.contact_id");
DB_STMT(files_answers,
    "SELECT v.answer_id, " EPOCH("v.answered_at") ", v.score, v.band, v.campaign_id, v.campaign_name,"
    "       v.matched, v.trigger, v.department, v.company, v.segment, v.country, v.queue_id, v.test,"
    "       v.owner, v.connector, v.contact_id, v.comment"
    "  FROM npsync.v_answers v WHERE v.tenant_id = $1" IN_SPAN("v.answered_at")
    " ORDER BY v.answered_at, v.answer_id");
DB_STMT(files_months,
    "SELECT v.month, v.campaign_id, v.campaign_name, v.promoters, v.passives, v.detractors, v.n, v.nps"
    "  FROM npsync.v_nps_by_month v WHERE v.tenant_id = $1 ORDER BY v.month, v.campaign_id");
DB_STMT(files_runs,
    "SELECT v.run_id, v.kind, v.night, " EPOCH("v.started_at") ", " EPOCH("v.ended_at") ", v.result,"
    "       v.stage, v.source, v.outcome, v.reason, v.n"
    "  FROM npsync.v_run v WHERE v.tenant_id = $1"
    " ORDER BY v.started_at, v.stage, v.source, v.outcome, v.reason");

static const struct export_column log_columns[] = { { "created", 't', false },
	{ "trigger", 's', false }, { "state", 's', false },
	{ "reason", 's', false }, { "transferred", 't', false },
	{ "send_at", 't', false }, { "campaign", 's', false },
	{ "campaign_name", 's', false }, { "row", 'n', false },
	{ "crm", 's', false }, { "night", 's', false }, { "test", 's', false },
	{ "recipient", 's', true }, { "employee", 's', true },
	{ "contact", 's', true } };
static const struct export_column answer_columns[] = {
	{ "answer", 's', false }, { "answered", 't', false },
	{ "score", 'n', false }, { "band", 's', false },
	{ "campaign", 's', false }, { "campaign_name", 's', false },
	{ "matched", 's', false }, { "trigger", 's', false },
	{ "department", 's', false }, { "company", 's', false },
	{ "segment", 's', false }, { "country", 's', false },
	{ "row", 'n', false }, { "test", 's', false }, { "owner", 's', true },
	{ "crm", 's', true }, { "contact", 's', true },
	{ "comment", 's', true } };
static const struct export_column month_columns[] = { { "month", 's', false },
	{ "campaign", 's', false }, { "campaign_name", 's', false },
	{ "promoters", 'n', false }, { "passives", 'n', false },
	{ "detractors", 'n', false }, { "n", 'n', false },
	{ "nps", 'n', false } };
static const struct export_column run_columns[] = { { "run", 'n', false },
	{ "kind", 's', false }, { "night", 's', false },
	{ "started", 't', false }, { "ended", 't', false },
	{ "result", 's', false }, { "stage", 's', false },
	{ "source", 's', false }, { "outcome", 's', false },
	{ "reason", 's', false }, { "n", 'n', false } };

#define COLUMNS(of) of, ARRAY_LEN(of)
const struct export_view export_views[EXPORT_FILES] = {
	[EXPORT_LOG] = { "log.csv", COLUMNS(log_columns), true },
	[EXPORT_ANSWERS] = { "answers.csv", COLUMNS(answer_columns), true },
	[EXPORT_MONTHS] = { "nps_by_month.csv", COLUMNS(month_columns), false },
	[EXPORT_RUNS] = { "runs.csv", COLUMNS(run_columns), false },
};

bool
export_read(struct db *db, long long tenant_id, enum export_file file,
    time_t from, time_t until, struct arena *arena,
    struct db_result **result, struct err *err)
{
	static const struct db_stmt *const stmts[EXPORT_FILES] = {
		[EXPORT_LOG] = &files_log, [EXPORT_ANSWERS] = &files_answers,
		[EXPORT_MONTHS] = &files_months, [EXPORT_RUNS] = &files_runs };
	struct db_args args;

	db_args_init(&args, arena);
	db_arg_int(&args, tenant_id);
	if (export_views[file].by_time) {
		db_arg_time(&args, from);
		db_arg_time(&args, until);
	}
	return db_query(db, stmts[file], &args, result, err);
}
