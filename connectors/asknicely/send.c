/*
 * send.c - the request that asks a person.  How it could ask wrongly, and what
 * stops it:
 *  - a name that ends a field, or a "+" that becomes a blank: all is percent-
 *    encoded;
 *  - triggeremail, thendeactivate override what people said: no setting sends
 *    them, and survey.fields may write custom fields ("..._c") only;
 *  - a mail in the night: a send time that the service would not keep is
 *    refused, and a time that is past is no negative delay.
 */
#include "asknicely.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "url.h"

#define BODY_MAX_BYTES ((size_t)65536)
#define EARLY_MAX_S 3600	/* a send in the hour before is on time */

static bool
is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

bool
asknicely_is_custom_name(const char *name)
{
	const size_t len = strlen(name);

	return len > 2 && len <= 64 && strspn(name,
	    "abcdefghijklmnopqrstuvwxyz0123456789_") == len &&
	    strcmp(name + len - 2, "_c") == 0;
}

/* ---- what can be known before any byte leaves ------------------------- */

static bool
is_sms(const struct asknicely_campaign *c)
{
	return c != NULL && c->channel == CHANNEL_SMS;
}

static bool
check_person(const struct asknicely *a, const struct respondent *r,
    const struct asknicely_campaign *c, struct err *err)
{
	if (!is_given(r->campaign_id))
		return err_set(err, ERR_REJECTED, "no campaign");
	if (!is_given(r->ref))
		return err_set(err, ERR_BUG, "a send without reference");
	if (!is_given(r->email))
		return err_set(err, ERR_REJECTED, "no address: AskNicely knows "
		    "people by it");
	if (is_sms(c) && a->set->send.phone_field[0] != '\0' &&
	    !is_given(r->phone))
		return err_set(err, ERR_REJECTED,
		    "no phone number for the SMS campaign %.40s", c->id);
	return true;
}

static bool
is_delayed(const struct asknicely *a, const struct asknicely_campaign *c)
{
	return a->set->send.use_delay && !is_sms(c);
}

/* The survey would leave with the request, in the night. */
static bool
check_time(const struct asknicely *a, const struct respondent *r,
    const struct asknicely_campaign *c, struct err *err)
{
	if (is_delayed(a, c) || r->send_at == NO_TIME ||
	    r->send_at - asknicely_now(a) <= EARLY_MAX_S)
		return true;
	return err_set(err, ERR_CONFIG, "campaign %.40s: %s, so people would be "
	    "asked at once and not at send.at", r->campaign_id, is_sms(c)
	    ? "an SMS is not kept" : "send.use_delay is false");
}

/* ---- the form ----------------------------------------------------------- */

struct form {
	struct buf body;
	struct arena *arena;
};

static void
add(struct form *f, const char *name, const char *value)
{
	if (!is_given(name) || !is_given(value))
		return;
	const char *escaped = url_escape(f->arena, value);
	if (escaped == NULL)
		f->body.failed = f->body.no_memory = true;
	else
		(void)buf_printf(&f->body, "%s%s=%s",
		    f->body.len == 0 ? "" : "&", name, escaped);
}

static void
add_number(struct form *f, const char *name, long long n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", n);
	add(f, name, text);
}

static void
add_name(struct form *f, const struct person_name *name)
{
	if (!is_given(name->first) && !is_given(name->last)) {
		add(f, "name", name->full);
		return;
	}
	add(f, "firstname", name->first);
	add(f, "lastname", name->last);
}

/* Whole minutes, so that nobody is asked before the time. */
static long long
delay_minutes(const struct asknicely *a, const struct respondent *r)
{
	const time_t now = asknicely_now(a);

	return r->send_at == NO_TIME || r->send_at <= now ? 0
	    : (long long)((r->send_at - now + 59) / 60);
}

static void
add_campaign(struct form *f, const struct asknicely *a,
    const struct respondent *r, const struct asknicely_campaign *c)
{
	const struct asknicely_settings *set = a->set;

	add(f, "segment", c != NULL && is_given(c->segment) ? c->segment
	                                                    : r->campaign_id);
	if (is_delayed(a, c))
		add_number(f, "delayminutes", delay_minutes(a, r));
	if (set->send.addcontact == ADDCONTACT_FALSE)
		add(f, "addcontact", "false");
	if (is_sms(c))
		add(f, set->send.phone_field, r->phone);
	add(f, set->send.campaign_field, r->campaign_id);
	add(f, set->send.ref_field, r->ref);
	add_number(f, set->send.at_field, (long long)(r->send_at == NO_TIME
	    ? asknicely_now(a) : r->send_at));
}

static bool
is_own_field(const struct asknicely_settings *set, const char *name)
{
	return strcmp(name, set->send.campaign_field) == 0 ||
	    strcmp(name, set->send.ref_field) == 0 ||
	    strcmp(name, set->send.at_field) == 0 ||
	    strcmp(name, set->send.phone_field) == 0;
}

/* survey.fields: custom fields alone, so that no setting can override what the
 * service keeps of people's wishes. */
static bool
add_extra(struct form *f, const struct asknicely *a,
    const struct respondent *r, struct err *err)
{
	for (size_t i = 0; r->extra != NULL && r->extra[i][0] != NULL; i++) {
		const char *name = r->extra[i][0];
		if (!asknicely_is_custom_name(name) ||
		    is_own_field(a->set, name))
			return err_set(err, ERR_CONFIG, "survey.fields: expected "
			    "names of small letters, digits and \"_\" that end in "
			    "\"_c\", and none of npsync's own; got \"%.40s\"",
			    name);
		add(f, name, r->extra[i][1]);
	}
	return true;
}

static bool
form_write(struct form *f, const struct asknicely *a,
    const struct respondent *r, const struct asknicely_campaign *c,
    struct err *err)
{
	add(f, "email", r->email);
	add_name(f, &r->name);
	add_campaign(f, a, r, c);
	if (!add_extra(f, a, r, err))
		return false;
	if (f->body.no_memory)
		return err_nomem(err);
	return !f->body.failed || err_set(err, ERR_REJECTED,
	    "the fields together are longer than %zu bytes", BODY_MAX_BYTES);
}

bool
asknicely_push_request(void *self, const struct respondent *r,
    struct http_req *req, struct err *err)
{
	const struct asknicely *a = self;
	struct arena *scratch = a->env->scratch;
	const struct asknicely_campaign *c = asknicely_campaign(a->set,
	    r->campaign_id);
	struct form form = { .arena = scratch };

	if (!check_person(a, r, c, err) || !check_time(a, r, c, err))
		return false;
	buf_init(&form.body, BODY_MAX_BYTES);
	const bool ok = form_write(&form, a, r, c, err);
	*req = (struct http_req){ .method = "POST",
		.url = url_join(scratch, a->set->base_url, a->set->send.path),
		.headers = a->send_headers,
		.body = arena_strndup(scratch, buf_text(&form.body),
		    form.body.len),
		.body_len = form.body.len };
	buf_free(&form.body);
	if (ok && (req->url == NULL || req->body == NULL))
		return err_nomem(err);
	return ok;
}
