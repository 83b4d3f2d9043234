/*
 * When to try again: Retry-After, dates of HTTP, back-off.  Pure functions.
 */
#include "http.h"

#include <string.h>

#include "clock.h"
#include "num.h"

#define RETRY_AFTER_MAX_S 900

/* ---- HTTP-date ----------------------------------------------------------- */
static int
month_of(const char *s)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (memcmp(names + 3 * i, s, 3) == 0)
			return i + 1;
	return 0;
}

static bool
field(const char *s, size_t len, int *out)
{
	long long n;

	while (len > 1 && *s == ' ') {	/* asctime's "Nov  6" */
		s++;
		len--;
	}
	if (!num_parse_n(s, len, 0, 9999, &n))
		return false;
	*out = (int)n;
	return true;
}

/*
 * Where the parts stand, counted from behind the weekday.  sep are the
 * characters that must stand at 'at'.
 */
struct date_form {
	size_t len, day, month, year, year_len, clock;
	const char *sep;
	size_t at[4];
};

static const struct date_form forms[] = {
	/* Sun, 06 Nov 1994 08:49:37 GMT */
	{ 26, 2, 5, 9, 4, 14, ",   ", { 0, 1, 4, 8 } },
	/* Sunday, 06-Nov-94 08:49:37 GMT */
	{ 24, 2, 5, 9, 2, 12, ", --", { 0, 1, 4, 8 } },
	/* Sun Nov  6 08:49:37 1994 */
	{ 21, 5, 1, 17, 4, 8, "    ", { 0, 4, 7, 16 } },
};

static bool
form_fits(const struct date_form *f, const char *s)
{
	const char *t = s + f->clock;

	for (size_t i = 0; i < ARRAY_LEN(f->at); i++)
		if (s[f->at[i]] != f->sep[i])
			return false;
	if (f->year < f->clock && strcmp(s + f->len - 4, " GMT") != 0)
		return false;
	return t[-1] == ' ' && t[2] == ':' && t[5] == ':';
}

static bool
form_read(const struct date_form *f, const char *s, struct civil *c)
{
	const char *t = s + f->clock;

	if (strlen(s) != f->len || !form_fits(f, s))
		return false;
	c->month = month_of(s + f->month);
	return c->month != 0 && field(s + f->day, 2, &c->day) &&
	    field(s + f->year, f->year_len, &c->year) &&
	    field(t, 2, &c->hour) && field(t + 3, 2, &c->minute) &&
	    field(t + 6, 2, &c->second);
}

/* Without clock_utc: a zone switch for each answer would cost a tzset. */
static time_t
utc(const struct civil *c)
{
	const int day = day_make(c->year, c->month, c->day);

	if (!day_valid(day) || day < 19700101 || c->hour > 23 ||
	    c->minute > 59 || c->second > 60)
		return NO_TIME;
	return (time_t)day_diff(day, 19700101) * 86400 + c->hour * 3600 +
	    c->minute * 60 + (c->second == 60 ? 59 : c->second);
}

time_t
http_date(const char *value)
{
	if (value == NULL)
		return NO_TIME;
	const char *rest = value + strspn(value,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	if (rest - value < 3)
		return NO_TIME;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct civil c = { 0 };
		if (!form_read(&forms[i], rest, &c))
			continue;
		if (forms[i].year_len == 2)
			c.year += c.year < 70 ? 2000 : 1900;
		return utc(&c);
	}
	return NO_TIME;
}

long
http_retry_after(const char *value, time_t now)
{
	long long seconds;

	if (value == NULL || *value == '\0')
		return -1;
	if (value[strspn(value, "0123456789")] == '\0') {
		if (!num_parse(value, 0, RETRY_AFTER_MAX_S, &seconds))
			return RETRY_AFTER_MAX_S;
		return (long)seconds;
	}
	const time_t at = http_date(value);
	if (at == NO_TIME || now == NO_TIME)
		return -1;
	if (at <= now)
		return 0;
	return at - now > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S
					    : (long)(at - now);
}

double
http_backoff_s(double base_s, double max_s, int attempt, double random01)
{
	double cap = base_s;

	for (int i = 0; i < attempt && cap < max_s; i++)
		cap *= 2;
	return (cap < max_s ? cap : max_s) * random01;
}
