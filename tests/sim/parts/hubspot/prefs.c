/*
 * prefs.c - communication preferences, the owners of records, and what is left of the day's calls.
 */
#include <stdlib.h>

#include "sim.h"

static const struct record *
subscriber(struct sim *s, const char *email)
{
	return email == NULL ? NULL
	    : record_by_email(&s->kinds[OBJ_CONTACTS], email);
}

static bool
is_true(struct sim *s, const struct record *r, const char *name)
{
	const char *has = r == NULL ? NULL
	    : record_get(&s->kinds[OBJ_CONTACTS], r, name);

	return has != NULL && strcmp(has, "true") == 0;
}

static json_t *
status_json(struct sim *s, const struct record *r, const char *email)
{
	const bool out = is_true(s, r, "hs_email_optout") ||
	    is_true(s, r, "hs_email_optout_4711");

	return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}",
	    "subscriberIdString", email, "channel", "EMAIL", "subscriptionId",
	    4711, "subscriptionName", "Surveys", "status",
	    out ? "UNSUBSCRIBED" : r == NULL ? "NOT_SPECIFIED" : "SUBSCRIBED",
	    "sourceOfStatus", "SUBSCRIPTION_STATUS");
}

/* Nothing in it: not opted out. */
static json_t *
wide_json(struct sim *s, const char *email)
{
	const struct record *r = subscriber(s, email);

	if (!is_true(s, r, "hs_email_optout"))
		return json_array();
	return json_pack("[{s:s, s:s, s:s, s:s}]", "subscriberIdString", email,
	    "channel", "EMAIL", "wideStatusType", "PORTAL_WIDE", "status",
	    "UNSUBSCRIBED");
}

static bool
channel_good(struct sim *s, struct call *c, struct reply *out)
{
	const char *channel = call_param(c, "channel");

	if (channel != NULL && strcmp(channel, "EMAIL") == 0)
		return true;
	violation(s, "channel_missing", c->in.uri);
	reply_error(s, out, 400, "VALIDATION_ERROR", "channel is needed");
	return false;
}

void
on_status(struct sim *s, struct call *c, struct reply *out)
{
	const char *email = c->args[0];

	if (channel_good(s, c, out))
		reply_json(out, 200, json_pack("{s:s, s:[o]}", "status",
		    "COMPLETE", "results",
		    status_json(s, subscriber(s, email), email)));
}

void
on_unsubscribed(struct sim *s, struct call *c, struct reply *out)
{
	if (channel_good(s, c, out))
		reply_json(out, 200, json_pack("{s:s, s:o}", "status",
		    "COMPLETE", "results", wide_json(s, c->args[0])));
}

static void
prefs_batch(struct sim *s, struct call *c, struct reply *out, bool wide)
{
	const json_t *inputs = json_object_get(c->body, "inputs");
	json_t *rows = json_array(), *in;
	size_t i;

	if (!json_is_array(inputs) || json_array_size(inputs) > 100) {
		violation(s, "too_many_inputs", c->path);
		reply_error(s, out, 400, "VALIDATION_ERROR",
		    "inputs: at most 100 addresses");
		json_decref(rows);
		return;
	}
	json_array_foreach((json_t *)(uintptr_t)inputs, i, in) {
		const char *email = json_string_value(in);
		if (email == NULL)
			continue;
		json_t *found = wide ? wide_json(s, email) : json_pack("[o]",
		    status_json(s, subscriber(s, email), email));
		json_array_append_new(rows, json_pack("{s:s, s:o}",
		    "subscriberIdString", email, wide ? "wideStatuses"
						      : "statuses", found));
	}
	reply_batch(s, c, out, rows, NULL);
}

void
on_status_batch(struct sim *s, struct call *c, struct reply *out)
{
	if (channel_good(s, c, out))
		prefs_batch(s, c, out, false);
}

void
on_unsubscribed_batch(struct sim *s, struct call *c, struct reply *out)
{
	if (channel_good(s, c, out))
		prefs_batch(s, c, out, true);
}

void
on_status_v3(struct sim *s, struct call *c, struct reply *out)
{
	const struct record *r = subscriber(s, c->args[0]);

	reply_json(out, 200, json_pack(
	    "{s:s, s:[{s:s, s:s, s:s, s:s}]}", "recipient", c->args[0],
	    "subscriptionStatuses", "id", "4711", "name", "Surveys", "status",
	    is_true(s, r, "hs_email_optout") ||
		    is_true(s, r, "hs_email_optout_4711") ? "NOT_SUBSCRIBED"
							  : "SUBSCRIBED",
	    "sourceOfStatus", "SUBSCRIPTION_STATUS"));
}

/* Two on a page. */
void
on_owners(struct sim *s, struct call *c, struct reply *out)
{
	static const char *const names[][2] = { { "Åse", "Vestergård" },
		{ "Jens", "Holm" }, { "Ida", "Lund" } };
	const char *after = call_param(c, "after");
	json_t *rows = json_array(), *page;
	int64_t from = 0;

	(void)s;
	if (after != NULL && !sim_num(after, &from))
		from = INT32_MAX;
	for (int64_t i = from; i < from + 2 && i < (int64_t)LEN(names); i++)
		json_array_append_new(rows, json_pack(
		    "{s:o, s:o, s:s, s:s, s:I, s:b}", "id",
		    json_sprintf("%d", 778899 + (int)i), "email",
		    json_sprintf("owner%d@seller.example", (int)i),
		    "firstName", names[i][0], "lastName", names[i][1],
		    "userId", J(9000 + i), "archived", 0));
	page = json_pack("{s:o}", "results", rows);
	if (from + 2 < (int64_t)LEN(names))
		json_object_set_new(page, "paging", json_pack("{s:{s:s}}",
		    "next", "after", "2"));
	fault_page(c, page);
	reply_json(out, 200, page);
}

void
on_usage(struct sim *s, struct call *c, struct reply *out)
{
	const int64_t limit = s->opt.daily > 0 ? s->opt.daily : 625000;
	const int64_t midnight = sim_floor_div(s->now, DAY_S) + 1;

	(void)c;
	reply_json(out, 200, json_pack("{s:[{s:s, s:I, s:I, s:s, s:s}]}",
	    "results", "name", "private-apps-api-calls-daily", "usageLimit",
	    J(limit), "currentUsage", J(s->used_today), "fetchStatus",
	    "SUCCESS", "resetsAt", ms_iso(midnight * DAY_MS)));
}
