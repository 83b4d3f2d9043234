/*
 * list.c - the tenant's interests of persons, and making those that are missing.
 * How this can double or harm, and what stops it:
 *  - two runs, or a run and a person: the list is read again right before the
 *    first one is made;
 *  - the reply to a creation is lost: nothing is sent twice, the list says
 *    whether it is there;
 *  - an item that this user's group does not see, and so is made each night:
 *    with interest_list the list itself is read, not what the group sees of it;
 *  - no right to make one, or no list to make it in: the cards that want it wait
 *    (interests.c says for what), the others are written.
 */
#include <string.h>

#include "common/tagset.h"
#include "url.h"
#include "writing.h"

#define LABEL_READ "GET list of interests"
#define LABEL_MAKE "POST interest"

/* ---- reading ------------------------------------------------------------- */
/* NULL = memory. */
static const char *
list_target(const struct superoffice *s)
{
	const char *name = url_escape(s->page, s->set->interest_list);

	if (name == NULL || *name == '\0')
		return name == NULL ? NULL : "/MDOList/persint";
	return arena_printf(s->page, "/List/%s/Items", name);
}

/* Of the list, not of a card that happens to be written. */
static bool
unread(const struct superoffice *s, struct err *err)
{
	if (err->kind == ERR_AUTH && err->code == 403) {
		err->kind = ERR_CONFIG;
		return err_wrap(err, "npsync's user may not read lists");
	}
	if (err->kind != ERR_GONE)
		return false;
	return *s->set->interest_list == '\0' ? err_set(err, ERR_CONFIG,
	    LABEL_READ ": HTTP 404: is it the address of the Web API?") :
	    err_set(err, ERR_CONFIG, LABEL_READ ": HTTP 404: there is no such "
	    "list: correct interest_list, `npsync check` names it");
}

bool
so_list_read(struct superoffice *s, bool again, struct err *err)
{
	struct so_writer *w = s->writer;
	AUTO(api_res) struct api_res res = { 0 };

	if (w->has_interests && !again)
		return true;
	w->has_interests = false;
	arena_reset(s->page);
	arena_reset(w->list);
	so_interests_begin(&w->interests, w->list);
	const char *target = list_target(s);
	if (target == NULL)
		return err_nomem(err);
	if (!so_get(s, s->page, target, LABEL_READ, &res, err))
		return unread(s, err);
	w->has_interests = so_interests_read(&w->interests, api_root(&res),
	    err);
	return w->has_interests;
}

/* ---- making -------------------------------------------------------------- */
/* Not there although it was made, or perhaps made: the list knows. */
static bool
look_again(struct superoffice *s, const char *name, bool *there,
    struct err *err)
{
	if (!so_list_read(s, true, err))
		return false;
	*there = so_interests_id(&s->writer->interests, name) != 0;
	return true;
}

static bool
take_made(struct superoffice *s, const char *name, const struct api_res *res,
    struct err *err)
{
	json_t *node = json_object_get(api_root(res), "Id");
	const json_int_t id = json_integer_value(node);
	bool there;

	if (json_is_integer(node) && id > 0 && id <= INT32_MAX)
		return so_interests_add(&s->writer->interests, name, id, err);
	if (!look_again(s, name, &there, err))
		return false;
	return there || err_set(err, ERR_PROTOCOL, LABEL_MAKE ": it was made, but "
	    "neither the answer nor the list has it");
}

static const char *
body_of(struct arena *arena, const char *name)
{
	json_t *body = json_pack("{s:s, s:s}", "Name", name, "Tooltip",
	    "npsync");
	const char *text = body == NULL ? NULL : json_body(arena, body);

	json_decref(body);
	return text;
}

/* A refusal made nothing; after anything else the list knows. */
static bool
was_refused(const struct err *why)
{
	return why->kind == ERR_AUTH || why->kind == ERR_CONFIG ||
	    why->kind == ERR_NOMEM || why->kind == ERR_CANCELLED ||
	    why->kind == ERR_GONE;
}

static bool
send(struct superoffice *s, const char *name, struct api_res *res,
    struct err *err)
{
	struct api_req req = { .method = "POST", .label = LABEL_MAKE };

	arena_reset(s->page);
	req.target = list_target(s);
	req.body = body_of(s->page, name);
	if (req.target == NULL || req.body == NULL)
		return err_nomem(err);
	req.body_len = strlen(req.body);
	return so_do(s, s->page, &req, res, err);
}

bool
so_list_make(struct superoffice *s, const char *name, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct err why = { .kind = ERR_NONE };
	bool there = false;

	if (*s->set->interest_list == '\0')
		return err_set(err, ERR_CONFIG, "there is no interest \"%.60s\": "
		    "make it in the administration (Lists, Person interests), "
		    "or set interest_list", name);
	if (send(s, name, &res, &why))
		return take_made(s, name, &res, err);
	if (!was_refused(&why) && (!look_again(s, name, &there, err) || there))
		return there;
	*err = why;
	if (err->kind == ERR_GONE)
		err->kind = ERR_CONFIG;
	return err_wrap(err, "the interest \"%.60s\" could not be made: make it "
	    "by hand, or give npsync's user the right to change lists", name);
}

/* ---- all that are wanted --------------------------------------------------- */
/* Only a person can make it; whose tag needs it is told then. */
static bool
may_wait(const struct superoffice *s, const struct err *why)
{
	return *s->set->interest_list == '\0' || why->kind == ERR_REJECTED ||
	    (why->kind == ERR_AUTH && why->code == 403);
}

static bool
ensure_one(struct superoffice *s, const char *tag, bool *fresh,
    struct err *err)
{
	const char *name = tagset_compose(s->api.env.scratch, tag);
	bool there = so_interests_id(&s->writer->interests, name) != 0;

	if (!there && !*fresh && !look_again(s, name, &there, err))
		return false;
	*fresh |= !there;
	return there || so_list_make(s, name, err) || may_wait(s, err);
}

/* In a field any tag can stand; this is the time to ask what the field is. */
bool
so_ensure_tags(void *self, const char *const *tags, size_t n, struct err *err)
{
	struct superoffice *s = self;
	const struct so_field *field;
	bool fresh = !s->writer->has_interests;

	if (s->set->tag_mode == SO_TAGS_OFF)
		return err_set(err, ERR_DONE, "tag_mode is off");
	if (s->set->tag_mode == SO_TAGS_FIELD)
		return so_tag_field(s, &field, err);
	if (!so_list_read(s, false, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!ensure_one(s, tags[i], &fresh, err))
			return false;
	return true;
}
