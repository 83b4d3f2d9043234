/*
 * value.c - what a property may hold, and how two of its values compare.
 */
#include <strings.h>

#include "sim.h"

#define TEXT_MAX 65536

/* "-12.5"; the whole text. */
static bool
num_read(const char *text, double *out)
{
	double n = 0, unit = 1;
	const bool minus = *text == '-';
	const char *at = text + minus;
	size_t digits = 0;
	bool behind = false;

	for (; *at != '\0'; at++) {
		if (*at == '.' && !behind) {
			behind = true;
			continue;
		}
		if (*at < '0' || *at > '9' || digits++ > 30)
			return false;
		unit = behind ? unit / 10 : unit;
		n = behind ? n + (*at - '0') * unit : n * 10 + (*at - '0');
	}
	*out = minus ? -n : n;
	return digits > 0;
}

static bool
options_known(const struct prop *p, const char *text)
{
	const bool many = strcmp(p->field, "checkbox") == 0;

	while (*text != '\0') {
		const size_t len = many ? strcspn(text, ";") : strlen(text);
		if (option_find(p, text, len) == NULL)
			return false;
		text += len + (text[len] == ';');
	}
	return true;
}

static bool
is_day(const char *text)
{
	int64_t ms;

	return ms_parse(text, &ms) && ms % DAY_MS == 0;
}

const char *
value_wrong(const struct prop *p, const char *text)
{
	double n;
	int64_t ms;

	if (p->readonly)
		return "READ_ONLY_VALUE";
	if (text == NULL || *text == '\0')
		return NULL;
	switch (p->type) {
	case P_TEXT:
		return strlen(text) > TEXT_MAX ? "INVALID_LONG_TEXT" : NULL;
	case P_NUM:
		return num_read(text, &n) ? NULL : "INVALID_LONG";
	case P_BOOL:
	case P_ENUM:
		return options_known(p, text) ? NULL : "INVALID_OPTION";
	case P_TIME:
		return ms_parse(text, &ms) ? NULL : "INVALID_DATE";
	case P_DATE:
		return is_day(text) ? NULL : "INVALID_DATE";
	}
	return NULL;
}

char *
value_normal(const struct prop *p, const char *text)
{
	int64_t ms;

	if (text == NULL)
		return NULL;
	if ((p->type == P_TIME || p->type == P_DATE) && ms_parse(text, &ms))
		return p->type == P_TIME ? dup_text(ms_iso(ms))
		    : need(strndup(ms_iso(ms), 10));
	return dup_text(text);
}

static int
order_of(double a, double b)
{
	return (a > b) - (a < b);
}

bool
value_order(const struct prop *p, const char *a, const char *b, int *order)
{
	double x, y;
	int64_t s, t;

	switch (p->type) {
	case P_NUM:
		if (!num_read(a, &x) || !num_read(b, &y))
			return false;
		*order = order_of(x, y);
		return true;
	case P_TIME:
	case P_DATE:
		if (!ms_parse(a, &s) || !ms_parse(b, &t))
			return false;
		*order = (s > t) - (s < t);
		return true;
	case P_TEXT:
	case P_BOOL:
	case P_ENUM:
		*order = strcasecmp(a, b);
		return true;
	}
	return false;
}
