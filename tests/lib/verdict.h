/*
 * verdict.h - what a night must say of every row, by a plain reading of the
 * rules: one row after the other, each rule a function, no SQL.  It shares
 * nothing with the program but types, days and the configuration's struct.
 *
 * Keys, cards and companies ("houses") are numbers; verdict_load.h gives them
 * names in a database.
 */
#ifndef NPSYNC_TESTS_VERDICT_H
#define NPSYNC_TESTS_VERDICT_H

#include "conf.h"
#include "identity.h"
#include "queue.h"

#define VERDICT_KEYS 4
/* Keys below this are the addresses of verdict_pilot_address. */
#define VERDICT_PILOT 64
enum verdict_fact { FACT_UNKNOWN = -1, FACT_NO, FACT_YES };
/* Instead of a card: the event names nobody, or somebody never met. */
enum { CARD_NONE = -1, CARD_UNSEEN = -2 };
#define HOUSE_NONE (-1)

struct verdict_card {
	const char *connector;
	int keys[VERDICT_KEYS], n_keys;	/* the first one is the address */
	int merged;			/* a key of a card merged into it; -1 */
	bool gone, anonymised, no_send, company_no_send, opted_out, role;
	enum verdict_fact employed, consent;
	time_t consent_at, company_since;	/* NO_TIME */
	enum address_state address;
	const char *domain, *language, *country, *relation, *segment,
	    *department;
	int house, last_activity_on, planned_on;
};
struct verdict_row {
	const char *connector, *trigger, *category;
	int card;
	int silent_since;	/* of inact: day of the last activity */
	time_t occurred_at, transition_at, created_at, deferred_until;
	int created_night, due_night;
	enum queue_state state;
	const char *campaign;	/* of a row that was decided before */
	bool released, test;
};
struct verdict_send {
	int keys[VERDICT_KEYS], n_keys;
	int day, row;		/* row: ours; -1 = of somebody else */
	const char *campaign;
};
struct verdict_answer {
	int card;
	const char *campaign;
	time_t at;
};
struct verdict_opt_out {
	int key;
	const char *scope;	/* "all" or a campaign */
};
struct verdict_pause {
	const char *trigger, *campaign, *country;	/* NULL = any */
	int house;					/* HOUSE_NONE = any */
	bool by_name;		/* the house is named, not given by its id */
	time_t until;		/* NO_TIME = for good */
};

struct verdict_world {
	const struct conf *conf;
	int night;
	time_t moment, started;	/* started: when the CRM was first read */
	bool paused;		/* all sending; a preview says so */
	struct verdict_card *cards;
	struct verdict_row *rows;
	struct verdict_send *sends;
	struct verdict_answer *answers;
	struct verdict_opt_out *opt_outs;
	struct verdict_pause *pauses;
	size_t n_cards, n_rows, n_sends, n_answers, n_opt_outs, n_pauses;
	int n_keys, n_houses;	/* numbers in use are below these */
};

/* The codes of design section 6, in its order; NULL-ended. */
extern const char *const verdict_codes[];
/* Its place there; that of the end for what is none. */
int verdict_place(const char *code);

struct verdict {
	bool judged;		/* by the night; else the row stays as it is */
	enum queue_state state;
	const char *reason;	/* NULL = none */
	bool due;
	bool waits;		/* until the end of the night */
	/* What a preview of the night says: "go", "wait" or a reason; NULL =
	 * the row is not shown. */
	const char *said;
};
/* The event's name: rows of equal rank go by it. */
const char *verdict_event_id(const struct verdict_world *world, size_t row,
    char buf[32]);
/* One verdict a row; out has n_rows. */
void verdict_night(const struct verdict_world *world, struct verdict *out);

/* ---- between verdict.c and verdict_crowd.c ----------------------------- */
/* Lists by number: the items of n are first[n], next[..] ..., until -1. */
struct verdict_links {
	int *first, *next, *item;
	int n;
};
struct verdict_index {
	struct verdict_links sends, opt_outs;	/* by key */
	struct verdict_links answers;		/* by address */
	int *due;		/* by key: a row that is due already; -1 */
	int *house_used;	/* surveys of the house in company_days */
};
struct verdict_case {
	const struct verdict_world *w;
	const struct verdict_index *index;
	const struct verdict_row *row;
	const struct verdict_card *card;	/* NULL = none */
	const struct conf_trigger *trigger;	/* NULL = none of that code */
	const char *campaign;			/* NULL = none fits */
	const char *reason;			/* the first that blocks */
	size_t number;				/* of the row */
	bool judged, lost_late;
};
/* The first rule of its own that blocks; NULL. */
const char *verdict_first(const struct verdict_case *c);
/* Its keys, by itself and by a merge, each once: how many. */
int verdict_keys(const struct verdict_card *card, int keys[VERDICT_KEYS + 1]);
/* Has the card that key, by itself or by a merge? */
bool verdict_has_key(const struct verdict_card *card, int key);
/* Due by an earlier look at the night. */
bool verdict_is_due(const struct verdict_world *w,
    const struct verdict_row *row);
/* A send that counts for the frequency rules. */
bool verdict_counts(const struct verdict_world *w,
    const struct verdict_send *send);
/* Waits and losses of those whom no rule of their own blocks: reasons "flood",
 * "company_cap", "over_budget", "over_cap", "duplicate_person" (and lost_late:
 * only to rows that do not go themselves). */
void verdict_compete(const struct verdict_world *w,
    const struct verdict_index *index, struct verdict_case *cases);

#endif
