/*
 * writing.h - the writing side of the driver for HubSpot.
 */
#ifndef HUBSPOT_WRITING_H
#define HUBSPOT_WRITING_H

#include "batch.h"
#include "common/idmap.h"
#include "hubspot.h"
#include "property.h"

#define HS_FLIGHTS 16		/* more than the core has under way */

/* A call of tags_request, from its first step to its last. */
enum hs_doing { HS_READING, HS_WRITING, HS_ASKING,	/* for one alone */
	HS_PROVING };	/* that 404 is not of the address */
struct hs_flight {
	char first[64];		/* its first card, which is in one call only */
	uint64_t used;		/* its last step, in their order; 0 = free */
	size_t n;
	enum hs_doing doing;	/* what the next answer is to */
	bool over;		/* nothing of it is to come */
	enum hs_doing missing;	/* which batch answered 404 */
	bool suspect;		/* for its only contact, who is asked for now */
	struct hs_parts parts;
	struct put_result result[HS_BATCH_MAX];
	size_t absent[HS_BATCH_MAX], n_absent;	/* records, from the end on */
};
/* A property of contacts, as the portal has it. */
struct hs_known {
	struct hs_known *next;
	const char *name, *type;
	const char *fault;	/* NULL: may be written */
};
/* A batch path.  doubted: 404 for a contact who is there alone. */
struct hs_batch {
	bool served, doubted;
};
struct hs_writer {
	struct hs_batch batch[2];	/* HS_READING, HS_WRITING */
	struct hs_flight flight[HS_FLIGHTS];
	uint64_t steps;			/* of all flights so far */
	struct hs_flight *ended;	/* what tags_result is asked about */
	struct idmap added;		/* choices that were made in this run */
	struct idmap asked;		/* contacts that absent.c asked for: NULL, or
					 * why each is gone (char *) */
	struct hs_known *known;
	bool tags_ready;		/* the tag property was looked at */
};

/* ---- writing.c ----------------------------------------------------------- */
/* Made at first use, in h->own. */
NPS_MUSTCHECK bool hs_writer_ready(struct hubspot *h, struct err *err);
/* What these settings do not write goes out of the copy. */
void hs_writing_narrow(const struct hs_settings *set,
    struct crm_connector *copy);
/* apicall_do, with a token. */
NPS_MUSTCHECK bool hs_do(struct hubspot *h, struct arena *arena,
    const struct api_req *req, struct api_res *res, struct err *err);
/* The definition of a contact property; *there false: there is none (404). */
NPS_MUSTCHECK bool hs_property_get(struct hubspot *h, struct arena *arena,
    const char *name, struct api_res *res, bool *there, struct err *err);
/* The kind of property that tag_type asks for. */
enum hs_form hs_tag_kind(const struct hubspot *h);
/* The answer to a batch that was refused as a whole, for its records.  root: of
 * its body, or NULL. */
bool hs_is_of_records(const struct http_res *res, enum err_kind kind,
    json_t *root);
/* The document of an answer to a step of tags.  HS_REFUSED: all that was sent was,
 * for its records; of a reading (not writing) only where none is there.
 * HS_MISSING: HubSpot's own 404 without a word of what is missing.  What the service has
 * against the call otherwise is not against its contacts. */
enum hs_said { HS_ANSWERED, HS_REFUSED, HS_MISSING };
NPS_MUSTCHECK bool hs_answer_read(struct hubspot *h,
    const struct http_res *res, const char *label, bool writing,
    struct json_doc **doc, enum hs_said *said, struct err *err);

/* ---- absent.c ------------------------------------------------------------ */
/* A reading lacked that record. */
void hs_absent_note(struct hs_flight *f, size_t record);
/* Asks for one alone whose batch was missing (f->missing); ERR_DONE: that one was
 * asked for before, and is noted. */
NPS_MUSTCHECK bool hs_absent_now(struct hubspot *h, struct hs_flight *f,
    const struct crm_tag_write *writes, size_t record, struct http_req *req,
    struct err *err);
/* Asks for the next of them alone; ERR_DONE: nobody is left. */
NPS_MUSTCHECK bool hs_absent_ask(struct hubspot *h, struct hs_flight *f,
    const struct crm_tag_write *writes, struct http_req *req,
    struct err *err);
/* Its answer: gone, or its result stays.  *prove: gone by hs_absent_gone, once it is
 * proven that this 404 is of a contact. */
NPS_MUSTCHECK bool hs_absent_take(struct hubspot *h, struct hs_flight *f,
    const struct crm_tag_write *writes, const struct http_res *res,
    bool *prove, struct err *err);
NPS_MUSTCHECK bool hs_absent_gone(struct hubspot *h, struct hs_flight *f,
    const struct crm_tag_write *writes, struct err *err);
/* hs_prove, in steps. */
NPS_MUSTCHECK bool hs_prove_ask(struct hubspot *h, struct hs_flight *f,
    struct http_req *req, struct err *err);
NPS_MUSTCHECK bool hs_prove_take(struct hubspot *h, const struct http_res *res,
    struct err *err);
/* Of a batch path (HS_READING, HS_WRITING): it was answered, root of the body, if by
 * 2xx or in words of HubSpot's own; it was 404 for one who is there alone; it is 404
 * again: ERR_CONFIG where it was so, and nothing since shows that it is served. */
void hs_batch_served(struct hubspot *h, enum hs_doing of,
    const struct http_res *res, json_t *root);
void hs_batch_doubt(struct hubspot *h, enum hs_doing of);
NPS_MUSTCHECK bool hs_batch_missing(const struct hubspot *h, enum hs_doing of,
    struct err *err);
/* Why that contact is gone, by what was asked in this run; NULL = not so. */
const char *hs_absent_why(const struct hubspot *h, const char *id);

/* Blocking, for a write that answered as somebody else: gone, or *result stays.
 * Once in a run. */
NPS_MUSTCHECK bool hs_absent_look(struct hubspot *h, const char *id,
    struct put_result *result, struct err *err);

/* ---- members of struct crm_connector ------------------------------------- */
NPS_MUSTCHECK bool hs_ensure_tags(void *self, const char *const *tags, size_t n,
    struct err *err);
NPS_MUSTCHECK bool hs_tags_request(void *self, const struct crm_tag_write *,
    size_t n, int step, const struct http_res *before, struct http_req *,
    struct err *);
NPS_MUSTCHECK bool hs_tags_result(void *self, const struct http_res *,
    struct put_result *results, size_t n, struct err *);
NPS_MUSTCHECK bool hs_put_fields(void *self, const struct crm_effect *,
    size_t n, struct put_result *, struct err *);
NPS_MUSTCHECK bool hs_setup(void *self, const struct crm_setup *wants,
    crm_setup_fn *emit, void *arg, struct err *err);

#endif
