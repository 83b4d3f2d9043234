/*
 * randcrm.c - servers drawn, and what becomes of them night after night.
 */
#include "randcrm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fakecrm.h"
#include "npsync.h"

#define PICK(crm, list) ((list)[randcrm_draw((crm), (int)ARRAY_LEN(list))])
#define DAY 86400

int
randcrm_draw(struct randcrm *crm, int n)
{
	return fakecrm_random(&crm->rng, n);
}

static bool
one_in(struct randcrm *crm, int n)
{
	return randcrm_draw(crm, n) == 0;
}

/* ---- mutants ----------------------------------- */
const char *
randcrm_mutant_name(enum rand_mutant mutant)
{
	static const char *const names[RAND_MUTANTS] = { "sound",
		"drops the last row of each page", "ignores the page parameter",
		"repeats the last page for ever", "next link to another host",
		"a cursor that stands still", "rows out of declared order",
		"ids become text", "ids become 17.0", "ids become objects",
		"the id is renamed", "the time is renamed",
		"the stamp is renamed", "the person is renamed",
		"the rows are renamed", "the next link is renamed",
		"200 with an error", "200 with an error and null for rows",
		"200 with nothing", "HTML", "JSON that is cut",
		"a stamp in the future", "since is ignored",
		"a page that is short, with more behind it",
		"each row twice", "links that fail",
		"a batch that is answered in part" };

	return names[mutant];
}

/* What only a service that says how many rows there are can be caught at. */
static bool
needs_total(enum rand_mutant mutant)
{
	return mutant == RAND_DROPS_LAST || mutant == RAND_SHORT_PAGE ||
	    mutant == RAND_NEXT_RENAMED;
}

/* Then the watermark moves with each page. */
static bool
is_all_sorted(const struct randcrm *crm)
{
	return crm->mutant == RAND_OUT_OF_ORDER ||
	    (needs_total(crm->mutant) && crm->seed % 4 == 0);
}

/* Servers of a kind that the mutant is one of. */
static void
fit_paging(struct randcrm *crm, struct rand_listing *l)
{
	if (crm->mutant == RAND_FOREIGN_LINK ||
	    crm->mutant == RAND_NEXT_RENAMED)
		l->paging = one_in(crm, 2) ? RAND_NEXT : RAND_HEADER;
	if (crm->mutant == RAND_STUCK_CURSOR)
		l->paging = one_in(crm, 2) ? RAND_CURSOR : RAND_NEXT;
	if (crm->mutant != RAND_SOUND && l->size > 12)
		l->size = 3 + l->size % 9;
}

static void
fit_naming(struct randcrm *crm, struct rand_listing *l)
{
	if (crm->mutant == RAND_LINK_FAILS)
		l->naming = RAND_LINK;
	if (crm->mutant == RAND_BATCH_SHORT)
		l->naming = RAND_BATCH;
}

/* ---- names ----------------------------------- */
static const char *const nests[] = { "", "", "attributes.", "fields.core.",
	"d." };
static const char *const ids[] = { "id", "Id", "dealId", "uuid", "key" };
static const char *const stamps[] = { "updated_at", "modified", "lastChanged",
	"ChangeDate" };
static const char *const ats[] = { "closed_on", "happened", "When",
	"startTime" };
static const char *const persons[] = { "person", "kunde", "participants",
	"Contact" };
static const char *const rows[] = { "items", "data.rows", "d.results",
	"_embedded.deals", "Value" };
static const char *const nexts[] = { "next", "paging.nextUrl", "links.next" };
static const char *const cursors[] = { "nextCursor", "meta.cursor" };

static const char *
nested(struct randcrm *crm, const char *name)
{
	return arena_printf(crm->arena, "%s%s", PICK(crm, nests), name);
}

static void
draw_names(struct randcrm *crm, struct rand_listing *l)
{
	static const char *const sizes[] = { "", "limit", "pageSize" };
	static const char *const pages[] = { "page", "p", "pageNo" };
	static const char *const sinces[] = { "since", "updatedAfter", "from" };

	l->id = nested(crm, PICK(crm, ids));
	l->stamp_path = nested(crm, PICK(crm, stamps));
	l->at_path = nested(crm, PICK(crm, ats));
	l->person = nested(crm, PICK(crm, persons));
	l->word = nested(crm, "kind");
	l->dotted = one_in(crm, 2);
	l->rows = PICK(crm, rows);
	l->size_name = PICK(crm, sizes);
	l->page_name = PICK(crm, pages);
	l->since_name = PICK(crm, sinces);
	l->total = needs_total(crm->mutant) || one_in(crm, 2)
	    ? "total" : NULL;
	l->next = l->paging == RAND_CURSOR ? PICK(crm, cursors)
	                                   : PICK(crm, nexts);
	l->id_form = randcrm_draw(crm, 5);
	l->missing_key = one_in(crm, 3);
}

/* ---- how it pages, sorts, tells changes ------------------------------------------------ */
static bool
is_counted(const struct rand_listing *l)
{
	return l->paging == RAND_PAGE || l->paging == RAND_OFFSET ||
	    l->paging == RAND_AUTO_PAGE;
}

/* Rows that move to the end when they change slide under whoever counts them:
 * only a profile that says "sorted" is proof against that. */
static void
draw_order(struct randcrm *crm, struct rand_listing *l)
{
	l->order = (enum rand_order)randcrm_draw(crm, RAND_ORDERS);
	if (l->paging == RAND_KEYSET && l->order > RAND_BY_STAMP)
		l->order = RAND_BY_ID;
	if (is_all_sorted(crm))
		l->order = RAND_BY_STAMP;
	if (l->whole && l->order == RAND_BY_STAMP)
		l->order = RAND_BY_ID;
	/* An address that says "until" and counts rows: those that change leave
	 * it, and the rest slides.  A profile that does is refused. */
	if (is_counted(l) || l->paging == RAND_AUTO_LINK ||
	    l->order > RAND_BY_STAMP)
		l->until = false;
	l->sorted = l->order == RAND_BY_STAMP && (is_counted(l) ||
	    is_all_sorted(crm) || !one_in(crm, 3));
}

static void
draw_stamps(struct randcrm *crm, struct rand_listing *l)
{
	static const int resolutions[] = { 1, 1, 1, 60, DAY };

	l->whole = !is_all_sorted(crm) && one_in(crm, 6);
	l->strict = one_in(crm, 3);
	l->resolution = PICK(crm, resolutions);
	l->stamp_wire = l->resolution == DAY ? RAND_DAY
	    : (enum rand_wire)randcrm_draw(crm, RAND_WIRES);
	l->at_wire = (enum rand_wire)randcrm_draw(crm, RAND_WIRES);
	l->since_as = (enum rand_since)randcrm_draw(crm, RAND_SINCES);
	l->until = l->resolution == 1 && one_in(crm, 4);
}

static void
draw_paging(struct randcrm *crm, struct rand_listing *l)
{
	static const int caps[] = { 7, 25, 5000, 5000 };

	l->paging = (enum rand_paging)randcrm_draw(crm, RAND_PAGINGS);
	l->size = 3 + randcrm_draw(crm, one_in(crm, 3) ? 6 : 40);
	fit_paging(crm, l);
	l->cap = PICK(crm, caps);
	l->first = randcrm_draw(crm, 2);
	l->post = one_in(crm, 4) && (is_counted(l) ||
	    l->paging == RAND_CURSOR || l->paging == RAND_KEYSET ||
	    l->paging == RAND_NONE) && l->paging != RAND_AUTO_PAGE;
	l->holes = l->post || l->paging == RAND_KEYSET || one_in(crm, 2);
	l->in_header = l->paging == RAND_CURSOR && !l->post && l->holes &&
	    one_in(crm, 2);
	l->relative = one_in(crm, 2);
}

static void
draw_naming(struct randcrm *crm, struct rand_listing *l)
{
	l->naming = (enum rand_naming)randcrm_draw(crm, RAND_NAMINGS);
	/* A request for each row: seldom, for time. */
	if (l->naming == RAND_LINK && !one_in(crm, 2))
		l->naming = RAND_BATCH;
	fit_naming(crm, l);
	l->batch_max = 2 + randcrm_draw(crm, 40);
	l->first_only = one_in(crm, 5);
	l->link_gone = one_in(crm, 2);
	l->by_word = one_in(crm, 4);
}

bool
randcrm_is_several(const struct rand_listing *l)
{
	return l->naming >= RAND_LIST;
}

/* ---- rows ----------------------------------- */
/* A stamp as coarse as the server writes it. */
static time_t
told_of(const struct randcrm *crm, const struct rand_listing *l, time_t stamp)
{
	if (l->resolution == DAY)
		return clock_day_start(crm->zone, clock_day(crm->zone, stamp));
	return stamp - stamp % l->resolution;
}

static void
row_add(struct randcrm *crm, struct rand_listing *l, time_t stamp, int late)
{
	if (l->n_rows == RAND_ROWS_MAX)
		return;
	struct rand_row *r = &l->row[l->n_rows++];
	*r = (struct rand_row){ .n = 10000 * (l->index + 1) + l->n_rows,
		.stamp = stamp, .visible = stamp + late,
		.at = stamp - randcrm_draw(crm, DAY), .ours = true,
		.told = told_of(crm, l, stamp) };
	if (l->by_word && one_in(crm, 5))
		r->ours = false;
	const int max = randcrm_is_several(l) ? RAND_PERSONS_MAX : 1;
	r->n_persons = one_in(crm, 8) ? 0 : 1 + randcrm_draw(crm, max);
	const int from = 1 + randcrm_draw(crm, 900);
	for (int i = 0; i < r->n_persons; i++)
		r->persons[i] = from + i;
}

static void
rows_add(struct randcrm *crm, struct rand_listing *l, time_t from, time_t until,
    int n)
{
	for (int i = 0; i < n; i++)
		row_add(crm, l, from + randcrm_draw(crm, (int)(until - from)),
		    one_in(crm, 3) ? randcrm_draw(crm, RAND_LATE_S) : 0);
}

/* An import: more rows with one stamp than a page holds. */
static void
block_add(struct randcrm *crm, struct rand_listing *l, time_t from,
    time_t until)
{
	const time_t stamp = from + randcrm_draw(crm, (int)(until - from));
	const int n = 2 * (l->size < 25 ? l->size : 25) + 3;

	for (int i = 0; i < n; i++)
		row_add(crm, l, stamp, 0);
}

static void
rows_change(struct randcrm *crm, struct rand_listing *l, time_t from,
    time_t until)
{
	const int n = l->n_rows == 0 ? 0 : randcrm_draw(crm, 6);

	for (int i = 0; i < n; i++) {
		struct rand_row *r = &l->row[randcrm_draw(crm, l->n_rows)];
		if (r->visible > from)
			continue;
		r->stamp = r->visible = from + 1 + randcrm_draw(crm,
		    (int)(until - from - 2));
		r->told = told_of(crm, l, r->stamp);
		randcrm_free(r->json);
		r->json = NULL;
	}
}

void
randcrm_night(struct randcrm *crm, time_t at, bool last)
{
	const time_t from = crm->now + crm->skew, until = at + crm->skew;

	for (int i = 0; i < crm->n_listings; i++) {
		struct rand_listing *l = &crm->listing[i];
		if (last)
			continue;
		/* First what was there may change, then more comes. */
		if (until - from > 7200)
			rows_change(crm, l, from + 3600, until - 1800);
		rows_add(crm, l, from, until, randcrm_draw(crm, 12));
		rows_add(crm, l, until - 1500, until + 1500,
		    randcrm_draw(crm, 5));
		if (one_in(crm, 8))
			block_add(crm, l, from, until);
	}
	crm->now = at;
}

/* ---- a server ----------------------------------- */
static void
draw_listing(struct randcrm *crm, int i)
{
	static const char *const names[] = { "meetings", "deals", "cases" };
	static const char *const paths[] = { "meetings", "v2/deals",
		"DB/model/case" };
	static const char *const triggers[] = { "meet", "sale", "case" };
	struct rand_listing *l = &crm->listing[i];
	const time_t start = crm->now + crm->skew - 15 * DAY;

	l->index = i;
	l->name = names[i];
	l->path = paths[i];
	l->trigger = triggers[i];
	draw_stamps(crm, l);
	draw_paging(crm, l);
	draw_order(crm, l);
	draw_naming(crm, l);
	draw_names(crm, l);
	rows_add(crm, l, start, start + 14 * DAY,
	    randcrm_draw(crm, one_in(crm, 10) ? 130 : 30));
	if (one_in(crm, 2))
		block_add(crm, l, start, start + 14 * DAY);
}

void
randcrm_begin(struct randcrm *crm, uint64_t seed, enum rand_mutant mutant)
{
	static const char *const zones[] = { "UTC", "Europe/Copenhagen",
		"America/New_York" };
	const int limit = 15000;

	*crm = (struct randcrm){ .seed = seed, .rng = seed * 977 + 13,
		.mutant = mutant, .limit = limit };
	crm->arena = arena_new((size_t)16 << 20);
	buf_init(&crm->body, (size_t)16 << 20);
	buf_init(&crm->headers, 65536);
	crm->now = clock_day_start("UTC", 20261120) + randcrm_draw(crm, DAY);
	crm->zone = PICK(crm, zones);
	crm->dated = one_in(crm, 2);
	crm->skew = crm->dated ? randcrm_draw(crm, 1200) - 600
	                       : randcrm_draw(crm, 240) - 120;
	crm->auth = (enum rand_auth)randcrm_draw(crm, RAND_AUTHS);
	crm->n_listings = 1 + randcrm_draw(crm, RAND_LISTINGS_MAX);
	for (int i = 0; i < crm->n_listings; i++)
		draw_listing(crm, i);
}

void
randcrm_end(struct randcrm *crm)
{
	for (int i = 0; i < crm->n_listings; i++)
		for (int k = 0; k < crm->listing[i].n_rows; k++)
			randcrm_free(crm->listing[i].row[k].json);
	buf_free(&crm->body);
	buf_free(&crm->headers);
	arena_free(crm->arena);
}

/* ---- the ledger ----------------------------------- */
const char *
randcrm_id(const struct rand_listing *l, int n)
{
	static char ring[8][64];
	static unsigned next;
	char *out = ring[next++ % 8];

	switch (l->id_form) {
	case 3:
		(void)snprintf(out, sizeof(ring[0]), "E-%d", n);
		break;
	case 4:
		(void)snprintf(out, sizeof(ring[0]), "D&7/\xc3\xa5 %d", n);
		break;
	default:
		(void)snprintf(out, sizeof(ring[0]), "%d", n);
		break;
	}
	return out;
}

int
randcrm_events_of(const struct rand_listing *l, const struct rand_row *r)
{
	if (!r->ours)
		return 0;
	return r->n_persons <= 1 || !randcrm_is_several(l) || l->first_only
	    ? 1 : r->n_persons;
}

static bool
is_event_of(const struct rand_listing *l, const struct rand_row *r,
    const char *event_id, int *which)
{
	const char *id = randcrm_id(l, r->n);
	const size_t len = strlen(id);
	char end[32];

	if (strncmp(event_id, id, len) != 0 || !r->ours)
		return false;
	if (!randcrm_is_several(l) || l->first_only || r->n_persons == 0) {
		*which = 0;
		return event_id[len] == '\0';
	}
	for (*which = 0; *which < r->n_persons; ++*which) {
		(void)snprintf(end, sizeof(end), "/P%d", r->persons[*which]);
		if (strcmp(event_id + len, end) == 0)
			return true;
	}
	return false;
}

struct rand_row *
randcrm_find(struct randcrm *crm, const char *event_id,
    struct rand_listing **listing, int *which)
{
	const size_t prefix = strcspn(event_id, " ") + 1;
	const char *digits = event_id + (*event_id == 'E' ? 2
	    : *event_id == 'D' && prefix < strlen(event_id) ? prefix : 0);
	const int n = (int)strtoll(digits, NULL, 10);
	const int i = n / 10000 - 1, k = n % 10000 - 1;
	if (i < 0 || i >= crm->n_listings || k < 0 ||
	    k >= crm->listing[i].n_rows)
		return NULL;
	*listing = &crm->listing[i];
	struct rand_row *r = &(*listing)->row[k];
	return is_event_of(*listing, r, event_id, which) ? r : NULL;
}
