/*
 * json.h - jansson with ceilings, an arena for its nodes, and access by path.
 *
 * jansson's allocations all go through json.c, so what json_dumps() returns
 * must never meet free(): take json_dump().  A parsed document is read-only and must
 * outlive every own object that refers to one of its nodes; json_decref is
 * allowed on both.
 */
#ifndef NPSYNC_JSON_H
#define NPSYNC_JSON_H

#include <jansson.h>

#include "arena.h"
#include "err.h"

#define JSON_MAX_BYTES ((size_t)4194304)
#define JSON_MAX_NODES ((size_t)200000)
#define JSON_MAX_DEPTH 32
#define JSON_MAX_TEXT ((size_t)65536)	/* one text, as json_text gives it */

struct json_doc;

/* Parses after a scan that refuses what is above the ceilings; duplicates and
 * bare NULs are refused, a byte order mark in front is skipped.  One odd text
 * must not keep back the page it stands on: an escaped NUL and half a surrogate
 * pair become U+FFFD, and a text may be as long as the page.
 * ERR_PROTOCOL names position and reason; its code is EFBIG where a ceiling was
 * met, and a smaller part of the same could be read.
 * The nodes live until json_free. */
NPS_MUSTCHECK bool json_parse(const char *text, size_t len,
    struct json_doc **doc, struct err *err);
/* The same for text of up to max bytes, which its caller bounds; 0 =
 * JSON_MAX_BYTES.  The other ceilings stay: larger are the texts in it. */
NPS_MUSTCHECK bool json_parse_max(const char *text, size_t len, size_t max,
    struct json_doc **doc, struct err *err);
void json_free(struct json_doc *doc);
json_t *json_root(const struct json_doc *doc);

static inline void
json_doc_cleanup(struct json_doc **doc)
{
	json_free(*doc);
}

/* Pointer "/data/items/0" or dotted path "respondent.emailAddress"; "" is the
 * node itself.  Keys match without regard to ASCII case (exact first).
 * NULL = not there. */
json_t *json_at(json_t *node, const char *path);
/* The first of n candidate paths that is there and not null, or NULL. */
json_t *json_first(json_t *node, const char *const *paths, size_t n);
/* A string of more than JSON_MAX_TEXT bytes. */
bool json_is_long(const json_t *node);
/* Text of a string, integer, real or boolean in arena; NULL for others.  A long
 * one is cut between two characters. */
const char *json_text(struct arena *arena, json_t *node);
/* An integer, or a real without fraction.  False otherwise. */
bool json_integer_value_of(json_t *node, long long *out);
/* The node as compact JSON text in arena (object keys in order). */
const char *json_dump(struct arena *arena, json_t *node);
/* The same, for others to read: 8.4 stays 8.4. */
const char *json_body(struct arena *arena, json_t *node);

#endif
