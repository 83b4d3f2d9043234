/*
 * auth.c - who we are: the header that signs a request, and the session or
 * token behind it.
 *
 * How it could harm:
 *  - a wrong password tried until the account is locked: a login is sent once,
 *    never repeated by the engine, and one refusal ends it for the run;
 *  - a login without end: oauth.h counts;
 *  - a password in an address: {secret} is known in the login's body and
 *    headers only;
 *  - a key with a line break, which would begin another header: refused at open;
 *  - a session that a child process goes on with: it is its maker's alone.
 */
#include <stdlib.h>
#include <string.h>

#include "call_int.h"
#include "common/mask.h"
#include "text.h"

#define SECRET_VALUES_MAX 32
#define SECRET_VALUE_MIN 8	/* bytes */
#define VALUES_MAX_BYTES ((size_t)262144)

struct rest_session {
	struct oauth_token token;	/* text: a token, or the header's value */
	struct arena *values;
	const char **value;		/* of auth.values, in their order */
};

static bool
fail_auth(const struct rest *r, struct err *err, const char *what)
{
	return err_set(err, ERR_CONFIG, "profile %s: auth: %s",
	    rest_at(r, "auth"), what);
}

/* ---- values of a login ---------------------------------------------------------- */
static size_t
value_index(const struct rest *r, const char *name)
{
	const struct rest_value *v = r->base->auth.values.v;
	size_t i = 0;

	while (i < r->base->auth.values.n && strcmp(v[i].name, name) != 0)
		i++;
	return i;
}

bool
rest_auth_has_value(const struct rest *r, const char *name)
{
	return r->base->auth.style == REST_AUTH_LOGIN &&
	    value_index(r, name) < r->base->auth.values.n;
}

const char *
rest_auth_value(const struct rest *r, const char *name)
{
	const size_t i = value_index(r, name);

	return r->session->value == NULL || i >= r->base->auth.values.n ? NULL :
	    r->session->value[i];
}

/* ---- keys that do not change ------------------------------------------------------ */
static const char *
basic(struct arena *arena, const char *user, const char *secret)
{
	const char *pair = arena_printf(arena, "%s:%s", user, secret);
	const char *code = pair == NULL ? NULL :
	    hole_base64(arena, pair, strlen(pair));

	return code == NULL ? NULL : arena_printf(arena, "Basic %s", code);
}

static bool
keep_key(struct rest *r, struct err *err)
{
	const struct rest_auth *auth = &r->base->auth;
	const struct rest_place *p = r->place;
	const char *text = NULL;

	switch ((enum rest_auth_style)auth->style) {
	case REST_AUTH_NONE:
	case REST_AUTH_OAUTH2:
	case REST_AUTH_LOGIN:
		return true;
	case REST_AUTH_HEADER:
		text = arena_printf(r->own, "%s%s", auth->prefix, p->secret);
		break;
	case REST_AUTH_BASIC:
		text = basic(r->own, p->user, p->secret);
		break;
	case REST_AUTH_BEARER:
		text = arena_printf(r->own, "Bearer %s", p->secret);
		break;
	}
	return text == NULL ? err_nomem(err) :
	    oauth_keep(&r->session->token, text, err);
}

/* ---- checking ---------------------------------------------------------------------- */
static bool
check_login(const struct rest *r, struct err *err)
{
	static const char *const known[] = { "user", "secret", NULL };
	static const char *const user[] = { "user", NULL };
	const struct rest_auth *auth = &r->base->auth;

	if (!rest_request_given(&auth->login) || auth->value[0] == '\0')
		return fail_auth(r, err, "style = \"login\" expects login = { "
		    "... } and value = \"...\"");
	if (hole_uses(auth->login.path, "secret"))
		return fail_auth(r, err, "login.path: {secret} stands in a "
		    "body or a header, never in an address");
	if (!rest_check_template(r, auth->value, HOLE_BODY_TEXT, user, err))
		return err_wrap(err, "profile %s: auth.value", rest_at(r,
		    "auth.value"));
	return rest_check(r, &auth->login, known, "auth.login", err);
}

static bool
check_oauth(const struct rest *r, struct err *err)
{
	static const char *const none[] = { NULL };
	const struct oauth_settings *o = &r->base->auth.oauth;
	const struct oauth_field *f = o->extra.v;

	if (o->token_path[0] == '\0' && r->place->token_url[0] == '\0')
		return fail_auth(r, err, "style = \"oauth2\" expects "
		    "oauth2.token_path, or token_url beside base_url");
	if (!rest_check_template(r, o->token_path, HOLE_URL, none, err) ||
	    !rest_check_template(r, o->scope, HOLE_BODY_TEXT, none, err))
		return err_wrap(err, "profile %s: auth.oauth2", rest_at(r,
		    "auth.oauth2"));
	for (size_t i = 0; i < o->extra.n; i++)
		if (!rest_check_template(r, f[i].value, HOLE_BODY_TEXT, none,
		    err))
			return err_wrap(err, "profile %s: auth.oauth2.extra",
			    rest_at(r, "auth.oauth2.extra"));
	return true;
}

static bool
check_credentials(const struct rest *r, struct err *err)
{
	const int style = r->base->auth.style;
	const char *user = r->place->user, *secret = r->place->secret;

	if (style == REST_AUTH_NONE)
		return true;
	if (secret[0] == '\0' || !text_is_line(secret))
		return fail_auth(r, err, "expected secret = \"credential:...\" "
		    "with a key of one line");
	if (user[0] == '\0' && style != REST_AUTH_HEADER &&
	    style != REST_AUTH_BEARER)
		return fail_auth(r, err, "expected user = \"...\"");
	if (style == REST_AUTH_BASIC && strchr(user, ':') != NULL)
		return fail_auth(r, err, "expected a user without \":\"");
	if (style == REST_AUTH_LOGIN)
		return check_login(r, err);
	return style != REST_AUTH_OAUTH2 || check_oauth(r, err);
}

bool
rest_auth_open(struct rest *r, struct err *err)
{
	r->session = calloc(1, sizeof(*r->session));
	if (r->session == NULL)
		return err_nomem(err);
	oauth_init(&r->session->token);
	r->session->values = arena_new(VALUES_MAX_BYTES);
	if (r->session->values == NULL)
		return err_nomem(err);
	return check_credentials(r, err) && keep_key(r, err);
}

void
rest_auth_close(struct rest *r)
{
	if (r->session == NULL)
		return;
	oauth_free(&r->session->token);
	arena_free(r->session->values);
	free(r->session);
	r->session = NULL;
}

/* ---- tokens --------------------------------------------------------------------------- */
static bool
ask_token(struct rest *r, struct err *err)
{
	const struct oauth_settings *o = &r->base->auth.oauth;
	const struct oauth_field *extra = o->extra.v;
	struct rest_names names = { .r = r };
	struct oauth_field *f = arena_array(r->page, o->extra.n + 2,
	    sizeof(*f));
	struct oauth_ask ask = { .url = r->place->token_url,
		.client_id = r->place->user, .secret = r->place->secret,
		.client = (enum oauth_client)o->client, .fields = f, .n = 1 };

	if (f == NULL)
		return err_nomem(err);
	f[0] = (struct oauth_field){ "grant_type", "client_credentials" };
	for (size_t i = 0; i <= o->extra.n; i++) {
		const char *text = i == 0 ? o->scope : extra[i - 1].value;
		f[ask.n].name = i == 0 ? "scope" : extra[i - 1].name;
		if (!hole_write(text, HOLE_BODY_TEXT, r->zone, rest_name_value,
		    &names, r->page, &f[ask.n].value, err))
			return false;
		ask.n += i > 0 || text[0] != '\0';
	}
	if (ask.url[0] == '\0' && !rest_address(&names, o->token_path, r->page,
	    &ask.url, err))
		return false;
	return oauth_get(&r->session->token, &ask, r->env, err);
}

/* ---- logins --------------------------------------------------------------------------- */
/* What is taken from the answer must be there: a login that fails with a 200
 * has nothing there. */
static bool
take_values(struct rest *r, json_t *root, struct err *err)
{
	const struct rest_value *v = r->base->auth.values.v;
	const size_t n = r->base->auth.values.n;
	struct rest_session *s = r->session;

	arena_reset(s->values);
	s->value = arena_array(s->values, n + 1, sizeof(*s->value));
	if (s->value == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		json_t *node = root == NULL ? NULL : json_at(root, v[i].at);
		s->value[i] = json_text(s->values, node);
		if (s->value[i] == NULL || s->value[i][0] == '\0')
			return err_set(err, ERR_AUTH, "the answer has no text "
			    "at %.40s: the user or the password was refused, "
			    "or it stands elsewhere", v[i].at);
	}
	return true;
}

static bool
keep_session(struct rest *r, struct err *err)
{
	const struct rest_auth *auth = &r->base->auth;
	struct rest_names names = { .r = r, .login = true };
	const char *text;

	if (!hole_write(auth->value, HOLE_BODY_TEXT, r->zone, rest_name_value,
	    &names, r->page, &text, err))
		return false;
	if (auth->base64)
		text = hole_base64(r->page, text, strlen(text));
	text = text == NULL ? NULL : arena_printf(r->page, "%s%s",
	    auth->prefix, text);
	if (text == NULL)
		return err_nomem(err);
	if (!text_is_line(text))
		return err_set(err, ERR_PROTOCOL,
		    "expected a session without control characters");
	r->session->token.failures = 0;
	return oauth_keep(&r->session->token, text, err);
}

static bool
refused(struct rest *r, enum rest_meaning means, const struct http_res *res,
    const char *label, const char *text, struct err *err)
{
	struct oauth_token *t = &r->session->token;

	(void)rest_fail(means, res, label, text, err);
	if (means == REST_THROTTLED)
		return false;
	if (err->kind == ERR_RETRY)
		return oauth_failed(t);
	/* Nobody is there under this address: no fault of a record. */
	if (err->kind == ERR_GONE)
		err->kind = ERR_CONFIG;
	if (err->kind == ERR_REJECTED)
		err->kind = ERR_AUTH;
	return oauth_refuse(t);
}

static bool
log_in(struct rest *r, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct rest_names names = { .r = r, .login = true };
	const struct rest_request *login = &r->base->auth.login;
	char label[128], text[REST_WORDS];
	struct http_req req;
	struct http_res res;

	if (!oauth_may_ask(&r->session->token, err) ||
	    !rest_make(&names, login, NULL, r->page, &req, err))
		return false;
	req.repeatable = false;
	rest_label(login, label, sizeof(label));
	if (!rest_send(r, &req, label, &res, &doc, err)) {
		if (res.phase != HTTP_NOT_SENT)
			(void)oauth_failed(&r->session->token);
		return false;
	}
	const enum rest_meaning means = rest_judge(r, &res, rest_root(doc),
	    text, sizeof(text));
	if (means != REST_OK)
		return refused(r, means, &res, label, text, err);
	r->session->token.proven = false;
	if (take_values(r, rest_root(doc), err) && keep_session(r, err))
		return true;
	if (err->kind != ERR_NOMEM)
		(void)oauth_refuse(&r->session->token);
	return err_wrap(err, "%s", label);
}

/* ---- what call.c asks ----------------------------------------------------------------- */
bool
rest_auth_renews(const struct rest *r)
{
	return r->base->auth.style == REST_AUTH_LOGIN ||
	    r->base->auth.style == REST_AUTH_OAUTH2;
}

bool
rest_auth_ready(struct rest *r, struct err *err)
{
	const time_t now = r->env->now(r->env->clock);

	if (!rest_auth_renews(r) || oauth_is_good(&r->session->token, now))
		return true;
	return r->base->auth.style == REST_AUTH_LOGIN ?
	    log_in(r, err) || err_wrap(err, "login") : ask_token(r, err);
}

bool
rest_auth_header(const struct rest *r, struct arena *arena, const char **name,
    const char **value, struct err *err)
{
	const struct rest_auth *auth = &r->base->auth;
	const char *text = buf_text(&r->session->token.text);
	const bool named = auth->style == REST_AUTH_HEADER ||
	    auth->style == REST_AUTH_LOGIN;

	*name = NULL;
	if (auth->style == REST_AUTH_NONE)
		return true;
	*name = named ? auth->header : "Authorization";
	*value = arena_printf(arena, "%s%s",
	    auth->style == REST_AUTH_OAUTH2 ? "Bearer " : "", text);
	return *value != NULL ? true : err_nomem(err);
}

void
rest_auth_proven(struct rest *r)
{
	r->session->token.proven = r->session->token.text.len > 0;
}

bool
rest_auth_lost(struct rest *r, struct err *err)
{
	if (rest_auth_renews(r))
		return oauth_renewable(&r->session->token, err);
	return err_set(err, ERR_AUTH, "the key was refused");
}

void
rest_auth_mask(const struct rest *r, char *out, size_t size, const char *text)
{
	const char *token = buf_text(&r->session->token.text);
	const char *blank = strchr(token, ' ');
	const char *secrets[3 + SECRET_VALUES_MAX] = { r->place->secret, token,
		blank == NULL ? NULL : blank + 1 };
	size_t n = 3;

	/* What a header is made of is a key, too; short ones are found in any
	 * text. */
	for (size_t i = 0; r->session->value != NULL &&
	     i < r->base->auth.values.n && n < ARRAY_LEN(secrets); i++) {
		const char *value = r->session->value[i];
		if (value != NULL && strlen(value) >= SECRET_VALUE_MIN)
			secrets[n++] = value;
	}
	mask_answer(out, size, text, strlen(text), secrets, n);
}
