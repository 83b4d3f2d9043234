/*
 * find.c - contacts by id and by address: the file is read once for all.
 */
#include "map.h"

#include <string.h>

#define IDS_BYTES ((size_t)256 << 20)

static bool
stopped(struct err *err)
{
	return err_set(err, ERR_CANCELLED, "files: stopped");
}

/* ---- by id ---------------------------------------------------------- */

struct wanted {
	bool found, unreadable;
};
struct load {
	struct files *f;
	struct files_lookup ids;	/* to struct wanted */
	const char *const *id;
	size_t n;
	crm_contact_fn *emit;
	void *arg;
	bool cut;	/* the line met last could not be taken apart */
};

static bool
load_row(void *arg, struct files_sheet *sheet, struct err *err)
{
	struct load *load = arg;
	struct crm_contact c;
	const struct files_entry *e = files_lookup_get(&load->ids,
	    files_cell(sheet, CONTACT_ID));

	load->cut = false;
	if (e == NULL)
		return true;
	struct wanted *wanted = e->value;
	if (files_map_contact(sheet, &c) != FILES_EMIT) {
		wanted->unreadable = true;
		return true;
	}
	if (arena_failed(load->f->record))
		return err_nomem(err);
	wanted->found = true;
	return load->emit(load->arg, &c) || stopped(err);
}

/* The bytes of a key in a file: not known beyond ASCII, where the charset may
 * be another, and with a quote, which stands doubled. */
static bool
is_as_in_file(const struct files *f, const char *id)
{
	for (const char *p = id; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80 || *p == f->format.quote)
			return false;
	return true;
}

/* Somebody whose row cannot be read is not gone: nothing is said about them. */
static void
load_bad(void *arg, const char *raw, size_t len)
{
	struct load *load = arg;

	load->cut = true;
	for (size_t i = 0; i < load->n; i++) {
		const char *id = load->id[i];
		const struct files_entry *e = files_lookup_get(&load->ids, id);
		struct wanted *wanted = e == NULL ? NULL : e->value;
		if (wanted != NULL && !wanted->found && !wanted->unreadable)
			wanted->unreadable = !is_as_in_file(load->f, id) ||
			    memmem(raw, len, id, strlen(id)) != NULL;
	}
}

/* Where the file ends in the middle of a line, more lines may be missing. */
static bool
load_gone(struct load *load, struct err *err)
{
	for (size_t i = 0; i < load->n && !load->cut; i++) {
		const struct files_entry *e = files_lookup_get(&load->ids,
		    load->id[i]);
		struct wanted *wanted = e == NULL ? NULL : e->value;
		const struct crm_contact c = { .contact_id = load->id[i],
			.gone = true, .consent_at = NO_TIME };
		if (wanted == NULL || wanted->found || wanted->unreadable)
			continue;
		wanted->found = true;	/* asked for twice: told once */
		if (!load->emit(load->arg, &c))
			return stopped(err);
	}
	return true;
}

static bool
load_prepare(struct load *load, struct arena *arena, struct err *err)
{
	if (arena == NULL)
		return err_nomem(err);
	files_lookup_init(&load->ids, arena);
	for (size_t i = 0; i < load->n; i++) {
		struct files_entry *e = files_lookup_add(&load->ids,
		    load->id[i]);
		if (e != NULL && e->value == NULL)
			e->value = arena_alloc(arena, sizeof(struct wanted));
	}
	return !arena_failed(arena) || err_nomem(err);
}

bool
files_load_contacts(void *self, const char *const *ids, size_t n,
    crm_contact_fn *emit, void *arg, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(IDS_BYTES);
	struct load load = { .f = self, .id = ids, .n = n, .emit = emit,
		.arg = arg };
	const struct files_reader reader = { .row = load_row,
		.bad = load_bad, .arg = &load, .quiet = true };

	/* Without contacts nothing is known of anybody: nobody is gone. */
	if (n == 0 || !files_has(self, FILES_CONTACTS))
		return true;
	return load_prepare(&load, arena, err) &&
	    files_index(self, false, err) &&
	    files_read(self, FILES_CONTACTS, &reader, err) &&
	    load_gone(&load, err);
}

/* ---- by address ------------------------------------------------------ */

struct search {
	struct files *f;
	const char *email;
	crm_contact_fn *emit;
	void *arg;
};

static bool
search_row(void *arg, struct files_sheet *sheet, struct err *err)
{
	const struct search *search = arg;
	const char *email = files_cell(sheet, CONTACT_EMAIL);
	const struct files_table *table = &search->f->table[FILES_CONTACTS];
	struct crm_contact c;

	if (email == NULL ? *table->email_template == '\0' :
	    !files_same(email, search->email))
		return true;
	if (files_map_contact(sheet, &c) != FILES_EMIT)
		return true;
	if (arena_failed(search->f->record))
		return err_nomem(err);
	if (!files_same(c.email, search->email))
		return true;
	return search->emit(search->arg, &c) || stopped(err);
}

bool
files_find_contact(void *self, const char *email, crm_contact_fn *emit,
    void *arg, struct err *err)
{
	struct search search = { self, email, emit, arg };
	const struct files_reader reader = { .row = search_row,
		.arg = &search, .quiet = true };

	return files_index(self, false, err) &&
	    files_read(self, FILES_CONTACTS, &reader, err);
}
