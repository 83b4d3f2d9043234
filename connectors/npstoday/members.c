/*
 * members.c - sends as the service lists them: looking for one whose outcome is
 * unknown, and learning of those that others made.  Only where the tenant has
 * shown that the listing works (members.enabled).
 */
#include "npstoday.h"

#include "clock.h"
#include "common/sentsearch.h"
#include "common/watermark.h"

static struct feed
members_feed(const struct npstoday_settings *set)
{
	return (struct feed){ .path = set->members.path,
		.since_param = set->members.since_param,
		.since_format = set->members.since_format,
		.zone = set->members.zone,
		.initial_since = set->members.initial_since,
		.method = set->members.method,
		.overlap_h = set->members.overlap_h,
		.items = &set->members.items, .id = &set->members.map.id,
		.paging = &set->members.paging };
}

/* ---- pull_sent ------------------------------------------------------- */

struct sent_sink {
	survey_sent_fn *emit;
	void *arg;
};

static bool
sent_emit(struct npstoday *n, json_t *item, void *arg, struct mapped *m)
{
	const struct sent_sink *sink = arg;
	struct sent s;

	return !npstoday_map_member(n->set, item, n->item, &s, m) ||
	    !watermark_wants(n->reading, m->mark_at) ||
	    sink->emit(sink->arg, &s);
}

bool
npstoday_pull_sent(void *self, const struct pull *pull, survey_sent_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	struct npstoday *n = self;
	const struct feed feed = members_feed(n->set);
	struct sent_sink to = { .emit = emit, .arg = arg };
	const struct feed_sink sink = { .each = sent_emit, .each_arg = &to,
		.checkpoint = checkpoint, .arg = arg };

	if (!n->set->members.enabled || feed.path[0] == '\0')
		return err_set(err, ERR_DONE, "members.enabled is false: "
		    "the service does not list its sends");
	return npstoday_feed_read(n, &feed, pull, &sink, err);
}

/* ---- find_sent ------------------------------------------------------- */

static bool
search_item(struct npstoday *n, json_t *item, void *arg, struct mapped *m)
{
	struct sentsearch *search = arg;
	struct sent s;

	if (npstoday_map_member(n->set, item, n->item, &s, m))
		sentsearch_take(search, &s, m->ref_is_ours);
	else
		search->partial = true;
	return true;
}

static bool
search_run(struct npstoday *n, struct sentsearch *search, struct err *err)
{
	struct feed feed = members_feed(n->set);
	struct paging_settings paging = *feed.paging;
	const struct feed_sink sink = { .each = search_item,
		.each_arg = search, .partial = &search->partial };
	const time_t now = n->env->now(n->env->clock);
	const time_t oldest = sentsearch_oldest(search->wanted, search->count);
	char since[32];
	const struct pull pull = { .from = NO_TIME, .until = NO_TIME,
		.watermark = oldest == NO_TIME ? NULL
					       : clock_iso(since, oldest) };

	paging.size = sentsearch_page_size(paging.size, now);
	feed.paging = &paging;
	feed.overlap_h += sentsearch_hours(now);
	return npstoday_feed_read(n, &feed, &pull, &sink, err);
}

bool
npstoday_find_sent(void *self, const struct sent *wanted, size_t count,
    enum find_answer *answers, struct push_result *found, struct err *err)
{
	struct npstoday *n = self;
	AUTO(arena) struct arena *arena = arena_new(count * 64 + 4096);
	AUTO(sentsearch) struct sentsearch search = { .count = 0 };

	for (size_t i = 0; i < count; i++)
		answers[i] = FIND_CANNOT_SAY;
	if (!n->set->members.enabled || n->set->members.path[0] == '\0' ||
	    count == 0)
		return true;
	if (arena == NULL)
		return err_nomem(err);
	if (!sentsearch_init(&search, wanted, count, found, arena, err) ||
	    !search_run(n, &search, err))
		return false;
	sentsearch_end(&search, n->env->now(n->env->clock),
	    (long)n->set->members.settle_min * 60, answers);
	return true;
}
