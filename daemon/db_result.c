#include "db.h"

#include <assert.h>
#include <string.h>

#include <libpq-fe.h>

#include "clock.h"
#include "num.h"

static const PGresult *
pgresult(const struct db_result *r)
{
	return (const PGresult *)(const void *)r;
}

int
db_rows(const struct db_result *r)
{
	return PQntuples(pgresult(r));
}

long long
db_affected(const struct db_result *r)
{
	/* libpq lacks the const; it only reads. */
	PGresult *res = (PGresult *)(uintptr_t)r;
	const char *text = PQcmdTuples(res);
	long long n = 0;

	if (*text == '\0')
		return 0;
	const bool is_number = num_parse(text, 0, INT64_MAX, &n);
	assert(is_number);
	return n;
}

bool
db_is_null(const struct db_result *r, int row, int col)
{
	const PGresult *res = pgresult(r);

	assert(row >= 0 && row < PQntuples(res));
	assert(col >= 0 && col < PQnfields(res));
	return PQgetisnull(res, row, col) == 1;
}

const char *
db_text(const struct db_result *r, int row, int col)
{
	return db_is_null(r, row, col) ? NULL :
	    PQgetvalue(pgresult(r), row, col);
}

long long
db_int(const struct db_result *r, int row, int col)
{
	const char *text = db_text(r, row, col);
	long long n = 0;

	if (text == NULL)
		return 0;
	const bool is_number = num_parse(text, INT64_MIN, INT64_MAX, &n);
	assert(is_number);
	return n;
}

bool
db_bool(const struct db_result *r, int row, int col)
{
	const char *text = db_text(r, row, col);

	assert(text == NULL || strcmp(text, "t") == 0 ||
	    strcmp(text, "f") == 0);
	return text != NULL && text[0] == 't';
}

int
db_day(const struct db_result *r, int row, int col)
{
	const char *text = db_text(r, row, col);

	if (text == NULL)
		return NO_DAY;
	const int day = day_parse(text);
	assert(day != NO_DAY);
	return day;
}

time_t
db_time(const struct db_result *r, int row, int col)
{
	return db_is_null(r, row, col) ? NO_TIME : (time_t)db_int(r, row, col);
}

void
db_result_free(struct db_result *r)
{
	PQclear((PGresult *)(void *)r);
}
