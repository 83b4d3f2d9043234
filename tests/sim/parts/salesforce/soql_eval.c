/*
 * soql_eval.c - what a parsed query finds: types of literals, conditions,
 * order.
 */
#include <stdlib.h>

#include "soql.h"

static bool
is_id(const struct field *f)
{
	return f->type == T_ID || f->type == T_REF;
}

static bool
is_text(const struct field *f)
{
	return f->type <= T_PICKLIST && !is_id(f);
}

/* ---- is the comparison one that the service takes ---------------------------- */
static bool
wrong_type(struct parser *p, const struct node *n)
{
	static const char *const names[] = { "ID", "ID", "string", "string",
		"email", "phone", "picklist", "boolean", "int", "double",
		"date", "dateTime" };
	const struct field *f = n->path.leaf;

	return fail(p, "INVALID_FIELD",
	    "value of filter criterion for field '%s' must be of type %s and "
	    "should %sbe enclosed in quotes",
	    f->name, names[f->type], f->type <= T_PICKLIST ? "" : "not ");
}

static bool
id_take(struct parser *p, struct lit *l)
{
	char id[ID_LEN + 1];

	if (!id_normal(l->s, id))
		return fail(p, "INVALID_QUERY_FILTER_OPERATOR",
		    "invalid ID field: %.40s", l->s);
	char *own = pool_get(&p->q->pool, ID_LEN + 1);
	memcpy(own, id, ID_LEN);
	l->s = own;
	return true;
}

static bool
lit_check(struct parser *p, const struct node *n, struct lit *l)
{
	static const enum lit_kind wanted[] = { LIT_STRING, LIT_STRING,
		LIT_STRING, LIT_STRING, LIT_STRING, LIT_STRING, LIT_STRING,
		LIT_BOOL, LIT_NUM, LIT_NUM, LIT_DATE, LIT_DATETIME };
	const struct field *f = n->path.leaf;

	if (l->kind == LIT_NULL)
		return true;
	if (l->kind == LIT_STRING && f->type == T_DATETIME &&
	    mutant_is(p->sim, MUT_QUOTED_OK) && stamp_parse(l->s, &l->n)) {
		l->kind = LIT_DATETIME;
		return true;
	}
	if (l->kind != wanted[f->type])
		return wrong_type(p, n);
	return is_id(f) ? id_take(p, l) : true;
}

static bool
op_check(struct parser *p, const struct node *n)
{
	const struct field *f = n->path.leaf;
	const bool order = n->op >= OP_LT && n->op <= OP_GE;
	bool good = true;

	if (n->op == OP_LIKE)
		good = is_text(f);
	else if (n->op == OP_INCLUDES)
		good = false;
	else if (order)
		good = f->type != T_BOOL;
	if (!good)
		return fail(p, "INVALID_QUERY_FILTER_OPERATOR",
		    "invalid operator on field '%s'", f->name);
	if ((f->flags & F_UNFILTERABLE) != 0)
		return fail(p, "INVALID_FIELD",
		    "field '%s' can not be filtered in a query call", f->name);
	return true;
}

static int
lit_order(const void *a, const void *b)
{
	const struct lit *x = a, *y = b;

	return strcmp(x->kind == LIT_NULL ? "" : x->s,
	    y->kind == LIT_NULL ? "" : y->s);
}

bool
node_check(struct parser *p, struct node *n)
{
	if (!op_check(p, n))
		return false;
	for (size_t i = 0; i < n->n_given; i++)
		if (!lit_check(p, n, &n->given[i]))
			return false;
	if (is_id(n->path.leaf) && n->n_given > 1)
		qsort(n->given, n->n_given, sizeof(*n->given), lit_order);
	return true;
}

/* ---- values of a row ------------------------------------------------------------ */
/* false: a parent is missing.  *f is that of the object it was found in. */
bool
path_value(const struct sim *s, const struct path *p, const struct record *r,
    struct field **f, struct value *v, struct record **owner)
{
	struct record *at = NULL;

	*f = p->leaf;
	*v = (struct value){ 0 };
	for (size_t i = 0; i < p->n_hops; i++) {
		const char *id = value_text(at == NULL ? r : at,
		    p->hop[i]->name);
		at = id == NULL ? NULL : record_find(s, id);
		if (at == NULL || value_true(at, "IsDeleted"))
			return false;
	}
	const struct record *last = at == NULL ? r : at;
	if (owner != NULL)
		*owner = at;
	if (p->n_hops > 0) {
		*f = field_find(last->obj, p->leaf->name);
		if (*f == NULL) {	/* a queue has no Email */
			*f = p->leaf;
			return true;
		}
	}
	*v = last->v[field_index(last->obj, *f)];
	return true;
}

/* ---- texts: case does not matter ------------------------------------------------ */
/* One letter, small; of two bytes those from Agrave to Thorn too. */
static unsigned
letter(const char **s)
{
	const unsigned char a = (unsigned char)**s;

	(*s)++;
	if (a >= 'A' && a <= 'Z')
		return a + 32u;
	if (a != 0xc3 || **s == '\0')
		return a;
	unsigned b = (unsigned char)*(*s)++;
	if (b >= 0x80 && b <= 0x9e && b != 0x97)
		b += 0x20;
	return (unsigned)a << 8 | b;
}

static int
text_order(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0') {
		const unsigned x = letter(&a), y = letter(&b);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return *a == *b ? 0 : *a == '\0' ? -1 : 1;
}

static void
one_on(const char **s)
{
	for ((*s)++; ((unsigned char)**s & 0xc0) == 0x80; (*s)++)
		;
}

static bool
text_like(const char *s, const char *like)
{
	for (; *like != '\0';) {
		if (*like == '%') {
			for (;; one_on(&s)) {
				if (text_like(s, like + 1))
					return true;
				if (*s == '\0')
					return false;
			}
		}
		if (*s == '\0')
			return false;
		if (*like == '_') {
			like++;
			one_on(&s);
			continue;
		}
		if (*like == '\\' && (like[1] == '_' || like[1] == '%'))
			like++;
		if (letter(&s) != letter(&like))
			return false;
	}
	return *s == '\0';
}

/* ---- comparisons ------------------------------------------------------------------ */
static int
number_order(const struct field *f, const struct value *v, const struct lit *l)
{
	const double d = f->type == T_NUM ? v->u.d : (double)v->u.n;

	if (f->type == T_NUM || f->type == T_INT)
		return d < l->d ? -1 : d > l->d;
	return v->u.n < l->n ? -1 : v->u.n > l->n;
}

/* Both are there. */
static int
lit_compare(const struct field *f, const struct value *v, const struct lit *l)
{
	if (is_id(f))
		return strcmp(v->u.s, l->s);
	return is_text(f) ? text_order(v->u.s, l->s) : number_order(f, v, l);
}

static bool
is_empty(const struct field *f, const struct lit *l)
{
	return l->kind == LIT_NULL || (is_text(f) && *l->s == '\0');
}

static bool
equal(const struct field *f, const struct value *v, const struct lit *l)
{
	if (is_empty(f, l))
		return !v->set;
	return v->set && lit_compare(f, v, l) == 0;
}

static bool
among(const struct field *f, const struct value *v, const struct node *n)
{
	if (is_id(f) && v->set) {
		const struct lit key = { .kind = LIT_STRING, .s = v->u.s };
		return bsearch(&key, n->given, n->n_given, sizeof(key),
			   lit_order) != NULL;
	}
	for (size_t i = 0; i < n->n_given; i++)
		if (equal(f, v, &n->given[i]))
			return true;
	return false;
}

static bool
compare(const struct sim *s, const struct node *n, const struct record *r)
{
	struct field *f;
	struct value v;

	(void)path_value(s, &n->path, r, &f, &v, NULL);
	if (f->type == T_BOOL && !v.set)
		v = (struct value){ .set = true, .u.n = 0 };
	if (n->op == OP_EQ)
		return equal(f, &v, n->given);
	if (n->op == OP_NE)
		return !equal(f, &v, n->given);
	if (n->op == OP_IN || n->op == OP_NOT_IN)
		return among(f, &v, n) == (n->op == OP_IN);
	if (!v.set || is_empty(f, n->given))
		return false;
	if (n->op == OP_LIKE)
		return text_like(v.u.s, n->given->s);
	const int o = lit_compare(f, &v, n->given);
	return (o < 0 && (n->op == OP_LT || n->op == OP_LE)) ||
	       (o == 0 && (n->op == OP_LE || n->op == OP_GE)) ||
	       (o > 0 && (n->op == OP_GT || n->op == OP_GE));
}

bool
node_true(const struct sim *s, const struct node *n, const struct record *r)
{
	switch (n->kind) {
	case NODE_AND:
		return node_true(s, n->a, r) && node_true(s, n->b, r);
	case NODE_OR:
		return node_true(s, n->a, r) || node_true(s, n->b, r);
	case NODE_NOT:
		return !node_true(s, n->a, r);
	case NODE_CMP:
		break;
	}
	return compare(s, n, r);
}

/* ---- rows --------------------------------------------------------------------------- */
struct sorting {
	const struct sim *s;
	const struct query *q;
};

static int
value_order(const struct field *f, const struct value *a, const struct value *b)
{
	if (f->type == T_NUM)
		return a->u.d < b->u.d ? -1 : a->u.d > b->u.d;
	if (is_id(f))
		return strcmp(a->u.s, b->u.s);
	if (is_text(f))
		return text_order(a->u.s, b->u.s);
	return a->u.n < b->u.n ? -1 : a->u.n > b->u.n;
}

static int
row_order(const void *x, const void *y, void *arg)
{
	const struct sorting *by = arg;
	struct record *const *a = x, *const *b = y;

	for (size_t i = 0; i < by->q->n_order; i++) {
		const struct order *o = &by->q->order[i];
		struct field *f;
		struct value va, vb;
		(void)path_value(by->s, &o->path, *a, &f, &va, NULL);
		(void)path_value(by->s, &o->path, *b, &f, &vb, NULL);
		if (!va.set && !vb.set)
			continue;
		if (!va.set || !vb.set)
			return va.set == o->nulls_last ? -1 : 1;
		const int c = value_order(f, &va, &vb);
		if (c != 0)
			return o->down ? -c : c;
	}
	/* Without an order: as they were made, which is by their ids. */
	return strcmp((*a)->v[0].u.s, (*b)->v[0].u.s);
}

/* Deleted and archived rows are of queryAll alone. */
static bool
row_hidden(const struct query *q, const struct record *r)
{
	return !q->all &&
	       (value_true(r, "IsDeleted") || value_true(r, "IsArchived"));
}

/* Owned by the caller; *n of them. */
struct record **
query_rows(struct sim *s, const struct query *q, size_t *n)
{
	const struct object *o = q->from;
	struct record **rows = need(calloc(o->n_rows + 1, sizeof(*rows)));
	struct sorting by = { s, q };
	const bool blind = mutant_is(s, MUT_WHERE);

	*n = 0;
	for (size_t i = 0; i < o->n_rows; i++)
		if (!row_hidden(q, o->rows[i]) &&
		    (q->where == NULL || blind ||
			node_true(s, q->where, o->rows[i])))
			rows[(*n)++] = o->rows[i];
	if (*n > 1)
		qsort_r(rows, *n, sizeof(*rows), row_order, &by);
	const size_t skip = (size_t)q->offset < *n ? (size_t)q->offset : *n;
	*n -= skip;
	memmove(rows, rows + skip, *n * sizeof(*rows));
	if (q->limit >= 0 && (size_t)q->limit < *n)
		*n = (size_t)q->limit;
	return rows;
}
