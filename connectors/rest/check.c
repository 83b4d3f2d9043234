/*
 * check.c - what of a profile can be known to be wrong before a night begins:
 * a name that no request will ever have a value for, a variable that this
 * installation does not have.
 */
#include <stdio.h>
#include <string.h>

#include "call_int.h"

/* ---- where a key stands ----------------------------------------------------- */
static bool
is_within(const char *key, const char *group)
{
	const size_t n = strlen(group);

	return strncmp(key, group, n) == 0 &&
	    (key[n] == '\0' || key[n] == '.' || key[n] == '[');
}

const char *
rest_at(const struct rest *r, const char *key)
{
	const struct opt_place *best = NULL;

	for (const struct opt_place *p = r->places;
	    p != NULL && p->key != NULL; p++)
		if (is_within(key, p->key) && (best == NULL ||
		    strlen(p->key) > strlen(best->key)))
			best = p;
	return best == NULL ? r->profile : best->at;
}

/* ---- what is wrong with a request ------------------------------------------- */
static bool
check_names(const struct rest *r, const char *text, struct err *err)
{
	const char *name;

	for (size_t i = 0; (name = hole_name_at(text, i, r->own)) != NULL; i++) {
		if (strncmp(name, "var.", 4) == 0 &&
		    rest_variable_find(r, name + 4) == NULL)
			return err_set(err, ERR_CONFIG, "{%.60s}: the profile "
			    "asks for this value; expected variables = ( { "
			    "name = \"%.60s\"; value = \"...\"; } )", name,
			    name + 4);
		if (strncmp(name, "session.", 8) == 0 &&
		    !rest_auth_has_value(r, name + 8))
			return err_set(err, ERR_CONFIG, "{%.60s}: expected a "
			    "value of auth.values", name);
	}
	return true;
}

bool
rest_check_template(const struct rest *r, const char *text,
    enum hole_context context, const char *const *known, struct err *err)
{
	return hole_check(text, context, known, err) &&
	    check_names(r, text, err);
}

static bool
check_part(const struct rest *r, const char *where, const char *part,
    const char *text, enum hole_context context, const char *const *known,
    struct err *err)
{
	char at[160];

	(void)snprintf(at, sizeof(at), "%.100s.%.50s", where, part);
	return rest_check_template(r, text, context, known, err) ||
	    err_wrap(err, "profile %s: %s", rest_at(r, at), at);
}

static bool
check_headers(const struct rest *r, const struct grouplist *list,
    const char *const *known, const char *where, struct err *err)
{
	const struct rest_header *v = list->v;

	for (size_t i = 0; i < list->n; i++)
		if (!check_part(r, where, v[i].name, v[i].value, HOLE_HEADER,
		    known, err))
			return false;
	return true;
}

static bool
check_bodies(const struct rest *r, const struct rest_request *req,
    const char *where, struct err *err)
{
	const int n = (req->json[0] != '\0') + (req->form[0] != '\0') +
	    (req->text[0] != '\0');

	if (n > 1)
		return err_set(err, ERR_CONFIG, "profile %s: %s: expected one "
		    "of json, form and text", rest_at(r, where), where);
	if (n == 1 && req->method == REST_GET)
		return err_set(err, ERR_CONFIG, "profile %s: %s.method: "
		    "expected POST or another method, a GET has no body",
		    rest_at(r, where), where);
	return true;
}

bool
rest_check(const struct rest *r, const struct rest_request *req,
    const char *const *known, const char *where, struct err *err)
{
	static const char *const none[] = { NULL };

	known = known == NULL ? none : known;
	return !rest_request_given(req) || (check_bodies(r, req, where, err) &&
	    check_part(r, where, "path", req->path, HOLE_URL, known, err) &&
	    check_part(r, where, "json", req->json, HOLE_BODY_JSON, known,
	    err) &&
	    check_part(r, where, "form", req->form, HOLE_FORM, known, err) &&
	    check_part(r, where, "text", req->text, HOLE_BODY_TEXT, known,
	    err) && check_headers(r, &req->headers, known, where, err));
}

/* An error's line that holds nothing would make an error of every answer. */
static bool
check_error(const struct rest *r, const struct rest_error *e, size_t i,
    struct err *err)
{
	char at[32];

	(void)snprintf(at, sizeof(at), "errors[%zu]", i);
	return e->status.n > 0 || e->at[0] != '\0' || e->equals.n > 0 ||
	    e->contains.n > 0 ? true : err_set(err, ERR_CONFIG, "profile %s: "
	    "%s: expected status, at, equals or contains", rest_at(r, at), at);
}

bool
rest_check_base(const struct rest *r, struct err *err)
{
	static const char *const none[] = { NULL };
	const struct rest_error *e = r->base->errors.v;

	for (size_t i = 0; i < r->base->errors.n; i++)
		if (!check_error(r, &e[i], i, err))
			return false;
	return check_headers(r, &r->base->headers, none, "headers", err);
}
