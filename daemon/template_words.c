/*
 * The words that values of a mail are made of: Danish, Swedish, Norwegian,
 * English.
 */
#include <string.h>

#include "template.h"

enum { EN, DA, SV, NB, LANGUAGES };
static const char *const codes[LANGUAGES] = { "en", "da", "sv", "nb" };

struct words {
	const char *key;
	const char *in[LANGUAGES];
};

static const struct words bands[] = {
	{ "detractor", { "detractor", "kritiker", "kritiker", "kritiker" } },
	{ "passive", { "passive", "passiv", "passiv", "passiv" } },
	{ "promoter", { "promoter", "ambassadør", "ambassadör",
	    "ambassadør" } },
	{ "none", { "no score", "ingen karakter", "inget betyg",
	    "ingen karakter" } },
};
static const struct words whys[] = {
	{ "low", { "Low score", "Lav karakter", "Lågt betyg",
	    "Lav karakter" } },
	{ "high", { "High score", "Høj karakter", "Högt betyg",
	    "Høy karakter" } },
	{ "contact", { "Wants to be contacted", "Ønsker at blive kontaktet",
	    "Vill bli kontaktad", "Ønsker å bli kontaktet" } },
	{ "both", { "Wants to be contacted, low score",
	    "Ønsker at blive kontaktet, lav karakter",
	    "Vill bli kontaktad, lågt betyg",
	    "Ønsker å bli kontaktet, lav karakter" } },
	{ "praise", { "Wants to be contacted, high score",
	    "Ønsker at blive kontaktet, høj karakter",
	    "Vill bli kontaktad, högt betyg",
	    "Ønsker å bli kontaktet, høy karakter" } },
};
static const struct words triggers[] = {
	{ "sale", { "Deal won", "Vundet salg", "Vunnen affär",
	    "Vunnet salg" } },
	{ "loss", { "Deal lost", "Tabt salg", "Förlorad affär",
	    "Tapt salg" } },
	{ "case", { "Case closed", "Lukket sag", "Avslutat ärende",
	    "Lukket sak" } },
	{ "meet", { "Meeting", "Møde", "Möte", "Møte" } },
	{ "inact", { "Long silence", "Lang tids stilhed", "Lång tystnad",
	    "Lang stillhet" } },
	{ "manual", { "Asked by hand", "Spurgt manuelt", "Tillfrågad manuellt",
	    "Spurt manuelt" } },
};
static const struct words healths[] = {
	{ "run", { "A run failed", "En kørsel slog fejl",
	    "En körning misslyckades", "En kjøring feilet" } },
	{ "connector", { "A connection failed", "En forbindelse slog fejl",
	    "En anslutning misslyckades", "En tilkobling feilet" } },
	{ "transfer", { "Nothing could be transferred",
	    "Der kunne ikke overføres", "Inget kunde överföras",
	    "Ingenting kunne overføres" } },
	{ "mail", { "Messages could not be sent",
	    "Beskeder kunne ikke sendes", "Meddelanden kunde inte skickas",
	    "Meldinger kunne ikke sendes" } },
	{ "no_run", { "No run for more than 26 hours",
	    "Ingen kørsel i mere end 26 timer",
	    "Ingen körning på mer än 26 timmar",
	    "Ingen kjøring på mer enn 26 timer" } },
	{ "flood", { "Unusually many events are held",
	    "Usædvanlig mange hændelser holdes tilbage",
	    "Ovanligt många händelser hålls kvar",
	    "Uvanlig mange hendelser holdes tilbake" } },
	{ "budget", { "The year's surveys are used up",
	    "Årets undersøgelser er brugt op",
	    "Årets enkäter är förbrukade",
	    "Årets undersøkelser er brukt opp" } },
	{ "suppressed", { "The survey service holds many people back",
	    "Undersøgelsestjenesten holder mange tilbage",
	    "Enkättjänsten håller tillbaka många",
	    "Undersøkelsestjenesten holder mange tilbake" } },
	{ "unconfirmed", { "Nobody knows whether some people declined",
	    "Ingen ved, om nogle personer har sagt nej",
	    "Ingen vet om några personer har tackat nej",
	    "Ingen vet om noen personer har takket nei" } },
	{ "secret", { "A key is about to end", "En nøgle udløber snart",
	    "En nyckel går snart ut", "En nøkkel utløper snart" } },
	{ "vanished", { "A value of the configuration is gone",
	    "En værdi fra opsætningen findes ikke mere",
	    "Ett värde i konfigurationen finns inte längre",
	    "En verdi i oppsettet finnes ikke lenger" } },
	{ "export", { "Files for reporting tools could not be written",
	    "Filer til rapportværktøjer kunne ikke skrives",
	    "Filer för rapportverktyg kunde inte skrivas",
	    "Filer til rapportverktøy kunne ikke skrives" } },
	{ "erasure", { "An erasure is not complete",
	    "En sletning er ikke fuldført", "En radering är inte klar",
	    "En sletting er ikke fullført" } },
};
static const struct words states[] = {
	{ "raised", { "ALARM", "ALARM", "LARM", "ALARM" } },
	{ "ok", { "Over", "Ovre", "Över", "Over" } },
};
static const struct words unknown[] = {
	{ "unknown", { "somebody unknown", "en ukendt person",
	    "en okänd person", "en ukjent person" } },
};

static size_t
index_of(const char *language)
{
	for (size_t i = 0; i < LANGUAGES; i++)
		if (strcmp(codes[i], language) == 0)
			return i;
	return strcmp(language, "no") == 0 ? NB : EN;
}

const char *
template_language(const char *language)
{
	return codes[index_of(language)];
}

static const char *
find(const struct words *list, size_t n, const char *language, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].key, key) == 0)
			return list[i].in[index_of(language)];
	return key;
}
#define FIND(list, language, key) find(list, ARRAY_LEN(list), language, key)

const char *
template_band(const char *language, int score)
{
	return FIND(bands, language, score < 0 ? "none" :
	    score <= 6 ? "detractor" : score <= 8 ? "passive" : "promoter");
}

const char *
template_why(const char *language, bool low, bool high, bool contact)
{
	const char *key = contact ? "contact" : low ? "low" : "high";

	if (contact && (low || high))
		key = low ? "both" : "praise";
	return FIND(whys, language, key);
}

const char *
template_trigger(const char *language, const char *code)
{
	return FIND(triggers, language, code);
}

const char *
template_health(const char *language, const char *kind)
{
	return FIND(healths, language, kind);
}

const char *
template_state(const char *language, bool raised)
{
	return FIND(states, language, raised ? "raised" : "ok");
}

const char *
template_unknown(const char *language)
{
	return FIND(unknown, language, "unknown");
}
