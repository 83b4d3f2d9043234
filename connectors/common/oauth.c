/*
 * oauth.c - how it could lose or leak, and what stops it:
 *  - a wrong secret tried until the client is locked: one refusal ends it for
 *    this token, and with it for the run; a failure of the server ends it after
 *    ASKS_MAX;
 *  - a token asked for before each request: one that lives shorter than the
 *    margin is used until a 401 says that it ended;
 *  - a token renewed for ever: after a 401 only if it had been good for
 *    something, and OAUTH_RENEWALS_MAX times;
 *  - id or secret in an address or a message: they travel in a header or a body,
 *    of an answer only the error's code is shown, letters and '_', and where
 *    the service is known to say what to do (describe) its words, masked;
 *  - an answer without end, a token with a line break in it: ceilings, and
 *    printable ASCII only;
 *  - a token used by two processes after a fork: it is the maker's alone.
 */
#include "oauth.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "hole.h"
#include "mask.h"
#include "num.h"
#include "url.h"

#define MARGIN_S 60		/* clocks, and the time of a request */
#define LIFE_MAX_S 2592000L	/* what a service says beyond is no promise */
#define ASKS_MAX 3		/* that the server failed to answer */
#define WORK_BYTES ((size_t)1048576)

static const char *const clients[] = { "header", "body", NULL };

static bool
check_name(const char *text, struct err *err)
{
	static const char *const ours[] = { "grant_type", "client_id",
		"client_secret", "scope" };

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (strcmp(text, ours[i]) == 0)
			return err_set(err, ERR_CONFIG, "%s is filled from "
			    "elsewhere", text);
	return *text != '\0' ? true : err_set(err, ERR_CONFIG,
	    "expected the name of a field");
}

static const struct opt field_opts[] = {
#define AT(member) offsetof(struct oauth_field, member)
	{ .name = "name", .type = OPT_STR, .offset = AT(name),
	    .check = check_name, .help = "of the field" },
	{ .name = "value", .type = OPT_STR, .offset = AT(value),
	    .check = hole_check_text, .help = "template with {var.NAME}" },
	{ .name = NULL }
#undef AT
};

const struct opt oauth_opts[] = {
#define AT(member) offsetof(struct oauth_settings, member)
	{ .name = "token_path", .type = OPT_STR, .offset = AT(token_path),
	    .def = "", .check = hole_check_url,
	    .help = "of the token, below base_url" },
	{ .name = "client", .type = OPT_CHOICE, .offset = AT(client),
	    .def = "header", .choices = clients,
	    .help = "where id and secret of the client go" },
	{ .name = "scope", .type = OPT_STR, .offset = AT(scope), .def = "",
	    .check = hole_check_text, .help = "template of what is asked for" },
	{ .name = "extra", .type = OPT_GROUPLIST, .offset = AT(extra),
	    .def = "()", .sub = field_opts, .size = sizeof(struct oauth_field),
	    .help = "further fields of the request" },
	{ .name = NULL }
#undef AT
};

void
oauth_init(struct oauth_token *t)
{
	*t = (struct oauth_token){ .until = NO_TIME };
	buf_init(&t->text, OAUTH_TOKEN_MAX);
}

void
oauth_drop(struct oauth_token *t)
{
	if (t->text.s != NULL)
		explicit_bzero(t->text.s, t->text.cap);
	buf_reset(&t->text);
	t->until = NO_TIME;
	t->proven = false;
}

void
oauth_free(struct oauth_token *t)
{
	oauth_drop(t);
	buf_free(&t->text);
}

bool
oauth_is_good(const struct oauth_token *t, time_t now)
{
	return t->text.len > 0 && t->pid == (long)getpid() &&
	    (t->until == NO_TIME || now < t->until);
}

bool
oauth_keep(struct oauth_token *t, const char *text, struct err *err)
{
	oauth_drop(t);
	t->pid = (long)getpid();
	if (buf_str(&t->text, text))
		return true;
	return t->text.no_memory ? err_nomem(err) : err_set(err, ERR_PROTOCOL,
	    "expected a token of at most %zu bytes", OAUTH_TOKEN_MAX);
}

bool
oauth_refuse(struct oauth_token *t)
{
	oauth_drop(t);
	t->refused = true;
	return false;
}

bool
oauth_may_ask(const struct oauth_token *t, struct err *err)
{
	return !t->refused ? true : err_set(err, ERR_AUTH, "refused before in "
	    "this run; not asked again");
}

bool
oauth_failed(struct oauth_token *t)
{
	return ++t->failures >= ASKS_MAX ? oauth_refuse(t) : false;
}

bool
oauth_renewable(struct oauth_token *t, struct err *err)
{
	if (t->refused)
		return oauth_may_ask(t, err);
	if (!t->proven)
		return err_set(err, ERR_AUTH, "a fresh session was refused: "
		    "the user has no right to this, or it goes in another form");
	if (t->renewals >= OAUTH_RENEWALS_MAX)
		return err_set(err, ERR_AUTH, "%d sessions ended early in this "
		    "run", t->renewals);
	t->renewals++;
	oauth_drop(t);
	return true;
}

/* ---- the request ----------------------------------------------------------- */
static void
field_add(struct buf *out, struct arena *arena, const char *name,
    const char *value)
{
	const char *n = url_escape(arena, name), *v = url_escape(arena, value);

	if (n == NULL || v == NULL)
		out->failed = out->no_memory = true;
	else
		buf_printf(out, "%s%s=%s", out->len == 0 ? "" : "&", n, v);
}

/* RFC 6749, 2.3.1: both are encoded as in a form first. */
static const char *
client_header(const struct oauth_ask *ask, struct arena *arena)
{
	const char *id = url_escape(arena, ask->client_id);
	const char *secret = url_escape(arena, ask->secret);
	const char *pair = id == NULL || secret == NULL ? NULL :
	    arena_printf(arena, "%s:%s", id, secret);
	const char *code = pair == NULL ? NULL :
	    hole_base64(arena, pair, strlen(pair));

	return code == NULL ? NULL : arena_printf(arena, "Basic %s", code);
}

static bool
request_make(const struct oauth_ask *ask, struct arena *arena,
    struct buf *body, struct http_req *req)
{
	const char *(*headers)[2] = arena_array(arena, 4, sizeof(*headers));
	const char *basic = ask->client == OAUTH_IN_FIELDS ? "" :
	    client_header(ask, arena);
	size_t n = 0;

	for (size_t i = 0; i < ask->n; i++)
		field_add(body, arena, ask->fields[i].name,
		    ask->fields[i].value);
	if (ask->client == OAUTH_IN_BODY) {
		field_add(body, arena, "client_id", ask->client_id);
		field_add(body, arena, "client_secret", ask->secret);
	}
	if (headers == NULL || basic == NULL || body->failed)
		return false;
	headers[n][0] = "Content-Type";
	headers[n++][1] = "application/x-www-form-urlencoded";
	headers[n][0] = "Accept";
	headers[n++][1] = "application/json";
	if (ask->client == OAUTH_IN_HEADER) {
		headers[n][0] = "Authorization";
		headers[n][1] = basic;
	}
	*req = (struct http_req){ .method = "POST", .url = ask->url,
		.headers = (const char *const (*)[2])headers,
		.body = body->s, .body_len = body->len,
		.answer_max = OAUTH_ANSWER_MAX };
	return true;
}

/* ---- the answer -------------------------------------------------------------- */
/* "invalid_client", or "" when it is no such word. */
static void
error_word(json_t *root, char *out, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
	const char *word = root == NULL ? NULL :
	    json_string_value(json_at(root, "/error"));
	const size_t len = word == NULL ? 0 : strlen(word);

	out[0] = '\0';
	if (len > 0 && len + 3 < size && strspn(word, letters) == len)
		(void)snprintf(out, size, ", %s", word);
}

/* What a person can do about it. */
static const char *
advice(const char *word)
{
	static const struct { const char *word, *todo; } known[] = {
		{ ", invalid_client", ": the client id or its secret was refused" },
		{ ", invalid_grant", ": the service no longer takes what proves "
		    "the user: consent anew, or look at the key, the user and the "
		    "clock of this machine" },
		{ ", unauthorized_client", ": this client may not ask in this way: "
		    "allow the grant there" },
		{ ", invalid_scope", ": the scope is not known there, or not "
		    "granted" },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(word, known[i].word) == 0)
			return known[i].todo;
	return ": the client id or its secret was refused, or the address is "
	    "wrong";
}

/* ": user hasn't approved this consumer", or "". */
static void
error_words(const struct oauth_ask *ask, json_t *root, char *out, size_t size)
{
	const char *text = root == NULL || !ask->describe ? NULL :
	    json_string_value(json_at(root, "/error_description"));
	const char *const own[] = { ask->secret, ask->client_id };
	char masked[128];

	out[0] = '\0';
	if (text == NULL)
		return;
	mask_answer(masked, sizeof(masked), text, strlen(text), own,
	    ARRAY_LEN(own));
	/* Each field of the form, however many: but for grant_type. */
	for (size_t i = 1; i < ask->n && masked[0] != '\0'; i++)
		mask_answer(masked, sizeof(masked), text, strlen(text),
		    &ask->fields[i].value, 1);
	if (masked[0] != '\0')
		(void)snprintf(out, size, ": %s", masked);
}

static bool
refusal(struct oauth_token *t, const struct oauth_ask *ask,
    const struct http_res *res, json_t *root, struct err *err)
{
	char word[48], words[160];

	error_word(root, word, sizeof(word));
	error_words(ask, root, words, sizeof(words));
	if (res->status == 429) {
		(void)oauth_failed(t);
		(void)err_set(err, ERR_THROTTLED, "HTTP 429");
		err->retry_after_s = res->retry_after_s > 0 ?
		    res->retry_after_s : 0;
	} else if (res->status == 408 || res->status == 425 ||
	    res->status >= 500) {
		(void)oauth_failed(t);
		(void)err_set(err, ERR_RETRY, "HTTP %ld", res->status);
	} else {
		(void)oauth_refuse(t);
		(void)err_set(err, res->status == 404 || res->status < 400 ?
		    ERR_CONFIG : ERR_AUTH, "HTTP %ld%s%s", res->status, word,
		    words[0] != '\0' ? words : advice(word));
	}
	err->code = (int)res->status;
	return false;
}

static bool
is_token(const char *s)
{
	for (; *s > ' ' && *s < 0x7f; s++)
		;
	return *s == '\0';
}

/* Seconds, as a number or a text; 0 = not said, or nothing to go by. */
static long
life_of(json_t *root, long margin_s)
{
	json_t *node = json_at(root, "/expires_in");
	long long s = 0;

	if (json_is_string(node) ? !num_parse(json_string_value(node), 0,
	    INT32_MAX, &s) : !json_is_number(node) ||
	    !json_integer_value_of(node, &s))
		return 0;
	return s <= 2 * margin_s ? 0 : s > LIFE_MAX_S ? LIFE_MAX_S : (long)s;
}

static bool
take(struct oauth_token *t, const struct oauth_ask *ask, json_t *root,
    time_t now, struct err *err)
{
	const long margin = ask->margin_s > 0 ? ask->margin_s : MARGIN_S;
	const char *type = json_string_value(json_at(root, "/token_type"));
	const char *text = json_string_value(json_at(root, "/access_token"));
	const long life = life_of(root, margin);

	if (text == NULL || text[0] == '\0' || !is_token(text))
		return err_set(err, ERR_PROTOCOL,
		    "expected a token at /access_token");
	if (type != NULL && strcasecmp(type, "bearer") != 0)
		return err_set(err, ERR_PROTOCOL,
		    "expected a token of the type Bearer");
	if (!oauth_keep(t, text, err))
		return false;
	t->failures = 0;
	t->until = life == 0 ? NO_TIME : now + life - margin;
	return ask->took == NULL || ask->took(ask->took_arg, root, err);
}

static void
wipe(const struct oauth_ask *ask, const struct buf *body)
{
	explicit_bzero(body->s, body->len);
	if (ask->wiped != NULL)
		explicit_bzero(ask->wiped, strlen(ask->wiped));
}

static bool
ask_once(struct oauth_token *t, const struct oauth_ask *ask,
    const struct connector_env *env, struct arena *arena, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	AUTO(buf) struct buf body;
	struct http_req req;
	struct http_res res;
	struct err odd;

	buf_init(&body, WORK_BYTES);
	if (!request_make(ask, arena, &body, &req))
		return err_nomem(err);
	const time_t now = env->now(env->clock);
	const bool answered = http_do(env->http, &req, arena, &res, err);
	wipe(ask, &body);
	if (!answered) {
		if (res.phase != HTTP_NOT_SENT)
			(void)oauth_failed(t);
		return false;
	}
	const bool parsed = res.body_len > 0 && json_parse(res.body,
	    res.body_len, &doc, &odd);
	if (res.status < 200 || res.status > 299)
		return refusal(t, ask, &res, parsed ? json_root(doc) : NULL,
		    err);
	if (parsed && take(t, ask, json_root(doc), now, err))
		return true;
	(void)oauth_refuse(t);
	return parsed ? false : err_set(err, ERR_PROTOCOL,
	    "expected JSON with a token");
}

bool
oauth_get(struct oauth_token *t, const struct oauth_ask *ask,
    const struct connector_env *env, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(WORK_BYTES);
	struct err unwanted;

	err = err == NULL ? &unwanted : err;
	if (arena == NULL)
		return err_nomem(err);
	return (oauth_may_ask(t, err) && ask_once(t, ask, env, arena, err)) ||
	    err_wrap(err, "token");
}
