/*
 * bench.h - what the benchmarks share.  A figure stands beside its rival, both
 * run in turns in the same call; a missed target is printed, never a failure.
 * Wrong counts are one.
 */
#ifndef NPSYNC_BENCH_H
#define NPSYNC_BENCH_H

#include "fixture.h"

#define BENCH_ROUNDS_MAX 99

struct bench {
	struct fixture *f;
	long long n;		/* rows, contacts; 3 n sends, 10 n activities */
	int rounds;
	long long sample;	/* rows of each round, of what goes row by row */
};
/* "-n ROWS -r ROUNDS -s SAMPLE"; ends the program where they are wrong. */
void bench_options(struct bench *b, int argc, char **argv);
/* A cluster with the settings of the embedded one, a tenant with a lease that
 * does not end; says which settings. */
void bench_open(struct bench *b);
void bench_close(struct bench *b);
/* The database of f: another, or none. */
void bench_copy(struct bench *b, const char *name);
void bench_leave(struct bench *b);

/* A line about what happens, with the seconds since the start. */
void bench_say(const char *fmt, ...) NPS_PRINTF(1, 2);
/* For what must not fail. */
_Noreturn void bench_die(const struct err *err);
/* Ends the program when two counts differ. */
void bench_agree(const char *what, const char *ours, const char *rival);
/* A script of at most 8 KB; what fails ends the program. */
void bench_script(struct bench *b, const char *fmt, ...) NPS_PRINTF(2, 3);

/* ---- figures ---------------------------------------------------------- */
struct bench_series {
	double s[BENCH_ROUNDS_MAX];
	int n;
};
double bench_now(void);		/* seconds of a clock that nobody sets */
void bench_add(struct bench_series *series, double seconds);
double bench_median(const struct bench_series *series);

/* Processor time of the server's process pid and of this program, in seconds:
 * other programs on the machine stretch it less than the clock's. */
double bench_cpu(int pid);

/* What is compared: median of ours and of the rival in seconds; want: at least
 * or (at_most) at most this ratio; 0 = no target. */
struct bench_line {
	const char *what;
	double ours_s;
	const char *rival;
	double rival_s;
	bool at_most;		/* ratio = ours / rival, else rival / ours */
	double want;
};
void bench_table(const struct bench_line *lines, size_t n);
/* A time that must not be longer than `want_s`. */
void bench_limit(const char *what, double seconds, double want_s);

#endif
