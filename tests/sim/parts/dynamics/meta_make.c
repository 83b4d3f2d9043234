/*
 * meta_make.c - tables, columns, keys and relationships that a client makes.
 */
#include "odata.h"

#include <stdlib.h>

static bool
no(struct reply *out, const char *what, const char *name)
{
	reply_error(out, 400, "0x80048d19", "%s '%.100s'.", what,
	    name == NULL ? "" : name);
	return false;
}

/* {"LocalizedLabels": [{"Label": "x", "LanguageCode": 1033}]} */
static bool
label_good(const json_t *in, const char *key)
{
	const json_t *one = json_array_get(json_object_get(
	    json_object_get(in, key), "LocalizedLabels"), 0);
	return str_of(one, "Label") != NULL &&
	    int_of(one, "LanguageCode", 0) > 0;
}

/* "npt_Score": a publisher's prefix is needed. */
static bool
names_good(struct reply *out, const json_t *in)
{
	const char *name = str_of(in, "SchemaName");
	const char *mark = name == NULL ? NULL : strchr(name, '_');
	if (mark == NULL || mark - name < 2 || mark[1] == '\0')
		return no(out, "SchemaName has no publisher's prefix:", name);
	return label_good(in, "DisplayName") ||
	    no(out, "DisplayName is missing of", name);
}

/* The column as the schema writes it; NULL = refused */
static const char *
column_spec(struct request *r, struct reply *out, const json_t *in)
{
	static const struct {
		const char *type, *word;
	} types[] = { { "StringAttributeMetadata", "text" },
		{ "MemoAttributeMetadata", "memo" },
		{ "IntegerAttributeMetadata", "int" },
		{ "DecimalAttributeMetadata", "real" },
		{ "DoubleAttributeMetadata", "real" },
		{ "DateTimeAttributeMetadata", "time" },
		{ "BooleanAttributeMetadata", "bool" } };
	const char *type = str_of(in, "@odata.type"), *word = NULL;
	const char *name = str_of(in, "SchemaName"), *format = str_of(in, "Format");
	if (type != NULL && *type == '#')
		type++;
	for (size_t i = 0; type != NULL && i < LEN(types); i++)
		if (starts(type, "Microsoft.Dynamics.CRM.") &&
		    strcmp(type + 23, types[i].type) == 0)
			word = types[i].word;
	if (word == NULL)
		return no(out, "@odata.type names no kind of column:", type),
		       NULL;
	if (!names_good(out, in))
		return NULL;
	if (strcmp(word, "time") == 0 && format != NULL &&
	    strcmp(format, "DateOnly") == 0)
		word = "day";
	const int64_t max = int_of(in, *word == 't' || *word == 'm' ? "MaxLength"
	    : "MaxValue", -1);
	const bool text = strcmp(word, "text") == 0 || strcmp(word, "memo") == 0;
	if (text && (max < 1 || max > (*word == 't' ? 4000 : 1048576)))
		return no(out, "MaxLength is out of range of", name), NULL;
	if (strcmp(word, "bool") == 0 && json_object_get(in, "OptionSet") == NULL)
		return no(out, "OptionSet is missing of", name), NULL;
	return max >= 0 && strcmp(word, "real") != 0
	    ? pool_fmt(&r->pool, "%s %s %lld", name, word, (long long)max)
	    : pool_fmt(&r->pool, "%s %s", name, word);
}

static void
made(struct sim *s, struct request *r, struct reply *out, const char *what)
{
	reply_json(out, 204, NULL);
	out->entity = pool_fmt(&r->pool, "%s%s(%s)", set_base(s, r), what,
	    guid_text(guid_seeded((uint64_t)s->seq, "made", 0)));
}

static void
column_make(struct sim *s, struct request *r, struct reply *out, size_t table,
    const json_t *in)
{
	char name[100];
	const char *spec = column_spec(r, out, in);
	if (spec == NULL)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(spec, " "), spec);
	for (char *p = name; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	if (column_find(&s->tables[table], name) >= 0) {
		no(out, "An attribute with the specified name already exists:",
		    name);
		return;
	}
	ledger_add(s, json_pack("{s:i, s:s, s:s, s:s, s:s}", "seq", 0, "kind",
	    "column", "by", "api", "table", s->tables[table].name, "spec",
	    spec));
	made(s, r, out, "EntityDefinitions/Attributes");
}

static void
key_make(struct sim *s, struct request *r, struct reply *out, size_t table,
    const json_t *in)
{
	char at[40];
	const json_t *list = json_object_get(in, "KeyAttributes");
	const char *column = json_string_value(json_array_get(list, 0));
	if (!names_good(out, in))
		return;
	if (json_array_size(list) != 1 ||
	    column_find(&s->tables[table], column) < 0) {
		no(out, "KeyAttributes is no known column:", column);
		return;
	}
	ledger_add(s, json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "seq", 0,
	    "kind", "key", "by", "api", "table", s->tables[table].name, "name",
	    str_of(in, "SchemaName"), "column", column, "active_at",
	    sim_time_text(s->now + s->opt.key_s, "Z", at, sizeof(at))));
	made(s, r, out, "EntityDefinitions/Keys");
}

static void
lower(char *to, size_t size, const char *from)
{
	size_t n = 0;
	for (; *from != '\0' && n + 1 < size; from++)
		to[n++] = (char)(*from >= 'A' && *from <= 'Z' ? *from + 32
							      : *from);
	to[n] = '\0';
}

static void
table_make(struct sim *s, struct request *r, struct reply *out,
    const json_t *in)
{
	char name[80];
	size_t i;
	const json_t *first = json_array_get(json_object_get(in, "Attributes"), 0);
	if (!names_good(out, in))
		return;
	if (!label_good(in, "DisplayCollectionName") ||
	    !json_is_true(json_object_get(first, "IsPrimaryName"))) {
		no(out, "DisplayCollectionName or the primary name is missing of",
		    str_of(in, "SchemaName"));
		return;
	}
	const char *spec = column_spec(r, out, first);
	if (spec == NULL)
		return;
	lower(name, sizeof(name), str_of(in, "SchemaName"));
	if (table_find(s, name, &i)) {
		no(out, "An entity with the specified name already exists:", name);
		return;
	}
	const char *whole = pool_fmt(&r->pool, "%sid id|%s|statecode state "
	    "0=Active,1=Inactive|statuscode status 1=Active,2=Inactive|ownerid "
	    "lookup systemuser:ownerid!|owninguser lookup systemuser:owninguser"
	    "|createdon time ro|modifiedon time ro", name, spec);
	ledger_add(s, json_pack("{s:i, s:s, s:s, s:s, s:s+, s:s}", "seq", 0,
	    "kind", "table", "by", "api", "table", name, "set", name, "s", "spec",
	    whole));
	made(s, r, out, "EntityDefinitions");
}

static void
relation_make(struct sim *s, struct request *r, struct reply *out,
    const json_t *in)
{
	size_t one, many;
	const json_t *lookup = json_object_get(in, "Lookup");
	const char *to = str_of(in, "ReferencedEntity");
	const char *from = str_of(in, "ReferencingEntity");
	const char *type = str_of(in, "@odata.type");
	if (type == NULL || strstr(type, "OneToManyRelationshipMetadata") == NULL) {
		no(out, "@odata.type names no kind of relationship:", type);
		return;
	}
	if (!names_good(out, lookup))
		return;
	if (to == NULL || from == NULL || !table_find(s, to, &one) ||
	    !table_find(s, from, &many) || str_of(in, "SchemaName") == NULL) {
		no(out, "The relationship names no two tables:", to);
		return;
	}
	const char *name = str_of(lookup, "SchemaName");
	ledger_add(s, json_pack("{s:i, s:s, s:s, s:s, s:s}", "seq", 0, "kind",
	    "column", "by", "api", "table", from, "spec",
	    pool_fmt(&r->pool, "%s lookup %s:%s", name, to, name)));
	made(s, r, out, "RelationshipDefinitions");
}

static void
part_make(struct sim *s, struct request *r, struct reply *out, char *rest,
    const json_t *in)
{
	struct cell name = { .kind = K_NULL };
	size_t table;
	const char *at = strchr(rest, '=');
	char *close = strchr(rest, ')');
	if (at == NULL || close == NULL ||
	    !literal_read(&r->pool, (at++, &at), &name) || name.kind != K_TEXT ||
	    !table_find(s, name.text, &table))
		reply_error(out, 404, "0x80060888", "There is no such table.");
	else if (strcmp(close + 1, "/Attributes") == 0)
		column_make(s, r, out, table, in);
	else if (strcmp(close + 1, "/Keys") == 0)
		key_make(s, r, out, table, in);
	else
		no(out, "This cannot be made:", close + 1);
}

void
meta_create(struct sim *s, struct request *r, struct reply *out, char *rest)
{
	json_t *in = json_loadb(r->in.body == NULL ? "" : r->in.body, r->in.len,
	    JSON_REJECT_DUPLICATES, NULL);
	if (strcmp(r->in.method, "POST") != 0 || r->h.type == NULL ||
	    !starts(r->h.type, "application/json") || !json_is_object(in))
		no(out, "A POST of JSON is expected, not", r->in.method);
	else if (strcmp(rest, "EntityDefinitions") == 0)
		table_make(s, r, out, in);
	else if (strcmp(rest, "RelationshipDefinitions") == 0)
		relation_make(s, r, out, in);
	else
		part_make(s, r, out, rest, in);
	json_decref(in);
}
