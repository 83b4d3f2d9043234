/*
 * ledger.c - what was accepted, one line each, on disk before it is true.
 */
#include "sim.h"

#include <stdlib.h>
#include <unistd.h>

static void
table_made(struct sim *s, const json_t *line)
{
	struct table *t = table_add(s, str_of(line, "table"),
	    str_of(line, "set"), str_of(line, "spec"));
	t->custom = true;
	t->label = 1;
}

static void
line_apply(struct sim *s, const json_t *line)
{
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
	char *text = json_text(line);
	const size_t len = strlen(text);
	text[len] = '\n';
	if (s->set_lines != NULL)
		text_add(s->set_lines, text, len + 1);
	else if (write(s->ledger, text, len + 1) != (ssize_t)len + 1 ||
	    (!s->opt.no_sync && fdatasync(s->ledger) != 0))
		die("ledger");
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
ledger_load(struct sim *s, const char *path)
{
	char *line = NULL;
	size_t room = 0;
	off_t whole = 0;
	ssize_t len;
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return;
	while ((len = getline(&line, &room, f)) > 0 && line[len - 1] == '\n') {
		json_t *rec = json_loadb(line, (size_t)len, 0, NULL);
		if (rec == NULL)
			die("a line of the ledger cannot be read");
		line_apply(s, rec);
		json_decref(rec);
		whole += len;
	}
	free(line);
	fclose(f);
	/* A torn last line was never answered: it did not happen. */
	if (truncate(path, whole) != 0)
		die(path);
}
