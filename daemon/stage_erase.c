/*
 * How this stage can lose or double, and what stops it:
 *  - killed between the call and its mark: the step is done again; a deleted
 *    respondent or a removed tag is no error;
 *  - a refusal, or nobody there: the step stays and says why; every night tries
 *    it once more;
 *  - cards that npsync may not write: they stop no erasure behind them, for they
 *    come in the same order each night;
 *  - a call that fails in the middle: what was done until then is done;
 *  - what a connector cannot do at all ends as a note for people, for nothing
 *    would ever end it.
 */
#include "stage_erase.h"

#include <string.h>

#include "alarm.h"
#include "clock.h"
#include "erasure.h"
#include "log.h"
#include "tag_write.h"

#define STEP_BATCH 1000

struct eraser {
	struct stage *stage;
	struct erasure_step *steps;
	size_t n;
	bool *seen;		/* by step */
	time_t begun;
};

static void
count(struct eraser *e, const struct erasure_step *step, const char *outcome)
{
	runlog_count(e->stage->log, "erase", step->place, outcome, NULL, 1);
	runlog_count(e->stage->log, "erase", step->place, "seen", NULL, 1);
}

static const char *
what_of(const struct erasure_step *step, struct arena *arena)
{
	return strcmp(step->kind, "tag") == 0
	    ? arena_printf(arena, "tags in %s", step->place)
	    : arena_printf(arena, "respondents at %s", step->place);
}

static bool
stays(struct eraser *e, const struct erasure_step *step, const char *why,
    struct err *err)
{
	struct stage *s = e->stage;

	count(e, step, "open");
	log_ev(LOG_LEVEL_ERROR, "erase", "erasure=%lld place=%s kind=%s error=%s",
	    step->erasure_id, step->place, step->kind, log_quote(why));
	return erasure_step_open(s->db, s->tenant->id, step, why, e->begun,
	    s->scratch, err);
}

static bool
by_hand(struct eraser *e, const struct erasure_step *step, const char *why,
    struct err *err)
{
	struct stage *s = e->stage;

	count(e, step, "by_hand");
	return erasure_step_by_hand(s->db, s->tenant->id, step,
	    arena_printf(s->scratch, "%s: %s", what_of(step, s->scratch), why),
	    s->scratch, err);
}

static bool
conclude(struct eraser *e, const struct erasure_step *step,
    const struct put_result *result, struct err *err)
{
	struct stage *s = e->stage;
	const bool wrote = result->outcome == PUT_DONE;

	switch (result->outcome) {
	case PUT_DONE:
	case PUT_UNCHANGED:
	case PUT_GONE:
		count(e, step, wrote ? "erased" : "nothing_there");
		return erasure_step_done(s->db, s->tenant->id, step,
		    wrote ? what_of(step, s->scratch) : NULL, s->scratch, err);
	case PUT_REJECTED:
	case PUT_CONFLICT:
	case PUT_AGAIN:
	case PUT_UNKNOWN:
	case PUT_DENIED:
		return stays(e, step, result->reason[0] != '\0' ? result->reason
		    : "not done yet", err);
	}
	return true;
}

/* A call that failed as a whole: of these steps, each. */
static bool
failed(struct eraser *e, const struct erasure_step *const *steps, size_t n,
    const struct err *why, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const bool ok = why->kind == ERR_DONE
		    ? by_hand(e, steps[i], why->msg, err)
		    : stays(e, steps[i], why->msg, err);
		if (!ok)
			return false;
	}
	return true;
}

static bool
cannot(struct eraser *e, const struct erasure_step *const *steps, size_t n,
    const struct err *kept, const char *text, struct err *err)
{
	struct err why = { .kind = ERR_NONE };

	if (kept->kind != ERR_NONE)
		return failed(e, steps, n, kept, err);
	(void)err_set(&why, ERR_DONE, "%s", text);
	return failed(e, steps, n, &why, err);
}

/* A step that has no end of its own has the call's. */
static bool
conclude_all(struct eraser *e, const struct erasure_step *const *steps,
    const struct put_result *results, size_t n, const struct err *why,
    struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const bool is_open = why->kind != ERR_NONE &&
		    (results[i].outcome == PUT_AGAIN ||
		    results[i].outcome == PUT_UNKNOWN);
		if (is_open ? !failed(e, &steps[i], 1, why, err)
		            : !conclude(e, steps[i], &results[i], err))
			return false;
	}
	return true;
}

/* ---- tags in a CRM ----------------------------------------------------------- */
static bool
breathe(void *stage, struct err *err)
{
	return stage_breathe(stage, err);
}

static bool
put_tags(struct eraser *e, struct crm *crm,
    const struct erasure_step *const *steps, size_t n, struct err *err)
{
	struct arena *arena = e->stage->arena;
	struct crm_tag_write *writes = arena_array(arena, n, sizeof(*writes));
	struct put_result *results = arena_array(arena, n, sizeof(*results));
	bool *told = arena_array(arena, n, sizeof(*told));
	struct err why = { .kind = ERR_NONE };
	struct tag_writer writer;

	if (writes == NULL || results == NULL || told == NULL)
		return err_nomem(err);
	tag_writer_init(&writer, crm, e->stage->log->arena, breathe, e->stage);
	for (size_t i = 0; i < n; i++) {
		writes[i] = (struct crm_tag_write){ steps[i]->target,
			steps[i]->tag_prefix, steps[i]->tag, NULL, NULL };
		/* Each that is denied is told of as an open step. */
		told[i] = true;
	}
	writer.told = told;
	if (!tag_write(&writer, writes, n, results, &why) &&
	    err_ends_run(why.kind)) {
		*err = why;
		return false;
	}
	return conclude_all(e, steps, results, n, &why, err);
}

/* Those of one CRM, taken together: one sheet, not one per tag. */
static size_t
gather(struct eraser *e, const char *place, const struct erasure_step **out)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		if (e->seen[i] || strcmp(e->steps[i].kind, "tag") != 0 ||
		    (place != NULL && strcmp(e->steps[i].place, place) != 0))
			continue;
		e->seen[i] = true;
		out[n++] = &e->steps[i];
	}
	return n;
}

static bool
erase_tags(struct eraser *e, const struct erasure_step **steps,
    struct err *err)
{
	struct stage *s = e->stage;
	static const struct err none = { .kind = ERR_NONE };

	for (size_t i = 0; i < s->n_crm; i++) {
		struct crm *crm = &s->crm[i];
		const size_t n = gather(e, crm->link.name, steps);
		if (n == 0)
			continue;
		const bool ok = crm->link.self == NULL ||
		        !tag_write_can(crm)
		    ? cannot(e, steps, n, &crm->link.problem,
		        "its connector writes no tags: remove them there", err)
		    : put_tags(e, crm, steps, n, err);
		if (!ok)
			return false;
	}
	const size_t rest = gather(e, NULL, steps);
	return cannot(e, steps, rest, &none,
	    "the configuration does not name it any more: remove them there", err);
}

/* ---- the survey service ---------------------------------------------------------- */
static bool
erase_person(struct eraser *e, const struct erasure_step *step,
    struct err *err)
{
	struct stage *s = e->stage;
	const struct survey *survey = s->survey;
	const bool is_phone = strcmp(step->kind, "phone") == 0;
	const char *number = is_phone ? identity_phone(s->scratch, step->target,
	    s->conf->identity.phone_prefix) : NULL;
	struct put_result result = { .outcome = PUT_UNCHANGED };
	struct err why = { .kind = ERR_NONE };

	/* Never pushed as it is: nobody is there by it. */
	if (is_phone && number == NULL)
		return conclude(e, step, &result, err);
	if (survey->connector->erase(survey->link.self,
	        is_phone ? NULL : step->target, number, &result, &why))
		return conclude(e, step, &result, err);
	if (err_ends_run(why.kind)) {
		*err = why;
		return false;
	}
	return failed(e, &step, 1, &why, err);
}

static bool
erase_people(struct eraser *e, struct err *err)
{
	struct stage *s = e->stage;
	const struct survey *survey = s->survey;
	static const struct err away = { .kind = ERR_RETRY,
		.msg = "the survey service could not be opened" };
	static const struct err none = { .kind = ERR_NONE };

	for (size_t i = 0; i < e->n; i++) {
		const struct erasure_step *step = &e->steps[i];
		if (strcmp(step->kind, "tag") == 0)
			continue;
		const bool ok = survey == NULL ? cannot(e, &step, 1, &away, "", err)
		    : survey->connector->erase == NULL
		    ? cannot(e, &step, 1, &none, "its connector cannot erase: "
		        "delete the respondent there", err)
		    : erase_person(e, step, err);
		arena_reset(s->scratch);
		if (!ok || !stage_breathe(s, err))
			return false;
	}
	return true;
}

static bool
erase_batch(struct eraser *e, struct err *err)
{
	struct stage *s = e->stage;
	const struct erasure_step **steps;

	arena_reset(s->arena);
	arena_reset(s->scratch);
	if (!erasure_steps(s->db, s->tenant->id, e->begun, STEP_BATCH, s->arena,
	        &e->steps, &e->n, err))
		return false;
	steps = arena_array(s->arena, e->n + 1, sizeof(*steps));
	e->seen = arena_array(s->arena, e->n + 1, sizeof(*e->seen));
	if (steps == NULL || e->seen == NULL)
		return err_nomem(err);
	return erase_tags(e, steps, err) && stage_breathe(s, err) &&
	    erase_people(e, err);
}

/* A person whom others still have is told until nobody has them. */
static bool
tell(struct stage *s, long long open, struct err *err)
{
	const time_t now = clock_now();
	bool changed;

	return open == 0
	    ? alarm_end(s->db, s->tenant->id, "erasure", "", now, s->scratch, err)
	    : alarm_set(s->db, s->tenant->id, "erasure", "",
		"steps are open at others", now, s->scratch, &changed, err);
}

bool
stage_erase(struct stage *stage, struct err *err)
{
	long long open = 0;
	struct eraser e = { .stage = stage, .n = 1, .begun = clock_now() };

	while (e.n > 0)
		if (!erase_batch(&e, err))
			return false;
	return erasure_end(stage->db, stage->tenant->id, clock_now(),
	           stage->scratch, &open, err) &&
	    tell(stage, open, err);
}
