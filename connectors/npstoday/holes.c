/*
 * holes.c - the names a template may use, and what they stand for.
 */
#include "template.h"

#include <string.h>

#include "num.h"

enum hole_type { HOLE_TEXT, HOLE_EMAIL, HOLE_PHONE, HOLE_FIRST, HOLE_LAST,
	HOLE_EMPLOYEE, HOLE_EMPLOYEE_FIRST, HOLE_EMPLOYEE_LAST, HOLE_CAMPAIGN,
	HOLE_GUID, HOLE_EXTERNAL, HOLE_ACTIVE, HOLE_CUSTOM, HOLE_EXTRA };
struct hole {
	const char *name;
	enum hole_type type;
	size_t offset;		/* into struct respondent; TEXT, EMPLOYEE */
};

#define AT(member) offsetof(struct respondent, member)
static const struct hole holes[] = {
	{ "contact.email", HOLE_EMAIL, 0 },
	{ "contact.phone", HOLE_PHONE, 0 },
	{ "contact.first_name", HOLE_FIRST, 0 },
	{ "contact.last_name", HOLE_LAST, 0 },
	{ "contact.name", HOLE_TEXT, AT(name.full) },
	{ "contact.id", HOLE_TEXT, AT(contact_id) },
	{ "contact.language", HOLE_TEXT, AT(language) },
	{ "contact.country", HOLE_TEXT, AT(country) },
	{ "contact.department", HOLE_TEXT, AT(department) },
	{ "company.name", HOLE_TEXT, AT(company) },
	{ "company.id", HOLE_TEXT, AT(company_id) },
	{ "company.segment", HOLE_TEXT, AT(segment) },
	{ "employee.id", HOLE_EMPLOYEE, AT(employee.id) },
	{ "employee.name", HOLE_EMPLOYEE, AT(employee.name) },
	{ "employee.email", HOLE_EMPLOYEE, AT(employee.email) },
	{ "employee.department", HOLE_EMPLOYEE, AT(employee.department) },
	{ "employee.first_name", HOLE_EMPLOYEE_FIRST, 0 },
	{ "employee.last_name", HOLE_EMPLOYEE_LAST, 0 },
	{ "campaign.id", HOLE_CAMPAIGN, 0 },
	{ "trigger", HOLE_TEXT, AT(trigger) },
	{ "ref", HOLE_TEXT, AT(ref) },
	{ "guid", HOLE_GUID, 0 },
	{ "external_id", HOLE_EXTERNAL, 0 },
	{ "set_active", HOLE_ACTIVE, 0 },
	{ "custom", HOLE_CUSTOM, 0 },
};
#undef AT
/* Followed by a name of survey.fields. */
static const struct hole extra = { "extra.", HOLE_EXTRA, 0 };

bool
hole_parse(const char *text, const char **name, size_t *len)
{
	size_t n = strlen(text);

	if (n < 4 || strncmp(text, "${", 2) != 0 || text[n - 1] != '}')
		return false;
	*name = text + 2;
	*len = n - 3;
	return true;
}

static const struct hole *
hole_find(const char *name, size_t len)
{
	size_t prefix = strlen(extra.name);

	for (size_t i = 0; i < ARRAY_LEN(holes); i++)
		if (strlen(holes[i].name) == len &&
		    strncmp(holes[i].name, name, len) == 0)
			return &holes[i];
	return len > prefix && strncmp(name, extra.name, prefix) == 0
	    ? &extra : NULL;
}

bool
hole_known(const char *name, size_t len)
{
	return hole_find(name, len) != NULL;
}

/* ---- values ---------------------------------------------------------- */

static struct value
text_n(const char *text, size_t len)
{
	if (text == NULL || len == 0)
		return (struct value){ .type = VALUE_NONE };
	return (struct value){ .type = VALUE_TEXT, .text = text, .len = len };
}

static struct value
text_value(const char *text)
{
	return text_n(text, text == NULL ? 0 : strlen(text));
}

static struct value
member_text(const struct respondent *r, size_t offset)
{
	const char *text;

	memcpy(&text, (const char *)r + offset, sizeof(text));
	return text_value(text);
}

/* The last word of a whole name is the last name. */
static struct value
name_part(const char *full, bool last)
{
	const char *blank = full == NULL ? NULL : strrchr(full, ' ');

	if (blank == NULL || blank == full)
		return text_value(last ? NULL : full);
	return last ? text_value(blank + 1)
		    : text_n(full, (size_t)(blank - full));
}

static struct value
contact_name(const struct person_name *name, bool last)
{
	if (name->first != NULL || name->last != NULL)
		return text_value(last ? name->last : name->first);
	return name_part(name->full, last);
}

/* The service knows employees by address: without one there is none. */
static bool
employee_given(const struct fill *f)
{
	const char *email = f->r->employee.email;

	return f->set->send.with_employee && email != NULL && email[0] != '\0';
}

static struct value
employee_value(const struct fill *f, const struct hole *hole)
{
	if (!employee_given(f))
		return text_value(NULL);
	if (hole->type == HOLE_EMPLOYEE)
		return member_text(f->r, hole->offset);
	return name_part(f->r->employee.name,
	    hole->type == HOLE_EMPLOYEE_LAST);
}

static struct value
campaign_value(const char *id)
{
	struct value v = text_value(id);

	if (id != NULL && num_parse(id, 0, INT64_MAX, &v.number))
		v.type = VALUE_NUMBER;
	return v;
}

static struct value
external_value(const struct fill *f)
{
	switch ((enum external_id)f->set->send.external_id) {
	case EXTERNAL_CONTACT:
		return text_value(f->r->contact_id);
	case EXTERNAL_REF:
		return text_value(f->r->ref);
	case EXTERNAL_NONE:
		break;
	}
	return text_value(NULL);
}

static struct value
extra_value(const struct respondent *r, const char *name, size_t len)
{
	for (size_t i = 0; r->extra != NULL && r->extra[i][0] != NULL; i++)
		if (strlen(r->extra[i][0]) == len &&
		    strncmp(r->extra[i][0], name, len) == 0)
			return text_value(r->extra[i][1]);
	return text_value(NULL);
}

static struct value
typed(enum value_type type)
{
	return (struct value){ .type = type };
}

struct value
hole_value(const struct fill *f, const char *name, size_t len)
{
	const struct hole *hole = hole_find(name, len);
	const size_t prefix = strlen(extra.name);

	if (hole == NULL)
		return typed(VALUE_NONE);
	switch (hole->type) {
	case HOLE_TEXT:
		return member_text(f->r, hole->offset);
	/* One way to reach a person, the one the campaign uses. */
	case HOLE_EMAIL:
		return text_value(
		    f->channel == CHANNEL_EMAIL ? f->r->email : NULL);
	case HOLE_PHONE:
		return text_value(
		    f->channel == CHANNEL_SMS ? f->r->phone : NULL);
	case HOLE_FIRST:
	case HOLE_LAST:
		return contact_name(&f->r->name, hole->type == HOLE_LAST);
	case HOLE_EMPLOYEE:
	case HOLE_EMPLOYEE_FIRST:
	case HOLE_EMPLOYEE_LAST:
		return employee_value(f, hole);
	case HOLE_CAMPAIGN:
		return campaign_value(f->r->campaign_id);
	case HOLE_GUID:
		return text_value(f->set->send.guid ? f->r->ref : NULL);
	case HOLE_EXTERNAL:
		return external_value(f);
	case HOLE_ACTIVE:
		return typed(f->set->send.set_active ? VALUE_TRUE
						     : VALUE_NONE);
	case HOLE_CUSTOM:
		return typed(VALUE_CUSTOM);
	case HOLE_EXTRA:
		return extra_value(f->r, name + prefix, len - prefix);
	}
	return typed(VALUE_NONE);
}
