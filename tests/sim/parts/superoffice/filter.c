/*
 * filter.c - whether a row fulfils a $filter.
 */
#include "filter.h"

#include <stdlib.h>
#include <strings.h>

void
filter_free(struct node *n)
{
	if (n == NULL)
		return;
	filter_free(n->a);
	filter_free(n->b);
	for (size_t i = 0; i < n->n; i++)
		free(n->texts[i]);
	free(n->texts);
	free(n->numbers);
	free(n);
}

/* "getAllRows set true": the one restriction that restricts nothing. */
bool
filter_all(const struct node *n)
{
	if (n->kind != N_IS)
		return filter_all(n->a) || filter_all(n->b);
	return strcmp(n->col.c.name, "getAllRows") == 0 && n->numbers[0] != 0;
}

static bool
number_true(const struct node *n, int64_t v)
{
	bool in = false;

	for (size_t i = 0; i < n->n; i++)
		in |= n->numbers[i] == v;
	switch (n->op) {
	case OP_EQ:
	case OP_IN:
		return in;
	case OP_NE:
	case OP_NOT_IN:
		return !in;
	case OP_LT:
		return v < n->numbers[0];
	case OP_LE:
		return v <= n->numbers[0];
	case OP_GT:
		return v > n->numbers[0];
	case OP_GE:
		return v >= n->numbers[0];
	case OP_BETWEEN:
		return v >= n->numbers[0] && v <= n->numbers[1];
	default:
		return false;
	}
}

static bool
ends(const char *s, const char *with)
{
	const size_t a = strlen(s), b = strlen(with);

	return a >= b && strcasecmp(s + a - b, with) == 0;
}

static bool
text_true(const struct node *n, const char *s)
{
	const char *with = n->texts[0];
	bool in = false;

	for (size_t i = 0; i < n->n; i++)
		in |= strcasecmp(n->texts[i], s) == 0;
	switch (n->op) {
	case OP_EQ:
	case OP_IN:
		return in;
	case OP_NE:
		return !in;
	case OP_BEGINS:
	case OP_NOT_BEGINS:
		return (strncasecmp(s, with, strlen(with)) == 0) ==
		       (n->op == OP_BEGINS);
	case OP_CONTAINS:
	case OP_NOT_CONTAINS:
		return (strcasestr(s, with) != NULL) == (n->op == OP_CONTAINS);
	case OP_ENDS:
		return ends(s, with);
	default:
		return false;
	}
}

static bool
date_true(const struct node *n, int64_t t)
{
	const int64_t v = n->numbers[0];
	const int64_t day = sim_floor_div(t, DAY_S), of = sim_floor_div(v, DAY_S);

	switch (n->op) {
	case OP_BEFORE:
		return day < of;
	case OP_AFTER:
		return day > of;
	case OP_DAY:
		return day == of;
	case OP_DAY_OR_BEFORE:
		return day <= of;
	case OP_DAY_OR_AFTER:
		return day >= of;
	case OP_BETWEEN:
		return day >= of && day <= sim_floor_div(n->numbers[1], DAY_S);
	case OP_BEFORE_TIME:
		return t < v;
	case OP_AFTER_TIME:
		return t > v;
	case OP_TIME:
		return t == v;
	default:
		return false;
	}
}

static bool
set_true(const struct node *n, const json_t *set)
{
	bool in = false;

	for (size_t i = 0; i < n->n; i++)
		in |= has_interest(set, n->numbers[i]);
	return in == (n->op == OP_IN);
}

static bool
cell_true(const struct node *n, const struct raw *v)
{
	switch (n->col.c.type) {
	case C_INT:
	case C_KEY:
	case C_LIST:
	case C_BOOL:
		return number_true(n, v->n);
	case C_TEXT:
		return text_true(n, v->s == NULL ? "" : v->s);
	case C_DATE:
	case C_UTC:
	case C_TIME:
		return !v->null && date_true(n, v->n);
	case C_INTERESTS:
		return set_true(n, v->set);
	case C_NONE:
		break;
	}
	return false;
}

bool
filter_true(const struct sim *s, const struct node *n, const struct row *row)
{
	struct raw v;

	if (n->kind != N_IS) {
		const bool a = filter_true(s, n->a, row);
		return n->kind == N_AND ? a && filter_true(s, n->b, row)
					: a || filter_true(s, n->b, row);
	}
	if (strcmp(n->col.c.name, "getAllRows") == 0)
		return true;
	if (strcmp(n->col.c.name, "getNoRows") == 0)
		return false;
	/* Of several addresses one will do. */
	const size_t mails = strncmp(n->col.c.name, "email/", 6) == 0 ? 4 : 1;
	for (size_t m = 0; m < mails; m++) {
		col_raw(s, row, &n->col, m, &v);
		if (cell_true(n, &v))
			return true;
	}
	return false;
}
