/*
 * literal.c - values as they stand in a filter.
 */
#include "odata.h"

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || (c != '\0' && strchr("-_.:+", c) != NULL);
}

/* 'O''Hara' */
static bool
text_literal(struct pool *p, const char **at, struct cell *out)
{
	const char *s = *at + 1;
	char *to = pool_get(p, strlen(s) + 1);
	out->kind = K_TEXT;
	out->text = to;
	for (; *s != '\0'; s++) {
		if (*s == '\'' && *++s != '\'') {
			*to = '\0';
			*at = s;
			return true;
		}
		*to++ = *s;
	}
	return false;
}

static bool
number_literal(const char *s, struct cell *out)
{
	int64_t whole, part, unit = 1;
	char digits[40];
	const bool minus = *s == '-';
	snprintf(digits, sizeof(digits), "%s", s + minus);
	char *dot = strchr(digits, '.');
	if (dot != NULL)
		*dot++ = '\0';
	if (!sim_num(digits, &whole))
		return false;
	out->kind = K_INT;
	out->num = minus ? -whole : whole;
	if (dot == NULL)
		return true;
	if (!sim_num(dot, &part))
		return false;
	for (size_t i = strlen(dot); i > 0; i--)
		unit *= 10;
	out->kind = K_REAL;
	out->real = (double)whole + (double)part / (double)unit;
	if (minus)
		out->real = -out->real;
	return true;
}

/* A time without a zone is none. */
static bool
time_literal(const char *s, struct cell *out)
{
	const size_t len = strlen(s);
	int64_t t;
	if (len < 10 || s[4] != '-' || !sim_time_parse(s, &t))
		return false;
	out->num = t;
	out->kind = K_TIME;
	if (len == 10) {
		out->kind = K_DAY;
		out->num = sim_floor_div(t, DAY_S);
		return true;
	}
	return s[10] == 'T' && (s[len - 1] == 'Z' || strchr(s + 10, '+') != NULL ||
	    strchr(s + 10, '-') != NULL);
}

/* On success *at stands behind it. */
bool
literal_read(struct pool *p, const char **at, struct cell *out)
{
	size_t len = 0;
	*out = (struct cell){ .kind = K_NULL, .target = -1 };
	if (**at == '\'')
		return text_literal(p, at, out);
	while (is_word((*at)[len]))
		len++;
	const char *word = pool_text(p, *at, len);
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
		out->kind = K_BOOL;
		out->num = *word == 't';
	} else if (guid_parse(word, len, &out->guid)) {
		out->kind = K_GUID;
	} else if (strcmp(word, "null") != 0 && !time_literal(word, out) &&
	    !number_literal(word, out)) {
		return false;
	}
	*at += len;
	return true;
}
