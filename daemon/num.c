#include "num.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Minus the number, because LLONG_MIN has no positive twin. */
static bool
negated(const char *s, size_t len, long long *value)
{
	*value = 0;
	for (size_t i = 0; i < len; i++)
		if (!is_digit(s[i]) ||
		    __builtin_mul_overflow(*value, 10, value) ||
		    __builtin_sub_overflow(*value, s[i] - '0', value))
			return false;
	return len > 0;
}

bool
num_parse_n(const char *s, size_t len, long long min, long long max,
    long long *out)
{
	long long value;

	if (s == NULL || len == 0)
		return false;
	if (s[0] == '-') {
		if (!negated(s + 1, len - 1, &value))
			return false;
	} else if (!negated(s, len, &value) ||
	    __builtin_sub_overflow(0LL, value, &value)) {
		return false;
	}
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}

bool
num_parse(const char *s, long long min, long long max, long long *out)
{
	return s != NULL && num_parse_n(s, strlen(s), min, max, out);
}

/* -?[0-9]+(\.[0-9]+)? : no exponent, no "inf", no hexadecimal. */
static bool
is_decimal(const char *s)
{
	const char *p = s;

	if (*p == '-')
		p++;
	if (!is_digit(*p))
		return false;
	while (is_digit(*p))
		p++;
	if (*p == '.') {
		if (!is_digit(*++p))
			return false;
		while (is_digit(*p))
			p++;
	}
	return *p == '\0';
}

bool
num_parse_double(const char *s, double min, double max, double *out)
{
	if (s == NULL || !is_decimal(s))
		return false;
	/* The "C" locale is built in: this neither allocates nor fails. */
	const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (c == (locale_t)0)
		return false;
	const double value = strtod_l(s, NULL, c);
	freelocale(c);
	/* The claim is written so that a NaN would fail it too. */
	if (!(value >= min && value <= max) || value > 1.7e308 ||
	    value < -1.7e308)
		return false;
	*out = value;
	return true;
}
