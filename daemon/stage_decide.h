/*
 * stage_decide.h - who may be asked: one statement judges every row of a night.
 * Preview and explain run the same rules without writing.
 */
#ifndef NPSYNC_STAGE_DECIDE_H
#define NPSYNC_STAGE_DECIDE_H

#include "stage.h"

/* Marks due_night or a reason on every undecided row; counts go to the run. */
NPS_MUSTCHECK bool stage_decide(struct stage *stage,
    const char *const *waiting, size_t n_waiting, struct err *err);
/* Its first step, also on its own: before the tags on the cards are obeyed, or a
 * Skip would miss the rows that come back. */
NPS_MUSTCHECK bool stage_decide_requeue(struct stage *stage, struct err *err);

/* The same of a rehearsal, at any moment: facts of any age, no requeue, no
 * count, no alarm. */
NPS_MUSTCHECK bool stage_decide_rehearse(struct stage *stage, time_t moment,
    struct err *err);

/*
 * What a night would do with the open rows, nothing written.  Columns:
 *  0 queue_id  1 state  2 trigger  3 created (epoch)  4 occurred (epoch)
 *  5 contact_id  6 name  7 email  8 company  9 employee  10 campaign name
 *  11 verdict: "go", "wait" or the reason  12 fact  13 deferred_until (epoch)
 *  14 connector  15 category
 */
enum { PREVIEW_ID, PREVIEW_STATE, PREVIEW_TRIGGER, PREVIEW_CREATED,
	PREVIEW_OCCURRED, PREVIEW_CONTACT, PREVIEW_NAME, PREVIEW_EMAIL,
	PREVIEW_COMPANY, PREVIEW_EMPLOYEE, PREVIEW_CAMPAIGN, PREVIEW_VERDICT,
	PREVIEW_FACT, PREVIEW_UNTIL, PREVIEW_CONNECTOR, PREVIEW_CATEGORY };
NPS_MUSTCHECK bool decide_preview(struct db *db, const struct conf *conf,
    const struct rules_night *night, struct arena *arena,
    struct db_result **result, struct err *err);
/* Every rule for one open row, in order: reason, hit (bool), fact, and of a rule
 * that blocks the day from which it would not (date; null = nothing will by
 * itself). */
NPS_MUSTCHECK bool decide_explain(struct db *db, const struct conf *conf,
    const struct rules_night *night, long long queue_id, struct arena *arena,
    struct db_result **result, struct err *err);

#endif
