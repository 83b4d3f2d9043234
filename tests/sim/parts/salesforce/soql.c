/*
 * soql.c - SOQL text to a query: the part that an integration of this kind
 * uses.  What the service refuses is refused here with the service's code:
 * AND beside OR, or NOT beside either, without parentheses; quotes round a
 * datetime; a column that is not there; a filter on a long text.
 */
#include "soql.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>

#define DEPTH_MAX 50
#define TEXT_MAX 100000

/* ---- memory ------------------------------------------------------------------ */
void *
pool_get(struct pool *p, size_t size)
{
	p->v = grow(p->v, p->n, sizeof(*p->v));
	p->v[p->n] = need(calloc(1, size));
	return p->v[p->n++];
}

void
pool_free(struct pool *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i]);
	free(p->v);
	*p = (struct pool){ 0 };
}

void
query_free(struct query *q)
{
	if (q == NULL)
		return;
	free(q->select);
	free(q->order);
	pool_free(&q->pool);
	free(q);
}

/* ---- errors ------------------------------------------------------------------- */
bool
fail(struct parser *p, const char *code, const char *fmt, ...)
{
	va_list ap;

	if (p->code != NULL)
		return false;
	p->code = code;
	va_start(ap, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
	return false;
}

static bool
unexpected(struct parser *p)
{
	if (p->tok.kind == TOK_END)
		return fail(p, "MALFORMED_QUERY", "unexpected end of query");
	return fail(p, "MALFORMED_QUERY", "unexpected token: '%.60s'",
	    p->tok.text);
}

/* ---- words -------------------------------------------------------------------- */
static bool
escape_read(struct parser *p, char **out)
{
	static const char from[] = "nrtbf\"'\\_%", to[] = "\n\r\t\b\f\"'\\_%";
	const char c = *p->at == '\0' ? '\0' : *p->at++;
	const char *known = c == '\0' ? NULL : strchr(from, c);

	if (known == NULL)
		return fail(p, "MALFORMED_QUERY",
		    "Invalid string literal: unknown escape \\%c", c);
	/* LIKE needs to know that these two stood behind a backslash. */
	if (c == '_' || c == '%')
		*(*out)++ = '\\';
	*(*out)++ = to[known - from];
	return true;
}

static bool
string_read(struct parser *p)
{
	char *out = pool_get(&p->q->pool, strlen(p->at) + 1);

	p->tok.text = out;
	p->tok.kind = TOK_STRING;
	for (p->at++; *p->at != '\''; ) {
		if (*p->at == '\0')
			return fail(p, "MALFORMED_QUERY",
			    "line 1:%d mismatched character '<EOF>' "
			    "expecting '''",
			    (int)(p->at - p->start));
		if (*p->at == '\n' || *p->at == '\r')
			return fail(p, "MALFORMED_QUERY",
			    "Invalid string literal: a line end");
		if (*p->at == '\\') {
			p->at++;
			if (!escape_read(p, &out))
				return false;
		} else {
			*out++ = *p->at++;
		}
	}
	p->at++;
	return true;
}

static void
take(struct parser *p, size_t len, enum tok kind)
{
	char *text = pool_get(&p->q->pool, len + 1);

	memcpy(text, p->at, len);
	p->tok.text = text;
	p->tok.kind = kind;
	p->at += len;
}

/* The next token. */
static bool
next(struct parser *p)
{
	static const char *const signs[] = { "<=", ">=", "!=", "<>", "=", "<",
		">", "(", ")", ",", NULL };
	while (*p->at != '\0' && strchr(" \t\r\n", *p->at) != NULL)
		p->at++;
	p->tok.at = p->at;
	if (*p->at == '\0') {
		p->tok.kind = TOK_END;
		p->tok.text = pool_get(&p->q->pool, 1);
		return true;
	}
	if (*p->at == '\'')
		return string_read(p);
	for (int i = 0; signs[i] != NULL; i++)
		if (strncmp(p->at, signs[i], strlen(signs[i])) == 0) {
			take(p, strlen(signs[i]), TOK_SIGN);
			return true;
		}
	if (isalpha((unsigned char)*p->at) || *p->at == '_') {
		size_t n = 1;
		while (isalnum((unsigned char)p->at[n]) || p->at[n] == '_' ||
		       p->at[n] == '.')
			n++;
		take(p, n, TOK_WORD);
		return true;
	}
	if (isdigit((unsigned char)*p->at) || *p->at == '-' || *p->at == '+') {
		take(p, 1 + strspn(p->at + 1, "0123456789-+:.TZtze"), TOK_NUMBER);
		return true;
	}
	return fail(p, "MALFORMED_QUERY", "unexpected char: '%c'", *p->at);
}

static bool
is(const struct parser *p, const char *word)
{
	return (p->tok.kind == TOK_WORD || p->tok.kind == TOK_SIGN) &&
	       same_name(p->tok.text, word);
}

static bool
skip(struct parser *p, const char *word)
{
	return is(p, word) && next(p);
}

static bool
expect(struct parser *p, const char *word)
{
	return is(p, word) ? next(p) : unexpected(p);
}

/* ---- paths -------------------------------------------------------------------- */
static struct field *
seen(const struct object *o, const char *name)
{
	struct field *f = field_find(o, name);

	return f == NULL || (f->flags & F_HIDDEN) != 0 ? NULL : f;
}

static bool
no_column(struct parser *p, const char *name, const struct object *o)
{
	return fail(p, "INVALID_FIELD",
	    "\n%.300s\n^\nERROR at Row:1:Column:%d\nNo such column '%s' on "
	    "entity '%s'. If you are attempting to use a custom field, be sure "
	    "to append the '__c' after the custom field name. Please reference "
	    "your WSDL or the describe call for the appropriate names.",
	    p->start, (int)(p->tok.at - p->start) + 1, name, o->name);
}

/* The first of the objects that has the column. */
static struct field *
leaf_find(const struct sim *s, const char *refs, const char *name,
    struct object **found)
{
	char one[64];

	for (const char *c = refs; c != NULL; c = strchr(c, ',')) {
		c += *c == ',';
		snprintf(one, sizeof(one), "%.*s", (int)strcspn(c, ","), c);
		struct object *o = object_find(s, one);
		struct field *f = o == NULL ? NULL : seen(o, name);
		if (o != NULL && *found == NULL)
			*found = o;
		if (f != NULL)
			return f;
	}
	return NULL;
}

static void
path_spell(struct path *to)
{
	size_t n = 0;

	for (size_t i = 0; i < to->n_hops; i++)
		n += (size_t)snprintf(to->text + n, sizeof(to->text) - n,
		    "%s.", to->hop[i]->relation);
	snprintf(to->text + n, sizeof(to->text) - n, "%s", to->leaf->name);
}

static bool
path_walk(struct parser *p, struct path *to, char *rest)
{
	struct object *o = p->q->from;
	const char *refs = NULL;
	char *word;

	/* Contact.Id FROM Contact is the contact itself. */
	if (strchr(rest, '.') != NULL &&
	    strncasecmp(rest, o->name, strlen(o->name)) == 0 &&
	    rest[strlen(o->name)] == '.' && field_of_relation(o, o->name) == NULL)
		rest += strlen(o->name) + 1;
	while ((word = strsep(&rest, ".")) != NULL && rest != NULL) {
		struct field *f = field_of_relation(o, word);
		if (f == NULL || (f->flags & F_HIDDEN) != 0)
			return fail(p, "INVALID_FIELD",
			    "Didn't understand relationship '%s' in field "
			    "path.", word);
		if (to->n_hops == HOPS)
			return fail(p, "MALFORMED_QUERY", "path too long");
		to->hop[to->n_hops++] = f;
		refs = f->refs;
		to->many = to->many || strchr(refs, ',') != NULL;
		o = NULL;
		(void)leaf_find(p->sim, refs, "Id", &o);
		if (o == NULL)
			return unexpected(p);
	}
	struct object *first = NULL;
	to->leaf = refs == NULL ? seen(o, word)
				: leaf_find(p->sim, refs, word, &first);
	if (to->leaf == NULL)
		return no_column(p, word, refs == NULL ? o : first);
	path_spell(to);
	return true;
}

static bool
path_read(struct parser *p, struct path *to)
{
	if (p->tok.kind != TOK_WORD)
		return unexpected(p);
	char *copy = pool_get(&p->q->pool, strlen(p->tok.text) + 1);
	memcpy(copy, p->tok.text, strlen(p->tok.text));
	return path_walk(p, to, copy) && next(p);
}

/* ---- conditions ----------------------------------------------------------------- */
static bool
literal_word(struct parser *p, struct lit *l)
{
	if (is(p, "null"))
		l->kind = LIT_NULL;
	else if (is(p, "true") || is(p, "false"))
		*l = (struct lit){ .kind = LIT_BOOL, .n = is(p, "true") };
	else if (p->tok.kind == TOK_WORD)
		return fail(p, "MALFORMED_QUERY",
		    "Bind variables only allowed in Apex code");
	else
		return unexpected(p);
	return true;
}

static bool
literal_number(struct parser *p, struct lit *l)
{
	const char *s = p->tok.text;
	int64_t t;

	if (decimal_read(s, &l->d)) {
		l->kind = LIT_NUM;
	} else if (strlen(s) == 10 && sim_time_parse(s, &t)) {
		*l = (struct lit){ LIT_DATE, sim_floor_div(t, DAY_S), 0, s };
	} else if (strlen(s) > 10 && stamp_parse(s, &l->n)) {
		l->kind = LIT_DATETIME;
	} else {
		return unexpected(p);
	}
	return true;
}

static bool
literal_read(struct parser *p, struct lit *l)
{
	bool good = true;

	l->s = p->tok.text;
	if (p->tok.kind == TOK_STRING)
		l->kind = LIT_STRING;
	else if (p->tok.kind == TOK_NUMBER)
		good = literal_number(p, l);
	else
		good = literal_word(p, l);
	return good && next(p);
}

static bool
operator_read(struct parser *p, struct node *n)
{
	static const struct {
		const char *word;
		enum op op;
	} ops[] = { { "=", OP_EQ }, { "!=", OP_NE }, { "<>", OP_NE },
		{ "<", OP_LT }, { "<=", OP_LE }, { ">", OP_GT },
		{ ">=", OP_GE }, { "LIKE", OP_LIKE }, { "IN", OP_IN },
		{ "INCLUDES", OP_INCLUDES } };
	if (skip(p, "NOT")) {
		n->op = OP_NOT_IN;
		return expect(p, "IN");
	}
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (is(p, ops[i].word)) {
			n->op = ops[i].op;
			return next(p);
		}
	return unexpected(p);
}

static bool
list_read(struct parser *p, struct node *n)
{
	size_t room = 0;
	struct lit *v = NULL;

	if (!expect(p, "("))
		return false;
	do {
		if (n->n_given == room) {
			struct lit *more = pool_get(&p->q->pool,
			    (room = room == 0 ? 8 : room * 2) * sizeof(*v));
			if (v != NULL)
				memcpy(more, v, n->n_given * sizeof(*v));
			v = more;
		}
		v[n->n_given] = (struct lit){ 0 };
		if (!literal_read(p, &v[n->n_given]))
			return false;
		n->n_given++;
	} while (skip(p, ","));
	n->given = v;
	return expect(p, ")");
}

static bool
comparison(struct parser *p, struct node **out)
{
	struct node *n = pool_get(&p->q->pool, sizeof(*n));

	n->kind = NODE_CMP;
	if (!path_read(p, &n->path) || !operator_read(p, n))
		return false;
	if (n->op == OP_IN || n->op == OP_NOT_IN || n->op == OP_INCLUDES) {
		if (!list_read(p, n))
			return false;
	} else {
		n->given = pool_get(&p->q->pool, sizeof(*n->given));
		n->n_given = 1;
		if (!literal_read(p, n->given))
			return false;
	}
	*out = n;
	return node_check(p, n);
}

static bool condition(struct parser *p, struct node **out);

static bool
term(struct parser *p, struct node **out)
{
	if (!skip(p, "("))
		return comparison(p, out);
	if (++p->depth > DEPTH_MAX)
		return fail(p, "MALFORMED_QUERY", "nested too deep");
	const bool good = condition(p, out) && expect(p, ")");
	p->depth--;
	return good;
}

static struct node *
join(struct parser *p, enum node_kind kind, struct node *a, struct node *b)
{
	struct node *n = pool_get(&p->q->pool, sizeof(*n));

	*n = (struct node){ .kind = kind, .a = a, .b = b };
	return n;
}

/* "NOT x" alone, "x AND y AND z", or "x OR y OR z". */
static bool
condition(struct parser *p, struct node **out)
{
	struct node *more = NULL;

	if (skip(p, "NOT")) {
		if (!term(p, &more))
			return false;
		*out = join(p, NODE_NOT, more, NULL);
		return !is(p, "AND") && !is(p, "OR") ? true : unexpected(p);
	}
	if (!term(p, out))
		return false;
	const bool all = is(p, "AND");
	const char *word = all ? "AND" : "OR";
	while (skip(p, word)) {
		if (!term(p, &more))
			return false;
		*out = join(p, all ? NODE_AND : NODE_OR, *out, more);
	}
	return !is(p, "AND") && !is(p, "OR") ? p->code == NULL : unexpected(p);
}

/* ---- the query ------------------------------------------------------------------- */
static bool
number_read(struct parser *p, int64_t *n, int64_t max)
{
	if (p->tok.kind != TOK_NUMBER || !sim_num(p->tok.text, n))
		return unexpected(p);
	return *n > max ? fail(p, "NUMBER_OUTSIDE_VALID_RANGE",
			      "must not be more than %lld", (long long)max)
			: next(p);
}

static bool
order_read(struct parser *p)
{
	struct query *q = p->q;

	do {
		struct order one = { 0 };
		if (!path_read(p, &one.path))
			return false;
		if ((one.path.leaf->flags & F_UNFILTERABLE) != 0)
			return fail(p, "INVALID_FIELD",
			    "field '%s' can not be sorted in a query call",
			    one.path.text);
		one.down = is(p, "DESC");
		if ((is(p, "ASC") || is(p, "DESC")) && !next(p))
			return false;
		if (skip(p, "NULLS")) {
			one.nulls_last = is(p, "LAST");
			if (!is(p, "FIRST") && !one.nulls_last)
				return unexpected(p);
			if (!next(p))
				return false;
		}
		q->order = grow(q->order, q->n_order, sizeof(one));
		q->order[q->n_order++] = one;
	} while (skip(p, ","));
	return p->code == NULL;
}

static bool
tail_read(struct parser *p)
{
	struct query *q = p->q;

	if (skip(p, "WHERE") && !condition(p, &q->where))
		return false;
	if (skip(p, "ORDER") && (!expect(p, "BY") || !order_read(p)))
		return false;
	if (skip(p, "LIMIT") && !number_read(p, &q->limit, INT32_MAX))
		return false;
	if (skip(p, "OFFSET") && !number_read(p, &q->offset, 2000))
		return false;
	if (p->code != NULL)
		return false;
	return p->tok.kind == TOK_END ? true : unexpected(p);
}

/* The columns are looked up when the object behind them is known. */
static bool
select_read(struct parser *p)
{
	const char *first = p->tok.at;

	if (skip(p, "COUNT")) {
		p->q->count = true;
		return expect(p, "(") && expect(p, ")");
	}
	do {
		if (p->tok.kind != TOK_WORD || is(p, "FROM"))
			return unexpected(p);
		if (!next(p))
			return false;
	} while (skip(p, ","));
	p->columns = first;
	return p->code == NULL;
}

static bool
columns_read(struct parser *p)
{
	struct query *q = p->q;
	const char *back = p->at;
	const struct token tok = p->tok;

	p->at = p->columns;
	if (!next(p))
		return false;
	do {
		struct path one = { 0 };
		if (!path_read(p, &one))
			return false;
		for (size_t i = 0; i < q->n_select; i++)
			if (strcmp(q->select[i].text, one.text) == 0)
				return fail(p, "INVALID_FIELD",
				    "duplicate field selected: %s", one.text);
		q->select = grow(q->select, q->n_select, sizeof(one));
		q->select[q->n_select++] = one;
	} while (skip(p, ","));
	p->at = back;
	p->tok = tok;
	return true;
}

static bool
read_all(struct parser *p)
{
	if (!next(p) || !expect(p, "SELECT") || !select_read(p) ||
	    !expect(p, "FROM"))
		return false;
	if (p->tok.kind != TOK_WORD)
		return unexpected(p);
	p->q->from = object_find(p->sim, p->tok.text);
	if (p->q->from == NULL)
		return fail(p, "INVALID_TYPE",
		    "\n%.300s\n^\nERROR at Row:1:Column:%d\nsObject type '%s' "
		    "is not supported.",
		    p->start, (int)(p->tok.at - p->start) + 1, p->tok.text);
	return next(p) && (p->q->count || columns_read(p)) && tail_read(p);
}

/* NULL: *out is the answer. */
struct query *
query_parse(struct sim *s, const char *text, bool all, struct reply *out)
{
	struct parser p = { .sim = s, .start = text, .at = text };

	p.q = need(calloc(1, sizeof(*p.q)));
	p.q->limit = -1;
	p.q->all = all;
	if (strlen(text) > TEXT_MAX) {
		reply_error(out, 400, "QUERY_TOO_COMPLICATED",
		    "SOQL statements cannot be longer than 100000 characters.");
	} else if (read_all(&p)) {
		return p.q;
	} else {
		reply_error(out, 400, p.code, p.text);
	}
	query_free(p.q);
	return NULL;
}
