/*
 * books.h - what the tables must say of themselves, whatever happened.
 */
#ifndef NPSYNC_TESTS_BOOKS_H
#define NPSYNC_TESTS_BOOKS_H

#include "db.h"

struct books {
	int waiting;		/* rows of the queue that are not at an end */
	int bad_history;	/* rows with another number of changes */
	int bad_counts;		/* of runs: what was seen is not what became of it */
};

/* The only tenant there is; failures end the test. */
long long books_tenant(struct db *db);
void books_read(struct db *db, struct books *books);
/* The result of a statement whose only argument is the tenant; the caller's. */
struct db_result *books_ask(struct db *db, const struct db_stmt *stmt);
long long books_number(struct db *db, const struct db_stmt *stmt);

#endif
