/*
 * events.c - the stream of events: sets of meetings, deals and cases, one after
 * the other, each row by its own kind.
 */
#include <stdio.h>

#include "reader.h"

bool
events_add(struct dynamics *d, const struct feed *feed, struct err *err)
{
	struct dynamics_reader *r = d->reader;

	if (r->n_events >= EVENT_FEEDS_MAX)
		return err_set(err, ERR_CONFIG, "meeting_sets: expected each "
		    "set once");
	for (size_t i = 0; i < r->n_events; i++)
		if (r->events[i].set == feed->set)
			return err_set(err, ERR_CONFIG, "meeting_sets: %s "
			    "stands there twice", feed->set);
	if (feed->select == NULL || arena_failed(d->api.own))
		return err_nomem(err);
	r->events[r->n_events++] = *feed;
	return true;
}

void
feed_refuse(struct feed_row *row, const char *column, const char *expected)
{
	(void)snprintf(row->reason, sizeof(row->reason), "%s: expected %s",
	    column, expected);
}

bool
events_emit(struct events *e, const struct crm_event *ev, struct err *err)
{
	if (arena_failed(e->d->item))
		return err_nomem(err);
	return e->emit(e->arg, ev) || err_set(err, ERR_CANCELLED,
	    "events: stopped");
}

static bool
on_page(void *arg, const struct feed *f, json_t *rows, struct err *err)
{
	const struct event_kind *kind = f->of;

	return kind->page(arg, rows, err);
}

static bool
on_row(void *arg, const struct feed *f, struct feed_row *row, struct err *err)
{
	const struct event_kind *kind = f->of;

	return kind->row(arg, row, err);
}

bool
dynamics_pull_events(void *self, const struct pull *pull, crm_event_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct dynamics *d = self;
	struct events e = { .d = d, .emit = emit, .arg = arg };
	const struct feed_sink sink = { .page = on_page, .row = on_row,
		.arg = &e, .checkpoint = checkpoint, .checkpoint_arg = arg };

	return feed_read(d, d->reader->events, d->reader->n_events, pull,
	    &sink, err);
}
