/*
 * cli_preview.c - npsync preview: the mail about the coming night, read on the
 * terminal or sent by hand.
 */
#include "cli_preview.h"

#include <string.h>

#include "audit.h"
#include "clock.h"
#include "night_preview.h"
#include "stage_preview.h"

#define SCRATCH_BYTES ((size_t)64 << 20)

const struct cli_opt cli_preview_opts[] = {
	{ "print", NULL, "write its text to standard output, send nothing" },
	{ "to", "ADDRESS", "send it now to this address" },
	{ NULL, NULL, NULL }
};

/* Each command is a mail of its own. */
static const char *
token(struct cli *cli)
{
	char day[16];
	struct civil c;

	clock_local(cli->conf->timezone, clock_now(), &c);
	return arena_printf(cli->arena, "%s.%02d%02d%02d.hand",
	    day_iso(day, clock_day(cli->conf->timezone, clock_now())), c.hour,
	    c.minute, c.second);
}

static bool
send_now(struct cli *cli, const struct preview *p, const char *to,
    struct arena *scratch, struct err *err)
{
	const struct conf *conf = cli->conf;
	const struct mail_settings settings = stage_mail_settings(conf);
	struct preview_mail mail;
	char day[16];

	if (!preview_mail_open(&mail, conf, p, token(cli), &to, 1, cli->arena,
	        scratch, err))
		return false;
	/* Who looked at people's names, and when. */
	bool ok = audit_put(cli->db, cli->tenant.id, cli->actor, "preview",
	    day_iso(day, p->night), "mailed by hand", cli->arena, err);
	ok = ok && mail_send(&settings, conf->mail.from, to, mail.message,
	    err) == MAIL_SENT;
	preview_mail_close(&mail);
	if (ok)
		(void)printf("sent: %s\n", preview_subject(cli->arena, p));
	return ok;
}

static bool
show(struct cli *cli, const char *to, struct err *err)
{
	AUTO(arena) struct arena *rows = arena_new(NIGHT_PREVIEW_BYTES);
	AUTO(arena) struct arena *scratch = arena_new(SCRATCH_BYTES);
	struct preview p;

	if (rows == NULL || scratch == NULL)
		return err_nomem(err);
	if (!night_preview(cli->db, cli->conf, &cli->tenant, rows, &p, err))
		return false;
	return to == NULL ? preview_text(stdout, &p, scratch, err)
	                  : send_now(cli, &p, to, scratch, err);
}

static bool
usage_ok(const struct cli *cli, const char *to, struct err *err)
{
	const bool print = cli_given(cli, "print") != NULL;

	if (print == (to != NULL))
		return err_set(err, ERR_USAGE,
		    "npsync preview: expected --print or --to ADDRESS");
	if (to != NULL && !mail_address_ok(to))
		return err_set(err, ERR_USAGE,
		    "--to: expected a mail address in ASCII");
	return true;
}

int
cli_preview(struct cli *cli, struct err *err)
{
	const char *to = cli_given(cli, "to");

	if (!usage_ok(cli, to, err) || !cli_load(cli, false, err))
		return err_exit_code(err->kind);
	if (to != NULL && *cli->conf->mail.smtp_url == '\0') {
		err_set(err, ERR_CONFIG, "mail.smtp_url is not set: no server "
		    "takes mails");
		return err_exit_code(err->kind);
	}
	if (!cli_open(cli, to != NULL, err) || !show(cli, to, err))
		return err_exit_code(err->kind);
	return 0;
}

int
cli_preview_check(const struct conf *conf, struct err *err)
{
	const struct mail_settings settings = stage_mail_settings(conf);

	err->kind = ERR_NONE;
	if (conf->preview.to.n == 0 && (*conf->mail.smtp_url == '\0' ||
	    conf->alarm.rules.n + conf->alarm.health.to.n == 0))
		return 0;
	if (*conf->mail.smtp_url == '\0') {
		(void)err_set(err, ERR_NONE, "preview.to is set, but "
		    "mail.smtp_url is not: no preview is mailed");
		return -1;
	}
	return mail_try(&settings, err) ? 1 : -1;
}
