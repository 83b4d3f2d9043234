#include "units.h"

#define MORE "\xe2\x80\xa6"		/* one unit */

static size_t
units_of(unsigned char lead)
{
	return lead >= 0xf0 ? 2 : (lead & 0xc0) == 0x80 ? 0 : 1;
}

size_t
units_count(const char *text)
{
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++)
		n += units_of((unsigned char)*p);
	return n;
}

const char *
units_cut(struct arena *arena, const char *text, size_t max)
{
	size_t n = 0, len = 0;

	if (max == 0 || units_count(text) <= max)
		return text;
	while (n + units_of((unsigned char)text[len]) <= max - 1)
		n += units_of((unsigned char)text[len++]);
	return arena_printf(arena, "%.*s" MORE, (int)len, text);
}
