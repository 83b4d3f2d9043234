#include "letter.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "text.h"

/* ---- languages ------------------------------------------------------------------ */
enum letter_language
letter_language(const char *tag)
{
	static const struct {
		const char *code;
		enum letter_language language;
	} known[] = { { "da", LETTER_DA }, { "sv", LETTER_SV },
		{ "nb", LETTER_NB }, { "no", LETTER_NB }, { "nn", LETTER_NB } };

	for (size_t i = 0; tag != NULL && i < ARRAY_LEN(known); i++)
		if (strncasecmp(tag, known[i].code, 2) == 0 &&
		    (tag[2] == '\0' || tag[2] == '-' || tag[2] == '_'))
			return known[i].language;
	return LETTER_EN;
}

bool
letter_language_parse(const char *text, enum letter_language *language)
{
	static const char *const codes[LETTER_LANGUAGES] = { [LETTER_DA] = "da",
		[LETTER_SV] = "sv", [LETTER_NB] = "nb", [LETTER_EN] = "en" };

	for (int i = 0; i < LETTER_LANGUAGES; i++)
		if (strcmp(text, codes[i]) == 0) {
			*language = (enum letter_language)i;
			return true;
		}
	return false;
}

/* ---- reasons -------------------------------------------------------------------- */
enum letter_text
letter_reason(const char *reason)
{
	static const struct {
		const char *reason;
		enum letter_text text;
	} known[] = { { "gone", LETTER_NOT_GONE },
		{ "anonymised", LETTER_NOT_GONE },
		{ "excluded", LETTER_NOT_TAKEN_OUT },
		{ "paused", LETTER_NOT_PAUSED },
		{ "trigger_off", LETTER_NOT_CHOSEN },
		{ "no_campaign", LETTER_NOT_CHOSEN },
		{ "filtered", LETTER_NOT_CHOSEN },
		{ "pilot", LETTER_NOT_CHOSEN },
		{ "before_start", LETTER_NOT_OLD }, { "too_old", LETTER_NOT_OLD },
		{ "expired", LETTER_NOT_OLD }, { "internal", LETTER_NOT_OWN },
		{ "left_company", LETTER_NOT_LEFT },
		{ "no_send", LETTER_NOT_DECLINED },
		{ "company_no_send", LETTER_NOT_DECLINED },
		{ "opted_out", LETTER_NOT_DECLINED },
		{ "no_contact", LETTER_NOT_ADDRESS },
		{ "no_address", LETTER_NOT_ADDRESS },
		{ "bad_address", LETTER_NOT_ADDRESS },
		{ "role_address", LETTER_NOT_ADDRESS },
		{ "no_consent", LETTER_NOT_CONSENT },
		{ "active_again", LETTER_NOT_ACTIVE },
		{ "planned", LETTER_NOT_ACTIVE },
		{ "throttled", LETTER_NOT_RECENT },
		{ "duplicate_person", LETTER_NOT_RECENT },
		{ "company_cap", LETTER_NOT_LIMIT },
		{ "over_budget", LETTER_NOT_LIMIT },
		{ "over_cap", LETTER_NOT_LIMIT }, { "flood", LETTER_NOT_LIMIT },
		{ "failed", LETTER_NOT_FAILED } };

	for (size_t i = 0; reason != NULL && i < ARRAY_LEN(known); i++)
		if (strcmp(reason, known[i].reason) == 0)
			return known[i].text;
	return LETTER_NOT_RULES;
}

/* ---- pieces ---------------------------------------------------------------------- */
/* A line's end in a name would be a line of ours. */
static void
put_value(const char *s, struct buf *out)
{
	char piece[TEXT_PIECE];
	size_t took;

	for (; (took = text_piece(s, piece)) > 0; s += took)
		(void)buf_str(out, piece);
}

/* The text with value where its %s stands. */
static void
put(const struct letter *l, enum letter_text text, const char *value,
    struct buf *out)
{
	const char *s = letter_texts[text][l->language];
	const char *at = strstr(s, "%s");

	if (at == NULL) {
		(void)buf_str(out, s);
	} else {
		(void)buf_add(out, s, (size_t)(at - s));
		put_value(value, out);
		(void)buf_str(out, at + 2);
	}
	(void)buf_char(out, '\n');
}

static void
put_if(const struct letter *l, enum letter_text text, const char *value,
    struct buf *out)
{
	if (value != NULL && *value != '\0')
		put(l, text, value, out);
}

static void
put_day(const struct letter *l, enum letter_text text, int day,
    struct buf *out)
{
	char words[48];
	const bool dot = l->language == LETTER_DA || l->language == LETTER_NB;

	(void)snprintf(words, sizeof(words), "%d%s %s %d", day % 100,
	    dot ? "." : "", letter_months[l->language][day / 100 % 100 - 1],
	    day / 10000);
	put(l, text, words, out);
}

static enum letter_text
trigger_text(const char *trigger)
{
	static const struct {
		const char *trigger;
		enum letter_text text;
	} known[] = { { "meet", LETTER_MEET }, { "sale", LETTER_SALE },
		{ "loss", LETTER_LOSS }, { "case", LETTER_CASE },
		{ "inact", LETTER_SILENCE }, { "manual", LETTER_BY_HAND } };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(trigger, known[i].trigger) == 0)
			return known[i].text;
	return LETTER_EVENT;
}

/* ---- paragraphs ------------------------------------------------------------------- */
static void
put_event(const struct letter *l, struct buf *out)
{
	if (l->event_day != NO_DAY)
		put_day(l, trigger_text(l->trigger), l->event_day, out);
	put_if(l, LETTER_EMPLOYEE, l->employee, out);
	put_if(l, LETTER_DEPARTMENT, l->department, out);
}

static void
put_consent(const struct letter *l, struct buf *out)
{
	switch (l->consent) {
	case LETTER_CONSENT_YES:
		if (l->consent_day != NO_DAY)
			put_day(l, LETTER_AGREED_ON, l->consent_day, out);
		else
			put(l, LETTER_AGREED, "", out);
		break;
	case LETTER_CONSENT_NO:
		put(l, LETTER_NOT_AGREED, "", out);
		break;
	case LETTER_CONSENT_UNKNOWN:
		break;
	}
}

static void
put_facts(const struct letter *l, struct buf *out)
{
	static const enum letter_text in[LETTER_LANGUAGES] = {
		[LETTER_DA] = LETTER_IN_DANISH, [LETTER_SV] = LETTER_IN_SWEDISH,
		[LETTER_NB] = LETTER_IN_NORWEGIAN,
		[LETTER_EN] = LETTER_IN_ENGLISH };
	const char *tag = l->contact_language;
	const enum letter_language language = letter_language(tag);

	put(l, LETTER_FACTS, "", out);
	if (l->address_changed)
		put(l, LETTER_ADDRESS_WAS, "", out);
	else
		put_if(l, LETTER_ADDRESS, l->address, out);
	/* One that is none of these is not called English. */
	if (tag != NULL && (language != LETTER_EN ||
	        strncasecmp(tag, "en", 2) == 0))
		put(l, in[language], "", out);
	put_if(l, LETTER_COMPANY, l->company, out);
	put_consent(l, out);
}

static void
put_asked(const struct letter *l, struct buf *out)
{
	if (l->sent_day != NO_DAY)
		put_day(l, l->outcome == LETTER_ASKED ? LETTER_SENT
		    : LETTER_PERHAPS_SENT, l->sent_day, out);
	put(l, LETTER_FROM, l->sender, out);
	(void)buf_char(out, '\n');
	put_facts(l, out);
	(void)buf_char(out, '\n');
	if (*l->basis != '\0')
		put(l, LETTER_BASIS, l->basis, out);
	else
		put(l, l->consent_needed ? LETTER_CONSENT : LETTER_INTEREST, "",
		    out);
}

bool
letter_write(const struct letter *l, struct buf *out, struct err *err)
{
	const bool asked = l->outcome == LETTER_ASKED ||
	    l->outcome == LETTER_PERHAPS_ASKED;

	if (l->name != NULL && *l->name != '\0')
		put(l, LETTER_DEAR, l->name, out);
	else
		put(l, LETTER_DEAR_NOBODY, "", out);
	(void)buf_char(out, '\n');
	put(l, asked ? LETTER_WHY_ASKED : l->outcome == LETTER_NOT_ASKED
	    ? LETTER_WHY_NOT : LETTER_WHY_OPEN, "", out);
	(void)buf_char(out, '\n');
	put_event(l, out);
	if (asked)
		put_asked(l, out);
	else if (l->outcome == LETTER_NOT_ASKED)
		put(l, letter_reason(l->reason), "", out);
	(void)buf_char(out, '\n');
	if (*l->contact != '\0')
		put(l, LETTER_NO_AT, l->contact, out);
	else
		put(l, LETTER_NO, "", out);
	put(l, LETTER_RIGHTS, "", out);
	(void)buf_char(out, '\n');
	put(l, LETTER_REGARDS, "", out);
	(void)buf_str(out, l->sender);
	(void)buf_char(out, '\n');
	return !out->failed || err_nomem(err);
}
