/*
 * util.c - numbers as texts, and the clock.
 */
#include <time.h>

#include "sim.h"

json_t *
num_text(int64_t n)
{
	char text[24];

	if (n == NO_TIME)
		return json_null();
	snprintf(text, sizeof(text), "%lld", (long long)n);
	return json_string(text);
}

int64_t
now_read(const struct sim *s)
{
	return clock_read(s->now_file, (int64_t)time(NULL));
}
