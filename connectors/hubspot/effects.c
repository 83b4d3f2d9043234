/*
 * effects.c - properties of contacts, many contacts in a call.  How this can
 * lose, double or hang, and what stops it:
 *  - a call whose reply is lost: it says the same again, properties are set;
 *  - one bad contact that spoils its call, every night: a call that is refused
 *    as a whole is halved until the one is alone;
 *  - one contact twice in a call: the second goes in the next call;
 *  - a contact that is known to be gone: nothing is sent, for HubSpot takes an
 *    id that was merged away for its survivor's;
 *  - a property that is not there, which refuses each contact for good: looked
 *    at before, and told as what it is, the configuration's; one that goes
 *    meanwhile leaves the contacts of that call unknown, it refuses none;
 *  - a day in a form that the property does not take: by its type.
 */
#include <string.h>

#include "common/putting.h"
#include "writing.h"

#define WORK_BYTES ((size_t)16777216)
#define LABEL "update contacts, writeback.fields"

struct fields {
	struct hubspot *h;
	const struct crm_effect *e;
	struct put_result *results;
	struct hs_parts parts;
};

/* ---- what the portal has ------------------------------------------------- */
static const struct hs_known *
known_of(const struct hs_writer *w, const char *name)
{
	const struct hs_known *k = w->known;

	while (k != NULL && strcmp(k->name, name) != 0)
		k = k->next;
	return k;
}

static const char *
type_of(const struct hs_writer *w, const char *name)
{
	const struct hs_known *k = known_of(w, name);

	return k == NULL ? "" : k->type;
}

static const struct hs_known *
fail_memory(struct err *err)
{
	(void)err_nomem(err);
	return NULL;
}

/* NULL: it cannot be said. */
static const struct hs_known *
look_at(struct hubspot *h, const char *name, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(WORK_BYTES);
	AUTO(api_res) struct api_res res = { 0 };
	struct hs_writer *w = h->writer;
	struct hs_known *k = arena_alloc(h->own, sizeof(*k));
	bool there;

	if (arena == NULL || k == NULL)
		return fail_memory(err);
	if (!hs_property_get(h, arena, name, &res, &there, err))
		return NULL;
	const char *type = json_string_value(json_object_get(api_root(&res),
	    "type"));
	k->name = arena_strdup(h->own, name);
	k->type = arena_strdup(h->own, type == NULL ? "" : type);
	k->fault = !there ? "contacts have no such property"
	    : hs_property_is_kept(api_root(&res))
	    ? "HubSpot keeps it itself" : NULL;
	if (k->name == NULL || k->type == NULL)
		return fail_memory(err);
	k->next = w->known;
	return w->known = k;
}

static bool
check_name(struct hubspot *h, const char *name, struct err *err)
{
	const struct hs_known *k = known_of(h->writer, name);

	if (k == NULL && (k = look_at(h, name, err)) == NULL)
		return err_wrap(err, "writeback.fields");
	return k->fault == NULL || err_set(err, ERR_CONFIG, "writeback.fields: "
	    "%s cannot be written: %s; `npsync check` says what to do", name,
	    k->fault);
}

static bool
check_names(struct hubspot *h, const struct crm_effect *e, size_t n,
    struct err *err)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; e[i].fields[k][0] != NULL; k++)
			if (!check_name(h, e[i].fields[k][0], err))
				return false;
	return true;
}

/* ---- one call ------------------------------------------------------------ */
static const struct crm_effect *
effect_of(const struct fields *f, size_t i)
{
	return &f->e[hs_parts_record(&f->parts, i)];
}

static bool
record_of(const struct fields *f, struct arena *arena,
    const struct crm_effect *e, struct hs_record *r)
{
	size_t n = 0;

	while (e->fields[n][0] != NULL)
		n++;
	const char *(*values)[2] = arena_array(arena, n + 1, sizeof(*values));
	for (size_t i = 0; values != NULL && i < n; i++) {
		values[i][0] = e->fields[i][0];
		values[i][1] = hs_value_text(arena,
		    type_of(f->h->writer, e->fields[i][0]), f->h->env.timezone,
		    f->h->set->w.date_format == HS_DATE_EPOCH, e->fields[i][1]);
	}
	*r = (struct hs_record){ e->contact_id,
		(const char *const (*)[2])values };
	return !arena_failed(arena);
}

/* By contact; those that an error without a name may mean go again. */
static bool
take_results(struct fields *f, json_t *root, const struct hs_record *records,
    struct hs_refusal *said, struct err *err)
{
	const bool stranger = hs_has_stranger(root, records, f->parts.now.n);
	struct put_result results[HS_BATCH_MAX] = { 0 };
	bool unnamed[HS_BATCH_MAX];
	const size_t n = hs_update_read(root, records, f->parts.now.n, results,
	    unnamed, said);

	if (said->config)
		return true;
	for (size_t i = 0; i < f->parts.now.n; i++)
		f->results[hs_parts_record(&f->parts, i)] = results[i];
	for (size_t i = 0; stranger && i < f->parts.now.n; i++)
		if (results[i].outcome == PUT_UNKNOWN &&
		    !hs_absent_look(f->h, records[i].id, &f->results[
		        hs_parts_record(&f->parts, i)], err))
			return false;
	hs_parts_keep(&f->parts, unnamed);
	if (n > 1)
		hs_parts_again(&f->parts, !f->h->set->w.bisect_on_400);
	return true;
}

/* The part as a whole, for its contacts. */
static void
part_refused(struct fields *f, json_t *root, const struct hs_record *records,
    struct hs_refusal *said)
{
	hs_refusal_read(root, records[0].values, said);
	if (said->config)
		return;
	if (f->parts.now.n > 1 && hs_is_final(said->outcome)) {
		hs_parts_again(&f->parts, !f->h->set->w.bisect_on_400);
		return;
	}
	for (size_t i = 0; i < f->parts.now.n; i++)
		put_result_set(&f->results[hs_parts_record(&f->parts, i)],
		    said->outcome, said->words, "");
}

/* 404, and no word of what is missing: a contact, or the address. */
static bool
part_missing(struct fields *f, json_t *root, const struct hs_record *records,
    struct err *err)
{
	struct put_result *result = &f->results[hs_parts_record(&f->parts, 0)];

	if (!hs_batch_missing(f->h, HS_WRITING, err) ||
	    !hs_prove(f->h, root, err))
		return false;
	if (f->parts.now.n > 1) {
		hs_parts_again(&f->parts, !f->h->set->w.bisect_on_400);
		return true;
	}
	put_result_set(result, PUT_AGAIN, "HTTP 404", "");
	/* What was there a while ago need not be now. */
	const bool before = idmap_has(&f->h->writer->asked, records[0].id);
	if (!hs_absent_look(f->h, records[0].id, result, err))
		return false;
	if (!before && result->outcome != PUT_GONE)
		hs_batch_doubt(f->h, HS_WRITING);
	return true;
}

/* What was refused for none of its contacts is an error of the call. */
static bool
of_no_record(struct err *err)
{
	if (err->kind == ERR_REJECTED || err->kind == ERR_GONE)
		err->kind = ERR_PROTOCOL;
	return false;
}

/* False: it is the call's. */
static bool
take_failure(struct fields *f, const struct api_res *res,
    const struct hs_record *records, struct hs_refusal *said, struct err *err)
{
	if (!hs_is_of_records(&res->http, err->kind, api_root(res)))
		return res->http.status == 404 && err->kind == ERR_GONE &&
		    part_missing(f, api_root(res), records, err);
	hs_batch_served(f->h, HS_WRITING, &res->http, api_root(res));
	part_refused(f, api_root(res), records, said);
	return true;
}

static bool
send_part(struct fields *f, struct err *err)
{
	AUTO(arena) struct arena *arena = arena_new(WORK_BYTES);
	AUTO(api_res) struct api_res res = { 0 };
	struct hs_record records[HS_BATCH_MAX];
	struct hs_refusal said = { .config = false };
	struct api_req req = { .method = "POST", .label = LABEL,
		.repeatable = true };

	if (arena == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < f->parts.now.n; i++)
		if (!record_of(f, arena, effect_of(f, i), &records[i]))
			return err_nomem(err);
	req.target = hs_path(f->h, arena, HS_OBJECTS, "/contacts/batch/update");
	req.body = hs_update_body(arena, records, f->parts.now.n);
	if (req.target == NULL || req.body == NULL)
		return err_nomem(err);
	req.body_len = strlen(req.body);
	if (hs_do(f->h, arena, &req, &res, err)) {
		hs_batch_served(f->h, HS_WRITING, &res.http, api_root(&res));
		if (!take_results(f, api_root(&res), records, &said, err))
			return of_no_record(err);
	} else if (!take_failure(f, &res, records, &said, err)) {
		return of_no_record(err);
	}
	return !said.config || err_set(err, ERR_CONFIG, LABEL ": %s: `npsync "
	    "check` says what to do", said.words);
}

/* ---- all of them --------------------------------------------------------- */
static bool
is_among(const struct fields *f, const char *id)
{
	const struct hs_parts *p = &f->parts;

	for (size_t i = 0; i < p->left[0].n; i++)
		if (strcmp(f->e[p->order[i]].contact_id, id) == 0)
			return true;
	return false;
}

/* So many from `from` on that go in one call; what has no id is refused. */
static size_t
gather(struct fields *f, size_t from, size_t n)
{
	const char *gone;
	const size_t max = (size_t)f->h->set->w.batch_max;
	size_t i = from;

	hs_parts_begin(&f->parts);
	for (; i < n && f->parts.left[0].n < max; i++) {
		const char *id = f->e[i].contact_id;
		if (!hs_is_id(id))
			put_result_set(&f->results[i], PUT_REJECTED,
			    "no id of a contact", "");
		else if (f->e[i].fields[0][0] == NULL)
			put_result_set(&f->results[i], PUT_UNCHANGED, "", "");
		else if ((gone = hs_absent_why(f->h, id)) != NULL)
			put_result_set(&f->results[i], PUT_GONE, gone, "");
		else if (is_among(f, id))
			break;
		else
			hs_parts_add(&f->parts, i);
	}
	return i;
}

bool
hs_put_fields(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	struct fields f = { .h = self, .e = e, .results = results };

	if (!hs_writer_ready(f.h, err) || !check_names(f.h, e, n, err))
		return false;
	for (size_t i = 0; i < n;) {
		i = gather(&f, i, n);
		while (hs_parts_next(&f.parts))
			if (!send_part(&f, err))
				return false;
	}
	return true;
}
