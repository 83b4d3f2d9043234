/*
 * setup.c - what must stand in SuperOffice for npsync, one thing after the
 * other: interests, user-defined fields, the type of a follow-up.  Definitions
 * are read, persons are not.
 *
 * Interests are made where that is asked for; fields never: to publish one is to
 * publish what others have begun to change, too.
 */
#include <string.h>

#include "common/tagset.h"
#include "reading.h"
#include "writing.h"

#define LINE_CHARS ((size_t)20)		/* a text of one line needs so many */
#define TAG_CHARS ((size_t)200)
#define NAMES_SHOWN 5
#define BY_HAND "make it in the administration (Fields, Person) and publish it, " \
	"or correct %s"

struct setup {
	struct superoffice *s;
	const struct crm_setup *wants;
	crm_setup_fn *emit;
	void *arg;
	struct arena *scratch;
};
/* A field as it should be. */
struct need {
	const char *key, *option;
	enum crm_field_kind kind;
	size_t chars;		/* at least; 0 = any */
	bool any;		/* it is only read */
	bool flag;		/* a checkbox */
};

/* what and advice are in scratch, or NULL where memory ran out. */
static bool
tell(const struct setup *u, const char *what, enum setup_state state,
    const char *advice, struct err *err)
{
	if (what == NULL || arena_failed(u->scratch))
		return err_nomem(err);
	return u->emit(u->arg, what, state, advice) ||
	    err_set(err, ERR_CANCELLED, "stopped");
}

/* ---- interests ----------------------------------------------------------- */
static bool
looks_right(const char *name)
{
	return name != NULL && (strcasestr(name, "interest") != NULL ||
	    strcasestr(name, "persint") != NULL);
}

static const char *
lists_collect(const struct setup *u, json_t *lists)
{
	const char *names = "";
	json_t *list;
	size_t i, n = 0;

	json_array_foreach (lists, i, list) {
		const char *name = json_string_value(json_object_get(list,
		    "Name"));
		if (name == NULL || n == NAMES_SHOWN || (!looks_right(name) &&
		    !looks_right(json_string_value(json_object_get(list,
		        "ListType")))))
			continue;
		names = arena_printf(u->scratch, "%s%s\"%.60s\"", names,
		    n++ == 0 ? "" : ", ", name);
		if (names == NULL)
			return NULL;
	}
	return names;
}

/* "" = nobody can say. */
static const char *
lists_like_it(const struct setup *u)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct err why;

	arena_reset(u->s->page);
	if (!so_get(u->s, u->s->page, "/List", "GET lists", &res, &why))
		return "";
	return lists_collect(u, api_root(&res));
}

static const char *
advice_on_list(const struct setup *u, const char *begin)
{
	const char *names = lists_like_it(u);

	return names == NULL ? NULL : *names == '\0' ? begin
	    : arena_printf(u->scratch, "%s; lists like it are %s", begin, names);
}

/* *there false: told why. */
static bool
check_list(const struct setup *u, bool *there, struct err *err)
{
	static const char what[] = "list of interests of persons (interest_list)";
	const bool named = *u->s->set->interest_list != '\0';
	struct err why = { .kind = ERR_NONE };

	*there = so_list_read(u->s, true, &why);
	if (*there && named)
		return tell(u, what, SETUP_OK, NULL, err);
	if (*there)
		return tell(u, what, SETUP_CANNOT_SAY, advice_on_list(u, "it is "
		    "not set: npsync makes no interest, make one for each "
		    "campaign and score (\"NPSToday.Spring.9\"), or name the "
		    "list"), err);
	if (why.code == 403)
		return tell(u, what, SETUP_MISSING, "npsync's user may not read "
		    "it: give it the right to see lists", err);
	if (why.kind == ERR_CONFIG)
		return tell(u, what, SETUP_MISSING, advice_on_list(u, "there is "
		    "no such list"), err);
	*err = why;
	return false;
}

static bool
make_nosend(const struct setup *u, const char *what, const char *name,
    struct err *err)
{
	struct err why = { .kind = ERR_NONE };

	if (so_list_make(u->s, name, &why))
		return tell(u, what, SETUP_MADE, NULL, err);
	if (err_ends_run(why.kind) || why.kind == ERR_CANCELLED) {
		*err = why;
		return false;
	}
	return tell(u, what, SETUP_MISSING, arena_printf(u->scratch,
	    "cannot make it: %s", why.msg), err);
}

static bool
check_nosend(const struct setup *u, struct err *err)
{
	const char *name = so_nosend_interest(u->s->set);
	const char *what = arena_printf(u->scratch, "interest \"%s\" (nosend)",
	    name);
	const char *key = tagset_compose(u->scratch, name);

	if (so_interests_id(&u->s->writer->interests, key) != 0)
		return tell(u, what, SETUP_OK, NULL, err);
	if (u->wants->fix && *u->s->set->interest_list != '\0')
		return make_nosend(u, what, key, err);
	return tell(u, what, SETUP_MISSING, *u->s->set->interest_list == '\0' ?
	    "make it in the administration (Lists, Person interests), or "
	    "correct nosend" : "make it, correct nosend, or let `npsync check "
	    "--fix` make it", err);
}

static bool
check_interests(const struct setup *u, struct err *err)
{
	const struct so_settings *set = u->s->set;
	const bool tags = u->wants->tags && set->tag_mode == SO_TAGS_INTERESTS;
	const bool nosend = so_nosend_interest(set) != NULL;
	bool there;

	if (!tags && !nosend)
		return true;
	if (!check_list(u, &there, err) ||
	    (there && nosend && !check_nosend(u, err)))
		return false;
	return !tags || tell(u, "right to change interests of persons",
	    SETUP_CANNOT_SAY, "npsync's user must be allowed to edit persons; a "
	    "server of one's own may be too old for UpdateInterests: set "
	    "tag_mode = \"field\" then", err);
}

/* ---- fields -------------------------------------------------------------- */
static bool
is_fit(const struct setup *u, const struct need *n, enum so_field_type type)
{
	if (n->flag)
		return type == SO_FIELD_FLAG;
	if (type == SO_FIELD_TEXT || n->any)
		return true;
	switch (n->kind) {
	case FIELD_INTEGER:
		return type == SO_FIELD_INTEGER || type == SO_FIELD_DECIMAL;
	case FIELD_DECIMAL:
		return type == SO_FIELD_DECIMAL;
	case FIELD_DATE:
		return type == SO_FIELD_FLAG || ((type == SO_FIELD_DATE ||
		    type == SO_FIELD_TIME) &&
		    u->s->set->field_dates != SO_DATES_REFUSE);
	case FIELD_TEXT:
	case FIELD_LONG_TEXT:
		break;
	}
	return false;
}

/* NULL: nothing. */
static const char *
fault_of(const struct setup *u, const struct need *n, const struct so_field *f)
{
	if (!is_fit(u, n, f->type))
		return arena_printf(u->scratch, "it is of type %s: name a %s "
		    "(%s)%s", f->word, n->flag ? "checkbox" : "text",
		    n->option, n->kind == FIELD_DATE && !n->flag
		    ? ", or set field_dates" : "");
	if (f->read_only && !n->any)
		return arena_printf(u->scratch, "it is read only: name another "
		    "one (%s)", n->option);
	if (f->type == SO_FIELD_TEXT && f->chars > 0 && f->chars < n->chars)
		return arena_printf(u->scratch, "it holds %zu characters, %zu "
		    "are needed: make it longer (%s)", f->chars, n->chars,
		    n->option);
	return NULL;
}

static bool
check_field(const struct setup *u, const struct need *n, struct err *err)
{
	const struct so_field *field;
	const char *what = arena_printf(u->scratch, "user-defined field %s of "
	    "persons", n->key);
	struct err why = { .kind = ERR_NONE };

	if (!so_field_find(u->s, n->key, &field, &why)) {
		if (why.code == 403)
			return tell(u, what, SETUP_CANNOT_SAY, "npsync's user "
			    "may not read definitions of fields", err);
		*err = why;
		return false;
	}
	if (field == NULL)
		return tell(u, what, SETUP_MISSING, arena_printf(u->scratch,
		    BY_HAND, n->option), err);
	const char *fault = fault_of(u, n, field);
	return tell(u, what, fault == NULL ? SETUP_OK : SETUP_MISSING, fault,
	    err);
}

static bool
check_tag_field(const struct setup *u, struct err *err)
{
	const struct so_settings *set = u->s->set;
	const struct need n = { .key = set->tag_field, .option = "tag_field",
		.kind = FIELD_TEXT, .chars = TAG_CHARS };

	return !u->wants->tags || set->tag_mode != SO_TAGS_FIELD ||
	    check_field(u, &n, err);
}

/* What is read of a person, in the names of the options. */
static bool
check_read(const struct setup *u, struct err *err)
{
	const struct so_settings *set = u->s->set;
	const char *nosend = so_nosend_field(set);
	const struct need one[] = {
		{ .key = nosend != NULL ? nosend : "", .option = "nosend",
		    .any = true, .flag = true },
		{ .key = set->language_field, .option = "language_field",
		    .any = true },
		{ .key = set->department_field, .option = "department_field",
		    .any = true } };

	for (size_t i = 0; i < ARRAY_LEN(one); i++)
		if (*one[i].key != '\0' && !check_field(u, &one[i], err))
			return false;
	for (size_t i = 0; i < set->extra_fields.n; i++) {
		const struct need n = { .key = set->extra_fields.v[i],
			.option = "extra_fields", .any = true };
		if (!check_field(u, &n, err))
			return false;
	}
	return true;
}

static bool
check_fields(const struct setup *u, struct err *err)
{
	for (size_t i = 0; i < u->wants->n_fields; i++) {
		const struct crm_field *f = &u->wants->fields[i];
		const struct need n = { .key = f->name, .kind = f->kind,
			.option = "writeback.fields",
			.chars = f->kind == FIELD_LONG_TEXT
			    ? u->wants->comment_max : LINE_CHARS };
		if (!check_field(u, &n, err))
			return false;
	}
	return true;
}

/* ---- follow-ups ---------------------------------------------------------- */
struct type {
	json_int_t id;
	bool found;
};

static bool
on_type(void *arg, json_t *item, struct err *err)
{
	struct type *type = arg;

	(void)err;
	type->found |= json_integer_value(json_object_get(item, "Id")) ==
	    type->id;
	return true;
}

static bool
check_task(const struct setup *u, struct err *err)
{
	struct type type = { .id = u->s->set->task_type_id };
	const char *what = arena_printf(u->scratch, "type of task %d "
	    "(task_type_id)", u->s->set->task_type_id);

	if (!u->wants->tasks || type.id == 0)
		return true;
	if (!so_list_items(u->s, "task", on_type, &type, err))
		return false;
	if (!type.found)
		return tell(u, what, SETUP_MISSING, "there is no such type: see "
		    "`npsync lists`", err);
	return tell(u, what, SETUP_OK, NULL, err) &&
	    tell(u, "right to create follow-ups for others", SETUP_CANNOT_SAY,
	    "npsync's user must be allowed to write in the diaries of the "
	    "associates", err);
}

bool
so_setup(void *self, const struct crm_setup *wants, crm_setup_fn *emit,
    void *arg, struct err *err)
{
	struct superoffice *s = self;
	const struct setup u = { .s = s, .wants = wants, .emit = emit,
		.arg = arg, .scratch = s->api.env.scratch };

	return check_interests(&u, err) && check_read(&u, err) &&
	    check_tag_field(&u, err) && check_fields(&u, err) &&
	    check_task(&u, err);
}
