/*
 * store.c - rows by identifier, changes with versions.
 */
#include "store.h"

#include <stdlib.h>

#include "sim.h"

/* ---- the index: open addressing, place + 1, 0 = free */
static size_t
slot_of(const struct table *t, struct guid id)
{
	size_t i = (size_t)((id.hi * 0x9e3779b97f4a7c15u) ^ id.lo) &
	    (t->n_slots - 1);
	while (t->slots[i] != 0 &&
	    !guid_same(t->rows[t->slots[i] - 1]->id, id))
		i = (i + 1) & (t->n_slots - 1);
	return i;
}

static void
index_grow(struct table *t)
{
	t->n_slots = t->n_slots == 0 ? 64 : 2 * t->n_slots;
	free(t->slots);
	t->slots = need(calloc(t->n_slots, sizeof(*t->slots)));
	for (size_t i = 0; i < t->n_rows; i++)
		t->slots[slot_of(t, t->rows[i]->id)] = (uint32_t)i + 1;
}

/* Gone ones, too. */
static struct row **
row_at(const struct table *t, struct guid id)
{
	if (t->n_slots == 0)
		return NULL;
	const uint32_t at = t->slots[slot_of(t, id)];
	return at == 0 ? NULL : &t->rows[at - 1];
}

struct row *
row_find(const struct table *t, struct guid id)
{
	struct row **at = row_at(t, id);
	return at == NULL || (*at)->gone ? NULL : *at;
}

struct row *
row_revive(struct table *t, struct guid id)
{
	struct row **at = row_at(t, id);
	if (at == NULL)
		return NULL;
	(*at)->gone = false;
	return *at;
}

bool
row_seen(const struct sim *s, const struct row *r)
{
	return r != NULL && !r->gone && r->visible_at <= s->now;
}

struct row *
row_by_key(
    const struct sim *s, const struct table *t, int col, const struct cell *v)
{
	for (size_t i = 0; i < t->n_rows; i++)
		if (row_seen(s, t->rows[i]) &&
		    cell_of(t->rows[i], col)->kind != K_NULL &&
		    cell_order(cell_of(t->rows[i], col), v) == 0)
			return t->rows[i];
	return NULL;
}

/* The row, made if need be, with room for all columns. */
static struct row *
row_room(struct table *t, struct guid id)
{
	struct row **at = row_at(t, id);
	const bool fresh = at == NULL;
	const size_t had = fresh ? 0 : (*at)->n_cells;
	if (!fresh && had == t->n_cols) {
		t->stamp++;
		(*at)->gone = false;
		return *at;
	}
	struct row *r = need(realloc(fresh ? NULL : *at,
	    sizeof(*r) + t->n_cols * sizeof(struct cell)));
	if (fresh)
		*r = (struct row){ .id = id };
	for (size_t i = had; i < t->n_cols; i++)
		r->cells[i] = (struct cell){ .kind = K_NULL, .target = -1 };
	r->n_cells = t->n_cols;
	r->gone = false;
	t->stamp++;
	if (!fresh) {
		*at = r;
		return r;
	}
	t->rows = grow(t->rows, t->n_rows, sizeof(struct row *));
	t->rows[t->n_rows++] = r;
	if (2 * t->n_rows >= t->n_slots)
		index_grow(t);
	else
		t->slots[slot_of(t, id)] = (uint32_t)t->n_rows;
	return r;
}

/* ---- what follows from a change */
static void
cell_put(struct row *r, int col, struct cell v)
{
	if (col < 0)
		return;
	cell_free(&r->cells[col]);
	r->cells[col] = v;
}

static void
fullname_make(const struct table *t, struct row *r)
{
	char name[160];
	const int full = column_find(t, "fullname");
	const struct cell *a = cell_of(r, column_find(t, "firstname"));
	const struct cell *b = cell_of(r, column_find(t, "lastname"));
	snprintf(name, sizeof(name), "%s%s%s",
	    a->kind == K_TEXT ? a->text : "",
	    a->kind == K_TEXT && b->kind == K_TEXT ? " " : "",
	    b->kind == K_TEXT ? b->text : "");
	cell_put(r, full, (struct cell){ .kind = *name == '\0' ? K_NULL : K_TEXT,
	    .target = -1,
	    .text = *name == '\0' ? NULL : dup_text(name) });
}

static struct cell
cell_copy(const struct cell *c)
{
	struct cell out = *c;
	if (c->kind == K_TEXT)
		out.text = dup_text(c->text);
	return out;
}

/* activitypointers shows each activity once more. */
static void
pointer_mirror(struct sim *s, const struct table *t, const struct row *r)
{
	size_t at;
	if (!t->activity || strcmp(t->name, "activitypointer") == 0 ||
	    !table_find(s, "activitypointer", &at))
		return;
	struct table *p = &s->tables[at];
	struct row *m = row_room(p, r->id);
	for (size_t i = 0; i < p->n_cols; i++) {
		const int from = column_find(t, p->cols[i].name);
		if (from >= 0 && strcmp(p->cols[i].name, "statuscode") != 0)
			cell_put(m, (int)i, cell_copy(cell_of(r, from)));
	}
	const struct cell *state = cell_of(r, column_find(t, "statecode"));
	cell_put(m, column_find(p, "statuscode"),
	    (struct cell){ .kind = K_INT, .target = -1, .num = state->num + 1 });
	m->version = r->version;
	m->visible_at = r->visible_at;
	m->changed_at = r->changed_at;
	m->gone = r->gone;
}

/* Open, and the one's who made it. */
static void
defaults_put(struct sim *s, const struct table *t, struct row *r)
{
	size_t users;
	const int owner = column_find(t, "ownerid");
	for (size_t i = 0; i < t->n_cols; i++) {
		const struct column *c = &t->cols[i];
		if ((c->type != CT_STATE && c->type != CT_STATUS) ||
		    r->cells[i].kind != K_NULL || c->labels == NULL)
			continue;
		cell_put(r, (int)i, (struct cell){ .kind = K_INT, .target = -1,
		    .num = c->type == CT_STATE ? 0 : c->labels[0] - '0' });
	}
	if (owner >= 0 && r->cells[owner].kind == K_NULL &&
	    table_find(s, "systemuser", &users) && s->tables[users].n_rows > 0)
		cell_put(r, owner, (struct cell){ .kind = K_GUID,
		    .target = (int)users, .guid = s->tables[users].rows[0]->id });
}

static void
row_derive(struct sim *s, const struct table *t, struct row *r)
{
	const int owner = column_find(t, "ownerid");
	defaults_put(s, t, r);
	if (strcmp(t->name, "contact") == 0)
		fullname_make(t, r);
	if (owner >= 0)
		cell_put(r, column_find(t, "owninguser"),
		    cell_copy(cell_of(r, owner)));
	if (t->activity && cell_of(r, column_find(t, "activitytypecode"))->kind ==
	    K_NULL)
		cell_put(r, column_find(t, "activitytypecode"),
		    (struct cell){ .kind = K_TEXT, .target = -1,
			.text = dup_text(t->name) });
	pointer_mirror(s, t, r);
}

/* ---- changes */
static void
cells_set(struct sim *s, const struct table *t, struct row *r, json_t *set)
{
	char why[256];
	const char *name;
	json_t *v;
	json_object_foreach(set, name, v) {
		struct cell c;
		const int col = column_find(t, name);
		if (col >= 0 &&
		    cell_read(s, &t->cols[col], v, &c, why, sizeof(why)))
			cell_put(r, col, c);
	}
}

static void
remove_apply(struct sim *s, struct table *t, const json_t *line, struct guid id)
{
	struct row *r = row_find(t, id);
	if (r == NULL)
		return;
	r->gone = true;
	r->version = int_of(line, "version", 0);
	r->changed_at = time_of(line, "received_at", s->now);
	if (s->version < r->version)
		s->version = r->version;
	pointer_mirror(s, t, r);
}

static void
write_apply(struct sim *s, struct table *t, const json_t *line, struct guid id)
{
	const int64_t at = time_of(line, "received_at", s->now);
	const bool fresh = row_find(t, id) == NULL;
	struct row *r = row_room(t, id);
	if (fresh)
		for (size_t i = 0; i < r->n_cells; i++)
			cell_free(&r->cells[i]);
	r->version = int_of(line, "version", 0);
	if (s->version < r->version)
		s->version = r->version;
	r->changed_at = at;
	r->visible_at = at + int_of(line, "late_s", 0);
	const struct cell stamp = { .kind = K_TIME, .target = -1, .num = at };
	cell_put(r, 0, (struct cell){ .kind = K_GUID, .target = -1, .guid = id });
	if (fresh)
		cell_put(r, t->created, stamp);
	cell_put(r, t->modified, stamp);
	cells_set(s, t, r, json_object_get(line, "set"));
	row_derive(s, t, r);
}

void
store_apply(struct sim *s, const json_t *line)
{
	size_t i;
	struct guid id;
	const char *name = str_of(line, "table"), *text = str_of(line, "id");
	if (name == NULL || text == NULL || !table_find(s, name, &i) ||
	    !guid_parse(text, strlen(text), &id))
		return;
	if (strcmp(str_of(line, "kind"), "delete") == 0)
		remove_apply(s, &s->tables[i], line, id);
	else
		write_apply(s, &s->tables[i], line, id);
}

static void
change(struct sim *s, json_t *line, bool quiet)
{
	json_object_set_new(line, "version", json_integer(J(s->version + 1)));
	if (!quiet) {
		ledger_add(s, line);
		return;
	}
	char text[40];
	json_object_set_new(line, "received_at",
	    json_string(sim_time_text(s->now, "Z", text, sizeof(text))));
	store_apply(s, line);
	json_decref(line);
}

struct row *
store_write(struct sim *s, struct write *w)
{
	json_t *line = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:o}", "seq", 0,
	    "kind", "write", "op", w->op, "by", w->by, "table",
	    s->tables[w->table].name, "id", guid_text(w->id), "set", w->set);
	if (w->late_s > 0)
		json_object_set_new(line, "late_s", json_integer(J(w->late_s)));
	change(s, line, w->quiet);
	return row_find(&s->tables[w->table], w->id);
}

void
store_remove(
    struct sim *s, size_t table, struct guid id, const char *by, bool quiet)
{
	change(s, json_pack("{s:i, s:s, s:s, s:s, s:s}", "seq", 0, "kind",
	    "delete", "by", by, "table", s->tables[table].name, "id",
	    guid_text(id)), quiet);
}
