/*
 * tagset.h - what a tag write makes of the tags of one card: only what it names
 * goes, everybody else's tags stay as they are, in their order and spelling.
 */
#ifndef NPSYNC_CONNECTORS_TAGSET_H
#define NPSYNC_CONNECTORS_TAGSET_H

#include "arena.h"
#include "connector.h"

/* Composed letters, as the core writes them; the text itself when it is no
 * UTF-8 or memory ran out (arena_failed). */
const char *tagset_compose(struct arena *arena, const char *tag);
/* Is a composed tag one that the write takes away?  Its own value is not. */
bool tagset_replaces(const struct crm_tag_write *write, const char *tag);
/* tags end with NULL, and may be NULL.  *out ends with NULL; the value stands
 * once, where it stood, or last.  *changed = there is something to write. */
NPS_MUSTCHECK bool tagset_apply(struct arena *arena, const char *const *tags,
    const struct crm_tag_write *write, const char *const **out, bool *changed,
    struct err *err);

#endif
