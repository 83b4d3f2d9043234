/*
 * map.c - answers and campaign members: JSON to the structs of connector.h.
 * Pure; facts only.  A score that is none becomes -1 and goes up, so that the
 * core can count it.
 */
#include "npstoday.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/fieldmap.h"

static bool
refuse(struct mapped *m, const char *name, const char *expected)
{
	snprintf(m->reason, sizeof(m->reason), "%s: expected %s", name,
	    expected);
	return false;
}

/* A time, which also moves the watermark when it is the latest so far. */
static bool
time_map(json_t *item, const struct strlist *names, const char *zone,
    struct arena *arena, time_t *out, struct mapped *m)
{
	const char *raw;

	if (!fieldmap_time(item, names, zone, arena, out, &raw))
		return refuse(m, names->n > 0 ? names->v[0] : "time",
		    "a time as ISO 8601");
	if (raw != NULL && (m->mark == NULL || *out > m->mark_at)) {
		m->mark_at = *out;
		m->mark = raw;
	}
	return true;
}

/* custom comes as an object or as a string that holds one. */
static const char *
custom_ref(json_t *item, const struct strlist *names, struct arena *arena)
{
	json_t *custom = fieldmap_at(item, names);
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct err unreadable;
	json_t *ref;

	if (json_is_string(custom) && json_string_length(custom) > 0) {
		if (!json_parse(json_string_value(custom),
			json_string_length(custom), &doc, &unreadable))
			return NULL;
		custom = json_root(doc);
	}
	if (!json_is_object(custom))
		return NULL;
	ref = json_at(custom, "npsync_ref");
	return json_is_string(ref) && json_string_length(ref) > 0
	    ? json_text(arena, ref) : NULL;
}

/* externalId is what send.external_id made of it. */
static void
external_map(const struct npstoday_settings *set, const char *external,
    const char **contact_id, const char **ref)
{
	switch ((enum external_id)set->send.external_id) {
	case EXTERNAL_CONTACT:
	case EXTERNAL_NONE:
		*contact_id = external;
		break;
	case EXTERNAL_REF:
		if (*ref == NULL)
			*ref = external;
		break;
	}
}

/* ---- answers --------------------------------------------------------- */

static bool
is_anonymised(const struct npstoday_settings *set, json_t *item,
    const char *email, struct arena *arena)
{
	const char *first = fieldmap_text(item,
	    &set->responses.map.first_name, arena);
	const char *name = set->responses.anonymous_first_name;
	const char *match = set->responses.anonymous_email_match;

	if (first != NULL && name[0] != '\0' && strcmp(first, name) == 0)
		return true;
	return email != NULL && match[0] != '\0' &&
	    strcasestr(email, match) != NULL;
}

static bool
answer_times(const struct npstoday_settings *set, json_t *item,
    struct arena *arena, struct survey_answer *a, struct mapped *m)
{
	const struct answer_map *map = &set->responses.map;
	const char *zone = set->responses.zone;
	time_t other;

	if (!time_map(item, &map->rated_at, zone, arena, &a->answered_at, m) ||
	    !time_map(item, &map->commented_at, zone, arena, &other, m) ||
	    !time_map(item, &map->changed_at, zone, arena, &other, m))
		return false;
	a->changed_at = m->mark_at;
	return true;
}

static void
answer_campaign(const struct npstoday_settings *set, json_t *item,
    struct arena *arena, struct survey_answer *a)
{
	const struct campaign_settings *known;

	a->campaign_id = fieldmap_text(item, &set->responses.map.campaign_id,
	    arena);
	a->campaign = fieldmap_text(item, &set->responses.map.campaign_name,
	    arena);
	known = npstoday_campaign(set, a->campaign_id);
	if (known != NULL && known->alias[0] != '\0')
		a->campaign = known->alias;
}

static void
answer_person(const struct npstoday_settings *set, json_t *item,
    struct arena *arena, struct survey_answer *a)
{
	const struct answer_map *map = &set->responses.map;

	a->email = fieldmap_text(item, &map->email, arena);
	a->phone = fieldmap_text(item, &map->phone, arena);
	a->remote_id = fieldmap_text(item, &map->member_id, arena);
	a->ref = custom_ref(item, &map->custom, arena);
	external_map(set, fieldmap_text(item, &map->external_id, arena),
	    &a->contact_id, &a->ref);
	a->anonymised = is_anonymised(set, item, a->email, arena);
	if (set->unsubscribes.from_responses)
		a->opted_out =
		    fieldmap_flag(item, &map->active) == TRI_NO ||
		    fieldmap_flag(item, &map->do_not_contact) == TRI_YES;
	/* Nobody is behind such a row any more: no address, no card. */
	if (a->anonymised)
		a->email = a->phone = a->contact_id = NULL;
}

/* What stands there and is no score is told; the answer stays, for it may say
 * that the person declines. */
static void
score_map(json_t *item, const struct strlist *names, struct survey_answer *a,
    struct mapped *m)
{
	const json_t *node = fieldmap_at(item, names);

	a->score = fieldmap_score(item, names);
	if (a->score == FIELDMAP_NO_SCORE && node != NULL &&
	    (!json_is_string(node) || json_string_length(node) > 0))
		(void)refuse(m, "score", "a whole number from 0 to 10");
}

/* Cut rather than left out: the score counts.  That it was is told. */
static void
comment_map(json_t *item, const struct strlist *names, struct arena *arena,
    struct survey_answer *a, struct mapped *m)
{
	a->comment = fieldmap_text(item, names, arena);
	if (m->reason[0] == '\0' && json_is_long(fieldmap_at(item, names)))
		(void)refuse(m, "comment", "at most 64 KiB; it was cut");
}

bool
npstoday_map_answer(const struct npstoday_settings *set, json_t *item,
    struct arena *arena, struct survey_answer *a, struct mapped *m)
{
	const struct answer_map *map = &set->responses.map;

	*a = (struct survey_answer){ .score = FIELDMAP_NO_SCORE,
		.answered_at = NO_TIME, .changed_at = NO_TIME };
	*m = (struct mapped){ .mark_at = NO_TIME };
	if (!json_is_object(item))
		return refuse(m, "answer", "an object");
	a->answer_id = m->key = fieldmap_text(item, &map->id, arena);
	if (a->answer_id == NULL)
		return refuse(m, "id", "a number or a text");
	if (!answer_times(set, item, arena, a, m))
		return false;
	score_map(item, &map->score, a, m);
	comment_map(item, &map->comment, arena, a, m);
	answer_campaign(set, item, arena, a);
	answer_person(set, item, arena, a);
	m->skip = set->responses.foreign == FOREIGN_IGNORE &&
	    a->ref == NULL && a->contact_id == NULL;
	return true;
}

/* ---- campaign members ------------------------------------------------ */

static bool
is_not_sent(const struct strlist *values, const char *status)
{
	for (size_t i = 0; status != NULL && i < values->n; i++)
		if (values->v[i][0] != '\0' &&
		    strcasecmp(values->v[i], status) == 0)
			return true;
	return false;
}

bool
npstoday_map_member(const struct npstoday_settings *set, json_t *item,
    struct arena *arena, struct sent *s, struct mapped *m)
{
	const struct member_map *map = &set->members.map;
	const char *zone = set->members.zone;

	*s = (struct sent){ .created_at = NO_TIME, .mailed_at = NO_TIME };
	*m = (struct mapped){ .mark_at = NO_TIME };
	if (!json_is_object(item))
		return refuse(m, "member", "an object");
	s->remote_id = m->key = fieldmap_text(item, &map->id, arena);
	if (s->remote_id == NULL)
		return refuse(m, "id", "a number or a text");
	if (!time_map(item, &map->created_at, zone, arena, &s->created_at,
		m) ||
	    !time_map(item, &map->exposed_at, zone, arena, &s->mailed_at, m))
		return false;
	s->ref = custom_ref(item, &map->custom, arena);
	m->ref_is_ours = s->ref != NULL;
	if (s->ref == NULL)
		s->ref = fieldmap_text(item, &map->guid, arena);
	external_map(set, fieldmap_text(item, &map->external_id, arena),
	    &s->contact_id, &s->ref);
	s->campaign_id = fieldmap_text(item, &map->campaign_id, arena);
	s->email = fieldmap_text(item, &map->email, arena);
	s->phone = fieldmap_text(item, &map->phone, arena);
	s->suppressed = is_not_sent(&set->members.not_sent,
	    fieldmap_text(item, &map->status, arena));
	return true;
}
