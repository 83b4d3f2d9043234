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
 *  - readings that lack everybody: a contact is asked for once in a run; who is
 *    gone then stays so, his fields too, and others wait for the next;
 *  - everybody is called gone, for the address is not served any more, or not just
 *    now: 404 counts against a contact only where it is HubSpot's own, and the list
 *    of contacts shows one right behind it, which an empty portal's does not;
 *  - a batch path that is not served, halved down to each contact, call after
 *    call: one who is there alone makes it doubted, and its next 404 ends the run
 *    as an error of the configuration, unless it has answered anybody since.
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

const char *
hs_absent_why(const struct hubspot *h, const char *id)
{
	return h->writer == NULL ? NULL : idmap_get(&h->writer->asked, id);
}

bool
hs_absent_now(struct hubspot *h, struct hs_flight *f,
    const struct crm_tag_write *writes, size_t record, struct http_req *req,
    struct err *err)
{
	const char *id = writes[record].contact_id;

	hs_absent_note(f, record);
	if (idmap_has(&h->writer->asked, id))
		return err_set(err, ERR_DONE, "it was asked for");
	f->suspect = true;
	return hs_token(h, err) && ask(h, f, id, req, err);
}

bool
hs_absent_ask(struct hubspot *h, struct hs_flight *f,
    const struct crm_tag_write *writes, struct http_req *req,
    struct err *err)
{
	for (; f->n_absent > 0; f->n_absent--) {
		const size_t record = f->absent[f->n_absent - 1];
		const char *id = writes[record].contact_id;
		const char *why = hs_absent_why(h, id);
		if (!idmap_has(&h->writer->asked, id))
			return hs_token(h, err) && ask(h, f, id, req, err);
		if (why != NULL)
			put_result_set(&f->result[record], PUT_GONE, why, "");
	}
	return err_set(err, ERR_DONE, "nobody is left");
}

static bool
note_asked(struct hubspot *h, const char *id, const struct put_result *result,
    struct err *err)
{
	const bool gone = result->outcome == PUT_GONE;
	const char *kept = arena_strdup(h->own, id);
	char *why = gone ? arena_strdup(h->own, result->reason) : NULL;

	return (kept != NULL && (why != NULL || !gone) &&
	    idmap_put(&h->writer->asked, kept, why)) || err_nomem(err);
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
    bool *prove, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	const size_t record = f->absent[f->n_absent - 1];
	const char *id = writes[record].contact_id;
	struct put_result *result = &f->result[record];
	enum hs_said said;

	if (!hs_answer_read(h, res, LABEL, true, &doc, &said, err))
		return false;
	const bool suspect = f->suspect && said == HS_ANSWERED;
	f->suspect = false;
	*prove = said == HS_MISSING;
	if (*prove)
		return true;
	if (res->status == 404)
		put_result_set(result, PUT_GONE, "it was deleted", "");
	else if (said == HS_ANSWERED && !take_row(h->env.scratch,
	        json_root(doc), id, result, err))
		return false;
	if (suspect && result->outcome != PUT_GONE)
		hs_batch_doubt(h, f->missing);
	f->n_absent--;
	return note_asked(h, id, result, err);
}

bool
hs_absent_gone(struct hubspot *h, struct hs_flight *f,
    const struct crm_tag_write *writes, struct err *err)
{
	const size_t record = f->absent[f->n_absent - 1];
	struct put_result *result = &f->result[record];

	put_result_set(result, PUT_GONE, "it was deleted", "");
	f->n_absent--;
	return note_asked(h, writes[record].contact_id, result, err);
}

/* ---- is a batch served? --------------------------------------------------- */
/* A proxy's 413 says nothing of what is behind it. */
void
hs_batch_served(struct hubspot *h, enum hs_doing of,
    const struct http_res *res, json_t *root)
{
	if (res->status / 100 == 2 || json_is_string(json_object_get(root,
	        "category")))
		h->writer->batch[of] = (struct hs_batch){ .served = true };
}

void
hs_batch_doubt(struct hubspot *h, enum hs_doing of)
{
	h->writer->batch[of] = (struct hs_batch){ .doubted = true };
}

bool
hs_batch_missing(const struct hubspot *h, enum hs_doing of, struct err *err)
{
	const struct hs_batch *b = &h->writer->batch[of];

	return b->served || !b->doubted || err_set(err, ERR_CONFIG,
	    "contacts/batch/%s is not served: HTTP 404, for contacts that are "
	    "there: correct api_version, or base_url if it is a gateway's",
	    of == HS_READING ? "read" : "update");
}

/* ---- is 404 of a contact? ------------------------------------------------- */
bool
hs_prove_ask(struct hubspot *h, struct hs_flight *f, struct http_req *req,
    struct err *err)
{
	struct arena *scratch = h->env.scratch;
	const struct api_req from = { .method = "GET", .label = HS_LIST,
		.target = hs_path(h, scratch, HS_OBJECTS, HS_LIST_ONE) };

	f->doing = HS_PROVING;
	return from.target == NULL ? err_nomem(err) : hs_token(h, err) &&
	    apicall_sign(&h->api, scratch, &from, req, err);
}

bool
hs_prove_take(struct hubspot *h, const struct http_res *res, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	enum hs_said said;

	if (res->status == 404)
		return hs_prove_by(NULL, err);
	return hs_answer_read(h, res, HS_LIST, false, &doc, &said, err) &&
	    hs_prove_by(json_root(doc), err);
}

/* ---- for fields ------------------------------------------------------------- */
/* 404, or the error stays. */
static bool
is_missing(struct hubspot *h, const struct api_res *res, struct err *err)
{
	if (res->http.status != 404 || err->kind != ERR_GONE)
		return false;
	return hs_is_of_records(&res->http, err->kind, api_root(res)) ||
	    hs_prove(h, api_root(res), err);
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
	} else if (is_missing(h, &res, err)) {
		put_result_set(result, PUT_GONE, "it was deleted", "");
	} else {
		return false;
	}
	return note_asked(h, id, result, err);
}
