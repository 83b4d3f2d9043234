/*
 * filter_parse.c - reads a $filter: column operator value, "and", "or" and
 * parentheses.  An operator is good for the kinds of columns that the vendor's
 * pages name it for; all else is an error, as are unknown columns.
 */
#include <stdlib.h>
#include <strings.h>

#include "filter.h"

#define DEEPEST 32
enum { K_NUMBER = 1, K_LIST = 2, K_BOOL = 4, K_TEXT = 8, K_DATE = 16,
	K_INTEREST = 32 };

static const struct {
	const char *name;
	enum op op;
	unsigned kinds;
} operators[] = {
	{ "eq", OP_EQ, K_NUMBER | K_LIST | K_BOOL },
	{ "equals", OP_EQ, K_NUMBER | K_LIST | K_BOOL | K_TEXT },
	{ "set", OP_EQ, K_NUMBER | K_LIST | K_BOOL },
	{ "=", OP_EQ, K_NUMBER }, { "ne", OP_NE, K_NUMBER },
	{ "unequals", OP_NE, K_NUMBER | K_LIST | K_BOOL },
	{ "lt", OP_LT, K_NUMBER }, { "less", OP_LT, K_NUMBER },
	{ "le", OP_LE, K_NUMBER }, { "gt", OP_GT, K_NUMBER },
	{ "greater", OP_GT, K_NUMBER }, { "ge", OP_GE, K_NUMBER },
	{ "between", OP_BETWEEN, K_NUMBER | K_DATE },
	{ "in", OP_IN, K_NUMBER | K_TEXT },
	{ "oneOf", OP_IN, K_LIST | K_INTEREST },
	{ "notOneOf", OP_NOT_IN, K_LIST | K_INTEREST },
	{ "is", OP_EQ, K_TEXT }, { "isNot", OP_NE, K_TEXT },
	{ "begins", OP_BEGINS, K_TEXT }, { "ends", OP_ENDS, K_TEXT },
	{ "notBegins", OP_NOT_BEGINS, K_TEXT },
	{ "contains", OP_CONTAINS, K_TEXT },
	{ "notContains", OP_NOT_CONTAINS, K_TEXT },
	{ "before", OP_BEFORE, K_DATE }, { "after", OP_AFTER, K_DATE },
	{ "date", OP_DAY, K_DATE },
	{ "beforeOrEqual", OP_DAY_OR_BEFORE, K_DATE },
	{ "afterOrEqual", OP_DAY_OR_AFTER, K_DATE },
	{ "dateBetween", OP_BETWEEN, K_DATE },
	{ "beforeTime", OP_BEFORE_TIME, K_DATE },
	{ "afterTime", OP_AFTER_TIME, K_DATE },
	{ "dateTime", OP_TIME, K_DATE },
};

struct parse {
	struct sim *s;
	const struct provider *p;
	const char *at;
	int deep;
	char why[200];
};

static struct node *parse_or(struct parse *x);

static unsigned
kind_of(enum type t)
{
	static const unsigned kinds[] = { [C_NONE] = 0, [C_INT] = K_NUMBER,
		[C_KEY] = K_LIST, [C_LIST] = K_LIST, [C_BOOL] = K_BOOL,
		[C_TEXT] = K_TEXT, [C_DATE] = K_DATE, [C_UTC] = K_DATE,
		[C_TIME] = K_DATE, [C_INTERESTS] = K_INTEREST };

	return kinds[t];
}

static void *
wrong(struct parse *x, const char *what, const char *name)
{
	if (*x->why == '\0')
		snprintf(x->why, sizeof(x->why), "%s %.80s", what, name);
	return NULL;
}

static void
blanks(struct parse *x)
{
	while (*x->at == ' ')
		x->at++;
}

static void
word_read(struct parse *x, char *out, size_t size)
{
	blanks(x);
	size_t len = strcspn(x->at, " (),'");
	if (len >= size)
		len = size - 1;
	memcpy(out, x->at, len);
	out[len] = '\0';
	x->at += len;
	blanks(x);
}

static bool
sign(struct parse *x, char c)
{
	blanks(x);
	if (*x->at != c)
		return false;
	x->at++;
	blanks(x);
	return true;
}

/* How a quote inside is written, nobody documents: there is none. */
static char *
quoted_read(struct parse *x)
{
	const char *end = *x->at == '\'' ? strchr(x->at + 1, '\'') : NULL;

	if (end == NULL)
		return wrong(x, "quoted text expected at", x->at);
	char *out = need(strndup(x->at + 1, (size_t)(end - x->at - 1)));
	x->at = end + 1;
	blanks(x);
	return out;
}

static bool
bool_read(const char *word, int64_t *n)
{
	static const char *const words[] = { "false", "true", "0", "1" };

	for (size_t i = 0; i < 4; i++)
		if (strcasecmp(word, words[i]) == 0) {
			*n = (int64_t)i & 1;
			return true;
		}
	return false;
}

/* One value of the column's kind; a time without a zone is of the caller's. */
static bool
value_read(struct parse *x, struct node *n, unsigned kind)
{
	char word[64];
	int64_t number = 0;
	char *text = NULL;
	bool good;

	if (kind == K_TEXT || kind == K_DATE) {
		text = quoted_read(x);
		good = text != NULL &&
		    (kind == K_TEXT || sim_time_parse(text, &number));
		if (!good && text != NULL)
			wrong(x, "no date:", text);
	} else {
		word_read(x, word, sizeof(word));
		good = kind == K_BOOL ? bool_read(word, &number)
				      : sim_num(word, &number);
		if (!good)
			wrong(x, "no value:", *word == '\0' ? x->at : word);
	}
	n->numbers = grow(n->numbers, n->n, sizeof(*n->numbers));
	n->texts = grow(n->texts, n->n, sizeof(*n->texts));
	n->numbers[n->n] = number;
	n->texts[n->n++] = text;
	return good;
}

static bool
values_read(struct parse *x, struct node *n, unsigned kind)
{
	const bool many = n->op == OP_IN || n->op == OP_NOT_IN ||
	    n->op == OP_BETWEEN;

	if (!many)
		return value_read(x, n, kind);
	if (!sign(x, '('))
		return wrong(x, "( expected at", x->at) != NULL;
	do {
		if (n->n == VALUES_MAX)
			return wrong(x, "too many values", "") != NULL;
		if (!value_read(x, n, kind))
			return false;
	} while (sign(x, ','));
	if (!sign(x, ')') || (n->op == OP_BETWEEN && n->n != 2))
		return wrong(x, ") expected at", x->at) != NULL;
	return true;
}

static bool
operator_read(struct parse *x, struct node *n, unsigned kind)
{
	char word[32];

	word_read(x, word, sizeof(word));
	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++)
		if (strcasecmp(operators[i].name, word) == 0 &&
		    (operators[i].kinds & kind) != 0) {
			n->op = operators[i].op;
			return true;
		}
	return wrong(x, "Operator not supported for this column:", word) !=
	       NULL;
}

static struct node *
parse_is(struct parse *x)
{
	char word[128];
	struct node *n = need(calloc(1, sizeof(*n)));

	n->kind = N_IS;
	word_read(x, word, sizeof(word));
	if (!col_find(x->s, x->p, word, &n->col)) {
		wrong(x, "Unknown restriction column", word);
	} else if (kind_of(n->col.c.type) == 0) {
		wrong(x, "Column takes no restriction:", word);
	} else {
		const unsigned kind = kind_of(n->col.c.type);
		if (operator_read(x, n, kind) && values_read(x, n, kind))
			return n;
	}
	filter_free(n);
	return NULL;
}

static struct node *
parse_one(struct parse *x)
{
	if (!sign(x, '('))
		return parse_is(x);
	struct node *n = ++x->deep > DEEPEST ? wrong(x, "too deep", "")
					     : parse_or(x);
	x->deep--;
	if (n != NULL && !sign(x, ')')) {
		wrong(x, ") expected at", x->at);
		filter_free(n);
		return NULL;
	}
	return n;
}

static bool
keyword(struct parse *x, const char *word)
{
	const size_t len = strlen(word);

	blanks(x);
	if (strncasecmp(x->at, word, len) != 0 ||
	    (x->at[len] != ' ' && x->at[len] != '('))
		return false;
	x->at += len;
	return true;
}

static struct node *
parse_chain(struct parse *x, const char *word, enum node_kind kind,
    struct node *(*part)(struct parse *))
{
	struct node *n = part(x);

	while (n != NULL && keyword(x, word)) {
		struct node *both = need(calloc(1, sizeof(*both)));
		*both = (struct node){ .kind = kind, .a = n, .b = part(x) };
		n = both;
		if (both->b == NULL) {
			filter_free(both);
			return NULL;
		}
	}
	return n;
}

static struct node *
parse_and(struct parse *x)
{
	return parse_chain(x, "and", N_AND, parse_one);
}

static struct node *
parse_or(struct parse *x)
{
	return parse_chain(x, "or", N_OR, parse_and);
}

/* NULL: *out says what is wrong. */
struct node *
filter_parse(struct sim *s, const struct provider *p, const char *text,
    struct reply *out)
{
	struct parse x = { .s = s, .p = p, .at = text };
	struct node *n = parse_or(&x);

	blanks(&x);
	if (n != NULL && *x.at != '\0') {
		wrong(&x, "unexpected", x.at);
		filter_free(n);
		n = NULL;
	}
	if (n == NULL)
		reply_error(out, 400, "SoArgumentException",
		    "Invalid filter for archive %s: %s", p->name, x.why);
	return n;
}
