/*
 * mutate.h - answers as a service might give them on a bad day, by name.
 */
#ifndef NPSYNC_SIM_MUTATE_H
#define NPSYNC_SIM_MUTATE_H

#include "sim.h"

#define ON(ep) (1u << (ep))
#define ON_LISTS (ON(EP_RESPONSES) | ON(EP_MEMBERS))

enum page_trick {
	PAGE_NONE,
	PAGE_AGAIN,   /* the second page is the first once more */
	PAGE_HOLE,    /* what was read moves the rest up: one is passed over */
	PAGE_OVERLAP, /* the other way: one stands on two pages */
	PAGE_NEWEST,  /* turned round */
	PAGE_FLIP,    /* turned round at every other page */
	PAGE_LATE     /* who came in the last hours is not shown yet */
};
struct mutant;
struct text {
	char *s;
	size_t len;
};
/* Each says whether it changed anything. */
typedef bool item_fn(json_t *item, const struct mutant *m);
typedef bool reply_fn(
    struct sim *s, struct reply *out, const struct mutant *m);
/* To f, what leaves in place of the body. */
typedef bool text_fn(FILE *f, const struct text *body, struct reply *out,
    const struct mutant *m);
/* Instead of the handler. */
typedef bool before_fn(struct sim *s, struct request *r, struct reply *out,
    const struct mutant *m);

struct mutant {
	const char *name;
	unsigned on;
	item_fn *item; /* every item with an odd id */
	reply_fn *reply;
	text_fn *text;
	before_fn *before;
	const char *key, *value; /* for these */
	unsigned status;
	enum page_trick page;
};

/* ---- mutate_item.c */
item_fn item_set, item_drop, item_text, item_real, item_upper, item_refs,
    item_times, item_person, item_nul, item_long;
reply_fn reply_value, reply_total, reply_twice, reply_same_id, reply_object,
    reply_array, reply_named;

/* ---- mutate_text.c */
text_fn text_raw, text_half, text_numbers, text_keys, text_huge, text_utf8,
    text_latin1, text_around, text_gzip, text_same,
    text_short;
before_fn before_one, before_odd, before_fifth, before_lie;

#endif
