/*
 * people.c - companies and contacts.
 */
#include "export.h"

const char *const kams[5][2] = { { "Mette Ravn",
				     "mette.ravn@npsync-demo.example" },
	{ "Ole Krogh", "ole.krogh@npsync-demo.example" },
	{ "Åsa Lind", "aasa.lind@npsync-demo.example" },
	{ "Tor Vik", "tor.vik@npsync-demo.example" },
	{ "Sari Aho", "sari.aho@npsync-demo.example" } };
static const char *const company_words[COMPANIES] = { "Fjordlys", "Havnebryg",
	"Skovsø", "Lundåen", "Birkhøj", "Ærtemark", "Kløverbak", "Stenbølge",
	"Rugvang", "Mågeø", "Björkvik", "Sjögrind", "Älvdamm", "Norrljung",
	"Granfors", "Lövskär", "Åsmyra", "Stormåker", "Fjellvarde", "Myrdrag",
	"Nordråk", "Tindfoss", "Sørvåg", "Bølgeskår", "Lyngmo", "Järvikoski",
	"Metsäranta", "Pohjanpuro", "Kivisaari", "Lumikallio", "Tangsø",
	"Engdrag", "Hvidtjørn", "Pilestrøm", "Gærdebæk", "Rønnehald", "Søkant",
	"Vibelund", "Klitgrus", "Npsync Demo" };
static const char *const company_trades[] = { "Energi", "Logistik", "Teknik",
	"Data", "Byg", "Foods", "Marine", "Medico" };
static const char *const first_names[4][12] = {
	{ "Anne", "Søren", "Mette", "Jørgen", "Kirsten", "Åse", "Bjarke",
	    "Lærke", "Henrik", "Dorthe", "Rasmus", "Sidsel" },
	{ "Åsa", "Göran", "Märta", "Björn", "Kerstin", "Örjan", "Elsa", "Håkan",
	    "Maja", "Nils", "Sven", "Linnéa" },
	{ "Øyvind", "Ingrid", "Håvard", "Bjørg", "Sigrid", "Torbjørn", "Kåre",
	    "Solveig", "Jørn", "Marit", "Odd", "Ragnhild" },
	{ "Päivi", "Jukka", "Äijä", "Sari", "Mikko", "Hännele", "Antti", "Outi",
	    "Timo", "Leena", "Väinö", "Tuula" }
};
static const char *const last_names[4][12] = {
	{ "Lund", "Kjærgaard", "Østerby", "Bæk", "Møllegård", "Dahl", "Brøndum",
	    "Skov", "Ågård", "Holm", "Vang", "Sørup" },
	{ "Sjöberg", "Åkerman", "Lindgren", "Öhman", "Björk", "Nyström",
	    "Hallén", "Fälth", "Ekdal", "Wång", "Strand", "Löv" },
	{ "Bråten", "Sæther", "Øvrebø", "Haugen", "Nygård", "Vik", "Mørk",
	    "Fjeld", "Aasen", "Sørli", "Dalen", "Tveit" },
	{ "Mäkelä", "Järvi", "Koski", "Hämäläinen", "Salo", "Pöyry", "Niemi",
	    "Räsänen", "Laine", "Törni", "Aho", "Leppälä" }
};
static const char *const countries[4] = { "DK", "SE", "NO", "FI" };
static const char *const languages[4] = { "da", "sv", "nb", "fi" };
static const char *const forms[4] = { "A/S", "AB", "AS", "Oy" };

/* Lower case ASCII of a Nordic word: what stands in an address. */
static void
fold(char *out, size_t size, const char *in)
{
	static const char *const map[][2] = { { "å", "aa" }, { "æ", "ae" },
		{ "ø", "oe" }, { "ä", "a" }, { "ö", "o" }, { "é", "e" },
		{ "Å", "aa" }, { "Æ", "ae" }, { "Ø", "oe" }, { "Ä", "a" },
		{ "Ö", "o" }, { " ", "-" } };
	size_t n = 0;
	while (*in != '\0' && n + 3 < size) {
		size_t k = 0;
		while (k < sizeof(map) / sizeof(map[0]) &&
		       strncmp(in, map[k][0], strlen(map[k][0])) != 0)
			k++;
		if (k < sizeof(map) / sizeof(map[0])) {
			for (const char *p = map[k][1]; *p != '\0'; p++)
				out[n++] = *p;
			in += strlen(map[k][0]);
			continue;
		}
		out[n++] = (char)(*in >= 'A' && *in <= 'Z' ? *in + 32 : *in);
		in++;
	}
	out[n] = '\0';
}

static int
company_of(int i)
{
	if (i == INTERNAL || (i >= WHO_N && i % 60 == 0))
		return OURS;
	return i >= CAP_1 && i <= CAP_4 ? CAP_1 : i % OURS;
}

/* Column of the name tables. */
static int
nation(int company)
{
	if (company < 10 || company >= 30)
		return 0;
	return company < 18 ? 1 : company < 25 ? 2 : 3;
}

static bool
address_taken(const struct export *e, int n, const char *email)
{
	for (int i = 0; i < n; i++)
		if (strcmp(e->contacts[i].email, email) == 0)
			return true;
	return false;
}

static void
contact_make(struct export *e, int i)
{
	char first[40], last[40], domain[40], more[8] = "";
	struct contact *c = &e->contacts[i];
	const uint64_t h = draw(e, "contact", i);
	c->company = company_of(i);
	const int k = nation(c->company);
	c->first = first_names[k][h % 12];
	c->last = last_names[k][h / 12 % 12];
	c->language = languages[k];
	c->country = countries[k];
	c->consent = h / 144 % 10 < 7 ? "Ja" : "";
	c->employed = i != LEFT && (i < WHO_N || h / 1440 % 25 != 0);
	fold(first, sizeof(first), c->first);
	fold(last, sizeof(last), c->last);
	fold(domain, sizeof(domain), company_words[c->company]);
	for (int n = 2;; n++) {
		snprintf(c->email, sizeof(c->email), "%s.%s%s@%s.example",
		    first, last, more, domain);
		if (!address_taken(e, i, c->email))
			break;
		snprintf(more, sizeof(more), "%d", n % 10000);
	}
}

void
contacts_make(struct export *e)
{
	for (int i = 0; i < e->n; i++)
		contact_make(e, i);
	struct contact *c = e->contacts;
	c[CARD_B].first = c[CARD_A].first;
	c[CARD_B].last = c[CARD_A].last;
	snprintf(c[CARD_B].email, sizeof(c->email), "%s", c[CARD_A].email);
	for (char *p = c[CARD_B].email; *p != '@'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 32); /* written differently */
	c[NO_MAIL].email[0] = '\0';
	snprintf(c[BAD_MAIL].email, sizeof(c->email), "post(at)havnen");
	snprintf(c[ROLE].email, sizeof(c->email), "info@%s",
	    strchr(c[ROLE].email, '@') + 1);
	c[LANGUAGE].language = "is";
	c[LANGUAGE].country = "IS";
	c[SILENT].consent = c[SILENT_PLANNED].consent =
	    c[SILENT_AGAIN].consent = "Ja";
	c[SILENT_NO_CONSENT].consent = "Nej";
}

static const char *
relation(int company)
{
	if (company == RELATION || company == 38)
		return "Kundeemne";
	if (company == OURS)
		return "Intern";
	return company % 5 == 3 ? "Samarbejdspartner" : "Kunde";
}

void
contacts_write(const struct export *e)
{
	char id[24], key[24], company[24], day[DATE];
	FILE *f = csv_open(e->dir, "contacts.csv");
	ROW(f, "KontaktId", "Kontaktnøgle", "Fornavn", "Efternavn", "E-mail",
	    "FirmaId", "Afdeling", "Ansat", "Sprog", "Land", "KAM",
	    "KAM e-mail", "Samtykke", "Samtykke dato");
	static const char *const parts[] = { "Indkøb", "Drift", "Salg", "IT",
		"Økonomi" };
	for (int i = 0; i < e->n; i++) {
		const struct contact *c = &e->contacts[i];
		const char *const *kam = kams[c->company % 5];
		snprintf(id, sizeof(id), "P-%d", 1001 + i);
		snprintf(key, sizeof(key), "K-%d", 5001 + i);
		snprintf(company, sizeof(company), "F-%d", 101 + c->company);
		ROW(f, id, key, c->first, c->last, c->email, company,
		    parts[draw(e, "part", i) % 5], c->employed ? "Ja" : "Nej",
		    c->language, c->country, kam[0], kam[1], c->consent,
		    *c->consent == '\0'
			? ""
			: local(e, days_ago(e, 400, (uint64_t)i), day));
	}
	csv_close(f, e->dir, "contacts.csv");
}

void
companies_write(const struct export *e)
{
	char id[24], name[128], vat[24];
	FILE *f = csv_open(e->dir, "companies.csv");
	ROW(f, "FirmaId", "Firmanavn", "CVR", "Relation", "Segment", "Land");
	for (int i = 0; i < COMPANIES; i++) {
		snprintf(id, sizeof(id), "F-%d", 101 + i);
		snprintf(name, sizeof(name), "%s %s %s", company_words[i],
		    i == OURS ? "" : company_trades[i % 8], forms[nation(i)]);
		snprintf(vat, sizeof(vat), "0000%04d", i + 1);
		ROW(f, id, i == OURS ? "Npsync Demo A/S" : name, vat,
		    relation(i),
		    i % 3 == 0	 ? "A"
		    : i % 3 == 1 ? "B"
				 : "C",
		    i == LANGUAGE ? "IS" : countries[nation(i)]);
	}
	csv_close(f, e->dir, "companies.csv");
}
