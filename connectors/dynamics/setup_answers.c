/*
 * setup_answers.c - the table of answers: itself, its columns, the lookup to
 * contact, its alternate key.
 */
#include "setup.h"

#include <string.h>

/* The logical name of an entity set, in scratch; NULL: there is none. */
static bool
find_table(const struct setup *s, const char **table, bool *known,
    struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct dynamics *d = s->d;
	bool there;

	*table = NULL;
	arena_reset(d->page);
	if (!setup_ask(s, arena_printf(d->page, "EntityDefinitions?$select="
	    "LogicalName,EntitySetName&$filter=EntitySetName%%20eq%%20'%s'",
	    d->set->response_table), "table of answers", &res, &there, known,
	        err))
		return false;
	*table = arena_strdup(s->scratch, json_string_value(json_at(
	    api_root(&res), "/value/0/LogicalName")));
	return true;
}

static bool
check_answer_columns(const struct setup *s, const char *table,
    struct err *err)
{
	const struct dynamics_settings *set = s->d->set;
	const size_t line = (size_t)set->response_text_chars;
	const size_t comment = (size_t)set->response_comment_chars;
	const struct need needs[] = {
		{ table, set->response_key, "response_key",
		    set->response_key_type == KEY_INTEGER ? COLUMN_INTEGER
		    : COLUMN_TEXT, 0, SETUP_LINE, false, NULL },
		{ table, set->response_name, "response_name", COLUMN_TEXT, line,
		    line, false, NULL },
		{ table, set->response_score, "response_score", COLUMN_INTEGER,
		    0, 0, false, NULL },
		{ table, set->response_type, "response_type", COLUMN_TEXT, 20,
		    line, false, NULL },
		{ table, set->response_campaign, "response_campaign",
		    COLUMN_TEXT, line, line, false, NULL },
		{ table, set->response_campaign_id, "response_campaign_id",
		    COLUMN_TEXT, 20, line, false, NULL },
		{ table, set->response_member_id, "response_member_id",
		    COLUMN_TEXT, 20, line, false, NULL },
		{ table, set->response_comment, "response_comment", COLUMN_TEXT,
		    comment, comment, false, NULL },
		{ table, set->response_time, "response_time", COLUMN_TIME, 0, 0,
		    false, NULL },
		{ table, set->response_wants_contact, "response_wants_contact",
		    COLUMN_FLAG, 0, 0, false, NULL } };

	for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
		struct need n = needs[i];
		n.name = writer_column(s->d, s->scratch, n.name);
		if (n.name == NULL)
			return err_nomem(err);
		if (!setup_column(s, &n, err))
			return false;
	}
	return true;
}

/* A lookup's column has the navigation property's name in small letters. */
static bool
check_lookup(const struct setup *s, const char *table, struct err *err)
{
	const char *name = writer_column(s->d, s->scratch,
	    s->d->set->response_contact);
	char *column = arena_strdup(s->scratch, name);
	const struct need n = { .table = table, .name = column,
		.option = "response_contact, a lookup to contact",
		.read_only = true, .nav = name };

	if (column == NULL)
		return err_nomem(err);
	for (char *p = column; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	return setup_column(s, &n, err);
}

static bool
is_key_of(json_t *key, const char *column)
{
	json_t *attributes = json_object_get(key, "KeyAttributes");
	const char *only = json_string_value(json_array_get(attributes, 0));

	return json_array_size(attributes) == 1 && only != NULL &&
	    strcmp(only, column) == 0;
}

static bool
tell_key(const struct setup *s, const char *what, json_t *key,
    struct err *err)
{
	const char *status = json_string_value(json_object_get(key,
	    "EntityKeyIndexStatus"));

	if (status != NULL && strcmp(status, "Active") == 0)
		return setup_tell(s, what, SETUP_OK, NULL, err);
	if (status != NULL && strcmp(status, "Failed") == 0)
		return setup_tell(s, what, SETUP_MISSING, "its index could not be "
		    "built: delete rows that are there twice, and build it again",
		    err);
	return setup_tell(s, what, SETUP_CANNOT_SAY, "its index is not Active "
	    "yet: wait until it is, answers cannot be written before", err);
}

static bool
make_key(const struct setup *s, const char *table, const char *column,
    const char *what, struct err *err)
{
	struct err why = { .kind = ERR_NONE };
	const bool made = define_key(s->d, table, column, &why);

	return setup_made(s, what, made, "wait until its index is Active", &why,
	    err);
}

static bool
check_key(const struct setup *s, const char *table, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	struct dynamics *d = s->d;
	const char *column = writer_column(d, s->scratch, d->set->response_key);
	const char *what = arena_printf(s->scratch, "alternate key %s of %s",
	    column, table);
	bool there, known;
	json_t *key;
	size_t i;

	if (what == NULL)
		return err_nomem(err);
	arena_reset(d->page);
	if (!setup_ask(s, arena_printf(d->page, "EntityDefinitions("
	    "LogicalName='%s')/Keys?$select=LogicalName,KeyAttributes,EntityKeyIndexStatus",
	    table), "keys", &res, &there, &known, err))
		return false;
	if (!there || !known)
		return setup_tell(s, what, SETUP_CANNOT_SAY, SETUP_NEEDS_ROLE, err);
	json_array_foreach (json_object_get(api_root(&res), "value"), i, key)
		if (is_key_of(key, column))
			return tell_key(s, what, key, err);
	if (s->wants->fix)
		return make_key(s, table, column, what, err);
	return setup_tell(s, what, SETUP_MISSING, "make a key of this column alone",
	    err);
}

/* *table NULL afterwards: it was told why. */
static bool
make_table(const struct setup *s, const char *what, const char **table,
    struct err *err)
{
	const struct dynamics_settings *set = s->d->set;
	const char *primary = writer_column(s->d, s->scratch,
	    *set->response_name != '\0' ? set->response_name : "name");
	struct err why = { .kind = ERR_NONE };
	bool known;

	if (primary == NULL)
		return err_nomem(err);
	const bool made = define_table(s->d, set->response_table, primary, &why);
	if (!setup_made(s, what, made, "put it into the model-driven app", &why,
	    err))
		return false;
	return !made || find_table(s, table, &known, err);
}

static bool
check_parts(const struct setup *s, const char *table, struct err *err)
{
	return check_answer_columns(s, table, err) &&
	    check_lookup(s, table, err) && check_key(s, table, err);
}

bool
setup_answers(const struct setup *s, struct err *err)
{
	const char *set = s->d->set->response_table, *table;
	bool known;

	if (!s->wants->answers || *set == '\0')
		return true;
	const char *what = arena_printf(s->scratch, "table %s", set);
	if (!find_table(s, &table, &known, err))
		return false;
	if (!known)
		return setup_tell(s, what, SETUP_CANNOT_SAY, SETUP_NEEDS_ROLE,
		    err);
	if (table == NULL && !s->wants->fix)
		return setup_tell(s, what, SETUP_MISSING, "make it, or correct "
		    "response_table", err);
	if (table != NULL && !setup_tell(s, what, SETUP_OK, NULL, err))
		return false;
	if (table == NULL && !make_table(s, what, &table, err))
		return false;
	return table == NULL || check_parts(s, table, err);
}
