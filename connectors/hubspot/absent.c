/*
 * absent.c - contacts that a batch reading lacks without a word: each is asked
 * for alone, behind all others of its call.  How this could lose or harm, and
 * what stops it:
 *  - a contact that was merged away is tried for ever, for its id answers as the
 *    survivor: another id ends its tag, and the core, which follows merges, has
 *    it for the survivor;
 *  - its tag on the survivor's card, who may have a newer answer: nothing is
 *    written there;
 *  - its fields on the survivor's card, night after night, for HubSpot takes the
 *    old id: whose write answers as somebody else is asked for in the same way;
 *  - readings that lack everybody: a contact is asked for once in a run, after
 *    that it waits for the next.
 */
#include <string.h>

#include "common/putting.h"
#include "writing.h"

#define LABEL "read a contact alone"
#define ROW_MAX_BYTES ((size_t)4194304)

void
hs_absent_note(struct hs_flight *f, size_t record)
{
	if (f->n_absent < HS_BATCH_MAX)
		f->absent[f->n_absent++] = record;
}

static struct api_req
request_of(const struct hubspot *h, struct arena *arena, const char *id)
{
	return (struct api_req){ .method = "GET", .label = LABEL,
		.target = hs_path(h, arena, HS_OBJECTS, arena_printf(arena,
		    "/contacts/%s?properties=hs_object_id", id)) };
}

static bool
ask(struct hubspot *h, struct hs_flight *f, const char *id,
    struct http_req *req, struct err *err)
{
	struct arena *scratch = h->env.scratch;
	const struct api_req from = request_of(h, scratch, id);

	f->doing = HS_ASKING;
	return from.target == NULL ? err_nomem(err) :
	    apicall_sign(&h->api, scratch, &from, req, err);
}

bool
hs_absent_ask(struct hubspot *h, struct hs_flight *f,
    const struct crm_tag_write *writes, struct http_req *req,
    struct err *err)
{
	for (; f->n_absent > 0; f->n_absent--) {
		const char *id = writes[f->absent[f->n_absent - 1]].contact_id;
		if (!idmap_has(&h->writer->asked, id))
			return hs_token(h, err) && ask(h, f, id, req, err);
	}
	return err_set(err, ERR_DONE, "nobody is left");
}

static bool
note_asked(struct hubspot *h, const char *id, struct err *err)
{
	const char *kept = arena_strdup(h->own, id);

	return (kept != NULL && idmap_put(&h->writer->asked, kept, NULL)) ||
	    err_nomem(err);
}

/* It may be there under its own id: the next reading will have it. */
static bool
take_row(struct arena *scratch, json_t *row, const char *id,
    struct put_result *result, struct err *err)
{
	const char *has = hs_id(row, "id", scratch);

	if (has == NULL)
		return arena_failed(scratch) ? err_nomem(err) :
		    err_set(err, ERR_PROTOCOL, LABEL ": expected its \"id\"");
	if (strcmp(has, id) != 0)
		put_result_set(result, PUT_GONE,
		    "it was merged into another contact", "");
	else if (json_is_true(json_object_get(row, "archived")))
		put_result_set(result, PUT_GONE, "it was deleted", "");
	return true;
}

bool
hs_absent_take(struct hubspot *h, struct hs_flight *f,
    const struct crm_tag_write *writes, const struct http_res *res,
    struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	const size_t record = f->absent[f->n_absent - 1];
	const char *id = writes[record].contact_id;
	bool refused;

	if (!hs_answer_read(h, res, LABEL, true, &doc, &refused, err))
		return false;
	if (refused && res->status == 404)
		put_result_set(&f->result[record], PUT_GONE, "it was deleted",
		    "");
	else if (!refused && !take_row(h->env.scratch, json_root(doc), id,
	        &f->result[record], err))
		return false;
	f->n_absent--;
	return note_asked(h, id, err);
}

bool
hs_absent_look(struct hubspot *h, const char *id, struct put_result *result,
    struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(ROW_MAX_BYTES);
	AUTO(api_res) struct api_res res = { 0 };

	if (arena == NULL)
		return err_nomem(err);
	if (idmap_has(&h->writer->asked, id))
		return true;
	const struct api_req from = request_of(h, arena, id);
	if (from.target == NULL)
		return err_nomem(err);
	if (hs_do(h, arena, &from, &res, err)) {
		if (!take_row(arena, api_root(&res), id, result, err))
			return false;
	} else if (hs_is_of_records(&res.http, err->kind, api_root(&res)) &&
	    res.http.status == 404) {
		put_result_set(result, PUT_GONE, "it was deleted", "");
	} else {
		return false;
	}
	return note_asked(h, id, err);
}
