/*
 * map_time.c - times and days of a row; see map.h.
 */
#include "map.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "num.h"
#include "select.h"

struct moment {
	time_t at;
	long micro;
};

bool
map_check_format(const char *as, struct err *err)
{
	static const char *const names[] = { "auto", "iso", "epoch",
		"epoch_ms", "object", NULL };

	for (size_t i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], as) == 0)
			return true;
	return clock_format_valid(as) || err_set(err, ERR_CONFIG, "expected auto, iso, epoch, epoch_ms, "
		"object, or a pattern like \"dd-MM-yyyy HH:mm\"");
}

/* Of a time without zone or format of its own. */
static struct rest_format
format_of(const struct map *m, const char *field)
{
	const struct grouplist *list = m->maps == NULL ? NULL
	    : &m->maps->format;
	struct rest_format f = { field, "auto", m->zone };

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const struct rest_format *is =
		    (const struct rest_format *)list->v + i;
		if (strcmp(is->field, field) != 0)
			continue;
		f.as = is->as;
		if (*is->zone != '\0')
			f.zone = is->zone;
	}
	return f;
}

/* Seconds, or a thousandth of them: what lies above 5138 AD is the latter. */
static bool
from_number(double value, bool is_ms, struct moment *out)
{
	if (!(value > -1e14 && value < 1e15))
		return false;
	const double s = is_ms ? value / 1000 : value;
	const long long whole = (long long)s - (s < (double)(long long)s);
	*out = (struct moment){ (time_t)whole,
		(long)((s - (double)whole) * 1e6 + 0.5) };
	if (out->micro > 999999)
		out->micro = 999999;
	return true;
}

static bool
from_digits(const char *text, bool is_ms, struct moment *out)
{
	double value;

	return num_parse_double(text, -1e14, 1e15, &value) &&
	    from_number(value, is_ms, out);
}

static bool
part(json_t *object, const char *name, int missing, int *out)
{
	json_t *node = json_at(object, name);
	long long n;

	*out = missing;
	if (node == NULL || json_is_null(node))
		return missing >= 0;
	if (!json_integer_value_of(node, &n) || n < 0 || n > 999999)
		return false;
	*out = (int)n;
	return true;
}

/* {"year": 2026, "month": 11, "day": 22, "hour": 6, ...} */
static bool
from_object(json_t *object, const char *zone, struct moment *out)
{
	struct civil c;
	int micro;

	if (!json_is_object(object) || !part(object, "year", -1, &c.year) ||
	    !part(object, "month", -1, &c.month) ||
	    !part(object, "day", -1, &c.day) ||
	    !part(object, "hour", 0, &c.hour) ||
	    !part(object, "minute", 0, &c.minute) ||
	    !part(object, "second", 0, &c.second) ||
	    !part(object, "microsecond", 0, &micro))
		return false;
	*out = (struct moment){ clock_utc(zone, &c), micro };
	return out->at != NO_TIME;
}

/* "/Date(1763791200000)/", as older libraries of .NET write it. */
static bool
from_date_call(const char *text, struct moment *out)
{
	char digits[24];

	if (strncmp(text, "/Date(", 6) != 0)
		return false;
	const size_t len = strspn(text + 6, "-0123456789");
	if (len == 0 || len >= sizeof(digits))
		return false;
	(void)snprintf(digits, sizeof(digits), "%.*s", (int)len, text + 6);
	return from_digits(digits, true, out);
}

static bool
from_text(const char *text, const struct rest_format *f, struct moment *out)
{
	bool has_time;

	*out = (struct moment){ .at = NO_TIME };
	if (strcmp(f->as, "epoch") == 0 || strcmp(f->as, "epoch_ms") == 0)
		return from_digits(text, f->as[5] == '_', out);
	if (strcmp(f->as, "auto") == 0 || strcmp(f->as, "iso") == 0)
		return clock_parse_iso(text, f->zone, &out->at) ||
		    from_date_call(text, out);
	return strcmp(f->as, "object") != 0 &&
	    clock_parse_format(text, f->as, f->zone, &out->at, &has_time);
}

static bool
from_node(json_t *node, const struct rest_format *f, struct moment *out)
{
	const bool is_auto = strcmp(f->as, "auto") == 0;

	if (json_is_object(node))
		return (is_auto || strcmp(f->as, "object") == 0) &&
		    from_object(node, f->zone, out);
	if (!json_is_number(node) || !(is_auto || f->as[0] == 'e'))
		return false;
	const double value = json_number_value(node);
	return from_number(value, is_auto ? value > 1e11
	    : strcmp(f->as, "epoch_ms") == 0, out);
}

static const char *
as_iso(struct map *m, const struct moment *t, const char *received,
    const char *zone)
{
	char iso[32];
	time_t same;

	if (received != NULL && clock_parse_iso(received, zone, &same))
		return received;
	(void)clock_iso(iso, t->at);
	if (t->micro == 0)
		return arena_strdup(m->arena, iso);
	return arena_printf(m->arena, "%.*s.%06ldZ", (int)strlen(iso) - 1, iso,
	    t->micro);
}

static const char *
expected_of(const struct rest_format *f)
{
	if (strcmp(f->as, "auto") == 0 || strcmp(f->as, "iso") == 0)
		return "a time as ISO 8601";
	if (f->as[0] == 'e')
		return "a time as a number";
	return strcmp(f->as, "object") == 0 ? "a time as an object"
					    : "a time as in its format";
}

/* What was found, as a moment; *text is what the watermark gets. */
static bool
moment_of(struct map *m, const char *field, const struct strlist *paths,
    const struct rest_format *f, struct moment *t, const char **received)
{
	const struct select_match found = select_first(m->row, paths);

	*received = NULL;
	*t = (struct moment){ .at = NO_TIME };
	if (found.key == NULL && !json_is_string(found.node))
		return found.node == NULL || from_node(found.node, f, t) ||
		    map_refuse(m, field, expected_of(f));
	*received = select_text(&found, m->arena);
	if (map_apply(m, field, received) != MAP_WORD)
		return true;
	return from_text(*received, f, t) ||
	    map_refuse(m, field, expected_of(f));
}

time_t
map_time(struct map *m, const char *field, const struct strlist *paths,
    const char **text)
{
	const struct rest_format f = format_of(m, field);
	const char *received;
	struct moment t;

	if (text != NULL)
		*text = NULL;
	if (!moment_of(m, field, paths, &f, &t, &received) || t.at == NO_TIME)
		return NO_TIME;
	if (text != NULL)
		*text = as_iso(m, &t, received, f.zone);
	return t.at;
}

int
map_day(struct map *m, const char *field, const struct strlist *paths)
{
	const struct rest_format f = format_of(m, field);
	const time_t t = map_time(m, field, paths, NULL);

	return t == NO_TIME ? NO_DAY : clock_day(f.zone, t);
}

