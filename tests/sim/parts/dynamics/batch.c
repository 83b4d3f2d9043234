/*
 * batch.c - $batch: requests in order, change sets whole or not at all.
 */
#include "batch.h"

#include <stdlib.h>

struct batch {
	struct sim *s;
	struct request *r;
	struct text out;
	const char *boundary;
	bool go_on, failed;
};

static const char *
reason_of(unsigned status)
{
	return status == 200 ? "OK" : status == 201 ? "Created"
	    : status == 204 ? "No Content" : status == 304 ? "Not Modified"
	    : status == 400 ? "Bad Request" : status == 404 ? "Not Found"
	    : status == 412 ? "Precondition Failed"
	    : status == 429 ? "Too Many Requests" : status == 403 ? "Forbidden"
	    : "Error";
}

static bool
is_good(const struct reply *out)
{
	return out->status < 400;
}

/* One answer, as it would stand alone. */
static void
part_write(struct text *to, const char *boundary, const char *id,
    const struct reply *out)
{
	text_fmt(to, "--%s\r\nContent-Type: application/http\r\n"
	    "Content-Transfer-Encoding: binary\r\n", boundary);
	if (id != NULL)
		text_fmt(to, "Content-ID: %s\r\n", id);
	text_fmt(to, "\r\nHTTP/1.1 %u %s\r\n", out->status,
	    reason_of(out->status));
	if (!is_good(out))
		text_fmt(to, "REQ_ID: %s\r\n",
		    guid_text(guid_seeded((uint64_t)clock_ms(), "req", 0)));
	if (out->json != NULL)
		text_str(to, "Content-Type: application/json; "
		    "odata.metadata=minimal\r\n");
	if (out->retry_after >= 0)
		text_fmt(to, "Retry-After: %lld\r\n",
		    (long long)out->retry_after);
	if (out->preference != NULL)
		text_fmt(to, "Preference-Applied: %s\r\n", out->preference);
	if (out->entity != NULL)
		text_fmt(to, "OData-EntityId: %s\r\n", out->entity);
	text_str(to, "OData-Version: 4.0\r\n\r\n");
	if (out->json != NULL) {
		char *body = json_text(out->json);
		text_str(to, body);
		free(body);
	}
	text_str(to, "\r\n");
}

static void
request_free(struct request *r)
{
	pool_free(&r->pool);
	free(r->in.uri);
	free(r->in.body);
}

/* false = the batch is malformed, and b->out holds nothing */
static bool
one_run(struct batch *b, const struct part *part, bool in_set,
    struct request *r, struct reply *out)
{
	*out = (struct reply){ .retry_after = -1 };
	const char *why = starts(part->type, "application/http")
	    ? inner_read(b->s, b->r, part, r) : "A part is no HTTP request";
	if (why == NULL && in_set && strcmp(r->in.method, "GET") == 0)
		why = "A change set holds no GET";
	if (why != NULL) {
		reply_error(out, 400, "0x80048d19", "%s.", why);
		return false;
	}
	b->s->parts++;
	if (!starts(r->path, b->s->opt.prefix))
		reply_error(out, 404, "0x80060888", "There is nothing here");
	else if (strstr(r->path, "$batch") != NULL)
		reply_error(out, 400, "0x80048d19", "A batch within a batch.");
	else
		on_data(b->s, r, out);
	request_log(b->s, r, out);
	return true;
}

static void
single_run(struct batch *b, const struct part *part, size_t nth)
{
	struct request r = { 0 };
	struct reply out;
	(void)one_run(b, part, false, &r, &out);
	const bool gone = (fault_is(b->r, "part_gone") &&
			      b->r->fault.nth == (int64_t)nth) ||
	    (nth == 2 && mutant(b->s, "batch-part-gone"));
	b->failed = b->failed || !is_good(&out);
	if (mutant(b->s, "batch-all-good") && !is_good(&out))
		reply_json(&out, 204, NULL);
	if (!gone)
		part_write(&b->out, b->boundary, part->id, &out);
	reply_clear(&out);
	request_free(&r);
}

/* ---- change sets */
struct set_run {
	struct text parts;
	const char *ids[PARTS_MAX], *urls[PARTS_MAX];
	const char *boundary;
	size_t n;
};

/* Answers are collected; the first that fails stands alone. */
static bool
set_part(struct batch *b, struct set_run *set, const struct part *part)
{
	struct request r = { 0 };
	struct reply out;
	(void)one_run(b, part, true, &r, &out);
	bool good = is_good(&out);
	if (mutant(b->s, "batch-all-good") && !good) {
		reply_json(&out, 204, NULL);
		good = true;
	}
	if (!good)
		set->parts.len = 0;
	const bool gone =
	    good && set->n == 1 && mutant(b->s, "batch-part-gone");
	if (!gone)
		part_write(&set->parts, set->boundary, part->id, &out);
	set->ids[set->n] = part->id;
	set->urls[set->n++] = out.entity == NULL ? NULL :
	    pool_text(&b->r->pool, out.entity, strlen(out.entity));
	reply_clear(&out);
	request_free(&r);
	return good;
}

static void
set_run(struct batch *b, const struct part *whole)
{
	struct change_set change;
	size_t n = 0;
	struct part *parts = need(calloc(PARTS_MAX, sizeof(*parts)));
	struct set_run *set = need(calloc(1, sizeof(*set)));
	const char *inner = boundary_of(&b->r->pool, whole->type);
	const char *why = inner == NULL ? "A change set has no boundary" :
	    parts_read(&b->r->pool, whole->content, whole->len + 2, inner, parts,
		&n);
	struct reply bad = { .retry_after = -1 };
	bool good = why == NULL;
	set->boundary = pool_fmt(&b->r->pool, "changesetresponse_%s",
	    guid_text(guid_seeded((uint64_t)b->s->requests, "set", b->out.len)));
	set_begin(b->s, &change);
	b->r->ids = set->ids;
	b->r->urls = set->urls;
	for (size_t i = 0; good && i < n; i++) {
		b->r->n_ids = set->n;
		good = set_part(b, set, &parts[i]);
	}
	b->r->n_ids = 0;
	set_end(b->s, &change, good);
	b->failed = b->failed || !good;
	if (why != NULL) {
		reply_error(&bad, 400, "0x80048d19", "%s.", why);
		part_write(&set->parts, set->boundary, NULL, &bad);
		reply_clear(&bad);
	}
	text_fmt(&b->out, "--%s\r\nContent-Type: multipart/mixed; boundary=%s\r\n"
	    "\r\n", b->boundary, set->boundary);
	text_add(&b->out, set->parts.s, set->parts.len);
	text_fmt(&b->out, "--%s--\r\n\r\n", set->boundary);
	free(set->parts.s);
	free(set);
	free(parts);
}

static size_t
batch_run(struct batch *b, const struct part *parts, size_t n)
{
	size_t i = 0;
	for (; i < n; i++) {
		if (starts(parts[i].type, "multipart/mixed"))
			set_run(b, &parts[i]);
		else
			single_run(b, &parts[i], i + 1);
		if (b->failed && (!b->go_on || mutant(b->s, "batch-stops")))
			break;
	}
	text_fmt(&b->out, "--%s--\r\n", b->boundary);
	return i;
}

/* Line ends of other systems. */
static void
lines_bare(struct text *t)
{
	size_t n = 0;
	for (size_t i = 0; i < t->len; i++)
		if (t->s[i] != '\r')
			t->s[n++] = t->s[i];
	t->len = n;
	t->s[n] = '\0';
}

void
on_batch(struct sim *s, struct request *r, struct reply *out)
{
	size_t n = 0;
	struct part *parts = need(calloc(PARTS_MAX, sizeof(*parts)));
	const char *boundary = boundary_of(&r->pool, r->h.type);
	const char *why = strcmp(r->in.method, "POST") != 0 || boundary == NULL ||
	    r->in.body == NULL ? "A batch is a POST of multipart/mixed" :
	    parts_read(&r->pool, pool_text(&r->pool, r->in.body, r->in.len), r->in.len,
		boundary, parts, &n);
	struct batch b = { .s = s, .r = r,
		.go_on = r->h.prefer != NULL &&
		    strstr(r->h.prefer, "odata.continue-on-error") != NULL,
		.boundary = pool_fmt(&r->pool, "batchresponse_%s", guid_text(
		    guid_seeded((uint64_t)s->requests, "batch", 0))) };
	s->batches++;
	if (why != NULL) {
		reply_error(out, 400, "0x80048d19", "%s.", why);
		free(parts);
		return;
	}
	batch_run(&b, parts, n);
	free(parts);
	if (fault_is(r, "batch_lf"))
		lines_bare(&b.out);
	reply_json(out, b.failed && !b.go_on ? 400 : 200, NULL);
	out->raw = b.out.s;
	out->raw_len = b.out.len;
	snprintf(out->type, sizeof(out->type), "multipart/mixed; boundary=%s",
	    b.boundary);
}
