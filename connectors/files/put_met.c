/*
 * put_met.c - which tags the contacts of a batch have, by the CRM's export and
 * by the sheets that still lie in out.dir.
 */
#include "put.h"

#include <string.h>

#include "common/tagset.h"

/* ---- tags ----------------------------------------------------------- */

void
put_add_old(struct batch *batch, struct item *item, const char *tag)
{
	for (const struct old *old = item->old; old != NULL; old = old->next)
		if (strcmp(old->tag, tag) == 0)
			return;
	struct old *old = arena_alloc(batch->arena, sizeof(*old));
	if (old == NULL)
		return;		/* arena_failed is looked at once, later */
	old->tag = arena_strdup(batch->arena, tag);
	old->next = item->old;
	item->old = old;
}

/* A tag of this contact was met.  True if it is the value itself. */
static bool
meet_tag(struct batch *batch, struct item *item, const char *tag)
{
	const char *composed = tagset_compose(batch->arena, tag);

	if (item->write->value != NULL &&
	    strcmp(composed, item->write->value) == 0)
		return true;
	if (tagset_replaces(item->write, composed))
		put_add_old(batch, item, tag);
	return false;
}

/* ---- what the CRM's export says ------------------------------------- */

static struct item *
items_of(const struct files_lookup *lookup, const char *key)
{
	const struct files_entry *e = files_lookup_get(lookup, key);

	return e == NULL ? NULL : e->value;
}

static bool
meet_contact(void *arg, const struct crm_contact *c)
{
	struct batch *batch = arg;

	for (struct item *item = items_of(&batch->by_contact, c->contact_id);
	    item != NULL; item = item->same_contact) {
		item->met = true;
		if (c->gone)
			put_end_item(item, PUT_GONE, "the contact is not in "
			    "the export");
		for (size_t i = 0; c->tags != NULL && c->tags[i] != NULL; i++)
			if (meet_tag(batch, item, c->tags[i]))
				item->known = true;
	}
	return true;
}

/* Without a table of contacts the tags alone are known. */
static void
meet_tags(struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct item *item = &batch->item[i];
		const struct files_entry *e = files_lookup_get(
		    &batch->f->tags, item->write->contact_id);
		const struct files_tag *tag = e == NULL ? NULL : e->value;
		item->met = true;
		for (; tag != NULL; tag = tag->next)
			if (meet_tag(batch, item, tag->text))
				item->known = true;
	}
}

bool
put_read_export(struct batch *batch, struct err *err)
{
	const char **ids = arena_array(batch->arena, batch->n, sizeof(*ids));

	if (ids == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < batch->n; i++)
		ids[i] = batch->item[i].write->contact_id;
	if (!files_index(batch->f, false, err) ||
	    !files_load_contacts(batch->f, ids, batch->n, meet_contact, batch,
	    err))
		return false;
	if (!files_has(batch->f, FILES_CONTACTS))
		meet_tags(batch);
	for (size_t i = 0; i < batch->n; i++)
		if (!batch->item[i].met)
			put_end_item(&batch->item[i], PUT_AGAIN,
			    "the row of the contact cannot be read");
	return true;
}

/* ---- keys of the sheet ---------------------------------------------- */

/* A spreadsheet would run such a cell as a formula. */
bool
put_is_formula(const char *s)
{
	static const char *const starts[] = { "=", "+", "-", "@", "\t", "\r",
		"\uff1d", "\uff0b", "\uff0d", "\uff20" };

	for (size_t i = 0; s != NULL && i < ARRAY_LEN(starts); i++)
		if (strncmp(s, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

static void
check_key(struct item *item)
{
	if (item->key == NULL || *item->key == '\0')
		put_end_item(item, PUT_REJECTED, "expected a contact with a "
		    "key for the import sheet, it is empty");
	else if (put_is_formula(item->key))
		put_end_item(item, PUT_REJECTED, "expected a key that does not "
		    "begin like a formula (= + - @ tab CR)");
}

/* Addresses differ in case and are the same; so keys are looked up in small
 * letters. */
static const char *
small(struct arena *arena, const char *key)
{
	char *s = arena_strdup(arena, key);

	for (char *p = s; p != NULL && *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return s == NULL ? "" : s;
}

static bool
chain_key(struct batch *batch, struct item *item)
{
	struct files_entry *e = files_lookup_add(&batch->by_key,
	    small(batch->arena, item->key));

	if (e == NULL)
		return false;
	item->same_key = e->value;
	e->value = item;
	return true;
}

static bool
key_row(void *arg, struct files_sheet *sheet, struct err *err)
{
	struct batch *batch = arg;
	const char *key = files_cell(sheet, CONTACT_KEY);

	(void)err;
	for (struct item *item = items_of(&batch->by_contact,
	    files_cell(sheet, CONTACT_ID)); item != NULL;
	    item = item->same_contact)
		item->key = arena_strdup(batch->arena, key);
	return true;
}

/* An address that two cards carry would tag the wrong one. */
static bool
shared_row(void *arg, struct files_sheet *sheet, struct err *err)
{
	const struct batch *batch = arg;
	const char *id = files_cell(sheet, CONTACT_ID);
	const char *key = files_cell(sheet, CONTACT_KEY);

	(void)err;
	if (key == NULL)
		return true;
	for (struct item *item = items_of(&batch->by_key,
	    small(batch->f->record, key)); item != NULL; item = item->same_key)
		if (strcmp(item->write->contact_id, id) != 0)
			put_end_item(item, PUT_REJECTED, "expected a key of "
			    "one contact, several carry it");
	return true;
}

bool
put_find_keys(struct batch *batch, struct err *err)
{
	const bool by_column = *batch->f->set->out.key != '\0';
	const struct files_reader keys = { .row = key_row, .arg = batch,
		.quiet = true };
	const struct files_reader shared = { .row = shared_row, .arg = batch,
		.quiet = true };

	if (by_column && !files_has(batch->f, FILES_CONTACTS))
		return err_set(err, ERR_CONFIG, "files: out.key: expected "
		    "contacts.file, which has that column");
	for (size_t i = 0; by_column && i < batch->n; i++)
		batch->item[i].key = NULL;
	if (by_column && !files_read(batch->f, FILES_CONTACTS, &keys, err))
		return false;
	for (size_t i = 0; i < batch->n; i++) {
		check_key(&batch->item[i]);
		if (!batch->item[i].ended &&
		    !chain_key(batch, &batch->item[i]))
			return err_nomem(err);
	}
	return !by_column ||
	    files_read(batch->f, FILES_CONTACTS, &shared, err);
}

/* ---- what lies in out.dir ------------------------------------------- */

static void
meet_lying_tag(void *arg, const char *key, const char *tag)
{
	struct batch *batch = arg;

	for (struct item *item = items_of(&batch->by_key,
	    small(batch->f->record, key)); item != NULL; item = item->same_key)
		if (strcmp(item->key, key) == 0 && meet_tag(batch, item, tag))
			item->stands = true;
	arena_reset(batch->f->record);
}

static void
meet_removal(struct batch *batch, struct item *item, const char *tag)
{
	const char *value = item->write->value;

	if (value != NULL && strcmp(tagset_compose(batch->arena, tag), value) == 0)
		put_end_item(item, PUT_AGAIN, "a list in out.dir still says to "
		    "remove this tag");
	for (struct old *old = item->old; old != NULL; old = old->next)
		if (strcmp(old->tag, tag) == 0)
			old->listed = true;
}

static void
meet_lying_removal(void *arg, const char *key, const char *tag)
{
	struct batch *batch = arg;

	for (struct item *item = items_of(&batch->by_key,
	    small(batch->f->record, key)); item != NULL; item = item->same_key)
		if (strcmp(item->key, key) == 0)
			meet_removal(batch, item, tag);
	arena_reset(batch->f->record);
}

bool
put_read_lying(struct batch *batch, struct err *err)
{
	return files_read_sheets(batch->f, "tags", meet_lying_tag, batch,
	    err) && files_read_sheets(batch->f, "remove", meet_lying_removal,
	    batch, err) && (!arena_failed(batch->arena) || err_nomem(err));
}
