/*
 * answers.c - the answers of a window of time, page after page.  How this could
 * lose or double, and what stops it:
 *  - rows that arrive while we page: the window has a fixed end, its order is
 *    ascending, and each pull begins overlap_h before the watermark;
 *  - whether "since" means the sending or the answering is not known: the same
 *    overlap; answers are upserted by their id;
 *  - a service that ignores the page, or ends too soon: totals.c and the rows
 *    themselves are looked at, and the watermark stays;
 *  - numbers that mean something else than we think: all rows are taken before
 *    the pull fails;
 *  - a pull that broke off: it goes on in the same window, or begins anew.
 */
#include "asknicely.h"

#include <limits.h>
#include <string.h>

#include "clock.h"
#include "common/hole.h"
#include "common/paging.h"
#include "common/watermark.h"
#include "num.h"

#define KEY_BYTES ((size_t)512)
#define END_MAX 253402300799	/* 9999-12-31 */

const char *const asknicely_page_holes[] = { "pagesize", "page", "since",
	"end", NULL };

struct pass {
	struct asknicely *a;
	const struct pull *pull;
	survey_answer_fn *emit;
	checkpoint_fn *checkpoint;
	void *arg;
	struct paging_settings shape;
	struct paging paging;		/* which page is next; saved with it */
	struct watermark mark;
	time_t end;
	struct asknicely_totals totals;	/* saved too */
	struct buf first, last;		/* ids of the page before */
	bool resumed;		/* the next request is the first of a resume */
};

static void
pass_cleanup(struct pass *p)
{
	paging_free(&p->paging);
	watermark_free(&p->mark);
	buf_free(&p->first);
	buf_free(&p->last);
}

/* ---- where it begins --------------------------------------------------- */

static void
start_over(struct pass *p)
{
	const struct asknicely_settings *set = p->a->set;
	struct watermark_rules rules = { .zone = "UTC",
		.reach_s = (long)set->responses.overlap_h * 3600 };

	if (!clock_parse_iso(set->responses.initial_since, "UTC",
	        &rules.since))
		rules.since = NO_TIME;
	paging_free(&p->paging);
	paging_init(&p->paging, &p->shape, set->base_url, set->responses.path);
	watermark_free(&p->mark);
	watermark_init(&p->mark, &rules);
	buf_reset(&p->first);
	buf_reset(&p->last);
	asknicely_totals_init(&p->totals);
	p->resumed = false;
}

static bool
begin(struct pass *p, struct err *err)
{
	start_over(p);
	if (!watermark_begin(&p->mark, p->pull, err))
		return false;
	p->end = p->mark.until != NO_TIME ? p->mark.until
	                                  : asknicely_now(p->a);
	return true;
}

/* The next number of the text, which a semicolon ends. */
static bool
take_number(const char **text, long long min, long long max, long long *out)
{
	const char *semicolon = strchr(*text, ';');

	if (semicolon == NULL || !num_parse_n(*text,
	        (size_t)(semicolon - *text), min, max, out))
		return false;
	*text = semicolon + 1;
	return true;
}

/* "END;SEEN;TOTAL;PAGES;" and what paging and watermark say.  False: none of
 * ours. */
static bool
load(struct pass *p, const char *text)
{
	const char *mark;
	struct err unfit;
	long long end;

	start_over(p);
	if (!take_number(&text, 0, END_MAX, &end) ||
	    !take_number(&text, 0, LLONG_MAX / 2, &p->totals.seen) ||
	    !take_number(&text, -1, LLONG_MAX, &p->totals.total) ||
	    !take_number(&text, -1, LLONG_MAX, &p->totals.pages) ||
	    !paging_load(&p->paging, text, p->a->page, &mark, &unfit) ||
	    !watermark_resume(&p->mark, p->pull, mark, &unfit))
		return false;
	p->end = (time_t)end;
	p->resumed = true;
	return true;
}

static bool
is_faulty(const struct pass *p)
{
	return p->totals.fault.kind != ERR_NONE;
}

/* A pass with a fault is never gone on with: load() takes no such text. */
static const char *
save(const struct pass *p)
{
	struct arena *page = p->a->page;

	if (is_faulty(p))
		return "anew";
	const char *mark = watermark_save(&p->mark, page);
	const char *place = mark == NULL ? NULL
	    : paging_save(&p->paging, mark, page);

	return place == NULL ? NULL : arena_printf(page,
	    "%lld;%lld;%lld;%lld;%s", (long long)p->end, p->totals.seen,
	    p->totals.total, p->totals.pages, place);
}

/* ---- one page ------------------------------------------------------------ */

static bool
hole_of(void *arg, const char *name, struct hole_value *out)
{
	const struct pass *p = arg;
	const time_t since = p->mark.begin;

	out->type = HOLE_NUMBER;
	if (strcmp(name, "pagesize") == 0)
		out->number = p->shape.size;
	else if (strcmp(name, "page") == 0)
		out->number = p->paging.at;
	else if (strcmp(name, "since") == 0)
		out->number = since > 0 ? (long long)since : 0;
	else if (strcmp(name, "end") == 0)
		out->number = (long long)p->end;
	else
		return false;
	return true;
}

static bool
take_row(struct pass *p, json_t *json)
{
	struct asknicely *a = p->a;
	struct survey_answer answer;
	struct asknicely_row row;

	arena_reset(a->item);
	const bool ok = asknicely_map_answer(a->set, json, a->item, &answer,
	    &row);
	if (ok && row.skip) {
		if (a->env->skipped != NULL)
			a->env->skipped(a->env->quarantine_arg);
	} else if (ok && watermark_wants(&p->mark, row.mark_at) &&
	    !p->emit(p->arg, &answer)) {
		return false;
	}
	if (row.reason[0] != '\0')
		asknicely_complain(a, "responses", row.key, row.reason);
	watermark_take(&p->mark, row.mark_at, row.mark);
	return true;
}

static bool
take_rows(struct pass *p, json_t *rows, struct err *err)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (!take_row(p, row))
			return err_set(err, ERR_CANCELLED, "responses: stopped");
	return true;
}

static const char *
name_of(struct pass *p, json_t *row)
{
	const char *id = asknicely_id(row, "response_id", p->a->page);

	return id == NULL || strlen(id) >= KEY_BYTES ? "" : id;
}

/* The rows of the page before once more: the page is not what is asked for. */
static bool
check_moved(struct pass *p, json_t *rows, size_t n, struct err *err)
{
	const char *first = name_of(p, json_array_get(rows, 0));
	const char *last = name_of(p, json_array_get(rows, n - 1));

	if (p->first.len > 0 && strcmp(first, buf_text(&p->first)) == 0 &&
	    strcmp(last, buf_text(&p->last)) == 0)
		return err_set(err, ERR_PROTOCOL, "responses: page %lld is the "
		    "one before once more; is {page} at its place in "
		    "responses.path?", p->paging.at);
	buf_reset(&p->first);
	buf_reset(&p->last);
	return (buf_str(&p->first, first) && buf_str(&p->last, last)) ||
	    err_nomem(err);
}

/* Is it the page that was asked for, and which one is the last? */
static bool
judge(struct pass *p, json_t *root, json_t *rows, bool *is_last,
    struct err *err)
{
	const long long asked = p->paging.at;
	const size_t n = json_array_size(rows);
	struct asknicely_head head;

	if (!asknicely_head_read(root, &head, err) ||
	    (n > 0 && !check_moved(p, rows, n, err)) ||
	    !asknicely_totals_take(&p->totals, &head, asked, n, is_last, err))
		return false;
	/* What was added up before is of another night: begin at once. */
	if (p->resumed && is_faulty(p)) {
		*err = p->totals.fault;
		return false;
	}
	if (!*is_last && asked >= p->shape.max_pages)
		return err_set(err, ERR_PROTOCOL, "responses: still more after "
		    "%d pages (responses.max_pages)", p->shape.max_pages);
	p->paging.at++;
	return true;
}

static bool
checkpoint(struct pass *p, bool is_last, struct err *err)
{
	const char *mark = NULL, *resume = NULL;
	const bool ends = is_last && !is_faulty(p);

	if (ends ? !watermark_end(&p->mark, p->a->page, &mark, err)
	         : (resume = save(p)) == NULL)
		return ends ? false : err_nomem(err);
	return p->checkpoint == NULL || p->checkpoint(p->arg, resume, mark) ||
	    err_set(err, ERR_CANCELLED, "responses: stopped");
}

static bool
page_take(struct pass *p, bool *is_last, struct err *err)
{
	struct asknicely *a = p->a;
	AUTO(json_doc) struct json_doc *doc = NULL;
	const time_t asked = asknicely_now(a);
	struct http_res res;
	const char *target;

	arena_reset(a->page);
	if (!hole_write(a->set->responses.path, HOLE_URL, "UTC", hole_of, p,
	        a->page, &target, err) ||
	    !asknicely_read_stored(a, target, &res, &doc, err))
		return false;
	watermark_server_time(&p->mark, res.date, asknicely_now(a) - asked);
	json_t *rows = asknicely_rows(doc);
	if (rows == NULL)
		return err_set(err, ERR_PROTOCOL,
		    "responses: expected a list at \"data\"");
	if (!judge(p, json_root(doc), rows, is_last, err))
		return false;
	p->resumed = false;
	return take_rows(p, rows, err) && checkpoint(p, *is_last, err);
}

/* The page where the last run stopped may be there no longer. */
static bool
page_or_begin(struct pass *p, bool *is_last, struct err *err)
{
	if (page_take(p, is_last, err))
		return true;
	if (!p->resumed ||
	    (err->kind != ERR_GONE && err->kind != ERR_PROTOCOL))
		return false;
	return begin(p, err) && page_take(p, is_last, err);
}

/* Past the end that wrong numbers told of, any page may come: the numbers are
 * the reason. */
static bool
pages_take(struct pass *p, struct err *err)
{
	const struct asknicely *a = p->a;
	bool is_last = false, ok = true;

	while (ok && !is_last) {
		if (a->env->cancelled != NULL && a->env->cancelled())
			return err_set(err, ERR_CANCELLED, "responses: stopped");
		ok = page_or_begin(p, &is_last, err);
	}
	if (is_faulty(p) && (ok || err->kind == ERR_PROTOCOL)) {
		*err = p->totals.fault;
		return false;
	}
	return ok;
}

bool
asknicely_pull_answers(void *self, const struct pull *pull,
    survey_answer_fn *emit, checkpoint_fn *checkpoint_, void *arg,
    struct err *err)
{
	struct asknicely *a = self;
	AUTO(pass) struct pass p = { .a = a, .pull = pull, .emit = emit,
		.checkpoint = checkpoint_, .arg = arg, .shape = {
		    .kind = PAGING_PAGE, .page_param = "", .size_param = "",
		    .size = a->set->responses.pagesize, .first = 1,
		    .max_pages = a->set->responses.max_pages },
		.totals.checks = a->set->responses.check_totals };

	buf_init(&p.first, KEY_BYTES);
	buf_init(&p.last, KEY_BYTES);
	arena_reset(a->page);
	if (pull->resume == NULL || !load(&p, pull->resume))
		if (!begin(&p, err))
			return false;
	return pages_take(&p, err);
}
