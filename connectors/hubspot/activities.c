/*
 * activities.c - meetings, calls and the like, for who has not been heard of for
 * long.
 *
 * The first pass goes by the day, activity_first_days back and all that is
 * planned; then what was changed, and meetings that ended meanwhile.
 */
#include <string.h>
#include <strings.h>

#include "reading.h"

#define PAGE_MAX_BYTES ((size_t)33554432)
#define DAY_S 86400
#define PLANNED_DAYS 730	/* the first pass looks so far ahead */
#define STAMP "hs_lastmodifieddate"
#define AT "hs_timestamp"
#define KINDS 5

static const struct kind {
	const char *type, *label;
	enum act_kind kind;
} kinds[KINDS] = {
	{ "meetings", "search meetings", ACT_MEETING },
	{ "calls", "search calls", ACT_PHONE },
	{ "emails", "search emails", ACT_MAIL },
	{ "communications", "search communications", ACT_OTHER },
	{ "tasks", "search tasks", ACT_OTHER },
};
struct activities {
	struct hubspot *h;
	struct hs_pass pass;
	struct arena *page, *own;
	crm_activity_fn *emit;
	void *arg;
	struct hs_part parts[2 * KINDS];
	size_t n;
};

/* ---- a row --------------------------------------------------------------------------- */
static void
judge_meeting(const struct activities *a, json_t *row,
    struct crm_activity *act)
{
	const time_t end = hs_time(hs_property(row, "hs_meeting_end_time",
	    a->page));
	const time_t at = hs_time(hs_property(row, AT, a->page));

	switch (hs_meeting_held(a->h->set, hs_property(row,
	    "hs_meeting_outcome", a->page), end != NO_TIME ? end : at,
	    a->pass.started)) {
	case HS_HELD:
		act->done = true;
		break;
	case HS_NOT_HELD:
		act->cancelled = true;
		break;
	case HS_NOT_YET:
		break;
	}
}

static void
judge_row(const struct activities *a, const struct kind *k, json_t *row,
    time_t at, struct crm_activity *act)
{
	const char *status;

	if (k->kind == ACT_MEETING) {
		judge_meeting(a, row, act);
		return;
	}
	if (strcmp(k->type, "tasks") != 0) {
		act->done = at <= a->pass.started;
		return;
	}
	status = hs_property(row, "hs_task_status", a->page);
	act->done = status != NULL && strcasecmp(status, "COMPLETED") == 0;
}

static bool
emit_row(struct activities *a, const struct kind *k, json_t *row,
    const struct hs_links *links, struct err *err)
{
	const char *id = hs_id(row, "id", a->page);
	const char *const *who = hs_links_of(links, id);
	const time_t at = hs_time(hs_property(row, AT, a->page));
	struct crm_activity act = { .kind = k->kind,
		.activity_id = id == NULL ? NULL : arena_printf(a->page,
		    "%s/%s", k->type, id) };

	/* Without a day it is nobody's activity. */
	if (act.activity_id == NULL || at == NO_TIME || who == NULL)
		return !arena_failed(a->page) || err_nomem(err);
	act.day = clock_day(a->h->env.timezone, at);
	judge_row(a, k, row, at, &act);
	for (; *who != NULL; who++) {
		act.contact_id = *who;
		if (!a->emit(a->arg, &act))
			return err_set(err, ERR_CANCELLED,
			    "activities: stopped");
	}
	return true;
}

static bool
on_rows(void *arg, const struct hs_part *part, json_t *rows, struct err *err)
{
	struct activities *a = arg;
	const struct kind *k = part->of;
	struct hs_links links;
	json_t *row;
	size_t i;

	arena_reset(a->page);
	if (!hs_links_load(a->h, k->type, rows, NULL, a->page, &links, err))
		return false;
	json_array_foreach(rows, i, row)
		if (!emit_row(a, k, row, &links, err))
			return false;
	return true;
}

/* ---- begin ---------------------------------------------------------------------------- */
static const char *const *
columns_of(struct activities *a, const struct kind *k)
{
	const bool meeting = k->kind == ACT_MEETING;
	const char *const names[] = { AT, STAMP, meeting ?
	    "hs_meeting_end_time" : "", meeting ? "hs_meeting_outcome" : "",
		strcmp(k->type, "tasks") == 0 ? "hs_task_status" : "" };

	return hs_columns(a->own, names, ARRAY_LEN(names));
}

static bool
kind_begin(struct activities *a, const struct kind *k, struct err *err)
{
	const bool first = a->pass.begin <= 0;
	const time_t now = a->pass.started;
	struct hs_part part = { .name = k->type, .rows = on_rows, .of = k,
		.from = first ? now - a->h->set->activity_first_days *
		    (time_t)DAY_S : a->pass.begin,
		.until = first ? now + PLANNED_DAYS * (time_t)DAY_S :
		    a->pass.until,
		.ask = { .type = k->type, .label = k->label,
		    .stamp = first ? AT : STAMP,
		    .columns = columns_of(a, k) } };

	if (part.ask.columns == NULL)
		return err_nomem(err);
	a->parts[a->n++] = part;
	if (first || k->kind != ACT_MEETING)
		return true;
	part.name = "ended";
	part.ask.stamp = "hs_meeting_end_time";
	a->parts[a->n++] = part;
	return true;
}

static bool
read_all(struct activities *a, struct err *err)
{
	if (!hs_ready(a->h, true, err) || !hs_pass_begin(&a->pass, err))
		return false;
	for (size_t i = 0; i < KINDS; i++)
		if (hs_in_list(&a->h->set->activity_types, kinds[i].type) &&
		    !kind_begin(a, &kinds[i], err))
			return false;
	return hs_pass_run(&a->pass, a->parts, a->n, err);
}

bool
hs_pull_activities(void *self, const struct pull *pull,
    crm_activity_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err)
{
	AUTO(arena) struct arena *page = arena_new(PAGE_MAX_BYTES);
	AUTO(arena) struct arena *own = arena_new(PAGE_MAX_BYTES);
	struct activities a = { .h = self, .page = page, .own = own,
		.emit = emit, .arg = arg };

	if (page == NULL || own == NULL)
		return err_nomem(err);
	a.pass = (struct hs_pass){ .h = self, .pull = pull, .arg = &a,
		.checkpoint = checkpoint, .checkpoint_arg = arg };
	const bool ok = read_all(&a, err);
	hs_pass_free(&a.pass);
	return ok;
}
