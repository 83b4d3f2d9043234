/*
 * collections.h - sObject Collections: up to 200 records of one type in one
 * call, each with a result of its own, in the order of the request.
 */
#ifndef SALESFORCE_COLLECTIONS_H
#define SALESFORCE_COLLECTIONS_H

#include "buf.h"
#include "connector.h"
#include "json.h"

#define SF_COLLECTION_MAX 200
#define SF_ID_CHARS 15		/* of 18: the last three are for ignored case */

struct sf_record {
	const char *id;		/* NULL: an upsert, found by its key */
	json_t *fields;		/* an object; borrowed */
};
/* How an error of a record is read. */
struct sf_reading {
	const struct strlist *again;	/* record_retry_codes */
	const char *contact_field;	/* of an upsert: the look-up of the card;
					 * NULL = the record is the card */
	const struct buf *token;	/* never shown; NULL = none */
};

/* Is it 15 or 18 letters and digits? */
bool sf_id_is_one(const char *id);
/* The same record, one of them perhaps in its short form. */
bool sf_id_is_same(const char *a, const char *b);
/* {"allOrNone":false,"records":[...]} in arena.  key = the external id's field
 * of an upsert, else NULL.  ERR_BUG: none, more than 200, one twice, no id. */
NPS_MUSTCHECK bool sf_collection_body(struct arena *arena, const char *type,
    const char *key, const struct sf_record *records, size_t n,
    const char **body, struct err *err);
/* Of a good answer: results[i] belongs to records[i].  One that is no array of n
 * results for these records says nothing of any: PUT_UNKNOWN for all. */
void sf_collection_read(json_t *root, const struct sf_record *records, size_t n,
    const struct sf_reading *how, struct put_result *results);
/* Of a list of errors, as a record's result or a refused call has one. */
void sf_errors_read(json_t *errors, const struct sf_reading *how,
    struct put_result *result);
void sf_result_set(struct put_result *result, enum put_outcome outcome,
    const char *reason);

#endif
