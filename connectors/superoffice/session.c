/*
 * session.c - how we log in: the system user of an application by a signed
 * token, a user by a refresh token, onsite by password or ticket.
 *
 * How it could harm:
 *  - a login tried until the application is locked: one refusal, whatever status
 *    it comes with, ends the run;
 *  - 200 and IsSuccessful false taken for a login: read, not only the status;
 *  - somebody else's ticket: issuer and tenant in the token's claims, and its
 *    signature where the keys are given;
 *  - a clock that is off: the minute is that of the login host's Date, and what
 *    the refusal says of it is told;
 *  - secrets in a message: the service's words are masked, and left out where
 *    one of ours stands in them;
 *  - a ticket that outlives us: in memory only, wiped at the end.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "common/hole.h"
#include "common/jwt.h"
#include "common/mask.h"
#include "superoffice.h"
#include "url.h"

#define EXCHANGE "/Login/api/PartnerSystemUser/Authenticate"
#define TOKENS "/login/common/oauth/tokens"
#define WORK_BYTES ((size_t)262144)
#define VENDOR "SuperOffice AS"
#define LEEWAY_S 300

/* ---- the signed token -------------------------------------------------- */
bool
so_signed_token(const struct so_settings *set, time_t now,
    struct arena *arena, char **out, struct err *err)
{
	const struct jwt_signer signer = { .key = set->private_key };
	struct civil at;
	const char *signature;

	clock_local("UTC", now, &at);
	char *data = arena_printf(arena, "%s.%04d%02d%02d%02d%02d",
	    set->system_user_token, at.year, at.month, at.day, at.hour,
	    at.minute);
	if (data == NULL)
		return err_nomem(err);
	if (!jwt_sign_text(&signer, data, arena, &signature, err))
		return err_wrap(err, "private_key");
	*out = arena_printf(arena, "%s.%s", data, signature);
	return *out != NULL || err_nomem(err);
}

/* ---- the ticket -------------------------------------------------------- */
static bool
is_issuer(const struct so_settings *set, const char *login, const char *iss)
{
	const struct strlist *list = &set->jwt_issuers;
	size_t n = strlen(iss);

	for (size_t i = 0; i < list->n; i++)
		if (strcmp(iss, list->v[i]) == 0)
			return true;
	n -= n > 0 && iss[n - 1] == '/';
	return list->n == 0 && (strcmp(iss, VENDOR) == 0 ||
	    (strlen(login) == n && strncasecmp(iss, login, n) == 0));
}

/* By its full name, or what stands behind it. */
static const char *
claim(json_t *claims, const char *name)
{
	char full[96];
	const char *text;

	(void)snprintf(full, sizeof(full), SO_CLAIM "%s", name);
	text = json_string_value(json_object_get(claims, full));
	return text != NULL ? text :
	    json_string_value(json_object_get(claims, name));
}

static bool
is_ticket(const char *text)
{
	size_t n = 0;

	if (text == NULL)
		return false;
	while (text[n] > ' ' && text[n] < 0x7f)
		n++;
	return n > 0 && text[n] == '\0';
}

/* By its signature where the keys are given; else as it came over TLS. */
static bool
claims_of(const struct so_settings *set, time_t now, const char *token,
    struct json_doc **doc, struct err *err)
{
	const struct jwt_verifier v = { .keys = set->identity_keys,
		.audience = set->jwt_audience, .now = now,
		.leeway_s = LEEWAY_S, .timeless = !set->jwt_times };

	if (set->jwt_verify == SO_JWT_CLAIMS)
		return jwt_claims_read(token, doc) || err_set(err,
		    ERR_PROTOCOL, "expected a JSON Web Token as Token");
	return jwt_verify(&v, token, doc, err) || err_wrap(err,
	    "Token (jwt_verify, identity_keys)");
}

bool
so_ticket_of(const struct so_settings *set, const char *login, time_t now,
    const char *token, struct arena *arena, const char **ticket,
    struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;

	if (!claims_of(set, now, token, &doc, err))
		return false;
	json_t *claims = json_root(doc);
	const char *iss = json_string_value(json_object_get(claims, "iss"));
	const char *ctx = claim(claims, "ctx");
	const char *text = claim(claims, "ticket");
	if (iss == NULL || !is_issuer(set, login, iss))
		return err_set(err, ERR_AUTH, "the ticket was issued by "
		    "somebody else: expected login_host (jwt_issuers)");
	if (ctx == NULL || strcasecmp(ctx, set->context_id) != 0)
		return err_set(err, ERR_AUTH, "the ticket is of another tenant "
		    "than %s", set->context_id);
	if (!is_ticket(text))
		return err_set(err, ERR_PROTOCOL, "expected a ticket in the "
		    "token's claims");
	*ticket = arena_strdup(arena, text);
	return *ticket != NULL || err_nomem(err);
}

/* ---- the exchange ------------------------------------------------------ */
/* What the service calls its refusals, and what to do. */
static const struct refusal {
	const char *code, *word, *advice;
} refusals[] = {
	{ "1", "Revoked", "the tenant's consent was revoked: consent again" },
	{ "3", "Expired", "the consent has expired: consent again" },
	{ "4", "Denied", "the tenant denies the application: consent again" },
	{ "5", "NeedsReapproval",
	    "the application changed: the tenant must consent again" },
	{ "6", "InvalidTimestamp", "the clock of this machine is off" },
	{ "7", "InvalidSignature",
	    "private_key is not that of the application" },
};

static const char *
advice_of(json_t *root, const char *words)
{
	char code[32] = "";
	json_t *node = json_object_get(root, "ErrorCode");
	long long n;

	if (json_integer_value_of(node, &n))
		(void)snprintf(code, sizeof(code), "%lld", n);
	else if (json_is_string(node))
		(void)snprintf(code, sizeof(code), "%s",
		    json_string_value(node));
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		if (strcmp(code, refusals[i].code) == 0 ||
		    strcasestr(code, refusals[i].word) != NULL ||
		    strcasestr(words, refusals[i].word) != NULL)
			return refusals[i].advice;
	return "see the application's keys and the tenant's consent";
}

static bool
refused(const struct superoffice *s, json_t *root, struct err *err)
{
	const char *secrets[] = { s->set->client_secret,
		s->set->system_user_token };
	const char *text = json_string_value(json_object_get(root,
	    "ErrorMessage"));
	char words[API_WORDS] = "";

	if (text != NULL)
		mask_answer(words, sizeof(words), text, strlen(text), secrets,
		    ARRAY_LEN(secrets));
	return err_set(err, ERR_AUTH, "the login was refused: %s%s%s",
	    advice_of(root, text == NULL ? "" : text),
	    words[0] != '\0' ? ": " : "", words);
}

static bool
exchange_take(struct superoffice *s, struct oauth_token *token, json_t *root,
    struct arena *arena, struct err *err)
{
	const char *ticket;

	if (!json_is_object(root))
		return err_set(err, ERR_PROTOCOL, "expected a JSON object");
	if (!json_is_true(json_object_get(root, "IsSuccessful")))
		return refused(s, root, err);
	if (!so_ticket_of(s->set, s->login, so_now(s), json_string_value(
	    json_object_get(root, "Token")), arena, &ticket, err) ||
	    !oauth_keep(token, ticket, err))
		return false;
	token->failures = 0;
	return true;
}

static bool
exchange_judge(struct superoffice *s, struct oauth_token *token,
    const struct http_res *res, struct arena *arena, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct api_verdict v;

	apicall_judge_status(res, &v);
	if (!apicall_parse(res, "token", &doc, err))
		return oauth_refuse(token);
	json_t *root = doc == NULL ? NULL : json_root(doc);
	if (v.kind == ERR_NONE)
		return exchange_take(s, token, root, arena, err) ||
		    (err->kind == ERR_NOMEM ? false : oauth_refuse(token));
	/* Words of an error page are of no use; a refusal's are. */
	if (v.kind != ERR_RETRY && v.kind != ERR_THROTTLED &&
	    json_object_get(root, "IsSuccessful") != NULL) {
		(void)refused(s, root, err);
		return oauth_refuse(token);
	}
	if (v.kind == ERR_RETRY || v.kind == ERR_THROTTLED)
		(void)oauth_failed(token);
	(void)apicall_fail(&v, res, "token", err);
	return false;
}

static bool
exchange_body(const struct superoffice *s, struct arena *arena,
    const char **body, struct err *err)
{
	char *signed_token;

	if (!so_signed_token(s->set, so_now(s), arena, &signed_token, err))
		return false;
	json_t *root = json_pack("{s:s, s:s, s:s, s:s}", "SignedSystemToken",
	    signed_token, "ApplicationToken", s->set->client_secret,
	    "ContextIdentifier", s->set->context_id, "ReturnTokenType",
	    "JWT");
	*body = root == NULL ? NULL : json_dump(arena, root);
	json_decref(root);
	explicit_bzero(signed_token, strlen(signed_token));
	return *body != NULL || err_nomem(err);
}

/* Each login leaves a record in the tenant, no more: so it may be repeated while
 * the service restarts. */
static bool
exchange(struct superoffice *s, struct oauth_token *token, struct err *err)
{
	static const char *const headers[][2] = {
		{ "Accept", "application/json" },
		{ "Content-Type", "application/json" }, { NULL, NULL } };
	AUTO(arena) struct arena *arena = arena_new(WORK_BYTES);
	const char *body;
	struct http_res res;

	if (arena == NULL)
		return err_nomem(err);
	if (!oauth_may_ask(token, err) || !exchange_body(s, arena, &body, err))
		return false;
	const struct http_req req = { .method = "POST", .repeatable = true,
		.url = url_join(arena, s->login, EXCHANGE), .body = body,
		.headers = headers, .body_len = strlen(body),
		.answer_max = OAUTH_ANSWER_MAX };
	const bool sent = req.url == NULL ? err_nomem(err) :
	    apicall_send(s->api.env.http, &req, "token", arena, &res, err);
	if (!sent && req.url != NULL && res.phase != HTTP_NOT_SENT)
		(void)oauth_failed(token);
	return sent && exchange_judge(s, token, &res, arena, err);
}

/* ---- what the settings hold -------------------------------------------- */
/* It does not change: what was refused once is not sent again. */
static bool
give(struct superoffice *s, struct oauth_token *token, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(WORK_BYTES);
	const char *text = s->set->ticket;

	if (arena == NULL)
		return err_nomem(err);
	if (s->given)
		return err_set(err, ERR_AUTH, s->set->auth == SO_BASIC ?
		    "user or password was refused" : "the ticket was refused");
	if (s->set->auth == SO_BASIC) {
		const char *pair = arena_printf(arena, "%s:%s", s->set->user,
		    s->set->password);
		text = pair == NULL ? NULL : hole_base64(arena, pair,
		    strlen(pair));
	}
	s->given = text != NULL && oauth_keep(token, text, err);
	return s->given || (text == NULL && err_nomem(err));
}

static bool
login(void *arg, struct oauth_token *token, struct err *err)
{
	struct superoffice *s = arg;

	return s->set->auth == SO_SYSTEM_USER ?
	    exchange(s, token, err) || err_wrap(err, "token") :
	    give(s, token, err);
}

/* ---- a user's refresh token -------------------------------------------- */
static bool
ask(void *arg, struct arena *arena, struct oauth_ask *out, struct err *err)
{
	struct superoffice *s = arg;
	struct oauth_field *fields = arena_array(arena, 3, sizeof(*fields));

	*out = (struct oauth_ask){ .url = url_join(arena, s->login, TOKENS),
		.client_id = s->set->client_id,
		.secret = s->set->client_secret, .client = OAUTH_IN_BODY,
		.fields = fields, .n = 2 };
	if (fields == NULL || out->url == NULL)
		return err_nomem(err);
	fields[0] = (struct oauth_field){ "grant_type", "refresh_token" };
	fields[1] = (struct oauth_field){ "refresh_token",
		s->set->refresh_token };
	if (*s->set->redirect_uri != '\0')
		fields[out->n++] = (struct oauth_field){ "redirect_uri",
			s->set->redirect_uri };
	return true;
}

/* ---- open -------------------------------------------------------------- */
static bool
check_identity(const struct so_settings *set, struct err *err)
{
	const bool given = *set->identity_keys != '\0';
	const bool said = *set->jwt_audience != '\0' || !set->jwt_times;

	if (given != (set->jwt_verify == SO_JWT_SIGNATURE))
		return err_set(err, ERR_CONFIG, "jwt_verify = \"signature\" "
		    "and identity_keys belong together");
	if (said && !given)
		return err_set(err, ERR_CONFIG, "jwt_audience and jwt_times are "
		    "not looked at unless jwt_verify = \"signature\"");
	return !given || jwt_keys_check(set->identity_keys, err) ||
	    err_wrap(err, "identity_keys");
}

/* They are of the system user's token, and of no other login's. */
static bool
check_unused(const struct so_settings *set, struct err *err)
{
	const bool used = set->jwt_verify != SO_JWT_CLAIMS ||
	    *set->identity_keys != '\0' || *set->jwt_audience != '\0' ||
	    set->jwt_issuers.n > 0 || !set->jwt_times;

	return !used || set->auth == SO_SYSTEM_USER || err_set(err, ERR_CONFIG,
	    "jwt_verify, identity_keys, jwt_audience, jwt_issuers and "
	    "jwt_times belong to auth = \"system_user\"");
}

static bool
check_system_user(const struct so_settings *set, struct err *err)
{
	if (*set->client_secret == '\0' || *set->system_user_token == '\0' ||
	    *set->private_key == '\0')
		return err_set(err, ERR_CONFIG, "auth = \"system_user\" "
		    "expects client_secret, system_user_token and private_key");
	if (!jwt_check(&(struct jwt_signer){ .key = set->private_key }, err))
		return err_wrap(err, "private_key (an RSA XML key is converted "
		    "to PEM first)");
	return check_identity(set, err);
}

static bool
check_credentials(const struct so_settings *set, struct err *err)
{
	const bool online = set->mode == SO_ONLINE;

	switch ((enum so_auth)set->auth) {
	case SO_SYSTEM_USER:
		return online ? check_system_user(set, err) : err_set(err,
		    ERR_CONFIG, "mode = \"onsite\" expects auth = \"basic\" or "
		    "\"ticket\"");
	case SO_REFRESH_TOKEN:
		return (online && *set->client_id != '\0' &&
		    *set->client_secret != '\0' &&
		    *set->refresh_token != '\0') || err_set(err, ERR_CONFIG,
		    "auth = \"refresh_token\" expects mode = \"online\", "
		    "client_id, client_secret and refresh_token");
	case SO_BASIC:
		return (!online && *set->user != '\0') || err_set(err,
		    ERR_CONFIG, "auth = \"basic\" expects mode = \"onsite\", "
		    "user and password");
	case SO_TICKET:
		return (!online && is_ticket(set->ticket)) || err_set(err,
		    ERR_CONFIG, "auth = \"ticket\" expects mode = \"onsite\" "
		    "and ticket, \"7T:...\"");
	}
	return err_set(err, ERR_BUG, "auth");
}

static const char *
scheme_of(const struct so_settings *set)
{
	return set->auth == SO_BASIC ? "Basic" :
	    set->auth == SO_REFRESH_TOKEN ? "Bearer" : "SOTicket";
}

static void
headers_make(const struct so_settings *set, const char *(*headers)[2])
{
	size_t n = 0;

	headers[n][0] = "SO-TimeZone";
	headers[n++][1] = set->timezone_header;
	if (set->auth == SO_SYSTEM_USER) {
		headers[n][0] = "SO-AppToken";
		headers[n++][1] = set->client_secret;
	}
	headers[n][0] = headers[n][1] = NULL;
}

bool
so_session_open(struct superoffice *s, struct err *err)
{
	struct api_rules *rules = &s->api.rules;

	s->headers = arena_array(s->api.own, 3, sizeof(*s->headers));
	if (s->headers == NULL)
		return err_nomem(err);
	headers_make(s->set, s->headers);
	*rules = (struct api_rules){ .ask = ask, .login = login,
		.locate = so_locate, .scheme = scheme_of(s->set),
		.judge = so_judge, .arg = s,
		.headers = (const char *const (*)[2])s->headers };
	if (s->set->auth == SO_REFRESH_TOKEN)
		rules->login = NULL;
	return check_credentials(s->set, err) && check_unused(s->set, err) &&
	    so_state_open(s, err);
}
