/*
 * world.c - an org that was drawn from a number: the same number, the same org.
 * Everything up to the base time is history; --events meetings end within the
 * day after it.  Some of each are what an integration must not stumble over:
 * a meeting without anybody, with a lead, a copy for an invitee, without an end,
 * entered days later; a deal without a role, with two; a card that was merged.
 */
#include <stdlib.h>

#include "sim.h"

#define N(list) ((int64_t)(sizeof(list) / sizeof(*(list))))
#define MS 1000
#define USERS 8
#define LEADS 20

static const char *const firsts[] = { "Anna", "Bjørn", "Céline", "Dorthe",
	"Erik", "Freja", "Gunnar", "Helle", "Ida", "Jørgen", "Kåre", "Lærke",
	"Mette", "Nils", "Oda", "Per", "Rúna", "Søren", "Tove", "Åse" };
static const char *const lasts[] = { "Andersen", "Berg", "Christensen", "Dahl",
	"Eriksen", "Fjord", "Gran", "Holm", "Iversen", "Jensen", "Krogh",
	"Lund", "Møller", "Nygård", "O'Hara", "Poulsen", "Rask", "Skov",
	"Thomsen", "Ørsted" };
static const char *const trades[] = { "Energi", "Foods", "Marine", "Medico",
	"Byg", "Teknik", "Data", "Logistik" };
static const char *const lands[] = { "Denmark", "Denmark", "Sweden", "Norway" };
static const char *const meetings[] = { "Salgsmøde", "Statusmøde", "Meeting" };

/* 0 .. n - 1, by what it is for and for which. */
static int64_t
draw(const struct sim *s, const char *what, int64_t i, int64_t n)
{
	char key[64];

	snprintf(key, sizeof(key), "%s/%lld", what, (long long)i);
	return (int64_t)(sim_hash((uint64_t)s->opt.seed, key) % (uint64_t)n);
}

static bool
chance(const struct sim *s, const char *what, int64_t i, int64_t percent)
{
	return draw(s, what, i, 100) < percent;
}

static struct record *
row(struct sim *s, const char *object, int64_t made)
{
	char id[ID_LEN + 1];
	struct object *o = object_find(s, object);

	id_make(s, o, id);
	struct record *r = record_add(s, o, id);
	value_set_num(r, "CreatedDate", made * MS);
	value_set_num(r, "LastModifiedDate", made * MS);
	value_set_num(r, "SystemModstamp", made * MS);
	return r;
}

static const char *
id_of(const struct sim *s, const char *object, int64_t i)
{
	return object_find(s, object)->rows[i]->v[0].u.s;
}

static const char *
user_of(const struct sim *s, int64_t i)
{
	return id_of(s, "User", 1 + draw(s, "owner", i, USERS - 1));
}

static void
stamp(struct record *r, int64_t t)
{
	value_set_num(r, "LastModifiedDate", t * MS);
	value_set_num(r, "SystemModstamp", t * MS);
}

/* ---- people --------------------------------------------------------------------------- */
static void
name_set(struct sim *s, struct record *r, const char *what, int64_t i)
{
	char name[128];
	const char *first = firsts[draw(s, what, i * 2, N(firsts))];
	const char *last = lasts[draw(s, what, i * 2 + 1, N(lasts))];

	value_set_text(r, "FirstName", first);
	value_set_text(r, "LastName", last);
	snprintf(name, sizeof(name), "%s %s", first, last);
	value_set_text(r, "Name", name);
}

static void
users_draw(struct sim *s, int64_t base)
{
	char text[64];

	for (int64_t i = 0; i < USERS; i++) {
		struct record *r = row(s, "User", base - 900 * DAY_S);
		name_set(s, r, "user", i);
		snprintf(text, sizeof(text), "user%lld@seller.example",
		    (long long)i);
		value_set_text(r, "Username", i == 0 ? s->opt.user : text);
		value_set_text(r, "Email", text);
		value_set_text(r, "UserType", "Standard");
		value_set_num(r, "IsActive", i != USERS - 1);
	}
	struct record *queue = row(s, "Group", base - 900 * DAY_S);
	value_set_text(queue, "Name", "Support");
	value_set_text(queue, "Type", "Queue");
	struct record *set = row(s, "PermissionSet", base - 900 * DAY_S);
	value_set_text(set, "Name", "NPSToday");
}

static void
accounts_draw(struct sim *s, int64_t base, int64_t n)
{
	char name[96];

	for (int64_t i = 0; i < n; i++) {
		struct record *r = row(s, "Account", base - 800 * DAY_S + i);
		snprintf(name, sizeof(name), "%s %s %s",
		    lasts[draw(s, "account", i, N(lasts))],
		    trades[draw(s, "trade", i, N(trades))],
		    chance(s, "form", i, 60) ? "A/S" : "AB");
		value_set_text(r, "Name", name);
		value_set_text(r, "BillingCountry",
		    lands[draw(s, "land", i, N(lands))]);
		value_set_text(r, "Type",
		    chance(s, "customer", i, 80) ? "Customer" : "Prospect");
		value_set_text(r, "OwnerId", user_of(s, i));
	}
}

static void
contact_flags(struct sim *s, struct record *r, int64_t i, int64_t base)
{
	const bool left = chance(s, "left", i, 3);

	value_set_num(r, "HasOptedOutOfEmail", chance(s, "optout", i, 4));
	value_set_num(r, "NoNPS__c", chance(s, "nonps", i, 2));
	value_set_text(r, "EmploymentStatus__c", left ? "Left" : "Active");
	if (chance(s, "bounced", i, 3)) {
		value_set_num(r, "IsEmailBounced", 1);
		value_set_num(r, "EmailBouncedDate", (base - 9 * DAY_S) * MS);
	}
	if (chance(s, "tags", i, 10))
		value_set_text(r, "NPSToday_Tags__c", "VIP;Messe 2025");
	struct record *rel = row(s, "AccountContactRelation", base - DAY_S);
	value_set_text(rel, "AccountId", value_text(r, "AccountId"));
	value_set_text(rel, "ContactId", r->v[0].u.s);
	value_set_num(rel, "IsDirect", 1);
	value_set_num(rel, "IsActive", !left);
}

static void
contacts_draw(struct sim *s, int64_t base, int64_t n, int64_t accounts)
{
	char text[64];

	for (int64_t i = 0; i < n; i++) {
		struct record *r = row(s, "Contact", base - 700 * DAY_S + i);
		name_set(s, r, "contact", i);
		snprintf(text, sizeof(text), "p%lld@c%lld.example",
		    (long long)i, (long long)draw(s, "at", i, accounts));
		if (!chance(s, "nomail", i, 5))
			value_set_text(r, "Email", text);
		if (!chance(s, "alone", i, 3))
			value_set_text(r, "AccountId",
			    id_of(s, "Account", draw(s, "at", i, accounts)));
		value_set_text(r, "OwnerId", user_of(s, i));
		value_set_text(r, "MailingCountry",
		    lands[draw(s, "home", i, N(lands))]);
		snprintf(text, sizeof(text), "+45 20%06lld", (long long)i);
		value_set_text(r, "MobilePhone", text);
		contact_flags(s, r, i, base);
		if (i > 0 && chance(s, "merged", i, 1)) {
			value_set_num(r, "IsDeleted", 1);
			value_set_text(r, "MasterRecordId",
			    id_of(s, "Contact", i - 1));
		}
	}
	for (int64_t i = 0; i < LEADS; i++) {
		struct record *r = row(s, "Lead", base - 100 * DAY_S);
		name_set(s, r, "lead", i);
		value_set_text(r, "Company", "Ukendt ApS");
		value_set_text(r, "OwnerId", user_of(s, i));
	}
}

/* ---- what happened -------------------------------------------------------------------- */
static const char *
who_of(struct sim *s, const char *what, int64_t i)
{
	return id_of(s, "Contact",
	    draw(s, what, i,
		(int64_t)object_find(s, "Contact")->n_rows));
}

static void
who_set(struct sim *s, struct record *r, const char *who)
{
	const struct record *c = record_find(s, who);

	value_set_text(r, "WhoId", who);
	if (c != NULL)
		value_set_text(r, "AccountId", value_text(c, "AccountId"));
}

static void
last_day(struct sim *s, const struct record *r, int64_t day, int64_t base)
{
	struct record *who = record_find(s, value_text(r, "WhoId"));
	const struct value *v =
	    who == NULL ? NULL : value_of(who, "LastActivityDate");

	if (v != NULL && day <= base / DAY_S && (!v->set || v->u.n < day))
		value_set_num(who, "LastActivityDate", day);
}

static void
relation_add(struct sim *s, const struct record *event, const char *who,
    int64_t made)
{
	struct object *o = NULL;

	for (size_t i = 0; i < s->n_objects; i++)
		if (strcmp(s->objects[i].name, "EventWhoRelation") == 0)
			o = &s->objects[i];
	if (o == NULL || o->hidden || who == NULL)
		return;
	struct record *r = row(s, o->name, made);
	value_set_text(r, "EventId", event->v[0].u.s);
	value_set_text(r, "RelationId", who);
	value_set_text(r, "Type",
	    strncmp(who, "00Q", 3) == 0 ? "Lead" : "Contact");
}

/* Ends at end; i is its number over all. */
static void
event_draw(struct sim *s, int64_t i, int64_t end, int64_t base)
{
	int64_t made = end - (3 + draw(s, "booked", i, 20)) * DAY_S;

	if (end < base && chance(s, "late", i, 10))
		made = end + draw(s, "late", i, 5) * DAY_S / 2;
	if (made > base)
		made = base;
	struct record *r = row(s, "Event", made);
	value_set_text(r, "Subject",
	    meetings[draw(s, "subject", i, N(meetings))]);
	value_set_text(r, "Type", meetings[draw(s, "kind", i, N(meetings))]);
	value_set_text(r, "OwnerId", user_of(s, i));
	value_set_num(r, "StartDateTime", (end - 3600) * MS);
	value_set_num(r, "ActivityDateTime", (end - 3600) * MS);
	value_set_num(r, "DurationInMinutes", 60);
	value_set_num(r, "ActivityDate", sim_floor_div(end, DAY_S));
	if (!chance(s, "noend", i, 1))
		value_set_num(r, "EndDateTime", end * MS);
	if (chance(s, "who", i, 3))
		value_set_text(
		    r, "WhoId", id_of(s, "Lead", draw(s, "lead", i, LEADS)));
	else if (!chance(s, "nobody", i, 3))
		who_set(s, r, who_of(s, "met", i));
	value_set_num(r, "IsChild", chance(s, "child", i, 3));
	value_set_num(r, "IsArchived", end < base - 365 * DAY_S);
	last_day(s, r, sim_floor_div(end, DAY_S), base);
	relation_add(s, r, value_text(r, "WhoId"), made);
	if (chance(s, "second", i, 20))
		relation_add(s, r, who_of(s, "beside", i), made);
}

static void
events_draw(struct sim *s, int64_t base)
{
	for (int64_t i = 0; i < s->opt.history; i++)
		event_draw(s, i,
		    base - 3600 - draw(s, "when", i, 420 * 24) * 3600, base);
	/* A meeting that is only planned, and the day that comes. */
	for (int64_t i = 0; i < 10; i++)
		event_draw(s, 1000000 + i, base + (3 + i) * DAY_S, base);
	for (int64_t i = 0; i < s->opt.events; i++)
		event_draw(s, 2000000 + i,
		    base + 3600 + draw(s, "hour", i, 18 * 60) * 60, base);
}

static void
role_add(struct sim *s, const struct record *deal, int64_t i, bool primary)
{
	struct record *r = row(s, "OpportunityContactRole",
	    deal->v[0].u.s[0] == '0' ? s->opt.base - 60 * DAY_S : 0);

	value_set_text(r, "OpportunityId", deal->v[0].u.s);
	value_set_text(r, "ContactId", who_of(s, "role", i));
	value_set_text(r, "Role", "Decision Maker");
	value_set_num(r, "IsPrimary", primary);
}

static void
deals_draw(struct sim *s, int64_t base, int64_t n)
{
	char name[64];

	for (int64_t i = 0; i < n; i++) {
		const int64_t at = base - draw(s, "deal", i, 380) * DAY_S -
				   draw(s, "dealhour", i, 86400);
		struct record *r = row(s, "Opportunity", at - 60 * DAY_S);
		const bool closed = chance(s, "closed", i, 40);
		const bool won = closed && chance(s, "won", i, 60);
		snprintf(name, sizeof(name), "Handel %lld", (long long)i);
		value_set_text(r, "Name", name);
		value_set_text(r, "AccountId",
		    value_text(record_find(s, who_of(s, "deal", i)),
			"AccountId"));
		value_set_text(r, "OwnerId", user_of(s, i));
		value_set_text(r, "StageName", won ? "Closed Won"
				 : closed	   ? "Closed Lost"
						   : "Negotiation");
		value_set_num(r, "IsClosed", closed);
		value_set_num(r, "IsWon", won);
		value_set_num(r, "CloseDate", sim_floor_div(at, DAY_S));
		value_set_num(r, "LastStageChangeDate", at * MS);
		stamp(r, at);
		const int64_t roles = draw(s, "roles", i, 4);
		for (int64_t k = 0; k < roles && k < 3; k++)
			role_add(s, r, i * 4 + k,
			    k == 0 && chance(s, "primary", i, 70));
	}
}

static void
cases_draw(struct sim *s, int64_t base, int64_t n)
{
	char text[64];

	for (int64_t i = 0; i < n; i++) {
		const int64_t at = base - draw(s, "case", i, 380) * DAY_S -
				   draw(s, "casehour", i, 86400);
		struct record *r = row(s, "Case", at - 3 * DAY_S);
		const bool closed = chance(s, "solved", i, 60);
		const struct record *c = record_find(s, who_of(s, "case", i));
		snprintf(text, sizeof(text), "%08lld", (long long)i + 1001);
		value_set_text(r, "CaseNumber", text);
		if (!chance(s, "anon", i, 5)) {
			value_set_text(r, "ContactId", c->v[0].u.s);
			value_set_text(
			    r, "AccountId", value_text(c, "AccountId"));
		}
		value_set_text(r, "OwnerId",
		    chance(s, "queue", i, 10) ? id_of(s, "Group", 0)
					      : user_of(s, i));
		value_set_text(r, "Status",
		    !closed		       ? "New"
		    : chance(s, "twice", i, 5) ? "Duplicate"
					       : "Closed");
		value_set_text(r, "Subject", "Spørgsmål");
		value_set_num(r, "IsClosed", closed);
		if (closed)
			value_set_num(r, "ClosedDate", at * MS);
		stamp(r, closed ? at : at - 3 * DAY_S);
	}
}

static void
tasks_draw(struct sim *s, int64_t base, int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		const int64_t at = base - draw(s, "task", i, 380) * DAY_S;
		struct record *r = row(s, "Task", at - 2 * DAY_S);
		const bool done = chance(s, "done", i, 70);
		value_set_text(r, "Subject",
		    chance(s, "call", i, 50) ? "Call" : "Email: tilbud");
		value_set_text(r, "TaskSubtype",
		    chance(s, "call", i, 50) ? "Call" : "Email");
		who_set(s, r, who_of(s, "task", i));
		value_set_text(r, "OwnerId", user_of(s, i));
		value_set_text(r, "Status", done ? "Completed" : "Not Started");
		value_set_text(r, "Priority", "Normal");
		value_set_num(r, "IsClosed", done);
		value_set_num(r, "ActivityDate", sim_floor_div(at, DAY_S));
		if (done)
			value_set_num(r, "CompletedDateTime", at * MS);
		value_set_num(r, "IsArchived", done && at < base - 365 * DAY_S);
		stamp(r, at);
		last_day(s, r, sim_floor_div(at, DAY_S), base);
	}
}

void
world_draw(struct sim *s)
{
	const int64_t n = s->opt.contacts, base = s->opt.base;

	users_draw(s, base);
	if (n == 0)
		return;
	const int64_t accounts = n / 4 + 1;
	accounts_draw(s, base, accounts);
	contacts_draw(s, base, n, accounts);
	events_draw(s, base);
	deals_draw(s, base, n / 2);
	cases_draw(s, base, n / 2);
	tasks_draw(s, base, n);
}
