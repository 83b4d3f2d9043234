/*
 * Every driver that speaks HTTP, whole, against answers that are the input.
 *
 * The first byte chooses the driver, the second what is asked of it, the third
 * how.  The answers follow, NUL between them, in the order of the requests; one
 * that begins with neither '{' nor '[' has a status by its first byte; where
 * a 302 leads to may follow it.  When they are used up, the service is away, so
 * that all ends.  http_do itself is this file's (the linker's --wrap).
 */
#include "fuzz.h"

#include "connect.h"
#include "options.h"

#define BASE "https://api.example.dk"
/* Words that no masking of numbers would hide; an answer may quote them, they
 * are in the dictionary. */
#define SECRET "s3cr3t-fuzz-key"
#define SECRET_BASIC "dTpzM2NyM3QtZnV6ei1rZXk="	/* of "u:" SECRET */
#define TOKEN "t0k3n-fuzz-word"
static const char *const words[] = { SECRET, SECRET_BASIC, TOKEN };
#define NOW 1795572000	/* 2026-11-25T02:00:00Z */
#define REQUESTS_MORE 50	/* than there are answers */

struct driver {
	const char *name;
	bool survey;
	const char *group;
	/* Requests for a token, answered by itself; NULL = none. */
	const char *door, *token;
	const char *ids[3];
};
static const struct driver drivers[] = {
	{ .name = "salesforce", .group = "login_url = \"" BASE "\"; client_id = \"id\";"
	    " client_secret = \"file:k\"; response_object = \"NPSToday_Response__c\";"
	    " chatter_post = true;",
	    .door = "/services/oauth2/token", .token = "{\"access_token\":\"" TOKEN "\","
	    "\"instance_url\":\"" BASE "\",\"token_type\":\"Bearer\"}",
	    .ids = { "003000000000001AAA", "003000000000002AAA" } },
	{ .name = "dynamics", .group = "base_url = \"" BASE "\"; token_url = \"" BASE
	    "/token\"; client_id = \"app\"; secret = \"file:k\";",
	    .door = "/token", .token = "{\"access_token\":\"" TOKEN "\",\"token_type\":"
	    "\"Bearer\"}", .ids = { "89390c24-9c72-e511-80d4-00155d2a68d1",
		"89390c24-9c72-e511-80d4-00155d2a68d2" } },
	{ .name = "superoffice", .group = "mode = \"onsite\"; base_url = \"" BASE
	    "/site\"; auth = \"basic\"; user = \"u\"; password = \"file:k\"; "
	    "consent_rule = \"withdrawn\";", .ids = { "1", "2" } },
	{ .name = "hubspot", .group = "base_url = \"" BASE "\"; token = \"file:k\";",
	    .ids = { "1", "2" } },
	{ .name = "rest", .group = "profile = \"pipedrive\"; base_url = \"" BASE
	    "\"; user = \"u\"; secret = \"file:k\";", .ids = { "1", "2" } },
	{ .name = "rest", .group = "profile = \"tryton\"; base_url = \"" BASE
	    "/db/\"; user = \"u\"; secret = \"file:k\";", .ids = { "1", "2" } },
	{ .name = "rest", .group = "profile = \"channelcrm\"; base_url = \"" BASE
	    "/api\"; user = \"u\"; secret = \"file:k\";", .ids = { "1", "2" } },
	{ .name = "asknicely", .survey = true, .group = "base_url = \"" BASE
	    "/api/v1\"; api_key = \"file:k\"; campaign = ( { id = \"7\"; } );" },
	{ .name = "npstoday", .survey = true, .group = "base_url = \"" BASE
	    "\"; api_key = \"file:k\"; members = { enabled = true; }; erase = { "
	    "enabled = true; };" },
	{ .name = "rest", .survey = true, .group = "profile = \"example\"; "
	    "base_url = \"" BASE "/\"; user = \"u\"; secret = \"file:k\";" },
};
static const int statuses[] = { 200, 201, 204, 207, 302, 400, 401, 403, 404,
	409, 412, 429, 500, 503 };

struct rig {
	const struct connector_info *info;
	struct crm_connector crm;
	struct survey_connector survey;
	struct arena *own;
	void *settings;
};
static struct rig rigs[ARRAY_LEN(drivers)];
static struct arena *scratch;
static struct http *engine;

/* Of the input that is looked at. */
enum how { HOW_DOOR = 1, HOW_WANTED = 2, HOW_STOP = 4, HOW_RESUME = 8,
	HOW_AGAIN = 16, HOW_FIX = 32, HOW_LOCATION = 64 };
static struct {
	const struct driver *driver;
	struct fuzz_in in;
	unsigned how;
	bool reading;		/* nothing may be written */
	bool stopped;		/* by emitted(), until the call ends */
	bool told[3];		/* of words, but to the door */
	size_t answers, requests, doors;
	int emitted, pauses;
	char resume[4096], watermark[4096];
	char **kept;		/* what was taken of the input, until the end */
	size_t n_kept;
} now;

/* ---- the settings ---------------------------------------------------------- */
static bool
put_secret(void *arg, const char *path, const char **text, struct err *err)
{
	(void)arg;
	(void)path;
	(void)err;
	*text = SECRET;
	return true;
}

static void
rig_find(struct rig *rig, const struct driver *d)
{
	for (size_t i = 0; !d->survey && crm_connectors[i] != NULL; i++)
		if (strcmp(crm_connectors[i]->info.name, d->name) == 0)
			rig->crm = *crm_connectors[i];
	for (size_t i = 0; d->survey && survey_connectors[i] != NULL; i++)
		if (strcmp(survey_connectors[i]->info.name, d->name) == 0)
			rig->survey = *survey_connectors[i];
	rig->info = d->survey ? &rig->survey.info : &rig->crm.info;
	CHECK(rig->info->name != NULL);
}

static void
rig_open(struct rig *rig, const struct driver *d)
{
	struct options_file *file = NULL;
	struct err err;
	char text[2048];

	rig_find(rig, d);
	rig->own = arena_new((size_t)1 << 24);
	rig->settings = calloc(1, rig->info->settings_size);
	CHECK(rig->own != NULL && rig->settings != NULL);
	(void)snprintf(text, sizeof(text), "it = { %s };", d->group);
	CHECK(options_open_text(text, "fuzz.conf", &file, &err));
	if (!options_fill(rig->info->opts, rig->settings,
		options_find(file, "it"), "fuzz.conf", "it", NULL, rig->own,
		&err))
		fuzz_fail(d->name, 0, err.msg);
	options_close(file);
	CHECK(options_each_secret(rig->info->opts, rig->settings, "it",
	    put_secret, NULL, &err));
	if (!d->survey && rig->crm.narrow != NULL)
		rig->crm.narrow(rig->settings, &rig->crm);
	if (d->survey && rig->survey.narrow != NULL)
		rig->survey.narrow(rig->settings, &rig->survey);
}

static void
open_all(void)
{
	struct err err;

	scratch = arena_new((size_t)1 << 25);
	CHECK(scratch != NULL);
	CHECK(http_open(&http_defaults, NULL, &engine, &err));
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
		rig_open(&rigs[i], &drivers[i]);
}

/* ---- the service ------------------------------------------------------------- */
static bool
tells(const char *text)
{
	for (size_t w = 0; text != NULL && w < ARRAY_LEN(words); w++)
		if (strstr(text, words[w]) != NULL)
			return true;
	return false;
}

/* What a request has told, so that an answer may repeat it.  No driver puts a
 * secret into a path: there it was the answer before that had the word. */
static void
note_told(const struct http_req *req)
{
	const char *query = strchr(req->url, '?');

	for (size_t w = 0; w < ARRAY_LEN(words); w++) {
		bool told = (query != NULL && strstr(query, words[w]) != NULL) ||
		    (req->body_len > 0 && memmem(req->body, req->body_len,
		    words[w], strlen(words[w])) != NULL);
		for (size_t i = 0; req->headers != NULL &&
		    req->headers[i][0] != NULL; i++)
			told = told || strstr(req->headers[i][1], words[w]) !=
			    NULL;
		now.told[w] = now.told[w] || told;
	}
}

/* Our words do. */
static bool
repeats(const char *text)
{
	for (size_t w = 0; w < ARRAY_LEN(words); w++)
		if (now.told[w] && strstr(text, words[w]) != NULL)
			return true;
	return false;
}

/* Elsewhere only by a door of the input, or where answers are stored. */
static bool
may_leave(const char *url)
{
	static const char https[] = "https://", store[] = ".amazonaws.com";

	if ((now.how & HOW_DOOR) != 0)
		return true;
	if ((now.how & HOW_LOCATION) == 0 ||
	    strncasecmp(url, https, strlen(https)) != 0)
		return false;
	const char *host = url + strlen(https);
	const size_t len = strcspn(host, "/?#:");
	return len > strlen(store) && strncasecmp(host + len - strlen(store),
	    store, strlen(store)) == 0;
}

/* A request to anybody but the service. */
static void
check_foreign(const struct http_req *req)
{
	CHECK(may_leave(req->url));
	/* A word that is of no use here may stand in what the service says. */
	CHECK(strstr(req->url, SECRET) == NULL && !repeats(req->url));
	for (size_t i = 0; req->headers != NULL &&
	    req->headers[i][0] != NULL; i++)
		CHECK(!tells(req->headers[i][1]));
	CHECK(req->body_len == 0 || (memmem(req->body, req->body_len, SECRET,
	    strlen(SECRET)) == NULL && memmem(req->body, req->body_len, TOKEN,
	    strlen(TOKEN)) == NULL));
}

/* Nobody but the service hears of the key, in one request at a time. */
static void
check_request(const struct http_req *req)
{
	static const char *const writes[] = { "PUT", "PATCH", "DELETE" };

	CHECK(fuzz_is_line(req->method) && fuzz_is_line(req->url));
	CHECK(strpbrk(req->url, " \"\\<>") == NULL);
	if (strncmp(req->url, BASE "/", strlen(BASE) + 1) != 0)
		check_foreign(req);
	for (size_t i = 0; req->headers != NULL &&
	    req->headers[i][0] != NULL; i++)
		CHECK(fuzz_is_line(req->headers[i][0]) &&
		    fuzz_is_line(req->headers[i][1]));
	for (size_t i = 0; now.reading && i < ARRAY_LEN(writes); i++)
		CHECK(strcmp(req->method, writes[i]) != 0);
	CHECK(req->body_len == 0 || req->body != NULL);
}

static bool
is_door(const struct http_req *req)
{
	const struct driver *d = now.driver;

	return d->door != NULL && (now.how & HOW_DOOR) == 0 &&
	    strncmp(req->url, BASE, strlen(BASE)) == 0 &&
	    strncmp(req->url + strlen(BASE), d->door, strlen(d->door)) == 0;
}

/* The next of the input, kept until the end. */
static char *
take(void)
{
	char *text = fuzz_text(&now.in);

	CHECK(now.n_kept < now.answers);
	now.kept[now.n_kept++] = text;
	return text;
}

static void
answer_is(struct http_res *res, const struct http_req *req, long status,
    const char *body)
{
	*res = (struct http_res){ .phase = HTTP_COMPLETE, .status = status,
		.body_sent = true, .tries = 1, .content_type =
		    "application/json", .body = body, .body_len = strlen(body),
		.retry_after_s = -1, .date = NOW, .modified = NO_TIME };
	if ((now.how & HOW_WANTED) == 0)
		return;
	res->etag = "W/\"7\"";
	res->link = "<" BASE "/x?page=2>; rel=\"next\"";
	for (size_t i = 0; req->wanted != NULL && req->wanted[i] != NULL; i++)
		res->wanted[i] = "17";
}

/* False: the service is away. */
static bool
answer_next(const struct http_req *req, struct http_res *res)
{
	long status = 200;

	check_request(req);
	if (is_door(req)) {
		CHECK(++now.doors < now.answers + REQUESTS_MORE);
		answer_is(res, req, 200, now.driver->token);
		return true;
	}
	note_told(req);
	CHECK(++now.requests < now.answers + REQUESTS_MORE);
	*res = (struct http_res){ .phase = HTTP_NOT_SENT, .curl_code = 7,
		.tries = 1, .body = "", .retry_after_s = -1, .date = NO_TIME,
		.modified = NO_TIME };
	if (now.in.left == 0)
		return false;
	char *text = take();
	if (*text != '{' && *text != '[' && *text != '\0')
		status = statuses[(unsigned char)*text++ %
		    ARRAY_LEN(statuses)];
	answer_is(res, req, status, text);
	if ((now.how & HOW_LOCATION) != 0 && status == 302 &&
	    now.in.left > 0)
		res->location = take();
	return true;
}

bool __real_http_do(struct http *http, const struct http_req *req,
    struct arena *arena, struct http_res *res, struct err *err);
bool __wrap_http_do(struct http *http, const struct http_req *req,
    struct arena *arena, struct http_res *res, struct err *err);
bool __wrap_http_pause(struct http *http, long seconds, struct err *err);

bool
__wrap_http_do(struct http *http, const struct http_req *req,
    struct arena *arena, struct http_res *res, struct err *err)
{
	CHECK(http == engine);
	if (!answer_next(req, res))
		return err_set(err, ERR_RETRY, "the service is away");
	if (req->answer_max != 0 && res->body_len > req->answer_max)
		return err_set(err, ERR_PROTOCOL, "the answer is too large");
	/* It belongs to the arena, as the engine's would. */
	res->body = arena_strndup(arena, res->body, res->body_len);
	return res->body != NULL || err_nomem(err);
}

bool
__wrap_http_pause(struct http *http, long seconds, struct err *err)
{
	CHECK(http == engine && seconds >= 0);
	return ++now.pauses < 50 || err_set(err, ERR_CANCELLED, "cancelled");
}

/* ---- what comes out ------------------------------------------------------------ */
static time_t
clock_of(void *clock)
{
	(void)clock;
	return NOW;
}

static bool
never(void)
{
	return false;
}

static void
on_bad(void *arg, const char *source, long line, const char *key,
    const char *reason)
{
	(void)arg;
	CHECK(fuzz_is_line(source) && line >= 0);
	CHECK(fuzz_is_text(key));
	CHECK(*reason != '\0' && fuzz_is_line(reason));
	CHECK(!repeats(reason));
}

/* As the core does: what was lent for a record is gone after it. */
static bool
emitted(const char *fault)
{
	CHECK(fault == NULL || fuzz_is_line(fault));
	CHECK(!now.stopped);
	arena_reset(scratch);
	now.stopped = ++now.emitted >= 3 && (now.how & HOW_STOP) != 0;
	return !now.stopped;
}

static bool
on_event(void *arg, const struct crm_event *ev)
{
	(void)arg;
	return emitted(connect_event_fault(ev));
}

static bool
on_activity(void *arg, const struct crm_activity *act)
{
	(void)arg;
	return emitted(connect_activity_fault(act));
}

static bool
on_contact(void *arg, const struct crm_contact *c)
{
	(void)arg;
	return emitted(connect_contact_fault(c));
}

static bool
on_value(void *arg, const char *id, const char *label, long count)
{
	(void)arg;
	(void)count;
	CHECK(id != NULL && strlen(id) + (label == NULL ? 0 : strlen(label)) <
	    1 << 20);
	return emitted(NULL);
}

static bool
on_thing(void *arg, const char *what, enum setup_state state,
    const char *advice)
{
	(void)arg;
	CHECK(fuzz_is_line(what) && (state == SETUP_OK || state == SETUP_MADE ||
	    (advice != NULL && fuzz_is_line(advice))));
	return emitted(NULL);
}

static bool
on_campaign(void *arg, const char *id, const char *name)
{
	return on_value(arg, id, name, 0);
}

static bool
on_sent(void *arg, const struct sent *s)
{
	(void)arg;
	return emitted(connect_sent_fault(s));
}

static bool
on_answer(void *arg, const struct survey_answer *a)
{
	(void)arg;
	return emitted(connect_answer_fault(a));
}

static bool
on_optout(void *arg, const char *email, const char *phone, time_t at)
{
	(void)arg;
	(void)at;
	CHECK(email != NULL || phone != NULL);
	return emitted(NULL);
}

static bool
on_page(void *arg, const char *resume, const char *watermark)
{
	(void)arg;
	CHECK(fuzz_is_text(resume) && fuzz_is_text(watermark));
	/* Either would pass over what was refused. */
	CHECK(!now.stopped);
	if (resume != NULL)
		(void)snprintf(now.resume, sizeof(now.resume), "%s", resume);
	if (watermark != NULL)
		(void)snprintf(now.watermark, sizeof(now.watermark), "%s",
		    watermark);
	return true;
}

static void
check_end(bool ok, const struct err *err)
{
	const bool stopped = now.stopped;

	now.stopped = false;
	CHECK(!stopped || (!ok && err->kind == ERR_CANCELLED));
	if (ok)
		return;
	if (err->kind == ERR_NONE || err->kind == ERR_BUG ||
	    err->kind == ERR_NOMEM)
		fuzz_fail(now.driver->name, (int)err->kind, err->msg);
	CHECK(*err->msg != '\0' || err->kind == ERR_DONE);
	CHECK(fuzz_is_line(err->msg));
	if (repeats(err->msg))
		fuzz_fail(now.driver->name, 0, err->msg);
}

/* ---- reading ---------------------------------------------------------------------- */
#define PULL(fn, emit) do {                                                  \
	struct err err_ = { .kind = ERR_NONE };                              \
	if ((fn) == NULL)                                                    \
		return;                                                      \
	const bool ok_ = (fn)(self, &pull, emit, on_page, NULL, &err_);      \
	check_end(ok_, &err_);                                               \
} while (0)
#define CALL(fn, ...) do {                                                   \
	struct err err_ = { .kind = ERR_NONE };                              \
	if ((fn) == NULL)                                                    \
		return;                                                      \
	const bool ok_ = (fn)(self, __VA_ARGS__, &err_);                     \
	check_end(ok_, &err_);                                               \
} while (0)

static struct pull
pull_of(const char *resume)
{
	const struct pull pull = { .from = NOW - 864000, .until = NO_TIME,
		.overlap_s = 900, .lag_s = 60, .resume = resume,
		.watermark = *now.watermark != '\0' ? now.watermark : NULL };

	return pull;
}

static void
crm_pull(const struct crm_connector *c, void *self, unsigned what,
    const char *resume)
{
	const struct pull pull = pull_of(resume);

	if (what == 0)
		PULL(c->pull_events, on_event);
	else if (what == 1)
		PULL(c->pull_activities, on_activity);
	else
		PULL(c->pull_contacts, on_contact);
}

static void
crm_read(const struct crm_connector *c, void *self, unsigned what)
{
	const char *const *ids = now.driver->ids;
	struct err err = { .kind = ERR_NONE };

	if (what == 0)
		check_end(c->check(self, &err), &err);
	else if (what == 1)
		CALL(c->load_contacts, ids, 2, on_contact, NULL);
	else if (what == 2)
		CALL(c->find_contact, "anna@kunde.example", on_contact, NULL);
	else
		CALL(c->list_values, (enum value_kind)(now.how % 6), on_value,
		    NULL);
}

/* ---- writing ---------------------------------------------------------------------- */
static void
check_results(const struct put_result *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CHECK(memchr(r[i].remote_id, '\0', sizeof(r[i].remote_id)) !=
		    NULL && memchr(r[i].reason, '\0', sizeof(r[i].reason)) !=
		    NULL);
		CHECK(text_valid(r[i].remote_id) && fuzz_is_line(r[i].reason));
		CHECK(!repeats(r[i].reason));
	}
}

/* The core never hands these on. */
static bool
is_cores(long status)
{
	return status == 401 || status == 408 || status == 425 ||
	    status == 429 || status >= 500;
}

static void
crm_tags(const struct crm_connector *c, void *self)
{
	const struct crm_tag_write w = { .contact_id = now.driver->ids[0],
		.prefix = "NPSToday.M\xc3\xb8" "de.", .value =
		    "NPSToday.M\xc3\xb8" "de.9" };
	struct put_result result = { .outcome = PUT_UNKNOWN };
	struct http_res res[8], *before = NULL;
	struct http_req req;
	struct err err = { .kind = ERR_NONE };

	if (c->tags_request == NULL)
		return;
	if (c->ensure_tags != NULL && !c->ensure_tags(self, NULL, 0, &err)) {
		check_end(false, &err);
		return;
	}
	for (size_t step = 0; step < ARRAY_LEN(res); step++) {
		if (!c->tags_request(self, &w, 1, (int)step, before, &req,
		        &err)) {
			check_end(false, &err);
			break;
		}
		if (!answer_next(&req, &res[step]) ||
		    is_cores(res[step].status))
			return;
		before = &res[step];
	}
	if (before == NULL || err.kind != ERR_DONE)
		return;
	err = (struct err){ .kind = ERR_NONE };
	check_end(c->tags_result(self, before, &result, 1, &err), &err);
	check_results(&result, 1);
}

static void
crm_effect(const struct crm_connector *c, void *self, unsigned what)
{
	static const char *const fields[][2] = { { "answered_at",
		"2026-11-24T10:00:00Z" }, { "score", "9" }, { "type",
		"promoter" }, { "campaign_id", "7" }, { "member_id", "8" },
		{ "wants_contact", "false" }, { NULL, NULL } };
	struct crm_effect e[2] = { { .ref = "npsync-1", .subject = "Salg",
		.text = "Fint", .fields = fields, .day = 20261124 } };
	struct put_result r[2] = { { .outcome = PUT_UNKNOWN },
		{ .outcome = PUT_UNKNOWN } };

	e[0].contact_id = now.driver->ids[0];
	e[1] = e[0];
	e[1].ref = "npsync-2";
	e[1].contact_id = now.driver->ids[1];
	size_t n = c->effects_max > 1 ? 2 : 1;
	if (what >= 2 && c->once_max == 1)
		n = 1;
	if (what == 0)
		CALL(c->put_fields, e, n, r);
	else if (what == 1)
		CALL(c->put_answer, e, n, r);
	else if (what == 2)
		CALL(c->post_feed, e, n, r);
	else
		CALL(c->put_task, e, n, r);
	check_results(r, n);
}

static void
crm_write(const struct crm_connector *c, void *self, unsigned what)
{
	static const char *const tags[] = { "NPSToday.Salg.9",
		"NPSToday.Salg.8" };
	static const struct crm_field fields[] = { { "nps_score",
		FIELD_INTEGER }, { "nps_comment", FIELD_LONG_TEXT } };
	const struct crm_setup wants = { .fix = (now.how & HOW_FIX) != 0,
		.tags = true, .answers = true, .feed = true, .tasks = true,
		.fields = fields, .n_fields = 2, .comment_max = 255 };

	if (what == 0)
		CALL(c->ensure_tags, tags, 2);
	else if (what == 1)
		crm_tags(c, self);
	else if (what == 2)
		CALL(c->setup, &wants, on_thing, NULL);
	else
		crm_effect(c, self, what - 3);
}

/* ---- the survey side ---------------------------------------------------------------- */
static void
survey_pull(const struct survey_connector *s, void *self, unsigned what,
    const char *resume)
{
	const struct pull pull = pull_of(resume);

	if (what == 0)
		PULL(s->pull_sent, on_sent);
	else if (what == 1)
		PULL(s->pull_answers, on_answer);
	else
		PULL(s->pull_optouts, on_optout);
}

static void
survey_push(const struct survey_connector *s, void *self)
{
	const struct respondent anna = { .ref =
	    "0b0f7d9e-0000-4000-8000-000000000001", .campaign_id = "7",
	    .trigger = "sale", .email = "anna@kunde.example", .contact_id =
	    "crm:1", .send_at = NOW + 90000 };
	struct push_result r = { .outcome = PUSH_UNKNOWN };
	struct http_req req;
	struct http_res res;
	struct err err = { .kind = ERR_NONE };

	CHECK(s->push_request(self, &anna, &req, &err));
	if (!answer_next(&req, &res))
		return;
	const long status = res.status;
	check_end(s->push_result(self, &res, &r, &err), &err);
	CHECK(text_valid(r.remote_id) && fuzz_is_line(r.reason));
	CHECK(!repeats(r.reason));
	/* May have arrived: never again. */
	if (status >= 500)
		CHECK(r.outcome != PUSH_AGAIN && r.outcome != PUSH_REJECTED);
	if (r.outcome != PUSH_OPTED_OUT || s->confirm_request == NULL ||
	    !s->confirm_request(self, &anna, &req, &err) ||
	    !answer_next(&req, &res))
		return;
	check_end(s->confirm_result(self, &anna, &res, &r, &err), &err);
	CHECK(!repeats(r.reason));
}

static void
survey_ask(const struct survey_connector *s, void *self, unsigned what)
{
	const struct sent wanted = { .ref =
	    "0b0f7d9e-0000-4000-8000-000000000001", .campaign_id = "7",
	    .email = "anna@kunde.example", .contact_id = "crm:1",
	    .created_at = NOW - 86400, .mailed_at = NO_TIME };
	enum find_answer found = FIND_CANNOT_SAY;
	struct push_result result = { .outcome = PUSH_UNKNOWN };
	struct put_result put = { .outcome = PUT_UNKNOWN };
	struct err err = { .kind = ERR_NONE };

	if (what == 0)
		check_end(s->check(self, &err), &err);
	else if (what == 1)
		CALL(s->list_campaigns, on_campaign, NULL);
	else if (what == 2)
		CALL(s->find_sent, &wanted, 1, &found, &result);
	else if (what == 3)
		survey_push(s, self);
	else if (what == 4)
		CALL(s->set_do_not_contact, "anna@kunde.example", NULL, &put);
	else
		CALL(s->erase, "anna@kunde.example", NULL, &put);
	check_results(&put, 1);
}

/* ---- one input ------------------------------------------------------------------------ */
static void
act(struct rig *rig, void *self, unsigned what, const char *resume)
{
	const bool survey = now.driver->survey;

	now.reading = what < (survey ? 6 : 7);
	if (survey && what < 3)
		survey_pull(&rig->survey, self, what, resume);
	else if (survey)
		survey_ask(&rig->survey, self, (what - 3) % 6);
	else if (what < 3)
		crm_pull(&rig->crm, self, what, resume);
	else if (what < 7)
		crm_read(&rig->crm, self, what - 3);
	else
		crm_write(&rig->crm, self, (what - 7) % 7);
}

static void
run(struct rig *rig, unsigned what)
{
	struct connector_env env = { .instance = "fuzz", .settings =
	    rig->settings, .timezone = "Europe/Copenhagen", .http = engine,
	    .scratch = scratch, .now = clock_of, .cancelled = never,
	    .quarantine = on_bad };
	void *self = NULL;
	struct err err = { .kind = ERR_NONE };
	char *resume = (now.how & HOW_RESUME) != 0 ? fuzz_text(&now.in) : NULL;

	const bool ok = now.driver->survey ? rig->survey.open(&env, &self, &err)
	                                   : rig->crm.open(&env, &self, &err);
	CHECK(ok);
	act(rig, self, what, resume != NULL && text_valid(resume) ? resume
	                                                          : NULL);
	/* The night after, or the rest of the one that broke. */
	if ((now.how & HOW_AGAIN) != 0)
		act(rig, self, what, *now.resume != '\0' ? now.resume : NULL);
	if (now.driver->survey)
		rig->survey.close(self);
	else
		rig->crm.close(self);
	free(resume);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (scratch == NULL)
		open_all();
	memset(&now, 0, sizeof(now));
	now.in = (struct fuzz_in){ data, size };
	const size_t which = fuzz_byte(&now.in) % ARRAY_LEN(drivers);
	const unsigned what = fuzz_byte(&now.in) % 14;
	now.how = fuzz_byte(&now.in);
	now.driver = &drivers[which];
	now.answers = 1;
	for (size_t i = 0; i < now.in.left; i++)
		now.answers += now.in.p[i] == '\0';
	now.kept = calloc(now.answers, sizeof(*now.kept));
	CHECK(now.kept != NULL);
	run(&rigs[which], what);
	while (now.n_kept > 0)
		free(now.kept[--now.n_kept]);
	free(now.kept);
	arena_reset(scratch);
	return 0;
}
