/*
 * call_int.h - between call.c (requests and answers) and auth.c (who we are).
 */
#ifndef REST_CALL_INT_H
#define REST_CALL_INT_H

#include "call.h"

#define REST_WORDS 128		/* of a server, as a message shows them */

/* ---- auth.c --------------------------------------------------------------- */
/* What the option tables cannot say; no I/O. */
NPS_MUSTCHECK bool rest_auth_open(struct rest *r, struct err *err);
void rest_auth_close(struct rest *r);
/* Logs in or asks for a token where there is none that is good. */
NPS_MUSTCHECK bool rest_auth_ready(struct rest *r, struct err *err);
/* The header that signs a request, value in arena; *name = NULL: none. */
NPS_MUSTCHECK bool rest_auth_header(const struct rest *r, struct arena *arena,
    const char **name, const char **value, struct err *err);
/* {session.NAME}; NULL = no such value. */
const char *rest_auth_value(const struct rest *r, const char *name);
bool rest_auth_has_value(const struct rest *r, const char *name);
void rest_auth_proven(struct rest *r);
/* Is there anything that could be renewed? */
bool rest_auth_renews(const struct rest *r);
/* After REST_SESSION: true = forgotten, the request may be sent once more. */
NPS_MUSTCHECK bool rest_auth_lost(struct rest *r, struct err *err);

/* ---- request.c ------------------------------------------------------------- */
struct rest_names {
	struct rest *r;
	hole_fn *fn;		/* of the caller; may be NULL */
	void *arg;
	bool login;		/* {user} and {secret} are known */
};
/* Built-in names first, then the caller's. */
bool rest_name_value(void *names, const char *name, struct hole_value *out);
/* url = NULL: the request's own.  Without the header that signs it. */
NPS_MUSTCHECK bool rest_make(struct rest_names *names,
    const struct rest_request *from, const char *url, struct arena *arena,
    struct http_req *req, struct err *err);
NPS_MUSTCHECK bool rest_address(struct rest_names *names, const char *template,
    struct arena *arena, const char **url, struct err *err);
/* A copy of its headers, with the session's, which replaces one of its name. */
NPS_MUSTCHECK bool rest_sign(const struct rest *r, struct arena *arena,
    struct http_req *req, struct err *err);
const struct rest_variable *rest_variable_find(const struct rest *r,
    const char *name);
/* "POST /contacts/{id}": no value stands in a message. */
const char *rest_label(const struct rest_request *req, char *out, size_t size);

/* NULL of no document. */
static inline json_t *
rest_root(const struct json_doc *doc)
{
	return doc == NULL ? NULL : json_root(doc);
}

/* ---- call.c ------------------------------------------------------------------ */
/* One request, without a word about sessions.  False: no complete answer. */
NPS_MUSTCHECK bool rest_send(struct rest *r, const struct http_req *req,
    const char *label, struct http_res *res, struct json_doc **doc,
    struct err *err);

/* ---- check.c ----------------------------------------------------------------- */
NPS_MUSTCHECK bool rest_check_base(const struct rest *r, struct err *err);
NPS_MUSTCHECK bool rest_check_template(const struct rest *r, const char *text,
    enum hole_context context, const char *const *known, struct err *err);

#endif
