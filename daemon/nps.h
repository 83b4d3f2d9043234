/*
 * nps.h - the arithmetic of scores: pure, from counts, rounded once.
 *
 * NPS = 100 * (promoters - detractors) / n.  What is printed is rounded in whole
 * numbers, half away from zero; rint() and printf("%.0f") round half to even.
 */
#ifndef NPSYNC_NPS_H
#define NPSYNC_NPS_H

#include "npsync.h"

enum nps_band { NPS_DETRACTOR, NPS_PASSIVE, NPS_PROMOTER };
struct nps_counts {
	int64_t promoters, passives, detractors;	/* each up to 10^15 */
};
enum nps_method { NPS_ADJUSTED, NPS_WALD, NPS_WILSON };
struct nps_interval {
	double low, high;	/* points, -100 to 100 */
};
/* Two groups of answers, the second against the first. */
struct nps_change {
	double z, p;		/* p two-sided */
	double low, high;	/* of the difference, points */
};

/* 0-6, 7-8, 9-10. */
enum nps_band nps_band_of(int score);
int64_t nps_n(const struct nps_counts *c);

/* ---- numbers ---------------------------------------------------------------- */
/* scale * num / den, half away from zero; den > 0 and 2 * scale * |num| + den
 * below 2^63. */
int64_t nps_round(int64_t num, int64_t den, int64_t scale);
/* The NPS times scale (1 = whole, 10 = one decimal); false = there is none. */
NPS_MUSTCHECK bool nps_score(const struct nps_counts *c, int64_t scale,
    int64_t *score);
/* "+25", "0", "-8"; without sign "25".  Never "-0", never a percent sign. */
#define NPS_TEXT 32
const char *nps_text(char buf[NPS_TEXT], int64_t score, bool sign);
/* num / den with so many decimals (0 to 4), "20.69"; den <= 0: NULL. */
const char *nps_ratio(char buf[NPS_TEXT], int64_t num, int64_t den,
    int decimals);
/* The same in percent. */
const char *nps_percent(char buf[NPS_TEXT], int64_t num, int64_t den,
    int decimals);

/* ---- intervals --------------------------------------------------------------- */
/* Of a two-sided confidence of 95 or 90 percent. */
double nps_z(int confidence);
/* Standard error in points: Wald's, or the adjusted one, which Wilson's form
 * lacks and borrows.  Adds 3/4 promoter, 3/4 detractor and 3/2 passives
 * (Rocks 2016).  0 where there is none. */
double nps_error(const struct nps_counts *c, enum nps_method method);
/* Centre of the interval: the NPS, or the adjusted one. */
double nps_centre(const struct nps_counts *c, enum nps_method method);
/* False: none (no answers; a single one by Wald). */
NPS_MUSTCHECK bool nps_bounds(const struct nps_counts *c,
    enum nps_method method, double z, struct nps_interval *out);
/* False: one of them has no answers, or no width at all (Wald). */
NPS_MUSTCHECK bool nps_compare(const struct nps_counts *before,
    const struct nps_counts *after, enum nps_method method, double z,
    struct nps_change *out);
/* A standard error when n of only `base` people have answered. */
double nps_finite(double error, int64_t n, int64_t base);
/* Answers needed for +- so many points at a variance of 0 to 1. */
int64_t nps_needed(double z, double variance, double points);

#endif
