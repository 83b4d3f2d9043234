/*
 * auth.c - where the tenant is, how a system user gets a ticket, and who may
 * ask.
 */
#include <stdlib.h>
#include <strings.h>

#include "sim.h"

/* ---- the tenant -------------------------------------------------------------- */
/* GET api/state/{context}; no authentication. */
void
on_state(struct sim *s, struct request *r, struct reply *out)
{
	char end[160], api[200], until[40];

	if (strcasecmp(r->part[0], s->opt.context) != 0) {
		reply_error(out, 404, "SoNotFoundException",
		    "Unknown tenant");
		return;
	}
	snprintf(end, sizeof(end), "%s", s->url[s->host]);
	snprintf(api, sizeof(api), "%s/api", end);
	reply_json(out, 200, json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:s}",
	    "ContextIdentifier", s->opt.context, "Endpoint", end, "State",
	    s->state, "IsRunning", s->running, "ValidUntil",
	    sim_time_text(s->now + 900, ".9342965Z", until, sizeof(until)),
	    "Api", api, "Version", "Release_11.10_2026.11.20-01"));
}

/* GET {Api} */
void
on_root(struct sim *s, struct request *r, struct reply *out)
{
	char v1[200];

	(void)r;
	snprintf(v1, sizeof(v1), "%s/api/v1/", s->url[s->host]);
	reply_json(out, 200, json_pack("{s:s, s:s}", "v1", v1,
	    "NetServerVersion", "11.10.721.0"));
}

/* ---- tickets ----------------------------------------------------------------- */
static const char *
ticket_give(struct sim *s, const char *form, int64_t lives_s)
{
	struct ticket *t = &s->tickets[s->n_tickets % TICKETS];

	snprintf(t->text, sizeof(t->text), "%s:c2lt%06lld.%016llx", form,
	    (long long)s->n_tickets, (unsigned long long)sim_hash(
		(uint64_t)s->n_tickets, s->opt.secret));
	t->used_at = s->now;
	t->ends_at = lives_s == 0 ? 0 : s->now + lives_s;
	s->n_tickets++;
	return t->text;
}

void
tickets_end(struct sim *s)
{
	s->ended = s->n_tickets;
}

static bool
ticket_good(struct sim *s, const char *form, const char *text)
{
	int64_t i = s->n_tickets > TICKETS ? s->n_tickets - TICKETS : 0;

	for (i = i > s->ended ? i : s->ended; i < s->n_tickets; i++) {
		struct ticket *t = &s->tickets[i % TICKETS];
		if (strcmp(t->text, text) != 0 ||
		    strncmp(text, form, strlen(form)) != 0)
			continue;
		const bool good = t->ends_at == 0
		    ? s->now - t->used_at < TICKET_S : s->now < t->ends_at;
		t->used_at = s->now;
		return good;
	}
	return mutant_is(s, MUT_TICKET_ANY);
}

/* ---- the system user ----------------------------------------------------------- */
enum { REVOKED = 1, EXPIRED = 3, DENIED = 4, NEEDS_REAPPROVAL = 5,
	INVALID_TIMESTAMP = 6, INVALID_SIGNATURE = 7 };

static void
refuse(struct reply *out, int code)
{
	static const char *const words[] = { "", "Revoked", "", "Expired",
		"Denied", "NeedsReapproval", "InvalidTimestamp",
		"InvalidSignature" };
	char text[64];

	snprintf(text, sizeof(text), "%d: %s", code,
	    words[code < 0 || code > 7 ? 0 : code]);
	reply_json(out, 200, json_pack("{s:b, s:n, s:s, s:i}", "IsSuccessful",
	    0, "Token", "ErrorMessage", text, "ErrorCode", code));
}

/* "202611220315", UTC. */
static bool
minute_read(const char *p, int64_t *t)
{
	int y, mo, d, h, mi;

	if (strlen(p) != 12 || !sim_digits(&p, 4, &y) ||
	    !sim_digits(&p, 2, &mo) || !sim_digits(&p, 2, &d) ||
	    !sim_digits(&p, 2, &h) || !sim_digits(&p, 2, &mi) ||
	    !sim_is_date(y, mo, d) || h > 23 || mi > 59)
		return false;
	*t = sim_days(y, mo, d) * DAY_S + h * 3600 + mi * 60;
	return true;
}

/* TOKEN.MINUTE.SIGNATURE; 0 = good, else the code. */
static int
token_wrong(struct sim *s, const char *signed_token)
{
	char minute[16];
	int64_t t = 0;
	const size_t len = strlen(s->opt.system_token);

	if (signed_token == NULL ||
	    strncmp(signed_token, s->opt.system_token, len) != 0 ||
	    signed_token[len] != '.')
		return REVOKED;
	const char *dot = strchr(signed_token + len + 1, '.');
	if (dot == NULL)
		return INVALID_SIGNATURE;
	snprintf(minute, sizeof(minute), "%.*s",
	    (int)(dot - signed_token - (ptrdiff_t)len - 1),
	    signed_token + len + 1);
	const bool timely = minute_read(minute, &t) &&
	    t <= s->now + s->opt.skew_s && t >= s->now - 60 - s->opt.skew_s;
	if (!timely && !mutant_is(s, MUT_MINUTE_ANY))
		return INVALID_TIMESTAMP;
	if (!signature_good(s->opt.public_key, signed_token,
	    (size_t)(dot - signed_token), dot + 1) &&
	    !mutant_is(s, MUT_SIGNATURE_ANY))
		return INVALID_SIGNATURE;
	return 0;
}

static json_t *
claims_make(struct sim *s)
{
	char api[200];

	snprintf(api, sizeof(api), "%s/api/", s->url[s->host]);
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:s}", "iss",
	    s->opt.issuer, "aud", s->opt.client_id, "iat", (json_int_t)s->now,
	    "nbf", (json_int_t)s->now, "exp", (json_int_t)(s->now + 300),
	    CLAIM "ctx", s->opt.context, CLAIM "ticket",
	    ticket_give(s, "7T", 0), CLAIM "webapi_url", api,
	    CLAIM "associateid", "12");
}

/* POST Login/api/PartnerSystemUser/Authenticate: failures are 200, too. */
void
on_login(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	const char *app = str_of(in, "ApplicationToken");
	const char *context = str_of(in, "ContextIdentifier");
	const char *type = str_of(in, "ReturnTokenType");
	int code = fault_is(r, "refuse") ? (int)r->fault.code : 0;

	if (code == 0 && (app == NULL || strcmp(app, s->opt.secret) != 0 ||
	    context == NULL || strcasecmp(context, s->opt.context) != 0))
		code = DENIED;
	if (code == 0)
		code = token_wrong(s, str_of(in, "SignedSystemToken"));
	if (code != 0) {
		refuse(out, code);
	} else if (type == NULL || strcasecmp(type, "JWT") != 0) {
		reply_error(out, 400, "SoArgumentException",
		    "ReturnTokenType");
	} else {
		char *jwt = jwt_make(claims_make(s));
		reply_json(out, 200, json_pack("{s:b, s:s, s:n}",
		    "IsSuccessful", 1, "Token", jwt, "ErrorMessage"));
		free(jwt);
	}
	json_decref(in);
}

/* ---- OAuth --------------------------------------------------------------------- */
static bool
form_is(const json_t *form, const char *name, const char *value)
{
	const char *is = str_of(form, name);

	return is != NULL && strcmp(is, value) == 0;
}

/* POST login/common/oauth/tokens */
void
on_token(struct sim *s, struct request *r, struct reply *out)
{
	const char *why = NULL;

	if (!form_is(r->args, "grant_type", "refresh_token"))
		why = "unsupported_grant_type";
	else if (!form_is(r->args, "client_id", s->opt.client_id) ||
		 !form_is(r->args, "client_secret", s->opt.secret))
		why = "invalid_client";
	else if (!form_is(r->args, "refresh_token", s->opt.refresh_token))
		why = "invalid_grant";
	if (why != NULL) {
		reply_json(out, 400, json_pack("{s:s}", "error", why));
		return;
	}
	char *jwt = jwt_make(claims_make(s));
	reply_json(out, 200, json_pack("{s:s, s:s, s:i, s:s}", "access_token",
	    ticket_give(s, "8A", BEARER_S), "token_type", "Bearer",
	    "expires_in", BEARER_S, "id_token", jwt));
	free(jwt);
}

void
on_jwks(struct sim *s, struct request *r, struct reply *out)
{
	(void)s, (void)r;
	reply_json(out, 200, jwks_make());
}

void
on_openid(struct sim *s, struct request *r, struct reply *out)
{
	char keys[120];

	(void)r;
	snprintf(keys, sizeof(keys), "http://127.0.0.1:%d/login/.well-known/"
	    "jwks", s->port);
	reply_json(out, 200, json_pack("{s:s, s:s}", "issuer", s->opt.issuer,
	    "jwks_uri", keys));
}

/* ---- who may ask ----------------------------------------------------------------- */
static bool
basic_good(const struct sim *s, const char *text)
{
	size_t n;
	char *pair = base64_read(text, strlen(text), &n);
	const bool good = pair != NULL && strcmp(pair, s->opt.basic) == 0;

	free(pair);
	return good;
}

static bool
app_token_good(struct sim *s, const struct request *r)
{
	const char *app = header_of(&r->in, "SO-AppToken");

	return (app != NULL && strcmp(app, s->opt.secret) == 0) ||
	       mutant_is(s, MUT_APP_TOKEN_ANY);
}

/* A ticket counts with the application's token beside it, but onsite. */
bool
authorised(struct sim *s, const struct request *r, struct reply *out)
{
	const char *head = header_of(&r->in, "Authorization");
	bool good = false;

	if (head != NULL && strncmp(head, "SOTicket ", 9) == 0)
		good = ticket_good(s, "7T:", head + 9) &&
		    (s->opt.onsite || app_token_good(s, r));
	else if (head != NULL && strncmp(head, "Bearer ", 7) == 0)
		good = ticket_good(s, "8A:", head + 7);
	else if (head != NULL && strncmp(head, "Basic ", 6) == 0)
		good = s->opt.onsite && basic_good(s, head + 6);
	if (!good)
		reply_error(out, 401, "SoSessionException",
		    "Authentication failed");
	return good;
}
