/*
 * patch.h - changes of user-defined fields as a JSON Patch (RFC 6902).  Pure.
 */
#ifndef SUPEROFFICE_PATCH_H
#define SUPEROFFICE_PATCH_H

#include "arena.h"
#include "err.h"
#include "json.h"

/* pattern: customfield_path, "CustomFields/<key>", or without "<key>": then all
 * fields are members of one value. */
struct so_patch {
	struct arena *arena;
	const char *pattern;
	json_t *ops, *whole;
	bool failed;
};
void so_patch_begin(struct so_patch *p, struct arena *arena,
    const char *pattern);
/* What stands there must be this; value may be NULL: null. */
void so_patch_test(struct so_patch *p, const char *key, json_t *value);
void so_patch_set(struct so_patch *p, const char *key, const char *text);
/* NULL = memory.  Ends it in any case. */
const char *so_patch_end(struct so_patch *p);

#endif
