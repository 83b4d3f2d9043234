/*
 * bookings.c - which booking an appointment belongs to.  No archive shows it, so
 * the appointments are asked: those of a page in one request, and one by one
 * those that this does not answer.
 *
 * How this can lose or double, and what stops it:
 *  - a booking, which has a row for each of us who took part: whichever of them
 *    is completed is an event under the key of the first, so one is asked for;
 *  - a server without that request, or one that does not take it: each is asked
 *    by itself, and that was told;
 *  - a request that the server fails at (5xx) whenever it is asked: REFUSED_MAX
 *    in a row, and it is as one that is not there;
 *  - an answer that leaves some out, or says nothing of them: asked by itself;
 *  - one booking that cannot be read: set aside, the pass goes on; 500 for
 *    FAILURES_MAX of them in a row is a service that is away only if it fails at
 *    what it answered before, too: odd rows that stand together stop no night.
 */
#include <stdio.h>
#include <string.h>

#include "num.h"
#include "reading.h"

#define LIST "/Agents/Appointment/GetAppointmentList?$select=AppointmentId," \
	"MotherId"
#define ONE(id) "/Appointment/" id "?$select=AppointmentId,MotherId"
#define BODY_MAX ((size_t)8192)
#define REFUSED_MAX 2
#define FAILURES_MAX 3

/* A row says of itself that it is no booking. */
static bool
is_asked(json_t *row)
{
	long long mother;

	return !so_number(row, "motherId", &mother) &&
	    so_flag(row, "booking") != TRI_NO;
}

/* ---- many -------------------------------------------------------------- */
/* Ids of the rows that are asked about, in the page's arena. */
static bool
ids_collect(struct so_events *e, json_t *rows, const char ***ids, size_t *n,
    struct err *err)
{
	struct arena *page = e->s->page;
	const char **v = arena_array(page, json_array_size(rows) + 1,
	    sizeof(*v));
	json_t *row;
	size_t i;

	*n = 0;
	if (v == NULL)
		return err_nomem(err);
	json_array_foreach (rows, i, row) {
		const char *id = is_asked(row) ? so_id(row, "appointmentId",
		    page) : NULL;
		if (id != NULL)
			v[(*n)++] = id;
	}
	*ids = v;
	return !arena_failed(page) || err_nomem(err);
}

static const char *
list_body(struct arena *arena, const char *const *ids, size_t n)
{
	AUTO(buf) struct buf text;

	buf_init(&text, BODY_MAX);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%s", i == 0 ? "[" : ",", ids[i]);
	buf_char(&text, ']');
	return text.failed ? NULL : arena_strdup(arena, buf_text(&text));
}

static bool
list_take(struct so_events *e, json_t *all, struct err *err)
{
	struct arena *page = e->s->page;
	json_t *one;
	size_t i;

	json_array_foreach (all, i, one) {
		const char *id = so_id(one, "AppointmentId", page);
		long long *mother = arena_alloc(page, sizeof(*mother));
		if (mother == NULL)
			return err_nomem(err);
		if (id != NULL && so_number(one, "MotherId", mother) &&
		    *mother >= 0 && !idmap_put(&e->bookings, id, mother))
			return err_nomem(err);
	}
	return !arena_failed(page) || err_nomem(err);
}

/* Not this request: is it the service that is away, or the request that is not
 * there?  Then each row is asked by itself. */
static bool
list_refused(struct so_events *e, const struct api_res *res,
    const struct err *why)
{
	struct superoffice *s = e->s;
	char reason[128];

	if (s->api.stopped.kind != ERR_NONE || res->http.status == 0 ||
	    why->kind == ERR_THROTTLED || why->kind == ERR_NOMEM)
		return false;
	/* One odd row, perhaps. */
	if (why->kind == ERR_RETRY && ++s->reader->lists_refused < REFUSED_MAX)
		return true;
	s->reader->bookings_unlisted = true;
	(void)snprintf(reason, sizeof(reason), "expected a list: HTTP %ld: "
	    "each row of a booking is asked for by itself (booking_list)",
	    res->http.status);
	so_complain(s, "GetAppointmentList", NULL, reason);
	return true;
}

static bool
list_ask(struct so_events *e, const char *const *ids, size_t n,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const char *body = list_body(e->s->page, ids, n);
	struct err why = { .kind = ERR_NONE };

	if (body == NULL)
		return err_nomem(err);
	const struct api_req req = { .method = "POST", .target = LIST,
		.label = "list of appointments", .body = body,
		.body_len = strlen(body), .repeatable = true };
	bool ok = so_do(e->s, e->s->page, &req, &res, &why);
	if (ok && json_is_array(api_root(&res))) {
		e->s->reader->lists_refused = 0;
		e->s->reader->bookings_failed = 0;
		return list_take(e, api_root(&res), err);
	}
	if (ok)
		(void)err_set(&why, ERR_PROTOCOL, "expected an array");
	if (list_refused(e, &res, &why))
		return true;
	*err = why;
	return false;
}

bool
so_bookings_load(struct so_events *e, json_t *rows, struct err *err)
{
	struct superoffice *s = e->s;
	const size_t max = (size_t)s->set->ids_max;
	const char **ids;
	size_t n;

	idmap_init(&e->bookings, s->page);
	if (!s->set->booking_list)
		return true;
	if (!ids_collect(e, rows, &ids, &n, err))
		return false;
	for (size_t at = 0; at < n && !s->reader->bookings_unlisted; at += max)
		if (!list_ask(e, ids + at, n - at < max ? n - at : max, err))
			return false;
	return true;
}

/* ---- one --------------------------------------------------------------- */
/* Of a row that was answered before; of none, the archive.  No trace but the
 * answer. */
static bool
service_answers(struct superoffice *s)
{
	AUTO(api_res) struct api_res res = { 0 };
	const long long good = s->reader->booking_good;
	const char *target = good > 0 ? arena_printf(s->item, ONE("%lld"), good) :
	    "/Appointment?$select=appointmentId&$top=1";
	struct err why;

	return target != NULL && so_get(s, s->item, target, "appointment",
	    &res, &why) && json_is_object(api_root(&res));
}

/* Does the answer speak of this row, which can be set aside? */
static bool
is_odd_one(struct superoffice *s, const struct api_res *res,
    const struct err *why)
{
	int *failed = &s->reader->bookings_failed;

	if (!so_is_of_one(s, res, why)) {
		if (why->kind != ERR_RETRY || res->http.status != 500)
			return false;
		if (++*failed < FAILURES_MAX)
			return true;
		if (!service_answers(s))
			return false;
	}
	*failed = 0;
	return true;
}

/* A row that answers: the service is there. */
static void
good_one(struct superoffice *s, const char *id)
{
	s->reader->bookings_failed = 0;
	if (!num_parse(id, 1, INT32_MAX, &s->reader->booking_good))
		s->reader->booking_good = 0;
}

/* The first row of the booking that this one belongs to; *mother = 0: none.
 * What concerns this row alone becomes its reason. */
static bool
mother_ask(struct superoffice *s, struct so_row *row, long long *mother,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const char *target = arena_printf(s->item, ONE("%s"), row->id);
	char expected[64];

	if (target == NULL)
		return err_nomem(err);
	const bool got = so_get(s, s->item, target, "appointment", &res, err);
	if (got)
		good_one(s, row->id);
	if (got && so_number(api_root(&res), "MotherId", mother))
		return true;
	(void)snprintf(expected, sizeof(expected), "a number: HTTP %ld",
	    res.http.status);
	if (got || is_odd_one(s, &res, err)) {
		so_refuse(row, "MotherId", expected);
		return true;
	}
	if (err->kind != ERR_GONE)
		return false;
	if (!so_is_own_error(api_root(&res))) {
		err->kind = ERR_CONFIG;
		return err_wrap(err, "is it the address of the Web API?");
	}
	s->reader->bookings_failed = 0;
	so_refuse(row, "MotherId", "an appointment that is still there");
	return true;
}

static bool
mother_of(struct so_events *e, struct so_row *row, long long *mother,
    struct err *err)
{
	const long long *listed = idmap_get(&e->bookings, row->id);

	if (listed == NULL)
		return mother_ask(e->s, row, mother, err);
	*mother = *listed;
	return true;
}

/* The key of a booking is its first row's, whichever of its rows it is that was
 * completed. */
bool
so_booking_of(struct so_events *e, struct so_row *row, const char **key,
    struct err *err)
{
	long long mother = 0, own = 0;

	*key = row->id;
	if (!num_parse(row->id, 1, INT32_MAX, &own))
		return err_set(err, ERR_BUG, "key");
	(void)so_number(row->json, "motherId", &mother);
	if (is_asked(row->json) &&
	    !mother_of(e, row, &mother, err))
		return false;
	if (mother > 0 && mother != own)
		*key = arena_printf(e->s->item, "%lld", mother);
	return *key != NULL || err_nomem(err);
}
