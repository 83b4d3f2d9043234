/*
 * ledger.c - every change after the drawn world: a line on disk first, then in
 * memory; the order that a kill must not turn round.
 */
#include <stdlib.h>

#include "sim.h"

static void
props_apply(struct kind *k, const json_t *line)
{
	enum ptype type = P_TEXT;
	const char *name = str_of(line, "property");
	const json_t *options = json_object_get(line, "options"), *o;
	int i = prop_find(k, name);
	size_t n;

	(void)ptype_read(str_of(line, "type"), &type);
	struct prop *p = i >= 0 ? &k->props[i]
	    : prop_add(k, name, type, str_of(line, "field"),
		  flag_of(line, "readonly"));
	if (str_of(line, "label") != NULL) {
		free(p->label);
		p->label = dup_text(str_of(line, "label"));
	}
	p->chars_max = int_of(line, "chars_max", p->chars_max);
	if (options == NULL)
		return;
	options_clear(p);
	json_array_foreach(options, n, o)
		option_add(p, str_of(o, "label"), str_of(o, "value"),
		    flag_of(o, "hidden"), int_of(o, "displayOrder", -1));
}

static void
flags_apply(const struct kind *k, const json_t *line, const char *what)
{
	struct record *r = record_find(k, int_of(line, "id", 0));

	if (r == NULL)
		return;
	r->archived |= strcmp(what, "archive") == 0;
	r->erased |= strcmp(what, "erase") == 0;
	if (strcmp(what, "merge") == 0)
		r->merged_into = int_of(line, "into", 0);
}

static void
links_apply(struct sim *s, const struct kind *k, const json_t *line)
{
	const struct kind *to = kind_find(s, str_of(line, "to"));
	const int64_t id = int_of(line, "id", 0);
	const int64_t with = int_of(line, "with", 0);

	if (to == NULL)
		return;
	if (flag_of(line, "gone"))
		link_drop(s, kind_place(s, k), id, kind_place(s, to), with);
	else
		link_put(s, kind_place(s, k), id, kind_place(s, to), with,
		    str_of(line, "label"));
}

static void
line_apply(void *sim, json_t *line)
{
	struct sim *s = sim;
	struct kind *k = kind_find(s, str_of(line, "object"));
	const char *what = str_of(line, "kind");
	struct change c = { .id = int_of(line, "id", 0),
		.set = json_object_get(line, "set"),
		.seen_from = int_of(line, "seen_from", 0),
		.quiet = flag_of(line, "quiet") };

	s->seq = int_of(line, "seq", s->seq);
	if (k == NULL || what == NULL || !ms_parse(str_of(line, "stamp"),
	    &c.ms))
		return;
	c.obj = kind_place(s, k);
	if (strcmp(what, "write") == 0)
		(void)change_apply(s, &c);
	else if (strcmp(what, "property") == 0)
		props_apply(k, line);
	else if (strcmp(what, "link") == 0)
		links_apply(s, k, line);
	else
		flags_apply(k, line, what);
}

void
ledger_put(struct sim *s, json_t *line)
{
	json_object_set_new(line, "seq", json_integer(J(s->seq + 1)));
	json_object_set_new(line, "at", json_string(ms_iso(1000 * s->now)));
	if (str_of(line, "stamp") == NULL)
		json_object_set_new(line, "stamp",
		    json_string(ms_iso(now_ms(s))));
	line_add(s->ledger, line, !s->opt.no_sync);
	line_apply(s, line);
	json_decref(line);
}

void
violation(struct sim *s, const char *what, const char *where)
{
	count_up(s->violations, what);
	ledger_put(s, json_pack("{s:s, s:s, s:s?}", "kind", "violation", "what",
	    what, "where", where));
}

void
ledger_load(struct sim *s)
{
	lines_read(s->opt.dir, line_apply, s);
}
