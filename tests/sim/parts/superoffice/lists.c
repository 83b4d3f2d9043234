/*
 * lists.c - the lists of the tenant, with the texts that its people see: a
 * Danish company, so no English word is in an answer that shows texts.
 */
#include <stdlib.h>
#include <strings.h>

#include "sim.h"

static const struct {
	const char *list;
	int64_t id;
	const char *text;
} items[] = {
	{ "task", 1, "Møde (internt)" }, { "task", 2, "Møde (eksternt)" },
	{ "task", 3, "Telefon ind" }, { "task", 4, "Telefon ud" },
	{ "task", 5, "Opgave" }, { "task", 7, "Besøg" },
	{ "salestatus", 0, "Ukendt" }, { "salestatus", 1, "Åben" },
	{ "salestatus", 2, "Solgt" }, { "salestatus", 3, "Tabt" },
	{ "salestatus", 4, "Sat i bero" }, { "saletype", 1, "Nysalg" },
	{ "saletype", 2, "Mersalg" }, { "stage", 1, "Emne" },
	{ "stage", 2, "Tilbud" }, { "stage", 3, "Lukket" },
	{ "currency", 1, "DKK" }, { "country", 45, "Danmark" },
	{ "country", 46, "Sverige" }, { "category", 1, "Kunde" },
	{ "category", 2, "Emne" }, { "business", 1, "Industri" },
	{ "basestatus", 1, "Åben" }, { "basestatus", 2, "Lukket" },
	{ "basestatus", 3, "Udskudt" }, { "basestatus", 4, "Slettet" },
	{ "basestatus", 5, "Sammenlagt" }, { "basestatus", 6, "Spam" },
	{ "ticketstatus", 1, "Åben" }, { "ticketstatus", 2, "Lukket" },
	{ "ticketstatus", 3, "Udskudt" }, { "ticketstatus", 12, "Løst" },
	{ "tickettype", 1, "Henvendelse" }, { "priority", 1, "Mellem" },
	{ "ticketcategory", 1, "Service" },
	{ "ticketcategory", 2, "Service/Faktura" },
};
#define ITEMS (sizeof(items) / sizeof(*items))

/* NULL = there is no such item. */
const char *
list_text(const struct sim *s, const char *list, int64_t id)
{
	if (strcmp(list, "associate") == 0) {
		const struct row *row = row_find(s, T_ASSOCIATE, id);
		return row == NULL ? NULL : str_of(row->v, "name");
	}
	for (size_t i = 0; i < ITEMS; i++)
		if (items[i].id == id && strcmp(items[i].list, list) == 0)
			return items[i].text;
	return NULL;
}

/* ---- MDO lists --------------------------------------------------------------- */
static json_t *
mdo_item(int64_t id, const char *name, const char *tooltip, bool deleted,
    json_t *children)
{
	return json_pack("{s:I, s:s, s:s, s:b, s:I, s:s, s:o, s:s, s:i, s:s, "
	    "s:s, s:s, s:n, s:{}}", "Id", (json_int_t)id, "Name", name,
	    "ToolTip", tooltip, "Deleted", deleted, "Rank", (json_int_t)id,
	    "Type", "", "ChildItems", children, "IconHint", "", "ColorBlock",
	    0, "ExtraInfo", "", "StyleHint", "", "FullName", name,
	    "TableRight", "FieldProperties");
}

static json_t *
interests_json(const struct sim *s, bool mdo)
{
	json_t *out = json_array();
	const struct table *t = &s->tables[T_INTEREST];

	for (size_t i = 0; i < t->n; i++) {
		const json_t *v = t->rows[i].v;
		const char *name = str_of(v, "name");
		const char *tip = str_of(v, "tooltip");
		json_array_append_new(out, mdo
		    ? mdo_item(t->rows[i].id, name, tip == NULL ? "" : tip,
			flag_of(v, "deleted"), json_array())
		    : json_pack("{s:I, s:s, s:s, s:b, s:I, s:I, s:n, s:{}}",
			"Id", (json_int_t)t->rows[i].id, "Name", name,
			"Tooltip", tip == NULL ? "" : tip, "Deleted",
			flag_of(v, "deleted"), "UdListDefinitionId",
			(json_int_t)26, "Rank", (json_int_t)t->rows[i].id,
			"TableRight", "FieldProperties"));
	}
	return out;
}

static json_t *
fixed_json(const char *list)
{
	json_t *out = json_array();

	for (size_t i = 0; i < ITEMS; i++)
		if (strcmp(items[i].list, list) == 0)
			json_array_append_new(out, mdo_item(items[i].id,
			    items[i].text, "", false, json_array()));
	return out;
}

static json_t *
associates_json(const struct sim *s)
{
	json_t *out = json_array();
	const struct table *t = &s->tables[T_ASSOCIATE];

	for (size_t i = 0; i < t->n; i++)
		json_array_append_new(out, mdo_item(t->rows[i].id,
		    str_of(t->rows[i].v, "name"), "", false, json_array()));
	return out;
}

/* GET MDOList/{}: with headings the items stand below them. */
void
on_mdo_list(struct sim *s, struct request *r, struct reply *out)
{
	static const char *const known[] = { "task", "salestatus", "saletype",
		"stage", "ticketstatus", "country", "category", NULL };
	json_t *list = NULL;

	if (strcasecmp(r->part[0], "persint") == 0)
		list = interests_json(s, true);
	else if (strcasecmp(r->part[0], "associate") == 0)
		list = associates_json(s);
	else if (place_of(r->part[0], known) >= 0)
		list = fixed_json(r->part[0]);
	if (list == NULL) {
		reply_error(out, 400, "SoArgumentException",
		    "Unknown list %s", r->part[0]);
		return;
	}
	if (s->opt.headings && strcasecmp(r->part[0], "persint") == 0)
		list = json_pack("[o]", mdo_item(900, "Overskrift", "", false,
		    list));
	reply_json(out, 200, list);
}

/* ---- list definitions -------------------------------------------------------- */
static json_t *
list_entity(int64_t id, const char *name, const char *type)
{
	return json_pack("{s:I, s:s, s:s, s:b, s:I, s:b, s:b, s:b, s:s, s:b, "
	    "s:n, s:{}}", "Id", (json_int_t)id, "Name", name, "Tooltip", "",
	    "Deleted", 0, "Rank", (json_int_t)id, "IsCustomList", 0,
	    "IsMDOList", 1, "UseGroupsAndHeadings", 1, "ListType", type,
	    "InUseByUserDefinedFields", 0, "TableRight", "FieldProperties");
}

void
on_lists(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	reply_json(out, 200, json_pack("[o, o, o]",
	    list_entity(1, "Firma - branche", "Business"),
	    list_entity(25, "Firma - interesse", "ContactInterest"),
	    list_entity(26, "Kontakt - interesse", s->opt.interest_list)));
}

static bool
list_good(struct sim *s, const struct request *r, struct reply *out)
{
	if (strcasecmp(r->part[0], s->opt.interest_list) == 0)
		return true;
	reply_error(out, 404, "SoNotFoundException", "List %s not found",
	    r->part[0]);
	return false;
}

void
on_items(struct sim *s, struct request *r, struct reply *out)
{
	if (strcmp(r->path, "/List/Task/Items") == 0)
		reply_json(out, 200, fixed_json("task"));
	else if (strcmp(r->path, "/List/TicketStatus/Items") == 0)
		reply_json(out, 200, fixed_json("ticketstatus"));
	else if (list_good(s, r, out))
		reply_json(out, 200, interests_json(s, false));
}

/* POST List/{}/Items: another of the same name is one more. */
void
on_item_add(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	const char *name = str_of(in, "Name");
	const char *tip = str_of(in, "Tooltip");
	const int64_t id = next_id(s, T_INTEREST);

	if (!list_good(s, r, out)) {
		;
	} else if (s->opt.no_admin) {
		reply_error(out, 403, "SoSentryException",
		    "Administrator rights are needed");
	} else if (name == NULL || *name == '\0' || strlen(name) > 250) {
		reply_error(out, 400, "SoArgumentException", "Name");
	} else {
		json_t *made = json_pack("{s:I, s:s, s:s, s:b, s:I, s:I}",
		    "Id", (json_int_t)id, "Name", name, "Tooltip",
		    tip == NULL ? "" : tip, "Deleted", 0, "UdListDefinitionId",
		    (json_int_t)26, "Rank", (json_int_t)id);
		if (!mutant_is(s, MUT_ITEM_LOST))
			ledger_add(s, json_pack("{s:s, s:s, s:s, s:I, s:{s:s, "
			    "s:s, s:b}}", "kind", "create", "by", "api",
			    "table", "interest", "id", (json_int_t)id, "set",
			    "name", name, "tooltip", tip == NULL ? "" : tip,
			    "deleted", 0));
		reply_json(out, 200, made);
	}
	json_decref(in);
}

/* ---- user-defined fields ------------------------------------------------------- */
/* GET Person/UdefLayout/Published, Person/CustomField */
void
on_udef(struct sim *s, struct request *r, struct reply *out)
{
	static const struct {
		const char *prog, *label, *type;
	} fields[] = { { "SuperOffice:1", "NPS", "ShortText" },
		{ "SuperOffice:2", "Noter", "LongText" },
		{ "SuperOffice:3", "Score", "Number" },
		{ "SuperOffice:6", "Ingen NPS", "Checkbox" } };
	json_t *list = json_array(), *map = json_object();

	(void)s;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:s, "
		    "s:b}", "UDefFieldId", (int)i + 1, "ProgId",
		    fields[i].prog, "FieldLabel", fields[i].label, "FieldType",
		    fields[i].type, "IsReadOnly", 0));
		json_object_set_new(map, fields[i].prog, json_pack("{s:s, s:s}",
		    "DisplayName", fields[i].label, "FieldName",
		    fields[i].prog));
	}
	const bool udef = strstr(r->path, "UdefLayout") != NULL;
	reply_json(out, 200, json_incref(udef ? list : map));
	json_decref(list);
	json_decref(map);
}
