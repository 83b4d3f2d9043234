/*
 * cards.c - which properties of a contact are asked for, and what they say.
 *
 * The service leaves out, without a word, what a portal does not have: whoever
 * opted out would look as if he had not.  So each property that says who must
 * not be asked is looked up before anything is read, and one that is missing
 * stops everything, and so does a card that came without one; null is a value.
 * A value that cannot be read speaks against asking.
 */
#include <string.h>

#include "common/tagtext.h"
#include "reading.h"

#define ANSWER_MAX_BYTES ((size_t)8388608)
#define SUBSCRIPTION "hs_email_optout_"
#define MUST_MAX 64

/* ---- before anything is read ------------------------------------------------------ */
static bool
must_exist(struct hubspot *h, const char *property, const char *option,
    struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(ANSWER_MAX_BYTES);
	AUTO(api_res) struct api_res res = { 0 };
	struct err unwanted, *why = err == NULL ? &unwanted : err;

	if (arena == NULL)
		return err_nomem(err);
	const struct hs_call call = { .label = "read a property of contacts",
		.path = hs_path(h, arena, HS_PROPERTIES, arena_printf(arena,
		    "/contacts/%s", property)) };
	if (!hs_read(h, arena, &call, &res, why))
		return why->kind != ERR_GONE ? false : err_set(err, ERR_CONFIG,
		    "contacts have no property \"%s\": until then nobody is "
		    "asked.  Make it in the portal%s, or correct the option %s",
		    property, strcmp(option, "tag_property") == 0 ?
		    " (or by npsync check --fix)" : "", option);
	const char *name = json_string_value(json_object_get(api_root(&res),
	    "name"));
	return name != NULL && strcmp(name, property) == 0 ? true :
	    err_set(err, ERR_PROTOCOL, "property \"%s\" of contacts: expected "
	    "its \"name\"", property);
}

static bool
all_exist(struct hubspot *h, const struct strlist *names, const char *before,
    const char *option, struct err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		const char *name = arena_printf(h->own, "%s%s", before,
		    names->v[i]);
		if (name == NULL)
			return err_nomem(err);
		if (!must_exist(h, name, option, err))
			return false;
	}
	return true;
}

static bool
check_properties(struct hubspot *h, struct err *err)
{
	const struct hs_settings *set = h->set;
	const struct { const char *name, *option; } all[] = {
		{ set->optout_property, "optout_property" },
		{ set->employment_property, "employment_property" },
		{ set->nosend_property, "nosend_property" },
		{ set->consent_property, "consent_property" },
		{ set->consent_at_property, "consent_at_property" } };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (*all[i].name != '\0' && !must_exist(h, all[i].name,
		    all[i].option, err))
			return false;
	return all_exist(h, &set->bounce_properties, "", "bounce_properties",
	    err) && (set->optout_source == HS_OPTOUT_PREFERENCES || all_exist(h,
	    &set->optout_subscriptions, SUBSCRIPTION, "optout_subscriptions",
	    err));
}

bool
hs_ready(struct hubspot *h, bool with_tags, struct err *err)
{
	const char *tags = h->set->w.tag_property;

	if (!h->proven && !check_properties(h, err))
		return false;
	h->proven = true;
	if (!with_tags || h->proven_tags)
		return true;
	if (*tags != '\0' && !must_exist(h, tags, "tag_property", err))
		return false;
	h->proven_tags = true;
	return true;
}

/* ---- columns -------------------------------------------------------------------------- */
static const char **
put_list(const char **at, const struct strlist *names)
{
	for (size_t i = 0; i < names->n; i++)
		*at++ = names->v[i];
	return at;
}

static const char **
put_subscriptions(const struct hubspot *h, const char **at)
{
	const struct strlist *ids = &h->set->optout_subscriptions;

	for (size_t i = 0; i < ids->n &&
	     h->set->optout_source == HS_OPTOUT_PROPERTY; i++) {
		const char *name = arena_printf(h->own, SUBSCRIPTION "%s",
		    ids->v[i]);
		*at++ = name == NULL ? "" : name;
	}
	return at;
}

bool
hs_card_columns(struct hubspot *h, const char *const **out, struct err *err)
{
	const struct hs_settings *set = h->set;
	const char *const fixed[] = { "email", "firstname", "lastname", "phone",
		"mobilephone", "company", "associatedcompanyid",
		"hubspot_owner_id", HS_MERGED, set->optout_property,
		set->employment_property, set->nosend_property,
		set->consent_property, set->consent_at_property,
		set->w.tag_property, set->language_property,
		set->country_property, set->relation_property,
		set->segment_property, set->department_property };
	const size_t max = ARRAY_LEN(fixed) + set->bounce_properties.n +
	    set->optout_subscriptions.n + set->extra_properties.n;

	if (!hs_ready(h, true, err))
		return false;
	if (h->contact_columns == NULL) {
		const char **names = arena_array(h->own, max, sizeof(*names));
		if (names == NULL)
			return err_nomem(err);
		memcpy(names, fixed, sizeof(fixed));
		const char **end = put_list(put_subscriptions(h, put_list(names +
		    ARRAY_LEN(fixed), &set->bounce_properties)),
		    &set->extra_properties);
		h->contact_columns = hs_columns(h->own, names,
		    (size_t)(end - names));
	}
	*out = h->contact_columns;
	return h->contact_columns != NULL && !arena_failed(h->own) ? true :
	    err_nomem(err);
}

/* ---- a row as a contact ------------------------------------------------------------- */
static bool
is_bounced(const struct hubspot *h, json_t *row)
{
	const struct strlist *names = &h->set->bounce_properties;

	for (size_t i = 0; i < names->n; i++)
		if (hs_is_set(row, names->v[i], h->env.scratch))
			return true;
	return false;
}

static bool
has_left_mailings(const struct hubspot *h, json_t *row, const char *email,
    const struct idmap *left)
{
	const struct hs_settings *set = h->set;
	struct arena *scratch = h->env.scratch;

	if (hs_is_set(row, set->optout_property, scratch) ||
	    hs_is_set(row, set->nosend_property, scratch))
		return true;
	if (set->optout_source == HS_OPTOUT_PREFERENCES)
		return email != NULL && idmap_has(left, email);
	for (size_t i = 0; i < set->optout_subscriptions.n; i++) {
		const char *name = arena_printf(scratch, SUBSCRIPTION "%s",
		    set->optout_subscriptions.v[i]);
		if (name == NULL || hs_is_set(row, name, scratch))
			return true;
	}
	return false;
}

static bool
must_have(json_t *row, const char *name, struct err *err)
{
	return *name == '\0' || json_object_get(json_object_get(row,
	    "properties"), name) != NULL ? true : err_set(err, ERR_PROTOCOL,
	    "read contacts: expected the property %s in each, be it null: "
	    "without it nobody can say who must not be asked", name);
}

/* Each property that may speak against asking, whatever it says. */
static bool
is_whole(const struct hubspot *h, json_t *row, struct err *err)
{
	const struct hs_settings *set = h->set;
	const char *const names[] = { set->optout_property,
		set->employment_property, set->nosend_property,
		set->w.tag_property };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!must_have(row, names[i], err))
			return false;
	for (size_t i = 0; i < set->bounce_properties.n; i++)
		if (!must_have(row, set->bounce_properties.v[i], err))
			return false;
	for (size_t i = 0; i < set->optout_subscriptions.n &&
	     set->optout_source == HS_OPTOUT_PROPERTY; i++) {
		const char *name = arena_printf(h->env.scratch, SUBSCRIPTION
		    "%s", set->optout_subscriptions.v[i]);
		if (name == NULL)
			return err_nomem(err);
		if (!must_have(row, name, err))
			return false;
	}
	return true;
}

/* Several values are one text, with ";" between. */
static enum tri
employed(const struct hubspot *h, json_t *row)
{
	const char *name = h->set->employment_property;

	if (*name == '\0')
		return TRI_UNKNOWN;
	const char *text = hs_property(row, name, h->env.scratch);
	const char *const *v = tagtext_split(h->env.scratch, text);
	if (hs_in_list(&h->set->employment_left_values, text))
		return TRI_NO;
	for (; v != NULL && *v != NULL; v++)
		if (hs_in_list(&h->set->employment_left_values, *v))
			return TRI_NO;
	return TRI_YES;
}

/* Of the property, and one more; ends with NULL. */
static const char *const *
tags_of(const struct hubspot *h, json_t *row)
{
	struct arena *scratch = h->env.scratch;
	const char *text = hs_property(row, h->set->w.tag_property, scratch);

	if (hs_is_set(row, h->set->nosend_property, scratch))
		text = arena_printf(scratch, "%s;" HS_NO_SEND_TAG,
		    text == NULL ? "" : text);
	return tagtext_split(scratch, text);
}

static const char *const (*
extra_of(const struct hubspot *h, json_t *row))[2]
{
	const struct strlist *names = &h->set->extra_properties;
	const char *(*out)[2] = arena_array(h->env.scratch, names->n + 1,
	    sizeof(*out));
	size_t n = 0;

	for (size_t i = 0; out != NULL && i < names->n; i++) {
		out[n][0] = names->v[i];
		out[n][1] = hs_property(row, names->v[i], h->env.scratch);
		n += out[n][1] != NULL;
	}
	if (out != NULL)
		out[n][0] = NULL;
	return (const char *const (*)[2])out;
}

static void
map_owner(const struct hubspot *h, struct crm_contact *c)
{
	const struct hs_owner *owner = hs_owner_of(h, c->owner_id);

	if (owner == NULL)
		return;
	c->owner_name = owner->name;
	c->owner_email = owner->email;
}

static void
map_person(const struct hubspot *h, json_t *row, struct crm_contact *c)
{
	struct arena *scratch = h->env.scratch;

	c->name = (struct person_name){ NULL, hs_property(row, "firstname",
	    scratch), hs_property(row, "lastname", scratch) };
	c->email = hs_property(row, "email", scratch);
	c->phone = hs_property(row, "phone", scratch);
	c->mobile = hs_property(row, "mobilephone", scratch);
	c->company = hs_property(row, "company", scratch);
	c->company_id = hs_property(row, "associatedcompanyid", scratch);
	c->owner_id = hs_property(row, "hubspot_owner_id", scratch);
	map_owner(h, c);
}

static void
map_own(const struct hubspot *h, json_t *row, struct crm_contact *c)
{
	const struct hs_settings *set = h->set;
	struct arena *scratch = h->env.scratch;

	c->language = hs_property(row, set->language_property, scratch);
	c->country = hs_property(row, set->country_property, scratch);
	c->relation = hs_property(row, set->relation_property, scratch);
	c->segment = hs_property(row, set->segment_property, scratch);
	c->department = hs_property(row, set->department_property, scratch);
	c->employed = employed(h, row);
	c->consent = *set->consent_property == '\0' ? TRI_UNKNOWN :
	    hs_is_true(row, set->consent_property, scratch) ? TRI_YES : TRI_NO;
	c->consent_at = hs_time(hs_property(row, set->consent_at_property,
	    scratch));
	c->tags = tags_of(h, row);
	c->extra = extra_of(h, row);
	if (*set->portal_id != '\0')
		c->link = arena_printf(scratch, "https://app.hubspot.com/"
		    "contacts/%s/record/0-1/%s", set->portal_id,
		    c->contact_id);
}

bool
hs_card_map(struct hubspot *h, json_t *row, const struct idmap *left,
    struct crm_contact *c, struct err *err)
{
	struct arena *scratch = h->env.scratch;

	*c = (struct crm_contact){ .contact_id = hs_id(row, "id", scratch),
		.gone = json_is_true(json_object_get(row, "archived")),
		.consent_at = NO_TIME };
	if (c->contact_id == NULL)
		return !arena_failed(scratch) || err_nomem(err);
	if (!c->gone && !is_whole(h, row, err))
		return false;
	map_person(h, row, c);
	map_own(h, row, c);
	c->opted_out = has_left_mailings(h, row, c->email, left);
	/* A dead address is none. */
	if (is_bounced(h, row))
		c->email = NULL;
	return !arena_failed(scratch) || err_nomem(err);
}
