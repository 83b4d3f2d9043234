/*
 * put.c - tags as an import sheet of two columns, for people or a job to
 * import, and replaced tags as a second file, since an import only adds.
 *
 * There is no state of our own: what must be written is what stands neither in
 * the CRM's export nor in a sheet that still lies in out.dir.  So a repeat
 * after a crash doubles nothing.
 */
#include "put.h"

#include <stdio.h>
#include <string.h>

#define PUT_BYTES ((size_t)64 << 20)
#define SHEET_BYTES ((size_t)64 << 20)

void
put_end_item(struct item *item, enum put_outcome outcome, const char *reason)
{
	if (item->ended)
		return;
	item->ended = true;
	item->result->outcome = outcome;
	(void)snprintf(item->result->reason, sizeof(item->result->reason),
	    "%s", reason);
}

/* ---- what can be written at all ------------------------------------- */

static void
check_item(struct item *item)
{
	const struct crm_tag_write *write = item->write;

	if (put_is_formula(write->value) || put_is_formula(write->old))
		put_end_item(item, PUT_REJECTED, "expected a tag that does not "
		    "begin like a formula (= + - @ tab CR)");
}

static bool
chain_contact(struct batch *batch, struct item *item)
{
	struct files_entry *e = files_lookup_add(&batch->by_contact,
	    item->write->contact_id);

	if (e == NULL)
		return false;
	item->same_contact = e->value;
	e->value = item;
	return true;
}

bool
put_prepare(struct batch *batch, const struct crm_tag_write *writes,
    struct put_result *results, struct err *err)
{
	files_lookup_init(&batch->by_contact, batch->arena);
	files_lookup_init(&batch->by_key, batch->arena);
	batch->item = arena_array(batch->arena, batch->n,
	    sizeof(*batch->item));
	if (batch->item == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < batch->n; i++) {
		struct item *item = &batch->item[i];
		results[i] = (struct put_result){ .outcome = PUT_DONE };
		item->write = &writes[i];
		item->result = &results[i];
		item->key = writes[i].contact_id;
		check_item(item);
		if (!chain_contact(batch, item))
			return err_nomem(err);
		if (writes[i].old != NULL && (writes[i].value == NULL ||
		    strcmp(writes[i].old, writes[i].value) != 0))
			put_add_old(batch, item, writes[i].old);
	}
	return true;
}

/* ---- the two files -------------------------------------------------- */

static bool
begin_sheet(const struct files *f, struct buf *out, struct err *err)
{
	const char *const header[] = { f->set->out.contact_column,
		f->set->out.tag_column };

	buf_init(out, SHEET_BYTES);
	if (f->set->out.bom && f->out_format.charset == CSV_UTF8)
		(void)buf_str(out, "\xef\xbb\xbf");
	if (csv_add_row(out, &f->out_format, header, ARRAY_LEN(header)))
		return true;
	return out->no_memory ? err_nomem(err) : err_set(err, ERR_CONFIG,
	    "files: out.contact_column, out.tag_column: expected names that "
	    "out.charset has");
}

static bool
add_row(const struct files *f, struct buf *out, struct item *item,
    const char *tag, struct err *err)
{
	const char *const row[] = { item->key, tag };

	if (csv_add_row(out, &f->out_format, row, ARRAY_LEN(row))) {
		item->written = true;
		return true;
	}
	if (out->failed)
		return err_nomem(err);
	put_end_item(item, PUT_REJECTED, "expected a key and a tag that "
	    "out.charset can write");
	return true;
}

/* An earlier write of the batch puts the same row. */
static bool
is_repeated(const struct item *item)
{
	for (const struct item *i = item->same_key; i != NULL; i = i->same_key)
		if (!i->ended && strcmp(i->key, item->key) == 0 &&
		    i->write->value != NULL &&
		    strcmp(i->write->value, item->write->value) == 0)
			return true;
	return false;
}

static bool
put_sheet(const struct batch *batch, const char *what, const struct buf *out,
    size_t empty, struct err *err)
{
	char name[64];

	if (out->len == empty)
		return true;
	if (!files_put_sheet(batch->f, what, out, name, err))
		return false;
	for (size_t i = 0; i < batch->n; i++) {
		struct item *item = &batch->item[i];
		if (item->written && *item->result->remote_id == '\0')
			memcpy(item->result->remote_id, name, sizeof(name));
		item->written = false;
	}
	return true;
}

static bool
put_additions(struct batch *batch, struct err *err)
{
	AUTO(buf) struct buf out;

	if (!begin_sheet(batch->f, &out, err))
		return false;
	const size_t empty = out.len;
	for (size_t i = 0; i < batch->n; i++) {
		struct item *item = &batch->item[i];
		const char *value = item->write->value;
		if (item->ended || value == NULL || item->known ||
		    item->stands || is_repeated(item))
			continue;
		if (!add_row(batch->f, &out, item, value, err))
			return false;
	}
	return put_sheet(batch, "tags", &out, empty, err);
}

static bool
put_removals(struct batch *batch, struct err *err)
{
	AUTO(buf) struct buf out;

	if (!begin_sheet(batch->f, &out, err))
		return false;
	const size_t empty = out.len;
	for (size_t i = 0; i < batch->n && batch->f->set->out.remove_list;
	    i++) {
		struct item *item = &batch->item[i];
		for (const struct old *old = item->old; old != NULL &&
		    !item->ended; old = old->next)
			if (!old->listed && !add_row(batch->f, &out, item,
			    old->tag, err))
				return false;
	}
	return put_sheet(batch, "remove", &out, empty, err);
}

static void
end_items(struct batch *batch)
{
	const bool remove = batch->f->set->out.remove_list;

	for (size_t i = 0; i < batch->n; i++) {
		struct item *item = &batch->item[i];
		const bool add = item->write->value != NULL && !item->known;
		if (item->write->value == NULL && item->old != NULL && !remove)
			put_end_item(item, PUT_REJECTED, "an import sheet "
			    "cannot remove a tag, and out.remove_list is off");
		else if (add || (item->old != NULL && remove))
			put_end_item(item, PUT_DONE, "");
		else
			put_end_item(item, PUT_UNCHANGED, "");
	}
}

bool
files_put_tags(void *self, const struct crm_tag_write *writes, size_t n,
    struct put_result *results, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(PUT_BYTES);
	struct batch batch = { .f = self, .arena = arena, .n = n };

	if (arena == NULL)
		return err_nomem(err);
	if (*batch.f->set->out.dir == '\0')
		return err_set(err, ERR_DONE, "files: out.dir is not set: no "
		    "tags are written");
	if (n == 0)
		return true;
	if (!put_prepare(&batch, writes, results, err) ||
	    !put_read_export(&batch, err) || !put_find_keys(&batch, err) ||
	    !put_read_lying(&batch, err))
		return false;
	/* First the new tag: between the two a score may show twice, but is
	 * never lost. */
	if (!put_additions(&batch, err) || !put_removals(&batch, err))
		return false;
	end_items(&batch);
	return true;
}
