/*
 * cli_status.h - npsync status: all of it is read first, then shown as text or
 * as JSON.
 */
#ifndef NPSYNC_CLI_STATUS_H
#define NPSYNC_CLI_STATUS_H

#include "cli.h"
#include "runlog.h"
#include "spark.h"

#define STATUS_NIGHT_COUNT 14
#define STATUS_PLAN_DAYS 60

enum status_list { STATUS_RUNS, STATUS_STREAMS, STATUS_NIGHTS, STATUS_STATES,
	STATUS_EFFECTS, STATUS_PAUSES, STATUS_UNREADABLE, STATUS_UNPLACED,
	STATUS_COMMANDS, STATUS_ALARMS, STATUS_LISTS };

struct status {
	struct db_result *list[STATUS_LISTS];
	int last_night;			/* NO_DAY = none was run */
	const char *last_result;
	struct runlog last_log;
	int transfer_night;
	long long erasures;		/* steps that are open */
	long long homeless;		/* answers of nobody the CRM knows */
	struct plan plan;
	const char *machine_zone;	/* of the timers */
};

/* A timer as it is shipped, in the machine's zone. */
struct status_timer {
	const char *kind, *unit;
	int hour, minute;		/* hour -1: each */
};
extern const struct status_timer status_timers[2];
/* When it fires next after now. */
time_t status_timer_next(const struct status_timer *timer, const char *zone,
    time_t now);
bool status_timer_is_on(const struct status_timer *timer);

/* The command that ends a hold, or what to do about it; "" = none. */
const char *status_way_out(struct arena *arena, const char *state,
    const char *reason);

bool cli_status_text(struct cli *cli, const struct status *s, struct err *err);
bool cli_status_json(struct cli *cli, const struct status *s, struct err *err);
int cli_status(struct cli *cli, struct err *err);

#endif
