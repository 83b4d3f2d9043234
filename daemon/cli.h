/*
 * cli.h - what the sub-commands share: their options, the open installation,
 * asking the person.
 */
#ifndef NPSYNC_CLI_H
#define NPSYNC_CLI_H

#include "conf.h"
#include "db.h"
#include "embedded.h"
#include "table.h"
#include "tenant.h"

/* ---- options of a command -------------------------------------------------- */
struct cli_opt {
	const char *name;	/* "only": --only VALUE or --only=VALUE */
	const char *value;	/* "STAGES", or NULL for a switch */
	const char *help;
};
#define CLI_ARGS_MAX 64

struct cli {
	/* the command line */
	const char *config_file, *tenant_wanted, *now_text;
	enum table_format format;
	const struct cli_command *command;
	const char *given[16];		/* value (or "") per cli_opt, else NULL */
	const char *args[CLI_ARGS_MAX];	/* positional */
	int n_args;
	/* the installation, by cli_open */
	struct arena *arena;
	struct conf *conf;
	struct conf_profile profile;	/* file NULL = as the configuration says */
	const char *known[64];		/* tenants of all files */
	size_t n_known;
	struct embedded *cluster;
	struct db *db;
	struct tenant tenant;
	const char *lock_dir;
	const char *actor;
	bool have_secrets;
	bool more_follow;		/* tenants of the same state_dir */
};

struct cli_command {
	const char *name, *arguments, *summary;
	const struct cli_opt *opts;	/* ends with .name == NULL */
	int (*run)(struct cli *cli, struct err *err);	/* exit code; err said */
	const char *more;		/* a paragraph for --help, or NULL */
	int max_args;			/* positional arguments */
};
/* One table per family; all end with .name == NULL. */
extern const struct cli_command cli_run_commands[], cli_queue_commands[],
    cli_move_commands[], cli_report_commands[], cli_admin_commands[], cli_setup_commands[],
    cli_backup_commands[], cli_privacy_commands[], cli_nps_commands[],
    cli_cockpit_commands[];

/* The value of an option of the command, "" for a switch, NULL = not given. */
const char *cli_given(const struct cli *cli, const char *name);

/* Configuration of the chosen tenant; secrets are read when `secrets`.  What
 * was read already stays. */
NPS_MUSTCHECK bool cli_load(struct cli *cli, bool secrets, struct err *err);
/* cli_load, then root is dropped, the database opened (embedded cluster
 * started, schema applied or checked) and the tenant found. */
NPS_MUSTCHECK bool cli_open(struct cli *cli, bool secrets, struct err *err);
/* cli_open without the tenant and the check of the schema. */
NPS_MUSTCHECK bool cli_open_database(struct cli *cli, bool secrets,
    struct err *err);
void cli_close(struct cli *cli);
/* No server of the administrator's own. */
bool cli_is_embedded(const struct cli *cli);
/* The dump after a night; what goes wrong is a line in the log. */
void cli_backup_night(struct cli *cli);
/* Calls run for the chosen tenant; without --tenant for each one in turn. One
 * that fails does not stop the others: its error is printed, the exit code is
 * theirs where they all agree, else 1. */
int cli_each_tenant(struct cli *cli, int (*run)(struct cli *, struct err *),
    struct err *err);

/* Prints the error as one line and returns its exit code. */
int cli_fail(const struct err *err);
/* Asks on the terminal; without one: no. */
bool cli_confirm(const char *question);
/* "Tue 2026-12-01 09:00" in zone, in arena. */
const char *cli_when(struct arena *arena, const char *zone, time_t t);
/* SIGTERM and SIGINT set it. */
bool cli_cancelled(void);
void cli_catch_signals(void);

#endif
