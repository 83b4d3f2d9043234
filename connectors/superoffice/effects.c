/*
 * effects.c - user-defined fields of a person, and follow-ups.  How this can
 * lose, double or harm, and what stops it:
 *  - a follow-up whose reply is lost: PUT_UNKNOWN, and nobody sends it again; a
 *    5xx may have made it, too;
 *  - a follow-up that nobody sees: whose it is, is the employee of the answer,
 *    else the one who has the company, else task_associate_id;
 *  - one at the wrong company: the person is read first, and names his own;
 *  - fields written twice say the same again;
 *  - a value that its field does not take: refused here, with the field's name;
 *  - a person taken for gone, as the server has no PATCH: the person is read;
 *  - a CRM that is away: three failures in a row end this kind for the run, what
 *    was not tried stays wanted; one odd person does not.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "common/putting.h"
#include "common/units.h"
#include "patch.h"
#include "writing.h"

#define FAILURES_MAX 3
#define TASK_HOUR_S 43200	/* noon: the same day for whoever reads it */
#define TITLE_MAX 200
#define TEXT_MAX 2000		/* 2047 are significant */

/* ---- what became of one -------------------------------------------------- */
/* False: the answer says nothing of this person alone, and the part is over. */
static bool
failed(struct superoffice *s, const struct api_res *res, bool once,
    const struct err *why, struct put_result *result, struct err *err)
{
	enum put_outcome outcome;

	if (put_is_of_record(&res->http, why, &outcome)) {
		if (res->http.status == 409)
			outcome = PUT_CONFLICT;
		put_result_set(result, outcome, why->msg, "");
		s->writer->failures = 0;
		return true;
	}
	put_result_set(result, put_was_not_taken(&res->http, why) ? PUT_AGAIN
	    : PUT_UNKNOWN, why->msg, "");
	if ((why->kind == ERR_RETRY || why->kind == ERR_PROTOCOL) && !once &&
	    ++s->writer->failures < FAILURES_MAX)
		return true;
	*err = *why;
	return false;
}

/* False: nothing can be, and the result says why. */
static bool
may_send(const struct crm_effect *e, struct put_result *result)
{
	const bool may = so_is_id(e->contact_id);

	put_result_set(result, may ? PUT_AGAIN : PUT_REJECTED, may ? "not sent"
	    : "the contact's id is no number", "");
	return may;
}

/* ERR_GONE: there is no such person. */
static bool
look(struct superoffice *s, const char *contact_id, const char *select,
    struct api_res *res, struct err *err)
{
	const char *target;

	arena_reset(s->page);
	target = so_person_target(s->page, contact_id, select);
	if (target == NULL)
		return err_nomem(err);
	if (so_get(s, s->page, target, "GET Person", res, err))
		return so_is_person(api_root(res), contact_id, err);
	if (err->kind == ERR_GONE && !so_is_own_error(api_root(res)))
		err->kind = ERR_CONFIG;
	return false;
}

/* ---- fields -------------------------------------------------------------- */
static bool
field_add(struct superoffice *s, struct so_patch *patch, const char *key,
    const char *text, struct err *err)
{
	const struct so_field *field;
	const char *value = NULL;

	if (!so_field_find(s, key, &field, err))
		return false;
	if (field == NULL)
		return err_set(err, ERR_CONFIG, "writeback.fields: persons have "
		    "no user-defined field \"%.60s\"", key);
	if (field->read_only)
		return err_set(err, ERR_CONFIG, "writeback.fields: %s cannot be "
		    "written: it is read only", key);
	if (!so_field_value(s->api.env.scratch, field,
	        (enum so_dates)s->set->field_dates, s->zone, text, &value, err))
		return false;
	so_patch_set(patch, field->key, value);
	return true;
}

static bool
fields_body(struct superoffice *s, const struct crm_effect *e,
    const char **body, struct err *err)
{
	struct so_patch patch;
	bool ok = true;

	so_patch_begin(&patch, s->api.env.scratch, s->set->customfield_path);
	for (size_t i = 0; ok && e->fields != NULL && e->fields[i][0] != NULL;
	     i++)
		ok = field_add(s, &patch, e->fields[i][0], e->fields[i][1],
		    err);
	*body = so_patch_end(&patch);
	return ok && (*body != NULL || err_nomem(err));
}

/* 404 and 405 may mean the call: is the person there? */
static bool
blame(struct superoffice *s, const char *contact_id, struct api_res *res,
    struct err *err)
{
	AUTO(api_res) struct api_res person = { 0 };

	if (res->http.status != 404 && res->http.status != 405)
		return false;
	if (!look(s, contact_id, "PersonId", &person, err))
		return false;
	return err_set(err, ERR_CONFIG, "fields: PATCH Person: HTTP %ld: the "
	    "server changes no person by PATCH: turn writeback.fields off",
	    res->http.status);
}

static bool
put_person(struct superoffice *s, const struct crm_effect *e, const char *body,
    struct api_res *res, struct err *err)
{
	arena_reset(s->page);
	const struct api_req from = { .method = "PATCH", .repeatable = true,
		.label = "fields: PATCH Person", .body = body,
		.body_len = strlen(body), .target = so_person_target(s->page,
		    e->contact_id, "PersonId,UpdatedDate") };

	if (from.target == NULL)
		return err_nomem(err);
	return so_do(s, s->page, &from, res, err) ||
	    blame(s, e->contact_id, res, err);
}

static bool
put_fields_one(struct superoffice *s, const struct crm_effect *e,
    struct put_result *result, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct err why = { .kind = ERR_NONE };
	const char *body;

	if (!may_send(e, result))
		return true;
	if (!fields_body(s, e, &body, &why)) {
		if (why.kind == ERR_REJECTED)
			put_result_set(result, PUT_REJECTED, why.msg, "");
		else
			*err = why;
		return why.kind == ERR_REJECTED;
	}
	if (!put_person(s, e, body, &res, &why))
		return failed(s, &res, false, &why, result, err);
	put_result_set(result, PUT_DONE, "", "");
	s->writer->failures = 0;
	return true;
}

bool
so_put_fields(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (!put_fields_one(self, &e[i], &results[i], err))
			return false;
	return true;
}

/* ---- follow-ups ---------------------------------------------------------- */
static bool
text_set(json_t *to, const char *name, const char *text)
{
	return text == NULL || *text == '\0' ||
	    json_object_set_new(to, name, json_string(text)) == 0;
}

/* "name":{"id":ID}; 0 = left out. */
static bool
ref_set(json_t *to, const char *name, const char *id_name, json_int_t id)
{
	json_t *ref;

	if (id <= 0)
		return true;
	ref = json_object();
	const bool ok = ref != NULL &&
	    json_object_set_new(ref, id_name, json_integer(id)) == 0 &&
	    json_object_set(to, name, ref) == 0;
	json_decref(ref);
	return ok;
}

/* 0 = ours. */
static bool
owner_of(struct superoffice *s, const struct crm_effect *e, json_t *person,
    json_int_t *id, struct err *err)
{
	json_t *company = json_object_get(person, "Contact");
	const json_int_t theirs = json_integer_value(json_object_get(company,
	    "AssociateId"));

	*id = 0;
	if (e->employee_id != NULL &&
	    !so_associate_find(s, e->employee_id, id, err))
		return false;
	if (*id == 0)
		*id = theirs > 0 ? theirs : s->set->task_associate_id;
	return true;
}

static bool
time_set(json_t *to, const struct superoffice *s, int day)
{
	char iso[32];

	if (day == NO_DAY)
		return true;
	(void)clock_iso(iso, clock_day_start(s->zone, day) + TASK_HOUR_S);
	return text_set(to, "StartDate", iso) && text_set(to, "EndDate", iso);
}

/* An older server knows no title: the text begins with it. */
static bool
words_set(json_t *to, struct arena *scratch, const struct crm_effect *e)
{
	const char *subject = e->subject != NULL ? e->subject : "";
	const char *more = e->text != NULL ? e->text : "";
	const bool both = *subject != '\0' && *more != '\0';
	const char *text = arena_printf(scratch, "%s%s%s", subject,
	    both ? "\n" : "", more);

	return text != NULL &&
	    text_set(to, "Title", units_cut(scratch, subject, TITLE_MAX)) &&
	    text_set(to, "Description", units_cut(scratch, text, TEXT_MAX));
}

static bool
task_fill(const struct superoffice *s, const struct crm_effect *e,
    json_t *person, json_int_t owner, json_t *to)
{
	json_t *company = json_object_get(person, "Contact");

	return text_set(to, "Type", "inChecklist") &&
	    text_set(to, "Completed", "NotStarted") &&
	    words_set(to, s->api.env.scratch, e) && time_set(to, s, e->day) &&
	    ref_set(to, "Task", "TaskListItemId", s->set->task_type_id) &&
	    ref_set(to, "Person", "PersonId", json_integer_value(
	        json_object_get(person, "PersonId"))) &&
	    ref_set(to, "Contact", "ContactId", json_integer_value(
	        json_object_get(company, "ContactId"))) &&
	    ref_set(to, "Associate", "AssociateId", owner);
}

static bool
task_body(struct superoffice *s, const struct crm_effect *e, json_t *person,
    const char **body, struct err *err)
{
	json_int_t owner;

	if (!owner_of(s, e, person, &owner, err))
		return false;
	json_t *fields = json_object();
	*body = fields != NULL && task_fill(s, e, person, owner, fields)
	    ? json_body(s->api.env.scratch, fields) : NULL;
	json_decref(fields);
	return *body != NULL || err_nomem(err);
}

static bool
made(const struct api_res *res, struct put_result *result, struct err *err)
{
	const json_int_t id = json_integer_value(json_object_get(api_root(res),
	    "AppointmentId"));

	if (id <= 0 || id > INT32_MAX) {
		put_result_set(result, PUT_UNKNOWN, "no id in the answer", "");
		return err_set(err, ERR_PROTOCOL, "task: POST Appointment: HTTP "
		    "%ld: expected AppointmentId", res->http.status);
	}
	put_result_set(result, PUT_DONE, "", "");
	(void)snprintf(result->remote_id, sizeof(result->remote_id), "%lld",
	    (long long)id);
	return true;
}

static bool
send_task(struct superoffice *s, const char *body, struct put_result *result,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct err why = { .kind = ERR_NONE };
	const struct api_req from = { .method = "POST", .target = "/Appointment",
		.label = "task: POST Appointment", .body = body,
		.body_len = strlen(body) };

	arena_reset(s->page);
	if (so_do(s, s->page, &from, &res, &why))
		return made(&res, result, err);
	/* The person was there a moment ago. */
	if (why.kind == ERR_GONE)
		why.kind = ERR_CONFIG;
	return failed(s, &res, true, &why, result, err);
}

static bool
put_task_one(struct superoffice *s, const struct crm_effect *e,
    struct put_result *result, struct err *err)
{
	AUTO(api_res) struct api_res person = { 0 };
	struct err why = { .kind = ERR_NONE };
	const char *body;

	if (!may_send(e, result))
		return true;
	if (!look(s, e->contact_id, "PersonId,Contact", &person, &why)) {
		/* Nothing but a reading left the house. */
		const bool goes_on = failed(s, &person, false, &why, result,
		    err);
		if (result->outcome == PUT_UNKNOWN)
			result->outcome = PUT_AGAIN;
		return goes_on;
	}
	return task_body(s, e, api_root(&person), &body, err) &&
	    send_task(s, body, result, err);
}

bool
so_put_task(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	struct superoffice *s = self;

	if (s->set->task_type_id == 0)
		return err_set(err, ERR_DONE, "task_type_id is 0");
	for (size_t i = 0; i < n; i++)
		put_result_set(&results[i], PUT_AGAIN, "not sent", "");
	for (size_t i = 0; i < n; i++)
		if (!put_task_one(s, &e[i], &results[i], err))
			return false;
	return true;
}
