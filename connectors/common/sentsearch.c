/*
 * sentsearch.c - see sentsearch.h.
 */
#include "sentsearch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"

#define CLOCK_SKEW_S 300
#define NUMBER_DIGITS 7		/* equal ends of two numbers that may be one */
#define IDS_MAX_BYTES ((size_t)16777216)

bool
sentsearch_init(struct sentsearch *s, const struct sent *wanted, size_t count,
    struct push_result *found, struct arena *arena, struct err *err)
{
	*s = (struct sentsearch){ .wanted = wanted, .count = count,
		.found = found, .newest = NO_TIME };
	buf_init(&s->ids, IDS_MAX_BYTES);
	s->match = arena_array(arena, count, sizeof(*s->match));
	return s->match != NULL || err_nomem(err);
}

void
sentsearch_free(struct sentsearch *s)
{
	buf_free(&s->ids);
}

/* ---- rows ------------------------------------------------------------ */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcasecmp(a, b) == 0;
}

/* Card keys may differ in case alone. */
static bool
is_same_key(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Countries and trunks are written in many ways: the ends count. */
static bool
is_same_number(const char *a, const char *b)
{
	size_t i = a == NULL ? 0 : strlen(a), k = b == NULL ? 0 : strlen(b);
	int same = 0;

	for (;;) {
		while (i > 0 && !is_digit(a[i - 1]))
			i--;
		while (k > 0 && !is_digit(b[k - 1]))
			k--;
		if (i == 0 || k == 0 || a[--i] != b[--k])
			return same >= NUMBER_DIGITS;
		same++;
	}
}

static bool
is_nameless(const struct sent *row)
{
	return row->ref == NULL && row->contact_id == NULL &&
	    row->email == NULL && row->phone == NULL;
}

static enum sent_match
match_person(const struct sent *wanted, const struct sent *row)
{
	const bool by_contact = is_same_key(wanted->contact_id,
	    row->contact_id);

	if (!by_contact && !is_same(wanted->email, row->email))
		return is_same_number(wanted->phone, row->phone) ||
		    is_nameless(row) ? SENT_PERHAPS : SENT_NONE;
	/* A guid that is not ours may be one that the service made itself. */
	if (row->ref != NULL || wanted->created_at == NO_TIME ||
	    row->created_at == NO_TIME)
		return SENT_PERHAPS;
	return by_contact ? SENT_CONTACT : SENT_EMAIL;
}

static enum sent_match
match_of(const struct sent *wanted, const struct sent *row, bool ref_is_ours)
{
	const bool dated = wanted->created_at != NO_TIME &&
	    row->created_at != NO_TIME;

	if (is_same(wanted->ref, row->ref) || (!ref_is_ours &&
	    is_same_key(wanted->remote_id, row->remote_id)))
		return SENT_REF;
	/* Another send of ours, or one that is older than ours. */
	if (ref_is_ours ||
	    (dated && row->created_at < wanted->created_at - CLOCK_SKEW_S))
		return SENT_NONE;
	if (is_same(wanted->campaign_id, row->campaign_id))
		return match_person(wanted, row);
	/* Of no campaign that is told: perhaps of this one. */
	return row->campaign_id == NULL &&
	    match_person(wanted, row) != SENT_NONE ? SENT_PERHAPS : SENT_NONE;
}

static void
found_set(struct push_result *out, const struct sent *row, enum sent_match how)
{
	static const char *const words[] = { [SENT_NONE] = "",
		[SENT_PERHAPS] = "perhaps",
		[SENT_EMAIL] = "by campaign and address",
		[SENT_CONTACT] = "by campaign and contact",
		[SENT_REF] = "by our reference" };

	*out = (struct push_result){ .outcome = PUSH_ACCEPTED_NO_ID };
	if (strlen(row->remote_id) < sizeof(out->remote_id)) {
		snprintf(out->remote_id, sizeof(out->remote_id), "%s",
		    row->remote_id);
		out->outcome = PUSH_ACCEPTED;
	}
	if (row->suppressed)
		out->outcome = PUSH_SUPPRESSED;
	snprintf(out->reason, sizeof(out->reason), "found %s", words[how]);
}

static void
id_keep(struct sentsearch *s, const char *id)
{
	uint64_t h = 14695981039346656037u;	/* FNV-1a */

	for (; *id != '\0'; id++)
		h = (h ^ (unsigned char)*id) * 1099511628211u;
	if (!buf_add(&s->ids, &h, sizeof(h)))
		s->partial = true;
}

void
sentsearch_take(struct sentsearch *s, const struct sent *row, bool ref_is_ours)
{
	id_keep(s, row->remote_id);
	if (row->created_at != NO_TIME && row->created_at > s->newest)
		s->newest = row->created_at;
	for (size_t i = 0; i < s->count; i++) {
		enum sent_match how = match_of(&s->wanted[i], row,
		    ref_is_ours);
		if (how <= s->match[i])
			continue;
		s->match[i] = how;
		found_set(&s->found[i], row, how);
	}
}

/* ---- what it proves -------------------------------------------------- */

static int
by_hash(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(uint64_t));
}

/* Somebody stands there twice: the list moved while it was read, and whom it
 * lacks may have moved too. */
static bool
has_moved(struct sentsearch *s)
{
	const size_t size = sizeof(uint64_t), n = s->ids.len / size;

	if (n > 1)
		qsort(s->ids.s, n, size, by_hash);
	for (size_t i = 1; i < n; i++)
		if (memcmp(s->ids.s + (i - 1) * size, s->ids.s + i * size,
		        size) == 0)
			return true;
	return false;
}

/* Not in the listing: proof only when nothing of it was missed, it is known to
 * reach past our send and the service had time to show it. */
static enum find_answer
absence_of(const struct sentsearch *s, const struct sent *wanted, time_t now,
    long settle_s)
{
	if (s->partial ||
	    wanted->created_at == NO_TIME || s->newest == NO_TIME ||
	    s->newest <= wanted->created_at ||
	    now - wanted->created_at < (time_t)settle_s)
		return FIND_CANNOT_SAY;
	return FIND_ABSENT;
}

void
sentsearch_end(struct sentsearch *s, time_t now, long settle_s,
    enum find_answer *answers)
{
	s->partial = s->partial || has_moved(s);
	for (size_t i = 0; i < s->count; i++)
		switch (s->match[i]) {
		case SENT_NONE:
			answers[i] = absence_of(s, &s->wanted[i], now,
			    settle_s);
			break;
		case SENT_PERHAPS:
			answers[i] = FIND_CANNOT_SAY;
			break;
		case SENT_EMAIL:
		case SENT_CONTACT:
			answers[i] = FIND_MATCHED;
			break;
		case SENT_REF:
			answers[i] = FIND_FOUND;
			break;
		}
}

/* ---- which listing --------------------------------------------------- */

time_t
sentsearch_oldest(const struct sent *wanted, size_t count)
{
	time_t oldest = NO_TIME;

	for (size_t i = 0; i < count; i++) {
		if (wanted[i].created_at == NO_TIME)
			return NO_TIME;
		if (oldest == NO_TIME || wanted[i].created_at < oldest)
			oldest = wanted[i].created_at;
	}
	return oldest;
}

/* How many sizes of pages: at most 61, a quarter.  A divisor of the minutes of a
 * day would give the same minute of each night the same one. */
static int
page_sizes(int size)
{
	int n = size / 4 < 60 ? size / 4 + 1 : 61;

	while (n > 1 && (n % 2 == 0 || n % 3 == 0 || n % 5 == 0))
		n--;
	return n == 1 && size > 7 ? 7 : n;
}

/* Minutes, hours and days all move both. */
int
sentsearch_page_size(int size, time_t now)
{
	return size - (int)(now / 60 % page_sizes(size));
}

int
sentsearch_hours(time_t now)
{
	return 24 * (int)(now / 60 % 7);
}
