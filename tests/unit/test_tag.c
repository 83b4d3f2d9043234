/* tag.c: the grammar of answer tags (vectors G1-G14, as far as pure). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tag.h"

#define PREFIX "NPSToday"
#define MOEDE_NFD "M\x6f\xcc\x88" "de"	/* o + U+0308 */
#define MOEDE_NFC "M\xc3\xb6" "de"
#define MOEDE_NFC_SMALL "m\xc3\xb6" "de"

static struct arena *arena;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_new((size_t)64 << 20);
	return arena == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void
test_normalise(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "Møde", "Møde" },
		{ "  Møde\t\n", "Møde" },
		{ "v2.0 DK", "v2.0 DK" },
		{ "", "" },
		{ "   ", "" },
		{ "\xc2\xa0" "A\xe3\x80\x80", "A" },	/* other blanks */
		{ MOEDE_NFD, MOEDE_NFC },
		{ "\xc3\xb8", "\xc3\xb8" },	/* o with stroke stays one */
		{ "Sa\xe2\x80\x8blg", "Salg" },	/* zero width space */
		{ "\xef\xbb\xbfSalg", "Salg" },	/* byte order mark */
		{ "\xe2\x80\xaeSalg\xe2\x80\xac", "Salg" },	/* bidi */
		{ " \xe2\x80\x8b Salg", "Salg" },
		/* stripped first, composed then */
		{ "o\xe2\x80\x8d\xcc\x88", "\xc3\xb6" },
		{ "a\nb", "a\nb" },
		{ "\xff", NULL },
		{ "\xc3", NULL },
		{ "\xed\xa0\x80", NULL },	/* half a surrogate pair */
		{ NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = tag_normalise(arena, cases[i].text);
		if (got == NULL || cases[i].expected == NULL) {
			if (got != cases[i].expected)
				fail_msg("case %zu", i);
			continue;
		}
		assert_string_equal(got, cases[i].expected);
	}
}

static void
test_normalise_is_idempotent(void **state)
{
	static const char *const texts[] = { "Møde", MOEDE_NFD,
		" A\xcc\x8a\xcc\x81 ", "\xef\xac\x81",
		"\xe1\x84\x80\xe1\x85\xa1",
		"\xf0\x9f\x98\x80", "\xd7\x90\xd6\xb7" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *once = tag_normalise(arena, texts[i]);
		assert_non_null(once);
		assert_string_equal(tag_normalise(arena, once), once);
	}
}

/* G13 */
static void
test_campaign_check(void **state)
{
	static const char *const good[] = { "Møde", "Salg", "v2.0 DK",
		"NoSend 2", "Send", "a/b", "\"quoted\"", MOEDE_NFD, "9", "10",
		".", "\xf0\x9f\x98\x80", "\xd7\xa9\xd7\x9c", "Asking", "Skip 2",
		"Skip.it" };
	static const char *const bad[] = { NULL, "", " ", "\t", "NoSend",
		"nosend", "NOSEND", " NoSend ", "\xc2\xa0NoSend",
		"a\nb", "a\x1b[31m", "\x7f", "\xc2\x85", "a\xe2\x80\xa8" "b",
		"a\xe2\x80\x8b", "a\xe2\x80\xae" "b", "\xef\xbb\xbf" "a",
		"No\xe2\x80\x8bSend", "\xff", "a\xc3", "Skip", "SKIP ", "Ask",
		"ask.me", "Ask." };
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!tag_campaign_check(good[i], &err))
			fail_msg("%s: %s", good[i], err.msg);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		err = (struct err){ .kind = ERR_NONE };
		if (tag_campaign_check(bad[i], &err))
			fail_msg("case %zu is accepted", i);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_true(err.msg[0] != '\0');
	}
}

static void
test_campaign_fold(void **state)
{
	(void)state;
	assert_string_equal(tag_campaign_fold(arena, "MØDE "),
	    tag_campaign_fold(arena, "møde"));
	assert_string_equal(tag_campaign_fold(arena, MOEDE_NFD),
	    tag_campaign_fold(arena, "M\xc3\x96" "DE"));
	assert_string_not_equal(tag_campaign_fold(arena, "Salg"),
	    tag_campaign_fold(arena, "Salg2"));
	assert_string_equal(tag_campaign_fold(arena, " "), "");
	assert_null(tag_campaign_fold(arena, "\xff"));
}

static void
test_command(void **state)
{
	static const struct {
		const char *tag;
		enum tag_word command;
		const char *campaign;
	} cases[] = {
		{ "NPSToday.Skip", TAG_SKIP, NULL },
		{ " npstoday.SKIP\t", TAG_SKIP, NULL },
		{ "NPSToday.Ask.Møde", TAG_ASK, "møde" },
		{ "NPSToday.ask. MØDE ", TAG_ASK, "møde" },
		{ "NPSToday.Ask.v2.0 DK", TAG_ASK, "v2.0 dk" },
		{ "NPSToday.Ask.9", TAG_ASK, "9" },
		{ "NPSToday.Ask." MOEDE_NFD, TAG_ASK, MOEDE_NFC_SMALL },
		{ "NPSToday.Skip.9", TAG_NO_COMMAND, NULL },
		{ "NPSToday.Skip.", TAG_NO_COMMAND, NULL },
		{ "NPSToday.Skipper", TAG_NO_COMMAND, NULL },
		{ "NPSToday.Ask", TAG_NO_COMMAND, NULL },
		{ "NPSToday.Ask.", TAG_NO_COMMAND, NULL },
		{ "NPSToday.Ask.  ", TAG_NO_COMMAND, NULL },
		{ "NPSToday.NoSend", TAG_NO_COMMAND, NULL },
		{ "NPSToday.Møde.9", TAG_NO_COMMAND, NULL },
		{ "NPSToday", TAG_NO_COMMAND, NULL },
		{ "Skip", TAG_NO_COMMAND, NULL },
		{ "Other.Skip", TAG_NO_COMMAND, NULL },
		{ "\xff", TAG_NO_COMMAND, NULL },
	};
	const char *campaign;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (tag_command_read(arena, cases[i].tag, PREFIX, &campaign) !=
		    cases[i].command)
			fail_msg("%s", cases[i].tag);
		if (cases[i].campaign == NULL)
			assert_null(campaign);
		else
			assert_string_equal(campaign, cases[i].campaign);
	}
	assert_string_equal(tag_skip_build(arena, PREFIX), "NPSToday.Skip");
	assert_string_equal(tag_ask_build(arena, PREFIX, " Møde"),
	    "NPSToday.Ask.Møde");
}

static void
test_build(void **state)
{
	(void)state;
	assert_string_equal(tag_build(arena, PREFIX, "Møde", 9),
	    "NPSToday.Møde.9");	/* G1 */
	assert_string_equal(tag_build(arena, PREFIX, "v2.0 DK", 7),
	    "NPSToday.v2.0 DK.7");	/* G5 */
	assert_string_equal(tag_build(arena, PREFIX, "Besøg", 8),
	    "NPSToday.Besøg.8");	/* G6 */
	assert_string_equal(tag_build(arena, PREFIX, " Salg ", 10),
	    "NPSToday.Salg.10");
	assert_string_equal(tag_build(arena, PREFIX, "Salg", 0),
	    "NPSToday.Salg.0");
	assert_string_equal(tag_build(arena, PREFIX, MOEDE_NFD, 9),
	    tag_build(arena, PREFIX, MOEDE_NFC, 9));	/* G8 */
	assert_null(tag_build(arena, PREFIX, "Salg", 11));
	assert_null(tag_build(arena, PREFIX, "Salg", -1));
	assert_null(tag_build(arena, PREFIX, "\xff", 1));
	assert_string_equal(tag_campaign_prefix(arena, PREFIX, "Møde"),
	    "NPSToday.Møde.");
}

static void
test_score(void **state)
{
	static const struct {
		const char *tag, *campaign;
		int score;
	} cases[] = {
		{ "NPSToday.Møde.9", "Møde", 9 },	/* G2 */
		{ "NPSToday.Møde.10", "Møde", 10 },
		{ "NPSToday.Møde.0", "Møde", 0 },
		{ " NPSToday.Møde.9 ", "Møde", 9 },
		{ "NPSToday.Møde.9", " Møde", 9 },
		{ "NPSToday.Salg.7", "Møde", TAG_NO_SCORE },	/* G3 */
		{ "NPSToday.NoSend", "Møde", TAG_NO_SCORE },	/* G4 */
		{ "NPSToday.NoSend", "NoSend", TAG_NO_SCORE },
		{ "NPSToday.v2.0 DK.7", "v2.0 DK", 7 },	/* G5 */
		{ "NPSToday.v2.0 DK.7", "v2", TAG_NO_SCORE },
		{ "NPSToday.v2.0", "v2", 0 },
		{ "NPSToday." MOEDE_NFD ".9", MOEDE_NFC, 9 },	/* G8 */
		{ "NPSToday." MOEDE_NFC ".9", MOEDE_NFD, 9 },
		{ "NPSToday.X.11", "X", TAG_NO_SCORE },	/* G9 */
		{ "NPSToday.X.", "X", TAG_NO_SCORE },
		{ "NPSToday.X.07", "X", TAG_NO_SCORE },
		{ "NPSToday.X.7.", "X", TAG_NO_SCORE },
		{ "NPSToday.X.-1", "X", TAG_NO_SCORE },
		{ "NPSToday.X.+7", "X", TAG_NO_SCORE },
		{ "NPSToday.X.7a", "X", TAG_NO_SCORE },
		{ "NPSToday.X. 7", "X", TAG_NO_SCORE },
		{ "NPSToday.X.100", "X", TAG_NO_SCORE },
		{ "NPSToday.X", "X", TAG_NO_SCORE },
		{ "NPSToday.Foo", "X", TAG_NO_SCORE },
		{ "NPSToday.Møde.2.9", "Møde", TAG_NO_SCORE },	/* G10 */
		{ "NPSToday.Møde.2.9", "Møde.2", 9 },
		{ "npstoday.Møde.9", "Møde", TAG_NO_SCORE },
		{ "NPSToday.møde.9", "Møde", TAG_NO_SCORE },
		{ "NPSToday2.Møde.9", "Møde", TAG_NO_SCORE },
		{ "Kunde", "Møde", TAG_NO_SCORE },
		{ "", "Møde", TAG_NO_SCORE },
		{ "\xff", "Møde", TAG_NO_SCORE },
		{ NULL, "Møde", TAG_NO_SCORE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const int score = tag_score(arena, cases[i].tag, PREFIX,
		    cases[i].campaign);
		if (score != cases[i].score)
			fail_msg("case %zu: %d", i, score);
	}
}

/* A small generator of our own: the same numbers in every run. */
static uint32_t
next_random(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static const char *const parts[] = { ".", "..", "/", "'", "\"", "\\", "a",
	"Møde", "9", "10", " ", "\xf0\x9f\x98\x80", "\xd7\xa9\xd7\x9c",
	MOEDE_NFD, "NoSend", "%n", "\xe4\xb8\xad", ";", "," };

static const char *
random_name(uint32_t *seed)
{
	AUTO(buf) struct buf name = { .max = 1000 };

	for (uint32_t n = 1 + next_random(seed, 8); n > 0; n--)
		(void)buf_str(&name,
		    parts[next_random(seed, ARRAY_LEN(parts))]);
	return arena_strdup(arena, buf_text(&name));
}

/* 2,000 names: what is accepted comes back as it was. */
static void
test_names_round_trip(void **state)
{
	uint32_t seed = 4711;
	int accepted = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct err err;
		arena_reset(arena);
		const char *name = random_name(&seed);
		if (!tag_campaign_check(name, &err))
			continue;
		const int score = (int)next_random(&seed, 11);
		const char *tag = tag_build(arena, PREFIX, name, score);
		assert_non_null(tag);
		assert_int_equal(tag_score(arena, tag, PREFIX, name), score);
		accepted++;
	}
	assert_true(accepted > 1800);
}

static void
test_long_name(void **state)
{
	char name[10 * 1024 + 1];
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(name) - 1; i++)
		name[i] = i % 2 == 0 ? '\xc3' : '\xb8';
	name[sizeof(name) - 1] = '\0';
	assert_true(tag_campaign_check(name, &err));
	const char *tag = tag_build(arena, PREFIX, name, 3);
	assert_non_null(tag);
	assert_int_equal(tag_score(arena, tag, PREFIX, name), 3);
}

/* 100,000 pairs of campaigns: a tag is the own one of exactly one name. */
static void
test_only_own_tags(void **state)
{
	static const char *const names[] = { "Møde", "Møde.2", "Møde.2.9",
		"M", "v2", "v2.0 DK", "9", "10", "X", "X." };
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		arena_reset(arena);
		const uint32_t a = next_random(&seed, ARRAY_LEN(names));
		const uint32_t b = next_random(&seed, ARRAY_LEN(names));
		const int score = (int)next_random(&seed, 11);
		const char *tag = tag_build(arena, PREFIX, names[a], score);
		const int read = tag_score(arena, tag, PREFIX, names[b]);
		if (read != (a == b ? score : TAG_NO_SCORE))
			fail_msg("%s read as %s", tag, names[b]);
	}
}

static void
test_out_of_memory(void **state)
{
	AUTO(arena) struct arena *tiny = arena_new(8);

	(void)state;
	assert_null(tag_normalise(tiny, "Møde for everybody"));
	assert_true(arena_failed(tiny));
	assert_null(tag_build(tiny, PREFIX, "Møde", 9));
	assert_null(tag_campaign_fold(tiny, "Møde"));
	assert_int_equal(tag_score(tiny, "NPSToday.Møde.9", PREFIX, "Møde"),
	    TAG_NO_SCORE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normalise),
		cmocka_unit_test(test_normalise_is_idempotent),
		cmocka_unit_test(test_campaign_check),
		cmocka_unit_test(test_campaign_fold),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_score),
		cmocka_unit_test(test_names_round_trip),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_only_own_tags),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
