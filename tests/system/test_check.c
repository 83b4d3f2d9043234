/*
 * npsync check: the ends of keys, told while there is still time; hours and
 * days that are not what they seem.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "npsync.h"
#include "place.h"

static void
put(const struct place *p, const char *folder, const char *text)
{
	char path[500];

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, folder);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof(path), "%s/%s/npstoday", p->dir, folder);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
test_expiry(void **state)
{
	static const struct { const char *day, *line; } cases[] = {
		{ "2027-01-01", NULL },
		{ "2026-12-31", "warn  credential npstoday: it ends on "
		    "2026-12-31: get a new key, then `npsync secret set "
		    "npstoday --expires DAY`\n" },
		{ "2026-12-01", "warn  credential npstoday: it ends on "
		    "2026-12-01: " },
		{ "2026-11-30", "FAIL  credential npstoday: it ended on "
		    "2026-11-30: get a new key, then `npsync secret set "
		    "npstoday --expires DAY`\n" } };
	struct place p;
	char from[500];

	(void)state;
	place_make(&p, "expiry", "expiry", true);
	place_export(&p, 1);
	(void)snprintf(from, sizeof(from), "file:%s", p.key);
	place_edit(&p, from, "credential:npstoday");
	char key[200] = "";
	FILE *f = fopen(p.key, "re");
	assert_non_null(f);
	assert_non_null(fgets(key, sizeof(key), f));
	(void)fclose(f);
	put(&p, "credentials", key);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		put(&p, "expires", cases[i].day);
		const struct runproc *r = place_run(&p, "2026-12-01T08:00",
		    i == ARRAY_LEN(cases) - 1 ? 78 : 0, "check");
		if (cases[i].line != NULL)
			says(r->out, cases[i].line);
		else
			assert_null(strstr(r->out, "credential npstoday"));
	}
	place_free(&p);
}

/* One line each; the rest of the checklist is as before. */
static void
test_times(void **state)
{
	static const struct {
		const char *send, *zone;
		int code;
		const char *line;
	} cases[] = {
		{ "at = \"09:00\";", NULL, 0, NULL },
		{ "at = \"02:30\"; window = \"23:00-02:00\";", NULL, 0,
		    "warn  send.at: there is no 02:30 on 2027-03-28 in "
		    "Europe/Copenhagen: the mails of that day leave after the gap\n" },
		{ "at = \"02:30\"; window = \"23:00-02:00\";", "UTC", 0, NULL },
		{ "at = \"03:00\"; window = \"23:00-02:00\";", NULL, 0, NULL },
		{ "window = \"02:59-06:00\";", NULL, 0,
		    "warn  send.window: there is no 02:59 on 2027-03-28 in "
		    "Europe/Copenhagen: that night begins after the gap, and a timer "
		    "may not start in it\n" },
		{ "at = \"05:59\";", NULL, 0,
		    "warn  send.at: comes before send.window ends, so the mails of a "
		    "night leave on the day after; set it later, or end the window "
		    "before it\n" },
		{ "window = \"03:00-03:05\";", NULL, 0,
		    "warn  send.window: is not longer than send.stop_before, so "
		    "nobody is ever handed over; make it longer\n" },
		{ "closed = [ \"2026-01-01..2039-12-31\" ];", NULL, 0,
		    "warn  send.closed: leaves no day on which mails may leave; "
		    "shorten it\n" },
		{ "holidays = [ \"DK\", \"XX\" ];", NULL, 78,
		    "send.holidays: expected countries out of DK, SE, NO, FI, DE; "
		    "got \"XX\"" },
		{ "at = \"09:00\";", "Europe/Kobenhavn", 78,
		    "timezone: there is no zone \"Europe/Kobenhavn\"; expected a "
		    "name such as \"Europe/Copenhagen\"" },
	};
	static const char marker[] = "test = true;";
	char text[300];
	struct place p;

	(void)state;
	place_make(&p, "times", "times", true);
	place_export(&p, 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		(void)snprintf(text, sizeof(text), "test = true; send = { %s };",
		    cases[i].send);
		place_edit(&p, marker, text);
		if (cases[i].zone != NULL)
			place_edit(&p, "Europe/Copenhagen", cases[i].zone);
		const struct runproc *r = place_run(&p, "2026-12-01T08:00",
		    cases[i].code, "check");
		if (cases[i].code == 78)
			says_one_line(r->err, cases[i].line);
		else if (cases[i].line != NULL)
			says(r->out, cases[i].line);
		else
			assert_null(strstr(r->out, "  send."));
		if (cases[i].zone != NULL)
			place_edit(&p, cases[i].zone, "Europe/Copenhagen");
		place_edit(&p, text, marker);
	}
	place_free(&p);
}

/* What the last nights handed over does not fit any more. */
static void
test_short_window(void **state)
{
	struct place p;

	(void)state;
	place_make(&p, "short", "short", true);
	place_export(&p, 1);
	place_clock(&p, "2026-12-01T12:00:00Z");
	(void)place_run(&p, "2026-12-01T13:00", 0, "run hourly");
	(void)place_run(&p, "2026-12-01T13:10", 0, "activate");
	place_export(&p, 2);
	place_clock(&p, "2026-12-02T02:10:00Z");
	(void)place_run(&p, "2026-12-02T03:10", 0, "run night");
	assert_null(strstr(place_run(&p, "2026-12-02T13:00", 0, "check")->out,
	    "a usual night"));
	place_edit(&p, "rate_per_second = 10.0;", "rate_per_second = 0.5;");
	place_edit(&p, "test = true;",
	    "test = true; send = { window = \"03:00-03:06\"; "
	    "stop_before = \"330s\"; };");
	const struct runproc *r = place_run(&p, "2026-12-02T13:00", 0, "check");
	says(r->out, "warn  send.window: a usual night hands over ");
	says(r->out, " minutes with survey.rate_per_second = 0.5; there are 0.5: "
	    "make it longer, or raise the rate\n");
	place_free(&p);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_short_window),
	};

	(void)argc;
	if (!place_find(argv[0]))
		return 1;
	return cmocka_run_group_tests_name("check", tests, places_begin,
	    places_end);
}
