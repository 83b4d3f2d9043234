/*
 * jwt.h - a signed JSON Web Token (RFC 7515, 7519): by which a program proves
 * to a token endpoint (RFC 7523) that it holds a private key.
 *
 * The caller owns the claims, a json object; numbers of time are seconds.  The
 * key is read for each signature and wiped after it.
 */
#ifndef NPSYNC_CONNECTORS_JWT_H
#define NPSYNC_CONNECTORS_JWT_H

#include "clock.h"
#include "json.h"

#define JWT_KEY_BITS_MIN 2048

/* Of the certificate's DER form, in the header. */
enum jwt_thumbprint { JWT_NO_THUMBPRINT, JWT_X5T, JWT_X5T_S256 };
struct jwt_signer {
	/* PEM, lines parted by newlines or by the two characters "\n"; beside the
	 * private key other parts may stand there. */
	const char *key;
	const char *certificate;	/* PEM, the key's own; NULL, "" = none */
	const char *typ;		/* in the header; NULL = not there */
	enum jwt_thumbprint thumbprint;	/* needs the certificate */
	bool pss;			/* PS256; else RS256 */
};
enum jwt_claim { JWT_IAT = 1u << 0, JWT_NBF = 1u << 1, JWT_EXP = 1u << 2,
	JWT_JTI = 1u << 3 };

/* Adds what is asked for: now, now, now + life_s, a random UUID. */
NPS_MUSTCHECK bool jwt_claims_add(json_t *claims, unsigned which, time_t now,
    long life_s, struct err *err);
/* "header.claims.signature" in arena.  Whoever holds it may use it until it
 * ends: the caller wipes it.  ERR_CONFIG names what is wrong with key or
 * certificate, and nothing of them. */
NPS_MUSTCHECK bool jwt_sign(const struct jwt_signer *signer, json_t *claims,
    struct arena *arena, char **token, struct err *err);
/* Are key and certificate such that jwt_sign can take them? */
NPS_MUSTCHECK bool jwt_check(const struct jwt_signer *signer, struct err *err);
/* The signature alone, RS256 of text, in base64 (RFC 4648): for services with
 * a form of their own. */
NPS_MUSTCHECK bool jwt_sign_text(const struct jwt_signer *signer,
    const char *text, struct arena *arena, const char **signature,
    struct err *err);
/* The claims of a token that came over verified TLS; its signature is not
 * looked at (jwt_verify does).  False: it is none. */
NPS_MUSTCHECK bool jwt_claims_read(const char *token, struct json_doc **claims);
/* Who may have signed a token, and for whom. */
struct jwt_verifier {
	/* PEM, certificates and public keys, or a JSON Web Key Set (RFC 7517);
	 * RSA, 32 at most, 1 MiB.  That a certificate has ended is not looked
	 * at: its key counts. */
	const char *keys;
	const char *issuer, *audience;	/* NULL, "" = whoever */
	time_t now;
	long leeway_s;		/* clocks may be so far apart */
	/* "exp" and "nbf" are not looked at; else "exp" must be there. */
	bool timeless;
};
/* The claims of a token that one of the keys signed, by RS256 and nothing else.
 * ERR_AUTH: it is not to be trusted; ERR_CONFIG: the keys cannot be read;
 * ERR_PROTOCOL: it is no token.  Nothing of the token stands in a message. */
NPS_MUSTCHECK bool jwt_verify(const struct jwt_verifier *v, const char *token,
    struct json_doc **claims, struct err *err);
/* Are keys such that jwt_verify can take them? */
NPS_MUSTCHECK bool jwt_keys_check(const char *keys, struct err *err);
/* Full days until the certificate ends; negative = it has ended.  ERR_CONFIG:
 * no certificate, or it begins later than now. */
NPS_MUSTCHECK bool jwt_days_left(const char *certificate, time_t now, int *days,
    struct err *err);

#endif
