/*
 * night_resync.c - answers or events read once more, as `npsync resync` wants
 * it: under the lease, as a run of its own kind that is no night.  Nothing is
 * decided, nothing leaves.
 */
#include "audit.h"
#include "night_int.h"
#include "stage_collect.h"
#include "stage_resync.h"

static bool
read_events(struct night *n, time_t from, struct err *err)
{
	for (size_t i = 0; i < n->stage.n_crm; i++) {
		struct crm *crm = &n->stage.crm[i];
		if (crm->link.failed) {
			*err = crm->link.problem;
			return false;
		}
		if (!stage_resync_events(&n->stage, crm, from, err))
			return false;
	}
	return true;
}

static bool
read_answers(struct night *n, time_t from, struct err *err)
{
	bool first = false;

	if (n->stage.survey == NULL || n->survey.link.failed) {
		*err = n->survey.link.problem;
		return false;
	}
	if (!stage_collect_first(&n->stage, &first, err))
		return false;
	if (first)
		return err_set(err, ERR_USAGE, "the answers were never read to "
		    "their end: `npsync run hourly` does that");
	if (!stage_collect_again(&n->stage, from, err))
		return false;
	/* What lies within the overlap is the ordinary pass's. */
	if (!stage_collect(&n->stage, err))
		return false;
	if (n->survey.link.failed)
		*err = n->survey.link.problem;
	return !n->survey.link.failed;
}

/* Known before the first page: a killed command is told as well. */
static bool
resync(struct night *n, const struct night_resync *what, struct err *err)
{
	const time_t from = what->since == NO_TIME ? 0 : what->since;

	if (!audit_put(n->stage.db, n->stage.tenant->id, n->options->actor,
	        "resync", what->events ? "events" : "answers", what->detail,
	        n->scratch, err))
		return false;
	arena_reset(n->scratch);
	night_open_connectors(n);
	return what->events ? read_events(n, from, err)
	                    : read_answers(n, from, err);
}

static bool
run(struct night *n, const struct night_resync *what, struct err *err)
{
	struct stage *s = &n->stage;
	struct err late;

	if (!runlog_begin(&n->log, s->db, n->run_arena, s->tenant->id, "resync",
	        s->night, s->tenant->epoch, n->options->actor, s->conf->digest,
	        err))
		return false;
	const bool ok = resync(n, what, err);
	if (!ok && (err->kind == ERR_DB_AWAY || err->kind == ERR_BUSY))
		return false;
	if (!runlog_end(&n->log, ok ? "ok" : err->kind == ERR_CANCELLED
	        ? "cancelled" : "failed", ok ? NULL : err->msg, &late)) {
		if (ok)
			*err = late;
		return false;
	}
	night_say_counts(n);
	return ok;
}

bool
night_resync(struct db *db, const struct conf *conf, struct tenant *tenant,
    const char *lock_dir, const struct run_options *options,
    const struct night_resync *what, struct err *err)
{
	struct night *n = NULL;
	AUTO(arena) struct arena *own = arena_new(sizeof(*n) + 64);

	if (own == NULL || (n = arena_alloc(own, sizeof(*n))) == NULL)
		return err_nomem(err);
	if (!tenant_acquire(db, tenant, lock_dir, err))
		return false;
	const bool ok = night_init(n, db, conf, tenant, options, err) &&
	    run(n, what, err);
	night_close(n);
	tenant_release(db, tenant);
	return ok;
}
