/*
 * activities.c - events and tasks, for who has not been heard of for long.
 *
 * The first pass goes by the day, activity_first_days back and all that is
 * planned; then what was changed, and events that ended meanwhile: one of whole
 * days was planned until its last day was over, long after its end.  Archived
 * and deleted ones are asked for too (queryAll): a deleted one was cancelled.
 */
#include "reading.h"

#include <string.h>

#define PAGE_MAX_BYTES ((size_t)33554432)
#define CONTACT "003"
#define DAY_S 86400
#define PLANNED_DAYS 730	/* the first pass looks so far ahead */

struct half {			/* events, or tasks */
	const char *object, *select, *stamp;
	const struct sf_describe *fields;
	bool tasks, all_day;	/* IsAllDayEvent is there */
};
struct activities {
	struct salesforce *s;
	struct sf_pass pass;
	struct arena *page;
	crm_activity_fn *emit;
	void *arg;
	struct half half[2];
	struct sf_part parts[2];
	size_t n;
};

/* ---- statements -------------------------------------------------------- */
static void
of_days(const void *of, struct buf *out, const struct soql_window *w)
{
	const struct half *h = of;

	soql_activities_of_days(out, h->object, h->select, w);
}

static void
moved(const void *of, struct buf *out, const struct soql_window *w)
{
	const struct half *h = of;
	const struct soql_window ended = { w->from - (h->all_day ?
	    SF_ALL_DAY_S : 0), w->until };

	if (h->tasks)
		soql_tasks_moved(out, h->select, h->stamp, w);
	else
		soql_events_moved(out, h->select, h->stamp, w, &ended);
}

/* ---- a row ------------------------------------------------------------- */
static enum act_kind
kind_of(const struct half *h, json_t *row)
{
	static const struct { const char *word; enum act_kind kind; } kinds[] = {
		{ "Call", ACT_PHONE }, { "Email", ACT_MAIL },
		{ "ListEmail", ACT_MAIL } };
	const char *word = sf_text(row, "TaskSubtype");

	if (!h->tasks)
		return ACT_MEETING;
	for (size_t i = 0; word != NULL && i < ARRAY_LEN(kinds); i++)
		if (strcmp(word, kinds[i].word) == 0)
			return kinds[i].kind;
	return ACT_OTHER;
}

static bool
is_done(const struct activities *a, const struct half *h, json_t *row, int day)
{
	const time_t end = sf_over(row, "EndDateTime", a->s->env.timezone);

	if (h->tasks)
		return sf_is_true(row, "IsClosed");
	return end != NO_TIME ? end <= a->pass.started :
	    day < clock_day(a->s->env.timezone, a->pass.started);
}

static int
day_of(const struct activities *a, json_t *row)
{
	const char *text = sf_text(row, "ActivityDate");
	const time_t end = sf_over(row, "EndDateTime", a->s->env.timezone);

	return text != NULL ? day_parse(text) : end == NO_TIME ? NO_DAY :
	    clock_day(a->s->env.timezone, end);
}

static bool
emit_for(const struct activities *a, struct crm_activity *act, const char *who,
    struct err *err)
{
	act->contact_id = who;
	return a->emit(a->arg, act) || err_set(err, ERR_CANCELLED,
	    "activities: stopped");
}

static bool
emit_others(const struct activities *a, struct crm_activity *act,
    const char *who, const struct sf_links *people, struct err *err)
{
	size_t n;
	const struct sf_link *link = sf_links_of(people, act->activity_id, &n);

	for (size_t i = 0; i < n; i++)
		if (link[i].to != NULL && strncmp(link[i].to, CONTACT, 3) == 0 &&
		    (who == NULL || strcmp(who, link[i].to) != 0) &&
		    !emit_for(a, act, link[i].to, err))
			return false;
	return true;
}

static bool
emit_row(struct activities *a, const struct half *h, json_t *row,
    const struct sf_links *people, struct err *err)
{
	const char *who = sf_id(row, "WhoId", CONTACT);
	const char *id = sf_text(row, "Id");
	const int day = day_of(a, row);
	struct crm_activity act = { .activity_id = id, .kind = kind_of(h, row),
		.day = day, .done = is_done(a, h, row, day),
		.cancelled = sf_is_true(row, "IsDeleted") };

	/* A task without a day, a copy for an invitee: nobody's activity. */
	if (id == NULL || day == NO_DAY || sf_is_true(row, "IsChild"))
		return true;
	return (who == NULL || emit_for(a, &act, who, err)) &&
	    emit_others(a, &act, who, people, err);
}

static bool
people_of(struct activities *a, const struct half *h, json_t *records,
    struct sf_links *out, struct err *err)
{
	size_t n;
	const char **ids = sf_column(records, "Id", a->page, &n);

	*out = (struct sf_links){ .n = 0 };
	if (ids == NULL)
		return err_nomem(err);
	return !a->s->set->meeting_who_relation || sf_lookup(a->s,
	    h->tasks ? &sf_people_of_tasks :
	    &sf_people_of_events, ids, n, a->page, out, err);
}

static bool
on_rows(void *arg, const struct sf_part *part, json_t *records,
    struct err *err)
{
	struct activities *a = arg;
	struct sf_links people;
	json_t *row;
	size_t i;

	arena_reset(a->page);
	if (!people_of(a, part->of, records, &people, err))
		return false;
	json_array_foreach(records, i, row)
		if (!emit_row(a, part->of, row, &people, err))
			return false;
	return true;
}

/* ---- begin ------------------------------------------------------------- */
static bool
half_begin(struct activities *a, struct half *h, struct err *err)
{
	const char *const all[] = { "Id", "WhoId", "ActivityDate",
		"EndDateTime", "IsChild", "IsClosed", "TaskSubtype",
		"IsDeleted", h->tasks ? "" : SF_ALL_DAY };
	const struct sf_describe *d;
	const char *const need[] = { "Id", "WhoId", "ActivityDate",
		h->tasks ? "IsClosed" : "EndDateTime" };

	if (!sf_describe(a->s, h->object, &d, err) || !sf_require(d, need,
	    ARRAY_LEN(need), "give the permission set read access to the field",
	    err))
		return false;
	h->stamp = sf_stamp(d);
	h->fields = d;
	h->all_day = !h->tasks && sf_has(d, SF_ALL_DAY);
	h->select = sf_select(d, all, ARRAY_LEN(all), a->s->own);
	if (h->stamp == NULL)
		return err_set(err, ERR_CONFIG, "%s: neither SystemModstamp nor "
		    "LastModifiedDate can be asked for", h->object);
	return h->select != NULL || err_nomem(err);
}

static struct sf_part
part_of(const struct activities *a, const struct half *h)
{
	const bool first = a->pass.begin <= 0;
	const time_t now = a->pass.started;

	return (struct sf_part){ .name = h->object, .label = h->tasks ?
	    "query Task" : "query Event",
		.all = a->s->set->activity_use_queryall, .fields = h->fields,
		.from = first ? now - a->s->set->activity_first_days *
		    (time_t)DAY_S : a->pass.begin,
		.until = first ? now + PLANNED_DAYS * (time_t)DAY_S :
		    a->pass.until,
		.soql = first ? of_days : moved, .rows = on_rows, .of = h };
}

static bool
read_all(struct activities *a, struct err *err)
{
	a->half[0] = (struct half){ .object = "Event" };
	a->half[1] = (struct half){ .object = "Task", .tasks = true };
	if (!sf_ready(a->s, err) || !sf_pass_begin(&a->pass, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(a->half); i++) {
		if (!half_begin(a, &a->half[i], err))
			return false;
		a->parts[i] = part_of(a, &a->half[i]);
	}
	return sf_pass_run(&a->pass, a->parts, ARRAY_LEN(a->parts), err);
}

bool
sf_pull_activities(void *self, const struct pull *pull, crm_activity_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	AUTO(arena) struct arena *page = arena_new(PAGE_MAX_BYTES);
	struct activities a = { .s = self, .page = page, .emit = emit,
		.arg = arg };

	if (page == NULL)
		return err_nomem(err);
	a.pass = (struct sf_pass){ .s = self, .pull = pull, .arg = &a,
		.checkpoint = checkpoint, .checkpoint_arg = arg };
	const bool ok = read_all(&a, err);
	sf_pass_free(&a.pass);
	return ok;
}
