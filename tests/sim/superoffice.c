/*
 * superoffice.c - a stand-in for SuperOffice CRM, for tests: the tenant's
 * state, the system user's ticket, archives with their query language, lists,
 * persons with interests and fields of the tenant.  It shares no code with
 * npsync.  The tenant is drawn from a number; what changed since stands in
 * LEDGER/ledger.jsonl, one line per effect, on disk before the answer leaves,
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

#include "parts/superoffice/sim.h"

static _Noreturn void
usage(const char *what)
{
	fprintf(stderr,
	    "superoffice: %s\nusage: superoffice --ledger DIR [--port N] "
	    "[--port-file F] [options, see README.md]\n",
	    what);
	exit(64);
}

enum kind { FLAG, TEXT, NUMBER, OTHER };
static struct sim sim = { .opt = { .client_id = "cid", .secret = "sec",
		    .system_token = "NPS Sync-AbCdEfGhIj",
		    .context = "Cust12345", .refresh_token = "refresh-0123",
		    .basic = "npsync:geheim", .site = "site",
		    .interest_list = "PersonInterest", .offset = "Z",
		    .page_max = 10000, .seed = 1, .persons = 200,
		    .events = 200, .days = 30, .bookings = 5, .skew_s = 300 },
	.state = "Running", .running = true,
	.lock = PTHREAD_MUTEX_INITIALIZER };

/* The place of each: a bool, a text or a number. */
static const struct {
	const char *name;
	enum kind kind;
	void *to;
} options[] = {
	{ "port", NUMBER, &sim.opt.port },
	{ "port-file", TEXT, &sim.opt.port_file },
	{ "ledger", TEXT, &sim.opt.dir }, { "now", TEXT, &sim.opt.now },
	{ "client-id", TEXT, &sim.opt.client_id },
	{ "client-secret", TEXT, &sim.opt.secret },
	{ "system-token", TEXT, &sim.opt.system_token },
	{ "public-key", TEXT, &sim.opt.public_key },
	{ "context", TEXT, &sim.opt.context },
	{ "refresh-token", TEXT, &sim.opt.refresh_token },
	{ "basic", TEXT, &sim.opt.basic }, { "site", TEXT, &sim.opt.site },
	{ "issuer", TEXT, &sim.opt.issuer },
	{ "offset", TEXT, &sim.opt.offset },
	{ "interest-list", TEXT, &sim.opt.interest_list },
	{ "page-max", NUMBER, &sim.opt.page_max },
	{ "seed", NUMBER, &sim.opt.seed },
	{ "seed-world", NUMBER, &sim.opt.persons },
	{ "events", NUMBER, &sim.opt.events },
	{ "days", NUMBER, &sim.opt.days },
	{ "bookings", NUMBER, &sim.opt.bookings },
	{ "rate", NUMBER, &sim.opt.rate },
	{ "skew-s", NUMBER, &sim.opt.skew_s },
	{ "no-sync", FLAG, &sim.opt.no_sync },
	{ "onsite", FLAG, &sim.opt.onsite },
	{ "record", FLAG, &sim.opt.record },
	{ "email-rows", FLAG, &sim.opt.email_rows },
	{ "headings", FLAG, &sim.opt.headings },
	{ "no-admin", FLAG, &sim.opt.no_admin },
	{ "next-link", FLAG, &sim.opt.next_link },
	{ "no-update-interests", FLAG, &sim.opt.no_update_interests },
	{ "no-appointment-list", FLAG, &sim.opt.no_appointment_list },
	{ "closed-entity", FLAG, &sim.opt.closed_entity },
	{ "replace-custom", FLAG, &sim.opt.replace_custom },
	{ "now-file", OTHER, NULL }, { "fault", OTHER, NULL },
	{ "mutate", OTHER, NULL }, { "die-with-parent", FLAG, NULL },
};
#define OPTIONS (sizeof(options) / sizeof(*options))

static void
option_other(const char *name, const char *arg)
{
	if (strcmp(name, "now-file") == 0) {
		snprintf(sim.now_file, sizeof(sim.now_file), "%s", arg);
	} else if (strcmp(name, "fault") == 0) {
		json_t *in = json_loads(arg, 0, NULL);
		if (in == NULL || !fault_add(&sim, in))
			usage("--fault takes {\"kind\":...}, see README.md");
		json_decref(in);
	} else if (!mutant_set(&sim, arg)) {
		usage("--mutate takes a name, see README.md");
	}
}

static void
option_take(size_t i, const char *arg)
{
	switch (options[i].kind) {
	case FLAG:
		if (options[i].to == NULL)
			(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		else
			*(bool *)options[i].to = true;
		break;
	case TEXT:
		*(const char **)options[i].to = arg;
		break;
	case NUMBER:
		if (!sim_num(arg, options[i].to))
			usage(arg);
		break;
	case OTHER:
		option_other(options[i].name, arg);
		break;
	}
}

static void
options_read(int argc, char **argv)
{
	struct option longs[OPTIONS + 1] = { { NULL, 0, NULL, 0 } };
	int c;

	for (size_t i = 0; i < OPTIONS; i++)
		longs[i] = (struct option){ options[i].name,
			options[i].kind != FLAG, NULL, 256 + (int)i };
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c < 256)
			usage("unknown option");
		option_take((size_t)c - 256, optarg);
	}
	if (sim.opt.dir == NULL)
		usage("--ledger is needed");
}

/* The time on which the world was drawn stays, whatever the clock does. */
static void
base_read(struct sim *s)
{
	char path[4200], line[64] = "";

	snprintf(path, sizeof(path), "%.4000s/world-at", s->opt.dir);
	FILE *f = fopen(path, "re");
	if (f != NULL) {
		if (fgets(line, sizeof(line), f) != NULL)
			line[strcspn(line, "\n")] = '\0';
		fclose(f);
	}
	if (!sim_time_parse(line, &s->opt.base)) {
		s->opt.base = s->now;
		file_write(path, sim_time_text(s->now, "Z", line,
		    sizeof(line)));
	}
}

static int
file_open(const struct sim *s, const char *name)
{
	char path[4200];

	snprintf(path, sizeof(path), "%.4000s/%s", s->opt.dir, name);
	if (strcmp(name, "ledger.jsonl") == 0)
		ledger_load(&sim, path);
	const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
	    0640);
	if (fd < 0)
		die(path);
	return fd;
}

static void
sim_open(struct sim *s)
{
	if (mkdir(s->opt.dir, 0750) != 0 && errno != EEXIST)
		die(s->opt.dir);
	if (s->now_file[0] == '\0')
		snprintf(s->now_file, sizeof(s->now_file), "%.4000s/now",
		    s->opt.dir);
	if (s->opt.now != NULL && access(s->now_file, F_OK) != 0)
		file_write(s->now_file, s->opt.now);
	s->now = now_read(s);
	base_read(s);
	s->by_status = json_object();
	s->by_endpoint = json_object();
	s->violations = json_object();
	s->extra = json_object();
	s->contract = contract_load();
	tables_init(s);
	world_draw(s);
	s->log = file_open(s, "requests.log");
	s->ledger = file_open(s, "ledger.jsonl");
	if (s->opt.record)
		s->record = file_open(s, "exchanges.jsonl");
	s->started_ms = clock_ms();
}

int
main(int argc, char **argv)
{
	struct MHD_Daemon *d[LISTENERS];
	sigset_t set;
	char text[64];
	int sig;

	options_read(argc, argv);
	sim_open(&sim);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	listen_on(&sim, d);
	if (sim.opt.issuer == NULL) {
		snprintf(text, sizeof(text), "http://127.0.0.1:%d", sim.port);
		sim.opt.issuer = dup_text(text);
	}
	snprintf(text, sizeof(text), "%d", sim.port);
	if (sim.opt.port_file != NULL)
		file_write(sim.opt.port_file, text);
	sigwait(&set, &sig);
	for (int i = 0; i < LISTENERS; i++)
		MHD_stop_daemon(d[i]);
	return 0;
}
