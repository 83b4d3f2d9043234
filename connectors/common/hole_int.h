/*
 * hole_int.h - between hole.c (what a template is), hole_value.c (what a hole
 * becomes) and hole_write.c (where it may stand).
 */
#ifndef NPSYNC_CONNECTORS_HOLE_INT_H
#define NPSYNC_CONNECTORS_HOLE_INT_H

#include "buf.h"
#include "hole.h"

#define HOLE_NAME_MAX 128
#define HOLE_FORMAT_MAX 32

enum hole_format { FORMAT_NONE,
	/* a whole string of JSON only */
	FORMAT_NUMBER, FORMAT_BOOL, FORMAT_LIST, FORMAT_NUMBERS, FORMAT_OBJECT,
	FORMAT_BASE64, FORMAT_LOWER, FORMAT_COMMA,
	/* of times */
	FORMAT_ISO, FORMAT_ISO_MS, FORMAT_DATE, FORMAT_EPOCH, FORMAT_EPOCH_MS,
	FORMAT_YEAR, FORMAT_MONTH, FORMAT_DAY, FORMAT_HOUR, FORMAT_MINUTE,
	FORMAT_SECOND, FORMAT_LOCAL_YEAR, FORMAT_LOCAL_MONTH, FORMAT_LOCAL_DAY,
	FORMAT_LOCAL_HOUR, FORMAT_LOCAL_MINUTE, FORMAT_LOCAL_SECOND,
	FORMAT_PATTERN };

struct hole {
	char name[HOLE_NAME_MAX], text[HOLE_FORMAT_MAX]; /* text: the format */
	enum hole_format format;
	bool optional;
};
enum hole_kind { HOLE_END, HOLE_LITERAL, HOLE_HOLE, HOLE_BAD };
/* What stands at *p, and behind it.  BAD: *why says what is wrong. */
struct hole_piece {
	enum hole_kind kind;
	const char *text;	/* LITERAL: len bytes */
	size_t len;
	struct hole hole;
	const char *why;
};
void hole_next(const char **p, struct hole_piece *out);
/* The text is one hole and nothing else. */
bool hole_is_whole(const char *text, struct hole *out);

/* What a value becomes, before anything is escaped. */
struct hole_made {
	bool none;		/* no value, or "" at "?" */
	bool raw;		/* a number, true, an array: JSON as it is */
	const char *text;
};
NPS_MUSTCHECK bool hole_make(const struct hole *hole,
    const struct hole_value *value, const char *zone, struct arena *arena,
    struct hole_made *out, struct err *err);

#endif
