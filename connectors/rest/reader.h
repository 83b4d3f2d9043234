/*
 * reader.h - inside of the reading side: what it keeps while it is open.
 */
#ifndef REST_READER_H
#define REST_READER_H

#include "common/idmap.h"
#include "crm.h"
#include "listing.h"

/* Facts of a company, from its own request. */
struct company {
	const char *name, *relation, *segment, *owner_id, *owner_name,
	    *owner_email;
	const char *const *tags;	/* never NULL */
	const char *refused;		/* why it cannot be read, nor its cards */
};
/* What may speak against asking, and was met in a row since the opening. */
struct musts_met {
	bool opted_out, tags, company_tags, tags_of_company;
};
struct rest_reader {
	struct listing *events, *activities;
	size_t n_events, n_activities;
	struct listing *contacts;	/* the cards' own, if given, then also */
	size_t n_contacts;
	struct map_field *card_fields, *company_fields;
	struct map_seen cards_seen;
	struct musts_met met;
	struct arena *cache;		/* of companies; emptied when full */
	struct idmap companies;		/* struct company; NULL = gone */
	struct arena *tags;		/* names of tags by id */
	struct idmap tag_names;
	bool tag_names_read;
};

/* Checks what the profile says of reading, and makes c->reader.  No I/O. */
NPS_MUSTCHECK bool rest_reader_open(struct rest_crm *c, struct err *err);
void rest_reader_close(struct rest_crm *c);	/* half-open, too */

/* ---- holes ----------------------------------------------------------------- */
/* "row./owner/id", "row.owner.id": what the row has there, text or JSON. */
bool reader_row_hole(json_t *row, const char *name, struct arena *arena,
    struct hole_value *out);

/* A row that the profile calls none of ours is counted. */
void reader_skip(const struct rest_crm *c);

/* ---- links.c: who rows are about, by further requests ------------------------ */
struct link_tally {		/* of the requests of a listing, so far */
	const struct listing *of;
	long long asked, gone, refused;
};
struct links {
	struct rest_crm *c;
	const struct rest_link *set;
	const char *where;
	struct link_tally *tally;
	struct idmap by_row;		/* struct names, of this page */
	struct arena *kept;		/* of what outlives an answer */
	size_t n_refused;		/* ids of this page, by a batch */
};
/* For a page of l. */
struct links links_begin(struct rest_crm *c, const struct listing *l,
    const struct rest_link *set, struct link_tally *tally);
bool links_given(const struct rest_link *set);
NPS_MUSTCHECK bool links_check(const struct rest_crm *c,
    const struct rest_link *set, const char *where, struct err *err);
/* Before the rows of a page: one request for many, where the profile has it. */
NPS_MUSTCHECK bool links_page(struct links *links, const struct strlist *id,
    json_t *rows, struct err *err);
/* Who m->row is about.  *out ends with NULL; none for a row that is gone, or
 * (m->reason) that the service refuses to tell about. */
NPS_MUSTCHECK bool links_row(struct links *links, const char *id,
    struct map *m, const char *const **out, struct err *err);

/* ---- by_id.c: records by id --------------------------------------------------- */
struct by_id_sink {
	/* The answer's rows, or its one card, before any is handed out; or NULL. */
	bool (*before)(void *arg, json_t *rows, struct err *err);
	/* card NULL = there is none of this id.  Nothing outlives the call. */
	bool (*each)(void *arg, const char *id, json_t *card, struct err *err);
	void *arg;
	/* The service refuses this id alone, or no request can name it.  NULL: that
	 * ends the call, as what is refused too often does. */
	bool (*refused)(void *arg, const char *id, const char *why);
	/* Where a record says its id, if by_id.id is not given; or NULL. */
	const struct strlist *id;
};
NPS_MUSTCHECK bool by_id_check(const struct rest_crm *c,
    const struct rest_by_id *set, const char *where, struct err *err);
/* Each of the ids once; false from the sink, or a failed request, ends it.
 * r->page is another one meanwhile: what lies there stays. */
NPS_MUSTCHECK bool by_id_load(struct rest_crm *c, const struct rest_by_id *set,
    const char *where, const char *const *ids, size_t n,
    const struct by_id_sink *sink, struct err *err);

/* ---- companies.c ----------------------------------------------------------------- */
/* Before these cards (an array, or one) are handed out: what they have is noted,
 * and their companies are read, as far as they are not known. */
NPS_MUSTCHECK bool companies_load(struct rest_crm *c, json_t *cards,
    struct err *err);
/* *met stays, or becomes true where one of the rows (or the one) has a place of
 * that name. */
void rows_note(json_t *rows, const struct strlist *paths, bool *met);
/* NULL = not to be had. */
const struct company *companies_find(const struct rest_crm *c, const char *id);

/* ---- card.c: a row as a contact --------------------------------------------------- */
void card_fields(const struct rest_contacts *set, struct map_field *out);
#define CARD_FIELDS_MAX 48
/* asked = the id it was asked for by, or NULL.  False: reason. */
bool card_map(struct rest_crm *c, json_t *row, const char *asked,
    struct crm_contact *out, char *reason, size_t size);
NPS_MUSTCHECK bool tag_names_load(struct rest_crm *c, struct err *err);

/* ---- members of struct crm_connector; self = struct rest_crm ----------------------- */
NPS_MUSTCHECK bool rest_pull_events(void *self, const struct pull *pull,
    crm_event_fn *emit, checkpoint_fn *checkpoint, void *arg, struct err *err);
NPS_MUSTCHECK bool rest_pull_activities(void *self, const struct pull *pull,
    crm_activity_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);
NPS_MUSTCHECK bool rest_pull_contacts(void *self, const struct pull *pull,
    crm_contact_fn *emit, checkpoint_fn *checkpoint, void *arg,
    struct err *err);
NPS_MUSTCHECK bool rest_load_contacts(void *self, const char *const *ids,
    size_t n, crm_contact_fn *emit, void *arg, struct err *err);
NPS_MUSTCHECK bool rest_find_contact(void *self, const char *email,
    crm_contact_fn *emit, void *arg, struct err *err);
NPS_MUSTCHECK bool rest_list_values(void *self, enum value_kind kind,
    crm_value_fn *emit, void *arg, struct err *err);
NPS_MUSTCHECK bool rest_check_crm(void *self, struct err *err);

#endif
