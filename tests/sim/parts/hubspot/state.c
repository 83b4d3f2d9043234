/*
 * state.c - the /sim/ calls that change the server, and what it has seen.
 */
#include "sim.h"

void
sim_fault(struct sim *s, struct call *c, struct reply *out)
{
	bool good = true;

	if (flag_of(c->body, "clear"))
		faults_clear(s);
	else
		good = fault_add(s, c->body);
	reply_json(out, good ? 200 : 400, json_pack("{s:I}", "faults",
	    J(s->n_faults)));
}

/* {"token", "scopes": "a,b" or null} */
void
sim_token(struct sim *s, struct call *c, struct reply *out)
{
	const char *token = str_of(c->body, "token");
	const json_t *scopes = json_object_get(c->body, "scopes");

	if (token != NULL)
		s->opt.token = dup_text(token);
	if (json_is_string(scopes))
		s->opt.scopes = dup_text(json_string_value(scopes));
	else if (json_is_null(scopes))
		s->opt.scopes = NULL;
	reply_json(out, 200, json_pack("{s:b}", "done", 1));
}

/* {"search_rate": 5, "lag_s": 600, "id_text": true, ...} */
void
sim_switch(struct sim *s, struct call *c, struct reply *out)
{
	struct options *o = &s->opt;
	const struct {
		const char *name;
		bool *to;
	} flags[] = { { "id_text", &o->id_text },
		{ "after_integer", &o->after_integer },
		{ "assoc_text", &o->assoc_text }, { "time_ms", &o->time_ms },
		{ "whole_batch", &o->whole_batch },
		{ "each_input", &o->each_input }, { "in_lower", &o->in_lower },
		{ "plain_stages", &o->plain_stages } };
	const struct {
		const char *name;
		int64_t *to;
	} numbers[] = { { "lag_s", &o->lag_s }, { "daily", &o->daily },
		{ "assoc_page", &o->assoc_page }, { "list_max", &o->list_max },
		{ "used", &s->used_today } };
	size_t known = 0;

	for (size_t i = 0; i < LEN(flags); i++) {
		const json_t *v = json_object_get(c->body, flags[i].name);
		known += json_is_boolean(v);
		if (json_is_boolean(v))
			*flags[i].to = json_is_true(v);
	}
	for (size_t i = 0; i < LEN(numbers); i++) {
		const json_t *v = json_object_get(c->body, numbers[i].name);
		known += json_is_integer(v);
		if (json_is_integer(v))
			*numbers[i].to = json_integer_value(v);
	}
	reply_json(out, known == json_object_size(c->body) ? 200 : 400,
	    json_pack("{s:I}", "known", J(known)));
}

/* ---- what it has seen ---------------------------------------------------- */

void
sim_ledger(struct sim *s, struct call *c, struct reply *out)
{
	(void)c;
	out->status = 200;
	out->type = "application/x-ndjson";
	out->raw = lines_text(s->opt.dir);
}

void
sim_stats(struct sim *s, struct call *c, struct reply *out)
{
	json_t *rows = json_object();

	(void)c;
	for (size_t i = 0; i < OBJ_N; i++)
		json_object_set_new(rows, s->kinds[i].name,
		    json_integer(J(s->kinds[i].n_rows)));
	reply_json(out, 200, json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:O, "
	    "s:O, s:O, s:O, s:o}", "requests", J(s->requests), "effects",
	    J(s->seq), "too_early", J(s->too_early), "search_peak",
	    J(s->search_peak), "used_today", J(s->used_today), "now",
	    ms_iso(now_ms(s)), "by_status", s->by_status, "by_on", s->by_on,
	    "violations", s->violations, "refused", s->refused, "rows", rows));
}
