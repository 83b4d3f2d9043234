/*
 * reader.c - what the reading side makes of a profile at open, and keeps.
 */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

#include "common/marks.h"
#include "map.h"
#include "select.h"

#define CACHE_MAX_BYTES ((size_t)64 << 20)
#define TAGS_MAX_BYTES ((size_t)16 << 20)

bool
reader_row_hole(json_t *row, const char *name, struct arena *arena,
    struct hole_value *out)
{
	const char *path = name + 4;

	if (strncmp(name, "row.", 4) != 0)
		return false;
	const struct strlist at = { &path, 1 };
	const struct select_match found = select_first(row, &at);
	if (found.node != NULL &&
	    (json_is_object(found.node) || json_is_array(found.node))) {
		out->type = HOLE_JSON;
		out->json = found.node;
		return true;
	}
	out->type = HOLE_TEXT;
	out->text = select_text(&found, arena);
	return true;
}

void
reader_skip(const struct rest_crm *c)
{
	const struct connector_env *env = c->rest.env;

	if (env->skipped != NULL)
		env->skipped(env->quarantine_arg);
}

static bool
refuse(const struct rest_crm *c, const char *where, const char *why,
    struct err *err)
{
	return err_set(err, ERR_CONFIG, "profile %s: %s: %s",
	    rest_at(&c->rest, where), where, why);
}

/* Names stand in the cursor: a stream has each once. */
static bool
check_names(const struct rest_crm *c, const struct listing *l, size_t n,
    struct err *err)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(l[i].name, l[k].name) == 0)
				return refuse(c, l[i].where, "name: another one "
				    "has it", err);
	return true;
}

/* ---- events and activities ------------------------------------------------------- */

#define FIELD(member) { #member, &set->member }

static const struct map_field *
fields_copy(const struct rest_crm *c, const struct map_field *from, size_t n)
{
	struct map_field *to = arena_array(c->rest.own, n + 1, sizeof(*to));

	if (to != NULL)
		memcpy(to, from, n * sizeof(*to));
	return to;
}

static const struct map_field *
event_fields(const struct rest_crm *c, const struct rest_event *set)
{
	const struct map_field all[] = { { "read.id", &set->read.id },
		{ "read.stamp", &set->read.stamp },
		{ "trigger_at", &set->trigger_at }, FIELD(contact),
		FIELD(category), FIELD(stage), FIELD(employee),
		FIELD(occurred_at), FIELD(transition_at), FIELD(automatic) };

	return fields_copy(c, all, ARRAY_LEN(all));
}

static const struct map_field *
activity_fields(const struct rest_crm *c, const struct rest_activity *set)
{
	const struct map_field all[] = { { "read.id", &set->read.id },
		{ "read.stamp", &set->read.stamp },
		FIELD(kind_at), FIELD(contact), FIELD(day), FIELD(done),
		FIELD(cancelled) };

	return fields_copy(c, all, ARRAY_LEN(all));
}

static bool
check_event(const struct rest_crm *c, const struct listing *l,
    struct err *err)
{
	const struct rest_event *set = l->of;

	if ((*set->trigger == '\0') == !select_any(&set->trigger_at))
		return refuse(c, l->where, "expected trigger or trigger_at, one "
		    "of the two", err);
	if (!select_any(&set->read.id) && *set->event_id == '\0')
		return refuse(c, l->where, "expected read.id or event_id", err);
	if (!select_any(&set->contact) && !links_given(&set->link))
		return refuse(c, l->where, "expected contact or link", err);
	if (!select_any(&set->occurred_at) && !select_any(&set->transition_at))
		return refuse(c, l->where, "expected occurred_at or "
		    "transition_at", err);
	return (*set->event_id == '\0' || hole_check(set->event_id,
	    HOLE_BODY_TEXT, (const char *const[]){ NULL }, err) ||
	    err_wrap(err, "profile %s: %s.event_id", rest_at(&c->rest,
	    l->where), l->where)) && links_check(c, &set->link, l->where, err);
}

static bool
check_activity(const struct rest_crm *c, const struct listing *l,
    struct err *err)
{
	const struct rest_activity *set = l->of;

	if (!select_any(&set->read.id))
		return refuse(c, l->where, "expected read.id", err);
	if (!select_any(&set->contact) && !links_given(&set->link))
		return refuse(c, l->where, "expected contact or link", err);
	return links_check(c, &set->link, l->where, err);
}

static bool
open_events(struct rest_crm *c, struct err *err)
{
	const struct grouplist *list = &c->set->profile.reading.events;
	struct rest_reader *r = c->reader;
	const struct rest_event *set = list->v;

	r->events = arena_array(c->rest.own, list->n + 1, sizeof(*r->events));
	for (size_t i = 0; r->events != NULL && i < list->n; i++) {
		struct listing *l = &r->events[r->n_events++];
		*l = (struct listing){ .name = set[i].name, .where =
		    arena_printf(c->rest.own, "events.%s", set[i].name),
			.set = &set[i].read, .of = &set[i],
			.fields = event_fields(c, &set[i]) };
		if (arena_failed(c->rest.own))
			return err_nomem(err);
		if (!listing_check(&c->rest, l, NULL, err) ||
		    !check_event(c, l, err))
			return false;
	}
	return r->events == NULL ? err_nomem(err)
	    : check_names(c, r->events, r->n_events, err);
}

static bool
open_activities(struct rest_crm *c, struct err *err)
{
	const struct grouplist *list = &c->set->profile.reading.activities;
	struct rest_reader *r = c->reader;
	const struct rest_activity *set = list->v;

	r->activities = arena_array(c->rest.own, list->n + 1,
	    sizeof(*r->activities));
	for (size_t i = 0; r->activities != NULL && i < list->n; i++) {
		struct listing *l = &r->activities[r->n_activities++];
		*l = (struct listing){ .name = set[i].name, .where =
		    arena_printf(c->rest.own, "activities.%s", set[i].name),
			.set = &set[i].read, .of = &set[i],
			.fields = activity_fields(c, &set[i]) };
		if (arena_failed(c->rest.own))
			return err_nomem(err);
		if (!listing_check(&c->rest, l, NULL, err) ||
		    !check_activity(c, l, err))
			return false;
	}
	return r->activities == NULL ? err_nomem(err)
	    : check_names(c, r->activities, r->n_activities, err);
}

/* ---- contacts ---------------------------------------------------------------------- */

static bool
add_contacts(struct rest_crm *c, const char *name, const char *where,
    const struct rest_listing *set, const struct rest_also *also,
    struct err *err)
{
	struct rest_reader *r = c->reader;
	struct listing *l = &r->contacts[r->n_contacts++];
	const struct map_field in_also[] = { { "read.id", &set->id },
		{ "read.stamp", &set->stamp },
		{ "contact", also == NULL ? &set->id : &also->contact } };

	*l = (struct listing){ .name = name, .where = where, .set = set,
		.of = also };
	if (also != NULL || c->set->profile.reading.contacts.load)
		l->fields = fields_copy(c, in_also, ARRAY_LEN(in_also));
	else
		l->fields = r->card_fields;
	if (where == NULL || arena_failed(c->rest.own))
		return err_nomem(err);
	return listing_check(&c->rest, l, NULL, err);
}

static bool
check_contacts(const struct rest_crm *c, struct err *err)
{
	static const char *const email[] = { "email", NULL };
	const struct rest_contacts *set = &c->set->profile.reading.contacts;
	const bool by_id = rest_request_given(&set->by_id.request);

	if ((set->load || set->also.n > 0) && !by_id)
		return refuse(c, "contacts.by_id", "expected a request, because "
		    "facts are read by id", err);
	if (set->load && !rest_listing_given(&set->read))
		return refuse(c, "contacts.load", "expected contacts.read too",
		    err);
	if (rest_request_given(&set->find) && !select_any(&set->fields.email))
		return refuse(c, "contacts.fields.email", "expected where a card "
		    "holds it, because cards are searched by it", err);
	return by_id_check(c, &set->by_id, "contacts.by_id", err) &&
	    by_id_check(c, &set->company.by_id, "contacts.company.by_id", err) &&
	    rest_check(&c->rest, &set->find, email, "contacts.find", err);
}

static bool
check_tag_names(const struct rest_crm *c, struct err *err)
{
	const struct rest_names *set = &c->set->profile.reading.contacts.tag_names;
	const struct listing l = { .name = "tag_names",
		.where = "contacts.tag_names", .set = &set->read };

	if (!rest_listing_given(&set->read))
		return true;
	if (!rest_listing_is_whole(&set->read))
		return refuse(c, "contacts.tag_names.read", "expected all names, "
		    "without {since}", err);
	return listing_check(&c->rest, &l, NULL, err);
}

static bool
open_contacts(struct rest_crm *c, struct err *err)
{
	const struct rest_contacts *set = &c->set->profile.reading.contacts;
	const struct rest_also *also = set->also.v;
	struct rest_reader *r = c->reader;
	struct arena *own = c->rest.own;

	r->contacts = arena_array(own, set->also.n + 2, sizeof(*r->contacts));
	r->card_fields = arena_array(own, CARD_FIELDS_MAX + 1,
	    sizeof(*r->card_fields));
	if (r->contacts == NULL || r->card_fields == NULL)
		return err_nomem(err);
	card_fields(set, r->card_fields);
	map_seen_init(&r->cards_seen, r->card_fields);
	if (rest_listing_given(&set->read) && !add_contacts(c, "contacts",
	    "contacts", &set->read, NULL, err))
		return false;
	for (size_t i = 0; i < set->also.n; i++)
		if (!add_contacts(c, also[i].name, arena_printf(own,
		    "contacts.also.%s", also[i].name), &also[i].read, &also[i],
		    err))
			return false;
	return check_names(c, r->contacts, r->n_contacts, err) &&
	    check_contacts(c, err) && check_tag_names(c, err);
}

static bool
check_values(const struct rest_crm *c, struct err *err)
{
	const struct grouplist *list = &c->set->profile.reading.values;
	const struct rest_values *set = list->v;

	for (size_t i = 0; i < list->n; i++) {
		const struct listing l = { .name = "values", .where = "values",
			.set = &set[i].read };
		if (!rest_listing_is_whole(&set[i].read))
			return refuse(c, "values.read", "expected all values, "
			    "without {since}", err);
		if (!listing_check(&c->rest, &l, NULL, err))
			return false;
	}
	return true;
}

/* ---- open and close ------------------------------------------------------------------- */

bool
rest_reader_open(struct rest_crm *c, struct err *err)
{
	struct rest_reader *r = calloc(1, sizeof(*r));

	if ((c->reader = r) == NULL)
		return err_nomem(err);
	r->cache = arena_new(CACHE_MAX_BYTES);
	r->tags = arena_new(TAGS_MAX_BYTES);
	if (r->cache == NULL || r->tags == NULL)
		return err_nomem(err);
	idmap_init(&r->companies, r->cache);
	idmap_init(&r->tag_names, r->tags);
	return rest_check(&c->rest, &c->set->profile.reading.check, NULL,
	    "check", err) && open_events(c, err) && open_activities(c, err) &&
	    open_contacts(c, err) && check_values(c, err);
}

void
rest_reader_close(struct rest_crm *c)
{
	struct rest_reader *r = c->reader;

	if (r == NULL)
		return;
	arena_free(r->cache);
	arena_free(r->tags);
	free(r);
	c->reader = NULL;
}
