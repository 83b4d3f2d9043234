/*
 * paging.c - see paging.h.
 */
#include "paging.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fieldmap.h"
#include "num.h"
#include "url.h"

#define LINK_MAX_BYTES ((size_t)8192)

static const char *const kinds[] = { "auto", "none", "page", "offset",
	"next_link", "link_header", "cursor", NULL };

#define AT(member) offsetof(struct paging_settings, member)
const struct opt paging_opts[] = {
	{ .name = "kind", .type = OPT_CHOICE, .offset = AT(kind),
	    .def = "auto", .choices = kinds,
	    .help = "how pages are asked for" },
	{ .name = "page_param", .type = OPT_STR, .offset = AT(page_param),
	    .def = "page", .help = "parameter of the page number" },
	{ .name = "size_param", .type = OPT_STR, .offset = AT(size_param),
	    .def = "pageSize",
	    .help = "parameter of the page size; empty = not sent" },
	{ .name = "offset_param", .type = OPT_STR, .offset = AT(offset_param),
	    .def = "offset", .help = "parameter of the offset" },
	{ .name = "cursor_param", .type = OPT_STR, .offset = AT(cursor_param),
	    .def = "cursor", .help = "parameter of the cursor" },
	{ .name = "size", .type = OPT_INT, .offset = AT(size), .def = "500",
	    .min = 1, .max = 5000, .help = "rows asked for per page" },
	{ .name = "first", .type = OPT_INT, .offset = AT(first), .def = "1",
	    .min = 0, .max = 1000, .help = "number of the first page" },
	{ .name = "max_pages", .type = OPT_INT, .offset = AT(max_pages),
	    .def = "10000", .min = 1, .max = 1000000,
	    .help = "more pages than this end the pull with an error" },
	{ .name = "next", .type = OPT_STRLIST, .offset = AT(next),
	    .def = "[ \"/@odata.nextLink\", \"/nextLink\", \"/next\", "
		   "\"/links/next\" ]",
	    .help = "where the body holds the next address" },
	{ .name = "cursor", .type = OPT_STRLIST, .offset = AT(cursor),
	    .def = "[ \"/nextCursor\", \"/cursor\" ]",
	    .help = "where the body holds the next cursor" },
	{ .name = NULL }
};
#undef AT

void
paging_init(struct paging *p, const struct paging_settings *set,
    const char *base, const char *url)
{
	*p = (struct paging){ .set = set, .base = base, .url = url,
		.listing = url, .kind = set->kind };
	p->at = set->kind == PAGING_OFFSET ? 0 : set->first;
	buf_init(&p->link, LINK_MAX_BYTES);
}

void
paging_free(struct paging *p)
{
	buf_free(&p->link);
}

/* ---- the next request ------------------------------------------------ */

static const char *
param_add(struct arena *arena, const char *url, const char *name,
    long long value)
{
	char text[24];

	if (url == NULL || name[0] == '\0')
		return url;
	snprintf(text, sizeof(text), "%lld", value);
	return url_add_query(arena, url, name, text);
}

const char *
paging_url(const struct paging *p, struct arena *arena)
{
	const struct paging_settings *set = p->set;
	const char *url = p->url;

	switch ((enum paging_kind)p->kind) {
	case PAGING_NONE:
		return url;
	case PAGING_AUTO:
	case PAGING_PAGE:
		url = param_add(arena, url, set->page_param, p->at);
		return param_add(arena, url, set->size_param, set->size);
	case PAGING_OFFSET:
		url = param_add(arena, url, set->offset_param, p->at);
		return param_add(arena, url, set->size_param, set->size);
	case PAGING_NEXT_LINK:
	case PAGING_LINK_HEADER:
		if (p->link.len > 0)
			return arena_strdup(arena, buf_text(&p->link));
		return param_add(arena, url, set->size_param, set->size);
	case PAGING_CURSOR:
		url = param_add(arena, url, set->size_param, set->size);
		if (url == NULL || p->link.len == 0)
			return url;
		return set->cursor_param[0] == '\0' ? url : url_add_query(arena,
		    url, set->cursor_param, buf_text(&p->link));
	case PAGING_KEYSET:
		return param_add(arena, url, set->size_param, set->size);
	}
	return NULL;
}

/* ---- judging a page -------------------------------------------------- */

/* RFC 8288 parameters of one link: is one of its relations "next"? */
static bool
params_say_next(const char *s, size_t len)
{
	static const char *const forms[] = { "rel=\"next\"", "rel=next" };

	for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
		size_t n = strlen(forms[f]);
		for (size_t i = 0; i + n <= len; i++)
			if (strncasecmp(s + i, forms[f], n) == 0)
				return true;
	}
	return false;
}

static const char *
header_next(const char *header, struct arena *arena)
{
	while (header != NULL && (header = strchr(header, '<')) != NULL) {
		const char *url = header + 1;
		const char *end = strchr(url, '>');
		if (end == NULL)
			return NULL;
		size_t len = strcspn(end, "<");
		if (params_say_next(end, len))
			return arena_strndup(arena, url, (size_t)(end - url));
		header = end + len;
	}
	return NULL;
}

static const char *
body_next(const struct paging *p, const struct paging_page *page)
{
	const char *url = json_string_value(
	    fieldmap_at(page->root, &p->set->next));

	return url == NULL || url[0] == '\0' ? NULL : url;
}

/* "next": null, or a Link header without "next": there is none any more. */
static bool
body_knows_next(const struct paging *p, json_t *root)
{
	for (size_t i = 0; root != NULL && i < p->set->next.n; i++) {
		json_t *node = json_at(root, p->set->next.v[i]);
		/* A number may be that of the next page. */
		if (json_is_null(node) ||
		    (json_is_string(node) && json_string_length(node) == 0))
			return true;
	}
	return false;
}

static bool
header_pages(const char *header)
{
	static const char *const rels[] = { "rel=\"prev", "rel=\"first\"",
		"rel=\"last\"", "rel=prev", "rel=first", "rel=last" };

	for (size_t i = 0; header != NULL && i < ARRAY_LEN(rels); i++)
		if (strcasestr(header, rels[i]) != NULL)
			return true;
	return false;
}

static void
kind_settle(struct paging *p, const struct paging_page *page,
    struct arena *arena)
{
	if (body_next(p, page) != NULL)
		p->kind = PAGING_NEXT_LINK;
	else if (header_next(page->link_header, arena) != NULL)
		p->kind = PAGING_LINK_HEADER;
	else if (body_knows_next(p, page->root))
		p->kind = PAGING_NEXT_LINK;
	else if (header_pages(page->link_header))
		p->kind = PAGING_LINK_HEADER;
	else
		p->kind = PAGING_PAGE;
}

static uint64_t
fingerprint(const char *text)
{
	uint64_t h = 14695981039346656037u;	/* FNV-1a */

	for (; text != NULL && *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211u;
	return h;
}

static enum paging_step
counted_advance(struct paging *p, const struct paging_page *page)
{
	if (page->n == 0)
		return PAGING_LAST;
	uint64_t first = fingerprint(page->first);
	uint64_t last = fingerprint(page->last);
	if (p->pages > 1 && first == p->first && last == p->last)
		return PAGING_REPEATED;
	p->first = first;
	p->last = last;
	if (page->n < p->longest)
		return PAGING_LAST;
	p->longest = page->n;
	p->at += p->kind == PAGING_PAGE ? 1 : (long long)page->n;
	return PAGING_MORE;
}

static bool
link_set(struct paging *p, const char *text, struct err *err)
{
	buf_reset(&p->link);
	if (!buf_str(&p->link, text))
		return err_set(err, ERR_PROTOCOL,
		    "the address of the next page is longer than %zu bytes",
		    LINK_MAX_BYTES);
	return true;
}

static bool
link_advance(struct paging *p, const char *offered,
    const struct paging_page *page, struct arena *arena,
    enum paging_step *step, struct err *err)
{
	*step = PAGING_LAST;
	if (offered == NULL)
		return true;
	const char *next = url_next(arena, p->base, page->url, offered, err);
	if (next == NULL)
		return false;
	if (strcmp(next, buf_text(&p->link)) == 0)
		return err_set(err, ERR_PROTOCOL,
		    "the address of the next page is the one just used");
	*step = PAGING_MORE;
	return link_set(p, next, err);
}

static bool
cursor_advance(struct paging *p, const struct paging_page *page,
    struct arena *arena, enum paging_step *step, struct err *err)
{
	const char *cursor = fieldmap_text(page->root, &p->set->cursor, arena);

	*step = PAGING_LAST;
	if (cursor == NULL)
		return true;
	if (strcmp(cursor, buf_text(&p->link)) == 0)
		return err_set(err, ERR_PROTOCOL,
		    "the cursor of the next page is the one just used");
	*step = PAGING_MORE;
	return link_set(p, cursor, err);
}

static bool
keyset_advance(struct paging *p, const struct paging_page *page,
    enum paging_step *step, struct err *err)
{
	*step = PAGING_LAST;
	if (page->n == 0)
		return true;
	if (page->key == NULL)
		return err_set(err, ERR_PROTOCOL,
		    "expected an id in the last row of a page");
	if (strcmp(page->key, buf_text(&p->link)) == 0)
		return err_set(err, ERR_PROTOCOL, "a page ends with the row "
		    "that the page before ended with");
	*step = PAGING_MORE;
	return link_set(p, page->key, err);
}

bool
paging_advance(struct paging *p, const struct paging_page *page,
    struct arena *arena, enum paging_step *step, struct err *err)
{
	bool ok = true;

	p->pages++;
	*step = PAGING_LAST;
	if (p->kind == PAGING_AUTO)
		kind_settle(p, page, arena);
	switch ((enum paging_kind)p->kind) {
	case PAGING_AUTO:
	case PAGING_NONE:
		break;
	case PAGING_PAGE:
	case PAGING_OFFSET:
		*step = counted_advance(p, page);
		break;
	case PAGING_NEXT_LINK:
		ok = link_advance(p, body_next(p, page), page, arena, step,
		    err);
		break;
	case PAGING_LINK_HEADER:
		ok = link_advance(p, header_next(page->link_header, arena),
		    page, arena, step, err);
		break;
	case PAGING_CURSOR:
		ok = cursor_advance(p, page, arena, step, err);
		break;
	case PAGING_KEYSET:
		ok = keyset_advance(p, page, step, err);
		break;
	}
	if (ok && *step == PAGING_MORE && p->pages >= p->set->max_pages)
		return err_set(err, ERR_PROTOCOL,
		    "still more after %d pages (paging.max_pages)", p->pages);
	return ok;
}

/* ---- broken passes --------------------------------------------------- */

/* Page 7 of one address is not page 7 of another, nor of other pages. */
static uint64_t
listing_of(const struct paging *p)
{
	return fingerprint(p->listing) ^ (uint64_t)(unsigned)p->set->size;
}

/* LISTING|KIND|AT|LONGEST|MARK|LINK: a watermark is a time, only the link may
 * hold any character and stands last. */
const char *
paging_save(const struct paging *p, const char *mark, struct arena *arena)
{
	return arena_printf(arena, "%016" PRIx64 "|%d|%lld|%zu|%s|%s",
	    listing_of(p), p->kind, p->at, p->longest,
	    mark == NULL ? "" : mark, buf_text(&p->link));
}

static bool
field_listing(const struct paging *p, const char **text)
{
	char want[24];
	const size_t len = (size_t)snprintf(want, sizeof(want),
	    "%016" PRIx64 "|", listing_of(p));

	if (strncmp(*text, want, len) != 0)
		return false;
	*text += len;
	return true;
}

static bool
field_number(const char **text, long long *out)
{
	const char *end = strchr(*text, '|');

	if (end == NULL ||
	    !num_parse_n(*text, (size_t)(end - *text), 0, 1000000000000, out))
		return false;
	*text = end + 1;
	return true;
}

static bool
field_place(struct paging *p, const char **text)
{
	long long kind, at, longest;

	if (!field_number(text, &kind) || kind > PAGING_KEYSET ||
	    (p->set->kind != PAGING_AUTO && p->set->kind != (int)kind) ||
	    !field_number(text, &at) || !field_number(text, &longest))
		return false;
	p->kind = (int)kind;
	p->at = at;
	p->longest = (size_t)longest;
	return true;
}

bool
paging_load(struct paging *p, const char *text, struct arena *arena,
    const char **mark, struct err *err)
{
	const char *end;

	if (!field_listing(p, &text) || !field_place(p, &text) ||
	    (end = strchr(text, '|')) == NULL)
		return err_set(err, ERR_GONE,
		    "the place of the broken pull is not understood");
	*mark = end == text ? NULL
			    : arena_strndup(arena, text, (size_t)(end - text));
	/* Kept text is no more trusted than a server's: base may have moved. */
	if (end[1] != '\0' && p->kind < PAGING_CURSOR &&
	    url_next(arena, p->base, p->base, end + 1, err) == NULL)
		return err_set(err, ERR_GONE,
		    "the next page of the broken pull lies elsewhere");
	return link_set(p, end + 1, err);
}
