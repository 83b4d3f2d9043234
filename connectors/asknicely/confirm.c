/*
 * confirm.c - one text of the service means "unsubscribed" and "deactivated": the
 * contact says which.  How an opt-out could be lost, or kept of one who never
 * declined, and what stops it:
 *  - a look that fails, or shows somebody else, or a contact without what is asked
 *    for: nobody can say, be it of one person or of all (a key without the right, a
 *    wrong lookup.path): the core asks nobody, tells, and looks again;
 *  - "deactivated" only where the time of unsubscribing is there and empty, and
 *    the contact says that it is not active; one that is active contradicts the
 *    text, and is taken for declined;
 *  - a time that cannot be read is one;
 *  - somebody erased, whose name and address would be sent again each night: no
 *    such contact is an answer too, once the run has seen another one there, so
 *    that path and key are right, or where an administrator has seen it.
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

/* null, "" and 0 stand for never; whatever else stands there is a time. */
static enum tri
has_unsubscribed(json_t *contact)
{
	time_t at;

	if (json_at(contact, "unsubscribetime") == NULL)
		return TRI_UNKNOWN;
	return asknicely_time(contact, "unsubscribetime", &at) && at == NO_TIME
	    ? TRI_NO : TRI_YES;
}

/* NULL when it is not his, or none. */
static json_t *
contact_of(const struct asknicely *a, const struct respondent *r,
    const struct json_doc *doc)
{
	json_t *root = json_root(doc), *contact = json_at(root, "data");
	const char *email = asknicely_text(contact, "email", a->env->scratch);

	return asknicely_flag(json_at(root, "success")) == TRI_YES &&
	    email != NULL && strcasecmp(email, r->email) == 0 ? contact : NULL;
}

static bool
conclude(struct push_result *result, enum push_outcome outcome,
    const char *reason)
{
	result->outcome = outcome;
	(void)snprintf(result->reason, sizeof(result->reason), "%s", reason);
	return true;
}

/* A gateway does not speak of success, but the service may also of a path that
 * it does not know; a 200 with a success of false may be about anything.  What
 * shows a contact all the same contradicts itself. */
static bool
says_nobody(const struct asknicely *a, const struct http_res *res,
    const struct json_doc *doc)
{
	json_t *root = doc == NULL ? NULL : json_root(doc);
	const bool own_word = res->status != 200 &&
	    asknicely_flag(json_at(root, "success")) == TRI_NO;

	return asknicely_is_absent(a->set, res->status) &&
	    asknicely_is_nobody(a->set, res, doc) &&
	    !json_is_object(json_at(root, "data")) &&
	    (a->looked || (own_word && a->set->lookup.absent_means_nobody));
}

bool
asknicely_confirm_result(void *self, const struct respondent *r,
    const struct http_res *res, struct push_result *result, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct asknicely *a = self;
	json_t *contact = NULL;

	(void)err;
	*result = (struct push_result){ .outcome = PUSH_UNKNOWN };
	if (res->body_len == 0 ||
	    !json_parse(res->body, res->body_len, &doc, NULL))
		doc = NULL;
	if (says_nobody(a, res, doc))
		return conclude(result, PUSH_SUPPRESSED,
		    "refused by the service, which has no such contact");
	if (res->status != 200) {
		(void)snprintf(result->reason, sizeof(result->reason),
		    "lookup.path answers HTTP %ld", res->status);
		return true;
	}
	if (doc != NULL)
		contact = contact_of(a, r, doc);
	if (contact == NULL)
		return conclude(result, PUSH_UNKNOWN,
		    "lookup.path does not show the contact");
	const enum tri declined = has_unsubscribed(contact);
	const enum tri active = asknicely_flag(json_at(contact, "active"));
	if (declined == TRI_UNKNOWN || (declined == TRI_NO &&
	    active == TRI_UNKNOWN))
		return conclude(result, PUSH_UNKNOWN, "lookup.path shows no "
		    "unsubscribetime, or nothing at active that can be read");
	a->looked = true;
	return declined == TRI_NO && active == TRI_NO
	    ? conclude(result, PUSH_SUPPRESSED,
	        "deactivated at the service, not unsubscribed")
	    : conclude(result, PUSH_OPTED_OUT, "unsubscribed");
}
