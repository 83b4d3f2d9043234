/*
 * putting.h - what became of an effect, told of it and of the call.
 */
#ifndef NPSYNC_CONNECTORS_PUTTING_H
#define NPSYNC_CONNECTORS_PUTTING_H

#include "connector.h"

/* reason, and behind it the service's words (may be "") unless it has them. */
void put_result_set(struct put_result *result, enum put_outcome outcome,
    const char *reason, const char *words);
/* What an answer says of this record, and of no other; false: it says nothing
 * of it alone. */
bool put_is_of_record(const struct http_res *res, const struct err *why,
    enum put_outcome *outcome);
/* The answer says that nothing was taken, or nothing left the house; why = what
 * the call ended with. */
bool put_was_not_taken(const struct http_res *res, const struct err *why);

#endif
