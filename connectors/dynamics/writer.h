/*
 * writer.h - inside of the writing side.
 *
 * columns.c    what a column is: its type, how much it holds
 * values.c     a value as the column wants it, bodies of requests
 * tags.c       the tags of a card, by the version that was read
 * effects.c    fields, answers, posts and tasks as requests
 * sending.c    requests sent, one by one or in batches, and what became of them
 * setup.c      what an administrator makes, with setup_answers.c; define.c
 *              makes it
 */
#ifndef DYNAMICS_WRITER_H
#define DYNAMICS_WRITER_H

#include "dynamics.h"

/* ---- columns.c ---------------------------------------------------------- */
enum column_type { COLUMN_OTHER, COLUMN_TEXT, COLUMN_INTEGER, COLUMN_DECIMAL,
	COLUMN_DATE, COLUMN_TIME, COLUMN_FLAG };
struct column {
	const char *table, *name;	/* logical names */
	enum column_type type;
	const char *word;		/* the CRM's for it; "" */
	size_t chars;			/* of a text, as UTF-16; 0 = not known */
	bool there, read_only;
};
/* As the definition says, or column_types does; asked for once in a run.  One
 * that is not there is no error. */
NPS_MUSTCHECK bool column_find(struct dynamics *d, const char *table,
    const char *name, const struct column **column, struct err *err);
/* Asked for again: it was made meanwhile. */
void column_forget(struct dynamics *d, const char *table, const char *name);
/* A definition; false: it is none.  Pure. */
bool column_read(json_t *root, struct arena *arena, struct column *column);
/* "date" of column_types; false: no such type. */
bool column_type_of(const char *word, enum column_type *type);

/* ---- values.c, all pure ------------------------------------------------- */
/* JSON of what the core calls text ("" = empty it); ERR_REJECTED: the column
 * cannot hold it. */
NPS_MUSTCHECK bool value_json(struct arena *arena, const struct column *column,
    const char *zone, const char *text, const char **json, struct err *err);
/* {"name":value,...}; what cannot be said stays out. */
struct body {
	struct arena *arena;
	struct buf text;
};
void body_begin(struct body *b, struct arena *arena);
void body_json(struct body *b, const char *name, const char *json);
void body_text(struct body *b, const char *name, const char *text);
/* "name@odata.bind":"/set(id)" */
void body_bind(struct body *b, const char *name, const char *set,
    const char *id);
/* NULL = memory. */
const char *body_end(struct body *b);

/* ---- effects.c ---------------------------------------------------------- */
/* A column of npsync's own: a name without '_' gets column_prefix.  NULL =
 * memory. */
const char *writer_column(const struct dynamics *d, struct arena *arena,
    const char *name);

/* ---- sending.c ---------------------------------------------------------- */
struct put_request {
	const char *method, *target, *body, *label;
	const char *match;		/* If-Match; NULL = none */
	bool once;			/* at most: no second try, no batch */
	bool upsert;			/* a clash is tried again as an update */
	bool ready;			/* else its result says why not */
};
/* One result each; false: this kind's part is over. */
NPS_MUSTCHECK bool sending_all(struct dynamics *d, struct put_request *reqs,
    size_t n, struct put_result *results, struct err *err);
/* 404 that speaks of the address, not of a row. */
bool sending_is_wrong_path(json_t *root);

/* ---- define.c ----------------------------------------------------------- */
/* May be made by us: the publisher's prefix stands in front. */
bool define_is_ours(const struct dynamics *d, const char *name);
/* chars: of a text.  ERR_REJECTED: not from here. */
NPS_MUSTCHECK bool define_column(struct dynamics *d, const char *table,
    const char *name, enum column_type type, size_t chars, struct err *err);
NPS_MUSTCHECK bool define_key(struct dynamics *d, const char *table,
    const char *column, struct err *err);
/* primary: its column for a name. */
NPS_MUSTCHECK bool define_table(struct dynamics *d, const char *set,
    const char *primary, struct err *err);
NPS_MUSTCHECK bool define_lookup(struct dynamics *d, const char *table,
    const char *nav, struct err *err);

struct dynamics_writer {
	struct arena *own;
	struct column *columns;
	size_t n, room;
	bool column_asked;		/* tags.c: once */
	size_t tag_chars;		/* 0 = not known */
	int failures;			/* in a row */
};

#endif
