#include "cli_time.h"

#include "clock.h"
#include "queue.h"

#define YEAR_DAYS 370	/* and a little more: every clock change of a year */

struct times {
	struct cli *cli;
	const struct calendar *cal;
	int today;
	cli_warn_fn *warn;
	void *arg;
};

/* An hour that a clock change leaves out. */
static void
check_gap(const struct times *t, const char *what, int minute,
    const char *meaning)
{
	const int day = calendar_gap_day(t->cal->zone, t->today, YEAR_DAYS,
	    minute);
	char iso[16];

	if (day != NO_DAY)
		t->warn(t->arg, what, arena_printf(t->cli->arena, "there is no "
		    "%02d:%02d on %s in %s: %s", minute / 60, minute % 60,
		    day_iso(iso, day), t->cal->zone, meaning));
}

/* The least that a night of the coming year has for claims, in seconds. */
static long
shortest_s(const struct times *t)
{
	long least = 7L * 86400;

	if (t->cal->by_hour)
		return 3600;
	for (int i = 0, night = t->today; i < YEAR_DAYS;
	     i++, night = day_add(night, 1)) {
		const long s = (long)(calendar_window_end(t->cal, night) -
		    calendar_window_start(t->cal, night));
		least = s < least ? s : least;
	}
	return least - t->cli->conf->send.stop_before_s;
}

static void
check_length(const struct times *t)
{
	const struct conf *conf = t->cli->conf;
	const char *what = t->cal->by_hour ? "send.at" : "send.window";
	const long have_s = shortest_s(t);
	long long usual = 0;
	struct err err;

	if (have_s <= 0) {
		t->warn(t->arg, what, "is not longer than send.stop_before, so "
		    "nobody is ever handed over; make it longer");
		return;
	}
	/* Without a database nothing is known of earlier nights. */
	if (t->cli->db == NULL || !queue_usual_night(t->cli->db,
	    t->cli->tenant.id, t->cli->arena, &usual, &err))
		return;
	const double need_s = (double)usual / conf->survey.http.rate_per_second;
	if (need_s > (double)have_s)
		t->warn(t->arg, what, arena_printf(t->cli->arena, "a usual night "
		    "hands over %lld people, which takes %.1f minutes with "
		    "survey.rate_per_second = %g; there are %.1f: make it longer, "
		    "or raise the rate",
		    usual, need_s / 60, conf->survey.http.rate_per_second,
		    (double)have_s / 60));
}

void
cli_time_check(struct cli *cli, cli_warn_fn *warn, void *arg)
{
	const struct calendar *cal = &cli->conf->calendar;
	const struct times t = { .cli = cli, .cal = cal, .warn = warn,
		.arg = arg, .today = clock_day(cal->zone, clock_now()) };

	if (calendar_sending_day(cal, t.today) == NO_DAY)
		warn(arg, "send.closed", "leaves no day on which mails may leave; "
		    "shorten it");
	check_gap(&t, "send.at", cal->send_at_min,
	    "the mails of that day leave after the gap");
	check_gap(&t, "send.window", cal->window_from_min,
	    "that night begins after the gap, and a timer may not start in it");
	if (!cal->by_hour && cal->send_at_min < cal->window_until_min)
		warn(arg, "send.at", "comes before send.window ends, so the mails "
		    "of a night leave on the day after; set it later, or end the "
		    "window before it");
	if (cal->by_hour && cli->conf->send.push_ahead)
		warn(arg, "send.push_ahead", "has no effect: the survey service "
		    "keeps no mail until its time; take it out");
	check_length(&t);
}
