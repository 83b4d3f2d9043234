/*
 * map.c - rows of activities, deals and cases as the border's structs.
 */
#include "map.h"

/* ---- activities ----------------------------------------------------- */

static enum act_kind
kind_of(const struct files_sheet *sheet)
{
	const struct files_table *table = &sheet->f->table[FILES_ACTIVITIES];
	const char *kind = files_cell(sheet, ACT_KIND);

	if (sheet->at[ACT_KIND] == -1 || files_has_word(&table->meeting, kind))
		return ACT_MEETING;
	if (files_has_word(&table->phone, kind))
		return ACT_PHONE;
	return files_has_word(&table->mail, kind) ? ACT_MAIL : ACT_OTHER;
}

static bool
is_past(const struct files *f, time_t at, bool has_time)
{
	const time_t now = f->env.now(f->env.clock);

	/* A day without a time is over when the next one begins. */
	return has_time ? at < now : clock_day(f->zone, at) <
	    clock_day(f->zone, now);
}

static void
map_state(const struct files_sheet *sheet, time_t at, bool has_time,
    struct crm_activity *act)
{
	const struct files_table *table = &sheet->f->table[FILES_ACTIVITIES];
	const char *status = files_cell(sheet, ACT_STATUS);
	const bool by_date = sheet->at[ACT_STATUS] == -1 ||
	    table->past_is_done;

	act->cancelled = files_has_word(&table->cancelled, status);
	act->done = !act->cancelled && (files_has_word(&table->done, status) ||
	    (by_date && !files_has_word(&table->planned, status) &&
	    is_past(sheet->f, at, has_time)));
}

static bool
take_activity(struct files_sheet *sheet, struct crm_activity *act, time_t *at)
{
	bool has_time;

	if (!files_need_date(sheet, ACT_DATE, at, &has_time))
		return false;
	*act = (struct crm_activity){
		.contact_id = files_cell(sheet, ACT_CONTACT),
		.activity_id = files_cell(sheet, ACT_ID),
		.kind = kind_of(sheet),
		.day = clock_day(sheet->f->zone, *at) };
	map_state(sheet, *at, has_time, act);
	return true;
}

enum files_mapped
files_map_activity(struct files_sheet *sheet, struct crm_activity *act)
{
	time_t at;

	if (!take_activity(sheet, act, &at))
		return FILES_BAD;
	/* What nobody took part in is nobody's activity. */
	return act->contact_id == NULL ? FILES_SKIP : FILES_EMIT;
}

/* ---- events --------------------------------------------------------- */

static enum files_mapped
map_meeting(struct files_sheet *sheet, struct crm_event *ev)
{
	struct crm_activity act;
	enum tri automatic;
	time_t at;

	if (kind_of(sheet) != ACT_MEETING)
		return FILES_SKIP;
	if (!take_activity(sheet, &act, &at) ||
	    !files_take_tri(sheet, ACT_AUTOMATIC, TRI_NO, &automatic))
		return FILES_BAD;
	if (!act.done)
		return FILES_SKIP;
	*ev = (struct crm_event){ .trigger = "meet",
		.event_id = arena_printf(sheet->f->record, "%s/%s",
		    act.activity_id,
		    act.contact_id == NULL ? "" : act.contact_id),
		.contact_id = act.contact_id,
		.category = files_cell(sheet, ACT_CATEGORY),
		.stage = files_cell(sheet, ACT_STATUS),
		.employee_id = files_cell(sheet, ACT_EMPLOYEE),
		.occurred_at = at, .transition_at = NO_TIME,
		.automatic = automatic == TRI_YES };
	return FILES_EMIT;
}

static const char *
trigger_of(const struct files_sheet *sheet)
{
	const struct files_table *table = &sheet->f->table[sheet->kind];
	const char *status = files_cell(sheet, DEAL_STATUS);

	if (sheet->kind == FILES_CASES) {
		if (sheet->at[DEAL_STATUS] == -1)
			return files_cell(sheet, DEAL_DATE) == NULL ? NULL :
			    "case";
		return files_has_word(&table->closed, status) ? "case" : NULL;
	}
	if (files_has_word(&table->won, status))
		return "sale";
	return files_has_word(&table->lost, status) ? "loss" : NULL;
}

enum files_mapped
files_map_event(struct files_sheet *sheet, struct crm_event *ev)
{
	time_t at;
	bool has_time;

	if (sheet->kind == FILES_ACTIVITIES)
		return map_meeting(sheet, ev);
	const char *trigger = trigger_of(sheet);
	if (trigger == NULL)
		return FILES_SKIP;
	if (!files_need_date(sheet, DEAL_DATE, &at, &has_time))
		return FILES_BAD;
	*ev = (struct crm_event){ .trigger = trigger,
		.event_id = files_cell(sheet, DEAL_ID),
		.contact_id = files_cell(sheet, DEAL_CONTACT),
		.category = files_cell(sheet, DEAL_CATEGORY),
		.stage = files_cell(sheet, DEAL_STATUS),
		.employee_id = files_cell(sheet, DEAL_EMPLOYEE),
		.occurred_at = at, .transition_at = at };
	return FILES_EMIT;
}
