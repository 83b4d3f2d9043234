/*
 * activities.c - activities of every kind, for who fell silent.
 *
 * activitypointers spans all sets of activities; whose contact one is, is what
 * it regards; with inactivity_source = "parties" every contact who took part is
 * one, too.
 */
#include <string.h>

#include "clock.h"
#include "reader.h"

#define SELECT "activityid,activitytypecode,statecode,actualend," \
	"scheduledend,modifiedon,_regardingobjectid_value"
#define COMPLETED 1
#define CANCELLED 2

struct activities {
	struct dynamics *d;
	crm_activity_fn *emit;
	void *arg;
	struct parties parties;
};

static enum act_kind
kind_of(const char *type)
{
	static const struct {
		const char *type;
		enum act_kind kind;
	} kinds[] = { { "appointment", ACT_MEETING },
		{ "phonecall", ACT_PHONE }, { "email", ACT_MAIL } };

	for (size_t i = 0; type != NULL && i < ARRAY_LEN(kinds); i++)
		if (strcmp(type, kinds[i].type) == 0)
			return kinds[i].kind;
	return ACT_OTHER;
}

static int
day_of(const struct dynamics *d, json_t *row)
{
	time_t at = row_time(row, "actualend", d->zone);

	if (at == NO_TIME)
		at = row_time(row, "scheduledend", d->zone);
	return at == NO_TIME ? NO_DAY : clock_day(d->zone, at);
}

static bool
emit_one(struct activities *a, struct crm_activity *act, const char *contact,
    struct err *err)
{
	if (arena_failed(a->d->item))
		return err_nomem(err);
	act->contact_id = contact;
	return a->emit(a->arg, act) || err_set(err, ERR_CANCELLED,
	    "activities: stopped");
}

static bool
emit_all(struct activities *a, json_t *row, struct crm_activity *act,
    struct err *err)
{
	const char *regards = row_lookup(row, "_regardingobjectid_value",
	    "contact", a->d->item);
	const char *const *party = parties_of(&a->parties, act->activity_id);

	if (regards != NULL && !emit_one(a, act, regards, err))
		return false;
	for (; *party != NULL; party++)
		if ((regards == NULL || strcmp(*party, regards) != 0) &&
		    !emit_one(a, act, *party, err))
			return false;
	return true;
}

static bool
on_row(void *arg, const struct feed *f, struct feed_row *row, struct err *err)
{
	struct activities *a = arg;
	const char *type = row_text(row->json, "activitytypecode", a->d->item);
	struct crm_activity act = { .activity_id = row->id,
		.kind = kind_of(type), .day = day_of(a->d, row->json) };
	long long state = 0;

	(void)f;
	if (type != NULL && strcmp(type, "recurringappointmentmaster") == 0)
		return true;
	(void)row_number(row->json, "statecode", &state);
	act.done = state == COMPLETED;
	act.cancelled = state == CANCELLED;
	if (act.day != NO_DAY)
		return emit_all(a, row->json, &act, err);
	/* What is open and has no day is no plan to meet. */
	if (act.done)
		feed_refuse(row, "actualend", "a time there or in "
		    "scheduledend");
	return true;
}

static bool
on_page(void *arg, const struct feed *f, json_t *rows, struct err *err)
{
	struct activities *a = arg;

	(void)f;
	if (a->d->set->inactivity_source == INACTIVITY_REGARDING)
		return true;
	return parties_load(&a->parties, a->d, rows, NULL, err);
}

bool
activities_open(struct dynamics *d, struct err *err)
{
	d->reader->activities = (struct feed){ .name = "activities",
		.set = "activitypointers", .id = "activityid",
		.select = SELECT };
	return !arena_failed(d->api.own) || err_nomem(err);
}

bool
dynamics_pull_activities(void *self, const struct pull *pull,
    crm_activity_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err)
{
	struct dynamics *d = self;
	struct activities a = { .d = d, .emit = emit, .arg = arg };
	const struct feed_sink sink = { .page = on_page, .row = on_row,
		.arg = &a, .checkpoint = checkpoint, .checkpoint_arg = arg };

	return feed_read(d, &d->reader->activities, 1, pull, &sink, err);
}
