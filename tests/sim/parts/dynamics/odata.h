/*
 * odata.h - a query and what it selects.
 */
#ifndef NPSYNC_SIM_DYNAMICS_ODATA_H
#define NPSYNC_SIM_DYNAMICS_ODATA_H

#include "sim.h"

#define ORDER_MAX 6
#define EXPAND_MAX 10

struct path {			/* a column, or one of the row a lookup names */
	int via, col;
	size_t table;		/* that has the column */
};
enum node_kind { N_AND, N_OR, N_NOT, N_COMPARE, N_FUNCTION, N_IN };
struct node {
	enum node_kind kind;
	int op;			/* eq ne gt ge lt le; contains starts ends */
	struct node *a, *b;
	struct path left, right;
	bool two_columns;
	struct cell value;
	struct cell *set;
	size_t n_set, room;
};
struct order {
	int col;
	bool down;
};
struct expand {
	const char *nav, *raw;	/* raw: the options in parentheses */
	int col;		/* the lookup, or -1 */
	const struct child *child;
	struct query *q;
};
struct query {
	size_t table;
	int *select;
	size_t n_select, n_order, n_expand, n_conditions;
	bool all, count;
	struct node *filter;
	struct order order[ORDER_MAX];
	struct expand expand[EXPAND_MAX];
	int64_t top;
	const char *skip, *delta;	/* tokens, decoded once */
	int64_t since;		/* tracking: what the next delta begins at; 0 = none */
	char why[400];
	const char *code;
};
struct prefer {
	int64_t page;
	bool track, represent, minimal, go_on, any, formatted, lookup, nav;
	const char *annotations;
};

/* ---- query.c: false = q->why says what is wrong */
bool query_read(struct sim *s, struct pool *p, struct query *q, size_t table,
    const char *raw);
bool query_options(struct sim *s, struct pool *p, struct query *q, char *text,
    char separator);
PRINTF(2, 3) bool query_no(struct query *q, const char *fmt, ...);
void prefer_read(struct pool *p, const char *text, struct prefer *out);
/* What was honoured of it, for Preference-Applied; NULL = nothing. */
const char *prefer_applied(struct pool *p, const struct prefer *pr,
    bool list);

/* ---- filter.c, literal.c, eval.c */
struct lexer {
	const char *at, *begin;
};
bool filter_read(struct sim *s, struct pool *p, struct query *q,
    const char *text);
bool literal_read(struct pool *p, const char **at, struct cell *out);
bool filter_true(const struct sim *s, const struct node *n, size_t table,
    const struct row *r);
void set_sort(struct node *n);
int cell_set_order(const void *a, const void *b);

/* ---- page.c */
struct page {
	const struct row **rows;
	size_t n, total;
	bool more;
	const char *last;	/* where this one began, for an empty page */
	int64_t number;
	size_t back;		/* the next begins so many rows earlier */
};
/* The rows after what q->skip names. false = q->why */
bool page_take(struct sim *s, struct pool *p, struct query *q, int64_t size,
    struct page *out);
const char *page_link(struct sim *s, struct request *r, struct query *q,
    const struct page *page, const char *path, const char *query);
/* "version" of a cookie; the caller's pool. NULL = there is none */
const char *cookie_attribute(struct pool *p, const char *cookie,
    const char *name);
/* The link with this cookie's attributes in its token. */
const char *link_make(struct sim *s, struct request *r, const char *path,
    const char *query, const char *attributes);
/* Is it one of ours, byte for byte? */
bool link_whole(const char *raw);
uint64_t link_sum(const char *raw, size_t len);

/* ---- show.c */
json_t *row_show(struct sim *s, struct request *r, const struct query *q,
    const struct prefer *pr, const struct row *row);
const char *context_of(struct sim *s, struct request *r, const struct query *q,
    const char *end);
const char *etag_of(struct pool *p, const struct row *row);

/* ---- read.c, delta.c */
void on_list(struct sim *s, struct request *r, struct reply *out, size_t table);
void on_row(struct sim *s, struct request *r, struct reply *out, size_t table,
    const char *key);
/* The link to the next page, or at the end the one to what changes. */
void links_add(struct sim *s, struct request *r, struct query *q,
    const struct page *page, json_t *body);
void on_child(struct sim *s, struct request *r, struct reply *out,
    size_t table, const char *key, const char *nav);
void on_delta(struct sim *s, struct request *r, struct reply *out,
    struct query *q, const struct prefer *pr);

#endif
