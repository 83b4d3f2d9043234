/*
 * pipes.c - pipelines and their stages.
 */
#include "sim.h"

const struct stage deal_stages[] = {
	{ "default", "appointmentscheduled", "Møde aftalt", "0.2", false, false },
	{ "default", "contractsent", "Tilbud sendt", "0.9", false, false },
	{ "default", "closedwon", "Vundet", "1.0", true, true },
	{ "default", "closedlost", "Tabt", "0.0", true, false },
	{ "8123456", "98765430", "Renewal open", "0.5", false, false },
	{ "8123456", "98765432", "Renewed", "1.0", true, true },
	{ "8123456", "98765431", "Not renewed", "0.0", true, false },
	/* Open, and worth nothing yet: not lost. */
	{ "8123456", "98765429", "Idea", "0.0", false, false },
	{ NULL, NULL, NULL, NULL, false, false } };
const struct stage ticket_stages[] = {
	{ "0", "1", "New", NULL, false, false },
	{ "0", "2", "Waiting on contact", NULL, false, false },
	{ "0", "4", "Closed", NULL, true, false },
	{ "55501", "140", "Modtaget", NULL, false, false },
	{ "55501", "141", "Løst", NULL, true, false },
	{ "55501", "142", "Afvist", NULL, true, false },
	{ NULL, NULL, NULL, NULL, false, false } };

const struct stage *
stage_find(const struct stage *of, const char *id)
{
	for (; id != NULL && of->id != NULL; of++)
		if (strcmp(of->id, id) == 0)
			return of;
	return NULL;
}

static json_t *
stage_json(const struct sim *s, const struct stage *st, int order)
{
	json_t *meta = json_object();

	if (st->probability == NULL)
		json_object_set_new(meta, "ticketState",
		    json_string(st->closed ? "CLOSED" : "OPEN"));
	else
		json_object_set_new(meta, "probability",
		    json_string(st->probability));
	if (!s->opt.plain_stages)
		json_object_set_new(meta, "isClosed",
		    json_string(st->closed ? "true" : "false"));
	return json_pack("{s:s, s:s, s:i, s:o, s:s, s:s, s:b}", "label",
	    st->label, "id", st->id, "displayOrder", order, "metadata", meta,
	    "createdAt", "2024-01-01T00:00:00Z", "updatedAt",
	    "2024-01-01T00:00:00Z", "archived", 0);
}

static json_t *
pipelines_json(const struct sim *s, const struct stage *of)
{
	json_t *all = json_array(), *stages = NULL;
	const char *last = "";

	for (; of->id != NULL; of++) {
		if (strcmp(of->pipeline, last) != 0) {
			stages = json_array();
			json_array_append_new(all, json_pack(
			    "{s:s, s:i, s:s, s:o, s:b}", "label",
			    of->pipeline, "displayOrder",
			    (int)json_array_size(all), "id", of->pipeline,
			    "stages", stages, "archived", 0));
		}
		last = of->pipeline;
		json_array_append_new(stages, stage_json(s, of,
		    (int)json_array_size(stages)));
	}
	return all;
}

void
on_pipelines(struct sim *s, struct call *c, struct reply *out)
{
	const enum obj o = kind_place(s, c->kind);

	if (o != OBJ_DEALS && o != OBJ_TICKETS)
		reply_json(out, 200, json_pack("{s:[]}", "results"));
	else
		reply_json(out, 200, json_pack("{s:o}", "results",
		    pipelines_json(s, o == OBJ_DEALS ? deal_stages
						     : ticket_stages)));
}
