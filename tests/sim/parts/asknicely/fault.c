/*
 * fault.c - what goes wrong on request.
 */
#include <stdlib.h>

#include "sim.h"

const char *const on_names[] = { "none", "trigger", "lookup", "responses",
	"optouts", "erase", "storage", "sim", "any", NULL };

/* The call is carried out all the same; those before `FIRST_REPLACING`. */
static const char *const kinds[] = { "truncated", "cut_after", "slow",
	"short_page", "empty_page", "insert", "absurd_time", "third", "html",
	"cut_before", "failed", "no_result", NULL };
#define FIRST_REPLACING 8

bool
fault_add(struct sim *s, const json_t *in)
{
	const char *on = str_of(in, "on");
	const int where = on == NULL ? ON_TRIGGER : place_of(on, on_names);
	struct fault f = { .on = ON_NONE, .after = int_of(in, "after", 0),
		.times = int_of(in, "times", 1),
		.retry_after = int_of(in, "retry_after", -1),
		.seconds = int_of(in, "seconds", 2),
		.at = time_of(in, "at", NO_TIME) };
	int64_t status;

	fault_kind(f.kind, sizeof(f.kind), in);
	const int known = place_of(f.kind, kinds);
	if (where < 0 || (known < 0 && !fault_status(f.kind, &status)))
		return false;
	f.on = (enum on)where;
	f.store = json_object_get(in, "store") != NULL
	    ? flag_of(in, "store")
	    : known >= 0 && known < FIRST_REPLACING;
	s->faults = grow(s->faults, s->n_faults, sizeof(*s->faults));
	s->faults[s->n_faults++] = f;
	return true;
}

void
fault_take(struct sim *s, struct call *c)
{
	for (size_t i = 0; i < s->n_faults; i++) {
		struct fault *f = &s->faults[i];
		if ((f->on == ON_ANY || f->on == c->on) &&
		    fault_due(&f->after, &f->times, c->faulted)) {
			c->fault = *f;
			c->faulted = true;
		}
	}
}

bool
fault_is(const struct call *c, const char *kind)
{
	return c->faulted && strcmp(c->fault.kind, kind) == 0;
}

bool
fault_replaces(const struct call *c)
{
	return c->faulted && !c->fault.store;
}

/* ---- the answer as the fault leaves it ---------------------------------------- */

static void
page_spoil(struct sim *s, const struct call *c, const struct reply *out)
{
	static const char *const absurd[] = { "14522193485", "soon", "",
		"-9223372036854775809", "1e400" };
	json_t *data = json_object_get(out->json, "data"), *row;
	size_t i;

	if (!json_is_array(data))
		return;
	if (fault_is(c, "empty_page"))
		json_array_clear(data);
	else if (fault_is(c, "short_page"))
		json_array_remove(data, json_array_size(data) - 1);
	else if (fault_is(c, "absurd_time"))
		json_array_foreach(data, i, row)
			json_object_set_new(row, "unsubscribetime", i % 6 == 5
			    ? json_null() : json_string(absurd[i % 6]));
	if (!fault_is(c, "insert"))
		return;
	if (c->on == ON_RESPONSES)
		answer_insert(s, c->fault.at);
	else
		optout_insert(s);
}

static void
replace(struct reply *out, unsigned status, const char *type, char *raw)
{
	json_decref(out->json);
	free(out->raw);
	out->json = NULL;
	out->status = status;
	out->type = type;
	out->raw = raw;
}

void
fault_apply(struct sim *s, const struct call *c, struct reply *out)
{
	int64_t status;

	if (fault_status(c->fault.kind, &status)) {
		reply_failed(out, (unsigned)status, "Fault on request");
		out->retry_after = c->fault.retry_after;
	} else if (fault_is(c, "html")) {
		replace(out, 200, "text/html", need(strdup(
		    "<!DOCTYPE html><html><body>Log in</body></html>")));
	} else if (fault_is(c, "failed")) {
		reply_failed(out, 200, "Fault on request");
	} else if (fault_is(c, "no_result")) {
		reply_json(out, 200, json_pack("{s:[], s:b, s:i}", "result",
		    "success", 1, "surveys_sent", 0));
	} else if (strncmp(c->fault.kind, "cut_", 4) == 0) {
		out->cut = true;
	} else if (fault_is(c, "truncated")) {
		out->missing = 20;
	} else {
		page_spoil(s, c, out);
	}
}
