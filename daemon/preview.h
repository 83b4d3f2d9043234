/*
 * preview.h - the mail about the coming night, from plain data to text, HTML
 * and CSV.  Pure: nothing here asks the database or sends.
 */
#ifndef NPSYNC_PREVIEW_H
#define NPSYNC_PREVIEW_H

#include <stdio.h>
#include <time.h>

#include "arena.h"
#include "err.h"

/* Text and HTML name so many rows of a group and count the others. */
#define PREVIEW_ROWS_MAX ((size_t)200)

enum preview_group { PREVIEW_GROUP_GO, PREVIEW_GROUP_WAIT, PREVIEW_GROUP_HELD,
	PREVIEW_GROUP_NOT, PREVIEW_GROUPS };

struct preview_row {
	const char *id, *state, *trigger, *contact, *mail, *company, *employee,
	    *campaign;		/* contact: the name, or the id without one */
	const char *card, *crm, *name;	/* ids; name may be NULL */
	const char *verdict;	/* "go", "wait" or the reason */
	const char *fact;	/* or NULL */
	time_t created, until;
};
/* A row that came otherwise than the preview of its night said. */
struct preview_difference {
	const char *id, *trigger, *contact, *company;
	const char *said;	/* "go", "wait", a reason; NULL = nothing */
	const char *state, *reason;	/* of now */
};
struct preview_alarm {
	const char *kind, *subject, *detail;
	bool raised;		/* or over, and nobody knows yet */
	time_t since;
};
struct preview_held {
	const char *reason;
	long long n;
};

struct preview {
	const char *tenant, *zone;
	int night;
	time_t send_at;
	bool paused, restored;
	const struct preview_row *rows;
	size_t n_rows;
	const struct preview_held *held;
	size_t n_held;
	const struct preview_alarm *alarms;
	size_t n_alarms;
	/* What is wrong with this preview itself: sentences. */
	const char *const *notes;
	size_t n_notes;
	/* The last night that was run. */
	int last_night;		/* NO_DAY = none */
	const char *last_result;
	const char *const *last_lines;
	size_t n_last_lines;
	int said_night;		/* that the differences belong to; NO_DAY */
	const struct preview_difference *differences;
	size_t n_differences;
};

enum preview_group preview_group(const struct preview_row *row);
size_t preview_count(const struct preview *p, enum preview_group group);
/* Nothing waits, is held, raised, wrong or came otherwise. */
bool preview_is_empty(const struct preview *p);

/* "would go Tue 2026-12-01 09:00", "would not: throttled until ...". */
const char *preview_words(struct arena *arena, const char *zone,
    const char *verdict, const char *fact, time_t until, time_t send_at);
/* "was to go, but is excluded". */
const char *preview_difference_words(struct arena *arena,
    const struct preview_difference *d);
/* The command that puts such rows back. */
const char *preview_release(struct arena *arena, const char *reason);
/* "Wed 2026-12-02" */
const char *preview_day(struct arena *arena, const char *zone, int day);
const char *preview_heading(struct arena *arena, const struct preview *p,
    enum preview_group group);
/* "14 would be asked, 5 would not, 40 are held" */
const char *preview_counts(struct arena *arena, const struct preview *p);
const char *preview_subject(struct arena *arena, const struct preview *p);

/* Each writes to out to its end and empties scratch as it goes. */
NPS_MUSTCHECK bool preview_text(FILE *out, const struct preview *p,
    struct arena *scratch, struct err *err);
NPS_MUSTCHECK bool preview_html(FILE *out, const struct preview *p,
    struct arena *scratch, struct err *err);
/* All rows, the columns of `npsync queue --csv`. */
NPS_MUSTCHECK bool preview_csv(FILE *out, const struct preview *p,
    struct arena *scratch, struct err *err);

#endif
