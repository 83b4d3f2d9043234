/*
 * survey_find.c - a send of ours looked for among those that the service lists.
 * How this can ask twice, and what stops it: a send called absent that is there.
 * common/sentsearch.h says what a listing proves; one with a row that could not
 * be read, for its id or its time, proves nothing.
 */
#include "clock.h"
#include "common/sentsearch.h"
#include "survey_int.h"

struct search_sink {
	struct rest_survey *s;
	struct sentsearch search;
	size_t listed, taken;	/* rows of all pages; of these, readable */
};

static bool
search_page(void *arg, const struct listing *l, json_t *rows, struct err *err)
{
	struct search_sink *to = arg;

	(void)l;
	(void)err;
	to->listed += json_array_size(rows);
	return true;
}

static bool
search_row(void *arg, const struct listing *l, struct listing_row *row,
    struct err *err)
{
	struct search_sink *to = arg;
	const struct rest_sent *set = l->of;
	struct sent sent;

	(void)err;
	if (!survey_sent_map(to->s, l, row, &sent))
		return true;
	to->taken++;
	sentsearch_take(&to->search, &sent,
	    set->ref_is_ours && sent.ref != NULL);
	return true;
}

/* From before the oldest of them to the end, cut into other pages each time. */
static bool
search_run(struct search_sink *to, struct err *err)
{
	struct rest_survey *s = to->s;
	const time_t now = s->rest.env->now(s->rest.env->clock);
	const time_t oldest = sentsearch_oldest(to->search.wanted,
	    to->search.count);
	struct survey_listing l;
	const struct listing_sink sink = { .page = search_page,
		.row = search_row, .arg = to };

	survey_sent_listing(s, &l);
	struct rest_listing cut = *l.listing.set;
	const int hours = cut.overlap_h + sentsearch_hours(now);
	const struct pull pull = { .until = now, .from = oldest == NO_TIME
	    ? NO_TIME : oldest - (time_t)hours * 3600 };
	cut.paging.size = sentsearch_page_size(cut.paging.size, now);
	cut.since = "";
	l.listing.set = &cut;
	if (!listing_read(&s->rest, &l.listing, 1, &pull, &sink, err))
		return false;
	to->search.partial |= to->taken != to->listed;
	return true;
}

bool
rest_find_sent(void *self, const struct sent *wanted, size_t n,
    enum find_answer *answers, struct push_result *found, struct err *err)
{
	struct rest_survey *s = self;
	const struct rest_sent *set = &survey_part(s)->sent;
	AUTO(arena) struct arena *arena = arena_new(n * 64 + 4096);
	struct search_sink to = { .s = s };
	bool ok;

	for (size_t i = 0; i < n; i++)
		answers[i] = FIND_CANNOT_SAY;
	if (!rest_listing_given(&set->read) || n == 0)
		return true;
	if (arena == NULL)
		return err_nomem(err);
	ok = sentsearch_init(&to.search, wanted, n, found, arena, err) &&
	    search_run(&to, err);
	if (ok)
		sentsearch_end(&to.search,
		    s->rest.env->now(s->rest.env->clock),
		    (long)set->settle_min * 60, answers);
	sentsearch_free(&to.search);
	return ok;
}
