/*
 * fetch.c - exports from a server: by sftp, which lists a folder, or by https,
 * which is asked for names.
 *
 * Talks to: SSH file transfer (draft-ietf-secsh-filexfer-02) and HTTP through
 * the engine of the core.
 */
#include "files.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/hole.h"
#include "http_file.h"
#include "url.h"

#define LISTING_MAX ((int64_t)4 << 20)
#define READY_MAX ((int64_t)65536)
#define TEXTS_BYTES ((size_t)64 << 20)
#define NAMES_MAX ((size_t)65536)

/* One fetching of everything. */
struct fetch {
	struct files *f;
	struct arena *arena;
	const char **names;	/* of the folder, sorted; sftp only */
	const char *before;	/* its lines */
	const char *got[FILES_HELD + 1];
	size_t n;
};

/* ---- one file ------------------------------------------------------- */
struct header {
	const char *name, *value;	/* NULL = none */
};

static bool
add_auth(const struct fetch *t, struct header *h, struct err *err)
{
	const struct files_remote *r = &t->f->set->remote;
	const char *user = t->f->source.user;

	if (t->f->source.place != FILES_HTTP || *r->password == '\0')
		return true;
	h->name = "Authorization";
	switch ((enum files_auth)r->auth) {
	case FILES_BASIC:
		user = arena_printf(t->arena, "%s:%s", user == NULL ? "" :
		    user, r->password);
		user = user == NULL ? NULL : hole_base64(t->arena, user, strlen(user));
		h->value = user == NULL ? NULL :
		    arena_printf(t->arena, "Basic %s", user);
		break;
	case FILES_BEARER:
		h->value = arena_printf(t->arena, "Bearer %s", r->password);
		break;
	case FILES_HEADER:
		h->name = r->header;
		h->value = r->password;
		break;
	}
	return h->value != NULL || err_nomem(err);
}

/* name "" = the folder.  Errors name the file, and no record: a missing one is
 * a matter of the configuration. */
static bool
explain(const char *name, struct err *err)
{
	if (err->kind == ERR_GONE)
		err->kind = ERR_CONFIG;
	return err_wrap(err, "%s", *name == '\0' ? "source" : name);
}

static bool
get(const struct fetch *t, const char *name, struct http_file *how, int *fd,
    time_t *modified, struct err *err)
{
	const struct files *f = t->f;
	const struct files_remote *r = &f->set->remote;
	struct header h = { NULL, NULL };
	char key[64];
	struct http_res res;

	if (!add_auth(t, &h, err))
		return false;
	const char *const headers[][2] = { { h.name, h.value },
		{ NULL, NULL } };
	const char *escaped = url_escape(t->arena, name);
	const struct http_req req = { .method = "GET", .headers = headers,
		.url = escaped == NULL ? NULL : arena_printf(t->arena, "%s%s",
		    f->source.at, escaped) };
	if (req.url == NULL)
		return err_nomem(err);
	(void)snprintf(key, sizeof(key), "/proc/self/fd/%d", f->source.key_fd);
	how->dir = f->set->tmp_dir;
	how->known_hosts = r->known_hosts;
	how->host_key_sha256 = r->host_key;
	how->user = f->source.user;
	how->password = r->password;
	how->key_file = f->source.key_fd == -1 ? NULL : key;
	how->key_password = r->key_password;
	if (!http_download(f->env.http, &req, how, fd, &res, err))
		return explain(name, err);
	*modified = res.modified;
	return true;
}

/* What is in a file, as text. */
static bool
get_text(const struct fetch *t, bool names_only, const char **text,
    struct err *err)
{
	struct http_file how = { .max_bytes = LISTING_MAX,
		.names_only = names_only };
	time_t modified;
	struct stat st;
	int fd;

	if (!get(t, "", &how, &fd, &modified, err))
		return false;
	char *s = fstat(fd, &st) == 0 ?
	    arena_alloc(t->arena, (size_t)st.st_size + 1) : NULL;
	const bool ok = s != NULL &&
	    pread(fd, s, (size_t)st.st_size, 0) == st.st_size;
	(void)close(fd);
	*text = s;
	return ok || err_nomem(err);
}

static bool
check_quiet(const struct fetch *t, const char *name, time_t modified,
    struct err *err)
{
	const struct connector_env *env = &t->f->env;
	const int quiet_s = t->f->set->remote.quiet_s;

	if (quiet_s == 0 || modified == NO_TIME ||
	    env->now(env->clock) - modified >= quiet_s)
		return files_is_ready(t->f, name, modified, err);
	return err_set(err, ERR_RETRY, "%s: was changed less than "
	    "remote.quiet_s = %d s ago, it may still be on its way", name,
	    quiet_s);
}

static bool
take(struct fetch *t, const char *name, int fd, struct err *err)
{
	struct files *f = t->f;

	if (*f->set->archive == '\0')
		return files_hold(f, NULL, name, fd, err);
	const bool ok = files_unpack(f, name, fd, err);
	(void)close(fd);
	return ok;
}

static bool
is_got(const struct fetch *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->got[i], name) == 0)
			return true;
	return false;
}

static bool
fetch_one(struct fetch *t, const char *name, struct err *err)
{
	struct unpack *u = &t->f->source.unpack;
	struct http_file how = { .max_bytes = u->max_bytes - u->bytes };
	time_t modified;
	struct stat st;
	int fd;

	if (is_got(t, name))	/* two tables of one file */
		return true;
	if (t->n == FILES_HELD)
		return err_set(err, ERR_CONFIG, "source: more than %d files "
		    "match", FILES_HELD);
	if (!get(t, name, &how, &fd, &modified, err))
		return err->kind != ERR_PROTOCOL ? false : err_wrap(err,
		    "max_mb = %d in all", t->f->set->max_mb);
	if (!check_quiet(t, name, modified, err) || fstat(fd, &st) != 0) {
		(void)close(fd);
		return false;
	}
	u->bytes += st.st_size;
	t->got[t->n++] = name;
	return take(t, name, fd, err);
}

/* ---- a folder ------------------------------------------------------- */
/* A line is a name; one that leads elsewhere is none of the folder. */
static bool
take_names(struct fetch *t, const char *text, struct err *err)
{
	size_t n = 0;

	t->names = arena_array(t->arena, NAMES_MAX + 1, sizeof(*t->names));
	if (t->names == NULL)
		return err_nomem(err);
	for (size_t len; *text != '\0'; text += len + (text[len] != '\0')) {
		len = strcspn(text, "\n");
		if (len == 0 || memchr(text, '/', len) != NULL)
			continue;
		if (n == NAMES_MAX)
			return err_set(err, ERR_CONFIG, "source: more than "
			    "%zu files", NAMES_MAX);
		t->names[n] = arena_strndup(t->arena, text, len);
		if (t->names[n++] == NULL)
			return err_nomem(err);
	}
	files_sort(t->names, n);
	return true;
}

/* Those that match, in arena. */
static const char **
match(const struct fetch *t, const char *pattern)
{
	size_t n = 0, all = 0;

	while (t->names[all] != NULL)
		all++;
	const char **names = arena_array(t->arena, all + 1, sizeof(*names));
	for (size_t i = 0; names != NULL && i < all; i++)
		if (fnmatch(pattern, t->names[i], FNM_PERIOD) == 0 &&
		    (!files_is_partial(t->names[i]) ||
		    strcmp(pattern, t->names[i]) == 0))
			names[n++] = t->names[i];
	if (names != NULL)
		files_take_last(t->f, names);
	return names;
}

/* The line of "ls -l" that ends with the name; NULL where the server writes
 * them in another way. */
static const char *
line_of(const char *lines, const char *name, size_t *len)
{
	const size_t n = strlen(name);

	for (; *lines != '\0'; lines += *len + (lines[*len] != '\0')) {
		*len = strcspn(lines, "\n");
		if (*len > n && lines[*len - n - 1] == ' ' &&
		    memcmp(lines + *len - n, name, n) == 0)
			return lines;
	}
	return NULL;
}

static bool
check_lines(const struct fetch *t, struct err *err)
{
	const char *after;

	if (!get_text(t, false, &after, err))
		return false;
	for (size_t i = 0; i < t->n; i++) {
		size_t a = 0, b = 0;
		const char *x = line_of(t->before, t->got[i], &a);
		const char *y = line_of(after, t->got[i], &b);
		if (x != NULL && (y == NULL || a != b || memcmp(x, y, a) != 0))
			return err_set(err, ERR_RETRY, "%s: changed while it "
			    "was fetched, nothing was read: still being "
			    "uploaded?", t->got[i]);
	}
	return true;
}

/* ---- all of them ---------------------------------------------------- */
/* When it was written; its own name is compared with the others later. */
static bool
fetch_ready(struct fetch *t, time_t *modified, struct err *err)
{
	struct http_file how = { .max_bytes = READY_MAX };
	const char *name = t->f->set->ready;
	int fd;

	*modified = NO_TIME;
	if (*name == '\0')
		return true;
	if (t->names != NULL) {
		const char **names = match(t, name);
		if (names == NULL)
			return err_nomem(err);
		while (*names != NULL && names[1] != NULL)
			names++;
		name = *names;
	}
	if (name == NULL)
		return err_set(err, ERR_RETRY, "source: %s is not there: "
		    "expected a finished set of exports", t->f->set->ready);
	if (!get(t, name, &how, &fd, modified, err)) {
		if (err->kind == ERR_CONFIG && err->code == 404)
			err->kind = ERR_RETRY;
		return false;
	}
	(void)close(fd);
	return true;
}

static bool
fetch_pattern(struct fetch *t, const char *pattern, struct err *err)
{
	const char *fixed[] = { pattern, NULL };
	const char **names = t->names == NULL ? fixed : match(t, pattern);

	if (names == NULL)
		return err_nomem(err);
	for (; *names != NULL; names++)
		if (!fetch_one(t, *names, err))
			return false;
	return true;
}

static bool
fetch_files(struct fetch *t, struct err *err)
{
	const struct files *f = t->f;

	if (*f->set->archive != '\0') {
		if (!fetch_pattern(t, f->set->archive, err))
			return false;
		return t->n > 0 || err_set(err, ERR_CONFIG, "source: no file "
		    "matches \"%s\" (archive)", f->set->archive);
	}
	for (int i = 0; i < FILES_KINDS; i++)
		if (*f->table[i].file != '\0' &&
		    !fetch_pattern(t, f->table[i].file, err))
			return false;
	return true;
}

static bool
check_ready(struct fetch *t, time_t before, struct err *err)
{
	time_t after;

	if (!fetch_ready(t, &after, err))
		return false;
	return before == after || err_set(err, ERR_RETRY, "%s: changed while "
	    "the exports were fetched, nothing was read", t->f->set->ready);
}

bool
files_fetch(struct files *f, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(TEXTS_BYTES);
	struct fetch t = { .f = f, .arena = arena };
	const bool sftp = f->source.place == FILES_SFTP;
	const char *names;

	if (arena == NULL)
		return err_nomem(err);
	if (sftp && (!get_text(&t, true, &names, err) ||
	    !take_names(&t, names, err) ||
	    !get_text(&t, false, &t.before, err)))
		return false;
	return fetch_ready(&t, &f->source.ready, err) &&
	    fetch_files(&t, err) && check_ready(&t, f->source.ready, err) &&
	    (!sftp || check_lines(&t, err));
}
