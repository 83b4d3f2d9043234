/*
 * faultproxy_int.h - shared by the files faultproxy*.c: connections in
 * faultproxy.c, streams and rules in faultproxy_rule.c.
 */
#ifndef NPSYNC_TESTS_FAULTPROXY_INT_H
#define NPSYNC_TESTS_FAULTPROXY_INT_H

#include <pthread.h>
#include <stdint.h>

#include "faultproxy.h"

#define FAULTPROXY_RULES 16
#define FAULTPROXY_LINKS 64

struct armed {
	struct faultproxy_rule rule;
	int met;
};
/* One way of a connection. */
struct lane {
	int from, to;		/* -1 = none any more */
	unsigned char *buf;
	size_t len, room;	/* what came and has not gone */
	size_t clear;		/* ... of which may go */
	long long passed;	/* bytes judged since the connection began */
	int64_t hold_ms;	/* a part of a text: waits until then */
	int64_t release_ms;	/* a delay: nothing goes before */
	bool eof, shut, stalled;
	bool typed;		/* PGSQL: the start-up is over */
	int single;		/* ... answers of one byte to come */
};
struct link {
	bool used, swallow;	/* swallow: the answer is thrown away */
	const struct faultproxy_rule *end;	/* happens when all clear is gone */
	enum faultproxy_way end_way;
	struct faultproxy_rule end_rule;
	bool met[FAULTPROXY_RULES];	/* byte rules: counted once a link */
	struct lane lane[2];
};
struct faultproxy {
	enum faultproxy_mode mode;
	char upstream[108];	/* as long as a path of a socket */
	int listen_fd, wake_fd, port;
	pthread_t thread;
	pthread_mutex_t lock;	/* rules, counts */
	bool closing;
	struct armed armed[FAULTPROXY_RULES];
	size_t n;
	struct faultproxy_seen seen;
	struct link link[FAULTPROXY_LINKS];
};

int64_t faultproxy_now_ms(void);
/* Decides what of a lane's bytes may go; may set the end of the link. */
void faultproxy_judge(struct faultproxy *p, struct link *link,
    enum faultproxy_way way);

#endif
