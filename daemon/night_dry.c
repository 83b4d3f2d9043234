/*
 * night_dry.c - a night that leaves no trace: the CRM is read without a
 * transaction into a spool, then loaded and judged in a short one that is
 * rolled back.  No lease, no cursor, nothing sent.
 */
#include "night_int.h"

#include "clock.h"
#include "spool.h"
#include "stage_command.h"
#include "stage_pull.h"

static bool
load_and_show(struct night *n, struct spool *spool, dry_run_fn *show, void *arg,
    struct err *err)
{
	struct stage *s = &n->stage;
	AUTO(tx) struct db *tx = NULL;
	time_t moment;

	if (!db_begin(s->db, 500, err))
		return false;
	tx = s->db;
	if (!tenant_pretend(s->db, s->tenant, err) ||
	    !runlog_begin(&n->log, s->db, n->run_arena, s->tenant->id, "manual",
	        s->night, s->tenant->epoch, n->options->actor, s->conf->digest, err) ||
	    !stage_pull_from_spool(s, spool, err) ||
	    !stage_command_within(s, err))
		return false;
	const int night = night_next_transfer(s->conf, clock_now(), &moment);
	night_say(n, "dry run, nothing is kept:");
	night_say_counts(n);
	return show(arg, s->db, night, err);
}

bool
night_dry_run(struct db *db, const struct conf *conf, struct tenant *tenant,
    const struct run_options *options, dry_run_fn *show, void *arg,
    struct err *err)
{
	struct night *n = NULL;
	AUTO(arena) struct arena *own = arena_new(sizeof(*n) + 64);
	struct spool *spool = NULL;

	if (own == NULL || (n = arena_alloc(own, sizeof(*n))) == NULL)
		return err_nomem(err);
	bool ok = night_init(n, db, conf, tenant, options, err);
	if (ok) {
		night_open_connectors(n);
		ok = spool_open(&spool, err) &&
		    stage_pull_to_spool(&n->stage, spool, err) &&
		    load_and_show(n, spool, show, arg, err);
		const struct err *problem = night_problem(n);
		if (ok && problem != NULL)
			ok = err_set(err, problem->kind, "%s", problem->msg);
	}
	tenant->epoch = 0;
	spool_close(spool);
	night_close(n);
	return ok;
}
