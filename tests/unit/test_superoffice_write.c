/*
 * What the superoffice driver makes of tags and fields: which interests come and
 * go, patches, values of user-defined fields.  Pure.  SO-nn: the pitfall's
 * number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "scratch.h"
#include "superoffice/customfield.h"
#include "superoffice/interests.h"
#include "superoffice/patch.h"

#define SPRING "NPSToday.Spring."
#define MORE "\342\200\246"
#define ITEM(id, name) "{\"Id\":" #id ",\"Name\":\"" name "\"}"
#define HAS(id, name, on) "{\"Id\":" #id ",\"Name\":\"" name \
	"\",\"Selected\":" #on "}"

static struct err err;

static struct json_doc *
parse(const char *text)
{
	struct json_doc *doc = NULL;

	if (!json_parse(text, strlen(text), &doc, &err))
		fail_msg("%s: %s", text, err.msg);
	return doc;
}

/* ---- the tenant's interests --------------------------------------------- */
static bool
read_list(struct so_interests *list, const char *text)
{
	struct json_doc *doc = parse(text);

	so_interests_begin(list, arena);
	err = (struct err){ .kind = ERR_NONE };
	const bool ok = so_interests_read(list, json_root(doc), &err);
	json_free(doc);
	return ok;
}

/* Under headings, whose own ids are of another table; composed or not; of two
 * the smaller; none that was deleted. */
static void
test_list(void **state)
{
	static const char text[] = "[" ITEM(31, SPRING "7") ","
	    "{\"Id\":37,\"Name\":\"NPS\",\"ChildItems\":["
	    ITEM(37, SPRING "9") ",{\"Id\":1,\"Name\":\"Old\",\"ChildItems\":["
	    ITEM(40, "Mo\314\210te") "]}]},"
	    ITEM(52, SPRING "8") "," ITEM(51, SPRING "8") ","
	    ITEM(53, SPRING "8") ","
	    "{\"Id\":60,\"Name\":\"gone\",\"Deleted\":true},"
	    "{\"Id\":61,\"Name\":\"leaf\",\"ChildItems\":[],\"Deleted\":false},"
	    "{\"Id\":62,\"Name\":\"nul\",\"ChildItems\":null}]";
	struct so_interests list;

	(void)state;
	if (!read_list(&list, text))
		fail_msg("%s", err.msg);
	assert_int_equal(so_interests_id(&list, SPRING "7"), 31);
	assert_int_equal(so_interests_id(&list, SPRING "9"), 37);
	assert_int_equal(so_interests_id(&list, SPRING "8"), 51);
	assert_int_equal(so_interests_id(&list, "M\303\266te"), 40);
	assert_int_equal(so_interests_id(&list, "leaf"), 61);
	assert_int_equal(so_interests_id(&list, "nul"), 62);
	assert_int_equal(so_interests_id(&list, "NPS"), 0);
	assert_int_equal(so_interests_id(&list, "gone"), 0);
}

static void
test_list_odd(void **state)
{
	static const char *const odd[] = { "{}", "[1]", "[null]",
		"[{\"Name\":\"a\"}]", "[{\"Id\":\"7\",\"Name\":\"a\"}]",
		"[{\"Id\":0,\"Name\":\"a\"}]", "[{\"Id\":-1,\"Name\":\"a\"}]",
		"[{\"Id\":2147483648,\"Name\":\"a\"}]", "[{\"Id\":1}]",
		"[{\"Id\":1,\"Name\":null}]",
		"[{\"Id\":1,\"Name\":\"a\",\"ChildItems\":[7]}]" };
	struct so_interests list;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		if (read_list(&list, odd[i]) || err.kind != ERR_PROTOCOL)
			fail_msg("%s: %d", odd[i], (int)err.kind);
}

/* Every list has an end. */
static void
test_list_bound(void **state)
{
	struct so_interests list;
	char name[32];

	(void)state;
	so_interests_begin(&list, arena);
	for (size_t i = 0; i < SO_INTERESTS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "i%zu", i);
		assert_true(so_interests_add(&list, name, 1 + (int64_t)i,
		    &err));
	}
	assert_false(so_interests_add(&list, "more", 77777, &err));
	assert_int_equal(err.kind, ERR_PROTOCOL);
	assert_non_null(strstr(err.msg, "delete those of old campaigns"));
	assert_int_equal(so_interests_id(&list, "i19999"), 20000);
}

/* ---- a card's ------------------------------------------------------------ */
#define LIST "[" ITEM(31, SPRING "7") "," ITEM(37, SPRING "9") "," \
	ITEM(38, SPRING "10") "," ITEM(5, "Golf") "," ITEM(6, "Wine") "]"

/* The body, "" = nothing to do, or the error's kind. */
static const char *
plan(const char *list_text, const char *card, const struct crm_tag_write *w)
{
	struct so_interest_plan p;
	struct so_interests list;
	struct json_doc *doc = parse(card);

	assert_true(read_list(&list, list_text));
	err = (struct err){ .kind = ERR_NONE };
	const bool ok = so_interests_plan(&list, json_root(doc), w, arena, &p,
	    &err);
	json_free(doc);
	if (!ok)
		return err_kind_name(err.kind);
	return so_interests_unchanged(&p) ? ""
	    : so_interests_body(arena, 214, &p);
}

/* SO-14: 7 becomes 9; nobody else's interest is named. */
static void
test_so14_plan(void **state)
{
	static const struct crm_tag_write nine = { .contact_id = "214",
		.prefix = SPRING, .value = SPRING "9" };
	static const struct crm_tag_write none = { .contact_id = "214",
		.prefix = SPRING };
	static const struct crm_tag_write nosend = { .contact_id = "214",
		.value = "Golf" };
	static const struct crm_tag_write renamed = { .contact_id = "214",
		.prefix = "NPSToday.New.", .value = SPRING "10",
		.old_prefix = SPRING };
	static const struct {
		const char *card;
		const struct crm_tag_write *write;
		const char *expect;
	} cases[] = {
		{ "[" HAS(31, SPRING "7", true) "," HAS(5, "Golf", true) ","
		    HAS(37, SPRING "9", false) "," HAS(6, "Wine", false) "]",
		    &nine, "{\"PersonId\":214,\"EnableInterestIds\":[37],"
		    "\"DisableInterestIds\":[31]}" },
		{ "[" HAS(37, SPRING "9", true) "]", &nine, "" },
		{ "[]", &nine, "{\"PersonId\":214,\"EnableInterestIds\":[37],"
		    "\"DisableInterestIds\":[]}" },
		/* Two of ours at once: the other one goes. */
		{ "[" HAS(37, SPRING "9", true) "," HAS(31, SPRING "7", true)
		    "]", &nine, "{\"PersonId\":214,\"EnableInterestIds\":[],"
		    "\"DisableInterestIds\":[31]}" },
		{ "[" HAS(31, SPRING "7", true) "," HAS(5, "Golf", true) "]",
		    &none, "{\"PersonId\":214,\"EnableInterestIds\":[],"
		    "\"DisableInterestIds\":[31]}" },
		{ "[" HAS(5, "Golf", true) "]", &none, "" },
		/* Of another campaign, and no score: stay. */
		{ "[" HAS(70, "NPSToday.Spring.2.9", true) "," HAS(71,
		    SPRING "eleven", true) "]", &none, "" },
		{ "[" HAS(31, SPRING "7", true) "]", &nosend, "{\"PersonId\":214,"
		    "\"EnableInterestIds\":[5],\"DisableInterestIds\":[]}" },
		{ "[" HAS(31, SPRING "7", true) "]", &renamed,
		    "{\"PersonId\":214,\"EnableInterestIds\":[38],"
		    "\"DisableInterestIds\":[31]}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *body = plan(LIST, cases[i].card, cases[i].write);
		if (strcmp(body, cases[i].expect) != 0)
			fail_msg("%zu: %s, expected %s (%s)", i, body,
			    cases[i].expect, err.msg);
	}
}

/* An interest under two headings is one: else the tag would go as its own
 * double.  A twin of another id counts as the tag, a second twin goes. */
static void
test_doubles(void **state)
{
	static const struct crm_tag_write nine = { .contact_id = "214",
		.prefix = SPRING, .value = SPRING "9" };
	static const char under_two[] = "[{\"Id\":1,\"Name\":\"A\","
	    "\"ChildItems\":[" HAS(37, SPRING "9", true) "]},{\"Id\":2,\"Name\":"
	    "\"B\",\"ChildItems\":[" HAS(37, SPRING "9", true) "]}]";
	/* The card's name of 37 is an old one. */
	static const char other_name[] = "[" HAS(37, SPRING "8", true) "]";

	(void)state;
	assert_string_equal(plan(LIST, under_two, &nine), "");
	assert_string_equal(plan(LIST, other_name, &nine), "");
	assert_string_equal(plan(LIST, "[" HAS(39, SPRING "9", true) "]",
	    &nine), "");
	assert_string_equal(plan(LIST, "[" HAS(39, SPRING "9", true) ","
	    HAS(37, SPRING "9", true) "]", &nine), "{\"PersonId\":214,"
	    "\"EnableInterestIds\":[],\"DisableInterestIds\":[37]}");
}

/* What cannot be read is no "none"; a tag without an item waits for it. */
static void
test_plan_odd(void **state)
{
	static const struct crm_tag_write nine = { .contact_id = "214",
		.prefix = SPRING, .value = SPRING "9" };
	static const struct crm_tag_write eight = { .contact_id = "214",
		.prefix = SPRING, .value = SPRING "8" };
	static const char *const odd[] = { "{}", "[7]",
		"[{\"Id\":1,\"Name\":\"a\"}]",
		"[{\"Id\":1,\"Name\":\"a\",\"Selected\":\"true\"}]",
		"[{\"Id\":1,\"Name\":null,\"Selected\":true}]",
		"[{\"Id\":\"1\",\"Name\":\"a\",\"Selected\":true}]" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		assert_string_equal(plan(LIST, odd[i], &nine), "protocol");
	assert_string_equal(plan(LIST, "[]", &eight), "auth");
}

static void
test_selected_bound(void **state)
{
	static const struct crm_tag_write nine = { .contact_id = "214",
		.prefix = SPRING, .value = SPRING "9" };
	struct buf card;

	(void)state;
	buf_init(&card, (size_t)1 << 20);
	for (size_t i = 0; i <= SO_SELECTED_MAX; i++)
		(void)buf_printf(&card, "%s{\"Id\":%zu,\"Name\":\"x\","
		    "\"Selected\":true}", i == 0 ? "[" : ",", i + 100);
	(void)buf_char(&card, ']');
	assert_string_equal(plan(LIST, buf_text(&card), &nine), "rejected");
	buf_free(&card);
}

/* ---- patches --------------------------------------------------------------- */
static void
test_patch(void **state)
{
	struct so_patch p;
	json_t *old = json_string("VIP;" SPRING "7");

	(void)state;
	so_patch_begin(&p, arena, "CustomFields/<key>");
	so_patch_test(&p, "SuperOffice:1", old);
	so_patch_set(&p, "SuperOffice:1", "VIP;" SPRING "9");
	assert_string_equal(so_patch_end(&p), "[{\"op\":\"test\",\"path\":"
	    "\"CustomFields/SuperOffice:1\",\"value\":\"VIP;NPSToday.Spring.7\"},"
	    "{\"op\":\"replace\",\"path\":\"CustomFields/SuperOffice:1\","
	    "\"value\":\"VIP;NPSToday.Spring.9\"}]");

	/* No key points elsewhere. */
	so_patch_begin(&p, arena, "/ExtraFields/<key>");
	so_patch_test(&p, "a/../~Email", NULL);
	so_patch_set(&p, "a/../~Email", "\"\n");
	assert_string_equal(so_patch_end(&p), "[{\"op\":\"test\",\"path\":"
	    "\"/ExtraFields/a~1..~1~0Email\",\"value\":null},{\"op\":"
	    "\"replace\",\"path\":\"/ExtraFields/a~1..~1~0Email\",\"value\":"
	    "\"\\\"\\n\"}]");

	/* As the vendor's page shows it. */
	so_patch_begin(&p, arena, "CustomFields");
	so_patch_test(&p, "SuperOffice:1", old);
	so_patch_set(&p, "SuperOffice:1", "a");
	so_patch_set(&p, "x_b", "[I:9]");
	assert_string_equal(so_patch_end(&p), "[{\"op\":\"test\",\"path\":"
	    "\"CustomFields/SuperOffice:1\",\"value\":\"VIP;NPSToday.Spring.7\"},"
	    "{\"op\":\"replace\",\"path\":\"CustomFields\",\"value\":{"
	    "\"SuperOffice:1\":\"a\",\"x_b\":\"[I:9]\"}}]");
	json_decref(old);
}

/* ---- fields ---------------------------------------------------------------- */
static void
test_definitions(void **state)
{
	static const char layout[] = "[{\"ProgId\":\"\",\"UdefIdentity\":1,"
	    "\"FieldType\":\"Number\",\"TextLength\":0},{\"ProgId\":"
	    "\"SuperOffice:1\",\"UdefIdentity\":4,\"FieldType\":\"ShortText\","
	    "\"TextLength\":39,\"IsReadOnly\":true},{\"ProgId\":\"Acme.Nps.Day\","
	    "\"UdefIdentity\":7,\"FieldType\":\"UnlimitedDate\"},{\"ProgId\":null,"
	    "\"UdefIdentity\":9,\"FieldType\":null,\"TextLength\":-4},7]";
	static const char info[] = "{\"FieldName\":\"x_score\",\"FieldType\":"
	    "\"Integer\",\"IsReadOnly\":false}";
	struct json_doc *doc = parse(layout);
	const struct so_field *at;
	struct so_field f;
	struct idmap map;

	(void)state;
	idmap_init(&map, arena);
	assert_true(so_fields_of_layout(json_root(doc), &map, &err));
	json_free(doc);
	/* By its programmatic id before another one's number. */
	at = idmap_get(&map, "SuperOffice:1");
	assert_int_equal(at->type, SO_FIELD_TEXT);
	assert_int_equal(at->chars, 39);
	assert_true(at->read_only);
	/* The service's key is the programmatic id. */
	at = idmap_get(&map, "SuperOffice:7");
	assert_string_equal(at->key, "Acme.Nps.Day");
	assert_int_equal(at->type, SO_FIELD_DATE);
	at = idmap_get(&map, "SuperOffice:9");
	assert_string_equal(at->key, "SuperOffice:9");
	assert_int_equal(at->type, SO_FIELD_OTHER);
	assert_int_equal(at->chars, 0);
	assert_false(idmap_has(&map, "x_score"));
	assert_false(idmap_has(&map, ""));
	assert_false(idmap_has(&map, "SuperOffice:0"));
	doc = parse("{}");
	assert_false(so_fields_of_layout(json_root(doc), &map, &err));
	assert_int_equal(err.kind, ERR_PROTOCOL);
	json_free(doc);

	doc = parse(info);
	assert_true(so_field_of_info(json_root(doc), arena, &f));
	assert_string_equal(f.key, "x_score");
	assert_int_equal(f.type, SO_FIELD_INTEGER);
	assert_false(f.read_only);
	json_free(doc);
	doc = parse("[]");
	assert_false(so_field_of_info(json_root(doc), arena, &f));
	json_free(doc);
}

/* expect NULL: refused. */
static void
test_values(void **state)
{
	static const struct {
		enum so_field_type type;
		enum so_dates dates;
		const char *text, *expect;
	} cases[] = {
		{ SO_FIELD_TEXT, 0, "8.3", "8.3" },
		{ SO_FIELD_TEXT, 0, "", "" },
		{ SO_FIELD_TEXT, 0, NULL, "" },
		{ SO_FIELD_TEXT, 0, "123456789", "1234567" MORE },
		/* A person's words are no number and no date. */
		{ SO_FIELD_TEXT, 0, "[I:42]", " [I:42]" },
		{ SO_FIELD_TEXT, 0, "[DT:1", " [DT:1" },
		{ SO_FIELD_TEXT, 0, "[NB: x]", " [NB: x]" },
		{ SO_FIELD_TEXT, 0, "[ABC:x]", "[ABC:x]" },
		{ SO_FIELD_TEXT, 0, "[:x]", "[:x]" },
		{ SO_FIELD_INTEGER, 0, "9", "[I:9]" },
		{ SO_FIELD_INTEGER, 0, "-1", "[I:-1]" },
		{ SO_FIELD_INTEGER, 0, "", "" },
		{ SO_FIELD_INTEGER, 0, "8.3", NULL },
		{ SO_FIELD_INTEGER, 0, "2147483648", NULL },
		{ SO_FIELD_INTEGER, 0, "9]", NULL },
		{ SO_FIELD_DECIMAL, 0, "8.3", "[F:8.3]" },
		{ SO_FIELD_DECIMAL, 0, "9-10 promoter", NULL },
		{ SO_FIELD_FLAG, 0, "2026-11-25", "[I:1]" },
		{ SO_FIELD_FLAG, 0, "", "[I:0]" },
		{ SO_FIELD_DATE, SO_DATES_REFUSE, "2026-11-25", NULL },
		{ SO_FIELD_DATE, SO_DATES_REFUSE, "", "" },
		{ SO_FIELD_DATE, SO_DATES_DAY_FIRST, "2026-11-25",
		    "[D:25.11.2026]" },
		{ SO_FIELD_DATE, SO_DATES_MONTH_FIRST, "2026-11-25",
		    "[D:11/25/2026]" },
		{ SO_FIELD_DATE, SO_DATES_ISO, "2026-11-25", "[D:2026-11-25]" },
		/* Its day is the tenant's. */
		{ SO_FIELD_DATE, SO_DATES_ISO, "2026-11-24T23:30:00Z",
		    "[D:2026-11-25]" },
		{ SO_FIELD_DATE, SO_DATES_ISO, "soon", NULL },
		{ SO_FIELD_TIME, SO_DATES_MONTH_FIRST, "2026-11-25T02:03:04Z",
		    "[DT:11/25/2026 03:03:04]" },
		{ SO_FIELD_OTHER, 0, "x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct so_field f = { .key = "SuperOffice:3", .word = "W",
			.type = cases[i].type, .chars = 8 };
		const char *value = NULL;
		const bool ok = so_field_value(arena, &f, cases[i].dates,
		    "Europe/Copenhagen", cases[i].text, &value, &err);
		if (ok != (cases[i].expect != NULL) ||
		    (ok && strcmp(value, cases[i].expect) != 0))
			fail_msg("%zu: %s", i, ok ? value : err.msg);
		if (ok)
			continue;
		assert_int_equal(err.kind, ERR_REJECTED);
		assert_non_null(strstr(err.msg, "SuperOffice:3"));
		/* No value of a person in it. */
		assert_null(cases[i].text[0] == 's' ? strstr(err.msg, "soon")
		    : NULL);
	}
}

/* ---- too little memory --------------------------------------------------- */
/* An arena that has so many bytes left. */
static struct arena *
nearly_full(size_t left)
{
	struct arena *a = arena_new(16384);

	assert_non_null(a);
	assert_non_null(arena_alloc(a, 16384 - left));
	return a;
}

/* However much there is, it is all there, or no memory: half a map, in which a
 * field or an interest is missing, would be taken for a tenant without it. */
static void
test_no_memory(void **state)
{
	struct json_doc *layout = parse("[{\"ProgId\":\"Acme.Nps\","
	    "\"UdefIdentity\":4,\"FieldType\":\"ShortText\"}]");
	struct json_doc *items = parse("[" ITEM(31, SPRING "7") "]");
	struct so_interests list;
	struct idmap map;
	bool fields = false, interests = false;
	int refused = 0;

	(void)state;
	for (size_t left = 0; !fields || !interests; left += 16) {
		struct arena *small = nearly_full(left);
		idmap_init(&map, small);
		err = (struct err){ .kind = ERR_NONE };
		fields = so_fields_of_layout(json_root(layout), &map, &err);
		assert_int_equal(err.kind, fields ? ERR_NONE : ERR_NOMEM);
		assert_true(!fields || (idmap_has(&map, "Acme.Nps") &&
		    idmap_has(&map, "SuperOffice:4")));
		arena_free(small);
		small = nearly_full(left);
		so_interests_begin(&list, small);
		err = (struct err){ .kind = ERR_NONE };
		interests = so_interests_read(&list, json_root(items), &err);
		assert_int_equal(err.kind, interests ? ERR_NONE : ERR_NOMEM);
		assert_true(!interests ||
		    so_interests_id(&list, SPRING "7") == 31);
		arena_free(small);
		refused += !fields + !interests;
		assert_true(left < 16384);
	}
	assert_true(refused > 100);
	json_free(layout);
	json_free(items);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_list, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_list_odd, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_list_bound, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_so14_plan, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_doubles, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_plan_odd, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_selected_bound, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_patch, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_definitions, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_values, setup,
		    teardown),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
