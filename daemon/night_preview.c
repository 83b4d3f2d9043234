#include "night_preview.h"

#include <string.h>

#include "alarm.h"
#include "clock.h"
#include "effect.h"
#include "night_int.h"
#include "previewed.h"
#include "queue.h"
#include "runlog_night.h"
#include "stage_decide.h"
#include "stage_preview.h"

#define UNKNOWN_DAYS 3		/* a mail nobody knows of is told so long */
#define NOTES_MAX 8

static const char *
copy(struct arena *arena, const struct db_result *r, int row, int col)
{
	return arena_strdup(arena, db_text(r, row, col));
}

/* ---- the queue ----------------------------------------------------------- */
static struct preview_row
row_of(struct arena *a, const struct db_result *r, int i)
{
	const bool named = !db_is_null(r, i, PREVIEW_NAME);

	return (struct preview_row){ .id = copy(a, r, i, PREVIEW_ID),
		.state = copy(a, r, i, PREVIEW_STATE),
		.trigger = copy(a, r, i, PREVIEW_TRIGGER),
		.contact = copy(a, r, i, named ? PREVIEW_NAME
		                               : PREVIEW_CONTACT),
		.card = copy(a, r, i, PREVIEW_CONTACT),
		.crm = copy(a, r, i, PREVIEW_CONNECTOR),
		.name = copy(a, r, i, PREVIEW_NAME),
		.mail = copy(a, r, i, PREVIEW_EMAIL),
		.company = copy(a, r, i, PREVIEW_COMPANY),
		.employee = copy(a, r, i, PREVIEW_EMPLOYEE),
		.campaign = copy(a, r, i, PREVIEW_CAMPAIGN),
		.verdict = copy(a, r, i, PREVIEW_VERDICT),
		.fact = copy(a, r, i, PREVIEW_FACT),
		.created = db_time(r, i, PREVIEW_CREATED),
		.until = db_time(r, i, PREVIEW_UNTIL) };
}

/* As if active: who goes live looks here before `npsync activate`. */
static bool
read_rows(struct db *db, const struct conf *conf, const struct tenant *tenant,
    struct arena *arena, struct preview *p, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct rules_night at = { .tenant_id = tenant->id,
		.secret = tenant->secret };

	at.night = night_next_transfer(conf, clock_now(), &at.moment);
	p->night = at.night;
	p->send_at = calendar_send_at(&conf->calendar, at.night);
	if (!decide_preview(db, conf, &at, arena, &r, err))
		return false;
	p->n_rows = (size_t)db_rows(r);
	struct preview_row *rows = arena_array(arena, p->n_rows + 1,
	    sizeof(*rows));
	for (size_t i = 0; rows != NULL && i < p->n_rows; i++)
		rows[i] = row_of(arena, r, (int)i);
	p->rows = rows;
	return !arena_failed(arena) || err_nomem(err);
}

static bool
read_held(struct db *db, const struct tenant *tenant, struct arena *arena,
    struct preview *p, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!queue_count_states(db, tenant->id, arena, &r, err))
		return false;
	struct preview_held *held = arena_array(arena, (size_t)db_rows(r) + 1,
	    sizeof(*held));
	for (int i = 0; held != NULL && i < db_rows(r); i++)
		if (strcmp(db_text(r, i, 0), "held") == 0)
			held[p->n_held++] = (struct preview_held){
				copy(arena, r, i, 1), db_int(r, i, 2) };
	p->held = held;
	return !arena_failed(arena) || err_nomem(err);
}

static bool
read_alarms(struct db *db, const struct tenant *tenant, struct arena *arena,
    struct preview *p, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!alarm_list(db, tenant->id, arena, &r, err))
		return false;
	struct preview_alarm *alarms = arena_array(arena,
	    (size_t)db_rows(r) + 1, sizeof(*alarms));
	for (int i = 0; alarms != NULL && i < db_rows(r); i++) {
		const bool raised = strcmp(db_text(r, i, 2), "raised") == 0;
		if (!raised && db_bool(r, i, 5))
			continue;
		alarms[p->n_alarms++] = (struct preview_alarm){
			.kind = copy(arena, r, i, 0),
			.subject = copy(arena, r, i, 1),
			.detail = db_is_null(r, i, 4) ? ""
			    : copy(arena, r, i, 4),
			.raised = raised, .since = db_time(r, i, 3) };
	}
	p->alarms = alarms;
	return !arena_failed(arena) || err_nomem(err);
}

/* ---- the last night ------------------------------------------------------ */
struct lines {
	struct arena *arena;
	const char **v;
	size_t n, max;
};

static void
add_line(void *arg, const char *line)
{
	struct lines *l = arg;

	if (l->v != NULL && l->n < l->max)
		l->v[l->n++] = arena_strdup(l->arena, line);
}

static bool
read_night(struct db *db, const struct tenant *tenant, int today,
    struct arena *arena, struct preview *p, struct err *err)
{
	struct lines lines = { .arena = arena, .max = 32 };
	struct runlog log;

	if (!runlog_read_night(db, tenant->id, today, arena, &p->last_night,
	        &log, &p->last_result, err))
		return false;
	if (p->last_night == NO_DAY)
		return true;
	lines.v = arena_array(arena, lines.max, sizeof(*lines.v));
	runlog_lines(&log, arena, add_line, &lines);
	p->last_lines = lines.v;
	p->n_last_lines = lines.n;
	return !arena_failed(arena) || err_nomem(err);
}

static struct preview_difference
difference_of(struct arena *a, const struct db_result *r, int i)
{
	return (struct preview_difference){ .id = copy(a, r, i, 0),
		.trigger = copy(a, r, i, 1), .contact = copy(a, r, i, 2),
		.company = copy(a, r, i, 3), .said = copy(a, r, i, 4),
		.state = copy(a, r, i, 5), .reason = copy(a, r, i, 6) };
}

/* A mail of a day before has told what came otherwise in that night. */
static bool
is_told(const struct conf *conf, int night, int today)
{
	for (int day = night; day != NO_DAY && day < today;
	    day = day_add(day, 1))
		if (calendar_is_working_day(&conf->calendar, day))
			return true;
	return false;
}

/* Of a night that was run: before that nothing came otherwise. */
static bool
read_differences(struct db *db, const struct conf *conf,
    const struct tenant *tenant, int today, struct arena *arena,
    struct preview *p, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (p->last_night == NO_DAY)
		return true;
	if (!previewed_last(db, tenant->id, p->last_night, arena,
	        &p->said_night, err))
		return false;
	if (p->said_night != NO_DAY && is_told(conf, p->said_night, today))
		p->said_night = NO_DAY;
	if (p->said_night == NO_DAY)
		return true;
	if (!previewed_differences(db, tenant->id, p->said_night, arena, &r,
	        err))
		return false;
	p->n_differences = (size_t)db_rows(r);
	struct preview_difference *d = arena_array(arena, p->n_differences + 1,
	    sizeof(*d));
	for (size_t i = 0; d != NULL && i < p->n_differences; i++)
		d[i] = difference_of(arena, r, (int)i);
	p->differences = d;
	return !arena_failed(arena) || err_nomem(err);
}

/* ---- what people must know of this mail itself --------------------------- */
static bool
read_notes(struct db *db, const struct tenant *tenant, struct arena *arena,
    struct preview *p, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	const char **notes = arena_array(arena, NOTES_MAX, sizeof(*notes));

	if (notes == NULL)
		return err_nomem(err);
	if (!effect_list_unknown(db, tenant->id, "mail", clock_now() -
	        UNKNOWN_DAYS * 86400, arena, &r, err))
		return false;
	for (int i = 0; i < db_rows(r) && i < NOTES_MAX; i++)
		notes[p->n_notes++] = arena_printf(arena, "Nobody knows whether "
		    "the %s arrived at all its addresses; it is not repeated.",
		    db_text(r, i, 0));
	p->notes = notes;
	return !arena_failed(arena) || err_nomem(err);
}

bool
night_preview(struct db *db, const struct conf *conf,
    const struct tenant *tenant, struct arena *arena, struct preview *preview,
    struct err *err)
{
	const int today = clock_day(conf->timezone, clock_now());

	*preview = (struct preview){ .tenant = conf->tenant,
		.zone = conf->timezone, .last_night = NO_DAY,
		.said_night = NO_DAY, .paused = tenant->paused,
		.restored = tenant->restored_at != NO_TIME };
	return read_rows(db, conf, tenant, arena, preview, err) &&
	    read_held(db, tenant, arena, preview, err) &&
	    read_alarms(db, tenant, arena, preview, err) &&
	    read_night(db, tenant, today, arena, preview, err) &&
	    read_differences(db, conf, tenant, today, arena, preview, err) &&
	    read_notes(db, tenant, arena, preview, err);
}

/* ---- by the hourly run --------------------------------------------------- */
/* A queue that is not today's must not look like it. */
static bool
add_problem(struct arena *arena, struct preview *p, const struct err *problem,
    struct err *err)
{
	const char **notes = arena_array(arena, p->n_notes + 2, sizeof(*notes));

	if (problem == NULL)
		return true;
	if (notes == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < p->n_notes; i++)
		notes[i] = p->notes[i];
	notes[p->n_notes++] = arena_printf(arena, "Not all could be read "
	    "before this mail: %s", problem->msg);
	p->notes = notes;
	return !arena_failed(arena) || err_nomem(err);
}

bool
night_send_preview(struct night *n, struct err *err)
{
	AUTO(arena) struct arena *arena = NULL;
	struct stage *s = &n->stage;
	struct preview p;
	bool due = false;
	const struct err *problem = night_problem(n);

	arena_reset(n->arena);
	if (!stage_preview_due(s, &due, &n->mail, err))
		return false;
	if (!due)
		return true;
	arena = arena_new(NIGHT_PREVIEW_BYTES);
	if (arena == NULL)
		return err_nomem(err);
	return night_preview(s->db, s->conf, s->tenant, arena, &p, err) &&
	    add_problem(arena, &p, problem, err) &&
	    stage_preview(s, &p, &n->mail, err);
}
