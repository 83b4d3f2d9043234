/*
 * world.c - who works where, and what happened: all from --seed.
 */
#include "world.h"

#include <stdlib.h>

static const char *const first_names[] = { "Anders", "Birgitte", "Casper",
	"Ditte", "Erik", "Freja", "Gustav", "Hanne", "Ida", "Jørgen", "Karen",
	"Lars", "Mette", "Niels", "Oda", "Søren", "Åse", "Zoë" };
static const char *const last_names[] = { "Andersen", "Bech", "Christensen",
	"Dahl", "Eskildsen", "Friis", "Grønbæk", "Holm", "Iversen", "Jensen",
	"Kjær", "Lund", "Møller", "Nørgaard", "O'Hara", "Petersen", "Skov",
	"Ærø" };
static const char *const cities[] = { "København", "Aarhus", "Odense",
	"Aalborg", "Malmö", "Oslo" };

uint64_t
chance(const struct sim *s, const char *what, uint64_t n)
{
	char key[64];
	snprintf(key, sizeof(key), "%.40s/%llu", what, (unsigned long long)n);
	return sim_hash((uint64_t)s->opt.seed, key);
}

struct guid
seed_id(const struct sim *s, const char *table, uint64_t n)
{
	return guid_seeded((uint64_t)s->opt.seed, table, n);
}

json_t *
ref_json(const char *table, struct guid id)
{
	return json_pack("s++", table, ":", guid_text(id));
}

json_t *
stamp(int64_t t)
{
	char text[40];
	return json_string(sim_time_text(t, "Z", text, sizeof(text)));
}

/* At that time, nobody sees it happen. */
void
seed_row(struct sim *s, const char *table, struct guid id, int64_t at,
    json_t *set)
{
	size_t i;
	if (!table_find(s, table, &i) || set == NULL)
		die("world");
	const int64_t now = s->now;
	s->now = at;
	struct write w = { .op = "create", .by = "world", .table = i, .id = id,
		.set = set, .quiet = true };
	store_write(s, &w);
	s->now = now;
}

uint64_t
user_of(const struct sim *s, uint64_t n)
{
	return 1 + chance(s, "owner", n) % (USERS - 1);
}

static void
users_seed(struct sim *s)
{
	char mail[80], name[80];
	for (uint64_t i = 0; i < USERS; i++) {
		snprintf(mail, sizeof(mail), i == 0 ? "npsync@seller.example"
						    : "user%llu@seller.example",
		    (unsigned long long)i);
		snprintf(name, sizeof(name), i == 0 ? "# npsync" : "%s %s",
		    first_names[i], last_names[i]);
		seed_row(s, "systemuser", seed_id(s, "systemuser", i),
		    s->world_at - 400 * (int64_t)DAY_S,
		    json_pack("{s:s, s:s, s:s, s:b}", "fullname", name,
			"internalemailaddress", mail, "domainname", mail,
			"isdisabled", i == USERS - 1));
	}
}

static void
accounts_seed(struct sim *s, uint64_t n)
{
	char name[80], number[32];
	for (uint64_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "Kunde %llu %s",
		    (unsigned long long)i, i % 7 == 3 ? "Møbler & Søn ApS"
						      : "A/S");
		snprintf(number, sizeof(number), "K%05llu",
		    (unsigned long long)i);
		seed_row(s, "account", seed_id(s, "account", i),
		    s->world_at - 300 * (int64_t)DAY_S,
		    json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:o, s:o}", "name",
			name, "accountnumber", number, "address1_city",
			cities[i % LEN(cities)], "customertypecode",
			i % 5 == 0 ? 8 : 3, "statecode", 0, "statuscode", 1,
			"ownerid",
			ref_json("systemuser",
			    seed_id(s, "systemuser", user_of(s, i))),
			"primarycontactid",
			ref_json("contact", seed_id(s, "contact", 4 * i))));
	}
}

/* Some have no address, some want no mail, some have left, some are merged. */
static void
contact_seed(struct sim *s, uint64_t i, uint64_t accounts)
{
	char mail[120], phone[20];
	const uint64_t h = chance(s, "contact", i);
	const bool merged = i % 37 == 36, left = merged || i % 31 == 30;
	snprintf(mail, sizeof(mail), "kontakt%llu@kunde%llu.example",
	    (unsigned long long)i, (unsigned long long)(i / 4));
	snprintf(phone, sizeof(phone), "+45%08llu",
	    20000000 + (unsigned long long)(h % 60000000));
	json_t *set = json_pack("{s:s, s:s, s:s*, s:s*, s:s, s:s, s:b, s:b, s:b, "
	    "s:i, s:i, s:o, s:b}",
	    "firstname", first_names[h % LEN(first_names)], "lastname",
	    last_names[h / 32 % LEN(last_names)], "emailaddress1",
	    i % 29 == 28 ? NULL : mail, "mobilephone",
	    i % 3 == 2 ? NULL : phone, "jobtitle", i % 4 == 0 ? "Direktør"
							      : "Indkøber",
	    "address1_country", i % 6 == 5 ? "Sverige" : "Danmark",
	    "donotemail", i % 23 == 22, "donotbulkemail", i % 19 == 18,
	    "donotphone", 0, "statecode", left ? 1 : 0, "statuscode",
	    left ? 2 : 1, "ownerid",
	    ref_json("systemuser", seed_id(s, "systemuser", user_of(s, i / 4))),
	    "merged", merged);
	if (i % 17 != 16)
		json_object_set_new(set, "parentcustomerid", ref_json("account",
		    seed_id(s, "account", i / 4 % accounts)));
	if (merged)
		json_object_set_new(set, "masterid",
		    ref_json("contact", seed_id(s, "contact", i - 1)));
	if (i % 13 == 12 && !s->opt.bare)
		json_object_set_new(set, "npt_npstags", json_string("VIP"));
	seed_row(s, "contact", seed_id(s, "contact", i),
	    s->world_at - 200 * (int64_t)DAY_S + (int64_t)(i % 8640) * 60, set);
}

void
world_seed(struct sim *s)
{
	const uint64_t n = (uint64_t)s->opt.contacts, accounts = n / 4 + 1;
	if (n == 0)
		return;
	users_seed(s);
	accounts_seed(s, accounts);
	for (uint64_t i = 0; i < n; i++)
		contact_seed(s, i, accounts);
	events_seed(s, accounts);
}
