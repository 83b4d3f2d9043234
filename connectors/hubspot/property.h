/*
 * property.h - definitions of contact properties: what is asked of one, the
 * bodies that make one or add choices to it, and values as its type takes them.
 * Pure.
 */
#ifndef HUBSPOT_PROPERTY_H
#define HUBSPOT_PROPERTY_H

#include "connector.h"
#include "json.h"

#define HS_CHOICES_MAX ((size_t)5000)	/* of one property */

enum hs_form { HS_KIND_TEXT, HS_KIND_LONG_TEXT, HS_KIND_NUMBER, HS_KIND_DATE,
	HS_KIND_CHOICES, HS_KIND_FLAG };

/* "number", as messages call it too. */
const char *hs_kind_words(enum hs_form kind);
/* The service alone writes it. */
bool hs_property_is_kept(json_t *property);
/* NULL: it takes such values.  Else what is wrong with it: "is of type ...". */
const char *hs_property_fault(struct arena *arena, json_t *property,
    enum hs_form kind);
/* The body that makes one; choice = its first option, or NULL.
 * NULL = memory. */
const char *hs_property_body(struct arena *arena, const char *name,
    const char *label, enum hs_form kind, const char *choice);

/* Does it offer that choice? */
bool hs_property_offers(json_t *property, const char *value);
/* {"options":[...]}: all that are there, as they are, then the n new ones.
 * ERR_PROTOCOL: one that is there cannot be read, so that it would be lost;
 * ERR_CONFIG: too many. */
NPS_MUSTCHECK bool hs_choices_body(struct arena *arena, json_t *property,
    const char *const *tags, size_t n, const char **body, struct err *err);

/* A text of the core's as a property of that type takes it; "" empties one.
 * epoch: days as midnight UTC in ms.  NULL = memory. */
const char *hs_value_text(struct arena *arena, const char *type,
    const char *zone, bool epoch, const char *text);

#endif
