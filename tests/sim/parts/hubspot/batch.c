/*
 * batch.c - batch read, batch update, and the change of one record.
 */
#include <stdlib.h>

#include "sim.h"

#define INPUTS_MAX 100

/* false = answered: no inputs, too many of them, one of them twice. */
static bool
inputs_good(struct sim *s, struct call *c, struct reply *out)
{
	const json_t *inputs = json_object_get(c->body, "inputs");
	const char *bad = NULL;
	json_t *seen = json_object(), *in;
	size_t i;

	if (!json_is_array(inputs))
		bad = "inputs_missing";
	else if (json_array_size(inputs) > INPUTS_MAX)
		bad = "too_many_inputs";
	json_array_foreach((json_t *)(uintptr_t)inputs, i, in) {
		const char *id = str_of(in, "id");
		if (id == NULL)
			bad = "input_without_id";
		else if (json_object_get(seen, id) != NULL)
			bad = "input_twice";
		else
			json_object_set_new(seen, id, json_true());
	}
	json_decref(seen);
	if (bad == NULL)
		return true;
	violation(s, bad, c->path);
	reply_error(s, out, 400, "VALIDATION_ERROR", "Invalid batch: %s", bad);
	return false;
}

static struct record *
input_find(const struct sim *s, struct call *c, const json_t *in)
{
	const char *by = str_of(c->body, "idProperty");
	int64_t id;

	if (by == NULL)
		by = str_of(in, "idProperty");
	if (by != NULL && strcmp(by, "email") == 0)
		return record_by_email(c->kind, str_of(in, "id"));
	struct record *r = id_read(json_object_get(in, "id"), &id)
	    ? record_now(c->kind, id) : NULL;
	return r == NULL || !record_seen(s, r) ? NULL : r;
}

/* ---- reading ------------------------------------------------------------- */

/* The answers stand in an order of their own. */
void
on_batch_read(struct sim *s, struct call *c, struct reply *out)
{
	const json_t *inputs = json_object_get(c->body, "inputs");
	const json_t *names = json_object_get(c->body, "properties");
	json_t *rows = json_array(), *errors = json_array();

	if (!inputs_good(s, c, out)) {
		json_decref(rows);
		json_decref(errors);
		return;
	}
	for (size_t i = json_array_size(inputs); i-- > 0;) {
		const json_t *in = json_array_get(inputs, i);
		const struct record *r = input_find(s, c, in);
		if (r == NULL)
			json_array_append_new(errors, batch_error(s,
			    "OBJECT_NOT_FOUND", "Could not get some objects, "
			    "they may be deleted or not exist.",
			    json_object_get(in, "id")));
		else if (i == 0 || !mutant(s, "read-drops"))
			json_array_append_new(rows, row_json(s, c->kind, r,
			    names));
	}
	reply_batch(s, c, out, rows, errors);
	fault_page(c, out->json);
}

/* ---- one change ---------------------------------------------------------- */

struct plan {
	struct record *r;
	json_t *set, *was;
	const char *category;	/* NULL = it can be done */
	char message[300];
};

static void
plan_end(struct plan *p)
{
	json_decref(p->set);
	json_decref(p->was);
}

/* A leading semicolon adds to what is there. */
static json_t *
value_meant(struct sim *s, const struct prop *p, const char *has,
    const json_t *v)
{
	const char *text = json_string_value(v);
	const bool adds = p->type == P_ENUM && text != NULL && *text == ';';

	if (adds)
		violation(s, "leading_semicolon", p->name);
	if (adds && has != NULL && *has != '\0')
		return json_sprintf("%s%s", has, text);
	if (text != NULL && has != NULL && mutant(s, "update-appends"))
		return json_sprintf("%s;%s", has, text);
	return adds ? json_string(text + 1) : json_incref((json_t *)(uintptr_t)v);
}

static const char *
prop_refuses(const struct call *c, const struct prop *p, const json_t *v)
{
	const char *text = json_string_value(v);
	const char *bad = value_wrong(p, text);

	if (bad == NULL && p->chars_max > 0 && c->version >= V_2026_09 &&
	    text != NULL && (int64_t)strlen(text) > p->chars_max)
		bad = "VALIDATION_RULE";
	return bad;
}

static void
prop_plan(struct sim *s, const struct call *c, struct plan *p,
    const char *name, const json_t *v)
{
	const int i = prop_find(c->kind, name);
	const char *bad = "PROPERTY_DOESNT_EXIST";

	if (i < 0) {
		violation(s, "unknown_property", c->path);
	} else if (json_is_object(v) || json_is_array(v)) {
		bad = "INVALID_VALUE";
	} else {
		const char *has = record_get(c->kind, p->r, name);
		const struct prop *prop = &c->kind->props[i];
		json_t *meant = value_meant(s, prop, has, v);
		if (json_is_number(meant)) {
			char *text = json_dumps(meant, JSON_ENCODE_ANY);
			json_decref(meant);
			meant = json_string(text);
			free(text);
		}
		bad = prop_refuses(c, prop, meant);
		json_object_set_new(p->set, name, meant);
		json_object_set_new(p->was, name, has == NULL ? json_null()
		    : json_string(has));
	}
	if (bad == NULL)
		return;
	p->category = "VALIDATION_ERROR";
	snprintf(p->message, sizeof(p->message), "Property values were not "
	    "valid: [{\"isValid\":false,\"error\":\"%s\",\"name\":\"%.80s\"}]",
	    bad, name);
}

static struct plan
plan_make(struct sim *s, struct call *c, struct record *r, const json_t *in)
{
	struct plan p = { .r = r, .set = json_object(), .was = json_object() };
	const json_t *props = json_object_get(in, "properties");
	const char *name;
	json_t *v;

	if (r == NULL) {
		p.category = "OBJECT_NOT_FOUND";
		snprintf(p.message, sizeof(p.message),
		    "Could not get some objects, they may be deleted");
		return p;
	}
	json_object_foreach((json_t *)(uintptr_t)props, name, v)
		prop_plan(s, c, &p, name, v);
	const char *locked = fault_record(s, c, r->id);
	if (locked != NULL && p.category == NULL) {
		p.category = locked;
		snprintf(p.message, sizeof(p.message),
		    "The record is being changed by somebody else");
	}
	return p;
}

static json_t *
plan_write(struct sim *s, struct call *c, struct plan *p)
{
	json_t *names = json_array();
	const char *name;
	json_t *v;

	if (!mutant(s, "update-lost"))
		ledger_put(s, json_pack("{s:s, s:s, s:s, s:I, s:O, s:O, s:I}",
		    "kind", "write", "by", "api", "object", c->kind->name, "id",
		    J(p->r->id), "set", p->set, "was", p->was, "seen_from",
		    J(s->now + s->opt.lag_s)));
	json_object_foreach(p->set, name, v)
		json_array_append_new(names, json_string(name));
	json_t *row = row_json(s, c->kind, p->r, names);
	json_decref(names);
	return row;
}

/* ---- a batch of changes -------------------------------------------------- */

/* One bad value, and nothing of the batch is done. */
static bool
whole_refused(struct sim *s, const struct call *c, const struct plan *plans,
    size_t n, struct reply *out)
{
	const bool whole = s->opt.whole_batch ||
	    (c->version == V_LEGACY && !s->opt.each_input);

	for (size_t i = 0; whole && i < n; i++)
		if (plans[i].category != NULL &&
		    strcmp(plans[i].category, "VALIDATION_ERROR") == 0) {
			reply_error(s, out, 400, "VALIDATION_ERROR", "%s",
			    plans[i].message);
			return true;
		}
	return false;
}

static void
plans_carry_out(struct sim *s, struct call *c, struct plan *plans, size_t n,
    struct reply *out)
{
	const json_t *inputs = json_object_get(c->body, "inputs");
	json_t *rows = json_array(), *errors = json_array();

	for (size_t i = n; i-- > 0;) {
		const json_t *id = json_object_get(json_array_get(inputs, i),
		    "id");
		if (plans[i].category == NULL)
			json_array_append_new(rows, plan_write(s, c,
			    &plans[i]));
		else
			json_array_append_new(errors, batch_error(s,
			    plans[i].category, plans[i].message, id));
	}
	reply_batch(s, c, out, rows, errors);
	fault_page(c, out->json);
}

void
on_batch_update(struct sim *s, struct call *c, struct reply *out)
{
	const json_t *inputs = json_object_get(c->body, "inputs");
	struct plan plans[INPUTS_MAX];
	json_t *in;
	size_t n;

	if (!inputs_good(s, c, out))
		return;
	json_array_foreach((json_t *)(uintptr_t)inputs, n, in)
		plans[n] = plan_make(s, c, input_find(s, c, in), in);
	if (!whole_refused(s, c, plans, n, out))
		plans_carry_out(s, c, plans, n, out);
	while (n-- > 0)
		plan_end(&plans[n]);
}

void
on_patch(struct sim *s, struct call *c, struct reply *out)
{
	json_t *in = json_pack("{s:s}", "id", c->args[1]);
	const char *by = call_param(c, "idProperty");

	if (by != NULL)
		json_object_set_new(in, "idProperty", json_string(by));
	struct plan p = plan_make(s, c, input_find(s, c, in), c->body);
	if (p.category == NULL)
		reply_json(out, 200, plan_write(s, c, &p));
	else
		reply_error(s, out, p.r == NULL ? 404
		    : strcmp(p.category, "VALIDATION_ERROR") == 0 ? 400 : 423,
		    p.category, "%s", p.message);
	plan_end(&p);
	json_decref(in);
}
