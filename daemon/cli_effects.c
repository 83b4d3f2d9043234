#include "cli_effects.h"

#include <string.h>

#include "audit.h"
#include "clock.h"
#include "effect.h"

#define SHOWN_DAYS 30	/* what failed longer ago is not told any more */

static void
say_unknown(struct cli *cli, const struct db_result *r, int i)
{
	const char *reason = db_text(r, i, 3);

	(void)printf("  %s/%s in %s, %s%s%s\n", db_text(r, i, 0),
	    db_text(r, i, 4), db_text(r, i, 1), cli_when(cli->arena,
	        cli->conf->timezone, db_time(r, i, 5)),
	    reason != NULL ? ": " : "", reason != NULL ? reason : "");
}

static void
say_others(const struct db_result *r, int i)
{
	const char *reason = db_text(r, i, 3);

	(void)printf("  %s in %s: %s %s, such as %s%s%s\n", db_text(r, i, 0),
	    db_text(r, i, 1), db_text(r, i, 6), strcmp(db_text(r, i, 2), "failed") == 0
	        ? "failed" : "put off", db_text(r, i, 4),
	    reason != NULL ? ": " : "", reason != NULL ? reason : "");
}

static bool
is_unknown(const struct db_result *r, int i)
{
	return strcmp(db_text(r, i, 2), "unknown") == 0;
}

bool
cli_effects_say(struct cli *cli, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	int unknown = 0, others = 0;

	if (!effect_list_doubtful(cli->db, cli->tenant.id, clock_now() -
	        (time_t)SHOWN_DAYS * 86400, cli->arena, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		if (!is_unknown(r, i))
			continue;
		if (unknown++ == 0)
			(void)printf("\nwrites that may have been done (look "
			    "there, then `npsync resolve --effect`):\n");
		say_unknown(cli, r, i);
	}
	if (unknown > 0 && db_int(r, 0, 7) > db_rows(r))
		(void)printf("  and %lld more\n", db_int(r, 0, 7) - db_rows(r));
	for (int i = 0; i < db_rows(r); i++) {
		if (is_unknown(r, i))
			continue;
		if (others++ == 0)
			(void)printf("\nwrites that were not done:\n");
		say_others(r, i);
	}
	return true;
}

static bool
resolve(struct cli *cli, const char *kind, const char *subject, bool sent,
    long long *n, struct err *err)
{
	return effect_resolve(cli->db, cli->tenant.id, kind, subject,
	           sent ? EFFECT_DONE : EFFECT_WANTED, clock_now(), cli->arena,
	           n, err) &&
	    (*n == 0 || audit_put(cli->db, cli->tenant.id, cli->actor,
	        "resolve", arena_printf(cli->arena, "%s/%s: %s", kind, subject,
	            sent ? "sent" : "not sent"), cli_given(cli, "reason"),
	        cli->arena, err));
}

int
cli_effects_resolve(struct cli *cli, const char *effect, bool sent,
    struct err *err)
{
	const char *slash = strchr(effect, '/');
	long long n = 0;

	if (slash == NULL || slash == effect || slash[1] == '\0' ||
	    cli->n_args > 0) {
		err_set(err, ERR_USAGE, "--effect: expected KIND/SUBJECT as "
		    "`npsync status` shows it, and no rows");
		return 64;
	}
	if (!cli_open(cli, false, err))
		return err_exit_code(err->kind);
	const char *kind = arena_strndup(cli->arena, effect,
	    (size_t)(slash - effect));
	if (kind == NULL)
		return err_nomem(err), err_exit_code(err->kind);
	if (!resolve(cli, kind, slash + 1, sent, &n, err))
		return err_exit_code(err->kind);
	if (n == 0) {
		(void)printf("no such write is unknown; nothing was changed\n");
		return 1;
	}
	(void)printf("%s %s\n", effect, sent ? "counts as done"
	    : "is written again by the next run");
	return 0;
}
