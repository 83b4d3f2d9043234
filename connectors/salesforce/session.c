/*
 * session.c - who we are, what an answer means, and how many calls are left.
 *
 * How it could harm:
 *  - the customer's other programs left without calls for the day: the header
 *    of each answer is read, and the run stops at quota_stop_pct of the org's
 *    calls or at quota_run_pct by this run alone; REQUEST_LIMIT_EXCEEDED stops
 *    it at once;
 *  - a token sent elsewhere: all addresses are those of the instance that the
 *    answer with the token named, kept for the run.
 */
#include <stdio.h>
#include <string.h>

#include "common/jwt.h"
#include "num.h"
#include "salesforce.h"
#include "url.h"

#define TOKEN_PATH "/services/oauth2/token"

static const char *const wanted[] = { [SF_LIMIT_INFO] = "Sforce-Limit-Info",
	[SF_LOCATOR] = "Sforce-Locator", [SF_RECORDS] =
	"Sforce-NumberOfRecords", NULL };

/* ---- tokens ------------------------------------------------------------ */
static bool
took(void *arg, json_t *root, struct err *err)
{
	struct salesforce *s = arg;

	return apicall_set_base(&s->api, json_string_value(json_at(root,
	    "/instance_url")), err) || err_wrap(err, "instance_url");
}

static bool
ask_client(const struct salesforce *s, struct oauth_ask *ask)
{
	static const struct oauth_field grant[] = {
		{ "grant_type", "client_credentials" } };

	ask->client_id = s->set->client_id;
	ask->secret = s->set->client_secret;
	ask->client = s->set->secret_in == SF_SECRET_HEADER ?
	    OAUTH_IN_HEADER : OAUTH_IN_BODY;
	ask->fields = grant;
	ask->n = ARRAY_LEN(grant);
	return true;
}

/* A new one each time: it holds for jwt_lifetime_s only. */
static bool
assertion(const struct salesforce *s, struct arena *arena, char **out,
    struct err *err)
{
	const struct sf_settings *set = s->set;
	const struct jwt_signer signer = { .key = set->jwt_key };
	json_t *claims = json_pack("{ssssss}", "iss", set->client_id, "sub",
	    set->jwt_user, "aud", *set->jwt_audience != '\0' ?
	    set->jwt_audience : set->login_url);
	const bool ok = claims == NULL ? err_nomem(err) :
	    jwt_claims_add(claims, JWT_EXP, sf_now(s), set->jwt_lifetime_s,
	        err) && jwt_sign(&signer, claims, arena, out, err);

	json_decref(claims);
	return ok;
}

static bool
ask_jwt(const struct salesforce *s, struct arena *arena,
    struct oauth_ask *ask, struct err *err)
{
	struct oauth_field *fields = arena_array(arena, 2, sizeof(*fields));

	if (fields == NULL)
		return err_nomem(err);
	if (!assertion(s, arena, &ask->wiped, err))
		return err_wrap(err, "jwt_key");
	fields[0] = (struct oauth_field){ "grant_type",
		"urn:ietf:params:oauth:grant-type:jwt-bearer" };
	fields[1] = (struct oauth_field){ "assertion", ask->wiped };
	ask->client = OAUTH_IN_FIELDS;
	ask->client_id = s->set->client_id;
	ask->secret = s->set->jwt_user;		/* never shown */
	ask->fields = fields;
	ask->n = 2;
	return true;
}

static bool
ask(void *arg, struct arena *arena, struct oauth_ask *out, struct err *err)
{
	struct salesforce *s = arg;

	*out = (struct oauth_ask){ .url = url_join(arena, s->set->login_url,
	    TOKEN_PATH), .describe = true, .took = took, .took_arg = s };
	if (out->url == NULL)
		return err_nomem(err);
	return s->set->auth == SF_AUTH_CLIENT ? ask_client(s, out) :
	    ask_jwt(s, arena, out, err);
}

/* ---- calls that are left ----------------------------------------------- */
bool
sf_usage_parse(const char *header, long long *used, long long *max)
{
	static const char name[] = "api-usage=";
	const char *at = header;

	for (; at != NULL && (at = strstr(at, name)) != NULL; at++) {
		if (at > header && at[-1] == '-')
			continue;
		const char *number = at + strlen(name);
		const size_t n = strspn(number, "0123456789");
		const size_t m = number[n] != '/' ? 0 :
		    strspn(number + n + 1, "0123456789");
		return num_parse_n(number, n, 0, INT32_MAX, used) &&
		    num_parse_n(number + n + 1, m, 1, INT32_MAX, max);
	}
	return false;
}

static void
spend(struct salesforce *s, const struct http_res *res)
{
	struct sf_budget *b = &s->budget;
	struct err why;

	b->calls += res->tries;
	if (!sf_usage_parse(res->wanted[SF_LIMIT_INFO], &b->used, &b->max) ||
	    s->api.stopped.kind != ERR_NONE)
		return;
	if (100 * b->used > b->max * s->set->quota_stop_pct)
		(void)err_set(&why, ERR_THROTTLED, "stopped for this run: "
		    "%lld of the org's %lld calls are used (quota_stop_pct)",
		    b->used, b->max);
	else if (100 * b->calls > b->max * s->set->quota_run_pct)
		(void)err_set(&why, ERR_THROTTLED, "stopped for this run: it "
		    "made %lld of the org's %lld calls (quota_run_pct)",
		    b->calls, b->max);
	else
		return;
	(void)apicall_stop(&s->api, &why);
}

/* ---- what an answer means ---------------------------------------------- */
/* Beside what the status says. */
static const struct meaning {
	const char *code;
	enum err_kind kind;
	bool stop;
} meanings[] = {
	{ "REQUEST_LIMIT_EXCEEDED", ERR_THROTTLED, true },
	{ "MALFORMED_QUERY", ERR_CONFIG, false },
	{ "INVALID_FIELD", ERR_CONFIG, false },
	{ "INVALID_TYPE", ERR_CONFIG, false },
	{ "JSON_PARSER_ERROR", ERR_CONFIG, false },
	{ "INVALID_QUERY_LOCATOR", ERR_GONE, false },
	{ "QUERY_TIMEOUT", ERR_RETRY, false },
	{ "OPERATION_TOO_LARGE", ERR_RETRY, false },
	{ "UNABLE_TO_LOCK_ROW", ERR_RETRY, false },
	{ "REQUEST_RUNNING_TOO_LONG", ERR_RETRY, false },
	{ "SERVER_UNAVAILABLE", ERR_RETRY, false },
};

static bool
is_retried(const struct salesforce *s, long status)
{
	for (size_t i = 0; i < s->set->http_retry_statuses.n; i++)
		if (s->set->http_retry_statuses.v[i] == status)
			return true;
	return false;
}

static void
judge(void *arg, const struct http_res *res, json_t *root,
    struct api_verdict *v)
{
	struct salesforce *s = arg;
	json_t *first = json_is_array(root) ? json_array_get(root, 0) : root;

	if (res->date != NO_TIME)
		s->date_ahead_s = (long)(res->date - s->env.now(s->env.clock));
	spend(s, res);
	if (v->kind == ERR_NONE)
		return;
	if (is_retried(s, res->status))
		v->kind = ERR_RETRY;
	if (res->status == 300)
		v->kind = ERR_REJECTED;
	apicall_words(&s->api, json_string_value(json_object_get(first,
	    "errorCode")), json_string_value(json_object_get(first,
	    "message")), v);
	for (size_t i = 0; i < ARRAY_LEN(meanings) && !v->session; i++) {
		if (strcmp(meanings[i].code, v->code) != 0)
			continue;
		v->kind = meanings[i].kind;
		v->stop = meanings[i].stop;
		v->personal = v->kind == ERR_GONE;
	}
}

/* ---- open -------------------------------------------------------------- */
static bool
check_credentials(const struct sf_settings *set, struct err *err)
{
	const bool jwt = set->auth == SF_AUTH_JWT;

	if (*set->client_id == '\0')
		return err_set(err, ERR_CONFIG, "expected client_id, the "
		    "consumer key of the connected app");
	if (!jwt && *set->client_secret == '\0')
		return err_set(err, ERR_CONFIG, "expected client_secret = "
		    "\"credential:NAME\"");
	if (jwt && (*set->jwt_user == '\0' || *set->jwt_key == '\0'))
		return err_set(err, ERR_CONFIG, "auth = \"jwt\" expects "
		    "jwt_user and jwt_key = \"credential:NAME\"");
	return !jwt || jwt_check(&(struct jwt_signer){ .key = set->jwt_key },
	    err) || err_wrap(err, "jwt_key");
}

bool
sf_session_open(struct salesforce *s, struct err *err)
{
	const struct api_rules rules = { .ask = ask, .judge = judge,
		.gzip = true, .wanted = wanted, .again = s->set->http_retry_statuses.v,
		.n_again = s->set->http_retry_statuses.n, .arg = s };

	return check_credentials(s->set, err) &&
	    apicall_open(&s->api, &s->env, &rules, err);
}

const char *
sf_path(const struct salesforce *s, struct arena *arena, const char *rest)
{
	return arena_printf(arena, "/services/data/v%s%s",
	    s->set->api_version, rest);
}

time_t
sf_now(const struct salesforce *s)
{
	return s->env.now(s->env.clock) + s->date_ahead_s;
}
