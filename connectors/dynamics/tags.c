/*
 * tags.c - the tags of a card: step 0 reads the column and the version of the
 * row, step 1 writes the column of that version.  Nothing is kept in between.
 * How this can lose, double or leak, and what stops it:
 *  - a tag that somebody sets meanwhile: the write names the version that was
 *    read (If-Match); 412 is a conflict, and the core reads again.  With
 *    tag_etag = false it names any (*), so that such a tag is lost: README.md;
 *  - a card that was deleted: every write has an If-Match, so that none is made
 *    anew; 404 is "gone";
 *  - foreign tags cut off: a text longer than its column is refused;
 *  - a column that the answer does not hold is an error, not "no tags";
 *  - a reply that is lost: the core begins at the reading, and what stands there
 *    is not written again;
 *  - a 404 that speaks of the address is the configuration, and no card is gone.
 */
#include <string.h>

#include "common/tagset.h"
#include "common/tagtext.h"
#include "common/units.h"
#include "text.h"
#include "writer.h"

/* ---- how much the column holds ------------------------------------------ */
/* Without the right to read definitions the service has the last word: it
 * refuses a text that is too long. */
static bool
ready(struct dynamics *d, struct err *err)
{
	struct dynamics_writer *w = d->writer;
	const struct column *c;

	if (w->column_asked)
		return true;
	w->tag_chars = (size_t)d->set->tag_chars;
	if (w->tag_chars == 0) {
		if (!column_find(d, "contact", d->set->tag_column, &c, err)) {
			if (err->kind != ERR_AUTH || err->code != 403)
				return false;
		} else if (c->there && c->type != COLUMN_TEXT) {
			return err_set(err, ERR_CONFIG, "tag_column: %s is of "
			    "type %s: expected a column for texts", c->name,
			    c->word);
		} else {
			w->tag_chars = c->chars;
		}
	}
	w->column_asked = true;
	return true;
}

/* ---- reading ------------------------------------------------------------ */
static bool
step_read(struct dynamics *d, const struct crm_tag_write *write,
    struct http_req *req, struct err *err)
{
	static const char *const headers[][2] = { { "If-None-Match", "null" },
		{ NULL, NULL } };
	struct arena *scratch = d->api.env.scratch;

	if (!dynamics_is_guid(write->contact_id))
		return err_set(err, ERR_REJECTED, "the contact's id is no GUID");
	if (write->value != NULL && !tagtext_is_tag(write->value))
		return err_set(err, ERR_REJECTED, "the tag holds ';' or a control "
		    "character");
	if (!ready(d, err))
		return false;
	const char *target = arena_printf(scratch, "contacts(%s)?$select=%s",
	    write->contact_id, d->set->tag_column);
	const struct api_req from = { .method = "GET", .label = "tags: GET",
		.headers = headers, .target = target == NULL ? NULL
		    : dynamics_target(d, scratch, target) };
	return from.target == NULL ? err_nomem(err)
	    : apicall_sign(&d->api, scratch, &from, req, err);
}

/* ---- answers ------------------------------------------------------------ */
/* Good: true, and the document where there is one. */
static bool
judge(struct dynamics *d, const struct http_res *res, const char *label,
    struct json_doc **doc, struct err *err)
{
	struct api_verdict v;

	if (!apicall_parse(res, label, doc, err))
		return false;
	json_t *root = *doc == NULL ? NULL : json_root(*doc);
	apicall_judge(&d->api, res, root, &v);
	if (v.kind == ERR_NONE)
		return true;
	if (v.kind == ERR_GONE && sending_is_wrong_path(root))
		v.kind = ERR_CONFIG;
	return apicall_fail(&v, res, label, err);
}

/* ---- writing ------------------------------------------------------------ */
/* The version of the row that was read, in scratch. */
static bool
version_of(const struct dynamics *d, const struct http_res *res, json_t *root,
    const char **match, struct err *err)
{
	const char *etag = json_string_value(json_object_get(root,
	    DYNAMICS_ETAG));

	if (!d->set->tag_etag) {
		*match = "*";
		return true;
	}
	if (etag == NULL || *etag == '\0')
		etag = res->etag;
	if (etag == NULL || *etag == '\0' || !text_is_line(etag))
		return err_set(err, ERR_REJECTED, "the answer has no version of "
		    "the row: enable optimistic concurrency for the table "
		    "contact, or set tag_etag = false");
	*match = arena_strdup(d->api.env.scratch, etag);
	return *match != NULL || err_nomem(err);
}

static bool
text_of(const struct dynamics *d, json_t *root, const char **text,
    struct err *err)
{
	json_t *node = json_object_get(root, d->set->tag_column);

	*text = json_is_null(node) ? "" : json_string_value(node);
	return *text != NULL || err_set(err, ERR_PROTOCOL,
	    "tags: expected a text in %s", d->set->tag_column);
}

static bool
check_room(const struct dynamics *d, const char *text, struct err *err)
{
	const size_t max = d->writer->tag_chars, n = units_count(text);

	return max == 0 || n <= max || err_set(err, ERR_REJECTED, "the tags need "
	    "%zu characters, %s holds %zu: make the column longer", n,
	    d->set->tag_column, max);
}

static bool
write_make(struct dynamics *d, const struct crm_tag_write *write,
    const char *text, const char *match, struct http_req *req, struct err *err)
{
	struct arena *scratch = d->api.env.scratch;
	struct body b;

	if (!check_room(d, text, err))
		return false;
	body_begin(&b, scratch);
	if (*text == '\0')
		body_json(&b, d->set->tag_column, "null");
	else
		body_text(&b, d->set->tag_column, text);
	const char *body = body_end(&b);
	const char *target = arena_printf(scratch, "contacts(%s)",
	    write->contact_id);
	target = target == NULL ? NULL : dynamics_target(d, scratch, target);
	if (body == NULL || target == NULL)
		return err_nomem(err);
	const char *headers[][2] = { { "If-Match", match }, { NULL, NULL } };
	const struct api_req from = { .method = "PATCH", .target = target,
		.label = "tags: PATCH", .body = body,
		.body_len = strlen(body),
		.headers = (const char *const (*)[2])headers };
	return apicall_sign(&d->api, scratch, &from, req, err);
}

static bool
step_write(struct dynamics *d, const struct crm_tag_write *write,
    const struct http_res *before, struct http_req *req, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct arena *scratch = d->api.env.scratch;
	const char *const *tags, *const *after;
	const char *text, *match = NULL;
	bool changed;

	if (!judge(d, before, "tags: GET", &doc, err))
		return false;
	if (doc == NULL || !json_is_object(json_root(doc)))
		return err_set(err, ERR_PROTOCOL, "tags: expected a JSON object");
	if (!text_of(d, json_root(doc), &text, err))
		return false;
	tags = tagtext_split(scratch, text);
	if (tags == NULL)
		return err_nomem(err);
	if (!tagset_apply(scratch, tags, write, &after, &changed, err))
		return false;
	if (!changed)
		return err_set(err, ERR_DONE, "the card is as it should be");
	text = tagtext_join(scratch, after);
	if (text == NULL)
		return err_nomem(err);
	return version_of(d, before, json_root(doc), &match, err) &&
	    write_make(d, write, text, match, req, err);
}

bool
dynamics_tags_request(void *self, const struct crm_tag_write *writes, size_t n,
    int step, const struct http_res *before, struct http_req *req,
    struct err *err)
{
	struct dynamics *d = self;

	if (*d->set->tag_column == '\0')
		return err_set(err, ERR_CONFIG, "tag_column is empty");
	if (n != 1 || (step > 0 && before == NULL))
		return err_set(err, ERR_BUG, "tags: one card a call");
	if (step == 0)
		return step_read(d, writes, req, err);
	return step == 1 ? step_write(d, writes, before, req, err)
	    : err_set(err, ERR_DONE, "written");
}

/* A reading of a card that is as it should be, or the answer to a write. */
bool
dynamics_tags_result(void *self, const struct http_res *res,
    struct put_result *results, size_t n, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct dynamics *d = self;

	if (n != 1)
		return err_set(err, ERR_BUG, "tags: one card a call");
	if (res->status == 412) {
		results[0] = (struct put_result){ .outcome = PUT_CONFLICT,
			.reason = "HTTP 412, somebody else wrote the card" };
		return true;
	}
	if (!judge(d, res, "tags", &doc, err))
		return false;
	results[0].outcome = PUT_DONE;
	return true;
}
