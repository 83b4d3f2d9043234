/*
 * Tokens that somebody else signed, true ones and such as were made to deceive.
 * libcrypto signs them here; nothing of jwt.c does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "buf.h"
#define SCRATCH_BYTES ((size_t)8 << 20)
#include "scratch.h"

#include "common/jwt.h"

#define NOW ((time_t)1795572000)
#define RS256 "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"
#define NAMED "{\"alg\":\"RS256\",\"kid\":\"k1\"}"
#define CLAIMS "{\"iss\":\"https://login.example\",\"aud\":\"spn:app\"," \
	"\"exp\":1795572600,\"nbf\":1795571400,\"x\":1}"

#define ENDS ",\"exp\":1795572600"

static EVP_PKEY *ours, *other, *weak;

/* ---- making tokens ------------------------------------------------------- */
static const char *
base64url(const void *data, size_t len)
{
	char *out = arena_alloc(arena, len * 2 + 8);

	(void)EVP_EncodeBlock((unsigned char *)out, data, (int)len);
	for (char *c = out; *c != '\0'; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	out[strcspn(out, "=")] = '\0';
	return out;
}

static const char *
token_with(const char *head, const char *claims, EVP_PKEY *key)
{
	const char *text = arena_printf(arena, "%s.%s", base64url(head,
	    strlen(head)), base64url(claims, strlen(claims)));
	unsigned char raw[1024];
	size_t len = sizeof(raw);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL,
	    key), 1);
	assert_int_equal(EVP_DigestSign(ctx, raw, &len,
	    (const unsigned char *)text, strlen(text)), 1);
	EVP_MD_CTX_free(ctx);
	return arena_printf(arena, "%s.%s", text, base64url(raw, len));
}

static const char *
pem(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	const long len = BIO_get_mem_data(bio, &text);
	const char *copy = arena_strndup(arena, text, (size_t)len);
	BIO_free(bio);
	return copy;
}

/* more: further members of it, with a comma in front. */
static const char *
jwk(EVP_PKEY *key, const char *more)
{
	const char *parts[2];
	static const char *const names[] = { OSSL_PKEY_PARAM_RSA_N,
		OSSL_PKEY_PARAM_RSA_E };

	for (size_t i = 0; i < 2; i++) {
		BIGNUM *n = NULL;
		unsigned char raw[1024];
		assert_int_equal(EVP_PKEY_get_bn_param(key, names[i], &n), 1);
		parts[i] = base64url(raw, (size_t)BN_bn2bin(n, raw));
		BN_free(n);
	}
	return arena_printf(arena, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\""
	    "%s}", parts[0], parts[1], more);
}

static const char *
certificate(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	(void)X509_set_version(cert, 2);
	/* It ended long ago; its key counts. */
	(void)ASN1_TIME_set(X509_getm_notBefore(cert), 1000);
	(void)ASN1_TIME_set(X509_getm_notAfter(cert), 2000);
	assert_int_equal(X509_set_pubkey(cert, key), 1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
	const long len = BIO_get_mem_data(bio, &text);
	const char *copy = arena_strndup(arena, text, (size_t)len);
	BIO_free(bio);
	X509_free(cert);
	return copy;
}

/* ---- judging ------------------------------------------------------------- */
static struct jwt_verifier
verifier(const char *keys)
{
	return (struct jwt_verifier){ .keys = keys, .now = NOW,
		.leeway_s = 60, .issuer = "https://login.example",
		.audience = "spn:app" };
}

static void
good(const struct jwt_verifier *v, const char *token)
{
	struct json_doc *doc;
	struct err err = { .msg = "" };

	if (!jwt_verify(v, token, &doc, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(json_integer_value(json_object_get(json_root(doc),
	    "x")), 1);
	json_free(doc);
}

static void
bad(const struct jwt_verifier *v, const char *token, enum err_kind kind,
    const char *words)
{
	struct json_doc *doc;
	struct err err = { .msg = "" };

	if (jwt_verify(v, token, &doc, &err))
		fail_msg("taken: %s", words);
	assert_null(doc);
	assert_int_equal(err.kind, kind);
	if (strstr(err.msg, words) == NULL)
		fail_msg("%s, not: %s", err.msg, words);
}

/* ---- the keys ------------------------------------------------------------ */
static void
test_right_key(void **state)
{
	const char *token = token_with(RS256, CLAIMS, ours);
	const char *const keys[] = { pem(ours), certificate(ours),
		arena_printf(arena, "%s%s", pem(other), pem(ours)),
		/* With what `openssl x509 -text` says of each. */
		arena_printf(arena, "%070000d\n%s", 0, pem(ours)),
		arena_printf(arena, "{\"keys\":[%s]}", jwk(ours, "")),
		arena_printf(arena, " {\"keys\":[{\"kty\":\"EC\"},%s,%s,%s]}",
		    jwk(weak, ",\"use\":\"enc\""), jwk(other, ""),
		    jwk(ours, ",\"use\":\"sig\",\"alg\":\"RS256\"")) };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct jwt_verifier v = verifier(keys[i]);
		struct err err;
		assert_true(jwt_keys_check(keys[i], &err));
		good(&v, token);
	}
}

static void
test_wrong_key(void **state)
{
	const char *token = token_with(RS256, CLAIMS, other);
	const struct jwt_verifier v = verifier(pem(ours));

	(void)state;
	bad(&v, token, ERR_AUTH, "signature is of none of the keys");
}

/* A key by its name: only that one, whatever the others would say. */
static void
test_key_id(void **state)
{
	struct jwt_verifier v = verifier(arena_printf(arena, "{\"keys\":[%s,%s]"
	    "}", jwk(other, ",\"kid\":\"k1\""), jwk(ours, ",\"kid\":\"k2\"")));

	(void)state;
	good(&v, token_with(NAMED, CLAIMS, other));
	bad(&v, token_with(NAMED, CLAIMS, ours), ERR_AUTH, "none of the keys");
	bad(&v, token_with("{\"alg\":\"RS256\",\"kid\":\"k3\"}", CLAIMS, ours),
	    ERR_AUTH, "not among ours");
	/* Without a name in the token, or in PEM, each is tried. */
	good(&v, token_with(RS256, CLAIMS, ours));
	v = verifier(pem(ours));
	good(&v, token_with(NAMED, CLAIMS, ours));
}

static void
test_keys_that_are_none(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *secret;
	struct buf many;

	(void)state;
	assert_int_equal(PEM_write_bio_PrivateKey(bio, ours, NULL, NULL, 0,
	    NULL, NULL), 1);
	(void)BIO_write(bio, "", 1);
	(void)BIO_get_mem_data(bio, &secret);
	buf_init(&many, 1 << 20);
	for (int i = 0; i < 33; i++)
		(void)buf_str(&many, pem(ours));
	const struct {
		const char *keys, *words;
	} cases[] = { { "", "expected PEM" }, { "nonsense", "expected PEM" },
		{ "{", "expected a JSON Web Key Set" },
		{ "{\"keys\":[]}", "with an RSA key" },
		{ "{\"keys\":{}}", "with an RSA key" },
		{ "{\"keys\":[{\"kty\":\"RSA\"}]}", "no RSA key, or damaged" },
		{ "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"!\"}]}",
		    "damaged" },
		{ arena_printf(arena, "{\"keys\":[%s]}", jwk(weak, "")),
		    "1024 bits, fewer than 2048" },
		/* A secret one, also among others and for other ends. */
		{ arena_printf(arena, "{\"keys\":[%s,%s]}", jwk(ours, ""),
		    jwk(other, ",\"d\":\"AQ\"")), "nothing secret" },
		{ arena_printf(arena, "{\"keys\":[{\"kty\":\"oct\",\"k\":"
		    "\"AQ\"},%s]}", jwk(ours, "")), "nothing secret" },
		/* The first is good. */
		{ arena_printf(arena, "%s%.60s\n", pem(ours), pem(other)),
		    "part 2 of the PEM text is damaged" },
		{ arena_printf(arena, "%s-----BEGIN PUBLIC KEY-----\n!!\n"
		    "-----END PUBLIC KEY-----\n%s", pem(ours), pem(other)),
		    "damaged" },
		{ arena_printf(arena, "%s%01050000d", pem(ours), 0),
		    "more than 1048576 bytes of keys" },
		{ pem(weak), "1024 bits" }, { secret, "nothing secret" },
		{ buf_text(&many), "more than 32 keys" } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { .msg = "" };
		assert_false(jwt_keys_check(cases[i].keys, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
		if (strstr(err.msg, cases[i].words) == NULL)
			fail_msg("%s, not: %s", err.msg, cases[i].words);
		const struct jwt_verifier v = verifier(cases[i].keys);
		bad(&v, token_with(RS256, CLAIMS, ours), ERR_CONFIG, "");
	}
	buf_free(&many);
	BIO_free(bio);
}

/* ---- the way it is signed ------------------------------------------------ */
/* HS256 with the public key as the secret: what everybody can make. */
static const char *
forged(const char *head, const char *secret)
{
	const char *text = arena_printf(arena, "%s.%s", base64url(head,
	    strlen(head)), base64url(CLAIMS, strlen(CLAIMS)));
	unsigned char raw[64];
	unsigned len = sizeof(raw);

	assert_non_null(HMAC(EVP_sha256(), secret, (int)strlen(secret),
	    (const unsigned char *)text, strlen(text), raw, &len));
	return arena_printf(arena, "%s.%s", text, base64url(raw, len));
}

static void
test_other_ways(void **state)
{
	static const char *const heads[] = { "{\"alg\":\"none\"}",
		"{\"alg\":\"None\"}", "{\"alg\":\"HS256\"}",
		"{\"alg\":\"PS256\"}", "{\"alg\":\"rs256\"}", "{}",
		"{\"alg\":[\"RS256\"]}",
		"{\"alg\":\"RS256\",\"crit\":[\"b64\"],\"b64\":false}" };
	const char *key = pem(ours);
	const struct jwt_verifier v = verifier(key);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		bad(&v, token_with(heads[i], CLAIMS, ours), ERR_AUTH,
		    "another way than RS256");
		bad(&v, forged(heads[i], key), ERR_AUTH, "another way");
	}
	bad(&v, forged(RS256, key), ERR_AUTH, "none of the keys");
	/* A key that the token brings along is not looked at. */
	bad(&v, token_with(arena_printf(arena, "{\"alg\":\"RS256\",\"jwk\":%s}",
	    jwk(other, "")), CLAIMS, other), ERR_AUTH, "none of the keys");
}

/* Of a token that has '-' or '_' in its signature, which is nearly each. */
static const char *
plain_base64(const char *token, EVP_PKEY *key)
{
	for (int i = 0; strpbrk(strrchr(token, '.'), "-_") == NULL; i++)
		token = token_with(RS256, arena_printf(arena, "{\"x\":%d}", i),
		    key);
	char *plain = arena_strdup(arena, token);
	for (char *c = strrchr(plain, '.'); *c != '\0'; c++)
		*c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
	return plain;
}

static void
test_damaged(void **state)
{
	const char *token = token_with(RS256, CLAIMS, ours);
	const struct jwt_verifier v = verifier(pem(ours));
	const size_t len = strlen(token);
	const char *dot = strrchr(token, '.');

	(void)state;
	/* Cut anywhere. */
	for (size_t n = 0; n < len; n += n < 8 || n > len - 8 ? 1 : 7) {
		struct json_doc *doc;
		struct err err;
		assert_false(jwt_verify(&v, arena_strndup(arena, token, n),
		    &doc, &err));
		assert_null(doc);
	}
	/* No signature: that of "none". */
	bad(&v, arena_strndup(arena, token, (size_t)(dot - token) + 1),
	    ERR_PROTOCOL, "expected a signed");
	/* One letter of the claims changed, one more part, none at all. */
	char *changed = arena_strdup(arena, token);
	changed[(size_t)(strchr(token, '.') - token) + 20] ^= 1;
	bad(&v, changed, ERR_AUTH, "none of the keys");
	bad(&v, arena_printf(arena, "%s.x", token), ERR_PROTOCOL, "expected");
	/* The same bytes in another form: padded, in plain base64, with a letter
	 * or a bit too many. */
	bad(&v, arena_printf(arena, "%s==", token), ERR_PROTOCOL, "expected");
	bad(&v, arena_printf(arena, "%sAAA", token), ERR_PROTOCOL, "expected");
	changed = arena_strdup(arena, token);
	changed[len - 1]++;
	bad(&v, changed, ERR_PROTOCOL, "expected");
	bad(&v, plain_base64(token, ours), ERR_PROTOCOL, "expected");
	bad(&v, NULL, ERR_PROTOCOL, "expected");
	bad(&v, "", ERR_PROTOCOL, "expected");
	bad(&v, token_with(RS256, "[1]", ours), ERR_PROTOCOL, "claims");
	bad(&v, token_with("[]", CLAIMS, ours), ERR_PROTOCOL, "expected");
	bad(&v, arena_printf(arena, "%0*d.x.x", 70000, 0), ERR_PROTOCOL,
	    "expected");
}

/* ---- what it says -------------------------------------------------------- */
static void
test_times(void **state)
{
	const char *token = token_with(RS256, CLAIMS, ours);
	struct jwt_verifier v = verifier(pem(ours));

	(void)state;
	v.now = 1795572600 + 59;
	good(&v, token);
	v.now++;
	bad(&v, token, ERR_AUTH, "expired");
	v.now = 1795571400 - 60;
	good(&v, token);
	v.now--;
	bad(&v, token, ERR_AUTH, "not valid yet");
	v.timeless = true;
	good(&v, token);
	v.timeless = false;
	bad(&v, token_with(RS256, "{\"exp\":\"soon\"}", ours), ERR_AUTH,
	    "no numbers");
	bad(&v, token_with(RS256, "{\"nbf\":null" ENDS "}", ours), ERR_AUTH,
	    "no numbers");
	bad(&v, token_with(RS256, "{\"exp\":-1e300}", ours), ERR_AUTH,
	    "expired");
	v.issuer = v.audience = NULL;
	bad(&v, token_with(RS256, "{\"x\":1}", ours), ERR_AUTH,
	    "does not say when it ends");
	bad(&v, token_with(RS256, "{\"exp\":null}", ours), ERR_AUTH,
	    "no numbers");
	v.timeless = true;
	good(&v, token_with(RS256, "{\"x\":1}", ours));
}

static void
test_issuer_and_audience(void **state)
{
	const char *token = token_with(RS256, CLAIMS, ours);
	struct jwt_verifier v = verifier(pem(ours));

	(void)state;
	v.issuer = "https://login.example.evil";
	bad(&v, token, ERR_AUTH, "issued by somebody else");
	bad(&v, token_with(RS256, "{\"iss\":1" ENDS "}", ours), ERR_AUTH, "issued by");
	v.issuer = "";
	good(&v, token);
	v.audience = "spn:ap";
	bad(&v, token, ERR_AUTH, "for somebody else");
	bad(&v, token_with(RS256, "{\"x\":1" ENDS "}", ours), ERR_AUTH,
	    "for somebody else");
	v.audience = "b";
	good(&v, token_with(RS256, "{\"x\":1" ENDS ",\"aud\":[1,\"a\",\"b\"]}", ours));
	bad(&v, token_with(RS256, "{\"x\":1" ENDS ",\"aud\":[\"a\"]}", ours), ERR_AUTH,
	    "for somebody else");
}

static int
make_keys(void **state)
{
	(void)state;
	ours = EVP_RSA_gen(2048);
	other = EVP_RSA_gen(2048);
	weak = EVP_RSA_gen(1024);
	return ours == NULL || other == NULL || weak == NULL ? -1 : 0;
}

static int
free_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(ours);
	EVP_PKEY_free(other);
	EVP_PKEY_free(weak);
	return 0;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = { TEST(test_right_key),
		TEST(test_wrong_key), TEST(test_key_id),
		TEST(test_keys_that_are_none), TEST(test_other_ways),
		TEST(test_damaged), TEST(test_times),
		TEST(test_issuer_and_audience) };

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
