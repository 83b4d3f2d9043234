#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSTEMD_CREDS "/usr/bin/systemd-creds"
#define UNIT_ID "npsync"	/* of LoadCredentialEncrypted= */

void
secret_wipe(struct buf *buf)
{
	if (buf->s != NULL)
		explicit_bzero(buf->s, buf->cap);
	buf_free(buf);
}

static inline void
secret_cleanup(struct buf *buf)
{
	secret_wipe(buf);
}

bool
secret_name_valid(const char *name)
{
	const size_t len = strlen(name);

	return len >= 1 && len <= 64 && name[0] != '.' &&
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._-") == len;
}

bool
secret_home(const char *config_dir, struct buf *home)
{
	static const char shared[] = "conf.d";
	const size_t n = sizeof(shared) - 1;
	size_t len = strlen(config_dir);

	buf_init(home, 4096);
	if (strcmp(config_dir, shared) == 0)
		return buf_char(home, '.');
	if (len > n && config_dir[len - n - 1] == '/' &&
	    strcmp(config_dir + len - n, shared) == 0)
		len -= n + 1;
	return len == 0 ? buf_char(home, '/') :
	    buf_add(home, config_dir, len);
}

bool
secret_reserve(struct buf *buf, size_t max)
{
	buf_init(buf, max);
	buf->s = malloc(max + 1);
	if (buf->s == NULL)
		return false;
	buf->cap = max + 1;
	buf->s[0] = '\0';
	return true;
}

static bool
read_fd(int fd, struct buf *out)
{
	char block[4096];
	ssize_t got;

	do {
		got = read(fd, block, sizeof(block));
		if (got > 0 && !buf_add(out, block, (size_t)got)) {
			errno = EFBIG;
			got = -2;
		}
	} while (got > 0 || (got == -1 && errno == EINTR));
	explicit_bzero(block, sizeof(block));
	return got == 0;
}

/* ---- systemd-creds ----------------------------------------------------- */
bool
secret_can_encrypt(void)
{
	return geteuid() == 0 && access(SYSTEMD_CREDS, X_OK) == 0;
}

/* Child side: in and out become 0 and 1, nothing of ours is inherited. */
static _Noreturn void
creds_exec(const char *verb, const char *name_arg, int in, int out)
{
	char *const env[] = { (char[]){ "PATH=/usr/bin:/bin" },
		(char[]){ "LC_ALL=C" }, NULL };
	char exe[] = SYSTEMD_CREDS, verb_arg[16], dash[] = "-", name[96];
	char *const argv[] = { exe, name, verb_arg, dash, dash, NULL };
	const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)snprintf(verb_arg, sizeof(verb_arg), "%s", verb);
	(void)snprintf(name, sizeof(name), "%s", name_arg);
	if (null >= 0 && dup2(in, STDIN_FILENO) >= 0 &&
	    dup2(out, STDOUT_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0)
		(void)execve(exe, argv, env);
	_exit(127);
}

static bool
creds_wait(pid_t pid)
{
	int status;
	pid_t got;

	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	return got == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Input as a file in memory: the child cannot block us, nor we it. */
static int
memory_file(const char *data, size_t len)
{
	const int fd = memfd_create("npsync", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	while (len > 0) {
		const ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			close(fd);
			return -1;
		}
		data += n;
		len -= (size_t)n;
	}
	if (lseek(fd, 0, SEEK_SET) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool
creds_run_fds(const char *verb, const char *name_arg, int in, int out[2],
    struct buf *text)
{
	const pid_t pid = fork();

	if (pid == 0)
		creds_exec(verb, name_arg, in, out[1]);
	close(out[1]);
	out[1] = -1;
	if (pid < 0)
		return false;
	const bool complete = read_fd(out[0], text);
	/* A child with more to say than there is room for must not wait. */
	close(out[0]);
	out[0] = -1;
	return creds_wait(pid) && complete;
}

static bool
creds_run(const char *verb, const char *name, const char *data, size_t len,
    struct buf *text)
{
	char name_arg[96];
	int out[2] = { -1, -1 };

	/* The name inside must be the one the unit's credential gets. */
	(void)snprintf(name_arg, sizeof(name_arg), "--name=" UNIT_ID "_%s",
	    name);
	const int in = memory_file(data, len);
	const bool ok = in >= 0 && pipe2(out, O_CLOEXEC) == 0 &&
	    creds_run_fds(verb, name_arg, in, out, text);
	if (in >= 0)
		close(in);
	for (int i = 0; i < 2; i++)
		if (out[i] >= 0)
			close(out[i]);
	return ok;
}

bool
secret_encrypt(const char *name, const char *value, struct buf *out,
    struct err *err)
{
	if (creds_run("encrypt", name, value, strlen(value), out) &&
	    out->len > 0)
		return true;
	return err_set(err, ERR_SYSTEM, "systemd-creds could not encrypt "
	    "the credential %s", name);
}

/* The four lengths behind the 16 bytes that name the kind of key are the same
 * for every file that systemd-creds writes (AES-256-GCM: 32, 1, 12, 16). */
bool
secret_is_encrypted(const char *text, size_t len)
{
	static const unsigned char sizes[16] = { 32, 0, 0, 0, 1, 0, 0, 0,
		12, 0, 0, 0, 16, 0, 0, 0 };
	unsigned char head[48];

	return len >= SECRET_HEAD && EVP_DecodeBlock(head,
	    (const unsigned char *)text, 44) > 0 &&
	    memcmp(head + 16, sizes, sizeof(sizes)) == 0;
}

/* ---- reading ----------------------------------------------------------- */
/* Where a value was looked for, and how strict its file has to be. */
struct place {
	const char *reference, *path, *name;
	bool is_strict;		/* ours to protect; else systemd did */
};

static bool
check_file(const struct place *place, int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(err, ERR_SYSTEM, "%s: %s", place->reference,
		    place->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s: expected a file: %s",
		    place->reference, place->path);
	if (!place->is_strict)
		return true;
	if ((st.st_mode & 077) != 0)
		return err_set(err, ERR_PERMISSION, "%s: %s may be read by "
		    "others: expected mode 0600, run chmod 600 %s",
		    place->reference, place->path, place->path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(err, ERR_PERMISSION, "%s: %s belongs to "
		    "somebody else: expected your own file or root's",
		    place->reference, place->path);
	return true;
}

static bool
read_file(const struct place *place, struct buf *text, struct err *err)
{
	/* O_NONBLOCK: a FIFO must not hold up the night. */
	const int fd = open(place->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
	    O_NOCTTY);

	if (fd < 0)
		return err_errno(err, errno == EACCES || errno == EPERM ?
		    ERR_PERMISSION : ERR_CONFIG, "%s: cannot read %s",
		    place->reference, place->path);
	bool ok = check_file(place, fd, err);
	if (ok && !read_fd(fd, text))
		ok = err_errno(err, ERR_CONFIG, "%s: cannot read %s",
		    place->reference, place->path);
	close(fd);
	return ok;
}

static bool
decrypt(const struct place *place, struct buf *text, struct err *err)
{
	AUTO(secret) struct buf plain;

	if (!secret_reserve(&plain, SECRET_MAX))
		return err_nomem(err);
	if (!secret_can_encrypt())
		return err_set(err, ERR_PERMISSION, "%s is encrypted: outside "
		    "its unit only root can read it", place->reference);
	if (!creds_run("decrypt", place->name, text->s, text->len, &plain))
		return err_set(err, ERR_CONFIG, "%s: systemd-creds cannot "
		    "decrypt %s: it was changed, renamed, or made on another "
		    "machine; run `npsync secret set %s` again",
		    place->reference, place->path, place->name);
	const struct buf swap = *text;
	*text = plain;
	plain = swap;
	return true;
}

/* Cuts the newline and hands the value over. */
static bool
take(const struct place *place, struct buf *text, struct arena *arena,
    const char **value, struct err *err)
{
	if (text->len > 0 && text->s[text->len - 1] == '\n')
		text->s[--text->len] = '\0';
	if (text->len > 0 && text->s[text->len - 1] == '\r')
		text->s[--text->len] = '\0';
	if (text->len == 0)
		return err_set(err, ERR_CONFIG, "%s: %s is empty",
		    place->reference, place->path);
	if (memchr(text->s, '\0', text->len) != NULL)
		return err_set(err, ERR_CONFIG, "%s: %s is no text",
		    place->reference, place->path);
	*value = arena_strndup(arena, text->s, text->len);
	return *value == NULL ? err_nomem(err) : true;
}

static bool
load_place(const struct place *place, struct arena *arena,
    const char **value, struct err *err)
{
	AUTO(secret) struct buf text;

	if (!secret_reserve(&text, SECRET_MAX))
		return err_nomem(err);
	if (!read_file(place, &text, err))
		return false;
	if (place->is_strict && secret_is_encrypted(text.s, text.len)) {
		if (place->name == NULL)
			return err_set(err, ERR_CONFIG, "%s is encrypted by "
			    "systemd-creds: expected \"credential:NAME\"",
			    place->reference);
		if (!decrypt(place, &text, err))
			return false;
	}
	return take(place, &text, arena, value, err);
}

/* What systemd loaded for the unit; NULL if it is not there. */
static const char *
unit_path(const char *name, struct arena *arena)
{
	static const char *const forms[] = { UNIT_ID "_", "", UNIT_ID "/" };
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (dir == NULL || *dir != '/')
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		const char *path = arena_printf(arena, "%s/%s%s", dir,
		    forms[i], name);
		if (path != NULL && access(path, F_OK) == 0)
			return path;
	}
	return NULL;
}

static bool
load_credential(const char *reference, const char *config_dir,
    struct arena *arena, const char **value, struct err *err)
{
	struct place place = { .reference = reference,
		.name = strchr(reference, ':') + 1 };
	AUTO(buf) struct buf home;

	if (!secret_home(config_dir, &home))
		return err_nomem(err);
	if (!secret_name_valid(place.name))
		return err_set(err, ERR_CONFIG, "%s: expected a name of "
		    "letters, digits, '.', '_' and '-'", reference);
	place.path = unit_path(place.name, arena);
	if (place.path == NULL) {
		place.is_strict = true;
		place.path = arena_printf(arena, "%s/credentials/%s",
		    home.s, place.name);
	}
	if (place.path == NULL)
		return err_nomem(err);
	if (place.is_strict && access(place.path, F_OK) != 0 &&
	    errno == ENOENT)
		return err_set(err, ERR_CONFIG, "%s: there is no %s; run "
		    "`npsync secret set %s`", reference, place.path,
		    place.name);
	return load_place(&place, arena, value, err);
}

bool
secret_load(const char *reference, const char *config_dir,
    struct arena *arena, const char **value, struct err *err)
{
	if (strncmp(reference, "credential:", strlen("credential:")) == 0)
		return load_credential(reference, config_dir, arena, value,
		    err);
	if (strncmp(reference, "file:", strlen("file:")) != 0)
		return err_set(err, ERR_CONFIG, "expected \"credential:NAME\" "
		    "or \"file:PATH\"");
	struct place place = { .reference = reference,
		.path = reference + strlen("file:"), .is_strict = true };
	if (*place.path != '/')
		place.path = arena_printf(arena, "%s/%s", config_dir,
		    place.path);
	if (place.path == NULL)
		return err_nomem(err);
	return load_place(&place, arena, value, err);
}

/* ---- showing ----------------------------------------------------------- */
const char *
secret_mask(const char *value, char out[16])
{
	const size_t len = strlen(value);

	(void)snprintf(out, 16, "*****%s", len < 8 ? "" : value + len - 3);
	return out;
}

const char *
secret_mask_address(struct arena *arena, const char *address)
{
	const char *at = strrchr(address, '@');
	size_t first = 1;

	if (at == NULL || at == address)
		return arena_strdup(arena, "***");
	while (((unsigned char)address[first] & 0xc0) == 0x80)
		first++;
	return arena_printf(arena, "%.*s***%s", (int)first, address, at);
}
