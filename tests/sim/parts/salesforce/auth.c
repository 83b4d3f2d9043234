/*
 * auth.c - the token endpoint: client credentials in the body or as Basic, and
 * the JWT bearer, whose signature is checked by libcrypto with a public key that
 * the test gave.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "sim.h"

#define JWT_GRANT "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define JWT_LONGEST_S 600

/* Here an error is an object, not the array of the data interface. */
static void
refuse(struct reply *out, const char *error, const char *text)
{
	reply_json(out, 400,
	    json_pack("{s:s, s:s}", "error", error, "error_description", text));
}

/* ---- base64, of both alphabets; padding may be missing -------------------------- */
static int
sextet(char c)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789";
	const char *at = c == '\0' ? NULL : strchr(set, c);

	if (at != NULL)
		return (int)(at - set);
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static unsigned char *
base64_read(const char *s, size_t len, size_t *n)
{
	unsigned char *out = need(malloc(len + 1));
	unsigned bits = 0;
	int held = 0;

	*n = 0;
	for (size_t i = 0; i < len && s[i] != '='; i++) {
		const int v = sextet(s[i]);
		if (v < 0) {
			free(out);
			return NULL;
		}
		bits = bits << 6 | (unsigned)v;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[(*n)++] = (unsigned char)(bits >> held & 255);
		}
	}
	out[*n] = '\0';
	return out;
}

/* ---- JWT ------------------------------------------------------------------------- */
static bool
signature_good(struct sim *s, const char *text, size_t len, const char *sig)
{
	size_t n = 0;
	FILE *f = s->opt.jwt_key == NULL ? NULL : fopen(s->opt.jwt_key, "re");
	EVP_PKEY *key = f == NULL ? NULL : PEM_read_PUBKEY(f, NULL, NULL, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *raw = base64_read(sig, strlen(sig), &n);

	if (f != NULL)
		fclose(f);
	const bool good = key != NULL && raw != NULL && ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, raw, n, (const unsigned char *)text, len) == 1;
	free(raw);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good || mutant_is(s, MUT_JWT_UNSIGNED);
}

/* The JSON of one part; padding is an error there. */
static json_t *
part_json(const char *from, const char *until)
{
	size_t n;
	unsigned char *raw = NULL;

	if (memchr(from, '=', (size_t)(until - from)) == NULL)
		raw = base64_read(from, (size_t)(until - from), &n);
	json_t *out = raw == NULL
			  ? NULL
			  : json_loadb((char *)raw, n, JSON_REJECT_DUPLICATES,
				NULL);
	free(raw);
	return out;
}

static bool
audience_good(struct sim *s, const char *aud)
{
	if (mutant_is(s, MUT_AUDIENCE_ANY))
		return true;
	if (aud == NULL)
		return false;
	char here[64];
	snprintf(here, sizeof(here), "http://127.0.0.1:%d", s->port);
	if (s->opt.audience != NULL)
		return listed(s->opt.audience, ',', aud);
	return strcmp(aud, here) == 0 || strcmp(aud, s->url) == 0 ||
	       strcmp(aud, "https://login.salesforce.com") == 0 ||
	       strcmp(aud, "https://test.salesforce.com") == 0;
}

static const char *
claims_wrong(struct sim *s, const json_t *claims)
{
	const char *iss = str_of(claims, "iss"), *sub = str_of(claims, "sub");
	const int64_t exp = int_of(claims, "exp", 0);

	if (iss == NULL || strcmp(iss, s->opt.client_id) != 0)
		return "client identifier invalid";
	if (!audience_good(s, str_of(claims, "aud")))
		return "audience is invalid";
	if ((exp <= s->now || exp > s->now + JWT_LONGEST_S) &&
	    !mutant_is(s, MUT_EXPIRY_ANY))
		return "expired authorization code";
	if (sub == NULL || strcmp(sub, s->opt.user) != 0)
		return "user hasn't approved this consumer";
	return NULL;
}

bool
jwt_good(struct sim *s, const char *assertion, const char **why)
{
	const char *dot = strchr(assertion, '.');
	const char *last = dot == NULL ? NULL : strchr(dot + 1, '.');

	*why = "invalid assertion";
	if (last == NULL || strchr(last + 1, '.') != NULL)
		return false;
	json_t *head = part_json(assertion, dot);
	json_t *claims = part_json(dot + 1, last);
	const char *alg = str_of(head, "alg");
	if (alg != NULL && strcmp(alg, "RS256") == 0 && claims != NULL &&
	    signature_good(
		s, assertion, (size_t)(last - assertion), last + 1))
		*why = claims_wrong(s, claims);
	json_decref(head);
	json_decref(claims);
	return *why == NULL;
}

/* ---- the token ---------------------------------------------------------------------- */
static bool
basic_read(const struct request *r, char **id, char **secret)
{
	const char *head = header_of(&r->in, "Authorization");
	size_t n;

	if (head == NULL || strncmp(head, "Basic ", 6) != 0)
		return false;
	char *pair = (char *)base64_read(head + 6, strlen(head + 6), &n);
	char *colon = pair == NULL ? NULL : strchr(pair, ':');
	if (colon != NULL) {
		*colon = '\0';
		free(*id);
		free(*secret);
		*id = dup_text(pair);
		*secret = dup_text(colon + 1);
	}
	free(pair);
	return colon != NULL;
}

static void
token_give(struct sim *s, struct reply *out)
{
	char *token = s->tokens[s->n_tokens % TOKENS], issued[32];

	snprintf(token, sizeof(s->tokens[0]), "00DRM0000000001EAA!AQ%06lld.%016llx",
	    (long long)s->n_tokens,
	    (unsigned long long)sim_hash(
		(uint64_t)s->n_tokens, s->opt.secret));
	s->n_tokens++;
	s->token_calls = 0;
	snprintf(issued, sizeof(issued), "%lld000", (long long)s->now);
	reply_json(out, 200,
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "access_token",
		token, "signature", "c2lnbmF0dXJl", "token_format", "opaque",
		"instance_url", s->url, "id",
		"https://login.salesforce.com/id/00DRM0000000001EAA/"
		"005RM0000000001AAA",
		"token_type", "Bearer", "issued_at", issued));
}

static void
by_secret(struct sim *s, const struct request *r, struct reply *out)
{
	char *id = url_param(r->in.body, "client_id");
	char *secret = url_param(r->in.body, "client_secret");

	(void)basic_read(r, &id, &secret);
	if (id == NULL || strcmp(id, s->opt.client_id) != 0)
		refuse(out, "invalid_client_id", "client identifier invalid");
	else if ((secret == NULL || strcmp(secret, s->opt.secret) != 0) &&
		 !mutant_is(s, MUT_SECRET_ANY))
		refuse(out, "invalid_client", "invalid client credentials");
	else
		token_give(s, out);
	free(id);
	free(secret);
}

static void
by_jwt(struct sim *s, const struct request *r, struct reply *out)
{
	char *assertion = url_param(r->in.body, "assertion");
	const char *why = "invalid assertion";

	if (assertion != NULL && jwt_good(s, assertion, &why))
		token_give(s, out);
	else
		refuse(out, "invalid_grant", why);
	free(assertion);
}

/* POST /services/oauth2/token */
void
on_token(struct sim *s, struct request *r, struct reply *out)
{
	const char *type = header_of(&r->in, "Content-Type");
	char *grant = r->in.body == NULL ? NULL
					: url_param(r->in.body, "grant_type");

	if (type == NULL ||
	    strncmp(type, "application/x-www-form-urlencoded", 33) != 0 ||
	    grant == NULL)
		refuse(out, "unsupported_grant_type",
		    "grant type not supported");
	else if (strcmp(grant, "client_credentials") == 0)
		by_secret(s, r, out);
	else if (strcmp(grant, JWT_GRANT) == 0)
		by_jwt(s, r, out);
	else
		refuse(out, "unsupported_grant_type",
		    "grant type not supported");
	free(grant);
}

/* ---- who may ask ----------------------------------------------------------------------- */
void
tokens_end(struct sim *s)
{
	s->tokens_ended = s->n_tokens;
}

bool
authorised(struct sim *s, const struct request *r)
{
	const char *head = header_of(&r->in, "Authorization");
	const int64_t oldest = s->n_tokens > TOKENS ? s->n_tokens - TOKENS : 0;
	int64_t from = s->tokens_ended;

	if (mutant_is(s, MUT_TOKEN_FOREVER))
		return true;
	if (s->opt.token_calls > 0 && s->token_calls >= s->opt.token_calls)
		tokens_end(s), from = s->tokens_ended;
	if (head == NULL || strncmp(head, "Bearer ", 7) != 0)
		return false;
	for (int64_t i = from > oldest ? from : oldest; i < s->n_tokens; i++)
		if (strcmp(s->tokens[i % TOKENS], head + 7) == 0) {
			s->token_calls++;
			return true;
		}
	return false;
}
