/*
 * What came of a rehearsal, for people: to be read in a minute.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_rehearse.h"
#include "clock.h"
#include "rules.h"

static bool
has_surveys(const struct rehearse_report *rep, const char *trigger)
{
	for (int i = 0; i < db_rows(rep->weeks); i++)
		if (!db_is_null(rep->weeks, i, 1) &&
		    strcmp(db_text(rep->weeks, i, 1), trigger) == 0)
			return true;
	return false;
}

/* The triggers that are on, and others that asked somebody. */
static size_t
find_triggers(const struct rehearse_report *rep, const char **codes)
{
	const struct conf *conf = rep->cli->conf;
	size_t n = 0;

	for (size_t i = 0; i < conf->n_triggers; i++)
		if (conf->triggers[i].enabled ||
		    has_surveys(rep, conf->triggers[i].code))
			codes[n++] = conf->triggers[i].code;
	return n;
}

/* One line; week NULL: all of them. */
static void
week_row(const struct rehearse_report *rep, struct table *t,
    const char *const *codes, size_t n, const char *week, const char **cells)
{
	const struct db_result *w = rep->weeks;
	long long all = 0;

	cells[0] = week != NULL ? week : "all";
	for (size_t c = 0; c < n; c++) {
		long long sum = 0;
		for (int i = 0; i < db_rows(w); i++)
			if (!db_is_null(w, i, 1) &&
			    strcmp(db_text(w, i, 1), codes[c]) == 0 &&
			    (week == NULL || strcmp(db_text(w, i, 0), week) == 0))
				sum += db_int(w, i, 2);
		all += sum;
		cells[c + 1] = rehearse_number(rep, sum);
	}
	cells[n + 1] = rehearse_number(rep, all);
	table_row(t, cells);
}

static bool
show_weeks(const struct rehearse_report *rep, struct err *err)
{
	const size_t max = rep->cli->conf->n_triggers + 2;
	struct table_column *columns = arena_array(rep->arena, max,
	    sizeof(*columns));
	const char **codes = arena_array(rep->arena, max, sizeof(*codes));
	const char **cells = arena_array(rep->arena, max, sizeof(*cells));
	const struct db_result *w = rep->weeks;

	if (columns == NULL || codes == NULL || cells == NULL)
		return err_nomem(err);
	const size_t n = find_triggers(rep, codes);
	columns[0] = (struct table_column){ "week", false, 0 };
	for (size_t c = 0; c < n; c++)
		columns[c + 1] = (struct table_column){ codes[c], true, 0 };
	columns[n + 1] = (struct table_column){ "all", true, 0 };
	struct table *t = table_open(stdout, TABLE_TEXT, columns, n + 2);
	if (t == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(w); i++)
		if (i == 0 || strcmp(db_text(w, i, 0), db_text(w, i - 1, 0)) != 0)
			week_row(rep, t, codes, n, db_text(w, i, 0), cells);
	week_row(rep, t, codes, n, NULL, cells);
	return table_close(t, err);
}

struct sum {
	const char *outcome, *reason;
	long long n;
};

static int
by_outcome(const void *a, const void *b)
{
	static const char *const order = "sent suppressed expired excluded held "
	    "waiting";
	const struct sum *x = a, *y = b;
	const char *px = strstr(order, x->outcome), *py = strstr(order, y->outcome);

	if (px != py)
		return px < py ? -1 : 1;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return strcmp(x->reason, y->reason);
}

/* All triggers together. */
static size_t
add_up(const struct db_result *o, struct sum *sums)
{
	size_t n = 0;

	for (int i = 0; i < db_rows(o); i++) {
		const struct sum s = { rehearse_outcome(db_text(o, i, 1)),
			db_text(o, i, 2), db_int(o, i, 3) };
		size_t k = 0;
		while (k < n && (strcmp(sums[k].outcome, s.outcome) != 0 ||
		    strcmp(sums[k].reason, s.reason) != 0))
			k++;
		if (k == n)
			sums[n++] = (struct sum){ s.outcome, s.reason, 0 };
		sums[k].n += s.n;
	}
	qsort(sums, n, sizeof(*sums), by_outcome);
	return n;
}

static const char *
meaning(const struct sum *s)
{
	if (strcmp(s->outcome, "sent") == 0)
		return "asked";
	return *s->reason != '\0' ? rules_words(s->reason)
	    : "not judged yet: a later night will";
}

static bool
show_outcomes(const struct rehearse_report *rep, struct err *err)
{
	static const struct table_column columns[] = { { "outcome", false, 0 },
		{ "reason", false, 0 }, { "events", true, 0 },
		{ "meaning", false, 0 } };
	struct sum *sums = arena_array(rep->arena,
	    (size_t)db_rows(rep->outcomes) + 1, sizeof(*sums));
	long long all = 0;

	if (sums == NULL)
		return err_nomem(err);
	const size_t n = add_up(rep->outcomes, sums);
	struct table *t = table_open(stdout, TABLE_TEXT, columns,
	    ARRAY_LEN(columns));
	if (t == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		const char *cells[] = { sums[i].outcome, sums[i].reason,
			rehearse_number(rep, sums[i].n), meaning(&sums[i]) };
		table_row(t, cells);
		all += sums[i].n;
	}
	table_row(t, (const char *const[]){ "all", "", rehearse_number(rep, all), "" });
	return table_close(t, err);
}

static bool
show_companies(const struct rehearse_report *rep, struct err *err)
{
	static const struct table_column columns[] = { { "company", false, 40 },
		{ "surveys", true, 0 }, { "people", true, 0 } };
	const struct db_result *c = rep->companies;

	if (db_rows(c) == 0)
		return true;
	(void)printf("\n");
	struct table *t = table_open(stdout, TABLE_TEXT, columns,
	    ARRAY_LEN(columns));
	if (t == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(c); i++) {
		const char *cells[] = { db_text(c, i, 0), db_text(c, i, 1),
			db_text(c, i, 2) };
		table_row(t, cells);
	}
	return table_close(t, err);
}

static void
say_head(const struct rehearse_report *rep)
{
	const struct rehearsal *r = rep->r;
	char iso[16];

	(void)printf("the last %d day%s, since %s: %d night%s before a sending "
	    "day\n", r->days, r->days == 1 ? "" : "s", day_iso(iso, r->from_day),
	    r->nights, r->nights == 1 ? "" : "s");
	(void)printf("%lld event%s in the CRM", rep->totals.events,
	    rep->totals.events == 1 ? "" : "s");
	if (r->silent)
		(void)printf(", %lld silence%s", rep->totals.silences,
		    rep->totals.silences == 1 ? "" : "s");
	(void)printf("; nothing is stored, nothing is sent\n\n");
}

static void
say_year(const struct rehearse_report *rep)
{
	const int budget = rep->cli->conf->budget.year;
	const int spent_on = rep->totals.spent_on;
	const long long wanted = rehearse_wanted(rep);
	char iso[16] = "";

	if (spent_on != NO_DAY)
		(void)day_iso(iso, spent_on);
	if (wanted < 0) {
		(void)printf("\na year: cannot be told, budget.year (%d) was used "
		    "up by %s\n", budget, iso);
		return;
	}
	if (spent_on == NO_DAY)
		(void)printf("\na year at this rate: about %lld surveys", wanted);
	else
		(void)printf("\na year at the rate before %s, when the budget was "
		    "used up: about %lld surveys", iso, wanted);
	if (budget == 0)
		(void)printf("; no budget.year is set\n");
	else if (rehearse_left_out(rep) == 0)
		(void)printf("; budget.year is %d\n", budget);
	else
		(void)printf("; budget.year is %d: about %lld of them would be "
		    "left out\n", budget, rehearse_left_out(rep));
}

bool
rehearse_text(const struct rehearse_report *rep, struct err *err)
{
	say_head(rep);
	if (!show_weeks(rep, err))
		return false;
	(void)printf("\n");
	if (!show_outcomes(rep, err) || !show_companies(rep, err))
		return false;
	say_year(rep);
	for (size_t i = 0; i < rep->n_notes; i++)
		(void)printf("- %s\n", rep->notes[i]);
	return true;
}
