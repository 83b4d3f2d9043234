#include "smallworld.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../sim/simtime.h"
#include "books.h"
#include "buf.h"
#include "child.h"
#include "clock.h"
#include "conf.h"
#include "ledger.h"
#include "log.h"
#include "night.h"
#include "testdb.h"
#include "textfile.h"

#define TENANT "small"
#define MARK_FILE "high-water-" TENANT
#define DAYS 30			/* between two surveys of a person */
#define NIGHTS_MAX 6
#define CASE_FILES 16

DB_STMT(sw_rows,
    "SELECT contact_id, state, coalesce(reason, '') FROM npsync.queue"
    " WHERE tenant_id = $1");
DB_STMT(sw_runs, "SELECT count(*) FROM npsync.run WHERE tenant_id = $1");

/* ---- files ------------------------------------------------------------------- */
static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static const char *
file(const struct smallworld *w, const char *name)
{
	static char ring[4][400];
	static unsigned next;
	char *path = ring[next++ % 4];

	(void)snprintf(path, sizeof(ring[0]), "%s/%s", w->dir, name);
	return path;
}

static const char *
iso(int64_t t)
{
	static char text[40];

	return sim_time_text(t, "Z", text, sizeof(text));
}

/* ---- people ------------------------------------------------------------------ */
/* Tuesday; the first run is on Monday evening. */
static int
tuesday(void)
{
	return (int)sim_days(2026, 3, 3);
}

/* A meeting held that day, in the CRM from then on. */
static void
meeting_add(struct fakecrm *crm, int contact, int64_t at)
{
	if (crm->n == crm->room)
		fail_msg("too many rows");
	struct fakecrm_row *row = &crm->rows[crm->n++];
	*row = (struct fakecrm_row){ .table = FAKECRM_ACTIVITY,
		.kind = FAKECRM_MEETING, .status = FAKECRM_HELD,
		.category = FAKECRM_CARE, .number = ++crm->numbers,
		.contact = contact, .at = at, .shown_at = at, .ends_at = at };
	(void)snprintf(row->event_id, sizeof(row->event_id), "A%d/%s",
	    row->number, crm->contact[contact].id);
}

static bool
is_shared(const struct fakecrm *crm, int contact)
{
	for (int i = 0; i < crm->n_contacts; i++)
		if (i != contact && ledger_same_address(crm->contact[i].email,
		        crm->contact[contact].email))
			return true;
	return false;
}

static bool
is_accepted(const struct fakecrm *crm, int i)
{
	const struct fakecrm_contact *c = &crm->contact[i];
	char address[64];

	fakecrm_address(c, address);
	return address[0] != '\0' && !fakecrm_is_own(c) && !c->no_send &&
	    !c->left && !crm->company_no_send[c->company];
}

static bool
is_taken(const struct smallworld *w, int contact)
{
	for (int i = 0; i < w->n_people; i++)
		if (w->person[i].contact == contact)
			return true;
	return false;
}

/* n more have a meeting at that moment. */
static void
people_add(struct smallworld *w, int n, bool accepted, int64_t at)
{
	for (int i = 0; n > 0; i++) {
		assert_in_range(i, 0, w->crm.n_contacts - 1);
		if (is_taken(w, i) || is_shared(&w->crm, i) ||
		    is_accepted(&w->crm, i) != accepted)
			continue;
		assert_in_range(w->n_people, 0, SMALLWORLD_PEOPLE - 1);
		w->person[w->n_people++] = (struct smallworld_person){ i,
			accepted };
		w->n_accepted += accepted;
		meeting_add(&w->crm, i, at);
		n--;
	}
}

static void
people_make(struct smallworld *w)
{
	const int day = tuesday();

	w->crm.n = 0;
	w->crm.contact[40].left = true;
	people_add(w, 4, true, fakecrm_time(day - 1, 20, 30));
	people_add(w, 12, true, fakecrm_time(day, 10, 0));
	people_add(w, 4, false, fakecrm_time(day, 11, 0));
	people_add(w, 3, true, fakecrm_time(day, 21, 0));
	for (int i = 1; i < NIGHTS_MAX + 3; i++)
		if (fakecrm_is_working(day + i))
			people_add(w, 1, true, fakecrm_time(day + i, 21, 0));
}

/* ---- the configuration ------------------------------------------------------------ */
static const char conf_text[] =
    "tenant = \"" TENANT "\";\n"
    "state_dir = \"%s/state\";\n"
    "rules = { own_domains = [ \"egen.example\" ]; company_max = 0; flood_floor = 0; };\n"
    "trigger = { meet = { campaign = 7749; categories = [ \"Kundepleje\" ]; };\n"
    "  inact = { enabled = true; campaign = 7753; period_days = 30; width_days = 10; }; };\n"
    "crm = ( { name = \"crm\"; driver = \"files\"; dir = \"%s/export\";\n"
    "  date_format = [ \"dd-MM-yyyy HH:mm\" ];\n"
    "  contacts = { file = \"contacts.csv\"; id = \"KontaktId\"; email = \"E-mail\";\n"
    "    first_name = \"Fornavn\"; last_name = \"Efternavn\"; company_id = \"FirmaId\";\n"
    "    language = \"Sprog\"; employed = \"Ansat\"; consent = \"Samtykke\"; };\n"
    "  companies = { file = \"companies.csv\"; id = \"FirmaId\"; name = \"Firmanavn\"; };\n"
    "  activities = { file = \"activities.csv\"; id = \"Id\"; contact = \"KontaktId\";\n"
    "    kind = \"Type\"; date = \"Tidspunkt\"; status = \"Status\"; category = \"Kategori\"; };\n"
    "  tags = { file = \"tags.csv\"; contact = \"KontaktId\"; tag = \"Infotag\"; };\n"
    "  company_tags = { file = \"company_tags.csv\"; company = \"FirmaId\"; tag = \"Infotag\"; };\n"
    "  out = { dir = \"%s/import\"; key = \"Kontaktnøgle\"; }; } );\n"
    "survey = { driver = \"npstoday\"; base_url = \"http://127.0.0.1:%d\";\n"
    "  api_key = \"file:%s/service/key\"; retries = 2; backoff_s = 0.0; backoff_max_s = 0.0;\n"
    "  members = { enabled = true; }; };\n";

static void
conf_make(struct smallworld *w)
{
	char text[4096];

	assert_in_range(snprintf(text, sizeof(text), conf_text, w->dir, w->dir,
	    w->dir, simproc_port(w->sim), w->dir), 1, sizeof(text) - 1);
	textfile_write(w->conf, text);
}

/* ---- a run, in its process --------------------------------------------------------- */
static bool
never(void)
{
	return false;
}

struct run {
	struct smallworld *w;
	struct arena *arena;
	struct conf *conf;
	struct db *db;
	struct tenant tenant;
	enum run_kind kind;
};

static bool
run_open(struct run *r, struct err *err)
{
	if ((r->arena = arena_new((size_t)16 << 20)) == NULL)
		return err_nomem(err);
	if (!conf_load(r->w->conf, r->arena, &r->conf, err) ||
	    !conf_load_secrets(r->conf, r->arena, err))
		return false;
	/* The real limit would take hours of waiting. */
	r->conf->survey.http.rate_per_second = 0;
	r->conf->survey.concurrency = r->w->concurrency;
	const char *const known[] = { r->conf->tenant };
	return db_open(r->w->conninfo, &r->db, err) &&
	    tenant_open(r->db, known[0], known, 1, r->arena, &r->tenant, err);
}

static int
run_inside(struct run *r)
{
	const struct run_options options = { .kind = r->kind, .only = RUN_ALL,
		.actor = "test", .cancelled = never };
	struct err err = { .kind = ERR_NONE };
	int code = -1;

	if (!run_open(r, &err))
		code = err_exit_code(err.kind);
	else if (night_run(r->db, r->conf, &r->tenant, file(r->w, "state"),
	             &options, &code, &err) != (code == 0))
		code = 125;	/* what it says is not what it returns */
	db_close(r->db);
	arena_free(r->arena);
	return code;
}

struct order {
	struct run run;
	int64_t now;
	const struct smallworld_hook *hook;
};

static int
run_child(void *arg)
{
	struct order *o = arg;

	clock_shift((time_t)o->now);
	if (o->hook != NULL)
		o->hook->before(o->hook->arg);
	const int code = run_inside(&o->run);
	if (o->hook != NULL)
		o->hook->after(o->hook->arg);
	return code;
}

static int
run_forked(struct smallworld *w, enum run_kind kind, int64_t now,
    const struct smallworld_hook *hook)
{
	struct order o = { .now = now, .hook = hook, .run = { .w = w,
		.kind = kind, .tenant = { .lock_fd = -1 } } };
	const int code = child_run(run_child, &o);

	if (code > w->worst)
		w->worst = code;
	return code;
}

static int
run_kind(struct smallworld *w, enum run_kind kind, int64_t now,
    const struct smallworld_hook *hook)
{
	w->last_run = now;
	assert_true(fakecrm_export(&w->crm, now));
	simproc_tell(w->sim, "now", "{\"now\": \"%s\"}", iso(now));
	return run_forked(w, kind, now, hook);
}

int
smallworld_run(struct smallworld *w, int64_t now,
    const struct smallworld_hook *hook)
{
	return run_kind(w, RUN_NIGHT, now, hook);
}

/* ---- moments ----------------------------------------------------------------------- */
static int
day_of_night(int night)
{
	int day = tuesday() + 1;

	for (int i = 1; i < night; i++)
		do
			day++;
		while (!fakecrm_is_working(day));
	return day;
}

int64_t
smallworld_night(int night, int minutes)
{
	return fakecrm_time(day_of_night(night), 3, 10) + minutes * 60;
}

static void
answers(struct smallworld *w, int64_t now)
{
	simproc_tell(w->sim, "now", "{\"now\": \"%s\"}", iso(now));
	simproc_tell(w->sim, "auto", "{\"seed\": 3, \"percent\": 100,"
	    " \"now\": \"%s\"}", iso(now));
}

static void
import(struct smallworld *w)
{
	int n;

	assert_true(fakecrm_import(&w->crm, &n));
}

void
smallworld_noon(struct smallworld *w, int night)
{
	import(w);
	answers(w, fakecrm_time(day_of_night(night), 16, 0));
}

/* ---- a case ------------------------------------------------------------------------ */
static void __attribute__((format(printf, 1, 2)))
sql(const char *fmt, ...)
{
	char text[400];
	va_list ap;
	const char *info = testdb_conninfo(), *end = strstr(info, "dbname=");
	struct err err = { .kind = ERR_NONE };
	struct db *db = NULL;

	assert_non_null(end);
	(void)snprintf(text, sizeof(text), "%.*sdbname=postgres",
	    (int)(end - info), info);
	if (!db_open(text, &db, &err))
		fail_msg("%s", err.msg);
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	const bool ok = db_script(db, text, &err);
	db_close(db);
	if (!ok)
		fail_msg("%s: %s", text, err.msg);
}

static void
folders_make(struct smallworld *w, const char *name)
{
	static const char *const folders[] = { "", "export", "import", "state" };

	(void)snprintf(w->dir, sizeof(w->dir), "%s/%s", testdb_dir(), name);
	(void)snprintf(w->conf, sizeof(w->conf), "%s/npsync.conf", w->dir);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (mkdir(file(w, folders[i]), 0700) != 0)
			fail_msg("%s: %s", w->dir, strerror(errno));
	(void)snprintf(w->crm.dir, sizeof(w->crm.dir), "%s", file(w, "export"));
	(void)snprintf(w->crm.sheets, sizeof(w->crm.sheets), "%s",
	    file(w, "import"));
}

static void
database_use(struct smallworld *w, const char *name)
{
	const char *info = testdb_conninfo(), *end = strstr(info, "dbname=");

	(void)snprintf(w->database, sizeof(w->database), "%s", name);
	(void)snprintf(w->conninfo, sizeof(w->conninfo), "%.*sdbname=%s",
	    (int)(end - info), info, name);
}

/* The service has read the ledger that lies there before it listens. */
static void
service_start(struct smallworld *w)
{
	w->sim = simproc_start(file(w, "service"), w->service_options);
	if (w->ledger == NULL)
		return;
	simproc_away(w->sim);
	textfile_write(file(w, "service/ledger.jsonl"), w->ledger);
	simproc_back(w->sim);
}

void
smallworld_case(struct smallworld *w)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "case%d", ++w->cases);
	folders_make(w, name);
	service_start(w);
	conf_make(w);
	textfile_write(file(w, "state/" MARK_FILE), w->mark);
	sql("CREATE DATABASE %s TEMPLATE %s", name, "ready");
	database_use(w, name);
	memcpy(w->crm.contact, w->contact, sizeof(w->contact));
	w->worst = 0;
}

void
smallworld_end_case(struct smallworld *w)
{
	simproc_stop(w->sim);
	w->sim = NULL;
	sql("DROP DATABASE %s WITH (FORCE)", w->database);
	(void)nftw(w->dir, remove_one, CASE_FILES, FTW_DEPTH | FTW_PHYS);
}

/* ---- whatever follows ---------------------------------------------------------------- */
struct look {
	struct smallworld *w;
	struct smallworld_state *out;
	struct db *db;
};

static void
look_open(struct look *l, struct smallworld *w)
{
	struct err err = { .kind = ERR_NONE };

	*l = (struct look){ .w = w };
	if (!db_open(w->conninfo, &l->db, &err))
		fail_msg("%s", err.msg);
}

long long
smallworld_runs(struct smallworld *w)
{
	struct look l;

	look_open(&l, w);
	const long long n = books_number(l.db, &sw_runs);
	db_close(l.db);
	return n;
}

static bool
is_quiet(struct smallworld *w)
{
	struct look l;

	look_open(&l, w);
	struct books books;
	books_read(l.db, &books);
	db_close(l.db);
	return books.waiting == 0;
}

static void
run_counted(struct smallworld *w, int night, int minutes, int *partial,
    int *bad)
{
	const int code = smallworld_run(w, smallworld_night(night, minutes),
	    w->calm_hook);

	*partial += code == 1;
	*bad += code != 0 && code != 1;
}

void
smallworld_calm(struct smallworld *w, int *partial, int *bad)
{
	*partial = *bad = 0;
	run_counted(w, 1, 22, partial, bad);
	if (!is_quiet(w))
		run_counted(w, 1, 44, partial, bad);
	for (int night = 2; night <= NIGHTS_MAX; night++) {
		smallworld_noon(w, night - 1);
		run_counted(w, night, 0, partial, bad);
		if (is_quiet(w))
			break;
		run_counted(w, night, 22, partial, bad);
	}
	import(w);
}

/* ---- the state ------------------------------------------------------------------------- */
static void __attribute__((format(printf, 2, 3)))
say(struct look *l, const char *fmt, ...)
{
	va_list ap;

	if (l->out->first[0] != '\0')
		return;
	va_start(ap, fmt);
	(void)vsnprintf(l->out->first, sizeof(l->out->first), fmt, ap);
	va_end(ap);
}

static int
asked(const struct look *l, const char *id)
{
	size_t n;
	int times = 0;
	const struct simproc_line *line = simproc_ledger(l->w->sim, &n);

	for (size_t i = 0; i < n; i++)
		times += line[i].kind == SIMPROC_RESPONDENT &&
		    strncmp(line[i].external, "crm:", 4) == 0 &&
		    strcmp(line[i].external + 4, id) == 0;
	return times;
}

/* Was the event in the export when the last run read it? */
static bool
is_known(const struct look *l, int contact)
{
	for (size_t i = 0; i < l->w->crm.n; i++)
		if (l->w->crm.rows[i].contact == contact)
			return l->w->crm.rows[i].at < l->w->last_run;
	return false;
}

/* Must have been asked and was not. */
static void
look_missing(struct look *l, const char *id, const struct db_result *rows)
{
	const char *state = "no row", *reason = "";

	for (int i = 0; i < db_rows(rows); i++)
		if (strcmp(db_text(rows, i, 0), id) == 0) {
			state = db_text(rows, i, 1);
			reason = db_text(rows, i, 2);
		}
	if (strcmp(state, "unknown") == 0 || strcmp(state, "failed") == 0 ||
	    strcmp(state, "held") == 0)
		l->out->explained++;
	else
		l->out->lost++;
	l->out->put_off += strcmp(reason, "too_old") == 0 ||
	    (strcmp(state, "deferred") == 0 && *reason != '\0');
	say(l, "%s was not asked: %s %s", id, state, reason);
}

static void
look_person(struct look *l, const struct smallworld_person *p,
    const struct db_result *rows)
{
	const char *id = l->w->crm.contact[p->contact].id;
	const int times = asked(l, id);

	if (!p->accepted) {
		l->out->forbidden += times;
		if (times > 0)
			say(l, "%s was asked, though the rules say no", id);
	} else if (times > 0)
		l->out->asked++;
	else if (is_known(l, p->contact))
		look_missing(l, id, rows);
}

void
smallworld_look(struct smallworld *w, struct smallworld_state *out)
{
	struct look l;
	struct books books;
	char first[160] = "";

	*out = (struct smallworld_state){ 0 };
	look_open(&l, w);
	l.out = out;
	AUTO(db_result) struct db_result *rows = books_ask(l.db, &sw_rows);
	for (int i = 0; i < w->n_people; i++)
		look_person(&l, &w->person[i], rows);
	out->doubled = ledger_doubles(w->sim, DAYS, first, sizeof(first));
	if (out->doubled > 0)
		say(&l, "%s", first);
	books_read(l.db, &books);
	out->waiting = books.waiting;
	out->bad_history = books.bad_history;
	out->bad_counts = books.bad_counts;
	out->wrong_tags = ledger_wrong_tags(w->sim, &w->crm, NULL, 0,
	    &out->n_tags, first, sizeof(first));
	if (out->wrong_tags > 0)
		say(&l, "%s", first);
	if (out->bad_history + out->bad_counts + out->waiting > 0)
		say(&l, "%d rows wait, %d with another history; %d counts do "
		    "not add up", out->waiting, out->bad_history,
		    out->bad_counts);
	db_close(l.db);
}

/* ---- the beginning ------------------------------------------------------------------ */
static void
sending_on(struct smallworld *w)
{
	struct run r = { .w = w, .tenant = { .lock_fd = -1 } };
	struct err err = { .kind = ERR_NONE };

	if (!run_open(&r, &err) ||
	    !tenant_set_paused(r.db, &r.tenant, false, &err))
		fail_msg("%s", err.msg);
	db_close(r.db);
	arena_free(r.arena);
}

static void
run_well(struct smallworld *w, enum run_kind kind, int64_t now)
{
	const int code = run_kind(w, kind, now, NULL);

	if (code != 0)
		fail_msg("a run at %s ends with %d", iso(now), code);
}

static void
prepare(struct smallworld *w)
{
	const int day = tuesday();

	run_well(w, RUN_HOURLY, fakecrm_time(day - 1, 20, 7));
	sending_on(w);
	run_well(w, RUN_NIGHT, fakecrm_time(day, 3, 10));
	assert_int_equal(ledger_respondents(w->sim), 4);
	run_well(w, RUN_HOURLY, fakecrm_time(day, 20, 7));
	/* To be collected and written back in the night. */
	answers(w, fakecrm_time(day, 21, 30));
}

void
smallworld_open(struct smallworld *w)
{
	smallworld_open_with(w, NULL);
}

void
smallworld_open_with(struct smallworld *w, const char *const *options)
{
	*w = (struct smallworld){ .concurrency = 8,
		.service_options = options };
	struct db *db = testdb_open();
	db_close(db);
	const char *name = strstr(testdb_conninfo(), "dbname=") +
	    strlen("dbname=");
	sql("ALTER DATABASE %s RENAME TO %s", name, "ready");
	folders_make(w, "ready");
	char dir[512], sheets[512];
	(void)snprintf(dir, sizeof(dir), "%s", w->crm.dir);
	(void)snprintf(sheets, sizeof(sheets), "%s", w->crm.sheets);
	fakecrm_open(&w->crm, 7, fakecrm_time(tuesday() - 1, 20, 0), dir,
	    sheets);
	people_make(w);
	database_use(w, "ready");
	service_start(w);
	conf_make(w);
	prepare(w);
	memcpy(w->contact, w->crm.contact, sizeof(w->contact));
	w->prepared_runs = smallworld_runs(w);
	w->ledger = textfile_read(file(w, "service/ledger.jsonl"));
	w->mark = textfile_read(file(w, "state/" MARK_FILE));
	simproc_stop(w->sim);
	w->sim = NULL;
}

void
smallworld_close(struct smallworld *w)
{
	fakecrm_close(&w->crm);
	free(w->ledger);
	free(w->mark);
}
