/*
 * listing_opts.c - how a profile says that rows are got, and what of it can be
 * judged before the first request.
 */
#include "listing_int.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "common/hole.h"
#include "select.h"

/* In the order of enum paging_kind. */
static const char *const kinds[] = { "auto", "none", "page", "offset",
	"next_link", "link_header", "cursor", "keyset", NULL };

#define STR(name_, def_, help_) \
	{ .name = #name_, .type = OPT_STR, .offset = AT(name_), .def = (def_), \
	    .help = (help_) }
#define PATHS(name_, def_, help_) \
	{ .name = #name_, .type = OPT_STRLIST, .offset = AT(name_), \
	    .def = (def_), .check = select_check, .help = (help_) }
#define BOOL(name_, help_) \
	{ .name = #name_, .type = OPT_BOOL, .offset = AT(name_), \
	    .def = "false", .help = (help_) }
#define INT(name_, def_, min_, max_, help_) \
	{ .name = #name_, .type = OPT_INT, .offset = AT(name_), .def = (def_), \
	    .min = (min_), .max = (max_), .help = (help_) }

#define AT(member) offsetof(struct paging_settings, member)
static const struct opt pages_opts[] = {
	{ .name = "kind", .type = OPT_CHOICE, .offset = AT(kind),
	    .def = "auto", .choices = kinds,
	    .help = "how pages are asked for; none = there is one" },
	STR(page_param, "page", "parameter of the page number, without {page}"),
	STR(size_param, "", "parameter of the page size, without {size}; "
	    "empty = not sent"),
	STR(offset_param, "offset", "parameter of the offset, without {offset}"),
	STR(cursor_param, "cursor", "parameter of the cursor, without {cursor}"),
	INT(size, "200", 1, 5000, "rows asked for per page"),
	INT(first, "1", 0, 1000, "number of the first page"),
	STR(first_key, "", "keyset: {last_id} of the first page; empty = none"),
	INT(max_pages, "10000", 1, 1000000,
	    "more pages than this end the reading with an error"),
	PATHS(next, "[ \"/@odata.nextLink\", \"/nextLink\", \"/next\", "
	    "\"/links/next\" ]", "where the body holds the next address"),
	PATHS(cursor, "[ \"/nextCursor\", \"/cursor\" ]",
	    "where the body holds the next cursor"),
	PATHS(total, "[]", "where the body says how many rows there are in all; "
	    "fewer on the pages are an error"),
	{ .name = NULL }
};
#undef AT

#define AT(member) offsetof(struct rest_listing, member)
const struct opt rest_listing_opts[] = {
	{ .name = "request", .type = OPT_GROUP, .offset = AT(request),
	    .sub = rest_request_opts, .help = "asks for a page; {since} {until} "
	    "{page} {offset} {size} {cursor} {last_id} {last_stamp}" },
	{ .name = "paging", .type = OPT_GROUP, .offset = AT(paging),
	    .sub = pages_opts, .help = "page after page" },
	PATHS(id, "[ \"id\" ]", "what tells rows apart"),
	PATHS(stamp, "[ \"\" ]", "when a row was changed; needed with {since}"),
	{ .name = "stamp_as", .type = OPT_STR, .offset = AT(stamp_format.as),
	    .def = "auto", .check = map_check_format,
	    .help = "its format, as in `format`" },
	{ .name = "stamp_zone", .type = OPT_STR, .def = "",
	    .offset = AT(stamp_format.zone),
	    .help = "its zone, where it names none; empty = the profile's" },
	BOOL(since_strict, "the service gives what is later than {since}, not "
	    "what is as late"),
	INT(resolution_s, "1", 1, 86400, "how fine its stamps are"),
	INT(overlap_h, "0", 0, 8760, "begin so much before the last reading; "
	    "at least watermark.overlap_s"),
	STR(since, "", "a first reading begins here; empty = with all"),
	BOOL(sorted, "rows come in the order of their stamps (is checked)"),
	BOOL(last_page_repeats, "asked beyond its end, the service gives its last "
	    "page again"),
	{ .name = NULL }
};
#undef AT

bool
rest_listing_given(const struct rest_listing *set)
{
	return rest_request_given(&set->request);
}

/* ---- which holes a request has ------------------------------------------- */

static bool
in_headers(const struct grouplist *headers, const char *name)
{
	const struct rest_header *h = headers->v;

	for (size_t i = 0; i < headers->n; i++)
		if (hole_uses(h[i].value, name))
			return true;
	return false;
}

bool
listing_uses(const struct rest_request *req, const char *name)
{
	return hole_uses(req->path, name) || hole_uses(req->json, name) ||
	    hole_uses(req->form, name) || hole_uses(req->text, name) ||
	    in_headers(&req->headers, name);
}

bool
rest_listing_is_whole(const struct rest_listing *set)
{
	return !listing_uses(&set->request, "since");
}

bool
listing_all_whole(const struct listing *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!rest_listing_is_whole(l[i].set))
			return false;
	return n > 0;
}

bool
listing_all_sorted(const struct listing *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!l[i].set->sorted || rest_listing_is_whole(l[i].set))
			return false;
	return n > 0;
}

/* ---- before the first request ---------------------------------------------- */

static bool
refuse(const struct rest *r, const struct listing *l, const char *key,
    const char *why, struct err *err)
{
	char at[160];

	(void)snprintf(at, sizeof(at), "%.100s.read.%.40s", l->where, key);
	return err_set(err, ERR_CONFIG, "profile %s: %s: %s", rest_at(r, at), at,
	    why);
}

static bool
check_stamp(const struct rest *r, const struct listing *l, struct err *err)
{
	const struct rest_listing *set = l->set;
	time_t since;

	if (*set->since != '\0' &&
	    !clock_parse_iso(set->since, r->zone, &since))
		return refuse(r, l, "since", "expected a time as ISO 8601", err);
	if (*set->stamp_format.zone != '\0' &&
	    !clock_zone_exists(set->stamp_format.zone))
		return refuse(r, l, "stamp_zone", "expected a zone like "
		    "\"Europe/Copenhagen\"", err);
	if (!rest_listing_is_whole(set) && !select_any(&set->stamp))
		return refuse(r, l, "stamp", "expected where a row says when it "
		    "was changed, because the request asks by {since}", err);
	if (set->sorted && !select_any(&set->stamp))
		return refuse(r, l, "sorted", "expected a stamp to sort by", err);
	return true;
}

#define BIT(kind) (1u << (kind))

/* A page number that says an offset skips the first row, one that never moves
 * shows the first page only. */
static bool
check_place(const struct rest *r, const struct listing *l, struct err *err)
{
	static const struct {
		const char *hole;
		unsigned fits;
		const char *text;
	} places[] = {
		{ "page", BIT(PAGING_PAGE) | BIT(PAGING_AUTO) |
		    BIT(PAGING_NEXT_LINK) | BIT(PAGING_LINK_HEADER),
		    "expected \"page\", because the request has {page}" },
		{ "offset", BIT(PAGING_OFFSET),
		    "expected \"offset\", because the request has {offset}" },
		{ "cursor", BIT(PAGING_CURSOR),
		    "expected \"cursor\", because the request has {cursor}" },
		{ "last_id", BIT(PAGING_KEYSET),
		    "expected \"keyset\", because the request has {last_id}" },
		{ "last_stamp", BIT(PAGING_KEYSET), "expected \"keyset\", "
		    "because the request has {last_stamp}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (listing_uses(&l->set->request, places[i].hole) &&
		    (places[i].fits & BIT(l->set->paging.kind)) == 0)
			return refuse(r, l, "paging.kind", places[i].text, err);
	return true;
}

static bool
check_paging(const struct rest *r, const struct listing *l, struct err *err)
{
	const struct rest_request *req = &l->set->request;
	const struct paging_settings *p = &l->set->paging;
	const bool counted = p->kind == PAGING_PAGE ||
	    p->kind == PAGING_OFFSET || p->kind == PAGING_AUTO;

	if (!check_place(r, l, err))
		return false;
	/* A row that changes while pages are read leaves the window, and all
	 * behind it move up by one: the next page begins one too late. */
	if (counted && listing_uses(req, "until"))
		return refuse(r, l, "paging.kind", "expected pages that are not "
		    "counted: with {until} one loses a row for each that changes "
		    "meanwhile; leave {until} out", err);
	if (p->kind != PAGING_KEYSET)
		return true;
	if (!listing_uses(req, "last_id"))
		return refuse(r, l, "paging.kind", "expected {last_id} in the "
		    "request: the stamp alone loses rows where more have one "
		    "stamp than a page holds", err);
	if (!select_any(&l->set->id))
		return refuse(r, l, "id", "expected where a row says it, because "
		    "pages are asked for by {last_id}", err);
	return true;
}

static const char *const holes[] = { "since", "until", "page", "offset",
	"size", "cursor", "last_id", "last_stamp" };
#define NAMES_MAX ((size_t)32)

bool
listing_check(const struct rest *r, const struct listing *l,
    const char *const *also, struct err *err)
{
	const char *known[NAMES_MAX + 1];
	const char *where = arena_printf(r->own, "%s.read.request", l->where);
	size_t n = 0;

	for (; n < ARRAY_LEN(holes); n++)
		known[n] = holes[n];
	for (size_t i = 0; also != NULL && also[i] != NULL && n < NAMES_MAX; i++)
		known[n++] = also[i];
	known[n] = NULL;
	if (where == NULL)
		return err_nomem(err);
	if (!marks_is_name(l->name))
		return err_set(err, ERR_CONFIG, "profile %s: %s.name: expected "
		    "letters, digits, \"_\" or \"-\"", rest_at(r, l->where),
		    l->where);
	return rest_check(r, &l->set->request, known, where, err) &&
	    check_stamp(r, l, err) && check_paging(r, l, err);
}
