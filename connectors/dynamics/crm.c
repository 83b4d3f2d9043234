/*
 * crm.c - Dynamics 365 and every other application on Dataverse, by its Web
 * API (OData 4.0, v9.2).
 *
 * Talks to: /api/data/v9.2 of an environment, as an application user, and the
 * token endpoint of Entra ID.  Never tried with a live environment; what is
 * not confirmed is an option, README.md lists it.
 */
#include "dynamics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define PAGE_MAX_BYTES ((size_t)64 << 20)
#define ITEM_MAX_BYTES ((size_t)4 << 20)
#define SOON_DAYS 30	/* a secret that ends is told of as a warning */

/* ---- open and close ---------------------------------------------------- */

static void
crm_close(void *self)
{
	struct dynamics *d = self;

	if (d == NULL)
		return;
	dynamics_writer_close(d);
	dynamics_reader_close(d);
	apicall_close(&d->api);
	arena_free(d->item);
	arena_free(d->page);
	free(d);
}

static bool
crm_open(const struct connector_env *env, void **self, struct err *err)
{
	struct dynamics *d = calloc(1, sizeof(*d));
	const struct api_rules rules = { .ask = dynamics_auth_ask,
		.judge = dynamics_judge, .gzip = true, .headers = dynamics_headers,
		.wanted = dynamics_wanted,
		.arg = d };

	*self = d;
	if (d == NULL)
		return err_nomem(err);
	d->set = env->settings;
	d->zone = env->timezone;
	d->page = arena_new(PAGE_MAX_BYTES);
	d->item = arena_new(ITEM_MAX_BYTES);
	if (d->page == NULL || d->item == NULL)
		return err_nomem(err);
	return apicall_open(&d->api, env, &rules, err) &&
	    dynamics_auth_open(d, err) && dynamics_reader_open(d, err) &&
	    dynamics_writer_open(d, err);
}

static bool
crm_renew(void *self, struct err *err)
{
	struct dynamics *d = self;

	return apicall_renew(&d->api, err);
}

/* ---- what these settings offer ----------------------------------------- */

static const char *
crm_lacks(const void *settings, size_t i)
{
	static char life[96];	/* one thread; read before the next call */
	const struct dynamics_settings *set = settings;
	const char *lines[4];
	size_t n = 0;
	int days;

	if (dynamics_auth_days_left(set, clock_now(), &days) &&
	    days < SOON_DAYS) {
		(void)snprintf(life, sizeof(life), days < 0 ? "the %s ended %d "
		    "days ago" : "the %s is good for %d more days",
		    set->auth == DYNAMICS_SECRET ? "client secret"
		    : "certificate", days < 0 ? -days : days);
		lines[n++] = life;
	}
	if (*set->tag_column == '\0' && *set->nosend_column == '\0')
		lines[n++] = "neither tag_column nor nosend_column is set: who "
		    "declined by a tag in the CRM is not known";
	if (set->suppress_on.n == 0)
		lines[n++] = "suppress_on is empty: who declined mail in the "
		    "CRM is asked all the same";
	if (*set->employment_field == '\0')
		lines[n++] = "employment_field is empty: who still works for "
		    "the company is not known";
	return i < n ? lines[i] : NULL;
}

static void
crm_narrow(const void *settings, struct crm_connector *copy)
{
	dynamics_writing_narrow(settings, copy);
}

/* ---- the border -------------------------------------------------------- */

const struct crm_connector dynamics_crm = {
	.info = { .api = CONNECTOR_API, .name = "dynamics",
		.summary = "Dynamics 365, by the Web API of Dataverse",
		.opts = dynamics_opts,
		.settings_size = sizeof(struct dynamics_settings),
		.caps = CRM_CAP_EVENTS | CRM_CAP_ACTIVITIES |
		    CRM_CAP_CONTACTS | CRM_CAP_FIND |
		    CRM_CAP_CARD_LINK | CRM_CAP_TAGS | CRM_CAP_FIELDS |
		    CRM_CAP_ANSWERS | CRM_CAP_FEED | CRM_CAP_TASKS |
		    CRM_CAP_VALUES,
		.http = true },
	.open = crm_open,
	.close = crm_close,
	.check = dynamics_check,
	.renew = crm_renew,
	.narrow = crm_narrow,
	.lacks = crm_lacks,
	.pull_events = dynamics_pull_events,
	.pull_activities = dynamics_pull_activities,
	.pull_contacts = dynamics_pull_contacts,
	.load_contacts = dynamics_load_contacts,
	.find_contact = dynamics_find_contact,
	.setup = dynamics_setup,
	.list_values = dynamics_list_values,
	.tags_max = 1,
	.tags_request = dynamics_tags_request,
	.tags_result = dynamics_tags_result,
	.effects_max = 1,
	.once_max = 1,
	.put_fields = dynamics_put_fields,
	.put_answer = dynamics_put_answer,
	.post_feed = dynamics_post_feed,
	.put_task = dynamics_put_task,
};
