/*
 * absent.c - contacts that a batch reading lacks without a word: each is asked
 * for alone, behind all others of its call.  How this could lose or harm, and
 * what stops it:
 *  - a contact that was merged away is tried for ever, for its id answers as the
 *    survivor: another id ends its tag, and the core, which follows merges, has
 *    it for the survivor;
 *  - its tag on the survivor's card, who may have a newer answer: nothing is
 *    written there;
 *  - readings that lack everybody: a contact is asked for once in a run, after
 *    that it waits for the next.
 */
#include <string.h>

#include "common/putting.h"
#include "writing.h"

#define LABEL "read a contact, for its tags"

void
hs_absent_note(struct hs_flight *f, size_t record)
{
	if (f->n_absent < HS_BATCH_MAX)
		f->absent[f->n_absent++] = record;
}

static bool
ask(struct hubspot *h, struct hs_flight *f, const char *id,
    struct http_req *req, struct err *err)
{
	struct arena *scratch = h->env.scratch;
	const struct api_req from = { .method = "GET", .label = LABEL,
		.target = hs_path(h, scratch, HS_OBJECTS, arena_printf(scratch,
		    "/contacts/%s?properties=%s", id, h->set->w.tag_property)) };

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
