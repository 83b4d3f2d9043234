/*
 * dynamics.c - a stand-in for Dynamics 365: the token endpoint of Entra and the
 * Web API of Dataverse, for tests.  It shares no code with npsync.  What it
 * accepted stands in LEDGER/ledger.jsonl, on disk before the answer leaves; the
 * world is made from --seed and the ledger, so a restart changes nothing.
 * Every call stands in LEDGER/requests.log.  See README.md beside this file.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "parts/dynamics/sim.h"

static _Noreturn void
usage(const char *what)
{
	fprintf(stderr,
	    "dynamics: %s\nusage: dynamics --ledger DIR [--port N] "
	    "[--port-file F] [options, see README.md]\n", what);
	exit(64);
}

/* One line of a file, so that no secret stands in the list of processes. */
static const char *
line_of(const char *path)
{
	char line[260];
	FILE *f = fopen(path, "re");
	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		die(path);
	fclose(f);
	line[strcspn(line, "\r\n")] = '\0';
	return dup_text(line);
}

enum { O_PORT = 1, O_PORT_FILE, O_LEDGER, O_TENANT, O_CLIENT, O_SECRET,
	O_SECRET_FILE, O_CERTIFICATE, O_PUBLIC_KEY, O_X5T, O_PREFIX, O_BASE,
	O_PAGE_MAX, O_TOKEN_S, O_RATE, O_WINDOW, O_URL_MAX, O_CONDITIONS,
	O_EXPAND, O_WORLD, O_EVENTS, O_DAYS, O_SEED, O_NOW, O_KEY_S, O_NOW_FILE,
	O_COLUMN, O_FAULT, O_MUTATE, O_NO_SYNC, O_BARE, O_NUMBER_KEY, O_RECORD,
	O_NO_TRACKING, O_NO_ETAGS, O_DIE };
static const struct option long_options[] = { { "port", 1, NULL, O_PORT },
	{ "port-file", 1, NULL, O_PORT_FILE }, { "ledger", 1, NULL, O_LEDGER },
	{ "tenant", 1, NULL, O_TENANT }, { "client-id", 1, NULL, O_CLIENT },
	{ "secret", 1, NULL, O_SECRET },
	{ "secret-file", 1, NULL, O_SECRET_FILE },
	{ "certificate", 1, NULL, O_CERTIFICATE },
	{ "public-key", 1, NULL, O_PUBLIC_KEY }, { "x5t", 1, NULL, O_X5T },
	{ "prefix", 1, NULL, O_PREFIX }, { "base-url", 1, NULL, O_BASE },
	{ "page-max", 1, NULL, O_PAGE_MAX }, { "token-s", 1, NULL, O_TOKEN_S },
	{ "rate", 1, NULL, O_RATE }, { "window-s", 1, NULL, O_WINDOW },
	{ "url-max", 1, NULL, O_URL_MAX },
	{ "conditions-max", 1, NULL, O_CONDITIONS },
	{ "expand-max", 1, NULL, O_EXPAND }, { "seed-world", 1, NULL, O_WORLD },
	{ "events", 1, NULL, O_EVENTS }, { "days", 1, NULL, O_DAYS },
	{ "seed", 1, NULL, O_SEED }, { "now", 1, NULL, O_NOW },
	{ "key-delay-s", 1, NULL, O_KEY_S }, { "now-file", 1, NULL, O_NOW_FILE },
	{ "column", 1, NULL, O_COLUMN }, { "fault", 1, NULL, O_FAULT },
	{ "mutate", 1, NULL, O_MUTATE }, { "no-sync", 0, NULL, O_NO_SYNC },
	{ "bare", 0, NULL, O_BARE }, { "number-key", 0, NULL, O_NUMBER_KEY },
	{ "record", 0, NULL, O_RECORD },
	{ "no-tracking", 0, NULL, O_NO_TRACKING },
	{ "no-etags", 0, NULL, O_NO_ETAGS },
	{ "die-with-parent", 0, NULL, O_DIE }, { NULL, 0, NULL, 0 } };

static bool
option_flag(struct options *o, int c)
{
	switch (c) {
	case O_NO_SYNC:
		return o->no_sync = true;
	case O_BARE:
		return o->bare = true;
	case O_NUMBER_KEY:
		return o->number_key = true;
	case O_RECORD:
		return o->record = true;
	case O_NO_TRACKING:
		return o->no_tracking = true;
	case O_NO_ETAGS:
		return o->no_etags = true;
	case O_DIE:
		return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0;
	default:
		return false;
	}
}

static bool
option_text(struct options *o, int c, const char *arg)
{
	const char **to = c == O_PORT_FILE ? &o->port_file
	    : c == O_LEDGER ? &o->dir : c == O_TENANT ? &o->tenant
	    : c == O_CLIENT ? &o->client : c == O_SECRET ? &o->secret
	    : c == O_CERTIFICATE ? &o->certificate
	    : c == O_PUBLIC_KEY ? &o->public_key : c == O_X5T ? &o->x5t
	    : c == O_PREFIX ? &o->prefix : c == O_BASE ? &o->base : NULL;
	if (to != NULL)
		*to = arg;
	else if (c == O_SECRET_FILE)
		o->secret = line_of(arg);
	else
		return false;
	return true;
}

static bool
option_number(struct options *o, int c, const char *arg)
{
	int64_t *to = c == O_PORT ? &o->port : c == O_PAGE_MAX ? &o->page_max
	    : c == O_TOKEN_S ? &o->token_s : c == O_RATE ? &o->rate
	    : c == O_WINDOW ? &o->window_s : c == O_URL_MAX ? &o->url_max
	    : c == O_CONDITIONS ? &o->conditions_max
	    : c == O_EXPAND ? &o->expand_max : c == O_WORLD ? &o->contacts
	    : c == O_EVENTS ? &o->events : c == O_DAYS ? &o->days
	    : c == O_SEED ? &o->seed : c == O_KEY_S ? &o->key_s : NULL;
	if (to == NULL)
		return false;
	if (!sim_num(arg, to))
		usage(arg);
	return true;
}

static const char *columns[32];
static size_t n_columns;

static void
option_rest(struct sim *s, int c, const char *arg)
{
	json_t *in;
	switch (c) {
	case O_NOW:
		if (!sim_time_parse(arg, &s->world_at))
			usage("--now takes 2026-11-25T20:00:00Z");
		break;
	case O_NOW_FILE:
		snprintf(s->now_file, sizeof(s->now_file), "%s", arg);
		break;
	case O_COLUMN:
		if (n_columns == LEN(columns))
			usage("too many columns");
		columns[n_columns++] = arg;
		break;
	case O_FAULT:
		in = json_loads(arg, 0, NULL);
		if (in == NULL || !fault_add(s, in))
			usage("--fault takes {\"kind\":...}, see README.md");
		json_decref(in);
		break;
	case O_MUTATE:
		if (!mutant_set(s, arg))
			usage("--mutate takes a name, see README.md");
		break;
	default:
		usage("unknown option");
	}
}

/* "contact.npt_score int 10" */
static void
column_given(struct sim *s, const char *arg)
{
	char name[64];
	size_t table;
	const char *dot = strchr(arg, '.');
	snprintf(name, sizeof(name), "%.*s",
	    dot == NULL ? 0 : (int)(dot - arg), arg);
	if (dot == NULL || !table_find(s, name, &table) ||
	    !column_add(&s->tables[table], dot + 1))
		usage("--column takes \"contact.npt_score int 10\"");
}

static int
file_open(const char *dir, const char *name)
{
	char path[4200];
	snprintf(path, sizeof(path), "%.4000s/%s", dir, name);
	const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
	    0640);
	if (fd < 0)
		die(path);
	return fd;
}

static void
sim_open(struct sim *s)
{
	char path[4200];
	if (s->opt.dir == NULL)
		usage("--ledger is needed");
	if (mkdir(s->opt.dir, 0750) != 0 && errno != EEXIST)
		die(s->opt.dir);
	if (s->now_file[0] == '\0')
		snprintf(s->now_file, sizeof(s->now_file), "%.4000s/now",
		    s->opt.dir);
	s->log = file_open(s->opt.dir, "requests.log");
	s->exchanges = s->opt.record
	    ? file_open(s->opt.dir, "exchanges.jsonl") : -1;
	schema_open(s, s->opt.bare);
	for (size_t i = 0; i < n_columns; i++)
		column_given(s, columns[i]);
	for (size_t i = 0; i < s->n_tables; i++) {
		s->tables[i].tracked &= !s->opt.no_tracking;
		s->tables[i].etags &= !s->opt.no_etags;
	}
	if (s->world_at == 0)
		s->world_at = (int64_t)time(NULL);
	s->now = s->world_at;
	world_seed(s);
	snprintf(path, sizeof(path), "%.4000s/ledger.jsonl", s->opt.dir);
	ledger_load(s, path);
	s->ledger = file_open(s->opt.dir, "ledger.jsonl");
	s->started_ms = clock_ms();
}

int
main(int argc, char **argv)
{
	static struct sim s = { .opt = { .tenant = "contoso.onmicrosoft.com",
		.client = "11111111-2222-4333-8444-555555555555",
		.secret = "sim-secret-0123456789",
		.prefix = "/api/data/v9.2/", .token_s = 3599, .window_s = 300,
		.url_max = 32768, .conditions_max = 500, .expand_max = 50,
		.seed = 7, .days = 30 },
		.mutant = -1, .version = 500000,
		.lock = PTHREAD_MUTEX_INITIALIZER };
	sigset_t set;
	char text[16];
	int c, sig;
	s.by_status = json_object();
	s.complaints = json_object();
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!option_flag(&s.opt, c) && !option_text(&s.opt, c, optarg) &&
		    !option_number(&s.opt, c, optarg))
			option_rest(&s, c, optarg);
	sim_open(&s);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	listen_on(&s);
	snprintf(text, sizeof(text), "%d", s.port);
	if (s.opt.port_file != NULL)
		file_write(s.opt.port_file, text);
	sigwait(&set, &sig);
	listen_end();
	return 0;
}
