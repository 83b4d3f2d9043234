/*
 * template.h - the body of a send: template.c walks the document, holes.c
 * knows what its holes stand for.
 */
#ifndef NPSTODAY_TEMPLATE_H
#define NPSTODAY_TEMPLATE_H

#include "npstoday.h"

struct fill {
	const struct npstoday_settings *set;
	const struct respondent *r;
	enum channel channel;
};
enum value_type { VALUE_NONE, VALUE_TEXT, VALUE_NUMBER, VALUE_TRUE,
	VALUE_CUSTOM };
struct value {
	enum value_type type;
	const char *text;	/* VALUE_TEXT: len bytes, borrowed */
	size_t len;
	long long number;	/* VALUE_NUMBER */
};

/* True when text is one hole, "${NAME}", and nothing else. */
bool hole_parse(const char *text, const char **name, size_t *len);
bool hole_known(const char *name, size_t len);
/* What stands there; VALUE_NONE leaves the member out. */
struct value hole_value(const struct fill *f, const char *name, size_t len);

#endif
