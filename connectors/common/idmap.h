/*
 * idmap.h - texts to pointers, in an arena; nothing is ever taken out.
 */
#ifndef NPSYNC_CONNECTORS_IDMAP_H
#define NPSYNC_CONNECTORS_IDMAP_H

#include "arena.h"

struct idmap_slot {
	const char *id;
	void *value;
};
struct idmap {
	struct arena *arena;
	struct idmap_slot *v;
	size_t n, cap;
};

void idmap_init(struct idmap *m, struct arena *arena);
/* NULL = not there, or there with NULL: idmap_has. */
void *idmap_get(const struct idmap *m, const char *id);
bool idmap_has(const struct idmap *m, const char *id);
/* id is borrowed.  False: memory. */
bool idmap_put(struct idmap *m, const char *id, void *value);

#endif
