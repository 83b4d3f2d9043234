/*
 * cli_status.c - npsync status: reads what is shown.
 */
#include "cli_status.h"

#include <string.h>
#include <unistd.h>

#include "alarm.h"
#include "answer.h"
#include "clock.h"
#include "erasure.h"
#include "night.h"
#include "pause.h"
#include "preview.h"
#include "quarantine.h"
#include "queue.h"
#include "runlog_night.h"
#include "runlog_status.h"
#include "tag_command.h"

#define LISTED_MAX 20
#define WANTS "/etc/systemd/system/timers.target.wants/"

/* ---- timers -------------------------------------------------------------------- */
const struct status_timer status_timers[2] = {
	{ "night", WANTS "npsync-night.timer", 3, 10 },
	{ "hourly", WANTS "npsync-hourly.timer", -1, 7 },
};

time_t
status_timer_next(const struct status_timer *timer, const char *zone,
    time_t now)
{
	struct civil at;

	if (timer->hour < 0) {
		const time_t hour = now - now % 3600 + timer->minute * 60;
		return hour > now ? hour : hour + 3600;
	}
	for (int i = 0; i < 3; i++) {
		const int day = day_add(clock_day(zone, now), i);
		at = (struct civil){ day / 10000, day / 100 % 100, day % 100,
			timer->hour, timer->minute, 0 };
		if (clock_utc(zone, &at) > now)
			break;
	}
	return clock_utc(zone, &at);
}

bool
status_timer_is_on(const struct status_timer *timer)
{
	return access(timer->unit, F_OK) == 0;
}

/* "Europe/Copenhagen" of /etc/localtime, else UTC. */
static const char *
machine_zone(struct arena *arena)
{
	char path[512];
	const ssize_t n = readlink("/etc/localtime", path, sizeof(path) - 1);

	if (n <= 0)
		return "UTC";
	path[n] = '\0';
	const char *zone = strstr(path, "/zoneinfo/");
	if (zone == NULL || !clock_zone_exists(zone + strlen("/zoneinfo/")))
		return "UTC";
	zone = arena_strdup(arena, zone + strlen("/zoneinfo/"));
	return zone != NULL ? zone : "UTC";
}

/* ---- what is held ---------------------------------------------------------------- */
const char *
status_way_out(struct arena *arena, const char *state, const char *reason)
{
	if (strcmp(state, "held") == 0)
		return preview_release(arena, reason != NULL ? reason : "");
	if (strcmp(state, "unknown") == 0)
		return "npsync resolve ID --sent | --not-sent";
	return "";
}

/* ---- all of it --------------------------------------------------------------------- */
static bool
read_plan(struct cli *cli, struct status *s, struct err *err)
{
	const int today = clock_day(cli->conf->timezone, clock_now());
	int first = NO_DAY;

	s->plan = (struct plan){ .today = today,
		.budget = cli->conf->budget.year,
		.recent_days = STATUS_PLAN_DAYS };
	if (!runlog_sends(cli->db, cli->tenant.id, today,
	        day_add(today, 1 - STATUS_PLAN_DAYS),
	        cli->conf->rules.count_foreign, cli->arena, &s->plan.used,
	        &s->plan.recent, &first, err))
		return false;
	/* Who began last week has no pace of 60 days. */
	if (first != NO_DAY && day_diff(today, first) + 1 < STATUS_PLAN_DAYS)
		s->plan.recent_days = day_diff(today, first) + 1;
	return true;
}

static bool
read_runs(struct cli *cli, struct status *s, int today, struct err *err)
{
	struct db *db = cli->db;
	const long long id = cli->tenant.id;
	struct arena *a = cli->arena;

	return runlog_last_kinds(db, id, a, &s->list[STATUS_RUNS], err) &&
	    runlog_streams(db, id, a, &s->list[STATUS_STREAMS], err) &&
	    runlog_nights(db, id, cli->conf->timezone, today,
	        STATUS_NIGHT_COUNT, a, &s->list[STATUS_NIGHTS], err) &&
	    runlog_read_night(db, id, today, a, &s->last_night, &s->last_log,
	        &s->last_result, err) && read_plan(cli, s, err);
}

static bool
read_rest(struct cli *cli, struct status *s, struct err *err)
{
	struct db *db = cli->db;
	const long long id = cli->tenant.id;
	struct arena *a = cli->arena;

	return queue_count_states(db, id, a, &s->list[STATUS_STATES], err) &&
	    runlog_unknown_effects(db, id, a, &s->list[STATUS_EFFECTS], err) &&
	    pause_list(db, id, clock_now(), a, &s->list[STATUS_PAUSES], err) &&
	    quarantine_list(db, id, LISTED_MAX, a,
	        &s->list[STATUS_UNREADABLE], err) &&
	    answer_list_unplaced(db, id, LISTED_MAX, a,
	        &s->list[STATUS_UNPLACED], err) &&
	    answer_count_homeless(db, id, a, &s->homeless, err) &&
	    tag_command_waiting(db, id, LISTED_MAX, a,
	        &s->list[STATUS_COMMANDS], err) &&
	    alarm_list(db, id, a, &s->list[STATUS_ALARMS], err) &&
	    erasure_open(db, id, a, &s->erasures, err);
}

static bool
read_all(struct cli *cli, struct status *s, struct err *err)
{
	const int today = clock_day(cli->conf->timezone, clock_now());
	time_t moment;

	s->machine_zone = machine_zone(cli->arena);
	s->transfer_night = night_next_transfer(cli->conf, clock_now(), &moment);
	return read_runs(cli, s, today, err) && read_rest(cli, s, err);
}

static bool
show_states(struct cli *cli, const struct db_result *r, struct err *err)
{
	static const struct table_column columns[] = { { "state", false, 0 },
		{ "reason", false, 0 }, { "rows", true, 0 } };
	struct table *t = table_open(stdout, cli->format, columns, 3);

	for (int i = 0; i < db_rows(r); i++) {
		const char *cells[] = { db_text(r, i, 0), db_text(r, i, 1),
			db_text(r, i, 2) };
		table_row(t, cells);
	}
	return table_close(t, err);
}

static bool
show(struct cli *cli, const struct status *s, struct err *err)
{
	switch (cli->format) {
	case TABLE_JSON:
		return cli_status_json(cli, s, err);
	case TABLE_CSV:
	case TABLE_SEMICOLON:
		return show_states(cli, s->list[STATUS_STATES], err);
	case TABLE_TEXT:
		break;
	}
	return cli_status_text(cli, s, err);
}

int
cli_status(struct cli *cli, struct err *err)
{
	struct status s = { .last_night = NO_DAY };

	if (!cli_open(cli, false, err))
		return err_exit_code(err->kind);
	const bool ok = read_all(cli, &s, err) && show(cli, &s, err);
	for (int i = 0; i < STATUS_LISTS; i++)
		db_result_free(s.list[i]);
	return ok ? 0 : err_exit_code(err->kind);
}
