/*
 * store.c - records, what links them, and what the service works out by itself.
 */
#include "store.h"

#include <stdlib.h>

#include "sim.h"

/* ---- look-ups ------------------------------------------------------------ */

/* Where it stands, or would. */
static size_t
row_place(const struct kind *k, int64_t id)
{
	size_t low = 0, high = k->n_rows;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		if (k->rows[mid]->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct record *
record_find(const struct kind *k, int64_t id)
{
	const size_t i = row_place(k, id);

	return i < k->n_rows && k->rows[i]->id == id ? k->rows[i] : NULL;
}

struct record *
record_now(const struct kind *k, int64_t id)
{
	struct record *r = record_find(k, id);

	for (int i = 0; r != NULL && r->merged_into != 0 && i < 32; i++)
		r = record_find(k, r->merged_into);
	return r;
}

struct record *
record_add(struct kind *k, int64_t id, int64_t ms)
{
	const size_t i = row_place(k, id);
	struct record *r = need(calloc(1, sizeof(*r)));

	*r = (struct record){ .id = id, .created_ms = ms, .updated_ms = ms };
	k->rows = grow(k->rows, k->n_rows, sizeof(struct record *));
	memmove(k->rows + i + 1, k->rows + i,
	    (k->n_rows - i) * sizeof(struct record *));
	k->rows[i] = r;
	k->n_rows++;
	return r;
}

const char *
record_get(const struct kind *k, const struct record *r, const char *name)
{
	const int i = prop_find(k, name);

	return i >= 0 && (size_t)i < r->n_values ? r->v[i] : NULL;
}

/* What the drawn days bring is not there before its time. */
bool
record_seen(const struct sim *s, const struct record *r)
{
	return !r->archived && !r->erased && r->updated_ms <= now_ms(s);
}

struct record *
record_by_email(const struct kind *k, const char *email)
{
	for (size_t i = 0; i < k->n_rows; i++) {
		const char *has = record_get(k, k->rows[i], "email");
		if (has != NULL && same_fold(has, email) &&
		    k->rows[i]->merged_into == 0 && !k->rows[i]->archived)
			return k->rows[i];
	}
	return NULL;
}

/* ---- values -------------------------------------------------------------- */

static void
value_put(struct kind *k, struct record *r, int at, const char *text)
{
	const size_t i = (size_t)at;

	if (i >= r->n_values) {
		r->v = need(realloc(r->v, k->n_props * sizeof(char *)));
		memset(r->v + r->n_values, 0,
		    (k->n_props - r->n_values) * sizeof(char *));
		r->n_values = k->n_props;
	}
	char *normal = value_normal(&k->props[i], text);
	free(r->v[i]);
	r->v[i] = normal;
}

static void
value_name(struct kind *k, struct record *r, const char *name,
    const char *text)
{
	const int i = prop_find(k, name);

	if (i >= 0)
		value_put(k, r, i, text);
}

/* ---- what search sees ---------------------------------------------------- */

static void
index_drop(struct record *r)
{
	for (size_t i = 0; r->indexed != NULL && i < r->n_indexed; i++)
		free(r->indexed[i]);
	free(r->indexed);
	r->indexed = NULL;
	r->n_indexed = 0;
	r->seen_from = 0;
}

/* The state before a change stays in the index until the change is seen. */
static void
index_keep(const struct sim *s, struct record *r, bool fresh, int64_t until)
{
	const bool waits = r->seen_from > s->now;

	if (!waits)
		index_drop(r);
	if (until <= s->now)
		return;
	if (!waits && !fresh) {
		r->indexed = need(calloc(r->n_values + 1, sizeof(char *)));
		for (size_t i = 0; i < r->n_values; i++)
			r->indexed[i] = r->v[i] == NULL ? NULL
			    : dup_text(r->v[i]);
		r->n_indexed = r->n_values;
		r->indexed_updated_ms = r->updated_ms;
	}
	r->seen_from = until > r->seen_from ? until : r->seen_from;
}

bool
record_indexed(const struct sim *s, struct record *r, char ***v, size_t *n)
{
	if (r->merged_into != 0 || r->archived || r->erased)
		return false;
	const bool waits = r->seen_from > s->now;
	if (!waits && !record_seen(s, r))
		return false;
	*v = waits ? r->indexed : r->v;
	*n = waits ? r->n_indexed : r->n_values;
	return *v != NULL;
}

/* ---- links --------------------------------------------------------------- */

static int
link_type(enum obj from, enum obj to)
{
	return from == OBJ_MEETINGS && to == OBJ_CONTACTS ? 200
	    : from == OBJ_DEALS && to == OBJ_CONTACTS	  ? 3
	    : from == OBJ_TICKETS && to == OBJ_CONTACTS	  ? 16
							  : 1000 + (int)to;
}

static void
link_one(struct sim *s, enum obj a, int64_t id, const struct link *to)
{
	struct record *r = record_find(&s->kinds[a], id);

	for (size_t i = 0; r != NULL && i < r->n_links; i++)
		if (r->links[i].to == to->to && r->links[i].id == to->id) {
			r->links[i] = *to;
			return;
		}
	if (r == NULL)
		return;
	r->links = grow(r->links, r->n_links, sizeof(*r->links));
	r->links[r->n_links++] = *to;
}

void
link_put(struct sim *s, enum obj a, int64_t id, enum obj b, int64_t with,
    const char *label)
{
	static const char *const labels[] = { "Beslutningstager", "Billing",
		NULL };
	const int i = place_of(label, labels);
	const char *kept = i < 0 ? NULL : labels[i];

	link_one(s, a, id, &(struct link){ b, with, link_type(a, b), kept });
	link_one(s, b, with, &(struct link){ a, id, link_type(b, a), kept });
}

static bool
unlink_one(struct sim *s, enum obj a, int64_t id, enum obj b, int64_t with)
{
	struct record *r = record_find(&s->kinds[a], id);
	size_t kept = 0;

	if (r == NULL)
		return false;
	const size_t was = r->n_links;
	for (size_t i = 0; i < was; i++)
		if (r->links[i].to != b || r->links[i].id != with)
			r->links[kept++] = r->links[i];
	r->n_links = kept;
	return kept < was;
}

bool
link_drop(struct sim *s, enum obj a, int64_t id, enum obj b, int64_t with)
{
	unlink_one(s, b, with, a, id);
	return unlink_one(s, a, id, b, with);
}

/* ---- a change ------------------------------------------------------------ */

static void
stage_entered(struct kind *k, struct record *r, const json_t *set,
    const struct stage *st, int64_t ms)
{
	char *name = fmt_text("hs_v2_date_entered_%s", st->id);

	if (json_object_get(set, name) == NULL)
		value_name(k, r, name, ms_iso(ms));
	free(name);
}

static void
deal_derive(struct kind *k, struct record *r, const json_t *set, int64_t ms)
{
	const char *id = str_of(set, "dealstage");
	const struct stage *st = stage_find(deal_stages, id);

	if (id == NULL)
		return;
	const bool closed = st != NULL && st->closed;
	const bool won = closed && st->won;
	value_name(k, r, "hs_is_closed", closed ? "true" : "false");
	value_name(k, r, "hs_is_closed_won", won ? "true" : "false");
	value_name(k, r, "hs_is_closed_lost", closed && !won ? "true"
	    : "false");
	if (st == NULL)
		return;
	value_name(k, r, "pipeline", st->pipeline);
	stage_entered(k, r, set, st, ms);
}

static void
ticket_derive(struct kind *k, struct record *r, const json_t *set, int64_t ms)
{
	const struct stage *st = stage_find(ticket_stages,
	    str_of(set, "hs_pipeline_stage"));

	if (st == NULL)
		return;
	value_name(k, r, "hs_pipeline", st->pipeline);
	stage_entered(k, r, set, st, ms);
	if (json_object_get(set, "closed_date") == NULL)
		value_name(k, r, "closed_date", st->closed ? ms_iso(ms) : "");
}

static void
stamps_set(struct kind *k, struct record *r, const struct change *c, bool fresh)
{
	char id[24];

	if (!c->quiet || fresh) {
		r->updated_ms = c->ms;
		value_name(k, r, k->modified, ms_iso(c->ms));
	}
	if (!fresh)
		return;
	snprintf(id, sizeof(id), "%lld", (long long)r->id);
	value_name(k, r, "hs_object_id", id);
	value_name(k, r, k->created, ms_iso(r->created_ms));
}

/* A stage that it has already is no change. */
static bool
stage_moves(const struct kind *k, const struct record *r, const json_t *set,
    const char *name)
{
	const char *to = str_of(set, name), *is = record_get(k, r, name);

	return to != NULL && (is == NULL || strcmp(is, to) != 0);
}

struct record *
change_apply(struct sim *s, const struct change *c)
{
	struct kind *k = &s->kinds[c->obj];
	struct record *r = record_find(k, c->id);
	const bool fresh = r == NULL;
	const char *name;
	json_t *v;

	if (fresh)
		r = record_add(k, c->id, c->ms);
	const bool deal = c->obj == OBJ_DEALS &&
	    stage_moves(k, r, c->set, "dealstage");
	const bool ticket = c->obj == OBJ_TICKETS &&
	    stage_moves(k, r, c->set, "hs_pipeline_stage");
	index_keep(s, r, fresh, c->seen_from);
	json_object_foreach(c->set, name, v)
		value_name(k, r, name, json_string_value(v));
	if (deal)
		deal_derive(k, r, c->set, c->ms);
	if (ticket)
		ticket_derive(k, r, c->set, c->ms);
	stamps_set(k, r, c, fresh);
	if (c->id > s->next_id)
		s->next_id = c->id;
	return r;
}
