/*
 * optouts.c - everybody who unsubscribed, the whole list each time.  How one
 * could be lost, and what stops it:
 *  - the list has no totals, and the service may give shorter pages than asked
 *    for: it ends with an empty page, or one shorter than the longest so far;
 *  - an absurd time: the person counts, the time does not;
 *  - a row without an address: somebody is told;
 *  - a service that ignores the page, perhaps with a size of its own: a page that
 *    is the one before once more is an error.
 */
#include "asknicely.h"

#include <string.h>

#include "clock.h"
#include "common/paging.h"

struct list {
	struct asknicely *a;
	survey_optout_fn *emit;
	checkpoint_fn *checkpoint;
	void *arg;
	struct paging_settings shape;
	struct paging paging;
};

static bool
take_row(const struct list *l, json_t *row)
{
	struct asknicely *a = l->a;
	time_t at;

	arena_reset(a->item);
	const char *email = asknicely_text(row, "email", a->item);
	if (email == NULL) {
		asknicely_complain(a, "unsubscribes", asknicely_text(row, "id",
		    a->item), "email: expected an address; who declined is not "
		    "known, look in AskNicely");
		return true;
	}
	if (!asknicely_time(row, "unsubscribetime", &at) ||
	    at > asknicely_now(a) + ASKNICELY_DAY_S)
		at = NO_TIME;
	return l->emit(l->arg, email, NULL, at);
}

static const char *
name_of(struct asknicely *a, json_t *row)
{
	const char *id = asknicely_id(row, "id", a->page);

	return id != NULL ? id : json_dump(a->page, row);
}

static bool
judge(struct list *l, const char *url, json_t *rows, enum paging_step *step,
    struct err *err)
{
	struct asknicely *a = l->a;
	struct paging_page page = { .n = json_array_size(rows), .url = url };

	if (page.n > 0) {
		page.first = name_of(a, json_array_get(rows, 0));
		page.last = name_of(a, json_array_get(rows, page.n - 1));
	}
	if (!paging_advance(&l->paging, &page, a->page, step, err))
		return err_wrap(err, "unsubscribes");
	if (*step == PAGING_REPEATED)
		return err_set(err, ERR_PROTOCOL, "unsubscribes: a page is the one "
		    "before once more: who else declined is not known");
	return true;
}

static bool
take_rows(const struct list *l, json_t *rows, struct err *err)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (!take_row(l, row))
			return err_set(err, ERR_CANCELLED,
			    "unsubscribes: stopped");
	return true;
}

/* A list that was broken off is begun again: its rows may have slid since. */
static bool
checkpoint(const struct list *l, bool more, struct err *err)
{
	char now[32];

	(void)clock_iso(now, asknicely_now(l->a));
	return l->checkpoint == NULL || l->checkpoint(l->arg,
	    more ? "again" : NULL, more ? NULL : now) ||
	    err_set(err, ERR_CANCELLED, "unsubscribes: stopped");
}

static bool
page_take(struct list *l, enum paging_step *step, struct err *err)
{
	struct asknicely *a = l->a;
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct http_res res;

	arena_reset(a->page);
	const char *target = paging_url(&l->paging, a->page);
	if (target == NULL)
		return err_nomem(err);
	if (!asknicely_read(a, target, &res, &doc, err))
		return false;
	json_t *rows = asknicely_rows(doc);
	if (rows == NULL)
		return err_set(err, ERR_PROTOCOL,
		    "unsubscribes: expected a list at \"data\"");
	return judge(l, target, rows, step, err) && take_rows(l, rows, err) &&
	    checkpoint(l, *step == PAGING_MORE, err);
}

static bool
read_list(struct list *l, struct err *err)
{
	const struct asknicely *a = l->a;
	enum paging_step step = PAGING_MORE;

	while (step == PAGING_MORE) {
		if (a->env->cancelled != NULL && a->env->cancelled())
			return err_set(err, ERR_CANCELLED,
			    "unsubscribes: stopped");
		if (!page_take(l, &step, err))
			return false;
	}
	return true;
}

bool
asknicely_pull_optouts(void *self, const struct pull *pull,
    survey_optout_fn *emit, checkpoint_fn *checkpoint_, void *arg,
    struct err *err)
{
	struct asknicely *a = self;
	struct list l = { .a = a, .emit = emit, .checkpoint = checkpoint_,
		.arg = arg, .shape = { .kind = PAGING_PAGE,
		    .page_param = "pagenumber", .size_param = "pagesize",
		    .size = a->set->unsubscribes.pagesize, .first = 1,
		    .max_pages = a->set->unsubscribes.max_pages } };

	/* Each night reads all of it: there is nothing to look back for. */
	if (pull->sweep)
		return checkpoint(&l, false, err);
	paging_init(&l.paging, &l.shape, a->set->base_url,
	    a->set->unsubscribes.path);
	const bool ok = read_list(&l, err);
	paging_free(&l.paging);
	return ok;
}
