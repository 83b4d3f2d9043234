/*
 * erase.c - a person looked up by address or number, and taken away with
 * every send and answer.
 */
#include "sim.h"

void
on_respondents(struct sim *s, struct request *r, struct reply *out)
{
	static const char *const names[] = { "emailAddress", "phoneNumber" };
	json_t *items = json_array();
	char key[320];
	size_t i;
	for (size_t k = 0; k < 2; k++) {
		const char *wanted = MHD_lookup_connection_value(
		    r->con, MHD_GET_ARGUMENT_KIND, names[k]);
		if (wanted == NULL)
			continue;
		key_lower(key, sizeof(key), wanted);
		if (index_get(s->by_email, key, &i) && !s->persons[i].erased)
			json_array_append_new(items,
			    json_pack("{s:I, s:s}", "id", J(s->persons[i].id),
				names[k], s->persons[i].email));
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
