/*
 * export.h - what the parts of the demo's export share.
 */
#ifndef NPSYNC_EXPORT_H
#define NPSYNC_EXPORT_H

#include "../../simtime.h"

#define COMPANIES 40 /* the last one is our own */
#define OURS (COMPANIES - 1)
#define CONTACTS_MAX 5000
#define HOUR_S 3600
#define NOBODY (-1)
#define DATE 64
#define ROW(f, ...) csv_row(f, (const char *const[]){ __VA_ARGS__, NULL })

struct contact {
	const char *first, *last, *language, *country, *consent;
	char email[128];
	int company;
	bool employed;
};
struct export
{
	const char *dir, *zone, *import;
	int64_t now, next_h, step, seed, n, bulk;
	bool list;
	int zone_min; /* standard time east of UTC */
	bool zone_dst;
	FILE *deals, *cases, *activities;
	struct contact contacts[CONTACTS_MAX];
};

/* The people the tour speaks of; the number is the contact, and, but for the
 * four of one company, the company too. */
enum who {
	PAIR,
	CARD_A,
	CARD_B,
	LEFT,
	NO_SEND,
	COMPANY_NO_SEND,
	INTERNAL,
	NO_MAIL,
	BAD_MAIL,
	ROLE,
	OLD_MEETING,
	CATEGORY,
	RELATION,
	LANGUAGE,
	CAP_1,
	CAP_2,
	CAP_3,
	CAP_4,
	SILENT,
	SILENT_PLANNED,
	SILENT_NO_CONSENT,
	SILENT_AGAIN,
	WIN_1,
	WIN_2,
	WIN_3,
	LOSS_1,
	LOSS_2,
	CASE_1,
	CASE_2,
	CASE_3,
	MEET_1,
	MEET_2,
	MEET_3,
	MEET_4,
	TWO,
	NEW_1,
	NEW_2,
	NEW_3,
	WHO_N
};

struct tags {
	char (*row)[2][160];
	size_t n;
};

/* ---- out.c: files and local time */
_Noreturn void die(const char *what);
FILE *csv_open(const char *dir, const char *name);
void csv_close(FILE *f, const char *dir, const char *name);
void csv_row(FILE *f, const char *const *cells);
size_t csv_split(char *line, char **cells, size_t max);
const char *local(const struct export *e, int64_t t, char out[DATE]);
int64_t days_ago(const struct export *e, int64_t days, uint64_t h);
uint64_t draw(const struct export *e, const char *what, int64_t i);
/* False: not a zone of the list. */
bool zone_set(struct export *e);

/* ---- people.c */
extern const char *const kams[5][2];
void contacts_make(struct export *e);
void contacts_write(const struct export *e);
void companies_write(const struct export *e);

/* ---- events.c */
const char *contact_id(int who, char out[16]);
void events_open(struct export *e);
void events_close(struct export *e);
void events_write(struct export *e);

/* ---- tags.c */
void tags_write(const char *dir, const struct tags *tags);
void tags_export(const struct export *e);
void import_run(const struct export *e);

#endif
