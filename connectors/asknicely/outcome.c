/*
 * outcome.c - what the answer to a send means.  How it could ask twice or lose
 * an opt-out, and what stops it:
 *  - "not sent" is a 200 with success, too: survey_sent decides, and what lacks
 *    it (a page, no result, two results) is unknown, never sent;
 *  - a survey that leaves later is called "not sent": such words are unknown, and
 *    so are all others where we asked for a delay;
 *  - a suppression that hints at how to override it: the hint is not followed;
 *  - who declined, or is deactivated: an opt-out, unless confirm.c finds the
 *    contact deactivated only.
 */
#include "asknicely.h"

#include <stdio.h>
#include <string.h>

#include "common/mask.h"

struct verdict {
	const struct asknicely *a;
	const struct http_res *res;
	json_t *root;		/* or NULL */
	json_t *row;		/* result[0], if it is the only one */
	const char *msg;	/* the service's words, or "" */
};

static bool
matches(const struct strlist *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i][0] != '\0' &&
		    strcasestr(text, list->v[i]) != NULL)
			return true;
	return false;
}

/* Our words stand before the colon, in front of all that is not ours. */
static void
settle(const struct verdict *v, enum push_outcome outcome, const char *what,
    struct push_result *out)
{
	int n = snprintf(out->reason, sizeof(out->reason), "HTTP %ld, %s",
	    v->res->status, what);

	out->outcome = outcome;
	if (n < 0 || (size_t)n + 5 > sizeof(out->reason) || *v->msg == '\0')
		return;
	out->reason[n++] = ':';
	out->reason[n++] = ' ';
	mask_text_but(out->reason + n, sizeof(out->reason) - (size_t)n, v->msg,
	    strlen(v->msg), v->a->set->api_key);
}

static void
take_id(const struct verdict *v, struct push_result *out)
{
	const char *id = asknicely_id(v->row, "id", v->a->env->scratch);

	if (id != NULL && strlen(id) < sizeof(out->remote_id))
		(void)snprintf(out->remote_id, sizeof(out->remote_id), "%s",
		    id);
}

/* ---- 2xx ------------------------------------------------------------------ */

/* The service's words for a person it does not ask. */
static bool
by_words(const struct verdict *v, struct push_result *out)
{
	const struct asknicely_settings *set = v->a->set;

	if (matches(&set->send.optout_match, v->msg))
		settle(v, PUSH_OPTED_OUT, "opted out or deactivated", out);
	else if (matches(&set->send.suppressed_match, v->msg))
		settle(v, PUSH_SUPPRESSED, "not sent by a contact rule", out);
	else
		return false;
	return true;
}

static void
not_sent(const struct verdict *v, struct push_result *out)
{
	if (by_words(v, out))
		return;
	if (matches(&v->a->set->send.pending_match, v->msg))
		settle(v, PUSH_UNKNOWN, "not sent yet", out);
	else if (v->a->set->send.use_delay)
		settle(v, PUSH_UNKNOWN, "not sent, perhaps later", out);
	else
		settle(v, PUSH_REJECTED, "not sent", out);
}

static void
by_row(const struct verdict *v, struct push_result *out)
{
	take_id(v, out);
	switch (asknicely_flag(json_at(v->row, "survey_sent"))) {
	case TRI_YES:
		out->outcome = out->remote_id[0] != '\0' ? PUSH_ACCEPTED
		    : PUSH_ACCEPTED_NO_ID;
		break;
	case TRI_NO:
		not_sent(v, out);
		break;
	case TRI_UNKNOWN:
		settle(v, PUSH_UNKNOWN, "an answer without survey_sent", out);
		break;
	}
}

/* ---- the others ----------------------------------------------------------- */

/* "req-10s", of a 429: which limit; a word of the service, so only if it looks
 * like one. */
static const char *
limit_of(const struct verdict *v)
{
	const char *type = asknicely_text(v->root, "type", v->a->env->scratch);

	return type != NULL && strlen(type) <= 16 && strspn(type,
	    "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(type) ? type
	    : "of the service";
}

static void
again(const struct verdict *v, struct push_result *out)
{
	char what[64];

	(void)snprintf(what, sizeof(what), "too many calls, limit %s",
	    limit_of(v));
	settle(v, PUSH_AGAIN, v->res->status == 429 ? what : "not now", out);
	if (v->res->retry_after_s > 0)
		out->retry_after_s = v->res->retry_after_s;
}

static void
by_status(const struct verdict *v, struct push_result *out)
{
	switch (http_classify(v->res)) {
	case HTTP_SAFE:
		again(v, out);
		break;
	case HTTP_PERMANENT:
		if (!by_words(v, out))
			settle(v, PUSH_REJECTED, "refused", out);
		break;
	case HTTP_AUTH:
		settle(v, PUSH_STOP, "the key was refused; make one under "
		    "Settings > API", out);
		break;
	case HTTP_MISCONFIGURED:
		settle(v, PUSH_STOP, "redirected; check base_url", out);
		break;
	case HTTP_DONE:
	case HTTP_DONE_NO_BODY:
	case HTTP_UNKNOWN:
		settle(v, PUSH_UNKNOWN, v->res->status >= 500
		    ? "the service failed" : "not understood", out);
		break;
	}
}

static void
parse(struct verdict *v, struct json_doc **doc)
{
	const char *msg;

	v->msg = "";
	if (v->res->body_len == 0 ||
	    !json_parse(v->res->body, v->res->body_len, doc, NULL))
		return;
	v->root = json_root(*doc);
	json_t *rows = json_at(v->root, "result");
	if (json_array_size(rows) == 1)
		v->row = json_array_get(rows, 0);
	msg = asknicely_text(v->row != NULL ? v->row : v->root, "msg",
	    v->a->env->scratch);
	if (msg != NULL)
		v->msg = msg;
}

bool
asknicely_push_result(void *self, const struct http_res *res,
    struct push_result *result, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct verdict v = { .a = self, .res = res };

	(void)err;
	*result = (struct push_result){ .outcome = PUSH_UNKNOWN };
	parse(&v, &doc);
	if (res->status < 200 || res->status > 299)
		by_status(&v, result);
	else if (v.row == NULL)
		settle(&v, PUSH_UNKNOWN, "an answer without a result", result);
	else
		by_row(&v, result);
	return true;
}
