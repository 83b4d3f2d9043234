/*
 * hubspot.c - a stand-in for HubSpot's CRM interface, for tests: search with
 * its limits, lists, batches, associations, pipelines, properties, preferences,
 * in the paths of v3/v4 and of the versions by date.  It shares no code with
 * npsync.  The account is drawn from a number; what changed since stands in
 * LEDGER/ledger.jsonl, so a restart changes nothing.  Options, /sim/ controls,
 * faults and mutants are described in README.md.
 */
#include <stdlib.h>
#include <time.h>

#include "parts/common/start.h"
#include "parts/hubspot/sim.h"

const char *const sim_needs = "--ledger DIR";
static struct sim sim = { .opt = { .seed = 1, .contacts = 200, .events = 60,
	.days = 30, .search_rate = 5, .url_max = 16384, .list_max = 100,
	.assoc_page = 500, .results_max = 10000,
	.token = "pat-eu1-11111111-2222-4333-8444-555555555555" },
	.mutants = { .names = mutant_names, .on = -1 },
	.lock = PTHREAD_MUTEX_INITIALIZER };
static const char *tags;

static const struct sim_option options[] = {
	{ "ledger", TEXT, &sim.opt.dir },
	{ "port-file", TEXT, &sim.opt.port_file },
	{ "token", TEXT, &sim.opt.token },
	{ "scopes", TEXT, &sim.opt.scopes },
	{ "now", TEXT, &sim.opt.now },
	{ "port", NUMBER, &sim.opt.port },
	{ "seed-world", NUMBER, &sim.opt.contacts },
	{ "seed", NUMBER, &sim.opt.seed },
	{ "events", NUMBER, &sim.opt.events },
	{ "days", NUMBER, &sim.opt.days },
	{ "search-rate", NUMBER, &sim.opt.search_rate },
	{ "rate", NUMBER, &sim.opt.rate },
	{ "daily", NUMBER, &sim.opt.daily },
	{ "url-max", NUMBER, &sim.opt.url_max },
	{ "index-lag-s", NUMBER, &sim.opt.lag_s },
	{ "list-max", NUMBER, &sim.opt.list_max },
	{ "assoc-page", NUMBER, &sim.opt.assoc_page },
	{ "results-max", NUMBER, &sim.opt.results_max },
	{ "no-sync", FLAG, &sim.opt.no_sync },
	{ "bodies", FLAG, &sim.opt.bodies },
	{ "id-text", FLAG, &sim.opt.id_text },
	{ "after-integer", FLAG, &sim.opt.after_integer },
	{ "assoc-text", FLAG, &sim.opt.assoc_text },
	{ "time-ms", FLAG, &sim.opt.time_ms },
	{ "whole-batch", FLAG, &sim.opt.whole_batch },
	{ "each-input", FLAG, &sim.opt.each_input },
	{ "rate-by-now", FLAG, &sim.opt.rate_by_now },
	{ "plain-stages", FLAG, &sim.opt.plain_stages },
	{ "in-lower", FLAG, &sim.opt.in_lower },
	{ "tags", TEXT, &tags },
};

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
	int64_t at = (int64_t)time(NULL);

	if (sim.opt.now != NULL && !sim_time_parse(sim.opt.now, &at))
		usage(sim.opt.now);
	folder_open(sim.opt.dir, sim.now_file, sizeof(sim.now_file),
	    sim.opt.now);
	sim.world_at = file_time(sim.opt.dir, "world-at", at);
	sim.now = now_read(&sim);
	sim.by_status = json_object();
	sim.by_on = json_object();
	sim.violations = json_object();
	sim.refused = json_object();
	schema_open(&sim);
	tags_open();
	world_draw(&sim);
	ledger_load(&sim);
	sim.ledger = file_append(sim.opt.dir, "ledger.jsonl");
	sim.log = file_append(sim.opt.dir, "requests.log");
	sim.started_ms = clock_ms();
}

static const struct sim_options all = { .own = options, .n = LEN(options),
	.sim = &sim, .now_file = sim.now_file,
	.now_file_size = sizeof(sim.now_file), .fault = fault_add,
	.mutants = &sim.mutants };

int
main(int argc, char **argv)
{
	options_read(argc, argv, &all);
	sim_open();
	signals_hold();
	struct MHD_Daemon *d = listen_on(&sim);
	signals_wait(sim.opt.port_file, sim.port);
	MHD_stop_daemon(d);
	return 0;
}
