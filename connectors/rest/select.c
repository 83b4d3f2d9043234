/*
 * How this can lose, leak or hang, and what stops it:
 *  - a name that is spelt otherwise in one answer: matched without case;
 *  - a list that holds one thing today and none tomorrow: an empty list, a null
 *    in the middle of a path are known names without a value, not errors;
 *  - a path of many segments over a deep answer: json_parse ends both at 32;
 *  - "*" over a whole page: no more matches than the page has nodes;
 *  - a wrong name behind "*" or a filter, which looks like nothing there: such a
 *    name is known where an element has it, or where there are no elements.
 */
#include "select.h"

#include <stdio.h>
#include <string.h>

#define SEGMENT_MAX ((size_t)255)

/* ---- the segments of a path --------------------------------------------- */

enum kind { SEG_NAME, SEG_ALL, SEG_KEYS, SEG_FILTER };
struct segment {
	enum kind kind;
	const char *name;	/* or the filter's key */
	size_t len;
	const char *value;	/* the filter's */
	size_t value_len;
};
struct path {
	const char *rest;	/* behind the last segment taken */
	char sep;
	bool more;
};

static struct path
path_begin(const char *text)
{
	const bool is_pointer = *text == '/';

	return (struct path){ .rest = is_pointer ? text + 1 : text,
		.sep = is_pointer ? '/' : '.',
		.more = *text != '\0' && strcmp(text, ".") != 0 };
}

/* False: no filter. */
static bool
filter_parse(const char *text, struct segment *seg, const char **end)
{
	const char *close = strchr(text, ']');
	const char *equal = strchr(text, '=');

	if (close == NULL || equal == NULL || equal > close ||
	    equal == text + 1)
		return false;
	*seg = (struct segment){ SEG_FILTER, text + 1,
		(size_t)(equal - text - 1), equal + 1,
		(size_t)(close - equal - 1) };
	*end = close + 1;
	return true;
}

static enum kind
kind_of(const char *name, size_t len)
{
	if (len == 1 && *name == '*')
		return SEG_ALL;
	return len == 5 && memcmp(name, "@keys", 5) == 0 ? SEG_KEYS : SEG_NAME;
}

/* Behind a segment: a separator, a filter, or the end. */
static bool
path_step(struct path *p, const char *end)
{
	p->more = *end != '\0';
	if (*end != '\0' && *end != p->sep && *end != '[')
		return false;
	p->rest = *end == p->sep && p->more ? end + 1 : end;
	return true;
}

/* False: the end, or (select_check refuses such) nothing to be understood. */
static bool
path_next(struct path *p, struct segment *seg)
{
	const char stops[] = { p->sep, '[', '\0' };
	const char *end;

	if (!p->more)
		return false;
	if (*p->rest == '[' && filter_parse(p->rest, seg, &end))
		return path_step(p, end);
	const size_t len = strcspn(p->rest, stops);
	*seg = (struct segment){ kind_of(p->rest, len), p->rest, len, NULL, 0 };
	end = p->rest + len;
	return *p->rest != '[' && path_step(p, end);
}

bool
select_check(const char *text, struct err *err)
{
	struct path p = path_begin(text);
	struct segment seg;
	bool keys = false;

	while (p.more) {
		if (keys)
			return err_set(err, ERR_CONFIG,
			    "expected nothing behind \"@keys\"");
		if (!path_next(&p, &seg))
			return err_set(err, ERR_CONFIG, "expected a path like "
			    "\"/owner/id\", \"owner.id\" or "
			    "\"/emails/[primary=true]/value\"");
		if (seg.len > SEGMENT_MAX)
			return err_set(err, ERR_CONFIG,
			    "expected names of at most %zu bytes", SEGMENT_MAX);
		keys = seg.kind == SEG_KEYS;
	}
	return true;
}

/* ---- walking ------------------------------------------------------------- */

struct walk {
	struct select_match *to;	/* NULL: only counted */
	size_t n, max;
	bool known;		/* a name led somewhere, if only to null */
	bool cut;		/* a null stood before the end */
};

static bool walk(struct walk *w, json_t *node, struct path p);

/* False: no more are wanted. */
static bool
found(struct walk *w, json_t *node, const char *key)
{
	w->known = true;
	if (key == NULL && (json_is_null(node) ||
	    (json_is_string(node) && json_string_length(node) == 0)))
		return true;
	if (w->to != NULL)
		w->to[w->n] = (struct select_match){
			key == NULL ? node : NULL, key };
	return ++w->n < w->max;
}

/* One name of an object, or an index; the path's own way of escaping. */
static json_t *
member(json_t *node, const struct segment *seg, bool is_pointer)
{
	char name[SEGMENT_MAX + 2];

	if (seg->len > SEGMENT_MAX ||
	    !(json_is_object(node) || json_is_array(node)))
		return NULL;
	(void)snprintf(name, sizeof(name), "%s%.*s", is_pointer ? "/" : "",
	    (int)seg->len, seg->name);
	/* json_at takes "" for the node itself. */
	return *name == '\0' ? NULL : json_at(node, name);
}

static bool
is_empty(json_t *node)
{
	return (json_is_array(node) && json_array_size(node) == 0) ||
	    (json_is_object(node) && json_object_size(node) == 0);
}

static bool
walk_all(struct walk *w, json_t *node, struct path p)
{
	const char *key;
	json_t *value;
	size_t i;

	w->known = w->known || is_empty(node);
	json_array_foreach (node, i, value)
		if (!walk(w, value, p))
			return false;
	json_object_foreach (node, key, value)
		if (!walk(w, value, p))
			return false;
	return true;
}

static bool
walk_keys(struct walk *w, json_t *node)
{
	const char *key;
	json_t *value;

	w->known = w->known || json_is_object(node);
	json_object_foreach (node, key, value)
		if (!found(w, NULL, key))
			return false;
	return true;
}

static bool
is_text(json_t *node, const char *want, size_t len)
{
	char text[32];

	if (json_is_string(node))
		return json_string_length(node) == len &&
		    memcmp(json_string_value(node), want, len) == 0;
	if (json_is_boolean(node))
		(void)snprintf(text, sizeof(text), "%s",
		    json_is_true(node) ? "true" : "false");
	else if (json_is_integer(node))
		(void)snprintf(text, sizeof(text), "%lld",
		    (long long)json_integer_value(node));
	else
		return false;
	return strlen(text) == len && memcmp(text, want, len) == 0;
}

static bool
passes(json_t *node, const struct segment *seg)
{
	return is_text(member(node, seg, false), seg->value, seg->value_len);
}

static bool
walk_filter(struct walk *w, json_t *node, const struct segment *seg,
    struct path p)
{
	const char *key;
	json_t *value;
	size_t i;

	bool has_key = is_empty(node);

	json_array_foreach (node, i, value) {
		if (passes(value, seg))
			return walk(w, value, p);
		has_key = has_key || member(value, seg, false) != NULL;
	}
	json_object_foreach (node, key, value) {
		if (passes(value, seg))
			return walk(w, value, p);
		has_key = has_key || member(value, seg, false) != NULL;
	}
	/* None passes: that is a "no", if they can be told apart. */
	w->known = w->known || has_key;
	return true;
}

/* False: enough was found. */
static bool
walk(struct walk *w, json_t *node, struct path p)
{
	struct segment seg;

	if (node == NULL)
		return true;
	if (!p.more)
		return found(w, node, NULL);
	if (json_is_null(node)) {
		w->cut = true;
		return true;
	}
	if (!path_next(&p, &seg))
		return true;
	switch (seg.kind) {
	case SEG_NAME:
		return walk(w, member(node, &seg, p.sep == '/'), p);
	case SEG_ALL:
		return walk_all(w, node, p);
	case SEG_KEYS:
		return walk_keys(w, node);
	case SEG_FILTER:
		return walk_filter(w, node, &seg, p);
	}
	return true;
}

/* ---- asking --------------------------------------------------------------- */

bool
select_any(const struct strlist *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		if (paths->v[i][0] != '\0')
			return true;
	return false;
}

bool
select_may_miss(const struct strlist *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		if (paths->v[i][0] == '\0')
			return true;
	return paths->n == 0;
}

bool
select_filters(const struct strlist *paths)
{
	for (size_t i = 0; i < paths->n; i++) {
		struct path p = path_begin(paths->v[i]);
		struct segment seg;
		while (path_next(&p, &seg))
			if (seg.kind == SEG_FILTER)
				return true;
	}
	return false;
}

bool
select_all(json_t *node, const char *path, struct arena *arena,
    struct select_list *out)
{
	struct walk w = { .max = SIZE_MAX };

	*out = (struct select_list){ 0 };
	(void)walk(&w, node, path_begin(path));
	if (w.n == 0)
		return true;
	struct select_match *to = arena_array(arena, w.n, sizeof(*to));
	if (to == NULL)
		return false;
	w = (struct walk){ .max = SIZE_MAX, .to = to };
	(void)walk(&w, node, path_begin(path));
	*out = (struct select_list){ to, w.n };
	return true;
}

struct select_match
select_first(json_t *node, const struct strlist *paths)
{
	struct select_match m = { NULL, NULL };

	for (size_t i = 0; i < paths->n; i++) {
		struct walk w = { .max = 1, .to = &m };
		if (paths->v[i][0] == '\0')
			continue;
		(void)walk(&w, node, path_begin(paths->v[i]));
		if (w.n > 0)
			break;
	}
	return m;
}

bool
select_first_all(json_t *node, const struct strlist *paths,
    struct arena *arena, struct select_list *out)
{
	*out = (struct select_list){ 0 };
	for (size_t i = 0; i < paths->n && out->n == 0; i++)
		if (paths->v[i][0] != '\0' &&
		    !select_all(node, paths->v[i], arena, out))
			return false;
	return true;
}

const char *
select_text(const struct select_match *m, struct arena *arena)
{
	const double real = json_real_value(m->node);
	const char *text;

	if (m->key != NULL)
		text = arena_strdup(arena, m->key);
	else if (json_is_real(m->node) && real > -1e15 && real < 1e15 &&
	    real == (double)(long long)real)
		text = arena_printf(arena, "%lld", (long long)real);
	else
		text = json_text(arena, m->node);
	return text == NULL || *text == '\0' ? NULL : text;
}

static bool
leads_somewhere(json_t *node, const struct strlist *paths, bool by_null)
{
	for (size_t i = 0; i < paths->n; i++) {
		struct walk w = { .max = 1 };
		if (paths->v[i][0] == '\0')
			continue;
		(void)walk(&w, node, path_begin(paths->v[i]));
		if (w.known || (by_null && w.cut))
			return true;
	}
	return false;
}

bool
select_is_known(json_t *node, const struct strlist *paths)
{
	return leads_somewhere(node, paths, true);
}

bool
select_is_null(json_t *node, const struct strlist *paths)
{
	for (size_t i = 0; i < paths->n; i++) {
		struct walk w = { .max = 1 };
		(void)walk(&w, node, path_begin(paths->v[i]));
		if (w.cut)
			return true;
	}
	return false;
}

bool
select_has_place(json_t *node, const struct strlist *paths)
{
	return leads_somewhere(node, paths, false);
}
