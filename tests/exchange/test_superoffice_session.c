/*
 * Where the tenant is, how we log in and what an answer means, for the
 * superoffice driver over a scripted server.  SO-nn: the pitfall's number.
 */
#include "superoffice/rig.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "common/hole.h"
#include "common/jwt.h"

#define ONLINE "mode = 'online'; login_host = '@URL@'; context_id = " \
	"'Cust12345'; auth = 'system_user'; client_secret = 'credential:a';" \
	"system_user_token = 'credential:b'; private_key = 'credential:c';" \
	"tag_mode = 'off'; nosend = '';"
#define APP_SECRET "app-s3cret-0123456789"
#define USER_TOKEN "My App-AbCdEfGhIj"
#define STATE_OF(state, running, api) "{\"ContextIdentifier\":\"Cust12345\"," \
	"\"Endpoint\":\"x\",\"State\":\"" state "\",\"IsRunning\":" running "," \
	"\"ValidUntil\":\"2026-11-25T09:00:00Z\",\"Api\":\"" api "\"}"
#define ASK_STATE "GET /api/state/Cust12345 "
#define LOGIN "POST /Login/api/PartnerSystemUser/Authenticate "

static char *key_pem, *public_pem;	/* of all tests */
static EVP_PKEY *key;

static int
make_key(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	(void)state;
	key = EVP_RSA_gen(2048);
	if (key == NULL || bio == NULL || PEM_write_bio_PrivateKey(bio, key,
	    NULL, NULL, 0, NULL, NULL) != 1)
		return -1;
	const long len = BIO_get_mem_data(bio, &text);
	key_pem = strndup(text, (size_t)len);
	(void)BIO_reset(bio);
	if (PEM_write_bio_PUBKEY(bio, key) != 1)
		return -1;
	const long public_len = BIO_get_mem_data(bio, &text);
	public_pem = strndup(text, (size_t)public_len);
	BIO_free(bio);
	return key_pem == NULL || public_pem == NULL ? -1 : 0;
}

static int
free_key(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	free(key_pem);
	free(public_pem);
	return 0;
}

/* ---- replies ----------------------------------------------------------- */
/* Filled when the server's address is known. */
static const char *
state_at(struct rig *rig, const char *state, bool running, const char *path)
{
	return arena_printf(rig->arena, STATE_OF("%s", "%s", "%s%s/api"), state,
	    running ? "true" : "false", simhttpd_url(rig->sim), path);
}

/* The answer to a login, with these claims. */
static const char *
token_of(struct rig *rig, const char *claims)
{
	const char *text = rig_text(rig, claims);
	char *body = arena_strdup(rig->arena, hole_base64(rig->arena, text,
	    strlen(text)));

	body[strcspn(body, "=")] = '\0';
	return arena_printf(rig->arena, "{\"IsSuccessful\":true,\"Token\":"
	    "\"eyJhbGciOiJSUzI1NiJ9.%s.c2ln\",\"ErrorMessage\":null}", body);
}

#define CLAIMS(ticket) "{'iss':'@URL@','" SO_CLAIM "ctx':'Cust12345','" \
	SO_CLAIM "ticket':'" ticket "'}"

static bool
open_online(struct rig *rig, const char *more)
{
	if (!rig_settings(rig, arena_printf(rig->arena, ONLINE "%s", more)))
		return false;
	rig->set.client_secret = APP_SECRET;
	rig->set.system_user_token = USER_TOKEN;
	rig->set.private_key = key_pem;
	return rig_open(rig);
}

static void
start_online(struct rig *rig, struct sim_reply *script, size_t n)
{
	rig_begin(rig, script, n);
	script[0].body = state_at(rig, "Running", true, "/Cust12345");
	RIG_OK(rig, open_online(rig, ""));
	for (size_t i = 1; i < n; i++)
		if (script[i].body != NULL && strcmp(script[i].body, "T") == 0)
			script[i].body = token_of(rig, CLAIMS("7T:abc="));
}

static bool
get(struct rig *rig)
{
	AUTO(api_res) struct api_res res = { 0 };

	return so_get(rig->self, rig->arena, "/Person/1", "person", &res,
	    &rig->err);
}

/* ---- the way in -------------------------------------------------------- */
/* SO-05: one login for the run; the ticket as it is, with the secret. */
static void
test_so05_login_once(void **state)
{
	struct sim_reply script[] = { { .target = ASK_STATE },
		{ .target = LOGIN, .body = "T" },
		{ .target = "GET /Cust12345/api/v1/Person/1 ", .body = "{}",
		    .repeat = 2 } };
	struct rig rig;

	(void)state;
	start_online(&rig, script, ARRAY_LEN(script));
	for (int i = 0; i < 3; i++)
		RIG_OK(&rig, get(&rig));
	assert_string_equal(rig_header(&rig, 2, "Authorization"),
	    "SOTicket 7T:abc=");
	assert_string_equal(rig_header(&rig, 2, "SO-AppToken"), APP_SECRET);
	assert_string_equal(rig_header(&rig, 2, "SO-TimeZone"),
	    "UTC, includeTZOffset");
	assert_string_equal(rig_header(&rig, 2, "Accept"), "application/json");
	assert_string_equal(rig_header(&rig, 2, "Accept-Language"), "");
	/* Where it is, is asked without a word of who asks. */
	assert_string_equal(rig_header(&rig, 0, "Authorization"), "");
	assert_string_equal(rig_header(&rig, 0, "SO-AppToken"), "");
	rig_end(&rig);
}

/* SO-05: a 401 in mid-run, as the pools are recycled: one new ticket. */
static void
test_so05_session_ends(void **state)
{
	struct sim_reply script[] = { { .target = ASK_STATE },
		{ .target = LOGIN, .body = "T" },
		{ .target = "GET /Cust", .body = "{}" },
		{ .target = "GET /Cust", .status = 401 },
		{ .target = LOGIN, .body = "T" },
		{ .target = "GET /Cust", .body = "{}" } };
	struct rig rig;

	(void)state;
	start_online(&rig, script, ARRAY_LEN(script));
	RIG_OK(&rig, get(&rig));
	RIG_OK(&rig, get(&rig));
	rig_end(&rig);
}

static void
test_so05_refused_for_ever(void **state)
{
	struct sim_reply script[] = { { .target = ASK_STATE },
		{ .target = LOGIN, .body = "T" },
		{ .target = "GET /Cust", .status = 401 },
		{ .target = LOGIN, .body = "T" },
		{ .target = "GET /Cust", .status = 401 } };
	struct rig rig;

	(void)state;
	start_online(&rig, script, ARRAY_LEN(script));
	assert_false(get(&rig));
	assert_int_equal(rig.err.kind, ERR_AUTH);
	assert_false(get(&rig));	/* no request */
	rig_end(&rig);
}

/* The text after "TOKEN." as bytes; how many. */
static size_t
signature(const char *body, unsigned char *out, size_t size)
{
	const char *at = strstr(body, "0000.") + 5;
	const size_t len = strcspn(at, "\""), pad = at[len - 1] != '=' ? 0
	    : at[len - 2] != '=' ? 1 : 2;

	assert_true(len % 4 == 0 && len / 4 * 3 <= size);
	assert_int_equal(EVP_DecodeBlock(out, (const unsigned char *)at,
	    (int)len), len / 4 * 3);
	return len / 4 * 3 - pad;
}

/* RSA with SHA-256 by PKCS #1 v1.5, over the token and the minute. */
static void
assert_signed(const char *data, const unsigned char *sig, size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL,
	    key), 1);
	assert_int_equal(EVP_DigestVerify(ctx, sig, len,
	    (const unsigned char *)data, strlen(data)), 1);
	EVP_MD_CTX_free(ctx);
}

/* SO-04: libcrypto verifies what is signed: the token with the minute in UTC,
 * by the login host's clock. */
static void
test_so04_signed_token(void **state)
{
	struct sim_reply script[] = { { .target = ASK_STATE,
		    .headers = "Date: Wed, 25 Nov 2026 00:00:30 GMT\r\n" },
		{ .target = LOGIN, .body = "T" },
		{ .target = "GET /Cust", .body = "{}" } };
	struct rig rig;

	(void)state;
	start_online(&rig, script, ARRAY_LEN(script));
	rig.now = rig_time("2026-11-24T23:59:00Z");
	RIG_OK(&rig, get(&rig));
	const char *body = simhttpd_body(rig.sim, 1);
	static const char begin[] = "{\"SignedSystemToken\":\"" USER_TOKEN
	    ".202611250000.";
	unsigned char sig[1024];
	assert_memory_equal(body, begin, sizeof(begin) - 1);
	assert_signed(USER_TOKEN ".202611250000", sig, signature(body, sig,
	    sizeof(sig)));
	assert_non_null(strstr(body, "=\",\"ApplicationToken\":\"" APP_SECRET
	    "\",\"ContextIdentifier\":\"Cust12345\",\"ReturnTokenType\":"
	    "\"JWT\"}"));
	rig_end(&rig);
}

/* ---- logins that fail -------------------------------------------------- */
/* SO-03: 200 and IsSuccessful false. */
static void
test_so03_unsuccessful(void **state)
{
	static const struct {
		int status;
		const char *body, *msg;
	} cases[] = {
		{ 200, "{\"IsSuccessful\":false,\"Token\":null,\"ErrorMessage\":"
		    "\"InvalidTimestamp\"}", "token: the login was refused: the "
		    "clock of this machine is off: InvalidTimestamp" },
		{ 200, "{\"IsSuccessful\":false,\"ErrorCode\":7,\"ErrorMessage\":"
		    "\"no " APP_SECRET "\"}", "token: the login was refused: "
		    "private_key is not that of the application" },
		{ 400, "{\"IsSuccessful\":false,\"ErrorMessage\":\"Revoked\"}",
		    "token: the login was refused: the tenant's consent was "
		    "revoked: consent again: Revoked" },
		{ 200, "{}", "token: the login was refused: see the "
		    "application's keys and the tenant's consent" },
		{ 200, "[]", "token: expected a JSON object" },
		{ 200, "<html>", NULL },
		{ 401, "<html>", "token: token: HTTP 401" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sim_reply script[] = { { .target = ASK_STATE },
			{ .target = LOGIN, .status = cases[i].status,
			    .body = cases[i].body } };
		struct rig rig;

		start_online(&rig, script, ARRAY_LEN(script));
		assert_false(get(&rig));
		if (cases[i].msg != NULL)
			assert_string_equal(rig.err.msg, cases[i].msg);
		assert_null(strstr(rig.err.msg, APP_SECRET));
		assert_false(get(&rig));	/* once is enough */
		rig_end(&rig);
	}
}

/* Somebody else's ticket, or none. */
static void
test_claims(void **state)
{
	static const char issuer[] = "issued by somebody else",
	    ticket[] = "expected a ticket";
	static const char *const claims[][2] = {
		{ "{'iss':'https://evil.example','ctx':'Cust12345','ticket':"
		    "'x'}", issuer },
		{ "{'iss':'@URL@','ctx':'Cust99999','ticket':'x'}",
		    "of another tenant" },
		{ "{'iss':'@URL@','ctx':'Cust12345'}", ticket },
		{ "{'iss':'@URL@','ctx':'Cust12345','ticket':'a b'}", ticket },
		{ "{'iss':'@URL@','ctx':'Cust12345','ticket':7}", ticket },
		{ "{'ctx':'Cust12345','ticket':'x'}", issuer } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(claims); i++) {
		struct sim_reply script[] = { { .target = ASK_STATE },
			{ .target = LOGIN } };
		struct rig rig;

		start_online(&rig, script, ARRAY_LEN(script));
		script[1].body = token_of(&rig, claims[i][0]);
		for (int n = 0; n < 2; n++) {
			assert_false(get(&rig));
			assert_non_null(strstr(rig.err.msg, claims[i][1]));
		}
		rig_end(&rig);
	}
}

/* Signed, as the login host does it; here with the one key there is. */
static const char *
signed_token_of(struct rig *rig, const char *claims)
{
	const char *text = rig_text(rig, claims);
	struct json_doc *doc;
	char *token;

	RIG_OK(rig, json_parse(text, strlen(text), &doc, &rig->err));
	RIG_OK(rig, jwt_sign(&(struct jwt_signer){ .key = key_pem },
	    json_root(doc), rig->arena, &token, &rig->err));
	json_free(doc);
	return arena_printf(rig->arena, "{\"IsSuccessful\":true,\"Token\":"
	    "\"%s\"}", token);
}

#define SIGNED(more) "{'iss':'@URL@','ctx':'Cust12345','ticket':'7T:abc='" \
	more "}"
#define ENDS ",'exp':1795575600"

/* With the keys given, claims alone are not enough; times by the login host's
 * clock. */
static void
test_signature(void **state)
{
	static const struct {
		const char *more, *claims;
		bool is_signed;
		const char *why;	/* NULL = it is taken */
	} cases[] = {
		{ "", SIGNED(""), true, "does not say when it ends" },
		{ "jwt_times = false;", SIGNED(""), true, NULL },
		{ "", SIGNED(ENDS), false, "token: Token (jwt_verify, "
		    "identity_keys): the token's signature is of none of the "
		    "keys" },
		{ "", SIGNED(ENDS), true, NULL },
		{ "", SIGNED(",'exp':1795561200"), true, "expired" },
		{ "jwt_times = false;", SIGNED(",'exp':1795561200"), true,
		    NULL },
		{ "", SIGNED(ENDS ",'nbf':1795661200"), true, "not valid yet" },
		{ "jwt_audience = 'app';", SIGNED(ENDS ",'aud':'app'"), true,
		    NULL },
		{ "jwt_audience = 'app';", SIGNED(ENDS ",'aud':'b'"), true,
		    "for somebody else" },
		{ "", "{'iss':'https://evil.example','ctx':'Cust12345',"
		    "'ticket':'x'" ENDS "}", true, "issued by somebody else" },
		{ "", "{'iss':'@URL@','ctx':'Cust9','ticket':'x'" ENDS "}", true,
		    "of another tenant" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sim_reply script[] = { { .target = ASK_STATE },
			{ .target = LOGIN },
			{ .target = "GET /Cust", .body = "{}" } };
		struct rig rig;

		rig_begin(&rig, script, cases[i].why == NULL ? 3 : 2);
		script[0].body = state_at(&rig, "Running", true, "/Cust12345");
		RIG_OK(&rig, rig_settings(&rig, arena_printf(rig.arena, ONLINE
		    "jwt_verify = 'signature'; identity_keys = 'credential:k';"
		    "%s", cases[i].more)));
		rig.set.client_secret = APP_SECRET;
		rig.set.system_user_token = USER_TOKEN;
		rig.set.private_key = key_pem;
		rig.set.identity_keys = public_pem;
		RIG_OK(&rig, rig_open(&rig));
		script[1].body = cases[i].is_signed ? signed_token_of(&rig,
		    cases[i].claims) : token_of(&rig, cases[i].claims);
		if (get(&rig) != (cases[i].why == NULL))
			fail_msg("%zu: %s", i, rig.err.msg);
		if (cases[i].why != NULL) {
			assert_int_equal(rig.err.kind, ERR_AUTH);
			if (strstr(rig.err.msg, cases[i].why) == NULL)
				fail_msg("%s", rig.err.msg);
			assert_false(get(&rig));	/* once is enough */
		}
		rig_end(&rig);
	}
}

/* `npsync check` says what is not looked at. */
static void
test_not_verified(void **state)
{
	struct so_settings set = { .auth = SO_SYSTEM_USER, .nosend = "x",
		.consent_rule = SO_CONSENT_WITHDRAWN, .contact_stream = true };

	(void)state;
	assert_non_null(strstr(superoffice_crm.lacks(&set, 0), "signature of "
	    "the login's token is not verified"));
	assert_null(superoffice_crm.lacks(&set, 1));
	set.jwt_verify = SO_JWT_SIGNATURE;
	assert_null(superoffice_crm.lacks(&set, 0));
	set.jwt_verify = SO_JWT_CLAIMS;
	set.auth = SO_BASIC;
	assert_null(superoffice_crm.lacks(&set, 0));
}

/* A half of the two would leave somebody in the belief that it is verified. */
static void
test_signature_settings(void **state)
{
	static const char both[] = "jwt_verify = \"signature\" and "
	    "identity_keys belong together", idle[] = "jwt_audience and "
	    "jwt_times are not looked at unless jwt_verify = \"signature\"";
	const struct {
		const char *more, *keys, *msg;
	} cases[] = {
		{ "jwt_verify = 'signature';", "", both },
		{ "identity_keys = 'credential:k';", public_pem, both },
		{ "jwt_audience = 'app';", "", idle },
		{ "jwt_verify = 'claims'; jwt_times = false;", "", idle },
		{ "jwt_verify = 'signature'; identity_keys = 'credential:k';",
		    "x", "identity_keys: expected PEM, or a JSON Web Key Set" },
		{ "jwt_verify = 'signature'; identity_keys = 'credential:k';",
		    key_pem, "identity_keys: expected certificates or -----BEGIN "
		    "PUBLIC KEY-----, and nothing secret" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig rig;

		rig_begin(&rig, NULL, 0);
		RIG_OK(&rig, rig_settings(&rig, arena_printf(rig.arena, ONLINE
		    "%s", cases[i].more)));
		rig.set.client_secret = APP_SECRET;
		rig.set.system_user_token = USER_TOKEN;
		rig.set.private_key = key_pem;
		rig.set.identity_keys = cases[i].keys;
		assert_false(rig_open(&rig));
		assert_int_equal(rig.err.kind, ERR_CONFIG);
		assert_string_equal(rig.err.msg, cases[i].msg);
		rig_end(&rig);
	}
}

static void
test_short_claims(void **state)
{
	struct sim_reply script[] = { { .target = ASK_STATE },
		{ .target = LOGIN }, { .target = "GET /Cust", .body = "{}" } };
	struct rig rig;

	(void)state;
	start_online(&rig, script, ARRAY_LEN(script));
	script[1].body = token_of(&rig, "{'iss':'SuperOffice AS','ctx':"
	    "'CUST12345','ticket':'7T:x'}");
	RIG_OK(&rig, get(&rig));
	rig_end(&rig);
}

/* Too many logins, by whomever: nobody's credentials are wrong. */
static void
test_login_throttled(void **state)
{
	struct sim_reply script[] = { { .target = ASK_STATE },
		{ .target = LOGIN, .status = 429 }, { .target = LOGIN },
		{ .target = "GET /Cust", .body = "{}" } };
	struct rig rig;

	(void)state;
	start_online(&rig, script, ARRAY_LEN(script));
	script[2].body = token_of(&rig, "{'iss':'SuperOffice AS','ctx':"
	    "'CUST12345','ticket':'7T:x'}");
	assert_false(get(&rig));
	assert_int_equal(rig.err.kind, ERR_THROTTLED);
	RIG_OK(&rig, get(&rig));
	rig_end(&rig);
}

/* The service restarts: asked again, three times at most in a run. */
static void
test_login_while_recycling(void **state)
{
	struct sim_reply script[] = { { .target = ASK_STATE },
		{ .target = LOGIN, .status = 503, .body = "<html>" },
		{ .target = LOGIN, .mode = SIM_CLOSE },
		{ .target = LOGIN, .body = "T" },
		{ .target = "GET /Cust", .body = "{}" } };
	struct rig rig;

	(void)state;
	start_online(&rig, script, ARRAY_LEN(script));
	assert_false(get(&rig));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	assert_false(get(&rig));
	RIG_OK(&rig, get(&rig));
	rig_end(&rig);
}

/* ---- where the tenant is ----------------------------------------------- */
/* SO-01 */
static void
test_so01_states(void **state)
{
	static const struct {
		const char *name;
		bool running;
		enum err_kind kind;
	} cases[] = { { "OfflineMaintenance", false, ERR_RETRY },
		{ "MigrationPending", false, ERR_RETRY },
		{ "Suspended", false, ERR_AUTH }, { "Deleted", false, ERR_AUTH },
		{ "OnlineMaintenance", true, ERR_NONE } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const bool runs = cases[i].running;
		struct sim_reply script[] = { { .target = ASK_STATE },
			{ .target = LOGIN, .body = "T" },
			{ .target = "GET /Cust", .body = "{}" } };
		struct rig rig;

		start_online(&rig, script, runs ? ARRAY_LEN(script) : 1);
		script[0].body = state_at(&rig, cases[i].name, runs,
		    "/Cust12345");
		if (runs)
			script[1].body = token_of(&rig, CLAIMS("7T:abc="));
		assert_int_equal(get(&rig), runs);
		if (!runs) {
			assert_int_equal(rig.err.kind, cases[i].kind);
			assert_non_null(strstr(rig.err.msg, cases[i].name));
			assert_false(get(&rig));	/* no request */
		}
		rig_end(&rig);
	}
}

/* SO-01, SO-02: it moved meanwhile; and for ever. */
static void
test_so02_moved(void **state)
{
	struct sim_reply script[] = { { .target = ASK_STATE },
		{ .target = LOGIN, .body = "T" },
		{ .target = "GET /Cust12345/api/v1/Person/1 ", .status = 421 },
		{ .target = ASK_STATE },
		{ .target = "GET /o2/Cust12345/api/v1/Person/1 ",
		    .body = "{}" },
		{ .target = "GET /o2/Cust12345/api/v1/Person/1 ",
		    .status = 421 },
		{ .target = ASK_STATE },
		{ .target = "GET /o2/Cust12345/api/v1/Person/1 ",
		    .status = 421 } };
	struct rig rig;

	(void)state;
	start_online(&rig, script, ARRAY_LEN(script));
	script[3].body = script[6].body = state_at(&rig, "Running", true,
	    "/o2/Cust12345");
	RIG_OK(&rig, get(&rig));
	assert_false(get(&rig));
	assert_string_equal(rig.err.msg, "the tenant is not where the login "
	    "host says it is: person: HTTP 421");
	assert_false(get(&rig));	/* no request */
	rig_end(&rig);
}

/* What the answer is good for is over: asked again, the session stays. */
static void
test_validity(void **state)
{
	struct sim_reply script[] = { { .target = ASK_STATE },
		{ .target = LOGIN, .body = "T" },
		{ .target = "GET /Cust", .body = "{}", .repeat = 1 },
		{ .target = ASK_STATE },
		{ .target = "GET /o3/Cust", .body = "{}" } };
	struct rig rig;

	(void)state;
	start_online(&rig, script, ARRAY_LEN(script));
	script[3].body = state_at(&rig, "Running", true, "/o3/Cust12345");
	RIG_OK(&rig, get(&rig));
	rig.now = rig_time("2026-11-25T08:59:59Z");
	RIG_OK(&rig, get(&rig));
	rig.now = rig_time("2026-11-25T09:00:00Z");
	RIG_OK(&rig, get(&rig));
	rig_end(&rig);
}

/* An address elsewhere gets neither ticket nor secret. */
static void
test_foreign_address(void **state)
{
	static const char other[] = "{\"IsRunning\":true,\"Api\":"
	    "\"@URL@/Cust12345/api\",\"ContextIdentifier\":\"Cust1\"}";
	static const char *const bodies[] = {
		STATE_OF("Running", "true", "https://evil.example/Cust12345/api"),
		STATE_OF("Running", "true", "@URL@/Cust99999/api"),
		STATE_OF("Running", "true", "@URL@.evil.example/Cust12345"),
		STATE_OF("Running", "1", "@URL@/Cust12345/api"),
		"{\"IsRunning\":true}", "[]", "7", other };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		struct sim_reply script[] = { { .target = ASK_STATE } };
		struct rig rig;

		start_online(&rig, script, 1);
		script[0].body = rig_text(&rig, bodies[i]);
		assert_false(get(&rig));
		if (strncmp(rig.err.msg, "state: expected ", 16) != 0 &&
		    strstr(rig.err.msg, "does not run (Running)") == NULL)
			fail_msg("%zu: %s", i, rig.err.msg);
		rig_end(&rig);
	}
}

static void
test_no_such_tenant(void **state)
{
	struct sim_reply script[] = { { .target = ASK_STATE } };
	struct rig rig;

	(void)state;
	start_online(&rig, script, 1);
	script[0] = (struct sim_reply){ .target = ASK_STATE, .status = 404,
		.body = "" };
	assert_false(get(&rig));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	rig_end(&rig);
}

/* ---- other logins ------------------------------------------------------ */
static void
test_refresh_token(void **state)
{
	struct sim_reply script[] = { { .target = ASK_STATE },
		{ .target = "POST /login/common/oauth/tokens ", .body =
		    "{\"access_token\":\"8A:x\",\"token_type\":\"Bearer\","
		    "\"expires_in\":3600}" },
		{ .target = "GET /Cust", .body = "{}" } };
	struct rig rig;

	(void)state;
	rig_begin(&rig, script, ARRAY_LEN(script));
	script[0].body = state_at(&rig, "Running", true, "/Cust12345");
	RIG_OK(&rig, rig_settings(&rig, "login_host = '@URL@'; context_id = "
	    "'Cust12345'; auth = 'refresh_token'; client_id = 'id'; "
	    "client_secret = 'credential:a'; refresh_token = 'credential:b';"));
	rig.set.client_secret = APP_SECRET;
	rig.set.refresh_token = "r3fresh";
	RIG_OK(&rig, rig_open(&rig));
	RIG_OK(&rig, get(&rig));
	assert_string_equal(simhttpd_body(rig.sim, 1), "grant_type="
	    "refresh_token&refresh_token=r3fresh&client_id=id&client_secret="
	    APP_SECRET);
	assert_string_equal(rig_header(&rig, 2, "Authorization"),
	    "Bearer 8A:x");
	assert_string_equal(rig_header(&rig, 2, "SO-AppToken"), "");
	rig_end(&rig);
}

/* SO-17: with "/api/v1" and without; a wrong password goes out once more at
 * most, then never. */
static void
test_so17_onsite(void **state)
{
	static const char *const bases[] = { "@URL@/so", "@URL@/so/",
		"@URL@/so/api", "@URL@/so/api/v1/" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
		struct sim_reply script[] = {
			{ .target = "GET /so/api/v1/Person/1 ", .body = "{}" } };
		struct rig rig;

		rig_begin(&rig, script, 1);
		RIG_OK(&rig, rig_settings(&rig, arena_printf(rig.arena,
		    "mode = 'onsite'; auth = 'ticket'; ticket = 'credential:t';"
		    "base_url = '%s';", bases[i])));
		rig.set.ticket = "7T:own";
		RIG_OK(&rig, rig_open(&rig));
		RIG_OK(&rig, get(&rig));
		assert_string_equal(rig_header(&rig, 0, "Authorization"),
		    "SOTicket 7T:own");
		assert_string_equal(rig_header(&rig, 0, "SO-AppToken"), "");
		rig_end(&rig);
	}
}

static void
test_wrong_password(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET " API "/Person/1 ", .status = 401, .want =
		    "Authorization: Basic dTpzM2NyZXQ=\r\n" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, 1);
	assert_false(get(&rig));
	assert_int_equal(rig.err.kind, ERR_AUTH);
	assert_false(get(&rig));	/* no request */
	rig_end(&rig);
}

/* ---- settings ---------------------------------------------------------- */
static void
test_settings(void **state)
{
	static const char unused[] = "jwt_verify, identity_keys, jwt_audience, "
	    "jwt_issuers and jwt_times belong to auth = \"system_user\"";
	static const struct {
		const char *text, *msg;
	} cases[] = {
		{ "mode = 'onsite'; auth = 'basic'; user = 'u';", "mode = "
		    "\"onsite\" expects base_url, https://SERVER/SITE" },
		{ "mode = 'onsite';", "mode = \"onsite\" expects auth = "
		    "\"basic\" or \"ticket\"" },
		{ "auth = 'basic'; user = 'u';", "auth = \"basic\" expects mode "
		    "= \"onsite\", user and password" },
		{ "context_id = 'Cust1';", "auth = \"system_user\" expects "
		    "client_secret, system_user_token and private_key" },
		{ "auth = 'refresh_token'; client_id = 'x';", "auth = "
		    "\"refresh_token\" expects mode = \"online\", client_id, "
		    "client_secret and refresh_token" },
		/* Would be believed to be looked at. */
		{ ONSITE "jwt_verify = 'signature';", unused },
		{ ONSITE "identity_keys = 'credential:k';", unused },
		{ ONSITE "jwt_audience = 'app';", unused },
		{ ONSITE "jwt_issuers = [ 'x' ];", unused },
		{ ONSITE "jwt_times = false;", unused },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig rig;

		rig_begin(&rig, NULL, 0);
		RIG_OK(&rig, rig_settings(&rig, cases[i].text));
		assert_false(rig_open(&rig));
		assert_int_equal(rig.err.kind, ERR_CONFIG);
		assert_string_equal(rig.err.msg, cases[i].msg);
		rig_end(&rig);
	}
}

/* A column that must have a name. */
static void
test_columns_named(void **state)
{
	static const char *const bad[] = { "employee_column = '';",
		"ticket_owner_column = '';", "employee_column = 'a b';" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct rig rig;

		rig_begin(&rig, NULL, 0);
		assert_false(rig_settings(&rig, bad[i]));
		assert_non_null(strstr(rig.err.msg, "expected a column of the "
		    "archive"));
		rig_end(&rig);
	}
}

/* Who an event names is found among who has companies, by login, id or full name:
 * what does not fit is told by `npsync check`, and the CRM opens. */
static void
test_columns_agree(void **state)
{
#define BY_ID "employee_column = 'associate/associateDbId';"
#define OWNED_ID "ticket_owner_column = 'ownedBy/associateDbId';"
	static const struct {
		const char *text, *with;	/* with: NULL = good */
	} cases[] = { { "", NULL }, { BY_ID OWNED_ID, NULL },
		{ BY_ID "cases = false;", NULL },
		{ BY_ID, "ticket_owner_column shows ids" },
		{ OWNED_ID, "ticket_owner_column shows ids" },
		{ "owner_column = 'a/associateDBID';" OWNED_ID,
		    "employee_column shows ids" },
		{ "owner_column = 'a/associateDbId';" BY_ID,
		    "ticket_owner_column shows ids" },
		{ BY_ID "ticket_owner_column = 'ownedBy/fullName';", NULL },
		{ "owner_column = 'a/associateDbId'; meetings = false;"
		    "deals = false;" OWNED_ID, NULL } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig rig;
		const char *line;
		size_t n = 0;

		rig_begin(&rig, NULL, 0);
		RIG_OK(&rig, rig_settings(&rig, arena_printf(rig.arena, ONSITE
		    "%s", cases[i].text)));
		RIG_OK(&rig, rig_open(&rig));
		for (size_t k = 0; (line = superoffice_crm.lacks(&rig.set, k))
		    != NULL; k++)
			if (strstr(line, "alarm") != NULL) {
				n++;
				assert_non_null(cases[i].with);
				assert_non_null(strstr(line, cases[i].with));
			}
		assert_int_equal(n, cases[i].with != NULL);
		rig_end(&rig);
	}
}

/* A refusal of a record is not told in its words; what a query was refused for,
 * is. */
static void
test_words(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "/Person/1 ", .status = 400, .body = "{\"Error\":true,"
		    "\"ErrorType\":\"SoSomething\",\"ErrorMessage\":"
		    "\"Karin Holm has no place\"}" },
		{ .target = "/Person/1 ", .status = 503, .body = "<html>" },
		{ .target = "/Person/1 ", .body = "<html>" } };
	struct rig rig;

	(void)state;
	rig_start(&rig, "", script, ARRAY_LEN(script));
	assert_false(get(&rig));
	assert_string_equal(rig.err.msg, "person: HTTP 400 SoSomething");
	assert_false(get(&rig));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	assert_false(get(&rig));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	rig_end(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_so05_login_once),
		cmocka_unit_test(test_so05_session_ends),
		cmocka_unit_test(test_so05_refused_for_ever),
		cmocka_unit_test(test_so04_signed_token),
		cmocka_unit_test(test_so03_unsuccessful),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_signature_settings),
		cmocka_unit_test(test_not_verified),
		cmocka_unit_test(test_short_claims),
		cmocka_unit_test(test_login_throttled),
		cmocka_unit_test(test_login_while_recycling),
		cmocka_unit_test(test_so01_states),
		cmocka_unit_test(test_so02_moved),
		cmocka_unit_test(test_validity),
		cmocka_unit_test(test_foreign_address),
		cmocka_unit_test(test_no_such_tenant),
		cmocka_unit_test(test_refresh_token),
		cmocka_unit_test(test_so17_onsite),
		cmocka_unit_test(test_wrong_password),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_columns_named),
		cmocka_unit_test(test_columns_agree),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, make_key, free_key);
}
