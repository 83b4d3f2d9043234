#include "lookup.h"

#include <string.h>

#include "map.h"

#define FIRST_BUCKETS ((size_t)256)

/* FNV-1a */
uint64_t
files_hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * UINT64_C(1099511628211);
	return hash;
}

void
files_lookup_init(struct files_lookup *lookup, struct arena *arena)
{
	*lookup = (struct files_lookup){ .arena = arena };
}

static struct files_entry **
bucket_of(const struct files_lookup *lookup, uint64_t hash)
{
	return &lookup->bucket[hash & (lookup->n_buckets - 1)];
}

/* The old buckets stay in the arena: all of them a third of the new ones. */
static bool
grow(struct files_lookup *lookup)
{
	const size_t n = lookup->n_buckets;
	struct files_entry **old = lookup->bucket;
	const size_t more = n == 0 ? FIRST_BUCKETS : 4 * n;
	struct files_entry **bucket = arena_array(lookup->arena, more,
	    sizeof(struct files_entry *));

	if (bucket == NULL)
		return false;
	lookup->bucket = bucket;
	lookup->n_buckets = more;
	for (size_t i = 0; i < n; i++) {
		while (old[i] != NULL) {
			struct files_entry *e = old[i];
			old[i] = e->next;
			struct files_entry **to = bucket_of(lookup, e->hash);
			e->next = *to;
			*to = e;
		}
	}
	return true;
}

static struct files_entry *
find(const struct files_lookup *lookup, const char *key, uint64_t hash)
{
	if (lookup->n_buckets == 0)
		return NULL;
	for (struct files_entry *e = *bucket_of(lookup, hash); e != NULL;
	    e = e->next)
		if (e->hash == hash && strcmp(e->key, key) == 0)
			return e;
	return NULL;
}

struct files_entry *
files_lookup_get(const struct files_lookup *lookup, const char *key)
{
	return find(lookup, key, files_hash(key, strlen(key)));
}

struct files_entry *
files_lookup_add(struct files_lookup *lookup, const char *key)
{
	const uint64_t hash = files_hash(key, strlen(key));
	struct files_entry *e = find(lookup, key, hash);

	if (e != NULL)
		return e;
	if (lookup->n >= 2 * lookup->n_buckets && !grow(lookup))
		return NULL;
	e = arena_alloc(lookup->arena, sizeof(*e));
	if (e == NULL)
		return NULL;
	e->hash = hash;
	e->key = arena_strdup(lookup->arena, key);
	if (e->key == NULL)
		return NULL;
	struct files_entry **to = bucket_of(lookup, hash);
	e->next = *to;
	*to = e;
	lookup->n++;
	return e;
}

/* ---- companies and tags --------------------------------------------- */

static bool
index_full(const struct files *f, const struct files_sheet *sheet,
    struct err *err)
{
	if (arena_no_memory(f->index) || arena_no_memory(f->record))
		return err_nomem(err);
	return err_set(err, ERR_CONFIG, "%s: companies and tags need more than "
	    "lookup_mb = %d MiB of memory", sheet->source, f->set->lookup_mb);
}

/* Few different texts stand in many rows: each is kept once. */
static const char *
word(struct files *f, const char *text)
{
	if (text == NULL)
		return NULL;
	const struct files_entry *e = files_lookup_add(&f->words, text);
	return e == NULL ? NULL : e->key;
}

static bool
add_tag(struct files *f, struct files_lookup *to, const char *key,
    const char *text)
{
	struct files_entry *e = files_lookup_add(to, key);
	struct files_tag *tag = arena_alloc(f->index, sizeof(*tag));

	if (e == NULL || tag == NULL)
		return false;
	tag->text = word(f, text);
	tag->next = e->value;
	e->value = tag;
	return tag->text != NULL;
}

static bool
tag_row(void *arg, struct files_sheet *sheet, struct err *err)
{
	struct files *f = arg;
	const char *text = files_cell(sheet, TAG_TEXT);
	struct files_lookup *to = sheet->kind == FILES_TAGS ? &f->tags :
	    &f->company_tags;

	if (text == NULL) {
		files_bad_cell(sheet, TAG_TEXT, "a tag");
		return true;
	}
	return add_tag(f, to, files_cell(sheet, TAG_OF), text) ||
	    index_full(f, sheet, err);
}

struct company_tag {
	struct files *f;
	const char *company_id;
};

static bool
company_tag(void *arg, const char *tag, size_t len)
{
	const struct company_tag *ct = arg;
	const char *text = arena_strndup(ct->f->record, tag, len);

	return text != NULL && add_tag(ct->f, &ct->f->company_tags,
	    ct->company_id, text);
}

static bool
company_row(void *arg, struct files_sheet *sheet, struct err *err)
{
	struct files *f = arg;
	const char *id = files_cell(sheet, COMPANY_ID);
	const char *tags = files_cell(sheet, COMPANY_TAGS);
	struct company_tag ct = { f, id };
	struct files_entry *e = files_lookup_add(&f->companies, id);
	struct files_company *company = arena_alloc(f->index, sizeof(*company));

	if (e == NULL || company == NULL)
		return index_full(f, sheet, err);
	for (int i = COMPANY_NAME; i < COMPANY_TAGS; i++)
		company->col[i] = word(f, files_cell(sheet, i));
	e->value = company;	/* the last row of a company counts */
	if (tags != NULL && !files_each_tag(tags,
	    f->table[FILES_COMPANIES].tag_separator, company_tag, &ct))
		return index_full(f, sheet, err);
	return !arena_failed(f->index) || index_full(f, sheet, err);
}

bool
files_index(struct files *f, bool again, struct err *err)
{
	const struct files_reader companies = { .row = company_row, .arg = f };
	const struct files_reader tags = { .row = tag_row, .arg = f };

	if (f->indexed && !again)
		return true;
	f->indexed = false;
	arena_reset(f->index);
	files_lookup_init(&f->words, f->index);
	files_lookup_init(&f->companies, f->index);
	files_lookup_init(&f->tags, f->index);
	files_lookup_init(&f->company_tags, f->index);
	f->indexed = files_read(f, FILES_COMPANIES, &companies, err) &&
	    files_read(f, FILES_TAGS, &tags, err) &&
	    files_read(f, FILES_COMPANY_TAGS, &tags, err);
	return f->indexed;
}
