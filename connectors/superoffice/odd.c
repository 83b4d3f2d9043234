/*
 * odd.c - how odd records could stop every night, or a service that is away could
 * pass for odd records, and what stops it:
 *  - some that stand together: FAILURES_MAX in a row are a question, not an end:
 *    another one is asked for, and while it is answered the pass goes on;
 *  - a maintenance page with 200, a right that the user lacks: whatever the
 *    service fails with counts, or all of a page would be passed over;
 *  - an archive that answers while the records behind it do not: it is a record
 *    that is asked for, what the archive tells is only which;
 *  - one to ask for that is odd, too, or deleted meanwhile: the archive tells of
 *    another.
 */
#include "odd.h"

#include "archive.h"
#include "num.h"
#include "row.h"

#define FAILURES_MAX 3

static bool
answers(struct superoffice *s, const struct so_odd_kind *k, long long id)
{
	AUTO(api_res) struct api_res res = { 0 };
	const char *target = arena_printf(s->item, "%s/%lld?$select=%s",
	    k->path, id, k->select);
	long long number;
	struct err why;

	return target != NULL && so_get(s, s->item, target, k->label, &res,
	    &why) && so_number(api_root(&res), k->shows, &number);
}

/* The last of so many that not all of them can be those that failed. */
static long long
another(struct superoffice *s, const struct so_odd_kind *k, long long after)
{
	AUTO(api_res) struct api_res res = { 0 };
	const struct so_query q = { .path = k->path, .label = k->label,
		.id = k->key, .select = k->key, .entities = k->entities,
		.top = FAILURES_MAX + 1 };
	json_t *rows;
	struct err why;

	if (!so_query_page(s, s->item, &q, after, &res, &rows, &why))
		return 0;
	const size_t n = json_array_size(rows);
	return n == 0 ? 0 : so_key(&q, json_array_get(rows, n - 1));
}

/* One that was good, one of the first there are, one behind those that failed:
 * the oldest records may be denied to the user, all of them. */
static bool
service_answers(struct superoffice *s, const struct so_odd_kind *k,
    struct so_odd *odd, const char *id)
{
	long long after[] = { 0, 0 };

	if (odd->good > 0 && answers(s, k, odd->good))
		return true;
	if (!num_parse(id, 1, INT32_MAX, &after[1]))
		after[1] = 0;
	for (size_t i = 0; i < ARRAY_LEN(after); i++) {
		odd->good = another(s, k, after[i]);
		if (odd->good > 0 && answers(s, k, odd->good))
			return true;
	}
	odd->good = 0;
	return false;
}

/* What one record was refused with is what the pass ends with. */
static bool
all_fail(const struct so_odd_kind *k, struct err *err)
{
	if (err->kind == ERR_REJECTED)
		err->kind = ERR_PROTOCOL;
	return err_wrap(err, "%s: %d in a row cannot be read, nor another one",
	    k->path, FAILURES_MAX);
}

bool
so_odd_is(struct superoffice *s, const struct so_odd_kind *k,
    struct so_odd *odd, const char *id, const struct api_res *res,
    struct err *err)
{
	/* A gateway's, or the service is away: not three times. */
	if (err->kind == ERR_RETRY && res->http.status > 500)
		return service_answers(s, k, odd, id);
	if (!so_is_of_one(s, res, err) && (err->kind != ERR_RETRY ||
	    res->http.status != 500))
		return false;
	if (++odd->failed < FAILURES_MAX)
		return true;
	if (!service_answers(s, k, odd, id))
		return all_fail(k, err);
	odd->failed = 0;
	return true;
}

void
so_odd_good(struct so_odd *odd, const char *id)
{
	long long n;

	odd->failed = 0;
	if (num_parse(id, 1, INT32_MAX, &n))
		odd->good = n;
}
