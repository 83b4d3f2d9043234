/*
 * bulk_rows.c - a page of CSV as rows like those of a query: "Account.Name" is a
 * field of a parent, an empty field is null, flags and numbers have their types.
 *
 * What would read as "no" without being one ends the page: a flag that is neither
 * true nor false, a column that is not there, a row of another length.
 */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bulk.h"
#include "common/csv.h"
#include "http_file.h"

#define COLUMNS_MAX 200
#define NAMES_BYTES ((size_t)65536)
#define ROWS_AT_ONCE 2000

enum column_type { COL_TEXT, COL_FLAG, COL_INTEGER, COL_NUMBER };
struct column {
	const char *name;
	enum column_type type;
	size_t at;		/* in the CSV */
};
struct table {
	const struct sf_bulk *b;
	struct column column[COLUMNS_MAX];
	size_t n;
};

/* ---- columns ----------------------------------------------------------- */
static enum column_type
type_of(const struct sf_describe *d, const char *name)
{
	static const struct {
		const char *word;
		enum column_type type;
	} types[] = { { "boolean", COL_FLAG }, { "int", COL_INTEGER },
		{ "long", COL_INTEGER }, { "double", COL_NUMBER },
		{ "currency", COL_NUMBER }, { "percent", COL_NUMBER } };
	const struct sf_field *f = strchr(name, '.') != NULL ? NULL :
	    sf_field(d, name);

	for (size_t i = 0; f != NULL && i < ARRAY_LEN(types); i++)
		if (strcmp(f->type, types[i].word) == 0)
			return types[i].type;
	return COL_TEXT;
}

/* The names between SELECT and FROM, in arena; 0 = too many. */
static size_t
names_of(const char *soql, struct arena *arena, const char **out)
{
	const char *at = soql + strlen("SELECT ");
	const char *end = strstr(soql, " FROM ");
	size_t n = 0;

	while (end != NULL && at < end && n < COLUMNS_MAX) {
		const size_t len = strcspn(at, ", ");
		out[n++] = arena_strndup(arena, at, len);
		at += len + 1;
	}
	return end == NULL || at < end || arena_failed(arena) ? 0 : n;
}

bool
sf_bulk_can(const struct sf_describe *d, const char *soql)
{
	AUTO(arena) struct arena *arena = arena_new(NAMES_BYTES);
	const char *names[COLUMNS_MAX];
	const size_t n = arena == NULL ? 0 : names_of(soql, arena, names);

	for (size_t i = 0; i < n; i++) {
		const struct sf_field *f = sf_field(d, names[i]);
		if (f != NULL && (strcmp(f->type, "address") == 0 ||
		    strcmp(f->type, "location") == 0 ||
		    strcmp(f->type, "complexvalue") == 0))
			return false;
	}
	return n > 0;
}

/* An option may name a field in other letters than the org does. */
static bool
column_find(const struct table *t, const struct csv_row *head,
    struct column *c, struct err *err)
{
	for (c->at = 0; c->at < head->n; c->at++)
		if (strcasecmp(head->field[c->at], c->name) == 0)
			return true;
	return err_set(err, ERR_PROTOCOL, "%s: expected the column %s in the "
	    "results of the job", t->b->label, c->name);
}

static bool
head_read(struct table *t, const struct csv_row *head, struct arena *arena,
    struct err *err)
{
	const char *names[COLUMNS_MAX];

	t->n = names_of(t->b->soql, arena, names);
	if (t->n == 0)
		return err_nomem(err);
	for (size_t i = 0; i < t->n; i++) {
		t->column[i] = (struct column){ .name = names[i],
			.type = type_of(t->b->fields, names[i]) };
		if (!column_find(t, head, &t->column[i], err))
			return false;
	}
	return head->n == t->n || err_set(err, ERR_PROTOCOL, "%s: %zu columns "
	    "were asked for, %zu came", t->b->label, t->n, head->n);
}

/* ---- a row ------------------------------------------------------------- */
/* "3.0" of a whole number is 3. */
static json_t *
number_of(enum column_type type, const char *text)
{
	json_t *n = json_loads(text, JSON_DECODE_ANY, NULL);

	if (!json_is_number(n)) {
		json_decref(n);
		return json_string(text);
	}
	const double d = json_number_value(n);
	if (json_is_integer(n) || type != COL_INTEGER || d < -1e15 || d > 1e15)
		return n;
	json_decref(n);
	return json_integer((json_int_t)d);
}

/* NULL = not what the column holds. */
static json_t *
value_of(const struct column *c, const char *text)
{
	if (c->type == COL_FLAG)
		return strcasecmp(text, "true") == 0 ? json_true() :
		    strcasecmp(text, "false") == 0 ? json_false() : NULL;
	if (*text == '\0')
		return json_null();
	return c->type == COL_TEXT ? json_string(text) :
	    number_of(c->type, text);
}

/* "Account.Name": the object Account in row, made if it is not there. */
static json_t *
parent_of(json_t *row, const char **name)
{
	const char *dot;

	while (row != NULL && (dot = strchr(*name, '.')) != NULL) {
		const size_t len = (size_t)(dot - *name);
		json_t *parent = json_object_getn(row, *name, len);
		if (parent == NULL) {
			parent = json_object();
			if (json_object_setn_new(row, *name, len, parent) != 0)
				return NULL;
		}
		row = parent;
		*name = dot + 1;
	}
	return row;
}

static bool
row_make(const struct table *t, const struct csv_row *from, json_t *row,
    struct err *err)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct column *c = &t->column[i];
		const char *name = c->name;
		json_t *value = value_of(c, from->field[c->at]);
		if (value == NULL)
			return err_set(err, ERR_PROTOCOL, "%s: line %ld: "
			    "expected true or false in %s", t->b->label,
			    from->line, c->name);
		json_t *parent = parent_of(row, &name);
		if (parent == NULL) {
			json_decref(value);
			return err_nomem(err);
		}
		if (json_object_set_new(parent, name, value) != 0)
			return err_nomem(err);
	}
	return true;
}

static bool
row_add(const struct table *t, const struct csv_row *from, json_t *records,
    struct err *err)
{
	json_t *row = json_object();

	if (json_array_append_new(records, row) != 0)
		return err_nomem(err);
	if (from->n == t->n)
		return row_make(t, from, row, err);
	return err_set(err, ERR_PROTOCOL, "%s: line %ld: %zu fields for %zu "
	    "columns", t->b->label, from->line, from->n, t->n);
}

/* ---- all rows ---------------------------------------------------------- */
static bool
file_make(const char *text, size_t len, int *fd, struct err *err)
{
	if (!http_file_unlinked(NULL, fd, err))
		return false;
	while (len > 0) {
		const ssize_t n = write(*fd, text, len);
		if (n <= 0) {
			(void)close(*fd);
			return err_errno(err, ERR_SYSTEM, "a temporary file");
		}
		text += n;
		len -= (size_t)n;
	}
	return true;
}

/* False also at the end: then *done. */
static bool
next_row(const struct sf_bulk *b, struct csv *csv, struct csv_row *row,
    bool *done, struct err *err)
{
	*done = false;
	switch (csv_next(csv, row, err)) {
	case CSV_ROW:
		return true;
	case CSV_END:
		*done = true;
		return false;
	case CSV_BAD:
		return err_set(err, ERR_PROTOCOL, "%s: line %ld of the results: "
		    "%s", b->label, row->line, row->bad);
	case CSV_FAILED:
		return err_wrap(err, "%s", b->label);
	}
	return false;
}

static bool
some_rows(const struct table *t, struct csv *csv, json_t *records, bool *done,
    struct err *err)
{
	struct csv_row row;

	while (json_array_size(records) < ROWS_AT_ONCE) {
		if (!next_row(t->b, csv, &row, done, err))
			return *done;
		if (!row_add(t, &row, records, err))
			return false;
	}
	return true;
}

static bool
read_all(struct table *t, struct csv *csv, long long *n, sf_rows_fn *rows,
    void *arg, struct err *err)
{
	AUTO(arena) struct arena *names = arena_new(NAMES_BYTES);
	struct csv_row head;
	bool done;

	*n = 0;
	if (names == NULL)
		return err_nomem(err);
	if (!next_row(t->b, csv, &head, &done, err))
		return done ? err_set(err, ERR_PROTOCOL, "%s: expected a row "
		    "with the names of the columns", t->b->label) : false;
	if (!head_read(t, &head, names, err))
		return false;
	while (!done) {
		json_t *records = json_array();
		const bool ok = records == NULL ? err_nomem(err) :
		    some_rows(t, csv, records, &done, err) &&
		    (json_array_size(records) == 0 ||
		    rows(arg, records, err));
		*n += (long long)json_array_size(records);
		json_decref(records);
		if (!ok)
			return false;
	}
	return true;
}

bool
sf_bulk_rows(const struct sf_bulk *b, const char *text, size_t len,
    long long *n, sf_rows_fn *rows, void *arg, struct err *err)
{
	static const struct csv_format format = { .charset = CSV_UTF8,
		.delimiter = ',', .quote = '"' };
	AUTO(csv) struct csv *csv = NULL;
	struct table table = { .b = b };
	int fd;

	if (!file_make(text, len, &fd, err))
		return false;
	if (!csv_fd_open(fd, "the results", &format, &csv, err)) {
		(void)close(fd);
		return false;
	}
	csv_own_fd(csv);
	return read_all(&table, csv, n, rows, arg, err);
}
