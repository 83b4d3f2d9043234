/*
 * crm.c - HubSpot, by its CRM API.
 *
 * Talks to: the date-based API 2026-09 (or 2026-03, or v3 and v4); never tried
 * with a live portal.  What is proven by what stands in README.md.
 */
#include <stdlib.h>
#include <string.h>

#include "reading.h"
#include "writing.h"

#define OWN_MAX_BYTES ((size_t)8388608)
#define ROW_MAX_BYTES ((size_t)4194304)

static void
crm_close(void *self)
{
	struct hubspot *h = self;

	if (h == NULL)
		return;
	apicall_close(&h->api);
	arena_free(h->own);
	free(h);
}

static bool
crm_open(const struct connector_env *env, void **self, struct err *err)
{
	struct hubspot *h = calloc(1, sizeof(*h));

	*self = h;
	if (h == NULL)
		return err_nomem(err);
	h->env = *env;
	h->set = env->settings;
	h->own = arena_new(OWN_MAX_BYTES);
	if (h->own == NULL)
		return err_nomem(err);
	return hs_call_open(h, err);
}

/* ---- check ------------------------------------------------------------------- */
/* One row of a type: the scope is there. */
static bool
try_type(struct hubspot *h, const char *type, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(ROW_MAX_BYTES);
	AUTO(api_res) struct api_res res = { 0 };

	if (arena == NULL)
		return err_nomem(err);
	if (!hs_read(h, arena, &(struct hs_call){ .label = arena_printf(arena,
	    "list %s", type), .path = hs_path(h, arena, HS_OBJECTS,
	        arena_printf(arena, "/%s?limit=1", type)) }, &res, err))
		return false;
	return json_is_array(json_object_get(api_root(&res), "results")) ? true :
	    err_set(err, ERR_PROTOCOL, "list %s: expected an array "
	    "\"results\"", type);
}

static bool
try_activities(struct hubspot *h, struct err *err)
{
	const struct strlist *types = &h->set->activity_types;

	for (size_t i = 0; i < types->n; i++)
		if (!(h->set->meetings &&
		    strcmp(types->v[i], "meetings") == 0) && !try_type(h, types->v[i], err))
			return err_wrap(err, "activity_types");
	return true;
}

/* With the stages that end something; not asked for, they are not tried. */
static bool
try_staged(struct hubspot *h, bool is_read, const char *type,
    enum hs_pipelines what, struct err *err)
{
	const struct hs_stages *s;

	return !is_read || (try_type(h, type, err) && hs_stages_get(h, what,
	    &s, err));
}

/* The property of the tags may be missing still: setup makes it. */
static bool
crm_check(void *self, struct err *err)
{
	struct hubspot *h = self;
	const struct hs_settings *set = h->set;

	return try_type(h, "contacts", err) && hs_ready(h, false, err) &&
	    (!set->meetings || try_type(h, "meetings", err)) &&
	    try_staged(h, set->deals, "deals", HS_OF_DEALS, err) &&
	    try_staged(h, set->tickets, "tickets", HS_OF_TICKETS, err) &&
	    try_activities(h, err) && hs_prefs_try(h, err) &&
	    (!set->owners || hs_owners_get(h, err));
}

/* ---- what these settings leave out --------------------------------------------- */
static const char *
crm_lacks(const void *settings, size_t i)
{
	const struct hs_settings *set = settings;
	const char *lines[4];
	size_t n = 0;

	if (*set->employment_property == '\0')
		lines[n++] = "employment_property is empty: who left the company "
		    "is not known";
	if (*set->optout_property == '\0' &&
	    set->optout_source == HS_OPTOUT_PROPERTY)
		lines[n++] = "optout_property is empty: the CRM's own opt-outs "
		    "are not known";
	if (*set->w.tag_property == '\0' && *set->nosend_property == '\0')
		lines[n++] = "neither tag_property nor nosend_property: who "
		    "declined in the CRM is not known";
	lines[n++] = "companies are not read: a company's no-send tag is not "
	    "known";
	return i < n ? lines[i] : NULL;
}

static void
crm_narrow(const void *settings, struct crm_connector *copy)
{
	const struct hs_settings *set = settings;

	hs_writing_narrow(set, copy);
	if (!set->meetings && !set->deals && !set->tickets) {
		copy->info.caps &= ~(uint32_t)CRM_CAP_EVENTS;
		copy->pull_events = NULL;
	}
	if (set->activity_types.n == 0) {
		copy->info.caps &= ~(uint32_t)CRM_CAP_ACTIVITIES;
		copy->pull_activities = NULL;
	}
	if (*set->portal_id == '\0')
		copy->info.caps &= ~(uint32_t)CRM_CAP_CARD_LINK;
}

/* ---- the border ------------------------------------------------------------ */
const struct crm_connector hubspot_crm = {
	.info = { .api = CONNECTOR_API, .name = "hubspot",
	    .summary = "HubSpot, by its CRM API",
	    .opts = hubspot_opts,
	    .settings_size = sizeof(struct hs_settings),
	    .http = true,
	    .caps = CRM_CAP_EVENTS | CRM_CAP_ACTIVITIES |
		CRM_CAP_CONTACTS | CRM_CAP_FIND | CRM_CAP_VALUES |
		CRM_CAP_CARD_LINK | CRM_CAP_ENSURE_TAGS | CRM_CAP_TAGS |
		CRM_CAP_FIELDS },
	.open = crm_open,
	.close = crm_close,
	.check = crm_check,
	.narrow = crm_narrow,
	.lacks = crm_lacks,
	.pull_events = hs_pull_events,
	.pull_activities = hs_pull_activities,
	.pull_contacts = hs_pull_contacts,
	.load_contacts = hs_load_contacts,
	.find_contact = hs_find_contact,
	.list_values = hs_list_values,
	.setup = hs_setup,
	.ensure_tags = hs_ensure_tags,
	.tags_max = HS_BATCH_MAX,
	.tags_request = hs_tags_request,
	.tags_result = hs_tags_result,
	.effects_max = HS_BATCH_MAX,
	.put_fields = hs_put_fields,
};
