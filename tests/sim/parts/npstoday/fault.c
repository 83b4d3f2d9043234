/*
 * fault.c - what goes wrong on request.
 */
#include <stdlib.h>

#include "sim.h"

const char *const endpoint_names[] = { "none", "campaigns", "push", "responses",
	"members", "respondents", "sim", "any", NULL };

bool
fault_is_status(const struct fault *f, int64_t *status)
{
	if (strcmp(f->kind, "duplicate") == 0) {
		*status = 409;
		return true;
	}
	return sim_num(f->kind, status);
}

bool
fault_add(struct sim *s, const json_t *in)
{
	static const char *const kinds[] = { "cut_after_body", "slow", "no_id",
		"garbage", "cut_before", "html", "duplicate", NULL };
	struct fault f = { .on = EP_PUSH,
		.after = int_of(in, "after", 0),
		.times = int_of(in, "times", 1),
		.retry_after = int_of(in, "retry_after", -1),
		.seconds = int_of(in, "seconds", 2) };
	int64_t status = 0;
	const char *on = str_of(in, "on");
	fault_kind(f.kind, sizeof(f.kind), in);
	const int known = place_of(f.kind, kinds);
	const int where = on == NULL ? EP_PUSH : place_of(on, endpoint_names);
	if ((known < 0 &&
		(!sim_num(f.kind, &status) || status < 200 || status > 599)) ||
	    where < 0)
		return false;
	f.on = (enum endpoint)where;
	f.store = known >= 0 && known <= 3;
	if (json_object_get(in, "store") != NULL)
		f.store = json_is_true(json_object_get(in, "store"));
	s->faults = grow(s->faults, s->n_faults, sizeof(*s->faults));
	s->faults[s->n_faults++] = f;
	return true;
}

bool
fault_take(struct sim *s, enum endpoint ep, struct fault *out)
{
	bool found = false;
	for (size_t i = 0; i < s->n_faults; i++) {
		struct fault *f = &s->faults[i];
		if ((f->on == EP_ANY || f->on == ep) &&
		    fault_due(&f->after, &f->times, found)) {
			*out = *f;
			found = true;
		}
	}
	return found;
}

/* The reply as the fault leaves it; the effect has happened or not before. */
void
fault_apply(const struct fault *f, struct reply *out)
{
	int64_t status;
	if (fault_is_status(f, &status)) {
		json_decref(out->json);
		out->json = NULL;
		out->status = (unsigned)status;
		if (status >= 400)
			reply_error(out, out->status, "Fault on request", NULL);
		out->retry_after = f->retry_after;
	} else if (strncmp(f->kind, "cut_", 4) == 0) {
		out->cut = true;
	} else if (strcmp(f->kind, "html") == 0) {
		out->status = 200;
		out->type = "text/html; charset=utf-8";
		out->raw =
		    dup_text("<!DOCTYPE html><html><body>Log in</body></html>");
	} else if (strcmp(f->kind, "garbage") == 0) {
		out->raw = dup_text("{\"id\": 14500\xff\x01, [");
	} else if (strcmp(f->kind, "no_id") == 0) {
		out->empty = true;
	}
}
