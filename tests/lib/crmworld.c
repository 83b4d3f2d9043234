#include "crmworld.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "../sim/simtime.h"
#include "crmworld_int.h"
#include "crmworld_run.h"
#include "fakecrm.h"
#include "testdb.h"
#include "textfile.h"
#include "tmpdir.h"

/* A Friday, Monday, ...: days of nights after the story. */
static const int nights_more[] = { 3, 6, 7, 8, 9 };

#define MARK_FILE "high-water-" CRMWORLD_TENANT

struct crmworld crmworld;
static struct crmworld *const w = &crmworld;

#define PERSON(first_, last_, at, score_, ...) { .first = first_, \
	.last = last_, .email = at "@kunde.example", .score = score_, \
	__VA_ARGS__ }
const struct crmworld_person crmworld_people[PEOPLE] = {
	[ANNA] = PERSON("Anna", "Larsen", "anna", 3, .erased = false),
	[BO] = PERSON("Bo", "Berg", "bo", 9, .erased = false),
	[CLEO] = PERSON("Cleo", "Dahl", "cleo", 7, .declines = true),
	[DORA] = PERSON("Dora", "Quillfeather", "dora", 8, .erased = true),
	[EMIL] = PERSON("Emil", "Fjord", "emil", 2, .erased = false),
	[FRIDA] = PERSON("Frida", "Gran", "frida", 10, .erased = false),
	[GRETE] = PERSON("Grete", "Holm", "grete", -1, .erased = false),
};

/* ---- the story ----------------------------------------------------------------- */
enum act { HOURLY, NIGHT, ERASE, ACTIVATE, MEET, ANSWER };
static const struct step {
	int day, hour, minute;	/* day 0 is a Tuesday */
	enum act act;
	enum who who;
} story[] = {
	{ -1, 20, 7, HOURLY, NOBODY }, { -1, 20, 8, ACTIVATE, NOBODY },
	{ -1, 20, 30, MEET, ANNA }, { -1, 20, 31, MEET, BO },
	{ -1, 20, 32, MEET, CLEO }, { -1, 20, 33, MEET, DORA },
	{ 0, 3, 10, NIGHT, NOBODY },
	{ 0, 10, 0, MEET, EMIL }, { 0, 12, 0, ANSWER, DORA },
	{ 0, 20, 7, HOURLY, NOBODY },
	{ 0, 20, 30, ERASE, DORA },
	{ 0, 21, 0, MEET, FRIDA }, { 0, 21, 30, ANSWER, ANNA },
	{ 0, 21, 31, ANSWER, BO }, { 0, 21, 32, ANSWER, CLEO },
	{ 1, 3, 10, NIGHT, NOBODY },
	{ 1, 10, 0, MEET, GRETE }, { 1, 10, 30, ANSWER, EMIL },
	{ 1, 11, 0, ANSWER, FRIDA },
	{ 1, 14, 7, HOURLY, NOBODY },
	{ 2, 3, 10, NIGHT, NOBODY },
};
static const size_t at_moment[] = { [CRMWORLD_ERASE] = 10,
	[CRMWORLD_NIGHT] = 15, [CRMWORLD_DAY] = 19 };

static struct snapshot {
	char database[32], *service, *crm, *world_at, *mark;
} snapshots[CRMWORLD_MOMENTS];
static enum crmworld_moment now_at;
static struct {
	bool due[PEOPLE];	/* answers as soon as the mail came */
	bool unread;		/* an answer that no run has seen */
} answers;

const char *
crmworld_moment_name(enum crmworld_moment moment)
{
	static const char *const names[] = { "erase", "night", "day" };

	return names[moment];
}

static int64_t
time_of(int day, int hour, int minute)
{
	return fakecrm_time((int)sim_days(2026, 3, 3) + day, hour, minute);
}

static const char *
iso(int64_t t)
{
	static char text[40];

	return sim_time_text(t, "Z", text, sizeof(text));
}

static void
clocks_set(int64_t now)
{
	simproc_tell(w->service, "now", "{\"now\": \"%s\"}", iso(now));
	(void)crmsim_ask(w->crm, "now", "{'now': '%s'}", iso(now));
}

/* ---- what happens at others ------------------------------------------------------- */
static void
meet(const char *id, int64_t now)
{
	(void)crmsim_ask(w->crm, "record", "{'object': 'Event', 'fields': {"
	    "'Subject': 'Møde', 'WhoId': '%s', 'StartDateTime': '%s', "
	    "'EndDateTime': '%s'}}", id, iso(now), iso(now));
}

static void
answer(const struct crmworld_person *p, int64_t now)
{
	if (p->declines)
		simproc_tell(w->service, "optout", "{\"email\": \"%s\"}",
		    p->email);
	simproc_tell(w->service, "answer", "{\"email\": \"%s\", \"rating\": %d,"
	    " \"comment\": \"Ord af %s\", \"at\": \"%s\"}", p->email, p->score,
	    p->first, iso(now));
}

/* Who was not asked has nothing to answer yet. */
static bool
has_mail(const char *email, int64_t now)
{
	size_t n;
	const struct simproc_line *line = simproc_ledger(w->service, &n);

	for (size_t i = 0; i < n; i++)
		if (line[i].kind == SIMPROC_RESPONDENT &&
		    strcmp(line[i].email, email) == 0 && line[i].send_at < now)
			return true;
	return false;
}

static void
answers_give(int64_t now)
{
	for (size_t i = 0; i < PEOPLE; i++) {
		if (!answers.due[i] ||
		    !has_mail(crmworld_people[i].email, now))
			continue;
		answer(&crmworld_people[i], now);
		answers.due[i] = false;
		answers.unread = true;
	}
}

static bool
answers_wait(void)
{
	bool wait = answers.unread;

	for (size_t i = 0; i < PEOPLE; i++)
		wait |= answers.due[i];
	return wait;
}

static void
people_make(void)
{
	for (size_t i = 0; i < PEOPLE; i++) {
		const struct crmworld_person *p = &crmworld_people[i];
		const json_t *made = crmsim_ask(w->crm, "record", "{'object': "
		    "'Contact', 'fields': {'FirstName': '%s', 'LastName': '%s', "
		    "'Email': '%s', 'NPSToday_Tags__c': 'VIP'}}", p->first,
		    p->last, p->email);
		const char *id = json_string_value(json_object_get(made, "id"));
		assert_non_null(id);
		(void)snprintf(w->id[i], sizeof(w->id[i]), "%s", id);
	}
}

/* A run's exit code; 0 of all else. */
static int
play(const struct step *s, int minutes, void (*before)(const char *),
    const char *arg)
{
	const int64_t now = time_of(s->day, s->hour, s->minute + minutes);
	const enum crmworld_kind kind = s->act == HOURLY ? CRMWORLD_HOURLY
	    : s->act == NIGHT ? CRMWORLD_NIGHTLY : CRMWORLD_ERASURE;

	clocks_set(now);
	answers_give(now - 3600);
	switch (s->act) {
	case MEET:
		meet(w->id[s->who], now);
		return 0;
	case ANSWER:
		answers.due[s->who] = true;
		answers_give(now);
		return 0;
	case ACTIVATE:
		crmworld_activate();
		return 0;
	case HOURLY:
	case NIGHT:
	case ERASE:
		break;
	}
	answers.unread = false;
	return crmworld_forked(kind, now, s->who == NOBODY ? NULL
	    : crmworld_people[s->who].email, before, arg);
}

/* ---- files, servers, databases --------------------------------------------------- */
static const char *
file(const char *name)
{
	static char ring[4][400];
	static unsigned next;
	char *path = ring[next++ % 4];

	(void)snprintf(path, sizeof(ring[0]), "%s/%s", w->dir, name);
	return path;
}

static void
folder_make(const char *name)
{
	(void)snprintf(w->dir, sizeof(w->dir), "%s/%s", testdb_dir(), name);
	(void)snprintf(w->conf, sizeof(w->conf), "%s/npsync.conf", w->dir);
	if (mkdir(w->dir, 0700) != 0 || mkdir(file("state"), 0700) != 0)
		fail_msg("%s: %s", w->dir, strerror(errno));
	textfile_write(file("secret"), "sec\n");
	assert_int_equal(chmod(file("secret"), 0600), 0);
}

static void
database_use(struct db *db)
{
	db_close(db);
	(void)snprintf(w->database, sizeof(w->database), "%s", testdb_name());
	(void)snprintf(w->conninfo, sizeof(w->conninfo), "%s",
	    testdb_conninfo());
}

static void
servers_start(const struct snapshot *s, int64_t now)
{
	static const char *const options[] = { "--contacts", "0", "--history",
		"0", "--events", "0", "--field", "Contact.NPS_Score__c num",
		NULL };
	const char *const kept[][2] = {
		{ "ledger.jsonl", s == NULL ? NULL : s->crm },
		{ "world-at", s == NULL ? NULL : s->world_at },
		{ NULL, NULL } };

	w->service = simproc_start(file("service"), NULL);
	if (s != NULL) {
		simproc_away(w->service);
		textfile_write(file("service/ledger.jsonl"), s->service);
		simproc_back(w->service);
	}
	w->crm = crmsim_start_from("salesforce", iso(now), options,
	    s == NULL ? NULL : kept);
	memset(&w->hooks, 0, sizeof(w->hooks));
	while (mailbox_has(&w->mail, w->first_mail))
		w->first_mail++;
	crmworld_configure();
}

static void
servers_stop(void)
{
	simproc_stop(w->service);
	crmsim_stop(w->crm);
	w->service = NULL;
	w->crm = NULL;
}

/* ---- the webhook -------------------------------------------------------------------- */
static void
hook_take(void *arg, const char *request, const char *body,
    struct sim_reply *reply)
{
	struct crmworld_hooks *hooks = arg;
	json_t *o = json_loads(body, 0, NULL);
	const char *id = json_string_value(json_object_get(o, "id"));

	*reply = (struct sim_reply){ .status = 204 };
	if (strncmp(request, "POST /hook ", 11) != 0 || id == NULL ||
	    hooks->n == CRMWORLD_HOOKS)
		reply->status = 500;
	else
		(void)snprintf(hooks->id[hooks->n++], 64, "%s", id);
	json_decref(o);
}

/* ---- the beginning -------------------------------------------------------------------- */
static void
snapshot_take(struct snapshot *s)
{
	(void)snprintf(s->database, sizeof(s->database), "%s", w->database);
	s->service = textfile_read(file("service/ledger.jsonl"));
	s->crm = textfile_read(crmsim_file(w->crm, "ledger.jsonl"));
	s->world_at = textfile_read(crmsim_file(w->crm, "world-at"));
	s->mark = textfile_read(file("state/" MARK_FILE));
	/* What follows happens in a copy. */
	database_use(testdb_copy(s->database));
}

/* Nobody can be reached, so the steps of the erasure stay open. */
static void
others_away(bool away)
{
	const char *json = away ? "{'kind': '503', 'on': 'any', 'times': -1}"
	                        : "{'clear': true}";

	(void)crmsim_ask(w->crm, "fault", "%s", json);
	simproc_tell(w->service, "fault", "%s", away
	    ? "{\"kind\": \"503\", \"on\": \"any\", \"times\": -1}"
	    : "{\"clear\": true}");
}

static void
prepare(enum crmworld_moment last)
{
	size_t next = 0;

	for (size_t i = 0; i <= at_moment[last]; i++) {
		const struct step *s = &story[i];
		if (i == at_moment[next])
			snapshot_take(&snapshots[next++]);
		if (i == at_moment[last])
			break;
		clocks_set(time_of(s->day, s->hour, s->minute));
		if (s->act == ERASE)
			others_away(true);
		const int code = play(s, 0, NULL, NULL);
		if (s->act == ERASE)
			others_away(false);
		/* 1: the erasure is not complete. */
		if (code != (s->act == ERASE ? 1 : 0))
			fail_msg("step %zu ends with %d", i, code);
	}
}

void
crmworld_find(const char *argv0)
{
	crmsim_find(argv0);
}

void
crmworld_open(enum crmworld_moment last)
{
	char dir[400];

	*w = (struct crmworld){ .first_mail = 1 };
	(void)snprintf(dir, sizeof(dir), "%s/mail", testdb_dir());
	mailbox_make(&w->mail, dir);
	mailbox_start(&w->mail, NULL);
	w->hook = simhttpd_start_handler(hook_take, &w->hooks);
	assert_non_null(w->hook);
	folder_make("ready");
	database_use(testdb_open());
	servers_start(NULL, time_of(-1, 18, 0));
	people_make();
	prepare(last);
	servers_stop();
}

void
crmworld_close(void)
{
	for (size_t i = 0; i < CRMWORLD_MOMENTS; i++) {
		free(snapshots[i].service);
		free(snapshots[i].crm);
		free(snapshots[i].world_at);
		free(snapshots[i].mark);
	}
	simhttpd_stop(w->hook);
	mailbox_stop(&w->mail);
}

/* ---- a case ------------------------------------------------------------------------ */
void
crmworld_case(enum crmworld_moment moment)
{
	static int cases;
	char name[32];
	const struct step *s = &story[at_moment[moment]];

	now_at = moment;
	memset(&answers, 0, sizeof(answers));
	w->began = time_of(s->day, s->hour, s->minute);
	(void)snprintf(name, sizeof(name), "case%d", ++cases);
	folder_make(name);
	textfile_write(file("state/" MARK_FILE), snapshots[moment].mark);
	database_use(testdb_copy(snapshots[moment].database));
	servers_start(&snapshots[moment], w->began);
}

void
crmworld_end_case(void)
{
	const char *problem = simhttpd_problem(w->hook, false);

	if (problem != NULL)
		fail_msg("the webhook: %s", problem);
	servers_stop();
	testdb_drop(w->database);
	(void)nftw(w->dir, tmpdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int
crmworld_run(void (*before)(const char *arg), const char *arg)
{
	return play(&story[at_moment[now_at]], 0, before, arg);
}

/* 0; or it tells of something: 1, or 69 of a mail that nobody knows of. */
static bool
is_bad(int code)
{
	return code != 0 && code != 1 && code != 69;
}

void
crmworld_rest(int *bad)
{
	const size_t at = at_moment[now_at];

	*bad = is_bad(play(&story[at], 22, NULL, NULL));
	for (size_t i = at + 1; i < ARRAY_LEN(story); i++)
		*bad += is_bad(play(&story[i], 0, NULL, NULL));
	for (size_t i = 0; i < ARRAY_LEN(nights_more) &&
	     (answers_wait() || !crmworld_is_quiet()); i++) {
		const struct step night = { nights_more[i], 3, 10, NIGHT,
			NOBODY };
		*bad += is_bad(play(&night, 0, NULL, NULL));
	}
}
