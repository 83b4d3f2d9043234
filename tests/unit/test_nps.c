/*
 * nps.c: the published cases of the arithmetic, rounding traps, and how often
 * the intervals really hold what they promise.
 */
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "nps.h"

#define NONE 999.0	/* there is no such figure */

static void
near(double got, double want, double within, const char *what)
{
	if (!(fabs(got - want) <= within))
		fail_msg("%s: expected %.4f, got %.4f", what, want, got);
}

/* ---- N1 to N18 ------------------------------------------------------------------ */
struct vector {
	const char *name;
	struct nps_counts c;
	double exact;
	int whole, tenths;
	double error, wald[2], adjusted[2], at_90[2];
};
static const struct vector vectors[] = {
	{ "N1", { 47, 31, 22 }, 25, 25, 250, 7.9215, { 9.474, 40.526 },
	    { 8.998, 39.546 }, { 11.453, 37.090 } },
	{ "N2", { 19, 9, 8 }, 30.55556, 31, 306, 13.5055, { 4.085, 57.026 },
	    { 2.878, 53.532 }, { 6.950, 49.460 } },
	{ "N3", { 162, 108, 54 }, 33.33333, 33, 333, 4.1409,
	    { 25.217, 41.449 }, { 24.945, 41.110 }, { 26.245, 39.810 } },
	{ "N4", { 475, 341, 184 }, 29.1, 29, 291, 2.3965, { 24.403, 33.797 },
	    { 24.323, 33.703 }, { 25.077, 32.949 } },
	{ "N5", { 2, 3, 3 }, -12.5, -13, -125, 27.5993, { -66.594, 41.594 },
	    { -54.199, 36.017 }, { -46.947, 28.765 } },
	{ "N6", { 3, 3, 2 }, 12.5, 13, 125, 27.5993, { -41.594, 66.594 },
	    { -36.017, 54.199 }, { -28.765, 46.947 } },
	{ "N7", { 76, 54, 30 }, 28.75, 29, 288, 6.0200, { 16.951, 40.549 },
	    { 16.531, 39.911 }, { 18.410, 38.032 } },
	{ "N8", { 62, 60, 78 }, -8, -8, -80, 5.8890, { -19.542, 3.542 },
	    { -19.315, 3.552 }, { -17.477, 1.714 } },
	{ "N9", { 0, 10, 0 }, 0, 0, 0, 0, { 0, 0 }, { -18.465, 18.465 },
	    { -15.496, 15.496 } },
	{ "N10", { 5, 0, 0 }, 100, 100, 1000, 0, { 100, 100 },
	    { 17.491, 100 }, { 24.728, 100 } },
	{ "N11", { 0, 0, 25 }, -100, -100, -1000, 0, { -100, -100 },
	    { -100, -74.977 }, { -100, -77.277 } },
	{ "N12", { 1, 0, 0 }, 100, 100, 1000, 0, { NONE, NONE },
	    { -48.499, 98.499 }, { -36.682, 86.682 } },
	{ "N13", { 0, 0, 0 }, NONE, 0, 0, 0, { NONE, NONE }, { NONE, NONE },
	    { NONE, NONE } },
	{ "N14", { 38, 32, 30 }, 8, 8, 80, 8.2073, { -8.086, 24.086 },
	    { -8.026, 23.560 }, { -5.487, 21.021 } },
	{ "N15", { 333, 334, 333 }, 0, 0, 0, 2.5807, { -5.058, 5.058 },
	    { -5.049, 5.049 }, { -4.237, 4.237 } },
	{ "N16", { 1, 199, 0 }, 0.5, 1, 5, 0.4987, { -0.478, 1.478 },
	    { -1.032, 2.018 }, { -0.787, 1.773 } },
	{ "N17", { 0, 199, 1 }, -0.5, -1, -5, 0.4987, { -1.478, 0.478 },
	    { -2.018, 1.032 }, { -1.773, 0.787 } },
	{ "N18", { 2, 0, 2 }, 0, 0, 0, 50, { -97.998, 97.998 },
	    { -65.665, 65.665 }, { -55.107, 55.107 } },
};

static void
check_bounds(const struct vector *v, enum nps_method method, int confidence,
    const double want[2])
{
	struct nps_interval i;

	if (!nps_bounds(&v->c, method, nps_z(confidence), &i)) {
		near(NONE, want[0], 0, v->name);
		return;
	}
	near(i.low, want[0], 0.00051, v->name);
	near(i.high, want[1], 0.00051, v->name);
}

static void
test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		int64_t whole, tenths;

		if (!nps_score(&v->c, 1, &whole)) {
			near(NONE, v->exact, 0, v->name);
			continue;
		}
		assert_true(nps_score(&v->c, 10, &tenths));
		assert_int_equal(whole, v->whole);
		assert_int_equal(tenths, v->tenths);
		near(nps_centre(&v->c, NPS_WALD), v->exact, 0.00001, v->name);
		near(nps_error(&v->c, NPS_WALD), v->error, 0.000051, v->name);
		check_bounds(v, NPS_WALD, 95, v->wald);
		check_bounds(v, NPS_ADJUSTED, 95, v->adjusted);
		check_bounds(v, NPS_ADJUSTED, 90, v->at_90);
	}
	assert_false(nps_score(&vectors[12].c, 1, &(int64_t){ 0 }));
}

static void
test_further_values(void **state)
{
	static const struct { int n; double centre, error; } adjusted[] = {
		{ 1, 24.2718, 7.7932 }, { 2, 28.2051, 12.9220 },
		{ 3, 33.0275, 4.1237 }, { 4, 29.0130, 2.3930 },
		{ 9, 0, 9.4211 }, { 10, 62.5, 22.9640 },
		{ 11, -89.2857, 7.3006 }, { 12, 25, 37.5 } };
	static const struct { int n; double bounds[2]; } wilson[] = {
		{ 1, { 8.811, 39.339 } }, { 2, { 2.276, 52.943 } },
		{ 9, { 0, 0 } }, { 10, { 13.104, 100 } },
		{ 11, { -100, -73.362 } }, { 12, { -58.690, 100 } } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(adjusted); i++) {
		const struct vector *v = &vectors[adjusted[i].n - 1];
		near(nps_centre(&v->c, NPS_ADJUSTED), adjusted[i].centre,
		    0.000051, v->name);
		near(nps_error(&v->c, NPS_ADJUSTED), adjusted[i].error,
		    0.000051, v->name);
	}
	for (size_t i = 0; i < ARRAY_LEN(wilson); i++)
		check_bounds(&vectors[wilson[i].n - 1], NPS_WILSON, 95,
		    wilson[i].bounds);
}

/* ---- R1 to R12 ------------------------------------------------------------------- */
static const char *
share(char buf[NPS_TEXT], int64_t part, const struct nps_counts *c)
{
	return nps_percent(buf, part, nps_n(c), 0);
}

static void
test_rounded_shares(void **state)
{
	const struct nps_counts *n4 = &vectors[3].c, *n7 = &vectors[6].c,
	    *n15 = &vectors[14].c;
	char a[NPS_TEXT], b[NPS_TEXT], c[NPS_TEXT];
	int64_t score;

	(void)state;
	/* R1: 48 - 18 would be 30. */
	assert_string_equal(share(a, n4->promoters, n4), "48");
	assert_string_equal(share(b, n4->detractors, n4), "18");
	assert_true(nps_score(n4, 1, &score));
	assert_int_equal(score, 29);
	/* R2, R3: as they are, whatever they add up to. */
	assert_string_equal(share(a, n7->promoters, n7), "48");
	assert_string_equal(share(b, n7->passives, n7), "34");
	assert_string_equal(share(c, n7->detractors, n7), "19");
	assert_string_equal(share(a, n15->promoters, n15), "33");
	assert_string_equal(share(b, n15->passives, n15), "33");
	assert_string_equal(share(c, n15->detractors, n15), "33");
}

/* R4, R5: what C offers; only the first rounds as people do. */
static void
test_rounding_of_c(void **state)
{
	char text[8];
	volatile double half = 12.5;	/* not folded: the library is asked */

	(void)state;
	assert_int_equal(fegetround(), FE_TONEAREST);
	assert_true(round(half) == 13.0);
	assert_int_equal(lround(-half), -13);
	assert_true(rint(half) == 12.0);
	assert_true(nearbyint(half) == 12.0);
	(void)snprintf(text, sizeof(text), "%.0f", half);
	assert_string_equal(text, "12");
}

/* R9, R10 */
static void
test_integers(void **state)
{
	const struct nps_counts huge = { 1000000000000000, 0, 0 },
	    close = { 1000000000, 0, 999999999 };
	int64_t score;

	(void)state;
	assert_int_equal(nps_round(2 - 3, 8, 100), -13);
	assert_int_equal(nps_round(3 - 2, 8, 100), 13);
	assert_int_equal(nps_round(1, 200, 100), 1);
	assert_int_equal(nps_round(-1, 200, 100), -1);
	assert_true(nps_score(&huge, 1, &score));
	assert_int_equal(score, 100);
	assert_true(nps_score(&huge, 10, &score));
	assert_int_equal(score, 1000);
	assert_true(nps_score(&close, 1, &score));
	assert_int_equal(score, 0);
}

/* R11, R12 */
static void
test_texts(void **state)
{
	static const struct nps_counts before = { 48, 34, 19 },
	    after = { 51, 31, 18 }, almost = { 1, 399, 2 };
	char buf[NPS_TEXT];
	int64_t a, b;

	(void)state;
	assert_string_equal(nps_text(buf, 25, true), "+25");
	assert_string_equal(nps_text(buf, 25, false), "25");
	assert_string_equal(nps_text(buf, 0, true), "0");
	assert_string_equal(nps_text(buf, -8, true), "-8");
	assert_string_equal(nps_text(buf, -8, false), "-8");
	assert_true(nps_score(&almost, 1, &a));	/* -0.25 */
	assert_string_equal(nps_text(buf, a, true), "0");
	assert_true(nps_score(&before, 1, &a));
	assert_true(nps_score(&after, 1, &b));
	assert_int_equal(a, 29);
	assert_int_equal(b, 33);
	assert_int_equal(b - a, 4);
	assert_string_equal(nps_ratio(buf, INT64_C(98926676) - 97853177, 1, 0),
	    "1073499");
}

static void
test_ratios(void **state)
{
	char buf[NPS_TEXT];

	(void)state;
	assert_string_equal(nps_ratio(buf, 16, 2, 1), "8.0");
	assert_string_equal(nps_ratio(buf, 1, 3, 4), "0.3333");
	assert_string_equal(nps_ratio(buf, 2, 3, 0), "1");
	assert_string_equal(nps_ratio(buf, -1, 8, 2), "-0.13");
	assert_string_equal(nps_ratio(buf, -1, 1000, 2), "0.00");
	assert_string_equal(nps_ratio(buf, 1, 20, 1), "0.1");
	assert_null(nps_ratio(buf, 1, 0, 1));
}

static void
test_bands(void **state)
{
	(void)state;
	for (int score = 0; score <= 10; score++)
		assert_int_equal(nps_band_of(score), score <= 6 ? NPS_DETRACTOR
		    : score <= 8 ? NPS_PASSIVE : NPS_PROMOTER);
}

/* ---- S1 to S5 --------------------------------------------------------------------- */
static void
test_comparisons(void **state)
{
	static const struct nps_counts before = { 47, 31, 22 },
	    after = { 55, 30, 15 }, none = { 0, 0, 0 }, flat = { 0, 9, 0 };
	struct nps_change c;
	struct nps_interval i;

	(void)state;
	assert_true(nps_compare(&before, &after, NPS_ADJUSTED, nps_z(95), &c));
	near(c.z, 1.3670, 0.000051, "S1 z");
	near(c.p, 0.172, 0.00051, "S1 p");
	near(c.low, -6.316, 0.00051, "S1 low");
	near(c.high, 35.443, 0.00051, "S1 high");
	assert_true(nps_compare(&before, &after, NPS_WALD, nps_z(95), &c));
	near(c.z, 1.3882, 0.000051, "S2 z");
	near(c.p, 0.165, 0.00051, "S2 p");
	assert_true(nps_compare(&after, &before, NPS_WILSON, nps_z(95), &c));
	near(c.z, -1.3670, 0.000051, "the other way round");
	near(nps_error(&after, NPS_WALD), 7.3485, 0.000051, "S3 error");
	assert_true(nps_bounds(&after, NPS_WALD, nps_z(95), &i));
	near(i.low, 25.597, 0.00051, "S3 wald");
	near(i.high, 54.403, 0.00051, "S3 wald");
	assert_true(nps_bounds(&after, NPS_ADJUSTED, nps_z(95), &i));
	near(i.low, 24.599, 0.00051, "S3");
	near(i.high, 53.070, 0.00051, "S3");
	assert_false(nps_compare(&none, &after, NPS_ADJUSTED, 1.96, &c));
	assert_false(nps_compare(&before, &none, NPS_ADJUSTED, 1.96, &c));
	assert_false(nps_compare(&flat, &flat, NPS_WALD, 1.96, &c));
}

static void
test_base(void **state)
{
	const double z = nps_z(95), e = nps_error(&vectors[0].c, NPS_WALD);

	(void)state;
	near(z * e, 15.5258, 0.000051, "S4, any base");
	near(z * nps_finite(e, 100, 150), 8.9939, 0.000051, "S4");
	near(nps_finite(e, 150, 150), 0, 0, "everybody answered");
	/* S5, a rule of thumb: a third each, at 95 percent. */
	near(z * nps_error(&(struct nps_counts){ 333, 334, 333 }, NPS_ADJUSTED),
	    5, 0.1, "S5");
	near(z * nps_error(&(struct nps_counts){ 33333, 33334, 33333 },
	    NPS_ADJUSTED), 0.5, 0.01, "S5");
}

static void
test_needed(void **state)
{
	static const double points[] = { 20, 15, 10, 5, 3, 1 };
	static const struct { int confidence; double variance;
		int64_t n[6]; } tables[] = {
		{ 95, 1, { 94, 168, 382, 1534, 4266, 38412 } },
		{ 95, 2.0 / 3, { 62, 111, 254, 1022, 2843, 25607 } },
		{ 95, 0.6275, { 58, 105, 239, 962, 2676, 24103 } },
		{ 90, 1, { 65, 118, 268, 1080, 3004, 27053 } },
		{ 90, 2.0 / 3, { 43, 78, 178, 719, 2002, 18034 } },
		{ 90, 0.6275, { 40, 73, 167, 677, 1884, 16975 } } };

	(void)state;
	for (size_t t = 0; t < ARRAY_LEN(tables); t++)
		for (size_t i = 0; i < ARRAY_LEN(points); i++)
			assert_int_equal(nps_needed(nps_z(tables[t].confidence),
			    tables[t].variance, points[i]), tables[t].n[i]);
	assert_int_equal(nps_needed(nps_z(95), 0, 5), 0);
}

/* ---- coverage ---------------------------------------------------------------------- */
/* The probability of these counts when promoters are p, detractors d. */
static double
likelihood(const struct nps_counts *c, double p, double d)
{
	const double l = lgamma((double)nps_n(c) + 1) -
	    lgamma((double)c->promoters + 1) - lgamma((double)c->passives + 1) -
	    lgamma((double)c->detractors + 1);

	return exp(l + (double)c->promoters * log(p) +
	    (double)c->detractors * log(d) +
	    (double)c->passives * log(1 - p - d));
}

/* In percent: how often the interval holds the truth, over all outcomes. */
static double
coverage(int n, double p, double d, enum nps_method method)
{
	const double truth = 100 * (p - d);
	double sum = 0;

	for (int a = 0; a <= n; a++)
		for (int b = 0; a + b <= n; b++) {
			const struct nps_counts c = { a, n - a - b, b };
			struct nps_interval i;
			if (nps_bounds(&c, method, nps_z(95), &i) &&
			    i.low <= truth && truth <= i.high)
				sum += likelihood(&c, p, d);
		}
	return 100 * sum;
}

static void
test_coverage(void **state)
{
	static const struct { int n; double p, d, wald, adjusted, wilson; }
	    cases[] = { { 5, .47, .22, 85.4, 96.6, 95.3 },
		{ 5, .90, .02, 40.1, 91.9, 91.9 },
		{ 10, .47, .22, 90.1, 95.4, 95.6 },
		{ 10, .90, .02, 64.9, 93.0, 93.0 },
		{ 20, .90, .02, 87.5, 95.4, 86.7 },
		{ 30, .47, .22, 93.7, 95.0, 95.1 },
		{ 100, .47, .22, 94.5, 94.8, 95.1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const int n = cases[i].n;
		const double p = cases[i].p, d = cases[i].d;
		near(coverage(n, p, d, NPS_WALD), cases[i].wald, 0.1, "Wald");
		near(coverage(n, p, d, NPS_ADJUSTED), cases[i].adjusted, 0.1,
		    "adjusted");
		near(coverage(n, p, d, NPS_WILSON), cases[i].wilson, 0.1,
		    "Wilson");
	}
}

/* ---- response rate ------------------------------------------------------------------ */
static void
test_response_rates(void **state)
{
	const int64_t pushed = 1010, rejected = 10, bounced = 50, answers = 209;
	const int64_t sent = pushed - rejected, delivered = sent - bounced;
	char buf[NPS_TEXT];

	(void)state;
	assert_string_equal(nps_percent(buf, answers, pushed, 2), "20.69");
	assert_string_equal(nps_percent(buf, answers, sent, 2), "20.90");
	assert_string_equal(nps_percent(buf, answers, delivered, 2), "22.00");
	assert_null(nps_percent(buf, 0, 0, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_further_values),
		cmocka_unit_test(test_rounded_shares),
		cmocka_unit_test(test_rounding_of_c),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_ratios),
		cmocka_unit_test(test_bands),
		cmocka_unit_test(test_comparisons),
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_needed),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_response_rates),
	};

	return cmocka_run_group_tests_name("nps", tests, NULL, NULL);
}
