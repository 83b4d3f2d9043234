/*
 * salesforce.c - a stand-in for Salesforce, for tests: OAuth, describe, SOQL
 * with pages, collections, single records, Chatter, bulk queries.  It shares no
 * code with npsync.  The org is drawn from a number; what changed since stands
 * in LEDGER/ledger.jsonl, one line per effect, on disk before the answer leaves,
 * so a restart changes nothing.  Every call stands in LEDGER/requests.log.
 * Endpoints, /sim/ controls, faults and mutants are described in README.md.
 */
#include "parts/common/start.h"
#include "parts/salesforce/sim.h"

const char *const sim_needs = "--ledger DIR";
static struct sim sim = { .opt = { .client_id = "cid", .secret = "sec",
	.user = "npsync@example.test", .api_limit = 100000, .uri_max = 16384,
	.bulk_polls = 1, .seed = 1, .contacts = 200, .events = 60,
	.history = 300 },
	.mutants = { .names = mutant_names, .on = -1 },
	.lock = PTHREAD_MUTEX_INITIALIZER };

static const struct sim_option options[] = {
	{ "port", NUMBER, &sim.opt.port },
	{ "port-file", TEXT, &sim.opt.port_file },
	{ "ledger", TEXT, &sim.opt.dir },
	{ "now", TEXT, &sim.opt.now },
	{ "client-id", TEXT, &sim.opt.client_id },
	{ "client-secret", TEXT, &sim.opt.secret },
	{ "client-secret-file", LINE, &sim.opt.secret },
	{ "jwt-key", TEXT, &sim.opt.jwt_key },
	{ "user", TEXT, &sim.opt.user },
	{ "audience", TEXT, &sim.opt.audience },
	{ "instance-host", TEXT, &sim.opt.instance_host },
	{ "page-max", NUMBER, &sim.opt.page_max },
	{ "seed-world", NUMBER, &sim.opt.seed },
	{ "contacts", NUMBER, &sim.opt.contacts },
	{ "events", NUMBER, &sim.opt.events },
	{ "history", NUMBER, &sim.opt.history },
	{ "api-limit", NUMBER, &sim.opt.api_limit },
	{ "uri-max", NUMBER, &sim.opt.uri_max },
	{ "token-calls", NUMBER, &sim.opt.token_calls },
	{ "bulk-polls", NUMBER, &sim.opt.bulk_polls },
	{ "no-sync", FLAG, &sim.opt.no_sync },
	{ "no-chatter", FLAG, &sim.opt.no_chatter },
	{ "bodies", FLAG, &sim.opt.bodies },
	{ "shared-activities", FLAG, &sim.opt.shared_activities },
	{ "bare", FLAG, &sim.opt.bare },
	{ "error-code", FLAG, &sim.opt.error_code },
	{ "plain", FLAG, &sim.opt.plain },
	{ "limit-info", OTHER, NULL },
	{ "field", OTHER, NULL },
	{ "hide", OTHER, NULL },
};

/* "Contact.NPS__c num" or "Contact.HasOptedOutOfEmail": kept until the schema
 * is there. */
#define LATER 64
static struct {
	bool hide;
	char *text;
} later[LATER];
static size_t n_later;

static void
option_later(bool hide, const char *arg)
{
	if (n_later == LATER || strchr(arg, '.') == NULL)
		usage(arg);
	later[n_later].hide = hide;
	later[n_later++].text = dup_text(arg);
}

static void
option_other(const char *name, const char *arg)
{
	static const char *const modes[] = { "both", "api", "app", "none",
		NULL };

	if (strcmp(name, "limit-info") == 0)
		sim.opt.limit_info = option_choice(arg, modes);
	else
		option_later(strcmp(name, "hide") == 0, arg);
}

static void
schema_later(struct sim *s)
{
	for (size_t i = 0; i < n_later; i++) {
		char *dot = strchr(later[i].text, '.');
		*dot = '\0';
		const struct object *o = object_find(s, later[i].text);
		struct field *f = o == NULL ? NULL : field_find(o, dot + 1);
		if (later[i].hide && f != NULL)
			f->flags |= F_HIDDEN;
		else if (later[i].hide ||
			 !field_add(s, later[i].text, dot + 1))
			usage(later[i].text);
	}
}

static void
sim_open(struct sim *s)
{
	folder_open(s->opt.dir, s->now_file, sizeof(s->now_file), s->opt.now);
	s->now = now_read(s);
	s->opt.base = file_time(s->opt.dir, "world-at", s->now);
	s->by_status = json_object();
	s->by_endpoint = json_object();
	s->by_kind = json_object();
	schema_load(s);
	schema_later(s);
	world_draw(s);
	ledger_load(s);
	s->log = file_append(s->opt.dir, "requests.log");
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
	struct MHD_Daemon *d = listen_on(&sim);
	signals_wait(sim.opt.port_file, sim.port);
	MHD_stop_daemon(d);
	return 0;
}
