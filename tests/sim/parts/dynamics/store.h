/*
 * store.h - tables, rows and cells.  Every change goes through store_write or
 * store_remove, which put it into the ledger first.
 */
#ifndef NPSYNC_SIM_DYNAMICS_STORE_H
#define NPSYNC_SIM_DYNAMICS_STORE_H

#include "util.h"

struct sim;

enum kind { K_NULL, K_GUID, K_TEXT, K_INT, K_REAL, K_BOOL, K_TIME, K_DAY };
enum ctype { CT_ID, CT_TEXT, CT_MEMO, CT_INT, CT_REAL, CT_MONEY, CT_BOOL,
	CT_TIME, CT_DAY, CT_CHOICE, CT_STATE, CT_STATUS, CT_BIG, CT_LOOKUP };
struct cell {
	enum kind kind;
	int target;		/* of a lookup: index of its table */
	union {
		struct guid guid;
		char *text;
		int64_t num;	/* INT, BOOL, TIME, DAY (days since 1970) */
		double real;
	};
};
struct target {
	char *table, *nav;
	bool opaque;		/* cannot be expanded: the owner */
};
struct column {
	char *name, *schema, *labels;
	enum ctype type;
	int64_t max;
	bool readonly;
	struct target targets[6];
	size_t n_targets;
};
struct key {
	char *name, *column;
	int64_t active_at;
};
struct row {
	struct guid id;
	int64_t version, visible_at, changed_at;
	bool gone;
	size_t n_cells;
	struct cell cells[];
};
struct child {			/* a collection that can be expanded */
	const char *nav, *table, *column;
};
struct table {
	char *name, *set, *schema;
	struct column *cols;	/* the first is the identifier */
	struct row **rows;	/* gone ones stay: they are what a delta tells */
	uint32_t *slots;
	struct key *keys;
	const struct child *children;
	struct refs *refs;	/* refs.c */
	int64_t stamp;		/* moves with each change */
	size_t n_cols, n_rows, n_slots, n_keys;
	int label, modified, created;
	bool activity, tracked, etags, custom, meta;
};
struct write {
	const char *op, *by;	/* "create", "update", "upsert"; "api", "sim" */
	size_t table;
	struct guid id;
	json_t *set;		/* stolen; lookups are "table:guid" */
	int64_t late_s;		/* committed so much later */
	bool quiet;		/* the world's own: no ledger line */
};

/* ---- schema.c */
void schema_open(struct sim *s, bool bare);
bool table_find(const struct sim *s, const char *name, size_t *i);
bool set_find(const struct sim *s, const char *set, size_t *i);
struct table *table_add(
    struct sim *s, const char *name, const char *set, const char *spec);
/* "npt_score int 10"; false = the text is none */
bool column_add(struct table *t, const char *spec);
void meta_open(struct sim *s);
void key_add(struct table *t, const char *name, const char *column,
    int64_t active_at);
int column_find(const struct table *t, const char *name);
/* By "_x_value", and any other column by its name. */
int property_find(const struct table *t, const char *name);
/* The lookup column of a navigation property, and which of its targets. */
int nav_find(const struct table *t, const char *nav, size_t *target);
const struct child *child_find(const struct table *t, const char *nav);
const char *type_name(const struct column *c);
const char *label_of(const struct column *c, int64_t value);

/* ---- cell.c */
bool cell_read(const struct sim *s, const struct column *c, const json_t *v,
    struct cell *out, char *why, size_t size);
json_t *cell_json(const struct cell *c);
json_t *cell_ledger(const struct sim *s, const struct cell *c);
void cell_free(struct cell *c);
const struct cell *cell_of(const struct row *r, int col);
/* -1, 0, 1; nothing sorts before everything */
int cell_order(const struct cell *a, const struct cell *b);
/* What a display shows, the caller's to free; NULL = nothing. */
char *cell_shown(const struct sim *s, const struct column *c,
    const struct cell *v);

/* ---- store.c */
struct row *row_find(const struct table *t, struct guid id);
/* A gone one is there again; NULL = there never was one. */
struct row *row_revive(struct table *t, struct guid id);
bool row_seen(const struct sim *s, const struct row *r);
struct row *row_by_key(
    const struct sim *s, const struct table *t, int col, const struct cell *v);
/* The new row, or the old one changed. */
struct row *store_write(struct sim *s, struct write *w);
void store_remove(
    struct sim *s, size_t table, struct guid id, const char *by, bool quiet);
/* What is on disk becomes what is in memory. */
void store_apply(struct sim *s, const json_t *line);

/* ---- refs.c: rows whose lookup col names id; never twice the same */
size_t refs_of(struct table *t, int col, struct guid id,
    const struct row ***out);

/* ---- ledger.c */
void ledger_add(struct sim *s, json_t *line);
void ledger_load(struct sim *s);

/* ---- world.c */
void world_seed(struct sim *s);

#endif
