/*
 * http_breaker.h - when to leave a service alone.  Pure: the caller owns the clock.
 *
 * Opens after failures in a row, or when too many of the last ones failed.
 * While it is open nothing goes out; then one request probes.  A good probe
 * closes it, a bad one doubles the wait.  Refused records are no failures of
 * the service: the push stage counts them.
 */
#ifndef NPSYNC_HTTP_BREAKER_H
#define NPSYNC_HTTP_BREAKER_H

#include "npsync.h"

#define BREAKER_WINDOW_MAX 64

struct breaker_settings {
	int in_a_row;		/* failures; 0 = the breaker never opens */
	int window, percent;	/* percent of the last window results */
	long probe_s, probe_max_s;
};

enum breaker_result { BREAKER_GOOD, BREAKER_BAD,
	BREAKER_NEITHER };	/* says nothing about the service */
enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING };

struct breaker {
	struct breaker_settings set;
	enum breaker_state state;
	uint64_t bad;		/* of the last results; bit 0 = the newest */
	int n_results, in_a_row;
	long wait_s;
	int64_t until_ms;
};

/* A probe is under way: wait for its end. */
#define BREAKER_WAIT_FOR_PROBE INT64_MAX

void breaker_init(struct breaker *b, const struct breaker_settings *set);
/* 0 = a request may begin; else ms, or BREAKER_WAIT_FOR_PROBE. */
int64_t breaker_wait_ms(const struct breaker *b, int64_t now_ms);
/* A request begins, after breaker_wait_ms said 0.  True = it is the probe;
 * breaker_end wants to know. */
NPS_MUSTCHECK bool breaker_begin(struct breaker *b);
void breaker_end(struct breaker *b, bool is_probe, enum breaker_result result,
    int64_t now_ms);

#endif
