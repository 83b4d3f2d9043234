/*
 * effects.c - fields, answers, posts and tasks as requests.  How this can lose,
 * double or harm, and what stops it:
 *  - an answer written twice: its row is found by the answer's id (an alternate
 *    key), which stands in the address and never in the body;
 *  - an id that cannot stand in an address: refused, nothing is sent;
 *  - another one's answer overwritten: names and addresses are no keys;
 *  - a value of the wrong type: by the column's definition (values.c);
 *  - a contact made anew: fields go out with If-Match: *; an answer, a post or a
 *    task only points to a contact, and 404 says that there is none;
 *  - a task that is nobody's: without a user of the CRM it is the application's,
 *    as any row that names no owner.
 */
#include <string.h>

#include "clock.h"
#include "common/putting.h"
#include "common/units.h"
#include "writer.h"

#define TASK_HOUR_S 43200	/* noon: the same day for whoever reads it */
#define SUBJECT_MAX 200
#define POST_MAX 1000
#define POST_MANUAL "2"
#define KEY_MAX 100

typedef bool build_fn(struct dynamics *d, const struct crm_effect *e,
    struct put_request *req, struct err *err);

/* ---- names -------------------------------------------------------------- */
static bool
is_name(const char *text)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const size_t len = strlen(text);

	return len > 0 && len <= 128 && strspn(text, chars) == len;
}

const char *
writer_column(const struct dynamics *d, struct arena *arena, const char *name)
{
	return *name == '\0' || strchr(name, '_') != NULL ? name
	    : arena_printf(arena, "%s%s", d->set->column_prefix, name);
}

static bool
check_contact(const struct crm_effect *e, struct err *err)
{
	return (e->contact_id != NULL && dynamics_is_guid(e->contact_id)) ||
	    err_set(err, ERR_REJECTED, "the contact's id is no GUID");
}

/* ---- fields ------------------------------------------------------------- */
static bool
field_add(struct dynamics *d, struct body *b, const char *name,
    const char *value, struct err *err)
{
	const struct column *c;
	const char *json = NULL;

	if (!is_name(name))
		return err_set(err, ERR_CONFIG, "writeback.fields: \"%.60s\" is no "
		    "logical name of a column", name);
	if (!column_find(d, "contact", name, &c, err))
		return err_wrap(err, "writeback.fields (column_types can name "
		    "its type)");
	if (!c->there)
		return err_set(err, ERR_CONFIG, "writeback.fields: there is no "
		    "column %s", name);
	if (c->read_only)
		return err_set(err, ERR_CONFIG, "writeback.fields: column %s "
		    "cannot be written", name);
	if (!value_json(b->arena, c, d->zone, value, &json, err))
		return false;
	body_json(b, name, json);
	return true;
}

static bool
build_fields(struct dynamics *d, const struct crm_effect *e,
    struct put_request *req, struct err *err)
{
	struct arena *scratch = d->api.env.scratch;
	struct body b;
	bool ok = true;

	if (!check_contact(e, err))
		return false;
	body_begin(&b, scratch);
	for (size_t i = 0; ok && e->fields != NULL && e->fields[i][0] != NULL;
	     i++)
		ok = field_add(d, &b, e->fields[i][0], e->fields[i][1], err);
	*req = (struct put_request){ .method = "PATCH", .label = "fields: PATCH",
		.match = "*", .body = body_end(&b),
		.target = arena_printf(scratch, "contacts(%s)", e->contact_id) };
	return ok && ((req->body != NULL && req->target != NULL) ||
	    err_nomem(err));
}

/* ---- answers ------------------------------------------------------------ */
/* Letters that / < > * % & : \ ? + ' are not: the service cannot be asked for
 * a key with one of those, however it is spelt. */
static bool
check_key(const struct dynamics *d, const char *ref, struct err *err)
{
	static const char digits[] = "0123456789", letters[] = "0123456789"
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
	const bool text = d->set->response_key_type == KEY_TEXT;
	const size_t len = ref == NULL ? 0 : strlen(ref);

	if (len > 0 && len <= KEY_MAX &&
	    strspn(ref, text ? letters : digits) == len)
		return true;
	return err_set(err, ERR_REJECTED, "the answer's id cannot be a key: "
	    "expected %s", text ? "letters, digits, '-' and '_'" : "digits "
	    "(response_key_type)");
}

static const char *
field_of(const struct crm_effect *e, const char *name)
{
	for (size_t i = 0; e->fields != NULL && e->fields[i][0] != NULL; i++)
		if (strcmp(e->fields[i][0], name) == 0)
			return e->fields[i][1];
	return NULL;
}

struct answer_value {
	const char *column;	/* of the options; "" = not written */
	const char *value;	/* of the core; NULL, "" = none */
	enum column_type type;
	size_t chars;
};

static bool
answer_add(const struct dynamics *d, struct body *b,
    const struct answer_value *v, struct err *err)
{
	const struct column c = { .name = writer_column(d, b->arena, v->column),
		.type = v->type, .chars = v->chars, .word = "" };
	const char *json = NULL;

	if (*v->column == '\0')
		return true;
	if (c.name == NULL)
		return err_nomem(err);
	if (!value_json(b->arena, &c, d->zone, v->value, &json, err))
		return false;
	body_json(b, c.name, json);
	return true;
}

static bool
answer_body(const struct dynamics *d, const struct crm_effect *e,
    struct body *b, struct err *err)
{
	const struct dynamics_settings *set = d->set;
	const char *score = field_of(e, "score");
	const char *wants = field_of(e, "wants_contact");
	const bool none = score == NULL || strcmp(score, "-") == 0;
	const size_t chars = (size_t)set->response_text_chars;
	const struct answer_value values[] = {
		{ set->response_name, arena_printf(b->arena, "%s%s%s",
		    e->subject != NULL ? e->subject : "", none ? "" : " ",
		    none ? "" : score), COLUMN_TEXT, chars },
		{ set->response_score, none ? "" : score, COLUMN_INTEGER, 0 },
		{ set->response_type, field_of(e, "type"), COLUMN_TEXT, chars },
		{ set->response_campaign, e->subject, COLUMN_TEXT, chars },
		{ set->response_campaign_id, field_of(e, "campaign_id"),
		    COLUMN_TEXT, chars },
		{ set->response_member_id, field_of(e, "member_id"),
		    COLUMN_TEXT, chars },
		{ set->response_comment, e->text, COLUMN_TEXT,
		    (size_t)set->response_comment_chars },
		{ set->response_time, field_of(e, "answered_at"), COLUMN_TIME,
		    0 },
		{ set->response_wants_contact, wants != NULL &&
		    strcmp(wants, "yes") == 0 ? "yes" : "", COLUMN_FLAG, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (!answer_add(d, b, &values[i], err))
			return false;
	return true;
}

static bool
build_answer(struct dynamics *d, const struct crm_effect *e,
    struct put_request *req, struct err *err)
{
	const struct dynamics_settings *set = d->set;
	struct arena *scratch = d->api.env.scratch;
	const char *quote = set->response_key_type == KEY_INTEGER ? "" : "'";
	struct body b;

	if (!check_contact(e, err) || !check_key(d, e->ref, err))
		return false;
	const char *contact = writer_column(d, scratch, set->response_contact);
	const char *key = writer_column(d, scratch, set->response_key);
	if (contact == NULL || key == NULL)
		return err_nomem(err);
	body_begin(&b, scratch);
	const bool ok = answer_body(d, e, &b, err);
	if (*contact != '\0')
		body_bind(&b, contact, "contacts", e->contact_id);
	*req = (struct put_request){ .method = "PATCH", .upsert = true,
		.label = "answer: PATCH", .body = body_end(&b),
		.target = arena_printf(scratch, "%s(%s=%s%s%s)",
		    set->response_table, key, quote, e->ref, quote) };
	return ok && ((req->body != NULL && req->target != NULL) ||
	    err_nomem(err));
}

/* ---- posts and tasks ---------------------------------------------------- */
static bool
build_post(struct dynamics *d, const struct crm_effect *e,
    struct put_request *req, struct err *err)
{
	struct arena *scratch = d->api.env.scratch;
	struct body b;

	if (!check_contact(e, err))
		return false;
	body_begin(&b, scratch);
	body_text(&b, "text", units_cut(scratch, e->text != NULL ? e->text : "",
	    POST_MAX));
	body_json(&b, "source", POST_MANUAL);
	body_bind(&b, d->set->post_regarding, "contacts", e->contact_id);
	*req = (struct put_request){ .method = "POST", .label = "post: POST",
		.once = true, .target = "posts", .body = body_end(&b) };
	return req->body != NULL || err_nomem(err);
}

static bool
build_task(struct dynamics *d, const struct crm_effect *e,
    struct put_request *req, struct err *err)
{
	struct arena *scratch = d->api.env.scratch;
	struct body b;
	char iso[32];

	if (!check_contact(e, err))
		return false;
	body_begin(&b, scratch);
	body_text(&b, "subject", units_cut(scratch, e->subject != NULL
	    ? e->subject : "", SUBJECT_MAX));
	body_text(&b, "description", e->text);
	if (e->day != NO_DAY)
		body_text(&b, "scheduledend", clock_iso(iso,
		    clock_day_start(d->zone, e->day) + TASK_HOUR_S));
	body_bind(&b, d->set->task_regarding, "contacts", e->contact_id);
	if (e->employee_id != NULL && dynamics_is_guid(e->employee_id))
		body_bind(&b, d->set->task_owner, "systemusers",
		    e->employee_id);
	*req = (struct put_request){ .method = "POST", .label = "task: POST",
		.once = true, .target = "tasks", .body = body_end(&b) };
	return req->body != NULL || err_nomem(err);
}

/* ---- all of a kind ------------------------------------------------------ */
static bool
put_all(struct dynamics *d, build_fn *build, const struct crm_effect *e,
    size_t n, struct put_result *results, struct err *err)
{
	struct put_request *reqs = arena_array(d->api.env.scratch, n + 1,
	    sizeof(*reqs));

	if (reqs == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		struct err why = { .kind = ERR_NONE };
		const bool ready = build(d, &e[i], &reqs[i], &why);
		reqs[i].ready = ready;
		if (ready)
			continue;
		if (why.kind != ERR_REJECTED) {
			*err = why;
			return false;
		}
		put_result_set(&results[i], PUT_REJECTED, why.msg, "");
	}
	return n == 0 || sending_all(d, reqs, n, results, err);
}

bool
dynamics_put_fields(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	return put_all(self, build_fields, e, n, results, err);
}

bool
dynamics_put_answer(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	struct dynamics *d = self;

	if (*d->set->response_table == '\0')
		return err_set(err, ERR_DONE, "response_table is empty");
	return put_all(d, build_answer, e, n, results, err);
}

bool
dynamics_post_feed(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	return put_all(self, build_post, e, n, results, err);
}

bool
dynamics_put_task(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	return put_all(self, build_task, e, n, results, err);
}
