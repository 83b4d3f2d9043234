#include "nps.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define POINTS 100.0
/* Rocks 2016, The American Statistician 70(4): three answers more, so spread. */
#define ADDED 3.0
#define ADDED_TO_A_POLE 0.75

enum nps_band
nps_band_of(int score)
{
	return score >= 9 ? NPS_PROMOTER : score >= 7 ? NPS_PASSIVE
	    : NPS_DETRACTOR;
}

int64_t
nps_n(const struct nps_counts *c)
{
	return c->promoters + c->passives + c->detractors;
}

/* ---- numbers -------------------------------------------------------------- */
int64_t
nps_round(int64_t num, int64_t den, int64_t scale)
{
	const int64_t size = num < 0 ? -num : num;
	const int64_t q = (2 * scale * size + den) / (2 * den);

	return num < 0 ? -q : q;
}

bool
nps_score(const struct nps_counts *c, int64_t scale, int64_t *score)
{
	const int64_t n = nps_n(c);

	if (n <= 0)
		return false;
	*score = nps_round(c->promoters - c->detractors, n, 100 * scale);
	return true;
}

const char *
nps_text(char buf[NPS_TEXT], int64_t score, bool sign)
{
	(void)snprintf(buf, NPS_TEXT, sign && score > 0 ? "+%lld" : "%lld",
	    (long long)score);
	return buf;
}

static const char *
fraction(char buf[NPS_TEXT], int64_t num, int64_t den, int64_t times,
    int decimals)
{
	int64_t unit = 1;

	if (den <= 0)
		return NULL;
	for (int i = 0; i < decimals; i++)
		unit *= 10;
	const int64_t q = nps_round(num, den, times * unit);
	int64_t rest = (q < 0 ? -q : q) % unit;
	(void)snprintf(buf, NPS_TEXT, "%s%lld%s", q < 0 ? "-" : "",
	    (long long)((q < 0 ? -q : q) / unit), decimals > 0 ? "." : "");
	const size_t end = strlen(buf) + (size_t)decimals;
	for (size_t i = 1; i <= (size_t)decimals; i++, rest /= 10)
		buf[end - i] = (char)('0' + rest % 10);
	buf[end] = '\0';
	return buf;
}

const char *
nps_ratio(char buf[NPS_TEXT], int64_t num, int64_t den, int decimals)
{
	return fraction(buf, num, den, 1, decimals);
}

const char *
nps_percent(char buf[NPS_TEXT], int64_t num, int64_t den, int decimals)
{
	return fraction(buf, num, den, 100, decimals);
}

/* ---- intervals ------------------------------------------------------------ */
double
nps_z(int confidence)
{
	return confidence == 90 ? 1.6448536269514722 : 1.9599639845400545;
}

/* Shares of the poles and how many answers they stand for. */
struct shares {
	double p, d, n;
};

static struct shares
shares_of(const struct nps_counts *c, enum nps_method method)
{
	const bool adjusted = method == NPS_ADJUSTED;
	const double n = (double)nps_n(c) + (adjusted ? ADDED : 0);
	const double pole = adjusted ? ADDED_TO_A_POLE : 0;

	if (n <= 0)
		return (struct shares){ 0, 0, 0 };
	return (struct shares){ ((double)c->promoters + pole) / n,
		((double)c->detractors + pole) / n, n };
}

/* Of an answer that is +1, 0 or -1; at most 1. */
static double
variance_of(const struct shares *s)
{
	const double m = s->p - s->d;
	const double v = s->p + s->d - m * m;

	return v > 0 ? v : 0;
}

static enum nps_method
with_error(enum nps_method method)
{
	return method == NPS_WALD ? NPS_WALD : NPS_ADJUSTED;
}

double
nps_error(const struct nps_counts *c, enum nps_method method)
{
	const struct shares s = shares_of(c, with_error(method));

	return nps_n(c) <= 0 ? 0 : POINTS * sqrt(variance_of(&s) / s.n);
}

double
nps_centre(const struct nps_counts *c, enum nps_method method)
{
	const struct shares s = shares_of(c, method);

	return POINTS * (s.p - s.d);
}

static double
clip(double points)
{
	return points < -POINTS ? -POINTS : points > POINTS ? POINTS : points;
}

static struct nps_interval
wilson(const struct nps_counts *c, double z)
{
	const struct shares s = shares_of(c, NPS_WILSON);
	const double k = z * z / s.n, m = s.p - s.d;
	const double square = m * m - (1 + k) * (m * m - k * (s.p + s.d));
	const double half = sqrt(square > 0 ? square : 0);

	return (struct nps_interval){ POINTS * (m - half) / (1 + k),
		POINTS * (m + half) / (1 + k) };
}

bool
nps_bounds(const struct nps_counts *c, enum nps_method method, double z,
    struct nps_interval *out)
{
	const int64_t n = nps_n(c);

	if (n <= 0 || (n == 1 && method == NPS_WALD))
		return false;
	if (method == NPS_WILSON) {
		*out = wilson(c, z);
	} else {
		const double half = z * nps_error(c, method);
		*out = (struct nps_interval){ nps_centre(c, method) - half,
			nps_centre(c, method) + half };
	}
	out->low = clip(out->low);
	out->high = clip(out->high);
	return true;
}

bool
nps_compare(const struct nps_counts *before, const struct nps_counts *after,
    enum nps_method method, double z, struct nps_change *out)
{
	const enum nps_method m = with_error(method);
	const double e = nps_error(before, m), f = nps_error(after, m);
	const double error = sqrt(e * e + f * f);
	const double diff = nps_centre(after, m) - nps_centre(before, m);

	if (nps_n(before) <= 0 || nps_n(after) <= 0 || error <= 0)
		return false;
	out->z = diff / error;
	out->p = erfc(fabs(out->z) / sqrt(2.0));
	out->low = diff - z * error;
	out->high = diff + z * error;
	return true;
}

double
nps_finite(double error, int64_t n, int64_t base)
{
	if (base <= 1 || n >= base)
		return 0;
	return error * sqrt((double)(base - n) / (double)(base - 1));
}

int64_t
nps_needed(double z, double variance, double points)
{
	const double share = points / POINTS;
	const double n = ceil(z * z * variance / (share * share) - ADDED);

	return n > 0 ? (int64_t)n : 0;
}
