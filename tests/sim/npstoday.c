/*
 * npstoday.c - a stand-in for the survey service NPS.Today, for tests and for
 * the demo.  It shares no code with npsync.  What it accepted stands in
 * LEDGER/ledger.jsonl, one line per effect, on disk before the answer leaves;
 * the state is rebuilt from there, so a restart changes nothing.  Every call
 * stands in LEDGER/requests.log.  Endpoints, /sim/ controls and faults are
 * described in README.md beside this file.
 */
#include <stdlib.h>

#include "parts/common/start.h"
#include "parts/npstoday/sim.h"

const char *const sim_needs = "--ledger DIR --key KEY";
static struct sim sim = { .opt = { .auth = AUTH_PREFIX },
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.released = PTHREAD_COND_INITIALIZER };

static const struct sim_option options[] = {
	{ "port", NUMBER, &sim.opt.port },
	{ "port-file", TEXT, &sim.opt.port_file },
	{ "ledger", TEXT, &sim.opt.dir },
	{ "key", TEXT, &sim.opt.key },
	{ "key-file", LINE, &sim.opt.key },
	{ "page-max", NUMBER, &sim.opt.page_max },
	{ "rate", NUMBER, &sim.opt.rate },
	{ "items", TEXT, &sim.opt.items },
	{ "no-sync", FLAG, &sim.opt.no_sync },
	{ "no-members", FLAG, &sim.opt.no_members },
	{ "person-id", FLAG, &sim.opt.person_id },
	{ "idempotent", FLAG, &sim.opt.idempotent },
	{ "member-in-answer", FLAG, &sim.opt.member_in_answer },
	{ "date-header", FLAG, &sim.opt.date_header },
	{ "auth", OTHER, NULL },
	{ "case", OTHER, NULL },
	{ "campaigns", OTHER, NULL },
	{ "campaign", OTHER, NULL },
	{ "duplicates", OTHER, NULL },
	{ "paging", OTHER, NULL },
	{ "order", OTHER, NULL },
	{ "mutate", OTHER, NULL },
};

static void
auth_value(struct sim *s)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char plain[300];
	size_t n = 0;
	if (s->opt.auth != AUTH_BASIC) {
		snprintf(s->auth_value, sizeof(s->auth_value), "%s%s",
		    s->opt.auth == AUTH_PREFIX ? "apikey " : "", s->opt.key);
		return;
	}
	memset(plain, 0, sizeof(plain));
	const int len =
	    snprintf(plain, sizeof(plain) - 2, "ApiKey:%.256s", s->opt.key);
	n = (size_t)snprintf(s->auth_value, sizeof(s->auth_value), "Basic ");
	for (int i = 0; i < len; i += 3) {
		const unsigned v = (unsigned)(unsigned char)plain[i] << 16 |
				   (unsigned)(unsigned char)plain[i + 1] << 8 |
				   (unsigned char)plain[i + 2];
		s->auth_value[n++] = set[v >> 18];
		s->auth_value[n++] = set[v >> 12 & 63];
		s->auth_value[n++] = i + 1 < len ? set[v >> 6 & 63] : '=';
		s->auth_value[n++] = i + 2 < len ? set[v & 63] : '=';
	}
	s->auth_value[n] = '\0';
}

/* "7749=Møde" or, by text message, "7760/sms=Opfølgning". */
static void
campaign_add(struct sim *s, const char *text)
{
	char id[32];
	const char *eq = strchr(text, '=');
	s->campaigns =
	    grow(s->campaigns, s->n_campaigns, sizeof(*s->campaigns));
	struct campaign *c = &s->campaigns[s->n_campaigns];
	*c = (struct campaign){ 0 };
	if (eq == NULL || eq[1] == '\0')
		usage("a campaign is ID=NAME");
	size_t len = (size_t)(eq - text);
	if (len > 4 && strncmp(eq - 4, "/sms", 4) == 0) {
		c->sms = true;
		len -= 4;
	}
	snprintf(id, sizeof(id), "%.*s", (int)len, text);
	if (!sim_num(id, &c->id))
		usage("a campaign is ID=NAME with a number");
	c->name = dup_text(eq + 1);
	s->n_campaigns++;
}

static void
campaigns_add(struct sim *s, const char *list)
{
	char *copy = dup_text(list), *rest = copy, *one;
	while ((one = strsep(&rest, ",")) != NULL)
		campaign_add(s, one);
	free(copy);
}

/* One word of a few. */
static bool
option_word(const char *name, const char *arg)
{
	static const char *const auths[] = { "raw", "prefix", "basic", NULL };
	static const char *const cases[] = { "camel", "pascal", NULL };
	static const char *const dups[] = { "allow", "refuse", "ignore", NULL };
	static const char *const pagings[] = { "honour", "ignore", "next",
		NULL };
	static const char *const orders[] = { "oldest", "newest", NULL };
	struct options *o = &sim.opt;
	if (strcmp(name, "auth") == 0)
		o->auth = option_choice(arg, auths);
	else if (strcmp(name, "case") == 0)
		o->pascal = option_choice(arg, cases) == 1;
	else if (strcmp(name, "duplicates") == 0)
		o->dup = option_choice(arg, dups);
	else if (strcmp(name, "paging") == 0)
		o->paging = option_choice(arg, pagings);
	else if (strcmp(name, "order") == 0)
		o->newest = option_choice(arg, orders) == 1;
	else
		return false;
	return true;
}

static void
option_other(const char *name, const char *arg)
{
	if (option_word(name, arg))
		return;
	if (strcmp(name, "campaigns") == 0)
		campaigns_add(&sim, arg);
	else if (strcmp(name, "campaign") == 0)
		campaign_add(&sim, arg);
	else if (!mutant_set(&sim, arg))
		usage("--mutate takes a name, see README.md");
}

static void
sim_open(struct sim *s)
{
	if (s->opt.dir == NULL || s->opt.key == NULL)
		usage("--ledger and --key are needed");
	if (s->n_campaigns == 0)
		campaigns_add(s, "7749=Møde,7750=Salg,7751=Tabt salg,"
				 "7752=Sag lukket,7753=Stilhed");
	folder_open(s->opt.dir, s->now_file, sizeof(s->now_file), NULL);
	s->by_email = json_object();
	s->by_guid = json_object();
	s->by_pair = json_object();
	s->by_status = json_object();
	ledger_load(s);
	s->log = file_append(s->opt.dir, "requests.log");
	s->ledger = file_append(s->opt.dir, "ledger.jsonl");
	auth_value(s);
	s->started_ms = clock_ms();
}

static const struct sim_options all = { .own = options, .n = LEN(options),
	.sim = &sim, .now_file = sim.now_file,
	.now_file_size = sizeof(sim.now_file), .fault = fault_add,
	.other = option_other };

int
main(int argc, char **argv)
{
	struct reply none = { 0 };
	options_read(argc, argv, &all);
	sim_open(&sim);
	signals_hold();
	struct MHD_Daemon *d = listen_on(&sim);
	signals_wait(sim.opt.port_file, sim.port);
	pthread_mutex_lock(&sim.lock);
	sim_release(&sim, NULL, &none);
	pthread_mutex_unlock(&sim.lock);
	json_decref(none.json);
	MHD_stop_daemon(d);
	return 0;
}
