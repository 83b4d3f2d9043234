/*
 * activities.c - appointments of every kind, done or planned, for who fell
 * silent.
 *
 * inactivity_level "company": what somebody did with anybody at a company counts
 * for all who work there, so its persons are asked for with each page.
 *
 * Mails that are kept as documents, requests and sales are not in it.
 */
#include "reading.h"

#include <string.h>

#include "clock.h"

#define SELECT "appointmentId,personId,contactId,type,rawType,rawStatus," \
	"completed,completedDate,date,endDate,updatedDate,registeredDate"
#define IN_CHECKLIST 2		/* rawType: above it notes and documents */
#define CANCELLED 10		/* rawStatus of a booking */
#define DAY_S 86400

struct colleague {
	const char *id;
	struct colleague *next;
};
struct activities {
	struct superoffice *s;
	crm_activity_fn *emit;
	void *arg;
	struct idmap companies;		/* of a page: struct colleague */
};

/* ---- who works where --------------------------------------------------- */
static bool
on_person(void *arg, const struct so_group *g, struct err *err)
{
	struct activities *a = arg;
	struct arena *page = a->s->page;
	struct colleague *c = arena_alloc(page, sizeof(*c));
	const char *company = so_id(g->row, "contactId", page);

	if (c == NULL || (c->id = arena_strdup(page, g->id)) == NULL)
		return err_nomem(err);
	if (company == NULL)
		return true;
	c->next = idmap_get(&a->companies, company);
	return idmap_put(&a->companies, company, c) || err_nomem(err);
}

static bool
on_page(void *arg, const struct so_feed *f, json_t *rows, struct err *err)
{
	struct activities *a = arg;
	const struct so_query q = { .path = "/Person", .label = "persons",
		.id = "personId", .select = "personId,contactId",
		.top = f->q.top };
	const char *const *ids;
	size_t n;

	idmap_init(&a->companies, a->s->page);
	if (a->s->set->inactivity_level == SO_BY_PERSON)
		return true;
	return so_column_ids(a->s->page, rows, "contactId", &ids, &n, err) &&
	    so_query_ids(a->s, &q, "contactId", ids, n, on_person, a, err);
}

/* ---- rows -------------------------------------------------------------- */
static int
day_of(const struct superoffice *s, json_t *row, bool done)
{
	static const char *const columns[] = { "endDate", "date",
		"completedDate" };

	for (size_t i = 0; i < (done ? 3 : 2); i++) {
		const time_t at = so_time(s->set, row, columns[i]);
		if (at != NO_TIME)
			return clock_day(s->zone, at);
	}
	return NO_DAY;
}

static bool
emit_one(struct activities *a, struct crm_activity *act, const char *contact,
    struct err *err)
{
	if (arena_failed(a->s->item))
		return err_nomem(err);
	act->contact_id = contact;
	return a->emit(a->arg, act) || err_set(err, ERR_CANCELLED,
	    "activities: stopped");
}

static bool
emit_all(struct activities *a, struct so_row *row, struct crm_activity *act,
    struct err *err)
{
	struct arena *item = a->s->item;
	const char *own = so_id(row->json, "personId", item);
	const char *company = so_id(row->json, "contactId", item);
	const struct colleague *c = company == NULL ? NULL :
	    idmap_get(&a->companies, company);

	if (own != NULL && !emit_one(a, act, own, err))
		return false;
	for (; c != NULL; c = c->next)
		if ((own == NULL || strcmp(own, c->id) != 0) &&
		    !emit_one(a, act, c->id, err))
			return false;
	return true;
}

static bool
on_row(void *arg, const struct so_feed *f, struct so_row *row, struct err *err)
{
	/* ACT_OTHER counts for nothing; of a type that no option names it is
	 * not known that it is nothing. */
	static const enum act_kind kinds[] = { ACT_MEETING, ACT_PHONE,
		ACT_MAIL, ACT_MEETING };
	struct activities *a = arg;
	const int *kind = f->of;
	struct crm_activity act = { .activity_id = row->id,
		.kind = kinds[*kind],
		.done = so_flag(row->json, "completed") == TRI_YES };
	long long n;

	if (so_number(row->json, "rawType", &n) && n > IN_CHECKLIST)
		return true;
	act.cancelled = so_number(row->json, "rawStatus", &n) &&
	    n == CANCELLED;
	act.day = day_of(a->s, row->json, act.done);
	if (act.day != NO_DAY)
		return emit_all(a, row, &act, err);
	/* What is open and has no day is no plan to meet. */
	if (act.done)
		so_refuse(row, "endDate", "a time with its zone");
	return true;
}

/* ---- what is asked for ------------------------------------------------- */
static bool
add(struct superoffice *s, const char *name, int kind, const char *filter,
    struct err *err)
{
	static const int numbers[] = { 0, 1, 2, 3 };
	struct so_reader *r = s->reader;

	if (filter == NULL)
		return err_nomem(err);
	r->activities[r->n_activities++] = (struct so_feed){ .name = name,
		.stamp = "updatedDate", .made = s->set->stamp_registered ?
		    "registeredDate" : NULL, .of = &numbers[kind],
		.q = { .path = "/Appointment", .label = "activities",
		    .id = "appointmentId", .select = SELECT, .filter = filter,
		    .top = s->set->page_size } };
	return true;
}

/* Of every type that is named nowhere. */
static const char *
others(struct superoffice *s)
{
	const struct so_settings *set = s->set;
	const struct intlist *lists[] = { &set->meeting_task_ids,
		&set->phone_task_ids, &set->mail_task_ids,
		&set->silent_task_ids };
	size_t n = 0;
	int64_t *all;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		n += lists[i]->n;
	if ((all = arena_array(s->api.own, n + 1, sizeof(*all))) == NULL)
		return NULL;
	n = 0;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (size_t j = 0; j < lists[i]->n; j++)
			all[n++] = lists[i]->v[j];
	return n == 0 ? "" : so_one_of(s->api.own, "type", "notOneOf",
	    &(struct intlist){ all, n });
}

bool
so_activities_open(struct superoffice *s, struct err *err)
{
	static const char *const names[] = { "meetings", "calls", "mails" };
	const struct so_settings *set = s->set;
	const struct intlist *lists[] = { &set->meeting_task_ids,
		&set->phone_task_ids, &set->mail_task_ids };

	for (int i = 0; i < 3; i++)
		if (lists[i]->n > 0 && !add(s, names[i], i, so_one_of(
		    s->api.own, "type", "oneOf", lists[i]), err))
			return false;
	return add(s, "others", 3, others(s), err);
}

bool
so_pull_activities(void *self, const struct pull *pull, crm_activity_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct superoffice *s = self;
	const struct so_reader *r = s->reader;
	struct activities a = { .s = s, .emit = emit, .arg = arg };
	const struct so_sink sink = { .page = on_page, .row = on_row,
		.arg = &a, .checkpoint = checkpoint, .checkpoint_arg = arg,
		.since = s->api.env.now(s->api.env.clock) -
		    (time_t)s->set->activity_first_days * DAY_S };

	return so_feed_read(s, r->activities, r->n_activities, pull, &sink,
	    err);
}
