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
	/* The service keeps no mail until its time: a night only decides, and
	 * who is due is handed over in the hour of send.at. */
	bool by_hour;
};

/* The countries calendar_is_holiday knows; NULL-ended. */
extern const char *const calendar_countries[];

/* Public holiday of a country (DK SE NO FI DE), computed from Easter and
 * fixed dates; an unknown country has none.  Denmark: Store bededag until
 * 2023.  Swedish and Finnish midsummer eve, and Christmas Eve where offices
 * are closed by custom, are listed in the .c with their source. */
bool calendar_is_holiday(const char *country, int day);
bool calendar_is_sending_day(const struct calendar *cal, int day);
/* A sending day, or another from Monday to Friday that is not closed: people
 * work on days on which no survey leaves too. */
bool calendar_is_working_day(const struct calendar *cal, int day);
/* First sending day on or after day; NO_DAY if there is none in ten years. */
int calendar_sending_day(const struct calendar *cal, int day);
/* A night is the local date on which a send window ends: the window now is
 * in, else the next one. */
int calendar_night(const struct calendar *cal, time_t now);
/* Inside the window and more than stop_before_s before its end. */
bool calendar_in_window(const struct calendar *cal, time_t now,
    long stop_before_s);
/* The window that belongs to a night.  One whose hours do not exist on that
 * day begins after the gap and has its usual length: it is never empty. */
time_t calendar_window_start(const struct calendar *cal, int night);
time_t calendar_window_end(const struct calendar *cal, int night);
/* The night whose due rows may be handed over now, and until when; NO_DAY =
 * none.  In the window, but for the last stop_before_s; with by_hour in the
 * hour after the mails' time, all of it. */
int calendar_push_night(const struct calendar *cal, time_t now,
    long stop_before_s);
time_t calendar_push_end(const struct calendar *cal, int night);
/* Does this night transfer: its mails leave at the next send.at, or
 * push_ahead. */
bool calendar_is_transfer_night(const struct calendar *cal, int night);
/* First transfer night on or after night; NO_DAY as above. */
int calendar_transfer_night(const struct calendar *cal, int night);
/* Oldest local day an event of max_age_days may have in this night.  The run
 * of closed days right before the night does not count (vector H9); with
 * push_ahead nothing waits, and all days count. */
int calendar_oldest_day(const struct calendar *cal, int night,
    int max_age_days);
/* When mails of a night leave: the first send.at of a sending day that is not
 * before the end of the window (NO_TIME if there is none). */
time_t calendar_send_at(const struct calendar *cal, int night);
/* Does a wall clock exist on each of `days` days from day?  Else the first on
 * which it does not (a clock change); NO_DAY = always. */
int calendar_gap_day(const char *zone, int day, int days, int minute);

#endif
