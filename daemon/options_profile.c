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
