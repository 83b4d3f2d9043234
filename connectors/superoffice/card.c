/*
 * card.c - rows of the archive Person, one for each address of a person, as the
 * border's contact.
 *
 * What keeps somebody from being asked must have been read: where the answer does
 * not have it, or holds neither yes nor no, that is no "no" but a card that cannot
 * be read.  null is a "no" only for what a person need not have: a company, a
 * consent, a user-defined field.  Each of them is told by a name of its own.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "clock.h"
#include "common/tagset.h"
#include "common/tagtext.h"
#include "reading.h"

#define SELECT "personId,contactId,fullName,firstName,lastName,retired," \
	"personNoMail,hasInterests,personDirectPhone/formattedNumber," \
	"personMobilePhone/formattedNumber,email/emailAddress," \
	"email/emailHasBounced,personContact/name," \
	"personContact/contactNoMail,personContact/contactAssociate/fullName," \
	"personContact/contactAssociate/personEmail,personUpdatedDate," \
	"personRegisteredDate"
#define OWNER "personContact/associateId"
#define OWNER_PARTS "personContact/contactAssociate/"
#define CONSENT "hasEmarketingConsent"
#define WITHDRAWN "withdrawnEmarketingConsent"
#define COLUMNS_MAX ((size_t)8192)
#define ITEMS_MAX 20000		/* interests of a tenant, headings too */
#define DEPTH_MAX 4

/* ---- what is asked for ------------------------------------------------- */
static const char *
field_archive(const char *key)
{
	return strncmp(key, "x_", 2) == 0 || strncmp(key, "y_", 2) == 0 ?
	    "personExtra/" : "personUdef/";
}

const char *
so_field_column(struct arena *arena, const char *key)
{
	return arena_printf(arena, "%s%s", field_archive(key), key);
}

static void
field_add(struct buf *out, struct arena *arena, const char *key)
{
	if (key != NULL && *key != '\0')
		buf_printf(out, ",%s", so_field_column(arena, key));
}

/* In the form in which events name our people, so that both are the same. */
const char *
so_owner_column(const struct so_settings *set, struct arena *arena)
{
	static const char associate[] = "associate/";
	const size_t n = sizeof(associate) - 1;

	if (*set->owner_column != '\0')
		return set->owner_column;
	return strncmp(set->employee_column, associate, n) != 0 ? OWNER :
	    arena_printf(arena, OWNER_PARTS "%s", set->employee_column + n);
}

const char *
so_card_columns(const struct so_settings *set, struct arena *arena)
{
	AUTO(buf) struct buf out;

	buf_init(&out, COLUMNS_MAX);
	buf_printf(&out, SELECT ",%s", so_owner_column(set, arena));
	if (set->consent_rule != SO_CONSENT_OFF)
		buf_str(&out, "," CONSENT "," WITHDRAWN);
	if (*set->relation_column != '\0')
		buf_printf(&out, ",%s", set->relation_column);
	if (*set->deleted_column != '\0')
		buf_printf(&out, ",%s", set->deleted_column);
	field_add(&out, arena, so_nosend_field(set));
	if (set->tag_mode == SO_TAGS_FIELD)
		field_add(&out, arena, set->tag_field);
	field_add(&out, arena, set->language_field);
	field_add(&out, arena, set->department_field);
	for (size_t i = 0; i < set->extra_fields.n; i++)
		field_add(&out, arena, set->extra_fields.v[i]);
	return out.failed || arena_failed(arena) ? NULL :
	    arena_strdup(arena, buf_text(&out));
}

static bool
interests_count(const struct so_settings *set)
{
	return set->tag_mode == SO_TAGS_INTERESTS ||
	    so_nosend_interest(set) != NULL;
}

enum tri
so_card_deleted(const struct so_settings *set, json_t *row)
{
	return *set->deleted_column == '\0' ? TRI_NO :
	    so_is_set(row, set->deleted_column);
}

bool
so_card_needs_person(const struct so_settings *set, json_t *row)
{
	return *set->subscription != '\0' || (interests_count(set) &&
	    so_flag(row, "hasInterests") != TRI_NO);
}

/* ---- is it shown at all? ----------------------------------------------- */
static bool
shown(const char *column, const char *option, json_t *rows, struct err *err)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (so_has(row, column))
			return true;
	return json_array_size(rows) == 0 || err_set(err, ERR_CONFIG,
	    "persons: expected the column %.80s in the answer (%s): without it "
	    "nobody can be asked", column, option);
}

/* A user-defined field of the settings; NULL = none. */
static bool
field_shown(const char *key, const char *option, json_t *rows,
    struct err *err)
{
	char column[128];

	(void)snprintf(column, sizeof(column), "%s%s", key == NULL ? "" :
	    field_archive(key), key == NULL ? "" : key);
	return key == NULL || shown(column, option, rows, err);
}

static bool
options_shown(const struct so_settings *set, json_t *rows, struct err *err)
{
	const bool tags = set->tag_mode == SO_TAGS_FIELD &&
	    *set->tag_field != '\0';

	return (*set->deleted_column == '\0' || shown(set->deleted_column,
	        "deleted_column", rows, err)) &&
	    field_shown(so_nosend_field(set), "nosend", rows, err) &&
	    field_shown(tags ? set->tag_field : NULL, "tag_field", rows, err);
}

bool
so_card_shown(const struct so_settings *set, json_t *rows, bool all,
    struct err *err)
{
	static const char right[] = "may npsync's user read it?";
	const bool consent = set->consent_rule != SO_CONSENT_OFF;

	return options_shown(set, rows, err) &&
	    shown("retired", right, rows, err) &&
	    shown("personNoMail", right, rows, err) &&
	    shown("personContact/contactNoMail", right, rows, err) &&
	    (!consent || (shown(CONSENT, "consent_rule", rows, err) &&
	        shown(WITHDRAWN, "consent_rule", rows, err))) &&
	    (!all || !interests_count(set) || shown("hasInterests",
	        "nosend, tag_mode", rows, err));
}

/* ---- reading ----------------------------------------------------------- */
struct card {
	const struct so_settings *set;
	const struct so_group *g;
	json_t *person;
	struct arena *arena;
	const char *lacks;	/* what had to be there */
	const char *expected;	/* of it */
	struct crm_contact *out;
};

static void
refuse(struct card *c, const char *column, const char *expected)
{
	if (c->lacks != NULL)
		return;
	c->lacks = column;
	c->expected = expected;
}

/* may: null is a "no". */
static bool
says_yes(struct card *c, const char *column, bool may)
{
	const enum tri flag = so_flag(c->g->row, column);

	if (!so_has(c->g->row, column))
		refuse(c, column, "this column in the answer");
	else if (flag == TRI_UNKNOWN && !(may && so_is_null(c->g->row, column)))
		refuse(c, column, "yes or no");
	return flag == TRI_YES;
}

static const char *
text(const struct card *c, const char *column)
{
	return *column == '\0' ? NULL : so_text(c->g->row, column, c->arena);
}

static const char *
field(const struct card *c, const char *key)
{
	const char *column = *key == '\0' ? NULL :
	    so_field_column(c->arena, key);

	return column == NULL ? NULL : text(c, column);
}

/* ---- interests and subscriptions --------------------------------------- */
struct names {
	const char **v;
	size_t n, seen;
};

/* The names of what is selected, headings' children too; a heading need not
 * say.  NULL, or what was expected. */
static const char *
collect(struct card *c, json_t *items, struct names *out, int depth)
{
	const char *odd = NULL;
	json_t *item;
	size_t i;

	json_array_foreach (items, i, item) {
		const char *name = json_string_value(json_object_get(item,
		    "Name"));
		json_t *flag = json_object_get(item, "Selected");
		json_t *below = json_object_get(item, "ChildItems");
		if (++out->seen > ITEMS_MAX || depth > DEPTH_MAX)
			return "a shorter list in the person";
		if (!json_is_boolean(flag) && json_array_size(below) == 0)
			return "yes or no in Selected";
		if (json_is_true(flag) && name != NULL)
			out->v[out->n++] = tagset_compose(c->arena, name);
		if ((odd = collect(c, below, out, depth + 1)) != NULL)
			return odd;
	}
	return NULL;
}

static size_t
count(json_t *items, int depth)
{
	size_t n = json_array_size(items), i;
	json_t *item;

	json_array_foreach (items, i, item)
		if (depth < DEPTH_MAX)
			n += count(json_object_get(item, "ChildItems"),
			    depth + 1);
	return n;
}

/* Ends with NULL; none is never NULL. */
static const char *const *
selected(struct card *c, const char *list)
{
	static const char *const none[] = { NULL };
	json_t *items = json_object_get(c->person, list);
	struct names out = { .n = 0 };

	if (!json_is_array(items)) {
		refuse(c, list, "a list in the person");
		return none;
	}
	out.v = arena_array(c->arena, count(items, 0) + 1, sizeof(*out.v));
	if (out.v == NULL)
		return none;	/* arena_failed */
	const char *expected = collect(c, items, &out, 0);
	if (expected == NULL)
		return out.v;
	refuse(c, list, expected);
	return none;
}

static bool
is_in(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcasecmp(*names, name) == 0)
			return true;
	return false;
}

static const char *const *
interests(struct card *c)
{
	static const char *const none[] = { NULL };

	return interests_count(c->set) && (c->person != NULL ||
	    so_card_needs_person(c->set, c->g->row)) ?
	    selected(c, "Interests") : none;
}

/* ---- who may be asked -------------------------------------------------- */
/* Several flags: all of them are told. */
static void
keep_out(struct card *c, bool says, const char *flag)
{
	const char *others = c->out->opted_out_by;

	if (!says)
		return;
	c->out->opted_out = true;
	c->out->opted_out_by = others == NULL ? flag :
	    arena_printf(c->arena, "%s, %s", others, flag);
}

static void
map_consent(struct card *c)
{
	if (c->set->consent_rule == SO_CONSENT_OFF)
		return;
	const bool withdrawn = says_yes(c, WITHDRAWN, true);
	const bool given = says_yes(c, CONSENT, true);

	c->out->consent = withdrawn ? TRI_NO : given ? TRI_YES : TRI_UNKNOWN;
	keep_out(c, withdrawn, "e-marketing consent withdrawn");
	keep_out(c, !withdrawn && !given &&
	    c->set->consent_rule == SO_CONSENT_REQUIRED,
	    "no e-marketing consent");
}

static void
map_nosend(struct card *c, const char *const *interests)
{
	const char *interest = so_nosend_interest(c->set);
	const char *key = so_nosend_field(c->set);

	if (key != NULL)
		keep_out(c, says_yes(c, so_field_column(c->arena, key), true),
		    arena_printf(c->arena, "field %s", key));
	if (interest != NULL)
		keep_out(c, is_in(interests, tagset_compose(c->arena,
		    interest)), arena_printf(c->arena, "interest %s",
		    interest));
}

static void
map_refusals(struct card *c, const char *const *interests)
{
	const char *subscription = c->set->subscription;

	c->out->employed = says_yes(c, "retired", false) ? TRI_NO : TRI_YES;
	keep_out(c, says_yes(c, "personNoMail", false), "no mailings");
	keep_out(c, says_yes(c, "personContact/contactNoMail", true),
	    "no mailings to the company");
	map_consent(c);
	map_nosend(c, interests);
	if (*subscription != '\0')
		keep_out(c, !is_in(selected(c, "ShipmentTypes"), subscription),
		    arena_printf(c->arena, "no subscription %s",
		    subscription));
}

static void
map_tags(struct card *c, const char *const *interests)
{
	static const char *const none[] = { NULL };
	const char *key = c->set->tag_field;

	c->out->tags = c->set->tag_mode == SO_TAGS_INTERESTS ? interests :
	    none;
	if (c->set->tag_mode != SO_TAGS_FIELD || *key == '\0')
		return;
	const char *column = so_field_column(c->arena, key);
	if (column != NULL && !so_has(c->g->row, column))
		refuse(c, "tag_field", "this column in the answer");
	c->out->tags = tagtext_split(c->arena, field(c, key));
}

/* ---- the rest ---------------------------------------------------------- */
/* The first address that is not dead. */
static const char *
address(const struct card *c)
{
	for (size_t i = 0; i < c->g->n; i++) {
		json_t *row = json_array_get(c->g->rows, c->g->at + i);
		const char *email = so_text(row, "email/emailAddress",
		    c->arena);
		if (email != NULL && so_flag(row, "email/emailHasBounced") !=
		    TRI_YES)
			return email;
	}
	return NULL;
}

static const char *const (*
extra(const struct card *c))[2]
{
	const struct strlist *fields = &c->set->extra_fields;
	const char *(*v)[2] = arena_array(c->arena, fields->n + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v != NULL && i < fields->n; i++)
		if ((v[n][1] = field(c, fields->v[i])) != NULL)
			v[n++][0] = fields->v[i];
	if (v != NULL)
		v[n][0] = v[n][1] = NULL;
	return (const char *const (*)[2])v;
}

static void
map_person(const struct card *c, struct crm_contact *out)
{
	out->name = (struct person_name){ text(c, "fullName"),
		text(c, "firstName"), text(c, "lastName") };
	out->email = address(c);
	out->phone = text(c, "personDirectPhone/formattedNumber");
	out->mobile = text(c, "personMobilePhone/formattedNumber");
	out->language = field(c, c->set->language_field);
	out->department = field(c, c->set->department_field);
	out->company_id = so_id(c->g->row, "contactId", c->arena);
	out->company = text(c, "personContact/name");
	out->relation = text(c, c->set->relation_column);
	const char *owner = so_owner_column(c->set, c->arena);
	out->owner_id = owner == NULL ? NULL : so_who(c->g->row, owner,
	    c->arena);
	out->owner_name = text(c, "personContact/contactAssociate/fullName");
	out->owner_email = text(c,
	    "personContact/contactAssociate/personEmail");
}

bool
so_card_map(const struct superoffice *s, const struct so_group *g,
    json_t *person, struct arena *arena, struct crm_contact *out,
    char *reason, size_t size)
{
	static const char *const none[] = { NULL };
	struct card c = { .set = s->set, .g = g, .person = person,
		.arena = arena, .out = out };

	*out = (struct crm_contact){ .contact_id = g->id,
		.consent = TRI_UNKNOWN, .consent_at = NO_TIME,
		.company_tags = none };
	map_person(&c, out);
	const char *const *names = interests(&c);
	map_refusals(&c, names);
	map_tags(&c, names);
	out->extra = extra(&c);
	if (c.lacks == NULL)
		return true;
	(void)snprintf(reason, size, "%.80s: expected %s", c.lacks,
	    c.expected);
	return false;
}
