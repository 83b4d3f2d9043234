#include "cli_crm.h"

#include "cli_fix.h"

struct report {
	struct cli *cli;
	const char *what;
	const struct cli_say *say;
	bool stopped;
};

static void
say_missing(const struct report *r, const char *thing, const char *advice)
{
	struct err err;

	(void)err_set(&err, ERR_CONFIG, "missing: %s%s%s", thing,
	    advice != NULL ? ": " : "", advice != NULL ? advice : "");
	r->say->fail(r->say->arg, r->what, &err);
}

static bool
on_thing(void *arg, const char *thing, enum setup_state state,
    const char *advice)
{
	struct report *r = arg;
	struct arena *arena = r->cli->arena;

	/* The connector's texts end with this call. */
	switch (state) {
	case SETUP_OK:
		r->say->ok(r->say->arg, r->what, arena_printf(arena, "has %s",
		    thing));
		break;
	case SETUP_MADE:
		r->say->ok(r->say->arg, r->what, arena_printf(arena, "made %s%s%s",
		    thing, advice != NULL ? "; " : "",
		    advice != NULL ? advice : ""));
		break;
	case SETUP_MISSING:
		say_missing(r, thing, advice);
		break;
	case SETUP_CANNOT_SAY:
		r->say->warn(r->say->arg, r->what, arena_printf(arena,
		    "not known: %s%s%s", thing,
		    advice != NULL ? ": " : "", advice != NULL ? advice : ""));
		break;
	}
	r->stopped = cli_cancelled();
	return !r->stopped && !arena_failed(arena);
}

/* What the panel shows, by the type that its field must have. */
static enum crm_field_kind
kind_of(enum conf_value value)
{
	switch (value) {
	case VALUE_AVERAGE_TOTAL:
	case VALUE_AVERAGE_30D:
		return FIELD_DECIMAL;
	case VALUE_RECENT_SCORE:
	case VALUE_ASKED_COUNT:
		return FIELD_INTEGER;
	case VALUE_RECENT_DATE:
	case VALUE_NEXT_DATE:
	case VALUE_LAST_ASKED:
	case VALUE_NOT_BEFORE:
	case VALUE_OPTED_OUT:
		return FIELD_DATE;
	case VALUE_RECENT_COMMENT:
		return FIELD_LONG_TEXT;
	case VALUE_RECENT_TYPE:
	case VALUE_NEXT_CAMPAIGN:
		break;
	}
	return FIELD_TEXT;
}

static bool
wants_of(struct cli *cli, struct crm_setup *wants)
{
	const struct conf *conf = cli->conf;
	const struct conf_field *f = conf->writeback.fields.v;
	const size_t n = conf->writeback.fields.n;
	struct crm_field *fields = arena_array(cli->arena, n + 1,
	    sizeof(*fields));

	if (fields == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		fields[i] = (struct crm_field){ f[i].field,
			kind_of((enum conf_value)f[i].value) };
	*wants = (struct crm_setup){ .fix = cli_given(cli, "fix") != NULL,
		.tags = true, .answers = conf->writeback.history,
		.feed = conf->writeback.feed,
		.tasks = conf->writeback.task.at_most >= 0, .fields = fields,
		.n_fields = n,
		.comment_max = (size_t)conf->writeback.comment_max };
	return true;
}

static void
check_setup(struct cli *cli, struct crm *crm, const char *what,
    const struct cli_say *say)
{
	struct report r = { .cli = cli, .what = what, .say = say };
	struct crm_setup wants;
	struct err err = { .kind = ERR_NONE };
	bool ok = wants_of(cli, &wants);

	ok = ok ? crm->connector->setup(crm->link.self, &wants, on_thing, &r,
	        &err) : err_nomem(&err);
	arena_reset(crm->link.scratch);
	if (!ok && arena_failed(cli->arena))
		(void)err_nomem(&err);
	if (!ok && !r.stopped)
		say->fail(say->arg, what, &err);
}

/* People put them on a card in the CRM, so they must be there to choose. */
static void
fix_tags(struct cli *cli, struct crm *crm, const char *what,
    const struct cli_say *say)
{
	const char *const *tags = NULL;
	struct err err = { .kind = ERR_NONE };
	size_t n = 0;

	if (!cli_fix_tags(cli, &tags, &n, &err) ||
	    !crm->connector->ensure_tags(crm->link.self, tags, n, &err)) {
		say->fail(say->arg, what, &err);
		return;
	}
	for (size_t i = 0; i < n; i++)
		say->ok(say->arg, what, arena_printf(cli->arena,
		    "has the tag %s", tags[i]));
}

void
cli_crm_check(struct cli *cli, struct crm *crm, const char *what,
    const struct cli_say *say)
{
	const struct crm_connector *c = crm->connector;

	if (c->setup != NULL)
		check_setup(cli, crm, what, say);
	if (cli_given(cli, "fix") == NULL)
		return;
	if (c->ensure_tags != NULL)
		fix_tags(cli, crm, what, say);
	else if (c->setup == NULL)
		say->warn(say->arg, what, "its tags are free text, or cannot be "
		    "written from here: there is nothing to fix");
}
