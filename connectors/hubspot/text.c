/*
 * text.c - values as the service writes them: every property is a text or null.
 */
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "hubspot.h"
#include "num.h"

#define ID_MAX 20		/* digits of 64 bits */
#define MS_MAX 99999999999999LL	/* the year 5138 */

bool
hs_is_id(const char *text)
{
	const size_t len = text == NULL ? 0 : strlen(text);

	return len > 0 && len <= ID_MAX && strspn(text, "0123456789") == len;
}

/* A long one stays what it is: never by way of a double. */
const char *
hs_id(json_t *row, const char *key, struct arena *arena)
{
	json_t *node = json_object_get(row, key);
	const char *text = json_is_string(node) || json_is_integer(node) ?
	    json_text(arena, node) : NULL;

	return hs_is_id(text) ? text : NULL;
}

const char *
hs_property(json_t *row, const char *name, struct arena *arena)
{
	json_t *node = *name == '\0' ? NULL : json_object_get(
	    json_object_get(row, "properties"), name);
	const char *text = node == NULL ? NULL : json_text(arena, node);

	return text == NULL || *text == '\0' ? NULL : text;
}

bool
hs_is_true(json_t *row, const char *name, struct arena *arena)
{
	const char *text = hs_property(row, name, arena);

	return text != NULL && strcasecmp(text, "true") == 0;
}

/* What cannot be read speaks against asking. */
bool
hs_is_set(json_t *row, const char *name, struct arena *arena)
{
	json_t *node = *name == '\0' ? NULL : json_object_get(
	    json_object_get(row, "properties"), name);
	const char *text = hs_property(row, name, arena);
	double number;

	if (text == NULL)
		return json_is_object(node) || json_is_array(node);
	return strcasecmp(text, "false") != 0 &&
	    !(num_parse_double(text, -1e15, 1e15, &number) &&
	    number > -1e-9 && number < 1e-9);
}

time_t
hs_time(const char *text)
{
	long long ms;
	time_t at;

	if (text == NULL)
		return NO_TIME;
	if (num_parse(text, 0, MS_MAX, &ms))
		return ms >= 100000000000LL ? (time_t)(ms / 1000) : NO_TIME;
	return clock_parse_iso(text, "UTC", &at) ? at : NO_TIME;
}

bool
hs_in_list(const struct strlist *list, const char *text)
{
	for (size_t i = 0; text != NULL && i < list->n; i++)
		if (strcasecmp(list->v[i], text) == 0)
			return true;
	return false;
}
