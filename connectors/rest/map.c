/*
 * How this can lose or double, and what stops it:
 *  - a time read in the wrong zone moves an event by hours: a time without zone
 *    is read in the field's, then the profile's, and the message of a profile
 *    that cannot be right names the field;
 *  - seconds taken for milliseconds: told by size (auto), or said (format);
 *  - a word nobody foresaw passes as if it were ours: only a value map changes
 *    words, and its "*" is the profile's own decision;
 *  - a name that is spelt wrong reads as "no value" for ever: map_seen_take
 *    stops a listing in whose first rows a name was never there.
 */
#include "map.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "select.h"

const struct opt rest_value_map_opts[] = {
	{ .name = "field", .type = OPT_STR,
	    .offset = offsetof(struct rest_value_map, field),
	    .help = "whose words these are" },
	{ .name = "from", .type = OPT_STR,
	    .offset = offsetof(struct rest_value_map, from),
	    .help = "theirs; * = any other, empty = there is none" },
	{ .name = "to", .type = OPT_STR,
	    .offset = offsetof(struct rest_value_map, to),
	    .help = "ours; empty = no value" },
	{ .name = NULL }
};

const struct opt rest_format_opts[] = {
	{ .name = "field", .type = OPT_STR,
	    .offset = offsetof(struct rest_format, field),
	    .help = "whose format this is" },
	{ .name = "as", .type = OPT_STR,
	    .offset = offsetof(struct rest_format, as), .def = "auto",
	    .check = map_check_format,
	    .help = "auto, iso, epoch, epoch_ms, object or dd-MM-yyyy HH:mm" },
	{ .name = "zone", .type = OPT_STR,
	    .offset = offsetof(struct rest_format, zone), .def = "",
	    .help = "of times that name none; empty = the profile's" },
	{ .name = NULL }
};

bool
map_refuse(struct map *m, const char *field, const char *expected)
{
	if (m->reason[0] == '\0')
		snprintf(m->reason, sizeof(m->reason), "%s: expected %s",
		    field, expected);
	return false;
}

/* ---- words ------------------------------------------------------------------ */

static const struct rest_value_map *
value_map(const struct map *m, const char *field, const char *text)
{
	const struct grouplist *list = m->maps == NULL ? NULL
	    : &m->maps->values;
	const struct rest_value_map *other = NULL;

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const struct rest_value_map *v =
		    (const struct rest_value_map *)list->v + i;
		if (strcmp(v->field, field) != 0)
			continue;
		if (strcmp(v->from, text) == 0)
			return v;
		if (strcmp(v->from, "*") == 0 && *text != '\0')
			other = v;
	}
	return other;
}

/* text NULL or "" is what is absent. */
enum map_word
map_apply(const struct map *m, const char *field, const char **text)
{
	const char *found = *text == NULL ? "" : *text;
	const struct rest_value_map *v = value_map(m, field, found);

	if (v != NULL)
		found = v->to;
	*text = *found == '\0' ? NULL : found;
	if (*text != NULL)
		return MAP_WORD;
	return v != NULL ? MAP_DROPPED : MAP_ABSENT;
}

static bool
is_scalar(const struct select_match *found)
{
	return found->key != NULL ||
	    !(json_is_object(found->node) || json_is_array(found->node));
}

enum map_word
map_word(struct map *m, const char *field, const struct strlist *paths,
    const char **out)
{
	const struct select_match found = select_first(m->row, paths);

	*out = NULL;
	if (!is_scalar(&found)) {
		(void)map_refuse(m, field, "a text or a number");
		return MAP_ABSENT;
	}
	*out = select_text(&found, m->arena);
	return map_apply(m, field, out);
}

const char *
map_text(struct map *m, const char *field, const struct strlist *paths)
{
	const char *text;

	(void)map_word(m, field, paths, &text);
	return text;
}

const char *
map_id(struct map *m, const char *field, const struct strlist *paths)
{
	const char *text = map_text(m, field, paths);

	if (text == NULL)
		(void)map_refuse(m, field, "a number or a text");
	return text;
}

static bool
is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcasecmp(*words, text) == 0)
			return true;
	return false;
}

enum tri
map_flag(struct map *m, const char *field, const struct strlist *paths)
{
	static const char *const yes[] = { "true", "1", "yes", "y", "ja", "j",
		"t", NULL };
	static const char *const no[] = { "false", "0", "no", "n", "nej", "nei",
		"nein", "f", NULL };
	const char *text = map_text(m, field, paths);

	if (text == NULL)
		return TRI_UNKNOWN;
	if (is_one_of(text, yes))
		return TRI_YES;
	if (!is_one_of(text, no))
		(void)map_refuse(m, field, "true or false");
	return is_one_of(text, no) ? TRI_NO : TRI_UNKNOWN;
}

bool
map_decides_absent(const struct rest_maps *maps, const char *field)
{
	const struct map m = { .maps = maps };

	return value_map(&m, field, "") != NULL;
}

/* A value map that says what stands for none has decided it. */
void
map_must(struct map *m, const char *field, const struct strlist *paths, bool met)
{
	if (select_may_miss(paths) || map_decides_absent(m->maps, field) ||
	    select_has_place(m->row, paths))
		return;
	if (!select_is_known(m->row, paths))
		(void)map_refuse(m, field, "it in every row, be it null, or \"\" "
		    "in its list of paths");
	else if (!met)
		(void)map_refuse(m, field, "it in one row at least: null stands "
		    "where it should be, and no other row has it");
}

/* ---- lists -------------------------------------------------------------------- */

struct texts {
	const char **v;
	size_t n, cap;
};

static void
texts_add(struct map *m, struct texts *t, const char *field, const char *text)
{
	if (map_apply(m, field, &text) != MAP_WORD)
		return;
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i], text) == 0)
			return;
	if (t->n + 1 >= t->cap) {
		const size_t cap = t->cap == 0 ? 8 : 2 * t->cap;
		const char **v = arena_array(m->arena, cap, sizeof(*v));
		if (v == NULL)
			return;		/* arena_failed says so */
		if (t->n > 0)
			memcpy(v, t->v, t->n * sizeof(*v));
		t->v = v;
		t->cap = cap;
	}
	t->v[t->n++] = text;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
texts_cut(struct map *m, struct texts *t, const char *field, const char *text,
    const char *separator)
{
	const size_t width = strlen(separator);

	while (text != NULL) {
		const char *end = width == 0 ? NULL : strstr(text, separator);
		size_t len = end == NULL ? strlen(text) : (size_t)(end - text);
		const char *next = end == NULL ? NULL : end + width;
		while (len > 0 && is_blank(*text)) {
			text++;
			len--;
		}
		while (len > 0 && is_blank(text[len - 1]))
			len--;
		if (len > 0)
			texts_add(m, t, field,
			    arena_strndup(m->arena, text, len));
		text = next;
	}
}

static void
texts_take(struct map *m, struct texts *t, const char *field,
    const struct select_match *found, const char *separator)
{
	if (!is_scalar(found))
		(void)map_refuse(m, field, "texts or numbers");
	else if (*separator != '\0' && json_is_string(found->node))
		texts_cut(m, t, field, select_text(found, m->arena), separator);
	else
		texts_add(m, t, field, select_text(found, m->arena));
}

const char *const *
map_list(struct map *m, const char *field, const struct strlist *paths,
    const char *separator)
{
	struct texts t = { 0 };
	struct select_list found;
	json_t *element;
	size_t k;

	if (!select_first_all(m->row, paths, m->arena, &found))
		return NULL;
	for (size_t i = 0; i < found.n; i++) {
		if (!json_is_array(found.v[i].node))
			texts_take(m, &t, field, &found.v[i], separator);
		json_array_foreach (found.v[i].node, k, element) {
			const struct select_match one = { element, NULL };
			if (!json_is_null(element))
				texts_take(m, &t, field, &one, separator);
		}
	}
	if (t.n == 0)
		t.v = arena_array(m->arena, 1, sizeof(*t.v));
	return arena_failed(m->arena) ? NULL : t.v;
}

/* ---- paths that match nothing --------------------------------------------------- */

void
map_seen_init(struct map_seen *s, const struct map_field *fields)
{
	*s = (struct map_seen){ .fields = fields };
	for (size_t i = 0; fields != NULL && fields[i].name != NULL; i++)
		if (i < 64 && select_may_miss(fields[i].paths))
			s->met |= UINT64_C(1) << i;
}

static void
seen_row(struct map_seen *s, json_t *row)
{
	s->rows++;
	for (size_t i = 0; s->fields[i].name != NULL && i < 64; i++)
		if ((s->met >> i & 1) == 0 &&
		    select_is_known(row, s->fields[i].paths))
			s->met |= UINT64_C(1) << i;
}

static bool
never_met(struct map_seen *s, const struct map_field *field, const char *where,
    struct err *err)
{
	const struct strlist *paths = field->paths;
	char list[160] = "";
	size_t len = 0;

	for (size_t i = 0; i < paths->n && len < sizeof(list); i++) {
		const int n = snprintf(list + len, sizeof(list) - len, "%s%s",
		    i == 0 ? "" : ", ", paths->v[i]);
		len += n > 0 ? (size_t)n : 0;
	}
	(void)snprintf(s->never, sizeof(s->never), "%.80s.%.40s", where,
	    field->name);
	return err_set(err, ERR_CONFIG, "%s: none of %s was in the first %d "
	    "rows; add \"\" to the list if it may be missing", s->never, list,
	    MAP_ROWS_JUDGED);
}

bool
map_seen_take(struct map_seen *s, json_t *rows, const char *where,
    struct err *err)
{
	json_t *row;
	size_t i;

	if (s->fields == NULL || s->rows >= MAP_ROWS_JUDGED)
		return true;
	if (json_is_object(rows))
		seen_row(s, rows);
	json_array_foreach (rows, i, row)
		if (s->rows < MAP_ROWS_JUDGED)
			seen_row(s, row);
	if (s->rows < MAP_ROWS_JUDGED)
		return true;
	for (i = 0; i < 64 && s->fields[i].name != NULL; i++)
		if ((s->met >> i & 1) == 0)
			return never_met(s, &s->fields[i], where, err);
	return true;
}
