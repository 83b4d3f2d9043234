/*
 * cli_schema.c - npsync schema.
 */
#include "cli_schema.h"

#include "audit.h"
#include "schema.h"
#include "schema_role.h"

#define ROLE_SQL_MAX ((size_t)1 << 18)

const struct cli_opt cli_schema_opts[] = {
	{ "print", NULL, "the SQL, to standard output; needs no database" },
	{ "apply", NULL, "make or update the tables; with --role, the role" },
	{ "check", NULL, "exit 78 when something is missing or changed" },
	{ "role", "NAME", "a role without login that may read this tenant's views: "
	    "its SQL" },
	{ "personal", NULL, "with --role: addresses, cards and comments too" },
	{ NULL, NULL, NULL }
};

static bool
apply_role(struct cli *cli, const struct schema_role *role, const char *sql,
    struct err *err)
{
	AUTO(tx) struct db *tx = NULL;

	if (!db_begin(cli->db, 5000, err))
		return false;
	tx = cli->db;
	return db_script(cli->db, sql, err) &&
	    audit_put(cli->db, cli->tenant.id, cli->actor, "schema-role",
	        role->name, role->personal ? "personal" : NULL, cli->arena,
	        err) &&
	    db_commit(steal(&tx), err);
}

static int
schema_role(struct cli *cli, const char *name, struct err *err)
{
	AUTO(buf) struct buf sql;

	buf_init(&sql, ROLE_SQL_MAX);
	if (!schema_role_valid(name)) {
		err_set(err, ERR_USAGE, "--role: expected lower case letters, "
		    "digits and _, and none of PostgreSQL's or npsync's own "
		    "names; got \"%s\"", name);
		return 64;
	}
	if (!cli_open(cli, false, err))
		return err_exit_code(err->kind);
	const struct schema_role role = { .name = name,
		.tenant_id = cli->tenant.id,
		.personal = cli_given(cli, "personal") != NULL };
	if (!schema_role_sql(&role, &sql, err))
		return err_exit_code(err->kind);
	if (cli_given(cli, "apply") == NULL) {
		(void)printf("BEGIN;\n%sCOMMIT;\n", buf_text(&sql));
		return 0;
	}
	if (!apply_role(cli, &role, buf_text(&sql), err))
		return err_exit_code(err->kind);
	(void)printf("role %s may read the views of tenant \"%s\" in the schema "
	    "%s\n", name, cli->conf->tenant, name);
	return 0;
}

int
cli_schema(struct cli *cli, struct err *err)
{
	const bool apply = cli_given(cli, "apply") != NULL;
	const char *role = cli_given(cli, "role");
	int applied = 0;

	if (role != NULL)
		return schema_role(cli, role, err);
	if (cli_given(cli, "print") != NULL) {
		schema_print(stdout);
		return 0;
	}
	if (!apply && cli_given(cli, "check") == NULL) {
		err_set(err, ERR_USAGE, "npsync schema: expected --print, --apply, "
		    "--check or --role NAME");
		return 64;
	}
	if (!cli_open_database(cli, false, err))
		return err_exit_code(err->kind);
	if (apply ? !schema_apply(cli->db, &applied, err)
	          : !schema_check(cli->db, err))
		return err_exit_code(err->kind);
	if (apply)
		(void)printf("schema: %d migration%s applied\n", applied,
		    applied == 1 ? "" : "s");
	else
		(void)printf("schema: complete and unchanged\n");
	return 0;
}
