/*
 * sheet.c - one table of the configuration: all files of the folder that
 * match its pattern, sorted by name, read one after the other.
 */
#include "map.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "num.h"

#define FILES_MAX ((size_t)1024)	/* files of one table */
#define NAMES_BYTES ((size_t)1 << 20)

/* ---- the folder ----------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

void
files_sort(const char **names, size_t n)
{
	if (n > 1)
		qsort(names, n, sizeof(*names), by_name);
}

static void
close_dir(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
}

static bool
read_dir(DIR *dir, const char *pattern, struct arena *arena,
    const char **names, size_t *n, struct err *err)
{
	const struct dirent *entry;

	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		if (fnmatch(pattern, entry->d_name, FNM_PERIOD) != 0)
			continue;
		if (*n == FILES_MAX)
			return err_set(err, ERR_CONFIG, "more than %zu files "
			    "match %s", FILES_MAX, pattern);
		names[*n] = arena_strdup(arena, entry->d_name);
		if (names[(*n)++] == NULL)
			return err_nomem(err);
	}
	return errno == 0 || err_errno(err, ERR_SYSTEM, "readdir");
}

bool
files_list(const char *path, const char *pattern, struct arena *arena,
    const char ***names, struct err *err)
{
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	size_t n = 0;

	if (dir == NULL)
		return err_errno(err, ERR_CONFIG, "%s: expected a folder that "
		    "can be read", path);
	*names = arena_array(arena, FILES_MAX + 1, sizeof(**names));
	if (*names == NULL)
		return err_nomem(err);
	if (!read_dir(dir, pattern, arena, *names, &n, err))
		return err_wrap(err, "%s", path);
	files_sort(*names, n);
	return true;
}

/* ---- columns -------------------------------------------------------- */

static const char *
option_of(const struct files_sheet *sheet, int column)
{
	if (sheet->kind == FILES_CONTACTS && column == CONTACT_KEY)
		return "out.key";
	return files_table_opts[sheet->kind][1 + column].name;
}

static int
columns_of(enum files_kind kind)
{
	static const int columns[FILES_KINDS] = { CONTACT_COLUMNS,
		COMPANY_COLUMNS, ACT_COLUMNS, DEAL_COLUMNS, DEAL_COLUMNS,
		TAG_COLUMNS, TAG_COLUMNS };

	return columns[kind];
}

/* An address, or as many digits as a key, date or number has. */
static bool
is_data(const char *cell)
{
	size_t digits = 0, others = 0;
	long long number;

	for (const char *p = cell; *p != '\0'; p++) {
		if (*p == '@')
			return true;
		if (*p >= '0' && *p <= '9')
			digits++;
		else
			others++;
	}
	return num_parse(cell, 0, INT64_MAX, &number) ||
	    (digits >= 3 && digits >= others);
}

/* A first row that is data would bring people into the message. */
static bool
is_header(const struct csv_row *row)
{
	for (size_t i = 0; i < row->n; i++)
		if (is_data(row->field[i]))
			return false;
	return true;
}

static bool
no_column(const struct files_sheet *sheet, const char *option,
    const char *name, const char *what, struct err *err)
{
	AUTO(buf) struct buf header;

	buf_init(&header, 300);
	for (size_t i = 0; i < sheet->row.n && is_header(&sheet->row); i++)
		if (!buf_printf(&header, "%s%s", i == 0 ? "" : ", ",
		    sheet->row.field[i]))
			break;
	if (header.len == 0)
		(void)buf_str(&header, "no header");
	if (header.failed && header.len + 5 < header.max) {
		header.failed = false;
		(void)buf_str(&header, ", ...");
	}
	return err_set(err, ERR_CONFIG, "%s: column \"%s\" (%s.%s) %s; found: "
	    "%s", sheet->source, name, files_kind_names[sheet->kind], option,
	    what, buf_text(&header));
}

/* The field of a name without its '?': its index, -1 = none, -2 = several. */
static int
find_field(const struct files_sheet *sheet, const char *name)
{
	const bool header = sheet->f->set->header;
	long long position;
	int found = -1;

	for (size_t i = 0; header && i < sheet->row.n; i++)
		if (files_same(sheet->row.field[i], name))
			found = found == -1 ? (int)i : -2;
	if (found == -1 && *name == '#' &&
	    num_parse(name + 1, 1, (long long)CSV_FIELDS_MAX, &position) &&
	    (!header || (size_t)position <= sheet->row.n))
		found = (int)position - 1;
	return found;
}

static bool
find_column(struct files_sheet *sheet, const char *option, const char *spec,
    int *at, struct err *err)
{
	*at = -1;
	if (spec == NULL || *spec == '\0')
		return true;
	const size_t len = files_name_len(spec);
	const bool optional = spec[len] == '?';
	const char *name = arena_strndup(sheet->f->record, spec, len);
	if (name == NULL)
		return err_nomem(err);
	*at = find_field(sheet, name);
	if (*at == -2)
		return no_column(sheet, option, name, "stands twice", err);
	if (*at == -1 && !optional)
		return no_column(sheet, option, name, "is missing", err);
	if (!sheet->f->set->header && *at >= 0 &&
	    (size_t)*at + 1 > sheet->width)
		sheet->width = (size_t)*at + 1;
	return true;
}

static bool
find_columns(struct files_sheet *sheet, struct err *err)
{
	const struct files_table *table = &sheet->f->table[sheet->kind];
	const int n = columns_of(sheet->kind);

	for (int i = 0; i < n; i++)
		if (!find_column(sheet, option_of(sheet, i), table->col[i],
		    &sheet->at[i], err))
			return false;
	if (table->fields.n > FILES_FIELDS)
		return err_set(err, ERR_CONFIG, "%s.fields: expected at most "
		    "%d columns", files_kind_names[sheet->kind], FILES_FIELDS);
	for (size_t i = 0; i < table->fields.n; i++)
		if (!find_column(sheet, "fields", table->fields.v[i],
		    &sheet->field_at[i], err))
			return false;
	if (sheet->at[0] == -1)
		return err_set(err, ERR_CONFIG, "%s.%s: expected the column of "
		    "the key", files_kind_names[sheet->kind],
		    option_of(sheet, 0));
	return true;
}

/* ---- rows ----------------------------------------------------------- */

const char *
files_cell(const struct files_sheet *sheet, int column)
{
	const int at = sheet->at[column];

	if (at < 0 || *sheet->row.field[at] == '\0')
		return NULL;
	return sheet->row.field[at];
}

static void
bad_row(struct files_sheet *sheet, const char *key, const char *reason)
{
	const struct connector_env *env = &sheet->f->env;

	if (!sheet->quiet && env->quarantine != NULL)
		env->quarantine(env->quarantine_arg, sheet->source,
		    sheet->row.line, key, reason);
}

void
files_bad_cell(struct files_sheet *sheet, int column, const char *expected)
{
	const struct files_table *table = &sheet->f->table[sheet->kind];
	char reason[256];
	const char *spec = table->col[column];

	(void)snprintf(reason, sizeof(reason), "column \"%.*s\": expected %s",
	    (int)files_name_len(spec), spec, expected);
	bad_row(sheet, files_cell(sheet, 0), reason);
}

static void
bad_text(struct files_sheet *sheet)
{
	char reason[256];
	const char *column = "";

	for (int i = 0; i < columns_of(sheet->kind); i++)
		if (sheet->at[i] >= 0 &&
		    (size_t)sheet->at[i] + 1 == sheet->row.bad_field)
			column = option_of(sheet, i);
	(void)snprintf(reason, sizeof(reason), "field %zu%s%s%s: expected a "
	    "readable text, got %s", sheet->row.bad_field,
	    *column == '\0' ? "" : " (", column, *column == '\0' ? "" : ")",
	    sheet->row.bad);
	bad_row(sheet, NULL, reason);
}

/* Spreadsheets leave rows of nothing but delimiters at the end. */
static bool
is_blank_row(const struct csv_row *row)
{
	for (size_t i = 0; i < row->n; i++)
		if (*row->field[i] != '\0')
			return false;
	return true;
}

static bool
has_width(struct files_sheet *sheet)
{
	const size_t n = sheet->row.n;
	const bool header = sheet->f->set->header;
	char reason[128];

	if (header ? n == sheet->width : n >= sheet->width)
		return true;
	(void)snprintf(reason, sizeof(reason), "expected %s%zu fields, got %zu",
	    header ? "" : "at least ", sheet->width, n);
	bad_row(sheet, NULL, reason);
	return false;
}

static bool
take_row(struct files_sheet *sheet, enum csv_step step,
    const struct files_reader *reader, struct err *err)
{
	bool readable = false;

	if (step == CSV_ROW && is_blank_row(&sheet->row))
		return true;
	if (step == CSV_BAD) {
		bad_text(sheet);
	} else if (has_width(sheet)) {
		readable = files_cell(sheet, 0) != NULL;
		if (!readable)
			files_bad_cell(sheet, 0, "a key");
	}
	if (!readable) {
		if (reader->bad != NULL)
			reader->bad(reader->arg, sheet->row.raw,
			    sheet->row.raw_len);
		return true;
	}
	const bool ok = reader->row(reader->arg, sheet, err);
	arena_reset(sheet->f->record);
	return ok;
}

static bool
is_cancelled(const struct files *f)
{
	return f->env.cancelled != NULL && f->env.cancelled();
}

static bool
read_rows(struct files_sheet *sheet, struct csv *csv,
    const struct files_reader *reader, struct err *err)
{
	for (size_t n = 1; reader->row != NULL; n++) {
		const enum csv_step step = csv_next(csv, &sheet->row, err);
		if (step == CSV_END)
			break;
		if (step == CSV_FAILED)
			return err_wrap(err, "%s", sheet->source);
		if (n % FILES_PAGE == 0 && is_cancelled(sheet->f))
			return err_set(err, ERR_CANCELLED, "%s: stopped",
			    sheet->source);
		if (!take_row(sheet, step, reader, err))
			return false;
	}
	return true;
}

static bool
read_header(struct files_sheet *sheet, struct csv *csv, struct err *err)
{
	sheet->row = (struct csv_row){ .n = 0 };
	sheet->width = 0;
	if (sheet->f->set->header) {
		switch (csv_next(csv, &sheet->row, err)) {
		case CSV_ROW:
			sheet->width = sheet->row.n;
			break;
		case CSV_BAD:
			return err_set(err, ERR_CONFIG, "%s: expected a "
			    "header, got %s", sheet->source, sheet->row.bad);
		case CSV_END:
			return err_set(err, ERR_CONFIG, "%s: expected a "
			    "header, got an empty file", sheet->source);
		case CSV_FAILED:
			return err_wrap(err, "%s", sheet->source);
		}
	}
	return find_columns(sheet, err);
}

/* reader->row == NULL: looks at the header only. */
static bool
read_file(struct files_sheet *sheet, const struct files_reader *reader,
    struct err *err)
{
	struct files *f = sheet->f;
	AUTO(csv) struct csv *csv = NULL;

	if (!files_source_csv(f, sheet->source, &csv, err) ||
	    !read_header(sheet, csv, err))
		return false;
	arena_reset(f->record);
	return read_rows(sheet, csv, reader, err);
}

bool
files_has(const struct files *f, enum files_kind kind)
{
	return *f->table[kind].file != '\0';
}

bool
files_read(struct files *f, enum files_kind kind,
    const struct files_reader *reader, struct err *err)
{
	const char **names;
	AUTO(arena) struct arena *arena =
	    arena_new(NAMES_BYTES);
	struct files_sheet sheet = { .f = f, .kind = kind,
		.quiet = reader->quiet };

	if (!files_has(f, kind))
		return true;
	if (arena == NULL)
		return err_nomem(err);
	if (!files_source_list(f, f->table[kind].file, files_kind_names[kind],
	    arena, &names, err))
		return false;
	for (; *names != NULL; names++) {
		sheet.source = *names;
		if (!read_file(&sheet, reader, err))
			return false;
	}
	return true;
}

bool
files_check(struct files *f, enum files_kind kind, struct err *err)
{
	const struct files_reader header_only = { .quiet = true };

	return files_read(f, kind, &header_only, err);
}
