/*
 * cli_try.c - npsync check --show, for who writes a profile or maps columns:
 * each stream of a CRM is read as a night reads it, and its first rows are shown
 * as the core gets them, with what was filled in how many.
 *
 * Only functions that read are called; a CRM of a hundred thousand cards is
 * read until READ_MAX rows of a stream.
 */
#include "cli_try.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_try_int.h"
#include "log.h"
#include "num.h"

/* ---- one stream -------------------------------------------------------- */
bool
cli_try_begin(struct try *t, const char *title, const struct table_column *columns,
    size_t n, const char *const *facts)
{
	arena_reset(t->arena);
	t->n_groups = 0;
	t->read = t->unusable = 0;
	t->fault = NULL;
	t->facts = facts;
	memset(t->filled, 0, sizeof(t->filled));
	(void)printf("\n%s %s\n", t->crm->conf->name, title);
	t->table = table_open(stdout, TABLE_TEXT, columns, n);
	return t->table != NULL;
}

void
cli_try_take(struct try *t, const char *group, const char *const *cells,
    const char *fault)
{
	size_t g = 0;

	t->read++;
	if (fault != NULL) {
		t->unusable++;
		t->fault = t->fault != NULL ? t->fault : fault;
	}
	while (g < t->n_groups && strcmp(t->groups[g], group) != 0)
		g++;
	if (g == t->n_groups) {
		if (g == GROUPS_MAX)
			return;
		t->groups[g] = arena_strdup(t->arena, group);
		t->shown[g] = 0;
		t->n_groups += t->groups[g] != NULL;
	}
	if (t->shown[g]++ < t->rows)
		table_row(t->table, cells);
}

void
cli_try_fill(struct try *t, size_t fact, bool given)
{
	t->filled[fact] += given;
}

static void
say_facts(const struct try *t)
{
	(void)printf("filled in:");
	for (size_t i = 0; t->facts[i] != NULL; i++)
		(void)printf("%s %s %ld", i > 0 ? "," : "", t->facts[i],
		    t->filled[i]);
	(void)printf("\n");
}

/* Where nothing can be read the profile is wrong, not a row. */
static void
say_unreadable(struct try *t)
{
	const struct quarantined *q = t->crm->link.quarantine;
	const bool none = t->read == 0 && t->crm->link.n_quarantined > 0;

	t->failed += none;
	if (t->unusable > 0)
		(void)printf("%ld cannot be used: %s\n", t->unusable, t->fault);
	if (t->crm->link.n_quarantined > 0)
		(void)printf("%s%ld cannot be read: ", none ? "FAIL  all " : "",
		    t->crm->link.n_quarantined);
	if (t->crm->link.n_quarantined > 0 && q != NULL)
		(void)printf("%s%s%s: %s\n", q->source,
		    q->key != NULL ? " " : "",
		    q->key != NULL ? log_quote(q->key) : "", q->reason);
	if (t->crm->link.n_skipped > 0)
		(void)printf("%ld are none of ours: the profile maps their "
		    "trigger or kind to nothing\n", t->crm->link.n_skipped);
	link_quarantine_clear(&t->crm->link);
}

/* A stream that fails is one line; the others are tried. */
bool
cli_try_end(struct try *t, bool ok, const struct err *why, struct err *err)
{
	const bool enough = t->read >= READ_MAX;

	if (!table_close(t->table, err))
		return false;
	t->table = NULL;
	if (!ok && !(enough && why->kind == ERR_CANCELLED)) {
		if (cli_cancelled()) {
			*err = *why;
			return false;
		}
		(void)printf("FAIL  %s\n", why->msg);
		t->failed++;
	}
	(void)printf("%ld rows%s\n", t->read, enough ? " and more" : "");
	if (t->read > 0 && t->facts != NULL)
		say_facts(t);
	say_unreadable(t);
	return fflush(stdout) == 0 || err_errno(err, ERR_SYSTEM, "stdout");
}

/* ---- one CRM ----------------------------------------------------------- */
static void
say_abilities(const struct crm_connector *c)
{
	static const struct { uint32_t cap; const char *name; } caps[] = {
		{ CRM_CAP_EVENTS, "events" }, { CRM_CAP_ACTIVITIES, "activities" },
		{ CRM_CAP_CONTACTS, "cards" }, { CRM_CAP_FIND, "find by address" },
		{ CRM_CAP_VALUES, "values" }, { CRM_CAP_TAGS, "tags" },
		{ CRM_CAP_FIELDS, "fields" }, { CRM_CAP_ANSWERS, "answers" },
		{ CRM_CAP_FEED, "posts" }, { CRM_CAP_TASKS, "tasks" } };

	for (int can = 1; can >= 0; can--) {
		const char *before = can ? "it offers " : "it does not offer ";
		for (size_t i = 0; i < ARRAY_LEN(caps); i++)
			if (((c->info.caps & caps[i].cap) != 0) == can) {
				(void)printf("%s%s", before, caps[i].name);
				before = ", ";
			}
		if (*before == ',')
			(void)printf("\n");
	}
}

static bool
try_one(struct try *t, const struct conf_crm *conf, struct err *err)
{
	struct crm crm = { 0 };
	struct err why = { .kind = ERR_NONE };

	t->crm = &crm;
	t->n_ids = 0;
	(void)printf("%scrm %s (%s)\n", t->failed > 0 ? "\n" : "", conf->name,
	    conf->driver);
	/* The survey service's key may be for later. */
	bool ok = conf_load_crm_secrets(t->cli->conf, conf, t->cli->arena,
	    &why) && crm_open(&crm, conf, t->cli->conf->timezone, cli_cancelled,
	    &why) && crm.connector->check(crm.link.self, &why);
	if (ok) {
		(void)printf("ok    it answers\n");
		say_abilities(crm.connector);
		ok = cli_try_streams(t, err);
	} else {
		(void)printf("FAIL  %s\n", why.msg);
		t->failed++;
		ok = !cli_cancelled();
		if (!ok)
			*err = why;
	}
	crm_close(&crm);
	return ok;
}

/* ---- the command ------------------------------------------------------- */
static bool
number_given(const struct cli *cli, const char *name, int def, int max,
    int *out, struct err *err)
{
	const char *text = cli_given(cli, name);
	long long value = def;

	if (text != NULL && !num_parse(text, 1, max, &value))
		return err_set(err, ERR_USAGE, "--%s: expected a number from 1 "
		    "to %d, got \"%s\"", name, max, text);
	*out = (int)value;
	return true;
}

bool
cli_try_wanted(const struct cli *cli)
{
	static const char *const names[] = { "show", "profile", "crm", "rows",
		"days" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (cli_given(cli, names[i]) != NULL)
			return true;
	return false;
}

/* From the folder one stands in, not from that of the configuration. */
static bool
name_profile(struct cli *cli, struct err *err)
{
	const char *file = cli_given(cli, "profile");
	char whole[PATH_MAX];

	if (file == NULL)
		return true;
	if (realpath(file, whole) == NULL)
		return err_errno(err, ERR_CONFIG, "--profile %s", file);
	cli->profile.file = arena_strdup(cli->arena, whole);
	cli->profile.crm = cli_given(cli, "crm");
	return cli->profile.file != NULL || err_nomem(err);
}

static bool
try_all(struct try *t, struct err *err)
{
	const struct conf *conf = t->cli->conf;
	const char *name = cli_given(t->cli, "crm");
	size_t tried = 0;

	for (size_t i = 0; i < conf->n_crm; i++) {
		if (name != NULL ? strcmp(conf->crm[i].name, name) != 0 :
		    t->cli->profile.file != NULL && !conf->crm[i].tried)
			continue;
		tried++;
		if (!try_one(t, &conf->crm[i], err))
			return false;
	}
	if (tried > 0)
		return true;
	return name != NULL ? err_set(err, ERR_USAGE, "--crm: no CRM of the "
	    "configuration is called \"%s\"", name) : err_set(err, ERR_USAGE,
	    "--profile: no CRM of the configuration has a driver that takes "
	    "profiles, as { name = \"...\"; driver = \"rest\"; }");
}

int
cli_try(struct cli *cli, struct err *err)
{
	struct try t = { .cli = cli };

	if (!number_given(cli, "rows", ROWS_DEFAULT, ROWS_MAX, &t.rows, err) ||
	    !number_given(cli, "days", DAYS_DEFAULT, 3660, &t.days, err) ||
	    !name_profile(cli, err) || !cli_load(cli, false, err))
		return err_exit_code(err->kind);
	t.arena = arena_new((size_t)1 << 20);
	if (t.arena == NULL) {
		err_nomem(err);
		return err_exit_code(err->kind);
	}
	const bool ok = try_all(&t, err);
	arena_free(t.arena);
	return !ok ? err_exit_code(err->kind) : t.failed > 0 ? 1 : 0;
}
