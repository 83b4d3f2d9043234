/*
 * table.h - listings: aligned columns for people, --json, --csv for programs.
 */
#ifndef NPSYNC_TABLE_H
#define NPSYNC_TABLE_H

#include <stdio.h>

#include "err.h"

/* TABLE_SEMICOLON: CSV as spreadsheets of the Nordic countries read it. */
enum table_format { TABLE_TEXT, TABLE_JSON, TABLE_CSV, TABLE_SEMICOLON };

struct table_column {
	const char *name;	/* machine name; heading in capitals */
	bool right;		/* right-aligned number; a JSON number */
	int max_width;		/* 0 = any; longer text gets an ellipsis */
};

struct table;

/* Columns are borrowed for the table's life.  Text is collected to find the
 * widths (ceiling 64 MiB), JSON and CSV are written row by row.  NULL = out of
 * memory, which table_row ignores and table_close reports. */
struct table *table_open(FILE *out, enum table_format format,
    const struct table_column *columns, size_t n);
/* n cells, UTF-8, NULL = empty (JSON null).  CSV: RFC 4180, and cells a
 * spreadsheet would run as a formula (= + - @ TAB CR, full-width forms) get a
 * single quote in front, numbers excepted.  Control characters are shown
 * escaped in text. */
void table_row(struct table *table, const char *const *cells);
/* Writes what is left and frees; false with err on a write error. */
NPS_MUSTCHECK bool table_close(struct table *table, struct err *err);
size_t table_rows(const struct table *table);

#endif
