/*
 * cli_audit.c - npsync audit.
 */
#include "audit_list.h"
#include "cli_cockpit.h"
#include "clock.h"
#include "num.h"

#define OWNERS_DAYS 365

const struct cli_opt cli_audit_opts[] = {
	{ "since", "DAY", "what was done since this day (2026-11-30)" },
	{ "actor", "NAME", "only what this person did" },
	{ "action", "NAME", "only this: exclude, include, release, resolve, ..." },
	{ "limit", "N", "at most N lines (200)" },
	{ "owners", NULL, "rows taken out, per account manager (a year back)" },
	{ NULL, NULL, NULL }
};

static const struct table_column audit_columns[] = { { "at", false, 0 },
	{ "actor", false, 0 }, { "action", false, 0 }, { "subject", false, 60 },
	{ "rows", true, 0 }, { "ids", false, 40 }, { "why", false, 60 } };
static const struct table_column owner_columns[] = { { "owner", false, 40 },
	{ "excluded", true, 0 }, { "could_have_gone", true, 0 },
	{ "percent", true, 0 }, { "by", false, 60 } };

/* What fits no line is in it, so that nobody takes the ids for all of them. */
static const char *
ids_text(struct cli *cli, const struct db_result *r, int row)
{
	const long long n = db_int(r, row, 5);

	if (db_is_null(r, row, 6))
		return NULL;
	return n <= 10 ? db_text(r, row, 6)
	    : arena_printf(cli->arena, "%s ...", db_text(r, row, 6));
}

static bool
show_audit(struct cli *cli, const struct audit_filter *filter, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!audit_list(cli->db, cli->tenant.id, filter, cli->arena, &r, err))
		return false;
	struct table *t = table_open(stdout, cli->format, audit_columns,
	    ARRAY_LEN(audit_columns));
	for (int i = 0; i < db_rows(r); i++) {
		const char *cells[] = { cli_when(cli->arena, cli->conf->timezone,
		        db_time(r, i, 0)), db_text(r, i, 1), db_text(r, i, 2),
			db_text(r, i, 3), db_int(r, i, 5) > 0 ? db_text(r, i, 5)
			    : NULL, ids_text(cli, r, i), db_text(r, i, 4) };
		table_row(t, cells);
	}
	if (!table_close(t, err))
		return false;
	if (cli->format == TABLE_TEXT && db_rows(r) == filter->max)
		(void)printf("more may follow: --limit\n");
	return true;
}

/* Rounded half up, from counts; none of a few rows. */
static const char *
share(struct arena *arena, long long part, long long whole)
{
	return whole < AUDIT_FEW ? NULL : arena_printf(arena, "%lld",
	    (200 * part + whole) / (2 * whole));
}

static bool
show_owners(struct cli *cli, time_t since, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	bool few = false;

	if (!audit_owners(cli->db, cli->tenant.id, since, cli->arena, &r, err))
		return false;
	struct table *t = table_open(stdout, cli->format, owner_columns,
	    ARRAY_LEN(owner_columns));
	const bool text = cli->format == TABLE_TEXT;
	for (int i = 0; i < db_rows(r); i++) {
		const char *percent = share(cli->arena, db_int(r, i, 1),
		    db_int(r, i, 2));
		const char *owner = db_text(r, i, 0);
		const char *cells[] = { *owner != '\0' ? owner
		        : text ? "(none)" : NULL, db_text(r, i, 1),
			db_text(r, i, 2), percent == NULL && text ? "few" : percent,
			db_text(r, i, 3) };
		table_row(t, cells);
		few = few || percent == NULL;
	}
	if (!table_close(t, err))
		return false;
	if (text && few)
		(void)printf("few: a share of less than %d rows says nothing\n",
		    AUDIT_FEW);
	return true;
}

static bool
parse(struct cli *cli, struct audit_filter *f, bool owners, struct err *err)
{
	const char *limit = cli_given(cli, "limit");
	long long max = 200;

	f->actor = cli_given(cli, "actor");
	f->action = cli_given(cli, "action");
	if (limit != NULL && !num_parse(limit, 1, 100000, &max))
		return err_set(err, ERR_USAGE, "--limit: expected 1 to 100000");
	if (owners && (f->actor != NULL || f->action != NULL || limit != NULL))
		return err_set(err, ERR_USAGE, "npsync audit: --owners takes no "
		    "filter but --since");
	f->max = (int)max;
	if (!cli_load(cli, false, err) || !cli_since(cli, &f->since, err))
		return false;
	if (owners && f->since == NO_TIME)
		f->since = clock_now() - (time_t)OWNERS_DAYS * 86400;
	return true;
}

int
cli_audit(struct cli *cli, struct err *err)
{
	const bool owners = cli_given(cli, "owners") != NULL;
	struct audit_filter f = { .since = NO_TIME };

	if (!parse(cli, &f, owners, err) || !cli_open(cli, false, err))
		return err_exit_code(err->kind);
	const bool ok = owners ? show_owners(cli, f.since, err)
	                       : show_audit(cli, &f, err);
	return ok ? 0 : err_exit_code(err->kind);
}
