/*
 * reading.h - between the files of the reading side.
 */
#ifndef SALESFORCE_READING_H
#define SALESFORCE_READING_H

#include "describe.h"
#include "lookup.h"
#include "pass.h"

/* ---- contact_fields.c -------------------------------------------------- */
/* Before anything is read: the fields that say who must not be asked are there,
 * else ERR_CONFIG and nothing is read. */
NPS_MUSTCHECK bool sf_ready(struct salesforce *s, struct err *err);


/* A row as a contact, its texts in the row and in env.scratch.  left: an
 * inactive relation to its account.  *odd: why it cannot be read, or NULL. */
NPS_MUSTCHECK bool sf_contact_map(struct salesforce *s, json_t *row,
    const struct sf_links *left, struct crm_contact *out, const char **odd,
    struct err *err);

/* ---- meetings.c -------------------------------------------------------- */
struct sf_meetings {
	struct soql_meetings ask;
	const struct sf_describe *fields;
	const char *stamp;
	bool tasks, all_day;	/* IsAllDayEvent is there */
	struct soql_window past;	/* entered late: held in it */
	const char *time_field, *day_field;	/* when it was held */
};
struct sf_events {
	struct salesforce *s;
	struct sf_pass pass;
	struct arena *page;		/* of a page's lookups */
	crm_event_fn *emit;
	void *arg;
	struct sf_meetings meetings;
	const char *deal_select, *deal_stamp, *deal_time, *case_select;
	struct sf_part parts[4];
	size_t n;
};
NPS_MUSTCHECK bool sf_meetings_begin(struct sf_events *e, struct err *err);
/* ---- deals.c, cases.c -------------------------------------------------- */
NPS_MUSTCHECK bool sf_deals_begin(struct sf_events *e, struct err *err);
NPS_MUSTCHECK bool sf_cases_begin(struct sf_events *e, struct err *err);

/* ---- events.c ---------------------------------------------------------- */
NPS_MUSTCHECK bool sf_emit_event(struct sf_events *e,
    const struct crm_event *ev, struct err *err);
/* A row that cannot be read: kept by the core, the pass goes on. */
void sf_odd_row(struct salesforce *s, const char *source, json_t *row,
    const char *reason);
bool sf_pull_events(void *self, const struct pull *pull, crm_event_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err);

/* ---- activities.c, contacts.c, values.c -------------------------------- */
bool sf_pull_activities(void *self, const struct pull *pull,
    crm_activity_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);
bool sf_pull_contacts(void *self, const struct pull *pull,
    crm_contact_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);
bool sf_load_contacts(void *self, const char *const *ids, size_t n,
    crm_contact_fn *emit, void *arg, struct err *err);
bool sf_find_contact(void *self, const char *email, crm_contact_fn *emit,
    void *arg, struct err *err);
bool sf_list_values(void *self, enum value_kind kind, crm_value_fn *emit,
    void *arg, struct err *err);

#endif
