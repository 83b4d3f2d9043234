/*
 * jwt_verify.c - whether a token was signed by one of the keys that we were given.
 *
 * How it could be deceived, and what stops it:
 *  - a token that names its own way of signing, "none", or HS256 with the public
 *    key as the secret: RS256 and nothing else, whatever it says;
 *  - a key that the token brings along ("jwk", "x5c", "jku"): never looked at;
 *  - an extension that must be understood ("crit"): refused;
 *  - a weak key, or one for encryption: refused, or left out;
 *  - an old token, or one without an end, or one for somebody else: its times,
 *    issuer and audience;
 *  - a key that is damaged among others that are not, so that it is missed when
 *    it is needed: refused;
 *  - a private key given for a public one: refused, it is in the wrong place.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#include "jwt_int.h"

#define KEYS_MAX 32
#define KEYS_BYTES ((size_t)1 << 20)
#define SIGNATURE_MAX ((size_t)2048)

static void
bn_cleanup(BIGNUM **p)
{
	BN_free(*p);
}

static void
pkeyctx_cleanup(EVP_PKEY_CTX **p)
{
	EVP_PKEY_CTX_free(*p);
}

static void
bld_cleanup(OSSL_PARAM_BLD **p)
{
	OSSL_PARAM_BLD_free(*p);
}

static void
params_cleanup(OSSL_PARAM **p)
{
	OSSL_PARAM_free(*p);
}

/* ---- the keys ------------------------------------------------------------ */
/* kid NULL: the key has no name.  False: stop, *err says why. */
typedef bool key_fn(void *arg, EVP_PKEY *key, const char *kid,
    struct err *err);

static bool
key_give(EVP_PKEY *key, const char *kid, key_fn *fn, void *arg,
    struct err *err)
{
	if (key == NULL || !EVP_PKEY_is_a(key, "RSA"))
		return err_set(err, ERR_CONFIG, "a key is no RSA key, or "
		    "damaged");
	if (EVP_PKEY_get_bits(key) < JWT_KEY_BITS_MIN)
		return err_set(err, ERR_CONFIG, "a key has %d bits, fewer than "
		    "%d", EVP_PKEY_get_bits(key), JWT_KEY_BITS_MIN);
	return fn(arg, key, kid, err);
}

static bool
pem_give(const char *name, const unsigned char *data, long len, key_fn *fn,
    void *arg, struct err *err)
{
	AUTO(x509) X509 *certificate = NULL;
	AUTO(pkey) EVP_PKEY *key = NULL;

	if (strcmp(name, "CERTIFICATE") == 0) {
		certificate = d2i_X509(NULL, &data, len);
		return key_give(certificate == NULL ? NULL :
		    X509_get0_pubkey(certificate), NULL, fn, arg, err);
	}
	if (strcmp(name, "PUBLIC KEY") != 0)
		return err_set(err, ERR_CONFIG, "expected certificates or "
		    "-----BEGIN PUBLIC KEY-----, and nothing secret");
	key = d2i_PUBKEY(NULL, &data, len);
	return key_give(key, NULL, fn, arg, err);
}

/* Parts that the text announces. */
static int
begins(const char *text)
{
	static const char begin[] = "-----BEGIN ";
	int n = 0;

	while ((text = strstr(text, begin)) != NULL) {
		text += sizeof(begin) - 1;
		n++;
	}
	return n;
}

static bool
pem_each(const char *text, key_fn *fn, void *arg, struct err *err)
{
	AUTO(bio) BIO *bio = jwt_pem_open(text, KEYS_BYTES, err);
	char *name, *head;
	unsigned char *data;
	bool ok = true;
	long len;
	int n = 0;

	if (bio == NULL)
		return false;
	while (ok && PEM_read_bio(bio, &name, &head, &data, &len) == 1) {
		ok = ++n <= KEYS_MAX ? pem_give(name, data, len, fn, arg, err)
		    : err_set(err, ERR_CONFIG, "more than %d keys", KEYS_MAX);
		OPENSSL_free(name);
		OPENSSL_free(head);
		OPENSSL_free(data);
	}
	if (ok && n == 0)
		return err_set(err, ERR_CONFIG, "expected PEM, or a JSON Web "
		    "Key Set");
	return ok && (n == begins(text) || err_set(err, ERR_CONFIG, "part %d "
	    "of the PEM text is damaged", n + 1));
}

static BIGNUM *
number_of(json_t *jwk, const char *name)
{
	const char *text = json_string_value(json_object_get(jwk, name));
	AUTO(buf) struct buf bytes;

	buf_init(&bytes, SIGNATURE_MAX);
	return text != NULL && *text != '\0' &&
	    jwt_base64url_read(text, strlen(text), &bytes) ?
	    BN_bin2bn((const unsigned char *)buf_text(&bytes), (int)bytes.len,
	        NULL) : NULL;
}

/* NULL: none that can be used. */
static EVP_PKEY *
jwk_key(json_t *jwk)
{
	AUTO(bn) BIGNUM *n = number_of(jwk, "n");
	AUTO(bn) BIGNUM *e = number_of(jwk, "e");
	AUTO(bld) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	AUTO(params) OSSL_PARAM *params = NULL;
	AUTO(pkeyctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL,
	    "RSA", NULL);
	EVP_PKEY *key = NULL;

	if (n == NULL || e == NULL || bld == NULL || ctx == NULL ||
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) != 1 ||
	    (params = OSSL_PARAM_BLD_to_param(bld)) == NULL ||
	    EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &key,
	        EVP_PKEY_PUBLIC_KEY, params) != 1)
		return NULL;
	return key;
}

/* Absent, or this. */
static bool
is_or_absent(json_t *jwk, const char *name, const char *value)
{
	json_t *node = json_object_get(jwk, name);

	return node == NULL || (json_is_string(node) &&
	    strcmp(json_string_value(node), value) == 0);
}

static bool
jwks_each(const char *text, key_fn *fn, void *arg, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct err odd;
	size_t i, n = 0;
	json_t *jwk;

	if (!json_parse(text, strlen(text), &doc, &odd))
		return err_set(err, ERR_CONFIG, "expected a JSON Web Key Set");
	json_t *keys = json_object_get(json_root(doc), "keys");
	json_array_foreach (keys, i, jwk) {
		if (json_object_get(jwk, "d") != NULL ||
		    json_object_get(jwk, "k") != NULL)
			return err_set(err, ERR_CONFIG, "expected public keys, "
			    "and nothing secret (\"d\", \"k\")");
		const char *kty = json_string_value(json_object_get(jwk, "kty"));
		/* Others may stand there, for other ends. */
		if (kty == NULL || strcmp(kty, "RSA") != 0 ||
		    !is_or_absent(jwk, "use", "sig") ||
		    !is_or_absent(jwk, "alg", "RS256"))
			continue;
		AUTO(pkey) EVP_PKEY *key = jwk_key(jwk);
		if (++n > KEYS_MAX)
			return err_set(err, ERR_CONFIG, "more than %d keys",
			    KEYS_MAX);
		if (!key_give(key, json_string_value(json_object_get(jwk,
		    "kid")), fn, arg, err))
			return false;
	}
	return n > 0 || err_set(err, ERR_CONFIG, "expected a JSON Web Key Set "
	    "with an RSA key for RS256");
}

static bool
keys_each(const char *text, key_fn *fn, void *arg, struct err *err)
{
	const bool is_json = text[strspn(text, " \t\r\n")] == '{';

	if (strlen(text) > KEYS_BYTES)
		return err_set(err, ERR_CONFIG, "more than %zu bytes of keys",
		    KEYS_BYTES);
	return is_json ? jwks_each(text, fn, arg, err) :
	    pem_each(text, fn, arg, err);
}

static bool
on_key(void *arg, EVP_PKEY *key, const char *kid, struct err *err)
{
	(void)arg, (void)key, (void)kid, (void)err;
	return true;
}

bool
jwt_keys_check(const char *keys, struct err *err)
{
	const bool ok = keys_each(keys, on_key, NULL, err);

	ERR_clear_error();
	return ok;
}

/* ---- the signature ------------------------------------------------------- */
struct token {
	const char *text;
	size_t signed_len;	/* header and claims */
	const char *claims;
	size_t claims_len;
	struct buf signature;
	const char *kid;	/* NULL = it names none */
	bool known, good;	/* a key of this name is there; it signed */
};

static void
token_cleanup(struct token *t)
{
	buf_free(&t->signature);
}

static bool
on_candidate(void *arg, EVP_PKEY *key, const char *kid, struct err *err)
{
	struct token *t = arg;
	AUTO(mdctx) EVP_MD_CTX *ctx = NULL;
	EVP_PKEY_CTX *how = NULL;

	if (t->good || (t->kid != NULL && kid != NULL &&
	    strcmp(t->kid, kid) != 0))
		return true;
	t->known = true;
	ctx = EVP_MD_CTX_new();
	if (ctx == NULL)
		return err_nomem(err);
	t->good = EVP_DigestVerifyInit(ctx, &how, EVP_sha256(), NULL,
	    key) == 1 && EVP_PKEY_CTX_set_rsa_padding(how,
	    RSA_PKCS1_PADDING) == 1 && EVP_DigestVerify(ctx,
	    (const unsigned char *)t->signature.s, t->signature.len,
	    (const unsigned char *)t->text, t->signed_len) == 1;
	return true;
}

static bool
signature_check(const struct jwt_verifier *v, struct token *t,
    struct err *err)
{
	const bool ok = keys_each(v->keys, on_candidate, t, err);

	ERR_clear_error();
	if (!ok)
		return false;
	if (!t->known)
		return err_set(err, ERR_AUTH, "the token is signed by a key "
		    "that is not among ours: they were renewed, perhaps");
	return t->good || err_set(err, ERR_AUTH, "the token's signature is of "
	    "none of the keys");
}

/* ---- what it says -------------------------------------------------------- */
static bool
times_check(const struct jwt_verifier *v, json_t *claims, struct err *err)
{
	json_t *exp = json_object_get(claims, "exp");
	json_t *nbf = json_object_get(claims, "nbf");

	if (v->timeless)
		return true;
	if ((exp != NULL && !json_is_number(exp)) ||
	    (nbf != NULL && !json_is_number(nbf)))
		return err_set(err, ERR_AUTH, "the token's times are no "
		    "numbers");
	if (exp == NULL)
		return err_set(err, ERR_AUTH, "the token does not say when it "
		    "ends (exp)");
	if (json_number_value(exp) + (double)v->leeway_s <=
	    (double)v->now)
		return err_set(err, ERR_AUTH, "the token has expired");
	return nbf == NULL || json_number_value(nbf) - (double)v->leeway_s <=
	    (double)v->now || err_set(err, ERR_AUTH, "the token is not valid "
	    "yet: is the clock of this machine right?");
}

static bool
is_text(const json_t *node, const char *text)
{
	return json_is_string(node) && strcmp(json_string_value(node),
	    text) == 0;
}

/* A text, or a list of them. */
static bool
is_for(json_t *aud, const char *audience)
{
	json_t *one;
	size_t i;

	json_array_foreach (aud, i, one)
		if (is_text(one, audience))
			return true;
	return is_text(aud, audience);
}

static bool
claims_check(const struct jwt_verifier *v, json_t *claims, struct err *err)
{
	if (!times_check(v, claims, err))
		return false;
	if (v->issuer != NULL && *v->issuer != '\0' &&
	    !is_text(json_object_get(claims, "iss"), v->issuer))
		return err_set(err, ERR_AUTH, "the token was issued by "
		    "somebody else");
	return v->audience == NULL || *v->audience == '\0' ||
	    is_for(json_object_get(claims, "aud"), v->audience) ||
	    err_set(err, ERR_AUTH, "the token is for somebody else");
}

/* ---- all of it ----------------------------------------------------------- */
static bool
token_split(const char *text, struct token *t, size_t *head_len)
{
	const char *first = text == NULL ? NULL : strchr(text, '.');
	const char *second = first == NULL ? NULL : strchr(first + 1, '.');

	buf_init(&t->signature, SIGNATURE_MAX);
	if (second == NULL || strlen(text) > JWT_MAX_BYTES)
		return false;
	t->text = text;
	*head_len = (size_t)(first - text);
	t->claims = first + 1;
	t->claims_len = (size_t)(second - first) - 1;
	t->signed_len = (size_t)(second - text);
	return jwt_base64url_read(second + 1, strlen(second + 1),
	    &t->signature) && t->signature.len > 0;
}

bool
jwt_verify(const struct jwt_verifier *v, const char *token,
    struct json_doc **claims, struct err *err)
{
	AUTO(json_doc) struct json_doc *head = NULL;
	AUTO(json_doc) struct json_doc *doc = NULL;
	AUTO(token) struct token t = { .text = NULL };
	size_t head_len;

	*claims = NULL;
	if (!token_split(token, &t, &head_len) ||
	    !jwt_part_read(token, head_len, &head))
		return err_set(err, ERR_PROTOCOL, "expected a signed JSON Web "
		    "Token");
	json_t *header = json_root(head), *kid = json_object_get(header, "kid");
	if (!is_text(json_object_get(header, "alg"), "RS256") ||
	    json_object_get(header, "crit") != NULL)
		return err_set(err, ERR_AUTH, "the token is signed in another "
		    "way than RS256");
	t.kid = json_string_value(kid);
	if (!signature_check(v, &t, err))
		return false;
	if (!jwt_part_read(t.claims, t.claims_len, &doc))
		return err_set(err, ERR_PROTOCOL, "expected a JSON object as "
		    "the token's claims");
	if (!claims_check(v, json_root(doc), err))
		return false;
	*claims = steal(&doc);
	return true;
}
