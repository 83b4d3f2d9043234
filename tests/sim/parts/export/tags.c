/*
 * tags.c - tags: kept over exports, moved by imports.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "export.h"

static void
tag_add(struct tags *tags, const char *id, const char *text)
{
	for (size_t i = 0; i < tags->n; i++)
		if (strcmp(tags->row[i][0], id) == 0 &&
		    strcmp(tags->row[i][1], text) == 0)
			return;
	tags->row = realloc(tags->row, (tags->n + 1) * sizeof(*tags->row));
	if (tags->row == NULL)
		die("memory");
	snprintf(tags->row[tags->n][0], 160, "%s", id);
	snprintf(tags->row[tags->n++][1], 160, "%s", text);
}

static bool
tag_remove(struct tags *tags, const char *id, const char *text)
{
	for (size_t i = 0; i < tags->n; i++)
		if (strcmp(tags->row[i][0], id) == 0 &&
		    strcmp(tags->row[i][1], text) == 0) {
			memmove(&tags->row[i], &tags->row[i + 1],
			    (tags->n - i - 1) * sizeof(*tags->row));
			tags->n--;
			return true;
		}
	return false;
}

void
tags_write(const char *dir, const struct tags *tags)
{
	FILE *f = csv_open(dir, "tags.csv");
	ROW(f, "KontaktId", "Infotag");
	for (size_t i = 0; i < tags->n; i++)
		ROW(f, tags->row[i][0], tags->row[i][1]);
	csv_close(f, dir, "tags.csv");
}

/* False: there is no file yet. */
static bool
tags_read(const char *dir, struct tags *tags)
{
	char path[4200], *line = NULL, *cell[2];
	size_t cap = 0, n = 0;
	snprintf(path, sizeof(path), "%s/tags.csv", dir);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return false;
	while (getline(&line, &cap, f) > 0)
		if (n++ > 0 && csv_split(line, cell, 2) == 2)
			tag_add(tags, cell[0], cell[1]);
	free(line);
	fclose(f);
	return true;
}

static bool
is_answer_tag(const char *text)
{
	return strncmp(text, "NPSToday.", 9) == 0 &&
	       strcmp(text, "NPSToday.NoSend") != 0;
}

/* Answer tags are what the imports made of them; the rest is told anew. */
void
tags_export(const struct export *e)
{
	char id[16];
	struct tags old = { NULL, 0 }, tags = { NULL, 0 };
	tag_add(&tags, contact_id(NO_SEND, id), "NPSToday.NoSend");
	for (int i = 0; i < e->n; i++)
		if (i % 9 == 4)
			tag_add(&tags, contact_id(i, id),
			    i % 2 == 0 ? "Julekort" : "Nyhedsbrev; månedlig");
	if (!tags_read(e->dir, &old))
		tag_add(&tags, contact_id(MEET_2, id), "NPSToday.Møde.6");
	for (size_t i = 0; i < old.n; i++)
		if (is_answer_tag(old.row[i][1]))
			tag_add(&tags, old.row[i][0], old.row[i][1]);
	tags_write(e->dir, &tags);
	free(old.row);
	free(tags.row);
	FILE *f = csv_open(e->dir, "company_tags.csv");
	snprintf(id, sizeof(id), "F-%d", 101 + COMPANY_NO_SEND);
	ROW(f, "FirmaId", "Infotag");
	ROW(f, id, "NPSToday.NoSend");
	csv_close(f, e->dir, "company_tags.csv");
}

/* ---- the CRM's import job */
/* Contact key -> id, as pairs in the form of tags. */
static void
keys_read(const char *dir, struct tags *keys)
{
	char path[4200], *line = NULL, *cell[2];
	size_t cap = 0;
	snprintf(path, sizeof(path), "%s/contacts.csv", dir);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		die(path);
	while (getline(&line, &cap, f) > 0)
		if (csv_split(line, cell, 2) == 2)
			tag_add(keys, cell[0], cell[1]);
	free(line);
	fclose(f);
}

static const char *
key_find(const struct tags *keys, const char *key)
{
	for (size_t i = 0; i < keys->n; i++)
		if (strcmp(keys->row[i][1], key) == 0 ||
		    strcmp(keys->row[i][0], key) == 0)
			return keys->row[i][0];
	return NULL;
}

struct import {
	struct tags tags, keys;
	long added, removed, unknown;
};

static void
import_sheet(struct import *in, const char *path, bool remove_rows)
{
	char *line = NULL, *cell[2];
	size_t cap = 0, n = 0;
	FILE *f = fopen(path, "re");
	if (f == NULL)
		die(path);
	while (getline(&line, &cap, f) > 0) {
		if (n++ == 0)
			continue;
		const char *id = csv_split(line, cell, 2) == 2
				     ? key_find(&in->keys, cell[0])
				     : NULL;
		const size_t before = in->tags.n;
		if (id == NULL) {
			in->unknown++;
		} else if (remove_rows) {
			in->removed += tag_remove(&in->tags, id, cell[1]);
		} else {
			tag_add(&in->tags, id, cell[1]);
			in->added += in->tags.n != before;
		}
	}
	free(line);
	fclose(f);
}

static int
is_sheet(const struct dirent *d)
{
	const size_t len = strlen(d->d_name);
	return d->d_name[0] != '.' && len > 4 &&
	       strcmp(d->d_name + len - 4, ".csv") == 0;
}

/* Sheets in the order of their names, then the lists of what goes. */
void
import_run(const struct export *e)
{
	struct import in = { { NULL, 0 }, { NULL, 0 }, 0, 0, 0 };
	struct dirent **names;
	char from[4600], to[4600];
	(void)tags_read(e->dir, &in.tags);
	keys_read(e->dir, &in.keys);
	const int n = scandir(e->import, &names, is_sheet, alphasort);
	if (n < 0)
		die(e->import);
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < n; i++) {
			const bool list =
			    strncmp(names[i]->d_name, "remove-", 7) == 0;
			snprintf(from, sizeof(from), "%.4000s/%s", e->import,
			    names[i]->d_name);
			if (list == (pass == 1))
				import_sheet(&in, from, list);
		}
	tags_write(e->dir, &in.tags);
	/* Only now: a job that died before is simply run again. */
	snprintf(to, sizeof(to), "%.4000s/done", e->import);
	if (n > 0 && mkdir(to, 0750) != 0 && errno != EEXIST)
		die(to);
	for (int i = 0; i < n; i++) {
		snprintf(from, sizeof(from), "%.4000s/%s", e->import,
		    names[i]->d_name);
		snprintf(to, sizeof(to), "%.4000s/done/%s", e->import,
		    names[i]->d_name);
		if (rename(from, to) != 0)
			die(to);
		free(names[i]);
	}
	free(names);
	free(in.tags.row);
	free(in.keys.row);
	fprintf(stdout, "sheets=%d added=%ld removed=%ld unknown=%ld\n", n,
	    in.added, in.removed, in.unknown);
}
