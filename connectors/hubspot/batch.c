/*
 * batch.c - many contacts in one call.  How this can lose or harm, and what
 * stops it:
 *  - HTTP 200 or 207 for records that were refused: an error counts more than a
 *    row, and a record of which the answer says nothing is unknown, also where
 *    the whole is called COMPLETE and has no rows at all;
 *  - an error that names no record: all records of which nothing is said go
 *    again in smaller parts (parts.h), none is dropped for another one's fault;
 *  - a customer's comment in the service's words, which quote the value: only
 *    category, property and code are kept.
 */
#include "batch.h"

#include <stdio.h>
#include <string.h>

#include "common/putting.h"

#define NAME_MAX_LEN 100

/* ---- names --------------------------------------------------------------- */
bool
hs_is_property_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	static const char more[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	const size_t len = strspn(name, more);

	return len > 0 && len <= NAME_MAX_LEN && name[len] == '\0' &&
	    strchr(letters, name[0]) != NULL;
}

/* ---- bodies -------------------------------------------------------------- */
/* The text of a value that is given up, or NULL. */
static const char *
written(struct arena *arena, json_t *body, bool ok)
{
	const char *text = ok ? json_body(arena, body) : NULL;

	json_decref(body);
	return text;
}

const char *
hs_read_body(struct arena *arena, const char *const *ids, size_t n,
    const char *property)
{
	json_t *inputs = json_array(), *body = json_pack("{s:O, s:[s]}",
	    "inputs", inputs, "properties", property);
	bool ok = body != NULL;

	for (size_t i = 0; ok && i < n; i++)
		ok = json_array_append_new(inputs,
		    json_pack("{s:s}", "id", ids[i])) == 0;
	json_decref(inputs);
	return written(arena, body, ok);
}

static json_t *
values_json(const struct hs_record *r)
{
	json_t *out = json_object();
	bool ok = out != NULL;

	for (size_t i = 0; ok && r->values[i][0] != NULL; i++)
		ok = json_object_set_new(out, r->values[i][0],
		    json_string(r->values[i][1])) == 0;
	if (ok)
		return out;
	json_decref(out);
	return NULL;
}

const char *
hs_update_body(struct arena *arena, const struct hs_record *records, size_t n)
{
	json_t *inputs = json_array(), *body = json_pack("{s:O}", "inputs",
	    inputs);
	bool ok = body != NULL;

	for (size_t i = 0; ok && i < n; i++)
		ok = json_array_append_new(inputs, json_pack("{s:s, s:o}",
		    "id", records[i].id, "properties",
		    values_json(&records[i]))) == 0;
	json_decref(inputs);
	return written(arena, body, ok);
}

/* ---- whose it is --------------------------------------------------------- */
/* A text, or an integer that may be meant as one. */
static bool
is_id(json_t *node, const char *id)
{
	char digits[32];

	if (json_is_integer(node)) {
		(void)snprintf(digits, sizeof(digits), "%lld",
		    (long long)json_integer_value(node));
		return strcmp(digits, id) == 0;
	}
	const char *text = json_string_value(node);
	return text != NULL && strcmp(text, id) == 0;
}

json_t *
hs_row_of(json_t *root, const char *id)
{
	json_t *rows = json_object_get(root, "results");

	for (size_t i = 0; i < json_array_size(rows); i++)
		if (is_id(json_object_get(json_array_get(rows, i), "id"), id))
			return json_array_get(rows, i);
	return NULL;
}

bool
hs_has_stranger(json_t *root, const struct hs_record *records, size_t n)
{
	json_t *rows = json_object_get(root, "results");

	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_t *id = json_object_get(json_array_get(rows, i), "id");
		size_t k = 0;
		while (k < n && !is_id(id, records[k].id))
			k++;
		if (k == n && id != NULL)
			return true;
	}
	return false;
}

static json_t *
ids_of(json_t *error)
{
	return json_object_get(json_object_get(error, "context"), "ids");
}

static bool
names_record(json_t *error, const char *id)
{
	json_t *ids = ids_of(error);

	for (size_t i = 0; i < json_array_size(ids); i++)
		if (is_id(json_array_get(ids, i), id))
			return true;
	return false;
}

json_t *
hs_error_of(json_t *root, const char *id)
{
	json_t *errors = json_object_get(root, "errors");

	for (size_t i = 0; i < json_array_size(errors); i++)
		if (names_record(json_array_get(errors, i), id))
			return json_array_get(errors, i);
	return NULL;
}

/* ---- what an error means ------------------------------------------------- */
static const char *
text_at(json_t *node, const char *key)
{
	const char *text = json_string_value(json_object_get(node, key));

	return text == NULL ? "" : text;
}

static enum put_outcome
outcome_of(const char *category)
{
	static const struct { const char *category; enum put_outcome is; }
	known[] = {
		{ "OBJECT_NOT_FOUND", PUT_GONE },
		{ "RATE_LIMIT", PUT_AGAIN }, { "RATE_LIMITS", PUT_AGAIN },
		{ "CONFLICT", PUT_AGAIN }, { "RECORD_LOCKED", PUT_AGAIN },
		{ "INTERNAL_ERROR", PUT_AGAIN },
		{ "MISSING_SCOPES", PUT_DENIED } };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(category, known[i].category) == 0)
			return known[i].is;
	return PUT_REJECTED;
}

/* Words that are the service's own: none that a person wrote. */
static const char *
code_in(json_t *error)
{
	static const char *const known[] = { "PROPERTY_DOESNT_EXIST",
		"INVALID_OPTION", "READ_ONLY_VALUE", "INVALID_DATE",
		"INVALID_INTEGER", "INVALID_LONG", "INVALID_STRING" };
	json_t *first = json_array_get(json_object_get(error, "errors"), 0);
	const char *const said[] = { text_at(first, "code"),
		text_at(error, "subCategory"), text_at(first, "message"),
		text_at(error, "message") };

	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		for (size_t k = 0; k < ARRAY_LEN(known); k++)
			if (strstr(said[i], known[k]) != NULL)
				return known[k];
	return "";
}

static bool
is_word_at(const char *text, const char *at, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	return (at == text || strchr(letters, at[-1]) == NULL) &&
	    (at[len] == '\0' || strchr(letters, at[len]) == NULL);
}

static bool
speaks_of(const char *text, const char *name)
{
	const size_t len = strlen(name);

	for (const char *at = text; len > 0 &&
	     (at = strstr(at, name)) != NULL; at++)
		if (is_word_at(text, at, len))
			return true;
	return false;
}

/* The property that it names by itself, or one of ours that it speaks of. */
static const char *
property_of(json_t *error, const char *const (*values)[2])
{
	json_t *first = json_array_get(json_object_get(error, "errors"), 0);
	const char *const said[] = {
		json_string_value(json_array_get(json_object_get(
		    json_object_get(first, "context"), "propertyName"), 0)),
		json_string_value(json_array_get(json_object_get(
		    json_object_get(error, "context"), "propertyName"), 0)),
		json_string_value(json_object_get(first, "in")) };

	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		if (said[i] != NULL && hs_is_property_name(said[i]))
			return said[i];
	for (size_t i = 0; values[i][0] != NULL; i++)
		if (speaks_of(text_at(error, "message"), values[i][0]) ||
		    speaks_of(text_at(first, "message"), values[i][0]))
			return values[i][0];
	return "";
}

static int
word_len(const char *word)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	const size_t len = strspn(word, letters);

	return len > 40 ? 40 : (int)len;
}

void
hs_refusal_read(json_t *error, const char *const (*values)[2],
    struct hs_refusal *out)
{
	const char *category = text_at(error, "category");
	const char *property = property_of(error, values);
	const char *code = code_in(error);

	*out = (struct hs_refusal){ .outcome = outcome_of(category),
		.config = strcmp(code, "PROPERTY_DOESNT_EXIST") == 0 };
	(void)snprintf(out->words, sizeof(out->words), "%.*s%s%.50s%s%s",
	    word_len(category), category, *property == '\0' ? ""
	    : ", property ", property, *code == '\0' ? "" : ", ", code);
	if (out->words[0] == '\0')
		(void)snprintf(out->words, sizeof(out->words),
		    "refused without a reason");
}

/* ---- the answer to an update --------------------------------------------- */
/* An error that names none of the records is of any of them. */
static json_t *
unnamed_error(json_t *root, const struct hs_record *records, size_t n)
{
	json_t *errors = json_object_get(root, "errors");

	for (size_t i = 0; i < json_array_size(errors); i++) {
		json_t *error = json_array_get(errors, i);
		bool named = false;
		for (size_t k = 0; !named && k < n; k++)
			named = names_record(error, records[k].id);
		if (!named)
			return error;
	}
	return NULL;
}

static bool
counts_errors(json_t *root)
{
	long long n;

	return json_array_size(json_object_get(root, "errors")) > 0 ||
	    (json_integer_value_of(json_object_get(root, "numErrors"), &n) &&
	        n > 0);
}

static void
refusal_take(json_t *error, const struct hs_record *r,
    struct put_result *result, struct hs_refusal *refusal)
{
	struct hs_refusal said;

	hs_refusal_read(error, r->values, &said);
	put_result_set(result, said.outcome, said.words, "");
	if (said.config)
		*refusal = said;
}

bool
hs_is_final(enum put_outcome outcome)
{
	return outcome == PUT_REJECTED || outcome == PUT_GONE;
}

size_t
hs_update_read(json_t *root, const struct hs_record *records, size_t n,
    struct put_result *results, bool *unnamed, struct hs_refusal *refusal)
{
	json_t *other = unnamed_error(root, records, n);
	size_t n_unnamed = 0;

	for (size_t i = 0; i < n; i++) {
		json_t *error = hs_error_of(root, records[i].id);
		unnamed[i] = false;
		if (error != NULL) {
			refusal_take(error, &records[i], &results[i], refusal);
		} else if (hs_row_of(root, records[i].id) != NULL) {
			put_result_set(&results[i], PUT_DONE, "", "");
		} else if (counts_errors(root)) {
			refusal_take(other, &records[i], &results[i], refusal);
			unnamed[i] = hs_is_final(results[i].outcome);
			n_unnamed += unnamed[i];
		} else {
			put_result_set(&results[i], PUT_UNKNOWN,
			    "the answer says nothing of this contact", "");
		}
	}
	return n_unnamed;
}
