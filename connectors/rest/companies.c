/*
 * companies.c - facts of the companies that cards belong to, by a request of
 * their own; kept for the run, because thousands of cards share hundreds of
 * companies.
 *
 * How this can go wrong, and what stops it: memory (the cache is emptied when
 * it is full, between two pages only), a company that is gone (kept as such:
 * asked for once), a failed request (ends the connector: a card without its
 * relation would pass or fail the filters wrongly), an odd id that the service
 * refuses, or a record without the tags that may speak against asking (its
 * cards are quarantined, the others go on).
 */
#include "reader.h"

#include <string.h>

#include "map.h"
#include "select.h"

#define CACHE_FULL ((size_t)48 << 20)	/* of CACHE_MAX_BYTES in reader.c */

static const char *
id_of(const struct rest_crm *c, json_t *card, struct arena *arena)
{
	const struct rest_contact_fields *f =
	    &c->set->profile.reading.contacts.fields;
	struct map m = { .maps = &f->maps, .zone = c->rest.zone, .arena = arena,
		.row = card };

	return map_text(&m, "company_id", &f->company_id);
}

static const char *const *
copy_list(const char *const *list, struct arena *arena)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	const char **v = arena_array(arena, n + 1, sizeof(*v));
	for (size_t i = 0; v != NULL && i < n; i++)
		v[i] = arena_strdup(arena, list[i]);
	return v;
}

void
rows_note(json_t *rows, const struct strlist *paths, bool *met)
{
	json_t *row;
	size_t i;

	if (!json_is_array(rows))
		*met = *met || select_has_place(rows, paths);
	json_array_foreach (rows, i, row)
		*met = *met || select_has_place(row, paths);
}

static bool
before_companies(void *arg, json_t *rows, struct err *err)
{
	struct rest_crm *c = arg;

	(void)err;
	rows_note(rows, &c->set->profile.reading.contacts.company.tags,
	    &c->reader->met.tags_of_company);
	return true;
}

static bool
on_company(void *arg, const char *id, json_t *row, struct err *err)
{
	struct rest_crm *c = arg;
	struct arena *cache = c->reader->cache;
	const struct rest_contacts *contacts = &c->set->profile.reading.contacts;
	const struct rest_company *set = &contacts->company;
	/* Straight into the cache: little of it is left over. */
	struct map m = { .maps = &set->maps, .zone = c->rest.zone,
		.arena = cache, .row = row };
	struct company *to = row == NULL ? NULL
	    : arena_alloc(cache, sizeof(*to));

	if (to != NULL)
		*to = (struct company){
			.name = map_text(&m, "company", &set->company),
			.relation = map_text(&m, "relation", &set->relation),
			.segment = map_text(&m, "segment", &set->segment),
			.owner_id = map_text(&m, "owner_id", &set->owner_id),
			.owner_name = map_text(&m, "owner_name",
			    &set->owner_name),
			.owner_email = map_text(&m, "owner_email",
			    &set->owner_email),
			.tags = copy_list(map_list(&m, "tags", &set->tags,
			    contacts->fields.tag_separator), cache) };
	if (m.reason[0] != '\0')
		return err_set(err, ERR_PROTOCOL, "contacts.company.%s",
		    m.reason);
	if (to != NULL)
		map_must(&m, "tags", &set->tags,
		    c->reader->met.tags_of_company ||
		    select_is_null(row, &set->tags));
	if (m.reason[0] != '\0')
		to->refused = arena_strdup(cache, m.reason);
	const char *key = arena_strdup(cache, id);
	return key != NULL && idmap_put(&c->reader->companies, key, to) &&
	    !arena_failed(cache) ? true : err_nomem(err);
}

/* A card whose company says no must not pass, so none is left out; but one odd
 * id must not stop all others each night. */
static bool
on_refused(void *arg, const char *id, const char *why)
{
	struct rest_crm *c = arg;
	struct arena *cache = c->reader->cache;
	const char *key = arena_strdup(cache, id);
	struct company *to = arena_alloc(cache, sizeof(*to));

	if (to == NULL || key == NULL)
		return false;
	*to = (struct company){ .tags = copy_list(NULL, cache),
		.refused = arena_strdup(cache, why) };
	return idmap_put(&c->reader->companies, key, to) &&
	    !arena_failed(cache);
}

/* Adds the company of a card to those to be asked for. */
static void
want(const struct rest_crm *c, json_t *card, struct idmap *wanted,
    const char **ids, size_t *n, struct arena *arena)
{
	const char *id = id_of(c, card, arena);

	if (id == NULL || idmap_has(&c->reader->companies, id) ||
	    idmap_has(wanted, id) || !idmap_put(wanted, id, NULL))
		return;
	ids[(*n)++] = id;
}

bool
companies_load(struct rest_crm *c, json_t *cards, struct err *err)
{
	const struct rest_by_id *set =
	    &c->set->profile.reading.contacts.company.by_id;
	const struct by_id_sink sink = { .before = before_companies,
		.each = on_company, .arg = c,
		.refused = on_refused };
	const struct rest_contact_fields *f =
	    &c->set->profile.reading.contacts.fields;
	struct rest_reader *reader = c->reader;
	struct arena *page = c->rest.page;
	struct idmap wanted;
	size_t n = 0, i;
	json_t *card;

	rows_note(cards, &f->opted_out, &reader->met.opted_out);
	rows_note(cards, &f->tags, &reader->met.tags);
	rows_note(cards, &f->company_tags, &reader->met.company_tags);
	if (!rest_request_given(&set->request))
		return true;
	if (arena_used(reader->cache) > CACHE_FULL) {
		arena_reset(reader->cache);
		idmap_init(&reader->companies, reader->cache);
	}
	const char **ids = arena_array(page, json_array_size(cards) + 1,
	    sizeof(*ids));
	if (ids == NULL)
		return err_nomem(err);
	idmap_init(&wanted, page);
	if (!json_is_array(cards))
		want(c, cards, &wanted, ids, &n, page);
	json_array_foreach (cards, i, card)
		want(c, card, &wanted, ids, &n, page);
	return by_id_load(c, set, "contacts.company", ids, n, &sink, err);
}

const struct company *
companies_find(const struct rest_crm *c, const char *id)
{
	return id == NULL ? NULL : idmap_get(&c->reader->companies, id);
}
