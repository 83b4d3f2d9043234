/*
 * events.c - meetings with their parties, calls, deals and cases.
 */
#include "world.h"

#include <stdlib.h>

static struct guid
contact_of(const struct sim *s, uint64_t i, const char *what)
{
	return seed_id(s, "contact",
	    chance(s, what, i) % (uint64_t)s->opt.contacts);
}

static void
party(struct sim *s, const char *table, struct guid activity, uint64_t i,
    int mask, json_t *who, int64_t at)
{
	json_t *set = json_pack("{s:o, s:i, s:b, s:o*}", "activityid",
	    ref_json(table, activity), "participationtypemask", mask,
	    "ispartydeleted", 0, "partyid", who);
	if (who == NULL)
		json_object_set_new(set, "unresolvedpartyname",
		    json_string("gaest@ukendt.example"));
	seed_row(s, "activityparty",
	    seed_id(s, "activityparty", 16 * i + (uint64_t)mask), at, set);
}

/* Every kind of party at its time: organiser, required, optional, resource ...
 * and everything that a party may be. */
static void
parties_seed(struct sim *s, const char *table, struct guid id, uint64_t i,
    uint64_t accounts, int64_t at)
{
	const uint64_t h = chance(s, "party", i);
	const bool meeting = strcmp(table, "appointment") == 0;
	json_t *user = ref_json("systemuser",
	    seed_id(s, "systemuser", user_of(s, i)));
	json_t *contact = ref_json("contact", contact_of(s, i, "who"));
	party(s, table, id, i, meeting ? 7 : 1, json_incref(user), at);
	party(s, table, id, i, 9, json_incref(user), at);
	party(s, table, id, i, meeting ? 5 : 2, json_incref(contact), at);
	party(s, table, id, i, 8, h % 3 == 0 ? json_incref(contact)
	    : ref_json("account", seed_id(s, "account", h % accounts)), at);
	if (h / 8 % 4 == 0)
		party(s, table, id, i, meeting ? 6 : 3,
		    ref_json("contact", contact_of(s, i, "other")), at);
	else if (h / 8 % 4 == 1)
		party(s, table, id, i, meeting ? 6 : 3, json_incref(user), at);
	else if (h / 8 % 4 == 2)
		party(s, table, id, i, meeting ? 6 : 4,
		    h / 32 % 2 == 0 ? NULL : ref_json("account",
			seed_id(s, "account", h / 64 % accounts)), at);
	if (h / 128 % 31 == 0)
		party(s, table, id, i, meeting ? 10 : 11, json_incref(contact),
		    at);
	if (h / 4096 % 61 == 0)
		party(s, table, id, i, 12, json_incref(contact), at);
	json_decref(user);
	json_decref(contact);
}

static json_t *
activity(struct sim *s, uint64_t i, const char *subject, int state, int status,
    int64_t at)
{
	static const char *const categories[] = { "Salg", "Service", "Opfølgning",
		"Intern", "Møde & demo" };
	const uint64_t h = chance(s, "category", i);
	char text[80];
	snprintf(text, sizeof(text), "%s %llu", subject, (unsigned long long)i);
	json_t *set = json_pack("{s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o}",
	    "subject", text, "category", categories[h % LEN(categories)],
	    "statecode", state, "statuscode", status, "ownerid",
	    ref_json("systemuser", seed_id(s, "systemuser", user_of(s, i))),
	    "scheduledstart", stamp(at - 4200), "scheduledend", stamp(at - 600),
	    "actualend", state == 1 ? stamp(at - 600) : json_null(), "createdon",
	    stamp(at - 3 * DAY_S));
	return set;
}

static void
appointment_seed(struct sim *s, uint64_t i, uint64_t accounts, int64_t at)
{
	const uint64_t h = chance(s, "appointment", i);
	const struct guid id = seed_id(s, "appointment", i);
	const bool open = h % 10 == 0, gone = h % 20 == 1;
	json_t *set = activity(s, i, "Møde", open ? 3 : gone ? 2 : 1,
	    open ? 5 : gone ? 4 : 3, at);
	json_object_set_new(set, "instancetypecode",
	    json_integer(open && h / 20 % 3 == 0 ? 1 : 0));
	if (open) {
		json_object_set_new(set, "scheduledstart", stamp(at + 5 * DAY_S));
		json_object_set_new(set, "scheduledend",
		    stamp(at + 5 * DAY_S + 3600));
	}
	json_object_set_new(set, "regardingobjectid", h / 64 % 2 == 0
	    ? ref_json("contact", contact_of(s, i, "who"))
	    : ref_json("account", seed_id(s, "account", h / 128 % accounts)));
	seed_row(s, "appointment", id, at, set);
	parties_seed(s, "appointment", id, i, accounts, at);
}

static void
call_seed(struct sim *s, uint64_t i, uint64_t accounts, int64_t at)
{
	static const char *const kinds[] = { "phonecall", "phonecall", "task",
		"email" };
	static const int done[] = { 2, 2, 5, 3 };
	const uint64_t h = chance(s, "call", i), k = h % LEN(kinds);
	const struct guid id = seed_id(s, kinds[k], i);
	const bool open = h / 8 % 6 == 0;
	json_t *set = activity(s, i, "Opkald", open ? 0 : 1,
	    open ? k == 2 ? 2 : 1 : done[k], at);
	json_object_set_new(set, "regardingobjectid",
	    ref_json("contact", contact_of(s, i, "who")));
	seed_row(s, kinds[k], id, at, set);
	parties_seed(s, kinds[k], id, i, accounts, at);
}

static json_t *
day_of(int64_t at)
{
	char text[40];
	sim_time_text(at, "", text, sizeof(text));
	text[10] = '\0';
	return json_string(text);
}

static void
close_seed(struct sim *s, const char *table, const char *column,
    const char *of, struct guid id, uint64_t i, int64_t at)
{
	json_t *set = json_pack("{s:s, s:i, s:i, s:o, s:o}", "subject", "Lukket",
	    "statecode", 1, "statuscode", 2, "actualend", stamp(at), column,
	    ref_json(of, id));
	if (strcmp(table, "opportunityclose") == 0)
		json_object_set_new(set, "regardingobjectid",
		    ref_json("opportunity", id));
	seed_row(s, table, seed_id(s, table, i), at, set);
}

static void
deal_seed(struct sim *s, uint64_t i, uint64_t accounts, int64_t at)
{
	const uint64_t h = chance(s, "deal", i);
	const struct guid id = seed_id(s, "opportunity", i);
	const int state = h % 20 < 9 ? 1 : h % 20 < 15 ? 2 : 0;
	char name[60];
	snprintf(name, sizeof(name), "Tilbud %llu", (unsigned long long)i);
	json_t *set = json_pack("{s:s, s:i, s:i, s:f, s:o, s:o}", "name", name,
	    "statecode", state, "statuscode", state == 1 ? 3 : state == 2 ?
	    4 + (int)(h / 32 % 2) : 1, "estimatedvalue",
	    (double)(h / 64 % 100000), "ownerid",
	    ref_json("systemuser", seed_id(s, "systemuser", user_of(s, i))),
	    "actualclosedate", state == 0 ? json_null() : day_of(at));
	if (h / 128 % 8 != 0)
		json_object_set_new(set, "parentcontactid",
		    ref_json("contact", contact_of(s, i, "who")));
	const struct guid account = seed_id(s, "account", h / 256 % accounts);
	json_object_set_new(set, "parentaccountid", ref_json("account", account));
	json_object_set_new(set, "customerid", h / 512 % 3 == 0
	    ? ref_json("contact", contact_of(s, i, "customer"))
	    : ref_json("account", account));
	seed_row(s, "opportunity", id, at, set);
	if (state != 0)
		close_seed(s, "opportunityclose", "opportunityid", "opportunity",
		    id, i, at);
}

static void
case_seed(struct sim *s, uint64_t i, uint64_t accounts, int64_t at)
{
	const uint64_t h = chance(s, "case", i);
	const struct guid id = seed_id(s, "incident", i);
	const int state = h % 4 == 0 ? 0 : 1;
	const int status = state == 0 ? 1 : h / 4 % 20 == 0 ? 2000
	    : h / 4 % 3 == 0 ? 1000 : 5;
	char title[60], number[40];
	snprintf(title, sizeof(title), "Sag %llu", (unsigned long long)i);
	snprintf(number, sizeof(number), "CAS-%05llu", (unsigned long long)i);
	json_t *set = json_pack("{s:s, s:s, s:i, s:i, s:i, s:o}", "title", title,
	    "ticketnumber", number, "statecode", state, "statuscode", status,
	    "casetypecode", 1 + (int)(h / 512 % 3), "ownerid",
	    ref_json("systemuser", seed_id(s, "systemuser", user_of(s, i))));
	if (h / 128 % 4 != 0)
		json_object_set_new(set, "primarycontactid",
		    ref_json("contact", contact_of(s, i, "who")));
	json_object_set_new(set, "customerid", h / 1024 % 3 == 0
	    ? ref_json("contact", contact_of(s, i, "customer"))
	    : ref_json("account", seed_id(s, "account", h / 256 % accounts)));
	seed_row(s, "incident", id, at, set);
	if (state != 0)
		close_seed(s, "incidentresolution", "incidentid", "incident", id,
		    i, at);
}

/* Evenly over the days before the world's now, the newest last. */
void
events_seed(struct sim *s, uint64_t accounts)
{
	const int64_t n = s->opt.events, span = s->opt.days * (int64_t)DAY_S;
	for (int64_t k = 0; k < n; k++) {
		const uint64_t i = (uint64_t)k;
		const int64_t at = s->world_at - span + span / (n + 1) * (k + 1);
		const uint64_t kind = chance(s, "kind", i) % 20;
		if (kind < 10)
			appointment_seed(s, i, accounts, at);
		else if (kind < 13)
			call_seed(s, i, accounts, at);
		else if (kind < 17)
			deal_seed(s, i, accounts, at);
		else
			case_seed(s, i, accounts, at);
	}
}
