/*
 * cli_why.c - npsync why.
 */
#include <string.h>

#include "cli_cockpit.h"
#include "cli_queue.h"
#include "clock.h"
#include "letter.h"
#include "queue.h"
#include "queue_letter.h"

#define LETTER_MAX ((size_t)1 << 16)

const struct cli_opt cli_why_opts[] = {
	{ "letter", NULL, "a letter that answers the recipient" },
	{ "language", "CODE", "da, sv, nb or en; without it the contact's" },
	{ NULL, NULL, NULL }
};

static bool
was_asked(const struct queue_picked *row)
{
	return strcmp(row->state, "sent") == 0 ||
	    strcmp(row->state, "unknown") == 0 ||
	    strcmp(row->state, "sending") == 0;
}

/* The newest that went, else the newest. */
static const struct queue_picked *
choose(const struct queue_picked *rows, size_t n)
{
	for (size_t i = n; i > 0; i--)
		if (was_asked(&rows[i - 1]))
			return &rows[i - 1];
	return &rows[n - 1];
}

static enum letter_outcome
outcome(const char *state)
{
	static const char *const open[] = { "queued", "deferred", "held" };

	if (strcmp(state, "sent") == 0)
		return LETTER_ASKED;
	if (strcmp(state, "unknown") == 0 || strcmp(state, "sending") == 0)
		return LETTER_PERHAPS_ASKED;
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		if (strcmp(state, open[i]) == 0)
			return LETTER_UNDECIDED;
	return LETTER_NOT_ASKED;
}

/* The state says it where the reason is a person's or the service's word; but
 * whom the service knows as opted out declined. */
static const char *
reason(const char *state, const char *kept)
{
	const bool declined = kept != NULL && strcmp(kept, "opted_out") == 0;

	return declined || strcmp(state, "suppressed") == 0 ? kept : state;
}

static bool
consent_needed(const struct conf *conf, const char *trigger,
    const char *country)
{
	const struct conf_trigger *t = conf_trigger(conf, trigger);

	if (t != NULL && t->require_consent)
		return true;
	if (country == NULL)
		return conf->policy.unknown;
	for (size_t i = 0; i < conf->policy.countries.n; i++)
		if (strcmp(conf->policy.countries.v[i], country) == 0)
			return true;
	return false;
}

static int
local_day(const struct conf *conf, time_t t)
{
	return t == NO_TIME ? NO_DAY : clock_day(conf->timezone, t);
}

static struct letter
compose(const struct conf *conf, const struct db_result *r)
{
	const char *state = db_text(r, 0, QL_STATE);
	const char *trigger = db_text(r, 0, QL_TRIGGER);
	const enum letter_outcome became = outcome(state);
	const bool asked = became == LETTER_ASKED ||
	    became == LETTER_PERHAPS_ASKED;
	const bool consent = !db_is_null(r, 0, QL_CONSENT) &&
	    db_bool(r, 0, QL_CONSENT);

	return (struct letter){ .outcome = became,
		.reason = reason(state, db_text(r, 0, QL_REASON)),
		/* With another address the card may be another's. */
		.trigger = trigger, .name = asked &&
		    !db_bool(r, 0, QL_SAME_ADDRESS) ? NULL
		    : db_text(r, 0, QL_NAME),
		.employee = db_text(r, 0, QL_OWNER),
		.department = db_text(r, 0, QL_DEPARTMENT),
		.company = db_text(r, 0, QL_COMPANY),
		.event_day = local_day(conf, db_time(r, 0, QL_EVENT)),
		.sent_day = local_day(conf, db_time(r, 0, QL_SEND_AT)),
		.address = db_text(r, 0, QL_EMAIL),
		.address_changed = !db_bool(r, 0, QL_SAME_ADDRESS),
		.contact_language = db_text(r, 0, QL_LANGUAGE),
		.consent = db_is_null(r, 0, QL_CONSENT) ? LETTER_CONSENT_UNKNOWN
		    : db_bool(r, 0, QL_CONSENT) ? LETTER_CONSENT_YES
		                                : LETTER_CONSENT_NO,
		.consent_day = local_day(conf, db_time(r, 0, QL_CONSENT_AT)),
		/* Who was asked without one was asked on another basis. */
		.consent_needed = consent && consent_needed(conf, trigger,
		    db_text(r, 0, QL_COUNTRY)),
		.sender = *conf->letter.sender != '\0' ? conf->letter.sender
		    : conf->tenant,
		.contact = conf->letter.contact, .basis = conf->letter.basis,
		.language = letter_language(db_text(r, 0, QL_LANGUAGE)) };
}

static bool
write_letter(struct cli *cli, long long queue_id,
    const enum letter_language *wanted, struct err *err)
{
	AUTO(db_result) struct db_result *r = NULL;
	AUTO(buf) struct buf text;

	buf_init(&text, LETTER_MAX);
	if (!queue_letter_facts(cli->db, cli->tenant.id, queue_id, cli->arena,
	        &r, err))
		return false;
	if (db_rows(r) == 0)
		return err_set(err, ERR_GONE, "row %lld: not in the queue",
		    queue_id);
	struct letter letter = compose(cli->conf, r);
	if (wanted != NULL)
		letter.language = *wanted;
	if (!letter_write(&letter, &text, err))
		return false;
	(void)fputs(buf_text(&text), stdout);
	return true;
}

int
cli_why(struct cli *cli, struct err *err)
{
	const char *language = cli_given(cli, "language");
	struct queue_picked *rows = NULL;
	enum letter_language wanted = LETTER_EN;
	size_t n = 0;

	if (cli_given(cli, "letter") == NULL && language == NULL)
		return cli_explain(cli, err);
	if (language != NULL && !letter_language_parse(language, &wanted)) {
		err_set(err, ERR_USAGE,
		    "--language: expected da, sv, nb or en, got \"%s\"", language);
		return 64;
	}
	if (cli->format != TABLE_TEXT) {
		err_set(err, ERR_USAGE, "npsync why: a letter is plain text");
		return 64;
	}
	if (!cli_explain_pick(cli, &rows, &n, err))
		return err_exit_code(err->kind);
	if (n == 0)
		return cli_explain_nothing(cli, err);
	return write_letter(cli, choose(rows, n)->queue_id,
	           language != NULL ? &wanted : NULL, err)
	    ? 0 : err_exit_code(err->kind);
}
