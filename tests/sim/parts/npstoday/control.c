/*
 * control.c - the /sim/ endpoints.
 */
#include <stdlib.h>

#include "sim.h"

/* A control that is misspelt must not mean something else. */
bool
sim_body_ok(const struct request *r)
{
	json_t *in = body_json(&r->in);
	const bool ok = r->in.len == 0 || json_is_object(in);
	json_decref(in);
	return ok;
}

static bool
campaign_of(const struct sim *s, const json_t *in, int64_t *id)
{
	const json_t *v = json_object_get(in, "campaignId");
	if (json_is_string(v))
		return sim_num(json_string_value(v), id);
	*id = json_is_integer(v) ? json_integer_value(v) : s->campaigns[0].id;
	return v != NULL;
}

/* Somebody the caller means who was never sent to: link, other integration. */
static size_t
foreign_add(struct sim *s, const json_t *in, const char *email, int64_t at)
{
	int64_t campaign;
	(void)campaign_of(s, in, &campaign);
	ledger_add(
	    s, json_pack("{s:i, s:s, s:I, s:s, s:s*, s:o, s:s, s:s*, s:I}",
		   "seq", 0, "kind", "foreign", "campaign", J(campaign),
		   "email", email, "phone", str_of(in, "phone"), "send_at",
		   time_json(at), "received_at", "", "external_id",
		   str_of(in, "externalId"), "id",
		   J(1450001 + (int64_t)s->n_members)));
	return s->n_members - 1;
}

/* By guid, else the newest of that address (and campaign, if one is named). */
static bool
member_find(const struct sim *s, const json_t *in, size_t *found)
{
	char key[320];
	size_t person;
	int64_t campaign;
	const char *guid = str_of(in, "guid"), *email = str_of(in, "email");
	if (guid != NULL)
		return index_get(s->by_guid, guid, found);
	if (email == NULL)
		return false;
	key_lower(key, sizeof(key), email);
	if (!index_get(s->by_email, key, &person))
		return false;
	const bool one = campaign_of(s, in, &campaign);
	for (size_t i = s->n_members; i-- > 0;)
		if (s->members[i].person == person &&
		    (!one || s->members[i].campaign == campaign)) {
			*found = i;
			return true;
		}
	return false;
}

static void
rating_store(struct sim *s, size_t mi, json_t *rating, const char *comment,
    int64_t at, int64_t comment_at)
{
	const struct member *m = &s->members[mi];
	const size_t n = m->answer == 0 ? s->n_answers : m->answer - 1;
	ledger_add(s,
	    json_pack("{s:i, s:s, s:I, s:I, s:s*, s:I, s:s?, s:O?, s:s?, s:o, "
		      "s:o, s:s}",
		"seq", 0, "kind", "answer", "id", J(406359 + (int64_t)n),
		"member", J(m->id), "guid", str_of(m->rec, "guid"), "campaign",
		J(m->campaign), "email", str_of(m->rec, "email"), "rating",
		rating, "comment", comment, "at", time_json(at), "comment_at",
		time_json(comment == NULL ? NO_TIME : comment_at),
		"received_at", ""));
}

void
sim_answer(struct sim *s, struct request *r, struct reply *out)
{
	size_t mi;
	json_t *in = body_json(&r->in);
	const int64_t at = time_of(in, "at", s->now);
	const char *email = str_of(in, "email");
	if (!member_find(s, in, &mi)) {
		if (email == NULL) {
			reply_error(out, 404, "No such respondent", NULL);
			json_decref(in);
			return;
		}
		mi = foreign_add(s, in, email, at);
	}
	rating_store(s, mi, json_object_get(in, "rating"),
	    str_of(in, "comment"), at, time_of(in, "comment_at", at));
	const struct member *m = &s->members[mi];
	reply_json(out, 200,
	    json_pack("{s:I, s:I}", "id", J(s->answers[m->answer - 1].id),
		"memberId", J(m->id)));
	json_decref(in);
}

void
sim_foreign(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	const char *email = str_of(in, "email");
	if (email == NULL)
		reply_error(out, 400, "email expected", NULL);
	else
		reply_json(out, 200,
		    json_pack("{s:I}", "memberId",
			J(1450001 + (int64_t)foreign_add(s, in, email,
					time_of(in, "at", s->now)))));
	json_decref(in);
}

/* One mailed respondent answers or not: chance by address, campaign and day,
 * so that the same night gives the same answers whatever the guids are. */
static bool
auto_one(struct sim *s, size_t mi, uint64_t seed, uint64_t percent)
{
	static const int scores[20] = { 10, 9, 10, 9, 9, 10, 9, 10, 8, 7, 8, 8,
		7, 9, 7, 6, 5, 3, 6, 0 };
	static const char *const comments[] = { "ser mægtig flot ud",
		"Hurtigt svar, tak!", "Väldigt nöjd med mötet",
		"Leveringen kom for sent", "God oppfølging, litt dyr",
		"Vi savner en fast kontaktperson", "Erittäin hyvä palvelu",
		"Grundig gennemgang; \"klar tale\"\nog god kaffe" };
	char key[420];
	const struct member *m = &s->members[mi];
	if (!m->added || m->answer != 0 || m->send_at > s->now ||
	    s->persons[m->person].opted_out)
		return false;
	snprintf(key, sizeof(key), "%s/%lld/%lld", s->persons[m->person].email,
	    (long long)m->campaign,
	    (long long)sim_floor_div(m->send_at, DAY_S));
	const uint64_t h = sim_hash(seed, key);
	if (h % 100 >= percent)
		return false;
	const int64_t at = m->send_at + 300 + (int64_t)(h / 100 % 21600);
	const uint64_t c = h >> 40;
	json_t *rating = json_integer(scores[h / 1000 % 20]);
	/* One half comments, a third of these a day later. */
	rating_store(s, mi, rating, c % 2 == 0 ? NULL : comments[c / 2 % 8], at,
	    c / 16 % 3 == 0 ? at + 26 * 3600 : at + 90);
	json_decref(rating);
	return true;
}

void
sim_auto(struct sim *s, struct request *r, struct reply *out)
{
	int64_t n = 0, t;
	json_t *in = body_json(&r->in);
	const int64_t percent = int_of(in, "percent", 40);
	if (sim_time_parse(str_of(in, "now"), &t))
		now_set(s, t);
	for (size_t i = 0; i < s->n_members; i++)
		n += auto_one(
		    s, i, (uint64_t)int_of(in, "seed", 1), (uint64_t)percent);
	reply_json(out, 200, json_pack("{s:I}", "answered", J(n)));
	json_decref(in);
}

void
sim_now(struct sim *s, struct request *r, struct reply *out)
{
	int64_t t;
	char text[40];
	json_t *in = body_json(&r->in);
	if (!sim_time_parse(str_of(in, "now"), &t)) {
		reply_error(
		    out, 400, "now expected, 2026-11-25T20:00:00Z", NULL);
	} else {
		now_set(s, t);
		reply_json(out, 200,
		    json_pack("{s:s}", "now",
			sim_time_text(t, "Z", text, sizeof(text))));
	}
	json_decref(in);
}

/* /sim/optout, /sim/optin, /sim/anonymise: a fact about a person. */
void
sim_person(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	const char *email = str_of(in, "email"), *what = r->path + 5;
	if (email == NULL) {
		reply_error(out, 400, "email expected", NULL);
	} else {
		ledger_add(
		    s, json_pack("{s:i, s:s, s:s}", "seq", 0, "kind",
			   strcmp(what, "anonymise") == 0 ? "anonymised" : what,
			   "email", email));
		reply_json(out, 200, json_pack("{s:b}", "ok", 1));
	}
	json_decref(in);
}

void
sim_fault(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	if (json_is_true(json_object_get(in, "clear"))) {
		s->n_faults = 0;
		free(s->faults);
		s->faults = NULL;
	} else if (!fault_add(s, in)) {
		reply_error(out, 400, "kind or on is not known", NULL);
	}
	if (out->status == 0)
		reply_json(out, 200, json_pack("{s:b}", "ok", 1));
	json_decref(in);
}

void
sim_hold(struct sim *s, struct request *r, struct reply *out)
{
	json_t *in = body_json(&r->in);
	const char *when = str_of(in, "when");
	s->holds = (int)int_of(in, "count", 1);
	s->hold = when != NULL && strcmp(when, "before") == 0 ? HOLD_BEFORE
							      : HOLD_AFTER;
	reply_json(out, 200, json_pack("{s:b}", "ok", 1));
	json_decref(in);
}

void
sim_release(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	s->holds = 0;
	s->hold_round++;
	pthread_cond_broadcast(&s->released);
	reply_json(out, 200, json_pack("{s:i}", "released", s->holding));
}

void
sim_ledger(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	out->raw = lines_text(s->opt.dir);
	out->status = 200;
	out->type = "application/x-ndjson";
}

void
sim_stats(struct sim *s, struct request *r, struct reply *out)
{
	(void)r;
	int64_t mailed = 0, added = 0, answers = 0, left = 0, out_n = 0;
	int64_t foreign = 0;
	for (size_t i = 0; i < s->n_members; i++) {
		const struct member *m = &s->members[i];
		const bool own =
		    strcmp(str_of(m->rec, "kind"), "foreign") != 0;
		foreign += !own;
		added += m->added && own;
		mailed += m->added && own && m->send_at <= s->now;
	}
	for (size_t i = 0; i < s->n_answers; i++)
		answers += answer_match(s, i, NO_TIME);
	for (size_t i = 0; i < s->n_persons; i++)
		out_n += s->persons[i].opted_out;
	for (size_t i = 0; i < s->n_faults; i++)
		left += s->faults[i].times;
	reply_json(out, 200,
	    json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		      "s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:O}",
		"now", time_json(s->now), "seq", J(s->seq), "requests",
		J(s->requests), "pushes", J(s->pushes), "respondents", J(added),
		"foreign", J(foreign), "mailed", J(mailed),
		"duplicates_refused", J(s->refused), "answers", J(answers),
		"opted_out", J(out_n), "rate_limited", J(s->limited),
		"max_per_second", J(s->max_per_second), "too_early",
		J(s->too_early), "faults_left", J(left),
		"holding", s->holding, "by_status", s->by_status));
}
