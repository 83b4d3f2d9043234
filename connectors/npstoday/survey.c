/*
 * survey.c - NPS.Today, the vtable: open, check, campaigns, answers, opt-outs.
 * API as published in 2023-04 (Power Platform connector) and on
 * docs.nps.today; see README.md for what is confirmed.
 */
#include "npstoday.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "common/fieldmap.h"
#include "common/hole.h"
#include "common/watermark.h"
#include "num.h"
#include "url.h"

#define OWN_MAX_BYTES ((size_t)1048576)
#define PAGE_MAX_BYTES ((size_t)67108864)
#define ITEM_MAX_BYTES ((size_t)4194304)

static const char *const style_names[] = { "raw", "prefix", "basic" };

const char *
npstoday_method(int method)
{
	static const char *const names[] = { [METHOD_GET] = "GET",
		[METHOD_POST] = "POST", [METHOD_PUT] = "PUT" };

	return names[method];
}

const struct campaign_settings *
npstoday_campaign(const struct npstoday_settings *set, const char *campaign_id)
{
	const struct campaign_settings *list = set->campaign.v;
	long long id;

	if (campaign_id == NULL || !num_parse(campaign_id, 1, INT32_MAX, &id))
		return NULL;
	for (size_t i = 0; i < set->campaign.n; i++)
		if (list[i].id == id)
			return &list[i];
	return NULL;
}

/* ---- the key --------------------------------------------------------- */

static const char *
auth_value(const struct npstoday *n)
{
	const struct npstoday_settings *set = n->set;
	const char *pair, *code;

	switch ((enum auth_style)set->auth.style) {
	case AUTH_RAW:
		return set->api_key;
	case AUTH_PREFIX:
		return arena_printf(n->own, "%s%s", set->auth.prefix,
		    set->api_key);
	case AUTH_BASIC:
		pair = arena_printf(n->own, "%s:%s", set->auth.user,
		    set->api_key);
		code = pair == NULL ? NULL :
		    hole_base64(n->own, pair, strlen(pair));
		return code == NULL ? NULL
				    : arena_printf(n->own, "Basic %s", code);
	}
	return NULL;
}

static bool
is_header_text(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static bool
headers_make(struct npstoday *n, struct err *err)
{
	const struct npstoday_settings *set = n->set;
	const char *(*h)[2];

	if (set->api_key == NULL || set->api_key[0] == '\0' ||
	    !is_header_text(set->api_key))
		return err_set(err, ERR_CONFIG, "api_key: expected a key of "
		    "one line, Account > Api Keys in NPS.Today");
	const char *value = auth_value(n);
	h = arena_array(n->own, 4, sizeof(*h));
	if (value == NULL || h == NULL)
		return err_nomem(err);
	h[0][0] = "Content-Type";
	h[0][1] = "application/json";
	h[1][0] = set->auth.header;
	h[1][1] = value;
	h[2][0] = "Accept";
	h[2][1] = "application/json";
	n->send_headers = (const char *const (*)[2])h;
	n->read_headers = n->send_headers + 1;
	return true;
}

/* ---- open and close -------------------------------------------------- */

static bool
pattern_check(const char *key, const char *pattern, struct err *err)
{
	if (strcmp(pattern, "unix") == 0 || fieldmap_pattern_valid(pattern))
		return true;
	return err_set(err, ERR_CONFIG, "%s: expected iso8601z, unix or a "
	    "pattern of %%Y %%m %%d %%H %%I %%M %%S %%p, got \"%.40s\"", key,
	    pattern);
}

static bool
zone_check(const char *key, const char *zone, struct err *err)
{
	return clock_zone_exists(zone) ? true : err_set(err, ERR_CONFIG,
	    "%s: expected a zone like \"UTC\", got \"%.40s\"", key, zone);
}

static bool
since_check(const char *key, const char *text, struct err *err)
{
	time_t t;

	return text[0] == '\0' || clock_parse_iso(text, "UTC", &t) ? true
	    : err_set(err, ERR_CONFIG, "%s: expected a time like "
		"\"2022-09-01T00:00:00Z\", got \"%.40s\"", key, text);
}

static bool
erase_check(const struct npstoday_settings *s, struct err *err)
{
	return strstr(s->erase.path, "{id}") != NULL ? true : err_set(err,
	    ERR_CONFIG, "erase.path: expected a path with {id}, got \"%.40s\"",
	    s->erase.path);
}

/* What the option table cannot say. */
static bool
settings_check(const struct npstoday_settings *s, struct err *err)
{
	return pattern_check("send.send_at.format", s->send.send_at.format,
		   err) &&
	    pattern_check("responses.since_format",
		s->responses.since_format, err) &&
	    pattern_check("members.since_format", s->members.since_format,
		err) &&
	    pattern_check("unsubscribes.since_format",
		s->unsubscribes.since_format, err) &&
	    zone_check("send.send_at.zone", s->send.send_at.zone, err) &&
	    zone_check("responses.zone", s->responses.zone, err) &&
	    zone_check("members.zone", s->members.zone, err) &&
	    zone_check("unsubscribes.zone", s->unsubscribes.zone, err) &&
	    erase_check(s, err) &&
	    since_check("responses.initial_since",
		s->responses.initial_since, err) &&
	    since_check("members.initial_since", s->members.initial_since,
		err) &&
	    since_check("unsubscribes.initial_since",
		s->unsubscribes.initial_since, err);
}

static void
npstoday_close(void *self)
{
	struct npstoday *n = self;

	if (n == NULL)
		return;
	json_free(n->template);
	arena_free(n->item);
	arena_free(n->page);
	arena_free(n->own);
	free(n);
}

static bool
npstoday_open(const struct connector_env *env, void **self, struct err *err)
{
	struct npstoday *n = calloc(1, sizeof(*n));

	*self = n;
	if (n == NULL)
		return err_nomem(err);
	n->lent = *env;
	n->env = &n->lent;
	n->set = env->settings;
	n->own = arena_new(OWN_MAX_BYTES);
	n->page = arena_new(PAGE_MAX_BYTES);
	n->item = arena_new(ITEM_MAX_BYTES);
	if (n->own == NULL || n->page == NULL || n->item == NULL)
		return err_nomem(err);
	return settings_check(n->set, err) && headers_make(n, err) &&
	    npstoday_template_open(n, err);
}

/* ---- campaigns and check --------------------------------------------- */

/* Which forms of the header are left to try, by hand. */
static bool
auth_hint(const struct npstoday *n, struct err *err)
{
	const int style = n->set->auth.style;
	const char *other[2];
	size_t count = 0;

	for (int i = AUTH_RAW; i <= AUTH_BASIC; i++)
		if (i != style)
			other[count++] = style_names[i];
	err_set(err, ERR_AUTH, "GET %s: HTTP 401: the key was refused in the "
	    "form auth.style = \"%s\"; the other forms are \"%s\" and \"%s\"",
	    n->set->campaigns.path, style_names[style], other[0], other[1]);
	err->code = 401;
	return false;
}

static bool
campaigns_get(struct npstoday *n, struct json_doc **doc, json_t **items,
    struct err *err)
{
	const struct strlist pointer = { .v = &n->set->campaigns.items,
		.n = 1 };
	struct http_res res = { .status = 0 };

	arena_reset(n->page);
	if (!npstoday_get(n, n->set->campaigns.method, url_join(n->page,
		n->set->base_url, n->set->campaigns.path), &res, doc, err))
		return res.status == 401 ? auth_hint(n, err) : false;
	*items = fieldmap_items(json_root(*doc), &pointer);
	return *items != NULL ? true : err_set(err, ERR_PROTOCOL,
	    "%s: expected an array at campaigns.items", n->set->campaigns.path);
}

static bool
npstoday_check(void *self, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	json_t *items;

	return campaigns_get(self, &doc, &items, err);
}

static bool
npstoday_list_campaigns(void *self, survey_campaign_fn *emit, void *arg,
    struct err *err)
{
	struct npstoday *n = self;
	AUTO(json_doc) struct json_doc *doc = NULL;
	const struct strlist id_name = { .v = &n->set->campaigns.id, .n = 1 };
	const struct strlist name_name = { .v = &n->set->campaigns.name,
		.n = 1 };
	const struct campaign_settings *known;
	json_t *items, *item;
	size_t i;

	if (!campaigns_get(n, &doc, &items, err))
		return false;
	json_array_foreach (items, i, item) {
		const char *id = fieldmap_text(item, &id_name, n->page);
		const char *name = fieldmap_text(item, &name_name, n->page);
		known = npstoday_campaign(n->set, id);
		if (known != NULL && known->alias[0] != '\0')
			name = known->alias;
		if (arena_failed(n->page))
			return err_nomem(err);
		if (id != NULL && !emit(arg, id, name))
			return err_set(err, ERR_CANCELLED,
			    "campaigns: stopped");
	}
	return true;
}

/* ---- answers --------------------------------------------------------- */

struct answer_sink {
	survey_answer_fn *emit;
	void *arg;
};

static bool
answer_emit(struct npstoday *n, json_t *item, void *arg, struct mapped *m)
{
	const struct answer_sink *sink = arg;
	struct survey_answer a;

	return !npstoday_map_answer(n->set, item, n->item, &a, m) || m->skip ||
	    !watermark_wants(n->reading, m->mark_at) ||
	    sink->emit(sink->arg, &a);
}

static bool
npstoday_pull_answers(void *self, const struct pull *pull,
    survey_answer_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err)
{
	struct npstoday *n = self;
	const struct npstoday_settings *set = n->set;
	const struct feed feed = { .path = set->responses.path,
		.since_param = set->responses.since_param,
		.since_format = set->responses.since_format,
		.zone = set->responses.zone,
		.initial_since = set->responses.initial_since,
		.method = set->responses.method,
		.overlap_h = set->responses.overlap_h,
		.items = &set->responses.items,
		.id = &set->responses.map.id,
		.paging = &set->responses.paging };
	struct answer_sink to = { .emit = emit, .arg = arg };
	const struct feed_sink sink = { .each = answer_emit, .each_arg = &to,
		.checkpoint = checkpoint, .arg = arg };

	if (feed.path[0] == '\0')
		return err_set(err, ERR_DONE, "responses.path is empty");
	return npstoday_feed_read(n, &feed, pull, &sink, err);
}

/* ---- opt-outs -------------------------------------------------------- */

struct optout_sink {
	survey_optout_fn *emit;
	void *arg;
};

static bool
optout_emit(struct npstoday *n, json_t *item, void *arg, struct mapped *m)
{
	const struct optout_sink *sink = arg;
	const struct optout_map *map = &n->set->unsubscribes.map;
	const char *email = fieldmap_text(item, &map->email, n->item);
	const char *phone = fieldmap_text(item, &map->phone, n->item);
	time_t at;

	if (email == NULL && phone == NULL) {
		snprintf(m->reason, sizeof(m->reason),
		    "expected an address or a number");
		return true;
	}
	/* An opt-out counts even when its time cannot be read. */
	if (!fieldmap_time(item, &map->at, n->set->unsubscribes.zone, n->item,
		&at, &m->mark))
		m->mark = NULL;
	m->mark_at = at;
	return !watermark_wants(n->reading, at) ||
	    sink->emit(sink->arg, email, phone, at);
}

static bool
npstoday_pull_optouts(void *self, const struct pull *pull,
    survey_optout_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err)
{
	struct npstoday *n = self;
	const struct npstoday_settings *set = n->set;
	const struct feed feed = { .path = set->unsubscribes.path,
		.since_param = set->unsubscribes.since_param,
		.since_format = set->unsubscribes.since_format,
		.zone = set->unsubscribes.zone,
		.initial_since = set->unsubscribes.initial_since,
		.method = set->unsubscribes.method,
		.overlap_h = set->unsubscribes.overlap_h,
		.items = &set->unsubscribes.items,
		.paging = &set->unsubscribes.paging };
	struct optout_sink to = { .emit = emit, .arg = arg };
	const struct feed_sink sink = { .each = optout_emit, .each_arg = &to,
		.checkpoint = checkpoint, .arg = arg };

	if (feed.path[0] == '\0')
		return err_set(err, ERR_DONE, "unsubscribes.path is empty: "
		    "opt-outs come with the answers only");
	return npstoday_feed_read(n, &feed, pull, &sink, err);
}

/* find_sent and pull_sent promise what members.enabled keeps: without it the
 * one answers FIND_CANNOT_SAY, the other ERR_DONE; pull_optouts likewise
 * without unsubscribes.path, erase without erase.enabled. */
const struct survey_connector npstoday_survey = {
	.info = { .api = CONNECTOR_API, .name = "npstoday",
	    .summary = "NPS.Today: send surveys, pull answers and opt-outs",
	    .opts = npstoday_opts,
	    .settings_size = sizeof(struct npstoday_settings),
	    .caps = SURVEY_CAP_SCHEDULES | SURVEY_CAP_CAMPAIGNS |
		SURVEY_CAP_FIND | SURVEY_CAP_SENT | SURVEY_CAP_ANSWERS |
		SURVEY_CAP_OPTOUTS | SURVEY_CAP_ERASE },
	.open = npstoday_open,
	.close = npstoday_close,
	.check = npstoday_check,
	.list_campaigns = npstoday_list_campaigns,
	.push_request = npstoday_push_request,
	.push_result = npstoday_push_result,
	.find_sent = npstoday_find_sent,
	.pull_sent = npstoday_pull_sent,
	.pull_answers = npstoday_pull_answers,
	.pull_optouts = npstoday_pull_optouts,
	.erase = npstoday_erase,
};
