/*
 * fault.c - what goes wrong on request.
 */
#include <stdlib.h>
#include <strings.h>

#include "sim.h"

const char *const endpoint_names[] = { "none", "state", "login", "token",
	"archive", "entity", "patch", "interests", "list", "item", "consent",
	"create", "other", "sim", "data", "any", NULL };
/* Instead of the answer; the effect happens with "store" only. */
static const char *const instead[] = { "html", "garbage", "empty", "half",
	NULL };
/* To the answer, which is made. */
static const char *const changing[] = { "truncated", "cut_after", "slow",
	"short_page", "empty_page", "next_link", "duplicate_row", "pk_int",
	"refuse", NULL };
static const char *const before[] = { "cut_before", "expired", "recycle",
	"moved", NULL };

/* times -1: for ever. */
bool
fault_add(struct sim *s, const json_t *in)
{
	const char *on = str_of(in, "on");
	const int where = on == NULL ? EP_DATA : place_of(on, endpoint_names);
	struct fault f = { .after = int_of(in, "after", 0),
		.times = int_of(in, "times", 1),
		.retry_after = int_of(in, "retry_after", -1),
		.seconds = int_of(in, "seconds", 2),
		.code = int_of(in, "code", 6), .rows = int_of(in, "rows", 1),
		.store = flag_of(in, "store") };
	int64_t status;

	fault_kind(f.kind, sizeof(f.kind), in);
	text_copy(f.text, sizeof(f.text), str_of(in, "text"));
	text_copy(f.provider, sizeof(f.provider), str_of(in, "provider"));
	if (where < 0 || (place_of(f.kind, instead) < 0 &&
	    place_of(f.kind, changing) < 0 && place_of(f.kind, before) < 0 &&
	    !fault_status(f.kind, &status)))
		return false;
	f.on = (enum endpoint)where;
	s->faults = grow(s->faults, s->n_faults, sizeof(f));
	s->faults[s->n_faults++] = f;
	return true;
}

static bool
place_fits(const struct fault *f, const struct request *r)
{
	if (f->on == EP_DATA ? !r->data : f->on != EP_ANY && f->on != r->ep)
		return false;
	return *f->provider == '\0' || strcasestr(r->path, f->provider) != NULL;
}

/* The one that strikes this request, counted down. */
bool
fault_take(struct sim *s, struct request *r)
{
	bool found = false;

	for (size_t i = 0; i < s->n_faults; i++) {
		struct fault *f = &s->faults[i];
		if (place_fits(f, r) &&
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

bool
fault_replaces(const struct request *r)
{
	int64_t status;

	return r->faulted && !r->fault.store &&
	       (place_of(r->fault.kind, instead) >= 0 ||
		   fault_status(r->fault.kind, &status));
}

/* ---- the answer -------------------------------------------------------------- */
static void
page_make(struct reply *out, unsigned status)
{
	reply_json(out, status, NULL);
	out->type = "text/html; charset=utf-8";
	out->raw = dup_text("<!DOCTYPE html><html><head><title>Service "
	    "Unavailable</title></head><body>IIS</body></html>");
}

/* A status has the service's JSON; with text "html" a page. */
static void
status_apply(const struct fault *f, unsigned status, struct reply *out)
{
	if (strcmp(f->text, "html") == 0)
		page_make(out, status);
	else if (strcmp(f->text, "empty") == 0)
		reply_json(out, status, NULL);
	else
		reply_error(out, status, "SoException", "%s",
		    *f->text == '\0' ? "Fault on request" : f->text);
	out->retry_after = f->retry_after;
}

static void
instead_apply(const struct fault *f, struct reply *out)
{
	if (strcmp(f->kind, "html") == 0) {
		page_make(out, 200);
		return;
	}
	reply_json(out, 200, NULL);
	if (strcmp(f->kind, "garbage") == 0)
		out->raw = dup_text("{\"value\": [\xff\x01, [");
	else if (strcmp(f->kind, "half") == 0)
		out->raw = dup_text("{\"odata.metadata\": \"x\", \"value\": [");
}

/* The reply as the fault leaves it. */
void
fault_apply(struct sim *s, const struct request *r, struct reply *out)
{
	const struct fault *f = &r->fault;
	int64_t status;

	(void)s;
	free(out->raw);
	out->raw = NULL;
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
