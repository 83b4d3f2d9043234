#include "plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "clock.h"
#include "simhttpd.h"

struct meeting {
	int person;
	time_t at;
};
struct call {
	int person, day;
};

static struct {
	struct fixture *f;
	const char *dir;
	int people;
	struct meeting meetings[PLAIN_MAX];
	struct call calls[PLAIN_MAX];
	int n_meetings, n_calls;
	int asked[PLAIN_MAX];
	bool refused[PLAIN_MAX];
	struct sim_reply script[1];
	struct simhttpd *sim;
	struct conf_crm crm;
	struct survey_connector survey;
	struct buf said;
	time_t send_at;
	int status, requests;
	char name[32], id[64], email[64];
	const struct connector_env *env;
} it;

static bool
opens(const struct connector_env *env, void **self, struct err *err)
{
	(void)err;
	it.env = env;
	*self = (void *)(uintptr_t)env;
	return true;
}

static void
closes(void *self)
{
	(void)self;
}

static bool
checks(void *self, struct err *err)
{
	(void)self;
	(void)err;
	return true;
}

/* ---- the CRM -------------------------------------------------------------- */
static const char *
person_id(int person)
{
	(void)snprintf(it.id, sizeof(it.id), "k%d", person);
	return it.id;
}

static struct crm_contact
card(int person)
{
	static const char *tags[2];

	tags[0] = it.refused[person] ? it.f->conf.rules.no_send_tag : NULL;
	(void)snprintf(it.name, sizeof(it.name), "house%d", person);
	(void)snprintf(it.email, sizeof(it.email), "k%d@kunde.example",
	    person);
	return (struct crm_contact){ .contact_id = person_id(person),
		.name = { .full = it.id }, .email = it.email,
		.company_id = it.name, .company = it.name, .country = "DK",
		.tags = tags,
		.employed = TRI_YES, .consent = TRI_YES,
		.consent_at = NO_TIME };
}

static bool
stopped(struct err *err)
{
	return err_set(err, ERR_CANCELLED, "stopped");
}

static bool
pull_contacts(void *self, const struct pull *pull, crm_contact_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	(void)self;
	(void)pull;
	for (int i = 0; i < it.people; i++) {
		const struct crm_contact c = card(i);
		if (!emit(arg, &c))
			return stopped(err);
	}
	return checkpoint(arg, NULL, "all") || stopped(err);
}

static bool
load_contacts(void *self, const char *const *ids, size_t n,
    crm_contact_fn *emit, void *arg, struct err *err)
{
	(void)self;
	for (size_t k = 0; k < n; k++)
		for (int i = 0; i < it.people; i++) {
			const struct crm_contact c = card(i);
			if (strcmp(c.contact_id, ids[k]) == 0 && !emit(arg, &c))
				return stopped(err);
		}
	return true;
}

static bool
pull_activities(void *self, const struct pull *pull, crm_activity_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	char id[32];

	(void)self;
	(void)pull;
	for (int i = 0; i < it.n_calls; i++) {
		(void)snprintf(id, sizeof(id), "c%d", i);
		const struct crm_activity a = { .activity_id = id,
			.contact_id = person_id(it.calls[i].person),
			.kind = ACT_PHONE, .day = it.calls[i].day, .done = true };
		if (a.day <= clock_day(FIXTURE_ZONE, clock_now()) &&
		    !emit(arg, &a))
			return stopped(err);
	}
	return checkpoint(arg, NULL, "all") || stopped(err);
}

static bool
pull_events(void *self, const struct pull *pull, crm_event_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	char id[32];

	(void)self;
	(void)pull;
	for (int i = 0; i < it.n_meetings; i++) {
		(void)snprintf(id, sizeof(id), "m%d", i);
		const struct crm_event ev = { .trigger = "meet", .event_id = id,
			.contact_id = person_id(it.meetings[i].person),
			.occurred_at = it.meetings[i].at,
			.transition_at = NO_TIME };
		if (ev.occurred_at <= clock_now() && !emit(arg, &ev))
			return stopped(err);
	}
	return checkpoint(arg, NULL, "all") || stopped(err);
}

#define STREAMS_CAPS (CRM_CAP_EVENTS | CRM_CAP_ACTIVITIES | CRM_CAP_CONTACTS)

static const struct opt no_opts[] = { { .name = NULL } };
static const struct crm_connector crm = {
	.info = { .api = CONNECTOR_API, .name = "plain", .summary = "a list",
	    .opts = no_opts, .caps = STREAMS_CAPS, .whole = STREAMS_CAPS },
	.open = opens, .close = closes, .check = checks,
	.pull_events = pull_events, .pull_activities = pull_activities,
	.pull_contacts = pull_contacts, .load_contacts = load_contacts,
};

/* ---- the service ---------------------------------------------------------- */
static bool
push_request(void *self, const struct respondent *r, struct http_req *req,
    struct err *err)
{
	const struct connector_env *env = self;

	(void)err;
	for (int i = 0; i < it.people; i++)
		if (strcmp(card(i).email, r->email) == 0)
			it.asked[i]++;
	it.requests++;
	it.send_at = r->send_at;
	*req = (struct http_req){ .method = "POST", .body = r->ref,
		.body_len = strlen(r->ref), .url = arena_printf(env->scratch,
		    "%s/push", simhttpd_url(it.sim)) };
	return true;
}

static bool
push_result(void *self, const struct http_res *res, struct push_result *out,
    struct err *err)
{
	(void)self;
	(void)err;
	*out = (struct push_result){ .outcome = res->status != 200
	    ? PUSH_UNKNOWN : it.status == 201 ? PUSH_ACCEPTED : PUSH_AGAIN,
		.retry_after_s = it.status == 201 ? 0 : 7200 };
	(void)snprintf(out->reason, sizeof(out->reason), "HTTP %d", it.status);
	return true;
}

static const struct survey_connector survey = {
	.info = { .api = CONNECTOR_API, .name = "plain", .summary = "yes",
	    .opts = no_opts },
	.open = opens, .close = closes, .check = checks,
	.push_request = push_request, .push_result = push_result,
};

/* ---- the world ------------------------------------------------------------ */
void
plain_open(struct fixture *f, int people, bool keeps_time, const char *dir)
{
	static const struct sim_reply yes = { .status = 200, .repeat = 100000 };

	memset(&it, 0, sizeof(it));
	assert_in_range(people, 1, PLAIN_MAX);
	it.f = f;
	it.dir = dir;
	it.people = people;
	it.status = 201;
	it.script[0] = yes;
	it.sim = simhttpd_start(it.script, 1);
	assert_non_null(it.sim);
	it.survey = survey;
	it.survey.info.caps = keeps_time ? SURVEY_CAP_SCHEDULES : 0;
	it.crm = (struct conf_crm){ .name = "crm", .driver = "plain",
		.connector = &crm };
	f->conf.crm = &it.crm;
	f->conf.n_crm = 1;
	f->conf.survey = (struct conf_survey){ .driver = "plain",
		.connector = &it.survey, .concurrency = 4,
		.http = { .rate_per_second = 1000, .timeout_s = 30,
		    .retries = 1, .backoff_s = 0.1, .backoff_max_s = 1,
		    .allow_http = true, .ca_file = "" } };
	f->conf.tenant = f->tenant.name;
	f->conf.settings = "";
	f->conf.calendar.by_hour = !keeps_time;
	f->conf.preview.at = "14:00";
	f->conf.retention.queue_days = 400;
	f->conf.retention.comment_days = 365;
	f->conf.retention.log_days = 90;
	f->conf.watermark.overlap_s = 900;
	tenant_release(f->db, &f->tenant);
	buf_init(&it.said, 65536);
}

void
plain_close(void)
{
	simhttpd_stop(it.sim);
	buf_free(&it.said);
	it.f->conf.n_crm = 0;
}

void
plain_meeting(int person, time_t at)
{
	assert_in_range(it.n_meetings, 0, PLAIN_MAX - 1);
	it.meetings[it.n_meetings++] = (struct meeting){ person, at };
}

void
plain_call(int person, int day)
{
	assert_in_range(it.n_calls, 0, PLAIN_MAX - 1);
	it.calls[it.n_calls++] = (struct call){ person, day };
}

void
plain_refuse(int person)
{
	assert_in_range(person, 0, it.people - 1);
	it.refused[person] = true;
}

void
plain_status(int status)
{
	it.status = status;
}

static void
say(void *arg, const char *line)
{
	(void)arg;
	(void)buf_printf(&it.said, "%s\n", line);
}

static bool
never(void)
{
	return false;
}

int
plain_run(enum run_kind kind, time_t at)
{
	const struct run_options options = { .kind = kind, .only = RUN_ALL,
		.actor = "test", .say = say, .cancelled = never };
	struct err err = { .kind = ERR_NONE };
	int code = -1;

	clock_set(at);
	buf_reset(&it.said);
	arena_reset(it.f->scratch);
	if (!night_run(it.f->db, &it.f->conf, &it.f->tenant, it.dir, &options,
	    &code, &err) && code == 71)
		fail_msg("%s", err.msg);
	return code;
}

const char *
plain_said(void)
{
	return buf_text(&it.said);
}

int
plain_requests(void)
{
	return it.requests;
}

int
plain_asked(int person)
{
	return it.asked[person];
}

time_t
plain_send_at(void)
{
	return it.send_at;
}
