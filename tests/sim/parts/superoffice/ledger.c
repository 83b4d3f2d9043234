/*
 * ledger.c - every change after the drawn world: a line on disk first, then in
 * memory; the order that a kill must not turn round.  What the service works
 * out by itself (stamps, history, last activity) is worked out here, so that a
 * restart works it out again.
 */
#include "sim.h"

/* A sale's saved version; also of the drawn world. */
void
history_add(struct sim *s, const json_t *sale, int64_t seen_at)
{
	json_t *v = json_deep_copy(sale);

	if (mutant_is(s, MUT_HISTORY))
		json_object_set_new(v, "saleStatus", json_integer(1));
	row_add(s, T_HISTORY, next_id(s, T_HISTORY), v)->seen_at = seen_at;
}

static void
company_touch(struct sim *s, enum table_id t, const json_t *v, int64_t at)
{
	static const char *const keys[TABLES] = {
		[T_APPOINTMENT] = "LastActivity", [T_SALE] = "LastSale",
		[T_TICKET] = "LastTicket" };
	struct row *company = row_find(s, T_COMPANY,
	    int_of(v, "contactId", 0));

	if (keys[t] == NULL || company == NULL)
		return;
	if (int_of(company->v, keys[t], 0) < at)
		json_object_set_new(company->v, keys[t], json_integer(at));
}

static void
state_apply(struct sim *s, const json_t *line)
{
	const char *kind = str_of(line, "kind");
	const int table = table_find(str_of(line, "table"));
	const int64_t id = int_of(line, "id", 0);
	int64_t at = int_of(line, "stamp", 0);
	struct row *row;

	if (table < 0 || kind == NULL)
		return;
	const enum table_id t = (enum table_id)table;
	row = row_find(s, t, id);
	if (row == NULL)
		row = row_add(s, t, id, json_object());
	if (strcmp(kind, "delete") == 0)
		row->seen_at = INT64_MAX;
	json_object_update(row->v, json_object_get(line, "set"));
	json_object_set_new(row->v, s->tables[t].key, json_integer(id));
	const char *key = updated_key(t);
	if (!flag_of(line, "quiet"))
		json_object_set_new(row->v, key, json_integer(at));
	if (strcmp(kind, "create") == 0)
		row->seen_at = int_of(line, "seen_at", at);
	company_touch(s, t, row->v, at);
	if (t == T_SALE)
		history_add(s, row->v, row->seen_at);
}

/* Takes the line.  "stamp" is what updated shows; now, if it is not given. */
void
ledger_add(struct sim *s, json_t *line)
{
	char at[40];

	s->seq++;
	json_object_set_new(line, "seq", json_integer(s->seq));
	json_object_set_new(line, "received_at",
	    json_string(sim_time_text(s->now, "Z", at, sizeof(at))));
	if (json_object_get(line, "stamp") == NULL)
		json_object_set_new(line, "stamp", json_integer(s->now));
	if (mutant_is(s, MUT_STAMP_STILL))
		json_object_set_new(line, "quiet", json_true());
	line_add(s->ledger, line, !s->opt.no_sync);
	state_apply(s, line);
	json_decref(line);
}

/* Some columns of a row; the line has what they were.  Takes set. */
void
row_set(struct sim *s, const char *by, enum table_id t, int64_t id,
    json_t *set)
{
	const struct row *row = row_find(s, t, id);
	json_t *was = json_object();
	const char *key;
	json_t *v;

	json_object_foreach(set, key, v) {
		const json_t *is = json_object_get(row->v, key);
		json_object_set_new(was, key,
		    is == NULL ? json_null() : json_deep_copy(is));
	}
	ledger_add(s, json_pack("{s:s, s:s, s:s, s:I, s:o, s:o}", "kind",
	    "update", "by", by, "table", s->tables[t].name, "id",
	    (json_int_t)id, "set", set, "was", was));
}

static void
line_read(void *sim, json_t *line)
{
	struct sim *s = sim;

	state_apply(s, line);
	s->seq = int_of(line, "seq", s->seq);
}

void
ledger_load(struct sim *s)
{
	lines_read(s->opt.dir, line_read, s);
}
