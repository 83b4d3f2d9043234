#include "schema.h"

#include <string.h>

#include <openssl/evp.h>

#include "text.h"

#define LOCK_TIMEOUT_MS 5000L
#define SHA_HEX_BYTES 65

/* A session lock was granted twice behind PgBouncer; this one ends with the
 * transaction.  The number is ours alone: "npsync" in ASCII. */
DB_STMT(schema_lock,
    "SELECT pg_catalog.pg_advisory_xact_lock(121429252730467)");
DB_STMT(schema_exists,
    "SELECT pg_catalog.to_regclass('npsync.migration') IS NOT NULL");
DB_STMT(schema_list,
    "SELECT version, name, sha256 FROM npsync.migration ORDER BY version");
DB_STMT(schema_find, "SELECT 1 FROM npsync.migration WHERE version = $1");
DB_STMT(schema_record,
    "INSERT INTO npsync.migration (version, name, sha256, applied_at)"
    " VALUES ($1, $2, $3, pg_catalog.now())");

static const char table_sql[] =
    "CREATE SCHEMA IF NOT EXISTS npsync;"
    "CREATE TABLE IF NOT EXISTS npsync.migration ("
    " version int NOT NULL PRIMARY KEY,"
    " name text NOT NULL,"
    " sha256 text NOT NULL,"
    " applied_at timestamptz NOT NULL)";

static void
sha_hex(const struct schema_migration *m, char hex[SHA_HEX_BYTES])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_Digest(m->sql, m->len, md, &n, EVP_sha256(), NULL) != 1)
		n = 0;	/* no SHA-256: "" matches no record */
	text_hex(hex, md, n);
}

static bool
lock(struct db *db, struct err *err)
{
	if (!db_query(db, &schema_lock, NULL, NULL, err))
		return err_wrap(err, "waiting for another npsync that "
		    "migrates");
	return true;
}

static bool
table_exists(struct db *db, bool *exists, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!db_query(db, &schema_exists, NULL, &r, err))
		return false;
	*exists = db_bool(r, 0, 0);
	return true;
}

/* Asked first, since CREATE SCHEMA IF NOT EXISTS needs CREATE on the database
 * even when there is nothing to do. */
static bool
table_ensure(struct db *db, struct err *err)
{
	AUTO(tx) struct db *tx = NULL;
	bool exists = false;

	if (!table_exists(db, &exists, err))
		return false;
	if (exists)
		return true;
	if (!db_begin(db, LOCK_TIMEOUT_MS, err))
		return false;
	tx = db;
	return lock(db, err) && db_script(db, table_sql, err) &&
	    db_commit(db, err);
}

static const struct schema_migration *
migration_find(const struct schema_migration *table, long long version)
{
	for (; table->version != 0; table++)
		if (table->version == version)
			return table;
	return NULL;
}

static int
newest(const struct schema_migration *table)
{
	int version = 0;

	for (; table->version != 0; table++)
		if (table->version > version)
			version = table->version;
	return version;
}

static bool
row_check(const struct db_result *r, int row,
    const struct schema_migration *table, struct err *err)
{
	const long long version = db_int(r, row, 0);
	const struct schema_migration *m = migration_find(table, version);
	char hex[SHA_HEX_BYTES];

	if (m == NULL && version > newest(table))
		return err_set(err, ERR_CONFIG, "schema: the database is newer "
		    "than this program: it has migration %s, the program "
		    "knows up to %d", db_text(r, row, 1), newest(table));
	if (m == NULL)
		return err_set(err, ERR_CONFIG, "schema: the database has "
		    "migration %s, which this program does not know",
		    db_text(r, row, 1));
	sha_hex(m, hex);
	if (strcmp(hex, db_text(r, row, 2)) != 0)
		return err_set(err, ERR_CONFIG, "schema: migration %s was "
		    "changed after it was applied (sha256 %.12s in the "
		    "database, %.12s in the program)", m->name,
		    db_text(r, row, 2), hex);
	return true;
}

/* *missing = the first migration that was not applied, or NULL. */
static bool
compare(struct db *db, const struct schema_migration *table,
    const struct schema_migration **missing, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	*missing = NULL;
	if (!db_query(db, &schema_list, NULL, &r, err))
		return false;
	for (int row = 0; row < db_rows(r); row++)
		if (!row_check(r, row, table, err))
			return false;
	for (; table->version != 0; table++) {
		int row = 0;

		while (row < db_rows(r) && db_int(r, row, 0) != table->version)
			row++;
		if (row < db_rows(r))
			continue;
		*missing = table;
		return true;
	}
	return true;
}

/* Under the lock: another process may have been faster. */
static bool
is_recorded(struct db *db, const struct schema_migration *m, bool *recorded,
    struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(4096 * 8);
	AUTO(db_result) struct db_result *r = NULL;
	struct db_args args;

	if (arena == NULL)
		return err_nomem(err);
	db_args_init(&args, arena);
	db_arg_int(&args, m->version);
	if (!db_query(db, &schema_find, &args, &r, err))
		return false;
	*recorded = db_rows(r) > 0;
	return true;
}

static bool
record(struct db *db, const struct schema_migration *m, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(4096 * 8);
	char hex[SHA_HEX_BYTES];
	struct db_args args;

	if (arena == NULL)
		return err_nomem(err);
	sha_hex(m, hex);
	db_args_init(&args, arena);
	db_arg_int(&args, m->version);
	db_arg_text(&args, m->name);
	db_arg_text(&args, hex);
	return db_query(db, &schema_record, &args, NULL, err);
}

static bool
migrate(struct db *db, const struct schema_migration *m, int *applied,
    struct err *err)
{
	AUTO(tx) struct db *tx = NULL;
	bool recorded = false;

	if (memchr(m->sql, '\0', m->len) != NULL)
		return err_set(err, ERR_BUG, "NUL byte in the script");
	if (!db_begin(db, LOCK_TIMEOUT_MS, err))
		return false;
	tx = db;
	if (!lock(db, err) || !is_recorded(db, m, &recorded, err))
		return false;
	if (recorded)
		return true;
	if (!db_script(db, m->sql, err) || !record(db, m, err) ||
	    !db_commit(db, err))
		return false;
	(*applied)++;
	return true;
}

bool
schema_apply_table(struct db *db, const struct schema_migration *table,
    int *applied, struct err *err)
{
	const struct schema_migration *missing = NULL;
	int n = 0;

	if (applied != NULL)
		*applied = 0;
	if (!table_ensure(db, err))
		return err_wrap(err, "schema");
	if (!compare(db, table, &missing, err))
		return false;
	if (missing == NULL)
		return true;
	for (const struct schema_migration *m = table; m->version != 0; m++)
		if (!migrate(db, m, &n, err))
			return err_wrap(err, "schema: migration %s", m->name);
	if (applied != NULL)
		*applied = n;
	/* What another process applied meanwhile is checked too. */
	return compare(db, table, &missing, err);
}

bool
schema_check_table(struct db *db, const struct schema_migration *table,
    struct err *err)
{
	const struct schema_migration *missing = table;
	bool exists = false;

	if (!table_exists(db, &exists, err))
		return err_wrap(err, "schema");
	if (exists && !compare(db, table, &missing, err))
		return false;
	if (!exists)
		return err_set(err, ERR_CONFIG, "schema: the database is "
		    "empty: run npsync schema --apply");
	if (missing != NULL)
		return err_set(err, ERR_CONFIG, "schema: migration %s is "
		    "missing: run npsync schema --apply", missing->name);
	return true;
}

bool
schema_apply(struct db *db, int *applied, struct err *err)
{
	return schema_apply_table(db, schema_table(), applied, err);
}

bool
schema_check(struct db *db, struct err *err)
{
	return schema_check_table(db, schema_table(), err);
}

void
schema_print(FILE *out)
{
	for (const struct schema_migration *m = schema_table();
	    m->version != 0; m++) {
		char hex[SHA_HEX_BYTES];

		sha_hex(m, hex);
		(void)fputs("-- ", out);
		(void)fputs(m->name, out);
		(void)fputs(" sha256 ", out);
		(void)fputs(hex, out);
		(void)fputs("\n", out);
		(void)fwrite(m->sql, 1, m->len, out);
	}
}
