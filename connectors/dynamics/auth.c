/*
 * auth.c - how a token is asked for: client credentials of Entra ID, with a
 * secret or with a certificate.
 *
 * How it could harm:
 *  - a token for another host: the scope is made of the host that is asked, so
 *    that "api.crm4" beside "crm4" or a slash too many is no 401 for ever;
 *  - a secret that ends unnoticed: check tells how long it is good, and warns of
 *    its end; a token that is refused says why by the service's own words;
 *  - an assertion that is used twice: made anew for each token, good for ten
 *    minutes, with an id of its own.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "common/jwt.h"
#include "dynamics.h"

#define API_PATH "/api/data/v9.2/"
#define TOKEN_HOST "https://login.microsoftonline.com/"
#define ASSERTION_TYPE \
	"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define ASSERTION_LIFE_S 600

/* ---- addresses --------------------------------------------------------- */

/* Scheme, host and port in front; the path behind them with one '/' at its
 * end. */
static bool
addresses_make(struct dynamics *d, struct err *err)
{
	const char *url = d->set->base_url, *host = strstr(url, "://");
	struct arena *own = d->api.own;

	if (host == NULL)
		return err_set(err, ERR_CONFIG, "base_url: expected "
		    "https://NAME.crm4.dynamics.com");
	const size_t len = (size_t)(host - url) + 3 + strcspn(host + 3, "/");
	size_t end = strlen(url);
	while (end > len && url[end - 1] == '/')
		end--;
	d->origin = arena_strndup(own, url, len);
	d->path = end == len ? API_PATH : arena_printf(own, "%.*s/",
	    (int)(end - len), url + len);
	return (d->origin != NULL && d->path != NULL) || err_nomem(err);
}

static bool
token_addresses_make(struct dynamics *d, struct err *err)
{
	const struct dynamics_settings *set = d->set;
	struct arena *own = d->api.own;

	if (*set->token_url == '\0' && *set->tenant == '\0')
		return err_set(err, ERR_CONFIG, "expected tenant, the id or "
		    "domain of the directory, or token_url");
	if (strspn(set->tenant, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") != strlen(set->tenant))
		return err_set(err, ERR_CONFIG, "tenant: expected an id or a "
		    "domain");
	d->token_url = *set->token_url != '\0' ? set->token_url :
	    arena_printf(own, TOKEN_HOST "%s/oauth2/v2.0/token", set->tenant);
	d->scope = *set->token_scope != '\0' ? set->token_scope :
	    arena_printf(own, "%s/.default", d->origin);
	return (d->token_url != NULL && d->scope != NULL) || err_nomem(err);
}

/* ---- who asks ---------------------------------------------------------- */

static struct jwt_signer
signer_of(const struct dynamics_settings *set)
{
	return (struct jwt_signer){ .key = set->certificate,
		.certificate = set->certificate, .typ = "JWT",
		.thumbprint = JWT_X5T };
}

static bool
check_keys(const struct dynamics *d, struct err *err)
{
	const struct dynamics_settings *set = d->set;
	const struct jwt_signer signer = signer_of(set);

	if (set->auth == DYNAMICS_SECRET)
		return *set->secret != '\0' || err_set(err, ERR_CONFIG,
		    "expected secret, as auth is \"secret\"");
	if (*set->certificate == '\0')
		return err_set(err, ERR_CONFIG, "expected certificate, as "
		    "auth is \"certificate\"");
	return jwt_check(&signer, err) || err_wrap(err, "certificate");
}

bool
dynamics_auth_open(struct dynamics *d, struct err *err)
{
	return addresses_make(d, err) && token_addresses_make(d, err) &&
	    check_keys(d, err) && apicall_set_base(&d->api, d->origin, err);
}

static bool
assertion_make(const struct dynamics *d, struct arena *arena, char **token,
    struct err *err)
{
	const struct connector_env *env = &d->api.env;
	const struct jwt_signer signer = signer_of(d->set);
	json_t *claims = json_pack("{s:s, s:s, s:s}", "aud", d->token_url,
	    "iss", d->set->client_id, "sub", d->set->client_id);

	if (claims == NULL)
		return err_nomem(err);
	const bool ok = jwt_claims_add(claims, JWT_IAT | JWT_NBF | JWT_EXP |
	    JWT_JTI, env->now(env->clock), ASSERTION_LIFE_S, err) &&
	    jwt_sign(&signer, claims, arena, token, err);
	json_decref(claims);
	return ok;
}

/* ---- the request ------------------------------------------------------- */

static void
field_set(struct oauth_field *fields, size_t *n, const char *name,
    const char *value)
{
	fields[(*n)++] = (struct oauth_field){ name, value };
}

bool
dynamics_auth_ask(void *arg, struct arena *arena, struct oauth_ask *ask,
    struct err *err)
{
	const struct dynamics *d = arg;
	struct oauth_field *fields = arena_array(arena, 6, sizeof(*fields));
	size_t n = 0;

	if (fields == NULL)
		return err_nomem(err);
	*ask = (struct oauth_ask){ .url = d->token_url,
		.client_id = d->set->client_id, .secret = d->set->secret,
		.client = OAUTH_IN_BODY, .fields = fields, .describe = true,
		.margin_s = d->set->token_margin_s };
	field_set(fields, &n, "grant_type", "client_credentials");
	field_set(fields, &n, "scope", d->scope);
	if (d->set->auth == DYNAMICS_CERTIFICATE) {
		if (!assertion_make(d, arena, &ask->wiped, err))
			return err_wrap(err, "certificate");
		ask->client = OAUTH_IN_FIELDS;
		field_set(fields, &n, "client_id", d->set->client_id);
		field_set(fields, &n, "client_assertion_type", ASSERTION_TYPE);
		field_set(fields, &n, "client_assertion", ask->wiped);
	}
	ask->n = n;
	return true;
}

/* ---- how long it lasts ------------------------------------------------- */

bool
dynamics_auth_days_left(const struct dynamics_settings *set, time_t now,
    int *days)
{
	const int last = day_parse(set->secret_expires);
	struct err unknown;

	if (set->auth == DYNAMICS_CERTIFICATE)
		return jwt_days_left(set->certificate, now, days, &unknown);
	if (last == NO_DAY)
		return false;
	*days = day_diff(last, clock_day("UTC", now));
	return true;
}
