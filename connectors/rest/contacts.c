/*
 * contacts.c - cards that changed, cards by id, cards that carry an address.
 *
 * How this can lose, double or leak, and what stops it:
 *  - a change that does not touch the card (a mail address in a table of its
 *    own): `also` listings name the card, and its facts are read by id, once a
 *    page;
 *  - a listing of changes that names a card which is gone meanwhile: the card
 *    is emitted as gone, it is no error;
 *  - a request by ids that answers with nothing: from 20 cards on, more than
 *    half of them gone end the pass (stage_refresh.c has the same brake);
 *  - a search that finds more than was asked for: the address is compared
 *    again;
 *  - a list of all cards that is broken off: what moved meanwhile from behind
 *    its place to before it would be met by nobody and taken for gone.  So all
 *    is read from the beginning;
 *  - one card that cannot be read: quarantined under its id, the rest goes on;
 *  - memory: a page of ids; the companies' cache has a ceiling.
 */
#include "reader.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "map.h"
#include "select.h"

/* From so many cards on, more than half of them gone is no truth. */
#define GONE_MIN 20

struct emitter {
	struct rest_crm *c;
	crm_contact_fn *emit;
	void *arg;
	const char *email;	/* only cards that carry it; NULL = all */
	long met, gone;		/* by their ids; gone: there was no record */
};

static const struct rest_contacts *
set_of(const struct rest_crm *c)
{
	return &c->set->profile.reading.contacts;
}

/* ---- one card ------------------------------------------------------------------- */

static bool
emit_one(const struct emitter *e, const struct crm_contact *card,
    struct err *err)
{
	if (arena_failed(e->c->rest.item))
		return err_nomem(err);
	return e->emit(e->arg, card) || err_set(err, ERR_CANCELLED,
	    "contacts: stopped");
}

static void
complain(const struct emitter *e, const char *id, const char *reason)
{
	const struct connector_env *env = e->c->rest.env;

	if (env->quarantine != NULL)
		env->quarantine(env->quarantine_arg, "contacts", 0, id, reason);
}

/* Letters of the alphabet without case, the rest to the byte. */
static bool
carries(const struct emitter *e, json_t *card)
{
	const struct strlist *at = &set_of(e->c)->fields.email;
	struct select_list found;

	for (size_t i = 0; i < at->n; i++) {
		if (*at->v[i] == '\0' || !select_all(card, at->v[i],
		    e->c->rest.item, &found))
			continue;
		for (size_t k = 0; k < found.n; k++) {
			const char *text = select_text(&found.v[k],
			    e->c->rest.item);
			if (text != NULL && strcasecmp(text, e->email) == 0)
				return true;
		}
	}
	return false;
}

static bool
on_card(void *arg, const char *id, json_t *row, struct err *err)
{
	struct emitter *e = arg;
	struct crm_contact card = { .contact_id = id, .gone = true,
		.consent_at = NO_TIME };
	char reason[128];

	e->met++;
	e->gone += row == NULL;
	arena_reset(e->c->rest.item);
	if (e->email != NULL && (row == NULL || !carries(e, row)))
		return true;
	if (row != NULL &&
	    !card_map(e->c, row, id, &card, reason, sizeof(reason))) {
		complain(e, id, reason);
		return true;
	}
	return emit_one(e, &card, err);
}

static bool
before_cards(void *arg, json_t *rows, struct err *err)
{
	struct emitter *e = arg;

	struct map_seen *seen = &e->c->reader->cards_seen;

	if (!map_seen_take(seen, rows, "contacts", err))
		return err_wrap(err, "profile %s", rest_at(&e->c->rest,
		    seen->never));
	return companies_load(e->c, rows, err);
}

static bool
on_refused(void *arg, const char *id, const char *why)
{
	complain(arg, id, why);
	return true;
}

static bool
load(struct emitter *e, const char *const *ids, size_t n, struct err *err)
{
	const struct by_id_sink sink = { .before = before_cards,
		.each = on_card, .arg = e, .refused = on_refused,
		.id = &set_of(e->c)->read.id };

	return by_id_load(e->c, &set_of(e->c)->by_id, "contacts.by_id", ids, n,
	    &sink, err);
}

bool
rest_load_contacts(void *self, const char *const *ids, size_t n,
    crm_contact_fn *emit, void *arg, struct err *err)
{
	struct rest_crm *c = self;
	struct emitter e = { .c = c, .emit = emit, .arg = arg };

	/* Without such a request their facts stay as old as they are. */
	return !rest_request_given(&set_of(c)->by_id.request) ||
	    (tag_names_load(c, err) && load(&e, ids, n, err));
}

/* ---- names of tags ---------------------------------------------------------------- */

static bool
on_tag_name(void *arg, const struct listing *l, struct listing_row *row,
    struct err *err)
{
	struct rest_crm *c = arg;
	const struct rest_names *set = l->of;
	struct map m = { .zone = c->rest.zone, .arena = c->reader->tags,
		.row = row->json };
	char *name, *id;

	name = arena_strdup(c->reader->tags, map_text(&m, "name", &set->name));
	id = arena_strdup(c->reader->tags, row->id);
	if (arena_failed(c->reader->tags))
		return err_nomem(err);
	return id == NULL || name == NULL ||
	    idmap_put(&c->reader->tag_names, id, name) || err_nomem(err);
}

bool
tag_names_load(struct rest_crm *c, struct err *err)
{
	const struct rest_names *set = &set_of(c)->tag_names;
	const struct listing l = { .name = "tag_names",
		.where = "contacts.tag_names", .set = &set->read, .of = set };
	const struct listing_sink sink = { .row = on_tag_name, .arg = c };
	const struct pull pull = { .from = 0 };

	if (c->reader->tag_names_read || !rest_listing_given(&set->read))
		return true;
	if (!listing_read(&c->rest, &l, 1, &pull, &sink, err))
		return false;
	c->reader->tag_names_read = true;
	return true;
}

/* ---- changed since ------------------------------------------------------------------ */

/* The cards that rows name, each once. */
static bool
ids_of(struct rest_crm *c, json_t *rows, const struct strlist *at,
    const char ***out, size_t *n, struct err *err)
{
	struct arena *page = c->rest.page;
	struct select_list found;
	struct idmap met;
	size_t i, cap = 0;
	const char **ids;
	json_t *row;

	*n = 0;
	idmap_init(&met, page);
	json_array_foreach (rows, i, row) {
		if (!select_first_all(row, at, page, &found))
			return err_nomem(err);
		for (size_t k = 0; k < found.n; k++) {
			const char *id = select_text(&found.v[k], page);
			if (id != NULL && !idmap_has(&met, id) &&
			    !idmap_put(&met, id, NULL))
				return err_nomem(err);
		}
	}
	ids = arena_array(page, met.n + 1, sizeof(*ids));
	for (cap = 0; ids != NULL && cap < met.cap; cap++)
		if (met.v[cap].id != NULL)
			ids[(*n)++] = met.v[cap].id;
	*out = ids;
	return ids != NULL || err_nomem(err);
}

/* Before the checkpoint: what was emitted of this page is not kept then. */
static bool
check_gone(const struct emitter *e, struct err *err)
{
	return e->gone < GONE_MIN || 2 * e->gone <= e->met ||
	    err_set(err, ERR_PROTOCOL, "contacts.by_id: %ld of %ld cards are "
	    "gone by their ids: not trusted, nobody was marked as gone; if "
	    "they were deleted, it ends when as many others have changed",
	    e->gone, e->met);
}

static bool
on_page(void *arg, const struct listing *l, json_t *rows, struct err *err)
{
	struct emitter *e = arg;
	const struct rest_contacts *set = set_of(e->c);
	const struct rest_also *also = l->of;
	const char **ids;
	size_t n;

	if (also == NULL && !set->load)
		return companies_load(e->c, rows, err);
	return ids_of(e->c, rows, also == NULL ? &set->read.id : &also->contact,
	    &ids, &n, err) && load(e, ids, n, err) && check_gone(e, err);
}

static bool
on_row(void *arg, const struct listing *l, struct listing_row *row,
    struct err *err)
{
	const struct emitter *e = arg;
	struct crm_contact card;

	if (l->of != NULL || set_of(e->c)->load)
		return true;
	return !card_map(e->c, row->json, NULL, &card, row->reason,
	           sizeof(row->reason)) || emit_one(e, &card, err);
}

bool
rest_pull_contacts(void *self, const struct pull *pull, crm_contact_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct rest_crm *c = self;
	struct emitter e = { .c = c, .emit = emit, .arg = arg };
	const struct listing_sink sink = { .page = on_page, .row = on_row,
		.arg = &e, .checkpoint = checkpoint, .checkpoint_arg = arg,
		.sorted = set_of(c)->also.n == 0 };
	const struct rest_listing *cards = &set_of(c)->read;
	struct pull mine = *pull;

	if (rest_listing_given(cards) && rest_listing_is_whole(cards))
		mine.resume = NULL;
	return tag_names_load(c, err) && listing_read(&c->rest,
	    c->reader->contacts, c->reader->n_contacts, &mine, &sink, err);
}

/* ---- by address ------------------------------------------------------------------------ */

static bool
hole_of(void *arg, const char *name, struct hole_value *out)
{
	const struct emitter *e = arg;

	if (strcmp(name, "email") != 0)
		return false;
	out->type = HOLE_TEXT;
	out->text = e->email;
	return true;
}

static bool
emit_found(struct emitter *e, json_t *row, struct err *err)
{
	struct crm_contact card;
	char reason[128];

	arena_reset(e->c->rest.item);
	if (!carries(e, row))
		return true;
	if (!card_map(e->c, row, NULL, &card, reason, sizeof(reason))) {
		complain(e, card.contact_id, reason);
		return true;
	}
	return emit_one(e, &card, err);
}

static bool
take_found(struct emitter *e, json_t *rows, struct err *err)
{
	const struct rest_contacts *set = set_of(e->c);
	const char **ids;
	json_t *row;
	size_t n;

	if (set->load)
		return ids_of(e->c, rows, &set->read.id, &ids, &n, err) &&
		    load(e, ids, n, err);
	if (!companies_load(e->c, rows, err))
		return false;
	json_array_foreach (rows, n, row)
		if (!emit_found(e, row, err))
			return false;
	return true;
}

bool
rest_find_contact(void *self, const char *email, crm_contact_fn *emit,
    void *arg, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct rest_crm *c = self;
	struct emitter e = { .c = c, .emit = emit, .arg = arg, .email = email };
	const struct rest_request *req = &set_of(c)->find;
	struct err why = { .kind = ERR_NONE };
	struct http_res res;

	if (!tag_names_load(c, err))
		return false;
	arena_reset(c->rest.page);
	if (!rest_read(&c->rest, req, NULL, hole_of, &e, &res, &doc, &why)) {
		*err = why;
		/* 404 is how some say that nobody carries it. */
		return why.kind == ERR_GONE || err_wrap(err, "contacts.find");
	}
	if (doc == NULL)
		return true;
	json_t *rows = rest_rows(req, json_root(doc));
	if (rows == NULL)
		return err_set(err, ERR_PROTOCOL, "contacts.find: expected an "
		    "array of rows where find.rows says");
	return take_found(&e, rows, err);
}
