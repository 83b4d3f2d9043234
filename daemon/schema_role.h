/*
 * schema_role.h - a role that may read one tenant's views and nothing else.
 *
 * The views of the schema npsync hold every tenant's rows, so nobody else is let
 * in there.  The role gets a schema of its own name with the same views of one
 * tenant: security_barrier, so that a function in the reader's WHERE is never
 * shown a row of another one, and without tenant_id.
 */
#ifndef NPSYNC_SCHEMA_ROLE_H
#define NPSYNC_SCHEMA_ROLE_H

#include "buf.h"
#include "err.h"

struct schema_role {
	const char *name;
	long long tenant_id;
	bool personal;		/* addresses, cards and comments too */
};
/* Lower case letters, digits and _: a name that needs no quotes. */
bool schema_role_valid(const char *name);
/* The statements, for one transaction.  Made again they bring the views up to
 * date. */
NPS_MUSTCHECK bool schema_role_sql(const struct schema_role *role,
    struct buf *out, struct err *err);

#endif
