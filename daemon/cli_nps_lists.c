/*
 * cli_nps_lists.c - npsync report --suppressed, --asked.
 */
#include "cli_nps.h"

#include <string.h>

#include "audit.h"
#include "clock.h"

/* ---- suppressed: how many and why ---------------------------------------------- */
/* All events of a trigger that came to an end: its rows add up to it. */
static long long
ended_of(const struct db_result *r, const char *trigger)
{
	long long n = 0;

	for (int i = 0; i < db_rows(r); i++)
		if (strcmp(db_text(r, i, 0), trigger) == 0)
			n += db_int(r, i, 2);
	return n;
}

static bool
show_reasons(struct report_view *v, const struct db_result *r,
    struct err *err)
{
	static const struct table_column columns[] = { { "trigger", false, 0 },
		{ "reason", false, 0 }, { "events", true, 0 },
		{ "share", true, 0 }, { "meaning", false, 60 } };
	struct table *t = table_open(stdout, TABLE_TEXT, columns,
	    ARRAY_LEN(columns));

	if (t == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(r); i++) {
		const char *reason = db_text(r, i, 1);
		const char *cells[] = { db_text(r, i, 0),
			reason != NULL ? reason : "asked", db_text(r, i, 2),
			report_rate(v->cli->arena, db_int(r, i, 2),
			    ended_of(r, db_text(r, i, 0))),
			reason != NULL ? report_reason_words(reason)
			               : "handed over to the survey service" };
		table_row(t, cells);
	}
	return table_close(t, err);
}

/* ---- suppressed: who blocked whom ------------------------------------------------ */
static const char *
text(const struct db_result *r, int row, int col)
{
	return db_is_null(r, row, col) ? NULL : db_text(r, row, col);
}

static const char *
or_dash(const char *s)
{
	return s != NULL ? s : "-";
}

/* "row 24, sale, 2026-12-02, sent" */
static const char *
winner_words(struct report_view *v, const struct db_result *r, int row)
{
	struct arena *a = v->cli->arena;

	if (db_is_null(r, row, 7) && db_is_null(r, row, 8))
		return "-";
	if (db_is_null(r, row, 6))
		return arena_printf(a, "%s survey",
		    db_is_null(r, row, 7) ? "an earlier" : "another's");
	return arena_printf(a, "row %s, %s, %s", db_text(r, row, 6),
	    or_dash(text(r, row, 7)), db_text(r, row, 10));
}

static bool
show_blocked(struct report_view *v, const struct db_result *r,
    struct err *err)
{
	static const struct table_column columns[] = { { "row", true, 0 },
		{ "trigger", false, 0 }, { "contact", false, 24 },
		{ "company", false, 24 }, { "reason", false, 0 },
		{ "night", false, 0 }, { "blocked_by", false, 0 },
		{ "of", false, 0 }, { "campaign", false, 24 },
		{ "detail", false, 48 } };
	struct table *t = table_open(stdout, TABLE_TEXT, columns,
	    ARRAY_LEN(columns));

	if (t == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(r); i++) {
		const char *cells[] = { db_text(r, i, 0), db_text(r, i, 1),
			db_text(r, i, 2), text(r, i, 3), db_text(r, i, 4),
			text(r, i, 5), winner_words(v, r, i),
			or_dash(text(r, i, 8)), text(r, i, 9), text(r, i, 11) };
		table_row(t, cells);
	}
	return table_close(t, err);
}

static bool
show_suppressed_text(struct report_view *v, const struct db_result *reasons,
    const struct db_result *blocked, struct err *err)
{
	const struct report_period *p = &v->query.period;

	(void)printf("npsync %s: events that came to an end, %s\n\n",
	    v->cli->conf->tenant,
	    report_days(v->cli->arena, p->from, p->until));
	if (!show_reasons(v, reasons, err))
		return false;
	if (db_rows(blocked) == 0)
		return true;
	(void)printf("\nwho blocked whom: %d\n\n", db_rows(blocked));
	return show_blocked(v, blocked, err);
}

/* ---- suppressed, for programs: one table ------------------------------------------- */
static void
put_reasons(const struct db_result *r, struct table *t)
{
	for (int i = 0; i < db_rows(r); i++) {
		const char *cells[] = { "count", db_text(r, i, 0),
			db_is_null(r, i, 1) ? "asked" : db_text(r, i, 1),
			db_text(r, i, 2), NULL, NULL, NULL, NULL, NULL, NULL,
			NULL, NULL, NULL, NULL };
		table_row(t, cells);
	}
}

static void
put_blocked(const struct db_result *r, struct table *t)
{
	for (int i = 0; i < db_rows(r); i++) {
		const char *cells[] = { "blocked", db_text(r, i, 1),
			db_text(r, i, 4), NULL, db_text(r, i, 0),
			db_text(r, i, 2), text(r, i, 3), text(r, i, 5),
			text(r, i, 6), text(r, i, 7), text(r, i, 8),
			text(r, i, 9), text(r, i, 10), text(r, i, 11) };
		table_row(t, cells);
	}
}

static bool
show_suppressed_table(struct report_view *v, const struct db_result *reasons,
    const struct db_result *blocked, struct err *err)
{
	static const struct table_column columns[] = { { "part", false, 0 },
		{ "trigger", false, 0 }, { "reason", false, 0 },
		{ "events", true, 0 }, { "row", true, 0 },
		{ "contact", false, 0 }, { "company", false, 0 },
		{ "night", false, 0 }, { "blocked_by", true, 0 },
		{ "blocked_by_trigger", false, 0 }, { "blocked_by_day", false, 0 },
		{ "blocked_by_campaign", false, 0 },
		{ "blocked_by_state", false, 0 }, { "detail", false, 0 } };
	struct table *t = table_open(stdout, v->cli->format, columns,
	    ARRAY_LEN(columns));

	if (t == NULL)
		return err_nomem(err);
	put_reasons(reasons, t);
	put_blocked(blocked, t);
	return table_close(t, err);
}

bool
report_show_suppressed(struct report_view *v, struct err *err)
{
	AUTO(db_result) struct db_result *reasons = NULL;
	AUTO(db_result) struct db_result *blocked = NULL;
	struct cli *cli = v->cli;
	const struct report_period *p = &v->query.period;

	if (!report_suppressed(cli->db, cli->tenant.id, cli->conf, p, cli->arena,
	        &reasons, err) ||
	    !report_blocked(cli->db, cli->tenant.id, cli->conf, p, cli->arena,
	        &blocked, err))
		return false;
	return cli->format == TABLE_TEXT
	    ? show_suppressed_text(v, reasons, blocked, err)
	    : show_suppressed_table(v, reasons, blocked, err);
}

/* ---- asked ---------------------------------------------------------------------------- */
bool
report_show_asked(struct report_view *v, struct err *err)
{
	static const struct table_column columns[] = { { "asked", false, 0 },
		{ "name", false, 28 }, { "mail", false, 36 },
		{ "company", false, 24 }, { "owner", false, 20 },
		{ "trigger", false, 0 }, { "campaign", false, 20 },
		{ "answered", false, 0 }, { "score", true, 0 },
		{ "contact", false, 20 }, { "language", false, 0 },
		{ "no_mail", false, 0 } };
	AUTO(db_result) struct db_result *r = NULL;
	struct cli *cli = v->cli;
	const struct report_period *p = &v->query.period;
	const char *cells[ARRAY_LEN(columns)];

	/* Who looked at people's names and answers, and when. */
	if (!audit_put(cli->db, cli->tenant.id, cli->actor, "report",
	        arena_printf(cli->arena, "asked %s",
	            report_days(cli->arena, p->from, p->until)), NULL, cli->arena,
	        err) ||
	    !report_asked(cli->db, cli->tenant.id, cli->conf, &v->query,
	        cli->arena, &r, err))
		return false;
	struct table *t = table_open(stdout, cli->format, columns,
	    ARRAY_LEN(columns));
	if (t == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(r); i++) {
		for (size_t k = 0; k < ARRAY_LEN(columns); k++)
			cells[k] = text(r, i, (int)k);
		table_row(t, cells);
	}
	return table_close(t, err);
}
