/*
 * Numbers and durations into a struct, within the bounds of their row.
 */
#include "options.h"

#include <limits.h>
#include <string.h>

#include "num.h"

bool
options_put_integer(const struct opt *opt, char *at, long long value)
{
	if (options_is_bounded(opt) && ((double)value < opt->min ||
	    (opt->max >= opt->min && (double)value > opt->max)))
		return false;
	if (opt->size == sizeof(int64_t)) {
		const int64_t wide = value;
		memcpy(at, &wide, sizeof(wide));
		return true;
	}
	if (value < INT_MIN || value > INT_MAX)
		return false;
	const int narrow = (int)value;
	memcpy(at, &narrow, sizeof(narrow));
	return true;
}

bool
options_put_float(const struct opt *opt, char *at, double value)
{
	if (options_is_bounded(opt) && (value < opt->min ||
	    (opt->max >= opt->min && value > opt->max)))
		return false;
	memcpy(at, &value, sizeof(value));
	return true;
}

bool
options_put_seconds(const struct opt *opt, char *at, const char *text)
{
	static const struct { char unit; long long s; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t len = strlen(text);
	long long factor = 1, n;

	for (size_t i = 0; len > 0 && i < ARRAY_LEN(units); i++)
		if (text[len - 1] == units[i].unit) {
			factor = units[i].s;
			len--;
			break;
		}
	return num_parse_n(text, len, INT_MIN, INT_MAX, &n) &&
	    options_put_integer(opt, at, n * factor);
}
