/*
 * customfield.h - user-defined fields of a person: what they are, and a value as
 * they take it.  Pure.
 */
#ifndef SUPEROFFICE_CUSTOMFIELD_H
#define SUPEROFFICE_CUSTOMFIELD_H

#include "common/idmap.h"
#include "err.h"
#include "json.h"

#define SO_FIELDS_MAX ((size_t)5000)

enum so_field_type { SO_FIELD_OTHER, SO_FIELD_TEXT, SO_FIELD_INTEGER,
	SO_FIELD_DECIMAL, SO_FIELD_DATE, SO_FIELD_TIME, SO_FIELD_FLAG };
/* How a date is written; the vendor's page shows it in one way only. */
enum so_dates { SO_DATES_REFUSE, SO_DATES_DAY_FIRST, SO_DATES_MONTH_FIRST,
	SO_DATES_ISO };
struct so_field {
	const char *key;	/* of CustomFields: "SuperOffice:3", "x_score" */
	enum so_field_type type;
	const char *word;	/* the CRM's for it; "" */
	size_t chars;		/* of a text, as UTF-16; 0 = not known */
	bool read_only;
};

/* Those of GET Person/UdefLayout/Published into map, by programmatic id and by
 * "SuperOffice:NUMBER". */
NPS_MUSTCHECK bool so_fields_of_layout(json_t *root, struct idmap *map,
    struct err *err);
/* Of GET Person/CustomField/{name}, extra fields too.  False: it is none. */
bool so_field_of_info(json_t *root, struct arena *arena,
    struct so_field *field);
/* For people. */
const char *so_field_type_word(enum so_field_type type);
/* What the core calls text, as CustomFields holds it; "" empties.
 * ERR_REJECTED: the field cannot hold it. */
NPS_MUSTCHECK bool so_field_value(struct arena *arena,
    const struct so_field *field, enum so_dates dates, const char *zone,
    const char *text, const char **value, struct err *err);

#endif
