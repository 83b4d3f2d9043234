/*
 * state.c - people, mails and answers, made of ledger lines only.
 */
#include <stdlib.h>
#include <strings.h>

#include "sim.h"

static void
fold(char *out, size_t size, const char *s)
{
	size_t n = 0;

	for (; *s != '\0' && n + 1 < size; s++)
		out[n++] = (char)(*s >= 'A' && *s <= 'Z' ? *s + 32 : *s);
	out[n] = '\0';
}

struct contact *
contact_find(struct sim *s, const char *email)
{
	char key[320];

	fold(key, sizeof(key), email);
	const json_t *at = json_object_get(s->by_email, key);
	return at == NULL ? NULL : &s->contacts[json_integer_value(at)];
}

static struct contact *
contact_get(struct sim *s, const char *email, int64_t at)
{
	char key[320];
	struct contact *c = contact_find(s, email);
	const size_t n = s->n_contacts;

	if (c != NULL)
		return c;
	fold(key, sizeof(key), email);
	s->contacts = grow(s->contacts, n, sizeof(*s->contacts));
	s->contacts[n] = (struct contact){ .email = need(strdup(email)),
		.fields = need(json_object()), .id = 15816 + (int64_t)n,
		.created = at, .imported = at, .unsubscribed = NO_TIME,
		.active = true };
	json_object_set_new(s->by_email, key, json_integer(J(n)));
	s->n_contacts++;
	return &s->contacts[n];
}

int64_t
lastemailed_of(const struct sim *s, const struct contact *c)
{
	size_t i = c->last_send;

	while (i != 0 && s->sends[i - 1].at > s->now)
		i = s->sends[i - 1].prev;
	return i == 0 ? NO_TIME : s->sends[i - 1].at;
}

bool
is_scheduled(const struct sim *s, const struct contact *c)
{
	return c->last_send != 0 && s->sends[c->last_send - 1].at > s->now;
}

/* ---- what a line means ----------------------------------------------------- */

static void
send_apply(struct sim *s, struct contact *c, const json_t *rec)
{
	const size_t n = s->n_sends++;

	s->sends = grow(s->sends, n, sizeof(*s->sends));
	s->sends[n] = (struct send){ .contact = (size_t)(c - s->contacts),
		.prev = c->last_send, .at = time_of(rec, "at", 0),
		.fields = json_copy(c->fields) };
	c->last_send = n + 1;
}

/* The mail that is answered: of that reference, else the newest. */
static struct send *
send_answered(struct sim *s, const struct contact *c, const json_t *rec)
{
	const char *ref = str_of(rec, "ref");
	const int64_t at = time_of(rec, "responded", 0);

	for (size_t i = c->last_send; i != 0; i = s->sends[i - 1].prev) {
		struct send *one = &s->sends[i - 1];
		const char *has = str_of(one->fields, "npsync_ref_c");
		if (one->at <= at && (ref == NULL ||
		    (has != NULL && strcmp(ref, has) == 0)))
			return one;
	}
	return NULL;
}

static void
answer_apply(struct sim *s, const struct contact *c, json_t *rec)
{
	const int64_t id = int_of(rec, "id", 0);
	const int64_t last = s->n_answers == 0 ? 0
	    : s->answers[s->n_answers - 1].id;
	size_t n = id > last ? s->n_answers : 0;

	while (n < s->n_answers && s->answers[s->n_answers - 1 - n].id != id)
		n++;
	if (n < s->n_answers) {		/* the same again: its words change */
		struct answer *old = &s->answers[s->n_answers - 1 - n];
		json_decref(old->rec);
		old->rec = json_incref(rec);
		return;
	}
	struct send *of = send_answered(s, c, rec);
	s->answers = grow(s->answers, s->n_answers, sizeof(*s->answers));
	s->answers[s->n_answers++] = (struct answer){
		.contact = (size_t)(c - s->contacts), .id = id,
		.responded = time_of(rec, "responded", 0), .rec = json_incref(rec),
		.sent = of != NULL ? of->at : time_of(rec, "sent", 0),
		.fields = of != NULL ? of->fields : NULL };
	if (of != NULL)
		of->answered = true;
}

static void
state_apply(void *sim, json_t *rec)
{
	struct sim *s = sim;
	static const char *const kinds[] = { "import", "send", "answer",
		"unsubscribe", "active", "removed", NULL };
	const char *email = str_of(rec, "email");
	const int kind = place_of(str_of(rec, "kind"), kinds);

	s->seq = int_of(rec, "seq", 0);
	if (kind < 0 || email == NULL)
		return;
	struct contact *c = contact_get(s, email,
	    time_of(rec, "received_at", 0));
	if (kind <= 1) {
		json_object_update(c->fields, json_object_get(rec, "fields"));
		c->imported = time_of(rec, "received_at", 0);
	}
	if (kind == 1)
		send_apply(s, c, rec);
	else if (kind == 2)
		answer_apply(s, c, rec);
	else if (kind == 3)
		c->unsubscribed = time_of(rec, "at", 0);
	else if (kind == 4)
		c->active = json_is_true(json_object_get(rec, "active"));
	else if (kind == 5)
		c->removed = true;
}

/* ---- the file -------------------------------------------------------------- */

/* On disk first, then in memory: the order a kill must not turn round. */
void
ledger_add(struct sim *s, json_t *rec)
{
	json_object_set_new(rec, "seq", json_integer(J(s->seq + 1)));
	json_object_set_new(rec, "received_at",
	    json_string(sim_time_iso(s->now)));
	line_add(s->ledger, rec, !s->opt.no_sync);
	state_apply(s, rec);
	json_decref(rec);
}

static void
line_read(void *sim, json_t *rec)
{
	struct sim *s = sim;
	const char *what = str_of(rec, "what");

	state_apply(s, rec);
	if (what != NULL)
		count_up(s->violations, what);
}

void
ledger_load(struct sim *s)
{
	lines_read(s->opt.dir, line_read, s);
}

void
violation(struct sim *s, const char *what, const char *detail)
{
	count_up(s->violations, what);
	ledger_add(s, json_pack("{s:s, s:s, s:s*}", "kind", "violation", "what",
	    what, "detail", detail));
}
