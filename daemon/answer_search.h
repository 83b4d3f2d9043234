/*
 * answer_search.h - table answer_search: addresses of answers that fit no known
 * card, to ask the CRM for.  Each address once a week; it is kept until then.
 */
#ifndef NPSYNC_ANSWER_SEARCH_H
#define NPSYNC_ANSWER_SEARCH_H

#include "db.h"
#include "tenant.h"

/* How long an address waits at most, and how long it is known as asked. */
#define ANSWER_SEARCH_KEPT_DAYS 30

struct answer_search {
	const char *key;	/* as text of a bytea */
	const char *email;
};
/* First forgets what is too old, and who has been erased. */
NPS_MUSTCHECK bool answer_search_list(struct db *db,
    const struct tenant *tenant, time_t now, int max, struct arena *arena,
    struct answer_search **rows, size_t *n, struct err *err);
/* Every CRM was asked for these. */
NPS_MUSTCHECK bool answer_search_done(struct db *db, long long tenant_id,
    struct db_array *keys, time_t now, struct arena *arena, struct err *err);

#endif
