/*
 * tag_command.h - table tag_command: what a person told npsync by a tag on a
 * card, <prefix>.Skip or <prefix>.Ask.<campaign>.  A command is done once, then
 * its tag is to be removed; its row stays until the card shows the tag no more,
 * so that a tag which is still there is not done again, and one that is set
 * again later is.
 */
#ifndef NPSYNC_TAG_COMMAND_H
#define NPSYNC_TAG_COMMAND_H

#include "connector.h"
#include "db.h"
#include "queue.h"
#include "tenant.h"

/* Where a command stands: a card, and the tag folded ("skip", "ask.møde"). */
struct tag_command {
	const char *connector, *contact_id, *command;
	const char *tag;	/* as the card spells it */
	const char *campaign;	/* of Ask: id at the service; NULL */
	time_t seen_at;
};
/* Brings the table up to what the cards carry now.  *n_new = commands that were
 * not there before.  ERR_BUSY is not told: without the lease nothing changes. */
NPS_MUSTCHECK bool tag_command_meet(struct db *db, const struct tenant *tenant,
    const char *tag_prefix, time_t now, struct arena *arena, long long *n_new,
    struct err *err);
/* Rows that an open Skip means: as moves to excluded. */
NPS_MUSTCHECK bool tag_command_skips(struct db *db, long long tenant_id,
    struct arena *arena, struct queue_move **moves, size_t *n,
    struct err *err);
/* Of these rows those that are excluded now: their Skip is done.  *n = cards. */
NPS_MUSTCHECK bool tag_command_skipped(struct db *db, long long tenant_id,
    const struct queue_move *moves, size_t n_moves, time_t now,
    struct arena *arena, long long *n, struct err *err);
/* Open Asks whose campaign the service lists. */
NPS_MUSTCHECK bool tag_command_asks(struct db *db, long long tenant_id,
    struct arena *arena, struct tag_command **asks, size_t *n,
    struct err *err);
/* Makes a row of trigger "manual" for each; actor "tag".  Result: queue_id, one
 * a command that is done. */
NPS_MUSTCHECK bool tag_command_enqueue(struct db *db,
    const struct tenant *tenant, const struct tag_command *asks, size_t n,
    int night, time_t now, struct arena *arena, struct db_result **result,
    struct err *err);
/* Says of each open command why it is; may_ask: trigger "manual" is there and
 * on.  *n_open = how many. */
NPS_MUSTCHECK bool tag_command_explain(struct db *db, long long tenant_id,
    bool may_ask, struct arena *arena, long long *n_open, struct err *err);

/* Tags whose command is done: to be removed.  Those tried at or after `before`
 * are left out. */
NPS_MUSTCHECK bool tag_command_list(struct db *db, long long tenant_id,
    const char *connector, time_t before, int max, struct arena *arena,
    struct tag_command **rows, size_t *n, struct err *err);
NPS_MUSTCHECK bool tag_command_done(struct db *db, long long tenant_id,
    const char *connector, const struct tag_command *rows,
    const struct put_result *results, size_t n, time_t now,
    struct arena *arena, struct err *err);
/* Open and refused ones, for people: connector, contact_id, tag, reason, seen. */
NPS_MUSTCHECK bool tag_command_waiting(struct db *db, long long tenant_id,
    int max, struct arena *arena, struct db_result **result, struct err *err);

#endif
