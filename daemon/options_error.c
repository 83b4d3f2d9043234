/*
 * What a wrong setting is told: what was expected, what was found, and for an
 * unknown key the known one it is nearest to.
 */
#include "options.h"

#include <libconfig.h>
#include <stdarg.h>
#include <string.h>

#include "nearest.h"

#define PATH_LEN 256
#define NAMES_MAX 128	/* known keys of a group that are suggested */

const char *
options_where(const struct config_setting_t *at, const char *file, char *out,
    size_t size)
{
	char line[32] = "";

	if (options_line(at) > 0)
		(void)snprintf(line, sizeof(line), "%d:", options_line(at));
	/* An included file is named as in @include: relative to this one. */
	const char *in = at == NULL ? NULL : config_setting_source_file(at);
	const char *slash = strrchr(file, '/');
	const int dir = in == NULL || slash == NULL ? 0 :
	    (int)(slash - file) + 1;
	(void)snprintf(out, size, "%.*s%s:%s", dir, file,
	    in == NULL ? file : in, line);
	return out;
}

bool
options_error(struct err *err, const struct config_setting_t *at,
    const char *file, const char *where, const char *fmt, ...)
{
	char msg[sizeof(err->msg)], place[sizeof(err->msg)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return err_set(err, ERR_CONFIG, "%s %s%s%s",
	    options_where(at, file, place, sizeof(place)), where,
	    *where == '\0' ? "" : ": ", msg);
}

bool
options_is_bounded(const struct opt *opt)
{
	return opt->min < 0.0 || opt->min > 0.0 || opt->max > 0.0 ||
	    opt->max < 0.0;
}

static void
add_bounds(const struct opt *opt, struct buf *out)
{
	if (!options_is_bounded(opt))
		return;
	if (opt->max < opt->min)
		buf_printf(out, " of at least %.15g", opt->min);
	else
		buf_printf(out, " from %.15g to %.15g", opt->min, opt->max);
}

static void
add_choices(const struct opt *opt, struct buf *out)
{
	for (const char *const *c = opt->choices; *c != NULL; c++)
		buf_printf(out, "%s%s", c == opt->choices ? "" : ", ", *c);
}

static void
add_expected(const struct opt *opt, struct buf *out)
{
	switch (opt->type) {
	case OPT_STR:
		buf_str(out, "a text in double quotes");
		return;
	case OPT_SECRET:
		buf_str(out, "\"credential:NAME\" or \"file:PATH\"");
		return;
	case OPT_URL:
		buf_str(out, "an address, \"https://...\"");
		return;
	case OPT_PATH:
		buf_str(out, "a path in double quotes");
		return;
	case OPT_INT:
		buf_str(out, "a whole number");
		break;
	case OPT_FLOAT:
		buf_str(out, "a number");
		break;
	case OPT_BOOL:
		buf_str(out, "true or false");
		return;
	case OPT_SECONDS:
		buf_str(out, "seconds, or \"30s\", \"5m\", \"2h\", \"1d\",");
		break;
	case OPT_CHOICE:
		buf_str(out, "one of ");
		add_choices(opt, out);
		return;
	case OPT_STRLIST:
		buf_str(out, "a list of texts, [ \"...\", \"...\" ]");
		return;
	case OPT_INTLIST:
		buf_str(out, "a list of whole numbers, [ 1, 2 ]");
		return;
	case OPT_GROUP:
		buf_str(out, "a group, { ... }");
		return;
	case OPT_GROUPLIST:
		buf_str(out, "a list of groups, ( { ... }, { ... } )");
		return;
	case OPT_PROFILE:
		buf_str(out, "the name of a profile, or the path of its file");
		return;
	}
	add_bounds(opt, out);
}

/* A text is cut on a code-point border. */
static void
add_quoted(const char *text, struct buf *out)
{
	size_t len = strlen(text);
	const bool cut = len > 40;

	if (cut)
		for (len = 40; len > 0 && ((unsigned char)text[len] & 0xc0) ==
		    0x80;)
			len--;
	buf_printf(out, "\"%.*s%s\"", (int)len, text, cut ? "..." : "");
}

/* 7749.0 is no whole number: its point is shown. */
static void
add_float(double value, struct buf *out)
{
	const size_t from = out->len;

	buf_printf(out, "%.15g", value);
	if (strpbrk(buf_text(out) + from, ".en") == NULL)
		buf_str(out, ".0");
}

static void
add_got(const struct config_setting_t *s, struct buf *out)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_STRING:
		add_quoted(options_text(s), out);
		break;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		buf_printf(out, "%lld", config_setting_get_int64(s));
		break;
	case CONFIG_TYPE_FLOAT:
		add_float(config_setting_get_float(s), out);
		break;
	case CONFIG_TYPE_BOOL:
		buf_str(out, config_setting_get_bool(s) ? "true" : "false");
		break;
	case CONFIG_TYPE_GROUP:
		buf_str(out, "a group");
		break;
	default:
		buf_str(out, "a list");
	}
}

bool
options_expected(struct err *err, const struct opt *opt,
    const struct config_setting_t *at, bool given, const char *file,
    const char *path)
{
	AUTO(buf) struct buf text;

	buf_init(&text, 400);
	buf_str(&text, "expected ");
	add_expected(opt, &text);
	if (!given) {
		buf_str(&text, "; it is missing");
	} else if (opt->type == OPT_SECRET) {
		/* Whatever stands there may be the key itself: not shown. */
		buf_str(&text, "; a key itself never stands in the "
		    "configuration");
	} else {
		buf_str(&text, "; got ");
		add_got(at, &text);
	}
	return options_error(err, at, file, path, "%s", buf_text(&text));
}

bool
options_is_listed(const char *name, const char *const *list)
{
	for (; list != NULL && *list != NULL; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

static const struct opt *
find_opt(const struct opt *opts, const char *name)
{
	for (; opts->name != NULL; opts++)
		if (strcmp(opts->name, name) == 0)
			return opts;
	return NULL;
}

static size_t
collect(const struct opt *opts, const char *const *ignore,
    const char *names[NAMES_MAX])
{
	size_t n = 0;

	for (; opts->name != NULL && n < NAMES_MAX; opts++)
		names[n++] = opts->name;
	for (; ignore != NULL && *ignore != NULL && n < NAMES_MAX; ignore++)
		names[n++] = *ignore;
	return n;
}

/* The known name that was probably meant, or NULL. */
static const char *
nearest(const struct opt *opts, const char *const *ignore, const char *name)
{
	const char *names[NAMES_MAX];
	const size_t n = collect(opts, ignore, names);
	size_t best;

	return nearest_find(name, names, n, &best, 1) == 1 ? names[best] : NULL;
}

bool
options_check_keys(const struct opt *opts, const char *const *ignore,
    const struct config_setting_t *group, const char *file,
    const char *where, struct err *err)
{
	char path[PATH_LEN];

	for (size_t i = 0; i < options_count(group); i++) {
		const struct config_setting_t *s = options_at(group, i);
		const char *name = options_name(s);
		if (find_opt(opts, name) != NULL ||
		    options_is_listed(name, ignore))
			continue;
		(void)snprintf(path, sizeof(path), "%s%s%s", where,
		    *where == '\0' ? "" : ".", name);
		const char *near = nearest(opts, ignore, name);
		return options_error(err, s, file, path,
		    "unknown key%s%s%s", near == NULL ? "" :
		    "; did you mean ", near == NULL ? "" : near,
		    near == NULL ? "" : "?");
	}
	return true;
}
