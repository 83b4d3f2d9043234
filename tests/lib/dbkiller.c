#include "dbkiller.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>

#include "../sim/simtime.h"
#include "fakecrm.h"
#include "testdb.h"

struct dbkiller {
	const struct dbkiller_plan *plan;
	struct dbkiller_done done;
	PGconn *conn;		/* SESSIONS */
	uint64_t rng;
	int wake_fd;
	int64_t start_ms;
	pthread_t thread;
};

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- sessions -------------------------------------------------------------- */
/* libpq itself, not db.c: a failpoint there is for the program. */
static PGconn *
own_session(void)
{
	char conninfo[700];

	(void)snprintf(conninfo, sizeof(conninfo),
	    "%s application_name=dbkiller", testdb_conninfo());
	PGconn *conn = PQconnectdb(conninfo);
	if (PQstatus(conn) == CONNECTION_OK)
		return conn;
	print_error("dbkiller: %s", PQerrorMessage(conn));
	PQfinish(conn);
	return NULL;
}

/* -1 = it could not be asked */
static int
terminate(PGconn *conn, const char *application)
{
	/* Chosen first, ended then: conditions have no order. */
	static const char sql[] =
	    "SELECT count(*) FILTER (WHERE"
	    " pg_catalog.pg_terminate_backend(pid, 5000)) FROM (SELECT pid"
	    " FROM pg_catalog.pg_stat_activity WHERE application_name = $1"
	    " AND pid <> pg_catalog.pg_backend_pid() OFFSET 0) s";
	const char *const values[] = { application == NULL ? "npsync"
	                                                   : application };
	int64_t n = -1;

	PGresult *res = PQexecParams(conn, sql, 1, NULL, values, NULL, NULL,
	    0);
	if (PQresultStatus(res) == PGRES_TUPLES_OK)
		(void)sim_num(PQgetvalue(res, 0, 0), &n);
	PQclear(res);
	return (int)n;
}

int
dbkiller_sessions(const char *application)
{
	PGconn *conn = own_session();

	assert_non_null(conn);
	const int n = terminate(conn, application);
	PQfinish(conn);
	assert_true(n >= 0);
	return n;
}

/* ---- the thread ------------------------------------------------------------ */
/* False: told to end. */
static bool
pause_ms(const struct dbkiller *k, int64_t ms)
{
	const int64_t until = now_ms() + ms;
	struct pollfd p = { k->wake_fd, POLLIN, 0 };

	for (;;) {
		const int64_t left = until - now_ms();
		const int n = poll(&p, 1, left < 0 ? 0 : (int)left);
		if (n > 0)
			return false;
		if (n == 0)
			return true;
	}
}

static void
strike(struct dbkiller *k)
{
	if (k->plan->how == DBKILLER_SESSIONS) {
		const int n = terminate(k->conn, k->plan->application);
		k->done.sessions += n > 0 ? n : 0;
		k->done.failed += n < 0;
	} else {
		const bool stopped = testdb_kill();
		/* Down even if it is to end: it ends when it is up. */
		(void)pause_ms(k, k->plan->down_ms);
		k->done.failed += !testdb_revive() || !stopped;
	}
	k->done.kills++;
}

static void *
work(void *arg)
{
	struct dbkiller *k = arg;
	const struct dbkiller_plan *plan = k->plan;
	const int width = plan->until_ms - plan->from_ms + 1;

	for (size_t i = 0; i < plan->n; i++) {
		const int64_t left = k->start_ms + plan->at_ms[i] - now_ms();
		if (!pause_ms(k, left < 0 ? 0 : left))
			return NULL;
		strike(k);
	}
	for (int i = 0; plan->n == 0 && i < plan->times; i++) {
		if (!pause_ms(k, plan->from_ms +
		    fakecrm_random(&k->rng, width)))
			return NULL;
		strike(k);
	}
	return NULL;
}

struct dbkiller *
dbkiller_start(const struct dbkiller_plan *plan)
{
	struct dbkiller *k = calloc(1, sizeof(*k));
	sigset_t all, old;

	assert_non_null(k);
	assert_true(plan->n > 0 || (plan->times > 0 &&
	    plan->until_ms >= plan->from_ms));
	k->plan = plan;
	k->rng = plan->seed;
	if (plan->how == DBKILLER_SESSIONS) {
		k->conn = own_session();
		assert_non_null(k->conn);
	}
	k->wake_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(k->wake_fd >= 0);
	k->start_ms = now_ms();
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	assert_int_equal(pthread_create(&k->thread, NULL, work, k), 0);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return k;
}

struct dbkiller_done
dbkiller_wait(struct dbkiller *k)
{
	(void)pthread_join(k->thread, NULL);
	const struct dbkiller_done done = k->done;
	PQfinish(k->conn);
	(void)close(k->wake_fd);
	free(k);
	return done;
}

struct dbkiller_done
dbkiller_stop(struct dbkiller *k)
{
	const uint64_t one = 1;

	(void)!write(k->wake_fd, &one, sizeof(one));
	return dbkiller_wait(k);
}
