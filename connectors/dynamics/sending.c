/*
 * sending.c - requests of effects sent, one by one or in batches, and what
 * became of each.  How this can lose or double, and what stops it:
 *  - a post or task whose reply is lost: PUT_UNKNOWN, and nobody sends it again;
 *    neither the engine nor a batch repeats it;
 *  - fields and answers written twice say the same again;
 *  - a contact that was deleted: If-Match, so that it is not made anew;
 *  - two that make one answer's row at once: the second tries once more, as an
 *    update;
 *  - answers that failed for good because a column or the key was not made, or
 *    its index is not there yet: what does not fit its table ends this kind, and
 *    all stays wanted;
 *  - a card that we may not write, first each night: it is denied, the others go
 *    on;
 *  - a batch of which one is refused: continue-on-error, each part is read, and
 *    the refused one alone has failed;
 *  - a batch whose parts are not as many as its requests (a group that failed has
 *    one part for all, a server that stops at the first error gives no more), or
 *    in another order: none of it counts as written, and its requests go one by
 *    one;
 *  - a CRM that is away: three failures in a row end this kind for the run, what
 *    was not tried stays wanted; one odd row does not.
 */
#include <stdio.h>
#include <string.h>

#include "common/multipart.h"
#include "common/putting.h"
#include "writer.h"

#define FAILURES_MAX 3
#define BATCH_BYTES ((size_t)16 << 20)
#define BOUNDARY "batch_npsync_7f0c1d9b5a"

bool
sending_is_wrong_path(json_t *root)
{
	static const char begin[] = "Resource not found for the segment";
	const char *text = json_string_value(json_at(root, "/error/message"));

	return text != NULL && strncmp(text, begin, sizeof(begin) - 1) == 0;
}

/* ---- what became of one ------------------------------------------------- */
/* Between the last brackets of OData-EntityId. */
static void
remote_id_take(const struct http_res *res, struct put_result *result)
{
	const char *url = res->wanted[0];
	const char *at = url == NULL ? NULL : strrchr(url, '(');
	char id[40];

	if (at == NULL || strlen(at + 1) != 37)
		return;
	(void)snprintf(id, sizeof(id), "%.36s", at + 1);
	if (dynamics_is_guid(id))
		(void)snprintf(result->remote_id, sizeof(result->remote_id),
		    "%s", id);
}

static bool
is_clash(const struct put_request *req, const struct http_res *res,
    const struct api_verdict *v)
{
	static const char *const codes[] = { "0x80060892", "0x80040237" };

	if (!req->upsert || req->match != NULL)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (strcmp(v->code, codes[i]) == 0)
			return true;
	return res->status == 412;
}

/* The alternate key is not made, or its index is not Active. */
static bool
is_without_key(const struct api_verdict *v, const char *text)
{
	return strcmp(v->code, "0x8004f050") == 0 ||
	    strcmp(v->code, "0x80060888") == 0 ||
	    (text != NULL && strstr(text, "not a defined key") != NULL);
}

/* A request that does not fit the table: no column or key of that name, or
 * another type.  No row is to blame, and it fits when the table was put right. */
static bool
is_misfit(const struct put_request *req, const struct api_verdict *v,
    json_t *root)
{
	const char *text = json_string_value(json_at(root, "/error/message"));

	if (req->upsert && is_without_key(v, text))
		return true;
	return strcmp(v->code, "0x80048d19") == 0 || (text != NULL &&
	    strstr(text, "does not exist on type '") != NULL);
}

/* What looks like a matter of one row, and is one of the configuration. */
static void
reread(const struct put_request *req, const struct http_res *res,
    const struct api_verdict *v, json_t *root, struct err *why)
{
	if (why->kind == ERR_GONE && sending_is_wrong_path(root))
		why->kind = ERR_CONFIG;
	if (why->kind == ERR_REJECTED && is_misfit(req, v, root))
		(void)err_set(why, ERR_CONFIG, "%s: HTTP %ld %s: a column that "
		    "is written, or the key, is not there or does not fit: "
		    "`npsync check` names it", req->label, res->status,
		    v->code);
}

/* False: the answer says nothing of this row alone, and the part is over. */
static bool
failed(struct dynamics *d, const struct put_request *req,
    const struct http_res *res, const struct api_verdict *v, json_t *root,
    struct err *why, struct put_result *result, struct err *err)
{
	const char *words = v->personal ? v->text : "";
	enum put_outcome outcome;

	reread(req, res, v, root, why);
	if (put_is_of_record(res, why, &outcome)) {
		put_result_set(result, outcome, why->msg, words);
		d->writer->failures = 0;
		return true;
	}
	put_result_set(result, put_was_not_taken(res, why) ? PUT_AGAIN
	    : PUT_UNKNOWN, why->msg, words);
	if (why->kind == ERR_RETRY && !req->once &&
	    ++d->writer->failures < FAILURES_MAX)
		return true;
	*err = *why;
	return false;
}

/* ---- one by one --------------------------------------------------------- */
static bool
send_once(struct dynamics *d, const struct put_request *req,
    struct api_res *res, struct err *err)
{
	const char *headers[][2] = { { "If-Match", req->match },
		{ NULL, NULL } };
	const struct api_req from = { .method = req->method,
		.target = req->target, .label = req->label, .body = req->body,
		.body_len = strlen(req->body), .repeatable = !req->once,
		.headers = req->match == NULL ? NULL
		    : (const char *const (*)[2])headers };

	arena_reset(d->page);
	return dynamics_do(d, d->page, &from, res, err);
}

static bool
send_one(struct dynamics *d, const struct put_request *req,
    struct put_result *result, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct put_request again = *req;
	struct err why = { .kind = ERR_NONE };
	bool ok = send_once(d, req, &res, &why);

	again.match = "*";
	if (!ok && is_clash(req, &res.http, &res.verdict)) {
		ok = send_once(d, &again, &res, &why);
		/* The row was there, and is not: no contact is gone by that. */
		if (!ok && why.kind == ERR_GONE)
			why.kind = ERR_RETRY;
	}
	if (!ok)
		return failed(d, req, &res.http, &res.verdict, api_root(&res),
		    &why, result, err);
	d->writer->failures = 0;
	result->outcome = PUT_DONE;
	remote_id_take(&res.http, result);
	return true;
}

/* ---- batches ------------------------------------------------------------ */
static void
batch_add(struct dynamics *d, struct buf *out, const struct put_request *req,
    size_t i)
{
	const char *target = dynamics_target(d, d->page, req->target);

	(void)buf_printf(out, "--" BOUNDARY "\r\n"
	    "Content-Type: application/http\r\n"
	    "Content-Transfer-Encoding: binary\r\n"
	    "Content-ID: %zu\r\n\r\n"
	    "%s %s HTTP/1.1\r\n"
	    "Content-Type: application/json\r\n", i + 1, req->method,
	    target != NULL ? target : "");
	if (req->match != NULL)
		(void)buf_printf(out, "If-Match: %s\r\n", req->match);
	(void)buf_printf(out, "\r\n%s\r\n", req->body);
}

static bool
batch_send(struct dynamics *d, const struct put_request *reqs, size_t n,
    struct api_res *res, struct err *err)
{
	static const char *const headers[][2] = {
		{ "Prefer", "odata.continue-on-error" }, { NULL, NULL } };
	AUTO(buf) struct buf out;

	arena_reset(d->page);
	buf_init(&out, BATCH_BYTES);
	for (size_t i = 0; i < n; i++)
		if (reqs[i].ready)
			batch_add(d, &out, &reqs[i], i);
	(void)buf_str(&out, "--" BOUNDARY "--\r\n");
	if (out.failed || arena_failed(d->page))
		return err_nomem(err);
	const struct api_req req = { .method = "POST", .target = "$batch",
		.label = "$batch", .headers = headers, .body = out.s,
		.body_len = out.len, .repeatable = true, .text = true,
		.type = "multipart/mixed; boundary=\"" BOUNDARY "\"" };
	return dynamics_do(d, d->page, &req, res, err);
}

/* A part as if it had come alone. */
static bool
part_settle(struct dynamics *d, const struct put_request *req,
    const struct multipart_part *part, struct put_result *result,
    struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	const struct http_res res = { .phase = HTTP_COMPLETE,
		.status = part->status, .body = part->body,
		.body_len = part->body_len, .body_sent = true,
		.retry_after_s = -1, .date = NO_TIME };
	struct api_verdict v;
	struct err why = { .kind = ERR_NONE };

	if (!apicall_parse(&res, "$batch", &doc, &why))
		doc = NULL;
	json_t *root = doc == NULL ? NULL : json_root(doc);
	apicall_judge(&d->api, &res, root, &v);
	if (v.kind == ERR_NONE) {
		d->writer->failures = 0;
		result->outcome = PUT_DONE;
		return true;
	}
	if (is_clash(req, &res, &v))
		return send_one(d, req, result, err);
	(void)apicall_fail(&v, &res, req->label, &why);
	return failed(d, req, &res, &v, root, &why, result, err);
}

/* *parts NULL: they are not one for each request.  In scratch, as one of them
 * may be sent once more. */
static bool
parts_read(struct dynamics *d, const struct api_res *res, size_t n,
    struct multipart_part **parts, struct err *err)
{
	struct arena *scratch = d->api.env.scratch;
	const char *boundary;
	size_t found = 0;
	struct err odd;

	if (!multipart_boundary(scratch, res->http.content_type, &boundary,
	        &odd) ||
	    !multipart_parse(scratch, res->http.body, res->http.body_len,
	        boundary, parts, &found, &odd)) {
		*parts = NULL;
		return odd.kind != ERR_NOMEM || err_nomem(err);
	}
	if (found != n)
		*parts = NULL;
	for (size_t i = 0; *parts != NULL && i < n; i++)
		if ((*parts)[i].grouped)
			*parts = NULL;
	return true;
}

static size_t
count_ready(const struct put_request *reqs, size_t n)
{
	size_t ready = 0;

	for (size_t i = 0; i < n; i++)
		ready += reqs[i].ready;
	return ready;
}

static bool
send_each(struct dynamics *d, const struct put_request *reqs, size_t n,
    struct put_result *results, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (reqs[i].ready && !send_one(d, &reqs[i], &results[i], err))
			return false;
	return true;
}

/* An answer may name its request: then it is this one. */
static bool
parts_are_in_order(const struct put_request *reqs, size_t n,
    const struct multipart_part *parts)
{
	char number[24];

	for (size_t i = 0; i < n; i++) {
		if (!reqs[i].ready)
			continue;
		(void)snprintf(number, sizeof(number), "%zu", i + 1);
		if (parts->content_id != NULL &&
		    strcmp(parts->content_id, number) != 0)
			return false;
		parts++;
	}
	return true;
}

/* Refused as a whole, or answered so that nobody knows whom a part means: what
 * is in it may be sent twice, so it is sent alone. */
static bool
send_batch(struct dynamics *d, const struct put_request *reqs, size_t n,
    struct put_result *results, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct multipart_part *parts = NULL;
	struct err why = { .kind = ERR_NONE };

	if (!batch_send(d, reqs, n, &res, &why)) {
		if (why.kind == ERR_REJECTED)
			return send_each(d, reqs, n, results, err);
		*err = why;
		return false;
	}
	if (!parts_read(d, &res, count_ready(reqs, n), &parts, err))
		return false;
	if (parts == NULL || !parts_are_in_order(reqs, n, parts))
		return send_each(d, reqs, n, results, err);
	for (size_t i = 0; i < n; i++)
		if (reqs[i].ready && !part_settle(d, &reqs[i], parts++,
		        &results[i], err))
			return false;
	return true;
}

bool
sending_all(struct dynamics *d, struct put_request *reqs, size_t n,
    struct put_result *results, struct err *err)
{
	bool batch = d->set->batch_size > 0 && count_ready(reqs, n) > 1;

	for (size_t i = 0; i < n; i++)
		batch &= !reqs[i].ready || !reqs[i].once;
	return batch ? send_batch(d, reqs, n, results, err)
	             : send_each(d, reqs, n, results, err);
}
