/*
 * put.h - one call of put_tags, as its two parts share it.
 */
#ifndef NPSYNC_FILES_PUT_H
#define NPSYNC_FILES_PUT_H

#include "files.h"

struct old {
	struct old *next;
	const char *tag;	/* as it was found */
	bool listed;		/* in a list that still lies there */
};

struct item {
	const struct crm_tag_write *write;
	struct put_result *result;
	struct item *same_contact, *same_key;
	const char *key;
	struct old *old;	/* what the value replaces */
	bool ended;		/* result is final, nothing is written */
	bool met;		/* in the export */
	bool known;		/* the export shows the value */
	bool stands;		/* a sheet in out.dir has it */
	bool written;		/* in the file now being made */
};

struct batch {
	struct files *f;
	struct arena *arena;
	struct item *item;
	size_t n;
	struct files_lookup by_contact, by_key;	/* to struct item */
};

/* The items of the writes, with their results at PUT_DONE. */
NPS_MUSTCHECK bool put_prepare(struct batch *batch,
    const struct crm_tag_write *writes, struct put_result *results,
    struct err *err);
/* The first end of an item counts. */
void put_end_item(struct item *item, enum put_outcome outcome,
    const char *reason);

/* ---- put_met.c: what is known of the contacts ----------------------- */
bool put_is_formula(const char *s);
void put_add_old(struct batch *batch, struct item *item, const char *tag);
/* Tags and existence, from the CRM's export. */
NPS_MUSTCHECK bool put_read_export(struct batch *batch, struct err *err);
/* The first column of the sheet, for each item. */
NPS_MUSTCHECK bool put_find_keys(struct batch *batch, struct err *err);
/* What still lies in out.dir. */
NPS_MUSTCHECK bool put_read_lying(struct batch *batch, struct err *err);

#endif
