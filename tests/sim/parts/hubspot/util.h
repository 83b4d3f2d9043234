/*
 * util.h - memory, JSON, addresses and times in milliseconds.
 */
#ifndef NPSYNC_SIM_HUBSPOT_UTIL_H
#define NPSYNC_SIM_HUBSPOT_UTIL_H

#include <jansson.h>

#include "../../simtime.h"

#define J(n) ((json_int_t)(n))
#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define DAY_MS (1000 * (int64_t)DAY_S)

_Noreturn void die(const char *what);
void *need(void *p);
/* Room for one more element behind n. */
void *grow(void *v, size_t n, size_t size);
char *dup_text(const char *s);
PRINTF(1, 2) char *fmt_text(const char *fmt, ...);
bool same_fold(const char *a, const char *b);
bool contains_fold(const char *in, const char *what);
/* The place of s in a list that ends with NULL; -1 = it is not there. */
int place_of(const char *s, const char *const *names);
/* "a,b,c" has b. */
bool listed(const char *list, char sep, const char *word);

const char *str_of(const json_t *obj, const char *key);
int64_t int_of(const json_t *obj, const char *key, int64_t otherwise);
bool flag_of(const json_t *obj, const char *key);
void count_up(json_t *counts, const char *key);
/* "512" or 512; false on anything else. */
bool id_read(const json_t *v, int64_t *id);

/* Decoded, the caller's to free; a plus is a blank.  NULL = no such escape, or
 * the parameter is not there. */
char *url_decode(const char *s, size_t len);
char *url_param(const char *query, const char *name);

/* "2026-11-25T20:00:00.123Z", "2026-11-25", "1795226400000" */
bool ms_parse(const char *text, int64_t *ms);
/* In a ring of 4. */
const char *ms_iso(int64_t ms);
const char *http_date(int64_t t, char *out, size_t size);
int64_t clock_ms(void);
void file_write(const char *path, const char *line);

#endif
