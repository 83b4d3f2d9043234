/*
 * collections.c - many records in one call.  How this can lose or double, and
 * what stops it:
 *  - HTTP 200 for records that failed: each result is read, "success" decides;
 *  - a result that belongs to another record: there must be as many as records,
 *    and one that names an id must name ours; else nothing is known of any;
 *  - one record twice in a call, which refuses both: refused here, before;
 *  - a comment or an address of a customer in the service's words: only codes
 *    and names of fields are kept, and the words of an organisation's own rules,
 *    masked.
 */
#include "collections.h"

#include <stdio.h>
#include <string.h>

#include "common/mask.h"

/* ---- ids ----------------------------------------------------------------- */
bool
sf_id_is_one(const char *id)
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const size_t len = id == NULL ? 0 : strspn(id, letters);

	return (len == SF_ID_CHARS || len == SF_ID_CHARS + 3) &&
	    id[len] == '\0';
}

bool
sf_id_is_same(const char *a, const char *b)
{
	return strncmp(a, b, SF_ID_CHARS) == 0 &&
	    (strlen(a) == SF_ID_CHARS || strlen(b) == SF_ID_CHARS ||
	    strcmp(a + SF_ID_CHARS, b + SF_ID_CHARS) == 0);
}

/* ---- the request --------------------------------------------------------- */
static const char *
name_of(const struct sf_record *r, const char *key)
{
	return key == NULL ? r->id
	    : json_string_value(json_object_get(r->fields, key));
}

static bool
is_same(const char *a, const char *b, const char *key)
{
	return key == NULL ? sf_id_is_same(a, b) : strcmp(a, b) == 0;
}

static bool
check(const struct sf_record *records, size_t n, const char *key,
    struct err *err)
{
	if (n == 0 || n > SF_COLLECTION_MAX)
		return err_set(err, ERR_BUG, "%zu records in a call", n);
	for (size_t i = 0; i < n; i++) {
		const char *name = name_of(&records[i], key);
		if (name == NULL || *name == '\0' ||
		    (key != NULL) != (records[i].id == NULL))
			return err_set(err, ERR_BUG, "record %zu of a call "
			    "is not named as it should be", i);
		for (size_t k = 0; k < i; k++)
			if (is_same(name, name_of(&records[k], key), key))
				return err_set(err, ERR_BUG, "records %zu and "
				    "%zu of a call are one", k, i);
	}
	return true;
}

static json_t *
record_json(const char *type, const struct sf_record *r)
{
	json_t *out = json_object(), *kind = json_object();
	bool ok = out != NULL && json_object_set_new(kind, "type",
	    json_string(type)) == 0 &&
	    json_object_set(out, "attributes", kind) == 0 &&
	    (r->id == NULL || json_object_set_new(out, "id",
	    json_string(r->id)) == 0) &&
	    json_object_update(out, r->fields) == 0;

	json_decref(kind);
	if (ok)
		return out;
	json_decref(out);
	return NULL;
}

static json_t *
call_json(const char *type, const struct sf_record *records, size_t n)
{
	json_t *out = json_object(), *list = json_array();
	bool ok = out != NULL && list != NULL &&
	    json_object_set_new(out, "allOrNone", json_false()) == 0 &&
	    json_object_set(out, "records", list) == 0;

	for (size_t i = 0; ok && i < n; i++)
		ok = json_array_append_new(list,
		    record_json(type, &records[i])) == 0;
	json_decref(list);
	if (ok)
		return out;
	json_decref(out);
	return NULL;
}

bool
sf_collection_body(struct arena *arena, const char *type, const char *key,
    const struct sf_record *records, size_t n, const char **body,
    struct err *err)
{
	if (!check(records, n, key, err))
		return false;
	json_t *call = call_json(type, records, n);
	*body = json_body(arena, call);
	json_decref(call);
	return *body != NULL || err_nomem(err);
}

/* ---- errors -------------------------------------------------------------- */
void
sf_result_set(struct put_result *result, enum put_outcome outcome,
    const char *reason)
{
	result->outcome = outcome;
	(void)snprintf(result->reason, sizeof(result->reason), "%.127s", reason);
}

/* Samples say statusCode, a client says errorCode. */
static const char *
code_of(json_t *error)
{
	const char *code = json_string_value(json_object_get(error,
	    "statusCode"));

	if (code == NULL)
		code = json_string_value(json_object_get(error, "errorCode"));
	return code == NULL ? "" : code;
}

static bool
is_among(const char *code, const struct strlist *list)
{
	for (size_t i = 0; list != NULL && i < list->n; i++)
		if (strcmp(list->v[i], code) == 0)
			return true;
	return false;
}

/* The card is not there: the record itself, or what its look-up names. */
static bool
is_gone(json_t *error, const struct sf_reading *how)
{
	static const char *const codes[] = { "ENTITY_IS_DELETED",
		"INVALID_CROSS_REFERENCE_KEY" };
	const struct strlist gone = { codes, ARRAY_LEN(codes) };
	const char *field = json_string_value(json_array_get(json_object_get(
	    error, "fields"), 0));

	if (!is_among(code_of(error), &gone))
		return false;
	return field == NULL || (how->contact_field != NULL &&
	    strcmp(field, how->contact_field) == 0);
}

/* Nothing against the record: later, whatever the options say. */
static bool
is_later(const char *code)
{
	static const char *const codes[] = { "REQUEST_LIMIT_EXCEEDED",
		"INVALID_SESSION_ID" };

	return is_among(code, &(const struct strlist){ codes,
	    ARRAY_LEN(codes) });
}

/* A right is missing that may be given yet. */
static bool
is_denied(const char *code)
{
	static const char start[] = "INSUFFICIENT_ACCESS";

	return strncmp(code, start, sizeof(start) - 1) == 0;
}

/* Words that an administrator wrote, or that name fields and rights only; those
 * of other codes quote the value. */
static bool
has_harmless_words(const char *code)
{
	static const char *const codes[] = { "FIELD_CUSTOM_VALIDATION_EXCEPTION",
		"INSUFFICIENT_ACCESS_OR_READONLY", "INVALID_FIELD",
		"INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
		"INVALID_FIELD_FOR_INSERT_UPDATE", "REQUIRED_FIELD_MISSING" };

	return is_among(code, &(const struct strlist){ codes,
	    ARRAY_LEN(codes) });
}

static void
part_add(char *out, size_t size, const char *before, const char *text,
    const struct buf *token)
{
	const size_t len = strlen(out);
	char shown[128];

	if (text == NULL || *text == '\0' || len >= size - 1)
		return;
	mask_text_but(shown, sizeof(shown), text, strlen(text),
	    token == NULL ? NULL : buf_text(token));
	if (*shown == '\0')
		return;
	(void)snprintf(out + len, size - len, "%s%s", before, shown);
}

/* "STRING_TOO_LONG (Comment__c)" */
static void
words_of(json_t *error, const struct buf *token, char *out, size_t size)
{
	const char *code = code_of(error);

	out[0] = '\0';
	part_add(out, size, "", *code == '\0' ? "no code" : code, token);
	part_add(out, size, ", field ", json_string_value(json_array_get(
	    json_object_get(error, "fields"), 0)), token);
	if (has_harmless_words(code))
		part_add(out, size, ": ", json_string_value(json_object_get(
		    error, "message")), token);
}

/* One error that does not go away by waiting decides. */
void
sf_errors_read(json_t *errors, const struct sf_reading *how,
    struct put_result *result)
{
	char words[128];

	sf_result_set(result, PUT_REJECTED, "refused without a reason");
	for (size_t i = 0; i < json_array_size(errors); i++) {
		json_t *error = json_array_get(errors, i);
		words_of(error, how->token, words, sizeof(words));
		if (is_gone(error, how)) {
			sf_result_set(result, PUT_GONE, words);
			return;
		}
		if (!is_later(code_of(error)) &&
		    !is_among(code_of(error), how->again)) {
			sf_result_set(result, is_denied(code_of(error)) ?
			    PUT_DENIED : PUT_REJECTED, words);
			return;
		}
		sf_result_set(result, PUT_AGAIN, words);
	}
}

/* ---- the answer ---------------------------------------------------------- */
static bool
belongs(json_t *item, const struct sf_record *record)
{
	const char *id = json_string_value(json_object_get(item, "id"));

	if (!json_is_boolean(json_object_get(item, "success")))
		return false;
	return id == NULL || record->id == NULL ||
	    sf_id_is_same(id, record->id);
}

static bool
answer_fits(json_t *root, const struct sf_record *records, size_t n)
{
	bool fits = json_is_array(root) && json_array_size(root) == n;

	for (size_t i = 0; fits && i < n; i++)
		fits = belongs(json_array_get(root, i), &records[i]);
	return fits;
}

static void
item_read(json_t *item, const struct sf_reading *how,
    struct put_result *result)
{
	const char *id = json_string_value(json_object_get(item, "id"));

	if (!json_is_true(json_object_get(item, "success"))) {
		sf_errors_read(json_object_get(item, "errors"), how, result);
		return;
	}
	sf_result_set(result, PUT_DONE, "");
	if (sf_id_is_one(id))
		(void)snprintf(result->remote_id, sizeof(result->remote_id),
		    "%s", id);
}

void
sf_collection_read(json_t *root, const struct sf_record *records, size_t n,
    const struct sf_reading *how, struct put_result *results)
{
	const bool fits = answer_fits(root, records, n);

	for (size_t i = 0; i < n; i++)
		if (fits)
			item_read(json_array_get(root, i), how, &results[i]);
		else
			sf_result_set(&results[i], PUT_UNKNOWN,
			    "the answer is not one of these records");
}
