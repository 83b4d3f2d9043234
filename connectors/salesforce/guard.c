/*
 * guard.c - compare and set, as far as the service has it: weak validation by
 * the second in which a record was changed (REST API guide, "Conditional Request
 * Headers"); sub-requests may carry the headers of their resource ("Composite
 * Subrequest").  How this can lose, and what stops it:
 *  - a tag that somebody sets between our reading and our writing: 412, and the
 *    card is read again; what is left is a change within the same second as the
 *    last one before our reading;
 *  - an answer in another order: each is found by its reference, and one that
 *    stands there twice is not believed.
 */
#include "guard.h"

#include <stdio.h>
#include <string.h>

#include "common/stamp.h"
#include "num.h"

/* ---- the request --------------------------------------------------------- */
static bool
text_set(json_t *to, const char *name, const char *value)
{
	return value != NULL &&
	    json_object_set_new(to, name, json_string(value)) == 0;
}

static json_t *
card_json(struct arena *arena, const char *root, const char *type,
    const struct sf_guarded *card, size_t i)
{
	json_t *out = json_object(), *headers = json_object();
	char date[32];
	bool ok = out != NULL && text_set(out, "method", "PATCH") &&
	    text_set(out, "url", arena_printf(arena, "%s/sobjects/%s/%s", root,
	    type, card->record.id)) &&
	    text_set(out, "referenceId", arena_printf(arena, "r%zu", i)) &&
	    text_set(headers, "If-Unmodified-Since", stamp_http(date,
	    card->unmodified_since)) &&
	    json_object_set(out, "httpHeaders", headers) == 0 &&
	    json_object_set(out, "body", card->record.fields) == 0;

	json_decref(headers);
	if (ok)
		return out;
	json_decref(out);
	return NULL;
}

static json_t *
call_json(struct arena *arena, const char *root, const char *type,
    const struct sf_guarded *cards, size_t n)
{
	json_t *out = json_object(), *list = json_array();
	bool ok = out != NULL && list != NULL &&
	    json_object_set_new(out, "allOrNone", json_false()) == 0 &&
	    json_object_set(out, "compositeRequest", list) == 0;

	for (size_t i = 0; ok && i < n; i++)
		ok = json_array_append_new(list, card_json(arena, root, type,
		    &cards[i], i)) == 0;
	json_decref(list);
	if (ok)
		return out;
	json_decref(out);
	return NULL;
}

bool
sf_guard_body(struct arena *arena, const char *root, const char *type,
    const struct sf_guarded *cards, size_t n, const char **body,
    struct err *err)
{
	if (n == 0 || n > SF_GUARD_MAX)
		return err_set(err, ERR_BUG, "%zu cards in a call", n);
	for (size_t i = 0; i < n; i++)
		if (!sf_id_is_one(cards[i].record.id) ||
		    cards[i].unmodified_since == NO_TIME)
			return err_set(err, ERR_BUG, "card %zu of a call is "
			    "not named as it should be", i);
	json_t *call = call_json(arena, root, type, cards, n);
	*body = json_body(arena, call);
	json_decref(call);
	return *body != NULL || err_nomem(err);
}

/* ---- the answer ---------------------------------------------------------- */
static bool
place_of(json_t *item, size_t n, size_t *i)
{
	const char *ref = json_string_value(json_object_get(item,
	    "referenceId"));
	long long v;

	if (n == 0 || ref == NULL || *ref != 'r' ||
	    !num_parse(ref + 1, 0, (long long)n - 1, &v))
		return false;
	*i = (size_t)v;
	return true;
}

static void
card_read(json_t *item, const struct sf_reading *how,
    struct put_result *result)
{
	const json_int_t status = json_integer_value(json_object_get(item,
	    "httpStatusCode"));

	if (status >= 200 && status <= 299)
		sf_result_set(result, PUT_DONE, "");
	else if (status == 412)
		sf_result_set(result, PUT_CONFLICT,
		    "somebody else changed the card");
	else if (status == 404 || status == 410)
		sf_result_set(result, PUT_GONE, "no such card");
	else if (status == 429)
		sf_result_set(result, PUT_AGAIN, "HTTP 429");
	else if (status >= 400 && status <= 499)
		sf_errors_read(json_object_get(item, "body"), how, result);
	else
		sf_result_set(result, PUT_UNKNOWN, "no answer for the card");
}

void
sf_guard_read(json_t *root, size_t n, const struct sf_reading *how,
    struct put_result *results)
{
	json_t *list = json_object_get(root, "compositeResponse");
	bool seen[SF_GUARD_MAX] = { false };
	size_t i;

	for (i = 0; i < n; i++)
		sf_result_set(&results[i], PUT_UNKNOWN,
		    "the answer does not name the card");
	for (size_t k = 0; k < json_array_size(list); k++) {
		json_t *item = json_array_get(list, k);
		if (!place_of(item, n, &i))
			continue;
		if (seen[i])
			sf_result_set(&results[i], PUT_UNKNOWN,
			    "the answer names the card twice");
		else
			card_read(item, how, &results[i]);
		seen[i] = true;
	}
}
