/*
 * night_restore.c - a database that knows less than was done: a restored
 * backup, a promoted copy, a lost state directory.
 */
#include "night_int.h"

#include <stdio.h>

#include "clock.h"
#include "highwater.h"
#include "log.h"
#include "stage_audit.h"
#include "stage_forecast.h"
#include "stage_settle.h"

DB_STMT(night_system_id,
    "SELECT system_identifier::text FROM pg_control_system()");

DB_STMT(night_last,
    "SELECT max(night) FROM npsync.run WHERE tenant_id = $1 AND run_id <> $2");

static bool
read_system_id(struct night *n, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct highwater *mark = &n->stage.mark;

	/* For people only: who may not ask gets no answer. */
	if (!db_query(n->stage.db, &night_system_id, NULL, &r, err))
		return err->kind == ERR_DB;
	(void)snprintf(mark->system_id, sizeof(mark->system_id), "%s",
	    db_text(r, 0, 0));
	return true;
}

/* Silent customers that were asked in the nights that are lost: the coming pull
 * may bring what broke their silence, and then nothing would tell of them.  So
 * their rows are made by what was known before. */
static bool
forecast_lost(struct night *n, struct err *err)
{
	struct stage *s = &n->stage;
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	db_args_init(&args, s->scratch);
	db_arg_int(&args, s->tenant->id);
	db_arg_int(&args, n->log.run_id);
	if (!db_query(s->db, &night_last, &args, &r, err))
		return false;
	return db_is_null(r, 0, 0) ||
	    stage_forecast_since(s, db_day(r, 0, 0), err);
}

static bool
mark_restored(struct night *n, const struct highwater *seen, const char *why,
    struct err *err)
{
	struct stage *s = &n->stage;

	log_ev(LOG_LEVEL_ERROR, "restore",
	    "reason=%s epoch=%lld epoch_seen=%lld sends=%lld sends_seen=%lld",
	    log_quote(why), s->tenant->epoch, seen->epoch, s->tenant->sends,
	    seen->sends);
	/* In this order: killed between the two, the next run sees it again. */
	return forecast_lost(n, err) && tenant_mark_restored(s->db, s->tenant,
	    seen->epoch, seen->sends, clock_now(), err);
}

bool
night_check_restore(struct night *n, const char *dir, struct err *err)
{
	struct stage *s = &n->stage;
	struct highwater seen;
	bool found = false;

	s->state_dir = dir;
	if (dir == NULL)
		return true;
	if (!highwater_read(dir, s->tenant->name, &seen, &found, err) ||
	    !read_system_id(n, err))
		return false;
	if (found && highwater_is_above(&seen, s->tenant->epoch, s->tenant->sends)) {
		if (!mark_restored(n, &seen, "the database is older than what was "
		        "done", err))
			return false;
	} else if (!found && s->tenant->sends > 0) {
		if (!mark_restored(n, &seen, "the high-water file is gone", err))
			return false;
	}
	return stage_mark(s, err);
}

bool
night_audit(struct night *n, struct err *err)
{
	struct stage *s = &n->stage;

	n->audited = true;
	if (stage_audit(s, &n->audit_complete, err))
		return true;
	if (err_ends_run(err->kind))
		return false;
	s->survey->link.aside = *err;
	log_ev(LOG_LEVEL_ERROR, "audit", "error=%s", log_quote(err->msg));
	return true;
}

bool
night_settle_restore(struct night *n, struct err *err)
{
	struct stage *s = &n->stage;

	if (s->tenant->restored_at == NO_TIME)
		return true;
	if (!n->audited && !night_audit(n, err))
		return false;
	/* Whoever was asked must count, whatever row said so. */
	if (n->audit_complete && s->conf->rules.count_foreign)
		return stage_settle_release(s, err);
	err_set(&n->service, ERR_CONFIG, "the database is a restored backup, or "
	    "state_dir is not what it was: rows that may have been sent are held, "
	    "and nobody is asked until `npsync resolve --after-restore TIME` says "
	    "until when surveys were sent");
	log_ev(LOG_LEVEL_ERROR, "restore", "error=%s", log_quote(n->service.msg));
	return true;
}
