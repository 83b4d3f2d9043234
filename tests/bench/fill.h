/*
 * fill.h - a tenant as large as wanted: cards, open rows, earlier sends, all by
 * generate_series, the same for the same size.
 */
#ifndef NPSYNC_BENCH_FILL_H
#define NPSYNC_BENCH_FILL_H

#include "bench.h"

/* What the rival has to know of the rules, which fill_rules sets. */
#define FILL_COMPANY_MAX 3
#define FILL_COMPANY_DAYS 7
#define FILL_THROTTLE_DAYS 30
#define FILL_CATEGORY "Kundepleje"
#define FILL_OWN_DOMAIN "npsync.example"

/* A number as text. */
#define FILL_TEXT(n) FILL_TEXT_(n)
#define FILL_TEXT_(n) #n

/* The configuration: two triggers by order, campaigns by language, a filter,
 * places of a company. */
void fill_rules(struct bench *b);
/* n cards; 3 n sends of the last 500 days, each with the keys of address and
 * card; n / 20 rows sent in the last nights; then `rows` open ones. */
void fill_queue(struct bench *b, long long rows);
/* n cards, every tenth with a deal; 10 n activities in a table of the rival's,
 * the newest of each card on its card. */
void fill_activities(struct bench *b);
/* VACUUM ANALYZE of all. */
void fill_settle(struct bench *b);

#endif
