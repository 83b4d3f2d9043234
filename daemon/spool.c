/*
 * The file is a row of records: struct head, then the body.  Body: texts as
 * length + 1 (0 = NULL), bytes, NUL; lists as count (LIST_NONE = NULL), texts;
 * numbers in the machine's own order, for no other process reads the file.
 * A record is written whole or not at all: after a full disk the position
 * still stands behind the last complete one.
 */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "buf.h"

#define RECORD_BYTES_MAX ((size_t)16 << 20)
#define BLOCK_BYTES ((size_t)64 << 10)
#define LIST_NONE UINT32_MAX

enum kind { KIND_CONTACT = 1, KIND_ACTIVITY, KIND_EVENT, KIND_CHECKPOINT };
struct head {
	uint32_t kind, len, sum;	/* of the body */
};

struct spool {
	int fd;
	char dir[PATH_MAX];	/* for messages */
	struct buf record;	/* the one being made */
	long long written;	/* bytes in the file; then come those in out[] */
	size_t n_out;
	long long in_from;	/* what in[] holds of the file */
	size_t n_in;
	char out[BLOCK_BYTES], in[BLOCK_BYTES];
};

struct checkpoint {
	const char *resume, *watermark;
};

/* The texts of a record, so that writing and reading cannot differ. */
#define TEXT(type, member) offsetof(struct type, member)
static const size_t contact_texts[] = { TEXT(crm_contact, contact_id),
	TEXT(crm_contact, moved_to), TEXT(crm_contact, name.full),
	TEXT(crm_contact, name.first), TEXT(crm_contact, name.last),
	TEXT(crm_contact, email), TEXT(crm_contact, phone),
	TEXT(crm_contact, mobile), TEXT(crm_contact, language),
	TEXT(crm_contact, country), TEXT(crm_contact, company_id),
	TEXT(crm_contact, company), TEXT(crm_contact, relation),
	TEXT(crm_contact, segment), TEXT(crm_contact, department),
	TEXT(crm_contact, owner_id), TEXT(crm_contact, owner_name),
	TEXT(crm_contact, owner_email), TEXT(crm_contact, link) };
static const size_t activity_texts[] = { TEXT(crm_activity, contact_id),
	TEXT(crm_activity, activity_id) };
static const size_t event_texts[] = { TEXT(crm_event, trigger),
	TEXT(crm_event, event_id), TEXT(crm_event, contact_id),
	TEXT(crm_event, category), TEXT(crm_event, stage),
	TEXT(crm_event, employee_id) };
static const size_t checkpoint_texts[] = { TEXT(checkpoint, resume),
	TEXT(checkpoint, watermark) };

/* ---- the file ---------------------------------------------------------------- */
static bool
open_file(struct spool *s, struct err *err)
{
	const char *dir = getenv("TMPDIR");
	char path[PATH_MAX];

	if (dir == NULL || *dir == '\0')
		dir = "/tmp";
	const int len = snprintf(path, sizeof(path), "%s/npsync-spool-XXXXXX", dir);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return err_errno(err, ERR_SYSTEM, "TMPDIR");
	}
	(void)snprintf(s->dir, sizeof(s->dir), "%s", dir);
	s->fd = mkostemp(path, O_CLOEXEC);
	if (s->fd == -1)
		return err_errno(err, ERR_SYSTEM,
		    "cannot create a temporary file in %.400s", s->dir);
	if (unlink(path) != 0)
		return err_errno(err, ERR_SYSTEM,
		    "cannot unlink a temporary file in %.400s", s->dir);
	return true;
}

static void
spool_cleanup(struct spool **s)
{
	spool_close(*s);
}

bool
spool_open(struct spool **spool, struct err *err)
{
	AUTO(spool) struct spool *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_nomem(err);
	s->fd = -1;
	buf_init(&s->record, RECORD_BYTES_MAX);
	if (!open_file(s, err))
		return false;
	*spool = steal(&s);
	return true;
}

void
spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	if (s->fd != -1)
		(void)close(s->fd);
	buf_free(&s->record);
	free(s);
}

/* At the end of the file: repeated, it writes over what a full disk cut. */
static bool
write_end(struct spool *s, const char *data, size_t len, struct err *err)
{
	for (size_t done = 0; done < len;) {
		const ssize_t n = pwrite(s->fd, data + done, len - done,
		    (off_t)(s->written + (long long)done));
		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return err_errno(err, ERR_SYSTEM,
			    "cannot write the temporary file in %.400s", s->dir);
	}
	s->written += (long long)len;
	return true;
}

static bool
flush(struct spool *s, struct err *err)
{
	if (!write_end(s, s->out, s->n_out, err))
		return false;
	s->n_out = 0;
	return true;
}

static bool
append(struct spool *s, const char *data, size_t len, struct err *err)
{
	if (len > sizeof(s->out) - s->n_out && !flush(s, err))
		return false;
	if (len > sizeof(s->out))
		return write_end(s, data, len, err);
	memcpy(s->out + s->n_out, data, len);
	s->n_out += len;
	return true;
}

long long
spool_position(const struct spool *s)
{
	return s->written + (long long)s->n_out;
}

static bool
damaged(const struct spool *s, long long at, struct err *err)
{
	return err_set(err, ERR_BUG,
	    "the temporary file in %.400s is damaged at byte %lld", s->dir, at);
}

/* in[] from that byte on; never beyond what was written whole. */
static bool
fill(struct spool *s, long long at, struct err *err)
{
	const long long left = s->written - at;
	const size_t want = left < (long long)sizeof(s->in) ? (size_t)left
	                                                    : sizeof(s->in);
	ssize_t n;

	s->n_in = 0;
	do
		n = pread(s->fd, s->in, want, (off_t)at);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return err_errno(err, ERR_SYSTEM,
		    "cannot read the temporary file in %.400s", s->dir);
	if (n == 0)
		return damaged(s, at, err);
	s->in_from = at;
	s->n_in = (size_t)n;
	return true;
}

static bool
read_at(struct spool *s, long long at, void *data, size_t len, struct err *err)
{
	char *to = data;

	while (len > 0) {
		if ((at < s->in_from || at >= s->in_from + (long long)s->n_in) &&
		    !fill(s, at, err))
			return false;
		const size_t skip = (size_t)(at - s->in_from);
		const size_t n = len < s->n_in - skip ? len : s->n_in - skip;
		memcpy(to, s->in + skip, n);
		to += n;
		at += (long long)n;
		len -= n;
	}
	return true;
}

/* ---- writing ------------------------------------------------------------------- */
/* FNV-1a: against a bad disk, not against people. */
static uint32_t
sum_of(const char *data, size_t len)
{
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)data[i]) * 16777619u;
	return sum;
}

static void
put_u32(struct buf *b, uint32_t n)
{
	(void)buf_add(b, &n, sizeof(n));
}

static void
put_int(struct buf *b, int64_t n)
{
	(void)buf_add(b, &n, sizeof(n));
}

static void
put_text(struct buf *b, const char *text)
{
	const size_t size = text == NULL ? 0 : strlen(text) + 1;

	/* A longer one than 32 bits can say fails at the ceiling. */
	put_u32(b, (uint32_t)size);
	(void)buf_add(b, text, size);
}

static void
put_texts(struct buf *b, const void *record, const size_t *at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *text;
		memcpy(&text, (const char *)record + at[i], sizeof(text));
		put_text(b, text);
	}
}

static void
put_list(struct buf *b, const char *const *list)
{
	uint32_t n = 0;

	if (list == NULL) {
		put_u32(b, LIST_NONE);
		return;
	}
	while (list[n] != NULL)
		n++;
	put_u32(b, n);
	for (uint32_t i = 0; i < n; i++)
		put_text(b, list[i]);
}

/* A pair without a key ends them, as for every other reader. */
static void
put_pairs(struct buf *b, const char *const (*pairs)[2])
{
	uint32_t n = 0;

	if (pairs == NULL) {
		put_u32(b, LIST_NONE);
		return;
	}
	while (pairs[n][0] != NULL)
		n++;
	put_u32(b, n);
	for (uint32_t i = 0; i < n; i++) {
		put_text(b, pairs[i][0]);
		put_text(b, pairs[i][1]);
	}
}

static struct buf *
record_begin(struct spool *s)
{
	const struct head later = { 0, 0, 0 };

	buf_reset(&s->record);
	(void)buf_add(&s->record, &later, sizeof(later));
	return &s->record;
}

static bool
record_end(struct spool *s, enum kind kind, struct err *err)
{
	struct buf *b = &s->record;

	if (b->failed)
		return err_set(err, ERR_NOMEM,
		    "no memory for one record (at most %zu MiB)",
		    RECORD_BYTES_MAX >> 20);
	const size_t len = b->len - sizeof(struct head);
	const struct head head = { kind, (uint32_t)len,
		sum_of(b->s + sizeof(head), len) };
	memcpy(b->s, &head, sizeof(head));
	return append(s, b->s, b->len, err);
}

bool
spool_put_contact(struct spool *s, const struct crm_contact *c, struct err *err)
{
	struct buf *b = record_begin(s);

	put_texts(b, c, contact_texts, ARRAY_LEN(contact_texts));
	put_int(b, c->gone);
	put_int(b, c->anonymised);
	put_int(b, c->opted_out);
	put_int(b, c->employed);
	put_int(b, c->consent);
	put_int(b, c->consent_at);
	put_list(b, c->tags);
	put_list(b, c->company_tags);
	put_pairs(b, c->extra);
	return record_end(s, KIND_CONTACT, err);
}

bool
spool_put_activity(struct spool *s, const struct crm_activity *a,
    struct err *err)
{
	struct buf *b = record_begin(s);

	put_texts(b, a, activity_texts, ARRAY_LEN(activity_texts));
	put_int(b, a->kind);
	put_int(b, a->day);
	put_int(b, a->done);
	put_int(b, a->cancelled);
	return record_end(s, KIND_ACTIVITY, err);
}

bool
spool_put_event(struct spool *s, const struct crm_event *e, struct err *err)
{
	struct buf *b = record_begin(s);

	put_texts(b, e, event_texts, ARRAY_LEN(event_texts));
	put_int(b, e->occurred_at);
	put_int(b, e->transition_at);
	put_int(b, e->automatic);
	return record_end(s, KIND_EVENT, err);
}

bool
spool_put_checkpoint(struct spool *s, const char *resume, const char *watermark,
    struct err *err)
{
	const struct checkpoint c = { resume, watermark };

	put_texts(record_begin(s), &c, checkpoint_texts,
	    ARRAY_LEN(checkpoint_texts));
	return record_end(s, KIND_CHECKPOINT, err);
}

/* ---- reading --------------------------------------------------------------------- */
/* A body; its texts are handed out where they stand. */
struct body {
	const char *p;
	size_t left;
	bool bad;		/* sticky; what is got then is zero */
	struct arena *arena;
};
struct replay {
	crm_contact_fn *contact;
	crm_activity_fn *activity;
	crm_event_fn *event;
	checkpoint_fn *checkpoint;
	void *arg;
};
union record {
	struct crm_contact contact;
	struct crm_activity activity;
	struct crm_event event;
	struct checkpoint checkpoint;
};

static const char *
get_bytes(struct body *b, size_t n)
{
	const char *p = b->p;

	if (b->bad || n > b->left) {
		b->bad = true;
		return NULL;
	}
	b->p += n;
	b->left -= n;
	return p;
}

static uint32_t
get_u32(struct body *b)
{
	const char *p = get_bytes(b, sizeof(uint32_t));
	uint32_t n = 0;

	if (p != NULL)
		memcpy(&n, p, sizeof(n));
	return n;
}

static int64_t
get_int(struct body *b, int64_t min, int64_t max)
{
	const char *p = get_bytes(b, sizeof(int64_t));
	int64_t n = 0;

	if (p != NULL)
		memcpy(&n, p, sizeof(n));
	if (n >= min && n <= max)
		return n;
	b->bad = true;
	return 0;
}

static bool
get_bool(struct body *b)
{
	return get_int(b, 0, 1) != 0;
}

static time_t
get_time(struct body *b)
{
	return (time_t)get_int(b, INT64_MIN, INT64_MAX);
}

static const char *
get_text(struct body *b)
{
	const size_t size = get_u32(b);
	const char *text = size == 0 ? NULL : get_bytes(b, size);

	if (text != NULL && strnlen(text, size) != size - 1) {
		b->bad = true;
		return NULL;
	}
	return text;
}

static void
get_texts(struct body *b, void *record, const size_t *at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = get_text(b);
		memcpy((char *)record + at[i], &text, sizeof(text));
	}
}

/* Room for the texts of a list, width of them each, and its end; NULL is a
 * list that is NULL, or one longer than what is left. */
static const char **
get_room(struct body *b, size_t width, size_t *n)
{
	const uint32_t count = get_u32(b);

	*n = 0;
	if (b->bad || count == LIST_NONE)
		return NULL;
	if (count > b->left / (width * sizeof(uint32_t))) {
		b->bad = true;
		return NULL;
	}
	const char **list = arena_array(b->arena, (count + 1) * width,
	    sizeof(*list));
	*n = list == NULL ? 0 : count * width;
	return list;
}

static const char *const *
get_list(struct body *b, size_t width)
{
	size_t n;
	const char **list = get_room(b, width, &n);

	for (size_t i = 0; i < n; i++)
		list[i] = get_text(b);
	return list;
}

static void
get_contact(struct body *b, struct crm_contact *c)
{
	get_texts(b, c, contact_texts, ARRAY_LEN(contact_texts));
	c->gone = get_bool(b);
	c->anonymised = get_bool(b);
	c->opted_out = get_bool(b);
	c->employed = (enum tri)get_int(b, TRI_UNKNOWN, TRI_YES);
	c->consent = (enum tri)get_int(b, TRI_UNKNOWN, TRI_YES);
	c->consent_at = get_time(b);
	c->tags = get_list(b, 1);
	c->company_tags = get_list(b, 1);
	c->extra = (const char *const (*)[2])get_list(b, 2);
}

static void
get_record(struct body *b, enum kind kind, union record *r)
{
	switch (kind) {
	case KIND_CONTACT:
		get_contact(b, &r->contact);
		break;
	case KIND_ACTIVITY:
		get_texts(b, &r->activity, activity_texts,
		    ARRAY_LEN(activity_texts));
		r->activity.kind = (enum act_kind)get_int(b, ACT_MEETING,
		    ACT_OTHER);
		r->activity.day = (int)get_int(b, INT_MIN, INT_MAX);
		r->activity.done = get_bool(b);
		r->activity.cancelled = get_bool(b);
		break;
	case KIND_EVENT:
		get_texts(b, &r->event, event_texts, ARRAY_LEN(event_texts));
		r->event.occurred_at = get_time(b);
		r->event.transition_at = get_time(b);
		r->event.automatic = get_bool(b);
		break;
	case KIND_CHECKPOINT:
		get_texts(b, &r->checkpoint, checkpoint_texts,
		    ARRAY_LEN(checkpoint_texts));
		break;
	}
	if (b->left > 0)
		b->bad = true;
}

static bool
hand_over(const struct replay *to, enum kind kind, const union record *r)
{
	switch (kind) {
	case KIND_CONTACT:
		return to->contact == NULL || to->contact(to->arg, &r->contact);
	case KIND_ACTIVITY:
		return to->activity == NULL ||
		    to->activity(to->arg, &r->activity);
	case KIND_EVENT:
		return to->event == NULL || to->event(to->arg, &r->event);
	case KIND_CHECKPOINT:
		return to->checkpoint == NULL || to->checkpoint(to->arg,
		    r->checkpoint.resume, r->checkpoint.watermark);
	}
	return false;
}

/* The body of the record at *at, which moves behind it. */
static bool
read_body(struct spool *s, long long *at, long long until, struct head *head,
    struct body *b, struct err *err)
{
	const long long from = *at;
	const size_t size = sizeof(*head);

	if (until - from < (long long)size)
		return damaged(s, from, err);
	if (!read_at(s, from, head, size, err))
		return false;
	if (head->kind < KIND_CONTACT || head->kind > KIND_CHECKPOINT ||
	    head->len > RECORD_BYTES_MAX ||
	    (long long)head->len > until - from - (long long)size)
		return damaged(s, from, err);
	char *body = arena_alloc(b->arena, head->len);
	if (body == NULL)
		return err_nomem(err);
	if (!read_at(s, from + (long long)size, body, head->len, err))
		return false;
	if (sum_of(body, head->len) != head->sum)
		return damaged(s, from, err);
	b->p = body;
	b->left = head->len;
	*at = from + (long long)(size + head->len);
	return true;
}

static bool
replay_one(struct spool *s, long long *at, long long until,
    const struct replay *to, struct arena *scratch, struct err *err)
{
	const long long from = *at;
	struct body b = { .arena = scratch };
	struct head head;
	union record r;

	if (!read_body(s, at, until, &head, &b, err))
		return false;
	memset(&r, 0, sizeof(r));
	get_record(&b, (enum kind)head.kind, &r);
	if (arena_failed(scratch))
		return err_nomem(err);
	if (b.bad)
		return damaged(s, from, err);
	if (!hand_over(to, (enum kind)head.kind, &r))
		return err_set(err, ERR_CANCELLED, "stopped");
	return true;
}

bool
spool_replay(struct spool *s, long long from, long long until,
    crm_contact_fn *contact, crm_activity_fn *activity, crm_event_fn *event,
    checkpoint_fn *checkpoint, void *arg, struct arena *scratch, struct err *err)
{
	const struct replay to = { contact, activity, event, checkpoint, arg };

	if (from < 0 || until < from || until > spool_position(s))
		return err_set(err, ERR_BUG, "spool: no records %lld to %lld",
		    from, until);
	if (!flush(s, err))
		return false;
	for (long long at = from; at < until;) {
		/* Before, too: an old failure of the arena is not ours. */
		arena_reset(scratch);
		const bool ok = replay_one(s, &at, until, &to, scratch, err);
		arena_reset(scratch);
		if (!ok)
			return false;
	}
	return true;
}
