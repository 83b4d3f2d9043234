/*
 * tagledger.h - one card of a CRM with its tags, which answers requests as a
 * server would, without a socket; and can fail at any of them.
 *
 *   GET /c/K1                 the card in every form: objects, names, ids, text
 *   PUT /c/K1                 {tags} {ids} {text}: the whole; {add} {remove}
 *   POST /c/K1/t {name|id}    DELETE /c/K1/t/ID    PUT /c/K1/t/ID {name}
 *   POST /rpc                 the card as a list of one, {"result":[...]}
 */
#ifndef TESTS_REST_TAGLEDGER_H
#define TESTS_REST_TAGLEDGER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "json.h"

#define LEDGER_TAGS 48
enum fault { FAULT_NONE, LOST_BEFORE, LOST_AFTER, FAILED_BEFORE, FAILED_AFTER,
	OTHER_WROTE, GONE, FORBIDDEN, REFUSED, BODY_ERROR, IGNORED, FAULTS };
struct ledger_tag {
	int id;
	char name[64];
};
struct ledger {
	struct ledger_tag tag[LEDGER_TAGS];
	size_t n;
	char text[1024];
	bool shared;		/* ids are those of the names, not of each tag */
	int version, next_id;
	size_t requests, writes;
	size_t fault_at;	/* of the requests, from 1 */
	enum fault fault;
	char body[16384], etag[16];
};

/* The names that have ids in the whole CRM: 1, 2, ... */
static const char *const ledger_names[] = { "Kunde", "VIP",
	"NPSToday.Meet.1", "NPSToday.Meet.9", "NPSToday.Meet.10",
	"NPSToday.Sale.7", "NPSToday.NoSend", "NPSToday.Old.3",
	"NPSToday.Me\xcc\x8ate.4" /* e with a ring, of two letters */,
	"NPSToday.Meet.2.8", "NPSToday.Meet.07", "Skip", "late" };

static inline int
ledger_id(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(ledger_names); i++)
		if (strcmp(ledger_names[i], name) == 0)
			return (int)i + 1;
	return 0;
}

static inline void
ledger_add(struct ledger *l, const char *name)
{
	struct ledger_tag *tag = &l->tag[l->n];

	if (l->n == LEDGER_TAGS)
		abort();
	tag->id = l->shared ? ledger_id(name) : ++l->next_id;
	(void)snprintf(tag->name, sizeof(tag->name), "%s", name);
	l->n++;
	const size_t len = strlen(l->text);
	(void)snprintf(l->text + len, sizeof(l->text) - len, "%s%s",
	    len == 0 ? "" : ",", name);
}

static inline bool
ledger_remove(struct ledger *l, int id)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->tag[i].id == id) {
			memmove(&l->tag[i], &l->tag[i + 1],
			    (--l->n - i) * sizeof(l->tag[0]));
			return true;
		}
	return false;
}

static inline bool
ledger_has_id(const struct ledger *l, int id)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->tag[i].id == id)
			return true;
	return false;
}

/* ---- the card as it is read ---------------------------------------------- */
static inline json_t *
ledger_card(const struct ledger *l)
{
	json_t *objects = json_array(), *names = json_array(),
	    *ids = json_array();

	for (size_t i = 0; i < l->n; i++) {
		json_array_append_new(objects, json_pack("{s:i,s:s}", "id",
		    l->tag[i].id, "name", l->tag[i].name));
		json_array_append_new(names, json_string(l->tag[i].name));
		json_array_append_new(ids, json_integer(l->tag[i].id));
	}
	return json_pack("{s:s,s:i,s:o,s:o,s:o,s:s}", "id", "K1", "v",
	    l->version, "objects", objects, "names", names, "ids", ids, "text",
	    l->text);
}

static inline void
ledger_say(struct ledger *l, struct http_res *res, long status, json_t *body)
{
	l->body[0] = '\0';
	if (body != NULL) {
		const size_t n = json_dumpb(body, l->body, sizeof(l->body) - 1,
		    JSON_COMPACT);
		l->body[n < sizeof(l->body) ? n : 0] = '\0';
		json_decref(body);
	}
	(void)snprintf(l->etag, sizeof(l->etag), "\"%d\"", l->version);
	*res = (struct http_res){ .phase = HTTP_COMPLETE, .status = status,
		.body = l->body, .body_len = strlen(l->body), .etag = l->etag,
		.retry_after_s = -1, .date = (time_t)-1, .body_sent = true,
		.tries = 1 };
}

/* ---- writes -------------------------------------------------------------- */
static inline void
ledger_replace(struct ledger *l, const json_t *names, const json_t *ids)
{
	const struct ledger old = *l;
	const json_t *list = names != NULL ? names : ids;

	l->n = 0;
	l->text[0] = '\0';
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *node = json_array_get(list, i);
		const char *name = names != NULL ? json_string_value(node) : NULL;
		const int id = (int)json_integer_value(node);
		if (names == NULL && id >= 1 &&
		    (size_t)id <= ARRAY_LEN(ledger_names))
			name = ledger_names[id - 1];
		/* No name or id of the CRM: what a broken client would do. */
		ledger_add(l, name == NULL ? "?" : name);
		for (size_t k = 0; k < old.n; k++)
			if (strcmp(old.tag[k].name, l->tag[l->n - 1].name) == 0)
				l->tag[l->n - 1].id = old.tag[k].id;
	}
}

static inline long
ledger_put(struct ledger *l, const json_t *body)
{
	const json_t *v = json_object_get(body, "v"),
	    *text = json_object_get(body, "text"),
	    *tags = json_object_get(body, "tags"),
	    *ids = json_object_get(body, "ids"),
	    *gone = json_object_get(body, "remove"),
	    *come = json_object_get(body, "add");

	if (v != NULL && json_integer_value(v) != l->version)
		return 409;
	if (text != NULL)
		(void)snprintf(l->text, sizeof(l->text), "%s",
		    json_string_value(text));
	else if (tags != NULL || ids != NULL)
		ledger_replace(l, tags, ids);
	for (size_t i = 0; i < json_array_size(gone); i++)
		(void)ledger_remove(l, (int)json_integer_value(
		    json_array_get(gone, i)));
	for (size_t i = 0; i < json_array_size(come); i++) {
		const int id = (int)json_integer_value(json_array_get(come, i));
		if (!ledger_has_id(l, id))
			ledger_add(l, ledger_names[id - 1]);
	}
	return 200;
}

static inline long
ledger_call(struct ledger *l, const char *method, const char *rest,
    const json_t *body)
{
	const char *name = json_string_value(json_object_get(body, "name"));
	const int new = (int)json_integer_value(json_object_get(body, "id"));
	const int id = *rest == '/' ? atoi(rest + 1) : 0;

	if (strcmp(method, "POST") == 0) {
		if (name == NULL && ledger_has_id(l, new))
			return 409;
		ledger_add(l, name != NULL ? name : ledger_names[new - 1]);
		return 201;
	}
	if (!ledger_has_id(l, id))
		return 404;
	if (strcmp(method, "DELETE") == 0)
		return ledger_remove(l, id) ? 204 : 404;
	for (size_t i = 0; i < l->n; i++)
		if (l->tag[i].id == id && name != NULL)
			(void)snprintf(l->tag[i].name,
			    sizeof(l->tag[i].name), "%s", name);
	return 200;
}

static inline bool
ledger_matches(const struct ledger *l, const struct http_req *req)
{
	char etag[16];

	(void)snprintf(etag, sizeof(etag), "\"%d\"", l->version);
	for (size_t i = 0; req->headers != NULL && req->headers[i][0] != NULL;
	     i++)
		if (strcmp(req->headers[i][0], "If-Match") == 0 &&
		    strcmp(req->headers[i][1], etag) != 0)
			return false;
	return true;
}

static inline void
ledger_serve(struct ledger *l, const struct http_req *req,
    struct http_res *res)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	const char *path = strstr(req->url, "/c/K1");
	const json_t *body = NULL;
	long status;

	if (req->body_len > 0 &&
	    json_parse(req->body, req->body_len, &doc, NULL))
		body = json_root(doc);
	if (path == NULL && strstr(req->url, "/rpc") != NULL) {
		ledger_say(l, res, 200, json_pack("{s:[o]}", "result",
		    ledger_card(l)));
		return;
	}
	if (path == NULL) {
		ledger_say(l, res, 404, NULL);
		return;
	}
	path += strlen("/c/K1");
	if (strcmp(req->method, "GET") == 0) {
		ledger_say(l, res, 200, ledger_card(l));
		return;
	}
	l->writes++;
	status = !ledger_matches(l, req) ? 412
	    : *path == '\0' ? ledger_put(l, body)
	    : ledger_call(l, req->method, path + 2, body);
	l->version += status < 300;
	ledger_say(l, res, status, NULL);
}

/* ---- faults --------------------------------------------------------------- */
static inline void
ledger_fail(struct ledger *l, const struct http_req *req, struct http_res *res)
{
	static const long statuses[FAULTS] = { [FAILED_BEFORE] = 503,
		[FAILED_AFTER] = 502, [GONE] = 404, [FORBIDDEN] = 403,
		[REFUSED] = 422 };

	if (l->fault == LOST_AFTER || l->fault == FAILED_AFTER)
		ledger_serve(l, req, res);
	if (l->fault == OTHER_WROTE) {
		ledger_add(l, "late");
		l->version++;
		ledger_serve(l, req, res);
	} else if (l->fault == BODY_ERROR) {
		ledger_say(l, res, 200, json_pack("{s:s}", "error", "no"));
	} else if (l->fault == IGNORED) {
		ledger_say(l, res, 200, json_pack("{s:b}", "ok", 1));
	} else if (statuses[l->fault] != 0) {
		ledger_say(l, res, statuses[l->fault], NULL);
	} else {
		ledger_say(l, res, 0, NULL);
		res->phase = HTTP_SENT;
	}
}

static inline void
ledger_answer(struct ledger *l, const struct http_req *req,
    struct http_res *res)
{
	if (++l->requests == l->fault_at && l->fault != FAULT_NONE)
		ledger_fail(l, req, res);
	else
		ledger_serve(l, req, res);
}

#endif
