#include "table.h"

#include <stdlib.h>
#include <string.h>
#include <unistr.h>
#include <uniwidth.h>

#include "buf.h"
#include "text.h"

#define TEXT_MAX ((size_t)64 * 1024 * 1024)
#define ELLIPSIS "\xe2\x80\xa6"

struct table {
	FILE *out;
	enum table_format format;
	const struct table_column *columns;
	size_t n, rows;
	int *widths;		/* TEXT: what each column needs so far */
	struct buf cells;	/* TEXT: all cells, each with its NUL */
	struct buf scratch;	/* one cell on its way out */
};

static const char *
cell_text(const char *cell)
{
	return cell == NULL ? "" : cell;
}

/* As JSON and spreadsheets read one: no "+", no leading zeros, no exponent. */
static bool
is_number(const char *s)
{
	const char *p = s + (*s == '-' ? 1 : 0);
	const size_t digits = strspn(p, "0123456789");

	if (digits == 0 || (p[0] == '0' && digits > 1))
		return false;
	p += digits;
	if (*p == '.') {
		const size_t fraction = strspn(p + 1, "0123456789");
		if (fraction == 0)
			return false;
		p += 1 + fraction;
	}
	return *p == '\0';
}

/* ---- text ---------------------------------------------------------------- */

static int
width_of(const char *s)
{
	return u8_strwidth((const uint8_t *)s, "UTF-8");
}

/* Bytes that are their own escape, one column wide each: most of any text. */
static size_t
plain_length(const char *s)
{
	size_t n = 0;

	while (s[n] >= 0x20 && s[n] < 0x7f)
		n++;
	return n;
}

/* Appends at most max columns (0 = any) of cell, escaped, with its NUL.
 * Returns the columns used. */
static int
cell_collect(struct buf *buf, const char *cell, int max)
{
	char piece[TEXT_PIECE];
	const size_t from = buf->len;
	size_t took, keep = from;
	int width = 0;

	if (max == 0) {
		const size_t n = plain_length(cell);
		(void)buf_add(buf, cell, n);
		cell += n;
	}
	for (; !buf->failed && (took = text_piece(cell, piece)) > 0;
	    cell += took) {
		const int w = width_of(piece);
		if (max > 0 && width + w > max) {
			/* One column for the mark, so back to where it fits. */
			buf->len = keep;
			(void)buf_str(buf, ELLIPSIS);
			width = max;
			break;
		}
		(void)buf_str(buf, piece);
		width += w;
		if (width < max)
			keep = buf->len;
	}
	(void)buf_char(buf, '\0');
	return buf->failed ? 0 : width_of(buf->s + from);
}

static void
text_row(struct table *t, const char *const *cells)
{
	for (size_t i = 0; i < t->n; i++) {
		const int w = cell_collect(&t->cells, cell_text(cells[i]),
		    t->columns[i].max_width);
		if (w > t->widths[i])
			t->widths[i] = w;
	}
}

/* A heading is an identifier: ASCII. */
static void
text_heading(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		for (const char *p = t->columns[i].name; *p != '\0'; p++)
			(void)buf_char(&t->cells, *p >= 'a' && *p <= 'z' ?
			    (char)(*p - 'a' + 'A') : *p);
		(void)buf_char(&t->cells, '\0');
		t->widths[i] = width_of(t->columns[i].name);
	}
}

static void
pad(FILE *out, int n)
{
	for (; n > 0; n--)
		(void)fputc(' ', out);
}

/* Columns stand two blanks apart; nothing trails the last cell of a line. */
static void
text_line(struct table *t, const char **cell)
{
	int owed = 0;

	for (size_t i = 0; i < t->n; i++) {
		const int gap = t->widths[i] - width_of(*cell);
		if (t->columns[i].right)
			owed += gap;
		if (**cell != '\0') {
			pad(t->out, owed);
			(void)fputs(*cell, t->out);
			owed = 0;
		}
		if (!t->columns[i].right)
			owed += gap;
		owed += 2;
		*cell += strlen(*cell) + 1;
	}
	(void)fputc('\n', t->out);
}

static void
text_finish(struct table *t)
{
	const char *cell = t->cells.s, *end = cell + t->cells.len;

	while (cell < end)
		text_line(t, &cell);
}

/* ---- JSON ---------------------------------------------------------------- */

/* Bytes that are no UTF-8 become U+FFFD: the output must stay readable. */
static void
json_string(FILE *out, const char *s)
{
	ucs4_t c;
	int n;

	(void)fputc('"', out);
	while ((n = u8_strmbtouc(&c, (const uint8_t *)s)) != 0) {
		if (n < 0)
			(void)fputs("\xef\xbf\xbd", out);
		else if (c == '"' || c == '\\')
			(void)fprintf(out, "\\%c", (char)c);
		else if (c == '\n')
			(void)fputs("\\n", out);
		else if (c < 0x20)
			(void)fprintf(out, "\\u%04x", (unsigned)c);
		else
			(void)fwrite(s, 1, (size_t)n, out);
		s += n < 0 ? 1 : n;
	}
	(void)fputc('"', out);
}

static void
json_row(struct table *t, const char *const *cells)
{
	(void)fputs(t->rows == 0 ? "[\n{" : ",\n{", t->out);
	for (size_t i = 0; i < t->n; i++) {
		if (i > 0)
			(void)fputs(", ", t->out);
		json_string(t->out, t->columns[i].name);
		(void)fputs(": ", t->out);
		if (cells[i] == NULL)
			(void)fputs("null", t->out);
		else if (t->columns[i].right && is_number(cells[i]))
			(void)fputs(cells[i], t->out);
		else
			json_string(t->out, cells[i]);
	}
	(void)fputc('}', t->out);
}

/* ---- CSV ----------------------------------------------------------------- */

/* What a spreadsheet takes for the beginning of a formula, full-width forms
 * included: LibreOffice and Excel fold them. */
static bool
starts_formula(const char *s)
{
	static const char *const wide[] = { "\xef\xbc\x9d", "\xef\xbc\x8b",
		"\xef\xbc\x8d", "\xef\xbc\xa0" };

	if (s[0] != '\0' && strchr("=+-@\t\r\n", s[0]) != NULL)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		if (strncmp(s, wide[i], strlen(wide[i])) == 0)
			return true;
	return false;
}

static char
separator(const struct table *t)
{
	return t->format == TABLE_CSV ? ',' : ';';
}

static void
csv_cell(struct table *t, const char *cell, bool number)
{
	struct buf *b = &t->scratch;

	buf_reset(b);
	if (!(number && is_number(cell)) && starts_formula(cell))
		(void)buf_char(b, '\'');
	(void)buf_str(b, cell);
	/* A line that is empty would be no row at all. */
	if (strpbrk(buf_text(b), t->format == TABLE_CSV ? "\",\r\n"
	        : "\";\r\n") == NULL &&
	    !(t->n == 1 && b->len == 0)) {
		(void)fputs(buf_text(b), t->out);
		return;
	}
	(void)fputc('"', t->out);
	for (const char *p = buf_text(b); *p != '\0'; p++) {
		if (*p == '"')
			(void)fputc('"', t->out);
		(void)fputc(*p, t->out);
	}
	(void)fputc('"', t->out);
}

static void
csv_row(struct table *t, const char *const *cells)
{
	for (size_t i = 0; i < t->n; i++) {
		if (i > 0)
			(void)fputc(separator(t), t->out);
		csv_cell(t, cell_text(cells[i]), t->columns[i].right);
	}
	(void)fputs("\r\n", t->out);
}

static void
csv_heading(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (i > 0)
			(void)fputc(separator(t), t->out);
		csv_cell(t, t->columns[i].name, false);
	}
	(void)fputs("\r\n", t->out);
}

/* ---- all three ----------------------------------------------------------- */

struct table *
table_open(FILE *out, enum table_format format,
    const struct table_column *columns, size_t n)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->widths = calloc(n, sizeof(*t->widths));
	if (t->widths == NULL) {
		free(t);
		return NULL;
	}
	t->out = out;
	t->format = format;
	t->columns = columns;
	t->n = n;
	buf_init(&t->cells, TEXT_MAX);
	buf_init(&t->scratch, TEXT_MAX);
	switch (format) {
	case TABLE_TEXT:
		text_heading(t);
		break;
	case TABLE_CSV:
	case TABLE_SEMICOLON:
		csv_heading(t);
		break;
	case TABLE_JSON:
		break;
	}
	return t;
}

void
table_row(struct table *table, const char *const *cells)
{
	if (table == NULL)
		return;
	switch (table->format) {
	case TABLE_TEXT:
		text_row(table, cells);
		break;
	case TABLE_JSON:
		json_row(table, cells);
		break;
	case TABLE_CSV:
	case TABLE_SEMICOLON:
		csv_row(table, cells);
		break;
	}
	table->rows++;
}

size_t
table_rows(const struct table *table)
{
	return table->rows;
}

static bool
table_finish(struct table *t, struct err *err)
{
	if (t->cells.failed || t->scratch.failed)
		return err_set(err, ERR_NOMEM, "listing: more than %zu MiB",
		    TEXT_MAX / 1024 / 1024);
	if (t->format == TABLE_TEXT)
		text_finish(t);
	if (t->format == TABLE_JSON)
		(void)fputs(t->rows == 0 ? "[]\n" : "\n]\n", t->out);
	if (fflush(t->out) != 0)
		return err_errno(err, ERR_SYSTEM, "listing: write");
	if (ferror(t->out))	/* a while ago: errno tells no longer why */
		return err_set(err, ERR_SYSTEM, "listing: not written whole");
	return true;
}

bool
table_close(struct table *table, struct err *err)
{
	if (table == NULL)
		return err_nomem(err);
	const bool ok = table_finish(table, err);
	buf_free(&table->cells);
	buf_free(&table->scratch);
	free(table->widths);
	free(table);
	return ok;
}
