/*
 * trigger.c - POST /contact/trigger: one person is asked, or is not.
 */
#include <stdlib.h>

#include "sim.h"

#define RULE_TEXT "You have already contacted this contact within the period " \
	"of your contact rules, this request will be ignored. Add parameter " \
	"'&triggeremail=true' to override contract rules and trigger this survey."
#define OUT_TEXT "This contact has been de-activated or has un-subscribed, " \
	"your survey will not be sent"

/* ---- what was asked --------------------------------------------------------- */

static bool
is_custom(const char *name)
{
	const size_t len = strlen(name);

	return len > 2 && strcmp(name + len - 2, "_c") == 0 &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static void
names_check(struct sim *s, const json_t *form)
{
	static const char *const known[] = { "email", "name", "firstname",
		"lastname", "segment", "delayminutes", "addcontact", NULL };
	static const char *const never[] = { "triggeremail", "thendeactivate",
		NULL };
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)form, name, v)
		if (place_of(name, never) >= 0)
			violation(s, name, json_string_value(v));
		else if (place_of(name, known) < 0 && !is_custom(name))
			violation(s, "unknown_parameter", name);
}

/* What the contact keeps of it. */
static json_t *
fields_of(const json_t *form)
{
	const char *first = str_of(form, "firstname"), *name;
	const char *last = str_of(form, "lastname");
	json_t *fields = json_object(), *v;

	json_object_foreach((json_t *)(uintptr_t)form, name, v)
		if (is_custom(name) || strcmp(name, "name") == 0 ||
		    strcmp(name, "segment") == 0)
			json_object_set(fields, name, v);
	if (str_of(form, "name") == NULL && (first != NULL || last != NULL)) {
		char *full = fmt_text("%s%s%s", first == NULL ? "" : first,
		    first == NULL || last == NULL ? "" : " ",
		    last == NULL ? "" : last);
		json_object_set_new(fields, "name", json_string(full));
		free(full);
	}
	return fields;
}

static int64_t
delay_of(struct sim *s, const json_t *form)
{
	const char *text = str_of(form, "delayminutes");
	const char *segment = str_of(form, "segment");
	int64_t minutes = 0;

	if (text != NULL && !sim_num(text, &minutes))
		violation(s, "bad_delay", text);
	if (s->opt.sms == NULL || segment == NULL ||
	    strcmp(segment, s->opt.sms) != 0)
		return minutes;
	if (minutes > 0)	/* goes at once all the same */
		violation(s, "delay_on_sms", text);
	return 0;
}

/* ---- what becomes of it ------------------------------------------------------ */

static bool
rule_forbids(const struct sim *s, const struct contact *c)
{
	const int64_t mailed = lastemailed_of(s, c);

	if (s->opt.rule_days == 0)
		return false;
	if (is_scheduled(s, c) && !s->opt.pending_ignored)
		return true;
	return mailed != NO_TIME && mailed > s->now - s->opt.rule_days * DAY_S;
}

static const char *
refused_why(struct sim *s, const struct contact *c, const json_t *form)
{
	const bool forced = str_of(form, "triggeremail") != NULL &&
	    strcmp(str_of(form, "triggeremail"), "true") == 0;

	if (c == NULL)
		return NULL;
	if (c->removed)
		return "This contact is on the block list";
	if (c->unsubscribed != NO_TIME ||
	    (!c->active && !s->opt.readd_activates))
		return OUT_TEXT;
	return !forced && rule_forbids(s, c) ? RULE_TEXT : NULL;
}

static void
send_store(struct sim *s, const char *email, const json_t *form, int64_t at)
{
	ledger_add(s, json_pack("{s:s, s:s, s:s, s:s*, s:o}", "kind", "send",
	    "email", email, "at", sim_time_iso(at), "ref",
	    str_of(form, "npsync_ref_c"), "fields", fields_of(form)));
}

static void
result(struct sim *s, const char *email, const char *why, struct reply *out)
{
	const struct contact *c = contact_find(s, email);
	json_t *one = json_pack("{s:b, s:o, s:s, s:s}", "survey_sent",
	    why == NULL, "id", c == NULL ? json_null() : num_text(c->id),
	    "email", email, "msg", why == NULL ? "Message Sent" : why);

	reply_json(out, 200, json_pack("{s:[o], s:b, s:i}", "result", one,
	    "success", 1, "surveys_sent", why == NULL));
}

static void
trigger_carry(struct sim *s, const json_t *form, const char *email,
    struct reply *out)
{
	const int64_t at = s->now + 60 * delay_of(s, form);
	const char *add = str_of(form, "addcontact");
	const char *why = refused_why(s, contact_find(s, email), form);

	if (why == NULL && add != NULL && strcmp(add, "true") == 0)
		why = "Contact added";
	if (why != NULL) {
		ledger_add(s, json_pack("{s:s, s:s, s:s, s:o}", "kind",
		    "import", "email", email, "why", why, "fields",
		    fields_of(form)));
	} else if (!mutant(s, "send-lie")) {
		send_store(s, email, form, at);
		if (mutant(s, "sends-twice"))
			send_store(s, email, form, at);
	}
	result(s, email, why, out);
}

void
on_trigger(struct sim *s, struct call *c, struct reply *out)
{
	const char *type = header_of(&c->in, "Content-Type");
	const char *email = str_of(c->body, "email");

	if (type == NULL ||
	    strncmp(type, "application/x-www-form-urlencoded", 33) != 0)
		violation(s, "trigger_not_a_form", type);
	if (c->body == NULL) {
		violation(s, "form_unreadable", NULL);
		reply_failed(out, 400, "no data found");
		return;
	}
	names_check(s, c->body);
	if (email == NULL || strchr(email, '@') == NULL)
		violation(s, "email_missing", NULL);
	if (email == NULL)
		reply_failed(out, 400, "email is required");
	else if (strchr(email, '@') == NULL)
		result(s, email, "The email address is not valid", out);
	else if (fault_is(c, "third"))
		result(s, email, "Your account is paused", out);
	else
		trigger_carry(s, c->body, email, out);
}
