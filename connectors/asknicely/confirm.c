/*
 * confirm.c - one text of the service means "unsubscribed" and "deactivated": the
 * contact says which.  How an opt-out could be lost, and what stops it:
 *  - anything that cannot be read, is of somebody else, or is missing: declined;
 *  - "deactivated" only where the time of unsubscribing is there and empty, and
 *    the contact says that it is not active; one that is active contradicts the
 *    text, and is taken for declined.
 */
#include "asknicely.h"

#include <stdio.h>
#include <strings.h>

#include "url.h"

bool
asknicely_confirm_request(void *self, const struct respondent *r,
    struct http_req *req, struct err *err)
{
	struct asknicely *a = self;
	struct arena *scratch = a->env->scratch;
	const char *target;

	if (!asknicely_lookup_target(a->set, r->email, scratch, &target, err))
		return false;
	*req = (struct http_req){ .method = "GET",
		.url = url_join(scratch, a->set->base_url, target),
		.headers = a->read_headers, .repeatable = true };
	return req->url != NULL || err_nomem(err);
}

/* null, "" and 0 stand for never; a time that is not told may be anything. */
static bool
is_never(json_t *contact)
{
	time_t at;

	return json_at(contact, "unsubscribetime") != NULL &&
	    asknicely_time(contact, "unsubscribetime", &at) && at == NO_TIME;
}

static bool
is_deactivated(const struct asknicely *a, const struct respondent *r,
    const struct json_doc *doc)
{
	json_t *root = json_root(doc), *contact = json_at(root, "data");
	const char *email = asknicely_text(contact, "email", a->env->scratch);

	return asknicely_flag(json_at(root, "success")) == TRI_YES &&
	    email != NULL && strcasecmp(email, r->email) == 0 &&
	    is_never(contact) &&
	    asknicely_flag(json_at(contact, "active")) == TRI_NO;
}

bool
asknicely_confirm_result(void *self, const struct respondent *r,
    const struct http_res *res, struct push_result *result, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;

	*result = (struct push_result){ .outcome = PUSH_OPTED_OUT };
	if (res->status != 200 ||
	    !json_parse(res->body, res->body_len, &doc, err) ||
	    !is_deactivated(self, r, doc))
		return true;
	result->outcome = PUSH_SUPPRESSED;
	(void)snprintf(result->reason, sizeof(result->reason),
	    "deactivated at the service, not unsubscribed");
	return true;
}
