/*
 * fault.c - what goes wrong on request.
 */
#include "sim.h"

#include <stdlib.h>

static const char *const places[] = { "none", "token", "list", "row", "delta",
	"patch", "post", "delete", "batch", "meta", "sim", "data", "any", NULL };
static const char *const kinds[] = { "expired", "html", "cut_before",
	"cut_after", "cut_body", "half", "slow", "garbage", "short_page",
	"empty_page", "no_next", "duplicate_row", "link_host", "link_scheme",
	"link_again", "conflict", "batch_lf", "part_gone", "empty", NULL };

bool
fault_add(struct sim *s, const json_t *in)
{
	const char *on = str_of(in, "on");
	struct fault f = { .after = int_of(in, "after", 0),
		.times = int_of(in, "times", 1),
		.retry_after = int_of(in, "retry_after", -1),
		.seconds = int_of(in, "seconds", 2),
		.nth = int_of(in, "nth", 1),
		.store = flag_of(in, "store"),
		.bare = flag_of(in, "bare"),
		.empty = flag_of(in, "empty") };
	text_copy(f.code, sizeof(f.code), str_of(in, "code"));
	text_copy(f.message, sizeof(f.message), str_of(in, "message"));
	text_copy(f.table, sizeof(f.table), str_of(in, "table"));
	fault_kind(f.kind, sizeof(f.kind), in);
	const int where = on == NULL ? ON_DATA : place_of(on, places);
	f.on = (enum on)where;
	f.status = int_of(in, "status", 0);
	const bool number = sim_num(f.kind, &f.status);
	if (where < 0 || (number ? f.status < 200 || f.status > 599
				 : place_of(f.kind, kinds) < 0))
		return false;
	f.set = json_incref(json_object_get(in, "set"));
	s->faults = grow(s->faults, s->n_faults, sizeof(*s->faults));
	s->faults[s->n_faults++] = f;
	return true;
}

static bool
fault_fits(const struct fault *f, const struct request *r, const char *table)
{
	if (f->table[0] != '\0' && strcmp(f->table, table) != 0)
		return false;
	return f->on == ON_ANY || f->on == r->on ||
	    (f->on == ON_DATA && r->on != ON_TOKEN && !r->inner);
}

bool
fault_take(struct sim *s, struct request *r, const char *table)
{
	bool found = false;
	for (size_t i = 0; i < s->n_faults; i++) {
		struct fault *f = &s->faults[i];
		if (fault_fits(f, r, table) &&
		    fault_due(&f->after, &f->times, found)) {
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

/* Before the token is looked at. */
void
fault_before(struct sim *s, struct request *r)
{
	if (!fault_is(r, "expired"))
		return;
	for (size_t i = 0; i < TOKENS; i++)
		s->tokens[i].expires = NO_TIME;
}

static const struct {
	int64_t status;
	const char *code, *message;
} known[] = {
	{ 429, "0x80072322", "Number of requests exceeded the limit of 6000 over "
	    "time window of 300 seconds." },
	{ 429, "0x80072321", "Combined execution time of incoming requests "
	    "exceeded limit of 1,200,000 milliseconds over time window of 300 "
	    "seconds. Decrease number of concurrent requests or reduce the "
	    "duration of requests and try again later." },
	{ 429, "0x80072326", "Number of concurrent requests exceeded the limit "
	    "of 52." },
	{ 403, "0x80040220", "Principal user is missing prvReadContact privilege "
	    "on OTC=2 for entity 'contact'." },
	{ 412, "0x80060882", "The version of the existing record doesn't match "
	    "the RowVersion property provided." },
	{ 500, "0x80044150", "Generic SQL error. A connection was successfully "
	    "established with the server, but then an error occurred." },
	{ 404, "0x80040217", "contact With Id = 0 Does Not Exist" },
};

static void
status_reply(struct sim *s, const struct fault *f, struct reply *out)
{
	const char *code = f->code[0] == '\0' ? NULL : f->code;
	const char *message = f->message[0] == '\0' ? NULL : f->message;
	for (size_t i = 0; i < LEN(known); i++) {
		if (known[i].status != f->status ||
		    (code != NULL && strcmp(code, known[i].code) != 0))
			continue;
		code = known[i].code;
		message = message == NULL ? known[i].message : message;
	}
	reply_error(out, (unsigned)f->status, code == NULL ? "" : code, "%s",
	    message == NULL ? "An error on request." : message);
	if (f->bare)
		json_object_del(json_object_get(out->json, "error"), "code");
	if (f->empty || f->status == 401 || f->status < 300)
		reply_json(out, (unsigned)f->status, NULL);
	out->retry_after = f->retry_after;
	if (f->status == 401)
		out->challenge = "Bearer authorization_uri=https://login."
		    "microsoftonline.com/common/oauth2/authorize";
	if (mutant(s, "retry-after-gone"))
		out->retry_after = -1;
	if (f->status == 429 && f->retry_after > 0)
		s->quiet_until_ms = clock_ms() + 1000 * f->retry_after;
}

static void
html(const struct fault *f, struct reply *out)
{
	reply_json(out, f->status == 0 ? 200 : (unsigned)f->status, NULL);
	snprintf(out->type, sizeof(out->type), "text/html; charset=utf-8");
	out->raw = dup_text("<!DOCTYPE html><html><head><title>Sign in</title>"
	    "</head><body>We are sorry</body></html>");
}

bool
fault_replaces(struct sim *s, struct request *r, struct reply *out)
{
	int64_t status;
	if (sim_num(r->fault.kind, &status))
		status_reply(s, &r->fault, out);
	else if (fault_is(r, "html"))
		html(&r->fault, out);
	else if (fault_is(r, "cut_before"))
		out->cut = true;
	else
		return false;
	return true;
}

/* The reply as the fault leaves it; the effect has happened. */
void
fault_after(struct request *r, struct reply *out)
{
	if (fault_is(r, "cut_after"))
		out->cut = true;
	else if (fault_is(r, "garbage"))
		out->raw = dup_text("{\"value\": [{\"contactid\": \xff\x01");
	else if (fault_is(r, "empty"))
		reply_json(out, out->status, NULL);
	else if ((fault_is(r, "half") || fault_is(r, "cut_body")) &&
	    out->json != NULL && out->raw == NULL) {
		out->raw = json_text(out->json);
		out->raw_len = strlen(out->raw) / 2;
		if (fault_is(r, "cut_body"))
			out->missing = strlen(out->raw) - out->raw_len;
	}
}
