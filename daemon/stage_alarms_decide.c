/*
 * Whom a rule means.  An address that the CRM gives counts only if it is one of
 * our own people (rules.own_domains): a customer's words leave the house for
 * nobody whom no administrator has named.
 */
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "identity.h"
#include "stage_alarms_int.h"

#define RECIPIENTS_MAX 64

struct recipient {
	const char *address, *language;
	bool digest, score, contact;
};
struct decision {
	const struct conf *conf;
	const struct answer_alarm *a;
	struct arena *arena;
	struct recipient to[RECIPIENTS_MAX];
	size_t n;
	bool score, contact;
};

/* ---- addresses ----------------------------------------------------------- */
static bool
is_own(const struct conf *conf, const char *domain)
{
	for (size_t i = 0; i < conf->rules.own_domains.n; i++)
		if (strcmp(conf->rules.own_domains.v[i], domain) == 0)
			return true;
	return false;
}

static const char *
own_address(const struct decision *d, const char *email)
{
	const char *address, *domain;

	if (email == NULL || identity_address(d->arena, email, &address,
	    &domain) != ADDRESS_OK || !is_own(d->conf, domain) ||
	    !mail_address_ok(address))
		return NULL;
	return address;
}

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcasecmp(a, b) == 0;
}

static const char *
manager_of(const struct conf *conf, const struct answer_alarm *a)
{
	const struct conf_manager *m = conf->alarm.managers.v;

	for (size_t i = 0; i < conf->alarm.managers.n; i++) {
		const bool department = *m[i].department == '\0' ||
		    is_same(m[i].department, a->department);
		const bool owner = *m[i].owner == '\0' ||
		    is_same(m[i].owner, a->owner_id) ||
		    is_same(m[i].owner, a->owner_name) ||
		    is_same(m[i].owner, a->owner_email);
		if (department && owner)
			return m[i].to;
	}
	return NULL;
}

/* A try concerns no customer's owner: who is named by address hears of it. */
static const char *
resolve(const struct decision *d, const char *to)
{
	const struct answer_alarm *a = d->a;

	if (!conf_alarm_is_role(to))
		return to;
	if (a->test)
		return NULL;
	if (strcmp(to, "owner") == 0)
		return own_address(d, a->owner_email);
	if (strcmp(to, "manager") == 0)
		return manager_of(d->conf, a);
	const char *named = own_address(d, a->employee);
	return named != NULL ? named : own_address(d, a->employee_email);
}

/* ---- one answer ---------------------------------------------------------- */
/* One mail to an address: a mail at once goes before the day's list. */
static void
add(struct decision *d, const struct conf_alarm_rule *rule,
    const char *address)
{
	const bool contact = rule->when == ALARM_CONTACT;
	size_t i = 0;

	while (i < d->n && strcasecmp(d->to[i].address, address) != 0)
		i++;
	if (i == RECIPIENTS_MAX)
		return;
	struct recipient *r = &d->to[i];
	if (i == d->n) {
		*r = (struct recipient){ .address = address,
			.language = rule->language, .digest = rule->digest };
		d->n++;
	} else if (r->digest && !rule->digest) {
		r->digest = false;
		r->language = rule->language;
	}
	r->contact |= contact;
	r->score |= !contact;
}

static void
apply(struct decision *d, const struct conf_alarm_rule *rule)
{
	bool found = false;

	d->contact |= rule->when == ALARM_CONTACT;
	d->score |= rule->when != ALARM_CONTACT;
	if (*d->conf->mail.smtp_url == '\0')
		return;
	for (size_t i = 0; i < rule->to.n; i++) {
		const char *address = resolve(d, rule->to.v[i]);
		if (address != NULL)
			add(d, rule, address);
		found |= address != NULL;
	}
	if (!found && rule->to.n > 0)
		add(d, rule, d->conf->alarm.fallback);
}

static void
put(struct answer_alarm_wish *wish, const char *kind, const char *target,
    const char *subject, const char *how)
{
	db_array_text(&wish->kind, kind);
	db_array_text(&wish->target, target);
	db_array_text(&wish->subject, subject);
	db_array_text(&wish->how, how);
}

static void
wish_for(const struct decision *d, struct answer_alarm_wish *wish)
{
	const struct conf_webhook *hook = &d->conf->alarm.webhook;
	struct arena *arena = d->arena;
	const char *id = d->a->id;

	for (size_t i = 0; i < d->n; i++) {
		const struct recipient *r = &d->to[i];
		const char *how = arena_printf(arena, "%s %s",
		    r->digest ? "digest" : "once", r->language);
		if (r->score)
			put(wish, "mail", r->address, arena_printf(arena,
			    "alarm %s/score", id), how);
		if (r->contact)
			put(wish, "mail", r->address, arena_printf(arena,
			    "alarm %s/contact", id), how);
	}
	if (*hook->url != '\0')
		put(wish, "webhook", hook->name, d->score ? id :
		    arena_printf(arena, "%s/contact", id), "once");
	if (d->score)
		db_array_text(&wish->scores, id);
	if (d->contact)
		db_array_text(&wish->contacts, id);
}

/* fired: answer, rule; the rows of one answer follow each other. */
static void
decide_answer(struct stage *stage, const struct db_result *fired,
    const struct answer_alarm *a, struct answer_alarm_wish *wish)
{
	const struct conf_alarm_rule *rules = stage->conf->alarm.rules.v;
	struct decision d = { .conf = stage->conf, .a = a,
		.arena = stage->arena };

	for (int i = 0; i < db_rows(fired); i++)
		if (strcmp(db_text(fired, i, 0), a->id) == 0)
			apply(&d, &rules[db_int(fired, i, 1)]);
	wish_for(&d, wish);
}

static bool
decide(struct stage *stage, const struct db_result *fired, time_t since,
    struct answer_alarm_wish *wish, struct err *err)
{
	struct answer_alarm *rows = NULL;
	struct db_array ids;
	size_t n = 0;

	db_array_init(&ids);
	for (int i = 0; i < db_rows(fired); i++)
		if (i == 0 || strcmp(db_text(fired, i, 0),
		    db_text(fired, i - 1, 0)) != 0)
			db_array_text(&ids, db_text(fired, i, 0));
	const bool ok = answer_alarm_read(stage->db, stage->tenant->id, &ids,
	    since, stage->arena, &rows, &n, err);
	db_array_free(&ids);
	if (!ok)
		return false;
	for (size_t i = 0; i < n; i++)
		decide_answer(stage, fired, &rows[i], wish);
	if (arena_failed(stage->arena))
		return err_nomem(err);
	runlog_count(stage->log, "alarms", "answers", "seen", NULL,
	    (long long)n);
	runlog_count(stage->log, "alarms", "answers", "decided", NULL,
	    (long long)n);
	return answer_alarm_decide(stage->db, stage->tenant, wish,
	    clock_now(), stage->arena, err);
}

bool
alarms_decide(struct stage *stage, struct err *err)
{
	const struct conf_alarm *alarm = &stage->conf->alarm;
	const time_t since = clock_now() - (time_t)alarm->max_age_days * 86400;
	AUTO(db_result) struct db_result *fired = NULL;
	struct answer_alarm_wish wish;
	bool ok = true;

	if (alarm->rules.n == 0 || (*stage->conf->mail.smtp_url == '\0' &&
	    *alarm->webhook.url == '\0'))
		return true;
	if (!answer_alarm_fired(stage->db, stage->tenant->id, &alarm->rules,
	        since, stage->arena, &fired, err))
		return false;
	answer_alarm_wish_init(&wish);
	if (db_rows(fired) > 0)
		ok = decide(stage, fired, since, &wish, err);
	answer_alarm_wish_free(&wish);
	return ok;
}
