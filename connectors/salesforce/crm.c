/*
 * crm.c - Salesforce, by its REST API.
 *
 * Talks to: REST API, version of api_version (62.0 and later); never tried with
 * a live org.  What is proven by what stands in README.md.
 */
#include <stdlib.h>

#include "reading.h"
#include "writing.h"

#define OWN_MAX_BYTES ((size_t)8388608)

static void
crm_close(void *self)
{
	struct salesforce *s = self;

	if (s == NULL)
		return;
	apicall_close(&s->api);
	arena_free(s->own);
	free(s);
}

static bool
crm_open(const struct connector_env *env, void **self, struct err *err)
{
	struct salesforce *s = calloc(1, sizeof(*s));

	*self = s;
	if (s == NULL)
		return err_nomem(err);
	s->env = *env;
	s->set = env->settings;
	s->own = arena_new(OWN_MAX_BYTES);
	if (s->own == NULL)
		return err_nomem(err);
	return sf_session_open(s, err);
}

static bool
crm_renew(void *self, struct err *err)
{
	struct salesforce *s = self;

	return apicall_renew(&s->api, err);
}

/* ---- check ------------------------------------------------------------- */
/* The fields that say who must not be asked, those that the streams in use
 * need, and one row of each object: the cheapest that proves address, client,
 * user and permissions. */
static bool
on_row(void *arg, const struct sf_page *page, struct err *err)
{
	(void)arg, (void)page, (void)err;
	return true;
}

static bool
try_object(struct salesforce *s, const char *object, struct err *err)
{
	AUTO(buf) struct buf soql;
	struct sf_query q = { .label = object, .page = on_row };

	buf_init(&soql, SOQL_MAX_BYTES);
	soql_one(&soql, object);
	q.soql = buf_text(&soql);
	return soql.failed ? err_nomem(err) : sf_query(s, &q, err);
}

static bool
check_meetings(struct salesforce *s, struct sf_events *e, struct err *err)
{
	return sf_meetings_begin(e, err) && try_object(s,
	    s->set->meeting_object == SF_MEETING_TASK ? "Task" : "Event", err);
}

static bool
check_deals(struct salesforce *s, struct sf_events *e, struct err *err)
{
	return sf_deals_begin(e, err) && try_object(s, "Opportunity", err) &&
	    try_object(s, "OpportunityContactRole", err);
}

static bool
check_cases(struct salesforce *s, struct sf_events *e, struct err *err)
{
	return sf_cases_begin(e, err) && try_object(s, "Case", err);
}

static bool
crm_check(void *self, struct err *err)
{
	struct salesforce *s = self;
	const struct sf_settings *set = s->set;
	struct sf_events e = { .s = s };	/* begun, never run */

	return sf_ready(s, err) && try_object(s, "Contact", err) &&
	    (!set->meetings || check_meetings(s, &e, err)) &&
	    (!set->deals || check_deals(s, &e, err)) &&
	    (!set->cases || check_cases(s, &e, err));
}

/* ---- what these settings leave out ------------------------------------- */
static const char *
crm_lacks(const void *settings, size_t i)
{
	const struct sf_settings *set = settings;
	const char *lines[4];
	size_t n = 0;

	if (*set->employment_field == '\0' && !set->use_account_contact_relation)
		lines[n++] = "neither employment_field nor "
		    "use_account_contact_relation: who left the company is not "
		    "known";
	if (*set->optout_field == '\0')
		lines[n++] = "optout_field is empty: the CRM's own opt-outs are "
		    "not known";
	if (*set->w.tag_field == '\0' && *set->nosend_field == '\0')
		lines[n++] = "neither tag_field nor nosend_field: who declined "
		    "in the CRM is not known";
	if (*set->company_tag_field == '\0')
		lines[n++] = "company_tag_field is empty: a company's no-send "
		    "tag is not known";
	return i < n ? lines[i] : NULL;
}

static void
crm_narrow(const void *settings, struct crm_connector *copy)
{
	const struct sf_settings *set = settings;

	sf_writing_narrow(set, copy);
	if (set->meetings || set->deals || set->cases)
		return;
	copy->info.caps &= ~(uint32_t)CRM_CAP_EVENTS;
	copy->pull_events = NULL;
}

/* ---- the border -------------------------------------------------------- */
const struct crm_connector salesforce_crm = {
	.info = { .api = CONNECTOR_API, .name = "salesforce",
	    .summary = "Salesforce, by its REST API",
	    .opts = salesforce_opts,
	    .settings_size = sizeof(struct sf_settings),
	    .http = true,
	    .caps = CRM_CAP_EVENTS | CRM_CAP_ACTIVITIES |
		CRM_CAP_CONTACTS | CRM_CAP_FIND | CRM_CAP_VALUES |
		CRM_CAP_CARD_LINK | CRM_CAP_ENSURE_TAGS | CRM_CAP_TAGS |
		CRM_CAP_FIELDS | CRM_CAP_ANSWERS | CRM_CAP_FEED |
		CRM_CAP_TASKS },
	.open = crm_open,
	.close = crm_close,
	.check = crm_check,
	.renew = crm_renew,
	.narrow = crm_narrow,
	.lacks = crm_lacks,
	.pull_events = sf_pull_events,
	.pull_activities = sf_pull_activities,
	.pull_contacts = sf_pull_contacts,
	.load_contacts = sf_load_contacts,
	.find_contact = sf_find_contact,
	.list_values = sf_list_values,
	.setup = sf_setup,
	.ensure_tags = sf_ensure_tags,
	.tags_max = SF_COLLECTION_MAX,
	.tags_request = sf_tags_request,
	.tags_result = sf_tags_result,
	.effects_max = SF_COLLECTION_MAX,
	.once_max = 1,
	.put_fields = sf_put_fields,
	.put_answer = sf_put_answer,
	.post_feed = sf_post_feed,
	.put_task = sf_put_task,
};
