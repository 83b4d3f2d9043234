#include "denials.h"

#include <string.h>

bool
denials_has(const struct denials *d, const char *card)
{
	for (int i = 0; i < d->n; i++)
		if (strcmp(d->card[i], card) == 0)
			return true;
	return false;
}

void
denials_add(struct denials *d, const char *card)
{
	if (!denials_are_full(d) && !denials_has(d, card))
		d->card[d->n++] = card;
}

const char *
denials_reason(struct arena *arena, const char *why)
{
	return arena_printf(arena, "%s: %s", DENIED, why);
}

bool
denials_are_full(const struct denials *d)
{
	return d->n == DENIALS_MAX;
}
