/*
 * asknicely.c - a stand-in for the survey service AskNicely, for tests: send to
 * a person, look one up, answers, opt-outs, limits, and a second port where
 * large answers lie as files.  It shares no code with npsync.  What it did stands
 * in LEDGER/ledger.jsonl, one line per effect, on disk before the answer leaves;
 * the state is rebuilt from there.  Options, /sim/ controls, faults and mutants
 * are described in README.md.
 */
#include <stdlib.h>

#include "parts/asknicely/sim.h"
#include "parts/common/start.h"

const char *const sim_needs = "--ledger DIR --key K";
static struct sim sim = { .opt = { .rule_days = 90, .absent = 404 },
	.mutants = { .names = mutant_names, .on = -1 },
	.lock = PTHREAD_MUTEX_INITIALIZER };

static const struct sim_option options[] = {
	{ "ledger", TEXT, &sim.opt.dir },
	{ "port-file", TEXT, &sim.opt.port_file },
	{ "key", TEXT, &sim.opt.key },
	{ "key-file", LINE, &sim.opt.key },
	{ "now", TEXT, &sim.opt.now },
	{ "sms", TEXT, &sim.opt.sms },
	{ "port", NUMBER, &sim.opt.port },
	{ "rule-days", NUMBER, &sim.opt.rule_days },
	{ "redirect-above", NUMBER, &sim.opt.redirect_above },
	{ "absent", NUMBER, &sim.opt.absent },
	{ "no-sync", FLAG, &sim.opt.no_sync },
	{ "pending-ignored", FLAG, &sim.opt.pending_ignored },
	{ "readd-activates", FLAG, &sim.opt.readd_activates },
	{ "fields-now", FLAG, &sim.opt.fields_now },
	{ "since-sent", FLAG, &sim.opt.since_sent },
	{ "scheduled", FLAG, &sim.opt.scheduled },
	{ "allow-erase", FLAG, &sim.opt.allow_erase },
	{ "limits", OTHER, NULL },
};

static void
option_other(const char *name, const char *arg)
{
	static const char *const limits[] = { "now", "real", "off", NULL };

	(void)name;
	sim.opt.limits = option_choice(arg, limits);
}

static void
sim_open(void)
{
	if (sim.opt.dir == NULL || sim.opt.key == NULL || *sim.opt.key == '\0')
		usage("--ledger and --key are needed");
	folder_open(sim.opt.dir, sim.now_file, sizeof(sim.now_file),
	    sim.opt.now);
	sim.now = now_read(&sim);
	sim.by_email = json_object();
	sim.by_status = json_object();
	sim.by_on = json_object();
	sim.violations = json_object();
	ledger_load(&sim);
	sim.ledger = file_append(sim.opt.dir, "ledger.jsonl");
	sim.log = file_append(sim.opt.dir, "requests.log");
	sim.started_ms = clock_ms();
	limits_open(&sim);
}

static const struct sim_options all = { .own = options, .n = LEN(options),
	.sim = &sim, .now_file = sim.now_file,
	.now_file_size = sizeof(sim.now_file), .fault = fault_add,
	.mutants = &sim.mutants, .other = option_other };

int
main(int argc, char **argv)
{
	options_read(argc, argv, &all);
	sim_open();
	signals_hold();
	struct MHD_Daemon *storage = listen_on(&sim, 0, true);
	sim.storage_port = service_port(storage);
	struct MHD_Daemon *d = listen_on(&sim, sim.opt.port, false);
	signals_wait(sim.opt.port_file, service_port(d));
	MHD_stop_daemon(d);
	MHD_stop_daemon(storage);
	return 0;
}
