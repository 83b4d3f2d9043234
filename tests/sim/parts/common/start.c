/*
 * start.c - options, the folder, signals.
 */
#include "start.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "files.h"

#define OPTIONS_MAX 64

_Noreturn void
usage(const char *what)
{
	const char *name = program_invocation_short_name;

	fprintf(stderr, "%s: %s\nusage: %s %s [--port N] [--port-file F] "
	    "[options, see README.md]\n", name, what, name, sim_needs);
	exit(64);
}

static void
option_take(const struct sim_option *o, const char *arg,
    const struct sim_options *all)
{
	switch (o->kind) {
	case FLAG:
		*(bool *)o->to = true;
		break;
	case TEXT:
		*(const char **)o->to = arg;
		break;
	case NUMBER:
		if (!sim_num(arg, o->to))
			usage(arg);
		break;
	case LINE:
		*(const char **)o->to = file_secret(arg);
		break;
	case OTHER:
		all->other(o->name, arg);
		break;
	}
}

/* Those that every one has. */
enum { NOW_FILE, FAULT, MUTATE, DIE_WITH_PARENT, SHARED };
static const struct option shared[SHARED] = { { "now-file", 1, NULL, 0 },
	{ "fault", 1, NULL, 0 }, { "mutate", 1, NULL, 0 },
	{ "die-with-parent", 0, NULL, 0 } };

static void
shared_take(size_t which, const char *arg, const struct sim_options *all)
{
	json_t *in = which == FAULT ? json_loads(arg, 0, NULL) : NULL;

	if (which == NOW_FILE)
		text_copy(all->now_file, all->now_file_size, arg);
	else if (which == DIE_WITH_PARENT)
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	else if (which == MUTATE && !mutants_set(all->mutants, arg))
		usage("--mutate takes a name, see README.md");
	else if (which == FAULT && (in == NULL || !all->fault(all->sim, in)))
		usage("--fault takes {\"kind\":...}, see README.md");
	json_decref(in);
}

void
options_read(int argc, char **argv, const struct sim_options *all)
{
	struct option longs[OPTIONS_MAX + SHARED + 1] = {
		{ NULL, 0, NULL, 0 } };
	const size_t n = all->n;
	int c, at;

	if (n > OPTIONS_MAX)
		die("too many options");
	for (size_t i = 0; i < n; i++)
		longs[i] = (struct option){ all->own[i].name,
			all->own[i].kind != FLAG, NULL, 0 };
	memcpy(&longs[n], shared, sizeof(shared));
	while ((c = getopt_long(argc, argv, "", longs, &at)) != -1) {
		if (c != 0)
			usage("unknown option");
		if ((size_t)at < n)
			option_take(&all->own[at], optarg, all);
		else
			shared_take((size_t)at - n, optarg, all);
	}
	if (optind != argc)
		usage(argv[optind]);
}

int
option_choice(const char *arg, const char *const *names)
{
	const int n = place_of(arg, names);

	if (n < 0)
		usage(arg);
	return n;
}

void
folder_open(const char *dir, char *now_file, size_t size, const char *now)
{
	if (dir == NULL)
		usage("--ledger is needed");
	if (mkdir(dir, 0750) != 0 && errno != EEXIST)
		die(dir);
	if (now_file[0] == '\0')
		snprintf(now_file, size, "%.4000s/now", dir);
	if (now != NULL && access(now_file, F_OK) != 0)
		file_write(now_file, now);
}

void
signals_hold(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void
signals_wait(const char *port_file, int port)
{
	sigset_t set;
	char text[16];
	int sig;

	snprintf(text, sizeof(text), "%d", port);
	if (port_file != NULL)
		file_write(port_file, text);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigwait(&set, &sig);
}
