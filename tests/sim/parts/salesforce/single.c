/*
 * single.c - one record by its id or its external id, and what belongs to no
 * object: Chatter, custom fields, limits.
 */
#include <stdlib.h>

#include "sim.h"

/* The n-th part behind "/sobjects/", decoded; NULL = there is none. */
static char *
part_of(const struct request *r, int n)
{
	const char *p = strstr(r->path, "/sobjects/");

	for (p = p == NULL ? NULL : p + 10; p != NULL && n > 0; n--) {
		p = strchr(p, '/');
		p = p == NULL ? NULL : p + 1;
	}
	return p == NULL || *p == '\0' ? NULL
				       : url_decode(p, strcspn(p, "/"), true);
}

static void
not_found(struct sim *s, struct reply *out)
{
	if (mutant_is(s, MUT_MISSING_200)) {
		reply_json(out, 200, json_object());
		return;
	}
	reply_error(out, 404, "NOT_FOUND",
	    "The requested resource does not exist");
}

/* A result's error as the single calls show it. */
static void
reply_result(struct reply *out, json_t *bad)
{
	const json_t *e = json_array_get(json_object_get(bad, "errors"), 0);
	const char *code = str_of(e, "statusCode");

	if (code == NULL)
		code = str_of(e, "errorCode");
	reply_json(out,
	    code != NULL && strcmp(code, "ENTITY_IS_DELETED") == 0 ? 404 : 400,
	    json_pack("[{s:s, s:s, s:O}]", "message", str_of(e, "message"),
		"errorCode", code == NULL ? "UNKNOWN_EXCEPTION" : code,
		"fields", json_object_get(e, "fields")));
	json_decref(bad);
}

static json_t *
record_json(struct sim *s, const struct record *r, const char *fields)
{
	char url[160];
	json_t *out;

	snprintf(url, sizeof(url), "/services/data/v62.0/sobjects/%s/%s",
	    r->obj->name, r->v[0].u.s);
	out = json_pack("{s:{s:s, s:s}}", "attributes", "type", r->obj->name,
	    "url", url);
	for (size_t i = 0; i < r->obj->n_fields; i++) {
		const struct field *f = &r->obj->fields[i];
		if ((f->flags & F_HIDDEN) == 0 &&
		    (fields == NULL || i == 0 ||
			listed(fields, ',', f->name)))
			json_object_set_new(out, f->name,
			    value_json(f, &r->v[i], mutant_is(s, MUT_DATE_Z)));
	}
	return out;
}

static void
record_get(struct sim *s, const struct request *r, const struct record *rec,
    struct reply *out)
{
	const char *query = strchr(r->in.uri, '?');
	char *fields = query == NULL ? NULL : url_param(query + 1, "fields");

	reply_json(out, 200, record_json(s, rec, fields));
	free(fields);
}

static void
record_write(struct sim *s, const struct request *r, struct object *o,
    struct record *rec, const json_t *in, struct reply *out)
{
	bool created;
	const struct fault *f =
	    fault_record(s, r, rec == NULL ? "" : rec->v[0].u.s);
	json_t *bad = f != NULL ? result_error(s, f->code, "Fault on request",
				      NULL)
				: write_one(s, o, rec, in, &created);

	if (bad != NULL)
		reply_result(out, bad);
	else if (created)
		reply_json(out, 201,
		    json_pack("{s:s, s:b, s:[], s:b}", "id",
			o->rows[o->n_rows - 1]->v[0].u.s, "success", 1,
			"errors", "created", 1));
	else
		reply_json(out, 204, NULL);
}

/* Somebody changed it since then. */
static bool
changed_since(struct sim *s, const struct request *r, const struct record *rec)
{
	const char *head =
	    r->unmodified != NULL ? r->unmodified
	    : r->in.con == NULL	  ? NULL
				  : header_of(&r->in, "If-Unmodified-Since");
	const struct value *v = value_of(rec, "LastModifiedDate");
	int64_t since;

	return http_date_read(head, &since) && v != NULL && v->set &&
	       sim_floor_div(v->u.n, 1000) > since &&
	       !mutant_is(s, MUT_UNMODIFIED);
}

static void
by_id(struct sim *s, struct request *r, struct object *o, const char *id,
    const json_t *in, struct reply *out)
{
	struct record *rec = record_find(s, id);

	if (rec == NULL || rec->obj != o) {
		not_found(s, out);
	} else if (value_true(rec, "IsDeleted")) {
		reply_error(out, 404, "ENTITY_IS_DELETED", "entity is deleted");
	} else if (changed_since(s, r, rec)) {
		reply_error(out, 412, "PRECONDITION_FAILED",
		    "The record was changed since");
	} else if (strcmp(r->in.method, "GET") == 0) {
		record_get(s, r, rec, out);
	} else if (strcmp(r->in.method, "DELETE") == 0) {
		ledger_add(s,
		    json_pack("{s:s, s:s, s:s, s:s, s:{s:b}}", "kind", "delete",
			"by", "api", "object", o->name, "id", rec->v[0].u.s,
			"fields", "IsDeleted", 1));
		reply_json(out, 204, NULL);
	} else {
		record_write(s, r, o, rec, in, out);
	}
}

static json_t *
urls_of(const struct object *o, size_t at, const char *text)
{
	char url[160];
	json_t *list = json_array();

	for (size_t i = 0; i < o->n_rows; i++) {
		const struct value *v = &o->rows[i]->v[at];
		if (!v->set || strcmp(v->u.s, text) != 0)
			continue;
		snprintf(url, sizeof(url),
		    "/services/data/v62.0/sobjects/%s/%s", o->name,
		    o->rows[i]->v[0].u.s);
		json_array_append_new(list, json_string(url));
	}
	return list;
}

static void
by_external(struct sim *s, struct request *r, struct object *o,
    const char *field, const char *text, json_t *in, struct reply *out)
{
	const struct field *f = field_find(o, field);
	size_t n = 0;

	if (f == NULL || (f->flags & F_EXTERNAL) == 0) {
		not_found(s, out);
		return;
	}
	struct record *rec = external_find(s, o, f, text, &n);
	if (n > 1) {
		reply_json(out, 300, urls_of(o, field_index(o, f), text));
	} else if (strcmp(r->in.method, "GET") == 0) {
		if (rec == NULL)
			not_found(s, out);
		else
			record_get(s, r, rec, out);
	} else if (in != NULL && json_object_get(in, f->name) != NULL) {
		reply_error(out, 400, "INVALID_FIELD",
		    "The external id field should not be specified in the "
		    "sobject data.");
	} else {
		if (in != NULL && rec == NULL)
			json_object_set_new(in, f->name, json_string(text));
		record_write(s, r, o, rec, in, out);
		if (out->status == 204)
			reply_json(out, 200,
			    json_pack("{s:s, s:b, s:[], s:b}", "id",
				rec->v[0].u.s, "success", 1, "errors",
				"created", mutant_is(s, MUT_CREATED_TRUE)));
	}
}

/* POST /sobjects/OBJECT; GET, PATCH, DELETE /sobjects/OBJECT/ID;
 * GET, PATCH /sobjects/OBJECT/FIELD/VALUE */
void
on_record(struct sim *s, struct request *r, struct reply *out)
{
	char *name = part_of(r, 0), *second = part_of(r, 1),
	     *third = part_of(r, 2);
	struct object *o = object_find(s, name);
	json_t *in = body_json(&r->in);
	const bool post = strcmp(r->in.method, "POST") == 0;
	const bool writes = post || strcmp(r->in.method, "PATCH") == 0;

	if (o == NULL || post != (second == NULL))
		not_found(s, out);
	else if (writes && !json_is_object(in))
		reply_error(out, 400, "JSON_PARSER_ERROR",
		    "The body cannot be read");
	else if (writes && json_object_get(in, "id") != NULL)
		reply_error(out, 400, "INVALID_FIELD",
		    "The Id field should not be specified in the sobject "
		    "data.");
	else if (third != NULL)
		by_external(s, r, o, second, third, in, out);
	else if (post)
		record_write(s, r, o, NULL, in, out);
	else
		by_id(s, r, o, second, in, out);
	json_decref(in);
	free(name);
	free(second);
	free(third);
}

/* ---- Chatter -------------------------------------------------------------------------- */
/* The words of the segments; false: a segment cannot be read. */
static bool
segments_text(struct sim *s, const json_t *list, char *text, size_t size)
{
	size_t i, n = 0;
	json_t *v;

	text[0] = '\0';
	json_array_foreach((json_t *)(uintptr_t)list, i, v)
	{
		const char *type = str_of(v, "type");
		const char *words = str_of(v, "text");
		const struct record *who = record_find(s, str_of(v, "id"));
		if (type != NULL && strcmp(type, "Mention") == 0 && who != NULL)
			words = value_text(who, "Name");
		else if (type == NULL || strcmp(type, "Text") != 0)
			return false;
		if (words == NULL || n + strlen(words) + 1 > size)
			return false;
		n += (size_t)snprintf(text + n, size - n, "%s", words);
	}
	return n > 0;
}

static void
feed_add(struct sim *s, const char *parent, const char *text,
    struct reply *out)
{
	char id[ID_LEN + 1];
	struct object *o = object_find(s, "FeedItem");

	id_make(s, o, id);
	if (!mutant_is(s, MUT_CHATTER_LOST))
		ledger_add(s,
		    json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}}", "kind",
			"feed", "by", "api", "object", "FeedItem", "id", id,
			"fields", "ParentId", parent, "Body", text, "Type",
			"TextPost"));
	reply_json(out, 201,
	    json_pack("{s:s, s:s, s:{s:s, s:b}, s:{s:s}}", "id", id,
		"feedElementType", "FeedItem", "body", "text", text,
		"isRichText", 0, "parent", "id", parent));
}

/* POST /chatter/feed-elements */
void
on_chatter(struct sim *s, struct request *r, struct reply *out)
{
	char text[10001];
	json_t *in = body_json(&r->in);
	const char *type = str_of(in, "feedElementType");
	const struct record *to = record_find(s, str_of(in, "subjectId"));
	const json_t *segments =
	    json_object_get(json_object_get(in, "body"), "messageSegments");

	if (s->opt.no_chatter)
		reply_error(out, 403, "FUNCTIONALITY_NOT_ENABLED",
		    "Chatter is not enabled for your organization or user "
		    "type.");
	else if (type == NULL || strcmp(type, "FeedItem") != 0)
		reply_error(out, 400, "ILLEGAL_QUERY_PARAMETER_VALUE",
		    "feedElementType is needed");
	else if (to == NULL || value_true(to, "IsDeleted"))
		reply_error(out, 404, "NOT_FOUND",
		    "The requested resource does not exist");
	else if (!json_is_array(segments) ||
		 !segments_text(s, segments, text, sizeof(text)))
		reply_error(out, 400, "INVALID_INPUT", "messageSegments");
	else
		feed_add(s, to->v[0].u.s, text, out);
	json_decref(in);
}

/* GET /chatter/users/me */
void
on_chatter_me(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	if (s->opt.no_chatter)
		reply_error(out, 403, "FUNCTIONALITY_NOT_ENABLED",
		    "Chatter is not enabled for your organization or user "
		    "type.");
	else
		reply_json(out, 200,
		    json_pack("{s:s, s:s, s:b, s:s}", "id",
			"005RM0000000001AAA", "type", "User", "isActive", 1,
			"username", s->opt.user));
}

/* ---- custom fields -------------------------------------------------------------------- */
static const char *
type_line(const json_t *meta, char *out, size_t size)
{
	static const char *const types[][2] = { { "Text", "text" },
		{ "LongTextArea", "long" }, { "TextArea", "text" },
		{ "Number", "num" }, { "Checkbox", "bool" },
		{ "Date", "date" }, { "DateTime", "datetime" },
		{ "Email", "email" }, { "Phone", "phone" } };
	const char *type = str_of(meta, "type");

	for (size_t i = 0; type != NULL && i < sizeof(types) / sizeof(*types);
	     i++)
		if (strcmp(types[i][0], type) == 0) {
			snprintf(out, size, "%s:%lld%s", types[i][1],
			    (long long)int_of(meta, "length", 0),
			    flag_of(meta, "externalId") ? "!x" : "");
			return out;
		}
	return NULL;
}

/* POST /tooling/sobjects/CustomField {"FullName": "Contact.A__c",
 * "Metadata": {"type": "Text", "length": 255, "label": "A"}} */
void
on_tooling(struct sim *s, struct request *r, struct reply *out)
{
	char object[128] = "", field[128] = "", type[64], line[300];
	json_t *in = body_json(&r->in);
	const json_t *meta = json_object_get(in, "Metadata");
	const char *full = str_of(in, "FullName");
	const struct object *o;

	if (full != NULL && word_cut(&full, '.', object, sizeof(object)))
		(void)word_cut(&full, '.', field, sizeof(field));
	o = object_find(s, object);
	const size_t len = strlen(field);
	if (o == NULL || len < 4 || strcmp(field + len - 3, "__c") != 0 ||
	    str_of(meta, "label") == NULL ||
	    type_line(meta, type, sizeof(type)) == NULL) {
		reply_error(out, 400, "FIELD_INTEGRITY_EXCEPTION",
		    "The field cannot be made");
	} else if (field_find(o, field) != NULL) {
		reply_error(out, 400, "DUPLICATE_DEVELOPER_NAME",
		    "There is already a field named so");
	} else {
		snprintf(line, sizeof(line), "%s %s", field, type);
		ledger_add(s,
		    json_pack("{s:s, s:s, s:s, s:s}", "kind", "field", "by",
			"api", "on", o->name, "line", line));
		reply_json(out, 201,
		    json_pack("{s:s, s:b, s:[]}", "id", "00NRM0000000001AAA",
			"success", 1, "errors"));
	}
	json_decref(in);
}

/* ---- the rest -------------------------------------------------------------------------- */
/* GET /limits */
void
on_limits(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	reply_json(out, 200,
	    json_pack("{s:{s:I, s:I}}", "DailyApiRequests", "Max",
		(json_int_t)s->opt.api_limit, "Remaining",
		(json_int_t)(s->opt.api_limit - s->api_used)));
}

/* GET /services/data */
void
on_versions(struct sim *s, struct request *r, struct reply *out)
{
	(void)s, (void)r;
	reply_json(out, 200,
	    json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}]", "label",
		"Winter '25", "url", "/services/data/v62.0", "version", "62.0",
		"label", "Summer '26", "url", "/services/data/v68.0", "version",
		"68.0"));
}

/* GET /services/oauth2/userinfo */
void
on_identity(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	reply_json(out, 200,
	    json_pack("{s:s, s:s, s:s, s:b}", "user_id", "005RM0000000001AAA",
		"organization_id", "00DRM0000000001EAA", "preferred_username",
		s->opt.user, "active", 1));
}
