/*
 * want statements.pl: 22: bare: queue is not held
 * want statements.pl: 24: second: contact c is not held
 * want statements.pl: 27: other: queue q is not held
 * want statements.pl: 29: inner: person_send s is not held
 * want statements.pl: 33: last_branch: contact is not held
 * want statements.pl: 36: put_column: INSERT into cursor without tenant_id
 * want statements.pl: 38: put_value: INSERT into cursor does not give tenant_id
 * want statements.pl: 40: put_select: INSERT into queue_history does not give
 * want statements.pl: 42: change: queue q is not held
 * want statements.pl: 45: away: queue is not held
 * want statements.pl: 46: unnamed: queue is named without its schema
 * want statements.pl: 48: by_default: gen_random_uuid() in SET
 * want statements.pl: 51: by_conflict: clock_timestamp() in SET
 * want statements.pl: 54: given: random() in RETURNING
 * not statements.pl: good
 */
#include "db.h"

#define TENANT " WHERE tenant_id = $1"

DB_STMT(bare, "SELECT count(*) FROM npsync.queue WHERE state = 'tenant_id = $1'");

DB_STMT(second, "SELECT 1 FROM npsync.queue q JOIN npsync.contact c"
    " ON c.tenant_id = q.tenant_id WHERE q.tenant_id = $1");

DB_STMT(other, "SELECT 1 FROM npsync.queue q WHERE q.tenant_id = $10");

DB_STMT(inner, "SELECT 1 FROM npsync.queue q WHERE q.tenant_id = $1"
    " AND NOT EXISTS (SELECT 1 FROM npsync.person_send s"
    " WHERE s.person_key = q.person_key)");

DB_STMT(last_branch, "SELECT 1 FROM npsync.queue WHERE tenant_id = $1"
    " UNION ALL SELECT 1 FROM npsync.contact");

DB_STMT(put_column, "INSERT INTO npsync.cursor (connector) VALUES ($1)");

DB_STMT(put_value, "INSERT INTO npsync.cursor (tenant_id, stream) VALUES ($2, $1)");

DB_STMT(put_select, "INSERT INTO npsync.queue_history SELECT 7, queue_id FROM p");

DB_STMT(change, "WITH p AS (SELECT queue_id FROM npsync.queue WHERE tenant_id = $1)"
    " UPDATE npsync.queue q SET state = 'x' FROM p WHERE q.queue_id = p.queue_id");

DB_STMT(away, "DELETE FROM npsync.queue WHERE queue_id = $2");
DB_STMT(unnamed, "SELECT 1 FROM queue WHERE tenant_id = $1");

DB_STMT(by_default, "UPDATE npsync.queue SET client_ref = gen_random_uuid()"
    " WHERE tenant_id = $1");

DB_STMT(by_conflict, "INSERT INTO npsync.cursor (tenant_id, stream) VALUES ($1, $2)"
    " ON CONFLICT DO UPDATE SET seen = coalesce($3, clock_timestamp())");

DB_STMT(given, "DELETE FROM npsync.queue WHERE tenant_id = $1 RETURNING random()");

DB_STMT(good_cte, "WITH e AS MATERIALIZED (SELECT 1 FROM npsync.tenant" TENANT
    " AND lease_until > now() FOR SHARE), pick AS (SELECT q.queue_id FROM"
    " npsync.queue q WHERE q.tenant_id = $1 AND EXISTS (SELECT 1 FROM e)"
    " FOR UPDATE OF q SKIP LOCKED), hist AS (INSERT INTO npsync.queue_history"
    " SELECT $1, queue_id FROM pick) UPDATE npsync.queue q SET state = 'x'"
    " FROM pick p WHERE q.tenant_id = $1 AND q.queue_id = p.queue_id"
    " RETURNING q.queue_id");
DB_STMT(good_insert, "INSERT INTO npsync.cursor AS c (tenant_id, stream)"
    " SELECT DISTINCT ON (s) $1::bigint, s FROM unnest($2::text[]) s"
    " ON CONFLICT (tenant_id, stream) DO UPDATE SET stream = excluded.stream");
DB_STMT(good_both, "SELECT 1 FROM npsync.queue q, npsync.contact c"
    " WHERE (q.tenant_id = $1 AND $1 = c.tenant_id)");
DB_STMT(good_cte_name, "WITH queue AS (SELECT 1) SELECT * FROM queue");
DB_STMT(good_migration, "SELECT version FROM npsync.migration");
