/*
 * ledger.c - every change after the drawn world: a line on disk first, then in
 * memory; the order that a kill must not turn round.  What the service works
 * out by itself (stamps, history, last activity) is worked out here, so that a
 * restart works it out again.
 */
#include <stdlib.h>
#include <unistd.h>

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
	const char *kind = text_of(line, "kind");
	const int table = table_find(text_of(line, "table"));
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
	if (!bool_of(line, "quiet"))
		json_object_set_new(row->v, key, json_integer(at));
	if (strcmp(kind, "create") == 0)
		row->seen_at = int_of(line, "seen_at", at);
	company_touch(s, t, row->v, at);
	if (t == T_SALE)
		history_add(s, row->v, row->seen_at);
}

static void
line_write(struct sim *s, json_t *line)
{
	char *text = need(json_dumps(line, JSON_COMPACT));
	const size_t len = strlen(text);

	text[len] = '\n';
	if (write(s->ledger, text, len + 1) != (ssize_t)len + 1 ||
	    (!s->opt.no_sync && fdatasync(s->ledger) != 0))
		die("ledger");
	free(text);
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
	line_write(s, line);
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

void
ledger_load(struct sim *s, const char *path)
{
	char *text = NULL;
	size_t cap = 0;
	off_t whole = 0;
	ssize_t len;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return;
	while ((len = getline(&text, &cap, f)) > 0 && text[len - 1] == '\n') {
		json_t *line = json_loadb(text, (size_t)len, 0, NULL);
		if (line == NULL)
			die("a line of the ledger cannot be read");
		state_apply(s, line);
		s->seq = int_of(line, "seq", s->seq);
		json_decref(line);
		whole += len;
	}
	free(text);
	fclose(f);
	/* A torn last line was never answered: it did not happen. */
	if (truncate(path, whole) != 0)
		die(path);
}
