/*
 * send.c - the two pure functions of a push: the request, and what an answer
 * to it means.  Contract: 2xx is the only proof, 5xx proves nothing, a page of
 * HTML in a 200 proves nothing either.
 */
#include "npstoday.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/mask.h"
#include "url.h"

#define BODY_MAX_BYTES ((size_t)262144)
#define EARLY_MAX_S 3600	/* a send in the hour before is on time */

/* ---- request --------------------------------------------------------- */

static const char *
path_fill(struct arena *arena, const char *path, const char *campaign_id)
{
	static const char hole[] = "{campaign_id}";
	const char *at = strstr(path, hole);
	const char *id = url_escape(arena, campaign_id);

	if (at == NULL || id == NULL)
		return id == NULL ? NULL : path;
	return arena_printf(arena, "%.*s%s%s", (int)(at - path), path, id,
	    at + strlen(hole));
}

static bool
is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* What can be known before any byte leaves. */
static bool
respondent_check(const struct npstoday *n, const struct respondent *r,
    struct err *err)
{
	const struct campaign_settings *c;

	if (!is_given(r->campaign_id))
		return err_set(err, ERR_REJECTED, "no campaign");
	if (!is_given(r->ref))
		return err_set(err, ERR_BUG, "a send without reference");
	c = npstoday_campaign(n->set, r->campaign_id);
	if (c != NULL && c->channel == CHANNEL_SMS)
		return is_given(r->phone) ? true : err_set(err, ERR_REJECTED,
		    "no phone number for the SMS campaign %d", c->id);
	return is_given(r->email) ? true : err_set(err, ERR_REJECTED,
	    "no address for an e-mail campaign");
}

/* Nowhere to put the time: the survey would leave with the request, in the
 * night.  A core that waits for the hour itself asks when it has come. */
static bool
time_check(const struct npstoday *n, const struct respondent *r,
    struct err *err)
{
	const struct campaign_settings *c = npstoday_campaign(n->set,
	    r->campaign_id);
	const enum channel channel = c == NULL ? CHANNEL_EMAIL
					       : (enum channel)c->channel;

	if (r->send_at == NO_TIME || n->send_at_node[channel] != NULL ||
	    r->send_at - n->env->now(n->env->clock) <= EARLY_MAX_S)
		return true;
	return err_set(err, ERR_CONFIG, "campaign %s: send.send_at.%s is empty, "
	    "so people would be asked at once and not at send.at",
	    r->campaign_id, channel == CHANNEL_SMS ? "sms_field" : "field");
}

static bool
is_idempotent(const struct npstoday_settings *set)
{
	return set->send.guid && set->send.guid_is_idempotent;
}

bool
npstoday_push_request(void *self, const struct respondent *r,
    struct http_req *req, struct err *err)
{
	const struct npstoday *n = self;
	struct arena *scratch = n->env->scratch;
	AUTO(buf) struct buf body;

	buf_init(&body, BODY_MAX_BYTES);
	if (!respondent_check(n, r, err) || !time_check(n, r, err) ||
	    !npstoday_template_write(n, r, &body, err))
		return false;
	const char *path = path_fill(scratch, n->set->send.path,
	    r->campaign_id);
	*req = (struct http_req){
		.method = npstoday_method(n->set->send.method),
		.url = path == NULL ? NULL
				    : url_join(scratch, n->set->base_url, path),
		.headers = n->send_headers,
		.body = arena_strndup(scratch, buf_text(&body), body.len),
		.body_len = body.len,
		.repeatable = is_idempotent(n->set),
	};
	if (req->url == NULL || req->body == NULL)
		return err_nomem(err);
	return true;
}

/* ---- result ---------------------------------------------------------- */

/* "2xx", "200 201 20x": x stands for any digit. */
static bool
is_ok(const char *list, long status)
{
	char code[8];

	snprintf(code, sizeof(code), "%03ld", status);
	for (const char *p = list; *p != '\0';) {
		size_t n = strcspn(p, " ,");
		bool same = n == 3 && strlen(code) == 3;
		for (size_t i = 0; same && i < 3; i++)
			same = p[i] == code[i] || (p[i] | 0x20) == 'x';
		if (same)
			return true;
		p += n;
		p += strspn(p, " ,");
	}
	return false;
}

static bool
has_status(const struct intlist *list, long status)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i] != 0 && list->v[i] == status)
			return true;
	return false;
}

static bool
has_match(const struct strlist *list, const char *body)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i][0] != '\0' &&
		    strcasestr(body, list->v[i]) != NULL)
			return true;
	return false;
}

static bool
is_html(const struct http_res *res)
{
	const char *start = res->body + strspn(res->body, " \t\r\n");

	return start[0] == '<' || (start[0] != '\0' &&
	    res->content_type != NULL &&
	    strcasestr(res->content_type, "html") != NULL);
}

static void
reason_set(const struct npstoday_settings *set, const struct http_res *res,
    const char *what, struct push_result *out)
{
	const size_t quote = (size_t)set->log_error_bytes;
	/* Our words stand before the colon, in front of all that is not ours. */
	int n = snprintf(out->reason, sizeof(out->reason), "HTTP %ld, %s",
	    res->status, what);

	if (n < 0 || (size_t)n + 5 > sizeof(out->reason) || quote == 0 ||
	    res->body_len == 0 || is_html(res))
		return;
	out->reason[n++] = ':';
	out->reason[n++] = ' ';
	/* What is shown is cut, not what is looked at: the first half of an
	 * address does not look like one. */
	const size_t room = sizeof(out->reason) - (size_t)n;
	mask_text_but(out->reason + n, quote + 1 < room ? quote + 1 : room,
	    res->body, res->body_len, set->api_key);
}

static bool
remote_id_take(const struct npstoday_settings *set,
    const struct http_res *res, struct arena *scratch,
    struct push_result *out)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct err unreadable;

	if (res->body_len == 0 ||
	    !json_parse(res->body, res->body_len, &doc, &unreadable))
		return false;
	for (size_t i = 0; i < set->send.remote_id.n; i++) {
		const char *path = set->send.remote_id.v[i];
		json_t *node = path[0] == '\0' ? NULL
					       : json_at(json_root(doc), path);
		const char *id = json_is_string(node) || json_is_integer(node)
		    ? json_text(scratch, node) : NULL;
		if (!is_given(id) || strlen(id) >= sizeof(out->remote_id))
			continue;
		snprintf(out->remote_id, sizeof(out->remote_id), "%s", id);
		return true;
	}
	return false;
}

/* Words count where the service took or refused the row; of a failure they
 * prove nothing. */
static bool
is_readable(const struct npstoday_settings *set, long status)
{
	return is_ok(set->send.ok, status) || (status >= 400 && status < 500 &&
	    status != 401 && status != 408);
}

/* What the configuration says of the service's codes and words. */
static bool
by_configuration(const struct npstoday *n, const struct http_res *res,
    struct push_result *out)
{
	const struct npstoday_settings *set = n->set;
	const char *words = is_readable(set, res->status) ? res->body : "";

	if (has_match(&set->send.opted_out_match, words))
		out->outcome = PUSH_OPTED_OUT;
	else if (has_status(&set->send.duplicate_status, res->status) ||
	    has_match(&set->send.duplicate_match, words))
		out->outcome = PUSH_DUPLICATE;
	else if (has_status(&set->send.suppressed_status, res->status) ||
	    has_match(&set->send.suppressed_match, words))
		out->outcome = PUSH_SUPPRESSED;
	else
		return false;
	(void)remote_id_take(set, res, n->env->scratch, out);
	reason_set(set, res, out->outcome == PUSH_DUPLICATE ? "there already"
		: out->outcome == PUSH_OPTED_OUT ? "opted out"
						 : "not mailed", out);
	return true;
}

static void
ok_result(const struct npstoday *n, const struct http_res *res,
    struct push_result *out)
{
	if (n->set->send.html_is_uncertain && is_html(res)) {
		out->outcome = PUSH_UNKNOWN;
		reason_set(n->set, res, "a page instead of an answer", out);
		return;
	}
	if (by_configuration(n, res, out))
		return;
	out->outcome = remote_id_take(n->set, res, n->env->scratch, out)
	    ? PUSH_ACCEPTED : PUSH_ACCEPTED_NO_ID;
}

/* Status codes that prove this row was refused for good. */
static bool
is_refusal(long status)
{
	static const long codes[] = { 400, 404, 405, 406, 410, 411, 413, 414,
		415, 422 };

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i] == status)
			return true;
	return false;
}

/* Nothing of this kind will do better: key, address or contract. */
static bool
is_stop(long status)
{
	return status == 401 || status == 402 || status == 403 ||
	    (status >= 300 && status < 400);
}

/* The service says that it took nothing. */
static bool
is_again(const struct http_res *res)
{
	return http_classify(res) == HTTP_SAFE;
}

static enum push_outcome
status_outcome(const struct npstoday_settings *set,
    const struct http_res *res)
{
	if (is_stop(res->status))
		return PUSH_STOP;
	if (is_again(res))
		return PUSH_AGAIN;
	if (is_refusal(res->status))
		return PUSH_REJECTED;
	if ((res->status == 408 || res->status >= 500) &&
	    set->send.retry_5xx && is_idempotent(set))
		return PUSH_AGAIN;
	return PUSH_UNKNOWN;
}

static const char *
status_words(long status)
{
	if (status == 401)
		return "the key was refused";
	if (status == 402 || status == 403)
		return "the key may not do this";
	if (status >= 300 && status < 400)
		return "redirected; check base_url";
	if (status == 429)
		return "too many calls";
	return status >= 500 ? "the service failed" : "answered";
}

bool
npstoday_push_result(void *self, const struct http_res *res,
    struct push_result *result, struct err *err)
{
	const struct npstoday *n = self;

	(void)err;
	*result = (struct push_result){ .outcome = PUSH_UNKNOWN };
	if (is_ok(n->set->send.ok, res->status)) {
		ok_result(n, res, result);
		return true;
	}
	if (res->status != 401 && by_configuration(n, res, result))
		return true;
	result->outcome = status_outcome(n->set, res);
	if (result->outcome == PUSH_AGAIN && res->retry_after_s > 0)
		result->retry_after_s = res->retry_after_s;
	reason_set(n->set, res, status_words(res->status), result);
	return true;
}
