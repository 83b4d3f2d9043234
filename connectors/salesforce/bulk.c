/*
 * bulk.c - how a job could lose rows, hang or be left behind, and what stops it:
 *  - results asked for too early (412, 204): the job is asked after again;
 *  - a page cut on the way, another number of rows than announced: an error, the
 *    mark stays;
 *  - a locator that leads back, pages without rows for ever: an error;
 *  - a job that is never done: bulk_wait_s, then the next run goes on with it;
 *  - a page larger than what is read at once: fewer rows are asked for;
 *  - a job that failed, an org without jobs: SF_NO_BULK, read by pages instead;
 *  - a job of a broken pass that is gone by now: SF_PLACE_LOST, from the
 *    beginning.
 */
#include "bulk.h"

#include <stdio.h>
#include <string.h>

#include "url.h"

#define JOBS "/jobs/query"
#define PREFIX "bulk:"
#define PAGE_MAX_BYTES ((size_t)50331648)
#define ANSWER_MAX_BYTES ((size_t)33554432)
#define LOCATOR_MAX 256
#define EMPTY_PAGES_MAX 100
#define PAGE_ROWS_MIN 100
#define PAGES_MAX 100000

struct job {
	struct salesforce *s;
	struct sf_bulk *b;
	struct arena *arena;		/* of a call */
	char id[24], locator[LOCATOR_MAX + 1];	/* "" = the first page */
	long long total;		/* -1 = not said */
	long long page_rows;		/* asked for */
	long waited_s;
	int empty, pages;
	bool keep;			/* the next run goes on with it */
};

bool
sf_bulk_is_place(const char *next)
{
	return strncmp(next, PREFIX, strlen(PREFIX)) == 0;
}

static bool
is_locator(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=_-";
	const size_t len = strlen(text);

	return len > 0 && len <= LOCATOR_MAX && strspn(text, letters) == len;
}

/* "bulk:750R.../LOCATOR" */
static bool
place_take(struct job *j, struct err *err)
{
	const char *text = j->b->place + strlen(PREFIX);
	const size_t len = strcspn(text, "/");

	if (len < sizeof(j->id))
		(void)snprintf(j->id, sizeof(j->id), "%.*s", (int)len, text);
	text += len + (text[len] == '/');
	if (sf_is_id(j->id) && (*text == '\0' || is_locator(text))) {
		(void)snprintf(j->locator, sizeof(j->locator), "%s", text);
		return true;
	}
	j->id[0] = '\0';
	return err_set(err, ERR_GONE,
	    "the place of the broken pull is not understood");
}

/* ---- calls ------------------------------------------------------------- */
static bool
call(struct job *j, const char *method, const char *rest, const char *body,
    struct api_res *res, struct err *err)
{
	const struct api_req req = { .method = method, .label = j->b->label,
		.target = sf_path(j->s, j->arena, rest), .body = body,
		.body_len = body == NULL ? 0 : strlen(body),
		/* A second job of a lost reply harms nobody. */
		.repeatable = true };

	return req.target == NULL || rest == NULL ? err_nomem(err) :
	    apicall_do(&j->s->api, j->arena, &req, res, err);
}

/* What is refused for good can still be read by pages. */
static bool
no_bulk(struct job *j, const struct err *err)
{
	if (j->s->api.stopped.kind == ERR_NONE && (err->kind == ERR_REJECTED ||
	    err->kind == ERR_CONFIG || err->kind == ERR_GONE ||
	    (err->kind == ERR_AUTH && err->code == 403)))
		j->b->trouble = SF_NO_BULK;
	return false;
}

static bool
create(struct job *j, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	json_t *form = json_pack("{ss,ss,ss,ss,ss}", "operation", j->b->all ?
	    "queryAll" : "query", "query", j->b->soql, "contentType", "CSV",
	    "columnDelimiter", "COMMA", "lineEnding", "LF");
	const char *body = form == NULL ? NULL : json_dump(j->arena, form);
	const bool ok = body == NULL ? err_nomem(err) :
	    call(j, "POST", JOBS, body, &res, err) || no_bulk(j, err);

	json_decref(form);
	if (!ok)
		return false;
	const char *id = json_string_value(json_object_get(api_root(&res),
	    "id"));
	if (id == NULL || !sf_is_id(id))
		return err_set(err, ERR_PROTOCOL, "%s: expected the id of a job",
		    j->b->label);
	(void)snprintf(j->id, sizeof(j->id), "%s", id);
	return true;
}

static const char *
path_of(const struct job *j)
{
	return arena_printf(j->arena, JOBS "/%s", j->id);
}

/* As well as can be: the service deletes it after a week. */
static void
delete(struct job *j)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct err ignored;

	arena_reset(j->arena);
	(void)call(j, "DELETE", path_of(j), NULL, &res, &ignored);
}

/* ---- waiting ----------------------------------------------------------- */
/* Rows may be NULL: none. */
static bool
tell(struct job *j, json_t *records, const char *next, struct err *err)
{
	json_t *none = records == NULL ? json_array() : NULL;
	const struct sf_page page = { .records = records == NULL ? none :
		records, .next = next, .rows = j->b->rows, .total = j->total };
	const bool ok = page.records == NULL ? err_nomem(err) :
	    j->b->page(j->b->arg, &page, err);

	json_decref(none);
	return ok;
}

static const char *
place_of(const struct job *j)
{
	return arena_printf(j->arena, PREFIX "%s%s%s", j->id,
	    *j->locator == '\0' ? "" : "/", j->locator);
}

/* 1, 2, 4, ... seconds, up to bulk_poll_s; between them the run goes on. */
static bool
wait_a_while(struct job *j, struct err *err)
{
	const long most = j->s->set->bulk_poll_s;
	const long more = j->waited_s + 1 < most ? j->waited_s + 1 : most;
	const char *place = place_of(j);

	if (j->waited_s >= j->s->set->bulk_wait_s) {
		j->keep = true;
		return err_set(err, ERR_RETRY, "%s: the job is not done after "
		    "%ld s (bulk_wait_s), the next run goes on with it",
		    j->b->label, j->waited_s);
	}
	j->waited_s += more > 0 ? more : 1;
	return place == NULL ? err_nomem(err) : tell(j, NULL, place, err) &&
	    http_pause(j->s->env.http, more, err);
}

enum job_state { JOB_RUNS, JOB_DONE, JOB_FAILED, JOB_ODD };

static enum job_state
state_of(json_t *root)
{
	static const struct {
		const char *word;
		enum job_state state;
	} states[] = { { "UploadComplete", JOB_RUNS },
		{ "InProgress", JOB_RUNS }, { "JobComplete", JOB_DONE },
		{ "Aborted", JOB_FAILED }, { "Failed", JOB_FAILED } };
	const char *word = json_string_value(json_object_get(root, "state"));

	for (size_t i = 0; word != NULL && i < ARRAY_LEN(states); i++)
		if (strcmp(states[i].word, word) == 0)
			return states[i].state;
	return JOB_ODD;
}

static bool
ask_after(struct job *j, bool *done, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	json_t *total;

	*done = false;
	arena_reset(j->arena);
	if (!call(j, "GET", path_of(j), NULL, &res, err)) {
		if (err->kind == ERR_GONE)
			j->b->trouble = SF_PLACE_LOST;
		return false;
	}
	total = json_object_get(api_root(&res), "numberRecordsProcessed");
	switch (state_of(api_root(&res))) {
	case JOB_RUNS:
		return true;
	case JOB_DONE:
		*done = true;
		j->total = json_is_integer(total) ? json_integer_value(total) :
		    -1;
		return true;
	case JOB_FAILED:
		j->b->trouble = SF_NO_BULK;
		return err_set(err, ERR_PROTOCOL, "%s: the job failed",
		    j->b->label);
	case JOB_ODD:
		break;
	}
	return err_set(err, ERR_PROTOCOL, "%s: expected the state of a job",
	    j->b->label);
}

static bool
wait_for_it(struct job *j, struct err *err)
{
	bool done = false;

	while (!done)
		if (!ask_after(j, &done, err) ||
		    (!done && !wait_a_while(j, err)))
			return false;
	return true;
}

/* ---- results ----------------------------------------------------------- */
/* In the middle of a page: a broken pass reads it from its beginning. */
static bool
on_rows(void *arg, json_t *records, struct err *err)
{
	struct job *j = arg;
	const char *place = place_of(j);

	return place == NULL ? err_nomem(err) : tell(j, records, place, err);
}

static bool
ask_for_page(struct job *j, struct api_res *res, struct err *err)
{
	static const char *const headers[][2] = { { "Accept", "text/csv" },
		{ NULL, NULL } };
	const char *at = *j->locator == '\0' ? "" : arena_printf(j->arena,
	    "&locator=%s", url_escape(j->arena, j->locator));
	const struct api_req req = { .method = "GET", .label = j->b->label,
		.text = true, .answer_max = ANSWER_MAX_BYTES,
		.headers = headers, .target = sf_path(j->s, j->arena,
		arena_printf(j->arena, "%s/results?maxRecords=%lld%s",
		    path_of(j), j->page_rows, at)) };

	return arena_failed(j->arena) ? err_nomem(err) :
	    apicall_do(&j->s->api, j->arena, &req, res, err);
}

/* False, and *again: the job was not done after all, or the page too large. */
static bool
fetch(struct job *j, struct api_res *res, bool *again, struct err *err)
{
	const bool ok = ask_for_page(j, res, err);

	*again = false;
	if (ok && res->http.status != 204)
		return true;
	if (ok || strcmp(res->verdict.code, "JOB_NOT_COMPLETE") == 0) {
		*again = wait_a_while(j, err) && wait_for_it(j, err);
	} else if (res->http.phase == HTTP_ANSWER_CUT &&
	    err->kind == ERR_PROTOCOL && j->page_rows > PAGE_ROWS_MIN) {
		j->page_rows /= 4;
		*again = true;
	} else if (err->kind == ERR_GONE) {
		j->b->trouble = SF_PLACE_LOST;
	}
	return false;
}

static bool
next_locator(struct job *j, const struct api_res *res, bool *last,
    struct err *err)
{
	const char *next = res->http.wanted[SF_LOCATOR];

	*last = next != NULL && strcmp(next, "null") == 0;
	if (*last)
		return true;
	if (next == NULL || !is_locator(next))
		return err_set(err, ERR_PROTOCOL, "%s: expected the header "
		    "Sforce-Locator with the next page of results", j->b->label);
	if (strcmp(next, j->locator) == 0)
		return err_set(err, ERR_PROTOCOL, "%s: the page of results that "
		    "follows is the same one", j->b->label);
	(void)snprintf(j->locator, sizeof(j->locator), "%s", next);
	return true;
}

static bool
count(struct job *j, const struct api_res *res, long long n, struct err *err)
{
	const char *said = res->http.wanted[SF_RECORDS];
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", n);
	if (said != NULL && strcmp(said, text) != 0)
		return err_set(err, ERR_PROTOCOL, "%s: a page of %.20s results "
		    "was announced, %lld came", j->b->label, said, n);
	j->b->rows += n;
	/* Two locators may lead to each other. */
	if ((j->total >= 0 && j->b->rows > j->total) || ++j->pages > PAGES_MAX)
		return err_set(err, ERR_PROTOCOL, "%s: the job found %lld rows, "
		    "%lld came and no end", j->b->label, j->total, j->b->rows);
	j->empty = n > 0 ? 0 : j->empty + 1;
	return j->empty <= EMPTY_PAGES_MAX || err_set(err, ERR_PROTOCOL,
	    "%s: %d pages of results without a row", j->b->label, j->empty);
}

static bool
is_whole(struct job *j, struct err *err)
{
	if (j->total < 0 || j->b->rows == j->total)
		return true;
	j->b->trouble = SF_INCOMPLETE;
	return err_set(err, ERR_PROTOCOL, "%s: the job found %lld rows, %lld "
	    "came", j->b->label, j->total, j->b->rows);
}

static bool
results_page(struct job *j, bool *last, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const struct connector_env *env = &j->s->env;
	long long n = 0;
	bool again;

	*last = false;
	arena_reset(j->arena);
	if (env->cancelled != NULL && env->cancelled())
		return err_set(err, ERR_CANCELLED, "cancelled");
	if (!fetch(j, &res, &again, err))
		return again;
	if (!sf_bulk_rows(j->b, res.http.body, res.http.body_len, &n, on_rows,
	        j, err) || !count(j, &res, n, err) ||
	    !next_locator(j, &res, last, err))
		return false;
	if (*last)
		return is_whole(j, err) && tell(j, NULL, NULL, err);
	const char *place = place_of(j);
	return place == NULL ? err_nomem(err) : tell(j, NULL, place, err);
}

static bool
read_job(struct job *j, struct err *err)
{
	bool last = false;

	if (j->b->place != NULL ? !place_take(j, err) : !create(j, err))
		return false;
	if (!wait_for_it(j, err))
		return false;
	while (!last)
		if (!results_page(j, &last, err))
			return false;
	return true;
}

bool
sf_bulk(struct salesforce *s, struct sf_bulk *b, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(PAGE_MAX_BYTES);
	struct job j = { .s = s, .b = b, .arena = arena, .total = -1,
		.page_rows = s->set->bulk_page_rows };

	b->trouble = SF_NO_TROUBLE;
	if (b->place == NULL)
		b->rows = 0;
	if (arena == NULL)
		return err_nomem(err);
	const bool ok = read_job(&j, err);
	if (*j.id != '\0' && !j.keep && (ok || err->kind != ERR_CANCELLED))
		delete(&j);
	return ok;
}
