/*
 * tags_plan.c - what must come onto a card, and what must go.  Pure.
 *
 * Everybody else's tags are at stake here: a list that is read too short is
 * written back too short.  So an element that cannot be read, a list that is
 * not where it should be, a null where its card should be, another's card, and a
 * list as long as an answer can hold are errors; none of them is "no tags".
 */
#include "tags.h"

#include <string.h>
#include <strings.h>

#include "common/tagset.h"
#include "select.h"
#include "uses.h"

#define PIECES_MAX ((size_t)10000)

/* ---- the card --------------------------------------------------------------- */
/* A service that does not know the filter gives the first card it has. */
static bool
is_asked_for(const struct rest_crm *c, const char *contact_id, json_t *card)
{
	const struct rest_contacts *cards = &c->set->profile.reading.contacts;
	const struct strlist *at = select_any(&cards->by_id.id)
	    ? &cards->by_id.id : &cards->read.id;
	const struct select_match m = select_first(card, at);
	const char *id = select_text(&m, c->rest.env->scratch);

	return id == NULL || strcasecmp(id, contact_id) == 0;
}

/* Rows that are named are cards; a card asked for by its id is one of them. */
bool
tag_card_of(const struct rest_crm *c, const char *contact_id, json_t *root,
    json_t **card, struct err *err)
{
	const struct rest_tags *set = &c->set->profile.writing.tags;
	json_t *rows;

	*card = root;
	if (!select_any(&set->read.rows))
		return true;
	rows = rest_rows(&set->read, root);
	if (rows == NULL)
		return err_set(err, ERR_PROTOCOL,
		    "tags.read: expected an array at one of rows");
	if (json_array_size(rows) == 0)
		return err_set(err, ERR_GONE, "the CRM has no such contact");
	if (json_array_size(rows) > 1)
		return err_set(err, ERR_PROTOCOL, "tags.read: lists others than "
		    "the contact asked for");
	*card = json_array_get(rows, 0);
	return is_asked_for(c, contact_id, *card) || err_set(err, ERR_PROTOCOL,
	    "tags.read: a row of another id than the contact asked for");
}

/* *node NULL: there are none.  */
static bool
find_tags(const struct rest_tags *set, json_t *card, json_t **node,
    struct err *err)
{
	struct select_match m;

	*node = card;
	if (!select_any(&set->at))
		return true;
	m = select_first(card, &set->at);
	*node = m.node;
	if (m.node != NULL || select_has_place(card, &set->at) ||
	    select_may_miss(&set->at))
		return true;
	if (select_is_known(card, &set->at))
		return err_set(err, ERR_PROTOCOL, "tags.at: null in place of what "
		    "holds the tags; none, or not shown, cannot be told, so "
		    "nothing is written: set any field beside them on the card, "
		    "or look at the rights of npsync's user");
	return err_set(err, ERR_PROTOCOL, "tags.at: nothing there in the answer: "
	    "is the name right? Only if the service leaves an empty one out, "
	    "add \"\" to the list");
}

/* ---- its tags ---------------------------------------------------------------- */
static bool
take_plain(const struct rest_tags *set, struct tag_names *names, json_t *node,
    struct arena *arena, struct rest_tag *tag)
{
	const struct tag_name *known;

	if (!tag_id_of(node, arena, &tag->id))
		return false;
	if (!set->ids) {
		tag->raw = tag->id.text;
		tag->id.text = NULL;
		return true;
	}
	known = tag_names_by_id(names, tag->id.text);
	tag->raw = known == NULL ? NULL : known->name;
	return true;
}

static bool
take_object(const struct rest_tags *set, struct tag_names *names, json_t *node,
    struct arena *arena, struct rest_tag *tag)
{
	struct select_match id = select_first(node, &set->id);
	struct select_match name = select_first(node, &set->name);
	const struct tag_name *known;

	tag->raw = select_text(&name, arena);
	if (!tag_id_of(id.node, arena, &tag->id))
		tag->id.text = NULL;
	if (tag->raw == NULL && tag->id.text != NULL && !select_any(&set->name)) {
		known = tag_names_by_id(names, tag->id.text);
		tag->raw = known == NULL ? NULL : known->name;
		return true;
	}
	return tag->raw != NULL;
}

static bool
take_list(const struct rest_tags *set, struct tag_names *names, json_t *list,
    struct arena *arena, struct tag_plan *plan, struct err *err)
{
	const size_t n = json_array_size(list);
	json_t *node;
	size_t i;

	if (list != NULL && !json_is_array(list))
		return err_set(err, ERR_PROTOCOL, "tags.at: expected a list");
	if (set->at_most > 0 && n >= (size_t)set->at_most)
		return err_set(err, ERR_REJECTED, "the card has %zu tags, as many "
		    "as one answer holds (tags.at_most): it may have more", n);
	plan->tag = arena_array(arena, n + 1, sizeof(*plan->tag));
	if (plan->tag == NULL)
		return err_nomem(err);
	plan->n = n;
	json_array_foreach (list, i, node)
		if (json_is_object(node)
		    ? !take_object(set, names, node, arena, &plan->tag[i])
		    : !take_plain(set, names, node, arena, &plan->tag[i]))
			return err_set(err, ERR_PROTOCOL, "tags: element %zu of "
			    "the list is no tag that tags.id and tags.name find",
			    i);
	return !arena_failed(arena) || err_nomem(err);
}

/* ---- text -------------------------------------------------------------------- */
static const char *
trimmed(struct arena *arena, const char *text, size_t len)
{
	while (len > 0 && (unsigned char)*text <= ' ') {
		text++;
		len--;
	}
	while (len > 0 && (unsigned char)text[len - 1] <= ' ')
		len--;
	return arena_strndup(arena, text, len);
}

static size_t
count_pieces(const char *text, const char *separator)
{
	size_t n = 1;

	while ((text = strstr(text, separator)) != NULL) {
		text += strlen(separator);
		n++;
	}
	return n;
}

/* Pieces stay as they are, blanks too; what is compared is trimmed. */
static bool
take_text(const struct rest_tags *set, json_t *node, struct arena *arena,
    struct tag_plan *plan, struct err *err)
{
	const char *text = node == NULL ? "" : json_string_value(node);
	const size_t gap = strlen(set->separator);

	if (text == NULL)
		return err_set(err, ERR_PROTOCOL, "tags.at: expected a text");
	const size_t n = *text == '\0' ? 0 : count_pieces(text, set->separator);
	if (n > PIECES_MAX)
		return err_set(err, ERR_REJECTED, "more than %zu tags",
		    PIECES_MAX);
	plan->tag = arena_array(arena, n + 1, sizeof(*plan->tag));
	if (plan->tag == NULL)
		return err_nomem(err);
	for (; plan->n < n; plan->n++) {
		const char *end = strstr(text, set->separator);
		const size_t len = end == NULL ? strlen(text)
		                               : (size_t)(end - text);
		plan->tag[plan->n].raw = arena_strndup(arena, text, len);
		plan->tag[plan->n].name = trimmed(arena, text, len);
		text += len + (end == NULL ? 0 : gap);
	}
	return !arena_failed(arena) || err_nomem(err);
}

static bool
join(const struct rest_tags *set, struct arena *arena, struct tag_plan *plan,
    struct err *err)
{
	AUTO(buf) struct buf out;
	bool first = true;

	buf_init(&out, JSON_MAX_TEXT);
	for (size_t i = 0; i <= plan->n; i++) {
		const char *piece = i == plan->n ? plan->value
		    : plan->tag[i].goes ? NULL : plan->tag[i].raw;
		if (piece == NULL || (i == plan->n && !plan->add))
			continue;
		if (!first)
			(void)buf_str(&out, set->separator);
		first = false;
		(void)buf_str(&out, piece);
	}
	if (out.failed && !out.no_memory)
		return err_set(err, ERR_REJECTED, "the text of the tags is longer "
		    "than %zu bytes", JSON_MAX_TEXT);
	plan->text = arena_strdup(arena, buf_text(&out));
	return (!out.failed && plan->text != NULL) || err_nomem(err);
}

/* ---- what is to be done --------------------------------------------------------- */
/* As tagset_apply judges, with the place of each kept. */
static void
judge(const struct crm_tag_write *write, struct tag_plan *plan)
{
	bool there = plan->value == NULL;

	for (size_t i = 0; i < plan->n; i++) {
		struct rest_tag *tag = &plan->tag[i];
		if (tag->name == NULL)
			continue;
		const bool is_value = plan->value != NULL &&
		    strcmp(tag->name, plan->value) == 0;
		tag->goes = is_value ? there
		    : tagset_replaces(write, tag->name) ||
		    (write->old != NULL && strcmp(tag->raw, write->old) == 0);
		there |= is_value;
		plan->n_goes += tag->goes;
	}
	plan->add = !there;
}

static bool
check_value(const struct rest_tags *set, const char *value, struct err *err)
{
	if (value == NULL || set->style != REST_TAGS_TEXT ||
	    strstr(value, set->separator) == NULL)
		return true;
	return err_set(err, ERR_REJECTED, "the tag holds the separator of the "
	    "CRM's text (tags.separator)");
}

bool
tag_plan_make(const struct rest_tags *set, struct tag_names *names,
    const struct crm_tag_write *write, json_t *card, struct arena *arena,
    struct tag_plan *plan, struct err *err)
{
	const struct tag_name *known;
	json_t *node;

	*plan = (struct tag_plan){ .value = write->value };
	if (!check_value(set, write->value, err) ||
	    !find_tags(set, card, &node, err))
		return false;
	if (set->style == REST_TAGS_TEXT
	    ? !take_text(set, node, arena, plan, err)
	    : !take_list(set, names, node, arena, plan, err))
		return false;
	for (size_t i = 0; i < plan->n; i++) {
		const char *text = set->style == REST_TAGS_TEXT
		    ? plan->tag[i].name : plan->tag[i].raw;
		if (text != NULL)
			plan->tag[i].name = tagset_compose(arena, text);
	}
	judge(write, plan);
	known = write->value == NULL ? NULL
	    : tag_names_find(names, write->value);
	if (known != NULL)
		plan->value_id = known->id;
	if (arena_failed(arena))
		return err_nomem(err);
	return set->style != REST_TAGS_TEXT || join(set, arena, plan, err);
}

/* ---- what a request names -------------------------------------------------------- */
static bool
have_ids(const struct tag_plan *plan, const struct rest_request *from,
    struct err *err)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct rest_tag *tag = &plan->tag[i];
		const bool named = rest_request_uses(from, tag->goes
		    ? "remove_ids" : "tag_ids");
		if (named && tag->id.text == NULL)
			return err_set(err, ERR_REJECTED, "a tag of the card has "
			    "no id that tags.id or tags.names find");
	}
	return true;
}

bool
tag_plan_has_ids(const struct tag_plan *plan, const struct rest_tag *goes,
    const struct rest_request *from, struct err *err)
{
	static const char *const comes[] = { "tag_ids", "add_ids", "new_id" };
	bool needed = goes == NULL && rest_request_uses(from, "tag_id");

	for (size_t i = 0; i < ARRAY_LEN(comes); i++)
		needed |= rest_request_uses(from, comes[i]);
	if (goes != NULL && goes->id.text == NULL &&
	    rest_request_uses(from, "tag_id"))
		return err_set(err, ERR_PROTOCOL, "tags.id: the tag that goes has "
		    "no id");
	if (plan->add && needed && plan->value_id.text == NULL)
		return err_set(err, ERR_RETRY, "tags: the CRM has no tag "
		    "\"%.60s\" yet", plan->value);
	return have_ids(plan, from, err);
}

bool
tag_plan_has_names(const struct tag_plan *plan,
    const struct rest_request *from, struct err *err)
{
	const bool all = rest_request_uses(from, "tags");

	for (size_t i = 0; all && i < plan->n; i++)
		if (plan->tag[i].raw == NULL)
			return err_set(err, ERR_REJECTED, "a tag of the card has "
			    "no name that tags.name or tags.names find");
	return true;
}
