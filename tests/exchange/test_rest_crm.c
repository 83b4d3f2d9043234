/*
 * The CRM side of the rest driver over a scripted server: every way of paging
 * with every way of naming persons, watermarks, broken passes, what is refused,
 * cards by id and by address.
 */
#include "rest/crmrig.h"

/* ---- every paging with every naming ------------------------------------------ */

enum paged { NONE, PAGE, OFFSET, NEXT, HEADER, CURSOR, KEYSET, KEYSET_FIRST,
	PAGE_HOLE, RPC, AUTO_LINK, AUTO_PAGE, PAGED };
static const struct paged_kind {
	const char *request, *paging;
	/* How a request line ends for page 1, 2, 3; one more that is empty. */
	const char *line[4];
	bool empty_end;
} kinds[PAGED] = {
	[NONE] = { "path = 'events'; ", "kind = 'none';", { "/events " }, false },
	[PAGE] = { "path = 'events'; ", "kind = 'page'; size = 2; "
	    "size_param = 'n';", { "?page=1&n=2 ", "?page=2&n=2 ",
	    "?page=3&n=2 " }, false },
	[OFFSET] = { "path = 'events?x=1'; ", "kind = 'offset';",
	    { "?x=1&offset=0 ", "&offset=2 ", "&offset=4 " }, false },
	[NEXT] = { "path = 'events'; ", "kind = 'next_link';",
	    { "/events ", "/events?c=2 ", "/events?c=3 " }, false },
	[HEADER] = { "path = 'events'; ", "kind = 'link_header';",
	    { "/events ", "/events?c=2 ", "/events?c=3 " }, false },
	[CURSOR] = { "path = 'events'; ", "kind = 'cursor'; cursor = 'next';",
	    { "/events ", "?cursor=%2Fapi%2Fevents%3Fc%3D2 ",
	    "?cursor=%2Fapi%2Fevents%3Fc%3D3 " }, false },
	[KEYSET] = { "path = 'events?after={last_id?}'; ", "kind = 'keyset';",
	    { "/events ", "?after=%s2 ", "?after=%s4 ", "?after=%s5 " }, true },
	[KEYSET_FIRST] = { "path = 'events?after={last_id}'; ",
	    "kind = 'keyset'; first_key = '0';", { "?after=0 ", "?after=%s2 ",
	    "?after=%s4 ", "?after=%s5 " }, true },
	[PAGE_HOLE] = { "path = 'events?p={page}&n={size}'; ",
	    "kind = 'page'; first = 0; size = 2;", { "?p=0&n=2 ", "?p=1&n=2 ",
	    "?p=2&n=2 " }, false },
	[RPC] = { "path = 'events'; method = 'POST'; repeatable = true; json = "
	    "'{\\'method\\': \\'search\\', \\'params\\': [ \\'{offset:number}\\', "
	    "\\'{size:number}\\' ]}'; ", "kind = 'offset'; size = 2;",
	    { "[0,2]", "[2,2]", "[4,2]" }, false },
	[AUTO_LINK] = { "path = 'events'; ", "", { "?page=1 ", "?c=2 ", "?c=3 " },
	    false },
	[AUTO_PAGE] = { "path = 'events'; ", "", { "?page=1 ", "?page=2 ",
	    "?page=3 " }, false },
};

enum naming { EMBEDDED, LIST, KEYS, LINK, BATCH, NAMINGS };
static const char *const namings[NAMINGS] = {
	[EMBEDDED] = "contact = 'person.id';",
	[LIST] = "contact = '/contactIds/*';",
	[KEYS] = "contact = 'people.@keys';",
	[LINK] = "link = { contact = 'pid'; request = { path = "
	    "'of/{row./id}'; rows = 'items'; }; };",
	[BATCH] = "link = { key = 'for'; contact = 'pids.*'; batch = { path = "
	    "'links?ids={ids:comma}'; rows = ''; }; };",
};

/* Ids as numbers or text; the time in each form. */
static const struct form {
	const char *id;		/* in front of the number */
	const char *at, *format;
} forms[] = {
	{ "", "\"2026-11-20T13:30:00Z\"", "" },
	{ "E", "\"2026-11-20T14:30:00+01:00\"", "" },
	{ "", "\"2026-11-20 14:30:00\"", "" },
	{ "E", "1795181400000", "" },
	{ "", "1795181400", "as = 'epoch';" },
	{ "E", "{\"year\":2026,\"month\":11,\"day\":20,\"hour\":13,"
	    "\"minute\":30}", "zone = 'UTC';" },
	{ "", "\"20/11/2026 14:30\"", "as = 'dd/MM/yyyy HH:mm';" },
};

struct scenario {
	struct rig rig;
	const struct paged_kind *kind;
	enum naming naming;
	const struct form *form;
	struct arena *arena;
	struct sim_reply script[32];
	size_t n;
};

static const char *
row_text(struct scenario *s, int i)
{
	static const char *const persons[NAMINGS] = {
		[EMBEDDED] = "\"Person\":{\"id\":\"P%d\"}",
		[LIST] = "\"contactIds\":[\"P%d\",\"Q%d\"]",
		[KEYS] = "\"people\":{\"P%d\":{},\"Q%d\":{}}",
		[LINK] = "\"x\":%d", [BATCH] = "\"x\":%d" };
	const char *quote = *s->form->id == '\0' ? "" : "\"";
	char person[80];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(person, sizeof(person), persons[s->naming], i, i);
#pragma GCC diagnostic pop
	return arena_printf(s->arena, "{\"id\":%s%s%d%s,\"at\":%s,%s}", quote,
	    s->form->id, i, quote, s->form->at, person);
}

static struct sim_reply *
reply_add(struct scenario *s)
{
	assert_true(s->n < ARRAY_LEN(s->script));
	return &s->script[s->n++];
}

/* What names the persons of rows from..until, asked for apart. */
static void
persons_add(struct scenario *s, int from, int until)
{
	const char *ids = "", *rows = "";

	for (int i = from; i <= until; i++) {
		if (s->naming == LINK)
			*reply_add(s) = (struct sim_reply){ .target =
			    arena_printf(s->arena, "/of/%s%d ", s->form->id, i),
				.body = arena_printf(s->arena, "{\"items\":["
				    "{\"pid\":\"P%d\"},{\"pid\":\"Q%d\"},"
				    "{\"pid\":\"P%d\"}]}", i, i, i) };
		ids = arena_printf(s->arena, "%s%s%s%d", ids, i == from ? "" :
		    "%2C", s->form->id, i);
		rows = arena_printf(s->arena, "%s%s{\"for\":\"%s%d\",\"pids\":["
		    "\"P%d\",\"Q%d\"]}", rows, i == from ? "" : ",",
		    s->form->id, i, i, i);
	}
	if (s->naming == BATCH)
		*reply_add(s) = (struct sim_reply){ .target = arena_printf(
		    s->arena, "/links?ids=%s ", ids),
			.body = arena_printf(s->arena, "[%s]", rows) };
}

static void
page_add(struct scenario *s, int page, int from, int until)
{
	const char *line = s->kind->line[page], *rows = "", *next = "";
	struct sim_reply *r = reply_add(s);
	const bool more = until < 5 && s->kind->line[1] != NULL &&
	    s->kind != &kinds[AUTO_PAGE];
	const char *hole = strstr(line, "%s");

	if (hole != NULL)
		line = arena_printf(s->arena, "%.*s%s%s", (int)(hole - line),
		    line, s->form->id, hole + 2);
	for (int i = from; i <= until; i++)
		rows = arena_printf(s->arena, "%s%s%s", rows, i == from ? "" :
		    ",", row_text(s, i));
	if (more && s->kind != &kinds[HEADER])
		next = arena_printf(s->arena, ",\"next\":\"/api/events?c=%d\"",
		    page + 2);
	else if (s->kind == &kinds[CURSOR])
		next = ",\"next\":null";
	r->body = arena_printf(s->arena, "{\"items\":[%s]%s}", rows, next);
	if (s->kind == &kinds[RPC])
		r->want = line;
	else
		r->target = line;
	if (more && s->kind == &kinds[HEADER])
		r->headers = arena_printf(s->arena, "Link: </api/x>; rel=prev, "
		    "</api/events?c=%d>; rel=\"next\"\r\n", page + 2);
	if (from <= until)
		persons_add(s, from, until);
}

static void
script_make(struct scenario *s)
{
	if (s->kind->line[1] == NULL) {
		page_add(s, 0, 1, 5);
		return;
	}
	page_add(s, 0, 1, 2);
	page_add(s, 1, 3, 4);
	page_add(s, 2, 5, 5);
	if (s->kind->empty_end)
		page_add(s, 3, 6, 5);
}

static const char *
wanted(struct scenario *s)
{
	const char *all = "";

	for (int i = 1; i <= 5; i++)
		for (int k = 0; k < (s->naming == EMBEDDED ? 1 : 2); k++)
			all = arena_printf(s->arena, "%smeet %s%d%s P%d "
			    "2026-11-20T13:30:00Z -\n", all, s->form->id, i,
			    s->naming == EMBEDDED ? "" : k == 0 ?
			    arena_printf(s->arena, "/P%d", i) :
			    arena_printf(s->arena, "/Q%d", i), i);
	/* The second person's id. */
	char *text = arena_strdup(s->arena, all);
	for (char *at = text; (at = strstr(at, "/Q")) != NULL; at++)
		at[4] = 'Q';
	return text;
}

static void
scenario_run(struct scenario *s)
{
	const char *profile = arena_printf(s->arena, "events = ( { name = 'met'; "
	    "trigger = 'meet'; occurred_at = 'at'; %s read = { request = { %s "
	    "rows = [ '/result', '/items' ]; }; paging = { %s }; }; format = ( { "
	    "field = 'occurred_at'; %s } ); } );", namings[s->naming],
	    s->kind->request, s->kind->paging, s->form->format);

	script_make(s);
	rig_start(&s->rig, profile, s->script, s->n);
	if (!rig_events(&s->rig, NULL, NULL))
		fail_msg("%s", s->rig.err.msg);
	RIG_SEES(&s->rig, wanted(s));
	RIG_REFUSES(&s->rig, "");
	assert_string_equal(s->rig.watermark, "whole");
	rig_end(&s->rig, true);
}

static void
test_every_form(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t kind = 0; kind < PAGED; kind++)
		for (int naming = 0; naming < NAMINGS; naming++, n++) {
			struct scenario s = { .kind = &kinds[kind],
				.naming = (enum naming)naming,
				.form = &forms[n % ARRAY_LEN(forms)],
				.arena = arena_new(1 << 20) };
			scenario_run(&s);
			arena_free(s.arena);
		}
}

/* ---- watermarks --------------------------------------------------------------- */

#define DEALS(name, trigger, more) "{ name = '" name "'; trigger = '" trigger \
	"'; occurred_at = 'closed'; contact = [ 'person', '' ]; read = { request " \
	"= { path = '" name "?since={since}'; rows = 'items'; }; paging = { kind = " \
	"'page'; }; stamp = [ 'changed', 'created' ]; " more " }; }"
#define ROW(id, stamp) "{\"id\":" #id ",\"changed\":\"" stamp "\",\"closed\":" \
	"\"2026-11-20T13:30:00Z\",\"person\":\"P" #id "\"}"
#define SEEN(id) "sale " #id " P" #id " 2026-11-20T13:30:00Z -\n"
#define PAGE_OF(rows) "{\"items\":[" rows "]}"

/* Late commits, equal stamps: the mark is none that could hide them. */
static void
test_watermark(void **state)
{
	static const struct {
		const char *rows, *mark;
	} cases[] = {
		/* The largest that is not younger than the overlap. */
		{ ROW(1, "2026-11-25T01:30:00.5Z") "," ROW(2,
		    "2026-11-25T01:50:00Z") "," ROW(3, "2026-11-25T01:20:00Z"),
		    "won=22:2026-11-25T01:30:00.5Z" },
		/* All of one stamp. */
		{ ROW(1, "2026-11-24T10:00:00Z") "," ROW(2,
		    "2026-11-24T10:00:00Z") "," ROW(3, "2026-11-24T10:00:00Z"),
		    "won=20:2026-11-24T10:00:00Z" },
		/* null and nothing: the other stamp, and none. */
		{ "{\"id\":1,\"changed\":null,\"created\":\"2026-11-24T09:00:00Z"
		  "\",\"closed\":\"2026-11-20T13:30:00Z\",\"person\":\"P1\"},"
		  "{\"id\":2,\"closed\":\"2026-11-20T13:30:00Z\",\"person\":"
		  "\"P2\"}," ROW(3, "2026-11-24T08:00:00Z"),
		    "won=20:2026-11-24T09:00:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char body[1024];
		snprintf(body, sizeof(body), PAGE_OF("%s"), cases[i].rows);
		const struct sim_reply script[] = {
			{ .target = "/won?since=2026-11-24T01%3A45%3A00Z&page=1 ",
			    .body = body },
			{ .target = "page=2 ", .body = PAGE_OF("") } };
		struct rig rig;
		rig_start(&rig, "events = ( " DEALS("won", "sale", "") " );",
		    script, 2);
		if (!rig_events(&rig, "won=20:2026-11-24T02:00:00Z", NULL))
			fail_msg("%s", rig.err.msg);
		RIG_SEES(&rig, SEEN(1) SEEN(2) SEEN(3));
		assert_string_equal(rig.watermark, cases[i].mark);
		rig_end(&rig, true);
	}
}

/* Strict, coarse and far-reaching: where it begins. */
static void
test_begin(void **state)
{
	static const struct {
		const char *more, *mark, *since;
	} cases[] = {
		{ "", "won=20:2026-11-24T02:00:00Z", "2026-11-24T01%3A45%3A00Z" },
		{ "since_strict = true;", "won=20:2026-11-24T02:00:00Z",
		    "2026-11-24T01%3A44%3A59Z" },
		{ "since_strict = true; resolution_s = 60;",
		    "won=20:2026-11-24T02:00:00Z", "2026-11-24T01%3A44%3A00Z" },
		{ "overlap_h = 48;", "won=20:2026-11-24T02:00:00Z",
		    "2026-11-22T02%3A00%3A00Z" },
		{ "since = '2026-01-01';", NULL, "2025-12-31T23%3A00%3A00Z" },
		{ "", NULL, "1970-01-01T00%3A00%3A00Z" },
		/* Of another driver under this name: from the beginning. */
		{ "", "2026-11-24T02:00:00Z", "1970-01-01T00%3A00%3A00Z" },
		/* Of another listing. */
		{ "", "lost=20:2026-11-24T02:00:00Z", "1970-01-01T00%3A00%3A00Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char target[128], profile[1024];
		snprintf(target, sizeof(target), "/won?since=%s&page=1 ",
		    cases[i].since);
		const struct sim_reply script = { .target = target,
			.body = PAGE_OF("") };
		struct rig rig;
		snprintf(profile, sizeof(profile), "events = ( " DEALS("won",
		    "sale", "%s") " );", cases[i].more);
		rig_start(&rig, profile, &script, 1);
		if (!rig_events(&rig, cases[i].mark, NULL))
			fail_msg("%s", rig.err.msg);
		rig_end(&rig, true);
	}
}

/* Stamps that name no zone are in one of their own: so is {since}. */
static void
test_begin_in_zone_of_stamps(void **state)
{
	static const char profile[] = "events = ( { name = 'won'; trigger = "
	    "'sale'; occurred_at = 'closed'; contact = 'person'; read = { request "
	    "= { path = 'won?since={since:%H:%M}&now="
	    "{now:%H:%M}'; rows = 'items'; }; paging = { kind = 'none'; }; stamp = "
	    "'changed'; stamp_zone = 'UTC'; }; } );";
	static const struct sim_reply script = { .target = "/won?since=01%3A45"
	    "&now=03%3A00 ", .body = PAGE_OF("{\"id\":1,\"changed\":"
	    "\"2026-11-24 10:00:00\",\"closed\":\"2026-11-20T13:30:00Z\","
	    "\"person\":\"P1\"}") };
	struct rig rig;

	(void)state;
	rig_start(&rig, profile, &script, 1);
	if (!rig_events(&rig, "won=20:2026-11-24T02:00:00Z", NULL))
		fail_msg("%s", rig.err.msg);
	assert_string_equal(rig.watermark, "won=19:2026-11-24 10:00:00");
	rig_end(&rig, true);
}

/* So is the stamp of the last row, in another form than it was received in. */
static void
test_last_stamp_in_its_zone(void **state)
{
	static const char profile[] = "events = ( { name = 'won'; trigger = "
	    "'sale'; occurred_at = 'closed'; contact = 'person'; read = { request "
	    "= { path = 'won?after={last_id?}&t={last_stamp:iso?}&raw={last_stamp?}"
	    "'; rows = 'items'; }; paging = { kind = 'keyset'; }; stamp = "
	    "'changed'; stamp_zone = 'America/New_York'; }; } );";
	static const struct sim_reply script[] = {
		{ .target = "/won ", .body = PAGE_OF("{\"id\":1,\"changed\":"
		    "\"2026-11-24T10:00:00\",\"closed\":\"2026-11-20T13:30:00Z\","
		    "\"person\":\"P1\"}") },
		{ .target = "/won?after=1&t=2026-11-24T15%3A00%3A00Z&raw=2026-11-24"
		    "T10%3A00%3A00 ", .body = PAGE_OF("") } };
	struct rig rig;

	(void)state;
	rig_start(&rig, profile, script, 2);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	rig_end(&rig, true);
}

#define TWO "events = ( " DEALS("won", "sale", "") ", " DEALS("lost", "loss", \
	"") " );"

/* One of two fails: neither moves its watermark, and what was done of the first
 * is not read again from its beginning. */
static void
test_one_fails(void **state)
{
	static const struct sim_reply first[] = {
		{ .target = "/won?since=1970-01-01T00%3A00%3A00Z&page=1 ",
		    .body = PAGE_OF(ROW(1, "2026-11-24T10:00:00Z")) },
		{ .target = "/won", .body = PAGE_OF("") },
		{ .target = "/lost", .status = 400, .body = "{}" } };
	static const struct sim_reply then[] = {
		{ .target = "/won?since=2026-11-24T09%3A45%3A00Z&page=1 ",
		    .body = PAGE_OF(ROW(2, "2026-11-24T12:00:00Z")) },
		{ .target = "/won", .body = PAGE_OF("") },
		{ .target = "/lost?since=1970-01-01T00%3A00%3A00Z&page=1 ",
		    .body = PAGE_OF("") } };
	char resume[4096];
	struct rig rig;

	(void)state;
	rig_start(&rig, TWO, first, 3);
	assert_false(rig_events(&rig, NULL, NULL));
	assert_string_equal(rig.watermark, "");
	assert_string_equal(rig.resume, "won=20:2026-11-24T10:00:00Z");
	assert_non_null(strstr(rig.err.msg, "events.lost"));
	memcpy(resume, rig.resume, sizeof(resume));
	rig_end(&rig, true);
	rig_start(&rig, TWO, then, 3);
	if (!rig_events(&rig, NULL, resume))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, SEEN(2));
	assert_string_equal(rig.watermark, "won=20:2026-11-24T12:00:00Z"
	    "lost=20:1970-01-01T00:00:00Z");
	rig_end(&rig, true);
}

/* Stopped behind the first page: the next run goes on with the second, and the
 * mark counts from the first start. */
static void
test_resume(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "page=1 ", .body = PAGE_OF(ROW(1,
		    "2026-11-24T20:00:00Z")) },
		{ .target = "/won?since=2026-11-24T01%3A45%3A00Z&page=2 ",
		    .body = PAGE_OF(ROW(2, "2026-11-25T18:00:00Z")) },
		{ .target = "page=3 ", .body = PAGE_OF("") },
		{ .target = "/lost?since=2026-11-23T01%3A45%3A00Z&page=1 ",
		    .body = PAGE_OF("") } };
	static const char mark[] = "won=20:2026-11-24T02:00:00Z"
	    "lost=20:2026-11-23T02:00:00Z";
	char resume[4096];
	struct rig rig;

	(void)state;
	rig_start(&rig, TWO, script, 4);
	rig.stop_page = 1;
	assert_false(rig_events(&rig, mark, NULL));
	assert_int_equal(rig.err.kind, ERR_CANCELLED);
	RIG_SEES(&rig, SEEN(1));
	memcpy(resume, rig.resume, sizeof(resume));
	buf_reset(&rig.seen);
	/* The next night. */
	rig.now = rig_time("2026-11-26T02:00:00Z");
	if (!rig_events(&rig, mark, resume))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, SEEN(2));
	assert_string_equal(rig.watermark, "won=20:2026-11-24T20:00:00Z"
	    "lost=20:2026-11-23T02:00:00Z");
	rig_end(&rig, true);
}

/* The place is gone, or of another listing: from the beginning of this one. */
static void
test_resume_gone(void **state)
{
	static const char profile[] = "events = ( { name = 'won'; trigger = "
	    "'sale'; occurred_at = 'closed'; contact = 'person'; read = { request "
	    "= { path = 'won?since={since}'; rows = 'items'; }; paging = { kind = "
	    "'cursor'; cursor = 'next'; }; stamp = 'changed'; }; } );";
	static const struct sim_reply script[] = {
		{ .target = "/won?", .body = "{\"items\":[" ROW(1,
		    "2026-11-24T20:00:00Z") "],\"next\":\"c2\"}" },
		{ .target = "&cursor=c2 ", .status = 410, .body = "" },
		{ .target = "/won?since=2026-11-24T01%3A45%3A00Z ",
		    .body = "{\"items\":[" ROW(1, "2026-11-24T20:00:00Z") "]}" } };
	static const char mark[] = "won=20:2026-11-24T02:00:00Z";
	char resume[4096], torn[4096];
	struct rig rig;

	(void)state;
	rig_start(&rig, profile, script, 3);
	rig.stop_page = 1;
	assert_false(rig_events(&rig, mark, NULL));
	memcpy(resume, rig.resume, sizeof(resume));
	buf_reset(&rig.seen);
	if (!rig_events(&rig, mark, resume))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, SEEN(1));
	rig_end(&rig, true);
	snprintf(torn, sizeof(torn), "won@5:torn!");
	rig_start(&rig, profile, &script[2], 1);
	if (!rig_events(&rig, mark, torn))
		fail_msg("%s", rig.err.msg);
	rig_end(&rig, true);
	rig_start(&rig, profile, script, 0);
	assert_false(rig_events(&rig, mark, "no place at all"));
	assert_int_equal(rig.err.kind, ERR_GONE);
	rig_end(&rig, true);
}

static void
start_with(struct rig *rig, const char *profile, const struct sim_reply *script,
    size_t n, const struct rest_variable *variable)
{
	rig_begin(rig);
	rig->set.place.variables = (struct grouplist){ .v = variable, .n = 1 };
	rig->sim = simhttpd_start(script, n);
	assert_non_null(rig->sim);
	rig->set.place.base_url = arena_printf(rig->arena, "%s/api",
	    simhttpd_url(rig->sim));
	if (!rig_profile(rig, "test.conf", profile) || !rig_open(rig))
		fail_msg("%s", rig->err.msg);
}

/* Page 2 of one database, or address, is not page 2 of another. */
static void
test_resume_elsewhere(void **state)
{
	static const char profile[] = "events = ( { name = 'won'; trigger = "
	    "'sale'; occurred_at = 'closed'; contact = 'person'; read = { request "
	    "= { path = 'won?db={var.db}'; rows = 'items'; }; paging = { kind = "
	    "'page'; }; }; } );";
	static const struct sim_reply script[] = {
		{ .target = "?db=a&page=1 ", .body = PAGE_OF(ROW(1,
		    "2026-11-24T10:00:00Z")) },
		{ .target = "?db=b&page=1 ", .body = PAGE_OF("") } };
	static const struct sim_reply other = { .target = "?db=a&page=1 ",
		.body = PAGE_OF("") };
	struct rest_variable db = { "db", "a" };
	char resume[4096];
	struct rig rig;

	(void)state;
	for (int i = 0; i < 2; i++) {
		start_with(&rig, profile, i == 0 ? script : &other,
		    i == 0 ? 2 : 1, &db);
		db.value = "a";
		rig.stop_page = 1;
		if (i == 0) {
			assert_false(rig_events(&rig, NULL, NULL));
			memcpy(resume, rig.resume, sizeof(resume));
			db.value = "b";
		}
		rig.stop_page = 0;
		if (!rig_events(&rig, NULL, resume))
			fail_msg("%s", rig.err.msg);
		rig_end(&rig, true);
	}
}

/* A look back: from `from` to where the next ordinary pass begins. */
static void
test_sweep(void **state)
{
	static const struct sim_reply script[] = {
		{ .target = "/won?since=2026-10-26T02%3A00%3A00Z&page=1 ",
		    .body = PAGE_OF(ROW(1, "2026-11-01T12:00:00Z") "," ROW(2,
		    "2026-11-24T01:44:59Z") "," ROW(3, "2026-11-24T01:45:00Z")) },
		{ .target = "page=2 ", .body = PAGE_OF("") } };
	struct pull pull = { .watermark = "won=20:2026-11-24T02:00:00Z",
		.overlap_s = 900, .lag_s = 60, .sweep = true };
	struct rig rig;

	(void)state;
	rig_start(&rig, "events = ( " DEALS("won", "sale", "") " );", script, 2);
	pull.from = rig_time("2026-10-26T02:00:00Z");
	pull.until = rig.now;
	if (!rig.crm.pull_events(rig.self, &pull, rig_event, rig_checkpoint,
	    &rig, &rig.err))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, SEEN(1) SEEN(2));
	rig_end(&rig, true);
}

/* Sorted by stamp: the watermark moves with each page; if it lies, it stops. */
static void
test_sorted(void **state)
{
	static const struct sim_reply good[] = {
		{ .target = "page=1 ", .body = PAGE_OF(ROW(1,
		    "2026-11-24T10:00:00Z") "," ROW(2, "2026-11-24T10:00:00Z")) },
		{ .target = "page=2 ", .body = PAGE_OF(ROW(3,
		    "2026-11-24T11:00:00Z") "," ROW(4, "2026-11-24T12:00:00Z")) },
		{ .target = "page=3 ", .body = PAGE_OF("") } };
	static const struct sim_reply bad[] = {
		{ .target = "page=1 ", .body = PAGE_OF(ROW(1,
		    "2026-11-24T10:00:00Z")) },
		{ .target = "page=2 ", .body = PAGE_OF(ROW(2,
		    "2026-11-24T09:00:00Z")) } };
	static const char profile[] = "events = ( " DEALS("won", "sale",
	    "sorted = true;") " );";
	struct rig rig;

	(void)state;
	rig_start(&rig, profile, good, 3);
	assert_true(rig.crm.info.sorted & CRM_CAP_EVENTS);
	rig.stop_page = 2;
	assert_false(rig_events(&rig, NULL, NULL));
	assert_string_equal(rig.watermark, "won=20:2026-11-24T12:00:00Z");
	RIG_SEES(&rig, SEEN(1) SEEN(2) SEEN(3) SEEN(4));
	rig_end(&rig, false);
	rig_start(&rig, profile, bad, 2);
	assert_false(rig_events(&rig, NULL, NULL));
	assert_int_equal(rig.err.kind, ERR_PROTOCOL);
	RIG_SEES(&rig, SEEN(1));
	rig_end(&rig, true);
}

/* ---- what ends a listing --------------------------------------------------------- */

static void
fails(const char *profile, const struct sim_reply *script, size_t n,
    enum err_kind kind, const char *words)
{
	struct rig rig;

	rig_start(&rig, profile, script, n);
	assert_false(rig_events(&rig, NULL, NULL));
	if (rig.err.kind != kind || strstr(rig.err.msg, words) == NULL)
		fail_msg("%s: %s", err_kind_name(rig.err.kind), rig.err.msg);
	assert_string_equal(rig.watermark, "");
	rig_end(&rig, true);
}

#define PLAIN(paging, more) "events = ( { name = 'won'; trigger = 'sale'; " \
	"occurred_at = 'closed'; contact = 'person'; " more " read = { request = { " \
	"path = 'won?x={size}'; rows = 'items'; }; paging = { " paging " }; }; } );"
#define ONE ROW(1, "2026-11-24T10:00:00Z")

static void
test_stops(void **state)
{
	static const struct sim_reply same = { .body = PAGE_OF(ONE),
		.repeat = 1 };
	static const struct sim_reply host = { .body = "{\"items\":[" ONE "],"
	    "\"next\":\"https://evil.example.net/api/won\"}" };
	static const struct sim_reply sibling = { .body = "{\"items\":[" ONE "],"
	    "\"next\":\"/other\"}" };
	static const struct sim_reply loop = { .body = "{\"items\":[" ONE "],"
	    "\"next\":\"c2\"}", .repeat = 1 };
	static const struct sim_reply endless[] = {
		{ .body = PAGE_OF(ROW(1, "2026-11-24T10:00:00Z")) },
		{ .body = PAGE_OF(ROW(2, "2026-11-24T10:00:00Z")) },
		{ .body = PAGE_OF(ROW(3, "2026-11-24T10:00:00Z")) } };
	static const struct sim_reply no_rows = { .body = "{\"data\":[]}" };
	static const struct sim_reply html = { .body = "<html></html>" };
	static const struct sim_reply fault = { .body = "{\"error\":[\"X\"]}" };
	static const struct sim_reply empty = { .body = "" };

	(void)state;
	fails(PLAIN("kind = 'page';", ""), &same, 1, ERR_PROTOCOL,
	    "sent one page twice");
	fails(PLAIN("kind = 'offset';", ""), &same, 1, ERR_PROTOCOL,
	    "sent one page twice");
	fails(PLAIN("kind = 'next_link';", ""), &host, 1, ERR_PROTOCOL,
	    "events.won");
	fails(PLAIN("kind = 'next_link';", ""), &sibling, 1, ERR_PROTOCOL,
	    "events.won");
	fails(PLAIN("kind = 'cursor'; cursor = 'next';", ""), &loop, 1,
	    ERR_PROTOCOL, "the one just used");
	fails(PLAIN("kind = 'page'; max_pages = 3;", ""), endless, 3,
	    ERR_PROTOCOL, "still more after 3 pages");
	fails(PLAIN("kind = 'none';", ""), &no_rows, 1, ERR_PROTOCOL,
	    "expected an array of rows");
	fails(PLAIN("kind = 'page';", ""), &empty, 1, ERR_PROTOCOL,
	    "HTTP 200 without a body");
	fails(PLAIN("kind = 'none';", ""), &html, 1, ERR_PROTOCOL, "events.won");
	fails("errors = ( { at = '/error'; means = 'failure'; } ); "
	    PLAIN("kind = 'none';", ""), &fault, 1, ERR_PROTOCOL, "events.won");
}

/* Page 2 says that it could not: no end of the listing, unless a line calls it
 * one; partial words beside rows are words. */
static void
test_failure_is_no_end(void **state)
{
#define IS_OK "errors = ( { at = '/error'; means = 'ok'; } ); "
	static const struct sim_reply script[] = {
		{ .body = "{\"success\":false,\"items\":[" ONE "]}" },
		{ .target = "page=2 ", .body = "{\"error\":\"busy\",\"items\":[]}" }
	};
	static const struct sim_reply none = { .body = "{\"success\":false,"
	    "\"items\":null}" };
	struct rig rig;

	(void)state;
	fails(PLAIN("kind = 'page';", ""), script, 2, ERR_PROTOCOL,
	    "events.won: GET /won: HTTP 200, and the answer tells of a failure");
	fails(PLAIN("kind = 'none';", ""), &none, 1, ERR_PROTOCOL,
	    "tells of a failure");
	rig_start(&rig, IS_OK PLAIN("kind = 'page';", ""), script, 2);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, SEEN(1));
	rig_end(&rig, true);
}

static const char *
numbered(struct arena *arena, const char *before, const char *item, int from,
    int until, const char *after)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_str(&text, before);
	for (int i = from; i <= until; i++) {
		const char *sign = strchr(item, '#');
		buf_printf(&text, "%s%.*s%d%s", i == from ? "" : ",",
		    (int)(sign - item), item, i, sign + 1);
	}
	buf_str(&text, after);
	const char *out = arena_strdup(arena, buf_text(&text));
	buf_free(&text);
	return out;
}

#define AUTO_PAGING(path) "events = ( { name = 'won'; trigger = 'sale'; occurred_at = " \
	"'closed'; contact = 'person'; read = { request = { path = '" path "'; " \
	"rows = 'items'; }; }; } );"

static void
ends(const char *profile, const struct sim_reply *script, size_t n,
    const char *last)
{
	struct rig rig;

	rig_start(&rig, profile, script, n);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	assert_non_null(strstr(buf_text(&rig.seen), last));
	assert_string_equal(rig.watermark, "whole");
	rig_end(&rig, true);
}

/* A service with links says on a quiet day that there is none more; one that
 * says nothing and ignores the parameter of the page is an error. */
static void
test_auto_of_one_page(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	const char *row = "{\"id\":#,\"closed\":\"2026-11-20\",\"person\":7}";
	struct sim_reply twice = { .repeat = 1 }, once = { .target = "/won" };

	(void)state;
	/* However short it is: a service may cut at five. */
	twice.body = numbered(arena, "{\"items\":[", row, 1, 5, "]}");
	fails(AUTO_PAGING("won"), &twice, 1, ERR_PROTOCOL,
	    "\"next_link\" or \"link_header\"");
	fails(AUTO_PAGING("won?x={size}"), &twice, 1, ERR_PROTOCOL,
	    "sent one page twice");
	/* Who knows links says that there is none. */
	once.body = numbered(arena, "{\"next\":null,\"items\":[", row, 1, 50,
	    "]}");
	ends(AUTO_PAGING("won"), &once, 1, "sale 50 7 ");
	once.body = numbered(arena, "{\"items\":[", row, 1, 50, "]}");
	once.headers = "Link: </api/won>; rel=\"first\"\r\n";
	ends(AUTO_PAGING("won"), &once, 1, "sale 50 7 ");
	/* The number of the next page is no link. */
	const struct sim_reply counted[] = {
		{ .target = "page=1 ", .body = numbered(arena, "{\"next\":2,"
		    "\"items\":[", row, 1, 50, "]}") },
		{ .target = "page=2 ", .body = numbered(arena, "{\"next\":null,"
		    "\"items\":[", row, 51, 52, "]}") } };
	ends(AUTO_PAGING("won"), counted, 2, "sale 52 7 ");
	arena_free(arena);
}

/* The last page again, where the profile says that this is how it ends; none
 * where a list should be. */
static void
test_ends(void **state)
{
	static const struct sim_reply repeats[] = {
		{ .body = PAGE_OF(ONE) }, { .body = PAGE_OF(ROW(2,
		    "2026-11-24T10:00:00Z")), .repeat = 1 } };
	static const struct sim_reply null_rows = { .body = "{\"items\":null}" };
	static const struct sim_reply nothing = { .status = 204 };
	struct rig rig;

	(void)state;
	rig_start(&rig, "events = ( { name = 'won'; trigger = 'sale'; occurred_at "
	    "= 'closed'; contact = 'person'; read = { request = { path = 'won'; "
	    "rows = 'items'; }; paging = { kind = 'page'; }; last_page_repeats = "
	    "true; }; } );", repeats, 2);
	assert_true(rig_events(&rig, NULL, NULL));
	RIG_SEES(&rig, SEEN(1) SEEN(2));
	rig_end(&rig, true);
	rig_start(&rig, PLAIN("kind = 'page';", ""), &null_rows, 1);
	assert_true(rig_events(&rig, NULL, NULL));
	RIG_SEES(&rig, "");
	rig_end(&rig, true);
	rig_start(&rig, PLAIN("kind = 'cursor';", ""), &nothing, 1);
	assert_true(rig_events(&rig, NULL, NULL));
	rig_end(&rig, true);
}

/* 100 rows without a field: nothing of that page goes up. */
static void
test_never_met(void **state)
{
	struct sim_reply script = { .target = "/won" };
	struct buf body;
	struct rig rig;

	(void)state;
	buf_init(&body, 1 << 20);
	buf_str(&body, "{\"items\":[");
	for (int i = 0; i < 100; i++)
		buf_printf(&body, "%s{\"id\":%d,\"closed\":\"2026-11-20\","
		    "\"person\":%d}", i == 0 ? "" : ",", i, i);
	buf_str(&body, "]}");
	script.body = buf_text(&body);
	rig_start(&rig, PLAIN("kind = 'none';", "employee = [ '/employee', "
	    "'/owner/id' ];"), &script, 1);
	assert_false(rig_events(&rig, NULL, NULL));
	assert_int_equal(rig.err.kind, ERR_CONFIG);
	if (strstr(rig.err.msg, "profile test.conf:1: events.won.employee: none of "
	    "/employee, /owner/id was in the first 100 rows") == NULL)
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "");
	rig_end(&rig, true);
	script.target = "/won";
	rig_start(&rig, PLAIN("kind = 'none';", "employee = [ '/employee', "
	    "'' ];"), &script, 1);
	assert_true(rig_events(&rig, NULL, NULL));
	rig_end(&rig, true);
	buf_free(&body);
}

/* ---- rows --------------------------------------------------------------------------- */

/* Words by the value map, rows that are none of ours, and that nobody reads. */
static void
test_rows(void **state)
{
	static const char profile[] = "events = ( { name = 'cards'; trigger_at = "
	    "'state'; event_id = '{row.id}@{row.closed}'; occurred_at = 'closed'; "
	    "category = [ 'kind', '' ]; contact = [ 'person', '' ]; automatic = "
	    "[ 'auto', '' ]; read = { request = { path = 'cards'; rows = ''; }; "
	    "paging = { kind = 'none'; }; }; values = ( { field = 'trigger'; from "
	    "= 'won'; to = 'sale'; }, { field = 'trigger'; from = '*'; to = ''; } "
	    "); } );";
	static const struct sim_reply script = { .body = "["
	    "{\"id\":1,\"state\":\"won\",\"closed\":\"2026-11-20\",\"person\":5},"
	    "{\"id\":2,\"state\":\"open\"},"
	    "{\"id\":3,\"state\":\"won\",\"closed\":\"soon\",\"person\":6},"
	    "{\"id\":4,\"closed\":\"2026-11-20\"},"
	    "{\"state\":\"won\",\"closed\":\"2026-11-20\"},"
	    "{\"id\":6,\"state\":\"won\"},"
	    "{\"id\":7,\"state\":\"won\",\"closed\":\"2026-11-21\",\"person\":null,"
	    "\"kind\":\"Kundepleje\"},"
	    "{\"id\":8,\"state\":\"won\",\"closed\":\"2026-11-21\",\"person\":8,"
	    "\"auto\":\"perhaps\"},"
	    "{\"id\":9,\"state\":\"won\",\"closed\":\"2026-11-21\",\"person\":8,"
	    "\"auto\":1}, 17 ]" };
	struct rig rig;

	(void)state;
	rig_start(&rig, profile, &script, 1);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "sale 1@2026-11-20 5 2026-11-19T23:00:00Z -\n"
	    "sale 7@2026-11-21 - 2026-11-20T23:00:00Z Kundepleje\n"
	    "sale 9@2026-11-21 8 2026-11-20T23:00:00Z auto\n");
	RIG_REFUSES(&rig,
	    "cards 3: occurred_at: expected a time as ISO 8601\n"
	    "cards 4: trigger: expected a word\n"
	    "cards -: id: expected a number or a text\n"
	    "cards 6: event_id: expected the values of its template\n"
	    "cards 8: automatic: expected true or false\n"
	    "cards -: id: expected a number or a text\n");
	assert_int_equal(rig.skipped, 1);
	rig_end(&rig, true);
}

/* A batch answer that lacks a row, one that names others, a row that is gone. */
static void
test_links(void **state)
{
	static const char batch[] = "events = ( { name = 'won'; trigger = 'sale'; "
	    "occurred_at = 'closed'; link = { key = 'of'; contact = 'p'; batch = { "
	    "path = 'links'; method = 'POST'; json = '{\\'ids\\': \\'{ids:list}\\'}'"
	    "; rows = ''; }; batch_max = 2; }; read = { request = { path = 'won'; "
	    "rows = 'items'; }; paging = { kind = 'none'; }; }; } );";
	static const struct sim_reply script[] = {
		{ .target = "/won", .body = PAGE_OF(ONE "," ROW(2, "x") "," ROW(3,
		    "x")) },
		{ .target = "/links", .want = "{\"ids\":[\"1\",\"2\"]}", .body =
		    "[{\"of\":2,\"p\":7},{\"of\":4,\"p\":8},{\"of\":2,\"p\":9}]" },
		{ .target = "/links", .want = "{\"ids\":[\"3\"]}", .body = "[]" } };
	static const char one[] = "events = ( { name = 'won'; trigger = 'sale'; "
	    "occurred_at = 'closed'; first_contact = true; link = { contact = 'p'; "
	    "request = { path = 'of/{row.id}'; rows = ''; }; }; read = { request = "
	    "{ path = 'won'; rows = 'items'; }; paging = { kind = 'none'; }; }; } "
	    ");";
	static const struct sim_reply gone[] = {
		{ .target = "/won", .body = PAGE_OF(ONE "," ROW(2, "x")) },
		{ .target = "/of/1 ", .status = 404, .body = "{}" },
		{ .target = "/of/2 ", .body = "[{\"p\":7},{\"p\":8}]" } };
	static const struct sim_reply empty[] = {
		{ .target = "/won", .body = PAGE_OF(ONE) },
		{ .target = "/", .body = "" } };
	struct rig rig;

	(void)state;
	fails(batch, empty, 2, ERR_PROTOCOL, "HTTP 200 without a body");
	fails(one, empty, 2, ERR_PROTOCOL, "HTTP 200 without a body");
	rig_start(&rig, batch, script, 3);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "sale 1 - 2026-11-20T13:30:00Z -\n"
	    "sale 2/7 7 2026-11-20T13:30:00Z -\n"
	    "sale 2/9 9 2026-11-20T13:30:00Z -\n"
	    "sale 3 - 2026-11-20T13:30:00Z -\n");
	rig_end(&rig, true);
	rig_start(&rig, one, gone, 3);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "sale 1 - 2026-11-20T13:30:00Z -\n"
	    "sale 2 7 2026-11-20T13:30:00Z -\n");
	rig_end(&rig, true);
}

#define BY_BATCH "events = ( { name = 'won'; trigger = 'sale'; occurred_at = " \
	"'closed'; link = { key = 'of'; contact = 'p'; batch = { path = 'links'; " \
	"method = 'POST'; json = '{\\'ids\\': \\'{ids:list}\\'}'; rows = ''; }; }; " \
	"read = { request = { path = 'won'; rows = 'items'; }; paging = { kind = " \
	"'none'; }; }; } );"

/* 22 rows, the answer about them has 20: cut, or two about nobody? */
static void
test_links_cut(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct sim_reply script[] = {
		{ .target = "/won", .body = numbered(arena, "{\"items\":[",
		    "{\"id\":#,\"closed\":\"2026-11-20\"}", 1, 22, "]}") },
		{ .target = "/links", .body = numbered(arena, "[",
		    "{\"of\":#,\"p\":7}", 1, 20, "]") },
		{ .target = "/links", .want = "{\"ids\":[\"21\",\"22\"]}",
		    .body = "[]" },
		{ .target = "/links", .body = numbered(arena, "[",
		    "{\"of\":#,\"p\":7}", 1, 11, "]") },
		{ .target = "/links", .body = numbered(arena, "[",
		    "{\"of\":#,\"p\":7}", 12, 20, "]") } };
	struct rig rig;

	(void)state;
	rig_start(&rig, BY_BATCH, script, 5);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	assert_non_null(strstr(buf_text(&rig.seen), "sale 20/7 7 "));
	assert_non_null(strstr(buf_text(&rig.seen), "sale 21 - "));
	rig_end(&rig, true);
	script[2].body = "[{\"of\":22,\"p\":8}]";
	fails(BY_BATCH, script, 3, ERR_PROTOCOL, "the answer to 22 ids was cut");
	arena_free(arena);
}

/* Services cut at ten, too. */
static void
test_links_cut_at_ten(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	const struct sim_reply script[] = {
		{ .target = "/won", .body = numbered(arena, "{\"items\":[",
		    "{\"id\":#,\"closed\":\"2026-11-20\"}", 1, 12, "]}") },
		{ .target = "/links", .body = numbered(arena, "[",
		    "{\"of\":#,\"p\":7}", 1, 10, "]") },
		{ .target = "/links", .want = "{\"ids\":[\"11\",\"12\"]}",
		    .body = "[{\"of\":12,\"p\":8}]" } };

	(void)state;
	fails(BY_BATCH, script, 3, ERR_PROTOCOL, "the answer to 12 ids was cut");
	arena_free(arena);
}

#define BY_ROW "events = ( { name = 'won'; trigger = 'sale'; occurred_at = " \
	"'closed'; link = { contact = 'p'; request = { path = 'of/{id}'; rows = ''; " \
	"}; }; read = { request = { path = 'won'; rows = 'items'; }; paging = { " \
	"kind = 'none'; }; }; } );"

/* One odd row is left out; when it is most of them, the request is wrong. */
static void
test_links_refused(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	static const struct sim_reply one[] = {
		{ .target = "/won", .body = PAGE_OF(ONE "," ROW(2, "x")) },
		{ .target = "/of/1 ", .status = 422, .body = "{}" },
		{ .target = "/of/2 ", .body = "[{\"p\":7}]" } };
	const struct sim_reply all[] = {
		{ .target = "/won", .body = numbered(arena, "{\"items\":[",
		    "{\"id\":#,\"closed\":\"2026-11-20\"}", 1, 22, "]}") },
		{ .target = "/of/", .status = 400, .body = "{}", .repeat = 20 } };
	struct rig rig;

	(void)state;
	rig_start(&rig, BY_ROW, one, 3);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "sale 2/7 7 2026-11-20T13:30:00Z -\n");
	RIG_REFUSES(&rig, "won 1: link: GET /of/{id}: HTTP 422, refused\n");
	rig_end(&rig, true);
	fails(BY_ROW, all, 2, ERR_REJECTED, "events.won.link: GET /of/{id}: HTTP "
	    "400, refused");
	arena_free(arena);
}

/* Twenty rows that are all not there: the path is wrong.  One answer among them,
 * and they are just gone. */
static void
test_links_gone(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	const char *rows = numbered(arena, "{\"items\":[",
	    "{\"id\":#,\"closed\":\"2026-11-20\"}", 1, 25, "]}");
	const struct sim_reply all[] = { { .target = "/won", .body = rows },
		{ .target = "/of/", .status = 404, .body = "{}", .repeat = 19 } };
	const struct sim_reply most[] = { { .target = "/won", .body = rows },
		{ .target = "/of/", .status = 404, .body = "{}", .repeat = 18 },
		{ .target = "/of/20 ", .body = "[]" },
		{ .target = "/of/", .status = 404, .body = "{}", .repeat = 4 } };
	struct rig rig;

	(void)state;
	fails(BY_ROW, all, 2, ERR_PROTOCOL, "events.won.link: HTTP 404 for each of "
	    "20 rows");
	rig_start(&rig, BY_ROW, most, 4);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	assert_non_null(strstr(buf_text(&rig.seen), "sale 25 - "));
	rig_end(&rig, true);
	arena_free(arena);
}

/* All 20 have somebody, and there are 20 rows: the last one's second person may
 * be on a page that nobody asks for. */
static void
test_links_cut_second(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct sim_reply script[] = {
		{ .target = "/won", .body = numbered(arena, "{\"items\":[",
		    "{\"id\":#,\"closed\":\"2026-11-20\"}", 1, 20, "]}") },
		{ .target = "/links", .body = numbered(arena, "[",
		    "{\"of\":#,\"p\":7}", 1, 20, "]") },
		{ .target = "/links", .want = "{\"ids\":[\"1\",", .body =
		    numbered(arena, "[", "{\"of\":#,\"p\":7}", 1, 10, "]") },
		{ .target = "/links", .want = "{\"ids\":[\"11\",", .body =
		    numbered(arena, "[", "{\"of\":#,\"p\":7}", 11, 20, "]") } };
	struct rig rig;

	(void)state;
	rig_start(&rig, BY_BATCH, script, 4);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	assert_non_null(strstr(buf_text(&rig.seen), "sale 20/7 7 "));
	rig_end(&rig, true);
	/* A service that widens the filter, and names the same twice. */
	script[3].body = numbered(arena, "[", "{\"of\":#,\"p\":7}", 11, 20,
	    ",{\"of\":99,\"p\":8},{\"of\":20,\"p\":7}]");
	rig_start(&rig, BY_BATCH, script, 4);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	rig_end(&rig, true);
	script[3].body = numbered(arena, "[", "{\"of\":#,\"p\":7}", 11, 20,
	    ",{\"of\":20,\"p\":8}]");
	fails(BY_BATCH, script, 4, ERR_PROTOCOL, "the answer to 20 ids was cut");
	arena_free(arena);
}

/* The one that is refused is found by halves; when it is all of them, the
 * request is wrong. */
static void
test_links_batch_refused(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	static const struct sim_reply one[] = {
		{ .target = "/won", .body = PAGE_OF(ONE "," ROW(2, "x") "," ROW(3,
		    "x")) },
		{ .target = "/links", .want = "{\"ids\":[\"1\",\"2\",\"3\"]}",
		    .status = 422, .body = "{}" },
		{ .target = "/links", .want = "{\"ids\":[\"1\"]}",
		    .body = "[{\"of\":1,\"p\":7}]" },
		{ .target = "/links", .want = "{\"ids\":[\"2\",\"3\"]}",
		    .status = 422, .body = "{}" },
		{ .target = "/links", .want = "{\"ids\":[\"2\"]}",
		    .status = 422, .body = "{}" },
		{ .target = "/links", .want = "{\"ids\":[\"3\"]}", .body = "[]" } };
	const struct sim_reply all[] = {
		{ .target = "/won", .body = numbered(arena, "{\"items\":[",
		    "{\"id\":#,\"closed\":\"2026-11-20\"}", 1, 22, "]}") },
		{ .target = "/links", .status = 400, .body = "{}", .repeat = 41 } };
	struct rig rig;

	(void)state;
	rig_start(&rig, BY_BATCH, one, 6);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	RIG_SEES(&rig, "sale 1/7 7 2026-11-20T13:30:00Z -\n"
	    "sale 3 - 2026-11-20T13:30:00Z -\n");
	RIG_REFUSES(&rig, "won 2: link: POST /links: HTTP 422, refused\n");
	rig_end(&rig, true);
	fails(BY_BATCH, all, 2, ERR_REJECTED, "events.won.link: POST /links: HTTP "
	    "400, refused");
	arena_free(arena);
}

/* Forty answers of 2 MiB: each gives way to the next. */
static void
test_links_memory(void **state)
{
	struct arena *arena = arena_new(64 << 20);
	const size_t size = (size_t)2 << 20;
	char *body = arena_alloc(arena, size + 1);
	struct rig rig;

	(void)state;
	memset(body, ' ', size);
	memcpy(body, "[{\"p\":7}]", 9);
	body[size] = '\0';
	const struct sim_reply script[] = {
		{ .target = "/won", .body = numbered(arena, "{\"items\":[",
		    "{\"id\":#,\"closed\":\"2026-11-20\"}", 1, 40, "]}") },
		{ .target = "/of/", .body = body, .repeat = 39 } };
	rig_start(&rig, BY_ROW, script, 2);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	assert_non_null(strstr(buf_text(&rig.seen), "sale 40/7 7 "));
	rig_end(&rig, true);
	arena_free(arena);
}

/* Two thousand persons at one meeting, each in a row of the answer. */
static void
test_links_many(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	const struct sim_reply script[] = {
		{ .target = "/won", .body = PAGE_OF(ONE) },
		{ .target = "/of/", .body = numbered(arena, "[", "{\"p\":#}", 1,
		    2000, "]") } };
	struct rig rig;

	(void)state;
	rig_start(&rig, BY_ROW, script, 2);
	if (!rig_events(&rig, NULL, NULL))
		fail_msg("%s", rig.err.msg);
	assert_non_null(strstr(buf_text(&rig.seen), "sale 1/1 1 "));
	assert_non_null(strstr(buf_text(&rig.seen), "sale 1/2000 2000 "));
	rig_end(&rig, true);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_form),
		cmocka_unit_test(test_watermark),
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_begin_in_zone_of_stamps),
		cmocka_unit_test(test_last_stamp_in_its_zone),
		cmocka_unit_test(test_one_fails),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_resume_gone),
		cmocka_unit_test(test_resume_elsewhere),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_stops),
		cmocka_unit_test(test_failure_is_no_end),
		cmocka_unit_test(test_auto_of_one_page),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_never_met),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_links_cut),
		cmocka_unit_test(test_links_cut_at_ten),
		cmocka_unit_test(test_links_refused),
		cmocka_unit_test(test_links_gone),
		cmocka_unit_test(test_links_cut_second),
		cmocka_unit_test(test_links_batch_refused),
		cmocka_unit_test(test_links_memory),
		cmocka_unit_test(test_links_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
