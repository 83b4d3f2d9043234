/*
 * token.c - the token endpoint of Entra, version 2, client credentials only.
 */
#include "sim.h"

#include <stdlib.h>

#define ASSERTION "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

struct form {
	const char *grant, *client, *secret, *scope, *type, *assertion;
};

/* A plus is a blank here. */
static const char *
form_value(struct pool *p, const char *text)
{
	char *plain = pool_text(p, text, strlen(text));
	char *out = pool_get(p, strlen(text) + 1);
	for (char *at = plain; *at != '\0'; at++)
		if (*at == '+')
			*at = ' ';
	return url_decode_to(plain, strlen(plain), false, out) ? out : "";
}

static void
grant_read(struct request *r, struct form *f)
{
	char *rest = pool_text(&r->pool, r->in.body == NULL ? "" : r->in.body, r->in.len);
	char *one;
	*f = (struct form){ 0 };
	while ((one = strsep(&rest, "&")) != NULL) {
		const char **to = NULL;
		const char *name = strsep(&one, "=");
		if (strcmp(name, "grant_type") == 0)
			to = &f->grant;
		else if (strcmp(name, "client_id") == 0)
			to = &f->client;
		else if (strcmp(name, "client_secret") == 0)
			to = &f->secret;
		else if (strcmp(name, "scope") == 0)
			to = &f->scope;
		else if (strcmp(name, "client_assertion_type") == 0)
			to = &f->type;
		else if (strcmp(name, "client_assertion") == 0)
			to = &f->assertion;
		if (to != NULL && one != NULL)
			*to = form_value(&r->pool, one);
	}
}

static bool
no(struct sim *s, struct request *r, struct reply *out, unsigned code,
    const char *error, const char *what)
{
	char at[40];
	const char *id = guid_text(guid_seeded((uint64_t)s->requests, "trace", 0));
	reply_json(out, code == 7000215 || code == 7000222 || code == 700027 ||
		    code == 700016 ? 401 : 400,
	    json_pack("{s:s, s:s, s:[I], s:s, s:s, s:s, s:s}", "error", error,
		"error_description", pool_fmt(&r->pool, "AADSTS%u: %s Trace ID: "
		    "%s Correlation ID: %s", code, what, id, id),
		"error_codes", J(code), "timestamp",
		sim_time_text(s->now, "Z", at, sizeof(at)), "trace_id", id,
		"correlation_id", id, "error_uri", pool_fmt(&r->pool,
		    "https://login.microsoftonline.com/error?code=%u", code)));
	return false;
}

static bool
tenant_good(struct sim *s, struct request *r, struct reply *out)
{
	const char *want = pool_fmt(&r->pool, "/%s/oauth2/v2.0/token",
	    s->opt.tenant);
	return strcmp(r->path, want) == 0 || no(s, r, out, 90002,
	    "invalid_request", "Tenant not found. Check to make sure you have "
	    "the correct tenant ID.");
}

static bool
credentials_good(struct sim *s, struct request *r, struct reply *out,
    const struct form *f)
{
	unsigned code = 0;
	if (f->client == NULL || strcmp(f->client, s->opt.client) != 0)
		return no(s, r, out, 700016, "unauthorized_client",
		    "Application with this identifier was not found in the "
		    "directory.");
	if (f->assertion != NULL) {
		if (f->type == NULL || strcmp(f->type, ASSERTION) != 0)
			return no(s, r, out, 900144, "invalid_request",
			    "The request body must contain the parameter "
			    "'client_assertion_type'.");
		const char *why = jwt_check(s, r, f->assertion, f->client, &code);
		return why == NULL || no(s, r, out, code, "invalid_client", why);
	}
	if (f->secret == NULL)
		return no(s, r, out, 7000216, "invalid_client",
		    "'client_assertion', 'client_secret' or 'request' is "
		    "required for the 'client_credentials' grant type.");
	return (s->opt.secret != NULL && strcmp(f->secret, s->opt.secret) == 0) ||
	    no(s, r, out, 7000215, "invalid_client", "Invalid client secret "
		"provided.");
}

/* "https://org/.default". A twice written slash, or the API's own host, is a
 * good scope and another audience: the data refuse its token for ever. */
static bool
scope_good(struct sim *s, struct request *r, struct reply *out,
    const struct form *f, bool *foreign)
{
	const char *base = base_of(s, r), *end = "/.default";
	const size_t len = f->scope == NULL ? 0 : strlen(f->scope);
	const size_t tail = strlen(end);
	if (len <= tail || strcmp(f->scope + len - tail, end) != 0)
		return no(s, r, out, f->scope == NULL ? 900144 : 70011,
		    "invalid_scope", "The provided value for the input parameter "
		    "'scope' is not valid. Client credential flows must have a "
		    "scope value with /.default suffixed to the resource "
		    "identifier.");
	const char *resource = pool_text(&r->pool, f->scope, len - tail);
	const char *host = strstr(base, "://");
	*foreign = strcmp(resource, base) != 0;
	if (*foreign && !starts(resource, base) &&
	    (host == NULL || strstr(resource, host + 3) == NULL))
		return no(s, r, out, 500011, "invalid_resource",
		    "The resource principal was not found in the tenant.");
	return true;
}

static void
token_make(struct sim *s, struct reply *out, bool foreign)
{
	const int64_t n = s->tokens_asked;
	struct token *t = &s->tokens[s->n_tokens++ % TOKENS];
	*t = (struct token){ .expires = s->now + s->opt.token_s,
		.foreign = foreign };
	snprintf(t->text, sizeof(t->text),
	    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.%016llx%016llx.%016llx",
	    (unsigned long long)sim_hash((uint64_t)n, "token"),
	    (unsigned long long)sim_hash((uint64_t)s->started_ms, "token"),
	    (unsigned long long)sim_hash((uint64_t)n, "sign"));
	reply_json(out, 200, json_pack("{s:s, s:I, s:I, s:s}", "token_type",
	    "Bearer", "expires_in", J(s->opt.token_s), "ext_expires_in",
	    J(s->opt.token_s), "access_token", t->text));
}

void
on_token(struct sim *s, struct request *r, struct reply *out)
{
	struct form f;
	bool foreign = false;
	s->tokens_asked++;
	r->on = ON_TOKEN;
	r->faulted = fault_take(s, r, "");
	if (r->faulted && fault_replaces(s, r, out))
		return;
	grant_read(r, &f);
	if (r->h.type == NULL ||
	    !starts(r->h.type, "application/x-www-form-urlencoded"))
		no(s, r, out, 900144, "invalid_request", "The request body must "
		    "contain the parameter 'grant_type'.");
	else if (f.grant == NULL || strcmp(f.grant, "client_credentials") != 0)
		no(s, r, out, 70003, "unsupported_grant_type",
		    "The app requested an unsupported grant type.");
	else if (tenant_good(s, r, out) && credentials_good(s, r, out, &f) &&
	    scope_good(s, r, out, &f, &foreign))
		token_make(s, out, foreign);
	if (r->faulted)
		fault_after(r, out);
}

bool
token_good(struct sim *s, const struct request *r, const char **why)
{
	const char *have = r->h.authorization;
	if (mutant(s, "token-any"))
		return true;
	*why = "no bearer";
	if (have == NULL || !starts(have, "Bearer "))
		return false;
	*why = "unknown";
	for (size_t i = 0; i < TOKENS; i++) {
		const struct token *t = &s->tokens[i];
		if (t->text[0] == '\0' || strcmp(t->text, have + 7) != 0)
			continue;
		*why = t->foreign ? "wrong audience" : "expired";
		return !t->foreign && s->now < t->expires;
	}
	return false;
}
