/*
 * denials.h - what a CRM denies for one card is the card's; for one card after
 * the other it is the right of npsync's user.
 */
#ifndef NPSYNC_DENIALS_H
#define NPSYNC_DENIALS_H

#include <stdbool.h>

#define DENIALS_MAX 3

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

#endif
