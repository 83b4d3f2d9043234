#include <openssl/evp.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "stage_alarms_int.h"
#include "text.h"

struct parts {
	FILE *text, *html, *message;
};

static void
close_file(FILE *file)
{
	if (file != NULL)
		(void)fclose(file);
}

static bool
write_parts(struct parts *p, const struct template *t,
    const struct alarms_letter *l, struct err *err)
{
	p->text = tmpfile();
	p->html = tmpfile();
	p->message = tmpfile();
	if (p->text == NULL || p->html == NULL || p->message == NULL)
		return err_errno(err, ERR_SYSTEM, "alarm: temporary file");
	if (!template_text(p->text, t, l->fill, err) ||
	    !template_html(p->html, t, l->fill, err))
		return false;
	rewind(p->text);
	rewind(p->html);
	return true;
}

/* The key names an answer, and perhaps more. */
static const char *
make_id(const struct conf *conf, const struct alarms_letter *l,
    struct arena *arena)
{
	const char *name = arena_printf(arena, "%s %s %s", conf->tenant,
	    l->to, l->key);
	unsigned char md[EVP_MAX_MD_SIZE];
	char hex[33];

	if (name == NULL || EVP_Digest(name, strlen(name), md, NULL,
	    EVP_sha256(), NULL) != 1)
		return NULL;
	text_hex(hex, md, 16);
	return arena_printf(arena, "alarm.%s%s", hex,
	    strchr(conf->mail.from, '@'));
}

static bool
build(struct parts *p, const struct conf *conf, const struct template *t,
    const struct alarms_letter *l, struct arena *arena, struct err *err)
{
	const char *subject = template_subject(arena, t, l->fill);
	const struct mail mail = { .from = conf->mail.from,
		.from_name = "npsync", .to = &l->to, .n_to = 1,
		.subject = subject == NULL ? NULL : arena_printf(arena, "%s%s",
		    l->test ? "[TEST] " : "", subject),
		.id = make_id(conf, l, arena), .date = clock_now(),
		.text = p->text, .html = p->html };

	if (mail.subject == NULL || mail.id == NULL)
		return err_nomem(err);
	return mail_write(&mail, p->message, err);
}

enum mail_outcome
alarms_mail(const struct conf *conf, const struct alarms_letter *letter,
    struct arena *arena, struct err *problem, struct err *why)
{
	const struct mail_settings settings = stage_mail_settings(conf);
	enum mail_outcome outcome = MAIL_NOT_SENT;
	struct parts p = { .text = NULL };
	struct template t;
	struct err fault;

	if (!template_load(conf->alarm.templates, letter->kind,
	        letter->language, arena, &t, &fault))
		*problem = fault;
	if (write_parts(&p, &t, letter, why) &&
	    build(&p, conf, &t, letter, arena, why))
		outcome = mail_send(&settings, conf->mail.from, letter->to,
		    p.message, why);
	close_file(p.text);
	close_file(p.html);
	close_file(p.message);
	return outcome;
}

enum effect_state
alarms_state(enum mail_outcome outcome)
{
	switch (outcome) {
	case MAIL_SENT:
		return EFFECT_DONE;
	case MAIL_NOT_SENT:
		return EFFECT_FAILED;
	case MAIL_UNKNOWN:
		break;
	}
	return EFFECT_UNKNOWN;
}

bool
alarms_note(struct stage *stage, const char *what, const char *source,
    enum effect_state state, const struct err *why, int *in_a_row,
    struct err *problem)
{
	const char *outcome = state == EFFECT_DONE ? "told" :
	    state == EFFECT_UNKNOWN ? "unknown" : "failed";

	runlog_count(stage->log, what, source, "seen", NULL, 1);
	runlog_count(stage->log, what, source, outcome, NULL, 1);
	/* Silence too: each one costs a mail for good. */
	*in_a_row = state == EFFECT_DONE ? 0 : *in_a_row + 1;
	if (state == EFFECT_DONE)
		return true;
	log_ev(LOG_LEVEL_ERROR, what, "outcome=%s error=%s", outcome,
	    log_quote(why->msg));
	if (problem->kind == ERR_NONE) {
		*problem = *why;
		(void)err_wrap(problem, "%s %s", what, source);
	}
	return *in_a_row < ALARMS_PATIENCE;
}

bool
stage_alarms_try(const struct conf *conf, const char *to,
    const char *language, struct arena *arena, struct err *err)
{
	const struct answer_alarm a = { .id = "try", .score = 4,
		.comment = "Nobody called back.\nThe rest was fine.",
		.campaign = "Campaign", .trigger = "meet",
		.answered_at = clock_now(), .wants_contact = true,
		.test = true, .name = "Some Person",
		.company = "Some Company", .owner_name = "Some Owner",
		.link = "https://crm.example/card/1" };
	const struct template_fill fill = { .values = alarms_values(arena,
		conf, language, &a, true, true, to) };
	const struct alarms_letter letter = { .kind = TEMPLATE_ALARM,
		.language = language, .to = to, .test = true, .fill = &fill,
		.key = arena_printf(arena, "try %lld", (long long)clock_now()) };
	struct err problem = { .kind = ERR_NONE };

	if (fill.values == NULL || letter.key == NULL)
		return err_nomem(err);
	if (alarms_mail(conf, &letter, arena, &problem, err) != MAIL_SENT)
		return false;
	*err = problem;
	return problem.kind == ERR_NONE;
}
