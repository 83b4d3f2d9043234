/*
 * push.c - POST /campaigns/{id}/respondent.
 */
#include <stdlib.h>

#include "sim.h"

static bool
guid_ok(const char *g)
{
	if (strlen(g) != 36)
		return false;
	for (int i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23
			? g[i] != '-'
			: strchr("0123456789abcdefABCDEF", g[i]) == NULL)
			return false;
	return true;
}

static json_t *
custom_ref(const json_t *custom)
{
	if (json_is_object(custom))
		return json_incref(json_object_get(custom, "npsync_ref"));
	const char *text = json_string_value(custom);
	json_t *inner = text == NULL ? NULL : json_loads(text, 0, NULL);
	json_t *ref = json_incref(json_object_get(inner, "npsync_ref"));
	json_decref(inner);
	return ref;
}

static bool
is_phone(const char *s)
{
	const size_t digits = strspn(s + (*s == '+'), "0123456789");
	return *s == '+' && digits >= 6 && digits <= 15 &&
	       s[1 + digits] == '\0';
}

static bool
is_email(const char *s)
{
	const char *at = strchr(s, '@');
	return at != NULL && at != s && at[1] != '\0' &&
	       strchr(at + 1, '@') == NULL && strpbrk(s, " \t\r\n<>") == NULL;
}

static const char *
address_fault(const char *address, bool sms)
{
	if (address == NULL || *address == '\0')
		return sms ? "phoneNumber is required"
			   : "emailAddress is required";
	if (!(sms ? is_phone(address) : is_email(address)))
		return "The address is not valid:";
	return NULL;
}

/* "yyyy-MM-dd hh:mm:ss" and nothing else: no T, no zone, no fraction. */
static bool
is_send_at(const char *s)
{
	int64_t t;
	return strlen(s) == 19 && s[10] == ' ' && sim_time_parse(s, &t);
}

/* What is wrong with the body, or NULL. */
static const char *
push_fault(const json_t *in, const json_t *who, bool sms, const char **value)
{
	const json_t *custom = json_object_get(in, "custom");
	const char *address =
	    str_of(who, sms ? "phoneNumber" : "emailAddress");
	const char *send_at = str_of(who, "sendEmailAt");
	*value = NULL;
	if (!json_is_object(in) || !json_is_object(who))
		return "Body must be an object with respondent";
	const char *what = address_fault(address, sms);
	*value = address;
	if (what != NULL)
		return what;
	*value = send_at;
	if (send_at != NULL && *send_at != '\0' && !is_send_at(send_at))
		return "sendEmailAt is not a date:";
	*value = str_of(in, "guid");
	if (json_object_get(in, "guid") != NULL &&
	    (*value == NULL || !guid_ok(*value)))
		return "guid is not a GUID:";
	*value = NULL;
	if (custom != NULL && !json_is_object(custom) &&
	    !json_is_string(custom))
		return "custom must be an object or a string";
	return NULL;
}

static void
push_reply(
    struct sim *s, struct reply *out, unsigned status, const struct member *m)
{
	const int64_t person = s->persons[m->person].id;
	reply_json(out, status,
	    cased(s, json_pack("{s:I, s:I, s:I, s:s}", "id",
			 J(s->opt.person_id ? person : m->id), "respondentId",
			 J(person), "campaignId", J(m->campaign),
			 "additionStatus", m->added ? "Added" : "OptedOut")));
}

/* Seen before, and so no second effect: the answer is given here. */
static bool
push_known(struct sim *s, struct reply *out, const struct request *r,
    const json_t *in, size_t person)
{
	char key[64];
	size_t i;
	const char *guid = str_of(in, "guid");
	if (s->opt.idempotent && guid != NULL &&
	    index_get(s->by_guid, guid, &i)) {
		push_reply(s, out, 200, &s->members[i]);
		return true;
	}
	if (s->opt.dup == DUP_ALLOW ||
	    !index_get(s->by_pair,
		pair_key(key, sizeof(key), r->campaign, person), &i))
		return false;
	s->refused++;
	if (s->opt.dup == DUP_IGNORE)
		push_reply(s, out, 200, &s->members[i]);
	else
		reply_error(
		    out, 409, "Respondent is in this campaign already", NULL);
	return true;
}

static void
push_store(struct sim *s, struct reply *out, const struct request *r,
    const json_t *in, const struct person *p, bool sms)
{
	const json_t *who = json_object_get(in, "respondent");
	json_t *custom = json_object_get(in, "custom");
	const char *send_at = str_of(who, "sendEmailAt");
	const bool at_once = send_at == NULL || *send_at == '\0';
	ledger_add(
	    s, json_pack("{s:i, s:s, s:s*, s:o*, s:I, s:s?, s:s*, s:o, s:s, "
			 "s:s*, s:s, s:I, s:s*, s:s*, s:s*, s:s*, s:O*}",
		   "seq", 0, "kind", "respondent", "guid", str_of(in, "guid"),
		   "npsync_ref", custom_ref(custom), "campaign", J(r->campaign),
		   "email", sms ? NULL : str_of(who, "emailAddress"), "phone",
		   sms ? str_of(who, "phoneNumber") : NULL, "send_at",
		   time_json(
		       at_once ? s->now : time_of(who, "sendEmailAt", s->now)),
		   "received_at", "", "external_id", str_of(who, "externalId"),
		   "status", p->opted_out ? "OptedOut" : "Added", "id",
		   J(1450001 + (int64_t)s->n_members), "first_name",
		   str_of(who, "firstName"), "last_name",
		   str_of(who, "lastName"), "company",
		   str_of(json_object_get(who, "company"), "name"), "employee",
		   str_of(json_object_get(in, "employee"), "email"), "custom",
		   custom));
	push_reply(s, out, 201, &s->members[s->n_members - 1]);
}

/* "application/json", with or without a charset. */
static bool
is_json(const struct request *r)
{
	static const char want[] = "application/json";
	const size_t len = sizeof(want) - 1;
	const char *have = header_of(&r->in, "Content-Type");
	return have != NULL && strncmp(have, want, len) == 0 &&
	       (have[len] == '\0' || have[len] == ';' || have[len] == ' ');
}

void
on_push(struct sim *s, struct request *r, struct reply *out)
{
	const char *value = NULL;
	const struct campaign *c = NULL;
	for (size_t i = 0; i < s->n_campaigns; i++)
		if (s->campaigns[i].id == r->campaign)
			c = &s->campaigns[i];
	if (c == NULL) {
		reply_error(out, 404, "Campaign not found", NULL);
		return;
	}
	if (!is_json(r)) {
		reply_error(out, 415, "Unsupported Media Type", NULL);
		return;
	}
	json_t *in = json_loadb(r->in.body == NULL ? "" : r->in.body, r->in.len,
	    JSON_REJECT_DUPLICATES, NULL);
	const json_t *who = json_object_get(in, "respondent");
	const char *what = push_fault(in, who, c->sms, &value);
	if (what != NULL) {
		reply_error(out, 400, what, value);
	} else {
		const size_t person = person_get(
		    s, str_of(who, c->sms ? "phoneNumber" : "emailAddress"));
		if (!push_known(s, out, r, in, person))
			push_store(s, out, r, in, &s->persons[person], c->sms);
	}
	json_decref(in);
}
