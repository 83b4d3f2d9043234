/*
 * simtime.h - numbers and UTC times for the test programs of this folder,
 * which link nothing of npsync: a fault there must not hide itself here.
 */
#ifndef NPSYNC_SIMTIME_H
#define NPSYNC_SIMTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DAY_S 86400

/* The whole text, digits only; false on anything else. */
static inline bool
sim_num(const char *s, int64_t *out)
{
	int64_t n = 0;
	if (s == NULL || *s == '\0' || strlen(s) > 15)
		return false;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return false;
		n = n * 10 + (*s - '0');
	}
	*out = n;
	return true;
}

/* Exactly width digits at *s, which moves behind them. */
static inline bool
sim_digits(const char **s, int width, int *out)
{
	int n = 0;
	for (int i = 0; i < width; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		n = n * 10 + (**s - '0');
	}
	*out = n;
	return true;
}

static inline int64_t
sim_floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

/* Days since 1970-01-01 of a civil date. */
static inline int64_t
sim_days(int year, int month, int day)
{
	const int64_t y = month <= 2 ? year - 1 : year;
	const int64_t era = sim_floor_div(y, 400);
	const int64_t yoe = y - era * 400;
	const int64_t mp = (month + 9) % 12;
	const int64_t doy = (153 * mp + 2) / 5 + day - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static inline void
sim_civil(int64_t days, int *year, int *month, int *day)
{
	const int64_t z = days + 719468;
	const int64_t era = sim_floor_div(z, 146097);
	const int64_t doe = z - era * 146097;
	const int64_t yoe =
	    (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	const int64_t mp = (5 * doy + 2) / 153;
	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2 ? 1 : 0));
}

/* There is no 31 February. */
static inline bool
sim_is_date(int year, int month, int day)
{
	int y, m, d;
	if (month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	sim_civil(sim_days(year, month, day), &y, &m, &d);
	return m == month && d == day;
}

/* "", "Z", "+02:00", "-0330"; a blank stands for a plus that a query lost. */
static inline bool
sim_offset_parse(const char *s, int64_t *offset_s)
{
	int h, m;
	*offset_s = 0;
	if (*s == '\0' || strcmp(s, "Z") == 0 || strcmp(s, "z") == 0)
		return true;
	if (*s != '+' && *s != '-' && *s != ' ')
		return false;
	const int sign = *s++ == '-' ? -1 : 1;
	if (!sim_digits(&s, 2, &h))
		return false;
	if (*s == ':')
		s++;
	if (!sim_digits(&s, 2, &m) || *s != '\0' || h > 14 || m > 59)
		return false;
	*offset_s = sign * (h * 3600 + m * 60);
	return true;
}

/* "2026-11-25T20:00:00.1234567+00:00" and shorter forms; without zone UTC. */
static inline bool
sim_time_parse(const char *s, int64_t *out)
{
	int y, mo, d, h = 0, mi = 0, sec = 0;
	int64_t offset_s;
	if (s == NULL || !sim_digits(&s, 4, &y) || *s++ != '-' ||
	    !sim_digits(&s, 2, &mo) || *s++ != '-' || !sim_digits(&s, 2, &d))
		return false;
	if (*s == 'T' || *s == ' ') {
		s++;
		if (!sim_digits(&s, 2, &h) || *s++ != ':' ||
		    !sim_digits(&s, 2, &mi))
			return false;
		if (*s == ':') {
			s++;
			if (!sim_digits(&s, 2, &sec))
				return false;
		}
		if (*s == '.')
			for (s++; *s >= '0' && *s <= '9';)
				s++;
	}
	if (!sim_is_date(y, mo, d) || h > 23 || mi > 59 || sec > 60 ||
	    !sim_offset_parse(s, &offset_s))
		return false;
	*out = sim_days(y, mo, d) * DAY_S + h * 3600 + mi * 60 + sec - offset_s;
	return true;
}

/* "2026-11-25T20:00:00" and the given end, "Z" for one. */
static inline const char *
sim_time_text(int64_t t, const char *end, char *out, size_t size)
{
	int y, mo, d;
	const int64_t days = sim_floor_div(t, DAY_S);
	const int s = (int)(t - days * DAY_S);
	sim_civil(days, &y, &mo, &d);
	snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d%s", y, mo, d,
	    s / 3600, s / 60 % 60, s % 60, end);
	return out;
}

/* FNV-1a with a stirred end: the seeded choices of both programs. */
static inline uint64_t
sim_hash(uint64_t seed, const char *text)
{
	uint64_t h = 14695981039346656037u ^ (seed * 0x9e3779b97f4a7c15u);
	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211u;
	h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
	h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
	return h ^ (h >> 31);
}

/* sim_time_text in UTC, in a ring of 4. */
static inline const char *
sim_time_iso(int64_t t)
{
	static char ring[4][40];
	static unsigned next;
	char *out = ring[next++ % 4];

	return sim_time_text(t, "Z", out, sizeof(ring[0]));
}

#endif
