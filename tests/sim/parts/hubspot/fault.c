/*
 * fault.c - what goes wrong on request.
 */
#include <stdlib.h>

#include "sim.h"

const char *const on_names[] = { "none", "search", "list", "row", "read",
	"update", "assoc", "pipelines", "property", "property_write", "prefs",
	"owners", "usage", "sim", "any", NULL };
static const char *const policies[][2] = { { "secondly", "SECONDLY" },
	{ "ten_secondly", "TEN_SECONDLY_ROLLING" }, { "daily", "DAILY" } };
/* In place of the answer; the effect happens with "store" only. */
static const char *const instead[] = { "scope", "html", "garbage", "empty",
	"cut_before", "reset", NULL };
/* To the answer, or on the way to it. */
static const char *const others[] = { "truncated", "half", "cut_after", "slow",
	"edit", "record", "overlap", "empty_page", "short_page", "cursor_again",
	"next_gone", "total", "duplicate_row", "nulls", "results_gone", NULL };

static const char *
policy_of(const char *kind)
{
	for (size_t i = 0; i < LEN(policies); i++)
		if (strcmp(policies[i][0], kind) == 0)
			return policies[i][1];
	return NULL;
}

/* {"kind", "on", "type", "after", "times", "text", "category", "retry_after",
 * "seconds", "value", "id", "store", "set"} */
bool
fault_add(struct sim *s, const json_t *in)
{
	const char *on = str_of(in, "on");
	const int where = on == NULL ? ON_ANY : place_of(on, on_names);
	struct fault f = { .after = int_of(in, "after", 0),
		.times = int_of(in, "times", 1),
		.retry_after = int_of(in, "retry_after", -1),
		.seconds = int_of(in, "seconds", 2),
		.value = int_of(in, "value", 1), .store = flag_of(in, "store") };
	int64_t status;

	fault_kind(f.kind, sizeof(f.kind), in);
	text_copy(f.type, sizeof(f.type), str_of(in, "type"));
	text_copy(f.text, sizeof(f.text), str_of(in, "text"));
	text_copy(f.category, sizeof(f.category), str_of(in, "category"));
	(void)id_read(json_object_get(in, "id"), &f.id);
	if (where < 0 || (!fault_status(f.kind, &status) &&
	    policy_of(f.kind) == NULL && place_of(f.kind, instead) < 0 &&
	    place_of(f.kind, others) < 0))
		return false;
	f.on = (enum on)where;
	f.set = json_incref(json_object_get(in, "set"));
	s->faults = grow(s->faults, s->n_faults, sizeof(f));
	s->faults[s->n_faults++] = f;
	return true;
}

void
faults_clear(struct sim *s)
{
	for (size_t i = 0; i < s->n_faults; i++)
		json_decref(s->faults[i].set);
	s->n_faults = 0;
	s->quiet_ms[0] = s->quiet_ms[1] = 0;
}

static bool
fault_fits(const struct fault *f, const struct call *c)
{
	return (f->on == ON_ANY || f->on == c->route->on) &&
	    (f->type[0] == '\0' || (c->kind != NULL &&
	    strcmp(f->type, c->kind->name) == 0));
}

/* The first that fits; those behind it have one call less to wait for. */
bool
fault_take(struct sim *s, struct call *c)
{
	bool found = false;

	for (size_t i = 0; i < s->n_faults; i++) {
		struct fault *f = &s->faults[i];
		if (strcmp(f->kind, "record") != 0 && fault_fits(f, c) &&
		    fault_due(&f->after, &f->times, found)) {
			c->fault = *f;
			found = true;
		}
	}
	return found;
}

bool
fault_is(const struct call *c, const char *kind)
{
	return c->faulted && strcmp(c->fault.kind, kind) == 0;
}

const char *
fault_record(struct sim *s, const struct call *c, int64_t id)
{
	for (size_t i = 0; i < s->n_faults; i++) {
		struct fault *f = &s->faults[i];
		if (strcmp(f->kind, "record") != 0 || f->times == 0 ||
		    !fault_fits(f, c) || (f->id != 0 && f->id != id))
			continue;
		f->times -= f->times > 0;
		return f->category[0] == '\0' ? "RECORD_LOCKED" : f->category;
	}
	return NULL;
}

/* Somebody changes a record between two pages. */
void
fault_before(struct sim *s, const struct call *c)
{
	struct kind *k = c->kind;
	const struct fault *f = &c->fault;

	if (!fault_is(c, "edit") || k == NULL ||
	    record_find(k, f->id) == NULL)
		return;
	ledger_put(s, json_pack("{s:s, s:s, s:s, s:I, s:o}", "kind", "write",
	    "by", "other", "object", k->name, "id", J(f->id), "set",
	    f->set == NULL ? json_object() : json_incref(f->set)));
}

/* ---- in place of an answer ----------------------------------------------- */

static void
page_html(struct reply *out, unsigned status)
{
	reply_json(out, status, NULL);
	out->type = "text/html; charset=UTF-8";
	out->raw = dup_text("<!DOCTYPE html><html><head><title>HubSpot</title>"
	    "</head><body>Error</body></html>");
}

static const char *
category_of(const struct fault *f, int64_t status)
{
	return f->category[0] != '\0' ? f->category
	    : status == 401	      ? "INVALID_AUTHENTICATION"
	    : status == 404	      ? "OBJECT_NOT_FOUND"
	    : status == 429	      ? "RATE_LIMITS"
	    : status < 500	      ? "VALIDATION_ERROR"
				      : NULL;
}

static void
status_reply(struct sim *s, const struct fault *f, struct reply *out,
    int64_t status)
{
	if (status > 501 && f->category[0] == '\0')
		page_html(out, (unsigned)status);
	else
		reply_error(s, out, (unsigned)status, category_of(f, status),
		    "%s", f->text[0] == '\0' ? "Fault on request" : f->text);
}

static void
instead_reply(struct sim *s, const struct call *c, struct reply *out)
{
	const struct fault *f = &c->fault;

	if (fault_is(c, "scope")) {
		reply_scope(s, out, f->text[0] == '\0'
		    ? "crm.objects.contacts.read" : f->text);
	} else if (fault_is(c, "html")) {
		page_html(out, f->value > 1 ? (unsigned)f->value : 200);
	} else {
		reply_json(out, 200, NULL);
		out->cut = fault_is(c, "cut_before") || fault_is(c, "reset");
		out->reset = fault_is(c, "reset");
		if (fault_is(c, "garbage"))
			out->raw = dup_text("{\"total\": 2\xff\x01, [");
	}
}

static bool
replaces(const struct call *c)
{
	int64_t status;

	return c->faulted && (fault_status(c->fault.kind, &status) ||
	    policy_of(c->fault.kind) != NULL ||
	    place_of(c->fault.kind, instead) >= 0);
}

static void
replace(struct sim *s, const struct call *c, struct reply *out)
{
	const char *policy = policy_of(c->fault.kind);
	int64_t status;

	free(out->raw);
	out->raw = NULL;
	if (policy != NULL)
		reply_limit(s, c, out, policy);
	else if (fault_status(c->fault.kind, &status))
		status_reply(s, &c->fault, out, status);
	else
		instead_reply(s, c, out);
	out->retry_after = c->fault.retry_after;
	if (out->retry_after > 0)
		s->quiet_ms[0] = clock_ms() + 1000 * out->retry_after - 100;
}

bool
fault_replaces(struct sim *s, struct call *c, struct reply *out)
{
	if (!replaces(c) || c->fault.store)
		return false;
	replace(s, c, out);
	return true;
}

/* ---- to the answer ------------------------------------------------------- */

void
fault_after(struct sim *s, const struct call *c, struct reply *out)
{
	const bool short_of = fault_is(c, "truncated");

	if (replaces(c)) {
		replace(s, c, out);
	} else if (fault_is(c, "cut_after")) {
		out->cut = true;
	} else if ((short_of || fault_is(c, "half")) && out->json != NULL) {
		out->raw = json_half(out->json, &out->missing);
		if (!short_of)
			out->missing = 0;
	}
}

static void
cursor_again(const struct call *c, json_t *page)
{
	json_t *next = json_object_get(json_object_get(page, "paging"), "next");
	const json_t *asked = json_object_get(c->body, "after");
	char *query = url_param(c->query, "after");

	if (next != NULL && query != NULL)
		json_object_set_new(next, "after", json_string(query));
	else if (next != NULL && asked != NULL)
		json_object_set(next, "after", (json_t *)(uintptr_t)asked);
	free(query);
}

static void
rows_blank(json_t *rows)
{
	size_t i;
	json_t *row, *v;
	const char *name;
	void *tmp;

	json_array_foreach(rows, i, row) {
		json_t *props = json_object_get(row, "properties");
		json_object_foreach_safe(props, tmp, name, v)
			json_object_set_new(props, name, json_null());
	}
}

void
fault_page(const struct call *c, json_t *page)
{
	json_t *rows = json_object_get(page, "results");
	const size_t n = json_array_size(rows);

	if (fault_is(c, "cursor_again"))
		cursor_again(c, page);
	else if (fault_is(c, "next_gone"))
		json_object_del(page, "paging");
	else if (fault_is(c, "total"))
		json_object_set_new(page, "total",
		    json_integer(J(c->fault.value)));
	else if (fault_is(c, "duplicate_row") && n > 0)
		json_array_append(rows, json_array_get(rows, n - 1));
	else if (fault_is(c, "nulls"))
		rows_blank(rows);
	else if (fault_is(c, "results_gone"))
		json_object_del(page, "results");
}
