/*
 * define.c - makes columns, a key, the table of answers and its lookup, for
 * `npsync check --fix`.  After the public description of EntityDefinitions;
 * never tried with a live environment.
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

/* ---- bodies ------------------------------------------------------------- */
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

/* ---- requests ----------------------------------------------------------- */
static bool
post(struct dynamics *d, const char *into, json_t *body, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };

	arena_reset(d->page);
	const char *text = body == NULL || into == NULL ? NULL
	    : json_dump(d->page, body);
	if (text == NULL)
		return err_nomem(err);
	const struct api_req req = { .method = "POST", .target = into,
		.label = "making it", .body = text, .body_len = strlen(text) };
	return dynamics_do(d, d->page, &req, &res, err);
}

static bool
check_name(const struct dynamics *d, const char *name, struct err *err)
{
	return define_is_ours(d, name) || err_set(err, ERR_REJECTED, "its name "
	    "does not begin with column_prefix: make it by hand");
}

bool
define_column(struct dynamics *d, const char *table, const char *name,
    enum column_type type, size_t chars, struct err *err)
{
	json_t *body = NULL;

	const bool ok = check_name(d, name, err) &&
	    body_of(d, name, type, chars, &body, err) &&
	    post(d, arena_printf(d->api.env.scratch, "EntityDefinitions("
	        "LogicalName='%s')/Attributes", table), body, err);
	json_decref(body);
	return ok;
}

bool
define_key(struct dynamics *d, const char *table, const char *column,
    struct err *err)
{
	if (!check_name(d, column, err))
		return false;
	json_t *body = json_pack("{s:s+, s:o, s:[s]}", "SchemaName", column,
	    "_key", "DisplayName", label_of(d, column), "KeyAttributes", column);
	const bool ok = post(d, arena_printf(d->api.env.scratch,
	    "EntityDefinitions(LogicalName='%s')/Keys", table), body, err);
	json_decref(body);
	return ok;
}

/* ---- the table of answers ----------------------------------------------- */
/* The service makes the set's name of the table's: npt_x becomes npt_xs. */
bool
define_table(struct dynamics *d, const char *set, const char *primary,
    struct err *err)
{
	const size_t len = strlen(set);
	const char *name = len < 2 || set[len - 1] != 's' || set[len - 2] == 's'
	    ? "" : arena_strndup(d->api.env.scratch, set, len - 1);
	json_t *first = NULL;

	if (name == NULL)
		return err_nomem(err);
	if (!check_name(d, name, err) || !check_name(d, primary, err))
		return false;
	if (!text_add(d, primary, 100, &first)) {
		json_decref(first);
		return err_nomem(err);
	}
	(void)json_object_set_new(first, "IsPrimaryName", json_true());
	json_t *body = json_pack("{s:s, s:s, s:o, s:o, s:s, s:b, s:b, s:b, s:[o]}",
	    "@odata.type", "Microsoft.Dynamics.CRM.EntityMetadata",
	    "SchemaName", name, "DisplayName", label_of(d, name),
	    "DisplayCollectionName", label_of(d, set), "OwnershipType",
	    "OrganizationOwned", "IsActivity", 0, "HasActivities", 0,
	    "HasNotes", 0, "Attributes", first);
	const bool ok = post(d, "EntityDefinitions", body, err);
	json_decref(body);
	return ok;
}

/* From a row to its contact.  That one is deleted leaves the row. */
bool
define_lookup(struct dynamics *d, const char *table, const char *nav,
    struct err *err)
{
	const char *none = "NoCascade";

	if (!check_name(d, nav, err))
		return false;
	json_t *body = json_pack("{s:s, s:s++, s:s, s:s, s:{s:s, s:s, s:s, s:s, "
	    "s:s, s:s}, s:{s:s, s:s, s:o, s:{s:s}}}",
	    "@odata.type", "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
	    "SchemaName", d->set->column_prefix, "contact_", table,
	    "ReferencedEntity", "contact", "ReferencingEntity", table,
	    "CascadeConfiguration", "Assign", none, "Delete", "RemoveLink",
	    "Merge", none, "Reparent", none, "Share", none, "Unshare", none,
	    "Lookup", "@odata.type",
	    "Microsoft.Dynamics.CRM.LookupAttributeMetadata", "SchemaName", nav,
	    "DisplayName", label_of(d, nav), "RequiredLevel", "Value", "None");
	const bool ok = post(d, "RelationshipDefinitions", body, err);
	json_decref(body);
	return ok;
}
