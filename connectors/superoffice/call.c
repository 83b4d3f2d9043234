/*
 * call.c - a request of the Web API sent and judged.
 *
 * How it could lose, double, leak or hang:
 *  - a session that ends with the nightly recycling: a 401 means one new ticket
 *    and one replay (common/apicall.c), then it is the configuration;
 *  - a tenant that moved: a 421 was not taken, so it is replayed there, once;
 *  - an error page of a proxy: the status is enough;
 *  - a person in a message: of what a record was refused for only the type of
 *    the error is told.
 */
#include "superoffice.h"

#include <string.h>

#include "num.h"

void
so_judge(void *arg, const struct http_res *res, json_t *root,
    struct api_verdict *v)
{
	struct superoffice *s = arg;

	if (v->kind == ERR_NONE)
		return;
	if (res->status == 421) {
		s->base_lost = true;
		v->kind = ERR_RETRY;
		v->moved = true;
	}
	/* A right, or a fault of the server, is told with the record's name. */
	v->personal |= res->status == 403 || res->status >= 500;
	apicall_words(&s->api, json_string_value(json_object_get(root,
	    "ErrorType")), json_string_value(json_object_get(root,
	    "ErrorMessage")), v);
}

/* What a person can do about it. */
static bool
explain(const struct superoffice *s, long status, struct err *err)
{
	if (status == 421)
		return err_wrap(err, "the tenant is not where the login host "
		    "says it is");
	if (status == 401 && s->set->auth == SO_BASIC)
		return err_wrap(err, "user or password was refused, or the "
		    "server takes none (AuthorizeWithUsername)");
	if (status == 403)
		return err_wrap(err, "the user lacks a right");
	return false;
}

bool
so_do(struct superoffice *s, struct arena *arena, const struct api_req *from,
    struct api_res *res, struct err *err)
{
	struct err unwanted;

	err = err == NULL ? &unwanted : err;
	return apicall_do(&s->api, arena, from, res, err) ||
	    explain(s, res->http.status, err);
}

bool
so_get(struct superoffice *s, struct arena *arena, const char *target,
    const char *label, struct api_res *res, struct err *err)
{
	const struct api_req req = { .method = "GET", .target = target,
		.label = label };

	return so_do(s, arena, &req, res, err);
}

bool
so_is_own_error(json_t *root)
{
	return json_is_string(json_object_get(root, "ErrorType")) ||
	    json_is_true(json_object_get(root, "Error"));
}

bool
so_is_of_one(const struct superoffice *s, const struct api_res *res,
    const struct err *why)
{
	if (s->api.stopped.kind != ERR_NONE || res->http.status == 0)
		return false;
	return res->http.status == 403 || why->kind == ERR_REJECTED ||
	    why->kind == ERR_PROTOCOL;
}

/* ---- small things ------------------------------------------------------ */
bool
so_is_id(const char *text)
{
	long long n;

	return text[0] != '0' && num_parse(text, 1, INT32_MAX, &n);
}

void
so_complain(const struct superoffice *s, const char *source, const char *key,
    const char *reason)
{
	const struct connector_env *env = &s->api.env;

	if (env->quarantine != NULL)
		env->quarantine(env->quarantine_arg, source, 0, key, reason);
}

static const char *
after(const char *text, const char *begin)
{
	const size_t n = strlen(begin);

	return strncmp(text, begin, n) == 0 ? text + n : NULL;
}

const char *
so_nosend_interest(const struct so_settings *set)
{
	return after(set->nosend, "interest:");
}

const char *
so_nosend_field(const struct so_settings *set)
{
	return after(set->nosend, "field:");
}
