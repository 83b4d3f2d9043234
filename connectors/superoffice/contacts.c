/*
 * contacts.c - persons that changed, by id, by address.
 *
 * How this can lose or harm, and what stops it:
 *  - somebody called gone who is not: only a query that was read to its end says
 *    so, of former employees too, and an id that is no number was never asked
 *    for;
 *  - whose interests cannot be read: quarantined under the id, neither known nor
 *    gone, and nobody else waits; several in a row are a service that is away
 *    only if it fails at others, too (odd.h);
 *  - a column that says who may not be asked, which no row has: nobody would be
 *    asked, and each for a reason of its own; told once, by the name of its option;
 *  - a row without a key or too large to be read, which may be anybody's: nobody
 *    of that query is gone;
 *  - two rows of one person, for two addresses: one card;
 *  - a quote in an address, whose spelling in a filter nobody documents: it is
 *    left out of the filter, and the address is compared again;
 *  - memory: SLICE ids at a time.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "reading.h"

#define SLICE ((size_t)1000)
#define SOURCE "persons"
#define ALL "person,retiredPerson"
#define FOUND_MAX 1000
#define ROWS_JUDGED 10
#define SELECT "PersonId,Interests,ShipmentTypes"

static const struct so_odd_kind one = { .path = "/Person", .label = "person",
	.key = "personId", .entities = ALL, .select = SELECT,
	.shows = "PersonId" };

struct emitter {
	struct superoffice *s;
	crm_contact_fn *emit;
	void *arg;
	struct idmap *found;	/* asked for; the value is set when met */
};

static bool
emit_one(const struct emitter *e, const struct crm_contact *card,
    struct err *err)
{
	if (arena_failed(e->s->item))
		return err_nomem(err);
	return e->emit(e->arg, card) || err_set(err, ERR_CANCELLED,
	    "contacts: stopped");
}

/* ---- one person -------------------------------------------------------- */
/* *person NULL: it is not there any more. */
static bool
person_ask(struct superoffice *s, const char *id, struct api_res *res,
    json_t **person, struct err *err)
{
	const char *target = arena_printf(s->item, "%s/%s?$select="
	    SELECT, one.path, id);

	*person = NULL;
	if (target == NULL)
		return err_nomem(err);
	if (!so_get(s, s->item, target, one.label, res, err))
		return err->kind == ERR_GONE;
	*person = api_root(res);
	return json_is_object(*person) || err_set(err, ERR_PROTOCOL,
	    "person: expected a JSON object");
}

/* *read false: this one cannot be, and that was told. */
static bool
person_read(struct superoffice *s, const struct so_group *g,
    struct api_res *res, json_t **person, bool *read, struct err *err)
{
	*read = true;
	if (!so_card_needs_person(s->set, g->row))
		return true;
	if (person_ask(s, g->id, res, person, err)) {
		if (*person != NULL)
			so_odd_good(&s->reader->person, g->id);
		return true;
	}
	*read = false;
	if (!so_odd_is(s, &one, &s->reader->person, g->id, res, err))
		return false;
	so_complain(s, SOURCE, g->id, err->msg);
	return true;
}

static bool
found_mark(const struct emitter *e, const char *id, struct err *err)
{
	const char *copy = arena_strdup(e->s->page, id);

	return (copy != NULL && idmap_put(e->found, copy, e->found)) ||
	    err_nomem(err);
}

/* Deleted, for some days it can be restored: gone meanwhile. */
static bool
emit_gone(const struct emitter *e, const char *id, struct err *err)
{
	const struct crm_contact gone = { .contact_id = id, .gone = true,
		.consent_at = NO_TIME };

	return emit_one(e, &gone, err);
}

/* *done: nothing more is to be asked of this one. */
static bool
deleted(const struct emitter *e, const struct so_group *g, bool *done,
    struct err *err)
{
	const enum tri is = so_card_deleted(e->s->set, g->row);
	char reason[128];

	*done = is != TRI_NO;
	if (is == TRI_YES)
		return emit_gone(e, g->id, err);
	if (is == TRI_UNKNOWN) {
		(void)snprintf(reason, sizeof(reason), "%.80s: expected a time "
		    "or nothing (deleted_column)", e->s->set->deleted_column);
		so_complain(e->s, SOURCE, g->id, reason);
	}
	return true;
}

/* Few rows prove nothing: that of somebody without a company may lack what is the
 * company's.  Without the column such a card keeps out and is told of. */
static bool
cards_shown(const struct emitter *e, const struct so_group *g, struct err *err)
{
	struct so_reader *r = e->s->reader;

	if (r->cards_shown || json_array_size(g->rows) < ROWS_JUDGED)
		return true;
	r->cards_shown = so_card_shown(e->s->set, g->rows, false, err);
	return r->cards_shown;
}

static bool
on_card(void *arg, const struct so_group *g, struct err *err)
{
	const struct emitter *e = arg;
	AUTO(api_res) struct api_res res = { 0 };
	struct crm_contact card;
	json_t *person = NULL;
	bool read, done;
	char reason[128];

	if (e->found != NULL && !idmap_has(e->found, g->id))
		return true;
	if (e->found != NULL && !found_mark(e, g->id, err))
		return false;
	if (!cards_shown(e, g, err) || !deleted(e, g, &done, err))
		return false;
	if (done)
		return true;
	if (!person_read(e->s, g, &res, &person, &read, err))
		return false;
	if (!read)
		return true;
	if (so_card_map(e->s, g, person, e->s->item, &card, reason,
	    sizeof(reason)))
		return emit_one(e, &card, err);
	if (arena_failed(e->s->item))
		return err_nomem(err);
	so_complain(e->s, SOURCE, g->id, reason);
	return true;
}

/* ---- by id ------------------------------------------------------------- */
static bool
ids_sort_out(const struct emitter *e, const char *const *ids, size_t n,
    const char **asked, size_t *n_asked, struct err *err)
{
	*n_asked = 0;
	for (size_t i = 0; i < n; i++) {
		if (!so_is_id(ids[i])) {
			so_complain(e->s, SOURCE, ids[i], "expected a number: "
			    "no person of this CRM");
			continue;
		}
		if (idmap_has(e->found, ids[i]))
			continue;
		if (!idmap_put(e->found, ids[i], NULL))
			return err_nomem(err);
		asked[(*n_asked)++] = ids[i];
	}
	return true;
}

/* unsure: a row may have been this one's. */
static bool
absent(const struct emitter *e, const char *id, bool unsure, struct err *err)
{
	if (!unsure)
		return emit_gone(e, id, err);
	so_complain(e->s, SOURCE, id, "expected a row of this person: one came "
	    "without a key, or was too large");
	return true;
}

static bool
load_some(struct superoffice *s, const char *const *ids, size_t n,
    crm_contact_fn *emit, void *arg, struct err *err)
{
	struct idmap found;
	struct emitter e = { .s = s, .emit = emit, .arg = arg,
		.found = &found };
	const char **asked = arena_array(s->page, n + 1, sizeof(*asked));
	const size_t unread = s->unread;
	size_t n_asked;

	idmap_init(&found, s->page);
	if (asked == NULL)
		return err_nomem(err);
	if (!ids_sort_out(&e, ids, n, asked, &n_asked, err) ||
	    !so_query_ids(s, &s->reader->persons.q, "personId", asked,
	        n_asked, on_card, &e, err))
		return false;
	for (size_t i = 0; i < n_asked; i++)
		if (idmap_get(&found, asked[i]) == NULL &&
		    !absent(&e, asked[i], s->unread != unread, err))
			return false;
	return true;
}

bool
so_load_contacts(void *self, const char *const *ids, size_t n,
    crm_contact_fn *emit, void *arg, struct err *err)
{
	struct superoffice *s = self;

	s->reader->person.failed = 0;
	for (size_t at = 0; at < n; at += SLICE) {
		arena_reset(s->page);
		arena_reset(s->item);
		if (!load_some(s, ids + at, n - at < SLICE ? n - at : SLICE,
		    emit, arg, err))
			return false;
	}
	return true;
}

/* ---- by address -------------------------------------------------------- */
struct search {
	struct superoffice *s;
	struct arena *arena;
	const char *email;
	const char *ids[FOUND_MAX];
	size_t n;
};

/* "email/emailAddress is 'a@b.dk'"; of "o'hara@b.dk" that it begins with "o" and
 * contains "hara@b.dk". */
static const char *
address_filter(struct arena *arena, const char *email)
{
	static const char column[] = "email/emailAddress";
	const char *filter = "";

	if (strpbrk(email, "'\\") == NULL)
		return arena_printf(arena, "%s is '%s'", column, email);
	for (const char *at = email; filter != NULL && *at != '\0';) {
		const size_t n = strcspn(at, "'\\");
		if (n > 0)
			filter = so_and(arena, filter, arena_printf(arena,
			    "%s %s '%.*s'", column, at == email ? "begins" :
			    "contains", (int)n, at));
		at += n;
		at += strspn(at, "'\\");
	}
	return filter;
}

static bool
on_found(void *arg, const struct so_group *g, struct err *err)
{
	struct search *f = arg;

	for (size_t i = 0; i < g->n; i++) {
		const char *email = so_text(json_array_get(g->rows, g->at + i),
		    "email/emailAddress", f->s->item);
		if (email == NULL || strcasecmp(email, f->email) != 0)
			continue;
		if (f->n == FOUND_MAX)
			return err_set(err, ERR_PROTOCOL, "persons: more than "
			    "%d with one address", FOUND_MAX);
		f->ids[f->n] = arena_strdup(f->arena, g->id);
		return f->ids[f->n++] != NULL || err_nomem(err);
	}
	return true;
}

bool
so_find_contact(void *self, const char *email, crm_contact_fn *emit, void *arg,
    struct err *err)
{
	struct superoffice *s = self;
	AUTO(arena) struct arena *arena = arena_new((size_t)1 << 20);
	struct search f = { .s = s, .arena = arena, .email = email };

	if (arena == NULL)
		return err_nomem(err);
	const struct so_query q = { .path = "/Person", .label = SOURCE,
		.id = "personId", .select = "personId,email/emailAddress",
		.entities = ALL, .several = true, .personal = true, .top = s->set->page_size,
		.filter = address_filter(arena, email) };
	if (q.filter == NULL)
		return err_nomem(err);
	/* Nothing to ask for: no address at all. */
	if (*q.filter == '\0')
		return true;
	return so_query_all(s, &q, on_found, &f, err) &&
	    so_load_contacts(s, f.ids, f.n, emit, arg, err);
}

/* ---- changed since ----------------------------------------------------- */
static bool
on_row(void *arg, const struct so_feed *f, struct so_row *row, struct err *err)
{
	(void)f;
	return on_card(arg, row->group, err);
}

bool
so_contacts_open(struct superoffice *s, struct err *err)
{
	s->reader->persons = (struct so_feed){ .name = SOURCE,
		.stamp = "personUpdatedDate", .made = s->set->stamp_registered
		    ? "personRegisteredDate" : NULL,
		.q = { .path = "/Person", .label = SOURCE, .id = "personId",
		    .entities = ALL, .several = true,
		    .top = s->set->page_size, .select = so_card_columns(s->set, s->api.own) } };
	return s->reader->persons.q.select != NULL || err_nomem(err);
}

bool
so_pull_contacts(void *self, const struct pull *pull, crm_contact_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct superoffice *s = self;
	struct emitter e = { .s = s, .emit = emit, .arg = arg };
	const struct so_sink sink = { .row = on_row, .arg = &e,
		.checkpoint = checkpoint, .checkpoint_arg = arg };

	/* What failed in another pass is no failure of this one. */
	s->reader->person.failed = 0;
	return so_feed_read(s, &s->reader->persons, 1, pull, &sink, err);
}
