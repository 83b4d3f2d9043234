/*
 * interests.c - which interests come and which go.  How this can lose, double
 * or harm, and what stops it:
 *  - somebody else's interest taken off a card: only ids whose names the write
 *    names are disabled, all others are not mentioned;
 *  - a heading taken for an interest (its id is of another table): what has
 *    children is none;
 *  - an interest that stands under two headings, taken for two tags, so that
 *    the tag itself goes as the second one: each id counts once;
 *  - an id that is enabled and disabled, which the service refuses: what the
 *    card has already is neither;
 *  - two items of one name: the smaller id is used, always, and a card that has
 *    the other one has the tag;
 *  - an item that was deleted in the administration: it is none, a new one is
 *    made;
 *  - an answer without names or without "Selected": an error, not "no tags".
 */
#include "interests.h"

#include <string.h>

#include "common/tagset.h"

typedef bool item_fn(void *arg, json_t *item, struct err *err);

/* Each item, whatever heading it stands under. */
static bool
walk(json_t *list, item_fn *fn, void *arg, struct err *err)
{
	json_t *item, *children;
	size_t i;

	if (!json_is_array(list))
		return err_set(err, ERR_PROTOCOL,
		    "interests: expected a JSON array");
	json_array_foreach (list, i, item) {
		if (!json_is_object(item))
			return err_set(err, ERR_PROTOCOL,
			    "interests: expected JSON objects in the list");
		children = json_object_get(item, "ChildItems");
		const bool ok = json_array_size(children) > 0
		    ? walk(children, fn, arg, err) : fn(arg, item, err);
		if (!ok)
			return false;
	}
	return true;
}

/* ---- the tenant's ---------------------------------------------------------- */
void
so_interests_begin(struct so_interests *list, struct arena *arena)
{
	*list = (struct so_interests){ .arena = arena };
	idmap_init(&list->ids, arena);
}

int64_t
so_interests_id(const struct so_interests *list, const char *name)
{
	const int64_t *id = idmap_get(&list->ids, name);

	return id == NULL ? 0 : *id;
}

bool
so_interests_add(struct so_interests *list, const char *name, int64_t id,
    struct err *err)
{
	int64_t *mine;

	if (list->n++ >= SO_INTERESTS_MAX)
		return err_set(err, ERR_PROTOCOL, "more than %zu interests: "
		    "delete those of old campaigns", SO_INTERESTS_MAX);
	const char *copy = arena_strdup(list->arena, name);
	if (copy == NULL)
		return err_nomem(err);
	const char *key = tagset_compose(list->arena, copy);
	if ((mine = idmap_get(&list->ids, key)) != NULL) {
		*mine = id < *mine ? id : *mine;
		return true;
	}
	mine = arena_alloc(list->arena, sizeof(*mine));
	if (mine == NULL || arena_failed(list->arena) ||
	    !idmap_put(&list->ids, key, mine))
		return err_nomem(err);
	*mine = id;
	return true;
}

static bool
id_of(json_t *item, int64_t *id)
{
	json_t *node = json_object_get(item, "Id");

	*id = json_integer_value(node);
	return json_is_integer(node) && *id > 0 && *id <= INT32_MAX;
}

static bool
take_item(void *arg, json_t *item, struct err *err)
{
	struct so_interests *list = arg;
	const char *name = json_string_value(json_object_get(item, "Name"));
	int64_t id;

	if (json_is_true(json_object_get(item, "Deleted")))
		return true;
	if (!id_of(item, &id) || name == NULL)
		return err_set(err, ERR_PROTOCOL,
		    "interests: expected Id and Name of each item");
	return so_interests_add(list, name, id, err);
}

bool
so_interests_read(struct so_interests *list, json_t *root, struct err *err)
{
	return walk(root, take_item, list, err);
}

/* ---- a card's -------------------------------------------------------------- */
struct selected {
	const char **name;
	int64_t *id;
	size_t n;
};

static bool
is_among(const int64_t *ids, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static bool
take_selected(void *arg, json_t *item, struct err *err)
{
	struct selected *s = arg;
	json_t *flag = json_object_get(item, "Selected");
	const char *name = json_string_value(json_object_get(item, "Name"));
	int64_t id;

	if (json_is_false(flag))
		return true;
	if (!json_is_true(flag) || name == NULL || !id_of(item, &id))
		return err_set(err, ERR_PROTOCOL, "interests: expected Id, Name "
		    "and Selected of each of a person's");
	if (is_among(s->id, s->n, id))
		return true;
	if (s->n == SO_SELECTED_MAX)
		return err_set(err, ERR_REJECTED, "the card has more than %zu "
		    "interests", SO_SELECTED_MAX);
	s->name[s->n] = name;
	s->id[s->n++] = id;
	return true;
}

/* As a right that is lacking: later, and the other cards go on. */
static bool
no_interest(const char *name, struct err *err)
{
	(void)err_set(err, ERR_AUTH, "no interest \"%.40s\": make it by hand "
	    "(Lists, Person interests), or see interest_list", name);
	err->code = 403;
	return false;
}

/* after: as tagset_apply leaves names, the same pointers in the same order. */
static bool
diff(const struct so_interests *list, const struct selected *s,
    const char *const *after, struct arena *arena,
    struct so_interest_plan *plan, struct err *err)
{
	int64_t *goes = arena_array(arena, s->n + 1, sizeof(*goes)), id = 0;
	const char *const *comes = after;
	size_t n = 0;

	if (goes == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < s->n; i++)
		comes += *comes == s->name[i];
	if (*comes != NULL && (id = so_interests_id(list, *comes)) == 0)
		return no_interest(*comes, err);
	for (size_t i = 0; i < s->n; i++)
		if (*after == s->name[i])
			after++;
		else if (s->id[i] != id)
			goes[n++] = s->id[i];
	/* The card may have it already, under another name. */
	*plan = (struct so_interest_plan){ .disable = goes, .n_disable = n,
		.enable = is_among(s->id, s->n, id) ? 0 : id };
	return true;
}

bool
so_interests_plan(const struct so_interests *list, json_t *interests,
    const struct crm_tag_write *write, struct arena *arena,
    struct so_interest_plan *plan, struct err *err)
{
	struct selected s = {
		.name = arena_array(arena, SO_SELECTED_MAX + 1,
		    sizeof(*s.name)),
		.id = arena_array(arena, SO_SELECTED_MAX, sizeof(*s.id)) };
	const char *const *after;
	bool changed;

	if (s.name == NULL || s.id == NULL)
		return err_nomem(err);
	return walk(interests, take_selected, &s, err) &&
	    tagset_apply(arena, s.name, write, &after, &changed, err) &&
	    diff(list, &s, after, arena, plan, err);
}

bool
so_interests_unchanged(const struct so_interest_plan *plan)
{
	return plan->enable == 0 && plan->n_disable == 0;
}

/* ---- the request ----------------------------------------------------------- */
static bool
ids_set(json_t *to, const char *name, const int64_t *ids, size_t n)
{
	json_t *list = json_array();
	bool ok = list != NULL;

	for (size_t i = 0; ok && i < n; i++)
		ok = json_array_append_new(list, json_integer(ids[i])) == 0;
	ok = ok && json_object_set(to, name, list) == 0;
	json_decref(list);
	return ok;
}

const char *
so_interests_body(struct arena *arena, int64_t person_id,
    const struct so_interest_plan *plan)
{
	json_t *body = json_object();
	const bool ok = body != NULL &&
	    json_object_set_new(body, "PersonId", json_integer(person_id)) ==
	    0 &&
	    ids_set(body, "EnableInterestIds", &plan->enable,
	    plan->enable != 0) &&
	    ids_set(body, "DisableInterestIds", plan->disable,
	    plan->n_disable);
	const char *text = ok ? json_body(arena, body) : NULL;

	json_decref(body);
	return text;
}
