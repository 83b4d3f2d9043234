#include "stage_preview.h"

#include <string.h>

#include "alarm.h"
#include "clock.h"
#include "effect.h"
#include "log.h"
#include "num.h"
#include "previewed.h"

#define MAIL "mail"
#define KEEP_DAYS 14		/* what earlier previews said */

static bool
is_late_enough(const struct conf *conf, time_t now)
{
	struct civil c;

	clock_local(conf->timezone, now, &c);
	return c.hour * 60 + c.minute >= conf->preview.at_min;
}

static const char *
subject_of(const struct stage *stage)
{
	char day[16];

	return arena_printf(stage->arena, "preview %s",
	    day_iso(day, stage->today));
}

/* ---- is it time? --------------------------------------------------------- */
static bool
is_open(struct stage *stage, const char *to, bool *open, struct err *err)
{
	const struct effect e = { .kind = MAIL, .target = to,
		.subject = subject_of(stage) };
	enum effect_state state;

	if (!effect_find(stage->db, stage->tenant->id, &e, stage->arena, &state,
	        err))
		return false;
	*open = *open || state == EFFECT_WANTED || state == EFFECT_FAILED;
	return true;
}

bool
stage_preview_due(struct stage *stage, bool *due, struct err *problem,
    struct err *err)
{
	const struct conf *conf = stage->conf;

	*due = false;
	/* First: what a dead run left is told, though nobody gets mails now. */
	if (!stage_settle_mails(stage, problem, err))
		return false;
	if (conf->preview.to.n == 0 || *conf->mail.smtp_url == '\0')
		return true;
	if (!calendar_is_working_day(&conf->calendar, stage->today) ||
	    !is_late_enough(conf, clock_now()))
		return true;
	for (size_t i = 0; i < conf->preview.to.n; i++)
		if (!is_open(stage, conf->preview.to.v[i], due, err))
			return false;
	return true;
}

/* ---- one address --------------------------------------------------------- */
static enum effect_state
state_of(enum mail_outcome outcome)
{
	switch (outcome) {
	case MAIL_SENT:
		return EFFECT_DONE;
	case MAIL_NOT_SENT:
		return EFFECT_FAILED;
	case MAIL_UNKNOWN:
		break;
	}
	return EFFECT_UNKNOWN;
}

static const char *
word_of(enum mail_outcome outcome)
{
	static const char *const words[] = { [MAIL_SENT] = "mailed",
		[MAIL_NOT_SENT] = "failed", [MAIL_UNKNOWN] = "unknown" };

	return words[outcome];
}

static void
note(struct stage *stage, enum mail_outcome outcome, const struct err *why,
    struct err *problem)
{
	runlog_count(stage->log, "preview", "", "seen", NULL, 1);
	runlog_count(stage->log, "preview", "", word_of(outcome), NULL, 1);
	if (outcome == MAIL_SENT)
		return;
	log_ev(LOG_LEVEL_ERROR, "preview", "outcome=%s error=%s",
	    word_of(outcome), log_quote(why->msg));
	*problem = *why;
	(void)err_wrap(problem, "preview mail");
}

/* The intent is committed before a byte leaves, the outcome after. */
static bool
send_to(struct stage *stage, const struct preview_mail *mail, const char *to,
    bool *out, struct err *problem, struct err *err)
{
	const struct mail_settings settings = stage_mail_settings(stage->conf);
	const struct effect e = { .kind = MAIL, .target = to,
		.subject = subject_of(stage) };
	struct err why = { .kind = ERR_NONE };
	bool begun;

	if (!stage_breathe(stage, err) ||
	    !effect_begin(stage->db, stage->tenant, &e, clock_now(),
	        stage->arena, &begun, err))
		return false;
	if (!begun)
		return true;
	const enum mail_outcome outcome = mail_send(&settings,
	    stage->conf->mail.from, to, mail->message, &why);
	note(stage, outcome, &why, problem);
	*out = *out || outcome != MAIL_NOT_SENT;
	return effect_end(stage->db, stage->tenant->id, &e, state_of(outcome),
	    outcome == MAIL_SENT ? NULL : why.msg, clock_now(), stage->arena,
	    err);
}

/* ---- what was said ------------------------------------------------------- */
static bool
keep(struct stage *stage, const struct preview *p, struct err *err)
{
	struct db_array cols[2];
	long long id;

	db_arrays_init(cols, 2);
	for (size_t i = 0; i < p->n_rows; i++)
		if (num_parse(p->rows[i].id, 1, INT64_MAX, &id)) {
			db_array_int(&cols[0], id);
			db_array_text(&cols[1], p->rows[i].verdict);
		}
	const bool ok = previewed_put(stage->db, stage->tenant->id, p->night,
	    day_add(stage->today, -KEEP_DAYS), &cols[0], &cols[1],
	    stage->arena, err);
	db_arrays_free(cols, 2);
	return ok;
}

static bool
tell(struct stage *stage, const struct preview *p, struct err *err)
{
	for (size_t i = 0; i < p->n_alarms; i++)
		if (!alarm_tell(stage->db, stage->tenant->id, p->alarms[i].kind,
		        p->alarms[i].subject, p->alarms[i].since, clock_now(),
		        stage->arena, err))
			return false;
	return true;
}

/* An address that was written to already is left out by its effect. */
static bool
send_all(struct stage *stage, const struct preview_mail *mail, bool *out,
    struct err *problem, struct err *err)
{
	const struct strlist *to = &stage->conf->preview.to;

	for (size_t i = 0; i < to->n; i++)
		if (!send_to(stage, mail, to->v[i], out, problem, err))
			return false;
	return true;
}

bool
stage_preview(struct stage *stage, const struct preview *preview,
    struct err *problem, struct err *err)
{
	const struct conf *conf = stage->conf;
	struct preview_mail mail;
	char day[16];
	bool out = false;

	if (!preview_mail_open(&mail, conf, preview,
	        day_iso(day, stage->today), conf->preview.to.v,
	        conf->preview.to.n, stage->arena, stage->scratch, err))
		return false;
	bool ok = send_all(stage, &mail, &out, problem, err);
	preview_mail_close(&mail);
	/* Only what somebody may have read can be compared with the night. */
	struct err late;
	if (out && !(keep(stage, preview, &late) &&
	        tell(stage, preview, &late)) && ok) {
		*err = late;
		ok = false;
	}
	return ok;
}
