/*
 * report.h - what people answered, and how many of those who were asked: figures
 * out of answers and queue, and the words they are shown in.
 *
 * Answers count on the day they were given, surveys on the day they left: the
 * rate of a period is that of its surveys, whenever they were answered.  Tests
 * (npsync enqueue --test) are left out.  Figures of two programmes are never
 * added up.
 */
#ifndef NPSYNC_REPORT_H
#define NPSYNC_REPORT_H

#include <stdio.h>

#include "conf.h"
#include "db.h"
#include "nps.h"

/* ---- the period ---------------------------------------------------------------- */
struct report_period {
	int from, until;	/* days, half-open */
	int before;		/* the one before it: [before, from) */
};
/* As it was asked for; NULL = not given. */
struct report_when {
	const char *from, *to, *month, *quarter, *last;
};
/* Nothing given: the last 90 days, today included. The period before has the
 * same length: so many days, the month, the quarter.  ERR_USAGE. */
NPS_MUSTCHECK bool report_period(const struct report_when *when, int today,
    struct report_period *p, struct err *err);
/* The twelve months that end with the period's last. */
struct report_period report_year(const struct report_period *p);

/* ---- figures (report.c) ----------------------------------------------------------- */
enum report_by { REPORT_CAMPAIGN, REPORT_PROGRAMME, REPORT_TRIGGER,
	REPORT_EMPLOYEE, REPORT_OWNER, REPORT_DEPARTMENT, REPORT_COMPANY,
	REPORT_SEGMENT, REPORT_MONTH, REPORT_BYS };
const char *report_by_name(enum report_by by);
/* False: no such word. */
NPS_MUSTCHECK bool report_by_parse(const char *name, enum report_by *by);

struct report_figures {
	struct nps_counts now, before;
	int64_t sum;		/* of the scores of now */
	/* Of the surveys that left in the period: handed over, taken by the
	 * service, answered. */
	int64_t pushed, sent, answered;
	int64_t bounced;	/* of sent; -1 = not known */
};
struct report_group {
	const char *name;	/* NULL = not known */
	struct report_figures f;
};
/* A programme, or a campaign that belongs to none. */
struct report_block {
	const char *name;
	const char *kind;	/* "transactional", "relationship"; "" = none */
	struct report_figures all;
	const struct report_group *groups;
	size_t n_groups;
	const char *key;	/* tells two of one name apart */
};
struct report_query {
	struct report_period period;
	enum report_by by;
	const char *campaign, *programme;	/* NULL = all */
};
struct report {
	const struct conf *conf;
	struct report_query query;
	const struct report_block *blocks;
	size_t n_blocks;
};
/* By programme the blocks have no groups.  With the basis "latest" an answer
 * counts if it is the period's last of its card and campaign; by month, if it is
 * the month's.  Everything is in arena. */
NPS_MUSTCHECK bool report_read(struct db *db, long long tenant_id,
    const struct conf *conf, const struct report_query *query,
    struct arena *arena, struct report *report, struct err *err);

/* ---- lists (report_lists.c) -------------------------------------------------------- */
/* What ended in the period without a survey: trigger, reason, rows, and of these
 * (reason NULL) all the trigger's events that came to an end, asked ones too. */
NPS_MUSTCHECK bool report_suppressed(struct db *db, long long tenant_id,
    const struct conf *conf, const struct report_period *p,
    struct arena *arena, struct db_result **result, struct err *err);
/* Who blocked whom: row, trigger, contact, company, reason, its day, and the row
 * that won: id, trigger, day, campaign, state; what is said of it. */
NPS_MUSTCHECK bool report_blocked(struct db *db, long long tenant_id,
    const struct conf *conf, const struct report_period *p,
    struct arena *arena, struct db_result **result, struct err *err);
/* Who was asked, the oldest first: day, name, mail (NULL unless the person may
 * be written to), company, owner, trigger, campaign, day of the answer, score,
 * contact, language, why there is no mail. */
NPS_MUSTCHECK bool report_asked(struct db *db, long long tenant_id,
    const struct conf *conf, const struct report_query *query,
    struct arena *arena, struct db_result **result, struct err *err);

/* ---- words (report_words.c) --------------------------------------------------------- */
enum report_show { REPORT_NOTHING, REPORT_HIDDEN, REPORT_FEW, REPORT_PLAIN };
enum report_show report_show(const struct conf *conf,
    const struct nps_counts *c);
/* "few answers", "fewer than 5 answers", "no answers", "". */
const char *report_note(struct arena *arena, const struct conf *conf,
    const struct nps_counts *c);
/* NULL where nothing may be shown. */
const char *report_nps(struct arena *arena, const struct conf *conf,
    const struct nps_counts *c);
const char *report_interval(struct arena *arena, const struct conf *conf,
    const struct nps_counts *c);
const char *report_mean(struct arena *arena, const struct conf *conf,
    const struct report_figures *f);
/* Of a period against the one before; false = one of them is not shown. */
struct report_change {
	int64_t points;		/* difference of the two numbers as printed */
	struct nps_change by;
	int direction;		/* 1, -1; 0 = may be chance */
};
NPS_MUSTCHECK bool report_change(const struct conf *conf,
    const struct report_figures *f, struct report_change *change);
/* "+15, p 0.17", with an arrow in front where it is more than chance. */
const char *report_change_text(struct arena *arena, const struct conf *conf,
    const struct report_figures *f);
/* "20.9 %"; NULL = the denominator is 0 or not known. */
const char *report_rate(struct arena *arena, int64_t part, int64_t whole);
/* -1 = not known. */
int64_t report_delivered(const struct report_figures *f);
/* "2026-09-01 to 2026-11-30" */
const char *report_days(struct arena *arena, int from, int until);
const char *report_basis(const struct conf *conf);
const char *report_method(struct arena *arena, const struct conf *conf);
const char *report_reason_words(const char *reason);
/* What must be known with the figures: NULL-ended sentences. */
const char *const *report_notes(const struct report *report, int today,
    struct arena *arena);

/* ---- one page (report_html.c) --------------------------------------------------------- */
struct report_page {
	const struct report *report;
	const struct report *months;	/* the same by month, of a year */
	const struct db_result *suppressed;	/* NULL = not shown */
	int today;
	time_t made_at;
};
NPS_MUSTCHECK bool report_html(FILE *out, const struct report_page *page,
    struct arena *scratch, struct err *err);

#endif
