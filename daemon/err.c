#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set_v(struct err *err, enum err_kind kind, const char *fmt,
    va_list ap) NPS_PRINTF(3, 0);

static void
set_v(struct err *err, enum err_kind kind, const char *fmt, va_list ap)
{
	err->kind = kind;
	err->code = 0;
	err->retry_after_s = 0;
	err->sqlstate[0] = '\0';
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	/* One line whatever a library put in. */
	for (char *p = err->msg; *p != '\0'; p++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
}

bool
err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return false;
	va_start(ap, fmt);
	set_v(err, kind, fmt, ap);
	va_end(ap);
	return false;
}

bool
err_errno(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	const int saved = errno;
	va_list ap;

	if (err == NULL)
		return false;
	va_start(ap, fmt);
	set_v(err, kind, fmt, ap);
	va_end(ap);
	const size_t len = strlen(err->msg);
	(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %s",
	    strerror(saved));
	err->code = saved;
	return false;
}

bool
err_wrap(struct err *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	va_list ap;

	if (err == NULL)
		return false;
	(void)snprintf(old, sizeof(old), "%s", err->msg);
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	const size_t len = strlen(err->msg);
	(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", old);
	return false;
}

bool
err_nomem(struct err *err)
{
	return err_set(err, ERR_NOMEM, "out of memory");
}

const char *
err_kind_name(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE:
		return "none";
	case ERR_RETRY:
		return "retry";
	case ERR_THROTTLED:
		return "throttled";
	case ERR_REJECTED:
		return "rejected";
	case ERR_GONE:
		return "gone";
	case ERR_AUTH:
		return "auth";
	case ERR_CONFIG:
		return "config";
	case ERR_PROTOCOL:
		return "protocol";
	case ERR_DB:
		return "database";
	case ERR_DB_AWAY:
		return "database_away";
	case ERR_NOMEM:
		return "memory";
	case ERR_SYSTEM:
		return "system";
	case ERR_BUG:
		return "bug";
	case ERR_USAGE:
		return "usage";
	case ERR_BUSY:
		return "busy";
	case ERR_PERMISSION:
		return "permission";
	case ERR_CANCELLED:
		return "cancelled";
	case ERR_DONE:
		return "done";
	}
	return "unknown";
}

bool
err_ends_run(enum err_kind kind)
{
	return kind == ERR_DB || kind == ERR_DB_AWAY || kind == ERR_NOMEM ||
	    kind == ERR_BUG || kind == ERR_BUSY || kind == ERR_CANCELLED;
}

int
err_exit_code(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE:
	case ERR_CANCELLED:
	case ERR_DONE:
		return 0;
	case ERR_REJECTED:
	case ERR_GONE:
	case ERR_AUTH:
	case ERR_PROTOCOL:
		return 1;
	case ERR_USAGE:
		return 64;
	case ERR_RETRY:
	case ERR_THROTTLED:
	case ERR_DB_AWAY:
		return 69;
	case ERR_DB:
	case ERR_NOMEM:
	case ERR_SYSTEM:
	case ERR_BUG:
		return 71;
	case ERR_BUSY:
		return 75;
	case ERR_PERMISSION:
		return 77;
	case ERR_CONFIG:
		return 78;
	}
	return 71;
}
