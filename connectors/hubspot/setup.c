/*
 * setup.c - what an administrator makes in the portal for npsync, thing by
 * thing.  How it could harm, and what stops it:
 *  - it changes what is there: only properties that are missing are made, and
 *    choices added (writing.c); scopes are given by people, nothing is deleted;
 *  - one made twice: the service refuses a name that is taken (409), and it is
 *    looked at again;
 *  - what another option does not use is asked for: what is off is not named.
 */
#include <string.h>
#include <strings.h>

#include "reading.h"
#include "writing.h"

#define WORK_BYTES ((size_t)67108864)
#define LABELS_BYTES ((size_t)600)	/* of labels that are named */
#define NO_FIX "or run `npsync check --fix`"
#define WHERE "in HubSpot, Settings, Properties, Contact properties"

struct setup {
	struct hubspot *h;
	const struct crm_setup *wants;
	crm_setup_fn *emit;
	void *arg;
	struct arena *arena;
};
/* A property as it should be. */
struct need {
	const char *option, *name, *label;
	enum hs_form kind;
	bool read_only;		/* any type will do; it is not made */
};

static bool
say(const struct setup *u, const char *what, enum setup_state state,
    const char *advice, struct err *err)
{
	if (what == NULL || arena_failed(u->arena))
		return err_nomem(err);
	return u->emit(u->arg, what, state, advice) ||
	    err_set(err, ERR_CANCELLED, "stopped");
}

/* An answer that speaks of one thing, so that the others can still be named. */
static bool
is_answer(const struct setup *u, const struct api_res *res)
{
	return res->http.status >= 400 && res->http.status < 500 &&
	    res->http.status != 401 && res->http.status != 429 &&
	    u->h->api.stopped.kind == ERR_NONE;
}

/* ---- scopes -------------------------------------------------------------- */
static bool
check_object(const struct setup *u, const char *object, const char *scope,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const char *what = arena_printf(u->arena, "the scope %s, to read %s",
	    scope, object);
	const struct api_req req = { .method = "GET", .label = what,
		.target = hs_path(u->h, u->arena, HS_OBJECTS, arena_printf(
		    u->arena, "/%s?limit=1", object)) };

	if (what == NULL || req.target == NULL)
		return err_nomem(err);
	if (hs_do(u->h, u->arena, &req, &res, err))
		return say(u, what, SETUP_OK, NULL, err);
	if (!is_answer(u, &res))
		return false;
	if (res.http.status != 403)
		return say(u, what, SETUP_CANNOT_SAY, err->msg, err);
	return say(u, what, SETUP_MISSING, "give it to the app or service key "
	    "whose token npsync has, in HubSpot, Settings, Integrations; a new "
	    "token may be needed then", err);
}

static bool
check_objects(const struct setup *u, struct err *err)
{
	const struct hs_settings *set = u->h->set;
	const struct { bool on; const char *object, *scope; } objects[] = {
		{ true, "contacts", "crm.objects.contacts.read" },
		{ set->meetings, "meetings", "crm.objects.contacts.read" },
		{ set->deals, "deals", "crm.objects.deals.read" },
		{ set->tickets, "tickets", "tickets" } };

	for (size_t i = 0; i < ARRAY_LEN(objects); i++)
		if (objects[i].on && !check_object(u, objects[i].object,
		        objects[i].scope, err))
			return false;
	return true;
}

/* Where no stage says it, lost deals are no events. */
static bool
check_lost(const struct setup *u, struct err *err)
{
	const struct hs_settings *set = u->h->set;
	const struct hs_stages *s;

	if (!set->deals || (set->deal_rule == HS_BY_FLAGS &&
	    set->won_stages.n == 0 && set->lost_stages.n == 0))
		return true;
	if (!hs_stages_get(u->h, HS_OF_DEALS, &s, err))
		return err->kind == ERR_CONFIG && say(u, "stages of deals that "
		    "were won or lost", SETUP_MISSING, err->msg, err);
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].kind == HS_LOST)
			return true;
	return say(u, "a stage of deals that were lost", SETUP_CANNOT_SAY,
	    "none says it, so nobody is asked about a lost deal: name them in "
	    "lost_stages, those that were won in won_stages, if they should be",
	    err);
}

/* ---- the label of deal_contacts ------------------------------------------ */
/* "A", "B": what a portal has; *found: that of the options among them. */
static const char *
labels_in(const struct setup *u, json_t *all, const char *label, bool *found)
{
	const char *names = "";
	json_t *one;
	size_t i;

	*found = false;
	json_array_foreach(all, i, one) {
		const char *has = json_string_value(json_object_get(one,
		    "label"));
		if (has == NULL || *has == '\0' || names == NULL)
			continue;
		*found = *found || strcasecmp(has, label) == 0;
		if (strlen(names) < LABELS_BYTES)
			names = arena_printf(u->arena, "%s%s\"%.60s\"", names,
			    *names == '\0' ? "" : ", ", has);
	}
	return names;
}

static bool
say_label(const struct setup *u, const char *what, json_t *all,
    const char *label, struct err *err)
{
	bool found;
	const char *names = labels_in(u, all, label, &found);

	if (found)
		return say(u, what, SETUP_OK, NULL, err);
	return say(u, what, SETUP_MISSING, names == NULL ? NULL :
	    arena_printf(u->arena, "nobody is asked about a deal: %s%s",
	    *names == '\0' ? "the portal has no label there; make it in "
	    "HubSpot, or set deal_contacts = \"all\"" : "correct "
	    "deal_contacts, the portal has ", names), err);
}

/* What no document of the vendor promises: a failure says nothing. */
static bool
check_label(const struct setup *u, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct err why = { .kind = ERR_NONE };
	const char *label = hs_deal_label(u->h->set);
	const char *what = arena_printf(u->arena, "the label \"%.60s\" of a "
	    "deal's contacts (deal_contacts)", label == NULL ? "" : label);
	const struct api_req req = { .method = "GET",
		.label = "labels of associations", .target = hs_path(u->h,
		    u->arena, HS_ASSOCIATIONS, "/deals/contacts/labels") };

	if (!u->h->set->deals || label == NULL)
		return true;
	if (req.target == NULL)
		return err_nomem(err);
	if (!hs_do(u->h, u->arena, &req, &res, &why)) {
		if (u->h->api.stopped.kind == ERR_NONE &&
		    !err_ends_run(why.kind))
			return say(u, what, SETUP_CANNOT_SAY, why.msg, err);
		*err = why;
		return false;
	}
	json_t *all = json_object_get(api_root(&res), "results");
	if (!json_is_array(all))
		return say(u, what, SETUP_CANNOT_SAY, "labels of associations: "
		    "expected an array \"results\"", err);
	return say_label(u, what, all, label, err);
}

/* Only a write could tell, and there is none here. */
static bool
check_writing(const struct setup *u, struct err *err)
{
	const bool tags = u->wants->tags &&
	    *u->h->set->w.tag_property != '\0';

	if (!tags && u->wants->n_fields == 0)
		return true;
	return say(u, "the scope crm.objects.contacts.write, to write contacts",
	    SETUP_CANNOT_SAY, "it shows with the first write: give it to the "
	    "app or service key whose token npsync has", err);
}

/* ---- properties ---------------------------------------------------------- */
static const char *
by_hand(const struct setup *u, const struct need *n)
{
	return arena_printf(u->arena, "make it " WHERE ", as %s with the "
	    "internal name %s", hs_kind_words(n->kind), n->name);
}

static bool
say_found(const struct setup *u, const struct need *n, json_t *property,
    const char *what, enum setup_state good, struct err *err)
{
	const char *fault = n->read_only ? NULL
	    : hs_property_fault(u->arena, property, n->kind);

	if (fault == NULL)
		return say(u, what, good, good == SETUP_MADE ? "put it on the "
		    "contact's record for those who should see it" : NULL, err);
	return say(u, what, SETUP_MISSING, arena_printf(u->arena, "it %s: name "
	    "another one in %s", fault, n->option), err);
}

/* The answer to the making may be lost, or it was there (409). */
static bool
make(const struct setup *u, const struct need *n, const char *what,
    struct err *err)
{
	AUTO(api_res) struct api_res made = { 0 };
	AUTO(api_res) struct api_res res = { 0 };
	struct err why = { .kind = ERR_NONE };
	const char *body = hs_property_body(u->arena, n->name, n->label,
	    n->kind, n->kind == HS_KIND_CHOICES ? HS_NO_SEND_TAG : NULL);
	const struct api_req req = { .method = "POST", .body = body,
		.body_len = body == NULL ? 0 : strlen(body),
		.label = "create property", .target = hs_path(u->h, u->arena,
		    HS_PROPERTIES, "/contacts") };
	bool there = false;

	if (body == NULL || req.target == NULL)
		return err_nomem(err);
	const bool ok = hs_do(u->h, u->arena, &req, &made, &why);
	const bool asked = ok || is_answer(u, &made) || why.kind == ERR_RETRY;
	if (!asked) {
		*err = why;
		return false;
	}
	if (!hs_property_get(u->h, u->arena, n->name, &res, &there, err))
		return false;
	if (there)
		return say_found(u, n, api_root(&res), what, SETUP_MADE, err);
	return say(u, what, SETUP_MISSING, arena_printf(u->arena, "npsync "
	    "could not make it (%s): %s", ok ? "it is not there yet" : why.msg,
	    by_hand(u, n)), err);
}

static bool
check_property(const struct setup *u, const struct need *n, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const char *what = arena_printf(u->arena, "the property %s of contacts "
	    "(%s)", n->name, n->option);
	bool there;

	if (*n->name == '\0')
		return true;
	if (!hs_property_get(u->h, u->arena, n->name, &res, &there, err))
		return is_answer(u, &res) &&
		    say(u, what, SETUP_CANNOT_SAY, err->msg, err);
	if (there)
		return say_found(u, n, api_root(&res), what, SETUP_OK, err);
	if (n->read_only)
		return say(u, what, SETUP_MISSING, arena_printf(u->arena,
		    "correct %s: contacts have no such property", n->option),
		    err);
	if (u->wants->fix)
		return make(u, n, what, err);
	return say(u, what, SETUP_MISSING, arena_printf(u->arena, "%s, " NO_FIX,
	    by_hand(u, n)), err);
}

static bool
check_names(const struct setup *u, const struct strlist *names,
    const char *option, struct err *err)
{
	struct need n = { .option = option, .read_only = true };

	for (size_t i = 0; i < names->n; i++) {
		n.name = names->v[i];
		if (!check_property(u, &n, err))
			return false;
	}
	return true;
}

static bool
check_read(const struct setup *u, struct err *err)
{
	const struct hs_settings *set = u->h->set;
	const struct { const char *option, *name; } one[] = {
		{ "optout_property", set->optout_property },
		{ "employment_property", set->employment_property },
		{ "consent_property", set->consent_property },
		{ "consent_at_property", set->consent_at_property },
		{ "language_property", set->language_property },
		{ "country_property", set->country_property },
		{ "relation_property", set->relation_property },
		{ "segment_property", set->segment_property },
		{ "department_property", set->department_property } };
	const struct need no_send = { "nosend_property", set->nosend_property,
		HS_NO_SEND_TAG, HS_KIND_FLAG, false };
	struct need n = { .read_only = true };

	for (size_t i = 0; i < ARRAY_LEN(one); i++) {
		n.option = one[i].option;
		n.name = one[i].name;
		if (!check_property(u, &n, err))
			return false;
	}
	return check_names(u, &set->bounce_properties, "bounce_properties",
	    err) && check_names(u, &set->extra_properties, "extra_properties",
	    err) && check_property(u, &no_send, err);
}

static enum hs_form
kind_of(enum crm_field_kind kind)
{
	switch (kind) {
	case FIELD_LONG_TEXT:
		return HS_KIND_LONG_TEXT;
	case FIELD_INTEGER:
	case FIELD_DECIMAL:
		return HS_KIND_NUMBER;
	case FIELD_DATE:
		return HS_KIND_DATE;
	case FIELD_TEXT:
		break;
	}
	return HS_KIND_TEXT;
}

static bool
check_written(const struct setup *u, struct err *err)
{
	const struct need tags = { "tag_property", u->h->set->w.tag_property,
		"NPSToday", hs_tag_kind(u->h), false };

	if (u->wants->tags && !check_property(u, &tags, err))
		return false;
	for (size_t i = 0; i < u->wants->n_fields; i++) {
		const struct crm_field *f = &u->wants->fields[i];
		const struct need n = { "writeback.fields", f->name, f->name,
			kind_of(f->kind), false };
		if (!check_property(u, &n, err))
			return false;
	}
	return true;
}

bool
hs_setup(void *self, const struct crm_setup *wants, crm_setup_fn *emit,
    void *arg, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(WORK_BYTES);
	const struct setup u = { .h = self, .wants = wants, .emit = emit,
		.arg = arg, .arena = arena };

	if (arena == NULL)
		return err_nomem(err);
	return check_objects(&u, err) && check_lost(&u, err) &&
	    check_label(&u, err) && check_writing(&u, err) &&
	    check_read(&u, err) && check_written(&u, err);
}
