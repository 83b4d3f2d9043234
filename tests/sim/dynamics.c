/*
 * dynamics.c - a stand-in for Dynamics 365: the token endpoint of Entra and the
 * Web API of Dataverse, for tests.  It shares no code with npsync.  What it
 * accepted stands in LEDGER/ledger.jsonl, on disk before the answer leaves; the
 * world is made from --seed and the ledger, so a restart changes nothing.
 * Every call stands in LEDGER/requests.log.  See README.md beside this file.
 */
#include <stdlib.h>
#include <time.h>

#include "parts/common/start.h"
#include "parts/dynamics/sim.h"

const char *const sim_needs = "--ledger DIR";
static struct sim sim = { .opt = { .tenant = "contoso.onmicrosoft.com",
	.client = "11111111-2222-4333-8444-555555555555",
	.secret = "sim-secret-0123456789", .prefix = "/api/data/v9.2/",
	.token_s = 3599, .window_s = 300, .url_max = 32768,
	.conditions_max = 500, .expand_max = 50, .seed = 7, .days = 30 },
	.mutants = { .names = mutant_names, .on = -1 }, .version = 500000,
	.lock = PTHREAD_MUTEX_INITIALIZER };

static const struct sim_option options[] = {
	{ "port", NUMBER, &sim.opt.port },
	{ "port-file", TEXT, &sim.opt.port_file },
	{ "ledger", TEXT, &sim.opt.dir },
	{ "tenant", TEXT, &sim.opt.tenant },
	{ "client-id", TEXT, &sim.opt.client },
	{ "secret", TEXT, &sim.opt.secret },
	{ "secret-file", LINE, &sim.opt.secret },
	{ "certificate", TEXT, &sim.opt.certificate },
	{ "public-key", TEXT, &sim.opt.public_key },
	{ "x5t", TEXT, &sim.opt.x5t },
	{ "prefix", TEXT, &sim.opt.prefix },
	{ "base-url", TEXT, &sim.opt.base },
	{ "page-max", NUMBER, &sim.opt.page_max },
	{ "token-s", NUMBER, &sim.opt.token_s },
	{ "rate", NUMBER, &sim.opt.rate },
	{ "window-s", NUMBER, &sim.opt.window_s },
	{ "url-max", NUMBER, &sim.opt.url_max },
	{ "conditions-max", NUMBER, &sim.opt.conditions_max },
	{ "expand-max", NUMBER, &sim.opt.expand_max },
	{ "seed-world", NUMBER, &sim.opt.contacts },
	{ "events", NUMBER, &sim.opt.events },
	{ "days", NUMBER, &sim.opt.days },
	{ "seed", NUMBER, &sim.opt.seed },
	{ "key-delay-s", NUMBER, &sim.opt.key_s },
	{ "no-sync", FLAG, &sim.opt.no_sync },
	{ "bare", FLAG, &sim.opt.bare },
	{ "number-key", FLAG, &sim.opt.number_key },
	{ "record", FLAG, &sim.opt.record },
	{ "no-tracking", FLAG, &sim.opt.no_tracking },
	{ "no-etags", FLAG, &sim.opt.no_etags },
	{ "now", OTHER, NULL },
	{ "column", OTHER, NULL },
};

static const char *columns[32];
static size_t n_columns;

static void
option_other(const char *name, const char *arg)
{
	if (strcmp(name, "now") == 0) {
		if (!sim_time_parse(arg, &sim.world_at))
			usage("--now takes 2026-11-25T20:00:00Z");
	} else {
		if (n_columns == LEN(columns))
			usage("too many columns");
		columns[n_columns++] = arg;
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

static void
sim_open(struct sim *s)
{
	folder_open(s->opt.dir, s->now_file, sizeof(s->now_file), NULL);
	s->by_status = json_object();
	s->complaints = json_object();
	s->log = file_append(s->opt.dir, "requests.log");
	s->exchanges = s->opt.record
	    ? file_append(s->opt.dir, "exchanges.jsonl") : -1;
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
	ledger_load(s);
	s->ledger = file_append(s->opt.dir, "ledger.jsonl");
	s->started_ms = clock_ms();
}

static const struct sim_options all = { .own = options, .n = LEN(options),
	.sim = &sim, .now_file = sim.now_file,
	.now_file_size = sizeof(sim.now_file), .fault = fault_add,
	.mutants = &sim.mutants, .other = option_other };

int
main(int argc, char **argv)
{
	options_read(argc, argv, &all);
	sim_open(&sim);
	signals_hold();
	listen_on(&sim);
	signals_wait(sim.opt.port_file, sim.port);
	listen_end();
	return 0;
}
