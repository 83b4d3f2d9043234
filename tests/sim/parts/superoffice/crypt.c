/*
 * crypt.c - the RSA of both sides by libcrypto: the client's signature, and
 * the service's own on the JWT.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "sim.h"

static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			  "abcdefghijklmnopqrstuvwxyz0123456789+/";

/* NULL = no base64 of the plain alphabet. */
char *
base64_read(const char *s, size_t len, size_t *n)
{
	char *out = need(malloc(len + 1));
	unsigned bits = 0;
	int held = 0;

	*n = 0;
	while (len > 0 && s[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++) {
		const char *at = s[i] == '\0' ? NULL : strchr(set, s[i]);
		if (at == NULL) {
			free(out);
			return NULL;
		}
		bits = bits << 6 | (unsigned)(at - set);
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[(*n)++] = (char)(bits >> held & 255);
		}
	}
	out[*n] = '\0';
	return out;
}

static char *
base64_url(const unsigned char *in, size_t len)
{
	char *out = need(calloc(1, len * 4 / 3 + 5));
	size_t n = 0;

	for (size_t i = 0; i < len; i += 3) {
		const size_t left = len - i;
		const unsigned v = (unsigned)in[i] << 16 |
		    (left > 1 ? (unsigned)in[i + 1] << 8 : 0) |
		    (left > 2 ? in[i + 2] : 0);
		for (size_t k = 0; k < (left > 2 ? 4 : left + 1); k++) {
			const char c = set[v >> (18 - 6 * k) & 63];
			out[n++] = (char)(c == '+' ? '-' : c == '/' ? '_' : c);
		}
	}
	return out;
}

bool
signature_good(const char *key_file, const char *text, size_t len,
    const char *sig)
{
	size_t n = 0;
	FILE *f = key_file == NULL ? NULL : fopen(key_file, "re");
	EVP_PKEY *key = f == NULL ? NULL : PEM_read_PUBKEY(f, NULL, NULL, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char *raw = base64_read(sig, strlen(sig), &n);

	if (f != NULL)
		fclose(f);
	const bool good = key != NULL && raw != NULL && ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, (unsigned char *)raw, n,
		(const unsigned char *)text, len) == 1;
	free(raw);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

/* ---- the service's own key ----------------------------------------------- */
static EVP_PKEY *
own_key(void)
{
	static EVP_PKEY *key;

	if (key == NULL)
		key = need(EVP_RSA_gen(2048));
	return key;
}

static char *
part(json_t *json)
{
	char *text = need(json_dumps(json, JSON_COMPACT));
	char *out = base64_url((unsigned char *)text, strlen(text));

	free(text);
	json_decref(json);
	return out;
}

/* Takes the claims. */
char *
jwt_make(json_t *claims)
{
	char *head = part(json_pack("{s:s, s:s, s:s}", "alg", "RS256", "typ",
	    "JWT", "kid", "sim"));
	char *body = part(claims);
	const size_t len = strlen(head) + strlen(body) + 1;
	char *out = need(calloc(1, len + 512));
	unsigned char sig[512];
	size_t n = sizeof(sig);
	EVP_MD_CTX *ctx = need(EVP_MD_CTX_new());

	snprintf(out, len + 512, "%s.%s", head, body);
	if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, own_key()) != 1 ||
	    EVP_DigestSign(ctx, sig, &n, (unsigned char *)out, len) != 1)
		die("signing");
	char *tail = base64_url(sig, n);
	snprintf(out + len, 512, ".%s", tail);
	free(tail);
	free(head);
	free(body);
	EVP_MD_CTX_free(ctx);
	return out;
}

static char *
key_number(const char *name)
{
	BIGNUM *n = NULL;
	unsigned char raw[512];

	if (EVP_PKEY_get_bn_param(own_key(), name, &n) != 1)
		die("key");
	const int len = BN_bn2bin(n, raw);
	BN_free(n);
	return base64_url(raw, (size_t)len);
}

json_t *
jwks_make(void)
{
	char *n = key_number(OSSL_PKEY_PARAM_RSA_N);
	char *e = key_number(OSSL_PKEY_PARAM_RSA_E);
	json_t *out = json_pack("{s:[{s:s, s:s, s:s, s:s, s:s, s:s}]}", "keys",
	    "kty", "RSA", "use", "sig", "kid", "sim", "alg", "RS256", "n", n,
	    "e", e);

	free(n);
	free(e);
	return out;
}
