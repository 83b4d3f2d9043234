#include "conf_diff.h"

#include <string.h>

struct line {
	const char *key, *value;
};
struct dump {
	struct line *v;
	size_t n;
};

static bool
split(const char *text, struct arena *arena, struct dump *dump)
{
	char *copy = arena_strdup(arena, text);
	size_t lines = 1;

	for (const char *c = text; *c != '\0'; c++)
		lines += *c == '\n';
	dump->n = 0;
	dump->v = arena_array(arena, lines, sizeof(*dump->v));
	if (copy == NULL || dump->v == NULL)
		return false;
	for (char *line = copy; *line != '\0';) {
		char *end = line + strcspn(line, "\n");
		const bool more = *end != '\0';
		*end = '\0';
		char *equals = strchr(line, '=');
		if (equals != NULL) {
			*equals = '\0';
			dump->v[dump->n++] = (struct line){ line, equals + 1 };
		}
		line = more ? end + 1 : end;
	}
	return true;
}

static bool
is_first(const struct dump *dump, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(dump->v[k].key, dump->v[i].key) == 0)
			return false;
	return true;
}

/* The values of a key; NULL where there is none, or no memory. */
static const char *
values(const struct dump *dump, const char *key, struct arena *arena)
{
	const char *text = NULL;

	for (size_t i = 0; i < dump->n; i++)
		if (strcmp(dump->v[i].key, key) == 0)
			text = text == NULL ? dump->v[i].value
			    : arena_printf(arena, "%s; %s", text,
			        dump->v[i].value);
	return text;
}

static bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Keys that are only in b where `only_b`; else those of a. */
static void
tell(const struct dump *a, const struct dump *b, bool only_b,
    struct arena *arena, conf_diff_fn *fn, void *arg)
{
	const struct dump *keys = only_b ? b : a;

	for (size_t i = 0; i < keys->n; i++) {
		const char *key = keys->v[i].key;
		if (!is_first(keys, i))
			continue;
		const char *was = values(a, key, arena);
		const char *is = values(b, key, arena);
		if (only_b ? was == NULL : !is_same(was, is))
			fn(arg, key, was, is);
	}
}

bool
conf_diff(const char *was, const char *is, struct arena *arena,
    conf_diff_fn *fn, void *arg)
{
	struct dump a, b;

	if (!split(was, arena, &a) || !split(is, arena, &b))
		return false;
	tell(&a, &b, false, arena, fn, arg);
	tell(&a, &b, true, arena, fn, arg);
	return true;
}
