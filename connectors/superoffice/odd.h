/*
 * odd.h - records that are asked for one by one: is it this one that cannot be
 * read, or are it all of them?
 */
#ifndef SUPEROFFICE_ODD_H
#define SUPEROFFICE_ODD_H

#include "superoffice.h"

struct so_odd_kind {
	const char *path, *label;	/* "/Appointment", "appointment" */
	const char *key;	/* column of the archive behind path */
	const char *entities;	/* of the archive; or NULL */
	const char *select;	/* members that are asked for */
	const char *shows;	/* the number that any answer has */
};
struct so_odd {
	int failed;		/* in a row */
	long long good;		/* one that was answered, or that should be; 0 */
};
/* *err, the answer to the one with this id: may it be set aside?  When several in
 * a row failed, or a gateway's answer came, only if another one is still answered.
 * False: stop, *err says why. */
NPS_MUSTCHECK bool so_odd_is(struct superoffice *s,
    const struct so_odd_kind *k, struct so_odd *odd, const char *id,
    const struct api_res *res, struct err *err);
/* This one was answered. */
void so_odd_good(struct so_odd *odd, const char *id);

#endif
