/*
 * owners.c - the portal's users: whose contact it is.
 */
#include <string.h>

#include "reading.h"

#define OWNERS_MAX 5000

static const char *
text_of(struct hubspot *h, json_t *row, const char *key)
{
	const char *text = json_text(h->own, json_object_get(row, key));

	return text == NULL || *text == '\0' ? NULL : text;
}

static const char *
name_of(struct hubspot *h, json_t *row)
{
	const char *first = text_of(h, row, "firstName");
	const char *last = text_of(h, row, "lastName");

	return first != NULL && last != NULL ? arena_printf(h->own, "%s %s",
	    first, last) : first != NULL ? first : last;
}

static bool
on_page(void *arg, json_t *rows, struct err *err)
{
	struct hubspot *h = arg;
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		const char *id = text_of(h, row, "id");
		if (id == NULL)
			continue;
		if (h->n_owners == OWNERS_MAX)
			return err_set(err, ERR_PROTOCOL, "list owners: more than "
			    "%d; set owners = false", OWNERS_MAX);
		h->owners[h->n_owners++] = (struct hs_owner){ id,
			name_of(h, row), text_of(h, row, "email") };
	}
	return !arena_failed(h->own) || err_nomem(err);
}

bool
hs_owners_get(struct hubspot *h, struct err *err)
{
	if (h->owners_known)
		return true;
	if (h->owners == NULL)
		h->owners = arena_array(h->own, OWNERS_MAX, sizeof(*h->owners));
	if (h->owners == NULL)
		return err_nomem(err);
	h->n_owners = 0;
	h->owners_known = hs_list(h, HS_OWNERS, "", "list owners", on_page, h,
	    err);
	return h->owners_known;
}

const struct hs_owner *
hs_owner_of(const struct hubspot *h, const char *id)
{
	for (size_t i = 0; id != NULL && i < h->n_owners; i++)
		if (strcmp(h->owners[i].id, id) == 0)
			return &h->owners[i];
	return NULL;
}
