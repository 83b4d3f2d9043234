#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "schema.h"
#include "secret.h"

static volatile sig_atomic_t cancel_wanted;

static void
on_signal(int sig)
{
	(void)sig;
	cancel_wanted = 1;
}

bool
cli_cancelled(void)
{
	return cancel_wanted != 0;
}

void
cli_catch_signals(void)
{
	struct sigaction act = { .sa_handler = on_signal };

	(void)sigaction(SIGTERM, &act, NULL);
	(void)sigaction(SIGINT, &act, NULL);
	act.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &act, NULL);
}

int
cli_fail(const struct err *err)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, "npsync: %s\n", err->msg);
	return err_exit_code(err->kind);
}

const char *
cli_given(const struct cli *cli, const char *name)
{
	const struct cli_opt *o = cli->command->opts;

	for (int i = 0; o != NULL && o[i].name != NULL; i++)
		if (strcmp(o[i].name, name) == 0)
			return cli->given[i];
	return NULL;
}

bool
cli_confirm(const char *question)
{
	char answer[16];

	if (!isatty(STDIN_FILENO))
		return false;
	(void)printf("%s [y/N] ", question);
	(void)fflush(stdout);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		return false;
	return answer[0] == 'y' || answer[0] == 'Y' || answer[0] == 'j' ||
	    answer[0] == 'J';
}

const char *
cli_when(struct arena *arena, const char *zone, time_t t)
{
	char words[32];

	return t == NO_TIME ? NULL
	    : arena_strdup(arena, clock_words(words, zone, t));
}

/* ---- configuration ------------------------------------------------------------- */
static int
is_conf(const struct dirent *entry)
{
	const size_t len = strlen(entry->d_name);

	return len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static bool
load_one(struct cli *cli, const char *file, struct err *err)
{
	struct conf *conf = NULL;

	if (cli->profile.file == NULL ?
	    !conf_load(file, cli->arena, &conf, err) :
	    !conf_load_profile(file, &cli->profile, cli->arena, &conf, err))
		return false;
	if (cli->n_known == ARRAY_LEN(cli->known))
		return err_set(err, ERR_CONFIG, "%s: more than %zu tenants", file,
		    ARRAY_LEN(cli->known));
	for (size_t i = 0; i < cli->n_known; i++)
		if (strcmp(cli->known[i], conf->tenant) == 0)
			return err_set(err, ERR_CONFIG,
			    "%s: tenant \"%s\" is named by another file too", file,
			    conf->tenant);
	cli->known[cli->n_known++] = conf->tenant;
	if (cli->conf == NULL && (cli->tenant_wanted == NULL ||
	        strcmp(cli->tenant_wanted, conf->tenant) == 0))
		cli->conf = conf;
	return true;
}

/* The file itself, then conf.d/ beside it. */
static bool
load_all(struct cli *cli, struct err *err)
{
	const char *slash = strrchr(cli->config_file, '/');
	const char *dir = slash == NULL ? "conf.d" : arena_printf(cli->arena,
	    "%.*s/conf.d", (int)(slash - cli->config_file), cli->config_file);
	struct dirent **entries = NULL;

	if (!load_one(cli, cli->config_file, err))
		return false;
	const int n = dir == NULL ? -1 : scandir(dir, &entries, is_conf, alphasort);
	bool ok = true;
	for (int i = 0; i < n; i++) {
		const char *file = arena_printf(cli->arena, "%s/%s", dir,
		    entries[i]->d_name);
		ok = ok && file != NULL && load_one(cli, file, err);
		free(entries[i]);
	}
	free(entries);
	return ok;
}

static bool
set_now(struct cli *cli, struct err *err)
{
	time_t now;

	if (cli->now_text == NULL)
		return true;
	if (!cli->conf->test)
		return err_set(err, ERR_USAGE,
		    "--now: only where the configuration says `test = true`");
	if (!clock_parse_iso(cli->now_text, cli->conf->timezone, &now))
		return err_set(err, ERR_USAGE, "--now: expected a time like "
		    "2026-12-01T03:10 (local) or 2026-12-01T02:10:00Z, got \"%s\"",
		    cli->now_text);
	clock_shift(now);
	return true;
}

static enum log_level
level_of(const char *name)
{
	static const char *const names[] = { "error", "warning", "notice", "info",
		"debug" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (name != NULL && strcmp(name, names[i]) == 0)
			return (enum log_level)i;
	return LOG_LEVEL_NOTICE;
}

static enum log_target
target_of(const char *name)
{
	if (name != NULL && strcmp(name, "stderr") == 0)
		return LOG_TARGET_STDERR;
	if (name != NULL && strcmp(name, "syslog") == 0)
		return LOG_TARGET_SYSLOG;
	if (name != NULL && strcmp(name, "none") == 0)
		return LOG_TARGET_NONE;
	return LOG_TARGET_AUTO;
}

static const char *
actor(struct arena *arena)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw = NULL;

	/* Also under `sudo -u npsync`. A label for people, not a right. */
	if (sudo != NULL && *sudo != '\0')
		return arena_strndup(arena, sudo, strnlen(sudo, 64));
	pw = getpwuid(getuid());
	return pw != NULL ? arena_strdup(arena, pw->pw_name) : "unknown";
}

bool
cli_load(struct cli *cli, bool secrets, struct err *err)
{
	if (cli->conf == NULL && !load_all(cli, err))
		return false;
	if (cli->conf == NULL)
		return err_set(err, ERR_USAGE,
		    "--tenant: no configuration file names \"%s\"",
		    cli->tenant_wanted);
	if (cli->actor == NULL)
		cli->actor = actor(cli->arena);
	log_open(target_of(cli->conf->log_target), level_of(cli->conf->log_level));
	if (!set_now(cli, err))
		return false;
	if (secrets && !cli->have_secrets &&
	    !conf_load_secrets(cli->conf, cli->arena, err))
		return false;
	cli->have_secrets = cli->have_secrets || secrets;
	return true;
}

/* ---- database ----------------------------------------------------------------------- */
bool
cli_is_embedded(const struct cli *cli)
{
	return cli->conf->database == NULL || *cli->conf->database == '\0';
}

static bool
open_connection(struct cli *cli, const char *conninfo, struct err *err)
{
	if (!db_open(conninfo, &cli->db, err))
		return false;
	db_set_timeout(cli->db, cli->conf->database_timeout_s);
	return true;
}

static bool
open_embedded(struct cli *cli, struct err *err)
{
	if (!embedded_drop_root(cli->conf->state_dir, err) ||
	    !embedded_start(cli->conf->state_dir, &cli->cluster, err))
		return false;
	cli->lock_dir = cli->conf->state_dir;
	return open_connection(cli, embedded_conninfo(cli->cluster), err);
}

static bool
open_server(struct cli *cli, struct err *err)
{
	struct stat st;

	if (stat(cli->conf->state_dir, &st) == 0 && S_ISDIR(st.st_mode) &&
	    access(cli->conf->state_dir, W_OK) == 0)
		cli->lock_dir = cli->conf->state_dir;
	return open_connection(cli, cli->conf->database, err);
}

bool
cli_open_database(struct cli *cli, bool secrets, struct err *err)
{
	if (!cli_load(cli, secrets, err))
		return false;
	return cli_is_embedded(cli) ? open_embedded(cli, err)
	                              : open_server(cli, err);
}

bool
cli_open(struct cli *cli, bool secrets, struct err *err)
{
	if (!cli_open_database(cli, secrets, err))
		return false;
	/* Our own cluster is kept up to date; a server's schema is changed only by
	 * its administrator. */
	if (cli_is_embedded(cli) ? !schema_apply(cli->db, NULL, err)
	                           : !schema_check(cli->db, err))
		return false;
	return tenant_open(cli->db, cli->conf->tenant, cli->known, cli->n_known,
	    cli->arena, &cli->tenant, err);
}

void
cli_close(struct cli *cli)
{
	db_close(cli->db);
	embedded_release(cli->cluster);
	cli->db = NULL;
	cli->cluster = NULL;
}

/* ---- several tenants ---------------------------------------------------------------- */
struct one {
	struct cli cli;
	struct err err;
	bool loaded;
};

static void
load_tenant(struct one *one, const struct cli *cli, const char *tenant)
{
	one->cli = *cli;
	one->cli.tenant_wanted = tenant;
	one->cli.conf = NULL;
	one->cli.n_known = 0;
	one->cli.have_secrets = false;
	one->loaded = cli_load(&one->cli, false, &one->err) &&
	    cli_load(&one->cli, one->cli.conf->enabled, &one->err);
}

/* One dump of a cluster is enough. */
static void
mark_followed(struct one *one, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n && one[i].loaded; k++)
			one[i].cli.more_follow |= one[k].loaded &&
			    one[k].cli.conf->enabled &&
			    strcmp(one[i].cli.conf->state_dir,
			        one[k].cli.conf->state_dir) == 0;
}

static int
run_tenant(struct one *one, int (*run)(struct cli *, struct err *))
{
	int code;

	if (one->cli.format == TABLE_TEXT)
		(void)printf("tenant \"%s\"\n", one->cli.tenant_wanted);
	if (!one->loaded || !cli_load(&one->cli, false, &one->err))
		code = err_exit_code(one->err.kind);
	else
		code = run(&one->cli, &one->err);
	if (code != 0 && one->err.kind != ERR_NONE) {
		err_wrap(&one->err, "tenant %s", one->cli.tenant_wanted);
		(void)cli_fail(&one->err);
	}
	return code;
}

/* All files and secrets are read before the first database is opened: root is
 * given up there.  All clusters are left together, at the end. */
int
cli_each_tenant(struct cli *cli, int (*run)(struct cli *, struct err *),
    struct err *err)
{
	int all = 0;

	if (!cli_load(cli, false, err))
		return err_exit_code(err->kind);
	if (cli->tenant_wanted != NULL || cli->n_known == 1)
		return run(cli, err);
	struct one *one = arena_array(cli->arena, cli->n_known, sizeof(*one));
	if (one == NULL)
		return err_nomem(err), err_exit_code(err->kind);
	for (size_t i = 0; i < cli->n_known; i++)
		load_tenant(&one[i], cli, cli->known[i]);
	mark_followed(one, cli->n_known);
	for (size_t i = 0; i < cli->n_known; i++) {
		const int code = run_tenant(&one[i], run);
		all = i == 0 || code == all ? code : 1;
	}
	for (size_t i = 0; i < cli->n_known; i++)
		cli_close(&one[i].cli);
	return all;
}
