/*
 * jwt.c - a client assertion, judged by libcrypto and by the clock here.
 */
#include "sim.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#define LIFE_MAX_S 86400

/* Base64url without padding; NULL = it is none. */
static unsigned char *
part_decode(struct pool *p, const char *s, size_t len, size_t *n)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char *out = pool_get(p, len + 1);
	uint32_t bits = 0;
	int have = 0;
	*n = 0;
	for (size_t i = 0; i < len; i++) {
		const char *at = s[i] == '\0' ? NULL : strchr(set, s[i]);
		if (at == NULL)
			return NULL;
		bits = bits << 6 | (uint32_t)(at - set);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[(*n)++] = (unsigned char)(bits >> have & 0xff);
		}
	}
	return out;
}

static json_t *
part_json(struct pool *p, const char *s, size_t len)
{
	size_t n;
	const unsigned char *text = part_decode(p, s, len, &n);
	return text == NULL ? NULL : json_loadb((const char *)text, n,
	    JSON_REJECT_DUPLICATES, NULL);
}

static EVP_PKEY *
key_load(struct sim *s, unsigned char *print, unsigned *print_len)
{
	EVP_PKEY *key = NULL;
	const char *path = s->opt.certificate != NULL ? s->opt.certificate
						      : s->opt.public_key;
	FILE *f = path == NULL ? NULL : fopen(path, "re");
	*print_len = 0;
	if (f == NULL)
		return NULL;
	if (s->opt.certificate != NULL) {
		X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
		key = x == NULL ? NULL : X509_get_pubkey(x);
		if (x != NULL)
			X509_digest(x, EVP_sha1(), print, print_len);
		X509_free(x);
	} else {
		key = PEM_read_PUBKEY(f, NULL, NULL, NULL);
	}
	fclose(f);
	return key;
}

static bool
signature_good(EVP_PKEY *key, bool pss, const char *text, size_t len,
    const unsigned char *sig, size_t sig_len)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;
	bool ok = md != NULL &&
	    EVP_DigestVerifyInit(md, &ctx, EVP_sha256(), NULL, key) == 1;
	if (ok && pss)
		ok = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) ==
		    1;
	ok = ok && EVP_DigestVerify(md, sig, sig_len,
	    (const unsigned char *)text, len) == 1;
	EVP_MD_CTX_free(md);
	return ok;
}

/* x5t, the SHA-1 of the certificate; without one here, what --x5t says. */
static bool
print_good(struct sim *s, struct pool *p, const json_t *head,
    const unsigned char *print, unsigned print_len)
{
	size_t n;
	const char *have = str_of(head, "x5t");
	if (have == NULL)
		return false;
	if (s->opt.certificate == NULL)
		return s->opt.x5t == NULL || strcmp(have, s->opt.x5t) == 0;
	const unsigned char *raw = part_decode(p, have, strlen(have), &n);
	return raw != NULL && n == print_len && memcmp(raw, print, n) == 0;
}

static const char *
claims_check(struct sim *s, struct request *r, const json_t *claims,
    const char *client, unsigned *code)
{
	const char *iss = str_of(claims, "iss"), *sub = str_of(claims, "sub");
	const char *aud = str_of(claims, "aud");
	const char *want = pool_fmt(&r->pool, "%s/%s/oauth2/v2.0/token",
	    base_of(s, r), s->opt.tenant);
	const int64_t exp = int_of(claims, "exp", 0);
	*code = 700021;
	if (iss == NULL || sub == NULL || strcmp(iss, client) != 0 ||
	    strcmp(sub, client) != 0)
		return "Client assertion application identifier doesn't match "
		       "'client_id' parameter.";
	*code = 700023;
	if (aud == NULL || strcmp(aud, want) != 0)
		return "Client assertion audience claim does not match Realm "
		       "issuer.";
	*code = 700024;
	if (exp <= s->now || exp > s->now + LIFE_MAX_S ||
	    int_of(claims, "nbf", s->now) > s->now + 300)
		return "Client assertion is not within its valid time range.";
	*code = 50027;
	if (str_of(claims, "jti") == NULL)
		return "JWT token is invalid or malformed: no jti.";
	return NULL;
}

static const char *
parts_check(struct sim *s, struct request *r, const json_t *head,
    const json_t *claims, const char *jwt, const char *dot, const char *client,
    unsigned *code)
{
	unsigned char print[EVP_MAX_MD_SIZE];
	unsigned print_len;
	size_t sig_len;
	const char *alg = str_of(head, "alg"), *typ = str_of(head, "typ");
	const unsigned char *sig =
	    part_decode(&r->pool, dot + 1, strlen(dot + 1), &sig_len);
	*code = 50027;
	if (claims == NULL || sig == NULL || alg == NULL ||
	    (typ != NULL && strcmp(typ, "JWT") != 0) ||
	    (strcmp(alg, "RS256") != 0 && strcmp(alg, "PS256") != 0))
		return "JWT token is invalid or malformed.";
	*code = 700027;
	EVP_PKEY *key = key_load(s, print, &print_len);
	if (key == NULL)
		return "No certificate is registered on application.";
	const bool known =
	    print_good(s, &r->pool, head, print, print_len);
	const bool good = known && signature_good(key, *alg == 'P', jwt,
	    (size_t)(dot - jwt), sig, sig_len);
	EVP_PKEY_free(key);
	if (!known)
		return "The certificate with identifier used to sign the client "
		       "assertion is not registered on application.";
	if (!good)
		return "The certificate used to sign the client assertion: "
		       "signature validation failed.";
	return claims_check(s, r, claims, client, code);
}

const char *
jwt_check(struct sim *s, struct request *r, const char *jwt,
    const char *client, unsigned *code)
{
	const char *a = strchr(jwt, '.');
	const char *b = a == NULL ? NULL : strchr(a + 1, '.');
	*code = 50027;
	if (b == NULL || strchr(b + 1, '.') != NULL)
		return "JWT token is invalid or malformed.";
	json_t *head = part_json(&r->pool, jwt, (size_t)(a - jwt));
	json_t *claims = part_json(&r->pool, a + 1, (size_t)(b - a - 1));
	const char *why = parts_check(s, r, head, claims, jwt, b, client, code);
	json_decref(head);
	json_decref(claims);
	return why;
}
