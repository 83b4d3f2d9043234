/*
 * log.h - one event, one line: "push queue=12 state=sent".  Never an address,
 * a name, a comment or a token.
 */
#ifndef NPSYNC_LOG_H
#define NPSYNC_LOG_H

#include "npsync.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_target { LOG_TARGET_AUTO, LOG_TARGET_STDERR, LOG_TARGET_SYSLOG,
	LOG_TARGET_NONE };

/* AUTO: stderr with "<n>" in front if it is the journal (JOURNAL_STREAM names
 * it), stderr plain if it is a terminal, a file, a pipe or a socket, syslog
 * else. */
void log_open(enum log_target target, enum log_level level);
/* Tests: lines go to fn instead. */
typedef void log_sink_fn(enum log_level level, const char *line);
void log_sink(log_sink_fn *fn);
/* Stands in front of each line: "tenant=acme run=412"; "" = none. */
void log_prefix(const char *fmt, ...) NPS_PRINTF(1, 2);
/* fmt gives key=value pairs.  Control, C1 and bidi characters are escaped, a
 * line is cut at 1 KiB on a code-point border. */
void log_ev(enum log_level level, const char *event, const char *fmt, ...)
    NPS_PRINTF(3, 4);
/* A value that may hold blanks or quotes, as "..." in a static ring of 8. */
const char *log_quote(const char *value);

/* Repeated trouble: logged at the 1st, 10th, 100th ... time. */
struct complain {
	unsigned long count;
};
void complain(struct complain *c, const char *event, const char *fmt, ...)
    NPS_PRINTF(3, 4);
/* "recovered after N" once, if there was trouble. */
void complain_release(struct complain *c, const char *event);

#endif
