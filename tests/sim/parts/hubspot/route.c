/*
 * route.c - which call a path is, in both families of versions.
 */
#include <stdlib.h>

#include "sim.h"

/* {}: an argument, never "search" or "batch"; @: a version by date. */
static const struct route routes[] = {
	{ "POST", "crm/v3/objects/{}/search", "crm/objects/@/{}/search",
	    ON_SEARCH, NULL, on_search },
	{ "POST", "crm/v3/objects/{}/batch/read",
	    "crm/objects/@/{}/batch/read", ON_READ, NULL, on_batch_read },
	{ "POST", "crm/v3/objects/{}/batch/update",
	    "crm/objects/@/{}/batch/update", ON_UPDATE, NULL,
	    on_batch_update },
	{ "GET", "crm/v3/objects/{}", "crm/objects/@/{}", ON_LIST, NULL,
	    on_list },
	{ "GET", "crm/v3/objects/{}/{}", "crm/objects/@/{}/{}", ON_ROW, NULL,
	    on_row },
	{ "PATCH", "crm/v3/objects/{}/{}", "crm/objects/@/{}/{}", ON_UPDATE,
	    NULL, on_patch },
	{ "POST", "crm/v4/associations/{}/{}/batch/read",
	    "crm/associations/@/{}/{}/batch/read", ON_ASSOC, NULL, on_assoc },
	{ "GET", "crm/v4/associations/{}/{}/labels",
	    "crm/associations/@/{}/{}/labels", ON_ASSOC, NULL, on_labels },
	{ "GET", "crm/v3/pipelines/{}", "crm/pipelines/@/{}", ON_PIPELINES,
	    NULL, on_pipelines },
	{ "GET", "crm/v3/properties/{}", "crm/properties/@/{}", ON_PROPERTY,
	    NULL, on_properties },
	{ "GET", "crm/v3/properties/{}/{}", "crm/properties/@/{}/{}",
	    ON_PROPERTY, NULL, on_property },
	{ "POST", "crm/v3/properties/{}", "crm/properties/@/{}",
	    ON_PROPERTY_WRITE, "crm.schemas.contacts.write",
	    on_property_create },
	{ "PATCH", "crm/v3/properties/{}/{}", "crm/properties/@/{}/{}",
	    ON_PROPERTY_WRITE, "crm.schemas.contacts.write",
	    on_property_change },
	{ "POST", "communication-preferences/v4/statuses/batch/read",
	    "communication-preferences/@/statuses/batch/read", ON_PREFS,
	    "communication_preferences.statuses.batch.read", on_status_batch },
	{ "POST",
	    "communication-preferences/v4/statuses/batch/unsubscribe-all/read",
	    "communication-preferences/@/statuses/batch/unsubscribe-all/read",
	    ON_PREFS, "communication_preferences.statuses.batch.read",
	    on_unsubscribed_batch },
	{ "GET", "communication-preferences/v4/statuses/{}",
	    "communication-preferences/@/statuses/{}", ON_PREFS,
	    "communication_preferences.read", on_status },
	{ "GET", "communication-preferences/v4/statuses/{}/unsubscribe-all",
	    "communication-preferences/@/statuses/{}/unsubscribe-all",
	    ON_PREFS, "communication_preferences.read", on_unsubscribed },
	{ "GET", "communication-preferences/v3/status/email/{}", "", ON_PREFS,
	    "communication_preferences.read", on_status_v3 },
	{ "GET", "crm/v3/owners", "crm/owners/@", ON_OWNERS,
	    "crm.objects.owners.read", on_owners },
	{ "GET", "account-info/v3/api-usage/daily/private-apps",
	    "account-info/@/api-usage/daily/private-apps", ON_USAGE, "",
	    on_usage },
	{ "POST", "sim/now", "", ON_SIM, "", sim_now },
	{ "POST", "sim/record", "", ON_SIM, "", sim_record },
	{ "POST", "sim/update", "", ON_SIM, "", sim_update },
	{ "POST", "sim/archive", "", ON_SIM, "", sim_archive },
	{ "POST", "sim/erase", "", ON_SIM, "", sim_erase },
	{ "POST", "sim/merge", "", ON_SIM, "", sim_merge },
	{ "POST", "sim/link", "", ON_SIM, "", sim_link },
	{ "POST", "sim/property", "", ON_SIM, "", sim_property },
	{ "POST", "sim/rows", "", ON_SIM, "", sim_rows },
	{ "POST", "sim/fault", "", ON_SIM, "", sim_fault },
	{ "POST", "sim/mutate", "", ON_SIM, "", sim_mutate },
	{ "POST", "sim/token", "", ON_SIM, "", sim_token },
	{ "POST", "sim/switch", "", ON_SIM, "", sim_switch },
	{ "GET", "sim/ledger", "", ON_SIM, "", sim_ledger },
	{ "GET", "sim/stats", "", ON_SIM, "", sim_stats },
};

static bool
date_read(const char *word, size_t len, enum version *v)
{
	if (len != 7 || (strncmp(word, "2026-03", 7) != 0 &&
	    strncmp(word, "2026-09", 7) != 0))
		return false;
	*v = word[6] == '3' ? V_2026_03 : V_2026_09;
	return true;
}

static bool
segment_fits(struct call *c, const char *want, size_t n, const char *has,
    size_t len)
{
	if (n == 1 && *want == '@')
		return date_read(has, len, &c->version);
	if (n != 2 || strncmp(want, "{}", 2) != 0)
		return n == len && strncmp(want, has, n) == 0;
	char *word = url_decode(has, len, true);
	const bool good = word != NULL && *word != '\0' &&
	    strcmp(word, "search") != 0 && strcmp(word, "batch") != 0 &&
	    c->n_args < ARGS;
	if (good)
		c->args[c->n_args++] = word;
	else
		free(word);
	return good;
}

static void
args_clear(struct call *c)
{
	while (c->n_args > 0)
		free(c->args[--c->n_args]);
}

static bool
path_fits(struct call *c, const char *want)
{
	const char *has = c->path + 1;

	args_clear(c);
	c->version = V_LEGACY;
	if (*want == '\0')
		return false;
	for (;;) {
		const size_t n = strcspn(want, "/"), len = strcspn(has, "/");
		if (!segment_fits(c, want, n, has, len))
			return false;
		want += n;
		has += len;
		if (*want != *has)
			return false;
		if (*want == '\0')
			return true;
		want++, has++;
	}
}

static bool
kind_known(struct sim *s, struct call *c, struct reply *out)
{
	if (strncmp(c->path, "/crm/", 5) != 0 || c->n_args == 0)
		return true;
	c->kind = kind_find(s, c->args[0]);
	if (c->kind != NULL)
		return true;
	violation(s, "unknown_type", c->path);
	reply_error(s, out, 404, "OBJECT_NOT_FOUND",
	    "Unable to infer object type");
	return false;
}

bool
route_find(struct sim *s, struct call *c, struct reply *out)
{
	bool other = false;

	for (size_t i = 0; i < LEN(routes); i++) {
		const struct route *t = &routes[i];
		if (!path_fits(c, t->legacy) && !path_fits(c, t->dated))
			continue;
		if (strcmp(t->method, c->in.method) == 0) {
			c->route = t;
			return kind_known(s, c, out);
		}
		other = true;
	}
	args_clear(c);
	violation(s, other ? "wrong_verb" : "unknown_path", c->path);
	reply_error(s, out, other ? 405 : 404, NULL, "%s",
	    other ? "Method not allowed" : "There is nothing here");
	return false;
}
