/*
 * map_contact.c - a row of contacts, joined with its company and tags.
 */
#include "map.h"

#include <string.h>

/* What may stand left of the '@': letters small, all else as '-'. */
static char
address_char(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if (c == ' ')
		return '.';
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	    c == '.')
		return c;
	return '-';
}

static const char *
made_up_email(const struct files *f, const char *template, const char *id)
{
	const char *at = strstr(template, "${id}");

	if (*template == '\0')
		return NULL;
	if (at == NULL)
		return arena_strdup(f->record, template);
	char *local = arena_strdup(f->record, id);
	for (char *p = local; p != NULL && *p != '\0'; p++)
		*p = address_char(*p);
	return local == NULL ? NULL : arena_printf(f->record, "%.*s%s%s",
	    (int)(at - template), template, local, at + strlen("${id}"));
}

struct tags {
	struct arena *arena;
	const char **v;
	size_t n;
};

static bool
take_tag(void *arg, const char *tag, size_t len)
{
	struct tags *tags = arg;

	tags->v[tags->n++] = arena_strndup(tags->arena, tag, len);
	return true;
}

/* NULL-ended: those of the lookup, then those of the cell. */
static const char *const *
tags_of(struct files_sheet *sheet, const struct files_lookup *lookup,
    const char *key, const char *cell)
{
	const struct files *f = sheet->f;
	const struct files_entry *e = key == NULL ? NULL :
	    files_lookup_get(lookup, key);
	const struct files_tag *first = e == NULL ? NULL : e->value;
	/* A cell of len bytes holds at most len / 2 + 1 tags. */
	size_t n = cell == NULL ? 1 : strlen(cell) / 2 + 2;

	for (const struct files_tag *t = first; t != NULL; t = t->next)
		n++;
	struct tags tags = { .arena = f->record,
		.v = arena_array(f->record, n, sizeof(char *)) };
	if (tags.v == NULL)
		return NULL;
	for (const struct files_tag *t = first; t != NULL; t = t->next)
		tags.v[tags.n++] = t->text;
	if (cell != NULL)
		(void)files_each_tag(cell,
		    f->table[FILES_CONTACTS].tag_separator, take_tag, &tags);
	return tags.v;
}

static const char *
either(const struct files_sheet *sheet, int column,
    const struct files_company *company, int other)
{
	const char *own = files_cell(sheet, column);

	return own != NULL || company == NULL ? own : company->col[other];
}

static void
map_company(struct files_sheet *sheet, struct crm_contact *c)
{
	struct files *f = sheet->f;
	const struct files_entry *e;
	const struct files_company *company = NULL;

	c->company_id = files_cell(sheet, CONTACT_COMPANY_ID);
	if (c->company_id != NULL) {
		e = files_lookup_get(&f->companies, c->company_id);
		company = e == NULL ? NULL : e->value;
	}
	c->company = either(sheet, CONTACT_COMPANY, company, COMPANY_NAME);
	c->relation = either(sheet, CONTACT_RELATION, company,
	    COMPANY_RELATION);
	c->segment = either(sheet, CONTACT_SEGMENT, company, COMPANY_SEGMENT);
	c->department = either(sheet, CONTACT_DEPARTMENT, company,
	    COMPANY_DEPARTMENT);
	c->country = either(sheet, CONTACT_COUNTRY, company, COMPANY_COUNTRY);
	c->company_tags = tags_of(sheet, &f->company_tags, c->company_id,
	    NULL);
	/* An account manager is one person: never mixed from two rows. */
	const bool own = files_cell(sheet, CONTACT_OWNER) != NULL ||
	    files_cell(sheet, CONTACT_OWNER_NAME) != NULL ||
	    files_cell(sheet, CONTACT_OWNER_EMAIL) != NULL;
	if (own)
		company = NULL;
	c->owner_id = either(sheet, CONTACT_OWNER, company, COMPANY_OWNER);
	c->owner_name = either(sheet, CONTACT_OWNER_NAME, company,
	    COMPANY_OWNER_NAME);
	c->owner_email = either(sheet, CONTACT_OWNER_EMAIL, company,
	    COMPANY_OWNER_EMAIL);
}

static void
map_fields(struct files_sheet *sheet, struct crm_contact *c)
{
	const struct strlist *fields = &sheet->f->table[FILES_CONTACTS].fields;
	const char *(*extra)[2] = arena_array(sheet->f->record, fields->n + 1,
	    sizeof(*extra));
	size_t n = 0;

	for (size_t i = 0; extra != NULL && i < fields->n; i++) {
		const char *name = fields->v[i];
		const int at = sheet->field_at[i];

		if (at < 0 || *sheet->row.field[at] == '\0')
			continue;
		extra[n][0] = arena_strndup(sheet->f->record, name,
		    files_name_len(name));
		extra[n++][1] = sheet->row.field[at];
	}
	c->extra = (const char *const (*)[2])extra;
}

static bool
map_flags(struct files_sheet *sheet, struct crm_contact *c)
{
	const struct files_table *table = &sheet->f->table[FILES_CONTACTS];
	enum tri opted_out;
	bool has_time;

	if (!files_take_tri(sheet, CONTACT_EMPLOYED,
	    (enum tri)table->employed_default, &c->employed) ||
	    !files_take_tri(sheet, CONTACT_CONSENT, TRI_UNKNOWN, &c->consent) ||
	    !files_take_tri(sheet, CONTACT_OPTED_OUT, TRI_NO, &opted_out) ||
	    !files_take_date(sheet, CONTACT_CONSENT_DATE, &c->consent_at,
	    &has_time))
		return false;
	c->opted_out = opted_out == TRI_YES;
	return true;
}

enum files_mapped
files_map_contact(struct files_sheet *sheet, struct crm_contact *c)
{
	const struct files *f = sheet->f;
	const char *id = files_cell(sheet, CONTACT_ID);

	*c = (struct crm_contact){ .contact_id = id,
		.name.full = files_cell(sheet, CONTACT_NAME),
		.name.first = files_cell(sheet, CONTACT_FIRST),
		.name.last = files_cell(sheet, CONTACT_LAST),
		.email = files_cell(sheet, CONTACT_EMAIL),
		.phone = files_cell(sheet, CONTACT_PHONE),
		.mobile = files_cell(sheet, CONTACT_MOBILE),
		.language = files_cell(sheet, CONTACT_LANGUAGE),
		.consent_at = NO_TIME };
	if (!map_flags(sheet, c))
		return FILES_BAD;
	if (c->email == NULL)
		c->email = made_up_email(f,
		    f->table[FILES_CONTACTS].email_template, id);
	map_company(sheet, c);
	map_fields(sheet, c);
	c->tags = tags_of(sheet, &f->tags, id,
	    files_cell(sheet, CONTACT_TAGS));
	return FILES_EMIT;
}
