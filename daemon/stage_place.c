/*
 * How this stage can ask too often or tag the wrong card, and what stops it:
 *  - answers of many years read at once: so many addresses a run, each once a
 *    week; one that waits too long is forgotten;
 *  - a CRM that fails: its addresses stay, they are asked for in the next run;
 *  - killed between the card and the note: the card is known, the address is
 *    asked for once more;
 *  - several cards with one address: the one asked last, else nobody's, shown by
 *    `status`;
 *  - an erased person: the address is forgotten before anybody is asked.
 */
#include "stage_place.h"

#include "answer.h"
#include "answer_search.h"
#include "clock.h"
#include "log.h"

#define ADDRESSES_A_RUN 50
#define SCRATCH_BYTES ((size_t)1 << 20)

struct finder {
	struct stage *stage;
	struct crm *crm;
	struct contact_rules rules;
	struct contact_page page;
	struct arena *scratch;
	long long cards;	/* of the address at hand */
	struct err err;
};

/* One whose cards are all read anyway has no others. */
static bool
may_find(const struct crm *crm)
{
	const struct crm_connector *c = crm->connector;

	return crm->link.self != NULL && !crm->link.failed &&
	    c->find_contact != NULL && (c->info.whole & CRM_CAP_CONTACTS) == 0;
}

static bool
on_card(void *arg, const struct crm_contact *c)
{
	struct finder *f = arg;
	bool ok = true;

	arena_reset(f->scratch);
	if (connect_contact_fault(c) == NULL && !c->gone) {
		f->cards++;
		ok = contact_page_add(&f->page, &f->rules, c, f->scratch, &f->err);
	}
	arena_reset(f->crm->link.scratch);
	return ok;
}

/* The cursor of the contacts stays where it is. */
static bool
write_cards(struct finder *f, struct err *err)
{
	struct stage *stage = f->stage;
	struct cursor cursor;

	if (f->page.n == 0)
		return true;
	if (!cursor_read(stage->db, stage->tenant->id, f->crm->link.name,
	        "contacts", stage->scratch, &cursor, err))
		return false;
	const struct cursor_move move = { .tenant_id = stage->tenant->id,
		.connector = f->crm->link.name, .stream = "find",
		.pass = cursor.pass - 1, .epoch = stage->tenant->epoch,
		.now = clock_now() };
	return contact_page_send(&f->page, stage->db, &move, stage->scratch, err) &&
	    db_finish(stage->db, NULL, err);
}

static void
count(struct finder *f, const char *outcome)
{
	runlog_count(f->stage->log, "place", f->crm->link.name, outcome, NULL, 1);
	runlog_count(f->stage->log, "place", f->crm->link.name, "seen", NULL, 1);
}

/* This address only: the CRM does not take it. */
static bool
is_harmless(const struct err *why)
{
	return why->kind == ERR_REJECTED || why->kind == ERR_GONE;
}

static bool
ask_for(struct finder *f, const char *email, struct err *err)
{
	struct err why = { .kind = ERR_NONE };

	f->cards = 0;
	if (f->crm->connector->find_contact(f->crm->link.self, email, on_card, f,
	        &why)) {
		count(f, f->cards == 0 ? "nobody" : f->cards == 1 ? "found"
		                                                 : "several");
		return true;
	}
	*err = f->err.kind != ERR_NONE ? f->err : why;
	if (!is_harmless(err))
		return false;
	count(f, "nobody");
	return true;
}

static bool
ask_all(struct finder *f, const struct answer_search *rows, size_t n,
    struct err *err)
{
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++)
		ok = ask_for(f, rows[i].email, err) &&
		    stage_breathe(f->stage, err);
	/* What was found until then is known from now on. */
	struct err late = { .kind = ERR_NONE };
	if (!write_cards(f, &late)) {
		*err = late;
		return false;
	}
	return ok;
}

/* *asked = this CRM need not be asked again for them. */
static bool
ask_crm(struct stage *stage, struct crm *crm, const struct answer_search *rows,
    size_t n, bool *asked, struct err *err)
{
	AUTO(arena) struct arena *scratch = arena_new(SCRATCH_BYTES);
	struct finder f = { .stage = stage, .crm = crm, .scratch = scratch,
		.rules = stage_contact_rules(stage, crm) };

	if (scratch == NULL)
		return err_nomem(err);
	contact_page_init(&f.page);
	const bool ok = ask_all(&f, rows, n, err);
	contact_page_free(&f.page);
	if (ok || err->kind == ERR_DONE)
		return true;
	if (err_ends_run(err->kind))
		return false;
	*asked = false;
	if (crm->link.aside.kind == ERR_NONE)
		crm->link.aside = *err;
	log_ev(LOG_LEVEL_WARNING, "place", "connector=%s error=%s",
	    crm->link.name, log_quote(err->msg));
	return true;
}

static bool
search(struct stage *stage, struct err *err)
{
	struct answer_search *rows = NULL;
	struct db_array keys;
	size_t n = 0, n_crm = 0;
	bool asked = true;

	if (!answer_search_list(stage->db, stage->tenant, clock_now(),
	        ADDRESSES_A_RUN, stage->arena, &rows, &n, err))
		return false;
	for (size_t i = 0; n > 0 && i < stage->n_crm; i++)
		if (may_find(&stage->crm[i])) {
			n_crm++;
			if (!ask_crm(stage, &stage->crm[i], rows, n, &asked, err))
				return false;
		}
	if (n_crm == 0 || !asked)
		return true;
	db_array_init(&keys);
	for (size_t i = 0; i < n; i++)
		db_array_text(&keys, rows[i].key);
	const bool ok = answer_search_done(stage->db, stage->tenant->id, &keys,
	    clock_now(), stage->arena, err);
	db_array_free(&keys);
	return ok;
}

bool
stage_place(struct stage *stage, struct err *err)
{
	struct runlog *log = stage->log;
	long long placed = 0, ambiguous = 0;

	arena_reset(stage->arena);
	arena_reset(stage->scratch);
	if (!search(stage, err) ||
	    !answer_place(stage->db, stage->tenant,
	        stage->conf->writeback.tag_prefix, stage->arena, &placed,
	        &ambiguous, err))
		return false;
	if (placed + ambiguous == 0)
		return true;
	runlog_count(log, "place", "answers", "placed", NULL, placed);
	runlog_count(log, "place", "answers", "ambiguous", NULL, ambiguous);
	runlog_count(log, "place", "answers", "seen", NULL, placed + ambiguous);
	return true;
}
