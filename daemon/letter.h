/*
 * letter.h - "why did I get this survey?", answered in the recipient's language.
 * Pure: facts in, text out.  No code of ours stands in it.
 */
#ifndef NPSYNC_LETTER_H
#define NPSYNC_LETTER_H

#include <time.h>

#include "buf.h"
#include "err.h"

enum letter_language { LETTER_DA, LETTER_SV, LETTER_NB, LETTER_EN,
	LETTER_LANGUAGES };
/* "da", "sv-SE", "no", "nn", ...; English for all others and NULL. */
enum letter_language letter_language(const char *tag);
/* Exactly one of da, sv, nb, en. */
bool letter_language_parse(const char *text, enum letter_language *language);

enum letter_text {
	LETTER_DEAR, LETTER_DEAR_NOBODY,		/* name */
	LETTER_WHY_ASKED, LETTER_WHY_NOT, LETTER_WHY_OPEN,
	LETTER_MEET, LETTER_SALE, LETTER_LOSS, LETTER_CASE,	/* day */
	LETTER_SILENCE, LETTER_BY_HAND, LETTER_EVENT,
	LETTER_EMPLOYEE, LETTER_DEPARTMENT,		/* name */
	LETTER_SENT, LETTER_PERHAPS_SENT,		/* day */
	LETTER_FACTS, LETTER_ADDRESS, LETTER_ADDRESS_WAS, LETTER_IN_DANISH,
	LETTER_IN_SWEDISH, LETTER_IN_NORWEGIAN, LETTER_IN_ENGLISH,
	LETTER_COMPANY, LETTER_AGREED, LETTER_AGREED_ON, LETTER_NOT_AGREED,
	LETTER_CONSENT, LETTER_INTEREST, LETTER_BASIS,	/* -, -, words */
	LETTER_FROM,					/* sender */
	LETTER_NO_AT, LETTER_NO, LETTER_RIGHTS, LETTER_REGARDS,
	LETTER_NOT_GONE, LETTER_NOT_TAKEN_OUT, LETTER_NOT_PAUSED,
	LETTER_NOT_CHOSEN, LETTER_NOT_OWN, LETTER_NOT_LEFT,
	LETTER_NOT_DECLINED, LETTER_NOT_ADDRESS, LETTER_NOT_CONSENT,
	LETTER_NOT_OLD, LETTER_NOT_ACTIVE, LETTER_NOT_RECENT,
	LETTER_NOT_LIMIT, LETTER_NOT_FAILED, LETTER_NOT_RULES,
	LETTER_TEXTS };
/* letter_text.c: each in all languages; %s is put in, where there is one. */
extern const char *const letter_texts[LETTER_TEXTS][LETTER_LANGUAGES];
extern const char *const letter_months[LETTER_LANGUAGES][12];
/* Why somebody was not asked, of a reason on a row. */
enum letter_text letter_reason(const char *reason);

enum letter_outcome { LETTER_ASKED, LETTER_PERHAPS_ASKED, LETTER_NOT_ASKED,
	LETTER_UNDECIDED };
enum letter_consent { LETTER_CONSENT_UNKNOWN, LETTER_CONSENT_YES,
	LETTER_CONSENT_NO };
struct letter {
	enum letter_language language;
	enum letter_outcome outcome;
	const char *reason;		/* of a row that was not asked */
	const char *name, *trigger, *employee, *department, *company;
	int event_day, sent_day;	/* NO_DAY = not known */
	const char *address;		/* as it was used */
	bool address_changed;		/* then it is another one now */
	const char *contact_language;
	enum letter_consent consent;
	int consent_day;
	bool consent_needed;
	const char *sender, *contact, *basis;	/* contact, basis: "" */
};
NPS_MUSTCHECK bool letter_write(const struct letter *letter, struct buf *out,
    struct err *err);

#endif
