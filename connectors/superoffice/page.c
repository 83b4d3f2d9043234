/*
 * page.c - one page of a query, with as many rows as an answer holds.
 *
 * How it could stand still, lose or hang, and what stops it:
 *  - a page that is larger than an answer may be, each night anew: half as many
 *    rows are asked for, and more again once pages are small;
 *  - one row that is too large by itself: set aside under its key, and nobody is
 *    called gone for it; the pass goes on behind it;
 *  - rows of one key that fill a page, of which there may be more: more rows are
 *    asked for, as the next page begins behind the key; where those of its
 *    neighbour make it too large, the key is asked for alone;
 *  - a key of which nothing comes when it is asked for alone, as its rows went in
 *    between: that is no end of the query, which goes on behind it;
 *  - a service that does not keep $top: an error, not a row after the other;
 *  - a query that is refused: a column or an id of the options, so that is what
 *    the message says.
 */
#include "archive.h"

#include <stdio.h>

#include "row.h"

#define ROWS_MAX 2000
#define SMALL_BYTES (HTTP_ANSWER_MAX / 4)	/* of a page: two would fit */

int
so_top(const struct so_query *q)
{
	return q->fits > 0 ? q->fits : q->top;
}

long long
so_key(const struct so_query *q, json_t *row)
{
	long long id;

	return (so_number(row, q->id, &id) ||
	    so_number(row, "PrimaryKey", &id)) && id > 0 ? id : 0;
}

/* ---- asking ------------------------------------------------------------ */
/* code = the status where the service itself refused the query.  But for an
 * address somebody is named by id alone: the words may be told. */
static bool
explain(const struct so_query *q, const struct api_res *res, struct err *err)
{
	if (err->kind != ERR_REJECTED && err->kind != ERR_GONE)
		return false;
	if (q->personal)
		return err_set(err, err->kind == ERR_REJECTED ? ERR_REJECTED :
		    ERR_CONFIG, "%s: HTTP %ld %s: the search for an address was "
		    "refused", q->label, res->http.status, res->verdict.code);
	if (err->kind == ERR_GONE && !so_is_own_error(api_root(res)))
		return err_set(err, ERR_CONFIG, "%s: HTTP %ld: is it the address "
		    "of the Web API?", q->label, res->http.status);
	(void)err_set(err, ERR_CONFIG, "%s: HTTP %ld %s%s%s: the query was "
	    "refused; does an option name a column or an id that is not there?",
	    q->label, res->http.status, res->verdict.code,
	    res->verdict.text[0] != '\0' ? ": " : "", res->verdict.text);
	if (so_is_own_error(api_root(res)))
		err->code = (int)res->http.status;
	return false;
}

bool
so_query_page(struct superoffice *s, struct arena *arena,
    const struct so_query *q, long long after, struct api_res *res,
    json_t **rows, struct err *err)
{
	static const char *const modes[] = { "", "&$mode=Slim", "&$mode=Full" };
	const char *target = so_query_target(arena, q, after);

	if (target == NULL || (target = arena_printf(arena, "%s%s", target,
	    modes[s->set->archive_mode])) == NULL)
		return err_nomem(err);
	if (!so_get(s, arena, target, q->label, res, err))
		return explain(q, res, err);
	*rows = json_object_get(api_root(res), "value");
	return json_is_array(*rows) || err_set(err, ERR_PROTOCOL,
	    "%s: HTTP %ld: expected an array \"value\"", q->label,
	    res->http.status);
}

/* ---- how many rows ----------------------------------------------------- */
/* Rows of one key fill the page as it was asked for: are these all of it? */
static bool
is_one_key(const struct so_query *q, json_t *rows)
{
	const size_t n = json_array_size(rows);

	const long long key = so_key(q, json_array_get(rows, 0));

	return q->several && so_top(q) < ROWS_MAX && n == (size_t)so_top(q) &&
	    key != 0 && key == so_key(q, json_array_get(rows, n - 1));
}

/* Set aside. */
static void
key_pass(struct superoffice *s, const struct so_query *q, long long key,
    long long *after, const char *expected)
{
	char id[24];

	(void)snprintf(id, sizeof(id), "%lld", key);
	so_complain(s, q->label, id, expected);
	s->unread++;
	*after = key;
}

/* What comes first behind *after is more than an answer holds: its key is read
 * alone. */
static bool
leave_out(struct superoffice *s, struct arena *arena, const struct so_query *q,
    long long *after, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct so_query one = *q;
	json_t *rows;

	one.select = q->id;
	one.order = NULL;
	one.fits = 1;
	arena_reset(arena);
	if (!so_query_page(s, arena, &one, *after, &res, &rows, err))
		return false;
	const long long key = so_key(q, json_array_get(rows, 0));
	if (json_array_size(rows) != 1 || key <= *after)
		return err_set(err, ERR_PROTOCOL, "%s: a page of one row is "
		    "larger than %zu bytes: the service does not keep $top or "
		    "$select", q->label, HTTP_ANSWER_MAX);
	key_pass(s, q, key, after, "expected a row that an answer of 4 MiB "
	    "holds: name fewer or shorter columns (extra_fields)");
	return true;
}

/* A row without a key may be its own. */
static bool
has_other_key(const struct so_query *q, json_t *rows, long long key)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const long long is = so_key(q, row);
		if (is != 0 && is != key)
			return true;
	}
	return false;
}

/* All rows of one key, and of no other. */
static bool
key_alone(struct superoffice *s, struct arena *arena, const struct so_query *q,
    long long key, struct api_res *res, json_t **rows, struct err *err)
{
	struct so_query one = *q;

	arena_reset(arena);
	const char *only = arena_printf(arena, "%s in (%lld)", q->id, key);
	one.filter = only == NULL ? NULL : so_and(arena, q->filter, only);
	one.fits = ROWS_MAX;
	if (one.filter == NULL)
		return err_nomem(err);
	if (!so_query_page(s, arena, &one, key - 1, res, rows, err))
		return false;
	return !has_other_key(q, *rows, key) || err_set(err, ERR_PROTOCOL,
	    "%s: expected rows of one key: the service does not keep $filter",
	    q->label);
}

/* Between what is too few and what is too many; 0 = there is nothing. */
static int
between(int few, int many)
{
	const int next = few == 0 || many <= ROWS_MAX ? (few + many) / 2 :
	    few <= ROWS_MAX / 2 ? 2 * few : ROWS_MAX;

	return next > few && next < many ? next : 0;
}

/* How a page is narrowed. */
struct fit {
	int few, many;		/* rows: of one key alone; above 4 MiB */
	long long key;		/* the one of few */
};

/* True: there is another number of rows to try. */
static bool
fit_next(struct fit *f, struct so_query *q, bool got, json_t *rows)
{
	if (got)
		f->key = so_key(q, json_array_get(rows, 0));
	*(got ? &f->few : &f->many) = q->fits;
	const int next = between(f->few, f->many);
	q->fits = next > 0 ? next : f->few;
	return next > 0;
}

/* No number of rows is of use.  *again: what came first was set aside. */
static bool
fit_end(struct superoffice *s, struct arena *arena, struct so_query *q,
    long long *after, struct fit *f, struct api_res *res, json_t **rows,
    bool *again, struct err *err)
{
	const long long key = f->few > 0 ? f->key : 0;
	const bool got = key > 0 && key_alone(s, arena, q, key, res, rows, err);

	*again = !got || json_array_size(*rows) == 0;
	if (!*again)
		return true;
	if (key > 0 && !got && !res->too_large)
		return false;
	q->fits = q->top;
	*f = (struct fit){ .many = ROWS_MAX + 1 };
	if (!got)
		return leave_out(s, arena, q, after, err);
	key_pass(s, q, key, after, "expected the rows that were there a moment "
	    "ago");
	return true;
}

/* A page that was small leaves room for more. */
static int
fit_begin(const struct so_query *q)
{
	const int fits = so_top(q);

	return !q->small || fits >= q->top ? fits :
	    fits <= q->top / 2 ? 2 * fits : q->top;
}

bool
so_query_next(struct superoffice *s, struct arena *arena, struct so_query *q,
    long long *after, struct api_res *res, json_t **rows, struct err *err)
{
	struct fit f = { .many = ROWS_MAX + 1 };
	bool again = true;

	q->fits = fit_begin(q);
	while (again) {
		arena_reset(arena);
		const bool got = so_query_page(s, arena, q, *after, res, rows,
		    err);
		if (!got && !res->too_large)
			return false;
		if (got && !is_one_key(q, *rows))
			break;
		if (!fit_next(&f, q, got, *rows) && !fit_end(s, arena, q,
		    after, &f, res, rows, &again, err))
			return false;
	}
	q->small = res->http.body_len <= SMALL_BYTES;
	return true;
}
