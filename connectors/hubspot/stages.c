/*
 * stages.c - which stages of the pipelines mean that something ended.
 */
#include <string.h>
#include <strings.h>

#include "num.h"
#include "reading.h"

#define ANSWER_MAX_BYTES ((size_t)33554432)
#define STAGES_MAX 2000
#define EPSILON 1e-9

enum hs_kind
hs_deal_kind(const char *probability, const char *is_closed)
{
	const bool open = is_closed != NULL && strcasecmp(is_closed,
	    "false") == 0;
	double p;

	if (probability == NULL || open ||
	    !num_parse_double(probability, 0, 1, &p))
		return HS_OPEN;
	if (p > 1 - EPSILON)
		return HS_WON;
	return p < EPSILON && is_closed != NULL &&
	    strcasecmp(is_closed, "true") == 0 ? HS_LOST : HS_OPEN;
}

enum hs_kind
hs_stage_kind(const struct hs_stages *s, const char *id)
{
	for (size_t i = 0; id != NULL && i < s->n; i++)
		if (strcmp(s->v[i].id, id) == 0)
			return s->v[i].kind;
	return HS_OPEN;
}

/* ---- one stage ------------------------------------------------------------------ */
static bool
is_named(const struct strlist *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], id) == 0)
			return true;
	return false;
}

static enum hs_kind
kind_of(const struct hubspot *h, enum hs_pipelines of, const char *id,
    json_t *stage)
{
	const struct hs_settings *set = h->set;
	json_t *meta = json_object_get(stage, "metadata");
	const char *state = json_string_value(json_object_get(meta,
	    "ticketState"));

	if (of == HS_OF_TICKETS)
		return set->ticket_closed_stages.n > 0 ?
		    (is_named(&set->ticket_closed_stages, id) ? HS_CLOSED :
		        HS_OPEN) :
		    state != NULL && strcasecmp(state, "CLOSED") == 0 ?
		    HS_CLOSED : HS_OPEN;
	if (set->won_stages.n > 0 || set->lost_stages.n > 0)
		return is_named(&set->won_stages, id) ? HS_WON :
		    is_named(&set->lost_stages, id) ? HS_LOST : HS_OPEN;
	return hs_deal_kind(json_text(h->own, json_object_get(meta,
	    "probability")), json_text(h->own, json_object_get(meta,
	    "isClosed")));
}

struct stages {
	struct hubspot *h;
	enum hs_pipelines of;
	struct hs_stage *v;
	size_t n;
};

static bool
take_pipeline(struct stages *s, json_t *pipeline, struct err *err)
{
	struct arena *own = s->h->own;
	json_t *stage;
	size_t i;

	json_array_foreach(json_object_get(pipeline, "stages"), i, stage) {
		const char *id = json_text(own, json_object_get(stage, "id"));
		if (id == NULL || *id == '\0')
			continue;
		if (s->n == STAGES_MAX)
			return err_set(err, ERR_PROTOCOL, "pipelines: more than "
			    "%d stages", STAGES_MAX);
		s->v[s->n++] = (struct hs_stage){ .id = id,
			.label = json_text(own, json_object_get(stage,
			    "label")),
			.pipeline = json_text(own, json_object_get(pipeline,
			    "label")),
			.kind = kind_of(s->h, s->of, id, stage) };
	}
	return !arena_failed(own) || err_nomem(err);
}

/* ---- all ---------------------------------------------------------------------------- */
static bool
check_named(const struct stages *s, const struct strlist *names,
    const char *option, struct err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		size_t k = 0;
		while (k < s->n && strcmp(s->v[k].id, names->v[i]) != 0)
			k++;
		if (k == s->n)
			return err_set(err, ERR_CONFIG, "%s: the portal has no "
			    "stage \"%s\"; `npsync lists` shows those it has",
			    option, names->v[i]);
	}
	return true;
}

static bool
check_stages(const struct stages *s, struct err *err)
{
	const struct hs_settings *set = s->h->set;
	const bool deals = s->of == HS_OF_DEALS;

	if (deals ? !check_named(s, &set->won_stages, "won_stages", err) ||
	    !check_named(s, &set->lost_stages, "lost_stages", err) :
	    !check_named(s, &set->ticket_closed_stages,
	        "ticket_closed_stages", err))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].kind != HS_OPEN)
			return true;
	return err_set(err, ERR_CONFIG, deals ? "pipelines of deals: no stage "
	    "says that a deal was won or lost: name them in won_stages and "
	    "lost_stages, or set deals = false" : "pipelines of tickets: no "
	    "stage says CLOSED: name them in ticket_closed_stages, or set "
	    "tickets = false");
}

static bool
take_all(struct stages *s, json_t *root, struct err *err)
{
	json_t *results = json_object_get(root, "results"), *pipeline;
	size_t i;

	if (!json_is_array(results))
		return err_set(err, ERR_PROTOCOL, "pipelines: expected an array "
		    "\"results\"");
	json_array_foreach(results, i, pipeline)
		if (!take_pipeline(s, pipeline, err))
			return false;
	return check_stages(s, err);
}

bool
hs_stages_get(struct hubspot *h, enum hs_pipelines of,
    const struct hs_stages **out, struct err *err)
{
	AUTO(arena) struct arena *arena = NULL;
	AUTO(api_res) struct api_res res = { 0 };
	struct stages s = { .h = h, .of = of };
	struct hs_stages *kept;

	*out = h->stages[of];
	if (*out != NULL)
		return true;
	arena = arena_new(ANSWER_MAX_BYTES);
	s.v = arena_array(h->own, STAGES_MAX, sizeof(*s.v));
	kept = arena_alloc(h->own, sizeof(*kept));
	if (arena == NULL || s.v == NULL || kept == NULL)
		return err_nomem(err);
	const struct hs_call call = { .label = of == HS_OF_DEALS ?
	    "pipelines of deals" : "pipelines of tickets",
		.path = hs_path(h, arena, HS_PIPELINES, of == HS_OF_DEALS ?
		    "/deals" : "/tickets") };
	if (!hs_read(h, arena, &call, &res, err) ||
	    !take_all(&s, api_root(&res), err))
		return false;
	*kept = (struct hs_stages){ s.v, s.n };
	h->stages[of] = kept;
	*out = kept;
	return true;
}
