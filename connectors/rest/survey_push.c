/*
 * survey_push.c - the request of a send; survey_result.c has what its answer
 * means.  How this can ask twice, or lose, and what stops it:
 *  - a template without {ref}: nothing could tell a send from another after a
 *    lost reply, nor an answer's card; the profile is refused;
 *  - a time to come and nowhere to put it: nobody is asked in the night.
 */
#include <string.h>

#include "clock.h"
#include "survey_int.h"
#include "uses.h"

#define EARLY_MAX_S 3600	/* a send in the hour before is on time */

/* ---- holes ------------------------------------------------------------------ */
struct person {
	const struct respondent *r;
	struct arena *arena;
};

static const char *const send_holes[] = { "contact.email", "contact.phone",
	"contact.first_name", "contact.last_name", "contact.name", "contact.id",
	"contact.language", "contact.country", "contact.department",
	"company.name", "company.id", "company.segment", "employee.id",
	"employee.name", "employee.email", "employee.department",
	"employee.first_name", "employee.last_name", "campaign.id", "trigger",
	"ref", "send_at", "extra.*", NULL };

/* The last word of a whole name is the last name. */
static const char *
part_of(struct arena *arena, const char *full, bool last)
{
	const char *blank = full == NULL ? NULL : strrchr(full, ' ');

	if (blank == NULL || blank == full)
		return last ? NULL : full;
	return last ? blank + 1
	            : arena_strndup(arena, full, (size_t)(blank - full));
}

static const char *
name_of(const struct person *p, bool last)
{
	const struct person_name *name = &p->r->name;

	if (name->first != NULL || name->last != NULL)
		return last ? name->last : name->first;
	return part_of(p->arena, name->full, last);
}

static const char *
extra_of(const struct respondent *r, const char *name)
{
	for (size_t i = 0; r->extra != NULL && r->extra[i][0] != NULL; i++)
		if (strcmp(r->extra[i][0], name) == 0)
			return r->extra[i][1];
	return NULL;
}

/* False: none of these names. */
static bool
plain_of(const struct person *p, const char *name, const char **out)
{
	const struct respondent *r = p->r;
	const struct { const char *name, *text; } texts[] = {
		{ "contact.email", r->email }, { "contact.phone", r->phone },
		{ "contact.name", r->name.full },
		{ "contact.id", r->contact_id },
		{ "contact.language", r->language },
		{ "contact.country", r->country },
		{ "contact.department", r->department },
		{ "company.name", r->company },
		{ "company.id", r->company_id },
		{ "company.segment", r->segment },
		{ "employee.id", r->employee.id },
		{ "employee.name", r->employee.name },
		{ "employee.email", r->employee.email },
		{ "employee.department", r->employee.department },
		{ "campaign.id", r->campaign_id }, { "trigger", r->trigger },
		{ "ref", r->ref } };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strcmp(name, texts[i].name) == 0) {
			*out = texts[i].text;
			return true;
		}
	return false;
}

static bool
hole_of(void *arg, const char *name, struct hole_value *out)
{
	const struct person *p = arg;
	const char *text = NULL;

	if (strcmp(name, "send_at") == 0) {
		*out = (struct hole_value){ .type = HOLE_TIME,
			.at = p->r->send_at };
		return true;
	}
	if (strcmp(name, "contact.first_name") == 0)
		text = name_of(p, false);
	else if (strcmp(name, "contact.last_name") == 0)
		text = name_of(p, true);
	else if (strcmp(name, "employee.first_name") == 0)
		text = part_of(p->arena, p->r->employee.name, false);
	else if (strcmp(name, "employee.last_name") == 0)
		text = part_of(p->arena, p->r->employee.name, true);
	else if (strncmp(name, "extra.", 6) == 0)
		text = extra_of(p->r, name + 6);
	else if (!plain_of(p, name, &text))
		return false;
	*out = (struct hole_value){ .type = HOLE_TEXT, .text = text };
	return true;
}

/* ---- request ------------------------------------------------------------------ */
bool
rest_send_check(const struct rest_survey *s, struct err *err)
{
	const struct rest_send *send = &survey_part(s)->send;

	if (!rest_request_given(&send->request))
		return err_set(err, ERR_CONFIG, "profile %s: send.request is not "
		    "given", rest_at(&s->rest, "send.request"));
	if (!rest_check(&s->rest, &send->request, send_holes, "send.request",
	        err))
		return false;
	return rest_request_uses(&send->request, "ref") ? true : err_set(err,
	    ERR_CONFIG, "profile %s: send.request: expected {ref}, by which a "
	    "send and its answer are found again", rest_at(&s->rest,
	    "send.request"));
}

static bool
is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static bool
channel_check(const struct rest_send *send, const struct respondent *r,
    struct err *err)
{
	switch ((enum rest_channel)send->channel) {
	case REST_EMAIL:
		return is_given(r->email) ? true : err_set(err, ERR_REJECTED,
		    "no address for an e-mail campaign");
	case REST_SMS:
		return is_given(r->phone) ? true : err_set(err, ERR_REJECTED,
		    "no phone number for an SMS campaign");
	case REST_ANY:
		break;
	}
	return is_given(r->email) || is_given(r->phone) ? true : err_set(err,
	    ERR_REJECTED, "neither address nor phone number");
}

/* What can be known before any byte leaves. */
static bool
respondent_check(const struct rest_survey *s, const struct respondent *r,
    struct err *err)
{
	const struct rest_send *send = &survey_part(s)->send;
	const struct connector_env *env = s->rest.env;

	if (!is_given(r->ref))
		return err_set(err, ERR_BUG, "a send without reference");
	if (rest_request_uses(&send->request, "campaign.id") &&
	    !is_given(r->campaign_id))
		return err_set(err, ERR_REJECTED, "no campaign");
	if (r->send_at != NO_TIME &&
	    !rest_request_uses(&send->request, "send_at") &&
	    r->send_at - env->now(env->clock) > EARLY_MAX_S)
		return err_set(err, ERR_CONFIG, "profile %s: send.request has no "
		    "{send_at}, so people would be asked at once and not at "
		    "send.at", rest_at(&s->rest, "send.request"));
	return channel_check(send, r, err);
}

bool
rest_push_request(void *self, const struct respondent *r, struct http_req *req,
    struct err *err)
{
	struct rest_survey *s = self;
	const struct rest_send *send = &survey_part(s)->send;
	struct person p = { .r = r, .arena = s->rest.env->scratch };

	if (!respondent_check(s, r, err) ||
	    !rest_build(&s->rest, &send->request, hole_of, &p, req, err))
		return false;
	req->repeatable = send->idempotent;
	return true;
}
