#include "call.h"

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

#define STUB { return err_set(err, ERR_BUG, "not there yet"); }
#define U(x) (void)(x);
bool rest_open(struct rest *r, const struct connector_env *env,
    const struct rest_place *place, const struct rest_base *base,
    const char *profile, struct err *err)
{ U(r) U(env) U(place) U(base) U(profile) STUB }
void rest_close(struct rest *r) { U(r) }
bool rest_check(const struct rest *r,
    const struct rest_request *req, const char *const *known,
    const char *where, struct err *err)
{ U(r) U(req) U(known) U(where) STUB }
bool rest_call(struct rest *r, const struct rest_request *req,
    hole_fn *fn, void *arg, struct http_res *res, struct json_doc **doc,
    struct err *err)
{ U(r) U(req) U(fn) U(arg) U(res) U(doc) STUB }
bool rest_call_at(struct rest *r, const struct rest_request *req,
    const char *url, hole_fn *fn, void *arg, struct http_res *res,
    struct json_doc **doc, struct err *err)
{ U(r) U(req) U(url) U(fn) U(arg) U(res) U(doc) STUB }
bool rest_url(struct rest *r, const struct rest_request *req,
    hole_fn *fn, void *arg, struct arena *arena, const char **url,
    struct err *err)
{ U(r) U(req) U(url) U(fn) U(arg) U(arena) STUB }
bool rest_build(struct rest *r, const struct rest_request *from,
    hole_fn *fn, void *arg, struct http_req *req, struct err *err)
{ U(r) U(from) U(fn) U(arg) U(req) STUB }
bool rest_renew(struct rest *r, struct err *err) { U(r) STUB }
enum rest_meaning rest_judge(struct rest *r, const struct http_res *res,
    json_t *root, char *text, size_t size)
{ U(r) U(res) U(root) U(text) U(size) return REST_OK; }
bool rest_fail(enum rest_meaning means, const struct http_res *res,
    const char *what, const char *text, struct err *err)
{ U(means) U(res) U(what) U(text) STUB }
