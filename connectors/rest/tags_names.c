/*
 * tags_names.c - which tags the CRM has, where they are objects with an id, and
 * making those that are missing.  How this can double, and what stops it:
 *  - two runs, or a run and a person: the list is read again right before the
 *    first one is made;
 *  - the reply to a creation is lost: nothing is sent twice, the list says
 *    whether it is there;
 *  - a tag that the CRM spells with combining letters: names are compared
 *    composed;
 *  - a list of several pages: all of it is read before anything is missing;
 *  - two tags of one name all the same: the smaller id is used, always.
 * A refusal (403) ends the writing of this CRM with one line; what is wanted
 * stays wanted.
 */
#include "tags.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "common/tagset.h"
#include "num.h"
#include "select.h"

#define NAMES_MAX ((size_t)100000)

/* ---- ids ------------------------------------------------------------------- */
bool
tag_id_of(json_t *node, struct arena *arena, struct tag_id *id)
{
	*id = (struct tag_id){ .number = json_is_integer(node) };
	if (!id->number && !json_is_string(node))
		return false;
	id->text = json_text(arena, node);
	return id->text != NULL && *id->text != '\0';
}

json_t *
tag_id_json(const struct tag_id *id)
{
	long long number;

	if (id->text == NULL)
		return NULL;
	if (id->number && num_parse(id->text, LLONG_MIN, LLONG_MAX, &number))
		return json_integer(number);
	return json_string(id->text);
}

/* ---- the table ------------------------------------------------------------- */
static int
by_id(const void *a, const void *b)
{
	const struct tag_name *const *one = a, *const *other = b;

	return strcmp((*one)->id.text, (*other)->id.text);
}

static int
by_name(const void *a, const void *b)
{
	const struct tag_name *one = a, *other = b;
	const int order = strcmp(one->name, other->name);
	const size_t len = strlen(one->id.text), len2 = strlen(other->id.text);

	if (order != 0)
		return order;
	return len != len2 ? (len > len2 ? 1 : -1)
	                   : strcmp(one->id.text, other->id.text);
}

static bool
make_room(struct tag_names *names)
{
	const size_t room = names->room == 0 ? 256 : 2 * names->room;
	struct tag_name *v = arena_array(names->arena, room, sizeof(*v));
	const struct tag_name **ids = arena_array(names->arena, room,
	    sizeof(*ids));

	if (v == NULL || ids == NULL)
		return false;
	if (names->n > 0)
		memcpy(v, names->v, names->n * sizeof(*v));
	names->v = v;
	names->by_id = ids;
	names->room = room;
	return true;
}

bool
tag_names_add(struct tag_names *names, const char *name,
    const struct tag_id *id, struct err *err)
{
	if (names->n >= NAMES_MAX)
		return err_set(err, ERR_PROTOCOL, "more than %zu tags",
		    NAMES_MAX);
	if (names->n == names->room && !make_room(names))
		return err_nomem(err);
	const char *copy = arena_strdup(names->arena, name);
	const char *text = arena_strdup(names->arena, id->text);
	if (copy == NULL || text == NULL)
		return err_nomem(err);
	names->v[names->n++] = (struct tag_name){
		.name = tagset_compose(names->arena, copy),
		.id = { text, id->number } };
	names->sorted = 0;
	return !arena_failed(names->arena) || err_nomem(err);
}

static void
sort(struct tag_names *names)
{
	if (names->sorted == names->n)
		return;
	qsort(names->v, names->n, sizeof(*names->v), by_name);
	for (size_t i = 0; i < names->n; i++)
		names->by_id[i] = &names->v[i];
	qsort(names->by_id, names->n, sizeof(*names->by_id), by_id);
	names->sorted = names->n;
}

const struct tag_name *
tag_names_find(struct tag_names *names, const char *name)
{
	size_t low = 0, high = names->n;

	sort(names);
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (strcmp(names->v[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < names->n && strcmp(names->v[low].name, name) == 0
	    ? &names->v[low] : NULL;
}

const struct tag_name *
tag_names_by_id(struct tag_names *names, const char *id)
{
	const struct tag_name key = { .id = { id, false } }, *at = &key;

	sort(names);
	const struct tag_name *const *found = names->n == 0 ? NULL :
	    bsearch(&at, names->by_id, names->n, sizeof(*names->by_id), by_id);
	return found == NULL ? NULL : *found;
}

/* ---- reading them ------------------------------------------------------------ */
static bool
take_row(void *arg, const struct listing *l, struct listing_row *row,
    struct err *err)
{
	struct rest_crm *c = arg;
	const struct rest_tags *set = l->of;
	struct select_match id = select_first(row->json, &set->names.read.id);
	struct select_match name = select_first(row->json, &set->names.name);
	const char *text = select_text(&name, c->rest.item);
	struct tag_id is;

	if (text == NULL || !tag_id_of(id.node, c->rest.item, &is)) {
		static const char why[] = "expected an id and a name";
		memcpy(row->reason, why, sizeof(why));
		return true;
	}
	return tag_names_add(&c->writer->names, text, &is, err);
}

static bool
read_names(struct rest_crm *c, struct err *err)
{
	const struct rest_tags *set = &c->set->profile.writing.tags;
	const struct listing listing = { .name = "tags", .where = "tags.names",
		.set = &set->names.read, .of = set };
	const struct pull pull = { .from = NO_TIME, .until = NO_TIME };
	const struct listing_sink sink = { .row = take_row, .arg = c };
	struct tag_names *names = &c->writer->names;

	arena_reset(names->arena);
	*names = (struct tag_names){ .arena = names->arena };
	if (!listing_read(&c->rest, &listing, 1, &pull, &sink, err))
		return false;
	names->read = true;
	return true;
}

/* ---- making them --------------------------------------------------------------- */
static bool
hole_of_tag(void *tag, const char *name, struct hole_value *out)
{
	*out = (struct hole_value){ .type = HOLE_TEXT, .text = tag };
	return strcmp(name, "tag") == 0;
}

/* Not there although it was made, or perhaps made: the list knows. */
static bool
look_again(struct rest_crm *c, const char *tag, bool *there, struct err *err)
{
	if (!read_names(c, err))
		return false;
	*there = tag_names_find(&c->writer->names, tag) != NULL;
	return true;
}

static bool
take_created(struct rest_crm *c, const char *tag, const struct json_doc *doc,
    struct err *err)
{
	const struct rest_tags *set = &c->set->profile.writing.tags;
	struct select_match m = doc == NULL ? (struct select_match){ 0 }
	    : select_first(json_root(doc), &set->created);
	struct tag_id id;
	bool there;

	if (m.node != NULL && tag_id_of(m.node, c->rest.page, &id))
		return tag_names_add(&c->writer->names, tag, &id, err);
	if (!look_again(c, tag, &there, err))
		return false;
	return there || err_set(err, ERR_PROTOCOL, "tags.create: the tag was "
	    "made, but neither the answer (tags.created) nor tags.names has it");
}

static bool
create(struct rest_crm *c, const char *tag, struct err *err)
{
	const struct rest_tags *set = &c->set->profile.writing.tags;
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct http_res res = { .status = 0 };
	struct err why = { .kind = ERR_NONE };
	bool there = false;

	arena_reset(c->rest.page);
	if (rest_call(&c->rest, &set->create, hole_of_tag,
	        (void *)(uintptr_t)tag, &res, &doc, &why))
		return take_created(c, tag, doc, err);
	if (why.kind != ERR_AUTH && why.kind != ERR_CONFIG &&
	    why.kind != ERR_NOMEM && why.kind != ERR_CANCELLED) {
		if (!look_again(c, tag, &there, err))
			return false;
		if (there)
			return true;
	}
	*err = why;
	return err_wrap(err, "tags.create: the tag \"%.60s\" could not be made; "
	    "make it by hand, or let this user make tags", tag);
}

/* Those that are missing, in tags[0..n). */
static bool
make_missing(struct rest_crm *c, const char *const *tags, size_t n, bool fresh,
    struct err *err)
{
	const struct rest_tags *set = &c->set->profile.writing.tags;
	struct tag_names *names = &c->writer->names;

	for (size_t i = 0; i < n; i++) {
		if (tag_names_find(names, tags[i]) != NULL)
			continue;
		if (!fresh && !read_names(c, err))
			return false;
		if (!fresh) {
			fresh = true;
			i--;		/* somebody may have made it since */
			continue;
		}
		if (!rest_request_given(&set->create))
			return err_set(err, ERR_CONFIG, "profile %s: tags: the CRM "
			    "has no tag \"%.60s\", and tags.create is not given: "
			    "make it there", rest_at(&c->rest, "tags"), tags[i]);
		if (!create(c, tags[i], err))
			return false;
	}
	return true;
}

bool
rest_ensure_tags(void *self, const char *const *tags, size_t n,
    struct err *err)
{
	struct rest_crm *c = self;
	const struct rest_tags *set = &c->set->profile.writing.tags;
	const bool fresh = !c->writer->names.read;
	AUTO(arena) struct arena *arena = NULL;

	if (set->style == REST_TAGS_NONE)
		return err_set(err, ERR_DONE, "profile %s writes no tags",
		    c->rest.profile);
	if (!rest_listing_given(&set->names.read))
		return true;
	if (fresh && !read_names(c, err))
		return false;
	arena = arena_new((size_t)4 << 20);
	const char **composed = arena == NULL ? NULL
	    : arena_array(arena, n + 1, sizeof(*composed));
	if (composed == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		composed[i] = tagset_compose(arena, tags[i]);
	return arena_failed(arena) ? err_nomem(err)
	    : make_missing(c, composed, n, fresh, err);
}
