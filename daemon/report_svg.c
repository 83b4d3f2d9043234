/*
 * report_svg.c - the charts of a report, in whole pixels.
 */
#include "report_int.h"

#include <math.h>
#include <string.h>

#include "html.h"

static void
open_chart(struct report_pen *pen, const char *class, int width, int height,
    const char *title)
{
	const int id = ++pen->id;

	(void)fprintf(pen->out, "<svg class=\"%s\" viewBox=\"0 0 %d %d\" "
	    "role=\"img\" aria-labelledby=\"t%d d%d\">\n<title id=\"t%d\">%s"
	    "</title>\n<desc id=\"d%d\">", class, width, height, id, id, id,
	    title, id);
}

static void
text_at(FILE *out, const char *class, int x, int y, const char *text)
{
	(void)fprintf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
	html_put(out, text);
	(void)fputs("</text>\n", out);
}

static void
rect(FILE *out, const char *class, const int box[4])
{
	(void)fprintf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" "
	    "height=\"%d\"/>\n", class, box[0], box[1], box[2], box[3]);
}

static void
line(FILE *out, const char *class, const int at[4])
{
	(void)fprintf(out, "<line class=\"%s\" x1=\"%d\" y1=\"%d\" x2=\"%d\" "
	    "y2=\"%d\"/>\n", class, at[0], at[1], at[2], at[3]);
}

static bool
bounds_of(const struct report_pen *pen, const struct nps_counts *c,
    struct nps_interval *i)
{
	return report_nps(pen->scratch, pen->conf, c) != NULL && nps_bounds(c,
	    (enum nps_method)pen->conf->report.interval,
	    nps_z(pen->conf->report.confidence), i);
}

/* Points to pixels: low is at from, high at from + span. */
struct scale {
	double low, high;
	int from, span;
};

static int
at(const struct scale *s, double points)
{
	return s->from + (int)lround((points - s->low) / (s->high - s->low) *
	    s->span);
}

/* ---- gauge ----------------------------------------------------------------- */
static void
put_ticks(FILE *out, const struct scale *s)
{
	static const struct { int points; const char *text; } ticks[] = {
		{ -100, "-100" }, { -50, "-50" }, { 0, "0" }, { 50, "+50" },
		{ 100, "+100" } };

	for (size_t i = 0; i < ARRAY_LEN(ticks); i++) {
		const int x = at(s, ticks[i].points);
		line(out, ticks[i].points == 0 ? "zero" : "tick",
		    (const int[]){ x, 10, x, 34 });
		text_at(out, "axis mid", x, 52, ticks[i].text);
	}
}

void
report_svg_gauge(struct report_pen *pen, const struct nps_counts *c)
{
	const struct scale s = { -100, 100, 20, 440 };
	const char *nps = report_nps(pen->scratch, pen->conf, c);
	struct nps_interval i;
	FILE *out = pen->out;

	open_chart(pen, "gauge", 480, 58, "NPS on its scale of -100 to +100");
	if (nps == NULL)
		html_put(out, report_note(pen->scratch, pen->conf, c));
	else
		html_put(out, arena_printf(pen->scratch, "%s, interval %s", nps,
		    bounds_of(pen, c, &i) ? report_interval(pen->scratch,
		        pen->conf, c) : "none"));
	(void)fputs("</desc>\n", out);
	line(out, "base", (const int[]){ 20, 22, 460, 22 });
	put_ticks(out, &s);
	if (bounds_of(pen, c, &i))
		rect(out, "span", (const int[]){ at(&s, i.low), 15,
		    at(&s, i.high) - at(&s, i.low), 14 });
	if (nps != NULL)
		(void)fprintf(out, "<circle class=\"dot\" cx=\"%d\" cy=\"22\" "
		    "r=\"8\"/>\n", at(&s, nps_centre(c, NPS_WALD)));
	(void)fputs("</svg>\n", out);
}

void
report_svg_row(struct report_pen *pen, const struct nps_counts *c)
{
	const struct scale s = { -100, 100, 6, 148 };
	struct nps_interval i;
	FILE *out = pen->out;

	(void)fputs("<svg class=\"small\" viewBox=\"0 0 160 18\" "
	    "aria-hidden=\"true\">\n", out);
	line(out, "base", (const int[]){ 6, 9, 154, 9 });
	line(out, "zero", (const int[]){ 80, 2, 80, 16 });
	if (bounds_of(pen, c, &i))
		rect(out, "span", (const int[]){ at(&s, i.low), 6,
		    at(&s, i.high) - at(&s, i.low), 6 });
	if (report_nps(pen->scratch, pen->conf, c) != NULL)
		(void)fprintf(out, "<circle class=\"%s\" cx=\"%d\" cy=\"9\" "
		    "r=\"4\"/>\n", report_show(pen->conf, c) == REPORT_FEW
		        ? "ring" : "dot", at(&s, nps_centre(c, NPS_WALD)));
	(void)fputs("</svg>", out);
}

/* ---- shares ------------------------------------------------------------------ */
static const char *
share(struct report_pen *pen, int64_t part, int64_t n)
{
	char buf[NPS_TEXT];

	return arena_printf(pen->scratch, "%s %%", nps_percent(buf, part, n, 0));
}

void
report_svg_bands(struct report_pen *pen, const struct nps_counts *c)
{
	const struct { const char *name, *class, *label; int64_t n; } bands[] = {
		{ "detractors (0-6)", "detractor", "on", c->detractors },
		{ "passives (7-8)", "passive", "off", c->passives },
		{ "promoters (9-10)", "promoter", "on", c->promoters } };
	const int64_t n = nps_n(c);
	FILE *out = pen->out;
	int64_t before = 0;

	open_chart(pen, "bands", 700, 30, "Shares of the answers");
	for (size_t i = 0; i < ARRAY_LEN(bands); i++)
		html_put(out, arena_printf(pen->scratch, "%s%s %lld",
		    i == 0 ? "" : ", ", bands[i].name, (long long)bands[i].n));
	(void)fputs("</desc>\n", out);
	for (size_t i = 0; i < ARRAY_LEN(bands); i++) {
		const int x = (int)nps_round(before, n, 700);
		const int end = (int)nps_round(before + bands[i].n, n, 700);
		before += bands[i].n;
		rect(out, bands[i].class, (const int[]){ x, 0, end - x, 30 });
		if (end - x >= 44)
			text_at(out, arena_printf(pen->scratch, "%s mid",
			    bands[i].label), (x + end) / 2, 20,
			    share(pen, bands[i].n, n));
	}
	(void)fputs("</svg>\n", out);
}

void
report_svg_bar(struct report_pen *pen, int64_t part, int64_t whole)
{
	const int width = whole <= 0 || part <= 0 ? 0
	    : (int)nps_round(part, whole, 260);

	(void)fputs("<svg class=\"bar\" viewBox=\"0 0 260 14\" "
	    "aria-hidden=\"true\">", pen->out);
	rect(pen->out, "rail", (const int[]){ 0, 1, 260, 12 });
	rect(pen->out, "fill", (const int[]){ 0, 1,
	    width == 0 && part > 0 ? 1 : width, 12 });
	(void)fputs("</svg>", pen->out);
}

/* ---- months -------------------------------------------------------------------- */
#define LEFT 42
#define RIGHT 690
#define TOP 22
#define BOTTOM 182

struct month {
	bool shown;
	int x, y, low, high;
};

/* A scale of points that holds every interval, in steps of 25. */
static struct scale
scale_of(const struct report_pen *pen, const struct report_block *b)
{
	struct scale s = { 0, 0, BOTTOM, TOP - BOTTOM };
	bool any = false;

	for (size_t k = 0; k < b->n_groups; k++) {
		struct nps_interval i;
		if (!bounds_of(pen, &b->groups[k].f.now, &i))
			continue;
		s.low = any ? fmin(s.low, i.low) : i.low;
		s.high = any ? fmax(s.high, i.high) : i.high;
		any = true;
	}
	s.low = fmax(-100, floor(s.low / 25) * 25);
	s.high = fmin(100, ceil(s.high / 25) * 25);
	if (s.high - s.low < 25)
		s.low = fmax(-100, s.high - 50);
	if (s.high - s.low < 25)
		s.high = s.low + 50;
	return s;
}

static void
put_grid(struct report_pen *pen, const struct scale *s)
{
	const int step = s->high - s->low > 100 ? 50 : 25;
	char buf[NPS_TEXT];

	for (int p = -100; p <= 100; p += step) {
		if (p < s->low || p > s->high)
			continue;
		line(pen->out, p == 0 ? "zero" : "grid",
		    (const int[]){ LEFT, at(s, p), RIGHT, at(s, p) });
		text_at(pen->out, "axis end", LEFT - 6, at(s, p) + 4,
		    nps_text(buf, p, true));
	}
}

static struct month
month_of(const struct report_pen *pen, const struct report_block *b, size_t k,
    const struct scale *s)
{
	const struct nps_counts *c = &b->groups[k].f.now;
	const int step = (RIGHT - LEFT) / (int)(b->n_groups > 0 ? b->n_groups : 1);
	struct month m = { .x = LEFT + step * (int)k + step / 2 };
	struct nps_interval i;

	m.shown = report_nps(pen->scratch, pen->conf, c) != NULL;
	if (!m.shown)
		return m;
	m.y = m.low = m.high = at(s, nps_centre(c, NPS_WALD));
	if (bounds_of(pen, c, &i)) {
		m.low = at(s, i.low);
		m.high = at(s, i.high);
	}
	return m;
}

/* From one month to the next, where both may be shown. */
static void
put_between(FILE *out, const struct month *a, const struct month *b)
{
	if (!a->shown || !b->shown)
		return;
	(void)fprintf(out, "<polygon class=\"area\" points=\"%d,%d %d,%d %d,%d "
	    "%d,%d\"/>\n", a->x, a->high, b->x, b->high, b->x, b->low, a->x,
	    a->low);
	line(out, "way", (const int[]){ a->x, a->y, b->x, b->y });
}

static void
put_month(struct report_pen *pen, const struct report_group *g,
    const struct month *m)
{
	const struct nps_counts *c = &g->f.now;
	const enum report_show show = report_show(pen->conf, c);
	FILE *out = pen->out;

	text_at(out, "axis mid", m->x, BOTTOM + 22, g->name);
	text_at(out, "axis mid", m->x, BOTTOM + 38, show == REPORT_NOTHING ? "-"
	    : show == REPORT_HIDDEN ? arena_printf(pen->scratch, "n < %d",
	        pen->conf->report.hide_below)
	    : arena_printf(pen->scratch, "n %lld", (long long)nps_n(c)));
	if (!m->shown)
		return;
	line(out, "whisker", (const int[]){ m->x, m->low, m->x, m->high });
	(void)fprintf(out, "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"5\"/>\n",
	    show == REPORT_FEW ? "ring" : "dot", m->x, m->y);
	text_at(out, "value mid", m->x, m->y + (m->y > TOP + 8 ? -11 : 20),
	    report_nps(pen->scratch, pen->conf, c));
}

void
report_svg_months(struct report_pen *pen, const struct report_block *b)
{
	const struct scale s = scale_of(pen, b);
	struct month before = { 0 };

	open_chart(pen, "months", 700, BOTTOM + 44, "NPS by month");
	for (size_t k = 0; k < b->n_groups; k++) {
		const struct nps_counts *c = &b->groups[k].f.now;
		const char *nps = report_nps(pen->scratch, pen->conf, c);
		html_put(pen->out, arena_printf(pen->scratch, "%s%s: %s",
		    k == 0 ? "" : "; ", b->groups[k].name, nps != NULL ? nps
		        : report_note(pen->scratch, pen->conf, c)));
	}
	(void)fputs("</desc>\n", pen->out);
	put_grid(pen, &s);
	for (size_t k = 0; k < b->n_groups; k++) {
		const struct month m = month_of(pen, b, k, &s);
		if (k > 0)
			put_between(pen->out, &before, &m);
		before = m;
	}
	for (size_t k = 0; k < b->n_groups; k++) {
		const struct month m = month_of(pen, b, k, &s);
		put_month(pen, &b->groups[k], &m);
	}
	(void)fputs("</svg>\n", pen->out);
}
