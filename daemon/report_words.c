/*
 * report_words.c - figures as they may be shown: what too few answers hide, what
 * is more than chance, which denominator.
 */
#include "report.h"

#include <math.h>
#include <string.h>

#include "clock.h"
#include "rules.h"

/* An arrow means more than chance, whatever report.confidence is. */
#define SURE 1.96
#define NOTES_MAX 16

enum report_show
report_show(const struct conf *conf, const struct nps_counts *c)
{
	const int64_t n = nps_n(c);

	return n <= 0 ? REPORT_NOTHING : n < conf->report.hide_below
	    ? REPORT_HIDDEN : n < conf->report.plain_from ? REPORT_FEW
	                                                  : REPORT_PLAIN;
}

static bool
shown(const struct conf *conf, const struct nps_counts *c)
{
	const enum report_show show = report_show(conf, c);

	return show == REPORT_FEW || show == REPORT_PLAIN;
}

const char *
report_note(struct arena *arena, const struct conf *conf,
    const struct nps_counts *c)
{
	switch (report_show(conf, c)) {
	case REPORT_NOTHING:
		return "no answers";
	case REPORT_HIDDEN:
		return arena_printf(arena, "fewer than %d answers",
		    conf->report.hide_below);
	case REPORT_FEW:
		return "few answers";
	case REPORT_PLAIN:
		break;
	}
	return "";
}

const char *
report_nps(struct arena *arena, const struct conf *conf,
    const struct nps_counts *c)
{
	char buf[NPS_TEXT];
	int64_t score;

	return shown(conf, c) && nps_score(c, 1, &score) ? arena_strdup(arena,
	    nps_text(buf, score, conf->report.sign)) : NULL;
}

static enum nps_method
method_of(const struct conf *conf)
{
	return (enum nps_method)conf->report.interval;
}

const char *
report_interval(struct arena *arena, const struct conf *conf,
    const struct nps_counts *c)
{
	char low[NPS_TEXT], high[NPS_TEXT];
	struct nps_interval i;

	if (!shown(conf, c) || !nps_bounds(c, method_of(conf),
	    nps_z(conf->report.confidence), &i))
		return NULL;
	return arena_printf(arena, "%s to %s",
	    nps_text(low, lround(i.low), conf->report.sign),
	    nps_text(high, lround(i.high), conf->report.sign));
}

const char *
report_mean(struct arena *arena, const struct conf *conf,
    const struct report_figures *f)
{
	char buf[NPS_TEXT];

	return shown(conf, &f->now) ? arena_strdup(arena,
	    nps_ratio(buf, f->sum, nps_n(&f->now), 1)) : NULL;
}

/* ---- change --------------------------------------------------------------- */
bool
report_change(const struct conf *conf, const struct report_figures *f,
    struct report_change *change)
{
	int64_t now, before;

	if (!shown(conf, &f->now) || !shown(conf, &f->before) ||
	    !nps_score(&f->now, 1, &now) || !nps_score(&f->before, 1, &before))
		return false;
	*change = (struct report_change){ .points = now - before,
		.by = { 0, 1, 0, 0 } };
	if (nps_compare(&f->before, &f->now, method_of(conf),
	        nps_z(conf->report.confidence), &change->by) &&
	    fabs(change->by.z) >= SURE)
		change->direction = change->by.z > 0 ? 1 : -1;
	return true;
}

const char *
report_change_text(struct arena *arena, const struct conf *conf,
    const struct report_figures *f)
{
	static const char *const arrows[] = { "\xe2\x96\xbc ", "",
		"\xe2\x96\xb2 " };
	struct report_change c;
	char buf[NPS_TEXT];

	if (!report_change(conf, f, &c))
		return NULL;
	const char *points = nps_text(buf, c.points, true);
	return c.by.p < 0.001
	    ? arena_printf(arena, "%s%s, p < 0.001", arrows[c.direction + 1],
	        points)
	    : arena_printf(arena, "%s%s, p %.*f", arrows[c.direction + 1], points,
	        c.by.p < 0.1 ? 3 : 2, c.by.p);
}

/* ---- rates ----------------------------------------------------------------- */
const char *
report_rate(struct arena *arena, int64_t part, int64_t whole)
{
	char buf[NPS_TEXT];

	return nps_percent(buf, part, whole, 1) == NULL ? NULL
	    : arena_printf(arena, "%s %%", buf);
}

int64_t
report_delivered(const struct report_figures *f)
{
	return f->bounced < 0 ? -1 : f->sent - f->bounced;
}

/* ---- what stands beside them --------------------------------------------------- */
const char *
report_days(struct arena *arena, int from, int until)
{
	char a[16], b[16];

	return arena_printf(arena, "%s to %s", day_iso(a, from),
	    day_iso(b, day_add(until, -1)));
}

const char *
report_basis(const struct conf *conf)
{
	return conf->report.basis == REPORT_BASIS_LATEST
	    ? "the latest answer of each contact and campaign" : "all answers";
}

const char *
report_method(struct arena *arena, const struct conf *conf)
{
	static const char *const names[] = { [NPS_ADJUSTED] = "adjusted Wald",
		[NPS_WALD] = "Wald", [NPS_WILSON] = "Wilson" };

	return arena_printf(arena, "%s, %d %%", names[method_of(conf)],
	    conf->report.confidence);
}

const char *
report_reason_words(const char *reason)
{
	static const struct { const char *reason, *words; } own[] = {
		{ "refused", "the survey service did not take it" },
		{ "merged", "its card was merged into one with the same event" },
		{ "held", "held: an administrator must let it go" } };

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (strcmp(own[i].reason, reason) == 0)
			return own[i].words;
	return rules_words(reason);
}

/* Who answers so seldom is hardly heard. */
static const char *
low_response(const struct report *r, const struct report_block *b,
    struct arena *arena)
{
	const int percent = r->conf->report.low_response_percent;
	const int64_t sent = report_delivered(&b->all) >= 0
	    ? report_delivered(&b->all) : b->all.sent;

	if (percent == 0 || sent < r->conf->report.low_response_min ||
	    b->all.answered * 100 >= sent * percent)
		return NULL;
	return arena_printf(arena, "%s: only %s of %lld surveys were answered, "
	    "fewer than report.low_response_percent (%d %%)",
	    b->name != NULL ? b->name : "no campaign",
	    report_rate(arena, b->all.answered, sent), (long long)sent, percent);
}

const char *const *
report_notes(const struct report *r, int today, struct arena *arena)
{
	const int kept = day_add(today, -r->conf->retention.queue_days);
	const char **notes = arena_array(arena, NOTES_MAX + 1, sizeof(*notes));
	size_t n = 0;
	char iso[16];

	if (notes == NULL)
		return NULL;
	for (size_t i = 0; i < r->n_blocks && n < NOTES_MAX - 2; i++) {
		const char *low = low_response(r, &r->blocks[i], arena);
		if (low != NULL)
			notes[n++] = low;
	}
	if (r->query.period.from < kept)
		notes[n++] = arena_printf(arena, "rows that ended before %s are "
		    "not kept (retention.queue_days): older surveys are missing "
		    "in the response rates, and in groups that only rows know",
		    day_iso(iso, kept));
	if (r->n_blocks > 0 && report_delivered(&r->blocks[0].all) < 0)
		notes[n++] = "delivered is not known: nothing tells npsync which "
		    "mails came back, so rates are of the surveys sent";
	return notes;
}
