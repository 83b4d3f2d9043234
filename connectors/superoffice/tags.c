/*
 * tags.c - the tags of a person, as interests or in a text field: step 0 reads
 * the person, step 1 writes what must change.  A write that meets 404 or 405 is
 * followed by one more reading, which tells a person that is gone from a server
 * that has no such call.  How this can lose, double or harm, and what stops it:
 *  - interests: only the ids that come or go are named (interests.c), so whatever
 *    somebody else sets meanwhile stays; sent twice it says the same;
 *  - a field that somebody writes between our reading and our writing: the patch
 *    tests that there stands what was read (409), or names the time of the last
 *    change (412), and the core reads again; with tag_guard = "none" what was
 *    written in a round trip is lost;
 *  - foreign tags cut off: a text longer than the field waits for a longer one;
 *  - a field that the answer does not hold, a person of another id: an error, not
 *    "no tags";
 *  - a 404 that is none of the service's own: the address is wrong, and no person
 *    is gone;
 *  - all persons taken for gone, as the server is too old for UpdateInterests.
 */
#include <string.h>

#include "common/stamp.h"
#include "common/tagset.h"
#include "common/tagtext.h"
#include "common/units.h"
#include "patch.h"
#include "writing.h"

#define LABEL_READ "tags: GET Person"
#define INTERESTS "/Agents/Person/UpdateInterests"
#define LABEL_INTERESTS "tags: POST UpdateInterests"
#define LABEL_PATCH "tags: PATCH Person"

static bool
in_interests(const struct superoffice *s)
{
	return s->set->tag_mode == SO_TAGS_INTERESTS;
}

/* ---- reading ------------------------------------------------------------- */
static bool
check_write(const struct superoffice *s, const struct crm_tag_write *write,
    struct err *err)
{
	if (!so_is_id(write->contact_id))
		return err_set(err, ERR_REJECTED, "the contact's id is no number");
	return in_interests(s) || write->value == NULL ||
	    tagtext_is_tag(write->value) || err_set(err, ERR_REJECTED,
	    "the tag holds ';' or a control character");
}

static bool
ready(struct superoffice *s, struct err *err)
{
	const struct so_field *field;

	return in_interests(s) ? so_list_read(s, false, err)
	    : so_tag_field(s, &field, err);
}

static bool
step_read(struct superoffice *s, const struct crm_tag_write *write,
    struct http_req *req, struct err *err)
{
	struct arena *scratch = s->api.env.scratch;
	const struct api_req from = { .method = "GET", .label = LABEL_READ,
		.target = so_person_target(scratch, write->contact_id,
		    in_interests(s) ? "PersonId,Interests"
		    : "PersonId,UpdatedDate,CustomFields") };

	return from.target == NULL ? err_nomem(err)
	    : apicall_sign(&s->api, scratch, &from, req, err);
}

/* ---- answers ------------------------------------------------------------- */
/* Good: true, and the document where there is one. */
static bool
judge(struct superoffice *s, const struct http_res *res, const char *label,
    struct json_doc **doc, struct err *err)
{
	struct api_verdict v;

	if (!apicall_parse(res, label, doc, err))
		return false;
	json_t *root = *doc == NULL ? NULL : json_root(*doc);
	apicall_judge(&s->api, res, root, &v);
	if (v.kind == ERR_NONE)
		return true;
	if (v.kind == ERR_GONE && !so_is_own_error(root))
		v.kind = ERR_CONFIG;
	return apicall_fail(&v, res, label, err);
}

static bool
read_person(struct superoffice *s, const struct crm_tag_write *write,
    const struct http_res *res, struct json_doc **doc, struct err *err)
{
	return judge(s, res, LABEL_READ, doc, err) &&
	    so_is_person(*doc == NULL ? NULL : json_root(*doc),
	    write->contact_id, err);
}

static bool
sign_write(struct superoffice *s, const struct api_req *write,
    struct http_req *req, struct err *err)
{
	struct api_req from = *write;

	if (from.body == NULL || from.target == NULL)
		return err_nomem(err);
	from.body_len = strlen(from.body);
	return apicall_sign(&s->api, s->api.env.scratch, &from, req, err);
}

/* ---- interests ----------------------------------------------------------- */
static bool
write_interests(struct superoffice *s, const struct crm_tag_write *write,
    json_t *person, struct http_req *req, struct err *err)
{
	struct arena *scratch = s->api.env.scratch;
	struct so_interest_plan plan;

	if (!so_interests_plan(&s->writer->interests, json_object_get(person,
	        "Interests"), write, scratch, &plan, err))
		return false;
	if (so_interests_unchanged(&plan))
		return err_set(err, ERR_DONE, "the person is as it should be");
	const struct api_req from = { .method = "POST", .target = INTERESTS,
		.label = LABEL_INTERESTS, .body = so_interests_body(scratch,
		    json_integer_value(json_object_get(person, "PersonId")),
		    &plan) };
	return sign_write(s, &from, req, err);
}

/* ---- a field ------------------------------------------------------------- */
static bool
text_of(json_t *node, const char *key, const char **text, struct err *err)
{
	*text = json_is_null(node) ? "" : json_string_value(node);
	return *text != NULL || err_set(err, ERR_PROTOCOL, "tags: expected a "
	    "text in %s of CustomFields", key);
}

static bool
check_room(const struct so_field *field, const char *text, struct err *err)
{
	const size_t n = units_count(text);

	if (field->chars == 0 || n <= field->chars)
		return true;
	(void)err_set(err, ERR_AUTH, "the tags need %zu characters, %s holds "
	    "%zu: make the field longer", n, field->key, field->chars);
	/* As a right that is lacking: somebody can give it, so not for good. */
	err->code = 403;
	return false;
}

/* The tags as they will be.  ERR_DONE: as they are. */
static bool
tags_after(struct superoffice *s, const struct crm_tag_write *write,
    const char *text, const char **after, struct err *err)
{
	struct arena *scratch = s->api.env.scratch;
	const char *const *tags = tagtext_split(scratch, text), *const *set;
	bool changed;

	if (tags == NULL)
		return err_nomem(err);
	if (!tagset_apply(scratch, tags, write, &set, &changed, err))
		return false;
	if (!changed)
		return err_set(err, ERR_DONE, "the person is as it should be");
	*after = tagtext_join(scratch, set);
	return *after != NULL || err_nomem(err);
}

/* Lives as long as the request. */
static bool
unmodified_since(struct arena *arena, json_t *person, const char **date,
    struct err *err)
{
	const time_t at = stamp_up(json_string_value(json_object_get(person,
	    "UpdatedDate")));
	char buf[32];

	if (at == NO_TIME)
		return err_set(err, ERR_PROTOCOL, "tags: expected a time in "
		    "UpdatedDate (tag_guard = \"test\" needs none)");
	*date = arena_strdup(arena, stamp_http(buf, at));
	return *date != NULL || err_nomem(err);
}

static bool
write_field(struct superoffice *s, const struct crm_tag_write *write,
    json_t *person, struct http_req *req, struct err *err)
{
	struct arena *scratch = s->api.env.scratch;
	const int guard = s->set->tag_guard;
	const struct so_field *field;
	const char *text, *after = NULL;
	struct so_patch patch;
	const char *headers[][2] = { { "If-Unmodified-Since", "" },
		{ NULL, NULL } };

	if (!so_tag_field(s, &field, err))
		return false;
	json_t *node = json_object_get(json_object_get(person, "CustomFields"),
	    field->key);
	if (!text_of(node, field->key, &text, err) ||
	    !tags_after(s, write, text, &after, err) ||
	    !check_room(field, after, err) || (guard == SO_GUARD_UNMODIFIED &&
	        !unmodified_since(scratch, person, &headers[0][1], err)))
		return false;
	so_patch_begin(&patch, scratch, s->set->customfield_path);
	if (guard == SO_GUARD_TEST)
		so_patch_test(&patch, field->key, node);
	so_patch_set(&patch, field->key, after);
	const struct api_req from = { .method = "PATCH", .label = LABEL_PATCH,
		.target = so_person_target(scratch, write->contact_id,
		    "PersonId,UpdatedDate"), .body = so_patch_end(&patch),
		.headers = guard == SO_GUARD_UNMODIFIED
		    ? (const char *const (*)[2])headers : NULL };
	return sign_write(s, &from, req, err);
}

/* ---- the steps ----------------------------------------------------------- */
static bool
step_write(struct superoffice *s, const struct crm_tag_write *write,
    const struct http_res *before, struct http_req *req, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;

	if (!read_person(s, write, before, &doc, err))
		return false;
	return in_interests(s)
	    ? write_interests(s, write, json_root(doc), req, err)
	    : write_field(s, write, json_root(doc), req, err);
}

static bool
lacks_the_call(const struct http_res *res)
{
	return res->status == 404 || res->status == 405;
}

/* The person is there: so it was the call that is not. */
static bool
step_blame(struct superoffice *s, const struct crm_tag_write *write,
    const struct http_res *before, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;

	if (!read_person(s, write, before, &doc, err))
		return false;
	return in_interests(s) ? err_set(err, ERR_CONFIG, LABEL_INTERESTS ": the "
	    "server does not have this call, it came with a later version: set "
	    "tag_mode = \"field\" and tag_field") : err_set(err, ERR_CONFIG,
	    LABEL_PATCH ": the server changes no person by PATCH: set tag_mode "
	    "= \"interests\"");
}

bool
so_tags_request(void *self, const struct crm_tag_write *writes, size_t n,
    int step, const struct http_res *before, struct http_req *req,
    struct err *err)
{
	struct superoffice *s = self;

	if (s->set->tag_mode == SO_TAGS_OFF)
		return err_set(err, ERR_CONFIG, "tag_mode is off");
	if (n != 1 || (step > 0 && before == NULL))
		return err_set(err, ERR_BUG, "tags: one person a call");
	if (step == 0)
		return check_write(s, writes, err) && ready(s, err) &&
		    step_read(s, writes, req, err);
	if (step == 1)
		return step_write(s, writes, before, req, err);
	if (step == 2 && lacks_the_call(before))
		return step_read(s, writes, req, err);
	return step == 3 ? step_blame(s, writes, before, err)
	    : err_set(err, ERR_DONE, "written");
}

/* A reading of a person who is as he should be, or the answer to a write. */
bool
so_tags_result(void *self, const struct http_res *res,
    struct put_result *results, size_t n, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct superoffice *s = self;

	if (n != 1)
		return err_set(err, ERR_BUG, "tags: one person a call");
	if (res->status == 409 || res->status == 412) {
		results[0] = (struct put_result){ .outcome = PUT_CONFLICT,
			.reason = "somebody else wrote the person" };
		return true;
	}
	if (!judge(s, res, "tags", &doc, err))
		return false;
	results[0].outcome = PUT_DONE;
	return true;
}
