/*
 * undo.c - rows as they were before a change set, which happens whole or not
 * at all.
 */
#include "batch.h"

#include <stdlib.h>
#include <unistd.h>

struct undo {
	struct undo *next;
	size_t table;
	struct guid id;
	struct row *was;	/* NULL = there was none */
};

static struct row *
row_copy(const struct row *r)
{
	struct row *out =
	    need(malloc(sizeof(*out) + r->n_cells * sizeof(struct cell)));
	memcpy(out, r, sizeof(*out) + r->n_cells * sizeof(struct cell));
	for (size_t i = 0; i < r->n_cells; i++)
		if (r->cells[i].kind == K_TEXT)
			out->cells[i].text = dup_text(r->cells[i].text);
	return out;
}

static void
row_free(struct row *r)
{
	for (size_t i = 0; r != NULL && i < r->n_cells; i++)
		cell_free(&r->cells[i]);
	free(r);
}

static void
note(struct sim *s, size_t table, struct guid id)
{
	struct undo *u = need(calloc(1, sizeof(*u)));
	const struct row *r = row_find(&s->tables[table], id);
	*u = (struct undo){ .next = s->undo, .table = table, .id = id,
		.was = r == NULL ? NULL : row_copy(r) };
	s->undo = u;
}

void
undo_note(struct sim *s, size_t table, struct guid id)
{
	size_t pointers;
	if (s->set_lines == NULL)
		return;
	note(s, table, id);
	if (s->tables[table].activity &&
	    table_find(s, "activitypointer", &pointers))
		note(s, pointers, id);
}

static void
row_restore(struct sim *s, struct undo *u)
{
	struct row *r = row_find(&s->tables[u->table], u->id);
	s->tables[u->table].stamp++;
	if (r == NULL && u->was != NULL)
		r = row_revive(&s->tables[u->table], u->id);
	if (r == NULL)
		return;
	if (u->was == NULL) {
		r->gone = true;
		r->version = 0;
		return;
	}
	for (size_t i = 0; i < u->was->n_cells && i < r->n_cells; i++) {
		cell_free(&r->cells[i]);
		r->cells[i] = u->was->cells[i];
		u->was->cells[i].kind = K_NULL;
	}
	r->version = u->was->version;
	r->visible_at = u->was->visible_at;
	r->changed_at = u->was->changed_at;
	r->gone = u->was->gone;
}

void
set_begin(struct sim *s, struct change_set *c)
{
	*c = (struct change_set){ .seq = s->seq, .version = s->version };
	s->set_lines = &c->lines;
}

/* Its lines go out together, or what they said is taken back. */
void
set_end(struct sim *s, struct change_set *c, bool good)
{
	s->set_lines = NULL;
	if (good && c->lines.len > 0 &&
	    (write(s->ledger, c->lines.s, c->lines.len) !=
		    (ssize_t)c->lines.len ||
		(!s->opt.no_sync && fdatasync(s->ledger) != 0)))
		die("ledger");
	if (!good) {
		s->seq = c->seq;
		s->version = c->version;
	}
	while (s->undo != NULL) {
		struct undo *u = s->undo;
		s->undo = u->next;
		if (!good)
			row_restore(s, u);
		row_free(u->was);
		free(u);
	}
	free(c->lines.s);
}
