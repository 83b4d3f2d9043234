/*
 * request.c - a request of a profile with its values: address, headers, body.
 *
 * How it could harm: an address that leads to another host with our key (a
 * path is always appended to base_url); a header given twice, of which two
 * servers read two values (the later one replaces the earlier); an id or an
 * address of a person in a message (only the template is named).
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "call_int.h"
#include "text.h"
#include "url.h"

#define HEADERS_MAX 40

static const char *const method_names[] = { [REST_GET] = "GET",
	[REST_POST] = "POST", [REST_PUT] = "PUT", [REST_PATCH] = "PATCH",
	[REST_DELETE] = "DELETE" };

bool
rest_request_given(const struct rest_request *req)
{
	return req->path != NULL;
}

json_t *
rest_rows(const struct rest_request *req, json_t *root)
{
	for (size_t i = 0; i < req->rows.n; i++) {
		json_t *node = json_at(root, req->rows.v[i]);
		if (json_is_array(node))
			return node;
	}
	return NULL;
}

const char *
rest_label(const struct rest_request *req, char *out, size_t size)
{
	size_t len = strcspn(req->path, "?");

	/* The "?" of a hole is none: a path has no such. */
	if (len > 80)
		len = text_cut(req->path, 80);
	(void)snprintf(out, size, "%s %s%.*s", method_names[req->method],
	    req->path[0] == '/' ? "" : "/", (int)len, req->path);
	return out;
}

/* ---- names ------------------------------------------------------------------- */
const struct rest_variable *
rest_variable_find(const struct rest *r, const char *name)
{
	const struct rest_variable *v = r->place->variables.v;

	for (size_t i = 0; i < r->place->variables.n; i++)
		if (strcmp(v[i].name, name) == 0)
			return &v[i];
	return NULL;
}

static bool
text_value(struct hole_value *out, const char *text)
{
	out->type = text == NULL ? HOLE_NONE : HOLE_TEXT;
	out->text = text;
	return true;
}

static bool
time_value(const struct rest *r, struct hole_value *out, bool day)
{
	out->type = day ? HOLE_DAY : HOLE_TIME;
	out->at = r->env->now(r->env->clock);
	if (day)
		out->number = clock_day(r->zone, out->at);
	return true;
}

bool
rest_name_value(void *arg, const char *name, struct hole_value *out)
{
	const struct rest_names *n = arg;
	const struct rest_variable *v;

	if (strcmp(name, "now") == 0 || strcmp(name, "today") == 0)
		return time_value(n->r, out, name[0] == 't');
	if (strncmp(name, "session.", 8) == 0)
		return rest_auth_has_value(n->r, name + 8) &&
		    text_value(out, rest_auth_value(n->r, name + 8));
	if (strncmp(name, "var.", 4) == 0) {
		v = rest_variable_find(n->r, name + 4);
		return v != NULL && text_value(out, v->value);
	}
	if (n->login && strcmp(name, "user") == 0)
		return text_value(out, n->r->place->user);
	if (n->login && strcmp(name, "secret") == 0)
		return text_value(out, n->r->place->secret);
	return n->fn != NULL && n->fn(n->arg, name, out);
}

/* ---- headers ------------------------------------------------------------------- */
struct headers {
	const char *(*v)[2];
	size_t n;
};

static bool
header_set(struct headers *h, const char *name, const char *value,
    struct err *err)
{
	size_t i = 0;

	while (i < h->n && strcasecmp(h->v[i][0], name) != 0)
		i++;
	if (i + 1 >= HEADERS_MAX)
		return err_set(err, ERR_CONFIG, "expected at most %d headers",
		    HEADERS_MAX - 1);
	h->v[i][0] = name;
	h->v[i][1] = value;
	h->n += i == h->n;
	return true;
}

static bool
headers_add(struct headers *h, const struct grouplist *list,
    struct rest_names *names, struct arena *arena, struct err *err)
{
	const struct rest_header *v = list->v;
	const char *value;

	for (size_t i = 0; i < list->n; i++) {
		if (!hole_write(v[i].value, HOLE_HEADER, names->r->zone,
		    rest_name_value, names, arena, &value, err))
			return err_wrap(err, "header %s", v[i].name);
		if (value != NULL && !header_set(h, v[i].name, value, err))
			return false;
	}
	return true;
}

static const char *
body_type(const struct rest_request *from)
{
	return from->json[0] != '\0' ? "application/json" :
	    from->form[0] != '\0' ? "application/x-www-form-urlencoded" :
	    from->text[0] != '\0' ? "text/plain; charset=utf-8" : NULL;
}

static bool
headers_make(struct rest_names *names, const struct rest_request *from,
    struct arena *arena, struct http_req *req, struct err *err)
{
	struct headers h = { .v = arena_array(arena, HEADERS_MAX + 1,
	    sizeof(*h.v)) };
	const char *type = body_type(from);

	if (h.v == NULL)
		return err_nomem(err);
	if (!header_set(&h, "Accept", "application/json", err) ||
	    (type != NULL && !header_set(&h, "Content-Type", type, err)) ||
	    !headers_add(&h, &names->r->base->headers, names, arena, err) ||
	    !headers_add(&h, &from->headers, names, arena, err))
		return false;
	req->headers = (const char *const (*)[2])h.v;
	return true;
}

/* Signed: the session's header replaces whatever has its name. */
bool
rest_sign(const struct rest *r, struct arena *arena, struct http_req *req,
    struct err *err)
{
	const char *name, *value;
	struct headers h = { .v = arena_array(arena, HEADERS_MAX + 1,
	    sizeof(*h.v)) };

	if (h.v == NULL)
		return err_nomem(err);
	if (!rest_auth_header(r, arena, &name, &value, err))
		return false;
	for (; req->headers[h.n][0] != NULL; h.n++) {
		h.v[h.n][0] = req->headers[h.n][0];
		h.v[h.n][1] = req->headers[h.n][1];
	}
	req->headers = (const char *const (*)[2])h.v;
	return name == NULL || header_set(&h, name, value, err);
}

/* ---- address and body -------------------------------------------------------- */
/* "" and "?a=1" stand right behind base_url, a path behind its slash. */
bool
rest_address(struct rest_names *names, const char *template,
    struct arena *arena, const char **url, struct err *err)
{
	const char *base = names->r->place->base_url, *path;

	if (!hole_write(template, HOLE_URL, names->r->zone, rest_name_value,
	    names, arena, &path, err))
		return err_wrap(err, "path");
	*url = path[0] == '\0' || path[0] == '?' ?
	    arena_printf(arena, "%s%s", base, path) :
	    url_join(arena, base, path);
	return *url != NULL ? true : err_nomem(err);
}

static bool
body_make(struct rest_names *names, const struct rest_request *from,
    struct arena *arena, struct http_req *req, struct err *err)
{
	const bool json = from->json[0] != '\0', form = from->form[0] != '\0';
	const char *template = json ? from->json : form ? from->form :
	    from->text;
	const char *body = NULL;

	if (template[0] == '\0')
		return true;
	if (!hole_write(template, json ? HOLE_BODY_JSON : form ? HOLE_FORM :
	    HOLE_BODY_TEXT, names->r->zone, rest_name_value, names, arena,
	    &body, err))
		return err_wrap(err, "body");
	req->body = body;
	req->body_len = body == NULL ? 0 : strlen(body);
	return true;
}

bool
rest_make(struct rest_names *names, const struct rest_request *from,
    const char *url, struct arena *arena, struct http_req *req,
    struct err *err)
{
	char label[128];

	*req = (struct http_req){ .method = method_names[from->method],
		.url = url, .repeatable = from->repeatable ||
		from->method == REST_GET };
	if ((url != NULL || rest_address(names, from->path, arena, &req->url,
	    err)) && headers_make(names, from, arena, req, err) &&
	    body_make(names, from, arena, req, err))
		return true;
	return err_wrap(err, "%s", rest_label(from, label, sizeof(label)));
}
