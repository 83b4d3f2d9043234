/*
 * totals.c - what the head of a page of answers says, held against the pages
 * before it and against what arrived.  Pure.
 *
 * How a pull could end too soon or lose a row, and what stops it:
 *  - fewer pages or rows announced than there were: rows slid while we paged (a
 *    contact was removed), and one of them was never seen;
 *  - the last page, or an empty one, and rows are missing still;
 *  - more rows than announced: the numbers are not about this list;
 *  - a number that cannot be read.
 * All of these are a fault: it ends no pull, or one other meaning of a number
 * would keep all answers away, but the watermark stays, and the next run begins
 * anew.  Numbers with a fault, or not to be checked, do not say where the list
 * ends.
 */
#include "asknicely.h"

#include "num.h"

#define NUMBER_MAX 1000000000000

/* False: there, but no number. */
static bool
read_number(json_t *root, const char *name, long long *out)
{
	json_t *node = json_at(root, name);
	long long value = ASKNICELY_NOT_TOLD;
	bool ok;

	*out = ASKNICELY_NOT_TOLD;
	if (node == NULL || json_is_null(node) ||
	    (json_is_string(node) && json_string_length(node) == 0))
		return true;
	if (json_is_string(node))
		ok = num_parse(json_string_value(node), 0, NUMBER_MAX, &value);
	else
		ok = json_integer_value_of(node, &value) && value >= 0 &&
		    value <= NUMBER_MAX;
	if (ok)
		*out = value;
	return ok;
}

bool
asknicely_head_read(json_t *root, struct asknicely_head *head, struct err *err)
{
	head->unreadable = NULL;
	if (!read_number(root, "totalpages", &head->pages))
		head->unreadable = "totalpages";
	if (!read_number(root, "total", &head->total))
		head->unreadable = "total";
	return read_number(root, "pagenumber", &head->page) || err_set(err,
	    ERR_PROTOCOL, "responses: pagenumber: expected a number from 0");
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
	    "rows slid while they were read; the next run reads them anew "
	    "(if each does: responses.check_totals)", name, before, now);
}

/* A page that does not say what the one before said has shrunk, too. */
static bool
check_head(const struct asknicely_totals *t, const struct asknicely_head *head,
    struct err *err)
{
	if (head->unreadable != NULL)
		return err_set(err, ERR_PROTOCOL, "responses: %s: expected a "
		    "number from 0 (responses.check_totals)", head->unreadable);
	if (head->total < t->total)
		return fail_shrunk("total", t->total, head->total, err);
	return head->pages >= t->pages ||
	    fail_shrunk("totalpages", t->pages, head->pages, err);
}

static bool
check_rows(const struct asknicely_totals *t, const struct asknicely_head *head,
    bool is_last, struct err *err)
{
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
check_numbers(const struct asknicely_totals *t,
    const struct asknicely_head *head, long long asked, size_t rows,
    bool is_last, struct err *err)
{
	if (rows == 0 && asked < head->pages)
		return err_set(err, ERR_PROTOCOL, "responses: page %lld of %lld "
		    "is empty (responses.check_totals)", asked, head->pages);
	return check_head(t, head, err) && check_rows(t, head, is_last, err);
}

/* total may count the rows of this page, and the page be cut short by the
 * service: alone it ends nothing. */
static bool
judge_last(const struct asknicely_totals *t, const struct asknicely_head *head,
    long long asked, size_t rows, bool trusted)
{
	if (rows == 0)
		return true;
	if (trusted && head->pages != ASKNICELY_NOT_TOLD)
		return asked >= head->pages;
	if (head->pages != ASKNICELY_NOT_TOLD ||
	    (!trusted && head->total != ASKNICELY_NOT_TOLD))
		return false;
	return rows < t->longest && t->seen >= head->total;
}

bool
asknicely_totals_take(struct asknicely_totals *t,
    const struct asknicely_head *head, long long asked, size_t rows,
    bool *is_last, struct err *err)
{
	const bool trusted = t->checks && t->fault.kind == ERR_NONE;

	if (head->page != ASKNICELY_NOT_TOLD && head->page != asked)
		return err_set(err, ERR_PROTOCOL,
		    "responses: expected page %lld, got %lld", asked,
		    head->page);
	t->seen += (long long)rows;
	*is_last = judge_last(t, head, asked, rows, trusted);
	if (trusted && !check_numbers(t, head, asked, rows, *is_last, &t->fault))
		*is_last = judge_last(t, head, asked, rows, false);
	t->total = head->total;
	t->pages = head->pages;
	t->longest = rows > t->longest ? rows : t->longest;
	return true;
}
