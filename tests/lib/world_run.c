/*
 * world_run.c - npsync as a process of a world, and the moments of its runs.
 */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../sim/simtime.h"
#include "fakecrm.h"

#define TRACE "NPSYNC_FAILPOINT_TRACE="
#define REQUEST "push.before/request"
#define RUN_LIMIT_S 120
#define GAP_MAX_US INT64_C(100000)

static int program_fd = -1;

/* A copy in memory: the user postgres, whom root becomes, cannot read each
 * build directory. */
bool
world_find(const char *argv0)
{
	char path[1100];
	struct stat st;

	if (!simproc_find(argv0))
		return false;
	(void)snprintf(path, sizeof(path), "%s/npsync-fault",
	    simproc_build());
	const int in = open(path, O_RDONLY | O_CLOEXEC);
	program_fd = memfd_create("npsync-fault", MFD_CLOEXEC);
	bool ok = in >= 0 && program_fd >= 0 && fstat(in, &st) == 0;
	for (off_t left = ok ? st.st_size : 0; ok && left > 0;) {
		const ssize_t n = sendfile(program_fd, in, NULL, (size_t)left);
		ok = n > 0;
		left -= n;
	}
	if (!ok)
		print_error("world: %s: %s\n", path, strerror(errno));
	if (in >= 0)
		(void)close(in);
	return ok;
}

/* ---- runs -------------------------------------------------------------------------- */
static int64_t
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void
world_start(struct world *w, struct world_run *r, const char *conf,
    const char *args, const char *const *env)
{
	char file[400], now[64], program[64], trace[400], words[200], iso[40];
	char *word = words, *rest = words;
	const char *argv[24] = { "-c", file, "--now", now };
	const char *envp[8] = { NULL };
	size_t n = 4, n_env = 0;

	*r = (struct world_run){ .trace_fd = -1, .pid_fd = -1 };
	(void)snprintf(file, sizeof(file), "%s/%s", w->dir,
	    conf == NULL ? "npsync.conf" : conf);
	(void)snprintf(program, sizeof(program), "/proc/self/fd/%d",
	    program_fd);
	(void)snprintf(words, sizeof(words), "%s", args);
	(void)snprintf(now, sizeof(now), "%sT0%d:%02d",
	    fakecrm_iso(WORLD_FIRST_DAY + w->night, iso), 3 + (10 + w->minute) / 60,
	    (10 + w->minute) % 60);
	w->minute += w->minute < 140 ? 3 : 0;
	while ((word = strsep(&rest, " ")) != NULL)
		argv[n++] = word;
	for (; env != NULL && env[n_env] != NULL; n_env++)
		envp[n_env] = env[n_env];
	if (!w->untraced) {
		(void)snprintf(trace, sizeof(trace), TRACE "%s/trace", w->dir);
		envp[n_env] = trace;
		r->trace_fd = open(trace + strlen(TRACE),
		    O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		assert_true(r->trace_fd >= 0);
	}
	runproc_start(&r->p, program, argv, envp, NULL);
	r->pid_fd = pidfd_open(r->p.pid, 0);
	assert_true(r->pid_fd >= 0);
}

/* Counts whole lines "PID N POINT", at most so many; the rest stays. */
static bool
take_lines(struct world_run *r, long effects)
{
	char *end;

	while (r->effects < effects &&
	    (end = memchr(r->part, '\n', r->len)) != NULL) {
		*end = '\0';
		const char *blank = strchr(r->part, ' ');
		blank = blank == NULL ? NULL : strchr(blank + 1, ' ');
		assert_non_null(blank);
		(void)snprintf(r->point, sizeof(r->point), "%.*s",
		    (int)strcspn(blank + 1, " "), blank + 1);
		r->effects++;
		r->len -= (size_t)(end + 1 - r->part);
		memmove(r->part, end + 1, r->len);
	}
	return r->effects >= effects;
}

bool
world_follow(struct world_run *r, long effects)
{
	while (!take_lines(r, effects)) {
		struct pollfd fds[2] = { { r->trace_fd, POLLIN, 0 },
			{ r->pid_fd, POLLIN, 0 } };
		if (poll(fds, 2, RUN_LIMIT_S * 1000) <= 0)
			fail_msg("no effect for %d s after %s", RUN_LIMIT_S,
			    r->point);
		/* No writer any more: it is about to end. */
		const ssize_t n = read(r->trace_fd, r->part + r->len,
		    sizeof(r->part) - r->len);
		if (n > 0)
			r->len += (size_t)n;
		else if ((fds[0].revents & POLLHUP) != 0 ||
		    (fds[1].revents & POLLIN) != 0)
			return false;
	}
	return true;
}

/* I7: what stands in a log, or on a terminal, names nobody. */
static void
check_words(const char *text)
{
	static const char *const secret[] = { "@kunde", "@egen",
		SIMPROC_KEY };

	for (size_t i = 0; i < ARRAY_LEN(secret); i++)
		if (strstr(text, secret[i]) != NULL)
			fail_msg("\"%s\" was printed: %s", secret[i], text);
}

int
world_ended(struct world_run *r)
{
	while (world_follow(r, r->effects + 1))
		;
	runproc_wait(&r->p, RUN_LIMIT_S);
	check_words(r->p.out);
	check_words(r->p.err);
	const int code = r->p.code;
	if (code != 0 && code != 128 + SIGKILL && strchr(r->p.err, '\n') == NULL)
		fail_msg("exit %d without a word", code);
	if (r->trace_fd >= 0)
		(void)close(r->trace_fd);
	(void)close(r->pid_fd);
	return code;
}

int
world_run(struct world *w, const char *args)
{
	struct world_run r;

	world_start(w, &r, NULL, args, NULL);
	const int code = world_ended(&r);
	if (code != 0)
		print_error("# npsync %s: exit %d after %s: %s", args, code,
		    r.point, r.p.err);
	runproc_free(&r.p);
	return code;
}

void
world_night(struct world *w)
{
	assert_int_equal(world_run(w, "run night --quiet"), 0);
}

long
world_record(struct world *w, struct world_effect *effects, long max)
{
	struct world_run r;

	world_start(w, &r, NULL, "run night --quiet", NULL);
	while (world_follow(&r, r.effects + 1)) {
		assert_in_range(r.effects, 1, max);
		struct world_effect *e = &effects[r.effects - 1];
		(void)snprintf(e->point, sizeof(e->point), "%s", r.point);
		e->at_us = now_us();
	}
	assert_int_equal(world_ended(&r), 0);
	runproc_free(&r.p);
	return r.effects;
}

static bool
is_sending(const char *point)
{
	return strcmp(point, "db.after/queue_claim_rows") == 0 ||
	    strcmp(point, "db.before/queue_move_rows") == 0 ||
	    strcmp(point, REQUEST) == 0;
}

static int64_t
gap_us(const struct world_effect *effects, long n, long e)
{
	const int64_t gap = e + 1 < n ? effects[e + 1].at_us -
	    effects[e].at_us : 2000;

	return gap > GAP_MAX_US ? GAP_MAX_US : gap;
}

struct world_moment
world_draw(struct world *w, const struct world_effect *effects, long n,
    enum world_part part)
{
	long first = 0, last = n - 1, e;

	if (part != WORLD_ANY) {
		while (first < last && !is_sending(effects[first].point))
			first++;
		while (last > first && !is_sending(effects[last].point))
			last--;
	}
	do
		e = first + world_random(w, (int)(last - first + 1));
	while (part == WORLD_REQUEST && strcmp(effects[e].point, REQUEST) != 0);
	return (struct world_moment){ e + 1, part == WORLD_REQUEST ? 0
		: world_random(w, (int)gap_us(effects, n, e) + 1) };
}

/* On this machine an answer takes no time: the service holds it for a while,
 * before or after it has taken the person. */
static void
hold(struct world *w, struct world_run *r)
{
	const struct timespec pause = { 0, 2000000 };

	simproc_tell(w->sim, "hold", "{\"count\": 1, \"when\": \"%s\"}",
	    world_random(w, 3) == 0 ? "before" : "after");
	for (int i = 0; i < 1000; i++) {
		struct pollfd end = { r->pid_fd, POLLIN, 0 };
		if (simproc_stat(w->sim, "holding") > 0 || poll(&end, 1, 0) > 0)
			return;
		(void)nanosleep(&pause, NULL);
	}
}

void
world_let_go(struct world *w)
{
	simproc_tell(w->sim, "release", "{}");
}

bool
world_reach(struct world *w, struct world_run *r, const struct world_moment *m)
{
	const struct timespec pause = { 0, (long)m->delay_us * 1000 };

	if (!world_follow(r, m->effect))
		return false;
	if (strcmp(r->point, REQUEST) == 0 &&
	    m->delay_us % 2 == 0)
		hold(w, r);
	else
		(void)nanosleep(&pause, NULL);
	return true;
}

int
world_number(const char *name, int in_check, int in_check_long)
{
	const char *given = getenv("NPSYNC_LONG");
	const char *own = getenv(name);
	int64_t n;

	if (own != NULL && sim_num(own, &n))
		return (int)n;
	return given != NULL && *given != '\0' ? in_check_long : in_check;
}
