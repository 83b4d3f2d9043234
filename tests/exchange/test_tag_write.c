/*
 * Tags over HTTP: a CRM that gives a card with its version and takes it back with
 * If-Match, one card a call, or several at once without versions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "common/tagset.h"
#include "simhttpd.h"
#include "tag_write.h"

#define MEET "NPSToday.Meet."
#define CARD_MAX 16

/* ---- the connector ---------------------------------------------------------- */
static struct {
	const char *base;
	struct arena *scratch;
	const char *token;
	int renewals, ensured;
	const char *refused;	/* a card that a batch must not hold */
} crm;

static const char *const *
lines_of(struct arena *arena, const char *text)
{
	const char **lines = arena_array(arena, CARD_MAX, sizeof(*lines));
	size_t n = 0;

	while (lines != NULL && *text != '\0' && n < CARD_MAX - 1) {
		const size_t len = strcspn(text, "\n");
		lines[n++] = arena_strndup(arena, text, len);
		text += len + (text[len] == '\n');
	}
	return (const char *const *)lines;
}

static bool
make(struct http_req *req, const char *method, const char *path,
    const char *version, const char *body)
{
	const char *(*headers)[2] = arena_array(crm.scratch, 3, sizeof(*headers));

	headers[0][0] = "Authorization";
	headers[0][1] = crm.token;
	if (version != NULL) {
		headers[1][0] = "If-Match";
		headers[1][1] = version;
	}
	*req = (struct http_req){ .method = method,
		.url = arena_printf(crm.scratch, "%s%s", crm.base, path),
		.headers = (const char *const (*)[2])headers, .body = body,
		.body_len = body == NULL ? 0 : strlen(body) };
	return true;
}

static bool
write_card(const struct crm_tag_write *write, const struct http_res *card,
    const char *path, struct http_req *req, struct err *err)
{
	const char *const *set, *body = "";
	bool changed;

	if (!tagset_apply(crm.scratch, lines_of(crm.scratch, card->body), write,
	        &set, &changed, err))
		return false;
	if (!changed)
		return err_set(err, ERR_DONE, "nothing to write");
	for (; *set != NULL; set++)
		body = arena_printf(crm.scratch, "%s%s\n", body, *set);
	return make(req, "PATCH", path, arena_strdup(crm.scratch, card->etag),
	    body);
}

static bool
one_request(void *self, const struct crm_tag_write *writes, size_t n, int step,
    const struct http_res *before, struct http_req *req, struct err *err)
{
	const char *path = arena_printf(crm.scratch, "/cards/%s",
	    writes[0].contact_id);

	(void)self;
	assert_int_equal(n, 1);
	if (step == 0)
		return make(req, "GET", path, NULL, NULL);
	if (step > 1 || before->status != 200)
		return err_set(err, ERR_DONE, "no more");
	return write_card(writes, before, path, req, err);
}

static bool
one_result(void *self, const struct http_res *res, struct put_result *results,
    size_t n, struct err *err)
{
	(void)self;
	(void)n;
	switch (res->status) {
	case 200:
	case 204:
		results[0].outcome = PUT_DONE;
		return true;
	case 410:
		return err_set(err, ERR_GONE, "HTTP 410");
	case 403:
		(void)err_set(err, ERR_AUTH, "HTTP 403");
		err->code = 403;
		return false;
	case 404:
		results[0].outcome = PUT_GONE;
		return true;
	case 412:
		results[0].outcome = PUT_CONFLICT;
		return true;
	case 422:
		results[0].outcome = PUT_REJECTED;
		(void)snprintf(results[0].reason, sizeof(results[0].reason),
		    "read only");
		return true;
	default:
		return err_set(err, ERR_PROTOCOL, "HTTP %ld", res->status);
	}
}

static bool
all_request(void *self, const struct crm_tag_write *writes, size_t n, int step,
    const struct http_res *before, struct http_req *req, struct err *err)
{
	const char *body = "";

	(void)self;
	(void)before;
	if (step > 0)
		return err_set(err, ERR_DONE, "no more");
	for (size_t i = 0; i < n; i++) {
		if (crm.refused != NULL &&
		    strcmp(writes[i].contact_id, crm.refused) == 0)
			return err_set(err, ERR_REJECTED, "not a number");
		body = arena_printf(crm.scratch, "%s%s=%s\n", body,
		    writes[i].contact_id, writes[i].value);
	}
	return make(req, "POST", "/batch", NULL, body);
}

/* A letter a card: d(one), r(ejected), g(one from there). */
static bool
all_result(void *self, const struct http_res *res, struct put_result *results,
    size_t n, struct err *err)
{
	(void)self;
	if (strlen(res->body) != n)
		return err_set(err, ERR_PROTOCOL, "an answer for other cards");
	for (size_t i = 0; i < n; i++)
		results[i].outcome = res->body[i] == 'd' ? PUT_DONE
		    : res->body[i] == 'g' ? PUT_GONE : PUT_REJECTED;
	return true;
}

static bool
renew(void *self, struct err *err)
{
	(void)self;
	(void)err;
	crm.renewals++;
	crm.token = "new";
	return true;
}

static bool
ensure(void *self, const char *const *tags, size_t n, struct err *err)
{
	(void)self;
	(void)tags;
	(void)err;
	crm.ensured += (int)n;
	return true;
}

static const struct crm_connector one = { .tags_max = 1,
	.tags_request = one_request, .tags_result = one_result, .renew = renew,
	.ensure_tags = ensure };
static const struct crm_connector all = { .tags_max = 3,
	.tags_request = all_request, .tags_result = all_result };

/* ---- a run -------------------------------------------------------------------- */
static struct world {
	struct simhttpd *sim;
	struct crm crm;
	struct arena *arena;
	struct tag_writer writer;
	struct put_result result[32];
	struct err err;
	int breaths;		/* -1 = for ever */
} w;

static bool
breathe(void *arg, struct err *err)
{
	(void)arg;
	if (w.breaths > 0)
		w.breaths--;
	return w.breaths != 0 || err_set(err, ERR_CANCELLED, "stopped");
}

static bool
never(void)
{
	return false;
}

static void
begin(const struct crm_connector *connector, const struct sim_reply *script,
    size_t n)
{
	struct http_settings http = http_defaults;

	http.backoff_s = 0.01;
	/* Its pause would be waited out. */
	http.breaker = (struct breaker_settings){ 0 };
	w = (struct world){ .sim = simhttpd_start(script, n),
		.arena = arena_new((size_t)1 << 20), .breaths = -1 };
	assert_non_null(w.sim);
	w.crm.connector = connector;
	w.crm.link.name = "crm";
	w.crm.link.self = &crm;
	w.crm.link.scratch = arena_new((size_t)1 << 20);
	memset(&crm, 0, sizeof(crm));
	crm.base = simhttpd_url(w.sim);
	crm.scratch = w.crm.link.scratch;
	crm.token = "old";
	if (!http_open(&http, never, &w.crm.link.http, &w.err))
		fail_msg("%s", w.err.msg);
	tag_writer_init(&w.writer, &w.crm, w.arena, breathe, NULL);
	w.writer.backoff_s = 0.01;
	w.writer.backoff_max_s = 0.02;
}

/* whole: each reply was asked for. */
static void
end_of(bool whole)
{
	const char *said = simhttpd_problem(w.sim, whole);
	const char *problem = said == NULL ? NULL : arena_strdup(w.arena, said);

	/* Its threads would outlive a test that fails. */
	simhttpd_stop(w.sim);
	if (problem != NULL)
		fail_msg("%s", problem);
	http_close(w.crm.link.http);
	arena_free(w.crm.link.scratch);
	arena_free(w.arena);
}

static void
end(void)
{
	end_of(true);
}

static bool
put(const struct crm_tag_write *writes, size_t n)
{
	w.err = (struct err){ .kind = ERR_NONE };
	return tag_write(&w.writer, writes, n, w.result, &w.err);
}

static void
expect(const struct crm_tag_write *writes, size_t n,
    const enum put_outcome *outcomes)
{
	if (!put(writes, n))
		fail_msg("%s", w.err.msg);
	for (size_t i = 0; i < n; i++)
		if (w.result[i].outcome != outcomes[i])
			fail_msg("write %zu: %d %s", i, (int)w.result[i].outcome,
			    w.result[i].reason);
}

static struct crm_tag_write
wish(const char *card, const char *tag)
{
	return (struct crm_tag_write){ .contact_id = card, .prefix = MEET,
		.value = tag };
}

static void
expect_one(const char *tag, enum put_outcome outcome)
{
	const struct crm_tag_write write = wish("K1", tag);

	expect(&write, 1, &outcome);
}

#define ETAG(v) "ETag: \"" v "\"\r\n"
#define MATCH(v) "If-Match: \"" v "\"\r\n"
#define OTHERS "Kunde\nNPSToday.Sale.7\nNPSToday.NoSend\nNPSToday.Skip\n"    \
	MEET "2.8\n" MEET "07\n"
/* Reads of the card, and the write that must follow. */
#define GET(v, tags) { .want = "GET /cards/K1 ", .headers = ETAG(v), .body = tags }
#define PATCH(v, tags, code) { .want = MATCH(v), .status = code }

/* ---- cases -------------------------------------------------------------------- */
static void
test_writes(void **state)
{
	static const struct sim_reply script[] = {
		GET("1", OTHERS MEET "9\n"),
		PATCH("1", "", 204),
		GET("2", OTHERS MEET "10\n"),
	};

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	expect_one(MEET "10", PUT_DONE);
	assert_string_equal(simhttpd_body(w.sim, 1), OTHERS MEET "10\n");
	/* As after a kill between the write and the note of it. */
	expect_one(MEET "10", PUT_UNCHANGED);
	assert_int_equal(crm.ensured, 1);
	end();
}

static void
test_conflict(void **state)
{
	static const struct sim_reply script[] = {
		GET("1", "Kunde\n"),
		PATCH("1", "", 412),
		GET("2", "Kunde\nVIP\n" MEET "3\n"),
		PATCH("2", "", 204),
	};

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	expect_one(MEET "9", PUT_DONE);
	/* What the other one wrote meanwhile is still there. */
	assert_string_equal(simhttpd_body(w.sim, 3), "Kunde\nVIP\n" MEET "9\n");
	end();
}

static void
test_conflict_for_ever(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET", .headers = ETAG("1"), .repeat = 3 },
		{ .target = "PATCH", .status = 412, .repeat = 3 },
	};

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	expect_one(MEET "9", PUT_CONFLICT);
	assert_int_equal(simhttpd_requests(w.sim), 8);
	end();
}

/* The reply to the write is lost: it is looked up, not written twice. */
static void
test_cut_after_the_write(void **state)
{
	static const struct sim_reply script[] = {
		GET("1", "Kunde\n"),
		{ .want = MATCH("1"), .mode = SIM_CLOSE },
		GET("2", "Kunde\n" MEET "9\n"),
	};

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	expect_one(MEET "9", PUT_UNCHANGED);
	end();
}

/* ... and it stays so: nobody knows, the next run looks again. */
static void
test_never_answered(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET", .headers = ETAG("1"), .repeat = 3 },
		{ .target = "PATCH", .mode = SIM_CLOSE, .repeat = 3 },
	};

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	expect_one(MEET "9", PUT_UNKNOWN);
	end();
}

#define FRESH { .want = "Authorization: new", .headers = ETAG("1") }
#define OVER { .want = "Authorization: new", .status = 401 }
/* A service that restarts twice in a night: two sessions end. */
static void
test_renewal(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "Authorization: old", .status = 401 },
		FRESH, OVER, FRESH, PATCH("1", "", 204), OVER, OVER, OVER,
	};

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	expect_one(MEET "9", PUT_DONE);
	assert_int_equal(crm.renewals, 2);
	/* One that is refused at once, twice: the credentials. */
	const struct crm_tag_write write = wish("K1", MEET "8");
	assert_false(put(&write, 1));
	assert_int_equal(w.err.kind, ERR_AUTH);
	assert_int_equal(w.result[0].outcome, PUT_AGAIN);
	assert_int_equal(crm.renewals, 4);
	end();
}

/* A session that reads, and is refused wherever it writes. */
static void
test_renewal_to_write(void **state)
{
	static const struct sim_reply turn[] = { FRESH, OVER };
	struct sim_reply script[6];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(script); i++)
		script[i] = turn[i % 2];
	script[0].want = script[1].want = "Authorization: old";
	begin(&one, script, ARRAY_LEN(script));
	const struct crm_tag_write write = wish("K1", MEET "9");
	assert_false(put(&write, 1));
	assert_int_equal(w.err.kind, ERR_AUTH);
	assert_int_equal(w.result[0].outcome, PUT_AGAIN);
	assert_int_equal(crm.renewals, 2);
	end();
}

/* Cards that carry their tags already are read, and nothing is written. */
static void
test_renewal_to_read(void **state)
{
	static const struct sim_reply turn[] = { OVER,
		{ .want = "Authorization: new", .headers = ETAG("1"),
		    .body = MEET "9\n" } };
	struct sim_reply script[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(script); i++)
		script[i] = turn[i % 2];
	script[0].want = "Authorization: old";
	begin(&one, script, ARRAY_LEN(script));
	for (int i = 0; i < 4; i++)
		expect_one(MEET "9", PUT_UNCHANGED);
	assert_int_equal(crm.renewals, 4);
	end();
}

/* ... also between writes that are refused: that excuses none of these. */
static void
test_renewal_to_write_beside_readings(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET /cards/K1 ", .headers = ETAG("1"), .repeat = 2 },
		{ .target = "PATCH /cards/K1 ", .status = 401, .repeat = 2 },
		{ .target = "GET /cards/", .headers = ETAG("1"),
		    .body = MEET "9\n", .repeat = 30 },
	};
	struct crm_tag_write writes[30];

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	writes[0] = wish("K1", MEET "9");
	for (size_t i = 1; i < ARRAY_LEN(writes); i++)
		writes[i] = wish(arena_printf(w.arena, "C%zu", i), MEET "9");
	assert_false(put(writes, ARRAY_LEN(writes)));
	assert_int_equal(w.err.kind, ERR_AUTH);
	assert_int_equal(w.result[0].outcome, PUT_AGAIN);
	assert_int_equal(w.result[1].outcome, PUT_UNCHANGED);
	assert_int_equal(crm.renewals, 2);
	end_of(false);
}

/* Ten in a run, though a write ended well after each of them. */
static void
test_renewals_end(void **state)
{
	static const struct sim_reply turn[] = { OVER, FRESH,
		PATCH("1", "", 204) };
	struct sim_reply script[31];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(script); i++)
		script[i] = turn[i % 3];
	script[0].want = "Authorization: old";
	begin(&one, script, ARRAY_LEN(script));
	for (int i = 0; i < 10; i++)
		expect_one(MEET "9", PUT_DONE);
	const struct crm_tag_write write = wish("K1", MEET "8");
	assert_false(put(&write, 1));
	assert_int_equal(w.err.kind, ERR_AUTH);
	assert_int_equal(crm.renewals, 10);
	end();
}

static void
test_tries_again(void **state)
{
	static const struct sim_reply script[] = {
		{ .status = 503 },
		{ .status = 429, .headers = "Retry-After: 1\r\n" },
		GET("1", "Kunde\n"),
		{ .want = MATCH("1"), .status = 500 },
		GET("1", "Kunde\n"),
		PATCH("1", "", 204),
	};

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	expect_one(MEET "9", PUT_DONE);
	end();
}

/* Each card comes to its own end, several in flight. */
static void
test_many(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET /cards/K1 ", .headers = ETAG("1") },
		{ .target = "PATCH /cards/K1 ", .status = 204 },
		{ .target = "GET /cards/K2 ", .status = 404 },
		{ .target = "GET /cards/K3 ", .headers = ETAG("3") },
		{ .target = "PATCH /cards/K3 ", .status = 422 },
		{ .target = "GET /cards/K4 ", .headers = ETAG("4"),
		    .body = MEET "4\n" },
		{ .target = "GET /cards/K5 ", .status = 503, .repeat = 3 },
		{ .target = "GET /cards/K6 ", .headers = ETAG("6") },
		{ .target = "PATCH /cards/K6 ", .status = 204 },
	};
	static const enum put_outcome outcomes[] = { PUT_DONE, PUT_GONE,
		PUT_REJECTED, PUT_UNCHANGED, PUT_AGAIN, PUT_DONE };
	struct crm_tag_write writes[6];

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		static const char *const cards[] = { "K1", "K2", "K3", "K4",
			"K5", "K6" };
		writes[i] = wish(cards[i], MEET "4");
	}
	begin(&one, script, ARRAY_LEN(script));
	expect(writes, 6, outcomes);
	assert_string_equal(w.result[2].reason, "read only");
	assert_string_equal(w.result[4].reason, "HTTP 503");
	assert_int_equal(crm.ensured, 1);
	end();
}

/* Two campaigns of one card: the second reads what the first has written. */
static void
test_one_card_twice(void **state)
{
	/* Slow, so that a second reading would not wait for the first writing. */
	static const struct sim_reply script[] = {
		{ .want = "GET /cards/K1 ", .headers = ETAG("1"), .body = "Kunde\n",
		    .delay_ms = 200 },
		PATCH("1", "", 204),
		GET("2", "Kunde\n" MEET "9\n"),
		PATCH("2", "", 204),
	};
	static const enum put_outcome outcomes[] = { PUT_DONE, PUT_DONE };
	const struct crm_tag_write writes[] = { wish("K1", MEET "9"),
		{ .contact_id = "K1", .prefix = "NPSToday.Sale.",
		    .value = "NPSToday.Sale.5" } };

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	expect(writes, 2, outcomes);
	assert_string_equal(simhttpd_body(w.sim, 3),
	    "Kunde\n" MEET "9\nNPSToday.Sale.5\n");
	end();
}

/* A batch; one that the connector refuses goes alone, the others without it. */
static void
test_batches(void **state)
{
	static const struct sim_reply script[] = {
		{ .want = "A=1\nB=2\nC=3\n", .body = "drg" },
		{ .want = "POST /batch ", .body = "d", .repeat = 1 },
	};
	static const enum put_outcome first[] = { PUT_DONE, PUT_REJECTED,
		PUT_GONE }, second[] = { PUT_DONE, PUT_REJECTED, PUT_DONE };
	const struct crm_tag_write writes[] = { wish("A", "1"), wish("B", "2"),
		wish("C", "3") };

	(void)state;
	begin(&all, script, ARRAY_LEN(script));
	expect(writes, 3, first);
	crm.refused = "B";
	expect(writes, 3, second);
	assert_string_equal(w.result[1].reason, "not a number");
	/* Two in flight: either may come first. */
	const bool a_first = strstr(simhttpd_body(w.sim, 1), "A=1") != NULL;
	assert_string_equal(simhttpd_body(w.sim, a_first ? 1 : 2), "A=1\n");
	assert_string_equal(simhttpd_body(w.sim, a_first ? 2 : 1), "C=3\n");
	end();
}

/* The service is away: a few requests, and the connector's part is over. */
static void
test_service_away(void **state)
{
	static const struct sim_reply script[] = {
		{ .status = 503, .repeat = 40 },
	};
	struct crm_tag_write writes[32];

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	for (size_t i = 0; i < 32; i++)
		writes[i] = wish(arena_printf(w.arena, "K%zu", i), MEET "1");
	const bool ok = put(writes, 32);
	const size_t requests = simhttpd_requests(w.sim);
	/* Not all of the script is used. */
	simhttpd_stop(w.sim);
	http_close(w.crm.link.http);
	arena_free(w.crm.link.scratch);
	arena_free(w.arena);
	assert_false(ok);
	assert_int_equal(w.err.kind, ERR_RETRY);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(w.result[i].outcome, PUT_AGAIN);
	/* What the breaker keeps back is a failure without a request. */
	assert_in_range(requests, 4, 12);
}

/* Each card was read, and the connector wants all of them later. */
static bool
late_request(void *self, const struct crm_tag_write *writes, size_t n, int step,
    const struct http_res *before, struct http_req *req, struct err *err)
{
	return step == 0 ? one_request(self, writes, n, step, before, req, err)
	                 : err_set(err, ERR_RETRY, "not yet");
}

static void
test_all_too_early(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET", .headers = ETAG("1"), .repeat = 200 } };
	const struct crm_connector late = { .tags_max = 1,
		.tags_request = late_request, .tags_result = one_result };
	struct crm_tag_write writes[32];

	(void)state;
	begin(&late, script, ARRAY_LEN(script));
	for (size_t i = 0; i < 32; i++)
		writes[i] = wish(arena_printf(w.arena, "K%zu", i), MEET "1");
	const bool ok = put(writes, 32);
	const size_t requests = simhttpd_requests(w.sim);
	simhttpd_stop(w.sim);
	http_close(w.crm.link.http);
	arena_free(w.crm.link.scratch);
	arena_free(w.arena);
	assert_false(ok);
	assert_int_equal(w.err.kind, ERR_RETRY);
	assert_in_range(requests, 8, 12);
}

/* A card that is answered oddly: the others go on. */
static void
test_odd_card(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET /cards/K1 ", .status = 418 },
		{ .target = "GET /cards/K2 ", .headers = ETAG("2") },
		{ .target = "PATCH /cards/K2 ", .status = 204 },
		{ .target = "GET /cards/K1 ", .status = 418 },
	};
	static const enum put_outcome outcomes[] = { PUT_AGAIN, PUT_DONE };
	const struct crm_tag_write writes[] = { wish("K1", MEET "4"),
		wish("K2", MEET "4") };

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	expect(writes, 2, outcomes);
	assert_string_equal(w.result[0].reason, "HTTP 418");
	/* Nothing else was answered: it is told. */
	assert_false(put(writes, 1));
	assert_int_equal(w.err.kind, ERR_PROTOCOL);
	assert_int_equal(w.result[0].outcome, PUT_AGAIN);
	end();
}

/* One card that may not be written, alone in its run: no matter of the CRM, and
 * not tried again at once. */
static void
test_denied_card(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET /cards/K1 ", .headers = ETAG("1") },
		{ .target = "PATCH /cards/K1 ", .status = 403 },
	};

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	expect_one(MEET "4", PUT_DENIED);
	assert_string_equal(w.result[0].reason, "HTTP 403");
	end();
}

static void
wish_many(struct crm_tag_write *writes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		writes[i] = wish(arena_printf(w.arena, "K%02zu", i), MEET "1");
}

/* No card may be written: some are asked, then the tags of this run are over.
 * Of cards of which an earlier run was told nothing is concluded. */
static void
test_all_denied(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET", .status = 403, .repeat = 100 },
	};
	struct crm_tag_write writes[32];
	bool told[32];

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	wish_many(writes, 32);
	memset(told, true, sizeof(told));
	w.writer.told = told;
	assert_true(put(writes, 32));
	assert_int_equal(simhttpd_requests(w.sim), 32);
	/* That there was nothing else is told in each run. */
	assert_false(tag_write_end(&w.writer, &w.err));
	assert_true(w.writer.gives_up);
	assert_int_equal(w.err.kind, ERR_AUTH);
	w.writer.gives_up = false;
	w.writer.told = NULL;
	assert_false(put(writes, 32));
	assert_true(w.writer.gives_up);
	assert_int_equal(w.err.kind, ERR_AUTH);
	assert_in_range(simhttpd_requests(w.sim), 32 + 3, 32 + 8);
	simhttpd_stop(w.sim);
	http_close(w.crm.link.http);
	arena_free(w.crm.link.scratch);
	arena_free(w.arena);
}

/* Three that are denied, not one after the other.  What counts is the order of
 * the answers: three slow cards take three of the four calls, so the others are
 * asked one by one. */
static void
test_some_denied_with(int gone)
{
	const struct sim_reply script[] = {
		{ .target = "GET /cards/K00 ", .status = gone, .delay_ms = 1500 },
		{ .target = "GET /cards/K01 ", .status = gone, .delay_ms = 1500 },
		{ .target = "GET /cards/K02 ", .status = gone, .delay_ms = 1500 },
		{ .target = "GET /cards/K03 ", .status = 403 },
		{ .target = "GET /cards/K04 ", .status = gone },
		{ .target = "GET /cards/K05 ", .status = 403 },
		{ .target = "GET /cards/K06 ", .status = gone },
		{ .target = "GET /cards/K07 ", .status = 403 },
	};
	static const enum put_outcome outcomes[] = { PUT_GONE, PUT_GONE,
		PUT_GONE, PUT_DENIED, PUT_GONE, PUT_DENIED, PUT_GONE, PUT_DENIED };
	struct crm_tag_write writes[ARRAY_LEN(script)];

	begin(&one, script, ARRAY_LEN(script));
	wish_many(writes, ARRAY_LEN(writes));
	expect(writes, ARRAY_LEN(writes), outcomes);
	assert_true(tag_write_end(&w.writer, &w.err));
	end();
}

/* Two cards, of which one comes twice, are not three. */
static void
test_denied_card_twice(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET /cards/K1 ", .status = 403 },
		{ .target = "GET /cards/K2 ", .status = 403, .delay_ms = 200 },
		{ .target = "GET /cards/K1 ", .status = 403, .delay_ms = 600 },
	};
	static const enum put_outcome outcomes[] = { PUT_DENIED, PUT_DENIED,
		PUT_DENIED };
	const struct crm_tag_write writes[] = { wish("K1", MEET "4"),
		wish("K2", MEET "4"), { .contact_id = "K1",
		    .prefix = "NPSToday.Sale.", .value = "NPSToday.Sale.5" } };

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	expect(writes, 3, outcomes);
	assert_true(tag_write_end(&w.writer, &w.err));
	end();
}

static void
test_some_denied(void **state)
{
	(void)state;
	test_some_denied_with(404);
	test_some_denied_with(410);
}

/* Four calls under way are asked to wait, round after round: one failure each.
 * Twelve failures would have ended the tags. */
static void
test_rounds_of_429(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET", .status = 429, .repeat = 11,
		    .headers = "Retry-After: 1\r\n" },
		{ .target = "GET", .status = 404, .repeat = 5 },
	};
	struct crm_tag_write writes[6];

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	wish_many(writes, 6);
	assert_true(put(writes, 6));
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(w.result[i].outcome, PUT_GONE);
	end();
}

/* The day's calls are used up.  Asked at a write too: step 1 is known by it. */
static long
day_is_over(const struct http_res *res)
{
	return res->status == 429 ? -1 : 0;
}

static bool
day_request(void *self, const struct crm_tag_write *writes, size_t n, int step,
    const struct http_res *before, struct http_req *req, struct err *err)
{
	if (before != NULL && before->status == 429)
		return err_set(err, ERR_THROTTLED, "used up");
	if (!one_request(self, writes, n, step, before, req, err))
		return false;
	req->pause_ms = day_is_over;
	return true;
}

/* One answer ends it, at a reading or at a write; nobody is refused by it. */
static void
test_no_try_is_of_use(void **state)
{
	static const struct sim_reply script[][2] = {
		{ { .target = "GET", .status = 429, .repeat = 3 },
		    { .target = "PATCH", .status = 204 } },
		{ { .target = "GET", .headers = ETAG("1"), .repeat = 3 },
		    { .target = "PATCH", .status = 429, .repeat = 3 } } };
	struct crm_connector day = one;
	struct crm_tag_write writes[32];

	(void)state;
	day.tags_request = day_request;
	for (size_t at = 0; at < ARRAY_LEN(script); at++) {
		begin(&day, script[at], ARRAY_LEN(script[at]));
		wish_many(writes, 32);
		assert_false(put(writes, 32));
		assert_int_equal(w.err.kind, ERR_THROTTLED);
		assert_string_equal(w.err.msg, "used up");
		for (size_t i = 0; i < 32; i++)
			assert_int_equal(w.result[i].outcome, PUT_AGAIN);
		/* Four are under way. */
		assert_in_range(simhttpd_requests(w.sim), 1, at == 0 ? 4 : 8);
		simhttpd_stop(w.sim);
		http_close(w.crm.link.http);
		arena_free(w.crm.link.scratch);
		arena_free(w.arena);
	}
}

/* The service says in its own words how long: 2 s. */
static long
two_seconds(const struct http_res *res)
{
	return res->status == 429 ? 2000 : 0;
}

static bool
paused_request(void *self, const struct crm_tag_write *writes, size_t n,
    int step, const struct http_res *before, struct http_req *req,
    struct err *err)
{
	if (!one_request(self, writes, n, step, before, req, err))
		return false;
	req->pause_ms = two_seconds;
	return true;
}

/* A pause of the service's own words holds every call, also that of a card that
 * was read before it: it is read again first. */
static void
test_own_pause_before_the_write(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET /cards/K1 ", .headers = ETAG("1"),
		    .delay_ms = 1200 },
		{ .target = "GET /cards/K2 ", .status = 429 },
		{ .target = "GET /cards/K1 ", .headers = ETAG("2") },
		{ .target = "GET /cards/K2 ", .status = 404 },
		{ .target = "PATCH /cards/K1 ", .want = MATCH("2"),
		    .status = 204 },
	};
	static const enum put_outcome outcomes[] = { PUT_DONE, PUT_GONE };
	struct crm_connector paused = one;
	const struct crm_tag_write writes[] = { wish("K1", MEET "4"),
		wish("K2", MEET "4") };

	(void)state;
	paused.tags_request = paused_request;
	begin(&paused, script, ARRAY_LEN(script));
	const int64_t start_ms = clock_boottime_ms();
	expect(writes, 2, outcomes);
	assert_true(clock_boottime_ms() - start_ms >= 2000);
	end();
}

/* A 429 at a write: the next try, of this card alone, waits as long. */
static void
test_own_pause_after_the_write(void **state)
{
	static const struct sim_reply script[] = {
		GET("1", "Kunde\n"),
		PATCH("1", "", 429),
		GET("2", "Kunde\n"),
		PATCH("2", "", 204),
	};
	struct crm_connector paused = one;

	(void)state;
	paused.tags_request = paused_request;
	begin(&paused, script, ARRAY_LEN(script));
	const int64_t start_ms = clock_boottime_ms();
	expect_one(MEET "9", PUT_DONE);
	assert_true(clock_boottime_ms() - start_ms >= 2000);
	end();
}

/* A write that a Retry-After would keep back: the card is read again first. */
static void
test_held_before_the_write(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET /cards/K1 ", .headers = ETAG("1"),
		    .delay_ms = 1200 },
		{ .target = "GET /cards/K2 ", .status = 429,
		    .headers = "Retry-After: 2\r\n" },
		{ .target = "GET /cards/K1 ", .headers = ETAG("2") },
		{ .target = "GET /cards/K2 ", .status = 404 },
		{ .target = "PATCH /cards/K1 ", .want = MATCH("2"),
		    .status = 204 },
	};
	static const enum put_outcome outcomes[] = { PUT_DONE, PUT_GONE };
	const struct crm_tag_write writes[] = { wish("K1", MEET "4"),
		wish("K2", MEET "4") };

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	expect(writes, 2, outcomes);
	end();
}

/* A signal: what is in flight ends, nothing begins. */
static void
test_stopped(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "GET", .headers = ETAG("1"), .delay_ms = 300 },
		{ .target = "PATCH", .status = 204 },
	};
	const struct crm_tag_write writes[] = { wish("K1", MEET "1"),
		{ .contact_id = "K1", .prefix = MEET, .value = MEET "2" } };

	(void)state;
	begin(&one, script, ARRAY_LEN(script));
	w.breaths = 2;
	assert_false(put(writes, 2));
	assert_int_equal(w.err.kind, ERR_CANCELLED);
	assert_int_equal(w.result[0].outcome, PUT_DONE);
	assert_int_equal(w.result[1].outcome, PUT_AGAIN);
	end();
}

/* ---- only own tags: 100,000 random sets ----------------------------------------- */
static uint32_t
next_random(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static const char *const stock[] = { "Kunde", "NPSToday.NoSend", MEET "0",
	MEET "7", MEET "10", MEET "11", MEET "07", MEET "2.9", MEET,
	"NPSToday.Meet", "NPSToday.Meeting.9", "NPSToday.Skip",
	"NPSToday.Ask.Meet", "npstoday.Meet.9", "NPSToday.Cafe\xcc\x81.9",
	"NPSToday.Old.3", "NPSToday.Old.2.3", "x" MEET "9", "", " " MEET "9" };

static bool
is_own(const struct crm_tag_write *write, const char *tag)
{
	static const char *const own[] = { MEET "0", MEET "7", MEET "10" };

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (strcmp(own[i], tag) == 0)
			return true;
	return (write->old_prefix != NULL && strcmp(tag, "NPSToday.Old.3") == 0) ||
	    (write->old != NULL && strcmp(tag, write->old) == 0);
}

/* The others in their order, and the value once. */
static void
check_set(const struct crm_tag_write *write, const char *const *before,
    const char *const *after)
{
	size_t values = 0;

	for (; *before != NULL; before++) {
		if (is_own(write, *before))
			continue;
		while (*after != NULL && write->value != NULL &&
		    strcmp(*after, write->value) == 0) {
			values++;
			after++;
		}
		assert_non_null(*after);
		assert_string_equal(*after, *before);
		after++;
	}
	for (; *after != NULL; after++, values++)
		assert_string_equal(*after, write->value);
	assert_int_equal(values, write->value != NULL);
}

static void
test_only_own_tags_change(void **state)
{
	static const char *const values[] = { MEET "7", MEET "0", NULL };
	AUTO(arena) struct arena *arena = arena_new((size_t)1 << 20);
	uint32_t seed = 20261126;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		const char *tags[9], *const *after, *const *again;
		struct err err = { 0 };
		bool changed;
		size_t n = next_random(&seed, 8);
		arena_reset(arena);
		tags[n] = NULL;
		while (n > 0)
			tags[--n] = stock[next_random(&seed, ARRAY_LEN(stock))];
		const struct crm_tag_write write = { .contact_id = "K",
			.prefix = MEET,
			.old = next_random(&seed, 3) == 0 ? "NPSToday.Skip" : NULL,
			.value = values[next_random(&seed, 3)],
			.old_prefix = next_random(&seed, 3) == 0 ? "NPSToday.Old."
			                                         : NULL };
		assert_true(tagset_apply(arena, tags, &write, &after, &changed,
		    &err));
		check_set(&write, tags, after);
		/* Once more there is nothing to do. */
		assert_true(tagset_apply(arena, after, &write, &again, &changed,
		    &err));
		assert_false(changed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_conflict_for_ever),
		cmocka_unit_test(test_cut_after_the_write),
		cmocka_unit_test(test_never_answered),
		cmocka_unit_test(test_renewal),
		cmocka_unit_test(test_renewal_to_write),
		cmocka_unit_test(test_renewal_to_read),
		cmocka_unit_test(test_renewal_to_write_beside_readings),
		cmocka_unit_test(test_renewals_end),
		cmocka_unit_test(test_tries_again),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_one_card_twice),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_service_away),
		cmocka_unit_test(test_all_too_early),
		cmocka_unit_test(test_odd_card),
		cmocka_unit_test(test_denied_card),
		cmocka_unit_test(test_all_denied),
		cmocka_unit_test(test_some_denied),
		cmocka_unit_test(test_denied_card_twice),
		cmocka_unit_test(test_rounds_of_429),
		cmocka_unit_test(test_no_try_is_of_use),
		cmocka_unit_test(test_held_before_the_write),
		cmocka_unit_test(test_own_pause_before_the_write),
		cmocka_unit_test(test_own_pause_after_the_write),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_only_own_tags_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
