/*
 * erase.c - a person looked up by address or number, and taken away with
 * every send and answer.
 */
#include <strings.h>

#include "sim.h"

/* Digits alone tell two numbers apart. */
static bool
same_number(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += strcspn(a, "0123456789");
		b += strcspn(b, "0123456789");
		if (*a != *b || *a == '\0')
			return *a == *b;
	}
}

/* By mail address or number: a number may be several people's. */
static bool
person_is(const struct person *p, bool by_phone, const char *wanted)
{
	const bool sms = strchr(p->email, '@') == NULL;
	const char *phone = sms ? p->email : p->phone;
	if (p->erased)
		return false;
	return by_phone ? phone != NULL && same_number(phone, wanted)
			: strcasecmp(p->email, wanted) == 0;
}

void
on_respondents(struct sim *s, struct request *r, struct reply *out)
{
	static const char *const names[] = { "emailAddress", "phoneNumber" };
	json_t *items = json_array();
	for (size_t k = 0; k < 2; k++) {
		const char *wanted = MHD_lookup_connection_value(
		    r->in.con, MHD_GET_ARGUMENT_KIND, names[k]);
		for (size_t i = 0; wanted != NULL && i < s->n_persons; i++) {
			const struct person *p = &s->persons[i];
			const bool sms = strchr(p->email, '@') == NULL;
			if (person_is(p, k == 1, wanted))
				json_array_append_new(items,
				    json_pack("{s:I, s:s?, s:s?}", "id",
					J(p->id), names[0],
					sms ? NULL : p->email, names[1],
					sms ? p->email : p->phone));
		}
	}
	reply_json(out, 200, cased(s, items));
}

void
on_erase(struct sim *s, struct request *r, struct reply *out)
{
	int64_t id = 0;
	if (!sim_num(r->path + strlen("/respondents/"), &id))
		id = 0;
	for (size_t i = 0; i < s->n_persons; i++) {
		if (s->persons[i].id != id || s->persons[i].erased)
			continue;
		ledger_add(s, json_pack("{s:i, s:s, s:I}", "seq", 0, "kind",
				  "erased", "id", J(id)));
		out->status = 204;
		out->empty = true;
		return;
	}
	reply_error(out, 404, "no such respondent", NULL);
}

/* The name is free again; what hung on the person is not shown any more. */
void
person_erase(struct sim *s, int64_t id)
{
	char key[320];
	for (size_t i = 0; i < s->n_persons; i++) {
		struct person *p = &s->persons[i];
		if (p->id != id)
			continue;
		p->erased = true;
		key_lower(key, sizeof(key), p->email);
		json_object_del(s->by_email, key);
	}
}
