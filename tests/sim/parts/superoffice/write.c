/*
 * write.c - what a client changes beside PATCH: interests, consent, a new
 * appointment.
 */
#include <stdlib.h>
#include <strings.h>

#include "sim.h"

static bool
ids_good(const struct sim *s, const json_t *ids)
{
	if (!json_is_array(ids))
		return false;
	for (size_t i = 0; i < json_array_size(ids); i++)
		if (!json_is_integer(json_array_get(ids, i)) ||
		    row_find(s, T_INTEREST, json_integer_value(
			json_array_get(ids, i))) == NULL)
			return false;
	return true;
}

static bool
common_id(const json_t *a, const json_t *b)
{
	for (size_t i = 0; i < json_array_size(a); i++)
		if (has_interest(b, json_integer_value(json_array_get(a, i))))
			return true;
	return false;
}

static json_t *
ids_after(struct sim *s, const json_t *now, const json_t *enable,
    const json_t *disable)
{
	json_t *out = json_array();
	const bool others = !mutant_is(s, MUT_OTHERS);
	const bool off = !mutant_is(s, MUT_DISABLE);

	for (size_t i = 0; others && i < json_array_size(now); i++) {
		json_t *id = json_array_get(now, i);
		if (!off || !has_interest(disable, json_integer_value(id)))
			json_array_append(out, id);
	}
	for (size_t i = 0; i < json_array_size(enable); i++) {
		json_t *id = json_array_get(enable, i);
		if (!has_interest(out, json_integer_value(id)) &&
		    !mutant_is(s, MUT_ENABLE))
			json_array_append(out, id);
	}
	return out;
}

/* POST Agents/Person/UpdateInterests */
void
on_interests(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	const json_t *enable = json_object_get(in, "EnableInterestIds");
	const json_t *disable = json_object_get(in, "DisableInterestIds");
	const int64_t id = int_of(in, "PersonId", 0);
	const struct row *row = row_find(s, T_PERSON, id);

	if (s->opt.no_update_interests)
		reply_error(out, 404, "SoNotFoundException",
		    "No such method");
	else if (!row_seen(s, row))
		reply_error(out, 404, "SoNotFoundException",
		    "Person id %lld not found", (long long)id);
	else if (!ids_good(s, enable) || !ids_good(s, disable))
		reply_error(out, 400, "SoArgumentException",
		    "No such interest");
	else if (common_id(enable, disable) && !mutant_is(s, MUT_BOTH_OK))
		reply_error(out, 500, "SoException",
		    "An interest is in both arrays");
	else {
		row_set(s, "api", T_PERSON, id, json_pack("{s:o}", "interests",
		    ids_after(s, json_object_get(row->v, "interests"), enable,
			disable)));
		reply_json(out, 204, NULL);
	}
	json_decref(in);
}

/* ---- consent --------------------------------------------------------------- */
static const struct row *
person_of(struct sim *s, const struct request *r, struct reply *out)
{
	int64_t id;
	const struct row *row = id_read(r->part[0], &id)
	    ? row_find(s, T_PERSON, id) : NULL;

	if (row_seen(s, row))
		return row;
	reply_error(out, 404, "SoNotFoundException", "Person id %s not found",
	    r->part[0]);
	return NULL;
}

/* GET Person/{id}/Consent */
void
on_consents(struct sim *s, struct request *r, struct reply *out)
{
	const struct row *row = person_of(s, r, out);

	if (row == NULL)
		return;
	json_t *all = person_json(s, r, row);
	reply_json(out, 200, json_incref(json_object_get(all, "Consents")));
	json_decref(all);
}

/* GET, PUT, DELETE Person/{id}/Consent/{purpose} */
void
on_consent(struct sim *s, struct request *r, struct reply *out)
{
	const struct row *row = person_of(s, r, out);
	const bool store = strcasecmp(r->part[1], "STORE") == 0;
	const char *base = str_of(r->args, "legalBase");
	const char *key = store ? "legalBaseStore" : "legalBaseEmarketing";

	if (row == NULL)
		return;
	if (!store && strcasecmp(r->part[1], "EMARKETING") != 0) {
		reply_error(out, 404, "SoNotFoundException",
		    "Consent purpose %s not found", r->part[1]);
		return;
	}
	if (strcmp(r->in.method, "GET") != 0)
		row_set(s, "api", T_PERSON, row->id, json_pack("{s:s}", key,
		    strcmp(r->in.method, "DELETE") == 0 ? "WITHDRAWN"
			: base == NULL ? "61A" : base));
	const char *is = str_of(row->v, key);
	reply_json(out, 200, json_pack("{s:s, s:s}", "ConsentPurposeKey",
	    store ? "STORE" : "EMARKETING", "LegalBaseKey",
	    is == NULL ? "" : is));
}

/* ---- appointments ------------------------------------------------------------ */
static int64_t
part_id(const json_t *in, const char *member, const char *key)
{
	return int_of(json_object_get(in, member), key, 0);
}

/* POST Appointment */
void
on_appointment_add(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	const int64_t id = next_id(s, T_APPOINTMENT);
	const int64_t person = part_id(in, "Person", "PersonId");
	const char *text = str_of(in, "Description");
	const char *done = str_of(in, "Completed");
	const bool completed = done != NULL && strcmp(done, "Completed") == 0;

	if (!json_is_object(in) ||
	    (person != 0 && !row_seen(s, row_find(s, T_PERSON, person)))) {
		reply_error(out, 400, "SoArgumentException",
		    "The appointment cannot be saved");
		json_decref(in);
		return;
	}
	json_t *set = json_pack("{s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:I, "
	    "s:s}", "personId", (json_int_t)person, "contactId",
	    (json_int_t)part_id(in, "Contact", "ContactId"), "associateId",
	    (json_int_t)part_id(in, "Associate", "AssociateId"), "type",
	    (json_int_t)part_id(in, "Task", "TaskListItemId"), "completed",
	    completed, "rawStatus", (json_int_t)(completed ? 3 : 1), "rawType",
	    (json_int_t)1, "date", (json_int_t)time_of(in, "StartDate", s->now),
	    "endDate", (json_int_t)time_of(in, "EndDate", s->now), "text",
	    text == NULL ? "" : text);
	if (completed)
		json_object_set_new(set, "completedDate", json_integer(s->now));
	ledger_add(s, json_pack("{s:s, s:s, s:s, s:I, s:o}", "kind", "create",
	    "by", "api", "table", "appointment", "id", (json_int_t)id, "set",
	    set));
	reply_json(out, 200, json_pack("{s:I, s:s}", "AppointmentId",
	    (json_int_t)id, "Description", text == NULL ? "" : text));
	json_decref(in);
}
