/*
 * rowwise.h - decide as a program without set logic does it: for each row in
 * the order of turns one question, one verdict in C, one write of row and
 * history.  Prepared statements, ROWWISE_BATCH rows a transaction.
 */
#ifndef NPSYNC_BENCH_ROWWISE_H
#define NPSYNC_BENCH_ROWWISE_H

#include "bench.h"

#define ROWWISE_BATCH 500

struct rowwise;
/* As the rules of the night have them. */
struct rowwise_night {
	char day[16], now[32], end[32], oldest_sale[32], oldest_meet[32];
};
void rowwise_night(const struct bench *b, struct rowwise_night *night);
/* Connects to the database opened last and reads the order of turns and the
 * places of companies that are taken. */
struct rowwise *rowwise_open(struct bench *b);
/* Judges the next rows. */
void rowwise_run(struct rowwise *w, const struct rowwise_night *night,
    long long rows);
/* The server's process. */
int rowwise_pid(const struct rowwise *w);
void rowwise_close(struct rowwise *w);

#endif
