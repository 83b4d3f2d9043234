/*
 * crm.c - SuperOffice CRM, Online and onsite, by its REST Web API v1.
 *
 * Talks to: the login host (where the tenant is, a system user's ticket) and
 * /api/v1 of the tenant.  Never tried with a live tenant; what is not confirmed
 * is an option, README.md lists it.
 */
#include <stdlib.h>

#include "reading.h"
#include "writing.h"

#define PAGE_MAX_BYTES ((size_t)64 << 20)
#define ITEM_MAX_BYTES ((size_t)4 << 20)

static void
crm_close(void *self)
{
	struct superoffice *s = self;

	if (s == NULL)
		return;
	so_writer_close(s);
	apicall_close(&s->api);
	arena_free(s->item);
	arena_free(s->page);
	free(s);
}

static bool
crm_open(const struct connector_env *env, void **self, struct err *err)
{
	static const struct api_rules later = { .judge = so_judge };
	struct superoffice *s = calloc(1, sizeof(*s));

	*self = s;
	if (s == NULL)
		return err_nomem(err);
	s->set = env->settings;
	s->zone = env->timezone;
	s->page = arena_new(PAGE_MAX_BYTES);
	s->item = arena_new(ITEM_MAX_BYTES);
	if (s->page == NULL || s->item == NULL)
		return err_nomem(err);
	return apicall_open(&s->api, env, &later, err) &&
	    so_session_open(s, err) && so_reader_open(s, err) &&
	    so_writer_open(s, err);
}

static bool
crm_renew(void *self, struct err *err)
{
	struct superoffice *s = self;

	return apicall_renew(&s->api, err);
}

static bool
crm_check(void *self, struct err *err)
{
	return so_reader_check(self, err);
}

/* ---- what these settings offer ----------------------------------------- */
/* Of who an event names, whom an alarm looks for. */
static size_t
who_lacks(const struct so_settings *set, const char **lines)
{
	size_t n = 0;

	if ((set->meetings || set->deals) && !so_who_fits(set,
	    set->employee_column))
		lines[n++] = "employee_column shows ids and the owners of "
		    "companies names, or the other way round (owner_column): an "
		    "alarm may not find its address";
	if (set->cases && !so_who_fits(set, set->ticket_owner_column))
		lines[n++] = "ticket_owner_column shows ids and the owners of "
		    "companies names, or the other way round (owner_column): an "
		    "alarm of a request may not find its address";
	return n;
}

static const char *
crm_lacks(const void *settings, size_t i)
{
	const struct so_settings *set = settings;
	const char *lines[8];
	size_t n = 0;

	if (*set->nosend == '\0')
		lines[n++] = "nosend is empty: who declined surveys in the CRM "
		    "is not known, but for \"no mailings\"";
	if (set->consent_rule == SO_CONSENT_OFF)
		lines[n++] = "consent_rule is \"off\": who withdrew the "
		    "consent in the CRM is asked all the same";
	if (set->deals && !set->sale_history)
		lines[n++] = "sale_history is off: a sale counts from its date, "
		    "as somebody typed it: one that lies back may be too old";
	n += who_lacks(set, lines + n);
	if (!set->contact_stream)
		lines[n++] = "contact_stream is off: who fell silent is known "
		    "only of persons whom npsync has met";
	if (set->meetings && set->meeting_task_ids.n == 0)
		lines[n++] = "meeting_task_ids is empty: no meetings are read";
	if (set->auth == SO_SYSTEM_USER && set->jwt_verify == SO_JWT_CLAIMS)
		lines[n++] = "jwt_verify is \"claims\": the signature of the "
		    "login's token is not verified, only that it came from the "
		    "login host (TLS)";
	return i < n ? lines[i] : NULL;
}

static void
crm_narrow(const void *settings, struct crm_connector *copy)
{
	const struct so_settings *set = settings;

	so_writing_narrow(set, copy);
	if (!set->contact_stream) {
		copy->info.caps &= ~(uint32_t)CRM_CAP_CONTACTS;
		copy->pull_contacts = NULL;
	}
	if (set->meetings || set->deals || set->cases)
		return;
	copy->info.caps &= ~(uint32_t)CRM_CAP_EVENTS;
	copy->pull_events = NULL;
}

/* ---- the border -------------------------------------------------------- */
const struct crm_connector superoffice_crm = {
	.info = { .api = CONNECTOR_API, .name = "superoffice",
		.summary = "SuperOffice CRM, by its REST Web API",
		.opts = superoffice_opts,
		.settings_size = sizeof(struct so_settings),
		.http = true,
		.caps = CRM_CAP_EVENTS | CRM_CAP_ACTIVITIES |
		    CRM_CAP_CONTACTS | CRM_CAP_FIND | CRM_CAP_VALUES |
		    CRM_CAP_ENSURE_TAGS | CRM_CAP_TAGS |
		    CRM_CAP_FIELDS | CRM_CAP_TASKS },
	.open = crm_open,
	.close = crm_close,
	.check = crm_check,
	.renew = crm_renew,
	.narrow = crm_narrow,
	.setup = so_setup,
	.lacks = crm_lacks,
	.pull_events = so_pull_events,
	.pull_activities = so_pull_activities,
	.pull_contacts = so_pull_contacts,
	.load_contacts = so_load_contacts,
	.find_contact = so_find_contact,
	.list_values = so_list_values,
	.ensure_tags = so_ensure_tags,
	.tags_max = 1,
	.tags_request = so_tags_request,
	.tags_result = so_tags_result,
	.effects_max = 1,
	.once_max = 1,
	.put_fields = so_put_fields,
	.put_task = so_put_task,
};
