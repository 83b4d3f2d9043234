/*
 * spark.h - a row of numbers as one line of bars, and a plan as a date.  Pure.
 */
#ifndef NPSYNC_SPARK_H
#define NPSYNC_SPARK_H

#include "arena.h"

#define SPARK_NONE (-1LL)	/* not known: a dot, in ASCII a blank */

/* One sign a number, its height against the greatest; 0 has the lowest.
 * Blocks, or ASCII.  NULL = out of memory. */
const char *spark_line(struct arena *arena, const long long *v, size_t n,
    bool utf8);
/* What LC_ALL, LC_CTYPE or LANG say of the terminal. */
bool spark_locale_is_utf8(void);

struct plan {
	int today;
	long long budget, used;		/* of this calendar year */
	long long recent;		/* surveys of the last recent_days days */
	int recent_days;
};
/* The day on which the budget is used up at the pace of the recent days; today
 * where it is; NO_DAY: not this year, or there is no pace. */
int plan_used_up(const struct plan *plan);

#endif
