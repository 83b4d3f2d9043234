/*
 * schema.c - object types and the properties that every account has.
 */
#include <stdlib.h>

#include "sim.h"

static const char *const ptypes[] = { "string", "number", "bool", "datetime",
	"date", "enumeration", NULL };

const char *
ptype_name(enum ptype t)
{
	return ptypes[t];
}

bool
ptype_read(const char *name, enum ptype *t)
{
	const int i = place_of(name, ptypes);

	if (i >= 0)
		*t = (enum ptype)i;
	return i >= 0;
}

/* ---- the tables ---------------------------------------------------------- */

struct given {
	const char *name;
	enum ptype type;
	bool readonly;
	const char *options;	/* "A;B" */
};
#define STAMPS(modified, created) \
	{ "hs_object_id", P_NUM, true, NULL }, \
	{ modified, P_TIME, true, NULL }, { created, P_TIME, true, NULL }

static const struct given contacts[] = { STAMPS("lastmodifieddate",
	"createdate"),
	{ "email", P_TEXT, false, NULL }, { "firstname", P_TEXT, false, NULL },
	{ "lastname", P_TEXT, false, NULL }, { "phone", P_TEXT, false, NULL },
	{ "mobilephone", P_TEXT, false, NULL },
	{ "company", P_TEXT, false, NULL }, { "country", P_TEXT, false, NULL },
	{ "hs_language", P_ENUM, false, "da;en;de;sv;nb" },
	{ "jobtitle", P_TEXT, false, NULL },
	{ "lifecyclestage", P_ENUM, false, "lead;customer;evangelist;other" },
	{ "associatedcompanyid", P_NUM, false, NULL },
	{ "hubspot_owner_id", P_TEXT, false, NULL },
	{ "hs_merged_object_ids", P_TEXT, true, NULL },
	{ "hs_email_optout", P_BOOL, true, "true;false" },
	{ "hs_email_optout_4711", P_BOOL, true, "true;false" },
	{ "hs_email_bounce", P_NUM, true, NULL },
	{ "hs_email_hard_bounce_reason", P_TEXT, true, NULL },
	{ "hs_email_quarantined", P_BOOL, true, "true;false" },
	{ NULL, P_TEXT, false, NULL } };
static const struct given meetings[] = { STAMPS("hs_lastmodifieddate",
	"hs_createdate"),
	{ "hs_timestamp", P_TIME, false, NULL },
	{ "hs_meeting_title", P_TEXT, false, NULL },
	{ "hs_meeting_start_time", P_TIME, false, NULL },
	{ "hs_meeting_end_time", P_TIME, false, NULL },
	{ "hs_meeting_outcome", P_ENUM, false,
	    "SCHEDULED;COMPLETED;RESCHEDULED;NO_SHOW;CANCELED" },
	{ "hs_activity_type", P_TEXT, false, NULL },
	{ "hubspot_owner_id", P_TEXT, false, NULL },
	{ NULL, P_TEXT, false, NULL } };
static const struct given deals[] = { STAMPS("hs_lastmodifieddate",
	"createdate"),
	{ "hs_createdate", P_TIME, true, NULL },
	{ "dealname", P_TEXT, false, NULL }, { "amount", P_NUM, false, NULL },
	{ "pipeline", P_TEXT, false, NULL },
	{ "dealstage", P_TEXT, false, NULL },
	{ "dealtype", P_ENUM, false, "newbusiness;existingbusiness" },
	{ "closedate", P_TIME, false, NULL },
	{ "hs_is_closed", P_BOOL, true, "true;false" },
	{ "hs_is_closed_won", P_BOOL, true, "true;false" },
	{ "hs_is_closed_lost", P_BOOL, true, "true;false" },
	{ "hubspot_owner_id", P_TEXT, false, NULL },
	{ NULL, P_TEXT, false, NULL } };
static const struct given tickets[] = { STAMPS("hs_lastmodifieddate",
	"createdate"),
	{ "hs_createdate", P_TIME, true, NULL },
	{ "subject", P_TEXT, false, NULL }, { "content", P_TEXT, false, NULL },
	{ "hs_pipeline", P_TEXT, false, NULL },
	{ "hs_pipeline_stage", P_TEXT, false, NULL },
	{ "hs_ticket_category", P_ENUM, false,
	    "PRODUCT_ISSUE;BILLING_ISSUE;FEATURE_REQUEST;GENERAL_INQUIRY" },
	{ "hs_ticket_priority", P_ENUM, false, "LOW;MEDIUM;HIGH" },
	{ "closed_date", P_TIME, false, NULL },
	{ "hubspot_owner_id", P_TEXT, false, NULL },
	{ NULL, P_TEXT, false, NULL } };
static const struct given companies[] = { STAMPS("hs_lastmodifieddate",
	"createdate"),
	{ "name", P_TEXT, false, NULL }, { "domain", P_TEXT, false, NULL },
	{ "hubspot_owner_id", P_TEXT, false, NULL },
	{ NULL, P_TEXT, false, NULL } };
static const struct given calls[] = { STAMPS("hs_lastmodifieddate",
	"hs_createdate"),
	{ "hs_timestamp", P_TIME, false, NULL },
	{ "hs_call_title", P_TEXT, false, NULL },
	{ "hs_call_status", P_ENUM, false, "COMPLETED;CANCELED;QUEUED" },
	{ "hubspot_owner_id", P_TEXT, false, NULL },
	{ NULL, P_TEXT, false, NULL } };
static const struct given others[] = { STAMPS("hs_lastmodifieddate",
	"hs_createdate"),
	{ "hs_timestamp", P_TIME, false, NULL },
	{ "hs_email_status", P_ENUM, false, "SENT;BOUNCED;FAILED;SENDING" },
	{ "hs_email_direction", P_TEXT, false, NULL },
	{ "hs_communication_channel_type", P_TEXT, false, NULL },
	{ "hs_task_status", P_ENUM, false, "NOT_STARTED;COMPLETED;DEFERRED" },
	{ "hs_task_completion_date", P_TIME, true, NULL },
	{ "hubspot_owner_id", P_TEXT, false, NULL },
	{ NULL, P_TEXT, false, NULL } };

#define ACTIVITY(many, one, number, list) { { .name = many, .singular = one, \
	.code = number, .modified = "hs_lastmodifieddate", \
	.created = "hs_createdate", .scope = "crm.objects.contacts" }, list }
static const struct {
	struct kind kind;
	const struct given *props;
} table[OBJ_N] = {
	[OBJ_CONTACTS] = { { .name = "contacts", .singular = "contact",
		.code = "0-1", .modified = "lastmodifieddate",
		.created = "createdate", .scope = "crm.objects.contacts" },
	    contacts },
	[OBJ_MEETINGS] = ACTIVITY("meetings", "meeting", "0-47", meetings),
	[OBJ_DEALS] = { { .name = "deals", .singular = "deal", .code = "0-3",
		.modified = "hs_lastmodifieddate", .created = "createdate",
		.scope = "crm.objects.deals" }, deals },
	[OBJ_TICKETS] = { { .name = "tickets", .singular = "ticket",
		.code = "0-5", .modified = "hs_lastmodifieddate",
		.created = "createdate", .scope = "tickets" }, tickets },
	[OBJ_COMPANIES] = { { .name = "companies", .singular = "company",
		.code = "0-2", .modified = "hs_lastmodifieddate",
		.created = "createdate", .scope = "crm.objects.companies" },
	    companies },
	[OBJ_CALLS] = ACTIVITY("calls", "call", "0-48", calls),
	[OBJ_EMAILS] = ACTIVITY("emails", "email", "0-49", others),
	[OBJ_MESSAGES] = ACTIVITY("communications", "communication", "0-18",
	    others),
	[OBJ_TASKS] = ACTIVITY("tasks", "task", "0-27", others),
};

/* ---- look-ups ------------------------------------------------------------ */

struct kind *
kind_find(struct sim *s, const char *name)
{
	for (size_t i = 0; name != NULL && i < OBJ_N; i++) {
		struct kind *k = &s->kinds[i];
		if (strcmp(name, k->name) == 0 ||
		    strcmp(name, k->singular) == 0 || strcmp(name, k->code) == 0)
			return k;
	}
	return NULL;
}

enum obj
kind_place(const struct sim *s, const struct kind *k)
{
	return (enum obj)(k - s->kinds);
}

int
prop_find(const struct kind *k, const char *name)
{
	for (size_t i = 0; name != NULL && i < k->n_props; i++)
		if (strcmp(k->props[i].name, name) == 0)
			return (int)i;
	return -1;
}

const struct choice *
option_find(const struct prop *p, const char *value, size_t len)
{
	for (size_t i = 0; i < p->n_options; i++)
		if (strlen(p->options[i].value) == len &&
		    strncmp(p->options[i].value, value, len) == 0)
			return &p->options[i];
	return NULL;
}

/* ---- making them --------------------------------------------------------- */

struct prop *
prop_add(struct kind *k, const char *name, enum ptype type, const char *field,
    bool readonly)
{
	k->props = grow(k->props, k->n_props, sizeof(*k->props));
	struct prop *p = &k->props[k->n_props++];

	*p = (struct prop){ .name = dup_text(name), .label = dup_text(name),
		.group = dup_text("contactinformation"),
		.field = dup_text(field), .type = type, .readonly = readonly };
	return p;
}

void
option_add(struct prop *p, const char *label, const char *value, bool hidden,
    int64_t order)
{
	p->options = grow(p->options, p->n_options, sizeof(*p->options));
	p->options[p->n_options++] = (struct choice){ .label = dup_text(label),
		.value = dup_text(value), .hidden = hidden, .order = order };
}

void
options_clear(struct prop *p)
{
	for (size_t i = 0; i < p->n_options; i++) {
		free(p->options[i].label);
		free(p->options[i].value);
	}
	p->n_options = 0;
}

static void
options_split(struct prop *p, const char *list)
{
	for (int64_t n = 0; list != NULL && *list != '\0'; n++) {
		const size_t len = strcspn(list, ";");
		char *word = need(strndup(list, len));
		option_add(p, word, word, false, n);
		free(word);
		list += len + (list[len] == ';');
	}
}

static void
kind_open(struct kind *k, const struct given *props)
{
	static const char *const fields[] = { "text", "number",
		"booleancheckbox", "date", "date", "select" };

	for (const struct given *g = props; g->name != NULL; g++) {
		struct prop *p = prop_add(k, g->name, g->type, fields[g->type],
		    g->readonly);
		p->own = true;
		options_split(p, g->options);
	}
}

/* When a deal or ticket came into a stage: a property for each. */
static void
stages_open(struct kind *k, const struct stage *of)
{
	for (; of->id != NULL; of++) {
		char *name = fmt_text("hs_v2_date_entered_%s", of->id);
		prop_add(k, name, P_TIME, "date", true)->own = true;
		free(name);
	}
}

void
schema_open(struct sim *s)
{
	for (size_t i = 0; i < OBJ_N; i++) {
		s->kinds[i] = table[i].kind;
		kind_open(&s->kinds[i], table[i].props);
	}
	stages_open(&s->kinds[OBJ_DEALS], deal_stages);
	stages_open(&s->kinds[OBJ_TICKETS], ticket_stages);
}
