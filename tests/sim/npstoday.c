/*
 * npstoday.c - a stand-in for the survey service NPS.Today, for tests and for
 * the demo.  It shares no code with npsync.  What it accepted stands in
 * LEDGER/ledger.jsonl, one line per effect, on disk before the answer leaves;
 * the state is rebuilt from there, so a restart changes nothing.  Every call
 * stands in LEDGER/requests.log.  Endpoints, /sim/ controls and faults are
 * described in README.md beside this file.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts/npstoday/sim.h"

static _Noreturn void
usage(const char *what)
{
	fprintf(stderr,
	    "npstoday: %s\nusage: npstoday --ledger DIR --key KEY "
	    "[--port N] [--port-file F] [options, see README.md]\n",
	    what);
	exit(64);
}

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

static const char *
key_file(const char *path)
{
	static char key[257];
	FILE *f = fopen(path, "re");
	if (f == NULL || fgets(key, sizeof(key), f) == NULL)
		die(path);
	fclose(f);
	key[strcspn(key, "\r\n")] = '\0';
	return key;
}

static int
option_choice(const char *arg, const char *const *names)
{
	const int n = choice(arg, names);
	if (n < 0)
		usage(arg);
	return n;
}

static int64_t
option_num(const char *arg)
{
	int64_t n;
	if (!sim_num(arg, &n))
		usage(arg);
	return n;
}

static const struct option long_options[] = { { "port", 1, NULL, 'p' },
	{ "port-file", 1, NULL, 'P' }, { "ledger", 1, NULL, 'l' },
	{ "key", 1, NULL, 'k' }, { "key-file", 1, NULL, 'K' },
	{ "auth", 1, NULL, 'a' }, { "case", 1, NULL, 'c' },
	{ "page-max", 1, NULL, 'm' }, { "now-file", 1, NULL, 'n' },
	{ "campaigns", 1, NULL, 'C' }, { "campaign", 1, NULL, 'D' },
	{ "rate", 1, NULL, 'r' }, { "fault", 1, NULL, 'f' },
	{ "mutate", 1, NULL, 'u' },
	{ "duplicates", 1, NULL, 'd' }, { "paging", 1, NULL, 'g' },
	{ "items", 1, NULL, 'i' }, { "order", 1, NULL, 'o' },
	{ "no-sync", 0, NULL, 's' },
	{ "no-members", 0, NULL, 'M' }, { "person-id", 0, NULL, 'I' },
	{ "idempotent", 0, NULL, 'G' }, { "member-in-answer", 0, NULL, 'R' },
	{ "date-header", 0, NULL, 'T' }, { "die-with-parent", 0, NULL, 'X' },
	{ NULL, 0, NULL, 0 } };

static void
option_fault(struct sim *s, const char *arg)
{
	json_t *in = json_loads(arg, 0, NULL);
	if (in == NULL || !fault_add(s, in))
		usage("--fault takes {\"kind\":...}, see README.md");
	json_decref(in);
}

static bool
option_flag(struct options *o, int c)
{
	switch (c) {
	case 's':
		return o->no_sync = true;
	case 'M':
		return o->no_members = true;
	case 'I':
		return o->person_id = true;
	case 'G':
		return o->idempotent = true;
	case 'R':
		return o->member_in_answer = true;
	case 'T':
		return o->date_header = true;
	case 'X':
		return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0;
	default:
		return false;
	}
}

static void
option_value(struct sim *s, int c, const char *arg)
{
	static const char *const auths[] = { "raw", "prefix", "basic", NULL };
	static const char *const cases[] = { "camel", "pascal", NULL };
	static const char *const dups[] = { "allow", "refuse", "ignore", NULL };
	static const char *const pagings[] = { "honour", "ignore", "next",
		NULL };
	static const char *const orders[] = { "oldest", "newest", NULL };
	struct options *o = &s->opt;
	switch (c) {
	case 'o':
		o->newest = option_choice(arg, orders) == 1;
		break;
	case 'p':
		o->port = option_num(arg);
		break;
	case 'P':
		o->port_file = arg;
		break;
	case 'l':
		o->dir = arg;
		break;
	case 'k':
		o->key = arg;
		break;
	case 'K':
		o->key = key_file(arg);
		break;
	case 'a':
		o->auth = option_choice(arg, auths);
		break;
	case 'c':
		o->pascal = option_choice(arg, cases) == 1;
		break;
	case 'm':
		o->page_max = option_num(arg);
		break;
	case 'n':
		snprintf(s->now_file, sizeof(s->now_file), "%s", arg);
		break;
	case 'C':
		campaigns_add(s, arg);
		break;
	case 'D':
		campaign_add(s, arg);
		break;
	case 'r':
		o->rate = option_num(arg);
		break;
	case 'f':
		option_fault(s, arg);
		break;
	case 'u':
		if (!mutant_set(s, arg))
			usage("--mutate takes a name, see README.md");
		break;
	case 'd':
		o->dup = option_choice(arg, dups);
		break;
	case 'g':
		o->paging = option_choice(arg, pagings);
		break;
	case 'i':
		o->items = arg;
		break;
	default:
		usage("unknown option");
	}
}

static void
sim_open(struct sim *s)
{
	char path[4200];
	if (s->opt.dir == NULL || s->opt.key == NULL)
		usage("--ledger and --key are needed");
	if (s->n_campaigns == 0)
		campaigns_add(s, "7749=Møde,7750=Salg,7751=Tabt salg,"
				 "7752=Sag lukket,7753=Stilhed");
	if (mkdir(s->opt.dir, 0750) != 0 && errno != EEXIST)
		die(s->opt.dir);
	if (s->now_file[0] == '\0')
		snprintf(s->now_file, sizeof(s->now_file), "%.4000s/now",
		    s->opt.dir);
	snprintf(path, sizeof(path), "%s/requests.log", s->opt.dir);
	s->log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	snprintf(path, sizeof(path), "%s/ledger.jsonl", s->opt.dir);
	ledger_load(s, path);
	s->ledger = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (s->ledger < 0 || s->log < 0)
		die(path);
	auth_value(s);
	s->started_ms = clock_ms();
}

int
main(int argc, char **argv)
{
	static struct sim s = { .opt = { .auth = AUTH_PREFIX },
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.released = PTHREAD_COND_INITIALIZER };
	struct reply none = { 0 };
	sigset_t set;
	char text[16];
	int c, sig;
	s.by_email = json_object();
	s.by_guid = json_object();
	s.by_pair = json_object();
	s.by_status = json_object();
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!option_flag(&s.opt, c))
			option_value(&s, c, optarg);
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
	pthread_mutex_lock(&s.lock);
	sim_release(&s, NULL, &none);
	pthread_mutex_unlock(&s.lock);
	json_decref(none.json);
	MHD_stop_daemon(d);
	return 0;
}
