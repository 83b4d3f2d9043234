/*
 * salesforce.h - inside of the driver for Salesforce.
 */
#ifndef SALESFORCE_H
#define SALESFORCE_H

#include "arena.h"
#include "common/apicall.h"
#include "settings.h"

struct sf_describe;		/* describe.c */

struct sf_budget {		/* Sforce-Limit-Info */
	long long used, max;	/* calls of the org's day; max 0 = not said */
	long long calls;	/* of this run */
};
struct salesforce {
	struct connector_env env;
	const struct sf_settings *set;
	struct apicall api;
	struct sf_budget budget;
	struct arena *own;		/* for the driver's life */
	struct sf_describe *describes;	/* of this run; in own */
	long date_ahead_s;	/* of the service's clock, by its last answer */
	bool no_history;	/* the org keeps none of its deals' stages */
	bool no_bulk;		/* a job was refused, or failed */
	const char *contact_select;	/* contact_fields.c; in own */
	struct sf_writer *writer;	/* writing side; may stay NULL */
};

/* Answer headers that are kept, in http_res.wanted. */
enum sf_wanted { SF_LIMIT_INFO, SF_LOCATOR, SF_RECORDS };

/* ---- session.c --------------------------------------------------------- */
NPS_MUSTCHECK bool sf_session_open(struct salesforce *s, struct err *err);
/* "/services/data/v62.0" + rest, in arena. */
const char *sf_path(const struct salesforce *s, struct arena *arena,
    const char *rest);
/* The service's time: ours, corrected by the last Date. */
time_t sf_now(const struct salesforce *s);
/* "api-usage=18/5000", also behind other parts; false = not said. */
bool sf_usage_parse(const char *header, long long *used, long long *max);

#endif
