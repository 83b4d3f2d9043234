#include "cli_pause.h"

#include <ctype.h>
#include <string.h>

#include "audit.h"
#include "cli_queue.h"
#include "clock.h"
#include "night.h"
#include "num.h"
#include "pause.h"
#include "stage_decide.h"

#define LOCK_WAIT_MS 10000L

#define CONDITION_OPTS                                                       \
	{ "trigger", "CODE", "rows of this trigger" },                       \
	{ "campaign", "ID", "rows that would get this campaign" },           \
	{ "company", "NAME", "people of this company (name or id)" },        \
	{ "country", "CC", "people in this country (ISO code)" }
const struct cli_opt cli_pause_opts[] = {
	CONDITION_OPTS,
	{ "reason", "TEXT", "why; shown beside each row that waits, and kept in "
	    "the audit" },
	{ "until", "TIME", "ends by itself (2027-01-04, 2027-01-04T12:00)" },
	{ "list", NULL, "the pauses that hold; changes nothing" },
	{ NULL, NULL, NULL }
};
const struct cli_opt cli_resume_opts[] = {
	CONDITION_OPTS,
	{ "reason", "TEXT", "why; kept in the audit" },
	{ "all", NULL, "the switch for all, and each pause" },
	{ NULL, NULL, NULL }
};

/* ---- words ------------------------------------------------------------- */
static bool
names_nothing(const struct pause *p)
{
	return p->trigger == NULL && p->campaign == NULL &&
	    p->company == NULL && p->country == NULL;
}

static const char *
describe(struct arena *arena, const struct pause *p)
{
	const struct { const char *name, *value; } parts[] = {
		{ "trigger", p->trigger }, { "campaign", p->campaign },
		{ "company", p->company }, { "country", p->country } };
	const char *text = "";

	for (size_t i = 0; text != NULL && i < ARRAY_LEN(parts); i++)
		if (parts[i].value != NULL)
			text = arena_printf(arena, "%s%s%s %s", text,
			    *text != '\0' ? ", " : "", parts[i].name,
			    parts[i].value);
	return text == NULL ? "" : text;
}

/* "until Thu 2026-12-24 00:00: REASON", as far as they are known. */
static const char *
describe_end(struct cli *cli, time_t until, const char *reason)
{
	const char *end = until == NO_TIME ? "" : arena_printf(cli->arena,
	    "until %s", cli_when(cli->arena, cli->conf->timezone, until));

	if (end == NULL || reason == NULL)
		return end == NULL ? "" : end;
	end = arena_printf(cli->arena, "%s%s%s", end,
	    *end != '\0' ? ": " : "", reason);
	return end == NULL ? "" : end;
}

static struct pause
pause_of_row(const struct db_result *r, int row)
{
	return (struct pause){ .trigger = db_text(r, row, 1),
		.campaign = db_text(r, row, 2), .company = db_text(r, row, 3),
		.country = db_text(r, row, 4), .until = db_time(r, row, 5),
		.reason = db_text(r, row, 6) };
}

/* ---- what it means for the coming night -------------------------------- */
struct outlook {
	int night;
	long long go, paused;
};

/* As if active, for a pause of some beside the one of all. */
static bool
look_ahead(struct cli *cli, struct outlook *o, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	time_t moment;

	o->night = night_next_transfer(cli->conf, clock_now(), &moment);
	o->go = o->paused = 0;
	const struct rules_night at = { .tenant_id = cli->tenant.id,
		.secret = cli->tenant.secret,
		.night = o->night, .moment = moment };
	if (!decide_preview(cli->db, cli->conf, &at, cli->arena, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		const char *verdict = db_text(r, i, PREVIEW_VERDICT);
		o->go += strcmp(verdict, "go") == 0;
		o->paused += strcmp(verdict, "paused") == 0;
	}
	return true;
}

static const char *
rows(struct arena *arena, long long n)
{
	return arena_printf(arena, "%lld row%s", n, n == 1 ? "" : "s");
}

/* Of the rows that wait some would not have gone either. */
static void
say_outlook(const struct cli *cli, const struct outlook *before,
    const struct outlook *after)
{
	const long long waits = after->paused - before->paused;
	const long long fewer = before->go - after->go;
	char day[16];

	(void)printf("%s of the queue wait%s now; ", rows(cli->arena,
	    waits > 0 ? waits : 0), waits == 1 ? "s" : "");
	(void)printf("the night to %s asks %lld%s\n", day_iso(day, after->night),
	    after->go, fewer > 0 ? arena_printf(cli->arena, " (%lld fewer)",
	        fewer) : "");
}

static void
say_back(const struct cli *cli, const struct outlook *before,
    const struct outlook *after)
{
	const long long back = before->paused - after->paused;
	const long long more = after->go - before->go;
	char day[16];

	(void)printf("%s of the queue no longer wait%s; ", rows(cli->arena,
	    back > 0 ? back : 0), back == 1 ? "s" : "");
	(void)printf("the night to %s asks %lld%s\n", day_iso(day, after->night),
	    after->go, more > 0 ? arena_printf(cli->arena, " (%lld more)",
	        more) : "");
}

/* ---- the switch for all ------------------------------------------------ */
static int
set_paused(struct cli *cli, bool paused, const char *reason, struct err *err)
{
	const bool was = cli->tenant.paused;

	if (!tenant_set_paused(cli->db, &cli->tenant, paused, err) ||
	    !audit_put(cli->db, cli->tenant.id, cli->actor, cli->command->name,
	        cli->conf->tenant, reason, cli->arena, err))
		return err_exit_code(err->kind);
	(void)printf("tenant \"%s\": sending %s %s\n", cli->conf->tenant,
	    was == paused ? "was already" : "is now", paused ? "paused" : "active");
	return 0;
}

int
cli_activate(struct cli *cli, struct err *err)
{
	return cli_open(cli, false, err) ? set_paused(cli, false, NULL, err)
	                                 : err_exit_code(err->kind);
}

/* A new installation was looked at by nobody yet. */
static bool
was_active(struct cli *cli, bool *was, struct err *err)
{
	*was = cli->tenant.sends > 0;
	return *was || audit_has(cli->db, cli->tenant.id, "activate", cli->arena,
	    was, err);
}

static int
resume_all(struct cli *cli, struct err *err)
{
	bool was = false;

	if (!cli->tenant.paused) {
		(void)printf("tenant \"%s\": sending was already active\n",
		    cli->conf->tenant);
		return 0;
	}
	if (!was_active(cli, &was, err))
		return err_exit_code(err->kind);
	if (was)
		return set_paused(cli, false, cli_given(cli, "reason"), err);
	err_set(err, ERR_GONE, "tenant \"%s\" was never active: look at `npsync "
	    "queue`, then `npsync activate`", cli->conf->tenant);
	return 1;
}

/* ---- list -------------------------------------------------------------- */
static bool
list(struct cli *cli, struct err *err)
{
	static const struct table_column columns[] = { { "id", true, 0 },
		{ "trigger", false, 0 }, { "campaign", false, 0 },
		{ "company", false, 28 }, { "country", false, 0 },
		{ "until", false, 0 }, { "by", false, 0 }, { "since", false, 0 },
		{ "reason", false, 40 } };
	AUTO(db_result) struct db_result *r = NULL;
	const char *zone = cli->conf->timezone;

	if (!pause_list(cli->db, cli->tenant.id, clock_now(), cli->arena, &r, err))
		return false;
	if (cli->format == TABLE_TEXT && cli->tenant.paused)
		(void)printf("sending is paused for all\n");
	struct table *t = table_open(stdout, cli->format, columns,
	    ARRAY_LEN(columns));
	if (t == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(r); i++) {
		const char *cells[] = { db_text(r, i, 0), db_text(r, i, 1),
			db_text(r, i, 2), db_text(r, i, 3), db_text(r, i, 4),
			cli_when(cli->arena, zone, db_time(r, i, 5)),
			db_text(r, i, 7), cli_when(cli->arena, zone,
			    db_time(r, i, 8)), db_text(r, i, 6) };
		table_row(t, cells);
	}
	return table_close(t, err);
}

bool
cli_pause_say(struct cli *cli, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!pause_list(cli->db, cli->tenant.id, clock_now(), cli->arena, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		const struct pause p = pause_of_row(r, i);
		const char *end = describe_end(cli, p.until, p.reason);
		(void)printf("paused         %s%s%s (`npsync resume %s`)\n",
		    describe(cli->arena, &p), *end != '\0' ? ", " : "", end,
		    db_text(r, i, 0));
	}
	return true;
}

/* ---- some -------------------------------------------------------------- */
static bool
campaign_known(const struct conf *conf, const char *id)
{
	for (size_t t = 0; t < conf->n_triggers; t++)
		for (size_t i = 0; i < conf->triggers[t].n_campaigns; i++)
			if (strcmp(conf->triggers[t].campaigns[i].id, id) == 0)
				return true;
	return false;
}

static const char *
capitals(struct arena *arena, const char *code)
{
	char *text = arena_strdup(arena, code);

	for (char *c = text; c != NULL && *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	return text;
}

static void
fill(struct cli *cli, struct pause *p)
{
	*p = (struct pause){ .trigger = cli_given(cli, "trigger"),
		.campaign = cli_given(cli, "campaign"),
		.company = cli_given(cli, "company"),
		.country = capitals(cli->arena, cli_given(cli, "country")),
		.reason = cli_given(cli, "reason"), .until = NO_TIME };
}

static bool
fill_until(const struct cli *cli, struct pause *p, struct err *err)
{
	const char *until = cli_given(cli, "until");

	if (until == NULL)
		return true;
	if (!clock_parse_iso(until, cli->conf->timezone, &p->until))
		return err_set(err, ERR_USAGE, "--until: expected a day or a time "
		    "like 2027-01-04T12:00, got \"%s\"", until);
	if (p->until <= clock_now())
		return err_set(err, ERR_USAGE, "--until: %s is over already",
		    until);
	/* The switch for all has no end of its own. */
	return !names_nothing(p) || err_set(err, ERR_USAGE, "--until: expected "
	    "a condition too (--trigger, --country, ...); `npsync pause` alone "
	    "lasts until `npsync resume`");
}

/* A mistyped condition would pause nobody, and look as if it did. */
static bool
fill_known(struct cli *cli, struct pause *p, struct err *err)
{
	fill(cli, p);
	if (!cli_trigger_known(cli, err))
		return false;
	if (p->campaign != NULL && !campaign_known(cli->conf, p->campaign))
		return err_set(err, ERR_USAGE, "--campaign: no trigger of the "
		    "configuration has the campaign \"%s\"", p->campaign);
	if (p->country != NULL && !conf_is_country(p->country))
		return err_set(err, ERR_USAGE, "--country: expected an ISO code "
		    "such as DE, got \"%s\"", p->country);
	if (p->company != NULL && *p->company == '\0')
		return err_set(err, ERR_USAGE, "--company: expected a name or id");
	return fill_until(cli, p, err);
}

static bool
add(struct cli *cli, const struct pause *p, struct outlook *before,
    struct outlook *after, long long *id, struct err *err)
{
	AUTO(tx) struct db *tx = NULL;
	const char *end = describe_end(cli, p->until, p->reason);

	if (!db_begin(cli->db, LOCK_WAIT_MS, err))
		return false;
	tx = cli->db;
	return look_ahead(cli, before, err) &&
	    pause_add(cli->db, cli->tenant.id, p, cli->actor, clock_now(),
	        cli->arena, id, err) &&
	    look_ahead(cli, after, err) &&
	    audit_put(cli->db, cli->tenant.id, cli->actor, "pause",
	        describe(cli->arena, p), *end != '\0' ? end : NULL, cli->arena,
	        err) &&
	    db_commit(cli->db, err);
}

static int
pause_some(struct cli *cli, const struct pause *p, struct err *err)
{
	struct outlook before, after;
	long long id = 0;

	if (!add(cli, p, &before, &after, &id, err))
		return err_exit_code(err->kind);
	const char *end = describe_end(cli, p->until, NULL);
	(void)printf("paused: %s%s%s (`npsync resume %lld`)\n",
	    describe(cli->arena, p), *end != '\0' ? ", " : "", end, id);
	say_outlook(cli, &before, &after);
	cli_say_what_stops(cli);
	return 0;
}

int
cli_pause(struct cli *cli, struct err *err)
{
	struct pause p;

	if (!cli_load(cli, false, err) || !fill_known(cli, &p, err) ||
	    !cli_open(cli, false, err))
		return err_exit_code(err->kind);
	if (cli_given(cli, "list") != NULL)
		return list(cli, err) ? 0 : err_exit_code(err->kind);
	return names_nothing(&p) ? set_paused(cli, true, p.reason, err)
	                         : pause_some(cli, &p, err);
}

/* ---- resume ------------------------------------------------------------ */
static bool
take_off(struct cli *cli, long long id, const struct pause *p, long long *n,
    struct outlook *before, struct outlook *after, struct err *err)
{
	AUTO(tx) struct db *tx = NULL;
	const char *what = id > 0 ? arena_printf(cli->arena, "pause %lld", id)
	    : names_nothing(p) ? "all" : describe(cli->arena, p);

	if (!db_begin(cli->db, LOCK_WAIT_MS, err))
		return false;
	tx = cli->db;
	return look_ahead(cli, before, err) &&
	    pause_remove(cli->db, cli->tenant.id, id, p, clock_now(),
	        cli->arena, n, err) &&
	    (*n == 0 || (look_ahead(cli, after, err) &&
	        audit_put(cli->db, cli->tenant.id, cli->actor, "resume", what,
	            p->reason, cli->arena, err))) &&
	    db_commit(cli->db, err);
}

static int
resume_some(struct cli *cli, long long id, const struct pause *p,
    bool must_be, struct err *err)
{
	struct outlook before, after;
	long long n = 0;

	if (!take_off(cli, id, p, &n, &before, &after, err))
		return err_exit_code(err->kind);
	if (n == 0 && must_be) {
		err_set(err, ERR_GONE, "there is no such pause (`npsync pause "
		    "--list` shows them)");
		return 1;
	}
	if (n == 0)
		return 0;
	(void)printf("%lld pause%s taken off\n", n, n == 1 ? "" : "s");
	say_back(cli, &before, &after);
	cli_say_what_stops(cli);
	return 0;
}

/* One of: nothing, an id, conditions, --all. */
static bool
fill_resume(struct cli *cli, struct pause *p, long long *id, struct err *err)
{
	const bool all = cli_given(cli, "all") != NULL;

	fill(cli, p);
	if (cli->n_args > 0 && !num_parse(cli->args[0], 1, INT64_MAX, id))
		return err_set(err, ERR_USAGE, "expected the number of a pause "
		    "(`npsync pause --list` shows them), got \"%s\"",
		    cli->args[0]);
	return (cli->n_args > 0) + all + !names_nothing(p) <= 1 ||
	    err_set(err, ERR_USAGE, "npsync resume: expected one of a pause's "
	        "number, conditions, --all");
}

static bool
say_rest(struct cli *cli, struct err *err)
{
	return cli->format != TABLE_TEXT || cli_pause_say(cli, err);
}

int
cli_resume(struct cli *cli, struct err *err)
{
	struct pause p;
	long long id = 0;

	if (!cli_load(cli, false, err) || !fill_resume(cli, &p, &id, err) ||
	    !cli_open(cli, false, err))
		return err_exit_code(err->kind);
	if (id > 0 || !names_nothing(&p))
		return resume_some(cli, id, &p, true, err);
	int code = resume_all(cli, err);
	if (code == 0 && cli_given(cli, "all") != NULL)
		code = resume_some(cli, 0, &p, false, err);
	if (code == 0 && !say_rest(cli, err))
		code = err_exit_code(err->kind);
	return code;
}
