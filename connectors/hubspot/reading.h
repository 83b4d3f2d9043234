/*
 * reading.h - between the files of the reading side.
 */
#ifndef HUBSPOT_READING_H
#define HUBSPOT_READING_H

#include "links.h"
#include "pass.h"

/* ---- stages.c -------------------------------------------------------------- */
enum hs_kind { HS_OPEN, HS_WON, HS_LOST, HS_CLOSED };
struct hs_stage {
	const char *id, *label, *pipeline;
	enum hs_kind kind;
};
struct hs_stages {
	const struct hs_stage *v;
	size_t n;
};
enum hs_pipelines { HS_OF_DEALS, HS_OF_TICKETS };
/* Asked for once in a run; what the options name counts before what the service
 * says.  ERR_CONFIG: no stage means that something ended. */
NPS_MUSTCHECK bool hs_stages_get(struct hubspot *h, enum hs_pipelines of,
    const struct hs_stages **out, struct err *err);
/* HS_OPEN: also of an id that is not known. */
enum hs_kind hs_stage_kind(const struct hs_stages *s, const char *id);
/* What the service's words for a stage mean; texts may be NULL. */
enum hs_kind hs_deal_kind(const char *probability, const char *is_closed);

/* ---- events.c -------------------------------------------------------------- */
#define HS_PARTS_MAX 64
struct hs_events {
	struct hubspot *h;
	struct hs_pass pass;
	struct arena *page;		/* of a page's rows */
	struct arena *own;		/* of the pass */
	crm_event_fn *emit;
	void *arg;
	struct hs_part parts[HS_PARTS_MAX];
	size_t n;
	bool told_entry;		/* that a row came without its entry */
	size_t n_linked;		/* with contacts, of those read by a label */
};
/* When a row entered its stage; NO_TIME = not known.  A row that lacks the
 * property, other than as null, is told once in a pass. */
#define HS_ENTERED "hs_v2_date_entered_"
time_t hs_entered_at(struct hs_events *e, const char *source, json_t *row,
    const char *stage);
/* The time of an event whose closing is not known: the earliest that the row
 * gives, so that an old one is not asked about as if it were new. */
time_t hs_not_after(const struct hs_events *e, json_t *row,
    const char *closed_property, time_t changed);
/* Of an event that was closed then (NO_TIME = not known): the core compares it
 * with its own start.  occurred_at counts for what was read before. */
time_t hs_transition_at(const struct hs_events *e, json_t *row, time_t closed,
    time_t occurred_at);
/* For each of its contacts, as ID/CONTACT; without one as ID. */
NPS_MUSTCHECK bool hs_emit_event(struct hs_events *e, struct crm_event *ev,
    const struct hs_links *links, struct err *err);
/* A page of rows, each with whom it is about (label: of links.h). */
typedef bool hs_row_fn(struct hs_events *e, json_t *row,
    const struct hs_links *links, struct err *err);
NPS_MUSTCHECK bool hs_each_row(struct hs_events *e, const char *type,
    const char *label, json_t *rows, hs_row_fn *fn, struct err *err);
NPS_MUSTCHECK bool hs_part_add(struct hs_events *e,
    const struct hs_part *part, struct err *err);
/* A row that cannot be read: kept by the core, the pass goes on. */
void hs_odd_row(struct hubspot *h, const char *source, json_t *row,
    const char *reason);
/* The same of an event, in the pass that meets it first. */
void hs_odd_event(const struct hs_events *e, const char *source, json_t *row,
    const char *reason);
/* A NULL-ended list of names, each once, "" left out, in arena. */
const char *const *hs_columns(struct arena *arena, const char *const *names,
    size_t n);

/* ---- meetings.c, deals.c, tickets.c ------------------------------------------ */
NPS_MUSTCHECK bool hs_meetings_begin(struct hs_events *e, struct err *err);
/* Of deal_contacts; NULL = all contacts. */
const char *hs_deal_label(const struct hs_settings *set);
/* After a pass: that many deals have contacts, and none of them the label. */
void hs_deals_tell_label(const struct hs_events *e);
NPS_MUSTCHECK bool hs_deals_begin(struct hs_events *e, struct err *err);
NPS_MUSTCHECK bool hs_tickets_begin(struct hs_events *e, struct err *err);
/* Was it held, by its outcome and its end?  now: the service's. */
enum hs_held { HS_NOT_YET, HS_HELD, HS_NOT_HELD };
enum hs_held hs_meeting_held(const struct hs_settings *set,
    const char *outcome, time_t end, time_t now);

/* ---- cards.c ----------------------------------------------------------------- */
/* Before anything is read: the properties that say who must not be asked are
 * there, else ERR_CONFIG and nothing is read.  with_tags false: that of the tags
 * may be missing still. */
NPS_MUSTCHECK bool hs_ready(struct hubspot *h, bool with_tags,
    struct err *err);
/* hs_ready, and the columns that a contact is read with. */
NPS_MUSTCHECK bool hs_card_columns(struct hubspot *h,
    const char *const **out, struct err *err);
/* Old ids of a card, with ';' between.  A portal may not have it: merges are
 * then met by the old ids alone. */
#define HS_MERGED "hs_merged_object_ids"
/* A row as a contact, its texts in env.scratch.  contact_id NULL: no id. */
NPS_MUSTCHECK bool hs_card_map(struct hubspot *h, json_t *row,
    const struct idmap *left, struct crm_contact *out, struct err *err);

/* ---- prefs.c ------------------------------------------------------------------- */
/* Addresses of the rows that left the mailings, into an idmap; nothing is asked
 * with optout_source = "property". */
NPS_MUSTCHECK bool hs_prefs_load(struct hubspot *h, json_t *rows,
    struct arena *arena, struct idmap *left, struct err *err);
/* Whether they may be read, of an address that is nobody's. */
NPS_MUSTCHECK bool hs_prefs_try(struct hubspot *h, struct err *err);

/* ---- owners.c ---------------------------------------------------------------- */
struct hs_owner {
	const char *id, *name, *email;
};
/* All of the portal, once in a run. */
NPS_MUSTCHECK bool hs_owners_get(struct hubspot *h, struct err *err);
/* NULL = not known. */
const struct hs_owner *hs_owner_of(const struct hubspot *h, const char *id);

/* ---- listing.c --------------------------------------------------------------- */
/* All rows of a list, page by page, each an array. */
typedef bool hs_page_fn(void *arg, json_t *rows, struct err *err);
NPS_MUSTCHECK bool hs_list(struct hubspot *h, enum hs_area area,
    const char *rest, const char *label, hs_page_fn *page, void *arg,
    struct err *err);

/* ---- members of struct crm_connector ------------------------------------------ */
#define HS_PULL(name, emit_fn) NPS_MUSTCHECK bool name(void *self, \
	const struct pull *pull, emit_fn *emit, checkpoint_fn *checkpoint, \
	void *arg, struct err *err)
HS_PULL(hs_pull_events, crm_event_fn);
HS_PULL(hs_pull_activities, crm_activity_fn);
HS_PULL(hs_pull_contacts, crm_contact_fn);
NPS_MUSTCHECK bool hs_load_contacts(void *self, const char *const *ids,
    size_t n, crm_contact_fn *emit, void *arg, struct err *err);
NPS_MUSTCHECK bool hs_find_contact(void *self, const char *email,
    crm_contact_fn *emit, void *arg, struct err *err);
NPS_MUSTCHECK bool hs_list_values(void *self, enum value_kind kind,
    crm_value_fn *emit, void *arg, struct err *err);

#endif
