/*
 * ledger.c - what was accepted, one line each, on disk before it is true.
 */
#include "sim.h"

#include <stdlib.h>

static void
table_made(struct sim *s, const json_t *line)
{
	struct table *t = table_add(s, str_of(line, "table"),
	    str_of(line, "set"), str_of(line, "spec"));
	t->custom = true;
	t->label = 1;
}

static void
line_apply(void *sim, json_t *line)
{
	struct sim *s = sim;
	size_t i;
	const char *kind = str_of(line, "kind"), *name = str_of(line, "table");
	const int64_t seq = int_of(line, "seq", 0);
	if (seq > s->seq)
		s->seq = seq;
	if (kind == NULL)
		return;
	if (strcmp(kind, "write") == 0 || strcmp(kind, "delete") == 0)
		store_apply(s, line);
	else if (strcmp(kind, "table") == 0)
		table_made(s, line);
	else if (name == NULL || !table_find(s, name, &i))
		return;
	else if (strcmp(kind, "column") == 0)
		column_add(&s->tables[i], str_of(line, "spec"));
	else if (strcmp(kind, "key") == 0)
		key_add(&s->tables[i], str_of(line, "name"),
		    str_of(line, "column"),
		    time_of(line, "active_at", NO_TIME));
}

/* Within a change set nothing is written before all of it stands: see batch.c,
 * which collects the lines. */
static void
line_write(struct sim *s, json_t *line)
{
	if (s->set_lines == NULL) {
		line_add(s->ledger, line, !s->opt.no_sync);
		return;
	}
	char *text = json_text(line);
	text_str(s->set_lines, text);
	text_str(s->set_lines, "\n");
	free(text);
}

void
ledger_add(struct sim *s, json_t *line)
{
	char text[40];
	json_object_set_new(line, "seq", json_integer(J(s->seq + 1)));
	json_object_set_new(line, "received_at",
	    json_string(sim_time_text(s->now, "Z", text, sizeof(text))));
	line_write(s, line);
	line_apply(s, line);
	json_decref(line);
}

void
ledger_load(struct sim *s)
{
	lines_read(s->opt.dir, line_apply, s);
}
