/*
 * guard.h - up to 25 cards written in one call, each only if it was not changed
 * since it was read: a composite call of PATCHes with If-Unmodified-Since.
 */
#ifndef SALESFORCE_GUARD_H
#define SALESFORCE_GUARD_H

#include "collections.h"

#define SF_GUARD_MAX 25

struct sf_guarded {
	struct sf_record record;
	time_t unmodified_since;
};

/* root = "/services/data/v62.0".  ERR_BUG: none, more than 25, no id. */
NPS_MUSTCHECK bool sf_guard_body(struct arena *arena, const char *root,
    const char *type, const struct sf_guarded *cards, size_t n,
    const char **body, struct err *err);
/* Of a good answer.  A card of which nothing is said: PUT_UNKNOWN. */
void sf_guard_read(json_t *root, size_t n, const struct sf_reading *how,
    struct put_result *results);

#endif
