/*
 * once.c - posts and tasks: at most once.  How this can double or lose, and what
 * stops it:
 *  - a post or task whose reply is lost: PUT_UNKNOWN, and nobody sends it again;
 *    http.c does not either (not repeatable);
 *  - one that was refused, taken for lost: an error in the service's own form
 *    says that nothing was made; then it is put off or given up;
 *  - a 503 of a proxy, taken for "too many requests": only the service's own form
 *    counts, else it is unknown;
 *  - an answer that sends us elsewhere, perhaps to what was made: unknown;
 *  - a right that is missing yet, taken for a refusal for good: denied, so that
 *    it goes out when the right is there;
 *  - a 2xx without the id of what was made: unknown, not done;
 *  - Chatter that is off: denied, which ends the kind after a few.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tagfield.h"
#include "writing.h"

#define WORK_BYTES ((size_t)4194304)
#define POST_CHARS ((size_t)10000)

struct once {
	struct salesforce *s;
	const char *path, *label;
	bool (*fill)(const struct crm_effect *e, json_t *to);
};

static bool
text_set(json_t *to, const char *name, const char *value)
{
	return value == NULL || *value == '\0' ||
	    json_object_set_new(to, name, json_string(value)) == 0;
}

/* ---- what is sent -------------------------------------------------------- */
/* {"body":{"messageSegments":[{"type":"Text","text":"..."}]},...} */
static bool
fill_post(const struct crm_effect *e, json_t *to)
{
	json_t *body = json_object(), *list = json_array();
	json_t *segment = json_object();
	/* A longer one is refused; the whole comment stands with the answer. */
	const size_t len = sf_text_head(e->text, POST_CHARS);
	bool ok = text_set(segment, "type", "Text") &&
	    json_object_set_new(segment, "text", json_stringn(e->text,
	    len)) == 0 &&
	    json_array_append(list, segment) == 0 &&
	    json_object_set(body, "messageSegments", list) == 0 &&
	    json_object_set(to, "body", body) == 0 &&
	    text_set(to, "feedElementType", "FeedItem") &&
	    text_set(to, "subjectId", e->contact_id);

	json_decref(segment);
	json_decref(list);
	json_decref(body);
	return ok;
}

static bool
is_user(const char *id)
{
	return sf_id_is_one(id) && strncmp(id, "005", 3) == 0;
}

/* Status and priority are the organisation's own defaults. */
static bool
fill_task(const struct crm_effect *e, json_t *to)
{
	char day[16];

	return text_set(to, "Subject", e->subject) &&
	    text_set(to, "Description", e->text) &&
	    text_set(to, "WhoId", e->contact_id) &&
	    (e->day == NO_DAY || text_set(to, "ActivityDate",
	    day_iso(day, e->day))) &&
	    (!is_user(e->employee_id) || text_set(to, "OwnerId",
	    e->employee_id));
}

/* ---- what became of it --------------------------------------------------- */
/* Its own form: a list of errors with codes. */
static json_t *
first_error(const struct api_res *res)
{
	json_t *error = json_array_get(api_root(res), 0);

	return json_is_string(json_object_get(error, "errorCode")) ? error
	    : NULL;
}

static bool
is_too_many(const struct api_res *res)
{
	const char *words = json_string_value(json_object_get(
	    first_error(res), "message"));

	return res->http.status == 503 && words != NULL &&
	    strcasestr(words, "too many requests") != NULL;
}

/* Its own words about this record: nothing was made, and the others go on. */
static bool
is_of_the_record(const struct once *o, const struct api_res *res)
{
	return res->http.status >= 400 && res->http.status <= 499 &&
	    !res->verdict.session && first_error(res) != NULL &&
	    o->s->api.stopped.kind == ERR_NONE;
}

/* Did nothing of it reach the service, or was it refused as a whole? */
static bool
is_proven_away(const struct api_res *res)
{
	switch (http_classify(&res->http)) {
	case HTTP_SAFE:
	case HTTP_PERMANENT:
	case HTTP_AUTH:
		return true;
	case HTTP_MISCONFIGURED:
		return res->http.status == 0;
	case HTTP_DONE:
	case HTTP_DONE_NO_BODY:
	case HTTP_UNKNOWN:
		break;
	}
	return is_too_many(res);
}

/* False: this kind's part of the run is over. */
static bool
failed(const struct once *o, const struct api_res *res, struct err *err,
    struct put_result *result)
{
	static const char card[] = "WhoId";
	const struct sf_reading how = { &o->s->set->w.record_retry_codes,
		card, &o->s->api.token.text };
	char reason[96];

	if (is_of_the_record(o, res)) {
		sf_errors_read(api_root(res), &how, result);
		if (res->http.status == 403 && result->outcome == PUT_REJECTED)
			result->outcome = PUT_DENIED;
		return true;
	}
	if (res->http.status > 0)
		(void)snprintf(reason, sizeof(reason), "HTTP %ld%s%.64s",
		    res->http.status, res->verdict.code[0] != '\0' ? " " : "",
		    res->verdict.code);
	else
		(void)snprintf(reason, sizeof(reason), "%s",
		    http_phase_name(res->http.phase));
	sf_result_set(result, is_proven_away(res) ? PUT_AGAIN : PUT_UNKNOWN,
	    reason);
	if (err->kind == ERR_GONE || err->kind == ERR_REJECTED)
		err->kind = ERR_PROTOCOL;
	return false;
}

static bool
made(const struct once *o, const struct api_res *res,
    struct put_result *result, struct err *err)
{
	const char *id = json_string_value(json_object_get(api_root(res),
	    "id"));

	if (!sf_id_is_one(id)) {
		sf_result_set(result, PUT_UNKNOWN, "no id in the answer");
		return err_set(err, ERR_PROTOCOL, "%s: HTTP %ld: expected the id "
		    "of what was made", o->label, res->http.status);
	}
	sf_result_set(result, PUT_DONE, "");
	(void)snprintf(result->remote_id, sizeof(result->remote_id), "%s", id);
	return true;
}

/* ---- one ----------------------------------------------------------------- */
static bool
body_of(const struct once *o, const struct crm_effect *e, struct arena *arena,
    struct api_req *req, struct err *err)
{
	json_t *fields = json_object();
	const char *body = o->fill(e, fields) ? json_body(arena, fields)
	    : NULL;

	json_decref(fields);
	req->body = body;
	req->body_len = body == NULL ? 0 : strlen(body);
	return body != NULL || err_nomem(err);
}

static bool
put_one(const struct once *o, const struct crm_effect *e,
    struct put_result *result, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(WORK_BYTES);
	AUTO(api_res) struct api_res res = { 0 };
	struct api_req req = { .method = "POST", .label = o->label };

	if (!sf_id_is_one(e->contact_id)) {
		sf_result_set(result, PUT_REJECTED, "no id of a contact");
		return true;
	}
	sf_result_set(result, PUT_AGAIN, "not sent");
	if (arena == NULL || (req.target = sf_path(o->s, arena, o->path)) == NULL)
		return err_nomem(err);
	if (!body_of(o, e, arena, &req, err))
		return false;
	if (!apicall_do(&o->s->api, arena, &req, &res, err))
		return failed(o, &res, err, result);
	return made(o, &res, result, err);
}

static bool
put_all(const struct once *o, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		sf_result_set(&results[i], PUT_AGAIN, "not sent");
	for (size_t i = 0; i < n; i++)
		if (!put_one(o, &e[i], &results[i], err))
			return false;
	return true;
}

/* ---- members ------------------------------------------------------------- */
bool
sf_post_feed(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	struct salesforce *s = self;
	const struct once o = { s, "/chatter/feed-elements",
		"post to Chatter", fill_post };

	if (!s->set->w.chatter_post)
		return err_set(err, ERR_DONE, "chatter_post is false");
	return put_all(&o, e, n, results, err);
}

bool
sf_put_task(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	struct salesforce *s = self;
	const struct once o = { s, "/sobjects/Task", "create Task",
		fill_task };

	return put_all(&o, e, n, results, err);
}
