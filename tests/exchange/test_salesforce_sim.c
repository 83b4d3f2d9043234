/*
 * The reading side of the salesforce driver against tests/sim/salesforce, which
 * knows nothing of it: each thing that happens is an event once, over nights
 * and through every fault, and nothing else is.
 */
#include <stdlib.h>
#include <time.h>

#include "crmsim.h"
#include "json.h"
#include "salesforce/rig.h"

#define KEYS_MAX 8192
#define EVENING "2026-11-25T20:00:00Z"

static struct lab {
	struct rig rig;		/* without its server */
	struct crmsim *sim;
	char *keys[KEYS_MAX];	/* "meet 00U...": what the core would know */
	size_t n, again, contacts, gone;
	char contact[32], watermark[1024], resume[4096];
	time_t now;
} lab;

static void
go_to(const char *when)
{
	if (!clock_parse_iso(when, "UTC", &lab.now))
		fail_msg("%s", when);
	(void)crmsim_ask(lab.sim, "now", "{'now': '%s'}", when);
}

/* ---- what the core would do ----------------------------------------------------- */
static bool
on_event(void *arg, const struct crm_event *ev)
{
	char key[128];

	(void)arg;
	(void)snprintf(key, sizeof(key), "%s %s", ev->trigger, ev->event_id);
	arena_reset(lab.rig.scratch);
	for (size_t i = 0; i < lab.n; i++)
		if (strcmp(lab.keys[i], key) == 0) {
			lab.again++;
			return true;
		}
	assert_true(lab.n < KEYS_MAX);
	lab.keys[lab.n++] = arena_strdup(lab.rig.arena, key);
	return true;
}

static bool
on_contact(void *arg, const struct crm_contact *c)
{
	(void)arg;
	lab.contacts++;
	lab.gone += c->gone;
	if (!c->gone && lab.contact[0] == '\0')
		(void)snprintf(lab.contact, sizeof(lab.contact), "%s",
		    c->contact_id);
	arena_reset(lab.rig.scratch);
	return true;
}

static bool
on_checkpoint(void *arg, const char *resume, const char *watermark)
{
	(void)arg;
	(void)snprintf(lab.resume, sizeof(lab.resume), "%s",
	    resume == NULL ? "" : resume);
	if (watermark != NULL)
		(void)snprintf(lab.watermark, sizeof(lab.watermark), "%s",
		    watermark);
	return true;
}

/* A connector of its own for each night; how many keys are new. */
static bool
night(long *new, struct err *err)
{
	struct connector_env *env = &lab.rig.env;
	const size_t before = lab.n;
	struct pull pull = { .until = lab.now, .overlap_s = 900, .lag_s = 60,
		.watermark = lab.watermark[0] == '\0' ? NULL : lab.watermark,
		.resume = lab.resume[0] == '\0' ? NULL : lab.resume };
	char mark[1024], place[4096];
	void *self = NULL;

	(void)snprintf(mark, sizeof(mark), "%s", lab.watermark);
	(void)snprintf(place, sizeof(place), "%s", lab.resume);
	if (pull.watermark != NULL)
		pull.watermark = mark;
	if (pull.resume != NULL)
		pull.resume = place;
	lab.again = 0;
	if (!salesforce_crm.open(env, &self, err))
		fail_msg("%s", err->msg);
	const bool ok = salesforce_crm.pull_events(self, &pull, on_event,
	    on_checkpoint, NULL, err);
	salesforce_crm.close(self);
	*new = (long)(lab.n - before);
	return ok;
}

static long
good_night(void)
{
	struct err err = { .kind = ERR_NONE };
	long new;

	if (!night(&new, &err))
		fail_msg("%s", err.msg);
	return new;
}

static void
bad_night(enum err_kind kind, const char *words)
{
	struct err err = { .kind = ERR_NONE };
	char mark[1024];
	long new;

	(void)snprintf(mark, sizeof(mark), "%s", lab.watermark);
	if (night(&new, &err))
		fail_msg("expected an error with \"%s\"", words);
	if (err.kind != kind || strstr(err.msg, words) == NULL)
		fail_msg("got %s: %s", err_kind_name(err.kind), err.msg);
	assert_string_equal(lab.watermark, mark);
}

/* ---- begin and end ------------------------------------------------------------------ */
static void
settings_fill(void)
{
	struct rig *rig = &lab.rig;
	struct options_file *file = NULL;
	char text[256];

	(void)snprintf(text, sizeof(text), "login_url = \"%s\"; client_id = "
	    "\"cid\"; query_batch_size = 200;", crmsim_url(lab.sim));
	if (!options_open_text(text, "test", &file, &rig->err) ||
	    !options_fill(salesforce_crm.info.opts, &rig->set,
	        options_root(file), "test", "", NULL, rig->arena, &rig->err))
		fail_msg("%s", rig->err.msg);
	options_close(file);
	rig->set.client_secret = "sec";
}

static struct http *
engine(int tries)
{
	struct http_settings settings = http_defaults;
	struct http *http = NULL;
	struct err err;

	settings.tries = tries;
	settings.backoff_s = 0.001;
	settings.backoff_max_s = 0.002;
	settings.rate_per_second = 0;
	settings.breaker.in_a_row = 0;
	if (!http_open(&settings, NULL, &http, &err))
		fail_msg("%s", err.msg);
	return http;
}

static int
lab_begin(void **state)
{
	static const char *const options[] = { "--contacts", "300", "--history",
		"500", "--events", "40", NULL };
	struct rig *rig = &lab.rig;

	(void)state;
	memset(&lab, 0, sizeof(lab));
	rig->arena = arena_new(16 << 20);
	rig->scratch = arena_new(4 << 20);
	lab.sim = crmsim_start("salesforce", EVENING, options);
	settings_fill();
	rig->http = engine(3);
	rig->env = (struct connector_env){ .instance = "crm",
		.settings = &rig->set, .timezone = "Europe/Copenhagen",
		.http = rig->http, .scratch = rig->scratch, .now = rig_clock,
		.clock = &lab.now, .quarantine = rig_quarantine,
		.quarantine_arg = rig };
	buf_init(&rig->bad, 1 << 20);
	go_to(EVENING);
	return 0;
}

static int
lab_end(void **state)
{
	(void)state;
	(void)crmsim_ask(lab.sim, "fault", "{'clear': true}");
	http_close(lab.rig.http);
	buf_free(&lab.rig.bad);
	arena_free(lab.rig.scratch);
	arena_free(lab.rig.arena);
	crmsim_stop(lab.sim);
	return 0;
}

/* The first card, and the night that makes no surveys. */
static void
baseline(void)
{
	struct pull pull = { .until = lab.now, .overlap_s = 900, .lag_s = 60 };
	struct err err;
	void *self = NULL;

	lab.n = 0;
	lab.watermark[0] = lab.resume[0] = lab.contact[0] = '\0';
	lab.contacts = 0;
	if (!salesforce_crm.open(&lab.rig.env, &self, &err) ||
	    !salesforce_crm.pull_contacts(self, &pull, on_contact, on_checkpoint,
	        NULL, &err))
		fail_msg("%s", err.msg);
	salesforce_crm.close(self);
	lab.watermark[0] = lab.resume[0] = '\0';
	assert_true(lab.contacts >= 300);
	(void)good_night();
	assert_true(lab.n > 0);
}

static void
meeting(const char *end, const char *more)
{
	(void)crmsim_ask(lab.sim, "record", "{'object': 'Event', 'fields': {'Subject': 'Visit',"
	    "'WhoId': '%s', 'StartDateTime': '%s', 'EndDateTime': '%s'}%s}",
	    lab.contact, end, end, more);
}

/* ---- nights ------------------------------------------------------------------------------ */
static void
test_each_meeting_once_over_nights(void **state)
{
	(void)state;
	go_to(EVENING);
	baseline();
	go_to("2026-11-26T20:00:00Z");
	const long first = good_night();
	/* 40, but for copies and those without an end. */
	assert_true(first >= 30);
	/* SF-22: held on Monday, entered on Thursday. */
	meeting("2026-11-23T10:00:00.000Z", "");
	/* SF-15: still to come. */
	meeting("2026-12-23T10:00:00.000Z", "");
	go_to("2026-11-27T20:00:00Z");
	assert_int_equal(good_night(), 1);
	go_to("2026-11-28T20:00:00Z");
	assert_int_equal(good_night(), 0);
	/* That one, and those that the org had planned. */
	go_to("2026-12-24T20:00:00Z");
	assert_true(good_night() >= 1);
	go_to("2026-12-25T20:00:00Z");
	assert_int_equal(good_night(), 0);
}

/* SF-09 */
static void
test_old_deals_that_are_edited_ask_nobody(void **state)
{
	(void)state;
	go_to("2027-01-10T20:00:00Z");
	baseline();
	go_to("2027-01-11T20:00:00Z");
	(void)good_night();
	(void)crmsim_ask(lab.sim, "touch", "{'query': 'SELECT Id FROM Opportunity WHERE "
	    "IsClosed = true', 'fields': {}}");
	(void)crmsim_ask(lab.sim, "touch", "{'query': 'SELECT Id FROM Case WHERE IsClosed = "
	    "true', 'fields': {}}");
	go_to("2027-01-12T20:00:00Z");
	assert_int_equal(good_night(), 0);
	/* A block of one stamp, larger than a page, came up again. */
	assert_true(lab.again > 0);
}

/* SF-08 */
static void
test_late_commit_and_one_stamp_for_many(void **state)
{
	(void)state;
	go_to("2027-02-10T20:00:00Z");
	baseline();
	go_to("2027-02-11T20:00:00Z");
	for (int i = 0; i < 450; i++)
		meeting("2027-02-11T10:00:00.000Z",
		    ", 'stamp': '2027-02-11T12:00:00.000Z'");
	/* Committed later, with a stamp from before the night. */
	meeting("2027-02-11T19:50:00.000Z", ", 'stamp': "
	    "'2027-02-11T19:55:00.000Z', 'visible_at': "
	    "'2027-02-11T20:05:00.000Z'");
	/* Right on the border of the window. */
	meeting("2027-02-11T19:59:00.000Z", "");
	assert_int_equal(good_night(), 450);
	go_to("2027-02-12T20:00:00Z");
	assert_int_equal(good_night(), 2);
	go_to("2027-02-13T20:00:00Z");
	assert_int_equal(good_night(), 0);
}

static void
test_deals_won_lost_and_cases(void **state)
{
	(void)state;
	go_to("2027-03-10T20:00:00Z");
	baseline();
	(void)crmsim_ask(lab.sim, "record", "{'object': 'Opportunity', 'fields': {'Name': 'A',"
	    "'StageName': 'Closed Won', 'CloseDate': '2027-03-11'}}");
	(void)crmsim_ask(lab.sim, "record", "{'object': 'Opportunity', 'fields': {'Name': 'B',"
	    "'StageName': 'Closed Lost', 'CloseDate': '2027-03-11'}}");
	(void)crmsim_ask(lab.sim, "record", "{'object': 'Case', 'fields': {'Status': 'Closed',"
	    "'ContactId': '%s'}}", lab.contact);
	go_to("2027-03-11T20:00:00Z");
	assert_int_equal(good_night(), 3);
	go_to("2027-03-12T20:00:00Z");
	assert_int_equal(good_night(), 0);
}

/* ---- faults --------------------------------------------------------------------------------- */
static const struct fault_case {
	const char *fault;	/* what is told to the server */
	enum err_kind kind;	/* ERR_NONE: the night is good all the same */
	const char *words;
} faults[] = {
	{ "'kind':'short_page','on':'query','rows':7", ERR_NONE, "" },
	{ "'kind':'empty_page','on':'query'", ERR_NONE, "" },
	{ "'kind':'no_done','on':'next','times':-1", ERR_NONE, "" },
	{ "'kind':'expire','on':'next'", ERR_NONE, "" },
	{ "'kind':'locator','on':'next'", ERR_NONE, "" },
	{ "'kind':'query_timeout','on':'query','object':'Event'", ERR_NONE, "" },
	{ "'kind':'406','on':'query'", ERR_NONE, "" },
	{ "'kind':'420','on':'query'", ERR_NONE, "" },
	{ "'kind':'503','on':'next'", ERR_NONE, "" },
	{ "'kind':'truncated','on':'next'", ERR_NONE, "" },
	{ "'kind':'cut_before','on':'query'", ERR_NONE, "" },
	{ "'kind':'drop_next','on':'query','object':'Event','times':1", ERR_NONE,
	    "" },		/* the statement once more */
	{ "'kind':'drop_next','on':'query','object':'Event','times':-1",
	    ERR_PROTOCOL, "rows were announced" },
	{ "'kind':'next_host','on':'query','text':'https://evil.example',"
	    "'times':-1", ERR_PROTOCOL, "another" },
	{ "'kind':'session','on':'next','text':'Connected app is not attached "
	    "to Agent','times':-1", ERR_AUTH, "Connected app" },
	{ "'kind':'request_limit','on':'next','times':-1", ERR_THROTTLED,
	    "REQUEST_LIMIT_EXCEEDED" },
	{ "'kind':'html','on':'query','times':-1", ERR_PROTOCOL, "JSON" },
	{ "'kind':'503','on':'query','times':-1", ERR_RETRY, "503" },
	{ "'kind':'400','code':'invalid_grant','on':'token','times':-1",
	    ERR_AUTH, "token" },
	{ "'kind':'error','code':'INVALID_FIELD','text':'No such column',"
	    "'on':'query','times':-1", ERR_CONFIG, "INVALID_FIELD" },
};

/* Whatever goes wrong: what happened that day is met, each once, that night or
 * the next. */
static void
faults_end(const struct fault_case *list, size_t n, int first)
{
	char when[40];

	for (size_t i = 0; i < n; i++) {
		const struct fault_case *f = &list[i];
		const int day = day_add(first, (int)i);
		(void)snprintf(when, sizeof(when), "%04d-%02d-%02dT10:00:00.000Z",
		    day / 10000, day / 100 % 100, day % 100);
		for (int k = 0; k < 210; k++)
			meeting(when, "");
		(void)snprintf(when, sizeof(when), "%04d-%02d-%02dT20:00:00Z",
		    day / 10000, day / 100 % 100, day % 100);
		go_to(when);
		const size_t before = lab.n;
		(void)crmsim_ask(lab.sim, "fault", "{%s}", f->fault);
		if (f->kind == ERR_NONE)
			(void)good_night();
		else
			bad_night(f->kind, f->words);
		(void)crmsim_ask(lab.sim, "fault", "{'clear': true}");
		if (f->kind != ERR_NONE)
			(void)good_night();
		if (lab.n - before != 210)
			fail_msg("%s: %zu of 210", f->fault, lab.n - before);
	}
	assert_int_equal(lab.rig.bad.len, 0);
}

static void
test_every_fault_ends_as_told(void **state)
{
	(void)state;
	go_to("2027-04-01T20:00:00Z");
	baseline();
	faults_end(faults, ARRAY_LEN(faults), 20270402);
}

/* ---- jobs (SF-20) ----------------------------------------------------------------- */
static void
bulk_from(int rows)
{
	lab.rig.set.bulk_threshold_rows = rows;
	lab.rig.set.bulk_page_rows = 100;
	lab.rig.set.bulk_poll_s = 0;
}

/* What pages find, jobs find: events of all kinds, and cards. */
static void
test_jobs_find_what_pages_find(void **state)
{
	(void)state;
	go_to("2027-05-20T20:00:00Z");
	bulk_from(0);
	lab.gone = 0;
	baseline();
	const size_t keys = lab.n, contacts = lab.contacts, gone = lab.gone;
	assert_true(keys > 100);
	lab.watermark[0] = lab.resume[0] = '\0';
	lab.contacts = lab.gone = 0;
	bulk_from(1);
	struct pull pull = { .until = lab.now, .overlap_s = 900, .lag_s = 60 };
	struct err err;
	void *self = NULL;
	assert_int_equal(good_night(), 0);
	assert_int_equal(lab.again, keys);
	if (!salesforce_crm.open(&lab.rig.env, &self, &err) ||
	    !salesforce_crm.pull_contacts(self, &pull, on_contact,
	        on_checkpoint, NULL, &err))
		fail_msg("%s", err.msg);
	salesforce_crm.close(self);
	assert_int_equal(lab.contacts, contacts);
	assert_int_equal(lab.gone, gone);
	bulk_from(0);
}

#define BULK "'on':'bulk',"
/* Of a job with three pages: made, not done, done, results from the fourth on. */
static const struct fault_case bulk_faults[] = {
	{ BULK "'kind':'job_failed'", ERR_NONE, "" },
	{ BULK "'kind':'403','code':'FUNCTIONALITY_NOT_ENABLED'", ERR_NONE, "" },
	{ BULK "'kind':'400','code':'INVALIDENTITY'", ERR_NONE, "" },
	{ BULK "'kind':'not_complete','after':3", ERR_NONE, "" },
	{ BULK "'kind':'503','after':4,'times':2", ERR_NONE, "" },
	{ BULK "'kind':'cut_before','after':5", ERR_NONE, "" },
	{ BULK "'kind':'404','code':'NOT_FOUND','after':4", ERR_NONE, "" },
	{ BULK "'kind':'session','after':4", ERR_NONE, "" },
	{ BULK "'kind':'expire','after':4", ERR_NONE, "" },
	{ BULK "'kind':'503','after':4,'times':-1", ERR_RETRY, "503" },
	{ BULK "'kind':'request_limit','after':4,'times':-1", ERR_THROTTLED,
	    "REQUEST_LIMIT_EXCEEDED" },
	{ BULK "'kind':'locator_again','after':4", ERR_PROTOCOL, "same one" },
	{ BULK "'kind':'more_rows','after':4", ERR_PROTOCOL, "announced" },
	{ BULK "'kind':'html','after':4", ERR_PROTOCOL, "the column" },
	{ BULK "'kind':'empty','after':4", ERR_PROTOCOL, "names of the columns" },
};

static void
test_faults_of_jobs(void **state)
{
	(void)state;
	go_to("2027-06-01T20:00:00Z");
	bulk_from(0);
	baseline();
	bulk_from(100);
	faults_end(bulk_faults, ARRAY_LEN(bulk_faults), 20270602);
	bulk_from(0);
}

/* A card that was merged into another. */
static void
test_merged_cards(void **state)
{
	struct err err;
	void *self = NULL;
	char moved[128] = "";

	(void)state;
	go_to("2027-05-10T20:00:00Z");
	baseline();
	(void)crmsim_ask(lab.sim, "record", "{'object': 'Contact', 'fields': {'LastName': 'Two'},"
	    "'id': '003000000000999AAA'}");
	(void)crmsim_ask(lab.sim, "merge", "{'loser': '003000000000999AAA', 'winner': '%s'}",
	    lab.contact);
	const char *const ids[] = { "003000000000999AAA" };
	buf_init(&lab.rig.seen, 65536);
	if (!salesforce_crm.open(&lab.rig.env, &self, &err) ||
	    !salesforce_crm.load_contacts(self, ids, 1, rig_contact, &lab.rig,
	        &err))
		fail_msg("%s", err.msg);
	salesforce_crm.close(self);
	(void)snprintf(moved, sizeof(moved), "003000000000999AAA -> %s gone",
	    lab.contact);
	assert_int_equal(strncmp(buf_text(&lab.rig.seen), moved, strlen(moved)),
	    0);
	buf_free(&lab.rig.seen);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_meeting_once_over_nights),
		cmocka_unit_test(test_old_deals_that_are_edited_ask_nobody),
		cmocka_unit_test(test_late_commit_and_one_stamp_for_many),
		cmocka_unit_test(test_deals_won_lost_and_cases),
		cmocka_unit_test(test_every_fault_ends_as_told),
		cmocka_unit_test(test_merged_cards),
		cmocka_unit_test(test_jobs_find_what_pages_find),
		cmocka_unit_test(test_faults_of_jobs),
	};

	(void)argc;
	crmsim_find(argv[0]);
	return cmocka_run_group_tests(tests, lab_begin, lab_end);
}
