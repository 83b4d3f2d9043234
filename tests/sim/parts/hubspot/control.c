/*
 * control.c - the /sim/ calls that change the account.
 */
#include <stdlib.h>

#include "sim.h"

/* A control that is misspelt must not mean something else. */
static void
wrong(struct reply *out, const char *what)
{
	reply_json(out, 400, json_pack("{s:s}", "error", what));
}

static void
done(struct reply *out)
{
	reply_json(out, 200, json_pack("{s:b}", "done", 1));
}

void
sim_now(struct sim *s, struct call *c, struct reply *out)
{
	int64_t t;

	if (!sim_time_parse(str_of(c->body, "now"), &t)) {
		wrong(out, "now");
		return;
	}
	now_set(s, t);
	done(out);
}

/* ---- records ------------------------------------------------------------- */

/* NULL, or the name of what cannot be set. */
static const char *
set_wrong(const struct kind *k, const json_t *set)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)set, name, v)
		if (prop_find(k, name) < 0 ||
		    (!json_is_string(v) && !json_is_null(v)))
			return name;
	return NULL;
}

static void
write_put(struct sim *s, const struct kind *k, int64_t id, const json_t *in)
{
	const json_t *set = json_object_get(in, "set");
	const int64_t late = int_of(in, "late_s", s->opt.lag_s);
	json_t *line = json_pack("{s:s, s:s, s:s, s:I, s:o, s:I, s:b, s:s*}",
	    "kind", "write", "by", "sim", "object", k->name, "id", J(id), "set",
	    set == NULL ? json_object() : json_incref((json_t *)(uintptr_t)set),
	    "seen_from", J(s->now + late), "quiet", (int)flag_of(in, "quiet"),
	    "stamp", str_of(in, "stamp"));

	ledger_put(s, line);
}

static void
links_put(struct sim *s, const struct kind *k, int64_t id, const json_t *with)
{
	size_t i;
	json_t *v;

	json_array_foreach((json_t *)(uintptr_t)with, i, v) {
		int64_t other;
		if (id_read(v, &other))
			ledger_put(s, json_pack("{s:s, s:s, s:s, s:I, s:s, s:I}",
			    "kind", "link", "by", "sim", "object", k->name,
			    "id", J(id), "to", "contacts", "with", J(other)));
	}
}

/* {"type", "id", "set", "count", "contacts": [ids], "stamp", "late_s",
 * "quiet"} */
void
sim_record(struct sim *s, struct call *c, struct reply *out)
{
	const struct kind *k = kind_find(s, str_of(c->body, "type"));
	const json_t *given = json_object_get(c->body, "id");
	int64_t id = 0;
	const char *bad = k == NULL ? "type"
	    : set_wrong(k, json_object_get(c->body, "set"));

	if (given != NULL && !id_read(given, &id))
		bad = "id";
	if (bad != NULL) {
		wrong(out, bad);
		return;
	}
	json_t *ids = json_array();
	for (int64_t n = int_of(c->body, "count", 1); n > 0; n--) {
		const int64_t one = given != NULL ? id : s->next_id + 1;
		write_put(s, k, one, c->body);
		links_put(s, k, one, json_object_get(c->body, "contacts"));
		json_array_append_new(ids, json_sprintf("%lld",
		    (long long)one));
	}
	reply_json(out, 200, json_pack("{s:O, s:o}", "id",
	    json_array_get(ids, 0), "ids", ids));
}

/* The rows of a condition, in the words of a search but without its limits;
 * NULL = there is none such. */
static struct record **
rows_wanted(struct sim *s, struct call *c, struct reply *out, size_t *n)
{
	struct kind *k = kind_find(s, str_of(c->body, "type"));
	const json_t *filters = json_object_get(c->body, "filters");
	json_t *groups = filters == NULL ? json_array()
	    : json_pack("[{s:O}]", "filters", filters);
	const char *why = "type";
	struct filter *f = k == NULL ? NULL : filter_parse(s, k, groups, &why);
	struct record **rows = NULL;

	*n = 0;
	for (size_t i = 0; f != NULL && i < k->n_rows; i++) {
		struct record *r = k->rows[i];
		if (r->archived || r->erased || r->merged_into != 0 ||
		    !filter_fits(f, r->v, r->n_values))
			continue;
		rows = grow(rows, *n, sizeof(r));
		rows[(*n)++] = r;
	}
	if (f == NULL)
		wrong(out, why);
	else if (rows == NULL)
		rows = grow(NULL, 0, sizeof(*rows));
	filter_free(f);
	json_decref(groups);
	return rows;
}

/* {"type", "filters", "set", "limit", "stamp", "late_s"}: all at once */
void
sim_update(struct sim *s, struct call *c, struct reply *out)
{
	size_t n;
	struct record **rows = rows_wanted(s, c, out, &n);
	const int64_t most = int_of(c->body, "limit", INT64_MAX);
	struct kind *k = kind_find(s, str_of(c->body, "type"));
	const char *bad = rows == NULL ? NULL
	    : set_wrong(k, json_object_get(c->body, "set"));
	int64_t i = 0;

	if (bad != NULL)
		wrong(out, bad);
	for (; rows != NULL && bad == NULL && i < (int64_t)n && i < most; i++)
		write_put(s, k, rows[i]->id, c->body);
	if (rows != NULL && bad == NULL)
		reply_json(out, 200, json_pack("{s:I}", "count", J(i)));
	free(rows);
}

/* {"type", "filters", "limit"}: total, and the rows with all they have */
void
sim_rows(struct sim *s, struct call *c, struct reply *out)
{
	size_t n;
	struct record **rows = rows_wanted(s, c, out, &n);
	const int64_t most = int_of(c->body, "limit", 100);
	const struct kind *k = kind_find(s, str_of(c->body, "type"));
	json_t *all = json_array(), *names = json_array();

	for (size_t i = 0; rows != NULL && i < k->n_props; i++)
		json_array_append_new(names, json_string(k->props[i].name));
	for (size_t i = 0; rows != NULL && i < n && (int64_t)i < most; i++)
		json_array_append_new(all, row_json(s, k, rows[i], names));
	if (rows != NULL)
		reply_json(out, 200, json_pack("{s:I, s:O}", "total", J(n),
		    "rows", all));
	json_decref(all);
	json_decref(names);
	free(rows);
}

/* ---- what happens to them ------------------------------------------------ */

static const struct kind *
one_wanted(struct sim *s, const struct call *c, const char *key, int64_t *id)
{
	const struct kind *k = kind_find(s, str_of(c->body, "type"));

	return k != NULL && id_read(json_object_get(c->body, key), id) &&
	    record_find(k, *id) != NULL ? k : NULL;
}

static void
flag_put(struct sim *s, struct call *c, struct reply *out, const char *what)
{
	int64_t id;
	const struct kind *k = one_wanted(s, c, "id", &id);

	if (k == NULL) {
		wrong(out, "type or id");
		return;
	}
	ledger_put(s, json_pack("{s:s, s:s, s:s, s:I}", "kind", what, "by",
	    "sim", "object", k->name, "id", J(id)));
	done(out);
}

void
sim_archive(struct sim *s, struct call *c, struct reply *out)
{
	flag_put(s, c, out, "archive");
}

void
sim_erase(struct sim *s, struct call *c, struct reply *out)
{
	flag_put(s, c, out, "erase");
}

/* {"type", "loser", "winner"}: what named the loser names the winner */
void
sim_merge(struct sim *s, struct call *c, struct reply *out)
{
	int64_t loser = 0, winner = 0;
	const struct kind *k = one_wanted(s, c, "loser", &loser);

	if (k == NULL || one_wanted(s, c, "winner", &winner) == NULL ||
	    loser == winner) {
		wrong(out, "type, loser or winner");
		return;
	}
	const struct record *r = record_find(k, loser);
	while (r->n_links > 0) {
		const struct link l = r->links[0];
		const char *to = s->kinds[l.to].name;
		ledger_put(s, json_pack("{s:s, s:s, s:I, s:s, s:I}", "kind",
		    "link", "object", k->name, "id", J(winner), "to", to,
		    "with", J(l.id)));
		ledger_put(s, json_pack("{s:s, s:s, s:I, s:s, s:I, s:b}",
		    "kind", "link", "object", k->name, "id", J(loser), "to",
		    to, "with", J(l.id), "gone", 1));
	}
	ledger_put(s, json_pack("{s:s, s:s, s:s, s:I, s:I}", "kind", "merge",
	    "by", "sim", "object", k->name, "id", J(loser), "into",
	    J(winner)));
	const char *before = record_get(k, record_find(k, winner),
	    "hs_merged_object_ids");
	json_t *in = json_pack("{s:{s:o}}", "set", "hs_merged_object_ids",
	    json_sprintf("%s%s%lld", before == NULL ? "" : before,
	    before == NULL ? "" : ";", (long long)loser));
	write_put(s, k, winner, in);
	json_decref(in);
	done(out);
}

/* {"type", "id", "to", "with", "label", "gone"}: no stamp moves */
void
sim_link(struct sim *s, struct call *c, struct reply *out)
{
	int64_t id, with;
	const struct kind *k = one_wanted(s, c, "id", &id);
	const struct kind *to = kind_find(s, str_of(c->body, "to"));

	if (k == NULL || to == NULL ||
	    !id_read(json_object_get(c->body, "with"), &with)) {
		wrong(out, "type, id, to or with");
		return;
	}
	ledger_put(s, json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:s*, s:b}",
	    "kind", "link", "by", "sim", "object", k->name, "id", J(id), "to",
	    to->name, "with", J(with), "label", str_of(c->body, "label"),
	    "gone", (int)flag_of(c->body, "gone")));
	done(out);
}

static json_t *
options_given(const json_t *words)
{
	json_t *all = json_array(), *v;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)words, i, v)
		json_array_append_new(all, json_pack("{s:O, s:O, s:b, s:i}",
		    "label", v, "value", v, "hidden", 0, "displayOrder",
		    (int)i));
	return all;
}

/* {"type", "name", "is": "enumeration", "field", "options": ["a"],
 * "chars_max"}: made or changed */
void
sim_property(struct sim *s, struct call *c, struct reply *out)
{
	const struct kind *k = kind_find(s, str_of(c->body, "type"));
	const char *name = str_of(c->body, "name");
	const json_t *options = json_object_get(c->body, "options");
	enum ptype type;

	if (k == NULL || name == NULL || (prop_find(k, name) < 0 &&
	    !ptype_read(str_of(c->body, "is"), &type))) {
		wrong(out, "type, name or is");
		return;
	}
	json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*, s:I}",
	    "kind", "property", "by", "sim", "object", k->name, "property",
	    name, "type", str_of(c->body, "is"), "field",
	    str_of(c->body, "field"), "chars_max",
	    J(int_of(c->body, "chars_max", 0)));
	if (options != NULL)
		json_object_set_new(line, "options", options_given(options));
	ledger_put(s, line);
	done(out);
}
