/*
 * template.h - texts of mails with {names} in them: those compiled in, or an
 * administrator's in their place.
 *
 * A text template begins with "Subject: ..." and an empty line; an HTML one is
 * all body.  A line whose names are all empty is left out.  What stands between
 * the lines {each} and {end} is repeated for each answer, or each change.
 */
#ifndef NPSYNC_TEMPLATE_H
#define NPSYNC_TEMPLATE_H

#include <stdio.h>

#include "arena.h"
#include "err.h"

enum template_kind { TEMPLATE_ALARM, TEMPLATE_DIGEST, TEMPLATE_HEALTH,
	TEMPLATE_KINDS };

/* The compiled-in ones, "alarm.da.txt"; ends with .name == NULL. */
struct template_file {
	const char *name, *text;
};
extern const struct template_file template_files[];
const char *template_builtin(const char *name);

struct template {
	const char *text, *html;
};
/* da, sv, nb, en; "no" is nb, anything else en. */
const char *template_language(const char *language);
/* Both files of a kind: of dir where it has them ("" = none), else ours.
 * ERR_CONFIG: one of dir that cannot be read or has a fault, named with its
 * line; *t is ours then, and may be used all the same. */
NPS_MUSTCHECK bool template_load(const char *dir, enum template_kind kind,
    const char *language, struct arena *arena, struct template *t,
    struct err *err);
/* The first fault of a text. */
NPS_MUSTCHECK bool template_check(enum template_kind kind, bool is_html,
    const char *text, struct err *err);

/* ---- filling ------------------------------------------------------------- */
struct template_value {
	const char *name, *value;	/* value NULL = empty */
};
/* One answer or change; at the end name == NULL. */
struct template_fill {
	const struct template_value *values;
	const struct template_value *const *each;	/* n_each of them */
	size_t n_each;
};
/* One line without control characters, at most 200 bytes; what values hold can
 * begin no other header.  NULL: no memory. */
const char *template_subject(struct arena *arena, const struct template *t,
    const struct template_fill *fill);
/* Values are text whatever they look like. */
NPS_MUSTCHECK bool template_text(FILE *out, const struct template *t,
    const struct template_fill *fill, struct err *err);
NPS_MUSTCHECK bool template_html(FILE *out, const struct template *t,
    const struct template_fill *fill, struct err *err);

/* ---- template_words.c: what values say in the reader's language ----------- */
const char *template_band(const char *language, int score);	/* -1 = none */
/* "Low score", "Wants to be contacted", ... */
const char *template_why(const char *language, bool low, bool high,
    bool contact);
/* "Meeting"; the code where there is no word. */
const char *template_trigger(const char *language, const char *code);
/* What an alarm is about; the kind where there is no word. */
const char *template_health(const char *language, const char *kind);
const char *template_state(const char *language, bool raised);
const char *template_unknown(const char *language);	/* a person's name */

#endif
