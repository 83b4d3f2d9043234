/*
 * reader.c - what the reading side makes of the settings at open, and keeps.
 */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

bool
dynamics_is_guid(const char *text)
{
	static const size_t parts[] = { 8, 4, 4, 4, 12 };
	static const char digits[] = "0123456789abcdefABCDEF";

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (i > 0 && *text++ != '-')
			return false;
		if (strspn(text, digits) != parts[i])
			return false;
		text += parts[i];
	}
	return *text == '\0';
}

const char *
dynamics_card_link(const struct dynamics *d, struct arena *arena,
    const char *contact_id)
{
	return arena_printf(arena, "%s/main.aspx?etn=contact&pagetype="
	    "entityrecord&id=%s", d->origin, contact_id);
}

bool
dynamics_reader_open(struct dynamics *d, struct err *err)
{
	d->reader = calloc(1, sizeof(*d->reader));
	d->prefer = arena_printf(d->api.own, "odata.maxpagesize=%d,"
	    "odata.include-annotations=\"OData.Community.Display.V1."
	    "FormattedValue,Microsoft.Dynamics.CRM.lookuplogicalname\"",
	    d->set->page_size);
	if (d->reader == NULL || d->prefer == NULL)
		return err_nomem(err);
	return meetings_open(d, err) && deals_open(d, err) &&
	    cases_open(d, err) && activities_open(d, err) &&
	    contacts_open(d, err);
}

void
dynamics_reader_close(struct dynamics *d)
{
	free(d->reader);
	d->reader = NULL;
}
