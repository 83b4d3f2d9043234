/*
 * schema.c - objects and fields: read from their lines, found, described.
 */
#include <stdlib.h>

#include "sim.h"

static const char *const type_words[] = { "id", "ref", "text", "long", "email",
	"phone", "picklist", "bool", "int", "num", "date", "datetime", NULL };
static const char *const type_names[] = { "id", "reference", "string",
	"textarea", "email", "phone", "picklist", "boolean", "int", "double",
	"date", "datetime" };
static const char *const soap_names[] = { "tns:ID", "tns:ID", "xsd:string",
	"xsd:string", "xsd:string", "xsd:string", "xsd:string", "xsd:boolean",
	"xsd:int", "xsd:double", "xsd:date", "xsd:dateTime" };

struct object *
object_find(const struct sim *s, const char *name)
{
	for (size_t i = 0; name != NULL && i < s->n_objects; i++)
		if (!s->objects[i].hidden &&
		    same_name(s->objects[i].name, name))
			return &s->objects[i];
	return NULL;
}

struct object *
object_of_id(const struct sim *s, const char *id)
{
	for (size_t i = 0; id != NULL && i < s->n_objects; i++)
		if (strncmp(s->objects[i].prefix, id, 3) == 0)
			return &s->objects[i];
	return NULL;
}

struct field *
field_find(const struct object *o, const char *name)
{
	for (size_t i = 0; name != NULL && i < o->n_fields; i++)
		if (same_name(o->fields[i].name, name))
			return &o->fields[i];
	return NULL;
}

struct field *
field_of_relation(const struct object *o, const char *name)
{
	for (size_t i = 0; i < o->n_fields; i++)
		if (o->fields[i].relation != NULL &&
		    same_name(o->fields[i].relation, name))
			return &o->fields[i];
	return NULL;
}

size_t
field_index(const struct object *o, const struct field *f)
{
	return (size_t)(f - o->fields);
}

static void
type_read(struct field *f, char *word)
{
	char *flags = strchr(word, '!'), *length;
	int64_t n = 0;

	if (flags != NULL)
		*flags++ = '\0';
	length = strchr(word, ':');
	if (length != NULL) {
		*length++ = '\0';
		if (!sim_num(length, &n))
			die(word);
	}
	const int type = place_of(word, type_words);
	if (type < 0)
		die(word);
	f->type = (enum type)type;
	f->length = f->type == T_ID || f->type == T_REF ? ID_LEN : (int)n;
	if (f->type == T_LONG)
		f->flags |= F_UNFILTERABLE;
	for (; flags != NULL && *flags != '\0'; flags++)
		f->flags |= *flags == 'r'   ? F_READONLY
			    : *flags == 'u' ? F_UNFILTERABLE
			    : *flags == 'x' ? F_EXTERNAL
			    : *flags == 'q' ? F_REQUIRED
					    : 0;
}

/* Rows that are there get an empty value. */
static void
rows_widen(struct object *o)
{
	for (size_t i = 0; i < o->n_rows; i++) {
		struct record *r = o->rows[i];
		r->v = need(realloc(r->v, o->n_fields * sizeof(*r->v)));
		r->v[o->n_fields - 1] = (struct value){ 0 };
	}
}

static bool
object_field(struct object *o, const char *line)
{
	char *copy = dup_text(line), *rest = copy, *word;
	struct field f = { 0 };
	int n = 0;

	while ((word = strsep(&rest, " ")) != NULL) {
		if (*word == '=')
			f.values = dup_text(word + 1);
		else if (n == 0)
			f.name = dup_text(word);
		else if (n == 1)
			type_read(&f, word);
		else if (n == 2)
			f.refs = dup_text(word);
		else
			f.relation = dup_text(word);
		n += *word != '=';
	}
	free(copy);
	if (f.name == NULL || field_find(o, f.name) != NULL) {
		free(f.name);
		return false;
	}
	const size_t len = strlen(f.name);
	if (len > 3 && strcmp(f.name + len - 3, "__c") == 0)
		f.flags |= F_CUSTOM;
	o->fields = grow(o->fields, o->n_fields, sizeof(f));
	o->fields[o->n_fields++] = f;
	rows_widen(o);
	return true;
}

/* "Contact", "NPS_Average__c num": before the first query only, since parsed
 * queries point at fields. */
bool
field_add(struct sim *s, const char *object, const char *line)
{
	struct object *o = object_find(s, object);

	return o != NULL && object_field(o, line);
}

static void
object_load(struct sim *s, const char *table)
{
	static const char *const stamps[] = { "IsDeleted bool!r",
		"CreatedDate datetime!r", "CreatedById ref!r User CreatedBy",
		"LastModifiedDate datetime!r",
		"LastModifiedById ref!r User LastModifiedBy",
		"SystemModstamp datetime!r" };
	char *copy = dup_text(table), *rest = copy, *line;
	struct object o = { 0 };

	line = strsep(&rest, "\n");
	o.prefix = dup_text(strchr(line, ' ') + 1);
	line[strcspn(line, " ")] = '\0';
	o.name = dup_text(line);
	object_field(&o, "Id id!r");
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			object_field(&o, line);
	for (size_t i = 0; i < sizeof(stamps) / sizeof(*stamps); i++)
		object_field(&o, stamps[i]);
	free(copy);
	s->objects[s->n_objects++] = o;
}

static void
object_hide(struct sim *s, const char *name)
{
	struct object *o = object_find(s, name);

	if (o != NULL)
		o->hidden = true;
}

void
schema_load(struct sim *s)
{
	size_t n = 0;

	while (schema_tables[n] != NULL)
		n++;
	s->objects = need(calloc(n, sizeof(*s->objects)));
	for (size_t i = 0; i < n; i++)
		object_load(s, schema_tables[i]);
	if (!s->opt.shared_activities) {
		object_hide(s, "EventWhoRelation");
		object_hide(s, "TaskWhoRelation");
	}
	if (s->opt.bare) {
		object_hide(s, "NPSToday_Response__c");
		return;
	}
	field_add(s, "Contact", "NPSToday_Tags__c long:32768");
	field_add(s, "Contact", "EmploymentStatus__c picklist:255 =Active;Left");
	field_add(s, "Contact", "NoNPS__c bool");
	field_add(s, "Contact", "Language__c text:10");
	field_add(s, "Account", "NPSToday_Tags__c long:32768");
}

/* ---- describe --------------------------------------------------------------- */
static json_t *
words_json(const char *list, char sep, bool picklist)
{
	json_t *out = json_array();

	for (const char *p = list; p != NULL && *p != '\0';) {
		const char *end = strchr(p, sep);
		const size_t len = end == NULL ? strlen(p) : (size_t)(end - p);
		json_t *word = json_stringn(p, len);
		json_array_append_new(out,
		    !picklist ? word
			      : json_pack("{s:b, s:b, s:O, s:o}", "active", 1,
				    "defaultValue", 0, "label", word, "value",
				    word));
		p = end == NULL ? NULL : end + 1;
	}
	return out;
}

static json_t *
field_describe(const struct field *f, bool blind)
{
	const bool set = blind || (f->flags & F_READONLY) == 0;
	const bool filter = blind || (f->flags & F_UNFILTERABLE) == 0;

	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:b, s:b, s:b, s:b, s:b, "
			 "s:b, s:b, s:b, s:b, s:b, s:o, s:s?, s:o, s:i, s:i}",
	    "name", f->name, "label", f->name, "type", type_names[f->type],
	    "soapType", soap_names[f->type], "length", f->length, "filterable",
	    filter, "sortable", filter, "groupable", filter, "createable", set,
	    "updateable", set, "nillable", (f->flags & F_REQUIRED) == 0,
	    "custom", (f->flags & F_CUSTOM) != 0, "externalId",
	    (f->flags & F_EXTERNAL) != 0, "unique",
	    (f->flags & F_EXTERNAL) != 0, "idLookup",
	    f->type == T_ID || (f->flags & F_EXTERNAL) != 0, "referenceTo",
	    words_json(f->refs, ',', false), "relationshipName", f->relation,
	    "picklistValues", words_json(f->values, ';', true), "precision",
	    f->type == T_NUM ? 18 : 0, "scale", f->type == T_NUM ? 2 : 0);
}

static json_t *
object_brief(const struct object *o)
{
	const size_t len = strlen(o->name);
	const bool custom = len > 3 && strcmp(o->name + len - 3, "__c") == 0;

	return json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:b}",
	    "name", o->name, "label", o->name, "keyPrefix", o->prefix, "custom",
	    custom, "queryable", 1, "createable", 1, "updateable", 1,
	    "deletable", 1, "retrieveable", 1);
}

json_t *
object_describe(const struct object *o, bool blind, bool feed)
{
	json_t *out = object_brief(o), *fields = json_array();

	for (size_t i = 0; i < o->n_fields; i++)
		if ((o->fields[i].flags & F_HIDDEN) == 0)
			json_array_append_new(
			    fields, field_describe(&o->fields[i], blind));
	json_object_set_new(out, "fields", fields);
	json_object_set_new(out, "feedEnabled",
	    json_boolean(feed && listed("User,Account,Contact,Opportunity,Case",
				     ',', o->name)));
	json_object_set_new(out, "childRelationships", json_array());
	json_object_set_new(out, "recordTypeInfos", json_array());
	return out;
}

/* GET /sobjects/NAME/describe */
void
on_describe(struct sim *s, struct request *r, struct reply *out)
{
	char name[128];

	snprintf(name, sizeof(name), "%s", r->path + strlen("/sobjects/"));
	name[strcspn(name, "/")] = '\0';
	const struct object *o = object_find(s, name);
	if (o == NULL)
		reply_error(out, 404, "NOT_FOUND",
		    "The requested resource does not exist");
	else
		reply_json(out, 200,
		    object_describe(o, mutant_is(s, MUT_DESCRIBE),
			!s->opt.no_chatter));
}

/* GET /sobjects */
void
on_sobjects(struct sim *s, struct request *r, struct reply *out)
{
	json_t *list = json_array();

	(void)r;
	for (size_t i = 0; i < s->n_objects; i++)
		if (!s->objects[i].hidden)
			json_array_append_new(
			    list, object_brief(&s->objects[i]));
	reply_json(out, 200,
	    json_pack("{s:s, s:i, s:o}", "encoding", "UTF-8", "maxBatchSize",
		200, "sobjects", list));
}
