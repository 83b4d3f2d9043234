/*
 * fieldmap.c - see fieldmap.h.
 */
#include "fieldmap.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "num.h"

bool
fieldmap_any(const struct strlist *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->v[i][0] != '\0')
			return true;
	return false;
}

json_t *
fieldmap_at(json_t *item, const struct strlist *names)
{
	for (size_t i = 0; i < names->n; i++) {
		if (names->v[i][0] == '\0')
			continue;
		json_t *node = json_at(item, names->v[i]);
		if (node != NULL && !json_is_null(node))
			return node;
	}
	return NULL;
}

const char *
fieldmap_text(json_t *item, const struct strlist *names, struct arena *arena)
{
	json_t *node = fieldmap_at(item, names);
	const char *text = node == NULL ? NULL : json_text(arena, node);

	return text == NULL || text[0] == '\0' ? NULL : text;
}

enum tri
fieldmap_flag(json_t *item, const struct strlist *names)
{
	const json_t *node = fieldmap_at(item, names);

	if (node == NULL)
		return TRI_UNKNOWN;
	if (json_is_boolean(node))
		return json_is_true(node) ? TRI_YES : TRI_NO;
	if (json_is_integer(node))
		return json_integer_value(node) != 0 ? TRI_YES : TRI_NO;
	if (!json_is_string(node))
		return TRI_UNKNOWN;
	if (strcasecmp(json_string_value(node), "true") == 0)
		return TRI_YES;
	if (strcasecmp(json_string_value(node), "false") == 0)
		return TRI_NO;
	return TRI_UNKNOWN;
}

int
fieldmap_score(json_t *item, const struct strlist *names)
{
	json_t *node = fieldmap_at(item, names);
	long long n;

	if (node == NULL)
		return FIELDMAP_NO_SCORE;
	if (json_is_string(node)) {
		if (!num_parse(json_string_value(node), 0, 10, &n))
			return FIELDMAP_NO_SCORE;
	} else if (!json_is_number(node) || !json_integer_value_of(node, &n)) {
		return FIELDMAP_NO_SCORE;
	}
	return n < 0 || n > 10 ? FIELDMAP_NO_SCORE : (int)n;
}

bool
fieldmap_time(json_t *item, const struct strlist *names, const char *zone,
    struct arena *arena, time_t *out, const char **raw)
{
	json_t *node = fieldmap_at(item, names);

	*out = NO_TIME;
	*raw = NULL;
	if (node == NULL)
		return true;
	if (!json_is_string(node))
		return false;
	if (json_string_length(node) == 0)
		return true;
	if (!clock_parse_iso(json_string_value(node), zone, out)) {
		*out = NO_TIME;
		return false;
	}
	*raw = json_text(arena, node);
	return true;
}

json_t *
fieldmap_items(json_t *root, const struct strlist *pointers)
{
	for (size_t i = 0; i < pointers->n; i++) {
		json_t *node = json_at(root, pointers->v[i]);
		if (json_is_array(node))
			return node;
	}
	return NULL;
}

/* ---- times, outgoing ------------------------------------------------- */

static const char *
pattern_of(const char *pattern)
{
	return strcmp(pattern, "iso8601z") == 0 ? "%Y-%m-%dT%H:%M:%SZ"
						: pattern;
}

bool
fieldmap_pattern_valid(const char *pattern)
{
	pattern = pattern_of(pattern);
	if (pattern[0] == '\0' || strlen(pattern) > 31)
		return false;
	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p != '%')
			continue;
		p++;
		if (*p == '\0' || strchr("YmdHIMSp%", *p) == NULL)
			return false;
	}
	return true;
}

/* One directive; returns what snprintf would. */
static int
directive_write(char *out, size_t size, char directive,
    const struct civil *c)
{
	switch (directive) {
	case 'Y':
		return snprintf(out, size, "%04d", c->year);
	case 'm':
		return snprintf(out, size, "%02d", c->month);
	case 'd':
		return snprintf(out, size, "%02d", c->day);
	case 'H':
		return snprintf(out, size, "%02d", c->hour);
	case 'I':
		return snprintf(out, size, "%02d", (c->hour + 11) % 12 + 1);
	case 'M':
		return snprintf(out, size, "%02d", c->minute);
	case 'S':
		return snprintf(out, size, "%02d", c->second);
	case 'p':
		return snprintf(out, size, "%s", c->hour < 12 ? "AM" : "PM");
	default:
		return snprintf(out, size, "%c", directive);
	}
}

bool
fieldmap_time_write(char *out, size_t size, const char *pattern,
    const char *zone, time_t t)
{
	struct civil c;
	size_t len = 0;
	int n;

	if (strcmp(pattern, "unix") == 0) {
		n = snprintf(out, size, "%lld", (long long)t);
		return n > 0 && (size_t)n < size;
	}
	/* The name says Z: whatever zone incoming times are read in. */
	if (strcmp(pattern, "iso8601z") == 0)
		zone = "UTC";
	clock_local(zone, t, &c);
	for (const char *p = pattern_of(pattern); *p != '\0'; p++) {
		if (*p == '%' && p[1] != '\0')
			n = directive_write(out + len, size - len, *++p, &c);
		else
			n = snprintf(out + len, size - len, "%c", *p);
		if (n < 0 || (size_t)n >= size - len)
			return false;
		len += (size_t)n;
	}
	return len > 0;
}
