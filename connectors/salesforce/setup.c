/*
 * setup.c - what an administrator makes for npsync, thing by thing.  How it could
 * harm, and what stops it:
 *  - it changes what is there: only fields that are missing are made, and only
 *    such as an organisation names itself; rights are never given, objects never
 *    made, nothing is deleted;
 *  - a field that is hidden is taken for missing: the service refuses a second one
 *    of the name, and that is told;
 *  - what another option does not use is asked for: nothing that is off is named.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "custom.h"
#include "writing.h"

#define WORK_BYTES ((size_t)67108864)
#define NO_FIX "or run `npsync check --fix`"

struct setup {
	struct salesforce *s;
	const struct crm_setup *wants;
	crm_setup_fn *emit;
	void *arg;
	struct arena *arena;
	json_t *object;		/* of describe; what is asked about */
	const char *name;	/* of the object */
};

static bool
say(struct setup *u, const char *what, enum setup_state state,
    const char *advice, struct err *err)
{
	if (what == NULL || arena_failed(u->arena))
		return err_nomem(err);
	return u->emit(u->arg, what, state, advice) ? true
	    : err_set(err, ERR_CANCELLED, "stopped");
}

/* ---- objects ------------------------------------------------------------- */
/* True with res->doc NULL: the user cannot see it. */
static bool
look(struct setup *u, const char *object, struct api_res *res,
    struct err *err)
{
	u->name = object;
	u->object = NULL;
	if (sf_describe_read(u->s, object, u->arena, res, err)) {
		u->object = api_root(res);
		return true;
	}
	api_res_cleanup(res);
	return err->kind == ERR_CONFIG &&
	    u->s->api.stopped.kind == ERR_NONE;
}

static bool
object_says(const struct setup *u, const char *right)
{
	return json_is_true(json_object_get(u->object, right));
}

static bool
say_object(struct setup *u, const char *use, bool write, struct err *err)
{
	const char *what = arena_printf(u->arena, "the object %s, %s", u->name,
	    use);

	if (u->object == NULL)
		return say(u, what, SETUP_MISSING, "npsync's user cannot see it: "
		    "give its permission set read access to the object, or turn "
		    "the option off that uses it", err);
	if (write && (!object_says(u, "createable") ||
	    !object_says(u, "updateable")))
		return say(u, what, SETUP_MISSING, "give the permission set of "
		    "npsync's user the rights to create and edit it", err);
	return say(u, what, SETUP_OK, NULL, err);
}

static bool
check_object(struct setup *u, const char *object, const char *use,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };

	return look(u, object, &res, err) && say_object(u, use, false, err);
}

static json_t *
field_of(const struct setup *u, const char *name)
{
	json_t *fields = json_object_get(u->object, "fields");

	for (size_t i = 0; i < json_array_size(fields); i++) {
		json_t *field = json_array_get(fields, i);
		const char *has = json_string_value(json_object_get(field,
		    "name"));
		if (has != NULL && strcasecmp(has, name) == 0)
			return field;
	}
	return NULL;
}

/* ---- fields that are read ------------------------------------------------ */
static bool
has_relation(const struct setup *u, const char *name, size_t len)
{
	json_t *fields = json_object_get(u->object, "fields");

	for (size_t i = 0; i < json_array_size(fields); i++) {
		const char *has = json_string_value(json_object_get(
		    json_array_get(fields, i), "relationshipName"));
		if (has != NULL && strlen(has) == len &&
		    strncasecmp(has, name, len) == 0)
			return true;
	}
	return false;
}

/* "Account.Type": what stands behind the dot is tried by the reading itself. */
static bool
say_read(struct setup *u, const char *name, const char *option,
    struct err *err)
{
	const char *dot = strchr(name, '.');
	const char *what = arena_printf(u->arena, "the field Contact.%s (%s)",
	    name, option);

	if (*name == '\0')
		return true;
	if (dot != NULL ? has_relation(u, name, (size_t)(dot - name))
	    : field_of(u, name) != NULL)
		return say(u, what, SETUP_OK, NULL, err);
	return say(u, what, SETUP_MISSING, "npsync's user cannot see it: give its "
	    "permission set read access to the field, or correct the option",
	    err);
}

static bool
check_read_fields(struct setup *u, struct err *err)
{
	const struct sf_settings *set = u->s->set;
	const char *const named[][2] = {
		{ set->optout_field, "optout_field" },
		{ set->bounce_field, "bounce_field" },
		{ set->employment_field, "employment_field" },
		{ set->nosend_field, "nosend_field" },
		{ set->consent_field, "consent_field" },
		{ set->consent_at_field, "consent_at_field" },
		{ set->language_field, "language_field" },
		{ set->country_field, "country_field" },
		{ set->relation_field, "relation_field" },
		{ set->segment_field, "segment_field" },
		{ set->department_field, "department_field" } };

	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (!say_read(u, named[i][0], named[i][1], err))
			return false;
	for (size_t i = 0; i < set->extra_fields.n; i++)
		if (!say_read(u, set->extra_fields.v[i], "extra_fields", err))
			return false;
	return true;
}

static bool
check_read_objects(struct setup *u, struct err *err)
{
	const struct sf_settings *set = u->s->set;
	const bool tasks = set->meeting_object == SF_MEETING_TASK;
	const struct { bool on; const char *object, *use; } objects[] = {
		{ true, "Account", "read with each contact" },
		{ true, "User", "read for owners" },
		{ true, "Event", "read for meetings and activities" },
		{ true, "Task", "read for activities" },
		{ set->meetings && set->meeting_who_relation, tasks ?
		    "TaskWhoRelation" : "EventWhoRelation",
		    "read for meetings (meeting_who_relation)" },
		{ set->deals, "Opportunity", "read for deals" },
		{ set->deals, "OpportunityContactRole", "read for deals" },
		{ set->cases, "Case", "read for cases" },
		{ set->use_account_contact_relation, "AccountContactRelation",
		    "read (use_account_contact_relation)" } };

	for (size_t i = 0; i < ARRAY_LEN(objects); i++)
		if (objects[i].on && !check_object(u, objects[i].object,
		        objects[i].use, err))
			return false;
	return true;
}

/* ---- fields that are written --------------------------------------------- */
static const char *
by_hand(struct setup *u, const struct sf_custom *c)
{
	return arena_printf(u->arena, "make it in Setup, Object Manager, %s, "
	    "Fields & Relationships, as %s, and give the permission set of "
	    "npsync's user read and edit access to it", c->object,
	    sf_custom_words(u->arena, c));
}

static bool
is_there_but_hidden(const struct api_res *res)
{
	return strcmp(res->verdict.code, "DUPLICATE_DEVELOPER_NAME") == 0 ||
	    strstr(res->verdict.code, "DUPLICATE") != NULL;
}

/* What a person does when the service did not let us. */
static const char *
refusal(struct setup *u, const struct sf_custom *c, const struct api_res *res)
{
	if (is_there_but_hidden(res))
		return "it is there, but npsync's user cannot see it: give its "
		    "permission set read and edit access to it";
	return arena_printf(u->arena, "npsync's user may not make it (HTTP %ld "
	    "%s): %s", res->http.status, res->verdict.code, by_hand(u, c));
}

static bool
make(struct setup *u, const struct sf_custom *c, const char *what,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const char *body = sf_custom_body(u->arena, c);
	const struct api_req req = { .method = "POST", .body = body,
		.body_len = body == NULL ? 0 : strlen(body),
		.label = "create CustomField", .target = sf_path(u->s, u->arena,
		    "/tooling/sobjects/CustomField") };

	if (body == NULL || req.target == NULL)
		return err_nomem(err);
	if (apicall_do(&u->s->api, u->arena, &req, &res, err) &&
	    json_is_true(json_object_get(api_root(&res), "success")))
		return say(u, what, SETUP_MADE, "now give the permission set of "
		    "npsync's user read and edit access to it", err);
	if (res.http.status == 0 || u->s->api.stopped.kind != ERR_NONE)
		return false;
	return say(u, what, SETUP_MISSING, refusal(u, c, &res), err);
}

static bool
check_custom(struct setup *u, const struct sf_custom *c, const char *option,
    struct err *err)
{
	const char *what = arena_printf(u->arena, "the field %s.%s (%s)",
	    c->object, c->name, option);
	json_t *field = field_of(u, c->name);
	const char *fault;

	if (*c->name == '\0' || what == NULL)
		return what != NULL || err_nomem(err);
	if (field != NULL) {
		fault = sf_custom_fault(u->arena, c, field, true);
		return say(u, what, fault == NULL ? SETUP_OK : SETUP_MISSING,
		    fault == NULL ? NULL : arena_printf(u->arena, "it %s",
		    fault), err);
	}
	if (!sf_custom_is_own(c->name))
		return say(u, what, SETUP_MISSING, "npsync's user cannot see it, "
		    "and a field of this name cannot be made: correct the "
		    "option, or give access to it", err);
	if (u->wants->fix)
		return make(u, c, what, err);
	return say(u, what, SETUP_MISSING, arena_printf(u->arena, "%s; "
	    NO_FIX, by_hand(u, c)), err);
}

static enum sf_kind
kind_of(enum crm_field_kind kind)
{
	switch (kind) {
	case FIELD_LONG_TEXT:
		return SF_LONG_TEXT;
	case FIELD_INTEGER:
		return SF_INTEGER;
	case FIELD_DECIMAL:
		return SF_DECIMAL;
	case FIELD_DATE:
		return SF_DATE;
	case FIELD_TEXT:
		break;
	}
	return SF_TEXT;
}

static bool
check_card(struct setup *u, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const struct crm_setup *w = u->wants;
	const struct sf_custom tags = { "Contact", u->s->set->w.tag_field,
		SF_TAGS, 0 };

	if (!look(u, "Contact", &res, err) || !say_object(u, "read", false, err))
		return false;
	if (u->object == NULL)
		return true;
	if (!check_read_fields(u, err) ||
	    (w->tags && !check_custom(u, &tags, "tag_field", err)))
		return false;
	for (size_t i = 0; i < w->n_fields; i++) {
		const struct sf_custom c = { "Contact", w->fields[i].name,
			kind_of(w->fields[i].kind), w->comment_max };
		if (!check_custom(u, &c, "writeback.fields", err))
			return false;
	}
	return true;
}

/* ---- answers ------------------------------------------------------------- */
static bool
check_answer_fields(struct setup *u, struct err *err)
{
	const struct sf_writing *w = &u->s->set->w;
	const struct sf_response_fields *f = &w->response;
	const char *o = w->response_object;
	const struct { struct sf_custom c; const char *option; } fields[] = {
		{ { o, w->response_key_field, SF_KEY, 0 },
		    "response_key_field" },
		{ { o, f->contact, SF_LOOKUP, 0 }, "response_fields.contact" },
		{ { o, f->campaign, SF_TEXT, 0 }, "response_fields.campaign" },
		{ { o, f->score, SF_INTEGER, 0 }, "response_fields.score" },
		{ { o, f->comment, SF_LONG_TEXT, u->wants->comment_max },
		    "response_fields.comment" },
		{ { o, f->answered_at, SF_DATETIME, 0 },
		    "response_fields.answered_at" },
		{ { o, f->type, SF_TEXT, 0 }, "response_fields.type" },
		{ { o, f->campaign_id, SF_TEXT, 0 },
		    "response_fields.campaign_id" },
		{ { o, f->member_id, SF_TEXT, 0 }, "response_fields.member_id" },
		{ { o, f->wants_contact, SF_FLAG, 0 },
		    "response_fields.wants_contact" } };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (!check_custom(u, &fields[i].c, fields[i].option, err))
			return false;
	return true;
}

static bool
check_answers(struct setup *u, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const char *object = u->s->set->w.response_object;

	if (!u->wants->answers || *object == '\0')
		return true;
	if (!look(u, object, &res, err))
		return false;
	if (u->object == NULL)
		return say(u, arena_printf(u->arena, "the object %s "
		    "(response_object)", object), SETUP_MISSING, "make it in "
		    "Setup, Object Manager, Create, Custom Object, and give the "
		    "permission set of npsync's user read, create and edit "
		    "access; its fields `npsync check --fix` makes then", err);
	return say_object(u, "written for answers", true, err) &&
	    check_answer_fields(u, err);
}

/* ---- posts and tasks ----------------------------------------------------- */
static bool
check_chatter(struct setup *u, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const struct api_req req = { .method = "GET", .label = "Chatter",
		.target = sf_path(u->s, u->arena, "/chatter/users/me") };

	if (req.target == NULL)
		return err_nomem(err);
	if (apicall_do(&u->s->api, u->arena, &req, &res, err))
		return say(u, "Chatter, for posts", SETUP_OK, NULL, err);
	if ((res.http.status != 403 && res.http.status != 404) ||
	    u->s->api.stopped.kind != ERR_NONE)
		return false;
	return say(u, "Chatter, for posts", SETUP_MISSING, "turn it on in Setup, "
	    "Chatter Settings, for npsync's user too, or set chatter_post = "
	    "false", err);
}

static bool
check_feed(struct setup *u, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };

	if (!u->wants->feed || !u->s->set->w.chatter_post)
		return true;
	if (!check_chatter(u, err) || !look(u, "Contact", &res, err))
		return false;
	return u->object == NULL || say(u, "the feed of contacts, for posts",
	    object_says(u, "feedEnabled") ? SETUP_OK : SETUP_MISSING,
	    object_says(u, "feedEnabled") ? NULL : "turn it on in Setup, Feed "
	    "Tracking, Contact", err);
}

static bool
check_tasks(struct setup *u, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };

	if (!u->wants->tasks)
		return true;
	if (!look(u, "Task", &res, err))
		return false;
	return u->object == NULL || say(u, "the right to create tasks",
	    object_says(u, "createable") ? SETUP_OK : SETUP_MISSING,
	    object_says(u, "createable") ? NULL : "give the permission set of "
	    "npsync's user the right \"Edit Tasks\"", err);
}

bool
sf_setup(void *self, const struct crm_setup *wants, crm_setup_fn *emit,
    void *arg, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(WORK_BYTES);
	struct salesforce *s = self;
	struct setup u = { .s = s, .wants = wants, .emit = emit, .arg = arg,
		.arena = arena };

	if (arena == NULL)
		return err_nomem(err);
	return check_read_objects(&u, err) && check_card(&u, err) &&
	    check_answers(&u, err) && check_feed(&u, err) &&
	    check_tasks(&u, err);
}
