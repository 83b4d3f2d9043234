/*
 * odata.c - how this could go wrong: a quote in an address that ends a literal
 * early and asks for everybody (doubled), a '+' that one server takes for a
 * blank and another for itself (always %2B, a blank always %20), an address too
 * long for the server (ids in several requests).
 */
#include "odata.h"

#include <string.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"

#define TARGET_MAX ((size_t)65536)
#define EPOCH "1970-01-01T00:00:00Z"

/* ---- encoding ---------------------------------------------------------- */

/* What OData's own words are made of stays readable (RFC 3986: pchar, '/'). */
static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-._~!$'()*,;:@=/", c) != NULL);
}

static size_t
encoded_len(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += is_plain(*text) ? 1 : 3;
	return n;
}

static void
encode(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		if (is_plain(*text))
			(void)buf_char(out, *text);
		else
			buf_printf(out, "%%%02X",
			    (unsigned)(unsigned char)*text);
}

static void
option_add(struct buf *out, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	(void)buf_char(out, strchr(buf_text(out), '?') == NULL ? '?' : '&');
	(void)buf_str(out, name);
	(void)buf_char(out, '=');
	encode(out, value);
}

const char *
odata_target(struct arena *arena, const struct odata_query *q)
{
	AUTO(buf) struct buf out;

	buf_init(&out, TARGET_MAX);
	(void)buf_str(&out, q->set);
	option_add(&out, "$select", q->select);
	option_add(&out, "$expand", q->expand);
	option_add(&out, "$filter", q->filter);
	option_add(&out, "$orderby", q->orderby);
	if (q->top > 0)
		option_add(&out, "$top", arena_printf(arena, "%d", q->top));
	return out.failed ? NULL : arena_strdup(arena, buf_text(&out));
}

/* ---- pieces ------------------------------------------------------------ */

const char *
odata_text(struct arena *arena, const char *text)
{
	AUTO(buf) struct buf out;

	buf_init(&out, TARGET_MAX);
	(void)buf_char(&out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			(void)buf_char(&out, '\'');
		(void)buf_char(&out, *text);
	}
	(void)buf_char(&out, '\'');
	return out.failed ? NULL : arena_strdup(arena, buf_text(&out));
}

const char *
odata_since(struct arena *arena, const char *column, time_t at)
{
	char text[32];

	return arena_printf(arena, "%s ge %s", column, at == NO_TIME || at < 0 ?
	    EPOCH : clock_iso(text, at));
}

static bool
is_there(const char *text)
{
	return text != NULL && *text != '\0';
}

/* A part is put in brackets when it holds an "or" that would win. */
static const char *
bracketed(struct arena *arena, const char *part)
{
	return *part != '(' && strstr(part, " or ") != NULL ?
	    arena_printf(arena, "(%s)", part) : part;
}

const char *
odata_and(struct arena *arena, const char *a, const char *b)
{
	if (!is_there(a) || !is_there(b))
		return is_there(a) ? a : b;
	const char *left = bracketed(arena, a), *right = bracketed(arena, b);

	return left == NULL || right == NULL ? NULL :
	    arena_printf(arena, "%s and %s", left, right);
}

const char *
odata_list(struct arena *arena, const char *a, const char *b)
{
	if (!is_there(a) || !is_there(b))
		return is_there(a) ? a : is_there(b) ? b : "";
	return arena_printf(arena, "%s,%s", a, b);
}

/* ---- several ids ------------------------------------------------------- */

/* "_activityid_value" is the attribute activityid. */
static const char *
attribute_of(struct arena *arena, const char *column)
{
	static const char end[] = "_value";
	const size_t len = strlen(column), n = sizeof(end) - 1;

	if (column[0] != '_' || len <= n + 1 ||
	    strcmp(column + len - n, end) != 0)
		return column;
	return arena_strndup(arena, column + 1, len - n - 1);
}

static const char *
ids_filter(const struct odata_ids *ids, size_t n, struct arena *arena)
{
	AUTO(buf) struct buf out;
	const char *attribute = attribute_of(arena, ids->column);

	buf_init(&out, TARGET_MAX);
	if (attribute == NULL)
		return NULL;
	if (ids->function)
		buf_printf(&out, "Microsoft.Dynamics.CRM.In(PropertyName='%s',"
		    "PropertyValues=[", attribute);
	for (size_t i = 0; i < n; i++)
		if (ids->function)
			buf_printf(&out, "%s'%s'", i == 0 ? "" : ",",
			    ids->ids[ids->at + i]);
		else
			buf_printf(&out, "%s%s eq %s", i == 0 ? "" : " or ",
			    ids->column, ids->ids[ids->at + i]);
	if (ids->function)
		(void)buf_str(&out, "])");
	return out.failed ? NULL : arena_strdup(arena, buf_text(&out));
}

/* Each further id makes the address as much longer as the second one does. */
static size_t
ids_that_fit(const struct odata_ids *ids, const struct odata_query *q,
    struct arena *arena)
{
	struct odata_query one = *q;
	const size_t left = ids->n - ids->at;

	if (left < 2)
		return left;
	const char *first = ids_filter(ids, 1, arena);
	const char *more = ids_filter(ids, 2, arena);
	if (first == NULL || more == NULL)
		return 0;
	one.filter = odata_and(arena, q->filter, first);
	const char *target = one.filter == NULL ? NULL :
	    odata_target(arena, &one);
	if (target == NULL)
		return 0;
	const size_t step = encoded_len(more) - encoded_len(first);
	/* Brackets, once there is an "or". */
	const size_t fixed = strlen(target) + 2;
	if (fixed >= ids->max_bytes || step == 0)
		return 1;
	const size_t fit = 1 + (ids->max_bytes - fixed) / step;
	return fit < left ? fit : left;
}

const char *
odata_ids_next(struct odata_ids *ids, const struct odata_query *q,
    struct arena *arena)
{
	struct odata_query with = *q;
	const size_t n = ids_that_fit(ids, q, arena);

	if (n == 0)
		return NULL;
	/* Without ids it would ask for everybody. */
	const char *in = ids_filter(ids, n, arena);
	if (in == NULL)
		return NULL;
	with.filter = odata_and(arena, q->filter, in);
	ids->at += n;
	return with.filter == NULL ? NULL : odata_target(arena, &with);
}
