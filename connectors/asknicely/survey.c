/*
 * survey.c - AskNicely, the vtable: open, check, campaigns.  README.md says
 * what is documented of the service.
 */
#include "asknicely.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "common/hole.h"
#include "text.h"

#define OWN_MAX_BYTES ((size_t)1048576)
#define PAGE_MAX_BYTES ((size_t)67108864)
#define ITEM_MAX_BYTES ((size_t)4194304)

const struct asknicely_campaign *
asknicely_campaign(const struct asknicely_settings *set,
    const char *campaign_id)
{
	const struct asknicely_campaign *list = set->campaign.v;

	for (size_t i = 0; campaign_id != NULL && i < set->campaign.n; i++)
		if (strcmp(list[i].id, campaign_id) == 0)
			return &list[i];
	return NULL;
}

time_t
asknicely_now(const struct asknicely *a)
{
	return a->env->now(a->env->clock);
}

/* ---- what the table of options cannot say ------------------------------ */

static bool
check_campaigns(const struct asknicely_settings *set, struct err *err)
{
	const struct asknicely_campaign *list = set->campaign.v;

	if (set->campaign.n == 0)
		return err_set(err, ERR_CONFIG, "campaign: expected a list of "
		    "campaigns, ( { id = \"Meeting\"; } )");
	for (size_t i = 0; i < set->campaign.n; i++)
		if (list[i].id[0] == '\0' || !text_is_line(list[i].id) ||
		    asknicely_campaign(set, list[i].id) != &list[i])
			return err_set(err, ERR_CONFIG, "campaign: expected an id "
			    "of its own for each, got \"%.40s\"", list[i].id);
	return true;
}

static bool
check_field(const char *key, const char *name, bool may_be_empty,
    struct err *err)
{
	return (may_be_empty && *name == '\0') || asknicely_is_custom_name(name)
	    || err_set(err, ERR_CONFIG, "send.%s: expected a custom field, small "
		"letters, digits and \"_\", that ends in \"_c\", got \"%.40s\"",
		key, name);
}

static bool
check_fields(const struct asknicely_settings *set, struct err *err)
{
	const char *campaign = set->send.campaign_field;
	const char *ref = set->send.ref_field, *at = set->send.at_field;

	if (!check_field("campaign_field", campaign, false, err) ||
	    !check_field("ref_field", ref, false, err) ||
	    !check_field("at_field", at, true, err))
		return false;
	return (strcmp(campaign, ref) != 0 && strcmp(campaign, at) != 0 &&
		strcmp(ref, at) != 0) || err_set(err, ERR_CONFIG, "send: expected "
	    "three different fields for campaign, reference and time");
}

/* The only field that is none of the custom ones, so it may name none that
 * does something else. */
static bool
check_phone_field(const struct asknicely_settings *set, struct err *err)
{
	static const char *const taken[] = { "email", "name", "firstname",
		"lastname", "segment", "delayminutes", "addcontact",
		"triggeremail", "thendeactivate", "obeyrules" };
	const char *name = set->send.phone_field;

	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (strcasecmp(name, taken[i]) == 0)
			name = " ";
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] ==
	    '\0' || err_set(err, ERR_CONFIG, "send.phone_field: expected the name "
		"of the field with the number, got \"%.40s\"",
		set->send.phone_field);
}

/* Some calls of this service change contacts though they are reads by name. */
static bool
check_read(const char *key, const char *path, struct err *err)
{
	static const char *const writes[] = { "/remove", "/deactivate",
		"/trigger", "/contacts/add", "/privacy" };

	for (size_t i = 0; i < ARRAY_LEN(writes); i++)
		if (strcasestr(path, writes[i]) != NULL)
			return err_set(err, ERR_CONFIG, "%s: expected a path that "
			    "only reads, got \"%.60s\"", key, path);
	return path[0] == '/' || err_set(err, ERR_CONFIG, "%s: expected a path "
	    "that begins with \"/\", got \"%.60s\"", key, path);
}

static bool
check_paths(const struct asknicely_settings *set, struct err *err)
{
	const char *pages = set->responses.path;

	if (!check_read("check.path", set->check.path, err) ||
	    !check_read("lookup.path", set->lookup.path, err) ||
	    !check_read("responses.path", pages, err) ||
	    !check_read("unsubscribes.path", set->unsubscribes.path, err))
		return false;
	if (!hole_check(pages, HOLE_URL, asknicely_page_holes, err))
		return err_wrap(err, "responses.path");
	if (!hole_check(set->lookup.path, HOLE_URL, asknicely_person_holes, err))
		return err_wrap(err, "lookup.path");
	if (!hole_uses(pages, "page") || !hole_uses(pages, "since"))
		return err_set(err, ERR_CONFIG,
		    "responses.path: expected {page} and {since} in it");
	return hole_uses(set->lookup.path, "email") || err_set(err, ERR_CONFIG,
	    "lookup.path: expected {email} in it");
}

/* What says something of the key, the path or the moment says nothing of one
 * contact. */
static bool
check_absent(const struct intlist *list, struct err *err)
{
	static const int others[] = { 401, 403, 408, 423, 425, 429 };

	for (size_t i = 0; i < list->n; i++) {
		bool fits = list->v[i] == 200 || list->v[i] >= 400;
		for (size_t k = 0; k < ARRAY_LEN(others); k++)
			fits = fits && list->v[i] != others[k];
		if (!fits)
			return err_set(err, ERR_CONFIG, "lookup.absent_status: "
			    "expected 200 (with a success of false), or 400 to 499 "
			    "without 401, 403, 408, 423, 425 and 429; got %d",
			    (int)list->v[i]);
	}
	return true;
}

/* Nearly none would hold the night up for hours at its first list. */
static bool
check_read_rate(double rate, struct err *err)
{
	return rate == 0 || rate >= 0.01 || err_set(err, ERR_CONFIG,
	    "read_rate_per_second: expected 0 (as usual) or at least 0.01");
}

static bool
check_rest(const struct asknicely_settings *set, struct err *err)
{
	const char *since = set->responses.initial_since;
	const int hours = set->lookup.absent_after_h;
	time_t t;

	if (*since != '\0' && !clock_parse_iso(since, "UTC", &t))
		return err_set(err, ERR_CONFIG, "responses.initial_since: expected "
		    "a time like \"2026-01-01T00:00:00Z\", got \"%.40s\"", since);
	return hours == 0 || hours >= 48 || err_set(err, ERR_CONFIG,
	    "lookup.absent_after_h: expected 0 (never) or at least 48, a day "
	    "for the longest delay and one for the service; got %d", hours);
}

static bool
check_settings(const struct asknicely_settings *set, struct err *err)
{
	return check_campaigns(set, err) && check_fields(set, err) &&
	    check_phone_field(set, err) && check_paths(set, err) &&
	    check_absent(&set->lookup.absent_status, err) &&
	    check_read_rate(set->read_rate_per_second, err) &&
	    check_rest(set, err);
}

/* ---- open and close ------------------------------------------------------ */

/* Content type, key, and what we take; a read begins at the second. */
static const char *const (*
make_headers(struct asknicely *a, const char *type))[2]
{
	const char *(*h)[2] = arena_array(a->own, 4, sizeof(*h));

	if (h == NULL)
		return NULL;
	h[0][0] = "Content-Type";
	h[0][1] = type;
	h[1][0] = a->set->auth.header;
	h[1][1] = a->set->api_key;
	h[2][0] = "Accept";
	h[2][1] = "application/json";
	return (const char *const (*)[2])h;
}

static bool
set_headers(struct asknicely *a, struct err *err)
{
	const char *key = a->set->api_key;

	if (key == NULL || *key == '\0' || !text_is_line(key))
		return err_set(err, ERR_CONFIG, "api_key: expected a key of one "
		    "line, Settings > API in AskNicely");
	a->send_headers = make_headers(a, "application/x-www-form-urlencoded");
	a->json_headers = make_headers(a, "application/json");
	if (a->send_headers == NULL || a->json_headers == NULL)
		return err_nomem(err);
	a->read_headers = a->send_headers + 1;
	return true;
}

static void
asknicely_close(void *self)
{
	struct asknicely *a = self;

	if (a == NULL)
		return;
	arena_free(a->item);
	arena_free(a->page);
	arena_free(a->own);
	free(a);
}

static bool
asknicely_open(const struct connector_env *env, void **self, struct err *err)
{
	struct asknicely *a = calloc(1, sizeof(*a));

	*self = a;
	if (a == NULL)
		return err_nomem(err);
	a->lent = *env;
	a->env = &a->lent;
	a->set = env->settings;
	a->own = arena_new(OWN_MAX_BYTES);
	a->page = arena_new(PAGE_MAX_BYTES);
	a->item = arena_new(ITEM_MAX_BYTES);
	if (a->own == NULL || a->page == NULL || a->item == NULL)
		return err_nomem(err);
	return check_settings(a->set, err) && set_headers(a, err);
}

/* ---- check and campaigns ---------------------------------------------------- */

static bool
asknicely_check(void *self, struct err *err)
{
	struct asknicely *a = self;
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct http_res res;

	arena_reset(a->page);
	return asknicely_read(a, a->set->check.path, &res, &doc, err);
}

/* The service has none: those of the configuration are all there are. */
static bool
asknicely_list_campaigns(void *self, survey_campaign_fn *emit, void *arg,
    struct err *err)
{
	const struct asknicely *a = self;
	const struct asknicely_campaign *list = a->set->campaign.v;

	for (size_t i = 0; i < a->set->campaign.n; i++)
		if (!emit(arg, list[i].id, list[i].alias[0] != '\0'
		    ? list[i].alias : list[i].id))
			return err_set(err, ERR_CANCELLED,
			    "campaigns: stopped");
	return true;
}

/* A delay is none for an SMS: the core waits for send.at then, for all. */
static void
asknicely_narrow(const void *settings, struct survey_connector *copy)
{
	const struct asknicely_settings *set = settings;
	const struct asknicely_campaign *list = set->campaign.v;
	bool keeps = set->send.use_delay;

	for (size_t i = 0; i < set->campaign.n; i++)
		keeps = keeps && list[i].channel != CHANNEL_SMS;
	if (!keeps)
		copy->info.caps &= ~(uint32_t)SURVEY_CAP_SCHEDULES;
	if (!set->send.optout_confirm) {
		copy->confirm_request = NULL;
		copy->confirm_result = NULL;
	}
}

static const char *
asknicely_lacks(const void *settings, size_t i)
{
	const struct asknicely_settings *set = settings;
	const char *lines[2] = { NULL };
	size_t n = 0;

	if (set->lookup.absent_after_h == 0)
		lines[n++] = "lookup.absent_after_h is 0: a send that never "
		    "arrived stays unknown until a person settles it";
	if (set->send.at_field[0] == '\0' || !set->responses.check_ref_time)
		lines[n++] = "nothing tells a late answer to an older survey from "
		    "one to the last: it counts for the last one's campaign";
	return i < n ? lines[i] : NULL;
}

const struct survey_connector asknicely_survey = {
	.info = { .api = CONNECTOR_API, .name = "asknicely",
	    .summary = "AskNicely: send surveys, pull answers and opt-outs",
	    .opts = asknicely_opts,
	    .settings_size = sizeof(struct asknicely_settings),
	    .caps = SURVEY_CAP_SCHEDULES | SURVEY_CAP_CAMPAIGNS |
		SURVEY_CAP_FIND | SURVEY_CAP_ANSWERS | SURVEY_CAP_OPTOUTS |
		SURVEY_CAP_ERASE },
	.open = asknicely_open,
	.close = asknicely_close,
	.check = asknicely_check,
	.narrow = asknicely_narrow,
	.lacks = asknicely_lacks,
	.list_campaigns = asknicely_list_campaigns,
	.push_request = asknicely_push_request,
	.push_result = asknicely_push_result,
	.confirm_request = asknicely_confirm_request,
	.confirm_result = asknicely_confirm_result,
	.find_sent = asknicely_find_sent,
	.pull_answers = asknicely_pull_answers,
	.pull_optouts = asknicely_pull_optouts,
	.erase = asknicely_erase,
};
