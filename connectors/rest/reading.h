/*
 * reading.h - what a profile says of reading: check, events, contacts,
 * activities, values.
 */
#ifndef REST_READING_H
#define REST_READING_H

#include "call.h"
#include "listing.h"
#include "map.h"

/* Who an event or activity is about, where its row does not say: asked for
 * each row ({row./id}), or for all rows of a page ({ids}: the rows of the
 * answer name theirs by `key`). */
struct rest_link {
	struct rest_request request, batch;
	struct strlist key, contact;	/* in a row of the answer */
	int batch_max;			/* ids of one request */
};
struct rest_event {
	const char *name;
	struct rest_listing read;
	struct rest_maps maps;
	const char *trigger;		/* the same for all rows; or ... */
	struct strlist trigger_at;	/* ... where a row says it */
	const char *event_id;		/* template; "" = the row's id */
	struct strlist contact, category, stage, employee, occurred_at,
	    transition_at, automatic;
	bool first_contact;		/* only the first, where there are more */
	struct rest_link link;
};
struct rest_activity {
	const char *name;
	struct rest_listing read;
	struct rest_maps maps;
	const char *kind;		/* "" = where kind_at says */
	struct strlist kind_at, contact, day, done, cancelled;
	bool done_default;		/* a row that does not say */
	struct rest_link link;
};
struct rest_extra {
	const char *name;
	struct strlist at;
};
struct rest_contact_fields {
	struct strlist moved_to, gone, anonymised, full_name, first_name,
	    last_name, email, phone, mobile, language, country, company_id,
	    company, relation, segment, department, owner_id, owner_name,
	    owner_email, link, employed, consent, consent_at, opted_out, tags,
	    company_tags;
	struct grouplist extra;		/* struct rest_extra */
	struct rest_maps maps;
	const char *card;		/* template of link, where no field is */
	const char *tag_separator;	/* tags in one text; "" = not */
};
/* Cards by id: one each ({id}) or several ({ids}). */
struct rest_by_id {
	struct rest_request request;
	struct strlist id, at;		/* at: the card in the answer, without rows */
	int batch;			/* ids of one request; 1 = {id} */
};
struct rest_also {
	const char *name;
	struct rest_listing read;
	struct strlist contact;
};
struct rest_company {
	struct rest_by_id by_id;
	struct strlist company, relation, segment, tags, owner_id, owner_name,
	    owner_email;
	struct rest_maps maps;
};
struct rest_names {			/* ids and what they are called */
	struct rest_listing read;
	struct strlist name;
};
struct rest_contacts {
	struct rest_listing read;	/* optional */
	struct rest_contact_fields fields;
	bool load;			/* rows hold ids only: facts by_id */
	struct rest_by_id by_id;
	struct rest_request find;
	struct grouplist also;		/* struct rest_also */
	struct rest_company company;
	struct rest_names tag_names;	/* tags come as ids */
};
struct rest_values {
	int kind;			/* enum value_kind */
	struct rest_listing read;
	struct strlist label, count;
};
struct rest_reading {
	struct rest_request check;
	struct grouplist events;	/* struct rest_event */
	struct grouplist activities;	/* struct rest_activity */
	struct rest_contacts contacts;
	struct grouplist values;	/* struct rest_values */
};
extern const struct opt rest_event_opts[], rest_activity_opts[],
    rest_contacts_opts[], rest_values_opts[], rest_names_opts[];

/* Rows of the profile's table; at = offset of the struct there. */
#define REST_READING_ROWS(at_) \
	{ .name = "check", .type = OPT_GROUP, .def = "", \
	    .offset = (at_) + offsetof(struct rest_reading, check), \
	    .sub = rest_request_opts, \
	    .help = "one cheap read that proves address and credentials" }, \
	{ .name = "events", .type = OPT_GROUPLIST, .def = "", \
	    .offset = (at_) + offsetof(struct rest_reading, events), \
	    .sub = rest_event_opts, .size = sizeof(struct rest_event), \
	    .help = "listings of what may be asked about" }, \
	{ .name = "activities", .type = OPT_GROUPLIST, .def = "", \
	    .offset = (at_) + offsetof(struct rest_reading, activities), \
	    .sub = rest_activity_opts, .size = sizeof(struct rest_activity), \
	    .help = "listings of contact with a person, for who fell silent" }, \
	{ .name = "contacts", .type = OPT_GROUP, .def = "", \
	    .offset = (at_) + offsetof(struct rest_reading, contacts), \
	    .sub = rest_contacts_opts, .help = "cards of persons" }, \
	{ .name = "values", .type = OPT_GROUPLIST, .def = "", \
	    .offset = (at_) + offsetof(struct rest_reading, values), \
	    .sub = rest_values_opts, .size = sizeof(struct rest_values), \
	    .help = "lists of words that filters are checked against" },

#endif
