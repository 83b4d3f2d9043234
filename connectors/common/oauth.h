/*
 * oauth.h - tokens of OAuth 2.0 (RFC 6749): asked for once, kept for the run,
 * renewed before they end and once after a 401.
 *
 * Grants: client credentials, and whatever else struct oauth_ask can say: a JWT
 * bearer (RFC 7523) is one more field and OAUTH_IN_FIELDS.
 */
#ifndef NPSYNC_CONNECTORS_OAUTH_H
#define NPSYNC_CONNECTORS_OAUTH_H

#include "buf.h"
#include "connector.h"
#include "json.h"

#define OAUTH_ANSWER_MAX ((size_t)65536)
#define OAUTH_TOKEN_MAX ((size_t)16384)
#define OAUTH_RENEWALS_MAX 20	/* after a 401, in a run */

struct oauth_field {
	const char *name, *value;
};
enum oauth_client { OAUTH_IN_HEADER, OAUTH_IN_BODY,
	OAUTH_IN_FIELDS };	/* the caller's fields say who asks */
struct oauth_settings {
	const char *token_path;		/* appended to base_url, or "" */
	int client;			/* enum oauth_client: where id and secret go */
	const char *scope;		/* "" = none */
	struct grouplist extra;		/* struct oauth_field */
};
extern const struct opt oauth_opts[];	/* for struct oauth_settings */

/* What is sent to the token endpoint. */
struct oauth_ask {
	const char *url, *client_id, *secret;
	enum oauth_client client;
	const struct oauth_field *fields;	/* grant_type first */
	size_t n;
	long margin_s;		/* renewed so long before it ends; 0 = 60 */
	char *wiped;		/* a field's value that is overwritten after it was
				 * sent; or NULL */
	/* A refusal may be told in the server's words, masked: for services whose
	 * error_description is known to tell what to do. */
	bool describe;
	/* What else the answer holds; false: the token is not taken, and not asked
	 * for again.  May be NULL. */
	bool (*took)(void *arg, json_t *root, struct err *err);
	void *took_arg;
};
/* A token, or any session that a login gave. */
struct oauth_token {
	struct buf text;	/* "" = none yet */
	time_t until;		/* renewed from then on; NO_TIME = not said */
	bool proven;		/* an answer with it was good: the user sets it */
	bool refused;		/* no further try in this run */
	int renewals;		/* after a 401 */
	int failures;		/* of asking, in a row, that were the server's */
	long pid;		/* whose it is: not shared after a fork */
};

void oauth_init(struct oauth_token *t);
void oauth_free(struct oauth_token *t);	/* wipes it */
/* Is there a token of this process that is good now? */
bool oauth_is_good(const struct oauth_token *t, time_t now);
/* Blocking: one request, never repeated by itself.  ERR_AUTH: refused, and from
 * now on without asking again. */
NPS_MUSTCHECK bool oauth_get(struct oauth_token *t, const struct oauth_ask *ask,
    const struct connector_env *env, struct err *err);
/* After a 401: true when a new one may be asked for, the old one is gone then.
 * ERR_AUTH: the one that was refused had never been good, or it was too often. */
NPS_MUSTCHECK bool oauth_renewable(struct oauth_token *t, struct err *err);

/* ---- for logins that are none of OAuth's --------------------------------- */
void oauth_drop(struct oauth_token *t);	/* wiped; a new one may be asked for */
NPS_MUSTCHECK bool oauth_keep(struct oauth_token *t, const char *text,
    struct err *err);
/* Never again in this run; returns false. */
bool oauth_refuse(struct oauth_token *t);
/* The server failed: after the third time as above; returns false. */
bool oauth_failed(struct oauth_token *t);
NPS_MUSTCHECK bool oauth_may_ask(const struct oauth_token *t, struct err *err);

#endif
