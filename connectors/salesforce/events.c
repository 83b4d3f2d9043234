/*
 * events.c - what happened: meetings, deals, cases, in this order, under one
 * watermark.
 */
#include "reading.h"

#define PAGE_MAX_BYTES ((size_t)33554432)

bool
sf_emit_event(struct sf_events *e, const struct crm_event *ev, struct err *err)
{
	if (arena_failed(e->page))
		return err_nomem(err);
	return e->emit(e->arg, ev) || err_set(err, ERR_CANCELLED,
	    "events: stopped");
}

void
sf_odd_row(struct salesforce *s, const char *source, json_t *row,
    const char *reason)
{
	if (s->env.quarantine != NULL)
		s->env.quarantine(s->env.quarantine_arg, source, 0,
		    sf_text(row, "Id"), reason);
}

static bool
events_begin(struct sf_events *e, struct err *err)
{
	const struct sf_settings *set = e->s->set;

	/* Also for the service's time. */
	return sf_ready(e->s, err) && sf_pass_begin(&e->pass, err) &&
	    (!set->meetings || sf_meetings_begin(e, err)) &&
	    (!set->deals || sf_deals_begin(e, err)) &&
	    (!set->cases || sf_cases_begin(e, err));
}

bool
sf_pull_events(void *self, const struct pull *pull, crm_event_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	AUTO(arena) struct arena *page = arena_new(PAGE_MAX_BYTES);
	struct sf_events e = { .s = self, .page = page, .emit = emit,
		.arg = arg };

	if (page == NULL)
		return err_nomem(err);
	e.pass = (struct sf_pass){ .s = self, .pull = pull, .arg = &e,
		.checkpoint = checkpoint, .checkpoint_arg = arg };
	const bool ok = events_begin(&e, err) &&
	    sf_pass_run(&e.pass, e.parts, e.n, err);
	sf_pass_free(&e.pass);
	return ok;
}
