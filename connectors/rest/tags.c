/*
 * tags.c - the steps of a tag write.  An even step reads the card, an odd one
 * changes one thing of what was read, or finds that nothing is left to do: so
 * what stands on the card decides, not what was sent, and nothing is kept
 * between two steps.  How this can lose, double or leak, and what stops it:
 *  - foreign tags: a list is written back only when all of it could be read
 *    (tags_plan.c), with If-Match or its version where there is one; one written
 *    meanwhile is a conflict, and the card is read again;
 *  - a reply that is lost: the core begins at the reading; what stands there is
 *    not written again;
 *  - a score that is lost between two calls: the new tag comes first, the old
 *    ones go after it was seen;
 *  - two tags of a campaign, or one twice: the others go, one by one;
 *  - a 200 that carries an error: the profile's errors are asked first, and one
 *    that no line explains is neither a card nor a write;
 *  - a CRM that takes a write and does nothing: the card is read back; what does
 *    not stand there is put off, never "written";
 *  - a write that is answered 404 for a card just read: the profile's path is
 *    wrong; no card is taken for gone by that;
 *  - a card that never comes right: STEPS_MAX.
 */
#include "tags.h"

#include <stdio.h>
#include <string.h>

#include "select.h"
#include "uses.h"

#define STEPS_MAX 16
#define LISTS_MAX 8

/* What the holes of one request stand for. */
struct fill {
	struct rest_crm *c;
	const struct rest_tags *set;
	const struct crm_tag_write *write;
	const struct http_res *before;
	json_t *card;
	const struct tag_plan *plan;
	const struct rest_tag *tag;	/* that goes; NULL = the value comes */
	json_t *made[LISTS_MAX];
	size_t n_made;
};

static void
fill_cleanup(struct fill *f)
{
	for (size_t i = 0; i < f->n_made; i++)
		json_decref(f->made[i]);
}

static const struct rest_tags *
tags_of(const struct rest_crm *c)
{
	return &c->set->profile.writing.tags;
}

/* ---- holes ------------------------------------------------------------------ */
static void
json_out(struct fill *f, json_t *node, struct hole_value *out)
{
	if (node == NULL)
		return;
	*out = (struct hole_value){ .type = HOLE_JSON, .json = node };
	if (f->n_made < LISTS_MAX)
		f->made[f->n_made++] = node;
}

/* Names or ids; of those that stay, of those that go, of the one that comes. */
static void
list_out(struct fill *f, bool ids, bool stay, bool go, bool come,
    struct hole_value *out)
{
	const struct tag_plan *p = f->plan;
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && i < p->n; i++) {
		const struct rest_tag *tag = &p->tag[i];
		if (tag->goes ? go : stay)
			(void)json_array_append_new(list, ids
			    ? tag_id_json(&tag->id) : json_string(tag->raw));
	}
	if (come && p->add)
		(void)json_array_append_new(list, ids
		    ? tag_id_json(&p->value_id) : json_string(p->value));
	json_out(f, list, out);
}

static bool
hole_list(struct fill *f, const char *name, struct hole_value *out)
{
	if (f->plan == NULL)
		return false;
	if (strcmp(name, "tags") == 0)
		list_out(f, false, true, false, true, out);
	else if (strcmp(name, "tag_ids") == 0)
		list_out(f, true, true, false, true, out);
	else if (strcmp(name, "add") == 0)
		list_out(f, false, false, false, true, out);
	else if (strcmp(name, "add_ids") == 0)
		list_out(f, true, false, false, true, out);
	else if (strcmp(name, "remove") == 0)
		list_out(f, false, false, true, false, out);
	else if (strcmp(name, "remove_ids") == 0)
		list_out(f, true, false, true, false, out);
	else
		return false;
	return true;
}

static void
text_out(const char *text, struct hole_value *out)
{
	*out = (struct hole_value){ .type = HOLE_TEXT, .text = text };
}

static void
id_out(struct fill *f, const struct tag_id *id, struct hole_value *out)
{
	if (id->text != NULL)
		json_out(f, tag_id_json(id), out);
}

static bool
hole_one(struct fill *f, const char *name, struct hole_value *out)
{
	const struct tag_plan *p = f->plan;
	const bool come = f->tag == NULL;

	if (p == NULL)
		return false;
	if (strcmp(name, "tag") == 0)
		text_out(come ? p->value : f->tag->raw, out);
	else if (strcmp(name, "tag_id") == 0)
		id_out(f, come ? &p->value_id : &f->tag->id, out);
	else if (strcmp(name, "new") == 0)
		text_out(p->value, out);
	else if (strcmp(name, "new_id") == 0)
		id_out(f, &p->value_id, out);
	else if (strcmp(name, "tags_text") == 0)
		text_out(p->text, out);
	else
		return false;
	return true;
}

static void
select_out(struct fill *f, struct select_match m, struct hole_value *out)
{
	if (m.key != NULL)
		text_out(m.key, out);
	else if (m.node != NULL)
		json_out(f, json_incref(m.node), out);
}

static bool
hole_of(void *arg, const char *name, struct hole_value *out)
{
	struct fill *f = arg;

	*out = (struct hole_value){ .type = HOLE_NONE };
	if (strcmp(name, "contact_id") == 0)
		text_out(f->write->contact_id, out);
	else if (strcmp(name, "etag") == 0)
		text_out(f->before == NULL ? NULL : f->before->etag, out);
	else if (strcmp(name, "version") == 0)
		select_out(f, select_first(f->card, &f->set->version), out);
	else if (strncmp(name, "row.", 4) == 0)
		select_out(f, select_first(f->card, &(const struct strlist){
		    .v = &(const char *){ name + 4 }, .n = 1 }), out);
	else
		return hole_list(f, name, out) || hole_one(f, name, out);
	return true;
}

/* ---- requests ------------------------------------------------------------------ */
static bool
build(struct fill *f, const struct rest_request *from, struct http_req *req,
    struct err *err)
{
	return rest_build(&f->c->rest, from, hole_of, f, req, err);
}

/* If-Match names what was read, beside the headers that are there. */
static bool
add_match(struct fill *f, struct http_req *req, struct err *err)
{
	struct arena *scratch = f->c->rest.env->scratch;
	const char *etag = f->before->etag;
	size_t n = 0;

	if (!f->set->etag)
		return true;
	if (etag == NULL || *etag == '\0')
		return err_set(err, ERR_PROTOCOL, "tags.read: no ETag in the "
		    "answer, and tags.etag is true");
	while (req->headers != NULL && req->headers[n][0] != NULL)
		n++;
	const char *(*headers)[2] = arena_array(scratch, n + 2,
	    sizeof(*headers));
	const char *copy = arena_strdup(scratch, etag);
	if (headers == NULL || copy == NULL)
		return err_nomem(err);
	if (n > 0)
		memcpy(headers, req->headers, n * sizeof(*headers));
	headers[n][0] = "If-Match";
	headers[n][1] = copy;
	req->headers = (const char *const (*)[2])headers;
	return true;
}

static bool
change(struct fill *f, const struct rest_request *from, struct http_req *req,
    struct err *err)
{
	const struct select_match version = select_first(f->card,
	    &f->set->version);

	if (!build(f, from, req, err))
		/* One card without is no reason to stop the others. */
		return err->kind == ERR_CONFIG && version.node == NULL &&
		    version.key == NULL && rest_request_uses(from, "version")
		    ? err_set(err, ERR_PROTOCOL,
		        "tags.version: the card has no version") : false;
	req->repeatable = false;
	return add_match(f, req, err);
}

/* ---- one thing of the plan ------------------------------------------------------ */
static const struct rest_tag *
first_that_goes(const struct tag_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->tag[i].goes)
			return &plan->tag[i];
	return NULL;
}

/* The card was changed before, and does not show it. */
static bool
is_stuck(const struct fill *f, int step)
{
	return step >= STEPS_MAX || (step > 1 &&
	    (f->set->style != REST_TAGS_CALLS || f->plan->add));
}

static bool
change_by_call(struct fill *f, struct http_req *req, struct err *err)
{
	const struct rest_tags *set = f->set;
	const struct rest_tag *goes = first_that_goes(f->plan);
	const struct rest_request *from = &set->remove;

	f->tag = goes;
	if (f->plan->add && goes != NULL && rest_request_given(&set->update)) {
		from = &set->update;
	} else if (f->plan->add) {
		f->tag = NULL;
		from = &set->add;
	}
	return tag_plan_has_ids(f->plan, f->tag, from, err) &&
	    change(f, from, req, err);
}

static bool
change_card(struct fill *f, int step, struct http_req *req, struct err *err)
{
	const struct rest_request *from = &f->set->write;

	if (!tag_plan_changes(f->plan))
		return err_set(err, ERR_DONE, "the card is as it should be");
	if (is_stuck(f, step))
		return err_set(err, ERR_RETRY, "tags: the CRM took the change, but "
		    "the card does not show it");
	if (f->set->style == REST_TAGS_CALLS)
		return change_by_call(f, req, err);
	return tag_plan_has_ids(f->plan, f->tag, from, err) &&
	    tag_plan_has_names(f->plan, from, err) && change(f, from, req, err);
}

/* ---- answers ------------------------------------------------------------------- */
/* The body if it is JSON: an answer to a write may be empty, or a page. */
static enum rest_meaning
meaning_of(struct rest_crm *c, const struct http_res *res,
    struct json_doc **doc, char *text, size_t size)
{
	struct err unreadable;

	arena_reset(c->rest.page);
	if (res->body_len == 0 ||
	    !json_parse(res->body, res->body_len, doc, &unreadable))
		*doc = NULL;
	return rest_judge(&c->rest, res, *doc == NULL ? NULL : json_root(*doc),
	    text, size);
}

static bool
refuse(enum rest_meaning means, const struct http_res *res, const char *what,
    const char *text, struct err *err)
{
	if (means == REST_GONE)
		return err_set(err, ERR_GONE, "the CRM has no such contact");
	return rest_fail(means, res, what, text, err);
}

/* before = the card. */
static bool
step_change(struct fill *f, int step, struct http_req *req, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct rest_crm *c = f->c;
	char text[96];
	struct tag_plan plan;
	const enum rest_meaning means = meaning_of(c, f->before, &doc, text,
	    sizeof(text));

	if (means != REST_OK)
		return refuse(means, f->before, "tags.read", text, err);
	if (doc == NULL)
		return err_set(err, ERR_PROTOCOL, "tags.read: expected JSON");
	if (!rest_is_success(&c->rest, f->before, json_root(doc), err))
		return err_wrap(err, "tags.read");
	if (!tag_card_of(c, f->write->contact_id, json_root(doc), &f->card,
	        err) ||
	    !tag_plan_make(f->set, &c->writer->names, f->write, f->card,
	        c->rest.env->scratch, &plan, err))
		return false;
	f->plan = &plan;
	const bool ok = change_card(f, step, req, err);
	/* What refers to the document goes before it. */
	fill_cleanup(f);
	f->n_made = 0;
	return ok;
}

/* Did the change go through, as far as its answer says?  Of a single tag that
 * is there or gone already the next reading tells. */
static bool
check_change(struct fill *f, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	char text[96];
	const enum rest_meaning means = meaning_of(f->c, f->before, &doc, text,
	    sizeof(text));
	const bool by_call = f->set->style == REST_TAGS_CALLS;

	if (means == REST_OK && !by_call && doc != NULL &&
	    !rest_is_success(&f->c->rest, f->before, json_root(doc), err))
		return err_wrap(err, "tags.write");
	if (means == REST_OK ||
	    (by_call && (means == REST_CONFLICT || means == REST_GONE)))
		return true;
	if (means == REST_CONFLICT)
		return err_set(err, ERR_DONE, "somebody else wrote the card");
	if (means == REST_GONE)
		return err_set(err, ERR_PROTOCOL, "tags.write: HTTP %ld for a card "
		    "that was just read", f->before->status);
	return rest_fail(means, f->before, "tags.write", text, err);
}

static bool
step_read(struct fill *f, int step, struct http_req *req, struct err *err)
{
	const bool by_call = f->set->style == REST_TAGS_CALLS;

	if (step > 0 && !check_change(f, err))
		return false;
	if (step > 0 && !by_call && !f->set->verify)
		return err_set(err, ERR_DONE, "written");
	if (!build(f, &f->set->read, req, err))
		return false;
	req->repeatable = true;
	return true;
}

bool
rest_tags_request(void *self, const struct crm_tag_write *writes, size_t n,
    int step, const struct http_res *before, struct http_req *req,
    struct err *err)
{
	struct rest_crm *c = self;
	AUTO(fill) struct fill f = { .c = c, .set = tags_of(c),
		.write = writes, .before = before };

	if (f.set->style == REST_TAGS_NONE)
		return err_set(err, ERR_CONFIG, "profile %s writes no tags",
		    c->rest.profile);
	if (n != 1 || (step > 0 && before == NULL))
		return err_set(err, ERR_BUG, "tags: one card a call");
	if (rest_listing_given(&f.set->names.read) && !c->writer->names.read)
		return err_set(err, ERR_PROTOCOL, "tags.names were not read");
	return step % 2 == 0 ? step_read(&f, step, req, err)
	                     : step_change(&f, step, req, err);
}

/* The last answer: a reading of a card that is as it should be, or what became
 * of a write. */
bool
rest_tags_result(void *self, const struct http_res *res,
    struct put_result *results, size_t n, struct err *err)
{
	struct rest_crm *c = self;
	AUTO(json_doc) struct json_doc *doc = NULL;
	char text[96];
	const enum rest_meaning means = meaning_of(c, res, &doc, text,
	    sizeof(text));

	if (n != 1)
		return err_set(err, ERR_BUG, "tags: one card a call");
	switch (means) {
	case REST_OK:
		results[0].outcome = PUT_DONE;
		return true;
	case REST_CONFLICT:
		results[0].outcome = PUT_CONFLICT;
		(void)snprintf(results[0].reason, sizeof(results[0].reason),
		    "HTTP %ld, somebody else wrote the card", res->status);
		return true;
	case REST_GONE:
	case REST_FAILURE:
	case REST_THROTTLED:
	case REST_SESSION:
	case REST_REJECTED:
		break;
	}
	return refuse(means, res, "tags", text, err);
}
