/*
 * CSV.  The first byte chooses the format, the second how the bytes arrive and
 * which UTF-16; the rest is a file.  It is read by the program's reader and by a second copy
 * of it with small limits and reads of a few bytes, which must agree as long
 * as no limit is met; then every row is written and read again.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "common/csv.h"

/* ---- the copy --------------------------------------------------------- */
static size_t read_at_once = 1;

static ssize_t
read_split(int fd, void *to, size_t size, off_t at)
{
	return pread(fd, to, size < read_at_once ? size : read_at_once, at);
}

#undef CSV_ROW_MAX
#undef CSV_QUOTED_MAX
#undef CSV_FIELDS_MAX
#define CSV_ROW_MAX ((size_t)256)
#define CSV_QUOTED_MAX ((size_t)64)
#define CSV_FIELDS_MAX ((size_t)8)
#define pread read_split
#define csv small_csv
#define csv_open small_csv_open
#define csv_fd_open small_csv_fd_open
#define csv_own_fd small_csv_own_fd
#define csv_next small_csv_next
#define csv_delimiter small_csv_delimiter
#define csv_close small_csv_close
#define csv_cleanup small_csv_cleanup
#define csv_file_begin small_csv_file_begin
#define csv_file_read small_csv_file_read
#define csv_file_is_same small_csv_file_is_same
#define csv_utf16_take small_csv_utf16_take
struct small_csv;
void small_csv_own_fd(struct small_csv *csv);
bool small_csv_fd_open(int fd, const char *path,
    const struct csv_format *format, struct small_csv **csv, struct err *err);
bool small_csv_open(const char *path, const struct csv_format *format,
    struct small_csv **csv, struct err *err);
enum csv_step small_csv_next(struct small_csv *csv, struct csv_row *row,
    struct err *err);
char small_csv_delimiter(const struct small_csv *csv);
void small_csv_close(struct small_csv *csv);
static inline void
small_csv_cleanup(struct small_csv **csv)
{
	small_csv_close(*csv);
}
#include "../../connectors/common/csv_file.c"
#include "../../connectors/common/csv.c"
#undef pread
#undef csv
#undef csv_open
#undef csv_fd_open
#undef csv_own_fd
#undef csv_next
#undef csv_delimiter
#undef csv_close
#undef csv_cleanup

#define SMALL_ROW ((size_t)256)
#define SMALL_FIELDS ((size_t)8)
#define REAL_FIELDS ((size_t)1024)

/* ---- a file ------------------------------------------------------------ */
/* One in memory, used again for each input: a new one costs more than all the
 * rest. */
static const char *
file_make(int *fd, const void *data, size_t size)
{
	static char path[64];

	if (*fd == -1)
		*fd = memfd_create("fuzz.csv", MFD_CLOEXEC);
	CHECK(*fd >= 0 && ftruncate(*fd, 0) == 0 &&
	    pwrite(*fd, data, size, 0) == (ssize_t)size);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	return path;
}

/* ---- one row ----------------------------------------------------------- */
static void
check_row(enum csv_step step, const struct csv_row *row, long line,
    size_t fields_max)
{
	CHECK(row->line >= line);
	CHECK(row->raw_len == 0 || row->raw != NULL);
	if (step == CSV_BAD) {
		CHECK(row->bad != NULL && row->n == 0 && row->bad_field >= 1 &&
		    row->bad_field <= fields_max);
		return;
	}
	CHECK(row->bad == NULL && row->n >= 1 && row->n <= fields_max);
	for (size_t i = 0; i < row->n; i++)
		CHECK(row->field[i] != NULL && text_valid(row->field[i]));
}

static bool
same_row(const struct csv_row *a, const struct csv_row *b)
{
	/* Of a bad row the copy shows what its small buffer holds. */
	const size_t len = a->raw_len < b->raw_len ? a->raw_len : b->raw_len;

	if (a->n != b->n || a->line != b->line ||
	    (a->raw_len != b->raw_len && (a->bad == NULL || len != SMALL_ROW)) ||
	    a->bad_field != b->bad_field || !fuzz_same(a->bad, b->bad) ||
	    memcmp(a->raw, b->raw, len) != 0)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->field[i], b->field[i]) != 0)
			return false;
	return true;
}

/* A limit of the copy: from here on it reads other rows. */
static bool
met_limit(const struct csv_row *row)
{
	return row->bad != NULL && (strstr(row->bad, "more than") != NULL ||
	    strstr(row->bad, "longer than") != NULL ||
	    strstr(row->bad, "within") != NULL);
}

/* One step of the copy, if it has read the same so far. */
static void
check_copy(struct small_csv *copy, enum csv_step step,
    const struct csv_row *row, bool *same)
{
	struct csv_row other = { .line = 1 };
	struct err err;

	if (!*same)
		return;
	const enum csv_step x = small_csv_next(copy, &other, &err);
	CHECK(x != CSV_FAILED);
	if (x != CSV_END) {
		check_row(x, &other, 1, SMALL_FIELDS);
		CHECK(other.raw_len <= SMALL_ROW);
		*same = !met_limit(&other);
	}
	if (*same)
		CHECK(x == step && (x == CSV_END || same_row(row, &other)));
}

/* To its end, which it must find. */
static void
drain_copy(struct small_csv *copy)
{
	struct csv_row row;
	struct err err;
	enum csv_step x;
	long line = 1;

	while ((x = small_csv_next(copy, &row, &err)) != CSV_END) {
		CHECK(x != CSV_FAILED && row.raw_len <= SMALL_ROW);
		check_row(x, &row, line, SMALL_FIELDS);
		line = row.line;
	}
}

/* ---- round trip -------------------------------------------------------- */
/* A row of one empty field is an empty line, which no reader gives. */
static bool
is_nothing(const struct csv_row *row)
{
	return row->n == 1 && row->field[0][0] == '\0';
}

/* Into the file to be read again, and into kept: each field with a 'f' before
 * and a NUL behind it, a '.' at the end of the row. */
static void
write_row(const struct csv_format *format, const struct csv_row *row,
    struct buf *out, struct buf *kept)
{
	const size_t before = out->len;

	if (is_nothing(row))
		return;
	if (!csv_add_row(out, format, row->field, row->n)) {
		/* What could be read can be written, but for the quotes. */
		CHECK(out->len == before && !out->failed);
		CHECK(format->quote == '\0');
		return;
	}
	for (size_t i = 0; i < row->n; i++)
		CHECK(buf_char(kept, 'f') && buf_add(kept, row->field[i],
		    strlen(row->field[i]) + 1));
	CHECK(buf_char(kept, '.'));
}

static void
check_again(const struct csv_format *format, const struct buf *text,
    const struct buf *kept)
{
	static int fd = -1;
	AUTO(csv) struct csv *csv = NULL;
	const char *p = buf_text(kept);
	struct csv_row row;
	struct err err;

	CHECK(csv_open(file_make(&fd, text->s, text->len), format, &csv,
	    &err));
	CHECK(csv_next(csv, &row, &err) == CSV_ROW);	/* the heading */
	while (p < buf_text(kept) + kept->len) {
		CHECK(csv_next(csv, &row, &err) == CSV_ROW);
		for (size_t i = 0; i < row.n; i++) {
			CHECK(*p == 'f' && strcmp(p + 1, row.field[i]) == 0);
			p += strlen(p) + 1;
		}
		CHECK(*p++ == '.');
	}
	CHECK(csv_next(csv, &row, &err) == CSV_END);
}

static void
check_file(struct csv_format format, const char *path)
{
	AUTO(csv) struct csv *csv = NULL;
	AUTO(small_csv) struct small_csv *copy = NULL;
	AUTO(buf) struct buf text, kept;
	struct csv_row row = { .line = 1 };
	struct err err = { .kind = ERR_NONE };
	enum csv_step step;

	buf_init(&text, (size_t)1 << 22);
	buf_init(&kept, (size_t)1 << 22);
	const bool ok = csv_open(path, &format, &csv, &err);
	CHECK(small_csv_open(path, &format, &copy, &err) == ok);
	if (!ok) {
		CHECK(err.kind == ERR_CONFIG && text_valid(err.msg));
		return;
	}
	format.delimiter = csv_delimiter(csv);
	if (format.charset >= CSV_UTF16)
		format.charset = CSV_UTF8;	/* as it is written again */
	CHECK(format.delimiter != '\0');
	/* The copy may have guessed from a shorter first line. */
	bool same = small_csv_delimiter(copy) == format.delimiter;
	/* A heading, so that no field is taken for a byte order mark. */
	CHECK(buf_str(&text, "h\r\n"));
	do {
		const long line = row.line;
		step = csv_next(csv, &row, &err);
		CHECK(step != CSV_FAILED);
		if (step != CSV_END)
			check_row(step, &row, line, REAL_FIELDS);
		check_copy(copy, step, &row, &same);
		if (step == CSV_ROW)
			write_row(&format, &row, &text, &kept);
	} while (step != CSV_END);
	if (!same)
		drain_copy(copy);
	check_again(&format, &text, &kept);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char delimiters[] = { '\0', ';', ',', '\t', '|', ':', ' ',
		'a' };
	static const char quotes[] = { '"', '"', '\'', '\0' };
	static const size_t reads[] = { 1, 2, 3, 5, 7, 64, 255, 4096 };
	static int fd = -1;
	struct fuzz_in in = { data, size };
	const unsigned how = fuzz_byte(&in), more = fuzz_byte(&in);
	const enum csv_charset utf16[] = { CSV_UTF16, CSV_UTF16LE, CSV_UTF16,
		CSV_UTF16BE };

	read_at_once = reads[more & 7];
	const struct csv_format format = {
		.charset = how & 0x80 ? utf16[more >> 3 & 3] :
		    how & 1 ? CSV_WINDOWS_1252 : CSV_UTF8,
		.trim = (how & 2) != 0,
		.delimiter = delimiters[how >> 2 & 7],
		.quote = quotes[how >> 5 & 3],
	};
	check_file(format, file_make(&fd, in.p, in.left));
	return 0;
}
