/*
 * state.c - the state, made from ledger lines only.
 */
#include "sim.h"

bool
index_get(const json_t *map, const char *key, size_t *i)
{
	const json_t *v = json_object_get(map, key);
	if (v == NULL)
		return false;
	*i = (size_t)json_integer_value(v);
	return true;
}

size_t
person_get(struct sim *s, const char *email)
{
	char key[320];
	size_t i;
	key_lower(key, sizeof(key), email);
	if (index_get(s->by_email, key, &i))
		return i;
	i = s->n_persons;
	s->persons = grow(s->persons, i, sizeof(*s->persons));
	s->persons[i] =
	    (struct person){ .email = dup_text(email), .id = 88 + (int64_t)i };
	s->n_persons++;
	json_object_set_new(s->by_email, key, json_integer(J(i)));
	return i;
}

const char *
pair_key(char *out, size_t size, int64_t campaign, size_t person)
{
	snprintf(out, size, "%lld/%zu", (long long)campaign, person);
	return out;
}

/* Mail or, of an SMS campaign, the number: what names the person. */
static const char *
address_of(const json_t *rec)
{
	const char *email = str_of(rec, "email");
	return email != NULL ? email : str_of(rec, "phone");
}

static void
member_add(struct sim *s, json_t *rec)
{
	char key[64];
	const size_t i = s->n_members;
	s->members = grow(s->members, i, sizeof(*s->members));
	struct member *m = &s->members[i];
	*m = (struct member){ .rec = json_incref(rec),
		.person = person_get(s, address_of(rec)),
		.id = int_of(rec, "id", 0),
		.campaign = int_of(rec, "campaign", 0),
		.received = time_of(rec, "received_at", 0) };
	if (str_of(rec, "email") != NULL && str_of(rec, "phone") != NULL)
		s->persons[m->person].phone = str_of(rec, "phone");
	m->send_at = time_of(rec, "send_at", m->received);
	if (m->send_at < m->received)
		m->send_at = m->received; /* past means at once */
	const char *status = str_of(rec, "status");
	m->added = status == NULL || strcmp(status, "Added") == 0;
	s->n_members++;
	json_object_set_new(s->by_pair,
	    pair_key(key, sizeof(key), m->campaign, m->person),
	    json_integer(J(i)));
	if (str_of(rec, "guid") != NULL)
		json_object_set_new(
		    s->by_guid, str_of(rec, "guid"), json_integer(J(i)));
}

static void
rating_add(struct sim *s, json_t *rec)
{
	const size_t mi = (size_t)(int_of(rec, "member", 0) - 1450001);
	if (mi >= s->n_members)
		return;
	struct member *m = &s->members[mi];
	if (m->answer == 0) {
		s->answers =
		    grow(s->answers, s->n_answers, sizeof(*s->answers));
		s->answers[s->n_answers] = (struct answer){ .member = mi,
			.id = 406359 + (int64_t)s->n_answers };
		m->answer = ++s->n_answers;
	}
	struct answer *a = &s->answers[m->answer - 1];
	s->ratings = grow(s->ratings, s->n_ratings, sizeof(*s->ratings));
	s->ratings[s->n_ratings] = (struct rating){ .rec = json_incref(rec),
		.at = time_of(rec, "at", 0),
		.prev = a->last,
		.comment_at = time_of(rec, "comment_at", NO_TIME),
		.recorded = time_of(rec, "received_at", 0) };
	a->last = ++s->n_ratings;
}

static void
state_apply(void *sim, json_t *rec)
{
	struct sim *s = sim;
	const char *kind = str_of(rec, "kind");
	const int64_t seq = int_of(rec, "seq", 0);
	if (seq > s->seq)
		s->seq = seq;
	if (kind == NULL)
		return;
	if (strcmp(kind, "respondent") == 0 || strcmp(kind, "foreign") == 0) {
		member_add(s, rec);
	} else if (strcmp(kind, "answer") == 0) {
		rating_add(s, rec);
	} else if (strcmp(kind, "erased") == 0) {
		person_erase(s, int_of(rec, "id", 0));
	} else {
		struct person *p = &s->persons[person_get(s, address_of(rec))];
		p->changed = time_of(rec, "received_at", 0);
		if (strcmp(kind, "optout") == 0)
			p->opted_out = true;
		else if (strcmp(kind, "optin") == 0)
			p->opted_out = false;
		else if (strcmp(kind, "anonymised") == 0)
			p->anonymised = true;
	}
}

/* On disk first, then in memory: the order a kill must not turn round. */
void
ledger_add(struct sim *s, json_t *rec)
{
	json_object_set_new(rec, "seq", json_integer(J(s->seq + 1)));
	json_object_set_new(rec, "received_at", time_json(s->now));
	line_add(s->ledger, rec, !s->opt.no_sync);
	state_apply(s, rec);
	json_decref(rec);
}

void
ledger_load(struct sim *s)
{
	lines_read(s->opt.dir, state_apply, s);
}
