/*
 * cli_rehearse.c - npsync rehearse.
 */
#include "cli_rehearse.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "night_rehearse.h"
#include "num.h"

#define DAYS_DEFAULT 90
#define YEAR_DAYS 365
#define RATE_DAYS_MIN 7
#define COMPANIES_SHOWN 10

const struct cli_opt cli_rehearse_opts[] = {
	{ "days", "N", "the last N days (90; at most 730)" },
	{ NULL, NULL, NULL }
};

/* ---- numbers ---------------------------- */
const char *
rehearse_number(const struct rehearse_report *rep, long long n)
{
	return arena_printf(rep->arena, "%lld", n);
}

/* What a budget leaves out is no measure, the same person may be in it again and
 * again: only the days before it was used up are looked at. */
long long
rehearse_wanted(const struct rehearse_report *rep)
{
	const struct rehearsal_totals *t = &rep->totals;
	const bool spent = t->spent_on != NO_DAY;
	const int days = spent ? day_diff(t->spent_on, rep->r->from_day)
	    : rep->r->days;
	const long long n = spent ? t->before_spent : t->surveys;

	return spent && days < RATE_DAYS_MIN ? -1
	    : (n * YEAR_DAYS + days / 2) / days;
}

long long
rehearse_left_out(const struct rehearse_report *rep)
{
	const long long budget = rep->cli->conf->budget.year;
	const long long wanted = rehearse_wanted(rep);

	if (wanted < 0)
		return -1;
	return budget > 0 && wanted > budget ? wanted - budget : 0;
}

const char *
rehearse_outcome(const char *state)
{
	return strcmp(state, "queued") == 0 || strcmp(state, "deferred") == 0
	    ? "waiting" : state;
}

/* ---- what is to be known with it ---------------------------- */
static void note(struct rehearse_report *rep, const char *fmt, ...)
    NPS_PRINTF(2, 3);
static void
note(struct rehearse_report *rep, const char *fmt, ...)
{
	char line[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (rep->n_notes < REHEARSE_NOTES_MAX)
		rep->notes[rep->n_notes++] = arena_strdup(rep->arena, line);
}

static long long
held(const struct rehearse_report *rep)
{
	const struct db_result *o = rep->outcomes;
	long long n = 0;

	for (int i = 0; i < db_rows(o); i++)
		if (strcmp(db_text(o, i, 1), "held") == 0)
			n += db_int(o, i, 3);
	return n;
}

static void
note_what_differs(struct rehearse_report *rep)
{
	const struct rehearsal_totals *t = &rep->totals;

	if (t->own + t->foreign > 0)
		note(rep, "what was really sent in these nights is not counted "
		    "(%lld by npsync, %lld by others); what was sent before is",
		    t->own, t->foreign);
	if (rep->cli->tenant.paused)
		note(rep, "sending is paused: this is as it would have been "
		    "after `npsync activate`");
	if (t->pauses > 0)
		note(rep, "%lld pause%s in force (`npsync pause --list`) %s left "
		    "out", t->pauses, t->pauses == 1 ? "" : "s",
		    t->pauses == 1 ? "is" : "are");
	if (held(rep) > 0)
		note(rep, "%lld held by a flood in %lld night%s, as if nobody had "
		    "released them: look at rules.flood_floor", held(rep),
		    t->flooded, t->flooded == 1 ? "" : "s");
	if (rep->r->unread > 0)
		note(rep, "%lld record%s could not be read and %s left out",
		    rep->r->unread, rep->r->unread == 1 ? "" : "s",
		    rep->r->unread == 1 ? "is" : "are");
}

static void
make_notes(struct rehearse_report *rep)
{
	char iso[16];

	note(rep, "contacts are judged by what the CRM says of them today: "
	    "address, company, consent, tags, opt-outs");
	if (rep->r->silent)
		note(rep, "inactivity: by the activities and won deals the CRM "
		    "still has since %s; what was planned ahead in those nights "
		    "is not known and holds nobody back",
		    day_iso(iso, rep->r->history_from));
	if (rep->r->answers)
		note(rep, "nobody answers in a rehearsal: rules that count "
		    "answers see only those from before it");
	note_what_differs(rep);
}

/* ---- for programs: one table ---------------------------- */
struct cells { const char *part, *name, *trigger, *outcome, *n, *people; };

static void
put(struct table *t, struct cells c)
{
	const char *cells[] = { c.part, c.name, c.trigger, c.outcome, c.n,
		c.people };

	table_row(t, cells);
}

static void
put_totals(const struct rehearse_report *rep, struct table *t)
{
	const struct rehearsal_totals *s = &rep->totals;
	const struct { const char *name; long long n; } totals[] = {
		{ "days", rep->r->days }, { "nights", rep->r->nights },
		{ "events", s->events }, { "silences", s->silences },
		{ "surveys", s->surveys }, { "surveys_a_year", rehearse_wanted(rep) },
		{ "budget_a_year", rep->cli->conf->budget.year },
		{ "left_out_a_year", rehearse_left_out(rep) },
		{ "unread", rep->r->unread }, { "really_sent", s->own },
		{ "really_sent_by_others", s->foreign },
		{ "pauses_left_out", s->pauses } };

	for (size_t i = 0; i < ARRAY_LEN(totals); i++)
		put(t, (struct cells){ .part = "total", .name = totals[i].name,
		    .n = totals[i].n < 0 ? NULL : rehearse_number(rep, totals[i].n),
		    .people = strcmp(totals[i].name, "surveys") == 0
		        ? rehearse_number(rep, s->people) : NULL });
}

static void
put_lists(const struct rehearse_report *rep, struct table *t)
{
	const struct db_result *w = rep->weeks, *o = rep->outcomes,
	    *c = rep->companies;

	for (int i = 0; i < db_rows(w); i++)
		put(t, (struct cells){ .part = "week", .name = db_text(w, i, 0),
		    .trigger = db_text(w, i, 1), .n = db_text(w, i, 2) });
	for (int i = 0; i < db_rows(o); i++)
		put(t, (struct cells){ .part = "outcome",
		    .name = *db_text(o, i, 2) != '\0' ? db_text(o, i, 2) : NULL,
		    .trigger = db_text(o, i, 0),
		    .outcome = rehearse_outcome(db_text(o, i, 1)),
		    .n = db_text(o, i, 3) });
	for (int i = 0; i < db_rows(c); i++)
		put(t, (struct cells){ .part = "company",
		    .name = db_text(c, i, 0), .n = db_text(c, i, 1),
		    .people = db_text(c, i, 2) });
	for (size_t i = 0; i < rep->n_notes; i++)
		put(t, (struct cells){ .part = "note", .name = rep->notes[i] });
}

static bool
show_table(const struct rehearse_report *rep, struct err *err)
{
	static const struct table_column columns[] = { { "part", false, 0 },
		{ "name", false, 0 }, { "trigger", false, 0 },
		{ "outcome", false, 0 }, { "n", true, 0 }, { "people", true, 0 } };
	struct table *t = table_open(stdout, rep->cli->format, columns,
	    ARRAY_LEN(columns));

	if (t == NULL)
		return err_nomem(err);
	put_totals(rep, t);
	put_lists(rep, t);
	return table_close(t, err);
}

/* ---- the command ---------------------------- */
static bool
show(void *arg, const struct rehearsal *r, struct err *err)
{
	struct cli *cli = arg;
	AUTO(db_result) struct db_result *weeks = NULL;
	AUTO(db_result) struct db_result *outcomes = NULL;
	AUTO(db_result) struct db_result *companies = NULL;
	struct rehearse_report rep = { .cli = cli, .r = r, .arena = cli->arena };

	if (!rehearsal_weeks(r, cli->arena, &weeks, err) ||
	    !rehearsal_outcomes(r, cli->arena, &outcomes, err) ||
	    !rehearsal_companies(r, COMPANIES_SHOWN, cli->arena, &companies, err) ||
	    !rehearsal_count(r, cli->arena, &rep.totals, err))
		return false;
	rep.weeks = weeks;
	rep.outcomes = outcomes;
	rep.companies = companies;
	make_notes(&rep);
	return cli->format == TABLE_TEXT ? rehearse_text(&rep, err)
	    : show_table(&rep, err);
}

int
cli_rehearse(struct cli *cli, struct err *err)
{
	const char *text = cli_given(cli, "days");
	struct run_options o = { .kind = RUN_MANUAL, .cancelled = cli_cancelled };
	long long days = DAYS_DEFAULT;

	if (text != NULL && !num_parse(text, 1, REHEARSE_DAYS_MAX, &days)) {
		err_set(err, ERR_USAGE, "--days: expected 1 to %d, got \"%s\"",
		    REHEARSE_DAYS_MAX, text);
		return 64;
	}
	if (!cli_open(cli, true, err))
		return err_exit_code(err->kind);
	o.actor = cli->actor;
	if (night_rehearse(cli->db, cli->conf, &cli->tenant, &o, (int)days, show,
	        cli, err))
		return 0;
	/* No figures came: that is no success for whoever reads them. */
	return err->kind == ERR_CANCELLED ? 1 : err_exit_code(err->kind);
}
