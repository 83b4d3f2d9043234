/*
 * jwt_int.h - between jwt.c, which signs, and jwt_read.c and jwt_verify.c, which
 * read what somebody else signed.
 */
#ifndef NPSYNC_CONNECTORS_JWT_INT_H
#define NPSYNC_CONNECTORS_JWT_INT_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "buf.h"
#include "jwt.h"

#define JWT_MAX_BYTES ((size_t)65536)	/* of a token */
#define JWT_PEM_MAX ((size_t)65536)	/* of one key or certificate */

static inline void
bio_cleanup(BIO **p)
{
	(void)BIO_free(*p);
}

static inline void
pkey_cleanup(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
}

static inline void
x509_cleanup(X509 **p)
{
	X509_free(*p);
}

static inline void
mdctx_cleanup(EVP_MD_CTX **p)
{
	EVP_MD_CTX_free(*p);
}

/* A store of one line holds "\n" for the ends of lines; PEM itself has no
 * backslash.  NULL = an error: above max bytes, or memory. */
BIO *jwt_pem_open(const char *text, size_t max, struct err *err);
/* Base64url (RFC 7515) without padding, in the one form that its bytes have.
 * False: it is none. */
NPS_MUSTCHECK bool jwt_base64url_read(const char *text, size_t len,
    struct buf *out);
/* The JSON object in one part of a token. */
NPS_MUSTCHECK bool jwt_part_read(const char *part, size_t len,
    struct json_doc **doc);

#endif
