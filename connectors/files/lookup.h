/*
 * lookup.h - text to anything, in an arena; only ever grows.
 */
#ifndef NPSYNC_FILES_LOOKUP_H
#define NPSYNC_FILES_LOOKUP_H

#include "arena.h"

struct files_entry {
	struct files_entry *next;
	uint64_t hash;
	const char *key;
	void *value;	/* NULL at first */
};
struct files_lookup {
	struct arena *arena;
	struct files_entry **bucket;
	size_t n_buckets, n;
};

uint64_t files_hash(const void *data, size_t len);
void files_lookup_init(struct files_lookup *lookup, struct arena *arena);
struct files_entry *files_lookup_get(const struct files_lookup *lookup,
    const char *key);
/* The entry of a key, made if there is none; NULL = arena exhausted. */
struct files_entry *files_lookup_add(struct files_lookup *lookup,
    const char *key);

struct files_tag {
	struct files_tag *next;
	const char *text;
};

#endif
