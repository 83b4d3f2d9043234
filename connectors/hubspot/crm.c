/*
 * crm.c - HubSpot, by its CRM API.
 *
 * Talks to: the date-based API 2026-09 (or 2026-03, or v3 and v4); never tried
 * with a live portal.  What is proven by what stands in README.md.
 */
#include <stdlib.h>

#include "hubspot.h"

#define OWN_MAX_BYTES ((size_t)8388608)

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

/* The cheapest read that needs the token. */
static bool
crm_check(void *self, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(OWN_MAX_BYTES);
	AUTO(api_res) struct api_res res = { 0 };
	struct hubspot *h = self;

	if (arena == NULL)
		return err_nomem(err);
	return hs_read(h, arena, &(struct hs_call){ .label = "list contacts",
	    .path = hs_path(h, arena, HS_OBJECTS, "/contacts?limit=1") }, &res,
	    err);
}

/* ---- the border ------------------------------------------------------------ */
const struct crm_connector hubspot_crm = {
	.info = { .api = CONNECTOR_API, .name = "hubspot",
	    .summary = "HubSpot, by its CRM API",
	    .opts = hubspot_opts,
	    .settings_size = sizeof(struct hs_settings),
	    .http = true,
	    .caps = 0 },
	.open = crm_open,
	.close = crm_close,
	.check = crm_check,
};
