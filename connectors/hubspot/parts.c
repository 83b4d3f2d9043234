/*
 * parts.c - how this could hang or lose, and what stops it:
 *  - a part that is refused for ever: what goes again is cut in pieces,
 *    and one record is not cut;
 *  - a record in two parts, or in none: parts are stretches of one list, which
 *    never overlap.
 */
#include "parts.h"

void
hs_parts_begin(struct hs_parts *p)
{
	*p = (struct hs_parts){ 0 };
}

void
hs_parts_add(struct hs_parts *p, size_t record)
{
	if (p->left[0].n == HS_BATCH_MAX)
		return;
	p->order[p->left[0].n++] = record;
	p->n_left = 1;
}

bool
hs_parts_next(struct hs_parts *p)
{
	p->now = (struct hs_stretch){ 0 };
	if (p->n_left > 0)
		p->now = p->left[--p->n_left];
	return p->now.n > 0;
}

size_t
hs_parts_record(const struct hs_parts *p, size_t i)
{
	return p->order[p->now.at + i];
}

void
hs_parts_keep(struct hs_parts *p, const bool *keep)
{
	size_t *order = p->order + p->now.at;
	size_t n = 0;

	for (size_t i = 0; i < p->now.n; i++)
		if (keep[i])
			order[n++] = order[i];
	p->now.n = n;
}

/* The first of them goes first. */
void
hs_parts_again(struct hs_parts *p, bool alone)
{
	const struct hs_stretch now = p->now;
	const size_t size = alone || now.n < 2 ? 1 : (now.n + 1) / 2;

	for (size_t end = now.n; end > 0;) {
		const size_t n = end % size == 0 ? size : end % size;
		end -= n;
		p->left[p->n_left++] = (struct hs_stretch){ now.at + end, n };
	}
	p->now.n = 0;
}
