/*
 * salesforce.c - a stand-in for Salesforce, for tests: OAuth, describe, SOQL
 * with pages, collections, single records, Chatter, bulk queries.  It shares no
 * code with npsync.  The org is drawn from a number; what changed since stands
 * in LEDGER/ledger.jsonl, one line per effect, on disk before the answer leaves,
 * so a restart changes nothing.  Every call stands in LEDGER/requests.log.
 * Endpoints, /sim/ controls, faults and mutants are described in README.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts/salesforce/sim.h"

static _Noreturn void
usage(const char *what)
{
	fprintf(stderr,
	    "salesforce: %s\nusage: salesforce --ledger DIR [--port N] "
	    "[--port-file F] [options, see README.md]\n",
	    what);
	exit(64);
}

static const char *
first_line(const char *path)
{
	char line[513];
	FILE *f = fopen(path, "re");

	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		die(path);
	fclose(f);
	line[strcspn(line, "\r\n")] = '\0';
	return dup_text(line);
}

static int64_t
option_num(const char *arg)
{
	int64_t n;

	if (!sim_num(arg, &n))
		usage(arg);
	return n;
}

enum { O_PORT = 256, O_PORT_FILE, O_LEDGER, O_NOW_FILE, O_ID, O_SECRET,
	O_SECRET_FILE, O_JWT_KEY, O_USER, O_AUDIENCE, O_HOST, O_PAGE_MAX,
	O_SEED, O_CONTACTS, O_EVENTS, O_HISTORY, O_API_LIMIT, O_URI_MAX,
	O_TOKEN_CALLS, O_LIMIT_INFO, O_FIELD, O_HIDE, O_FAULT, O_MUTATE,
	O_NO_SYNC, O_NO_CHATTER, O_BODIES, O_SHARED, O_BARE, O_ERROR_CODE,
	O_PLAIN, O_PARENT, O_NOW, O_BULK_POLLS };

static const struct option long_options[] = { { "port", 1, NULL, O_PORT },
	{ "port-file", 1, NULL, O_PORT_FILE }, { "ledger", 1, NULL, O_LEDGER },
	{ "now", 1, NULL, O_NOW }, { "now-file", 1, NULL, O_NOW_FILE }, { "client-id", 1, NULL, O_ID },
	{ "client-secret", 1, NULL, O_SECRET },
	{ "client-secret-file", 1, NULL, O_SECRET_FILE },
	{ "jwt-key", 1, NULL, O_JWT_KEY }, { "user", 1, NULL, O_USER },
	{ "audience", 1, NULL, O_AUDIENCE },
	{ "instance-host", 1, NULL, O_HOST },
	{ "page-max", 1, NULL, O_PAGE_MAX },
	{ "seed-world", 1, NULL, O_SEED }, { "contacts", 1, NULL, O_CONTACTS },
	{ "events", 1, NULL, O_EVENTS }, { "history", 1, NULL, O_HISTORY },
	{ "api-limit", 1, NULL, O_API_LIMIT },
	{ "uri-max", 1, NULL, O_URI_MAX },
	{ "token-calls", 1, NULL, O_TOKEN_CALLS },
	{ "limit-info", 1, NULL, O_LIMIT_INFO }, { "field", 1, NULL, O_FIELD },
	{ "hide", 1, NULL, O_HIDE }, { "fault", 1, NULL, O_FAULT },
	{ "mutate", 1, NULL, O_MUTATE }, { "no-sync", 0, NULL, O_NO_SYNC },
	{ "no-chatter", 0, NULL, O_NO_CHATTER },
	{ "bodies", 0, NULL, O_BODIES },
	{ "shared-activities", 0, NULL, O_SHARED }, { "bare", 0, NULL, O_BARE },
	{ "error-code", 0, NULL, O_ERROR_CODE }, { "plain", 0, NULL, O_PLAIN },
	{ "bulk-polls", 1, NULL, O_BULK_POLLS },
	{ "die-with-parent", 0, NULL, O_PARENT }, { NULL, 0, NULL, 0 } };

static bool
option_flag(struct options *o, int c)
{
	switch (c) {
	case O_NO_SYNC:
		return o->no_sync = true;
	case O_NO_CHATTER:
		return o->no_chatter = true;
	case O_BODIES:
		return o->bodies = true;
	case O_SHARED:
		return o->shared_activities = true;
	case O_BARE:
		return o->bare = true;
	case O_ERROR_CODE:
		return o->error_code = true;
	case O_PLAIN:
		return o->plain = true;
	case O_PARENT:
		return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0;
	default:
		return false;
	}
}

static bool
option_text(struct options *o, int c, const char *arg)
{
	const struct {
		int option;
		const char **to;
	} texts[] = { { O_PORT_FILE, &o->port_file }, { O_LEDGER, &o->dir },
		{ O_ID, &o->client_id }, { O_SECRET, &o->secret },
		{ O_JWT_KEY, &o->jwt_key }, { O_USER, &o->user },
		{ O_AUDIENCE, &o->audience }, { O_HOST, &o->instance_host },
		{ O_NOW, &o->now } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (texts[i].option == c) {
			*texts[i].to = arg;
			return true;
		}
	if (c == O_SECRET_FILE)
		o->secret = first_line(arg);
	return c == O_SECRET_FILE;
}

static bool
option_number(struct options *o, int c, const char *arg)
{
	const struct {
		int option;
		int64_t *to;
	} numbers[] = { { O_PORT, &o->port }, { O_PAGE_MAX, &o->page_max },
		{ O_SEED, &o->seed }, { O_CONTACTS, &o->contacts },
		{ O_EVENTS, &o->events }, { O_HISTORY, &o->history },
		{ O_API_LIMIT, &o->api_limit }, { O_URI_MAX, &o->uri_max },
		{ O_TOKEN_CALLS, &o->token_calls },
		{ O_BULK_POLLS, &o->bulk_polls } };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i].option == c) {
			*numbers[i].to = option_num(arg);
			return true;
		}
	return false;
}

/* "Contact.NPS__c num" or "Contact.HasOptedOutOfEmail": kept until the schema
 * is there. */
#define LATER 64
static struct {
	int option;
	char *text;
} later[LATER];
static size_t n_later;

static void
option_other(struct sim *s, int c, char *arg)
{
	static const char *const modes[] = { "both", "api", "app", "none",
		NULL };
	json_t *in;

	switch (c) {
	case O_NOW_FILE:
		snprintf(s->now_file, sizeof(s->now_file), "%s", arg);
		break;
	case O_LIMIT_INFO:
		s->opt.limit_info = choice(arg, modes);
		if (s->opt.limit_info < 0)
			usage(arg);
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
	case O_FIELD:
	case O_HIDE:
		if (n_later == LATER || strchr(arg, '.') == NULL)
			usage(arg);
		later[n_later].option = c;
		later[n_later++].text = arg;
		break;
	default:
		usage("unknown option");
	}
}

static void
schema_later(struct sim *s)
{
	for (size_t i = 0; i < n_later; i++) {
		char *dot = strchr(later[i].text, '.');
		*dot = '\0';
		const struct object *o = object_find(s, later[i].text);
		struct field *f = o == NULL ? NULL : field_find(o, dot + 1);
		if (later[i].option == O_HIDE && f != NULL)
			f->flags |= F_HIDDEN;
		else if (later[i].option == O_HIDE ||
			 !field_add(s, later[i].text, dot + 1))
			usage(later[i].text);
	}
}

/* The time on which the world was drawn stays, whatever the clock does. */
static void
base_read(struct sim *s)
{
	char path[4200], line[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%.4000s/world-at", s->opt.dir);
	f = fopen(path, "re");
	if (f != NULL) {
		if (fgets(line, sizeof(line), f) != NULL)
			line[strcspn(line, "\n")] = '\0';
		fclose(f);
	}
	if (!sim_time_parse(line, &s->opt.base)) {
		s->opt.base = s->now;
		file_write(path, sim_time_text(s->now, "Z", line, sizeof(line)));
	}
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
	if (s->opt.now != NULL && access(s->now_file, F_OK) != 0)
		file_write(s->now_file, s->opt.now);
	s->now = now_read(s);
	base_read(s);
	schema_load(s);
	schema_later(s);
	world_draw(s);
	snprintf(path, sizeof(path), "%.4000s/requests.log", s->opt.dir);
	s->log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	snprintf(path, sizeof(path), "%.4000s/ledger.jsonl", s->opt.dir);
	ledger_load(s, path);
	s->ledger = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (s->ledger < 0 || s->log < 0)
		die(path);
	s->started_ms = clock_ms();
}

int
main(int argc, char **argv)
{
	static struct sim s = { .opt = { .client_id = "cid", .secret = "sec",
			    .user = "npsync@example.test", .api_limit = 100000,
			    .uri_max = 16384, .bulk_polls = 1, .seed = 1, .contacts = 200,
			    .events = 60, .history = 300 },
		.lock = PTHREAD_MUTEX_INITIALIZER };
	sigset_t set;
	char text[16];
	int c, sig;

	s.by_status = json_object();
	s.by_endpoint = json_object();
	s.by_kind = json_object();
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!option_flag(&s.opt, c) && !option_text(&s.opt, c, optarg) &&
		    !option_number(&s.opt, c, optarg))
			option_other(&s, c, optarg);
	sim_open(&s);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	struct MHD_Daemon *d = listen_on(&s);
	snprintf(text, sizeof(text), "%d", s.port);
	if (s.opt.port_file != NULL)
		file_write(s.opt.port_file, text);
	sigwait(&set, &sig);
	MHD_stop_daemon(d);
	return 0;
}
