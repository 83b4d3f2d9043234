/*
 * superoffice.h - what the parts of the superoffice connector share.
 *
 * crm.c        the border: open, close, what these settings offer
 * options.c    the option table (settings.h)
 * state.c      where the tenant is
 * session.c    how we log in
 * call.c       a request of the Web API sent and judged
 * archive.c    a query of an archive, page after page
 * page.c       as many rows of it as an answer holds
 * reading.h    the files of the reading side
 */
#ifndef SUPEROFFICE_SUPEROFFICE_H
#define SUPEROFFICE_SUPEROFFICE_H

#include "common/apicall.h"
#include "settings.h"

#define SO_CLAIM "http://schemes.superoffice.net/identity/"

struct so_reader;
struct so_writer;
struct superoffice {
	const struct so_settings *set;
	struct apicall api;
	const char *zone;	/* the tenant's: of days */
	struct arena *page;	/* emptied before each answer that is read */
	struct arena *item;	/* emptied before each row */
	const char *login;	/* "https://online.superoffice.com" */
	const char *(*headers)[2];
	time_t base_until;	/* asked for again from then on; NO_TIME = never */
	bool base_lost;		/* 421: it moved */
	bool given;		/* a password or ticket of the settings, once */
	long ahead_s;		/* the service's clock before ours */
	size_t unread;		/* rows of an archive without a key, or too large */
	struct so_reader *reader;
	struct so_writer *writer;	/* writing side; may stay NULL */
};

/* ---- state.c ----------------------------------------------------------- */
/* "https://HOST/CONTEXT/api/v1" of an address with or without "/CONTEXT",
 * "/api", "/v1" and a slash; context NULL or "" = none stands in it.  NULL =
 * memory. */
const char *so_api_base(struct arena *arena, const char *url,
    const char *context);
/* Has url the host of login, or one beside it ("online2.superoffice.com")? */
bool so_is_sister(const char *login, const char *url);
/* No I/O: what the settings say of it. */
NPS_MUSTCHECK bool so_state_open(struct superoffice *s, struct err *err);
/* For struct api_rules: asks where the tenant is, if that is not known or it
 * moved.  A tenant that does not run ends the run. */
NPS_MUSTCHECK bool so_locate(void *arg, struct err *err);
/* The service's time: ours, corrected by the login host's Date. */
time_t so_now(const struct superoffice *s);

/* ---- session.c --------------------------------------------------------- */
/* Credentials are there, keys can be read; no I/O. */
NPS_MUSTCHECK bool so_session_open(struct superoffice *s, struct err *err);
/* "TOKEN.202611250200.SIGNATURE" in arena: the caller wipes it. */
NPS_MUSTCHECK bool so_signed_token(const struct so_settings *set, time_t now,
    struct arena *arena, char **out, struct err *err);
/* The ticket in the token of an exchange, by its claims and, where the keys are
 * given, its signature.  False: it is not to be trusted, err says what was
 * expected. */
NPS_MUSTCHECK bool so_ticket_of(const struct so_settings *set,
    const char *login, time_t now, const char *token, struct arena *arena,
    const char **ticket, struct err *err);

/* ---- call.c ------------------------------------------------------------ */
/* For struct api_rules; arg = struct superoffice. */
void so_judge(void *arg, const struct http_res *res, json_t *root,
    struct api_verdict *v);
/* from->target: below ".../api/v1", "/Person/5".  A 421 that the core gets for
 * a tag was not taken: PUT_AGAIN, the next request asks where the tenant is. */
NPS_MUSTCHECK bool so_do(struct superoffice *s, struct arena *arena,
    const struct api_req *from, struct api_res *res, struct err *err);
NPS_MUSTCHECK bool so_get(struct superoffice *s, struct arena *arena,
    const char *target, const char *label, struct api_res *res,
    struct err *err);
/* An error of the service itself, not of what stands in front of it. */
bool so_is_own_error(json_t *root);
/* Does the answer speak of the one record that was asked for?  Then the others
 * need not wait for it. */
bool so_is_of_one(const struct superoffice *s, const struct api_res *res,
    const struct err *why);

/* ---- small things ------------------------------------------------------ */
/* A positive number in digits, below 2^31: ids go into paths and filters. */
bool so_is_id(const char *text);
void so_complain(const struct superoffice *s, const char *source,
    const char *key, const char *reason);
/* "NAME" of "interest:NAME", "KEY" of "field:KEY"; NULL = the other. */
const char *so_nosend_interest(const struct so_settings *set);
const char *so_nosend_field(const struct so_settings *set);

#endif
