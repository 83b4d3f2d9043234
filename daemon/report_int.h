/*
 * report_int.h - charts of report_html.c.  All of them are SVG inside the page:
 * no script, no network, colours by the page's style, a title and a description
 * for who cannot see them.
 */
#ifndef NPSYNC_REPORT_INT_H
#define NPSYNC_REPORT_INT_H

#include "report.h"

struct report_pen {
	FILE *out;
	const struct report_page *page;
	const struct conf *conf;
	struct arena *scratch;
	int id;			/* of the last title: each is the page's own */
};

/* CSS. */
extern const char report_style[];

/* The NPS on its scale, with its interval. */
void report_svg_gauge(struct report_pen *pen, const struct nps_counts *c);
/* Shares of promoters, passives and detractors. */
void report_svg_bands(struct report_pen *pen, const struct nps_counts *c);
/* A line through the months that may be shown. */
void report_svg_months(struct report_pen *pen, const struct report_block *b);
/* One of a table's rows: no words, the row has them. */
void report_svg_row(struct report_pen *pen, const struct nps_counts *c);
/* part of whole, as a bar. */
void report_svg_bar(struct report_pen *pen, int64_t part, int64_t whole);

#endif
