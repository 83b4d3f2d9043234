/*
 * Every connector that is compiled in, and every profile of rest, by the same
 * measure: what it promises is there, and whatever the other side answers ends
 * in a whole reading or in one line of error - without a secret, without a
 * write, without end.  Who adds a connector or a profile and no line to the
 * tables here fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "connect.h"
#include "connector.h"
#include "options.h"
#include "simhttpd.h"
#include "text.h"
#include "tmpdir.h"

#define SECRET "s3cr3t-conformance-key"
#define REQUESTS_MAX 40		/* of one reading of a service that is of no use */

#define CARDS 3
static const char *const numbers[CARDS] = { "1", "2", "3" };
static const char *const guids[CARDS] = {
	"89390c24-9c72-e511-80d4-00155d2a68d1",
	"89390c24-9c72-e511-80d4-00155d2a68d2",
	"89390c24-9c72-e511-80d4-00155d2a68d3" };

/* ---- who there is -------------------------------------------------------- */
/* @URL@ = the server, @DIR@ = a folder of ours with the key. */
static const struct candidate {
	const char *driver, *profile, *group;
	/* Requests that begin so are answered with this token, unless the useless
	 * answer is tried on them too. */
	const char *door, *token;
	const char *const *ids;	/* of cards; NULL = 1, 2, 3 */
} crms[] = {
	{ .driver = "files", .group = "dir = \"@DIR@\"; contacts = { file = "
	    "\"c.csv\"; };" },
	{ .driver = "rest", .profile = "channelcrm", .group = "base_url = \"@URL@/api\"; user = \"u\"; secret = "
	    "\"file:@DIR@/key\";" },
	{ .driver = "rest", .profile = "pipedrive", .group = "base_url = \"@URL@/api/v2\"; user = \"u\"; "
	    "secret = \"file:@DIR@/key\";" },
	{ .driver = "rest", .profile = "tryton", .group = "base_url = \"@URL@/db/\"; user = \"u\"; secret = "
	    "\"file:@DIR@/key\";" },
	{ .driver = "dynamics", .group = "base_url = \"@URL@\"; token_url = "
	    "\"@URL@/token\"; client_id = \"app\"; secret = "
	    "\"file:@DIR@/key\";", .door = "POST /token", .token = "{"
	    "\"access_token\":\"T\",\"token_type\":\"Bearer\"}",
	    .ids = guids },
	{ .driver = "salesforce", .group = "login_url = \"@URL@\"; client_id = "
	    "\"id\"; client_secret = \"file:@DIR@/key\";",
	    .door = "POST /services/oauth2/token", .token = "{\"access_token\":"
	    "\"T\",\"instance_url\":\"@URL@\",\"token_type\":\"Bearer\"}" },
	{ .driver = "superoffice", .group = "mode = \"onsite\"; base_url = "
	    "\"@URL@/so\"; auth = \"basic\"; user = \"u\"; password = "
	    "\"file:@DIR@/key\";" },
	{ .driver = "hubspot", .group = "base_url = \"@URL@\"; token = "
	    "\"file:@DIR@/key\";" },
}, surveys[] = {
	{ .driver = "npstoday", .group = "base_url = \"@URL@\"; api_key = "
	    "\"file:@DIR@/key\";" },
	{ .driver = "asknicely", .group = "base_url = \"@URL@\"; api_key = "
	    "\"file:@DIR@/key\"; campaign = ( { id = \"7\"; } );" },
	{ .driver = "rest", .profile = "example", .group = "base_url = \"@URL@/\"; user = \"u\"; secret = "
	    "\"file:@DIR@/key\";" },
};

static bool
is_named(const struct candidate *list, size_t n, const char *driver,
    const char *profile)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].driver, driver) == 0 && (profile == NULL ||
		        (list[i].profile != NULL &&
		            strcmp(list[i].profile, profile) == 0)))
			return true;
	return false;
}

static void
test_nobody_is_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; crm_connectors[i] != NULL; i++)
		if (!is_named(crms, ARRAY_LEN(crms),
		        crm_connectors[i]->info.name, NULL))
			fail_msg("crm %s has no line",
			    crm_connectors[i]->info.name);
	for (size_t i = 0; survey_connectors[i] != NULL; i++)
		if (!is_named(surveys, ARRAY_LEN(surveys),
		        survey_connectors[i]->info.name, NULL))
			fail_msg("survey %s has no line",
			    survey_connectors[i]->info.name);
	for (const struct options_profile *p = options_profiles;
	    p->name != NULL; p++) {
		const bool crm = strcmp(p->folder, "crm.d") == 0;
		if (!is_named(crm ? crms : surveys, crm ? ARRAY_LEN(crms)
		        : ARRAY_LEN(surveys), "rest", p->name))
			fail_msg("profile %s/%s has no line", p->folder,
			    p->name);
	}
}

/* ---- what a table of options must say ------------------------------------- */
static void
check_table(const struct opt *opts, const char *where)
{
	for (const struct opt *o = opts; o->name != NULL; o++) {
		if (*o->name == '\0' || o->help == NULL || *o->help == '\0')
			fail_msg("%s.%s: no help", where, o->name);
		if (o->sub != NULL && o->type != OPT_PROFILE)
			check_table(o->sub, o->name);
		for (const struct opt *other = opts; other < o; other++)
			if (strcmp(other->name, o->name) == 0)
				fail_msg("%s.%s stands there twice", where,
				    o->name);
	}
}

static void
check_info(const struct connector_info *info)
{
	assert_int_equal(info->api, CONNECTOR_API);
	assert_true(text_is_ascii(info->name) && *info->name != '\0');
	assert_true(info->summary != NULL && *info->summary != '\0');
	assert_true(info->settings_size > 0);
	check_table(info->opts, info->name);
}

static void
test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; crm_connectors[i] != NULL; i++)
		check_info(&crm_connectors[i]->info);
	for (size_t i = 0; survey_connectors[i] != NULL; i++)
		check_info(&survey_connectors[i]->info);
}

/* Nothing is tried twice: that is the core's, and tested there. */
#define AT_ONCE "retries = 1; backoff_s = 0.0;"

/* ---- a place to try them --------------------------------------------------- */
struct lab {
	struct arena *arena;
	struct conf *conf;
	struct simhttpd *sim;
	const struct sim_reply *reply;	/* to everything, but */
	const char *door, *token;	/* to requests that begin so */
	const char *written;		/* a method that only writing has */
	long emitted;
};
static struct lab lab;

static void
answer(void *arg, const char *request, const char *body,
    struct sim_reply *reply)
{
	static const char *const writes[] = { "PUT ", "PATCH ", "DELETE " };
	struct lab *l = arg;

	(void)body;
	for (size_t i = 0; i < ARRAY_LEN(writes); i++)
		if (strncmp(request, writes[i], strlen(writes[i])) == 0)
			l->written = writes[i];
	*reply = *l->reply;
	if (l->token != NULL && strncmp(request, l->door,
	        strlen(l->door)) == 0)
		*reply = (struct sim_reply){ .body = l->token };
}

static int
lab_begin(void **state)
{
	static const struct sim_reply nothing = { .body = "{}" };

	if (tmpdir_make(state) != 0)
		return -1;
	(void)tmpdir_write("key", SECRET "\n", 0600);
	(void)tmpdir_write("c.csv", "ID;E-mail\nP1;a@b.example\n", 0600);
	lab.reply = &nothing;
	lab.sim = simhttpd_start_handler(answer, &lab);
	return lab.sim == NULL ? -1 : 0;
}

static int
lab_end(void **state)
{
	simhttpd_stop(lab.sim);
	return tmpdir_remove(state);
}

/* text with what stands for the server and the folder. */
static const char *
placed(const char *text)
{
	AUTO(buf) struct buf out;

	buf_init(&out, 8192);
	while (*text != '\0')
		if (strncmp(text, "@URL@", 5) == 0) {
			(void)buf_str(&out, simhttpd_url(lab.sim));
			text += 5;
		} else if (strncmp(text, "@DIR@", 5) == 0) {
			(void)buf_str(&out, tmpdir);
			text += 5;
		} else {
			(void)buf_char(&out, *text++);
		}
	return arena_strdup(lab.arena, buf_text(&out));
}

static const char *
group_of(const struct candidate *c)
{
	return arena_printf(lab.arena, "driver = \"%s\"; %s%s%s %s", c->driver,
	    c->profile != NULL ? "profile = \"" : "",
	    c->profile != NULL ? c->profile : "",
	    c->profile != NULL ? "\";" : "", c->group);
}

static void
load(const struct candidate *crm, const struct candidate *survey)
{
	struct err err = { .kind = ERR_NONE };

	lab.arena = arena_new((size_t)32 << 20);
	const char *text = placed(arena_printf(lab.arena, "tenant = \"lab\";\n"
	    "rules = { own_domains = [ \"own.example\" ]; };\n"
	    "crm = ( { name = \"lab\"; %s " AT_ONCE " } );\n"
	    "survey = { %s " AT_ONCE " };\n", group_of(crm),
	    group_of(survey)));
	if (!conf_load(tmpdir_write("npsync.conf", text, 0600), lab.arena, &lab.conf, &err) ||
	    !conf_load_secrets(lab.conf, lab.arena, &err))
		fail_msg("%s", err.msg);
}

/* ---- answers that are of no use --------------------------------------------- */
static const struct useless {
	const char *name;
	struct sim_reply reply;
	bool gone;		/* it says that a record is not there */
} useless[] = {
	{ .name = "401", .reply = { .status = 401, .body = "{\"error\":\"" SECRET "\"}" } },
	{ .name = "403", .reply = { .status = 403, .body = "no" } },
	{ .name = "404", .reply = { .status = 404, .body = "{}" }, .gone = true },
	{ .name = "302", .reply = { .status = 302,
	    .headers = "Location: https://elsewhere.example/\r\n" } },
	{ .name = "400", .reply = { .status = 400, .body = "{\"message\":\"" SECRET "\"}" } },
	{ .name = "500", .reply = { .status = 500, .body = "oops " SECRET } },
	{ .name = "503", .reply = { .status = 503, .body = "" } },
	{ .name = "html", .reply = { .headers = "Content-Type: text/html\r\n",
	    .body = "<html>maintenance</html>" } },
	{ .name = "empty", .reply = { .body = "" } },
	{ .name = "null", .reply = { .body = "null" }, .gone = true },
	{ .name = "number", .reply = { .body = "7" } },
	{ .name = "text", .reply = { .body = "\"" SECRET "\"" } },
	{ .name = "list of odd things", .reply = { .body = "[1, null, \"x\", [], {}]" } },
	{ .name = "empty object", .reply = { .body = "{}" }, .gone = true },
	{ .name = "cut", .reply = { .body = "{\"items\": [{\"id\": 1}, {\"id\"" } },
	{ .name = "closed", .reply = { .mode = SIM_CLOSE } },
	{ .name = "cut on the way", .reply = { .body = "{\"items\": []}", .mode = SIM_CUT,
	    .cut = 60 } },
	{ .name = "loop", .reply = { .body = "{\"items\": [], \"next\": \"/again\", "
	    "\"cursor\": \"c\", \"data\": [], \"additional_data\": "
	    "{\"next_cursor\": \"c\"}}" }, .gone = true },
	{ .name = "abroad", .reply = { .body = "{\"items\": [], \"next\": "
	    "\"https://elsewhere.example/p2\"}" }, .gone = true },
};

static void
judge(const char *who, const char *what, const char *call, bool ok,
    const struct err *err, size_t requests)
{
	if (ok)
		return;
	if (err->kind == ERR_NONE || err->msg[0] == '\0')
		fail_msg("%s: %s: %s failed without a word", who, what, call);
	if (err->kind == ERR_BUG || err->kind == ERR_NOMEM)
		fail_msg("%s: %s: %s: %s", who, what, call, err->msg);
	if (strstr(err->msg, SECRET) != NULL)
		fail_msg("%s: %s: %s tells the secret", who, what, call);
	if (strchr(err->msg, '\n') != NULL)
		fail_msg("%s: %s: %s: more than a line", who, what, call);
	if (requests > REQUESTS_MAX)
		fail_msg("%s: %s: %s took %zu requests", who, what, call,
		    requests);
}

static bool
on_event(void *arg, const struct crm_event *ev)
{
	(void)arg;
	(void)ev;
	lab.emitted++;
	return true;
}

static bool
on_card(void *arg, const struct crm_contact *c)
{
	/* Nobody is gone because a service is of no use. */
	if (c->gone)
		(*(long *)arg)++;
	lab.emitted++;
	return true;
}

static bool
on_activity(void *arg, const struct crm_activity *a)
{
	(void)arg;
	(void)a;
	lab.emitted++;
	return true;
}

static bool
on_page(void *arg, const char *resume, const char *watermark)
{
	(void)arg;
	(void)resume;
	(void)watermark;
	return true;
}

static const struct pull pull = { .from = 1764547200, .until = NO_TIME,
	.overlap_s = 900 };

/* A call by name, judged. */
#define TRY(who, what, name, call) do {                                     \
	struct err err = { .kind = ERR_NONE };                              \
	const size_t before = simhttpd_requests(lab.sim);                   \
	const bool ok = (call);                                             \
	judge(who, what, name, ok, &err, simhttpd_requests(lab.sim) - before); \
} while (0)

static void
read_all(struct crm *crm, const char *who, const char *const *ids,
    const struct useless *u)
{
	const char *what = u->name;
	const struct crm_connector *c = crm->connector;
	void *self = crm->link.self;
	long gone = 0;

	TRY(who, what, "check", c->check(self, &err));
	if ((c->info.caps & CRM_CAP_EVENTS) != 0)
		TRY(who, what, "pull_events", c->pull_events(self, &pull,
		    on_event, on_page, NULL, &err));
	if ((c->info.caps & CRM_CAP_ACTIVITIES) != 0)
		TRY(who, what, "pull_activities", c->pull_activities(self,
		    &pull, on_activity, on_page, NULL, &err));
	if ((c->info.caps & CRM_CAP_CONTACTS) != 0)
		TRY(who, what, "pull_contacts", c->pull_contacts(self, &pull,
		    on_card, on_page, &gone, &err));
	if (c->load_contacts != NULL)
		TRY(who, what, "load_contacts", c->load_contacts(self, ids,
		    CARDS, on_card, &gone, &err));
	if (gone > 0 && !u->gone)
		fail_msg("%s: %s: %ld cards are called gone", who, what, gone);
	link_quarantine_clear(&crm->link);
}

static bool
on_sent(void *arg, const struct sent *s)
{
	(void)arg;
	(void)s;
	return true;
}

static bool
on_answer(void *arg, const struct survey_answer *a)
{
	(void)arg;
	(void)a;
	return true;
}

static bool
on_optout(void *arg, const char *email, const char *phone, time_t at)
{
	(void)arg;
	(void)email;
	(void)phone;
	(void)at;
	return true;
}

static bool
on_campaign(void *arg, const char *id, const char *name)
{
	(void)arg;
	(void)id;
	(void)name;
	return true;
}

static void
find(struct survey *survey, const char *who, const char *what)
{
	const struct sent wanted = { .ref =
	    "0b0f7d9e-0000-4000-8000-000000000001", .campaign_id = "7",
	    .email = "anna@kunde.example", .contact_id = "lab:1",
	    .created_at = 1764600000, .mailed_at = NO_TIME };
	enum find_answer found = FIND_CANNOT_SAY;
	struct push_result result = { .outcome = PUSH_UNKNOWN };

	if (survey->connector->find_sent == NULL)
		return;
	TRY(who, what, "find_sent", survey->connector->find_sent(
	    survey->link.self, &wanted, 1, &found, &result, &err));
	if (found != FIND_CANNOT_SAY)
		fail_msg("%s: %s: a send is called %s", who, what,
		    found == FIND_ABSENT ? "absent" : "found");
}

static void
hear_all(struct survey *survey, const char *who, const char *what)
{
	const struct survey_connector *s = survey->connector;
	void *self = survey->link.self;

	TRY(who, what, "check", s->check(self, &err));
	if ((s->info.caps & SURVEY_CAP_CAMPAIGNS) != 0)
		TRY(who, what, "list_campaigns", s->list_campaigns(self,
		    on_campaign, NULL, &err));
	if ((s->info.caps & SURVEY_CAP_SENT) != 0)
		TRY(who, what, "pull_sent", s->pull_sent(self, &pull, on_sent,
		    on_page, NULL, &err));
	if ((s->info.caps & SURVEY_CAP_ANSWERS) != 0)
		TRY(who, what, "pull_answers", s->pull_answers(self, &pull,
		    on_answer, on_page, NULL, &err));
	if ((s->info.caps & SURVEY_CAP_OPTOUTS) != 0)
		TRY(who, what, "pull_optouts", s->pull_optouts(self, &pull,
		    on_optout, on_page, NULL, &err));
	find(survey, who, what);
	link_quarantine_clear(&survey->link);
}

/* ---- sends ------------------------------------------------------------------- */
static const struct respondent anna = {
	.ref = "0b0f7d9e-0000-4000-8000-000000000001", .campaign_id = "7",
	.trigger = "sale", .email = "anna@kunde.example",
	.name = { .full = "Anna \"Q\" S\xc3\xb8rensen" }, .contact_id = "lab:1",
	.language = "da", .country = "DK", .company = "Kunde A/S",
	.send_at = 1764750000 };

/* Pure: twice the same; only a 2xx is a send, only what proves it is repeated. */
static void
push(struct survey *survey, const char *who)
{
	const struct survey_connector *s = survey->connector;
	void *self = survey->link.self;
	struct http_req first, second;
	struct err err = { .kind = ERR_NONE };
	static const char *const bodies[] = { "", "{}", "<html>" };

	if (!s->push_request(self, &anna, &first, &err))
		fail_msg("%s: %s", who, err.msg);
	char *body = arena_strndup(lab.arena, first.body, first.body_len);
	assert_true(s->push_request(self, &anna, &second, &err));
	assert_int_equal(second.body_len, strlen(body));
	assert_memory_equal(second.body, body, second.body_len);
	assert_non_null(strstr(body, anna.ref));
	assert_false(second.repeatable);
	for (int status = 200; status < 600; status++)
		for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
			const struct http_res res = { .phase = HTTP_COMPLETE,
				.status = status, .body = bodies[i],
				.body_len = strlen(bodies[i]),
				.body_sent = true, .tries = 1, .date = NO_TIME,
				.retry_after_s = -1 };
			struct push_result r = { .outcome = PUSH_UNKNOWN };
			if (!s->push_result(self, &res, &r, &err))
				fail_msg("%s: HTTP %d: %s", who, status,
				    err.msg);
			const bool sent = r.outcome == PUSH_ACCEPTED ||
			    r.outcome == PUSH_ACCEPTED_NO_ID;
			if (sent && status / 100 != 2)
				fail_msg("%s: HTTP %d is a send", who, status);
			if (r.outcome == PUSH_AGAIN && status / 100 == 2)
				fail_msg("%s: HTTP %d is sent again", who,
				    status);
			if (r.outcome == PUSH_AGAIN && (status == 500 ||
			        status == 502 || status == 504))
				fail_msg("%s: HTTP %d is sent again, though it "
				    "may have arrived", who, status);
		}
}

/* ---- all of them ---------------------------------------------------------------- */
static void
try_crm(const struct candidate *c, const struct useless *u, bool open_door)
{
	const char *who = c->profile != NULL ? c->profile : c->driver;
	struct crm crm = { 0 };
	struct err err = { .kind = ERR_NONE };

	load(c, &surveys[0]);
	lab.reply = &u->reply;
	lab.written = NULL;
	lab.door = c->door;
	lab.token = open_door ? placed(c->token) : NULL;
	struct conf_crm conf = lab.conf->crm[0];
	conf.http.rate_per_second = 0;
	if (!connector_check_crm(conf.connector, &err) ||
	    !crm_open(&crm, &conf, "Europe/Copenhagen", NULL, &err))
		fail_msg("%s: %s", who, err.msg);
	read_all(&crm, who, c->ids == NULL ? numbers : c->ids, u);
	if (lab.written != NULL)
		fail_msg("%s: a reading sent %s", who, lab.written);
	crm_close(&crm);
	lab.token = NULL;
	arena_free(lab.arena);
}

static void
test_crms(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(crms); i++)
		for (size_t k = 0; k < ARRAY_LEN(useless); k++) {
			try_crm(&crms[i], &useless[k], false);
			if (crms[i].door != NULL)
				try_crm(&crms[i], &useless[k], true);
		}
}

static void
test_surveys(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(surveys); i++) {
		const char *who = surveys[i].profile != NULL
		    ? surveys[i].profile : surveys[i].driver;
		for (size_t k = 0; k < ARRAY_LEN(useless); k++) {
			struct survey survey = { 0 };
			struct err err = { .kind = ERR_NONE };
			load(&crms[0], &surveys[i]);
			lab.reply = &useless[k].reply;
			lab.written = NULL;
			struct conf_survey conf = lab.conf->survey;
			conf.http.rate_per_second = 0;
			if (!connector_check_survey(conf.connector, &err) ||
			    !survey_open(&survey, &conf, "Europe/Copenhagen",
			        NULL, &err))
				fail_msg("%s: %s", who, err.msg);
			hear_all(&survey, who, useless[k].name);
			if (k == 0)
				push(&survey, who);
			if (lab.written != NULL)
				fail_msg("%s: a reading sent %s", who,
				    lab.written);
			survey_close(&survey);
			arena_free(lab.arena);
		}
	}
}

/* ---- a key that is refused -------------------------------------------------- */
/* One kind and one exit code, whoever refuses it and however late. */
static void
assert_refused(const char *who, const char *call, bool ok,
    const struct err *err)
{
	if (ok || err->kind != ERR_AUTH || err_exit_code(err->kind) != 1)
		fail_msg("%s: %s: %s: %s", who, call, ok ? "went well"
		    : err_kind_name(err->kind), ok ? "" : err->msg);
}

static void
refuse_crm(const struct candidate *c, const struct sim_reply *reply,
    bool open_door)
{
	const char *who = c->profile != NULL ? c->profile : c->driver;
	const char *const *ids = c->ids == NULL ? numbers : c->ids;
	struct crm crm = { 0 };
	struct err err = { .kind = ERR_NONE };
	long gone = 0;

	load(c, &surveys[0]);
	lab.reply = reply;
	lab.door = c->door;
	lab.token = open_door ? placed(c->token) : NULL;
	struct conf_crm conf = lab.conf->crm[0];
	conf.http.rate_per_second = 0;
	if (!crm_open(&crm, &conf, "Europe/Copenhagen", NULL, &err))
		fail_msg("%s: %s", who, err.msg);
	/* The second call asks nobody. */
	bool ok = crm.connector->check(crm.link.self, &err);
	assert_refused(who, "check", ok, &err);
	err = (struct err){ .kind = ERR_NONE };
	ok = crm.connector->load_contacts(crm.link.self, ids, 1, on_card, &gone,
	    &err);
	assert_refused(who, "load_contacts", ok, &err);
	crm_close(&crm);
	lab.token = NULL;
	arena_free(lab.arena);
}

static void
refuse_survey(const struct candidate *c, const struct sim_reply *reply)
{
	const char *who = c->profile != NULL ? c->profile : c->driver;
	struct survey survey = { 0 };
	struct err err = { .kind = ERR_NONE };

	load(&crms[0], c);
	lab.reply = reply;
	struct conf_survey conf = lab.conf->survey;
	conf.http.rate_per_second = 0;
	if (!survey_open(&survey, &conf, "Europe/Copenhagen", NULL, &err))
		fail_msg("%s: %s", who, err.msg);
	bool ok = survey.connector->check(survey.link.self, &err);
	assert_refused(who, "check", ok, &err);
	err = (struct err){ .kind = ERR_NONE };
	ok = survey.connector->pull_answers(survey.link.self, &pull, on_answer,
	    on_page, NULL, &err);
	assert_refused(who, "pull_answers", ok, &err);
	survey_close(&survey);
	arena_free(lab.arena);
}

static void
test_a_refused_key(void **state)
{
	static const struct sim_reply refusals[] = {
		{ .status = 401, .body = "" },
		{ .status = 401, .body = "{\"error\":\"invalid_client\"}" } };

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(refusals); k++) {
		for (size_t i = 0; i < ARRAY_LEN(crms); i++) {
			if (strcmp(crms[i].driver, "files") == 0)
				continue;	/* it has none */
			refuse_crm(&crms[i], &refusals[k], false);
			if (crms[i].door != NULL)
				refuse_crm(&crms[i], &refusals[k], true);
		}
		for (size_t i = 0; i < ARRAY_LEN(surveys); i++)
			refuse_survey(&surveys[i], &refusals[k]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_is_left_out),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_crms),
		cmocka_unit_test(test_surveys),
		cmocka_unit_test(test_a_refused_key),
	};

	return cmocka_run_group_tests(tests, lab_begin, lab_end);
}
