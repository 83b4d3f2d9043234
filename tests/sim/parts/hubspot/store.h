/*
 * store.h - what the account holds: object types, their properties, records and
 * what links them.  Every value is a text or nothing, as on the wire.
 */
#ifndef NPSYNC_SIM_HUBSPOT_STORE_H
#define NPSYNC_SIM_HUBSPOT_STORE_H

#include "util.h"

struct sim;

enum ptype { P_TEXT, P_NUM, P_BOOL, P_TIME, P_DATE, P_ENUM };
enum obj { OBJ_CONTACTS, OBJ_MEETINGS, OBJ_DEALS, OBJ_TICKETS, OBJ_COMPANIES,
	OBJ_CALLS, OBJ_EMAILS, OBJ_MESSAGES, OBJ_TASKS, OBJ_N };
struct choice {
	char *label, *value;
	bool hidden;
	int64_t order;
};
struct prop {
	char *name, *label, *group, *field;
	enum ptype type;
	bool readonly, own;	/* own: the service's, not the customer's */
	int64_t chars_max;	/* set by the administrator; 0 = none */
	struct choice *options;
	size_t n_options;
};
struct link {
	enum obj to;
	int64_t id;
	int type_id;
	const char *label;	/* a word of the schema, or NULL */
};
struct record {
	int64_t id, created_ms, updated_ms;
	int64_t merged_into;	/* 0 = it stands for itself */
	bool archived, erased;
	size_t n_values;
	char **v;
	/* What search shows of it until then; NULL = nothing. */
	char **indexed;
	size_t n_indexed;
	int64_t indexed_updated_ms, seen_from;
	struct link *links;
	size_t n_links;
};
struct kind {
	const char *name, *singular, *code, *modified, *created, *scope;
	struct prop *props;
	size_t n_props;
	struct record **rows;	/* by id */
	size_t n_rows;
};

/* ---- schema.c */
void schema_open(struct sim *s);
/* "meetings", "meeting", "0-47"; NULL = no such type */
struct kind *kind_find(struct sim *s, const char *name);
enum obj kind_place(const struct sim *s, const struct kind *k);
/* The place of a property; -1 = there is none. */
int prop_find(const struct kind *k, const char *name);
struct prop *prop_add(struct kind *k, const char *name, enum ptype type,
    const char *field, bool readonly);
void option_add(struct prop *p, const char *label, const char *value,
    bool hidden, int64_t order);
void options_clear(struct prop *p);
const struct choice *option_find(const struct prop *p, const char *value,
    size_t len);
const char *ptype_name(enum ptype t);
bool ptype_read(const char *name, enum ptype *t);

/* ---- pipes.c */
struct stage {
	const char *pipeline, *id, *label;
	const char *probability;	/* of a deal */
	bool closed, won;
};
extern const struct stage deal_stages[], ticket_stages[];
const struct stage *stage_find(const struct stage *of, const char *id);

/* ---- value.c */
/* NULL = the property may have it; else the code of the error. */
const char *value_wrong(const struct prop *p, const char *text);
/* As it is kept: times and days in one form; the caller's to free. */
char *value_normal(const struct prop *p, const char *text);
/* Below, at or above 0 by the property's type; false = they are none of it. */
bool value_order(const struct prop *p, const char *a, const char *b,
    int *order);

/* ---- store.c */
struct record *record_find(const struct kind *k, int64_t id);
/* The one that stands for it, after a merge. */
struct record *record_now(const struct kind *k, int64_t id);
struct record *record_add(struct kind *k, int64_t id, int64_t ms);
const char *record_get(const struct kind *k, const struct record *r,
    const char *name);
bool record_seen(const struct sim *s, const struct record *r);
/* What search knows: false = not seen yet. */
bool record_indexed(const struct sim *s, struct record *r, char ***v,
    size_t *n);
struct record *record_by_email(const struct kind *k, const char *email);
void link_put(struct sim *s, enum obj a, int64_t id, enum obj b, int64_t with,
    const char *label);
bool link_drop(struct sim *s, enum obj a, int64_t id, enum obj b, int64_t with);
struct change {
	enum obj obj;
	int64_t id, ms;		/* its stamp */
	int64_t seen_from;	/* by search; seconds */
	json_t *set;		/* names to texts or nulls */
	bool quiet;		/* the stamp stays */
};
/* Makes or changes one, with what the service works out from it. */
struct record *change_apply(struct sim *s, const struct change *c);

/* ---- ledger.c: every change after the drawn world; steals the line */
void ledger_put(struct sim *s, json_t *line);
void ledger_load(struct sim *s);
/* A client did what the service forbids, or puts up with. */
void violation(struct sim *s, const char *what, const char *where);

/* ---- filter.c */
struct filter;
/* filterGroups of a body; NULL = *why says what is wrong */
struct filter *filter_parse(struct sim *s, const struct kind *k,
    const json_t *groups, const char **why);
void filter_free(struct filter *f);
bool filter_fits(const struct filter *f, char *const *v, size_t n);

/* ---- world.c */
void world_draw(struct sim *s);

#endif
