/*
 * soql.c - every statement that is sent stands here and nowhere else, so that
 * a test can hand all of them to a parser that is not ours.
 *
 * What comes from outside is a literal, escaped and in quotes; names of fields
 * are checked where the options are (options.c), or come from describe.
 */
#include "soql.h"

#include <string.h>

/* ---- parts ------------------------------------------------------------- */
/* A line break or another control character cannot stand in a literal: it is
 * written as an escape or, where there is none, as a blank. */
static void
literal_char(struct buf *out, char c)
{
	switch (c) {
	case '\'':
	case '\\':
		(void)buf_printf(out, "\\%c", c);
		break;
	case '\n':
		(void)buf_str(out, "\\n");
		break;
	case '\r':
		(void)buf_str(out, "\\r");
		break;
	case '\t':
		(void)buf_str(out, "\\t");
		break;
	default:
		(void)buf_char(out, (unsigned char)c < ' ' ? ' ' : c);
		break;
	}
}

void
soql_literal(struct buf *out, const char *text)
{
	(void)buf_char(out, '\'');
	for (; *text != '\0'; text++)
		literal_char(out, *text);
	(void)buf_char(out, '\'');
}

void
soql_time(struct buf *out, time_t t)
{
	char text[32];

	(void)buf_str(out, clock_iso(text, t));
}

static void
day(struct buf *out, time_t t)
{
	char text[16];

	(void)buf_str(out, day_iso(text, clock_day("UTC", t)));
}

static void
literals(struct buf *out, const char *const *texts, size_t n)
{
	(void)buf_char(out, '(');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			(void)buf_char(out, ',');
		soql_literal(out, texts[i]);
	}
	(void)buf_char(out, ')');
}

void
soql_ids(struct buf *out, const char *field, const char *const *ids, size_t n)
{
	(void)buf_printf(out, "%s IN ", field);
	literals(out, ids, n);
}

/* "field >= from AND field < until". */
static void
between(struct buf *out, const char *field, const struct soql_window *w)
{
	if (w->from > 0) {
		(void)buf_printf(out, "%s >= ", field);
		soql_time(out, w->from);
		(void)buf_str(out, " AND ");
	}
	(void)buf_printf(out, "%s < ", field);
	soql_time(out, w->until);
}

static void
order(struct buf *out, const char *field)
{
	(void)buf_printf(out, " ORDER BY %s ASC, Id ASC", field);
}

/* ---- meetings ---------------------------------------------------------- */
static void
meetings_rest(struct buf *out, const struct soql_meetings *m)
{
	if (m->has_child)
		(void)buf_str(out, " AND IsChild = false");
	(void)buf_str(out, " AND IsDeleted = false");
	if (*m->filter != '\0')
		(void)buf_printf(out, " AND (%s)", m->filter);
}

void
soql_events_ended(struct buf *out, const struct soql_meetings *m,
    const struct soql_window *w)
{
	(void)buf_printf(out, "SELECT %s FROM Event WHERE ", m->select);
	between(out, m->time_field, w);
	meetings_rest(out, m);
	order(out, m->time_field);
}

void
soql_events_late(struct buf *out, const struct soql_meetings *m,
    const char *stamp, const struct soql_window *w,
    const struct soql_window *past)
{
	(void)buf_printf(out, "SELECT %s FROM Event WHERE ", m->select);
	between(out, stamp, w);
	(void)buf_str(out, " AND ");
	between(out, m->time_field, past);
	meetings_rest(out, m);
	order(out, stamp);
}

void
soql_tasks_closed(struct buf *out, const struct soql_meetings *m,
    const char *stamp, const struct soql_window *w)
{
	(void)buf_printf(out, "SELECT %s FROM Task WHERE IsClosed = true AND ",
	    m->select);
	between(out, stamp, w);
	meetings_rest(out, m);
	order(out, stamp);
}

static void
people(struct buf *out, const char *of, const char *const *ids, size_t n)
{
	(void)buf_printf(out, "SELECT %sId,RelationId,Type FROM %sWhoRelation "
	    "WHERE %sId IN ", of, of, of);
	literals(out, ids, n);
	(void)buf_printf(out, " ORDER BY %sId, Id", of);
}

void
soql_event_people(struct buf *out, const char *const *ids, size_t n)
{
	people(out, "Event", ids, n);
}

void
soql_task_people(struct buf *out, const char *const *ids, size_t n)
{
	people(out, "Task", ids, n);
}

/* ---- deals and cases --------------------------------------------------- */
void
soql_deals(struct buf *out, const char *select, const char *stamp,
    const struct soql_window *w)
{
	(void)buf_printf(out, "SELECT %s FROM Opportunity WHERE IsClosed = true"
	    " AND ", select);
	between(out, stamp, w);
	order(out, stamp);
}

void
soql_roles(struct buf *out, const char *const *ids, size_t n)
{
	(void)buf_str(out, "SELECT OpportunityId,ContactId,Role,IsPrimary FROM "
	    "OpportunityContactRole WHERE ");
	soql_ids(out, "OpportunityId", ids, n);
	(void)buf_str(out, " ORDER BY OpportunityId, IsPrimary DESC, "
	    "CreatedDate");
}

void
soql_stage_changes(struct buf *out, const char *const *ids, size_t n)
{
	(void)buf_str(out, "SELECT OpportunityId,CreatedDate FROM "
	    "OpportunityFieldHistory WHERE Field = 'StageName' AND ");
	soql_ids(out, "OpportunityId", ids, n);
	(void)buf_str(out, " ORDER BY OpportunityId, CreatedDate DESC");
}

void
soql_cases(struct buf *out, const char *select,
    const struct strlist *not_status, const struct soql_window *w)
{
	(void)buf_printf(out, "SELECT %s FROM Case WHERE IsClosed = true AND ",
	    select);
	between(out, "ClosedDate", w);
	if (not_status->n > 0) {
		(void)buf_str(out, " AND Status NOT IN ");
		literals(out, not_status->v, not_status->n);
	}
	order(out, "ClosedDate");
}

/* ---- activities -------------------------------------------------------- */
void
soql_events_moved(struct buf *out, const char *select, const char *stamp,
    const struct soql_window *w, const struct soql_window *ended)
{
	(void)buf_printf(out, "SELECT %s FROM Event WHERE WhoId != null AND "
	    "((", select);
	between(out, stamp, w);
	(void)buf_str(out, ") OR (");
	between(out, "EndDateTime", ended);
	(void)buf_str(out, "))");
	order(out, stamp);
}

void
soql_tasks_moved(struct buf *out, const char *select, const char *stamp,
    const struct soql_window *w)
{
	(void)buf_printf(out, "SELECT %s FROM Task WHERE WhoId != null AND ",
	    select);
	between(out, stamp, w);
	order(out, stamp);
}

void
soql_activities_of_days(struct buf *out, const char *object,
    const char *select, const struct soql_window *w)
{
	(void)buf_printf(out, "SELECT %s FROM %s WHERE WhoId != null AND "
	    "ActivityDate >= ", select, object);
	day(out, w->from);
	(void)buf_str(out, " AND ActivityDate < ");
	day(out, w->until);
	order(out, "ActivityDate");
}

/* ---- contacts ---------------------------------------------------------- */
void
soql_contacts_changed(struct buf *out, const char *select, const char *stamp,
    const struct soql_window *w)
{
	(void)buf_printf(out, "SELECT %s FROM Contact WHERE ", select);
	between(out, stamp, w);
	order(out, stamp);
}

void
soql_contacts_by_id(struct buf *out, const char *select,
    const char *const *ids, size_t n)
{
	(void)buf_printf(out, "SELECT %s FROM Contact WHERE ", select);
	soql_ids(out, "Id", ids, n);
}

void
soql_contacts_by_email(struct buf *out, const char *select, const char *email)
{
	(void)buf_printf(out, "SELECT %s FROM Contact WHERE Email = ", select);
	soql_literal(out, email);
	(void)buf_str(out, " ORDER BY Id");
}

void
soql_left(struct buf *out, const char *const *ids, size_t n)
{
	(void)buf_str(out, "SELECT ContactId,AccountId FROM "
	    "AccountContactRelation WHERE IsActive = false AND ");
	soql_ids(out, "ContactId", ids, n);
}

/* ---- values, check ----------------------------------------------------- */
void
soql_users(struct buf *out)
{
	(void)buf_str(out, "SELECT Id,Name FROM User WHERE IsActive = true AND "
	    "UserType = 'Standard' ORDER BY Name, Id");
}

void
soql_one(struct buf *out, const char *object)
{
	(void)buf_printf(out, "SELECT Id FROM %s LIMIT 1", object);
}
