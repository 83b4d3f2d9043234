/*
 * schema.c - the tables that a fresh environment has, as lines of text:
 * "name type [length] [ro]" of plain columns, "name choice 1=Label,2=Label",
 * "name lookup table:navigation,..." (! = its target cannot be expanded).
 */
#include <stdlib.h>

#include "sim.h"

#define STAMPS "|createdon time ro|modifiedon time ro"
#define OWNER \
	"|ownerid lookup systemuser:ownerid!" \
	"|owninguser lookup systemuser:owninguser"
#define PLAIN_STATE \
	"|statecode state 0=Active,1=Inactive|statuscode status 1=Active,2=Inactive"
#define REGARDING(t) \
	"|regardingobjectid lookup contact:regardingobjectid_contact_" t \
	",account:regardingobjectid_account_" t \
	",opportunity:regardingobjectid_opportunity_" t \
	",incident:regardingobjectid_incident_" t
#define ACTIVITY(t) \
	"activityid id|subject text 400|description memo 2000|category text 250" \
	"|subcategory text 250|actualstart time|actualend time" \
	"|scheduledstart time|scheduledend time|activitytypecode text 64 ro" \
	REGARDING(t) OWNER STAMPS
#define ACTIVITY_STATE \
	"|statecode state 0=Open,1=Completed,2=Canceled,3=Scheduled"
#define STATE_3 "|statecode state 0=Open,1=Completed,2=Canceled"

static const struct {
	const char *name, *set, *label, *spec;
} schema[] = {
	{ "systemuser", "systemusers", "fullname",
	    "systemuserid id|fullname text 200|firstname text 64|lastname text 64"
	    "|internalemailaddress text 100|domainname text 1024|title text 128"
	    "|isdisabled bool Enabled,Disabled|applicationid text 64" STAMPS },
	{ "account", "accounts", "name",
	    "accountid id|name text 160|accountnumber text 20|telephone1 text 50"
	    "|emailaddress1 text 100|address1_country text 80"
	    "|address1_city text 80|industrycode choice 1=Accounting,6=Business "
	    "Services,7=Consulting|customertypecode choice 3=Customer,8=Prospect"
	    "|accountcategorycode choice 1=Preferred Customer,2=Standard"
	    "|primarycontactid lookup contact:primarycontactid"
	    "|parentaccountid lookup account:parentaccountid|merged bool No,Yes ro"
	    "|masterid lookup account:masterid" PLAIN_STATE OWNER STAMPS },
	{ "contact", "contacts", "fullname",
	    "contactid id|fullname text 160 ro|firstname text 50|lastname text 50"
	    "|emailaddress1 text 100|emailaddress2 text 100|telephone1 text 50"
	    "|mobilephone text 50|jobtitle text 100|department text 100"
	    "|address1_country text 80|address1_city text 80"
	    "|donotemail bool Allow,Do Not Allow"
	    "|donotbulkemail bool Allow,Do Not Allow"
	    "|donotphone bool Allow,Do Not Allow"
	    "|parentcustomerid lookup account:parentcustomerid_account,"
	    "contact:parentcustomerid_contact"
	    "|accountid lookup account:accountid"
	    "|customertypecode choice 1=Default Value|merged bool No,Yes ro"
	    "|masterid lookup contact:masterid" PLAIN_STATE OWNER STAMPS },
	{ "opportunity", "opportunities", "name",
	    "opportunityid id|name text 300|description memo 2000"
	    "|actualclosedate day|estimatedclosedate day|actualvalue money"
	    "|estimatedvalue money|stepname text 200|salesstage choice 0=Qualify,"
	    "1=Develop,2=Propose,3=Close"
	    "|parentcontactid lookup contact:parentcontactid"
	    "|parentaccountid lookup account:parentaccountid"
	    "|customerid lookup account:customerid_account,"
	    "contact:customerid_contact"
	    "|statecode state 0=Open,1=Won,2=Lost|statuscode status 1=In "
	    "Progress,2=On Hold,3=Won,4=Canceled,5=Out-Sold" OWNER STAMPS },
	{ "opportunityclose", "opportunitycloses", "subject",
	    ACTIVITY("opportunityclose") STATE_3
	    "|statuscode status 1=Open,2=Completed,3=Canceled"
	    "|opportunityid lookup opportunity:opportunityid"
	    "|opportunitystatecode choice 0=Open,1=Won,2=Lost"
	    "|actualrevenue money" },
	{ "incident", "incidents", "title",
	    "incidentid id|ticketnumber text 100|title text 200"
	    "|description memo 2000"
	    "|customerid lookup account:customerid_account,"
	    "contact:customerid_contact"
	    "|primarycontactid lookup contact:primarycontactid"
	    "|responsiblecontactid lookup contact:responsiblecontactid"
	    "|masterid lookup incident:masterid|merged bool No,Yes ro"
	    "|casetypecode choice 1=Question,2=Problem,3=Request"
	    "|caseorigincode choice 1=Phone,2=Email,3=Web"
	    "|statecode state 0=Active,1=Resolved,2=Canceled"
	    "|statuscode status 1=In Progress,2=On Hold,5=Problem Solved,"
	    "6=Cancelled,1000=Information Provided,2000=Merged" OWNER STAMPS },
	{ "incidentresolution", "incidentresolutions", "subject",
	    ACTIVITY("incidentresolution") STATE_3
	    "|statuscode status 1=Open,2=Closed,3=Canceled"
	    "|incidentid lookup incident:incidentid|timespent int 2147483647" },
	{ "appointment", "appointments", "subject",
	    ACTIVITY("appointment") ACTIVITY_STATE
	    "|statuscode status 1=Free,2=Tentative,3=Completed,4=Canceled,5=Busy,"
	    "6=Out of Office|instancetypecode choice 0=Not Recurring,1=Recurring "
	    "Master,2=Recurring Instance,3=Recurring Exception"
	    "|location text 200|isalldayevent bool No,Yes" },
	{ "phonecall", "phonecalls", "subject",
	    ACTIVITY("phonecall") STATE_3
	    "|statuscode status 1=Open,2=Made,3=Canceled,4=Received"
	    "|directioncode bool Incoming,Outgoing|phonenumber text 200" },
	{ "email", "emails", "subject",
	    ACTIVITY("email") STATE_3
	    "|statuscode status 1=Draft,2=Completed,3=Sent,4=Received,5=Canceled"
	    "|directioncode bool Incoming,Outgoing" },
	{ "task", "tasks", "subject",
	    ACTIVITY("task") STATE_3
	    "|statuscode status 2=Not Started,3=In Progress,5=Completed,"
	    "6=Canceled|percentcomplete int 100" },
	{ "activitypointer", "activitypointers", "subject",
	    ACTIVITY("activitypointer") ACTIVITY_STATE
	    "|statuscode status 1=Open,2=Completed,3=Canceled,4=Scheduled"
	    "|instancetypecode choice 0=Not Recurring,1=Recurring Master,"
	    "2=Recurring Instance,3=Recurring Exception" },
	{ "post", "posts", NULL,
	    "postid id|text memo 2000|source choice 1=Auto Post,2=Manual Post"
	    "|largetext memo 1048576"
	    "|regardingobjectid lookup contact:regardingobjectid_contact,"
	    "account:regardingobjectid_account,"
	    "opportunity:regardingobjectid_opportunity" STAMPS },
	{ "activityparty", "activityparties", NULL,
	    "activitypartyid id|activityid lookup "
	    "appointment:activityid_appointment,phonecall:activityid_phonecall,"
	    "email:activityid_email,task:activityid_task,"
	    "activitypointer:activityid_activitypointer"
	    "|partyid lookup contact:partyid_contact,account:partyid_account,"
	    "systemuser:partyid_systemuser"
	    "|participationtypemask choice 1=Sender,2=To Recipient,3=CC Recipient,"
	    "4=BCC Recipient,5=Required attendee,6=Optional attendee,7=Organizer,"
	    "8=Regarding,9=Owner,10=Resource,11=Customer,12=Chat Participant"
	    "|addressused text 320|unresolvedpartyname text 320"
	    "|scheduledend time|ispartydeleted bool No,Yes" },
};
static const struct child activity_children[] = {
	{ "appointment_activity_parties", "activityparty", "activityid" },
	{ "phonecall_activity_parties", "activityparty", "activityid" },
	{ "email_activity_parties", "activityparty", "activityid" },
	{ "task_activity_parties", "activityparty", "activityid" },
	{ "activitypointer_activity_parties", "activityparty", "activityid" },
	{ NULL, NULL, NULL } };
static const struct child account_children[] = {
	{ "contact_customer_accounts", "contact", "parentcustomerid" },
	{ "opportunity_parent_account", "opportunity", "parentaccountid" },
	{ NULL, NULL, NULL } };
static const struct child contact_children[] = {
	{ "opportunity_parent_contact", "opportunity", "parentcontactid" },
	{ "contact_activity_parties", "activityparty", "partyid" },
	{ NULL, NULL, NULL } };
static const struct child opportunity_children[] = {
	{ "Opportunity_OpportunityClose", "opportunityclose", "opportunityid" },
	{ NULL, NULL, NULL } };

/* ---- finding */
bool
table_find(const struct sim *s, const char *name, size_t *i)
{
	for (*i = 0; *i < s->n_tables; (*i)++)
		if (strcmp(s->tables[*i].name, name) == 0)
			return true;
	return false;
}

bool
set_find(const struct sim *s, const char *set, size_t *i)
{
	for (*i = 0; *i < s->n_tables; (*i)++)
		if (strcmp(s->tables[*i].set, set) == 0)
			return true;
	return false;
}

int
column_find(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->n_cols; i++)
		if (strcmp(t->cols[i].name, name) == 0)
			return (int)i;
	return -1;
}

int
property_find(const struct table *t, const char *name)
{
	char bare[128];
	const size_t len = strlen(name);
	if (len > 7 && name[0] == '_' && strcmp(name + len - 6, "_value") == 0) {
		snprintf(bare, sizeof(bare), "%.*s", (int)(len - 7), name + 1);
		const int i = column_find(t, bare);
		return i >= 0 && t->cols[i].type == CT_LOOKUP ? i : -1;
	}
	const int i = column_find(t, name);
	return i >= 0 && t->cols[i].type != CT_LOOKUP ? i : -1;
}

int
nav_find(const struct table *t, const char *nav, size_t *target)
{
	for (size_t i = 0; i < t->n_cols; i++)
		for (*target = 0; *target < t->cols[i].n_targets; (*target)++)
			if (strcmp(t->cols[i].targets[*target].nav, nav) == 0)
				return (int)i;
	return -1;
}

const struct child *
child_find(const struct table *t, const char *nav)
{
	const size_t len = strlen(t->name);
	for (const struct child *c = t->children; c != NULL && c->nav != NULL;
	     c++)
		if (strcmp(c->nav, nav) == 0 &&
		    (!t->activity || (strncmp(nav, t->name, len) == 0 &&
					 nav[len] == '_')))
			return c;
	return NULL;
}

/* "0=No,1=Yes"; of a bool also "No,Yes". */
const char *
label_of(const struct column *c, int64_t value)
{
	static _Thread_local char out[64];
	char want[32];
	const char *at = c->labels;
	if (at == NULL || *at == '\0')
		return NULL;
	if (strchr(at, '=') == NULL) {
		const char *comma = strchr(at, ',');
		if (value != 0 && comma != NULL)
			at = comma + 1;
	} else {
		snprintf(want, sizeof(want), "%lld=", (long long)value);
		while (at != NULL && !starts(at, want)) {
			at = strchr(at, ',');
			at = at == NULL ? NULL : at + 1;
		}
		if (at == NULL)
			return NULL;
		at += strlen(want);
	}
	snprintf(out, sizeof(out), "%.*s", (int)strcspn(at, ","), at);
	return out;
}

/* ---- making */
static const char *const type_words[] = { "id", "text", "memo", "int", "real",
	"money", "bool", "time", "day", "choice", "state", "status", "big",
	"lookup", NULL };

const char *
type_name(const struct column *c)
{
	static const char *const names[] = { "Uniqueidentifier", "String", "Memo",
		"Integer", "Decimal", "Money", "Boolean", "DateTime", "DateTime",
		"Picklist", "State", "Status", "BigInt", "Lookup" };
	return names[c->type];
}

static void
targets_read(struct column *c, char *list)
{
	char *one;
	while ((one = strsep(&list, ",")) != NULL && c->n_targets < 6) {
		struct target *t = &c->targets[c->n_targets++];
		char *nav = strchr(one, ':');
		*nav++ = '\0';
		const size_t len = strlen(nav);
		t->opaque = nav[len - 1] == '!';
		if (t->opaque)
			nav[len - 1] = '\0';
		t->table = dup_text(one);
		t->nav = dup_text(nav);
	}
}

static bool
column_rest(struct column *c, char *rest)
{
	if (c->type == CT_LOOKUP) {
		if (strchr(rest, ':') == NULL)
			return false;
		targets_read(c, rest);
		return true;
	}
	const size_t len = strlen(rest);
	if (len >= 2 && strcmp(rest + len - 2, "ro") == 0 &&
	    (len == 2 || rest[len - 3] == ' ')) {
		c->readonly = true;
		rest[len - 2 - (len > 2)] = '\0';
	}
	if (c->type == CT_BOOL || c->type == CT_CHOICE || c->type == CT_STATE ||
	    c->type == CT_STATUS) {
		c->labels = *rest == '\0' ? NULL : dup_text(rest);
		return true;
	}
	c->max = c->type == CT_TEXT ? 100 : c->type == CT_MEMO ? 2000 :
	    2147483647;
	return *rest == '\0' || sim_num(rest, &c->max);
}

bool
column_add(struct table *t, const char *spec)
{
	char *copy = dup_text(spec), *rest = copy;
	const char *name = strsep(&rest, " ");
	const char *word = rest == NULL ? "" : strsep(&rest, " ");
	char none[1] = "";
	struct column c = { 0 };
	int type = 0;
	while (type_words[type] != NULL && strcmp(type_words[type], word) != 0)
		type++;
	bool ok = type_words[type] != NULL && *name != '\0' &&
	    column_find(t, name) < 0;
	if (ok) {
		c.type = (enum ctype)type;
		ok = column_rest(&c, rest == NULL ? none : rest);
	}
	if (ok) {
		c.schema = dup_text(name);
		c.name = dup_text(name);
		for (char *p = c.name; *p != '\0'; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p + 32);
		t->cols = grow(t->cols, t->n_cols, sizeof(*t->cols));
		t->cols[t->n_cols++] = c;
	}
	free(copy);
	return ok;
}

void
key_add(struct table *t, const char *name, const char *column,
    int64_t active_at)
{
	t->keys = grow(t->keys, t->n_keys, sizeof(*t->keys));
	t->keys[t->n_keys++] = (struct key){ .name = dup_text(name),
		.column = dup_text(column),
		.active_at = active_at };
}

struct table *
table_add(struct sim *s, const char *name, const char *set, const char *spec)
{
	char *copy = dup_text(spec), *rest = copy, *one;
	s->tables = grow(s->tables, s->n_tables, sizeof(*s->tables));
	struct table *t = &s->tables[s->n_tables++];
	*t = (struct table){ .name = dup_text(name),
		.set = dup_text(set),
		.schema = dup_text(name),
		.etags = true,
		.label = -1 };
	while ((one = strsep(&rest, "|")) != NULL)
		if (!column_add(t, one))
			die(one);
	free(copy);
	t->modified = column_find(t, "modifiedon");
	t->created = column_find(t, "createdon");
	t->activity = strcmp(t->cols[0].name, "activityid") == 0;
	return t;
}

static void
table_settle(struct table *t)
{
	if (t->activity)
		t->children = activity_children;
	if (strcmp(t->name, "account") == 0)
		t->children = account_children;
	if (strcmp(t->name, "contact") == 0)
		t->children = contact_children;
	if (strcmp(t->name, "opportunity") == 0)
		t->children = opportunity_children;
	t->tracked = strcmp(t->name, "contact") == 0 ||
	    strcmp(t->name, "account") == 0;
	if (strcmp(t->name, "activityparty") == 0)
		t->etags = false;
}

/* bare: nothing of ours is there yet. */
void
schema_open(struct sim *s, bool bare)
{
	char spec[64];
	size_t i;
	for (i = 0; i < LEN(schema); i++) {
		struct table *t = table_add(
		    s, schema[i].name, schema[i].set, schema[i].spec);
		if (schema[i].label != NULL)
			t->label = column_find(t, schema[i].label);
		table_settle(t);
	}
	meta_open(s);
	if (bare)
		return;
	if (!table_find(s, "contact", &i) ||
	    !column_add(&s->tables[i], "npt_npstags memo 4000"))
		die("schema");
	snprintf(spec, sizeof(spec), "|npt_responseid %s",
	    s->opt.number_key ? "int" : "text 50");
	char whole[900];
	snprintf(whole, sizeof(whole),
	    "npt_npsresponseid id|npt_name text 200%s|npt_score int 10"
	    "|npt_comment memo 10000|npt_campaign text 200|npt_npstype text 20"
	    "|npt_answeredon time|npt_contact lookup contact:npt_Contact"
	    PLAIN_STATE OWNER STAMPS, spec);
	struct table *t = table_add(s, "npt_npsresponse", "npt_npsresponses",
	    whole);
	t->label = column_find(t, "npt_name");
	t->custom = true;
	key_add(t, "npt_responseid_key", "npt_responseid", 0);
}
