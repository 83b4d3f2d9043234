/*
 * stage_effects.h - answers and surveys as fields, records, posts and tasks of
 * the CRM, and opt-outs as its tag.
 */
#ifndef NPSYNC_STAGE_EFFECTS_H
#define NPSYNC_STAGE_EFFECTS_H

#include "effect_answer.h"
#include "effect_panel.h"
#include "stage.h"

/* next = whom the coming night would ask; used where a field shows it. */
NPS_MUSTCHECK bool stage_effects(struct stage *stage, struct panel_next *next,
    struct err *err);
/* A field shows it. */
bool stage_effects_need_next(const struct conf *conf);

/* ---- between stage_effects*.c ------------------------------------------------- */
/* "9-10 promoter"; -1 = "". */
const char *effects_type(int score);
/* With ${score}, ${type} and ${campaign} filled in; NULL = no memory. */
const char *effects_fill(struct arena *arena, const char *text,
    const struct answer_row *row);
/* So many working days from today on; 0 = today, or the next one. */
int effects_due_day(const struct calendar *cal, int today, int days);
/* The write of each kind; what it needs is in arena, arena_failed tells. */
struct crm_effect effects_fields(struct arena *arena, const struct conf *conf,
    const struct panel_row *row);
struct crm_effect effects_history(struct arena *arena, const struct conf *conf,
    const struct answer_row *row);
struct crm_effect effects_feed(struct arena *arena, const struct conf *conf,
    const struct answer_row *row);
struct crm_effect effects_task(struct arena *arena, const struct conf *conf,
    int today, const struct answer_row *row);

#endif
