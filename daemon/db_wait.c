#include "db_wait.h"

#include <poll.h>
#include <sys/socket.h>

#include <libpq-fe.h>

#include "clock.h"

/* Until the socket has something to read, or takes more, or the end. */
static bool
wait_socket(PGconn *conn, bool unsent, int64_t end)
{
	const int64_t left = end - clock_boottime_ms();
	struct pollfd p = { .fd = PQsocket(conn),
		.events = (short)(unsent ? POLLIN | POLLOUT : POLLIN) };

	if (left <= 0)
		return false;
	/* A signal, or a failure that libpq meets too: looked at again. */
	(void)poll(&p, 1, left > 60000 ? 60000 : (int)left);
	return true;
}

/* What comes is read while something is still to be sent: a server that cannot
 * be rid of its words takes no more of ours. */
static bool
wait_until(PGconn *conn, bool answered, int64_t end)
{
	for (;;) {
		const bool unsent = PQflush(conn) > 0;

		if (!unsent && !(answered && PQisBusy(conn)))
			return true;
		if (!wait_socket(conn, unsent, end))
			return false;
		if (PQconsumeInput(conn) == 0)
			return true;
	}
}

static void
give_up(PGconn *conn, bool *silent)
{
	*silent = true;
	(void)shutdown(PQsocket(conn), SHUT_RDWR);
}

void
db_wait_sent(struct pg_conn *conn, int64_t end, bool *silent)
{
	if (!wait_until(conn, false, end))
		give_up(conn, silent);
}

struct pg_result *
db_wait_last(struct pg_conn *conn, int64_t end, bool *silent)
{
	PGresult *last = NULL;

	for (;;) {
		if (!*silent && !wait_until(conn, true, end))
			give_up(conn, silent);
		PGresult *res = PQgetResult(conn);
		if (res == NULL)
			return last;
		PQclear(last);
		last = res;
	}
}
