/*
 * totals.c - what the head of a page of answers says, held against the pages
 * before it and against what arrived.  Pure.
 *
 * How a pull could end too soon or lose a row, and what stops it:
 *  - fewer pages or rows announced than there were: rows slid while we paged (a
 *    contact was removed), and one of them was never seen;
 *  - the last page, or an empty one, and rows are missing still;
 *  - more rows than announced: the numbers are not about this list;
 *  - a number that cannot be read is no "not told".
 * In all of these the watermark stays, and the next run begins anew.
 */
#include "asknicely.h"

#include "num.h"

#define NUMBER_MAX 1000000000000

static bool
read_number(json_t *root, const char *name, long long *out, struct err *err)
{
	json_t *node = json_at(root, name);
	bool ok;

	*out = ASKNICELY_NOT_TOLD;
	if (node == NULL || json_is_null(node) ||
	    (json_is_string(node) && json_string_length(node) == 0))
		return true;
	if (json_is_string(node))
		ok = num_parse(json_string_value(node), 0, NUMBER_MAX, out);
	else
		ok = json_integer_value_of(node, out) && *out >= 0 &&
		    *out <= NUMBER_MAX;
	return ok || err_set(err, ERR_PROTOCOL,
	    "responses: %s: expected a number from 0", name);
}

bool
asknicely_head_read(json_t *root, struct asknicely_head *head, struct err *err)
{
	return read_number(root, "pagenumber", &head->page, err) &&
	    read_number(root, "totalpages", &head->pages, err) &&
	    read_number(root, "total", &head->total, err);
}

void
asknicely_totals_init(struct asknicely_totals *t)
{
	*t = (struct asknicely_totals){ .checks = t->checks,
		.total = ASKNICELY_NOT_TOLD, .pages = ASKNICELY_NOT_TOLD };
}

static bool
fail_shrunk(const char *name, long long before, long long now, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, "responses: %s was %lld, and is %lld: "
	    "rows slid while they were read; the next run reads them anew", name,
	    before, now);
}

static bool
check_numbers(const struct asknicely_totals *t,
    const struct asknicely_head *head, bool is_last, struct err *err)
{
	/* A page that does not say what the one before said has shrunk, too. */
	if (head->total < t->total)
		return fail_shrunk("total", t->total, head->total, err);
	if (head->pages < t->pages)
		return fail_shrunk("totalpages", t->pages, head->pages, err);
	if (head->total == ASKNICELY_NOT_TOLD)
		return true;
	if (t->seen > head->total)
		return err_set(err, ERR_PROTOCOL, "responses: expected at most "
		    "%lld rows (total), got %lld (responses.check_totals)",
		    head->total, t->seen);
	return !is_last || t->seen == head->total || err_set(err, ERR_PROTOCOL,
	    "responses: the last page came after %lld of %lld rows "
	    "(responses.check_totals)", t->seen, head->total);
}

static bool
judge_last(const struct asknicely_totals *t, const struct asknicely_head *head,
    long long asked, size_t rows)
{
	if (rows == 0)
		return true;
	if (head->pages != ASKNICELY_NOT_TOLD)
		return asked >= head->pages;
	return head->total != ASKNICELY_NOT_TOLD ? t->seen >= head->total
	                                         : rows < t->longest;
}

bool
asknicely_totals_take(struct asknicely_totals *t,
    const struct asknicely_head *head, long long asked, size_t rows,
    bool *is_last, struct err *err)
{
	if (head->page != ASKNICELY_NOT_TOLD && head->page != asked)
		return err_set(err, ERR_PROTOCOL,
		    "responses: expected page %lld, got %lld", asked,
		    head->page);
	if (rows == 0 && asked < head->pages)
		return err_set(err, ERR_PROTOCOL, "responses: page %lld of %lld "
		    "is empty", asked, head->pages);
	t->seen += (long long)rows;
	*is_last = judge_last(t, head, asked, rows);
	if (t->checks && !check_numbers(t, head, *is_last, err))
		return false;
	t->total = head->total;
	t->pages = head->pages;
	t->longest = rows > t->longest ? rows : t->longest;
	return true;
}
