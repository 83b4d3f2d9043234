#include "schema_role.h"

#include <string.h>

/* personal: columns that tell who a respondent is, or what they wrote. */
static const struct {
	const char *name, *columns, *personal;
} views[] = {
	/* Behind the colon of a reason, and in a run's detail, stands what
	 * somebody said. */
	{ "v_log", "created, source, employee, transferred, campaign, "
	    "campaign_name, queue_id, connector, state, CASE WHEN state = "
	    "'excluded' THEN 'excluded' ELSE split_part(reason, ':', 1) END AS "
	    "reason, due_night, send_at, test",
	    "recipient, contact_id, reason AS reason_text" },
	{ "v_answers", "answer_id, answered_at, score, band, campaign_id, "
	    "campaign_name, matched, queue_id, trigger, owner, department, "
	    "company, segment, country, test", "comment, connector, contact_id" },
	{ "v_run", "run_id, kind, night, started_at, ended_at, result, "
	    "stage, source, outcome, reason, n", "detail" },
#define COUNTS "promoters, passives, detractors, n, nps"
#define NPS(by, column)                                                      \
	{ "v_nps_by_" by, "campaign_id, campaign_name, " column COUNTS, NULL }
	NPS("campaign", ""), NPS("month", "month, "),
	NPS("trigger", "trigger, "), NPS("employee", "employee, "),
	NPS("owner", "owner, "), NPS("department", "department, "),
	NPS("company", "company, company_id, "), NPS("segment", "segment, "),
	NPS("country", "country, "),
};

bool
schema_role_valid(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz_";
	static const char more[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
	static const char *const taken[] = { "npsync", "public", "postgres",
		"user", "current_user", "session_user", "all", "none",
		"information_schema" };
	const size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (strcmp(name, taken[i]) == 0)
			return false;
	return len > 0 && len < 64 && strchr(first, name[0]) != NULL &&
	    strspn(name, more) == len && strncmp(name, "pg_", 3) != 0;
}

/* One that may do more already would make all of this a lie. */
static void
put_role(const struct schema_role *role, struct buf *out)
{
	const char *n = role->name;

	buf_printf(out, "DO $npsync$ BEGIN\n"
	    "  IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = '%s') THEN\n"
	    "    CREATE ROLE \"%s\" NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;\n"
	    "  ELSIF EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = '%s' AND (rolsuper\n"
	    "                   OR pg_catalog.pg_has_role(oid, (SELECT nspowner FROM pg_catalog.pg_namespace\n"
	    "                        WHERE nspname = 'npsync'), 'MEMBER'))) THEN\n"
	    "    RAISE EXCEPTION 'role %s may do more than read';\n"
	    "  END IF;\n"
	    "END $npsync$;\n", n, n, n, n);
	buf_printf(out, "REVOKE ALL ON ALL TABLES IN SCHEMA npsync FROM \"%s\";\n"
	    "REVOKE ALL ON SCHEMA npsync FROM \"%s\";\n"
	    "CREATE SCHEMA IF NOT EXISTS \"%s\";\n"
	    "GRANT USAGE ON SCHEMA \"%s\" TO \"%s\";\n", n, n, n, n, n);
}

static void
put_view(const struct schema_role *role, size_t i, struct buf *out)
{
	const char *more = role->personal ? views[i].personal : NULL;

	buf_printf(out, "DROP VIEW IF EXISTS \"%s\".%s;\n"
	    "CREATE VIEW \"%s\".%s WITH (security_barrier) AS\n"
	    "  SELECT %s%s%s FROM npsync.%s WHERE tenant_id = %lld;\n"
	    "GRANT SELECT ON \"%s\".%s TO \"%s\";\n", role->name, views[i].name,
	    role->name, views[i].name, views[i].columns,
	    more != NULL ? ", " : "", more != NULL ? more : "", views[i].name,
	    role->tenant_id, role->name, views[i].name, role->name);
}

bool
schema_role_sql(const struct schema_role *role, struct buf *out,
    struct err *err)
{
	put_role(role, out);
	for (size_t i = 0; i < ARRAY_LEN(views); i++)
		put_view(role, i, out);
	return !out->failed || err_nomem(err);
}
