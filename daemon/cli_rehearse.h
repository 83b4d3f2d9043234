/*
 * cli_rehearse.h - npsync rehearse.
 */
#ifndef NPSYNC_CLI_REHEARSE_H
#define NPSYNC_CLI_REHEARSE_H

#include "cli.h"
#include "rehearsal.h"

extern const struct cli_opt cli_rehearse_opts[];
int cli_rehearse(struct cli *cli, struct err *err);

/* ---- shared with cli_rehearse_text.c ---------------------------------------- */
#define REHEARSE_NOTES_MAX 12
struct rehearse_report {
	struct cli *cli;
	const struct rehearsal *r;
	struct arena *arena;
	struct rehearsal_totals totals;
	struct db_result *weeks, *outcomes, *companies;
	const char *notes[REHEARSE_NOTES_MAX];
	size_t n_notes;
};
const char *rehearse_number(const struct rehearse_report *rep, long long n);
/* What a year asks for, and what of it the budget leaves out; -1 = cannot be
 * told. */
long long rehearse_wanted(const struct rehearse_report *rep);
long long rehearse_left_out(const struct rehearse_report *rep);
/* The states that wait are one. */
const char *rehearse_outcome(const char *state);
NPS_MUSTCHECK bool rehearse_text(const struct rehearse_report *rep,
    struct err *err);

#endif
