/*
 * survey_result.c - what the answer to a send means.  How this can ask twice, or
 * lose, and what stops it:
 *  - an outcome that is guessed: what neither the profile nor the core's table
 *    calls done, refused or not applied is unknown, and unknown is never
 *    repeated; a 207 or 409 that no line explains, a page of HTML, an error or a
 *    "success": false in a 200 are unknown too;
 *  - a 2xx without a send: the profile's lines are asked before the status;
 *  - a session that ends in the middle: PUSH_SESSION, nothing was applied.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "select.h"
#include "survey_int.h"

struct answer {
	struct rest_survey *s;
	const struct http_res *res;
	json_t *root;		/* or NULL */
	struct arena *arena;
	enum rest_meaning means;	/* by errors and status */
};

static bool
is_2xx(const struct http_res *res)
{
	return res->status >= 200 && res->status < 300;
}

static bool
is_html(const struct http_res *res)
{
	const char *start = res->body + strspn(res->body, " \t\r\n");

	return start[0] == '<' || (start[0] != '\0' &&
	    res->content_type != NULL &&
	    strcasestr(res->content_type, "html") != NULL);
}

static bool
has_status(const struct rest_result *rule, const struct http_res *res)
{
	for (size_t i = 0; i < rule->status.n; i++)
		if (rule->status.v[i] == res->status)
			return true;
	return rule->status.n == 0 && is_2xx(res);
}

static struct select_match
match_at(json_t *root, const char *path)
{
	const struct strlist one = { .v = &path, .n = 1 };

	return root == NULL ? (struct select_match){ 0 }
	                    : select_first(root, &one);
}

static bool
words_fit(const struct rest_result *rule, const char *text)
{
	if (rule->equals.n + rule->contains.n == 0)
		return true;
	for (size_t i = 0; text != NULL && i < rule->equals.n; i++)
		if (strcasecmp(text, rule->equals.v[i]) == 0)
			return true;
	for (size_t i = 0; text != NULL && i < rule->contains.n; i++)
		if (strcasestr(text, rule->contains.v[i]) != NULL)
			return true;
	return false;
}

/* A line for "any other 2xx" explains no failure. */
static bool
is_catch_all(const struct rest_result *rule)
{
	return rule->status.n == 0 && rule->at[0] == '\0' &&
	    rule->equals.n + rule->contains.n == 0;
}

static bool
rule_fits(const struct answer *a, const struct rest_result *rule)
{
	struct select_match m;
	const char *text = a->res->body;

	if (!has_status(rule, a->res) ||
	    (is_catch_all(rule) && a->means != REST_OK))
		return false;
	if (rule->at[0] != '\0') {
		m = match_at(a->root, rule->at);
		if (m.key == NULL && !rest_is_there(m.node))
			return false;
		text = select_text(&m, a->arena);
	}
	return words_fit(rule, text);
}

/* Our words stand before the colon, in front of all that is not ours. */
static void
reason_set(const struct answer *a, const char *what, const char *words,
    struct push_result *out)
{
	int n = snprintf(out->reason, sizeof(out->reason), "HTTP %ld, %s",
	    a->res->status, what);

	if (n < 0 || (size_t)n + 5 > sizeof(out->reason) || words == NULL ||
	    *words == '\0')
		return;
	out->reason[n++] = ':';
	out->reason[n++] = ' ';
	rest_auth_mask(&a->s->rest, out->reason + n,
	    sizeof(out->reason) - (size_t)n, words);
	if (out->reason[n] == '\0')
		out->reason[n - 2] = '\0';
}

static const char *
outcome_words(enum push_outcome outcome)
{
	switch (outcome) {
	case PUSH_ACCEPTED:
	case PUSH_ACCEPTED_NO_ID:
		return "taken";
	case PUSH_DUPLICATE:
		return "there already";
	case PUSH_SUPPRESSED:
		return "not sent";
	case PUSH_OPTED_OUT:
		return "opted out";
	case PUSH_REJECTED:
		return "refused";
	case PUSH_AGAIN:
		return "not now";
	case PUSH_UNKNOWN:
		return "not understood";
	case PUSH_SESSION:
		return "the session is over";
	case PUSH_STOP:
		break;
	}
	return "check the configuration";
}

static void
remote_id_take(const struct answer *a, struct push_result *out)
{
	const struct rest_send *send = &survey_part(a->s)->send;
	struct select_match m = { 0 };
	const char *id;

	if (a->root != NULL && select_any(&send->remote_id))
		m = select_first(a->root, &send->remote_id);
	id = select_text(&m, a->arena);
	if (id != NULL && strlen(id) < sizeof(out->remote_id))
		(void)snprintf(out->remote_id, sizeof(out->remote_id), "%s", id);
}

static void
settle(const struct answer *a, enum push_outcome outcome, const char *words,
    struct push_result *out)
{
	out->outcome = outcome;
	if (outcome == PUSH_ACCEPTED || outcome == PUSH_ACCEPTED_NO_ID ||
	    outcome == PUSH_DUPLICATE || outcome == PUSH_SUPPRESSED)
		remote_id_take(a, out);
	if (outcome == PUSH_ACCEPTED && out->remote_id[0] == '\0')
		out->outcome = PUSH_ACCEPTED_NO_ID;
	if (outcome == PUSH_AGAIN && a->res->retry_after_s > 0)
		out->retry_after_s = a->res->retry_after_s;
	reason_set(a, outcome_words(outcome), words, out);
}

/* What the profile says of this answer. */
static bool
by_profile(const struct answer *a, struct push_result *out)
{
	const struct rest_send *send = &survey_part(a->s)->send;
	const struct rest_result *rules = send->results.v;

	for (size_t i = 0; i < send->results.n; i++) {
		const char *words = NULL;
		if (!rule_fits(a, &rules[i]))
			continue;
		if (rules[i].text[0] != '\0') {
			struct select_match m = match_at(a->root, rules[i].text);
			words = select_text(&m, a->arena);
		}
		settle(a, rest_means[rules[i].means], words, out);
		return true;
	}
	return false;
}

static enum push_outcome
by_class(const struct answer *a)
{
	static const enum push_outcome outcomes[] = {
		[HTTP_DONE] = PUSH_UNKNOWN,	/* an error in a 2xx */
		[HTTP_DONE_NO_BODY] = PUSH_UNKNOWN,
		[HTTP_SAFE] = PUSH_AGAIN, [HTTP_PERMANENT] = PUSH_REJECTED,
		[HTTP_UNKNOWN] = PUSH_UNKNOWN, [HTTP_AUTH] = PUSH_STOP,
		[HTTP_MISCONFIGURED] = PUSH_STOP };
	const enum http_class class = http_classify(a->res);
	const bool failed = a->res->status == 408 || a->res->status >= 500;

	if (class == HTTP_UNKNOWN && failed &&
	    survey_part(a->s)->send.idempotent)
		return PUSH_AGAIN;
	return outcomes[class];
}

static enum push_outcome
by_meaning(const struct answer *a)
{
	switch (a->means) {
	case REST_OK:
		return rest_tells_failure(a->res, a->root) ? PUSH_UNKNOWN
		                                           : PUSH_ACCEPTED;
	case REST_GONE:
	case REST_REJECTED:
		return PUSH_REJECTED;
	case REST_THROTTLED:
		return PUSH_AGAIN;
	case REST_SESSION:
		return PUSH_SESSION;
	case REST_CONFLICT:
		return PUSH_UNKNOWN;
	case REST_FAILURE:
		break;
	}
	return by_class(a);
}

bool
rest_push_result(void *self, const struct http_res *res,
    struct push_result *result, struct err *err)
{
	struct rest_survey *s = self;
	const struct rest_send *send = &survey_part(s)->send;
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct answer a = { .s = s, .res = res,
		.arena = s->rest.env->scratch };
	char text[96];

	(void)err;
	*result = (struct push_result){ .outcome = PUSH_UNKNOWN };
	if (res->body_len > 0 && json_parse(res->body, res->body_len, &doc,
	        NULL))
		a.root = json_root(doc);
	arena_reset(s->rest.page);
	a.means = rest_judge(&s->rest, res, a.root, text, sizeof(text));
	if (a.means == REST_SESSION)
		settle(&a, PUSH_SESSION, text, result);
	else if (is_2xx(res) && send->page_is_unknown && is_html(res))
		reason_set(&a, "a page instead of an answer", NULL, result);
	else if (!by_profile(&a, result))
		settle(&a, by_meaning(&a), text, result);
	return true;
}
