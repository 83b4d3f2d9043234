/*
 * cli_nps.c - npsync report: figures on the terminal, for programs, and as one
 * page.
 */
#include "cli_nps.h"

#include <math.h>
#include <string.h>

#include "audit.h"
#include "clock.h"

static const struct cli_opt report_opts[] = {
	{ "by", "WHAT", "campaign (default), programme, trigger, employee, owner, "
	    "department,\n        company, segment or month" },
	{ "from", "DAY", "first day, as 2026-09-01" },
	{ "to", "DAY", "last day (today)" },
	{ "month", "MONTH", "as 2026-11" },
	{ "quarter", "QUARTER", "as 2026-Q4" },
	{ "last", "DAYS", "so many days, today included (90)" },
	{ "campaign", "ID", "of this campaign alone" },
	{ "programme", "NAME", "of this programme alone" },
	{ "suppressed", NULL, "who was not asked: trigger and reason, who "
	    "blocked whom" },
	{ "asked", NULL, "who was asked, and answered" },
	{ "html", "FILE", "one page with charts; - is standard output" },
	{ NULL, NULL, NULL }
};

/* ---- for people ------------------------------------------------------------- */
static const char *
or_dash(const char *s)
{
	return s != NULL ? s : "-";
}

const char *
report_group_name(const char *name)
{
	return name != NULL && *name != '\0' ? name : "(not known)";
}

static const char *
number(struct arena *arena, int64_t n)
{
	return n < 0 ? NULL : arena_printf(arena, "%lld", (long long)n);
}

/* How many answers, where that may be said. */
static const char *
counted(struct report_view *v, const struct nps_counts *c, int64_t n)
{
	return report_show(v->cli->conf, c) == REPORT_HIDDEN ? NULL
	    : number(v->cli->arena, n);
}

static void
scores_row(struct report_view *v, struct table *t, const char *name,
    const struct report_figures *f)
{
	const struct conf *conf = v->cli->conf;
	struct arena *a = v->cli->arena;
	const char *cells[] = { name, or_dash(report_nps(a, conf, &f->now)),
		or_dash(report_interval(a, conf, &f->now)),
		or_dash(counted(v, &f->now, f->now.promoters)),
		or_dash(counted(v, &f->now, f->now.passives)),
		or_dash(counted(v, &f->now, f->now.detractors)),
		or_dash(counted(v, &f->now, nps_n(&f->now))),
		or_dash(report_mean(a, conf, f)),
		or_dash(report_nps(a, conf, &f->before)),
		or_dash(report_change_text(a, conf, f)),
		report_note(a, conf, &f->now) };

	table_row(t, cells);
}

static void
rates_row(struct report_view *v, struct table *t, const char *name,
    const struct report_figures *f)
{
	struct arena *a = v->cli->arena;
	const int64_t delivered = report_delivered(f);
	const char *cells[] = { name, number(a, f->pushed), number(a, f->sent),
		or_dash(number(a, delivered)), number(a, f->answered),
		or_dash(report_rate(a, f->answered, f->pushed)),
		or_dash(report_rate(a, f->answered, f->sent)),
		or_dash(report_rate(a, f->answered, delivered)) };

	table_row(t, cells);
}

typedef void row_fn(struct report_view *v, struct table *t, const char *name,
    const struct report_figures *f);

/* One block, or all of them as rows. */
static bool
show_rows(struct report_view *v, const struct report_block *only, row_fn *row,
    const struct table_column *columns, size_t n_columns, struct err *err)
{
	struct table *t = table_open(stdout, TABLE_TEXT, columns, n_columns);

	if (t == NULL)
		return err_nomem(err);
	for (size_t i = 0; only == NULL && i < v->report.n_blocks; i++)
		row(v, t, report_group_name(v->report.blocks[i].name),
		    &v->report.blocks[i].all);
	if (only != NULL)
		row(v, t, "all", &only->all);
	for (size_t i = 0; only != NULL && i < only->n_groups; i++)
		row(v, t, report_group_name(only->groups[i].name),
		    &only->groups[i].f);
	return table_close(t, err);
}

static bool
show_block(struct report_view *v, const struct report_block *only,
    struct err *err)
{
	const char *by = report_by_name(v->query.by);
	const struct table_column scores[] = { { by, false, 32 },
		{ "nps", true, 0 }, { "interval", true, 0 },
		{ "promoters", true, 0 }, { "passives", true, 0 },
		{ "detractors", true, 0 }, { "n", true, 0 }, { "mean", true, 0 },
		{ "before", true, 0 }, { "change", true, 0 },
		{ "note", false, 0 } };
	const struct table_column rates[] = { { by, false, 32 },
		{ "handed_over", true, 0 }, { "sent", true, 0 },
		{ "delivered", true, 0 }, { "answered", true, 0 },
		{ "of_handed_over", true, 0 }, { "of_sent", true, 0 },
		{ "of_delivered", true, 0 } };

	if (only != NULL)
		(void)printf("\n%s%s%s%s\n", report_group_name(only->name),
		    *only->kind != '\0' ? " (" : "", only->kind,
		    *only->kind != '\0' ? ")" : "");
	(void)printf("\n");
	if (!show_rows(v, only, scores_row, scores, ARRAY_LEN(scores), err))
		return false;
	(void)printf("\n");
	return show_rows(v, only, rates_row, rates, ARRAY_LEN(rates), err);
}

static bool
show_text(struct report_view *v, struct err *err)
{
	const struct cli *cli = v->cli;
	const struct report_period *p = &v->query.period;
	const char *const *notes = report_notes(&v->report, v->today, cli->arena);

	(void)printf("npsync %s: NPS of %s, before: %s\n%s; interval: %s\n",
	    cli->conf->tenant, report_days(cli->arena, p->from, p->until),
	    report_days(cli->arena, p->before, p->from), report_basis(cli->conf),
	    report_method(cli->arena, cli->conf));
	if (v->report.n_blocks == 0) {
		(void)printf("\nno surveys and no answers in these days\n");
		return true;
	}
	if (v->query.by == REPORT_PROGRAMME) {
		if (!show_block(v, NULL, err))
			return false;
	} else {
		for (size_t i = 0; i < v->report.n_blocks; i++)
			if (!show_block(v, &v->report.blocks[i], err))
				return false;
	}
	for (size_t i = 0; notes != NULL && notes[i] != NULL; i++)
		(void)printf("%snote: %s\n", i == 0 ? "\n" : "", notes[i]);
	return true;
}

/* ---- for programs -------------------------------------------------------------- */
/* A number of any size with so many decimals; no double is rounded by printf. */
static const char *
decimal(struct arena *arena, double x, int decimals)
{
	char buf[NPS_TEXT];
	int64_t unit = 1;

	for (int i = 0; i < decimals; i++)
		unit *= 10;
	return arena_strdup(arena, nps_ratio(buf, llround(x * (double)unit), unit,
	    decimals));
}

static const char *
percent(struct arena *arena, int64_t part, int64_t whole)
{
	char buf[NPS_TEXT];

	return arena_strdup(arena, nps_percent(buf, part, whole, 2));
}

static const char *
plain_nps(struct report_view *v, const struct nps_counts *c)
{
	char buf[NPS_TEXT];
	int64_t score;

	if (report_nps(v->cli->arena, v->cli->conf, c) == NULL ||
	    !nps_score(c, 1, &score))
		return NULL;
	return arena_strdup(v->cli->arena, nps_text(buf, score, false));
}

static void
put_row(struct report_view *v, struct table *t, const struct report_block *b,
    const char *by, const char *name, const struct report_figures *f)
{
	const struct conf *conf = v->cli->conf;
	struct arena *a = v->cli->arena;
	const struct nps_counts *c = &f->now;
	const char *nps = plain_nps(v, c);
	struct nps_interval i;
	struct report_change d;
	const bool bound = nps != NULL && nps_bounds(c,
	    (enum nps_method)conf->report.interval,
	    nps_z(conf->report.confidence), &i);
	const bool changed = report_change(conf, f, &d);
	const char *note = report_note(a, conf, c);
	const char *cells[] = { b->name, *b->kind != '\0' ? b->kind : NULL, by,
		name, nps, bound ? decimal(a, i.low, 1) : NULL,
		bound ? decimal(a, i.high, 1) : NULL,
		counted(v, c, c->promoters), counted(v, c, c->passives),
		counted(v, c, c->detractors), counted(v, c, nps_n(c)),
		report_mean(a, conf, f), plain_nps(v, &f->before),
		counted(v, &f->before, nps_n(&f->before)),
		changed ? decimal(a, (double)d.points, 0) : NULL,
		changed ? decimal(a, d.by.z, 2) : NULL,
		changed ? decimal(a, d.by.p, 4) : NULL,
		!changed ? NULL : d.direction != 0 ? "yes" : "no",
		number(a, f->pushed), number(a, f->sent),
		number(a, report_delivered(f)), number(a, f->answered),
		percent(a, f->answered, f->pushed),
		percent(a, f->answered, f->sent),
		percent(a, f->answered, report_delivered(f)),
		*note != '\0' ? note : NULL };

	table_row(t, cells);
}

static bool
show_table(struct report_view *v, struct err *err)
{
	static const struct table_column columns[] = { { "programme", false, 0 },
		{ "kind", false, 0 }, { "group_by", false, 0 },
		{ "name", false, 0 }, { "nps", true, 0 }, { "low", true, 0 },
		{ "high", true, 0 }, { "promoters", true, 0 },
		{ "passives", true, 0 }, { "detractors", true, 0 },
		{ "n", true, 0 }, { "mean", true, 0 }, { "nps_before", true, 0 },
		{ "n_before", true, 0 }, { "change", true, 0 }, { "z", true, 0 },
		{ "p", true, 0 }, { "significant", false, 0 },
		{ "handed_over", true, 0 }, { "sent", true, 0 },
		{ "delivered", true, 0 }, { "answered", true, 0 },
		{ "percent_of_handed_over", true, 0 },
		{ "percent_of_sent", true, 0 },
		{ "percent_of_delivered", true, 0 }, { "note", false, 0 } };
	struct table *t = table_open(stdout, v->cli->format, columns,
	    ARRAY_LEN(columns));

	if (t == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < v->report.n_blocks; i++) {
		const struct report_block *b = &v->report.blocks[i];
		put_row(v, t, b, "all", NULL, &b->all);
		for (size_t k = 0; k < b->n_groups; k++)
			put_row(v, t, b, report_by_name(v->query.by),
			    b->groups[k].name, &b->groups[k].f);
	}
	return table_close(t, err);
}

static bool
show_figures(struct report_view *v, struct err *err)
{
	return report_read(v->cli->db, v->cli->tenant.id, v->cli->conf, &v->query,
	           v->cli->arena, &v->report, err) &&
	    (v->cli->format == TABLE_TEXT ? show_text(v, err)
	                                  : show_table(v, err));
}

/* ---- the command ------------------------------------------------------------------ */
static bool
take_by(struct report_view *v, struct err *err)
{
	const char *by = cli_given(v->cli, "by");

	v->query.by = REPORT_CAMPAIGN;
	return by == NULL || report_by_parse(by, &v->query.by) ||
	    err_set(err, ERR_USAGE, "--by: expected campaign, programme, trigger, "
	        "employee, owner, department, company, segment or month, got "
	        "\"%s\"", by);
}

static bool
take_programme(struct report_view *v, struct err *err)
{
	const struct conf *conf = v->cli->conf;
	const struct conf_programme *p = conf->programmes.v;
	const char *name = cli_given(v->cli, "programme");

	v->query.programme = name;
	v->query.campaign = cli_given(v->cli, "campaign");
	for (size_t i = 0; name != NULL && i < conf->programmes.n; i++)
		if (strcmp(p[i].name, name) == 0)
			return true;
	return name == NULL || err_set(err, ERR_USAGE, "--programme: there is no "
	    "\"%s\"%s%s", name, conf->programmes.n > 0 ? "; the first is " :
	    "; the configuration has no programmes",
	    conf->programmes.n > 0 ? p[0].name : "");
}

static bool
take_period(struct report_view *v, struct err *err)
{
	const struct report_when when = { cli_given(v->cli, "from"),
		cli_given(v->cli, "to"), cli_given(v->cli, "month"),
		cli_given(v->cli, "quarter"), cli_given(v->cli, "last") };

	v->today = clock_day(v->cli->conf->timezone, clock_now());
	return report_period(&when, v->today, &v->query.period, err);
}

/* What makes no sense together. */
static bool
usage_ok(const struct cli *cli, struct err *err)
{
	const bool suppressed = cli_given(cli, "suppressed") != NULL,
	    asked = cli_given(cli, "asked") != NULL,
	    html = cli_given(cli, "html") != NULL;

	if (suppressed + asked + html > 1)
		return err_set(err, ERR_USAGE, "npsync report: expected one of "
		    "--suppressed, --asked, --html");
	if ((suppressed || asked) && cli_given(cli, "by") != NULL)
		return err_set(err, ERR_USAGE, "npsync report: --by is for "
		    "figures, not for --suppressed or --asked");
	if (suppressed && (cli_given(cli, "campaign") != NULL ||
	    cli_given(cli, "programme") != NULL))
		return err_set(err, ERR_USAGE, "npsync report: who was not asked "
		    "has no campaign: expected --suppressed alone");
	if (html && cli->format != TABLE_TEXT)
		return err_set(err, ERR_USAGE, "npsync report: expected one of "
		    "--html, --json, --csv");
	return true;
}

static bool
show(struct report_view *v, struct err *err)
{
	if (cli_given(v->cli, "suppressed") != NULL)
		return report_show_suppressed(v, err);
	if (cli_given(v->cli, "asked") != NULL)
		return report_show_asked(v, err);
	if (cli_given(v->cli, "html") != NULL)
		return report_show_html(v, cli_given(v->cli, "html"), err);
	return show_figures(v, err);
}

static int
report(struct cli *cli, struct err *err)
{
	struct report_view v = { .cli = cli };

	if (!usage_ok(cli, err) || !take_by(&v, err) ||
	    !cli_load(cli, false, err) || !take_programme(&v, err) ||
	    !take_period(&v, err) || !cli_open(cli, false, err) ||
	    !show(&v, err))
		return err_exit_code(err->kind);
	return 0;
}

const struct cli_command cli_nps_commands[] = {
	{ "report", "[--by WHAT] [PERIOD]", "NPS, who answered, who was not asked",
	    report_opts, report,
	    "Answers count on the day they were given, surveys on the day they left.\n"
	    "Programmes are never added up: each has a block of its own.", 0 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0 }
};
