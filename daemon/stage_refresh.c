#include "stage_refresh.h"

#include "clock.h"
#include "contact.h"
#include "log.h"
#include "quarantine.h"

#define SCRATCH_BYTES ((size_t)8 << 20)
/* A survivor that is read may turn out to be merged itself. */
#define MERGE_ROUNDS_MAX 4
/* From so many cards on, more than half of them gone is no truth: an id that is
 * asked for in a wrong way finds nobody. */
#define GONE_MIN 20

struct refresher {
	struct stage *stage;
	struct crm *crm;
	struct contact_rules rules;
	struct contact_page page;
	struct cursor_move move;
	struct arena *scratch;
	struct err err;
	long long read, met, gone;
};

static bool
is_credible(struct refresher *r)
{
	return r->gone < GONE_MIN || 2 * r->gone <= r->met ||
	    err_set(&r->err, ERR_PROTOCOL, "%lld of %lld cards are not there by "
	        "their ids: not trusted, nobody was marked as gone", r->gone,
	        r->met);
}

/* The cursor of the contacts stays where it is: the page has one of its own,
 * and its cards belong to the last pass. */
static bool
write_page(struct refresher *r)
{
	struct stage *stage = r->stage;

	if (!is_credible(r))
		return false;
	if (r->page.n == 0)
		return true;
	r->move.now = clock_now();
	arena_reset(stage->scratch);
	return contact_page_send(&r->page, stage->db, &r->move, stage->scratch,
	           &r->err) &&
	    db_finish(stage->db, NULL, &r->err);
}

static bool
on_contact(void *arg, const struct crm_contact *c)
{
	struct refresher *r = arg;
	bool ok = true;

	arena_reset(r->scratch);
	r->met++;
	r->gone += c->gone;
	/* An unsound record: its old facts stay old, the row waits. */
	if (connect_contact_fault(c) == NULL) {
		r->read++;
		ok = contact_page_add(&r->page, &r->rules, c, r->scratch, &r->err);
	}
	arena_reset(r->crm->link.scratch);
	return ok && (r->page.n < PAGE_ROWS_MAX || write_page(r));
}

static bool
load(struct refresher *r, const struct contact_stale *stale, struct err *err)
{
	const struct crm_connector *connector = r->crm->connector;
	struct stage *stage = r->stage;
	struct cursor cursor;

	if (!cursor_read(stage->db, stage->tenant->id, r->crm->link.name,
	        "contacts", stage->arena, &cursor, err))
		return false;
	r->move = (struct cursor_move){ .tenant_id = stage->tenant->id,
		.connector = r->crm->link.name, .stream = "refresh",
		.pass = cursor.pass - 1, .epoch = stage->tenant->epoch };
	const bool ok = connector->load_contacts(r->crm->link.self, stale->ids,
	                    stale->n, on_contact, r, err) && write_page(r);
	if (!ok && r->err.kind != ERR_NONE)
		*err = r->err;
	return ok;
}

/* *n = how many rows wait for another card from now on. */
static bool
merge(struct stage *stage, const struct crm *crm, long long *n,
    struct err *err)
{
	const struct contact_merge merge = { .tenant_id = stage->tenant->id,
		.connector = crm->link.name, .epoch = stage->tenant->epoch,
		.run_id = stage->log->run_id, .now = clock_now() };
	struct runlog *log = stage->log;
	long long ended = 0;

	if (!contact_merge(stage->db, &merge, stage->arena, n, &ended, err))
		return false;
	if (*n + ended == 0)
		return true;
	runlog_count(log, "merge", crm->link.name, "seen", NULL, *n + ended);
	runlog_count(log, "merge", crm->link.name, "moved", NULL, *n);
	runlog_count(log, "merge", crm->link.name, "suppressed",
	    "duplicate_person", ended);
	return true;
}

/* What the connector complained about. */
static bool
note_unreadable(struct stage *stage, struct link *link, struct err *err)
{
	if (link->quarantine == NULL)
		return true;
	arena_reset(stage->scratch);
	const bool ok = quarantine_put(stage->db, stage->tenant->id,
	    stage->log->run_id, link, stage->scratch, err);
	link_quarantine_clear(link);
	return ok;
}

static bool
read_stale(struct stage *stage, struct crm *crm, struct err *err)
{
	AUTO(arena) struct arena *scratch = arena_new(SCRATCH_BYTES);
	struct refresher r = { .stage = stage, .crm = crm, .scratch = scratch,
		.rules = stage_contact_rules(stage, crm) };
	struct runlog *log = stage->log;
	struct contact_stale stale;
	struct err unwritten;

	if (scratch == NULL)
		return err_nomem(err);
	if (!contact_list_stale(stage->db, stage->tenant->id, crm->link.name,
	        clock_now() - FACTS_MAX_AGE_S, stage->arena, &stale, err))
		return false;
	if (stale.n == 0)
		return true;
	contact_page_init(&r.page);
	bool ok = load(&r, &stale, err);
	contact_page_free(&r.page);
	if (!note_unreadable(stage, &crm->link, ok ? err : &unwritten))
		ok = false;
	runlog_count(log, "refresh", crm->link.name, "seen", NULL,
	    (long long)stale.n);
	runlog_count(log, "refresh", crm->link.name, "read", NULL, r.read);
	runlog_count(log, "refresh", crm->link.name, "unread", NULL,
	    (long long)stale.n - r.read);
	return ok;
}

/* What the last look finds may be a merge, whose survivor was not read yet. */
static bool
refresh_one(struct stage *stage, struct crm *crm, struct err *err)
{
	long long moved = 0;

	if (!merge(stage, crm, &moved, err))
		return false;
	for (int round = 0; round < MERGE_ROUNDS_MAX; round++)
		if (!read_stale(stage, crm, err) ||
		    !merge(stage, crm, &moved, err))
			return false;
		else if (moved == 0)
			break;
	return true;
}

bool
stage_refresh(struct stage *stage, const char **waiting, size_t *n_waiting,
    struct err *err)
{
	*n_waiting = 0;
	for (size_t i = 0; i < stage->n_crm; i++) {
		struct crm *crm = &stage->crm[i];
		if (!crm->link.failed && refresh_one(stage, crm, err))
			continue;
		if (!crm->link.failed) {
			if (err_ends_run(err->kind))
				return false;
			crm->link.failed = true;
			crm->link.problem = *err;
			log_ev(LOG_LEVEL_ERROR, "refresh", "connector=%s error=%s",
			    crm->link.name, log_quote(err->msg));
		}
		waiting[(*n_waiting)++] = crm->link.name;
	}
	return true;
}
