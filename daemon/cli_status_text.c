/*
 * cli_status_text.c - npsync status for people.
 */
#include <string.h>

#include "cli_alarms.h"
#include "cli_effects.h"
#include "cli_pause.h"
#include "cli_status.h"
#include "clock.h"
#include "log.h"

static const char *
when(struct cli *cli, time_t t)
{
	return t == NO_TIME ? "none" : cli_when(cli->arena, cli->conf->timezone,
	    t);
}

/* "5 minutes", "3 hours", "12 days" */
static const char *
age(struct arena *arena, time_t s)
{
	static const struct { time_t s; const char *name; } units[] = {
		{ 86400, "day" }, { 3600, "hour" }, { 60, "minute" } };

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (s >= 2 * units[i].s || (i + 1 == ARRAY_LEN(units)))
			return arena_printf(arena, "%lld %s%s",
			    (long long)(s / units[i].s), units[i].name,
			    s / units[i].s == 1 ? "" : "s");
	return "";
}

/* ---- runs ------------------------------------------------------------------------ */
static void
say_timer(struct cli *cli, const struct status *s,
    const struct status_timer *timer)
{
	const time_t next = status_timer_next(timer, s->machine_zone,
	    clock_now());

	if (status_timer_is_on(timer))
		(void)printf("; next %s", when(cli, next));
	else
		(void)printf("; the timer is not on (next would be %s)",
		    when(cli, next));
}

static void
say_runs(struct cli *cli, const struct status *s)
{
	const struct db_result *r = s->list[STATUS_RUNS];
	time_t good = NO_TIME;

	for (int i = 0; i < db_rows(r); i++)
		if (db_time(r, i, 3) > good)
			good = db_time(r, i, 3);
	(void)printf("last good run  %s\n", when(cli, good));
	for (int i = 0; i < db_rows(r); i++) {
		const time_t last = db_time(r, i, 1);
		if (strcmp(db_text(r, i, 0), "manual") == 0) {
			if (last != NO_TIME)
				(void)printf("run by hand    last %s, %s\n",
				    when(cli, last), db_text(r, i, 2));
			continue;
		}
		(void)printf("%-6s run     last %s%s%s", db_text(r, i, 0),
		    when(cli, last), last == NO_TIME ? "" : ", ",
		    last == NO_TIME ? "" : db_text(r, i, 2));
		for (size_t t = 0; t < ARRAY_LEN(status_timers); t++)
			if (strcmp(status_timers[t].kind, db_text(r, i, 0)) == 0)
				say_timer(cli, s, &status_timers[t]);
		(void)printf("\n");
	}
	(void)printf("next transfer  window opens %s, mails leave %s\n",
	    when(cli, calendar_window_start(&cli->conf->calendar,
	        s->transfer_night)),
	    when(cli, calendar_send_at(&cli->conf->calendar,
	        s->transfer_night)));
}

/* ---- plan, nights ---------------------------------------------------------------- */
static void
say_plan(const struct plan *p)
{
	char day[16];
	const int end = plan_used_up(p);

	if (p->budget == 0)
		return;
	(void)printf("plan           %lld of %lld surveys of %d used; ", p->used,
	    p->budget, p->today / 10000);
	if (p->used >= p->budget)
		(void)printf("used up\n");
	else if (end != NO_DAY)
		(void)printf("used up on %s at the pace of the last %d day%s "
		    "(%lld)\n", day_iso(day, end), p->recent_days,
		    p->recent_days == 1 ? "" : "s", p->recent);
	else
		(void)printf("lasts to the end of the year at the pace of the last "
		    "%d day%s (%lld)\n", p->recent_days,
		    p->recent_days == 1 ? "" : "s", p->recent);
}

static void
say_spark(struct cli *cli, const struct db_result *r, int col,
    const char *label)
{
	long long v[STATUS_NIGHT_COUNT] = { 0 }, sum = 0;
	const int n = db_rows(r) < STATUS_NIGHT_COUNT ? db_rows(r)
	    : STATUS_NIGHT_COUNT;

	for (int i = 0; i < n; i++) {
		v[i] = db_int(r, i, col);
		sum += v[i];
		/* No run is not a run that sent nothing. */
		if (col == 1 && v[i] == 0 && !db_bool(r, i, 3))
			v[i] = SPARK_NONE;
	}
	const char *line = spark_line(cli->arena, v, (size_t)n,
	    spark_locale_is_utf8());
	(void)printf("%s %s  %lld, last night %lld\n", label,
	    line != NULL ? line : "", sum,
	    n > 0 && v[n - 1] > 0 ? v[n - 1] : 0);
}

static void
say_line(void *arg, const char *line)
{
	(void)arg;
	(void)printf("%s\n", line);
}

static void
say_nights(struct cli *cli, const struct status *s)
{
	char day[16];

	say_spark(cli, s->list[STATUS_NIGHTS], 1, "\n14 nights sent    ");
	say_spark(cli, s->list[STATUS_NIGHTS], 2, "          answered");
	if (s->last_night == NO_DAY)
		return;
	(void)printf("\nlast night, to %s: %s\n", day_iso(day, s->last_night),
	    s->last_result);
	runlog_lines(&s->last_log, cli->arena, say_line, NULL);
}

/* ---- the queue -------------------------------------------------------------------- */
static bool
say_states(struct cli *cli, const struct status *s, struct err *err)
{
	static const struct table_column columns[] = { { "state", false, 0 },
		{ "reason", false, 0 }, { "rows", true, 0 },
		{ "way_out", false, 0 } };
	const struct db_result *r = s->list[STATUS_STATES];
	struct table *t = table_open(stdout, TABLE_TEXT, columns,
	    ARRAY_LEN(columns));

	for (int i = 0; i < db_rows(r); i++) {
		const char *cells[] = { db_text(r, i, 0), db_text(r, i, 1),
			db_text(r, i, 2), status_way_out(cli->arena,
			    db_text(r, i, 0), db_text(r, i, 1)) };
		table_row(t, cells);
	}
	return table_close(t, err);
}

static bool
say_streams(struct cli *cli, const struct status *s, struct err *err)
{
	static const struct table_column columns[] = { { "source", false, 0 },
		{ "stream", false, 0 }, { "read_to_its_end", false, 0 },
		{ "watermark", false, 40 }, { "note", false, 0 } };
	const struct db_result *r = s->list[STATUS_STREAMS];
	struct table *t = table_open(stdout, TABLE_TEXT, columns,
	    ARRAY_LEN(columns));

	for (int i = 0; i < db_rows(r); i++) {
		const time_t at = db_time(r, i, 3);
		const char *cells[] = { db_text(r, i, 0), db_text(r, i, 1),
			at == NO_TIME ? "never" : arena_printf(cli->arena,
			    "%s ago", age(cli->arena, clock_now() - at)),
			db_text(r, i, 2), db_bool(r, i, 5)
			    ? "the first pass is not complete" : db_bool(r, i, 4)
			    ? "a pass was broken off" : NULL };
		table_row(t, cells);
	}
	return table_close(t, err);
}

/* ---- what could not be read or placed ---------------------------------------------- */
static void
say_quarantine(const struct db_result *r)
{
	if (db_rows(r) > 0)
		(void)printf("\nrecords nobody could read:\n");
	for (int i = 0; i < db_rows(r); i++)
		(void)printf("  %s %s line %s%s%s: %s\n", db_text(r, i, 0),
		    db_text(r, i, 1), db_text(r, i, 2),
		    *db_text(r, i, 3) != '\0' ? " key " : "",
		    *db_text(r, i, 3) != '\0' ? log_quote(db_text(r, i, 3)) : "",
		    db_text(r, i, 4));
}

static void
say_unplaced(struct cli *cli, const struct status *s)
{
	const struct db_result *r = s->list[STATUS_UNPLACED];

	if (db_rows(r) > 0)
		(void)printf("\nanswers that several cards fit, none of them asked:\n");
	for (int i = 0; i < db_rows(r); i++)
		(void)printf("  answer %s of %s, score %s, %s: %s\n",
		    db_text(r, i, 0), cli_when(cli->arena, cli->conf->timezone,
		        db_time(r, i, 1)),
		    db_is_null(r, i, 2) ? "none" : db_text(r, i, 2),
		    log_quote(db_is_null(r, i, 3) ? "" : db_text(r, i, 3)),
		    db_is_null(r, i, 4) ? "the cards are gone by now"
		                        : db_text(r, i, 4));
	if (s->homeless > 0)
		(void)printf("\nanswers of nobody the CRM knows: %lld\n",
		    s->homeless);
}

static void
say_commands(struct cli *cli, const struct db_result *r)
{
	if (db_rows(r) > 0)
		(void)printf("\ntags on cards that are not done:\n");
	for (int i = 0; i < db_rows(r); i++)
		(void)printf("  %s/%s %s since %s: %s\n", db_text(r, i, 0),
		    db_text(r, i, 1), log_quote(db_text(r, i, 2)),
		    cli_when(cli->arena, cli->conf->timezone, db_time(r, i, 4)),
		    db_text(r, i, 3));
}

/* ---- all --------------------------------------------------------------------------- */
static bool
say_head(struct cli *cli, const struct status *s, struct err *err)
{
	(void)printf("tenant         %s%s\n", cli->conf->tenant,
	    cli->tenant.paused ? " (paused: `npsync activate` starts sending)" : "");
	if (cli->tenant.restored_at != NO_TIME)
		(void)printf("restored       noticed %s: nobody is asked before it is "
		    "settled (npsync(8), After a restored backup)\n",
		    when(cli, cli->tenant.restored_at));
	if (!cli_pause_say(cli, err))
		return false;
	say_runs(cli, s);
	say_plan(&s->plan);
	if (s->erasures > 0)
		(void)printf("erasures       %lld step%s open at others, each night "
		    "tries again (`npsync erase` says why)\n", s->erasures,
		    s->erasures == 1 ? " is" : "s are");
	return cli_alarms_say(cli, err);
}

bool
cli_status_text(struct cli *cli, const struct status *s, struct err *err)
{
	if (!say_head(cli, s, err))
		return false;
	say_nights(cli, s);
	(void)printf("\n");
	if (!say_states(cli, s, err))
		return false;
	(void)printf("\n");
	if (!say_streams(cli, s, err))
		return false;
	say_quarantine(s->list[STATUS_UNREADABLE]);
	say_unplaced(cli, s);
	say_commands(cli, s->list[STATUS_COMMANDS]);
	return cli_effects_say(cli, err);
}
