/*
 * store.c - ids, records and values.
 */
#include <ctype.h>
#include <stdlib.h>

#include "sim.h"

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz";

/* Three characters that say which of the fifteen are capitals. */
static void
id_suffix(char id[static ID_LEN + 1])
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

	for (int part = 0; part < 3; part++) {
		unsigned bits = 0;
		for (int i = 0; i < 5; i++)
			bits |= (unsigned)(isupper((unsigned char)
					       id[part * 5 + i]) != 0)
				<< i;
		id[15 + part] = set[bits];
	}
	id[ID_LEN] = '\0';
}

/* 15 or 18 characters; the suffix of 18 must fit. */
bool
id_normal(const char *in, char out[static ID_LEN + 1])
{
	const size_t len = in == NULL ? 0 : strlen(in);

	if (len != 15 && len != ID_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)in[i]))
			return false;
	memcpy(out, in, 15);
	id_suffix(out);
	return len == 15 || memcmp(out + 15, in + 15, 3) == 0;
}

void
id_make(struct sim *s, const struct object *o, char out[static ID_LEN + 1])
{
	int64_t n = ++s->next_id;

	memcpy(out, o->prefix, 3);
	memcpy(out + 3, "RM", 2);
	for (int i = 14; i >= 5; i--, n /= 62)
		out[i] = base62[n % 62];
	id_suffix(out);
}

/* ---- the index: one table for all objects ---------------------------------- */
static size_t
slot_of(const struct sim *s, const char *id)
{
	size_t i = (size_t)sim_hash(7, id) & (s->room_ids - 1);

	while (s->ids[i] != NULL && strcmp(s->ids[i]->v[0].u.s, id) != 0)
		i = (i + 1) & (s->room_ids - 1);
	return i;
}

static void
index_widen(struct sim *s)
{
	struct record **old = s->ids;
	const size_t n = s->room_ids;

	s->room_ids = n == 0 ? 1024 : n * 2;
	s->ids = need(calloc(s->room_ids, sizeof(*s->ids)));
	for (size_t i = 0; i < n; i++)
		if (old[i] != NULL)
			s->ids[slot_of(s, old[i]->v[0].u.s)] = old[i];
	free(old);
}

/* Of either length; NULL = there is none. */
struct record *
record_find(const struct sim *s, const char *id)
{
	char full[ID_LEN + 1];

	return !id_normal(id, full) || s->room_ids == 0
		   ? NULL
		   : s->ids[slot_of(s, full)];
}

struct record *
record_add(struct sim *s, struct object *o, const char *id)
{
	struct record *r = need(calloc(1, sizeof(*r)));

	r->obj = o;
	r->v = need(calloc(o->n_fields, sizeof(*r->v)));
	r->v[0] = (struct value){ .set = true, .u.s = dup_text(id) };
	o->rows = grow(o->rows, o->n_rows, sizeof(r));
	o->rows[o->n_rows++] = r;
	if ((s->n_ids + 1) * 2 > s->room_ids)
		index_widen(s);
	s->ids[slot_of(s, id)] = r;
	s->n_ids++;
	return r;
}

/* ---- values -------------------------------------------------------------------- */
static bool
is_text(const struct field *f)
{
	return f->type <= T_PICKLIST;
}

static void
value_clear(const struct field *f, struct value *v)
{
	if (v->set && is_text(f))
		free(v->u.s);
	*v = (struct value){ 0 };
}

struct value *
value_of(const struct record *r, const char *field)
{
	const struct field *f = field_find(r->obj, field);

	return f == NULL ? NULL : &r->v[field_index(r->obj, f)];
}

/* NULL = empty, or no such field. */
const char *
value_text(const struct record *r, const char *field)
{
	const struct value *v = value_of(r, field);

	return v == NULL || !v->set ? NULL : v->u.s;
}

bool
value_true(const struct record *r, const char *field)
{
	const struct value *v = value_of(r, field);

	return v != NULL && v->set && v->u.n != 0;
}

void
value_set_text(struct record *r, const char *field, const char *s)
{
	const struct field *f = field_find(r->obj, field);

	if (f == NULL)
		return;
	struct value *v = &r->v[field_index(r->obj, f)];
	value_clear(f, v);
	if (s != NULL && *s != '\0')
		*v = (struct value){ .set = true, .u.s = dup_text(s) };
}

void
value_set_num(struct record *r, const char *field, int64_t n)
{
	struct value *v = value_of(r, field);

	if (v != NULL)
		*v = (struct value){ .set = true, .u.n = n };
}

/* Milliseconds; a zone must be there. */
bool
stamp_parse(const char *s, int64_t *ms)
{
	int64_t t;
	const char *dot = s == NULL ? NULL : strchr(s, '.');

	if (s == NULL || strlen(s) < 20 || s[10] != 'T' ||
	    !sim_time_parse(s, &t))
		return false;
	const char last = s[strlen(s) - 1];
	if (last != 'Z' && strpbrk(s + 19, "+-") == NULL)
		return false;
	*ms = t * 1000;
	for (int i = 1, unit = 100; dot != NULL && i <= 3 && dot[i] >= '0' &&
	     dot[i] <= '9'; i++, unit /= 10)
		*ms += (dot[i] - '0') * unit;
	return true;
}

static bool
day_parse(const char *s, int64_t *days)
{
	int64_t t;

	if (s == NULL || strlen(s) != 10 || !sim_time_parse(s, &t))
		return false;
	*days = sim_floor_div(t, DAY_S);
	return true;
}

static json_t *
stamp_json(int64_t ms, bool mutant)
{
	char text[64], end[16];
	const int64_t t = sim_floor_div(ms, 1000);

	snprintf(end, sizeof(end), ".%03d%s", (int)(ms - t * 1000),
	    mutant ? "Z" : "+0000");
	return json_string(sim_time_text(t, end, text, sizeof(text)));
}

json_t *
value_json(const struct field *f, const struct value *v, bool mutant)
{
	char text[40];

	if (f->type == T_BOOL)
		return json_boolean(v->set && v->u.n != 0);
	if (!v->set)
		return json_null();
	switch (f->type) {
	case T_INT:
		return json_integer(v->u.n);
	case T_NUM:
		return json_real(v->u.d);
	case T_DATETIME:
		return stamp_json(v->u.n, mutant);
	case T_DATE:
		sim_time_text(v->u.n * DAY_S, "", text, sizeof(text));
		return json_stringn(text, 10);
	case T_ID:
	case T_REF:
	case T_TEXT:
	case T_LONG:
	case T_EMAIL:
	case T_PHONE:
	case T_PICKLIST:
	case T_BOOL:
		break;
	}
	return json_string(v->u.s);
}

static size_t
letters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static bool
number_of(const json_t *in, double *d)
{
	if (json_is_number(in)) {
		*d = json_number_value(in);
		return true;
	}
	return json_is_string(in) && decimal_read(json_string_value(in), d);
}

static const char *
text_check(const struct field *f, const json_t *in)
{
	char id[ID_LEN + 1];
	const char *s = json_string_value(in);

	if (s == NULL || strlen(s) != json_string_length(in))
		return "JSON_PARSER_ERROR";
	if (f->type == T_ID || f->type == T_REF)
		return *s == '\0' || id_normal(s, id) ? NULL : "MALFORMED_ID";
	if (f->length > 0 && letters(s) > (size_t)f->length)
		return "STRING_TOO_LONG";
	if (f->type == T_EMAIL && *s != '\0' && strchr(s, '@') == NULL)
		return "INVALID_EMAIL_ADDRESS";
	if (f->values != NULL && *s != '\0' && !listed(f->values, ';', s))
		return "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST";
	return NULL;
}

/* NULL = it may be stored there; else the code of the error. */
const char *
value_check(const struct field *f, const json_t *in)
{
	const char *s = json_string_value(in);
	int64_t n;
	double d;
	bool good = true;

	if (json_is_null(in))
		return NULL;
	if (is_text(f))
		return text_check(f, in);
	if (f->type == T_BOOL)
		good = json_is_boolean(in) ||
		       (s != NULL && (strcmp(s, "true") == 0 ||
					 strcmp(s, "false") == 0));
	else if (f->type == T_DATE)
		good = day_parse(s, &n);
	else if (f->type == T_DATETIME)
		good = stamp_parse(s, &n);
	else
		good = number_of(in, &d);
	return good ? NULL : "JSON_PARSER_ERROR";
}

static void
text_take(struct value *v, const struct field *f, const char *s)
{
	char id[ID_LEN + 1];

	if ((f->type == T_ID || f->type == T_REF) && id_normal(s, id))
		s = id;
	/* Blanks at the ends are not kept. */
	while (*s == ' ' || *s == '\n' || *s == '\t')
		s++;
	size_t len = strlen(s);
	while (len > 0 && strchr(" \n\t", s[len - 1]) != NULL)
		len--;
	if (len > 0)
		*v = (struct value){ .set = true,
			.u.s = need(strndup(s, len)) };
}

/* What value_check let pass. */
void
value_take(const struct field *f, struct value *v, const json_t *in)
{
	const char *s = json_string_value(in);
	double d = 0;

	value_clear(f, v);
	if (json_is_null(in) || value_check(f, in) != NULL)
		return;
	if (is_text(f)) {
		text_take(v, f, s);
		return;
	}
	v->set = true;
	if (f->type == T_BOOL)
		v->u.n = json_is_true(in) ||
			 (s != NULL && strcmp(s, "true") == 0);
	else if (f->type == T_DATE)
		v->set = day_parse(s, &v->u.n);
	else if (f->type == T_DATETIME)
		v->set = stamp_parse(s, &v->u.n);
	else if (number_of(in, &d) && f->type == T_INT)
		v->u.n = (int64_t)d;
	else
		v->u.d = d;
}
