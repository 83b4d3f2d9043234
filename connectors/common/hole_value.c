/*
 * hole_value.c - what a value becomes by the format of its hole.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "fieldmap.h"
#include "hole_int.h"
#include "num.h"
#include "text.h"

struct make {
	const struct hole *hole;
	const struct hole_value *value;
	const char *zone;
	struct arena *arena;
	struct hole_made *out;
	struct err *err;
};

/* The value is never named: it may be anybody's. */
static bool
fail_value(const struct make *m, enum err_kind kind, const char *expected)
{
	return err_set(m->err, kind, "{%.60s%s%s}: expected %s",
	    m->hole->name, m->hole->text[0] == '\0' ? "" : ":", m->hole->text,
	    expected);
}

static bool
give(const struct make *m, const char *text, bool raw)
{
	m->out->text = text;
	m->out->raw = raw;
	return text != NULL ? true : err_nomem(m->err);
}

static bool
has_value(const struct hole_value *v)
{
	switch (v->type) {
	case HOLE_NONE:
		return false;
	case HOLE_TEXT:
		return v->text != NULL;
	case HOLE_TIME:
		return v->at != NO_TIME;
	case HOLE_DAY:
		return v->number != NO_DAY;
	case HOLE_JSON:
		return v->json != NULL && !json_is_null(v->json);
	case HOLE_NUMBER:
	case HOLE_BOOL:
	case HOLE_LIST:
		break;
	}
	return true;
}

/* ---- times ----------------------------------------------------------------- */
/* The wall clock that a part is taken from, for a day its midnight. */
static bool
read_clock(const struct make *m, bool local, time_t *at, struct civil *c)
{
	const struct hole_value *v = m->value;
	const char *zone = local || v->type == HOLE_DAY ? m->zone : "UTC";

	if (v->type == HOLE_TIME) {
		*at = v->at;
	} else if (v->type == HOLE_DAY && day_valid((int)v->number)) {
		*at = clock_day_start(m->zone, (int)v->number);
	} else {
		const char *text = v->type == HOLE_TEXT ? v->text :
		    json_string_value(v->json);
		if (text == NULL || !clock_parse_iso(text, m->zone, at))
			return fail_value(m, ERR_REJECTED, "a time");
	}
	clock_local(zone, *at, c);
	return true;
}

static int
time_part(enum hole_format format, const struct civil *c)
{
	if (format == FORMAT_YEAR || format == FORMAT_LOCAL_YEAR)
		return c->year;
	if (format == FORMAT_MONTH || format == FORMAT_LOCAL_MONTH)
		return c->month;
	if (format == FORMAT_DAY || format == FORMAT_LOCAL_DAY)
		return c->day;
	if (format == FORMAT_HOUR || format == FORMAT_LOCAL_HOUR)
		return c->hour;
	if (format == FORMAT_MINUTE || format == FORMAT_LOCAL_MINUTE)
		return c->minute;
	return c->second;
}

static const char *
time_text(const struct make *m, time_t at, const struct civil *c)
{
	char text[64];

	if (m->hole->format == FORMAT_PATTERN)
		return fieldmap_time_write(text, sizeof(text), m->hole->text,
		    m->zone, at) ? arena_strdup(m->arena, text) : NULL;
	if (m->hole->format == FORMAT_DATE)
		return arena_printf(m->arena, "%04d-%02d-%02d", c->year,
		    c->month, c->day);
	clock_iso(text, at);
	if (m->hole->format == FORMAT_ISO_MS)
		return arena_printf(m->arena, "%.19s.000Z", text);
	return arena_strdup(m->arena, text);
}

static bool
make_time(const struct make *m)
{
	const enum hole_format f = m->hole->format;
	struct civil c;
	time_t at;

	if (!read_clock(m, f == FORMAT_DATE || f >= FORMAT_LOCAL_YEAR, &at, &c))
		return false;
	if (f == FORMAT_EPOCH || f == FORMAT_EPOCH_MS)
		return give(m, arena_printf(m->arena, "%lld", (long long)at *
		    (f == FORMAT_EPOCH_MS ? 1000 : 1)), true);
	if (f >= FORMAT_YEAR && f <= FORMAT_LOCAL_SECOND)
		return give(m, arena_printf(m->arena, "%d", time_part(f, &c)),
		    true);
	return give(m, time_text(m, at, &c), false);
}

/* ---- texts ----------------------------------------------------------------- */
static const char *
day_text(const struct make *m)
{
	char text[16];

	return arena_strdup(m->arena, day_iso(text, (int)m->value->number));
}

/* What a value is as a text; *text = NULL: it is none. */
static bool
plain_text(const struct make *m, const char **text)
{
	const struct hole_value *v = m->value;
	char iso[32];

	*text = NULL;
	switch (v->type) {
	case HOLE_NONE:
	case HOLE_LIST:
		return true;
	case HOLE_TEXT:
		*text = v->text;
		break;
	case HOLE_NUMBER:
		*text = arena_printf(m->arena, "%lld", v->number);
		break;
	case HOLE_BOOL:
		*text = v->number != 0 ? "true" : "false";
		break;
	case HOLE_TIME:
		*text = arena_strdup(m->arena, clock_iso(iso, v->at));
		break;
	case HOLE_DAY:
		*text = day_text(m);
		break;
	case HOLE_JSON:
		if (json_is_object(v->json) || json_is_array(v->json))
			return true;
		*text = json_text(m->arena, v->json);
		break;
	}
	return *text != NULL ? true : err_nomem(m->err);
}

static bool
make_text(const struct make *m)
{
	const char *text;

	if (!plain_text(m, &text))
		return false;
	return text != NULL ? give(m, text, false) : fail_value(m, ERR_CONFIG,
	    "a text; a list is {...:list} or {...:comma}, an object "
	    "{...:object}");
}

static bool
make_coded(const struct make *m)
{
	const char *text;

	if (!make_text(m))
		return false;
	text = m->out->text;
	if (m->hole->format == FORMAT_BASE64)
		return give(m, hole_base64(m->arena, text, strlen(text)), false);
	char *lower = arena_strdup(m->arena, text);
	for (char *p = lower; p != NULL && *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return give(m, lower, false);
}

/* ---- JSON ------------------------------------------------------------------ */
/* As RFC 8259 writes a number, and no longer than one is. */
static bool
is_number(const char *s)
{
	size_t n;

	if (strlen(s) > 32)
		return false;
	s += *s == '-';
	n = strspn(s, "0123456789");
	if (n == 0 || (s[0] == '0' && n > 1))
		return false;
	s += n;
	if (*s == '\0')
		return true;
	n = strspn(s + 1, "0123456789");
	return *s == '.' && n > 0 && s[1 + n] == '\0';
}

static bool
make_number(const struct make *m)
{
	const char *text = NULL;

	if (json_is_number(m->value->json) && m->value->type == HOLE_JSON)
		return give(m, json_dump(m->arena, m->value->json), true);
	if ((m->value->type == HOLE_TEXT || m->value->type == HOLE_NUMBER ||
	    m->value->type == HOLE_JSON) && !plain_text(m, &text))
		return false;
	return text != NULL && is_number(text) ? give(m, text, true) :
	    fail_value(m, ERR_REJECTED, "a number");
}

static bool
make_bool(const struct make *m)
{
	const char *text;

	if (!plain_text(m, &text))
		return false;
	if (text != NULL && (strcasecmp(text, "true") == 0 ||
	    strcmp(text, "1") == 0))
		return give(m, "true", true);
	if (text != NULL && (strcasecmp(text, "false") == 0 ||
	    strcmp(text, "0") == 0))
		return give(m, "false", true);
	return fail_value(m, ERR_REJECTED, "true or false");
}

static bool
list_add(const struct make *m, struct buf *out, const char *text)
{
	const bool numbers = m->hole->format == FORMAT_NUMBERS;

	if (text == NULL || (numbers && !is_number(text)) ||
	    (m->hole->format == FORMAT_COMMA && strchr(text, ',') != NULL))
		return fail_value(m, ERR_REJECTED, numbers ? "numbers" :
		    "texts without a comma");
	if (numbers || m->hole->format == FORMAT_COMMA)
		buf_str(out, text);
	else if (!text_valid(text))
		return fail_value(m, ERR_REJECTED, "UTF-8");
	else
		hole_json_text(out, text, strlen(text));
	return true;
}

/* The i-th text of a list, or of an array. */
static const char *
list_at(const struct make *m, size_t i)
{
	return m->value->type == HOLE_LIST ? m->value->list[i] :
	    json_text(m->arena, json_array_get(m->value->json, i));
}

static bool
join_list(const struct make *m, size_t n)
{
	const bool comma = m->hole->format == FORMAT_COMMA;
	AUTO(buf) struct buf out;

	buf_init(&out, HOLE_OUT_MAX);
	buf_str(&out, comma ? "" : "[");
	for (size_t i = 0; i < n; i++) {
		buf_str(&out, i == 0 ? "" : ",");
		if (!list_add(m, &out, list_at(m, i)))
			return false;
	}
	buf_str(&out, comma ? "" : "]");
	if (out.failed && !out.no_memory)
		return fail_value(m, ERR_REJECTED, "a shorter list");
	return give(m, out.failed ? NULL : arena_strndup(m->arena,
	    buf_text(&out), out.len), !comma);
}

static bool
make_list(const struct make *m)
{
	const struct hole_value *v = m->value;

	if (v->type == HOLE_LIST)
		return join_list(m, v->n);
	if (v->type != HOLE_JSON || !json_is_array(v->json))
		return fail_value(m, ERR_REJECTED, "a list");
	return m->hole->format == FORMAT_LIST ?
	    give(m, json_dump(m->arena, v->json), true) :
	    join_list(m, json_array_size(v->json));
}

static bool
make_object(const struct make *m)
{
	return m->value->type == HOLE_JSON && json_is_object(m->value->json) ?
	    give(m, json_dump(m->arena, m->value->json), true) :
	    fail_value(m, ERR_REJECTED, "an object");
}

static bool
make_formatted(const struct make *m)
{
	switch (m->hole->format) {
	case FORMAT_NONE:
		return make_text(m);
	case FORMAT_NUMBER:
		return make_number(m);
	case FORMAT_BOOL:
		return make_bool(m);
	case FORMAT_OBJECT:
		return make_object(m);
	case FORMAT_LIST:
	case FORMAT_NUMBERS:
	case FORMAT_COMMA:
		return make_list(m);
	case FORMAT_BASE64:
	case FORMAT_LOWER:
		return make_coded(m);
	case FORMAT_ISO:
	case FORMAT_ISO_MS:
	case FORMAT_DATE:
	case FORMAT_EPOCH:
	case FORMAT_EPOCH_MS:
	case FORMAT_YEAR:
	case FORMAT_MONTH:
	case FORMAT_DAY:
	case FORMAT_HOUR:
	case FORMAT_MINUTE:
	case FORMAT_SECOND:
	case FORMAT_LOCAL_YEAR:
	case FORMAT_LOCAL_MONTH:
	case FORMAT_LOCAL_DAY:
	case FORMAT_LOCAL_HOUR:
	case FORMAT_LOCAL_MINUTE:
	case FORMAT_LOCAL_SECOND:
	case FORMAT_PATTERN:
		break;
	}
	return make_time(m);
}

bool
hole_make(const struct hole *hole, const struct hole_value *value,
    const char *zone, struct arena *arena, struct hole_made *out,
    struct err *err)
{
	const struct make m = { hole, value,
		value->zone != NULL ? value->zone : zone, arena, out, err };

	*out = (struct hole_made){ .text = "" };
	if (has_value(value)) {
		if (!make_formatted(&m))
			return false;
		out->none = hole->optional && *out->text == '\0';
		return true;
	}
	out->none = true;
	return hole->optional ? true : err_set(err, ERR_CONFIG,
	    "{%.60s}: there is no value; {%.60s?} may be left out", hole->name,
	    hole->name);
}
