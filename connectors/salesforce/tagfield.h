/*
 * tagfield.h - a text field that holds a list of tags.  Pure.
 */
#ifndef SALESFORCE_TAGFIELD_H
#define SALESFORCE_TAGFIELD_H

#include "arena.h"

/* Parted by semicolons and line ends, whichever the organisation uses; trimmed,
 * without empty ones; ends with NULL.  NULL = memory.  text may be NULL. */
const char *const *sf_tags_split(struct arena *arena, const char *text);
/* separator: ";" or "\n".  NULL = memory. */
const char *sf_tags_join(struct arena *arena, const char *const *tags,
    const char *separator);
/* Can it stand in such a list? */
bool sf_tag_fits(const char *tag);
/* Characters as the service counts them: beyond the first plane two each. */
size_t sf_text_length(const char *text);
/* Bytes of its longest beginning of at most max such characters. */
size_t sf_text_head(const char *text, size_t max);

#endif
