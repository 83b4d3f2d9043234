/*
 * paging.h - how a listing is walked, page after page, whatever the service
 * calls it.  Pure: it builds addresses and judges answers; the connector sends.
 *
 * auto: follows a next link if the first page offers one, or says that there is
 * none ("next": null, a Link header), else counts pages.
 * Counting (page, offset) ends on an empty page, on a page shorter than the
 * longest seen (the server may cap below `size`), or when a page begins and
 * ends like the one before it (the server ignores the parameter).
 * keyset: asks for what comes after the last row, until there is none.
 */
#ifndef NPSYNC_PAGING_H
#define NPSYNC_PAGING_H

#include "arena.h"
#include "buf.h"
#include "connector.h"
#include "json.h"

enum paging_kind { PAGING_AUTO, PAGING_NONE, PAGING_PAGE, PAGING_OFFSET,
	PAGING_NEXT_LINK, PAGING_LINK_HEADER, PAGING_CURSOR,
	PAGING_KEYSET };	/* not in paging_opts: the caller has keys */
struct paging_settings {
	int kind;			/* enum paging_kind */
	const char *page_param, *size_param, *offset_param, *cursor_param;
	const char *first_key;	/* keyset: the first page comes after it */
	int size, first, max_pages;
	struct strlist next, cursor;	/* candidate pointers in the body */
	struct strlist total;		/* the same; empty = not said.  For callers
					 * that count rows */
};
extern const struct opt paging_opts[];	/* for struct paging_settings */

struct paging {
	const struct paging_settings *set;
	const char *base, *url;
	const char *listing;	/* what paging_save tells listings apart by: url,
				 * unless the caller writes pages into it */
	int kind;		/* what auto became */
	long long at;		/* page number or offset of the next request */
	size_t longest;
	int pages;
	uint64_t first, last;	/* fingerprints of the page before */
	struct buf link;	/* next address or cursor; empty = the first */
};
enum paging_step { PAGING_MORE, PAGING_LAST,
	PAGING_REPEATED };	/* the page before once more: drop it, end */
struct paging_page {
	size_t n;
	const char *first, *last;	/* what tells the items apart; n > 0 */
	const char *url;		/* that was asked */
	const char *link_header;	/* or NULL */
	const char *key;		/* keyset: of the last row */
	json_t *root;
};

/* base guards next links (url_next); url = the first address with its query.
 * All three are borrowed until paging_free. */
void paging_init(struct paging *p, const struct paging_settings *set,
    const char *base, const char *url);
void paging_free(struct paging *p);	/* one of only zeroes, too */
/* The address of the next request; NULL = arena exhausted. */
const char *paging_url(const struct paging *p, struct arena *arena);
/* Judges a page and moves on.  ERR_PROTOCOL: a foreign or endless link, more
 * than max_pages. */
NPS_MUSTCHECK bool paging_advance(struct paging *p,
    const struct paging_page *page, struct arena *arena,
    enum paging_step *step, struct err *err);
/* Position as one line of text, with a watermark so far (may be NULL), and
 * back, after paging_init.  ERR_GONE when text is none of ours, or a place in
 * another listing: other address, page size or kind.  *p is of no use then. */
const char *paging_save(const struct paging *p, const char *mark,
    struct arena *arena);
NPS_MUSTCHECK bool paging_load(struct paging *p, const char *text,
    struct arena *arena, const char **mark, struct err *err);

#endif
