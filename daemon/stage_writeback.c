/*
 * How this stage can lose or double, and what stops it:
 *  - killed after the write, before the mark: tags are written again; the
 *    connector's write is idempotent;
 *  - a newer answer in between: the mark goes only to the answer written, the
 *    row stays wanted;
 *  - a card that is gone: the row ends as gone, shown by `status`;
 *  - a card that one export lacked: it was read again since, the row is wanted
 *    again;
 *  - an older score that the write did not see: looked for once a day.
 */
#include "stage_writeback.h"

#include "answer.h"
#include "clock.h"
#include "log.h"

#define WRITE_BATCH 1000

static bool
write_batch(struct stage *stage, struct crm *crm, struct tag_wanted *rows,
    size_t n, struct put_result *results, struct err *err)
{
	struct crm_tag_write *writes =
	    arena_array(stage->arena, n, sizeof(*writes));

	if (writes == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		writes[i] = (struct crm_tag_write){ rows[i].contact_id,
			rows[i].prefix, rows[i].old, rows[i].tag };
	return crm->connector->put_tags(crm->link.self, writes, n, results, err);
}

static void
count(struct stage *stage, struct crm *crm, const struct put_result *results,
    size_t n)
{
	static const char *const names[] = { [PUT_DONE] = "written",
		[PUT_UNCHANGED] = "unchanged", [PUT_GONE] = "gone",
		[PUT_REJECTED] = "rejected", [PUT_CONFLICT] = "conflict",
		[PUT_AGAIN] = "later", [PUT_UNKNOWN] = "later" };

	for (size_t i = 0; i < n; i++)
		runlog_count(stage->log, "writeback", crm->link.name,
		    names[results[i].outcome], NULL, 1);
	runlog_count(stage->log, "writeback", crm->link.name, "seen", NULL,
	    (long long)n);
}

/* *more = a full batch was written and everything in it came to an end. */
static bool
write_some(struct stage *stage, struct crm *crm, bool *more, struct err *err)
{
	struct tag_wanted *rows = NULL;
	size_t n = 0, ended = 0;

	*more = false;
	arena_reset(stage->arena);
	if (!tag_want_list(stage->db, stage->tenant->id, crm->link.name,
	        WRITE_BATCH, stage->arena, &rows, &n, err))
		return false;
	if (n == 0)
		return true;
	struct put_result *results = arena_array(stage->arena, n, sizeof(*results));
	if (results == NULL)
		return err_nomem(err);
	if (!write_batch(stage, crm, rows, n, results, err))
		return false;
	count(stage, crm, results, n);
	arena_reset(stage->scratch);
	if (!tag_want_done(stage->db, stage->tenant->id, crm->link.name, rows,
	        results, n, clock_now(), stage->scratch, err))
		return false;
	for (size_t i = 0; i < n; i++)
		ended += results[i].outcome != PUT_AGAIN &&
		    results[i].outcome != PUT_UNKNOWN &&
		    results[i].outcome != PUT_CONFLICT;
	*more = n == WRITE_BATCH && ended == n;
	return true;
}

static bool
write_crm(struct stage *stage, struct crm *crm, struct err *err)
{
	bool more = true;

	arena_reset(stage->arena);
	if (!tag_want_revive(stage->db, stage->tenant->id, crm->link.name,
	        clock_now(), stage->arena, err))
		return false;
	while (more) {
		if (!write_some(stage, crm, &more, err) ||
		    !stage_breathe(stage, err))
			return false;
	}
	return true;
}

bool
stage_writeback(struct stage *stage, struct err *err)
{
	for (size_t i = 0; i < stage->n_crm; i++) {
		struct crm *crm = &stage->crm[i];
		if (crm->link.self == NULL || crm->connector->put_tags == NULL)
			continue;
		if (write_crm(stage, crm, err))
			continue;
		/* The configuration asks for no tags: they stay wanted. */
		if (err->kind == ERR_DONE)
			continue;
		if (err_ends_run(err->kind))
			return false;
		crm->link.failed = true;
		crm->link.problem = *err;
		log_ev(LOG_LEVEL_ERROR, "writeback", "connector=%s error=%s",
		    crm->link.name, log_quote(err->msg));
	}
	return true;
}
