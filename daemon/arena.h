/*
 * arena.h - memory that is given back all at once: per run, per page, per
 * record.  Strings handed out are const char * into one.
 */
#ifndef NPSYNC_ARENA_H
#define NPSYNC_ARENA_H

#include <stdarg.h>

#include "npsync.h"

struct arena;

/* max_bytes is a ceiling over all blocks: beyond it allocations fail.
 * NULL = out of memory. */
struct arena *arena_new(size_t max_bytes);
/* Zeroed, aligned for any type; NULL when memory or ceiling is reached.
 * A failure is remembered, so that a sequence may be checked once. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t n, size_t size);
/* NULL stays NULL and is no failure. */
char *arena_strdup(struct arena *arena, const char *s);
char *arena_strndup(struct arena *arena, const char *s, size_t len);
char *arena_printf(struct arena *arena, const char *fmt, ...) NPS_PRINTF(2, 3);
bool arena_failed(const struct arena *arena);
/* It was memory, not the ceiling: another time it may fit. */
bool arena_no_memory(const struct arena *arena);
/* What was to lie in it could not be made for lack of memory elsewhere. */
void arena_note_no_memory(struct arena *arena);
/* All memory is free again; one block is kept. Clears both. */
void arena_reset(struct arena *arena);
size_t arena_used(const struct arena *arena);
void arena_free(struct arena *arena);

static inline void
arena_cleanup(struct arena **arena)
{
	arena_free(*arena);
}

#endif
