/*
 * columns.c - the archive providers and their columns, after the vendor's
 * reference pages: the name, the kind of restriction it takes, what is shown.
 */
#include <strings.h>

#include "sim.h"

#define OWN(name, type) { name, type, name, NULL }
#define SHOWN(name, list) { name, C_LIST, name, list }
#define END { NULL, C_NONE, NULL, NULL }
#define ALL OWN("getAllRows", C_BOOL), OWN("getNoRows", C_BOOL)

static const struct column person_columns[] = { ALL,
	OWN("personId", C_INT), OWN("firstName", C_TEXT),
	OWN("lastName", C_TEXT), OWN("middleName", C_TEXT),
	OWN("fullName", C_TEXT), OWN("contactId", C_INT), OWN("title", C_TEXT),
	OWN("mrMrs", C_TEXT), OWN("personNumber", C_TEXT),
	OWN("rank", C_INT), OWN("personNoMail", C_BOOL),
	OWN("retired", C_BOOL), OWN("personUpdatedDate", C_UTC),
	OWN("personRegisteredDate", C_UTC), OWN("personDeletedDate", C_TIME),
	SHOWN("personAssociateId", "associate"),
	SHOWN("personCountry", "country"), OWN("personCountryId", C_INT),
	{ "hasCompany", C_BOOL, NULL, NULL },
	{ "hasInterests", C_BOOL, NULL, NULL },
	{ "personHasInterests", C_BOOL, NULL, NULL },
	OWN("personDirectPhone/formattedNumber", C_TEXT),
	OWN("personMobilePhone/formattedNumber", C_TEXT),
	{ "email/emailAddress", C_TEXT, NULL, NULL },
	{ "email/emailId", C_INT, NULL, NULL },
	{ "email/emailProtocol", C_TEXT, NULL, NULL },
	{ "email/emailDescription", C_TEXT, NULL, NULL },
	{ "email/emailHasBounced", C_BOOL, NULL, NULL },
	{ "email/emailBounceCount", C_INT, NULL, NULL },
	{ "email/emailLastBounce", C_TIME, NULL, NULL },
	{ "personInterestIds", C_INTERESTS, "interests", NULL },
	OWN("isMailingRecipient", C_BOOL),
	{ "hasStoreConsent", C_BOOL, NULL, NULL },
	{ "withdrawnStoreConsent", C_BOOL, NULL, NULL },
	{ "hasEmarketingConsent", C_BOOL, NULL, NULL },
	{ "withdrawnEmarketingConsent", C_BOOL, NULL, NULL },
	OWN("subscription", C_TEXT), OWN("legalBaseStore", C_TEXT),
	OWN("legalBaseEmarketing", C_TEXT), END };

static const struct column company_columns[] = { ALL,
	OWN("contactId", C_INT), OWN("name", C_TEXT),
	OWN("department", C_TEXT), OWN("number", C_TEXT), OWN("code", C_TEXT),
	OWN("orgnr", C_TEXT), OWN("contactNoMail", C_BOOL),
	{ "nameDepartment", C_NONE, "name", NULL },
	OWN("stop", C_BOOL), OWN("contactDeleted", C_BOOL),
	OWN("deletedDate", C_TIME), SHOWN("category", "category"),
	SHOWN("business", "business"), SHOWN("country", "country"),
	OWN("countryId", C_INT), SHOWN("associateId", "associate"),
	OWN("updatedDate", C_UTC), OWN("registeredDate", C_UTC),
	OWN("LastActivity", C_DATE), OWN("LastCompletedActivity", C_DATE),
	OWN("LastSale", C_DATE), OWN("LastCompletedSale", C_DATE),
	OWN("LastTicket", C_DATE), END };

static const struct column associate_columns[] = {
	{ "associateDbId", C_INT, "associateId", NULL },
	OWN("firstName", C_TEXT), OWN("lastName", C_TEXT),
	OWN("fullName", C_TEXT), { "assocName", C_TEXT, "name", NULL },
	OWN("userName", C_TEXT), OWN("personEmail", C_TEXT),
	OWN("personId", C_INT), OWN("isActive", C_BOOL), END };

#define ACTIVITY OWN("completed", C_BOOL), OWN("date", C_DATE), \
	OWN("recordType", C_TEXT), OWN("text", C_TEXT), \
	SHOWN("associateId", "associate"), \
	OWN("contactId", C_KEY), OWN("personId", C_KEY), \
	OWN("projectId", C_KEY), OWN("saleId", C_INT), \
	OWN("updatedDate", C_UTC), OWN("registeredDate", C_UTC)

static const struct column appointment_columns[] = { ALL, ACTIVITY,
	SHOWN("type", "task"), OWN("appointmentId", C_INT),
	OWN("endDate", C_DATE), OWN("location", C_TEXT),
	OWN("rawType", C_INT), OWN("rawStatus", C_INT),
	OWN("completedDate", C_DATE), OWN("invitedPersonId", C_INT),
	OWN("booking", C_BOOL), OWN("isMilestone", C_BOOL), END };

#define SALE SHOWN("saleStatus", "salestatus"), OWN("heading", C_TEXT), \
	SHOWN("saleType", "saletype"), SHOWN("stage", "stage"), \
	SHOWN("currency", "currency"), OWN("currencyId", C_INT), \
	OWN("amount", C_INT), OWN("probPercent", C_INT), \
	OWN("nextDueDate", C_DATE), OWN("reopenDate", C_DATE), \
	OWN("saleNumber", C_TEXT)

static const struct column sale_columns[] = { ALL, ACTIVITY, SALE,
	{ "saleTypeId", C_NONE, "saleType", NULL },
	{ "stageId", C_NONE, "stage", NULL }, OWN("description", C_TEXT), END };

static const struct column history_columns[] = { ALL, ACTIVITY, SALE, END };

static const struct column ticket_columns[] = { ALL, OWN("contactId", C_INT),
	OWN("personId", C_INT), OWN("saleId", C_INT), OWN("projectId", C_INT),
	OWN("ticketId", C_INT), OWN("title", C_TEXT),
	SHOWN("ticketTypeName", "tickettype"),
	SHOWN("ticketStatusName", "ticketstatus"),
	SHOWN("categoryFullName", "ticketcategory"),
	SHOWN("priorityName", "priority"), SHOWN("ownedBy", "associate"),
	OWN("createdAt", C_TIME), OWN("lastChanged", C_TIME),
	OWN("author", C_TEXT), SHOWN("status", "basestatus"),
	OWN("connectId", C_INT), OWN("numberOfMessages", C_INT),
	OWN("repliedAt", C_TIME), OWN("closedAt", C_TIME),
	OWN("activated", C_TIME), OWN("deadline", C_TIME), END };

const struct provider providers[] = {
	{ "FindAppointment", "appointment", T_APPOINTMENT, appointment_columns,
	    "person/", "contact/", "associate/" },
	{ "FindSale", "sale", T_SALE, sale_columns, "person/", "contact/",
	    "associate/" },
	{ "SaleHistory", "sale", T_HISTORY, history_columns, "person/",
	    "contact/", "associate/" },
	{ "Ticket", "ticket", T_TICKET, ticket_columns, "person/", "contact/",
	    "ownedBy/" },
	{ "Person", "person", T_PERSON, person_columns, NULL, "personContact/",
	    NULL },
	{ "SimpleContact", "contact", T_COMPANY, company_columns, NULL, NULL,
	    NULL },
	{ NULL, NULL, TABLES, NULL, NULL, NULL, NULL },
};

/* Names of providers, columns and operators: case does not matter. */
const struct provider *
provider_find(const char *name)
{
	for (const struct provider *p = providers; p->name != NULL; p++)
		if (strcasecmp(p->name, name) == 0)
			return p;
	return NULL;
}

static bool
column_find(const struct column *list, const char *name, struct col *out)
{
	for (; list->name != NULL; list++)
		if (strcasecmp(list->name, name) == 0) {
			out->c = *list;
			return true;
		}
	return false;
}

/* personUdef/SuperOffice:1 and personExtra/x_name. */
static bool
udef_find(const char *name, struct col *out)
{
	const char *slash = strchr(name, '/');

	if (slash == NULL || (strncasecmp(name, "personUdef/", 11) != 0 &&
	    strncasecmp(name, "personExtra/", 12) != 0))
		return false;
	out->c = (struct column){ .name = out->name, .type = C_TEXT };
	snprintf(out->udef, sizeof(out->udef), "%s", slash + 1);
	return true;
}

/* Columns that a control added: {"Ticket.categoryId": "int ticketcategory"}. */
static bool
extra_find(const struct sim *s, const struct provider *p, const char *name,
    struct col *out)
{
	char key[160];

	snprintf(key, sizeof(key), "%s.%s", p->name, name);
	const json_t *known = json_object_get(s->extra, key);
	if (known == NULL)
		return false;
	out->c = (struct column){ .name = out->name, .key = out->name,
		.type = C_INT };
	return true;
}

static bool
behind(const char *name, const char *prefix, const char **rest)
{
	if (prefix == NULL || strncasecmp(name, prefix, strlen(prefix)) != 0)
		return false;
	*rest = name + strlen(prefix);
	return true;
}

bool
col_find(const struct sim *s, const struct provider *p, const char *name,
    struct col *out)
{
	const char *rest = name;

	*out = (struct col){ 0 };
	if (strlen(name) >= sizeof(out->name))
		return false;
	snprintf(out->name, sizeof(out->name), "%s", name);
	if (column_find(p->columns, name, out) || extra_find(s, p, name, out) ||
	    (p->table == T_PERSON && udef_find(name, out)))
		return true;
	if (behind(name, p->person, &rest)) {
		out->side = S_PERSON;
		return column_find(person_columns + 2, rest, out) ||
		       udef_find(rest, out);
	}
	if (behind(name, p->company, &rest)) {
		out->side = S_COMPANY;
		if (!behind(rest, "contactAssociate/", &rest))
			return column_find(company_columns + 2, rest, out);
		out->side = S_OWNER;
		return column_find(associate_columns, rest, out);
	}
	out->side = S_ASSOCIATE;
	return behind(name, p->associate, &rest) &&
	       column_find(associate_columns, rest, out);
}
