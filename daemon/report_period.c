/*
 * report_period.c - the days of a report, and those before them.
 */
#include "report.h"

#include <string.h>

#include "clock.h"
#include "num.h"

#define DAYS_DEFAULT 90
#define DAYS_MAX 3660

/* Any day of that month -> the first day of a month so many months later. */
static int
month_add(int day, int months)
{
	const int n = day / 10000 * 12 + day / 100 % 100 - 1 + months;

	return day_make(n / 12, n % 12 + 1, 1);
}

static void
take_days(struct report_period *p, int from, int until)
{
	p->from = from;
	p->until = until;
	p->before = day_add(from, -day_diff(until, from));
}

static void
take_months(struct report_period *p, int first, int months)
{
	p->from = first;
	p->until = month_add(first, months);
	p->before = month_add(first, -months);
}

/* "2026-" and what follows it; 0 = no year. */
static int
year_of(const char *text)
{
	long long year;

	return strlen(text) > 5 && text[4] == '-' &&
	    num_parse_n(text, 4, 1970, 9998, &year) ? (int)year : 0;
}

static bool
take_month(const char *text, struct report_period *p, struct err *err)
{
	const int year = year_of(text);
	long long month;

	if (year == 0 || strlen(text) != 7 || !num_parse_n(text + 5, 2, 1, 12,
	        &month))
		return err_set(err, ERR_USAGE,
		    "--month: expected one like 2026-11, got \"%s\"", text);
	take_months(p, day_make(year, (int)month, 1), 1);
	return true;
}

static bool
take_quarter(const char *text, struct report_period *p, struct err *err)
{
	const int year = year_of(text);
	long long quarter;

	if (year == 0 || strlen(text) != 7 ||
	    (text[5] != 'Q' && text[5] != 'q') ||
	    !num_parse(text + 6, 1, 4, &quarter))
		return err_set(err, ERR_USAGE,
		    "--quarter: expected one like 2026-Q4, got \"%s\"", text);
	take_months(p, day_make(year, (int)quarter * 3 - 2, 1), 3);
	return true;
}

static bool
take_last(const char *text, int today, struct report_period *p,
    struct err *err)
{
	long long days = DAYS_DEFAULT;

	if (text != NULL && !num_parse(text, 1, DAYS_MAX, &days))
		return err_set(err, ERR_USAGE,
		    "--last: expected 1 to %d days, got \"%s\"", DAYS_MAX, text);
	const int until = day_add(today, 1);
	take_days(p, day_add(until, -(int)days), until);
	return true;
}

static bool
take_day(const char *option, const char *text, int otherwise, int *day,
    struct err *err)
{
	*day = text == NULL ? otherwise : day_parse(text);
	return *day != NO_DAY || err_set(err, ERR_USAGE,
	    "--%s: expected a day like 2026-11-30, got \"%s\"", option, text);
}

static bool
take_range(const struct report_when *when, int today,
    struct report_period *p, struct err *err)
{
	int from, to;

	if (!take_day("to", when->to, today, &to, err) ||
	    !take_day("from", when->from, day_add(to, 1 - DAYS_DEFAULT), &from,
	        err))
		return false;
	if (from > to)
		return err_set(err, ERR_USAGE, "--from: expected a day that is "
		    "not after --to");
	if (day_diff(to, from) >= DAYS_MAX)
		return err_set(err, ERR_USAGE,
		    "--from: expected at most %d days", DAYS_MAX);
	take_days(p, from, day_add(to, 1));
	return true;
}

bool
report_period(const struct report_when *when, int today,
    struct report_period *p, struct err *err)
{
	const bool range = when->from != NULL || when->to != NULL;

	if (range + (when->month != NULL) + (when->quarter != NULL) +
	    (when->last != NULL) > 1)
		return err_set(err, ERR_USAGE, "expected one of --from and --to, "
		    "--month, --quarter, --last");
	if (when->month != NULL)
		return take_month(when->month, p, err);
	if (when->quarter != NULL)
		return take_quarter(when->quarter, p, err);
	return range ? take_range(when, today, p, err)
	    : take_last(when->last, today, p, err);
}

struct report_period
report_year(const struct report_period *p)
{
	struct report_period year;

	take_months(&year, month_add(day_add(p->until, -1), -11), 12);
	year.until = p->until;
	return year;
}
