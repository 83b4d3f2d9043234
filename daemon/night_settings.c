/*
 * What was set otherwise when the last run of this kind was made.
 */
#include <string.h>

#include "conf_diff.h"
#include "log.h"
#include "night_int.h"
#include "runlog_settings.h"
#include "text.h"

#define VALUE_MAX 60
#define CHANGES_MAX ((size_t)250)	/* a line of night_say holds 511 */

static const char *
shown(const char *value)
{
	return value == NULL || *value == '\0' ? "-" : value;
}

/* A value is cut, the whole line too: the rest is told by `check --diff`.  A
 * company may be a person's name, which no log holds. */
static void
add_change(void *arg, const char *key, const char *was, const char *is)
{
	struct buf *out = arg;

	was = shown(was);
	is = shown(is);
	if (strcmp(key, "pilot.companies") == 0)
		was = is = "(not shown)";
	if (out->len < CHANGES_MAX)
		buf_printf(out, "%s%s %.*s -> %.*s", out->len > 0 ? ", " : "", key,
		    (int)text_cut(was, VALUE_MAX), was,
		    (int)text_cut(is, VALUE_MAX), is);
	else if (buf_text(out)[out->len - 1] != '.')
		buf_str(out, ", ...");
}

static bool
find_changes(struct night *n, const char *was, struct buf *out, struct err *err)
{
	if (was != NULL && !conf_diff(was, n->stage.conf->settings, n->run_arena,
	        add_change, out))
		return err_nomem(err);
	if (out->len == 0)
		buf_str(out, "nothing that is kept of them differs");
	return !out->failed || err_nomem(err);
}

bool
night_note_settings(struct night *n, struct err *err)
{
	const struct conf *conf = n->stage.conf;
	const char *digest, *was;
	AUTO(buf) struct buf changes;
	long long run_id;

	buf_init(&changes, 2 * CHANGES_MAX + 4 * VALUE_MAX);
	if (!tenant_note_zone(n->stage.db, n->stage.tenant, conf->timezone,
	        n->run_arena, err) ||
	    !runlog_put_settings(&n->log, conf->digest, conf->settings, err) ||
	    !runlog_earlier_settings(&n->log, &run_id, &digest, &was, err))
		return false;
	if (run_id == 0 || strcmp(digest, conf->digest) == 0)
		return true;
	if (!find_changes(n, was, &changes, err))
		return false;
	log_ev(LOG_LEVEL_NOTICE, "settings", "since=%lld changed=%s", run_id,
	    log_quote(buf_text(&changes)));
	n->changed = arena_printf(n->run_arena,
	    "settings changed since run %lld: %s", run_id, buf_text(&changes));
	return n->changed != NULL || err_nomem(err);
}
