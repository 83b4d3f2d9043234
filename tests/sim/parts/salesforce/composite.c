/*
 * composite.c - POST /composite: up to 25 calls in one, each with an answer of
 * its own.  All or nothing, and references from one to another, are not here.
 */
#include <ctype.h>
#include <stdlib.h>

#include "sim.h"

#define PARTS 25
#define QUERIES 5

static bool
reference_good(const json_t *list, const char *ref)
{
	size_t i, same = 0;
	json_t *v;

	if (ref == NULL || !isalpha((unsigned char)*ref))
		return false;
	for (const char *p = ref; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			return false;
	json_array_foreach((json_t *)(uintptr_t)list, i, v)
	{
		const char *other = str_of(v, "referenceId");
		same += other != NULL && strcmp(other, ref) == 0;
	}
	return same == 1;
}

static bool
is_many(const char *url)
{
	return strstr(url, "/query") != NULL ||
	       strstr(url, "/composite/sobjects") != NULL;
}

/* What the whole call would set is not a part's. */
static bool
headers_good(const json_t *part)
{
	const json_t *heads = json_object_get(part, "httpHeaders");
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)heads, key, v)
	{
		if (same_name(key, "Accept") || same_name(key, "Authorization") ||
		    same_name(key, "Content-Type") || !json_is_string(v))
			return false;
	}
	return true;
}

static const char *
list_wrong(const json_t *in, const json_t *list)
{
	size_t i, many = 0;
	json_t *v;

	if (!json_is_array(list) || json_array_size(list) == 0)
		return "JSON_PARSER_ERROR";
	if (json_array_size(list) > PARTS)
		return "LIMIT_EXCEEDED";
	if (flag_of(in, "allOrNone"))
		return "NOT_IN_THIS_SERVER";
	json_array_foreach((json_t *)(uintptr_t)list, i, v)
	{
		const char *url = str_of(v, "url");
		if (url == NULL || str_of(v, "method") == NULL ||
		    strncmp(url, "/services/data/v", 16) != 0 ||
		    !headers_good(v) ||
		    !reference_good(list, str_of(v, "referenceId")))
			return "JSON_PARSER_ERROR";
		many += is_many(url);
	}
	return many > QUERIES ? "LIMIT_EXCEEDED" : NULL;
}

static const char *
part_header(const json_t *part, const char *name)
{
	const json_t *heads = json_object_get(part, "httpHeaders");
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)heads, key, v)
	{
		if (same_name(key, name))
			return json_string_value(v);
	}
	return NULL;
}

static json_t *
answer_of(const char *ref, struct reply *one)
{
	json_t *body = one->json == NULL ? json_null() : one->json;

	free(one->raw);
	return json_pack("{s:o, s:{}, s:i, s:s}", "body", body, "httpHeaders",
	    "httpStatusCode", (int)one->status, "referenceId", ref);
}

static json_t *
part_run(struct sim *s, const struct request *r, const json_t *part)
{
	const json_t *body = json_object_get(part, "body");
	const char *url = str_of(part, "url");
	struct reply one = { .retry_after = -1 };
	struct request sub = { .in.con = r->in.con,
		.in.uri = dup_text(url),
		.path = need(strndup(url, strcspn(url, "?"))),
		.in.method = str_of(part, "method"),
		.unmodified = part_header(part, "If-Unmodified-Since") };
	const char *query = strchr(url, '?');

	sub.q = query == NULL ? NULL : url_param(query + 1, "q");
	if (body != NULL && !json_is_null(body)) {
		sub.in.body = need(json_dumps(body, JSON_COMPACT));
		sub.in.len = strlen(sub.in.body);
	}
	route_find(&sub);
	if (sub.route == NULL || sub.ep == EP_SIM || sub.ep == EP_TOKEN ||
	    sub.ep == EP_COMPOSITE)
		reply_error(&one, 404, "NOT_FOUND",
		    "The requested resource does not exist");
	else
		sub.route->handle(s, &sub, &one);
	free(sub.in.uri);
	free(sub.path);
	free(sub.q);
	free(sub.in.body);
	return answer_of(str_of(part, "referenceId"), &one);
}

void
on_composite(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in), *answers, *v;
	const json_t *list = json_object_get(in, "compositeRequest");
	const char *wrong = list_wrong(in, list);
	size_t i;

	if (wrong != NULL) {
		reply_error(out, 400, wrong, "The request cannot be taken");
	} else {
		answers = json_array();
		json_array_foreach((json_t *)(uintptr_t)list, i, v)
		    json_array_append_new(answers, part_run(s, r, v));
		if (fault_is(r, "short_result"))
			json_array_remove(
			    answers, json_array_size(answers) - 1);
		reply_json(out, 200,
		    json_pack("{s:o}", "compositeResponse", answers));
	}
	json_decref(in);
}
