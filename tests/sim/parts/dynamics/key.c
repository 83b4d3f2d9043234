/*
 * key.c - which row: identifiers, alternate keys, references.
 */
#include "odata.h"

#include <stdlib.h>

static bool
no_key(struct reply *out, const char *text)
{
	reply_error(out, 400, "0x80060888",
	    "The key '%.200s' in the address is malformed or names no key.",
	    text);
	return false;
}

static const struct key *
key_find(const struct table *t, const char *column)
{
	for (size_t i = 0; i < t->n_keys; i++)
		if (strcmp(t->keys[i].column, column) == 0)
			return &t->keys[i];
	return NULL;
}

/* Characters that no escape makes addressable. */
static bool
addressable(const struct cell *v)
{
	return v->kind != K_TEXT || strpbrk(v->text, "/<>*%&:\\?+") == NULL;
}

static bool
alternate_read(struct sim *s, struct request *r, struct reply *out,
    struct table *t, const char *text, struct address *a)
{
	const char *eq = strchr(text, '=');
	const char *name = pool_text(&r->pool, text, (size_t)(eq - text));
	const char *at = eq + 1;
	const struct key *k = key_find(t, name);
	a->by_id = false;
	a->col = column_find(t, name);
	if (a->col < 0 || !literal_read(&r->pool, &at, &a->value) || *at != '\0')
		return no_key(out, text);
	if (a->col == 0 && a->value.kind == K_GUID) {
		a->by_id = true;
		a->id = a->value.guid;
		return true;
	}
	if (k == NULL)
		return no_key(out, text);
	if (k->active_at > s->now) {
		reply_error(out, 400, "0x8004f050",
		    "The alternate key %s of %s is not active yet.", k->name,
		    t->name);
		return false;
	}
	const bool text_key = t->cols[a->col].type == CT_TEXT;
	if (a->value.kind != (text_key ? K_TEXT : K_INT) ||
	    !addressable(&a->value))
		return no_key(out, text);
	return true;
}

bool
key_read(struct sim *s, struct request *r, struct reply *out, size_t table,
    const char *text, struct address *a)
{
	*a = (struct address){ .by_id = true, .col = -1 };
	if (guid_parse(text, strlen(text), &a->id))
		return true;
	if (strchr(text, '=') == NULL)
		return no_key(out, text);
	return alternate_read(s, r, out, &s->tables[table], text, a);
}

/* What Content-ID n of the same change set has made. */
static const char *
reference_of(const struct request *r, const char *text)
{
	for (size_t i = 0; *text == '$' && i < r->n_ids; i++)
		if (r->ids[i] != NULL && strcmp(r->ids[i], text + 1) == 0)
			return r->urls[i];
	return *text == '$' ? NULL : text;
}

const char *
bind_read(struct sim *s, struct request *r, const char *text, size_t *table,
    struct guid *id)
{
	struct reply refused = { 0 };
	struct address a;
	const char *base = set_base(s, r), *url = reference_of(r, text);
	if (url == NULL)
		return "The Content-ID reference is not known";
	if (starts(url, base))
		url += strlen(base);
	else if (starts(url, s->opt.prefix))
		url += strlen(s->opt.prefix);
	else if (*url == '/')
		url++;
	char *set = pool_text(&r->pool, url, strlen(url));
	char *open = strchr(set, '(');
	if (open == NULL || set[strlen(set) - 1] != ')')
		return "The reference is malformed";
	set[strlen(set) - 1] = '\0';
	*open++ = '\0';
	if (!set_find(s, set, table))
		return "The reference names no table";
	if (!key_read(s, r, &refused, *table, open, &a)) {
		reply_clear(&refused);
		return "The reference has no good key";
	}
	const struct table *t = &s->tables[*table];
	const struct row *row = a.by_id ? row_find(t, a.id)
					: row_by_key(s, t, a.col, &a.value);
	if (!row_seen(s, row))
		return "Does Not Exist";
	*id = row->id;
	return NULL;
}
