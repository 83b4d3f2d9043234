/*
 * entity.c - single records as the service gives them, all members or those of
 * $select.
 */
#include <stdlib.h>
#include <strings.h>

#include "sim.h"

bool
has_interest(const json_t *ids, int64_t id)
{
	for (size_t i = 0; i < json_array_size(ids); i++)
		if (json_integer_value(json_array_get(ids, i)) == id)
			return true;
	return false;
}

static json_t *
text_json(const json_t *v, const char *key)
{
	const char *text = str_of(v, key);

	return json_string(text == NULL ? "" : text);
}

/* The whole list, with what is chosen. */
static json_t *
interests_json(const struct sim *s, const json_t *ids)
{
	json_t *out = json_array();
	const struct table *t = &s->tables[T_INTEREST];

	for (size_t i = 0; i < t->n; i++)
		json_array_append_new(out, json_pack("{s:I, s:s, s:s, s:b, s:I,"
		    " s:s, s:b, s:[], s:b}", "Id", (json_int_t)t->rows[i].id,
		    "Name", str_of(t->rows[i].v, "name"), "ToolTip", "",
		    "Deleted", flag_of(t->rows[i].v, "deleted"), "Rank",
		    (json_int_t)t->rows[i].id, "Type", "", "Selected",
		    has_interest(ids, t->rows[i].id), "ChildItems", "Hidden",
		    0));
	return out;
}

static json_t *
emails_json(const json_t *v)
{
	json_t *out = json_array();
	const json_t *mails = json_object_get(v, "emails");

	for (size_t i = 0; i < json_array_size(mails); i++) {
		const json_t *m = json_array_get(mails, i);
		json_array_append_new(out, json_pack("{s:o, s:o, s:s, s:s, "
		    "s:I}", "Value", text_json(m, "emailAddress"),
		    "StrippedValue", text_json(m, "emailAddress"),
		    "Description", "", "Protocol", "SMTP", "Id",
		    (json_int_t)int_of(m, "emailId", 0)));
	}
	return out;
}

static void
consent_add(const struct sim *s, const struct request *r, json_t *out,
    const json_t *v, const char *key, const char *purpose)
{
	const char *base = str_of(v, key);

	if (base != NULL && *base != '\0')
		json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:o, "
		    "s:s, s:b}", "ConsentPurposeKey", purpose, "LegalBaseKey",
		    base, "ConsentSourceKey", "USER", "Updated",
		    time_json(s, r, int_of(v, "personUpdatedDate", 0), true),
		    "Comment", "", "IsWithdrawn",
		    strcmp(base, "WITHDRAWN") == 0));
}

static json_t *
consents_json(const struct sim *s, const struct request *r, const json_t *v)
{
	json_t *out = json_array();

	consent_add(s, r, out, v, "legalBaseStore", "STORE");
	consent_add(s, r, out, v, "legalBaseEmarketing", "EMARKETING");
	return out;
}

static json_t *
associate_json(const struct sim *s, int64_t id)
{
	const struct row *row = row_find(s, T_ASSOCIATE, id);

	if (row == NULL)
		return json_null();
	return json_pack("{s:I, s:o, s:o, s:s}", "AssociateId", (json_int_t)id,
	    "Name", text_json(row->v, "name"), "FullName",
	    text_json(row->v, "fullName"), "Type", "AssociateType");
}

static json_t *
company_json(const struct sim *s, int64_t id)
{
	const struct row *row = row_find(s, T_COMPANY, id);

	return row == NULL ? json_null()
			   : json_pack("{s:I, s:o, s:I}", "ContactId",
			       (json_int_t)id, "Name",
			       text_json(row->v, "name"), "AssociateId",
			       (json_int_t)int_of(row->v, "associateId", 0));
}

static json_t *
person_short(const struct sim *s, int64_t id)
{
	const struct row *row = row_find(s, T_PERSON, id);

	return row == NULL ? json_null()
			   : json_pack("{s:I, s:o}", "PersonId",
			       (json_int_t)id, "FullName",
			       text_json(row->v, "fullName"));
}

static json_t *
custom_json(json_t *v)
{
	/* All fields are there, also those that are empty. */
	json_t *out = json_pack("{s:s, s:s, s:s, s:s}", "SuperOffice:1", "",
	    "SuperOffice:2", "", "SuperOffice:3", "[I:0]", "SuperOffice:6",
	    "[I:0]");

	json_object_update(out, json_object_get(v, "custom"));
	return out;
}

json_t *
person_json(const struct sim *s, const struct request *r,
    const struct row *row)
{
	json_t *v = row->v;
	json_t *out = json_pack("{s:I, s:o, s:o, s:o, s:o, s:b, s:b}",
	    "PersonId", (json_int_t)row->id, "Firstname",
	    text_json(v, "firstName"), "Lastname", text_json(v, "lastName"),
	    "FullName", text_json(v, "fullName"), "Title",
	    text_json(v, "title"), "NoMailing", flag_of(v, "personNoMail"),
	    "Retired", flag_of(v, "retired"));
	const struct {
		const char *name;
		json_t *value;
	} more[] = {
		{ "UpdatedDate", time_json(s, r,
		    int_of(v, "personUpdatedDate", 0), true) },
		{ "CreatedDate", time_json(s, r,
		    int_of(v, "personRegisteredDate", 0), true) },
		{ "Emails", emails_json(v) },
		{ "Interests", interests_json(s,
		    json_object_get(v, "interests")) },
		{ "Consents", consents_json(s, r, v) },
		{ "Contact", company_json(s, int_of(v, "contactId", 0)) },
		{ "Associate", associate_json(s,
		    int_of(v, "personAssociateId", 0)) },
		{ "CustomFields", custom_json(v) },
		{ "UserDefinedFields", custom_json(v) },
		{ "ExtraFields", json_object() }, { "BounceEmails",
		    json_array() }, { "ShipmentTypes", json_array() },
		{ "TableRight", json_null() },
		{ "FieldProperties", json_object() },
	};

	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		json_object_set_new(out, more[i].name, more[i].value);
	return out;
}

static json_t *
sale_json(const struct sim *s, const struct request *r, const struct row *row)
{
	static const char *const states[] = { "Unknown", "Open", "Sold", "Lost",
		"Stalled" };
	const json_t *v = row->v;
	const int64_t status = int_of(v, "saleStatus", 0);

	return json_pack("{s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "SaleId",
	    (json_int_t)row->id, "Heading", text_json(v, "heading"), "Status",
	    states[status < 0 || status > 4 ? 0 : status], "Saledate",
	    time_json(s, r, int_of(v, "date", 0), false), "UpdatedDate",
	    time_json(s, r, int_of(v, "updatedDate", 0), true), "Person",
	    person_short(s, int_of(v, "personId", 0)), "Contact",
	    company_json(s, int_of(v, "contactId", 0)), "Associate",
	    associate_json(s, int_of(v, "associateId", 0)));
}

static json_t *
appointment_json(const struct sim *s, const struct request *r,
    const struct row *row)
{
	static const char *const states[] = { "Unknown", "NotStarted",
		"Started", "Completed" };
	const json_t *v = row->v;
	const int64_t status = int_of(v, "rawStatus", 0);
	const int64_t type = int_of(v, "type", 0);

	return json_pack("{s:I, s:o, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, "
	    "s:{s:I, s:s}, s:[]}", "AppointmentId", (json_int_t)row->id,
	    "Description", text_json(v, "text"), "MotherId",
	    (json_int_t)int_of(v, "motherId", 0), "Completed",
	    states[status < 0 || status > 3 ? 0 : status], "StartDate",
	    time_json(s, r, int_of(v, "date", 0), false), "EndDate",
	    time_json(s, r, int_of(v, "endDate", 0), false), "UpdatedDate",
	    time_json(s, r, int_of(v, "updatedDate", 0), true), "Person",
	    person_short(s, int_of(v, "personId", 0)), "Contact",
	    company_json(s, int_of(v, "contactId", 0)), "Associate",
	    associate_json(s, int_of(v, "associateId", 0)), "Task",
	    "TaskListItemId", (json_int_t)type, "Value",
	    list_text(s, "task", type) == NULL ? ""
					       : list_text(s, "task", type),
	    "Participants");
}

static json_t *
ticket_json(const struct sim *s, const struct request *r,
    const struct row *row)
{
	static const char *const states[] = { "Unknown", "Active", "Closed",
		"Postponed", "Deleted", "Merged", "Spam" };
	const json_t *v = row->v;
	const int64_t status = int_of(v, "status", 0);

	return json_pack("{s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:[]}",
	    "TicketId", (json_int_t)row->id, "Title", text_json(v, "title"),
	    "BaseStatus", states[status < 0 || status > 6 ? 0 : status],
	    "ClosedAt", time_json(s, r, int_of(v, "closedAt", 0), false),
	    "LastChanged", time_json(s, r, int_of(v, "lastChanged", 0), false),
	    "Person", person_short(s, int_of(v, "personId", 0)), "OwnedBy",
	    associate_json(s, int_of(v, "ownedBy", 0)), "SecondaryPersons");
}

/* The members of $select only; the query in it is judged elsewhere. */
json_t *
entity_select(const struct request *r, json_t *entity)
{
	const char *at = str_of(r->args, "$select");
	json_t *out = json_object();
	const char *key;
	json_t *v;

	if (at == NULL || *at == '\0') {
		json_decref(out);
		return entity;
	}
	json_object_foreach(entity, key, v) {
		const size_t len = strlen(key);
		for (const char *p = at; p != NULL; p = strchr(p, ',')) {
			p += strspn(p, ", ");
			if (strncasecmp(p, key, len) == 0 &&
			    (p[len] == ',' || p[len] == '\0' || p[len] == '/'))
				json_object_set(out, key, v);
		}
	}
	json_decref(entity);
	return out;
}

static json_t *
contact_json(const struct sim *s, const struct request *r,
    const struct row *row)
{
	(void)r;
	return json_pack("{s:I, s:o, s:b, s:o}", "ContactId",
	    (json_int_t)row->id, "Name", text_json(row->v, "name"),
	    "NoMailing", flag_of(row->v, "contactNoMail"), "Associate",
	    associate_json(s, int_of(row->v, "associateId", 0)));
}

static const struct {
	const char *prefix, *name;
	enum table_id table;
	json_t *(*make)(const struct sim *, const struct request *,
	    const struct row *);
} entities[] = { { "/Person/", "Person", T_PERSON, person_json },
	{ "/Sale/", "Sale", T_SALE, sale_json },
	{ "/Ticket/", "Ticket", T_TICKET, ticket_json },
	{ "/Contact/", "Contact", T_COMPANY, contact_json },
	{ "/Appointment/", "Appointment", T_APPOINTMENT, appointment_json } };

/* GET Person/{id}, Sale/{id}, ...: 304 if it is no newer. */
void
on_entity(struct sim *s, struct request *r, struct reply *out)
{
	size_t i = 0;
	int64_t id, since;

	while (strncmp(r->path, entities[i].prefix,
	    strlen(entities[i].prefix)) != 0)
		i++;
	const struct row *row = id_read(r->part[0], &id)
	    ? row_find(s, entities[i].table, id) : NULL;
	if (!row_seen(s, row)) {
		if (mutant_is(s, MUT_MISSING_200))
			reply_json(out, 200, json_null());
		else
			reply_error(out, 404, "SoNotFoundException",
			    "%s id %s not found", entities[i].name, r->part[0]);
		return;
	}
	const int64_t t = int_of(row->v, updated_key(entities[i].table), 0);
	http_date(t, out->modified, sizeof(out->modified));
	if (http_date_read(header_of(&r->in, "If-Modified-Since"), &since) &&
	    t <= since)
		reply_json(out, 304, NULL);
	else
		reply_json(out, 200, entity_select(r,
		    entities[i].make(s, r, row)));
}

/* POST Agents/Appointment/GetAppointmentList: those that are there. */
void
on_appointment_list(struct sim *s, struct request *r, struct reply *out)
{
	json_t *ids = body_json(&r->in), *all = json_array(), *id;
	size_t i;

	if (s->opt.no_appointment_list || !json_is_array(ids)) {
		reply_error(out, s->opt.no_appointment_list ? 404 : 400,
		    "SoException", "No such method, or no array");
		json_decref(ids);
		json_decref(all);
		return;
	}
	json_array_foreach(ids, i, id) {
		const struct row *row = row_find(s, T_APPOINTMENT,
		    json_integer_value(id));
		if (row_seen(s, row))
			json_array_append_new(all, entity_select(r,
			    appointment_json(s, r, row)));
	}
	reply_json(out, 200, all);
	json_decref(ids);
}
