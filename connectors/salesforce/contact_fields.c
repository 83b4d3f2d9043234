/*
 * contact_fields.c - which fields of a contact are asked for, and what they
 * say.
 *
 * A field that says who must not be asked and cannot be seen stops everything:
 * whoever opted out would look as if he had not.  A card whose row lacks such a
 * field, or holds in it what cannot be read, cannot be read itself; null is a
 * "no", and so is a parent that the card does not name.  One that it names and
 * that does not come is hidden by sharing, and may say "do not ask".
 */
#include "reading.h"

#include <string.h>
#include <strings.h>

#include "tagfield.h"

#define NO_SEND_TAG "NPSToday.NoSend"
#define COMPANY "Account."
#define PARENTS_MAX 5		/* a statement's own limit */
#define HINT "until then nobody is asked.  Give the permission set of npsync " \
	"read access to the field, or create it, or correct the option "

/* ---- before anything is read ------------------------------------------- */
static bool
check_suppression(const struct salesforce *s, const struct sf_describe *d,
    struct err *err)
{
	const struct sf_settings *set = s->set;
	const struct { const char *field, *todo; } all[] = {
		{ "Id", HINT "api_version" }, { "Email", HINT "api_version" },
		{ set->optout_field, HINT "optout_field" },
		{ set->bounce_field, HINT "bounce_field" },
		{ set->employment_field, HINT "employment_field" },
		{ set->nosend_field, HINT "nosend_field" },
		{ set->consent_field, HINT "consent_field" },
		{ set->consent_at_field, HINT "consent_at_field" },
		{ set->w.tag_field, HINT "tag_field" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (!sf_require(d, &all[i].field, 1, all[i].todo, err))
			return false;
	return true;
}

/* One of another type would keep out each card that has a value in it.  Of a
 * parent's only the rows tell. */
static bool
check_flags(const struct sf_settings *set, const struct sf_describe *d,
    struct err *err)
{
	const struct { const char *field, *option; } all[] = {
		{ set->optout_field, "optout_field" },
		{ set->bounce_field, "bounce_field" },
		{ set->nosend_field, "nosend_field" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct sf_field *f = sf_field(d, all[i].field);
		if (f != NULL && *f->type != '\0' &&
		    strcmp(f->type, "boolean") != 0 &&
		    strcmp(f->type, "string") != 0)
			return err_set(err, ERR_CONFIG, "%s.%s is of the type "
			    "%.40s; expected a checkbox, or a text that says "
			    "true or false: until then nobody is asked.  "
			    "Correct the option %s", d->object, f->name,
			    f->type, all[i].option);
	}
	return true;
}

/* Without the way to its account a contact has neither that one's tags nor a
 * company that it could have left. */
static bool
check_company(struct salesforce *s, const struct sf_describe *contact,
    struct err *err)
{
	static const char *const way = "AccountId";
	const char *const *field = &s->set->company_tag_field;
	const struct sf_describe *d;

	if (s->set->use_account_contact_relation && !sf_require(contact, &way,
	    1, HINT "use_account_contact_relation", err))
		return false;
	return **field == '\0' || (sf_require(contact, &way, 1,
	    HINT "company_tag_field", err) &&
	    sf_describe(s, "Account", &d, err) &&
	    sf_require(d, field, 1, HINT "company_tag_field", err));
}

/* What tells a parent that is hidden from one that there is not; in out, which
 * has room for two of each of its parents. */
static size_t
add_ways(struct arena *arena, const char *field, const char **out)
{
	size_t n = 0;
	const char *dot = field;

	while ((dot = strchr(dot, '.')) != NULL && n < (size_t)2 * PARENTS_MAX) {
		const char *parent = arena_strndup(arena, field,
		    (size_t)(dot++ - field));
		if (parent == NULL)
			break;
		out[n++] = sf_parent_key(arena, parent);
		out[n++] = arena_printf(arena, "%s.Id", parent);
	}
	return n;
}

static const char *
make_select(struct salesforce *s, const struct sf_describe *d)
{
	const struct sf_settings *set = s->set;
	const char *const company = *set->company_tag_field == '\0' ? "" :
	    arena_printf(s->own, COMPANY "%s", set->company_tag_field);
	const char *const fixed[] = { "Id", "Name", "FirstName", "LastName",
		"Email", "Phone", "MobilePhone", "AccountId", "Account.Name",
		"OwnerId", "Owner.Name", "Owner.Email", "IsDeleted",
		"MasterRecordId", set->optout_field, set->bounce_field,
		set->employment_field, set->nosend_field, set->consent_field,
		set->consent_at_field, set->w.tag_field, set->language_field,
		set->country_field, set->relation_field, set->segment_field,
		set->department_field, company };
	const char *const musts[] = { set->optout_field, set->bounce_field,
		set->employment_field, set->nosend_field, set->w.tag_field,
		company };
	const size_t more = set->extra_fields.n;
	size_t n = ARRAY_LEN(fixed);
	const char **all = arena_array(s->own, n + more +
	    ARRAY_LEN(musts) * 2 * PARENTS_MAX, sizeof(*all));

	if (all == NULL || arena_failed(s->own))
		return NULL;
	memcpy(all, fixed, sizeof(fixed));
	for (size_t i = 0; i < more; i++)
		all[n++] = set->extra_fields.v[i];
	for (size_t i = 0; i < ARRAY_LEN(musts); i++)
		n += add_ways(s->own, musts[i], all + n);
	return arena_failed(s->own) ? NULL : sf_select(d, all, n, s->own);
}

bool
sf_ready(struct salesforce *s, struct err *err)
{
	const struct sf_describe *d;

	if (s->contact_select != NULL)
		return true;
	if (!sf_describe(s, "Contact", &d, err) ||
	    !check_suppression(s, d, err) || !check_flags(s->set, d, err) ||
	    !check_company(s, d, err))
		return false;
	s->contact_select = make_select(s, d);
	return s->contact_select != NULL || err_nomem(err);
}

/* ---- tags -------------------------------------------------------------- */
/* Of the field, and one more; ends with NULL. */
static const char *const *
split(struct arena *arena, const char *text, const char *also)
{
	const char *const *had = sf_tags_split(arena, text);
	size_t n = 0;

	if (had == NULL || also == NULL)
		return had;
	while (had[n] != NULL)
		n++;
	const char **list = arena_array(arena, n + 2, sizeof(*list));
	if (list == NULL)
		return NULL;
	memcpy(list, had, n * sizeof(*list));
	list[n] = also;
	return (const char *const *)list;
}

/* ---- what must have been read ------------------------------------------ */
struct card {
	const struct salesforce *s;
	json_t *row;
	struct arena *arena;
	const char *lacks;	/* a field that had to be there */
	const char *expected;	/* of it */
};

static void
refuse(struct card *c, const char *field, const char *expected)
{
	if (c->lacks != NULL)
		return;
	c->lacks = field;
	c->expected = expected;
}

/* NULL = null, or field is "". */
static json_t *
must(struct card *c, const char *field)
{
	json_t *node = *field == '\0' ? NULL : json_at(c->row, field);
	const enum sf_parent way = sf_parent(c->row, field, c->arena);

	if (way == SF_PARENT_HIDDEN)
		refuse(c, field, "access to the record that holds it: the card "
		    "names one that npsync's user cannot read");
	else if (way == SF_PARENT_READ && *field != '\0' && node == NULL)
		refuse(c, field, "this field in the answer");
	return way != SF_PARENT_READ || json_is_null(node) ? NULL : node;
}

static const char *
must_text(struct card *c, const char *field)
{
	json_t *node = must(c, field);
	const bool flat = !json_is_object(node) && !json_is_array(node);

	if (!flat)
		refuse(c, field, "a text");
	return sf_any(c->row, field, c->arena);
}

/* "" is what a job writes for null. */
static bool
must_flag(struct card *c, const char *field)
{
	json_t *node = must(c, field);
	const char *text = json_string_value(node);

	if (node != NULL && !json_is_boolean(node) && (text == NULL ||
	    (*text != '\0' && strcasecmp(text, "true") != 0 &&
	    strcasecmp(text, "false") != 0)))
		refuse(c, field, "true or false");
	return sf_is_true(c->row, field);
}

/* Whole, however long; also is one more. */
static const char *const *
must_tags(struct card *c, const char *field, const char *also)
{
	json_t *node = must(c, field);

	if (node != NULL && !json_is_string(node))
		refuse(c, field, "a text");
	return split(c->arena, sf_text(c->row, field), also);
}

/* ---- a row as a contact ------------------------------------------------ */
static bool
has_left(struct card *c)
{
	const struct sf_settings *set = c->s->set;
	const char *text = must_text(c, set->employment_field);

	for (size_t i = 0; text != NULL &&
	     i < set->employment_left_values.n; i++)
		if (strcasecmp(text, set->employment_left_values.v[i]) == 0)
			return true;
	return false;
}

static bool
is_left_behind(const struct sf_links *left, const char *id,
    const char *company)
{
	size_t n;
	const struct sf_link *link = left == NULL || company == NULL ? NULL :
	    sf_links_of(left, id, &n);

	for (size_t i = 0; link != NULL && i < n; i++)
		if (link[i].to != NULL && strcmp(link[i].to, company) == 0)
			return true;
	return false;
}

static enum tri
employed(struct card *c, const struct sf_links *left, const char *company)
{
	const struct sf_settings *set = c->s->set;
	const bool known = *set->employment_field != '\0' ||
	    set->use_account_contact_relation;

	if (set->use_account_contact_relation)
		(void)must(c, "AccountId");
	if (has_left(c) || is_left_behind(left, sf_text(c->row, "Id"), company))
		return TRI_NO;
	return known ? TRI_YES : TRI_UNKNOWN;
}

static enum tri
consent(const struct sf_settings *set, json_t *row)
{
	return *set->consent_field == '\0' ? TRI_UNKNOWN :
	    sf_is_true(row, set->consent_field) ? TRI_YES : TRI_NO;
}

static const char *const (*
extra(const struct salesforce *s, json_t *row))[2]
{
	const struct strlist *names = &s->set->extra_fields;
	const char *(*out)[2] = arena_array(s->env.scratch, names->n + 1,
	    sizeof(*out));
	size_t n = 0;

	for (size_t i = 0; out != NULL && i < names->n; i++) {
		const char *value = sf_any(row, names->v[i], s->env.scratch);
		if (value == NULL)
			continue;
		out[n][0] = names->v[i];
		out[n++][1] = value;
	}
	return (const char *const (*)[2])out;
}

static void
map_person(struct card *card, struct crm_contact *c)
{
	json_t *row = card->row;

	c->name = (struct person_name){ sf_text(row, "Name"),
		sf_text(row, "FirstName"), sf_text(row, "LastName") };
	/* A dead address is none. */
	c->email = must_flag(card, card->s->set->bounce_field) ? NULL :
	    sf_text(row, "Email");
	c->phone = sf_text(row, "Phone");
	c->mobile = sf_text(row, "MobilePhone");
	c->company_id = sf_text(row, "AccountId");
	c->company = sf_text(row, "Account.Name");
	c->owner_id = sf_text(row, "OwnerId");
	c->owner_name = sf_text(row, "Owner.Name");
	c->owner_email = sf_text(row, "Owner.Email");
}

static void
map_refusals(struct card *card, const struct sf_links *left,
    struct crm_contact *c)
{
	const struct sf_settings *set = card->s->set;
	/* The tag alone would not do: the core may know another by its rules. */
	const bool nosend = must_flag(card, set->nosend_field);

	c->opted_out = must_flag(card, set->optout_field) || nosend;
	c->employed = employed(card, left, c->company_id);
	c->tags = must_tags(card, set->w.tag_field, nosend ? NO_SEND_TAG
	    : NULL);
	c->company_tags = *set->company_tag_field == '\0' ? NULL :
	    must_tags(card, arena_printf(card->arena, COMPANY "%s",
	        set->company_tag_field), NULL);
}

static void
map_own(struct card *card, struct crm_contact *c)
{
	const struct sf_settings *set = card->s->set;
	struct arena *scratch = card->arena;
	json_t *row = card->row;

	c->language = sf_any(row, set->language_field, scratch);
	c->country = sf_any(row, set->country_field, scratch);
	c->relation = sf_any(row, set->relation_field, scratch);
	c->segment = sf_any(row, set->segment_field, scratch);
	c->department = sf_any(row, set->department_field, scratch);
	c->consent = consent(set, row);
	c->consent_at = sf_time(row, set->consent_at_field);
	c->extra = extra(card->s, row);
}

bool
sf_contact_map(struct salesforce *s, json_t *row, const struct sf_links *left,
    struct crm_contact *c, const char **odd, struct err *err)
{
	struct arena *scratch = s->env.scratch;
	struct card card = { .s = s, .row = row, .arena = scratch };

	*odd = NULL;
	*c = (struct crm_contact){ .contact_id = sf_text(row, "Id"),
		.gone = sf_is_true(row, "IsDeleted"),
		.moved_to = sf_text(row, "MasterRecordId"),
		.consent_at = NO_TIME };
	if (c->contact_id == NULL) {
		*odd = "Id: expected an id";
		return true;
	}
	map_person(&card, c);
	map_refusals(&card, left, c);
	map_own(&card, c);
	c->link = arena_printf(scratch, "%s/%s", s->api.base, c->contact_id);
	if (card.lacks != NULL && !c->gone)
		*odd = arena_printf(scratch, "%s: expected %s", card.lacks,
		    card.expected);
	return !arena_failed(scratch) || err_nomem(err);
}
