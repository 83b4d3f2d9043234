/*
 * cli_nps.h - the parts of npsync report.
 */
#ifndef NPSYNC_CLI_NPS_H
#define NPSYNC_CLI_NPS_H

#include "cli.h"
#include "report.h"

struct report_view {
	struct cli *cli;
	struct report_query query;
	struct report report;
	int today;
};

/* "(not known)" for none. */
const char *report_group_name(const char *name);
NPS_MUSTCHECK bool report_show_suppressed(struct report_view *v,
    struct err *err);
NPS_MUSTCHECK bool report_show_asked(struct report_view *v, struct err *err);
/* Written beside it, then renamed; "-" = standard output. */
NPS_MUSTCHECK bool report_show_html(struct report_view *v, const char *file,
    struct err *err);

#endif
