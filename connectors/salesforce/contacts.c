/*
 * contacts.c - cards: all that changed, some by their ids, some by an address.
 *
 * Deleted ones are asked for too (queryAll): a card that was merged into
 * another says which, and an id that is not among the answers is gone.
 */
#include "reading.h"

#include <string.h>

#define PAGE_MAX_BYTES ((size_t)33554432)
#define STATEMENT_BYTES 4000	/* of one without its ids, at most */

struct cards {
	struct salesforce *s;
	struct sf_pass pass;
	const char *stamp;
	crm_contact_fn *emit;
	void *arg;
	struct arena *page;
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

/* ---- a page of rows ---------------------------------------------------- */
/* Whose relation to an account has ended. */
static bool
left_of(struct cards *c, json_t *records, struct sf_links *out,
    struct err *err)
{
	static const struct sf_lookup left = { "query AccountContactRelation",
		soql_left, "ContactId", "AccountId", NULL, NULL, false };
	size_t n;
	const char **ids = sf_column(records, "Id", c->page, &n);

	*out = (struct sf_links){ .n = 0 };
	if (ids == NULL)
		return err_nomem(err);
	return !c->s->set->use_account_contact_relation ||
	    sf_lookup(c->s, &left, ids, n, c->page, out, err);
}

/* The card as it was asked for: with 15 letters, perhaps. */
static void
note_met(struct cards *c, struct crm_contact *card)
{
	for (size_t i = 0; i < c->n; i++)
		if (!c->met[i] && sf_same_id(c->ids[i], card->contact_id)) {
			c->met[i] = true;
			card->contact_id = c->ids[i];
			return;
		}
}

static bool
on_records(struct cards *c, json_t *records, struct err *err)
{
	struct sf_links left;
	struct crm_contact card;
	const char *odd;
	json_t *row;
	size_t i;

	arena_reset(c->page);
	if (!left_of(c, records, &left, err))
		return false;
	json_array_foreach(records, i, row) {
		if (!sf_contact_map(c->s, row, &left, &card, &odd, err))
			return false;
		/* One that cannot be read is there all the same. */
		if (card.contact_id != NULL)
			note_met(c, &card);
		if (odd != NULL)
			sf_odd_row(c->s, "contacts", row, odd);
		else if (!emit_card(c, &card, err))
			return false;
	}
	return true;
}

/* ---- all that changed -------------------------------------------------- */
static void
changed(const void *of, struct buf *out, const struct soql_window *w)
{
	const struct cards *c = of;

	soql_contacts_changed(out, c->s->contact_select, c->stamp, w);
}

static bool
on_rows(void *arg, const struct sf_part *part, json_t *records,
    struct err *err)
{
	(void)part;
	return on_records(arg, records, err);
}

static bool
pull_all(struct cards *c, struct err *err)
{
	const struct sf_describe *d;

	if (!sf_ready(c->s, err) || !sf_describe(c->s, "Contact", &d, err) ||
	    !sf_pass_begin(&c->pass, err))
		return false;
	c->stamp = sf_stamp(d);
	if (c->stamp == NULL)
		return err_set(err, ERR_CONFIG, "Contact: neither "
		    "SystemModstamp nor LastModifiedDate can be asked for");
	const struct sf_part part = { .name = "contacts",
		.label = "query Contact", .all = true, .fields = d,
		.from = c->pass.begin,
		.until = c->pass.until, .soql = changed, .rows = on_rows,
		.of = c };
	return sf_pass_run(&c->pass, &part, 1, err);
}

bool
sf_pull_contacts(void *self, const struct pull *pull, crm_contact_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	AUTO(arena) struct arena *page = arena_new(PAGE_MAX_BYTES);
	struct cards c = { .s = self, .page = page, .emit = emit, .arg = arg };

	if (page == NULL)
		return err_nomem(err);
	c.pass = (struct sf_pass){ .s = self, .pull = pull, .arg = &c,
		.checkpoint = checkpoint, .checkpoint_arg = arg };
	const bool ok = pull_all(&c, err);
	sf_pass_free(&c.pass);
	return ok;
}

/* ---- some -------------------------------------------------------------- */
static bool
on_page(void *arg, const struct sf_page *page, struct err *err)
{
	return on_records(arg, page->records, err);
}

static bool
ask(struct cards *c, const struct buf *soql, bool all, struct err *err)
{
	struct sf_query q = { .soql = buf_text(soql), .label = "query Contact",
		.all = all, .page = on_page, .arg = c };

	return soql->failed ? err_nomem(err) : sf_query(c->s, &q, err);
}

static bool
emit_gone(struct cards *c, struct err *err)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct crm_contact card = { .contact_id = c->ids[i],
			.gone = true, .consent_at = NO_TIME };
		if (!c->met[i] && !emit_card(c, &card, err))
			return false;
	}
	return true;
}

static bool
load_some(struct cards *c, struct err *err)
{
	AUTO(buf) struct buf soql;

	memset(c->met, 0, c->n * sizeof(*c->met));
	buf_init(&soql, SOQL_MAX_BYTES);
	soql_contacts_by_id(&soql, c->s->contact_select, c->ids, c->n);
	return ask(c, &soql, true, err) && emit_gone(c, err);
}

/* One that is no id would spoil the statement for all: the others are read. */
static const char **
sound_ids(struct salesforce *s, const char *const *ids, size_t *n,
    struct arena *arena)
{
	const char **sound = arena_array(arena, *n + 1, sizeof(*sound));
	const size_t all = *n;

	*n = 0;
	for (size_t i = 0; sound != NULL && i < all; i++)
		if (sf_is_id(ids[i]))
			sound[(*n)++] = ids[i];
		else if (s->env.quarantine != NULL)
			s->env.quarantine(s->env.quarantine_arg, "contacts", 0,
			    ids[i], "expected an id of 15 or 18 letters and "
			    "digits");
	return sound;
}

static bool
load_all(struct cards *c, const char *const *ids, size_t n, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(PAGE_MAX_BYTES);
	const char **sound = arena == NULL ? NULL :
	    sound_ids(c->s, ids, &n, arena);
	const size_t step = sf_ids_max(c->s, STATEMENT_BYTES);

	c->met = sound == NULL ? NULL : arena_array(arena, step,
	    sizeof(*c->met));
	if (c->met == NULL)
		return err_nomem(err);
	for (size_t at = 0; at < n; at += step) {
		c->ids = sound + at;
		c->n = n - at < step ? n - at : step;
		if (!load_some(c, err))
			return false;
	}
	return true;
}

bool
sf_load_contacts(void *self, const char *const *ids, size_t n,
    crm_contact_fn *emit, void *arg, struct err *err)
{
	AUTO(arena) struct arena *page = arena_new(PAGE_MAX_BYTES);
	struct cards c = { .s = self, .page = page, .emit = emit, .arg = arg };

	if (page == NULL)
		return err_nomem(err);
	return sf_ready(c.s, err) && load_all(&c, ids, n, err);
}

bool
sf_find_contact(void *self, const char *email, crm_contact_fn *emit,
    void *arg, struct err *err)
{
	AUTO(arena) struct arena *page = arena_new(PAGE_MAX_BYTES);
	AUTO(buf) struct buf soql;
	struct cards c = { .s = self, .page = page, .emit = emit, .arg = arg };

	buf_init(&soql, SOQL_MAX_BYTES);
	if (page == NULL)
		return err_nomem(err);
	if (!sf_ready(c.s, err))
		return false;
	soql_contacts_by_email(&soql, c.s->contact_select, email);
	return ask(&c, &soql, false, err);
}
