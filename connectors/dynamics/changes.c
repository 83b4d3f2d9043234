/*
 * changes.c - contacts that changed, as the server keeps count of them: the
 * first reading is of all, and ends with the address of what changes after it.
 *
 * How this can lose or hang, and what stops it:
 *  - a token that is too old (seven days, unless the organisation keeps them
 *    longer), or unknown: all contacts are read again, by itself;
 *  - an address that is taken too early: only that of the last page counts, and
 *    only once its rows were taken in;
 *  - a reading of all that is broken off: it goes on from its page, and the
 *    token at its end covers what changed meanwhile;
 *  - a table without change tracking: rows and no address at their end, an
 *    error that says what to do;
 *  - other columns than before: the kept address has the old ones, so the mark is
 *    named after the columns, and all are read again;
 *  - deletions: they come after the changes, and win;
 *  - changed cards that are all gone when they are asked for: not believed;
 *  - another host in an address: url_next.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/marks.h"
#include "reader.h"
#include "url.h"

#define NAME "contacts_delta"
#define OWN_BYTES ((size_t)1 << 20)
#define LINK_MAX_BYTES ((size_t)8192)
#define PAGES_MAX 20000
/* From so many cards on, more than half of them gone is no truth. */
#define GONE_MIN 20
#define NEXT "@odata.nextLink"
#define DELTA "@odata.deltaLink"

struct changes {
	struct dynamics *d;
	crm_contact_fn *emit;
	checkpoint_fn *checkpoint;
	void *arg;
	struct arena *own;
	const char *base;
	char name[32];	/* of the mark */
	struct buf at;	/* of the next request; "" = all, from the start */
	bool all;	/* a reading of all: the request asks for a token */
	bool old;		/* its address is of an earlier pass */
};

static bool
stopped(struct err *err)
{
	return err_set(err, ERR_CANCELLED, "contacts: stopped");
}

/* ---- rows -------------------------------------------------------------- */

static bool
is_deleted(json_t *row)
{
	const char *context = json_string_value(json_object_get(row,
	    "@odata.context"));

	return json_object_get(row, "reason") != NULL || (context != NULL &&
	    strstr(context, "/$deletedEntity") != NULL);
}

static bool
deleted_take(const struct changes *c, json_t *row, struct err *err)
{
	const char *id;

	arena_reset(c->d->item);
	id = row_id(row, "id", c->d->item);
	if (id != NULL)
		return contact_emit_gone(c->d, id, c->emit, c->arg, err);
	feed_complain(c->d, "contacts", NULL, "expected a GUID as id of what "
	    "was deleted");
	return true;
}

/* Before the checkpoint: what was emitted of this page is not kept then. */
static bool
check_gone(size_t gone, size_t n, struct err *err)
{
	return gone < GONE_MIN || 2 * gone <= n || err_set(err, ERR_PROTOCOL,
	    "contacts: %zu of %zu that changed are not there by their ids: "
	    "not trusted, nobody was marked as gone", gone, n);
}

/* Columns of companies and users are not in it: those are asked for by id. */
static bool
changed_take(const struct changes *c, json_t *rows, struct err *err)
{
	const char *const *ids;
	size_t n, gone;
	json_t *row;

	if (dynamics_card_needs_expand(c->d->set))
		return feed_ids(c->d->page, rows, "contactid", &ids, &n,
		    err) && contacts_load(c->d, ids, n, c->emit, c->arg,
		        &gone, err) && check_gone(gone, n, err);
	json_array_foreach (rows, n, row)
		if (!is_deleted(row) && !contact_emit_row(c->d, row, c->emit,
		    c->arg, err))
			return false;
	return true;
}

static bool
rows_take(const struct changes *c, json_t *rows, struct err *err)
{
	json_t *row;
	size_t i;

	if (!changed_take(c, rows, err))
		return false;
	json_array_foreach (rows, i, row)
		if (is_deleted(row) && !deleted_take(c, row, err))
			return false;
	return true;
}

/* ---- one answer -------------------------------------------------------- */

static const char *
first_target(const struct changes *c)
{
	const struct odata_query q = { .set = "contacts",
		.select = c->d->reader->contacts.select };

	return odata_target(c->d->page, &q);
}

static bool
page_ask(const struct changes *c, struct api_res *res, struct err *err)
{
	struct dynamics *d = c->d;
	const char *target = c->at.len > 0 ? arena_strdup(d->page,
	    buf_text(&c->at)) : first_target(c);
	const char *prefer = !c->all ? d->prefer : arena_printf(d->page,
	    "odata.track-changes,%s", d->prefer);

	return target == NULL || prefer == NULL ? err_nomem(err) :
	    dynamics_get(d, d->page, target, prefer, "contacts", res, err);
}

/* An address of the answer, as it will be asked for; NULL = none, or *err. */
static const char *
link_of(const struct changes *c, const struct api_res *res, const char *name,
    struct err *err)
{
	const char *link = json_string_value(json_object_get(api_root(res),
	    name));

	err->kind = ERR_NONE;
	if (link == NULL || *link == '\0')
		return NULL;
	if (strcmp(link, buf_text(&c->at)) == 0 && strcmp(name, NEXT) == 0) {
		(void)err_set(err, ERR_PROTOCOL, "contacts: the address of the "
		    "next page is the one just used");
		return NULL;
	}
	return url_next(c->d->page, c->base, c->base, link, err);
}

static bool
at_set(struct changes *c, const char *link, struct err *err)
{
	buf_reset(&c->at);
	if (link == NULL || buf_str(&c->at, link))
		return true;
	return c->at.no_memory ? err_nomem(err) : err_set(err, ERR_PROTOCOL,
	    "contacts: the address of the next page is longer than %zu bytes",
	    LINK_MAX_BYTES);
}

/* ---- checkpoints ------------------------------------------------------- */

static const char *
text_of(const struct changes *c, const char *mark, const char *place)
{
	const struct marks_entry entry = { c->name, mark, place };

	return marks_save(&entry, 1, c->d->page);
}

/* "A" or "D" in front: of all, or of what changed. */
static bool
checkpoint_next(struct changes *c, const char *mark, const char *next,
    struct err *err)
{
	const char *place = arena_printf(c->d->page, "%c%s", c->all ? 'A' : 'D',
	    next);
	const char *text = place == NULL ? NULL : text_of(c, mark, place);

	if (text == NULL)
		return err_nomem(err);
	if (!at_set(c, next, err))
		return false;
	return c->checkpoint(c->arg, text, NULL) || stopped(err);
}

static bool
checkpoint_end(const struct changes *c, const char *delta, struct err *err)
{
	const char *text = text_of(c, delta, NULL);

	if (text == NULL)
		return err_nomem(err);
	return c->checkpoint(c->arg, NULL, text) || stopped(err);
}

/* ---- the pass ---------------------------------------------------------- */

/* *next = NULL: that was the last page, and *delta is there. */
static bool
page_take(struct changes *c, const char **next, const char **delta,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	json_t *rows;

	arena_reset(c->d->page);
	if (!page_ask(c, &res, err) ||
	    !dynamics_rows(&res, "contacts", &rows, err))
		return false;
	c->old = false;
	*next = link_of(c, &res, NEXT, err);
	if (err->kind != ERR_NONE)
		return false;
	*delta = *next != NULL ? NULL : link_of(c, &res, DELTA, err);
	if (err->kind != ERR_NONE)
		return false;
	if (*next == NULL && *delta == NULL)
		return err_set(err, ERR_CONFIG, "contacts: the answer has no "
		    "deltaLink: enable change tracking for the table contact, "
		    "or set contact_mirror = \"off\"");
	return rows_take(c, rows, err);
}

/* What the server no longer knows is read from the start. */
static bool
page_or_all(struct changes *c, const char **next, const char **delta,
    struct err *err)
{
	if (page_take(c, next, delta, err))
		return true;
	if (!c->old || (err->kind != ERR_GONE && err->kind != ERR_REJECTED &&
	    err->kind != ERR_PROTOCOL))
		return false;
	buf_reset(&c->at);
	c->all = true;
	c->old = false;
	return page_take(c, next, delta, err);
}

static bool
pages_take(struct changes *c, const char *mark, struct err *err)
{
	const struct connector_env *env = &c->d->api.env;
	const char *next, *delta;

	for (int i = 0; i < PAGES_MAX; i++) {
		if (env->cancelled != NULL && env->cancelled())
			return stopped(err);
		if (!page_or_all(c, &next, &delta, err))
			return false;
		if (next == NULL)
			return checkpoint_end(c, delta, err);
		if (!checkpoint_next(c, mark, next, err))
			return false;
	}
	return err_set(err, ERR_PROTOCOL, "contacts: still more after %d "
	    "pages", PAGES_MAX);
}

/* Where a broken pass was, else what changed since the last one, else all.
 * Kept text is no more trusted than a server's. */
static bool
begin(struct changes *c, const struct pull *pull, const char **mark,
    struct err *err)
{
	struct marks_entry entry = { c->name, NULL, NULL };
	struct err odd;

	if (pull->watermark != NULL)
		(void)marks_load(&entry, 1, pull->watermark, c->own);
	entry.place = NULL;
	*mark = entry.mark;
	if (pull->resume != NULL &&
	    !marks_load(&entry, 1, pull->resume, c->own))
		return arena_failed(c->own) ? err_nomem(err) : err_set(err,
		    ERR_GONE, "the place of the broken pull is not understood");
	const bool resumed = entry.place != NULL && *entry.place != '\0';
	c->all = resumed ? *entry.place == 'A' : entry.mark == NULL;
	const char *at = resumed ? entry.place + 1 : entry.mark;
	if (at != NULL &&
	    url_next(c->own, c->base, c->base, at, &odd) == NULL) {
		at = NULL;
		c->all = true;
	}
	c->old = at != NULL;
	return arena_failed(c->own) ? err_nomem(err) : at_set(c, at, err);
}

/* FNV-1a of the columns asked for. */
static void
name_set(struct changes *c)
{
	uint32_t h = 2166136261u;

	for (const char *at = c->d->reader->contacts.select; *at != '\0'; at++)
		h = (h ^ (unsigned char)*at) * 16777619u;
	(void)snprintf(c->name, sizeof(c->name), NAME "_%08x", (unsigned)h);
}

bool
changes_pull(struct dynamics *d, const struct pull *pull,
    crm_contact_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err)
{
	AUTO(arena) struct arena *own = arena_new(OWN_BYTES);
	struct changes c = { .d = d, .emit = emit, .checkpoint = checkpoint,
		.arg = arg, .own = own };
	const char *mark;

	buf_init(&c.at, LINK_MAX_BYTES);
	if (own == NULL)
		return err_nomem(err);
	/* Of all that changed the server tells: a look back finds nothing. */
	if (pull->sweep)
		return true;
	name_set(&c);
	c.base = arena_printf(own, "%s%s", d->origin, d->path);
	const bool ok = c.base == NULL ? err_nomem(err) :
	    begin(&c, pull, &mark, err) && pages_take(&c, mark, err);
	buf_free(&c.at);
	return ok;
}
