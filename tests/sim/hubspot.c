/*
 * hubspot.c - a stand-in for HubSpot's CRM interface, for tests: search with
 * its limits, lists, batches, associations, pipelines, properties, preferences,
 * in the paths of v3/v4 and of the versions by date.  It shares no code with
 * npsync.  The account is drawn from a number; what changed since stands in
 * LEDGER/ledger.jsonl, so a restart changes nothing.  Options, /sim/ controls,
 * faults and mutants are described in README.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts/hubspot/sim.h"

static struct sim sim = { .opt = { .seed = 1, .contacts = 200, .events = 60,
	.days = 30, .search_rate = 5, .url_max = 16384, .list_max = 100,
	.assoc_page = 500, .results_max = 10000,
	.token = "pat-eu1-11111111-2222-4333-8444-555555555555" },
	.mutant = -1, .lock = PTHREAD_MUTEX_INITIALIZER };
static const char *now_file, *tags;

static _Noreturn void
usage(const char *what)
{
	fprintf(stderr, "hubspot: %s\nusage: hubspot --ledger DIR [--port N] "
	    "[--port-file F] [options, see README.md]\n", what);
	exit(64);
}

static const struct {
	const char *name, **to;
} texts[] = { { "ledger", &sim.opt.dir }, { "port-file", &sim.opt.port_file },
	{ "token", &sim.opt.token }, { "scopes", &sim.opt.scopes },
	{ "now", &sim.opt.now }, { "now-file", &now_file },
	{ "tags", &tags } };
static const struct {
	const char *name;
	int64_t *to;
} numbers[] = { { "port", &sim.opt.port }, { "seed-world", &sim.opt.contacts },
	{ "seed", &sim.opt.seed }, { "events", &sim.opt.events },
	{ "days", &sim.opt.days }, { "search-rate", &sim.opt.search_rate },
	{ "rate", &sim.opt.rate }, { "daily", &sim.opt.daily },
	{ "url-max", &sim.opt.url_max }, { "index-lag-s", &sim.opt.lag_s },
	{ "list-max", &sim.opt.list_max },
	{ "assoc-page", &sim.opt.assoc_page },
	{ "results-max", &sim.opt.results_max } };
static const struct {
	const char *name;
	bool *to;
} flags[] = { { "no-sync", &sim.opt.no_sync }, { "bodies", &sim.opt.bodies },
	{ "id-text", &sim.opt.id_text },
	{ "after-integer", &sim.opt.after_integer },
	{ "assoc-text", &sim.opt.assoc_text },
	{ "time-ms", &sim.opt.time_ms },
	{ "whole-batch", &sim.opt.whole_batch },
	{ "each-input", &sim.opt.each_input },
	{ "rate-by-now", &sim.opt.rate_by_now },
	{ "plain-stages", &sim.opt.plain_stages },
	{ "in-lower", &sim.opt.in_lower } };

static void
option_other(const char *name, const char *arg)
{
	json_t *in = NULL;

	if (strcmp(name, "die-with-parent") == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	} else if (strcmp(name, "fault") == 0) {
		in = json_loads(arg, 0, NULL);
		if (in == NULL || !fault_add(&sim, in))
			usage("--fault takes {\"kind\":...}, see README.md");
	} else if (!mutant_set(&sim, arg)) {
		usage("--mutate takes a name, see README.md");
	}
	json_decref(in);
}

static void
option_take(const char *name, const char *arg)
{
	for (size_t i = 0; i < LEN(texts); i++)
		if (strcmp(name, texts[i].name) == 0) {
			*texts[i].to = arg;
			return;
		}
	for (size_t i = 0; i < LEN(flags); i++)
		if (strcmp(name, flags[i].name) == 0) {
			*flags[i].to = true;
			return;
		}
	for (size_t i = 0; i < LEN(numbers); i++)
		if (strcmp(name, numbers[i].name) == 0) {
			if (!sim_num(arg, numbers[i].to))
				usage(arg);
			return;
		}
	option_other(name, arg);
}

static void
options_read(int argc, char **argv)
{
	struct option long_options[LEN(texts) + LEN(numbers) + LEN(flags) + 4];
	size_t n = 0;
	int at;

	for (size_t i = 0; i < LEN(texts); i++)
		long_options[n++] = (struct option){ texts[i].name, 1, NULL, 0 };
	for (size_t i = 0; i < LEN(numbers); i++)
		long_options[n++] = (struct option){ numbers[i].name, 1, NULL,
			0 };
	for (size_t i = 0; i < LEN(flags); i++)
		long_options[n++] = (struct option){ flags[i].name, 0, NULL, 0 };
	long_options[n++] = (struct option){ "fault", 1, NULL, 0 };
	long_options[n++] = (struct option){ "mutate", 1, NULL, 0 };
	long_options[n++] = (struct option){ "die-with-parent", 0, NULL, 0 };
	long_options[n] = (struct option){ NULL, 0, NULL, 0 };
	for (int c; (c = getopt_long(argc, argv, "", long_options, &at)) != -1;) {
		if (c != 0)
			usage("unknown option");
		option_take(long_options[at].name, optarg);
	}
	if (optind != argc)
		usage(argv[optind]);
}

/* ---- the state ----------------------------------------------------------- */

/* The time on which the world was drawn stays, whatever the clock does. */
static void
world_time(void)
{
	char *path = fmt_text("%s/world-at", sim.opt.dir);
	char line[64] = "";
	FILE *f = fopen(path, "re");

	if (f != NULL && fgets(line, sizeof(line), f) != NULL)
		line[strcspn(line, "\n")] = '\0';
	if (f != NULL)
		fclose(f);
	if (!sim_time_parse(line, &sim.world_at)) {
		sim.world_at = (int64_t)time(NULL);
		if (sim.opt.now != NULL &&
		    !sim_time_parse(sim.opt.now, &sim.world_at))
			usage(sim.opt.now);
		file_write(path, sim_time_iso(sim.world_at));
	}
	free(path);
}

static int
file_append(const char *name)
{
	char *path = fmt_text("%s/%s", sim.opt.dir, name);
	const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
	    0640);

	if (fd < 0)
		die(path);
	free(path);
	return fd;
}

/* What the customer's administrator made before. */
static void
tags_open(void)
{
	const bool text = tags == NULL || strcmp(tags, "text") == 0;

	if (tags == NULL)
		return;
	if (!text && strcmp(tags, "enumeration") != 0)
		usage(tags);
	struct prop *p = prop_add(&sim.kinds[OBJ_CONTACTS], "npstoday_tags",
	    text ? P_TEXT : P_ENUM, text ? "textarea" : "checkbox", false);
	if (!text) {
		option_add(p, "VIP", "VIP", false, 0);
		option_add(p, "Kursus", "Kursus", false, 1);
	}
}

static void
sim_open(void)
{
	if (sim.opt.dir == NULL)
		usage("--ledger is needed");
	if (mkdir(sim.opt.dir, 0750) != 0 && errno != EEXIST)
		die(sim.opt.dir);
	if (now_file == NULL)
		snprintf(sim.now_file, sizeof(sim.now_file), "%.4000s/now",
		    sim.opt.dir);
	else
		snprintf(sim.now_file, sizeof(sim.now_file), "%s", now_file);
	world_time();
	if (sim.opt.now != NULL && access(sim.now_file, F_OK) != 0)
		file_write(sim.now_file, sim.opt.now);
	sim.now = now_read(&sim);
	sim.by_status = json_object();
	sim.by_on = json_object();
	sim.violations = json_object();
	sim.refused = json_object();
	schema_open(&sim);
	tags_open();
	world_draw(&sim);
	char *path = fmt_text("%s/ledger.jsonl", sim.opt.dir);
	ledger_load(&sim, path);
	free(path);
	sim.ledger = file_append("ledger.jsonl");
	sim.log = file_append("requests.log");
	sim.started_ms = clock_ms();
}

int
main(int argc, char **argv)
{
	sigset_t set;
	char port[16];
	int sig;

	options_read(argc, argv);
	sim_open();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	struct MHD_Daemon *d = listen_on(&sim);
	snprintf(port, sizeof(port), "%d", sim.port);
	if (sim.opt.port_file != NULL)
		file_write(sim.opt.port_file, port);
	sigwait(&set, &sig);
	MHD_stop_daemon(d);
	return 0;
}
