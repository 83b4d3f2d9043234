/*
 * stage_push_data.c - the pure ends of a push: the person that a claimed row becomes,
 * and what a finished transfer means for the row.
 */
#include "stage_push.h"

#include <stdio.h>

#include <jansson.h>

#include "identity.h"

/* ---- the person -------------------------------------------------------------- */
static const char *const (*extra_pairs(const char *text, struct arena *arena))[2]
{
	if (text == NULL)
		return NULL;
	json_t *object = json_loads(text, 0, NULL);
	const size_t n = json_object_size(object);
	const char *(*pairs)[2] = arena_array(arena, n + 1, sizeof(*pairs));
	const char *key;
	json_t *value;
	size_t i = 0;
	if (pairs != NULL)
		json_object_foreach(object, key, value) {
			pairs[i][0] = arena_strdup(arena, key);
			pairs[i++][1] = arena_strdup(arena, json_string_value(value));
		}
	json_decref(object);
	return (const char *const (*)[2])pairs;
}

void
push_respondent(struct respondent *r, const struct queue_claimed *row,
    const char *phone_prefix, struct arena *arena)
{
	*r = (struct respondent){ .ref = row->client_ref,
		.campaign_id = row->campaign, .trigger = row->trigger,
		.email = row->email,
		.phone = row->mobile == NULL ? NULL
		    : identity_phone(arena, row->mobile, phone_prefix),
		.name = { row->full_name, row->first_name, row->last_name },
		.contact_id = arena_printf(arena, "%s:%s", row->connector,
		    row->contact_id),
		.language = row->language, .country = row->country,
		.company = row->company, .company_id = row->company_id,
		.segment = row->segment, .department = row->department,
		.employee = { row->owner_id != NULL ? row->owner_id
		                                    : row->employee_id,
		    row->owner_name, row->owner_email, row->department },
		.send_at = row->send_at };
	r->extra = extra_pairs(row->extra, arena);
}

/* ---- what an answer means ---------------------------------------------------- */
static void
judge_by_class(const struct http_res *res, struct push_verdict *v)
{
	static const enum push_outcome by_class[] = {
		[HTTP_DONE] = PUSH_ACCEPTED_NO_ID,
		[HTTP_DONE_NO_BODY] = PUSH_ACCEPTED_NO_ID, [HTTP_SAFE] = PUSH_AGAIN,
		[HTTP_PERMANENT] = PUSH_REJECTED, [HTTP_UNKNOWN] = PUSH_UNKNOWN,
		[HTTP_AUTH] = PUSH_STOP, [HTTP_MISCONFIGURED] = PUSH_STOP };
	const enum http_class class = http_classify(res);

	*v = (struct push_verdict){ .outcome = by_class[class],
		.retry_after_s = res->retry_after_s > 0 ? res->retry_after_s : 0 };
	(void)snprintf(v->reason, sizeof(v->reason), "%.90s (%s)",
	    res->problem[0] != '\0' ? res->problem : http_class_name(class),
	    http_phase_name(res->phase));
}

bool
push_judge(const struct survey_connector *connector, void *self,
    const struct http_res *res, struct push_verdict *v, struct err *err)
{
	struct push_result pr = { .outcome = PUSH_UNKNOWN };

	if (res->phase != HTTP_COMPLETE) {
		judge_by_class(res, v);
		return true;
	}
	if (!connector->push_result(self, res, &pr, err))
		return false;
	*v = (struct push_verdict){ .outcome = pr.outcome,
		.retry_after_s = pr.retry_after_s };
	(void)snprintf(v->reason, sizeof(v->reason), "%s", pr.reason);
	(void)snprintf(v->remote_id, sizeof(v->remote_id), "%s", pr.remote_id);
	return true;
}

void
push_judge_confirm(const struct survey_connector *connector, void *self,
    const struct respondent *r, const struct http_res *res,
    struct push_verdict *v)
{
	struct push_result pr = { .outcome = PUSH_UNKNOWN };
	struct err odd;

	*v = (struct push_verdict){ .outcome = PUSH_UNKNOWN,
		.retry_after_s = res->retry_after_s > 0 ? res->retry_after_s : 0,
		.passes = !http_is_misconfigured(res) && (http_is_transient(res) ||
		    res->phase != HTTP_COMPLETE) };
	if (res->phase != HTTP_COMPLETE) {
		(void)snprintf(v->reason, sizeof(v->reason), "%.80s (%s)",
		    res->problem[0] != '\0' ? res->problem : "no answer",
		    http_phase_name(res->phase));
	} else if (!connector->confirm_result(self, r, res, &pr, &odd)) {
		(void)snprintf(v->reason, sizeof(v->reason), "%.127s", odd.msg);
	} else {
		(void)snprintf(v->reason, sizeof(v->reason), "%s", pr.reason);
		if (pr.outcome == PUSH_SUPPRESSED || pr.outcome == PUSH_OPTED_OUT)
			v->outcome = pr.outcome;
	}
}
