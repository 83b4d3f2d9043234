/*
 * The walls between tenants, read from pg_catalog: tenant_id stands first in
 * every key of schema npsync, and nothing runs there by itself.  Each rule has
 * an offender that it must find.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "testdb.h"

/* The two tables that belong to no tenant, or are the tenant. */
#define OUTSIDE "('tenant', 'migration')"

/* "what it is: name" for every breach. */
DB_STMT(keys_lint,
    "WITH space AS ("
    "  SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'npsync'"
    "), rel AS ("
    "  SELECT c.* FROM pg_catalog.pg_class c JOIN space s ON s.oid = c.relnamespace"
    "), tab AS ("
    "  SELECT * FROM rel WHERE relkind IN ('r', 'p', 'f', 'm')"
    "), inside AS ("
    "  SELECT * FROM tab WHERE relname NOT IN " OUTSIDE
    "), col AS ("
    "  SELECT a.* FROM pg_catalog.pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped"
    ")"
    " SELECT rule || ': ' || name FROM ("
    "  SELECT 'no primary key' AS rule, t.relname::text AS name FROM tab t"
    "   WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i"
    "          WHERE i.indrelid = t.oid AND i.indisprimary)"
    "  UNION ALL"
    "  SELECT 'no tenant_id', t.relname FROM inside t WHERE NOT EXISTS (SELECT 1 FROM col a"
    "          WHERE a.attrelid = t.oid AND a.attname = 'tenant_id' AND a.attnotnull)"
    "  UNION ALL"
    "  SELECT 'tenant_id is no bigint', t.relname FROM tab t JOIN col a ON a.attrelid = t.oid"
    "   WHERE a.attname = 'tenant_id' AND a.atttypid <> 'bigint'::regtype"
    "  UNION ALL"
    "  SELECT 'identity is no bigint', t.relname || '.' || a.attname FROM tab t"
    "    JOIN col a ON a.attrelid = t.oid"
    "   WHERE a.attidentity <> '' AND a.atttypid <> 'bigint'::regtype"
    "  UNION ALL"
    "  SELECT CASE WHEN i.indisprimary THEN 'primary key' ELSE 'unique key' END, x.relname"
    "    FROM inside t JOIN pg_catalog.pg_index i ON i.indrelid = t.oid AND i.indisunique"
    "    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid"
    "    LEFT JOIN col a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]"
    "   WHERE a.attname IS DISTINCT FROM 'tenant_id'"
    "  UNION ALL"
    "  SELECT 'index', x.relname"
    "    FROM inside t JOIN pg_catalog.pg_index i ON i.indrelid = t.oid AND NOT i.indisunique"
    "    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid"
    "    LEFT JOIN col a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]"
    "   WHERE a.attname IS DISTINCT FROM 'tenant_id'"
    "  UNION ALL"
    "  SELECT 'foreign key', k.conname"
    "    FROM pg_catalog.pg_constraint k JOIN tab t ON t.oid = k.conrelid"
    "    JOIN col a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
    "    JOIN col b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]"
    "   WHERE k.contype = 'f' AND (a.attname <> 'tenant_id' OR b.attname <> 'tenant_id')"
    "  UNION ALL"
    "  SELECT 'foreign key sets null', k.conname"
    "    FROM pg_catalog.pg_constraint k JOIN tab t ON t.oid = k.conrelid"
    "   WHERE k.contype = 'f' AND 'n' IN (k.confdeltype, k.confupdtype)"
    "  UNION ALL"
    "  SELECT 'exclusion constraint', k.conname"
    "    FROM pg_catalog.pg_constraint k JOIN tab t ON t.oid = k.conrelid WHERE k.contype = 'x'"
    "  UNION ALL"
    "  SELECT 'trigger', g.tgname FROM pg_catalog.pg_trigger g JOIN rel ON rel.oid = g.tgrelid"
    "   WHERE NOT g.tgisinternal"
    "  UNION ALL"
    "  SELECT 'rule', w.rulename FROM pg_catalog.pg_rewrite w JOIN tab t ON t.oid = w.ev_class"
    "   WHERE t.relkind <> 'm'"
    "  UNION ALL"
    "  SELECT 'function', p.proname FROM pg_catalog.pg_proc p JOIN space s ON s.oid = p.pronamespace"
    "  UNION ALL"
    "  SELECT 'view without tenant_id', v.relname FROM rel v WHERE v.relkind = 'v'"
    "     AND NOT EXISTS (SELECT 1 FROM col a WHERE a.attrelid = v.oid AND a.attname = 'tenant_id')"
    " ) f ORDER BY 1");

DB_STMT(keys_counts,
    "SELECT count(*) FILTER (WHERE contype = 'p'), count(*) FILTER (WHERE contype = 'u'),"
    "       count(*) FILTER (WHERE contype = 'f')"
    "  FROM pg_catalog.pg_constraint WHERE connamespace = 'npsync'::regnamespace");

static struct db_result *
lint(struct db *db)
{
	struct db_result *r = NULL;
	struct err err = { 0 };

	if (!db_query(db, &keys_lint, NULL, &r, &err))
		fail_msg("%s", err.msg);
	return r;
}

static void
test_every_key(void **state)
{
	struct db *db = testdb_open();
	AUTO(db_result) struct db_result *counts = NULL;
	struct err err = { 0 };

	(void)state;
	AUTO(db_result) struct db_result *r = lint(db);
	for (int i = 0; i < db_rows(r); i++)
		print_error("%s\n", db_text(r, i, 0));
	assert_int_equal(db_rows(r), 0);
	/* There was something to read. */
	assert_true(db_query(db, &keys_counts, NULL, &counts, &err));
	assert_in_range(db_int(counts, 0, 0), 18, 200);
	assert_in_range(db_int(counts, 0, 1), 2, 200);
	assert_in_range(db_int(counts, 0, 2), 10, 200);
	db_close(db);
}

#define ROW "tenant_id bigint NOT NULL, n bigint NOT NULL"
#define GOOD "CREATE TABLE npsync.bad (" ROW ", PRIMARY KEY (tenant_id, n));"

static const struct {
	const char *sql, *finding;
} offenders[] = {
	{ "CREATE TABLE npsync.bad (" ROW ", PRIMARY KEY (n, tenant_id))",
	    "primary key: bad_pkey" },
	{ "CREATE TABLE npsync.bad (" ROW ", PRIMARY KEY (tenant_id, n),"
	    " UNIQUE (n))", "unique key: bad_n_key" },
	{ GOOD " CREATE UNIQUE INDEX bad_i ON npsync.bad (n) WHERE n > 0",
	    "unique key: bad_i" },
	{ GOOD " CREATE UNIQUE INDEX bad_i ON npsync.bad ((tenant_id + 0), n)",
	    "unique key: bad_i" },
	{ GOOD " CREATE UNIQUE INDEX bad_i ON npsync.bad (n) INCLUDE (tenant_id)",
	    "unique key: bad_i" },
	{ GOOD " CREATE INDEX bad_i ON npsync.bad (n)", "index: bad_i" },
	{ "CREATE TABLE npsync.bad (" ROW ")", "no primary key: bad" },
	{ "CREATE TABLE npsync.bad (tenant_id int NOT NULL, n bigint,"
	    " PRIMARY KEY (tenant_id, n))", "tenant_id is no bigint: bad" },
	{ "CREATE TABLE npsync.bad (tenant_id bigint NOT NULL, n int GENERATED"
	    " ALWAYS AS IDENTITY, PRIMARY KEY (tenant_id, n))",
	    "identity is no bigint: bad.n" },
	{ "ALTER TABLE npsync.queue ADD UNIQUE (queue_id); CREATE TABLE"
	    " npsync.bad (" ROW ", PRIMARY KEY (tenant_id, n), CONSTRAINT bad_fk"
	    " FOREIGN KEY (n) REFERENCES npsync.queue (queue_id))",
	    "foreign key: bad_fk, unique key: queue_queue_id_key" },
	{ "CREATE TABLE npsync.bad (" ROW ", PRIMARY KEY (tenant_id, n),"
	    " CONSTRAINT bad_fk FOREIGN KEY (n, tenant_id)"
	    " REFERENCES npsync.queue (queue_id, tenant_id))",
	    "foreign key: bad_fk" },
	{ "CREATE TABLE npsync.bad (" ROW ", PRIMARY KEY (tenant_id, n),"
	    " CONSTRAINT bad_fk FOREIGN KEY (tenant_id, n) REFERENCES npsync.queue"
	    " ON DELETE SET NULL)", "foreign key sets null: bad_fk" },
	{ GOOD " ALTER TABLE npsync.bad ADD CONSTRAINT bad_x EXCLUDE"
	    " (n WITH =)", "exclusion constraint: bad_x, index: bad_x" },
	{ "CREATE FUNCTION npsync.bad() RETURNS int LANGUAGE sql AS 'SELECT 1'",
	    "function: bad" },
	{ "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS"
	    " 'BEGIN RETURN NEW; END'; CREATE TRIGGER bad BEFORE UPDATE ON"
	    " npsync.queue FOR EACH ROW EXECUTE FUNCTION public.f()",
	    "trigger: bad" },
	{ "CREATE RULE bad AS ON DELETE TO npsync.queue DO INSTEAD NOTHING",
	    "rule: bad" },
	{ "CREATE VIEW npsync.bad AS SELECT queue_id FROM npsync.queue",
	    "view without tenant_id: bad" },
	{ "CREATE TABLE npsync.bad (n bigint PRIMARY KEY)",
	    "no tenant_id: bad, primary key: bad_pkey" },
};

static void
findings_text(const struct db_result *r, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < db_rows(r) && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%s",
		    i > 0 ? ", " : "", db_text(r, i, 0));
}

static void
test_offenders_are_found(void **state)
{
	struct db *db = testdb_open();
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(offenders); i++) {
		struct err err = { 0 };
		assert_true(db_begin(db, 5000, &err));
		if (!db_script(db, offenders[i].sql, &err))
			fail_msg("%s: %s", offenders[i].finding, err.msg);
		AUTO(db_result) struct db_result *r = lint(db);
		db_rollback(db);
		findings_text(r, text, sizeof(text));
		assert_string_equal(text, offenders[i].finding);
	}
	db_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_offenders_are_found),
	};

	return cmocka_run_group_tests(tests, testdb_start, testdb_stop);
}
