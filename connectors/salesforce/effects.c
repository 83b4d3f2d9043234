/*
 * effects.c - fields of cards and records of answers, many in a call.  How this
 * can lose, double or hang, and what stops it:
 *  - a call whose reply is lost: it says the same again; fields are set, a record
 *    is found by its external id;
 *  - one bad record that spoils its call, every night: a call that is refused for
 *    its form is halved until the one is alone;
 *  - one card or answer twice in a call: the second goes in the next call;
 *  - a field that is not there, which refuses each record for good: seen in
 *    describe, and told as what it is, the configuration's;
 *  - a number or a day in the form of a text, which the service does not take: by
 *    the type that describe tells.
 */
#include <stdio.h>
#include <string.h>

#include "writing.h"

#define WORK_BYTES ((size_t)16777216)

/* Where records of one kind go. */
struct target {
	struct salesforce *s;
	const char *object, *key;	/* key NULL = update of cards */
	const char *path, *label;	/* path below the version */
	struct sf_reading how;
	const struct sf_describe *d;
};

/* ---- one call ------------------------------------------------------------ */
static bool
send(struct target *t, const struct sf_record *records, size_t n,
    struct put_result *results, struct api_res *res, struct err *err)
{
	struct salesforce *s = t->s;
	AUTO(arena) struct arena *arena = arena_new(WORK_BYTES);
	struct api_req req = { .method = "PATCH", .label = t->label,
		.repeatable = true };
	const char *body = NULL;

	if (arena == NULL || (req.target = sf_path(s, arena, t->path)) == NULL)
		return err_nomem(err);
	if (!sf_collection_body(arena, t->object, t->key, records, n, &body,
	        err))
		return false;
	req.body = body;
	req.body_len = strlen(body);
	if (!apicall_do(&s->api, arena, &req, res, err))
		return false;
	sf_collection_read(api_root(res), records, n, &t->how, results);
	return true;
}

/* The form of one of the records, not the call, is what was refused. */
static bool
is_of_a_record(const struct api_res *res, const struct err *err)
{
	return res->http.status == 400 && (err->kind == ERR_REJECTED ||
	    strcmp(res->verdict.code, "JSON_PARSER_ERROR") == 0);
}

static bool
send_halves(struct target *t, const struct sf_record *records, size_t n,
    struct put_result *results, struct err *err)
{
	AUTO(api_res) struct api_res res = { 0 };

	if (send(t, records, n, results, &res, err))
		return true;
	if (!is_of_a_record(&res, err))
		return false;
	if (n == 1) {
		sf_result_set(results, PUT_REJECTED, res.verdict.code);
		return true;
	}
	const size_t half = n / 2;
	return send_halves(t, records, half, results, err) &&
	    send_halves(t, records + half, n - half, results + half, err);
}

/* ---- records ------------------------------------------------------------- */
static bool
is_among(const struct crm_effect *e, size_t n, const struct crm_effect *one,
    bool by_ref)
{
	for (size_t i = 0; i < n; i++)
		if (by_ref ? strcmp(e[i].ref, one->ref) == 0
		    : sf_id_is_same(e[i].contact_id, one->contact_id))
			return true;
	return false;
}

/* So many from the first on that go in one call. */
static size_t
portion_of(const struct target *t, const struct crm_effect *e, size_t n)
{
	const size_t most = (size_t)t->s->set->w.collections_max;
	size_t k = 1;

	while (k < n && k < most && !is_among(e, k, &e[k], t->key != NULL))
		k++;
	return k;
}

static bool
field_set(const struct target *t, json_t *to, const char *name,
    const char *text)
{
	const struct sf_field *f = *name == '\0' ? NULL : sf_field(t->d, name);

	return f == NULL || json_object_set_new(to, f->name,
	    sf_value_json(t->s, f, text)) == 0;
}

typedef bool fill_fn(const struct target *t, const struct crm_effect *e,
    json_t *to);

static bool
fill_card(const struct target *t, const struct crm_effect *e, json_t *to)
{
	bool ok = true;

	for (size_t i = 0; ok && e->fields[i][0] != NULL; i++)
		ok = field_set(t, to, e->fields[i][0], e->fields[i][1]);
	return ok;
}

static const char *
value_of(const struct crm_effect *e, const char *name)
{
	for (size_t i = 0; e->fields != NULL && e->fields[i][0] != NULL; i++)
		if (strcmp(e->fields[i][0], name) == 0)
			return e->fields[i][1];
	return "";
}

static bool
fill_answer(const struct target *t, const struct crm_effect *e, json_t *to)
{
	const struct sf_response_fields *f = &t->s->set->w.response;
	const char *const pairs[][2] = { { t->key, e->ref },
		{ f->contact, e->contact_id }, { f->campaign, e->subject },
		{ f->score, value_of(e, "score") }, { f->comment, e->text },
		{ f->answered_at, value_of(e, "answered_at") },
		{ f->type, value_of(e, "type") },
		{ f->campaign_id, value_of(e, "campaign_id") },
		{ f->member_id, value_of(e, "member_id") },
		{ f->wants_contact, value_of(e, "wants_contact") } };
	bool ok = true;

	for (size_t i = 0; ok && i < ARRAY_LEN(pairs); i++)
		ok = field_set(t, to, pairs[i][0], pairs[i][1]);
	return ok;
}

static bool
send_portion(struct target *t, fill_fn *fill, const struct crm_effect *e,
    size_t n, struct put_result *results, struct err *err)
{
	struct sf_record records[SF_COLLECTION_MAX] = { 0 };
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		records[i].fields = json_object();
		records[i].id = t->key == NULL ? e[i].contact_id : NULL;
		ok = records[i].fields != NULL && fill(t, &e[i],
		    records[i].fields);
	}
	ok = ok ? send_halves(t, records, n, results, err) : err_nomem(err);
	for (size_t i = 0; i < n; i++)
		json_decref(records[i].fields);
	return ok;
}

/* Of a card that has no id of Salesforce nothing is sent. */
static bool
send_all(struct target *t, fill_fn *fill, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	for (size_t i = 0; i < n;) {
		if (!sf_id_is_one(e[i].contact_id)) {
			sf_result_set(&results[i++], PUT_REJECTED,
			    "no id of a contact");
			continue;
		}
		size_t k = 1;
		while (i + k < n && sf_id_is_one(e[i + k].contact_id))
			k++;
		k = portion_of(t, e + i, k);
		if (!send_portion(t, fill, e + i, k, results + i, err))
			return false;
		i += k;
	}
	return true;
}

/* ---- what the organisation has ------------------------------------------- */
static bool
check_field(const struct target *t, const char *name, const char *option,
    struct err *err)
{
	const struct sf_field *f = *name == '\0' ? NULL : sf_field(t->d, name);

	if (*name == '\0' || (f != NULL && f->updateable &&
	    (t->key == NULL || f->createable)))
		return true;
	return err_set(err, ERR_CONFIG, "%s: the user of npsync cannot %s %s.%s: "
	    "`npsync check` says what to do", option, f == NULL ? "see"
	    : "write", t->object, name);
}

static bool
check_card_fields(const struct target *t, const struct crm_effect *e,
    size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; e[i].fields[k][0] != NULL; k++)
			if (!check_field(t, e[i].fields[k][0],
			    "writeback.fields", err))
				return false;
	return true;
}

static bool
check_answer_fields(const struct target *t, struct err *err)
{
	const struct sf_writing *w = &t->s->set->w;
	const struct sf_response_fields *f = &w->response;
	const char *const names[] = { f->campaign, f->score, f->comment,
		f->answered_at, f->type, f->campaign_id, f->member_id,
		f->wants_contact };
	const struct sf_field *key = sf_field(t->d, t->key);

	if (key == NULL || !key->external_id)
		return err_set(err, ERR_CONFIG, "response_key_field: %s.%s is "
		    "no external id that the user of npsync can see: `npsync "
		    "check` says what to do", t->object, t->key);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!check_field(t, names[i], "response_fields", err))
			return false;
	/* A detail's look-up may be set at the beginning only. */
	return *f->contact == '\0' || sf_field(t->d, f->contact) != NULL ||
	    check_field(t, f->contact, "response_fields", err);
}

/* ---- members ------------------------------------------------------------- */
bool
sf_put_fields(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	struct salesforce *s = self;
	struct target t = { .s = s, .object = "Contact",
		.path = "/composite/sobjects", .label = "update Contact",
		.how = { .again = &s->set->w.record_retry_codes,
		    .token = &s->api.token.text } };

	if (n == 0)
		return true;
	return sf_describe(s, t.object, &t.d, err) &&
	    check_card_fields(&t, e, n, err) &&
	    send_all(&t, fill_card, e, n, results, err);
}

bool
sf_put_answer(void *self, const struct crm_effect *e, size_t n,
    struct put_result *results, struct err *err)
{
	struct salesforce *s = self;
	const struct sf_writing *w = &s->set->w;
	char path[640], label[300];
	struct target t = { .s = s, .object = w->response_object, .path = path,
		.label = label, .key = w->response_key_field,
		.how = { &w->record_retry_codes, w->response.contact,
		    &s->api.token.text } };

	if (*w->response_object == '\0')
		return err_set(err, ERR_DONE, "response_object is empty");
	if (n == 0)
		return true;
	(void)snprintf(path, sizeof(path), "/composite/sobjects/%.255s/%.255s",
	    t.object, t.key);
	(void)snprintf(label, sizeof(label), "upsert %.255s", t.object);
	return sf_describe(s, t.object, &t.d, err) &&
	    check_answer_fields(&t, err) &&
	    send_all(&t, fill_answer, e, n, results, err);
}
