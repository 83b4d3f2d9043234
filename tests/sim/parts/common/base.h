/*
 * base.h - what every simulator needs: memory, words, JSON, the clock.  Nothing
 * of npsync is linked here either, see simtime.h.
 */
#ifndef NPSYNC_SIM_BASE_H
#define NPSYNC_SIM_BASE_H

#include <jansson.h>

#include "../../simtime.h"

#define J(n) ((json_int_t)(n))
#define NO_TIME INT64_MIN
#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* ---- memory: there is enough, or the program ends */
_Noreturn void die(const char *what);
void *need(void *p);
/* Room for one more element behind n. */
void *grow(void *v, size_t n, size_t size);
char *dup_text(const char *s);
PRINTF(1, 2) char *fmt_text(const char *fmt, ...);

/* ---- words */
/* The place of s in a list that ends with NULL; -1 = it is not there. */
int place_of(const char *s, const char *const *names);
/* "a,b,c" has b. */
bool listed(const char *list, char sep, const char *word);
/* A text that fits, or "". */
void text_copy(char *to, size_t size, const char *from);

/* ---- members of an object: NULL, otherwise or false if it is of another type */
const char *str_of(const json_t *obj, const char *key);
int64_t int_of(const json_t *obj, const char *key, int64_t otherwise);
bool flag_of(const json_t *obj, const char *key);
int64_t time_of(const json_t *obj, const char *key, int64_t otherwise);
void count_up(json_t *counts, const char *key);

/* ---- the clock: a file of one line, else another time */
int64_t clock_read(const char *now_file, int64_t otherwise);
void clock_write(const char *now_file, int64_t t);
/* Of the machine, for waits. */
int64_t clock_ms(void);
/* "Thu, 26 Nov 2026 07:01:39 GMT" */
const char *http_date(int64_t t, char *out, size_t size);
bool http_date_read(const char *s, int64_t *t);

#endif
