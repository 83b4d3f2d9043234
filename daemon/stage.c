#include "stage.h"

#include <string.h>

#include "clock.h"
#include "effect.h"

#define RENEW_EVERY_S 300
#define YIELD_POLL_S 2

struct contact_rules
stage_contact_rules(const struct stage *stage, const struct crm *crm)
{
	const struct conf *conf = stage->conf;

	return (struct contact_rules){ .secret = stage->tenant->secret,
		.connector = crm->link.name, .no_send_tag = conf->rules.no_send_tag,
		.tag_prefix = conf->writeback.tag_prefix,
		.match_phone = stage_matches_phone(conf),
		.phone_prefix = conf->identity.phone_prefix };
}

bool
stage_matches_phone(const struct conf *conf)
{
	for (size_t i = 0; i < conf->identity.match.n; i++)
		if (strcmp(conf->identity.match.v[i], "phone") == 0)
			return true;
	return false;
}

bool
stage_breathe(struct stage *stage, struct err *err)
{
	bool wanted = false;

	if (stage->cancelled())
		return err_set(err, ERR_CANCELLED, "stopped by a signal");
	if (!tenant_renew(stage->db, stage->tenant,
	        stage->may_yield ? YIELD_POLL_S : RENEW_EVERY_S, &wanted, err))
		return false;
	if (wanted && stage->may_yield) {
		stage->yielded = true;
		return err_set(err, ERR_CANCELLED, "made way for the night");
	}
	return true;
}

struct mail_settings
stage_mail_settings(const struct conf *conf)
{
	return (struct mail_settings){ .url = conf->mail.smtp_url,
		.user = conf->mail.user, .password = conf->mail.password,
		.ca_file = conf->mail.ca_file,
		.allow_plain = conf->mail.allow_plain };
}

bool
stage_settle_mails(struct stage *stage, struct err *problem, struct err *err)
{
	static const char *const kinds[] = { "mail", "webhook" };
	long long n, all = 0;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!effect_settle(stage->db, stage->tenant, kinds[i],
		        clock_now(), stage->arena, &n, err))
			return false;
		all += n;
	}
	if (all > 0)
		(void)err_set(problem, ERR_RETRY, "a run died while it told "
		    "people: nobody knows whether %lld message%s went out, "
		    "they are not repeated", all, all == 1 ? "" : "s");
	return true;
}

bool
stage_mark(struct stage *stage, struct err *err)
{
	/* The database first: a file that knows more means a restored backup. */
	if (!tenant_put_sends(stage->db, stage->tenant, err))
		return false;
	if (stage->state_dir == NULL)
		return true;
	stage->mark.epoch = stage->tenant->epoch;
	stage->mark.sends = stage->tenant->sends;
	stage->mark.at = clock_now();
	return highwater_write(stage->state_dir, stage->tenant->name, &stage->mark,
	    err);
}

bool
stage_mark_if_due(struct stage *stage, struct err *err)
{
	return stage->tenant->sends - stage->mark.sends < HIGHWATER_SENDS ||
	    stage_mark(stage, err);
}
