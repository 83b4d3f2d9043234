/*
 * util.c - words, identifiers and times in milliseconds.
 */
#include "util.h"

#include <strings.h>

bool
same_fold(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

bool
contains_fold(const char *in, const char *what)
{
	return strcasestr(in, what) != NULL;
}

bool
id_read(const json_t *v, int64_t *id)
{
	if (json_is_integer(v))
		return (*id = json_integer_value(v)) > 0;
	return sim_num(json_string_value(v), id) && *id > 0;
}

bool
ms_parse(const char *text, int64_t *ms)
{
	int64_t n, s;
	int part = 0;

	if (text == NULL)
		return false;
	if (sim_num(text, &n)) {
		*ms = n;
		return true;
	}
	if (!sim_time_parse(text, &s))
		return false;
	const char *dot = strchr(text, '.');
	for (int i = 1; i <= 3; i++) {
		const bool digit = dot != NULL && dot[i] >= '0' &&
		    dot[i] <= '9';
		part = 10 * part + (digit ? dot[i] - '0' : 0);
		dot = digit ? dot : NULL;
	}
	*ms = 1000 * s + part;
	return true;
}

const char *
ms_iso(int64_t ms)
{
	static _Thread_local char ring[4][40];
	static _Thread_local unsigned at;
	char end[8];
	char *out = ring[at++ % 4];
	const int64_t s = sim_floor_div(ms, 1000);

	snprintf(end, sizeof(end), ".%03dZ", (int)(ms - 1000 * s));
	return sim_time_text(s, end, out, sizeof(ring[0]));
}
