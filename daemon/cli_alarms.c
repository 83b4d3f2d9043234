/*
 * npsync alarms: what stands, what people could not be told of, the texts of
 * the mails.
 */
#include "cli_alarms.h"

#include <string.h>

#include "alarm.h"
#include "audit.h"
#include "campaign.h"
#include "clock.h"
#include "effect.h"
#include "runlog.h"
#include "stage_alarms.h"
#include "template.h"

#define NO_RUN_H 26
#define TOLD_DAYS 7

const struct cli_opt cli_alarms_opts[] = {
	{ "print-template", "NAME", "write this text of a mail to standard output" },
	{ "to", "ADDRESS", "send an alarm that is none to this address" },
	{ "language", "LANGUAGE", "of that mail: da, sv, nb, en" },
	{ NULL, NULL, NULL }
};

/* ---- templates ------------------------------------------------------------- */
static int
print_template(const char *name, struct err *err)
{
	const char *text = template_builtin(name);

	if (text != NULL) {
		(void)fputs(text, stdout);
		return 0;
	}
	err_set(err, ERR_USAGE, "--print-template: expected {alarm,digest,health}"
	    ".{da,sv,nb,en}.{txt,html}, such as alarm.da.txt");
	return 64;
}

static const char *const languages[] = { "da", "sv", "nb", "en" };

bool
cli_alarms_fault(struct cli *cli, size_t n, struct err *fault)
{
	for (int kind = 0; kind < TEMPLATE_KINDS; kind++)
		for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
			AUTO(arena) struct arena *arena =
			    arena_new((size_t)4 << 20);
			struct template t;
			if (arena == NULL)
				return err_nomem(fault);
			if (!template_load(cli->conf->alarm.templates,
			        (enum template_kind)kind, languages[i], arena,
			        &t, fault) && n-- == 0)
				return true;
		}
	return false;
}

/* ---- a try ----------------------------------------------------------------- */
static int
send_try(struct cli *cli, const char *to, struct err *err)
{
	const char *language = cli_given(cli, "language");

	if (!mail_address_ok(to)) {
		err_set(err, ERR_USAGE, "--to: expected a mail address in ASCII");
		return 64;
	}
	if (!cli_load(cli, false, err))
		return err_exit_code(err->kind);
	if (*cli->conf->mail.smtp_url == '\0') {
		err_set(err, ERR_CONFIG, "mail.smtp_url is not set: no server "
		    "takes mails");
		return err_exit_code(err->kind);
	}
	if (!cli_open(cli, true, err) ||
	    !audit_put(cli->db, cli->tenant.id, cli->actor, "alarms", "try",
	        "mailed by hand", cli->arena, err) ||
	    !stage_alarms_try(cli->conf, to, template_language(language == NULL
	        ? "en" : language), cli->arena, err))
		return err_exit_code(err->kind);
	(void)printf("sent\n");
	return 0;
}

/* ---- the list -------------------------------------------------------------- */
static bool
show(struct cli *cli, struct err *err)
{
	static const struct table_column columns[] = { { "state", false, 0 },
		{ "kind", false, 0 }, { "subject", false, 40 },
		{ "since", false, 0 }, { "told", false, 0 },
		{ "detail", false, 80 } };
	AUTO(db_result) struct db_result *r = NULL;

	if (!alarm_list(cli->db, cli->tenant.id, cli->arena, &r, err))
		return false;
	struct table *t = table_open(stdout, cli->format, columns,
	    ARRAY_LEN(columns));
	if (t == NULL)
		return err_nomem(err);
	for (int i = 0; i < db_rows(r); i++) {
		const bool raised = strcmp(db_text(r, i, 2), "raised") == 0;
		const char *cells[] = { raised ? "raised" : "over",
			db_text(r, i, 0), db_text(r, i, 1),
			cli_when(cli->arena, cli->conf->timezone,
			    db_time(r, i, 3)), db_bool(r, i, 5) ? "yes" : "no",
			db_text(r, i, 4) };
		table_row(t, cells);
	}
	return table_close(t, err);
}

int
cli_alarms(struct cli *cli, struct err *err)
{
	const char *name = cli_given(cli, "print-template");
	const char *to = cli_given(cli, "to");

	if ((name != NULL) + (to != NULL) > 1 ||
	    (to == NULL && cli_given(cli, "language") != NULL)) {
		err_set(err, ERR_USAGE, "npsync alarms: expected nothing, "
		    "--print-template NAME, or --to ADDRESS [--language L]");
		return 64;
	}
	if (name != NULL)
		return print_template(name, err);
	if (to != NULL)
		return send_try(cli, to, err);
	if (!cli_open(cli, false, err) || !show(cli, err))
		return err_exit_code(err->kind);
	return 0;
}

/* ---- status ---------------------------------------------------------------- */
static bool
say_raised(struct cli *cli, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!alarm_list(cli->db, cli->tenant.id, cli->arena, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		if (strcmp(db_text(r, i, 2), "raised") != 0)
			continue;
		const char *detail = db_text(r, i, 4);
		(void)printf("alarm          %s %s%ssince %s%s%s\n",
		    db_text(r, i, 0), db_text(r, i, 1),
		    *db_text(r, i, 1) == '\0' ? "" : " ",
		    cli_when(cli->arena, cli->conf->timezone, db_time(r, i, 3)),
		    detail != NULL ? ": " : "", detail != NULL ? detail : "");
	}
	return true;
}

/* Here nobody but the reader notices that no run comes any more. */
static bool
say_silence(struct cli *cli, struct err *err)
{
	time_t last_good, last;

	if (!runlog_last(cli->db, cli->tenant.id, cli->arena, &last_good, &last,
	        err))
		return false;
	const long long hours = last_good == NO_TIME ? 0 :
	    (long long)(clock_now() - last_good) / 3600;
	if (hours >= NO_RUN_H)
		(void)printf("alarm          no run ended well for %lld hours: "
		    "do the timers run? (systemctl list-timers 'npsync*')\n",
		    hours);
	return true;
}

static bool
say_untold(struct cli *cli, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;

	if (!effect_count_told(cli->db, cli->tenant.id, clock_now() -
	        (time_t)TOLD_DAYS * 86400, cli->arena, &r, err))
		return false;
	for (int i = 0; i < db_rows(r); i++) {
		const char *state = db_text(r, i, 1);
		const char *words = strcmp(state, "wanted") == 0 ? "wait" :
		    strcmp(state, "failed") == 0 ? "could not be sent" :
		    strcmp(state, "unknown") == 0 ? "went out or not, nobody "
		    "knows; they are not repeated" : NULL;
		if (words != NULL)
			(void)printf("%-14s %lld %s\n",
			    strcmp(db_text(r, i, 0), "mail") == 0 ? "mails"
			    : "webhook", db_int(r, i, 2), words);
	}
	return true;
}

bool
cli_alarms_say(struct cli *cli, struct err *err)
{
	return say_silence(cli, err) && say_raised(cli, err) &&
	    say_untold(cli, err);
}

/* ---- check ----------------------------------------------------------------- */
static const char *
where_of(struct cli *cli, size_t i)
{
	return arena_printf(cli->arena, "alarm.rules, rule %zu", i + 1);
}

static void
check_triggers(struct cli *cli, size_t i, const struct conf_alarm_rule *rule,
    cli_warn_fn *warn, void *arg)
{
	bool on = rule->triggers.n == 0;

	for (size_t k = 0; k < rule->triggers.n; k++) {
		const struct conf_trigger *t = conf_trigger(cli->conf,
		    rule->triggers.v[k]);
		on |= t != NULL && t->enabled;
	}
	if (!on)
		warn(arg, where_of(cli, i), "fires for no new survey: its "
		    "triggers are switched off");
}

/* By the list that the last run read. */
static void
check_campaigns(struct cli *cli, size_t i, const struct conf_alarm_rule *rule,
    const struct db_result *known, cli_warn_fn *warn, void *arg)
{
	for (size_t k = 0; k < rule->campaigns.n; k++) {
		bool listed = db_rows(known) == 0;
		for (int j = 0; j < db_rows(known); j++)
			listed |= db_bool(known, j, 3) && strcmp(db_text(known,
			    j, 0), rule->campaigns.v[k]) == 0;
		if (!listed)
			warn(arg, where_of(cli, i), arena_printf(cli->arena,
			    "the survey service lists no campaign %s",
			    rule->campaigns.v[k]));
	}
}

static void
check_server(struct cli *cli, cli_warn_fn *warn, void *arg)
{
	const struct conf_alarm *alarm = &cli->conf->alarm;
	const struct conf_alarm_rule *rules = alarm->rules.v;
	size_t mails = alarm->health.to.n;

	for (size_t i = 0; i < alarm->rules.n; i++)
		mails += rules[i].to.n;
	if (mails > 0 && *cli->conf->mail.smtp_url == '\0')
		warn(arg, "alarm", "somebody is to be mailed, but "
		    "mail.smtp_url is not set: nobody is");
}

bool
cli_alarms_check(struct cli *cli, cli_warn_fn *warn, void *arg,
    struct err *err)
{
	const struct conf_alarm_rule *rules = cli->conf->alarm.rules.v;
	AUTO(db_result) struct db_result *known = NULL;

	check_server(cli, warn, arg);
	if (cli->db != NULL && !campaign_list(cli->db, cli->tenant.id,
	        cli->arena, &known, err))
		return false;
	for (size_t i = 0; i < cli->conf->alarm.rules.n; i++) {
		check_triggers(cli, i, &rules[i], warn, arg);
		if (known != NULL)
			check_campaigns(cli, i, &rules[i], known, warn, arg);
	}
	return true;
}
