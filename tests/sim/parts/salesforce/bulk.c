/*
 * bulk.c - query jobs of Bulk API 2.0: made, asked after, their rows as CSV with
 * a locator to the next page, aborted, deleted.
 */
#include <stdlib.h>

#include "sim.h"

#define RESULTS_MAX 250000

static struct job *
job_find(struct sim *s, const char *id)
{
	for (size_t i = 0; i < JOBS; i++)
		if (s->jobs[i].q != NULL &&
		    strncmp(s->jobs[i].id, id, ID_LEN) == 0)
			return &s->jobs[i];
	return NULL;
}

static void
job_free(struct job *j)
{
	query_free(j->q);
	free(j->rows);
	*j = (struct job){ 0 };
}

void
jobs_drop(struct sim *s)
{
	for (size_t i = 0; i < JOBS; i++)
		job_free(&s->jobs[i]);
}

static const char *
state_of(const struct job *j)
{
	return j->aborted ? "Aborted"
	       : j->failed ? "Failed"
	       : j->asked == 0 ? "UploadComplete"
	       : j->asked <= j->polls ? "InProgress"
				      : "JobComplete";
}

static bool
is_done(const struct job *j)
{
	return strcmp(state_of(j), "JobComplete") == 0;
}

static json_t *
job_json(const struct sim *s, const struct job *j, bool all)
{
	json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:f, s:o, s:s, "
				"s:s}",
	    "id", j->id, "operation", j->q->all ? "queryAll" : "query",
	    "object", j->q->from->name, "state", state_of(j),
	    "concurrencyMode", "Parallel", "contentType", "CSV", "apiVersion",
	    (double)62.0, "createdDate", time_json(s->now), "lineEnding",
	    j->crlf ? "CRLF" : "LF", "columnDelimiter", "COMMA");

	if (all && is_done(j))
		json_object_set_new(out, "numberRecordsProcessed",
		    json_integer((json_int_t)j->n));
	return out;
}

/* ---- POST /jobs/query ----------------------------------------------------------- */
static struct job *
job_new(struct sim *s)
{
	static char prefix[] = "750";
	const struct object job = { .prefix = prefix };
	struct job *j = &s->jobs[0];

	for (size_t i = 1; i < JOBS; i++)
		if (s->jobs[i].made < j->made)
			j = &s->jobs[i];
	job_free(j);
	id_make(s, &job, j->id);
	j->made = ++s->queries;
	return j;
}

/* What the service does not do in bulk. */
static const char *
unfit(const struct query *q)
{
	static const char *const objects[] = { "EventWhoRelation",
		"TaskWhoRelation", "CaseStatus", NULL };

	return place_of(q->from->name, objects) >= 0
		   ? "Entity is not supported by the Bulk API."
		   : q->count || q->offset > 0
		   ? "aggregates and OFFSET are not supported by the Bulk API."
		   : NULL;
}

static const char *
form_fault(const json_t *in)
{
	const char *type = str_of(in, "contentType");
	const char *delimiter = str_of(in, "columnDelimiter");
	const char *end = str_of(in, "lineEnding");

	if (type != NULL && strcmp(type, "CSV") != 0)
		return "contentType";
	if (delimiter != NULL && strcmp(delimiter, "COMMA") != 0)
		return "columnDelimiter";
	return end != NULL && strcmp(end, "LF") != 0 && strcmp(end, "CRLF") != 0
		   ? "lineEnding"
		   : NULL;
}

static void
job_make(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	const char *what = str_of(in, "operation"), *q = str_of(in, "query");
	const bool all = what != NULL && strcmp(what, "queryAll") == 0;
	const char *fault = form_fault(in);
	struct query *query = NULL;

	if (fault != NULL || q == NULL ||
	    (!all && (what == NULL || strcmp(what, "query") != 0)))
		reply_error(out, 400, "INVALIDJOB",
		    fault != NULL ? fault : "operation, query");
	else
		query = query_parse(s, q, all, out);
	if (query != NULL && unfit(query) != NULL) {
		reply_error(out, 400, "INVALIDENTITY", unfit(query));
		query_free(query);
	} else if (query != NULL) {
		struct job *j = job_new(s);
		j->q = query;
		j->rows = query_rows(s, query, &j->n);
		j->polls = s->opt.bulk_polls;
		j->failed = fault_is(r, "job_failed");
		j->crlf = str_of(in, "lineEnding") != NULL &&
			  strcmp(str_of(in, "lineEnding"), "CRLF") == 0;
		snprintf(j->version, sizeof(j->version), "%s", r->version);
		reply_json(out, 200, job_json(s, j, false));
	}
	json_decref(in);
}

/* ---- GET .../results -------------------------------------------------------------- */
static void
field_add_csv(FILE *f, const char *text)
{
	fputc('"', f);
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '"')
			fputc('"', f);
		fputc(*text, f);
	}
	fputc('"', f);
}

static void
value_csv(FILE *f, const struct sim *s, const struct path *p,
    const struct record *r)
{
	struct field *field;
	struct value v;
	char text[64] = "";

	const bool there = path_value(s, p, r, &field, &v, NULL);
	/* A checkbox is never null. */
	if (!there || (!v.set && field->type != T_BOOL)) {
		fputs("\"\"", f);
		return;
	}
	json_t *j = value_json(field, &v, true);
	if (json_is_string(j))
		field_add_csv(f, json_string_value(j));
	else if (field->type == T_BOOL)
		field_add_csv(f, json_is_true(j) ? "true" : "false");
	else {
		/* Whole numbers too. */
		snprintf(text, sizeof(text), "%.1f", json_number_value(j));
		field_add_csv(f, text);
	}
	json_decref(j);
}

static void
head_csv(FILE *f, const struct job *j, const char *end)
{
	for (size_t i = 0; i < j->q->n_select; i++) {
		if (i > 0)
			fputc(',', f);
		field_add_csv(f, j->q->select[i].text);
	}
	fputs(end, f);
}

static char *
page_csv(struct sim *s, const struct job *j, size_t from, size_t until)
{
	const char *end = j->crlf ? "\r\n" : "\n";
	char *text = NULL;
	size_t len = 0;
	FILE *f = need(open_memstream(&text, &len));

	if (from == 0 || !mutant_is(s, MUT_BULK_HEAD))
		head_csv(f, j, end);
	for (size_t i = from; i < until; i++) {
		for (size_t k = 0; k < j->q->n_select; k++) {
			if (k > 0)
				fputc(',', f);
			value_csv(f, s, &j->q->select[k], j->rows[i]);
		}
		fputs(end, f);
	}
	fclose(f);
	return need(text);
}

/* A locator is a number in a coat: "MTAw" would do as well. */
static bool
locator_read(const char *text, size_t n, size_t *from)
{
	int64_t at;

	if (text == NULL) {
		*from = 0;
		return true;
	}
	if (strncmp(text, "MTAw", 4) != 0 || !sim_num(text + 4, &at) ||
	    at <= 0 || (size_t)at > n)
		return false;
	*from = (size_t)at;
	return true;
}

static size_t
rows_wanted(struct sim *s, const char *query)
{
	char *text = query == NULL ? NULL : url_param(query, "maxRecords");
	int64_t n = RESULTS_MAX;

	if (text != NULL && (!sim_num(text, &n) || n < 1 || n > RESULTS_MAX))
		n = RESULTS_MAX;
	if (s->opt.page_max > 0 && n > s->opt.page_max)
		n = s->opt.page_max;
	free(text);
	return (size_t)n;
}

static void
results(struct sim *s, struct request *r, struct job *j, struct reply *out)
{
	const char *query = strchr(r->in.uri, '?');
	char *locator = query == NULL ? NULL : url_param(query + 1, "locator");
	size_t from, until;

	if (!is_done(j) || fault_is(r, "not_complete")) {
		reply_error(out, 412, "JOB_NOT_COMPLETE",
		    "The job is not complete");
	} else if (!locator_read(locator, j->n, &from)) {
		reply_error(out, 400, "INVALID_LOCATOR", "Invalid locator");
	} else {
		until = from + rows_wanted(s, query == NULL ? NULL : query + 1);
		if (until > j->n)
			until = j->n;
		reply_json(out, 200, NULL);
		out->type = "text/csv";
		out->raw = page_csv(s, j, from, until);
		snprintf(out->rows, sizeof(out->rows), "%zu", until - from);
		if (until == j->n || mutant_is(s, MUT_BULK_END))
			snprintf(out->locator, sizeof(out->locator), "null");
		else if (!fault_is(r, "locator_again") || locator == NULL)
			snprintf(out->locator, sizeof(out->locator),
			    "MTAw%zu", until);
		else
			snprintf(out->locator, sizeof(out->locator), "%.31s",
			    locator);
		if (fault_is(r, "more_rows"))
			snprintf(out->rows, sizeof(out->rows), "%zu",
			    until - from + 1);
	}
	free(locator);
}

/* ---- all --------------------------------------------------------------------------- */
static void
change(struct sim *s, struct request *r, struct job *j, struct reply *out)
{
	json_t *in = body_json(&r->in);
	const char *state = str_of(in, "state");

	if (state == NULL || strcmp(state, "Aborted") != 0) {
		reply_error(out, 400, "INVALIDJOBSTATE", "state");
	} else {
		j->aborted = true;
		reply_json(out, 200, job_json(s, j, true));
	}
	json_decref(in);
}

static void
job_serve(struct sim *s, struct request *r, struct job *j, struct reply *out)
{
	const char *rest = r->path + strlen("/jobs/query/") + ID_LEN;
	const bool of_results = strcmp(rest, "/results") == 0;

	if (strcmp(j->version, r->version) != 0) {
		reply_error(out, 409, "VERSION_MISMATCH", "another version");
	} else if (of_results && strcmp(r->in.method, "GET") == 0) {
		results(s, r, j, out);
	} else if (*rest != '\0') {
		reply_error(out, 404, "NOT_FOUND", "Not found");
	} else if (strcmp(r->in.method, "GET") == 0) {
		j->asked++;
		reply_json(out, 200, job_json(s, j, true));
	} else if (strcmp(r->in.method, "PATCH") == 0) {
		change(s, r, j, out);
	} else {
		job_free(j);
		reply_json(out, 204, NULL);
	}
}

void
on_bulk(struct sim *s, struct request *r, struct reply *out)
{
	if (strcmp(r->in.method, "POST") == 0) {
		job_make(s, r, out);
		return;
	}
	struct job *j = strlen(r->path) < strlen("/jobs/query/") + ID_LEN
			    ? NULL
			    : job_find(s, r->path + strlen("/jobs/query/"));
	if (j == NULL)
		reply_error(out, 404, "NOT_FOUND",
		    "The requested resource does not exist");
	else
		job_serve(s, r, j, out);
}
