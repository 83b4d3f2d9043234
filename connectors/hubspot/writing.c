/*
 * writing.c - what the kinds of writing share, and the tag property with its
 * choices.  How this can lose or hang, and what stops it:
 *  - choices that others use: all are read before each change and go back with
 *    it (property.c); what somebody adds in that moment is lost, for HubSpot
 *    has no condition for a write;
 *  - a change of which no answer came, or that met another one (409): read
 *    again, three times at most;
 *  - a tag that HubSpot takes as no choice, and that keeps back all others:
 *    each alone then; it is refused for its contact.
 */
#include "writing.h"

#include <string.h>

#include "common/tagtext.h"

#define WORK_BYTES ((size_t)16777216)
#define CHANGES_MAX 3

bool
hs_writer_ready(struct hubspot *h, struct err *err)
{
	if (h->writer != NULL)
		return true;
	h->writer = arena_alloc(h->own, sizeof(*h->writer));
	if (h->writer == NULL)
		return err_nomem(err);
	idmap_init(&h->writer->added, h->own);
	idmap_init(&h->writer->asked, h->own);
	return true;
}

void
hs_writing_narrow(const struct hs_settings *set,
    struct crm_connector *copy)
{
	copy->tags_max = copy->effects_max = (size_t)set->w.batch_max;
	if (*set->w.tag_property != '\0')
		return;
	copy->info.caps &= ~(uint32_t)(CRM_CAP_TAGS | CRM_CAP_ENSURE_TAGS);
	copy->tags_max = 0;
	copy->tags_request = NULL;
	copy->tags_result = NULL;
	copy->ensure_tags = NULL;
}

/* Without a category it may be anything's on the way, such as a proxy's. */
bool
hs_is_of_records(const struct http_res *res, enum err_kind kind, json_t *root)
{
	const char *category = json_string_value(json_object_get(root,
	    "category"));

	if (res->status == 404)
		return category != NULL &&
		    strcmp(category, "OBJECT_NOT_FOUND") == 0;
	return res->status == 413 || (kind == ERR_REJECTED &&
	    category != NULL && (res->status == 400 || res->status == 409 ||
	        res->status == 422));
}

static enum hs_said
said_by(const struct http_res *res, enum err_kind kind, bool writing,
    json_t *root)
{
	if ((writing || res->status == 404) &&
	    hs_is_of_records(res, kind, root))
		return HS_REFUSED;
	return res->status == 404 && kind == ERR_GONE && hs_is_own_error(root)
	    ? HS_MISSING : HS_ANSWERED;
}

bool
hs_answer_read(struct hubspot *h, const struct http_res *res,
    const char *label, bool writing, struct json_doc **doc,
    enum hs_said *said, struct err *err)
{
	struct api_verdict v;

	if (!apicall_parse(res, label, doc, err))
		return false;
	json_t *root = *doc == NULL ? NULL : json_root(*doc);
	apicall_judge(&h->api, res, root, &v);
	*said = said_by(res, v.kind, writing, root);
	if (*said != HS_ANSWERED)
		return true;
	if (v.kind == ERR_GONE || (v.kind == ERR_REJECTED && writing))
		v.kind = ERR_PROTOCOL;
	if (v.kind != ERR_NONE) {
		(void)apicall_fail(&v, res, label, err);
		/* A missing scope is so for all of them: no 403 that the core
		 * would take for one contact's. */
		if (v.kind == ERR_AUTH)
			err->code = 0;
		return false;
	}
	return root != NULL || err_set(err, ERR_PROTOCOL, "%s: expected JSON",
	    label);
}

bool
hs_do(struct hubspot *h, struct arena *arena, const struct api_req *req,
    struct api_res *res, struct err *err)
{
	return hs_token(h, err) && (apicall_do(&h->api, arena, req, res, err) ||
	    hs_told(api_root(res), err));
}

/* ---- properties ---------------------------------------------------------- */
bool
hs_property_get(struct hubspot *h, struct arena *arena, const char *name,
    struct api_res *res, bool *there, struct err *err)
{
	struct err why = { .kind = ERR_NONE };
	const struct api_req req = { .method = "GET",
		.label = "property of contacts", .target = hs_path(h, arena,
		    HS_PROPERTIES, arena_printf(arena, "/contacts/%s", name)) };

	*there = false;
	if (!hs_is_property_name(name))
		return err_set(err, ERR_CONFIG, "\"%.60s\" is no internal name "
		    "of a property: HubSpot shows it in Settings, Properties, "
		    "behind </>", name);
	if (req.target == NULL)
		return err_nomem(err);
	if (hs_do(h, arena, &req, res, &why)) {
		*there = json_is_object(api_root(res));
		return *there || err_set(err, ERR_PROTOCOL, "property %s of "
		    "contacts: expected an object", name);
	}
	if (why.kind == ERR_GONE)
		return true;
	*err = why;
	return err_wrap(err, "%s", name);
}

enum hs_form
hs_tag_kind(const struct hubspot *h)
{
	return h->set->w.tag_type == HS_TAGS_ENUMERATION ? HS_KIND_CHOICES
	    : HS_KIND_LONG_TEXT;
}

/* ---- the tag property ---------------------------------------------------- */
static bool
tag_property_get(struct hubspot *h, struct arena *arena, struct api_res *res,
    struct err *err)
{
	const char *name = h->set->w.tag_property;
	bool there;

	if (!hs_property_get(h, arena, name, res, &there, err))
		return err_wrap(err, "tag_property");
	if (!there)
		return err_set(err, ERR_CONFIG, "tag_property: contacts have "
		    "no property %s: `npsync check --fix` makes it", name);
	const char *fault = hs_property_fault(arena, api_root(res),
	    hs_tag_kind(h));
	return fault == NULL || err_set(err, ERR_CONFIG, "tag_property: %s %s: "
	    "correct tag_property or tag_type", name, fault);
}

/* Those that it does not offer yet, each once. */
static size_t
missing_choices(json_t *property, const char *const *tags, size_t n,
    const char **out)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		bool again = !tagtext_is_tag(tags[i]) ||
		    hs_property_offers(property, tags[i]);
		for (size_t j = 0; !again && j < k; j++)
			again = strcmp(out[j], tags[i]) == 0;
		if (!again)
			out[k++] = tags[i];
	}
	return k;
}

static bool
remember(struct hubspot *h, const char *const *tags, size_t n,
    struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *tag = arena_strdup(h->own, tags[i]);
		if (tag == NULL || (!idmap_has(&h->writer->added, tag) &&
		    !idmap_put(&h->writer->added, tag, NULL)))
			return err_nomem(err);
	}
	return true;
}

/* *again: it is not known whether it was taken, or another one came first. */
static bool
add_choices(struct hubspot *h, struct arena *arena, const char *body,
    bool *again, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };
	const struct api_req req = { .method = "PATCH", .body = body,
		.body_len = strlen(body),
		.label = "choices of the tag property", .target = hs_path(h, arena, HS_PROPERTIES, arena_printf(arena,
		    "/contacts/%s", h->set->w.tag_property)) };

	*again = false;
	if (req.target == NULL)
		return err_nomem(err);
	if (hs_do(h, arena, &req, &res, err))
		return true;
	*again = err->kind == ERR_RETRY || res.http.status == 409;
	if (res.http.status == 409)
		err->kind = ERR_RETRY;
	return false;
}

static bool
choices_once(struct hubspot *h, const char *const *tags, size_t n, bool *again,
    struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(WORK_BYTES);
	AUTO(api_res) struct api_res res = { 0 };
	const char *body;

	*again = false;
	if (arena == NULL)
		return err_nomem(err);
	const char **missing = arena_array(arena, n + 1, sizeof(*missing));
	if (missing == NULL)
		return err_nomem(err);
	if (!tag_property_get(h, arena, &res, err))
		return false;
	h->writer->tags_ready = true;
	if (hs_tag_kind(h) != HS_KIND_CHOICES)
		return true;
	const size_t k = missing_choices(api_root(&res), tags, n, missing);
	if (k == 0)
		return true;
	if (!hs_choices_body(arena, api_root(&res), missing, k, &body, err))
		return false;
	const bool ok = add_choices(h, arena, body, again, err);
	if ((ok || *again) && !remember(h, missing, k, err))
		return false;
	return ok;
}

static bool
choices_ready(struct hubspot *h, const char *const *tags, size_t n,
    struct err *err)
{
	bool again = true, ok = false;

	for (int i = 0; !ok && again && i < CHANGES_MAX; i++)
		ok = choices_once(h, tags, n, &again, err);
	return ok;
}

/* A tag that is no choice is refused again with its contact, and told there. */
static bool
is_of_a_tag(const struct hubspot *h, const struct err *err)
{
	return h->writer->tags_ready && err->kind == ERR_REJECTED;
}

bool
hs_ensure_tags(void *self, const char *const *tags, size_t n, struct err *err)
{
	struct hubspot *h = self;

	if (!hs_writer_ready(h, err))
		return false;
	if (choices_ready(h, tags, n, err))
		return true;
	if (!is_of_a_tag(h, err))
		return false;
	for (size_t i = 0; n > 1 && i < n; i++)
		if (!choices_ready(h, &tags[i], 1, err) &&
		    !is_of_a_tag(h, err))
			return false;
	return true;
}
