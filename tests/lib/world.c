#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fakecrm.h"

#define OWN_HOUSE 7		/* each so many-th person of a night */

/* ---- begin and end --------------------------------------------------------- */
int
world_begin(void **state)
{
	/* A run may be dead before it is heard. */
	(void)signal(SIGPIPE, SIG_IGN);
	return testdb_start(state);
}

int
world_end(void **state)
{
	return testdb_stop(state);
}

int
world_random(struct world *w, int n)
{
	return fakecrm_random(&w->rng, n);
}

/* ---- files ------------------------------------------------------------------- */
static void
write_text(const struct world *w, const char *name, const char *text)
{
	char path[400];

	(void)snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    close(fd) != 0)
		fail_msg("%s: %s", path, strerror(errno));
}

static bool
is_own_house(int person)
{
	return person % OWN_HOUSE == 3;
}

static void
address_of(int person, char out[64])
{
	(void)snprintf(out, 64, "k%d@%s.example", person,
	    is_own_house(person) ? "egen" : "kunde");
}

/* Whole or not at all. */
static FILE *
export_open(const struct world *w, const char *name, char tmp[400])
{
	(void)snprintf(tmp, 400, "%s/export/.%s", w->dir, name);
	FILE *f = fopen(tmp, "we");
	assert_non_null(f);
	return f;
}

static void
export_close(const struct world *w, const char *name, const char *tmp, FILE *f)
{
	char path[400];

	(void)snprintf(path, sizeof(path), "%s/export/%s", w->dir, name);
	assert_true(fclose(f) == 0 && rename(tmp, path) == 0);
}

static void
export_write(const struct world *w)
{
	char tmp[400], address[64], iso[40];

	FILE *f = export_open(w, "contacts.csv", tmp);
	(void)fprintf(f, "contact_id;email\n");
	for (int i = 0; i < w->people; i++) {
		address_of(i, address);
		(void)fprintf(f, "K%d;%s\n", i, address);
	}
	export_close(w, "contacts.csv", tmp, f);
	f = export_open(w, "activities.csv", tmp);
	(void)fprintf(f, "activity_id;contact_id;date;status\n");
	for (int i = 0; i < w->people; i++)
		(void)fprintf(f, "A%d;K%d;%s 14:00;held\n", i, i,
		    fakecrm_iso(w->day_of[i], iso));
	for (int i = 0; i < w->n_again; i++)
		(void)fprintf(f, "B%d;K%d;%s 15:00;held\n", i,
		    w->again[i].person, fakecrm_iso(w->again[i].day, iso));
	export_close(w, "activities.csv", tmp, f);
}

static const char conf_text[] =
    "tenant = \"world\";\n"
    "test = true;\n"
    "state_dir = \"%s/state\";\n"
    "database = \"%s\";\n"
    "log = { target = \"stderr\"; level = \"error\"; };\n"
    "send = { weekdays = [ \"mon\", \"tue\", \"wed\", \"thu\", \"fri\","
    " \"sat\", \"sun\" ];\n"
    "  holidays = []; };\n"
    "rules = { own_domains = [ \"egen.example\" ]; company_max = 0; flood_floor = 0; };\n"
    "trigger = { meet = { campaign = 7749; max_age_days = 60; }; };\n"
    "crm = ( { name = \"crm\"; driver = \"files\"; dir = \"%s/export\";\n"
    "  date_format = [ \"yyyy-MM-dd HH:mm\" ];\n"
    "  contacts = { file = \"contacts.csv\"; };\n"
    "  activities = { file = \"activities.csv\"; };\n"
    "  out = { dir = \"%s/import\"; }; } );\n"
    "survey = { driver = \"npstoday\"; base_url = \"http://127.0.0.1:%d\";\n"
    "  api_key = \"file:%s/service/key\"; rate_per_second = 10.0;\n"
    "  concurrency = %d; retries = 1; backoff_s = 0.0;\n"
    "  members = { enabled = %s; }; };\n";

static void
conf_write(const struct world *w)
{
	const struct world_options *o = &w->options;
	const char *name = strstr(w->direct, "dbname=");
	char text[4096], server[600];

	assert_non_null(name);
	(void)snprintf(server, sizeof(server), "%s user=npsync %.40s",
	    o->server == NULL ? "" : o->server, name);
	(void)snprintf(text, sizeof(text), conf_text, w->dir,
	    o->server == NULL ? w->direct : server, w->dir, w->dir,
	    simproc_port(w->sim), w->dir,
	    o->concurrency > 0 ? o->concurrency : 4,
	    o->members ? "true" : "false");
	write_text(w, "npsync.conf", text);
}

/* ---- a world ------------------------------------------------------------------- */
static void
service_clock(struct world *w)
{
	char iso[40];

	simproc_tell(w->sim, "now", "{\"now\": \"%sT02:10:00Z\"}",
	    fakecrm_iso(WORLD_FIRST_DAY + w->night, iso));
}

void
world_make(struct world *w, const struct world_options *options)
{
	static const char *const folders[] = { "", "/export", "/import",
		"/state" };
	static int worlds;
	char path[400];

	*w = (struct world){ .options = *options, .rng = options->seed };
	(void)snprintf(w->dir, sizeof(w->dir), "%s/w%d", testdb_dir(),
	    ++worlds);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", w->dir, folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/trace", w->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	w->db = testdb_open();
	(void)snprintf(w->direct, sizeof(w->direct), "%s", testdb_conninfo());
	(void)snprintf(path, sizeof(path), "%s/service", w->dir);
	w->sim = simproc_start(path, NULL);
	service_clock(w);
	conf_write(w);
	export_write(w);
	assert_int_equal(world_run(w, "run hourly --quiet"), 0);
	assert_int_equal(world_run(w, "activate"), 0);
}

void
world_free(struct world *w)
{
	simproc_stop(w->sim);
	db_close(w->db);
	*w = (struct world){ .night = 0 };
}

void
world_reconnect(struct world *w)
{
	struct err err = { 0 };

	db_close(w->db);
	if (!db_open(w->direct, &w->db, &err))
		fail_msg("%s", err.msg);
}

void
world_next_night(struct world *w, int people)
{
	const int before = w->people;

	assert_in_range(w->people + people, 0, WORLD_EVENTS_MAX - 1);
	for (int i = 0; i < people; i++)
		w->day_of[w->people++] = WORLD_FIRST_DAY + w->night;
	for (int i = before; i > 0 && i > before - 2; i--) {
		w->again[w->n_again].person = i - 1;
		w->again[w->n_again++].day = WORLD_FIRST_DAY + w->night;
	}
	export_write(w);
	w->night++;
	w->minute = 0;
	service_clock(w);
	simproc_tell(w->sim, "auto", "{\"seed\": 5, \"percent\": 40}");
}
