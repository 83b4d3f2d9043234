/*
 * events.c - completed appointments, sales and requests as events.
 *
 * Each status and each type is asked for by itself: what a row shows of them are
 * words in some language.
 *
 * How this can lose or double, and what stops it:
 *  - a booking, which has a row for each of us who took part: bookings.c;
 *  - a query that the cursor does not know, as an option changed: it begins
 *    NEW_DAYS back, not with what is long over;
 *  - a meeting that was completed days later: found by when its row changed;
 *  - a sold sale that is edited: its key is known for ever; when it was sold says
 *    the history of the sale, not a date that somebody typed;
 *  - a request without a person, a sale of a company: an event that names nobody;
 *  - notes and documents, which lie among the appointments: no meetings.
 */
#include <string.h>
#include <strings.h>

#include "reading.h"

#define IN_DIARY 1
#define NEW_DAYS 7
#define DAY_S 86400
#define APPOINTMENT "appointmentId,personId,contactId,%s,type," \
	"rawType,rawStatus,completed,completedDate,endDate,booking," \
	"updatedDate,registeredDate"
#define SALE "saleId,personId,contactId,%s,saleStatus,date," \
	"updatedDate,registeredDate"
#define TICKET "ticketId,personId,contactId,%s,closedAt,lastChanged%s%s"

static bool
emit(struct so_events *e, const struct crm_event *ev, struct err *err)
{
	if (arena_failed(e->s->item))
		return err_nomem(err);
	return e->emit(e->arg, ev) || err_set(err, ERR_CANCELLED,
	    "events: stopped");
}

/* ---- meetings ---------------------------------------------------------- */
static time_t
first_time(const struct superoffice *s, json_t *row, const char *const *columns)
{
	time_t at = NO_TIME;

	for (; *columns != NULL && at == NO_TIME; columns++)
		at = so_time(s->set, row, *columns);
	return at;
}

static bool
meeting_page(struct so_events *e, const struct so_kind *k, json_t *rows,
    struct err *err)
{
	(void)k;
	return so_bookings_load(e, rows, err);
}

static bool
meeting_row(struct so_events *e, const struct so_kind *k, struct so_row *row,
    struct err *err)
{
	static const char *const held[] = { "endDate", "completedDate", NULL };
	struct superoffice *s = e->s;
	struct crm_event ev = { .trigger = k->trigger, .event_id = row->id,
		.category = k->category, .contact_id = so_id(row->json,
		    "personId", s->item), .employee_id = so_who(row->json,
		    s->set->employee_column, s->item), .transition_at = so_time(s->set,
		    row->json, "completedDate") };
	long long type;

	if (so_number(row->json, "rawType", &type) && type != IN_DIARY)
		return true;
	/* The filter said so; an answer that holds others was another's. */
	if (so_flag(row->json, "completed") != TRI_YES)
		return true;
	ev.occurred_at = first_time(s, row->json, held);
	if (ev.occurred_at == NO_TIME) {
		so_refuse(row, "endDate", "a time with its zone there or in "
		    "completedDate");
		return true;
	}
	if (!so_booking_of(e, row, &ev.event_id, err))
		return false;
	return row->reason[0] != '\0' || emit(e, &ev, err);
}

/* ---- sales ------------------------------------------------------------- */
static bool
sale_page(struct so_events *e, const struct so_kind *k, json_t *rows,
    struct err *err)
{
	idmap_init(&e->closed, e->s->page);
	if (!e->s->set->sale_history)
		return true;
	return so_history_load(e, rows, k->status, err);
}

/* The date of a sale may lie ahead. */
static time_t
sold_at(const struct so_events *e, const struct so_row *row, time_t closed)
{
	const time_t date = so_time(e->s->set, row->json, "date");

	return closed != NO_TIME ? closed : date != NO_TIME && date < row->at ?
	    date : row->at;
}

static bool
sale_row(struct so_events *e, const struct so_kind *k, struct so_row *row,
    struct err *err)
{
	const time_t closed = so_history_at(e, row->id);
	const struct crm_event ev = { .trigger = k->trigger,
		.event_id = row->id, .category = k->category,
		.stage = k->stage, .contact_id = so_id(row->json, "personId",
		    e->s->item), .employee_id = so_who(row->json,
		    e->s->set->employee_column, e->s->item),
		.occurred_at = sold_at(e, row, closed),
		.transition_at = closed };

	return emit(e, &ev, err);
}

/* ---- requests ---------------------------------------------------------- */
static bool
ticket_row(struct so_events *e, const struct so_kind *k, struct so_row *row,
    struct err *err)
{
	const char *column = e->s->set->ticket_category_column;
	const time_t closed = so_time(e->s->set, row->json, "closedAt");
	const struct crm_event ev = { .trigger = k->trigger,
		.event_id = row->id, .category = *column == '\0' ? NULL :
		    so_text(row->json, column, e->s->item),
		.contact_id = so_id(row->json, "personId", e->s->item),
		.employee_id = so_who(row->json,
		    e->s->set->ticket_owner_column, e->s->item),
		.occurred_at = closed, .transition_at = closed };

	if (closed == NO_TIME)
		so_refuse(row, "closedAt", "a time with its zone");
	return row->reason[0] != '\0' || emit(e, &ev, err);
}

/* ---- what is asked for ------------------------------------------------- */
static struct so_kind *
add(struct superoffice *s, const struct so_feed *feed,
    const struct so_kind *kind, struct err *err)
{
	struct so_reader *r = s->reader;
	struct so_kind *copy = arena_alloc(s->api.own, sizeof(*copy));

	if (r->n_events == SO_EVENT_FEEDS_MAX) {
		(void)err_set(err, ERR_CONFIG, "expected at most %d types of "
		    "meetings and of sales together", SO_EVENT_FEEDS_MAX);
		return NULL;
	}
	if (copy == NULL || arena_failed(s->api.own) || feed->name == NULL ||
	    feed->q.filter == NULL || feed->q.select == NULL) {
		(void)err_nomem(err);
		return NULL;
	}
	*copy = *kind;
	r->events[r->n_events] = *feed;
	r->events[r->n_events].q.top = s->set->page_size;
	r->events[r->n_events++].of = copy;
	return copy;
}

static bool
meetings_open(struct superoffice *s, struct err *err)
{
	const struct so_settings *set = s->set;
	struct arena *own = s->api.own;

	for (size_t i = 0; i < set->meeting_task_ids.n; i++) {
		const long long id = (long long)set->meeting_task_ids.v[i];
		const struct so_kind kind = { .trigger = "meet",
			.category = arena_printf(own, "%lld", id),
			.page = meeting_page, .row = meeting_row };
		const struct so_feed feed = { .stamp = "updatedDate",
			.made = set->stamp_registered ? "registeredDate" : NULL,
			.name = arena_printf(own, "meet-%lld", id),
			.q = { .path = "/Appointment", .label = "appointments",
			    .id = "appointmentId", .select = arena_printf(own,
			        APPOINTMENT, set->employee_column),
			    .filter = so_and(own, arena_printf(own,
			        "completed set true and type oneOf (%lld)", id),
			        *set->meeting_filter == '\0' ? "" :
			        arena_printf(own, "(%s)",
			            set->meeting_filter)) } };
		if (add(s, &feed, &kind, err) == NULL)
			return false;
	}
	return true;
}

/* type < 0: of every type. */
static bool
sales_add(struct superoffice *s, const char *trigger, long long status,
    long long type, struct err *err)
{
	const struct so_settings *set = s->set;
	struct arena *own = s->api.own;
	const char *category = type < 0 ? NULL : arena_printf(own, "%lld",
	    type);
	const char *id = arena_printf(own, "%lld", status);
	const char *of_type = type < 0 ? "" : arena_printf(own,
	    "%s oneOf (%lld)", set->sale_type_column, type);
	const struct so_kind kind = { .trigger = trigger, .category = category,
		.stage = id, .status = id, .page = sale_page,
		.row = sale_row };
	const struct so_feed feed = { .stamp = "updatedDate",
		.made = set->stamp_registered ? "registeredDate" : NULL,
		.name = type < 0 ? arena_printf(own, "sale-%s", id) :
		    arena_printf(own, "sale-%s-%s", id, category),
		.q = { .path = "/Sale", .label = "sales", .id = "saleId",
		    .select = arena_printf(own, SALE, set->employee_column),
		    .filter = so_and(own, arena_printf(own,
		        "saleStatus oneOf (%s)", id), of_type) } };

	return add(s, &feed, &kind, err) != NULL;
}

static bool
sales_open(struct superoffice *s, const char *trigger,
    const struct intlist *statuses, struct err *err)
{
	const struct intlist *types = &s->set->sale_type_ids;

	for (size_t i = 0; i < statuses->n; i++) {
		if (types->n == 0 && !sales_add(s, trigger, statuses->v[i], -1,
		    err))
			return false;
		for (size_t j = 0; j < types->n; j++)
			if (!sales_add(s, trigger, statuses->v[i], types->v[j],
			    err))
				return false;
	}
	return true;
}

static bool
tickets_open(struct superoffice *s, struct err *err)
{
	const struct so_settings *set = s->set;
	struct arena *own = s->api.own;
	const struct so_kind kind = { .trigger = "case", .row = ticket_row };
	const char *column = set->ticket_category_column;
	const bool by_change = set->ticket_stamp == SO_BY_CHANGE;
	const struct so_feed feed = { .stamp = by_change ? "lastChanged" :
	        "closedAt", .name = by_change ? "case-changed" : "case",
		.q = { .path = "/Ticket", .label = "requests",
		    .id = "ticketId", .select = arena_printf(own, TICKET,
		        set->ticket_owner_column, *column == '\0' ? "" : ",",
		        column),
		    .entities = set->ticket_entities,
		    .filter = so_one_of(own, "status", "oneOf",
		        &set->ticket_status_ids) } };

	return set->ticket_status_ids.n == 0 || add(s, &feed, &kind, err) !=
	    NULL;
}

/* ---- our people -------------------------------------------------------- */
static bool
ends_so(const char *column, const char *end)
{
	const size_t n = strlen(column), m = strlen(end);

	return n >= m && strcasecmp(column + n - m, end) == 0;
}

bool
so_shows_id(const char *column)
{
	return ends_so(column, "DbId");
}

bool
so_who_fits(const struct so_settings *set, const char *column)
{
	/* As so_owner_column. */
	const char *owner = *set->owner_column != '\0' ? set->owner_column :
	    strncmp(set->employee_column, "associate/", 10) == 0 ?
	    set->employee_column : "";

	/* Owners of companies are known by their full names, too. */
	return so_shows_id(column) == so_shows_id(owner) ||
	    ends_so(column, "fullName");
}

bool
so_events_open(struct superoffice *s, struct err *err)
{
	const struct so_settings *set = s->set;

	return (!set->meetings || meetings_open(s, err)) &&
	    (!set->deals || (sales_open(s, "sale", &set->sale_won_ids, err) &&
	        sales_open(s, "loss", &set->sale_lost_ids, err))) &&
	    (!set->cases || tickets_open(s, err));
}

/* ---- the stream -------------------------------------------------------- */
static bool
on_page(void *arg, const struct so_feed *f, json_t *rows, struct err *err)
{
	const struct so_kind *kind = f->of;

	return kind->page == NULL || kind->page(arg, kind, rows, err);
}

static bool
on_row(void *arg, const struct so_feed *f, struct so_row *row, struct err *err)
{
	const struct so_kind *kind = f->of;

	return kind->row(arg, kind, row, err);
}

bool
so_pull_events(void *self, const struct pull *pull, crm_event_fn *to,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct superoffice *s = self;
	struct so_events e = { .s = s, .emit = to, .arg = arg };
	const struct so_reader *r = s->reader;
	const struct so_sink sink = { .page = on_page, .row = on_row,
		.arg = &e, .checkpoint = checkpoint, .checkpoint_arg = arg,
		.new_since = s->api.env.now(s->api.env.clock) -
		    (time_t)NEW_DAYS * DAY_S };

	/* What failed in another pass is no failure of this one. */
	s->reader->booking.failed = 0;
	return so_feed_read(s, r->events, r->n_events, pull, &sink, err);
}
