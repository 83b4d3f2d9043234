/*
 * crm.c - any CRM that answers with JSON, told by a profile how to talk.
 *
 * Talks to: what the profile says (crm.d/NAME.conf); which of them were tried
 * with a live system stands in README.md.
 */
#include "crm.h"

#include <stdlib.h>

#include "map.h"
#include "reader.h"
#include "select.h"
#include "uses.h"

static const struct rest_reading *
reading_of(const struct rest_crm_settings *set)
{
	return &set->profile.reading;
}

/* ---- open and close ------------------------------------------------------------ */

static void
crm_close(void *self)
{
	struct rest_crm *c = self;

	if (c == NULL)
		return;
	rest_writer_close(c);
	rest_reader_close(c);
	rest_close(&c->rest);
	free(c);
}

static bool
crm_open(const struct connector_env *env, void **self, struct err *err)
{
	struct rest_crm *c = calloc(1, sizeof(*c));

	*self = c;
	if (c == NULL)
		return err_nomem(err);
	c->set = env->settings;
	return rest_open(&c->rest, env, &c->set->place, &c->set->profile.base,
	    &c->set->profile.from, err) && rest_reader_open(c, err) &&
	    rest_writer_open(c, err);
}

static bool
crm_renew(void *self, struct err *err)
{
	struct rest_crm *c = self;

	return rest_renew(&c->rest, err);
}

/* ---- what this profile offers ---------------------------------------------------- */

/* Each listing is read whole: only then is who is missing gone. */
static bool
are_whole(const struct rest_listing *first, size_t n, size_t step)
{
	const char *at = (const char *)first;

	for (size_t i = 0; i < n; i++)
		if (!rest_listing_is_whole(
		        (const struct rest_listing *)(const void *)(at +
		        i * step)))
			return false;
	return n > 0;
}

static bool
are_sorted(const struct rest_listing *first, size_t n, size_t step)
{
	const char *at = (const char *)first;

	for (size_t i = 0; i < n; i++) {
		const struct rest_listing *l = (const void *)(at + i * step);
		if (!l->sorted || rest_listing_is_whole(l))
			return false;
	}
	return n > 0;
}

static void
flag_events(const struct rest_reading *r, struct connector_info *info)
{
	const struct rest_event *events = r->events.v;
	const struct rest_activity *acts = r->activities.v;
	const size_t n = r->events.n, m = r->activities.n;

	if (n > 0 && are_whole(&events->read, n, sizeof(*events)))
		info->whole |= CRM_CAP_EVENTS;
	if (n > 0 && are_sorted(&events->read, n, sizeof(*events)))
		info->sorted |= CRM_CAP_EVENTS;
	if (m > 0 && are_whole(&acts->read, m, sizeof(*acts)))
		info->whole |= CRM_CAP_ACTIVITIES;
	if (m > 0 && are_sorted(&acts->read, m, sizeof(*acts)))
		info->sorted |= CRM_CAP_ACTIVITIES;
}

/* What `also` names may be a part of all cards: whole is the cards' own. */
static void
flag_contacts(const struct rest_reading *r, struct connector_info *info)
{
	const struct rest_contacts *c = &r->contacts;
	const bool given = rest_listing_given(&c->read);

	if (given && rest_listing_is_whole(&c->read))
		info->whole |= CRM_CAP_CONTACTS;
	if (given && c->also.n == 0 && are_sorted(&c->read, 1, 0))
		info->sorted |= CRM_CAP_CONTACTS;
}

#define TAKE_OUT(given, bit, member) \
	if (!(given)) { \
		copy->info.caps &= ~(uint32_t)(bit); \
		copy->member = NULL; \
	}

static void
narrow_reading(const struct rest_reading *r, struct crm_connector *copy)
{
	TAKE_OUT(r->events.n > 0, CRM_CAP_EVENTS, pull_events)
	TAKE_OUT(r->activities.n > 0, CRM_CAP_ACTIVITIES, pull_activities)
	TAKE_OUT(rest_listing_given(&r->contacts.read) ||
	    r->contacts.also.n > 0, CRM_CAP_CONTACTS, pull_contacts)
	TAKE_OUT(rest_request_given(&r->contacts.find), CRM_CAP_FIND,
	    find_contact)
	TAKE_OUT(r->values.n > 0, CRM_CAP_VALUES, list_values)
	if (r->contacts.fields.link.n == 0 && *r->contacts.fields.card == '\0')
		copy->info.caps &= ~(uint32_t)CRM_CAP_CARD_LINK;
	flag_events(r, &copy->info);
	flag_contacts(r, &copy->info);
}

static void
narrow_writing(const struct rest_writing *w, struct crm_connector *copy)
{
	TAKE_OUT(w->tags.style != REST_TAGS_NONE, CRM_CAP_TAGS, tags_request)
	if (copy->tags_request == NULL) {
		copy->tags_result = NULL;
		copy->tags_max = 0;
	}
	TAKE_OUT(w->tags.style != REST_TAGS_NONE, CRM_CAP_ENSURE_TAGS,
	    ensure_tags)
	TAKE_OUT(rest_request_given(&w->fields.request), CRM_CAP_FIELDS,
	    put_fields)
	TAKE_OUT(rest_request_given(&w->answer.request), CRM_CAP_ANSWERS,
	    put_answer)
	TAKE_OUT(rest_request_given(&w->feed.request), CRM_CAP_FEED, post_feed)
	TAKE_OUT(rest_request_given(&w->task.request), CRM_CAP_TASKS, put_task)
}

static void
crm_narrow(const void *settings, struct crm_connector *copy)
{
	const struct rest_crm_settings *set = settings;

	narrow_reading(reading_of(set), copy);
	narrow_writing(&set->profile.writing, copy);
}

/* Names something, and a wrong name of it would look like nothing there. */
static bool
hides_wrong_name(const struct strlist *paths, const struct rest_maps *maps,
    const char *field)
{
	return select_any(paths) && (select_may_miss(paths) ||
	    (maps != NULL && map_decides_absent(maps, field)));
}

/* An absent one counts as declined. */
static bool
absent_declines(const struct rest_contact_fields *f)
{
	struct map m = { .maps = &f->maps };

	return map_flag(&m, "opted_out", &f->opted_out) == TRI_YES;
}

/* At most five lines about names that, when wrong, look like nothing there. */
static size_t
names_lacks(const struct rest_crm_settings *set, const char **lines)
{
	const struct rest_contacts *c = &reading_of(set)->contacts;
	const struct rest_contact_fields *f = &c->fields;
	size_t n = 0;

	if (hides_wrong_name(&f->opted_out, &f->maps, "opted_out") &&
	    !absent_declines(f))
		lines[n++] = "the profile takes a card without the name of "
		    "contacts.fields.opted_out for one that did not decline: "
		    "without \"\" in that list, and in values, a wrong name would "
		    "be told";
	if (hides_wrong_name(&f->tags, &f->maps, "tags"))
		lines[n++] = "the profile takes a card without the name of "
		    "contacts.fields.tags for one without tags, no-send tags "
		    "too: without \"\" in that list, and in values, a wrong name "
		    "would be told";
	if (hides_wrong_name(&f->company_tags, &f->maps, "company_tags") ||
	    hides_wrong_name(&c->company.tags, &c->company.maps, "tags"))
		lines[n++] = "the profile takes a company without the name of its "
		    "tags for one without a no-send tag: without \"\" in that "
		    "list, and in values, a wrong name would be told";
	if (select_filters(&f->opted_out) || select_filters(&f->tags) ||
	    select_filters(&f->company_tags) || select_filters(&c->company.tags))
		lines[n++] = "the profile finds opt-outs or tags by [key=value]: "
		    "with a wrong value nothing is found, and it counts as not "
		    "declined: try it with a card that declined";
	if (hides_wrong_name(&set->profile.writing.tags.at, NULL, NULL))
		lines[n++] = "the profile takes a card without the name of "
		    "tags.at for one without tags: a wrong name would be written "
		    "over what stands there";
	return n;
}

/* What the profile leaves out and a person must know. */
static const char *
crm_lacks(const void *settings, size_t i)
{
	const struct rest_reading *r = reading_of(settings);
	const struct rest_contacts *c = &r->contacts;
	const char *lines[12];
	size_t n = 0;

	if (!rest_request_given(&c->by_id.request))
		lines[n++] = "the profile reads no card by its id: facts are as "
		    "old as the last listing that had the card";
	if (c->fields.employed.n == 0)
		lines[n++] = "the profile does not say who still works for the "
		    "company";
	if (c->fields.opted_out.n == 0 && c->fields.tags.n == 0)
		lines[n++] = "the profile reads neither opt-outs nor tags: who "
		    "declined in the CRM is not known";
	n += names_lacks(settings, lines + n);
	if (c->fields.company_tags.n == 0 && (c->company.tags.n == 0 ||
	    !rest_request_given(&c->company.by_id.request)))
		lines[n++] = "the profile reads no tags of companies: a "
		    "company's no-send tag is not known";
	if (r->activities.n == 0)
		lines[n++] = "the profile lists no activities: nobody falls "
		    "silent";
	return i < n ? lines[i] : NULL;
}

/* ---- the border ----------------------------------------------------------------------- */

const struct crm_connector rest_crm = {
	.info = { .api = CONNECTOR_API, .name = "rest",
	    .summary = "any CRM that answers with JSON, by a profile",
	    .opts = rest_crm_opts,
	    .settings_size = sizeof(struct rest_crm_settings),
	    .http = true,
	    .caps = CRM_CAP_EVENTS | CRM_CAP_ACTIVITIES | CRM_CAP_CONTACTS |
		CRM_CAP_FIND | CRM_CAP_VALUES | CRM_CAP_ENSURE_TAGS |
		CRM_CAP_TAGS | CRM_CAP_FIELDS | CRM_CAP_ANSWERS |
		CRM_CAP_FEED | CRM_CAP_TASKS | CRM_CAP_CARD_LINK },
	.open = crm_open,
	.close = crm_close,
	.check = rest_check_crm,
	.renew = crm_renew,
	.narrow = crm_narrow,
	.lacks = crm_lacks,
	.pull_events = rest_pull_events,
	.pull_activities = rest_pull_activities,
	.pull_contacts = rest_pull_contacts,
	.load_contacts = rest_load_contacts,
	.find_contact = rest_find_contact,
	.list_values = rest_list_values,
	.ensure_tags = rest_ensure_tags,
	.tags_max = 1,
	.tags_request = rest_tags_request,
	.tags_result = rest_tags_result,
	.effects_max = 1,
	.put_fields = rest_put_fields,
	.put_answer = rest_put_answer,
	.post_feed = rest_post_feed,
	.put_task = rest_put_task,
};
