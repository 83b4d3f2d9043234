/*
 * effects.c - fields of cards, answers, posts and tasks: a call for each.  How
 * this can lose or double, and what stops it:
 *  - a post or task whose reply is lost: PUT_UNKNOWN, and nobody sends it again;
 *    only what was proven not to have arrived is put off;
 *  - a post that http.c repeats: a GET or one that is repeatable is refused at
 *    open;
 *  - a 2xx that nobody understands: unknown, not done;
 *  - a 200 that carries an error: the profile's errors are asked first, and one
 *    that no line explains is not done either;
 *  - a 404 for a path that names no contact: the profile is wrong, and no card
 *    is gone;
 *  - fields and answers that are written twice: their requests say the same
 *    again; an answer is found by {ref}, without which the profile is refused;
 *  - a card that we may not write: only that one; the core counts them;
 *  - a CRM that is away: this kind ends for the run, what was not tried stays
 *    wanted.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "common/putting.h"
#include "crm.h"
#include "num.h"
#include "select.h"
#include "uses.h"

#define FORBIDDEN 403

struct effect_fill {
	const struct rest_put *set;
	const struct crm_effect *e;
	json_t *made[4];
	size_t n_made;
};

static void
effect_fill_cleanup(struct effect_fill *f)
{
	for (size_t i = 0; i < f->n_made; i++)
		json_decref(f->made[i]);
}

/* ---- holes ------------------------------------------------------------------ */
static bool
is_number(const struct rest_put *set, const char *field)
{
	for (size_t i = 0; i < set->numbers.n; i++)
		if (strcmp(set->numbers.v[i], field) == 0)
			return true;
	return false;
}

static json_t *
field_json(const struct rest_put *set, const char *field, const char *text)
{
	long long n;
	double real;

	if (text == NULL || *text == '\0')
		return set->empty_as_null ? json_null() : json_string("");
	if (!is_number(set, field))
		return json_string(text);
	if (num_parse(text, INT64_MIN, INT64_MAX, &n))
		return json_integer(n);
	if (num_parse_double(text, -1e15, 1e15, &real))
		return json_real(real);
	return json_string(text);
}

static void
keep(struct effect_fill *f, json_t *node, struct hole_value *out)
{
	if (node == NULL)
		return;
	*out = (struct hole_value){ .type = HOLE_JSON, .json = node };
	if (f->n_made < ARRAY_LEN(f->made))
		f->made[f->n_made++] = node;
}

static void
fields_out(struct effect_fill *f, struct hole_value *out)
{
	const struct crm_effect *e = f->e;
	json_t *all = json_object();

	for (size_t i = 0; all != NULL && e->fields != NULL &&
	     e->fields[i][0] != NULL; i++)
		(void)json_object_set_new(all, e->fields[i][0], field_json(
		    f->set, e->fields[i][0], e->fields[i][1]));
	keep(f, all, out);
}

static void
text_out(const char *text, struct hole_value *out)
{
	*out = (struct hole_value){ .type = HOLE_TEXT, .text = text };
}

/* A field that is emptied has a value: "". */
static bool
field_out(const struct effect_fill *f, const char *name,
    struct hole_value *out)
{
	const struct crm_effect *e = f->e;

	*out = (struct hole_value){ .type = HOLE_NONE };
	for (size_t i = 0; e->fields != NULL && e->fields[i][0] != NULL; i++)
		if (strcmp(e->fields[i][0], name) == 0)
			text_out(e->fields[i][1], out);
	return true;
}

static void
answered_out(const struct effect_fill *f, struct hole_value *out)
{
	time_t at = NO_TIME;

	(void)field_out(f, "answered_at", out);
	if (out->text == NULL || !clock_parse_iso(out->text, "UTC", &at))
		at = NO_TIME;
	*out = (struct hole_value){ .type = HOLE_TIME, .at = at };
}

static bool
hole_of(void *arg, const char *name, struct hole_value *out)
{
	struct effect_fill *f = arg;
	const struct { const char *name, *text; } texts[] = {
		{ "ref", f->e->ref }, { "contact_id", f->e->contact_id },
		{ "employee_id", f->e->employee_id },
		{ "subject", f->e->subject }, { "text", f->e->text } };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strcmp(name, texts[i].name) == 0) {
			text_out(texts[i].text, out);
			return true;
		}
	if (strcmp(name, "day") == 0)
		*out = (struct hole_value){ .type = HOLE_DAY,
			.number = f->e->day };
	else if (strcmp(name, "fields") == 0)
		fields_out(f, out);
	else if (strcmp(name, "answered_at") == 0)
		answered_out(f, out);
	else if (strncmp(name, "field.", 6) == 0)
		return field_out(f, name + 6, out);
	else
		return false;
	return true;
}

/* ---- what became of it --------------------------------------------------------- */
static void
reason_set(struct put_result *r, enum put_outcome outcome, const char *reason)
{
	r->outcome = outcome;
	(void)snprintf(r->reason, sizeof(r->reason), "%.127s", reason);
}

/* False: this kind's part is over. */
static bool
failed(const struct rest_crm *c, const struct rest_put *set,
    const struct http_res *res, const struct err *why,
    struct put_result *result, struct err *err)
{
	char reason[sizeof(why->msg)];
	/* The service's words stand beside the row, not in the error. */
	const char *words = strstr(why->msg, c->rest.words) != NULL ? "" :
	    c->rest.words;

	(void)snprintf(reason, sizeof(reason), "%.300s%s%s", why->msg,
	    words[0] == '\0' ? "" : ": ", words);
	if (why->kind == ERR_GONE &&
	    rest_request_uses(&set->request, "contact_id")) {
		reason_set(result, PUT_GONE, reason);
		return true;
	}
	if (why->kind == ERR_AUTH && res->status == FORBIDDEN) {
		reason_set(result, PUT_DENIED, reason);
		return true;
	}
	if (why->kind == ERR_REJECTED) {
		reason_set(result, why->code == 412 ? PUT_CONFLICT
		    : PUT_REJECTED, reason);
		return true;
	}
	reason_set(result, put_was_not_taken(res, why) ? PUT_AGAIN : PUT_UNKNOWN,
	    reason);
	*err = *why;
	if (why->kind == ERR_GONE)
		err->kind = ERR_PROTOCOL;
	return false;
}

static void
remote_id_take(struct rest_crm *c, const struct rest_put *set,
    const struct json_doc *doc, struct put_result *result)
{
	struct select_match m = { 0 };
	const char *id;

	if (doc != NULL && select_any(&set->remote_id))
		m = select_first(json_root(doc), &set->remote_id);
	id = select_text(&m, c->rest.page);
	if (id != NULL && strlen(id) < sizeof(result->remote_id))
		(void)snprintf(result->remote_id, sizeof(result->remote_id),
		    "%s", id);
}

static bool
put_one(struct rest_crm *c, const struct rest_put *set,
    const struct crm_effect *e, struct put_result *result, struct err *err)
{
	AUTO(effect_fill) struct effect_fill f = { .set = set, .e = e };
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct http_res res = { .phase = HTTP_NOT_SENT, .body = "" };
	struct err why = { .kind = ERR_NONE };

	arena_reset(c->rest.page);
	if (!rest_call(&c->rest, &set->request, hole_of, &f, &res, &doc, &why) ||
	    !rest_is_success(&c->rest, &res, doc == NULL ? NULL : json_root(doc),
	        &why))
		return failed(c, set, &res, &why, result, err);
	result->outcome = PUT_DONE;
	remote_id_take(c, set, doc, result);
	return true;
}

static bool
put_all(struct rest_crm *c, const struct rest_put *set, const char *what,
    const struct crm_effect *e, size_t n, struct put_result *results,
    struct err *err)
{
	if (!rest_request_given(&set->request))
		return err_set(err, ERR_DONE, "profile %s has no %s",
		    c->rest.profile, what);
	for (size_t i = 0; i < n; i++)
		if (!put_one(c, set, &e[i], &results[i], err))
			return false;
	return true;
}

bool
rest_put_fields(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	struct rest_crm *c = self;

	return put_all(c, &c->set->profile.writing.fields, "fields", e, n,
	    results, err);
}

bool
rest_put_answer(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	struct rest_crm *c = self;

	return put_all(c, &c->set->profile.writing.answer, "answer", e, n,
	    results, err);
}

bool
rest_post_feed(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	struct rest_crm *c = self;

	return put_all(c, &c->set->profile.writing.feed, "feed", e, n,
	    results, err);
}

bool
rest_put_task(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	struct rest_crm *c = self;

	return put_all(c, &c->set->profile.writing.task, "task", e, n,
	    results, err);
}
