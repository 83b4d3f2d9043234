/*
 * denials.h - what a CRM denies for one card is the card's; for one card after
 * the other it is the right of npsync's user.
 */
#ifndef NPSYNC_DENIALS_H
#define NPSYNC_DENIALS_H

#include <stdbool.h>

#include "arena.h"

#define DENIALS_MAX 3
/* So begins the reason of a row whose card the CRM denied: a later run knows by
 * it that this was told. */
#define DENIED "denied"
#define WAS_DENIED(reason) "coalesce(left(" reason ", 6) = '" DENIED "', false)"

/* The cards, each once.  The texts are the caller's. */
struct denials {
	const char *card[DENIALS_MAX];
	int n;
};

/* One that has been counted, or is too many, changes nothing. */
void denials_add(struct denials *d, const char *card);
bool denials_has(const struct denials *d, const char *card);
/* So many cards that it is not the cards. */
bool denials_are_full(const struct denials *d);
/* "denied: HTTP 403"; NULL = memory. */
const char *denials_reason(struct arena *arena, const char *why);

#endif
