/* Tags: three texts, prefix, campaign and tag, with NUL between them. */
#include "fuzz.h"
#include "tag.h"

static void
check_normal(struct arena *arena, const char *text)
{
	const char *once = tag_normalise(arena, text);

	if (once == NULL) {
		CHECK(!text_valid(text));
		return;
	}
	CHECK(text_valid(text) && text_valid(once));
	CHECK(strlen(once) <= 3 * strlen(text));
	CHECK(fuzz_same(tag_normalise(arena, once), once));
	const char *folded = tag_campaign_fold(arena, text);
	CHECK(folded != NULL && text_valid(folded));
	CHECK(fuzz_same(tag_campaign_fold(arena, once), folded));
	CHECK(fuzz_same(tag_campaign_fold(arena, folded), folded));
}

/* What we build, we read; at no other campaign's name. */
static void
check_built(struct arena *arena, const char *prefix, const char *campaign,
    const char *other)
{
	for (int score = -1; score <= 11; score++) {
		const char *tag = tag_build(arena, prefix, campaign, score);
		if (score < 0 || score > 10) {
			CHECK(tag == NULL);
			continue;
		}
		CHECK(tag != NULL && text_valid(tag));
		CHECK(fuzz_same(tag_normalise(arena, tag), tag));
		CHECK(tag_score(arena, tag, prefix, campaign) == score);
		CHECK(tag_score(arena, tag, prefix, other) == TAG_NO_SCORE ||
		    fuzz_same(tag_normalise(arena, other),
			tag_normalise(arena, campaign)));
	}
}

static void
check_read(struct arena *arena, const char *prefix, const char *campaign,
    const char *tag)
{
	const int score = tag_score(arena, tag, prefix, campaign);

	CHECK(score >= TAG_NO_SCORE && score <= 10);
	if (score == TAG_NO_SCORE)
		return;
	CHECK(fuzz_same(tag_build(arena, prefix, campaign, score),
	    tag_normalise(arena, tag)));
	const char *begin = tag_campaign_prefix(arena, prefix, campaign);
	CHECK(strncmp(tag_normalise(arena, tag), begin, strlen(begin)) == 0);
}

/* The other texts of this folder: what is shown, and where it is cut. */
static void
check_shown(const char *text)
{
	char piece[TEXT_PIECE];
	size_t took, sum = 0;

	for (const char *p = text; (took = text_piece(p, piece)) > 0; p += took) {
		CHECK(fuzz_is_line(piece) && piece[0] != '\0');
		sum += took;
	}
	CHECK(sum == strlen(text));
	for (size_t max = 0; max <= sum; max++) {
		const size_t cut = text_cut(text, max);
		CHECK(cut <= max && max - cut <= 3);
		if (!text_valid(text))
			continue;
		char *head = strndup(text, cut);
		CHECK(text_valid(head));
		free(head);
		if (max >= 64)
			break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct arena *arena = arena_new((size_t)1 << 24);
	struct err err = { .kind = ERR_NONE };
	char *text[3];

	CHECK(arena != NULL);
	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		text[i] = fuzz_text(&in);
		check_normal(arena, text[i]);
		check_shown(text[i]);
	}
	check_read(arena, text[0], text[1], text[2]);
	if (tag_campaign_check(text[1], &err)) {
		CHECK(text_valid(text[1]));
		if (text_valid(text[0]))
			check_built(arena, text[0], text[1], text[2]);
	} else {
		CHECK(err.kind == ERR_CONFIG && fuzz_is_line(err.msg));
	}
	CHECK(!arena_failed(arena));
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		free(text[i]);
	arena_free(arena);
	return 0;
}
