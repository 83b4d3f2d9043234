/*
 * writing.h - inside of the writing side.
 *
 * interests.h   which interests come and go (pure)
 * customfield.h user-defined fields and their values (pure)
 * patch.h       their changes (pure)
 * list.c        the tenant's interests read, and those made that are missing
 * fields.c      definitions of user-defined fields, asked for once
 * tags.c        the tags of a card, as interests or in a field
 * associates.c  whose login name is whose, for follow-ups
 * effects.c     fields and follow-ups
 * setup.c       what an administrator makes
 */
#ifndef SUPEROFFICE_WRITING_H
#define SUPEROFFICE_WRITING_H

#include "customfield.h"
#include "interests.h"
#include "superoffice.h"

struct so_writer {
	struct arena *list;		/* of interests; read anew, it is emptied */
	struct so_interests interests;
	bool has_interests;
	struct arena *own;		/* of fields */
	struct idmap fields;		/* key as configured -> its definition */
	bool has_layout;
	struct idmap associates;	/* login name -> int64_t */
	bool has_associates;
	int failures;			/* in a row */
};

/* ---- writing.c --------------------------------------------------------- */
NPS_MUSTCHECK bool so_writer_open(struct superoffice *s, struct err *err);
void so_writer_close(struct superoffice *s);	/* half-open, too */
/* Takes out of a copy what these settings do not write. */
void so_writing_narrow(const struct so_settings *set,
    struct crm_connector *copy);
/* "/Person/ID?$select=SELECT"; NULL = memory. */
const char *so_person_target(struct arena *arena, const char *contact_id,
    const char *select);
/* The answer is the person that was asked for. */
NPS_MUSTCHECK bool so_is_person(json_t *root, const char *contact_id,
    struct err *err);

/* ---- list.c ------------------------------------------------------------ */
/* Reads the tenant's interests, again if `again`. */
NPS_MUSTCHECK bool so_list_read(struct superoffice *s, bool again,
    struct err *err);
/* It is not there: makes it.  ERR_CONFIG without interest_list. */
NPS_MUSTCHECK bool so_list_make(struct superoffice *s, const char *name,
    struct err *err);

/* ---- fields.c ---------------------------------------------------------- */
/* *field NULL: there is none of this key. */
NPS_MUSTCHECK bool so_field_find(struct superoffice *s, const char *key,
    const struct so_field **field, struct err *err);
/* tag_field: a text that can be written. */
NPS_MUSTCHECK bool so_tag_field(struct superoffice *s,
    const struct so_field **field, struct err *err);

/* ---- associates.c ------------------------------------------------------ */
/* By login name, as rows show them; 0 = nobody of that name, or no right to
 * know. */
NPS_MUSTCHECK bool so_associate_find(struct superoffice *s, const char *name,
    json_int_t *id, struct err *err);

/* ---- members of struct crm_connector; self = struct superoffice ------------ */
NPS_MUSTCHECK bool so_ensure_tags(void *self, const char *const *tags, size_t n,
    struct err *err);
NPS_MUSTCHECK bool so_tags_request(void *self, const struct crm_tag_write *,
    size_t n, int step, const struct http_res *before, struct http_req *,
    struct err *);
NPS_MUSTCHECK bool so_tags_result(void *self, const struct http_res *,
    struct put_result *results, size_t n, struct err *);
NPS_MUSTCHECK bool so_put_fields(void *self, const struct crm_effect *,
    size_t n, struct put_result *, struct err *);
NPS_MUSTCHECK bool so_put_task(void *self, const struct crm_effect *,
    size_t n, struct put_result *, struct err *);
NPS_MUSTCHECK bool so_setup(void *self, const struct crm_setup *wants,
    crm_setup_fn *emit, void *arg, struct err *err);

#endif
