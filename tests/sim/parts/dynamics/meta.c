/*
 * meta.c - EntityDefinitions: what tables, columns, keys and relationships
 * there are.  They are tables like the others, filled anew for each call.
 */
#include "odata.h"

#include <stdlib.h>

#define ATTRIBUTE \
	"MetadataId id|LogicalName text|SchemaName text|EntityLogicalName text" \
	"|AttributeType text|IsValidForUpdate bool No,Yes" \
	"|IsValidForCreate bool No,Yes|IsValidForRead bool No,Yes" \
	"|IsPrimaryId bool No,Yes|IsPrimaryName bool No,Yes" \
	"|IsCustomAttribute bool No,Yes|entity lookup EntityMetadata:entity"

static const struct {
	const char *name, *set, *spec;
} meta[] = {
	{ "EntityMetadata", "EntityDefinitions",
	    "MetadataId id|LogicalName text|SchemaName text|EntitySetName text"
	    "|LogicalCollectionName text|PrimaryIdAttribute text"
	    "|PrimaryNameAttribute text|ChangeTrackingEnabled bool No,Yes"
	    "|IsOptimisticConcurrencyEnabled bool No,Yes"
	    "|IsCustomEntity bool No,Yes|IsActivity bool No,Yes"
	    "|OwnershipType text|ObjectTypeCode int" },
	{ "AttributeMetadata", "Attributes", ATTRIBUTE },
	{ "TextAttributeMetadata", "TextAttributes",
	    ATTRIBUTE "|MaxLength int|Format text" },
	{ "OtherAttributeMetadata", "OtherAttributes",
	    ATTRIBUTE "|MinValue real|MaxValue real|Precision int|Format text"
	    "|DateTimeBehavior text" },
	{ "EntityKeyMetadata", "Keys",
	    "MetadataId id|LogicalName text|SchemaName text"
	    "|EntityLogicalName text|EntityKeyIndexStatus text"
	    "|KeyAttributes text 4000|entity lookup EntityMetadata:entity" },
	{ "OneToManyRelationshipMetadata", "ManyToOneRelationships",
	    "MetadataId id|SchemaName text|ReferencedEntity text"
	    "|ReferencedAttribute text|ReferencingEntity text"
	    "|ReferencingAttribute text"
	    "|ReferencingEntityNavigationPropertyName text"
	    "|entity lookup EntityMetadata:entity" },
};
static const struct child entity_children[] = {
	{ "Attributes", "AttributeMetadata", "entity" },
	{ "Attributes/Text", "TextAttributeMetadata", "entity" },
	{ "Attributes/Other", "OtherAttributeMetadata", "entity" },
	{ "Keys", "EntityKeyMetadata", "entity" },
	{ "ManyToOneRelationships", "OneToManyRelationshipMetadata", "entity" },
	{ NULL, NULL, NULL } };

/* Their names are written with capitals. */
void
meta_open(struct sim *s)
{
	for (size_t i = 0; i < LEN(meta); i++) {
		struct table *t = table_add(
		    s, meta[i].name, meta[i].set, meta[i].spec);
		for (size_t k = 0; k < t->n_cols; k++) {
			free(t->cols[k].name);
			t->cols[k].name = dup_text(t->cols[k].schema);
		}
		t->etags = false;
		t->meta = true;
		key_add(t, "name", "LogicalName", 0);
		if (i == 0)
			t->children = entity_children;
	}
}

/* ---- filling */
static struct guid
meta_id(const char *kind, const char *a, const char *b)
{
	char key[300];
	snprintf(key, sizeof(key), "%.40s/%.120s/%.120s", kind, a, b);
	return guid_seeded(sim_hash(9, key), "meta", 0);
}

static void
meta_row(struct sim *s, const char *table, struct guid id, json_t *set)
{
	size_t i;
	if (!table_find(s, table, &i) || set == NULL)
		die("metadata");
	struct write w = { .op = "create", .by = "world", .table = i, .id = id,
		.set = set, .quiet = true };
	store_write(s, &w);
}

static json_t *
entity_of(const struct table *t)
{
	return json_pack("s+", "EntityMetadata:",
	    guid_text(meta_id("entity", t->name, "")));
}

static json_t *
attribute_json(const struct table *t, const struct column *c)
{
	const char *mark = strchr(c->name, '_');
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:o}",
	    "LogicalName", c->name, "SchemaName", c->schema,
	    "EntityLogicalName", t->name, "AttributeType", type_name(c),
	    "IsValidForUpdate", !c->readonly && c != &t->cols[0],
	    "IsValidForCreate", !c->readonly, "IsValidForRead", 1,
	    "IsPrimaryId", c == &t->cols[0], "IsPrimaryName",
	    t->label >= 0 && c == &t->cols[t->label], "IsCustomAttribute",
	    mark != NULL && starts(c->name, "npt_"), "entity", entity_of(t));
}

static void
column_fill(struct sim *s, const struct table *t, const struct column *c)
{
	const struct guid id = meta_id("column", t->name, c->name);
	const bool text = c->type == CT_TEXT || c->type == CT_MEMO;
	json_t *more = attribute_json(t, c);
	meta_row(s, "AttributeMetadata", id, attribute_json(t, c));
	if (text) {
		json_object_set_new(more, "MaxLength", json_integer(J(c->max)));
		json_object_set_new(more, "Format", json_string(
		    c->type == CT_MEMO ? "TextArea" : "Text"));
	} else if (c->type == CT_INT || c->type == CT_REAL) {
		json_object_set_new(more, "MaxValue", json_real((double)c->max));
		json_object_set_new(more, "MinValue",
		    json_real(-(double)c->max));
	} else if (c->type == CT_DAY || c->type == CT_TIME) {
		json_object_set_new(more, "Format", json_string(
		    c->type == CT_DAY ? "DateOnly" : "DateAndTime"));
		json_object_set_new(more, "DateTimeBehavior", json_string(
		    c->type == CT_DAY ? "DateOnly" : "UserLocal"));
	}
	meta_row(s, text ? "TextAttributeMetadata" : "OtherAttributeMetadata",
	    id, more);
	for (size_t i = 0; i < c->n_targets; i++)
		meta_row(s, "OneToManyRelationshipMetadata",
		    meta_id("relation", c->targets[i].nav, t->name),
		    json_pack("{s:s, s:s, s:s+, s:s, s:s, s:s, s:o}",
			"SchemaName", c->targets[i].nav, "ReferencedEntity",
			c->targets[i].table, "ReferencedAttribute",
			c->targets[i].table, "id", "ReferencingEntity", t->name,
			"ReferencingAttribute", c->name,
			"ReferencingEntityNavigationPropertyName",
			c->targets[i].nav, "entity", entity_of(t)));
}

static void
entity_fill(struct sim *s, size_t i, bool columns)
{
	const struct table *t = &s->tables[i];
	meta_row(s, "EntityMetadata", meta_id("entity", t->name, ""),
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:b, s:b, s:b, s:b, s:s, "
		"s:i}", "LogicalName", t->name, "SchemaName", t->schema,
		"EntitySetName", t->set, "LogicalCollectionName", t->set,
		"PrimaryIdAttribute", t->cols[0].name, "PrimaryNameAttribute",
		t->label < 0 ? NULL : t->cols[t->label].name,
		"ChangeTrackingEnabled", t->tracked,
		"IsOptimisticConcurrencyEnabled", t->etags, "IsCustomEntity",
		t->custom, "IsActivity", t->activity, "OwnershipType",
		"UserOwned", "ObjectTypeCode", 1 + (int)i));
	for (size_t k = 0; columns && k < s->tables[i].n_cols; k++)
		column_fill(s, &s->tables[i], &s->tables[i].cols[k]);
	for (size_t k = 0; columns && k < s->tables[i].n_keys; k++) {
		t = &s->tables[i];
		const struct key *key = &t->keys[k];
		meta_row(s, "EntityKeyMetadata",
		    meta_id("key", t->name, key->name),
		    json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "LogicalName",
			key->name, "SchemaName", key->name, "EntityLogicalName",
			t->name, "EntityKeyIndexStatus",
			key->active_at > s->now ? "Pending" : "Active",
			"KeyAttributes", key->column, "entity", entity_of(t)));
	}
}

/* only: the one whose columns are wanted; NULL = of all */
static void
meta_fill(struct sim *s, const char *only)
{
	const int64_t version = s->version;
	for (size_t i = 0; i < s->n_tables; i++)
		for (size_t k = 0; s->tables[i].meta && k < s->tables[i].n_rows;
		     k++) {
			s->tables[i].rows[k]->gone = true;
			s->tables[i].stamp++;
		}
	for (size_t i = 0; i < s->n_tables; i++)
		if (!s->tables[i].meta)
			entity_fill(s, i, only == NULL ||
			    strcmp(only, s->tables[i].name) == 0);
	s->version = version;
}

/* ---- reading */
static const struct row *
typed_row(const struct sim *s, struct guid id, const struct table **t)
{
	static const char *const names[] = { "TextAttributeMetadata",
		"OtherAttributeMetadata" };
	size_t table;
	for (size_t i = 0; i < LEN(names); i++) {
		if (!table_find(s, names[i], &table))
			continue;
		*t = &s->tables[table];
		const struct row *r = row_find(*t, id);
		if (r != NULL)
			return r;
	}
	return NULL;
}

/* A column is of a kind of its own, and without $select all of it is shown. */
static void
attribute_show(const struct sim *s, json_t *v)
{
	struct guid id;
	const struct table *t;
	char type[100];
	const char *text = str_of(v, "MetadataId");
	if (text == NULL || !guid_parse(text, strlen(text), &id))
		return;
	const struct row *r = typed_row(s, id, &t);
	if (r == NULL)
		return;
	snprintf(type, sizeof(type), "#Microsoft.Dynamics.CRM.%.40s"
	    "AttributeMetadata", cell_of(r, column_find(t,
		"AttributeType"))->text);
	json_object_set_new(v, "@odata.type", json_string(type));
	if (json_object_get(v, "IsPrimaryName") == NULL ||
	    json_object_get(v, "SchemaName") == NULL)
		return;
	for (size_t i = (size_t)column_find(t, "entity") + 1; i < t->n_cols; i++)
		if (cell_of(r, (int)i)->kind != K_NULL)
			json_object_set_new(v, t->cols[i].name,
			    cell_json(cell_of(r, (int)i)));
}

/* What is no plain value, whatever its table holds. */
static void
members_make(const struct sim *s, json_t *v)
{
	const char *name, *text = str_of(v, "KeyAttributes");
	json_t *one;
	size_t i;
	if (text != NULL)
		json_object_set_new(v, "KeyAttributes",
		    json_pack("[s]", text));
	attribute_show(s, v);
	text = str_of(v, "DateTimeBehavior");
	if (text != NULL)
		json_object_set_new(v, "DateTimeBehavior",
		    json_pack("{s:s}", "Value", text));
	if (json_is_object(v)) {
		json_object_del(v, "_entity_value");
		json_object_foreach(v, name, one)
			members_make(s, one);
	}
	json_array_foreach(v, i, one)
		members_make(s, one);
}

static const char *
type_of_cast(const char *cast)
{
	static const char *const types[] = { "String", "Memo", "Integer",
		"Decimal", "Money", "Boolean", "DateTime", "Picklist", "Lookup" };
	const char *name = strstr(cast, "Microsoft.Dynamics.CRM.");
	for (size_t i = 0; name != NULL && i < LEN(types); i++)
		if (starts(name + 23, types[i]))
			return types[i];
	return NULL;
}

/* The rows of other types are not there. */
static void
type_only(struct table *t, const char *type)
{
	const int col = column_find(t, "AttributeType");
	for (size_t i = 0; type != NULL && col >= 0 && i < t->n_rows; i++) {
		const struct cell *c = cell_of(t->rows[i], col);
		if (c->kind == K_TEXT && strcmp(c->text, type) != 0)
			t->rows[i]->gone = true;
	}
	t->stamp++;
}

/* "Attributes(LogicalName='x')/Microsoft.Dynamics.CRM.StringAttributeMetadata" */
static void
part_serve(struct sim *s, struct request *r, struct reply *out, size_t entities,
    const char *key, char *nav)
{
	char *cast = strchr(nav, '/'), *open = strchr(nav, '(');
	const char *type = cast == NULL ? NULL : type_of_cast(cast);
	size_t table;
	const bool text = type != NULL &&
	    (*type == 'S' || strcmp(type, "Memo") == 0);
	if (cast != NULL)
		*cast = '\0';
	if (open != NULL && strchr(open, ')') != NULL) {
		*strchr(open, ')') = '\0';
		*open++ = '\0';
	}
	if ((cast != NULL && type == NULL) ||
	    !set_find(s, text ? "TextAttributes" : type != NULL
		? "OtherAttributes" : nav, &table) || !s->tables[table].meta) {
		reply_error(out, 404, "0x80060888",
		    "Resource not found for the segment '%s'.", nav);
		return;
	}
	type_only(&s->tables[table], type);
	if (open != NULL)
		on_row(s, r, out, table, open);
	else
		on_child(s, r, out, entities, key, type == NULL ? nav
		    : text ? "Attributes/Text" : "Attributes/Other");
}

void
on_meta(struct sim *s, struct request *r, struct reply *out, char *rest)
{
	size_t entities;
	struct cell name = { .kind = K_NULL };
	if (strcmp(r->in.method, "GET") != 0) {
		meta_create(s, r, out, rest);
		return;
	}
	char *open = strchr(rest, '('), *close = strchr(rest, ')');
	if (!starts(rest, "EntityDefinitions") ||
	    !table_find(s, "EntityMetadata", &entities)) {
		reply_error(out, 404, "0x80060888", "Resource not found.");
		return;
	}
	if (open == NULL || close == NULL) {
		meta_fill(s, NULL);
		on_list(s, r, out, entities);
		members_make(s, out->json);
		return;
	}
	*close = '\0';
	const char *at = strchr(open, '=');
	if (at != NULL && literal_read(&r->pool, (at++, &at), &name) &&
	    name.kind == K_TEXT)
		meta_fill(s, name.text);
	else
		meta_fill(s, NULL);
	if (close[1] == '/')
		part_serve(s, r, out, entities, open + 1, close + 2);
	else
		on_row(s, r, out, entities, open + 1);
	members_make(s, out->json);
}
