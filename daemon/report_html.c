/*
 * report_html.c - the report as one page that needs nothing else: no script, no
 * network.  Colour never stands alone, and it prints on A4.
 */
#include "report_int.h"

#include <string.h>

#include "clock.h"
#include "html.h"

#define ROWS_MAX ((size_t)40)
#define REASONS_MAX 12

static void
put_in(FILE *out, const char *tag, const char *class, const char *text)
{
	(void)fprintf(out, "<%s%s%s%s>", tag, class != NULL ? " class=\"" : "",
	    class != NULL ? class : "", class != NULL ? "\"" : "");
	html_put(out, text);
	(void)fprintf(out, "</%s>", tag);
}

static const char *
known(const char *name)
{
	return name != NULL && *name != '\0' ? name : "(not known)";
}

static const char *
number(struct report_pen *pen, int64_t n)
{
	return arena_printf(pen->scratch, "%lld", (long long)n);
}

/* ---- head --------------------------------------------------------------------- */
static void
put_head(struct report_pen *pen)
{
	const struct report_period *p = &pen->page->report->query.period;
	FILE *out = pen->out;

	(void)fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light\">\n<title>NPS, ", out);
	html_put(out, pen->conf->tenant);
	html_put(out, arena_printf(pen->scratch, ", %s",
	    report_days(pen->scratch, p->from, p->until)));
	(void)fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n"
	    "<main>\n<header>\n<h1>Net Promoter Score</h1>\n", report_style);
	put_in(out, "p", "tenant", pen->conf->tenant);
	(void)fputs("\n<dl>", out);
	put_in(out, "dt", NULL, "Period");
	put_in(out, "dd", NULL, report_days(pen->scratch, p->from, p->until));
	put_in(out, "dt", NULL, "Before");
	put_in(out, "dd", NULL, report_days(pen->scratch, p->before, p->from));
	put_in(out, "dt", NULL, "Counted");
	put_in(out, "dd", NULL, report_basis(pen->conf));
	put_in(out, "dt", NULL, "Interval");
	put_in(out, "dd", NULL, report_method(pen->scratch, pen->conf));
	(void)fputs("</dl>\n</header>\n", out);
}

/* ---- the number ------------------------------------------------------------------ */
static void
put_change(struct report_pen *pen, const struct report_figures *f)
{
	static const char *const arrows[] = { "\xe2\x96\xbc ", "",
		"\xe2\x96\xb2 " };
	struct arena *a = pen->scratch;
	const char *before = report_nps(a, pen->conf, &f->before);
	struct report_change c;
	char buf[NPS_TEXT];
	const char *words;

	if (!report_change(pen->conf, f, &c))
		words = arena_printf(a, "Nothing to compare with: %s in the period "
		    "before.", nps_n(&f->now) > 0 && before == NULL
		        ? report_note(a, pen->conf, &f->before) : "no figure");
	else
		words = arena_printf(a, "%s%s against %s in the period before: %s "
		    "(p %s%.3f).", arrows[c.direction + 1],
		    nps_text(buf, c.points, true), before,
		    c.direction != 0 ? "more than chance" : "may be chance",
		    c.by.p < 0.001 ? "< " : "", c.by.p < 0.001 ? 0.001 : c.by.p);
	put_in(pen->out, "p", "change", words);
	(void)fputc('\n', pen->out);
}

static void
put_facts(struct report_pen *pen, const struct report_figures *f)
{
	const char *mean = report_mean(pen->scratch, pen->conf, f);
	const char *rate = report_rate(pen->scratch, f->answered, f->sent);
	const struct { const char *name, *value; } facts[] = {
		{ "answers", report_show(pen->conf, &f->now) == REPORT_HIDDEN
		        ? arena_printf(pen->scratch, "< %d",
		            pen->conf->report.hide_below)
		        : number(pen, nps_n(&f->now)) },
		{ "average rating", mean }, { "of sent answered", rate } };

	(void)fputs("<ul class=\"facts\">", pen->out);
	for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
		(void)fputs("<li>", pen->out);
		put_in(pen->out, "strong", NULL, facts[i].value != NULL
		    ? facts[i].value : "\xe2\x80\x93");
		(void)fputc(' ', pen->out);
		put_in(pen->out, "span", NULL, facts[i].name);
		(void)fputs("</li>", pen->out);
	}
	(void)fputs("</ul>\n", pen->out);
}

static void
put_bands(struct report_pen *pen, const struct nps_counts *c)
{
	const struct { const char *class, *scores; int64_t n; } bands[] = {
		{ "detractor", "0 to 6", c->detractors },
		{ "passive", "7 and 8", c->passives },
		{ "promoter", "9 and 10", c->promoters } };

	if (report_nps(pen->scratch, pen->conf, c) == NULL)
		return;
	(void)fputs("<figure class=\"keep\">\n", pen->out);
	report_svg_bands(pen, c);
	(void)fputs("<figcaption class=\"key\">", pen->out);
	for (size_t i = 0; i < ARRAY_LEN(bands); i++) {
		(void)fprintf(pen->out, "<span><i class=\"%s\"></i>",
		    bands[i].class);
		html_put(pen->out, arena_printf(pen->scratch, "%lld %s%s (%s)",
		    (long long)bands[i].n, bands[i].class,
		    bands[i].n == 1 ? "" : "s", bands[i].scores));
		(void)fputs("</span>", pen->out);
	}
	(void)fputs("</figcaption>\n</figure>\n", pen->out);
}

static void
put_hero(struct report_pen *pen, const struct report_figures *f)
{
	const char *nps = report_nps(pen->scratch, pen->conf, &f->now);
	const char *interval = report_interval(pen->scratch, pen->conf, &f->now);
	const char *note = report_note(pen->scratch, pen->conf, &f->now);
	FILE *out = pen->out;

	(void)fputs("<div class=\"hero keep\">\n<div class=\"score\">", out);
	put_in(out, "span", "big", nps != NULL ? nps : "\xe2\x80\x93");
	put_in(out, "span", "unit", nps == NULL ? note : *note != '\0'
	    ? arena_printf(pen->scratch, "NPS, %s", note) : "NPS");
	(void)fputs("</div>\n<div class=\"scale\">\n", out);
	report_svg_gauge(pen, &f->now);
	put_in(out, "p", "caption", interval == NULL
	    ? "no interval is shown"
	    : arena_printf(pen->scratch, "%d %% interval: %s",
	        pen->conf->report.confidence, interval));
	(void)fputs("\n</div>\n</div>\n", out);
	put_change(pen, f);
	put_facts(pen, f);
	put_bands(pen, &f->now);
}

/* ---- months ------------------------------------------------------------------------ */
/* The same programme by month; every month of the year has a place. */
static const struct report_block *
months_of(struct report_pen *pen, const struct report_block *b)
{
	const struct report *r = pen->page->months;
	const struct report_block *found = NULL;
	struct report_block *full = arena_alloc(pen->scratch, sizeof(*full));
	struct report_group *groups = arena_array(pen->scratch, 12,
	    sizeof(*groups));
	int day = r->query.period.from;

	for (size_t i = 0; i < r->n_blocks && found == NULL; i++)
		if (strcmp(known(r->blocks[i].key), known(b->key)) == 0)
			found = &r->blocks[i];
	if (full == NULL || groups == NULL || found == NULL)
		return NULL;
	*full = (struct report_block){ .groups = groups, .n_groups = 12 };
	for (size_t m = 0; m < 12; m++) {
		char iso[16];
		groups[m].name = arena_strndup(pen->scratch, day_iso(iso, day), 7);
		for (size_t k = 0; k < found->n_groups; k++)
			if (strcmp(known(found->groups[k].name),
			        known(groups[m].name)) == 0)
				groups[m].f = found->groups[k].f;
		day = day_add(day, 31);
		day = day / 100 * 100 + 1;
	}
	return full;
}

static void
put_months(struct report_pen *pen, const struct report_block *b)
{
	const struct report_block *months = months_of(pen, b);

	if (months == NULL)
		return;
	(void)fputs("<section class=\"keep\">\n<h3>NPS by month</h3>\n"
	    "<figure>\n", pen->out);
	report_svg_months(pen, months);
	(void)fprintf(pen->out, "<figcaption>Line and band: NPS and its interval, "
	    "in the month of the answer. A ring: fewer than %d answers."
	    "</figcaption>\n</figure>\n</section>\n",
	    pen->conf->report.plain_from);
}

/* ---- groups -------------------------------------------------------------------------- */
static void
put_cell(struct report_pen *pen, const char *class, const char *text)
{
	put_in(pen->out, "td", class, text != NULL ? text : "\xe2\x80\x93");
}

static void
put_group(struct report_pen *pen, const char *name,
    const struct report_figures *f)
{
	const struct conf *conf = pen->conf;
	struct arena *a = pen->scratch;
	const enum report_show show = report_show(conf, &f->now);

	(void)fputs("<tr>", pen->out);
	put_in(pen->out, "th", NULL, known(name));
	put_cell(pen, "strong", report_nps(a, conf, &f->now));
	(void)fputs("<td class=\"chart\">", pen->out);
	if (show == REPORT_FEW || show == REPORT_PLAIN)
		report_svg_row(pen, &f->now);
	else
		put_in(pen->out, "span", "soft", report_note(a, conf, &f->now));
	(void)fputs("</td>", pen->out);
	put_cell(pen, NULL, report_interval(a, conf, &f->now));
	put_cell(pen, NULL, show == REPORT_HIDDEN ? arena_printf(a, "< %d",
	    conf->report.hide_below) : show == REPORT_FEW
	    ? arena_printf(a, "%lld, few", (long long)nps_n(&f->now))
	    : number(pen, nps_n(&f->now)));
	put_cell(pen, NULL, report_mean(a, conf, f));
	put_cell(pen, NULL, report_change_text(a, conf, f));
	put_cell(pen, NULL, report_rate(a, f->answered, f->sent));
	(void)fputs("</tr>\n", pen->out);
}

static void
put_groups_head(struct report_pen *pen, const char *by)
{
	static const char *const heads[] = { "NPS", "-100 to +100", "interval",
		"answers", "rating", "change", "of sent answered" };

	(void)fputs("<table>\n<thead><tr>", pen->out);
	put_in(pen->out, "th", NULL, by);
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		put_in(pen->out, "th", i == 1 ? "chart" : NULL, heads[i]);
	(void)fputs("</tr></thead>\n<tbody>\n", pen->out);
}

static void
put_groups(struct report_pen *pen, const struct report_block *b)
{
	const char *by = report_by_name(pen->page->report->query.by);

	if (b->n_groups == 0)
		return;
	(void)fputs("<section>\n", pen->out);
	put_in(pen->out, "h3", NULL, arena_printf(pen->scratch, "By %s", by));
	put_groups_head(pen, by);
	for (size_t i = 0; i < b->n_groups && i < ROWS_MAX; i++)
		put_group(pen, b->groups[i].name, &b->groups[i].f);
	(void)fputs("</tbody></table>\n", pen->out);
	if (b->n_groups > ROWS_MAX)
		(void)fprintf(pen->out, "<p class=\"soft\">and %zu more: npsync "
		    "report --csv has all of them</p>\n",
		    b->n_groups - ROWS_MAX);
	(void)fputs("</section>\n", pen->out);
}

/* ---- response rates -------------------------------------------------------------------- */
static void
put_step(struct report_pen *pen, const char *name, int64_t n, int64_t whole,
    const char *words)
{
	(void)fputs("<tr>", pen->out);
	put_in(pen->out, "th", NULL, name);
	(void)fputs("<td class=\"chart\">", pen->out);
	if (n >= 0)
		report_svg_bar(pen, n, whole);
	(void)fputs("</td>", pen->out);
	put_cell(pen, "strong", n < 0 ? NULL : number(pen, n));
	put_in(pen->out, "td", "words", words);
	(void)fputs("</tr>\n", pen->out);
}

static const char *
share_of(struct report_pen *pen, int64_t part, int64_t whole,
    const char *what)
{
	const char *rate = report_rate(pen->scratch, part, whole);

	return rate == NULL ? "" : arena_printf(pen->scratch, "%s of %s", rate,
	    what);
}

static void
put_rates(struct report_pen *pen, const struct report_figures *f)
{
	const int64_t delivered = report_delivered(f);
	struct arena *a = pen->scratch;

	if (f->pushed == 0)
		return;
	(void)fputs("<section class=\"keep\">\n<h3>Surveys that left in these "
	    "days</h3>\n<table class=\"steps\">\n<tbody>\n", pen->out);
	put_step(pen, "handed over", f->pushed, f->pushed, "");
	put_step(pen, "sent", f->sent, f->pushed,
	    share_of(pen, f->sent, f->pushed, "handed over"));
	put_step(pen, "delivered", delivered, f->pushed, delivered < 0
	    ? "not known: nothing tells what came back"
	    : share_of(pen, delivered, f->sent, "sent"));
	put_step(pen, "answered", f->answered, f->pushed, arena_printf(a,
	    "%s, %s%s%s", share_of(pen, f->answered, f->pushed,
	        "handed over"), share_of(pen, f->answered, f->sent,
	        "sent"), delivered > 0 ? ", " : "",
	    delivered > 0 ? share_of(pen, f->answered, delivered,
	        "delivered") : ""));
	(void)fputs("</tbody></table>\n</section>\n", pen->out);
}

static void
put_block(struct report_pen *pen, const struct report_block *b)
{
	(void)fputs("<section class=\"block\">\n<h2>", pen->out);
	html_put(pen->out, known(b->name));
	if (*b->kind != '\0')
		put_in(pen->out, "span", "kind", b->kind);
	(void)fputs("</h2>\n", pen->out);
	put_hero(pen, &b->all);
	put_months(pen, b);
	put_groups(pen, b);
	put_rates(pen, &b->all);
	(void)fputs("</section>\n", pen->out);
	arena_reset(pen->scratch);
}

/* ---- who was not asked ------------------------------------------------------------------- */
struct reason {
	const char *reason;
	int64_t n;
};

/* Over all triggers, the most frequent first. */
static size_t
sum_reasons(const struct db_result *r, struct reason *reasons, int64_t *all,
    int64_t *asked)
{
	size_t n = 0, k;

	for (int i = 0; i < db_rows(r); i++) {
		*all += db_int(r, i, 2);
		if (db_is_null(r, i, 1)) {
			*asked += db_int(r, i, 2);
			continue;
		}
		for (k = 0; k < n; k++)
			if (strcmp(reasons[k].reason, db_text(r, i, 1)) == 0)
				break;
		if (k == n)
			reasons[n++] = (struct reason){ db_text(r, i, 1), 0 };
		reasons[k].n += db_int(r, i, 2);
	}
	for (size_t i = 1; i < n; i++)
		for (k = i; k > 0 && reasons[k].n > reasons[k - 1].n; k--) {
			const struct reason swap = reasons[k];
			reasons[k] = reasons[k - 1];
			reasons[k - 1] = swap;
		}
	return n;
}

static void
put_suppressed(struct report_pen *pen)
{
	const struct db_result *r = pen->page->suppressed;
	const int rows = r == NULL ? 0 : db_rows(r);
	struct reason *reasons = arena_array(pen->scratch, (size_t)rows + 1,
	    sizeof(*reasons));
	int64_t all = 0, asked = 0;

	if (reasons == NULL || rows == 0)
		return;
	const size_t n = sum_reasons(r, reasons, &all, &asked);
	(void)fprintf(pen->out, "<section class=\"keep last\">\n<h2>Events and "
	    "surveys</h2>\n<p>%lld events came to an end in these days: %lld led "
	    "to a survey, %lld did not.</p>\n<table class=\"reasons\">\n<tbody>\n",
	    (long long)all, (long long)asked, (long long)(all - asked));
	for (size_t i = 0; i < n && i < REASONS_MAX; i++)
		put_step(pen, report_reason_words(reasons[i].reason),
		    reasons[i].n, reasons[0].n, reasons[i].reason);
	(void)fputs("</tbody></table>\n</section>\n", pen->out);
}

/* ---- foot ----------------------------------------------------------------------------------- */
static void
put_foot(struct report_pen *pen)
{
	const char *const *notes = report_notes(pen->page->report,
	    pen->page->today, pen->scratch);
	char when[32];

	(void)fputs("<footer>\n<ul>\n", pen->out);
	for (size_t i = 0; notes != NULL && notes[i] != NULL; i++) {
		put_in(pen->out, "li", NULL, notes[i]);
		(void)fputc('\n', pen->out);
	}
	(void)fprintf(pen->out, "<li>NPS = percentage of promoters - percentage of "
	    "detractors, from counts. Answers count on the day they were given, "
	    "surveys on the day they left; programmes are never added up. A group "
	    "with fewer than %d answers shows no figure.</li>\n"
	    "<li>An arrow stands only where a change is more than chance "
	    "(|z| &ge; 1.96).</li>\n</ul>\n<p>npsync, ",
	    pen->conf->report.hide_below);
	html_put(pen->out, clock_words(when, pen->conf->timezone,
	    pen->page->made_at));
	(void)fputs("</p>\n</footer>\n</main>\n</body>\n</html>\n", pen->out);
}

bool
report_html(FILE *out, const struct report_page *page, struct arena *scratch,
    struct err *err)
{
	struct report_pen pen = { out, page, page->report->conf, scratch, 0 };

	put_head(&pen);
	if (page->report->n_blocks == 0)
		(void)fputs("<p>No surveys and no answers in these days.</p>\n",
		    out);
	for (size_t i = 0; i < page->report->n_blocks; i++)
		put_block(&pen, &page->report->blocks[i]);
	put_suppressed(&pen);
	put_foot(&pen);
	if (arena_failed(scratch))
		return err_nomem(err);
	return !ferror(out) || err_errno(err, ERR_SYSTEM, "report");
}
