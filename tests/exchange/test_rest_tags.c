/*
 * Tags by a profile: each way of writing them, with each request of it failing
 * in each way, against a card that keeps account.  What is no tag of npsync's
 * own must be there afterwards, as it was.
 */
#include "rest/writerig.h"

#include "rest/tagledger.h"

#include "common/tagset.h"

#define BASE "http://127.0.0.1:9"
#define MEET "NPSToday.Meet."
#define READ "read = { path = \"c/{contact_id}\"; }; "
#define ERRORS "errors = ( { status = [ 200 ]; at = \"/error\"; " \
	"means = \"rejected\"; } ); "
#define NAMES "names = { read = { request = { path = \"names\"; }; " \
	"id = [ \"/id\" ]; }; }; "

/* ---- the styles -------------------------------------------------------------- */
struct style {
	const char *name, *profile;
	bool shared;		/* the CRM's tags have ids */
	bool text, guarded;	/* guarded: a foreign write is noticed */
	size_t replace;		/* requests of a replacement */
};
static const struct style styles[] = {
	{ "list", "tags = { style = \"list\"; at = [ \"/names\" ]; " READ
	    "write = { method = \"PUT\"; path = \"c/{contact_id}\"; json = "
	    "\"{\\\"tags\\\":\\\"{tags:list}\\\"}\"; }; };", false, false, false,
	    3 },
	{ "etag", "tags = { style = \"list\"; at = [ \"/names\" ]; etag = true; "
	    READ "write = { method = \"PUT\"; path = \"c/{contact_id}\"; json = "
	    "\"{\\\"tags\\\":\\\"{tags:list}\\\"}\"; }; };", false, false, true,
	    3 },
	{ "version", "tags = { style = \"list\"; at = [ \"/objects\" ]; "
	    "version = [ \"/v\" ]; verify = false; " READ
	    "write = { method = \"PUT\"; path = \"c/{contact_id}\"; json = "
	    "\"{\\\"v\\\":\\\"{version:number}\\\",\\\"tags\\\":"
	    "\\\"{tags:list}\\\"}\"; }; };", false, false, true, 2 },
	{ "ids", "tags = { style = \"list\"; at = [ \"/ids\" ]; ids = true; "
	    "etag = true; " READ NAMES
	    "write = { method = \"PUT\"; path = \"c/{contact_id}\"; json = "
	    "\"{\\\"ids\\\":\\\"{tag_ids:list}\\\"}\"; }; };", true, false,
	    true, 3 },
	{ "add and remove", "tags = { style = \"list\"; at = [ \"/objects\" ]; "
	    "read = { method = \"POST\"; path = \"rpc\"; repeatable = true; "
	    "rows = [ \"/result\" ]; json = \"[\\\"{contact_id}\\\"]\"; }; "
	    NAMES "write = { method = \"PUT\"; path = \"c/{contact_id}\"; json = "
	    "\"{\\\"add\\\":\\\"{add_ids:list}\\\",\\\"remove\\\":"
	    "\\\"{remove_ids:list}\\\"}\"; }; };", true, false, true, 3 },
	{ "text", "tags = { style = \"text\"; at = [ \"/text\" ]; etag = true; "
	    READ "write = { method = \"PUT\"; path = \"c/{contact_id}\"; json = "
	    "\"{\\\"text\\\":\\\"{tags_text}\\\"}\"; }; };", false, true, true,
	    3 },
	{ "calls", "tags = { style = \"calls\"; at = [ \"/objects\" ]; " READ
	    "add = { method = \"POST\"; path = \"c/{contact_id}/t\"; json = "
	    "\"{\\\"name\\\":\\\"{tag}\\\"}\"; }; remove = { method = \"DELETE\"; "
	    "path = \"c/{contact_id}/t/{tag_id}\"; }; };", false, false, true,
	    5 },
	{ "update", "tags = { style = \"calls\"; at = [ \"/objects\" ]; " READ
	    "add = { method = \"POST\"; path = \"c/{contact_id}/t\"; json = "
	    "\"{\\\"name\\\":\\\"{tag}\\\"}\"; }; update = { method = \"PUT\"; "
	    "path = \"c/{contact_id}/t/{tag_id}\"; json = "
	    "\"{\\\"name\\\":\\\"{new}\\\"}\"; }; remove = { "
	    "method = \"DELETE\"; path = \"c/{contact_id}/t/{tag_id}\"; }; };",
	    false, false, true, 3 },
	{ "calls by id", "tags = { style = \"calls\"; at = [ \"/ids\" ]; "
	    "ids = true; " READ NAMES
	    "add = { method = \"POST\"; path = \"c/{contact_id}/t\"; json = "
	    "\"{\\\"id\\\":\\\"{tag_id:number}\\\"}\"; }; remove = { "
	    "method = \"DELETE\"; path = \"c/{contact_id}/t/{tag_id}\"; }; };",
	    true, false, true, 5 },
};

static struct rig rig;
static struct ledger ledger;
static char refused[256];	/* the last reason */

static void
open_style(const struct style *style)
{
	char profile[2048];

	(void)snprintf(profile, sizeof(profile), "%s%s", ERRORS,
	    style->profile);
	rig_open(&rig, BASE, profile);
	for (size_t i = 0; style->shared && i < ARRAY_LEN(ledger_names); i++) {
		char text[8];
		const struct tag_id id = { text, true };
		(void)snprintf(text, sizeof(text), "%zu", i + 1);
		assert_true(tag_names_add(&rig.c.writer->names,
		    ledger_names[i], &id, &rig.err));
	}
	rig.c.writer->names.read = style->shared;
}

static void
fill(const struct style *style, const char *const *tags, size_t n)
{
	ledger = (struct ledger){ .shared = style->shared, .version = 7,
		.next_id = 100 };
	for (size_t i = 0; i < n; i++)
		ledger_add(&ledger, tags[i]);
}

/* ---- what the core does with a card (tag_write_http.c) ------------------------- */
enum { AGAIN = -1, STOPPED = -2 };

static int
told(const struct err *err)
{
	(void)snprintf(refused, sizeof(refused), "%.255s", err->msg);
	switch (err->kind) {
	case ERR_GONE:
		return PUT_GONE;
	case ERR_REJECTED:
		return PUT_REJECTED;
	case ERR_RETRY:
	case ERR_THROTTLED:
		return AGAIN;
	default:
		return STOPPED;
	}
}

static int
one_try(const struct crm_tag_write *write)
{
	struct http_res res, *before = NULL;

	for (int step = 0; step < 100; step++) {
		struct put_result result = { .outcome = PUT_UNKNOWN };
		struct http_req req = { 0 };
		struct err err = { .kind = ERR_NONE };
		arena_reset(rig.scratch);
		if (rest_tags_request(&rig.c, write, 1, step, before, &req,
		        &err)) {
			assert_false(arena_failed(rig.scratch));
			assert_int_equal(req.repeatable, step % 2 == 0);
			ledger_answer(&ledger, &req, &res);
			before = &res;
			if (res.phase != HTTP_COMPLETE || res.status >= 500)
				return AGAIN;
			continue;
		}
		if (err.kind != ERR_DONE || before == NULL)
			return told(&err);
		if (!rest_tags_result(&rig.c, &res, &result, 1, &err))
			return told(&err);
		return result.outcome == PUT_CONFLICT ? AGAIN
		                                      : (int)result.outcome;
	}
	fail_msg("it never ends");
	return STOPPED;
}

static int
put(const struct crm_tag_write *write)
{
	int outcome = AGAIN;

	for (int i = 0; i < 4 && outcome == AGAIN; i++)
		outcome = one_try(write);
	return outcome;
}

/* ---- what must hold ------------------------------------------------------------- */
/* The card as text, whatever its form. */
static const char *
card_text(const struct style *style)
{
	static char text[2048];
	size_t len = 0;

	if (style->text)
		return ledger.text;
	text[0] = '\0';
	for (size_t i = 0; i < ledger.n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
		    i == 0 ? "" : ",", ledger.tag[i].name);
	return text;
}

static void
expect_card(const struct style *style, const char *wanted)
{
	if (strcmp(card_text(style), wanted) != 0)
		fail_msg("%s: card \"%s\", wanted \"%s\" (%s)", style->name,
		    card_text(style), wanted, refused);
}

static struct crm_tag_write
wish(const char *tag)
{
	return (struct crm_tag_write){ .contact_id = "K1", .prefix = MEET,
		.value = tag };
}

/* ---- cases ---------------------------------------------------------------------- */
#define OTHERS "Kunde,NPSToday.Sale.7,NPSToday.NoSend,NPSToday.Meet.2.8," \
	"NPSToday.Meet.07,VIP"
static const char *const others[] = { "Kunde", "NPSToday.Sale.7",
	"NPSToday.NoSend", MEET "2.8", MEET "07", "VIP" };

static void
test_writes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
		const struct style *s = &styles[i];
		struct crm_tag_write write = wish(MEET "9");
		open_style(s);
		fill(s, others, ARRAY_LEN(others));
		assert_int_equal(put(&write), PUT_DONE);
		expect_card(s, OTHERS "," MEET "9");
		/* As after a kill between the write and the note of it. */
		ledger.writes = 0;
		assert_int_equal(put(&write), PUT_DONE);
		assert_int_equal(ledger.writes, 0);
		/* A newer score. */
		write = wish(MEET "10");
		ledger.requests = 0;
		assert_int_equal(put(&write), PUT_DONE);
		expect_card(s, OTHERS "," MEET "10");
		if (ledger.requests != s->replace)
			fail_msg("%s: %zu requests", s->name, ledger.requests);
		/* A command that is done, and a campaign renamed. */
		write = (struct crm_tag_write){ .contact_id = "K1",
			.old = "VIP" };
		assert_int_equal(put(&write), PUT_DONE);
		write = (struct crm_tag_write){ .contact_id = "K1",
			.prefix = "NPSToday.Old.", .old_prefix = MEET,
			.value = "NPSToday.Old.3" };
		assert_int_equal(put(&write), PUT_DONE);
		expect_card(s, "Kunde,NPSToday.Sale.7,NPSToday.NoSend," MEET
		    "2.8," MEET "07,NPSToday.Old.3");
		rig_close(&rig);
	}
}

/* A crash left two; the CRM spells with two letters; a card without tags. */
static void
test_repairs(void **state)
{
	static const char *const two[] = { MEET "1", "Kunde", MEET "9" };
	static const char *const odd[] = { "NPSToday.Me\xcc\x8ate.4", "Kunde" };
	const struct crm_tag_write write = wish(MEET "9"),
	    composed = { .contact_id = "K1", .value = MEET "9",
		.old = "NPSToday.Me\xcc\x8ate.4" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
		const struct style *s = &styles[i];
		open_style(s);
		fill(s, two, ARRAY_LEN(two));
		assert_int_equal(put(&write), PUT_DONE);
		expect_card(s, "Kunde," MEET "9");
		fill(s, odd, ARRAY_LEN(odd));
		assert_int_equal(put(&composed), PUT_DONE);
		if (strchr(card_text(s), '\xcc') != NULL)
			fail_msg("%s: %s", s->name, card_text(s));
		fill(s, NULL, 0);
		assert_int_equal(put(&write), PUT_DONE);
		expect_card(s, MEET "9");
		rig_close(&rig);
	}
}

/* ---- each request failing in each way -------------------------------------------- */
static bool
has(const struct style *style, const char *tag)
{
	const char *text = card_text(style);
	const size_t len = strlen(tag);

	for (const char *p = text; (p = strstr(p, tag)) != NULL; p += len)
		if ((p == text || p[-1] == ',') &&
		    (p[len] == ',' || p[len] == '\0'))
			return true;
	return false;
}

/* Foreign tags stand there in every moment, and a score does: the old one, the
 * new one, or for a night both. */
static void
expect_safe(const struct style *s, size_t at, int fault)
{
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (!has(s, others[i]))
			fail_msg("%s, request %zu, fault %d: %s is lost: %s",
			    s->name, at, fault, others[i], card_text(s));
	if (!has(s, MEET "1") && !has(s, MEET "9"))
		fail_msg("%s, request %zu, fault %d: no score: %s", s->name, at,
		    fault, card_text(s));
}

static void
one_fault(const struct style *s, size_t at, int fault)
{
	const struct crm_tag_write write = wish(MEET "9");
	int outcome;

	fill(s, others, ARRAY_LEN(others));
	ledger_add(&ledger, MEET "1");
	ledger.fault_at = at;
	ledger.fault = (enum fault)fault;
	outcome = put(&write);
	expect_safe(s, at, fault);
	if (fault == OTHER_WROTE && s->guarded && !has(s, "late"))
		fail_msg("%s, request %zu: another's tag is lost", s->name, at);
	if (outcome == PUT_DONE && ledger.requests >= at &&
	    !has(s, MEET "9") && (fault != IGNORED || s->replace > 2))
		fail_msg("%s, request %zu, fault %d: done, but not there",
		    s->name, at, fault);
	/* The next night. */
	ledger.fault = FAULT_NONE;
	outcome = put(&write);
	if (outcome != PUT_DONE || has(s, MEET "1") || !has(s, MEET "9"))
		fail_msg("%s, request %zu, fault %d: then %d: %s (%s)", s->name,
		    at, fault, outcome, card_text(s), refused);
	expect_safe(s, at, fault);
	ledger.writes = 0;
	(void)put(&write);
	assert_int_equal(ledger.writes, 0);
}

static void
test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
		open_style(&styles[i]);
		for (size_t at = 1; at <= styles[i].replace; at++)
			for (int fault = LOST_BEFORE; fault < FAULTS; fault++)
				one_fault(&styles[i], at, fault);
		rig_close(&rig);
	}
}

/* What the core is told, by which request it was. */
static void
test_outcomes(void **state)
{
	static const struct {
		size_t style, at;
		enum fault fault;
		int outcome;
		const char *words;
	} cases[] = {
		{ 0, 1, GONE, PUT_GONE, "no such contact" },
		{ 0, 1, FORBIDDEN, STOPPED, "403" },
		{ 0, 1, IGNORED, STOPPED, "tags.at: nothing there" },
		{ 0, 1, BODY_ERROR, PUT_REJECTED, "" },
		{ 0, 2, GONE, STOPPED, "just read" },
		{ 0, 2, REFUSED, PUT_REJECTED, "422" },
		{ 0, 2, BODY_ERROR, PUT_REJECTED, "" },
		{ 0, 2, FORBIDDEN, STOPPED, "403" },
		{ 6, 2, REFUSED, PUT_REJECTED, "422" },
		{ 6, 2, FORBIDDEN, STOPPED, "403" },
		{ 6, 4, REFUSED, PUT_REJECTED, "422" },
		/* The tag that was to go is gone: the reading says so. */
		{ 6, 4, GONE, AGAIN, "does not show" },
	};
	static const char *const old[] = { "Kunde", MEET "1" };
	const struct crm_tag_write write = wish(MEET "9");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct style *s = &styles[cases[i].style];
		int outcome;
		open_style(s);
		fill(s, old, ARRAY_LEN(old));
		ledger.fault_at = cases[i].at;
		ledger.fault = cases[i].fault;
		refused[0] = '\0';
		outcome = one_try(&write);
		if (cases[i].outcome == AGAIN)
			assert_true(outcome == AGAIN || outcome == PUT_DONE);
		else if (outcome != cases[i].outcome ||
		    strstr(refused, cases[i].words) == NULL)
			fail_msg("case %zu: %d %s", i, outcome, refused);
		rig_close(&rig);
	}
}

/* ---- 2,000 random sets of tags ------------------------------------------------------ */
static uint32_t
next_random(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static void
test_only_own_tags_change(void **state)
{
	static const char *const values[] = { MEET "9", MEET "10", NULL };
	uint32_t seed = 20261126;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		const struct style *s = &styles[next_random(&seed,
		    ARRAY_LEN(styles))];
		const struct crm_tag_write write = { .contact_id = "K1",
			.prefix = next_random(&seed, 4) == 0 ? NULL : MEET,
			.old = next_random(&seed, 3) == 0 ? "Skip" : NULL,
			.value = values[next_random(&seed, 3)],
			.old_prefix = next_random(&seed, 3) == 0
			    ? "NPSToday.Old." : NULL };
		const char *tags[9] = { NULL }, *const *set;
		size_t n = next_random(&seed, 8), i;
		bool changed;
		char wanted[2048] = "";

		for (i = 0; i < n; i++) {
			tags[i] = ledger_names[next_random(&seed,
			    ARRAY_LEN(ledger_names))];
			/* One tag object stands on a card once. */
			for (size_t k = 0; k < i; k++)
				if (strcmp(tags[k], tags[i]) == 0) {
					tags[i--] = NULL;
					n--;
					break;
				}
		}
		open_style(s);
		fill(s, tags, n);
		ledger.fault_at = next_random(&seed, 12);
		ledger.fault = next_random(&seed, 2) == 0 ? LOST_AFTER
		                                          : LOST_BEFORE;
		if (!tagset_apply(rig.arena, tags, &write, &set, &changed,
		        &rig.err))
			fail_msg("%s", rig.err.msg);
		for (; *set != NULL; set++) {
			const size_t len = strlen(wanted);
			(void)snprintf(wanted + len, sizeof(wanted) - len, "%s%s",
			    len == 0 ? "" : ",", *set);
		}
		if (put(&write) != PUT_DONE)
			fail_msg("round %d: %s", round, refused);
		/* Renamed in place, a tag keeps the place of the old one. */
		if (strcmp(s->name, "update") != 0)
			expect_card(s, wanted);
		rig_close(&rig);
	}
}

/* ---- one step -------------------------------------------------------------- */
static bool
ask(int step, const char *body)
{
	const struct crm_tag_write write = { .contact_id = "K1", .prefix = MEET,
		.value = MEET "9" };
	const struct http_res card = { .phase = HTTP_COMPLETE, .status = 200,
		.body = body, .body_len = strlen(body), .date = NO_TIME };
	struct http_req req = { 0 };

	rig.err = (struct err){ .kind = ERR_NONE };
	return rest_tags_request(&rig.c, &write, 1, step, &card, &req, &rig.err);
}

/* ---- a 200 that is none ---------------------------------------------------- */
#define AT_DATA(at) "tags = { style = \"list\"; at = [ " at \
	" ]; " READ "write = { method = \"PUT\"; path = \"c/{contact_id}\"; " \
	"json = \"{\\\"tags\\\":\\\"{tags:list}\\\"}\"; }; };"
#define IS_OK "errors = ( { at = \"/error\"; means = \"ok\"; } ); "
#define TEXT_AT_DATA "tags = { style = \"text\"; at = [ \"/data/text\" ]; " READ \
	"write = { method = \"PUT\"; path = \"c/{contact_id}\"; json = " \
	"\"{\\\"t\\\":\\\"{tags_text}\\\"}\"; }; };"

/* A null on the way to the tags, a failure that no line explains: no list is
 * written back that lacks those of others. */
static void
test_no_card(void **state)
{
	static const struct {
		const char *profile, *body, *says;	/* NULL = it is written */
	} c[] = {
		{ AT_DATA("\"/data/tags\""), "{\"data\":null}",
		    "null in place of" },
		{ AT_DATA("\"/data/tags\""), "null", "null in place of" },
		{ AT_DATA("\"/data/tags\""), "{\"data\":{\"tags\":null}}",
		    NULL },
		{ AT_DATA("\"/data/tags\", \"\""), "{\"data\":null}", NULL },
		{ AT_DATA("\"/data/tags\", \"\""),
		    "{\"success\":false,\"data\":null}", "tells of a failure" },
		{ AT_DATA("\"/data/tags\""),
		    "{\"ok\":false,\"data\":{\"tags\":[]}}",
		    "tells of a failure" },
		{ TEXT_AT_DATA, "{\"data\":null}", "null in place of" },
		{ TEXT_AT_DATA, "{\"data\":{}}", "nothing there" },
		{ TEXT_AT_DATA, "{\"data\":{\"text\":null}}", NULL },
		{ TEXT_AT_DATA, "{\"data\":{\"text\":\"\"},\"error\":\"no\"}",
		    "tells of a failure" },
		{ IS_OK TEXT_AT_DATA,
		    "{\"data\":{\"text\":\"\"},\"error\":\"no\"}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		rig_open(&rig, BASE, c[i].profile);
		const bool asks = ask(1, c[i].body);
		if (asks != (c[i].says == NULL) || (!asks &&
		    (rig.err.kind != ERR_PROTOCOL ||
		        strstr(rig.err.msg, c[i].says) == NULL)))
			fail_msg("case %zu: %s", i, asks ? "written"
			                                : rig.err.msg);
		rig_close(&rig);
	}
}

/* A service that does not know the filter gives somebody. */
static void
test_card_of_another(void **state)
{
	static const char *const at[] = { "/id" };
	static const struct {
		const char *id;
		bool asks;
	} c[] = { { "\"K1\"", true }, { "\"k1\"", true }, { "null", true },
		{ "\"K2\"", false }, { "1", false } };

	(void)state;
	for (size_t by = 0; by < 2; by++)
		for (size_t i = 0; i < ARRAY_LEN(c); i++) {
			struct rest_contacts *set;
			char body[128];
			(void)snprintf(body, sizeof(body), "{\"result\":[{\"id\":"
			    "%s,\"objects\":[]}]}", c[i].id);
			open_style(&styles[4]);
			set = &rig.set.profile.reading.contacts;
			*(by == 0 ? &set->by_id.id : &set->read.id) =
			    (struct strlist){ at, 1 };
			if (ask(1, body) != c[i].asks)
				fail_msg("%s: %s", c[i].id, rig.err.msg);
			if (!c[i].asks)
				assert_int_equal(rig.err.kind, ERR_PROTOCOL);
			rig_close(&rig);
		}
}

/* What one card lacks is the matter of that card; a profile that asks for it
 * wrongly is found out by the next ones. */
static void
test_odd_card(void **state)
{
	static const struct {
		size_t style;
		const char *body, *says;
	} c[] = {
		{ 2, "{\"objects\":[]}", "the card has no version" },
		{ 2, "{\"v\":null,\"objects\":[]}", "the card has no version" },
		{ 6, "{\"objects\":[{\"id\":1,\"name\":\"" MEET "9\"},{\"name\":"
		    "\"" MEET "3\"}]}", "the tag that goes has no id" },
		{ 7, "{\"objects\":[{\"name\":\"" MEET "3\"}]}",
		    "the tag that goes has no id" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		open_style(&styles[c[i].style]);
		assert_false(ask(1, c[i].body));
		if (rig.err.kind != ERR_PROTOCOL ||
		    strstr(rig.err.msg, c[i].says) == NULL)
			fail_msg("case %zu: %s: %s", i,
			    err_kind_name(rig.err.kind), rig.err.msg);
		rig_close(&rig);
	}
}

/* So the answer to a write that is not read back. */
static void
test_no_write(void **state)
{
	(void)state;
	rig_open(&rig, BASE, styles[2].profile);
	assert_false(ask(2, "{\"success\":false}"));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	assert_non_null(strstr(rig.err.msg, "tags.write: HTTP 200, and"));
	assert_false(ask(2, "{\"success\":true}"));
	assert_int_equal(rig.err.kind, ERR_DONE);
	rig_close(&rig);
}

/* ---- a long run ---------------------------------------------------------------- */
#define CARD(more) "{\"objects\":[{\"id\":1,\"name\":\"" MEET "9\"}," \
	"{\"id\":2,\"name\":\"" MEET "3\"}]" more "}"
/* Its old tags go one by one, and not for ever. */
static void
test_never_right(void **state)
{
	(void)state;
	rig_open(&rig, BASE, styles[6].profile);
	assert_true(ask(1, CARD("")));
	assert_true(ask(15, CARD("")));
	assert_false(ask(17, CARD("")));
	assert_int_equal(rig.err.kind, ERR_RETRY);
	rig_close(&rig);
}

/* What was kept of one answer goes before the next is judged. */
static void
test_errors_all_night(void **state)
{
	(void)state;
	open_style(&styles[6]);
	while (arena_alloc(rig.c.rest.page, 1 << 20) != NULL)
		continue;
	while (arena_alloc(rig.c.rest.page, 1) != NULL)
		continue;
	assert_false(ask(1, CARD(",\"error\":{\"code\":1}")));
	assert_int_equal(rig.err.kind, ERR_REJECTED);
	rig_close(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_repairs),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_only_own_tags_change),
		cmocka_unit_test(test_no_card),
		cmocka_unit_test(test_card_of_another),
		cmocka_unit_test(test_odd_card),
		cmocka_unit_test(test_no_write),
		cmocka_unit_test(test_never_right),
		cmocka_unit_test(test_errors_all_night),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
