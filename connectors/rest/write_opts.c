/*
 * write_opts.c - the option tables of writing back, and what a profile must hold
 * before anything is written by it.
 */
#include <string.h>

#include "select.h"
#include "tags.h"
#include "uses.h"

#define NAMES_BYTES ((size_t)64 << 20)
#define END { .name = NULL }
#define STR(name_, at_, def_, help_) \
	{ .name = (name_), .type = OPT_STR, .offset = (at_), .def = (def_), \
	    .help = (help_) }
#define BOOL(name_, at_, def_, help_) \
	{ .name = (name_), .type = OPT_BOOL, .offset = (at_), .def = (def_), \
	    .help = (help_) }
#define PATHS(name_, at_, def_, help_) \
	{ .name = (name_), .type = OPT_STRLIST, .offset = (at_), \
	    .def = (def_), .check = select_check, .help = (help_) }
#define REQUEST(name_, at_, help_) \
	{ .name = (name_), .type = OPT_GROUP, .offset = (at_), .def = "", \
	    .sub = rest_request_opts, .help = (help_) }

static const char *const styles[] = { "none", "list", "text", "calls", NULL };

/* ---- tables ----------------------------------------------------------------- */
static const struct opt names_opts[] = {
#define AT(member) offsetof(struct rest_names, member)
	{ .name = "read", .type = OPT_GROUP, .offset = AT(read), .def = "",
	    .sub = rest_listing_opts, .help = "their listing; its id is a tag's" },
	PATHS("name", AT(name), "[ \"/name\" ]", "what a tag is called"),
	END
#undef AT
};

const struct opt rest_tags_opts[] = {
#define AT(member) offsetof(struct rest_tags, member)
	{ .name = "style", .type = OPT_CHOICE, .offset = AT(style),
	    .def = "none", .choices = styles,
	    .help = "list, text: the card's tags are written as a whole; calls: "
	    "one call for each that comes or goes" },
	REQUEST("read", AT(read), "the card of {contact_id}; rows: where it is "
	    "one of a list"),
	PATHS("at", AT(at), "[]", "the tags in the card; [] = the answer is the "
	    "list; \"\" = they may be missing"),
	PATHS("id", AT(id), "[ \"/id\" ]", "id of a tag that is an object"),
	PATHS("name", AT(name), "[ \"/name\" ]", "its name; [] = by names"),
	BOOL("ids", AT(ids), "false", "plain elements are ids, named by names"),
	STR("separator", AT(separator), ",", "text: between two tags"),
	{ .name = "at_most", .type = OPT_INT, .offset = AT(at_most),
	    .def = "0", .min = 0, .max = 100000, .help = "so many tags fill an "
	    "answer, and there may be more; 0 = all are there" },
	BOOL("etag", AT(etag), "false", "the answer to read has an ETag: If-Match"),
	PATHS("version", AT(version), "[]", "in the card, for {version}"),
	BOOL("verify", AT(verify), "true", "list, text: read the card again"),
	REQUEST("write", AT(write), "list, text: {tags:list} {tag_ids:list} "
	    "{tags_text}, or {add:list} {remove:list} {add_ids:list} "
	    "{remove_ids:list}; {etag} {version}"),
	REQUEST("add", AT(add), "calls: {tag} {tag_id}"),
	REQUEST("update", AT(update), "calls: {tag} {tag_id} becomes {new} "
	    "{new_id}; without it a tag comes, then one goes"),
	REQUEST("remove", AT(remove), "calls: {tag} {tag_id}"),
	{ .name = "names", .type = OPT_GROUP, .offset = AT(names),
	    .sub = names_opts, .help = "all tags there are, where they have ids" },
	REQUEST("create", AT(create), "makes {tag}"),
	PATHS("created", AT(created), "[ \"/id\" ]", "its id in that answer"),
	END
#undef AT
};

const struct opt rest_put_opts[] = {
#define AT(member) offsetof(struct rest_put, member)
	REQUEST("request", AT(request), "{ref} {contact_id} {employee_id} "
	    "{subject} {text} {day} {answered_at} {fields:object} {field.NAME}"),
	PATHS("remote_id", AT(remote_id), "[]", "id of what was made"),
	{ .name = "numbers", .type = OPT_STRLIST, .offset = AT(numbers),
	    .def = "[]", .help = "fields that {fields:object} gives as numbers" },
	BOOL("empty_as_null", AT(empty_as_null), "true",
	    "{fields:object}: null empties a field, else \"\""),
	END
#undef AT
};

/* ---- tags: what must be there ------------------------------------------------- */
static const char *const read_holes[] = { "contact_id", NULL };
static const char *const write_holes[] = { "contact_id", "tags", "tag_ids",
	"tags_text", "add", "add_ids", "remove", "remove_ids", "etag",
	"version", NULL };
static const char *const call_holes[] = { "contact_id", "tag", "tag_id", "etag",
	"version", NULL };
static const char *const update_holes[] = { "contact_id", "tag", "tag_id",
	"new", "new_id", "etag", "version", NULL };
static const char *const create_holes[] = { "tag", NULL };

static bool
must(const struct rest_crm *c, bool holds, const char *where,
    const char *expected, struct err *err)
{
	return holds || err_set(err, ERR_CONFIG, "profile %s: %s: expected %s",
	    rest_at(&c->rest, where), where, expected);
}

static bool
uses_any(const struct rest_request *req, const char *const *names)
{
	for (; *names != NULL; names++)
		if (rest_request_uses(req, *names))
			return true;
	return false;
}

static bool
check_request(const struct rest_crm *c, const struct rest_request *req,
    const char *const *known, const char *where, struct err *err)
{
	return must(c, rest_request_given(req), where, "a request for this style",
		   err) &&
	    rest_check(&c->rest, req, known, where, err);
}

/* The whole, or both what comes and what goes: one without the other would
 * leave two tags of a campaign, or take all others away. */
static bool
check_write(const struct rest_crm *c, const struct rest_tags *set,
    struct err *err)
{
	static const char *const whole[] = { "tags", "tag_ids", NULL };
	static const char *const comes[] = { "add", "add_ids", NULL };
	static const char *const goes[] = { "remove", "remove_ids", NULL };
	const struct rest_request *w = &set->write;
	const bool text = set->style == REST_TAGS_TEXT;

	if (!check_request(c, w, write_holes, "tags.write", err))
		return false;
	if (text)
		return must(c, rest_request_uses(w, "tags_text") &&
		    *set->separator != '\0', "tags.write",
		    "{tags_text}, and a separator", err);
	return must(c, uses_any(w, whole) || (uses_any(w, comes) &&
	    uses_any(w, goes)), "tags.write",
	    "{tags} or {tag_ids}, or both what comes ({add}, {add_ids}) and what "
	    "goes ({remove}, {remove_ids})", err);
}

static bool
check_calls(const struct rest_crm *c, const struct rest_tags *set,
    struct err *err)
{
	static const char *const named[] = { "tag", "tag_id", NULL };
	static const char *const renamed[] = { "new", "new_id", NULL };
	const bool update = rest_request_given(&set->update);

	return check_request(c, &set->add, call_holes, "tags.add", err) &&
	    check_request(c, &set->remove, call_holes, "tags.remove", err) &&
	    must(c, uses_any(&set->add, named), "tags.add",
		"{tag} or {tag_id}", err) &&
	    must(c, uses_any(&set->remove, named), "tags.remove",
		"{tag} or {tag_id}", err) &&
	    (!update || (rest_check(&c->rest, &set->update, update_holes,
			     "tags.update", err) &&
			    must(c, uses_any(&set->update, named) &&
				uses_any(&set->update, renamed), "tags.update",
				"{tag} or {tag_id}, and {new} or {new_id}",
				err)));
}

/* An id that comes is one of tags.names; nothing else knows it. */
static bool
check_names(const struct rest_crm *c, const struct rest_tags *set,
    struct err *err)
{
	static const char *const ids[] = { "add_ids", "tag_ids", "new_id",
		NULL };
	const struct listing names = { .name = "tags", .where = "tags.names",
		.set = &set->names.read, .of = set };
	const bool given = rest_listing_given(&set->names.read);
	const bool needed = set->ids || uses_any(&set->write, ids) ||
	    uses_any(&set->update, ids) ||
	    rest_request_uses(&set->add, "tag_id");

	return must(c, given || !needed, "tags.names.read",
		   "a listing of all tags: ids are asked for", err) &&
	    (!given || listing_check(&c->rest, &names, NULL, err)) &&
	    (!rest_request_given(&set->create) ||
		(must(c, given, "tags.names.read", "a listing of all tags, so "
		     "that none is made twice", err) &&
		    rest_check(&c->rest, &set->create, create_holes,
			"tags.create", err)));
}

/* A list found by "*" would be the first of several, written as the whole. */
static bool
check_at(const struct rest_crm *c, const struct rest_tags *set,
    struct err *err)
{
	for (size_t i = 0; i < set->at.n; i++)
		if (strpbrk(set->at.v[i], "*@") != NULL)
			return must(c, false, "tags.at", "a path to one list or "
			    "text, without \"*\" and \"@keys\"", err);
	return true;
}

static bool
check_tags(const struct rest_crm *c, const struct rest_tags *set,
    struct err *err)
{
	return check_request(c, &set->read, read_holes, "tags.read", err) &&
	    must(c, rest_request_uses(&set->read, "contact_id"), "tags.read",
		"{contact_id}", err) &&
	    check_at(c, set, err) &&
	    (set->style == REST_TAGS_CALLS ? check_calls(c, set, err)
	                                   : check_write(c, set, err)) &&
	    check_names(c, set, err);
}

/* ---- the others ------------------------------------------------------------------ */
static const char *const put_holes[] = { "ref", "contact_id", "employee_id",
	"subject", "text", "day", "answered_at", "fields", "field.*", NULL };

static bool
check_put(const struct rest_crm *c, const struct rest_put *set,
    const char *where, const char *needed, struct err *err)
{
	if (!rest_request_given(&set->request))
		return true;
	return rest_check(&c->rest, &set->request, put_holes, where, err) &&
	    must(c, needed == NULL || rest_request_uses(&set->request, needed),
		where, "{ref}, by which it is found again", err);
}

/* A post or a task: what may be repeated might be there twice. */
static bool
check_once(const struct rest_crm *c, const struct rest_put *set,
    const char *where, struct err *err)
{
	return check_put(c, set, where, NULL, err) &&
	    must(c, !rest_request_given(&set->request) ||
		(set->request.method != REST_GET && !set->request.repeatable),
		where, "a method other than GET, and no repeatable = true: it "
		"is sent once", err);
}

bool
rest_writer_open(struct rest_crm *c, struct err *err)
{
	const struct rest_writing *set = &c->set->profile.writing;

	c->writer = arena_alloc(c->rest.own, sizeof(*c->writer));
	if (c->writer == NULL)
		return err_nomem(err);
	c->writer->names.arena = arena_new(NAMES_BYTES);
	if (c->writer->names.arena == NULL)
		return err_nomem(err);
	return (set->tags.style == REST_TAGS_NONE ||
		   check_tags(c, &set->tags, err)) &&
	    check_put(c, &set->fields, "fields.request", NULL, err) &&
	    check_put(c, &set->answer, "answer.request", "ref", err) &&
	    check_once(c, &set->feed, "feed.request", err) &&
	    check_once(c, &set->task, "task.request", err);
}

void
rest_writer_close(struct rest_crm *c)
{
	if (c->writer != NULL)
		arena_free(c->writer->names.arena);
	c->writer = NULL;
}

void
rest_writing_narrow(const struct rest_writing *set, struct crm_connector *copy)
{
	if (set->tags.style == REST_TAGS_NONE) {
		copy->info.caps &= ~(uint32_t)(CRM_CAP_TAGS |
		    CRM_CAP_ENSURE_TAGS);
		copy->tags_request = NULL;
		copy->tags_result = NULL;
		copy->ensure_tags = NULL;
		copy->tags_max = 0;
	}
	if (!rest_request_given(&set->fields.request)) {
		copy->info.caps &= ~(uint32_t)CRM_CAP_FIELDS;
		copy->put_fields = NULL;
	}
	if (!rest_request_given(&set->answer.request)) {
		copy->info.caps &= ~(uint32_t)CRM_CAP_ANSWERS;
		copy->put_answer = NULL;
	}
	if (!rest_request_given(&set->feed.request)) {
		copy->info.caps &= ~(uint32_t)CRM_CAP_FEED;
		copy->post_feed = NULL;
	}
	if (!rest_request_given(&set->task.request)) {
		copy->info.caps &= ~(uint32_t)CRM_CAP_TASKS;
		copy->put_task = NULL;
	}
}
