/*
 * control.c - the /sim/ controls of tests.
 */
#include <stdlib.h>

#include "sim.h"

#define FIRST_ANSWER 54120

/* ---- answers ------------------------------------------------------------------ */

static int64_t
answer_next(const struct sim *s)
{
	return FIRST_ANSWER + (int64_t)s->n_answers;
}

/* answer: any JSON; a whole number becomes the text that the service writes. */
static json_t *
answer_text(const json_t *v)
{
	if (json_is_integer(v))
		return num_text(json_integer_value(v));
	return v == NULL ? json_null() : json_deep_copy(v);
}

static int64_t
answer_store(struct sim *s, const json_t *in, const char *email, int64_t at)
{
	const int64_t id = int_of(in, "id", answer_next(s));
	const char *type = str_of(in, "type"), *comment = str_of(in, "comment");
	json_t *dont = json_object_get(in, "dontcontact");

	ledger_add(s, json_pack("{s:s, s:I, s:s, s:s*, s:o, s:s, s:O?, s:s, "
	    "s:s, s:s}", "kind", "answer", "id", J(id), "email", email, "ref",
	    str_of(in, "ref"), "answer",
	    answer_text(json_object_get(in, "answer")), "comment",
	    comment == NULL ? "" : comment, "dontcontact", dont, "question_type",
	    type == NULL ? "nps" : type, "responded", sim_time_iso(at), "sent",
	    sim_time_iso(time_of(in, "sent", at - 60))));
	return id;
}

void
answer_insert(struct sim *s, int64_t at)
{
	char *email = fmt_text("late-%zu@example.org", s->n_answers);
	json_t *in = json_pack("{s:i}", "answer", 7);

	(void)answer_store(s, in, email, at == NO_TIME ? s->now : at);
	json_decref(in);
	free(email);
}

static void
sim_answer(struct sim *s, struct call *c, struct reply *out)
{
	const char *email = str_of(c->body, "email");

	if (email == NULL) {
		reply_failed(out, 400, "email expected");
		return;
	}
	reply_json(out, 200, json_pack("{s:I}", "id", J(answer_store(s, c->body,
	    email, time_of(c->body, "at", s->now)))));
}

/* Of those whose mail left, a share answers: the address and the reference say
 * who, so that a repeat changes nothing. */
static void
sim_auto(struct sim *s, struct call *c, struct reply *out)
{
	const uint64_t percent = (uint64_t)int_of(c->body, "percent", 100);
	const size_t n = s->n_sends;
	int64_t answered = 0;

	for (size_t i = 0; i < n; i++) {
		const struct contact *who = &s->contacts[s->sends[i].contact];
		const char *ref = str_of(s->sends[i].fields, "npsync_ref_c");
		const uint64_t h = sim_hash(1, ref == NULL ? who->email : ref);
		if (s->sends[i].answered || s->sends[i].at > s->now ||
		    h % 100 >= percent)
			continue;
		json_t *in = json_pack("{s:I, s:s*, s:s}", "answer",
		    J(h / 100 % 11), "ref", ref, "comment", h / 1100 % 2 == 0
		    ? "" : "Grundig gennemgang; \"klar tale\"\nog god kaffe");
		(void)answer_store(s, in, who->email, s->now);
		json_decref(in);
		answered++;
	}
	reply_json(out, 200, json_pack("{s:I}", "answered", J(answered)));
}

/* Many at once, spread evenly over the time. */
static void
sim_fill(struct sim *s, struct call *c, struct reply *out)
{
	const int64_t from = time_of(c->body, "from", s->now - DAY_S);
	const int64_t to = time_of(c->body, "to", s->now);
	const int64_t answers = int_of(c->body, "answers", 0);
	const int64_t optouts = int_of(c->body, "optouts", 0);
	char email[64];

	for (int64_t i = 0; i < answers + optouts; i++) {
		const int64_t at = from + (to - from) * (i % (answers + 1)) /
		    (answers + 1);
		snprintf(email, sizeof(email), "person-%06lld@example.com",
		    (long long)i);
		json_t *in = i < answers ? json_pack("{s:I, s:s}", "answer",
		    J(i % 11), "comment", "Tak for hjælpen") : NULL;
		if (in != NULL)
			(void)answer_store(s, in, email, at);
		else
			ledger_add(s, json_pack("{s:s, s:s, s:s}", "kind",
			    "unsubscribe", "email", email, "at",
			    sim_time_iso(to)));
		json_decref(in);
	}
	reply_json(out, 200, json_pack("{s:I}", "answers",
	    J(s->n_answers)));
}

/* ---- people ---------------------------------------------------------------------- */

/* {"email", "fields": {...}, "active": false}: as if somebody had typed it in. */
static void
sim_contact(struct sim *s, struct call *c, struct reply *out)
{
	const char *email = str_of(c->body, "email");
	const json_t *active = json_object_get(c->body, "active");

	if (email == NULL) {
		reply_failed(out, 400, "email expected");
		return;
	}
	ledger_add(s, json_pack("{s:s, s:s, s:O*}", "kind", "import", "email",
	    email, "fields", json_object_get(c->body, "fields")));
	if (json_is_boolean(active))
		ledger_add(s, json_pack("{s:s, s:s, s:b}", "kind", "active",
		    "email", email, "active", json_is_true(active)));
	reply_json(out, 200, json_pack("{s:b, s:I}", "ok", 1, "id",
	    J(contact_find(s, email)->id)));
}

static void
sim_optout(struct sim *s, struct call *c, struct reply *out)
{
	const char *email = str_of(c->body, "email");

	if (email == NULL) {
		reply_failed(out, 400, "email expected");
		return;
	}
	ledger_add(s, json_pack("{s:s, s:s, s:s}", "kind", "unsubscribe",
	    "email", email, "at",
	    sim_time_iso(time_of(c->body, "at", s->now))));
	reply_json(out, 200, json_pack("{s:b}", "ok", 1));
}

/* ---- the server -------------------------------------------------------------------- */

static void
sim_now(struct sim *s, struct call *c, struct reply *out)
{
	int64_t t;

	if (!sim_time_parse(str_of(c->body, "now"), &t)) {
		reply_failed(out, 400, "now expected, 2026-11-25T20:00:00Z");
		return;
	}
	clock_write(s->now_file, t);
	s->now = t;
	reply_json(out, 200, json_pack("{s:s}", "now", sim_time_iso(t)));
}

static void
sim_fault(struct sim *s, struct call *c, struct reply *out)
{
	const bool clear = flag_of(c->body, "clear");

	if (clear)
		s->n_faults = 0;
	if (clear || fault_add(s, c->body))
		reply_json(out, 200, json_pack("{s:b}", "ok", 1));
	else
		reply_failed(out, 400, "kind or on is not known");
}

static void
sim_mutate(struct sim *s, struct call *c, struct reply *out)
{
	bool good;
	json_t *told = mutants_told(&s->mutants, c->body, &good);

	reply_json(out, good ? 200 : 400, told);
}

static void
sim_stats(struct sim *s, struct call *c, struct reply *out)
{
	(void)c;
	reply_json(out, 200, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, "
	    "s:I, s:I, s:I, s:I, s:I, s:O, s:O, s:O}", "now",
	    sim_time_iso(s->now), "requests", J(s->requests), "contacts",
	    J(s->n_contacts), "sends", J(s->n_sends), "answers",
	    J(s->n_answers), "redirects", J(s->redirects), "storage_port",
	    J(s->storage_port), "too_early", J(s->too_early), "struck",
	    J(s->mutants.struck), "trigger_peak_10s", J(s->triggers[0].peak),
	    "trigger_peak_60s", J(s->triggers[1].peak), "peak_10s",
	    J(s->all[0].peak), "by_status", s->by_status, "by_on", s->by_on,
	    "violations", s->violations));
}

/* The lines as an array: all, or those of one kind. */
static void
sim_ledger(struct sim *s, struct call *c, struct reply *out)
{
	const char *kind = str_of(c->body, "kind");
	char *text = lines_text(s->opt.dir);
	json_t *lines = json_array();

	for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
		json_t *rec = json_loads(line, 0, NULL);
		const char *has = str_of(rec, "kind");
		if (kind == NULL || (has != NULL && strcmp(kind, has) == 0))
			json_array_append(lines, rec);
		json_decref(rec);
	}
	free(text);
	reply_json(out, 200, json_pack("{s:o}", "lines", lines));
}

void
sim_control(struct sim *s, struct call *c, struct reply *out)
{
	static const struct {
		const char *name;
		handler_fn *handle;
	} controls[] = { { "now", sim_now }, { "answer", sim_answer },
		{ "auto", sim_auto }, { "fill", sim_fill },
		{ "contact", sim_contact }, { "optout", sim_optout },
		{ "fault", sim_fault }, { "mutate", sim_mutate },
		{ "stats", sim_stats }, { "ledger", sim_ledger } };
	const char *name = c->n_parts == 2 ? c->parts[1] : "";

	for (size_t i = 0; i < LEN(controls); i++)
		if (strcmp(controls[i].name, name) == 0) {
			if (c->body == NULL && c->in.len > 0)
				reply_failed(out, 400, "The body is no object");
			else
				controls[i].handle(s, c, out);
			return;
		}
	reply_failed(out, 404, "No such control");
}
