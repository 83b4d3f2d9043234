/*
 * refs.c - the rows that name another row by a lookup: sorted once, and again
 * after the table has changed.
 */
#include "store.h"

#include <stdlib.h>

struct refs {
	struct refs *next;
	int col;
	int64_t stamp;
	const struct row **rows;
	size_t n;
};

static int
ref_order(const void *a, const void *b, void *arg)
{
	const int col = *(const int *)arg;
	const struct row *x = *(const struct row *const *)a;
	const struct row *y = *(const struct row *const *)b;
	return guid_order(cell_of(x, col)->guid, cell_of(y, col)->guid);
}

static struct refs *
refs_get(struct table *t, int col)
{
	struct refs *r = t->refs;
	while (r != NULL && r->col != col)
		r = r->next;
	if (r == NULL) {
		r = need(calloc(1, sizeof(*r)));
		*r = (struct refs){ .next = t->refs, .col = col, .stamp = -1 };
		t->refs = r;
	}
	if (r->stamp == t->stamp)
		return r;
	free(r->rows);
	r->rows = need(calloc(t->n_rows + 1, sizeof(*r->rows)));
	r->n = 0;
	for (size_t i = 0; i < t->n_rows; i++)
		if (!t->rows[i]->gone &&
		    cell_of(t->rows[i], col)->kind == K_GUID)
			r->rows[r->n++] = t->rows[i];
	qsort_r(r->rows, r->n, sizeof(*r->rows), ref_order, &col);
	r->stamp = t->stamp;
	return r;
}

size_t
refs_of(struct table *t, int col, struct guid id, const struct row ***out)
{
	const struct refs *r = refs_get(t, col);
	size_t low = 0, high = r->n, n = 0;
	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		if (guid_order(cell_of(r->rows[mid], col)->guid, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*out = &r->rows[low];
	while (low + n < r->n &&
	    guid_same(cell_of(r->rows[low + n], col)->guid, id))
		n++;
	return n;
}
