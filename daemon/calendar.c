#include "calendar.h"

#include <string.h>

#include "clock.h"

/* Ten years: a calendar closed for longer has no next sending day. */
#define SEARCH_DAYS 3660
#define NO_UNTIL 9999
#define HOUR_S 3600
#define WORKDAYS 0x1fu		/* Monday to Friday */

enum rule { RULE_FIXED, RULE_EASTER, RULE_WEEKDAY };

struct holiday {
	const char *country;
	enum rule rule;
	int mmdd;	/* FIXED: the date; WEEKDAY: the first possible one */
	int arg;	/* EASTER: days after it; WEEKDAY: 1 = Monday .. 7 */
	int from_year, until_year;	/* both in */
};

#define FIXED(cc, mmdd) { cc, RULE_FIXED, mmdd, 0, 1, NO_UNTIL }
#define EASTER(cc, days) { cc, RULE_EASTER, 0, days, 1, NO_UNTIL }
#define WEEKDAY(cc, mmdd, day) { cc, RULE_WEEKDAY, mmdd, day, 1, NO_UNTIL }

const char *const calendar_countries[] = { "DK", "SE", "NO", "FI", "DE",
	NULL };

/*
 * The rules as in force today; earlier years matter only where a change is
 * recent.  Denmark: Store bededag ended with 2023 (lov nr. 214, 2023).
 * Sweden: lag (1989:253) om allmänna helgdagar; Midsummer Eve and Christmas
 * Eve count as Sundays in semesterlagen (1977:480), section 7.  Norway: lov om
 * helligdager og helligdagsfred (1995), lov om 1. og 17. mai (1947).  Finland:
 * the Church Act and the acts on 1 May and 6 December; Midsummer Eve and
 * Christmas Eve are free by collective agreement.  Germany: the days that all
 * sixteen states have.  Christmas Eve elsewhere, New Year's Eve and the like
 * are for send.closed.
 */
/* clang-format off */
static const struct holiday holidays[] = {
	FIXED("DK", 101), EASTER("DK", -3), EASTER("DK", -2), EASTER("DK", 0),
	EASTER("DK", 1), { "DK", RULE_EASTER, 0, 26, 1, 2023 },
	EASTER("DK", 39), EASTER("DK", 49), EASTER("DK", 50),
	FIXED("DK", 1225), FIXED("DK", 1226),

	FIXED("SE", 101), FIXED("SE", 106), EASTER("SE", -2), EASTER("SE", 0),
	EASTER("SE", 1), FIXED("SE", 501), EASTER("SE", 39), EASTER("SE", 49),
	{ "SE", RULE_FIXED, 606, 0, 2005, NO_UNTIL },
	WEEKDAY("SE", 619, 5), WEEKDAY("SE", 620, 6), WEEKDAY("SE", 1031, 6),
	FIXED("SE", 1224), FIXED("SE", 1225), FIXED("SE", 1226),

	FIXED("NO", 101), EASTER("NO", -3), EASTER("NO", -2), EASTER("NO", 0),
	EASTER("NO", 1), FIXED("NO", 501), FIXED("NO", 517), EASTER("NO", 39),
	EASTER("NO", 49), EASTER("NO", 50), FIXED("NO", 1225),
	FIXED("NO", 1226),

	FIXED("FI", 101), FIXED("FI", 106), EASTER("FI", -2), EASTER("FI", 0),
	EASTER("FI", 1), FIXED("FI", 501), EASTER("FI", 39), EASTER("FI", 49),
	WEEKDAY("FI", 619, 5), WEEKDAY("FI", 620, 6), WEEKDAY("FI", 1031, 6),
	FIXED("FI", 1206), FIXED("FI", 1224), FIXED("FI", 1225),
	FIXED("FI", 1226),

	FIXED("DE", 101), EASTER("DE", -2), EASTER("DE", 1), FIXED("DE", 501),
	EASTER("DE", 39), EASTER("DE", 50),
	{ "DE", RULE_FIXED, 1003, 0, 1990, NO_UNTIL }, FIXED("DE", 1225),
	FIXED("DE", 1226),
};
/* clang-format on */

/* Easter Sunday of the Gregorian calendar: the paschal full moon by epact,
 * then the next Sunday. */
static int
easter(int year)
{
	const int golden = year % 19, century = year / 100;
	const int skipped = century - century / 4;
	const int moon = (8 * century + 13) / 25;
	int epact = (skipped - moon + 19 * golden + 15) % 30;

	epact -= epact / 28 *
	    (1 - 29 / (epact + 1) * ((21 - golden) / 11));
	const int weekday =
	    (year + year / 4 + epact + 2 - skipped) % 7;
	const int march = epact - weekday + 28;	/* counted from 1 March */
	return day_add(day_make(year, 3, 1), march - 1);
}

static bool
holiday_falls_on(const struct holiday *h, int easter_day, int day)
{
	const int year = day / 10000;

	if (year < h->from_year || year > h->until_year)
		return false;
	switch (h->rule) {
	case RULE_FIXED:
		return day % 10000 == h->mmdd;
	case RULE_EASTER:
		return day == day_add(easter_day, h->arg);
	case RULE_WEEKDAY: {
		const int first = year * 10000 + h->mmdd;
		return day_weekday(day) == h->arg && day >= first &&
		    day <= day_add(first, 6);
	}
	}
	return false;
}

bool
calendar_is_holiday(const char *country, int day)
{
	if (country == NULL || !day_valid(day))
		return false;
	const int easter_day = easter(day / 10000);
	for (size_t i = 0; i < ARRAY_LEN(holidays); i++)
		if (strcmp(holidays[i].country, country) == 0 &&
		    holiday_falls_on(&holidays[i], easter_day, day))
			return true;
	return false;
}

bool
calendar_is_sending_day(const struct calendar *cal, int day)
{
	if (!day_valid(day) ||
	    (cal->weekdays & (1u << (day_weekday(day) - 1))) == 0)
		return false;
	for (size_t i = 0; i < cal->n_closed; i++)
		if (day >= cal->closed[i].from && day < cal->closed[i].until)
			return false;
	for (size_t i = 0; i < cal->n_holidays; i++)
		if (calendar_is_holiday(cal->holidays[i], day))
			return false;
	return true;
}

bool
calendar_is_working_day(const struct calendar *cal, int day)
{
	struct calendar work = *cal;

	work.weekdays |= WORKDAYS;
	return calendar_is_sending_day(&work, day);
}

int
calendar_sending_day(const struct calendar *cal, int day)
{
	for (int i = 0; i < SEARCH_DAYS && day != NO_DAY; i++) {
		if (calendar_is_sending_day(cal, day))
			return day;
		day = day_add(day, 1);
	}
	return NO_DAY;
}

/* ---- windows and nights -------------------------------------------------- */

/* A wall clock of a day; 24:00 is the next day's first instant. */
static time_t
at_minute(const char *zone, int day, int minute)
{
	if (minute >= 24 * 60) {
		day = day_add(day, minute / (24 * 60));
		minute %= 24 * 60;
	}
	const struct civil c = { day / 10000, day / 100 % 100, day % 100,
		minute / 60, minute % 60, 0 };
	return clock_utc(zone, &c);
}

/* 23:00-06:00 begins the evening before, 01:00-06:00 the same day. */
static bool
passes_midnight(const struct calendar *cal)
{
	return cal->window_from_min >= cal->window_until_min;
}

time_t
calendar_window_start(const struct calendar *cal, int night)
{
	return at_minute(cal->zone, passes_midnight(cal) ? day_add(night, -1)
	    : night, cal->window_from_min);
}

time_t
calendar_window_end(const struct calendar *cal, int night)
{
	const time_t end = at_minute(cal->zone, night, cal->window_until_min);

	if (passes_midnight(cal))
		return end;
	const time_t start = calendar_window_start(cal, night);
	return end > start ? end : start +
	    (time_t)(cal->window_until_min - cal->window_from_min) * 60;
}

int
calendar_night(const struct calendar *cal, time_t now)
{
	const int today = clock_day(cal->zone, now);

	return now < calendar_window_end(cal, today) ? today :
	    day_add(today, 1);
}

bool
calendar_in_window(const struct calendar *cal, time_t now, long stop_before_s)
{
	const int night = calendar_night(cal, now);

	return now >= calendar_window_start(cal, night) &&
	    calendar_window_end(cal, night) - now > stop_before_s;
}

/* ---- mails --------------------------------------------------------------- */

/* Days between the date of a night and the first send.at after it. */
static int
mail_delay(const struct calendar *cal)
{
	return cal->send_at_min < cal->window_until_min ? 1 : 0;
}

/* Is the day of that send.at a sending day? */
static bool
is_before_mails(const struct calendar *cal, int night)
{
	return calendar_is_sending_day(cal, day_add(night, mail_delay(cal)));
}

bool
calendar_is_transfer_night(const struct calendar *cal, int night)
{
	return cal->push_ahead || is_before_mails(cal, night);
}

int
calendar_transfer_night(const struct calendar *cal, int night)
{
	const int delay = mail_delay(cal);

	return cal->push_ahead ? night :
	    day_add(calendar_sending_day(cal, day_add(night, delay)), -delay);
}

int
calendar_oldest_day(const struct calendar *cal, int night, int max_age_days)
{
	int waited = 0;

	/* With push_ahead no night passes, so nothing had to wait. */
	if (!cal->push_ahead)
		while (waited < SEARCH_DAYS &&
		    day_add(night, -waited - 1) != NO_DAY &&
		    !is_before_mails(cal, day_add(night, -waited - 1)))
			waited++;
	return day_add(night, -max_age_days - waited);
}

time_t
calendar_send_at(const struct calendar *cal, int night)
{
	const int delay = mail_delay(cal);
	const int day = calendar_sending_day(cal, day_add(night, delay));

	if (day == NO_DAY)
		return NO_TIME;
	const time_t t = at_minute(cal->zone, day, cal->send_at_min);
	/* On the day of a clock change the window may end later. */
	const time_t end = calendar_window_end(cal, day_add(day, -delay));
	return t > end ? t : end;
}

time_t
calendar_push_end(const struct calendar *cal, int night)
{
	return cal->by_hour ? calendar_send_at(cal, night) + HOUR_S :
	    calendar_window_end(cal, night);
}

int
calendar_push_night(const struct calendar *cal, time_t now, long stop_before_s)
{
	if (!cal->by_hour)
		return calendar_in_window(cal, now, stop_before_s) ?
		    calendar_night(cal, now) : NO_DAY;
	/* The hour may pass midnight. */
	for (int back = 0; back <= 1; back++) {
		const int night = day_add(clock_day(cal->zone, now),
		    -back - mail_delay(cal));
		if (is_before_mails(cal, night) &&
		    now >= calendar_send_at(cal, night) &&
		    now < calendar_push_end(cal, night))
			return night;
	}
	return NO_DAY;
}

int
calendar_gap_day(const char *zone, int day, int days, int minute)
{
	struct civil c;

	for (int i = 0; i < days; i++, day = day_add(day, 1)) {
		clock_local(zone, at_minute(zone, day, minute), &c);
		if (c.hour * 60 + c.minute != minute % (24 * 60))
			return day;
	}
	return NO_DAY;
}
