#include "options.h"

#include <libconfig.h>
#include <string.h>

#include "url.h"

#define PATH_LEN 256

/* What is the same for a whole options_fill. */
struct fill {
	const char *file;
	const struct config_setting_t *at; /* nearest setting, for messages */
	bool loopback_only, allow_http, optional;
	struct arena *arena;
	struct err *err;
};

static bool fill_group(struct fill *f, const struct opt *opts, char *base,
    const struct config_setting_t *group, const char *where,
    const char *const *ignore);

/* s = NULL: the key is not given and has no default. */
static bool
fail_expected(struct fill *f, const struct opt *opt,
    const struct config_setting_t *s, const char *path)
{
	return options_expected(f->err, opt, s == NULL ? f->at : s, s != NULL,
	    f->file, path);
}

static void
put(char *at, const void *value, size_t size)
{
	memcpy(at, value, size);
}

static bool
put_text(struct fill *f, char *at, const char *text)
{
	const char *copy = arena_strdup(f->arena, text);

	if (copy == NULL)
		return err_nomem(f->err);
	put(at, &copy, sizeof(copy));
	return true;
}

static bool
put_choice(struct fill *f, const struct opt *opt, char *at, const char *text)
{
	for (int i = 0; opt->choices[i] != NULL; i++) {
		if (strcmp(opt->choices[i], text) != 0)
			continue;
		if (opt->size == sizeof(char *))
			return put_text(f, at, text);
		put(at, &i, sizeof(i));
		return true;
	}
	return false;
}

static bool
put_url(struct fill *f, char *at, const char *text,
    const struct config_setting_t *s, const char *path)
{
	struct err why;

	if (!url_check_base(text, f->allow_http, &why))
		return options_error(f->err, s == NULL ? f->at : s, f->file,
		    path, "%s", why.msg);
	if (f->loopback_only && !url_is_loopback(text))
		return options_error(f->err, s == NULL ? f->at : s, f->file,
		    path, "expected an address of this machine, "
		    "\"http://127.0.0.1...\", because test = true is set");
	return put_text(f, at, text);
}

static bool
put_path(struct fill *f, char *at, const char *text)
{
	const char *slash = strrchr(f->file, '/');

	if (*text == '/' || slash == NULL)
		return put_text(f, at, text);
	const char *full = arena_printf(f->arena, "%.*s/%s",
	    (int)(slash - f->file), f->file, text);
	if (full == NULL)
		return err_nomem(f->err);
	put(at, &full, sizeof(full));
	return true;
}

static bool
is_reference(const char *text)
{
	return (strncmp(text, "credential:", 11) == 0 && text[11] != '\0') ||
	    (strncmp(text, "file:", 5) == 0 && text[5] != '\0');
}

/* What the table cannot say of a text that the file gives. */
static bool
check_text(struct fill *f, const struct opt *opt, const char *text,
    const struct config_setting_t *s, const char *path)
{
	struct err why = { .kind = ERR_NONE };

	return s == NULL || opt->check == NULL || opt->check(text, &why) ?
	    true : options_error(f->err, s, f->file, path, "%s", why.msg);
}

/* False, and no error set: not what was expected. */
static bool
put_typed(struct fill *f, const struct opt *opt, char *at, const char *text,
    const struct config_setting_t *s, const char *path)
{
	switch (opt->type) {
	case OPT_STR:
		return put_text(f, at, text);
	case OPT_URL:
		return *text != '\0' && put_url(f, at, text, s, path);
	case OPT_PATH:
		return *text != '\0' && put_path(f, at, text);
	case OPT_SECRET:
		return is_reference(text) && put_text(f, at, text);
	case OPT_SECONDS:
		return options_put_seconds(opt, at, text);
	case OPT_CHOICE:
		return put_choice(f, opt, at, text);
	case OPT_INT:
	case OPT_FLOAT:
	case OPT_BOOL:
	case OPT_STRLIST:
	case OPT_INTLIST:
	case OPT_GROUP:
	case OPT_GROUPLIST:
	case OPT_PROFILE:
		break;
	}
	return false;
}

/* text is the value or the default (s = NULL) of an option that is a text;
 * "" switches off what is off by default, and nothing else. */
static bool
fill_text(struct fill *f, const struct opt *opt, char *at, const char *text,
    const struct config_setting_t *s, const char *path)
{
	if (*text == '\0' && opt->def != NULL && *opt->def == '\0' &&
	    opt->type != OPT_CHOICE && opt->type != OPT_SECONDS)
		return put_text(f, at, text);
	f->err->kind = ERR_NONE;
	return put_typed(f, opt, at, text, s, path) ?
	    check_text(f, opt, text, s, path) :
	    f->err->kind == ERR_NONE && fail_expected(f, opt, s, path);
}

static bool
fill_number(struct fill *f, const struct opt *opt, char *at,
    const struct config_setting_t *s, const char *path)
{
	const bool is_float = config_setting_type(s) == CONFIG_TYPE_FLOAT;
	bool ok;

	if (opt->type == OPT_FLOAT)
		ok = options_put_float(opt, at, is_float ?
		    config_setting_get_float(s) :
		    (double)config_setting_get_int64(s));
	else
		ok = !is_float && options_put_integer(opt, at,
		    config_setting_get_int64(s));
	return ok ? true : fail_expected(f, opt, s, path);
}

static bool
fill_bool(struct fill *f, const struct opt *opt, char *at,
    const struct config_setting_t *s, const char *path)
{
	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return fail_expected(f, opt, s, path);
	const bool value = config_setting_get_bool(s) != 0;
	put(at, &value, sizeof(value));
	return true;
}

/* ---- lists ------------------------------------------------------------- */
/* One text without brackets is a list of one. */
static bool
fill_strlist(struct fill *f, const struct opt *opt, char *at,
    const struct config_setting_t *s, const char *path)
{
	const bool single = config_setting_type(s) == CONFIG_TYPE_STRING;
	const size_t n = single ? 1 : options_count(s);

	if (!single && !options_is_list(s))
		return fail_expected(f, opt, s, path);
	const char **v = arena_array(f->arena, n + 1, sizeof(*v));
	for (size_t i = 0; v != NULL && i < n; i++) {
		const struct config_setting_t *e = single ? s :
		    options_at(s, i);
		if (options_text(e) == NULL)
			return fail_expected(f, opt, e, path);
		if (!check_text(f, opt, options_text(e), e, path))
			return false;
		v[i] = arena_strdup(f->arena, options_text(e));
	}
	if (arena_failed(f->arena))
		return err_nomem(f->err);
	const struct strlist list = { .v = v, .n = n };
	put(at, &list, sizeof(list));
	return true;
}

static bool
fill_intlist(struct fill *f, const struct opt *opt, char *at,
    const struct config_setting_t *s, const char *path)
{
	const bool single = config_setting_is_number(s);
	const size_t n = single ? 1 : options_count(s);
	struct opt element = *opt;

	element.size = sizeof(int64_t);
	if (!single && !options_is_list(s))
		return fail_expected(f, opt, s, path);
	int64_t *v = arena_array(f->arena, n + 1, sizeof(*v));
	if (v == NULL)
		return err_nomem(f->err);
	for (size_t i = 0; i < n; i++) {
		const struct config_setting_t *e = single ? s :
		    options_at(s, i);
		if (!config_setting_is_number(e) ||
		    config_setting_type(e) == CONFIG_TYPE_FLOAT ||
		    !options_put_integer(&element, (char *)&v[i],
		    config_setting_get_int64(e)))
			return fail_expected(f, opt, e, path);
	}
	const struct intlist list = { .v = v, .n = n };
	put(at, &list, sizeof(list));
	return true;
}

static bool
fill_grouplist(struct fill *f, const struct opt *opt, char *at,
    const struct config_setting_t *s, const char *path)
{
	const size_t n = options_count(s);
	char where[PATH_LEN];

	if (!options_is_list(s))
		return fail_expected(f, opt, s, path);
	char *v = arena_array(f->arena, n + 1, opt->size);
	if (v == NULL)
		return err_nomem(f->err);
	for (size_t i = 0; i < n; i++) {
		const struct config_setting_t *e = options_at(s, i);
		if (!options_is_group(e))
			return fail_expected(f, opt, e, path);
		(void)snprintf(where, sizeof(where), "%s[%zu]", path, i);
		if (!fill_group(f, opt->sub, v + i * opt->size, e, where,
		    NULL))
			return false;
	}
	const struct grouplist list = { .v = v, .n = n };
	put(at, &list, sizeof(list));
	return true;
}

/* ---- profiles ---------------------------------------------------------- */
static bool
fill_profile(struct fill *f, const struct opt *opt, char *at, const char *value,
    const struct config_setting_t *s, const char *path)
{
	AUTO(options_file) struct options_file *file = NULL;
	struct opt_profile from;
	struct fill inner = *f;
	struct err why;

	if (!options_open_profile(value, opt->choices[0], f->file, f->arena,
	    &file, &from.file, &why))
		return why.kind == ERR_NOMEM ? err_nomem(f->err) :
		    options_error(f->err, s, f->file, path, "%s", why.msg);
	from.name = arena_strdup(f->arena, value);
	from.places = options_places(file, from.file, f->arena);
	if (from.name == NULL || from.places == NULL)
		return err_nomem(f->err);
	put(at, &from, sizeof(from));
	inner.file = from.file;
	inner.optional = false;
	return fill_group(&inner, opt->sub, at, options_root(file), "", NULL);
}

/* ---- one key, one group ------------------------------------------------ */
static bool
fill_value(struct fill *f, const struct opt *opt, char *at,
    const struct config_setting_t *s, const char *path)
{
	const char *text = options_text(s);

	if (opt->type == OPT_SECONDS && config_setting_is_number(s))
		return fill_number(f, opt, at, s, path);
	switch (opt->type) {
	case OPT_STR:
	case OPT_SECRET:
	case OPT_URL:
	case OPT_PATH:
	case OPT_SECONDS:
	case OPT_CHOICE:
		return text == NULL ? fail_expected(f, opt, s, path) :
		    fill_text(f, opt, at, text, s, path);
	case OPT_INT:
	case OPT_FLOAT:
		return config_setting_is_number(s) ?
		    fill_number(f, opt, at, s, path) :
		    fail_expected(f, opt, s, path);
	case OPT_BOOL:
		return fill_bool(f, opt, at, s, path);
	case OPT_STRLIST:
		return fill_strlist(f, opt, at, s, path);
	case OPT_INTLIST:
		return fill_intlist(f, opt, at, s, path);
	case OPT_GROUP:
		return options_is_group(s) ?
		    fill_group(f, opt->sub, at, s, path, NULL) :
		    fail_expected(f, opt, s, path);
	case OPT_GROUPLIST:
		return fill_grouplist(f, opt, at, s, path);
	case OPT_PROFILE:
		return text == NULL ? fail_expected(f, opt, s, path) :
		    fill_profile(f, opt, at, text, s, path);
	}
	return err_set(f->err, ERR_BUG, "%s: no such type of option", path);
}

/* A default that is no text is read by libconfig, as if it stood in a file. */
static bool
fill_parsed_default(struct fill *f, const struct opt *opt, char *at,
    const char *path)
{
	AUTO(options_file) struct options_file *file = NULL;
	AUTO(buf) struct buf text;
	struct err why;

	buf_init(&text, 4096);
	buf_printf(&text, "v = %s;", *opt->def == '\0' ? "()" : opt->def);
	if (text.failed)
		return err_nomem(f->err);
	if (!options_open_text(buf_text(&text), "default", &file, &why))
		return why.kind == ERR_NOMEM ? err_nomem(f->err) :
		    err_set(f->err, ERR_BUG, "%s: %s", path, why.msg);
	struct fill inner = *f;
	inner.file = "default";
	return fill_value(&inner, opt, at, options_find(file, "v"), path);
}

static bool
fill_text_default(struct fill *f, const struct opt *opt, char *at,
    const char *path)
{
	const size_t len = strlen(opt->def);

	return len >= 2 && opt->def[0] == '"' && opt->def[len - 1] == '"' ?
	    fill_parsed_default(f, opt, at, path) :
	    fill_text(f, opt, at, opt->def, NULL, path);
}

static bool
fill_default(struct fill *f, const struct opt *opt, char *at,
    const char *path)
{
	struct fill inner = *f;

	if (opt->type == OPT_GROUP) {
		inner.optional |= opt->def != NULL && *opt->def == '\0';
		inner.allow_http = false;
		return fill_group(&inner, opt->sub, at, NULL, path, NULL);
	}
	if (opt->def == NULL)
		return f->optional ? true : fail_expected(f, opt, NULL, path);
	switch (opt->type) {
	case OPT_STR:
	case OPT_SECRET:
	case OPT_URL:
	case OPT_PATH:
	case OPT_CHOICE:
	case OPT_SECONDS:
		return fill_text_default(f, opt, at, path);
	case OPT_INT:
	case OPT_FLOAT:
	case OPT_BOOL:
	case OPT_STRLIST:
	case OPT_INTLIST:
	case OPT_GROUP:
	case OPT_GROUPLIST:
	case OPT_PROFILE:
		break;
	}
	return fill_parsed_default(f, opt, at, path);
}

static bool
is_true(const struct config_setting_t *s)
{
	return s != NULL && config_setting_type(s) == CONFIG_TYPE_BOOL &&
	    config_setting_get_bool(s) != 0;
}

static bool
fill_group(struct fill *f, const struct opt *opts, char *base,
    const struct config_setting_t *group, const char *where,
    const char *const *ignore)
{
	struct fill inner = *f;
	char path[PATH_LEN];

	if (group != NULL) {
		inner.at = group;
		inner.allow_http = is_true(options_member(group,
		    "allow_http"));
		if (!options_check_keys(opts, ignore, group, f->file, where,
		    f->err))
			return false;
	}
	for (; opts->name != NULL; opts++) {
		const struct config_setting_t *s = options_member(group,
		    opts->name);
		if (options_is_listed(opts->name, ignore))
			continue;
		(void)snprintf(path, sizeof(path), "%s%s%s", where,
		    *where == '\0' ? "" : ".", opts->name);
		if (!(s != NULL ?
		    fill_value(&inner, opts, base + opts->offset, s, path) :
		    fill_default(&inner, opts, base + opts->offset, path)))
			return false;
	}
	return true;
}

static struct fill
fill_begin(const struct config_setting_t *at, const char *file,
    struct arena *arena, struct err *err)
{
	return (struct fill){ .file = file == NULL ? "" : file, .at = at,
		.loopback_only = at != NULL && is_true(options_member(
		    config_root_setting(at->config), "test")),
		.arena = arena, .err = err };
}

bool
options_fill(const struct opt *opts, void *base,
    const struct config_setting_t *group, const char *file, const char *where,
    const char *const *ignore, struct arena *arena, struct err *err)
{
	struct err unwanted;
	struct fill f = fill_begin(group, file, arena,
	    err == NULL ? &unwanted : err);

	return fill_group(&f, opts, base, group, where, ignore);
}

bool
options_fill_value(const struct opt *opt, void *at,
    const struct config_setting_t *setting, const char *file,
    const char *path, struct arena *arena, struct err *err)
{
	struct err unwanted;
	struct fill f = fill_begin(setting, file, arena,
	    err == NULL ? &unwanted : err);

	return fill_value(&f, opt, at, setting, path);
}
