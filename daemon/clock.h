/*
 * clock.h - now, and the only place that knows time zones.
 *
 * Time is UTC time_t everywhere; a day is an int YYYYMMDD in a named zone.
 * Not thread-safe: the process has one thread.
 */
#ifndef NPSYNC_CLOCK_H
#define NPSYNC_CLOCK_H

#include <time.h>

#include "npsync.h"

#define NO_TIME ((time_t)-1)
#define NO_DAY 0

struct civil {
	int year, month, day, hour, minute, second;
};

/* The program's now: the system's, or what clock_set froze. */
time_t clock_now(void);
/* Freezes now (tests, --now); NO_TIME goes back to the system's. */
void clock_set(time_t now);
/* From now on the clock shows `now` and runs on from there (--now). */
void clock_shift(time_t now);
/* Milliseconds of CLOCK_BOOTTIME, for deadlines; never frozen. */
int64_t clock_boottime_ms(void);

/* True if the zone's file is installed ("Europe/Copenhagen", "UTC"). */
bool clock_zone_exists(const char *zone);
/* Wall clock of an instant in a zone; an unknown zone (or NULL) is UTC.  The
 * environment's TZ is the zone asked for last: child processes that keep
 * time need their own. */
void clock_local(const char *zone, time_t t, struct civil *out);
/* Instant of a wall clock in a zone.  A time in the spring gap becomes the
 * first valid instant after it; of a doubled hour the first one is taken
 * (test-vectors section 4).  NO_TIME when a field is out of range. */
time_t clock_utc(const char *zone, const struct civil *local);
/* The local day of an instant, and the first instant of a local day. */
int clock_day(const char *zone, time_t t);
time_t clock_day_start(const char *zone, int day);

/* "2026-11-25T08:00:00Z"; buf of 32 bytes; returns buf. */
const char *clock_iso(char buf[32], time_t t);
/* "Tue 2026-12-01 09:00" on the zone's wall clock; buf of 32 bytes. */
const char *clock_words(char buf[32], const char *zone, time_t t);
/* ISO 8601: date, 'T' or blank, time, 0 to 9 fraction digits (cut, never
 * rounded), 'Z' | +hh:mm | +hhmm | +hh or none = zone.  A date alone is its
 * first instant in zone. */
NPS_MUSTCHECK bool clock_parse_iso(const char *s, const char *zone,
    time_t *out);
/* A date or time by a pattern of yyyy yy M MM d dd H HH h hh m mm s ss tt and
 * literal characters ("m/d/yyyy", "dd-MM-yyyy HH:mm"); see
 * npsync-connectors(7).  M and MM, d and dd both take one or two digits.  "m"
 * right after the start or next to 'd'/'y' means month too, so that both
 * m/d/yyyy and M/d/yyyy read as people write them. */
NPS_MUSTCHECK bool clock_parse_format(const char *s, const char *format,
    const char *zone, time_t *out, bool *has_time);
/* A pattern clock_parse_format can use: year, month and day once each, no
 * token of another length ("MMM"), no minutes without hours, no tt without
 * either.  mm beside hours or seconds is minutes.  Words are none: names of
 * months cannot be read. */
bool clock_format_valid(const char *format);

/* Days */
bool day_valid(int day);
int day_make(int year, int month, int dom);
int day_add(int day, int days);
int day_diff(int later, int earlier);	/* in days; negative if swapped */
int day_weekday(int day);		/* 1 = Monday .. 7 = Sunday */
/* "2026-11-25"; buf of 16 bytes; returns buf. */
const char *day_iso(char buf[16], int day);
/* "2026-11-25" -> 20261125; NO_DAY if it is none. */
int day_parse(const char *s);

#endif
