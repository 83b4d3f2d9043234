/*
 * query.c - the options of a query, and the Prefer header.
 */
#include "odata.h"

#include <stdarg.h>

bool
query_no(struct query *q, const char *fmt, ...)
{
	va_list ap;
	if (q->why[0] != '\0')
		return false;
	va_start(ap, fmt);
	vsnprintf(q->why, sizeof(q->why), fmt, ap);
	va_end(ap);
	q->code = "0x80060888";
	return false;
}

/* Up to the separator, but not one in parentheses or quotes. */
static char *
part_next(char **rest, char separator)
{
	char *begin = *rest, *at = begin;
	int depth = 0;
	bool quoted = false;
	if (begin == NULL || *begin == '\0')
		return NULL;
	for (; *at != '\0'; at++) {
		if (*at == '\'')
			quoted = !quoted;
		else if (!quoted && *at == '(')
			depth++;
		else if (!quoted && *at == ')')
			depth--;
		else if (!quoted && depth == 0 && *at == separator)
			break;
	}
	*rest = *at == '\0' ? NULL : at + 1;
	*at = '\0';
	return begin;
}

static bool
unknown(struct sim *s, struct query *q, const char *name)
{
	return query_no(q, "Could not find a property named '%.100s' on type "
	    "'Microsoft.Dynamics.CRM.%s'.", name, s->tables[q->table].name);
}

static bool
select_read(struct sim *s, struct pool *p, struct query *q, char *text)
{
	char *one;
	const struct table *t = &s->tables[q->table];
	q->select = pool_get(p, (t->n_cols + 1) * sizeof(*q->select));
	q->all = false;
	while ((one = part_next(&text, ',')) != NULL) {
		const int col = property_find(t, one);
		bool had = false;
		if (col < 0)
			return unknown(s, q, one);
		for (size_t i = 0; i < q->n_select; i++)
			had = had || q->select[i] == col;
		if (!had)
			q->select[q->n_select++] = col;
	}
	return q->n_select > 0 || query_no(q, "Empty $select.");
}

static bool
order_read(struct sim *s, struct query *q, char *text)
{
	char *one;
	while ((one = part_next(&text, ',')) != NULL) {
		char *way = strchr(one, ' ');
		struct order *o = &q->order[q->n_order];
		if (q->n_order++ == ORDER_MAX)
			return query_no(q, "Too many columns in $orderby.");
		o->down = false;
		if (way != NULL) {
			*way++ = '\0';
			o->down = strcmp(way, "desc") == 0;
			if (!o->down && strcmp(way, "asc") != 0)
				return query_no(q, "Syntax error in $orderby.");
		}
		o->col = property_find(&s->tables[q->table], one);
		if (o->col < 0)
			return unknown(s, q, one);
	}
	return true;
}

static bool
expand_one(struct sim *s, struct pool *p, struct query *q, char *one)
{
	size_t target, other;
	const struct table *t = &s->tables[q->table];
	char *open = strchr(one, '(');
	if (q->n_expand == EXPAND_MAX)
		return query_no(q, "Too many expanded properties.");
	struct expand *e = &q->expand[q->n_expand++];
	if (open != NULL) {
		if (open[strlen(open) - 1] != ')')
			return query_no(q, "Syntax error in $expand.");
		open[strlen(open) - 1] = '\0';
		*open++ = '\0';
	}
	e->nav = one;
	e->raw = open == NULL ? "" : pool_text(p, open, strlen(open));
	e->col = nav_find(t, one, &target);
	e->child = e->col < 0 ? child_find(t, one) : NULL;
	if (e->col < 0 && e->child == NULL)
		return unknown(s, q, one);
	if (e->col >= 0 && t->cols[e->col].targets[target].opaque)
		return query_no(q, "The type 'Microsoft.Dynamics.CRM.principal' of "
		    "'%s' has no such property.", one);
	if (!table_find(s, e->col >= 0 ? t->cols[e->col].targets[target].table :
	    e->child->table, &other))
		return unknown(s, q, one);
	e->q = pool_get(p, sizeof(*e->q));
	*e->q = (struct query){ .table = other, .all = true, .top = -1 };
	if (open != NULL && !query_options(s, p, e->q, open, ';'))
		return query_no(q, "%s", e->q->why);
	return true;
}

static bool
expand_read(struct sim *s, struct pool *p, struct query *q, char *text)
{
	char *one;
	while ((one = part_next(&text, ',')) != NULL)
		if (!expand_one(s, p, q, one))
			return false;
	return true;
}

static bool
option_read(struct sim *s, struct pool *p, struct query *q, const char *name,
    char *value)
{
	if (strcmp(name, "$select") == 0)
		return select_read(s, p, q, value);
	if (strcmp(name, "$filter") == 0)
		return filter_read(s, p, q, value);
	if (strcmp(name, "$orderby") == 0)
		return order_read(s, q, value);
	if (strcmp(name, "$expand") == 0)
		return expand_read(s, p, q, value);
	if (strcmp(name, "$top") == 0)
		return (sim_num(value, &q->top) && q->top > 0) ||
		    query_no(q, "Invalid value '%.40s' for $top.", value);
	if (strcmp(name, "$count") == 0) {
		q->count = strcmp(value, "true") == 0;
		return q->count || strcmp(value, "false") == 0 ||
		    query_no(q, "Invalid value '%.40s' for $count.", value);
	}
	if (strcmp(name, "$skiptoken") == 0) {
		q->skip = value;
		return true;
	}
	if (strcmp(name, "$deltatoken") == 0) {
		q->delta = value;
		return true;
	}
	return query_no(q, "The query parameter %.60s is not supported.", name);
}

/* Decoded already, as what stands in an $expand. */
bool
query_options(struct sim *s, struct pool *p, struct query *q, char *text,
    char separator)
{
	char *one;
	while ((one = part_next(&text, separator)) != NULL) {
		char *eq = strchr(one, '=');
		if (eq == NULL)
			return query_no(q, "Syntax error in '%.60s'.", one);
		*eq++ = '\0';
		if (!option_read(s, p, q, one, eq))
			return false;
	}
	return true;
}

/* The whole query as it came: options are split before they are decoded. */
bool
query_read(struct sim *s, struct pool *p, struct query *q, size_t table,
    const char *raw)
{
	char *one, *rest = raw == NULL ? NULL : pool_text(p, raw, strlen(raw));
	const char *seen = "";
	*q = (struct query){ .table = table, .all = true, .top = -1 };
	while (rest != NULL && (one = strsep(&rest, "&")) != NULL) {
		const size_t len = strlen(one);
		char *text = pool_get(p, len + 1), mark[64];
		if (!url_decode_to(one, len, false, text))
			return query_no(q, "A broken escape in '%.60s'.", one);
		char *eq = strchr(text, '=');
		if (eq == NULL || *text == '\0')
			return query_no(q, "Syntax error in '%.60s'.", text);
		*eq++ = '\0';
		snprintf(mark, sizeof(mark), ",%.60s,", text);
		if (strstr(seen, mark) != NULL)
			return query_no(q, "%.60s stands twice.", text);
		seen = pool_fmt(p, "%s%s", seen, mark);
		if (!option_read(s, p, q, text, eq))
			return false;
	}
	return true;
}

/* ---- Prefer */
static void
annotations_read(struct prefer *out, const char *list)
{
	out->annotations = list;
	out->any = strchr(list, '*') != NULL;
	out->formatted = out->any || strstr(list,
	    "OData.Community.Display.V1.FormattedValue") != NULL;
	out->lookup = out->any ||
	    strstr(list, "Microsoft.Dynamics.CRM.lookuplogicalname") != NULL;
	out->nav = out->any || strstr(list,
	    "Microsoft.Dynamics.CRM.associatednavigationproperty") != NULL;
}

static void
preference(struct prefer *out, char *one)
{
	char *eq = strchr(one, '='), *value = eq == NULL ? one + strlen(one) :
	    eq + 1;
	if (eq != NULL)
		*eq = '\0';
	if (*value == '"') {
		value++;
		value[strcspn(value, "\"")] = '\0';
	}
	if (strcmp(one, "odata.maxpagesize") == 0 &&
	    !sim_num(value, &out->page))
		out->page = 0;
	if (strcmp(one, "odata.track-changes") == 0)
		out->track = true;
	if (strcmp(one, "odata.continue-on-error") == 0)
		out->go_on = true;
	if (strcmp(one, "return") == 0) {
		out->represent = strcmp(value, "representation") == 0;
		out->minimal = strcmp(value, "minimal") == 0;
	}
	if (strcmp(one, "odata.include-annotations") == 0)
		annotations_read(out, value);
}

/* Commas within quotes do not part. */
void
prefer_read(struct pool *p, const char *text, struct prefer *out)
{
	bool quoted = false;
	*out = (struct prefer){ 0 };
	if (text == NULL)
		return;
	char *copy = pool_text(p, text, strlen(text)), *begin = copy;
	for (char *at = copy;; at++) {
		const bool end = *at == '\0';
		if (*at == '"')
			quoted = !quoted;
		if (!end && (quoted || *at != ','))
			continue;
		*at = '\0';
		while (*begin == ' ')
			begin++;
		preference(out, begin);
		if (end)
			return;
		begin = at + 1;
	}
}

const char *
prefer_applied(struct pool *p, const struct prefer *pr, bool list)
{
	const char *out = "";
	if (list && pr->page > 0)
		out = pool_fmt(p, "odata.maxpagesize=%lld",
		    (long long)pr->page);
	if (pr->annotations != NULL)
		out = pool_fmt(p, "%s%sodata.include-annotations=\"%s\"", out,
		    *out == '\0' ? "" : ",", pr->annotations);
	if (list && pr->track)
		out = pool_fmt(p, "%s%sodata.track-changes", out,
		    *out == '\0' ? "" : ",");
	if (!list && pr->represent)
		out = pool_fmt(p, "%s%sreturn=representation", out,
		    *out == '\0' ? "" : ",");
	return *out == '\0' ? NULL : out;
}
