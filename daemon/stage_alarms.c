/*
 * How this stage can lose, double or hang, and what stops it:
 *  - killed between deciding and mailing: who is to be told stands in table
 *    effect, written together with the mark on the answer; the next run mails;
 *  - killed while it mails: that mail is unknown from then on, shown, and never
 *    sent again, with all answers that a list held;
 *  - an owner, a rule, a comment that change later: the answer is marked, it is
 *    decided once for its score and once for the wish to be contacted;
 *  - a server that is away: three failures in a row end the mails of this run,
 *    they stay wanted; nothing else waits for them;
 *  - one address that is refused for ever: who waits longest since a try goes
 *    first, and after alarm.max_age_days it is given up;
 *  - words of others that would begin a header: mail_mime.c refuses control
 *    characters, template.c writes none.
 */
#include "stage_alarms.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "stage_alarms_int.h"

/* A row of table effect that may begin. */
struct open_row {
	const char *target, *subject, *language;
	const struct answer_alarm *a;
	time_t since;
	bool digest, contact, taken;
};
struct post {
	struct stage *stage;
	struct err *problem;
	struct open_row *rows;
	size_t n;
	struct answer_alarm *answers;
	size_t n_answers;
	struct db_result *targets;
	int in_a_row;
	bool away, silent;
};

/* ---- what is open -------------------------------------------------------- */
#define PREFIX "alarm "

/* "alarm ID/score" */
static const char *
id_of(struct arena *arena, const char *subject)
{
	const char *slash = strrchr(subject, '/');

	if (strncmp(subject, PREFIX, strlen(PREFIX)) != 0 || slash == NULL)
		return "";
	subject += strlen(PREFIX);
	return slash < subject ? "" : arena_strndup(arena, subject,
	    (size_t)(slash - subject));
}

static const struct answer_alarm *
find_answer(const struct post *p, const char *id)
{
	for (size_t i = 0; id != NULL && i < p->n_answers; i++)
		if (strcmp(p->answers[i].id, id) == 0)
			return &p->answers[i];
	return NULL;
}

static struct open_row
row_of(const struct post *p, const struct db_result *r, int i)
{
	struct arena *arena = p->stage->arena;
	const char *subject = db_text(r, i, 1), *how = db_text(r, i, 2);
	const char *blank = strchr(how, ' ');
	const char *slash = strrchr(subject, '/');

	return (struct open_row){ .target = arena_strdup(arena,
		    db_text(r, i, 0)), .subject = arena_strdup(arena, subject),
		.language = arena_strdup(arena, blank == NULL ? "en"
		                                              : blank + 1),
		.a = find_answer(p, id_of(arena, subject)),
		.since = db_time(r, i, 3),
		.digest = strncmp(how, "digest", 6) == 0,
		.contact = slash != NULL && strcmp(slash, "/contact") == 0 };
}

static bool
read_rows(struct post *p, const struct db_result *r, struct err *err)
{
	struct stage *s = p->stage;
	const time_t since = clock_now() -
	    ((time_t)s->conf->alarm.max_age_days + 1) * 86400;
	struct db_array ids, subjects;

	db_array_init(&ids);
	db_array_init(&subjects);
	for (int i = 0; i < db_rows(r); i++) {
		db_array_text(&ids, id_of(s->arena, db_text(r, i, 1)));
		db_array_text(&subjects, db_text(r, i, 1));
	}
	const bool ok = answer_alarm_read(s->db, s->tenant->id, &ids, since,
	    s->arena, &p->answers, &p->n_answers, err) &&
	    effect_list_targets(s->db, s->tenant->id, "mail", &subjects,
	    s->arena, &p->targets, err);
	db_array_free(&ids);
	db_array_free(&subjects);
	if (!ok)
		return false;
	p->rows = arena_array(s->arena, (size_t)db_rows(r) + 1,
	    sizeof(*p->rows));
	for (int i = 0; p->rows != NULL && i < db_rows(r); i++)
		p->rows[p->n++] = row_of(p, r, i);
	return arena_failed(s->arena) ? err_nomem(err) : true;
}

/* Erased, anonymised or too old by now. */
static bool
give_up(struct post *p, struct err *err)
{
	struct stage *s = p->stage;
	struct db_array targets, subjects;
	bool ok = true;

	db_array_init(&targets);
	db_array_init(&subjects);
	for (size_t i = 0; i < p->n; i++) {
		if (p->rows[i].a != NULL)
			continue;
		p->rows[i].taken = true;
		db_array_text(&targets, p->rows[i].target);
		db_array_text(&subjects, p->rows[i].subject);
	}
	if (targets.n > 0) {
		runlog_count(s->log, "alarms", "mail", "seen", NULL,
		    (long long)targets.n);
		runlog_count(s->log, "alarms", "mail", "given_up", NULL,
		    (long long)targets.n);
		ok = effect_give_up(s->db, s->tenant, "mail", &targets,
		    &subjects, "the answer is too old, or nobody's any more",
		    clock_now(), s->arena, err);
	}
	db_array_free(&targets);
	db_array_free(&subjects);
	return ok;
}

/* ---- one mail ------------------------------------------------------------ */
/* The intent is committed before a byte leaves, the outcome after. */
static bool
send_rows(struct post *p, const struct alarms_letter *letter,
    struct db_array *subjects, struct err *err)
{
	struct stage *s = p->stage;
	AUTO(db_result) struct db_result *begun = NULL;
	struct err why = { .kind = ERR_NONE };

	if (!stage_breathe(s, err) ||
	    !effect_begin_rows(s->db, s->tenant, "mail", letter->to, subjects,
	        clock_now(), s->arena, &begun, err))
		return false;
	if (db_is_null(begun, 0, 0))
		return true;
	const enum effect_state state = alarms_state(alarms_mail(s->conf,
	    letter, s->scratch, p->problem, &why));
	arena_reset(s->scratch);
	p->away |= !alarms_note(s, "alarms", "mail", state, &why, &p->in_a_row,
	    p->problem);
	p->silent |= state == EFFECT_UNKNOWN;
	return effect_end_rows(s->db, s->tenant->id, "mail", letter->to,
	    subjects, state, state == EFFECT_DONE ? NULL : why.msg,
	    clock_now(), s->arena, err);
}

static bool
is_about(const char *subject, const char *id)
{
	const size_t len = strlen(id);

	return strncmp(subject, PREFIX, strlen(PREFIX)) == 0 &&
	    strncmp(subject + strlen(PREFIX), id, len) == 0 &&
	    subject[strlen(PREFIX) + len] == '/' &&
	    strchr(subject + strlen(PREFIX) + len + 1, '/') == NULL;
}

/* Everybody who was or is to be told of the answer. */
static const char *
told_of(const struct post *p, const struct answer_alarm *a)
{
	struct arena *arena = p->stage->arena;
	const char *text = "", *last = "";

	for (int i = 0; text != NULL && i < db_rows(p->targets); i++) {
		const char *target = db_text(p->targets, i, 0);
		if (!is_about(db_text(p->targets, i, 1), a->id) ||
		    strcmp(target, last) == 0)
			continue;
		text = arena_printf(arena, "%s%s%s", text,
		    *text == '\0' ? "" : ", ", target);
		last = target;
	}
	return text;
}

static bool
send_once(struct post *p, size_t first, struct err *err)
{
	struct open_row *row = &p->rows[first];
	bool score = false, contact = false;
	struct db_array subjects;

	db_array_init(&subjects);
	for (size_t i = first; i < p->n; i++) {
		struct open_row *r = &p->rows[i];
		if (r->taken || r->digest || r->a != row->a ||
		    strcmp(r->target, row->target) != 0)
			continue;
		r->taken = true;
		contact |= r->contact;
		score |= !r->contact;
		db_array_text(&subjects, r->subject);
	}
	const struct template_fill fill = { .values = alarms_values(
		p->stage->arena, p->stage->conf, row->language, row->a, score,
		contact, told_of(p, row->a)) };
	const struct alarms_letter letter = { .kind = TEMPLATE_ALARM,
		.language = row->language, .to = row->target,
		.key = row->subject, .test = row->a->test, .fill = &fill };
	const bool ok = fill.values == NULL ? err_nomem(err)
	                                    : send_rows(p, &letter, &subjects,
	                                      err);
	db_array_free(&subjects);
	return ok;
}

static bool
send_all_once(struct post *p, struct err *err)
{
	for (size_t i = 0; i < p->n && !p->away; i++)
		if (!p->rows[i].taken && !p->rows[i].digest &&
		    !send_once(p, i, err))
			return false;
	return true;
}

/* ---- the day's list ------------------------------------------------------ */
/* Both classes of an answer are one entry. */
static const struct template_value *
entry_of(struct post *p, size_t i, const char *language)
{
	const struct open_row *row = &p->rows[i];
	bool score = false, contact = false;

	for (size_t k = 0; k < p->n; k++) {
		const struct open_row *r = &p->rows[k];
		if (!r->digest || r->a != row->a ||
		    strcmp(r->target, row->target) != 0)
			continue;
		if (k < i)
			return NULL;
		contact |= r->contact;
		score |= !r->contact;
	}
	return alarms_values(p->stage->arena, p->stage->conf, language, row->a,
	    score, contact, NULL);
}

static bool
send_list(struct post *p, const struct template_fill *fill, size_t first,
    const char *key, struct db_array *subjects, struct err *err)
{
	struct open_row *row = &p->rows[first];
	const struct alarms_letter letter = { .kind = TEMPLATE_DIGEST,
		.language = row->language, .to = row->target, .key = key,
		.fill = fill };

	db_array_text(subjects, key);
	return send_rows(p, &letter, subjects, err);
}

static bool
send_digest(struct post *p, size_t first, const char *day, struct err *err)
{
	struct arena *arena = p->stage->arena;
	struct open_row *row = &p->rows[first];
	const struct template_value **each = arena_array(arena, p->n + 1,
	    sizeof(const struct template_value *));
	struct db_array subjects;
	size_t n = 0;

	if (each == NULL)
		return err_nomem(err);
	db_array_init(&subjects);
	for (size_t i = first; i < p->n; i++) {
		struct open_row *r = &p->rows[i];
		if (r->taken || !r->digest ||
		    strcmp(r->target, row->target) != 0)
			continue;
		each[n] = entry_of(p, i, row->language);
		n += each[n] != NULL;
		r->taken = true;
		db_array_text(&subjects, r->subject);
	}
	const struct template_value outer[] = {
		{ "tenant", p->stage->conf->tenant },
		{ "count", arena_printf(arena, "%zu", n) }, { "day", day },
		{ NULL, NULL } };
	const struct template_fill fill = { .values = outer, .each = each,
		.n_each = n };
	const char *key = arena_printf(arena, "digest %s/%s", day,
	    row->language);
	const bool ok = arena_failed(arena) ? err_nomem(err)
	    : send_list(p, &fill, first, key, &subjects, err);
	db_array_free(&subjects);
	return ok;
}

static void
take_all(struct post *p, const char *target)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->rows[i].digest && strcmp(p->rows[i].target, target) == 0)
			p->rows[i].taken = true;
}

static bool
send_digests(struct post *p, struct err *err)
{
	struct stage *s = p->stage;
	char day[16];
	struct civil c;
	bool tried;

	const char *zone = s->conf->timezone;
	const time_t now = clock_now();
	clock_local(zone, now, &c);
	/* Before today's list only what yesterday's should have held: no run may
	 * have come between its hour and midnight. */
	const bool early = c.hour * 60 + c.minute < s->conf->alarm.digest_min;
	const int of = day_add(clock_day(zone, now), early ? -1 : 0);
	const time_t due = clock_day_start(zone, of) +
	    (time_t)s->conf->alarm.digest_min * 60;
	const char *begin = arena_printf(s->arena, "digest %s/",
	    day_iso(day, of));
	for (size_t i = 0; i < p->n && !p->away; i++) {
		if (p->rows[i].taken || !p->rows[i].digest ||
		    (early && p->rows[i].since >= due))
			continue;
		if (!effect_was_tried(s->db, s->tenant->id, "mail",
		        p->rows[i].target, begin, s->arena, &tried, err))
			return false;
		if (tried)
			take_all(p, p->rows[i].target);
		else if (!send_digest(p, i, day, err))
			return false;
	}
	return true;
}

/* ---- the stage ----------------------------------------------------------- */
/* Refusals may all be of one address: the lists are tried all the same.  Not
 * after silence, which costs a mail for good. */
static bool
send_all(struct post *p, struct err *err)
{
	if (!send_all_once(p, err))
		return false;
	if (!p->silent) {
		p->in_a_row = 0;
		p->away = false;
	}
	return send_digests(p, err);
}

static bool
mail_all(struct stage *stage, struct err *problem, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct post p = { .stage = stage, .problem = problem };

	if (*stage->conf->mail.smtp_url == '\0')
		return true;
	if (!effect_list_open(stage->db, stage->tenant->id, "mail",
	        ALARMS_OPEN_MAX, stage->arena, &r, err))
		return false;
	if (db_rows(r) == 0)
		return true;
	const bool ok = read_rows(&p, r, err) && give_up(&p, err) &&
	    send_all(&p, err);
	db_result_free(p.targets);
	return ok;
}

bool
stage_alarms(struct stage *stage, struct err *problem, struct err *err)
{
	arena_reset(stage->arena);
	/* First: what a dead run left is told, though nobody gets mails now. */
	return stage_settle_mails(stage, problem, err) &&
	    alarms_decide(stage, err) && mail_all(stage, problem, err) &&
	    alarms_post_answers(stage, problem, err);
}
