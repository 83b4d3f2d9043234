/*
 * outcome.h - what the end of a request means, as one table: reliability
 * section 4.  http_classify, http_is_transient and http_is_misconfigured of
 * http.h read it; a test walks it.
 */
#ifndef NPSYNC_OUTCOME_H
#define NPSYNC_OUTCOME_H

#include "http.h"

/* How much of the question a row asks. */
enum outcome_code { OUTCOME_ANY_CODE, OUTCOME_SETUP_CODE, OUTCOME_FINAL_CODE };
enum outcome_body { OUTCOME_ANY_BODY, OUTCOME_JSON };
enum outcome_sent { OUTCOME_ANY_SENT, OUTCOME_PART_SENT };

struct outcome {
	unsigned phases;	/* bits: 1u << enum http_phase */
	enum outcome_code code;
	int from, to;		/* status */
	enum outcome_body body;
	enum outcome_sent sent;
	enum http_class class;	/* of a request that must not be repeated */
	bool transient;		/* a repeatable one may be tried again */
	bool declared;		/* only where http_res.declared_safe */
};

/* First match wins; the last row matches everything. */
extern const struct outcome outcome_table[];
extern const size_t outcome_rows;
/* The row for a result. */
const struct outcome *outcome_of(const struct http_res *res);

#endif
