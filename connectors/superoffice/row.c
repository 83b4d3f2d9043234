#include "row.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "num.h"

#define EARLIEST ((time_t)-2208988800)	/* 1900: before it is "none" */

/* Of a full row the raw value, else what is shown of it. */
static json_t *
cell(json_t *row, const char *column)
{
	json_t *value = json_object_get(row, column);
	json_t *full = value != NULL ? NULL : json_object_get(
	    json_object_get(row, "Column"), column);
	json_t *raw = json_object_get(full, "RawValue");

	if (value != NULL || full == NULL)
		return value;
	return raw != NULL && !json_is_null(raw) ? raw :
	    json_object_get(full, "DisplayValue");
}

bool
so_has(json_t *row, const char *column)
{
	return json_object_get(row, column) != NULL || json_object_get(
	    json_object_get(row, "Column"), column) != NULL;
}

bool
so_is_null(json_t *row, const char *column)
{
	return json_is_null(cell(row, column));
}

const char *
so_text(json_t *row, const char *column, struct arena *arena)
{
	json_t *value = cell(row, column);
	const char *text = json_is_boolean(value) ? NULL :
	    json_text(arena, value);
	const size_t len = text == NULL ? 0 : strlen(text);

	if (len > 4 && strncmp(text, "[I:", 3) == 0 && text[len - 1] == ']')
		return arena_strndup(arena, text + 3, len - 4);
	return len == 0 ? NULL : text;
}

const char *
so_who(json_t *row, const char *column, struct arena *arena)
{
	const char *text = so_text(row, column, arena);

	return text == NULL || strcmp(text, "0") == 0 ? NULL : text;
}

bool
so_number(json_t *row, const char *column, long long *out)
{
	json_t *value = cell(row, column);
	const char *text = json_string_value(value);

	if (text == NULL)
		return json_is_number(value) &&
		    json_integer_value_of(value, out);
	const size_t len = strlen(text);
	const bool coded = len > 4 && strncmp(text, "[I:", 3) == 0 &&
	    text[len - 1] == ']';
	return num_parse_n(coded ? text + 3 : text, coded ? len - 4 : len,
	    -INT32_MAX, INT32_MAX, out);
}

const char *
so_id(json_t *row, const char *column, struct arena *arena)
{
	long long n;

	return so_number(row, column, &n) && n > 0 && n <= INT32_MAX ?
	    arena_printf(arena, "%lld", n) : NULL;
}

enum tri
so_flag(json_t *row, const char *column)
{
	json_t *value = cell(row, column);
	const char *text = json_string_value(value);
	long long n;

	if (json_is_boolean(value))
		return json_is_true(value) ? TRI_YES : TRI_NO;
	if (text != NULL && strcasecmp(text, "true") == 0)
		return TRI_YES;
	if (text != NULL && strcasecmp(text, "false") == 0)
		return TRI_NO;
	if (!so_number(row, column, &n) || n < 0 || n > 1)
		return TRI_UNKNOWN;
	return n == 1 ? TRI_YES : TRI_NO;
}

/* "...T14:00:00Z", "...+01:00": behind the time of day. */
static bool
has_zone(const char *text)
{
	const char *at = strpbrk(text, "T ");

	return at != NULL && strpbrk(at + 1, "Z+-") != NULL;
}

const char *
so_stamp(json_t *row, const char *column)
{
	return json_string_value(cell(row, column));
}

enum tri
so_is_set(json_t *row, const char *column)
{
	const char *text = so_stamp(row, column);
	time_t at;

	if (so_is_null(row, column) || (text != NULL && *text == '\0'))
		return TRI_NO;
	if (text == NULL || !clock_parse_iso(text, "UTC", &at))
		return TRI_UNKNOWN;
	return at < EARLIEST ? TRI_NO : TRI_YES;
}

time_t
so_time(const struct so_settings *set, json_t *row, const char *column)
{
	const char *text = so_stamp(row, column);
	time_t at;

	if (text == NULL || (set->naive_datetime == SO_NAIVE_REJECT &&
	    !has_zone(text)) || !clock_parse_iso(text, "UTC", &at))
		return NO_TIME;
	return at < EARLIEST ? NO_TIME : at;
}
