/*
 * survey.c - any survey service that speaks HTTP, by a profile: the table, open
 * and check.  README.md says what a profile holds.
 */
#include "survey.h"

#include <stdlib.h>

#include "survey_int.h"
#include "uses.h"

/* ---- open and close ------------------------------------------------------------ */
static void
survey_close(void *self)
{
	struct rest_survey *s = self;

	if (s == NULL)
		return;
	rest_close(&s->rest);
	free(s);
}

static bool
survey_open(const struct connector_env *env, void **self, struct err *err)
{
	const struct rest_survey_settings *set = env->settings;
	struct rest_survey *s = calloc(1, sizeof(*s));

	*self = s;
	if (s == NULL)
		return err_nomem(err);
	s->set = set;
	return rest_open(&s->rest, env, &set->place, &set->profile.base,
		   &set->profile.from, err) &&
	    rest_send_check(s, err) && rest_lists_check(s, err) &&
	    rest_person_check(s, err) &&
	    (!rest_request_given(&set->profile.part.check) ||
		rest_check(&s->rest, &set->profile.part.check, NULL, "check",
		    err));
}

static bool
survey_renew(void *self, struct err *err)
{
	struct rest_survey *s = self;

	return rest_renew(&s->rest, err);
}

/* ---- check --------------------------------------------------------------------- */
static bool
nobody(void *arg, const char *id, const char *name)
{
	(void)arg;
	(void)id;
	(void)name;
	return true;
}

/* One cheap read; a profile has `check`, or its campaigns serve. */
static bool
survey_check(void *self, struct err *err)
{
	struct rest_survey *s = self;
	const struct rest_request *req = &survey_part(s)->check;
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct http_res res = { .body = "" };

	if (!rest_request_given(req))
		return rest_list_campaigns(s, nobody, NULL, err) ||
		    (err->kind == ERR_DONE && err_set(err, ERR_CONFIG,
			 "profile %s: expected check or campaigns, by which "
			 "address and credentials are tried",
			 s->rest.profile));
	arena_reset(s->rest.page);
	return rest_call(&s->rest, req, NULL, NULL, &res, &doc, err) &&
	    rest_is_success(&s->rest, &res,
		doc == NULL ? NULL : json_root(doc), err);
}

/* What the profile leaves out and a person must know. */
static const char *
survey_lacks(const void *settings, size_t i)
{
	const struct rest_survey_settings *set = settings;
	const struct rest_survey_part *part = &set->profile.part;
	const char *lines[5];
	size_t n = 0;

	if (!rest_listing_given(&part->answers.read))
		lines[n++] = "the profile lists no answers: none comes back";
	else if (part->answers.score_max != 10)
		lines[n++] = "the service's scores do not go from 0 to 10: its "
		    "answers are counted without a score";
	if (!rest_listing_given(&part->optouts.read))
		lines[n++] = part->answers.opted_out.n > 0
		    ? "the profile lists no opt-outs: who declines at the "
		      "service is known only by an answer"
		    : "the profile lists no opt-outs: who declines at the "
		      "service is asked again";
	if (!rest_listing_given(&part->sent.read))
		lines[n++] = "the profile lists no sends: a send whose outcome is "
		    "unknown stays so until a person settles it";
	if (!rest_listing_given(&part->campaigns.read))
		lines[n++] = "the profile lists no campaigns: those of the "
		    "configuration were not looked up";
	return i < n ? lines[i] : NULL;
}

/* A mail goes out when the request comes, unless {send_at} is in it. */
static void
survey_narrow(const void *settings, struct survey_connector *copy)
{
	const struct rest_survey_settings *set = settings;
	const struct rest_survey_part *part = &set->profile.part;
	uint32_t gone = 0;

#define TAKE_OUT(given, bit, member) \
	if (!(given)) { \
		gone |= (bit); \
		copy->member = NULL; \
	}
	TAKE_OUT(rest_listing_given(&part->campaigns.read),
	    SURVEY_CAP_CAMPAIGNS, list_campaigns)
	TAKE_OUT(rest_listing_given(&part->sent.read), SURVEY_CAP_FIND,
	    find_sent)
	TAKE_OUT(rest_listing_given(&part->sent.read), SURVEY_CAP_SENT,
	    pull_sent)
	TAKE_OUT(rest_listing_given(&part->answers.read), SURVEY_CAP_ANSWERS,
	    pull_answers)
	TAKE_OUT(rest_listing_given(&part->optouts.read), SURVEY_CAP_OPTOUTS,
	    pull_optouts)
	TAKE_OUT(rest_request_given(&part->do_not_contact.request),
	    SURVEY_CAP_DO_NOT_CONTACT, set_do_not_contact)
	TAKE_OUT(rest_request_given(&part->erase.request), SURVEY_CAP_ERASE,
	    erase)
#undef TAKE_OUT
	if (!rest_request_uses(&part->send.request, "send_at"))
		gone |= SURVEY_CAP_SCHEDULES;
	copy->info.caps &= ~gone;
}

/* Asked all the same, what the profile leaves out answers ERR_DONE, find_sent
 * FIND_CANNOT_SAY. */
const struct survey_connector rest_survey = {
	.info = { .api = CONNECTOR_API, .name = "rest",
	    .summary = "any survey service, by a profile",
	    .opts = rest_survey_opts,
	    .settings_size = sizeof(struct rest_survey_settings),
	    .caps = SURVEY_CAP_SCHEDULES | SURVEY_CAP_CAMPAIGNS |
		SURVEY_CAP_FIND | SURVEY_CAP_SENT | SURVEY_CAP_ANSWERS |
		SURVEY_CAP_OPTOUTS |
		SURVEY_CAP_DO_NOT_CONTACT | SURVEY_CAP_ERASE },
	.open = survey_open,
	.close = survey_close,
	.check = survey_check,
	.renew = survey_renew,
	.narrow = survey_narrow,
	.lacks = survey_lacks,
	.list_campaigns = rest_list_campaigns,
	.push_request = rest_push_request,
	.push_result = rest_push_result,
	.find_sent = rest_find_sent,
	.pull_sent = rest_pull_sent,
	.pull_answers = rest_pull_answers,
	.pull_optouts = rest_pull_optouts,
	.set_do_not_contact = rest_do_not_contact,
	.erase = rest_erase_person,
};
