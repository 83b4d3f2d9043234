/*
 * JSON of the survey service.  The first byte chooses settings and, for the
 * answer to a push, a status; the rest is JSON.
 */
#include "fuzz.h"
#include "json.h"
#include "npstoday/npstoday.h"
#include "options.h"

#include "common/fieldmap.h"

extern const struct survey_connector npstoday_survey;

static const char *const confs[] = { "",
	"responses = { zone = \"Europe/Copenhagen\"; foreign = \"ignore\"; };"
	"send = { external_id = \"ref\"; remote_id = [ \"id\", "
	"\"data.0.id\" ]; };",
	"send = { duplicate_match = [ \"already\" ]; "
	"suppressed_match = [ \"quarantine\" ]; "
	"opted_out_match = [ \"unsubscribed\" ]; }; "
	"unsubscribes = { from_responses = false; };" };
static const long statuses[] = { 200, 201, 204, 301, 400, 401, 404, 408, 409,
	422, 429, 500, 503 };

struct rig {
	struct arena *own, *scratch;
	struct npstoday_settings set;
	struct connector_env env;
	void *self;
};
static struct rig rigs[ARRAY_LEN(confs)];

static void
rig_open(struct rig *rig, const char *more)
{
	struct options_file *file = NULL;
	struct err err;
	char text[1024];

	rig->own = arena_new((size_t)1 << 22);
	rig->scratch = arena_new((size_t)1 << 24);
	(void)snprintf(text, sizeof(text), "survey = { base_url = "
	    "\"https://api.nps.today\"; %s };", more);
	CHECK(options_open_text(text, "fuzz.conf", &file, &err));
	if (!options_fill(npstoday_opts, &rig->set,
		options_find(file, "survey"), "fuzz.conf", "survey", NULL,
		rig->own, &err))
		fuzz_fail(more, 0, err.msg);
	options_close(file);
	rig->set.api_key = "k-0123456789abcdef";
	rig->env = (struct connector_env){ .instance = "survey",
		.settings = &rig->set, .scratch = rig->scratch };
	CHECK(npstoday_survey.open(&rig->env, &rig->self, &err));
}

static struct rig *
rig_of(unsigned n)
{
	if (rigs[0].own == NULL)
		for (size_t i = 0; i < ARRAY_LEN(rigs); i++)
			rig_open(&rigs[i], confs[i]);
	return &rigs[n % ARRAY_LEN(rigs)];
}

/* ---- what came out ----------------------------------------------------- */
static void
check_mapped(bool ok, const struct mapped *m)
{
	/* A reason beside a record that was read: of a score that is none; no
	 * comment here is long. */
	CHECK(ok ? m->reason[0] == '\0' || strncmp(m->reason, "score: ", 7) == 0
	         : m->reason[0] != '\0');
	CHECK(fuzz_is_line(m->reason) && fuzz_is_text(m->key));
	CHECK(fuzz_is_text(m->mark));
	CHECK((m->mark == NULL) == (m->mark_at == NO_TIME));
	CHECK(!ok || (m->key != NULL && m->key[0] != '\0'));
}

static void
check_answer(const struct survey_answer *a, const struct mapped *m)
{
	const char *const texts[] = { a->answer_id, a->ref, a->remote_id,
		a->contact_id, a->email, a->phone, a->campaign_id,
		a->campaign, a->comment };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		CHECK(fuzz_is_text(texts[i]));
	CHECK(a->score >= -1 && a->score <= 10);
	CHECK(!a->anonymised || (a->email == NULL && a->phone == NULL &&
	    a->contact_id == NULL));
	CHECK(a->changed_at == m->mark_at);
	CHECK(a->answered_at == NO_TIME || a->answered_at <= a->changed_at);
}

static bool
same_answer(const struct survey_answer *a, const struct survey_answer *b)
{
	return fuzz_same(a->answer_id, b->answer_id) &&
	    fuzz_same(a->ref, b->ref) && fuzz_same(a->email, b->email) &&
	    fuzz_same(a->contact_id, b->contact_id) &&
	    fuzz_same(a->campaign, b->campaign) &&
	    fuzz_same(a->comment, b->comment) && a->score == b->score &&
	    a->answered_at == b->answered_at &&
	    a->changed_at == b->changed_at &&
	    a->opted_out == b->opted_out && a->anonymised == b->anonymised;
}

/* again: the same record, written and parsed once more. */
static void
check_record(const struct rig *rig, json_t *item, json_t *again)
{
	struct survey_answer a, b;
	struct sent s;
	struct mapped m, n;

	bool ok = npstoday_map_answer(&rig->set, item, rig->scratch, &a, &m);
	check_mapped(ok, &m);
	CHECK(npstoday_map_answer(&rig->set, again, rig->scratch, &b, &n) ==
	    ok);
	CHECK(strcmp(m.reason, n.reason) == 0 && fuzz_same(m.mark, n.mark));
	if (ok) {
		check_answer(&a, &m);
		CHECK(same_answer(&a, &b) && m.skip == n.skip);
	}
	ok = npstoday_map_member(&rig->set, item, rig->scratch, &s, &m);
	check_mapped(ok, &m);
	if (ok)
		CHECK(fuzz_is_text(s.ref) && fuzz_is_text(s.email) &&
		    fuzz_is_text(s.phone) && fuzz_is_text(s.contact_id) &&
		    fuzz_is_text(s.campaign_id));
}

/* ---- a page ------------------------------------------------------------ */
static void
check_page(const struct rig *rig, json_t *root, json_t *again)
{
	json_t *items = fieldmap_items(root, &rig->set.responses.items);
	json_t *other = fieldmap_items(again, &rig->set.responses.items);

	check_record(rig, root, again);
	CHECK((items == NULL) == (other == NULL));
	CHECK(items == NULL || json_is_array(items));
	for (size_t i = 0; i < json_array_size(items); i++)
		check_record(rig, json_array_get(items, i),
		    json_array_get(other, i));
}

static void
check_json(const struct rig *rig, const char *text, size_t len)
{
	AUTO(json_doc) struct json_doc *doc = NULL;
	AUTO(json_doc) struct json_doc *copy = NULL;
	struct err err = { .kind = ERR_NONE };

	if (!json_parse(text, len, &doc, &err)) {
		CHECK(doc == NULL && err.kind == ERR_PROTOCOL);
		CHECK(fuzz_is_line(err.msg));
		return;
	}
	const char *once = json_dump(rig->scratch, json_root(doc));
	CHECK(once != NULL && text_valid(once));
	CHECK(json_parse(once, strlen(once), &copy, &err));
	CHECK(fuzz_same(json_dump(rig->scratch, json_root(copy)), once));
	check_page(rig, json_root(doc), json_root(copy));
}

/* ---- the answer to a push ---------------------------------------------- */
/* What is shown of it is one line without an address. */
static void
check_push(const struct rig *rig, long status, const char *body, size_t len)
{
	const struct http_res res = { .phase = HTTP_COMPLETE,
		.status = status, .body = body, .body_len = len,
		.body_sent = true, .retry_after_s = -1, .date = NO_TIME };
	struct push_result r;
	struct err err;

	CHECK(npstoday_push_result(rig->self, &res, &r, &err));
	CHECK(memchr(r.remote_id, '\0', sizeof(r.remote_id)) != NULL &&
	    memchr(r.reason, '\0', sizeof(r.reason)) != NULL);
	CHECK(text_valid(r.remote_id) && fuzz_is_line(r.reason));
	CHECK(strchr(r.reason, '@') == NULL);
	CHECK((r.outcome == PUSH_ACCEPTED) <= (r.remote_id[0] != '\0'));
	if (r.outcome == PUSH_ACCEPTED || r.outcome == PUSH_ACCEPTED_NO_ID)
		CHECK(status >= 200 && status <= 299);
	/* May have arrived: never again. */
	if (status >= 500 || (status >= 200 && status <= 299))
		CHECK(r.outcome != PUSH_AGAIN && r.outcome != PUSH_REJECTED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	const unsigned how = fuzz_byte(&in);
	const struct rig *rig = rig_of(how & 3);
	char *text = malloc(in.left + 1);

	CHECK(text != NULL);
	if (in.left > 0)
		memcpy(text, in.p, in.left);
	text[in.left] = '\0';
	check_json(rig, text, in.left);
	check_push(rig, statuses[(how >> 2) % ARRAY_LEN(statuses)], text,
	    in.left);
	CHECK(!arena_failed(rig->scratch));
	arena_reset(rig->scratch);
	free(text);
	return 0;
}
