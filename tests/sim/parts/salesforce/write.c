/*
 * write.c - what may be written, and sObject Collections: many records in one
 * call, each with a result of its own, in the order of the request.
 */
#include <stdlib.h>

#include "sim.h"

#define MANY 200
#define CHUNKS 10

/* ---- results --------------------------------------------------------------------- */
json_t *
result_error(const struct sim *s, const char *code, const char *text,
    const char *field)
{
	json_t *fields = json_array();

	if (mutant_is((struct sim *)(uintptr_t)s, MUT_NO_ERROR)) {
		json_decref(fields);
		return json_pack("{s:b, s:[]}", "success", 0, "errors");
	}
	if (field != NULL)
		json_array_append_new(fields, json_string(field));
	return json_pack("{s:b, s:[{s:s, s:s, s:o}]}", "success", 0, "errors",
	    s->opt.error_code ? "errorCode" : "statusCode", code, "message",
	    text, "fields", fields);
}

static json_t *
result_good(const char *id, bool upsert, bool created)
{
	json_t *out =
	    json_pack("{s:s, s:b, s:[]}", "id", id, "success", 1, "errors");

	if (upsert)
		json_object_set_new(out, "created", json_boolean(created));
	return out;
}

static const char *
words_of(const char *code)
{
	static const char *const words[][2] = {
		{ "STRING_TOO_LONG", "data value too large" },
		{ "INVALID_EMAIL_ADDRESS", "invalid email address" },
		{ "MALFORMED_ID", "id value of incorrect type" },
		{ "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
		    "bad value for restricted picklist field" },
		{ "JSON_PARSER_ERROR", "Cannot deserialize instance" },
		{ NULL, "" } };
	size_t i = 0;

	while (words[i][0] != NULL && strcmp(words[i][0], code) != 0)
		i++;
	return words[i][1];
}

/* ---- one record ------------------------------------------------------------------- */
static json_t *
reference_check(const struct sim *s, const struct field *f, const char *id)
{
	const struct record *r = record_find(s, id);

	if (r == NULL)
		return result_error(s, "INVALID_CROSS_REFERENCE_KEY",
		    "invalid cross reference id", NULL);
	if (!listed(f->refs, ',', r->obj->name))
		return result_error(s, "FIELD_INTEGRITY_EXCEPTION",
		    "id value of incorrect type", f->name);
	return value_true(r, "IsDeleted")
		   ? result_error(s, "ENTITY_IS_DELETED", "entity is deleted",
			 f->name)
		   : NULL;
}

static json_t *
field_check(const struct sim *s, const struct object *o, const char *name,
    const json_t *v)
{
	char text[200];
	const struct field *f = field_find(o, name);
	const char *code;

	if (f == NULL || (f->flags & F_HIDDEN) != 0) {
		snprintf(text, sizeof(text),
		    "No such column '%s' on sobject of type %s", name, o->name);
		return result_error(s, "INVALID_FIELD", text, NULL);
	}
	if ((f->flags & F_READONLY) != 0) {
		snprintf(text, sizeof(text),
		    "Unable to create/update fields: %s. Please check the "
		    "security settings of this field and verify that it is "
		    "read/write for your profile or permission set.", f->name);
		return result_error(
		    s, "INVALID_FIELD_FOR_INSERT_UPDATE", text, f->name);
	}
	code = value_check(f, v);
	if (code != NULL)
		return result_error(s, code, words_of(code), f->name);
	return f->type == T_REF && json_string_length(v) > 0
		   ? reference_check(s, f, json_string_value(v))
		   : NULL;
}

static json_t *
required_check(const struct sim *s, const struct object *o, const json_t *in)
{
	for (size_t i = 0; i < o->n_fields; i++) {
		const struct field *f = &o->fields[i];
		const json_t *v = json_object_get(in, f->name);
		if ((f->flags & F_REQUIRED) != 0 &&
		    (v == NULL || json_is_null(v)))
			return result_error(s, "REQUIRED_FIELD_MISSING",
			    "Required fields are missing", f->name);
	}
	return NULL;
}

static bool
is_data(const char *key)
{
	return strcmp(key, "attributes") != 0 && strcmp(key, "id") != 0;
}

/* NULL = good; then the line that would do it is in *line. */
static json_t *
write_plan(struct sim *s, struct object *o, struct record *r,
    const json_t *in, json_t **line)
{
	char id[ID_LEN + 1];
	json_t *bad = NULL, *v, *fields = json_object();
	const char *key;

	json_object_foreach((json_t *)(uintptr_t)in, key, v)
	{
		if (bad == NULL && is_data(key)) {
			bad = field_check(s, o, key, v);
			json_object_set(fields, key, v);
		}
	}
	if (bad == NULL && r == NULL)
		bad = required_check(s, o, in);
	if (bad != NULL) {
		json_decref(fields);
		return bad;
	}
	if (r == NULL)
		id_make(s, o, id);
	*line = json_pack("{s:s, s:s, s:s, s:s, s:o}", "kind",
	    r == NULL ? "insert" : "update", "by", "api", "object", o->name,
	    "id", r == NULL ? id : r->v[0].u.s, "fields", fields);
	return NULL;
}

/* r NULL: a new one.  NULL = done, *created says which. */
json_t *
write_one(struct sim *s, struct object *o, struct record *r,
    const json_t *fields, bool *created)
{
	json_t *line = NULL;
	json_t *bad = write_plan(s, o, r, fields, &line);

	*created = r == NULL;
	if (bad == NULL && mutant_is(s, MUT_WRITE_LOST))
		json_decref(line);
	else if (bad == NULL)
		ledger_add(s, line);
	return bad;
}

/* By an external id; *n of them. */
struct record *
external_find(const struct sim *s, const struct object *o,
    const struct field *f, const char *text, size_t *n)
{
	struct record *found = NULL;
	const size_t at = field_index(o, f);

	(void)s;
	*n = 0;
	for (size_t i = 0; i < o->n_rows; i++) {
		const struct value *v = &o->rows[i]->v[at];
		if (v->set && strcmp(v->u.s, text) == 0 &&
		    !value_true(o->rows[i], "IsDeleted")) {
			found = o->rows[i];
			++*n;
		}
	}
	return found;
}

/* ---- many ------------------------------------------------------------------------ */
struct batch {
	const json_t *records;
	struct object *o;		/* of an upsert */
	const struct field *key;
	json_t *results, *lines;	/* lines: null where nothing is done */
	bool whole;
};

static json_t *
update_target(struct sim *s, const struct batch *b, const json_t *rec,
    struct object *o, struct record **r)
{
	const char *id = str_of(rec, "id");
	char full[ID_LEN + 1], other[ID_LEN + 1];
	size_t i, same = 0;
	json_t *v;

	if (id == NULL)
		return result_error(s, "MISSING_ARGUMENT",
		    "Id not specified in an update call", NULL);
	if (!id_normal(id, full) || object_of_id(s, full) != o)
		return result_error(
		    s, "MALFORMED_ID", "malformed id", "Id");
	json_array_foreach((json_t *)(uintptr_t)b->records, i, v)
	    same += id_normal(str_of(v, "id"), other) &&
		    strcmp(full, other) == 0;
	if (same > 1)
		return result_error(s, "DUPLICATE_VALUE",
		    "duplicate id specified", NULL);
	*r = record_find(s, full);
	if (*r == NULL)
		return result_error(s, "INVALID_CROSS_REFERENCE_KEY",
		    "invalid cross reference id", NULL);
	return value_true(*r, "IsDeleted")
		   ? result_error(
			 s, "ENTITY_IS_DELETED", "entity is deleted", NULL)
		   : NULL;
}

static json_t *
upsert_target(struct sim *s, const struct batch *b, const json_t *rec,
    struct record **r)
{
	const char *text = str_of(rec, b->key->name), *other;
	size_t n, i, same = 0;
	json_t *v;

	if (json_object_get(rec, "id") != NULL)
		return result_error(s, "INVALID_FIELD",
		    "The Id field should not be specified in the sobject data.",
		    NULL);
	if (text == NULL || *text == '\0')
		return result_error(s, "MISSING_ARGUMENT",
		    "the external id is not specified", b->key->name);
	json_array_foreach((json_t *)(uintptr_t)b->records, i, v)
	{
		other = str_of(v, b->key->name);
		same += other != NULL && strcmp(other, text) == 0;
	}
	if (same > 1)
		return result_error(s, "DUPLICATE_VALUE",
		    "Duplicate external id specified", b->key->name);
	*r = external_find(s, b->o, b->key, text, &n);
	return n > 1 ? result_error(s, "DUPLICATE_EXTERNAL_ID",
			   "more than one record found", b->key->name)
		     : NULL;
}

static json_t *
plan_one(struct sim *s, struct batch *b, const struct request *r,
    const json_t *rec, json_t **line, bool *created)
{
	struct object *o = object_find(
	    s, str_of(json_object_get(rec, "attributes"), "type"));
	struct record *target = NULL;
	json_t *bad;

	if (o == NULL || (b->o != NULL && b->o != o))
		return result_error(s, "INVALID_TYPE",
		    "sObject type is not supported.", NULL);
	if (b->key != NULL)
		bad = upsert_target(s, b, rec, &target);
	else if (strcmp(r->in.method, "POST") == 0)
		bad = json_object_get(rec, "id") == NULL
			  ? NULL
			  : result_error(s, "INVALID_FIELD",
				"cannot specify Id in an insert call", "Id");
	else
		bad = update_target(s, b, rec, o, &target);
	if (bad != NULL && mutant_is(s, MUT_MISSING_200)) {
		json_decref(bad);
		return result_good(str_of(rec, "id"), b->key != NULL, false);
	}
	if (bad != NULL)
		return bad;
	const struct fault *f = fault_record(
	    s, r, target == NULL ? "" : target->v[0].u.s);
	if (f != NULL)
		return result_error(s, f->code,
		    *f->text == '\0' ? "Fault on request" : f->text, NULL);
	*created = target == NULL;
	return write_plan(s, o, target, rec, line);
}

/* Without allOrNone each record stands for itself. */
static void
batch_run(struct sim *s, struct batch *b, const struct request *r)
{
	size_t i, failed = 0;
	json_t *rec;

	json_array_foreach((json_t *)(uintptr_t)b->records, i, rec)
	{
		json_t *line = NULL;
		bool created = false;
		json_t *bad = plan_one(s, b, r, rec, &line, &created);
		failed += bad != NULL;
		json_array_append_new(b->lines,
		    line == NULL ? json_null() : json_incref(line));
		json_array_append_new(b->results,
		    bad != NULL ? bad
				: result_good(str_of(line, "id"),
				      b->key != NULL,
				      created || mutant_is(s, MUT_CREATED_TRUE)));
		if (line != NULL && !b->whole &&
		    !mutant_is(s, MUT_WRITE_LOST))
			ledger_add(s, json_incref(line));
		json_decref(line);
	}
	if (!b->whole)
		return;
	json_array_foreach(b->lines, i, rec)
	{
		if (json_is_null(rec))
			continue;
		if (failed == 0)
			ledger_add(s, json_incref(rec));
		else
			json_array_set_new(b->results, i,
			    result_error(s, "ALL_OR_NONE_OPERATION_ROLLED_BACK",
				"Record rolled back because not all records "
				"were valid", NULL));
	}
}

/* Types are put together in runs, of which ten are taken. */
static const char *
records_wrong(struct sim *s, const json_t *records)
{
	const char *type, *last = "";
	size_t i, chunks = 0;
	json_t *v;

	if (!json_is_array(records))
		return "JSON_PARSER_ERROR";
	if (json_array_size(records) > MANY && !mutant_is(s, MUT_OVER_200))
		return "EXCEEDED_ID_LIMIT";
	json_array_foreach((json_t *)(uintptr_t)records, i, v)
	{
		type = str_of(json_object_get(v, "attributes"), "type");
		if (!json_is_object(v) || type == NULL)
			return "INVALID_TYPE";
		chunks += strcmp(type, last) != 0;
		last = type;
	}
	return chunks > CHUNKS ? "INVALID_BATCH" : NULL;
}

static void
results_change(struct sim *s, const struct request *r, json_t *results)
{
	const size_t n = json_array_size(results);

	if (fault_is(r, "short_result") && n > 0)
		json_array_remove(results, n - 1);
	if (n > 1 && mutant_is(s, MUT_WRONG_ORDER)) {
		json_t *turned = json_array();
		for (size_t i = n; i-- > 0;)
			json_array_append(turned, json_array_get(results, i));
		json_array_clear(results);
		json_array_extend(results, turned);
		json_decref(turned);
	}
}

/* ".../sobjects/OBJECT/FIELD": an upsert.  false = *out says why not. */
static bool
batch_target(struct sim *s, const struct request *r, struct batch *b,
    struct reply *out)
{
	const char *rest = r->path + strlen("/composite/sobjects");
	char name[128], field[128];

	if (*rest == '\0')
		return true;
	rest++;
	if (word_cut(&rest, '/', name, sizeof(name)) &&
	    word_cut(&rest, '/', field, sizeof(field)) && *rest == '\0') {
		b->o = object_find(s, name);
		b->key = b->o == NULL ? NULL : field_find(b->o, field);
	}
	if (b->key == NULL) {
		reply_error(out, 404, "NOT_FOUND",
		    "The requested resource does not exist");
		return false;
	}
	if ((b->key->flags & F_EXTERNAL) == 0) {
		reply_error(out, 400, "INVALID_FIELD",
		    "Field name provided does not match an External ID");
		return false;
	}
	return true;
}

/* PATCH /composite/sobjects[/OBJECT/FIELD], POST /composite/sobjects */
void
on_collection(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	struct batch b = { .records = json_object_get(in, "records"),
		.whole = flag_of(in, "allOrNone") };
	const char *wrong;

	if (!json_is_object(in))
		wrong = "JSON_PARSER_ERROR";
	else
		wrong = records_wrong(s, b.records);
	if (wrong != NULL) {
		reply_error(out, 400, wrong, "The request cannot be taken");
	} else if (batch_target(s, r, &b, out)) {
		b.results = json_array();
		b.lines = json_array();
		batch_run(s, &b, r);
		results_change(s, r, b.results);
		json_decref(b.lines);
		reply_json(out, 200, b.results);
	}
	json_decref(in);
}
