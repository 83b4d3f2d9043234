/*
 * eval.c - is a filter true of a row?  Text compares without regard to case,
 * "ne" holds of nothing, too.
 */
#include "odata.h"

#include <stdlib.h>

int
cell_set_order(const void *a, const void *b)
{
	return cell_order(a, b);
}

void
set_sort(struct node *n)
{
	if (n == NULL)
		return;
	if (n->kind == N_IN)
		qsort(n->set, n->n_set, sizeof(*n->set), cell_set_order);
	set_sort(n->a);
	set_sort(n->b);
}

static const struct cell *
path_cell(const struct sim *s, const struct path *p, const struct row *r)
{
	if (p->via < 0)
		return cell_of(r, p->col);
	const struct cell *v = cell_of(r, p->via);
	if (v->kind != K_GUID || v->target != (int)p->table)
		return cell_of(NULL, 0);
	return cell_of(row_find(&s->tables[p->table], v->guid), p->col);
}

static bool
compare_true(const struct sim *s, const struct node *n, const struct row *r)
{
	const struct cell *a = path_cell(s, &n->left, r);
	const struct cell *b =
	    n->two_columns ? path_cell(s, &n->right, r) : &n->value;
	const int order = cell_order(a, b);
	if (n->op > 1 && (a->kind == K_NULL || b->kind == K_NULL))
		return false;
	switch (n->op) {
	case 0:
		return order == 0;
	case 1:
		return order != 0;
	case 2:
		return order > 0;
	case 3:
		return order >= 0;
	case 4:
		return order < 0;
	default:
		return order <= 0;
	}
}

static bool
function_true(const struct sim *s, const struct node *n, const struct row *r)
{
	const struct cell *a = path_cell(s, &n->left, r);
	if (a->kind != K_TEXT)
		return false;
	if (n->op == 0)
		return text_contains(a->text, n->value.text);
	return n->op == 1 ? text_begins(a->text, n->value.text)
			  : text_ends(a->text, n->value.text);
}

bool
filter_true(const struct sim *s, const struct node *n, size_t table,
    const struct row *r)
{
	if (n == NULL)
		return true;
	switch (n->kind) {
	case N_AND:
		return filter_true(s, n->a, table, r) &&
		    filter_true(s, n->b, table, r);
	case N_OR:
		return filter_true(s, n->a, table, r) ||
		    filter_true(s, n->b, table, r);
	case N_NOT:
		return !filter_true(s, n->a, table, r);
	case N_COMPARE:
		return compare_true(s, n, r);
	case N_FUNCTION:
		return function_true(s, n, r);
	case N_IN:
		return bsearch(path_cell(s, &n->left, r), n->set, n->n_set,
			   sizeof(*n->set), cell_set_order) != NULL;
	}
	return false;
}
