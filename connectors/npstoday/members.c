/*
 * members.c - sends as the service lists them: looking for one whose outcome is
 * unknown, and learning of those that others made.  Only where the tenant has
 * shown that the listing works (members.enabled).
 */
#include "npstoday.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "common/watermark.h"

#define CLOCK_SKEW_S 300
#define IDS_MAX_BYTES ((size_t)16777216)

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

/* PERHAPS: the person in the campaign, but nothing tells whether it is our send
 * or another: neither found nor absent. */
enum strength { MATCH_NONE, MATCH_PERHAPS, MATCH_EMAIL, MATCH_CONTACT,
	MATCH_REF };
struct search {
	const struct sent *wanted;
	size_t count;
	struct push_result *found;
	enum strength *strength;	/* by wanted */
	time_t newest;			/* of all that was listed */
	bool partial;	/* a page or a record was not seen: nothing is absent */
	struct buf ids;	/* of all that was listed, hashed */
};

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcasecmp(a, b) == 0;
}

/* Card keys may differ in case alone. */
static bool
is_same_key(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static enum strength
match_of(const struct sent *wanted, const struct sent *s, bool ref_is_ours)
{
	const bool by_contact = is_same_key(wanted->contact_id, s->contact_id);
	const bool dated = wanted->created_at != NO_TIME &&
	    s->created_at != NO_TIME;

	if (is_same(wanted->ref, s->ref))
		return MATCH_REF;
	if (!is_same(wanted->campaign_id, s->campaign_id) ||
	    !(by_contact || is_same(wanted->email, s->email)))
		return MATCH_NONE;
	/* Another send of ours, or one that is older than ours. */
	if (ref_is_ours || (dated &&
	    s->created_at < wanted->created_at - CLOCK_SKEW_S))
		return MATCH_NONE;
	/* A guid that is not ours may be one that the service made itself. */
	if (s->ref != NULL || !dated)
		return MATCH_PERHAPS;
	return by_contact ? MATCH_CONTACT : MATCH_EMAIL;
}

static void
found_set(struct push_result *out, const struct sent *s, enum strength how)
{
	static const char *const words[] = { [MATCH_NONE] = "",
		[MATCH_PERHAPS] = "perhaps",
		[MATCH_EMAIL] = "by campaign and address",
		[MATCH_CONTACT] = "by campaign and contact",
		[MATCH_REF] = "by our reference" };

	*out = (struct push_result){ .outcome = PUSH_ACCEPTED_NO_ID };
	if (strlen(s->remote_id) < sizeof(out->remote_id)) {
		snprintf(out->remote_id, sizeof(out->remote_id), "%s",
		    s->remote_id);
		out->outcome = PUSH_ACCEPTED;
	}
	if (s->suppressed)
		out->outcome = PUSH_SUPPRESSED;
	snprintf(out->reason, sizeof(out->reason), "found %s", words[how]);
}

static void
id_keep(struct search *search, const char *id)
{
	uint64_t h = 14695981039346656037u;	/* FNV-1a */

	for (; *id != '\0'; id++)
		h = (h ^ (unsigned char)*id) * 1099511628211u;
	if (!buf_add(&search->ids, &h, sizeof(h)))
		search->partial = true;
}

static int
by_hash(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(uint64_t));
}

/* Somebody stands there twice: the list moved while it was read, and whom it
 * lacks may have moved too. */
static bool
has_moved(struct search *search)
{
	const size_t size = sizeof(uint64_t), n = search->ids.len / size;

	if (n > 1)
		qsort(search->ids.s, n, size, by_hash);
	for (size_t i = 1; i < n; i++)
		if (memcmp(search->ids.s + (i - 1) * size,
		        search->ids.s + i * size, size) == 0)
			return true;
	return false;
}

static bool
search_item(struct npstoday *n, json_t *item, void *arg, struct mapped *m)
{
	struct search *search = arg;
	struct sent s;

	if (!npstoday_map_member(n->set, item, n->item, &s, m)) {
		search->partial = true;
		return true;
	}
	id_keep(search, s.remote_id);
	if (s.created_at != NO_TIME && s.created_at > search->newest)
		search->newest = s.created_at;
	for (size_t i = 0; i < search->count; i++) {
		enum strength how = match_of(&search->wanted[i], &s,
		    m->ref_is_ours);
		if (how <= search->strength[i])
			continue;
		search->strength[i] = how;
		found_set(&search->found[i], &s, how);
	}
	return true;
}

static time_t
oldest_of(const struct sent *wanted, size_t count)
{
	time_t oldest = NO_TIME;

	for (size_t i = 0; i < count; i++) {
		if (wanted[i].created_at == NO_TIME)
			return NO_TIME;
		if (oldest == NO_TIME || wanted[i].created_at < oldest)
			oldest = wanted[i].created_at;
	}
	return oldest;
}

/* Not in the listing: proof only when nothing of it was missed, it is known to
 * reach past our send and the service had time to show it. */
static enum find_answer
absence_of(const struct npstoday *n, const struct search *search,
    const struct sent *wanted)
{
	time_t now = n->env->now(n->env->clock);

	if (search->partial ||
	    wanted->created_at == NO_TIME || search->newest == NO_TIME ||
	    search->newest <= wanted->created_at ||
	    now - wanted->created_at <
		(time_t)n->set->members.settle_min * 60)
		return FIND_CANNOT_SAY;
	return FIND_ABSENT;
}

/* Each listing is cut into other pages than the one before and begins
 * elsewhere, so that what one leaves out between two pages stands inside a page
 * of the next.  61 and 7: minutes, hours and days all move both. */
static void
cut_anew(struct feed *feed, struct paging_settings *paging, time_t now)
{
	const time_t minute = now / 60;

	*paging = *feed->paging;
	const time_t sizes = paging->size / 4 < 60 ? paging->size / 4 + 1 : 61;
	paging->size -= (int)(minute % sizes);
	feed->paging = paging;
	feed->overlap_h += 24 * (int)(minute % 7);
}

static bool
search_run(struct npstoday *n, struct search *search, struct err *err)
{
	struct feed feed = members_feed(n->set);
	struct paging_settings paging;
	const struct feed_sink sink = { .each = search_item,
		.each_arg = search, .partial = &search->partial };
	time_t oldest = oldest_of(search->wanted, search->count);
	char since[32];
	const struct pull pull = { .from = NO_TIME, .until = NO_TIME,
		.watermark = oldest == NO_TIME ? NULL
					       : clock_iso(since, oldest) };

	cut_anew(&feed, &paging, n->env->now(n->env->clock));
	if (!npstoday_feed_read(n, &feed, &pull, &sink, err))
		return false;
	search->partial = search->partial || has_moved(search);
	return true;
}

static enum find_answer
answer_of(const struct npstoday *n, const struct search *search, size_t i)
{
	switch (search->strength[i]) {
	case MATCH_NONE:
		return absence_of(n, search, &search->wanted[i]);
	case MATCH_PERHAPS:
		return FIND_CANNOT_SAY;
	case MATCH_EMAIL:
	case MATCH_CONTACT:
		return FIND_MATCHED;
	case MATCH_REF:
		break;
	}
	return FIND_FOUND;
}

bool
npstoday_find_sent(void *self, const struct sent *wanted, size_t count,
    enum find_answer *answers, struct push_result *found, struct err *err)
{
	struct npstoday *n = self;
	AUTO(arena) struct arena *arena = arena_new(count * 64 + 4096);
	struct search search = { .wanted = wanted, .count = count,
		.found = found, .newest = NO_TIME };

	buf_init(&search.ids, IDS_MAX_BYTES);
	for (size_t i = 0; i < count; i++)
		answers[i] = FIND_CANNOT_SAY;
	if (!n->set->members.enabled || n->set->members.path[0] == '\0' ||
	    count == 0)
		return true;
	if (arena != NULL)
		search.strength = arena_array(arena, count,
		    sizeof(*search.strength));
	if (search.strength == NULL)
		return err_nomem(err);
	const bool listed = search_run(n, &search, err);
	buf_free(&search.ids);
	if (!listed)
		return false;
	for (size_t i = 0; i < count; i++)
		answers[i] = answer_of(n, &search, i);
	return true;
}
