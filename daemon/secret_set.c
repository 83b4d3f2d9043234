/*
 * Setting a secret: read without echo, stored in one step.
 */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"

static inline void
secret_cleanup(struct buf *buf)
{
	secret_wipe(buf);
}

/* ---- storing ----------------------------------------------------------- */
/* The new file is made outside its directory: a unit that starts just now
 * would take it for a credential. */
static bool
write_atomic(const char *config_dir, const char *path, const char *data,
    struct err *err)
{
	AUTO(buf) struct buf temp;

	buf_init(&temp, 4096);
	if (!buf_printf(&temp, "%s/.secret-XXXXXX", config_dir))
		return err_nomem(err);
	const int fd = mkostemp(temp.s, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, errno == EACCES ? ERR_PERMISSION :
		    ERR_SYSTEM, "cannot write in %s", config_dir);
	const bool written = file_write(fd, data, strlen(data)) &&
	    fsync(fd) == 0;
	if ((close(fd) != 0) | !written || rename(temp.s, path) != 0) {
		err_errno(err, ERR_SYSTEM, "cannot write %s", path);
		(void)unlink(temp.s);
		return false;
	}
	return true;
}

/* CONFIG_DIR/SUB/NAME in path, the directory made. */
static bool
make_path(const char *config_dir, const char *sub, const char *name,
    struct buf *path, struct err *err)
{
	if (!buf_printf(path, "%s/%s", config_dir, sub))
		return err_nomem(err);
	if (mkdir(path->s, 0700) != 0 && errno != EEXIST)
		return err_errno(err, errno == EACCES ? ERR_PERMISSION :
		    ERR_CONFIG, "cannot make %s", path->s);
	return buf_printf(path, "/%s", name) ? true : err_nomem(err);
}

static bool
store_expires(const char *name, const char *config_dir, int expires,
    struct err *err)
{
	AUTO(buf) struct buf path;
	char day[16];

	buf_init(&path, 4096);
	if (expires == 0) {
		if (!buf_printf(&path, "%s/expires/%s", config_dir, name))
			return err_nomem(err);
		return unlink(path.s) == 0 || errno == ENOENT ? true :
		    err_errno(err, ERR_SYSTEM, "cannot remove %s", path.s);
	}
	if (!make_path(config_dir, "expires", name, &path, err))
		return false;
	return write_atomic(config_dir, path.s, day_iso(day, expires), err);
}

int
secret_expires(const char *name, const char *config_dir)
{
	AUTO(buf) struct buf path;
	char day[11] = "";

	if (!secret_home(config_dir, &path) || !secret_name_valid(name) ||
	    !buf_printf(&path, "/expires/%s", name))
		return 0;
	const int fd = open(path.s, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0;
	const ssize_t got = read(fd, day, sizeof(day) - 1);
	close(fd);
	return got == (ssize_t)sizeof(day) - 1 ? day_parse(day) : 0;
}

static bool
check_value(const char *name, const char *value, struct err *err)
{
	if (!secret_name_valid(name))
		return err_set(err, ERR_USAGE, "expected a name of letters, "
		    "digits, '.', '_' and '-', at most 64");
	if (*value == '\0')
		return err_set(err, ERR_USAGE, "%s: the value is empty, "
		    "nothing was changed", name);
	if (strlen(value) >= SECRET_MAX / 2)
		return err_set(err, ERR_USAGE, "%s: the value is too long, "
		    "nothing was changed", name);
	return true;
}

static bool
store_text(const char *name, const char *config_dir, const char *text,
    int expires, struct err *err)
{
	AUTO(buf) struct buf home, path;

	buf_init(&path, 4096);
	if (!secret_home(config_dir, &home))
		return err_nomem(err);
	if (!make_path(home.s, "credentials", name, &path, err) ||
	    !write_atomic(home.s, path.s, text, err))
		return false;
	*strrchr(path.s, '/') = '\0';
	(void)!file_sync_dir(path.s);
	return store_expires(name, home.s, expires, err);
}

bool
secret_store(const char *name, const char *config_dir, const char *value,
    int expires, bool encrypt, struct err *err)
{
	AUTO(secret) struct buf cipher;

	buf_init(&cipher, SECRET_MAX);
	return check_value(name, value, err) && (!encrypt ||
	    secret_encrypt(name, value, &cipher, err)) &&
	    store_text(name, config_dir, encrypt ? buf_text(&cipher) : value,
	    expires, err);
}

/* Plain where systemd-creds does not work: a container may have it and no
 * place for its host key.  Any other failure never makes it plain. */
static bool
store_best(const char *name, const char *config_dir, const char *value,
    int expires, bool *is_plain, struct err *err)
{
	AUTO(secret) struct buf cipher;

	buf_init(&cipher, SECRET_MAX);
	if (!check_value(name, value, err))
		return false;
	*is_plain = !secret_can_encrypt() ||
	    !secret_encrypt(name, value, &cipher, NULL);
	return store_text(name, config_dir, *is_plain ? value :
	    buf_text(&cipher), expires, err);
}

/* ---- reading ----------------------------------------------------------- */
static volatile sig_atomic_t interrupted;

static void
on_signal(int signo)
{
	(void)signo;
	interrupted = 1;
}

static ssize_t
read_byte(int fd, char *c)
{
	ssize_t got;

	do
		got = read(fd, c, 1);
	while (got < 0 && errno == EINTR && !interrupted);
	return got;
}

static bool
read_line(int fd, struct buf *line, struct err *err)
{
	char c = '\0';
	ssize_t got;

	while ((got = read_byte(fd, &c)) == 1 && c != '\n')
		if (c == '\0' || !buf_char(line, c))
			return err_set(err, ERR_USAGE, "expected one line "
			    "of text, nothing was changed");
	if (got < 0 && interrupted)
		return err_set(err, ERR_SYSTEM,
		    "interrupted, nothing was changed");
	if (got < 0)
		return err_errno(err, ERR_SYSTEM, "standard input");
	if (line->len > 0 && line->s[line->len - 1] == '\r')
		line->s[--line->len] = '\0';
	return true;
}

/* A prompt that cannot be written is no reason to stop. */
static void
say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static bool
read_hidden(const char *name, struct buf *line, struct err *err)
{
	struct termios saved, quiet;

	if (tcgetattr(STDIN_FILENO, &saved) != 0)
		return err_errno(err, ERR_SYSTEM, "the terminal");
	quiet = saved;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0)
		return err_errno(err, ERR_SYSTEM, "the terminal's echo");
	say("Value of ");
	say(name);
	say(" (not shown): ");
	const bool ok = read_line(STDIN_FILENO, line, err);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
	say("\n");
	return ok;
}

/* The echo must come back whatever happens, so every signal of a terminal only
 * ends the reading: no SA_RESTART. */
static bool
read_value(const char *name, struct buf *line, struct err *err)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	struct sigaction act = { .sa_handler = on_signal };
	struct sigaction old[ARRAY_LEN(signals)];

	interrupted = 0;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &act, &old[i]);
	const bool ok = isatty(STDIN_FILENO) ? read_hidden(name, line, err) :
	    read_line(STDIN_FILENO, line, err);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &old[i], NULL);
	return ok;
}

static void
advise(const char *name, const char *config_dir)
{
	AUTO(arena) struct arena *arena = arena_new(1 << 16);
	const char *text = arena == NULL ? NULL :
	    secret_plain_advice(name, config_dir, arena);

	if (text == NULL || !secret_is_for_units(config_dir))
		return;
	say("npsync: warning: ");
	say(text);
	say("\n");
}

bool
secret_set(const char *name, const char *config_dir, int expires,
    struct err *err)
{
	AUTO(secret) struct buf line;
	bool is_plain = false;

	if (!secret_reserve(&line, SECRET_MAX / 2))
		return err_nomem(err);
	if (!check_value(name, "-", err) || !read_value(name, &line, err) ||
	    !store_best(name, config_dir, line.s, expires, &is_plain, err))
		return false;
	if (is_plain)
		advise(name, config_dir);
	return true;
}
