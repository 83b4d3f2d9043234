/*
 * call.c - the token, what an answer means, and how often may be asked.
 *
 * How it could harm:
 *  - the customer's other programs left without searches: those are kept
 *    below search_rate, their tries too; all others below rate_per_second;
 *  - the day's calls used up, and asked on: DAILY ends the run at once, before
 *    another try;
 *  - a token that is none, asked with again and again: 401 and 530 end the run
 *    after one request;
 *  - too early again: the two shorter limits and 423 have their own pauses,
 *    since the service seldom says Retry-After.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "hubspot.h"
#include "num.h"

#define ROW_MAX_BYTES ((size_t)4194304)

/* ---- how long to wait ------------------------------------------------------ */
enum limit { LIMIT_NOT_SAID, LIMIT_SECOND, LIMIT_TEN_SECONDS, LIMIT_DAY };

/* policyName says it; else the words for a person do. */
static enum limit
limit_of(json_t *root)
{
	static const struct { const char *policy, *words; enum limit limit; }
	    all[] = {
		{ "DAILY", "daily limit", LIMIT_DAY },
		{ "TEN_SECONDLY_ROLLING", "ten_secondly", LIMIT_TEN_SECONDS },
		{ "SECONDLY", "secondly limit", LIMIT_SECOND } };
	const char *policy = json_string_value(json_object_get(root,
	    "policyName"));
	const char *words = json_string_value(json_object_get(root, "message"));

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (policy != NULL ? strcasecmp(policy, all[i].policy) == 0 :
		    words != NULL && strcasestr(words, all[i].words) != NULL)
			return all[i].limit;
	return LIMIT_NOT_SAID;
}

long
hs_pause_ms(const struct http_res *res)
{
	static const long pauses[] = { [LIMIT_NOT_SAID] = 10000,
		[LIMIT_SECOND] = 1000, [LIMIT_TEN_SECONDS] = 10000,
		[LIMIT_DAY] = -1 };
	struct json_doc *doc = NULL;
	struct err why;

	if (res->status == 530 || res->status == 401)
		return -1;
	if (res->status != 429)
		return res->status == 423 ? 2000 : 0;
	if (!json_parse(res->body, res->body_len, &doc, &why))
		return pauses[LIMIT_NOT_SAID];
	const long pause = pauses[limit_of(json_root(doc))];
	json_free(doc);
	return pause;
}

/* ---- what an answer means --------------------------------------------------- */
static void
judge_status(const struct hubspot *h, const struct http_res *res,
    json_t *root, struct api_verdict *v)
{
	for (size_t i = 0; i < h->set->retry_statuses.n; i++)
		if (h->set->retry_statuses.v[i] == res->status)
			v->kind = ERR_RETRY;
	/* A token that is badly formed may give 530. */
	if (res->status == 401 || res->status == 530) {
		v->kind = ERR_AUTH;
		v->session = false;
		v->stop = true;
	}
	if (res->status == 414)
		v->kind = ERR_CONFIG;
	if (res->status == 429 && limit_of(root) == LIMIT_DAY)
		v->stop = true;
	v->personal = v->kind == ERR_REJECTED || v->kind == ERR_GONE;
}

static const char scope_letters[] = "abcdefghijklmnopqrstuvwxyz._-";

/* From the list of them, or from the words for a person; NULL = not said. */
static const char *
scope_in(const struct http_res *res, json_t *root)
{
	static const char *const first[] = { "crm.", "communication_preferences.",
		"account-info." };
	json_t *error = json_array_get(json_object_get(root, "errors"), 0);
	const char *listed = json_string_value(json_array_get(json_object_get(
	    json_object_get(error, "context"), "requiredGranularScopes"), 0));
	const char *at = NULL;

	if (listed != NULL && strspn(listed, scope_letters) > 0)
		return listed;
	for (size_t i = 0; i < ARRAY_LEN(first) && at == NULL; i++)
		at = strstr(res->body, first[i]);
	return at;
}

/* A mask would take it for a key, but it is what is to be done. */
static void
name_scope(const struct http_res *res, json_t *root, struct api_verdict *v)
{
	const char *at = scope_in(res, root);

	(void)snprintf(v->text, sizeof(v->text), "the token may not do this: "
	    "give its key the scope %.*s", at == NULL ? 20 :
	    (int)strspn(at, scope_letters), at == NULL ? "(see README.md)" : at);
}

static void
judge(void *arg, const struct http_res *res, json_t *root,
    struct api_verdict *v)
{
	struct hubspot *h = arg;
	const char *code = json_string_value(json_object_get(root,
	    "category"));

	if (res->date != NO_TIME)
		h->date_ahead_s = (long)(res->date - h->env.now(h->env.clock));
	if (v->kind == ERR_NONE)
		return;
	judge_status(h, res, root, v);
	if (code == NULL)
		code = json_string_value(json_object_get(root, "policyName"));
	apicall_words(&h->api, code, json_string_value(json_object_get(root,
	    "message")), v);
	if (res->status == 401 || res->status == 530)
		(void)snprintf(v->text, sizeof(v->text), "the token is not "
		    "taken: make a new one and store it (npsync secret set)");
	else if (res->status == 403)
		name_scope(res, root, v);
	else if (v->stop)
		(void)snprintf(v->text, sizeof(v->text), "the day's calls of "
		    "the account are used up; the next run goes on");
}

time_t
hs_now(const struct hubspot *h)
{
	return h->env.now(h->env.clock) + h->date_ahead_s;
}

/* ---- calls -------------------------------------------------------------------- */
static bool
no_grant(void *arg, struct arena *arena, struct oauth_ask *ask,
    struct err *err)
{
	(void)arg, (void)arena, (void)ask;
	return err_set(err, ERR_BUG, "there is no token to ask for");
}

bool
hs_call_open(struct hubspot *h, struct err *err)
{
	const struct hs_settings *set = h->set;
	const struct api_rules rules = { .ask = no_grant, .judge = judge,
		.again = set->retry_statuses.v,
		.n_again = set->retry_statuses.n,
		.pause_ms = hs_pause_ms, .arg = h };

	if (*set->token == '\0')
		return err_set(err, ERR_CONFIG, "expected token = "
		    "\"credential:NAME\", of a Service Key or a private app");
	return apicall_open(&h->api, &h->env, &rules, err) &&
	    apicall_set_base(&h->api, set->base_url, err);
}

/* A static one; each process keeps its own copy. */
bool
hs_token(struct hubspot *h, struct err *err)
{
	return oauth_is_good(&h->api.token, h->env.now(h->env.clock)) ||
	    oauth_keep(&h->api.token, h->set->token, err);
}

/* The support asks for it; no more of it than an id. */
bool
hs_told(json_t *root, struct err *err)
{
	static const char letters[] = "0123456789abcdefABCDEF-";
	const char *id = json_string_value(json_object_get(root,
	    "correlationId"));

	return id == NULL || strlen(id) > 36 || *id == '\0' ||
	    id[strspn(id, letters)] != '\0' ? false :
	    err_wrap(err, "correlationId %s", id);
}

bool
hs_read(struct hubspot *h, struct arena *arena, const struct hs_call *call,
    struct api_res *res, struct err *err)
{
	const bool get = call->body == NULL;
	const struct api_req req = { .method = get ? "GET" : "POST",
		.target = call->path, .label = call->label,
		.body = call->body, .body_len = get ? 0 : strlen(call->body),
		.repeatable = true, .apart_ms = !call->search ? 0 :
		(long)(1000 / h->set->search_rate) + 1 };

	if (call->path == NULL || arena_failed(arena))
		return err_nomem(err);
	if (h->env.cancelled != NULL && h->env.cancelled())
		return err_set(err, ERR_CANCELLED, "cancelled");
	if (!hs_token(h, err))
		return false;
	return apicall_do(&h->api, arena, &req, res, err) ||
	    hs_told(api_root(res), err);
}

/* ---- is 404 of a contact? ------------------------------------------------------ */
bool
hs_is_own_error(json_t *root)
{
	const char *status = json_string_value(json_object_get(root, "status"));

	return (status != NULL && strcmp(status, "error") == 0) ||
	    json_is_string(json_object_get(root, "correlationId"));
}

static bool
next_after(json_t *root)
{
	const json_t *after = json_object_get(json_object_get(json_object_get(
	    root, "paging"), "next"), "after");

	return json_is_integer(after) || json_string_length(after) > 0;
}

bool
hs_prove_by(json_t *root, struct err *err)
{
	json_t *rows = json_object_get(root, "results");

	/* An empty page may be followed by others (HS-01). */
	if (json_array_size(rows) > 0 || (json_is_array(rows) &&
	    next_after(root)))
		return true;
	if (json_is_array(rows))
		return err_set(err, ERR_PROTOCOL, HS_LIST ": the portal shows "
		    "no contact: is it the right token?");
	return err_set(err, ERR_PROTOCOL, root == NULL ? HS_LIST ": HTTP 404: "
	    "contacts are not served there: correct base_url or api_version" :
	    HS_LIST ": expected an array \"results\", after a 404 that does not "
	    "say what is missing");
}

/* Each time: what was served a while ago need not be now. */
bool
hs_prove(struct hubspot *h, json_t *root, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(ROW_MAX_BYTES);
	AUTO(api_res) struct api_res res = { 0 };

	if (arena == NULL)
		return err_nomem(err);
	if (!hs_is_own_error(root))
		return err_set(err, ERR_PROTOCOL, "HTTP 404 that is none of "
		    "HubSpot's own: expected a gateway that lets its answers "
		    "through, and a base_url and api_version that are served");
	const struct hs_call call = { .label = HS_LIST,
		.path = hs_path(h, arena, HS_OBJECTS, HS_LIST_ONE) };
	const bool ok = hs_read(h, arena, &call, &res, err);
	return ok || res.http.status == 404 ?
	    hs_prove_by(ok ? api_root(&res) : NULL, err) : false;
}
