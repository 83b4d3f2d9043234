/*
 * night_erase.c - one person erased, as `npsync erase` wants it: no run is
 * under way meanwhile, so nobody is sent to and no tag is written beside it.
 */
#include "clock.h"
#include "erasure.h"
#include "night_int.h"
#include "stage_erase.h"

/* Who it is was looked up before the lease: a run may have moved since.
 * *begin = something is here, or it was never asked for. */
static bool
look_again(struct night *n, struct subject *subject,
    struct erasure_known *known, bool *begin, struct err *err)
{
	const struct subject_given given = subject->given;
	struct stage *s = &n->stage;
	AUTO(db_result) struct db_result *counts = NULL;

	subject_free(subject);
	subject_init(subject);
	if (!subject_find(s->db, s->tenant, &given, s->scratch, subject, err) ||
	    !erasure_find(s->db, subject, s->scratch, known, err) ||
	    !subject_count(s->db, subject, s->scratch, &counts, err))
		return false;
	*begin = known->id == 0;
	for (int i = 0; i < db_rows(counts); i++)
		*begin = *begin || db_int(counts, i, 1) > 0;
	return true;
}

static bool
erase_here(struct night *n, const struct night_erasure *erasure,
    const struct erasure_known *known, long long *id, struct err *err)
{
	struct stage *s = &n->stage;
	const struct erasure_order order = { .actor = n->options->actor,
		.reason = erasure->reason, .survey = s->conf->survey.driver,
		.tag_prefix = s->conf->writeback.tag_prefix, .now = clock_now() };
	AUTO(tx) struct db *tx = NULL;

	if (!db_begin(s->db, 5000, err))
		return false;
	tx = s->db;
	return erasure_begin(s->db, s->tenant, erasure->subject, &order,
	           known, s->scratch, id, err) &&
	    db_commit(steal(&tx), err);
}

static bool
erase(struct night *n, const struct night_erasure *erasure, long long *id,
    struct err *err)
{
	struct erasure_known known;
	long long open;
	bool begin = false;

	if (!look_again(n, erasure->subject, &known, &begin, err))
		return false;
	*id = known.id;
	if (begin && !erase_here(n, erasure, &known, id, err))
		return false;
	if (erasure->here_only)
		return erasure_end(n->stage.db, n->stage.tenant->id, clock_now(),
		    n->scratch, &open, err);
	night_open_connectors(n);
	return stage_erase(&n->stage, err);
}

bool
night_erase(struct db *db, const struct conf *conf, struct tenant *tenant,
    const char *lock_dir, const struct run_options *options,
    const struct night_erasure *erasure, long long *id, struct err *err)
{
	struct night *n = NULL;
	AUTO(arena) struct arena *own = arena_new(sizeof(*n) + 64);

	if (own == NULL || (n = arena_alloc(own, sizeof(*n))) == NULL)
		return err_nomem(err);
	if (!tenant_acquire(db, tenant, lock_dir, err))
		return false;
	const bool ok = night_init(n, db, conf, tenant, options, err) &&
	    erase(n, erasure, id, err);
	night_close(n);
	tenant_release(db, tenant);
	return ok;
}
