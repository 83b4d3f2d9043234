/*
 * crm.c - Salesforce, by its REST API.
 *
 * Talks to: REST API, version of api_version (62.0 and later); never tried with
 * a live org.  What is proven by what stands in README.md.
 */
#include <stdlib.h>

#include "salesforce.h"

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

/* One cheap read. */
static bool
crm_check(void *self, struct err *err)
{
	struct salesforce *s = self;
	AUTO(arena) struct arena *arena = arena_new(HTTP_ANSWER_MAX);
	AUTO(api_res) struct api_res res = { 0 };
	const struct api_req req = { .method = "GET", .label = "GET limits",
		.target = arena == NULL ? NULL : sf_path(s, arena, "/limits") };

	if (arena == NULL || req.target == NULL)
		return err_nomem(err);
	return apicall_do(&s->api, arena, &req, &res, err);
}

static bool
load_contacts(void *self, const char *const *ids, size_t n,
    crm_contact_fn *emit, void *arg, struct err *err)
{
	(void)self, (void)ids, (void)n, (void)emit, (void)arg;
	return err_set(err, ERR_CONFIG, "not there yet");
}

const struct crm_connector salesforce_crm = {
	.info = { .api = CONNECTOR_API, .name = "salesforce",
	    .summary = "Salesforce, by its REST API",
	    .opts = salesforce_opts,
	    .settings_size = sizeof(struct sf_settings),
	    .http = true },
	.open = crm_open,
	.close = crm_close,
	.check = crm_check,
	.renew = crm_renew,
	.load_contacts = load_contacts,
};
