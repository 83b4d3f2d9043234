/*
 * tags.c - the tags of contacts, in one property.  A part of the contacts of a
 * call is read and at once written; a part that is refused as a whole goes
 * again in halves, read anew.  How this can lose, double or harm, and what stops
 * it:
 *  - foreign tags: the value goes back as it was just read, merged by
 *    common/tagset.c.  What somebody sets between the answer to the reading and
 *    the arrival of the writing, a round trip, is lost: HubSpot has no
 *    condition for a write;
 *  - one bad contact that spoils its call: halved until it is alone;
 *  - 200 and 207 with errors: by contact (batch.c); an answer that does not fit
 *    is unknown, and the core reads the contact again;
 *  - a contact that is gone by an answer that only lacks it: not gone before an
 *    error says so of its id, or it is asked for alone (absent.c);
 *  - a choice that was made just now and is not known everywhere yet: the
 *    contact goes again, it is not refused for good;
 *  - which call an answer belongs to, of several under way: kept by the first
 *    contact, which is in one call only; lost, it is unknown.
 */
#include <stdio.h>
#include <string.h>

#include "common/putting.h"
#include "common/tagset.h"
#include "common/tagtext.h"
#include "writing.h"

#define LABEL_READ "read contacts, for their tags"
#define LABEL_WRITE "update contacts, their tags"
#define VALUE_MAX ((size_t)65536)	/* characters of a property */

/* A step of a call. */
struct step {
	struct hubspot *h;
	struct hs_flight *f;
	const struct crm_tag_write *writes;
};

static const char *
property_of(const struct step *s)
{
	return s->h->set->w.tag_property;
}

/* Of the i-th contact of the part under way. */
static const struct crm_tag_write *
write_of(const struct step *s, size_t i)
{
	return &s->writes[hs_parts_record(&s->f->parts, i)];
}

static struct put_result *
result_of(const struct step *s, size_t i)
{
	return &s->f->result[hs_parts_record(&s->f->parts, i)];
}

/* ---- which call is which ------------------------------------------------- */
static bool
is_first(const struct hs_flight *f, const char *id)
{
	return f->used > 0 &&
	    strncmp(f->first, id, sizeof(f->first) - 1) == 0;
}

static struct hs_flight *
flight_of(struct hs_writer *w, const char *first)
{
	for (size_t i = 0; i < HS_FLIGHTS; i++)
		if (is_first(&w->flight[i], first))
			return &w->flight[i];
	return NULL;
}

/* One that is over or was never used, else the one whose last step is the oldest:
 * a slow call is not overtaken by those that began meanwhile, and ended or were
 * given up. */
static struct hs_flight *
spare(struct hs_writer *w)
{
	struct hs_flight *f = &w->flight[0];

	for (size_t i = 0; i < HS_FLIGHTS; i++) {
		if (w->flight[i].over || w->flight[i].used == 0)
			return &w->flight[i];
		if (w->flight[i].used < f->used)
			f = &w->flight[i];
	}
	return f;
}

/* One that stays unanswered is forgotten. */
static struct hs_flight *
flight_new(struct hs_writer *w, const char *first, size_t n)
{
	struct hs_flight *f = flight_of(w, first);

	if (f == NULL)
		f = spare(w);
	memset(f, 0, sizeof(*f));
	(void)snprintf(f->first, sizeof(f->first), "%s", first);
	f->used = ++w->steps;
	f->n = n;
	for (size_t i = 0; i < n; i++)
		put_result_set(&f->result[i], PUT_UNKNOWN,
		    "it was not written", "");
	return f;
}

/* ---- requests ------------------------------------------------------------ */
static bool
sign(const struct step *s, const char *what, const char *label,
    const char *body, struct http_req *req, struct err *err)
{
	struct arena *scratch = s->h->env.scratch;
	const struct api_req from = { .method = "POST", .label = label,
		.target = hs_path(s->h, scratch, HS_OBJECTS, what),
		.body = body, .body_len = body == NULL ? 0 : strlen(body),
		.repeatable = s->f->doing == HS_READING };

	if (from.target == NULL || body == NULL)
		return err_nomem(err);
	return hs_token(s->h, err) &&
	    apicall_sign(&s->h->api, scratch, &from, req, err);
}

/* Those that the readings lacked; ERR_DONE: the call is over. */
static bool
ask_next(const struct step *s, struct http_req *req, struct err *err)
{
	if (hs_absent_ask(s->h, s->f, s->writes, req, err))
		return true;
	if (err->kind == ERR_DONE) {
		s->h->writer->ended = s->f;
		s->f->over = true;
	}
	return false;
}

/* The next part, from its reading on. */
static bool
read_next(const struct step *s, struct http_req *req, struct err *err)
{
	struct hs_parts *parts = &s->f->parts;
	const char *ids[HS_BATCH_MAX];

	if (!hs_parts_next(parts))
		return ask_next(s, req, err);
	for (size_t i = 0; i < parts->now.n; i++)
		ids[i] = write_of(s, i)->contact_id;
	s->f->doing = HS_READING;
	return sign(s, "/contacts/batch/read", LABEL_READ, hs_read_body(
	    s->h->env.scratch, ids, parts->now.n, property_of(s)), req, err);
}

/* values[i] is of the i-th contact of the part; those with NULL go out. */
static bool
write_values(const struct step *s, const char *const *values,
    struct http_req *req, struct err *err)
{
	struct arena *scratch = s->h->env.scratch;
	struct hs_record records[HS_BATCH_MAX];
	const char *pairs[HS_BATCH_MAX][2][2];
	bool keep[HS_BATCH_MAX];
	size_t n = 0;

	for (size_t i = 0; i < s->f->parts.now.n; i++) {
		keep[i] = values[i] != NULL;
		if (!keep[i])
			continue;
		pairs[n][0][0] = property_of(s);
		pairs[n][0][1] = values[i];
		pairs[n][1][0] = pairs[n][1][1] = NULL;
		records[n] = (struct hs_record){ write_of(s, i)->contact_id,
			(const char *const (*)[2])pairs[n] };
		n++;
	}
	hs_parts_keep(&s->f->parts, keep);
	if (n == 0)
		return read_next(s, req, err);
	s->f->doing = HS_WRITING;
	return sign(s, "/contacts/batch/update", LABEL_WRITE,
	    hs_update_body(scratch, records, n), req, err);
}

/* ---- the reading --------------------------------------------------------- */
/* A contact that is not in the answer: gone only where an error says so, or where
 * it is asked for alone. */
static void
absent(const struct step *s, json_t *root, size_t i)
{
	const char *const sent[2][2] = { { property_of(s), "" } };
	json_t *error = hs_error_of(root, write_of(s, i)->contact_id);
	struct hs_refusal said;

	if (error == NULL) {
		put_result_set(result_of(s, i), PUT_AGAIN,
		    "the answer lacks this contact", "");
		hs_absent_note(s->f, hs_parts_record(&s->f->parts, i));
		return;
	}
	hs_refusal_read(error, sent, &said);
	put_result_set(result_of(s, i), said.outcome == PUT_REJECTED ? PUT_AGAIN
	    : said.outcome, "it cannot be read", said.words);
}

static bool
can_stand(const char *tag)
{
	return tag == NULL || (tagtext_is_tag(tag) && *tag != ' ' &&
	    tag[strlen(tag) - 1] != ' ');
}

/* *value NULL: nothing is to be written. */
static bool
merge(const struct step *s, size_t i, const char *now, const char **value,
    struct err *err)
{
	struct arena *scratch = s->h->env.scratch;
	const char *const *had = tagtext_split(scratch, now), *const *set;
	bool changed;

	*value = NULL;
	if (had == NULL)
		return err_nomem(err);
	if (!tagset_apply(scratch, had, write_of(s, i), &set, &changed, err))
		return false;
	if (!changed) {
		put_result_set(result_of(s, i), PUT_UNCHANGED, "", "");
		return true;
	}
	const char *text = tagtext_join(scratch, set);
	if (text == NULL)
		return err_nomem(err);
	if (strlen(text) <= VALUE_MAX)
		*value = text;
	else
		put_result_set(result_of(s, i), PUT_REJECTED, arena_printf(
		    scratch, "its tags are %zu bytes, a property holds %zu",
		    strlen(text), VALUE_MAX), "");
	return true;
}

static bool
plan_card(const struct step *s, json_t *root, size_t i, const char **value,
    struct err *err)
{
	json_t *row = hs_row_of(root, write_of(s, i)->contact_id);
	json_t *now = json_object_get(json_object_get(row, "properties"),
	    property_of(s));

	*value = NULL;
	if (row == NULL) {
		absent(s, root, i);
	} else if (json_is_true(json_object_get(row, "archived"))) {
		put_result_set(result_of(s, i), PUT_GONE, "it was deleted", "");
	} else if (now == NULL ||
	    !(json_is_string(now) || json_is_null(now))) {
		return err_set(err, ERR_PROTOCOL, LABEL_READ ": expected the "
		    "text %s in each contact", property_of(s));
	} else if (!can_stand(write_of(s, i)->value)) {
		put_result_set(result_of(s, i), PUT_REJECTED, "a tag with "
		    "\";\" or with blanks around cannot stand in a list", "");
	} else {
		return merge(s, i, json_string_value(now), value, err);
	}
	return true;
}

/* ---- the writing --------------------------------------------------------- */
/* Where a tag that the card has is no choice any more, its whole value is
 * refused. */
static const char *
reason_of(const struct step *s, const struct hs_refusal *said)
{
	return hs_tag_kind(s->h) == HS_KIND_CHOICES &&
	    strstr(said->words, "INVALID_OPTION") != NULL ?
	    "INVALID_OPTION: a tag of the contact may be no choice any more: "
	    "add it again, hidden, or take it off" : said->words;
}

static void
refuse(const struct step *s, size_t i, const struct hs_refusal *said)
{
	const char *value = write_of(s, i)->value;
	const bool is_new = said->outcome == PUT_REJECTED && value != NULL &&
	    idmap_has(&s->h->writer->added, value);

	put_result_set(result_of(s, i), is_new ? PUT_AGAIN : said->outcome,
	    is_new ? "its choice was added just now" : reason_of(s, said),
	    said->words);
}

static bool
no_property(const struct step *s, struct err *err)
{
	return err_set(err, ERR_CONFIG, LABEL_WRITE ": HubSpot says that there "
	    "is no property %s (tag_property): `npsync check` says what to do",
	    property_of(s));
}

/* The part as a whole. */
static bool
part_refused(const struct step *s, json_t *root, struct http_req *req,
    struct err *err)
{
	const char *const sent[2][2] = { { property_of(s), "" } };
	struct hs_parts *parts = &s->f->parts;
	struct hs_refusal said;

	hs_refusal_read(root, sent, &said);
	if (said.config)
		return no_property(s, err);
	if (parts->now.n > 1 && hs_is_final(said.outcome)) {
		hs_parts_again(parts, !s->h->set->w.bisect_on_400);
		return read_next(s, req, err);
	}
	for (size_t i = 0; i < parts->now.n; i++)
		refuse(s, i, &said);
	return read_next(s, req, err);
}

/* 404, and no word of what is missing: a contact or the address. */
static bool
doubt_part(const struct step *s, struct http_req *req, struct err *err)
{
	s->f->missing = s->f->doing;
	return hs_batch_missing(s->h, s->f->missing, err) &&
	    hs_prove_ask(s->h, s->f, req, err);
}

/* Contacts are served: one who is missing is found by halves, and asked for alone
 * at once: is it the batch that is not served? */
static bool
part_missing(const struct step *s, struct http_req *req, struct err *err)
{
	struct hs_parts *parts = &s->f->parts;

	if (parts->now.n > 1) {
		hs_parts_again(parts, !s->h->set->w.bisect_on_400);
		return read_next(s, req, err);
	}
	const size_t record = hs_parts_record(parts, 0);
	put_result_set(&s->f->result[record], PUT_AGAIN, "HTTP 404", "");
	parts->now.n = 0;
	if (hs_absent_now(s->h, s->f, s->writes, record, req, err))
		return true;
	return err->kind == ERR_DONE && read_next(s, req, err);
}

/* By contact; those that an error without a name may mean go again. */
static bool
take_results(const struct step *s, json_t *root, struct http_req *req,
    struct err *err)
{
	const char *const sent[2][2] = { { property_of(s), "" } };
	struct hs_parts *parts = &s->f->parts;
	struct hs_record records[HS_BATCH_MAX];
	struct put_result results[HS_BATCH_MAX];
	struct hs_refusal said = { .config = false };
	bool unnamed[HS_BATCH_MAX];

	for (size_t i = 0; i < parts->now.n; i++) {
		records[i] = (struct hs_record){ write_of(s, i)->contact_id,
			sent };
		results[i] = (struct put_result){ .outcome = PUT_UNKNOWN };
	}
	const size_t n = hs_update_read(root, records, parts->now.n, results,
	    unnamed, &said);
	if (said.config)
		return no_property(s, err);
	for (size_t i = 0; i < parts->now.n; i++) {
		said.outcome = results[i].outcome;
		(void)snprintf(said.words, sizeof(said.words), "%s",
		    results[i].reason);
		refuse(s, i, &said);
	}
	hs_parts_keep(parts, unnamed);
	if (n > 1)
		hs_parts_again(parts, !s->h->set->w.bisect_on_400);
	return read_next(s, req, err);
}

/* ---- steps ----------------------------------------------------------- */
static bool
after_reading(const struct step *s, const struct http_res *res,
    struct http_req *req, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	const char *values[HS_BATCH_MAX];
	enum hs_said said;

	if (!hs_answer_read(s->h, res, LABEL_READ, false, &doc, &said, err))
		return false;
	if (said == HS_MISSING)
		return doubt_part(s, req, err);
	hs_batch_served(s->h, s->f->doing, res, doc == NULL ? NULL :
	    json_root(doc));
	if (said == HS_REFUSED)
		return part_refused(s, json_root(doc), req, err);
	for (size_t i = 0; i < s->f->parts.now.n; i++)
		if (!plan_card(s, json_root(doc), i, &values[i], err))
			return false;
	return write_values(s, values, req, err);
}

static bool
after_writing(const struct step *s, const struct http_res *res,
    struct http_req *req, struct err *err)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	enum hs_said said;

	if (!hs_answer_read(s->h, res, LABEL_WRITE, true, &doc, &said, err))
		return false;
	json_t *root = doc == NULL ? NULL : json_root(doc);
	if (said == HS_MISSING)
		return doubt_part(s, req, err);
	hs_batch_served(s->h, s->f->doing, res, root);
	return said == HS_REFUSED ? part_refused(s, root, req, err)
	                          : take_results(s, root, req, err);
}

static bool
after_asking(const struct step *s, const struct http_res *res,
    struct http_req *req, struct err *err)
{
	bool prove;

	if (!hs_absent_take(s->h, s->f, s->writes, res, &prove, err))
		return false;
	return prove ? hs_prove_ask(s->h, s->f, req, err)
	             : read_next(s, req, err);
}

/* A part, or one alone, was answered 404. */
static bool
after_proving(const struct step *s, const struct http_res *res,
    struct http_req *req, struct err *err)
{
	if (!hs_prove_take(s->h, res, err))
		return false;
	if (s->f->parts.now.n > 0)
		return part_missing(s, req, err);
	return hs_absent_gone(s->h, s->f, s->writes, err) &&
	    read_next(s, req, err);
}

/* ---- members ------------------------------------------------------------- */
static bool
begin(struct step *s, size_t n, struct http_req *req, struct err *err)
{
	s->f = flight_new(s->h->writer, s->writes[0].contact_id, n);
	hs_parts_begin(&s->f->parts);
	for (size_t i = 0; i < n; i++)
		if (hs_is_id(s->writes[i].contact_id))
			hs_parts_add(&s->f->parts, i);
		else
			put_result_set(&s->f->result[i], PUT_REJECTED,
			    "no id of a contact", "");
	if (s->f->parts.n_left == 0)
		return err_set(err, ERR_REJECTED, "no id of a contact");
	return read_next(s, req, err);
}

bool
hs_tags_request(void *self, const struct crm_tag_write *writes, size_t n,
    int step, const struct http_res *before, struct http_req *req,
    struct err *err)
{
	struct step s = { .h = self, .writes = writes };
	struct hs_writer *w = s.h->writer;

	if (w == NULL || !w->tags_ready)
		return err_set(err, ERR_BUG, "tags: %s was not looked at",
		    property_of(&s));
	if (n == 0 || n > HS_BATCH_MAX || (step > 0 && before == NULL))
		return err_set(err, ERR_BUG, "tags: %zu cards in step %d", n,
		    step);
	w->ended = NULL;
	if (step == 0)
		return begin(&s, n, req, err);
	s.f = flight_of(w, writes[0].contact_id);
	if (s.f == NULL || s.f->n != n)
		return err_set(err, ERR_DONE, "which call it was is lost");
	s.f->used = ++w->steps;
	switch (s.f->doing) {
	case HS_READING:
		break;
	case HS_WRITING:
		return after_writing(&s, before, req, err);
	case HS_ASKING:
		return after_asking(&s, before, req, err);
	case HS_PROVING:
		return after_proving(&s, before, req, err);
	}
	return after_reading(&s, before, req, err);
}

/* Asked right after the step that ended the call. */
bool
hs_tags_result(void *self, const struct http_res *res,
    struct put_result *results, size_t n, struct err *err)
{
	const struct hubspot *h = self;
	struct hs_flight *f = h->writer == NULL ? NULL : h->writer->ended;

	(void)res;
	(void)err;
	for (size_t i = 0; i < n; i++)
		if (f != NULL && f->n == n)
			results[i] = f->result[i];
		else
			put_result_set(&results[i], PUT_UNKNOWN,
			    "which contacts were written was lost", "");
	if (h->writer != NULL)
		h->writer->ended = NULL;
	return true;
}
