/*
 * How this stage can lose or double, and what stops it:
 *  - killed after the write, before the mark: tags are written again; the
 *    connector's write is idempotent;
 *  - a newer answer in between: the mark goes only to the answer written, the
 *    row stays wanted;
 *  - a campaign that was renamed: its tags are wanted anew, and the write takes
 *    the old name's away with it;
 *  - a card that is gone: the row ends as gone, shown by `status`;
 *  - a card that one export lacked: it was read again since, the row is wanted
 *    again;
 *  - an older score that the write did not see: looked for once a day;
 *  - no right to write cards: their tags wait, and nothing else of that CRM;
 *    it is told of by the first cards, and by a run that may write none;
 *  - a batch that never ends: a run asks each row once.
 */
#include "stage_writeback.h"

#include "audit.h"
#include "clock.h"
#include "log.h"
#include "tag_command.h"
#include "tag_want.h"
#include "tag_write.h"

#define WRITE_BATCH 1000

struct writeback {
	struct stage *stage;
	struct crm *crm;
	struct tag_writer writer;
	time_t begun;
};

static bool
breathe(void *stage, struct err *err)
{
	return stage_breathe(stage, err);
}

static void
count(struct stage *stage, const struct crm *crm, const char *done,
    const struct put_result *results, size_t n)
{
	const char *const names[] = { [PUT_DONE] = done,
		[PUT_UNCHANGED] = "unchanged", [PUT_GONE] = "gone",
		[PUT_REJECTED] = "rejected", [PUT_CONFLICT] = "conflict",
		[PUT_AGAIN] = "later", [PUT_UNKNOWN] = "later",
		[PUT_DENIED] = "later" };

	for (size_t i = 0; i < n; i++)
		runlog_count(stage->log, "writeback", crm->link.name,
		    names[results[i].outcome], NULL, 1);
	runlog_count(stage->log, "writeback", crm->link.name, "seen", NULL,
	    (long long)n);
}

/* What a connector that fails in the middle has written is noted too. */
static bool
put(struct writeback *b, const struct crm_tag_write *writes, size_t n,
    const char *done, struct put_result *results, bool *ended, struct err *err)
{
	*ended = !tag_write(&b->writer, writes, n, results, err);
	if (*ended && (err_ends_run(err->kind) || err->kind == ERR_DONE))
		return false;
	count(b->stage, b->crm, done, results, n);
	arena_reset(b->stage->scratch);
	return true;
}

static bool
write_rows(struct writeback *b, struct tag_wanted *rows, size_t n,
    struct err *err)
{
	struct stage *stage = b->stage;
	struct crm_tag_write *writes =
	    arena_array(stage->arena, n, sizeof(*writes));
	struct put_result *results = arena_array(stage->arena, n, sizeof(*results));
	bool *told = arena_array(stage->arena, n, sizeof(*told));
	bool ended = false;
	struct err late = { .kind = ERR_NONE };

	if (writes == NULL || results == NULL || told == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		writes[i] = (struct crm_tag_write){ rows[i].contact_id,
			rows[i].prefix, rows[i].old, rows[i].tag,
			rows[i].old_prefix };
		told[i] = rows[i].told;
	}
	b->writer.told = told;
	if (!put(b, writes, n, "written", results, &ended, err))
		return false;
	if (!tag_want_done(stage->db, stage->tenant->id, b->crm->link.name, rows,
	        results, n, clock_now(), stage->scratch, &late)) {
		*err = late;
		return false;
	}
	return !ended;
}

/* *more = there may be another batch. */
static bool
write_some(struct writeback *b, bool *more, struct err *err)
{
	struct stage *stage = b->stage;
	struct tag_wanted *rows = NULL;
	size_t n = 0;

	*more = false;
	arena_reset(stage->arena);
	if (!tag_want_list(stage->db, stage->tenant->id, b->crm->link.name,
	        b->begun, WRITE_BATCH, stage->arena, &rows, &n, err))
		return false;
	if (n == 0)
		return true;
	*more = n == WRITE_BATCH;
	return write_rows(b, rows, n, err);
}

/* ---- commands that are done: their tags go ---------------------------------- */
static bool
note_removals(struct writeback *b, const struct tag_command *rows,
    const struct put_result *results, size_t n, struct err *err)
{
	struct stage *stage = b->stage;
	struct db_array subjects, details;

	db_array_init(&subjects);
	db_array_init(&details);
	for (size_t i = 0; i < n; i++)
		if (results[i].outcome == PUT_DONE) {
			db_array_text(&subjects, arena_printf(stage->scratch,
			    "%s/%s", rows[i].connector, rows[i].contact_id));
			db_array_text(&details, rows[i].tag);
		}
	const bool ok = audit_put_all(stage->db, stage->tenant->id, "tag",
	    "remove tag", &subjects, &details, stage->scratch, err);
	db_array_free(&subjects);
	db_array_free(&details);
	return ok;
}

static bool
remove_rows(struct writeback *b, const struct tag_command *rows, size_t n,
    struct err *err)
{
	struct stage *stage = b->stage;
	struct crm_tag_write *writes =
	    arena_array(stage->arena, n, sizeof(*writes));
	struct put_result *results = arena_array(stage->arena, n, sizeof(*results));
	bool *told = arena_array(stage->arena, n, sizeof(*told));
	bool ended = false;
	struct err late = { .kind = ERR_NONE };

	if (writes == NULL || results == NULL || told == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		writes[i] = (struct crm_tag_write){ .old = rows[i].tag,
			.contact_id = rows[i].contact_id };
		/* They are few, and come in the same order each time. */
		told[i] = true;
	}
	b->writer.told = told;
	if (!put(b, writes, n, "removed", results, &ended, err))
		return false;
	if (!tag_command_done(stage->db, stage->tenant->id, b->crm->link.name,
	        rows, results, n, clock_now(), stage->scratch, &late) ||
	    !note_removals(b, rows, results, n, &late)) {
		*err = late;
		return false;
	}
	return !ended;
}

static bool
remove_some(struct writeback *b, bool *more, struct err *err)
{
	struct stage *stage = b->stage;
	struct tag_command *rows = NULL;
	size_t n = 0;

	arena_reset(stage->arena);
	if (!tag_command_list(stage->db, stage->tenant->id, b->crm->link.name,
	        b->begun, WRITE_BATCH, stage->arena, &rows, &n, err))
		return false;
	*more = n == WRITE_BATCH;
	return n == 0 || remove_rows(b, rows, n, err);
}

/* ---- one CRM ----------------------------------------------------------------- */
static bool
write_crm(struct writeback *b, struct err *err)
{
	struct stage *stage = b->stage;
	bool more = true, removes = true;

	tag_writer_init(&b->writer, b->crm, stage->log->arena, breathe, stage);
	arena_reset(stage->arena);
	if (!tag_want_revive(stage->db, stage->tenant->id, b->crm->link.name,
	        clock_now(), stage->arena, err))
		return false;
	while (more) {
		if (!write_some(b, &more, err) || !stage_breathe(stage, err))
			return false;
	}
	while (removes) {
		if (!remove_some(b, &removes, err) || !stage_breathe(stage, err))
			return false;
	}
	return tag_write_end(&b->writer, err);
}

/* tags_only: fields, answers, posts and tasks go on. */
static void
fail(struct link *link, bool tags_only, const struct err *why)
{
	if (!tags_only) {
		link->failed = true;
		link->problem = *why;
	} else if (link->aside.kind == ERR_NONE) {
		link->aside = *why;
	}
	log_ev(LOG_LEVEL_ERROR, "writeback", "connector=%s error=%s",
	    link->name, log_quote(why->msg));
}

static bool
rename_tags(struct stage *stage, struct err *err)
{
	long long n = 0;

	arena_reset(stage->arena);
	if (!tag_want_rename(stage->db, stage->tenant,
	        stage->conf->writeback.tag_prefix, stage->arena, &n, err))
		return false;
	if (n > 0)
		log_ev(LOG_LEVEL_NOTICE, "writeback", "renamed=%lld", n);
	return true;
}

bool
stage_writeback(struct stage *stage, struct err *err)
{
	if (!rename_tags(stage, err))
		return false;
	for (size_t i = 0; i < stage->n_crm; i++) {
		struct crm *crm = &stage->crm[i];
		struct writeback b = { .stage = stage, .crm = crm,
			.begun = clock_now() };
		if (crm->link.self == NULL || !tag_write_can(crm))
			continue;
		if (write_crm(&b, err))
			continue;
		/* The configuration asks for no tags: they stay wanted. */
		if (err->kind == ERR_DONE)
			continue;
		if (err_ends_run(err->kind))
			return false;
		fail(&crm->link, b.writer.gives_up, err);
	}
	return true;
}
