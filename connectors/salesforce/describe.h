/*
 * describe.h - which fields an object has for this user: read once in a run,
 * because a statement that names one that is hidden fails as a whole.
 */
#ifndef SALESFORCE_DESCRIBE_H
#define SALESFORCE_DESCRIBE_H

#include "salesforce.h"

struct sf_field {
	const char *name, *label, *relation;	/* relation or NULL */
	bool filterable;
	/* For writing: "string", "double", "date", ...; characters it holds. */
	const char *type;
	size_t length;
	bool updateable, createable, external_id;
};
struct sf_describe {
	struct sf_describe *next;
	const char *object;
	struct sf_field *fields;
	size_t n;
};

/* Of this run, else read.  ERR_CONFIG: the user cannot see the object. */
NPS_MUSTCHECK bool sf_describe(struct salesforce *s, const char *object,
    const struct sf_describe **out, struct err *err);
/* The whole answer, for its lists of values. */
NPS_MUSTCHECK bool sf_describe_read(struct salesforce *s, const char *object,
    struct arena *arena, struct api_res *res, struct err *err);
/* "Email", or "Account.Name": the relation is there.  "" is not. */
bool sf_has(const struct sf_describe *d, const char *name);
const struct sf_field *sf_field(const struct sf_describe *d, const char *name);
/* ERR_CONFIG names the first of the n that is missing, and what to do; an
 * empty name is not asked for. */
NPS_MUSTCHECK bool sf_require(const struct sf_describe *d,
    const char *const *names, size_t n, const char *todo, struct err *err);
/* Those of the n that are there, with commas, each once; NULL = memory. */
const char *sf_select(const struct sf_describe *d, const char *const *names,
    size_t n, struct arena *arena);
/* What changes are found by: SystemModstamp where it can be, NULL = none. */
const char *sf_stamp(const struct sf_describe *d);

/* ---- values of a row --------------------------------------------------- */
/* NULL = not there, null or "". */
const char *sf_text(json_t *row, const char *name);
/* A number or a flag as text too; in arena. */
const char *sf_any(json_t *row, const char *name, struct arena *arena);
bool sf_is_true(json_t *row, const char *name);
/* The way to "Account.No__c": a parent that sharing hides is null like one that
 * is not set, and in a job one whose columns are all null; then what names it
 * tells them apart.  So the statement asks for AccountId and Account.Id, too. */
enum sf_parent { SF_PARENT_READ, SF_PARENT_NONE, SF_PARENT_HIDDEN };
enum sf_parent sf_parent(json_t *row, const char *name, struct arena *arena);
/* "AccountId" of "Account", "Unit__c" of "Unit__r"; NULL = memory. */
const char *sf_parent_key(struct arena *arena, const char *parent);
/* NO_TIME = not there, or no time. */
time_t sf_time(json_t *row, const char *name);
/* When an event is over: one of whole days, whose EndDateTime is midnight UTC of
 * its last day, when that day is, in zone. */
#define SF_ALL_DAY "IsAllDayEvent"
#define SF_ALL_DAY_S ((time_t)172800)	/* a day, and 12 hours west of UTC */
time_t sf_over(json_t *row, const char *name, const char *zone);
/* The id if it is one of these records: prefix "003"; else NULL. */
const char *sf_id(json_t *row, const char *name, const char *prefix);
/* 15 or 18 letters and digits. */
bool sf_is_id(const char *text);
/* Of 15 letters the 18 of the same record begin so; exact else. */
bool sf_same_id(const char *a, const char *b);

#endif
