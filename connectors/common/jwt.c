/*
 * jwt.c - RSA signatures by libcrypto.  How this can leak or hang, and what
 * stops it:
 *  - a key's text left in memory: libcrypto wipes its copies (a BIO of memory,
 *    an EVP_PKEY); nothing else is made of it;
 *  - words of libcrypto, which may hold parts of a key, in a message: its errors
 *    are never read, and cleared, so that TLS does not meet them either;
 *  - an encrypted key, for which libcrypto would ask on the terminal: the
 *    call-back gives no password;
 *  - a certificate of another key, which the service refuses without a reason
 *    that helps: compared before anything is signed.
 */
#include "jwt.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <string.h>

#include "hole.h"
#include "jwt_int.h"

#define SIGNATURE_MAX 2048	/* bytes: a key of 16384 bits */
#define DIGEST_MAX 64

static void
asn1time_cleanup(ASN1_TIME **p)
{
	ASN1_TIME_free(*p);
}

/* ---- PEM ----------------------------------------------------------------- */
BIO *
jwt_pem_open(const char *text, size_t max, struct err *err)
{
	if (strlen(text) > max) {
		(void)err_set(err, ERR_CONFIG, "more than %zu bytes of PEM: "
		    "expected nothing but what is needed", max);
		return NULL;
	}
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = bio != NULL;

	while (ok && *text != '\0') {
		const char *end = strstr(text, "\\n");
		const size_t len = end == NULL ? strlen(text)
		                               : (size_t)(end - text);
		ok = (len == 0 || BIO_write(bio, text, (int)len) == (int)len) &&
		    (end == NULL || BIO_write(bio, "\n", 1) == 1);
		text += end == NULL ? len : len + 2;
	}
	if (ok)
		return bio;
	(void)BIO_free(bio);
	(void)err_nomem(err);
	return NULL;
}

static int
no_password(char *out, int size, int writing, void *asked)
{
	(void)out;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static bool
key_unreadable(const char *text, bool encrypted, struct err *err)
{
	static const char want[] = "expected -----BEGIN PRIVATE KEY-----";

	if (encrypted)
		return err_set(err, ERR_CONFIG, "the private key is encrypted: "
		    "store it without a password (openssl pkey -in KEY -out "
		    "PLAIN); npsync keeps it");
	if (strstr(text, "OPENSSH PRIVATE KEY") != NULL)
		return err_set(err, ERR_CONFIG, "the private key is in the form "
		    "of OpenSSH: %s", want);
	if (strstr(text, "PRIVATE KEY-----") == NULL)
		return err_set(err, ERR_CONFIG, strstr(text, "-----BEGIN ") == NULL
		    ? "no PEM text: %s" : "the PEM text holds no private key: %s",
		    want);
	if (strstr(text, "-----END ") == NULL)
		return err_set(err, ERR_CONFIG, "the private key has no END line: "
		    "only a part of its file was stored");
	return err_set(err, ERR_CONFIG, "the private key cannot be read: its PEM "
	    "text is damaged");
}

/* A few changed bytes leave a key that signs, and nobody can verify it. */
static bool
key_is_whole(EVP_PKEY *key)
{
	static const unsigned char probe[] = "probe";
	AUTO(mdctx) EVP_MD_CTX *sign = EVP_MD_CTX_new();
	AUTO(mdctx) EVP_MD_CTX *verify = EVP_MD_CTX_new();
	unsigned char signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);

	return sign != NULL && verify != NULL &&
	    EVP_DigestSignInit(sign, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(sign, signature, &len, probe, sizeof(probe)) == 1 &&
	    EVP_DigestVerifyInit(verify, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestVerify(verify, signature, len, probe, sizeof(probe)) == 1;
}

static bool
key_read(const char *text, EVP_PKEY **key, struct err *err)
{
	AUTO(bio) BIO *bio = jwt_pem_open(text, JWT_PEM_MAX, err);
	bool encrypted = false;

	if (bio == NULL)
		return false;
	*key = PEM_read_bio_PrivateKey(bio, NULL, no_password, &encrypted);
	if (*key == NULL)
		return key_unreadable(text, encrypted, err);
	if (!EVP_PKEY_is_a(*key, "RSA"))
		return err_set(err, ERR_CONFIG, "the private key is no RSA key");
	if (EVP_PKEY_get_bits(*key) < JWT_KEY_BITS_MIN)
		return err_set(err, ERR_CONFIG, "the private key has %d bits, "
		    "fewer than %d", EVP_PKEY_get_bits(*key), JWT_KEY_BITS_MIN);
	return key_is_whole(*key) || err_set(err, ERR_CONFIG, "the private key is "
	    "damaged: its parts do not belong together");
}

static bool
certificate_read(const char *text, X509 **certificate, struct err *err)
{
	AUTO(bio) BIO *bio = jwt_pem_open(text, JWT_PEM_MAX, err);
	bool encrypted = false;

	if (bio == NULL)
		return false;
	*certificate = PEM_read_bio_X509(bio, NULL, no_password, &encrypted);
	return *certificate != NULL || err_set(err, ERR_CONFIG, "the certificate "
	    "cannot be read: expected PEM, -----BEGIN CERTIFICATE-----");
}

static bool
has_certificate(const struct jwt_signer *signer)
{
	return signer->certificate != NULL && *signer->certificate != '\0';
}

/* *certificate stays NULL when there is none. */
static bool
signer_read(const struct jwt_signer *signer, EVP_PKEY **key,
    X509 **certificate, struct err *err)
{
	if (!key_read(signer->key, key, err))
		return false;
	if (!has_certificate(signer))
		return signer->thumbprint == JWT_NO_THUMBPRINT || err_set(err,
		    ERR_CONFIG, "a certificate is needed beside the private key");
	if (!certificate_read(signer->certificate, certificate, err))
		return false;
	return X509_check_private_key(*certificate, *key) == 1 || err_set(err,
	    ERR_CONFIG, "the certificate does not belong to the private key");
}

/* ---- parts --------------------------------------------------------------- */
static bool
base64url_add(struct buf *out, const unsigned char *bytes, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < len; i += 3) {
		const size_t n = len - i < 3 ? len - i : 3;
		const unsigned v = (unsigned)bytes[i] << 16 |
		    (n > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
		    (n > 2 ? (unsigned)bytes[i + 2] : 0);
		for (size_t k = 0; k <= n; k++)
			(void)buf_char(out, letters[v >> (18 - 6 * k) & 63]);
	}
	return !out->failed;
}

static bool
thumbprint_set(json_t *header, enum jwt_thumbprint which, const X509 *cert,
    struct err *err)
{
	const bool sha256 = which == JWT_X5T_S256;
	unsigned char digest[DIGEST_MAX];
	unsigned len = sizeof(digest);
	AUTO(buf) struct buf text;

	buf_init(&text, JWT_MAX_BYTES);
	if (which == JWT_NO_THUMBPRINT)
		return true;
	if (X509_digest(cert, sha256 ? EVP_sha256() : EVP_sha1(), digest,
	        &len) != 1 || !base64url_add(&text, digest, len) ||
	    json_object_set_new(header, sha256 ? "x5t#S256" : "x5t",
	        json_string(buf_text(&text))) != 0)
		return err_nomem(err);
	return true;
}

static bool
part_add(struct buf *out, struct arena *arena, json_t *part)
{
	const char *text = json_dump(arena, part);

	return text != NULL &&
	    base64url_add(out, (const unsigned char *)text, strlen(text));
}

static bool
head_add(struct buf *out, const struct jwt_signer *signer, const X509 *cert,
    struct arena *arena, struct err *err)
{
	json_t *header = json_object();
	bool ok = header != NULL && json_object_set_new(header, "alg",
	    json_string(signer->pss ? "PS256" : "RS256")) == 0 &&
	    (signer->typ == NULL || json_object_set_new(header, "typ",
	    json_string(signer->typ)) == 0);

	if (!ok)
		(void)err_nomem(err);
	ok = ok && thumbprint_set(header, signer->thumbprint, cert, err) &&
	    (part_add(out, arena, header) || err_nomem(err));
	json_decref(header);
	return ok;
}

/* ---- the signature ------------------------------------------------------- */
/* len: room in signature, and then its length. */
static bool
signature_make(EVP_PKEY *key, bool pss, const struct buf *text,
    unsigned char *signature, size_t *len)
{
	AUTO(mdctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how = NULL;

	if (ctx == NULL || EVP_DigestSignInit(ctx, &how, EVP_sha256(), NULL,
	        key) != 1)
		return false;
	if (pss && (EVP_PKEY_CTX_set_rsa_padding(how,
	        RSA_PKCS1_PSS_PADDING) != 1 ||
	        EVP_PKEY_CTX_set_rsa_pss_saltlen(how,
	        RSA_PSS_SALTLEN_DIGEST) != 1))
		return false;
	return EVP_DigestSign(ctx, signature, len,
	    (const unsigned char *)text->s, text->len) == 1;
}

static bool
signature_add(struct buf *out, EVP_PKEY *key, bool pss)
{
	unsigned char signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);

	return signature_make(key, pss, out, signature, &len) &&
	    buf_char(out, '.') && base64url_add(out, signature, len);
}

static bool
text_signature(const struct jwt_signer *signer, const struct buf *text,
    struct arena *arena, const char **out, struct err *err)
{
	AUTO(pkey) EVP_PKEY *key = NULL;
	AUTO(x509) X509 *certificate = NULL;
	unsigned char signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);

	if (!signer_read(signer, &key, &certificate, err))
		return false;
	if (!signature_make(key, signer->pss, text, signature, &len))
		return err_set(err, ERR_CONFIG,
		    "the private key signs nothing");
	*out = hole_base64(arena, signature, len);
	return *out != NULL || err_nomem(err);
}

bool
jwt_sign_text(const struct jwt_signer *signer, const char *text,
    struct arena *arena, const char **signature, struct err *err)
{
	AUTO(buf) struct buf signed_text;

	buf_init(&signed_text, JWT_MAX_BYTES);
	if (!buf_str(&signed_text, text))
		return err_nomem(err);
	const bool ok = text_signature(signer, &signed_text, arena, signature,
	    err);
	ERR_clear_error();
	return ok;
}

static bool
token_make(const struct jwt_signer *signer, json_t *claims,
    struct arena *arena, struct buf *out, struct err *err)
{
	AUTO(pkey) EVP_PKEY *key = NULL;
	AUTO(x509) X509 *certificate = NULL;

	if (!signer_read(signer, &key, &certificate, err) ||
	    !head_add(out, signer, certificate, arena, err))
		return false;
	if (!buf_char(out, '.') || !part_add(out, arena, claims))
		return err_nomem(err);
	return signature_add(out, key, signer->pss) || err_set(err, ERR_CONFIG,
	    "the private key signs nothing");
}

bool
jwt_sign(const struct jwt_signer *signer, json_t *claims, struct arena *arena,
    char **token, struct err *err)
{
	AUTO(buf) struct buf out;

	buf_init(&out, JWT_MAX_BYTES);
	bool ok = token_make(signer, claims, arena, &out, err);
	ERR_clear_error();
	*token = ok ? arena_strndup(arena, out.s, out.len) : NULL;
	if (out.s != NULL)
		explicit_bzero(out.s, out.cap);
	return ok && (*token != NULL || err_nomem(err));
}

bool
jwt_check(const struct jwt_signer *signer, struct err *err)
{
	AUTO(pkey) EVP_PKEY *key = NULL;
	AUTO(x509) X509 *certificate = NULL;
	const bool ok = signer_read(signer, &key, &certificate, err);

	ERR_clear_error();
	return ok;
}

/* ---- claims -------------------------------------------------------------- */
static json_t *
uuid_new(void)
{
	unsigned char r[16];
	char text[40];

	if (RAND_bytes(r, sizeof(r)) != 1)
		return NULL;
	r[6] = (unsigned char)((r[6] & 0x0f) | 0x40);
	r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
	(void)snprintf(text, sizeof(text), "%02x%02x%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1], r[2], r[3], r[4],
	    r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14],
	    r[15]);
	return json_string(text);
}

bool
jwt_claims_add(json_t *claims, unsigned which, time_t now, long life_s,
    struct err *err)
{
	const struct { unsigned bit; const char *name; time_t at; } times[] = {
		{ JWT_IAT, "iat", now }, { JWT_NBF, "nbf", now },
		{ JWT_EXP, "exp", now + life_s } };
	bool ok = claims != NULL;

	for (size_t i = 0; ok && i < ARRAY_LEN(times); i++)
		if (which & times[i].bit)
			ok = json_object_set_new(claims, times[i].name,
			    json_integer((json_int_t)times[i].at)) == 0;
	if (ok && which & JWT_JTI)
		ok = json_object_set_new(claims, "jti", uuid_new()) == 0;
	return ok || err_nomem(err);
}

/* ---- how long it lasts --------------------------------------------------- */
static bool
span_of(const X509 *certificate, time_t now, int *days, struct err *err)
{
	AUTO(asn1time) ASN1_TIME *at = ASN1_TIME_set(NULL, now);
	int seconds = 0, begun = 0;

	if (at == NULL)
		return err_nomem(err);
	if (ASN1_TIME_diff(&begun, &seconds, X509_get0_notBefore(certificate),
	        at) != 1)
		return err_set(err, ERR_CONFIG, "the certificate does not say "
		    "when it begins");
	if (begun < 0 || seconds < 0)
		return err_set(err, ERR_CONFIG, "the certificate is not valid "
		    "yet");
	if (ASN1_TIME_diff(days, &seconds, at,
	        X509_get0_notAfter(certificate)) != 1)
		return err_set(err, ERR_CONFIG, "the certificate does not say "
		    "when it ends");
	if (seconds < 0)
		*days -= 1;
	return true;
}

bool
jwt_days_left(const char *certificate, time_t now, int *days, struct err *err)
{
	AUTO(x509) X509 *read = NULL;
	const bool ok = certificate_read(certificate, &read, err) &&
	    span_of(read, now, days, err);

	ERR_clear_error();
	return ok;
}
