/*
 * A profile: settings that stand in a file of their own, found by a name.  What
 * an administrator keeps beside the configuration comes before what is compiled
 * in, so that a service which changed needs no new program.
 */
#include "options.h"

#include <string.h>
#include <unistd.h>

#include "nearest.h"

#define NAMES_MAX 128

static bool
is_path(const char *value)
{
	const size_t len = strlen(value);

	return strchr(value, '/') != NULL ||
	    (len > 5 && strcmp(value + len - 5, ".conf") == 0);
}

static bool
is_name(const char *value)
{
	return *value != '\0' && strlen(value) <= 64 && strspn(value,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_-.") == strlen(value) && *value != '.';
}

static const struct options_profile *
find_builtin(const char *folder, const char *name)
{
	for (const struct options_profile *p = options_profiles;
	    p->name != NULL; p++)
		if (strcmp(p->folder, folder) == 0 &&
		    strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

static bool
fail_unknown(const char *folder, const char *name, struct err *err)
{
	const char *names[NAMES_MAX];
	size_t n = 0, best;

	for (const struct options_profile *p = options_profiles;
	    p->name != NULL && n < NAMES_MAX; p++)
		if (strcmp(p->folder, folder) == 0)
			names[n++] = p->name;
	if (nearest_find(name, names, n, &best, 1) == 1)
		return err_set(err, ERR_CONFIG, "there is no profile \"%.40s\", "
		    "nor a file %s/%.40s.conf; did you mean %s?", name, folder,
		    name, names[best]);
	return err_set(err, ERR_CONFIG, "expected a profile that is compiled "
	    "in (`npsync options` lists them), a file %s/%.40s.conf beside the "
	    "configuration, or the path of one; got \"%.40s\"", folder, name,
	    name);
}

/* "DIR/rest" where DIR is the configuration's; "rest" without one. */
static const char *
beside(struct arena *arena, const char *conf, const char *rest)
{
	const char *slash = conf == NULL || rest[0] == '/' ? NULL :
	    strrchr(conf, '/');

	return slash == NULL ? arena_strdup(arena, rest) :
	    arena_printf(arena, "%.*s/%s", (int)(slash - conf), conf, rest);
}

bool
options_open_profile(const char *value, const char *folder, const char *conf,
    struct arena *arena, struct options_file **file, const char **name,
    struct err *err)
{
	if (!is_path(value) && !is_name(value))
		return err_set(err, ERR_CONFIG, "expected the name of a "
		    "profile: letters, digits, '_', '-' and '.'");
	const char *rest = is_path(value) ? value :
	    arena_printf(arena, "%s/%s.conf", folder, value);
	*name = rest == NULL ? NULL : beside(arena, conf, rest);
	if (*name == NULL)
		return err_nomem(err);
	if (is_path(value) || access(*name, F_OK) == 0)
		return options_open(*name, file, err);
	const struct options_profile *p = find_builtin(folder, value);
	if (p == NULL)
		return fail_unknown(folder, value, err);
	*name = rest;
	return options_open_text(p->text, *name, file, err);
}

/* ---- where keys stand ------------------------------------------------------- */
struct places {
	struct opt_place *v;
	size_t n;
	const char *file;
	struct arena *arena;
};

static void place_group(struct places *p, const struct config_setting_t *group,
    const char *where);

/* Without the colon of a message. */
static void
place_add(struct places *p, const struct config_setting_t *s, const char *key)
{
	char at[512];
	const size_t len = strlen(options_where(s, p->file, at, sizeof(at)));

	p->v[p->n++] = (struct opt_place){ key,
		arena_strndup(p->arena, at, len > 0 ? len - 1 : 0) };
}

static void
place_list(struct places *p, const struct config_setting_t *list,
    const char *where)
{
	for (size_t i = 0; i < options_count(list); i++) {
		const struct config_setting_t *e = options_at(list, i);
		const char *name = options_text(options_member(e, "name"));
		if (!options_is_group(e))
			continue;
		const char *key = name != NULL ? arena_printf(p->arena, "%s.%s",
		    where, name) : arena_printf(p->arena, "%s[%zu]", where, i);
		if (key == NULL)
			return;
		place_add(p, e, key);
		place_group(p, e, key);
	}
}

static void
place_group(struct places *p, const struct config_setting_t *group,
    const char *where)
{
	for (size_t i = 0; i < options_count(group); i++) {
		const struct config_setting_t *s = options_at(group, i);
		const char *key = arena_printf(p->arena, "%s%s%s", where,
		    *where == '\0' ? "" : ".", options_name(s));
		if (key == NULL)
			return;
		place_add(p, s, key);
		if (options_is_group(s))
			place_group(p, s, key);
		else
			place_list(p, s, key);
	}
}

static size_t
count_all(const struct config_setting_t *s)
{
	size_t n = 1;

	for (size_t i = 0; i < options_count(s); i++)
		n += count_all(options_at(s, i));
	return n;
}

const struct opt_place *
options_places(const struct options_file *file, const char *name,
    struct arena *arena)
{
	const struct config_setting_t *root = options_root(file);
	struct places p = { .file = name, .arena = arena };

	p.v = arena_array(arena, count_all(root) + 1, sizeof(*p.v));
	if (p.v == NULL)
		return NULL;
	place_group(&p, root, "");
	return arena_failed(arena) ? NULL : p.v;
}
