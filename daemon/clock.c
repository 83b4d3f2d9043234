#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ZONE_DIR "/usr/share/zoneinfo/"
#define ZONE_MAX 64
#define DAY_S ((time_t)86400)

static time_t frozen = NO_TIME;
static time_t shift_s;
/* The zone that localtime_r uses now; "" = not chosen by us yet. */
static char zone_now[ZONE_MAX];

time_t
clock_now(void)
{
	return frozen != NO_TIME ? frozen : time(NULL) + shift_s;
}

void
clock_set(time_t now)
{
	frozen = now;
}

void
clock_shift(time_t now)
{
	shift_s = now - time(NULL);
}

int64_t
clock_boottime_ms(void)
{
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- zones -------------------------------------------------------------- */

/* A relative path that stays below the zone directory: there is no dot. */
static bool
zone_name_ok(const char *zone)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+-";

	return zone != NULL && zone[0] != '\0' && zone[0] != '/' &&
	    strlen(zone) < ZONE_MAX && zone[strspn(zone, allowed)] == '\0';
}

bool
clock_zone_exists(const char *zone)
{
	char path[sizeof(ZONE_DIR) + ZONE_MAX], magic[4] = "";
	struct stat st;

	if (!zone_name_ok(zone))
		return false;
	(void)snprintf(path, sizeof(path), ZONE_DIR "%s", zone);
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	/* Tables and lists lie in the same directory: look at the magic. */
	FILE *f = fopen(path, "rbe");
	if (f == NULL)
		return false;
	const size_t n = fread(magic, 1, sizeof(magic), f);
	(void)fclose(f);
	return n == sizeof(magic) && memcmp(magic, "TZif", 4) == 0;
}

/* TZ stays set: other callers of localtime read it again at any time, and
 * would else change the zone behind our back. */
static void
zone_use(const char *zone)
{
	if (zone == NULL)
		zone = "UTC";
	if (strcmp(zone, zone_now) == 0)
		return;
	/* The C library would read "CET-1" or a typing error as a rule. */
	if (!clock_zone_exists(zone))
		zone = "UTC";
	(void)setenv("TZ", zone, 1);
	tzset();
	(void)snprintf(zone_now, sizeof(zone_now), "%s", zone);
}

/* ---- the proleptic Gregorian calendar ------------------------------------ */

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days since 1970-01-01.  Years begin in March here, so that the leap day is
 * the last one and the months before it have a regular length. */
static long
days_of(int year, int month, int dom)
{
	const int y = month <= 2 ? year - 1 : year;
	const int m = (month + 9) % 12;
	const long era = (y >= 0 ? y : y - 399) / 400;
	const long yoe = y - era * 400;
	const long doy = (153 * m + 2) / 5 + dom - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int
day_of_days(long days)
{
	const long z = days + 719468;
	const long era = (z >= 0 ? z : z - 146096) / 146097;
	const long doe = z - era * 146097;
	const long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	const long doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	const long mp = (5 * doy + 2) / 153;
	const long month = mp < 10 ? mp + 3 : mp - 9;
	const long year = yoe + era * 400 + (month <= 2 ? 1 : 0);

	if (year < 1 || year > 9999)
		return NO_DAY;
	return (int)(year * 10000 + month * 100 + doy - (153 * mp + 2) / 5 + 1);
}

static long
day_days(int day)
{
	return days_of(day / 10000, day / 100 % 100, day % 100);
}

bool
day_valid(int day)
{
	const int year = day / 10000, month = day / 100 % 100, dom = day % 100;

	return day > 0 && year >= 1 && year <= 9999 && month >= 1 &&
	    month <= 12 && dom >= 1 && dom <= month_days(year, month);
}

int
day_make(int year, int month, int dom)
{
	if (year < 1 || year > 9999 || month < 1 || month > 12 || dom < 1 ||
	    dom > 31)
		return NO_DAY;
	const int day = year * 10000 + month * 100 + dom;
	return day_valid(day) ? day : NO_DAY;
}

int
day_add(int day, int days)
{
	return day_valid(day) ? day_of_days(day_days(day) + days) : NO_DAY;
}

int
day_diff(int later, int earlier)
{
	if (!day_valid(later) || !day_valid(earlier))
		return 0;
	return (int)(day_days(later) - day_days(earlier));
}

int
day_weekday(int day)
{
	if (!day_valid(day))
		return 0;
	/* 0001-01-01 was a Monday. */
	return (int)((day_days(day) - days_of(1, 1, 1)) % 7) + 1;
}

const char *
day_iso(char buf[16], int day)
{
	buf[0] = '\0';
	if (day_valid(day))
		(void)snprintf(buf, 16, "%04d-%02d-%02d", day / 10000,
		    day / 100 % 100, day % 100);
	return buf;
}

/* ---- wall clocks --------------------------------------------------------- */

/* Seconds a wall clock shows, as if it were UTC. */
static time_t
civil_seconds(const struct civil *c)
{
	return (time_t)days_of(c->year, c->month, c->day) * DAY_S +
	    c->hour * 3600 + c->minute * 60 + c->second;
}

static void
civil_of_tm(struct civil *out, const struct tm *tm)
{
	*out = (struct civil){ tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday,
		tm->tm_hour, tm->tm_min, tm->tm_sec };
}

/* What the wall clock of the chosen zone shows at t, as if it were UTC. */
static time_t
wall_seconds(time_t t)
{
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return t;
	return t + tm.tm_gmtoff;
}

void
clock_local(const char *zone, time_t t, struct civil *out)
{
	struct tm tm = { 0 };

	zone_use(zone);
	if (localtime_r(&t, &tm) == NULL)
		(void)gmtime_r(&(time_t){ 0 }, &tm);
	civil_of_tm(out, &tm);
}

static bool
civil_valid(const struct civil *c)
{
	return day_make(c->year, c->month, c->day) != NO_DAY && c->hour >= 0 &&
	    c->hour <= 23 && c->minute >= 0 && c->minute <= 59 &&
	    c->second >= 0 && c->second <= 59;
}

/* First instant at which the wall clock shows wall or more: the end of the
 * gap that wall lies in. */
static time_t
gap_end(time_t wall)
{
	time_t before = wall - DAY_S, after = wall + DAY_S;

	while (after - before > 1) {
		const time_t mid = before + (after - before) / 2;
		if (wall_seconds(mid) >= wall)
			after = mid;
		else
			before = mid;
	}
	return after;
}

/* mktime is not asked: which side it takes of a gap or a doubled hour
 * depends on its previous call. */
time_t
clock_utc(const char *zone, const struct civil *local)
{
	if (!civil_valid(local))
		return NO_TIME;
	zone_use(zone);
	const time_t wall = civil_seconds(local);
	/* The offsets a day earlier and later are the only two in question;
	 * the larger one gives the earlier instant of a doubled hour. */
	const time_t off1 = wall_seconds(wall - DAY_S) - (wall - DAY_S);
	const time_t off2 = wall_seconds(wall + DAY_S) - (wall + DAY_S);
	const time_t first = wall - (off1 > off2 ? off1 : off2);
	const time_t second = wall - (off1 > off2 ? off2 : off1);
	if (wall_seconds(first) == wall)
		return first;
	if (second != first && wall_seconds(second) == wall)
		return second;
	return gap_end(wall);
}

int
clock_day(const char *zone, time_t t)
{
	struct civil c;

	clock_local(zone, t, &c);
	return day_make(c.year, c.month, c.day);
}

time_t
clock_day_start(const char *zone, int day)
{
	const struct civil c = { day / 10000, day / 100 % 100, day % 100, 0, 0,
		0 };

	return clock_utc(zone, &c);
}

const char *
clock_words(char buf[32], const char *zone, time_t t)
{
	static const char *const days[] = { "", "Mon", "Tue", "Wed", "Thu", "Fri",
		"Sat", "Sun" };
	struct civil c;

	clock_local(zone, t, &c);
	const int weekday = day_weekday(day_make(c.year, c.month, c.day));
	(void)snprintf(buf, 32, "%s %04d-%02d-%02d %02d:%02d", days[weekday],
	    c.year, c.month, c.day, c.hour, c.minute);
	return buf;
}

const char *
clock_iso(char buf[32], time_t t)
{
	struct tm tm = { 0 };
	struct civil c;

	(void)gmtime_r(&t, &tm);
	civil_of_tm(&c, &tm);
	/* The remainders change nothing; they prove that it fits. */
	(void)snprintf(buf, 32, "%04u-%02u-%02uT%02u:%02u:%02uZ",
	    (unsigned)c.year % 10000, (unsigned)c.month % 100,
	    (unsigned)c.day % 100, (unsigned)c.hour % 100,
	    (unsigned)c.minute % 100, (unsigned)c.second % 100);
	return buf;
}
