/*
 * ledger.h - what the ledger of the survey service says about the promises of
 * the program, without asking the program: who was asked twice, and which tags
 * the CRM must show.
 */
#ifndef NPSYNC_LEDGER_H
#define NPSYNC_LEDGER_H

#include "fakecrm.h"
#include "simproc.h"

/* An address that answered a survey of somebody else, and the card it was on. */
struct ledger_foreign {
	char address[96];
	int contact;
};

/* Lower case, as far as addresses of tests need it. */
void ledger_lower(const char *from, char *to, size_t size);
bool ledger_same_address(const char *a, const char *b);
int ledger_respondents(struct simproc *sim);
/* Pairs of respondents with one reference, or of one address or card within so
 * many local days.  first: of them, in words. */
int ledger_doubles(struct simproc *sim, int days, char *first, size_t size);
/* Has somebody of this address answered, as seen at a moment? */
bool ledger_has_answered(struct simproc *sim, const char *address,
    int64_t now);
/* Cards whose tags are not their own and those of the newest answers; first: in
 * words.  *n_tags = tags of answers there must be. */
int ledger_wrong_tags(struct simproc *sim, const struct fakecrm *crm,
    const struct ledger_foreign *foreign, int n_foreign, int *n_tags,
    char *first, size_t size);

#endif
