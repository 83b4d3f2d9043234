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
 *  - one booking that cannot be read: set aside, the pass goes on; several in a
 *    row are a service that is away only if it fails at others, too (odd.h).
 */
#include <stdio.h>
#include <string.h>

#include "num.h"
#include "reading.h"

#define SELECT "AppointmentId,MotherId"
#define LIST "/Agents/Appointment/GetAppointmentList?$select=" SELECT
#define BODY_MAX ((size_t)8192)
#define REFUSED_MAX 2

static const struct so_odd_kind one = { .path = "/Appointment",
	.label = "appointment", .key = "appointmentId", .select = SELECT,
	.shows = "MotherId" };

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
	json_t *item;
	size_t i;

	json_array_foreach (all, i, item) {
		const char *id = so_id(item, "AppointmentId", page);
		long long *mother = arena_alloc(page, sizeof(*mother));
		if (mother == NULL)
			return err_nomem(err);
		if (id == NULL || !so_number(item, "MotherId", mother) ||
		    *mother < 0)
			continue;
		so_odd_good(&e->s->reader->booking, id);
		if (!idmap_put(&e->bookings, id, mother))
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
		return list_take(e, api_root(&res), err);
	}
	if (ok)
		(void)err_set(&why, ERR_PROTOCOL, "expected an array");
	if (list_refused(e, &res, &why))
		return true;
	*err = why;
	return false;
}

/* A meeting of no booking is read like one, if nothing is known to be. */
static void
good_find(struct so_odd *odd, json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (odd->good <= 0 && !is_asked(row) && !so_number(row,
		    one.key, &odd->good))
			odd->good = 0;
}

bool
so_bookings_load(struct so_events *e, json_t *rows, struct err *err)
{
	struct superoffice *s = e->s;
	const size_t max = (size_t)s->set->ids_max;
	const char **ids;
	size_t n;

	idmap_init(&e->bookings, s->page);
	good_find(&s->reader->booking, rows);
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
/* The first row of the booking that this one belongs to; *mother = 0: none.
 * What concerns this row alone becomes its reason. */
static bool
mother_ask(struct superoffice *s, struct so_row *row, long long *mother,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct so_odd *odd = &s->reader->booking;
	const char *target = arena_printf(s->item, "%s/%s?$select=" SELECT,
	    one.path, row->id);
	char expected[64];

	if (target == NULL)
		return err_nomem(err);
	const bool got = so_get(s, s->item, target, one.label, &res, err);
	if (got && so_number(api_root(&res), one.shows, mother)) {
		so_odd_good(odd, row->id);
		return true;
	}
	if (got)
		(void)err_set(err, ERR_PROTOCOL, "%s: expected a number: %s",
		    one.label, one.shows);
	(void)snprintf(expected, sizeof(expected), "a number: HTTP %ld",
	    res.http.status);
	if (so_odd_is(s, &one, odd, row->id, &res, err)) {
		so_refuse(row, "MotherId", expected);
		return true;
	}
	if (err->kind != ERR_GONE)
		return false;
	if (!so_is_own_error(api_root(&res))) {
		err->kind = ERR_CONFIG;
		return err_wrap(err, "is it the address of the Web API?");
	}
	odd->failed = 0;
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
