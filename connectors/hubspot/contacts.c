/*
 * contacts.c - cards: all that changed, some by their ids, some by an address.
 *
 * A batch leaves out, in no order, ids that are gone and ids that were merged
 * away: each of them is asked for alone, and answers 404 or as its survivor,
 * whose id is another.  How this could call one gone who is there, or lose a
 * column:
 *  - 404 of a proxy, or of an address that is not served any more: where it does
 *    not say what is missing, it must be HubSpot's own, and the list of contacts
 *    must answer behind each (hs_prove);
 *  - a batch path that is not served, which costs a request for each of a hundred,
 *    night after night: one who is there alone makes it doubted, and its next 404
 *    is an error of the configuration;
 *  - more properties than an address takes (414): asked for in halves, which
 *    must be of the same card.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "reading.h"

#define PAGE_MAX_BYTES ((size_t)33554432)
#define BODY_MAX ((size_t)262144)
#define STAMP "lastmodifieddate"	/* of contacts alone it is called so */

struct cards {
	struct hubspot *h;
	struct hs_pass pass;
	const char *const *columns;
	crm_contact_fn *emit;
	void *arg;
	struct arena *page;
	bool changes;		/* all that changed: merges are among it */
	bool alone;		/* one of them is there, asked for alone */
	/* By id: what was asked for, and which of it came. */
	const char *const *ids;
	bool *met;
	size_t n;
};

static bool
emit_card(struct cards *c, const struct crm_contact *card, struct err *err)
{
	return c->emit(c->arg, card) || err_set(err, ERR_CANCELLED,
	    "contacts: stopped");
}

static bool
begin(struct cards *c, struct err *err)
{
	return hs_card_columns(c->h, &c->columns, err) &&
	    (!c->h->set->owners || hs_owners_get(c->h, err));
}

/* ---- rows ------------------------------------------------------------------------ */
/* False: nobody asked for it. */
static bool
note_met(struct cards *c, const char *id)
{
	for (size_t i = 0; i < c->n; i++)
		if (!c->met[i] && strcmp(c->ids[i], id) == 0) {
			c->met[i] = true;
			return true;
		}
	return c->n == 0;
}

/* A merge changes the survivor alone, and its links come to the survivor: who
 * was asked by an old id must be known by the new one before the night decides. */
static bool
emit_merged(struct cards *c, const char *ids, const char *survivor,
    struct err *err)
{
	struct crm_contact old = { .moved_to = survivor, .consent_at = NO_TIME };
	char id[24];

	for (size_t len; ids != NULL && *ids != '\0'; ids += len) {
		ids += strspn(ids, "; ");
		len = strcspn(ids, "; ");
		(void)snprintf(id, sizeof(id), "%.*s", (int)len, ids);
		old.contact_id = id;
		if (len < sizeof(id) && hs_is_id(id) &&
		    strcmp(id, survivor) != 0 && !emit_card(c, &old, err))
			return false;
	}
	return true;
}

static bool
emit_row(struct cards *c, json_t *row, const struct idmap *left,
    struct err *err)
{
	const char *merged = c->changes ? hs_property(row, HS_MERGED, c->page)
	    : NULL;
	struct crm_contact card;

	if (!hs_card_map(c->h, row, left, &card, err))
		return false;
	if (card.contact_id == NULL) {
		hs_odd_row(c->h, "contacts", row, "id: expected a number");
		return true;
	}
	/* Its texts end with emit. */
	const char *survivor = arena_strdup(c->page, card.contact_id);
	if (survivor == NULL)
		return err_nomem(err);
	return !note_met(c, survivor) || (emit_card(c, &card, err) &&
	    emit_merged(c, merged, survivor, err));
}

static bool
on_rows(struct cards *c, json_t *rows, struct err *err)
{
	struct idmap left;
	json_t *row;
	size_t i;

	arena_reset(c->page);
	if (!hs_prefs_load(c->h, rows, c->page, &left, err))
		return false;
	json_array_foreach(rows, i, row)
		if (!emit_row(c, row, &left, err))
			return false;
	return true;
}

/* ---- all that changed ---------------------------------------------------------------- */
static bool
on_part_rows(void *arg, const struct hs_part *part, json_t *rows,
    struct err *err)
{
	(void)part;
	return on_rows(arg, rows, err);
}

static bool
pull_all(struct cards *c, struct err *err)
{
	if (!begin(c, err) || !hs_pass_begin(&c->pass, err))
		return false;
	const struct hs_part part = { .name = "contacts",
		.from = c->pass.begin, .until = c->pass.until,
		.rows = on_part_rows, .ask = { .type = "contacts",
		    .label = "search contacts", .stamp = STAMP,
		    .columns = c->columns } };
	return hs_pass_run(&c->pass, &part, 1, err);
}

bool
hs_pull_contacts(void *self, const struct pull *pull, crm_contact_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	AUTO(arena) struct arena *page = arena_new(PAGE_MAX_BYTES);
	struct cards c = { .h = self, .page = page, .emit = emit, .arg = arg,
		.changes = true };

	if (page == NULL)
		return err_nomem(err);
	c.pass = (struct hs_pass){ .h = self, .pull = pull, .arg = &c,
		.checkpoint = checkpoint, .checkpoint_arg = arg };
	const bool ok = pull_all(&c, err);
	hs_pass_free(&c.pass);
	return ok;
}

/* ---- one alone ----------------------------------------------------------------------- */
static bool
emit_gone(struct cards *c, const char *id, struct err *err)
{
	return emit_card(c, &(struct crm_contact){ .contact_id = id,
	    .gone = true, .consent_at = NO_TIME }, err);
}

/* The survivor of a merge answers to its old ids, too. */
static bool
emit_alone(struct cards *c, const char *id, json_t *row, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(PAGE_MAX_BYTES);
	json_t *rows = json_array();
	struct crm_contact card;
	struct idmap left;
	bool ok = false;

	if (arena == NULL || rows == NULL || json_array_append(rows, row) != 0)
		(void)err_nomem(err);
	else if (hs_prefs_load(c->h, rows, arena, &left, err))
		ok = hs_card_map(c->h, row, &left, &card, err);
	json_decref(rows);
	if (!ok)
		return false;
	if (card.contact_id == NULL)
		return err_set(err, ERR_PROTOCOL, "read a contact: expected its "
		    "\"id\"");
	c->alone |= !card.gone && strcmp(card.contact_id, id) == 0;
	if (strcmp(card.contact_id, id) != 0) {
		card.moved_to = card.contact_id;
		card.contact_id = id;
	}
	return emit_card(c, &card, err);
}

/* With the columns from..from + n. */
static const char *
path_alone(const struct cards *c, const char *id, size_t from, size_t n,
    struct arena *arena)
{
	AUTO(buf) struct buf rest;

	buf_init(&rest, BODY_MAX);
	buf_printf(&rest, "/contacts/%s?properties=", id);
	for (size_t i = from; i < from + n && c->columns[i] != NULL; i++)
		buf_printf(&rest, "%s%s", i > from ? "%2C" : "",
		    c->columns[i]);
	return rest.failed ? NULL : hs_path(c->h, arena, HS_OBJECTS,
	    buf_text(&rest));
}

/* More properties of a row that is ours. */
static bool
row_add(json_t **row, json_t *part, struct err *err)
{
	/* NULL: the answer was empty. */
	if (!json_is_object(part))
		return err_set(err, ERR_PROTOCOL,
		    "read a contact: expected an object");
	json_t *more = json_deep_copy(part);
	bool ok = more != NULL;

	if (*row == NULL) {
		*row = more;
		return ok || err_nomem(err);
	}
	ok = ok && json_equal(json_object_get(*row, "id"),
	    json_object_get(more, "id")) && json_object_update(
	    json_object_get(*row, "properties"),
	    json_object_get(more, "properties")) == 0;
	json_decref(more);
	return ok || err_set(err, ERR_RETRY, "read a contact: its parts do not "
	    "fit together; another run may do");
}

static bool
row_alone(struct cards *c, const char *id, json_t **row, struct api_res *res,
    struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(PAGE_MAX_BYTES);
	size_t n = 0, width;

	if (arena == NULL)
		return err_nomem(err);
	while (c->columns[n] != NULL)
		n++;
	width = n;
	for (size_t at = 0; at < n;)
		if (hs_read(c->h, arena, &(struct hs_call){ .label =
		    "read a contact", .path = path_alone(c, id, at, width,
		        arena) }, res, err)) {
			if (!row_add(row, api_root(res), err))
				return false;
			at += width;
		} else if (res->http.status == 414 && width > 1) {
			width = (width + 1) / 2;
		} else {
			return false;
		}
	return true;
}

static bool
says_missing(const struct api_res *res)
{
	const char *category = json_string_value(json_object_get(
	    api_root(res), "category"));

	return category != NULL && strcmp(category, "OBJECT_NOT_FOUND") == 0;
}

static bool
is_gone(struct cards *c, const struct api_res *res, enum err_kind kind,
    struct err *err)
{
	return kind == ERR_GONE && (says_missing(res) ||
	    hs_prove(c->h, api_root(res), err));
}

static bool
load_alone(struct cards *c, const char *id, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct err unwanted, *why = err == NULL ? &unwanted : err;
	json_t *row = NULL;
	bool ok = row_alone(c, id, &row, &res, why);

	if (ok)
		ok = emit_alone(c, id, row, err);
	else if (is_gone(c, &res, why->kind, err))
		ok = emit_gone(c, id, err);
	json_decref(row);
	return ok;
}

/* ---- some ------------------------------------------------------------------------------ */
static bool
put_inputs(const struct cards *c, struct buf *out)
{
	buf_str(out, "{\"properties\":[");
	for (size_t i = 0; c->columns[i] != NULL; i++)
		buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", c->columns[i]);
	buf_str(out, "],\"inputs\":[");
	for (size_t i = 0; i < c->n; i++)
		buf_printf(out, "%s{\"id\":\"%s\"}", i > 0 ? "," : "",
		    c->ids[i]);
	return buf_str(out, "]}");
}

static bool
take_batch(struct cards *c, json_t *root, struct err *err)
{
	const char *status = json_string_value(json_object_get(root, "status"));
	json_t *rows = json_object_get(root, "results");

	if (!json_is_array(rows))
		return err_set(err, ERR_PROTOCOL, "read contacts: expected an "
		    "array \"results\"");
	if (status != NULL && strcmp(status, "COMPLETE") != 0)
		return err_set(err, ERR_RETRY, "read contacts: the answer is not "
		    "complete; another run may do");
	return on_rows(c, rows, err);
}

/* None of them is there, and each is asked for alone: or there is no such path,
 * for one whom it called missing was there. */
static bool
batch_missing(const struct cards *c, struct err *err)
{
	return !c->h->cards_doubted || err_set(err, ERR_CONFIG, "contacts/batch/"
	    "read is not served: HTTP 404, for contacts that are there: correct "
	    "api_version, or base_url if it is a gateway's");
}

/* *missing: it is 404, and does not say of what. */
static bool
load_batch(struct cards *c, bool *missing, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(PAGE_MAX_BYTES);
	AUTO(api_res) struct api_res res = { 0 };
	AUTO(buf) struct buf body;
	struct err unwanted, *why = err == NULL ? &unwanted : err;

	*missing = false;
	buf_init(&body, BODY_MAX);
	if (arena == NULL || !put_inputs(c, &body))
		return err_nomem(err);
	const struct hs_call call = { .label = "read contacts",
		.path = hs_path(c->h, arena, HS_OBJECTS,
		    "/contacts/batch/read"), .body = buf_text(&body) };
	if (hs_read(c->h, arena, &call, &res, why)) {
		c->h->cards_doubted = false;
		return take_batch(c, api_root(&res), err);
	}
	*missing = why->kind == ERR_GONE && !says_missing(&res);
	return why->kind == ERR_GONE && (!*missing || batch_missing(c, err));
}

static bool
load_some(struct cards *c, struct err *err)
{
	bool missing;

	memset(c->met, 0, c->n * sizeof(*c->met));
	c->alone = false;
	if (!load_batch(c, &missing, err))
		return false;
	for (size_t i = 0; i < c->n; i++)
		if (!c->met[i] && !load_alone(c, c->ids[i], err))
			return false;
	c->h->cards_doubted |= missing && c->alone;
	return true;
}

/* One that is no id would spoil the batch for all: the others are read. */
static const char **
sound_ids(struct hubspot *h, const char *const *ids, size_t *n,
    struct arena *arena)
{
	const char **sound = arena_array(arena, *n + 1, sizeof(*sound));
	const size_t all = *n;

	*n = 0;
	for (size_t i = 0; sound != NULL && i < all; i++)
		if (hs_is_id(ids[i]))
			sound[(*n)++] = ids[i];
		else if (h->env.quarantine != NULL)
			h->env.quarantine(h->env.quarantine_arg, "contacts", 0,
			    ids[i], "expected an id of at most 20 digits");
	return sound;
}

bool
hs_load_contacts(void *self, const char *const *ids, size_t n,
    crm_contact_fn *emit, void *arg, struct err *err)
{
	AUTO(arena) struct arena *page = arena_new(PAGE_MAX_BYTES);
	AUTO(arena) struct arena *arena = arena_new(PAGE_MAX_BYTES);
	bool met[HS_BATCH_MAX];
	struct cards c = { .h = self, .page = page, .emit = emit, .arg = arg,
		.met = met };
	const char **sound = arena == NULL ? NULL : sound_ids(c.h, ids, &n,
	    arena);

	if (page == NULL || sound == NULL)
		return err_nomem(err);
	if (!begin(&c, err))
		return false;
	for (size_t at = 0; at < n; at += HS_BATCH_MAX) {
		c.ids = sound + at;
		c.n = n - at < HS_BATCH_MAX ? n - at : HS_BATCH_MAX;
		if (!load_some(&c, err))
			return false;
	}
	return true;
}

/* ---- by address -------------------------------------------------------------------------- */
static bool
on_found(void *arg, json_t *rows, struct err *err)
{
	return on_rows(arg, rows, err);
}

/* As the service keeps it. */
static const char *
lower(struct arena *arena, const char *email)
{
	char *text = arena_strdup(arena, email);

	for (char *p = text; p != NULL && *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return text;
}

bool
hs_find_contact(void *self, const char *email, crm_contact_fn *emit,
    void *arg, struct err *err)
{
	AUTO(arena) struct arena *page = arena_new(PAGE_MAX_BYTES);
	AUTO(arena) struct arena *own = arena_new(BODY_MAX);
	struct cards c = { .h = self, .page = page, .emit = emit, .arg = arg };
	struct hs_filter is = { .property = "email", .op = "EQ" };
	struct hs_ask ask = { .type = "contacts", .label = "search contacts",
		.any = &is, .n_any = 1 };
	struct hs_search s = { .ask = &ask, .whole = true, .rows = on_found,
		.arg = &c };

	is.value = own == NULL ? NULL : lower(own, email);
	if (page == NULL || is.value == NULL)
		return err_nomem(err);
	if (!begin(&c, err))
		return false;
	ask.columns = c.columns;
	return hs_search(c.h, &s, err);
}
