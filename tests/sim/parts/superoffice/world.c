/*
 * world.c - a tenant that was drawn from a number: the same number, the same
 * people and events.  Events lie within --days before the first start's time;
 * nobody sees one before its time has come, so a test may set the clock back.
 * Some of each are what an integration must not stumble over: a meeting with
 * nobody, one that is a task, three rows of one booking, an open sale, a person
 * with two addresses or none, retired, withdrawn.
 */
#include <stdlib.h>

#include "sim.h"

#define N(list) ((int64_t)(sizeof(list) / sizeof(*(list))))
#define USERS 8

static const char *const firsts[] = { "Anna", "Bjørn", "Céline", "Dorthe",
	"Erik", "Freja", "Gunnar", "Helle", "Ida", "Jørgen", "Kåre", "Lærke",
	"Mette", "Nils", "Oda", "Per", "Rúna", "Søren", "Tove", "Åse" };
static const char *const lasts[] = { "Andersen", "Berg", "Christensen", "Dahl",
	"Eriksen", "Fjord", "Gran", "Holm", "Iversen", "Jensen", "Krogh",
	"Lund", "Møller", "Nygård", "O'Hara", "Poulsen", "Rask", "Skov" };

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

static void
put_int(json_t *v, const char *key, int64_t n)
{
	json_object_set_new(v, key, json_integer(n));
}

static void
put_text(json_t *v, const char *key, const char *text)
{
	json_object_set_new(v, key, json_string(text));
}

static void
put_bool(json_t *v, const char *key, bool is)
{
	json_object_set_new(v, key, json_boolean(is));
}

static void
put_name(const struct sim *s, json_t *v, const char *what, int64_t i)
{
	char name[96];
	const char *first = firsts[draw(s, what, i * 2, N(firsts))];
	const char *last = lasts[draw(s, what, i * 2 + 1, N(lasts))];

	snprintf(name, sizeof(name), "%s %s", first, last);
	put_text(v, "firstName", first);
	put_text(v, "lastName", last);
	put_text(v, "fullName", name);
}

/* ---- people ---------------------------------------------------------------- */
static void
users_draw(struct sim *s)
{
	char text[64];

	for (int64_t i = 1; i <= USERS; i++) {
		json_t *v = json_object();
		put_name(s, v, "user", i);
		snprintf(text, sizeof(text), "USR%lld", (long long)i);
		put_text(v, "name", text);
		snprintf(text, sizeof(text), "user%lld@seller.example",
		    (long long)i);
		put_text(v, "userName", text);
		put_text(v, "personEmail", text);
		put_bool(v, "isActive", i != USERS);
		row_add(s, T_ASSOCIATE, i, v);
	}
}

static void
interests_draw(struct sim *s)
{
	static const char *const names[] = { "Golf", "Messe 2025",
		"NPSToday.NoSend", "Nyhedsbrev" };

	for (int64_t i = 1; i <= N(names); i++) {
		json_t *v = json_object();
		put_text(v, "name", names[i - 1]);
		put_bool(v, "deleted", false);
		row_add(s, T_INTEREST, i, v);
	}
}

static void
companies_draw(struct sim *s, int64_t n)
{
	char name[96];

	for (int64_t i = 1; i <= n; i++) {
		json_t *v = json_object();
		snprintf(name, sizeof(name), "%s & Søn %s",
		    lasts[draw(s, "company", i, N(lasts))],
		    chance(s, "form", i, 60) ? "A/S" : "ApS");
		put_text(v, "name", name);
		put_bool(v, "contactNoMail", chance(s, "company mail", i, 2));
		put_int(v, "associateId", 1 + draw(s, "owner", i, USERS - 1));
		put_int(v, "category", 1 + draw(s, "category", i, 2));
		put_int(v, "business", 1);
		put_int(v, "country", 45);
		put_int(v, "countryId", 45);
		put_int(v, "updatedDate", s->opt.base - 400 * DAY_S);
		put_int(v, "LastActivity", s->opt.base - 300 * DAY_S);
		row_add(s, T_COMPANY, i, v);
	}
}

static json_t *
mails_draw(const struct sim *s, int64_t i, int64_t company)
{
	json_t *out = json_array();
	const int64_t n = chance(s, "no mail", i, 4) ? 0
	    : chance(s, "two mails", i, 6) ? 2 : 1;
	char mail[96];

	for (int64_t k = 0; k < n; k++) {
		snprintf(mail, sizeof(mail), "p%lld%s@c%lld.example",
		    (long long)i, k == 0 ? "" : ".privat", (long long)company);
		json_array_append_new(out, json_pack("{s:s, s:I, s:s, s:b, "
		    "s:i}", "emailAddress", mail, "emailId",
		    (json_int_t)(i * 2 + k), "emailProtocol", "SMTP",
		    "emailHasBounced", k == 0 && chance(s, "bounced", i, 2),
		    "emailBounceCount", 0));
	}
	return out;
}

static json_t *
chosen_draw(const struct sim *s, int64_t i)
{
	json_t *out = json_array();

	for (int64_t id = 1; id <= 4; id++)
		if (chance(s, id == 3 ? "nosend" : "chosen", i * 4 + id,
			id == 3 ? 2 : 15))
			json_array_append_new(out, json_integer(id));
	return out;
}

static void
person_draw(struct sim *s, int64_t i, int64_t companies)
{
	json_t *v = json_object();
	const int64_t company = 1 + draw(s, "at", i, companies);

	put_name(s, v, "person", i);
	put_int(v, "contactId", company);
	put_text(v, "title", "Indkøber");
	put_bool(v, "personNoMail", chance(s, "nomail", i, 4));
	put_bool(v, "retired", chance(s, "retired", i, 3));
	put_int(v, "personAssociateId", 1 + draw(s, "of", i, USERS - 1));
	put_int(v, "personUpdatedDate", s->opt.base - 200 * DAY_S + i);
	put_int(v, "personRegisteredDate", s->opt.base - 700 * DAY_S + i);
	put_int(v, "personCountry", 45);
	put_int(v, "personCountryId", 45);
	put_text(v, "legalBaseStore", "CONTRACT");
	put_text(v, "legalBaseEmarketing", chance(s, "withdrawn", i, 3)
	    ? "WITHDRAWN" : chance(s, "consent", i, 60) ? "EXPLICIT" : "");
	json_object_set_new(v, "emails", mails_draw(s, i, company));
	json_object_set_new(v, "interests", chosen_draw(s, i));
	json_object_set_new(v, "custom", chance(s, "vip", i, 10)
	    ? json_pack("{s:s}", "SuperOffice:2", "VIP") : json_object());
	row_add(s, T_PERSON, i, v);
}

/* ---- what happened ----------------------------------------------------------- */
static void
put_parties(const struct sim *s, json_t *v, int64_t i)
{
	const int64_t person = chance(s, "nobody", i, 4)
	    ? 0 : 1 + draw(s, "who", i, s->opt.persons);
	const struct row *row = row_find(s, T_PERSON, person);

	put_int(v, "personId", person);
	put_int(v, "contactId", row == NULL ? 1 : int_of(row->v, "contactId",
	    0));
	put_int(v, "associateId", 1 + draw(s, "seller", i, USERS - 1));
}

static void
appointment_draw(struct sim *s, int64_t i, int64_t t)
{
	const bool open = chance(s, "open", i, 10);
	const int64_t rows = chance(s, "booking", i, s->opt.bookings) ? 3 : 1;
	const int64_t mother = rows == 1 ? 0 : next_id(s, T_APPOINTMENT);

	for (int64_t k = 0; k < rows; k++) {
		json_t *v = json_object();
		put_parties(s, v, i);
		put_int(v, "type", chance(s, "task", i, 10) ? 5
		    : chance(s, "visit", i, 30) ? 7 : 2);
		put_int(v, "rawType", chance(s, "checklist", i, 10) ? 2 : 1);
		put_int(v, "rawStatus", open ? 1 : 3);
		put_bool(v, "completed", !open);
		put_int(v, "completedDate", open ? 0 : t);
		put_int(v, "date", t - 5400);
		put_int(v, "endDate", t - 1800);
		put_int(v, "updatedDate", t);
		put_int(v, "registeredDate", t - DAY_S);
		put_int(v, "motherId", mother);
		put_bool(v, "booking", mother != 0);
		put_text(v, "text", "Statusmøde");
		row_add(s, T_APPOINTMENT, next_id(s, T_APPOINTMENT),
		    v)->seen_at = t;
	}
}

static void
sale_draw(struct sim *s, int64_t i, int64_t t)
{
	const int64_t id = next_id(s, T_SALE);
	const int64_t status = chance(s, "still open", i, 15) ? 1
	    : chance(s, "lost", i, 40) ? 3 : 2;
	json_t *v = json_object();

	put_parties(s, v, i);
	put_int(v, "saleStatus", 1);
	put_int(v, "saleType", 1 + draw(s, "type", i, 2));
	put_int(v, "stage", 2);
	put_int(v, "date", sim_floor_div(t, DAY_S) * DAY_S);
	put_int(v, "updatedDate", t - 3 * DAY_S);
	put_int(v, "registeredDate", t - 30 * DAY_S);
	put_text(v, "heading", "Tilbud på drift");
	put_int(v, "saleId", id);
	history_add(s, v, t);
	put_int(v, "saleStatus", status);
	put_bool(v, "completed", status != 1);
	put_int(v, "updatedDate", t);
	history_add(s, v, t);
	row_add(s, T_SALE, id, v)->seen_at = t;
}

static void
ticket_draw(struct sim *s, int64_t i, int64_t t)
{
	const int64_t status = chance(s, "active", i, 15) ? 1
	    : chance(s, "spam", i, 3) ? 6 : 2;
	json_t *v = json_object();

	put_parties(s, v, i);
	put_int(v, "ownedBy", int_of(v, "associateId", 0));
	put_int(v, "status", status);
	put_int(v, "ticketStatusName", status == 2 ? 12 : 1);
	put_int(v, "ticketTypeName", 1);
	put_int(v, "categoryFullName", 1 + draw(s, "matter", i, 2));
	put_int(v, "createdAt", t - 2 * DAY_S);
	put_int(v, "lastChanged", t);
	put_int(v, "closedAt", status == 2 ? t : 0);
	put_text(v, "title", "Faktura mangler");
	row_add(s, T_TICKET, next_id(s, T_TICKET), v)->seen_at = t;
}

void
world_draw(struct sim *s)
{
	const int64_t companies = s->opt.persons / 4 + 1;

	users_draw(s);
	interests_draw(s);
	companies_draw(s, companies);
	for (int64_t i = 1; i <= s->opt.persons; i++)
		person_draw(s, i, companies);
	for (int64_t i = 1; i <= s->opt.events; i++) {
		const int64_t t = s->opt.base - 60 -
		    draw(s, "when", i, s->opt.days * DAY_S - 60);
		if (i % 4 < 2)
			appointment_draw(s, i, t);
		else if (i % 4 == 2)
			sale_draw(s, i, t);
		else
			ticket_draw(s, i, t);
	}
}
