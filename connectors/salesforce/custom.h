/*
 * custom.h - fields that an administrator makes for npsync: what each must be
 * like, how it is described to a person, and how the Tooling API makes it.
 */
#ifndef SALESFORCE_CUSTOM_H
#define SALESFORCE_CUSTOM_H

#include "arena.h"
#include "json.h"

enum sf_kind { SF_TAGS, SF_TEXT, SF_LONG_TEXT, SF_INTEGER, SF_DECIMAL, SF_DATE,
	SF_DATETIME, SF_FLAG, SF_LOOKUP, SF_KEY };
struct sf_custom {
	const char *object, *name;
	enum sf_kind kind;
	size_t length;		/* SF_LONG_TEXT: characters; 0 = the most */
};

/* "Long Text Area, 32768 characters": as the set-up pages call it. */
const char *sf_custom_words(struct arena *arena, const struct sf_custom *c);
/* What is wrong with a field, of a describe, or NULL.  write = it is written. */
const char *sf_custom_fault(struct arena *arena, const struct sf_custom *c,
    json_t *field, bool write);
/* A name that an organisation gave: ends with __c, without a package's prefix.
 * Others cannot be made. */
bool sf_custom_is_own(const char *name);
/* The body of POST /tooling/sobjects/CustomField; NULL = memory. */
const char *sf_custom_body(struct arena *arena, const struct sf_custom *c);

#endif
