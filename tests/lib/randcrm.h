/*
 * randcrm.h - CRMs drawn from a seed: what they are called, how they page, sign,
 * write times, name persons, with a ledger of their events, the profile text
 * that says so, and the answers to requests.  Time is moved by the caller and
 * by each request.
 *
 * A server keeps its word: rows come at most RAND_LATE_S after their stamp, a
 * row changes between nights only, and stays.  A mutant breaks it.
 */
#ifndef NPSYNC_TESTS_RANDCRM_H
#define NPSYNC_TESTS_RANDCRM_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <jansson.h>

#include "arena.h"
#include "buf.h"
#include "simhttpd.h"

#define RAND_LATE_S 1600
#define RAND_ROWS_MAX 400
#define RAND_LISTINGS_MAX 3
#define RAND_PERSONS_MAX 3

enum rand_paging { RAND_AUTO_LINK, RAND_AUTO_PAGE, RAND_NONE, RAND_PAGE,
	RAND_OFFSET, RAND_NEXT, RAND_HEADER, RAND_CURSOR, RAND_KEYSET,
	RAND_PAGINGS };
enum rand_order { RAND_BY_ID, RAND_BY_STAMP, RAND_BY_STAMP_DOWN, RAND_BY_HASH,
	RAND_ORDERS };
enum rand_naming { RAND_PLAIN, RAND_EMBEDDED, RAND_LIST, RAND_OBJECTS,
	RAND_KEYS, RAND_LINK, RAND_BATCH, RAND_NAMINGS };
enum rand_wire { RAND_Z, RAND_ZONED, RAND_NAIVE, RAND_MS, RAND_EPOCH,
	RAND_EPOCH_MS, RAND_OBJECT, RAND_PATTERN, RAND_WIRES,
	RAND_DAY = RAND_WIRES };	/* only of stamps a day fine */
enum rand_since { RAND_SINCE_ISO, RAND_SINCE_MS, RAND_SINCE_EPOCH,
	RAND_SINCE_EPOCH_MS, RAND_SINCE_DATE, RAND_SINCE_PATTERN, RAND_SINCES };
enum rand_auth { RAND_NO_AUTH, RAND_KEY, RAND_BASIC, RAND_BEARER, RAND_OAUTH2,
	RAND_LOGIN, RAND_AUTHS };

struct rand_row {
	int n;				/* orders ids */
	time_t stamp, visible, at;
	time_t told;			/* stamp, as coarse as it is written */
	int persons[RAND_PERSONS_MAX], n_persons;
	bool ours;			/* false: a word that is none of ours */
	char *json;			/* as it is sent, made when it is asked for */
	unsigned taken;			/* bit per event that was committed */
};
struct rand_listing {
	int index;
	const char *name, *path, *trigger;
	const char *rows, *id, *stamp_path, *at_path, *person, *word;
	bool dotted;			/* paths of the profile: "a.b", not "/a/b" */
	enum rand_paging paging;
	enum rand_order order;
	enum rand_naming naming;
	enum rand_wire stamp_wire, at_wire;
	enum rand_since since_as;
	bool whole, strict, sorted, until, first_only, by_word, post, holes,
	    in_header, relative, link_gone, missing_key;
	int id_form, resolution, size, cap, first, batch_max;
	const char *size_name, *page_name, *since_name, *next, *total;
	struct rand_row row[RAND_ROWS_MAX];
	int n_rows;
};
/* What a server does that it must not. */
enum rand_mutant { RAND_SOUND, RAND_DROPS_LAST, RAND_IGNORES_PAGE,
	RAND_REPEATS_PAGE, RAND_FOREIGN_LINK, RAND_STUCK_CURSOR,
	RAND_OUT_OF_ORDER, RAND_ID_TEXT, RAND_ID_REAL, RAND_ID_OBJECT,
	RAND_ID_RENAMED, RAND_AT_RENAMED, RAND_STAMP_RENAMED,
	RAND_PERSON_RENAMED, RAND_ROWS_RENAMED, RAND_NEXT_RENAMED,
	RAND_ERROR_200, RAND_NULL_ROWS, RAND_EMPTY_200, RAND_HTML,
	RAND_CUT_JSON, RAND_FUTURE, RAND_SINCE_IGNORED, RAND_SHORT_PAGE,
	RAND_TWICE, RAND_LINK_FAILS, RAND_BATCH_SHORT,
	RAND_MUTANTS };
struct randcrm {
	uint64_t seed, rng;
	struct arena *arena;
	const char *zone, *url;
	enum rand_auth auth;
	bool dated;			/* sends Date */
	time_t now, skew;		/* ours; the server's is now + skew */
	struct rand_listing listing[RAND_LISTINGS_MAX];
	int n_listings;
	int token;			/* of the session that is good */
	enum rand_mutant mutant;
	bool wild;			/* the mutant is at it */
	long requests, limit;		/* beyond the limit: 500 */
	int fail_in;			/* fails the n-th request from now; 0 */
	int fail_how;			/* 0: 500; 1: cut; 2: the session ends */
	/* Of the answer to the last request. */
	struct buf body, headers;
};

/* limit: requests of one pass; the caller resets requests. */
void randcrm_begin(struct randcrm *crm, uint64_t seed, enum rand_mutant mutant);
void randcrm_end(struct randcrm *crm);
const char *randcrm_mutant_name(enum rand_mutant mutant);
int randcrm_draw(struct randcrm *crm, int n);	/* 0 .. n - 1 */
/* Moves on to that moment: rows that came, rows that changed. */
void randcrm_night(struct randcrm *crm, time_t at, bool last);
/* The profile; the server must have been given its address before. */
const char *randcrm_profile(struct randcrm *crm);
const char *randcrm_describe(const struct randcrm *crm);
/* Answers requests: for simhttpd_start_handler. */
void randcrm_answer(void *crm, const char *request, const char *body,
    struct sim_reply *reply);

/* ---- the ledger --------------------------------------------------------------- */
/* Ids as text, in a ring of 8. */
const char *randcrm_id(const struct rand_listing *l, int n);
bool randcrm_is_several(const struct rand_listing *l);
int randcrm_events_of(const struct rand_listing *l, const struct rand_row *r);
/* The row of an event's id and which of its events it is; NULL = none. */
struct rand_row *randcrm_find(struct randcrm *crm, const char *event_id,
    struct rand_listing **listing, int *which);

/* ---- between its files ---------------------------------------------------------- */
const char *randcrm_row_json(const struct randcrm *crm, struct rand_listing *l,
    struct rand_row *r, char **to);
json_t *randcrm_time_json(const struct randcrm *crm, enum rand_wire wire,
    time_t t);
void randcrm_free(char *json);	/* what jansson wrote */
void randcrm_put(json_t *object, const char *path, json_t *value);

#endif
