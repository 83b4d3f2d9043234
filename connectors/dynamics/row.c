#include "row.h"

#include <string.h>

#include "clock.h"

#define NAME_MAX_BYTES 256

const char *
row_text(json_t *row, const char *column, struct arena *arena)
{
	const char *text = json_text(arena, json_object_get(row, column));

	return text == NULL || *text == '\0' ? NULL : text;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

const char *
row_id(json_t *row, const char *column, struct arena *arena)
{
	const char *text = json_string_value(json_object_get(row, column));
	char *id = text == NULL || !dynamics_is_guid(text) ? NULL :
	    arena_strdup(arena, text);

	for (char *at = id; at != NULL && *at != '\0'; at++)
		*at = lower(*at);
	return id;
}

/* column with an annotation behind it. */
static json_t *
annotation(json_t *row, const char *column, const char *name)
{
	char key[NAME_MAX_BYTES];
	const size_t len = strlen(column), n = strlen(name);

	if (len + n + 1 > sizeof(key))
		return NULL;
	memcpy(key, column, len);
	memcpy(key + len, name, n + 1);
	return json_object_get(row, key);
}

const char *
row_lookup(json_t *row, const char *column, const char *table,
    struct arena *arena)
{
	const char *is = json_string_value(annotation(row, column,
	    DYNAMICS_LOOKUP));

	return is != NULL && strcmp(is, table) == 0 ?
	    row_id(row, column, arena) : NULL;
}

const char *
row_shown(json_t *row, const char *column, struct arena *arena)
{
	const char *text = json_text(arena, annotation(row, column,
	    DYNAMICS_FORMATTED));

	return text == NULL || *text == '\0' ? NULL : text;
}

enum tri
row_flag(json_t *row, const char *column)
{
	json_t *node = json_object_get(row, column);
	long long n;

	if (json_is_boolean(node))
		return json_is_true(node) ? TRI_YES : TRI_NO;
	if (node == NULL || !json_integer_value_of(node, &n))
		return TRI_UNKNOWN;
	return n != 0 ? TRI_YES : TRI_NO;
}

bool
row_number(json_t *row, const char *column, long long *out)
{
	json_t *node = json_object_get(row, column);

	return node != NULL && json_integer_value_of(node, out);
}

time_t
row_time(json_t *row, const char *column, const char *zone)
{
	const char *text = json_string_value(json_object_get(row, column));
	time_t at;

	return text != NULL && clock_parse_iso(text, zone, &at) ? at : NO_TIME;
}
