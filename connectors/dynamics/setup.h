/*
 * setup.h - inside of setup: setup.c goes through what must stand in the
 * environment, setup_answers.c through the table of answers.
 */
#ifndef DYNAMICS_SETUP_H
#define DYNAMICS_SETUP_H

#include "writer.h"

#define SETUP_LINE ((size_t)100)	/* a text of one line, as it is made */
#define SETUP_NEEDS_ROLE "the application may not read definitions: give its " \
	"security role the right to read tables and columns (customization)"

struct setup {
	struct dynamics *d;
	const struct crm_setup *wants;
	crm_setup_fn *emit;
	void *arg;
	struct arena *scratch;
};
/* A column as it should be. */
struct need {
	const char *table, *name, *option;
	enum column_type type;
	size_t chars;			/* at least; 0 = any */
	size_t made;			/* of one that we make */
	/* We only read it: any type will do, or (COLUMN_FLAG) what says yes or
	 * no. */
	bool read_only;
	const char *nav;		/* a lookup, by this property */
};

/* ERR_CANCELLED: told to stop. */
NPS_MUSTCHECK bool setup_tell(const struct setup *s, const char *what,
    enum setup_state state, const char *advice, struct err *err);
/* *there false: 404.  *known false: 403. */
NPS_MUSTCHECK bool setup_ask(const struct setup *s, const char *target,
    const char *label, struct api_res *res, bool *there, bool *known,
    struct err *err);
/* then = what is to be done about what was made; why = why it was not. */
NPS_MUSTCHECK bool setup_made(const struct setup *s, const char *what,
    bool made, const char *then, const struct err *why, struct err *err);
/* Told of, and made where it is to be. */
NPS_MUSTCHECK bool setup_column(const struct setup *s, const struct need *n,
    struct err *err);
/* ---- setup_answers.c ------------------------------------------------------ */
NPS_MUSTCHECK bool setup_answers(const struct setup *s, struct err *err);

#endif
