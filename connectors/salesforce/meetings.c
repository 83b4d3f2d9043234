/*
 * meetings.c - events whose end is past, or tasks that were closed.
 *
 * An event ends without being changed, so the first window is one of its end; a
 * visit that is entered days after it was held lies below that window, so a
 * second one asks for what was changed since, held within meeting_late_days.
 * Neither meets what the other does.  An event of whole days ends, by its time,
 * when its last day begins: the first window reaches back to those that were
 * not over yet at the pass before; keys keep the others from counting twice.
 */
#include "reading.h"

#include <string.h>

#define DAY_S 86400
#define CONTACT "003"
#define USER "005"

/* ---- statements -------------------------------------------------------- */
static void
ended(const void *of, struct buf *out, const struct soql_window *w)
{
	const struct sf_meetings *m = of;

	soql_events_ended(out, &m->ask, w);
}

static void
late(const void *of, struct buf *out, const struct soql_window *w)
{
	const struct sf_meetings *m = of;

	soql_events_late(out, &m->ask, m->stamp, w, &m->past);
}

static void
closed(const void *of, struct buf *out, const struct soql_window *w)
{
	const struct sf_meetings *m = of;

	soql_tasks_closed(out, &m->ask, m->stamp, w);
}

/* ---- a row ------------------------------------------------------------- */
/* A task without a time of its closing was held on its day, at noon: a whole
 * day is all that is known.  One that was closed before that was held then. */
static time_t
held_on(const struct sf_events *e, json_t *row)
{
	const struct sf_meetings *m = &e->meetings;
	const char *text = sf_text(row, m->day_field);
	const int on = text == NULL ? NO_DAY : day_parse(text);
	const time_t changed = sf_time(row, m->stamp);
	time_t noon;

	if (on == NO_DAY)
		return NO_TIME;
	noon = clock_day_start(e->s->env.timezone, on) + DAY_S / 2;
	return changed != NO_TIME && changed < noon ? changed : noon;
}

static time_t
held_at(const struct sf_events *e, json_t *row)
{
	const time_t at = sf_over(row, e->meetings.time_field,
	    e->s->env.timezone);

	return at == NO_TIME ? held_on(e, row) : at;
}

/* What must never make a survey, whatever the service was asked. */
static const char *
fault_of(const struct sf_events *e, json_t *row, time_t at)
{
	if (sf_text(row, "Id") == NULL)
		return "Id: expected an id";
	if (at == NO_TIME)
		return "expected a time at which it was held";
	if (at > e->pass.started)
		return "it is still to come";
	if (sf_is_true(row, "IsChild") || sf_is_true(row, "IsDeleted"))
		return "it is a copy for an invitee, or deleted";
	return NULL;
}

static bool
emit_each(struct sf_events *e, struct crm_event *ev,
    const struct sf_links *people, struct err *err)
{
	const char *id = ev->event_id;
	size_t n, contacts = 0;
	const struct sf_link *who = sf_links_of(people, id, &n);

	for (size_t i = 0; i < n; i++) {
		if (who[i].to == NULL || strncmp(who[i].to, CONTACT, 3) != 0)
			continue;
		contacts++;
		ev->contact_id = who[i].to;
		ev->event_id = arena_printf(e->page, "%s/%s", id, who[i].to);
		if (ev->event_id == NULL)
			return err_nomem(err);
		if (!sf_emit_event(e, ev, err))
			return false;
	}
	if (contacts > 0)
		return true;
	if (ev->contact_id != NULL)
		ev->event_id = arena_printf(e->page, "%s/%s", id,
		    ev->contact_id);
	return ev->event_id == NULL ? err_nomem(err) :
	    sf_emit_event(e, ev, err);
}

static bool
emit_row(struct sf_events *e, json_t *row, const struct sf_links *people,
    struct err *err)
{
	const struct sf_settings *set = e->s->set;
	const time_t at = held_at(e, row);
	const char *fault = fault_of(e, row, at);
	struct crm_event ev = { .trigger = "meet",
		.event_id = sf_text(row, "Id"),
		.contact_id = sf_id(row, "WhoId", CONTACT),
		.category = sf_any(row, set->meeting_category_field, e->page),
		.employee_id = sf_id(row, "OwnerId", USER),
		.occurred_at = at, .transition_at = NO_TIME };

	/* The next pass meets it again. */
	if (at > e->pass.started && sf_is_true(row, SF_ALL_DAY))
		return true;
	if (fault != NULL) {
		sf_odd_row(e->s, "meetings", row, fault);
		return true;
	}
	return set->meeting_who_relation ? emit_each(e, &ev, people, err) :
	    sf_emit_event(e, &ev, err);
}

static bool
people_of(struct sf_events *e, json_t *records, struct sf_links *out,
    struct err *err)
{
	size_t n;
	const char **ids = sf_column(records, "Id", e->page, &n);

	*out = (struct sf_links){ .n = 0 };
	if (ids == NULL)
		return err_nomem(err);
	return !e->s->set->meeting_who_relation || sf_lookup(e->s,
	    e->meetings.tasks ? &sf_people_of_tasks :
	    &sf_people_of_events, ids, n, e->page, out,
	    err);
}

static bool
on_rows(void *arg, const struct sf_part *part, json_t *records,
    struct err *err)
{
	struct sf_events *e = arg;
	struct sf_links people;
	json_t *row;
	size_t i;

	(void)part;
	arena_reset(e->page);
	if (!people_of(e, records, &people, err))
		return false;
	json_array_foreach(records, i, row)
		if (!emit_row(e, row, &people, err))
			return false;
	return true;
}

/* ---- begin ------------------------------------------------------------- */
static bool
shape(struct sf_events *e, const struct sf_describe *d, struct err *err)
{
	const struct sf_settings *set = e->s->set;
	struct sf_meetings *m = &e->meetings;
	const char *own = set->meeting_time_field;
	const char *const need[] = { "Id", "WhoId", own, m->tasks ? "" :
	    "EndDateTime", m->tasks ? "IsClosed" : "" };

	m->time_field = *own != '\0' ? own : m->tasks ? "CompletedDateTime" :
	    "EndDateTime";
	m->day_field = m->tasks ? "ActivityDate" : "";
	m->stamp = sf_stamp(d);
	m->fields = d;
	m->all_day = !m->tasks && sf_has(d, SF_ALL_DAY);
	const char *const all[] = { "Id", "WhoId", "OwnerId", m->time_field,
		m->day_field, m->all_day ? SF_ALL_DAY : "",
		set->meeting_category_field, "IsChild", m->stamp };
	if (!sf_require(d, need, ARRAY_LEN(need), "give the permission set read "
	    "access to the field, or correct the option meeting_time_field",
	    err))
		return false;
	if (m->stamp == NULL)
		return err_set(err, ERR_CONFIG, "%s: neither SystemModstamp nor "
		    "LastModifiedDate can be asked for", d->object);
	m->ask = (struct soql_meetings){ .time_field = m->time_field,
		.select = sf_select(d, all, ARRAY_LEN(all), e->s->own),
		.filter = set->meeting_filter,
		.has_child = sf_has(d, "IsChild") };
	return m->ask.select != NULL || err_nomem(err);
}

/* The first pass makes no surveys: it learns what was there already, as far
 * back as a meeting may be entered late. */
static time_t
first_of(const struct sf_events *e)
{
	return e->pass.begin > 0 ? e->pass.begin : e->pass.started -
	    (e->s->set->meeting_late_days + 2) * (time_t)DAY_S;
}

/* What had ended by its time, and was not over at the pass before. */
static time_t
ended_first(const struct sf_events *e)
{
	return first_of(e) - (e->meetings.all_day && e->pass.begin > 0 ?
	    SF_ALL_DAY_S : 0);
}

static void
part_add(struct sf_events *e, const char *name, const char *label, time_t from,
    void (*soql)(const void *, struct buf *, const struct soql_window *))
{
	e->parts[e->n++] = (struct sf_part){ .name = name, .label = label,
		.fields = e->meetings.fields,
		.from = from, .until = e->pass.until, .soql = soql,
		.rows = on_rows, .of = &e->meetings };
}

bool
sf_meetings_begin(struct sf_events *e, struct err *err)
{
	struct sf_meetings *m = &e->meetings;
	const struct sf_describe *d;

	m->tasks = e->s->set->meeting_object == SF_MEETING_TASK;
	if (!sf_describe(e->s, m->tasks ? "Task" : "Event", &d, err) ||
	    !shape(e, d, err))
		return false;
	const time_t first = ended_first(e);
	m->past = (struct soql_window){ .until = first, .from = first -
	    e->s->set->meeting_late_days * (time_t)DAY_S };
	if (m->tasks) {
		part_add(e, "meetings", "query Task", first, closed);
		return true;
	}
	part_add(e, "meetings", "query Event", first, ended);
	if (e->s->set->meeting_late_days > 0)
		part_add(e, "late", "query Event entered late", first_of(e),
		    late);
	return true;
}
