/*
 * tagtext.h - the tags of a card as one text column holds them: parted by ';'
 * or a line's end, blanks around each left out, empty ones too.
 */
#ifndef NPSYNC_CONNECTORS_TAGTEXT_H
#define NPSYNC_CONNECTORS_TAGTEXT_H

#include "arena.h"
#include "npsync.h"

/* May stand in such a text: not empty, without ';' and control characters. */
bool tagtext_is_tag(const char *tag);
/* In the order of text, which may be NULL.  Ends with NULL; NULL = memory. */
const char *const *tagtext_split(struct arena *arena, const char *text);
/* "a;b"; NULL = memory. */
const char *tagtext_join(struct arena *arena, const char *const *tags);

#endif
