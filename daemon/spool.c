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
	uint32_t kind, len, sum;	/* of the body; sum: of kind too */
};

struct spool {
	int fd;
	char dir[PATH_MAX];	/* for messages */
	struct buf record;	/* the one being made */
	long long written;	/* bytes in the file; out[] comes next */
	size_t n_out;
	long long in_from;	/* what in[] holds of the file */
	size_t n_in;
	char out[BLOCK_BYTES], in[BLOCK_BYTES];
};

struct checkpoint {
	const char *resume, *watermark;
};
union record {
	struct crm_contact contact;
	struct crm_activity activity;
	struct crm_event event;
	struct checkpoint checkpoint;
};

/* The texts of a record, in the order of the file. */
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
	TEXT(crm_contact, owner_email), TEXT(crm_contact, opted_out_by),
	TEXT(crm_contact, link) };
static const size_t activity_texts[] = { TEXT(crm_activity, contact_id),
	TEXT(crm_activity, activity_id) };
static const size_t event_texts[] = { TEXT(crm_event, trigger),
	TEXT(crm_event, event_id), TEXT(crm_event, contact_id),
	TEXT(crm_event, category), TEXT(crm_event, stage),
	TEXT(crm_event, employee_id) };
static const size_t checkpoint_texts[] = { TEXT(checkpoint, resume),
	TEXT(checkpoint, watermark) };

/* ---- the file --------------------------------------------------------- */
static bool
open_file(struct spool *s, struct err *err)
{
	const char *dir = getenv("TMPDIR");
	char path[PATH_MAX];

	if (dir == NULL || *dir == '\0')
		dir = "/tmp";
	const int len = snprintf(path, sizeof(path),
	    "%s/npsync-spool-XXXXXX", dir);
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
			    "cannot write the temporary file in %.400s",
			    s->dir);
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
		if ((at < s->in_from ||
		        at >= s->in_from + (long long)s->n_in) &&
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

/* ---- records ---------------------------------------------------------- */
/* One description of each record serves both ways: what is given is written,
 * or what was read is returned. */
struct codec {
	struct buf *out;	/* NULL = reading */
	const char *p;		/* the rest; texts are used in place */
	size_t left;
	struct arena *arena;	/* for lists */
	bool bad;		/* sticky; what is read then is zero */
};

static const char *
take(struct codec *c, size_t n)
{
	const char *p = c->p;

	if (c->bad || n > c->left) {
		c->bad = true;
		return NULL;
	}
	c->p += n;
	c->left -= n;
	return p;
}

/* Over zeroes, when reading. */
static void
code_bytes(struct codec *c, void *data, size_t n)
{
	if (c->out != NULL) {
		(void)buf_add(c->out, data, n);
		return;
	}
	const char *p = take(c, n);
	if (p != NULL)
		memcpy(data, p, n);
}

static uint32_t
code_u32(struct codec *c, size_t value)
{
	uint32_t n = c->out != NULL ? (uint32_t)value : 0;

	code_bytes(c, &n, sizeof(n));
	return n;
}

static int64_t
code_int(struct codec *c, int64_t value, int64_t min, int64_t max)
{
	int64_t n = c->out != NULL ? value : min;

	code_bytes(c, &n, sizeof(n));
	if (n >= min && n <= max)
		return n;
	c->bad = true;
	return min;
}

static bool
code_bool(struct codec *c, bool value)
{
	return code_int(c, value, 0, 1) != 0;
}

static time_t
code_time(struct codec *c, time_t value)
{
	return (time_t)code_int(c, value, INT64_MIN, INT64_MAX);
}

/* A text longer than 32 bits can say fails at the record's ceiling. */
static const char *
code_text(struct codec *c, const char *text)
{
	const size_t own = text == NULL ? 0 : strlen(text) + 1;
	const size_t size = code_u32(c, own);

	if (c->out != NULL) {
		(void)buf_add(c->out, text, own);
		return text;
	}
	text = size == 0 ? NULL : take(c, size);
	if (text == NULL || strnlen(text, size) == size - 1)
		return text;
	c->bad = true;
	return NULL;
}

static void
code_texts(struct codec *c, void *record, const size_t *at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *text;
		char *member = (char *)record + at[i];

		memcpy(&text, member, sizeof(text));
		text = code_text(c, text);
		memcpy(member, &text, sizeof(text));
	}
}

/* width texts each; an entry whose first is NULL ends them. */
static void
write_list(struct codec *c, const char *const *list, size_t width)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n += width;
	(void)code_u32(c, list == NULL ? LIST_NONE : n);
	for (size_t i = 0; i < n; i++)
		(void)code_text(c, list[i]);
}

/* NULL when writing: the caller's record is a copy. */
static const char **
code_list(struct codec *c, const char *const *list, size_t width)
{
	if (c->out != NULL) {
		write_list(c, list, width);
		return NULL;
	}
	const size_t n = code_u32(c, 0);
	if (c->bad || n == LIST_NONE)
		return NULL;
	/* Each text takes its length at least: no room for a wild number. */
	if (n > c->left / sizeof(uint32_t)) {
		c->bad = true;
		return NULL;
	}
	const char **texts = arena_array(c->arena, n + width, sizeof(*texts));
	for (size_t i = 0; texts != NULL && i < n; i++)
		texts[i] = code_text(c, NULL);
	return texts;
}

static void
code_contact(struct codec *c, struct crm_contact *r)
{
	code_texts(c, r, contact_texts, ARRAY_LEN(contact_texts));
	r->gone = code_bool(c, r->gone);
	r->anonymised = code_bool(c, r->anonymised);
	r->opted_out = code_bool(c, r->opted_out);
	r->employed = (enum tri)code_int(c, r->employed, TRI_UNKNOWN, TRI_YES);
	r->consent = (enum tri)code_int(c, r->consent, TRI_UNKNOWN, TRI_YES);
	r->consent_at = code_time(c, r->consent_at);
	r->tags = code_list(c, r->tags, 1);
	r->company_tags = code_list(c, r->company_tags, 1);
	r->extra = (const char *const (*)[2])code_list(c,
	    (const char *const *)r->extra, 2);
}

static void
code_activity(struct codec *c, struct crm_activity *r)
{
	code_texts(c, r, activity_texts, ARRAY_LEN(activity_texts));
	r->kind = (enum act_kind)code_int(c, r->kind, ACT_MEETING, ACT_OTHER);
	r->day = (int)code_int(c, r->day, INT_MIN, INT_MAX);
	r->done = code_bool(c, r->done);
	r->cancelled = code_bool(c, r->cancelled);
}

static void
code_event(struct codec *c, struct crm_event *r)
{
	code_texts(c, r, event_texts, ARRAY_LEN(event_texts));
	r->occurred_at = code_time(c, r->occurred_at);
	r->transition_at = code_time(c, r->transition_at);
	r->automatic = code_bool(c, r->automatic);
}

static void
code_record(struct codec *c, enum kind kind, union record *r)
{
	switch (kind) {
	case KIND_CONTACT:
		code_contact(c, &r->contact);
		break;
	case KIND_ACTIVITY:
		code_activity(c, &r->activity);
		break;
	case KIND_EVENT:
		code_event(c, &r->event);
		break;
	case KIND_CHECKPOINT:
		code_texts(c, &r->checkpoint, checkpoint_texts,
		    ARRAY_LEN(checkpoint_texts));
		break;
	}
}

/* FNV-1a: against a bad disk, not against people. */
static uint32_t
sum_of(uint32_t kind, const char *data, size_t len)
{
	uint32_t sum = 2166136261u ^ kind;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)data[i]) * 16777619u;
	return sum;
}

/* ---- writing ---------------------------------------------------------- */
static bool
put(struct spool *s, enum kind kind, union record *r, struct err *err)
{
	struct buf *b = &s->record;
	struct codec c = { .out = b };
	struct head head = { kind, 0, 0 };

	buf_reset(b);
	(void)buf_add(b, &head, sizeof(head));
	code_record(&c, kind, r);
	if (b->failed)
		return err_set(err, ERR_NOMEM,
		    "no memory for one record (at most %zu MiB)",
		    RECORD_BYTES_MAX >> 20);
	if (c.bad)
		return err_set(err, ERR_BUG,
		    "a record holds a number outside its enum");
	head.len = (uint32_t)(b->len - sizeof(head));
	head.sum = sum_of(kind, b->s + sizeof(head), head.len);
	memcpy(b->s, &head, sizeof(head));
	return append(s, b->s, b->len, err);
}

bool
spool_put_contact(struct spool *s, const struct crm_contact *c, struct err *err)
{
	union record r = { .contact = *c };

	return put(s, KIND_CONTACT, &r, err);
}

bool
spool_put_activity(struct spool *s, const struct crm_activity *a,
    struct err *err)
{
	union record r = { .activity = *a };

	return put(s, KIND_ACTIVITY, &r, err);
}

bool
spool_put_event(struct spool *s, const struct crm_event *e, struct err *err)
{
	union record r = { .event = *e };

	return put(s, KIND_EVENT, &r, err);
}

bool
spool_put_checkpoint(struct spool *s, const char *resume, const char *watermark,
    struct err *err)
{
	union record r = { .checkpoint = { resume, watermark } };

	return put(s, KIND_CHECKPOINT, &r, err);
}

/* ---- reading ---------------------------------------------------------- */
struct replay {
	crm_contact_fn *contact;
	crm_activity_fn *activity;
	crm_event_fn *event;
	checkpoint_fn *checkpoint;
	void *arg;
};

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
    struct codec *c, struct err *err)
{
	const long long from = *at;
	const size_t size = sizeof(*head);

	if (!read_at(s, from, head, size, err))
		return false;
	if (head->kind < KIND_CONTACT || head->kind > KIND_CHECKPOINT ||
	    head->len > RECORD_BYTES_MAX ||
	    (long long)head->len > until - from - (long long)size)
		return damaged(s, from, err);
	char *body = arena_alloc(c->arena, head->len);
	if (body == NULL)
		return err_nomem(err);
	if (!read_at(s, from + (long long)size, body, head->len, err))
		return false;
	if (sum_of(head->kind, body, head->len) != head->sum)
		return damaged(s, from, err);
	c->p = body;
	c->left = head->len;
	*at = from + (long long)(size + head->len);
	return true;
}

static bool
replay_one(struct spool *s, long long *at, long long until,
    const struct replay *to, struct arena *scratch, struct err *err)
{
	const long long from = *at;
	struct codec c = { .arena = scratch };
	struct head head;
	union record r;

	if (!read_body(s, at, until, &head, &c, err))
		return false;
	memset(&r, 0, sizeof(r));
	code_record(&c, (enum kind)head.kind, &r);
	if (arena_failed(scratch))
		return err_nomem(err);
	if (c.bad || c.left > 0)
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
