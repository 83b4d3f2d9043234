/*
 * asknicely.c - a stand-in for the survey service AskNicely, for tests: send to
 * a person, look one up, answers, opt-outs, limits, and a second port where
 * large answers lie as files.  It shares no code with npsync.  What it did stands
 * in LEDGER/ledger.jsonl, one line per effect, on disk before the answer leaves;
 * the state is rebuilt from there.  Options, /sim/ controls, faults and mutants
 * are described in README.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts/asknicely/sim.h"

static struct sim sim = { .opt = { .rule_days = 90, .absent = 404 },
	.mutant = -1, .lock = PTHREAD_MUTEX_INITIALIZER };
static const char *now_file, *key_file, *limits = "now";

static const struct {
	const char *name, **to;
} texts[] = { { "ledger", &sim.opt.dir }, { "port-file", &sim.opt.port_file },
	{ "key", &sim.opt.key }, { "key-file", &key_file },
	{ "now", &sim.opt.now }, { "now-file", &now_file },
	{ "limits", &limits }, { "sms", &sim.opt.sms } };
static const struct {
	const char *name;
	int64_t *to;
} numbers[] = { { "port", &sim.opt.port }, { "rule-days", &sim.opt.rule_days },
	{ "redirect-above", &sim.opt.redirect_above },
	{ "absent", &sim.opt.absent } };
static const struct {
	const char *name;
	bool *to;
} flags[] = { { "no-sync", &sim.opt.no_sync },
	{ "pending-ignored", &sim.opt.pending_ignored },
	{ "readd-activates", &sim.opt.readd_activates },
	{ "fields-now", &sim.opt.fields_now },
	{ "since-sent", &sim.opt.since_sent },
	{ "scheduled", &sim.opt.scheduled },
	{ "allow-erase", &sim.opt.allow_erase } };

static _Noreturn void
usage(const char *what)
{
	fprintf(stderr, "asknicely: %s\nusage: asknicely --ledger DIR --key K "
	    "[--port N] [--port-file F] [options, see README.md]\n", what);
	exit(64);
}

/* ---- options -------------------------------------------------------------- */

static void
option_other(const char *name, const char *arg)
{
	json_t *in;

	if (strcmp(name, "die-with-parent") == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	} else if (strcmp(name, "mutate") == 0) {
		if (!mutant_set(&sim, arg))
			usage("--mutate takes a name, see README.md");
	} else {
		in = json_loads(arg, 0, NULL);
		if (in == NULL || !fault_add(&sim, in))
			usage("--fault takes {\"kind\":...}, see README.md");
		json_decref(in);
	}
}

static void
option_take(const char *name, const char *arg)
{
	size_t i = 0;

	while (i < LEN(texts) && strcmp(name, texts[i].name) != 0)
		i++;
	if (i < LEN(texts)) {
		*texts[i].to = arg;
		return;
	}
	for (i = 0; i < LEN(numbers); i++)
		if (strcmp(name, numbers[i].name) == 0) {
			if (!sim_num(arg, numbers[i].to))
				usage(arg);
			return;
		}
	for (i = 0; i < LEN(flags); i++)
		if (strcmp(name, flags[i].name) == 0) {
			*flags[i].to = true;
			return;
		}
	option_other(name, arg);
}

static void
options_read(int argc, char **argv)
{
	struct option longs[LEN(texts) + LEN(numbers) + LEN(flags) + 4] = {
		{ "fault", 1, NULL, 0 }, { "mutate", 1, NULL, 0 },
		{ "die-with-parent", 0, NULL, 0 } };
	struct option *next = longs + 3;
	int at;

	for (size_t i = 0; i < LEN(texts); i++)
		*next++ = (struct option){ texts[i].name, 1, NULL, 0 };
	for (size_t i = 0; i < LEN(numbers); i++)
		*next++ = (struct option){ numbers[i].name, 1, NULL, 0 };
	for (size_t i = 0; i < LEN(flags); i++)
		*next++ = (struct option){ flags[i].name, 0, NULL, 0 };
	for (int c; (c = getopt_long(argc, argv, "", longs, &at)) != -1;) {
		if (c != 0)
			usage("unknown option");
		option_take(longs[at].name, optarg);
	}
	if (optind != argc)
		usage(argv[optind]);
}

static void
limits_read(void)
{
	static const char *const names[] = { "now", "real", "off", NULL };

	sim.opt.limits = place_of(limits, names);
	if (sim.opt.limits < 0)
		usage(limits);
	limits_open(&sim);
}

static void
key_read(void)
{
	static char key[300];
	FILE *f = key_file == NULL ? NULL : fopen(key_file, "re");

	if (key_file == NULL)
		return;
	if (f == NULL || fgets(key, sizeof(key), f) == NULL)
		die(key_file);
	fclose(f);
	key[strcspn(key, "\r\n")] = '\0';
	sim.opt.key = key;
}

/* ---- the state ------------------------------------------------------------- */

static int
file_append(const char *name)
{
	char *path = text_make("%s/%s", sim.opt.dir, name);
	const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
	    0640);

	if (fd < 0)
		die(path);
	free(path);
	return fd;
}

static void
sim_open(void)
{
	key_read();
	if (sim.opt.dir == NULL || sim.opt.key == NULL || *sim.opt.key == '\0')
		usage("--ledger and --key are needed");
	if (mkdir(sim.opt.dir, 0750) != 0 && errno != EEXIST)
		die(sim.opt.dir);
	snprintf(sim.now_file, sizeof(sim.now_file), "%.4000s%s",
	    now_file == NULL ? sim.opt.dir : now_file,
	    now_file == NULL ? "/now" : "");
	if (sim.opt.now != NULL && access(sim.now_file, F_OK) != 0)
		file_write(sim.now_file, sim.opt.now);
	sim.now = now_read(&sim);
	sim.by_email = json_object();
	sim.by_status = json_object();
	sim.by_on = json_object();
	sim.violations = json_object();
	char *path = text_make("%s/ledger.jsonl", sim.opt.dir);
	ledger_load(&sim, path);
	free(path);
	sim.ledger = file_append("ledger.jsonl");
	sim.log = file_append("requests.log");
	sim.started_ms = clock_ms();
	limits_read();
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
	struct MHD_Daemon *storage = listen_on(&sim, 0, true);
	sim.storage_port = port_of(storage);
	struct MHD_Daemon *d = listen_on(&sim, sim.opt.port, false);
	snprintf(port, sizeof(port), "%d", port_of(d));
	if (sim.opt.port_file != NULL)
		file_write(sim.opt.port_file, port);
	sigwait(&set, &sig);
	MHD_stop_daemon(d);
	MHD_stop_daemon(storage);
	return 0;
}
