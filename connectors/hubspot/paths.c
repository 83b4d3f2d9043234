/*
 * paths.c - where things stand: v3 and v4, or the date-based versions.
 */
#include "hubspot.h"

static const struct {
	const char *legacy, *dated;	/* dated: a version follows */
} areas[] = {
	[HS_OBJECTS] = { "/crm/v3/objects", "/crm/objects/" },
	[HS_ASSOCIATIONS] = { "/crm/v4/associations", "/crm/associations/" },
	[HS_PROPERTIES] = { "/crm/v3/properties", "/crm/properties/" },
	[HS_PIPELINES] = { "/crm/v3/pipelines", "/crm/pipelines/" },
	[HS_PREFERENCES] = { "/communication-preferences/v4",
		"/communication-preferences/" },
	[HS_OWNERS] = { "/crm/v3/owners", "/crm/owners/" },
};

const char *
hs_path(const struct hubspot *h, struct arena *arena, enum hs_area area,
    const char *rest)
{
	static const char *const versions[] = { [HS_LEGACY] = "",
		[HS_2026_03] = "2026-03", [HS_2026_09] = "2026-09" };
	const int version = h->set->api_version;

	return arena_printf(arena, "%s%s%s", version == HS_LEGACY ?
	    areas[area].legacy : areas[area].dated, versions[version], rest);
}
