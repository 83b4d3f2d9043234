/*
 * fakecrm_files.c - the exports as a Danish CRM writes them, and its import
 * job, which reads sheets by its own eyes.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../sim/simtime.h"
#include "fakecrm.h"

/* What is older than this left the export. */
#define EXPORT_DAYS 60

/* ---- export ------------------------------------------------------------------ */
static FILE *
file_open(const struct fakecrm *crm, const char *name, const char *header)
{
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/.%s", crm->dir, name);
	FILE *f = fopen(path, "we");
	if (f != NULL)
		(void)fprintf(f, "\xef\xbb\xbf%s\r\n", header);
	return f;
}

static bool
file_close(const struct fakecrm *crm, const char *name, FILE *f)
{
	char tmp[600], path[600];

	if (f == NULL || fclose(f) != 0)
		return false;
	(void)snprintf(tmp, sizeof(tmp), "%s/.%s", crm->dir, name);
	(void)snprintf(path, sizeof(path), "%s/%s", crm->dir, name);
	return rename(tmp, path) == 0;
}

/* "29-03-2026 09:05" on the clock in the office */
static const char *
local(int64_t t, char out[64])
{
	int y, m, d;
	const int day = fakecrm_day_of(t);
	int minute = (int)((t - fakecrm_time(day, 0, 0)) / 60);

	/* On the days of the change noon is 11 or 13 hours after midnight. */
	if (minute >= 180)
		minute += 720 - (int)((fakecrm_time(day, 12, 0) -
		    fakecrm_time(day, 0, 0)) / 60);
	sim_civil(day, &y, &m, &d);
	(void)snprintf(out, 64, "%02d-%02d-%04d %02d:%02d", d, m, y,
	    minute / 60, minute % 60);
	return out;
}

static bool
contacts(const struct fakecrm *crm)
{
	static const char *const consent[] = { "", "nej", "ja" };
	FILE *f = file_open(crm, "contacts.csv", "KontaktId;Kontaktnøgle;"
	    "Fornavn;Efternavn;E-mail;FirmaId;Sprog;Ansat;Samtykke");

	for (int i = 0; f != NULL && i < crm->n_contacts; i++) {
		const struct fakecrm_contact *c = &crm->contact[i];
		if (c->exists)
			(void)fprintf(f, "%s;%s;Søren;\"Æble; %d\";%s;F%02d;"
			    "%s;%s;%s\r\n", c->id, c->key, i, c->email,
			    c->company, c->language, c->left ? "nej" : "ja",
			    consent[c->consent + 1]);
	}
	return file_close(crm, "contacts.csv", f);
}

static bool
companies(const struct fakecrm *crm)
{
	FILE *f = file_open(crm, "companies.csv", "FirmaId;Firmanavn");
	FILE *g = file_open(crm, "company_tags.csv", "FirmaId;Infotag");

	for (int i = 0; f != NULL && g != NULL && i < FAKECRM_COMPANIES; i++) {
		(void)fprintf(f, "F%02d;\"Firma \"\"%d\"\" & Søn\"\r\n", i, i);
		(void)fprintf(g, "F%02d;Region Nord\r\n", i);
		if (crm->company_no_send[i])
			(void)fprintf(g, "F%02d;NPSToday.NoSend\r\n", i);
	}
	const bool ok = file_close(crm, "companies.csv", f);
	return file_close(crm, "company_tags.csv", g) && ok;
}

static bool
tags(const struct fakecrm *crm)
{
	FILE *f = file_open(crm, "tags.csv", "KontaktId;Infotag");

	for (int i = 0; f != NULL && i < crm->n_contacts; i++) {
		const struct fakecrm_contact *c = &crm->contact[i];
		for (int t = 0; c->exists && t < c->tags.n; t++)
			(void)fprintf(f, "%s;\"%s\"\r\n", c->id,
			    c->tags.v[t]);
	}
	return file_close(crm, "tags.csv", f);
}

static bool
is_exported(const struct fakecrm *crm, const struct fakecrm_row *row,
    int64_t now)
{
	int64_t newest = row->at > row->shown_at ? row->at : row->shown_at;

	if (row->ends_at != FAKECRM_NEVER && row->ends_at > newest)
		newest = row->ends_at;
	return row->shown_at <= now && (now == crm->start ||
	    newest > now - (int64_t)EXPORT_DAYS * DAY_S);
}

static const char *
status_of(const struct fakecrm_row *row, int64_t now)
{
	static const char *const words[] = { "Planlagt", "Afholdt", "Aflyst",
		"Vundet", "Tabt", "Lukket" };

	return words[row->ends_at > now ? FAKECRM_PLANNED : row->status];
}

static void
write_row(FILE *f, const struct fakecrm *crm, const struct fakecrm_row *row,
    int64_t now)
{
	static const char *const kinds[] = { "Møde", "Telefon", "Mail", "Note" };
	static const char *const categories[] = { "Kundepleje", "Statusmøde",
		"Internt" };
	const char *who = row->contact >= 0 ? crm->contact[row->contact].id
	    : row->contact == FAKECRM_STRANGER ? "K999" : "";
	char at[64];

	(void)fprintf(f, "%c%d;%s;%s;%s;%s;%s\r\n", "ADS"[row->table],
	    row->number, who, kinds[row->kind], local(row->at, at),
	    status_of(row, now), categories[row->category]);
}

static bool
rows(const struct fakecrm *crm, int64_t now)
{
	static const char *const names[] = { "activities.csv", "deals.csv",
		"cases.csv" };
	bool ok = true;

	for (int t = FAKECRM_ACTIVITY; t <= FAKECRM_TICKET; t++) {
		FILE *f = file_open(crm, names[t],
		    "Id;KontaktId;Type;Tidspunkt;Status;Kategori");
		for (size_t i = 0; f != NULL && i < crm->n; i++)
			if ((int)crm->rows[i].table == t &&
			    is_exported(crm, &crm->rows[i], now))
				write_row(f, crm, &crm->rows[i], now);
		/* Never won, never lost. */
		if (f != NULL && t == FAKECRM_DEAL)
			(void)fprintf(f, "D1;K001;;;Åben;\r\n");
		ok = file_close(crm, names[t], f) && ok;
	}
	return ok;
}

bool
fakecrm_export(const struct fakecrm *crm, int64_t now)
{
	return contacts(crm) && companies(crm) && tags(crm) && rows(crm, now);
}

/* ---- import ------------------------------------------------------------------ */
static struct fakecrm_contact *
by_key(struct fakecrm *crm, const char *key)
{
	for (int i = 0; i < crm->n_contacts; i++)
		if (strcmp(crm->contact[i].key, key) == 0)
			return &crm->contact[i];
	return NULL;
}

/* A cell of a sheet: in quotes or not. */
static char *
cell(char **rest)
{
	char *start = *rest, *out = start, *p = start;
	const bool quoted = *p == '"';

	for (p += quoted; *p != '\0'; p++) {
		if (quoted && *p == '"' && *++p != '"')
			break;
		if (!quoted && *p == ';')
			break;
		*out++ = *p;
	}
	if (*p == ';')
		p++;
	*out = '\0';
	*rest = p;
	return start;
}

static bool
read_sheet(struct fakecrm *crm, const char *path, bool removes, int *n)
{
	char line[512];
	bool first = true, ok = true;
	FILE *f = fopen(path, "re");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		char *rest = line;
		line[strcspn(line, "\r\n")] = '\0';
		const char *key = cell(&rest);
		const char *tag = cell(&rest);
		struct fakecrm_contact *c = first ? NULL : by_key(crm, key);
		if (first)
			ok = strcmp(key, "contact.contactkey") == 0 &&
			    strcmp(tag, "infotagcontact.text") == 0;
		else if (c == NULL)
			ok = false;
		else if (removes)
			fakecrm_tag_drop(&c->tags, tag);
		else
			fakecrm_tag_put(&c->tags, tag);
		*n += !first;
		first = false;
	}
	/* A sheet has its header at least. */
	return f != NULL && fclose(f) == 0 && ok && !first;
}

static bool
import_all(struct fakecrm *crm, const char *begin, bool removes, int *n)
{
	DIR *dir = opendir(crm->sheets);
	const struct dirent *entry;
	bool ok = dir != NULL;

	while (ok && (entry = readdir(dir)) != NULL) {
		char path[800];
		if (strncmp(entry->d_name, begin, strlen(begin)) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", crm->sheets,
		    entry->d_name);
		ok = read_sheet(crm, path, removes, n) && unlink(path) == 0;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return ok;
}

bool
fakecrm_import(struct fakecrm *crm, int *n)
{
	*n = 0;
	return import_all(crm, "tags-", false, n) &&
	    import_all(crm, "remove-", true, n);
}
