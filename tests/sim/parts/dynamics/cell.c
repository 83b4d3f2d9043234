/*
 * cell.c - one value: read, written, compared and shown.
 */
#include <stdlib.h>

#include "sim.h"

static bool
no(char *why, size_t size, const struct column *c, const char *what)
{
	snprintf(why, size, "Cannot convert the value of '%s' to type '%s': %s",
	    c->name, type_name(c), what);
	return false;
}

/* "contact:60c4e274-..." */
static bool
lookup_read(const struct sim *s, const char *text, struct cell *out)
{
	char name[64];
	size_t table;
	const char *colon = text == NULL ? NULL : strchr(text, ':');
	if (colon == NULL)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(colon - text), text);
	if (!table_find(s, name, &table) ||
	    !guid_parse(colon + 1, strlen(colon + 1), &out->guid))
		return false;
	out->kind = K_GUID;
	out->target = (int)table;
	return true;
}

static bool
text_read(const struct column *c, const json_t *v, struct cell *out, char *why,
    size_t size)
{
	const char *text = json_string_value(v);
	if (text == NULL)
		return no(why, size, c, "a text is expected");
	if (text_count(text) > (size_t)c->max) {
		snprintf(why, size, "A validation error occurred. The length of "
		    "the '%s' attribute exceeded the maximum allowed length of "
		    "'%lld'.", c->name, (long long)c->max);
		return false;
	}
	/* As the service keeps it: an empty text is none. */
	if (*text == '\0')
		return true;
	out->kind = K_TEXT;
	out->text = dup_text(text);
	return true;
}

static bool
number_read(const struct column *c, const json_t *v, struct cell *out,
    char *why, size_t size)
{
	if (c->type == CT_REAL || c->type == CT_MONEY) {
		out->kind = K_REAL;
		out->real = json_number_value(v);
		return json_is_number(v) || no(why, size, c, "no number");
	}
	if (!json_is_integer(v))
		return no(why, size, c, "a whole number is expected");
	out->kind = K_INT;
	out->num = json_integer_value(v);
	if (c->type == CT_INT && (out->num > c->max || out->num < -c->max))
		return no(why, size, c, "outside of the valid range");
	if (c->labels != NULL && label_of(c, out->num) == NULL)
		return no(why, size, c, "outside of the valid range");
	return true;
}

static bool
time_read(const struct column *c, const json_t *v, struct cell *out, char *why,
    size_t size)
{
	const char *text = json_string_value(v);
	int64_t t;
	if (!sim_time_parse(text, &t))
		return no(why, size, c, "no date");
	const bool day = strlen(text) == 10;
	if (c->type == CT_DAY && !day)
		return no(why, size, c, "'Edm.Date' is expected");
	out->kind = c->type == CT_DAY ? K_DAY : K_TIME;
	out->num = c->type == CT_DAY ? sim_floor_div(t, DAY_S) : t;
	return true;
}

bool
cell_read(const struct sim *s, const struct column *c, const json_t *v,
    struct cell *out, char *why, size_t size)
{
	*out = (struct cell){ .kind = K_NULL, .target = -1 };
	if (json_is_null(v))
		return true;
	switch (c->type) {
	case CT_ID:
		out->kind = K_GUID;
		return (json_is_string(v) &&
			   guid_parse(json_string_value(v),
			       json_string_length(v), &out->guid)) ||
		    no(why, size, c, "no identifier");
	case CT_LOOKUP:
		return lookup_read(s, json_string_value(v), out) ||
		    no(why, size, c, "no reference");
	case CT_TEXT:
	case CT_MEMO:
		return text_read(c, v, out, why, size);
	case CT_BOOL:
		out->kind = K_BOOL;
		out->num = json_is_true(v);
		return json_is_boolean(v) || no(why, size, c, "no Boolean");
	case CT_TIME:
	case CT_DAY:
		return time_read(c, v, out, why, size);
	case CT_INT:
	case CT_REAL:
	case CT_MONEY:
	case CT_CHOICE:
	case CT_STATE:
	case CT_STATUS:
	case CT_BIG:
		return number_read(c, v, out, why, size);
	}
	return false;
}

static json_t *
day_json(int64_t day)
{
	char text[40];
	sim_time_text(day * DAY_S, "", text, sizeof(text));
	text[10] = '\0';
	return json_string(text);
}

json_t *
cell_json(const struct cell *c)
{
	char text[40];
	switch (c->kind) {
	case K_NULL:
		return json_null();
	case K_GUID:
		return json_string(guid_text(c->guid));
	case K_TEXT:
		return json_string(c->text);
	case K_INT:
		return json_integer(J(c->num));
	case K_REAL:
		return json_real(c->real);
	case K_BOOL:
		return json_boolean(c->num != 0);
	case K_TIME:
		return json_string(
		    sim_time_text(c->num, "Z", text, sizeof(text)));
	case K_DAY:
		return day_json(c->num);
	}
	return NULL;
}

json_t *
cell_ledger(const struct sim *s, const struct cell *c)
{
	if (c->kind != K_GUID || c->target < 0)
		return cell_json(c);
	return json_pack("s++", s->tables[c->target].name, ":",
	    guid_text(c->guid));
}

void
cell_free(struct cell *c)
{
	if (c->kind == K_TEXT)
		free(c->text);
	*c = (struct cell){ .kind = K_NULL, .target = -1 };
}

const struct cell *
cell_of(const struct row *r, int col)
{
	static const struct cell none = { .kind = K_NULL, .target = -1 };
	return r == NULL || (size_t)col >= r->n_cells ? &none : &r->cells[col];
}

static int
number_order(const struct cell *a, const struct cell *b)
{
	const double x = a->kind == K_REAL ? a->real : (double)a->num;
	const double y = b->kind == K_REAL ? b->real : (double)b->num;
	if (a->kind != K_REAL && b->kind != K_REAL)
		return (a->num > b->num) - (a->num < b->num);
	return (x > y) - (x < y);
}

int
cell_order(const struct cell *a, const struct cell *b)
{
	if (a->kind == K_NULL || b->kind == K_NULL)
		return (a->kind != K_NULL) - (b->kind != K_NULL);
	if (a->kind == K_TEXT && b->kind == K_TEXT)
		return text_order(a->text, b->text);
	if (a->kind == K_GUID && b->kind == K_GUID)
		return guid_order(a->guid, b->guid);
	return number_order(a, b);
}

static char *
time_shown(const struct cell *v)
{
	char text[64];
	int y, m, d;
	const int64_t t = v->kind == K_DAY ? v->num * DAY_S : v->num;
	const int64_t day = sim_floor_div(t, DAY_S);
	const int sec = (int)(t - day * DAY_S);
	sim_civil(day, &y, &m, &d);
	if (v->kind == K_DAY)
		snprintf(text, sizeof(text), "%d/%d/%d", m, d, y);
	else
		snprintf(text, sizeof(text), "%d/%d/%d %d:%02d %s", m, d, y,
		    (sec / 3600 + 11) % 12 + 1, sec / 60 % 60,
		    sec >= 43200 ? "PM" : "AM");
	return dup_text(text);
}

/* As the American display has it. */
char *
cell_shown(const struct sim *s, const struct column *c, const struct cell *v)
{
	char text[64];
	if (v->kind == K_TIME || v->kind == K_DAY)
		return time_shown(v);
	if (c->type == CT_LOOKUP && v->kind == K_GUID) {
		const struct table *t = &s->tables[v->target];
		const struct cell *name =
		    cell_of(row_find(t, v->guid), t->label < 0 ? 0 : t->label);
		return name->kind == K_TEXT ? dup_text(name->text) : NULL;
	}
	if (v->kind == K_REAL) {
		snprintf(text, sizeof(text),
		    c->type == CT_MONEY ? "kr%.2f" : "%.2f", v->real);
		return dup_text(text);
	}
	if (v->kind != K_INT && v->kind != K_BOOL)
		return NULL;
	const char *label = label_of(c, v->num);
	if (label != NULL)
		return dup_text(label);
	snprintf(text, sizeof(text), "%lld", (long long)v->num);
	return dup_text(text);
}
