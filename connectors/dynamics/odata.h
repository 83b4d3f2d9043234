/*
 * odata.h - the texts of queries, in one place: what stands for whom is told by
 * the callers, how it is spelt here.  Pure.
 */
#ifndef DYNAMICS_ODATA_H
#define DYNAMICS_ODATA_H

#include "connector.h"

/* As OData has them, before they are encoded; NULL = left out. */
struct odata_query {
	const char *set;		/* "contacts" */
	const char *select, *expand, *filter, *orderby;
	int top;			/* 0 = all: $top turns paging off */
};
/* "contacts?$select=...&$filter=...": a blank is %20, never '+'.  NULL =
 * memory, here and below. */
const char *odata_target(struct arena *arena, const struct odata_query *q);
/* 'O''Hara' */
const char *odata_text(struct arena *arena, const char *text);
/* "modifiedon ge 2026-11-20T00:00:00Z"; NO_TIME = the beginning. */
const char *odata_since(struct arena *arena, const char *column, time_t at);
/* Both must hold; either may be NULL or "". */
const char *odata_and(struct arena *arena, const char *a, const char *b);
/* "a,b": either may be NULL or "". */
const char *odata_list(struct arena *arena, const char *a, const char *b);

/* Rows by id: as many ids in a request as its address has room for. */
struct odata_ids {
	const char *column;	/* "contactid", "_activityid_value" */
	const char *const *ids;	/* GUIDs, not quoted */
	size_t n, at;		/* at = the first of the next request */
	bool function;		/* Microsoft.Dynamics.CRM.In */
	size_t max_bytes;	/* of what odata_target gives */
};
/* q with the next ids; *until = at afterwards.  At least one id, though the
 * address be longer. */
const char *odata_ids_next(struct odata_ids *ids, const struct odata_query *q,
    struct arena *arena);

#endif
