/*
 * Walks over option tables and filled structs: help, dump, secrets.
 */
#include "options.h"

#include <string.h>

#include "secret.h"

#define PATH_LEN 256
#define PRINT_MAX ((size_t)1 << 20)

static void
get(void *value, const void *base, const struct opt *opt, size_t size)
{
	memcpy(value, (const char *)base + opt->offset, size);
}

/* ---- secrets ----------------------------------------------------------- */
static bool
each_text(const struct opt *opt, char *at, const char *path,
    options_secret_fn *fn, void *arg, struct err *err)
{
	const char *text;

	memcpy(&text, at + opt->offset, sizeof(text));
	if (text == NULL || *text == '\0')
		return true;
	if (!fn(arg, path, &text, err))
		return false;
	memcpy(at + opt->offset, &text, sizeof(text));
	return true;
}

static bool
each_element(const struct opt *opt, char *base, const char *path,
    options_secret_fn *fn, void *arg, struct err *err)
{
	struct grouplist list;
	char *v;

	get(&list, base, opt, sizeof(list));
	/* The list is ours to change until the run begins. */
	memcpy(&v, &list.v, sizeof(v));
	for (size_t i = 0; i < list.n; i++)
		if (!options_each_secret(opt->sub, v + i * opt->size, path,
		    fn, arg, err))
			return false;
	return true;
}

bool
options_each_secret(const struct opt *opts, void *base, const char *where,
    options_secret_fn *fn, void *arg, struct err *err)
{
	char path[PATH_LEN];
	bool ok = true;

	for (; ok && opts->name != NULL; opts++) {
		(void)snprintf(path, sizeof(path), "%s%s%s", where,
		    *where == '\0' ? "" : ".", opts->name);
		if (opts->type == OPT_SECRET)
			ok = each_text(opts, base, path, fn, arg, err);
		else if (opts->type == OPT_GROUP)
			ok = options_each_secret(opts->sub,
			    (char *)base + opts->offset, path, fn, arg, err);
		else if (opts->type == OPT_GROUPLIST)
			ok = each_element(opts, base, path, fn, arg, err);
	}
	return ok;
}

struct loading {
	const char *config_dir;
	struct arena *arena;
};

static bool
load_secret(void *arg, const char *path, const char **text, struct err *err)
{
	const struct loading *l = arg;
	const char *value;

	if (!secret_load(*text, l->config_dir, l->arena, &value, err))
		return err_wrap(err, "%s", path);
	*text = value;
	return true;
}

bool
options_load_secrets(const struct opt *opts, void *base,
    const char *config_dir, const char *where, struct arena *arena,
    struct err *err)
{
	struct loading l = { .config_dir = config_dir, .arena = arena };

	return options_each_secret(opts, base, where, load_secret, &l, err);
}

/* ---- dump -------------------------------------------------------------- */
static void
dump_text(const struct opt *opt, const void *base, struct buf *out)
{
	const char *text;

	get(&text, base, opt, sizeof(text));
	buf_printf(out, "\"%s\"", text == NULL ? "" : text);
}

static void
dump_integer(const struct opt *opt, const void *base, struct buf *out)
{
	int64_t wide;
	int narrow;

	if (opt->size == sizeof(wide)) {
		get(&wide, base, opt, sizeof(wide));
	} else {
		get(&narrow, base, opt, sizeof(narrow));
		wide = narrow;
	}
	buf_printf(out, "%lld", (long long)wide);
}

static void
dump_choice(const struct opt *opt, const void *base, struct buf *out)
{
	int chosen;

	get(&chosen, base, opt, sizeof(chosen));
	buf_printf(out, "\"%s\"", opt->choices[chosen]);
}

static void
dump_float(const struct opt *opt, const void *base, struct buf *out)
{
	double value;

	get(&value, base, opt, sizeof(value));
	buf_printf(out, "%.15g", value);
}

static void
dump_bool(const struct opt *opt, const void *base, struct buf *out)
{
	bool value;

	get(&value, base, opt, sizeof(value));
	buf_str(out, value ? "true" : "false");
}

static void
dump_strlist(const struct opt *opt, const void *base, struct buf *out)
{
	struct strlist list;

	get(&list, base, opt, sizeof(list));
	for (size_t i = 0; i < list.n; i++)
		buf_printf(out, "%s\"%s\"", i == 0 ? "" : ",", list.v[i]);
}

static void
dump_intlist(const struct opt *opt, const void *base, struct buf *out)
{
	struct intlist list;

	get(&list, base, opt, sizeof(list));
	for (size_t i = 0; i < list.n; i++)
		buf_printf(out, "%s%lld", i == 0 ? "" : ",",
		    (long long)list.v[i]);
}

static void
dump_scalar(const struct opt *opt, const void *base, struct buf *out)
{
	switch (opt->type) {
	case OPT_STR:
	case OPT_SECRET:
	case OPT_URL:
	case OPT_PATH:
		dump_text(opt, base, out);
		break;
	case OPT_CHOICE:
		if (opt->size == sizeof(char *))
			dump_text(opt, base, out);
		else
			dump_choice(opt, base, out);
		break;
	case OPT_INT:
	case OPT_SECONDS:
		dump_integer(opt, base, out);
		break;
	case OPT_FLOAT:
		dump_float(opt, base, out);
		break;
	case OPT_BOOL:
		dump_bool(opt, base, out);
		break;
	case OPT_STRLIST:
		dump_strlist(opt, base, out);
		break;
	case OPT_INTLIST:
		dump_intlist(opt, base, out);
		break;
	case OPT_GROUP:
	case OPT_GROUPLIST:
	case OPT_PROFILE:
		break;
	}
}

static void
dump_list(const struct opt *opt, const void *base, const char *path,
    struct buf *out)
{
	struct grouplist list;
	char where[PATH_LEN + 24];

	get(&list, base, opt, sizeof(list));
	for (size_t i = 0; i < list.n; i++) {
		(void)snprintf(where, sizeof(where), "%s[%zu]", path, i);
		options_dump(opt->sub, (const char *)list.v + i * opt->size,
		    where, out);
	}
}

/* Where its file lies makes no difference, what stands in it does. */
static void
dump_profile(const struct opt *opt, const void *base, const char *path,
    struct buf *out)
{
	struct opt_profile from;

	get(&from, base, opt, sizeof(from));
	buf_printf(out, "%s=\"%s\"\n", path, from.name == NULL ? "" :
	    from.name);
	options_dump(opt->sub, (const char *)base + opt->offset, path, out);
}

void
options_dump(const struct opt *opts, const void *base, const char *where,
    struct buf *out)
{
	char path[PATH_LEN];

	for (; opts->name != NULL; opts++) {
		(void)snprintf(path, sizeof(path), "%s%s%s", where,
		    *where == '\0' ? "" : ".", opts->name);
		if (opts->type == OPT_GROUP) {
			options_dump(opts->sub,
			    (const char *)base + opts->offset, path, out);
		} else if (opts->type == OPT_GROUPLIST) {
			dump_list(opts, base, path, out);
		} else if (opts->type == OPT_PROFILE) {
			dump_profile(opts, base, path, out);
		} else {
			buf_printf(out, "%s=", path);
			dump_scalar(opts, base, out);
			buf_char(out, '\n');
		}
	}
}

/* ---- help -------------------------------------------------------------- */
static const char *
type_name(enum opt_type type)
{
	switch (type) {
	case OPT_STR:
		return "text";
	case OPT_SECRET:
		return "secret";
	case OPT_URL:
		return "address";
	case OPT_PATH:
		return "path";
	case OPT_INT:
		return "integer";
	case OPT_FLOAT:
		return "number";
	case OPT_BOOL:
		return "boolean";
	case OPT_SECONDS:
		return "duration";
	case OPT_CHOICE:
		return "choice";
	case OPT_STRLIST:
		return "texts";
	case OPT_INTLIST:
		return "integers";
	case OPT_GROUP:
		return "group";
	case OPT_GROUPLIST:
		return "groups";
	case OPT_PROFILE:
		return "profile";
	}
	return "";
}

static bool
is_quoted_default(const struct opt *opt)
{
	if (opt->type == OPT_SECONDS)
		return strspn(opt->def, "0123456789") != strlen(opt->def);
	return opt->def[0] != '"' && (opt->type == OPT_STR ||
	    opt->type == OPT_SECRET || opt->type == OPT_URL ||
	    opt->type == OPT_PATH || opt->type == OPT_CHOICE);
}

static void
print_default(const struct opt *opt, struct buf *out)
{
	if (opt->type == OPT_GROUP)
		return;
	if (opt->def == NULL)
		buf_str(out, "must be given");
	else if (is_quoted_default(opt))
		buf_printf(out, "\"%s\"", opt->def);
	else
		buf_str(out, *opt->def == '\0' ? "[]" : opt->def);
}

static void
print_limits(const struct opt *opt, struct buf *out)
{
	if (opt->type == OPT_CHOICE)
		for (const char *const *c = opt->choices; *c != NULL; c++)
			buf_printf(out, "%s%s", c == opt->choices ? " " : "|",
			    *c);
	else if (options_is_bounded(opt) && opt->max < opt->min)
		buf_printf(out, " >= %.15g", opt->min);
	else if (options_is_bounded(opt))
		buf_printf(out, " %.15g..%.15g", opt->min, opt->max);
}

static void
print_opts(const struct opt *opts, const char *indent, struct buf *out)
{
	for (; opts->name != NULL; opts++) {
		AUTO(buf) struct buf def, type;
		char deeper[64];

		buf_init(&def, 4096);
		buf_init(&type, 4096);
		print_default(opts, &def);
		buf_str(&type, type_name(opts->type));
		print_limits(opts, &type);
		const int width = 24 - (int)strlen(indent);
		buf_printf(out, "%s%-*s %-18s %-22s %s\n", indent,
		    width < 1 ? 1 : width, opts->name, buf_text(&type),
		    buf_text(&def), opts->help == NULL ? "" : opts->help);
		if (opts->sub == NULL || opts->type == OPT_PROFILE)
			continue;
		(void)snprintf(deeper, sizeof(deeper), "%s  ", indent);
		print_opts(opts->sub, deeper, out);
	}
}

void
options_print(FILE *out, const struct opt *opts, const char *indent)
{
	AUTO(buf) struct buf text;

	buf_init(&text, PRINT_MAX);
	print_opts(opts, indent, &text);
	(void)fputs(buf_text(&text), out);
}
