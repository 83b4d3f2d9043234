#include "stage_refresh.h"

#include "clock.h"
#include "contact.h"
#include "log.h"

struct refresher {
	struct stage *stage;
	struct contact_rules rules;
	struct contact_page page;
	struct arena *scratch;
	struct err err;
	long long n;
};

static bool
on_contact(void *arg, const struct crm_contact *c)
{
	struct refresher *r = arg;

	arena_reset(r->scratch);
	if (connect_contact_fault(c) != NULL)
		return true;	/* its old facts stay old: the row waits */
	r->n++;
	return contact_page_add(&r->page, &r->rules, c, r->scratch, &r->err);
}

static bool
write_page(struct refresher *r, struct crm *crm, struct err *err)
{
	struct stage *stage = r->stage;
	AUTO(db_result) struct db_result *result = NULL;
	struct cursor cursor;

	if (!cursor_read(stage->db, stage->tenant->id, crm->link.name, "contacts",
	        stage->arena, &cursor, err))
		return false;
	/* The cursor stays where it is. */
	const struct cursor_move move = { .tenant_id = stage->tenant->id,
		.connector = crm->link.name, .stream = "refresh",
		.pass = cursor.pass - 1, .now = clock_now(),
		.epoch = stage->tenant->epoch };
	arena_reset(stage->scratch);
	return contact_page_send(&r->page, stage->db, &move, stage->scratch, err) &&
	    db_finish(stage->db, &result, err);
}

static bool
refresh_one(struct stage *stage, struct crm *crm, struct err *err)
{
	AUTO(arena) struct arena *scratch = arena_new((size_t)8 << 20);
	struct refresher r = { .stage = stage, .scratch = scratch,
		.rules = { .secret = stage->tenant->secret,
		    .connector = crm->link.name,
		    .no_send_tag = stage->conf->rules.no_send_tag,
		    .phone_prefix = stage->conf->identity.phone_prefix } };
	struct contact_stale stale;

	if (scratch == NULL)
		return err_nomem(err);
	if (!contact_list_stale(stage->db, stage->tenant->id, crm->link.name,
	        clock_now() - FACTS_MAX_AGE_S, stage->arena, &stale, err))
		return false;
	if (stale.n == 0)
		return true;
	contact_page_init(&r.page);
	bool ok = crm->connector->load_contacts(crm->link.self, stale.ids, stale.n,
	    on_contact, &r, err);
	if (!ok && r.err.kind != ERR_NONE)
		*err = r.err;
	ok = ok && write_page(&r, crm, err);
	contact_page_free(&r.page);
	runlog_count(stage->log, "refresh", crm->link.name, "seen", NULL,
	    (long long)stale.n);
	runlog_count(stage->log, "refresh", crm->link.name, "read", NULL, r.n);
	return ok;
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
