/*
 * crm.c - SuperOffice CRM, Online and onsite, by its REST Web API v1.
 *
 * Talks to: the login host (where the tenant is, a system user's ticket) and
 * /api/v1 of the tenant.  Never tried with a live tenant; what is not confirmed
 * is an option, README.md lists it.
 */
#include <stdlib.h>

#include "superoffice.h"

#define PAGE_MAX_BYTES ((size_t)64 << 20)
#define ITEM_MAX_BYTES ((size_t)4 << 20)

static void
crm_close(void *self)
{
	struct superoffice *s = self;

	if (s == NULL)
		return;
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
	    so_session_open(s, err);
}

static bool
crm_renew(void *self, struct err *err)
{
	struct superoffice *s = self;

	return apicall_renew(&s->api, err);
}

/* Who we are is what the cheapest call of a session tells. */
static bool
crm_check(void *self, struct err *err)
{
	struct superoffice *s = self;
	AUTO(api_res) struct api_res res = { 0 };

	arena_reset(s->page);
	return so_get(s, s->page, "/User/currentPrincipal", "GET principal",
	    &res, err);
}

/* ---- the border -------------------------------------------------------- */
const struct crm_connector superoffice_crm = {
	.info = { .api = CONNECTOR_API, .name = "superoffice",
		.summary = "SuperOffice CRM, by its REST Web API",
		.opts = superoffice_opts,
		.settings_size = sizeof(struct so_settings),
		.http = true,
		.caps = 0 },
	.open = crm_open,
	.close = crm_close,
	.check = crm_check,
	.renew = crm_renew,
};
