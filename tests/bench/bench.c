#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "num.h"
#include "testdb.h"

#define TMPFS_MAGIC 0x01021994

static double started;

/* ---- time ------------------------------------------------------------- */
double
bench_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

double
bench_cpu(int pid)
{
	char path[64], text[1024];
	struct rusage own;
	long long user = 0, sys = 0;

	(void)getrusage(RUSAGE_SELF, &own);
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *f = fopen(path, "re");
	const size_t n = f == NULL ? 0 : fread(text, 1, sizeof(text) - 1, f);
	if (f != NULL)
		(void)fclose(f);
	text[n] = '\0';
	/* Fields 14 and 15; the second is a name in brackets. */
	char *p = strrchr(text, ')'), *word = NULL;
	for (int field = 2; p != NULL && (word = strsep(&p, " ")) != NULL;
	    field++)
		if (field == 14 || field == 15)
			(void)!num_parse(word, 0, 1LL << 40,
			    field == 14 ? &user : &sys);
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK) +
	    (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
	    (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
}

void
bench_add(struct bench_series *series, double seconds)
{
	if (series->n < BENCH_ROUNDS_MAX)
		series->s[series->n++] = seconds;
}

static int
by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double
bench_median(const struct bench_series *series)
{
	double s[BENCH_ROUNDS_MAX];
	const int n = series->n;

	if (n == 0)
		return 0;
	memcpy(s, series->s, (size_t)n * sizeof(*s));
	qsort(s, (size_t)n, sizeof(*s), by_size);
	return n % 2 == 1 ? s[n / 2] : (s[n / 2 - 1] + s[n / 2]) / 2;
}

void
bench_say(const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "%7.1f s  ", bench_now() - started);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

/* ---- options ---------------------------------------------------------- */
static _Noreturn void
usage(const char *program)
{
	(void)fprintf(stderr, "usage: %s [-n ROWS] [-r ROUNDS] [-s SAMPLE]\n",
	    program);
	exit(64);
}

void
bench_options(struct bench *b, int argc, char **argv)
{
	long long rounds = 5, sample = 20000;
	int c;

	started = bench_now();
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	*b = (struct bench){ .n = 1000000 };
	while ((c = getopt(argc, argv, "n:r:s:")) != -1) {
		long long *const value = c == 'n' ? &b->n :
		    c == 'r' ? &rounds : &sample;
		if (c == '?' || !num_parse(optarg, 1, c == 'r' ?
		        BENCH_ROUNDS_MAX : 100000000, value))
			usage(argv[0]);
	}
	if (optind < argc)
		usage(argv[0]);
	b->rounds = (int)rounds;
	/* The sample of all rounds is a part of the rows. */
	b->sample = sample * rounds <= b->n ? sample : b->n / rounds;
	if (b->sample == 0)
		usage(argv[0]);
}

_Noreturn void
bench_die(const struct err *err)
{
	(void)fprintf(stderr, "%s\n", err->msg);
	exit(1);
}

/* ---- database --------------------------------------------------------- */
static const char *
setting(struct bench *b, const char *name)
{
	return fixture_text(b->f, "SELECT name || '=' || current_setting(name)"
	    " FROM pg_settings WHERE name = '%s' AND $1::bigint > 0", name);
}

static void
say_settings(struct bench *b)
{
	static const char *const names[] = { "server_version", "shared_buffers",
		"work_mem", "max_parallel_workers_per_gather", "jit", "fsync",
		"synchronous_commit", "full_page_writes", "max_wal_size",
		"autovacuum" };
	struct statfs fs;

	if (statfs(testdb_dir(), &fs) != 0)
		memset(&fs, 0, sizeof(fs));
	(void)printf("database in %s%s\n", testdb_dir(),
	    fs.f_type == TMPFS_MAGIC ? ": in memory, no disk" : "");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)printf("%s%s", i == 0 ? "" : " ", setting(b, names[i]));
	(void)printf("\n");
}

void
bench_open(struct bench *b)
{
	void *state = NULL;

	testdb_as_embedded();
	if (fixture_start(&state) != 0)
		exit(1);
	b->f = state;
	fixture_tenant(b->f);
	fixture_exec(b->f, "UPDATE npsync.tenant SET lease_until = 'infinity'"
	    " WHERE tenant_id = $1");
	say_settings(b);
}

void
bench_close(struct bench *b)
{
	void *state = b->f;

	if (fixture_stop(&state) != 0)
		exit(1);
}

void
bench_leave(struct bench *b)
{
	db_close(b->f->db);
	b->f->db = b->f->stage.db = NULL;
}

void
bench_copy(struct bench *b, const char *name)
{
	b->f->db = b->f->stage.db = testdb_copy(name);
}

void
bench_script(struct bench *b, const char *fmt, ...)
{
	struct err err = { 0 };
	char sql[8192];
	va_list ap;

	va_start(ap, fmt);
	const int n = vsnprintf(sql, sizeof(sql), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(sql) ||
	    !db_script(b->f->db, sql, &err))
		bench_die(&err);
}

/* ---- report ------------------------------------------------------------ */
void
bench_agree(const char *what, const char *ours, const char *rival)
{
	if (strcmp(ours, rival) == 0)
		return;
	(void)printf("%s differ:\n  npsync: %s\n  rival:  %s\n", what, ours,
	    rival);
	exit(1);
}

void
bench_table(const struct bench_line *lines, size_t n)
{
	(void)printf("%-34s %9s  %-34s %9s %7s  %-8s %s\n", "figure", "s",
	    "rival", "s", "ratio", "target", "reached");
	for (size_t i = 0; i < n; i++) {
		const struct bench_line *l = &lines[i];
		const double ratio = l->at_most ? l->ours_s / l->rival_s
		                                : l->rival_s / l->ours_s;
		char want[16] = "-";
		if (l->want > 0)
			(void)snprintf(want, sizeof(want), "%s %g",
			    l->at_most ? "<=" : ">=", l->want);
		const bool reached = l->at_most ? ratio <= l->want
		                                : ratio >= l->want;
		(void)printf("%-34s %9.3f  %-34s %9.3f %7.1f  %-8s %s\n",
		    l->what, l->ours_s, l->rival, l->rival_s, ratio, want,
		    l->want > 0 ? reached ? "yes" : "no" : "-");
	}
}

void
bench_limit(const char *what, double seconds, double want_s)
{
	(void)printf("%s: %.1f ms, target <= %.0f ms, reached: %s\n", what,
	    seconds * 1e3, want_s * 1e3, seconds <= want_s ? "yes" : "no");
}
