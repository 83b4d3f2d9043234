/*
 * conf_profile.c - another profile than the configuration names, to be tried.
 */
#include <string.h>

#include "conf_load.h"

static const struct opt *
profile_opt(const struct opt *opts)
{
	for (; opts->name != NULL; opts++)
		if (opts->type == OPT_PROFILE)
			return opts;
	return NULL;
}

bool
conf_is_tried(const struct conf_load *l, const struct opt *opts,
    const char *name)
{
	return l->profile != NULL && profile_opt(opts) != NULL &&
	    (l->profile->crm == NULL || (name != NULL &&
	        strcmp(l->profile->crm, name) == 0));
}

/* All keys but that of the profile, and the caller's. */
static bool
fill_others(const struct conf_load *l, const struct opt *opts,
    const char *profile, const struct config_setting_t *group,
    const char *where, const char *const *ignore, void *base)
{
	size_t n = 0, n_ignored = 0, k = 0;

	while (opts[n].name != NULL)
		n++;
	while (ignore[n_ignored] != NULL)
		n_ignored++;
	struct opt *others = arena_array(l->arena, n + 1, sizeof(*others));
	const char **names = arena_array(l->arena, n_ignored + 2,
	    sizeof(*names));
	if (others == NULL || names == NULL)
		return err_nomem(l->err);
	for (size_t i = 0; i < n; i++)
		if (opts[i].type != OPT_PROFILE)
			others[k++] = opts[i];
	memcpy(names, ignore, n_ignored * sizeof(*names));
	names[n_ignored] = profile;
	return options_fill(others, base, group, l->name, where, names,
	    l->arena, l->err);
}

bool
conf_fill_tried(const struct conf_load *l, const struct opt *opts,
    const struct config_setting_t *group, const char *where,
    const char *const *ignore, void *base)
{
	const struct opt *profile = profile_opt(opts);
	struct opt one[2] = { { .name = NULL } };

	if (profile == NULL)
		return err_set(l->err, ERR_BUG, "%s: no profile", where);
	one[0] = *profile;
	/* As it would stand in the file. */
	if (strpbrk(l->profile->file, "\"\\") != NULL)
		return err_set(l->err, ERR_USAGE, "--profile: a path without "
		    "quotes and backslashes is needed");
	one[0].def = arena_printf(l->arena, "\"%s\"", l->profile->file);
	if (one[0].def == NULL)
		return err_nomem(l->err);
	return fill_others(l, opts, one[0].name, group, where, ignore,
	    base) &&
	    options_fill(one, base, NULL, l->name, where, NULL, l->arena,
	        l->err);
}
