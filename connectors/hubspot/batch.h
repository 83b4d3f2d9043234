/*
 * batch.h - contacts in batches of at most HS_BATCH_MAX: the bodies of calls,
 * and what an answer says of each record.  Pure.
 */
#ifndef HUBSPOT_BATCH_H
#define HUBSPOT_BATCH_H

#include "connector.h"
#include "json.h"
#include "parts.h"

struct hs_record {
	const char *id;
	/* Properties and values, ends with {NULL,NULL}; "" empties one. */
	const char *const (*values)[2];
};
/* What a service has against a record, or against a whole call. */
struct hs_refusal {
	enum put_outcome outcome;
	bool config;		/* the portal lacks the property */
	char words[128];	/* category, property, code; never a value */
};

/* A property's internal name: a letter, then letters, digits, '_'; small. */
bool hs_is_property_name(const char *name);

/* {"inputs":[{"id":"101"}],"properties":["tags"]}, in arena.  NULL = memory. */
const char *hs_read_body(struct arena *arena, const char *const *ids, size_t n,
    const char *property);
/* {"inputs":[{"id":"101","properties":{"tags":"a;b"}}]}.  NULL = memory. */
const char *hs_update_body(struct arena *arena,
    const struct hs_record *records, size_t n);

/* The row of that record in an answer to a batch, or NULL. */
json_t *hs_row_of(json_t *root, const char *id);
/* A row of none of those records: one was merged away, this is its survivor. */
bool hs_has_stranger(json_t *root, const struct hs_record *records, size_t n);
/* The error of an answer to a batch that names that record, or NULL. */
json_t *hs_error_of(json_t *root, const char *id);
/* values: what was sent of the record, or of any of the call. */
void hs_refusal_read(json_t *error, const char *const (*values)[2],
    struct hs_refusal *out);
/* What would be wrong for a record that it was not meant for. */
bool hs_is_final(enum put_outcome outcome);
/* Of a good answer to an update: results[i] belongs to records[i].  unnamed[i]:
 * it was refused, or not, by an error that names no record; results[i] is what
 * to say if it is the only one.  Returns how many are so.  *refusal: the last
 * error with config set, else untouched. */
size_t hs_update_read(json_t *root, const struct hs_record *records, size_t n,
    struct put_result *results, bool *unnamed, struct hs_refusal *refusal);

#endif
