/*
 * fault.c - what goes wrong on request.
 */
#include <stdlib.h>
#include <strings.h>

#include "sim.h"

const char *const endpoint_names[] = { "none", "token", "describe", "query",
	"next", "collection", "record", "composite", "chatter", "tooling", "bulk", "other",
	"sim", "any", NULL };
/* Instead of the answer; the effect happens with "store" only. */
static const char *const instead[] = { "session", "request_limit",
	"query_timeout", "locator", "html", "garbage", "empty", "error", NULL };
/* To the answer, which is made. */
static const char *const changing[] = { "truncated", "cut_after", "slow",
	"short_page", "empty_page", "no_done", "drop_next", "next_host",
	"twice", "short_result", "no_total", "job_failed", "not_complete",
	"locator_again", "more_rows", NULL };
static const char *const before[] = { "cut_before", "expire", NULL };

/* times -1: for ever.
 * {"kind", "on", "after", "times", "object", "code", "text", "id", "records",
 * "rows", "retry_after", "seconds", "store"} */
bool
fault_add(struct sim *s, const json_t *in)
{
	const char *on = str_of(in, "on");
	const int where = on == NULL ? EP_ANY : place_of(on, endpoint_names);
	struct fault f = { .after = int_of(in, "after", 0),
		.times = int_of(in, "times", 1),
		.retry_after = int_of(in, "retry_after", -1),
		.seconds = int_of(in, "seconds", 2),
		.records = int_of(in, "records", 1),
		.rows = int_of(in, "rows", 1),
		.store = flag_of(in, "store") };
	int64_t status;

	fault_kind(f.kind, sizeof(f.kind), in);
	text_copy(f.code, sizeof(f.code), str_of(in, "code"));
	text_copy(f.text, sizeof(f.text), str_of(in, "text"));
	text_copy(f.object, sizeof(f.object), str_of(in, "object"));
	text_copy(f.id, sizeof(f.id), str_of(in, "id"));
	f.on = (enum endpoint)where;
	if (strcmp(f.kind, "lock") == 0) {
		text_copy(f.kind, sizeof(f.kind), "record");
		text_copy(f.code, sizeof(f.code), "UNABLE_TO_LOCK_ROW");
	}
	if (where < 0 || (place_of(f.kind, instead) < 0 &&
			     place_of(f.kind, changing) < 0 &&
			     place_of(f.kind, before) < 0 &&
			     strcmp(f.kind, "record") != 0 &&
			     !fault_status(f.kind, &status)))
		return false;
	s->faults = grow(s->faults, s->n_faults, sizeof(f));
	s->faults[s->n_faults++] = f;
	return true;
}

/* "... FROM Event ..." */
static bool
object_fits(const struct fault *f, const struct request *r)
{
	const char *at = r->q;

	if (*f->object == '\0')
		return true;
	at = at == NULL ? NULL : strcasestr(at, " FROM ");
	return at == NULL ? strstr(r->path, f->object) != NULL
			  : strncasecmp(at + 6, f->object, strlen(f->object)) ==
				0;
}

/* The one that strikes this request, counted down. */
bool
fault_take(struct sim *s, struct request *r)
{
	bool found = false;

	for (size_t i = 0; i < s->n_faults; i++) {
		struct fault *f = &s->faults[i];
		if (strcmp(f->kind, "record") == 0 ||
		    (f->on != EP_ANY && f->on != r->ep) || !object_fits(f, r))
			continue;
		if (fault_due(&f->after, &f->times, found)) {
			r->fault = *f;
			found = true;
		}
	}
	return found;
}

bool
fault_is(const struct request *r, const char *kind)
{
	return r->faulted && strcmp(r->fault.kind, kind) == 0;
}

bool
fault_replaces(const struct request *r)
{
	int64_t status;

	return r->faulted && !r->fault.store &&
	       (place_of(r->fault.kind, instead) >= 0 ||
		   fault_status(r->fault.kind, &status));
}

/* A fault of a record: by its id, else the first ones that come by. */
const struct fault *
fault_record(struct sim *s, const struct request *r, const char *id)
{
	for (size_t i = 0; i < s->n_faults; i++) {
		struct fault *f = &s->faults[i];
		if (strcmp(f->kind, "record") != 0 || f->times == 0 ||
		    f->records <= 0 || (f->on != EP_ANY && f->on != r->ep))
			continue;
		if (*f->id != '\0') {
			if (strcmp(f->id, id) != 0)
				continue;
			f->times -= f->times > 0;
		} else if (f->after > 0) {
			f->after--;
			continue;
		} else {
			f->records--;
		}
		return f;
	}
	return NULL;
}

/* ---- the answer -------------------------------------------------------------------------- */
static const char *
word(const char *given, const char *otherwise)
{
	return *given == '\0' ? otherwise : given;
}

/* A status: with a code the usual array, else words that are no JSON. */
static void
status_apply(const struct fault *f, unsigned status, struct reply *out)
{
	reply_json(out, status, NULL);
	if (*f->code != '\0') {
		reply_error(out, status, f->code,
		    word(f->text, "Fault on request"));
	} else {
		out->type = "text/plain";
		out->raw = dup_text(word(f->text, "Fault on request"));
	}
	out->retry_after = f->retry_after;
}

static void
instead_apply(const struct fault *f, struct reply *out)
{
	if (strcmp(f->kind, "session") == 0) {
		reply_error(out, 401, word(f->code, "INVALID_SESSION_ID"),
		    word(f->text, "Session expired or invalid"));
	} else if (strcmp(f->kind, "request_limit") == 0) {
		reply_error(out, 403, "REQUEST_LIMIT_EXCEEDED",
		    word(f->text, "TotalRequests Limit exceeded."));
	} else if (strcmp(f->kind, "query_timeout") == 0) {
		reply_error(out, 400, "QUERY_TIMEOUT",
		    "Your query request was running for too long.");
	} else if (strcmp(f->kind, "locator") == 0) {
		reply_error(out, 400, "INVALID_QUERY_LOCATOR",
		    "invalid query locator");
	} else if (strcmp(f->kind, "html") == 0) {
		reply_json(out, 200, NULL);
		out->type = "text/html; charset=utf-8";
		out->raw = dup_text(
		    "<!DOCTYPE html><html><body>Log in</body></html>");
	} else if (strcmp(f->kind, "garbage") == 0) {
		reply_json(out, 200, NULL);
		out->raw = dup_text("{\"totalSize\": 2\xff\x01, [");
	} else if (strcmp(f->kind, "empty") == 0) {
		reply_json(out, 200, NULL);
	} else {
		reply_error(out, 400, word(f->code, "UNKNOWN_EXCEPTION"),
		    word(f->text, "Fault on request"));
	}
}

/* The reply as the fault leaves it. */
void
fault_apply(struct sim *s, const struct request *r, struct reply *out)
{
	const struct fault *f = &r->fault;
	int64_t status;

	(void)s;
	if (fault_status(f->kind, &status)) {
		status_apply(f, (unsigned)status, out);
	} else if (place_of(f->kind, instead) >= 0) {
		instead_apply(f, out);
	} else if (strncmp(f->kind, "cut_", 4) == 0) {
		out->cut = true;
	} else if (strcmp(f->kind, "truncated") == 0 && out->json != NULL) {
		out->raw = json_half(out->json, &out->missing);
	}
}

static void
row_twice(json_t *rows)
{
	const size_t n = json_array_size(rows);

	if (n > 0)
		json_array_append(rows, json_array_get(rows, n - 1));
}

void
fault_page(struct request *r, json_t *page, struct sim *s)
{
	char url[300];
	const char *next = str_of(page, "nextRecordsUrl");

	(void)s;
	if (fault_is(r, "no_done")) {
		json_object_del(page, "done");
	} else if (fault_is(r, "no_total")) {
		json_object_del(page, "totalSize");
	} else if (fault_is(r, "twice")) {
		row_twice(json_object_get(page, "records"));
	} else if (fault_is(r, "drop_next") && next != NULL) {
		json_object_del(page, "nextRecordsUrl");
		json_object_set_new(page, "done", json_true());
	} else if (fault_is(r, "next_host") && next != NULL) {
		snprintf(url, sizeof(url), "%s%s",
		    word(r->fault.text, "http://127.0.0.9:9"), next);
		json_object_set_new(page, "nextRecordsUrl", json_string(url));
	}
}
