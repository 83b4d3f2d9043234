/*
 * curlcodes.h - every code that a transfer of libcurl can end with, and in
 * which phases of http.h it can reach the outcome table; or why it cannot.
 */
#ifndef NPSYNC_TESTS_CURLCODES_H
#define NPSYNC_TESTS_CURLCODES_H

#include <stdbool.h>
#include <stddef.h>

struct curlcode {
	int code;
	const char *name;
	unsigned phases;	/* 1 << enum http_phase; 0 = never reaches it */
	const char *why;	/* phases 0: why; else the program that provokes it
				 * over a socket, NULL = none does.  OUTCOME
				 * and TLS check that, of others it is said */
};
#define CURLCODES_OUTCOME "test_http_outcome"
#define CURLCODES_TLS "test_http_tls"

/* By code, without a hole; n_curlcodes = CURL_LAST unless libcurl's headers have
 * a code that nobody has judged. */
extern const struct curlcode curlcodes[];
extern const size_t n_curlcodes;
/* How many codes the headers know. */
int curlcodes_last(void);
/* NULL = it has no line. */
const struct curlcode *curlcode_find(int code);

#endif
