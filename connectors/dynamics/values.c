/*
 * values.c - a value as its column wants it, and the bodies of requests.  Pure.
 *
 * What a column cannot hold is refused here, with its reason, rather than sent:
 * the service's refusal names no column.  A text for people is cut, and shows
 * it; a number or a date never.
 */
#include <string.h>

#include "clock.h"
#include "common/units.h"
#include "num.h"
#include "writer.h"

#define BODY_MAX ((size_t)1 << 20)

/* ---- values ------------------------------------------------------------- */
static const char *
quoted(struct arena *arena, const char *text)
{
	json_t *node = json_string(text);
	const char *json = node == NULL ? NULL : json_dump(arena, node);

	json_decref(node);
	return json;
}

static bool
refuse(const struct column *c, const char *expected, struct err *err)
{
	return err_set(err, ERR_REJECTED, "column %s is of type %s: expected %s",
	    c->name, *c->word != '\0' ? c->word : "?", expected);
}

/* Digits go as they are: 8.3 is no 8.300000000000001. */
static bool
number_json(const struct column *c, const char *text, const char **json,
    struct err *err)
{
	long long whole;
	double real;

	*json = text;
	if (c->type == COLUMN_INTEGER)
		return num_parse(text, INT32_MIN, INT32_MAX, &whole) ||
		    refuse(c, "a column for decimals", err);
	return num_parse_double(text, -1e11, 1e11, &real) ||
	    refuse(c, "a column for texts", err);
}

static bool
time_json(struct arena *arena, const struct column *c, const char *zone,
    const char *text, const char **json, struct err *err)
{
	const int day = strlen(text) == 10 ? day_parse(text) : NO_DAY;
	time_t at = NO_TIME;
	char iso[32];

	if (day != NO_DAY)
		at = clock_day_start(zone, day);
	else if (!clock_parse_iso(text, "UTC", &at))
		return refuse(c, "a column for texts", err);
	if (c->type == COLUMN_DATE)
		*json = arena_printf(arena, "\"%s\"", day_iso(iso,
		    clock_day(zone, at)));
	else
		*json = arena_printf(arena, "\"%s\"", clock_iso(iso, at));
	return true;
}

static bool
text_json(struct arena *arena, const struct column *c, const char *text,
    const char **json, struct err *err)
{
	const char *cut = units_cut(arena, text, c->chars);

	*json = cut == NULL ? NULL : quoted(arena, cut);
	return *json != NULL || err_nomem(err);
}

bool
value_json(struct arena *arena, const struct column *column, const char *zone,
    const char *text, const char **json, struct err *err)
{
	bool ok = true;

	/* What is known is yes: opted out on a day. */
	if (column->type == COLUMN_FLAG) {
		*json = text == NULL || *text == '\0' ? "false" : "true";
		return true;
	}
	*json = "null";
	if (text == NULL || *text == '\0')
		return true;
	switch (column->type) {
	case COLUMN_TEXT:
		ok = text_json(arena, column, text, json, err);
		break;
	case COLUMN_INTEGER:
	case COLUMN_DECIMAL:
		ok = number_json(column, text, json, err);
		break;
	case COLUMN_DATE:
	case COLUMN_TIME:
		ok = time_json(arena, column, zone, text, json, err);
		break;
	case COLUMN_FLAG:
		break;
	case COLUMN_OTHER:
		return refuse(column, "text, a number, a date or yes and no",
		    err);
	}
	return ok && (!arena_failed(arena) || err_nomem(err));
}

/* ---- bodies ------------------------------------------------------------- */
void
body_begin(struct body *b, struct arena *arena)
{
	b->arena = arena;
	buf_init(&b->text, BODY_MAX);
	(void)buf_char(&b->text, '{');
}

static void
body_name(struct body *b, const char *name)
{
	(void)buf_printf(&b->text, "%s\"%s\":", b->text.len > 1 ? "," : "",
	    name);
}

void
body_json(struct body *b, const char *name, const char *json)
{
	body_name(b, name);
	(void)buf_str(&b->text, json != NULL ? json : "null");
}

void
body_text(struct body *b, const char *name, const char *text)
{
	if (text == NULL)
		return;
	body_json(b, name, quoted(b->arena, text));
}

void
body_bind(struct body *b, const char *name, const char *set, const char *id)
{
	(void)buf_printf(&b->text, "%s\"%s@odata.bind\":\"/%s(%s)\"",
	    b->text.len > 1 ? "," : "", name, set, id);
}

const char *
body_end(struct body *b)
{
	const char *text;

	(void)buf_char(&b->text, '}');
	text = b->text.failed || arena_failed(b->arena) ? NULL
	    : arena_strdup(b->arena, buf_text(&b->text));
	buf_free(&b->text);
	return text;
}
