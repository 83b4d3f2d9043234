/*
 * body.c - what a client may write.
 */
#include "sim.h"

#include <stdlib.h>

static bool
no(struct reply *out, const char *code, const char *table, const char *what,
    const char *name)
{
	reply_error(out, 400, code,
	    "Error identified in Payload provided by the user for Entity :'%s', "
	    "InnerException : %s '%.100s'.", table, what, name);
	return false;
}

/* "npt_Contact@odata.bind": "/contacts(60c4...)", or null */
static bool
bind_add(struct sim *s, struct request *r, struct reply *out,
    const struct table *t, const char *nav, const json_t *v, json_t *set)
{
	size_t target, other;
	struct guid id;
	const int col = nav_find(t, nav, &target);
	if (col < 0)
		return no(out, "0x80048d19", t->set,
		    "An undeclared property was found in the payload:", nav);
	const char *name = t->cols[col].name;
	if (json_is_null(v)) {
		json_object_set_new(set, name, json_null());
		return true;
	}
	if (!json_is_string(v))
		return no(out, "0x80048d19", t->set, "No reference in", nav);
	const char *why = bind_read(s, r, json_string_value(v), &other, &id);
	if (why != NULL) {
		reply_error(out, starts(why, "Does") ? 404 : 400,
		    starts(why, "Does") ? "0x80040217" : "0x80048d19",
		    "%s: %s", json_string_value(v), why);
		return false;
	}
	if (strcmp(s->tables[other].name, t->cols[col].targets[target].table) != 0)
		return no(out, "0x80048d19", t->set, "The wrong table for", nav);
	json_object_set_new(set, name, json_pack("s++", s->tables[other].name,
	    ":", guid_text(id)));
	return true;
}

static bool
column_write(struct sim *s, struct reply *out, const struct table *t,
    const char *name, const json_t *v, int key_col, json_t *set)
{
	char why[300];
	struct cell c;
	size_t target;
	const int col = column_find(t, name);
	const int nav = nav_find(t, name, &target);
	if (nav >= 0 && json_is_null(v)) {
		json_object_set_new(set, t->cols[nav].name, json_null());
		return true;
	}
	if (property_find(t, name) >= 0 && col < 0)
		return no(out, "0x80048d19", t->set, "CRM do not support direct "
		    "update of Entity Reference properties, Use Navigation "
		    "properties instead:", name);
	if (col < 0 || t->cols[col].type == CT_LOOKUP)
		return no(out, "0x80048d19", t->set,
		    "Microsoft.Crm.CrmException: Invalid property was found:",
		    name);
	if (col == key_col)
		return no(out, "0x80040216", t->set,
		    "The key column must not stand in the body:", name);
	if (!cell_read(s, &t->cols[col], v, &c, why, sizeof(why))) {
		reply_error(out, 400, strstr(why, "maximum allowed length") != NULL
		    ? "0x80044331" : "0x80048d19", "%s", why);
		return false;
	}
	cell_free(&c);
	/* As the service: read-only ones are left out without a word. */
	if (!t->cols[col].readonly)
		json_object_set(set, name, (json_t *)(uintptr_t)v);
	return true;
}

static bool
member_write(struct sim *s, struct request *r, struct reply *out,
    const struct table *t, const char *name, const json_t *v, int key_col,
    json_t *set)
{
	const char *at = strchr(name, '@');
	if (at == NULL)
		return column_write(s, out, t, name, v, key_col, set);
	if (strcmp(at, "@odata.bind") != 0)
		return true;
	return bind_add(s, r, out, t,
	    pool_text(&r->pool, name, (size_t)(at - name)), v, set);
}

json_t *
body_read(struct sim *s, struct request *r, struct reply *out, size_t table,
    int key_col)
{
	const char *name;
	json_t *v;
	bool ok = true;
	if (r->h.type == NULL || !starts(r->h.type, "application/json")) {
		reply_error(out, 415, "0x0", "A supported MIME type could not be "
		    "found that matches the content type of the request.");
		return NULL;
	}
	json_t *in = json_loadb(r->in.body == NULL ? "" : r->in.body, r->in.len,
	    JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(in)) {
		reply_error(out, 400, "0x80048d19",
		    "Error identified in Payload: the body is no JSON object.");
		json_decref(in);
		return NULL;
	}
	json_t *set = json_object();
	json_object_foreach(in, name, v)
		ok = ok && member_write(s, r, out, &s->tables[table], name, v,
			       key_col, set);
	json_decref(in);
	if (ok)
		return set;
	json_decref(set);
	return NULL;
}
