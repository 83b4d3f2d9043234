/*
 * sim.h - tests/sim/dynamics as a process of the test, with a connector opened
 * on it.  The server ends with the test, however that ends.
 */
#ifndef TESTS_DYNAMICS_SIM_H
#define TESTS_DYNAMICS_SIM_H

#include "crmsim.h"
#include "json.h"
#include "rig.h"

#define SIM_NOW "2026-11-25T02:00:00Z"
#define SIM_TENANT "contoso.onmicrosoft.com"

struct world {
	struct rig rig;
	const char *certificate;	/* of the connector, with its key */
	struct crmsim *sim;
};

static inline void
world_start(struct world *w, const char *const *options)
{
	*w = (struct world){ .sim = crmsim_start("dynamics", SIM_NOW, options) };
}

static inline void
world_stop(struct world *w)
{
	crmsim_stop(w->sim);
}

/* POST to a control; ' stands for ".  The answer is the caller's. */
#define world_ask(w, ...) \
	((void)crmsim_ask((w)->sim, __VA_ARGS__), crmsim_keep((w)->sim))
#define world_tell(...) json_free(world_ask(__VA_ARGS__))

/* How many rows of a table fulfil a condition. */
static inline long long
world_count(struct world *w, const char *table, const char *where)
{
	struct json_doc *doc = world_ask(w, "rows", "{'table':'%s','where':"
	    "'%s','limit':0}", table, where);
	const long long n = json_integer_value(json_object_get(json_root(doc),
	    "total"));

	json_free(doc);
	return n;
}

static inline long long
world_stat(struct world *w, const char *path)
{
	return crmsim_stat(w->sim, path);
}

/* The connector on it; more as in rig_settings. */
static inline void
world_open(struct world *w, const char *more)
{
	struct rig *rig = &w->rig;

	rig_begin(rig, NULL, 0);
	if (!rig_settings(rig, crmsim_url(w->sim), more))
		fail_msg("%s", rig->err.msg);
	rig->set.token_url = arena_printf(rig->arena, "%s/" SIM_TENANT
	    "/oauth2/v2.0/token", crmsim_url(w->sim));
	rig->set.client_id = "11111111-2222-4333-8444-555555555555";
	if (rig->set.auth == DYNAMICS_SECRET)
		rig->set.secret = "sim-secret-0123456789";
	else
		rig->set.certificate = w->certificate;
	if (!rig_open(rig))
		fail_msg("%s", rig->err.msg);
}

static inline void
world_close(struct world *w)
{
	rig_end(&w->rig, true);
}

#endif
