/*
 * setup.c - what an administrator makes in the environment, one thing after the
 * other: the application user, columns of contact, the table of answers with
 * its columns and its key.  Definitions are read, rows are not.
 *
 * A 403 for a definition is "cannot say": writing may work all the same.  What
 * is of another type than needed stays as it is: nothing is changed or deleted.
 */
#include "setup.h"

#include <string.h>

#define TAG_CHARS ((size_t)4000)	/* of a column made by us */
#define TAG_CHARS_MIN ((size_t)200)

bool
setup_tell(const struct setup *s, const char *what, enum setup_state state,
    const char *advice, struct err *err)
{
	if (arena_failed(s->scratch) || what == NULL)
		return err_nomem(err);
	return s->emit(s->arg, what, state, advice) ||
	    err_set(err, ERR_CANCELLED, "stopped");
}

/* ---- requests ----------------------------------------------------------- */
bool
setup_ask(const struct setup *s, const char *target, const char *label,
    struct api_res *res, bool *there, bool *known, struct err *err)
{
	struct dynamics *d = s->d;
	const struct api_req req = { .method = "GET", .target = target,
		.label = label };
	struct err why = { .kind = ERR_NONE };

	*there = *known = true;
	if (target == NULL)
		return err_nomem(err);
	if (dynamics_do(d, d->page, &req, res, &why))
		return true;
	*there = why.kind != ERR_GONE;
	*known = why.kind != ERR_AUTH || why.code != 403;
	if (!*there || !*known)
		return true;
	*err = why;
	return false;
}

static bool
check_user(const struct setup *s, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	bool there, known;

	arena_reset(s->d->page);
	if (!setup_ask(s, "WhoAmI", "WhoAmI", &res, &there, &known, err))
		return false;
	if (!there || !known)
		return setup_tell(s, "application user", SETUP_MISSING, "add the "
		    "application in the environment's settings (Users, "
		    "Application users) and give it a security role", err);
	return setup_tell(s, "application user", SETUP_OK, NULL, err);
}

/* Soon over it is a warning besides (crm.c). */
static bool
check_secret(const struct setup *s, struct err *err)
{
	const struct dynamics_settings *set = s->d->set;
	const struct connector_env *env = &s->d->api.env;
	int days;

	if (!dynamics_auth_days_left(set, env->now(env->clock), &days) ||
	    days < 0)
		return true;
	return setup_tell(s, arena_printf(s->scratch, "%s for %d more days",
	    set->auth == DYNAMICS_SECRET ? "client secret" : "certificate",
	    days), SETUP_OK, NULL, err);
}

/* ---- columns ------------------------------------------------------------ */
/* An answer's column is written as the option says (effects.c), whatever it
 * is: there a text takes no number, and a day no moment. */
static bool
is_fit_as_written(const struct need *n, enum column_type type)
{
	const bool moment = n->type == COLUMN_DATE || n->type == COLUMN_TIME;

	return type == n->type ||
	    (n->type == COLUMN_INTEGER && type == COLUMN_DECIMAL) ||
	    (moment && (type == COLUMN_TEXT || type == COLUMN_TIME));
}

/* Of contact it goes by the column's definition: a text takes everything. */
static bool
is_fit(const struct need *n, enum column_type type)
{
	if (strcmp(n->table, "contact") != 0)
		return is_fit_as_written(n, type);
	if (type == COLUMN_TEXT || type == n->type)
		return true;
	return (n->type == COLUMN_INTEGER && type == COLUMN_DECIMAL) ||
	    (n->type == COLUMN_DATE && (type == COLUMN_TIME ||
	        type == COLUMN_FLAG));
}

static const char *
type_words(enum column_type type)
{
	static const char *const words[] = { [COLUMN_OTHER] = "any type",
		[COLUMN_TEXT] = "text", [COLUMN_INTEGER] = "whole number",
		[COLUMN_DECIMAL] = "decimal number", [COLUMN_DATE] = "date only",
		[COLUMN_TIME] = "date and time", [COLUMN_FLAG] = "yes or no" };

	return words[type];
}

/* As card.c reads who must not be asked; a choice is read as its number. */
static bool
says_yes_or_no(const struct column *c)
{
	static const char *const choices[] = { "Picklist", "State", "Status" };

	for (size_t i = 0; i < ARRAY_LEN(choices); i++)
		if (strcmp(c->word, choices[i]) == 0)
			return true;
	return c->type == COLUMN_FLAG || c->type == COLUMN_INTEGER ||
	    c->type == COLUMN_DECIMAL;
}

/* Of one that is only read. */
static const char *
fault_of_read(const struct setup *s, const struct need *n,
    const struct column *c)
{
	return n->type != COLUMN_FLAG || says_yes_or_no(c) ? NULL :
	    arena_printf(s->scratch, "it is of type %s: no card with a value in "
	    "it can be read, and nobody on one is asked: name a column of type "
	    "yes or no (%s)", *c->word != '\0' ? c->word : "?", n->option);
}

/* NULL: nothing. */
static const char *
fault_of(const struct setup *s, const struct need *n, const struct column *c)
{
	if (n->nav != NULL && strcmp(c->word, "Lookup") != 0)
		return arena_printf(s->scratch, "it is of type %s: expected a "
		    "lookup (%s)", c->word, n->option);
	if (n->read_only)
		return fault_of_read(s, n, c);
	if (!is_fit(n, c->type))
		return arena_printf(s->scratch, "it is of type %s: name another "
		    "column of type %s (%s)", c->word, type_words(n->type),
		    n->option);
	if (c->read_only)
		return arena_printf(s->scratch, "it cannot be written: name "
		    "another one (%s)", n->option);
	if (c->type == COLUMN_TEXT && c->chars > 0 && c->chars < n->chars)
		return arena_printf(s->scratch, "it holds %zu characters, %zu "
		    "are needed: make it longer (%s)", c->chars, n->chars,
		    n->option);
	return NULL;
}

bool
setup_made(const struct setup *s, const char *what, bool made, const char *then,
    const struct err *why, struct err *err)
{
	if (made)
		return setup_tell(s, what, SETUP_MADE, then, err);
	if (err_ends_run(why->kind) || why->kind == ERR_CANCELLED) {
		*err = *why;
		return false;
	}
	return setup_tell(s, what, SETUP_MISSING, arena_printf(s->scratch,
	    "cannot make it: %s", why->msg), err);
}

static bool
make_column(const struct setup *s, const struct need *n, const char *what,
    struct err *err)
{
	struct err why = { .kind = ERR_NONE };
	const bool made = n->nav != NULL
	    ? define_lookup(s->d, n->table, n->nav, &why)
	    : define_column(s->d, n->table, n->name, n->type, n->made, &why);

	if (made)
		column_forget(s->d, n->table, n->name);
	return setup_made(s, what, made, "put it on the form", &why, err);
}

bool
setup_column(const struct setup *s, const struct need *n, struct err *err)
{
	const struct column *c;
	const char *what = arena_printf(s->scratch, "column %s of %s (%s)",
	    n->name, n->table, n->nav != NULL ? "lookup"
	    : type_words(n->type));
	struct err why = { .kind = ERR_NONE };

	if (*n->name == '\0')
		return true;
	if (!column_find(s->d, n->table, n->name, &c, &why)) {
		if (why.kind == ERR_AUTH && why.code == 403)
			return setup_tell(s, what, SETUP_CANNOT_SAY,
			    SETUP_NEEDS_ROLE, err);
		*err = why;
		return false;
	}
	if (c->there) {
		const char *fault = fault_of(s, n, c);
		return setup_tell(s, what, fault == NULL ? SETUP_OK : SETUP_MISSING,
		    fault, err);
	}
	if (s->wants->fix && (!n->read_only || n->nav != NULL))
		return make_column(s, n, what, err);
	return setup_tell(s, what, SETUP_MISSING, arena_printf(s->scratch,
	    "make it, or correct %s", n->option), err);
}

/* ---- contact ------------------------------------------------------------ */
static bool
check_contact(const struct setup *s, struct err *err)
{
	static const char what[] = "optimistic concurrency of contact";
	AUTO(api_res) struct api_res res = { 0 };
	bool there, known;

	arena_reset(s->d->page);
	if (!setup_ask(s, "EntityDefinitions(LogicalName='contact')?$select="
	    "LogicalName,EntitySetName,IsOptimisticConcurrencyEnabled",
	        "table contact", &res, &there, &known, err))
		return false;
	if (!there || !known)
		return setup_tell(s, what, SETUP_CANNOT_SAY, SETUP_NEEDS_ROLE, err);
	if (json_is_true(json_object_get(api_root(&res),
	        "IsOptimisticConcurrencyEnabled")))
		return setup_tell(s, what, SETUP_OK, NULL, err);
	return setup_tell(s, what, SETUP_MISSING, "enable it for the table, or set "
	    "tag_etag = false: a tag that somebody sets while we write is lost "
	    "then", err);
}

static bool
check_tags(const struct setup *s, struct err *err)
{
	const struct dynamics_settings *set = s->d->set;
	const struct need n = { "contact", set->tag_column, "tag_column",
		COLUMN_TEXT, TAG_CHARS_MIN, TAG_CHARS, false, NULL };

	if (!s->wants->tags || *set->tag_column == '\0')
		return true;
	return setup_column(s, &n, err) &&
	    (!set->tag_etag || check_contact(s, err));
}

/* What is read of a contact, in the names of the options. */
static bool
check_read(const struct setup *s, struct err *err)
{
	const struct dynamics_settings *set = s->d->set;
	const struct { const char *option, *name; } one[] = {
		{ "nosend_column", set->nosend_column },
		{ "employment_field", set->employment_field },
		{ "phone_column", set->phone_column },
		{ "language_column", set->language_column },
		{ "country_column", set->country_column },
		{ "relation_column", set->relation_column },
		{ "segment_column", set->segment_column },
		{ "department_column", set->department_column } };
	struct need n = { .table = "contact", .read_only = true };

	for (size_t i = 0; i < ARRAY_LEN(one) + set->suppress_on.n +
	     set->fields.n; i++) {
		const size_t k = i - ARRAY_LEN(one);
		n.option = i < ARRAY_LEN(one) ? one[i].option
		    : k < set->suppress_on.n ? "suppress_on" : "fields";
		n.name = i < ARRAY_LEN(one) ? one[i].name
		    : k < set->suppress_on.n ? set->suppress_on.v[k]
		    : set->fields.v[k - set->suppress_on.n];
		n.type = i == 0 || (i >= ARRAY_LEN(one) &&
		    k < set->suppress_on.n) ? COLUMN_FLAG : COLUMN_OTHER;
		/* The company's: reading proves them. */
		if (strchr(n.name, '.') == NULL && !setup_column(s, &n, err))
			return false;
	}
	return true;
}

static enum column_type
type_of(enum crm_field_kind kind)
{
	switch (kind) {
	case FIELD_INTEGER:
		return COLUMN_INTEGER;
	case FIELD_DECIMAL:
		return COLUMN_DECIMAL;
	case FIELD_DATE:
		return COLUMN_DATE;
	case FIELD_TEXT:
	case FIELD_LONG_TEXT:
		break;
	}
	return COLUMN_TEXT;
}

static bool
check_fields(const struct setup *s, struct err *err)
{
	for (size_t i = 0; i < s->wants->n_fields; i++) {
		const struct crm_field *f = &s->wants->fields[i];
		const size_t chars = f->kind == FIELD_LONG_TEXT
		    ? s->wants->comment_max
		    : f->kind == FIELD_TEXT ? SETUP_LINE : 0;
		const struct need n = { "contact", f->name, "writeback.fields",
			type_of(f->kind), f->kind == FIELD_TEXT ? 20 : chars,
			chars, false, NULL };
		if (!setup_column(s, &n, err))
			return false;
	}
	return true;
}

/* Only a write could tell, and there is none here. */
static bool
check_rights(const struct setup *s, struct err *err)
{
	if (s->wants->tasks && !setup_tell(s, "right to create tasks",
	        SETUP_CANNOT_SAY, "the security role needs Create, Append and "
	        "Assign of Task, and Append To of Contact", err))
		return false;
	return !s->wants->feed || setup_tell(s, "right to create posts",
	    SETUP_CANNOT_SAY, "the security role needs Create and Append of "
	    "Post, and Append To of Contact; posts were never tried with a "
	    "live environment", err);
}

bool
dynamics_setup(void *self, const struct crm_setup *wants, crm_setup_fn *emit,
    void *arg, struct err *err)
{
	struct dynamics *d = self;
	const struct setup s = { .d = d, .wants = wants, .emit = emit,
		.arg = arg, .scratch = d->api.env.scratch };

	return check_user(&s, err) && check_secret(&s, err) &&
	    check_read(&s, err) &&
	    check_tags(&s, err) && check_fields(&s, err) &&
	    setup_answers(&s, err) && check_rights(&s, err);
}
