/*
 * define.c - makes columns and a key, for `npsync check --fix`.  After the public
 * description of EntityDefinitions; never tried with a live environment.
 *
 * How it could harm, and what stops it:
 *  - a column that is somebody else's: only names with the publisher's prefix;
 *  - one made twice: it is made where none was found, and the service refuses a
 *    name that is taken;
 *  - one that nobody can take away: an administrator can delete it, it belongs
 *    to no managed solution.
 */
#include <string.h>

#include "writer.h"

#define LINE_MAX_CHARS 400	/* a longer text is made as a memo */

bool
define_is_ours(const struct dynamics *d, const char *name)
{
	const char *prefix = d->set->column_prefix;
	const size_t len = strlen(prefix);

	return len > 0 && strncmp(name, prefix, len) == 0 && name[len] != '\0';
}

/* ---- bodies --------------------------------------------------------------------- */
static json_t *
label_of(const struct dynamics *d, const char *name)
{
	return json_pack("{s:s, s:[{s:s, s:s, s:i}]}",
	    "@odata.type", "Microsoft.Dynamics.CRM.Label", "LocalizedLabels",
	    "@odata.type", "Microsoft.Dynamics.CRM.LocalizedLabel",
	    "Label", name + strlen(d->set->column_prefix),
	    "LanguageCode", d->set->label_language);
}

static json_t *
attribute_of(const struct dynamics *d, const char *kind, const char *name)
{
	return json_pack("{s:s++, s:s, s:{s:s+}, s:s, s:{s:s}, s:o}",
	    "@odata.type", "Microsoft.Dynamics.CRM.", kind, "AttributeMetadata",
	    "AttributeType", kind, "AttributeTypeName", "Value", kind, "Type",
	    "SchemaName", name,
	    "RequiredLevel", "Value", "None", "DisplayName",
	    label_of(d, name));
}

/* What only this type has.  Takes extra; false = memory. */
static bool
add(json_t *body, json_t *extra)
{
	const bool ok = body != NULL && extra != NULL &&
	    json_object_update(body, extra) == 0;

	json_decref(extra);
	return ok;
}

static bool
text_add(const struct dynamics *d, const char *name, size_t chars,
    json_t **body)
{
	const bool memo = chars > LINE_MAX_CHARS;

	*body = attribute_of(d, memo ? "Memo" : "String", name);
	return add(*body, memo ? json_pack("{s:s, s:I}", "Format", "TextArea",
	    "MaxLength", (json_int_t)chars)
	    : json_pack("{s:{s:s}, s:I}", "FormatName", "Value", "Text",
	        "MaxLength", (json_int_t)chars));
}

static bool
day_add_to(const struct dynamics *d, const char *name, bool day, json_t **body)
{
	*body = attribute_of(d, "DateTime", name);
	return add(*body, json_pack("{s:s, s:{s:s}}", "Format",
	    day ? "DateOnly" : "DateAndTime", "DateTimeBehavior", "Value",
	    day ? "DateOnly" : "UserLocal"));
}

static bool
body_of(const struct dynamics *d, const char *name, enum column_type type,
    size_t chars, json_t **body, struct err *err)
{
	bool ok = false;

	switch (type) {
	case COLUMN_TEXT:
		ok = text_add(d, name, chars, body);
		break;
	case COLUMN_INTEGER:
		*body = attribute_of(d, "Integer", name);
		ok = add(*body, json_pack("{s:s, s:i, s:i}", "Format", "None",
		    "MinValue", 0, "MaxValue", 2147483647));
		break;
	case COLUMN_DECIMAL:
		*body = attribute_of(d, "Decimal", name);
		ok = add(*body, json_pack("{s:i, s:i, s:i}", "Precision", 1,
		    "MinValue", 0, "MaxValue", 1000));
		break;
	case COLUMN_DATE:
	case COLUMN_TIME:
		ok = day_add_to(d, name, type == COLUMN_DATE, body);
		break;
	case COLUMN_FLAG:
	case COLUMN_OTHER:
		return err_set(err, ERR_REJECTED, "make it by hand");
	}
	return ok || err_nomem(err);
}

/* ---- requests -------------------------------------------------------------------- */
static bool
post(struct dynamics *d, const char *table, const char *into, json_t *body,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };

	arena_reset(d->page);
	const char *target = arena_printf(d->page,
	    "EntityDefinitions(LogicalName='%s')/%s", table, into);
	const char *text = json_dump(d->page, body);
	if (target == NULL || text == NULL)
		return err_nomem(err);
	const struct api_req req = { .method = "POST", .target = target,
		.label = into, .body = text, .body_len = strlen(text) };
	return dynamics_do(d, d->page, &req, &res, err);
}

bool
define_column(struct dynamics *d, const char *table, const char *name,
    enum column_type type, size_t chars, struct err *err)
{
	json_t *body = NULL;

	if (!define_is_ours(d, name))
		return err_set(err, ERR_REJECTED, "its name does not begin with "
		    "column_prefix: make it by hand");
	const bool ok = body_of(d, name, type, chars, &body, err) &&
	    post(d, table, "Attributes", body, err);
	json_decref(body);
	return ok;
}

bool
define_key(struct dynamics *d, const char *table, const char *column,
    struct err *err)
{
	json_t *body;

	if (!define_is_ours(d, column))
		return err_set(err, ERR_REJECTED, "its name does not begin with "
		    "column_prefix: make it by hand");
	body = json_pack("{s:s+, s:o, s:[s]}", "SchemaName", column, "_key",
	    "DisplayName", label_of(d, column), "KeyAttributes", column);
	const bool ok = body != NULL ? post(d, table, "Keys", body, err)
	                             : err_nomem(err);
	json_decref(body);
	return ok;
}
