/*
 * calendar.h - sending days, nights and windows; pure functions over a
 * struct calendar that conf.c fills.  Rules: design section 4 and 6, vectors
 * I14, H1-H9, section 4.
 */
#ifndef NPSYNC_CALENDAR_H
#define NPSYNC_CALENDAR_H

#include <time.h>

#include "npsync.h"

struct day_range {
	int from, until;	/* YYYYMMDD, half-open */
};

struct calendar {
	const char *zone;
	unsigned weekdays;	       /* bit 1 << (weekday - 1), 1 = Monday */
	const char *const *holidays;   /* "DK", "SE", ...; n_holidays of them */
	size_t n_holidays;
	const struct day_range *closed;
	size_t n_closed;
	int window_from_min, window_until_min; /* minutes of the local day */
	int send_at_min;
	bool push_ahead;
};

/* The countries calendar_is_holiday knows; NULL-ended. */
extern const char *const calendar_countries[];

/* Public holiday of a country (DK SE NO FI DE), computed from Easter and
 * fixed dates; an unknown country has none.  Denmark: Store bededag until
 * 2023.  Swedish and Finnish midsummer eve, and Christmas Eve where offices
 * are closed by custom, are listed in the .c with their source. */
bool calendar_is_holiday(const char *country, int day);
bool calendar_is_sending_day(const struct calendar *cal, int day);
/* First sending day on or after day; NO_DAY if there is none in ten years. */
int calendar_sending_day(const struct calendar *cal, int day);
/* A night is the local date on which a send window ends: the window now is
 * in, else the next one. */
int calendar_night(const struct calendar *cal, time_t now);
/* Inside the window and more than stop_before_s before its end. */
bool calendar_in_window(const struct calendar *cal, time_t now,
    long stop_before_s);
/* Start of the window that belongs to a night. */
time_t calendar_window_start(const struct calendar *cal, int night);
time_t calendar_window_end(const struct calendar *cal, int night);
/* Does this night transfer: it ends on a sending day, or push_ahead. */
bool calendar_is_transfer_night(const struct calendar *cal, int night);
/* First transfer night on or after night; NO_DAY as above. */
int calendar_transfer_night(const struct calendar *cal, int night);
/* Oldest local day an event of max_age_days may have in this night.  The run
 * of closed days right before the night does not count (vector H9); with
 * push_ahead nothing waits, and all days count. */
int calendar_oldest_day(const struct calendar *cal, int night,
    int max_age_days);
/* When mails of a night leave: send.at on its first sending day (NO_TIME if
 * there is none). */
time_t calendar_send_at(const struct calendar *cal, int night);

#endif
