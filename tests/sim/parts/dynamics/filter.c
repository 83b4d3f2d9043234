/*
 * filter.c - $filter, by recursive descent.  What Dataverse does not know
 * (arithmetic, tolower, date(), any) is refused here, too.
 */
#include "odata.h"

#include <stdlib.h>

struct parser {
	struct sim *s;
	struct pool *p;
	struct query *q;
	const char *at, *text;
	int depth;
};

static const char *const compare_ops[] = { "eq", "ne", "gt", "ge", "lt", "le" };
static const char *const functions[] = { "contains", "startswith",
	"endswith" };

static struct node *or_read(struct parser *ps);

static struct node *
no(struct parser *ps, const char *what)
{
	query_no(ps->q, "Syntax error: %s at position %d in '%.200s'.", what,
	    (int)(ps->at - ps->text), ps->text);
	return NULL;
}

static void
blanks(struct parser *ps)
{
	while (*ps->at == ' ')
		ps->at++;
}

/* The word, which must end there. */
static bool
word(struct parser *ps, const char *w)
{
	const size_t len = strlen(w);
	blanks(ps);
	if (strncmp(ps->at, w, len) != 0 ||
	    (ps->at[len] != ' ' && ps->at[len] != '('))
		return false;
	ps->at += len;
	blanks(ps);
	return true;
}

static bool
sign(struct parser *ps, char c)
{
	blanks(ps);
	if (*ps->at != c)
		return false;
	ps->at++;
	blanks(ps);
	return true;
}

static struct node *
node_new(struct parser *ps, enum node_kind kind, struct node *a, struct node *b)
{
	struct node *n = pool_get(ps->p, sizeof(*n));
	n->kind = kind;
	n->a = a;
	n->b = b;
	return n;
}

/* ---- columns */
static size_t
name_length(const char *s)
{
	size_t n = 0;
	while ((s[n] >= '0' && s[n] <= '9') || (s[n] >= 'a' && s[n] <= 'z') ||
	    (s[n] >= 'A' && s[n] <= 'Z') || s[n] == '_')
		n++;
	return n;
}

static bool
unknown(struct parser *ps, const char *name, size_t table)
{
	return query_no(ps->q, "Could not find a property named '%.100s' on type "
	    "'Microsoft.Dynamics.CRM.%s'.", name, ps->s->tables[table].name);
}

static bool
path_read(struct parser *ps, struct path *out)
{
	size_t target, len = name_length(ps->at);
	const char *name = pool_text(ps->p, ps->at, len);
	const struct table *t = &ps->s->tables[ps->q->table];
	*out = (struct path){ .via = -1, .table = ps->q->table };
	if (len == 0)
		return no(ps, "a property is expected") != NULL;
	ps->at += len;
	if (*ps->at == '/') {
		out->via = nav_find(t, name, &target);
		if (out->via < 0 || t->cols[out->via].targets[target].opaque ||
		    !table_find(ps->s, t->cols[out->via].targets[target].table,
			&out->table))
			return unknown(ps, name, ps->q->table);
		len = name_length(++ps->at);
		name = pool_text(ps->p, ps->at, len);
		ps->at += len;
		t = &ps->s->tables[out->table];
	}
	out->col = property_find(t, name);
	return out->col >= 0 || unknown(ps, name, out->table);
}

/* ---- comparisons */
static const char *
edm(const struct column *c)
{
	static const char *const names[] = { "Edm.Guid", "Edm.String",
		"Edm.String", "Edm.Int32", "Edm.Decimal", "Edm.Decimal",
		"Edm.Boolean", "Edm.DateTimeOffset", "Edm.Date", "Edm.Int32",
		"Edm.Int32", "Edm.Int32", "Edm.Int64", "Edm.Guid" };
	return names[c->type];
}

static const char *
edm_value(const struct cell *v)
{
	static const char *const names[] = { "Null", "Edm.Guid", "Edm.String",
		"Edm.Int32", "Edm.Decimal", "Edm.Boolean", "Edm.DateTimeOffset",
		"Edm.Date" };
	return names[v->kind];
}

static bool
fits(const struct column *c, struct cell *v, int op)
{
	if (v->kind == K_NULL)
		return op < 2;
	switch (c->type) {
	case CT_ID:
	case CT_LOOKUP:
		return v->kind == K_GUID && op < 2;
	case CT_TEXT:
	case CT_MEMO:
		return v->kind == K_TEXT;
	case CT_BOOL:
		return v->kind == K_BOOL && op < 2;
	case CT_TIME:
		if (v->kind == K_DAY) {
			v->kind = K_TIME;
			v->num *= DAY_S;
		}
		return v->kind == K_TIME;
	case CT_DAY:
		return v->kind == K_DAY;
	case CT_INT:
	case CT_REAL:
	case CT_MONEY:
	case CT_CHOICE:
	case CT_STATE:
	case CT_STATUS:
	case CT_BIG:
		return v->kind == K_INT || v->kind == K_REAL;
	}
	return false;
}

static struct node *
right_read(struct parser *ps, struct node *n, const struct column *c)
{
	const char *begin = ps->at;
	if (!literal_read(ps->p, &ps->at, &n->value)) {
		ps->at = begin;
		if (name_length(begin) == 0 || (*begin >= '0' && *begin <= '9'))
			return no(ps, "a value is expected");
		n->two_columns = true;
		return path_read(ps, &n->right) ? n : NULL;
	}
	if (*ps->at != '\0' && *ps->at != ' ' && *ps->at != ')')
		return no(ps, "an operator is expected");
	if (fits(c, &n->value, n->op))
		return n;
	query_no(ps->q, "A binary operator with incompatible types was detected. "
	    "Found operand types '%s' and '%s' for operator kind '%s'.",
	    edm(c), edm_value(&n->value), compare_ops[n->op]);
	return NULL;
}

static struct node *
compare_read(struct parser *ps)
{
	struct node *n = node_new(ps, N_COMPARE, NULL, NULL);
	if (!path_read(ps, &n->left))
		return NULL;
	ps->q->n_conditions++;
	for (n->op = 0; n->op < (int)LEN(compare_ops); n->op++)
		if (word(ps, compare_ops[n->op]))
			return right_read(ps, n, &ps->s->tables[n->left.table]
			    .cols[n->left.col]);
	return no(ps, "an operator is expected");
}

static struct node *
function_read(struct parser *ps, int f)
{
	struct node *n = node_new(ps, N_FUNCTION, NULL, NULL);
	n->op = f;
	ps->q->n_conditions++;
	if (!sign(ps, '(') || !path_read(ps, &n->left))
		return NULL;
	const struct column *c = &ps->s->tables[n->left.table].cols[n->left.col];
	if (!sign(ps, ',') || !literal_read(ps->p, &ps->at, &n->value) ||
	    n->value.kind != K_TEXT ||
	    (c->type != CT_TEXT && c->type != CT_MEMO) || !sign(ps, ')'))
		return no(ps, "the function wants a text column and a text");
	return n;
}

/* ---- Microsoft.Dynamics.CRM.In(PropertyName='x',PropertyValues=['a','b']) */
static void
set_add(struct parser *ps, struct node *n, struct cell v)
{
	if (n->n_set == n->room) {
		const size_t room = n->room == 0 ? 16 : 2 * n->room;
		struct cell *more = pool_get(ps->p, room * sizeof(*more));
		if (n->n_set > 0)
			memcpy(more, n->set, n->n_set * sizeof(*more));
		n->set = more;
		n->room = room;
	}
	n->set[n->n_set++] = v;
}

/* The values come as texts, whatever the column is. */
static bool
in_value(struct parser *ps, struct node *n, const struct column *c)
{
	struct cell v;
	if (!literal_read(ps->p, &ps->at, &v) || v.kind != K_TEXT)
		return no(ps, "a text is expected") != NULL;
	const char *text = v.text;
	if (c->type != CT_TEXT && c->type != CT_MEMO &&
	    (!literal_read(ps->p, &text, &v) || *text != '\0' ||
		!fits(c, &v, 0)))
		return no(ps, "a value does not fit the column") != NULL;
	ps->q->n_conditions++;
	set_add(ps, n, v);
	return true;
}

static struct node *
in_read(struct parser *ps)
{
	struct node *n = node_new(ps, N_IN, NULL, NULL);
	struct cell name;
	const struct table *t = &ps->s->tables[ps->q->table];
	static const char first[] = "PropertyName=", second[] = "PropertyValues=";
	if (!sign(ps, '(') || !starts(ps->at, first))
		return no(ps, "PropertyName is expected");
	ps->at += sizeof(first) - 1;
	if (!literal_read(ps->p, &ps->at, &name) || name.kind != K_TEXT)
		return no(ps, "a name is expected");
	n->left = (struct path){ .via = -1, .table = ps->q->table,
		.col = property_find(t, name.text) };
	if (n->left.col < 0)
		n->left.col = column_find(t, name.text);
	if (n->left.col < 0) {
		unknown(ps, name.text, ps->q->table);
		return NULL;
	}
	if (!sign(ps, ',') || !starts(ps->at, second))
		return no(ps, "PropertyValues is expected");
	ps->at += sizeof(second) - 1;
	if (!sign(ps, '['))
		return no(ps, "[ is expected");
	do {
		if (!in_value(ps, n, &t->cols[n->left.col]))
			return NULL;
	} while (sign(ps, ','));
	return sign(ps, ']') && sign(ps, ')') ? n : no(ps, "] is expected");
}

/* ---- the tree */
static struct node *
unary_read(struct parser *ps)
{
	static const char in[] = "Microsoft.Dynamics.CRM.In";
	if (++ps->depth > 500)
		return no(ps, "too deep");
	if (word(ps, "not")) {
		struct node *a = unary_read(ps);
		return a == NULL ? NULL : node_new(ps, N_NOT, a, NULL);
	}
	if (sign(ps, '(')) {
		struct node *n = or_read(ps);
		if (n == NULL)
			return NULL;
		return sign(ps, ')') ? n : no(ps, "')' or operator expected");
	}
	if (word(ps, in))
		return in_read(ps);
	for (int f = 0; f < (int)LEN(functions); f++)
		if (word(ps, functions[f]))
			return function_read(ps, f);
	return compare_read(ps);
}

static struct node *
and_read(struct parser *ps)
{
	struct node *n = unary_read(ps);
	while (n != NULL && word(ps, "and")) {
		struct node *b = unary_read(ps);
		n = b == NULL ? NULL : node_new(ps, N_AND, n, b);
	}
	return n;
}

static bool
is_guid_test(const struct node *n, const struct path *p)
{
	return n->kind == N_COMPARE && n->op == 0 && !n->two_columns &&
	    n->value.kind == K_GUID && n->left.via == p->via &&
	    n->left.col == p->col && n->left.table == p->table;
}

/* A chain of "id eq .. or id eq .." is one look-up. */
static struct node *
either(struct parser *ps, struct node *a, struct node *b)
{
	if (is_guid_test(a, &b->left) && is_guid_test(b, &a->left)) {
		struct node *n = node_new(ps, N_IN, NULL, NULL);
		n->left = a->left;
		set_add(ps, n, a->value);
		set_add(ps, n, b->value);
		return n;
	}
	if (a->kind == N_IN && is_guid_test(b, &a->left)) {
		set_add(ps, a, b->value);
		return a;
	}
	return node_new(ps, N_OR, a, b);
}

static struct node *
or_read(struct parser *ps)
{
	struct node *n = and_read(ps);
	while (n != NULL && word(ps, "or")) {
		ps->depth = 0;
		struct node *b = and_read(ps);
		n = b == NULL ? NULL : either(ps, n, b);
	}
	return n;
}

bool
filter_read(struct sim *s, struct pool *p, struct query *q, const char *text)
{
	struct parser ps = { .s = s, .p = p, .q = q, .at = text, .text = text };
	q->filter = or_read(&ps);
	if (q->filter == NULL)
		return false;
	blanks(&ps);
	if (*ps.at != '\0')
		return no(&ps, "')' or operator expected") != NULL;
	if ((int64_t)q->n_conditions > s->opt.conditions_max)
		return query_no(q, "Number of conditions in query exceeded "
		    "maximum limit.");
	set_sort(q->filter);
	return true;
}
