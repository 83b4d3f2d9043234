/*
 * put_effects.c - what is written beside tags, as import sheets: fields of
 * cards, answers, posts and tasks.
 *
 * A sheet of fields or answers may be put twice: what it says is the same.  Of
 * posts and tasks the core asks for each once; the answer's id stands in the
 * row, so that an import can know it again.
 */
#include "put.h"

#include <stdio.h>
#include <string.h>

#define PUT_BYTES ((size_t)64 << 20)
#define SHEET_BYTES ((size_t)64 << 20)
#define CELLS_MAX 64

/* One kind of sheet; its first column is the contact. */
struct sheet {
	const char *what;
	const char *const *columns;	/* behind the contact; NULL = the fields */
	size_t n;
	void (*fill)(const struct crm_effect *e, const char **cells,
	    char day[16]);
};

static const char *
field_of(const struct crm_effect *e, const char *name)
{
	for (size_t i = 0; e->fields != NULL && e->fields[i][0] != NULL; i++)
		if (strcmp(e->fields[i][0], name) == 0)
			return e->fields[i][1];
	return NULL;
}

static const char *
day_text(int day, char text[16])
{
	return day == NO_DAY ? "" : day_iso(text, day);
}

/* ---- the sheets ---------------------------------------------------------- */
static void
fill_fields(const struct crm_effect *e, const char **cells, char day[16])
{
	(void)day;
	for (size_t i = 0; e->fields[i][0] != NULL; i++)
		cells[i] = e->fields[i][1];
}

static const char *const answer_columns[] = { "answer_id", "answered_at",
	"score", "type", "campaign", "campaign_id", "member_id",
	"wants_contact", "comment" };

static void
fill_answer(const struct crm_effect *e, const char **cells, char day[16])
{
	(void)day;
	cells[0] = e->ref;
	for (size_t i = 1; i < ARRAY_LEN(answer_columns); i++)
		cells[i] = field_of(e, answer_columns[i]);
	cells[4] = e->subject;
	cells[8] = e->text;
}

static const char *const feed_columns[] = { "answer_id", "date", "text" };

static void
fill_feed(const struct crm_effect *e, const char **cells, char day[16])
{
	cells[0] = e->ref;
	cells[1] = day_text(e->day, day);
	cells[2] = e->text;
}

static const char *const task_columns[] = { "answer_id", "employee", "due",
	"subject", "text" };

static void
fill_task(const struct crm_effect *e, const char **cells, char day[16])
{
	cells[0] = e->ref;
	cells[1] = e->employee_id;
	cells[2] = day_text(e->day, day);
	cells[3] = e->subject;
	cells[4] = e->text;
}

static const struct sheet fields_sheet = { "fields", NULL, 0, fill_fields };
static const struct sheet answer_sheet = { "answers", answer_columns,
	ARRAY_LEN(answer_columns), fill_answer };
static const struct sheet feed_sheet = { "feed", feed_columns,
	ARRAY_LEN(feed_columns), fill_feed };
static const struct sheet task_sheet = { "tasks", task_columns,
	ARRAY_LEN(task_columns), fill_task };

/* ---- rows ------------------------------------------------------------------ */
/* The same for all effects of one call. */
static size_t
count_cells(const struct sheet *sheet, const struct crm_effect *e)
{
	size_t n = sheet->n;

	while (sheet->columns == NULL && e->fields[n][0] != NULL)
		n++;
	return n;
}

static bool
add_header(const struct batch *batch, const struct sheet *sheet,
    const struct crm_effect *e, struct buf *out, struct err *err)
{
	const struct files *f = batch->f;
	const size_t n = count_cells(sheet, e);
	const char *cells[CELLS_MAX + 1] = { f->set->out.contact_column };

	if (n > CELLS_MAX)
		return err_set(err, ERR_CONFIG, "files: writeback.fields: "
		    "expected at most %d", CELLS_MAX);
	for (size_t i = 0; i < n; i++)
		cells[i + 1] = sheet->columns != NULL ? sheet->columns[i]
		                                      : e->fields[i][0];
	if (f->set->out.bom && f->out_format.charset == CSV_UTF8)
		(void)buf_str(out, "\xef\xbb\xbf");
	if (csv_add_row(out, &f->out_format, cells, n + 1))
		return true;
	return out->no_memory ? err_nomem(err) : err_set(err, ERR_CONFIG,
	    "files: out.contact_column, writeback.fields: expected names that "
	    "out.charset has");
}

/* Words of a customer that a spreadsheet would run get a blank in front. */
static const char *
harmless(struct arena *arena, const char *text)
{
	if (text == NULL)
		return "";
	return put_is_formula(text) ? arena_printf(arena, " %s", text) : text;
}

static bool
add_row(const struct batch *batch, const struct sheet *sheet,
    const struct crm_effect *e, struct item *item, struct buf *out,
    struct err *err)
{
	const size_t n = count_cells(sheet, e);
	const char *cells[CELLS_MAX + 1] = { item->key };
	char day[16];

	sheet->fill(e, cells + 1, day);
	for (size_t i = 1; i <= n; i++) {
		cells[i] = harmless(batch->arena, cells[i]);
		if (cells[i] == NULL)
			return err_nomem(err);
	}
	if (csv_add_row(out, &batch->f->out_format, cells, n + 1)) {
		item->written = true;
		return true;
	}
	if (out->failed)
		return err_nomem(err);
	put_end_item(item, PUT_REJECTED, "expected a text that out.charset can "
	    "write");
	return true;
}

/* ---- a call ----------------------------------------------------------------- */
static bool
find_cards(struct batch *batch, const struct crm_effect *effects,
    struct put_result *results, struct err *err)
{
	struct crm_tag_write *writes = arena_array(batch->arena, batch->n,
	    sizeof(*writes));

	if (writes == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < batch->n; i++)
		writes[i] = (struct crm_tag_write){ .value = "",
			.contact_id = effects[i].contact_id };
	return put_prepare(batch, writes, results, err) &&
	    put_read_export(batch, err) && put_find_keys(batch, err);
}

static bool
write_sheet(struct batch *batch, const struct sheet *sheet,
    const struct crm_effect *effects, bool *there, struct err *err)
{
	AUTO(buf) struct buf out;
	char name[64] = "";

	buf_init(&out, SHEET_BYTES);
	if (!add_header(batch, sheet, &effects[0], &out, err))
		return false;
	const size_t empty = out.len;
	for (size_t i = 0; i < batch->n; i++)
		if (!batch->item[i].ended && !add_row(batch, sheet,
		    &effects[i], &batch->item[i], &out, err))
			return false;
	if (out.len > empty &&
	    !files_put_dated(batch->f, sheet->what, &out, name, there, err))
		return false;
	for (size_t i = 0; i < batch->n; i++) {
		memcpy(batch->item[i].result->remote_id, name, sizeof(name));
		put_end_item(&batch->item[i], PUT_DONE, "");
	}
	return true;
}

/* What was not written may be tried again. */
static void
end_failed(const struct batch *batch, struct put_result *results, bool there)
{
	for (size_t i = 0; i < batch->n; i++)
		if (batch->item == NULL || !batch->item[i].ended)
			results[i] = (struct put_result){ .outcome = there
			    ? PUT_UNKNOWN : PUT_AGAIN };
}

static bool
put_effects(struct files *f, const struct sheet *sheet,
    const struct crm_effect *effects, size_t n, struct put_result *results,
    struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(PUT_BYTES);
	struct batch batch = { .f = f, .arena = arena, .n = n };
	bool there = false;

	if (*f->set->out.dir == '\0')
		return err_set(err, ERR_DONE, "files: out.dir is not set: "
		    "nothing is written");
	if (n == 0)
		return true;
	if (arena == NULL)
		(void)err_nomem(err);
	else if (find_cards(&batch, effects, results, err) &&
	    write_sheet(&batch, sheet, effects, &there, err))
		return true;
	end_failed(&batch, results, there);
	return false;
}

bool
files_put_fields(void *self, const struct crm_effect *effects, size_t n,
    struct put_result *results, struct err *err)
{
	return put_effects(self, &fields_sheet, effects, n, results, err);
}

bool
files_put_answer(void *self, const struct crm_effect *effects, size_t n,
    struct put_result *results, struct err *err)
{
	return put_effects(self, &answer_sheet, effects, n, results, err);
}

bool
files_post_feed(void *self, const struct crm_effect *effects, size_t n,
    struct put_result *results, struct err *err)
{
	return put_effects(self, &feed_sheet, effects, n, results, err);
}

bool
files_put_task(void *self, const struct crm_effect *effects, size_t n,
    struct put_result *results, struct err *err)
{
	return put_effects(self, &task_sheet, effects, n, results, err);
}
