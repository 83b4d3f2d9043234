/*
 * superoffice.c - a stand-in for SuperOffice CRM, for tests: the tenant's
 * state, the system user's ticket, archives with their query language, lists,
 * persons with interests and fields of the tenant.  It shares no code with
 * npsync.  The tenant is drawn from a number; what changed since stands in
 * LEDGER/ledger.jsonl, one line per effect, on disk before the answer leaves,
 * so a restart changes nothing.  Every call stands in LEDGER/requests.log.
 * Endpoints, /sim/ controls, faults and mutants are described in README.md.
 */
#include <stdlib.h>

#include "parts/common/start.h"
#include "parts/superoffice/sim.h"

const char *const sim_needs = "--ledger DIR";
static struct sim sim = { .opt = { .client_id = "cid", .secret = "sec",
		    .system_token = "NPS Sync-AbCdEfGhIj",
		    .context = "Cust12345", .refresh_token = "refresh-0123",
		    .basic = "npsync:geheim", .site = "site",
		    .interest_list = "PersonInterest", .offset = "Z",
		    .page_max = 10000, .seed = 1, .persons = 200,
		    .events = 200, .days = 30, .bookings = 5, .skew_s = 300 },
	.state = "Running", .running = true,
	.mutants = { .names = mutant_names, .on = -1 },
	.lock = PTHREAD_MUTEX_INITIALIZER };

static const struct sim_option options[] = {
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
};

static void
sim_open(struct sim *s)
{
	folder_open(s->opt.dir, s->now_file, sizeof(s->now_file), s->opt.now);
	s->now = now_read(s);
	s->opt.base = file_time(s->opt.dir, "world-at", s->now);
	s->by_status = json_object();
	s->by_endpoint = json_object();
	s->violations = json_object();
	s->extra = json_object();
	s->contract = contract_load();
	tables_init(s);
	world_draw(s);
	s->log = file_append(s->opt.dir, "requests.log");
	ledger_load(s);
	s->ledger = file_append(s->opt.dir, "ledger.jsonl");
	if (s->opt.record)
		s->record = file_append(s->opt.dir, "exchanges.jsonl");
	s->started_ms = clock_ms();
}

static const struct sim_options all = { .own = options, .n = LEN(options),
	.sim = &sim, .now_file = sim.now_file,
	.now_file_size = sizeof(sim.now_file), .fault = fault_add,
	.mutants = &sim.mutants };

int
main(int argc, char **argv)
{
	struct MHD_Daemon *d[LISTENERS];

	options_read(argc, argv, &all);
	sim_open(&sim);
	signals_hold();
	listen_on(&sim, d);
	if (sim.opt.issuer == NULL)
		sim.opt.issuer = fmt_text("http://127.0.0.1:%d", sim.port);
	signals_wait(sim.opt.port_file, sim.port);
	for (int i = 0; i < LISTENERS; i++)
		MHD_stop_daemon(d[i]);
	return 0;
}
