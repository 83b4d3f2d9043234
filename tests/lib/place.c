#include "place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "cluster.h"
#include "db.h"
#include "embedded.h"

#define TEMPLATE "conf/demo/npsync.conf.in"
#define MOMENT "2026-12-01T19:00:00Z"
#define CONF_MAX ((size_t)1 << 16)
#define RUN_LIMIT_S 60

static char base[200];
static const char *program_name = "npsync";
static const char *const *program_env;
static struct {
	pid_t pid;
	int ask, answer;	/* ends of two pipes */
	char conninfo[400], state[300];
} keeper = { .ask = -1, .answer = -1 };

/* ---- files ------------------------------------------------------------------------ */
static void
read_file(const char *path, struct buf *out)
{
	char part[4096];
	ssize_t n;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	while ((n = read(fd, part, sizeof(part))) > 0)
		assert_true(buf_add(out, part, (size_t)n));
	(void)close(fd);
}

static void
write_file(const char *path, const char *text, size_t len)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd) != 0)
		fail_msg("%s: %s", path, strerror(errno));
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void
place_give(const struct place *p, const char *file)
{
	const struct passwd *pw = getpwnam("postgres");
	char path[700];

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, file);
	if (geteuid() == 0 && p->embedded && (pw == NULL ||
	        chown(path, pw->pw_uid, pw->pw_gid) != 0))
		fail_msg("%s: cannot be given to postgres", path);
}

static void
give_all(const struct place *p, const char *folder)
{
	char path[700], file[300];
	const struct dirent *entry;

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, folder);
	place_give(p, folder);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.') {
			(void)snprintf(file, sizeof(file), "%s/%.200s", folder,
			    entry->d_name);
			place_give(p, file);
		}
	(void)closedir(dir);
}

/* ---- the keeper of the cluster -------------------------------------------------------- */
/* Makes a database for each name it is told, until there is no asker. */
static _Noreturn void
keep(int ask, int answer)
{
	struct embedded *cluster = NULL;
	struct db *db = NULL;
	struct err err = { .kind = ERR_NONE };
	char name[64], sql[128];
	ssize_t n;

	if (!embedded_drop_root(keeper.state, &err) ||
	    !cluster_place(keeper.state) ||
	    !embedded_start(keeper.state, &cluster, &err) ||
	    !db_open(embedded_conninfo(cluster), &db, &err)) {
		(void)fprintf(stderr, "keeper: %s\n", err.msg);
		_exit(1);
	}
	const char *info = embedded_conninfo(cluster);
	bool ok = write(answer, info, strlen(info)) > 0;
	while (ok && (n = read(ask, name, sizeof(name) - 1)) > 0) {
		name[n] = '\0';
		(void)snprintf(sql, sizeof(sql), "CREATE DATABASE %s", name);
		ok = db_script(db, sql, &err) && write(answer, "+", 1) == 1;
	}
	if (!ok)
		(void)fprintf(stderr, "keeper: %s\n", err.msg);
	db_close(db);
	embedded_release(cluster);
	_exit(ok ? 0 : 1);
}

static bool
keeper_start(void)
{
	int ask[2], answer[2];

	if (pipe2(ask, O_CLOEXEC) != 0 || pipe2(answer, O_CLOEXEC) != 0)
		return false;
	keeper.pid = fork();
	if (keeper.pid == 0) {
		(void)signal(SIGPIPE, SIG_IGN);
		(void)close(ask[1]);
		(void)close(answer[0]);
		keep(ask[0], answer[1]);
	}
	(void)close(ask[0]);
	(void)close(answer[1]);
	keeper.ask = ask[1];
	keeper.answer = answer[0];
	return keeper.pid > 0 && read(keeper.answer, keeper.conninfo,
	    sizeof(keeper.conninfo) - 1) > 0;
}

const char *
place_database(const char *name)
{
	static char text[600];
	char ok;

	assert_true(write(keeper.ask, name, strlen(name)) > 0);
	if (read(keeper.answer, &ok, 1) != 1)
		fail_msg("database %s was not made", name);
	const char *end = strstr(keeper.conninfo, "dbname=");
	assert_non_null(end);
	(void)snprintf(text, sizeof(text), "database = \"%.*sdbname=%s\";",
	    (int)(end - keeper.conninfo), keeper.conninfo, name);
	return text;
}

struct db *
place_open_database(const struct place *p)
{
	struct db *db = NULL;
	char text[16384] = "";
	struct err err;
	FILE *f = fopen(p->conf, "re");

	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	(void)fclose(f);
	char *info = strstr(text, "database = \"");
	assert_non_null(info);
	info += strlen("database = \"");
	info[strcspn(info, "\"")] = '\0';
	if (!db_open(info, &db, &err))
		fail_msg("%s", err.msg);
	return db;
}

/* ---- begin and end ---------------------------------------------------------------------- */
bool
place_find(const char *argv0)
{
	char path[1100];

	if (!simproc_find(argv0))
		return false;
	(void)snprintf(path, sizeof(path), "%s/npsync", simproc_build());
	if (access(path, X_OK) == 0 && access(TEMPLATE, R_OK) == 0)
		return true;
	print_error("%s or " TEMPLATE ": %s\n", path, strerror(errno));
	return false;
}

int
places_begin(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	(void)snprintf(base, sizeof(base), "%.150s/cli-XXXXXX",
	    tmp == NULL || *tmp == '\0' ? "/tmp" : tmp);
	if (mkdtemp(base) == NULL || chmod(base, 0711) != 0)
		return -1;
	(void)snprintf(keeper.state, sizeof(keeper.state), "%s/state", base);
	return geteuid() == 0 || mkdir(keeper.state, 0700) == 0
	    ? keeper_start() ? 0 : -1 : -1;
}

int
places_end(void **state)
{
	int status = -1;

	(void)state;
	(void)close(keeper.ask);
	(void)close(keeper.answer);
	if (keeper.pid > 0)
		(void)waitpid(keeper.pid, &status, 0);
	(void)nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return status == 0 ? 0 : -1;
}

/* ---- one place ---------------------------------------------------------------------------- */
static void
replace_all(struct buf *out, const char *text, const char *from,
    const char *to, size_t *n)
{
	const char *hit;

	for (*n = 0; (hit = strstr(text, from)) != NULL; (*n)++) {
		assert_true(buf_add(out, text, (size_t)(hit - text)) &&
		    buf_str(out, to));
		text = hit + strlen(from);
	}
	assert_true(buf_str(out, text));
}

static void
edit(const char *source, const char *target, const char *from, const char *to)
{
	AUTO(buf) struct buf was, is;
	size_t n;

	buf_init(&was, CONF_MAX);
	buf_init(&is, CONF_MAX);
	read_file(source, &was);
	replace_all(&is, buf_text(&was), from, to, &n);
	if (n == 0)
		fail_msg("\"%s\" does not stand in %s", from, source);
	write_file(target, buf_text(&is), is.len);
}

void
place_edit(const struct place *p, const char *from, const char *to)
{
	edit(p->conf, p->conf, from, to);
}

static void
service_make(struct place *p)
{
	static const char *const options[] = { "--campaigns",
		"7755=Salg (NO),7756=Kauppa", NULL };
	char dir[400], port[16];

	(void)snprintf(dir, sizeof(dir), "%s/service", p->dir);
	p->sim = simproc_start(dir, options);
	(void)snprintf(p->key, sizeof(p->key), "%s/service/key", p->dir);
	(void)snprintf(port, sizeof(port), "%d", simproc_port(p->sim));
	place_edit(p, "@PORT@", port);
}

void
place_make(struct place *p, const char *name, const char *database,
    bool service)
{
	static const char *const folders[] = { "", "/export", "/import",
		"/state" };
	char path[400];

	*p = (struct place){ .embedded = database == NULL };
	(void)snprintf(p->dir, sizeof(p->dir), "%s/%s", base, name);
	(void)snprintf(p->conf, sizeof(p->conf), "%s/npsync.conf", p->dir);
	(void)snprintf(p->key, sizeof(p->key), "%s/key", p->dir);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", p->dir, folders[i]);
		assert_int_equal(mkdir(path, 0711), 0);
	}
	edit(TEMPLATE, p->conf, "@NOW@", MOMENT);
	if (service)
		service_make(p);
	else
		place_edit(p, "@PORT@", "9");
	/* A service that is away is known to be away. */
	place_edit(p, "driver = \"npstoday\";",
	    "driver = \"npstoday\"; backoff_s = 0.05;");
	write_file(p->key, SIMPROC_KEY "\n", strlen(SIMPROC_KEY "\n"));
	place_edit(p, "@DIR@/npstoday.key", p->key);
	if (p->embedded)
		place_edit(p, "@DIR@/state", keeper.state);
	place_edit(p, "@DIR@", p->dir);
	give_all(p, "export");
	give_all(p, "import");
	if (database == NULL || *database == '-')
		return;
	(void)snprintf(path, sizeof(path), "test = true; %s",
	    place_database(database));
	place_edit(p, "test = true;", path);
	(void)place_run(p, NULL, 0, "schema --apply");
}

void
place_free(struct place *p)
{
	simproc_stop(p->sim);
	p->sim = NULL;
}

static void
export_run(struct runproc *r, const char *const *args)
{
	char program[1100];

	(void)snprintf(program, sizeof(program), "%s/tests/sim/export",
	    simproc_build());
	runproc_start(r, program, args, NULL, NULL);
	runproc_wait(r, RUN_LIMIT_S);
	if (r->code != 0)
		fail_msg("export: exit %d: %s", r->code, r->err);
}

void
place_export_says(struct runproc *r, const char *option)
{
	export_run(r, (const char *const[]){ option, NULL });
}

void
place_export(const struct place *p, int step)
{
	char dir[400], number[8];
	struct runproc r;

	(void)snprintf(dir, sizeof(dir), "%s/export", p->dir);
	(void)snprintf(number, sizeof(number), "%d", step);
	export_run(&r, (const char *const[]){ "--dir", dir, "--now", MOMENT,
	    "--zone", "Europe/Copenhagen", "--step", number, NULL });
	runproc_free(&r);
	give_all(p, "export");
}

void
place_clock(const struct place *p, const char *utc)
{
	simproc_tell(p->sim, "now", "{\"now\": \"%s\"}", utc);
}

/* ---- npsync ----------------------------------------------------------------- */
void
place_use(const char *program, const char *const *env)
{
	program_name = program == NULL ? "npsync" : program;
	program_env = env;
}

void
place_start(struct runproc *r, const struct place *p, const char *now,
    const char *args)
{
	const char *argv[64] = { "-c", p->conf };
	char program[1100], words[1024];
	size_t n = 2;

	if (now != NULL) {
		argv[n++] = "--now";
		argv[n++] = now;
	}
	assert_in_range(snprintf(words, sizeof(words), "%s", args), 0,
	    sizeof(words) - 1);
	for (char *w = words; *w != '\0';) {
		assert_true(n < ARRAY_LEN(argv) - 1);
		char *end = w + strcspn(w, " ");
		const bool more = *end != '\0';
		*end = '\0';
		argv[n++] = w;
		w = more ? end + 1 : end;
	}
	(void)snprintf(program, sizeof(program), "%s/%s", simproc_build(),
	    program_name);
	runproc_start(r, program, argv, program_env, NULL);
}

struct runproc *
place_run(const struct place *p, const char *now, int code, const char *args)
{
	static struct runproc last = { .fd = { -1, -1 } };

	runproc_free(&last);
	place_start(&last, p, now, args);
	runproc_wait(&last, RUN_LIMIT_S);
	if (code != -2 && last.code != code)
		fail_msg("npsync %s: exit %d, not %d\n%s%s", args, last.code,
		    code, last.out, last.err);
	return &last;
}

json_t *
place_json(const struct place *p, const char *now, const char *args)
{
	char words[1024];
	json_error_t error;

	(void)snprintf(words, sizeof(words), "--json %s", args);
	const struct runproc *r = place_run(p, now, 0, words);
	json_t *rows = json_loads(r->out, 0, &error);
	if (!json_is_array(rows))
		fail_msg("npsync %s: %s\n%s", words, error.text, r->out);
	return rows;
}

const char *
place_cell(const json_t *rows, size_t row, const char *key)
{
	static char ring[8][400];
	static unsigned next;
	char *text = ring[next++ % 8];
	const json_t *value = json_object_get(json_array_get(rows, row), key);

	if (value == NULL)
		fail_msg("row %zu has no \"%s\"", row, key);
	if (json_is_integer(value))
		(void)snprintf(text, sizeof(ring[0]), "%lld",
		    (long long)json_integer_value(value));
	else
		(void)snprintf(text, sizeof(ring[0]), "%s",
		    json_is_string(value) ? json_string_value(value) : "");
	return text;
}

void
says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

void
says_one_line(const char *text, const char *part)
{
	const char *end = strchr(text, '\n');

	if (end == NULL || end[1] != '\0')
		fail_msg("not one line:\n%s", text);
	says(text, part);
}
