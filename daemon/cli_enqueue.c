#include "cli_enqueue.h"

#include <string.h>

#include "audit.h"
#include "campaign.h"
#include "cli_queue.h"
#include "clock.h"
#include "night.h"
#include "preview.h"
#include "queue_enqueue.h"
#include "stage_decide.h"

#define LOCK_WAIT_MS 10000L

const struct cli_opt cli_enqueue_opts[] = {
	{ "contact", "CRM/ID", "whom: a CRM of the configuration and its card" },
	{ "campaign", "ID", "campaign at the survey service" },
	{ "trigger", "CODE", "whose rules hold (" QUEUE_BY_HAND ")" },
	{ "reason", "TEXT", "why; kept in the history" },
	{ "test", NULL, "a colleague (rules.own_domains), to see the survey: rules for "
	    "customers do not hold" },
	{ NULL, NULL, NULL }
};

/* ---- what is wished ---------------------------------------------------- */
static bool
fill_contact(struct cli *cli, struct queue_wish *w, struct err *err)
{
	const char *text = cli_given(cli, "contact");
	const char *slash = text == NULL ? NULL : strchr(text, '/');

	if (slash == NULL || slash == text || slash[1] == '\0')
		return err_set(err, ERR_USAGE,
		    "npsync enqueue: expected --contact CRM/ID");
	w->connector = arena_strndup(cli->arena, text, (size_t)(slash - text));
	w->contact_id = slash + 1;
	if (w->connector == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < cli->conf->n_crm; i++)
		if (strcmp(cli->conf->crm[i].name, w->connector) == 0)
			return true;
	return err_set(err, ERR_USAGE,
	    "--contact: the configuration has no CRM \"%s\"", w->connector);
}

static bool
fill_trigger(struct cli *cli, struct queue_wish *w, struct err *err)
{
	const char *given = cli_given(cli, "trigger");

	w->trigger = given != NULL ? given : QUEUE_BY_HAND;
	const struct conf_trigger *t = conf_trigger(cli->conf, w->trigger);
	if (strcmp(w->trigger, "inact") == 0)
		return err_set(err, ERR_USAGE, "--trigger: a silence is found by "
		    "its days, it cannot be enqueued");
	if (t == NULL)
		return err_set(err, ERR_USAGE, "--trigger: the configuration has "
		    "no trigger \"%s\"%s", w->trigger, given != NULL ? ""
		    : "; add `" QUEUE_BY_HAND " = { campaign = ID; };` to `trigger`, or "
		      "name one");
	return t->enabled || err_set(err, ERR_USAGE,
	    "--trigger: trigger.%s is switched off", w->trigger);
}

static bool
fill(struct cli *cli, struct queue_wish *w, struct err *err)
{
	const time_t now = clock_now();

	*w = (struct queue_wish){ .campaign = cli_given(cli, "campaign"),
		.actor = cli->actor, .reason = cli_given(cli, "reason"),
		.test = cli_given(cli, "test") != NULL,
		.own_domains = &cli->conf->rules.own_domains,
		.day = clock_day(cli->conf->timezone, now),
		.night = calendar_night(&cli->conf->calendar, now), .now = now };
	if (!fill_contact(cli, w, err) || !fill_trigger(cli, w, err))
		return false;
	if (w->campaign == NULL)
		return err_set(err, ERR_USAGE, "npsync enqueue: expected "
		    "--campaign ID (`npsync campaigns` lists them)");
	return !w->test || w->own_domains->n > 0 || err_set(err, ERR_USAGE,
	    "--test: rules.own_domains names none, so nobody is a colleague");
}

static bool
campaign_known(struct cli *cli, const char *id, struct err *err)
{
	const char *unlisted = NULL;
	struct db_array ids;

	db_array_init(&ids);
	db_array_text(&ids, id);
	const bool ok = campaign_find_unlisted(cli->db, cli->tenant.id, &ids,
	    cli->arena, &unlisted, err);
	db_array_free(&ids);
	if (!ok)
		return false;
	return unlisted == NULL || err_set(err, ERR_USAGE, "--campaign: the "
	    "survey service has no campaign \"%s\" (`npsync campaigns` asks it "
	    "again)", id);
}

/* ---- what became of it ------------------------------------------------- */
static bool
say_verdict(struct cli *cli, const char *trigger, long long queue_id,
    struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	bool found = false;
	time_t moment;
	const int night = night_next_transfer(cli->conf, clock_now(), &moment);
	const struct rules_night at = { .tenant_id = cli->tenant.id,
		.secret = cli->tenant.secret,
		.night = night, .moment = moment };

	if (!decide_preview(cli->db, cli->conf, &at, cli->arena, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++)
		if (db_int(r, i, PREVIEW_ID) == queue_id) {
			found = true;
			(void)printf("row %lld: %s\n", queue_id,
			    preview_words(cli->arena, cli->conf->timezone,
			        db_text(r, i, PREVIEW_VERDICT),
			        db_text(r, i, PREVIEW_FACT),
			        db_time(r, i, PREVIEW_UNTIL),
			        calendar_send_at(&cli->conf->calendar, night)));
		}
	if (!found)
		(void)printf("row %lld: not ripe yet (trigger.%s.delay_hours)\n",
		    queue_id, trigger);
	cli_say_what_stops(cli);
	return true;
}

static bool
put(struct cli *cli, const struct queue_wish *w, struct queue_wished *is,
    struct err *err)
{
	AUTO(tx) struct db *tx = NULL;

	if (!db_begin(cli->db, LOCK_WAIT_MS, err))
		return false;
	tx = cli->db;
	return queue_enqueue(cli->db, cli->tenant.id, w, cli->arena, is, err) &&
	    (!is->is_new || audit_put(cli->db, cli->tenant.id, cli->actor,
	        "enqueue", arena_printf(cli->arena, "row %lld", is->queue_id),
	        w->reason, cli->arena, err)) &&
	    db_commit(cli->db, err);
}

int
cli_enqueue(struct cli *cli, struct err *err)
{
	struct queue_wish w;
	struct queue_wished is;

	if (!cli_load(cli, false, err) || !fill(cli, &w, err) ||
	    !cli_open(cli, false, err) || !campaign_known(cli, w.campaign, err) ||
	    !put(cli, &w, &is, err))
		return err_exit_code(err->kind);
	if (!is.card_known) {
		err_set(err, ERR_GONE, "%s has no card of that id%s, as far as it "
		    "was read; nothing was enqueued", w.connector, w.test
		    ? " with an address in rules.own_domains" : "");
		return 1;
	}
	if (!is.is_new) {
		(void)printf("row %lld was enqueued today already: it is %s%s%s\n",
		    is.queue_id, is.state, is.why != NULL ? ", " : "",
		    is.why != NULL ? is.why : "");
		return 0;
	}
	(void)printf("row %lld enqueued\n", is.queue_id);
	return say_verdict(cli, w.trigger, is.queue_id, err)
	    ? 0 : err_exit_code(err->kind);
}
