/*
 * baseline.c - the keys of what was closed before the first run: by lists,
 * which know no limit of rows.  As events have them: of the record alone, and
 * with each of its contacts, whatever the label.
 */
#include <string.h>

#include "reading.h"

#define PAGE_MAX_BYTES ((size_t)33554432)
#define DEALS "/deals?properties=dealstage%2Chs_is_closed%2Chs_is_closed_won" \
	"&archived=false"
#define TICKETS "/tickets?properties=hs_pipeline_stage&archived=false"

struct half {
	const char *type, *rest, *label;
	const char *(*trigger)(const struct hubspot *h, json_t *row,
	    struct arena *arena);
	enum hs_pipelines pipelines;
};
static const struct half halves[] = {
	{ "deals", DEALS, "list deals", hs_deal_trigger, HS_OF_DEALS },
	{ "tickets", TICKETS, "list tickets", hs_ticket_trigger,
	    HS_OF_TICKETS },
};
struct baseline {
	struct hubspot *h;
	const struct half *half;
	struct arena *page;
	crm_key_fn *emit;
	checkpoint_fn *checkpoint;
	void *arg;
};

static bool
emit_key(const struct baseline *b, const char *trigger, const char *id,
    struct err *err)
{
	const struct crm_key key = { trigger, id };

	if (id == NULL)
		return err_nomem(err);
	return b->emit(b->arg, &key) || err_set(err, ERR_CANCELLED,
	    "baseline: stopped");
}

static bool
emit_keys(const struct baseline *b, json_t *row, const struct hs_links *links,
    struct err *err)
{
	const char *id = hs_id(row, "id", b->page);
	const char *trigger = b->half->trigger(b->h, row, b->page);
	const char *const *contacts = hs_links_of(links, id);

	if (!emit_key(b, trigger, id, err))
		return false;
	for (; contacts != NULL && *contacts != NULL; contacts++)
		if (!emit_key(b, trigger, arena_printf(b->page, "%s/%s", id,
		    *contacts), err))
			return false;
	return true;
}

/* Only those are asked about. */
static json_t *
closed_of(const struct baseline *b, json_t *rows)
{
	json_t *closed = json_array(), *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (hs_id(row, "id", b->page) != NULL &&
		    b->half->trigger(b->h, row, b->page) != NULL &&
		    json_array_append(closed, row) != 0)
			break;
	if (i == json_array_size(rows) && !arena_failed(b->page))
		return closed;
	json_decref(closed);
	return NULL;
}

static bool
emit_closed(const struct baseline *b, json_t *closed, struct err *err)
{
	struct hs_links links;
	json_t *row;
	size_t i;

	if (!hs_links_load(b->h, b->half->type, closed, NULL, b->page, &links,
	    err))
		return false;
	json_array_foreach(closed, i, row)
		if (!emit_keys(b, row, &links, err))
			return false;
	return true;
}

/* TYPE,CURSOR */
static bool
told(const struct baseline *b, const char *next, struct err *err)
{
	const char *text = arena_printf(b->page, "%s,%s", b->half->type, next);

	if (text == NULL)
		return err_nomem(err);
	return b->checkpoint == NULL || b->checkpoint(b->arg, text, NULL) ||
	    err_set(err, ERR_CANCELLED, "baseline: stopped");
}

static bool
on_page(void *arg, json_t *rows, const char *next, struct err *err)
{
	const struct baseline *b = arg;
	json_t *closed;

	arena_reset(b->page);
	closed = closed_of(b, rows);
	if (closed == NULL)
		return err_nomem(err);
	const bool ok = emit_closed(b, closed, err);
	json_decref(closed);
	return ok && (next == NULL || told(b, next, err));
}

static bool
half_read(struct baseline *b, const struct half *half, const char *after,
    struct err *err)
{
	const struct hs_settings *set = b->h->set;
	const struct hs_stages *s;

	b->half = half;
	if (half->pipelines == HS_OF_DEALS ? !set->deals : !set->tickets)
		return true;
	return hs_stages_get(b->h, half->pipelines, &s, err) &&
	    hs_list(b->h, HS_OBJECTS, half->rest, half->label, after, on_page,
	        b, err);
}

/* Of a broken reading: which half, and from where. */
static bool
place_of(const struct pull *pull, size_t *half, const char **after,
    struct err *err)
{
	*half = 0;
	*after = "";
	if (pull->resume == NULL)
		return true;
	for (; *half < ARRAY_LEN(halves); (*half)++) {
		const size_t len = strlen(halves[*half].type);
		if (strncmp(pull->resume, halves[*half].type, len) == 0 &&
		    pull->resume[len] == ',') {
			*after = pull->resume + len + 1;
			return true;
		}
	}
	return err_set(err, ERR_GONE,
	    "the place of the broken pull is not understood");
}

static bool
read_halves(struct baseline *b, const struct pull *pull, struct err *err)
{
	const char *after;
	size_t i;

	if (!hs_ready(b->h, true, err) || !place_of(pull, &i, &after, err))
		return false;
	for (; i < ARRAY_LEN(halves); i++) {
		if (!half_read(b, &halves[i], after, err))
			return false;
		after = "";
	}
	return true;
}

bool
hs_pull_baseline(void *self, const struct pull *pull, crm_key_fn *emit,
    checkpoint_fn *checkpoint, void *arg, struct err *err)
{
	AUTO(arena) struct arena *page = arena_new(PAGE_MAX_BYTES);
	struct baseline b = { .h = self, .page = page, .emit = emit,
		.checkpoint = checkpoint, .arg = arg };
	char at[32];

	if (page == NULL)
		return err_nomem(err);
	if (!read_halves(&b, pull, err))
		return false;
	return checkpoint == NULL ||
	    checkpoint(arg, NULL, clock_iso(at, hs_now(b.h))) ||
	    err_set(err, ERR_CANCELLED, "baseline: stopped");
}
