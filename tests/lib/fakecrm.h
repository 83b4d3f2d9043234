/*
 * fakecrm.h - a CRM that does not exist, for tests of many nights: people,
 * companies and what happens to them, made from a seed.  It links nothing of
 * npsync: its files, its calendar and its local time are its own.
 *
 * A day is a number of days since 1970-01-01 in Danish local time.
 */
#ifndef NPSYNC_FAKECRM_H
#define NPSYNC_FAKECRM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKECRM_CONTACTS 150
#define FAKECRM_CONTACTS_MAX 190
#define FAKECRM_COMPANIES 40
#define FAKECRM_TAGS 16
#define FAKECRM_NOBODY (-1)	/* the event names no contact */
#define FAKECRM_STRANGER (-2)	/* it names one that is not in the CRM */
#define FAKECRM_NEVER INT64_MAX

/* In the order of importance. */
enum fakecrm_event { FAKECRM_SALE, FAKECRM_LOSS, FAKECRM_CASE, FAKECRM_MEET,
	FAKECRM_INACT, FAKECRM_EVENTS };
enum fakecrm_table { FAKECRM_ACTIVITY, FAKECRM_DEAL, FAKECRM_TICKET };
enum fakecrm_kind { FAKECRM_MEETING, FAKECRM_PHONE, FAKECRM_MAIL,
	FAKECRM_NOTE };
enum fakecrm_status { FAKECRM_PLANNED, FAKECRM_HELD, FAKECRM_CANCELLED,
	FAKECRM_WON, FAKECRM_LOST, FAKECRM_CLOSED };
enum fakecrm_category { FAKECRM_CARE, FAKECRM_REVIEW, FAKECRM_INTERNAL };

typedef char fakecrm_tag[64];
struct fakecrm_tags {
	fakecrm_tag v[FAKECRM_TAGS];
	int n;
};
struct fakecrm_contact {
	char id[16], key[16], email[64];
	const char *language;
	int company, moves;
	bool exists, left, no_send, quiet;
	bool stays;			/* at its address: others asked there */
	int consent;			/* 1 yes, 0 no, -1 nothing on record */
	struct fakecrm_tags tags;	/* as imports left them */
	struct fakecrm_tags own;	/* without what imports did */
};
/* A row of activities, deals or cases; one per participant. */
struct fakecrm_row {
	enum fakecrm_table table;
	enum fakecrm_kind kind;
	enum fakecrm_status status;	/* from ends_at on; planned before */
	enum fakecrm_category category;
	int number, contact;
	int64_t at, shown_at, ends_at;
	char event_id[40];
};
struct fakecrm {
	char dir[512], sheets[512];
	struct fakecrm_contact contact[FAKECRM_CONTACTS_MAX];
	int n_contacts;
	bool company_no_send[FAKECRM_COMPANIES];
	struct fakecrm_row *rows;
	size_t n, room;
	int numbers;
	uint64_t rng;
	int64_t start;
};

/* Everything before start is history: the first run must stay silent.
 * dir: where exports go; sheets: where imports are looked for.  Both exist. */
void fakecrm_open(struct fakecrm *crm, uint64_t seed, int64_t start,
    const char *dir, const char *sheets);
void fakecrm_close(struct fakecrm *crm);
/* What happens on a day, and what is put down belatedly. */
void fakecrm_day(struct fakecrm *crm, int day);
/* Somebody calls a contact; makes an appointment for one of the next days. */
void fakecrm_call(struct fakecrm *crm, int contact, int day);
void fakecrm_appoint(struct fakecrm *crm, int contact, int day);
/* Somebody does not want to be asked, or leaves. */
void fakecrm_refuse(struct fakecrm *crm, int contact);
/* Two cards of a person become one: the second is deleted. */
void fakecrm_merge(struct fakecrm *crm);
/* One fact about people changes. */
void fakecrm_change(struct fakecrm *crm);
/* All files, as they stand at a moment. */
bool fakecrm_export(const struct fakecrm *crm, int64_t now);
/* The CRM's import job.  *n = tags added and taken away. */
bool fakecrm_import(struct fakecrm *crm, int *n);

/* The event that a row is at a moment; false = none yet. */
bool fakecrm_is_event(const struct fakecrm_row *row, int64_t now,
    enum fakecrm_event *event);
/* The address as the same for the same person; "" = none or not valid. */
void fakecrm_address(const struct fakecrm_contact *c, char out[64]);
bool fakecrm_is_own(const struct fakecrm_contact *c);
/* -1 = no such card */
int fakecrm_find(const struct fakecrm *crm, const char *id);
void fakecrm_tag_put(struct fakecrm_tags *tags, const char *tag);
void fakecrm_tag_drop(struct fakecrm_tags *tags, const char *tag);
bool fakecrm_tag_has(const struct fakecrm_tags *tags, const char *tag);

/* ---- days and chance ------------------------------------------------------- */
int fakecrm_day_of(int64_t t);
int64_t fakecrm_time(int day, int hour, int minute);
/* Mails may leave on it: no weekend, no Danish holiday. */
bool fakecrm_is_working(int day);
/* "2026-03-29" */
const char *fakecrm_iso(int day, char out[40]);
/* 0 .. n - 1 */
int fakecrm_random(uint64_t *rng, int n);

#endif
