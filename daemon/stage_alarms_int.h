/*
 * stage_alarms_int.h - between stage_alarms*.c.
 */
#ifndef NPSYNC_STAGE_ALARMS_INT_H
#define NPSYNC_STAGE_ALARMS_INT_H

#include "answer_alarm.h"
#include "effect.h"
#include "stage_alarms.h"
#include "template.h"

/* So many failures in a row: the server is away, the rest waits. */
#define ALARMS_PATIENCE 3
#define ALARMS_OPEN_MAX 1000

/* ---- stage_alarms_decide.c: who ------------------------------------------- */
NPS_MUSTCHECK bool alarms_decide(struct stage *stage, struct err *err);

/* ---- stage_alarms_values.c: what a mail says of an answer ----------------- */
#define ALARMS_VALUES 17
/* why: classes told of in this mail; told NULL = in a list.  In arena, with an end. */
const struct template_value *alarms_values(struct arena *arena,
    const struct conf *conf, const char *language,
    const struct answer_alarm *a, bool score, bool contact, const char *told);

/* ---- stage_alarms_mail.c: one mail ---------------------------------------- */
struct alarms_letter {
	enum template_kind kind;
	const char *language, *to;
	const char *key;	/* the same for the same mail: of its id */
	bool test;
	const struct template_fill *fill;
};
/* Builds and sends it.  What goes wrong with a template goes into *problem, and
 * the compiled-in text leaves.  why: as mail_send. */
enum mail_outcome alarms_mail(const struct conf *conf,
    const struct alarms_letter *letter, struct arena *arena,
    struct err *problem, struct err *why);
enum effect_state alarms_state(enum mail_outcome outcome);
/* Counts, logs, and keeps the first problem; true: go on. */
bool alarms_note(struct stage *stage, const char *what, const char *source,
    enum effect_state state, const struct err *why, int *in_a_row,
    struct err *problem);

/* ---- stage_alarms_hook.c: one post ---------------------------------------- */
struct alarms_change {
	const char *kind, *subject, *detail;
	bool raised, told;
	time_t since;
};
NPS_MUSTCHECK bool alarms_post_answers(struct stage *stage,
    struct err *problem, struct err *err);
/* Those it was not told of; *all_told = none is left. */
NPS_MUSTCHECK bool alarms_post_changes(struct stage *stage,
    const struct alarms_change *changes, size_t n, bool *all_told,
    struct err *problem, struct err *err);
/* "health KIND/SUBJECT/SINCE" */
const char *alarms_change_key(struct arena *arena,
    const struct alarms_change *change);

#endif
