/*
 * cli_backup.c - npsync backup, npsync restore, the dump after a night.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "cli.h"
#include "clock.h"
#include "dump.h"
#include "log.h"
#include "schema.h"

/* Tables without their indexes, compressed. */
#define DUMP_SHARE 4

DB_STMT(backup_size, "SELECT pg_catalog.pg_database_size('npsync')");
DB_STMT(backup_has_tenants,
    "SELECT pg_catalog.to_regclass('npsync.tenant') IS NOT NULL");
DB_STMT(backup_leases,
    "SELECT count(*) FROM npsync.tenant WHERE lease_until > pg_catalog.now()");

static const struct cli_opt backup_opts[] = { { NULL, NULL, NULL } };
static const struct cli_opt restore_opts[] = {
	{ "yes", NULL, "do not ask" },
	{ NULL, NULL, NULL }
};

static bool
check_embedded(struct cli *cli, struct err *err)
{
	return cli_is_embedded(cli) || err_set(err, ERR_CONFIG, "npsync %s is "
	    "for the private cluster; `database` names a server of your own: "
	    "use %s", cli->command->name,
	    strcmp(cli->command->name, "backup") == 0
	        ? "pg_dump --format=custom" : "pg_restore");
}

static const char *
size_words(struct arena *arena, long long bytes)
{
	return bytes < 10000000
	    ? arena_printf(arena, "%lld kB", (bytes + 999) / 1000)
	    : arena_printf(arena, "%lld MB", (bytes + 500000) / 1000000);
}

/* ---- backup ------------------------------------------------------------------ */
/* A dump of the middle of a run would know of some of its sends only, and the
 * high-water file need not show that. */
static bool
check_quiet(struct db *db, struct err *err)
{
	AUTO(db_result) struct db_result *has = NULL, *r = NULL;

	if (!db_query(db, &backup_has_tenants, NULL, &has, err))
		return false;
	if (!db_bool(has, 0, 0))
		return err_set(err, ERR_CONFIG, "there is nothing to dump yet");
	if (!db_query(db, &backup_leases, NULL, &r, err))
		return false;
	return db_int(r, 0, 0) == 0 || err_set(err, ERR_BUSY, "another run is "
	    "active, or was killed less than 20 minutes ago");
}

static bool
likely_bytes(struct db *db, long long *bytes, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!db_query(db, &backup_size, NULL, &r, err))
		return false;
	*bytes = db_int(r, 0, 0) / DUMP_SHARE;
	return true;
}

static bool
dump(struct cli *cli, struct dump_file *f, const char *path, bool by_hand,
    struct err *err)
{
	long long likely = 0;

	return check_quiet(cli->db, err) &&
	    likely_bytes(cli->db, &likely, err) &&
	    dump_begin(f, cli->conf->state_dir, path, clock_now(), by_hand, likely,
	        err) &&
	    embedded_dump(cli->cluster, f->fd, f->file_max, cli_cancelled, err) &&
	    dump_publish(f, err);
}

static int
backup_out(struct cli *cli, struct err *err)
{
	if (isatty(STDOUT_FILENO)) {
		err_set(err, ERR_USAGE, "standard output is a terminal: `npsync "
		    "backup - >FILE`");
		return 64;
	}
	return check_quiet(cli->db, err) && embedded_dump(cli->cluster,
	           STDOUT_FILENO, 0, cli_cancelled, err)
	    ? 0 : err_exit_code(err->kind);
}

static int
backup(struct cli *cli, struct err *err)
{
	const char *path = cli->n_args > 0 ? cli->args[0] : NULL;
	AUTO(dump_file) struct dump_file f = { .fd = -1, .lock_fd = -1 };

	if (!cli_load(cli, false, err) || !check_embedded(cli, err) ||
	    !cli_open_database(cli, false, err))
		return err_exit_code(err->kind);
	if (path != NULL && strcmp(path, "-") == 0)
		return backup_out(cli, err);
	if (!dump(cli, &f, path, true, err))
		return err_exit_code(err->kind);
	(void)printf("%s, %s\n", f.path, size_words(cli->arena, f.bytes));
	return 0;
}

void
cli_backup_night(struct cli *cli)
{
	const int keep = cli->conf->embedded.keep_dumps;
	AUTO(dump_file) struct dump_file f = { .fd = -1, .lock_fd = -1 };
	struct err err = { .kind = ERR_NONE };

	if (!cli_is_embedded(cli) || keep == 0 || cli->more_follow ||
	    cli_cancelled())
		return;
	if (dump(cli, &f, NULL, false, &err))
		log_ev(LOG_LEVEL_NOTICE, "backup", "file=%s bytes=%lld",
		    log_quote(f.path), f.bytes);
	else
		log_ev(LOG_LEVEL_WARNING, "backup", "error=%s",
		    log_quote(err.msg));
	if (err.kind == ERR_NONE &&
	    !dump_prune(cli->conf->state_dir, keep, &err))
		log_ev(LOG_LEVEL_WARNING, "backup", "error=%s",
		    log_quote(err.msg));
}

/* ---- restore ----------------------------------------------------------------- */
/* Before the old state is given up: the dump is npsync's, not of a newer
 * program, and holds no tenant that no configuration names. */
static bool
accept(void *arg, struct db *db, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	struct cli *cli = arg;
	struct tenant tenant;

	if (!db_query(db, &backup_has_tenants, NULL, &r, err))
		return false;
	if (!db_bool(r, 0, 0))
		return err_set(err, ERR_CONFIG, "there are no tables of npsync in "
		    "it");
	return schema_apply(db, NULL, err) &&
	    tenant_open(db, cli->conf->tenant, cli->known, cli->n_known,
	        cli->arena, &tenant, err) &&
	    audit_put(db, tenant.id, cli->actor, "restore", cli->args[0], NULL,
	        cli->arena, err);
}

static bool
agreed(struct cli *cli, int fd)
{
	struct stat st;

	if (cli_given(cli, "yes") != NULL)
		return true;
	if (fstat(fd, &st) != 0)
		return false;
	return cli_confirm(arena_printf(cli->arena, "%s, %s, of %s: put it in the "
	    "place of all that npsync knows now?", cli->args[0],
	    size_words(cli->arena, (long long)st.st_size),
	    cli_when(cli->arena, cli->conf->timezone, st.st_mtime)));
}

static bool
put_back(struct cli *cli, int fd, struct err *err)
{
	if (!cli_open_database(cli, false, err))
		return false;
	db_close(cli->db);
	cli->db = NULL;
	if (!embedded_alone(cli->cluster, err))
		return false;
	if (embedded_restore(cli->cluster, fd, accept, cli, cli_cancelled, err))
		return true;
	return err_wrap(err, "%s was not restored, all is as it was",
	    cli->args[0]);
}

static int
restore_from(struct cli *cli, int fd, struct err *err)
{
	if (!agreed(cli, fd)) {
		(void)printf("nothing was changed (--yes does it)\n");
		return 1;
	}
	if (!put_back(cli, fd, err))
		return err_exit_code(err->kind);
	(void)printf("%s is restored\n"
	    "What was sent since is not in it. The next run notices that, holds "
	    "the rows that\nmay have been sent and asks nobody, until the "
	    "survey service's list was matched\nor `npsync resolve "
	    "--after-restore TIME` was given: `npsync run hourly`, then\n"
	    "`npsync status`.\n", cli->args[0]);
	return 0;
}

static int
restore(struct cli *cli, struct err *err)
{
	int fd = -1;

	if (cli->n_args != 1) {
		err_set(err, ERR_USAGE, "npsync restore: expected the file of a "
		    "dump");
		return 64;
	}
	/* The caller may read what npsync's user may not. */
	if (!cli_load(cli, false, err) || !check_embedded(cli, err) ||
	    !dump_open(cli->args[0], &fd, err))
		return err_exit_code(err->kind);
	const int code = restore_from(cli, fd, err);
	(void)close(fd);
	return code;
}

const struct cli_command cli_backup_commands[] = {
	{ "backup", "[FILE | -]", "Dump the private cluster into a file",
	    backup_opts, backup,
	    "Without FILE: into dumps/ of the state directory. It is written by the\n"
	    "owner of that directory, whole or not at all; - is standard output.\n"
	    "Each night makes a dump as well.", 1 },
	{ "restore", "FILE", "Put a dump in the place of all that npsync knows",
	    restore_opts, restore,
	    "Not while a run or another command is active. A dump that cannot be\n"
	    "restored changes nothing.", 1 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0 }
};
