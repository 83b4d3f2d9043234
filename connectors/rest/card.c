/*
 * card.c - a row as a contact.
 *
 * Facts only.  What a profile does not name, or a row does not hold, is
 * unknown, never "no": whether that counts against somebody is the core's.  A
 * flag that is there and is no flag makes the card unreadable, because a person
 * could be asked who is not to be; so do an opt-out and tags that a row lacks
 * and that the profile does not let it lack; so does a null in place of what
 * holds them, until a row of the run had them: a wrong name looks the same.
 * What is left of a card that is gone, merged or anonymised needs none of them:
 * nobody is asked by it, and that it is must be told.
 */
#include "reader.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/hole.h"
#include "map.h"
#include "select.h"

#define FIELD(member) { "fields." #member, &f->member }

void
card_fields(const struct rest_contacts *set, struct map_field *out)
{
	const struct rest_contact_fields *f = &set->fields;
	const struct map_field all[] = { FIELD(moved_to), FIELD(gone),
		FIELD(anonymised), FIELD(full_name), FIELD(first_name),
		FIELD(last_name), FIELD(email), FIELD(phone), FIELD(mobile),
		FIELD(language), FIELD(country), FIELD(company_id),
		FIELD(company), FIELD(relation), FIELD(segment),
		FIELD(department), FIELD(owner_id), FIELD(owner_name),
		FIELD(owner_email), FIELD(link), FIELD(employed),
		FIELD(consent), FIELD(consent_at), FIELD(opted_out),
		FIELD(tags), FIELD(company_tags) };
	const struct rest_extra *extra = f->extra.v;
	size_t n = ARRAY_LEN(all);

	memcpy(out, all, sizeof(all));
	for (size_t i = 0; i < f->extra.n && n + 1 < CARD_FIELDS_MAX; i++)
		out[n++] = (struct map_field){ extra[i].name, &extra[i].at };
	out[n] = (struct map_field){ NULL, NULL };
}

/* ---- tags ---------------------------------------------------------------------- */

static size_t
length(const char *const *v)
{
	size_t n = 0;

	while (v != NULL && v[n] != NULL)
		n++;
	return n;
}

/* An id without a name keeps its text: a tag made since the names were read. */
static const char *const *
named(struct rest_crm *c, const char *const *ids)
{
	const struct rest_names *set =
	    &c->set->profile.reading.contacts.tag_names;
	const size_t n = length(ids);

	if (ids == NULL || !rest_listing_given(&set->read))
		return ids;
	const char **v = arena_array(c->rest.item, n + 1, sizeof(*v));
	for (size_t i = 0; v != NULL && i < n; i++)
		if ((v[i] = idmap_get(&c->reader->tag_names, ids[i])) == NULL)
			v[i] = ids[i];
	return v;
}

/* What the card says of its company, and what the company's record says: a tag
 * against surveys counts wherever it stands. */
static const char *const *
joined(struct rest_crm *c, const char *const *card, const char *const *company)
{
	const size_t n = length(card), more = length(company);

	if (more == 0)
		return card;
	const char **v = arena_array(c->rest.item, n + more + 1, sizeof(*v));
	if (v == NULL)
		return card;
	if (n > 0)
		memcpy(v, card, n * sizeof(*v));
	memcpy(v + n, company, more * sizeof(*v));
	return v;
}

/* ---- the parts of a card --------------------------------------------------------- */

#define TEXT(member) map_text(m, #member, &f->member)

static void
map_person(struct map *m, const struct rest_contact_fields *f,
    struct crm_contact *out)
{
	out->name = (struct person_name){ TEXT(full_name), TEXT(first_name),
		TEXT(last_name) };
	out->email = TEXT(email);
	out->phone = TEXT(phone);
	out->mobile = TEXT(mobile);
	out->language = TEXT(language);
	out->country = TEXT(country);
	out->department = TEXT(department);
}

static void
map_flags(struct map *m, const struct rest_contact_fields *f,
    struct crm_contact *out)
{
	out->gone = map_flag(m, "gone", &f->gone) == TRI_YES;
	out->anonymised = map_flag(m, "anonymised", &f->anonymised) == TRI_YES;
	out->employed = map_flag(m, "employed", &f->employed);
	out->consent = map_flag(m, "consent", &f->consent);
	out->consent_at = map_time(m, "consent_at", &f->consent_at, NULL);
	out->opted_out = map_flag(m, "opted_out", &f->opted_out) == TRI_YES;
}

static void
map_company(struct map *m, const struct rest_contact_fields *f,
    struct crm_contact *out)
{
	out->company_id = TEXT(company_id);
	out->company = TEXT(company);
	out->relation = TEXT(relation);
	out->segment = TEXT(segment);
	out->owner_id = TEXT(owner_id);
	out->owner_name = TEXT(owner_name);
	out->owner_email = TEXT(owner_email);
}

static bool
is_left_over(const struct crm_contact *c)
{
	return c->gone || c->anonymised || c->moved_to != NULL;
}

static void
map_musts(struct map *m, const struct rest_contact_fields *f,
    const struct musts_met *met, const struct crm_contact *out)
{
	if (is_left_over(out))
		return;
	map_must(m, "opted_out", &f->opted_out, met->opted_out);
	map_must(m, "tags", &f->tags, met->tags);
	/* Somebody without a company has none of its tags. */
	map_must(m, "company_tags", &f->company_tags, met->company_tags ||
	    select_is_null(m->row, &f->company_tags));
}

/* What the card says itself counts; who takes care of it, as one. */
static void
add_company(struct map *m, const struct company *from, struct crm_contact *out)
{
	if (from == NULL)
		return;
	if (from->refused != NULL) {
		if (is_left_over(out))
			return;
		(void)map_refuse(m, "company_id", arena_printf(m->arena,
		    "a company that can be read: %s", from->refused));
		return;
	}
	if (out->company == NULL)
		out->company = from->name;
	if (out->relation == NULL)
		out->relation = from->relation;
	if (out->segment == NULL)
		out->segment = from->segment;
	if (out->owner_id == NULL && out->owner_name == NULL &&
	    out->owner_email == NULL) {
		out->owner_id = from->owner_id;
		out->owner_name = from->owner_name;
		out->owner_email = from->owner_email;
	}
}

static void
map_extra(struct map *m, const struct rest_contact_fields *f,
    struct crm_contact *out)
{
	const struct rest_extra *extra = f->extra.v;
	const char *(*v)[2] = arena_array(m->arena, f->extra.n + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v != NULL && i < f->extra.n; i++) {
		const char *text = map_text(m, extra[i].name, &extra[i].at);
		if (text == NULL)
			continue;
		v[n][0] = extra[i].name;
		v[n++][1] = text;
	}
	out->extra = (const char *const (*)[2])v;
}

/* ---- the address of a card ---------------------------------------------------------- */

struct card_link {
	json_t *row;
	const char *id;
	struct rest_crm *c;
};

static bool
hole_of(void *arg, const char *name, struct hole_value *out)
{
	const struct card_link *l = arg;
	const struct rest_place *place = l->c->rest.place;
	const struct rest_variable *v = place->variables.v;

	out->type = HOLE_TEXT;
	if (strcmp(name, "id") == 0) {
		out->text = l->id;
		return true;
	}
	for (size_t i = 0; i < place->variables.n; i++)
		if (strncmp(name, "var.", 4) == 0 &&
		    strcmp(name + 4, v[i].name) == 0) {
			out->text = v[i].value;
			return true;
		}
	return reader_row_hole(l->row, name, l->c->rest.item, out);
}

static bool
write_part(struct card_link *l, const char *text, struct arena *arena,
    const char **out)
{
	struct err unwritten;

	return hole_write(text, HOLE_URL, l->c->rest.zone, hole_of, l, arena, out,
	           &unwritten) && *out != NULL;
}

/* One that cannot be made is none: it only saves a search. */
static void
map_link(struct rest_crm *c, struct map *m,
    const struct rest_contact_fields *f, struct crm_contact *out)
{
	struct card_link l = { m->row, out->contact_id, c };
	const char *hash = strchr(f->card, '#'), *base, *fragment;

	out->link = TEXT(link);
	if (out->link != NULL || *f->card == '\0')
		return;
	if (hash == NULL) {
		if (!write_part(&l, f->card, m->arena, &out->link))
			out->link = NULL;
		return;
	}
	base = arena_strndup(m->arena, f->card, (size_t)(hash - f->card));
	if (base != NULL && write_part(&l, base, m->arena, &base) &&
	    write_part(&l, hash + 1, m->arena, &fragment))
		out->link = arena_printf(m->arena, "%s#%s", base, fragment);
}

/* ---- all of it ------------------------------------------------------------------------ */

bool
card_map(struct rest_crm *c, json_t *row, const char *asked,
    struct crm_contact *out, char *reason, size_t size)
{
	const struct rest_contacts *set = &c->set->profile.reading.contacts;
	const struct rest_contact_fields *f = &set->fields;
	struct map map = { .maps = &f->maps, .zone = c->rest.zone,
		.arena = c->rest.item, .row = row }, *m = &map;
	const struct strlist *id_at = select_any(&set->by_id.id)
	    ? &set->by_id.id : &set->read.id;
	const char *id = asked != NULL ? map_text(m, "id", id_at)
	    : map_id(m, "id", &set->read.id);

	*out = (struct crm_contact){ .contact_id = asked != NULL ? asked : id,
		.moved_to = TEXT(moved_to), .consent_at = NO_TIME };
	/* Asked for by an old id, some answer with the survivor of a merge
	 * (by_id.c lets nobody else through); in other letters it is itself. */
	if (asked != NULL && id != NULL && strcasecmp(asked, id) != 0 &&
	    out->moved_to == NULL)
		out->moved_to = id;
	map_person(m, f, out);
	map_flags(m, f, out);
	map_company(m, f, out);
	out->tags = named(c, map_list(m, "tags", &f->tags, f->tag_separator));
	out->company_tags = map_list(m, "company_tags", &f->company_tags,
	    f->tag_separator);
	const struct company *company = companies_find(c, out->company_id);
	add_company(m, company, out);
	out->company_tags = named(c, joined(c, out->company_tags,
	    company == NULL ? NULL : company->tags));
	map_extra(m, f, out);
	map_link(c, m, f, out);
	map_musts(m, f, &c->reader->met, out);
	snprintf(reason, size, "%s", m->reason);
	return m->reason[0] == '\0';
}
