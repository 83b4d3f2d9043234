/*
 * hole.h - the template language of profiles: addresses, headers and bodies
 * with holes, "{name}", "{name:format}", "{name?}", "{name:format?}"; "{{" is
 * a brace.
 *
 * A value never changes what stands round it: it is percent-encoded in an
 * address or a form, refused in a header when it holds a control character,
 * and escaped in JSON, whose template is parsed as JSON before any value is
 * known: holes stand inside of its string values only.
 *
 * "?": no value (or "") is allowed.  A parameter of an address or a form is
 * left out then, a member or element of JSON too, with an object or array that
 * lost all it had by that, a header as a whole.  Without "?" a hole without
 * value is ERR_CONFIG; it never becomes "" or null.
 */
#ifndef NPSYNC_CONNECTORS_HOLE_H
#define NPSYNC_CONNECTORS_HOLE_H

#include <time.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "json.h"

#define HOLE_TEMPLATE_MAX ((size_t)65536)	/* bytes of a template */
#define HOLE_OUT_MAX ((size_t)1048576)		/* of what is made of it */

enum hole_type {
	HOLE_NONE,	/* a known name without value */
	HOLE_TEXT,	/* NULL is HOLE_NONE; "" stands for itself but at "?" */
	HOLE_NUMBER,
	HOLE_BOOL,	/* number: 0 or 1 */
	HOLE_TIME,	/* NO_TIME is HOLE_NONE */
	HOLE_DAY,	/* number: YYYYMMDD; NO_DAY is HOLE_NONE */
	HOLE_LIST,	/* n texts; n = 0 is a value: [] or "" */
	HOLE_JSON	/* NULL is HOLE_NONE; ":object", ":list", ... or text */
};
struct hole_value {
	enum hole_type type;
	const char *text;
	long long number;
	time_t at;
	const char *zone;	/* that a time is written in; NULL = hole_write's */
	const char *const *list;
	size_t n;
	json_t *json;
};
/* The value of a name, without format; *out is zeroed before.  False = no such
 * name: ERR_CONFIG.  What it points to is borrowed until hole_write returns. */
typedef bool hole_fn(void *arg, const char *name, struct hole_value *out);

enum hole_context { HOLE_URL, HOLE_FORM, HOLE_HEADER, HOLE_BODY_JSON,
	HOLE_BODY_TEXT /* nothing is escaped; no NUL */ };

/* Syntax, formats, and the names, if known is given (NULL-ended; "extra.*" is
 * all that so begins).  "row./...", "row.*", "var.*", "session.*", "now" and
 * "today" are known everywhere.  ERR_CONFIG names the hole; "..." of the
 * template is never longer than 40 bytes. */
NPS_MUSTCHECK bool hole_check(const char *text, enum hole_context context,
    const char *const *known, struct err *err);
/* The text in arena.  NULL: a header that "?" left out, or a JSON body that is
 * nothing but such a hole.  In plain text a "?" without value is nothing.
 * zone: of local formats.  ERR_CONFIG: no such name, no value; ERR_REJECTED: a
 * value that cannot stand there (a line break in a header, "..", "." or "" as
 * a part of a path, no number, too long); ERR_NOMEM. */
NPS_MUSTCHECK bool hole_write(const char *text, enum hole_context context,
    const char *zone, hole_fn *fn, void *arg, struct arena *arena,
    const char **out, struct err *err);
/* Does a hole of this name stand in it, whatever its format?  "row.*": any
 * that so begins.  text may be NULL. */
bool hole_uses(const char *text, const char *name);
/* The name of the i-th hole in arena; NULL beyond the last. */
const char *hole_name_at(const char *text, size_t i, struct arena *arena);

/* For struct opt.check: syntax and formats, as in the context of the name. */
NPS_MUSTCHECK bool hole_check_url(const char *text, struct err *err);
NPS_MUSTCHECK bool hole_check_form(const char *text, struct err *err);
NPS_MUSTCHECK bool hole_check_header(const char *text, struct err *err);
NPS_MUSTCHECK bool hole_check_json(const char *text, struct err *err);
NPS_MUSTCHECK bool hole_check_text(const char *text, struct err *err);

/* Appends text as a JSON string with its quotes. */
void hole_json_text(struct buf *out, const char *text, size_t len);
/* RFC 4648, with padding; NULL = arena exhausted. */
const char *hole_base64(struct arena *arena, const void *bytes, size_t len);

#endif
