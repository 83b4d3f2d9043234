/*
 * tags.c - the tags of cards, in a text field.  Step 0 reads the field of all
 * cards of a call, step 1 writes those that change, in one call.  How this can
 * lose, double or harm, and what stops it:
 *  - foreign tags: the list is written back from what was just read, merged by
 *    common/tagset.c.  What somebody sets between the answer to the reading and
 *    the arrival of the writing, a round trip, is lost with tag_guard = "none";
 *    with "unmodified" such a card is not written (guard.c);
 *  - a list that is longer than the field: refused, never cut;
 *  - 200 with failures: by card (collections.c, guard.c); an answer that does not
 *    fit is unknown for all, and the core reads the cards again;
 *  - the service's words about the call taken for the card's: a 404 of the call
 *    is no card that is gone;
 *  - a card that this user may not see: it is missing in the reading, as one that
 *    was deleted is; one that may stand on another page is not;
 *  - locks: a card's account is locked with it, so cards of an account go side by
 *    side, and one that is locked is written another time, alone of its call;
 *  - what was written by which call, of several under way: kept by the first
 *    card, which is in one call only; lost, it is unknown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/stamp.h"
#include "common/tagset.h"
#include "guard.h"
#include "soql.h"
#include "tagfield.h"
#include "url.h"
#include "writing.h"

#define LABEL_READ "query Contact, for its tags"
#define LABEL_WRITE "update Contact, its tags"

struct card {
	const char *account;
	const char *list;	/* as it will be */
	time_t stamp;
	size_t of;		/* of the writes */
};
struct plan {
	struct salesforce *s;
	struct sf_flight *f;
	struct card *cards;
	size_t n;
};

static const char *
field_of(const struct salesforce *s)
{
	return s->set->w.tag_field;
}

static bool
is_guarded(const struct salesforce *s)
{
	return s->set->w.tag_guard == SF_GUARD_UNMODIFIED;
}

static struct sf_reading
reading_of(const struct salesforce *s)
{
	return (struct sf_reading){ .again = &s->set->w.record_retry_codes,
		.token = &s->api.token.text };
}

/* ---- answers ------------------------------------------------------------- */
/* What the service has against the call is not against its cards. */
static bool
open_answer(struct salesforce *s, const struct http_res *res,
    const char *label, struct json_doc **doc, struct err *err)
{
	struct api_verdict v;

	if (!apicall_parse(res, label, doc, err))
		return false;
	apicall_judge(&s->api, res, *doc == NULL ? NULL : json_root(*doc), &v);
	if (v.kind == ERR_GONE)
		v.kind = ERR_PROTOCOL;
	if (v.kind != ERR_NONE)
		return apicall_fail(&v, res, label, err);
	return *doc != NULL || err_set(err, ERR_PROTOCOL, "%s: expected JSON",
	    label);
}

/* ---- which call is which ------------------------------------------------- */
static bool
end_call(struct sf_writer *w, struct sf_flight *f, const char *how,
    struct err *err)
{
	w->ended = f;
	if (f != NULL)
		f->busy = false;
	return err_set(err, ERR_DONE, "%s", how);
}

/* ---- step 0 -------------------------------------------------------------- */
static bool
read_statement(struct salesforce *s, const struct crm_tag_write *writes,
    size_t n, struct buf *out, struct err *err)
{
	const char **ids = arena_array(s->env.scratch, n, sizeof(*ids));
	size_t kept = 0;

	if (ids == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		if (sf_id_is_one(writes[i].contact_id))
			ids[kept++] = writes[i].contact_id;
	if (kept == 0)
		return err_set(err, ERR_REJECTED, "no id of a contact");
	(void)buf_printf(out, "SELECT Id,%sLastModifiedDate,%s FROM Contact "
	    "WHERE ", s->writer->has_account ? "AccountId," : "", field_of(s));
	soql_ids(out, "Id", ids, kept);
	return !out->failed || err_nomem(err);
}

static bool
step_read(struct salesforce *s, const struct crm_tag_write *writes, size_t n,
    struct http_req *req, struct err *err)
{
	struct arena *scratch = s->env.scratch;
	AUTO(buf) struct buf soql;

	buf_init(&soql, SOQL_MAX_BYTES);
	if (!read_statement(s, writes, n, &soql, err))
		return false;
	const char *q = url_escape(scratch, buf_text(&soql));
	const struct api_req from = { .method = "GET", .label = LABEL_READ,
		.target = q == NULL ? NULL : sf_path(s, scratch,
		    arena_printf(scratch, "/query?q=%s", q)) };
	if (from.target == NULL)
		return err_nomem(err);
	return apicall_sign(&s->api, scratch, &from, req, err);
}

/* ---- step 1: what each card should show ---------------------------------- */
static json_t *
row_of(json_t *rows, const char *id)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i);
		const char *found = sf_text(row, "Id");
		if (found != NULL && sf_id_is_same(found, id))
			return row;
	}
	return NULL;
}

/* A card that is not in the answer. */
static void
absent(const struct crm_tag_write *write, bool all_there,
    struct put_result *result)
{
	if (!sf_id_is_one(write->contact_id))
		sf_result_set(result, PUT_REJECTED, "no id of a contact");
	else if (all_there)
		sf_result_set(result, PUT_GONE, "no such contact, or the user "
		    "of npsync cannot see it");
	else
		sf_result_set(result, PUT_AGAIN, "the answer came in parts");
}

static const char *
list_refusal(const struct salesforce *s, const char *list)
{
	const size_t length = sf_text_length(list);
	const size_t max = s->writer->tag->length;

	return max == 0 || length <= max ? NULL : arena_printf(s->env.scratch,
	    "its tags are %zu characters, %s holds %zu", length, field_of(s),
	    max);
}

static bool
plan_list(struct plan *p, const struct crm_tag_write *write, const char *now,
    struct card *card, struct put_result *result, struct err *err)
{
	struct salesforce *s = p->s;
	struct arena *scratch = s->env.scratch;
	const char *const *had = sf_tags_split(scratch, now), *const *set;
	bool changed;

	if (had == NULL)
		return err_nomem(err);
	if (!tagset_apply(scratch, had, write, &set, &changed, err))
		return false;
	if (!changed) {
		sf_result_set(result, PUT_UNCHANGED, "");
		return true;
	}
	card->list = sf_tags_join(scratch, set,
	    s->set->w.tag_separator == SF_NEWLINE ? "\n" : ";");
	if (card->list == NULL)
		return err_nomem(err);
	const char *against = list_refusal(s, card->list);
	if (against != NULL) {
		sf_result_set(result, PUT_REJECTED, against);
		card->list = NULL;
	}
	return true;
}

static bool
plan_card(struct plan *p, const struct crm_tag_write *write, json_t *row,
    size_t i, struct err *err)
{
	struct card *card = &p->cards[p->n];
	struct put_result *result = &p->f->result[i];
	json_t *now = json_at(row, field_of(p->s));

	if (now == NULL || !(json_is_string(now) || json_is_null(now)))
		return err_set(err, ERR_PROTOCOL, LABEL_READ ": expected the "
		    "text %s in each row", field_of(p->s));
	if (write->value != NULL && !sf_tag_fits(write->value)) {
		sf_result_set(result, PUT_REJECTED, "a tag with \";\" or with "
		    "blanks around cannot stand in a list");
		return true;
	}
	*card = (struct card){ .of = i, .account = sf_text(row, "AccountId"),
		.stamp = stamp_up(sf_text(row, "LastModifiedDate")) };
	if (card->stamp == NO_TIME && is_guarded(p->s))
		return err_set(err, ERR_PROTOCOL, LABEL_READ ": expected "
		    "LastModifiedDate in each row");
	if (!plan_list(p, write, json_string_value(now), card, result, err))
		return false;
	p->n += card->list != NULL;
	return true;
}

static bool
plan_all(struct plan *p, const struct crm_tag_write *writes, size_t n,
    json_t *root, struct err *err)
{
	json_t *rows = json_object_get(root, "records");
	json_t *total = json_object_get(root, "totalSize");
	const bool all_there = json_is_true(json_object_get(root, "done")) &&
	    (!json_is_integer(total) || json_integer_value(total) ==
	    (json_int_t)json_array_size(rows));

	if (!json_is_array(rows))
		return err_set(err, ERR_PROTOCOL, LABEL_READ ": expected an "
		    "array \"records\"");
	for (size_t i = 0; i < n; i++) {
		json_t *row = sf_id_is_one(writes[i].contact_id) ?
		    row_of(rows, writes[i].contact_id) : NULL;
		if (row == NULL)
			absent(&writes[i], all_there, &p->f->result[i]);
		else if (!plan_card(p, &writes[i], row, i, err))
			return false;
	}
	return true;
}

/* ---- step 1: the call ---------------------------------------------------- */
/* Those of an account side by side, else as they came. */
static int
by_account(const void *a, const void *b)
{
	const struct card *x = a, *y = b;
	const char *p = x->account == NULL ? "" : x->account;
	const char *q = y->account == NULL ? "" : y->account;
	const int order = strcmp(p, q);

	return order != 0 ? order : x->of < y->of ? -1 : x->of > y->of;
}

static json_t *
fields_of(const struct plan *p, const struct card *card)
{
	json_t *out = json_object();

	if (out != NULL && json_object_set_new(out, field_of(p->s),
	    *card->list == '\0' ? json_null() : json_string(card->list)) == 0)
		return out;
	json_decref(out);
	return NULL;
}

/* The ids outlive the request, for its answer. */
static bool
remember(struct plan *p, const struct crm_tag_write *writes,
    struct sf_guarded *records)
{
	struct sf_flight *f = p->f;

	for (size_t i = 0; i < p->n; i++) {
		const struct card *card = &p->cards[i];
		(void)snprintf(f->ids[i], sizeof(f->ids[i]), "%s",
		    writes[card->of].contact_id);
		f->of[i] = card->of;
		f->sent[i] = (struct sf_record){ .id = f->ids[i] };
		records[i] = (struct sf_guarded){ .unmodified_since =
			card->stamp, .record = { .id = f->ids[i],
			.fields = fields_of(p, card) } };
		if (records[i].record.fields == NULL)
			return false;
		f->n_sent = i + 1;
	}
	return true;
}

static bool
body_of(const struct plan *p, const struct sf_guarded *records,
    const char **body, struct err *err)
{
	struct arena *scratch = p->s->env.scratch;
	struct sf_record *plain;

	if (is_guarded(p->s))
		return sf_guard_body(scratch, sf_path(p->s, scratch, ""),
		    "Contact", records, p->n, body, err);
	plain = arena_array(scratch, p->n, sizeof(*plain));
	if (plain == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < p->n; i++)
		plain[i] = records[i].record;
	return sf_collection_body(scratch, "Contact", NULL, plain, p->n, body,
	    err);
}

static bool
write_request(struct plan *p, const struct crm_tag_write *writes,
    struct http_req *req, struct err *err)
{
	struct salesforce *s = p->s;
	struct arena *scratch = s->env.scratch;
	struct sf_guarded *records = arena_array(scratch, p->n,
	    sizeof(*records));
	struct api_req from = { .label = LABEL_WRITE,
		.method = is_guarded(s) ? "POST" : "PATCH",
		.target = sf_path(s, scratch, is_guarded(s) ? "/composite"
		    : "/composite/sobjects") };
	const char *body = NULL;

	if (records == NULL || from.target == NULL)
		return err_nomem(err);
	qsort(p->cards, p->n, sizeof(*p->cards), by_account);
	bool ok = remember(p, writes, records) || err_nomem(err);
	ok = ok && body_of(p, records, &body, err);
	for (size_t i = 0; i < p->n; i++)
		json_decref(records[i].record.fields);
	if (!ok)
		return false;
	from.body = body;
	from.body_len = strlen(body);
	return apicall_sign(&s->api, scratch, &from, req, err);
}

static bool
step_write(struct salesforce *s, const struct crm_tag_write *writes, size_t n,
    const struct http_res *before, struct http_req *req, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct plan p = { .s = s, .cards = arena_array(s->env.scratch, n,
	    sizeof(*p.cards)) };

	if (p.cards == NULL)
		return err_nomem(err);
	if (!open_answer(s, before, LABEL_READ, &doc, err))
		return false;
	p.f = sf_flight_new(s->writer, writes[0].contact_id, n);
	if (!plan_all(&p, writes, n, json_root(doc), err))
		return false;
	if (p.n == 0)
		return end_call(s->writer, p.f, "nothing to write", err);
	if (!write_request(&p, writes, req, err))
		return false;
	p.f->busy = true;
	return true;
}

/* ---- step 2: what became of it ------------------------------------------- */
static void
take_results(struct salesforce *s, struct sf_flight *f, json_t *root)
{
	const struct sf_reading how = reading_of(s);
	struct put_result *sent = arena_array(s->env.scratch, f->n_sent,
	    sizeof(*sent));

	if (sent == NULL)
		return;
	if (is_guarded(s))
		sf_guard_read(root, f->n_sent, &how, sent);
	else
		sf_collection_read(root, f->sent, f->n_sent, &how, sent);
	for (size_t k = 0; k < f->n_sent; k++)
		f->result[f->of[k]] = sent[k];
}

static bool
step_end(struct salesforce *s, const struct crm_tag_write *writes, size_t n,
    const struct http_res *before, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	struct sf_flight *f = sf_flight_of(s->writer, writes[0].contact_id);

	if (f != NULL)
		f->busy = false;
	if (!open_answer(s, before, LABEL_WRITE, &doc, err))
		return false;
	if (f != NULL && f->n == n && f->n_sent > 0)
		take_results(s, f, json_root(doc));
	else
		f = NULL;
	return end_call(s->writer, f, "written", err);
}

/* ---- members ------------------------------------------------------------- */
bool
sf_tags_request(void *self, const struct crm_tag_write *writes, size_t n,
    int step, const struct http_res *before, struct http_req *req,
    struct err *err)
{
	struct salesforce *s = self;

	if (s->writer == NULL || s->writer->tag == NULL)
		return err_set(err, ERR_BUG, "tags: %s was not described",
		    field_of(s));
	if (n == 0 || n > SF_COLLECTION_MAX || (step > 0 && before == NULL) ||
	    (is_guarded(s) && n > SF_GUARD_MAX))
		return err_set(err, ERR_BUG, "tags: %zu cards in step %d", n,
		    step);
	s->writer->ended = NULL;
	if (step == 0)
		return step_read(s, writes, n, req, err);
	return step == 1 ? step_write(s, writes, n, before, req, err)
	                 : step_end(s, writes, n, before, err);
}

/* Asked right after the step that ended the call. */
bool
sf_tags_result(void *self, const struct http_res *res,
    struct put_result *results, size_t n, struct err *err)
{
	struct salesforce *s = self;
	const struct sf_flight *f = s->writer == NULL ? NULL
	    : s->writer->ended;

	(void)res;
	(void)err;
	for (size_t i = 0; i < n; i++)
		if (f != NULL && f->n == n)
			results[i] = f->result[i];
		else
			sf_result_set(&results[i], PUT_UNKNOWN,
			    "which cards were written was lost");
	if (s->writer != NULL)
		s->writer->ended = NULL;
	return true;
}
