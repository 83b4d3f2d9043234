/*
 * Retry-After, HTTP-dates, ISO 8601 and patterns.  The first byte chooses a
 * zone; a text and a pattern follow, with NUL between them.
 */
#include "clock.h"
#include "fuzz.h"
#include "http.h"

#define FIRST_S (-62135596800)	/* 0001-01-01T00:00:00Z */
#define LAST_S 253402300799	/* 9999-12-31T23:59:59Z */

static const char *const zones[] = { "UTC", "Europe/Copenhagen",
	"America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
	"Africa/Casablanca", "America/St_Johns", "Pacific/Apia" };

static void
check_http(const char *text)
{
	static const char *const days[] = { "", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat", "Sun" };
	static const char *const months[] = { "", "Jan", "Feb", "Mar", "Apr",
		"May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	const time_t now = 1795420800;
	const long wait = http_retry_after(text, now);
	const time_t at = http_date(text);
	struct civil c;
	char again[64];

	CHECK(wait >= -1 && wait <= 900);
	if (at == NO_TIME)
		return;
	CHECK(at >= 0 && at <= LAST_S);
	CHECK(wait == (at <= now ? 0 : at - now > 900 ? 900 : at - now));
	clock_local("UTC", at, &c);
	const int day = day_make(c.year, c.month, c.day);
	(void)snprintf(again, sizeof(again),
	    "%s, %02d %s %04d %02d:%02d:%02d GMT", days[day_weekday(day)],
	    c.day, months[c.month], c.year, c.hour, c.minute, c.second);
	CHECK(http_date(again) == at);
}

/* What an instant shows is read as the same instant, or an hour earlier one
 * that shows the same. */
static void
check_instant(const char *zone, time_t t)
{
	char iso[32];
	struct civil c, d;
	time_t again;

	CHECK(t != NO_TIME && t >= FIRST_S && t <= LAST_S);
	CHECK(clock_parse_iso(clock_iso(iso, t), zone, &again) && again == t);
	clock_local(zone, t, &c);
	if (c.year < 1 || c.year > 9999)
		return;		/* the zone's clock is there already */
	again = clock_utc(zone, &c);
	clock_local(zone, again, &d);
	CHECK(again <= t && memcmp(&c, &d, sizeof(c)) == 0);
	const int day = clock_day(zone, t);
	CHECK(day_valid(day));
	/* A day that does not exist there begins where the next one does. */
	if (day > 10000101 && day < 99990101)
		CHECK(clock_day_start(zone, day) <= t &&
		    clock_day_start(zone, day_add(day, 1)) > t);
}

static void
check_day(const char *text)
{
	const int day = day_parse(text);
	char iso[16];

	if (day == NO_DAY)
		return;
	CHECK(day_valid(day) && fuzz_same(day_iso(iso, day), text));
	CHECK(day_weekday(day) >= 1 && day_weekday(day) <= 7);
	for (int n = -400; n <= 400; n += 100) {
		const int other = day_add(day, n);
		if (other != NO_DAY)
			CHECK(day_diff(other, day) == n);
	}
}

static void
check_format(const char *text, const char *format, const char *zone)
{
	time_t t = NO_TIME;
	bool has_time = false;

	if (!clock_parse_format(text, format, zone, &t, &has_time))
		return;
	CHECK(clock_format_valid(format));
	check_instant(zone, t);
	CHECK(has_time == (strpbrk(format, "Hh") != NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	const char *zone = zones[fuzz_byte(&in) % ARRAY_LEN(zones)];
	char *text = fuzz_text(&in), *format = fuzz_text(&in);
	time_t t = NO_TIME;

	check_http(text);
	check_day(text);
	if (clock_parse_iso(text, zone, &t))
		check_instant(zone, t);
	check_format(text, format, zone);
	free(text);
	free(format);
	return 0;
}
