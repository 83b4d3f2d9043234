#include "connect.h"

#include <stdio.h>
#include <string.h>

#include <unistr.h>

#include "arena.h"
#include "clock.h"
#include "text.h"

#define SCRATCH_BYTES ((size_t)64 << 20)
#define ID_MAX 512

static time_t
now(void *clock)
{
	(void)clock;
	return clock_now();
}

static void
quarantine(void *arg, const char *source, long line, const char *key,
    const char *reason)
{
	link_quarantine(arg, source, line, key, reason);
}

static void
skipped(void *arg)
{
	struct link *link = arg;

	link->n_skipped++;
}

static bool
link_open(struct link *link, const char *name, const void *settings,
    const char *zone, const struct http_settings *http,
    bool (*cancelled)(void), struct err *err)
{
	*link = (struct link){ .name = name };
	link->quarantine_end = &link->quarantine;
	link->scratch = arena_new(SCRATCH_BYTES);
	link->kept = arena_new(SCRATCH_BYTES);
	if (link->scratch == NULL || link->kept == NULL)
		return err_nomem(err);
	if (!http_open(http, cancelled, &link->http, err))
		return false;
	link->env = (struct connector_env){ .instance = name,
		.settings = settings, .timezone = zone, .http = link->http,
		.scratch = link->scratch,
		.now = now, .cancelled = cancelled, .quarantine = quarantine,
		.skipped = skipped, .quarantine_arg = link };
	return true;
}

static void
link_close(struct link *link)
{
	http_close(link->http);
	arena_free(link->scratch);
	arena_free(link->kept);
	*link = (struct link){ 0 };
}

static struct http_settings
http_settings_of(const struct conf_http *conf)
{
	struct http_settings http = http_defaults;

	http.rate_per_second = conf->rate_per_second;
	http.answer_timeout_s = conf->timeout_s;
	http.tries = conf->retries;
	http.backoff_s = conf->backoff_s;
	http.backoff_max_s = conf->backoff_max_s;
	http.ca_file = conf->ca_file;
	http.gzip = conf->gzip;
	http.allow_http = conf->allow_http;
	http.allow_private = conf->allow_private;
	http.safe_status = conf->safe_status.v;
	http.n_safe = conf->safe_status.n;
	return http;
}

bool
crm_open(struct crm *crm, const struct conf_crm *conf, const char *zone,
    bool (*cancelled)(void), struct err *err)
{
	const struct http_settings http = conf->connector->info.http ?
	    http_settings_of(&conf->http) : http_defaults;

	crm->conf = conf;
	crm->connector = conf->connector;
	if (!connector_check_crm(conf->connector, err) ||
	    !link_open(&crm->link, conf->name, conf->settings, zone,
	        &http, cancelled, err))
		return false;
	if (!conf->connector->open(&crm->link.env, &crm->link.self, err))
		return err_wrap(err, "%s", conf->name);
	return true;
}

void
crm_close(struct crm *crm)
{
	if (crm->connector != NULL && crm->link.self != NULL)
		crm->connector->close(crm->link.self);
	link_close(&crm->link);
}

bool
survey_open(struct survey *survey, const struct conf_survey *conf,
    const char *zone, bool (*cancelled)(void), struct err *err)
{
	const struct http_settings http = http_settings_of(&conf->http);

	survey->conf = conf;
	survey->connector = conf->connector;
	if (!connector_check_survey(conf->connector, err) ||
	    !link_open(&survey->link, conf->driver, conf->settings, zone,
	        &http, cancelled, err))
		return false;
	if (!conf->connector->open(&survey->link.env, &survey->link.self, err))
		return err_wrap(err, "%s", conf->driver);
	return true;
}

void
survey_close(struct survey *survey)
{
	if (survey->connector != NULL && survey->link.self != NULL)
		survey->connector->close(survey->link.self);
	link_close(&survey->link);
}

/* ---- bits against pointers --------------------------------------------------- */
#define PROMISE(c, bit, member) { (bit), (c)->member != NULL, #member }
struct promise {
	uint32_t bit;
	bool there;
	const char *member;
};

static bool
check_promises(const struct connector_info *info, const struct promise *p,
    size_t n, struct err *err)
{
	if (info->api != CONNECTOR_API)
		return err_set(err, ERR_BUG, "connector %s: built for border %d, "
		    "not %d", info->name, info->api, CONNECTOR_API);
	for (size_t i = 0; i < n; i++)
		if (((info->caps & p[i].bit) != 0) != p[i].there)
			return err_set(err, ERR_BUG,
			    "connector %s: %s and its capability bit disagree",
			    info->name, p[i].member);
	return true;
}

static bool
tags_are_sound(const struct crm_connector *c)
{
	const bool promised = (c->info.caps & CRM_CAP_TAGS) != 0;
	const bool by_request = c->tags_request != NULL;
	const bool directly = c->put_tags != NULL;

	return promised == (by_request != directly) &&
	    !(by_request && directly) &&
	    by_request == (c->tags_result != NULL) &&
	    (!promised || c->tags_max > 0);
}

bool
connector_check_crm(const struct crm_connector *c, struct err *err)
{
	const struct promise p[] = {
		PROMISE(c, CRM_CAP_EVENTS, pull_events),
		PROMISE(c, CRM_CAP_ACTIVITIES, pull_activities),
		PROMISE(c, CRM_CAP_CONTACTS, pull_contacts),
		PROMISE(c, CRM_CAP_FIND, find_contact),
		PROMISE(c, CRM_CAP_VALUES, list_values),
		PROMISE(c, CRM_CAP_ENSURE_TAGS, ensure_tags),
		PROMISE(c, CRM_CAP_FIELDS, put_fields),
		PROMISE(c, CRM_CAP_ANSWERS, put_answer),
		PROMISE(c, CRM_CAP_FEED, post_feed),
		PROMISE(c, CRM_CAP_TASKS, put_task),
	};

	if (!check_promises(&c->info, p, ARRAY_LEN(p), err))
		return false;
	if (!tags_are_sound(c))
		return err_set(err, ERR_BUG, "connector %s: tags are promised by "
		    "tags_max and exactly one of put_tags and tags_request with "
		    "tags_result", c->info.name);
	if (c->open == NULL || c->close == NULL || c->check == NULL ||
	    c->load_contacts == NULL)
		return err_set(err, ERR_BUG, "connector %s: open, close, check and "
		    "load_contacts are mandatory", c->info.name);
	return true;
}

bool
connector_check_survey(const struct survey_connector *c, struct err *err)
{
	const struct promise p[] = {
		PROMISE(c, SURVEY_CAP_CAMPAIGNS, list_campaigns),
		PROMISE(c, SURVEY_CAP_FIND, find_sent),
		PROMISE(c, SURVEY_CAP_SENT, pull_sent),
		PROMISE(c, SURVEY_CAP_ANSWERS, pull_answers),
		PROMISE(c, SURVEY_CAP_OPTOUTS, pull_optouts),
		PROMISE(c, SURVEY_CAP_DO_NOT_CONTACT, set_do_not_contact),
		PROMISE(c, SURVEY_CAP_ERASE, erase),
	};

	if (!check_promises(&c->info, p, ARRAY_LEN(p), err))
		return false;
	if (c->open == NULL || c->close == NULL || c->check == NULL ||
	    c->push_request == NULL || c->push_result == NULL)
		return err_set(err, ERR_BUG, "connector %s: open, close, check, "
		    "push_request and push_result are mandatory", c->info.name);
	if ((c->confirm_request == NULL) != (c->confirm_result == NULL))
		return err_set(err, ERR_BUG, "connector %s: confirm_request and "
		    "confirm_result come together", c->info.name);
	return true;
}

/* ---- what is emitted ----------------------------------------------------------- */
static bool
is_text(const char *s)
{
	return s == NULL || u8_check((const uint8_t *)s, strlen(s)) == NULL;
}

static bool
is_id(const char *s)
{
	return s != NULL && *s != '\0' && is_text(s) && strlen(s) <= ID_MAX;
}

/* What others look for it by, if it is there: an index takes no more. */
static bool
are_keys(const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i] != NULL && strlen(keys[i]) > ID_MAX)
			return false;
	return true;
}

static bool
is_time(time_t t)
{
	/* 1970 to 9999: what PostgreSQL and people can read back. */
	return t >= 0 && t < (time_t)253402300800;
}

const char *
connect_event_fault(const struct crm_event *ev)
{
	if (!is_id(ev->trigger))
		return "trigger: expected a code";
	if (!is_id(ev->event_id))
		return "event id: expected text of 1 to 512 bytes";
	if (ev->contact_id != NULL && !is_id(ev->contact_id))
		return "contact id: expected text of 1 to 512 bytes";
	if (!is_text(ev->category) || !is_text(ev->stage) ||
	    !is_text(ev->employee_id))
		return "category, stage or employee: expected UTF-8";
	if (!is_time(ev->occurred_at))
		return "time of the event: expected a date from 1970 to 9999";
	if (ev->transition_at != NO_TIME && !is_time(ev->transition_at))
		return "time of the closing: expected a date from 1970 to 9999";
	return NULL;
}

const char *
connect_activity_fault(const struct crm_activity *act)
{
	if (!is_id(act->contact_id) || !is_id(act->activity_id))
		return "activity or contact id: expected text of 1 to 512 bytes";
	if (!day_valid(act->day))
		return "day of the activity: expected a date";
	return NULL;
}

static bool
are_texts(const char *const *list)
{
	for (; list != NULL && *list != NULL; list++)
		if (!is_text(*list))
			return false;
	return true;
}

static bool
are_pairs(const char *const (*pair)[2])
{
	for (; pair != NULL && (*pair)[0] != NULL; pair++)
		if (!is_text((*pair)[0]) || !is_text((*pair)[1]))
			return false;
	return true;
}

const char *
connect_contact_fault(const struct crm_contact *c)
{
	const char *const texts[] = { c->moved_to, c->name.full, c->name.first,
		c->name.last, c->email, c->phone, c->mobile, c->language,
		c->country, c->company_id, c->company, c->relation, c->segment,
		c->department, c->owner_id, c->owner_name, c->owner_email, c->link,
		c->opted_out_by };

	if (!is_id(c->contact_id))
		return "contact id: expected text of 1 to 512 bytes";
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!is_text(texts[i]))
			return "a field of the contact: expected UTF-8";
	if (!are_pairs(c->extra))
		return "a mapped field of the contact: expected UTF-8";
	if (!are_texts(c->tags) || !are_texts(c->company_tags))
		return "a tag: expected UTF-8";
	if (c->consent_at != NO_TIME && !is_time(c->consent_at))
		return "consent date: expected a date from 1970 to 9999";
	return NULL;
}

const char *
connect_answer_fault(const struct survey_answer *a)
{
	const char *const texts[] = { a->ref, a->remote_id, a->contact_id, a->email,
		a->phone, a->campaign_id, a->campaign, a->comment };

	if (!is_id(a->answer_id))
		return "answer id: expected text of 1 to 512 bytes";
	/* All but the comment. */
	if (!are_keys(texts, ARRAY_LEN(texts) - 1))
		return "a field of the answer: expected at most 512 bytes";
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!is_text(texts[i]))
			return "a field of the answer: expected UTF-8";
	if (a->score < -1 || a->score > 10)
		return "score: expected a whole number from 0 to 10";
	if (!is_time(a->answered_at) &&
	    (a->score >= 0 || a->answered_at != NO_TIME))
		return "time of the answer: expected a date from 1970 to 9999";
	if (a->changed_at != NO_TIME && !is_time(a->changed_at))
		return "time of the change: expected a date from 1970 to 9999";
	return NULL;
}

const char *
connect_sent_fault(const struct sent *s)
{
	const char *const texts[] = { s->ref, s->campaign_id, s->email, s->phone,
		s->contact_id };

	if (!is_id(s->remote_id))
		return "respondent id: expected text of 1 to 512 bytes";
	if (!are_keys(texts, ARRAY_LEN(texts)))
		return "a field of the respondent: expected at most 512 bytes";
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!is_text(texts[i]))
			return "a field of the respondent: expected UTF-8";
	if ((s->created_at != NO_TIME && !is_time(s->created_at)) ||
	    (s->mailed_at != NO_TIME && !is_time(s->mailed_at)))
		return "time of the respondent: expected a date from 1970 to 9999";
	return NULL;
}

/* As it is, if it can be an id: others look for it by that.  Anything else would
 * end the statement that stores it: escaped, and cut. */
static const char *
storable(const char *s, struct arena *arena)
{
	char piece[TEXT_PIECE], out[ID_MAX + 1];
	size_t len = 0, took;

	if (is_text(s) && strlen(s) <= ID_MAX)
		return arena_strdup(arena, s);
	while ((took = text_piece(s, piece)) > 0 &&
	    len + strlen(piece) <= ID_MAX) {
		memcpy(out + len, piece, strlen(piece));
		len += strlen(piece);
		s += took;
	}
	return arena_strndup(arena, out, len);
}

static void
keep(struct link *link, struct quarantined *q)
{
	*link->quarantine_end = q;
	link->quarantine_end = &q->next;
}

void
link_quarantine(struct link *link, const char *source, long line,
    const char *key, const char *reason)
{
	struct arena *arena = link->kept;

	if (link->came_up[0] != '\0' && key != NULL && strncmp(link->came_up,
	        key, sizeof(link->came_up) - 1) == 0) {
		link->n_noted++;
		link->came_up[0] = '\0';
	}
	if (link->n_quarantined++ >= QUARANTINE_KEPT_MAX)
		return;
	struct quarantined *q = arena_alloc(arena, sizeof(*q));
	if (q != NULL)
		*q = (struct quarantined){ NULL, storable(source, arena),
			storable(key != NULL ? key : "", arena),
			storable(reason, arena), line };
	if (!arena_failed(arena)) {
		keep(link, q);
	} else if (link->lost.reason == NULL) {
		link->lost = (struct quarantined){ NULL, "", "",
			"no memory for this record and those after it", 0 };
		keep(link, &link->lost);
	}
}

void
link_came_up(struct link *link, const char *key)
{
	(void)snprintf(link->came_up, sizeof(link->came_up), "%s", key);
}

void
link_quarantine_clear(struct link *link)
{
	arena_reset(link->kept);
	link->quarantine = NULL;
	link->quarantine_end = &link->quarantine;
	link->n_quarantined = link->n_noted = link->n_skipped = 0;
	link->came_up[0] = '\0';
	link->lost = (struct quarantined){ 0 };
}
