/*
 * clock_parse.c - text to instants.  Strict: the whole text is consumed, or
 * nothing is said about it.
 */
#include "clock.h"
#include "num.h"

#include <string.h>

#define FIRST_S ((time_t)-62135596800)
#define LAST_S ((time_t)253402300799)

/* Takes between min and max digits off *s; false if there are fewer. */
static bool
take_number(const char **s, size_t min, size_t max, int *out)
{
	long long value;
	size_t n = 0;

	while (n < max && (*s)[n] >= '0' && (*s)[n] <= '9')
		n++;
	if (n < min || !num_parse_n(*s, n, 0, 999999, &value))
		return false;
	*out = (int)value;
	*s += n;
	return true;
}

static bool
take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* ---- ISO 8601 ------------------------------------------------------------ */

static bool
take_iso_date(const char **s, struct civil *c)
{
	return take_number(s, 4, 4, &c->year) && take_char(s, '-') &&
	    take_number(s, 2, 2, &c->month) && take_char(s, '-') &&
	    take_number(s, 2, 2, &c->day) &&
	    day_make(c->year, c->month, c->day) != NO_DAY;
}

int
day_parse(const char *s)
{
	struct civil c;

	if (s == NULL || !take_iso_date(&s, &c) || *s != '\0')
		return NO_DAY;
	return day_make(c.year, c.month, c.day);
}

/* hh:mm[:ss[.fraction]]; the fraction is cut. */
static bool
take_iso_time(const char **s, struct civil *c)
{
	if (!take_number(s, 2, 2, &c->hour) || !take_char(s, ':') ||
	    !take_number(s, 2, 2, &c->minute))
		return false;
	c->second = 0;
	if (!take_char(s, ':'))
		return true;
	if (!take_number(s, 2, 2, &c->second))
		return false;
	if (!take_char(s, '.'))
		return true;
	const size_t digits = strspn(*s, "0123456789");
	if (digits < 1 || digits > 9)
		return false;
	*s += digits;
	return true;
}

/* Z | +hh | +hhmm | +hh:mm | nothing; *given says which. */
static bool
take_iso_offset(const char **s, bool *given, int *offset_s)
{
	int hours, minutes = 0;

	*given = **s != '\0';
	*offset_s = 0;
	if (!*given || take_char(s, 'Z'))
		return true;
	const int sign = **s == '-' ? -1 : 1;
	if (!take_char(s, '+') && !take_char(s, '-'))
		return false;
	if (!take_number(s, 2, 2, &hours))
		return false;
	if (**s != '\0') {
		(void)take_char(s, ':');
		if (!take_number(s, 2, 2, &minutes))
			return false;
	}
	if (hours > 18 || minutes > 59)
		return false;
	*offset_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* Services write the first and the last second of the calendar for "never":
 * an offset or a zone must not lead out of the years that clock_iso can write.
 * The second that NO_TIME stands for cannot be told from none. */
static bool
give_instant(time_t t, time_t *out)
{
	if (t == NO_TIME)
		return false;
	*out = t < FIRST_S ? FIRST_S : t > LAST_S ? LAST_S : t;
	return true;
}

bool
clock_parse_iso(const char *s, const char *zone, time_t *out)
{
	struct civil c = { 0 };
	bool given = false;
	int offset_s = 0;

	if (s == NULL || !take_iso_date(&s, &c))
		return false;
	if (*s != '\0') {
		if (!take_char(&s, 'T') && !take_char(&s, ' '))
			return false;
		if (!take_iso_time(&s, &c) ||
		    !take_iso_offset(&s, &given, &offset_s) || *s != '\0')
			return false;
	}
	const time_t t = clock_utc(given ? "UTC" : zone, &c);
	return t != NO_TIME && give_instant(t - offset_s, out);
}

/* ---- patterns ------------------------------------------------------------ */

enum token_kind { TOKEN_LITERAL, TOKEN_YEAR, TOKEN_MONTH, TOKEN_DAY,
	TOKEN_HOUR, TOKEN_MINUTE, TOKEN_SECOND, TOKEN_HALF, TOKEN_KINDS };

struct token {
	enum token_kind kind;
	char c;			/* as in the pattern */
	size_t len;
};

#define TOKENS_MAX 32

struct pattern {
	struct token v[TOKENS_MAX];
	size_t n;
	int seen[TOKEN_KINDS];
};

static enum token_kind
token_kind(char c)
{
	switch (c) {
	case 'y':
		return TOKEN_YEAR;
	case 'M':
		return TOKEN_MONTH;
	case 'd':
		return TOKEN_DAY;
	case 'H':
	case 'h':
		return TOKEN_HOUR;
	case 'm':
		return TOKEN_MINUTE;
	case 's':
		return TOKEN_SECOND;
	case 't':
		return TOKEN_HALF;
	default:
		return TOKEN_LITERAL;
	}
}

static bool
token_length_ok(const struct token *t)
{
	switch (t->kind) {
	case TOKEN_LITERAL:
		return true;
	case TOKEN_YEAR:
		return t->len == 2 || t->len == 4;
	case TOKEN_HALF:
		return t->len == 2;
	case TOKEN_MONTH:
	case TOKEN_DAY:
	case TOKEN_HOUR:
	case TOKEN_MINUTE:
	case TOKEN_SECOND:
		return t->len <= 2;
	case TOKEN_KINDS:
		break;
	}
	return false;
}

static bool
pattern_split(const char *format, struct pattern *p)
{
	p->n = 0;
	for (const char *f = format; *f != '\0';) {
		if (p->n == TOKENS_MAX)
			return false;
		struct token *t = &p->v[p->n++];
		*t = (struct token){ token_kind(*f), *f, 1 };
		while (t->kind != TOKEN_LITERAL && f[t->len] == *f)
			t->len++;
		if (!token_length_ok(t))
			return false;
		f += t->len;
	}
	return true;
}

/* Kind of the next token that is no literal, in direction step. */
static enum token_kind
neighbour(const struct pattern *p, size_t i, int step)
{
	for (;;) {
		if ((step < 0 && i == 0) || (step > 0 && i + 1 >= p->n))
			return TOKEN_KINDS;
		i = step < 0 ? i - 1 : i + 1;
		if (p->v[i].kind != TOKEN_LITERAL)
			return p->v[i].kind;
	}
}

/* People write m/d/yyyy as well as M/d/yyyy. */
static bool
means_month(const struct pattern *p, size_t i)
{
	const enum token_kind prev = neighbour(p, i, -1);
	const enum token_kind next = neighbour(p, i, 1);

	if (prev == TOKEN_HOUR || next == TOKEN_SECOND)
		return false;
	return prev == TOKEN_KINDS || prev == TOKEN_DAY || prev == TOKEN_YEAR ||
	    next == TOKEN_DAY || next == TOKEN_YEAR;
}

static void
pattern_find_months(struct pattern *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].kind == TOKEN_MONTH)
			return;
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].kind == TOKEN_MINUTE && means_month(p, i)) {
			p->v[i].kind = TOKEN_MONTH;
			return;
		}
}

/* No field twice. */
static bool
pattern_count(struct pattern *p)
{
	memset(p->seen, 0, sizeof(p->seen));
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].kind != TOKEN_LITERAL &&
		    p->seen[p->v[i].kind]++ > 0)
			return false;
	return true;
}

/* A whole date; no part of a time without the larger one. */
static bool
pattern_complete(const struct pattern *p)
{
	if (!p->seen[TOKEN_YEAR] || !p->seen[TOKEN_MONTH] ||
	    !p->seen[TOKEN_DAY])
		return false;
	if (p->seen[TOKEN_SECOND] && !p->seen[TOKEN_MINUTE])
		return false;
	return p->seen[TOKEN_HOUR] ||
	    (!p->seen[TOKEN_MINUTE] && !p->seen[TOKEN_HALF]);
}

static bool
pattern_read(const char *format, struct pattern *p)
{
	if (format == NULL || !pattern_split(format, p))
		return false;
	pattern_find_months(p);
	return pattern_count(p) && pattern_complete(p);
}

bool
clock_format_valid(const char *format)
{
	struct pattern p;

	return pattern_read(format, &p);
}

/* 0 = AM, 12 = PM. */
static bool
take_half(const char **s, int *half)
{
	const char c = (*s)[0];

	if (c == 'A' || c == 'a')
		*half = 0;
	else if (c == 'P' || c == 'p')
		*half = 12;
	else
		return false;
	if ((*s)[1] != 'M' && (*s)[1] != 'm')
		return false;
	*s += 2;
	return true;
}

static bool
take_year(const char **s, size_t len, int *year)
{
	if (!take_number(s, len, len, year))
		return false;
	if (len == 2)	/* as POSIX and spreadsheets split the century */
		*year += *year < 70 ? 2000 : 1900;
	return true;
}

static bool
take_token(const char **s, const struct token *t, struct civil *c, int *half)
{
	/* "9:5" may be 9:05 or 9:50: written double means double. */
	const size_t min = t->len;

	switch (t->kind) {
	case TOKEN_LITERAL:
		return take_char(s, t->c);
	case TOKEN_YEAR:
		return take_year(s, t->len, &c->year);
	case TOKEN_MONTH:
		return take_number(s, 1, 2, &c->month);
	case TOKEN_DAY:
		return take_number(s, 1, 2, &c->day);
	case TOKEN_HOUR:
		return take_number(s, 1, 2, &c->hour);
	case TOKEN_MINUTE:
		return take_number(s, min, 2, &c->minute);
	case TOKEN_SECOND:
		return take_number(s, min, 2, &c->second);
	case TOKEN_HALF:
		return take_half(s, half);
	case TOKEN_KINDS:
		break;
	}
	return false;
}

/* 12 AM is midnight, 12 PM noon; there is no 13 PM. */
static bool
apply_half(struct civil *c, int half)
{
	if (c->hour < 1 || c->hour > 12)
		return false;
	c->hour = c->hour % 12 + half;
	return true;
}

bool
clock_parse_format(const char *s, const char *format, const char *zone,
    time_t *out, bool *has_time)
{
	struct pattern p;
	struct civil c = { 0 };
	int half = 0;

	if (s == NULL || !pattern_read(format, &p))
		return false;
	for (size_t i = 0; i < p.n; i++)
		if (!take_token(&s, &p.v[i], &c, &half))
			return false;
	if (*s != '\0' || (p.seen[TOKEN_HALF] && !apply_half(&c, half)))
		return false;
	if (!give_instant(clock_utc(zone, &c), out))
		return false;
	if (has_time != NULL)
		*has_time = p.seen[TOKEN_HOUR] > 0;
	return true;
}
