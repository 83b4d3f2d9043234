/*
 * contacts.c - contacts that changed, by id, by address.
 *
 * How this can lose or harm, and what stops it:
 *  - somebody called gone who is not: only an answer that is complete says so,
 *    and an id that is no GUID was never asked for;
 *  - one card that cannot be read: quarantined under its id, neither known nor
 *    gone;
 *  - a search that finds more than was asked for: the address is compared
 *    again;
 *  - memory: SLICE ids at a time.
 */
#include <string.h>
#include <strings.h>

#include "reader.h"

#define SLICE ((size_t)1000)
#define SOURCE "contacts"

struct emitter {
	struct dynamics *d;
	crm_contact_fn *emit;
	void *arg;
	const char *email;	/* only cards that carry it; NULL = all */
	struct idmap *found;	/* asked for; the value is set when met */
};

static bool
emit_one(const struct emitter *e, const struct crm_contact *card,
    struct err *err)
{
	if (arena_failed(e->d->item))
		return err_nomem(err);
	return e->emit(e->arg, card) || err_set(err, ERR_CANCELLED,
	    "contacts: stopped");
}

bool
contact_emit_gone(struct dynamics *d, const char *id, crm_contact_fn *emit,
    void *arg, struct err *err)
{
	const struct emitter e = { .d = d, .emit = emit, .arg = arg };
	const struct crm_contact card = { .contact_id = id, .gone = true,
		.consent_at = NO_TIME };

	return emit_one(&e, &card, err);
}

static bool
on_card(void *arg, json_t *row, struct err *err)
{
	const struct emitter *e = arg;
	struct crm_contact card;
	char reason[128];

	arena_reset(e->d->item);
	const bool sound = dynamics_card_map(e->d, row, e->d->item, &card,
	    reason, sizeof(reason));
	if (card.contact_id != NULL && e->found != NULL) {
		if (!idmap_has(e->found, card.contact_id))
			return true;
		(void)idmap_put(e->found, arena_strdup(e->d->page,
		    card.contact_id), e->found);
	}
	if (e->email != NULL && (card.email == NULL ||
	    strcasecmp(card.email, e->email) != 0))
		return true;
	if (sound)
		return emit_one(e, &card, err);
	feed_complain(e->d, SOURCE, card.contact_id, reason);
	return true;
}

bool
contact_emit_row(struct dynamics *d, json_t *row, crm_contact_fn *emit,
    void *arg, struct err *err)
{
	struct emitter e = { .d = d, .emit = emit, .arg = arg };

	return on_card(&e, row, err);
}

/* ---- by id ------------------------------------------------------------- */

static const char *
lowered(struct arena *arena, const char *id)
{
	char *copy = arena_strdup(arena, id);

	for (char *at = copy; at != NULL && *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'F')
			*at = (char)(*at - 'A' + 'a');
	return copy;
}

/* The ids that can be asked for, each once. */
static bool
ids_sort_out(struct emitter *e, const char *const *ids, size_t n,
    const char **asked, size_t *n_asked, struct err *err)
{
	*n_asked = 0;
	for (size_t i = 0; i < n; i++) {
		if (!dynamics_is_guid(ids[i])) {
			feed_complain(e->d, SOURCE, ids[i], "expected a GUID: "
			    "no contact of this CRM");
			continue;
		}
		const char *id = lowered(e->d->page, ids[i]);
		if (id == NULL)
			return err_nomem(err);
		if (idmap_has(e->found, id))
			continue;
		if (!idmap_put(e->found, id, NULL))
			return err_nomem(err);
		asked[(*n_asked)++] = id;
	}
	return true;
}

bool
contacts_load(struct dynamics *d, const char *const *ids, size_t n,
    crm_contact_fn *emit, void *arg, size_t *gone, struct err *err)
{
	const struct feed *f = &d->reader->contacts;
	const struct odata_query q = { .set = f->set, .select = f->select,
		.expand = f->expand };
	struct idmap found;
	struct emitter e = { .d = d, .emit = emit, .arg = arg,
		.found = &found };
	const char **asked = arena_array(d->page, n + 1, sizeof(*asked));
	size_t n_asked;

	idmap_init(&found, d->page);
	if (asked == NULL)
		return err_nomem(err);
	if (!ids_sort_out(&e, ids, n, asked, &n_asked, err) ||
	    !feed_by_ids(d, d->page, &q, "contactid", asked, n_asked, on_card,
	        &e, err))
		return false;
	*gone = 0;
	for (size_t i = 0; i < n_asked; i++) {
		if (idmap_get(&found, asked[i]) != NULL)
			continue;
		++*gone;
		if (!contact_emit_gone(d, asked[i], emit, arg, err))
			return false;
	}
	return !arena_failed(d->page) || err_nomem(err);
}

bool
dynamics_load_contacts(void *self, const char *const *ids, size_t n,
    crm_contact_fn *emit, void *arg, struct err *err)
{
	struct dynamics *d = self;
	size_t gone;

	for (size_t at = 0; at < n; at += SLICE) {
		arena_reset(d->page);
		if (!contacts_load(d, ids + at, n - at < SLICE ? n - at : SLICE,
		    emit, arg, &gone, err))
			return false;
	}
	return true;
}

/* ---- by address -------------------------------------------------------- */

bool
dynamics_find_contact(void *self, const char *email, crm_contact_fn *emit,
    void *arg, struct err *err)
{
	struct dynamics *d = self;
	const struct feed *f = &d->reader->contacts;
	struct emitter e = { .d = d, .emit = emit, .arg = arg,
		.email = email };
	struct odata_query q = { .set = f->set, .select = f->select,
		.expand = f->expand };

	arena_reset(d->page);
	const char *literal = odata_text(d->page, email);
	q.filter = literal == NULL ? NULL : arena_printf(d->page,
	    "emailaddress1 eq %s", literal);
	const char *target = q.filter == NULL ? NULL :
	    odata_target(d->page, &q);
	return target == NULL ? err_nomem(err) : feed_all(d, d->page, target,
	    SOURCE, on_card, &e, err);
}

/* ---- changed since ----------------------------------------------------- */

static bool
on_row(void *arg, const struct feed *f, struct feed_row *row, struct err *err)
{
	(void)f;
	return on_card(arg, row->json, err);
}

bool
contacts_open(struct dynamics *d, struct err *err)
{
	struct feed *f = &d->reader->contacts;

	*f = (struct feed){ .name = SOURCE, .set = "contacts",
		.id = "contactid" };
	return dynamics_card_columns(d, &f->select, &f->expand, err);
}

bool
dynamics_pull_contacts(void *self, const struct pull *pull,
    crm_contact_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err)
{
	struct dynamics *d = self;
	struct emitter e = { .d = d, .emit = emit, .arg = arg };
	const struct feed_sink sink = { .row = on_row, .arg = &e,
		.checkpoint = checkpoint, .checkpoint_arg = arg };

	if (d->set->contact_mirror == MIRROR_DELTA)
		return changes_pull(d, pull, emit, checkpoint, arg, err);
	return feed_read(d, &d->reader->contacts, 1, pull, &sink, err);
}
