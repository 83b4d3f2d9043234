/*
 * The file behind the settings.  The text is read and looked through before
 * libconfig 1.5 gets it, for three faults of that library: a number that does
 * not fit is wrapped silently, a directory named as a file ends the process by
 * exit(2), and an absolute @include path is looked for below the include
 * directory.
 */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unistr.h>

#include "num.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define INCLUDE_DEPTH 8

struct options_file {
	config_t cfg;
	const char *name;
	char *dir;
};

/* One text being looked through. */
struct scan {
	const char *name, *dir;
	const char *start, *p;
	int line, depth;
	struct err *err;
};

static bool scan_file(const char *name, const char *dir, int depth,
    struct buf *text, struct err *err);

static bool
scan_error(const struct scan *sc, const char *what, const char *from,
    size_t len)
{
	if (len > 64)
		len = 64;
	return err_set(sc->err, ERR_CONFIG, "%s:%d: %s%.*s", sc->name,
	    sc->line, what, (int)len, from);
}

static void
skip_string(struct scan *sc)
{
	sc->p++;
	while (*sc->p != '\0' && *sc->p != '"') {
		if (*sc->p == '\n')
			sc->line++;
		if (*sc->p == '\\' && sc->p[1] != '\0')
			sc->p++;
		sc->p++;
	}
	if (*sc->p == '"')
		sc->p++;
}

static bool
is_comment(const char *p)
{
	return *p == '#' || (*p == '/' && (p[1] == '/' || p[1] == '*'));
}

static void
skip_comment(struct scan *sc)
{
	if (sc->p[0] == '#' || sc->p[1] == '/') {
		sc->p += strcspn(sc->p, "\n");
		return;
	}
	sc->p += 2;
	while (*sc->p != '\0' && !(sc->p[0] == '*' && sc->p[1] == '/')) {
		if (*sc->p == '\n')
			sc->line++;
		sc->p++;
	}
	if (*sc->p != '\0')
		sc->p += 2;
}

static bool
hex_fits(const char *digits, size_t len, bool is_long)
{
	const size_t most = is_long ? 16 : 8;

	while (len > 0 && *digits == '0') {
		digits++;
		len--;
	}
	return len < most || (len == most && *digits < '8');
}

static bool
decimal_fits(const char *digits, size_t len, bool is_long, bool negative)
{
	const long long max = is_long ? INT64_MAX :
	    (long long)INT32_MAX + (negative ? 1 : 0);
	long long v;

	return num_parse_n(digits, len, 0, max, &v);
}

/* A number that libconfig would wrap is refused; a float is left alone. */
static bool
scan_number(struct scan *sc)
{
	const char *const s = sc->p;
	const size_t len = strspn(s, "0123456789abcdefABCDEFxX.L");
	const size_t digits = strspn(s, "0123456789");
	const bool is_long = s[len - 1] == 'L';
	bool fits = true;

	if (digits == 1 && *s == '0' && (s[1] == 'x' || s[1] == 'X'))
		fits = hex_fits(s + 2, strspn(s + 2,
		    "0123456789abcdefABCDEF"), is_long);
	else if (strchr(".eE", s[digits]) == NULL || s[digits] == '\0')
		fits = decimal_fits(s, digits, is_long,
		    s > sc->start && s[-1] == '-');
	sc->p = s + len;
	return fits ? true : scan_error(sc, is_long ?
	    "the number is too large: " : "the number is too large, from "
	    "2147483648 on it ends with L: ", s, len);
}

static bool
include_read(struct scan *sc, const char *file)
{
	AUTO(buf) struct buf path, text;
	struct stat st;

	buf_init(&path, 4096);
	buf_init(&text, FILE_MAX_BYTES);
	buf_printf(&path, "%s/%s", sc->dir, file);
	if (path.failed || stat(buf_text(&path), &st) != 0 ||
	    !S_ISREG(st.st_mode))
		return scan_error(sc, "@include: no such file: ", file,
		    strlen(file));
	if (sc->depth >= INCLUDE_DEPTH)
		return scan_error(sc, "@include: nested too deeply: ", file,
		    strlen(file));
	return scan_file(buf_text(&path), sc->dir, sc->depth + 1, &text,
	    sc->err);
}

static bool
scan_include(struct scan *sc)
{
	AUTO(buf) struct buf file;

	buf_init(&file, 4096);
	sc->p += strlen("@include");
	sc->p += strspn(sc->p, " \t");
	if (*sc->p != '"')
		return true;	/* libconfig says what is wrong */
	const size_t len = strcspn(sc->p + 1, "\"\n");
	buf_add(&file, sc->p + 1, len);
	if (sc->p[1] == '/')
		return scan_error(sc, "@include: expected a path below the "
		    "directory of the configuration, got ", sc->p + 1, len);
	if (!include_read(sc, buf_text(&file)))
		return false;
	skip_string(sc);
	return true;
}

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '*';
}

static bool
scan_token(struct scan *sc)
{
	const char c = *sc->p;

	if (c == '"') {
		skip_string(sc);
	} else if (is_comment(sc->p)) {
		skip_comment(sc);
	} else if (strncmp(sc->p, "@include", strlen("@include")) == 0) {
		return scan_include(sc);
	} else if (c >= '0' && c <= '9') {
		return scan_number(sc);
	} else if (is_name_char(c)) {
		while (is_name_char(*sc->p) || *sc->p == '-')
			sc->p++;
	} else {
		sc->line += c == '\n';
		sc->p++;
	}
	return true;
}

static int
count_lines(const char *from, const char *to)
{
	int n = 1;

	for (; from < to; from++)
		n += *from == '\n';
	return n;
}

static bool
scan_text(const char *name, const char *dir, int depth,
    const struct buf *text, struct err *err)
{
	const char *s = buf_text(text);
	struct scan sc = { .name = name, .dir = dir, .start = s, .p = s,
		.line = 1, .depth = depth, .err = err };

	const char *bad = memchr(s, '\0', text->len);
	if (bad == NULL)
		bad = (const char *)u8_check((const uint8_t *)s, text->len);
	if (bad != NULL)
		return err_set(err, ERR_CONFIG,
		    "%s:%d: expected a text file in UTF-8", name, count_lines(s, bad));
	while (*sc.p != '\0')
		if (!scan_token(&sc))
			return false;
	return true;
}

static bool
read_all(int fd, struct buf *text)
{
	char block[8192];
	ssize_t got;

	do {
		got = read(fd, block, sizeof(block));
		if (got > 0 && !buf_add(text, block, (size_t)got)) {
			errno = (size_t)got > text->max - text->len ? EFBIG
			                                            : ENOMEM;
			return false;
		}
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got == 0;
}

static bool
scan_file(const char *name, const char *dir, int depth, struct buf *text,
    struct err *err)
{
	const int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_errno(err, errno == EACCES ? ERR_PERMISSION :
		    ERR_CONFIG, "cannot read the configuration %s", name);
	const bool ok = read_all(fd, text);
	const int saved = errno;
	close(fd);
	errno = saved;
	if (!ok && errno == ENOMEM)
		return err_nomem(err);
	if (!ok)
		return err_errno(err, ERR_CONFIG,
		    "cannot read the configuration %s", name);
	return scan_text(name, dir, depth, text, err);
}

static bool
parse(struct options_file *file, const struct buf *text, struct err *err)
{
	const char *s = buf_text(text);

	/* Editors on Windows begin a file with a byte order mark. */
	if (strncmp(s, "\xef\xbb\xbf", 3) == 0)
		s += 3;
	config_set_include_dir(&file->cfg, file->dir);
	if (config_read_string(&file->cfg, s))
		return true;
	const char *in = config_error_file(&file->cfg);
	return err_set(err, ERR_CONFIG, "%s%s%s:%d: %s",
	    in == NULL ? "" : file->dir, in == NULL ? "" : "/",
	    in == NULL ? file->name : in, config_error_line(&file->cfg),
	    config_error_text(&file->cfg));
}

static struct options_file *
file_new(const char *name)
{
	struct options_file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		return NULL;
	const char *slash = strrchr(name, '/');
	file->name = name;
	file->dir = slash == NULL ? strdup(".") :
	    slash == name ? strdup("/") : strndup(name, (size_t)(slash - name));
	if (file->dir == NULL) {
		free(file);
		return NULL;
	}
	config_init(&file->cfg);
	return file;
}

void
options_close(struct options_file *file)
{
	if (file == NULL)
		return;
	config_destroy(&file->cfg);
	free(file->dir);
	free(file);
}

bool
options_open(const char *name, struct options_file **out, struct err *err)
{
	AUTO(options_file) struct options_file *file = file_new(name);
	AUTO(buf) struct buf text;

	buf_init(&text, FILE_MAX_BYTES);
	if (file == NULL)
		return err_nomem(err);
	if (!scan_file(name, file->dir, 0, &text, err) ||
	    !parse(file, &text, err))
		return false;
	*out = steal(&file);
	return true;
}

bool
options_open_text(const char *text, const char *name,
    struct options_file **out, struct err *err)
{
	AUTO(options_file) struct options_file *file = file_new(name);
	AUTO(buf) struct buf copy;

	buf_init(&copy, FILE_MAX_BYTES);
	if (file == NULL || !buf_str(&copy, text))
		return err_nomem(err);
	if (!scan_text(name, file->dir, 0, &copy, err) ||
	    !parse(file, &copy, err))
		return false;
	*out = steal(&file);
	return true;
}

const struct config_setting_t *
options_root(const struct options_file *file)
{
	return config_root_setting(&file->cfg);
}

const struct config_setting_t *
options_member(const struct config_setting_t *group, const char *name)
{
	if (group == NULL || !config_setting_is_group(group))
		return NULL;
	return config_setting_get_member(group, name);
}

const struct config_setting_t *
options_find(const struct options_file *file, const char *path)
{
	return config_lookup(&file->cfg, path);
}

size_t
options_count(const struct config_setting_t *setting)
{
	if (setting == NULL || !config_setting_is_aggregate(setting))
		return 0;
	return (size_t)config_setting_length(setting);
}

const struct config_setting_t *
options_at(const struct config_setting_t *setting, size_t i)
{
	return config_setting_get_elem(setting, (unsigned)i);
}

const char *
options_name(const struct config_setting_t *setting)
{
	return config_setting_name(setting);
}

bool
options_is_group(const struct config_setting_t *setting)
{
	return setting != NULL && config_setting_is_group(setting);
}

bool
options_is_list(const struct config_setting_t *setting)
{
	return setting != NULL && (config_setting_is_list(setting) ||
	    config_setting_is_array(setting));
}

const char *
options_text(const struct config_setting_t *setting)
{
	if (setting == NULL || setting->type != CONFIG_TYPE_STRING)
		return NULL;
	return setting->value.sval == NULL ? "" : setting->value.sval;
}

int
options_line(const struct config_setting_t *setting)
{
	return setting == NULL ? 0 : (int)config_setting_source_line(setting);
}
