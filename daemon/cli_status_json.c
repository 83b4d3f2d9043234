/*
 * cli_status_json.c - npsync status for programs: one object.
 */
#include <string.h>

#include "cli_status.h"
#include "clock.h"
#include "json.h"

/* A column of a listing: s text, i number, b bool, t moment. */
struct member {
	const char *name;
	char type;
};

static json_t *
moment(time_t t)
{
	char iso[32];

	return t == NO_TIME ? json_null() : json_string(clock_iso(iso, t));
}

static json_t *
cell(const struct db_result *r, int row, int col, char type)
{
	if (db_is_null(r, row, col))
		return json_null();
	if (type == 'i')
		return json_integer(db_int(r, row, col));
	if (type == 'b')
		return json_boolean(db_bool(r, row, col));
	return type == 't' ? moment(db_time(r, row, col))
	                   : json_string(db_text(r, row, col));
}

/* An array of objects; members end with .name == NULL, "" leaves one out. */
static json_t *
listing(const struct db_result *r, const struct member *members)
{
	json_t *all = json_array();

	for (int i = 0; i < db_rows(r); i++) {
		json_t *one = json_object();
		for (int c = 0; members[c].name != NULL; c++)
			if (*members[c].name != '\0')
				(void)json_object_set_new(one, members[c].name,
				    cell(r, i, c, members[c].type));
		(void)json_array_append_new(all, one);
	}
	return all;
}

static json_t *
runs(const struct status *s)
{
	static const struct member members[] = { { "kind", 's' }, { "last", 't' },
		{ "result", 's' }, { "last_good", 't' }, { NULL, 0 } };
	json_t *all = listing(s->list[STATUS_RUNS], members);

	for (size_t i = 0; i < json_array_size(all); i++) {
		json_t *one = json_array_get(all, i);
		const char *kind = json_string_value(json_object_get(one, "kind"));
		for (size_t t = 0; t < ARRAY_LEN(status_timers); t++) {
			const struct status_timer *timer = &status_timers[t];
			if (kind == NULL || strcmp(timer->kind, kind) != 0)
				continue;
			(void)json_object_set_new(one, "next", moment(
			    status_timer_next(timer, s->machine_zone,
			        clock_now())));
			(void)json_object_set_new(one, "timer_on",
			    json_boolean(status_timer_is_on(timer)));
		}
	}
	return all;
}

static json_t *
streams(const struct status *s)
{
	static const struct member members[] = { { "connector", 's' },
		{ "stream", 's' }, { "watermark", 's' }, { "completed_at", 't' },
		{ "broken_off", 'b' }, { "first_pass_open", 'b' }, { NULL, 0 } };
	const struct db_result *r = s->list[STATUS_STREAMS];
	json_t *all = listing(r, members);

	for (int i = 0; i < db_rows(r); i++) {
		const time_t at = db_time(r, i, 3);
		(void)json_object_set_new(json_array_get(all, (size_t)i), "age_s",
		    at == NO_TIME ? json_null() : json_integer(clock_now() - at));
	}
	return all;
}

static json_t *
states(struct cli *cli, const struct status *s)
{
	static const struct member members[] = { { "state", 's' },
		{ "reason", 's' }, { "rows", 'i' }, { NULL, 0 } };
	const struct db_result *r = s->list[STATUS_STATES];
	json_t *all = listing(r, members);

	for (int i = 0; i < db_rows(r); i++) {
		const char *way = status_way_out(cli->arena, db_text(r, i, 0),
		    db_text(r, i, 1));
		(void)json_object_set_new(json_array_get(all, (size_t)i),
		    "way_out", *way != '\0' ? json_string(way) : json_null());
	}
	return all;
}

static json_t *
last_night(const struct status *s)
{
	const struct runlog *log = &s->last_log;
	char day[16];

	if (s->last_night == NO_DAY)
		return json_null();
	return json_pack("{s:s, s:s?, s:I, s:I, s:I, s:I, s:I}", "night",
	    day_iso(day, s->last_night), "result", s->last_result, "queued",
	    (json_int_t)runlog_get(log, "pull", "queued"), "sent",
	    (json_int_t)runlog_get(log, "push", "sent"), "suppressed",
	    (json_int_t)runlog_get(log, "decide", "suppressed"), "answers",
	    (json_int_t)(runlog_get(log, "collect", "new") +
	        runlog_get(log, "collect", "updated")), "tags",
	    (json_int_t)runlog_get(log, "writeback", "written"));
}

static json_t *
plan(const struct plan *p)
{
	char day[16];
	const int end = plan_used_up(p);

	return json_pack("{s:I, s:I, s:I, s:i, s:s?}", "budget",
	    (json_int_t)p->budget, "used", (json_int_t)p->used, "recent",
	    (json_int_t)p->recent, "recent_days", p->recent_days, "used_up_on",
	    end == NO_DAY ? NULL : day_iso(day, end));
}

static json_t *
transfer(struct cli *cli, const struct status *s)
{
	const struct calendar *cal = &cli->conf->calendar;
	char day[16];

	return json_pack("{s:s, s:o, s:o}", "night",
	    day_iso(day, s->transfer_night), "window_opens",
	    moment(calendar_window_start(cal, s->transfer_night)),
	    "mails_leave", moment(calendar_send_at(cal, s->transfer_night)));
}

static json_t *
document(struct cli *cli, const struct status *s)
{
	static const struct member nights[] = { { "night", 's' }, { "sent", 'i' },
		{ "answered", 'i' }, { "run", 'b' }, { NULL, 0 } };
	static const struct member effects[] = { { "kind", 's' }, { "n", 'i' },
		{ NULL, 0 } };
	static const struct member pauses[] = { { "pause", 'i' },
		{ "trigger", 's' }, { "campaign", 's' }, { "company", 's' },
		{ "country", 's' }, { "until", 't' }, { "reason", 's' },
		{ "actor", 's' }, { "at", 't' }, { NULL, 0 } };
	static const struct member unreadable[] = { { "connector", 's' },
		{ "source", 's' }, { "line", 'i' }, { "key", 's' },
		{ "reason", 's' }, { "last", 't' }, { NULL, 0 } };
	static const struct member unplaced[] = { { "answer", 's' },
		{ "answered_at", 't' }, { "score", 'i' }, { "campaign", 's' },
		{ "cards", 's' }, { NULL, 0 } };
	static const struct member commands[] = { { "connector", 's' },
		{ "contact", 's' }, { "tag", 's' }, { "reason", 's' },
		{ "since", 't' }, { NULL, 0 } };
	static const struct member alarms[] = { { "kind", 's' },
		{ "subject", 's' }, { "state", 's' }, { "since", 't' },
		{ "detail", 's' }, { "told", 'b' }, { NULL, 0 } };

	return json_pack("{s:s, s:s, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
	    " s:o, s:o, s:o, s:I, s:o, s:o, s:I, s:o, s:o}", "npsync", NPSYNC_VERSION, "tenant",
	    cli->conf->tenant, "now", moment(clock_now()), "paused",
	    cli->tenant.paused, "restored_at", moment(cli->tenant.restored_at),
	    "runs", runs(s), "transfer", transfer(cli, s), "streams", streams(s),
	    "last_night", last_night(s), "nights",
	    listing(s->list[STATUS_NIGHTS], nights), "states", states(cli, s),
	    "unknown_effects", listing(s->list[STATUS_EFFECTS], effects), "plan",
	    plan(&s->plan), "pauses", listing(s->list[STATUS_PAUSES], pauses),
	    "erasure_steps_open", (json_int_t)s->erasures, "unreadable",
	    listing(s->list[STATUS_UNREADABLE], unreadable), "unplaced",
	    listing(s->list[STATUS_UNPLACED], unplaced), "homeless_answers",
	    (json_int_t)s->homeless, "tag_commands",
	    listing(s->list[STATUS_COMMANDS], commands), "alarms",
	    listing(s->list[STATUS_ALARMS], alarms));
}

bool
cli_status_json(struct cli *cli, const struct status *s, struct err *err)
{
	json_t *doc = document(cli, s);
	const char *text = doc == NULL ? NULL : json_dump(cli->arena, doc);

	json_decref(doc);
	if (text == NULL)
		return err_nomem(err);
	(void)printf("%s\n", text);
	return true;
}
