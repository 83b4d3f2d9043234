/*
 * util.h - memory, text, identifiers and the clock.
 */
#ifndef NPSYNC_SIM_DYNAMICS_UTIL_H
#define NPSYNC_SIM_DYNAMICS_UTIL_H

#include "../common/base.h"

struct guid {
	uint64_t hi, lo;
};
/* Memory of one request. */
struct pool {
	struct chunk *first;
};
/* A text that grows. */
struct text {
	char *s;
	size_t len, room;
};

void *pool_get(struct pool *p, size_t size);
char *pool_text(struct pool *p, const char *s, size_t len);
PRINTF(2, 3) char *pool_fmt(struct pool *p, const char *fmt, ...);
void pool_free(struct pool *p);
void text_add(struct text *t, const void *data, size_t len);
void text_str(struct text *t, const char *s);
PRINTF(2, 3) void text_fmt(struct text *t, const char *fmt, ...);

bool starts(const char *s, const char *with);
bool same_fold(const char *a, const char *b);
int text_order(const char *a, const char *b);
bool text_contains(const char *in, const char *what);
bool text_begins(const char *in, const char *what);
bool text_ends(const char *in, const char *what);
/* Characters, not bytes. */
size_t text_count(const char *s);

char *json_text(const json_t *v);

bool guid_parse(const char *s, size_t len, struct guid *out);
/* In a ring of 8. */
const char *guid_text(struct guid g);
bool guid_same(struct guid a, struct guid b);
/* The order of the database behind the service: the last group first. */
int guid_order(struct guid a, struct guid b);
struct guid guid_seeded(uint64_t seed, const char *what, uint64_t n);

/* Everything but unreserved characters, hex digits in capitals or not. */
void url_encode(struct text *out, const char *s, bool capitals);

#endif
