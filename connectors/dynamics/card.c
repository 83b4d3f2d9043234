/*
 * card.c - a row of contacts as the border's contact.
 *
 * What keeps somebody from being asked must have been read: a column of
 * suppress_on, the tags, who left, where the answer does not have it at all, is
 * no "no" but a card that cannot be read, and so where it holds what is neither
 * yes or no nor a number ("Yes", "1,2").  null is a "no": a column that was made
 * yesterday has no value in older rows.
 */
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "common/tagtext.h"
#include "reader.h"

#define SELECT "contactid,fullname,firstname,lastname,emailaddress1," \
	"mobilephone,statecode,_parentcustomerid_value,_masterid_value," \
	"merged,modifiedon,_ownerid_value"
#define ACCOUNT "account."
#define ACCOUNT_LEN (sizeof(ACCOUNT) - 1)
#define COMPANY "parentcustomerid_account"
#define OWNER "owninguser"
#define COLUMNS_MAX ((size_t)4096)

/* ---- what is asked for ------------------------------------------------- */

struct columns {
	struct buf contact, account;
};

static void
columns_cleanup(struct columns *c)
{
	buf_free(&c->contact);
	buf_free(&c->account);
}

static bool
stands_there(const struct buf *list, const char *column)
{
	const size_t len = strlen(column);
	const char *at = buf_text(list);

	for (; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == len && memcmp(at, column, len) == 0)
			return true;
	return false;
}

static void
column_add(struct columns *c, const char *column)
{
	const bool of_account = strncmp(column, ACCOUNT, ACCOUNT_LEN) == 0;
	struct buf *list = of_account ? &c->account : &c->contact;

	if (of_account)
		column += ACCOUNT_LEN;
	if (*column != '\0' && !stands_there(list, column))
		buf_printf(list, "%s%s", list->len == 0 ? "" : ",", column);
}

static void
columns_collect(const struct dynamics_settings *set, struct columns *c)
{
	const char *const single[] = { set->phone_column, set->nosend_column,
		set->employment_field, set->tag_column, set->language_column,
		set->country_column, set->relation_column,
		set->segment_column, set->department_column };

	(void)buf_str(&c->contact, SELECT);
	(void)buf_str(&c->account, "name");
	for (size_t i = 0; i < set->suppress_on.n; i++)
		column_add(c, set->suppress_on.v[i]);
	for (size_t i = 0; i < ARRAY_LEN(single); i++)
		column_add(c, single[i]);
	for (size_t i = 0; i < set->fields.n; i++)
		column_add(c, set->fields.v[i]);
}

bool
dynamics_card_columns(struct dynamics *d, const char **select,
    const char **expand, struct err *err)
{
	AUTO(columns) struct columns c;

	buf_init(&c.contact, COLUMNS_MAX);
	buf_init(&c.account, COLUMNS_MAX);
	columns_collect(d->set, &c);
	if (c.contact.failed || c.account.failed)
		return err_set(err, ERR_CONFIG, "fields: too many columns");
	*select = arena_strdup(d->api.own, buf_text(&c.contact));
	*expand = arena_printf(d->api.own, COMPANY "($select=%s)%s",
	    buf_text(&c.account), d->set->owner_email ? "," OWNER
	    "($select=fullname,internalemailaddress)" : "");
	return (*select != NULL && *expand != NULL) || err_nomem(err);
}

bool
dynamics_card_needs_expand(const struct dynamics_settings *set)
{
	const char *const single[] = { set->language_column,
		set->country_column, set->relation_column,
		set->segment_column, set->department_column };
	bool any = set->owner_email;

	for (size_t i = 0; i < ARRAY_LEN(single); i++)
		any |= strncmp(single[i], ACCOUNT, ACCOUNT_LEN) == 0;
	for (size_t i = 0; i < set->fields.n; i++)
		any |= strncmp(set->fields.v[i], ACCOUNT, ACCOUNT_LEN) == 0;
	return any;
}

/* ---- one row ----------------------------------------------------------- */

struct card {
	const struct dynamics_settings *set;
	json_t *row;
	struct arena *arena;
	const char *lacks;	/* a column that had to be there */
	const char *expected;	/* of it */
};

static void
refuse(struct card *c, const char *column, const char *expected)
{
	if (c->lacks != NULL)
		return;
	c->lacks = column;
	c->expected = expected;
}

static json_t *
must(struct card *c, const char *column)
{
	json_t *node = json_object_get(c->row, column);

	if (node == NULL)
		refuse(c, column, "this column in the answer");
	return node;
}

static const char *
text(const struct card *c, const char *column)
{
	if (*column == '\0')
		return NULL;
	if (strncmp(column, ACCOUNT, ACCOUNT_LEN) != 0)
		return row_text(c->row, column, c->arena);
	return row_text(json_object_get(c->row, COMPANY),
	    column + ACCOUNT_LEN, c->arena);
}

static bool
says_no(struct card *c, const char *column)
{
	json_t *node = must(c, column);
	const enum tri flag = row_flag(c->row, column);

	if (node != NULL && !json_is_null(node) && flag == TRI_UNKNOWN)
		refuse(c, column, "yes or no, or a number");
	return flag == TRI_YES;
}

static bool
is_opted_out(struct card *c)
{
	bool out = false;

	for (size_t i = 0; i < c->set->suppress_on.n; i++)
		out |= says_no(c, c->set->suppress_on.v[i]);
	if (*c->set->nosend_column != '\0')
		out |= says_no(c, c->set->nosend_column);
	return out;
}

static enum tri
employed(struct card *c)
{
	const struct strlist *left = &c->set->employment_left_values;

	if (*c->set->employment_field == '\0')
		return TRI_UNKNOWN;
	(void)must(c, c->set->employment_field);
	const char *value = text(c, c->set->employment_field);
	for (size_t i = 0; value != NULL && i < left->n; i++)
		if (strcmp(value, left->v[i]) == 0)
			return TRI_NO;
	return value == NULL ? TRI_UNKNOWN : TRI_YES;
}

static const char *const *
tags(struct card *c)
{
	static const char *const none[] = { NULL };

	if (*c->set->tag_column == '\0')
		return none;
	return tagtext_split(c->arena, json_string_value(must(c,
	    c->set->tag_column)));
}

static const char *const (*
extra(const struct card *c))[2]
{
	const struct strlist *fields = &c->set->fields;
	const char *(*v)[2] = arena_array(c->arena, fields->n + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v != NULL && i < fields->n; i++) {
		v[n][0] = fields->v[i];
		v[n][1] = text(c, fields->v[i]);
		n += v[n][1] != NULL;
	}
	if (v != NULL)
		v[n][0] = v[n][1] = NULL;
	return (const char *const (*)[2])v;
}

static void
map_person(const struct card *c, struct crm_contact *out)
{
	out->name = (struct person_name){ text(c, "fullname"),
		text(c, "firstname"), text(c, "lastname") };
	out->email = text(c, "emailaddress1");
	out->mobile = text(c, "mobilephone");
	out->phone = text(c, c->set->phone_column);
	out->language = text(c, c->set->language_column);
	out->country = text(c, c->set->country_column);
	out->relation = text(c, c->set->relation_column);
	out->segment = text(c, c->set->segment_column);
	out->department = text(c, c->set->department_column);
}

static void
map_belongings(const struct card *c, struct crm_contact *out)
{
	json_t *owner = json_object_get(c->row, OWNER);

	out->company_id = row_lookup(c->row, "_parentcustomerid_value",
	    "account", c->arena);
	out->company = text(c, ACCOUNT "name");
	if (out->company == NULL && out->company_id != NULL)
		out->company = row_shown(c->row, "_parentcustomerid_value",
		    c->arena);
	out->owner_id = row_lookup(c->row, "_ownerid_value", "systemuser",
	    c->arena);
	out->owner_name = row_text(owner, "fullname", c->arena);
	if (out->owner_name == NULL && out->owner_id != NULL)
		out->owner_name = row_shown(c->row, "_ownerid_value", c->arena);
	out->owner_email = row_text(owner, "internalemailaddress", c->arena);
}

bool
dynamics_card_map(const struct dynamics *d, json_t *row, struct arena *arena,
    struct crm_contact *out, char *reason, size_t size)
{
	static const char *const none[] = { NULL };
	struct card c = { .set = d->set, .row = row, .arena = arena };

	*out = (struct crm_contact){ .contact_id = row_id(row, "contactid",
	    arena), .consent = TRI_UNKNOWN, .consent_at = NO_TIME,
	    .company_tags = none };
	if (out->contact_id == NULL)
		refuse(&c, "contactid", "this column in the answer");
	map_person(&c, out);
	map_belongings(&c, out);
	out->employed = employed(&c);
	out->opted_out = is_opted_out(&c);
	out->tags = tags(&c);
	out->extra = extra(&c);
	if (row_flag(row, "merged") == TRI_YES)
		out->moved_to = row_id(row, "_masterid_value", arena);
	out->link = out->contact_id == NULL ? NULL : dynamics_card_link(d,
	    arena, out->contact_id);
	if (c.lacks == NULL)
		return true;
	(void)snprintf(reason, size, "%.80s: expected %s", c.lacks,
	    c.expected);
	return false;
}
